"""Compute a portrait: specification in, portrait out; no input or output on the way."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from eqpp_dash import __version__
from eqpp_dash.engine.audit import audit_indices
from eqpp_dash.engine.basins import basins_of_portrait
from eqpp_dash.engine.closed import IN_PREVIEW, WITHOUT
from eqpp_dash.engine.collected import GRID, Collected, names_equilibria, system_facts
from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.connections.borders import end_bands
from eqpp_dash.engine.drawing import draw_trajectories, sketch_trajectories
from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.field import sample_field, window_limits
from eqpp_dash.engine.findings import find_features, window_of
from eqpp_dash.engine.kinds.decide import with_kinds
from eqpp_dash.engine.machine.stepper import Machine, integrator_of, prepare_machine
from eqpp_dash.engine.nullclines import trace_nullclines
from eqpp_dash.engine.orbits import Problem
from eqpp_dash.engine.prepare import check_point, prepare_spec
from eqpp_dash.engine.remarks import end_notices
from eqpp_dash.engine.reporting import PhaseReporter, Report
from eqpp_dash.engine.searched import EquilibriumSearch
from eqpp_dash.engine.spirals import how_closed_orbits_are_known
from eqpp_dash.engine.structure.find import quick_structure
from eqpp_dash.engine.system import Limits, System
from eqpp_dash.engine.timescale import crossing_time, time_span
from eqpp_dash.engine.trajectories import Orbits, assemble, integrate_both
from eqpp_dash.errors import StopAndKeep
from eqpp_dash.model.cycles import NOT_SEARCHED, LimitCycle
from eqpp_dash.model.portrait import (
    Equilibrium,
    Notice,
    Nullcline,
    Portrait,
    Trajectory,
)
from eqpp_dash.model.spec import PortraitSpec, Range

RESULTS_VERSION = 7
"""Raised when results change: part of every portrait's id."""

CLICK_STEPS = 1000
"""Most steps of each half of a trajectory in previews and for clicks, which must be fast."""

MOST_SCENES = 64
"""Systems on their windows that previews and clicks remember."""


@np.errstate(all="ignore")
def compute_portrait(
    spec: PortraitSpec, *, progress: Report | None = None, limits: Limits | None = None
) -> Portrait:
    """Compute a whole portrait.

    Parameters
    ----------
    spec : PortraitSpec
        The question.
    progress : callable, optional
        Called with a `Progress` when a phase begins and some ten times a second within
        one. An exception that it raises ends the computation and is passed on, but for
        `StopAndKeep`, which ends it with what is found.
    limits : Limits, optional
        Limits of the equations' text.

    Returns
    -------
    Portrait
        The answer; `partial`, with the reason in `stopped`, if it was stopped on the way. All
        phases that had ended are kept, and of the one that had not what is sure: equilibria
        that are proved, separatrices and given trajectories.

    Raises
    ------
    EquationError, SpecError
        If the question is invalid; see `prepare_spec`.
    StopAndKeep
        If it was stopped before the question was understood.

    Examples
    --------
    >>> spec = PortraitSpec("x' = y; y' = -sin(x)", window={"x": (-7, 7), "y": (-3, 3)})
    >>> portrait = compute_portrait(spec)
    >>> sorted({item.kind for item in portrait.equilibria if item.hyperbolic})
    ['saddle']
    >>> def stop(progress):
    ...     if progress.phase == "cycles":
    ...         raise StopAndKeep("stopped by an example")
    >>> compute_portrait(spec, progress=stop).stopped
    'stopped by an example while limit cycles were searched'
    """
    report = PhaseReporter(progress)
    report.begin("understand")
    system, spec = prepare_spec(spec, limits)
    compiled = system.compile(spec.parameters)
    found = Collected(system, spec, compiled, prepare_machine(system, compiled, spec.parameters))
    with report.listening():
        try:
            _collect(found, report)
        except StopAndKeep as stop:
            return found.portrait(report, stop)
    return found.portrait(report)


