"""A portrait as a tidy table: one observation a row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from eqpp_dash.model.basins import BasinMap
from eqpp_dash.model.portrait import Portrait

HEAD = ("curve", "origin", "t")

MOST_CELLS = 128
"""Cells of basins along each side that are written."""


def portrait_table(portrait: Portrait) -> str:
    """Write the equilibria, the limit cycles, trajectories and basins as CSV (RFC 4180).

    Parameters
    ----------
    portrait : Portrait
        Any portrait.

    Returns
    -------
    str
        Columns ``curve`` (``equilibrium k``, ``cycle k`` or ``trajectory k``, numbered as in
        the facts; for a cell of a basin what it belongs to), ``origin`` (``equilibrium``,
        ``limit cycle``, ``given``, ``seeded``, ``separatrix``, or ``basin k`` for the centre of
        a cell of basin k), ``t`` (time relative to the start; empty for an equilibrium and for
        a cycle, whose points come in the order of time), and one column a state variable.
        Numbers are written so that they are read back exactly.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([*HEAD, *(_column(name) for name in portrait.system.variables)])
    for number, item in enumerate(portrait.equilibria):
        writer.writerow([f"equilibrium {number}", "equilibrium", "", *item.point.tolist()])
    for number, cycle in enumerate(portrait.limit_cycles):
        for point in cycle.points.tolist():
            writer.writerow([f"cycle {number}", "limit cycle", "", *point])
    for number, curve in enumerate(portrait.trajectories):
        name, origin = f"trajectory {number}", curve.origin
        for time, point in zip(curve.times.tolist(), curve.points.tolist(), strict=True):
            writer.writerow([name, origin, time, *point])
    if portrait.basins is not None:
        writer.writerows(_cells(portrait, portrait.basins))
    return text.getvalue()


def _cells(portrait: Portrait, basins: BasinMap) -> Iterator[list[object]]:
    """Give the centres of cells with their basins, at most `MOST_CELLS` along each side."""
    every = max(1, basins.side // MOST_CELLS)
    picked = range(every // 2, basins.side, every)
    (x_low, x_high), (y_low, y_high) = portrait.window.values()
    for row in picked:
        y = y_low + (row + 0.5) / basins.side * (y_high - y_low)
        for column, number in zip(picked, basins.labels[row, picked].tolist(), strict=True):
            x = x_low + (column + 0.5) / basins.side * (x_high - x_low)
            yield [basins.basins[number].of, f"basin {number}", "", x, y]


def _column(name: str) -> str:
    return f"{name}_" if name in HEAD else name
