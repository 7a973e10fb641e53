"""Number kinds: what a truncated series needs from its coefficients, and doubles.

One algorithm computes all series (see `recurrences`); it asks a number kind for arrays of zeros,
for sums of products and for elementary functions of the terms of degree zero. `DOUBLES` are here,
`RATIONALS` and `MultiPrecision` in `exact`, `INTERVALS` in `enclosures`.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.expression import primitives
from eqpp_dash.engine.expression.rationals import to_float
from eqpp_dash.engine.jets.monomials import Monomials

Array = NDArray[np.float64]
Flag = Any  # an array of bool over the points, or True where it holds at all of them


class NotSmoothError(ValueError):
    """A function has no derivatives here: a kink, a jump, a pole, the edge of its domain."""


class IrrationalError(ValueError):
    """A value is no rational number, or is not known to be one."""


class Arithmetic(Protocol):
    """A kind of number.

    Arrays of numbers are indexed, sliced, added, subtracted, negated, and multiplied and divided by
    integers and numbers by the usual operators. Series have the shape (N, ...): N coefficients of
    each of many points.
    """

    @property
    def name(self) -> str:
        """What the numbers are called."""

    @property
    def digits(self) -> float:
        """Decimal digits that a number carries; infinite if it is exact."""

    def zeros(self, shape: tuple[int, ...]) -> Any:
        """Give an array of zeros."""

    def convert(self, values: Any) -> Any:
        """Give numbers as an array of this kind."""

    def number(self, value: Fraction) -> Any:
        """Give a rational number."""

    def constant(self, name: str) -> Any:
        """Give ``pi``, ``e`` or ``undefined``."""

    def function(self, name: str, *args: Any) -> tuple[Any, Flag]:
        """Compute a primitive function, and tell where it is defined and continuous."""

    def held(self, name: str, *args: Any) -> tuple[Any, Flag]:
        """Compute a function as `function` does, of arguments that are constant near the point."""

    def locally_constant(self, name: str, *args: Any) -> Flag:
        """Tell where a step function does not change around its arguments."""

    def power(self, base: Any, exponent: Fraction) -> tuple[Any, Flag]:
        """Raise to a rational power that is no integer."""

    def integer_power(self, base: Any, exponent: int) -> Any:
        """Raise to a positive integer power."""

    def root(self, base: Any, degree: int) -> Any:
        """Give the real root of odd degree."""

    def shift(self, point: Any, number: Any) -> Any:
        """Add a number to the values at each point."""

    def multiply(self, part: Any, point: Any) -> Any:
        """Multiply terms of a series by a number at each point."""

    def divide(self, part: Any, point: Any) -> Any:
        """Divide terms of a series by a number at each point."""

    def convolve(self, a: Any, b: Any, table: Monomials, k: int) -> Any:
        """Give the terms of degree k of a product of two series."""

    def product(self, a: Any, b: Any, table: Monomials) -> Any:
        """Give a product of two series."""

    def choose(self, condition: Any, yes: Any, no: Any) -> Any:
        """Take one series or the other, as a condition at each point is 1 or 0."""

    def choose_flag(self, condition: Any, yes: Flag, no: Flag) -> Flag:
        """Take one flag or the other, as a condition at each point is 1 or 0."""

    def where(self, flag: Flag, yes: Any, no: Any) -> Any:
        """Take one number or the other at each point."""

    def nonzero(self, point: Any) -> Flag:
        """Tell where a number is surely not zero."""

    def positive(self, point: Any) -> Flag:
        """Tell where a number is surely positive."""

    def less(self, point: Any, bound: int) -> Flag:
        """Tell where the size of a number is surely less than a bound."""

    def sinc_remainder(self, count: int) -> int:
        """Tell from which order on to begin a backward recurrence for `count` coefficients."""

    def limit(self, value: Any, bound: Fraction) -> Any:
        """Use that values are known not to exceed a bound in size."""

    def uncertain(self, shape: tuple[int, ...], bound: Fraction) -> Any:
        """Give numbers of which is known only that they don't exceed a bound in size."""

    def finite(self, values: Any) -> NDArray[np.bool_]:
        """Tell which numbers are finite."""

    def forget(self, values: Any, which: NDArray[np.bool_]) -> None:
        """Make numbers unknown at some points of the last axes: NaN, or unbounded intervals."""


