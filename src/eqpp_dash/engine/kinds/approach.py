"""Orbits that tend to an equilibrium in one direction, expanded where the field is blown up.

There such an orbit is the invariant manifold, across the blown-up circle, of a point at which the
field is elementary: a graph v = h(x), x >= 0, with B(x, h) = h' A(x, h) for x' = A, v' = B. With
the eigenvalues a across and b along the circle (k a - b) h_k is known from lower terms, and none
of these factors is zero where the orbit is the only one (Dumortier, Llibre, Artés, *Qualitative
Theory of Planar Differential Systems*, chapters 2 and 3). Where orbits cross the circle, one that
touches it from outside is a graph x = g(v).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from eqpp_dash.engine.algebra.roots import RealRoot
from eqpp_dash.engine.kinds.germ import Germ, Terms, combine, shifted
from eqpp_dash.model.portrait import Array

ORDER = 14


@dataclass(frozen=True, slots=True, eq=False)
class Down:
    """One blow-up undone: (x, v) becomes (x, x (u + v)), in axes turned by quarters.

    Attributes
    ----------
    quarters : int
        Quarters of a turn, counterclockwise, of the axes (1, u) belongs to.
    root : RealRoot
        The direction u.
    """

    quarters: int
    root: RealRoot

    def apply(self, point: Array, slope: Array) -> tuple[Array, Array]:
        """Carry points and tangent vectors, shape (2, m)."""
        lift = float(self.root) + point[1]
        point = np.stack([point[0], point[0] * lift])
        slope = np.stack([slope[0], slope[0] * lift + point[0] * slope[1]])
        return self._turned(point), self._turned(slope)

    @property
    def direction(self) -> Array:
        """The direction in the lower axes, shape (2,)."""
        return self._turned(np.array([1.0, float(self.root)]))

    def _turned(self, vector: Array) -> Array:
        for _ in range(self.quarters):
            vector = np.stack([-vector[1], vector[0]])
        return vector


@dataclass(frozen=True, slots=True, eq=False)
class Approach:
    """An orbit that alone tends to an equilibrium in a direction of some blow-up.

    Attributes
    ----------
    away : int
        1 if it leaves the equilibrium, -1 if it tends to it.
    germ : Germ
        The field before the last blow-up, in axes whose first one is near the direction.
    order : int
        One more than the power of x by which time is divided in the last blow-up.
    way : tuple of Down
        From the last chart down to the plane, the last blow-up first.
    side : int
        For an orbit that touches the blown-up circle: along which side of v it goes; else 0.
    """

    away: int
    germ: Germ
    order: int
    way: tuple[Down, ...]
    side: int = 0

    def expanded(self, matrix: Array) -> Expansion:
        """Expand the orbit.

        Parameters
        ----------
        matrix : ndarray, shape (2, 2)
            From the germ's coordinates to those of the result.
        """
        root = self.way[0].root
        chart = chart_at(self.germ, self.order, float(root) if root.rational is None else root.lo)
        if self.side:
            across, outward = _transposed(chart.second), _transposed(chart.first)
            series = touching_graph(across, outward, chart)
            return Expansion(series, float(self.side), matrix, self.way, crosswise=True)
        return Expansion(invariant_graph(chart.first, chart.second, chart), 1.0, matrix, self.way)


@dataclass(frozen=True, slots=True, eq=False)
class Expansion:
    """A curve out of the origin, as the image of a graph.

    Attributes
    ----------
    coefficients : ndarray, shape (order + 1,)
        Of the graph, from the constant term up.
    side : float
        Sign of its variable on the curve.
    matrix : ndarray, shape (2, 2)
        From the lowest chart's coordinates to the plane.
    way : tuple of Down
        From the graph's chart down.
    crosswise : bool
        Whether the variable of the graph is the second coordinate.
    bend : ndarray, shape (k,)
        Coefficients of a function f of the lowest chart's first coordinate, from the constant one
        up, that is added to the second one; of second order.
    """

    coefficients: Array
    side: float
    matrix: Array
    way: tuple[Down, ...] = ()
    crosswise: bool = False
    bend: Array = field(default_factory=lambda: np.zeros(0))

    @property
    def order(self) -> int:
        """Order of the polynomial."""
        return self.coefficients.size - 1

    def at(self, sizes: Array) -> tuple[Array, Array]:
        """Give points and tangent vectors, shape (2, m), at positive parameters.

        Examples
        --------
        The semicubical parabola y^2 = x^3 in the blow-ups that make it a straight line.

        >>> zero = RealRoot([0, 1], Fraction(0), Fraction(0))
        >>> cusp = Expansion(np.zeros(2), 1.0, np.eye(2), (Down(0, zero),))
        >>> cusp.at(np.array([0.5]))[0].T
        array([[0.5, 0. ]])
        """
        variable = self.side * np.asarray(sizes, dtype=float)
        value, slope = _polynomial(self.coefficients, variable)
        point, along = np.stack([variable, value]), np.stack([np.ones_like(value), slope])
        if self.crosswise:
            point, along = point[::-1], along[::-1]
        along = self.side * along
        for step in self.way:
            point, along = step.apply(point, along)
        if self.bend.size:
            value, slope = _polynomial(self.bend, point[0])
            point = np.stack([point[0], point[1] + value])
            along = np.stack([along[0], along[1] + slope * along[0]])
        return self.matrix @ point, self.matrix @ along

    @property
    def direction(self) -> Array:
        """Unit vector in which the curve leaves the origin, shape (2,)."""
        first = self.way[-1].direction if self.way else np.array([self.side, 0.0])
        vector = self.matrix @ first
        return np.asarray(vector / np.linalg.norm(vector))


def _polynomial(coefficients: Array, variable: Array) -> tuple[Array, Array]:
    """Give a polynomial and its slope."""
    value, slope = np.zeros_like(variable), np.zeros_like(variable)
    for term in coefficients[::-1]:
        slope = slope * variable + value
        value = value * variable + term
    return value, slope


def chart_at(germ: Germ, order: int, u: Fraction | float) -> Germ:
    """Blow up in the direction (1, u): y = x (u + v), time divided by x^(order - 1)."""
    first = {(i + j - order + 1, j): c for (i, j), c in germ.first.items()}
    minus = {(i + j - order, j + 1): -c for (i, j), c in germ.first.items()}
    plus = {(i + j - order, j): c for (i, j), c in germ.second.items()}
    second = combine((plus, Fraction(1)), (minus, Fraction(1)))
    chart = Germ(shifted(first, 1, u), shifted(second, 1, u))
    if germ.known is None:
        return chart
    known = germ.known - order
    cut = chart.cut(known)
    return Germ(cut.first, cut.second, known)


def invariant_graph(first: Terms, second: Terms, germ: Germ) -> Array:
    """Solve B(x, h) = h' A(x, h), h(0) = 0, for a graph v = h(x).

    Parameters
    ----------
    first, second : Terms
        A and B; they vanish at the origin, and A_v does.
    germ : Germ
        Tells to what degree they are known.

    Returns
    -------
    ndarray, shape (order + 1,)
        Coefficients of h.

    Examples
    --------
    The center manifold of x' = x^2, v' = -v + x^2: Euler's series.

    >>> one = Fraction(1)
    >>> first, second = {(2, 0): one}, {(0, 1): -one, (2, 0): one}
    >>> invariant_graph(first, second, Germ(first, second))[2:6].tolist()
    [1.0, -2.0, 6.0, -24.0]
    """
    order = _order(germ)
    a, b = _rows(first, order), _rows(second, order)
    a[0, 0] = b[0, 0] = 0.0
    if a.shape[0] > 1:
        a[1, 0] = 0.0
    rate, slope = a[0, 1], b[1, 0] if b.shape[0] > 1 else 0.0
    h = np.zeros(order + 1)
    for k in range(1, order + 1):
        rest = _along(b, h)[k] - _product(_slope(h), _along(a, h))[k]
        h[k] = rest / (k * rate - slope)
    return h


def touching_graph(first: Terms, second: Terms, germ: Germ) -> Array:
    """Solve A(v, g) = g' B(v, g), g(0) = 0, for a graph x = g(v), where B is not zero at 0.

    Parameters
    ----------
    first, second : Terms
        B and A, with the exponents of v first.
    germ : Germ
        Tells to what degree they are known.

    Examples
    --------
    >>> one = Fraction(1)
    >>> first, second = {(0, 0): one}, {(1, 0): one}  # v' = 1, x' = v
    >>> touching_graph(first, second, Germ(first, second))[:4]
    array([0. , 0. , 0.5, 0. ])
    """
    order = _order(germ)
    a, b = _rows(first, order), _rows(second, order)
    speed, a[0, 0] = a[0, 0], 0.0
    g = np.zeros(order + 1)
    for k in range(1, order + 1):
        rest = _along(b, g)[k - 1] - _product(_slope(g), _along(a, g))[k - 1]
        g[k] = rest / (k * speed)
    return g


def _order(germ: Germ) -> int:
    return ORDER if germ.known is None else min(ORDER, germ.known)


def _transposed(p: Terms) -> Terms:
    return {(j, i): c for (i, j), c in p.items()}


def _rows(p: Terms, order: int) -> Array:
    """Give a polynomial as a table: entry (j, i) is the coefficient of x^i v^j."""
    kept = {key: float(c) for key, c in p.items() if sum(key) <= order}
    table = np.zeros((max((j for _, j in kept), default=0) + 1, order + 1))
    for (i, j), c in kept.items():
        table[j, i] = c
    return table


def _along(table: Array, h: Array) -> Array:
    total = np.zeros_like(h)
    for row in table[::-1]:
        total = _product(total, h) + row
    return total


def _product(a: Array, b: Array) -> Array:
    return np.asarray(np.convolve(a, b)[: a.size])


def _slope(h: Array) -> Array:
    return np.append(h[1:] * np.arange(1, h.size), 0.0)
