import os
import signal
import time

import pytest

from eqpp_dash.database import Database
from eqpp_dash.jobs import executor as module
from eqpp_dash.jobs.executor import Executor, Limits, code_stamp
from eqpp_dash.jobs.lock import ExecutorLock
from eqpp_dash.jobs.processes import Package
from eqpp_dash.jobs.queue import Queue
from eqpp_dash.jobs.records import Request
from eqpp_dash.jobs.wake import Alarm


@pytest.fixture
def executor(tmp_path, monkeypatch):
    """An executor that kills nobody: the jobs it sees are claimed by this very process."""
    monkeypatch.setattr(module, "kill_group", lambda *who: True)
    before = signal.getsignal(signal.SIGCHLD)
    database = Database(tmp_path / "archive.db")
    database.prepare()
    queue = Queue(database, lambda: queue.now)
    queue.now = 5000.0
    lock = ExecutorLock(tmp_path / "lock")
    lock.take()
    made = Executor(queue, lock, Alarm(tmp_path / "wake"), Limits(idle_s=0.0))
    yield made
    made.alarm.close()
    lock.release()
    signal.signal(signal.SIGCHLD, before)


def claimed(queue, **options):
    queue.submit(Request("k", "m:f", **options))
    return queue.claim(9, os.getpid())


def tend(executor):
    view = executor.queue.overview(executor.package)
    return executor._tend(view, list(view.running))


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_a_clock_that_is_set_ends_no_job(executor, jump):
    job = claimed(executor.queue, time_limit_s=30)
    assert not tend(executor)
    executor.queue.now += jump
    assert not tend(executor)
    assert executor.queue.get(job.id).status == "running"


def test_a_time_limit_holds_whatever_the_clock_does(executor):
    executor.limits = Limits(stop_grace_s=0.05)
    job = claimed(executor.queue, time_limit_s=0.01)
    assert not tend(executor)
    executor.queue.now -= 3600.0
    time.sleep(0.02)
    assert not tend(executor)  # it is told at its limit, and has a moment to keep what it found
    time.sleep(0.05)
    assert tend(executor)
    read = executor.queue.get(job.id)
    assert read.status == "failed"
    assert read.error == "stopped at its time limit of 0.01 s: nothing could be kept"


def test_a_job_that_is_asked_to_stop_is_not_ended_by_force(executor):
    """It keeps what it found at its next report; who does not wait for that may cancel."""
    job = claimed(executor.queue, time_limit_s=30)
    executor.queue.stop(job.id)
    executor.queue.now += 3600.0
    assert not tend(executor)
    assert executor.queue.get(job.id).status == "running"


def test_a_cancellation_holds_although_the_clock_is_put_back(executor):
    job = claimed(executor.queue)
    executor.queue.cancel(job.id)
    assert not tend(executor)  # it has a moment to end by itself
    executor.queue.now -= 3600.0
    assert tend(executor)
    assert executor.queue.get(job.id).status == "cancelled"


def test_to_leave_for_want_of_work_is_no_start_that_failed(executor):
    before = signal.getsignal(signal.SIGTERM)
    try:
        assert executor.starts.plan(executor.package) == "launch"
        assert executor.run() == "idle"
        assert executor.starts.state().failures == 0
    finally:
        signal.signal(signal.SIGTERM, before)


def test_trouble_with_the_archive_is_borne_until_the_folder_is_gone(executor):
    before = signal.getsignal(signal.SIGTERM)
    try:
        executor.starts.note_ready(executor.package)
        executor.queue.database.path.unlink()
        executor.lock.path.unlink()
        assert executor._work() == "folder gone"
    finally:
        signal.signal(signal.SIGTERM, before)


def test_the_stamp_changes_with_the_code_and_is_none_while_it_is_replaced(tmp_path):
    package = Package(str(tmp_path / "p" / "__init__.py"), "1")
    (tmp_path / "p" / "inner").mkdir(parents=True)
    (tmp_path / "p" / "inner" / "a.py").write_text("1")
    first = code_stamp(package)
    assert code_stamp(package) == first
    (tmp_path / "p" / "inner" / "a.py").write_text("12")
    assert code_stamp(package) != first
    (tmp_path / "p").rename(tmp_path / "away")
    assert code_stamp(package) == 0
