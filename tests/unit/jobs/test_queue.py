import os
import threading

import pytest

from eqpp_dash.database import Database
from eqpp_dash.errors import NotFoundError
from eqpp_dash.jobs import queue as queue_module
from eqpp_dash.jobs.processes import Package, this_package
from eqpp_dash.jobs.queue import Queue, new_id
from eqpp_dash.jobs.records import Outcome, Request

ME = os.getpid()


class Clock:
    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def queue(tmp_path, clock):
    database = Database(tmp_path / "archive.db")
    database.prepare()
    return Queue(database, clock)


def submit(queue, key="k", **changes):
    return queue.submit(Request(key, "module:function", {"a": 1}, "test", **changes))[0]


def test_a_submitted_row_is_committed_and_says_who_asked(queue, clock):
    job, new = queue.submit(Request("k", "module:function", {"x": [1, "é"]}, "serve", 2, 7.5))
    assert new
    read = queue.get(job.id)
    assert read == job
    assert (read.status, read.attempts, read.params) == ("queued", 0, {"x": [1, "é"]})
    assert (read.launcher, read.max_attempts, read.time_limit_s) == ("serve", 2, 7.5)
    assert read.package == this_package()
    assert (read.created, read.queued, read.queue_place) == (clock.now, clock.now, 0)


def test_ids_cannot_be_guessed():
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(name) == 24 and name.isalnum() for name in ids)


@pytest.mark.parametrize("stage", ["queued", "running", "finished"])
def test_the_same_question_is_one_row_while_it_lives(queue, stage):
    first = submit(queue)
    if stage != "queued":
        claimed = queue.claim(1, ME)
        if stage == "finished":
            queue.finish(claimed, Outcome(1))
    again, new = queue.submit(Request("k", "module:function"))
    assert not new
    assert (again.id, again.status) == (first.id, stage)


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_the_same_question_is_a_new_row_after_it_failed_or_was_cancelled(queue, end):
    first = submit(queue)
    if end == "failed":
        queue.fail(queue.claim(1, ME), "no luck")
    else:
        queue.cancel(first.id)
    second, new = queue.submit(Request("k", "module:function"))
    assert new
    assert second.id != first.id
    assert queue.newest_of_key("k").id == second.id


def test_what_is_written_with_a_submission_is_kept_with_it_or_not_at_all(queue):
    seen = []
    queue.submit(Request("k", "m:f"), lambda connection, row_id: seen.append(row_id))
    queue.submit(Request("k", "m:f"), lambda connection, row_id: seen.append("again"))
    assert seen == [queue.newest_of_key("k").id]

    def fail(connection, row_id):
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        queue.submit(Request("k2", "m:f"), fail)
    assert queue.newest_of_key("k2") is None


def test_rows_are_claimed_in_order_and_never_over_the_cap(queue, clock):
    jobs = [submit(queue, f"k{number}") for number in range(4)]
    assert [queue.get(job.id).queue_place for job in jobs] == [0, 1, 2, 3]
    first, second = queue.claim(2, ME), queue.claim(2, ME)
    assert [first.id, second.id] == [jobs[0].id, jobs[1].id]
    assert queue.claim(2, ME) is None
    assert [queue.get(job.id).queue_place for job in jobs] == [None, None, 0, 1]
    queue.finish(first, Outcome(None))
    assert queue.claim(2, ME).id == jobs[2].id


def test_threads_that_claim_at_once_never_claim_the_same_row(queue):
    for number in range(20):
        submit(queue, f"k{number}")
    claimed = []

    def work():
        while (job := queue.claim(100, ME)) is not None:
            claimed.append(job.id)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(set(claimed)) == 20


def test_rows_of_another_copy_of_the_code_are_not_claimed(queue, monkeypatch):
    monkeypatch.setattr(queue_module, "this_package", lambda: Package("/elsewhere.py", "9"))
    foreign = submit(queue, "foreign")
    monkeypatch.undo()
    mine = submit(queue, "mine")
    assert queue.claim(2, ME).id == mine.id
    assert queue.claim(2, ME) is None
    view = queue.overview(this_package())
    assert (view.waiting, view.oldest.id) == (0, foreign.id)
    assert queue.fail_queued(Package("/elsewhere.py", "9"), "nobody came") == 1
    assert queue.get(foreign.id).error == "nobody came"


def test_a_claim_names_the_process_and_progress_is_seen_by_all(queue, clock):
    submit(queue)
    job = queue.claim(1, ME)
    assert (job.status, job.attempts, job.pid, job.started) == ("running", 1, ME, clock.now)
    assert job.pid_started > 0
    clock.now += 5
    assert queue.report(job, "equilibria", 0.25, "subdividing") == "go on"
    read = queue.get(job.id)
    assert (read.phase, read.fraction, read.message) == ("equilibria", 0.25, "subdividing")
    assert read.heartbeat == clock.now


def test_a_result_and_its_status_are_one_transaction(queue):
    job = submit(queue)
    claimed = queue.claim(1, ME)

    def write(connection, row_id):
        connection.exec_driver_sql("INSERT INTO links VALUES ('x', 's', 1)")
        raise ValueError("the disk is gone")

    with pytest.raises(ValueError, match="disk"):
        queue.finish(claimed, Outcome({"row": 1}, write))
    assert queue.get(job.id).status == "running"
    with queue.database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM links").scalar_one() == 0
    assert queue.finish(claimed, Outcome({"row": 1}))
    read = queue.get(job.id)
    assert (read.status, read.result, read.fraction) == ("finished", {"row": 1}, 1.0)


