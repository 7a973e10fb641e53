"""Trajectories that grow beyond all bounds in finite time.

Where the distance r from the origin grows like ``r' ~ r**p`` with p > 1 it is infinite after the
time ``r / ((p - 1)*r')``. The power is ``p = r*r''/r'**2``, with r'' from the field and its exact
derivatives: both are exact for ``r' = c*r**p``. It is believed once that time is below a share of
the time elapsed; exponential growth, p = 1, never gets there.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.machine.batch import Batch, filled
from eqpp_dash.engine.machine.fallback import ArrayField
from eqpp_dash.engine.machine.layout import End
from eqpp_dash.engine.machine.sections import make_events

Array = NDArray[np.float64]
Index = NDArray[np.intp]

SOON = 1e-8
"""Share of the time elapsed below which the time that is left must be."""

LEAST_POWER, MOST_POWER = 1.001, 1000.0
"""Powers that are believed. Where the rate of change grows beyond all bounds, but not the distance,
the power does too."""

FARTHER = 1000.0
"""Each round follows trajectories so many times farther than the one before."""

FARTHEST = 1e200
"""Distance to which trajectories are followed."""

MOST_STEPS = 10_000
"""Most steps tried in a round."""

FEW = 32
"""Numbers that are the quicker looked at one by one."""

_BOX, _COLLAPSE, _UNDEFINED = int(End.BOX), int(End.COLLAPSE), int(End.UNDEFINED)

LOOKED_AT = (End.BOX, End.COLLAPSE, End.UNDEFINED)
"""Ends beyond which there may be a blow-up."""


def remaining_time(field: ArrayField, batch: Batch, which: Index) -> tuple[Array, Array]:
    """Give the time to infinity of some trajectories, going on from their ends, and their powers.

    Parameters
    ----------
    field : ArrayField
        The field.
    batch : Batch
        Trajectories that have ended.
    which : ndarray of int, shape (m,)
        Those wanted.

    Returns
    -------
    ndarray, shape (m,)
        Times without sign; infinite where the distance does not grow.
    ndarray, shape (m,)
        Powers; NaN where the field or a derivative is undefined.
    """
    y, parameters = batch.states[:, which], batch.parameters[:, which]
    t = batch.start_time + batch.times[which]
    with np.errstate(all="ignore"):
        f = field(t, y, parameters)
        jacobian, drift = field.linear(t, y, parameters)
        size = np.abs(y).max(0, initial=0.0)
        unit = y / size
        r = size * np.sqrt((unit * unit).sum(0))
        unit, speed = y / r, f / r
        turn = np.einsum("ijm,jm->im", jacobian, speed) + drift / r
        rate = (unit * speed).sum(0)  # r'/r
        bend = (speed * speed).sum(0) + (unit * turn).sum(0) - rate * rate  # r''/r
        power = bend / (rate * rate)
        left = 1.0 / ((power - 1.0) * np.abs(rate))
        grows = np.sign(batch.spans[which]) * rate > 0
        return np.where(grows & (power > 1.0), left, np.inf), power


def find_blow_ups(
    field: Callable[[], ArrayField], batch: Batch, beyond: bool, run: Callable[[Batch], object]
) -> Array:
    """Find which trajectories have a blow-up ahead, and set their ends.

    Parameters
    ----------
    field : callable
        Gives the field, if it is needed.
    batch : Batch
        Trajectories that have ended. Those whose step collapsed or whose field is undefined just
        beyond are looked at where they are.
    beyond : bool
        Whether those that left the box are followed farther.
    run : callable
        Integrates a batch.

    Returns
    -------
    ndarray, shape (m,)
        Elapsed times of the blow-ups; NaN where there is none.
    """
    found = filled(batch.spans.size, math.nan)
    seen = ends_seen(batch)
    if _COLLAPSE in seen or _UNDEFINED in seen:
        stopped = np.flatnonzero((batch.ends == _COLLAPSE) | (batch.ends == _UNDEFINED))
        _judge(field(), batch, stopped, found)
    if beyond and _BOX in seen:
        _follow(field(), batch, np.flatnonzero(batch.ends == _BOX), found, run)
    return found


def ends_seen(batch: Batch) -> frozenset[int]:
    """Give the values of `End` that there are."""
    if batch.ends.size <= FEW:
        return frozenset(batch.ends.tolist())
    return frozenset(np.flatnonzero(np.bincount(batch.ends)).tolist())


def _judge(field: ArrayField, batch: Batch, which: Index, found: Array) -> None:
    left, power = remaining_time(field, batch, which)
    elapsed = batch.times[which]
    sure = (left <= SOON * np.abs(elapsed)) & (power > LEAST_POWER) & (power < MOST_POWER)
    batch.ends[which[sure]] = End.INFINITY
    found[which[sure]] = (elapsed + np.copysign(left, batch.spans[which]))[sure]


def _follow(
    field: ArrayField, batch: Batch, which: Index, found: Array, run: Callable[[Batch], object]
) -> None:
    """Follow trajectories beyond the box until it is clear, or cannot be, that they blow up."""
    part = batch.rest(which)
    part.events = make_events(len(batch.starts), which.size, 0)
    part.ends[:], part.limit = End.BOX, min(batch.limit, MOST_STEPS)
    radius = 1.0
    while which.size:
        own = np.full(which.size, np.nan)
        _judge(field, part, np.flatnonzero(np.isin(part.ends, LOOKED_AT)), own)
        sure = np.flatnonzero(part.ends == End.INFINITY)
        batch.states[:, which[sure]] = part.states[:, sure]
        batch.times[which[sure]], found[which[sure]] = part.times[sure], own[sure]
        batch.ends[which[sure]] = End.INFINITY
        rest = np.flatnonzero(part.ends == End.BOX)
        which, part = which[rest], part.rest(rest)
        places = np.abs(part.starts)
        radius = FARTHER * max(radius, float(places.max(initial=0.0)))
        if not which.size or radius > FARTHEST:
            return
        part.low, part.high = (np.full(len(places), sign * radius) for sign in (-1.0, 1.0))
        run(part)
        batch.steps[which] += part.steps
