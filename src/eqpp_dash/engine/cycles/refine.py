"""Cycles refined by Newton's method on the displacement, and verified."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eqpp_dash.engine.cycles.displacement import COARSE, ERROR, FINE, LEAST
from eqpp_dash.engine.cycles.lanes import Fate, FirstReturns, Ints, Steps
from eqpp_dash.engine.cycles.returns import ReturnMap
from eqpp_dash.engine.cycles.shape import closed_curve
from eqpp_dash.model.portrait import Array

MOST_ROUNDS = 10
FINEST = 1e-13
"""Tolerated error of the steps of the last turn."""

MARGIN = 5.0
"""A cycle is verified so many errors away from it on either side."""

MANY_STEPS = 20_000


@dataclass(slots=True)
class Bracket:
    """Two places of a section between which the displacement changes its sign once.

    Attributes
    ----------
    arc : int
        The section.
    low, high : float
        Positions.
    sign : int
        The displacement's sign at `high`.
    direction : int
        0 to follow orbits forward, 1 backward in time: the way they approach each other.
    guess : float
        Where to begin.
    """

    arc: int
    low: float
    high: float
    sign: int
    direction: int
    guess: float


@dataclass(frozen=True, slots=True, eq=False)
class Refined:
    """A cycle, located.

    Attributes
    ----------
    arc : int
        Its section.
    point : ndarray, shape (2,)
        Where it crosses the section.
    period, log_multiplier : float
        Its period and the integral of the divergence over it.
    stable : bool
        Whether orbits near it approach it.
    points, bounds : ndarray
        The curve and its bounds, as `closed_curve` gives them.
    verified : bool
        Whether orbits on either side, `error` away, were seen to move as they must.
    error, period_error, multiplier_error : float
        Estimated errors.
    """

    arc: int
    point: Array
    period: float
    log_multiplier: float
    stable: bool
    points: Array
    bounds: Array
    verified: bool
    error: float
    period_error: float
    multiplier_error: float


def refine_cycles(returns: ReturnMap, brackets: Sequence[Bracket]) -> list[Refined]:
    """Locate cycles, all at once.

    Parameters
    ----------
    returns : ReturnMap
        The first returns.
    brackets : sequence of Bracket
        Where the cycles are.

    Returns
    -------
    list of Refined
        A cycle for each bracket whose iteration stayed on orbits that return.
    """
    if not brackets:
        return []
    arc = np.array([b.arc for b in brackets], dtype=np.intp)
    sign = np.array([1.0 if b.direction == 0 else -1.0 for b in brackets])
    rising = np.array([float(b.sign) for b in brackets])
    low, high = (np.array([getattr(b, name) for b in brackets]) for name in ("low", "high"))
    place = np.array([b.guess for b in brackets])
    error = np.full(place.size, np.inf)
    slope = np.full(place.size, np.nan)
    for round_ in range(MOST_ROUNDS):
        rtol = FINE if round_ else COARSE
        value, slope, error, _ = _displacement(returns, arc, place, sign, rtol)
        above, below = value * rising > error, value * rising < -error
        low, high = np.where(below, place, low), np.where(above, place, high)
        ahead = place - value / slope
        step = np.where((ahead > low) & (ahead < high), ahead, 0.5 * (low + high)) - place
        done = np.abs(step) <= error / np.abs(slope)
        place = place + np.where(done & ~((ahead > low) & (ahead < high)), 0.0, step)
        if round_ and done.all():
            break
    path: list[Steps] = []
    last = _displacement(returns, arc, place, sign, FINEST, path)[3]
    away = MARGIN * error / np.abs(slope)
    count = place.size
    three = np.concatenate([place, place - away, place + away])
    value, _, error, all_ = _displacement(returns, np.tile(arc, 3), three, np.tile(sign, 3), FINE)
    again, before, after = (all_.pick(slice(k * count, (k + 1) * count)) for k in range(3))
    sure = np.sign(np.where(np.abs(value) > error, value, 0.0)).reshape(3, count) * rising
    verified = (sure[1] < 0) & (sure[2] > 0)
    spread = (
        np.abs(after.time - before.time),
        np.abs(after.divergence - before.divergence),
    )
    found = []
    for i, bracket in enumerate(brackets):
        if last.fate[i] != Fate.RETURNED:
            continue
        one = returns.arcs[bracket.arc]
        x = one.abscissa(place[i : i + 1])
        period, integral = float(last.time[i]), float(last.divergence[i])
        points, bounds = closed_curve(path, i, period, bracket.direction == 0)
        found.append(
            Refined(
                bracket.arc,
                np.array([x[0], one.height(x)[0]]),
                period,
                integral * float(sign[i]),
                bracket.sign < 0,
                points,
                bounds,
                bool(verified[i]),
                float(away[i] / one.stretch(x)[0]),
                _spread(spread[0][i], abs(float(again.time[i]) - period)),
                _spread(spread[1][i], abs(float(again.divergence[i]) - integral)),
            )
        )
    return found


def _spread(near: float, change: float) -> float:
    return float(np.nan_to_num(near, nan=np.inf)) + change


def _displacement(
    returns: ReturnMap,
    arc: Ints,
    place: Array,
    sign: Array,
    rtol: float,
    path: list[Steps] | None = None,
) -> tuple[Array, Array, Array, FirstReturns]:
    """Give the displacement, its derivative and its error, and the returns."""
    x = np.array([returns.arcs[k].abscissa(p) for k, p in zip(arc, place, strict=True)])
    out = returns.shoot(arc, x, sign, rtol, most_steps=MANY_STEPS, path=path)
    value, slope, error = (np.full(x.size, np.nan) for _ in range(3))
    for i, k in enumerate(arc):
        one, end = returns.arcs[k], out.x[i]
        with np.errstate(all="ignore"):
            value[i] = sign[i] * (one.position(end) - one.position(x[i]))
            ratio = np.exp(out.log_slope[i]) * one.stretch(end) / one.stretch(x[i])
            slope[i] = sign[i] * (ratio - 1.0)
            growth = max(1.0, out.noise[i] * float(one.stretch(end)))
            rounding = one.rounding(x[i]) * (1.0 + ratio) + one.rounding(end)
            error[i] = (ERROR * rtol + LEAST) * growth + rounding
    return value, slope, error, out
