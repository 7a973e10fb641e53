import os
import threading

import pytest
import structlog
from portraits import limit_cycle, pendulum_portrait

from eqpp_dash.compose import compose, open_database
from eqpp_dash.errors import EquationError, JobError, NotFoundError, SpecError
from eqpp_dash.jobs.launch import Launcher
from eqpp_dash.jobs.lock import ExecutorLock
from eqpp_dash.jobs.queue import Queue
from eqpp_dash.jobs.records import Outcome
from eqpp_dash.model.spec import PortraitSpec
from eqpp_dash.services import portraits as portraits_module
from eqpp_dash.settings import Settings

SPEC = PortraitSpec("x' = y\ny' = -k*x", title="Harmonic")


@pytest.fixture
def services(tmp_path, monkeypatch):
    spawned = []
    monkeypatch.setattr(Launcher, "_spawn", lambda self: spawned.append(1))
    monkeypatch.setattr(Launcher, "_follow", lambda self: None)
    structlog.reset_defaults()
    settings = Settings(data_dir=tmp_path)
    made = compose(settings)
    made.portraits.spawned = spawned
    made.portraits.queue = Queue(open_database(settings))
    yield made
    structlog.reset_defaults()


def test_a_question_is_checked_before_a_row_is_made(services):
    with pytest.raises(EquationError):
        services.portraits.submit(PortraitSpec("x' = sen(x)"), launcher="test")
    with pytest.raises(SpecError):
        services.portraits.submit(SPEC.replace(parameters={"q": 1}), launcher="test")
    assert services.archive.count() == 0
    assert services.portraits.spawned == []


def test_a_question_becomes_a_row_then_an_executor_is_started(services):
    job = services.portraits.submit(SPEC, launcher="serve")
    assert (job.status, job.queue_place, job.owner.launcher) == ("queued", 0, "serve")
    assert job.spec.parameters == {"k": 1.0}  # every parameter has a value now
    assert services.portraits.spawned == [1]
    assert services.archive.search("harmonic")[0].row_id == job.row_id


def test_the_same_question_under_another_title_is_the_same_row(services):
    first = services.portraits.submit(SPEC, launcher="a")
    again = services.portraits.submit(
        SPEC.replace(title="Another", parameters={"k": 1}), launcher="b"
    )
    assert again.row_id == first.row_id


def test_a_row_is_found_by_its_id_and_by_its_portraits(services):
    job = services.portraits.submit(SPEC, launcher="test")
    assert services.portraits.resolve(job.row_id) == job
    assert services.portraits.resolve(job.portrait_id) == job
    assert services.portraits.find("none") is None
    for wrong in ("none", "", "x" * 10_000):
        with pytest.raises(NotFoundError):
            services.portraits.resolve(wrong)


def test_what_is_not_computed_cannot_be_read_and_says_why(services):
    job = services.portraits.submit(SPEC, launcher="test")
    with pytest.raises(JobError, match="queued"):
        services.portraits.portrait(job.row_id)
    queue = services.portraits.queue
    queue.fail(queue.claim(1, os.getpid()), "the engine broke", "Traceback ...")
    with pytest.raises(JobError, match="the engine broke") as caught:
        services.portraits.facts(job.portrait_id)
    assert caught.value.traceback == "Traceback ..."


def test_another_try_of_a_failed_row_is_a_new_row(services):
    queue = services.portraits.queue
    first = services.portraits.submit(SPEC, launcher="test")
    queue.fail(queue.claim(1, os.getpid()), "no luck")
    second = services.portraits.rerun(first.row_id)
    assert second.row_id != first.row_id
    assert second.portrait_id == first.portrait_id
    assert services.portraits.finished(SPEC) is None


