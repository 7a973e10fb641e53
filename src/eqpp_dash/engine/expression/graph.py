"""The expression graph: hash-consed nodes, exact constants and a light simplifier.

Equal expressions are one node, so common subexpressions are shared and comparing two of them
is comparing identities. Sums are linear combinations with rational coefficients, products are
power products with integer exponents; nothing is ever expanded.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Any

from eqpp_dash.engine.expression import primitives
from eqpp_dash.engine.expression.rationals import bits, exact_root, log2, to_float

#: Rational constants beyond this many bits are kept as unevaluated powers.
MAX_CONSTANT_BITS = 4096
ATOMS = frozenset({"const", "variable", "parameter", "time", "pi", "e", "undefined"})


class ConstantError(ValueError):
    """A constant that has no finite real value, such as 1/0 or log(0)."""


class SizeError(ValueError):
    """An expression that outgrows a limit."""


class Node:
    """One expression; made by `Graph` alone and compared by identity.

    Attributes
    ----------
    op : str
        ``const``, ``variable``, ``parameter``, ``time``, ``pi``, ``e``, ``undefined``, ``sum``,
        ``product``, ``pow``, ``root``, or the name of a primitive function.
    args : tuple of Node
        Operands.
    data : object
        The value of a constant, the name of a symbol, the coefficients of a sum, the exponents
        of a product, the degree of a root.
    index : int
        Serial number; operands have lower ones.
    value : float or None
        Value of an expression without symbols.
    size : int
        Nodes of the tree that the expression stands for, shared ones counted each time.
    """

    __slots__ = ("args", "data", "index", "op", "size", "value")

    def __init__(self, op: str, args: tuple[Node, ...], data: Any, index: int) -> None:
        self.op = op
        self.args = args
        self.data = data
        self.index = index
        self.value: float | None = None
        self.size: int = 1 + sum(arg.size for arg in args)

    def __repr__(self) -> str:
        return f"Node({self.op!r}, {self.data!r}, index={self.index})"


class Graph:
    """Makes nodes; simplifies as it goes.

    Parameters
    ----------
    max_nodes : int
        How many distinct nodes it may hold.

    Attributes
    ----------
    cancelled : dict of Node to None
        Expressions by which was divided and that cancelled out, in order.
    continued : dict of Node to None
        Quotients sin(u)/u that were continued by 1 at u = 0.
    lock : threading.RLock
        Held by whoever adds nodes while other threads may do so too.

    Examples
    --------
    >>> graph = Graph()
    >>> x, y = graph.symbol("variable", "x"), graph.symbol("variable", "y")
    >>> graph.subtract(graph.multiply(x, y), graph.multiply(y, x)) is graph.zero
    True
    """

    def __init__(self, max_nodes: int = 200_000) -> None:
        self._table: dict[Any, Node] = {}
        self._count = 0
        self._max_nodes = max_nodes
        self.lock = threading.RLock()
        self.cancelled: dict[Node, None] = {}
        self.continued: dict[Node, None] = {}
        self.zero = self.constant(0)
        self.one = self.constant(1)

    def intern(self, op: str, args: tuple[Node, ...] = (), data: Any = None) -> Node:
        """Give the one node with this operation, operands and data; no simplification."""
        if op in ("sum", "product"):
            key: Any = (op, frozenset(zip(args, data, strict=True)))
        else:
            key = (op, args, data)
        node = self._table.get(key)
        if node is None:
            if self._count >= self._max_nodes:
                raise SizeError("the expressions are too large")
            node = Node(op, args, data, self._count)
            self._count += 1
            node.value = _constant_value(node)
            self._table[key] = node
        return node

    def constant(self, value: Fraction | int) -> Node:
        """Give a rational constant."""
        return self.intern("const", (), Fraction(value))

    def symbol(self, kind: str, name: str = "") -> Node:
        """Give a ``variable``, ``parameter``, ``time``, ``pi``, ``e`` or ``undefined``."""
        return self.intern(kind, (), name)

    # sums ---------------------------------------------------------------------------------

    def combine(self, terms: Iterable[tuple[Fraction | int, Node]]) -> Node:
        """Give a linear combination."""
        total: dict[Node, Fraction] = {}
        for coefficient, node in terms:
            self._gather(total, Fraction(coefficient), node)
        total = {node: c for node, c in total.items() if c}
        if not total:
            return self.zero
        if len(total) == 1:
            ((node, c),) = total.items()
            if node is self.one:
                return self.constant(c)
            if c == 1:
                return node
        return self.intern("sum", tuple(total), tuple(total.values()))

    def _gather(self, total: dict[Node, Fraction], coefficient: Fraction, node: Node) -> None:
        stack = [(coefficient, node)]
        while stack:
            c, node = stack.pop()
            if node.op == "const":
                node, c = self.one, c * node.data
            elif node.op == "sum" and (len(node.args) == 1 or abs(c) == 1):
                terms = zip(reversed(node.args), reversed(node.data), strict=True)
                stack.extend((c * inner, arg) for arg, inner in terms)
                continue
            merged = total.get(node, 0) + c
            if bits(merged) > 4 * MAX_CONSTANT_BITS:
                raise SizeError("a constant has too many digits")
            total[node] = merged

    def add(self, *nodes: Node) -> Node:
        """Give a sum."""
        return self.combine((1, node) for node in nodes)

    def subtract(self, left: Node, right: Node) -> Node:
        """Give a difference."""
        return self.combine(((1, left), (-1, right)))

    def scale(self, coefficient: Fraction | int, node: Node) -> Node:
        """Give a rational multiple."""
        return self.combine(((coefficient, node),))

    def negate(self, node: Node) -> Node:
        """Give the negative."""
        return self.scale(-1, node)

    # products -----------------------------------------------------------------------------

    def power_product(self, factors: Iterable[tuple[Node, int]]) -> Node:
        """Give a product of integer powers."""
        exponents: dict[Node, int] = {}
        coefficient = Fraction(1)
        for node, exponent in factors:
            coefficient *= self._factor(exponents, node, exponent)
            if bits(coefficient) > MAX_CONSTANT_BITS:
                self._merge(exponents, self.constant(coefficient), 1)
                coefficient = Fraction(1)
        exponents = {node: k for node, k in exponents.items() if k}
        if any(node.op in ("sin", "sinc") for node in exponents):
            coefficient *= self._continue_sines(exponents)
        if not coefficient:
            return self.zero
        if not exponents:
            return self.constant(coefficient)
        if len(exponents) == 1 and 1 in exponents.values():
            (core,) = exponents
        else:
            core = self.intern("product", tuple(exponents), tuple(exponents.values()))
        return core if coefficient == 1 else self.scale(coefficient, core)

    def _factor(self, exponents: dict[Node, int], node: Node, exponent: int) -> Fraction:
        if exponent == 0:
            return Fraction(1)
        if node.op == "const":
            if not node.data and exponent < 0:
                raise ConstantError("division by zero")
            if bits(node.data) * abs(exponent) > MAX_CONSTANT_BITS:
                self._merge(exponents, node, exponent)
                return Fraction(1)
            return Fraction(node.data**exponent)
        if node.op == "sum" and len(node.args) == 1:
            scale = self._factor(exponents, self.constant(node.data[0]), exponent)
            return scale * self._factor(exponents, node.args[0], exponent)
        if node.op == "product":
            for base, k in zip(node.args, node.data, strict=True):
                self._merge(exponents, base, k * exponent)
        else:
            self._merge(exponents, node, exponent)
        return Fraction(1)

    def _continue_sines(self, exponents: dict[Node, int]) -> Fraction:
        """Make sin(u)/u one function without a hole, and sin(u)/u*u a sine again."""
        scale = Fraction(1)
        for base in [b for b in exponents if b.op in ("sin", "sinc") and b.value is None]:
            inside = base.args[0]
            c, core = Fraction(1), inside
            if inside.op == "sum" and len(inside.args) == 1:
                c, core = inside.data[0], inside.args[0]
            parts = {core: 1}
            if core.op == "product":
                parts = dict(zip(core.args, core.data, strict=True))
            plain = base.op == "sin"
            other = self.call("sinc" if plain else "sin", inside)
            while exponents.get(base):
                sign = 1 if exponents[base] > 0 else -1
                step = sign if plain else -sign
                if not all(k > 0 and exponents.get(p, 0) * -step >= k for p, k in parts.items()):
                    break
                if plain:
                    self.continued[other] = None
                for part, k in parts.items():
                    exponents[part] += step * k
                exponents[base] -= sign
                exponents[other] = exponents.get(other, 0) + sign
                scale *= c**step
        for node in [node for node, k in exponents.items() if not k]:
            del exponents[node]
        return scale

    def _merge(self, exponents: dict[Node, int], base: Node, exponent: int) -> None:
        before = exponents.get(base, 0)
        if before * exponent < 0 and base.value is None:
            self.cancelled[base] = None
        exponents[base] = before + exponent

    def multiply(self, *nodes: Node) -> Node:
        """Give a product."""
        return self.power_product((node, 1) for node in nodes)

    def divide(self, left: Node, right: Node) -> Node:
        """Give a quotient; `ConstantError` where the divisor is zero."""
        return self.power_product(((left, 1), (right, -1)))

    # powers and functions -----------------------------------------------------------------

    def power(self, base: Node, exponent: Node) -> Node:
        """Give a power: real where the base is positive, for integer exponents everywhere."""
        if base.op == "e":
            return self.call("exp", exponent)
        if exponent.op == "const":
            value = exponent.data
            if value.denominator == 1:
                return self._integer_power(base, int(value))
            if base.op == "const":
                return self._constant_root(base.data, value, exponent)
        if base is self.one:
            return self.one
        return self.intern("pow", (base, exponent))

    def _integer_power(self, base: Node, exponent: int) -> Node:
        if base.op == "const" and abs(base.data) not in (0, 1):
            size = exponent * (log2(abs(base.data)))
            if size > 1024:
                raise ConstantError("this power is too large for a double")
            if size < -1070:
                raise ConstantError("this power is too small for a double")
        return self.power_product(((base, exponent),))

    def _constant_root(self, base: Fraction, value: Fraction, exponent: Node) -> Node:
        if base < 0:
            raise ConstantError("a root of a negative number")
        if base == 0:
            if value < 0:
                raise ConstantError("division by zero")
            return self.zero
        root = exact_root(base, value.denominator)
        if root is not None:
            return self._integer_power(self.constant(root), value.numerator)
        return self.intern("pow", (self.constant(base), exponent))

    def root(self, base: Node, degree: int) -> Node:
        """Give the real root of odd degree, defined for negative numbers too."""
        if base.op == "const":
            root = exact_root(abs(base.data), degree)
            if root is not None:
                return self.constant(root if base.data >= 0 else -root)
        return self.intern("root", (base,), degree)

    def call(self, name: str, *args: Node) -> Node:
        """Apply a primitive function; constants with an exact value are folded."""
        if all(arg.op == "const" for arg in args):
            exact = primitives.exact_value(name, tuple(arg.data for arg in args))
            if exact is not None:
                return self.constant(exact)
        if name == "mod" and args[1] is self.zero:
            raise ConstantError("division by zero")
        if name == "select":
            condition, yes, no = args
            if condition.op == "const":
                return yes if condition.data else no
            if yes is no:
                return yes
        if name in ("min", "max") and args[0] is args[1]:
            return args[0]
        return self.intern(name, args)


def topological(roots: Iterable[Node]) -> list[Node]:
    """List the nodes below `roots`, operands before what uses them."""
    seen: dict[Node, None] = {}
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node not in seen:
            seen[node] = None
            stack.extend(node.args)
    return sorted(seen, key=lambda node: node.index)


def rebuild(
    graph: Graph, roots: Sequence[Node], replace: Callable[[Node], Node | None]
) -> list[Node]:
    """Make the expressions anew in `graph`, some nodes replaced.

    Parameters
    ----------
    graph : Graph
        Where the results live.
    roots : sequence of Node
        Expressions of this or another graph.
    replace : callable
        Gives the replacement of a node, or None to rebuild it from its operands.

    Returns
    -------
    list of Node
        The results, in order.
    """
    done: dict[Node, Node] = {}
    for node in topological(roots):
        done[node] = replace(node) or assemble(graph, node, [done[arg] for arg in node.args])
    return [done[root] for root in roots]


def assemble(graph: Graph, node: Node, args: Sequence[Node]) -> Node:
    """Apply the operation of `node` to other operands."""
    op = node.op
    if op == "sum":
        return graph.combine(zip(node.data, args, strict=True))
    if op == "product":
        return graph.power_product(zip(args, node.data, strict=True))
    if op == "pow":
        return graph.power(args[0], args[1])
    if op == "root":
        return graph.root(args[0], node.data)
    if op in ATOMS:
        return graph.intern(op, (), node.data)
    return graph.call(op, *args)


def _constant_value(node: Node) -> float | None:
    if node.op == "const":
        return to_float(node.data)
    if node.op in ("pi", "e"):
        return math.pi if node.op == "pi" else math.e
    if node.op in ATOMS:
        return None
    values = [arg.value for arg in node.args]
    if any(value is None for value in values):
        return None
    known = [value for value in values if value is not None]
    if node.op == "sum":
        return sum(to_float(c) * v for c, v in zip(node.data, known, strict=True))
    if node.op == "product":
        result = 1.0
        for value, exponent in zip(known, node.data, strict=True):
            result *= primitives.scalar_value("power", value, float(exponent))
        return result
    if node.op == "root":
        return primitives.scalar_value("root", known[0], float(node.data))
    return primitives.scalar_value("power" if node.op == "pow" else node.op, *known)
