"""A portrait as a tidy table: one observation a row."""

from __future__ import annotations

import csv
import io

from eqpp_dash.model.portrait import Portrait

HEAD = ("curve", "origin", "t")


def portrait_table(portrait: Portrait) -> str:
    """Write the equilibria, the limit cycles and the trajectories as CSV (RFC 4180).

    Parameters
    ----------
    portrait : Portrait
        Any portrait.

    Returns
    -------
    str
        Columns ``curve`` (``equilibrium k``, ``cycle k`` or ``trajectory k``, numbered as in
        the facts), ``origin`` (``equilibrium``, ``limit cycle``, ``given``, ``seeded`` or
        ``separatrix``), ``t`` (time relative to the start; empty for an equilibrium and for
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
    return text.getvalue()


def _column(name: str) -> str:
    return f"{name}_" if name in HEAD else name
