"""What SQLite says, in words that help."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from eqpp_dash.errors import ArchiveError

_CAUSES: dict[int, tuple[str, str]] = {
    sqlite3.SQLITE_BUSY: (
        "is locked by another program",
        "Close what holds it open (a backup, a database browser) and try again",
    ),
    sqlite3.SQLITE_LOCKED: ("is locked by another connection", "Try again"),
    sqlite3.SQLITE_READONLY: (
        "cannot be written: it or its folder is read-only",
        "Give yourself write permission, or choose another folder with --data-dir",
    ),
    sqlite3.SQLITE_FULL: (
        "cannot grow: the disk is full",
        "Free some space, or choose a folder on another disk with --data-dir",
    ),
    sqlite3.SQLITE_IOERR: (
        "cannot be read or written: the disk reports an error",
        "Check the disk and its free space; restore the archive from a backup if need be",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "cannot be opened",
        "Check that the folder exists and that you may read and write in it",
    ),
    sqlite3.SQLITE_PERM: ("may not be opened", "Give yourself permission to read and write it"),
    sqlite3.SQLITE_NOTADB: (
        "is not a database, or is damaged",
        "Move the file away and restore a backup; a new archive is made when there is none",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "is damaged",
        "Move the file away and restore a backup, or salvage it with `sqlite3 FILE .recover`",
    ),
    sqlite3.SQLITE_TOOBIG: ("refuses a value: it is too big", "Compute a smaller portrait"),
    sqlite3.SQLITE_NOMEM: ("cannot be read: there is not enough memory", "Free some memory"),
}


def explain(error: BaseException, path: Path) -> ArchiveError:
    """Turn an error of the database into one that names the file and the mend.

    Parameters
    ----------
    error : BaseException
        What SQLAlchemy or sqlite3 raised.
    path : Path
        The archive's file.

    Returns
    -------
    ArchiveError
        To be raised in its place.
    """
    origin = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(origin, "sqlite_errorcode", None)
    cause, mend = _CAUSES.get(
        code & 0xFF if isinstance(code, int) else -1,
        (f"reports: {origin}", "Run `eqpp-dash doctor` for a closer look"),
    )
    return ArchiveError(f"the archive {path} {cause}", mend)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Raise `ArchiveError` in the place of whatever the database raises within."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        raise explain(error, path) from error
