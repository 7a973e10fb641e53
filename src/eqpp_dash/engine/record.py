"""Several rounds of lanes in one record, as machine code or numpy leaves them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.batch import Batch
from eqpp_dash.engine.dop853 import TERMS, Array

if TYPE_CHECKING:
    from eqpp_dash.engine.machine.rounds import Layout
    from eqpp_dash.engine.machine.stepper import Machine, Stepper
    from eqpp_dash.engine.orbits import Problem
    from eqpp_dash.engine.rounds import ArrayStepper

ROUNDS = 12
"""Fewest rounds between two looks at the lanes."""

ENOUGH = 4000
"""Few lanes take more rounds, up to `most` of the stepper, so that there is as much as this to look
at."""

Bools = NDArray[np.bool_]
Index = NDArray[np.intp]
Vectors = tuple[Array, Array, Array, Array]


class Record:
    """What lanes did in some rounds; the arrays are valid until the next record is made.

    Attributes
    ----------
    lane : ndarray of int, shape (lanes,)
        Their numbers.
    sign : ndarray, shape (lanes,)
        Direction of time.
    t, h, failures : ndarray, shape (rounds + 1, lanes)
        Elapsed time, step proposed, failures since the last good step before each round and
        after the last.
    y, f : ndarray, shape (rounds + 1, n, lanes)
        States and the field there, as often.
    tried, error : ndarray, shape (rounds, lanes)
        Step tried in each round, and the square of its error.
    good, last : ndarray of bool, shape (rounds, lanes)
        Whether it was good; whether it would have reached the end of the time span.
    memory : ndarray, shape (rounds, 7, n, lanes)
        What `dop853.dense_terms` needs of it.
    """

    def __init__(self, batch: Batch, store: Array, layout: Layout) -> None:
        self.lane, self.sign = batch.lane, batch.sign
        lanes, n, rounds = batch.lane.size, layout.dimension, len(store) - 1
        rows = store[:, :, :lanes]
        self.t, self.h = rows[:, layout.TIME], rows[:, layout.STEP]
        self.failures = rows[:, layout.FAILURES]
        self.tried, self.error = rows[:-1, layout.TRIED], rows[:-1, layout.ERROR]
        self.good, self.last = rows[:-1, layout.GOOD] != 0.0, rows[:-1, layout.LAST] != 0.0
        self.y = rows[:, layout.state : layout.state + n]
        self.f = rows[:, layout.slope : layout.slope + n]
        self.memory = store[:-1, layout.memory :].reshape(rounds, TERMS, n, -1)[..., :lanes]
        self._store, self._layout = store, layout
        self._first, self._places = 0, np.arange(lanes)

    def rest(self, places: Index, final: Index) -> Record:
        """Give what some lanes did after certain rounds; what they did before counts as not good.

        Parameters
        ----------
        places : ndarray of int, shape (m,)
            Places of the lanes.
        final : ndarray of int, shape (m,)
            The last round of each that is left out.
        """
        first = int(final.min()) + 1
        part: Record = object.__new__(Record)
        part.lane, part.sign = self.lane[places], self.sign[places]
        for name in ("t", "h", "failures", "tried", "error", "good", "last", "y", "f", "memory"):
            setattr(part, name, getattr(self, name)[first:, ..., places])
        part.good &= np.arange(first, len(self.good))[:, None] > final
        part._store, part._layout = self._store, self._layout
        part._first, part._places = self._first + first, self._places[places]
        return part

    def steps(self, rounds: Index, places: Index, out: Array | None = None) -> Array:
        """Gather steps as `machine.stepper.Stepper.terms` is given them, but a step a row.

        Parameters
        ----------
        rounds, places : ndarray of int, shape (steps,)
            Their rounds, and the places of their lanes.
        out : ndarray, shape (steps, columns), optional
            Where to put them.

        Returns
        -------
        ndarray, shape (steps, columns)
            See `machine.rounds.Layout.terms_given`.
        """
        layout, (_, rows, padded) = self._layout, self._store.shape
        n = layout.dimension
        first = np.arange(layout.state, layout.state + 2 * n)
        memory = np.arange(layout.memory, layout.count)
        wanted = [[layout.TIME, layout.TRIED, layout.SIGN], first, first + rows, memory]
        place = (rounds + self._first) * (rows * padded) + self._places[places]
        # Lanes lie side by side in the store: so it is read in order.
        taken: Array = self._store.ravel().take(np.concatenate(wanted)[:, None] * padded + place)
        if out is None:
            return taken.T
        out[:] = taken.T
        return out


class StepLog:
    """Good steps of one integration, in the order taken, a row each as `Record.steps` gives them.

    Attributes
    ----------
    count : int
        How many there are.
    """

    def __init__(self, columns: int, room: int) -> None:
        self.count = 0
        self._rows, self._lane = np.empty((room, columns)), np.empty(room, dtype=np.intp)

    def add(self, record: Record, rounds: Index, places: Index) -> None:
        """Note steps of a record."""
        end = self.count + rounds.size
        if end > len(self._rows):
            rows, lane = self.rows, self.lane
            room = max(end, 2 * len(self._rows))
            self._rows, self._lane = np.empty((room, rows.shape[1])), np.empty(room, dtype=np.intp)
            self._rows[: self.count], self._lane[: self.count] = rows, lane
        record.steps(rounds, places, self._rows[self.count : end])
        self._lane[self.count : end] = record.lane[places]
        self.count = end

    @property
    def rows(self) -> Array:
        """All steps, shape (count, columns)."""
        return self._rows[: self.count]

    @property
    def lane(self) -> Index:
        """Whose step each is, shape (count,)."""
        return self._lane[: self.count]


class Recorder:
    """Makes records of lanes; it keeps the room for one."""

    def __init__(
        self, stepper: Stepper | ArrayStepper, machine: Machine | None, problem: Problem
    ) -> None:
        self.stepper = stepper
        self.setup = np.zeros(0)
        if machine is not None:
            self.setup = machine.setup(
                problem.span,
                problem.start,
                problem.rtol,
                problem.atol * problem.width,
                problem.width,
                problem.center,
            )
        self.thrifty = machine is None
        """Whether a round costs so much that none is to be taken twice."""
        self._store = np.zeros(0)

    def advance(self, batch: Batch, most: int | None = None) -> Record:
        """Let the lanes go on for some rounds, `most` at most."""
        layout, padded = self.stepper.layout, self.stepper.padded(batch.lane.size)
        rounds = min(max(ENOUGH // padded, ROUNDS), self.stepper.most)
        if most is not None:
            rounds = min(rounds, most)
        shape = (rounds + 1, layout.count, padded)
        size = math.prod(shape)
        if self._store.size < size:
            self._store = np.zeros(size)
        room = self._store[:size].reshape(shape)
        self._put(room[0, :, : batch.lane.size], batch)
        room[0, :, batch.lane.size :] = room[0, :, :1]  # lanes that fill up the last vector
        self.stepper.advance(room, self.setup)
        return Record(batch, room, layout)

    def terms(self, sign: Array, t: Array, h: Array, vectors: Vectors, memory: Array) -> Array:
        """Give the interpolants of steps as `dop853.dense_terms` does, shape (7, n, steps)."""
        rows = memory.reshape(TERMS * self.stepper.layout.dimension, t.size)
        return self.terms_of(np.concatenate([[t, h, sign], *vectors, rows]).T)

    def terms_of(self, given: Array) -> Array:
        """Give the interpolants of steps gathered by `Record.steps`, shape (7, n, steps)."""
        steps, columns = given.shape
        across = np.empty((columns, self.stepper.padded(steps)))
        across[:, :steps] = given.T
        across[:, steps:] = across[:, :1]
        return self.stepper.terms(across, self.setup)[..., :steps]

    def retake(self, sign: Array, t: Array, y: Array, f: Array, h: Array) -> Record:
        """Take one step of given length from each of some states; `good` says if it was taken."""
        layout, lanes = self.stepper.layout, t.size
        room = np.zeros((2, layout.count, self.stepper.padded(lanes)))
        none = np.zeros(lanes, dtype=np.intp)
        batch = Batch(np.arange(lanes), sign, t, y, f, h, none)
        self._put(room[0, :, :lanes], batch)
        self.stepper.advance(room, self.setup)
        return Record(batch, room, layout)

    def _put(self, first: Array, batch: Batch) -> None:
        layout, n = self.stepper.layout, self.stepper.layout.dimension
        first[layout.TIME], first[layout.STEP] = batch.t, batch.h
        first[layout.FAILURES], first[layout.SIGN] = batch.failures, batch.sign
        first[layout.state : layout.state + n] = batch.y
        first[layout.slope : layout.slope + n] = batch.f
