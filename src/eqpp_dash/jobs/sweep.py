"""Ending what nobody runs: rows whose worker is gone."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from eqpp_dash.jobs.processes import is_alive, this_machine
from eqpp_dash.jobs.queue import Queue
from eqpp_dash.jobs.records import JobRecord


def sweep(
    queue: Queue,
    running: Iterable[JobRecord],
    *,
    stale_after_s: float = 15.0,
    children: Collection[int] = (),
) -> dict[str, str]:
    """Give up on workers that are gone: their rows are tried again, or fail with the reason.

    Parameters
    ----------
    queue : Queue
        The queue.
    running : iterable of JobRecord
        Rows that were running a moment ago.
    stale_after_s : float
        A worker of another machine is gone if nothing was heard of it for so long.
    children : collection of int
        Processes that the caller reaps itself, and so knows better.

    Returns
    -------
    dict of str to str
        The new status of each row that was given up, by its id.
    """
    ended: dict[str, str] = {}
    for job in running:
        reason = reason_gone(job, queue.clock(), stale_after_s)
        if reason is None or (job.machine == this_machine() and job.pid in children):
            continue
        status = queue.lose(job, reason)
        if status is not None:
            ended[job.id] = status
    return ended


def reason_gone(job: JobRecord, now: float, stale_after_s: float) -> str | None:
    """Say why a row's worker is gone; None if it may still run."""
    if job.machine == this_machine():
        return None if is_alive(job.pid, job.pid_started) else f"worker {job.pid} was killed"
    silent = abs(now - (job.heartbeat or 0.0))  # a beat to come: the clock was put back since
    if silent <= stale_after_s:
        return None
    return f"worker {job.pid} on {job.host} was not heard of for {silent:.0f} s"
