"""Antiderivatives of a few kinds of expressions, each checked by differentiating it back."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from eqpp_dash.engine.algebra.packed import FactorKey, Quotient, contains, powers
from eqpp_dash.engine.algebra.univariate import Dense, trim
from eqpp_dash.engine.expression.graph import ConstantError, Node
from eqpp_dash.engine.expression.polynomial import TooLargeError
from eqpp_dash.engine.expression.tape import Tape
from eqpp_dash.engine.structure.plane import Plane
from eqpp_dash.engine.structure.rational import integrate_rational
from eqpp_dash.engine.structure.waves import NoRuleError, Waves

#: Powers of a function tried where its derivative may be a factor of the integrand.
GUESSED_POWERS = (0, 1, -1, 2, -2, 3, -3)
MAX_BY_PARTS = 12
#: Where an integrand is looked at before a guess is examined.
TRIAL_POINTS = (0.2913, 0.5377, 0.8391, 1.3717, -0.6119)
#: The antiderivatives of the waves: sign and name.
PARTNERS = {"sin": (-1, "cos"), "cos": (1, "sin"), "sinh": (1, "cosh"), "cosh": (1, "sinh")}


def antiderivative(plane: Plane, node: Node, axis: int) -> Node | None:
    """Find an antiderivative by one variable, the other held fixed.

    Parameters
    ----------
    plane : Plane
        The plane.
    node : Node
        The integrand.
    axis : int
        The variable of integration.

    Returns
    -------
    Node or None
        An expression whose derivative is proved to be the integrand; continuous across the
        jumps of the integrand. None where no rule applies.
    """
    try:
        found = _Integral(plane, axis).of(plane.read(node))
        slope = plane.derivative(found, axis)
        return found if plane.is_zero(plane.graph.subtract(slope, node)) else None
    except (NoRuleError, TooLargeError, ConstantError):
        return None


def potential(plane: Plane, p: Node, q: Node) -> Node | None:
    """Integrate a closed form: find H with H_x = p and H_y = q.

    Returns
    -------
    Node or None
        An expression proved to have these derivatives.
    """
    for first, other in ((1, 0), (0, 1)):
        parts = (p, q)
        inner = antiderivative(plane, parts[first], first)
        if inner is None:
            continue
        try:
            rest = plane.graph.subtract(parts[other], plane.derivative(inner, other))
            if not plane.free_of(rest, first):
                return None
            alone = plane.without(rest, first)
            outer = None if alone is None else antiderivative(plane, alone, other)
            if outer is None:
                continue
            whole = plane.graph.add(inner, outer)
            if all(
                plane.is_zero(plane.graph.subtract(plane.derivative(whole, axis), part))
                for axis, part in enumerate(parts)
            ):
                return whole
        except (TooLargeError, ConstantError):
            continue
    return None


class _Integral:
    """Rules for integrands with respect to one variable v."""

    def __init__(self, plane: Plane, axis: int) -> None:
        self.plane = plane
        self.graph = plane.graph
        self.kernels = plane.kernels
        self.v = plane.variables[axis]
        self.axis = axis
        self.place = plane.kernels.place_of(self.v)
        self.waves = Waves(plane, axis)

    def of(self, a: Quotient) -> Node:
        """Give an antiderivative, or raise `NoRuleError`."""
        if a.is_zero:
            return self.graph.zero
        for rule in (self._direct, self._guess):
            try:
                return rule(a)
            except NoRuleError:
                continue
        if len(a.above) == 1:
            raise NoRuleError
        one = self.kernels.constant(Fraction(1))
        return self.graph.add(
            *(
                self.of(self.kernels.multiply(Quotient({m: c}, a.below), one))
                for m, c in a.above.items()
            )
        )

    def _direct(self, a: Quotient) -> Node:
        """Integrate term by term, or a quotient of polynomials."""
        moving = {key: k for key, k in a.below.items() if self._moves(dict(key))}
        fixed = {key: k for key, k in a.below.items() if key not in moving}
        exponentials = self._exponentials(moving)
        if len(exponentials) == len(moving):
            terms = [self._term(m, c, exponentials) for m, c in a.above.items()]
            return self.graph.multiply(
                self.graph.add(*terms), self.kernels.write(Quotient({0: 1}, fixed))
            )
        whole = self._rational(a, moving, fixed)
        if whole is None:
            raise NoRuleError
        return whole

    def _exponentials(self, moving: dict[FactorKey, int]) -> list[tuple[Node, int]]:
        """List the exponentials among factors of the denominator, as factors above it."""
        found = []
        for key, k in moving.items():
            pairs = list(powers(key[0][0]))
            if len(key) == 1 and len(pairs) == 1:
                node = self.kernels.nodes[pairs[0][0]]
                if node.op == "exp":
                    found.append((node, -k))
        return found

    def _moves(self, p: dict[int, int]) -> bool:
        return any(self._moving(place) for m in p for place, _ in powers(m))

    def _moving(self, place: int) -> bool:
        return contains(self.kernels.nodes[place], self.v)

    def _rational(
        self,
        a: Quotient,
        moving: dict[FactorKey, int],
        fixed: dict[FactorKey, int],
    ) -> Node | None:
        """Integrate quotients of polynomials in v alone, term by term in what is fixed."""
        below: list[tuple[Dense, int]] = []
        for key, k in moving.items():
            dense = self._dense(dict(key))
            if dense is None:
                return None
            below.append((dense, k))
        groups: dict[int, dict[int, int]] = {}
        for m, c in a.above.items():
            rest = 0
            degree = 0
            for place, k in powers(m):
                if place == self.place:
                    degree = k
                elif self._moving(place):
                    return None
                else:
                    rest += self._monomial(place, k)
            groups.setdefault(rest, {})[degree] = c
        parts = []
        for rest, values in groups.items():
            above = [values.get(i, 0) for i in range(max(values) + 1)]
            found = integrate_rational(self.graph, self.v, above, below, self.plane.work)
            if found is None:
                return None
            parts.append(self.graph.multiply(self.kernels.write_packed({rest: 1}), found))
        whole = self.graph.add(*parts)
        return self.graph.multiply(whole, self.kernels.write(Quotient({0: 1}, fixed)))

    def _dense(self, p: dict[int, int]) -> Dense | None:
        """Give a polynomial in v alone by its coefficients; None with other kernels."""
        values: dict[int, int] = {}
        for m, c in p.items():
            pairs = list(powers(m))
            if any(place != self.place for place, _ in pairs):
                return None
            values[pairs[0][1] if pairs else 0] = c
        return trim([values.get(i, 0) for i in range(max(values) + 1)])

    def _monomial(self, place: int, k: int) -> int:
        ((monomial, _),) = self.kernels.power(
            Quotient(dict(self.kernels.read(self.kernels.nodes[place]).above), {}), k
        ).above.items()
        return monomial

    def _term(self, monomial: int, c: int, others: list[tuple[Node, int]]) -> Node:
        """Integrate c times a product of powers of kernels, and of other functions."""
        fixed: list[tuple[Node, int]] = [(self.graph.constant(c), 1)]
        moving = list(others)
        n = 0
        for place, k in powers(monomial):
            node = self.kernels.nodes[place]
            if place == self.place:
                n = k
            elif self._moving(place):
                moving.append((node, k))
            else:
                fixed.append((node, k))
        return self.graph.multiply(self.graph.power_product(fixed), self._product(n, moving))

    def _product(self, n: int, moving: list[tuple[Node, int]]) -> Node:
        """Integrate v^n times powers of functions of v."""
        if not moving:
            return self.graph.scale(Fraction(1, n + 1), self._power(n + 1))
        if len(moving) == 1 and moving[0][1] == 1 and moving[0][0].op == "sign":
            return self._step(n, moving[0][0])
        if len(moving) == 1 and moving[0][1] == 1 and moving[0][0].op == "log":
            return self._logarithm(n, moving[0][0])
        scaled = self._homogeneous(n, moving)
        if scaled is not None:
            return scaled
        inner = self.waves.integrate(moving)
        if n == 0:
            return inner
        if n > MAX_BY_PARTS:
            raise NoRuleError
        rest = self.of(self.kernels.read(self.graph.multiply(self._power(n - 1), inner)))
        return self.graph.combine([(1, self.graph.multiply(self._power(n), inner)), (-n, rest)])

    def _power(self, n: int) -> Node:
        return self.graph.power_product([(self.v, n)])

    def _step(self, n: int, node: Node) -> Node:
        """Integrate v^n sign(a v + b), so that the result is continuous."""
        graph, inside = self.graph, node.args[0]
        slope = self.waves.slope(inside)
        # u = a v + b; the integral from the jump is sign(u) (v^(n+1) - v0^(n+1))/(n + 1),
        # a multiple of |u|
        start = graph.subtract(self.v, graph.divide(inside, slope))
        fixed = self.plane.without(start, self.axis)
        if fixed is None:
            raise NoRuleError
        steps = [graph.power_product([(self.v, i), (fixed, n - i)]) for i in range(n + 1)]
        size = graph.divide(graph.call("abs", inside), slope)
        return graph.scale(Fraction(1, n + 1), graph.multiply(size, graph.add(*steps)))

    def _logarithm(self, n: int, node: Node) -> Node:
        """Integrate v^n log(u) by parts."""
        graph = self.graph
        whole = graph.scale(Fraction(1, n + 1), self._power(n + 1))
        slope = self.plane.derivative(node, self.axis)
        rest = self.of(self.kernels.read(graph.multiply(whole, slope)))
        return graph.subtract(graph.multiply(whole, node), rest)

    def _homogeneous(self, n: int, moving: list[tuple[Node, int]]) -> Node | None:
        """Integrate a product that is a real power of |v|: v F' = e F gives v F/(e + 1)."""
        if any(node.op not in ("pow", "root", "sign") for node, _ in moving):
            return None
        graph = self.graph
        whole = graph.power_product([(self.v, n), *moving])
        slope = self.plane.derivative(whole, self.axis)
        ratio = graph.divide(graph.multiply(self.v, slope), whole)
        quotient = self.kernels.read(ratio)
        tidy = self.kernels.write(quotient)
        if tidy.op != "const" or tidy.data == -1:
            return None
        return graph.scale(1 / (tidy.data + 1), graph.multiply(self.v, whole))

    def _guess(self, a: Quotient) -> Node:
        """Integrate h(u) u' for the functions u that occur."""
        graph = self.graph
        whole = self.kernels.write(a)
        for node in self._inner_functions(a):
            slope = self.plane.derivative(node, self.axis)
            if self.plane.is_zero(slope):
                continue
            for k in self._likely_powers(whole, node, slope):
                ratio = self._free_ratio([(whole, 1), (node, -k), (slope, -1)])
                if ratio is None:
                    continue
                if k == -1:
                    return graph.multiply(ratio, log_size(self.plane, node))
                power = graph.power_product([(node, k + 1)])
                return graph.scale(Fraction(1, k + 1), graph.multiply(ratio, power))
            if node.op in PARTNERS:
                inner = self.plane.derivative(node.args[0], self.axis)
                if 0 in self._likely_powers(whole, node, graph.multiply(node, inner)):
                    ratio = self._free_ratio([(whole, 1), (node, -1), (inner, -1)])
                    if ratio is not None:
                        sign, name = PARTNERS[node.op]
                        outer = graph.call(name, node.args[0])
                        return graph.scale(sign, graph.multiply(ratio, outer))
        raise NoRuleError

    def _inner_functions(self, a: Quotient) -> list[Node]:
        """List the functions of v in an integrand."""
        seen: dict[Node, None] = {}
        for p in (a.above, *(dict(key) for key in a.below)):
            for m in p:
                for place, _ in powers(m):
                    if self._moving(place) and place != self.place:
                        node = self.kernels.nodes[place]
                        seen.setdefault(node)
                        if node.op in ("cos", "cosh"):
                            tangent = "tan" if node.op == "cos" else "tanh"
                            seen.setdefault(self.graph.call(tangent, node.args[0]))
        for key in a.below:
            if len(key) > 1 and self._moves(dict(key)):
                seen.setdefault(self.kernels.write_packed(dict(key)))
        return list(seen)

    def _likely_powers(self, whole: Node, node: Node, slope: Node) -> list[int]:
        """Leave out the powers for which whole/(node^k slope) depends on v, seen by its values."""
        x = np.full((2, len(TRIAL_POINTS)), 0.7316)
        x[self.axis] = TRIAL_POINTS
        with np.errstate(all="ignore"):
            w, u, s = Tape([whole, node, slope], self.plane.names).evaluate(0.0, x)
            kept = []
            for k in GUESSED_POWERS:
                ratio = w / (u**k * s)
                ratio = ratio[np.isfinite(ratio)]
                if not len(ratio) or np.ptp(ratio) <= 1e-6 * np.abs(ratio).max():
                    kept.append(k)
        return kept

    def _free_ratio(self, factors: list[tuple[Node, int]]) -> Node | None:
        """Give a product that is proved to be free of v, without v."""
        trial = self.graph.power_product(factors)
        if not self.plane.free_of(trial, self.axis):
            return None
        return self.plane.without(trial, self.axis)


def log_size(plane: Plane, node: Node) -> Node:
    """Give log(|u|), without the bars where u is positive by its form."""
    graph = plane.graph
    if node.op in ("exp", "cosh") or _positive(node):
        return graph.call("log", node)
    return graph.call("log", graph.call("abs", node))


def _positive(node: Node) -> bool:
    """Tell whether a sum is positive by its form, where it is not zero: even powers."""
    if node.op == "const":
        return bool(node.data > 0)
    if node.op != "sum":
        return False
    return all(
        c > 0
        and (
            arg.op in ("const", "exp", "cosh")
            or (arg.op == "product" and all(k % 2 == 0 for k in arg.data))
        )
        for c, arg in zip(node.data, node.args, strict=True)
    )
