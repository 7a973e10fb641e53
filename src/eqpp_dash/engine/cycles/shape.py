"""The curve of a cycle: points, bounds, what it encloses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from eqpp_dash.engine.cycles.lanes import Bools, Ints, Steps
from eqpp_dash.engine.cycles.stepping import turning_share
from eqpp_dash.engine.dop853 import interpolate
from eqpp_dash.model.portrait import Array

POINTS_A_STEP = 8
LEAST_POINTS = 200
FLAT = 1e-6
"""How far, in sizes of the curve, a point may be from the chord that replaces it."""
LONGEST = 5e-3
"""Longest chord, in sizes of the curve, that replaces points."""


def closed_curve(
    path: Iterable[Steps], lane: int, period: float, forward: bool
) -> tuple[Array, Array]:
    """Give points of a closed orbit and its bounds.

    Parameters
    ----------
    path : iterable of Steps
        Steps of a turn and a little more.
    lane : int
        Whose steps.
    period : float
        Time of the turn.
    forward : bool
        Whether the steps were taken forward in time.

    Returns
    -------
    points : ndarray, shape (m, 2)
        The curve in the sense of time, closed.
    bounds : ndarray, shape (2, 2)
        Least and greatest value of each variable: from the zeros of the interpolants' rates.
    """
    steps = [_pick(round_, round_.lane == lane) for round_ in path if (round_.lane == lane).any()]
    t = np.concatenate([s.t for s in steps])
    h = np.concatenate([s.h for s in steps])
    y = np.concatenate([s.y for s in steps], axis=-1)
    terms = np.concatenate([s.terms for s in steps], axis=-1)
    whole = np.minimum(1.0, (period - t) / h)
    many = max(POINTS_A_STEP, -(-LEAST_POINTS // t.size))
    shares = np.linspace(0.0, 1.0, many, endpoint=False)
    rows = [interpolate(y, terms, share * whole) for share in shares]
    points = np.stack(rows, axis=-1).transpose(1, 2, 0).reshape(-1, 2)
    points = np.vstack([points, points[:1]])
    extremes = [points]
    for axis in range(2):
        for side in (1.0, -1.0):
            share = turning_share(side * terms[:, axis])
            extremes.append(interpolate(y, terms, np.minimum(share, whole)).T)
    every = np.concatenate(extremes)
    bounds = np.stack([every.min(axis=0), every.max(axis=0)], axis=1)
    points = thin_closed(points)
    return (points if forward else points[::-1].copy()), bounds


def thin_closed(points: Array) -> Array:
    """Drop points that a closed polyline does not need.

    Where a cycle draws orbits in strongly, steps are so short that it would have a hundred
    thousand points.

    Parameters
    ----------
    points : ndarray, shape (m, 2)
        The polyline, its first point repeated at the end.

    Returns
    -------
    ndarray, shape (k, 2)
        Some of its points, the first and the last among them; none that were dropped is
        farther than `FLAT` of the curve's size from what is left.

    Examples
    --------
    >>> turn = np.linspace(0.0, 2.0 * np.pi, 50_001)
    >>> circle = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    >>> thinned = thin_closed(circle)
    >>> len(thinned), np.ptp(thinned, axis=0).round(5).tolist()
    (3126, [2.0, 2.0])
    """
    scaled = (points / np.maximum(np.ptp(points, axis=0), 1e-300)).T
    kept = np.arange(len(points))
    while True:
        middle = np.arange(1, kept.size - 1, 2)
        a, p, b = (scaled[:, kept[middle + k]] for k in (-1, 0, 1))
        chord, ahead = b - a, p - a
        length = np.hypot(*chord)
        off = np.abs(chord[0] * ahead[1] - chord[1] * ahead[0])
        along = (ahead * chord).sum(axis=0)
        drop = (off <= FLAT / 3.0 * length) & (length <= LONGEST)
        drop &= (along >= 0.0) & (along <= length**2)
        if 4 * np.count_nonzero(drop) < middle.size:
            return points[kept]
        kept = np.delete(kept, middle[drop])


def rough_curves(path: Sequence[Steps], lanes: Ints, periods: Array) -> list[Array]:
    """Give closed orbits as polylines of a few points a step.

    Parameters
    ----------
    path : sequence of Steps
        Steps of turns and a little more, of many lanes.
    lanes : ndarray of int, shape (k,)
        Those wanted.
    periods : ndarray, shape (k,)
        Times of their turns.

    Returns
    -------
    list of ndarray, shape (m, 2)
        The curves, closed, from their starts on.
    """
    if not lanes.size:
        return []
    lane, t, h = (np.concatenate([getattr(s, name) for s in path]) for name in ("lane", "t", "h"))
    y, terms = (
        np.concatenate([getattr(s, name) for s in path], axis=-1) for name in ("y", "terms")
    )
    order = np.lexsort((t, lane))
    lane, t, h, y, terms = lane[order], t[order], h[order], y[:, order], terms[:, :, order]
    whole = np.full(int(lane.max()) + 1, np.nan)
    whole[lanes] = periods
    share = np.minimum(1.0, (whole[lane] - t) / h)
    shares = np.arange(POINTS_A_STEP) / POINTS_A_STEP
    rows = np.stack([interpolate(y, terms, part * share) for part in shares], axis=1)
    curves = []
    for one in lanes:
        first, last = np.searchsorted(lane, [one, one + 1])
        points = rows[:, :, first:last].transpose(2, 1, 0).reshape(-1, 2)
        curves.append(np.vstack([points, points[:1]]))
    return curves


def _pick(steps: Steps, which: Bools) -> Steps:
    return Steps(
        steps.lane[which],
        steps.t[which],
        steps.h[which],
        steps.y[:, which],
        steps.terms[:, :, which],
    )


def encloses(curve: Array, point: Array) -> bool:
    """Tell whether a closed polyline goes round a point: by counting crossings of a ray.

    Examples
    --------
    >>> square = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]], dtype=float)
    >>> encloses(square, np.array([0.5, 0.4])), encloses(square, np.array([1.5, 0.4]))
    (True, False)
    """
    (x0, y0), (x1, y1) = curve[:-1].T, curve[1:].T
    spans = (y0 > point[1]) != (y1 > point[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        at = x0 + (point[1] - y0) / (y1 - y0) * (x1 - x0)
    return bool(np.count_nonzero(spans & (at > point[0])) % 2)


def passes(curve: Array, lo: Array, hi: Array) -> bool:
    """Tell whether a polyline enters a box: by cutting each of its pieces at the edges.

    Examples
    --------
    >>> line = np.array([[-2.0, -1.0], [2.0, 1.0]])
    >>> passes(line, np.zeros(2), np.ones(2)), passes(line - [0, 2], np.zeros(2), np.ones(2))
    (True, False)
    """
    start, side = curve[:-1], np.diff(curve, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        one, other = (lo - start) / side, (hi - start) / side
    within = (start >= lo) & (start <= hi)
    still = side == 0
    first = np.where(still, np.where(within, -np.inf, np.inf), np.minimum(one, other))
    last = np.where(still, np.where(within, np.inf, -np.inf), np.maximum(one, other))
    enters = np.maximum(first.max(axis=1), 0.0)
    return bool((enters <= np.minimum(last.min(axis=1), 1.0)).any())


def location(bounds: Array, lo: Array, hi: Array) -> str:
    """Tell where a cycle lies: ``inside`` the window, ``crosses`` its border, ``outside``."""
    slack = 1e-9 * (hi - lo)
    if (bounds[:, 0] >= lo - slack).all() and (bounds[:, 1] <= hi + slack).all():
        return "inside"
    return "outside" if (bounds[:, 1] < lo).any() or (bounds[:, 0] > hi).any() else "crosses"
