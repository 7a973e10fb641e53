"""Splitting polynomials into factors where that is cheap, so that their zero sets cross cleanly.

This is no complete factorisation: contents, repeated factors, rational roots of polynomials in
one variable, and quadratics whose discriminant is a square.
"""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

from eqpp_dash.engine.expression.polynomial import (
    Polynomial,
    TooLargeError,
    Work,
    accumulate,
    coefficients,
    content,
    degree,
    divide,
    greatest_common_divisor,
    integral,
    multiply,
)

MAX_ROOT_CANDIDATE = 10_000


def split(polynomial: Polynomial) -> list[Polynomial]:
    """Split a polynomial into polynomials whose zero sets together are its own.

    Parameters
    ----------
    polynomial : Polynomial
        Not zero.

    Returns
    -------
    list of Polynomial
        Factors, each once, with coprime integer coefficients; the polynomial alone where none
        was found within the budget.

    Examples
    --------
    >>> one = Fraction(1)
    >>> len(split({(2, 0): one, (0, 2): -one}))  # x^2 - y^2
    2
    """
    count = len(next(iter(polynomial)))
    work = Work()
    done: list[Polynomial] = []
    stack = [integral(polynomial)]
    while stack:
        item = stack.pop()
        if sum(map(sum, item)) == 0:
            continue
        try:
            parts = _split_once(item, count, work)
        except TooLargeError:
            parts = None
        if parts is None:
            if item not in done:
                done.append(item)
        else:
            stack.extend(reversed(parts))
    return done


def _split_once(p: Polynomial, count: int, work: Work) -> list[Polynomial] | None:
    used = [place for place in range(count) if degree(p, place) > 0]
    for place in used:
        for factor in (content(p, place, work), _repeated(p, place, count, work)):
            if _proper(factor, p):
                return _pair(p, factor)
    for place in used:
        if degree(p, place) == 2:
            found = _quadratic(p, place, count, work)
            if found is not None and _proper(found, p):
                return _pair(p, found)
    if len(used) == 1 and degree(p, used[0]) > 2:
        found = _rational_root(p, used[0])
        if found is not None:
            return _pair(p, found)
    return None


def _proper(factor: Polynomial, p: Polynomial) -> bool:
    size = max(map(sum, factor))
    return 0 < size < max(map(sum, p))


def _pair(p: Polynomial, factor: Polynomial) -> list[Polynomial] | None:
    rest = divide(p, factor)
    return None if rest is None else [integral(factor), integral(rest)]


def _repeated(p: Polynomial, place: int, count: int, work: Work) -> Polynomial:
    """Give the common divisor with the derivative: what is repeated."""
    slope: Polynomial = {}
    for key, c in p.items():
        if key[place]:
            slope[(*key[:place], key[place] - 1, *key[place + 1 :])] = c * key[place]
    return greatest_common_divisor(p, slope, count, work)


def _quadratic(p: Polynomial, place: int, count: int, work: Work) -> Polynomial | None:
    parts = coefficients(p, place)
    a, b, c = (parts.get(k, {}) for k in (2, 1, 0))
    square, product = multiply(b, b), multiply(a, c)
    if square is None or product is None:
        return None
    discriminant = dict(square)
    accumulate(discriminant, product, Fraction(-4))
    root = _square_root(discriminant)
    if root is None:
        return None
    unit = tuple(int(i == place) for i in range(count))
    factor = dict(b)
    accumulate(factor, root, Fraction(1))
    twice = multiply(a, {unit: Fraction(2)})
    if twice is None:
        return None
    accumulate(factor, twice, Fraction(1))
    return greatest_common_divisor(p, factor, count, work)


def _square_root(p: Polynomial) -> Polynomial | None:
    if not p:
        return {}
    lead = max(p)
    size = _fraction_root(p[lead])
    if size is None or any(k % 2 for k in lead):
        return None
    top = tuple(k // 2 for k in lead)
    root: Polynomial = {top: size}
    for _ in range(30):
        square = multiply(root, root)
        if square is None:
            return None
        rest = dict(p)
        accumulate(rest, square, Fraction(-1))
        if not rest:
            return root
        key = max(rest)
        shift = tuple(i - j for i, j in zip(key, top, strict=True))
        if any(k < 0 for k in shift) or shift in root:
            return None
        root[shift] = rest[key] / (2 * size)
    return None


def _fraction_root(value: Fraction) -> Fraction | None:
    if value <= 0:
        return None
    top, bottom = isqrt(value.numerator), isqrt(value.denominator)
    return Fraction(top, bottom) if Fraction(top, bottom) ** 2 == value else None


def _rational_root(p: Polynomial, place: int) -> Polynomial | None:
    """Find a linear factor of a polynomial in one variable with integer coefficients."""
    values = {key[place]: c for key, c in p.items()}
    last, first = abs(values.get(0, Fraction(0))), abs(values[max(values)])
    if not 0 < last <= MAX_ROOT_CANDIDATE or first > MAX_ROOT_CANDIDATE:
        return None
    zero = (0,) * len(next(iter(p)))
    unit = tuple(int(i == place) for i in range(len(zero)))
    for top in _divisors(int(last)):
        for bottom in _divisors(int(first)):
            for root in (Fraction(top, bottom), Fraction(-top, bottom)):
                if sum(c * root**k for k, c in values.items()) == 0:
                    return {unit: Fraction(root.denominator), zero: Fraction(-root.numerator)}
    return None


def _divisors(n: int) -> list[int]:
    return [k for k in range(1, n + 1) if n % k == 0]
