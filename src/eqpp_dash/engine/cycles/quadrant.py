"""Bands that fill the quadrant of two positive variables, as those of predator and prey do."""

from __future__ import annotations

from fractions import Fraction

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.expression.graph import Graph, Node, rebuild
from eqpp_dash.engine.expression.polynomial import Polynomial, divide, to_polynomial
from eqpp_dash.engine.structure.facts import StructureFact

FILLS = (
    "proved: H is convex where {0} and {1} are positive and grows beyond all bounds towards the "
    "edges, so the band fills that quadrant"
)


def fills_quadrant(field: CompiledField, integral: StructureFact) -> bool:
    """Tell whether closed orbits are proved to fill the quadrant of two positive variables.

    Parameters
    ----------
    field : CompiledField
        A planar autonomous field.
    integral : StructureFact
        A first integral of it.

    Returns
    -------
    bool
        True if H = F(x) + G(y), each a sum of multiples of whole powers and of a logarithm, the
        former positive and the latter negative (or all the other way round), and the components
        are (H_y, -H_x) times one monomial. Then H is strictly convex in the quadrant and tends
        to infinity at its edges: level sets are closed curves around the one zero of the slopes.

    Examples
    --------
    >>> from eqpp_dash import parse_system
    >>> from eqpp_dash.engine.structure.find import find_structure
    >>> for text in ("x' = x*(3/2 - y); y' = y*(x - 3)", "x' = x*(y + 1); y' = -y*(x + 1)"):
    ...     field = parse_system(text).compile()
    ...     print(fills_quadrant(field, find_structure(field).integral))
    True
    False
    """
    if integral.node is None or not integral.single_valued:
        return False
    graph = Graph()
    symbols = [graph.symbol("variable", name) for name in field.variables]
    (node,) = rebuild(graph, [integral.node], lambda node: None)
    f, g = (
        to_polynomial(part, symbols) for part in rebuild(graph, field.components, lambda node: None)
    )
    slopes = _slopes(node, symbols)
    if slopes is None or not f or not g:
        return False
    # f = m H_y, g = -m H_x: y f is a multiple of y H_y by m, and x g one of x H_x by -m
    ups = divide(_times(f, 1), slopes[1]), divide(_times(g, 0), slopes[0])
    if ups[0] is None or ups[1] is None or len(ups[0]) != 1:
        return False
    return ups[1] == {key: -c for key, c in ups[0].items()}


def _slopes(node: Node, symbols: list[Node]) -> tuple[Polynomial, Polynomial] | None:
    """Give x H_x and y H_y of a sum that is convex in the quadrant, else None."""
    if node.op != "sum":
        return None
    slopes: tuple[Polynomial, Polynomial] = ({}, {})
    signs: set[bool] = set()
    have: set[tuple[int, bool]] = set()
    for c, part in zip(node.data, node.args, strict=True):
        power = to_polynomial(part, symbols)
        if power is not None:
            if len(power) != 1:
                return None
            ((key, factor),) = power.items()
            axis = 0 if key[1] == 0 else 1
            if key[1 - axis] or key[axis] < 1:
                return None
            slopes[axis][key] = key[axis] * factor * c
            signs.add(factor * c > 0)
        else:
            inside = part.args[0] if part.op == "log" else None
            inside = inside.args[0] if inside is not None and inside.op == "abs" else inside
            if inside is None or inside not in symbols:
                return None
            axis = symbols.index(inside)
            slopes[axis][0, 0] = Fraction(c)
            signs.add(c < 0)
        have.add((axis, power is None))
    return slopes if len(signs) == 1 and len(have) == 4 else None


def _times(a: Polynomial, axis: int) -> Polynomial:
    """Multiply by a variable."""
    return {(i + (axis == 0), j + (axis == 1)): c for (i, j), c in a.items()}
