"""A planar field as expressions: derivatives along it, divergence, exact tests for zero."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from eqpp_dash.engine.algebra.coprime import proved_coprime
from eqpp_dash.engine.algebra.kernels import Kernels
from eqpp_dash.engine.algebra.nonzero import nonzero_somewhere
from eqpp_dash.engine.algebra.packed import Quotient, number_of, powers
from eqpp_dash.engine.compiled import CompiledField, Factor
from eqpp_dash.engine.expression.derivative import differentiate
from eqpp_dash.engine.expression.graph import ConstantError, Graph, Node, rebuild, topological
from eqpp_dash.engine.expression.polynomial import (
    Polynomial,
    TooLargeError,
    Work,
    common_divisor,
    to_node,
)

SWITCHES = frozenset(
    {
        "sign",
        "abs",
        "heaviside",
        "select",
        "min",
        "max",
        "lt",
        "le",
        "gt",
        "ge",
        "mod",
        "floor",
        "ceil",
    }
)
#: Functions that are defined on a part of the line only.
PARTIAL = frozenset({"pow", "log", "log2", "log10", "asin", "acos", "acosh", "atanh"})
#: Values for a variable on which an expression does not depend, tried in order.
SAMPLES = (Fraction(0), Fraction(1), Fraction(2), Fraction(1, 3), Fraction(-1), Fraction(5, 7))


class Plane:
    """A planar autonomous field with exact arithmetic.

    Parameters
    ----------
    field : CompiledField
        Two components, no time. Its expressions are copied, so threads may share it.
    work : int
        Products of coefficients that may be spent on each search.

    Attributes
    ----------
    variables : tuple of Node
        The two variables.
    components : tuple of Node
        The two right-hand sides.
    polynomials : tuple of Polynomial or None
        Polynomials (P, Q) without common factor such that the field is a multiple of them;
        None where there are none.
    scale : Node
        The field divided by (P, Q).
    switching : bool
        Whether the field has kinks or jumps.
    shifts : list of (Node, Node)
        Variables and the shifts that keep the field, as far as they were looked for.
    """

    def __init__(self, field: CompiledField, work: int) -> None:
        if field.dimension != 2 or not field.autonomous:
            raise ValueError("a planar autonomous field is needed")
        self.names = field.variables
        self.graph = Graph()
        self.budget = work
        self.work = Work(work)
        self.kernels = Kernels(self.graph, self.work)
        first, second = (self.graph.symbol("variable", name) for name in field.variables)
        self.variables = (first, second)
        f, g = rebuild(self.graph, field.components, lambda node: None)
        self.components = (f, g)
        self.switching = any(node.op in SWITCHES for node in topological(self.components))
        self._places = [self.kernels.place_of(v) for v in self.variables]
        self.shifts: list[tuple[Node, Node]] = []
        self.scale = self.graph.one
        self.common: Polynomial | None = None
        self.polynomials = self._polynomial_part()

    def renew(self) -> None:
        """Give the next search a budget of its own."""
        self.work.left = self.budget

    # calculus -------------------------------------------------------------------------------

    def derivative(self, node: Node, axis: int) -> Node:
        """Differentiate by a variable."""
        return differentiate(self.graph, [node], self.variables[axis])[0]

    def flow(self, node: Node) -> Node:
        """Differentiate along the field."""
        if node.op == "log" and node.args[0].op == "abs":
            (inside,) = node.args[0].args
            return self.graph.divide(self.flow(inside), inside)
        return self.graph.add(
            *(
                self.graph.multiply(self.derivative(node, axis), component)
                for axis, component in enumerate(self.components)
            )
        )

    def divergence(self) -> Node:
        """Give the divergence of the field."""
        f, g = self.components
        return self.graph.add(self.derivative(f, 0), self.derivative(g, 1))

    def curl(self) -> Node:
        """Give g_x - f_y."""
        f, g = self.components
        return self.graph.subtract(self.derivative(g, 0), self.derivative(f, 1))

    def read(self, node: Node) -> Quotient:
        """Write an expression as a quotient of polynomials in kernels."""
        return self.kernels.read(node)

    def is_zero(self, node: Node) -> bool:
        """Tell whether an expression is proved to vanish identically."""
        return self.read(node).is_zero

    def free_of(self, node: Node, axis: int) -> bool:
        """Tell whether an expression is proved not to depend on a variable."""
        if not self.kernels.depends(self.read(node), self.variables[axis]):
            return True
        return self.is_zero(self.derivative(node, axis))

    def without(self, node: Node, axis: int) -> Node | None:
        """Write an expression that is free of a variable without it; None where that fails."""
        quotient = self.read(node)
        tidy = self.kernels.write(quotient)
        if not self.kernels.depends(quotient, self.variables[axis]):
            return tidy
        for value in SAMPLES:
            constant = self.graph.constant(value)
            try:
                found = self.replace(tidy, {self.variables[axis]: constant})
                self.read(found)
            except (ConstantError, TooLargeError):
                continue
            return found
        return None

    def replace(self, node: Node, values: dict[Node, Node]) -> Node:
        """Put expressions in the place of others."""
        return rebuild(self.graph, [node], values.get)[0]

    def keeps_domain(self, image: dict[Node, Node]) -> bool:
        """Tell whether a map is proved to map the domains of logarithms and real powers to such.

        These may be gone from what is proved to vanish, as sqrt(x)^2 is x for x >= 0 alone.
        """
        parts = [node for node in topological(self.components) if node.op in PARTIAL]
        return all(
            any(
                self.is_zero(self.graph.subtract(self.replace(node.args[0], image), other.args[0]))
                for other in parts
                if other.op == node.op
            )
            for node in parts
            if node.value is None
        )

    def proper(self, node: Node) -> bool:
        """Tell whether an expression is proved to be defined somewhere and not constant."""
        slopes = [self.derivative(node, axis) for axis in (0, 1)]
        alive = [slope for slope in slopes if not self.is_zero(slope)]
        return bool(alive) and nonzero_somewhere(alive, (node,))

    # polynomials ----------------------------------------------------------------------------

    def polynomial(self, above: dict[int, int]) -> Polynomial | None:
        """Give a packed polynomial as one in the two variables; None with other kernels."""
        first, second = self._places
        result: Polynomial = {}
        for monomial, c in above.items():
            key = [0, 0]
            for place, k in powers(monomial):
                if place == first:
                    key[0] = k
                elif place == second:
                    key[1] = k
                else:
                    return None
            result[key[0], key[1]] = Fraction(c)
        return result

    def field_polynomials(self) -> list[Polynomial] | None:
        """Give the components as polynomials; None where they are none."""
        found = []
        for component in self.components:
            quotient = self.read(component)
            number = Fraction(1)
            for key, k in quotient.below.items():
                value = number_of(key)
                if value is None:
                    return None
                number /= value**k
            p = self.polynomial(quotient.above)
            if p is None:
                return None
            found.append({key: c * number for key, c in p.items()})
        return found

    def node_of(self, p: Polynomial) -> Node:
        """Write a polynomial as an expression."""
        return to_node(self.graph, p, self.variables)

    def _polynomial_part(self) -> tuple[Polynomial, Polynomial] | None:
        kernels = self.kernels
        try:
            parts = [self.read(component) for component in self.components]
            shared = kernels.constant(Fraction(1))
            for key in {key: None for part in parts for key in part.below}:
                most = max(part.below.get(key, 0) for part in parts)
                for _ in range(most):
                    shared = Quotient(kernels.product(shared.above, dict(key)), {})
            whole = [kernels.multiply(part, shared) for part in parts]
            if any(part.below for part in whole):
                return None
            found = [self.polynomial(part.above) for part in whole]
        except TooLargeError:
            return None
        p, q = found
        if p is None or q is None or not (p or q):
            return None
        over = kernels.write(shared)
        if not p or not q:
            return self._one_component(p, q, over)
        factor = None if proved_coprime(p, q) else common_divisor([p, q])
        self.scale = self.graph.divide(self.graph.one, over)
        if factor is not None:
            self.common, (p, q) = factor[0], factor[1]
            self.scale = self.graph.divide(self.node_of(factor[0]), over)
        return p, q

    def _one_component(
        self, p: Polynomial, q: Polynomial, over: Node
    ) -> tuple[Polynomial, Polynomial]:
        one: Polynomial = {(0, 0): Fraction(1)}
        whole = p or q
        self.scale = self.graph.divide(self.node_of(whole), over)
        self.common = whole if any(sum(key) for key in whole) else None
        return (one, {}) if p else ({}, one)

    # results --------------------------------------------------------------------------------

    def factor(self, node: Node) -> Factor:
        """Give an expression to evaluate and enclose."""
        return Factor(self.graph, node, self.names)

    def tidy(self, node: Node) -> Node:
        """Write an expression in a short form: as it is, or over a common denominator."""
        short = self.kernels.write(self.read(node))
        return short if short.size <= node.size else node

    def show(self, pieces: Sequence[str]) -> str:
        """Write a point or the image of one."""
        return f"({self.names[0]}, {self.names[1]}) -> ({', '.join(pieces)})"
