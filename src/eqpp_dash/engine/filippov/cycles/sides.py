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
from eqpp_dash.engine.cycles.cutting import Cutting, cut_band
from eqpp_dash.engine.cycles.find import find_limit_cycles
from eqpp_dash.engine.cycles.reduced import MOST_BANDS, bands_without_factor
from eqpp_dash.engine.cycles.resting import clear_of_sets
from eqpp_dash.engine.cycles.shape import encloses
from eqpp_dash.engine.cycles.values import Band, CycleSearch
from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.expression.graph import Graph, Node, rebuild
from eqpp_dash.engine.filippov.pieces import FilippovField
from eqpp_dash.engine.filippov.segments import CONTINUOUS, Piece, Surface
from eqpp_dash.engine.kinds.decide import with_kinds
from eqpp_dash.engine.machine import Integrator
from eqpp_dash.engine.machine.stepper import objects_folder
from eqpp_dash.engine.structure.facts import Kind, Structure
from eqpp_dash.engine.structure.find import planar_structure
from eqpp_dash.model.cycles import LimitCycle
from eqpp_dash.model.portrait import Array, Equilibrium
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

    def borders(self, part: Piece) -> bool:
        """Tell whether a part of a surface is a border of the piece."""
        chosen = list(self.jumps)
        return any(tuple(own[chosen].tolist()) == self.values for own in (part.plus, part.minus))

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
    side: Side,
    pieces: FilippovField,
    surfaces: Sequence[tuple[Surface, list[Piece]]],
    window: Mapping[str, Range],
    equilibria: Sequence[Equilibrium],
    budget: int,
) -> CycleSearch:
    """Find the limit cycles and the bands of closed orbits that stay in a piece.

    Parameters
    ----------
    side : Side
        The piece.
    pieces : FilippovField
        The field in pieces.
    surfaces : sequence of (Surface, list of Piece)
        Its surfaces.
    window : mapping of str to (float, float)
        Limits of each variable.
    equilibria : sequence of Equilibrium
        Those of the whole field.
    budget : int
        Most orbits that are followed.

    Returns
    -------
    CycleSearch
        The cycles, and the bands, cut at the surfaces. The status is that of the smooth field.
    """
    if all(side.field.zero):
        return CycleSearch()
    structure = planar_structure(side.field, window)
    found = find_equilibria(side.field, window)
    search = with_kinds(found, side.field, window, lambda: structure)
    result = bands_without_factor(side.field, window, search.equilibria, lambda share: None, budget)
    if result is None:
        result = find_limit_cycles(
            side.field,
            window,
            search.equilibria,
            search.singularities,
            budget=budget,
            structure=structure,
            complete=search.completeness == "proved",
        )
        result = clear_of_sets(side.field, result, search.sets)
    cycles: tuple[LimitCycle, ...] = tuple(
        cycle for cycle in result.cycles if side.holds(pieces, cycle.points)
    )
    open_ = tuple(
        gap for gap in result.undecided if side.holds(pieces, np.stack([gap.first, gap.last]))
    )
    bands, blind = bands_within(side, pieces, surfaces, result.bands, structure, equilibria)
    told = replace(result.completeness, blind=(*result.completeness.blind, *blind))
    return replace(result, cycles=cycles, bands=bands, undecided=open_, completeness=told)


def bands_within(
    side: Side,
    pieces: FilippovField,
    surfaces: Sequence[tuple[Surface, list[Piece]]],
    bands: Sequence[Band],
    structure: Structure | None,
    equilibria: Sequence[Equilibrium],
) -> tuple[tuple[Band, ...], tuple[str, ...]]:
    """Cut bands of closed orbits of a piece, continued smoothly, where its borders are.

    Parameters
    ----------
    side : Side
        The piece.
    pieces : FilippovField
        The field in pieces.
    surfaces : sequence of (Surface, list of Piece)
        Its surfaces.
    bands : sequence of Band
        Those of the piece's field, continued beyond it.
    structure : Structure or None
        What is proved of that field: where it has a first integral, bands are cut between its
        values on the borders. Else they are kept only if no border passes through them.
    equilibria : sequence of Equilibrium
        Those of the whole field.

    Returns
    -------
    bands : tuple of Band
        What stays in the piece.
    blind : tuple of str
        Bands of which that is not told.
    """
    if not bands:
        return (), ()
    lines = [
        (part.factor, np.ascontiguousarray(part.points.T))
        for _, own in surfaces
        for part in own
        if part.kind != CONTINUOUS and side.borders(part)
    ]
    integral = None if structure is None else structure.integral
    function = None if integral is None or integral.kind == Kind.CONSERVED else integral.function
    kept: list[Band] = []
    blind = []
    with (
        Integrator(
            side.field.components, side.field.variables, {}, folder=objects_folder()
        ) as integrator,
        np.errstate(all="ignore"),
    ):
        parts = Cutting(
            side.field,
            function,
            integrator,
            lambda inner, outer: lines,
            lambda curve: side.holds(pieces, curve),
            lambda points: np.ones(len(points)),
            lambda curve: not side.holds(pieces, curve),
        )
        for band in bands[:MOST_BANDS]:
            some = cut_band(parts, band)
            if some is None:
                at = ", ".join(f"{v:.6g}" for v in band.outer)
                blind.append(f"closed orbits within the one through ({at}), where the field jumps")
            for item in some or []:
                curve = parts.orbit(item.outer, item.periods[1])
                if curve is not None:
                    curve = np.concatenate([curve[:-1], curve[:1]])
                    inside = (k for k, e in enumerate(equilibria) if encloses(curve, e.point))
                    kept.append(replace(item, equilibria=tuple(inside)))
    if len(bands) > MOST_BANDS:
        blind.append(f"bands of closed orbits of one piece beyond the first {MOST_BANDS}")
    return tuple(kept), tuple(blind)
