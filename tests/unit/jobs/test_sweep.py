import os
import subprocess
import sys

import pytest

from eqpp_dash.database import Database
from eqpp_dash.jobs import processes
from eqpp_dash.jobs import queue as queue_module
from eqpp_dash.jobs.processes import describe_exit, is_alive, kill_group, start_time, this_machine
from eqpp_dash.jobs.queue import Queue
from eqpp_dash.jobs.records import Request
from eqpp_dash.jobs.sweep import sweep


@pytest.fixture
def queue(tmp_path):
    database = Database(tmp_path / "archive.db")
    database.prepare()
    made = Queue(database, lambda: made.now)
    made.now = 5000.0
    return made


@pytest.fixture
def child():
    process = subprocess.Popen(
        [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"],
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    process.stdout.readline()
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def running(queue):
    return queue.overview(processes.this_package()).running


def test_a_worker_that_runs_is_left_alone(queue):
    queue.submit(Request("k", "m:f"))
    queue.claim(1, os.getpid())
    queue.now += 10_000  # on this machine it is the process that counts, not its heartbeat
    assert sweep(queue, running(queue)) == {}


def test_a_worker_that_was_killed_is_given_up_also_as_a_zombie(queue, child):
    queue.submit(Request("k", "m:f"))
    job = queue.claim(1, child.pid)
    assert sweep(queue, running(queue)) == {}
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it ends, but stays a zombie
    assert sweep(queue, running(queue)) == {job.id: "queued"}
    assert f"worker {child.pid} was killed" in queue.get(job.id).error


def test_a_process_number_used_again_is_not_taken_for_the_worker(queue):
    queue.submit(Request("k", "m:f"))
    job = queue.claim(1, os.getpid())
    with queue.database.write() as connection:
        connection.exec_driver_sql("UPDATE jobs SET pid_started = pid_started - 1")
    assert sweep(queue, running(queue)) == {job.id: "queued"}


def test_the_executors_own_children_are_left_to_it(queue, child):
    queue.submit(Request("k", "m:f"))
    queue.claim(1, child.pid)
    child.kill()
    child.wait()
    assert sweep(queue, running(queue), children={child.pid}) == {}


def test_a_worker_elsewhere_is_given_up_when_nothing_was_heard_of_it(queue, monkeypatch):
    monkeypatch.setattr(queue_module, "this_machine", lambda: "elsewhere")
    queue.submit(Request("k", "m:f"))
    job = queue.claim(1, os.getpid())
    monkeypatch.undo()
    queue.now += 14
    assert sweep(queue, running(queue), stale_after_s=15) == {}
    queue.now += 2
    assert sweep(queue, running(queue), stale_after_s=15) == {job.id: "queued"}
    assert "was not heard of for 16 s" in queue.get(job.id).error


def test_a_process_has_one_start_and_none_after_its_end(child):
    started = start_time(child.pid)
    assert started is not None
    assert start_time(child.pid) == started
    assert is_alive(child.pid, started)
    assert not is_alive(child.pid, started + 1)
    assert not is_alive(None, None)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert start_time(child.pid) is None  # a zombie
    child.wait()
    assert start_time(child.pid) is None


def test_only_the_very_process_is_killed_with_its_group(child):
    started = start_time(child.pid)
    assert not kill_group(child.pid, started + 1)
    assert child.poll() is None
    assert kill_group(child.pid, started)
    assert child.wait(10) == -9
    assert not kill_group(child.pid, started)
    assert not kill_group(1, 0.0)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (9, "was killed (SIGKILL)"),
        (11, "was killed (SIGSEGV)"),
        (64, "was killed (SIGRTMAX)"),
        (0, "left with exit status 0 before it gave a result"),
        (7 << 8, "left with exit status 7 before it gave a result"),
    ],
)
def test_an_exit_is_described(status, words):
    assert describe_exit(4711, status) == f"worker 4711 {words}"


def test_a_machine_is_more_than_its_host_name():
    assert this_machine().count("/") >= 1
