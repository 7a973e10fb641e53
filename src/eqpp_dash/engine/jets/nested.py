"""Truncated polynomials as numbers: series whose coefficients are series in other variables."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.expression.graph import Graph
from eqpp_dash.engine.jets.arithmetic import DOUBLES, Arithmetic, Flag
from eqpp_dash.engine.jets.monomials import Monomials
from eqpp_dash.engine.jets.program import SeriesProgram


class JetNumbers:
    """Numbers that are truncated polynomials, for series in one variable.

    A number at points of shape (...) has the shape (N, ...), a series of them (K, N, ...).

    Parameters
    ----------
    table : Monomials
        Monomials of the numbers.
    base : Arithmetic
        Kind of their coefficients, held in numpy arrays.
    """

    name = "jets"

    def __init__(self, table: Monomials, base: Arithmetic = DOUBLES) -> None:
        self.inner = table
        self.base = base

    @property
    def digits(self) -> float:
        """Decimal digits of the coefficients."""
        return self.base.digits

    def zeros(self, shape: tuple[int, ...]) -> Any:
        """Give an array of zeros."""
        return self.base.zeros(shape)

    def convert(self, values: Any) -> Any:
        """Give numbers as coefficients."""
        return self.base.convert(values)

    def number(self, value: Fraction) -> Any:
        """Give a rational number."""
        return self.base.number(value)

    def constant(self, name: str) -> Any:
        """Give ``pi``, ``e`` or ``undefined``."""
        return self.base.constant(name)

    def shift(self, point: Any, number: Any) -> Any:
        """Add a constant."""
        result = point.copy()
        result[0] = self.base.shift(result[0], number)
        return result

    def _run(self, op: str, data: Any, *args: Any) -> tuple[Any, Flag]:
        program = _program(op, data, len(args))
        state = program.begin(self.base, self.inner, args[0].shape[1:])
        for i, arg in enumerate(args):
            state.series[program.inputs["variable", str(i)]][:] = arg
        program.whole(state)
        return state.series[program.outputs[0]], state.smooth[program.outputs[0]]

    def function(self, name: str, *args: Any) -> tuple[Any, Flag]:
        """Compose with a primitive function."""
        return self._run("pow" if name == "power" else name, None, *args)

    def held(self, name: str, *args: Any) -> tuple[Any, Flag]:
        """Compute a function of arguments that are constant near the point."""
        result = self.base.zeros(args[0].shape)
        result[0], smooth = self.base.function(name, *(arg[0] for arg in args))
        return result, smooth

    def locally_constant(self, name: str, *args: Any) -> Flag:
        """Tell where a step function does not change around its arguments."""
        return self.base.locally_constant(name, *(arg[0] for arg in args))

    def power(self, base: Any, exponent: Fraction) -> tuple[Any, Flag]:
        """Raise to a rational power that is no integer."""
        return self._run("pow", exponent, base)

    def integer_power(self, base: Any, exponent: int) -> Any:
        """Raise to a positive integer power."""
        return self._run("product", (exponent,), base)[0]

    def root(self, base: Any, degree: int) -> Any:
        """Give the real root of odd degree."""
        return self._run("root", degree, base)[0]

    def multiply(self, part: Any, point: Any) -> Any:
        """Multiply one number, or terms of a series, by a number at each point."""
        if part.ndim == point.ndim:
            return self.base.product(part, point, self.inner)
        return np.stack([self.base.product(term, point, self.inner) for term in part])

    def divide(self, part: Any, point: Any) -> Any:
        """Divide one number, or terms of a series, by a number at each point."""
        if part.ndim == point.ndim:
            return self._run("product", (1, -1), part, point)[0]
        return np.stack([self.divide(term, point) for term in part])

    def convolve(self, a: Any, b: Any, table: Monomials, k: int) -> Any:
        """Give the terms of degree k of a product of two series in one variable."""
        left, right, starts = self.inner.left, self.inner.right, self.inner.starts
        if self.base is DOUBLES:
            terms = np.einsum("j...,j...->...", a[: k + 1, left], b[k::-1, right])
        else:
            terms = (a[: k + 1, left] * b[k::-1, right]).sum(axis=0)
        return np.add.reduceat(terms, starts, axis=0)[None]

    def product(self, a: Any, b: Any, table: Monomials) -> Any:
        """Give a product of two series in one variable."""
        return np.concatenate([self.convolve(a, b, table, k) for k in range(len(table))])

    def choose(self, condition: Any, yes: Any, no: Any) -> Any:
        """Take one or the other by the constant term of a condition."""
        return self.base.choose(condition[0], yes, no)

    def choose_flag(self, condition: Any, yes: Flag, no: Flag) -> Flag:
        """Take one flag or the other by the constant term of a condition."""
        return self.base.choose_flag(condition[0], yes, no)

    def where(self, flag: Flag, yes: Any, no: Any) -> Any:
        """Take one number or the other at each point."""
        return self.base.where(flag, yes, no)

    def nonzero(self, point: Any) -> Flag:
        """Tell where the constant term is not zero."""
        return self.base.nonzero(point[0])

    def positive(self, point: Any) -> Flag:
        """Tell where the constant term is positive."""
        return self.base.positive(point[0])

    def less(self, point: Any, bound: int) -> Flag:
        """Tell where the size of the constant term is less than a bound."""
        return self.base.less(point[0], bound)

    def sinc_remainder(self, count: int) -> int:
        """Tell from which order on to begin a backward recurrence for `count` coefficients."""
        return self.base.sinc_remainder(count + self.inner.degree)

    def limit(self, value: Any, bound: Fraction) -> Any:
        """Give the value."""
        return value

    def uncertain(self, shape: tuple[int, ...], bound: Fraction) -> Any:
        """Give zeros, which stand for what is negligible."""
        return self.base.zeros(shape)

    def finite(self, values: Any) -> NDArray[np.bool_]:
        """Tell which coefficients are finite."""
        return self.base.finite(values)

    def forget(self, values: Any, which: NDArray[np.bool_]) -> None:
        """Make numbers unknown at some points of the last axes."""
        self.base.forget(values, which)


@lru_cache(maxsize=256)
def _program(op: str, data: Any, count: int) -> SeriesProgram:
    """Give the rules of one operation on symbols."""
    graph = Graph()
    symbols = [graph.symbol("variable", str(i)) for i in range(count)]
    if op == "product":
        node = graph.power_product(zip(symbols, data, strict=True))
    elif op == "root":
        node = graph.root(symbols[0], data)
    elif op == "pow":
        node = graph.power(symbols[0], symbols[1] if data is None else graph.constant(data))
    else:
        node = graph.call(op, *symbols)
    return SeriesProgram([node])
