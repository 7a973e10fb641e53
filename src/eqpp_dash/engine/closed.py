"""Limit cycles as a portrait has them: searched, placed in the window, numbered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.cycles import CycleSearch, find_limit_cycles
from eqpp_dash.engine.cycles.algebraic import prove_on_curves
from eqpp_dash.engine.cycles.proofs import exclude_cycles
from eqpp_dash.engine.cycles.reduced import bands_without_factor
from eqpp_dash.engine.cycles.resting import clear_of_sets
from eqpp_dash.engine.cycles.shape import encloses, location
from eqpp_dash.engine.cycles.winding import find_winding_cycles
from eqpp_dash.engine.field import window_limits
from eqpp_dash.engine.filippov.cycles import find_switching_cycles, jumping_surfaces
from eqpp_dash.engine.filippov.pieces import filippov_field
from eqpp_dash.engine.filippov.segments import CONTINUOUS, Piece, Surface
from eqpp_dash.engine.orbits import WORK_BOX
from eqpp_dash.errors import StopAndKeep
from eqpp_dash.model.cycles import Annulus, CycleCoverage, LimitCycle
from eqpp_dash.model.portrait import Array, Equilibrium, Notice
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

SMALL = 0.05
"""An innermost orbit of an annulus, in sizes of the outermost, that ends at its equilibrium."""

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
        return _with_winding(field, window, search, report, structure, found, jumps=True)
    jumps = bool(surfaces)
    apart = (
        None
        if jumps
        else bands_without_factor(field, window, search.equilibria, report.tell, BUDGET)
    )
    if apart is not None:
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
            found = clear_of_sets(field, found, search.sets)
            found = _with_winding(field, window, search, report, structure, found, jumps=jumps)
            return prove_on_curves(field, found, structure, *window_limits(field, window))
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
    winding = find_winding_cycles(
        field,
        structure,
        search.equilibria,
        lo,
        hi,
        (middle - half, middle + half),
        lambda: report.tell(1.0),
        jumps=jumps,
    )
    if winding is None:
        return found
    coverage = found.completeness
    status, blind = coverage.status, (*coverage.blind, *winding.blind)
    if status.startswith("none"):
        if winding.proof:
            status = f"{status[:-1]}; none winds: {winding.proof})"
        else:
            told = "were searched" if winding.searched else "were not searched"
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


def place_cycles(
    field: CompiledField,
    found: CycleSearch,
    window: Mapping[str, Range],
    equilibria: Sequence[Equilibrium],
) -> CycleSearch:
    """Tell anew where cycles lie, and what they enclose, in another window.

    Parameters
    ----------
    field : CompiledField
        The vector field.
    found : CycleSearch
        What was found.
    window : mapping of str to (float, float)
        The window.
    equilibria : sequence of Equilibrium
        The equilibria of the portrait, in its order.

    Returns
    -------
    CycleSearch
        The same cycles.
    """
    lo, hi = window_limits(field, window)
    cycles = tuple(
        replace(
            cycle,
            location=_location(cycle, lo, hi),
            equilibria=_encloses(cycle, equilibria),
        )
        for cycle in found.cycles
    )
    bands = tuple(_limited(band, equilibria) for band in found.bands)
    return replace(found, cycles=cycles, bands=bands)


def _location(cycle: LimitCycle, lo: Array, hi: Array) -> str:
    winds = np.array(cycle.winding, dtype=bool)
    bounds = np.where(winds[:, None], np.stack([lo, hi], axis=1), cycle.bounds)
    found = location(bounds, lo, hi)
    passes = ((cycle.points >= lo) & (cycle.points <= hi)).all(axis=1).any()
    return "outside" if found == "crosses" and not passes else found


def _encloses(cycle: LimitCycle, equilibria: Sequence[Equilibrium]) -> tuple[int, ...]:
    return () if any(cycle.winding) else _around(cycle.points, equilibria)


def _around(curve: Array, equilibria: Sequence[Equilibrium]) -> tuple[int, ...]:
    return tuple(k for k, item in enumerate(equilibria) if encloses(curve, item.point))


def _limited(band: Annulus, equilibria: Sequence[Equilibrium]) -> Annulus:
    """Say that an annulus ends at the one equilibrium that its innermost orbit goes close round."""
    if len(band.equilibria) != 1:
        return band
    number = band.equilibria[0]
    point = equilibria[number].point
    inner, outer = (float(np.linalg.norm(p - point)) for p in (band.inner, band.outer))
    return replace(band, within=f"equilibrium {number}") if inner < SMALL * outer else band


def outside_notices(found: CycleSearch, *, fitted: bool) -> list[Notice]:
    """Tell of cycles that are not in the window.

    Parameters
    ----------
    found : CycleSearch
        Cycles, placed.
    fitted : bool
        Whether the window was fitted already.
    """
    advice = "too far off for the fitted window" if fitted else "fit the window to show all"
    notices = []
    for place, words in (("outside", "outside the window"), ("crosses", "partly in the window")):
        items = [cycle for cycle in found.cycles if cycle.location == place]
        if items:
            count = "1 cycle is" if len(items) == 1 else f"{len(items)} cycles are"
            told = [f"{a:.4g} to {b:.4g}" for a, b in (cycle.bounds[0] for cycle in items)]
            spans = "; ".join(list(dict.fromkeys(told))[:5])
            message = f"{count} {words} (from {spans}): {advice}"
            notices.append(Notice("cycle-outside", message))
    return notices
