"""Interval arithmetic over many boxes at once, rounded outward.

Every result contains all values that the expression takes on the box. Sums, products and
quotients are widened by one unit in the last place (R. E. Moore, R. B. Kearfott and
M. J. Cloud, Introduction to Interval Analysis, SIAM 2009, chapter 4), elementary functions by
several, more than the error of numpy's implementations.
"""

from __future__ import annotations

from collections.abc import Callable
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
    smooth, some = _flags(*args)
    return Interval(np.nextafter(lo, -INF), np.nextafter(hi, INF), smooth, some)


def _flags(*args: Interval) -> tuple[Flag, Flag]:
    smooth, some = args[0].smooth, args[0].some
    for arg in args[1:]:
        smooth, some = both(smooth, arg.smooth), both(some, arg.some)
    return smooth, some


def _wide(lo: Array, hi: Array, ulps: int, *args: Interval) -> Interval:
    slack = ulps * EPSILON
    low = np.minimum(lo - (slack * np.abs(lo) + ulps * TINY), np.finfo(float).max)
    high = np.maximum(hi + (slack * np.abs(hi) + ulps * TINY), -np.finfo(float).max)
    low = np.where(np.isnan(low), -INF, low)
    high = np.where(np.isnan(high), INF, high)
    return Interval(low, high, *_flags(*args))


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
        wide = _outward(lo, hi, a) if n == 2 else _wide(lo, hi, _power_ulps(n), a)
        return wide._replace(lo=np.maximum(wide.lo, 0.0))
    return _wide(lo, hi, _power_ulps(n), a)


def _power_ulps(n: int) -> int:
    return n // 2 + 1 if n <= 64 else 16  # half a unit for each multiplication


def _repeated(x: Array, n: int) -> Array:
    from eqpp_dash.engine.expression.primitives import integer_power as power

    result: Array = power(x, n)
    return result


def _increasing(
    function: Callable[[Any], Any], low: float = -INF, high: float = INF, ulps: int = 8
) -> Callable[[Interval], Interval]:
    """Make the range of an increasing function defined between `low` and `high`."""

    def ranges(a: Interval) -> Interval:
        if low == -INF and high == INF:
            return _wide(function(a.lo), function(a.hi), ulps, a)
        inside = (a.lo >= low) & (a.hi <= high)
        touches = (a.hi >= low) & (a.lo <= high)
        left, right = np.clip(a.lo, low, high), np.clip(a.hi, low, high)
        result = _wide(function(left), function(right), ulps, a)
        return result._replace(smooth=both(a.smooth, inside), some=both(a.some, touches))

    return ranges


def _bounded(
    ranges: Callable[[Interval], Interval], low: float, high: float
) -> Callable[[Interval], Interval]:
    def clipped(a: Interval) -> Interval:
        result = ranges(a)
        return result._replace(lo=np.maximum(result.lo, low), hi=np.minimum(result.hi, high))

    return clipped


def _open_log(function: Callable[[Any], Any]) -> Callable[[Interval], Interval]:
    ranges = _increasing(function, 0.0)

    def logarithm(a: Interval) -> Interval:
        result = ranges(a)
        return result._replace(
            smooth=both(result.smooth, a.lo > 0), some=both(result.some, a.hi > 0)
        )

    return logarithm


def _atanh(a: Interval) -> Interval:
    result = _increasing(np.arctanh, -1.0, 1.0)(a)
    return result._replace(
        smooth=both(result.smooth, (a.lo > -1) & (a.hi < 1)),
        some=both(result.some, (a.hi > -1) & (a.lo < 1)),
    )


def _acos(a: Interval) -> Interval:
    opposite = _increasing(np.arcsin, -1.0, 1.0)(a)
    left = np.arccos(np.clip(a.hi, -1.0, 1.0))
    right = np.arccos(np.clip(a.lo, -1.0, 1.0))
    wide = _wide(left, right, 8, opposite)
    return wide._replace(lo=np.maximum(wide.lo, 0.0))


def _passes(a: Interval, phase: float, period: float) -> NDArray[np.bool_]:
    """Tell whether phase + k*period may lie in the box for an integer k."""
    first = np.ceil((a.lo - phase) / period - _phase_slack(a.lo, period))
    last = np.floor((a.hi - phase) / period + _phase_slack(a.hi, period))
    result: NDArray[np.bool_] = ~(first > last)
    return result


