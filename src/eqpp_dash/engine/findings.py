"""What is found before anything is drawn: window, structure, equilibria, limit cycles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from eqpp_dash.engine.closed import WITHOUT, covers, place_cycles, search_cycles
from eqpp_dash.engine.closedforms import with_closed_forms
from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.cycles import CycleSearch
from eqpp_dash.engine.equilibria import EquilibriumSearch, find_equilibria
from eqpp_dash.engine.kinds.decide import with_kinds
from eqpp_dash.engine.structure.facts import Structure
from eqpp_dash.engine.structure.find import planar_structure
from eqpp_dash.engine.window import WindowFit, fit_with_search, refit_window
from eqpp_dash.model.portrait import Notice, Progress
from eqpp_dash.model.spec import PortraitSpec, Range

if TYPE_CHECKING:
    from eqpp_dash.engine.machine.stepper import Machine
    from eqpp_dash.engine.reporting import PhaseReporter
    from eqpp_dash.engine.system import System


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """What is found before anything is drawn.

    Attributes
    ----------
    window : mapping of str to (float, float)
        The window, fitted if the specification asks for that.
    notices : tuple of Notice
        What the window leaves out.
    structure : Structure or None
        What is proved about the field; None if it is not planar and autonomous.
    equilibria : EquilibriumSearch or None
        The equilibria; None if they are neither asked for nor needed.
    closed : CycleSearch
        The limit cycles and bands of closed orbits.
    """

    window: Mapping[str, Range]
    notices: tuple[Notice, ...]
    structure: Structure | None
    equilibria: EquilibriumSearch | None
    closed: CycleSearch = WITHOUT


def find_features(
    field: CompiledField,
    system: System,
    spec: PortraitSpec,
    machine: Machine | None,
    report: PhaseReporter,
) -> Findings:
    """Find what a portrait shows, and the window that shows it.

    Parameters
    ----------
    field : CompiledField
        The vector field.
    system : System
        The system it belongs to.
    spec : PortraitSpec
        The question.
    machine : Machine or None
        Machine code of the system.
    report : PhaseReporter
        Told the phases and how far they are.

    Returns
    -------
    Findings
        A window that is fitted shows the limit cycles as well; then structure and equilibria
        are those of the wider window.
    """
    report.begin("window")
    fit = window_of(field, system, spec)
    window = fit.window
    report.begin("structure")
    structure = planar_structure(field, window)
    report.begin("equilibria")
    if not names_equilibria(spec, spec.initial_conditions):
        return Findings(window, fit.notices, structure, None)

    def tell(done: Progress) -> None:
        report.tell(done.fraction, done.message)

    found = find_equilibria(field, window, progress=tell, known=fit.known)
    search = with_kinds(found, field, window, lambda: structure)
    report.begin("cycles")
    if not {"cycles", "basins"} & set(spec.analyses):
        return Findings(window, fit.notices, structure, _exactly(field, search))
    closed = search_cycles(field, window, search, report, machine, structure)
    shown = window
    if spec.window is None:
        shown = refit_window(field, window, search.equilibria, closed.cycles)
    if shown != window:
        structure = planar_structure(field, shown)
        found = find_equilibria(field, shown, progress=lambda done: report.tell(1.0, done.message))
        search = with_kinds(found, field, shown, lambda: structure)
        if not covers(window, shown):
            closed = search_cycles(field, shown, search, report, machine, structure)
    closed = place_cycles(field, closed, shown, search.equilibria)
    return Findings(shown, fit.notices, structure, _exactly(field, search), closed)


def _exactly(field: CompiledField, search: EquilibriumSearch) -> EquilibriumSearch:
    return replace(search, equilibria=with_closed_forms(field, search.equilibria))


def window_of(field: CompiledField, system: System, spec: PortraitSpec) -> WindowFit:
    """Give the window that a specification asks for, fitted if it asks for that."""
    if spec.window is not None:
        return WindowFit({name: spec.window[name] for name in system.variables}, ())
    return fit_with_search(field, system)


def names_equilibria(spec: PortraitSpec, points: Sequence[object]) -> bool:
    """Tell whether equilibria are asked for, or needed to name where orbits end."""
    wanted = {"equilibria", "separatrices", "cycles", "trajectories", "basins"}
    return bool(points or wanted & set(spec.analyses))