def test_a_result_that_cannot_be_kept_changes_nothing(queue):
    submit(queue)
    claimed = queue.claim(1, ME)
    with pytest.raises(TypeError):
        queue.finish(claimed, Outcome(object()))
    assert queue.get(claimed.id).status == "running"


def test_a_worker_whose_claim_was_given_up_can_write_nothing(queue):
    submit(queue)
    lost = queue.claim(1, ME)
    assert queue.lose(lost, "worker 1 was killed") == "queued"
    now = queue.claim(1, ME)  # the same process even: the token tells them apart
    assert queue.report(lost, "p", 0.9, "") == "lost"
    assert not queue.finish(lost, Outcome("stale"))
    assert not queue.fail(lost, "stale")
    assert not queue.end_cancelled(lost)
    assert queue.lose(lost, "stale") is None
    read = queue.get(now.id)
    assert (read.status, read.fraction, read.attempts) == ("running", 0.0, 2)
    assert queue.finish(now, Outcome("fresh"))
    assert queue.get(now.id).result == "fresh"


def test_a_stale_result_writes_nothing_beside_the_row(queue):
    submit(queue)
    lost = queue.claim(1, ME)
    queue.lose(lost, "worker 1 was killed")
    called = []
    assert not queue.finish(lost, Outcome(1, lambda *_: called.append(1)))
    assert called == []


def test_a_lost_worker_is_tried_again_up_to_the_limit_then_the_reason_stays(queue):
    submit(queue, max_attempts=3)
    for attempt in (1, 2):
        job = queue.claim(1, ME)
        assert job.attempts == attempt
        assert queue.lose(job, "worker 4711 was killed") == "queued"
        assert "worker 4711 was killed" in queue.get(job.id).error
    job = queue.claim(1, ME)
    assert queue.lose(job, "worker 4711 was killed") == "failed"
    read = queue.get(job.id)
    assert read.error == "worker 4711 was killed (attempt 3 of 3)"
    assert read.ended is not None


def test_a_second_attempt_that_succeeds_leaves_no_error(queue):
    submit(queue)
    queue.lose(queue.claim(1, ME), "worker 4711 was killed")
    queue.finish(queue.claim(1, ME), Outcome(1))
    read = queue.newest_of_key("k")
    assert (read.status, read.error, read.attempts) == ("finished", "", 2)


def test_a_waiting_job_is_cancelled_at_once(queue):
    job = submit(queue)
    assert queue.cancel(job.id).status == "cancelled"
    assert queue.claim(1, ME) is None


def test_a_running_job_hears_of_its_cancellation(queue):
    submit(queue)
    job = queue.claim(1, ME)
    assert queue.cancel(job.id).status == "running"
    assert queue.report(job, "p", 0.5, "") == "cancel"
    assert queue.end_cancelled(job)
    assert queue.get(job.id).status == "cancelled"


def test_a_cancelled_job_whose_worker_is_lost_is_not_tried_again(queue):
    submit(queue)
    job = queue.claim(1, ME)
    queue.cancel(job.id)
    assert queue.lose(job, "worker 1 was killed") == "cancelled"


@pytest.mark.parametrize("end", ["finish", "fail"])
def test_a_cancellation_that_comes_too_late_changes_nothing(queue, end):
    submit(queue)
    job = queue.claim(1, ME)
    if end == "finish":
        queue.finish(job, Outcome(1))
    else:
        queue.fail(job, "no luck")
    before = queue.get(job.id)
    assert queue.cancel(job.id) == before


def test_there_is_nothing_to_cancel_or_read_without_a_row(queue):
    with pytest.raises(NotFoundError):
        queue.cancel("none")
    with pytest.raises(NotFoundError):
        queue.get("none")
    assert queue.find("none") is None


def test_heartbeats_go_on_without_reports(queue, clock):
    submit(queue)
    job = queue.claim(1, ME)
    clock.now += 60
    queue.beat()
    assert queue.get(job.id).heartbeat == clock.now


def test_only_what_has_ended_can_be_deleted(queue):
    job = submit(queue)
    assert not queue.delete(job.id)
    claimed = queue.claim(1, ME)
    assert not queue.delete(job.id)
    queue.finish(claimed, Outcome(1))
    assert queue.delete(job.id)
    assert queue.find(job.id) is None
    assert submit(queue).id != job.id


def test_rows_are_listed_newest_first_and_counted(queue):
    jobs = [submit(queue, f"k{number}") for number in range(5)]
    queue.cancel(jobs[3].id)
    assert [j.key for j in queue.newest(2, 1)] == ["k3", "k2"]
    assert [j.key for j in queue.newest(9, status="queued")] == ["k4", "k2", "k1", "k0"]
    assert queue.counts() == {"queued": 4, "cancelled": 1}


def test_a_key_gives_its_finished_row_even_if_a_later_one_failed(queue):
    submit(queue)
    queue.finish(queue.claim(1, ME), Outcome("good"))
    with queue.database.write() as connection:  # as a rerun by a later engine would leave it
        connection.exec_driver_sql(
            "INSERT INTO jobs SELECT NULL, 'later', key, task, params, 'failed', 1, 3, 60,"
            " package_file, package_version, launcher, NULL, NULL, NULL, NULL, NULL, NULL,"
            " '', 0, '', NULL, 'no luck', '', NULL, created, queued, started, ended, NULL, ''"
            " FROM jobs"
        )
    assert queue.newest_of_key("k").result == "good"
