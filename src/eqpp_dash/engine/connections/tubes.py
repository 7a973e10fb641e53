"""Prove that two points lie on one piece of a level curve, by a chain of boxes.

In each box a component of the gradient keeps its sign, so that the level curve is a graph there,
and on the two sides across which it is a graph the function lies above and below the level: the
curve crosses the box from end to end. Where boxes meet, the curve is caught near their common
point within both. The field vanishes in none of the boxes, so the piece is part of one orbit.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.compiled import CompiledField, Factor
from eqpp_dash.engine.dop853 import Array

INFLATION = 0.35
"""Half width of a box beyond the piece of curve in it, in lengths of the piece."""

SHARES = (0.25, 0.5, 0.75)
"""Where a piece is cut that is too long."""

MOST_BOXES = 3000
MOST_ROUNDS = 6
SHORTEST = 1e-7
Inside = Callable[[Array], NDArray[np.bool_]]


def level_curve_joins(
    field: CompiledField,
    function: Factor,
    level: tuple[float, float],
    points: Array,
    width: Array,
    ends: tuple[Inside, Inside],
    nonzero: Factor | None = None,
) -> bool:
    """Tell whether a level curve is proved to run along points, without equilibria.

    Parameters
    ----------
    field : CompiledField
        The field.
    function : Factor
        The function.
    level : (float, float)
        Bounds of its level.
    points : ndarray, shape (m, 2)
        Points near the curve, in order.
    width : ndarray, shape (2,)
        Width of the window.
    ends : (callable, callable)
        Tell which points, shape (k, 2), are in the convex set within which the curve is known at
        the first and at the last point.
    nonzero : Factor, optional
        A function that is not to vanish in any of the boxes either.

    Returns
    -------
    bool
        Whether it is proved.
    """
    middle = 0.5 * (level[0] + level[1])
    nodes = _on_curve(function, middle, points, width)
    for _ in range(MOST_ROUNDS):
        gaps = np.max(np.abs(np.diff(nodes, axis=0)) / width, axis=1)
        if not np.isfinite(gaps).all() or gaps.min() < SHORTEST or gaps.size > MOST_BOXES:
            return False
        good, axes, reach = _crossed(field, function, level, nodes, width, gaps, nonzero)
        if good.all():
            joined = _joined(function, level, nodes, axes, reach, ends, width)
            if joined.all():
                return True
            good = joined[1:] & joined[:-1]
        nodes = _refined(function, middle, nodes, ~good, width)
    return False


def _crossed(
    field: CompiledField,
    function: Factor,
    level: tuple[float, float],
    nodes: Array,
    width: Array,
    gaps: Array,
    nonzero: Factor | None,
) -> tuple[NDArray[np.bool_], NDArray[np.intp], Array]:
    """Tell which boxes the curve crosses, the axis across it, and how far the boxes reach."""
    first, last = nodes[:-1].T, nodes[1:].T
    low, high = np.minimum(first, last), np.maximum(first, last)
    reach = INFLATION * gaps * width[:, None]
    lo, hi = low - reach, high + reach
    slopes, rates = function.gradient_boxes(lo, hi), field.boxes(lo, hi)
    with np.errstate(invalid="ignore"):
        size = np.maximum(slopes.lo, -slopes.hi) * width[:, None]
        moves = ((rates.lo > 0) | (rates.hi < 0)).any(axis=0)
    axes = np.argmax(np.where(np.isnan(size), -1.0, size), axis=0)
    column = np.arange(gaps.size)
    good = (size[axes, column] > 0) & moves & slopes.continuous & rates.continuous
    if nonzero is not None:
        rest = nonzero.boxes(lo, hi)
        good &= np.asarray((rest.lo > 0) | (rest.hi < 0))
    other = 1 - axes
    # Along both sides: the value at their middle, and how much it may change to the ends.
    half = 0.5 * (high - low)[other, column]
    most = np.maximum(np.abs(slopes.lo), np.abs(slopes.hi))[other, column]
    drift = most * half * (1 + 1e-12) + 1e-300
    center = 0.5 * (low + high)
    below, above = center.copy(), center.copy()
    below[axes, column], above[axes, column] = lo[axes, column], hi[axes, column]
    values = function.boxes(np.hstack([below, above]), np.hstack([below, above]))
    under, over = (slice(None, gaps.size), slice(gaps.size, None))
    rising = slopes.lo[axes, column] > 0
    with np.errstate(invalid="ignore"):
        up = (values.hi[under] + drift < level[0]) & (values.lo[over] - drift > level[1])
        down = (values.lo[under] - drift > level[1]) & (values.hi[over] + drift < level[0])
    return np.asarray(good & np.where(rising, up, down)), axes, np.asarray(reach)


def _joined(
    function: Factor,
    level: tuple[float, float],
    nodes: Array,
    axes: NDArray[np.intp],
    reach: Array,
    ends: tuple[Inside, Inside],
    width: Array,
) -> NDArray[np.bool_]:
    """Tell at which nodes the pieces of the curve in the two boxes are one."""
    count = len(nodes)
    before = np.concatenate([axes[:1], axes])
    after = np.concatenate([axes, axes[-1:]])
    small = np.minimum(
        np.concatenate([reach[:, :1], reach], axis=1),
        np.concatenate([reach, reach[:, -1:]], axis=1),
    ) * (1 - 1e-9)
    column = np.arange(count)
    good = np.ones(count, dtype=bool)
    for axis in (before, after):
        step = np.zeros((2, count))
        step[axis, column] = small[axis, column]
        below, above = nodes.T - step, nodes.T + step
        values = function.boxes(np.hstack([below, above]), np.hstack([below, above]))
        with np.errstate(invalid="ignore"):
            under, over = values.lo > level[1], values.hi < level[0]
        good &= (under[:count] & over[count:]) | (over[:count] & under[count:])
        for place, inside in ((0, ends[0]), (count - 1, ends[1])):
            good[place] &= inside(np.stack([below[:, place], above[:, place]])).all()
    return good


def _refined(
    function: Factor, level: float, nodes: Array, cut: NDArray[np.bool_], width: Array
) -> Array:
    """Put points into some pieces."""
    first, last = nodes[:-1][cut], nodes[1:][cut]
    parts = [first + share * (last - first) for share in SHARES]
    new = _on_curve(function, level, np.concatenate(parts), width)
    places = np.flatnonzero(cut) + 1
    found: Array = np.insert(nodes, np.tile(places, len(SHARES)), new, axis=0)
    return found


def _on_curve(function: Factor, level: float, points: Array, width: Array) -> Array:
    """Move points, shape (m, 2), along the gradient onto the level curve."""
    moved = points.T.copy()
    for _ in range(3):
        slope = function.gradient(0.0, moved) * width[:, None]
        off = function(0.0, moved) - level
        with np.errstate(all="ignore"):
            step = off * slope / (slope**2).sum(axis=0) * width[:, None]
        moved = moved - np.where(np.isfinite(step), step, 0.0)
    return moved.T.copy()
