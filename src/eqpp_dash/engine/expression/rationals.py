"""Helpers for exact rational numbers."""

from __future__ import annotations

import math
from fractions import Fraction


def to_float(value: Fraction) -> float:
    """Round to the nearest double; infinite where it is too large.

    Examples
    --------
    >>> to_float(Fraction(1, 3))
    0.3333333333333333
    """
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def divides(coefficient: Fraction) -> bool:
    """Tell whether to multiply by a positive coefficient is done by a division by its inverse.

    Examples
    --------
    >>> divides(Fraction(1, 3)), divides(Fraction(2, 3)), divides(Fraction(1, 10**320))
    (True, False, False)
    """
    return coefficient.numerator == 1 and to_float(Fraction(coefficient.denominator)) < math.inf


def bits(value: Fraction) -> int:
    """Give the length of the longer of numerator and denominator."""
    return max(value.numerator.bit_length(), value.denominator.bit_length())


def log2(value: Fraction) -> float:
    """Give the binary logarithm of a positive number of any size."""
    return math.log2(value.numerator) - math.log2(value.denominator)


def exact_root(value: Fraction, degree: int) -> Fraction | None:
    """Give the rational root of a number that is not negative, or None."""
    if degree > 64 or bits(value) > 256:
        return None
    roots = []
    for part in (value.numerator, value.denominator):
        guess = math.isqrt(part) if degree == 2 else round(part ** (1 / degree))
        near = [r for r in (guess - 1, guess, guess + 1) if r >= 0 and r**degree == part]
        if not near:
            return None
        roots.append(near[0])
    return Fraction(roots[0], roots[1])
