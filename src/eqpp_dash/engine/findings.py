"""What is found before orbits are drawn: window, field, structure, equilibria, limit cycles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from eqpp_dash.engine.closed import covers, search_cycles
from eqpp_dash.engine.closedforms import with_closed_forms
from eqpp_dash.engine.collected import GRID, Collected
from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.cycles import CycleSearch
from eqpp_dash.engine.cycles.unbounded import end_at_infinity
from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.field import sample_field
from eqpp_dash.engine.kinds.decide import with_kinds
from eqpp_dash.engine.nullclines import trace_nullclines
from eqpp_dash.engine.placing import place_cycles
from eqpp_dash.engine.searched import EquilibriumSearch
from eqpp_dash.engine.structure.facts import Structure
from eqpp_dash.engine.structure.find import planar_structure
from eqpp_dash.engine.window import WindowFit, fit_with_search, refit_window
from eqpp_dash.errors import StopAndKeep
from eqpp_dash.model.portrait import Equilibrium, Nullcline, Progress, VectorFieldGrid
from eqpp_dash.model.spec import PortraitSpec, Range

if TYPE_CHECKING:
    from eqpp_dash.engine.reporting import PhaseReporter
    from eqpp_dash.engine.system import System


def find_features(found: Collected, report: PhaseReporter) -> None:
    """Find what a portrait shows, and the window that shows it.

    Parameters
    ----------
    found : Collected
        The question; receives the window, the field and its nullclines, the structure, the
        equilibria and the limit cycles, each as soon as it is found. A window that is fitted
        shows the limit cycles as well; then all that depends on it is found anew, and replaced
        when all of it is there.
    report : PhaseReporter
        Told the phases and how far they are.

    Raises
    ------
    StopAndKeep
        If the one who is told wishes so.
    """
    field, spec = found.compiled, found.spec
    report.begin("window")
    fit = window_of(field, found.system, spec)
    window = found.window = fit.window
    found.window_notices = fit.notices
    found.has("the window")
    report.begin("field")
    found.grid = _sampled(found, window)
    found.has("the vector field")
    report.begin("nullclines")
    found.nullclines = _nullclines(found, window, report)
    found.has("nullclines")
    report.begin("structure")
    structure = found.structure = planar_structure(field, window)
    found.has("first integrals and symmetries")
    report.begin("equilibria")
    if "equilibria" not in found.parts:
        return
    search = found.equilibria = _equilibria(found, window, structure, report, fit)
    if search.stop is not None:
        raise search.stop
    found.has("equilibria")
    report.begin("cycles")
    if "limit cycles" in found.parts:
        closed = search_cycles(field, window, search, report, found.machine, structure)
        placed = found.closed = place_cycles(field, closed, window, search.equilibria)
        if closed.stop is not None:
            raise closed.stop
        rest = (*search.equilibria, *placed.beyond)
        found.closed = end_at_infinity(field, placed, structure, rest)
        found.has("limit cycles")
        if spec.window is None:
            _refit(found, window, search, closed, report)


def _refit(
    found: Collected,
    window: Mapping[str, Range],
    search: EquilibriumSearch,
    closed: CycleSearch,
    report: PhaseReporter,
) -> None:
    """Change a fitted window to show the limit cycles, and all that depends on it."""
    field = found.compiled
    shown = refit_window(field, window, search.equilibria, closed.cycles)
    if shown == window:
        return
    report.doing = "the window was fitted to the limit cycles"
    structure = planar_structure(field, shown)
    before: Sequence[Equilibrium] | None = search.equilibria
    search = _equilibria(found, shown, structure, report)
    if search.stop is not None:
        raise search.stop
    if not covers(window, shown):
        before = None
        closed = search_cycles(field, shown, search, report, found.machine, structure)
        if closed.stop is not None:
            raise closed.stop
    closed = place_cycles(field, closed, shown, search.equilibria, before)
    rest = (*search.equilibria, *closed.beyond)
    closed = end_at_infinity(field, closed, structure, rest)
    grid, nullclines = _sampled(found, shown), _nullclines(found, shown, report)
    found.window, found.structure, found.equilibria = shown, structure, search
    found.closed, found.grid, found.nullclines = closed, grid, nullclines


def _equilibria(
    found: Collected,
    window: Mapping[str, Range],
    structure: Structure | None,
    report: PhaseReporter,
    fit: WindowFit | None = None,
) -> EquilibriumSearch:
    """Find the equilibria on a window, with their kinds if the search was not stopped."""
    again = fit is None

    def tell(done: Progress) -> None:
        report.tell(1.0 if again else done.fraction, done.message)

    field = found.compiled
    search = find_equilibria(field, window, progress=tell, known=fit.known if fit else None)
    if search.stop:
        return search
    if not again:
        report.doing = "the kinds of equilibria were decided"
    search = with_kinds(
        search, field, window, lambda: structure, lambda words: report.tell(1.0, words)
    )
    if search.stop:
        return search
    try:
        return replace(search, equilibria=with_closed_forms(field, search.equilibria))
    except StopAndKeep as stop:
        return replace(search, stop=stop)


def _sampled(found: Collected, window: Mapping[str, Range]) -> VectorFieldGrid | None:
    wanted = "field" in found.spec.analyses
    return sample_field(found.compiled, window, GRID) if wanted else None


def _nullclines(
    found: Collected, window: Mapping[str, Range], report: PhaseReporter
) -> tuple[Nullcline, ...]:
    if "nullclines" not in found.spec.analyses:
        return ()
    share = 0.5 if report.phase == "nullclines" else 1.0
    return trace_nullclines(found.compiled, window, lambda: report.tell(share))


def window_of(field: CompiledField, system: System, spec: PortraitSpec) -> WindowFit:
    """Give the window that a specification asks for, fitted if it asks for that."""
    if spec.window is not None:
        return WindowFit({name: spec.window[name] for name in system.variables}, ())
    return fit_with_search(field, system)
