"""Wedges at equilibria with one eigenvalue zero, in which every orbit tends to the equilibrium.

In axes u, v along the eigenvectors of 0 and of T, T < 0, let v = h(u) be the curve on which v'
vanishes and u' = c u^k + ... on it. The wedge is the set of points with 0 < |u| <= a, u of one
sign, and |v - h(u)| <= m |u|^k. Along a curve v = h(u) + w |u|^k the speeds u' and
(v - h(u) - w |u|^k)' are of order u^k, exactly: their Taylor polynomials vanish below. So by
Taylor's formula each is u^k times its k-th Taylor coefficient somewhere between, which interval
jets bound. Where u' leads to the equilibrium for all |w| <= m, and the second speed leads inward
for w = m and w = -m, no orbit leaves the wedge, and all in it tend to the equilibrium. (J. Carr,
*Applications of Centre Manifold Theory*, Springer 1981, section 2.4, has the asymptotics.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.dop853 import Array
from eqpp_dash.engine.expression.polynomial import TooLargeError
from eqpp_dash.engine.jets import FieldJets, IrrationalError, NotSmoothError, monomials
from eqpp_dash.engine.jets.enclosures import IntervalArray, Intervals
from eqpp_dash.engine.kinds.algebraic import Algebraic
from eqpp_dash.engine.kinds.germ import UnclearError, sign
from eqpp_dash.engine.kinds.places import Anchor, Places
from eqpp_dash.engine.kinds.single import CenterReduction, reduce_to_center
from eqpp_dash.model.portrait import Equilibrium

MOST_ORDER = 8
"""Greatest order k of the flow on the center manifold for which a wedge is tried."""

LENGTHS = 0.5 ** np.arange(1.0, 14.0)
"""Lengths a that are tried, in widths of the window."""

WIDTHS = np.array([1.0, 0.3, 0.1, 0.03])
"""Half-widths of the end of a wedge that are tried, as shares of its length."""

_INTERVALS = Intervals()


@dataclass(frozen=True, slots=True, eq=False)
class Wedge:
    """A wedge in which every orbit tends to its tip.

    Attributes
    ----------
    point : ndarray, shape (2,)
        The tip, an equilibrium.
    inverse : ndarray, shape (2, 2)
        Gives u and v of a vector.
    curve : ndarray, shape (k + 1,)
        Coefficients of h, in powers of u.
    side : int
        Sign of u in the wedge.
    length, share : float
        a and m.
    """

    point: Array
    inverse: Array
    curve: Array
    side: int
    length: float
    share: float

    def holds(self, states: Array) -> NDArray[np.bool_]:
        """Tell which states, shape (2, ...), lie in the wedge."""
        away = states - self.point.reshape((2,) + (1,) * (states.ndim - 1))
        u, v = np.tensordot(self.inverse, away, axes=1)
        along = self.side * u
        off = np.abs(v - np.polynomial.polynomial.polyval(u, self.curve))
        with np.errstate(invalid="ignore"):
            order = self.curve.size - 1
            return np.asarray(
                (along > 0) & (along <= self.length) & (off <= self.share * along**order)
            )


def has_center_direction(item: Equilibrium) -> bool:
    """Tell whether a point of the plane is known to have one eigenvalue zero, and its sectors.

    Parameters
    ----------
    item : Equilibrium
        The point, with its kind decided.
    """
    if item.hyperbolic or item.sectors is None or item.point.size != 2:
        return False
    return bool(np.trace(item.jacobian) != 0)


def attracting_wedges(
    field: CompiledField, item: Equilibrium, way: float, width: Array
) -> list[Wedge]:
    """Find the wedges at an equilibrium with one eigenvalue zero.

    Parameters
    ----------
    field : CompiledField
        A planar autonomous field.
    item : Equilibrium
        The equilibrium.
    way : float
        Direction of time in which orbits shall tend to it, 1 or -1.
    width : ndarray, shape (2,)
        Width of the window.

    Returns
    -------
    list of Wedge
        At most one for each side; none if orbits leave along the other eigenvector, if the point
        is not known exactly, or if nothing could be proved.

    Examples
    --------
    >>> from eqpp_dash import parse_system
    >>> from eqpp_dash.engine.equilibria import find_equilibria
    >>> field = parse_system("x' = x^2; y' = -y").compile()
    >>> (point,) = find_equilibria(field, {"x": (-1, 1), "y": (-1, 1)}).equilibria
    >>> (wedge,) = attracting_wedges(field, point, 1.0, np.array([2.0, 2.0]))
    >>> wedge.holds(np.array([[-0.1, 0.1], [0.01, 0.01]])).tolist()
    [True, False]
    """
    reach = item.error + 2 * np.spacing(np.abs(item.point))
    places = Places(field)
    lo, hi = item.point - reach, item.point + reach
    try:
        anchor = places.zero_in(lo, hi) or places.algebraic_zero_in(lo, hi)
        if anchor is None:
            return []
        (a, b), (c, d) = anchor.germ(1).linear
        if a * d - b * c or way * sign(a + d) >= 0:
            return []
        reduced = reduce_to_center(anchor.germ)
        if reduced.flow.order > MOST_ORDER:
            return []
        jets = FieldJets.of(anchor.places.field)
        tried = [_proved(jets, anchor, reduced, side, way, width) for side in (1, -1)]
    except (UnclearError, IrrationalError, NotSmoothError, TooLargeError, OverflowError):
        return []
    return [wedge for wedge in tried if wedge is not None]


def _proved(
    jets: FieldJets, anchor: Anchor, reduced: CenterReduction, side: int, way: float, width: Array
) -> Wedge | None:
    """Give the longest wedge on one side that could be proved."""
    order = reduced.flow.order
    if way * sign(reduced.flow.coefficient) * side ** (order + 1) > 0:
        return None
    columns = np.array([[float(entry) for entry in row] for row in reduced.basis])
    units = np.max(np.abs(columns / width[:, None]), axis=0)
    lengths = np.repeat(LENGTHS, WIDTHS.size) / units[0]
    ends = np.tile(WIDTHS, LENGTHS.size) * lengths * units[0] / units[1]
    shares = ends / lengths**order
    trial = _Trial(jets, anchor, reduced, side, lengths)
    inward, _ = trial.speeds(IntervalArray(-shares, shares))
    _, above = trial.speeds(IntervalArray(shares, shares))
    _, below = trial.speeds(IntervalArray(-shares, -shares))
    good = _signed(inward, -way) & _signed(above, -way) & _signed(below, way)
    if not good.any():
        return None
    best = int(np.flatnonzero(good)[0])
    return Wedge(
        anchor.near,
        np.linalg.inv(columns),
        np.array([float(c) for c in reduced.curve]),
        side,
        float(lengths[best]),
        float(shares[best]),
    )


def _signed(values: IntervalArray, wanted: float) -> NDArray[np.bool_]:
    return np.asarray(values.lo > 0 if wanted > 0 else values.hi < 0)


class _Trial:
    """Bounds of the speeds along the curves v = h(u) + w |u|^k, for some lengths at once.

    The field in u and v is its Taylor polynomial below degree k, with exact coefficients, and a
    rest with those of degree k somewhere in the box. The variable along the curves is t = |u|.
    """

    def __init__(
        self,
        jets: FieldJets,
        anchor: Anchor,
        reduced: CenterReduction,
        side: int,
        lengths: Array,
    ) -> None:
        self.jets, self.order, self.side, self.count = jets, reduced.flow.order, side, lengths.size
        self.span = IntervalArray(np.zeros(lengths.size), lengths)
        local = anchor.germ(self.order).changed(reduced.basis)
        self.first, self.second = (
            {key: self._wide(c) for key, c in p.items() if 2 <= sum(key) < self.order}
            for p in (local.first, local.second)
        )
        (a, b), (c, d) = reduced.basis
        one = 1 / (a * d - b * c)
        self.basis = [[self._wide(entry) for entry in row] for row in ((a, b), (c, d))]
        inverse = ((d * one, -b * one), (-c * one, a * one))
        self.inverse = [[self._wide(entry) for entry in row] for row in inverse]
        self.point = [self._wide(c) for c in anchor.point]
        self.rate = self._wide(reduced.rate)
        self.curve = [self._wide(h * side**j) for j, h in enumerate(reduced.curve)]

    def speeds(self, w: IntervalArray) -> tuple[IntervalArray, IntervalArray]:
        """Give |u|' and (v - h(u) - w |u|^k)', divided by |u|^k."""
        k = self.order
        v = [*self.curve[:k], self.curve[k] + w]
        ratio = self._along(v[1:])
        rest_u, rest_v = self._rests(ratio)
        speed = self.side * (self._along(self._composed(self.first, v)[k:]) + rest_u)
        bent = self._composed(self.second, v)
        bent[k] = bent[k] + self.rate * v[k]
        slope = self._along([v[j] * float(j) for j in range(1, k + 1)])
        return speed, self._along(bent[k:]) + rest_v - slope * speed

    def _rests(self, ratio: IntervalArray) -> tuple[IntervalArray, IntervalArray]:
        """Give the rests of degree k, divided by |u|^k; the ratio is v / |u|."""
        k, table = self.order, monomials(2, self.order)
        run = self.jets.begin(table, (self.count,), _INTERVALS)
        u, v = self.side * self.span, ratio * self.span
        for name, at, (a, b) in zip(self.jets.variables, self.point, self.basis, strict=True):
            series = run.inputs[name]
            series[0] = at + a * u + b * v
            for axis, entry in ((0, a), (1, b)):
                unit = tuple(int(axis == other) for other in range(2))
                series[table.position(unit)] = entry
        first, second = run.whole()
        smooth = np.broadcast_to(np.asarray(run.smooth, dtype=bool), (self.count,))
        rests = []
        for row in self.inverse:
            total = self._wide(0)
            for j in range(k + 1):
                place = table.position((k - j, j))
                value = first[place] * row[0] + second[place] * row[1]
                for _ in range(j):
                    value = value * ratio
                total = total + float(self.side ** (k - j)) * value
            rests.append(_where(smooth, total))
        return rests[0], rests[1]

    def _composed(
        self, terms: dict[tuple[int, int], IntervalArray], v: list[IntervalArray]
    ) -> list[IntervalArray]:
        """Give the coefficients of a polynomial in u and v along a curve, in powers of |u|."""
        powers = [[self._wide(1)]]
        for _ in range(max((j for _, j in terms), default=0)):
            powers.append(self._product(powers[-1], v))
        size = max([self.order, *(i + len(powers[j]) - 1 for i, j in terms)]) + 1
        total = [self._wide(0)] * size
        for (i, j), c in terms.items():
            for at, value in enumerate(powers[j]):
                total[i + at] = total[i + at] + float(self.side**i) * c * value
        return total

    def _product(self, a: list[IntervalArray], b: list[IntervalArray]) -> list[IntervalArray]:
        total = [self._wide(0)] * (len(a) + len(b) - 1)
        for i, x in enumerate(a):
            for j, y in enumerate(b):
                total[i + j] = total[i + j] + x * y
        return total

    def _along(self, terms: Sequence[IntervalArray]) -> IntervalArray:
        """Bound a polynomial in |u| on the whole length."""
        total = self._wide(0)
        for value in reversed(terms):
            total = total * self.span + value
        return total

    def _wide(self, value: Any) -> IntervalArray:
        """Enclose an exact number, once for each length."""
        found = _enclosed(value)
        return IntervalArray(np.full(self.count, found.lo), np.full(self.count, found.hi))


def _where(known: NDArray[np.bool_], values: IntervalArray) -> IntervalArray:
    return IntervalArray(np.where(known, values.lo, -np.inf), np.where(known, values.hi, np.inf))


def _enclosed(value: Any) -> IntervalArray:
    if isinstance(value, Algebraic):
        low, high = (_INTERVALS.number(bound) for bound in value.bounds())
        return IntervalArray(low.lo, high.hi)
    found: IntervalArray = _INTERVALS.number(Fraction(value))
    return found
