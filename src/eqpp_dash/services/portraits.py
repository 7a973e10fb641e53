"""Asking for portraits, watching their jobs, and reading the answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import structlog
from sqlalchemy import Connection

from eqpp_dash import engine
from eqpp_dash.errors import ArchiveError, JobError, NotFoundError
from eqpp_dash.jobs.launch import Launcher
from eqpp_dash.jobs.queue import Queue
from eqpp_dash.jobs.records import FAILED, FINISHED, JobRecord, Request
from eqpp_dash.model.cycles import LimitCycle
from eqpp_dash.model.narrative import with_narrative
from eqpp_dash.model.portrait import Portrait
from eqpp_dash.model.spec import PortraitSpec, portrait_id
from eqpp_dash.services.views import JobView, view_job
from eqpp_dash.store.archive import Archive

UPKEEP_EVERY_S = 1.0
CANCEL_PATIENCE_S, STOP_PATIENCE_S = 2.0, 10.0
"""How long a question waits for the row that asks the same and is being cancelled, or stopped."""
_MAX_ID_LENGTH = 64

log = structlog.get_logger("eqpp_dash.jobs")


@dataclass(frozen=True, slots=True)
class JobPolicy:
    """How jobs are run: the function's name, and the bounds from the settings."""

    task: str
    max_attempts: int = 3
    time_limit_s: float = 60.0