def test_waiting_reports_each_change_and_gives_up_in_time(services):
    job = services.portraits.submit(SPEC, launcher="test")
    with pytest.raises(JobError, match=r"queued after 0\.1 s"):
        services.portraits.wait(job.row_id, timeout=0.1)
    queue = services.portraits.queue
    claimed = queue.claim(1, os.getpid())
    seen = []

    def follow(view):
        seen.append((view.status, view.fraction))
        if len(seen) == 1:
            queue.report(claimed, "work", 0.5, "half")
        elif len(seen) == 2:
            queue.finish(claimed, Outcome({"partial": True}, None, "stopped by a user"))

    done = services.portraits.wait(job.row_id, follow, timeout=30)
    assert seen == [("running", 0.0), ("running", 0.5), ("finished", 1.0)]
    assert done.partial
    assert done.stopped == "stopped by a user"
    assert done.queue_s >= 0


def test_cancelling_a_row_that_waits_ends_it(services):
    job = services.portraits.submit(SPEC, launcher="test")
    assert services.portraits.cancel(job.row_id).status == "cancelled"
    assert services.portraits.counts() == {"cancelled": 1}
    assert [j.status for j in services.portraits.jobs()] == ["cancelled"]


def test_a_question_that_was_answered_in_part_is_computed_anew_and_whole_wins(services):
    portraits, queue = services.portraits, services.portraits.queue
    part = portraits.submit(SPEC, launcher="test")
    queue.finish(queue.claim(1, os.getpid()), Outcome(1, None, "stopped by a user"))
    assert portraits.finished(SPEC).row_id == part.row_id
    assert portraits.resolve(part.portrait_id).stopped == "stopped by a user"
    again = portraits.rerun(part.row_id)
    assert again.row_id != part.row_id
    assert again.status == "queued"
    assert portraits.submit(SPEC, launcher="test").row_id == again.row_id
    assert portraits.finished(SPEC).row_id == part.row_id  # as long as there is nothing better
    queue.finish(queue.claim(1, os.getpid()), Outcome(2))
    assert portraits.finished(SPEC).row_id == again.row_id
    assert portraits.resolve(part.portrait_id).row_id == again.row_id
    assert portraits.rerun(part.row_id).row_id == again.row_id
    assert portraits.stop(part.row_id).stopped == "stopped by a user"
    assert portraits.stop(again.row_id).stopped == ""


def test_a_question_asked_while_its_row_is_being_stopped_waits_for_that(services, monkeypatch):
    monkeypatch.setattr(portraits_module, "CANCEL_PATIENCE_S", 0.0)  # a stop may take longer
    portraits, queue = services.portraits, services.portraits.queue
    first = portraits.submit(SPEC, launcher="test")
    claimed = queue.claim(1, os.getpid())
    assert portraits.stop(first.row_id).stopping
    end = threading.Timer(0.2, queue.finish, (claimed, Outcome(1, None, "stopped by a user")))
    end.start()
    second = portraits.submit(SPEC, launcher="test")
    end.join()
    assert second.row_id != first.row_id
    assert second.status == "queued"
    assert not portraits.job(first.row_id).stopping


@pytest.mark.parametrize(("how", "name"), [("stop", "STOP"), ("cancel", "CANCEL")])
def test_who_asks_is_not_kept_waiting_for_a_row_that_does_not_end(services, monkeypatch, how, name):
    monkeypatch.setattr(portraits_module, f"{name}_PATIENCE_S", 0.05)
    portraits = services.portraits
    first = portraits.submit(SPEC, launcher="test")
    portraits.queue.claim(1, os.getpid())
    getattr(portraits, how)(first.row_id)
    assert portraits.submit(SPEC, launcher="test").row_id == first.row_id


def test_starting_up_ends_what_an_earlier_run_left(services):
    job = services.portraits.submit(SPEC, launcher="test")
    services.portraits.queue.claim(1, 2**22 + 1)  # a process that does not exist
    services.portraits.start()
    read = services.portraits.job(job.row_id)
    assert (read.status, read.attempts) == ("queued", 1)
    assert "was killed" in read.error


