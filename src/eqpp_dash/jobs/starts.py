"""How the starts of the executor went: the one row that all its launchers share."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from eqpp_dash.database import Database
from eqpp_dash.jobs import statements as sql
from eqpp_dash.jobs.processes import Package

Plan = Literal["launch", "wait", "give up"]

BOOT_S = 3.0
"""A launched executor holds the lock by then, or did not come up."""
OFFER_S = 10.0
"""How long an executor leaves the lock to one of another copy of the code."""
TRIES, TRIES_S = 5, 10.0
"""So many starts in a row, over at least so long, without any use: give up."""
FORGET_S = 60.0
"""A start so long after the last is the first of a row."""


@dataclass(frozen=True, slots=True)
class StartState:
    """The row: unix seconds of each event, 0 for never."""

    launched: float
    ready: float
    beat: float
    failures: int
    first_failure: float
    offered: float
    offered_to: Package


class Starts:
    """Decides when an executor is launched, and when that has failed too often.

    Parameters
    ----------
    database : Database
        The archive.
    clock : callable
        Gives unix seconds.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self.database = database
        self.clock = clock

    def state(self) -> StartState:
        """Read the row."""
        with self.database.read() as connection:
            found = _read(connection)
        return found or StartState(0, 0, 0, 0, 0, 0, Package("", ""))

    def plan(self, package: Package) -> Plan:
        """Decide what a launcher does that found the lock free; counts a launch as made."""
        now = self.clock()
        with self.database.write() as connection:
            state = _read(connection)
            if state is None:
                connection.execute(sql.new_executor_state)
                state = StartState(0, 0, 0, 0, 0, 0, Package("", ""))
            offered_elsewhere = state.offered_to.file and state.offered_to != package
            if offered_elsewhere and 0 <= now - state.offered < OFFER_S:
                return "wait"
            if state.launched > state.ready and 0 <= now - state.launched < BOOT_S:
                return "wait"
            in_a_row = state.failures > 0 and 0 <= now - state.launched < FORGET_S
            failures = state.failures if in_a_row else 0
            began = min(state.first_failure, now) if in_a_row else now
            if failures >= TRIES and now - began >= TRIES_S:
                connection.execute(sql.note_executor.values(failures=0, launched=0.0))
                return "give up"
            connection.execute(
                sql.note_executor.values(launched=now, failures=failures + 1, first_failure=began)
            )
            return "launch"

    def note_ready(self, package: Package) -> None:
        """Say that an executor is up; an offer made to its copy of the code is taken."""
        with self.database.write() as connection:
            state = _read(connection)
            if state is None:
                connection.execute(sql.new_executor_state)
            now = self.clock()
            connection.execute(sql.note_executor.values(ready=now, beat=now))
            if state is not None and state.offered_to == package:
                self._offer(connection, Package("", ""), 0.0)

    def note_useful(self) -> None:
        """Say that the executor did its duty, so that earlier failures count no more."""
        with self.database.write() as connection:
            connection.execute(sql.note_executor.values(failures=0, beat=self.clock()))

    def offer(self, package: Package) -> None:
        """Leave the lock to an executor of another copy of the code."""
        with self.database.write() as connection:
            self._offer(connection, package, self.clock())

    def probe(self) -> None:
        """Write something that is of no consequence, to see that writing works."""
        with self.database.write() as connection:
            if _read(connection) is None:
                connection.execute(sql.new_executor_state)
            connection.execute(sql.note_executor.values(probed=self.clock()))

    @staticmethod
    def _offer(connection: Connection, package: Package, when: float) -> None:
        connection.execute(
            sql.note_executor.values(
                offered_file=package.file, offered_version=package.version, offered=when, failures=0
            )
        )


def _read(connection: Connection) -> StartState | None:
    row = connection.execute(sql.executor_state).mappings().one_or_none()
    if row is None:
        return None
    return StartState(
        launched=row["launched"],
        ready=row["ready"],
        beat=row["beat"],
        failures=row["failures"],
        first_failure=row["first_failure"],
        offered=row["offered"],
        offered_to=Package(row["offered_file"], row["offered_version"]),
    )
