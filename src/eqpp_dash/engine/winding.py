"""Tell which orbits wind onto a limit cycle that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eqpp_dash.engine.cycles.shape import encloses
from eqpp_dash.engine.dop853 import Array
from eqpp_dash.engine.orbits import RETRACES
from eqpp_dash.engine.returns import SAME_ON_SCREEN
from eqpp_dash.model.cycles import LimitCycle

if TYPE_CHECKING:
    from eqpp_dash.engine.orbits import Flow, Problem

ON = 1e-6
"""An orbit that closes this near to a cycle, in sizes of the cycle, is the cycle."""

NEAR = 2e-3
"""An orbit this near to a cycle that attracts it, in widths of the window, winds onto it."""

FARTHEST = 0.05
_OPEN_ENDS = (RETRACES, "time", "budget")
_TURN = np.linspace(0.0, 1.0, 16)


def settle_on_cycles(problem: Problem, flow: Flow) -> None:
    """Name the cycle at which lanes end that were left beside one.

    Parameters
    ----------
    problem : Problem
        The planar system on its window, with the cycles known.
    flow : Flow
        Orbits that were integrated; ends of those that retrace themselves, or were followed
        to the end of the time, are replaced by ``cycle k`` if they wind onto it.

    Notes
    -----
    A lane winds onto a cycle if it was left beside it, the cycle attracts in the lane's
    direction of time, and no other cycle parts the two. How near is near enough follows from
    the multiplier m: an orbit whose turns differ by d is about d/(1 - m) away from the cycle.
    """
    ends = flow.ends
    for lane, end in enumerate(ends.end if problem.cycles else ()):
        if end not in _OPEN_ENDS:
            continue
        sign = float(flow.signs[lane])
        number = _attracting(problem, ends.state[:, lane], sign)
        if number is None or (end != RETRACES and not _stays(problem, flow, lane, number)):
            continue
        ends.end[lane], ends.reached[lane] = f"cycle {number}", None
        ends.reason[lane] = "it winds onto the cycle"


def cycle_through(problem: Problem, point: Array) -> int | None:
    """Give the cycle on which a point lies; None if it is on none.

    Parameters
    ----------
    problem : Problem
        The planar system on its window, with the cycles known.
    point : ndarray, shape (2,)
        The point.
    """
    for number, cycle in enumerate(problem.cycles):
        size = np.ptp(cycle.bounds, axis=1)
        chord = np.max(np.abs(np.diff(cycle.points, axis=0)) / size)
        if _distance(cycle, point, size) <= ON + chord**2:
            return number
    return None


def _attracting(problem: Problem, point: Array, sign: float) -> int | None:
    """Give the cycle onto which an orbit winds that was left at a point."""
    found, nearest = None, np.inf
    for number, cycle in enumerate(problem.cycles):
        if cycle.log_multiplier * sign >= 0:
            continue
        limit = _reach(problem, cycle)
        out = np.maximum(cycle.bounds[:, 0] - point, point - cycle.bounds[:, 1])
        if (out > limit).any():
            continue
        away = _distance(cycle, point, limit)
        if away <= min(1.0, nearest) and not _parted(problem, number, point):
            found, nearest = number, away
    return found


def _reach(problem: Problem, cycle: LimitCycle) -> Array:
    """Give how near to a cycle, along each variable, an orbit winds onto it."""
    reach = NEAR - 2.0 * SAME_ON_SCREEN / float(np.expm1(-abs(cycle.log_multiplier)))
    limit = min(reach, FARTHEST) * problem.width
    return np.asarray(np.minimum(limit, FARTHEST * np.ptp(cycle.bounds, axis=1)))


def _stays(problem: Problem, flow: Flow, lane: int, number: int) -> bool:
    """Tell whether a lane was near a cycle all along its last turn."""
    cycle, time = problem.cycles[number], float(flow.ends.time[lane])
    if time < cycle.period:
        return False
    turn = flow.at(lane, time - cycle.period * _TURN)
    limit = _reach(problem, cycle)
    return all(_distance(cycle, point, limit) <= 1.0 for point in turn.T)


def _parted(problem: Problem, number: int, point: Array) -> bool:
    """Tell whether another cycle lies between a point and a cycle."""
    on = problem.cycles[number].point
    return any(
        encloses(other.points, point) != encloses(other.points, on)
        for k, other in enumerate(problem.cycles)
        if k != number
    )


def _distance(cycle: LimitCycle, point: Array, unit: Array) -> float:
    """Give the distance of a point from a cycle's polyline, in units of each variable."""
    a = (cycle.points[:-1] - point) / unit
    d = np.diff(cycle.points, axis=0) / unit
    square = np.maximum((d * d).sum(axis=1), 1e-300)
    share = np.clip(-(a * d).sum(axis=1) / square, 0.0, 1.0)
    return float(np.sqrt(((a + share[:, None] * d) ** 2).sum(axis=1).min()))
