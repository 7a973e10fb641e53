"""Stopping a job and keeping what it has found: by its time limit, and by whoever watches."""

import os
import time

import pytest

from eqpp_dash.database import Database
from eqpp_dash.errors import StopAndKeep
from eqpp_dash.jobs import run as run_module
from eqpp_dash.jobs.queue import Queue
from eqpp_dash.jobs.records import Outcome, Request
from eqpp_dash.jobs.run import run_next

ME = os.getpid()


@pytest.fixture
def queue(tmp_path, monkeypatch):
    monkeypatch.setattr(run_module, "limit_processor_time", lambda seconds: None)
    database = Database(tmp_path / "archive.db")
    database.prepare()
    return Queue(database)


def submit(queue, task="m:f", **options):
    return queue.submit(Request("k", f"{__name__}:{task}", **options))[0]


def works(set_progress, row_id):
    """Work until it is stopped, and keep how far it was."""
    steps = 0
    try:
        while True:
            set_progress(("work", 0.0, f"step {steps}"))
            steps += 1
            time.sleep(0.002)
    except StopAndKeep as stop:
        return Outcome(steps, None, f"{stop.reason} while it worked")


def keeps_nothing(set_progress, row_id):
    """Work until it is stopped, and know nothing of that."""
    while True:
        set_progress(("work", 0.0, ""))
        time.sleep(0.002)


STOPPER = {}


def is_stopped(set_progress, row_id):
    """Be stopped by somebody else, then work."""
    STOPPER["queue"].stop(row_id)
    return works(set_progress, row_id)


def is_stopped_for_nothing(set_progress, row_id):
    """Be stopped by somebody else, and have nothing to keep."""
    STOPPER["queue"].stop(row_id)
    return keeps_nothing(set_progress, row_id)


def ignores(set_progress, row_id):
    """Be stopped, but end in the meantime."""
    STOPPER["queue"].stop(row_id)
    return "all of it"


def run(queue, task, **options):
    STOPPER["queue"] = queue
    job = submit(queue, task, **options)
    assert run_next(queue, 1) == 0
    return queue.get(job.id)


def test_at_its_limit_a_job_keeps_what_it_has_and_says_so(queue):
    job = run(queue, "works", time_limit_s=0.05)
    assert job.status == "finished"
    assert job.result > 0
    assert job.stopped == "stopped at its time limit of 0.05 s while it worked"
    assert [row.id for row in queue.newest(9, status="partial")] == [job.id]
    assert queue.newest(9, status="finished") == []
    assert job.error == ""


def test_at_its_limit_a_job_that_keeps_nothing_fails_with_the_reason(queue):
    job = run(queue, "keeps_nothing", time_limit_s=0.05)
    assert (job.status, job.result) == ("failed", None)
    assert job.error == "stopped at its time limit of 0.05 s: nothing could be kept"


def test_a_user_stops_a_job_and_what_it_has_is_kept(queue):
    job = run(queue, "is_stopped")
    assert (job.status, job.stopped) == ("finished", "stopped by a user while it worked")


def test_a_job_that_is_stopped_with_nothing_to_keep_is_cancelled_with_the_reason(queue):
    job = run(queue, "is_stopped_for_nothing")
    assert job.status == "cancelled"
    assert job.error == "stopped by a user: nothing could be kept"


def test_a_stop_that_comes_too_late_takes_nothing_away(queue):
    job = run(queue, "ignores")
    assert (job.status, job.result, job.stopped) == ("finished", "all of it", "")
    assert queue.stop(job.id) == job  # nor afterwards


def test_the_kernel_leaves_a_job_its_time_to_keep_what_it_has(queue, monkeypatch):
    granted = []
    monkeypatch.setattr(run_module, "limit_processor_time", granted.append)
    submit(queue, "works", time_limit_s=0.05)
    assert run_next(queue, 1, stop_grace_s=600.0) == 0
    assert granted == [600.05]


def test_a_job_that_waits_has_found_nothing(queue):
    job = submit(queue)
    read = queue.stop(job.id)
    assert read.status == "cancelled"
    assert read.error == "stopped by a user while it waited: nothing had been found"
    assert queue.claim(1, ME) is None


def test_two_watchers_that_stop_are_one_and_a_cancellation_goes_before(queue):
    submit(queue)
    job = queue.claim(1, ME)
    first = queue.stop(job.id).stop_asked
    assert first is not None
    assert queue.stop(job.id).stop_asked == first
    assert queue.report(job, "p", 0.5, "") == "stop"
    queue.cancel(job.id)
    assert queue.report(job, "p", 0.6, "") == "cancel"


def test_who_cancels_first_leaves_nothing_to_stop(queue):
    submit(queue)
    job = queue.claim(1, ME)
    queue.cancel(job.id)
    assert queue.stop(job.id).stop_asked is None
    assert queue.report(job, "p", 0.5, "") == "cancel"


def test_a_worker_that_dies_while_it_is_stopped_is_not_tried_again(queue):
    submit(queue, max_attempts=3)
    job = queue.claim(1, ME)
    queue.stop(job.id)
    assert queue.lose(job, "worker 4711 was killed") == "cancelled"
    words = "stopped by a user; nothing could be kept: worker 4711 was killed"
    assert queue.get(job.id).error == words


def test_a_partial_row_does_not_bar_its_question_and_a_whole_one_does(queue):
    part = run(queue, "is_stopped")
    again, new = queue.submit(Request("k", f"{__name__}:ignores"))
    assert new
    assert queue.newest_of_key("k").id == part.id
    assert run_next(queue, 1) == 0
    assert queue.newest_of_key("k").id == again.id
    assert queue.submit(Request("k", f"{__name__}:ignores"))[1] is False
