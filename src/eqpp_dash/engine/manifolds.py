"""Local stable and unstable manifolds of saddles by the parametrisation method.

A branch is W(s) = p + s v + a_2 s^2 + ... with f(W(s)) = rate * s * W'(s): on it the flow is
s' = rate * s. The terms follow one after the other, (k rate - A) a_k being the terms of degree k
of f composed with the lower ones; no k rate with k > 1 is the other eigenvalue, which has the other
sign. X. Cabre, E. Fontich, R. de la Llave, *Indiana University Mathematics Journal* 52, 2003,
283-328; A. Haro et al., *The Parameterization Method for Invariant Manifolds*, Springer 2016.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.dop853 import Array
from eqpp_dash.engine.jets import FieldJets, monomials
from eqpp_dash.model.portrait import Equilibrium

ORDER = 14
RESIDUAL = 1e-13
"""Error of the invariance equation that is allowed, as a distance in widths of the window."""

SHORTEST = 1e-6
"""Where a separatrix starts at the nearest, in widths of the window."""

LONGEST = 0.05
_SIZES = np.geomspace(LONGEST, SHORTEST, 26)
_LEAD = 12
"""Points drawn from the saddle to the start."""


class Branch(Protocol):
    """What is known of a separatrix near its equilibrium; see `LocalManifold`."""

    @property
    def equilibrium(self) -> int:
        """The equilibrium's number."""

    @property
    def rate(self) -> float:
        """Positive where the branch leaves the equilibrium, else negative."""

    @property
    def order(self) -> int:
        """Order of its expansion."""

    @property
    def radius(self) -> float:
        """How far that is used, in widths of the window."""

    @property
    def residual(self) -> float:
        """Greatest error up to there, in widths of the window."""

    @property
    def direction(self) -> Array:
        """Unit vector in which the branch leaves the equilibrium, or comes to it."""

    @property
    def start(self) -> Array:
        """The point from which it is integrated."""

    def lead(self) -> tuple[Array, Array]:
        """Give times before the start, increasing in size, and the points then."""


@dataclass(frozen=True, slots=True, eq=False)
class LocalManifold:
    """One branch of the stable or unstable manifold of a saddle, near the saddle.

    Attributes
    ----------
    equilibrium : int
        The saddle's number.
    rate : float
        The eigenvalue; positive on unstable branches.
    side : float
        Sign of the parameter on this branch.
    coefficients : ndarray, shape (order + 1, 2)
        Of the parametrisation; the parameter is a distance along the eigenvector in widths of
        the window.
    radius : float
        Greatest parameter used.
    residual : float
        Greatest error of the invariance equation up to there, divided by the rate, in widths.
    """

    equilibrium: int
    rate: float
    side: float
    coefficients: Array
    radius: float
    residual: float

    @property
    def order(self) -> int:
        """Order of the polynomial."""
        return len(self.coefficients) - 1

    @property
    def direction(self) -> Array:
        """Unit eigenvector that points away from the saddle along the branch."""
        vector = self.side * self.coefficients[1]
        return np.asarray(vector / np.linalg.norm(vector))

    def at(self, distances: Array) -> Array:
        """Give the points at positive parameters, shape (m, 2)."""
        return _polynomial(self.coefficients[:, :, None], self.side * distances)[0].T

    @property
    def start(self) -> Array:
        """The point from which the branch is integrated."""
        return np.asarray(self.at(np.array([self.radius]))[0])

    def lead(self) -> tuple[Array, Array]:
        """Give times before the start, increasing in size, and the points then.

        Returns
        -------
        times : ndarray, shape (m,)
            Time that the flow takes from the start back to the points; positive.
        points : ndarray, shape (m, 2)
            Points, ever nearer to the saddle; none if the start is as near.
        """
        count = min(_LEAD, int(np.ceil(4 * np.log10(self.radius / SHORTEST) / 1.5)))
        sizes = self.radius * (SHORTEST / self.radius) ** np.linspace(0, 1, count + 1)[1:]
        return np.log(self.radius / sizes) / abs(self.rate), self.at(sizes)


