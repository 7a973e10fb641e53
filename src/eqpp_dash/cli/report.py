"""What the command prints: errors, tables, facts."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from eqpp_dash.errors import EqppError, EquationError, JobError, SpecError
from eqpp_dash.figures.basins import basin_share, basin_words
from eqpp_dash.figures.connections import (
    audit_notes,
    audit_words,
    codimension_words,
    connection_ends,
    connection_status,
    polycycle_words,
)
from eqpp_dash.figures.cycles import (
    annulus_words,
    cycle_bounds,
    cycle_multiplier,
    search_words,
)
from eqpp_dash.figures.ends import end_words
from eqpp_dash.figures.exact import exact_words
from eqpp_dash.figures.labels import (
    format_eigenvalues,
    format_number,
    format_point,
    plain_name,
    printable,
    sector_words,
)
from eqpp_dash.figures.switching import segment_words
from eqpp_dash.model.cycles import NOT_SEARCHED
from eqpp_dash.model.marks import mark
from eqpp_dash.model.narrative import narrate
from eqpp_dash.model.sets import set_words
from eqpp_dash.model.structure import structure_words
from eqpp_dash.model.typeset import plain_formula, plain_text

if TYPE_CHECKING:
    from eqpp_dash.model.portrait import EquilibriumSet, OrbitEnd, Portrait
    from eqpp_dash.services.views import JobView

LINE_WIDTH = 72


def describe_error(error: EqppError, source: str = "") -> str:
    """Say what is wrong, where, and how to mend it.

    Parameters
    ----------
    error : EqppError
        The error.
    source : str
        The equations' text, for the place of an `EquationError`.

    Returns
    -------
    str
        Lines without a trailing line end.

    Examples
    --------
    >>> wrong = EquationError("unknown function “sen”", token="sen", line=1, column=6,
    ...                       hint="Did you mean “sin”?")
    >>> print(describe_error(wrong, "y' = sen(x)"))
    Error: unknown function “sen”
      line 1, column 6:
        y' = sen(x)
             ^^^
      Did you mean “sin”?
    """
    where = f"{error.field}: " if isinstance(error, SpecError) and error.field else ""
    lines = [f"Error: {where}{printable(error.message)}"]
    if isinstance(error, EquationError):
        lines.append(f"  line {error.line}, column {error.column}:")
        lines += [f"    {line}" for line in _pointed_line(error, source)]
    if error.hint:
        lines.append(f"  {printable(error.hint)}")
    if isinstance(error, JobError) and error.traceback:
        lines.append("  Its traceback is on its row: eqpp-dash jobs --json")
    return "\n".join(lines)


def _pointed_line(error: EquationError, source: str) -> Iterable[str]:
    rows = source.split("\n")
    if not 0 < error.line <= len(rows):
        return
    row, column = rows[error.line - 1], max(error.column - 1, 0)
    if not row.strip():
        return
    begin = max(0, column - LINE_WIDTH // 2)
    cut = row[begin : begin + LINE_WIDTH]
    lead = "…" if begin else ""
    token = error.token.removesuffix("…").split("\n")[0]
    marked = row[column : column + len(token)] if token else ""
    visible = cut[column - begin : column - begin + max(len(marked), 1)] or " "
    blank = " " * (len(lead) + _columns(cut[: column - begin]))
    yield lead + printable(cut) + ("…" if begin + LINE_WIDTH < len(row) else "")
    yield blank + "^" * max(_columns(visible), 1)


def _columns(text: str) -> int:
    """Count the terminal columns that a text takes."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lay out a table in columns two blanks apart.

    Examples
    --------
    >>> table(("a", "b"), [("1", "22"), ("333", "4")])
    ['a    b', '1    22', '333  4']
    """
    cells = [list(heads), *(list(row) for row in rows)]
    widths = [max(_columns(row[i]) for row in cells) for i in range(len(heads))]
    return [
        "  ".join(
            cell + " " * (width - _columns(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in cells
    ]


def narrative_report(facts: Mapping[str, Any], title: str = "") -> str:
    """Tell a portrait in words, a paragraph to each matter.

    Parameters
    ----------
    facts : mapping
        The facts JSON.
    title : str
        The portrait's title.

    Returns
    -------
    str
        Lines without a trailing line end.
    """
    blocks = [printable(title)] if title else []
    for paragraph in narrate(facts):
        told = " ".join(sentence.unbroken for sentence in paragraph.sentences)
        lines = textwrap.wrap(told, LINE_WIDTH, break_long_words=False, break_on_hyphens=False)
        shown = (f"  {printable(line)}" for line in lines)
        blocks.append("\n".join([paragraph.heading, *shown]))
    return "\n\n".join(blocks)


def portrait_report(portrait: Portrait, job: JobView) -> str:
    """Tell a portrait's facts in a table for the terminal.

    Parameters
    ----------
    portrait : Portrait
        The portrait.
    job : JobView
        Its finished row.

    Returns
    -------
    str
        Lines without a trailing line end.
    """
    system, title = portrait.system, printable(portrait.spec.title)
    lines = [title, ""] if title else []
    pairs = zip(system.variables, system.equations, strict=True)
    lines += [f"  {plain_name(name)}′ = {plain_formula(right)}" for name, right in pairs]
    values = ", ".join(
        f"{plain_name(name)} = {value if isinstance(value, str) else format_number(value, 6)}"
        for name, value in system.parameters.items()
    )
    limits = ", ".join(
        f"{plain_name(name)} from {format_number(low, 6)} to {format_number(high, 6)}"
        for name, (low, high) in portrait.window.items()
    )
    lines += [f"  with {values}"] if values else []
    lines += [f"  window: {limits}", ""]
    lines += _equilibrium_lines(portrait)
    for item in portrait.equilibrium_sets:
        lines.append(_set_line(item))
    if portrait.switching:
        rows = table(("surface", "kind", "between", "and"), _segments(portrait))
        lines += ["", "Surfaces where the field jumps:", *(f"  {row}" for row in rows)]
    for singularity in portrait.singularities:
        place = _point(singularity.point.tolist())
        lines.append(f"Singularity at {place}: {plain_text(singularity.reason)}")
    lines += [str(structure_words(entry)) for entry in system.structure]
    lines += ["", *_cycle_lines(portrait), *_basin_lines(portrait), ""]
    lines += _trajectory_lines(portrait)
    lines += _connection_lines(portrait)
    if portrait.stopped:
        lines.append(f"PARTIAL: {portrait.stopped}.")
    lines += [f"Note: {plain_text(notice.message)}" for notice in portrait.notices]
    seconds = portrait.timing.get("engine_s", 0.0)
    waited = f", waited {job.queue_s:.2f} s" if job.queue_s is not None else ""
    lines.append(f"Portrait {job.portrait_id}, computed in {seconds:.2f} s{waited}.")
    return "\n".join(lines)


def _equilibrium_lines(portrait: Portrait) -> list[str]:
    sure = portrait.completeness.get("equilibria", "")
    if not portrait.equilibria and sure.startswith(NOT_SEARCHED):
        return [f"Equilibria: {sure}"]
    if not portrait.equilibria:
        return [f"No equilibria{f' ({plain_text(sure)})' if sure else ''}"]
    names = ", ".join(plain_name(name) for name in portrait.system.variables)
    spans = [high - low for low, high in portrait.window.values()]
    rows = [
        (
            mark("equilibrium", number),
            _point(item.point.tolist(), spans),
            printable(item.kind),
            item.stability,
            format_eigenvalues(item.eigenvalues.tolist(), 5),
            "undecided" if item.index is None else str(item.index).replace("-", "−"),
            item.location,
            item.evidence,
        )
        for number, item in enumerate(portrait.equilibria)
    ]
    heads = (
        *("", f"({names})", "kind", "stability", "eigenvalues", "index", "location", "evidence"),
    )
    how = sure if sure.startswith(NOT_SEARCHED) else f"search: {plain_text(sure)}"
    beyond = sum(item.location == "outside" for item in portrait.equilibria)
    head = f"Equilibria: {len(rows) - beyond}" + (f" ({how})" if sure else "")
    head += f", and {beyond} outside the window" if beyond else ""
    reasons = []
    for number, item in enumerate(portrait.equilibria):
        sectors = "" if item.sectors is None else f"sectors: {sector_words(item.sectors)}"
        exact = exact_words(item.exact)
        parts = (f"exactly {exact}" if exact else "", sectors, plain_text(item.reason))
        words = "; ".join(part for part in parts if part)
        if words:
            reasons.append(f"  {mark('equilibrium', number)}: {printable(words)}")
    return [head, *(f"  {line}" for line in table(heads, rows)), *reasons]


def _segments(portrait: Portrait) -> list[tuple[str, ...]]:
    return [(plain_formula(surface), *rest) for surface, *rest in segment_words(portrait)]


def _set_line(item: EquilibriumSet) -> str:
    if item.implicit == "0" and not item.part:
        return f"All points are equilibria (stability: {item.stability})"
    return (
        f"Set of equilibria: {plain_text(set_words(item.implicit, item.part))} ({item.stability})"
    )


def _cycle_lines(portrait: Portrait) -> list[str]:
    lines = [f"Limit cycles: {plain_text(search_words(portrait))}"]
    if portrait.limit_cycles:
        rows = [
            (
                mark("cycle", number),
                item.stability,
                format_number(item.period, 8),
                cycle_multiplier(item),
                cycle_bounds(item, portrait.system.variables),
                item.location,
                item.evidence,
            )
            for number, item in enumerate(portrait.limit_cycles)
        ]
        heads = ("", "stability", "period", "multiplier", "bounds", "location", "evidence")
        lines += [f"  {line}" for line in table(heads, rows)]
    lines += [
        f"Annulus of closed orbits: {annulus_words(portrait, item)} ({item.evidence})"
        for item in portrait.annuli
    ]
    return lines


def _connection_lines(portrait: Portrait) -> list[str]:
    lines = []
    if portrait.connections:
        rows = [
            (
                mark("connection", number),
                item.type,
                connection_ends(item, portrait),
                connection_status(item),
                codimension_words(item),
                plain_text(item.how),
            )
            for number, item in enumerate(portrait.connections)
        ]
        heads = ("", "type", "equilibria", "status", "codimension", "how")
        lines = [f"Connections: {len(rows)}", *(f"  {line}" for line in table(heads, rows))]
    lines += [
        f"Polycycle {mark('polycycle', number)} {polycycle_words(item)}"
        for number, item in enumerate(portrait.polycycles)
    ]
    if portrait.audit is not None:
        lines.append(f"Audit: {audit_words(portrait.audit)}")
        lines += [f"  {plain_text(note)}" for note in audit_notes(portrait.audit)]
    return lines


def _basin_lines(portrait: Portrait) -> list[str]:
    if portrait.basins is None:
        return []
    spans = tuple(high - low for low, high in portrait.window.values())
    rows = [
        (
            basin_words(item, spans),
            basin_share(item),
            f"± {format_number(100 * item.error, 1)} %",
            format_number(item.area, 5),
            item.evidence,
        )
        for item in portrait.basins.basins
    ]
    heads = ("of", "share", "error", "area", "evidence")
    summary = f"Basins of attraction: {len(rows)} ({portrait.basins.summary})"
    return ["", summary, *(f"  {line}" for line in table(heads, rows))]


def _trajectory_lines(portrait: Portrait) -> list[str]:
    counts = {
        origin: sum(item.origin == origin for item in portrait.trajectories)
        for origin in ("given", "seeded", "separatrix")
    }
    words = ", ".join(f"{count} {origin}" for origin, count in counts.items() if count)
    lines = [f"Trajectories: {len(portrait.trajectories)}" + (f" ({words})" if words else "")]
    for item in portrait.trajectories:
        if item.origin == "given":
            ends = _end(item.backward, portrait, -1), _end(item.forward, portrait, 1)
            way = "comes from {}, goes to {}".format(*ends)
            lines.append(f"  through {_point(item.start.tolist())}: {way}")
    return lines


def _end(end: OrbitEnd, portrait: Portrait, sign: int) -> str:
    spans = [high - low for low, high in portrait.window.values()]
    time = "" if end.time is None else f" (t = {format_number(sign * end.time)})"
    return printable(end_words(end, portrait.equilibria, spans, portrait.limit_cycles)) + time


def _point(values: Sequence[float], spans: Sequence[float] = ()) -> str:
    return format_point(values, spans, 6)
