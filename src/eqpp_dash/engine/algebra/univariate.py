"""Polynomials in one variable with integer coefficients, constant term first."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import gcd, lcm

from eqpp_dash.engine.expression.polynomial import Polynomial, Work

#: Coefficients from the constant term up; the last is not zero; the empty list is zero.
Dense = list[int]


def trim(p: Dense) -> Dense:
    """Drop leading zeros, in place."""
    while p and not p[-1]:
        p.pop()
    return p


def primitive(p: Sequence[int]) -> Dense:
    """Divide by the common divisor of the coefficients; the leading one becomes positive."""
    q = trim(list(p))
    if not q:
        return q
    divisor = gcd(*q)
    if q[-1] < 0:
        divisor = -divisor
    return q if divisor == 1 else [c // divisor for c in q]


def from_fractions(values: Sequence[Fraction]) -> tuple[Dense, int]:
    """Give integer coefficients and the denominator that they share."""
    below = lcm(*(c.denominator for c in values)) if values else 1
    return trim([int(c * below) for c in values]), below


def from_polynomial(p: Polynomial, place: int) -> Dense:
    """Give a polynomial that depends on one variable only, scaled to coprime integers.

    Raises
    ------
    ValueError
        If it depends on another variable.
    """
    values: list[Fraction] = [Fraction(0)] * (1 + max((key[place] for key in p), default=-1))
    for key, c in p.items():
        if sum(key) != key[place]:
            raise ValueError("this polynomial depends on another variable")
        values[key[place]] = c
    return primitive(from_fractions(values)[0])


def add(a: Dense, b: Dense, scale: int = 1) -> Dense:
    """Give a + scale*b."""
    size = max(len(a), len(b))
    result = a + [0] * (size - len(a))
    for i, c in enumerate(b):
        result[i] += scale * c
    return trim(result)


def multiply(a: Dense, b: Dense, work: Work) -> Dense:
    """Give a product."""
    if not a or not b:
        return []
    work.spend(len(a) * len(b))
    result = [0] * (len(a) + len(b) - 1)
    for i, c in enumerate(a):
        if c:
            for j, d in enumerate(b):
                result[i + j] += c * d
    return result


def power(a: Dense, n: int, work: Work) -> Dense:
    """Give a power, n >= 0."""
    result = [1]
    for _ in range(n):
        result = multiply(result, a, work)
    return result


def derivative(p: Dense) -> Dense:
    """Give the derivative."""
    return [i * c for i, c in enumerate(p)][1:]


def evaluate(p: Sequence[int], x: Fraction) -> Fraction:
    """Evaluate exactly.

    Examples
    --------
    >>> evaluate([-1, 0, 4], Fraction(1, 2))
    Fraction(0, 1)
    """
    top, bottom = x.numerator, x.denominator
    total, scale = 0, 1
    for c in reversed(p):
        total = total * top + c * scale
        scale *= bottom
    return Fraction(total * bottom, scale) if p else Fraction(0)


def sign_at(p: Sequence[int], x: Fraction) -> int:
    """Give the sign of the value at a rational point."""
    top, bottom = x.numerator, x.denominator
    total, scale = 0, 1
    for c in reversed(p):
        total = total * top + c * scale
        scale *= bottom
    return (total > 0) - (total < 0)


def remainder(a: Dense, b: Dense, work: Work) -> Dense:
    """Give an integer multiple of the remainder of a by b; zero exactly where b divides a."""
    a = list(a)
    lead = b[-1]
    while len(a) >= len(b):
        work.spend(len(a))
        divisor = gcd(a[-1], lead)
        up, factor = abs(lead // divisor), a[-1] // divisor * (1 if lead > 0 else -1)
        shift = len(a) - len(b)
        if up != 1:
            a = [c * up for c in a]
        for i, c in enumerate(b):
            a[shift + i] -= factor * c
        trim(a)
    return a


def divide_exactly(a: Dense, b: Dense, work: Work) -> Dense:
    """Give the quotient of a by b, known to be one with integer coefficients.

    Raises
    ------
    ArithmeticError
        If it is none.
    """
    if b == [1] or not a:
        return list(a)
    work.spend(max(len(a) - len(b) + 1, 1) * len(b))
    rest = list(a)
    quotient = [0] * max(len(a) - len(b) + 1, 0)
    for i in range(len(quotient) - 1, -1, -1):
        top = rest[i + len(b) - 1]
        if top:
            c, left = divmod(top, b[-1])
            if left:
                raise ArithmeticError("the division leaves a remainder")
            quotient[i] = c
            for j, d in enumerate(b):
                rest[i + j] -= c * d
    if any(rest):
        raise ArithmeticError("the division leaves a remainder")
    return trim(quotient)


def greatest_common_divisor(a: Dense, b: Dense, work: Work) -> Dense:
    """Give the primitive greatest common divisor."""
    a, b = primitive(a), primitive(b)
    while b:
        a, b = b, primitive(remainder(a, b, work)) if len(b) > 1 else []
    return a if len(a) != 1 else [1]


def squarefree(p: Dense, work: Work) -> list[tuple[Dense, int]]:
    """Split into coprime factors without repeated roots, with their multiplicities.

    Yun's algorithm (J. von zur Gathen, J. Gerhard, Modern Computer Algebra, 14.6).

    Examples
    --------
    >>> squarefree([0, 0, 1, 1], Work())  # x^2*(x + 1)
    [([1, 1], 1), ([0, 1], 2)]
    """
    p = primitive(p)
    if len(p) < 2:
        return []
    slope = derivative(p)
    shared = greatest_common_divisor(p, slope, work)
    # primitive divisors of integer polynomials divide them with integer quotients
    b, c = divide_exactly(p, shared, work), divide_exactly(slope, shared, work)
    found: list[tuple[Dense, int]] = []
    multiplicity = 1
    while len(b) > 1:
        d = add(c, derivative(b), -1)
        factor = greatest_common_divisor(b, d, work) if d else b
        if len(factor) > 1:
            found.append((primitive(factor), multiplicity))
        b = divide_exactly(b, factor, work)
        c = divide_exactly(d, factor, work) if d else []
        multiplicity += 1
    return found
