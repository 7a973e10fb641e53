"""Bands of closed orbits of a field whose components share a factor, cut where that vanishes.

Where X = m Y, the closed orbits of X are those of Y that meet neither a zero of m nor one of its
poles or jumps. If Y has a first integral H, a band of them is an interval of values of H, and those
that these curves take within the band are taken out: see `cutting`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from eqpp_dash.engine.compiled import CompiledField, Factor
from eqpp_dash.engine.continua import zeros_within
from eqpp_dash.engine.curves import trace_zero_set
from eqpp_dash.engine.cycles.cutting import Cutting, Line, boxes_between, cut_band
from eqpp_dash.engine.cycles.find import find_limit_cycles
from eqpp_dash.engine.cycles.proofs import exclude_cycles
from eqpp_dash.engine.cycles.values import Band, CycleSearch
from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.field import window_limits
from eqpp_dash.engine.filippov.regions import Resting, at_rest
from eqpp_dash.engine.machine import Integrator
from eqpp_dash.engine.machine.stepper import objects_folder
from eqpp_dash.engine.structure.facts import Kind
from eqpp_dash.engine.structure.find import planar_structure
from eqpp_dash.model.portrait import Array, Equilibrium, EquilibriumSet
from eqpp_dash.model.spec import Range

MOST_BANDS = 24


@dataclass(frozen=True, slots=True, eq=False)
class _Multiplier:
    """m, by its factors, and what it vanishes at, or is no number, in a window."""

    factors: tuple[Factor, ...]
    ends: tuple[Factor, ...]
    window: tuple[Array, Array]

    def speed(self, points: Array) -> Array:
        """Give m at points of shape (k, 2)."""
        total = np.ones(len(points))
        for factor in self.factors:
            total = total * factor(0.0, points.T)
        return total

    def moves_along(self, curve: Array) -> bool:
        """Tell whether m is a number of one sign along a curve, and none of its factors zero.

        It may change its sign without a zero, where it jumps, or be no number.
        """
        factors = (*self.ends, *self.factors)
        values = [np.broadcast_to(f(0.0, curve.T), len(curve)) for f in factors]
        return all(bool(value.min() > 0 or value.max() < 0) for value in values)

    def lines(self, inner: Array, outer: Array) -> Iterator[Line]:
        """Give the curves between two orbits on which it vanishes or has poles."""
        boxes = list(boxes_between(inner, outer))
        small = [(factor, zeros_within(factor, *box)) for factor in self.ends for box in boxes[:1]]
        small += [(factor, zeros_within(factor, *self.window)) for factor in self.ends]
        for factor, box in [*product(self.ends, [self.window, *boxes]), *small]:
            if box is not None:
                margin = 0.05 * (box[1] - box[0])
                for branch in trace_zero_set(factor, box[0] - margin, box[1] + margin).branches:
                    yield factor, branch


def bands_without_factor(
    field: CompiledField,
    window: Mapping[str, Range],
    equilibria: Sequence[Equilibrium],
    progress: Callable[[float], object],
    budget: int,
    sets: Sequence[EquilibriumSet] = (),
) -> CycleSearch | None:
    """Find bands of closed orbits of a field by those of the field without its common factor.

    Parameters
    ----------
    field : CompiledField
        A planar autonomous field, X.
    window : mapping of str to (float, float)
        Limits of each variable.
    equilibria : sequence of Equilibrium
        Its isolated equilibria.
    progress : callable
        Told how far this is, 0 to 1.
    budget : int
        Most orbits that are followed to a return.
    sets : sequence of EquilibriumSet
        Its curves of equilibria, at which bands end.

    Returns
    -------
    CycleSearch or None
        What the bands go round is not told by the numbers of X's equilibria: see `name_enclosed`.
        None if the components share no factor, or it is not proved that the field without it
        has no limit cycle.
    """
    found = field.reduced
    if found is None or found[0].common or found[0].switching:
        return None
    reduced, multiplier = found
    structure = planar_structure(reduced, window)
    integral = None if structure is None else structure.integral
    lo, hi = window_limits(field, window)
    proof = exclude_cycles(reduced, structure, (), (), False, lo, hi)
    if proof is None or not proof.everywhere:
        return None
    divisor = " and ".join(factor.text for factor in multiplier)
    status = f"{proof.status[:-1]}, of the field without the factor {divisor})"
    if not proof.bands:
        return CycleSearch(completeness=replace(CycleSearch().completeness, status=status))
    if integral is None or integral.function is None or integral.kind == Kind.CONSERVED:
        return None
    rest = find_equilibria(reduced, window)
    if rest.stop is not None:
        raise rest.stop
    searched = find_limit_cycles(
        reduced,
        window,
        rest.equilibria,
        rest.singularities,
        budget=budget,
        progress=progress,
        structure=structure,
    )
    bands: list[Band] = []
    blind = list(searched.completeness.blind)
    folder = objects_folder()
    resting = Resting(field, lo, hi)
    flat = {factor.text for factor in field.common if resting.covers(factor)}
    curves = [factor for factor in field.common if factor.text not in flat]
    borders = field.switching if flat else ()  # of the regions in which the factor vanishes
    ends = {factor.text: factor for factor in (*curves, *field.poles, *borders)}
    whole = _Multiplier(multiplier, tuple(ends.values()), (lo, hi))
    with (
        Integrator(reduced.components, reduced.variables, {}, folder=folder) as integrator,
        np.errstate(all="ignore"),
    ):
        parts = Cutting(
            reduced,
            integral.function,
            integrator,
            whole.lines,
            whole.moves_along,
            whole.speed,
            lambda curve: bool(at_rest(field, curve.T).all()),
        )
        for band in searched.bands[:MOST_BANDS]:
            kept = cut_band(parts, band, [item.implicit for item in sets])
            if kept is None:
                at = ", ".join(f"{v:.6g}" for v in band.outer)
                blind.append(f"closed orbits within the one through ({at}), near {divisor} = 0")
                continue
            bands += kept
    if len(searched.bands) > MOST_BANDS:
        blind.append(f"bands of closed orbits beyond the first {MOST_BANDS}")
    coverage = replace(searched.completeness, status=status, blind=tuple(blind))
    return CycleSearch((), tuple(bands), searched.undecided, coverage)
