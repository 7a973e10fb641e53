"""Keep a picture of many orbits clean: limit cycles first, and no bands of merging curves.

Orbits that wind onto a cycle, or gather along one direction of a node, come closer to each other
than the eye can part. So the cycles themselves are drawn as one turn each, and of every other
curve the last part is left out that runs beside what is drawn already (the test distance of
Jobard and Lefer, *Visualization in Scientific Computing '97*, 43-55, at the ends of curves only).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.dop853 import Array
from eqpp_dash.engine.orbits import RETRACES, Problem
from eqpp_dash.engine.trajectories import Orbits, Traced
from eqpp_dash.engine.walking import unit_parts, walk_along
from eqpp_dash.model.portrait import Trajectory

Cells = NDArray[np.intp]
"""Numbers of cells of the window, which have one more all around."""

CELLS = 220
"""Cells a side of the window; curves in neighbouring cells, up to 0.7 % apart, are crowded."""

_ROW = CELLS + 2
_NEIGHBOURS = np.array([i * _ROW + j for i in (-1, 0, 1) for j in (-1, 0, 1)])

MOST_CYCLES = 8
OWN = 0.15
"""So far along it, in widths of the window, a curve is another turn of itself."""

OVERLAP = 0.012
SHORTEST = 0.04
SAME_CYCLE = 0.02


def cycle_orbits(traced: Traced, steps: int) -> tuple[Orbits, Array]:
    """Give orbits that lie, for the eye, on the cycles onto which others wind.

    Parameters
    ----------
    traced : Traced
        Orbits that were integrated.
    steps : int
        Most steps of each half.

    Returns
    -------
    orbits : Orbits
        One a cycle, through the point at which the first orbit to wind onto it was left.
    signs : ndarray, shape (m,)
        The direction of time in which each cycle attracts.
    """
    problem, flow = traced.problem, traced.flow
    starts: list[Array] = []
    signs: list[float] = []
    known: list[Array] = []
    for lane, end in enumerate(flow.ends.end):
        if end != RETRACES or len(starts) == MOST_CYCLES:
            continue
        point = flow.ends.state[:, lane]
        apart = [np.max(np.abs(p - point[:, None]) / problem.width[:, None], axis=0) for p in known]
        if any(float(away.min()) < SAME_CYCLE for away in apart):
            continue
        time = float(flow.ends.time[lane])
        known.append(flow.at(lane, np.linspace(0.5 * time, time, 800)))
        starts.append(point)
        signs.append(float(flow.signs[lane]))
    points = np.array(starts).reshape(len(starts), problem.width.size)
    return Orbits.through(points, "seeded", steps), np.array(signs)


def draw_one_turn(traced: Traced, signs: Array) -> None:
    """Let orbits of `cycle_orbits` be drawn in the direction in which their cycles attract."""
    for i, sign in enumerate(signs):
        other = traced.backward[i] if sign > 0 else traced.forward[i]
        traced.flow.ends.drawn[other] = 0.0


def cut_crowded(
    problem: Problem,
    trajectories: Sequence[Trajectory],
    cycles: Sequence[Array] = (),
    *,
    to_border: bool = True,
) -> tuple[Trajectory, ...]:
    """Leave out the last parts of curves that run beside what is drawn already.

    A separatrix that leaves the window ends at none of the other curves in it, however near they
    are: it stays whole unless it runs beside an earlier turn of itself.

    Parameters
    ----------
    problem : Problem
        The planar system on its window.
    trajectories : sequence of Trajectory
        What is drawn, the most important first. Given ones and closed orbits stay whole.
    cycles : sequence of ndarray, shape (m, 2)
        Curves of limit cycles, which are drawn in any case.
    to_border : bool
        Whether the rule for separatrices that leave the window holds. Where they were followed
        too roughly for that, they run past saddles that they end at.

    Returns
    -------
    tuple of Trajectory
        The same without the crowded parts; evenly spaced ones of which hardly anything is
        left are dropped.
    """
    taken = np.zeros(_ROW * _ROW, dtype=bool)
    nothing, first = np.zeros_like(taken), np.full(taken.size, np.inf)
    if cycles:
        taken[_around(np.unique(_walk(problem, cycles, 1.0 / CELLS)[0]))] = True
    kept: list[Trajectory] = []
    groups = [(whole, list(items)) for whole, items in groupby(trajectories, key=_stays_whole)]
    for number, (whole, items) in enumerate(groups, 1):
        if whole:
            if number < len(groups):
                cells, *_ = _walk(problem, [item.points for item in items], 1.0 / CELLS)
                taken[_around(np.unique(cells))] = True
            kept += items
            continue
        starts = [int(np.searchsorted(item.times, 0.0)) for item in items]
        halves = [
            half
            for item, k in zip(items, starts, strict=True)
            for half in (item.points[k:], item.points[k::-1])
        ]
        cells, at, owner = _walk(problem, halves)
        cuts = [slice(*pair) for pair in pairwise(np.searchsorted(owner, range(len(halves) + 1)))]
        for k, (item, start) in enumerate(zip(items, starts, strict=True)):
            counts, lasts, parts = [], [], (cuts[2 * k], cuts[2 * k + 1])
            for half, part in zip(halves[2 * k : 2 * k + 2], parts, strict=True):
                leaves = to_border and item.origin == "separatrix" and _ends_outside(problem, half)
                beside = nothing if leaves else taken
                count, last = _useful(problem, half, cells[part], at[part], beside, first)
                counts.append(count)
                lasts.append(last)
            if sum(counts) <= len(item.points):
                part = slice(start - counts[1] + 1, start + counts[0])
                item = replace(item, times=item.times[part], points=item.points[part])
                if item.origin == "seeded" and _arc(problem, item.points)[-1] < SHORTEST:
                    continue
            for part, last in zip(parts, lasts, strict=True):
                taken[_around(cells[part][at[part] <= last])] = True
            kept.append(item)
    return tuple(kept)


def _stays_whole(item: Trajectory) -> bool:
    return item.origin == "given" or item.forward.end == "closed orbit"


def _ends_outside(problem: Problem, points: Array) -> bool:
    """Tell whether the last of some points is beyond the window."""
    away = np.abs(points[-1] - problem.center) / problem.width
    return bool(away.max() > 0.5)


def _around(cells: Cells) -> Cells:
    """Give cells, shape (m,), and all their neighbours, shape (9, m)."""
    around: Cells = _NEIGHBOURS[:, None] + cells
    return around


def _useful(
    problem: Problem, points: Array, cells: Cells, at: Array, taken: NDArray[np.bool_], first: Array
) -> tuple[int, float]:
    """Give how many points of half a curve, from its start, are worth drawing, and their length.

    The length is infinite for all points. In `first`, infinite for every cell, it is noted how far
    along the curve each was reached.
    """
    if len(points) < 2 or not at.size:
        return len(points), np.inf
    first[cells[::-1]] = at[::-1]  # of repeated places the last is kept: where it came there first
    crowded = taken[cells] | (first[_around(cells)].min(axis=0) < at - OWN)
    first[cells] = np.inf
    free = np.flatnonzero(~crowded)
    last = float(at[free[-1]]) + OVERLAP if free.size else 0.0
    if last >= at[-1]:
        return len(points), np.inf
    arc = _arc(problem, points)
    count = max(1, int(np.searchsorted(arc, last, side="right")))
    return count, float(arc[count - 1])


def _arc(problem: Problem, points: Array) -> Array:
    steps = np.hypot(*(np.diff(points, axis=0) / problem.width).T)
    return np.concatenate([[0.0], np.cumsum(steps)])


def _walk(
    problem: Problem, parts: Sequence[Array], spacing: float = 0.5 / CELLS
) -> tuple[Cells, Array, Cells]:
    """Give the cells that curves pass in the window, how far along which curve each is."""
    unit = unit_parts(parts, problem.center, problem.width)
    points, at, owner = walk_along(unit, spacing, 60_000)
    inside = np.flatnonzero(((points >= 0) & (points < 1)).all(axis=1))
    column, row = (points[inside] * CELLS).astype(np.intp).T + 1
    return column * _ROW + row, at[inside], owner[inside]
