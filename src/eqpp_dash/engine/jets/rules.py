"""Registers of series, and the rules of arithmetic and of branches that fill them in."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from eqpp_dash.engine.expression.interval import both
from eqpp_dash.engine.jets.arithmetic import Arithmetic, Flag
from eqpp_dash.engine.jets.monomials import Monomials


class State:
    """The series that are being computed, one a register.

    Attributes
    ----------
    arithmetic : Arithmetic
        Kind of the coefficients.
    table : Monomials
        Monomials of the series.
    series : list
        Coefficients, shape (N, ...).
    smooth : list
        Where each function is smooth.
    defined : list
        Where it is known to be defined, as far as the number kind tells that beforehand.
    numbers : list
        Rational constants of the rules.
    """

    __slots__ = ("arithmetic", "defined", "numbers", "series", "smooth", "table")

    def __init__(
        self, arithmetic: Arithmetic, table: Monomials, numbers: list[Any], series: list[Any]
    ) -> None:
        self.arithmetic = arithmetic
        self.table = table
        self.numbers = numbers
        self.series = series
        self.smooth: list[Flag] = [True] * len(series)
        self.defined: list[Flag] = [True] * len(series)


class Rule:
    """How one register follows from others.

    Parameters
    ----------
    out : int
        The register that is filled in.
    args : sequence of int
        Those that it follows from.
    """

    def __init__(self, out: int, *args: int) -> None:
        self.out = out
        self.args = args

    def part(self, state: State, k: int) -> None:
        """Fill in the terms of degree k."""
        raise TypeError(type(self).__name__)

    def whole(self, state: State) -> None:
        """Fill in all terms."""
        for k in range(state.table.degree + 1):
            self.part(state, k)

    def mark(self, state: State, smooth: Flag = True, defined: Flag = True) -> None:
        """Note where the result is smooth and defined: where this rule and all operands are."""
        for arg in self.args:
            smooth = both(smooth, state.smooth[arg])
            defined = both(defined, state.defined[arg])
        state.smooth[self.out] = smooth
        state.defined[self.out] = defined


class Constant(Rule):
    """A rational number or, by name, ``pi``, ``e`` or a function of constants."""

    def __init__(self, out: int, value: Fraction | str, *args: int) -> None:
        super().__init__(out, *args)
        self._value = value

    def part(self, state: State, k: int) -> None:
        """Fill in the value."""
        if k:
            return
        kind, value, out = state.arithmetic, self._value, state.series[self.out]
        if self.args:
            out[0], _ = kind.function(str(value), *(state.series[arg][0] for arg in self.args))
            return
        number = kind.constant(value) if isinstance(value, str) else kind.number(value)
        out[0] = kind.shift(kind.zeros(out[0].shape), number)


class LinearCombination(Rule):
    """A sum of multiples; the last may be a constant alone."""

    def __init__(self, out: int, terms: Sequence[tuple[int | None, int]], constant: int | None):
        """Take pairs of the number of a coefficient, None for 1, and a register."""
        super().__init__(out, *(register for _, register in terms))
        self._terms = terms
        self._constant = constant

    def part(self, state: State, k: int) -> None:
        """Fill in the terms of degree k."""
        self._fill(state, state.table.parts[k])
        if k == 0:
            self._finish(state)

    def whole(self, state: State) -> None:
        """Fill in all terms."""
        self._fill(state, slice(None))
        self._finish(state)

    def _fill(self, state: State, part: slice) -> None:
        total = None
        for number, register in self._terms:
            term = state.series[register][part]
            if number is not None:
                term = term * state.numbers[number]
            total = term if total is None else total + term
        state.series[self.out][part] = total

    def _finish(self, state: State) -> None:
        if self._constant is not None:
            out = state.series[self.out]
            out[0] = state.arithmetic.shift(out[0], state.numbers[self._constant])
        self.mark(state)


class Product(Rule):
    """A product; where it is a power of one series, its first term is computed as a power."""

    def __init__(self, out: int, a: int, b: int, power: tuple[int, int] | None = None) -> None:
        super().__init__(out, a, b)
        self._power = power

    def part(self, state: State, k: int) -> None:
        """Fill in the terms of degree k."""
        a, b = (state.series[arg] for arg in self.args)
        out, kind = state.series[self.out], state.arithmetic
        if k == 0 and self._power is not None:
            base, exponent = self._power
            out[0] = kind.integer_power(state.series[base][0], exponent)
        else:
            out[state.table.parts[k]] = kind.convolve(a, b, state.table, k)
        if k == 0:
            self.mark(state)

    def whole(self, state: State) -> None:
        """Fill in all terms."""
        a, b = (state.series[arg] for arg in self.args)
        state.series[self.out][:] = state.arithmetic.product(a, b, state.table)
        if self._power is not None:
            self.part(state, 0)
        self.mark(state)


class Scaling(Rule):
    """A product with a series that is constant."""

    def part(self, state: State, k: int) -> None:
        """Fill in the terms of degree k."""
        self._fill(state, state.table.parts[k])
        if k == 0:
            self.mark(state)

    def whole(self, state: State) -> None:
        """Fill in all terms."""
        self._fill(state, slice(None))
        self.mark(state)

    def _fill(self, state: State, part: slice) -> None:
        factor, series = (state.series[arg] for arg in self.args)
        state.series[self.out][part] = state.arithmetic.multiply(series[part], factor[0])


class Quotient(Rule):
    """A quotient: the terms of degree k of f b = a, solved for those of f."""

    def part(self, state: State, k: int) -> None:
        """Fill in the terms of degree k."""
        a, b = (state.series[arg] for arg in self.args)
        out, kind, part = state.series[self.out], state.arithmetic, state.table.parts[k]
        if k:
            out[part] = 0
            out[part] = kind.divide(a[part] - kind.convolve(b, out, state.table, k), b[0])
        else:
            out[part] = kind.divide(a[part], b[0])
            safe = kind.nonzero(b[0])
            self.mark(state, safe, safe)


class Euler(Rule):
    """The Euler operator: terms of degree k times k."""

    def part(self, state: State, k: int) -> None:
        """Fill in the terms of degree k."""
        part = state.table.parts[k]
        if k:
            state.series[self.out][part] = state.series[self.args[0]][part] * k


class Step(Rule):
    """A function that is constant near the point: sign, floor, ceil, heaviside, a comparison."""

    def __init__(self, out: int, name: str, *args: int) -> None:
        super().__init__(out, *args)
        self._name = name

    def part(self, state: State, k: int) -> None:
        """Fill in the value."""
        if k == 0:
            values, kind = [state.series[arg][0] for arg in self.args], state.arithmetic
            state.series[self.out][0] = kind.function(self._name, *values)[0]
            self.mark(state, kind.locally_constant(self._name, *values))


class Held(Rule):
    """A function of series that are constant near the point, a jump or kink of its own or not."""

    def __init__(self, out: int, name: str, *args: int) -> None:
        super().__init__(out, *args)
        self._name = name

    def part(self, state: State, k: int) -> None:
        """Fill in the value."""
        if k == 0:
            values = [state.series[arg][0] for arg in self.args]
            state.series[self.out][0], smooth = state.arithmetic.held(self._name, *values)
            self.mark(state, smooth)


class Choice(Rule):
    """One of two series, by a condition: registers of the condition, of yes and of no."""

    def part(self, state: State, k: int) -> None:
        """Fill in the terms of degree k."""
        condition, yes, no = (state.series[arg] for arg in self.args)
        part, kind = state.table.parts[k], state.arithmetic
        state.series[self.out][part] = kind.choose(condition[0], yes[part], no[part])
        if k == 0:
            for flags in (state.smooth, state.defined):
                decided, first, second = (flags[arg] for arg in self.args)
                chosen: Flag = True
                if first is not True or second is not True:
                    chosen = kind.choose_flag(condition[0], first, second)
                flags[self.out] = both(decided, chosen)


class Refined(Rule):
    """A series whose first term is computed anew, by a function of other registers' first terms.

    The first register is the series; the others are the arguments of the function.
    """

    def __init__(self, out: int, name: str, *args: int) -> None:
        super().__init__(out, *args)
        self._name = name

    def part(self, state: State, k: int) -> None:
        """Fill in the terms of degree k."""
        part, out = state.table.parts[k], state.series[self.out]
        if k:
            out[part] = state.series[self.args[0]][part]
        else:
            values = [state.series[arg][0] for arg in self.args[1:]]
            out[0], smooth = state.arithmetic.function(self._name, *values)
            self.mark(state, smooth)
