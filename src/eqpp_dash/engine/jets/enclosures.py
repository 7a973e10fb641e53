"""Interval coefficients: arrays of bounds, rounded outward, that enclose every true coefficient.

Sums are widened only where they were rounded, which the error-free transformation of a sum tells
(D. E. Knuth, The Art of Computer Programming 2, section 4.2.2), so that exact zeros stay exact.
Sums of products are widened by the bound of N. J. Higham, Accuracy and Stability of Numerical
Algorithms, SIAM 2002, section 3.1, which holds for every order of summation.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.expression import interval, ranges
from eqpp_dash.engine.expression.interval import EPSILON, TINY, Interval
from eqpp_dash.engine.jets.arithmetic import Arrays, Flag
from eqpp_dash.engine.jets.monomials import Monomials

Array = NDArray[np.float64]
INF = np.inf


class IntervalArray:
    """An array of intervals.

    Parameters
    ----------
    lo, hi : ndarray
        Bounds, of one shape.

    Examples
    --------
    >>> third = IntervalArray(np.ones(1), np.ones(1)) / 3
    >>> bool(third.lo[0] < Fraction(1, 3) < third.hi[0])
    True
    """

    __array_ufunc__ = None
    __slots__ = ("hi", "lo")

    def __init__(self, lo: Any, hi: Any) -> None:
        self.lo: Array = lo
        self.hi: Array = hi

    def __repr__(self) -> str:
        return f"IntervalArray(lo={self.lo!r}, hi={self.hi!r})"

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return np.shape(self.lo)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return np.ndim(self.lo)

    def __len__(self) -> int:
        return len(self.lo)

    def __getitem__(self, key: Any) -> IntervalArray:
        return IntervalArray(self.lo[key], self.hi[key])

    def __setitem__(self, key: Any, value: Any) -> None:
        self.lo[key], self.hi[key] = _bounds(value)

    def __neg__(self) -> IntervalArray:
        return IntervalArray(-self.hi, -self.lo)

    def __add__(self, other: Any) -> IntervalArray:
        low, high = _bounds(other)
        with np.errstate(all="ignore"):
            return IntervalArray(_sum(self.lo, low, -INF), _sum(self.hi, high, INF))

    __radd__ = __add__

    def __sub__(self, other: Any) -> IntervalArray:
        low, high = _bounds(other)
        with np.errstate(all="ignore"):
            return IntervalArray(_sum(self.lo, -high, -INF), _sum(self.hi, -low, INF))

    def __rsub__(self, other: Any) -> IntervalArray:
        return (-self).__add__(other)

    def __mul__(self, other: Any) -> IntervalArray:
        low, high = _bounds(other)
        with np.errstate(all="ignore"):
            least, most, zero = _corners(self.lo, self.hi, low, high)
            return _rounded(least, most, zero)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> IntervalArray:
        low, high = _bounds(other)
        with np.errstate(all="ignore"):
            found = interval.divide(Interval(self.lo, self.hi), Interval(low, high))
            zero = (self.lo == 0) & (self.hi == 0) & ((low > 0) | (high < 0))
            return IntervalArray(np.where(zero, 0.0, found.lo), np.where(zero, 0.0, found.hi))

    def contains(self, values: Any) -> NDArray[np.bool_]:
        """Tell which intervals hold a number, compared exactly."""
        return np.asarray((self.lo <= values) & (values <= self.hi), dtype=bool)


def _known(lo: Any, hi: Any) -> IntervalArray:
    """Copy bounds; those that are NaN become infinite."""
    return IntervalArray(np.where(np.isnan(lo), -INF, lo), np.where(np.isnan(hi), INF, hi))


def _bounds(value: Any) -> tuple[Any, Any]:
    if isinstance(value, IntervalArray):
        return value.lo, value.hi
    number = np.asarray(value)
    if number.dtype == np.float64:
        return number, number
    near = number.astype(np.float64)  # integers, which are exact up to 2^53
    if (np.abs(near) < 2.0**53).all():
        return near, near
    return np.nextafter(near, -INF), np.nextafter(near, INF)


def _sum(a: Any, b: Any, outward: float) -> Array:
    """Round a sum outward, where it is not exact."""
    total = a + b
    part = total - a
    error = (a - (total - part)) + (b - part)
    exact = error >= 0 if outward < 0 else error <= 0
    result: Array = np.where(exact, total, np.nextafter(total, outward))
    return np.where(np.isnan(result), outward, result)


def _corners(alo: Any, ahi: Any, blo: Any, bhi: Any) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Give least and greatest products, rounded anyhow, and where a factor is exactly zero."""
    products = [alo * blo, alo * bhi, ahi * blo, ahi * bhi]
    least = np.minimum(np.minimum(products[0], products[1]), np.minimum(products[2], products[3]))
    if np.isnan(least).any():  # an infinite bound times zero: the factor is zero
        products = [np.where(np.isnan(p), 0.0, p) for p in products]
        least = np.minimum.reduce(products)
    most = np.maximum(np.maximum(products[0], products[1]), np.maximum(products[2], products[3]))
    zero = ((alo == 0) & (ahi == 0)) | ((blo == 0) & (bhi == 0))
    return least, most, zero


