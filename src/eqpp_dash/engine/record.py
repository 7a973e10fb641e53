"""Several rounds of lanes in one record, as machine code leaves them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.batch import Batch
from eqpp_dash.engine.dop853 import TERMS, Array

if TYPE_CHECKING:
    from eqpp_dash.engine.machine.rounds import Layout
    from eqpp_dash.engine.machine.stepper import Machine, Stepper
    from eqpp_dash.engine.orbits import Problem

ROUNDS = 12
"""Rounds between two looks at the lanes."""

Bools = NDArray[np.bool_]
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


class Recorder:
    """Makes records of lanes; it keeps the room for one."""

    def __init__(self, stepper: Stepper, machine: Machine, problem: Problem) -> None:
        self.stepper = stepper
        self.setup = machine.setup(
            problem.span,
            problem.start,
            problem.rtol,
            problem.atol * problem.width,
            problem.width,
            problem.center,
        )
        self._room = np.zeros((0, 0, 0))

    def advance(self, batch: Batch) -> Record:
        """Let the lanes go on for some rounds."""
        layout, padded = self.stepper.layout, self.stepper.padded(batch.lane.size)
        if self._room.shape[2] != padded:
            self._room = np.zeros((ROUNDS + 1, layout.count, padded))
        lanes, n = batch.lane.size, layout.dimension
        first = self._room[0, :, :lanes]
        first[layout.TIME], first[layout.STEP] = batch.t, batch.h
        first[layout.FAILURES], first[layout.SIGN] = batch.failures, batch.sign
        first[layout.state : layout.state + n] = batch.y
        first[layout.slope : layout.slope + n] = batch.f
        self.stepper.advance(self._room, self.setup)
        return Record(batch, self._room, layout)

    def terms(self, sign: Array, t: Array, h: Array, vectors: Vectors, memory: Array) -> Array:
        """Give the interpolants of steps as `dop853.dense_terms` does, shape (7, n, steps)."""
        n, steps = self.stepper.layout.dimension, t.size
        given = np.zeros((self.stepper.layout.terms_given, self.stepper.padded(steps)))
        given[0, :steps], given[1, :steps], given[2, :steps] = t, h, sign
        for k, vector in enumerate(vectors):
            given[3 + k * n : 3 + (k + 1) * n, :steps] = vector
        given[3 + 4 * n :, :steps] = memory.reshape(TERMS * n, steps)
        return self.stepper.terms(given, self.setup)[..., :steps]
