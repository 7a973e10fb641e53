"""Rational values of parameters that meet polynomial conditions."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

from eqpp_dash.engine.algebra.roots import rational_roots
from eqpp_dash.engine.algebra.solve import rational_solutions
from eqpp_dash.engine.algebra.univariate import from_polynomial
from eqpp_dash.engine.expression.polynomial import (
    Polynomial,
    TooLargeError,
    Work,
    accumulate,
    divide,
    greatest_common_divisor,
    multiply,
)

#: A product of fractions in units of products of integers.
COST = 6
#: Parameters that may be free at a time.
PARAMETERS = 6
ONE = (0,) * PARAMETERS
QUOTIENT_WORK = 20_000
"""Budget for eliminating a parameter by a quotient; beyond it other ways are tried."""


def times(a: Polynomial, b: Polynomial, work: Work) -> Polynomial:
    """Multiply polynomials."""
    work.spend(COST * (len(a) * len(b) + 1))
    result = multiply(a, b)
    if result is None:
        raise TooLargeError
    return result


def value_at(p: Polynomial, point: dict[int, Fraction]) -> Fraction:
    """Give the value where parameters have these values, and the others are zero."""
    total = Fraction(0)
    for key, c in p.items():
        for i, k in enumerate(key):
            if k:
                c = c * point.get(i, Fraction(0)) ** k
        total += c
    return total


def solve_parameters(conditions: list[Polynomial], work: Work) -> list[dict[int, Fraction]]:
    """Find rational values of parameters that meet polynomial conditions.

    Linear conditions and such on one parameter are put into the others, then those on two
    parameters, then conditions linear in one of several. What is left is searched for solutions
    in which one parameter at most is not zero, so not all need be found.

    Parameters
    ----------
    conditions : list of Polynomial
        In `PARAMETERS` parameters.
    work : Work
        Budget.

    Returns
    -------
    list of dict of int to Fraction
        Values of some parameters; those left free, zero else.

    Examples
    --------
    >>> t, s = (1, *ONE[1:]), (0, 1, *ONE[2:])
    >>> [solution] = solve_parameters([{t: Fraction(2), s: Fraction(1)}, {s: Fraction(1)}], Work())
    >>> sorted(solution.items())
    [(0, Fraction(0, 1)), (1, Fraction(0, 1))]
    """
    if any(len(c) == 1 and ONE in c for c in conditions):
        return []
    conditions = [c for c in conditions if c]
    linear = next((c for c in conditions if _eliminable(c) is not None), None)
    if linear is not None:
        place = _eliminable(linear)
        assert place is not None
        return _after_substitution(conditions, linear, place, work)
    if not conditions:
        return [{}]
    alone = next((c for c in conditions if len(_used(c)) == 1), None)
    if alone is not None:
        return _by_roots(conditions, alone, work)
    product = next((c for c in conditions if _shared(c) is not None), None)
    if product is not None:
        return _by_factors(conditions, product, work)
    used = sorted(set().union(*map(_used, conditions)))
    found = _by_pair(conditions, used, work)
    if found is None and len(used) > 2:
        own = Work(min(work.left, QUOTIENT_WORK))
        given = own.left
        try:
            found = _by_quotient(conditions, own)
        except TooLargeError:
            found = None
        work.spend(given - max(own.left, 0))
    return _one_at_a_time(conditions, used, work) if found is None else found


def _by_pair(
    conditions: list[Polynomial], used: list[int], work: Work
) -> list[dict[int, Fraction]] | None:
    """Solve the conditions on some two parameters alone, then the rest; None if none decide two."""
    for i, j in combinations(used, 2):
        own = [c for c in conditions if _used(c) <= {i, j}]
        if len(own) < 2:
            continue
        pair: list[Polynomial] = [{(key[i], key[j]): a for key, a in c.items()} for c in own]
        points = rational_solutions(pair, work)
        if points is None:
            continue
        found = []
        for a, b in points:
            rest = [c for c in conditions if not _used(c) <= {i, j}]
            for place, value in ((i, a), (j, b)):
                put: Polynomial = {ONE: value} if value else {}
                rest = [_substitute(c, place, put, work) for c in rest]
            found += [{**point, i: a, j: b} for point in solve_parameters(rest, work)]
        return found
    return None


def _by_quotient(conditions: list[Polynomial], work: Work) -> list[dict[int, Fraction]] | None:
    """Eliminate t by a condition A t + B = 0 on several parameters; None if there is none.

    Either t = -B/A, put into the others times a power of A, or A = B = 0.
    """
    linear = [
        (len(c), k, i)
        for k, c in enumerate(conditions)
        for i in _used(c)
        if max(key[i] for key in c) == 1
    ]
    if not linear:
        return None
    _, k, place = min(linear)
    rest, slope = _in_powers(conditions[k], place)
    others = [c for m, c in enumerate(conditions) if m != k]
    shared = greatest_common_divisor(slope, rest, PARAMETERS, work)
    if rest and shared.keys() - {ONE}:  # a product: let one factor vanish, or the other
        halves = [shared, divide(conditions[k], shared) or {}]
        points = [point for half in halves for point in solve_parameters([half, *others], work)]
        return [point for n, point in enumerate(points) if point not in points[:n]]
    cleared = [_put_quotient(c, place, rest, slope, work) for c in others]
    found = []
    for point in solve_parameters(cleared, work):
        bottom = value_at(slope, point)
        if bottom:
            found.append({**point, place: -value_at(rest, point) / bottom})
    both = solve_parameters([slope, rest, *others], work)
    return found + [point for point in both if point not in found]


def _in_powers(c: Polynomial, place: int) -> list[Polynomial]:
    """Give the coefficients of the powers of one parameter."""
    found: list[Polynomial] = [{} for _ in range(1 + max(key[place] for key in c))]
    for key, a in c.items():
        found[key[place]][(*key[:place], 0, *key[place + 1 :])] = a
    return found


def _put_quotient(
    c: Polynomial, place: int, above: Polynomial, below: Polynomial, work: Work
) -> Polynomial:
    """Put -above/below in the place of a parameter, and multiply out."""
    parts = _in_powers(c, place)
    total: Polynomial = {}
    for k, part in enumerate(parts):
        for _ in range(k):
            part = times(part, above, work)
        for _ in range(len(parts) - 1 - k):
            part = times(part, below, work)
        accumulate(total, part, Fraction((-1) ** k))
    return {key: a for key, a in total.items() if a}


def _used(c: Polynomial) -> set[int]:
    return {i for key in c for i, k in enumerate(key) if k}


def _shared(c: Polynomial) -> int | None:
    """Give a parameter that divides a condition."""
    return next((i for i in range(PARAMETERS) if all(key[i] for key in c)), None)


def _by_roots(
    conditions: list[Polynomial], alone: Polynomial, work: Work
) -> list[dict[int, Fraction]]:
    """Put in the roots of a condition on one parameter."""
    (place,) = _used(alone)
    found: list[dict[int, Fraction]] = []
    for root in rational_roots(from_polynomial(alone, place), work):
        value: Polynomial = {ONE: root} if root else {}
        rest = [_substitute(c, place, value, work) for c in conditions if c is not alone]
        found += [{**point, place: root} for point in solve_parameters(rest, work)]
    return found


def _by_factors(
    conditions: list[Polynomial], product: Polynomial, work: Work
) -> list[dict[int, Fraction]]:
    """Let one factor of a condition vanish, or the other."""
    place = _shared(product)
    assert place is not None
    rest = [_substitute(c, place, {}, work) for c in conditions if c is not product]
    found = [{**point, place: Fraction(0)} for point in solve_parameters(rest, work)]
    other = {(*key[:place], key[place] - 1, *key[place + 1 :]): a for key, a in product.items()}
    rest = [other, *(c for c in conditions if c is not product)]
    return found + [point for point in solve_parameters(rest, work) if point not in found]


def _one_at_a_time(
    conditions: list[Polynomial], used: list[int], work: Work
) -> list[dict[int, Fraction]]:
    """Look for solutions in which one parameter at most is not zero."""
    found: list[dict[int, Fraction]] = []
    for i in used:
        rest = [
            {key: a for key, a in c.items() if all(not k or j == i for j, k in enumerate(key))}
            for c in conditions
        ]
        found += [point for point in solve_parameters(rest, work) if point not in found]
    return found


def _eliminable(c: Polynomial) -> int | None:
    """Give a parameter that occurs once, to the first power, with a constant coefficient."""
    for i in range(PARAMETERS):
        keys = [key for key in c if key[i]]
        if len(keys) == 1 and sum(keys[0]) == 1:
            return i
    return None


def _after_substitution(
    conditions: list[Polynomial], linear: Polynomial, place: int, work: Work
) -> list[dict[int, Fraction]]:
    unit = tuple(int(i == place) for i in range(PARAMETERS))
    scale = -1 / linear[unit]
    value = {key: a * scale for key, a in linear.items() if key != unit}
    rest = []
    for c in conditions:
        if c is not linear:
            rest.append(_substitute(c, place, value, work))
    found = []
    for point in solve_parameters(rest, work):
        found.append({**point, place: value_at(value, point)})
    return found


def _substitute(c: Polynomial, place: int, value: Polynomial, work: Work) -> Polynomial:
    total: Polynomial = {}
    for key, a in c.items():
        part: Polynomial = {(*key[:place], 0, *key[place + 1 :]): a}
        for _ in range(key[place]):
            part = times(part, value, work)
        accumulate(total, part, Fraction(1))
    return total