def _collect(found: Collected, report: PhaseReporter) -> None:
    """Find the parts of a portrait, one after another."""
    find_features(found, report)
    search, closed = found.equilibria, found.closed or WITHOUT
    assert found.window is not None
    found.audit = audit_indices(
        found.compiled, found.window, search, closed.cycles, found.structure
    )
    equilibria = search.equilibria if search else ()
    problem = _problem(
        found.compiled, found.window, found.spec, equilibria, found.machine, closed.cycles
    )
    problem = replace(
        problem,
        annuli=closed.bands,
        sets=search.sets if search else (),
        closed_orbits=how_closed_orbits_are_known(search, closed),
    )
    found.basins = basins_of_portrait(found.system, found.spec, problem, equilibria, report)
    found.has("basins of attraction")
    report.begin("trajectories")
    equilibria = (*equilibria, *closed.beyond)
    drawn, net, shown = draw_trajectories(
        problem, found.spec, equilibria, report, found.structure, found.keep_orbits
    )
    found.keep_orbits(drawn, net, shown)
    found.has("separatrices", "trajectories")
    corners = window_limits(found.compiled, found.window)
    found.closed, found.net = end_bands(closed, net, search, found.structure, corners)


@np.errstate(all="ignore")
def preview_portrait(
    spec: PortraitSpec,
    *,
    starts: Sequence[Sequence[float]] = (),
    limits: Limits | None = None,
) -> Portrait:
    """Compute what can be had at once: a portrait whose orbits are few, short and rough.

    Parameters
    ----------
    spec : PortraitSpec
        The question.
    starts : sequence of points
        Further points whose orbits are wanted.
    limits : Limits, optional
        Limits of the equations' text.

    Returns
    -------
    Portrait
        The answer, marked as partial: separatrices and evenly spaced trajectories are only
        sketched, see `drawing.sketch_trajectories`.

    Raises
    ------
    EquationError, SpecError
        If the question is invalid.
    """
    report = PhaseReporter(None)
    report.begin("understand")
    system, spec = prepare_spec(spec, limits)
    points = [check_point(system, start, f"starts.{i}") for i, start in enumerate(starts)]
    scene = _scene(system, spec)
    report.begin("field")
    grid = sample_field(scene.field, scene.window, GRID) if "field" in spec.analyses else None
    report.begin("nullclines")
    nullclines: tuple[Nullcline, ...] = ()
    if "nullclines" in spec.analyses:
        nullclines = trace_nullclines(scene.field, scene.window)
    report.begin("equilibria")
    points = [*spec.initial_conditions, *points]
    search = scene.search if names_equilibria(spec, points) else None
    report.begin("trajectories")
    given = _through(scene, spec, points)
    problem = _problem(scene.field, scene.window, spec, scene.search.equilibria, scene.machine)
    problem = replace(problem, sets=scene.search.sets)
    trajectories = sketch_trajectories(problem, spec, scene.search.equilibria, given)
    portrait = Portrait(
        spec,
        __version__,
        system_facts(system, spec),
        scene.window,
        field=grid,
        nullclines=nullclines,
        equilibria=search.equilibria if search else (),
        equilibrium_sets=search.sets if search else (),
        singularities=search.singularities if search else (),
        trajectories=trajectories,
        switching=search.switching if search else (),
        cycle_coverage=IN_PREVIEW,
        completeness={
            "equilibria": search.completeness if search else NOT_SEARCHED,
            "limit_cycles": IN_PREVIEW.status,
        },
        notices=(
            *system.notes,
            *scene.notices,
            *(search.notices if search else ()),
            *end_notices(trajectories),
        ),
        timing=report.finish(),
        partial=True,
        integrator=integrator_of(scene.machine),
    )
    _begin_machine(scene)
    return portrait


def trace_trajectories(
    spec: PortraitSpec,
    starts: Sequence[Sequence[float]],
    window: Mapping[str, Range] | None = None,
    *,
    limits: Limits | None = None,
) -> tuple[Trajectory, ...]:
    """Trace the orbits through points, both ways.

    Parameters
    ----------
    spec : PortraitSpec
        The question they belong to.
    starts : sequence of points
        The points.
    window : mapping of str to (float, float), optional
        The window drawn, if not the one of the specification.
    limits : Limits, optional
        Limits of the equations' text.

    Returns
    -------
    tuple of Trajectory
        One a point.

    Raises
    ------
    EquationError, SpecError
        If the question or a point is invalid.
    """
    return trace_to_equilibria(spec, starts, window, limits=limits)[0]


