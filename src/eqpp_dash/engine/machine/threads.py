"""Runs compiled code on threads that do not hold Python's lock."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.machine.batch import Batch
from eqpp_dash.engine.machine.layout import COUNTER_STRIDE, COUNTERS, Counter, Job
from eqpp_dash.engine.machine.tiers import Tiered

LOOK_EVERY = 0.02
"""Seconds between two looks at whether to cancel."""

SHARE = 64
"""Trajectories that make it worth while to use one more thread."""


@dataclass(slots=True)
class Watch:
    """What the caller wants to be asked and told."""

    cancel: Callable[[], bool] | None
    progress: Callable[[float], object] | None

    @property
    def wanted(self) -> bool:
        """Whether there is anybody to ask or tell."""
        return self.cancel is not None or self.progress is not None

    def cancelled(self) -> bool:
        """Ask whether to stop."""
        return self.cancel is not None and self.cancel()

    def report(self, share: float) -> None:
        """Tell the share of trajectories that have ended."""
        if self.progress is not None:
            self.progress(share)


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=4 * _cores(), thread_name_prefix="integrator")


if hasattr(os, "register_at_fork"):  # threads do not live on in a forked process
    os.register_at_fork(after_in_child=_pool.cache_clear)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_kernel(kernel: Tiered, batch: Batch, watch: Watch, threads: int | None) -> None:
    """Run a batch on some threads; the caller's own only asks, tells and waits, if need be."""
    count = batch.spans.size
    counters = np.zeros(COUNTERS, dtype=np.int64)
    setup = batch.events.setup()
    job = _job(batch, counters, setup)
    most = threads if threads is not None else _cores()
    used = max(1, min(most, -(-count // SHARE) if threads is None else count))
    if used == 1 and not watch.wanted:
        kernel.run(job)
        return
    running: list[Future[None]] = []
    try:
        for _ in range(used):
            running.append(_pool().submit(kernel.run, job))
        while wait(running, timeout=LOOK_EVERY).not_done:
            watch.report(int(counters[Counter.FINISHED * COUNTER_STRIDE]) / max(1, count))
            if watch.cancelled():
                running = _stop(counters, running)
    finally:  # whatever happens, no thread may outlive the arrays it writes to
        running = _stop(counters, running)
        wait(running)
    for future in running:
        future.result()


def _stop(counters: NDArray[np.int64], running: list[Future[None]]) -> list[Future[None]]:
    """Stop a batch; give what has begun, since other batches may keep the threads busy."""
    counters[Counter.CANCEL * COUNTER_STRIDE] = 1
    return [future for future in running if not future.cancel()]


def _job(batch: Batch, counters: NDArray[np.int64], setup: NDArray[np.int64]) -> Job:
    events = batch.events
    boxed = bool(np.isfinite(batch.low).any() or np.isfinite(batch.high).any())
    arrays = {
        "counters": counters,
        "starts": batch.starts,
        "states": batch.states,
        "times": batch.times,
        "steps": batch.steps,
        "ends": batch.ends,
        "parameters": batch.parameters,
        "spans": batch.spans,
        "relative": batch.relative,
        "absolute": batch.absolute,
        "low": batch.low,
        "high": batch.high,
        "moments": batch.moments,
        "samples": batch.samples,
        "firsts": batch.firsts,
        "passed": batch.passed,
        "reached": batch.reached,
        "section_setup": setup,
        "points": events.points,
        "cycle_points": events.cycle_points,
        "cycle_sections": events.cycle_sections,
    }
    job = Job(**{name: array.ctypes.data for name, array in arrays.items()})
    job.count, job.limit, job.boxed = batch.spans.size, batch.limit, int(boxed)
    job.moment_count = batch.moments.size - 1
    job.start_time = batch.start_time
    job.point_count, job.cycle_count = len(events.points), len(events.cycle_points)
    assert ctypes.sizeof(job) == 8 * len(Job._fields_)
    return job
