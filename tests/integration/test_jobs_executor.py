"""The promise, task by task: whatever a job does, its row ends with the reason on it."""

import os
import signal
import statistics
import time

import psutil
import pytest
from bench import Bench, integrity


def test_a_job_runs_in_a_clean_process_of_its_own_and_its_result_is_on_the_row(warm):
    job = warm.run("quick")
    assert (job.status, job.result, job.attempts) == ("finished", {"row": job.id}, 1)
    assert job.pid not in (os.getpid(), warm.executor())
    assert os.getsid(warm.executor()) == os.getpgid(warm.executor())
    parent = psutil.Process(warm.executor()).parent()
    assert parent is None or parent.pid != os.getpid()
    lines = [line for line in warm.log().splitlines() if job.id in line]
    for event in ("START", "PROGRESS", "FINISHED"):
        assert any(f'"event": "{event}"' in line and str(job.pid) in line for line in lines)
    assert all(job.package.file in line for line in lines)


def test_the_executor_inherits_no_descriptor(bench):
    secret = os.open(bench.folder / "held.txt", os.O_RDWR | os.O_CREAT)
    os.set_inheritable(secret, True)
    bench.run("quick")
    os.close(secret)
    executor = psutil.Process(bench.executor())
    assert not any(file.path.endswith("held.txt") for file in executor.open_files())
    bench.until(  # it opens the archive for moments only
        lambda: not any("archive.db" in file.path for file in executor.open_files())
    )


def test_progress_is_seen_while_the_job_runs(warm):
    job = warm.submit("seconds")
    seen = set()

    def look():
        read = warm.queue.get(job.id)
        seen.add(read.fraction)
        return read if read.is_terminal else None

    assert warm.until(look).status == "finished"
    assert len(seen) > 4


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ("raises", "ArithmeticError: the engine broke here"),
        ("hungry", "MemoryError"),
        ("leaves", "SystemExit: 3"),
        ("unspeakable", "TypeError"),
        ("bad_writer", "RuntimeError: the writer broke"),
        ("no_such_task", "no_such_task"),
        ("not_a_function", "not a function"),
        ("no_such_module:f", "ModuleNotFoundError"),
    ],
)
def test_what_a_task_raises_is_on_the_row_and_in_the_log_with_its_traceback(warm, task, words):
    job = warm.run(task)
    assert (job.status, job.attempts) == ("failed", 1)
    assert words in job.error
    assert job.traceback.startswith("Traceback")
    lines = [line for line in warm.log().splitlines() if job.id in line]
    assert any('"event": "FAILED"' in line for line in lines)
    assert integrity(warm.database) == []
    with warm.database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM links").scalar_one() == 0
    if task == "raises":
        assert "_deeper" in job.traceback
        assert any("_deeper" in line for line in lines)


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ("dies", "was killed (SIGSEGV)"),
        ("leaves_hard", "left with exit status 5 before it gave a result"),
    ],
)
def test_a_worker_that_dies_is_tried_again_then_the_reason_stays(warm, task, words):
    job = warm.run(task, max_attempts=2)
    assert (job.status, job.attempts) == ("failed", 2)
    assert job.error == f"worker {job.pid} {words} (attempt 2 of 2)"


def test_a_worker_that_is_killed_once_succeeds_the_second_time(warm):
    job = warm.run("dies_once")
    assert (job.status, job.attempts, job.result) == ("finished", 2, "second try")


def test_a_waiting_job_is_cancelled_at_once(warm):
    for _ in range(2):
        warm.running(warm.submit("silent"))
    waiting = warm.submit("quick")
    assert waiting.queue_place == 0
    assert warm.queue.cancel(waiting.id).status == "cancelled"
    for job in warm.queue.newest(9, status="running"):
        warm.queue.cancel(job.id)
        warm.launcher.wake()
        warm.ended(job)


@pytest.mark.parametrize("task", ["seconds", "silent", "deaf"])
def test_a_running_job_is_cancelled_soon_even_if_it_never_listens(warm, task):
    job = warm.running(warm.submit(task))
    began = time.monotonic()
    warm.queue.cancel(job.id)
    warm.launcher.wake()
    read = warm.ended(job)
    took = time.monotonic() - began
    assert read.status == "cancelled"
    assert took < 5  # under 1 s on a machine that is not loaded
    warm.until(lambda: not psutil.pid_exists(job.pid))


