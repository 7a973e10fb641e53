"""All real solutions of two polynomial equations in two unknowns, with multiplicities."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import comb

from eqpp_dash.engine.algebra.roots import RealRoot, rational_roots, real_roots
from eqpp_dash.engine.algebra.subresultants import Nested, nested, subresultants
from eqpp_dash.engine.algebra.univariate import (
    Dense,
    add,
    divide_exactly,
    greatest_common_divisor,
    multiply,
    power,
    primitive,
    remainder,
    squarefree,
)
from eqpp_dash.engine.expression.polynomial import (
    Polynomial,
    TooLargeError,
    Work,
    accumulate,
)
from eqpp_dash.engine.expression.polynomial import multiply as multiply_polynomials

SHEARS = (0, 1, -1, 2, -2, 3, -3, 5, -5, 7, -7, 11)
PRECISION = Fraction(1, 2**60)


class CommonFactorError(ValueError):
    """Two polynomials share a factor: they vanish together on a curve."""


class Solution:
    """A real point at which two polynomials vanish.

    The point is x = u - shear*y, y = above(u)/below(u), u the root.

    Attributes
    ----------
    root : RealRoot
        A root of the resultant in the sheared coordinate.
    multiplicity : int
        Intersection multiplicity of the two curves at the point.
    """

    __slots__ = ("_above", "_below", "_shear", "multiplicity", "root")

    def __init__(self, root: RealRoot, above: Dense, below: Dense, shear: int, count: int) -> None:
        self.root = root
        self._above, self._below, self._shear = above, below, shear
        self.multiplicity = count

    def __repr__(self) -> str:
        x, y = self.point
        return f"Solution(({x!r}, {y!r}), x{self.multiplicity})"

    @property
    def rational(self) -> tuple[Fraction, Fraction] | None:
        """The exact point where the root of the resultant is rational."""
        u = self.root.rational
        if u is None:
            return None
        box = self.box(Fraction(1))
        return box[0][0], box[1][0]

    @property
    def parametrization(self) -> tuple[int, Dense, Dense]:
        """The shear s and polynomials a, b in the root u: y = a(u)/b(u), x = u - s y."""
        return self._shear, self._above, self._below

    @property
    def point(self) -> tuple[float, float]:
        """The nearest doubles, to some units in the last place of the larger coordinate."""
        (a, b), (c, d) = self.box(PRECISION)
        return float((a + b) / 2), float((c + d) / 2)

    def box(self, width: Fraction) -> tuple[tuple[Fraction, Fraction], tuple[Fraction, Fraction]]:
        """Enclose the point.

        Parameters
        ----------
        width : Fraction
            Largest width of the box, relative to max(1, size of the coordinates).

        Returns
        -------
        (lo, hi), (lo, hi)
            Exact bounds of x and of y.
        """
        while True:
            u = (self.root.lo, self.root.hi)
            below = _range(self._below, u)
            if below[0] > 0 or below[1] < 0:
                y = _quotient(_range(self._above, u), below)
                shift = sorted((self._shear * y[0], self._shear * y[1]))
                x = (u[0] - shift[1], u[1] - shift[0])
                size = max(Fraction(1), abs(x[0]), abs(y[0]))
                if max(x[1] - x[0], y[1] - y[0]) <= width * size:
                    return x, y
            self.root.halve()


@dataclass(frozen=True, slots=True)
class Solutions:
    """What `solve_pair` found.

    Attributes
    ----------
    points : tuple of Solution
        All real solutions.
    total : int
        Number of complex solutions with multiplicities, none at infinity counted.
    """

    points: tuple[Solution, ...]
    total: int


def solve_pair(f: Polynomial, g: Polynomial, work: Work, rational: bool = False) -> Solutions:
    """Find all real solutions of f = g = 0 in the plane.

    The resultant in a sheared coordinate u = x + s*y that separates the solutions, with the
    first subresultant that does not vanish giving y as a rational function of u: L.
    Gonzalez-Vega, I. Necula, Efficient topology determination of implicitly defined algebraic
    plane curves, Computer Aided Geometric Design 19 (2002). That the shear separates is
    checked exactly, and another is taken where it does not.

    Parameters
    ----------
    f, g : Polynomial
        In two variables.
    work : Work
        Budget; `TooLargeError` when it is spent.
    rational : bool
        Whether only the rational solutions are wanted, which takes less.

    Returns
    -------
    Solutions
        All of them, each with the intersection multiplicity of the curves.

    Raises
    ------
    CommonFactorError
        If f and g share a factor, or one of them is zero.
    TooLargeError
        If the budget is spent.

    Examples
    --------
    >>> one = Fraction(1)
    >>> found = solve_pair({(2, 0): one, (0, 1): -one}, {(0, 1): one}, Work())
    >>> found.points[0].rational, found.points[0].multiplicity
    ((Fraction(0, 1), Fraction(0, 1)), 2)
    """
    if not f or not g:
        raise CommonFactorError("one of the polynomials is zero")
    if _is_constant(f) or _is_constant(g):
        return Solutions((), 0)
    for shear in SHEARS:
        found = _sheared(f, g, shear, work, rational)
        if found is not None:
            return found
    raise TooLargeError


def _is_constant(p: Polynomial) -> bool:
    return all(sum(key) == 0 for key in p)


def _sheared(
    f: Polynomial, g: Polynomial, shear: int, work: Work, rational: bool
) -> Solutions | None:
    a, b = nested(sheared(f, shear)), nested(sheared(g, shear))
    if len(a) < len(b) or (len(a) == len(b) and len(a[-1]) > 1):
        a, b = b, a
    if len(a[-1]) > 1 or len(a) == 1:
        return None
    if len(a) == len(b):
        lead, other = a[-1][0], b[-1]
        b = [
            add([lead * c for c in y], multiply(other, x, work), -1)
            for x, y in zip(a, b, strict=True)
        ]
        while b and not b[-1]:
            b.pop()
    if not b:
        raise CommonFactorError("the polynomials share a factor")
    if len(b) == 1:
        chain: dict[int, Nested] = {0: [power(b[0], len(a) - 1, work)]}
        chain[len(a) - 1] = a
    else:
        chain = subresultants(a, b, work)
        if 0 not in chain:
            raise CommonFactorError("the polynomials share a factor")
        chain[len(b) - 1] = b
        chain[len(a) - 1] = a
    result = chain[0][0]
    points: list[Solution] = []
    for factor, multiplicity in squarefree(result, work):
        pieces = _fibres(factor, chain, work)
        if pieces is None:
            return None
        for part, above, below in pieces:
            for root in _rational_only(part, work) if rational else real_roots(part, work):
                points.append(Solution(root, above, below, shear, multiplicity))
    points.sort(key=lambda s: (s.root.lo, s.root.hi))
    return Solutions(tuple(points), len(result) - 1)


def _rational_only(p: Dense, work: Work) -> list[RealRoot]:
    return [
        RealRoot([-value.numerator, value.denominator], value, value)
        for value in rational_roots(p, work)
    ]


def sheared(p: Polynomial, shear: int) -> Polynomial:
    """Give p(u - shear*y, y) as a polynomial in (u, y)."""
    if not shear:
        return p
    total: Polynomial = {}
    for (i, j), c in p.items():
        for k in range(i + 1):
            key = (i - k, j + k)
            value = total.get(key, Fraction(0)) + c * comb(i, k) * (-shear) ** k
            if value:
                total[key] = value
            else:
                total.pop(key, None)
    return total


def _fibres(
    factor: Dense, chain: dict[int, Nested], work: Work
) -> list[tuple[Dense, Dense, Dense]] | None:
    """Split the roots of a factor by the degree of the common divisor above them.

    Returns
    -------
    list of (part, above, below) or None
        y = above(u)/below(u) over the roots of each part; None if several solutions share u.
    """
    pieces = []
    rest = factor
    for k in sorted(chain):
        if k == 0:
            continue
        if len(rest) < 2:
            break
        rows = chain[k]
        lead = _reduced(rows[k], rest, work)
        shared = greatest_common_divisor(rest, lead, work) if lead else rest
        part = primitive(divide_exactly(rest, shared, work))
        rest = shared
        if len(part) < 2:
            continue
        if not _one_root(rows, k, part, work):
            return None
        above = [-c for c in rows[k - 1]]
        pieces.append((part, above, [k * c for c in rows[k]]))
    return pieces if len(rest) < 2 else None


def _reduced(p: Dense, modulus: Dense, work: Work) -> Dense:
    return primitive(remainder(p, modulus, work)) if len(p) >= len(modulus) else primitive(p)


def _one_root(rows: Nested, k: int, part: Dense, work: Work) -> bool:
    """Tell whether the polynomial of degree k in y has one root only, over all roots of part."""
    if k == 1:
        return True
    lead, next_ = rows[k], rows[k - 1]
    for j in range(k - 1):
        left = multiply(power(lead, k - j - 1, work), rows[j], work)
        left = [c * k ** (k - j) for c in left]
        right = [c * comb(k, j) for c in power(next_, k - j, work)]
        difference = add(left, right, -1)
        if difference and remainder(difference, part, work):
            return False
    return True


def _range(p: Dense, u: tuple[Fraction, Fraction]) -> tuple[Fraction, Fraction]:
    """Bound a polynomial on an interval by Horner's rule."""
    lo = hi = Fraction(0)
    for c in reversed(p):
        ends = (lo * u[0], lo * u[1], hi * u[0], hi * u[1])
        lo, hi = min(ends) + c, max(ends) + c
    return lo, hi