def _rounded(least: Array, most: Array, zero: NDArray[np.bool_]) -> IntervalArray:
    return IntervalArray(
        np.where(zero, 0.0, np.nextafter(least, -INF)),
        np.where(zero, 0.0, np.nextafter(most, INF)),
    )


class Intervals(Arrays):
    """Intervals rounded outward, in `IntervalArray`; undefined values are unbounded."""

    name = "intervals"
    digits = 15.95

    def zeros(self, shape: tuple[int, ...]) -> Any:
        """Give an array of zeros."""
        return IntervalArray(np.zeros(shape), np.zeros(shape))

    def convert(self, values: Any) -> Any:
        """Give intervals: as they are, or numbers that are taken exactly.

        A fraction or an integer that is no double is enclosed, NaN becomes unbounded.

        Raises
        ------
        ValueError
            If a lower bound lies above the upper one.
        """
        if isinstance(values, IntervalArray):
            if np.any(values.lo > values.hi):
                raise ValueError("the lower bound of an interval lies above the upper one")
            return _known(values.lo, values.hi)
        given = np.asarray(values)
        if given.dtype != object:
            number = given.astype(np.float64)
            return _known(number, number)
        bounds = [interval.exact(Fraction(value)) for value in given.ravel().tolist()]
        return IntervalArray(
            np.array([b.lo[0] for b in bounds]).reshape(given.shape),
            np.array([b.hi[0] for b in bounds]).reshape(given.shape),
        )

    def number(self, value: Fraction) -> Any:
        """Enclose a rational number."""
        found = interval.exact(value)
        return IntervalArray(found.lo[0], found.hi[0])

    def constant(self, name: str) -> Any:
        """Enclose ``pi`` or ``e``; what is undefined is unbounded."""
        if name == "undefined":
            return IntervalArray(-INF, INF)
        found = interval.around(np.pi if name == "pi" else np.e)
        return IntervalArray(found.lo[0], found.hi[0])

    def _apply(self, function: Callable[..., Interval], *args: Any) -> tuple[Any, Flag]:
        boxes = [Interval(np.asarray(a.lo), np.asarray(a.hi)) for a in args]
        with np.errstate(all="ignore"):
            found = function(*boxes)
        shape = np.broadcast_shapes(*(a.shape for a in args))
        smooth = found.smooth if found.smooth is True else np.broadcast_to(found.smooth, shape)
        low, high = np.broadcast_to(found.lo, shape), np.broadcast_to(found.hi, shape)
        return IntervalArray(low.copy(), high.copy()), smooth

    def function(self, name: str, *args: Any) -> tuple[Any, Flag]:
        """Enclose a primitive function, and tell where it is defined and continuous."""
        value, smooth = self._apply(ranges.RANGES[name], *args)
        if name in _EXACT_ZEROS:
            zero = (args[0].lo == 0) & (args[0].hi == 0)
            if np.any(zero):
                at_zero = _EXACT_ZEROS[name]
                value.lo, value.hi = (np.where(zero, at_zero, end) for end in (value.lo, value.hi))
        return value, smooth

    def locally_constant(self, name: str, *args: Any) -> Flag:
        """Tell where a step function surely does not change on the box or at its edge."""
        a = args[0]
        if name in ("floor", "ceil"):
            step = np.floor(a.lo)
            return (a.lo > step) & (a.hi < step + 1)
        low, high = _bounds(args[1] if len(args) > 1 else 0)
        return (a.lo > high) | (a.hi < low)

    def power(self, base: Any, exponent: Fraction) -> tuple[Any, Flag]:
        """Enclose a rational power."""
        if exponent == Fraction(1, 2):
            return self._apply(ranges.sqrt, base)
        return self._apply(ranges.RANGES["power"], base, self.number(exponent))

    def integer_power(self, base: Any, exponent: int) -> Any:
        """Enclose a positive integer power."""
        return self._apply(lambda a: interval.integer_power(a, exponent), base)[0]

    def root(self, base: Any, degree: int) -> Any:
        """Enclose the real root of odd degree."""
        return self._apply(lambda a: interval.root(a, degree), base)[0]

    def _segments(self, a: Any, b: Any, starts: Any, counts: Any) -> Any:
        """Enclose sums of products by segments of the first axis."""
        with np.errstate(all="ignore"):
            least, most, zero = _corners(a.lo, a.hi, b.lo, b.hi)
            counts = np.asarray(counts).reshape(-1, *(1,) * (least.ndim - 1))
            slack = (counts + 3) * EPSILON
            tiny = np.add.reduceat(np.where(zero, 0.0, TINY), starts, axis=0)
            lo = np.add.reduceat(least, starts, axis=0)
            hi = np.add.reduceat(most, starts, axis=0)
            below = slack * np.add.reduceat(np.abs(least), starts, axis=0) + tiny
            above = slack * np.add.reduceat(np.abs(most), starts, axis=0) + tiny
            lo = np.where(tiny == 0, lo, np.nextafter(lo - below, -INF))
            hi = np.where(tiny == 0, hi, np.nextafter(hi + above, INF))
            return IntervalArray(np.where(lo < INF, lo, -INF), np.where(hi > -INF, hi, INF))

    def convolve(self, a: Any, b: Any, table: Monomials, k: int) -> Any:
        """Enclose the terms of degree k of a product of two series."""
        if table.variables == 1:
            return self._segments(a[: k + 1], b[k::-1], [0], [k + 1])
        left, right, starts = table.pairs(k)
        return self._segments(a[left], b[right], starts, table.counts[table.parts[k]])

    def product(self, a: Any, b: Any, table: Monomials) -> Any:
        """Enclose a product of two series."""
        return self._segments(a[table.left], b[table.right], table.starts, table.counts)

    def choose(self, condition: Any, yes: Any, no: Any) -> Any:
        """Take one series or the other, or the hull of both where the condition is undecided."""
        always, never = condition.lo > 0, condition.hi <= 0
        low = np.where(always, yes.lo, np.where(never, no.lo, np.minimum(yes.lo, no.lo)))
        high = np.where(always, yes.hi, np.where(never, no.hi, np.maximum(yes.hi, no.hi)))
        return IntervalArray(low, high)

    def choose_flag(self, condition: Any, yes: Flag, no: Flag) -> Flag:
        """Take one flag or the other; False where the condition is undecided."""
        return np.where(condition.lo > 0, yes, np.where(condition.hi <= 0, no, False))

    def where(self, flag: Flag, yes: Any, no: Any) -> Any:
        """Take one interval or the other at each point."""
        return IntervalArray(np.where(flag, yes.lo, no.lo), np.where(flag, yes.hi, no.hi))

    def nonzero(self, point: Any) -> Flag:
        """Tell where a number is surely not zero."""
        return (point.lo > 0) | (point.hi < 0)

    def positive(self, point: Any) -> Flag:
        """Tell where a number is surely positive."""
        return point.lo > 0

    def less(self, point: Any, bound: int) -> Flag:
        """Tell where the size of a number is surely less than a bound."""
        return (point.lo > -bound) & (point.hi < bound)

    def limit(self, value: Any, bound: Fraction) -> Any:
        """Cut intervals to where their values are known to be."""
        size = float(interval.exact(bound).hi[0])
        return IntervalArray(np.maximum(value.lo, -size), np.minimum(value.hi, size))

    def uncertain(self, shape: tuple[int, ...], bound: Fraction) -> Any:
        """Give the interval of a bound around zero."""
        size = float(interval.exact(bound).hi[0])
        return IntervalArray(np.full(shape, -size), np.full(shape, size))

    def forget(self, values: Any, which: NDArray[np.bool_]) -> None:
        """Make intervals unbounded at some points of the last axes."""
        values.lo[..., which], values.hi[..., which] = -INF, INF

    def finite(self, values: Any) -> NDArray[np.bool_]:
        """Tell which intervals are bounded."""
        return np.asarray(np.isfinite(values.lo) & np.isfinite(values.hi))


_EXACT_ZEROS = {
    **dict.fromkeys(("sin", "tan", "asin", "atan", "sinh", "tanh", "asinh", "atanh", "erf"), 0.0),
    **dict.fromkeys(("cos", "cosh", "exp", "sinc"), 1.0),
}

INTERVALS = Intervals()
