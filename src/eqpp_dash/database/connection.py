"""Short transactions on the archive: one connection per operation, none kept open.

A connection that is open while its process forks loses its locks in the child, and later
commits vanish; so nothing is pooled and nothing outlives its ``with`` block.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, create_engine, event, insert
from sqlalchemy.pool import NullPool

from eqpp_dash.database import schema
from eqpp_dash.database.explain import explain, explained
from eqpp_dash.errors import ArchiveError

APPLICATION_ID = 0x45515050  # "EQPP"


class Database:
    """The archive's file.

    Parameters
    ----------
    path : Path
        The file; made by `prepare` if it does not exist.
    busy_timeout_s : float
        Seconds to wait for another writer.

    Notes
    -----
    Write-ahead log, ``synchronous=FULL``: what is committed survives a power cut. Writers
    begin with ``BEGIN IMMEDIATE``, so that what they read cannot change before they write.
    """

    def __init__(self, path: Path, busy_timeout_s: float = 30.0) -> None:
        self.path = path
        self.busy_timeout_s = busy_timeout_s
        self._engine = create_engine("sqlite://", creator=self._open, poolclass=NullPool)
        event.listen(self._engine, "begin", _begin)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Read in one consistent snapshot; nothing may be written.

        Raises
        ------
        ArchiveError
            If the file cannot be read, or is of another version.
        """
        with self._transaction(write=False) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Write in one transaction: committed at the end, rolled back by an exception.

        Raises
        ------
        ArchiveError
            If the file cannot be written, or is of another version.
        """
        with self._transaction(write=True) as connection:
            yield connection

    @contextmanager
    def _transaction(self, *, write: bool, check: bool = True) -> Iterator[Connection]:
        with explained(self.path), self._engine.connect() as plain:
            connection = plain.execution_options(eqpp_write=write)
            with connection.begin():
                if check:
                    self._check_version(_pragma(connection, "user_version"))
                yield connection

    def prepare(self) -> None:
        """Make the archive if there is none, bring an older one up to date.

        Raises
        ------
        ArchiveError
            If the file is damaged, not an archive, or of a later version; it is then left
            as it was.
        """
        self._make_file()
        with self._transaction(write=False, check=False) as connection:
            version = self._version(connection)
        if version == schema.SCHEMA_VERSION:
            return
        self._set_write_ahead_log()
        with self._transaction(write=True, check=False) as connection:
            version = self._version(connection)  # another process may have been faster
            if version == 0:
                self._create(connection)
            elif version < schema.SCHEMA_VERSION:
                from eqpp_dash.database.migrate import upgrade

                upgrade(connection)

    def check_integrity(self) -> list[str]:
        """Let SQLite check the whole file; gives what is wrong, empty if nothing."""
        with self.read() as connection:
            lines = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
        return [str(line) for line in lines if line != "ok"]

    def _make_file(self) -> None:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Only ever a new file: to close an existing one would drop this process's locks on it.
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            os.close(os.open(self.path, flags, 0o600))
        except FileExistsError:
            if self.path.is_dir() or not self.path.parent.is_dir():
                raise ArchiveError(
                    f"the archive {self.path} cannot be opened: it is not a file",
                    "Choose another folder with --data-dir",
                ) from None
        except OSError as error:
            raise ArchiveError(
                f"the archive {self.path} cannot be opened: {error.strerror}",
                "Check the folder and its permissions, or choose another with --data-dir",
            ) from error

    def _version(self, connection: Connection) -> int:
        """Give the file's version, 0 for an empty file; refuse what is not ours."""
        version = _pragma(connection, "user_version")
        application = _pragma(connection, "application_id")
        tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
        if application == APPLICATION_ID and version > 0:
            if version > schema.SCHEMA_VERSION:
                self._check_version(version)
            return version
        if tables or application or version:
            raise ArchiveError(
                f"{self.path} is another program's database",
                "Choose another folder with --data-dir",
            )
        return 0

    def _check_version(self, version: int) -> None:
        if version == schema.SCHEMA_VERSION:
            return
        if version > schema.SCHEMA_VERSION:
            raise ArchiveError(
                f"the archive {self.path} was written by a later version of EQPP Dash "
                f"(its format is {version}, this version reads up to {schema.SCHEMA_VERSION})",
                "Update EQPP Dash, or choose another folder with --data-dir",
            )
        raise ArchiveError(
            f"the archive {self.path} was replaced or removed while it was in use",
            "Restart EQPP Dash",
        )

    @staticmethod
    def _create(connection: Connection) -> None:
        schema.metadata.create_all(connection)
        connection.execute(insert(schema.alembic_version).values(version_num=schema.HEAD))
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.exec_driver_sql(f"PRAGMA user_version = {schema.SCHEMA_VERSION}")

    def _set_write_ahead_log(self) -> None:
        """Switch to the write-ahead log; the switch ignores the busy timeout, so try again."""
        end = time.monotonic() + max(self.busy_timeout_s, 1.0)
        while True:
            try:
                with closing(self._open()) as raw:
                    raw.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.Error as error:
                code = error.sqlite_errorcode & 0xFF if error.sqlite_errorcode else None
                if code != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                    raise explain(error, self.path) from error
            time.sleep(0.02)

    def _open(self) -> sqlite3.Connection:
        raw = sqlite3.connect(
            f"file:{quote(str(self.path))}?mode=rw",
            uri=True,
            timeout=self.busy_timeout_s,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            raw.execute("PRAGMA synchronous = FULL")
            raw.execute("PRAGMA foreign_keys = ON")
            raw.execute("PRAGMA trusted_schema = OFF")
        except BaseException:
            raw.close()
            raise
        return raw


def _begin(connection: Connection) -> None:
    write = connection.get_execution_options().get("eqpp_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _pragma(connection: Connection, name: str) -> int:
    return int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
