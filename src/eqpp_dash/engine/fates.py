"""Where orbits end, in numbers: what attractor caught them, or what else became of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.attractors import (
    Attractors,
    resting_attractor,
    saddle_nodes,
    section_names,
    sinks_near,
    turning_attractors,
)
from eqpp_dash.engine.machine import End, Integrator
from eqpp_dash.engine.machine.stepper import objects_folder
from eqpp_dash.engine.orbits import Problem
from eqpp_dash.engine.system import System
from eqpp_dash.engine.timescale import time_span
from eqpp_dash.model.basins import UNDECIDED
from eqpp_dash.model.portrait import Array, Equilibrium
from eqpp_dash.model.spec import Parameter

ORBIT_STEPS = 20_000
RTOL, ATOL = 1e-7, 1e-9
FAR = 1e9
"""An orbit so many work boxes away is taken to grow without bound, as trajectories are."""

SLOW = 1e4
"""How much longer orbits are followed where they may tend to a point like a power of the time."""

MOST_LABELS = 100
"""Attractors that are told apart at most; orbits to others stay undecided."""

FATES = ("infinity", "left work box", "undefined", UNDECIDED)
INFINITY, LEFT, UNDEFINED, OPEN = range(-4, 0)
"""Labels of what is no attractor, in the order of `FATES`."""

Labels = NDArray[np.int8]


class Fates:
    """Follows orbits of one system until it is clear where they end.

    Parameters
    ----------
    system : System
        A planar autonomous system.
    parameters : mapping of str to float or str
        Values of all its parameters.
    problem : Problem
        The same on its window, with its limit cycles.
    equilibria : sequence of Equilibrium
        The equilibria in the window.

    Attributes
    ----------
    known : Attractors
        What orbits may end at; sinks beyond the window are added when they are met.
    steps, orbits : int
        Steps tried and orbits followed up to now.
    span : float
        Longest time that an orbit is followed.
    stopped : threading.Event
        Once it is set, what runs ends with an error within 100 ms.
    progress : callable
        Told the share done of each batch.
    """

    def __init__(
        self,
        system: System,
        parameters: Mapping[str, Parameter],
        problem: Problem,
        equilibria: Sequence[Equilibrium],
        progress: Callable[[float], object],
    ) -> None:
        self.system, self.problem, self.equilibria = system, problem, equilibria
        self.values, self.progress = dict(parameters), progress
        self.stopped = threading.Event()
        self.steps = self.orbits = 0
        width, center = problem.width, problem.center
        self.box = _around(center, 0.5 * problem.box * width)
        self.far = _around(center, 0.5 * FAR * problem.box * width)
        self.span = _span(problem, equilibria)
        cycles = tuple(item for item in problem.cycles if not any(item.winding))  # these come last
        slopes = [problem.field(0.0, cycle.point[:, None])[1, 0] for cycle in cycles]
        sections = section_names((*system.variables, *self.values), cycles)
        self.known = Attractors(cycles, sections, [1 if s > 0 else -1 for s in slopes])

    @contextmanager
    def integrator(self, *, machine: bool) -> Iterator[Integrator]:
        """Make the integrator, and find the neighbourhoods that catch orbits."""
        names, variables = self.known.sections, self.system.variables
        with Integrator(
            self.system.components,
            variables,
            {**self.values, **names},
            sections=[f"{variables[1]} - {name}" for name in names],
            folder=objects_folder(),
            machine=machine,
        ) as integrator:
            self.propagate: Callable[..., Any] = partial(
                integrator.propagate,
                method={"Radau": "Rodas5P"}.get(self.problem.method, self.problem.method),
                rtol=RTOL,
                atol=ATOL * self.problem.width,
                max_steps=ORBIT_STEPS,
                cancel=self.stopped.is_set,
            )
            self._find_attractors()
            yield integrator

    def _find_attractors(self) -> None:
        width, known = self.problem.width, self.known
        for number, item in enumerate(self.equilibria):
            of, label = f"equilibrium {number}", known.next_label
            if label >= MOST_LABELS:
                break
            found = resting_attractor(self.problem.field, item, of, label, width)
            if found is not None:
                known.resting.append(found)
            known.tips += saddle_nodes(self.problem.field, item, of, label, width)
        if known.cycles:
            turns = partial(
                self.propagate, parameters=known.sections, rtol=1e-10, atol=1e-12 * width
            )
            first = known.next_label
            known.turning = turning_attractors(known, self.equilibria, turns, first, width)

    def follow(self, starts: Array) -> tuple[Labels, Array]:
        """Give the labels of starts, shape (2, m), and the last states."""
        inside = self._propagate(starts, self.span, self.box)
        labels, states = self.known.caught(inside), inside.states
        labels[inside.ends == End.INFINITY] = INFINITY
        labels[inside.ends == End.UNDEFINED] = UNDEFINED
        gone = np.flatnonzero(inside.ends == End.BOX)
        if gone.size:
            left = np.maximum(self.span - inside.times[gone], 0.05 * self.span)
            beyond = self._propagate(states[:, gone], left, self.far, beyond=True)
            labels[gone] = self._beyond(beyond)
            states[:, gone] = beyond.states
        self.orbits += labels.size
        return labels, states

    def _propagate(self, starts: Array, span: Any, box: Array, **more: Any) -> Any:
        found = self.propagate(
            starts,
            span,
            box=box,
            parameters=self.known.sections,
            progress=self.progress,
            **self.known.wanted(),
            **more,
        )
        self.steps += int(found.steps.sum())
        if self.stopped.is_set():
            raise RuntimeError("nobody waits for these basins any more")
        return found

    def _beyond(self, found: Any) -> Labels:
        """Label orbits that have left the work box."""
        labels = self.known.caught(found)
        low, high = self.box.T[:, :, None]
        out = ((found.states < low) | (found.states > high)).any(axis=0)
        labels[out & (labels == OPEN)] = LEFT
        labels[(found.ends == End.INFINITY) | (found.ends == End.BOX)] = INFINITY
        labels[found.ends == End.UNDEFINED] = UNDEFINED
        return labels

    def sinks_beyond(self, states: Array) -> bool:
        """Take sinks beyond the window, at which orbits were left, for attractors too."""
        field, width = self.problem.field, self.problem.width
        before = len(self.known.resting)
        known = [item.point for item in self.equilibria]
        known += [item.point for item in self.known.labels().values()]
        for item in sinks_near(field, states, known, width):
            label = self.known.next_label
            if (np.abs(item.point - self.problem.center) <= 0.5 * width).all():
                continue  # the search has missed it: what is in the window is named by its number
            if label >= MOST_LABELS:
                break
            found = resting_attractor(field, item, "beyond", label, width)
            if found is not None:
                self.known.resting.append(found)
        return len(self.known.resting) > before


def _span(problem: Problem, equilibria: Sequence[Equilibrium]) -> float:
    """Give how long orbits are followed: fifty times the slowest attractor's time, at least.

    Far longer where an equilibrium attracts that is not hyperbolic: like a power of the time.
    """
    slowest = max((item.period for item in problem.cycles), default=0.0)
    patience = 1.0
    for item in equilibria:
        if item.stability == "stable" and item.hyperbolic:
            slowest = max(slowest, 1.0 / float(np.abs(item.eigenvalues.real).min()))
        elif item.stability == "stable":
            patience = SLOW
    span = max(2.0 * time_span(equilibria, problem.crossing, problem.cycles), 50.0 * slowest)
    return patience * span


def _around(center: Array, reach: Array) -> Array:
    return np.stack([center - reach, center + reach], axis=1)
