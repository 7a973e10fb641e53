"""One step of the Radau IIA method of order 5, for many trajectories at once.

The implicit method for stiff systems: Hairer and Wanner, *Solving Ordinary Differential
Equations II* (2nd ed., 1996), sections IV.5 (the method) and IV.8 (simplified Newton
iteration, error estimate, step prediction). The constants are read from scipy. The
Jacobian is exact and evaluated anew at every step. Lanes are the last axis.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate._ivp import radau as _method

from eqpp_dash.engine.dop853 import TERMS, Array, Field, Trial, root_mean_square

ORDER = 5
NEWTON_ROUNDS = 8

_C = np.array(_method.C, dtype=float)
_E = np.array(_method.E, dtype=float)
_T = np.array(_method.T, dtype=float)
_TI = np.array(_method.TI, dtype=float)
_P = np.array(_method.P, dtype=float)
_REAL = float(_method.MU_REAL)
_COMPLEX = complex(_method.MU_COMPLEX)

Jacobian = Callable[[Array, Array], Array]


def take_step(
    field: Field,
    jacobian: Jacobian,
    t: Array,
    y: Array,
    f: Array,
    h: Array,
    scale: Callable[[Array], Array],
    newton_tolerance: float,
) -> Trial:
    """Try one step of every lane.

    Parameters
    ----------
    field, jacobian : callable
        The field and its exact derivatives, shapes ``(n, lanes)`` and ``(n, n, lanes)``.
    t : ndarray, shape (lanes,)
        Times.
    y, f : ndarray, shape (n, lanes)
        States and the field at them.
    h : ndarray, shape (lanes,)
        Steps.
    scale : callable
        Tolerated error as a function of the magnitude of the states.
    newton_tolerance : float
        Where the Newton iteration may stop, in units of the tolerated error.

    Returns
    -------
    Trial
        The tried step; its error is NaN where the Newton iteration failed. Its memory
        holds the terms of the collocation polynomial (order 3) for `interpolate`.
    """
    derivative = finite_jacobian(jacobian, t, y)
    real = shifted_inverse(_REAL / h, derivative)
    pair = shifted_inverse(_COMPLEX / h, derivative)
    allowed = scale(np.abs(y))
    stages, converged = _collocate(field, t, y, h, real, pair, allowed, newton_tolerance)
    new = y + stages[2]
    slope = field(t + h, new)
    defect = np.tensordot(_E, stages, axes=1) / h
    tolerated = scale(np.maximum(np.abs(y), np.abs(new)))
    estimate = apply_inverse(real, f + defect)
    # A second pass through the field filters what is stiff out of a first, too large
    # estimate (IV.8.20).
    error = root_mean_square(estimate / tolerated)
    again = apply_inverse(real, field(t, y + estimate) + defect)
    error = np.where(error > 1.0, np.fmin(error, root_mean_square(again / tolerated)), error)
    good = converged & np.isfinite(new).all(0) & np.isfinite(slope).all(0)
    return Trial(new, slope, np.where(good, error, np.nan), _terms(stages))


def _collocate(
    field: Field,
    t: Array,
    y: Array,
    h: Array,
    real: Array,
    pair: NDArray[np.complex128],
    allowed: Array,
    tolerance: float,
) -> tuple[Array, NDArray[np.bool_]]:
    """Solve for the three stages by simplified Newton iteration, transformed (IV.8)."""
    transformed = np.zeros((3, *y.shape))
    stages = np.zeros_like(transformed)
    slopes = np.empty_like(transformed)
    converged = np.zeros(h.shape, dtype=bool)
    before = np.full(h.shape, np.nan)
    for _ in range(NEWTON_ROUNDS):
        for i in range(3):
            slopes[i] = field(t + _C[i] * h, y + stages[i])
        turned = np.tensordot(_TI, slopes, axes=1)
        one = apply_inverse(real, turned[0] - _REAL / h * transformed[0])
        two = apply_inverse(
            pair,
            (turned[1] + 1j * turned[2]) - _COMPLEX / h * (transformed[1] + 1j * transformed[2]),
        )
        change = np.stack([one, two.real, two.imag])
        change = np.where(converged, 0.0, change)
        size = np.sqrt(np.mean((change / allowed) ** 2, axis=(0, 1)))
        transformed += change
        stages = np.tensordot(_T, transformed, axes=1)
        settled, hopeless = judge_round(size, before, tolerance)
        converged |= settled
        before = size
        if (converged | hopeless).all():
            break
    return stages, converged


def _terms(stages: Array) -> Array:
    """Rewrite the collocation polynomial in the terms of `dop853.interpolate`."""
    linear, square, cube = np.tensordot(_P.T, stages, axes=1)
    terms = np.zeros((TERMS, *stages.shape[1:]))
    terms[0] = linear + square + cube
    terms[1] = -square - cube
    terms[2] = -cube
    return terms


def finite_jacobian(jacobian: Jacobian, t: Array, y: Array) -> Array:
    """Evaluate the Jacobian of every lane; zero where it is not finite."""
    derivative = jacobian(t, y)
    finite: Array = np.where(np.isfinite(derivative).all(axis=(0, 1)), derivative, 0.0)
    return finite


def judge_round(
    size: Array, before: Array, tolerance: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which lanes' Newton iterations have converged, and which go astray (IV.8.10).

    Parameters
    ----------
    size, before : ndarray, shape (lanes,)
        Sizes of this change and the last, in units of the tolerated error.
    tolerance : float
        What the changes left out may add up to, in the same units.
    """
    rate = size / before
    last = np.where(rate < 1.0, rate / (1.0 - rate), 1.0) * size
    settled = (size == 0.0) | ((rate < 1.0) & (last < tolerance))
    return settled, ~np.isfinite(size) | (rate >= 2.0)


def shifted_inverse(shift: NDArray[Any], derivative: Array) -> NDArray[Any]:
    """Invert ``shift * I - derivative`` of every lane; NaN or inf where it is singular."""
    n = derivative.shape[0]
    matrix = -derivative.astype(shift.dtype)
    matrix[np.arange(n), np.arange(n)] += shift
    if n == 2:
        (a, b), (c, d) = matrix
        turned: NDArray[Any] = np.array([[d, -b], [-c, a]]) / (a * d - b * c)
        return turned
    try:
        inverse = np.linalg.inv(np.moveaxis(matrix, -1, 0))
    except np.linalg.LinAlgError:  # exactly singular: every lane tries a shorter step
        return np.full_like(matrix, np.nan)
    return np.moveaxis(inverse, 0, -1)


def apply_inverse(matrix: NDArray[Any], vector: NDArray[Any]) -> NDArray[Any]:
    """Multiply the matrix of every lane by its vector."""
    product: NDArray[Any] = np.einsum("ijk,jk->ik", matrix, vector)
    return product
