"""Dash background callbacks whose work is a row: a DiskcacheManager that starts no process.

The body of the callback runs in the executor; a page only reads the row. Dash's cache key
stands for a row, its job handle is the row's id and a nonce, and nothing that Dash does to a
handle can lose or kill the job. Written against `dash._callback` and
`dash.background_callback.managers` of Dash 4.4.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import diskcache
from dash import DiskcacheManager, get_app
from dash.background_callback.managers import BaseBackgroundCallbackManager
from dash.exceptions import PreventUpdate

KEEP_S = 86_400
"""How long a cache key stands for its row; the row itself stays."""
_MAX_ID_LENGTH = 64
_NO_UPDATE = {"_dash_no_update": "_dash_no_update"}


class JobRow(Protocol):
    """What is read of a row."""

    @property
    def row_id(self) -> str: ...  # noqa: D102
    @property
    def task(self) -> str: ...  # noqa: D102
    @property
    def status(self) -> str: ...  # noqa: D102
    @property
    def phase(self) -> str: ...  # noqa: D102
    @property
    def fraction(self) -> float: ...  # noqa: D102
    @property
    def message(self) -> str: ...  # noqa: D102
    @property
    def queue_place(self) -> int | None: ...  # noqa: D102
    @property
    def attempts(self) -> int: ...  # noqa: D102
    @property
    def error(self) -> str: ...  # noqa: D102
    @property
    def traceback(self) -> str: ...  # noqa: D102
    @property
    def stopped(self) -> str: ...  # noqa: D102
    @property
    def stopping(self) -> bool: ...  # noqa: D102
    @property
    def result(self) -> Any: ...  # noqa: D102
    @property
    def created(self) -> float: ...  # noqa: D102
    @property
    def ended(self) -> float | None: ...  # noqa: D102
    @property
    def is_terminal(self) -> bool: ...  # noqa: D102


class JobSource(Protocol):
    """What the manager asks of the jobs; ``services.portraits`` is one."""

    def find(self, row_id: str) -> JobRow | None:
        """Read a row; None if there is none."""
        ...

    def cancel(self, row_id: str) -> object:
        """Ask for the end of a job."""
        ...

    def upkeep(self) -> None:
        """End what nobody runs, start the executor if there is work; cheap if called often."""
        ...


def percent_and_words(row: JobRow) -> list[Any]:
    """Give the values of two progress outputs: percent (0 to 100), and what is being done."""
    return [round(100 * row.fraction, 1), row.message or row.phase]


class RowBackedManager(DiskcacheManager):
    """Shows the row of a job to the pages that watch it.

    Parameters
    ----------
    jobs : JobSource
        Where the rows are.
    directory : Path
        Folder of the cache, which holds row ids by Dash's keys and nothing else; made with
        mode 0700, opened at the first poll.
    status : str, optional
        ``id.property`` of a `dcc.Store` that receives, with each poll, the row's ``id``,
        ``status``, ``phase``, ``fraction``, ``message``, ``queue_place``, ``attempts``,
        ``error``, ``traceback``, ``stopped``, ``stopping``, ``elapsed`` (s) and ``t`` (unix s).
    progress : callable, optional
        Gives the values of the callback's progress outputs for a running row.

    Notes
    -----
    Whoever watches a row may cancel it, for everyone: a row's id is the permission, so it
    must be one that cannot be guessed.
    """

    def __init__(
        self,
        jobs: JobSource,
        directory: Path,
        *,
        status: str | None = None,
        progress: Callable[[JobRow], list[Any]] = percent_and_words,
    ) -> None:
        # Not DiskcacheManager's: that would open a cache here, and the app may yet fork.
        BaseBackgroundCallbackManager.__init__(self, None)  # type: ignore[no-untyped-call]
        self._jobs = jobs
        self._directory = directory
        self._status = status
        self._progress = progress
        self.expire = KEEP_S

    @cached_property
    def handle(self) -> Any:
        """The cache, opened at its first use."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.chmod(self._directory, 0o700)
        return diskcache.Cache(str(self._directory), disk=diskcache.JSONDisk, timeout=10)

    # ---- a callback begins ---------------------------------------------------------------

    def make_job_fn(self, fn: Any, progress: Any, key: Any = None) -> str:
        """Name the body: the executor imports it by that name."""
        return f"{fn.__module__}:{fn.__qualname__}"

    def call_job_fn(self, key: str, job_fn: str, args: Any, context: Any) -> str:
        """Watch the row whose id is the callback's first argument; nothing is started.

        Raises
        ------
        PreventUpdate
            If there is no such row of this task; the page's ``running`` is reset.
        """
        first = next(iter(args.values() if isinstance(args, dict) else args), None)
        row = self._find(first)
        if row is None or row.task != job_fn:
            raise PreventUpdate
        self.handle.set(key, row.row_id, expire=KEEP_S)
        return f"{row.row_id}.{secrets.token_hex(6)}"  # the page keys its polls by it

    # ---- a page polls --------------------------------------------------------------------

    def get_progress(self, key: str) -> list[Any] | None:
        """Give the progress outputs' values of a running row."""
        row = self._row_of_key(key)
        return self._progress(row) if row is not None and row.status == "running" else None

    def result_ready(self, key: str) -> bool:
        """Tell whether the row has ended."""
        row = self._row_of_key(key)
        return row is not None and row.is_terminal

    def get_result(self, key: str, job: str | None) -> Any:
        """Give what the row ended with, to any number of pages; looks after the executor."""
        row = self._row_of_handle(job) or self._row_of_key(key)
        if row is not None and not row.is_terminal:
            self._jobs.upkeep()
        if row is None or not row.is_terminal:
            return self.UNDEFINED
        if row.status == "finished":
            return row.result
        if row.status == "cancelled":
            return _NO_UPDATE
        return {"background_callback_error": {"msg": row.error, "tb": row.traceback}}

    def job_running(self, job: str | None) -> bool:
        """Tell whether the row exists.

        Dash asks after it has read the result. "No" beside an undefined result ends the
        polling with nothing, so a row that ended between the two reads would lose its
        result; a row that exists always answers at the next poll.
        """
        return self._row_of_handle(job) is not None

    def get_updated_props(self, key: str | None) -> dict[str, Any]:
        """Give the row's state to the status store, as a side update of the poll."""
        row = self._row_of_key(key) if self._status else None
        if row is None or self._status is None:
            return {}
        component, _, prop = self._status.rpartition(".")
        now = time.time()
        state = {
            "id": row.row_id,
            "status": row.status,
            "phase": row.phase,
            "fraction": row.fraction,
            "message": row.message,
            "queue_place": row.queue_place,
            "attempts": row.attempts,
            "error": row.error,
            "traceback": row.traceback,
            "stopped": row.stopped,
            "stopping": row.stopping,
            "elapsed": round(max(0.0, (row.ended or now) - row.created), 2),
            "t": now,
        }
        return {component: {prop: state}}

    # ---- a page leaves, or cancels -------------------------------------------------------

    def terminate_job(self, job: str | None) -> None:
        """Cancel, if the request is a cancellation; leave the job alone otherwise.

        Dash calls this also when a new call replaces an old one and when a result is read.
        """
        if job is None:
            return
        request = get_app().backend.request_adapter()  # type: ignore[no-untyped-call]
        if not request.args.getlist("cancelJob"):
            return
        row = self._row_of_handle(job)
        if row is not None:
            self._jobs.cancel(row.row_id)

    def terminate_unhealthy_job(self, job: str | None) -> bool:
        """Do nothing: the executor ends what is unhealthy, with the reason on the row."""
        return False

    def clear_cache_entry(self, key: str) -> None:
        """Do nothing: a key stands for its row as long as a page may ask."""

    def get_or_create_signing_secret(self, generate: Callable[[], bytes]) -> bytes:
        """Give the secret that signs handles, for an app without a ``secret_key``."""
        self.handle.add(self.SIGNING_SECRET_KEY, generate().hex())
        return bytes.fromhex(self.handle.get(self.SIGNING_SECRET_KEY))

    # ---- rows ----------------------------------------------------------------------------

    def _find(self, row_id: Any) -> JobRow | None:
        if not isinstance(row_id, str) or not 0 < len(row_id) <= _MAX_ID_LENGTH:
            return None
        return self._jobs.find(row_id)

    def _row_of_key(self, key: str | None) -> JobRow | None:
        return None if key is None else self._find(self.handle.get(key))

    def _row_of_handle(self, job: str | None) -> JobRow | None:
        return None if job is None else self._find(job.partition(".")[0])
