"""Invariant algebraic curves with rational coefficients, and integrals made of them.

A curve F = 0 is invariant for a polynomial field X if X(F) = K F with a polynomial K, its
cofactor (F. Dumortier, J. Llibre, J. C. Artes, Qualitative Theory of Planar Differential
Systems, chapter 8).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement

from eqpp_dash.engine.algebra.factoring import rational_factors
from eqpp_dash.engine.algebra.roots import real_roots
from eqpp_dash.engine.algebra.univariate import from_fractions, from_polynomial
from eqpp_dash.engine.exact import differentiate
from eqpp_dash.engine.expression.polynomial import (
    Polynomial,
    TooLargeError,
    Work,
    accumulate,
    divide,
    integral,
    multiply,
)
from eqpp_dash.engine.structure.cascade import complete_curve
from eqpp_dash.engine.structure.lines import invariant_lines

MAX_FIELD_DEGREE = 9
MAX_CUBIC_FIELD = 3
#: A product of fractions in units of products of integers.
FRACTION_COST = 6
CIRCLE: Polynomial = {(2, 0): Fraction(1), (0, 2): Fraction(1)}


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """An invariant curve.

    Attributes
    ----------
    polynomial : Polynomial
        Coprime integer coefficients.
    cofactor : Polynomial
        X(F)/F.
    real : bool
        Whether it has more than finitely many real points.
    """

    polynomial: Polynomial
    cofactor: Polynomial
    real: bool


def flow(
    field: tuple[Polynomial, Polynomial], p: Polynomial, work: Work | None = None
) -> Polynomial:
    """Differentiate a polynomial along a polynomial field."""
    total: Polynomial = {}
    for axis, component in enumerate(field):
        if work is not None:
            work.spend(FRACTION_COST * len(p) * len(component))
        part = multiply(differentiate(p, axis), component)
        if part is None:
            raise TooLargeError
        accumulate(total, part, Fraction(1))
    return total


def cofactor(
    field: tuple[Polynomial, Polynomial], p: Polynomial, work: Work | None = None
) -> Polynomial | None:
    """Give the cofactor of a polynomial; None where its zero set is not invariant.

    Examples
    --------
    >>> one = Fraction(1)
    >>> field = ({(1, 0): one}, {(0, 1): -one})  # x' = x, y' = -y
    >>> cofactor(field, {(1, 0): one}), cofactor(field, {(1, 0): one, (0, 0): one})
    ({(0, 0): Fraction(1, 1)}, None)
    """
    image = flow(field, p, work)
    if work is not None:
        work.spend(FRACTION_COST * len(p) * len(image))
    return divide(image, p)


def invariant_curves(field: tuple[Polynomial, Polynomial], work: Work) -> list[Curve]:
    """Find invariant lines, conics and (of quadratic and cubic fields) cubics.

    Lines with rational coefficients are all found, unless a whole family is invariant; conics
    and cubics where their highest terms are products of the factors over the rationals of
    x Q_d - y P_d, or of such forms of lower degree where that one vanishes.

    Parameters
    ----------
    field : (Polynomial, Polynomial)
        Coprime components.
    work : Work
        Budget.

    Returns
    -------
    list of Curve
        Irreducible over the rationals as far as the lines and curves found tell; lines first.
        Each was checked by dividing.
    """
    found: list[Curve] = []
    degree = max(sum(key) for p in field for key in p)
    if degree > MAX_FIELD_DEGREE:
        raise TooLargeError

    def note(p: Polynomial) -> None:
        p = integral(p)
        if any(divide(p, curve.polynomial) is not None for curve in found):
            return
        quotient = cofactor(field, p, work)
        if quotient is not None:
            found.append(Curve(p, quotient, has_real_points(p)))

    for line in invariant_lines(field, work):
        note(line)
    most = 3 if degree <= MAX_CUBIC_FIELD else 2
    for size in range(2, most + 1):
        for top in _highest_terms(field, degree, size, work):
            for p in complete_curve(field, top, work):
                if not _repeats_line(p, found):
                    note(p)
    return found


def _repeats_line(p: Polynomial, found: list[Curve]) -> bool:
    """Tell whether a conic is the square of a line, which need not be invariant by itself."""
    return max(map(sum, p)) == 2 and _rank(conic_matrix(p)) < 2


def _highest_terms(
    field: tuple[Polynomial, Polynomial], degree: int, size: int, work: Work
) -> Iterator[Polynomial]:
    """List the forms of one degree that the highest terms of a curve may be."""
    top = _tangent_form(field, degree)
    forms = [top] if top else [f for k in range(degree) if (f := _tangent_form(field, k))]
    factors: list[Polynomial] = []
    for form in forms:
        for factor in form_factors(form, work):
            if factor not in factors:
                factors.append(factor)
    if not top and CIRCLE not in factors:
        factors.append(CIRCLE)
    by_degree = {k: [f for f in factors if sum(next(iter(f))) == k] for k in (1, 2, 3)}
    yield from by_degree[size]
    if size == 3:
        for line in by_degree[1]:
            for conic in by_degree[2]:
                yield _times(line, conic)
    for lines in combinations_with_replacement(by_degree[1], size):
        whole = lines[0]
        for line in lines[1:]:
            whole = _times(whole, line)
        yield whole


def _times(a: Polynomial, b: Polynomial) -> Polynomial:
    result = multiply(a, b)
    if result is None:
        raise TooLargeError
    return result


def part_of_degree(p: Polynomial, degree: int) -> Polynomial:
    """Give the terms of one degree."""
    return {key: c for key, c in p.items() if sum(key) == degree}


def _tangent_form(field: tuple[Polynomial, Polynomial], degree: int) -> Polynomial:
    """Give x Q_k - y P_k."""
    total: Polynomial = {(i + 1, j): c for (i, j), c in part_of_degree(field[1], degree).items()}
    accumulate(
        total,
        {(i, j + 1): c for (i, j), c in part_of_degree(field[0], degree).items()},
        Fraction(-1),
    )
    return total


def form_factors(form: Polynomial, work: Work) -> list[Polynomial]:
    """Split a form in two variables: linear factors and what is left, repetitions dropped.

    Examples
    --------
    >>> one = Fraction(1)
    >>> len(form_factors({(3, 0): one, (1, 2): one}, Work()))  # x*(x^2 + y^2)
    2
    """
    degree = sum(next(iter(form)))
    values = [form.get((degree - k, k), Fraction(0)) for k in range(degree + 1)]  # in y/x
    found: list[Polynomial] = []
    if not values[-1]:  # x divides
        found.append({(1, 0): Fraction(1)})
    dense, _ = from_fractions(values)
    for factor, _ in rational_factors(dense, work):
        n = len(factor) - 1
        found.append({(n - k, k): Fraction(c) for k, c in enumerate(factor) if c})
    return found


Matrix = list[list[Fraction]]


def conic_matrix(p: Polynomial) -> Matrix:
    """Give the symmetric matrix of a conic in (x, y, 1)."""
    a, b, c = (p.get(key, Fraction(0)) for key in ((2, 0), (1, 1), (0, 2)))
    d, e, f = (p.get(key, Fraction(0)) for key in ((1, 0), (0, 1), (0, 0)))
    return [[a, b / 2, d / 2], [b / 2, c, e / 2], [d / 2, e / 2, f]]


def _minor(m: Matrix, i: int, j: int) -> Fraction:
    return m[i][i] * m[j][j] - m[i][j] * m[j][i]


def _determinant(m: Matrix) -> Fraction:
    return (
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
        - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
        + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    )


def _rank(m: Matrix) -> int:
    if _determinant(m):
        return 3
    rows = range(3)
    for i in rows:
        for j in rows:
            for k in rows:
                for n in rows:
                    if m[i][j] * m[k][n] != m[i][n] * m[k][j]:
                        return 2
    return 1


def has_real_points(p: Polynomial) -> bool:
    """Tell whether a line, conic or cubic has infinitely many real points.

    A polynomial in one variable counts if it has a real root.
    """
    degree = max(map(sum, p))
    if degree % 2:
        return True
    for place in (0, 1):
        if all(key[1 - place] == 0 for key in p):
            return bool(real_roots(from_polynomial(p, place), Work()))
    if degree > 2:
        return True
    m = conic_matrix(p)
    block, whole = _minor(m, 0, 1), _determinant(m)
    if whole:
        return not (block > 0 and (m[0][0] + m[1][1]) * whole > 0)
    if block:
        return block < 0
    return _minor(m, 0, 2) + _minor(m, 1, 2) < 0
