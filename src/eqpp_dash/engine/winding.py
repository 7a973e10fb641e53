"""Tell which orbits wind onto a limit cycle that is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eqpp_dash.engine.cycles.shape import encloses
from eqpp_dash.engine.dop853 import Array
from eqpp_dash.engine.escape import LEFT
from eqpp_dash.engine.machine import Integrator
from eqpp_dash.engine.machine.stepper import objects_folder
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
ENOUGH = 7.0
"""Logarithm of the factor by which an orbit must have come nearer to a cycle while beside it."""
FARTHEST_ROUND = 1e3
ROUND_STEPS = 20_000
"""Bounds for orbits that are followed round a cylinder: in widths of the window, and in steps."""
_OPEN_ENDS = (RETRACES, "time", "budget", "sliding cycle")
_REPEATS = (RETRACES, "sliding cycle")
_TURN = np.linspace(0.0, 1.0, 8)


@dataclass(frozen=True, slots=True, eq=False)
class _Curve:
    """A cycle's polyline, in units of how near to it an orbit winds onto it."""

    cycle: LimitCycle
    limit: Array
    start: Array
    side: Array
    square: Array

    period: Array

    @classmethod
    def of(cls, cycle: LimitCycle, limit: Array) -> _Curve:
        winds = np.array(cycle.winding, dtype=bool)
        period = np.where(winds, np.ptp(cycle.bounds, axis=1), np.inf)
        start = (cycle.points[:-1] / limit).T
        side = (np.diff(cycle.points, axis=0) / limit).T
        square = np.maximum((side * side).sum(axis=0), 1e-300)
        return cls(cycle, limit, start, side, square, period)

    def shifted(self, point: Array) -> Array:
        """Move a point by periods to where one turn of a cycle that winds is."""
        low = self.cycle.bounds[:, 0]
        with np.errstate(invalid="ignore"):
            turned = low + (point - low) % self.period
        return np.where(np.isfinite(self.period), turned, point)

    def distance(self, point: Array) -> float:
        """Give the distance of a point, in these units."""
        x, y = self.start - (self.shifted(point) / self.limit)[:, None]
        dx, dy = self.side
        share = np.clip((x * dx + y * dy) / -self.square, 0.0, 1.0)
        return float(np.sqrt(((x + share * dx) ** 2 + (y + share * dy) ** 2).min()))

    def beside(self, point: Array) -> bool:
        """Tell whether a point is near the box around the cycle."""
        bounds = self.cycle.bounds
        place = self.shifted(point)
        out = np.maximum(bounds[:, 0] - place, place - bounds[:, 1])
        return bool((out <= self.limit).all())


def settle_on_cycles(problem: Problem, flow: Flow) -> None:
    """Name the cycle at which lanes end that were left beside one.

    Parameters
    ----------
    problem : Problem
        The planar system on its window, with the cycles known.
    flow : Flow
        Orbits that were integrated; ends of those that retrace themselves, or were followed
        to the end of the time or of their steps, are replaced by ``cycle k`` if they wind
        onto it.

    Notes
    -----
    A lane winds onto a cycle if it was left beside it, the cycle attracts in the lane's
    direction of time, and no other cycle parts the two. How near is near enough follows from
    the multiplier m: an orbit whose turns differ by d is about d/(1 - m) away from the cycle.
    """
    ends = flow.ends
    curves = [_Curve.of(cycle, _reach(problem, cycle)) for cycle in problem.cycles]
    for lane, end in enumerate(ends.end if curves else ()):
        if end not in _OPEN_ENDS:
            continue
        number = _attracting(curves, ends.state[:, lane], float(flow.signs[lane]))
        if number is None or (end not in _REPEATS and not _stays(curves[number], flow, lane)):
            continue
        ends.end[lane], ends.reached[lane] = f"cycle {number}", None
        ends.reason[lane] = "it winds onto the cycle"


