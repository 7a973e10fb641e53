"""Invariant lines of polynomial fields."""

from __future__ import annotations

from fractions import Fraction
from math import comb

from eqpp_dash.engine.algebra.roots import rational_roots
from eqpp_dash.engine.algebra.solve import rational_solutions
from eqpp_dash.engine.algebra.univariate import (
    Dense,
    divide_exactly,
    from_polynomial,
    greatest_common_divisor,
    primitive,
)
from eqpp_dash.engine.expression.polynomial import (
    Polynomial,
    TooLargeError,
    Work,
    coefficients,
)

#: Members that are looked for where a whole family of lines is invariant: slope, height.
MEMBERS = [(Fraction(p), Fraction(0)) for p in (0, 1, -1)]
#: Polynomials in slope and height of a line, with at most so many terms.
MAX_CONDITION = 300


def invariant_lines(field: tuple[Polynomial, Polynomial], work: Work) -> list[Polynomial]:
    """Find the invariant lines with rational coefficients.

    Parameters
    ----------
    field : (Polynomial, Polynomial)
        Coprime components.
    work : Work
        Budget.

    Returns
    -------
    list of Polynomial
        The lines, and the polynomials in one variable whose irrational roots are invariant
        lines parallel to an axis. Of a family of lines, some simple members.

    Examples
    --------
    >>> one = Fraction(1)
    >>> field = {(1, 0): one}, {(0, 1): -one}  # x' = x, y' = -y
    >>> [sorted(line) for line in invariant_lines(field, Work())]
    [[(1, 0)], [(0, 1)]]
    """
    found = _parallel(field[0], 0, work)
    found += _parallel(field[1], 1, work)
    for slope, height in _slanted(field, work):
        if slope:
            line = {(0, 1): Fraction(1), (1, 0): -slope, (0, 0): -height}
            found.append({key: c for key, c in line.items() if c})
    return found


def _parallel(component: Polynomial, place: int, work: Work) -> list[Polynomial]:
    """Find the factors of a component that depend on its own variable alone."""
    if not component:
        return []  # the field is constant in the other variable: coprime, so no line stands out
    shared: Dense = []
    for part in coefficients(component, 1 - place).values():
        shared = greatest_common_divisor(shared, from_polynomial(part, place), work)
    found: list[Dense] = []
    if len(shared) > 1:
        repeated = greatest_common_divisor(shared, [i * c for i, c in enumerate(shared)][1:], work)
        rest = divide_exactly(shared, repeated, work)
        for root in rational_roots(rest, work):
            linear = [-root.numerator, root.denominator]
            found.append(linear)
            rest = divide_exactly(rest, linear, work)
        if len(rest) > 1:
            found.append(primitive(rest))
    return [_along(p, place) for p in found]


def _along(p: Dense, place: int) -> Polynomial:
    return {(i, 0) if place == 0 else (0, i): Fraction(c) for i, c in enumerate(p) if c}


def _slanted(field: tuple[Polynomial, Polynomial], work: Work) -> list[tuple[Fraction, Fraction]]:
    """Find slope and height of the invariant lines y = p x + q."""
    conditions = _conditions(field, work)
    if not conditions:
        return MEMBERS
    top = conditions[max(conditions)]
    rest = [c for k, c in conditions.items() if k != max(conditions)]
    if all(key[1] == 0 for key in top):
        return _by_slope(top, rest, work)
    found = rational_solutions([top, *rest], work)
    if found is not None:
        return found
    return [member for member in MEMBERS if all(not _value(c, member) for c in conditions.values())]


def _conditions(field: tuple[Polynomial, Polynomial], work: Work) -> dict[int, Polynomial]:
    """Give Q(x, p x + q) - p P(x, p x + q) by powers of x, each a polynomial in (p, q)."""
    result: dict[int, Polynomial] = {}
    for component, extra, sign in ((field[1], 0, 1), (field[0], 1, -1)):
        for (i, j), c in component.items():
            work.spend(j + 1)
            for k in range(j + 1):  # y^j = sum of comb(j, k) (p x)^k q^(j - k)
                part = result.setdefault(i + k, {})
                key = (k + extra, j - k)
                value = part.get(key, Fraction(0)) + sign * c * comb(j, k)
                if value:
                    part[key] = value
                else:
                    part.pop(key, None)
                if len(part) > MAX_CONDITION:
                    raise TooLargeError
    return {k: part for k, part in result.items() if part}


def _by_slope(
    top: Polynomial, rest: list[Polynomial], work: Work
) -> list[tuple[Fraction, Fraction]]:
    found = []
    for slope in rational_roots(from_polynomial(top, 0), work):
        shared: Dense = []
        for condition in rest:
            values: Polynomial = {}
            for (i, j), c in condition.items():
                values[0, j] = values.get((0, j), Fraction(0)) + c * slope**i
            values = {key: c for key, c in values.items() if c}
            if values:
                shared = greatest_common_divisor(shared, from_polynomial(values, 1), work)
        if not shared:  # every height will do
            found.append((slope, Fraction(0)))
        elif len(shared) > 1:
            found += [(slope, height) for height in rational_roots(shared, work)]
    return found


def _value(p: Polynomial, point: tuple[Fraction, Fraction]) -> Fraction:
    return sum((c * point[0] ** i * point[1] ** j for (i, j), c in p.items()), Fraction(0))