def local_manifolds(
    field: CompiledField, equilibria: Sequence[Equilibrium], which: Sequence[int], width: Array
) -> list[LocalManifold]:
    """Parametrise the four branches of each of some saddles.

    Parameters
    ----------
    field : CompiledField
        A planar autonomous field.
    equilibria : sequence of Equilibrium
        All equilibria known.
    which : sequence of int
        The saddles, hyperbolic ones.
    width : ndarray, shape (2,)
        Width of the window.

    Returns
    -------
    list of LocalManifold
        Both sides of one eigenvector after the other, saddle by saddle. Where the field has no
        Taylor series, or a bad one, the order is 1 and the start as near as `SHORTEST`.

    Examples
    --------
    >>> from eqpp_dash import parse_system
    >>> from eqpp_dash.engine.equilibria import find_equilibria
    >>> field = parse_system("x' = x; y' = -y + x^2").compile()  # unstable: y = x^2/3
    >>> found = find_equilibria(field, {"x": (-1, 1), "y": (-1, 1)}).equilibria
    >>> branches = local_manifolds(field, found, [0], np.array([2.0, 2.0]))
    >>> x, y = next(item for item in branches if item.rate > 0).start
    >>> bool(abs(y - x**2 / 3) < 1e-16 and abs(x) > 0.09)
    True
    """
    rates, vectors, points, jacobians, numbers = [], [], [], [], []
    for k in which:
        item = equilibria[k]
        for value, vector in zip(item.eigenvalues.real, item.eigenvectors.real.T, strict=True):
            rates.append(float(value))
            vectors.append(vector / np.max(np.abs(vector / width)))
            points.append(item.point)
            jacobians.append(item.jacobian)
            numbers.append(k)
    if not numbers:
        return []
    rate = np.array(rates)
    series = _series(field, np.array(points).T, np.array(vectors).T, rate, np.array(jacobians))
    sizes = np.concatenate([_SIZES, -_SIZES])
    errors = _residuals(field, series, rate, sizes, width)
    tangent = _residuals(field, series[:2], rate, sizes, width)
    found = []
    for j, k in enumerate(numbers):
        for side, part in ((1.0, slice(None, _SIZES.size)), (-1.0, slice(_SIZES.size, None))):
            place, error = _longest(field, series[:, :, j], side, errors[part, j])
            kept = series[:, :, j]
            if place is None:
                kept, place, error = series[:2, :, j], _SIZES.size - 1, float(tangent[part, j][-1])
            found.append(LocalManifold(k, rates[j], side, kept, float(_SIZES[place]), error))
    return found


def _series(
    field: CompiledField, points: Array, vectors: Array, rates: Array, jacobians: Array
) -> Array:
    """Give the coefficients of all branches, shape (order + 1, 2, m)."""
    count = rates.size
    run = FieldJets.of(field).begin(monomials(1, ORDER), (count,))
    inputs = [run.inputs[name] for name in field.variables]
    for values, point in zip(inputs, points, strict=True):
        values[0] = point
    run.part(0)
    for k in range(1, ORDER + 1):
        for values in inputs:
            values[k] = 0.0
        rest = np.stack([np.broadcast_to(part, (1, count))[0] for part in run.part(k)])
        if k == 1:
            terms = vectors
        else:
            matrix = k * rates[:, None, None] * np.eye(2) - jacobians
            terms = np.linalg.solve(matrix, rest.T[:, :, None])[:, :, 0].T
        for values, term in zip(inputs, terms, strict=True):
            values[k] = term
        run.part(k)
    series = np.stack([np.broadcast_to(v, (ORDER + 1, count)) for v in inputs], axis=1)
    smooth = np.broadcast_to(run.smooth, count) & np.isfinite(series).all(axis=(0, 1))
    series[2:, :, ~smooth] = np.nan
    return series


def _polynomial(series: Array, sizes: Array) -> tuple[Array, Array]:
    """Give a polynomial of shape (order + 1, 2, m) and its slope at parameters, shape (..., m)."""
    value = np.zeros(np.broadcast_shapes(series[0].shape, (2, *np.shape(sizes))))
    slope = np.zeros_like(value)
    for terms in series[::-1]:
        slope = slope * sizes + value
        value = value * sizes + terms
    return value, slope


def _residuals(
    field: CompiledField, series: Array, rates: Array, sizes: Array, width: Array
) -> Array:
    """Give the errors of the invariance equation at parameters, shape (sizes, m)."""
    value, slope = _polynomial(series[:, :, None, :], np.repeat(sizes[:, None], rates.size, 1))
    with np.errstate(all="ignore"):
        off = field(0.0, value) - rates * sizes[:, None] * slope
        errors = np.max(np.abs(off / width[:, None, None]), axis=0) / np.abs(rates)
    return np.asarray(np.where(np.isfinite(errors), errors, np.inf))


def _longest(
    field: CompiledField, series: Array, side: float, errors: Array
) -> tuple[int | None, float]:
    """Give the greatest of the sizes up to which a branch is as good as rounding lets it be."""
    allowed = max(RESIDUAL, 4.0 * float(errors[-4:].min()))
    if not allowed < SHORTEST**2 * 100:
        return None, np.inf
    good = np.logical_and.accumulate(errors[::-1] <= allowed)[::-1]
    if not good.any():
        return None, np.inf
    place = int(np.argmax(good))
    points = _polynomial(series[:, :, None], side * _SIZES)[0]
    while place < _SIZES.size - 1 and meets_switch(field, series[0], points[:, place:]):
        place += 1
    return place, float(errors[place:].max())


def meets_switch(field: CompiledField, origin: Array, points: Array) -> bool:
    """Tell whether a jump or a kink of the field may lie on a branch.

    Parameters
    ----------
    field : CompiledField
        The field.
    origin : ndarray, shape (2,)
        The equilibrium.
    points : ndarray, shape (2, m)
        Points of the branch; all between them is looked at in one box.
    """
    if not field.switching:
        return False
    lo = np.minimum(points.min(axis=1), origin)
    hi = np.maximum(points.max(axis=1), origin)
    for factor in field.switching:
        bounds = factor.boxes(lo[:, None], hi[:, None])
        if not (bounds.lo[0] > 0 or bounds.hi[0] < 0):
            return True
    return False
