"""Coefficients that are Python objects: exact rational numbers, and many digits."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.expression import primitives
from eqpp_dash.engine.expression.rationals import exact_root
from eqpp_dash.engine.jets.arithmetic import Arrays, Flag, IrrationalError, NotSmoothError
from eqpp_dash.engine.jets.monomials import Indices, Monomials


class Objects(Arrays):
    """Numbers in numpy arrays of objects."""

    digits = math.inf

    def _single(self, value: Any) -> Any:
        raise TypeError

    def number(self, value: Fraction) -> Any:
        """Give a rational number."""
        return self._single(value)

    def zeros(self, shape: tuple[int, ...]) -> Any:
        """Give an array of zeros."""
        return np.full(shape, self.number(Fraction(0)), dtype=object)

    def convert(self, values: Any) -> Any:
        """Give numbers as an array of this kind; doubles are taken at their exact value."""
        return self._map(self._single, np.asarray(values, dtype=object))

    def _map(self, function: Callable[..., Any], *args: Any) -> Any:
        arrays = np.broadcast_arrays(*(np.asarray(arg, dtype=object) for arg in args))
        result = np.empty(arrays[0].shape, dtype=object)
        for at in np.ndindex(result.shape):
            result[at] = function(*(array[at] for array in arrays))
        return result

    def integer_power(self, base: Any, exponent: int) -> Any:
        """Raise to a positive integer power."""
        return base**exponent

    def divide(self, part: Any, point: Any) -> Any:
        """Divide terms of a series by a number at each point."""
        if not np.all(np.asarray(point, dtype=object) != 0):
            raise NotSmoothError("division by zero")
        return part / point


class Rationals(Objects):
    """Exact rational numbers (`fractions.Fraction`).

    A function whose value is not rational raises `IrrationalError`, a kink, a jump or a pole
    `NotSmoothError`.
    """

    name = "rationals"

    def _single(self, value: Any) -> Any:
        return Fraction(value)

    def convolve(self, a: Any, b: Any, table: Monomials, k: int) -> Any:
        """Give the terms of degree k of a product of two series."""
        if table.variables == 1:
            order = np.arange(k + 1)
            return self._sums(a, b, order, order[::-1], np.zeros(1, dtype=np.intp))
        return self._sums(a, b, *table.pairs(k))

    def product(self, a: Any, b: Any, table: Monomials) -> Any:
        """Give a product of two series."""
        return self._sums(a, b, table.left, table.right, table.starts)

    def _sums(self, a: Any, b: Any, left: Indices, right: Indices, starts: Indices) -> Any:
        """Give sums of products by segments; terms that are zero cost nothing."""
        kept = _occupied(a)[left] & _occupied(b)[right]
        first = np.concatenate([[0], np.cumsum(kept)])
        ends = np.append(starts[1:], len(left))
        full = np.flatnonzero(first[ends] > first[starts])
        result = self.zeros((len(starts), *a.shape[1:]))
        if full.size:
            sums = _sums_of_integers if a.size == len(a) else _sums_of_products
            result[full] = sums(a[left[kept]], b[right[kept]], first[starts[full]])
        return result

    def constant(self, name: str) -> Any:
        """Refuse: no such constant is rational."""
        if name == "undefined":
            raise NotSmoothError("the expression is undefined")
        raise IrrationalError(f"{name} is no rational number")

    def function(self, name: str, *args: Any) -> tuple[Any, Flag]:
        """Compute a primitive function where its value is known to be rational."""

        def value(*numbers: Fraction) -> Fraction:
            exact = _exact(name, numbers)
            if exact is None:
                given = ", ".join(str(number) for number in numbers)
                raise IrrationalError(f"{name}({given}) is not known to be rational")
            return exact

        return self._map(value, *args), True

    def locally_constant(self, name: str, *args: Any) -> Flag:
        """Raise where a step function changes at its arguments."""
        if name in ("floor", "ceil"):
            same = self._map(lambda a: a.denominator != 1, args[0])
        else:
            same = np.asarray(args[0] != (args[1] if len(args) > 1 else 0))
        if not np.all(same):
            raise NotSmoothError(f"{name} changes at this point")
        return True

    def power(self, base: Any, exponent: Fraction) -> tuple[Any, Flag]:
        """Raise to a rational power that is no integer, where the result is rational."""
        return self._map(lambda b: _rational_power(b, exponent), base), True

    def root(self, base: Any, degree: int) -> Any:
        """Give the real root of odd degree, where it is rational."""
        return self._map(
            lambda b: (1 if b > 0 else -1) * _rational_power(abs(b), Fraction(1, degree)), base
        )

    def finite(self, values: Any) -> NDArray[np.bool_]:
        """Tell that all numbers are finite."""
        return np.ones(np.shape(values), dtype=bool)


def _exact(name: str, numbers: tuple[Fraction, ...]) -> Fraction | None:
    if name == "atan2":
        y, x = numbers
        if y == 0 and x <= 0:
            raise NotSmoothError("atan2 jumps at this point")
        return Fraction(0) if y == 0 else None
    if name == "power":
        base, exponent = numbers
        if exponent.denominator != 1:
            return _rational_power(base, exponent)
        if base == 0 and exponent < 0:
            raise NotSmoothError("division by zero")
        return Fraction(base**exponent)
    if name == "sinc" and numbers[0] == 0:
        return Fraction(1)
    if name in ("log", "log2", "log10") and numbers[0] <= 0:
        raise NotSmoothError(f"{name} of a number that is not positive")
    if name == "acosh" and numbers[0] == 1:
        raise NotSmoothError("acosh begins at this point")
    return primitives.exact_value(name, numbers)


def _sums_of_products(a: Any, b: Any, starts: Any) -> Any:
    return np.add.reduceat(a * b, starts, axis=0)


def _sums_of_integers(a: Any, b: Any, starts: Any) -> Any:
    (above, low), (right, below) = _common(a), _common(b)
    sums = np.add.reduceat(above * right, starts, axis=0)
    result = np.empty(sums.shape, dtype=object)
    for at in np.ndindex(sums.shape):
        result[at] = Fraction(int(sums[at]), low * below)
    return result


def _occupied(series: Any) -> NDArray[np.bool_]:
    """Tell which terms are not zero at all points."""
    occupied = np.asarray(series != 0, dtype=bool)
    return np.asarray(occupied.any(axis=tuple(range(1, occupied.ndim))))


def _common(values: Any) -> tuple[Any, int]:
    """Write numbers with a common denominator, as integers."""
    flat = values.ravel().tolist()
    low = math.lcm(*(value.denominator for value in flat))
    above = np.empty(len(flat), dtype=object)
    above[:] = [value.numerator * (low // value.denominator) for value in flat]
    return above.reshape(values.shape), low


def _rational_power(base: Fraction, exponent: Fraction) -> Fraction:
    if base <= 0:
        raise NotSmoothError("a root of a number that is not positive")
    root = exact_root(base, exponent.denominator)
    if root is None:
        raise IrrationalError(f"{base}^({exponent}) is not known to be rational")
    return Fraction(root**exponent.numerator)


class MultiPrecision(Objects):
    """Numbers of many digits, by a context of mpmath.

    Parameters
    ----------
    context : mpmath context
        ``mpmath.mp``, or a copy of its own precision ``mpmath.MPContext()``. This package does not
        need mpmath otherwise and does not import it.
    """

    name = "multiple precision"

    def __init__(self, context: Any) -> None:
        self._context = context

    @property
    def digits(self) -> float:  # type: ignore[override]
        """Decimal digits of the context."""
        return float(self._context.dps)

    def _single(self, value: Any) -> Any:
        mp = self._context
        if isinstance(value, Fraction):
            return mp.mpf(value.numerator) / mp.mpf(value.denominator)
        return mp.mpf(value)

    def constant(self, name: str) -> Any:
        """Give ``pi``, ``e`` or ``undefined``."""
        return +getattr(self._context, {"pi": "pi", "e": "e"}.get(name, "nan"))

    def function(self, name: str, *args: Any) -> tuple[Any, Flag]:
        """Compute a primitive function; where it is undefined its value is NaN."""
        mp = self._context

        def value(*numbers: Any) -> Any:
            if any(number != number for number in numbers):
                return mp.nan
            if name == "atan2" and not (numbers[0] != 0 or numbers[1] > 0):
                return mp.nan
            try:
                result = _mp_function(mp, name, numbers)
            except (ArithmeticError, ValueError):
                return mp.nan
            return mp.nan if isinstance(result, mp.mpc) else result

        return self._map(value, *args), True

    def locally_constant(self, name: str, *args: Any) -> Flag:
        """Tell where a step function does not change around its arguments."""
        if name in ("floor", "ceil"):
            return np.asarray(args[0] != self._map(self._context.floor, args[0]), dtype=bool)
        return np.asarray(super().locally_constant(name, *args), dtype=bool)

    def power(self, base: Any, exponent: Fraction) -> tuple[Any, Flag]:
        """Raise to a rational power that is no integer."""
        return self.function("power", base, self.number(exponent))

    def root(self, base: Any, degree: int) -> Any:
        """Give the real root of odd degree."""
        mp = self._context
        return self._map(lambda b: mp.sign(b) * mp.root(abs(b), degree), base)

    def divide(self, part: Any, point: Any) -> Any:
        """Divide terms of a series by a number at each point; NaN where that is zero."""
        mp = self._context
        if np.all(np.asarray(point, dtype=object) != 0):
            return part / point
        return self._map(lambda a, b: a / b if b != 0 else mp.nan, part, point)

    def sinc_remainder(self, count: int) -> int:
        """Tell from which order on to begin a backward recurrence for `count` coefficients."""
        return 3 * count + 40 + 3 * int(self.digits)

    def finite(self, values: Any) -> NDArray[np.bool_]:
        """Tell which numbers are finite."""
        return np.asarray(self._map(self._context.isfinite, values), dtype=bool)


def _mp_function(mp: Any, name: str, numbers: tuple[Any, ...]) -> Any:
    a = numbers[0]
    if name in _COMPARISONS:
        return mp.mpf(int(_COMPARISONS[name](a, numbers[1])))
    if name == "heaviside":
        return (1 + mp.sign(a)) / 2
    if name == "log2":
        return mp.log(a, 2)
    if name == "power":
        return mp.power(a, numbers[1])
    if name == "mod":
        return a - numbers[1] * mp.floor(a / numbers[1])
    if name in ("min", "max"):
        return min(numbers) if name == "min" else max(numbers)
    if name == "abs":
        return abs(a)
    return getattr(mp, name)(*numbers)


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "lt": lambda a, b: bool(a < b),
    "le": lambda a, b: bool(a <= b),
    "gt": lambda a, b: bool(a > b),
    "ge": lambda a, b: bool(a >= b),
}

RATIONALS = Rationals()
