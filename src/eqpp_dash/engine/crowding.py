"""Keep a picture of many orbits clean: limit cycles first, and no bands of merging curves.

Orbits that wind onto a cycle, or gather along one direction of a node, come closer to each other
than the eye can part. So the cycles themselves are drawn as one turn each, and of every other
curve the last part is left out that runs beside what is drawn already (the test distance of
Jobard and Lefer, *Visualization in Scientific Computing '97*, 43-55, at the ends of curves only).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.dop853 import Array
from eqpp_dash.engine.orbits import RETRACES, Problem
from eqpp_dash.engine.trajectories import Orbits, Traced
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


def cut_crowded(problem: Problem, trajectories: Sequence[Trajectory]) -> tuple[Trajectory, ...]:
    """Leave out the last parts of curves that run beside what is drawn already.

    Parameters
    ----------
    problem : Problem
        The planar system on its window.
    trajectories : sequence of Trajectory
        What is drawn, the most important first. Given ones and closed orbits stay whole.

    Returns
    -------
    tuple of Trajectory
        The same without the crowded parts; evenly spaced ones of which hardly anything is
        left are dropped.
    """
    taken = np.zeros((CELLS + 2, CELLS + 2), dtype=bool)
    kept = []
    for item in trajectories:
        rest = item
        if item.origin != "given" and item.forward.end != "closed orbit":
            rest = _cut(problem, item, taken)
        cut = len(rest.points) < len(item.points)
        if cut and item.origin == "seeded" and _arc(problem, rest.points)[-1] < SHORTEST:
            continue
        for cell in _around(_walk(problem, rest.points)[0]):
            taken[cell] = True
        kept.append(rest)
    return tuple(kept)


def _cut(problem: Problem, item: Trajectory, taken: NDArray[np.bool_]) -> Trajectory:
    start = int(np.searchsorted(item.times, 0.0))
    ahead = _useful(problem, item.points[start:], taken)
    behind = _useful(problem, item.points[start::-1], taken)
    part = slice(start - behind + 1, start + ahead)
    return replace(item, times=item.times[part], points=item.points[part])


def _useful(problem: Problem, points: Array, taken: NDArray[np.bool_]) -> int:
    """Give how many points of half a curve, from its start, are worth drawing."""
    cells, at = _walk(problem, points)
    if len(points) < 2 or not at.size:
        return len(points)
    first = np.full(taken.shape, np.inf)
    for cell in _around(cells):
        np.minimum.at(first, cell, at)
    crowded = taken[cells] | (first[cells] < at - OWN)
    free = np.flatnonzero(~crowded)
    last = float(at[free[-1]]) + OVERLAP if free.size else 0.0
    if last >= at[-1]:
        return len(points)
    return max(1, int(np.searchsorted(_arc(problem, points), last, side="right")))


def _arc(problem: Problem, points: Array) -> Array:
    steps = np.hypot(*(np.diff(points, axis=0) / problem.width).T)
    return np.concatenate([[0.0], np.cumsum(steps)])


def _walk(problem: Problem, points: Array) -> tuple[Cells, Array]:
    """Give the cells that a curve passes in the window, and how far along each is."""
    arc = _arc(problem, points)
    count = int(min(arc[-1] * 2 * CELLS, 60_000)) + 2
    at = np.linspace(0.0, arc[-1], count)
    unit = [
        (np.interp(at, arc, points[:, k]) - problem.center[k]) / problem.width[k] + 0.5
        for k in range(2)
    ]
    inside = np.logical_and.reduce([(u >= 0) & (u < 1) for u in unit])
    column, row = ((u[inside] * CELLS).astype(np.intp) + 1 for u in unit)
    return (column, row), at[inside]


def _around(cells: Cells) -> list[Cells]:
    column, row = cells
    return [(column + i, row + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
