"""The queue: rows of jobs, and the few ways in which they may change.

Claims count the running rows in the transaction that claims; every write of a worker is
fenced by the token of its claim; a result and its status are one transaction.
"""

from __future__ import annotations

import secrets
import time
from base64 import b32encode
from collections.abc import Callable
from typing import Any, Literal

import orjson
from sqlalchemy import Connection, RowMapping

from eqpp_dash.database import Database
from eqpp_dash.errors import NotFoundError
from eqpp_dash.jobs import statements as sql
from eqpp_dash.jobs.processes import Package, start_time, this_host, this_machine, this_package
from eqpp_dash.jobs.records import (
    CANCELLED,
    FAILED,
    PARTIAL,
    QUEUED,
    STOPPED_BY_USER,
    JobRecord,
    Outcome,
    Overview,
    Request,
    Writer,
)


def new_id() -> str:
    """Make an id that cannot be guessed: 24 characters of ``a-z2-7``."""
    return b32encode(secrets.token_bytes(15)).decode().lower()


Order = Literal["go on", "stop", "cancel", "lost"]


class Queue:
    """The jobs in an archive.

    Parameters
    ----------
    database : Database
        The archive; prepared.
    clock : callable
        Gives unix seconds.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self.database = database
        self.clock = clock

    # ---- asking ------------------------------------------------------------------------

    def submit(self, request: Request, write: Writer | None = None) -> tuple[JobRecord, bool]:
        """Enter a job, or find the live row that asks the same.

        Parameters
        ----------
        request : Request
            What is asked.
        write : callable, optional
            Called in the same transaction if a row is made.

        Returns
        -------
        JobRecord, bool
            The row, committed, and whether it is new.
        """
        params = orjson.dumps(dict(request.params)).decode()
        with self.database.read() as connection:
            found = _one(connection, sql.find_live, job_key=request.key)
        if found is not None:
            return found, False
        package, now = this_package(), self.clock()
        with self.database.write() as connection:
            found = _one(connection, sql.find_live, job_key=request.key)
            if found is not None:
                return found, False
            row_id = new_id()
            connection.execute(
                sql.enter,
                {
                    "id": row_id,
                    "key": request.key,
                    "task": request.task,
                    "params": params,
                    "status": QUEUED,
                    "attempts": 0,
                    "max_attempts": request.max_attempts,
                    "time_limit_s": request.time_limit_s,
                    "package_file": package.file,
                    "package_version": package.version,
                    "launcher": request.launcher,
                    "phase": QUEUED,
                    "fraction": 0.0,
                    "message": "",
                    "error": "",
                    "traceback": "",
                    "created": now,
                    "queued": now,
                },
            )
            if write is not None:
                write(connection, row_id)
            made = _one(connection, sql.find, row_id=row_id)
        assert made is not None
        return made, True

    def get(self, row_id: str) -> JobRecord:
        """Read a row; raises NotFoundError."""
        found = self.find(row_id)
        if found is None:
            raise NotFoundError(f"there is no job {row_id:.40}", "It may have been deleted")
        return found

    def find(self, row_id: str) -> JobRecord | None:
        """Read a row, if there is one."""
        with self.database.read() as connection:
            return _one(connection, sql.find, row_id=row_id)

    def newest_of_key(self, key: str) -> JobRecord | None:
        """Read the newest whole row of a question, else its newest partial one, else its newest."""
        with self.database.read() as connection:
            return _one(connection, sql.newest_of_key, job_key=key)

    def newest(self, count: int, start: int = 0, status: str | None = None) -> list[JobRecord]:
        """Read the newest rows, newest first; `PARTIAL` is a status of its own here."""
        values: dict[str, Any] = {"count": count, "start": start}
        statement = sql.newest if status is None else sql.newest_partial
        if status is not None and status != PARTIAL:
            statement, values["wanted"] = sql.newest_of_status, status
        with self.database.read() as connection:
            return _all(connection, statement, **values)

    def counts(self) -> dict[str, int]:
        """Count the rows by status."""
        with self.database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(sql.count_by_status)}

    def overview(self, package: Package) -> Overview:
        """Look at what waits and what runs."""
        with self.database.read() as connection:
            waiting = connection.execute(sql.count_waiting, _package(package)).scalar_one()
            return Overview(
                waiting=waiting,
                oldest=_one(connection, sql.oldest_queued),
                running=tuple(_all(connection, sql.all_running)),
            )

    def cancel(self, row_id: str) -> JobRecord:
        """Cancel a job: at once if it waits, else by a flag that its worker and executor heed.

        Returns
        -------
        JobRecord
            The row after that; a row that has ended is left as it is.

        Raises
        ------
        NotFoundError
            If there is no such row.
        """
        return self._end_early(row_id, sql.ask_cancel, "cancelled while it waited")

    def stop(self, row_id: str) -> JobRecord:
        """Stop a job and keep what it has found, by a flag that its worker heeds.

        Returns
        -------
        JobRecord
            The row after that. One that waits has found nothing: it is cancelled at once. One
            that has ended, or is being cancelled or stopped already, is left as it is.

        Raises
        ------
        NotFoundError
            If there is no such row.
        """
        reason = f"{STOPPED_BY_USER} while it waited: nothing had been found"
        return self._end_early(row_id, sql.ask_stop, reason)

    def _end_early(self, row_id: str, ask: Any, reason: str) -> JobRecord:
        with self.database.write() as connection:
            values = {"row_id": row_id, "now": self.clock()}
            if not connection.execute(sql.cancel_queued, {**values, "reason": reason}).rowcount:
                connection.execute(ask, values)
        return self.get(row_id)

    def delete(self, row_id: str) -> bool:
        """Delete a row that has ended; gives whether it was there and had ended."""
        with self.database.write() as connection:
            return connection.execute(sql.delete_ended, {"row_id": row_id}).rowcount == 1

    # ---- working -----------------------------------------------------------------------

    def claim(self, cap: int, pid: int) -> JobRecord | None:
        """Claim the next job of this copy of the code, in the process that will run it.

        Parameters
        ----------
        cap : int
            How many may run on this machine, this one included.
        pid : int
            The process.

        Returns
        -------
        JobRecord or None
            The claimed row; None if nothing waits or the cap is reached.
        """
        here = {"machine": this_machine()}
        with self.database.write() as connection:
            if connection.execute(sql.count_running_here, here).scalar_one() >= cap:
                return None
            row_id = connection.execute(
                sql.next_for_package, _package(this_package())
            ).scalar_one_or_none()
            if row_id is None:
                return None
            connection.execute(
                sql.claim,
                {
                    "row_id": row_id,
                    "token": secrets.token_hex(16),
                    "by_host": this_host(),
                    "by_machine": this_machine(),
                    "by_pid": pid,
                    "by_pid_started": start_time(pid),
                    "now": self.clock(),
                },
            )
            connection.execute(sql.note_executor.values(failures=0))
            return _one(connection, sql.find, row_id=row_id)

    def report(self, job: JobRecord, phase: str, fraction: float, message: str) -> Order:
        """Write progress.

        Returns
        -------
        str
            ``go on``; ``cancel`` or ``stop`` if somebody asked for that; ``lost`` if the row is
            not the worker's any more.
        """
        values = {
            **_fence(job),
            "now": self.clock(),
            "new_phase": phase[:60],
            "new_fraction": fraction,
            "new_message": message[:1000],
        }
        with self.database.write() as connection:
            if connection.execute(sql.report, values).rowcount != 1:
                return "lost"
            cancel, stop = connection.execute(sql.wishes, {"row_id": job.id}).one()
        return "cancel" if cancel is not None else "go on" if stop is None else "stop"

    def finish(self, job: JobRecord, outcome: Outcome) -> bool:
        """Keep a result: the value, what the outcome writes, and the status, or nothing.

        Returns
        -------
        bool
            False if the claim was lost; nothing is kept then.

        Raises
        ------
        TypeError
            If the value cannot be kept as JSON.
        """
        value = orjson.dumps(outcome.value).decode()
        with self.database.write() as connection:
            done = connection.execute(
                sql.finish,
                {
                    **_fence(job),
                    "value": value,
                    "why_partial": outcome.stopped,
                    "now": self.clock(),
                },
            )
            if done.rowcount != 1:
                return False
            if outcome.write is not None:
                outcome.write(connection, job.id)
        return True

    def fail(self, job: JobRecord, reason: str, traceback: str = "") -> bool:
        """End a claimed job with an error; False if the claim was lost."""
        return self._end(job, FAILED, reason, traceback)

    def end_cancelled(self, job: JobRecord, reason: str = "cancelled while it ran") -> bool:
        """End a claimed job as cancelled; False if the claim was lost."""
        return self._end(job, CANCELLED, reason, "")

    def lose(self, job: JobRecord, reason: str) -> str | None:
        """Give up on a worker that is gone: try again up to the limit, then fail.

        Returns
        -------
        str or None
            The row's new status; None if it was not that worker's any more.
        """
        now = self.clock()
        fence = _fence(job)
        with self.database.write() as connection:
            current = _one(connection, sql.find, row_id=job.id)
            if current is None or current.claim != job.claim:
                return None
            if current.cancel_asked is not None:
                status, words = CANCELLED, "cancelled while it ran"
            elif current.stop_asked is not None:
                status, words = CANCELLED, f"{STOPPED_BY_USER}; nothing could be kept: {reason}"
            elif current.attempts < current.max_attempts:
                status, words = QUEUED, f"{reason}; tried again"
            else:
                status = FAILED
                words = f"{reason} (attempt {current.attempts} of {current.max_attempts})"
            if status == QUEUED:
                done = connection.execute(sql.requeue, {**fence, "reason": words, "now": now})
            else:
                done = connection.execute(
                    sql.end,
                    {**fence, "new_status": status, "reason": words, "trace": "", "now": now},
                )
            return status if done.rowcount == 1 else None

    def _end(self, job: JobRecord, status: str, reason: str, traceback: str) -> bool:
        values = {
            **_fence(job),
            "new_status": status,
            "reason": reason or "ended without a reason",
            "trace": traceback[-100_000:],
            "now": self.clock(),
        }
        with self.database.write() as connection:
            return connection.execute(sql.end, values).rowcount == 1

    # ---- upkeep ------------------------------------------------------------------------

    def beat(self) -> None:
        """Say that the running rows of this machine are alive."""
        with self.database.write() as connection:
            connection.execute(sql.beat_here, {"at_machine": this_machine(), "now": self.clock()})
            connection.execute(sql.note_executor.values(beat=self.clock()))

    def fail_queued(self, package: Package, reason: str, traceback: str = "") -> int:
        """Fail every waiting row of a copy of the code that nobody can run."""
        values = {**_package(package), "reason": reason, "trace": traceback, "now": self.clock()}
        with self.database.write() as connection:
            return connection.execute(sql.fail_queued_of_package, values).rowcount


def _fence(job: JobRecord) -> dict[str, Any]:
    return {"row_id": job.id, "token": job.claim}


def _package(package: Package) -> dict[str, str]:
    return {"of_file": package.file, "of_version": package.version}


def _one(connection: Connection, statement: Any, **values: Any) -> JobRecord | None:
    row = connection.execute(statement, values).mappings().one_or_none()
    return None if row is None else _record(row)


def _all(connection: Connection, statement: Any, **values: Any) -> list[JobRecord]:
    return [_record(row) for row in connection.execute(statement, values).mappings()]


def _record(row: RowMapping) -> JobRecord:
    values: dict[str, Any] = dict(row)
    del values["seq"]
    values["params"] = orjson.loads(values["params"])
    values["result"] = None if values["result"] is None else orjson.loads(values["result"])
    values["package"] = Package(values.pop("package_file"), values.pop("package_version"))
    return JobRecord(**values)
