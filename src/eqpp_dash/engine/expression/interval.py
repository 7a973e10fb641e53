"""Interval arithmetic over many boxes at once, rounded outward.

Every result contains all values that the expression takes on the box. Sums, products and
quotients are widened by one unit in the last place (R. E. Moore, R. B. Kearfott and
M. J. Cloud, Introduction to Interval Analysis, SIAM 2009, chapter 4), elementary functions by
several, more than the error of numpy's implementations.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Flag = Any  # an array of bool, or True where it holds everywhere

EPSILON = 2.0**-52
TINY = 5e-324
INF = np.inf
TWO_PI = 2 * np.pi


class Interval(NamedTuple):
    """Ranges over m boxes.

    Attributes
    ----------
    lo, hi : ndarray, shape (m,) or (1,)
        Bounds.
    smooth : ndarray of bool or True
        Whether the expression is defined and continuous on the whole box.
    some : ndarray of bool or True
        False where it is proved to be undefined on the whole box.
    """

    lo: Array
    hi: Array
    smooth: Flag = True
    some: Flag = True


def both(a: Flag, b: Flag) -> Flag:
    """Combine two flags."""
    if a is True:
        return b
    return a if b is True else a & b


def exact(value: Fraction | float) -> Interval:
    """Enclose a constant."""
    try:
        near = float(value)
    except OverflowError:
        near = INF if value > 0 else -INF
    number = np.array([near])
    if np.isfinite(near) and Fraction(near) == value:
        return Interval(number, number)
    return Interval(np.nextafter(number, -INF), np.nextafter(number, INF))


def around(value: float) -> Interval:
    """Enclose a number that `value` approximates to one unit in the last place."""
    number = np.array([value])
    return Interval(np.nextafter(number, -INF), np.nextafter(number, INF))


def _outward(lo: Array, hi: Array, *args: Interval) -> Interval:
    smooth, some = flags(*args)
    return Interval(np.nextafter(lo, -INF), np.nextafter(hi, INF), smooth, some)


def flags(*args: Interval) -> tuple[Flag, Flag]:
    """Combine the flags of operands."""
    smooth, some = args[0].smooth, args[0].some
    for arg in args[1:]:
        smooth, some = both(smooth, arg.smooth), both(some, arg.some)
    return smooth, some


def widen(lo: Array, hi: Array, ulps: int, *args: Interval) -> Interval:
    """Enclose values that are right to so many units in the last place."""
    slack = ulps * EPSILON
    low = np.minimum(lo - (slack * np.abs(lo) + ulps * TINY), np.finfo(float).max)
    high = np.maximum(hi + (slack * np.abs(hi) + ulps * TINY), -np.finfo(float).max)
    low = np.where(np.isnan(low), -INF, low)
    high = np.where(np.isnan(high), INF, high)
    return Interval(low, high, *flags(*args))


def add(a: Interval, b: Interval) -> Interval:
    """Sum."""
    return _outward(a.lo + b.lo, a.hi + b.hi, a, b)


def subtract(a: Interval, b: Interval) -> Interval:
    """Difference."""
    return _outward(a.lo - b.hi, a.hi - b.lo, a, b)


def negate(a: Interval) -> Interval:
    """Negative; exact."""
    return Interval(-a.hi, -a.lo, a.smooth, a.some)


def multiply(a: Interval, b: Interval) -> Interval:
    """Product."""
    corners = (a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi)
    lo = np.minimum(np.minimum(corners[0], corners[1]), np.minimum(corners[2], corners[3]))
    if np.isnan(lo).any():  # an infinite bound times zero: the factor is zero
        corners = tuple(np.where(np.isnan(c), 0.0, c) for c in corners)  # type: ignore[assignment]
        lo = np.minimum(np.minimum(corners[0], corners[1]), np.minimum(corners[2], corners[3]))
    hi = np.maximum(np.maximum(corners[0], corners[1]), np.maximum(corners[2], corners[3]))
    return _outward(lo, hi, a, b)


def divide(a: Interval, b: Interval) -> Interval:
    """Quotient; unbounded where the divisor may be zero."""
    holds_zero = (b.lo <= 0) & (b.hi >= 0)
    if not holds_zero.any():
        return multiply(a, _outward(1.0 / b.hi, 1.0 / b.lo, b))
    only_zero = (b.lo == 0) & (b.hi == 0)
    low = np.nextafter(1.0 / np.where(b.hi == 0, -1.0, b.hi), -INF)
    high = np.nextafter(1.0 / np.where(b.lo == 0, 1.0, b.lo), INF)
    low = np.where(b.hi == 0, -INF, low)
    high = np.where(b.lo == 0, INF, high)
    low = np.where(holds_zero & (b.lo < 0), -INF, low)  # zero inside or at the upper end
    high = np.where(holds_zero & (b.hi > 0), INF, high)
    inverse = Interval(low, high, both(b.smooth, ~holds_zero), both(b.some, ~only_zero))
    return multiply(a, inverse)


def integer_power(a: Interval, n: int) -> Interval:
    """Positive integer power, aware that the factors are one."""
    lo, hi = _repeated(a.lo, n), _repeated(a.hi, n)
    if n % 2 == 0:
        holds_zero = (a.lo <= 0) & (a.hi >= 0)
        lo, hi = np.where(holds_zero, 0.0, np.minimum(lo, hi)), np.maximum(lo, hi)
        wide = _outward(lo, hi, a) if n == 2 else widen(lo, hi, _power_ulps(n), a)
        return wide._replace(lo=np.maximum(wide.lo, 0.0))
    return widen(lo, hi, _power_ulps(n), a)


def _power_ulps(n: int) -> int:
    return n // 2 + 1 if n <= 64 else 16  # half a unit for each multiplication


def _repeated(x: Array, n: int) -> Array:
    from eqpp_dash.engine.expression.primitives import integer_power as power

    result: Array = power(x, n)
    return result


def power(base: Interval, exponent: Interval) -> Interval:
    """Real power; a negative base has one where the exponent is a whole number."""
    left, right = np.maximum(base.lo, 0.0), np.maximum(base.hi, 0.0)
    wide = _positive_power(left, right, base, exponent)
    lo, hi = np.maximum(wide.lo, 0.0), wide.hi
    negative = base.lo < 0
    whole = np.floor(exponent.hi) >= np.ceil(exponent.lo)
    if (negative & whole).any():
        nearest = np.where(base.hi < 0, -base.hi, 0.0)
        mirror = _positive_power(nearest, np.maximum(-base.lo, nearest), base, exponent)
        lo = np.where(negative & whole, np.minimum(lo, -mirror.hi), lo)
        hi = np.where(negative & whole, np.maximum(hi, mirror.hi), hi)
    inside = (base.lo > 0) | ((base.lo >= 0) & (exponent.lo > 0))
    return wide._replace(
        lo=lo,
        hi=hi,
        smooth=both(wide.smooth, inside),
        some=both(wide.some, (base.hi >= 0) | whole),
    )


def _positive_power(left: Array, right: Array, base: Interval, exponent: Interval) -> Interval:
    corners = [np.power(b, e) for b in (left, right) for e in (exponent.lo, exponent.hi)]
    one = ((left <= 1) & (right >= 1)) | ((exponent.lo <= 0) & (exponent.hi >= 0))
    corners.append(np.where(one, 1.0, corners[0]))
    wide = widen(np.minimum.reduce(corners), np.maximum.reduce(corners), 8, base, exponent)
    unbounded = (left == 0) & (exponent.lo < 0)
    return wide._replace(hi=np.where(unbounded, INF, wide.hi))


def root(a: Interval, degree: int) -> Interval:
    """Real root of odd degree."""
    from eqpp_dash.engine.expression.primitives import odd_root

    return widen(odd_root(a.lo, degree), odd_root(a.hi, degree), 128, a)
