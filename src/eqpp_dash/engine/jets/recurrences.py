"""Recurrences for the coefficients of functions of series, degree by degree.

With the Euler operator D = sum_i s_i d/ds_i, which multiplies the terms of degree k by k, the
chain rule reads D f(u) = f'(u) D u. So each elementary function has a recurrence for its terms of
degree k from those of lower degree, in one variable or in several: A. Griewank, A. Walther,
Evaluating Derivatives, 2nd ed., SIAM 2008, section 13.2 (one variable); A. Haro et al., The
Parameterization Method for Invariant Manifolds, Springer 2016, chapter 2 (several). A degree may
be computed again with other operands: no rule relies on terms that are not yet known.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from eqpp_dash.engine.expression.interval import both
from eqpp_dash.engine.jets.arithmetic import Flag
from eqpp_dash.engine.jets.rules import Rule, State
from eqpp_dash.engine.jets.sincseries import sinc_series


class Primitive(Rule):
    """A function with D f = g D u, where g = f'(u) is another series: arguments u, D u, g."""

    def __init__(self, out: int, name: str, *args: int) -> None:
        super().__init__(out, *args)
        self._name = name

    def part(self, state: State, k: int) -> None:
        """Fill in the terms of degree k."""
        u, du, g = (state.series[arg] for arg in self.args)
        out, kind = state.series[self.out], state.arithmetic
        if k:
            out[state.table.parts[k]] = kind.convolve(g, du, state.table, k) / k
        else:
            out[0], smooth = kind.function(self._name, u[0])
            self.mark(state, smooth)
            # at the end of a domain the derivative g may have a pole
            state.defined[self.out] = both(smooth, state.defined[self.args[0]])


class Exponential(Rule):
    """exp(u) from u and D u; with a third and fourth register b and v, b**v, where u = v log b."""

    def part(self, state: State, k: int) -> None:
        """Fill in the terms of degree k."""
        out, kind = state.series[self.out], state.arithmetic
        if k:
            du = state.series[self.args[1]]
            out[state.table.parts[k]] = kind.convolve(out, du, state.table, k) / k
            return
        if len(self.args) == 2:
            out[0], smooth = kind.function("exp", state.series[self.args[0]][0])
        else:
            base, exponent = (state.series[arg][0] for arg in self.args[2:])
            out[0], smooth = kind.function("power", base, exponent)
        self.mark(state, smooth, smooth)


class Waves(Rule):
    """sin and cos, or sinh and cosh, together; `other` is the register of the second."""

    def __init__(self, out: int, other: int, hyperbolic: bool, u: int, du: int) -> None:
        super().__init__(out, u, du)
        self.other = other
        self._names = ("sinh", "cosh") if hyperbolic else ("sin", "cos")
        self._sign = 1 if hyperbolic else -1

    def part(self, state: State, k: int) -> None:
        """Fill in the terms of degree k."""
        u, du = (state.series[arg] for arg in self.args)
        sine, cosine = state.series[self.out], state.series[self.other]
        kind, part = state.arithmetic, state.table.parts[k]
        if k:
            sine[part] = kind.convolve(cosine, du, state.table, k) / k
            cosine[part] = kind.convolve(sine, du, state.table, k) / (self._sign * k)
        else:
            sine[0], smooth = kind.function(self._names[0], u[0])
            cosine[0], _ = kind.function(self._names[1], u[0])
            self.mark(state, smooth)
            state.smooth[self.other] = state.smooth[self.out]
            state.defined[self.other] = state.defined[self.out]


class Tangent(Rule):
    """tan or tanh, with its derivative 1 + f^2 or 1 - f^2 in the register `slope`."""

    def __init__(self, out: int, slope: int, hyperbolic: bool, u: int, du: int) -> None:
        super().__init__(out, u, du)
        self.slope = slope
        self._name, self._sign = ("tanh", -1) if hyperbolic else ("tan", 1)

    def part(self, state: State, k: int) -> None:
        """Fill in the terms of degree k."""
        u, du = (state.series[arg] for arg in self.args)
        out, slope, kind = state.series[self.out], state.series[self.slope], state.arithmetic
        part, table = state.table.parts[k], state.table
        if k:
            out[part] = kind.convolve(slope, du, table, k) / k
            slope[part] = kind.convolve(out, out, table, k) * self._sign
        else:
            out[0], smooth = kind.function(self._name, u[0])
            slope[0] = kind.shift(kind.integer_power(out[0], 2) * self._sign, 1)
            self.mark(state, smooth, smooth)


