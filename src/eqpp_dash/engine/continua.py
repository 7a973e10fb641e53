"""Equilibria that are not isolated: curves and regions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from eqpp_dash.engine.compiled import CompiledField, Factor
from eqpp_dash.engine.curves import trace_zero_set
from eqpp_dash.engine.degenerate import Cluster, descend
from eqpp_dash.engine.filippov.regions import at_rest
from eqpp_dash.engine.filippov.sides import rests_beside
from eqpp_dash.model.portrait import Array, EquilibriumSet

SAMPLES = 200
"""Most points given along a curve of equilibria."""
SPLITS, MOST_LEFT = 20, 4000
"""How often boxes are halved that may hold zeros, and how many may be left."""
MOST_CHANGES = 4
"""Most places that are named at which the stability changes."""
MOST_GAP = 3
"""Most steps along a curve over which the stability may be zero where it changes."""


def zeros_within(factor: Factor, lo: Array, hi: Array) -> tuple[Array, Array] | None:
    """Enclose the zeros of a factor in a window by one box; None if it is proved to have none.

    Examples
    --------
    >>> from eqpp_dash.engine.system import parse_system
    >>> field = parse_system("x' = x^2 + y^2 - 1; y' = x^2 + y^2 + 1").compile()
    >>> circle, other = (factors[0] for factors in field.factors)
    >>> low, high = zeros_within(circle, np.full(2, -4.0), np.full(2, 4.0))
    >>> bool((np.abs(high - 1) < 0.1).all()), zeros_within(other, np.full(2, -4.0), np.full(2, 4.0))
    (True, None)
    """
    low, high = lo[:, None], hi[:, None]
    for depth in range(SPLITS):
        bounds = factor.boxes(low, high)
        left = ~((bounds.lo > 0) | (bounds.hi < 0))
        low, high = low[:, left], high[:, left]
        if not low.shape[1]:
            return None
        if low.shape[1] > MOST_LEFT or depth == SPLITS - 1:
            break
        axis, half = depth % 2, 0.5 * (low + high)
        ends, starts = high.copy(), low.copy()
        ends[axis], starts[axis] = half[axis], half[axis]
        low, high = np.hstack([low, starts]), np.hstack([ends, high])
    return low.min(axis=1), high.max(axis=1)


def equilibrium_curve(
    field: CompiledField, factor: Factor, lo: Array, hi: Array
) -> EquilibriumSet | None:
    """Sample the curve of equilibria on which a factor vanishes.

    Parameters
    ----------
    field : CompiledField
        A planar field that vanishes wherever the factor does.
    factor : Factor
        The factor.
    lo, hi : ndarray, shape (2,)
        Limits of the window.

    Returns
    -------
    EquilibriumSet or None
        None if no point of the curve lies in the window, or the fields of both sides vanish
        nowhere along it: what it is then, the field says that slides along it. The stability is
        that of the eigenvalue across the curve, the trace of the Jacobian, or says where that
        changes.
    """
    branches = trace_zero_set(factor, lo, hi).branches
    if not branches:
        return None
    parts = [_on_zero(field, _evenly(branch), lo, hi) for branch in branches]
    if field.switching:
        parts = [_moving(field, factor, part) for part in parts]
        parts = [part[rests_beside(field, factor, part, hi - lo)] for part in parts]
    parts = [part for part in parts if len(part)]
    if not parts:
        return None
    points = np.concatenate(parts)
    if len(points) > SAMPLES:
        points = points[np.linspace(0, len(points) - 1, SAMPLES).round().astype(int)]
    return EquilibriumSet(factor.text, points, _stability(field, factor, parts))


def _moving(field: CompiledField, factor: Factor, points: Array) -> Array:
    """Leave out points in regions that rest, and on their borders, where no curve is to be seen."""
    resting = at_rest(field, points.T)
    if resting.any():
        with np.errstate(all="ignore"):
            resting |= ~(np.abs(factor.gradient(0.0, points.T)) > 0).any(axis=0)
    return points[~resting]


def _on_zero(field: CompiledField, points: Array, lo: Array, hi: Array) -> Array:
    """Keep the points at which the field does vanish."""
    value, size = np.abs(field(0.0, points.T)).max(axis=0), hi - lo
    with np.errstate(all="ignore"):
        slope = np.abs(field.jacobian(0.0, points.T) * size[None, :, None]).max(axis=(0, 1))
    steep = np.where(np.isfinite(slope), slope, 0.0)
    kept: Array = points[value <= 1e-8 * np.maximum(steep, 1e-300)]
    return kept


def _evenly(branch: Array) -> Array:
    """Give some twenty points and more along a polyline, its own among them."""
    if len(branch) < 2:
        return branch
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(branch, axis=0).T))])
    if length[-1] == 0:
        return branch[:1]
    places = np.union1d(length, np.linspace(0, length[-1], 21)) if len(branch) == 2 else length
    return np.stack([np.interp(places, length, branch[:, k]) for k in range(2)], axis=1)


def _stability(field: CompiledField, factor: Factor, parts: Sequence[Array]) -> str:
    """Tell the sign of the trace along a curve, and where it changes."""
    traces = [_trace(field, part) for part in parts]
    scale = np.ptp(np.concatenate(parts), axis=0).max()
    every = np.concatenate(traces)
    with np.errstate(all="ignore"):
        jacobian = np.abs(np.concatenate([field.jacobian(0.0, p.T) for p in parts], axis=2))
    size = jacobian.max()
    if not np.isfinite(size):
        return "undecided"
    signs = [np.where(np.abs(trace) <= 1e-9 * size, 0.0, np.sign(trace)) for trace in traces]
    changes = [
        _change(field, factor, part[i], part[j], sign[i])
        for part, sign in zip(parts, signs, strict=True)
        for i, j in _neighbours(sign)
    ]
    if changes:
        some = list(dict.fromkeys(_place(point, scale) for point in changes))
        more = f" and {len(some) - MOST_CHANGES} more" if len(some) > MOST_CHANGES else ""
        return "changes at " + ", ".join(some[:MOST_CHANGES]) + more
    if (np.abs(every) <= 1e-9 * size).any():
        return "undecided"
    if (every < 0).all():
        return "stable"
    return "unstable" if (every > 0).all() else "undecided"


def _trace(field: CompiledField, points: Array) -> Array:
    with np.errstate(all="ignore"):
        jacobian = field.jacobian(0.0, points.T)
    trace: Array = jacobian[0, 0] + jacobian[1, 1]
    return trace


def _neighbours(signs: Array) -> list[tuple[int, int]]:
    """Give the pairs of places between which the sign changes, zeros between them left out."""
    places = np.flatnonzero(np.isin(signs, (-1.0, 1.0)))
    return [
        (int(i), int(j)) for i, j in pairwise(places) if signs[i] != signs[j] and j - i <= MOST_GAP
    ]


def _change(field: CompiledField, factor: Factor, a: Array, b: Array, sign: float) -> Array:
    """Find the point between two of a curve where the trace changes its sign."""
    for _ in range(48):
        middle = _onto(factor, 0.5 * (a + b))
        if _trace(field, middle[None])[0] * sign > 0:
            a = middle
        else:
            b = middle
    return 0.5 * (a + b)


def _onto(factor: Factor, point: Array) -> Array:
    """Move a point near a curve onto it."""
    for _ in range(4):
        slope = factor.gradient(0.0, point[:, None])[:, 0]
        square = float(slope @ slope)
        if not (np.isfinite(square) and square > 0):
            return point
        point = point - slope * float(factor(0.0, point[:, None])[0]) / square
    return point


def _place(point: Array, scale: float) -> str:
    values = np.where(np.abs(point) <= 1e-9 * scale, 0.0, point)
    return "(" + ", ".join(f"{value:.6g}" for value in values) + ")"


def hidden_curve(
    field: CompiledField, factors: Sequence[Factor], cluster: Cluster, span: Array
) -> tuple[Factor | None, bool]:
    """Decide whether a crowd of undecided boxes covers a curve of equilibria.

    Parameters
    ----------
    field : CompiledField
        The vector field.
    factors : sequence of Factor
        Factors of its components.
    cluster : Cluster
        The boxes.
    span : ndarray, shape (n,)
        Widths of the window.

    Returns
    -------
    factor : Factor or None
        A factor that vanishes on the curve; None if there is no curve, or none fits.
    continuum : bool
        Whether the points found in the boxes are not isolated.
    """
    centers = cluster.centers
    if centers.shape[1] > SAMPLES:
        centers = centers[:, np.linspace(0, centers.shape[1] - 1, SAMPLES).round().astype(int)]
    points = descend(field, centers)
    with np.errstate(invalid="ignore"):
        near = (np.abs(points - centers) <= 0.05 * span[:, None]).all(axis=0)
        value = np.abs(field(0.0, points)).max(axis=0)
        start = np.abs(field(0.0, centers)).max(axis=0)
        there = near & (value <= 1e-9 * np.nanmax(np.where(np.isfinite(start), start, 0.0)))
    if there.sum() < max(5, 0.3 * there.size):
        return None, False
    points = points[:, there]
    jacobian = np.moveaxis(field.jacobian(0.0, points), -1, 0)
    if not np.isfinite(jacobian).all():
        return None, False
    scaled = jacobian * span[None, None, :]
    singular = np.linalg.svd(scaled, compute_uv=False)
    flat = singular[:, -1] <= 1e-6 * np.maximum(singular[:, 0], 1e-300)
    if flat.mean() < 0.9:
        return None, False
    for factor in sorted(factors, key=lambda f: len(f.text)):
        slope = np.abs(factor.gradient(0.0, points) * span[:, None]).max(axis=0)
        if (np.abs(factor(0.0, points)) <= 1e-7 * np.maximum(slope, 1e-300)).all():
            return factor, True
    return None, True
