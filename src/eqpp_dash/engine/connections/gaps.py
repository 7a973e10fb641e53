"""Measure how far a branch of an unstable manifold passes from one of a stable manifold."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from eqpp_dash.engine.dop853 import Array
from eqpp_dash.engine.integrate import integrate_orbits
from eqpp_dash.engine.orbits import Flow, Problem
from eqpp_dash.model.portrait import Trajectory

RTOL = 1e-12
TRUSTED = 1e-8
"""Relative tolerance from which on a curve is not followed anew."""

STEPS = 4000
_LOOKS = 600


@dataclass(frozen=True, slots=True, eq=False)
class Gap:
    """Where two branches cross a section.

    Attributes
    ----------
    distance : float
        Between the crossings, in widths of the window.
    section : ndarray, shape (2, 2)
        The point in which the unstable branch crosses, and the unit direction of the section.
    """

    distance: float
    section: Array


def measure_gap(
    problem: Problem, out: Trajectory, back: Trajectory, last: int, width: Array
) -> Gap | None:
    """Follow two branches anew, far more accurately, to a section half way between the saddles.

    Parameters
    ----------
    problem : Problem
        The system on its window.
    out, back : Trajectory
        The unstable branch of the one saddle and the stable branch of the other, as followed
        from points on their local manifolds at time 0.
    last : int
        The point of `out` that is nearest to the other saddle.
    width : ndarray, shape (2,)
        Width of the window.

    Returns
    -------
    Gap or None
        The section is perpendicular to the field, in units of the widths. None if the stable
        branch does not cross it near the unstable one.
    """
    middle = _middle(out, last, width)
    if middle is None or len(back.times) < 2:
        return None
    time, other = float(out.times[middle]), _rough_crossing(problem, out.points[middle], back)
    if other is None or other <= 0:
        return None
    starts = np.stack([out.start, back.start], axis=1)
    flow = _follow(problem, starts, np.array([1.0, -1.0]), max(time, 1.2 * other))
    if flow.ends.time[0] < time or flow.ends.time[1] < other:
        return None
    point = flow.at(0, np.array([time]))[:, 0]
    along = problem.field(problem.start, point[:, None])[:, 0] / width
    along = along / np.linalg.norm(along)
    crossing = _crossing(flow, point, along, width, other)
    if crossing is None:
        return None
    across = np.array([-along[1], along[0]])
    distance = abs(float(across @ ((crossing - point) / width)))
    direction = across * width
    return Gap(distance, np.stack([point, direction / np.linalg.norm(direction)]))


def accurate_points(problem: Problem, out: Trajectory, last: int) -> Array:
    """Give points of an unstable branch from its start to near one of its points.

    Parameters
    ----------
    problem : Problem
        The system on its window.
    out : Trajectory
        The branch as followed from its start at time 0.
    last : int
        The point.

    Returns
    -------
    ndarray, shape (m, 2)
        Those of the curve itself if it was followed as accurately as a portrait does by default,
        else of the branch followed anew to the time of the point.
    """
    time = float(out.times[last])
    if problem.rtol <= TRUSTED or time <= 0:
        return out.points[: last + 1]
    flow = _follow(problem, out.start[:, None], np.ones(1), time)
    return flow.at(0, np.linspace(0.0, min(time, float(flow.ends.time[0])), _LOOKS)).T


def _follow(problem: Problem, starts: Array, signs: Array, span: float) -> Flow:
    """Follow orbits far more accurately than for the eye."""
    tight = replace(
        problem,
        rtol=min(problem.rtol, RTOL),
        atol=min(problem.atol, 1e-2 * RTOL),
        span=span,
        by_eye=False,
        cycles=(),
    )
    return integrate_orbits(tight, starts, signs, steps=np.full(signs.size, STEPS, dtype=np.intp))


def _rough_crossing(problem: Problem, point: Array, back: Trajectory) -> float | None:
    """Give the elapsed time at which a drawn curve crosses the section nearest to a point."""
    width = problem.width
    along = problem.field(problem.start, point[:, None])[:, 0] / width
    away = (back.points - point) / width
    ahead = away @ along
    places = np.flatnonzero(ahead[:-1] * ahead[1:] <= 0)
    if not places.size:
        return None
    rise = ahead[places + 1] - ahead[places]
    share = np.where(rise != 0, -ahead[places] / np.where(rise != 0, rise, 1.0), 0.0)
    crossings = away[places] + share[:, None] * (away[places + 1] - away[places])
    best = int(np.argmin(np.abs(crossings).max(axis=1)))
    place = places[best]
    step = back.times[place + 1] - back.times[place]
    return -float(back.times[place] + share[best] * step)


def _middle(out: Trajectory, last: int, width: Array) -> int | None:
    """Give the point half way along the branch, of those after the start."""
    points = out.points[: last + 1] / width
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    middle = int(np.searchsorted(length, 0.5 * length[-1]))
    return middle if out.times[middle] > 0 else None


def _crossing(flow: Flow, point: Array, along: Array, width: Array, guess: float) -> Array | None:
    """Give the stable branch's crossing of the section that is nearest to a point."""
    end = float(flow.ends.time[1])
    times = np.linspace(max(0.0, 0.8 * guess), min(end, 1.2 * guess), _LOOKS)

    def ahead(at: Array) -> Array:
        away = (flow.at(1, at) - point[:, None]) / width[:, None]
        return np.asarray(along @ away)

    signs = ahead(times)
    places = np.flatnonzero(signs[:-1] * signs[1:] <= 0)
    best: Array | None = None
    for place in places.tolist():
        low, high = times[place], times[place + 1]
        for _ in range(60):
            trial = 0.5 * (low + high)
            same = float(ahead(np.array([trial]))[0]) * signs[place] > 0
            low, high = (trial, high) if same else (low, trial)
        found = flow.at(1, np.array([0.5 * (low + high)]))[:, 0]
        if best is None or _far(found - point, width) < _far(best - point, width):
            best = found
    return best


def _far(away: Array, width: Array) -> float:
    return float(np.max(np.abs(away / width)))
