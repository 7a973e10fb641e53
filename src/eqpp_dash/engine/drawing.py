"""Which orbits a portrait draws, and how many steps each may take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from eqpp_dash.engine.beyond import settle_beyond
from eqpp_dash.engine.connections import Net, find_connections
from eqpp_dash.engine.crowding import cut_crowded, cycle_orbits, draw_one_turn
from eqpp_dash.engine.dop853 import Array
from eqpp_dash.engine.images import window_images
from eqpp_dash.engine.orbits import Problem
from eqpp_dash.engine.pulse import undisturbed
from eqpp_dash.engine.reporting import PhaseReporter
from eqpp_dash.engine.seeding import (
    SEED_RTOL,
    beside_cycles,
    candidate_starts,
    choose_seeds,
    free_starts,
    separatrix_branches,
    separatrix_orbits,
    with_lead,
    within_annuli,
)
from eqpp_dash.engine.structure.facts import Structure
from eqpp_dash.engine.trajectories import Orbits, Traced, assemble, follow_longer, integrate_both
from eqpp_dash.errors import StopAndKeep
from eqpp_dash.model.portrait import Equilibrium, Trajectory
from eqpp_dash.model.spec import PortraitSpec

STEPS = 20_000
"""Most steps of each half of a trajectory that was asked for, or is a separatrix, where the span
is given."""

AUTO_STEPS = 6_000
"""The same where the span is left to the engine."""

ROUGH_STEPS = 3000
"""The same where the field has jumps or kinks: each crossing takes about ten tries."""

SEED_STEPS = 800
"""The same for evenly spaced ones."""


SKETCH_STEPS = 45
"""The same in a preview, which follows every other candidate, with an accuracy of a screen's."""

SKETCH_RTOL = 1e-5


def draw_trajectories(
    problem: Problem,
    spec: PortraitSpec,
    equilibria: Sequence[Equilibrium],
    report: PhaseReporter,
    structure: Structure | None = None,
    keep: Callable[
        [tuple[Trajectory, ...], Net, tuple[Equilibrium, ...]], object
    ] = lambda drawn, net, ends: None,
) -> tuple[tuple[Trajectory, ...], Net, tuple[Equilibrium, ...]]:
    """Trace separatrices, given orbits, and evenly spaced ones where they are asked for.

    Parameters
    ----------
    problem : Problem
        The system on its window.
    spec : PortraitSpec
        The question.
    equilibria : sequence of Equilibrium
        All equilibria known, in the order of the portrait.
    report : PhaseReporter
        Told how far this is; its phase has begun.
    structure : Structure, optional
        What is proved about the field: connections of saddles are proved by it.
    keep : callable, optional
        Called with what there is, if the one who is told stops this with `StopAndKeep`.

    Returns
    -------
    trajectories : tuple of Trajectory
        Separatrices, given orbits, then the evenly spaced ones, cycles first; before these one
        on each side of every limit cycle and up to six closed orbits in every annulus. Of
        those only the cycles cut separatrices short.
    net : Net
        The separatrices with their connections.
    equilibria : tuple of Equilibrium
        All equilibria known, and after them sinks outside the window at which orbits end.
    """
    given = np.array(spec.initial_conditions, dtype=float).reshape(-1, 2)
    steps = AUTO_STEPS if spec.time.span is None else STEPS
    steps = ROUGH_STEPS if problem.field.switching else steps
    orbits = Orbits.through(given, "given", steps)
    branches = separatrix_branches(problem, equilibria) if "separatrices" in spec.analyses else []
    if branches:
        orbits = separatrix_orbits(problem, branches, steps) + orbits
    traced = integrate_both(problem, orbits, equilibria, progress=report.stage(0.0, 0.3))
    if spec.time.span is None:
        follow_longer(traced, report.stage(0.3, 0.35))
    shown = settle_beyond(traced, tuple(equilibria), len(equilibria))
    drawn = assemble(traced, range(len(orbits)), report.stage(0.35, 0.4))
    led = [with_lead(*pair) for pair in zip(drawn, branches, strict=False)]
    walks = [_walk(traced, i) for i in range(len(branches))]
    net = find_connections(problem, branches, led, equilibria, structure, walks)
    # Of two branches that coincide the unstable one is drawn: all connections look alike.
    order = sorted(range(len(branches)), key=lambda i: branches[i].rate < 0)
    drawn = tuple(net.trajectories[i] for i in order) + drawn[len(branches) :]
    if "trajectories" not in spec.analyses:
        return drawn, net, shown
    try:
        every, shown = _with_seeded(problem, equilibria, shown, drawn, report, structure)
        return every, net, shown
    except StopAndKeep:
        with undisturbed():
            curves = [item.points for item in problem.cycles]
            keep(cut_crowded(problem, drawn, curves), net, shown)
        raise


