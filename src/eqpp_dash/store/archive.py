"""The archive's table of portraits: entered when asked, filled when computed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, Select, func, insert, select, update

from eqpp_dash.database import Database
from eqpp_dash.database.schema import jobs, links, portraits
from eqpp_dash.errors import NotFoundError
from eqpp_dash.model.cycles import NOT_SEARCHED
from eqpp_dash.model.portrait import Portrait
from eqpp_dash.model.spec import PortraitSpec
from eqpp_dash.store.codec import decode_portrait, encode_portrait

MAX_SEARCH_WORDS = 8
PARTIAL = "partial"
"""What `Archive.search` takes for a status: finished, but stopped early."""
CYCLE_COUNTS = {"any": portraits.c.cycles, "stable": portraits.c.stable_cycles}


@dataclass(frozen=True, slots=True)
class ArchiveEntry:
    """One line of the archive's list.

    Attributes
    ----------
    row_id, portrait_id, status, title, equations, summary : str
        What it is, and what was found in one line.
    created, finished : float or None
        Unix seconds.
    parameters : mapping of str to float or str
        The values that were used.
    stopped : str
        Why it is partial; empty if it is whole, or not computed.
    error : str
        Why it failed or was cancelled.
    thumbnail : bytes or None
        A small SVG picture.
    """

    row_id: str
    portrait_id: str
    status: str
    title: str
    equations: str
    summary: str
    created: float
    finished: float | None
    parameters: Mapping[str, float | str]
    stopped: str
    error: str
    thumbnail: bytes | None


@dataclass(frozen=True, slots=True)
class Computed:
    """A portrait ready to be kept: encoded before the transaction, so that it is short."""

    arrays: bytes
    facts: bytes
    thumbnail: bytes | None
    summary: str
    partial: bool
    cycles: int | None = None
    stable_cycles: int | None = None


def prepare_computed(
    portrait: Portrait, facts: Mapping[str, Any], thumbnail: bytes | None
) -> Computed:
    """Encode a portrait for `Archive.fill`."""
    cycles = [item.stability for item in portrait.limit_cycles]
    known = bool(cycles) or not portrait.cycle_coverage.status.startswith(NOT_SEARCHED)
    return Computed(
        arrays=encode_portrait(portrait),
        facts=orjson.dumps(dict(facts)),
        thumbnail=thumbnail,
        summary=summarize(portrait),
        partial=portrait.partial,
        cycles=len(cycles) if known else None,
        stable_cycles=cycles.count("stable") if known else None,
    )


def summarize(portrait: Portrait) -> str:
    """Say in one line what was found; of equilibria, what is in the window.

    Examples
    --------
    >>> from eqpp_dash.model.portrait import SystemFacts
    >>> system = SystemFacts(("x",), {}, True, ("-x",), ("-x",), (("-1",),))
    >>> summarize(Portrait(PortraitSpec("x' = -x"), "1", system, {"x": (-1, 1)}))
    'no equilibria'
    """
    kinds: dict[str, int] = {}
    for item in portrait.equilibria:
        if item.location == "outside":
            continue  # told as the end of an orbit, not as one of the window's
        kinds[item.kind] = kinds.get(item.kind, 0) + 1
    parts = [f"{count} × {kind}" if count > 1 else kind for kind, count in kinds.items()]
    if portrait.equilibrium_sets:
        count = len(portrait.equilibrium_sets)
        parts.append("a set of equilibria" if count == 1 else f"{count} sets of equilibria")
    if not parts and not portrait.stopped:
        parts.append("no equilibria")
    for stability in ("stable", "unstable", "semi-stable"):
        count = sum(item.stability == stability for item in portrait.limit_cycles)
        if count:
            parts.append(f"{count} {stability} {'cycle' if count == 1 else 'cycles'}")
    return ", ".join(parts)


class Archive:
    """Portraits and short links in an archive.

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

    # ---- within the queue's transactions -------------------------------------------------

    @staticmethod
    def enter(connection: Connection, row_id: str, portrait_id: str, spec: PortraitSpec) -> None:
        """Enter a portrait that was asked, beside its job's row."""
        connection.execute(
            insert(portraits).values(
                row_id=row_id,
                portrait_id=portrait_id,
                title=spec.title,
                equations=spec.equations,
                spec=spec.to_json(),
                summary="",
                search=_searchable(spec.title, spec.equations, portrait_id, row_id),
                partial=0,
            )
        )

    @staticmethod
    def fill(connection: Connection, row_id: str, computed: Computed) -> None:
        """Keep a computed portrait, in the transaction that finishes its job's row."""
        search = portraits.c.search + "\n" + computed.summary.casefold()
        done = connection.execute(
            update(portraits)
            .where(portraits.c.row_id == row_id)
            .values(
                summary=computed.summary,
                search=search,
                partial=int(computed.partial),
                facts=computed.facts.decode(),
                arrays=computed.arrays,
                thumbnail=computed.thumbnail,
                cycles=computed.cycles,
                stable_cycles=computed.stable_cycles,
            )
        )
        if done.rowcount != 1:
            raise NotFoundError(f"the portrait of row {row_id} is not in the archive")

    # ---- reading -------------------------------------------------------------------------

    def portrait(self, row_id: str) -> Portrait:
        """Read a computed portrait; raises NotFoundError."""
        return decode_portrait(self._column(row_id, "arrays"))

    def facts(self, row_id: str) -> dict[str, Any]:
        """Read a computed portrait's facts; raises NotFoundError."""
        facts: dict[str, Any] = orjson.loads(self._column(row_id, "facts"))
        return facts

    def thumbnail(self, row_id: str) -> bytes:
        """Read a computed portrait's thumbnail; raises NotFoundError."""
        return bytes(self._column(row_id, "thumbnail"))

    def _column(self, row_id: str, name: str) -> Any:
        with self.database.read() as connection:
            value = connection.execute(
                select(portraits.c[name]).where(portraits.c.row_id == row_id)
            ).scalar_one_or_none()
        if value is None:
            raise NotFoundError(f"row {row_id:.40} holds no {name}", "Wait until it is computed")
        return value

    def search(
        self,
        text: str = "",
        status: str | None = None,
        limit: int = 50,
        offset: int = 0,
        *,
        cycles: str | None = None,
    ) -> list[ArchiveEntry]:
        """List portraits, newest first.

        Parameters
        ----------
        text : str
            Words that must all occur in title, equations, ids or summary; case is ignored.
        status : str, optional
            Only these rows: a status, or ``partial`` for finished ones that were stopped early;
            ``finished`` gives the whole ones alone.
        limit, offset : int
            Which part of the list.
        cycles : str, optional
            ``any`` for portraits with a limit cycle, ``stable`` for those with a stable one.

        Returns
        -------
        list of ArchiveEntry
            The rows.
        """
        columns = (
            *(portraits.c.row_id, portraits.c.portrait_id, portraits.c.title),
            *(portraits.c.equations, portraits.c.summary, jobs.c.stopped, portraits.c.spec),
            *(portraits.c.thumbnail, jobs.c.status, jobs.c.created, jobs.c.ended, jobs.c.error),
        )
        statement = _matching(select(*columns), text, status, cycles)
        statement = statement.order_by(jobs.c.seq.desc()).limit(limit).offset(offset)
        with self.database.read() as connection:
            rows = connection.execute(statement).all()
        return [
            ArchiveEntry(
                row_id=row.row_id,
                portrait_id=row.portrait_id,
                status=row.status,
                title=row.title,
                equations=row.equations,
                summary=row.summary,
                created=row.created,
                finished=row.ended,
                parameters=orjson.loads(row.spec).get("parameters", {}),
                stopped=row.stopped,
                error=row.error,
                thumbnail=None if row.thumbnail is None else bytes(row.thumbnail),
            )
            for row in rows
        ]

    def count(self, text: str = "", status: str | None = None, *, cycles: str | None = None) -> int:
        """Count what `search` would list."""
        statement = _matching(select(func.count()), text, status, cycles)
        with self.database.read() as connection:
            return int(connection.execute(statement).scalar_one())

    # ---- short links ---------------------------------------------------------------------

    def keep_link(self, link_id: str, state: str) -> None:
        """Keep a state under a short id; the same again changes nothing."""
        with self.database.write() as connection:
            known = connection.execute(
                select(links.c.id).where(links.c.id == link_id)
            ).scalar_one_or_none()
            if known is None:
                connection.execute(
                    insert(links).values(id=link_id, state=state, created=self.clock())
                )

    def link(self, link_id: str) -> str:
        """Read the state of a short id; raises NotFoundError."""
        with self.database.read() as connection:
            state = connection.execute(
                select(links.c.state).where(links.c.id == link_id)
            ).scalar_one_or_none()
        if state is None:
            raise NotFoundError(f"there is no short link {link_id:.40}", "Ask for the whole link")
        return str(state)


def _searchable(*parts: str) -> str:
    return "\n".join(parts).casefold()


def _words(text: str) -> list[str]:
    """Split what is looked for; equations as they are listed are found as they were typed.

    Examples
    --------
    >>> _words("x' = y; y' = −sin…")
    ["x'", '=', 'y', "y'", '−sin']
    """
    return list(dict.fromkeys(text.casefold().replace(";", " ").replace("…", " ").split()))


def _matching(
    statement: Select[Any], text: str, status: str | None, cycles: str | None
) -> Select[Any]:
    statement = statement.select_from(portraits.join(jobs, jobs.c.id == portraits.c.row_id))
    for word in _words(text)[:MAX_SEARCH_WORDS]:
        statement = statement.where(portraits.c.search.contains(word, autoescape=True))
    if status == PARTIAL:
        statement = statement.where(jobs.c.status == "finished", jobs.c.stopped != "")
    elif status is not None:
        statement = statement.where(jobs.c.status == status, jobs.c.stopped == "")
    if cycles is not None:
        statement = statement.where(CYCLE_COUNTS[cycles] > 0)
    return statement
