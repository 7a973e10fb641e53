"""The field along a surface to which the fields of both sides point: Filippov's convex choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eqpp_dash.engine.expression.freeze import Frozen
from eqpp_dash.engine.expression.graph import Node, rebuild
from eqpp_dash.engine.machine.hybrid.cells import rate_along

BACK = -1
BEYOND = -2

WAY = " way"
"""Name of the last parameter, the direction of time; no name of a user begins with a space."""


@dataclass(frozen=True, slots=True)
class Sliding:
    """A sliding field, and what ends the sliding.

    Attributes
    ----------
    components : tuple of Node
        The field.
    doubled : tuple of int
        Choices that differ on the other side; their values there are further parameters, after
        those of the user and the choices of this side.
    names : tuple of str
        Names of these parameters, and `WAY`.
    ends : tuple of (int, Node)
        Expressions that are positive while it slides; at the zero of one it ends: `BACK` to this
        side, `BEYOND` on the other one, or at a surface, by its number. The parameter `WAY` is
        1 where time goes forward and -1 where it goes backward.
    """

    components: tuple[Node, ...]
    doubled: tuple[int, ...]
    names: tuple[str, ...]
    ends: tuple[tuple[int, Node], ...]


def slide(frozen: Frozen, surfaces: Sequence[int], variables: Sequence[str]) -> Sliding:
    """Make the field along a surface.

    With the rates a < 0 < b of the gap under the fields f of this side and g of the other, the
    field is (b f - a g)/(b - a), which keeps the gap: Filippov (1988), section 4, equation (6).
    Sliding ends where a or b vanishes.

    Parameters
    ----------
    frozen : Frozen
        The field in pieces.
    surfaces : sequence of int
        The surface; several, if they coincide.
    variables : sequence of str
        State variables.
    """
    graph = frozen.graph
    crossed = frozenset(frozen.surfaces[k].choice for k in surfaces)
    doubled = tuple(sorted(frozen.dependent(crossed)))
    old = [frozen.choices[i].name for i in doubled]
    other = {name: graph.symbol("parameter", f"{name}'") for name in old}

    def replace(node: Node) -> Node | None:
        return other.get(node.data) if node.op == "parameter" else None

    gap = frozen.surfaces[surfaces[0]].gap
    beyond = rebuild(graph, frozen.components, replace)
    (a,) = rate_along(graph, [gap], variables, frozen.components)
    (b,) = rate_along(graph, [gap], variables, beyond)
    width = graph.subtract(b, a)
    components = [
        f
        if f is g
        else graph.divide(graph.subtract(graph.multiply(b, f), graph.multiply(a, g)), width)
        for f, g in zip(frozen.components, beyond, strict=True)
    ]
    way = graph.symbol("parameter", WAY)
    ends = [(BACK, graph.negate(graph.multiply(way, a))), (BEYOND, graph.multiply(way, b))]
    for number, surface in enumerate(frozen.surfaces):
        if surface.choice in crossed:
            continue
        (mirrored,) = rebuild(graph, [surface.gap], replace)
        ends.append((number, surface.gap))
        if mirrored is not surface.gap:
            ends.append((number, mirrored))
    names = (*(node.data for node in other.values()), WAY)
    return Sliding(tuple(components), doubled, names, tuple(ends))
