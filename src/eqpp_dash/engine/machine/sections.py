"""Sections and points as callers give them, and the crossings that they get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.expression.graph import Graph, Node, rebuild
from eqpp_dash.engine.machine.crossingrows import (
    COUNTS,
    DOWN,
    KEPT,
    SETUP,
    SIDES,
    STATES,
    STOP,
    STRICT,
    TIMES,
    UP,
)
from eqpp_dash.engine.machine.layout import address_of
from eqpp_dash.engine.system import parse_system
from eqpp_dash.errors import SpecError

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SectionEvent:
    """What is wanted of the crossings of a section ``g(t, x) = 0``.

    Parameters
    ----------
    section : int
        Which one of the integrator's sections.
    direction : int
        1: where g rises through zero as the run goes on, so for a run backward in time as time
        falls; -1: where it sinks; 0: both. The other crossings are not counted.
    end_after : int
        The trajectory ends at so many-th crossing; 0: at none.
    record : int
        Crossings of each trajectory, from the first on, whose times and states are kept.
    """

    section: int = 0
    direction: int = 0
    end_after: int = 0
    record: int = 0

    def __post_init__(self) -> None:
        if self.direction not in (-1, 0, 1):
            raise ValueError("the direction must be -1, 0 or 1")
        if min(self.section, self.end_after, self.record) < 0:
            raise ValueError("section, end_after and record must not be negative")


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """Points with ellipsoids around them: near is ``sum(((x - point)/radii)**2) < 1``.

    Parameters
    ----------
    points : array_like, shape (n, k)
        The points.
    radii : float or array_like, shape (n,) or (n, k)
        Semi-axes, positive.
    """

    points: Any
    radii: Any

    def packed(self, dimension: int) -> Array:
        """Give centres and inverse semi-axes, shape (k, 2, n)."""
        points: Array = np.asarray(self.points, dtype=np.float64)
        if points.ndim != 2 or len(points) != dimension:
            raise ValueError(f"the points must have shape ({dimension}, k), not {points.shape}")
        radii = np.asarray(self.radii, dtype=np.float64)
        if radii.shape not in ((), (dimension,), points.shape):
            raise ValueError(
                f"the radii must be a number or have shape ({dimension},) or {points.shape}, "
                f"not {radii.shape}"
            )
        if not (np.isfinite(points).all() and np.isfinite(radii).all() and (radii > 0).all()):
            raise ValueError("points must be finite, radii finite and positive")
        packed = np.empty((points.shape[1], 2, dimension))
        packed[:, 0] = points.T
        with np.errstate(over="ignore"):
            inverse = 1.0 / radii
        packed[:, 1] = inverse.T if inverse.ndim == 2 else inverse
        return packed


@dataclass(frozen=True, slots=True, eq=False)
class CycleTargets(Targets):
    """Points of cycles on a section, looked for where that is crossed in the direction wanted.

    Parameters
    ----------
    points, radii
        As of `Targets`.
    section : int
        The section.
    """

    section: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Crossings:
    """The crossings of a section.

    Attributes
    ----------
    times : ndarray, shape (m, record)
        When; NaN where there is none.
    states : ndarray, shape (n, m, record)
        Where, likewise.
    counts : ndarray of int, shape (m,)
        How many there were, of which the first are recorded.
    """

    times: Array
    states: Array
    counts: Integers


@dataclass(slots=True)
class Events:
    """What a batch looks for, and what was found.

    Attributes
    ----------
    wanted : ndarray of int, shape (s, 4)
        For each section: upward, downward, crossings to end after, crossings recorded.
    times, states, counts : list of ndarray
        For each section, shapes (m, record), (m, record, n) and (m,).
    sides : list of ndarray, shape (m,)
        For each section, the sign of its value at the end, and at the start where a trajectory
        goes on: 1, -1, or 0 if that is not known.
    points : ndarray, shape (k, 2, n)
        Points to end near, and inverse semi-axes.
    cycle_points : ndarray, shape (c, 2, n)
        The same of cycles.
    cycle_sections : ndarray of int, shape (c,)
        Their sections.
    strict : int
        How many of the last sections a start is on only within rounding.
    """

    wanted: Integers
    times: list[Array]
    states: list[Array]
    counts: list[Integers]
    sides: list[Array]
    points: Array
    cycle_points: Array
    cycle_sections: Integers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    strict: int = 0

    @property
    def crossing(self) -> bool:
        """Whether crossings are looked for."""
        return any(up or down for up, down, _, _ in self.wanted.tolist())

    def setup(self) -> Integers:
        """Give what compiled code reads; addresses of arrays, which must live on."""
        setup = np.zeros((len(self.wanted), SETUP), dtype=np.int64)
        setup[:, UP], setup[:, DOWN], setup[:, STOP], setup[:, KEPT] = self.wanted.T
        setup[len(setup) - self.strict :, STRICT] = 1
        columns: tuple[tuple[int, Sequence[NDArray[Any]]], ...] = (
            (TIMES, self.times),
            (STATES, self.states),
            (COUNTS, self.counts),
            (SIDES, self.sides),
        )
        for place, arrays in columns:
            setup[:, place] = [address_of(array) for array in arrays]
        return setup

    def part(self, which: NDArray[np.intp]) -> Events:
        """Give what belongs to some trajectories; copied."""
        return Events(
            self.wanted,
            [times[which] for times in self.times],
            [states[which] for states in self.states],
            [counts[which] for counts in self.counts],
            [sides[which] for sides in self.sides],
            self.points,
            self.cycle_points,
            self.cycle_sections,
            self.strict,
        )

    def take(self, which: NDArray[np.intp], part: Events) -> None:
        """Put in what was found by some trajectories."""
        columns = ((self.times, part.times), (self.states, part.states), (self.sides, part.sides))
        for own, other in columns:
            for mine, theirs in zip(own, other, strict=True):
                mine[which] = theirs
        for counts, others in zip(self.counts, part.counts, strict=True):
            counts[which] = others

    def crossings(self, section: int, start_time: float) -> Crossings:
        """Give the crossings of a section; what was recorded and then taken back is left out."""
        times, states, counts = self.times[section], self.states[section], self.counts[section]
        record = times.shape[1]
        kept = np.minimum(counts, record)
        if record and not np.array_equal(np.count_nonzero(times == times, axis=1), kept):
            void = np.arange(record) >= kept[:, None]
            times[void], states[void] = np.nan, np.nan
        later = start_time + times if start_time else times
        return Crossings(later, states.transpose(2, 0, 1), counts)


def make_events(
    dimension: int,
    count: int,
    sections: int,
    events: Sequence[SectionEvent] = (),
    targets: Targets | None = None,
    cycle_targets: Sequence[CycleTargets] = (),
) -> Events:
    """Check what a caller looks for and make room for what will be found.

    Parameters
    ----------
    dimension, count, sections : int
        Numbers of state variables, of trajectories and of sections.
    events, targets, cycle_targets
        See `integrate.Integrator.propagate`.

    Raises
    ------
    ValueError
        If there is no such section, or one is asked about twice, or shapes do not match.
    """
    asked = [[0, 0, 0, 0] for _ in range(sections)]
    for event in events:
        if event.section >= sections:
            raise ValueError(f"there is no section {event.section}, but {sections} of them")
        if any(asked[event.section][:2]):
            raise ValueError(f"section {event.section} is asked about twice")
        up, down = int(event.direction >= 0), int(event.direction <= 0)
        asked[event.section] = [up, down, min(event.end_after, 1 << 40), event.record]
    points = np.empty((0, 2, dimension))
    packs, belong = [points], [np.zeros(0, dtype=np.int64)]
    for cycles in cycle_targets:
        if not (0 <= cycles.section < sections and any(asked[cycles.section][:2])):
            raise ValueError(f"points of cycles need an event of their section {cycles.section}")
        packs.append(cycles.packed(dimension))
        belong.append(np.full(len(packs[-1]), cycles.section, dtype=np.int64))
    kept = [wish[3] for wish in asked]
    return Events(
        np.array(asked, dtype=np.int64).reshape(sections, 4),
        [np.full((count, number), np.nan) for number in kept],
        [np.full((count, number, dimension), np.nan) for number in kept],
        [np.zeros(count, dtype=np.int64) for _ in kept],
        [np.zeros(count) for _ in kept],
        points if targets is None else targets.packed(dimension),
        np.concatenate(packs) if cycle_targets else points,
        np.concatenate(belong) if cycle_targets else belong[0],
    )


def read_sections(
    sections: Sequence[Node | str], variables: Sequence[str], parameters: Sequence[str]
) -> list[Node]:
    """Give sections as expressions of one graph.

    Parameters
    ----------
    sections : sequence of Node or str
        Expressions, or their text in the names of the system and ``t``.
    variables, parameters : sequence of str
        The names.

    Raises
    ------
    SpecError
        If a name is unknown.
    EquationError
        If a text cannot be read.
    """
    graph = Graph()
    nodes = [
        _read(section, j, variables, parameters) if isinstance(section, str) else section
        for j, section in enumerate(sections)
    ]
    return rebuild(graph, nodes, lambda node: None)


def _read(text: str, number: int, variables: Sequence[str], parameters: Sequence[str]) -> Node:
    if ";" in text or "\n" in text:
        raise SpecError(
            "a section is one expression", field=f"sections.{number}", hint="Give more of them"
        )
    lines = [f"{name}' = {'0' if i else text}" for i, name in enumerate(variables)]
    system = parse_system("\n".join(lines), declared=parameters)
    for name in system.parameters:
        if name not in parameters:
            raise SpecError(
                f"{name:.40} is neither a variable nor a parameter of the system",
                field=f"sections.{number}",
                hint="Use the names of the system",
            )
    return system.components[0]
