"""One job, in its own process: claim a row, run its task, keep the result and the status."""

from __future__ import annotations

import contextlib
import importlib
import os
import resource
import signal
import time
import traceback
from collections.abc import Callable
from typing import Any

import structlog

from eqpp_dash.errors import ArchiveError, EqppError, StopAndKeep
from eqpp_dash.jobs.processes import usable_cores
from eqpp_dash.jobs.queue import Queue
from eqpp_dash.jobs.records import (
    KEPT_NOTHING,
    STOPPED_BY_USER,
    Cancelled,
    ClaimLost,
    JobRecord,
    Outcome,
    at_limit,
)

REPORT_EVERY_S = 0.1
EXIT_NOT_KEPT = 70
"""Exit status of a worker that could not even write how it ended."""

log = structlog.get_logger("eqpp_dash.jobs")


def enter_own_group() -> None:
    """Make this process the leader of a session, the first to be killed when memory is short."""
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("500")  # where there is no such file, the system has no such choice


def limit_processor_time(seconds: float) -> None:
    """Let the kernel end this process, should the executor not be there to do it.

    It may compute on every core for that long, so it may use as much on each.
    """
    limit = int(seconds * usable_cores()) + 30
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    if hard == resource.RLIM_INFINITY or limit < hard:
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))


def run_next(queue: Queue, cap: int, stop_grace_s: float = 0.0) -> int:
    """Claim the next row and run it to its end.

    Parameters
    ----------
    queue : Queue
        The queue.
    cap : int
        How many may run on this machine.
    stop_grace_s : float
        How long a job may take to keep what it has found, past its time limit.

    Returns
    -------
    int
        Exit status for the process: 0, or `EXIT_NOT_KEPT`.
    """
    job = queue.claim(cap, os.getpid())
    if job is None:
        return 0
    logger = log.bind(job=job.id, key=job.key, attempt=job.attempts)
    logger.info("START", task=job.task, launcher=job.launcher, package=job.package.file)
    limit_processor_time(job.time_limit_s + stop_grace_s)
    began = time.perf_counter()
    try:
        status = _run(queue, job, logger)
    except ArchiveError as error:
        logger.error("FAILED", error=f"how it ended could not be written: {error}", exc_info=True)
        return EXIT_NOT_KEPT
    seconds = round(time.perf_counter() - began, 3)
    if status == "finished":
        logger.info("FINISHED", seconds=seconds)
    elif status != "failed":
        logger.info(status.upper(), seconds=seconds)
    return 0


def _run(queue: Queue, job: JobRecord, logger: Any) -> str:
    try:
        value = find_task(job.task)(Reporter(queue, job, logger), job.id)
        outcome = value if isinstance(value, Outcome) else Outcome(value)
        kept = queue.finish(job, outcome)
    except Cancelled:
        return "cancelled" if queue.end_cancelled(job) else "claim lost"
    except ClaimLost:
        return "claim lost"
    except StopAndKeep as stop:
        return _end_without(queue, job, stop, logger)
    except BaseException as error:
        trace = traceback.format_exc()
        logger.error("FAILED", error=describe(error), traceback=trace)
        return "failed" if queue.fail(job, describe(error), trace) else "claim lost"
    return "finished" if kept else "claim lost"


def _end_without(queue: Queue, job: JobRecord, stop: StopAndKeep, logger: Any) -> str:
    """End a job that was stopped, of a task that had nothing to keep, or that cannot keep it."""
    reason = f"{stop.reason}: {KEPT_NOTHING}"
    if stop.reason == STOPPED_BY_USER:
        return "cancelled" if queue.end_cancelled(job, reason) else "claim lost"
    logger.error("FAILED", error=reason)
    return "failed" if queue.fail(job, reason) else "claim lost"


def find_task(name: str) -> Callable[[Callable[[Any], None], str], Any]:
    """Import the function that a row names, as ``module:function``."""
    module, _, function = name.partition(":")
    found = getattr(importlib.import_module(module), function)
    if not callable(found):
        raise TypeError(f"{name} is not a function")
    return found  # type: ignore[no-any-return]


def describe(error: BaseException) -> str:
    """Say what went wrong in one line, for the row.

    Examples
    --------
    >>> describe(ZeroDivisionError("division by zero"))
    'ZeroDivisionError: division by zero'
    >>> describe(MemoryError())
    'MemoryError: there is not enough memory'
    """
    if isinstance(error, EqppError):
        return str(error)
    words = str(error).strip()
    if isinstance(error, MemoryError) and not words:
        words = "there is not enough memory"
    name = type(error).__name__
    return f"{name}: {words}" if words else name


class Reporter:
    """The ``set_progress`` of a task: writes the row, and raises when the job must stop.

    Called with ``(phase, fraction, message)``. The time limit counts from when it is made.
    """

    def __init__(self, queue: Queue, job: JobRecord, logger: Any) -> None:
        self._queue = queue
        self._job = job
        self._log = logger
        self._last = 0.0
        self._end = time.monotonic() + job.time_limit_s
        self._fraction = 0.0
        self._phase = ""

    def __call__(self, progress: Any) -> None:
        """Report progress; at most ten times a second reach the row.

        Raises
        ------
        StopAndKeep
            If the time is over, or somebody asked to stop: at this and every later report.
        Cancelled
            If somebody cancelled the job.
        ClaimLost
            If the row was given to another worker, or ended.
        """
        phase, fraction, message = progress
        now = time.monotonic()
        if now > self._end:
            raise StopAndKeep(at_limit(self._job.time_limit_s))
        if phase == self._phase and now - self._last < REPORT_EVERY_S:
            return
        self._fraction = min(1.0, max(self._fraction, float(fraction)))
        if phase != self._phase:
            self._log.info("PROGRESS", phase=phase, fraction=round(self._fraction, 3))
        self._phase, self._last = phase, now
        try:
            order = self._queue.report(self._job, str(phase), self._fraction, str(message))
        except ArchiveError as error:
            self._log.warning("PROGRESS could not be written", error=str(error))
            return
        if order == "lost":
            raise ClaimLost
        if order == "cancel":
            raise Cancelled
        if order == "stop":
            raise StopAndKeep(STOPPED_BY_USER)
