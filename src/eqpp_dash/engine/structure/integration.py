"""Antiderivatives of a few kinds of expressions, each checked by differentiating it back."""

from __future__ import annotations

from fractions import Fraction

from eqpp_dash.engine.algebra.packed import FactorKey, Quotient, contains, powers
from eqpp_dash.engine.algebra.univariate import Dense, trim
from eqpp_dash.engine.expression.graph import ConstantError, Node
from eqpp_dash.engine.expression.polynomial import TooLargeError
from eqpp_dash.engine.structure.plane import Plane
from eqpp_dash.engine.structure.rational import integrate_rational

#: Powers of a function tried where its derivative may be a factor of the integrand.
GUESSED_POWERS = (0, 1, -1, 2, -2, 3, -3)
MAX_BY_PARTS = 12


class _NoRuleError(Exception):
    """No rule applies."""


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
    except (_NoRuleError, TooLargeError, ConstantError):
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

    def of(self, a: Quotient) -> Node:
        """Give an antiderivative, or raise `_NoRuleError`."""
        if a.is_zero:
            return self.graph.zero
        for rule in (self._direct, self._guess):
            try:
                return rule(a)
            except _NoRuleError:
                continue
        if len(a.above) == 1:
            raise _NoRuleError
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
            raise _NoRuleError
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
        inner = self._plain(moving)
        if n == 0:
            return inner
        if n > MAX_BY_PARTS:
            raise _NoRuleError
        rest = self.of(self.kernels.read(self.graph.multiply(self._power(n - 1), inner)))
        return self.graph.combine([(1, self.graph.multiply(self._power(n), inner)), (-n, rest)])

    def _power(self, n: int) -> Node:
        return self.graph.power_product([(self.v, n)])

    def _slope(self, inside: Node) -> Node:
        """Give the derivative of an argument that is linear in v."""
        slope = self.plane.derivative(inside, self.axis)
        if self.plane.is_zero(slope) or not self.plane.free_of(slope, self.axis):
            raise _NoRuleError
        return slope

    def _plain(self, moving: list[tuple[Node, int]]) -> Node:
        """Integrate powers of functions without a power of v."""
        graph = self.graph
        ops = [node.op for node, _ in moving]
        if all(op == "exp" for op in ops):
            inside = graph.combine((k, node.args[0]) for node, k in moving)
            whole = graph.power_product(moving)
            return graph.divide(whole, self._slope(inside))
        exponentials = [(node, k) for node, k in moving if node.op == "exp"]
        others = [(node, k) for node, k in moving if node.op != "exp"]
        if exponentials and len(others) == 1 and others[0][1] == 1:
            return self._damped_wave(exponentials, others[0][0])
        if exponentials:
            raise _NoRuleError
        if all(op in ("sin", "cos") for op in ops) and len({n.args for n, _ in moving}) == 1:
            return self._wave({n.op: k for n, k in moving}, moving[0][0].args[0], 1)
        if all(op in ("sinh", "cosh") for op in ops) and len({n.args for n, _ in moving}) == 1:
            return self._wave({n.op[:-1]: k for n, k in moving}, moving[0][0].args[0], -1)
        raise _NoRuleError

    def _damped_wave(self, exponentials: list[tuple[Node, int]], wave: Node) -> Node:
        """Integrate exp(a v) sin(b v) and the like."""
        graph = self.graph
        if wave.op not in ("sin", "cos"):
            raise _NoRuleError
        a = self._slope(graph.combine((k, node.args[0]) for node, k in exponentials))
        b = self._slope(wave.args[0])
        other = graph.call("cos" if wave.op == "sin" else "sin", wave.args[0])
        sign = -1 if wave.op == "sin" else 1
        above = graph.combine([(1, graph.multiply(a, wave)), (sign, graph.multiply(b, other))])
        below = graph.add(graph.multiply(a, a), graph.multiply(b, b))
        return graph.multiply(graph.power_product(exponentials), graph.divide(above, below))

    def _wave(self, exponents: dict[str, int], inside: Node, sign: int) -> Node:
        """Integrate cos^i sin^j, j at most 1; sign -1 for the hyperbolic pair."""
        graph, slope = self.graph, self._slope(inside)
        suffix = "" if sign == 1 else "h"
        cosine = graph.call("cos" + suffix, inside)
        sine = graph.call("sin" + suffix, inside)
        i, j = exponents.get("cos", 0), exponents.get("sin", 0)
        if j == 1:
            whole = graph.power_product([(cosine, i + 1), (slope, -1)])
            return graph.scale(Fraction(-sign, i + 1), whole)
        if j or not i:
            raise _NoRuleError
        # int c^i = s c^(i-1)/i + (i-1)/i int c^(i-2), for both pairs
        total: list[tuple[Fraction, Node]] = []
        weight = Fraction(1)
        while i > 0:
            part = graph.power_product([(sine, 1), (cosine, i - 1), (slope, -1)])
            total.append((weight / i, part))
            weight *= Fraction(i - 1, i)
            i -= 2
        if i == 0:
            total.append((weight, self.v))
        return graph.combine(total)

    def _step(self, n: int, node: Node) -> Node:
        """Integrate v^n sign(a v + b), so that the result is continuous."""
        graph, inside = self.graph, node.args[0]
        slope = self._slope(inside)
        # u = a v + b; the integral from the jump is sign(u) (v^(n+1) - v0^(n+1))/(n + 1),
        # a multiple of |u|
        start = graph.subtract(self.v, graph.divide(inside, slope))
        fixed = self.plane.without(start, self.axis)
        if fixed is None:
            raise _NoRuleError
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
        seen: dict[Node, None] = {}
        for p in (a.above, *(dict(key) for key in a.below)):
            for m in p:
                for place, _ in powers(m):
                    if self._moving(place) and place != self.place:
                        node = self.kernels.nodes[place]
                        seen.setdefault(node)
                        if node.op in ("cos", "cosh"):
                            tangent = "tan" if node.op == "cos" else "tanh"
                            seen.setdefault(graph.call(tangent, node.args[0]))
        for key in a.below:
            if len(key) > 1 and self._moves(dict(key)):
                seen.setdefault(self.kernels.write_packed(dict(key)))
        for node in seen:
            slope = self.plane.derivative(node, self.axis)
            if self.plane.is_zero(slope):
                continue
            for k in GUESSED_POWERS:
                trial = graph.power_product([(whole, 1), (node, -k), (slope, -1)])
                if not self.plane.free_of(trial, self.axis):
                    continue
                ratio = self.plane.without(trial, self.axis)
                if ratio is None:
                    continue
                if k == -1:
                    return graph.multiply(ratio, self._log(node))
                power = graph.power_product([(node, k + 1)])
                return graph.scale(Fraction(1, k + 1), graph.multiply(ratio, power))
            found = self._composed(whole, node)
            if found is not None:
                return found
        raise _NoRuleError

    def _composed(self, whole: Node, node: Node) -> Node | None:
        """Integrate node(u) u' where node is a wave."""
        graph = self.graph
        partner = {"sin": (-1, "cos"), "cos": (1, "sin"), "sinh": (1, "cosh"), "cosh": (1, "sinh")}
        if node.op not in partner:
            return None
        inner = self.plane.derivative(node.args[0], self.axis)
        trial = graph.power_product([(whole, 1), (node, -1), (inner, -1)])
        if not self.plane.free_of(trial, self.axis):
            return None
        ratio = self.plane.without(trial, self.axis)
        if ratio is None:
            return None
        sign, name = partner[node.op]
        return graph.scale(sign, graph.multiply(ratio, graph.call(name, node.args[0])))

    def _log(self, node: Node) -> Node:
        return log_size(self.plane, node)


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
