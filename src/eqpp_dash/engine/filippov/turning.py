"""Zeros on a surface at which the fields of both sides have the same linear part.

Where it is hyperbolic, it decides. Where it is a center, the second order may.

Such are oscillators with a drag that grows with the square of the speed, ``y' = -x - y |y|``: the
field is continuously differentiable, but its second derivative jumps. In coordinates in which the
linear part turns at the rate w, r' = r^2 p(a) + ..., with p the radial part of the quadratic
terms of the side in which the angle a lies, and a turn takes r to r + r^2 I + ..., I the
integral of p/w over the circle. That the surface bends changes only the third order, as the
linear parts agree. Where I is not zero its sign decides; it is zero if the quadratic terms are the
same on both sides. This is averaging of first order: B. Coll, A. Gasull, R. Prohens, Degenerate
Hopf bifurcations in discontinuous planar systems, *Journal of Mathematical Analysis and
Applications* 253 (2001), 671-690.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.classify import classify_equilibrium
from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.filippov.conewise import CLEAR, Conewise
from eqpp_dash.engine.jets import FieldJets, monomials

Array = NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)


def common_linear_part(matrices: Array, share: float) -> dict[str, Any] | None:
    """Name a zero of all fields that meet there by the linear part that they have in common.

    Parameters
    ----------
    matrices : ndarray, shape (n, 2, 2)
        Their Jacobians at the point.
    share : float
        Error of these, as a share of the largest entry.

    Returns
    -------
    dict or None
        What is known of the equilibrium, by the names of its fields. None if the linear parts
        differ, or one is not hyperbolic.

    Notes
    -----
    The field is continuously differentiable at the point, so that a hyperbolic linear part
    decides: P. Hartman, *Ordinary Differential Equations*, 2nd ed., chapter IX.

    Examples
    --------
    >>> common_linear_part(np.array([[[0.0, 1.0], [1.0, 0.0]]] * 2), 1e-9)["kind"]
    'saddle'
    """
    if not np.isfinite(matrices).all():
        return None
    middle, error = matrices[0] + 0.0, share * float(np.abs(matrices).max())
    if np.abs(matrices - middle).max() > error:
        return None
    told = classify_equilibrium(middle, middle - error, middle + error)
    if not told.hyperbolic or told.kind == "undecided":
        return None
    names = ("kind", "stability", "hyperbolic", "index", "eigenvalues", "eigenvectors", "reason")
    return {"jacobian": middle, **{name: getattr(told, name) for name in names}}


def turning_stability(
    plus: CompiledField, minus: CompiledField, normal: Array, point: Array, width: float
) -> Conewise | None:
    """Judge a zero of two fields whose linear parts there are one center.

    Parameters
    ----------
    plus, minus : CompiledField
        The smooth fields on the side to which the normal points, and on the other.
    normal : ndarray, shape (2,)
        A normal of the surface at the point.
    point : ndarray, shape (2,)
        The zero of both.
    width : float
        Width of the window.

    Returns
    -------
    Conewise or None
        None if the linear parts differ or are no center, or the second order does not decide.

    Examples
    --------
    >>> from eqpp_dash import parse_system
    >>> drag = [parse_system(f"x' = y; y' = -x {s} y^2").compile() for s in "-+"]
    >>> turning_stability(*drag, np.array([0.0, 1.0]), np.zeros(2), 4.0).stability
    'stable'
    """
    sides = [_expansion(field, point) for field in (plus, minus)]
    matrix = sides[0][0]
    size = float(np.abs(matrix).max())
    if not (np.isfinite([*sides[0], *sides[1]][0::2]).all() and size > 0):
        return None
    if np.abs(matrix - sides[1][0]).max() > CLEAR * size or abs(np.trace(matrix)) > CLEAR * size:
        return None
    square = float(np.linalg.det(matrix))
    if square <= CLEAR * size**2:
        return None
    rate = np.sqrt(square)
    # v = S u turns like u' = rate J u: the columns of S are e and -matrix e / rate
    first = np.array([1.0, 0.0])
    basis = np.column_stack([first, -matrix @ first / rate])
    across = basis.T @ (normal / np.hypot(*normal))
    middle = float(np.arctan2(across[1], across[0]))
    total = 0.0
    for start, (_, quadratic) in ((middle, sides[0]), (middle + np.pi, sides[1])):
        angles = start + 0.5 * np.pi * _NODES
        ring = np.stack([np.cos(angles), np.sin(angles)])
        u, v = basis @ ring
        value = quadratic @ np.stack([u * u, u * v, v * v])
        radial = (ring * np.linalg.solve(basis, value)).sum(axis=0)
        total += float(0.5 * np.pi * (_WEIGHTS * radial).sum())
    if not np.isfinite(total) or abs(total) / rate * width < CLEAR:
        return None
    word = "inward" if total < 0 else "outward"
    words = (
        "the fields of both sides have the linear part of one center here; "
        f"orbits turn around it, {word} by the second order of their returns"
    )
    return Conewise("stable" if total < 0 else "unstable", 1, words)


def _expansion(field: CompiledField, point: Array) -> tuple[Array, Array]:
    """Give the matrix of first derivatives, and the coefficients of x^2, xy and y^2."""
    table = monomials(2, 2)
    series = []
    for k, at in enumerate(point):
        values = np.zeros((len(table),))
        values[0] = at
        values[table.position((1 - k, k))] = 1.0
        series.append(values)
    with np.errstate(all="ignore"):
        found = np.asarray(FieldJets.of(field).compose(series, table).coefficients)
    first = [table.position(key) for key in ((1, 0), (0, 1))]
    second = [table.position(key) for key in ((2, 0), (1, 1), (0, 2))]
    return found[:, first], found[:, second]
