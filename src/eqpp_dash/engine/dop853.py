"""One step of the Dormand-Prince method of order 8(5,3), for many trajectories at once.

The tableau, its error estimators and its interpolant of order 7 are those of Hairer,
Norsett and Wanner, *Solving Ordinary Differential Equations I* (2nd ed., 1993), sections
II.5, II.6 and II.10, read from scipy. Every trajectory has its own step; the last axis
of every array runs over trajectories ("lanes").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.integrate._ivp import dop853_coefficients as _tableau

Array = NDArray[np.float64]
Field = Callable[[Array, Array], Array]

STAGES = 12
ORDER = 8
TERMS = 7
"""Terms of the interpolant; see `interpolate`."""

_A = np.array(_tableau.A, dtype=float)
_B = np.array(_tableau.B, dtype=float)
_C = np.array(_tableau.C, dtype=float)
_ERRORS = np.stack([_tableau.E5, _tableau.E3])
_KNOWN = STAGES + 1
LARGEST = 1e100
"""More than any square of an error that can be told from others."""

# What the interpolant needs of a step's 13 slopes: four rows for the interpolant itself
# and three for the extra stages, so that a step is remembered by 7 vectors and not by 13.
_PACK = np.vstack([_tableau.D[:, :_KNOWN], _A[_KNOWN:, :_KNOWN]])
_D_EXTRA = np.array(_tableau.D[:, _KNOWN:], dtype=float)


@dataclass(slots=True)
class Trial:
    """A tried step of every lane.

    Attributes
    ----------
    state, slope : ndarray, shape (n, lanes)
        The new state and the field there.
    error : ndarray, shape (lanes,)
        Estimated error in units of the tolerance; a step is good up to 1. NaN if the
        field is undefined at some stage.
    memory : ndarray, shape (7, n, lanes)
        What `dense_terms` needs of the step.
    before : tuple of ndarray, optional
        The state and the field at the last stage, which is at the same time as the new state.
    """

    state: Array
    slope: Array
    error: Array
    memory: Array
    before: tuple[Array, Array] | None = None


def take_step(
    field: Field, t: Array, y: Array, f: Array, h: Array, scale: Callable[[Array], Array]
) -> Trial:
    """Try one step of every lane.

    Parameters
    ----------
    field : callable
        ``field(t, y)``, both with lanes last.
    t : ndarray, shape (lanes,)
        Times.
    y, f : ndarray, shape (n, lanes)
        States and the field at them.
    h : ndarray, shape (lanes,)
        Steps.
    scale : callable
        Tolerated error as a function of the magnitude of the states.

    Returns
    -------
    Trial
        The tried step.
    """
    n, lanes = y.shape
    slopes = np.empty((_KNOWN, n, lanes))
    flat = slopes.reshape(_KNOWN, n * lanes)
    slopes[0] = f
    for stage in range(1, STAGES):
        offset = (_A[stage, :stage] @ flat[:stage]).reshape(n, lanes)
        offset *= h
        offset += y
        slopes[stage] = field(t + _C[stage] * h, offset)
    new = (_B @ flat[:STAGES]).reshape(n, lanes)
    new *= h
    new += y
    slopes[STAGES] = field(t + h, new)
    fifth, third = (_ERRORS @ flat).reshape(2, n, lanes) / scale(np.maximum(np.abs(y), np.abs(new)))
    # Where these overflow the step is too long by far; NaN stays.
    five, three = (
        np.minimum(np.einsum("ij,ij->j", part, part), LARGEST) for part in (fifth, third)
    )
    error = np.abs(h) * five / np.sqrt(np.maximum((five + 0.01 * three) * n, 1e-300))
    error = np.where(np.isfinite(new).all(0) & np.isfinite(slopes[STAGES]).all(0), error, np.nan)
    memory = (_PACK @ flat).reshape(7, n, lanes)
    return Trial(new, slopes[STAGES], error, memory, (offset, slopes[STAGES - 1]))


def dense_terms(
    field: Field, t: Array, h: Array, y: Array, f: Array, new: Array, slope: Array, memory: Array
) -> Array:
    """Give the interpolant of steps that were taken, at three more field values each.

    Parameters
    ----------
    field : callable
        The field.
    t, h : ndarray, shape (steps,)
        Start and length of each step.
    y, f, new, slope : ndarray, shape (n, steps)
        States and slopes at its start and at its end.
    memory : ndarray, shape (7, n, steps)
        From `Trial`.

    Returns
    -------
    ndarray, shape (7, n, steps)
        Terms for `interpolate`.
    """
    terms = np.empty((TERMS, *y.shape))
    change = new - y
    terms[0] = change
    terms[1] = h * f - change
    terms[2] = 2.0 * change - h * (slope + f)
    extra = np.empty((3, *y.shape))
    for i in range(3):
        offset = memory[4 + i].copy()
        for j in range(i):
            offset += _A[_KNOWN + i, _KNOWN + j] * extra[j]
        extra[i] = field(t + _C[_KNOWN + i] * h, y + h * offset)
    terms[3:] = h * (memory[:4] + np.tensordot(_D_EXTRA, extra, axes=1))
    # A surface of discontinuity or a pole just past the step spoils the extra stages only:
    # the cubic through the ends is then the best there is.
    terms[3:] = np.where(np.isfinite(terms[3:]).all(axis=(0, 1)), terms[3:], 0.0)
    return terms


def interpolate(y: Array, terms: Array, theta: Array) -> Array:
    """Evaluate interpolants: ``y + θ(F₀ + (1-θ)(F₁ + θ(F₂ + (1-θ)(F₃ + ...))))``.

    Parameters
    ----------
    y : ndarray, shape (n, m)
        States at the start of the steps.
    terms : ndarray, shape (7, n, m)
        Terms of the interpolants.
    theta : ndarray, shape (m,)
        Share of the step, 0 to 1.

    Returns
    -------
    ndarray, shape (n, m)
        States.

    Examples
    --------
    >>> y, terms = np.zeros((1, 1)), np.zeros((7, 1, 1))
    >>> terms[0] = 2.0
    >>> float(interpolate(y, terms, np.array([0.25]))[0, 0])
    0.5
    """
    value = np.zeros_like(y)
    other = 1.0 - theta
    for i in range(TERMS - 1, -1, -1):
        value += terms[i]
        value *= theta if i % 2 == 0 else other
    return value + y


def first_step(field: Field, t: Array, y: Array, f: Array, scale: Array, longest: Array) -> Array:
    """Guess the first step (Hairer, Norsett and Wanner I, section II.4).

    Parameters
    ----------
    field : callable
        The field.
    t : ndarray, shape (lanes,)
        Times.
    y, f, scale : ndarray, shape (n, lanes)
        States, the field there, tolerated errors.
    longest : ndarray, shape (lanes,)
        Longest step wanted.

    Returns
    -------
    ndarray, shape (lanes,)
        Steps, positive.
    """
    size, speed = root_mean_square(y / scale), root_mean_square(f / scale)
    guess = np.where((size < 1e-5) | (speed < 1e-5), 1e-6, 0.01 * size / np.maximum(speed, 1e-300))
    guess = np.minimum(guess, longest)
    bend = root_mean_square((field(t + guess, y + guess * f) - f) / scale) / guess
    worst = np.fmax(speed, bend)
    second = np.where(
        worst <= 1e-15,
        np.maximum(1e-6, guess * 1e-3),
        (0.01 / np.maximum(worst, 1e-300)) ** (1 / ORDER),
    )
    step: Array = np.minimum(np.minimum(100 * guess, np.maximum(second, 1e-300)), longest)
    return step


def root_mean_square(values: Array) -> Array:
    """Give the root mean square over the components, shape (lanes,)."""
    root: Array = np.sqrt(np.mean(values * values, axis=0))
    return root
