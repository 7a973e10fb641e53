"""Neighbourhoods of saddles in which a level curve is known to be the invariant manifold.

In coordinates (u, s) along the eigenvectors, |s| <= u <= r is a cone about a branch of the unstable
manifold. If J_uu > |J_us| on the block, orbits in the cone move away from the saddle. If besides
the function has exactly one zero for every u in the cone, its zeros are a curve without equilibria
that is invariant and ends at the saddle: the branch itself. Where the function is critical at the
saddle, its values are d'Md/2 with M in the interval Hessian; else the mean value theorem tells.
For the stable manifold time and the coordinates are exchanged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.dop853 import Array
from eqpp_dash.engine.expression.graph import Node
from eqpp_dash.engine.jets import INTERVALS, FieldJets, IntervalArray
from eqpp_dash.model.portrait import Equilibrium

ROUNDING = 1e-12
_RADII = 0.1 * 0.5 ** np.arange(8)
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A block about a saddle; its cones are known to hold one zero curve each.

    Attributes
    ----------
    point : ndarray, shape (2,)
        The saddle.
    basis : ndarray, shape (2, 2)
        Columns: along the branch, and the other eigenvector; each one width of the window long.
    radius : float
        Half width of the block in these coordinates.
    """

    point: Array
    basis: Array
    radius: float

    def coordinates(self, points: Array) -> Array:
        """Give coordinates, shape (2, m), of points, shape (m, 2)."""
        return np.asarray(np.linalg.solve(self.basis, (points - self.point).T))

    def in_cone(self, points: Array, slack: float = 0.9) -> NDArray[np.bool_]:
        """Tell which points, shape (m, 2), are well inside the cone of the branch."""
        along, across = self.coordinates(points)
        return np.asarray(
            (along > 0) & (along <= slack * self.radius) & (np.abs(across) <= slack * along)
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Bounds:
    """A matrix known up to a radius, entry by entry; shape (i, j, m)."""

    middle: Array
    spread: Array

    def between(self, left: Array, right: Array) -> _Bounds:
        """Give bounds of left @ this @ right."""
        middle = np.einsum("ij,jkm,kl->ilm", left, self.middle, right)
        whole = self.spread + ROUNDING * np.abs(self.middle)
        spread = np.einsum("ij,jkm,kl->ilm", np.abs(left), whole, np.abs(right))
        return _Bounds(middle, spread)

    def least(self, i: int, j: int) -> Array:
        """Give the least absolute value of an entry."""
        return np.asarray(np.abs(self.middle[i, j]) - self.spread[i, j])

    def most(self, i: int, j: int) -> Array:
        """Give the greatest absolute value of an entry."""
        return np.asarray(np.abs(self.middle[i, j]) + self.spread[i, j])


def block_about(
    field: CompiledField,
    node: Node,
    item: Equilibrium,
    width: Array,
    *,
    rate: float,
    side: float,
    critical: bool,
) -> Block | None:
    """Find a block about a saddle for one branch of its manifolds.

    Parameters
    ----------
    field : CompiledField
        The field.
    node : Node
        A function that is zero on the branch, up to a constant if `critical`.
    item : Equilibrium
        The saddle, its existence proved.
    width : ndarray, shape (2,)
        Width of the window.
    rate : float
        Eigenvalue of the branch, of either sign.
    side : float
        Which of both branches, as the sign along the eigenvector.
    critical : bool
        Whether the function's gradient is known to vanish at the saddle.

    Returns
    -------
    Block or None
        None if nothing could be proved.
    """
    own = int(np.argmin(np.abs(item.eigenvalues.real - rate)))
    vectors = item.eigenvectors.real
    vectors = vectors / np.max(np.abs(vectors / width[:, None]), axis=0)
    basis = np.stack([side * vectors[:, own], vectors[:, 1 - own]], axis=1)
    half = np.abs(basis).sum(axis=1)[:, None] * _RADII
    half = half * (1 + ROUNDING) + 2 * item.error + 4 * np.spacing(np.abs(item.point))[:, None]
    lo, hi = item.point[:, None] - half, item.point[:, None] + half
    slopes = field.jacobian_boxes(lo, hi)
    inverse = np.linalg.inv(basis)
    flow = _bounds(slopes.lo, slopes.hi).between(inverse, basis)
    away = np.sign(rate) * flow.middle[0, 0] - flow.spread[0, 0] > flow.most(0, 1)
    good = np.asarray(away & slopes.continuous)
    good &= _one_zero(node, field.variables, lo, hi, basis, critical=critical)
    if not good.any():
        return None
    return Block(item.point, basis, float(_RADII[np.argmax(good)]))


def _one_zero(
    node: Node, names: tuple[str, ...], lo: Array, hi: Array, basis: Array, *, critical: bool
) -> Mask:
    jets = FieldJets([node], names).at(IntervalArray(lo, hi), 2, arithmetic=INTERVALS)
    terms = jets.coefficients[0]
    low, high = np.asarray(terms.lo), np.asarray(terms.hi)
    with np.errstate(invalid="ignore"):
        if critical:
            rows = np.array([[3, 4], [4, 5]])
            factor = np.array([[2.0, 1.0], [1.0, 2.0]])[:, :, None]
            form = _bounds(factor * low[rows], factor * high[rows]).between(basis.T, basis)
            one = form.least(0, 1) > form.most(1, 1)
            one &= 2 * form.least(0, 1) > form.most(0, 0) + form.most(1, 1)
        else:
            slope = _bounds(low[1:3, None], high[1:3, None]).between(basis.T, np.eye(1))
            one = slope.least(1, 0) > slope.most(0, 0)
    return np.asarray(one & jets.smooth)


def _bounds(lo: Array, hi: Array) -> _Bounds:
    with np.errstate(invalid="ignore"):
        return _Bounds(0.5 * (lo + hi), 0.5 * (hi - lo))
