"""Components divided by what they have in common, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from eqpp_dash.engine.expression.factors import content_of, normal_sign, powers, strip_scale
from eqpp_dash.engine.expression.graph import Graph, Node
from eqpp_dash.engine.expression.polynomial import common_divisor, to_node, to_polynomial

Exponents = dict[Node, int]


def divided(
    graph: Graph, components: Sequence[Node], variables: Sequence[Node]
) -> tuple[list[Node], list[Node]] | None:
    """Divide components by a product of what all of them share.

    Parameters
    ----------
    graph : Graph
        Holds everything.
    components : sequence of Node
        The components; none of them 0.
    variables : sequence of Node
        The variables.

    Returns
    -------
    multiplier : list of Node
        Each component is the product of these times its own rest. Among them are powers of
        negative exponent, poles that all share.
    rest : list of Node
        What is left of each component.
    None is returned in their place if nothing is shared.

    Examples
    --------
    >>> from eqpp_dash.engine.expression.text import to_text
    >>> graph = Graph()
    >>> x, y = graph.symbol("variable", "x"), graph.symbol("variable", "y")
    >>> components = [graph.multiply(x, y), graph.scale(-2, graph.multiply(x, x))]
    >>> [[to_text(node) for node in nodes] for nodes in divided(graph, components, [x, y])]
    [['x'], ['y', '-2*x']]
    >>> components = [graph.divide(y, x), graph.divide(graph.one, graph.multiply(x, x))]
    >>> [[to_text(node) for node in nodes] for nodes in divided(graph, components, [x, y])]
    [['1/x'], ['y', '1/x']]
    """
    split = [_factored(graph, node) for node in components]
    first = split[0][1]
    exponents = {b: [own.get(b, 0) for _, own in split] for b in first}
    least = {b: max(min(own), 0) + min(max(own), 0) for b, own in exponents.items()}
    shared = {b: k for b, k in least.items() if k}
    multiplier = [graph.power_product([(b, k)]) for b, k in shared.items()]
    rest = [
        graph.scale(scale, graph.power_product((b, k - shared.get(b, 0)) for b, k in own.items()))
        for scale, own in split
    ]
    polynomials = [to_polynomial(node, variables) for node in rest]
    known = [p for p in polynomials if p is not None]
    divisor = common_divisor(known) if len(known) == len(rest) > 1 else None
    if divisor is not None:
        multiplier.append(to_node(graph, divisor[0], variables))
        rest = [to_node(graph, cofactor, variables) for cofactor in divisor[1]]
    return (multiplier, rest) if multiplier else None


def _factored(graph: Graph, node: Node) -> tuple[Fraction, Exponents]:
    """Write an expression as a rational number times powers, with nothing left out."""
    scale, found = Fraction(1), Exponents()
    stack = [(node, 1)]
    while stack:
        item, outer = stack.pop()
        own, _ = strip_scale(graph, item)
        scale *= own**outer
        for base, k in powers(graph, item).items():
            parts = [base] if base.value is not None else content_of(graph, base)
            if parts != [base]:
                stack.extend((part, k * outer) for part in parts)
                continue
            normal = base if base.value is not None else normal_sign(graph, base)
            if normal is not base:
                scale *= (-1) ** (k * outer)
            found[normal] = found.get(normal, 0) + k * outer
    return scale, found
