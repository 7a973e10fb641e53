"""Runs compiled code on threads that do not hold Python's lock."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.machine.batch import Batch
from eqpp_dash.engine.machine.layout import COUNTER_STRIDE, COUNTERS, Counter, Job, address_of
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
    setup = batch.events.setup() if batch.events.crossing else None
    job = _job(batch, counters, setup)
    worth = -(-count // SHARE) if threads is None else count
    used = 1 if worth <= 1 else max(1, min(worth, threads if threads is not None else _cores()))
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


def _job(batch: Batch, counters: NDArray[np.int64], setup: NDArray[np.int64] | None) -> Job:
    """Give what compiled code reads; addresses of arrays, which must live on."""
    events, job = batch.events, Job()
    job.counters = address_of(counters)
    job.starts, job.states = address_of(batch.starts), address_of(batch.states)
    job.times, job.spans = address_of(batch.times), address_of(batch.spans)
    job.steps, job.ends = address_of(batch.steps), address_of(batch.ends)
    job.passed, job.reached = address_of(batch.passed), address_of(batch.reached)
    job.relative, job.absolute = address_of(batch.relative), address_of(batch.absolute)
    job.low, job.high = address_of(batch.low), address_of(batch.high)
    job.boxed = any(map(math.isfinite, batch.low.tolist() + batch.high.tolist()))
    job.parameters = address_of(batch.parameters)
    job.count, job.limit, job.start_time = batch.spans.size, batch.limit, batch.start_time
    if batch.samples.size:
        job.moments, job.samples = address_of(batch.moments), address_of(batch.samples)
        job.firsts, job.moment_count = address_of(batch.firsts), batch.moments.size - 1
    if setup is not None:
        job.section_setup = address_of(setup)
    if len(events.points):
        job.points, job.point_count = address_of(events.points), len(events.points)
    if len(events.cycle_points):
        job.cycle_points = address_of(events.cycle_points)
        job.cycle_sections = address_of(events.cycle_sections)
        job.cycle_count = len(events.cycle_points)
    return job