def settle_round_cylinders(problem: Problem, flow: Flow) -> None:
    """Name the cycle at which lanes end that ran out of the work box round a cylinder.

    Parameters
    ----------
    problem : Problem
        The planar system on its window, with the cycles known.
    flow : Flow
        Orbits that were integrated; those that left the work box are followed on, and ``cycle k``
        is their end if they come as near to one that winds as `settle_on_cycles` asks for.
    """
    winding = [number for number, cycle in enumerate(problem.cycles) if any(cycle.winding)]
    ends = flow.ends
    gone = [lane for lane, end in enumerate(ends.end) if end == LEFT]
    if not winding or not gone:
        return
    curves = [_Curve.of(cycle, _reach(problem, cycle)) for cycle in problem.cycles]
    signs = flow.signs[gone]
    span = max(_settling(problem.cycles[number]) for number in winding)
    box = np.stack([problem.center - FARTHEST_ROUND * problem.width] * 2, axis=1)
    box[:, 1] = problem.center + FARTHEST_ROUND * problem.width
    box[np.any([problem.cycles[number].winding for number in winding], axis=0)] = -np.inf, np.inf
    field = problem.field
    with Integrator(field.components, field.variables, {}, folder=objects_folder()) as integrator:
        last = integrator.propagate(
            ends.state[:, gone],
            signs * span,
            rtol=problem.rtol,
            atol=problem.atol * problem.width,
            box=box,
            max_steps=ROUND_STEPS,
        )
    for place, lane in enumerate(gone):
        number = _attracting(curves, last.states[:, place], float(signs[place]))
        if number is not None and number in winding:
            ends.end[lane], ends.reached[lane] = f"cycle {number}", None
            ends.reason[lane] = "it winds onto the cycle"


def _settling(cycle: LimitCycle) -> float:
    """Give the time in which orbits settle on a cycle, at most 500 periods."""
    return cycle.period * float(np.clip(30.0 / max(abs(cycle.log_multiplier), 1e-3), 5.0, 500.0))


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
        if _Curve.of(cycle, size).distance(point) <= ON + chord**2:
            return number
    return None


def _attracting(curves: Sequence[_Curve], point: Array, sign: float) -> int | None:
    """Give the cycle onto which an orbit winds that was left at a point."""
    found, nearest = None, np.inf
    for number, curve in enumerate(curves):
        if curve.cycle.log_multiplier * sign >= 0 or not curve.beside(point):
            continue
        away = curve.distance(point)
        if away <= min(1.0, nearest) and not _parted(curves, number, point):
            found, nearest = number, away
    return found


def _reach(problem: Problem, cycle: LimitCycle) -> Array:
    """Give how near to a cycle, along each variable, an orbit winds onto it."""
    turns = float(np.expm1(-abs(cycle.log_multiplier)))
    reach = NEAR - 2.0 * SAME_ON_SCREEN / turns if turns else FARTHEST
    limit = min(reach, FARTHEST) * problem.width
    return np.asarray(np.minimum(limit, FARTHEST * np.ptp(cycle.bounds, axis=1)))


def _stays(curve: _Curve, flow: Flow, lane: int) -> bool:
    """Tell whether a lane was near a cycle all along its last turn.

    Or for half its time, where the cycle attracts so strongly that this is far enough.
    """
    time, period = float(flow.ends.time[lane]), curve.cycle.period
    last = min(period, 0.5 * time)
    if last < period and abs(curve.cycle.log_multiplier) * last < ENOUGH * period:
        return False
    turn = flow.at(lane, time - last * _TURN)
    return all(curve.distance(point) <= 1.0 for point in turn.T)


def _parted(curves: Sequence[_Curve], number: int, point: Array) -> bool:
    """Tell whether another cycle lies between a point and a cycle."""
    on = curves[number].cycle.point
    if any(curves[number].cycle.winding):
        return False  # then no closed orbit, and the nearest of those that wind alike is the one
    return any(
        encloses(other.cycle.points, point) != encloses(other.cycle.points, on)
        for k, other in enumerate(curves)
        if k != number and not any(other.cycle.winding)
    )
