"""Limit cycles as a portrait has them: searched, placed in the window, numbered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.cycles import CycleSearch, find_limit_cycles
from eqpp_dash.engine.cycles.algebraic import prove_on_curves
from eqpp_dash.engine.cycles.number import with_known_number
from eqpp_dash.engine.cycles.proofs import exclude_cycles
from eqpp_dash.engine.cycles.reduced import bands_without_factor
from eqpp_dash.engine.cycles.resting import clear_of_sets
from eqpp_dash.engine.cycles.rotations import find_rotations
from eqpp_dash.engine.cycles.winding import find_winding_cycles
from eqpp_dash.engine.field import window_limits
from eqpp_dash.engine.filippov.cycles import find_switching_cycles, jumping_surfaces
from eqpp_dash.engine.filippov.pieces import filippov_field
from eqpp_dash.engine.filippov.segments import CONTINUOUS, Piece, Surface
from eqpp_dash.engine.orbits import WORK_BOX
from eqpp_dash.engine.placing import name_enclosed, widened, without_empty, without_thin
from eqpp_dash.errors import StopAndKeep
from eqpp_dash.model.cycles import CycleCoverage
from eqpp_dash.model.spec import Range

if TYPE_CHECKING:
    from eqpp_dash.engine.machine.stepper import Machine
    from eqpp_dash.engine.reporting import PhaseReporter
    from eqpp_dash.engine.searched import EquilibriumSearch
    from eqpp_dash.engine.structure.facts import Structure

BUDGET = 4_000
"""Most orbits that the search of a portrait follows to a return."""

GRID = 200
MOST_CHANGES = 25_000
"""Most changes of the sign of the first component between neighbours on a grid of that size:
about as many as 60 curves right across it have."""

MOST_SEGMENTS = 60
"""Segments of surfaces, between the ends of crossing and sliding, that are searched for cycles."""

IN_PREVIEW = CycleCoverage("not searched in a preview")
WITHOUT = CycleSearch()


def search_cycles(
    field: CompiledField,
    window: Mapping[str, Range],
    search: EquilibriumSearch,
    report: PhaseReporter,
    machine: Machine | None = None,
    structure: Structure | None = None,
) -> CycleSearch:
    """Search the limit cycles of a planar field for a portrait.

    Parameters
    ----------
    field : CompiledField
        The vector field.
    window : mapping of str to (float, float)
        Limits of each variable.
    search : EquilibriumSearch
        The equilibria and singularities in the window.
    report : PhaseReporter
        Told how far this is; its phase has begun.
    machine : Machine, optional
        Machine code of the system.
    structure : Structure, optional
        What is proved about the field.

    Returns
    -------
    CycleSearch
        What was found; nothing, with the reason, if the field is not autonomous. After a
        `StopAndKeep` what was found by then, and `stop`; where a field that jumps is searched, or
        one without its common factor, that is passed on.
    """
    if not field.autonomous:
        return replace(WITHOUT, completeness=CycleCoverage("not searched: time appears"))
    if any(item.implicit == "0" and not item.part for item in search.sets):
        return replace(WITHOUT, completeness=CycleCoverage("none (proved: no point moves)"))
    if _intricate(field, window):
        status = "not searched: the curves on which the first variable rests are too many"
        return replace(WITHOUT, completeness=CycleCoverage(status))
    surfaces = jumping_surfaces(field, window)
    if surfaces and not _stepped(field, surfaces):
        lo, hi = window_limits(field, window)
        proof = exclude_cycles(field, structure, search.equilibria, (), False, lo, hi)
        if proof is not None and proof.everywhere and not proof.bands:
            none = replace(WITHOUT, completeness=CycleCoverage(proof.status))
            return _with_winding(field, window, search, report, structure, none, jumps=True)
        found = find_switching_cycles(
            field, window, surfaces, search.equilibria, progress=report.tell
        )
        found = name_enclosed(field, found, search.equilibria, window, structure)
        return _with_winding(field, window, search, report, structure, found, jumps=True)
    jumps = bool(surfaces)
    apart = (
        None
        if jumps
        else bands_without_factor(
            field, window, search.equilibria, report.tell, BUDGET, search.sets
        )
    )
    if apart is not None:
        apart = name_enclosed(field, apart, search.equilibria, window, structure)
        return _with_winding(field, window, search, report, structure, apart, jumps=False)
    found = find_limit_cycles(
        field,
        window,
        search.equilibria,
        search.singularities,
        budget=BUDGET,
        progress=report.tell,
        machine=machine,
        structure=structure,
        complete=search.completeness == "proved" and not search.sets,
        keeping=report.keeping,
    )
    found = _completed(field, window, search, report, structure, found, jumps=jumps)
    return _across_jumps(found, surfaces) if surfaces else found


def _completed(
    field: CompiledField,
    window: Mapping[str, Range],
    search: EquilibriumSearch,
    report: PhaseReporter,
    structure: Structure | None,
    found: CycleSearch,
    *,
    jumps: bool,
) -> CycleSearch:
    """Add the cycles that wind, prove those on curves; a stop keeps what was found before."""
    if found.stop is None:
        try:
            found = without_thin(clear_of_sets(field, found, search.sets))
            if search.completeness == "proved":
                found = without_empty(field, found, window)
            found = _with_winding(field, window, search, report, structure, found, jumps=jumps)
            found = prove_on_curves(field, found, structure, *window_limits(field, window))
            return with_known_number(field, found)
        except StopAndKeep as stop:
            found = replace(found, stop=stop)
    with report.keeping():
        return clear_of_sets(field, found, search.sets)


def _with_winding(
    field: CompiledField,
    window: Mapping[str, Range],
    search: EquilibriumSearch,
    report: PhaseReporter,
    structure: Structure | None,
    found: CycleSearch,
    *,
    jumps: bool,
) -> CycleSearch:
    """Add the cycles that wind round a periodic variable, and say what was covered."""
    lo, hi = window_limits(field, window)
    middle, half = 0.5 * (lo + hi), 0.5 * WORK_BOX * (hi - lo)
    box = middle - half, middle + half

    def tell() -> None:
        report.tell(1.0)

    winding = find_winding_cycles(
        field, structure, search.equilibria, lo, hi, box, tell, jumps=jumps
    )
    if winding is None:
        bands, more = find_rotations(field, structure, search.equilibria, lo, hi, box, tell)
        blind = (*found.completeness.blind, *more)
        coverage = replace(found.completeness, blind=blind)
        every = replace(found, bands=(*found.bands, *bands), completeness=coverage)
        return widened(field, every, window, structure) if bands else every
    coverage = found.completeness
    status, blind = coverage.status, (*coverage.blind, *winding.blind)
    if status.startswith("none"):
        if winding.proof:
            status = f"{status[:-1]}; none winds: {winding.proof})"
        else:
            told = "were searched" if winding.searched else "were not searched"
            told += f" ({winding.most})" if winding.most else ""
            status = f"none that closes in the plane{status[4:]}; those that wind {told}"
    return replace(
        found,
        cycles=(*found.cycles, *winding.cycles),
        completeness=replace(coverage, status=status, blind=blind),
    )


def _stepped(field: CompiledField, surfaces: Sequence[tuple[Surface, Sequence[Piece]]]) -> bool:
    """Tell whether surfaces are too many: where whole numbers are chosen, or by their number."""
    jumps = sum(part.kind != CONTINUOUS for _, parts in surfaces for part in parts)
    whole = any(choice.whole for choice in filippov_field(field).cells.frozen.choices)
    return whole or jumps > MOST_SEGMENTS


def _across_jumps(
    found: CycleSearch, surfaces: Sequence[tuple[Surface, Sequence[Piece]]]
) -> CycleSearch:
    """Claim less where a field jumps and was searched as if it were smooth."""
    where = ", ".join(f"{surface.factor.text} = 0" for surface, _ in surfaces)
    coverage = found.completeness
    blind = f"cycles across {where}, where the field jumps"
    return replace(
        found,
        cycles=tuple(replace(cycle, evidence="numerical") for cycle in found.cycles),
        bands=(),
        completeness=replace(coverage, blind=(*coverage.blind, blind)),
    )


def _intricate(field: CompiledField, window: Mapping[str, Range]) -> bool:
    """Tell whether f = 0, on which sections lie, has too many branches around the window."""
    lo, hi = window_limits(field, window)
    middle, half = 0.5 * (lo + hi), 0.5 * WORK_BOX * (hi - lo)
    axis = np.linspace(-1.0, 1.0, GRID)
    x, y = np.meshgrid(middle[0] + half[0] * axis, middle[1] + half[1] * axis)
    with np.errstate(all="ignore"):
        up = field(0.0, np.stack([x, y]))[0] > 0
    changes = np.count_nonzero(up[1:] != up[:-1]) + np.count_nonzero(up[:, 1:] != up[:, :-1])
    return int(changes) > MOST_CHANGES


def covers(window: Mapping[str, Range], other: Mapping[str, Range]) -> bool:
    """Tell whether a search on one window looked at all of another.

    Examples
    --------
    >>> covers({"x": (-1, 1), "y": (-1, 1)}, {"x": (-2, 2), "y": (-7.5, 1)})
    False
    """
    for name, (low, high) in window.items():
        middle, half = 0.5 * (low + high), 0.5 * WORK_BOX * (high - low)
        if other[name][0] < middle - half or other[name][1] > middle + half:
            return False
    return True
