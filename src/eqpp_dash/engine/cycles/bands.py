"""Bands of closed orbits, one for each annulus."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from eqpp_dash.engine.cycles.displacement import COARSE
from eqpp_dash.engine.cycles.lanes import Fate, Steps
from eqpp_dash.engine.cycles.returns import ReturnMap
from eqpp_dash.engine.cycles.shape import closed_curve, encloses
from eqpp_dash.engine.cycles.sort import Run
from eqpp_dash.engine.cycles.values import Band
from eqpp_dash.model.portrait import Array, Equilibrium


def split_band(returns: ReturnMap, run: Run, equilibria: Sequence[Equilibrium]) -> list[Band]:
    """Divide a band where its orbits begin to go round other equilibria: there is a loop between.

    Parameters
    ----------
    returns : ReturnMap
        The first returns.
    run : Run
        Where all orbits of a section close.
    equilibria : sequence of Equilibrium
        Those that are known.

    Returns
    -------
    list of Band
        At least two sampled orbits each, or only one where loops are so close together.
    """
    arc = returns.arcs[run.arc]
    x = arc.abscissa(np.array(run.positions))
    lanes = np.full(x.size, run.arc, dtype=np.intp)
    path: list[Steps] = []
    out = returns.shoot(lanes, x, np.ones(x.size), COARSE, path=path)
    orbits: list[tuple[tuple[int, ...], Array, float, Array]] = []
    for i in np.flatnonzero(out.fate == Fate.RETURNED):
        curve, bounds = closed_curve(path, int(i), float(out.time[i]), True)
        inside = tuple(k for k, e in enumerate(equilibria) if encloses(curve, e.point))
        point = np.array([x[i], float(arc.height(x[i : i + 1])[0])])
        orbits.append((inside, point, float(out.time[i]), np.ptp(bounds, axis=1)))
    bands = []
    for inside, group in groupby(orbits, key=lambda orbit: orbit[0]):
        members = list(group)
        first, last = members[0], members[-1]
        if last[3].sum() < first[3].sum():
            first, last = last, first
        bands.append(Band(first[1], last[1], (first[2], last[2]), inside, "numerical", run.error))
    return bands
