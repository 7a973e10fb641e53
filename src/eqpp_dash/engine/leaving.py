"""Fields beside a surface: whether they jump there, and whether they lead away from it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

JUMP = 1e-4
"""A relative change of the field across a surface beyond this is a jump."""

BARELY = 1e-6
"""Share of the speed below which it is looked closer at whether an orbit leaves a surface."""


def jumps(one: Array, other: Array) -> NDArray[np.bool_]:
    """Tell where the fields of two sides, (n, m), differ by more than `JUMP`.

    Examples
    --------
    >>> jumps(np.array([[1.0, 1.0]]), np.array([[-1.0, 1.00001]])).tolist()
    [True, False]
    """
    change = np.max(np.abs(one - other), axis=0)
    size = np.max(np.abs(one), axis=0) + np.max(np.abs(other), axis=0)
    jump: NDArray[np.bool_] = ~(change <= JUMP * size)
    return jump


def fades(field: Array, jacobian: Array, width: Array, distance: float) -> NDArray[np.bool_]:
    """Tell where a field is so small that it may well vanish within a distance.

    Parameters
    ----------
    field : ndarray, shape (n, m)
        The field.
    jacobian : ndarray, shape (n, n, m)
        Its Jacobian.
    width : ndarray, shape (n,)
        Widths of the window.
    distance : float
        The distance, in widths of the window.

    Examples
    --------
    >>> matrix = np.array([[[1.0, 1.0]]])
    >>> fades(np.array([[1e-9, 1e-3]]), matrix, np.ones(1), 1e-9).tolist()
    [True, False]
    """
    unit = width[:, None]
    slope = np.max(np.abs(jacobian) * unit[None] / unit[:, None], axis=(0, 1))
    return np.asarray(np.max(np.abs(field) / unit, axis=0) <= 4.0 * distance * slope)


def barely_moves(gradient: Array, field: Array, width: Array) -> NDArray[np.bool_]:
    """Tell where fields are tangent to surfaces, or so nearly that it must be looked closer.

    Parameters
    ----------
    gradient : ndarray, shape (n, m)
        Gradients of expressions that vanish on the surfaces.
    field : ndarray, shape (n, m)
        The fields.
    width : ndarray, shape (n,)
        Widths of the window.

    Examples
    --------
    >>> slope, field = np.array([[1.0, 1.0], [0.0, 0.0]]), np.array([[1e-9, 1e-3], [1.0, 1.0]])
    >>> barely_moves(slope, field, np.ones(2)).tolist()
    [True, False]
    """
    unit = width[:, None]
    size = np.sum(np.abs(gradient) * unit, axis=0) * np.max(np.abs(field) / unit, axis=0)
    rate = np.abs(np.sum(gradient * field, axis=0))
    return np.asarray(rate <= BARELY * size)
