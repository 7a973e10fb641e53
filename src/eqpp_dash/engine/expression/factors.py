"""Numerators, denominators and factors: where an expression vanishes, jumps or is singular."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from eqpp_dash.engine.expression.graph import Graph, Node, topological
from eqpp_dash.engine.expression.polynomial import (
    Polynomial,
    common_divisor,
    integral,
    to_node,
    to_polynomial,
)
from eqpp_dash.engine.expression.splitting import split

#: Functions that vanish exactly where their argument does.
_LIKE_ARGUMENT = frozenset({"sinh", "tanh", "asin", "asinh", "atan", "atanh", "abs", "sign", "erf"})
_NEVER_ZERO = frozenset({"exp", "cosh", "pi", "e"})
_JUMPS = frozenset({"sign", "abs", "heaviside"})
_RELATIONS = frozenset({"lt", "le", "gt", "ge", "min", "max"})
#: A sum whose terms would have more distinct denominators than this stays as it is.
MAX_DENOMINATORS = 4

Powers = dict[Node, int]


def quotient(graph: Graph, root: Node) -> tuple[Node, Node]:
    """Write an expression as numerator and denominator.

    Sums are put over a common denominator where that is cheap.

    Returns
    -------
    numerator, denominator : Node
        The denominator is 1 where there is none.
    """
    done: dict[Node, tuple[Node, Node]] = {}
    for node in topological([root]):
        done[node] = _quotient(graph, node, [done[arg] for arg in node.args])
    return done[root]


def _quotient(graph: Graph, node: Node, args: list[tuple[Node, Node]]) -> tuple[Node, Node]:
    if node.op == "product":
        above: list[tuple[Node, int]] = []
        below: list[tuple[Node, int]] = []
        for k, (top, bottom) in zip(node.data, args, strict=True):
            above.append((top, k) if k > 0 else (bottom, -k))
            below.append((bottom, k) if k > 0 else (top, -k))
        # numerator and denominator may share factors: let the product cancel them
        whole = graph.power_product([*above, *((base, -k) for base, k in below)])
        return _split(graph, whole)
    if node.op == "sum" and any(bottom is not graph.one for _, bottom in args):
        return _common_denominator(graph, node, args)
    return node, graph.one


def _split(graph: Graph, node: Node) -> tuple[Node, Node]:
    scale, core = strip_scale(graph, node)
    if core.op != "product":
        return node, graph.one
    pairs = list(zip(core.args, core.data, strict=True))
    above = graph.power_product((base, k) for base, k in pairs if k > 0)
    below = graph.power_product((base, -k) for base, k in pairs if k < 0)
    return graph.scale(scale, above), below


def _common_denominator(
    graph: Graph, node: Node, args: list[tuple[Node, Node]]
) -> tuple[Node, Node]:
    shared: Powers = {}
    for _, bottom in args:
        for base, k in powers(graph, bottom).items():
            shared[base] = max(shared.get(base, 0), k)
    if len(shared) > MAX_DENOMINATORS:
        return node, graph.one
    below = graph.power_product(shared.items())
    terms = []
    for c, (top, bottom) in zip(node.data, args, strict=True):
        terms.append((c, graph.power_product(((top, 1), (below, 1), (bottom, -1)))))
    return graph.combine(terms), below


def strip_scale(graph: Graph, node: Node) -> tuple[Fraction, Node]:
    """Split off a rational coefficient."""
    if node.op == "const":
        return node.data, graph.one
    if node.op == "sum" and len(node.args) == 1:
        return node.data[0], node.args[0]
    return Fraction(1), node


def powers(graph: Graph, node: Node) -> Powers:
    """List the factors of a product with their exponents, the coefficient left out."""
    _, core = strip_scale(graph, node)
    if core is graph.one:
        return {}
    if core.op == "product":
        return dict(zip(core.args, core.data, strict=True))
    return {core: 1}


def zero_factors(graph: Graph, node: Node, variables: Sequence[Node] = ()) -> list[Node]:
    """List expressions whose zero sets together make up that of a numerator.

    Powers, constants and factors that never vanish are dropped; each factor is listed once,
    with a positive leading coefficient. Polynomials of `variables` are split where that is
    cheap.
    """
    found: dict[Node, None] = {}
    stack = [node]
    while stack:
        for base, exponent in reversed(powers(graph, stack.pop()).items()):
            if exponent <= 0 or base.value is not None:
                continue
            inner = _vanishing_part(graph, base)
            if inner is None:
                continue
            parts = [inner] if inner is not base else content_of(graph, base)
            if parts == [base]:
                found.update(dict.fromkeys(_pieces(graph, base, variables)))
            else:
                stack.extend(reversed(parts))
    return list(found)


def _pieces(graph: Graph, node: Node, variables: Sequence[Node]) -> list[Node]:
    """Split a sum that is a polynomial; one that does not split stays as it is written."""
    whole = to_polynomial(node, variables) if node.op == "sum" and variables else None
    pieces = split(whole) if whole else []
    if len(pieces) < 2 and (not whole or [integral(whole)] == pieces):
        return [normal_sign(graph, node)]
    return [to_node(graph, piece, variables) for piece in pieces]


def _vanishing_part(graph: Graph, base: Node) -> Node | None:
    if base.op in _NEVER_ZERO:
        return None
    if base.op in _LIKE_ARGUMENT or base.op == "root":
        return base.args[0]
    if base.op == "pow":
        inner, exponent = base.args
        if exponent.op == "const" and exponent.data > 0:
            return inner
        if inner.value is not None and inner.value > 0:
            return None
    if base.op in ("log", "log2", "log10"):
        return graph.subtract(base.args[0], graph.one)
    if base.op == "tan":
        return graph.call("sin", base.args[0])
    return base


def content_of(graph: Graph, node: Node) -> list[Node]:
    """Take out what all terms of a sum have in common."""
    if node.op != "sum" or len(node.args) == 1:
        return [node]
    shared = powers(graph, node.args[0])
    for term in node.args[1:]:
        other = powers(graph, term)
        shared = {b: min(k, other[b]) for b, k in shared.items() if b in other}
    shared = {b: k for b, k in shared.items() if k > 0}
    if not shared:
        return [node]
    rest = [(b, -k) for b, k in shared.items()]
    kept = dict(graph.cancelled)
    inside = graph.combine(
        (c, graph.power_product([(term, 1), *rest]))
        for c, term in zip(node.data, node.args, strict=True)
    )
    graph.cancelled = kept
    return [*shared, inside]


def normal_sign(graph: Graph, node: Node) -> Node:
    """Give the expression or its negative: the one whose leading coefficient is positive."""
    if node.op != "sum":
        return node
    terms = list(zip(node.data, node.args, strict=True))
    lead = next((c for c, arg in terms if arg is not graph.one), Fraction(1))
    if lead > 0:
        return node
    terms.sort(key=lambda term: term[1] is graph.one)  # x - 1 rather than -1 + x
    return graph.combine((-c, arg) for c, arg in terms)


def common_factors(
    graph: Graph, components: Sequence[Node], variables: Sequence[Node]
) -> tuple[list[Node], list[Node]]:
    """Take out what all components have in common.

    Parameters
    ----------
    graph : Graph
        Holds everything.
    components : sequence of Node
        Numerators of the components.
    variables : sequence of Node
        The variables.

    Returns
    -------
    common : list of Node
        Factors of every component; their zero sets are made of equilibria.
    rest : list of Node
        Components divided by them.
    """
    alive = [node for node in components if node is not graph.zero]
    if len(alive) < 1 or len(components) < 2:
        return [], list(components)
    split = {node: _factored(graph, node) for node in alive}
    shared = dict.fromkeys(base for base in split[alive[0]])
    shared = {b: None for b in shared if all(b in split[node] for node in alive)}
    rest = [
        node
        if node is graph.zero
        else graph.power_product((b, k) for b, k in split[node].items() if b not in shared)
        for node in components
    ]
    divisor = _polynomial_divisor([r for r in rest if r is not graph.zero], variables)
    if divisor is not None:
        factor, cofactors = divisor
        shared[to_node(graph, factor, variables)] = None
        left = iter(cofactors)
        rest = [r if r is graph.zero else to_node(graph, next(left), variables) for r in rest]
    return list(shared), rest


def _factored(graph: Graph, node: Node) -> Powers:
    found: Powers = {}
    stack = [(node, 1)]
    while stack:
        item, outer = stack.pop()
        for base, exponent in powers(graph, item).items():
            if base.value is not None:
                continue
            parts = content_of(graph, base)
            if parts == [base]:
                base = normal_sign(graph, base)
                found[base] = found.get(base, 0) + exponent * outer
            else:
                stack.extend((part, exponent * outer) for part in parts)
    return found


def _polynomial_divisor(
    components: Sequence[Node], variables: Sequence[Node]
) -> tuple[Polynomial, list[Polynomial]] | None:
    polynomials = []
    for node in components:
        polynomial = to_polynomial(node, variables)
        if polynomial is None:
            return None
        polynomials.append(polynomial)
    return common_divisor(polynomials) if len(polynomials) > 1 else None


def switching_parts(graph: Graph, roots: Iterable[Node]) -> list[Node]:
    """List expressions whose zeros are jumps or kinks of `roots`."""
    found: dict[Node, None] = {}
    for node in topological(roots):
        if all(arg.value is not None for arg in node.args):
            continue
        if node.op in _JUMPS:
            found.setdefault(normal_sign(graph, node.args[0]))
        elif node.op in _RELATIONS:
            found.setdefault(normal_sign(graph, graph.subtract(*node.args)))
        elif node.op in ("floor", "ceil", "mod"):
            inside = node.args[0] if node.op != "mod" else graph.divide(*node.args)
            wave = graph.call("sin", graph.multiply(graph.symbol("pi"), inside))
            found.setdefault(wave)
        elif node.op == "atan2":
            found.setdefault(normal_sign(graph, node.args[0]))
    return [node for node in found if node.value is None]


def poles(graph: Graph, roots: Iterable[Node], variables: Sequence[Node] = ()) -> list[Node]:
    """List expressions at whose zeros `roots` are singular or stop being defined."""
    found: dict[Node, None] = {}

    def note(node: Node) -> None:
        if node.value is None:
            for factor in zero_factors(graph, quotient(graph, node)[0], variables):
                found.setdefault(factor)

    for node in topological(roots):
        if node.op == "product":
            for base, k in zip(node.args, node.data, strict=True):
                if k < 0:
                    note(base)
        elif node.op in ("log", "log2", "log10") or (node.op == "pow"):
            if node.op != "pow" or not _is_positive(node.args[0]):
                note(node.args[0])
        elif node.op in ("asin", "acos", "atanh"):
            square = graph.power_product(((node.args[0], 2),))
            note(graph.subtract(square, graph.one))
        elif node.op == "acosh":
            note(graph.subtract(node.args[0], graph.one))
        elif node.op == "tan":
            note(graph.call("cos", node.args[0]))
        elif node.op == "mod":
            note(node.args[1])
        elif node.op == "atan2":
            note(graph.add(*(graph.power_product(((arg, 2),)) for arg in node.args)))
    return list(found)


def _is_positive(node: Node) -> bool:
    return node.value is not None and node.value > 0