def _quotient(
    a: tuple[Fraction, Fraction], b: tuple[Fraction, Fraction]
) -> tuple[Fraction, Fraction]:
    ends = (a[0] / b[0], a[0] / b[1], a[1] / b[0], a[1] / b[1])
    return min(ends), max(ends)


def rational_solutions(
    equations: list[Polynomial], work: Work
) -> list[tuple[Fraction, Fraction]] | None:
    """Find all rational common zeros of any number of polynomials in two variables.

    Returns
    -------
    list of (Fraction, Fraction) or None
        None if they vanish together on a curve, or everywhere.
    """
    alive = sorted((p for p in equations if p), key=lambda p: (max(map(sum, p)), len(p)))
    for i, first in enumerate(alive):
        if _is_constant(first):
            return []
        for second in alive[i + 1 :]:
            try:
                found = solve_pair(first, second, work, rational=True)
            except CommonFactorError:
                continue
            points = [s.rational for s in found.points]
            return [p for p in points if p is not None and not any(_value(e, p) for e in alive)]
    return _combined(alive, work) if len(alive) > 2 else None


def _combined(alive: list[Polynomial], work: Work) -> list[tuple[Fraction, Fraction]] | None:
    """Try the first against a combination of the rest, where each pair shares a factor."""
    mixed: Polynomial = {}
    for k, p in enumerate(alive[1:], start=1):
        accumulate(mixed, p, Fraction(k * k + 1))
    try:
        found = solve_pair(alive[0], mixed, work, rational=True) if mixed else None
    except CommonFactorError:
        return None
    if found is None:
        return None
    points = [s.rational for s in found.points]
    return [p for p in points if p is not None and not any(_value(e, p) for e in alive)]


def _value(p: Polynomial, point: tuple[Fraction, Fraction]) -> Fraction:
    total = Fraction(0)
    for (i, j), c in p.items():
        total += c * point[0] ** i * point[1] ** j
    return total


def product(a: Polynomial, b: Polynomial, work: Work) -> Polynomial:
    """Multiply within the budget."""
    work.spend(len(a) * len(b))
    result = multiply_polynomials(a, b)
    if result is None:
        raise TooLargeError
    return result
