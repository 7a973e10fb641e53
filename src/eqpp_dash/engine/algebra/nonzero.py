"""Proofs that an expression is not zero: at some point, or on no open set.

What does not reduce to zero by the identities of `kernels` may still be zero. Here an
enclosure of the value at a point proves that it is not. An analytic function that is not zero at
one point of a connected domain vanishes on no open set; where an expression switches, that has
to hold for each of its branches.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

import numpy as np

from eqpp_dash.engine.expression.derivative import differentiate
from eqpp_dash.engine.expression.graph import ConstantError, Graph, Node, assemble, topological
from eqpp_dash.engine.expression.polynomial import Work
from eqpp_dash.engine.expression.tape import Tape

#: Coordinates of the points that are looked at, near and far, off the round numbers.
_NEAR = (0.2913, 0.7071, 1.3717, 2.7693, 0.0613, 11.313, 117.19, 1031.7)
_SIGNS = ((1, 1), (-1, 1), (1, -1), (-1, -1))
_PARTNERS = (3, 5, 1, 7, 2, 0, 4, 6)
POINTS = np.array(
    [(s * a, t * _NEAR[k]) for s, t in _SIGNS for a, k in zip(_NEAR, _PARTNERS, strict=True)]
    + [(s * a, t * a * 0.8713) for s, t in _SIGNS for a in _NEAR]
).T
#: Functions that are analytic on the whole line.
ANALYTIC = frozenset(
    {"sin", "cos", "exp", "sinh", "cosh", "tanh", "atan", "asinh", "erf", "sinc", "sinc slope"}
)
RELATIONS = frozenset({"lt", "le", "gt", "ge"})
SWITCHES = RELATIONS | {"sign", "heaviside", "abs", "min", "max", "select"}
JUMPS = frozenset({"floor", "ceil", "mod"})
ROOTS = frozenset({"pow", "log", "log2", "log10"})
#: An enclosure at all the points, in units of products of coefficients.
COST = 400


def nonzero_somewhere(nodes: list[Node], defined: tuple[Node, ...] = ()) -> bool:
    """Tell whether one of some expressions is proved not to be zero at some point.

    Parameters
    ----------
    nodes : list of Node
        Expressions in two variables at most.
    defined : tuple of Node
        Others, which have to be defined there too.

    Examples
    --------
    >>> graph = Graph()
    >>> two, three, six = (graph.power(graph.constant(k), graph.constant(Fraction(1, 2)))
    ...                    for k in (2, 3, 6))
    >>> product = graph.multiply(two, three)
    >>> nonzero_somewhere([graph.subtract(product, six)]), nonzero_somewhere([product])
    (False, True)
    """
    whole = [*nodes, *defined]
    names = sorted({node.data for node in topological(whole) if node.op == "variable"})
    if len(names) > 2:
        return False
    points = POINTS[: len(names)]
    found = Tape(whole, names).boxes(points, points)
    shape = (POINTS.shape[1],)
    known = np.ones(shape, dtype=bool)
    apart = np.zeros(shape, dtype=bool)
    for i, part in enumerate(found):
        whole_part = np.broadcast_to(np.asarray(part.smooth, dtype=bool), shape)
        bounded = np.isfinite(part.lo) | np.isfinite(part.hi)
        fine = whole_part & np.broadcast_to(bounded, shape)
        if i < len(nodes):
            apart |= fine & ((part.lo > 0) | (part.hi < 0))
        else:
            known &= fine
    return bool((apart & known).any())


def takes_both_signs(node: Node) -> bool:
    """Tell whether an expression is proved to be continuous, positive somewhere and negative.

    It is then zero somewhere in between, in two variables on a curve.

    Examples
    --------
    >>> graph = Graph()
    >>> wave = graph.call("sin", graph.symbol("variable", "x"))
    >>> [takes_both_signs(graph.combine([(1, wave), (k, graph.one)])) for k in (0, 2)]
    [True, False]
    """
    names = sorted({inner.data for inner in topological([node]) if inner.op == "variable"})
    if not 0 < len(names) <= 2:
        return False
    points = POINTS[: len(names)]
    tape = Tape([node], names)
    (found,) = tape.boxes(points, points)
    above, below = found.lo > 0, found.hi < 0
    for i, j in product(np.flatnonzero(above), np.flatnonzero(below)):
        ends = points[:, [i, j]]
        (whole,) = tape.boxes(ends.min(axis=1)[:, None], ends.max(axis=1)[:, None])
        if np.all(whole.smooth):
            return True
    return False


def nowhere_flat(graph: Graph, node: Node, work: Work) -> bool:
    """Tell whether an expression is proved to vanish on no open set of its domain.

    Parameters
    ----------
    graph : Graph
        Holds it.
    node : Node
        An expression in two variables at most, without poles.
    work : Work
        Budget.

    Examples
    --------
    >>> graph = Graph()
    >>> x = graph.symbol("variable", "x")
    >>> nowhere_flat(graph, graph.call("abs", x), Work())
    True
    >>> nowhere_flat(graph, graph.call("max", x, graph.zero), Work())
    False
    """
    if any(inner.op in JUMPS for inner in topological([node])):
        # constant where it is flat: so one of its derivatives must not be
        symbols = [inner for inner in topological([node]) if inner.op == "variable"]
        slopes = [differentiate(graph, [node], symbol)[0] for symbol in symbols]
        return any(
            nowhere_flat(graph, slope, work)
            for slope in slopes
            if not any(inner.op in JUMPS for inner in topological([slope]))
        )
    for branch in _branches(graph, node, work):
        work.spend(COST)
        if not _connected(branch) or not nonzero_somewhere([branch]):
            return False
    return True


def _branches(graph: Graph, node: Node, work: Work) -> Iterator[Node]:
    """Give the expressions between which one switches; also some that are never taken."""
    switch = next((n for n in topological([node]) if n.op in SWITCHES), None)
    if switch is None:
        yield node
        return
    for choice in _choices(graph, switch, work):
        try:
            replaced = _replaced(graph, node, switch, choice)
        except ConstantError:  # defined nowhere
            continue
        yield from _branches(graph, replaced, work)


def _choices(graph: Graph, node: Node, work: Work) -> list[Node]:
    """Give what a function that switches may be on an open set."""
    if node.op in ("sign", "heaviside"):
        low, high = graph.constant(-1 if node.op == "sign" else 0), graph.one
        if nowhere_flat(graph, node.args[0], work):
            return [low, high]
        return [low, graph.scale(Fraction(1, 2), graph.add(low, high)), high]
    if node.op in RELATIONS:
        return [graph.zero, graph.one]
    if node.op == "abs":
        return [node.args[0], graph.negate(node.args[0])]
    return [arg for arg in node.args[-2:] if arg.op != "undefined"]


def _replaced(graph: Graph, root: Node, old: Node, new: Node) -> Node:
    done = {old: new}
    for node in topological([root]):
        if node not in done:
            args = [done[arg] for arg in node.args]
            same = all(a is b for a, b in zip(args, node.args, strict=True))
            done[node] = node if same else assemble(graph, node, args)
    return done[root]


def _connected(root: Node) -> bool:
    """Tell whether an expression is proved to be analytic on one connected domain.

    Roots and logarithms of linear expressions are so on a half-plane, several of them where
    half-planes meet, which is convex; those of sums of squares, and their reciprocals, are so
    off a point. A single root of odd degree becomes a coordinate.
    """
    odd: set[Node] = set()
    halves = False
    for node in topological([root]):
        if node.value is not None or node.op in ("variable", "sum") or node.op in ANALYTIC:
            continue
        base = node.args[0]
        if node.op == "product":
            below = [arg for arg, k in zip(node.args, node.data, strict=True) if k < 0]
            if not all(arg.value is not None or _positive_off_a_point(arg) for arg in below):
                return False
        elif node.op == "root" and _linear(base):
            odd.add(base)
        elif node.op in ROOTS and all(arg.op == "const" for arg in node.args[1:]):
            if not _positive_off_a_point(base):
                halves = True
                if not _linear(base):
                    return False
        else:
            return False
    return not odd or (len(odd) == 1 and not halves)


def _linear(node: Node) -> bool:
    if node.op == "sum":
        return all(arg.op == "variable" or arg.value is not None for arg in node.args)
    return node.op == "variable"


def _positive_off_a_point(node: Node) -> bool:
    """Tell whether a sum of even powers of linear expressions is positive but at one point."""
    if node.op != "sum" or any(c < 0 for c in node.data):
        return False
    alone = set()
    for arg in node.args:
        if arg.op == "const":
            continue
        if arg.op != "product" or any(k < 0 or k % 2 for k in arg.data):
            return False
        if not all(map(_linear, arg.args)):
            return False
        if len(arg.args) == 1:
            names = {n.data for n in topological(arg.args) if n.op == "variable"}
            alone |= names if len(names) == 1 else set()
    constant = any(arg.op == "const" and arg.data > 0 for arg in node.args)
    return constant or len(alone) == 2
