"""Sections on orbits: limit cycles, separatrices, connections, basins, trajectories."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eqpp_dash.exports.report.blocks import (
    Block,
    Cell,
    Part,
    Row,
    Section,
    Table,
    Words,
    anchor,
    ref,
    told,
)
from eqpp_dash.exports.report.points import error_words, spans_of, state_head
from eqpp_dash.figures.basins import basin_share, basin_words
from eqpp_dash.figures.connections import codimension_words, connection_status
from eqpp_dash.figures.cycles import annulus_words, cycle_bounds, cycle_multiplier, search_words
from eqpp_dash.figures.ends import end_words
from eqpp_dash.figures.labels import format_number, format_point, plain_name
from eqpp_dash.model.cycles import LimitCycle
from eqpp_dash.model.manifolds import Separatrix
from eqpp_dash.model.marks import mark
from eqpp_dash.model.portrait import OrbitEnd, Portrait

_OFTEN = {1: "once", 2: "twice"}
_SORTS = ("equilibrium", "cycle", "polycycle", "set", "singularity", "separatrix")


def orbit_sections(portrait: Portrait) -> Iterator[Section]:
    """Give the sections on orbits."""
    yield Section("Limit cycles", "cycles", tuple(_cycles(portrait)))
    if portrait.annuli:
        yield Section("Annuli of closed orbits", "annuli", (_annuli(portrait),))
    if portrait.separatrices:
        yield Section("Separatrices", "separatrices", (_separatrices(portrait),))
    if portrait.connections or portrait.polycycles:
        blocks = tuple(_connections(portrait))
        yield Section("Connections and polycycles", "connections", blocks)
    if portrait.basins is not None:
        yield Section("Basins of attraction", "basins", tuple(_basins(portrait)))
    if any(item.origin == "given" for item in portrait.trajectories):
        yield Section("Given trajectories", "trajectories", (_trajectories(portrait),))


def _cycles(portrait: Portrait) -> Iterator[Block]:
    said = search_words(portrait)
    yield Words(told(f"{said[:1].upper()}{said[1:]}."))
    if portrait.limit_cycles:
        rows = tuple(_cycle(number, item, portrait)
                     for number, item in enumerate(portrait.limit_cycles))  # fmt: skip
        heads: tuple[Cell, ...] = (
            *(("",), ("stability",), ("period",), ("multiplier",), ("bounds",)),
            *(("place",), ("encloses",), ("evidence",)),
        )
        yield Table(heads, (0.4, 1.1, 1.7, 1.7, 2.0, 0.9, 1.0, 1.4), rows)


def _cycle(number: int, item: LimitCycle, portrait: Portrait) -> Row:
    spans = spans_of(portrait)
    note = (
        f"Through {format_point(item.point.tolist(), spans, 9)}, its rightmost point "
        f"(± {format_number(item.error, 2)}); logarithm of the multiplier "
        f"{error_words(item.log_multiplier, item.multiplier_error, 8)}."
    )
    notes: list[Cell] = [(note,)]
    turns = [
        f"{_OFTEN.get(abs(turn), f'{abs(turn)} times')} round {plain_name(name)}"
        for name, turn in zip(portrait.system.variables, item.winding, strict=True)
        if turn
    ]
    if turns:
        notes.append((f"Winds {' and '.join(turns)}.",))
    inside: list[Part] = [ref("equilibrium", k) for k in item.equilibria]
    inside += [ref("cycle", k) for k in item.cycles]
    cells: tuple[Cell, ...] = (
        (mark("cycle", number),),
        (item.stability,),
        (error_words(item.period, item.period_error, 11),),
        (cycle_multiplier(item),),
        (cycle_bounds(item, portrait.system.variables),),
        ("crosses the border" if item.location == "crosses" else item.location,),
        _listed(inside),
        (f"{item.evidence} ({item.method})" if item.method else item.evidence,),
    )
    return Row(cells, anchor("cycle", number), tuple(notes))


def _listed(parts: Sequence[Part]) -> Cell:
    """Put commas between parts; a dash if there is none."""
    listed: list[Part] = []
    for part in parts:
        listed += [", ", part] if listed else [part]
    return tuple(listed) or ("–",)


def _annuli(portrait: Portrait) -> Table:
    rows = tuple(
        Row(
            (
                (mark("annulus", k),),
                (annulus_words(portrait, item),),
                (*_named(item.within), " to ", *_named(item.beyond)),
                (item.evidence,),
            ),
            anchor("annulus", k),
        )
        for k, item in enumerate(portrait.annuli)
    )
    heads = (("",), ("closed orbits",), ("from, to",), ("evidence",))
    return Table(heads, (0.4, 3, 1.5, 1.2), rows)


def _named(limit: str) -> Cell:
    """Give a limit such as ``equilibrium 0`` as a link."""
    sort, _, number = limit.partition(" ")
    return (ref(sort, int(number)),) if sort in _SORTS and number.isdigit() else (limit,)


def _separatrices(portrait: Portrait) -> Table:
    rows = tuple(_separatrix(k, item, portrait) for k, item in enumerate(portrait.separatrices))
    heads: tuple[Cell, ...] = (
        *(("",), ("of",), ("branch",), ("direction",), ("limit",), ("time",), ("evidence",)),
    )
    return Table(heads, (0.4, 0.5, 1, 1.8, 3, 0.9, 1.1), rows)


def _separatrix(number: int, item: Separatrix, portrait: Portrait) -> Row:
    reason = f"{item.reason}; " if item.reason else ""
    note = (
        f"{reason}local expansion of order {item.order}, used up to "
        f"{format_number(item.radius, 3)} of the window, residual "
        f"{format_number(item.residual, 2)}"
    )
    if item.level_error is not None:
        level = format_number(item.level_error, 2)
        note += f", within {level} of the window of its level of a first integral"
    cells: tuple[Cell, ...] = (
        (mark("separatrix", number),),
        (ref("equilibrium", item.equilibrium),),
        (item.branch,),
        (format_point(item.direction.tolist(), (), 5),),
        _end(
            OrbitEnd(item.limit, item.time, shift=item.shift),
            portrait,
            -1 if item.branch == "stable" else 1,
        ),
        ("–" if item.time is None else format_number(item.time, 5),),
        (item.evidence,),
    )
    note = f"{note[:1].upper()}{note[1:]}."
    return Row(cells, anchor("separatrix", number), (told(note),))


def _end(end: OrbitEnd, portrait: Portrait, sign: int) -> Cell:
    lead = "goes to " if sign > 0 else "comes from "
    words = end_words(end, portrait.equilibria, spans_of(portrait), portrait.limit_cycles)
    link = _named(end.end)
    if link == (end.end,):
        return (f"{lead}{words}",)
    return (f"{lead}{words} (", *link, ")")


def _connections(portrait: Portrait) -> Iterator[Block]:
    if portrait.connections:
        rows = tuple(
            Row(
                (
                    (mark("connection", k),),
                    (item.type,),
                    (ref("equilibrium", item.source), " to ", ref("equilibrium", item.target)),
                    (", ".join(mark("separatrix", s) for s in item.separatrices),)
                    if not portrait.separatrices
                    else _listed([ref("separatrix", s) for s in item.separatrices]),
                    (connection_status(item),),
                    (codimension_words(item),),
                ),
                anchor("connection", k),
                (told(f"{item.how[:1].upper()}{item.how[1:]}."),) if item.how else (),
            )
            for k, item in enumerate(portrait.connections)
        )
        heads = (("",), ("type",), ("from, to",), ("branches",), ("status",), ("codimension",))
        yield Table(heads, (0.4, 1.3, 1, 1, 1.6, 1.6), rows)
    if portrait.polycycles:
        rows = tuple(
            Row(
                (
                    (mark("polycycle", k),),
                    _listed([ref("equilibrium", e) for e in item.equilibria]),
                    _listed([ref("connection", c) for c in item.connections]),
                    (item.status,),
                ),
                anchor("polycycle", k),
            )
            for k, item in enumerate(portrait.polycycles)
        )
        names = (("",), ("polycycle through",), ("by connections",), ("status",))
        yield Table(names, (0.4, 2, 2, 1), rows)


def _basins(portrait: Portrait) -> Iterator[Block]:
    grid = portrait.basins
    if grid is None:
        return
    remark = f" {grid.remark[:1].upper()}{grid.remark[1:]}." if grid.remark else ""
    words = f"The window in {grid.summary}; {grid.orbits} orbits were integrated.{remark}"
    yield Words((words.replace("..", "."),))
    rows = tuple(
        Row(
            (
                (mark("basin", k),),
                (basin_words(item, spans_of(portrait)), *_bracketed(item.of)),
                (f"{basin_share(item)} ± {format_number(100 * item.error, 1)} %",),
                (format_number(item.area, 5),),
                (item.evidence,),
            ),
            anchor("basin", k),
        )
        for k, item in enumerate(grid.basins)
    )
    heads = (("",), ("of",), ("share of the window",), ("area",), ("evidence",))
    yield Table(heads, (0.4, 3, 1.5, 1, 1.2), rows)


def _bracketed(limit: str) -> Cell:
    link = _named(limit)
    return () if link == (limit,) else (" (", *link, ")")


def _trajectories(portrait: Portrait) -> Table:
    rows = []
    for number, item in enumerate(portrait.trajectories):
        if item.origin == "given":
            start = format_point(item.start.tolist(), spans_of(portrait), 8)
            cells: tuple[Cell, ...] = (
                (mark("trajectory", number),),
                (start,),
                (*_end(item.backward, portrait, -1), *_when(item.backward, -1)),
                (*_end(item.forward, portrait, 1), *_when(item.forward, 1)),
            )
            rows.append(Row(cells, anchor("trajectory", number)))
    heads = (("",), ("through ", *state_head(portrait)), ("backward",), ("forward",))
    return Table(heads, (0.4, 1.5, 3, 3), tuple(rows))


def _when(end: OrbitEnd, sign: int) -> Cell:
    time = "" if end.time is None else f", t = {format_number(sign * end.time)}"
    return (f"{time}: ", *told(end.reason)) if end.reason else (time,)