def test_a_job_is_stopped_at_its_time_limit_and_not_tried_again(warm):
    job = warm.run("silent", time_limit_s=0.5)
    assert (job.status, job.attempts) == ("failed", 1)
    assert job.error == "stopped at its time limit of 0.5 s: nothing could be kept"
    assert job.ended - job.started < 10
    warm.until(lambda: not psutil.pid_exists(job.pid))


def test_what_a_job_leaves_behind_is_ended_with_it(warm):
    job = warm.run("leaves_children")
    assert job.status == "finished"
    warm.until(lambda: not _runs(job.result))


def _runs(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_heartbeats_go_on_in_a_job_that_never_reports(warm):
    job = warm.running(warm.submit("silent"))
    warm.until(lambda: warm.queue.get(job.id).heartbeat > job.heartbeat)
    warm.queue.cancel(job.id)
    warm.launcher.wake()
    warm.ended(job)


def test_a_job_outlives_its_executor_and_keeps_its_result(bench):
    job = bench.running(bench.submit("seconds"))
    bench.kill_executor()
    read = bench.ended(job)
    assert (read.status, read.attempts, read.pid) == ("finished", 1, job.pid)


def test_an_orphan_is_still_cancelled(bench):
    job = bench.running(bench.submit("silent"))
    bench.kill_executor()
    bench.queue.cancel(job.id)
    assert bench.ended(job).status == "cancelled"
    bench.until(lambda: not _runs(job.pid))


def test_an_orphan_still_ends_at_its_time_limit(bench):
    job = bench.running(bench.submit("silent", time_limit_s=2))
    bench.kill_executor()
    assert "time limit" in bench.ended(job).error
    bench.until(lambda: not _runs(job.pid))


def test_a_waiting_row_outlives_its_executor(bench):
    jobs = [bench.submit("seconds", key=f"k{n}") for n in range(4)]
    bench.running(jobs[0])
    bench.kill_executor()  # and nobody looks: whoever asked goes on looking after them
    assert [bench.ended(job, upkeep=False).status for job in jobs] == ["finished"] * 4


def test_the_executor_leaves_when_idle_and_the_next_row_finds_another(tmp_path):
    bench = Bench(tmp_path / "data", executor_idle_s=0.3)
    try:
        first = bench.run("quick")
        pid = bench.executor()
        bench.until(lambda: not bench.launcher.lock.is_held())
        second = bench.run("quick")
        assert (first.status, second.status) == ("finished", "finished")
        assert bench.executor() != pid
    finally:
        bench.close()


def test_executors_that_leave_unused_are_no_starts_that_failed(tmp_path):
    bench = Bench(tmp_path / "data", executor_idle_s=0)
    try:
        for count in (1, 2):
            bench.launcher.ensure()
            bench.until(lambda wanted=count: bench.log().count('"executor leaves"') == wanted)
            assert bench.launcher.starts.state().failures == 0
        assert bench.run("quick").status == "finished"
    finally:
        bench.close()


def test_no_row_is_left_behind_by_an_executor_that_is_just_leaving(tmp_path):
    bench = Bench(tmp_path / "data", executor_idle_s=0)
    try:
        for number in range(5):
            time.sleep(0.03 * number)
            job = bench.submit("quick")
            assert bench.ended(job, upkeep=number % 2 == 0).status == "finished"
    finally:
        bench.close()


def test_the_executor_leaves_when_its_folder_is_gone(bench):
    bench.run("quick")
    pid = bench.executor()
    for path in bench.folder.glob("*"):
        if path.is_file():
            path.unlink()
    os.kill(pid, signal.SIGCHLD)  # wakes it, as anything would
    bench.until(lambda: not _runs(pid), upkeep=False)


def test_one_executor_however_many_ask_for_it(bench):
    import threading

    def ask():
        for _ in range(5):
            bench.make_launcher().ensure()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bench.run("quick")
    bench.until(lambda: len(bench.processes()) == 1)


def test_a_row_is_claimed_soon_after_it_is_submitted(warm):
    waits = []
    for number in range(15):
        job = warm.run("quick", key=f"k{number}")
        waits.append(job.started - job.created)
    assert statistics.median(waits[1:]) < 1.0  # 0.015 s on a machine that is not loaded
