"""A data folder with a queue and an executor of its own, for tests that kill things."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

import psutil

from eqpp_dash.database import Database
from eqpp_dash.jobs.launch import Launcher
from eqpp_dash.jobs.processes import start_time
from eqpp_dash.jobs.queue import Queue
from eqpp_dash.jobs.records import Request

HERE = Path(__file__).parent
PATIENCE_S = 60.0


class Bench:
    """A data folder; `close` ends everything that runs in it."""

    def __init__(self, folder, **settings):
        self.folder = Path(folder)
        self.database = Database(self.folder / "archive.db")
        self.database.prepare()
        self.queue = Queue(self.database)
        self.launcher = self.make_launcher(**settings)

    def make_launcher(self, **settings):
        paths = [str(HERE), os.environ.get("PYTHONPATH", "")]
        variables = {
            "PYTHONPATH": os.pathsep.join(path for path in paths if path),
            "EQPP_DATA_DIR": str(self.folder),
            "EQPP_EXECUTOR_IDLE_S": "20",
            "EQPP_MAX_JOBS": "2",
            "EQPP_STOP_GRACE_S": "0.3",
        }
        variables |= {f"EQPP_{name.upper()}": str(value) for name, value in settings.items()}
        return Launcher(self.queue, self.folder, variables)

    def submit(self, task, key=None, **options):
        name = task if ":" in task else f"sample_tasks:{task}"
        job, _ = self.queue.submit(Request(key or f"{name} {time.time_ns()}", name, **options))
        self.launcher.ensure(follow=True)
        return job

    def until(self, condition, patience_s=PATIENCE_S, upkeep=True, look_every_s=0.01):
        """Wait for a condition as a page does: looking, and looking after the executor."""
        end = time.monotonic() + patience_s
        while not (found := condition()):
            if time.monotonic() > end:
                raise AssertionError(f"not within {patience_s} s; log: {self.log()[-3000:]}")
            if upkeep:
                self.launcher.upkeep(0.5)
            time.sleep(look_every_s)
        return found

    def ended(self, job, **options):
        def look():
            read = self.queue.get(job.id)
            return read if read.is_terminal else None

        return self.until(look, **options)

    def running(self, job):
        def look():
            read = self.queue.get(job.id)
            return read if read.status == "running" else None

        return self.until(look)

    def run(self, task, **options):
        return self.ended(self.submit(task, **options))

    def log(self):
        with contextlib.suppress(FileNotFoundError):
            return self.launcher.log_path.read_text()
        return ""

    def executor(self):
        """Give the executor's process id, if it runs."""
        holder = self.launcher.lock.holder()
        if holder is None or start_time(holder[0]) != holder[1]:
            return None
        return holder[0]

    def processes(self):
        """Give every process of this folder: the executor and its jobs."""
        found = []
        for process in psutil.process_iter(["cmdline", "status"]):
            if str(self.folder) in (process.info["cmdline"] or []):
                found.append(process)
        return found

    def kill_executor(self):
        pid = self.until(self.executor)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        self.until(lambda: start_time(pid) is None, upkeep=False)

    def close(self):
        for _ in range(2):  # one that was just being started shows up the second time
            for process in self.processes():
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            time.sleep(0.05)


def integrity(database):
    """Give what contradicts the promise: damage, or a finished row without its result."""
    wrong = database.check_integrity()
    with database.read() as connection:
        ask = connection.exec_driver_sql
        wrong += ask("SELECT id FROM jobs WHERE status = 'finished' AND result IS NULL").all()
        wrong += ask("SELECT id FROM jobs WHERE status = 'failed' AND error = ''").all()
        wrong += ask(
            "SELECT key FROM jobs WHERE status IN ('queued', 'running', 'finished')"
            " AND stopped = '' GROUP BY key HAVING count(*) > 1"
        ).all()
    return wrong
