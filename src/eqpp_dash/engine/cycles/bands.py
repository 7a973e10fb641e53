"""Bands of closed orbits, one for each annulus."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from eqpp_dash.engine.cycles.displacement import COARSE
from eqpp_dash.engine.cycles.lanes import Fate, Steps
from eqpp_dash.engine.cycles.returns import ReturnMap
from eqpp_dash.engine.cycles.shape import encloses, rough_curves
from eqpp_dash.engine.cycles.sort import Run
from eqpp_dash.engine.cycles.values import Band
from eqpp_dash.model.portrait import Array, Equilibrium

_Orbit = tuple[tuple[int, ...], Array, float, Array]
"""What an orbit goes round, its rightmost point, its period, its extent."""


def split_bands(
    returns: ReturnMap, runs: Sequence[Run], equilibria: Sequence[Equilibrium]
) -> list[Band]:
    """Divide bands where their orbits begin to go round other equilibria: there is a loop between.

    Parameters
    ----------
    returns : ReturnMap
        The first returns.
    runs : sequence of Run
        Where all orbits of a section close.
    equilibria : sequence of Equilibrium
        Those that are known.

    Returns
    -------
    list of Band
        At least two sampled orbits each, or only one where loops are so close together.
    """
    if not runs:
        return []
    counts = [len(run.positions) for run in runs]
    of = np.repeat(np.arange(len(runs)), counts)
    lanes = np.repeat(np.array([run.arc for run in runs], dtype=np.intp), counts)
    x = np.concatenate([returns.arcs[r.arc].abscissa(np.array(r.positions)) for r in runs])
    path: list[Steps] = []
    out = returns.shoot(lanes, x, np.ones(x.size), COARSE, path=path)
    back = np.flatnonzero(out.fate == Fate.RETURNED)
    curves = rough_curves(path, back, out.time[back])
    orbits: list[list[_Orbit]] = [[] for _ in runs]
    for i, curve in zip(back, curves, strict=True):
        inside = tuple(k for k, e in enumerate(equilibria) if encloses(curve, e.point))
        orbit = inside, curve[0].copy(), float(out.time[i]), np.ptp(curve, axis=0)
        orbits[of[i]].append(orbit)
    return [
        band
        for run, own in zip(runs, orbits, strict=True)
        for _, group in groupby(own, key=lambda orbit: orbit[0])
        for band in [_band(run, list(group))]
    ]


def _band(run: Run, members: Sequence[_Orbit]) -> Band:
    first, last = members[0], members[-1]
    if last[3].sum() < first[3].sum():
        first, last = last, first
    return Band(first[1], last[1], (first[2], last[2]), first[0], "numerical", run.error)
