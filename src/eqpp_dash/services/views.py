"""What the page and the command see of a job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eqpp_dash.jobs.records import QUEUED, TERMINAL, JobRecord
from eqpp_dash.model.spec import PortraitSpec


@dataclass(frozen=True, slots=True)
class Owner:
    """Who ran a job, and which copy of the code.

    Attributes
    ----------
    host, pid : str or None, int or None
        The process that claimed it last; None before the first claim.
    package_file, package_version : str
        The copy of the code.
    launcher : str
        What asked: ``serve``, ``compute``, ...
    """

    host: str | None
    pid: int | None
    package_file: str
    package_version: str
    launcher: str


@dataclass(frozen=True, slots=True)
class JobView:
    """One job, as read from its row.

    Attributes
    ----------
    row_id, portrait_id : str
        The row, and the question it answers.
    task : str
        The function that answers it, as ``module:function``.
    status : str
        ``queued``, ``running``, ``finished``, ``failed`` or ``cancelled``.
    phase, fraction, message : str, float, str
        Progress; the fraction is 0 to 1.
    queue_place : int or None
        How many wait before it; None unless queued.
    attempts : int
        How often it was started.
    error, traceback : str
        Why it failed, was cancelled, or had to be started again.
    owner : Owner
        Who ran it.
    created, started, ended : float or None
        Unix seconds.
    spec : PortraitSpec
        What is asked.
    stopped : str
        Why the portrait is partial, as "stopped by a user while limit cycles were searched";
        empty if it is whole, or there is none.
    stopping : bool
        Whether somebody asked to stop it and keep what it has found, and it has not ended.
    result : object
        The task's value, once finished.
    """

    row_id: str
    portrait_id: str
    task: str
    status: str
    phase: str
    fraction: float
    message: str
    queue_place: int | None
    attempts: int
    error: str
    traceback: str
    owner: Owner
    created: float
    started: float | None
    ended: float | None
    spec: PortraitSpec
    stopped: str
    stopping: bool = False
    result: Any = None

    @property
    def is_terminal(self) -> bool:
        """Whether it has ended, one way or another."""
        return self.status in TERMINAL

    @property
    def partial(self) -> bool:
        """Whether the portrait was stopped early."""
        return bool(self.stopped)

    @property
    def queue_s(self) -> float | None:
        """Seconds from the question to its first start; None before that."""
        return None if self.started is None else max(0.0, self.started - self.created)


def view_job(job: JobRecord) -> JobView:
    """Give the view of a row."""
    return JobView(
        row_id=job.id,
        portrait_id=job.key,
        task=job.task,
        status=job.status,
        phase=job.phase,
        fraction=job.fraction,
        message=job.message,
        queue_place=job.queue_place if job.status == QUEUED else None,
        attempts=job.attempts,
        error=job.error,
        traceback=job.traceback,
        owner=Owner(job.host, job.pid, job.package.file, job.package.version, job.launcher),
        created=job.created,
        started=job.started,
        ended=job.ended,
        spec=PortraitSpec.from_json(job.params["spec"]),
        stopped=job.stopped,
        stopping=job.stop_asked is not None and not job.is_terminal,
        result=job.result,
    )
