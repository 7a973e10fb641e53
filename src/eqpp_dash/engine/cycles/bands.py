"""Bands of closed orbits, one for each annulus."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.cycles.displacement import COARSE, FINE
from eqpp_dash.engine.cycles.lanes import Fate, Steps
from eqpp_dash.engine.cycles.mirrors import Ends, Orbit, mirrored
from eqpp_dash.engine.cycles.periods import Periods
from eqpp_dash.engine.cycles.returns import ReturnMap
from eqpp_dash.engine.cycles.shape import encloses, rough_curves
from eqpp_dash.engine.cycles.sort import Run
from eqpp_dash.engine.cycles.values import Band
from eqpp_dash.engine.structure.facts import Structure
from eqpp_dash.model.portrait import Array, Equilibrium

SAME_TIME = 1e-2
"""Two times of return of one orbit differ by no more than this share."""


Traced = list[tuple[Array, float]]
"""Closed orbits of a run from its first on, each with its period."""


def trace_ends(returns: ReturnMap, runs: Sequence[Run]) -> list[Traced]:
    """Follow the first and the last orbit of each run.

    Parameters
    ----------
    returns : ReturnMap
        The first returns.
    runs : sequence of Run
        Where all orbits of a section close.

    Returns
    -------
    list of list of (ndarray, float)
        For each run its orbits that could be followed, as polylines, and their periods.
    """
    return _traced(returns, runs, [{0, len(run.positions) - 1} for run in runs])


def copies(traced: Sequence[Traced], periods: Periods) -> list[Array]:
    """Give the curves of orbits where they show in the window, moved by periods of the field."""
    return [
        curve + shift
        for own in traced
        if own
        for shift in _shifts(own, periods)
        for curve, _ in own
    ]


def split_bands(
    returns: ReturnMap,
    runs: Sequence[Run],
    traced: Sequence[Traced],
    equilibria: Sequence[Equilibrium],
    periods: Periods,
    field: CompiledField,
    structure: Structure | None,
    *,
    joined: bool = False,
) -> list[Band]:
    """Divide bands where their orbits begin to go round other equilibria: there is a loop between.

    Parameters
    ----------
    returns : ReturnMap
        The first returns.
    runs : sequence of Run
        Where all orbits of a section close.
    traced : sequence of list of (ndarray, float)
        Their first and last orbits, see `trace_ends`.
    equilibria : sequence of Equilibrium
        Those that are known.
    periods : Periods
        The shifts that keep the field: bands are repeated.
    field : CompiledField
        The field.
    structure : Structure or None
        What is proved about it: bands that are images of each other end alike.
    joined : bool
        Whether it is proved that no closed orbit is isolated, and the field vanishes at points
        only and is smooth: then every orbit closes between two that go round the same equilibria.

    Returns
    -------
    list of Band
        At least two sampled orbits each, or only one where loops are so close together; each band
        once.
    """
    groups = _grouped(traced, equilibria, periods)
    parts = [{tuple(map(len, copy)) for copy in moved} for moved in groups]
    mixed = [k for k, run in enumerate(runs) if parts[k] != {(len({0, len(run.positions) - 1}),)}]
    every = [set(range(len(runs[k].positions))) for k in mixed]
    again = _grouped(_traced(returns, [runs[k] for k in mixed], every), equilibria, periods)
    for k, moved in zip(mixed, again, strict=True):
        groups[k] = moved
    found = [
        _ends(run, group)
        for run, moved in zip(runs, groups, strict=True)
        for copy in moved
        for group in copy
    ]
    return [_band(item) for item in mirrored(field, _once(found, joined), equilibria, structure)]


def _grouped(
    traced: Sequence[Traced], equilibria: Sequence[Equilibrium], periods: Periods
) -> list[list[list[list[Orbit]]]]:
    """Give the copies of orbits of each run, grouped by the equilibria that they go round.

    The closed orbits through a section are nested, so where two go round the same equilibria all
    between them do: those at the ends of a run are enough then, if they could be followed.
    """
    found = []
    for own in traced:
        moved = [
            [_orbit(curve + shift, time, equilibria) for curve, time in own]
            for shift in (_shifts(own, periods) if own else ())
        ]
        found.append(
            [[list(g) for _, g in groupby(m, key=lambda orbit: orbit.inside)] for m in moved]
        )
    return found


def _shifts(own: Traced, periods: Periods) -> list[Array]:
    low = np.min([curve.min(axis=0) for curve, _ in own], axis=0)
    high = np.max([curve.max(axis=0) for curve, _ in own], axis=0)
    return periods.shifts(np.stack([low, high], axis=1))


def _once(found: Sequence[Ends], joined: bool) -> list[Ends]:
    """Join bands round the same equilibria that overlap, or all of these.

    Sections at both edges of a period meet the same orbits.
    """
    kept: list[Ends] = []
    for band in found:
        apart = []
        for other in kept:
            if (
                band.inner.inside == other.inner.inside
                and band.inner.inside
                and (joined or _meet(band, other))
            ):
                inner = min(band.inner, other.inner, key=lambda orbit: orbit.size)
                outer = max(band.outer, other.outer, key=lambda orbit: orbit.size)
                band = Ends(inner, outer, max(band.error, other.error))
            else:
                apart.append(other)
        kept = [*apart, band]
    return kept


def _meet(one: Ends, other: Ends) -> bool:
    """Tell whether two bands of nested orbits overlap."""
    return one.inner.size <= other.outer.size and other.inner.size <= one.outer.size


def _traced(returns: ReturnMap, runs: Sequence[Run], wanted: Sequence[set[int]]) -> list[Traced]:
    """Follow orbits of each run once more, for their curves and periods.

    They are known to return, and when: only where one seems to do so at another time are its
    steps looked at more closely. The periods near saddles need small errors; what cannot be
    followed so, as beside a curve of equilibria, is followed as it was when it was found.
    """
    orbits: list[dict[int, tuple[Array, float]]] = [{} for _ in runs]
    left = [(k, i) for k, some in enumerate(wanted) for i in sorted(some)]
    for rtol, doubt in ((FINE, False), (FINE, True), (COARSE, False), (COARSE, True)):
        if not left:
            break
        lanes = np.array([runs[k].arc for k, _ in left], dtype=np.intp)
        x = np.array(
            [
                returns.arcs[runs[k].arc].abscissa(np.array([runs[k].positions[i]]))[0]
                for k, i in left
            ]
        )
        times = np.array([runs[k].times[i] for k, i in left])
        path: list[Steps] = []
        out = returns.shoot(lanes, x, np.ones(x.size), rtol, path=path, doubt=doubt)
        back = out.fate == Fate.RETURNED
        if not doubt:
            back &= np.abs(out.time - times) <= SAME_TIME * times
        here = np.flatnonzero(back)
        for n, curve in zip(here, rough_curves(path, here, out.time[here]), strict=True):
            k, i = left[n]
            orbits[k][i] = curve, float(out.time[n])
        left = [left[n] for n in np.flatnonzero(~back)]
    return [[own[i] for i in sorted(own)] for own in orbits]


def _orbit(curve: Array, period: float, equilibria: Sequence[Equilibrium]) -> Orbit:
    (left, low), (right, high) = curve.min(axis=0), curve.max(axis=0)
    inside = tuple(
        k
        for k, (x, y) in enumerate(e.point for e in equilibria)
        if left < x < right and low < y < high and encloses(curve, equilibria[k].point)
    )
    return Orbit(inside, curve, period)


def _ends(run: Run, members: Sequence[Orbit]) -> Ends:
    first, last = members[0], members[-1]
    if last.size < first.size:
        first, last = last, first
    return Ends(first, last, run.error)


def _band(item: Ends) -> Band:
    first, last = item.inner, item.outer
    ends = first.curve[0].copy(), last.curve[0].copy()
    return Band(
        *ends,
        (first.period, last.period),
        first.inside,
        "numerical",
        item.error,
        curves=(first.curve, last.curve),
    )