class Arrays:
    """What number kinds that live in numpy arrays share."""

    def function(self, name: str, *args: Any) -> tuple[Any, Flag]:
        """Compute a primitive function."""
        raise TypeError(name)

    def held(self, name: str, *args: Any) -> tuple[Any, Flag]:
        """Compute a function of arguments that are constant near the point."""
        return self.function(name, *args)

    def shift(self, point: Any, number: Any) -> Any:
        """Add a number to the values at each point."""
        return point + number

    def multiply(self, part: Any, point: Any) -> Any:
        """Multiply terms of a series by a number at each point."""
        return part * point

    def divide(self, part: Any, point: Any) -> Any:
        """Divide terms of a series by a number at each point."""
        return part / point

    def convolve(self, a: Any, b: Any, table: Monomials, k: int) -> Any:
        """Give the terms of degree k of a product of two series."""
        if table.variables == 1:
            return (a[: k + 1] * b[k::-1]).sum(axis=0)[None]
        left, right, starts = table.pairs(k)
        return np.add.reduceat(a[left] * b[right], starts, axis=0)

    def product(self, a: Any, b: Any, table: Monomials) -> Any:
        """Give a product of two series."""
        if table.variables == 1:
            return np.concatenate([self.convolve(a, b, table, k) for k in range(len(table))])
        return np.add.reduceat(a[table.left] * b[table.right], table.starts, axis=0)

    def choose(self, condition: Any, yes: Any, no: Any) -> Any:
        """Take one series or the other, as a condition at each point is 1 or 0."""
        chosen = np.where(condition != 0, yes, no)
        unknown = condition != condition  # NaN
        return np.where(unknown, np.nan, chosen) if np.any(unknown) else chosen

    def choose_flag(self, condition: Any, yes: Flag, no: Flag) -> Flag:
        """Take one flag or the other, as a condition at each point is 1 or 0."""
        return np.where(condition != 0, yes, no)

    def where(self, flag: Flag, yes: Any, no: Any) -> Any:
        """Take one number or the other at each point."""
        return np.where(flag, yes, no)

    def nonzero(self, point: Any) -> Flag:
        """Tell where a number is not zero."""
        return np.asarray(point != 0, dtype=bool)

    def positive(self, point: Any) -> Flag:
        """Tell where a number is positive."""
        return np.asarray(point > 0, dtype=bool)

    def less(self, point: Any, bound: int) -> Flag:
        """Tell where the size of a number is less than a bound."""
        return abs(point) < bound

    def sinc_remainder(self, count: int) -> int:
        """Tell from which order on to begin a backward recurrence for `count` coefficients."""
        return 2 * count + 40

    def limit(self, value: Any, bound: Fraction) -> Any:
        """Give the value; the bound adds nothing to it."""
        return value

    def uncertain(self, shape: tuple[int, ...], bound: Fraction) -> Any:
        """Give zeros, which stand for what is negligible."""
        return self.zeros(shape)

    def forget(self, values: Any, which: NDArray[np.bool_]) -> None:
        """Make numbers unknown at some points of the last axes: NaN."""
        values[..., which] = self.constant("undefined")

    def constant(self, name: str) -> Any:
        """Give ``pi``, ``e`` or ``undefined``."""
        return {"pi": np.pi, "e": np.e}.get(name, np.nan)

    def zeros(self, shape: tuple[int, ...]) -> Any:
        """Give an array of zeros."""
        return np.zeros(shape)

    def locally_constant(self, name: str, *args: Any) -> Flag:
        """Tell where a step function does not change around its arguments."""
        a = args[0]
        if name in ("floor", "ceil"):
            return np.asarray(a != np.floor(a))
        return np.asarray(a != (args[1] if len(args) > 1 else 0))


class Doubles(Arrays):
    """Double precision, in numpy arrays: undefined values are NaN or infinite."""

    name = "doubles"
    digits = 15.95

    def convert(self, values: Any) -> Any:
        """Give numbers as an array of doubles."""
        return np.array(values, dtype=np.float64)

    def number(self, value: Fraction) -> Any:
        """Give the nearest double."""
        return to_float(value)

    def function(self, name: str, *args: Any) -> tuple[Any, Flag]:
        """Compute a primitive function; where it is undefined its value is NaN or infinite."""
        value = primitives.FUNCTIONS[name][1](*args)
        if name == "atan2":
            return value, np.asarray((args[0] != 0) | (args[1] > 0))
        return value, True

    def power(self, base: Any, exponent: Fraction) -> tuple[Any, Flag]:
        """Raise to a rational power that is no integer."""
        if exponent.denominator == 2:
            root = np.sqrt(base)
            size = primitives.integer_power(root, abs(exponent.numerator))
            return (size if exponent > 0 else 1.0 / size), True
        return np.power(base, to_float(exponent)), True

    def integer_power(self, base: Any, exponent: int) -> Any:
        """Raise to a positive integer power."""
        return primitives.integer_power(base, exponent)

    def root(self, base: Any, degree: int) -> Any:
        """Give the real root of odd degree."""
        return primitives.odd_root(base, degree)

    def convolve(self, a: Any, b: Any, table: Monomials, k: int) -> Any:
        """Give the terms of degree k of a product of two series."""
        if table.variables > 1:
            left, right, starts = table.pairs(k)
            return np.add.reduceat(a[left] * b[right], starts, axis=0)
        if a.ndim == 1 and b.ndim == 1:
            return a[: k + 1] @ b[k::-1]
        return np.einsum("j...,j...->...", a[: k + 1], b[k::-1])[None]

    def product(self, a: Any, b: Any, table: Monomials) -> Any:
        """Give a product of two series."""
        if table.variables > 1:
            return super().product(a, b, table)
        if a.ndim == 1:
            return np.convolve(a, b)[: len(table)]
        return np.concatenate([self.convolve(a, b, table, k) for k in range(len(table))])

    def finite(self, values: Any) -> NDArray[np.bool_]:
        """Tell which numbers are finite."""
        return np.asarray(np.isfinite(values))


DOUBLES = Doubles()
