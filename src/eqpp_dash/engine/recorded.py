"""Rounds taken several at a time, then looked at where there is something to see.

Machine code takes them, or numpy until it is there.

Every lane goes on to the first step at which a watcher has to look, or the lane may end; what
was computed beyond it is dropped. So the ends are those of single rounds. Where a step would cross
a pole, or fails again and again, the lane stops before it: that round is taken by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine import dop853
from eqpp_dash.engine.batch import Batch, Taken
from eqpp_dash.engine.dop853 import TERMS, Array, Field, Trial
from eqpp_dash.engine.orbits import Ends, Problem, Steps
from eqpp_dash.engine.record import Record, Recorder, StepLog
from eqpp_dash.engine.rounds import ArrayStepper

if TYPE_CHECKING:
    from collections.abc import Callable

    from eqpp_dash.engine.machine.stepper import Machine, Stepper
    from eqpp_dash.engine.surfaces import Surfaces
    from eqpp_dash.engine.watcher import Watcher

Lanes = NDArray[np.intp]

USUAL_STEPS, MOST_ROOM = 160, 200_000
"""Room for so many good steps a lane is made at first, and at most; more grows by doubling."""


class Recorded:
    """Advances lanes of one integration by several rounds at a time.

    Parameters
    ----------
    problem : Problem
        The system and the options.
    watchers : sequence of Watcher
        What may end a lane.
    surfaces : Surfaces
        Surfaces that steps must not cross.
    lanes : int
        Number of lanes of the integration.
    field : callable
        Gives the field in elapsed time for lanes of given signs.
    """

    def __init__(
        self,
        problem: Problem,
        watchers: Sequence[Watcher],
        surfaces: Surfaces,
        lanes: int,
        field: Callable[[Array], Field],
    ) -> None:
        self.problem, self.watchers, self.field = problem, watchers, field
        self.surfaces, self.lanes = surfaces, lanes
        self.recorder = Recorder(ArrayStepper(problem), None, problem)
        room = min(USUAL_STEPS * lanes, MOST_ROOM)
        self.log = StepLog(self.recorder.stepper.layout.terms_given, room)

    def use(self, machine: Machine, stepper: Stepper) -> None:
        """Let machine code take the steps from now on; records of numpy's fit it."""
        if self.recorder.stepper is not stepper:
            self.recorder = Recorder(stepper, machine, self.problem)

    def advance(self, batch: Batch, ends: Ends, counts: Lanes, limit: Lanes) -> tuple[Array, Lanes]:
        """Let the lanes go on; those that arrive at the end of the time span are ended.

        Parameters
        ----------
        batch : Batch
            The lanes; changed.
        ends : Ends
            Their ends; changed.
        counts, limit : ndarray of int
            Steps tried and steps allowed of all lanes; the first is changed.

        Returns
        -------
        error : ndarray, shape (lanes,)
            Square of the error of each lane's last try; NaN if the field is undefined there.
        blocked : ndarray of int
            Places of the lanes whose next round must heed a surface.
        """
        left = limit[batch.lane] - counts[batch.lane]
        record = self.recorder.advance(batch, int(left.max()))
        lanes, rounds = record.lane, len(record.good)
        each, order = np.arange(lanes.size), np.arange(rounds)[:, None]
        stop = record.good & record.last
        stop |= (record.failures[1:] > 3) | (record.h[1:] <= 4e-16 * record.t[1:])
        if left.min() <= rounds:
            stop |= order >= left - 1
        stop[-1] = True
        final, blocked = self._look(record, stop, ends)
        counts[lanes] += final + 1
        good = record.good & (order <= final)
        self.log.add(record, *np.nonzero(good))
        arrived = np.flatnonzero(good[final, each] & record.last[final, each])
        batch.t, batch.h = record.t[final + 1, each], record.h[final + 1, each]
        batch.y, batch.f = record.y[final + 1, :, each].T, record.f[final + 1, :, each].T
        batch.failures = record.failures[final + 1, each].astype(np.intp)
        for i in arrived:
            ends.close(int(lanes[i]), "time", self.problem.span, batch.y[:, i])
        return np.where(final >= 0, record.error[final, each], 0.0), blocked

    def _look(self, record: Record, stop: NDArray[np.bool_], ends: Ends) -> tuple[Lanes, Lanes]:
        """Let the watchers look at a record, each lane of which goes as far as `stop` at most.

        Gives the last round of each lane that counts, and the places of those that are barred.
        Where numpy made the record, whose rounds cost more than looks, lanes go on in it after a
        watcher has looked at them.
        """
        if self.surfaces.active:
            return self._look_once(record, stop, ends)
        final, _ = self._look_once(record, stop, ends)
        on, part, seen = np.arange(final.size), record, final
        while self.recorder.thrifty:
            more = ends.open[part.lane] & ~stop[final[on], on]
            on = on[more]
            if not on.size:
                break
            first = int(final[on].min()) + 1
            part = part.rest(np.flatnonzero(more), seen[more])
            seen, _ = self._look_once(part, stop[first:, on], ends)
            final[on] = first + seen
        return final, np.zeros(0, dtype=np.intp)

    def _look_once(
        self, record: Record, stop: NDArray[np.bool_], ends: Ends
    ) -> tuple[Lanes, Lanes]:
        """Let the watchers look at the first step of each lane at which they must."""
        rounds, each = len(record.good), np.arange(record.lane.size)
        wanted = [watcher.scan(record) for watcher in self.watchers]
        stop = np.logical_or.reduce([stop, *wanted])
        final = stop.argmax(axis=0)
        blocked = np.zeros(0, dtype=np.intp)
        if self.surfaces.active:
            barred = self.surfaces.scan(record)
            first = np.where(barred.any(axis=0), barred.argmax(axis=0), rounds)
            blocked = np.flatnonzero(first <= final)
            final = np.minimum(final, first - 1)
            self.surfaces.skip(record, final)
        good = record.good & (np.arange(rounds)[:, None] <= final)
        for watcher, mask in zip(self.watchers, wanted, strict=True):
            seen = mask[final, each] & good[final, each]
            which = np.flatnonzero(seen)
            if which.size:
                quiet = good.copy()
                quiet[final[which], which] = False
                watcher.skip(record, quiet)
                watcher.look(self._taken(record, final, which), ends)
            else:
                watcher.skip(record, good)
        return final, blocked

    def _taken(self, record: Record, final: Lanes, which: Lanes) -> Taken:
        """Give the last steps of some lanes as watchers look at them."""
        steps, n = record.steps(final[which], which), len(self.problem.width)
        rows = steps.T
        t, h, sign = rows[:3]
        y, f, new, slope, memory = np.split(rows[3:], np.arange(n, 5 * n, n))

        def terms_of(some: Lanes) -> Array:
            return self.recorder.terms_of(steps[some])

        def restep(some: Lanes, share: Array) -> Trial:
            start = (sign[some], t[some], y[:, some], f[:, some])
            taken = self.recorder.retake(*start, share * h[some])
            if taken.good.all():
                error = np.sqrt(taken.error[0])
                return Trial(taken.y[1], taken.f[1], error, taken.memory[0])
            field = self.field(sign[some])
            return dop853.take_step(field, *start[1:], share * h[some], self.problem.scale)

        lane = record.lane[which]
        memory = memory.reshape(TERMS, n, -1)
        return Taken(lane, sign, t, h, y, f, new, slope, memory, terms_of, restep)

    def steps(self) -> Steps:
        """Give all good steps sorted by lane, then time; interpolants are made when asked for."""
        lane, rows, n = self.log.lane, self.log.rows, len(self.problem.width)
        small = lane.astype(np.uint16) if self.lanes < 2**16 else lane  # sorted far faster
        order = small.argsort(kind="stable")
        t, h, _, *y = rows[:, : 3 + n].take(order, axis=0).T.copy()

        def terms_of(which: Lanes) -> Array:
            return self.recorder.terms_of(rows.take(order[which], axis=0))

        return Steps(lane[order], t, h, np.stack(y), terms_of)