@np.errstate(all="ignore")
def trace_to_equilibria(
    spec: PortraitSpec,
    starts: Sequence[Sequence[float]],
    window: Mapping[str, Range] | None = None,
    *,
    limits: Limits | None = None,
    cycles: tuple[LimitCycle, ...] = (),
) -> tuple[tuple[Trajectory, ...], tuple[Equilibrium, ...]]:
    """Trace orbits as `trace_trajectories` does, and give the equilibria that they may end at.

    They may end at `cycles` as well, the limit cycles of the system if these are known.

    Returns
    -------
    trajectories : tuple of Trajectory
        One a point.
    equilibria : tuple of Equilibrium
        Those on the window, as the ends of trajectories count them.
    """
    if window is not None:
        spec = spec.replace(window=dict(window))
    system, spec = prepare_spec(spec, limits)
    points = [check_point(system, start, f"starts.{i}") for i, start in enumerate(starts)]
    scene = _scene(system, spec)
    trajectories = _through(scene, spec, points, cycles)
    _begin_machine(scene)
    return trajectories, scene.search.equilibria


@dataclass(frozen=True, slots=True, eq=False)
class _Scene:
    """A system on its window with its equilibria: what previews and clicks share."""

    field: CompiledField
    window: Mapping[str, Range]
    notices: tuple[Notice, ...]
    search: EquilibriumSearch
    machine: Machine | None


def _scene(system: System, spec: PortraitSpec) -> _Scene:
    """Find or recall the scene of a prepared specification; only what matters is the key."""
    bare = PortraitSpec(spec.equations, parameters=spec.parameters, window=spec.window)
    key = bare.canonical_json()
    with _SCENES_LOCK:
        scene = _SCENES.get(key)
        if scene is not None:
            _SCENES.move_to_end(key)
            return scene
    compiled = system.compile(spec.parameters)
    machine = prepare_machine(system, compiled, spec.parameters, begin=False)
    fit = window_of(compiled, system, spec)
    found = find_equilibria(compiled, fit.window, known=fit.known)
    search = with_kinds(found, compiled, fit.window, lambda: quick_structure(compiled, fit.window))
    scene = _Scene(compiled, fit.window, fit.notices, search, machine)
    with _SCENES_LOCK:
        _SCENES[key] = scene
        while len(_SCENES) > MOST_SCENES:
            _SCENES.popitem(last=False)
    return scene


def _begin_machine(scene: _Scene) -> None:
    """Begin to compile a scene's machine code, when what was waited for is there."""
    if scene.machine is not None:
        scene.machine.begin()


_SCENES: OrderedDict[bytes, _Scene] = OrderedDict()
_SCENES_LOCK = threading.Lock()


def _through(
    scene: _Scene,
    spec: PortraitSpec,
    points: Sequence[Sequence[float]],
    cycles: tuple[LimitCycle, ...] = (),
) -> tuple[Trajectory, ...]:
    if not points:
        return ()
    equilibria = scene.search.equilibria
    problem = _problem(scene.field, scene.window, spec, equilibria, scene.machine, cycles)
    problem = replace(problem, sets=scene.search.sets)
    steps = CLICK_STEPS if spec.time.span is None else 3 * CLICK_STEPS
    orbits = Orbits.through(np.array(points, dtype=float), "given", steps)
    return assemble(integrate_both(problem, orbits, equilibria), range(len(orbits)))


def _problem(
    compiled: CompiledField,
    window: Mapping[str, Range],
    spec: PortraitSpec,
    equilibria: Sequence[Equilibrium],
    machine: Machine | None,
    cycles: tuple[LimitCycle, ...] = (),
) -> Problem:
    limits = np.array([window[name] for name in compiled.variables], dtype=float)
    center, width = limits.mean(axis=1), limits[:, 1] - limits[:, 0]
    crossing = crossing_time(compiled, center, width)
    span = spec.time.span
    return Problem(
        compiled,
        center,
        width,
        time_span(equilibria, crossing, cycles) if span is None else span,
        rtol=spec.options.rtol,
        atol=spec.options.atol,
        method=spec.options.method,
        start=spec.time.start,
        by_eye=span is None,
        crossing=crossing,
        machine=machine,
        cycles=cycles,
    )
