"""Sections on points: equilibria, sets of them, singularities, surfaces of jumps, the audit."""

from __future__ import annotations

from collections.abc import Iterator

from eqpp_dash.exports.report.blocks import (
    Block,
    Bullets,
    Cell,
    Math,
    Name,
    Part,
    Row,
    Section,
    Table,
    Words,
    anchor,
    told,
)
from eqpp_dash.figures.connections import audit_notes, audit_words
from eqpp_dash.figures.exact import exact_words
from eqpp_dash.figures.geometry import portrait_frame
from eqpp_dash.figures.labels import (
    format_eigenvalues,
    format_number,
    format_point,
    sector_words,
)
from eqpp_dash.figures.switching import segment_words
from eqpp_dash.model.cycles import NOT_SEARCHED
from eqpp_dash.model.marks import mark
from eqpp_dash.model.portrait import Equilibrium, EquilibriumSet, Portrait
from eqpp_dash.model.sets import part_words


def state_head(portrait: Portrait) -> Cell:
    """Give the head of a column of states, such as (x, y)."""
    parts: list[Part] = ["("]
    for name in portrait.system.variables:
        parts += [", ", Name(name)] if len(parts) > 1 else [Name(name)]
    return (*parts, ")")


def spans_of(portrait: Portrait) -> tuple[float, ...]:
    """Give the widths of the window."""
    return tuple(portrait_frame(portrait).span.tolist())


def point_sections(portrait: Portrait) -> Iterator[Section]:
    """Give the sections on points."""
    yield Section("Equilibria", "equilibria", tuple(_equilibria(portrait)))
    if portrait.equilibrium_sets:
        yield Section("Sets of equilibria", "sets", (_sets(portrait),))
    if portrait.singularities:
        yield Section("Singularities", "singularities", (_singularities(portrait),))
    if portrait.switching:
        yield Section("Surfaces where the field jumps", "switching", (_switching(portrait),))


def _equilibria(portrait: Portrait) -> Iterator[Block]:
    sure = portrait.completeness.get("equilibria", "")
    found = len(portrait.equilibria)
    if not found and sure.startswith(NOT_SEARCHED):
        yield Words((f"N{sure[1:]}.",))
        return
    beyond = sum(item.location == "outside" for item in portrait.equilibria)
    outside = f", {beyond} of them outside the window" if beyond else ""
    said = f"{found or 'None'} found{outside}. " if "equilibria" in portrait.spec.analyses else ""
    yield Words(told(f"{said}Completeness of the search: {sure or 'not stated'}."))
    if not found:
        return
    spans = spans_of(portrait)
    rows = tuple(_equilibrium(number, item, spans)
                 for number, item in enumerate(portrait.equilibria))  # fmt: skip
    heads: tuple[Cell, ...] = (
        *(("",), state_head(portrait), ("eigenvalues",), ("kind",), ("stability",)),
        *(("index",), ("place",), ("evidence",)),
    )
    yield Table(heads, (0.4, 1.9, 1.9, 1.4, 1.6, 0.9, 0.8, 1.3), rows)


def _equilibrium(number: int, item: Equilibrium, spans: tuple[float, ...]) -> Row:
    evidence = f"{item.evidence} ({item.method})" if item.method else item.evidence
    notes: list[Cell] = []
    if exact_words(item.exact):
        notes.append(("Exactly ", Math(f"({', '.join(item.exact)})"), "."))
    if item.sectors is not None:
        notes.append((f"Sectors: {sector_words(item.sectors)}.",))
    if item.reason:
        notes.append(told(f"{item.reason[:1].upper()}{item.reason[1:].removesuffix('.')}."))
    index = "undecided" if item.index is None else str(item.index).replace("-", "−")
    cells: tuple[Cell, ...] = (
        (mark("equilibrium", number),),
        (format_point(item.point.tolist(), spans, 8),),
        (format_eigenvalues(item.eigenvalues.tolist(), 6),),
        (item.kind,),
        ("asymptotically stable" if item.stability == "stable" else item.stability,),
        (index,),
        (item.location,),
        (evidence,),
    )
    return Row(cells, anchor("equilibrium", number), tuple(notes))


def _sets(portrait: Portrait) -> Table:
    rows = tuple(
        Row(
            ((mark("set", k),), _where(item), (item.stability,)),
            anchor("set", k),
        )
        for k, item in enumerate(portrait.equilibrium_sets)
    )
    return Table((("",), ("points",), ("stability",)), (0.4, 3, 3), rows)


def _where(item: EquilibriumSet) -> Cell:
    if item.implicit == "0" and not item.part:
        return ("All points are equilibria",)
    if item.implicit == "0":
        first, *more = (Math(limit) for limit in item.part.split(" and "))
        return ("all points with ", first, *(cell for limit in more for cell in (" and ", limit)))
    curve = Math(f"{item.implicit} = 0")
    if "<=" not in item.part:
        return (curve, part_words(item.part)) if item.part else (curve,)
    limits = item.part.split(" and ")
    return (curve, *(piece for limit in limits for piece in (" and ", Math(limit))))


def _singularities(portrait: Portrait) -> Table:
    rows = tuple(
        Row(
            (
                (mark("singularity", k),),
                (format_point(item.point.tolist(), spans_of(portrait), 8),),
                ("undecided" if item.index is None else str(item.index).replace("-", "−"),),
                told(item.reason),
            ),
            anchor("singularity", k),
        )
        for k, item in enumerate(portrait.singularities)
    )
    heads = (("",), state_head(portrait), ("index",), ("reason",))
    return Table(heads, (0.4, 2, 1, 3), rows)


def _switching(portrait: Portrait) -> Table:
    rows = tuple(
        Row(
            ((mark("switching", k),), (Math(surface),), (kind,), (begin,), (end,)),
            anchor("switching", k),
        )
        for k, (surface, kind, begin, end) in enumerate(segment_words(portrait))
    )
    heads = (("",), ("surface",), ("kind",), ("between",), ("and",))
    return Table(heads, (0.4, 1.5, 1, 2, 2), rows)


def audit_sections(portrait: Portrait) -> Iterator[Section]:
    """Give the section on the audit of the indices, if there was one."""
    if portrait.audit is None:
        return
    meaning = (
        "The turns of the field along the window’s border, counted in interval arithmetic, "
        "must equal the sum of the indices of what lies within."
    )
    blocks: list[Block] = [Words((meaning,)), Words((f"Outcome: {audit_words(portrait.audit)}.",))]
    if portrait.audit.border:
        blocks.append(Words((f"Along the border every orbit {portrait.audit.border} the window.",)))
    if portrait.audit.notes:
        blocks.append(Bullets(tuple(("", told(note)) for note in audit_notes(portrait.audit))))
    yield Section("Audit of the indices", "audit", tuple(blocks))


def error_words(value: float, error: float, digits: int) -> str:
    """Write a value with its estimated error."""
    return f"{format_number(value, digits)} ± {format_number(error, 2)}"
