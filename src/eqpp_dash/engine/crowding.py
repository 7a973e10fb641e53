"""Keep a picture of many orbits clean: limit cycles first, and no bands of merging curves.

Orbits that wind onto a cycle, or gather along one direction of a node, come closer to each other
than the eye can part. So the cycles themselves are drawn as one turn each, and of every other
curve the last part is left out that runs beside what is drawn already (the test distance of
Jobard and Lefer, *Visualization in Scientific Computing '97*, 43-55, at the ends of curves only).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.dop853 import Array
from eqpp_dash.engine.orbits import RETRACES, Problem
from eqpp_dash.engine.trajectories import Orbits, Traced
from eqpp_dash.engine.walking import walk_along
from eqpp_dash.model.portrait import Trajectory

Cells = tuple[NDArray[np.intp], NDArray[np.intp]]

CELLS = 220
"""Cells a side of the window; curves in neighbouring cells, up to 0.7 % apart, are crowded."""

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
    problem: Problem, trajectories: Sequence[Trajectory], cycles: Sequence[Array] = ()
) -> tuple[Trajectory, ...]:
    """Leave out the last parts of curves that run beside what is drawn already.

    Parameters
    ----------
    problem : Problem
        The planar system on its window.
    trajectories : sequence of Trajectory
        What is drawn, the most important first. Given ones and closed orbits stay whole.
    cycles : sequence of ndarray, shape (m, 2)
        Curves of limit cycles, which are drawn in any case.

    Returns
    -------
    tuple of Trajectory
        The same without the crowded parts; evenly spaced ones of which hardly anything is
        left are dropped.
    """
    passed = np.zeros((CELLS + 2, CELLS + 2), dtype=bool)
    first = np.full(passed.size, np.inf)
    if cycles:
        passed[_walk(problem, cycles, 1.0 / CELLS)[0]] = True
    kept: list[Trajectory] = []
    groups = [(whole, list(items)) for whole, items in groupby(trajectories, key=_stays_whole)]
    for number, (whole, items) in enumerate(groups, 1):
        if whole:
            if number < len(groups):
                passed[_walk(problem, [item.points for item in items], 1.0 / CELLS)[0]] = True
            kept += items
            continue
        for item in items:
            rest = _cut(problem, item, _widened(passed), first)
            cut = len(rest.points) < len(item.points)
            if cut and item.origin == "seeded" and _arc(problem, rest.points)[-1] < SHORTEST:
                continue
            passed[_walk(problem, [rest.points])[0]] = True
            kept.append(rest)
    return tuple(kept)


def _stays_whole(item: Trajectory) -> bool:
    return item.origin == "given" or item.forward.end == "closed orbit"


def _widened(passed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Give the cells that were passed and all their neighbours."""
    wide = passed.copy()
    wide[1:] |= passed[:-1]
    wide[:-1] |= passed[1:]
    tall = wide.copy()
    tall[:, 1:] |= wide[:, :-1]
    tall[:, :-1] |= wide[:, 1:]
    return tall


def _cut(problem: Problem, item: Trajectory, taken: NDArray[np.bool_], first: Array) -> Trajectory:
    start = int(np.searchsorted(item.times, 0.0))
    ahead = _useful(problem, item.points[start:], taken, first)
    behind = _useful(problem, item.points[start::-1], taken, first)
    part = slice(start - behind + 1, start + ahead)
    return replace(item, times=item.times[part], points=item.points[part])


def _useful(problem: Problem, points: Array, taken: NDArray[np.bool_], first: Array) -> int:
    """Give how many points of half a curve, from its start, are worth drawing.

    In `first`, infinite for every cell, it is noted how far along the curve each was reached.
    """
    cells, at = _walk(problem, [points])
    if len(points) < 2 or not at.size:
        return len(points)
    code = cells[0] * taken.shape[1] + cells[1]
    first[code[::-1]] = at[::-1]  # of repeated places the last is kept: where it came there first
    near = [code + i * taken.shape[1] + j for i in (-1, 0, 1) for j in (-1, 0, 1)]
    crowded = taken[cells] | (first[np.stack(near)].min(axis=0) < at - OWN)
    first[code] = np.inf
    free = np.flatnonzero(~crowded)
    last = float(at[free[-1]]) + OVERLAP if free.size else 0.0
    if last >= at[-1]:
        return len(points)
    return max(1, int(np.searchsorted(_arc(problem, points), last, side="right")))


def _arc(problem: Problem, points: Array) -> Array:
    steps = np.hypot(*(np.diff(points, axis=0) / problem.width).T)
    return np.concatenate([[0.0], np.cumsum(steps)])


def _walk(
    problem: Problem, parts: Sequence[Array], spacing: float = 0.5 / CELLS
) -> tuple[Cells, Array]:
    """Give the cells that curves pass in the window, and how far along its curve each is."""
    unit = [(part - problem.center) / problem.width + 0.5 for part in parts]
    points, at, _ = walk_along(unit, spacing, 60_000)
    inside = ((points >= 0) & (points < 1)).all(axis=1)
    column, row = (points[inside] * CELLS).astype(np.intp).T + 1
    return (column, row), at[inside]
