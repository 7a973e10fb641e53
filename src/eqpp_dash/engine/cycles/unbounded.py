"""Bands of closed orbits that are proved to reach to infinity, by a Hamiltonian that grows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from math import factorial

import numpy as np

from eqpp_dash.engine.compiled import CompiledField, Factor
from eqpp_dash.engine.cycles.mirrors import images_of, named_involutions
from eqpp_dash.engine.cycles.quadrant import FILLS, fills_quadrant
from eqpp_dash.engine.cycles.shape import encloses
from eqpp_dash.engine.cycles.surroundings import BUDGET
from eqpp_dash.engine.cycles.values import Band, CycleSearch
from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.expression.derivative import differentiate
from eqpp_dash.engine.expression.graph import Graph, Node, rebuild
from eqpp_dash.engine.expression.polynomial import Polynomial
from eqpp_dash.engine.structure.facts import Kind, Structure
from eqpp_dash.engine.structure.find import find_structure
from eqpp_dash.model.portrait import Array, Equilibrium

MARGIN = 1.1
"""By what factor an orbit must exceed what is needed: it is known at points only."""

MOST_DEGREE = 12

FAR = 1e15
"""Periodic coefficients are bounded over so much to either side: many periods at once."""

PLANE = "proved: |H| grows beyond all bounds in every direction, and no equilibrium lies beyond"
IMAGE = "proved: its image under {name} does"
CYLINDER = "proved: |H| grows beyond all bounds with |{name}|, and no equilibrium lies beyond"


@dataclass(frozen=True, slots=True, eq=False)
class _Growth:
    """Where N = x^(2m) + y^(2n) exceeds `level`, H has no critical point, and it grows with N."""

    powers: tuple[int, int]
    level: float

    def measure(self, points: Array) -> Array:
        """Give N at points of shape (k, 2)."""
        return np.asarray(points[:, 0] ** self.powers[0] + points[:, 1] ** self.powers[1])

    @property
    def box(self) -> Array:
        """Half widths of the least box that holds all points up to the level."""
        return np.array([self.level ** (1.0 / power) for power in self.powers])


def end_at_infinity(
    field: CompiledField,
    found: CycleSearch,
    structure: Structure | None,
    equilibria: Sequence[Equilibrium] = (),
) -> CycleSearch:
    """Tell which bands are proved to reach to infinity.

    Parameters
    ----------
    field : CompiledField
        A planar autonomous field.
    found : CycleSearch
        Cycles and bands.
    structure : Structure or None
        What is proved about the field.
    equilibria : sequence of Equilibrium
        Those by which the bands say what they go round: bands are known as images by these.

    Returns
    -------
    CycleSearch
        With `beyond` set to ``infinity``, and the `ground`, where that is proved.

    Notes
    -----
    Let H tend to infinity (or to minus infinity) in every direction, and let no equilibrium lie
    outside a closed orbit. Level sets are compact, so an orbit outside that one is bounded; it
    tends to closed orbits, and as H is constant beside none, it is closed, and goes round the first
    one, for it goes round an equilibrium. On a cylinder the same holds of orbits that wind.

    In the plane H must be a polynomial with pure powers x^(2m), y^(2n) of one sign. With weights
    1/(2m) and 1/(2n) no term may weigh more than 1, and those that weigh 1 must be bounded below by
    c N, N = x^(2m) + y^(2n): by the inequality of means |x^i y^j| <= (i/(2m) + j/(2n)) N for each
    of them. The derivative of H along (x/(2m), y/(2n)) is then at least
    c N - sum w |a| N^w over the terms a x^i y^j of weight w < 1.
    """
    integral = None if structure is None else structure.integral
    if integral is None or not found.bands:
        return found
    if integral.kind == Kind.TIME_CHANGED and fills_quadrant(field, integral):
        ground = FILLS.format(*field.variables)
        filled = [_filling(band, ground) for band in found.bands]
        return replace(found, bands=_with_images(filled, equilibria, structure))
    apart = field.reduced if integral.kind != Kind.HAMILTONIAN and field.common else None
    if apart is not None:  # the orbits of the field without what its components share
        field, factors = apart
        integral = find_structure(field).integral
    else:
        factors = ()
    if integral is None or integral.kind != Kind.HAMILTONIAN or integral.function is None:
        return found
    if not integral.single_valued or field.switching:
        return found
    proof = _Proof(field, integral.function, integral.node, factors)
    return replace(found, bands=tuple(map(proof.ended, found.bands)))


def _filling(band: Band, ground: str) -> Band:
    """Let a band in the quadrant of two positive variables fill it."""
    if band.beyond != "undecided" or any(band.winding) or not (band.outer > 0).all():
        return band
    return replace(band, beyond="infinity", ground=ground)


def _with_images(
    bands: Sequence[Band], equilibria: Sequence[Equilibrium], structure: Structure | None
) -> tuple[Band, ...]:
    """Let the images of bands that reach to infinity do so too."""
    found = list(bands)
    for name, matrix, offset in named_involutions(structure):
        numbers = images_of(equilibria, matrix, offset)
        for i, band in enumerate(found):
            wanted = {numbers[k] for k in band.equilibria}
            others = [other for other in bands if set(other.equilibria) == wanted]
            alone = sum(other.equilibria == band.equilibria for other in bands) == 1
            if band.beyond != "undecided" or not wanted or len(others) != 1 or not alone:
                continue
            if others[0].beyond == "infinity":
                found[i] = replace(band, beyond="infinity", ground=IMAGE.format(name=name))
    return tuple(found)


class _Proof:
    """What is known of a Hamiltonian far out, computed when it is asked for."""

    def __init__(
        self,
        field: CompiledField,
        function: Factor,
        node: Node | None,
        factors: Sequence[Factor] = (),
    ) -> None:
        self.field, self.function, self.node, self.factors = field, function, node, factors

    def ended(self, band: Band) -> Band:
        """Give a band with what is proved of its outer end."""
        if band.beyond != "undecided" or band.curves is None:
            return band
        if any(band.winding) and self.factors:
            return band
        if any(band.winding):
            axis = int(np.flatnonzero(band.winding)[0])
            if self._round(band, axis):
                name = self.field.variables[1 - axis]
                return replace(band, beyond="infinity", ground=CYLINDER.format(name=name))
        elif self._plane(band.curves[1]):
            return replace(band, beyond="infinity", ground=PLANE)
        return band

    @cached_property
    def growth(self) -> _Growth | None:
        """How H grows in the plane, if it is a polynomial of which that can be told."""
        polynomial = self.function.polynomial()
        return None if polynomial is None else polynomial_growth(polynomial)

    @cached_property
    def rest(self) -> Array | None:
        """All equilibria of the plane, shape (m, 2); None if that is not proved."""
        if self.growth is None:
            return None
        half = self.growth.box * MARGIN
        window = {n: (-float(h), float(h)) for n, h in zip(self.field.variables, half, strict=True)}
        found = find_equilibria(self.field, window, budget=BUDGET)
        if found.stop is not None:
            raise found.stop
        if found.completeness != "proved" or found.sets or found.singularities:
            return None
        return np.array([item.point for item in found.equilibria]).reshape(-1, 2)

    @cached_property
    def zeros(self) -> list[_Growth | None]:
        """For each factor that was taken out of the field, from where on it is not zero."""
        found = [factor.polynomial() for factor in self.factors]
        return [None if one is None else polynomial_growth(one, slope=False) for one in found]

    def _plane(self, curve: Array) -> bool:
        for growth in self.zeros:
            if growth is None or not growth.measure(curve).min() > MARGIN * growth.level:
                return False
        if self.zeros and not encloses(curve, np.zeros(2)):
            return False
        if self.growth is None or not np.isfinite(self.growth.level):
            return False
        if self.growth.measure(curve).min() > MARGIN * self.growth.level:
            return encloses(curve, np.zeros(2))
        return self.rest is not None and all(encloses(curve, point) for point in self.rest)

    def _round(self, band: Band, axis: int) -> bool:
        """Tell whether no equilibrium lies beyond a band of orbits that wind."""
        assert band.curves is not None
        other = 1 - axis
        level = self._height(axis)
        inner, outer = (curve[:, other] for curve in band.curves)
        heights = outer if outer.mean() > inner.mean() else -outer
        return bool(heights.min() > MARGIN * level)

    def _height(self, axis: int) -> float:
        """Give a height beyond which, up and down, H has no slope zero across a cylinder.

        H must be a polynomial of that variable whose first coefficient is a number. The others are
        enclosed over all values of the periodic variable.
        """
        if self.node is None:
            return np.inf
        graph = Graph()
        symbols = [graph.symbol("variable", name) for name in self.field.variables]
        (node,) = rebuild(graph, [self.node], lambda node: None)
        across = symbols[1 - axis]
        slopes: list[Node] = []
        while node is not graph.zero:
            (node,) = differentiate(graph, [node], across)
            slopes.append(node)
            if len(slopes) > MOST_DEGREE:
                return np.inf
        # slopes[k] is the derivative of order k + 1; the last is 0, the one before it the leading
        if len(slopes) < 2 or slopes[-2].value is None:
            return np.inf
        degree = len(slopes) - 1
        lead = abs(slopes[-2].value) / factorial(degree - 1)
        rest = []
        for k, slope in enumerate(slopes[:-2]):
            size = self._bound(graph, slope, axis)
            rest.append(size / factorial(k))
        # Cauchy's bound of the zeros of lead y^(n - 1) + ... + rest[1] y + rest[0]
        roots = [
            (len(rest) * size / lead) ** (1.0 / (degree - 1 - k))
            for k, size in enumerate(rest)
            if size > 0
        ]
        return float(max(roots, default=0.0))

    def _bound(self, graph: Graph, slope: Node, axis: int) -> float:
        """Bound a coefficient: a derivative where the variable across the cylinder is 0."""
        factor = Factor(graph, slope, self.field.variables)
        low, high = np.zeros((2, 1)), np.zeros((2, 1))
        low[axis], high[axis] = -FAR, FAR
        bounds = factor.boxes(low, high)
        if not bounds.continuous[0] or not np.isfinite([bounds.lo[0], bounds.hi[0]]).all():
            return np.inf
        return float(max(abs(bounds.lo[0]), abs(bounds.hi[0])))


def polynomial_growth(polynomial: Polynomial, *, slope: bool = True) -> _Growth | None:
    """Tell how a polynomial of two variables grows, as `end_at_infinity` explains.

    Parameters
    ----------
    polynomial : mapping of (int, int) to Fraction
        Exponents and coefficients.
    slope : bool
        Whether its derivative outward is to be positive from the level on; else it itself, or what
        is opposite to it.

    Returns
    -------
    _Growth or None
        None where that is not told.

    Examples
    --------
    >>> one = Fraction(1)
    >>> growth = polynomial_growth({(0, 2): one / 2, (2, 0): -one / 2, (4, 0): one / 4})
    >>> growth.powers, round(growth.level, 6)
    ((4, 2), 1.0)
    >>> polynomial_growth({(3, 0): one, (0, 2): one}) is None
    True
    """
    pure = [
        max((e[axis] for e in polynomial if e[1 - axis] == 0 and e[axis] > 0), default=0)
        for axis in (0, 1)
    ]
    if not pure[0] or not pure[1] or pure[0] % 2 or pure[1] % 2:
        return None
    ends = [polynomial[pure[0], 0], polynomial[0, pure[1]]]
    sign = 1 if ends[0] > 0 else -1
    least = [sign * end for end in ends]
    if min(least) <= 0:
        return None
    lower: list[tuple[float, float]] = []
    for (i, j), value in polynomial.items():
        weight = Fraction(i, pure[0]) + Fraction(j, pure[1])
        if weight > 1:
            return None
        if weight < 1:
            lower.append((float(weight), float((weight if slope else 1) * abs(value))))
        elif i and j and (sign * value < 0 or i % 2 or j % 2):
            least[0] -= abs(value) * Fraction(i, pure[0])
            least[1] -= abs(value) * Fraction(j, pure[1])
    bound = float(min(least))
    if bound <= 0:
        return None
    low, high = 0.0, 1.0
    while _lower(lower, high) >= bound:
        high *= 2.0
        if not np.isfinite(high):
            return None
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _lower(lower, middle) >= bound else (low, middle)
    return _Growth((pure[0], pure[1]), high * (1.0 + 1e-9))


def _lower(terms: Sequence[tuple[float, float]], level: float) -> float:
    """Give how much the lower terms take away, in units of N; it falls as N grows."""
    return float(sum(size * level ** (weight - 1.0) for weight, size in terms))
