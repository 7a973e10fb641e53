"""Closed orbits of fields that jump, with what is said of them, as limit cycles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from eqpp_dash.engine.cycles.displacement import FINE
from eqpp_dash.engine.cycles.lanes import Fate, Steps
from eqpp_dash.engine.cycles.refine import Refined
from eqpp_dash.engine.cycles.shape import closed_curve, encloses, location
from eqpp_dash.engine.cycles.stepping import turning_share
from eqpp_dash.engine.cycles.values import LimitCycle
from eqpp_dash.engine.dop853 import interpolate
from eqpp_dash.engine.filippov.cycles.returns import SwitchingReturns
from eqpp_dash.engine.filippov.cycles.sliding import SAME, SlidingCycle
from eqpp_dash.model.portrait import Array, Equilibrium

ACROSS = "returns to crossing segments; saltation matrices"
ALONG = "the orbit from one exit of a sliding segment to the next"
AGREE = 1e-4
"""Difference of a multiplier from the quotient of differences at which it is not believed."""

QUOTIENT = 1e-4
"""Distance, in logarithms, of the starts of which the quotient is taken."""


@dataclass(slots=True, eq=False)
class ClosedOrbit:
    """A closed orbit with what is said of it; the fields are those of a limit cycle."""

    rightmost: Array
    points: Array
    bounds: Array
    period: float
    log_multiplier: float
    verified: bool
    method: str
    error: float
    period_error: float
    multiplier_error: float


def crossing_orbit(returns: SwitchingReturns, item: Refined) -> ClosedOrbit:
    """Check the multiplier of a crossing cycle by the quotient of differences of returns.

    Parameters
    ----------
    returns : SwitchingReturns
        The return maps.
    item : Refined
        The cycle.
    """
    section = returns.sections[item.arc]
    place = float(section.position(item.point[:1])[0])
    way = 1.0 if item.log_multiplier <= 0 else -1.0
    x = section.abscissa(place + QUOTIENT * np.array([-1.0, 1.0]))
    arc, sign = np.full(2, item.arc, dtype=np.intp), np.full(2, way)
    out = returns.shoot(arc, x, sign, FINE)
    wrong, seen = True, np.inf
    if (out.fate == Fate.RETURNED).all():
        back = section.position(out.x)
        seen = way * float(np.log(np.diff(back)[0] / (2.0 * QUOTIENT)))
        wrong = not abs(np.expm1(-abs(seen - item.log_multiplier))) <= AGREE
    path: list[Steps] = []
    returns.shoot(arc[:1], item.point[:1], sign[:1], FINE, path=path)
    return ClosedOrbit(
        _rightmost(path),
        item.points,
        item.bounds,
        item.period,
        item.log_multiplier,
        item.verified and not wrong,
        ACROSS,
        item.error,
        item.period_error,
        item.multiplier_error,
    )


def sliding_orbit(item: SlidingCycle, unit: Array) -> ClosedOrbit:
    """Give a cycle that slides; its errors, with the window's widths (2,), tell how sure it is.

    Parameters
    ----------
    item : SlidingCycle
        The cycle.
    unit : ndarray, shape (2,)
        Widths of the window.
    """
    points, bounds = closed_curve(item.steps, 0, item.period, item.way > 0)
    sure = item.error <= SAME * float(unit.max()) and item.period_error <= SAME * item.period
    return ClosedOrbit(
        _rightmost(item.steps),
        points,
        bounds,
        item.period,
        -item.way * np.inf,
        bool(sure),
        ALONG,
        item.error,
        item.period_error,
        0.0,
    )


def _rightmost(path: Sequence[Steps]) -> Array:
    """Give the rightmost point of a curve: where x turns within a step, or at the end of one."""
    best = np.full(2, -np.inf)
    for steps in path:
        share = turning_share(steps.terms[:, 0])
        for theta in (np.zeros_like(share), share):
            points = interpolate(steps.y, steps.terms, theta)
            k = int(np.argmax(points[0]))
            if points[0, k] > best[0]:
                best = points[:, k]
    return best


def nested_cycles(
    found: Sequence[ClosedOrbit],
    smooth: Sequence[LimitCycle],
    equilibria: Sequence[Equilibrium],
    lo: Array,
    hi: Array,
) -> tuple[LimitCycle, ...]:
    """Put all cycles in order, from inside to outside, and say what each encloses.

    Parameters
    ----------
    found : sequence of ClosedOrbit
        Those that meet a surface.
    smooth : sequence of LimitCycle
        Those within a piece.
    equilibria : sequence of Equilibrium
        The equilibria.
    lo, hi : ndarray, shape (2,)
        Corners of the window.
    """
    made = [*smooth]
    for item in found:
        points = _from_rightmost(item.points, item.rightmost)
        made.append(
            LimitCycle(
                points[0],
                item.period,
                item.log_multiplier,
                "stable" if item.log_multiplier < 0 else "unstable",
                item.bounds,
                location(item.bounds, lo, hi),
                points,
                (),
                (),
                "verified" if item.verified else "numerical",
                item.method,
                item.error,
                item.period_error,
                item.multiplier_error,
            )
        )
    made.sort(key=lambda one: (float(np.prod(np.ptp(one.bounds, axis=1))), one.point[0]))
    return tuple(_enclosing(one, made, equilibria) for one in made)


def _enclosing(
    one: LimitCycle, every: Sequence[LimitCycle], equilibria: Sequence[Equilibrium]
) -> LimitCycle:
    inner = tuple(
        k for k, other in enumerate(every) if other is not one and encloses(one.points, other.point)
    )
    within = tuple(k for k, item in enumerate(equilibria) if encloses(one.points, item.point))
    return replace(one, cycles=inner, equilibria=within)


def _from_rightmost(points: Array, rightmost: Array) -> Array:
    """Let a closed polyline begin at its rightmost point."""
    k = int(np.argmax(points[:-1, 0]))
    turned = np.concatenate([points[k:-1], points[:k]])
    turned[0] = rightmost
    return np.concatenate([turned, turned[:1]])
