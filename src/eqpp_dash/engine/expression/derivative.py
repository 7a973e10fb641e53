"""Exact derivatives of expressions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from eqpp_dash.engine.expression.graph import Graph, Node, topological

HALF = Fraction(1, 2)
#: Products of more factors are differentiated by halves, so that the result stays small.
WIDE_PRODUCT = 8


def differentiate(graph: Graph, roots: Sequence[Node], symbol: Node) -> list[Node]:
    """Differentiate expressions with respect to a symbol.

    Where a function has a kink or a jump (abs, sign, floor, min, piecewise) the derivative is
    that of the smooth pieces.

    Parameters
    ----------
    graph : Graph
        The graph that holds `roots`.
    roots : sequence of Node
        The expressions.
    symbol : Node
        A variable, a parameter or the time.

    Returns
    -------
    list of Node
        The derivatives, in order.

    Examples
    --------
    >>> graph = Graph()
    >>> x = graph.symbol("variable", "x")
    >>> differentiate(graph, [graph.call("sin", x)], x) == [graph.call("cos", x)]
    True
    """
    slopes: dict[Node, Node] = {}
    for node in topological(roots):
        inner = [slopes[arg] for arg in node.args]
        if node is symbol:
            slopes[node] = graph.one
        elif all(slope is graph.zero for slope in inner):
            slopes[node] = graph.zero
        else:
            slopes[node] = _chain(graph, node, inner)
    return [slopes[root] for root in roots]


def _chain(graph: Graph, node: Node, inner: list[Node]) -> Node:
    zero = graph.zero
    if node.op == "sum":
        return graph.combine(
            (c, slope) for c, slope in zip(node.data, inner, strict=True) if slope is not zero
        )
    if node.op == "product":
        factors = list(zip(node.args, node.data, strict=True))
        if len(factors) > WIDE_PRODUCT:
            return _halves(graph, factors, inner)
        terms = []
        for i, slope in enumerate(inner):
            if slope is not zero:
                base, k = factors[i]
                rest = [*factors[:i], (slope, 1), (base, k - 1), *factors[i + 1 :]]
                terms.append((k, graph.power_product(rest)))
        return graph.combine(terms)
    if node.op == "select":
        return graph.call("select", node.args[0], inner[1], inner[2])
    if node.op == "pow":
        return _power(graph, node, inner)
    if node.op == "root":
        factors = [(inner[0], 1), (node, 1), (node.args[0], -1)]
        return graph.scale(Fraction(1, node.data), graph.power_product(factors))
    partials = PARTIALS[node.op](graph, node)
    return graph.add(
        *(
            graph.multiply(partial, slope)
            for partial, slope in zip(partials, inner, strict=True)
            if slope is not zero
        )
    )


def _halves(graph: Graph, factors: list[tuple[Node, int]], slopes: list[Node]) -> Node:
    """Differentiate a product of many factors as one of two halves, again and again."""
    if len(factors) == 1:
        (base, k), slope = factors[0], slopes[0]
        return graph.scale(k, graph.power_product([(base, k - 1), (slope, 1)]))
    middle = len(factors) // 2
    left = graph.power_product(factors[:middle])
    right = graph.power_product(factors[middle:])
    return graph.add(
        graph.multiply(_halves(graph, factors[:middle], slopes[:middle]), right),
        graph.multiply(left, _halves(graph, factors[middle:], slopes[middle:])),
    )


def _power(graph: Graph, node: Node, inner: list[Node]) -> Node:
    base, exponent = node.args
    terms = []
    if inner[0] is not graph.zero:
        lower = graph.power(base, graph.subtract(exponent, graph.one))
        terms.append(graph.multiply(exponent, lower, inner[0]))
    if inner[1] is not graph.zero:
        terms.append(graph.multiply(graph.call("log", base), node, inner[1]))
    return graph.add(*terms)


Partials = Callable[[Graph, Node], tuple[Node, ...]]


def _one(rule: Callable[[Graph, Node, Node], Node]) -> Partials:
    return lambda graph, node: (rule(graph, node.args[0], node),)


def _square(graph: Graph, x: Node) -> Node:
    return graph.power_product(((x, 2),))


def _inverse(graph: Graph, x: Node) -> Node:
    return graph.power_product(((x, -1),))


def _circle(graph: Graph, x: Node, sign: int, constant: int) -> Node:
    inside = graph.combine(((constant, graph.one), (sign, _square(graph, x))))
    return graph.power(inside, graph.constant(-HALF))


def _logarithm(base: int) -> Partials:
    def rule(graph: Graph, x: Node, _node: Node) -> Node:
        return _inverse(graph, graph.multiply(x, graph.call("log", graph.constant(base))))

    return _one(rule)


def _gauss(graph: Graph, x: Node, _node: Node) -> Node:
    root = graph.power(graph.symbol("pi"), graph.constant(-HALF))
    return graph.scale(2, graph.multiply(graph.call("exp", graph.negate(_square(graph, x))), root))


def _second_slope(graph: Graph, x: Node, node: Node) -> Node:
    return graph.combine(((-1, graph.call("sinc", x)), (-2, graph.divide(node, x))))


def _atan2(graph: Graph, node: Node) -> tuple[Node, ...]:
    y, x = node.args
    below = graph.add(_square(graph, x), _square(graph, y))
    return graph.divide(x, below), graph.negate(graph.divide(y, below))


def _mod(graph: Graph, node: Node) -> tuple[Node, ...]:
    a, b = node.args
    return graph.one, graph.negate(graph.call("floor", graph.divide(a, b)))


def _choice(relation: str) -> Partials:
    def rule(graph: Graph, node: Node) -> tuple[Node, ...]:
        first = graph.call(relation, *node.args)
        return first, graph.subtract(graph.one, first)

    return rule


def _flat(graph: Graph, node: Node) -> tuple[Node, ...]:
    return (graph.zero,) * len(node.args)


PARTIALS: dict[str, Partials] = {
    "sin": _one(lambda g, x, f: g.call("cos", x)),
    "cos": _one(lambda g, x, f: g.negate(g.call("sin", x))),
    "tan": _one(lambda g, x, f: g.add(g.one, _square(g, f))),
    "asin": _one(lambda g, x, f: _circle(g, x, -1, 1)),
    "acos": _one(lambda g, x, f: g.negate(_circle(g, x, -1, 1))),
    "atan": _one(lambda g, x, f: _inverse(g, g.add(g.one, _square(g, x)))),
    "sinh": _one(lambda g, x, f: g.call("cosh", x)),
    "cosh": _one(lambda g, x, f: g.call("sinh", x)),
    "tanh": _one(lambda g, x, f: g.subtract(g.one, _square(g, f))),
    "asinh": _one(lambda g, x, f: _circle(g, x, 1, 1)),
    "acosh": _one(lambda g, x, f: _circle(g, x, 1, -1)),
    "atanh": _one(lambda g, x, f: _inverse(g, g.subtract(g.one, _square(g, x)))),
    "exp": _one(lambda g, x, f: f),
    "log": _one(lambda g, x, f: _inverse(g, x)),
    "log2": _logarithm(2),
    "log10": _logarithm(10),
    "erf": _one(_gauss),
    "sinc": _one(lambda g, x, f: g.call("sinc slope", x)),
    "sinc slope": _one(_second_slope),
    "abs": _one(lambda g, x, f: g.call("sign", x)),
    "atan2": _atan2,
    "mod": _mod,
    "min": _choice("lt"),
    "max": _choice("gt"),
    **dict.fromkeys(("sign", "floor", "ceil", "heaviside", "lt", "le", "gt", "ge"), _flat),
}
