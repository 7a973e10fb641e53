"""Equilibria that are not isolated: curves and regions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from eqpp_dash.engine.compiled import CompiledField, Factor
from eqpp_dash.engine.curves import trace_zero_set
from eqpp_dash.engine.degenerate import Cluster, descend
from eqpp_dash.model.portrait import Array, EquilibriumSet

SAMPLES = 200
"""Most points given along a curve of equilibria."""


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
        None if no point of the curve lies in the window. The stability is that of the
        eigenvalue across the curve, the trace of the Jacobian.
    """
    branches = trace_zero_set(factor, lo, hi).branches
    if not branches:
        return None
    points = np.concatenate([_evenly(branch) for branch in branches])
    value, size = np.abs(field(0.0, points.T)).max(axis=0), hi - lo
    with np.errstate(all="ignore"):
        slope = np.abs(field.jacobian(0.0, points.T) * size[None, :, None]).max(axis=(0, 1))
    steep = np.where(np.isfinite(slope), slope, 0.0)
    points = points[value <= 1e-8 * np.maximum(steep, 1e-300)]
    if not len(points):
        return None
    if len(points) > SAMPLES:
        points = points[np.linspace(0, len(points) - 1, SAMPLES).round().astype(int)]
    return EquilibriumSet(factor.text, points, _stability(field, points))


def _evenly(branch: Array) -> Array:
    """Give some twenty points and more along a polyline, its own among them."""
    if len(branch) < 2:
        return branch
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(branch, axis=0).T))])
    if length[-1] == 0:
        return branch[:1]
    places = np.union1d(length, np.linspace(0, length[-1], 21)) if len(branch) == 2 else length
    return np.stack([np.interp(places, length, branch[:, k]) for k in range(2)], axis=1)


def _stability(field: CompiledField, points: Array) -> str:
    jacobian = field.jacobian(0.0, points.T)
    trace = jacobian[0, 0] + jacobian[1, 1]
    size = np.abs(jacobian).max()
    trace = trace[np.isfinite(trace)]
    if not trace.size or not np.isfinite(size) or (np.abs(trace) <= 1e-9 * size).any():
        return "undecided"
    if (trace < 0).all():
        return "stable"
    return "unstable" if (trace > 0).all() else "undecided"


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
