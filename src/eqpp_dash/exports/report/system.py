"""Sections on the system itself: equations, parameters, window, structure, nullclines."""

from __future__ import annotations

from collections.abc import Iterator

from eqpp_dash.exports.report.blocks import (
    Block,
    Cell,
    Equations,
    Matrix,
    Name,
    Row,
    Section,
    Table,
    Words,
    anchor,
    told,
)
from eqpp_dash.figures.labels import format_number
from eqpp_dash.model.marks import mark
from eqpp_dash.model.portrait import Portrait
from eqpp_dash.model.structure import structure_words

LONG = 48
"""Characters from which on a formula stands beneath its row of a table."""


def system_sections(portrait: Portrait) -> Iterator[Section]:
    """Give the sections on the system."""
    system = portrait.system
    blocks: list[Block] = [Equations(system.variables, system.equations)]
    if system.parameters:
        rows = tuple(
            Row(((Name(name),), (_value(value),))) for name, value in system.parameters.items()
        )
        blocks.append(Table((("parameter",), ("value",)), (1, 3), rows, pairs=True))
    yield Section("System", "system", tuple(blocks))
    rows = tuple(
        Row(((Name(name),), (f"{_value(low)} to {_value(high)}{_unit(portrait, name)}",)))
        for name, (low, high) in portrait.window.items()
    )
    table = Table((("variable",), ("from, to",)), (1, 3), rows, pairs=True)
    yield Section("Window", "window", (table,))
    yield Section("Jacobian matrix", "jacobian", (Matrix(system.variables, system.jacobian),))
    if system.structure:
        yield Section("Structure", "structure", _structure(portrait))
    if portrait.nullclines:
        yield Section("Nullclines", "nullclines", (_nullclines(portrait),))


def _value(value: float | str) -> str:
    return value if isinstance(value, str) else format_number(float(value), 10)


def _unit(portrait: Portrait, name: str) -> str:
    unit = portrait.spec.variables.get(name, {}).get("unit", "")
    return f" {unit}" if unit else ""


def _structure(portrait: Portrait) -> tuple[Block, ...]:
    rows = []
    for number, words in enumerate(map(structure_words, portrait.system.structure)):
        shown, beneath = _placed(words.formula)
        cells = ((mark("structure", number),), (words.name,), shown, told(words.remark) or ("–",))
        rows.append(Row(cells, anchor("structure", number), beneath))
    heads = (("",), ("proved",), ("expression",), ("remark",))
    values = ", for the values of the parameters above" if portrait.system.parameters else ""
    return (
        Words((f"Proved by exact algebra{values}.",)),
        Table(heads, (0.35, 1.3, 2, 2), tuple(rows)),
    )


def _placed(formula: str) -> tuple[Cell, tuple[Cell, ...]]:
    """Give a formula for a cell; a long one for the line beneath its row."""
    if len(formula) <= LONG:
        return told(formula), ()
    return ("beneath",), (told(formula),)


def _nullclines(portrait: Portrait) -> Table:
    rows = []
    for number, item in enumerate(portrait.nullclines):
        shown, beneath = _placed(f"{item.factor} = 0")
        head: Cell = (Name(item.variable), "′ = 0")
        cells = ((mark("nullcline", number),), head, shown, (str(len(item.branches)),))
        rows.append(Row(cells, anchor("nullcline", number), beneath))
    heads = (("",), ("nullcline",), ("factor that vanishes",), ("branches drawn",))
    return Table(heads, (0.35, 1, 3, 1), tuple(rows))