def test_previews_understand_check_and_draw(services):
    found = services.previews.understand("x' = mu*x - y; y' = x")
    assert (found.variables, found.parameters) == (("x", "y"), ("mu",))
    assert found.defaults["mu"] == 1
    assert "\\mu" in found.latex
    assert services.previews.constant("2*pi") == pytest.approx(6.283185307179586)
    portrait = services.previews.preview(SPEC, [(1.0, 0.0)])
    assert len(portrait.equilibria) == 1
    assert [item.origin for item in portrait.trajectories].count("given") == 1
    window = {"x": (-2.0, 2.0), "y": (-2.0, 2.0)}
    (orbit,), equilibria = services.previews.trajectories(SPEC, [(1.0, 0.0)], window)
    assert len(equilibria) == 1
    assert orbit.start.tolist() == [1.0, 0.0]


def test_cycles_are_known_of_a_portrait_of_the_same_system(services, monkeypatch):
    job = services.portraits.submit(SPEC, launcher="test")
    assert services.portraits.cycles(job.row_id, SPEC) == ()  # not computed
    assert services.portraits.cycles("gone", SPEC) == ()
    kept = pendulum_portrait(spec=job.spec, limit_cycles=(limit_cycle(),))
    monkeypatch.setattr(services.portraits, "portrait", lambda id: kept)
    moved = SPEC.replace(initial_conditions=((0.5, 0.5),), window={"x": (-1, 1), "y": (-1, 1)})
    assert services.portraits.cycles(job.row_id, moved) == kept.limit_cycles
    assert services.portraits.cycles(job.row_id, SPEC.replace(parameters={"k": 2})) == ()


def test_health_tells_a_process_from_one_that_can_work(services, tmp_path):
    assert services.health.alive()["pid"] == os.getpid()
    holder = ExecutorLock(tmp_path / "executor.lock")
    holder.take()
    ready = services.health.ready()
    assert ready["ready"]
    assert ready["database"]["ok"]
    assert ready["executor"]["ok"]
    holder.release()
    (tmp_path / "archive.db").unlink()
    broken = services.health.ready()
    assert not broken["ready"]
    assert "archive" in broken["database"]["error"]


def test_a_question_whose_row_is_just_being_cancelled_is_asked_anew(services, monkeypatch):
    queue = services.portraits.queue
    first = services.portraits.submit(SPEC, launcher="test")
    claimed = queue.claim(1, os.getpid())
    services.portraits.cancel(first.row_id)
    monkeypatch.setattr(
        Launcher, "_follow", lambda self: queue.end_cancelled(claimed)
    )  # as the executor does
    again = services.portraits.submit(SPEC, launcher="test")
    assert (again.status, again.row_id == first.row_id) == ("queued", False)
    assert services.portraits.job(first.row_id).status == "cancelled"


def test_a_committed_row_is_given_although_the_executor_cannot_be_reached(services, monkeypatch):
    def fail(self):
        raise OSError("too many open files")

    monkeypatch.setattr(ExecutorLock, "is_held", fail)
    assert services.portraits.submit(SPEC, launcher="test").status == "queued"


@pytest.mark.parametrize("part", ["title", "equations", "unit"])
def test_half_a_character_is_refused_in_words_and_found_nowhere(services, part):
    half = "\ud800"
    spec = {
        "title": SPEC.replace(title=half),
        "equations": PortraitSpec(f"{SPEC.equations} # {half}"),
        "unit": SPEC.replace(variables={"x": {"unit": half}}),
    }[part]
    with pytest.raises(SpecError, match="no character"):
        services.portraits.submit(spec, launcher="test")
    assert services.archive.search(half) == []
    assert services.archive.count(half) == 0


def test_who_looks_at_the_archive_sees_to_rows_that_nobody_runs(services):
    job = services.portraits.submit(SPEC, launcher="test")
    services.portraits.queue.claim(1, 2**22 + 1)  # no such process
    services.archive.search()
    assert services.portraits.job(job.row_id).status == "queued"
