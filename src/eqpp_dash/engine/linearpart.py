"""The linear part of a field at a zero where its formula has no derivative: a limit.

A field that is differentiable around a point, with a Jacobian that tends to a matrix there, is
continuously differentiable at the point too, and the matrix is its Jacobian (W. Rudin,
*Principles of Mathematical Analysis*, 3rd ed., theorem 9.21 with the mean value theorem 5.10). So
x sqrt(x^2 + y^2) has the derivative 0 at the origin, though its formula divides by zero.
"""

from __future__ import annotations

import itertools

import numpy as np

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.model.portrait import Array

RADII = 1e-2 * 0.25 ** np.arange(12.0)
"""Distances at which the Jacobian is looked at, in widths of the window."""

FALL = 0.75
"""The Jacobians' spread has to fall at least so much from one distance to the next."""

CLOSE = 1e-4
"""Greatest spread at the last distance, as a share of the Jacobian."""


def limiting_jacobian(
    field: CompiledField, point: Array, span: Array
) -> tuple[Array, Array] | None:
    """Find the limit of the Jacobian at a point.

    Parameters
    ----------
    field : CompiledField
        The vector field.
    point : ndarray, shape (n,)
        The point.
    span : ndarray, shape (n,)
        Widths of the window.

    Returns
    -------
    tuple of ndarray, each of shape (n, n), or None
        The limit and an estimate of the error of its entries; None if there is none, as far as the
        Jacobians on small circles (or, in space, around in many directions) tell.

    Examples
    --------
    >>> from eqpp_dash import parse_system
    >>> field = parse_system("x' = -y - x*sqrt(x^2 + y^2); y' = x - y*sqrt(x^2 + y^2)").compile()
    >>> limiting_jacobian(field, np.zeros(2), np.ones(2))[0].round(6).tolist()
    [[0.0, -1.0], [1.0, 0.0]]
    >>> kink = parse_system("x' = sqrt(x^2); y' = -y").compile()
    >>> limiting_jacobian(kink, np.zeros(2), np.ones(2)) is None
    True
    """
    around = _directions(len(point)) * span[:, None]
    means, spreads = [], []
    for radius in RADII:
        with np.errstate(all="ignore"):
            slopes = field.jacobian(0.0, point[:, None] + radius * around)
        if not np.isfinite(slopes).all():
            return None
        middle = 0.5 * (slopes.min(axis=-1) + slopes.max(axis=-1))
        means.append(middle)
        spreads.append(np.ptp(slopes, axis=-1))
    size = float(np.abs(means[-1]).max())
    widest = np.array([spread.max() for spread in spreads])
    rounding = 1e-9 * size
    falls = widest[1:] <= np.maximum(FALL * widest[:-1], rounding)
    if not size > 0 or not falls.all() or not widest[-1] <= CLOSE * size:
        return None
    error = spreads[-1] + np.abs(means[-1] - means[-2])
    settled = np.where(np.abs(means[-1]) <= error, 0.0, means[-1])
    return np.asarray(settled), np.asarray(error + rounding)


def _directions(dimension: int) -> Array:
    if dimension == 2:
        angles = 2 * np.pi * (np.arange(48) + 0.31) / 48
        return np.stack([np.cos(angles), np.sin(angles)])
    corners = itertools.product((-1.0, -0.3, 0.4, 1.0), repeat=dimension)
    found = np.array(list(corners)).T
    return np.asarray(found / np.abs(found).max(axis=0))