def _phase_slack(x: Array, period: float) -> Array:
    result: Array = 8 * EPSILON * (1 + np.abs(x) / period)
    return result


def _wave(function: Callable[[Any], Any], peak: float) -> Callable[[Interval], Interval]:
    def ranges(a: Interval) -> Interval:
        left, right = function(a.lo), function(a.hi)
        wide = _wide(np.minimum(left, right), np.maximum(left, right), 8, a)
        lo = np.where(_passes(a, peak + np.pi, TWO_PI), -1.0, np.maximum(wide.lo, -1.0))
        hi = np.where(_passes(a, peak, TWO_PI), 1.0, np.minimum(wide.hi, 1.0))
        return wide._replace(lo=lo, hi=hi)

    return ranges


def _tan(a: Interval) -> Interval:
    pole = _passes(a, np.pi / 2, np.pi)
    wide = _wide(np.tan(a.lo), np.tan(a.hi), 8, a)
    return wide._replace(
        lo=np.where(pole, -INF, wide.lo),
        hi=np.where(pole, INF, wide.hi),
        smooth=both(a.smooth, ~pole),
    )


def _cosh(a: Interval) -> Interval:
    left, right = np.cosh(a.lo), np.cosh(a.hi)
    holds_zero = (a.lo <= 0) & (a.hi >= 0)
    lo = np.where(holds_zero, 1.0, np.minimum(left, right))
    wide = _wide(lo, np.maximum(left, right), 8, a)
    return wide._replace(lo=np.maximum(wide.lo, 1.0))


def _abs(a: Interval) -> Interval:
    holds_zero = (a.lo <= 0) & (a.hi >= 0)
    left, right = np.abs(a.lo), np.abs(a.hi)
    lo = np.where(holds_zero, 0.0, np.minimum(left, right))
    return Interval(lo, np.maximum(left, right), a.smooth, a.some)


def _steps(function: Callable[[Any], Any]) -> Callable[[Interval], Interval]:
    def ranges(a: Interval) -> Interval:
        lo, hi = function(a.lo), function(a.hi)
        return Interval(lo, hi, both(a.smooth, lo == hi), a.some)

    return ranges


def _jump(at_zero: Callable[[Any], Any]) -> Callable[[Interval], Interval]:
    def ranges(a: Interval) -> Interval:
        clear = (a.lo > 0) | (a.hi < 0)
        return Interval(at_zero(a.lo), at_zero(a.hi), both(a.smooth, clear), a.some)

    return ranges


def _mod(a: Interval, b: Interval) -> Interval:
    turns = _steps(np.floor)(divide(a, b))
    result = subtract(a, multiply(b, turns))
    lo = np.maximum(result.lo, np.minimum(b.lo, 0.0))
    hi = np.minimum(result.hi, np.maximum(b.hi, 0.0))
    return result._replace(lo=lo, hi=hi)


def _choose(function: Callable[[Any, Any], Any]) -> Callable[[Interval, Interval], Interval]:
    def ranges(a: Interval, b: Interval) -> Interval:
        return Interval(function(a.lo, b.lo), function(a.hi, b.hi), *_flags(a, b))

    return ranges


def _relation(strict: bool, swap: bool) -> Callable[[Interval, Interval], Interval]:
    def ranges(a: Interval, b: Interval) -> Interval:
        if swap:
            a, b = b, a
        always = a.hi < b.lo if strict else a.hi <= b.lo
        never = a.lo >= b.hi if strict else a.lo > b.hi
        smooth, some = _flags(a, b)
        return Interval(
            np.where(always, 1.0, 0.0),
            np.where(never, 0.0, 1.0),
            both(smooth, always | never),
            some,
        )

    return ranges


def _select(condition: Interval, yes: Interval, no: Interval) -> Interval:
    always, never = condition.lo > 0, condition.hi <= 0

    def pick(first: Flag, second: Flag, mixed: Flag) -> Flag:
        return np.where(always, first, np.where(never, second, mixed))

    smooth = pick(yes.smooth, no.smooth, False)
    some = pick(yes.some, no.some, np.asarray(yes.some) | np.asarray(no.some))
    # a branch that is undefined on the whole box adds nothing
    yes_lo = np.where(yes.some, yes.lo, INF)
    yes_hi = np.where(yes.some, yes.hi, -INF)
    no_lo, no_hi = np.where(no.some, no.lo, INF), np.where(no.some, no.hi, -INF)
    lo = pick(yes.lo, no.lo, np.minimum(yes_lo, no_lo))
    hi = pick(yes.hi, no.hi, np.maximum(yes_hi, no_hi))
    return Interval(
        np.where(some, lo, -INF),
        np.where(some, hi, INF),
        both(condition.smooth, smooth),
        both(condition.some, some),
    )


