"""Antiderivatives of exponentials and waves of arguments that are linear in the variable."""

from __future__ import annotations

from fractions import Fraction

from eqpp_dash.engine.expression.graph import Node
from eqpp_dash.engine.structure.plane import Plane


class NoRuleError(Exception):
    """No rule applies."""


class Waves:
    """Rules for products of exponentials and waves of one variable.

    Parameters
    ----------
    plane : Plane
        The plane.
    axis : int
        The variable of integration.
    """

    def __init__(self, plane: Plane, axis: int) -> None:
        self.plane = plane
        self.graph = plane.graph
        self.v = plane.variables[axis]
        self.axis = axis

    def slope(self, inside: Node) -> Node:
        """Give the derivative of an argument that is linear in v."""
        slope = self.plane.derivative(inside, self.axis)
        if self.plane.is_zero(slope) or not self.plane.free_of(slope, self.axis):
            raise NoRuleError
        return slope

    def integrate(self, moving: list[tuple[Node, int]]) -> Node:
        """Integrate powers of functions without a power of v."""
        graph = self.graph
        ops = [node.op for node, _ in moving]
        if all(op == "exp" for op in ops):
            inside = graph.combine((k, node.args[0]) for node, k in moving)
            whole = graph.power_product(moving)
            return graph.divide(whole, self.slope(inside))
        exponentials = [(node, k) for node, k in moving if node.op == "exp"]
        others = [(node, k) for node, k in moving if node.op != "exp"]
        if exponentials and len(others) == 1 and others[0][1] == 1:
            return self._damped_wave(exponentials, others[0][0])
        if exponentials:
            raise NoRuleError
        if all(op in ("sin", "cos") for op in ops) and len({n.args for n, _ in moving}) == 1:
            return self._wave({n.op: k for n, k in moving}, moving[0][0].args[0], 1)
        if all(op in ("sinh", "cosh") for op in ops) and len({n.args for n, _ in moving}) == 1:
            return self._wave({n.op[:-1]: k for n, k in moving}, moving[0][0].args[0], -1)
        raise NoRuleError

    def _damped_wave(self, exponentials: list[tuple[Node, int]], wave: Node) -> Node:
        """Integrate exp(a v) sin(b v) and the like."""
        graph = self.graph
        if wave.op not in ("sin", "cos"):
            raise NoRuleError
        a = self.slope(graph.combine((k, node.args[0]) for node, k in exponentials))
        b = self.slope(wave.args[0])
        other = graph.call("cos" if wave.op == "sin" else "sin", wave.args[0])
        sign = -1 if wave.op == "sin" else 1
        above = graph.combine([(1, graph.multiply(a, wave)), (sign, graph.multiply(b, other))])
        below = graph.add(graph.multiply(a, a), graph.multiply(b, b))
        return graph.multiply(graph.power_product(exponentials), graph.divide(above, below))

    def _wave(self, exponents: dict[str, int], inside: Node, sign: int) -> Node:
        """Integrate cos^i sin^j, j at most 1; sign -1 for the hyperbolic pair."""
        graph, slope = self.graph, self.slope(inside)
        suffix = "" if sign == 1 else "h"
        cosine = graph.call("cos" + suffix, inside)
        sine = graph.call("sin" + suffix, inside)
        i, j = exponents.get("cos", 0), exponents.get("sin", 0)
        if j == 1:
            whole = graph.power_product([(cosine, i + 1), (slope, -1)])
            return graph.scale(Fraction(-sign, i + 1), whole)
        if j or not i:
            raise NoRuleError
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
