"""How orbits turn about a focus: the linear part, and the first Lyapunov coefficient."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.model.portrait import Array

LINEAR = 1e-12
"""Share of the frequency below which the rate of growth counts as zero."""

CERTAIN = 1e-9
"""Share of its terms below which a Lyapunov coefficient counts as zero."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn about an equilibrium does.

    Attributes
    ----------
    kind : str
        ``focus`` (growth decided by the linear part), ``weak`` (not so), ``node``, ``saddle`` or
        ``other``.
    growth : float
        Logarithm by which the distance grows in a turn, by the linear part; of a node, the mean
        rate at which it grows.
    """

    kind: str
    growth: float = 0.0


def linear_turn(compiled: CompiledField, point: Array) -> Turn:
    """Tell what one turn about an equilibrium does, by its Jacobian.

    Parameters
    ----------
    compiled : CompiledField
        A planar field.
    point : ndarray, shape (2,)
        The equilibrium.

    Returns
    -------
    Turn
        Kind and growth.
    """
    with np.errstate(all="ignore"):
        (a, b), (c, d) = compiled.jacobian_scalar(0.0, [float(point[0]), float(point[1])])
    half, determinant = 0.5 * (a + d), a * d - b * c
    if not math.isfinite(half + determinant):
        return Turn("other")
    size = max(abs(a), abs(b), abs(c), abs(d))
    square = determinant - half * half
    if determinant < -1e-12 * size * size:
        return Turn("saddle")
    if square > 1e-12 * size * size:
        frequency = math.sqrt(square)
        if abs(half) <= LINEAR * max(frequency, size):
            return Turn("weak")
        return Turn("focus", 2.0 * math.pi * half / frequency)
    return Turn("node", half) if determinant > 1e-12 * size * size else Turn("other")


def lyapunov_sign(compiled: CompiledField, point: Array) -> int:
    """Give the sign of the first Lyapunov coefficient of a weak focus; 0 if it is not decided.

    Parameters
    ----------
    compiled : CompiledField
        A planar field.
    point : ndarray, shape (2,)
        An equilibrium with eigenvalues ``±iω``.

    Returns
    -------
    int
        -1 if orbits near it wind inward, 1 if outward, 0 if the coefficient vanishes within its
        error or does not exist.

    Notes
    -----
    The invariant formula of Kuznetsov, *Elements of Applied Bifurcation Theory* (3rd ed., 2004),
    equation (5.39), with derivatives of the expression graph up to order three.

    Examples
    --------
    >>> from eqpp_dash.engine.system import parse_system
    >>> field = parse_system("x' = -y - x*(x^2 + y^2); y' = x - y*(x^2 + y^2)").compile()
    >>> lyapunov_sign(field, np.zeros(2))
    -1
    """
    second, third = compiled.tensors(point)
    if not (np.isfinite(second).all() and np.isfinite(third).all()):
        return 0
    a = np.array(compiled.jacobian_scalar(0.0, [float(point[0]), float(point[1])]))
    a = a - 0.5 * np.trace(a) * np.eye(2)
    frequency = math.sqrt(max(float(np.linalg.det(a)), 0.0))
    if frequency == 0.0:
        return 0
    values, vectors = np.linalg.eig(a)
    q = vectors[:, int(np.argmax(values.imag))]
    values, vectors = np.linalg.eig(a.T)
    p = vectors[:, int(np.argmin(values.imag))]
    p = p / np.vdot(q, p)  # so that the product of p and q is 1

    def bilinear(u: Array, v: Array) -> Array:
        found: Array = np.einsum("ijk,j,k->i", second, u, v)
        return found

    cubic = np.einsum("ijkl,j,k,l->i", third, q, q, q.conj())
    shifted = 2j * frequency * np.eye(2) - a
    parts = [
        np.vdot(p, cubic),
        -2.0 * np.vdot(p, bilinear(q, np.linalg.solve(a, bilinear(q, q.conj())))),
        np.vdot(p, bilinear(q.conj(), np.linalg.solve(shifted, bilinear(q, q)))),
    ]
    total = float(sum(part.real for part in parts))
    terms = np.abs(second).max() ** 2 / max(frequency, 1e-300) + np.abs(third).max()
    scale = max(float(sum(abs(part) for part in parts)), 1e-6 * float(terms))
    if abs(total) <= CERTAIN * scale:
        return 0
    return 1 if total > 0 else -1
