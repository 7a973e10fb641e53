"""What a computation has found so far: a portrait can be made of it at any time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from eqpp_dash import __version__
from eqpp_dash.engine.audit import audit_notices
from eqpp_dash.engine.closed import WITHOUT
from eqpp_dash.engine.connections import Net
from eqpp_dash.engine.cycles import CycleSearch
from eqpp_dash.engine.field import sample_field
from eqpp_dash.engine.machine.stepper import integrator_of
from eqpp_dash.engine.placing import index_notices, outside_notices
from eqpp_dash.engine.remarks import basin_notices, end_notices, separatrix_notices
from eqpp_dash.errors import StopAndKeep
from eqpp_dash.model.cycles import NOT_SEARCHED, NOT_TO_THE_END, CycleCoverage
from eqpp_dash.model.portrait import Notice, Portrait, SystemFacts

if TYPE_CHECKING:
    from eqpp_dash.engine.compiled import CompiledField
    from eqpp_dash.engine.machine.stepper import Machine
    from eqpp_dash.engine.reporting import PhaseReporter
    from eqpp_dash.engine.searched import EquilibriumSearch
    from eqpp_dash.engine.structure.facts import Structure
    from eqpp_dash.engine.system import System
    from eqpp_dash.model.basins import BasinMap
    from eqpp_dash.model.manifolds import Audit
    from eqpp_dash.model.portrait import Equilibrium, Nullcline, Trajectory, VectorFieldGrid
    from eqpp_dash.model.spec import PortraitSpec, Range

GRID = (25, 25)
UNFITTED = 5.0
"""Half width of the window of what was stopped before one was fitted."""


@dataclass(slots=True, eq=False)
class Collected:
    """What a computation has found so far.

    Attributes
    ----------
    system, spec, compiled, machine
        The system, the full question, its field, its machine code.
    window : mapping of str to (float, float) or None
        The window; None until it is chosen.
    window_notices : tuple of Notice
        What the window leaves out.
    grid, nullclines, structure, equilibria, closed, audit, basins, trajectories, net
        The parts of the portrait; what is not there yet is None or empty.
    ends : tuple of Equilibrium
        The equilibria by which ends of orbits are counted.
    parts : dict of str to bool
        The names of the parts that are wanted, in the order in which they are found, and whether
        each is found wholly.
    """

    system: System
    spec: PortraitSpec
    compiled: CompiledField
    machine: Machine | None
    window: Mapping[str, Range] | None = None
    window_notices: tuple[Notice, ...] = ()
    grid: VectorFieldGrid | None = None
    nullclines: tuple[Nullcline, ...] = ()
    structure: Structure | None = None
    equilibria: EquilibriumSearch | None = None
    closed: CycleSearch | None = None
    audit: Audit | None = None
    basins: BasinMap | None = None
    trajectories: tuple[Trajectory, ...] = ()
    net: Net = field(default_factory=Net)
    ends: tuple[Equilibrium, ...] = ()
    parts: dict[str, bool] = field(init=False)

    def __post_init__(self) -> None:
        wanted = set(self.spec.analyses)
        given = bool(self.spec.initial_conditions)
        needed = {
            "the window": self.spec.window is None,
            "the vector field": "field" in wanted,
            "nullclines": "nullclines" in wanted,
            "first integrals and symmetries": self.system.autonomous,
            "equilibria": names_equilibria(self.spec, self.spec.initial_conditions),
            "limit cycles": bool({"cycles", "basins"} & wanted),
            "basins of attraction": "basins" in wanted,
            "separatrices": "separatrices" in wanted,
            "trajectories": "trajectories" in wanted or given,
        }
        self.parts = {name: False for name, is_wanted in needed.items() if is_wanted}

    def has(self, *names: str) -> None:
        """Note that parts, if they are wanted, are found wholly."""
        for name in names:
            if name in self.parts:
                self.parts[name] = True

    def keep_orbits(
        self, trajectories: tuple[Trajectory, ...], net: Net, ends: tuple[Equilibrium, ...]
    ) -> None:
        """Keep orbits, the separatrices among them with what they connect, and the equilibria.

        These are all known, and after them those outside the window at which orbits end.
        """
        self.trajectories, self.net, self.ends = trajectories, net, ends

    def portrait(self, report: PhaseReporter, stop: StopAndKeep | None = None) -> Portrait:
        """Make the portrait of what is found.

        Parameters
        ----------
        report : PhaseReporter
            What was told the phases.
        stop : StopAndKeep, optional
            What stopped the computation. Then the portrait is marked as partial, and says of
            what was not searched to the end that it was not, and why.
        """
        stopped = "" if stop is None else f"{stop.reason} while {report.doing}"
        search = self.equilibria
        closed = _told(self.closed or self._unsearched(stopped, report.phase), stopped)
        equilibria = search.equilibria if search else ()
        window, grid = self.window, self.grid
        if window is None:
            window = dict.fromkeys(self.system.variables, (-UNFITTED, UNFITTED))
            if "field" in self.spec.analyses:
                grid = sample_field(self.compiled, window, GRID)
                self.has("the vector field")
        return Portrait(
            self.spec,
            __version__,
            system_facts(self.system, self.spec, self.structure),
            window,
            field=grid,
            nullclines=self.nullclines,
            equilibria=self.ends or (*equilibria, *closed.beyond),
            equilibrium_sets=search.sets if search else (),
            singularities=search.singularities if search else (),
            trajectories=self.trajectories,
            switching=search.switching if search else (),
            limit_cycles=closed.cycles,
            annuli=tuple(item.told() for item in closed.bands),
            cycle_gaps=closed.undecided,
            cycle_coverage=closed.completeness,
            separatrices=self.net.separatrices,
            connections=self.net.connections,
            polycycles=self.net.polycycles,
            audit=self.audit,
            basins=self.basins,
            completeness={
                "equilibria": self._sure_of_equilibria(stopped, report.phase),
                "limit_cycles": closed.completeness.status,
            },
            notices=(
                *self._stop_notice(stopped),
                *self.system.notes,
                *self.window_notices,
                *(search.notices if search else ()),
                *index_notices(
                    closed, (*equilibria, *closed.beyond), isolated=self._isolated(closed)
                ),
                *outside_notices(closed, fitted=self.spec.window is None and not stopped),
                *basin_notices(self.basins),
                *self._separatrix_notices(equilibria, stopped),
                *audit_notices(self.audit),
                *end_notices(self.trajectories),
            ),
            timing=report.times() if stopped else report.finish(),
            partial=bool(stopped),
            integrator=integrator_of(self.machine),
            stopped=stopped,
        )

    def _isolated(self, closed: CycleSearch) -> bool:
        """Tell whether nothing but isolated equilibria is known to have an index."""
        search, around = self.equilibria, closed.around
        if search is None or self.compiled.switching:
            return False
        wide = around is not None and (around.sets or around.singularities)
        return not (search.sets or search.singularities or wide)

    def _unsearched(self, stopped: str, phase: str) -> CycleSearch:
        """Say why there are no cycles: not asked for, not searched, or not to the end."""
        if not stopped or "limit cycles" not in self.parts:
            return WITHOUT
        how = NOT_TO_THE_END if phase == "cycles" else NOT_SEARCHED
        return CycleSearch(completeness=CycleCoverage(f"{how}: {stopped}"))

    def _sure_of_equilibria(self, stopped: str, phase: str) -> str:
        if self.equilibria is not None:
            return self.equilibria.completeness
        if stopped and "equilibria" in self.parts:
            how = NOT_TO_THE_END if phase == "equilibria" else NOT_SEARCHED
            return f"{how}: {stopped}"
        return NOT_SEARCHED

    def _separatrix_notices(
        self, equilibria: Sequence[Equilibrium], stopped: str
    ) -> Sequence[Notice]:
        if stopped:
            return ()
        return separatrix_notices(self.spec, equilibria, self.net.separatrices)

    def _stop_notice(self, stopped: str) -> list[Notice]:
        if not stopped:
            return []
        open_parts = [name for name, whole in self.parts.items() if not whole]
        words = f"{stopped[0].upper()}{stopped[1:]}"
        missing = f"; missing or incomplete: {', '.join(open_parts)}" if open_parts else ""
        return [Notice("stopped", words + missing)]


def _told(closed: CycleSearch, stopped: str) -> CycleSearch:
    """Say of a search for cycles that was stopped how far it was; a proof stands as it is."""
    coverage = closed.completeness
    if closed.stop is None or coverage.status.startswith("none"):
        return closed
    plural = "section" if coverage.arcs == 1 else "sections"
    status = f"{NOT_TO_THE_END}: {stopped}; {coverage.arcs} {plural} searched"
    return replace(closed, completeness=replace(coverage, status=status))


def names_equilibria(spec: PortraitSpec, points: Sequence[object]) -> bool:
    """Tell whether equilibria are asked for, or needed to name where orbits end."""
    wanted = {"equilibria", "separatrices", "cycles", "trajectories", "basins"}
    return bool(points or wanted & set(spec.analyses))


def system_facts(
    system: System, spec: PortraitSpec, structure: Structure | None = None
) -> SystemFacts:
    """Give the system as understood, with the values used and what is proved about it."""
    return SystemFacts(
        system.variables,
        {name: spec.parameters[name] for name in system.parameters},
        system.autonomous,
        system.equations,
        system.latex,
        system.jacobian_text,
        tuple(structure.to_json()) if structure else (),
    )
