"""What the queue gives and takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from eqpp_dash.jobs.processes import Package

QUEUED, RUNNING, FINISHED = "queued", "running", "finished"
FAILED, CANCELLED = "failed", "cancelled"
STATUSES = (QUEUED, RUNNING, FINISHED, FAILED, CANCELLED)
PARTIAL = "partial"
"""What lists take for a status: finished, but stopped early; finished are then the whole ones."""
TERMINAL = frozenset({FINISHED, FAILED, CANCELLED})

Writer = Callable[[Connection, str], object]
"""Writes more in the transaction of a change, given the connection and the row's id."""


class Cancelled(BaseException):
    """Raised in a task at a progress report, after somebody cancelled its job."""


STOPPED_BY_USER = "stopped by a user"
"""Reason of a `StopAndKeep` that somebody asked for."""
KEPT_NOTHING = "nothing could be kept"


class ClaimLost(BaseException):
    """Raised in a task at a progress report, if its row no longer belongs to it."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is submitted.

    Attributes
    ----------
    key : str
        Identity of the question: a queued, running or finished row with it is given back
        instead of a new one, unless it was stopped early.
    task : str
        The function to call, as ``module:function``.
    params : mapping
        Plain values, kept as JSON.
    launcher : str
        What asked: ``serve``, ``compute``, ...
    max_attempts : int
        How often a worker may be lost before the job fails.
    time_limit_s : float
        How long one attempt may run before it is asked to stop and keep what it has.
    """

    key: str
    task: str
    params: Mapping[str, Any] = field(default_factory=dict)
    launcher: str = ""
    max_attempts: int = 3
    time_limit_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a task may return: its value, and what to write together with the status.

    Attributes
    ----------
    value : object
        Kept as JSON on the row; small.
    write : callable, optional
        Called with the open connection and the row's id, in the transaction that
        finishes the row: both are kept, or neither.
    stopped : str
        Why it is only a part of what was asked; empty if it is all of it.
    """

    value: Any
    write: Writer | None = None
    stopped: str = ""


@dataclass(frozen=True, slots=True)
class JobRecord:
    """One row of the queue, as read.

    Attributes
    ----------
    id, key, task, params, launcher, max_attempts, time_limit_s
        As submitted; the id is random and cannot be guessed.
    status : str
        One of `STATUSES`.
    attempts : int
        How often it was claimed.
    package : Package
        The copy of the code that submitted it, and that alone may run it.
    claim : str or None
        Token of the present claim; every write of a worker is fenced by it.
    host, machine, pid, pid_started
        Who claimed it last.
    heartbeat : float or None
        When it was last known to run.
    phase, fraction, message
        Progress.
    cancel_asked : float or None
        When somebody asked to cancel it.
    stop_asked : float or None
        When somebody asked to stop it and keep what it has found.
    stopped : str
        Why the result is partial; empty if it is whole, or there is none.
    error, traceback : str
        Why it ended, or why it had to be tried again.
    result : object
        The task's value; None unless finished.
    created, queued, started, ended : float or None
        Unix seconds; ``queued`` is the last time it entered the queue.
    queue_place : int or None
        How many wait before it; None unless queued.
    """

    id: str
    key: str
    task: str
    params: Mapping[str, Any]
    launcher: str
    max_attempts: int
    time_limit_s: float
    status: str
    attempts: int
    package: Package
    claim: str | None
    host: str | None
    machine: str | None
    pid: int | None
    pid_started: float | None
    heartbeat: float | None
    phase: str
    fraction: float
    message: str
    cancel_asked: float | None
    stop_asked: float | None
    stopped: str
    error: str
    traceback: str
    result: Any
    created: float
    queued: float
    started: float | None
    ended: float | None
    queue_place: int | None = None

    @property
    def is_terminal(self) -> bool:
        """Whether it has ended, one way or another."""
        return self.status in TERMINAL


@dataclass(frozen=True, slots=True)
class Overview:
    """What the executor needs to know in one look.

    Attributes
    ----------
    waiting : int
        Queued rows of the given copy of the code.
    oldest : JobRecord or None
        The first row of the queue, whosever it is.
    running : tuple of JobRecord
        Running rows, on this machine and elsewhere.
    """

    waiting: int
    oldest: JobRecord | None
    running: tuple[JobRecord, ...]


def at_limit(seconds: float) -> str:
    """Say that a job was stopped at its time limit.

    Examples
    --------
    >>> at_limit(20.0)
    'stopped at its time limit of 20 s'
    """
    return f"stopped at its time limit of {seconds:g} s"
