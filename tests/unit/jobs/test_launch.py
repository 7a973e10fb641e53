import os
import sysconfig
import time

import pytest

from eqpp_dash.database import Database
from eqpp_dash.errors import ArchiveError
from eqpp_dash.jobs import launch as launch_module
from eqpp_dash.jobs import lock as lock_module
from eqpp_dash.jobs.launch import Launcher, python_path
from eqpp_dash.jobs.lock import ExecutorLock
from eqpp_dash.jobs.processes import Package, start_time, this_package
from eqpp_dash.jobs.queue import Queue
from eqpp_dash.jobs.records import Request
from eqpp_dash.jobs.starts import BOOT_S, FORGET_S, OFFER_S, TRIES, Starts
from eqpp_dash.jobs.wake import Alarm, wake

HERE, OTHER = (
    Package("/here/eqpp_dash/__init__.py", "1"),
    Package("/there/eqpp_dash/__init__.py", "1"),
)


@pytest.fixture
def starts(tmp_path):
    database = Database(tmp_path / "archive.db")
    database.prepare()
    made = Starts(database, lambda: made.now)
    made.now = 5000.0
    return made


def test_an_executor_is_launched_once_and_given_time(starts):
    assert starts.plan(HERE) == "launch"
    starts.now += BOOT_S / 2
    assert starts.plan(HERE) == "wait"
    starts.note_ready(HERE)
    starts.now += 0.1
    assert starts.plan(HERE) == "launch"  # it came up, and is gone again


def test_starts_that_fail_again_and_again_are_given_up_then_tried_anew(starts):
    for _ in range(TRIES):
        assert starts.plan(HERE) == "launch"
        starts.now += BOOT_S
    assert starts.plan(HERE) == "give up"
    assert starts.plan(HERE) == "launch"


def test_an_executor_that_comes_up_but_never_works_is_given_up_too(starts):
    for _ in range(TRIES):
        assert starts.plan(HERE) == "launch"
        starts.note_ready(HERE)
        starts.now += BOOT_S
    assert starts.plan(HERE) == "give up"


def test_an_executor_that_worked_may_be_killed_any_number_of_times(starts):
    for _ in range(3 * TRIES):
        assert starts.plan(HERE) == "launch"
        starts.note_ready(HERE)
        starts.note_useful()
        starts.now += BOOT_S


def test_starts_far_apart_are_no_row_of_failures(starts):
    for _ in range(3 * TRIES):
        assert starts.plan(HERE) == "launch"
        starts.now += FORGET_S


def test_a_clock_that_is_put_back_does_not_keep_starts_from_failing(starts):
    starts.plan(HERE)
    starts.now -= 3600
    plans = []
    for _ in range(TRIES + 1):
        plans.append(starts.plan(HERE))
        starts.now += BOOT_S
    assert plans == ["launch"] * TRIES + ["give up"]


def test_the_lock_is_left_to_another_copy_of_the_code_for_a_while(starts):
    starts.plan(HERE)
    starts.note_ready(HERE)
    starts.offer(OTHER)
    assert starts.plan(HERE) == "wait"
    assert starts.plan(OTHER) == "launch"
    starts.note_ready(OTHER)
    assert starts.state().offered_to == Package("", "")
    starts.offer(OTHER)
    starts.now += OFFER_S
    assert starts.plan(HERE) == "launch"  # it did not come


def test_a_copy_that_python_finds_by_itself_needs_no_path(tmp_path):
    installed = os.path.realpath(sysconfig.get_paths()["purelib"])
    package = Package(f"{installed}/eqpp_dash/__init__.py", "1")
    assert python_path(package, "") == ""
    assert python_path(package, "/some/where") == "/some/where"


def test_a_copy_elsewhere_is_put_first(tmp_path):
    package = Package(f"{tmp_path}/eqpp_dash/__init__.py", "1")
    assert python_path(package, "") == str(tmp_path)
    assert python_path(package, "/some/where").split(os.pathsep) == [str(tmp_path), "/some/where"]


def test_a_copy_shadowed_by_the_path_is_put_first(tmp_path):
    decoy = tmp_path / "decoy"
    (decoy / "eqpp_dash").mkdir(parents=True)
    installed = os.path.realpath(sysconfig.get_paths()["purelib"])
    package = Package(f"{installed}/eqpp_dash/__init__.py", "1")
    assert python_path(package, str(decoy)).split(os.pathsep) == [installed, str(decoy)]
    mine = Package(f"{decoy}/eqpp_dash/__init__.py", "1")
    assert python_path(mine, str(decoy)) == str(decoy)


@pytest.fixture
def launcher(tmp_path, monkeypatch):
    database = Database(tmp_path / "archive.db")
    database.prepare()
    made = Launcher(Queue(database, lambda: made.now), tmp_path)
    made.now = 5000.0
    made.spawned = 0

    def spawn():
        made.spawned += 1

    monkeypatch.setattr(made, "_spawn", spawn)
    return made


def test_nothing_is_started_when_there_is_nothing_to_do(launcher):
    launcher.upkeep()
    assert launcher.spawned == 0


def test_a_waiting_row_starts_an_executor(launcher):
    launcher.queue.submit(Request("k", "m:f"))
    launcher.upkeep()
    assert launcher.spawned == 1


def test_upkeep_is_cheap_when_asked_often(launcher):
    launcher.upkeep(every_s=60)
    launcher.queue.submit(Request("k", "m:f"))
    launcher.upkeep(every_s=60)
    assert launcher.spawned == 0


