"""The archive as the page and the command use it."""

from __future__ import annotations

from collections.abc import Callable

from eqpp_dash.errors import ForbiddenError, JobError
from eqpp_dash.jobs.queue import Queue
from eqpp_dash.store.archive import Archive, ArchiveEntry

MAX_LIMIT, MAX_TEXT = 500, 400


class ArchiveService:
    """Search and delete.

    Parameters
    ----------
    queue, archive
        Where rows and portraits live.
    upkeep : callable
        Sees to rows that nobody runs; called often.
    can_delete : bool
        Whether rows may be deleted here.
    """

    def __init__(
        self, queue: Queue, archive: Archive, upkeep: Callable[[], object], *, can_delete: bool
    ) -> None:
        self._queue = queue
        self._archive = archive
        self._upkeep = upkeep
        self.can_delete = can_delete

    def search(
        self,
        text: str = "",
        status: str | None = None,
        limit: int = 50,
        offset: int = 0,
        *,
        cycles: str | None = None,
    ) -> list[ArchiveEntry]:
        """List portraits, newest first; see `eqpp_dash.store.archive.Archive.search`."""
        self._upkeep()
        return self._archive.search(
            _readable(text), status, max(0, min(limit, MAX_LIMIT)), max(0, offset), cycles=cycles
        )

    def count(self, text: str = "", status: str | None = None, *, cycles: str | None = None) -> int:
        """Count what `search` would list."""
        return self._archive.count(_readable(text), status, cycles=cycles)

    def delete(self, row_id: str) -> None:
        """Delete a row that has ended, with its portrait.

        Raises
        ------
        ForbiddenError
            If this server does not allow it.
        NotFoundError
            If there is no such row.
        JobError
            If it has not ended.
        """
        if not self.can_delete:
            raise ForbiddenError(
                "this server does not allow deleting", "Start it with --allow-delete, or locally"
            )
        if self._queue.delete(row_id):
            return
        job = self._queue.get(row_id)
        raise JobError(f"job {row_id} is {job.status}", hint="Cancel it first")


def _readable(text: str) -> str:
    """Give what the database can look for: not too much, no half of a surrogate pair."""
    return text[:MAX_TEXT].encode("utf-8", "replace").decode()