class Portraits:
    """Portraits by job.

    Parameters
    ----------
    queue, archive, launcher
        Where rows live, where portraits live, what starts the executor.
    policy : JobPolicy
        How jobs are run.
    check : callable
        Gives the full specification of a question, or raises what is wrong with it.
    """

    def __init__(
        self,
        queue: Queue,
        archive: Archive,
        launcher: Launcher,
        policy: JobPolicy,
        check: Callable[[PortraitSpec], PortraitSpec],
    ) -> None:
        self._queue = queue
        self._archive = archive
        self._launcher = launcher
        self._policy = policy
        self._check = check
        self._read = lru_cache(maxsize=16)(archive.portrait)

    def submit(self, spec: PortraitSpec, *, launcher: str) -> JobView:
        """Ask for a portrait.

        Parameters
        ----------
        spec : PortraitSpec
            The question.
        launcher : str
            What asks: ``serve``, ``compute``, ...

        Returns
        -------
        JobView
            The committed row; the one that asks the same already, if it is queued, running
            or finished. One that was stopped early does not count.

        Raises
        ------
        EquationError, SpecError
            If the question has no sense.
        ArchiveError
            If the row cannot be written.
        """
        full = self._check(spec)
        question = portrait_id(full, engine.RESULTS_VERSION)
        request = Request(
            key=question,
            task=self._policy.task,
            params={"spec": full.to_dict()},
            launcher=launcher,
            max_attempts=self._policy.max_attempts,
            time_limit_s=self._policy.time_limit_s,
        )

        def enter(connection: Connection, row_id: str) -> None:
            self._archive.enter(connection, row_id, question, full)

        job, is_new = self._queue.submit(request, enter)
        began = time.monotonic()
        while not is_new and time.monotonic() - began < _patience(job):
            self._see_to(job)  # it ends soon, and then the question may be asked anew
            time.sleep(0.02)
            job, is_new = self._queue.submit(request, enter)
        self._see_to(job)
        return view_job(job)

    def _see_to(self, job: JobRecord) -> None:
        """See that somebody runs a row; it is committed, so trouble is not the asker's."""
        if job.is_terminal:
            return
        try:
            self._launcher.ensure(follow=True)
        except (ArchiveError, OSError) as error:  # the follower goes on trying
            log.error("the executor cannot be reached", job=job.id, error=str(error))

    def finished(self, spec: PortraitSpec) -> JobView | None:
        """Find the finished row that answers a question already; None if there is none.

        A whole answer goes before one that was stopped early.

        Raises
        ------
        EquationError, SpecError
            If the question has no sense.
        """
        question = portrait_id(self._check(spec), engine.RESULTS_VERSION)
        job = self._queue.newest_of_key(question)
        return view_job(job) if job is not None and job.status == FINISHED else None

    def rerun(self, row_id: str, *, launcher: str = "rerun") -> JobView:
        """Ask a row's question again; the finished answer of this engine is given as it is."""
        return self.submit(self.job(row_id).spec, launcher=launcher)

    def cancel(self, row_id: str) -> JobView:
        """Cancel a job: at once if it waits, within a second if it runs.

        Raises
        ------
        NotFoundError
            If there is no such row.
        """
        job = self._queue.cancel(row_id)
        self._see_to(job)
        return view_job(job)

    def stop(self, row_id: str) -> JobView:
        """Stop a job and keep what it has found, marked as partial.

        One that waits has found nothing and is cancelled; one that has ended stays as it is.

        Raises
        ------
        NotFoundError
            If there is no such row.
        """
        job = self._queue.stop(row_id)
        self._see_to(job)
        return view_job(job)

    def job(self, row_id: str) -> JobView:
        """Read a job's row.

        Raises
        ------
        NotFoundError
            If there is no such row.
        """
        return view_job(self._queue.get(row_id[:_MAX_ID_LENGTH]))

    def find(self, row_id: str) -> JobView | None:
        """Read a job's row; None if there is none."""
        job = self._queue.find(row_id[:_MAX_ID_LENGTH])
        return None if job is None else view_job(job)

    def jobs(self, limit: int = 100, offset: int = 0, status: str | None = None) -> list[JobView]:
        """List jobs, newest first; ``partial`` is a status of its own, as in the archive's list."""
        return [view_job(job) for job in self._queue.newest(limit, offset, status)]

    def counts(self) -> dict[str, int]:
        """Count the jobs by status."""
        return self._queue.counts()

    def upkeep(self, every_s: float = UPKEEP_EVERY_S, *, follow: bool = True) -> None:
        """End what nobody runs, and start the executor if there is work; at most so often.

        Parameters
        ----------
        every_s : float
            Do nothing if it was done less than so long ago.
        follow : bool
            Go on from a thread as long as there is work, also if nobody asks any more.
        """
        self._launcher.upkeep(every_s, follow=follow)

    def start(self) -> None:
        """Make ready to compute: end what an earlier run left, start the executor."""
        self._launcher.upkeep()
        self._launcher.ensure()

    def wait(
        self,
        row_id: str,
        on_progress: Callable[[JobView], object] | None = None,
        timeout: float | None = None,
        heed: Callable[[], object] | None = None,
    ) -> JobView:
        """Wait until a job has ended.

        Parameters
        ----------
        row_id : str
            The row.
        on_progress : callable, optional
            Called with each view that differs from the last.
        timeout : float, optional
            Seconds to wait at most.
        heed : callable, optional
            Called at every look; what it raises ends the waiting.

        Returns
        -------
        JobView
            The row at its end.

        Raises
        ------
        JobError
            If it has not ended in that time.
        """
        end = None if timeout is None else time.monotonic() + timeout
        pause, last = 0.02, None
        while True:
            if heed is not None:
                heed()
            view = self.job(row_id)
            if on_progress is not None and view != last:
                on_progress(view)
                last = view
            if view.is_terminal:
                return view
            if end is not None and time.monotonic() > end:
                raise JobError(
                    f"job {row_id} is {view.status} after {timeout:g} s",
                    hint="Wait longer, or look at it with `eqpp-dash jobs`",
                )
            self.upkeep()
            time.sleep(pause)
            pause = min(0.1, pause * 1.3)

    def resolve(self, id: str) -> JobView:
        """Find a row by its id, or by its portrait's.

        For a portrait's id that is its newest whole row, else its newest one that was stopped
        early, else its newest.

        Raises
        ------
        NotFoundError
            If there is no such row or portrait.
        """
        short = id[:_MAX_ID_LENGTH]
        job = self._queue.find(short) or self._queue.newest_of_key(short)
        if job is None:
            raise NotFoundError(
                f"there is no portrait {id:.40}", "It may have been deleted, or the link is cut off"
            )
        return view_job(job)

    def portrait(self, id: str) -> Portrait:
        """Read a computed portrait, by row or portrait id.

        Raises
        ------
        NotFoundError
            If there is none.
        JobError
            If it is not computed.
        """
        return self._read(self._finished(id).row_id)

    def cycles(self, id: str, spec: PortraitSpec) -> tuple[LimitCycle, ...]:
        """Give the limit cycles of a computed portrait, if it is one of the same system.

        Parameters
        ----------
        id : str
            A row or portrait id.
        spec : PortraitSpec
            A question; its window, options and trajectories need not be those of the portrait.

        Returns
        -------
        tuple of LimitCycle
            None if the portrait is gone, not computed, or of another system.
        """
        full = self._check(spec)
        try:
            portrait = self.portrait(id)
        except (NotFoundError, JobError):
            return ()
        same = portrait.spec.equations == full.equations
        return portrait.limit_cycles if same and portrait.spec.parameters == full.parameters else ()

    def facts(self, id: str) -> dict[str, Any]:
        """Read a computed portrait's facts, told in words; raises as `portrait` does."""
        view = self._finished(id)
        return with_narrative(self._archive.facts(view.row_id))

    def _finished(self, id: str) -> JobView:
        view = self.resolve(id)
        if view.status == FINISHED:
            return view
        if view.status == FAILED:
            raise JobError(view.error, traceback=view.traceback, hint="Mend it and compute again")
        raise JobError(f"portrait {id:.40} is {view.status}", hint="Wait for it, or compute it")


def _patience(job: JobRecord) -> float:
    """Give how long to wait for a row that ends without a whole answer, for somebody wished so."""
    if job.is_terminal:
        return 0.0
    if job.cancel_asked is not None:  # it is ended by force if it does not end by itself
        return CANCEL_PATIENCE_S
    return 0.0 if job.stop_asked is None else STOP_PATIENCE_S