def test_a_row_whose_worker_and_executor_are_gone_is_taken_up_again(launcher):
    job, _ = launcher.queue.submit(Request("k", "m:f"))
    launcher.queue.claim(1, 2**22 + 1)  # no such process
    launcher.upkeep()
    assert launcher.queue.get(job.id).status == "queued"
    assert launcher.spawned == 1


def test_an_executor_that_runs_is_not_started_again(launcher):
    launcher.queue.submit(Request("k", "m:f"))
    assert launcher.lock.take()
    other = ExecutorLock(launcher.lock.path)
    assert other.is_held()
    assert launcher.ensure()
    launcher.lock.release()
    assert launcher.spawned == 0


def test_rows_do_not_wait_for_an_executor_that_never_comes_up(launcher):
    job, _ = launcher.queue.submit(Request("k", "m:f"))
    launcher.log_path.parent.mkdir()
    launcher.log_path.write_text("Traceback\nImportError: no module named numpy\n")
    for _ in range(TRIES + 1):
        launcher.ensure()
        launcher.now += BOOT_S
    read = launcher.queue.get(job.id)
    assert read.status == "failed"
    assert "could not be started: ImportError: no module named numpy" in read.error
    assert read.traceback.startswith("Traceback")
    assert launcher.spawned == TRIES


def test_a_launch_that_the_system_refuses_is_counted_not_raised(launcher, monkeypatch):
    def refuse():
        raise OSError("no more processes")

    monkeypatch.setattr(launcher, "_spawn", refuse)
    job, _ = launcher.queue.submit(Request("k", "m:f"))
    for _ in range(TRIES + 1):
        launcher.ensure()
        launcher.now += BOOT_S
    assert launcher.queue.get(job.id).status == "failed"


def test_an_executor_that_does_not_answer_is_killed(launcher, monkeypatch):
    killed = []
    monkeypatch.setattr(launch_module, "kill_group", lambda *who: killed.append(who))
    launcher.queue.submit(Request("k", "m:f"))
    launcher.starts.note_ready(this_package())
    holder = ExecutorLock(launcher.lock.path)
    holder.take()
    holder.sign(os.getpid(), start_time(os.getpid()))
    launcher.now += launch_module.STUCK_S - 1
    launcher.upkeep()
    assert killed == []
    launcher.now += 2
    launcher.upkeep()
    assert killed == [(os.getpid(), start_time(os.getpid()))]
    launcher.starts.note_useful()  # one that beats is left alone
    launcher.upkeep()
    assert len(killed) == 1
    holder.release()


def test_a_look_at_the_lock_leaves_nothing_in_a_process_forked_meanwhile(tmp_path, monkeypatch):
    kept = []
    flock = lock_module.fcntl.flock

    def share(descriptor, operation):
        kept.append(os.dup(descriptor))  # as a fork at this moment does
        flock(descriptor, operation)

    monkeypatch.setattr(lock_module.fcntl, "flock", share)
    assert not ExecutorLock(tmp_path / "l").is_held()
    monkeypatch.undo()
    assert ExecutorLock(tmp_path / "l").take(patience_s=0.0)
    for descriptor in kept:
        os.close(descriptor)


def test_work_is_followed_until_there_is_none_and_again_when_there_is(launcher, monkeypatch):
    monkeypatch.setattr(launch_module, "FOLLOW_S", 0.01)
    for key in ("one", "two"):
        job, _ = launcher.queue.submit(Request(key, "m:f"))
        spawned = launcher.spawned
        launcher.upkeep(follow=True)
        assert launcher.spawned == spawned + 1
        launcher.now += BOOT_S
        until(lambda count=spawned + 2: launcher.spawned >= count)  # nobody else looks
        launcher.queue.cancel(job.id)
        until(lambda: launcher._follower is None)
        launcher.now += BOOT_S


def test_a_follower_goes_on_after_an_error_and_gives_up_at_last(launcher, monkeypatch):
    monkeypatch.setattr(launch_module, "FOLLOW_S", 0.001)
    monkeypatch.setattr(launch_module, "LAST_PAUSE_S", 0.03)
    looks = []

    def fail():
        looks.append(1)
        raise ArchiveError("the disk is full")

    monkeypatch.setattr(launcher, "_look_after", fail)
    launcher._follow()
    until(lambda: not launcher._follower.is_alive())
    assert len(looks) == 5


def until(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_the_lock_is_free_again_after_its_release(tmp_path):
    first, second = ExecutorLock(tmp_path / "l"), ExecutorLock(tmp_path / "l")
    assert not second.is_held()
    assert first.take()
    assert second.is_held()
    assert not second.take(patience_s=0.1)
    assert first.is_ours()
    first.release()
    assert second.take()
    (tmp_path / "l").unlink()
    assert not second.is_ours()
    second.release()


def test_the_pipe_wakes_who_listens_and_harms_nobody_else(tmp_path):
    import signal

    path = tmp_path / "wake"
    wake(path)  # nobody there
    path.write_text("not a pipe")
    before = signal.getsignal(signal.SIGCHLD)
    alarm = Alarm(path)
    try:
        wake(path)
        began = time.monotonic()
        alarm.sleep(30)
        assert time.monotonic() - began < 10
        for _ in range(70_000):
            wake(path)  # a full pipe is no matter
        alarm.sleep(30)
        alarm.sleep(0.01)  # and it is emptied
    finally:
        alarm.close()
        signal.signal(signal.SIGCHLD, before)