def _atan2(y: Interval, x: Interval) -> Interval:
    cut = (x.lo <= 0) & (y.lo <= 0) & (y.hi >= 0)
    corners = [np.arctan2(b, a) for a in (x.lo, x.hi) for b in (y.lo, y.hi)]
    lo, hi = np.minimum.reduce(corners), np.maximum.reduce(corners)
    wide = _wide(lo, hi, 8, y, x)
    return wide._replace(
        lo=np.where(cut, -3.1415926535897936, wide.lo),
        hi=np.where(cut, 3.1415926535897936, wide.hi),
        smooth=both(wide.smooth, ~cut),
    )


def power(base: Interval, exponent: Interval) -> Interval:
    """Real power of a base that is not negative; unbounded at zero with negative exponents."""
    left, right = np.maximum(base.lo, 0.0), np.maximum(base.hi, 0.0)
    corners = [np.power(b, e) for b in (left, right) for e in (exponent.lo, exponent.hi)]
    holds_one = (left <= 1) & (right >= 1)
    holds_zero = (exponent.lo <= 0) & (exponent.hi >= 0)
    corners.append(np.where(holds_one | holds_zero, 1.0, corners[0]))
    lo, hi = np.minimum.reduce(corners), np.maximum.reduce(corners)
    wide = _wide(lo, hi, 8, base, exponent)
    negative = exponent.lo < 0
    whole = (base.lo > 0) | ((base.lo >= 0) & (exponent.lo > 0))
    return wide._replace(
        lo=np.maximum(wide.lo, 0.0),
        hi=np.where((left == 0) & negative, INF, wide.hi),
        smooth=both(wide.smooth, whole),
        some=both(wide.some, base.hi >= 0),
    )


def root(a: Interval, degree: int) -> Interval:
    """Real root of odd degree."""
    from eqpp_dash.engine.expression.primitives import odd_root

    return _wide(odd_root(a.lo, degree), odd_root(a.hi, degree), 8, a)


_sqrt = _bounded(_increasing(np.sqrt, 0.0), 0.0, INF)


def sqrt(a: Interval) -> Interval:
    """Square root."""
    return _sqrt(a)


def _erf(x: Any) -> Any:
    from scipy.special import erf

    return erf(x)


RANGES: dict[str, Callable[..., Interval]] = {
    "sin": _wave(np.sin, np.pi / 2),
    "cos": _wave(np.cos, 0.0),
    "tan": _tan,
    "asin": _increasing(np.arcsin, -1.0, 1.0),
    "acos": _acos,
    "atan": _increasing(np.arctan),
    "sinh": _increasing(np.sinh),
    "cosh": _cosh,
    "tanh": _bounded(_increasing(np.tanh), -1.0, 1.0),
    "asinh": _increasing(np.arcsinh),
    "acosh": _bounded(_increasing(np.arccosh, 1.0), 0.0, INF),
    "atanh": _atanh,
    "exp": _bounded(_increasing(np.exp), 0.0, INF),
    "log": _open_log(np.log),
    "log2": _open_log(np.log2),
    "log10": _open_log(np.log10),
    "erf": _bounded(_increasing(_erf), -1.0, 1.0),
    "abs": _abs,
    "sign": _jump(np.sign),
    "floor": _steps(np.floor),
    "ceil": _steps(np.ceil),
    "heaviside": _jump(lambda x: np.heaviside(x, 0.5)),
    "atan2": _atan2,
    "mod": _mod,
    "min": _choose(np.minimum),
    "max": _choose(np.maximum),
    "lt": _relation(strict=True, swap=False),
    "le": _relation(strict=False, swap=False),
    "gt": _relation(strict=True, swap=True),
    "ge": _relation(strict=False, swap=True),
    "select": _select,
    "power": power,
}
