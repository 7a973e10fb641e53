"""The executor: one process per data folder, which forks a clean process for each job.

It has one thread and no open connection when it forks. It ends what nobody runs, enforces
time limits and cancellations, and leaves when there is nothing to do: it gives the lock back
first and then looks at the queue once more, so that no row is left behind.
"""

from __future__ import annotations

import gc
import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import structlog

from eqpp_dash.errors import ArchiveError
from eqpp_dash.jobs.lock import ExecutorLock
from eqpp_dash.jobs.processes import (
    Package,
    describe_exit,
    installed_version,
    kill_group,
    start_time,
    this_machine,
    this_package,
)
from eqpp_dash.jobs.queue import Queue
from eqpp_dash.jobs.records import KEPT_NOTHING, JobRecord, Overview, at_limit
from eqpp_dash.jobs.run import EXIT_NOT_KEPT, enter_own_group, run_next
from eqpp_dash.jobs.starts import OFFER_S, Starts
from eqpp_dash.jobs.sweep import sweep
from eqpp_dash.jobs.wake import Alarm

BUSY_SLEEP_S, IDLE_SLEEP_S, BEAT_S = 0.2, 5.0, 2.0
TROUBLE_SLEEP_S, YIELD_SLEEP_S = 0.5, 0.1

log = structlog.get_logger("eqpp_dash.jobs")


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds the executor: see the settings of the same names."""

    max_jobs: int = 1
    idle_s: float = 300.0
    cancel_grace_s: float = 0.3
    stop_grace_s: float = 10.0
    stale_after_s: float = 15.0


class Executor:
    """Empties the queue.

    Parameters
    ----------
    queue : Queue
        The queue.
    lock : ExecutorLock
        Taken already.
    alarm : Alarm
        What it sleeps on.
    limits : Limits
        Its bounds.
    """

    def __init__(self, queue: Queue, lock: ExecutorLock, alarm: Alarm, limits: Limits) -> None:
        self.queue = queue
        self.lock = lock
        self.alarm = alarm
        self.limits = limits
        self.package = this_package()
        self.starts = Starts(queue.database, queue.clock)
        self._children: dict[int, float] = {}
        self._unclaimed: set[int] = set()
        self._first_seen: dict[str | None, float] = {}
        self._stamp = code_stamp(self.package)
        self._beat = 0.0
        self._busy = time.monotonic()
        self._stopped = False

    def run(self) -> str:
        """Work until there is nothing to do; gives why it left.

        Returns
        -------
        str
            ``idle``, ``stopped``, ``folder gone``, ``yielded`` to another copy of the code,
            or ``code changed``: then it is to be started anew.
        """
        signal.signal(signal.SIGTERM, self._stop)
        self.starts.note_ready(self.package)
        log.info("executor ready", max_jobs=self.limits.max_jobs)
        gc.collect()
        gc.freeze()
        why = self._work()
        try:
            self.starts.note_useful()  # one that leaves in good order is no start that failed
        except ArchiveError as error:
            log.error("executor cannot say that it leaves", error=str(error))
        return why

    def _work(self) -> str:
        pause = TROUBLE_SLEEP_S
        while not self._stopped:
            try:
                why = self._turn()
                pause = TROUBLE_SLEEP_S
            except ArchiveError as error:
                log.error("executor cannot use the archive", error=str(error))
                why = "" if self.lock.is_ours() else "folder gone"
                time.sleep(pause)
                pause = min(2 * pause, IDLE_SLEEP_S)
            if why:
                return why
        return "stopped"

    def _turn(self) -> str:
        self._reap()
        view = self.queue.overview(self.package)
        here = [job for job in view.running if job.machine == this_machine()]
        if self._tend(view, here):
            return ""  # rows changed: look again
        if view.oldest or view.running:
            self._busy = time.monotonic()
            if time.monotonic() - self._beat > BEAT_S:
                self._beat = time.monotonic()
                self.queue.beat()
        why = self._reason_to_leave(view)
        if why:
            if self._children:
                self.alarm.sleep(BUSY_SLEEP_S)
                return ""
            return why
        if not self._foreign(view.oldest):
            self._start_jobs(view.waiting, here)
        busy = view.oldest or view.running or self._children
        self.alarm.sleep(BUSY_SLEEP_S if busy else min(IDLE_SLEEP_S, self.limits.idle_s + 0.05))
        return ""

    # ---- children ----------------------------------------------------------------------

    def _start_jobs(self, waiting: int, here: Iterable[JobRecord]) -> None:
        running = {job.pid for job in here}
        self._unclaimed -= running
        wanted = waiting - len(self._unclaimed)
        free = self.limits.max_jobs - len(running | set(self._children))
        for _ in range(min(wanted, free)):
            self._fork()

    def _fork(self) -> None:
        pid = os.fork()
        if pid == 0:
            status = EXIT_NOT_KEPT
            try:
                self.alarm.close()
                self.lock.forget()
                enter_own_group()
                status = run_next(self.queue, self.limits.max_jobs, self.limits.stop_grace_s)
            except BaseException:
                log.error("worker broke", exc_info=True)
            finally:
                os._exit(status)
        self._children[pid] = start_time(pid) or 0.0
        self._unclaimed.add(pid)

    def _reap(self) -> None:
        while self._children:
            ended = _reap_one()
            if ended is None:
                return
            pid, status = ended
            started = self._children.pop(pid, None)
            self._unclaimed.discard(pid)
            if started is not None:
                self._give_up(pid, started, describe_exit(pid, status))

    def _give_up(self, pid: int, started: float, reason: str) -> None:
        for job in self.queue.overview(self.package).running:
            if (job.machine, job.pid, job.pid_started) == (this_machine(), pid, started):
                status = self.queue.lose(job, reason)
                log.error("LOST", job=job.id, worker=pid, reason=reason, now=status)

    # ---- rows --------------------------------------------------------------------------

    def _tend(self, view: Overview, here: list[JobRecord]) -> bool:
        """Sweep, and end what is cancelled or over its time; gives whether rows changed."""
        changed = sweep(
            self.queue,
            view.running,
            stale_after_s=self.limits.stale_after_s,
            children=self._children,
        )
        for row_id, status in changed.items():
            log.error("LOST", job=row_id, now=status)
        now, ticks = self.queue.clock(), time.monotonic()
        # Not by the rows' times: the clock may be set, and the machine may sleep.
        self._first_seen = {job.claim: self._first_seen.get(job.claim, ticks) for job in here}
        for job in here:
            if job.id in changed or job.pid is None or job.pid_started is None:
                continue
            if job.cancel_asked is not None:
                if 0 <= now - job.cancel_asked < self.limits.cancel_grace_s:
                    continue
                ended = self.queue.end_cancelled(job)
            elif ticks - self._first_seen[job.claim] > job.time_limit_s + self.limits.stop_grace_s:
                # It was told at its limit, if it reports, and should have ended by itself.
                reason = f"{at_limit(job.time_limit_s)}: {KEPT_NOTHING}"
                ended = self.queue.fail(job, reason)
                log.error("FAILED", job=job.id, worker=job.pid, error=reason)
            else:
                continue
            kill_group(job.pid, job.pid_started)
            if ended:
                changed[job.id] = "ended"
        return bool(changed)

    def _foreign(self, job: JobRecord | None) -> bool:
        return job is not None and job.package != self.package

    def _reason_to_leave(self, view: Overview) -> str:
        if not self.lock.is_ours():
            return "folder gone"
        if view.oldest is not None and code_stamp(self.package) != self._stamp:
            return "code changed"
        if view.oldest is not None and self._foreign(view.oldest):
            return self._yield_to(view.oldest)
        if time.monotonic() - self._busy > self.limits.idle_s and not self._children:
            return self._leave_idle()
        return ""

    def _yield_to(self, job: JobRecord) -> str:
        """Make room for another copy of the code; fail its rows if it does not come."""
        other = job.package
        if other.file == self.package.file:
            if installed_version() != self.package.version:
                return "code changed"
            return self._fail_foreign(
                other,
                f"it was asked by version {other.version}, but {other.file} is now version "
                f"{self.package.version}; restart the server that asked, and ask again",
            )
        self.starts.offer(other)
        self.lock.release()
        end = time.monotonic() + OFFER_S
        while time.monotonic() < end and not self._stopped:
            self.alarm.sleep(YIELD_SLEEP_S)
            if self.lock.is_held():
                return "yielded"
        if not self.lock.take():
            return "yielded"
        self._sign()
        self._busy = time.monotonic()
        return self._fail_foreign(
            other, f"no executor of {other.file} (version {other.version}) came for it"
        )

    def _fail_foreign(self, package: Package, reason: str) -> str:
        count = self.queue.fail_queued(package, reason)
        if count:
            log.error("FAILED", rows=count, error=reason)
        return ""

    def _leave_idle(self) -> str:
        self.lock.release()
        view = self.queue.overview(self.package)  # one that saw us hold it is not left behind
        if not view.oldest and not view.running:
            return "idle"
        if not self.lock.take():
            return "idle"  # another has taken over
        self._sign()
        self._busy = time.monotonic()
        return ""

    def _sign(self) -> None:
        self.lock.sign(os.getpid(), start_time(os.getpid()) or 0.0)

    def _stop(self, *_: object) -> None:
        self._stopped = True


def code_stamp(package: Package) -> int:
    """Give a number that changes when a file of the package changes; 0 while one is missing."""
    found: list[tuple[str, int, int]] = []
    folders = [str(Path(package.file).parent)]
    try:
        while folders:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name != "__pycache__":
                            folders.append(entry.path)
                    elif entry.name.endswith(".py"):
                        facts = entry.stat()
                        found.append((entry.path, facts.st_mtime_ns, facts.st_size))
    except FileNotFoundError:
        return 0  # it is being replaced just now
    return hash(tuple(sorted(found)))


def _reap_one() -> tuple[int, int] | None:
    """Reap a child that has ended, and end what it leaves behind; gives number and status."""
    if hasattr(os, "waitid"):
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is None:
            return None
        _kill_rest_of_group(ended.si_pid)  # before it is reaped: its number is still its own
        return os.waitpid(ended.si_pid, 0)
    pid, status = os.waitpid(-1, os.WNOHANG)  # macOS before Python 3.13
    return (pid, status) if pid else None


def _kill_rest_of_group(pid: int) -> None:
    try:
        if os.getpgid(pid) == pid:
            os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return  # nobody else was in it
