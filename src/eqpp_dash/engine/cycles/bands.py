"""Bands of closed orbits, one for each annulus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from eqpp_dash.engine.cycles.displacement import COARSE
from eqpp_dash.engine.cycles.lanes import Fate, Steps
from eqpp_dash.engine.cycles.periods import Periods
from eqpp_dash.engine.cycles.returns import ReturnMap
from eqpp_dash.engine.cycles.shape import encloses, rough_curves
from eqpp_dash.engine.cycles.sort import Run
from eqpp_dash.engine.cycles.values import Band
from eqpp_dash.model.portrait import Array, Equilibrium


@dataclass(frozen=True, slots=True, eq=False)
class _Orbit:
    """A closed orbit: what it goes round, the curve from its rightmost point on, its period."""

    inside: tuple[int, ...]
    curve: Array
    period: float

    @property
    def size(self) -> float:
        return float(np.ptp(self.curve, axis=0).sum())


def split_bands(
    returns: ReturnMap,
    runs: Sequence[Run],
    equilibria: Sequence[Equilibrium],
    periods: Periods,
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
    periods : Periods
        The shifts that keep the field: bands are repeated.

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
    orbits: list[list[tuple[Array, float]]] = [[] for _ in runs]
    for i, curve in zip(back, curves, strict=True):
        orbits[of[i]].append((curve, float(out.time[i])))
    bands = []
    for run, own in zip(runs, orbits, strict=True):
        if not own:
            continue
        low = np.min([curve.min(axis=0) for curve, _ in own], axis=0)
        high = np.max([curve.max(axis=0) for curve, _ in own], axis=0)
        for shift in periods.shifts(np.stack([low, high], axis=1)):
            moved = [_orbit(curve + shift, time, equilibria) for curve, time in own]
            for _, group in groupby(moved, key=lambda orbit: orbit.inside):
                bands.append(_band(run, list(group)))
    return bands


def _orbit(curve: Array, period: float, equilibria: Sequence[Equilibrium]) -> _Orbit:
    (left, low), (right, high) = curve.min(axis=0), curve.max(axis=0)
    inside = tuple(
        k
        for k, (x, y) in enumerate(e.point for e in equilibria)
        if left < x < right and low < y < high and encloses(curve, equilibria[k].point)
    )
    return _Orbit(inside, curve, period)


def _band(run: Run, members: Sequence[_Orbit]) -> Band:
    first, last = members[0], members[-1]
    if last.size < first.size:
        first, last = last, first
    ends = first.curve[0].copy(), last.curve[0].copy()
    return Band(*ends, (first.period, last.period), first.inside, "numerical", run.error)
