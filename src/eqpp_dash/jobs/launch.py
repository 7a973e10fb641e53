"""Starting the executor, by whoever needs it, and looking after it.

The executor is exec'd, in a session of its own, without the caller's descriptors, and handed
over to init, so that neither the server's end nor Dash's clean-up of children reaches it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import structlog

from eqpp_dash.errors import ArchiveError
from eqpp_dash.jobs.lock import ExecutorLock
from eqpp_dash.jobs.processes import Package, kill_group, this_machine, this_package
from eqpp_dash.jobs.queue import Queue
from eqpp_dash.jobs.records import Overview
from eqpp_dash.jobs.starts import Starts
from eqpp_dash.jobs.sweep import sweep
from eqpp_dash.jobs.wake import wake

LOCK_NAME, PIPE_NAME, LOG_NAME = "executor.lock", "executor.wake", "executor.log"
MAX_LOG_BYTES = 4_000_000
STUCK_S = 45.0
"""An executor that has work and was not heard of for so long is killed and started anew."""
FOLLOW_S, LAST_PAUSE_S = 0.5, 60.0
"""How often a follower looks; after an error it waits twice as long, and at last gives up."""
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")

log = structlog.get_logger("eqpp_dash.jobs")


class Launcher:
    """Makes sure that a committed row finds an executor.

    Parameters
    ----------
    queue : Queue
        The queue.
    folder : Path
        The data folder: lock, pipe and log are in it.
    environment : mapping
        Variables for the executor, over those of this process.
    stale_after_s : float
        See `eqpp_dash.jobs.sweep.sweep`.
    """

    def __init__(
        self,
        queue: Queue,
        folder: Path,
        environment: Mapping[str, str] | None = None,
        stale_after_s: float = 15.0,
    ) -> None:
        self.queue = queue
        self.folder = folder
        self.environment = dict(environment or {})
        self.stale_after_s = stale_after_s
        self.starts = Starts(queue.database, queue.clock)
        self.lock = ExecutorLock(folder / LOCK_NAME)
        self.log_path = folder / "logs" / LOG_NAME
        self._log_offset = 0
        self._last_upkeep = 0.0
        self._follower: threading.Thread | None = None
        self._follow_guard = threading.Lock()
        self._follow_on = False

    def wake(self) -> None:
        """Wake the executor, if one sleeps."""
        wake(self.folder / PIPE_NAME)

    def ensure(self, *, follow: bool = False) -> bool:
        """Make sure that an executor runs or is on its way.

        Parameters
        ----------
        follow : bool
            Look after the work from a thread until there is none, so that rows end even if
            nobody looks at them. Not in a process that forks.

        Returns
        -------
        bool
            Whether one was running already.
        """
        if follow:
            self._follow()
        if self.lock.is_held():
            self.wake()
            return True
        plan = self.starts.plan(this_package())
        if plan == "give up":
            self._give_up()
        elif plan == "launch":
            try:
                self._spawn()
            except OSError as error:  # counted as a start that failed; tried again
                log.error("the executor could not be launched", error=str(error))
        return False

    def upkeep(self, every_s: float = 0.0, *, follow: bool = False) -> None:
        """End what nobody runs, and start an executor if there is work and none runs.

        Parameters
        ----------
        every_s : float
            Do nothing if this process did it less than so long ago.
        follow : bool
            Go on doing so from a thread, as long as there is work.
        """
        now = time.monotonic()
        if now - self._last_upkeep < every_s:
            return
        self._last_upkeep = now
        if self._look_after() and follow:
            self._follow()

    def _look_after(self) -> bool:
        """Do what `upkeep` does; gives whether there is work."""
        view = self.queue.overview(this_package())
        if not view.oldest and not view.running:
            return False
        if self.lock.is_held():
            self._end_stuck_executor(view)
            return True
        sweep(self.queue, view.running, stale_after_s=self.stale_after_s)
        view = self.queue.overview(this_package())
        if view.oldest or any(job.machine == this_machine() for job in view.running):
            self.ensure()
        return True

    def log_tail(self, size: int = 2000) -> str:
        """Give the end of what the executor said since its last start from here."""
        try:
            with self.log_path.open("rb") as file:
                end = file.seek(0, os.SEEK_END)
                start = min(self._log_offset, end)
                file.seek(max(start, end - size))
                return file.read(size).decode(errors="replace").strip()
        except OSError:
            return ""  # it never came so far as to say anything

    def command(self) -> list[str]:
        """Give the executor's command line."""
        package = this_package()
        return [
            *(_interpreter(), "-P", "-m", "eqpp_dash", "worker"),
            *("--data-dir", str(self.folder)),
            *("--package", package.file, "--package-version", package.version),
        ]

    def _spawn(self) -> None:
        variables = {**os.environ, **self.environment}
        variables.pop("EQPP_CONFIG", None)  # all its values are in the environment
        for name in _ONE_THREAD:
            variables[name] = "1"
        path = python_path(this_package(), variables.get("PYTHONPATH", ""))
        if path:
            variables["PYTHONPATH"] = path
        self.log_path.parent.mkdir(mode=0o700, exist_ok=True)
        if self.log_path.exists() and self.log_path.stat().st_size > MAX_LOG_BYTES:
            self.log_path.replace(self.log_path.with_suffix(".log.1"))
        descriptor = os.open(self.log_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            self._log_offset = os.fstat(descriptor).st_size
            subprocess.run(
                ["/bin/sh", "-c", '"$@" &', "sh", *self.command()],
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                cwd=self.folder,
                env=variables,
                start_new_session=True,
                close_fds=True,
                check=True,
            )
        except subprocess.CalledProcessError as error:
            raise OSError(f"/bin/sh ended with status {error.returncode}") from error
        finally:
            os.close(descriptor)

    def _give_up(self) -> None:
        tail = self.log_tail()
        last = tail.splitlines()[-1][:300] if tail else "it left no message"
        count = self.queue.fail_queued(
            this_package(),
            f"the executor could not be started: {last}. See {self.log_path}",
            tail,
        )
        log.error("the executor could not be started", failed_rows=count, tail=tail)

    def _follow(self) -> None:
        with self._follow_guard:
            self._follow_on = True
            if self._follower is None or not self._follower.is_alive():
                self._follower = threading.Thread(target=self._see_it_through, daemon=True)
                self._follower.start()

    def _see_it_through(self) -> None:
        pause = FOLLOW_S
        while pause < LAST_PAUSE_S:
            time.sleep(pause)
            with self._follow_guard:
                if not self._follow_on:
                    self._follower = None
                    return
                self._follow_on = False  # unless somebody asks from now on, or there is work
            try:
                working, pause = self._look_after(), FOLLOW_S
            except Exception as error:
                trace = not isinstance(error, ArchiveError)  # those say all there is to say
                log.error("cannot look after the jobs", error=str(error), exc_info=trace)
                working, pause = True, 2 * pause
            if working:
                self._follow_on = True
        log.error("the jobs are looked after no more", folder=str(self.folder))

    def _end_stuck_executor(self, view: Overview) -> None:
        state, now = self.starts.state(), self.queue.clock()
        if now - max(state.beat, state.ready, state.launched) < STUCK_S:
            return
        waited = view.oldest is not None and now - view.oldest.queued > STUCK_S
        ran = any(
            job.machine == this_machine() and now - (job.started or now) > STUCK_S
            for job in view.running
        )
        holder = self.lock.holder()
        if holder is not None and (waited or ran):
            log.error("the executor does not answer and is killed", pid=holder[0])
            kill_group(*holder)


def python_path(package: Package, current: str) -> str:
    """Give the PYTHONPATH with which a new interpreter finds this copy of the package.

    Nothing is put before the standard library unless it must be: a copy that was installed
    into the interpreter is found by itself, if no earlier entry holds another.

    Parameters
    ----------
    package : Package
        The copy wanted.
    current : str
        The variable as it is.

    Returns
    -------
    str
        The variable as it should be.
    """
    root = Path(package.file).parent.parent
    entries = [entry for entry in current.split(os.pathsep) if entry]
    holders = [entry for entry in entries if (Path(entry) / "eqpp_dash").exists()]
    if holders and os.path.realpath(holders[0]) == str(root):
        return current
    installed = {os.path.realpath(sysconfig.get_paths()[name]) for name in ("purelib", "platlib")}
    if not holders and str(root) in installed:
        return current
    return os.pathsep.join([str(root), *entries])


def _interpreter() -> str:
    """Give the Python that runs this, also where it is embedded in another program."""
    if os.path.basename(sys.executable).startswith("python"):
        return sys.executable
    return os.path.join(sys.prefix, "bin", "python3")
