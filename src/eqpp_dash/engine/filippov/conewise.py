"""Stability of a zero of both fields that meet on a surface, from their linear parts.

Near such a point the system is conewise linear: one matrix on each side of the tangent of the
surface. Where orbits cross the tangent on both half-lines, either they turn around the point, and
one turn multiplies distances by a number; or they leave and come along rays that are
eigenvectors, each in its own half-plane. If that number is not one, or no such rate zero, it
decides for the nonlinear system too. M. K. Camlibel, J. S. Pang, J. Shen, Conewise linear
systems: non-Zenoness and observability, *SIAM J. Control Optim.* 45 (2006), 1769-1800; for two
foci M. di Bernardo, C. J. Budd, A. R. Champneys, P. Kowalczyk, *Piecewise-smooth Dynamical
Systems* (Springer, 2008), chapter 5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

CLEAR = 1e-7
"""Numbers smaller than this, as a share of the matrix of their side, are not told from zero."""

_ANGLES = 720


@dataclass(frozen=True, slots=True)
class Conewise:
    """What the linear parts decide.

    Attributes
    ----------
    stability : str
        ``stable`` or ``unstable``.
    index : int
        The Poincaré index.
    words : str
        What decides.
    """

    stability: str
    index: int
    words: str


def conewise_stability(plus: Array, minus: Array, normal: Array) -> Conewise | None:
    """Judge a point at which two linear parts meet.

    Parameters
    ----------
    plus, minus : ndarray, shape (2, 2)
        The Jacobians on the side to which the normal points, and on the other.
    normal : ndarray, shape (2,)
        A normal of the surface.

    Returns
    -------
    Conewise or None
        None if orbits slide on the surface, or touch it, or if the linear parts do not decide.

    Examples
    --------
    >>> focus = np.array([[-0.1, -1.0], [1.0, -0.1]])
    >>> found = conewise_stability(focus, focus, np.array([1.0, 0.0]))
    >>> found.stability, found.index, found.words
    ('stable', 1, 'a turn around it multiplies distances by 0.533')
    """
    sizes = [float(np.abs(matrix).max()) for matrix in (plus, minus)]
    if not (np.isfinite(sizes).all() and min(sizes) > 0):
        return None
    # Another unit of time on one side changes neither the stability nor the index.
    plus, minus, normal = plus / sizes[0], minus / sizes[1], normal / np.hypot(*normal)
    tangent = np.array([-normal[1], normal[0]])
    across = float(normal @ plus @ tangent), float(normal @ minus @ tangent)
    if min(np.abs(across)) < CLEAR or across[0] * across[1] < 0:
        return None
    if any(abs(np.linalg.det(matrix)) < CLEAR for matrix in (plus, minus)):
        return None
    rates: list[float] = []
    for matrix, side, size in zip((plus, minus), (1.0, -1.0), sizes, strict=True):
        values, vectors = np.linalg.eig(matrix)
        spread = abs(values[0] - values[1])
        if spread < CLEAR:
            return None  # a double eigenvalue may be a real pair, or none
        if abs(values[0].imag) > 0:
            continue
        leaving = side * (normal @ vectors.real)
        if (np.abs(leaving) < CLEAR).any():
            return None
        if min(np.abs(values.real)) < CLEAR:
            return None
        rates += [size * float(value) for value in values.real]  # v or -v lies on this side
    index = _index(plus, minus, normal)
    if rates:
        stability = "unstable" if max(rates) > 0 else "stable"
        words = ", ".join(f"{rate:.5g}" for rate in sorted(rates))
        return Conewise(stability, index, f"orbits come and leave along rays at the rates {words}")
    growth = sum(_growth(matrix) for matrix in (plus, minus))
    if abs(growth) < CLEAR:
        return None
    words = f"a turn around it multiplies distances by {np.exp(growth):.3g}"
    return Conewise("stable" if growth < 0 else "unstable", index, words)


def _growth(matrix: Array) -> float:
    """Give the logarithm of the growth on half a turn of a focus with eigenvalues a +- ib.

    After the time pi/b a state is -exp(pi a/b) times what it was, whichever it was.
    """
    value = np.linalg.eigvals(matrix)[0]
    return float(np.pi * value.real / abs(value.imag))


def _index(plus: Array, minus: Array, normal: Array) -> int:
    """Count the turns of the field on a circle; it never jumps by half a turn."""
    angles = 2 * np.pi * (np.arange(_ANGLES) + 0.5) / _ANGLES
    ring = np.stack([np.cos(angles), np.sin(angles)])
    field = np.where(normal @ ring > 0, plus @ ring, minus @ ring)
    direction = np.unwrap(np.arctan2(field[1], field[0]), period=2 * np.pi)
    last = np.angle(np.exp(1j * (direction[0] - direction[-1])))
    return round(float((direction[-1] - direction[0] + last) / (2 * np.pi)))
