"""Antiderivatives of quotients of polynomials in one variable."""

from __future__ import annotations

from fractions import Fraction

from eqpp_dash.engine.algebra.factoring import rational_factors
from eqpp_dash.engine.algebra.linear import combination
from eqpp_dash.engine.algebra.univariate import Dense, divide_exactly, multiply, power
from eqpp_dash.engine.expression.graph import Graph, Node
from eqpp_dash.engine.expression.polynomial import Work


def integrate_rational(
    graph: Graph, v: Node, above: Dense, below: list[tuple[Dense, int]], work: Work
) -> Node | None:
    """Integrate a quotient of polynomials in one variable.

    Partial fractions over the rationals; logarithms of linear and quadratic factors, inverse
    tangents of the latter.

    Parameters
    ----------
    graph : Graph
        Holds the result.
    v : Node
        The variable.
    above : list of int
        Numerator.
    below : list of (list of int, int)
        Factors of the denominator with their powers.
    work : Work
        Budget.

    Returns
    -------
    Node or None
        None where a factor of degree three or more does not split.
    """
    whole: Dense = [1]
    factors: dict[tuple[int, ...], int] = {}
    for p, k in below:
        whole = multiply(whole, power(p, k, work), work)
        for factor, times in rational_factors(p, work):
            key = tuple(factor)
            factors[key] = factors.get(key, 0) + k * times
    if any(len(key) > 3 for key in factors):
        return None
    basis: list[tuple[Dense, int, int]] = []
    vectors: list[dict[int, int]] = []
    for key, times in factors.items():
        p = list(key)
        rest = _without(whole, p, times, work)
        for j in range(1, times + 1):
            shape = multiply(rest, power(p, times - j, work), work)
            for shift in range(len(p) - 1):
                basis.append((p, j, shift))
                vectors.append({i + shift: c for i, c in enumerate(shape) if c})
    for shift in range(max(len(above) - len(whole) + 1, 0)):
        basis.append(([1], 0, shift))
        vectors.append({i + shift: c for i, c in enumerate(whole) if c})
    found = combination({i: c for i, c in enumerate(above) if c}, vectors, work)
    if found is None:
        return None
    numerators: dict[tuple[tuple[int, ...], int], list[Fraction]] = {}
    terms: list[Node] = []
    for (p, j, shift), c in zip(basis, found, strict=True):
        if j == 0:
            terms.append(graph.scale(c / (shift + 1), graph.power_product([(v, shift + 1)])))
        elif c:
            row = numerators.setdefault((tuple(p), j), [Fraction(0), Fraction(0)])
            row[shift] = c
    for (key, j), values in numerators.items():
        make = _linear if len(key) == 2 else _quadratic
        terms.append(make(graph, v, list(key), j, values))
    return graph.add(*terms)


def _without(whole: Dense, p: Dense, times: int, work: Work) -> Dense:
    """Divide by a power of a factor, once for each power, over the integers."""
    rest = whole
    for _ in range(times):
        rest = divide_exactly(rest, p, work)
    return rest


def _at(graph: Graph, v: Node, p: Dense) -> Node:
    return graph.combine(
        (c, graph.power_product([(v, i)])) for i, c in reversed(list(enumerate(p)))
    )


def _log_size(graph: Graph, node: Node) -> Node:
    return graph.call("log", graph.call("abs", node))


def _linear(graph: Graph, v: Node, p: Dense, j: int, values: list[Fraction]) -> Node:
    inside, c = _at(graph, v, p), values[0] / p[1]
    if j == 1:
        return graph.scale(c, _log_size(graph, inside))
    return graph.scale(-c / (j - 1), graph.power_product([(inside, 1 - j)]))


def _quadratic(graph: Graph, v: Node, p: Dense, j: int, values: list[Fraction]) -> Node:
    c, b, a = p
    inside = _at(graph, v, p)
    slope = Fraction(values[1]) / (2 * a)  # values = slope*p' + rest
    rest = values[0] - slope * b
    terms: list[tuple[Fraction, Node]] = []
    discriminant = 4 * a * c - b * b
    if slope:
        if j == 1:
            size = graph.call("log", inside) if discriminant > 0 < a else _log_size(graph, inside)
            terms.append((slope, size))
        else:
            terms.append((-slope / (j - 1), graph.power_product([(inside, 1 - j)])))
    if rest:
        terms.append((rest, _bare_quadratic(graph, v, p, j)))
    return graph.combine(terms)


def _bare_quadratic(graph: Graph, v: Node, p: Dense, j: int) -> Node:
    """Integrate 1/p^j."""
    c, b, a = p
    discriminant = 4 * a * c - b * b
    derivative = _at(graph, v, [b, 2 * a])
    if j > 1:
        scale = Fraction(1, (j - 1) * discriminant)
        part = graph.power_product([(derivative, 1), (_at(graph, v, p), 1 - j)])
        rest = _bare_quadratic(graph, v, p, j - 1)
        return graph.combine([(scale, part), (2 * (2 * j - 3) * a * scale, rest)])
    root = graph.power(graph.constant(abs(discriminant)), graph.constant(Fraction(1, 2)))
    if discriminant > 0:
        angle = graph.call("atan", graph.divide(derivative, root))
        return graph.scale(2, graph.divide(angle, root))
    ratio = graph.divide(graph.subtract(derivative, root), graph.add(derivative, root))
    return graph.divide(_log_size(graph, ratio), root)
