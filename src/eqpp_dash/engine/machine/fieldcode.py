"""The expressions of a graph as instructions for vectors."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from eqpp_dash.engine.expression.graph import Node, topological
from eqpp_dash.engine.expression.rationals import divides, to_float
from eqpp_dash.engine.machine import exponential, functions, trigonometric
from eqpp_dash.engine.machine.lanes import Lanes

HALF = Fraction(1, 2)


def emit_nodes(lanes: Lanes, nodes: Sequence[Node], inputs: Mapping[Any, str]) -> list[str]:
    """Emit the values of expressions, shared parts once.

    Sums, products and powers are read as `Tape` reads them: the values differ by rounding
    alone, and by nothing where both only add, multiply and divide and `lanes` does not contract.
    Where it does, a product that is a term of one sum, and nothing else, is added to it unrounded.

    Parameters
    ----------
    lanes : Lanes
        Where the instructions go.
    nodes : sequence of Node
        The expressions.
    inputs : mapping
        Vectors, by ``("variable", name)``, ``("parameter", name)`` and ``"time"``.

    Returns
    -------
    list of str
        The values, in order.

    Raises
    ------
    KeyError
        If a symbol has no input.
    """
    done: dict[Node, str] = {}
    order = topological(nodes)
    writer = _Writer(lanes, inputs, order, nodes)
    for node in order:
        done[node] = writer.value(node, [done[arg] for arg in node.args])
    return [done[node] for node in nodes]


def find_absorbed(order: Sequence[Node], wanted: Sequence[Node]) -> frozenset[Node]:
    """Find the products that nothing but one sum needs, as a term without a coefficient.

    Parameters
    ----------
    order : sequence of Node
        All nodes.
    wanted : sequence of Node
        Those whose values are wanted for themselves.

    Examples
    --------
    >>> from eqpp_dash.engine.expression.graph import Graph
    >>> graph = Graph()
    >>> x, y = graph.symbol("variable", "x"), graph.symbol("variable", "y")
    >>> product = graph.multiply(x, y)
    >>> total = graph.add(product, y)
    >>> find_absorbed(topological([total]), [total]) == {product}
    True
    >>> find_absorbed(topological([total]), [total, product])
    frozenset()
    """
    uses: Counter[Node] = Counter(wanted)
    added: set[Node] = set()
    for node in order:
        uses.update(node.args)
        if node.op == "sum" and len(node.args) > 1:
            added |= {arg for c, arg in zip(node.data, node.args, strict=True) if abs(c) == 1}
    return frozenset(node for node in added if uses[node] == 1 and _is_product(node))


def _is_product(node: Node) -> bool:
    """Tell whether a value is that of a multiplication."""
    if node.op != "product" or min(node.data) < 1:
        return False
    return len(node.args) > 1 or 1 < node.data[0] <= 64


class _Writer:
    def __init__(
        self,
        lanes: Lanes,
        inputs: Mapping[Any, str],
        order: Sequence[Node],
        wanted: Sequence[Node],
    ) -> None:
        self._lanes = lanes
        waves = {op: {node.args[0] for node in order if node.op == op} for op in ("sin", "cos")}
        self._shared = waves["sin"] & waves["cos"]
        self._waves: dict[str, tuple[str, str]] = {}
        self._inputs = inputs
        self._powers: dict[tuple[str, int], str] = {}
        self._absorbed = find_absorbed(order, wanted) if lanes.contract else frozenset()
        self._factors: dict[Node, tuple[str, str]] = {}

    def value(self, node: Node, args: list[str]) -> str:
        op, lanes = node.op, self._lanes
        if op == "const":
            return lanes.constant(to_float(node.data))
        if op in ("pi", "e"):
            return lanes.constant(math.pi if op == "pi" else math.e)
        if op == "undefined":
            return lanes.constant(math.nan)
        if op in ("variable", "parameter"):
            return self._inputs[(op, node.data)]
        if op == "time":
            return self._inputs["time"]
        if op == "sum":
            return self._sum(node, args)
        if op == "product":
            return self._product(node, args)
        if op == "root":
            return exponential.odd_root(lanes, args[0], node.data)
        if op == "pow":
            return self._power(node, args)
        if op in ("sin", "cos") and node.args[0] in self._shared:
            return self._wave(args[0])[op == "cos"]
        return functions.apply(lanes, op, *args)

    def _wave(self, arg: str) -> tuple[str, str]:
        """Give sine and cosine of one argument, computed together."""
        if arg not in self._waves:
            self._waves[arg] = trigonometric.sine_and_cosine(self._lanes, arg)
        return self._waves[arg]

    def _sum(self, node: Node, args: list[str]) -> str:
        lanes = self._lanes
        total: str | None = None
        terms = list(zip(node.data, args, node.args, strict=True))
        fused = [self._is_fused(c, child) for c, child in zip(node.data, node.args, strict=True)]
        if len(terms) > 1 and fused[0] and not fused[1]:
            terms[:2], fused[:2] = terms[1::-1], fused[1::-1]
        for (c, arg, child), unrounded in zip(terms, fused, strict=True):
            if total is not None and unrounded:
                if child in self._factors:
                    left, right = self._factors[child]
                    left = left if c > 0 else lanes.negate(left)
                else:
                    left, right = lanes.constant(to_float(c)), arg
                total = lanes.fma(left, right, total)
                continue
            if child in self._factors:
                arg = lanes.multiply(*self._factors[child])
            size, positive = abs(c), c > 0
            if child.op == "const":
                term = lanes.constant(to_float(size))
            elif size == 1:
                term = arg
            elif divides(size):
                term = self._share(arg, size)
            else:
                term = lanes.multiply(lanes.constant(to_float(size)), arg)
            if total is None:
                total = term if positive else lanes.negate(term)
            else:
                total = lanes.add(total, term) if positive else lanes.subtract(total, term)
        assert total is not None
        return total

    def _is_fused(self, c: Fraction, child: Node) -> bool:
        """Tell whether a term is a product that need not be rounded before it is added."""
        if not self._lanes.contract or child.op == "const":
            return False
        if child in self._factors:
            return True
        size = abs(c)
        return size != 1 and (not divides(size) or self._exact(1 / size))

    @staticmethod
    def _exact(below: Fraction) -> bool:
        """Tell whether one over an integer is a double."""
        return math.frexp(to_float(below))[0] == 0.5 and to_float(below) < 2.0**1000

    def _share(self, arg: str, size: Fraction) -> str:
        """Divide by an integer; a power of two by an exact product, which is quicker."""
        below = to_float(1 / size)
        if self._exact(1 / size):
            return self._lanes.multiply(arg, self._lanes.constant(1.0 / below))
        return self._lanes.divide(arg, self._lanes.constant(below))

    def _product(self, node: Node, args: list[str]) -> str:
        lanes = self._lanes
        if node in self._absorbed:
            self._factors[node] = self._two_factors(node, args)
            return ""
        above: str | None = None
        below: str | None = None
        for k, arg in zip(node.data, args, strict=True):
            factor = self._integer_power(arg, abs(k))
            if k > 0:
                above = factor if above is None else lanes.multiply(above, factor)
            else:
                below = factor if below is None else lanes.multiply(below, factor)
        if below is None:
            assert above is not None
            return above
        return lanes.divide(lanes.constant(1.0) if above is None else above, below)

    def _two_factors(self, node: Node, args: list[str]) -> tuple[str, str]:
        """Give a product as two factors, each as `_product` would round it."""
        if len(args) > 1:
            *firsts, last = (
                self._integer_power(arg, k) for k, arg in zip(node.data, args, strict=True)
            )
            left = firsts[0]
            for factor in firsts[1:]:
                left = self._lanes.multiply(left, factor)
            return left, last
        n = node.data[0]
        top = 1 << (n.bit_length() - 1)
        rest, top = (n // 2, n // 2) if n == top else (n - top, top)
        return self._integer_power(args[0], rest), self._integer_power(args[0], top)

    def _integer_power(self, arg: str, n: int) -> str:
        if (arg, n) not in self._powers:
            self._powers[arg, n] = functions.integer_power(self._lanes, arg, n)
        return self._powers[arg, n]

    def _power(self, node: Node, args: list[str]) -> str:
        exponent = node.args[1]
        if exponent.op == "const" and abs(exponent.data) == HALF:
            root = self._lanes.sqrt(args[0])
            if exponent.data > 0:
                return root
            return self._lanes.divide(self._lanes.constant(1.0), root)
        return exponential.power(self._lanes, *args)
