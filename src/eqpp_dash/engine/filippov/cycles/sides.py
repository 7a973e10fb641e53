"""The smooth fields of the pieces, and the cycles that stay in one piece.

A closed orbit that stays in a piece is one of the smooth field that continues the piece, so the
search of smooth fields finds it; what it finds beyond the piece is left out. Affine fields have
no isolated closed orbit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.cycles.find import find_limit_cycles
from eqpp_dash.engine.cycles.values import CycleSearch
from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.expression.graph import Graph, Node, rebuild
from eqpp_dash.engine.filippov.pieces import FilippovField
from eqpp_dash.engine.filippov.segments import CONTINUOUS, Piece, Surface
from eqpp_dash.engine.kinds.decide import with_kinds
from eqpp_dash.engine.structure.find import planar_structure
from eqpp_dash.model.cycles import LimitCycle
from eqpp_dash.model.portrait import Array
from eqpp_dash.model.spec import Range

MOST_SIDES = 8
"""Pieces that are not affine and are searched."""

SLACK = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """A piece between jumps; kinks within it are part of its field.

    Attributes
    ----------
    field : CompiledField
        The field of the piece, continued beyond it.
    jumps : tuple of int
        The choices at which the field jumps.
    values : tuple of float
        Their values in the piece.
    """

    field: CompiledField
    jumps: tuple[int, ...]
    values: tuple[float, ...]

    def holds(self, pieces: FilippovField, points: Array) -> bool:
        """Tell whether points (m, 2) lie in the piece."""
        choices = pieces.choices_at(np.ascontiguousarray(points.T))[list(self.jumps)]
        return bool((choices == np.array(self.values)[:, None]).all())

    @property
    def affine(self) -> bool:
        """Whether its components are of degree one at most."""
        return all(
            p is not None and all(sum(powers) <= 1 for powers in p)
            for p in self.field.polynomials()
        )


def sides_of(
    field: CompiledField, pieces: FilippovField, surfaces: Sequence[tuple[Surface, list[Piece]]]
) -> list[Side]:
    """Give the pieces that meet at the segments of surfaces at which a field jumps.

    Parameters
    ----------
    field : CompiledField
        The field.
    pieces : FilippovField
        The same in pieces.
    surfaces : sequence of (Surface, list of Piece)
        Its surfaces.
    """
    parts = [part for _, own in surfaces for part in own if part.kind != CONTINUOUS]
    jumps: set[int] = set()
    for part in parts:
        jumps |= set(np.flatnonzero(part.plus != part.minus).tolist())
    chosen = tuple(sorted(jumps))
    seen = {
        tuple(values[list(chosen)].tolist()) for part in parts for values in (part.plus, part.minus)
    }
    return [Side(_field(field, pieces, chosen, key), chosen, key) for key in sorted(seen)]


def _field(
    field: CompiledField, pieces: FilippovField, jumps: tuple[int, ...], values: tuple[float, ...]
) -> CompiledField:
    """Give the field with some choices held; the others follow from the state again."""
    frozen, graph = pieces.cells.frozen, Graph()
    held = dict(zip(jumps, values, strict=True))
    known: dict[str, Node] = {}

    def put(node: Node) -> Node | None:
        return known[node.data] if node.op == "parameter" else None

    for number, choice in enumerate(frozen.choices):
        if number in held:
            known[choice.name] = graph.constant(int(held[number]))
        else:
            (driver,) = rebuild(graph, [choice.driver], put)
            known[choice.name] = graph.call("floor" if choice.whole else "sign", driver)
    nodes = rebuild(graph, frozen.components, put)
    return CompiledField(graph, nodes, field.variables)


def cycles_within(
    side: Side, pieces: FilippovField, window: Mapping[str, Range], budget: int
) -> CycleSearch:
    """Find the limit cycles that stay in a piece.

    Parameters
    ----------
    side : Side
        The piece.
    pieces : FilippovField
        The field in pieces.
    window : mapping of str to (float, float)
        Limits of each variable.
    budget : int
        Most orbits that are followed.

    Returns
    -------
    CycleSearch
        The cycles; annuli are left out. The status is that of the smooth field.
    """
    structure = planar_structure(side.field, window)
    found = find_equilibria(side.field, window)
    search = with_kinds(found, side.field, window, lambda: structure)
    result = find_limit_cycles(
        side.field,
        window,
        search.equilibria,
        search.singularities,
        budget=budget,
        structure=structure,
        complete=search.completeness == "proved",
    )
    cycles: tuple[LimitCycle, ...] = tuple(
        cycle for cycle in result.cycles if side.holds(pieces, cycle.points)
    )
    open_ = tuple(
        gap for gap in result.undecided if side.holds(pieces, np.stack([gap.first, gap.last]))
    )
    return replace(result, cycles=cycles, bands=(), undecided=open_)