class Power(Rule):
    """u**a for a constant a: u D f = a f D u; registers u, D u and, if a is no rational number, a.

    With a degree it is the real root of that odd degree. `slope` is the register of D f.
    """

    def __init__(
        self, out: int, slope: int, exponent: Fraction | None, degree: int, *args: int
    ) -> None:
        super().__init__(out, *args)
        self.slope = slope
        self._exponent = exponent
        self._degree = degree

    def part(self, state: State, k: int) -> None:
        """Fill in the terms of degree k."""
        u, du = (state.series[arg] for arg in self.args[:2])
        out, slope, kind = state.series[self.out], state.series[self.slope], state.arithmetic
        part, table = state.table.parts[k], state.table
        exponent = self._exponent
        if k == 0:
            smooth: Flag = True
            if self._degree:
                out[0] = kind.root(u[0], self._degree)
                self.mark(state, kind.nonzero(u[0]))
                return
            if exponent is not None:
                out[0], smooth = kind.power(u[0], exponent)
            else:
                out[0], smooth = kind.function("power", u[0], state.series[self.args[2]][0])
            self.mark(state, both(smooth, kind.positive(u[0])), smooth)
            return
        slope[part] = 0
        driven = kind.convolve(out, du, table, k)
        if exponent is not None:
            driven = driven * kind.number(exponent)
        else:
            driven = kind.multiply(driven, state.series[self.args[2]][0])
        slope[part] = kind.divide(driven - kind.convolve(u, slope, table, k), u[0])
        out[part] = slope[part] / k


class Angle(Rule):
    """atan2(y, x): w D f = x D y - y D x with w = x^2 + y^2; registers y, x, D y, D x, w."""

    def __init__(self, out: int, slope: int, *args: int) -> None:
        super().__init__(out, *args)
        self.slope = slope

    def part(self, state: State, k: int) -> None:
        """Fill in the terms of degree k."""
        y, x, dy, dx, w = (state.series[arg] for arg in self.args)
        out, slope, kind = state.series[self.out], state.series[self.slope], state.arithmetic
        part, table = state.table.parts[k], state.table
        if k == 0:
            out[0], smooth = kind.function("atan2", y[0], x[0])
            self.mark(state, smooth)
            return
        slope[part] = 0
        turning = kind.convolve(x, dy, table, k) - kind.convolve(y, dx, table, k)
        slope[part] = kind.divide(turning - kind.convolve(w, slope, table, k), w[0])
        out[part] = slope[part] / k


class Composition(Rule):
    """sin(u)/u, or its derivative, by its own Taylor series in v = u - u_0.

    Its differential equation is singular at u = 0, so that a recurrence of the usual sort divides
    by zero there. `outer` is the register of that series, `powers` that of v, v^2, ...
    """

    def __init__(self, out: int, outer: int, powers: int, slope: bool, u: int) -> None:
        super().__init__(out, u)
        self.outer, self.powers = outer, powers
        self._slope = slope

    def part(self, state: State, k: int) -> None:
        """Fill in the terms of degree k."""
        kind, table = state.arithmetic, state.table
        u, out = state.series[self.args[0]], state.series[self.out]
        if k == 0:
            self._begin(state, u)
            return
        part, outer, powers = table.parts[k], state.series[self.outer], state.series[self.powers]
        powers[0][part] = u[part]
        total = kind.multiply(u[part], outer[1])
        for j in range(1, k):
            powers[j][part] = kind.convolve(powers[j - 1], powers[0], table, k)
            total = total + kind.multiply(powers[j][part], outer[j + 1])
        out[part] = total

    def _begin(self, state: State, u: Any) -> None:
        kind, degree = state.arithmetic, state.table.degree
        outer = sinc_series(kind, u[0], degree + 2)
        if self._slope:
            outer = [outer[j + 1] * (j + 1) for j in range(degree + 1)]
        state.series[self.outer] = outer
        state.series[self.powers] = [kind.zeros(u.shape) for _ in range(degree)]
        state.series[self.out][0] = outer[0]
        self.mark(state)