def _with_seeded(
    problem: Problem,
    equilibria: Sequence[Equilibrium],
    shown: tuple[Equilibrium, ...],
    drawn: tuple[Trajectory, ...],
    report: PhaseReporter,
    structure: Structure | None,
) -> tuple[tuple[Trajectory, ...], tuple[Equilibrium, ...]]:
    """Trace evenly spaced orbits between those that are drawn; give all, and what they end at."""
    loose = replace(
        problem,
        rtol=max(problem.rtol, SEED_RTOL),
        span=min(problem.span, 1000.0 * problem.crossing),
        by_eye=True,
    )
    images = window_images(structure, problem.center, problem.width)
    starts = images.close(candidate_starts(loose))
    given_curves = [item.points for item in drawn if item.origin == "given"]
    if given_curves:
        starts = free_starts(loose, starts, given_curves)
    cycles = [item.points for item in problem.cycles]
    annuli = within_annuli(loose, equilibria, structure)
    sides = np.concatenate([beside_cycles(loose, equilibria), annuli])
    if not len(starts) and not len(sides):
        return cut_crowded(problem, drawn, cycles), shown
    candidates = Orbits.through(np.concatenate([sides, starts]), "seeded", SEED_STEPS)
    seeded = integrate_both(loose, candidates, shown, progress=report.stage(0.4, 0.9))
    shown = settle_beyond(seeded, shown, len(equilibria))
    wound = _cycles(loose, seeded, shown)
    beside = assemble(seeded, range(len(sides)), report.stage(0.9, 0.92))
    marks = cycles + [item.points for item in drawn + wound + beside]
    chosen = choose_seeds(seeded, marks, range(len(sides), len(candidates)), images)
    evenly = assemble(seeded, chosen, report.stage(0.92, 1.0))
    clean = cut_crowded(problem, wound + drawn + beside + evenly, cycles)
    return tuple(sorted(clean, key=lambda item: item.origin == "seeded")), shown


def sketch_trajectories(
    problem: Problem,
    spec: PortraitSpec,
    equilibria: Sequence[Equilibrium],
    given: tuple[Trajectory, ...],
) -> tuple[Trajectory, ...]:
    """Trace a few evenly spaced orbits and the separatrices, roughly and a bounded way.

    Parameters
    ----------
    problem : Problem
        The system on its window.
    spec : PortraitSpec
        The question.
    equilibria : sequence of Equilibrium
        All equilibria known, in the order of the portrait.
    given : tuple of Trajectory
        The orbits that were asked for, traced.

    Returns
    -------
    tuple of Trajectory
        Separatrices, given orbits, then the evenly spaced ones; what was not followed to its
        end has ``budget`` for one.
    """
    rtol = max(problem.rtol, SKETCH_RTOL)
    loose = replace(
        problem,
        rtol=rtol,
        atol=max(problem.atol, 1e-2 * rtol),
        span=min(problem.span, 1000.0 * problem.crossing),
        by_eye=True,
    )
    orbits = Orbits.through(np.zeros((0, problem.width.size)), "seeded", SKETCH_STEPS)
    manifolds = separatrix_branches(loose, equilibria) if "separatrices" in spec.analyses else []
    if manifolds:
        orbits = separatrix_orbits(loose, manifolds, SKETCH_STEPS)
    branches = len(orbits)
    if "trajectories" in spec.analyses:
        orbits = orbits + Orbits.through(candidate_starts(loose)[::2], "seeded", SKETCH_STEPS)
    if not len(orbits):
        return given
    traced = integrate_both(
        loose, orbits, equilibria, look_for_closed=False, look_for_repeats=False
    )
    separatrices = assemble(traced, range(branches))
    drawn = (*map(with_lead, separatrices, manifolds), *given)
    candidates = range(branches, len(orbits))
    chosen = choose_seeds(traced, [item.points for item in drawn], candidates)
    clean = cut_crowded(problem, drawn + assemble(traced, chosen), to_border=False)
    return tuple(sorted(clean, key=lambda item: item.origin == "seeded"))


def _walk(traced: Traced, i: int) -> tuple[Array, Array]:
    """Give times and states of the steps along a separatrix."""
    steps = traced.flow.steps
    part = steps.of(max(int(traced.forward[i]), int(traced.backward[i])))
    return steps.t[part], steps.y[:, part]


def _cycles(
    problem: Problem, seeded: Traced, equilibria: Sequence[Equilibrium]
) -> tuple[Trajectory, ...]:
    """Give one turn on each cycle onto which seeded orbits wind, if it is not a known one."""
    orbits, signs = cycle_orbits(seeded, SEED_STEPS)
    if not len(orbits):
        return ()
    traced = integrate_both(problem, orbits, equilibria, look_for_closed=False)
    draw_one_turn(traced, signs)
    return assemble(traced, range(len(orbits)))
