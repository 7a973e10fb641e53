"""Many at once: one computation for one question, never over the cap, nothing lost."""

import os
import subprocess
import sys
import threading

import psutil
from bench import HERE, Bench, integrity

CAP = 2

SUBMITTER = """
import sys
from pathlib import Path
from bench import Bench
bench = Bench(sys.argv[1])
jobs = [bench.submit("counts", key=sys.argv[2] or None) for _ in range(int(sys.argv[3]))]
print(*(bench.ended(job, look_every_s=0.1).id for job in jobs))
"""


def submit_from_processes(bench, key, processes, each):
    """Submit from several processes at once, and wait for every answer in them."""
    variables = {**os.environ, "PYTHONPATH": str(HERE)}
    command = [sys.executable, "-c", SUBMITTER, str(bench.folder), key, str(each)]
    running = [
        subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    answers = [process.communicate(timeout=120)[0].split() for process in running]
    assert [process.returncode for process in running] == [0] * processes
    return [row_id for rows in answers for row_id in rows]


def runs(bench):
    return [path.name for path in (bench.folder / "count").glob("run-*")]


def test_200_identical_submissions_are_one_computation_and_200_answers(bench):
    answers = []

    def ask():
        answers.extend(
            bench.ended(bench.submit("counts", key="same"), look_every_s=0.1).id for _ in range(10)
        )

    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    answers += submit_from_processes(bench, "same", processes=4, each=25)
    for thread in threads:
        thread.join()
    assert len(answers) == 200
    assert len(set(answers)) == 1
    assert bench.queue.counts() == {"finished": 1}
    assert len(runs(bench)) == 1


def test_300_different_submissions_all_end_never_over_the_cap(tmp_path):
    bench = Bench(tmp_path / "data", max_jobs=CAP)
    try:
        most, zombies, done = 0, set(), threading.Event()

        def watch():
            nonlocal most
            while not done.is_set():
                executor = bench.executor()
                if executor is not None:
                    try:
                        children = psutil.Process(executor).children()
                        states = [child.status() for child in children]
                    except psutil.NoSuchProcess:
                        continue
                    most = max(most, len(children))
                    zombies.update(
                        child.pid
                        for child, state in zip(children, states, strict=True)
                        if state == psutil.STATUS_ZOMBIE
                    )
                done.wait(0.02)

        watcher = threading.Thread(target=watch)
        watcher.start()
        answers = submit_from_processes(bench, "", processes=4, each=75)
        done.set()
        watcher.join()
        assert len(set(answers)) == 300
        assert bench.queue.counts() == {"finished": 300}
        assert 0 < most <= CAP
        at_once = [int(path.name[5:]) for path in (bench.folder / "count").glob("most-*")]
        assert max(at_once) <= CAP
        assert len(runs(bench)) == 300  # each row ran once, in a process of its own
        assert len({name.rpartition("-")[2] for name in runs(bench)}) == 300
        assert not [pid for pid in zombies if _is_zombie(pid)]  # each was reaped at once
        assert {job.attempts for job in bench.queue.newest(300)} == {1}
        assert integrity(bench.database) == []
    finally:
        bench.close()


def _is_zombie(pid):
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
