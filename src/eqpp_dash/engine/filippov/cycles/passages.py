"""Orbits that are followed from surface to surface, and what they do at each.

They go through the pieces of the field by the integrator of jumps and kinks, which decides at a
surface whether they cross it or slide; here is written down what it decides, and orbits end once
it is known whether they come back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.expression.freeze import freeze
from eqpp_dash.engine.expression.graph import Node
from eqpp_dash.engine.filippov.cycles.sections import CLOSE, SwitchingSection
from eqpp_dash.engine.machine.batch import Batch, make_batch
from eqpp_dash.engine.machine.hybrid.cells import Cells
from eqpp_dash.engine.machine.hybrid.follow import Following
from eqpp_dash.engine.machine.hybrid.pieces import Pieces
from eqpp_dash.engine.machine.layout import End, Variant
from eqpp_dash.engine.machine.runner import Runner
from eqpp_dash.engine.machine.sections import Targets, make_events
from eqpp_dash.engine.machine.threads import Watch

Array = NDArray[np.float64]
Index = NDArray[np.intp]

MOST_SWITCHINGS = 150
MOST_ROUNDS = 500
"""Times that orbits reach surfaces, all at once, until they are followed no farther."""

FEWEST = 3
MOST_STEPS = 6000
PARTS = 12
"""Polynomials from one event to the next of an orbit whose curve is wanted."""

STRAIGHT = 1e-9
"""Distance from a surface, in widths of the window, of a chord that lies on it."""

LOOKS = np.linspace(0.0, 1.0, 17)


@dataclass(slots=True, eq=False)
class Event:
    """What m orbits do at surfaces that they reach at the same round.

    Attributes
    ----------
    lane : ndarray of int, shape (m,)
        Their numbers.
    time : ndarray, shape (m,)
        Time gone, negative for backward orbits.
    state : ndarray, shape (3, m)
        States, with the integral of the divergence.
    before, after, beyond : ndarray, shape (c, m)
        Choices of the pieces from which they come and into which they go; those of the other
        side, if they slide on.
    slid, slides : ndarray of int, shape (m,)
        The frozen field's surfaces on which they slid until here and slide from here; -1 for none.
    through : ndarray of bool, shape (m,)
        Whether they cross, free before and after.
    jump : ndarray, shape (m,)
        Logarithm of the ratio of the normal speeds after and before: that of the determinant of
        the saltation matrix, S = I + (f_after - f_before) n' / (n' f_before).
    surface : ndarray of int, shape (m,)
        Which of the frozen field's surfaces they reach.
    section : ndarray of int, shape (m,)
        Which section they cross; -1 for none that is known.
    length : ndarray, shape (m,)
        Where on it.
    """

    lane: Index
    time: Array
    state: Array
    before: Array
    after: Array
    beyond: Array
    slid: NDArray[np.int64]
    slides: NDArray[np.int64]
    through: NDArray[np.bool_]
    jump: Array
    surface: NDArray[np.int64]
    section: NDArray[np.int64]
    length: Array


class Passage(Following):
    """Orbits on their way; see `Following`.

    Parameters
    ----------
    own : Passages
        Whose field they follow.
    batch : Batch
        The orbits.
    rule : callable
        Told each `Event`; gives the lanes that have come to an end.
    """

    def __init__(self, own: Passages, batch: Batch, rule: Callable[[Event], Index]) -> None:
        watch = Watch(None, None)
        most = min(MOST_SWITCHINGS, max(FEWEST, own.rounds))
        super().__init__(own.cells, own.pieces.motion, batch, most, watch)
        self.own, self.rule = own, rule
        self.events: list[Event] = []
        self.begin = self.values
        self.first = self.mode

    def _decide(self, lanes: Index, reach: Array, arrived: NDArray[np.bool_]) -> None:
        super()._decide(lanes, reach, arrived)
        if not self.events and lanes.size == self.count and not self.batch.steps.any():
            self.begin, self.first = self.values.copy(), self.mode.copy()

    def _reach_surface(self, lanes: Index, numbers: NDArray[np.int64], mode: int) -> None:
        going = self.going[lanes]
        lanes, numbers = lanes[going], numbers[going]
        before, slid = self.values[:, lanes].copy(), self._slid(lanes)
        super()._reach_surface(lanes, numbers, mode)
        event = self._event(lanes, numbers, before, slid)
        self.events.append(event)
        over = self.rule(event)
        over = over[self.going[over]]
        self.batch.ends[over] = End.SECTION
        self.going[over] = False

    def _slid(self, lanes: Index) -> NDArray[np.int64]:
        first = np.array([key[0] if key else -1 for key in self.motions], dtype=np.int64)
        return first[self.mode[lanes]]

    def _event(
        self, lanes: Index, numbers: NDArray[np.int64], before: Array, slid: NDArray[np.int64]
    ) -> Event:
        cells, batch = self.cells, self.batch
        t, x, after = batch.times[lanes], batch.states[:, lanes], self.values[:, lanes]
        slides = self._slid(lanes)
        slides[~self.going[lanes]] = -1
        through = (slid < 0) & (slides < 0) & self.going[lanes] & (after != before).any(axis=0)
        jump, each = np.zeros(lanes.size), np.arange(lanes.size)
        section, length = np.full(lanes.size, -1, dtype=np.int64), np.full(lanes.size, np.nan)
        if through.any():
            normal = cells.slopes(t, x, before)[:2, np.maximum(numbers, 0), each]
            old_field, new_field = (cells.field(t, x, p) for p in (before, after))
            old = (normal * old_field[:2]).sum(axis=0)
            new = (normal * new_field[:2]).sum(axis=0)
            jump = np.where(through, np.log(np.abs(new / old)), 0.0)
            some = np.flatnonzero(through)
            section[some], length[some] = self.own.locate(x[:2, some], new_field[:2, some])
        return Event(
            lanes, t.copy(), x.copy(), before, after, self.beyond[:, lanes].copy(), slid, slides,
            through, jump, numbers, section, length,
        )  # fmt: skip


class Winding:
    """Tells which orbits cross a segment of a surface a second time, in the same sense.

    What such an orbit does from there on is bounded by the turn that it has made and the piece of
    the segment between the two points (the argument of Poincare and Bendixson): it comes back to
    neither. Beyond the sections the segment is looked at between the two points, where it is
    straight.

    Parameters
    ----------
    own : Passages
        What follows the orbits.
    count : int
        How many.
    """

    def __init__(self, own: Passages, count: int) -> None:
        self.own = own
        self.crossed = np.zeros((len(own.sections), count), dtype=np.int64)
        self.last: dict[tuple[int, int, bytes, bytes], Array] = {}

    def forget(self, lane: int) -> None:
        """Begin anew with an orbit."""
        self.crossed[:, lane] = 0
        for key in [key for key in self.last if key[0] == lane]:
            del self.last[key]

    def twice(self, event: Event) -> NDArray[np.bool_]:
        """Note what orbits cross; tell which cross a segment for the second time, (m,)."""
        found = np.zeros(event.lane.size, dtype=bool)
        known = np.flatnonzero(event.section >= 0)
        place = event.section[known], event.lane[known]
        self.crossed[place] += 1
        found[known] = self.crossed[place] > 1
        for k in np.flatnonzero(event.through & (event.section < 0)).tolist():
            sides = event.before[:, k].tobytes(), event.after[:, k].tobytes()
            key = int(event.lane[k]), int(event.surface[k]), *sides
            here = event.state[:2, k]
            if key in self.last:
                found[k] = self._one_segment(event, k, self.last[key], here)
            self.last[key] = here
        return found

    def _one_segment(self, event: Event, k: int, one: Array, other: Array) -> bool:
        """Tell whether the surface is straight between two points and crossed all the way."""
        x = np.zeros((3, LOOKS.size))
        x[:2] = one[:, None] + LOOKS * (other - one)[:, None]
        cells, t, surface = self.own.cells, np.zeros(LOOKS.size), int(event.surface[k])
        sides = [np.repeat(p[:, [k]], LOOKS.size, axis=1) for p in (event.before, event.after)]
        normal = cells.slopes(t, x, sides[0])[:2, surface]
        gap = np.abs(cells.gaps(t, x, sides[0])[surface])
        size = np.abs(normal * self.own.unit[:, None]).sum(axis=0)
        rates = np.array([(normal * cells.field(t, x, p)[:2]).sum(axis=0) for p in sides])
        return bool((gap <= STRAIGHT * size).all() and abs(np.sign(rates).sum()) == rates.size)


class Passages:
    """Follows orbits of a planar field through its pieces; to be closed, which frees its code.

    Parameters
    ----------
    field : CompiledField
        The field.
    sections : sequence of SwitchingSection
        The segments whose crossings are named.
    unit : ndarray, shape (2,)
        Widths of the window.
    box : tuple of ndarray, shape (2,)
        Corners of the box that orbits may not leave.
    machine : bool
        Whether to make machine code.

    Attributes
    ----------
    rounds : int
        Times that surfaces may still be reached: what is left of `MOST_ROUNDS`.
    """

    def __init__(
        self,
        field: CompiledField,
        sections: Sequence[SwitchingSection],
        unit: Array,
        box: tuple[Array, Array],
        *,
        machine: bool = True,
    ) -> None:
        whole = field.with_divergence()
        names = whole.variables
        self.field, self.sections, self.unit, self.box = field, list(sections), unit, box
        corners = [(one.points.min(axis=1), one.points.max(axis=1)) for one in self.sections]
        bounds = np.array(corners, dtype=float).reshape(-1, 2, 2)
        self.rounds = MOST_ROUNDS
        self._boxes = bounds[:, 0] - CLOSE * unit, bounds[:, 1] + CLOSE * unit

        def make(
            components: Sequence[Node],
            parameters: Sequence[str],
            seen: Sequence[Node],
            first: Variant,
        ) -> Runner:
            return Runner(components, names, parameters, seen, machine=machine, first=first)

        self.pieces = Pieces(freeze(whole.components), names, (), (), make)

    @property
    def cells(self) -> Cells:
        """The field in pieces, with the divergence as third component."""
        return self.pieces.cells

    def close(self) -> None:
        """Free the machine code."""
        self.pieces.close()

    def follow(
        self,
        starts: Array,
        sign: Array,
        rtol: float,
        rule: Callable[[Event], Index],
        span: float,
        targets: Targets | None = None,
    ) -> Passage:
        """Follow orbits until a rule ends them.

        Parameters
        ----------
        starts : ndarray, shape (2, m)
            Where they start.
        sign : ndarray, shape (m,)
            Directions of time.
        rtol : float
            Tolerated error of a step, of the coordinates.
        rule : callable
            Told what happens at surfaces; gives the lanes to end.
        span : float
            Longest time.
        targets : Targets, optional
            Points that end orbits near them.
        """
        batch = self._batch(starts, sign * span, rtol, targets)
        passage = Passage(self, batch, rule)
        with np.errstate(all="ignore"):
            passage.run("auto")
        self.rounds -= len(passage.events)
        return passage

    def _batch(self, starts: Array, span: Array, rtol: float, targets: Targets | None) -> Batch:
        count = starts.shape[1]
        limits = np.array([*zip(*self.box, strict=True), (-np.inf, np.inf)])
        return make_batch(
            3,
            lambda number: np.empty((0, number)),
            np.concatenate([starts, np.zeros((1, count))]),
            span,
            rtol=rtol,
            atol=np.array([*(1e-2 * rtol * self.unit), 1e2 * rtol]),
            box=limits,
            max_steps=MOST_STEPS,
            events=lambda number: make_events(3, number, 0, targets=targets),
        )

    def locate(self, at: Array, flow: Array) -> tuple[NDArray[np.int64], Array]:
        """Tell which sections points (2, m) with these velocities, as time goes on, cross."""
        found = np.full(at.shape[1], -1, dtype=np.int64)
        length = np.full(at.shape[1], np.nan)
        low, high = self._boxes
        within = np.all((at >= low[:, :, None]) & (at <= high[:, :, None]), axis=1)
        for number in np.flatnonzero(np.any(within, axis=1)).tolist():
            section = self.sections[number]
            rate = (section.surface.factor.gradient(0.0, at) * flow).sum(axis=0)
            open_ = np.flatnonzero((found < 0) & (np.sign(rate) == section.sense))
            if open_.size:
                u = section.lengths(at[:, open_])
                here = np.isfinite(u)
                found[open_[here]], length[open_[here]] = number, u[here]
        return found, length

    def velocity(self, x: Array, values: Array) -> Array:
        """Give the velocities (2, m) at points with the choices of their pieces, (c, m)."""
        three = np.concatenate([x, np.zeros((1, x.shape[1]))])
        return np.asarray(self.cells.field(np.zeros(x.shape[1]), three, values)[:2])

    def sample(self, start: Array, times: Array, rtol: float) -> Array:
        """Give the states (2, k) of one orbit at times that lead away from its start."""
        span = np.array([times[-1]])
        batch = self._batch(start[:2, None], span, rtol, None)
        batch.moments = np.append(times, np.inf)
        batch.samples = np.full((1, times.size, 3), np.nan)
        with np.errstate(all="ignore"):
            self.pieces.follow("auto", batch, Watch(None, None), None, MOST_SWITCHINGS)
        return np.asarray(batch.samples[0, :, :2].T)
