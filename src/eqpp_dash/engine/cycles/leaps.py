"""Orbits followed by machine code, from turn to turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eqpp_dash.engine import dop853
from eqpp_dash.engine.cycles import limits
from eqpp_dash.engine.cycles.lanes import Bools, Fate, Ints, Steps
from eqpp_dash.engine.cycles.leaper import Leaper
from eqpp_dash.engine.cycles.leaprows import TRAP, Given, Row, State, Trace
from eqpp_dash.model.portrait import Array

if TYPE_CHECKING:
    from eqpp_dash.engine.cycles.shot import Shot

PAUSES = (60, 150, 400, 1000)
"""Numbers of steps at which lanes pause, so that rivals are looked at; then every thousand."""

TRACED = 120
"""Steps of a lane that are traced at once."""

FATES = {State.LEFT: Fate.LEFT, State.CAUGHT: Fate.CAUGHT}


class Leaps:
    """Follows the lanes of a shot that are not stiff, or those that are.

    Parameters
    ----------
    shot : Shot
        The orbits, at their starts.
    leaper : Leaper
        The machine code.
    values : ndarray, shape (p,)
        Values of its parameters.
    doubt : bool
        Whether turns after many slow steps are doubted.
    """

    def __init__(self, shot: Shot, leaper: Leaper, values: Array, doubt: bool = True) -> None:
        self.shot, self.leaper, self.doubt = shot, leaper, doubt
        self.implicit = leaper.implicit
        shot.extra = limits.EXTRA_LEAPS
        if not self.implicit:
            shot.lanes.limit[:] = limits.LEAPS * shot.most_steps
        stepping, returns = shot.stepping, shot.returns
        traps = [
            [trap.sign, *trap.point, trap.shape[0, 0], 2 * trap.shape[0, 1], trap.shape[1, 1]]
            for trap in returns.traps
        ]
        fixed = np.zeros(Given.COUNT)
        fixed[Given.RELATIVE] = shot.rtol
        fixed[Given.INTEGRAL] = min(1e-4, 1e4 * shot.rtol)
        fixed[Given.AXES : Given.AXES + 2] = stepping.axes
        fixed[Given.LOW : Given.LOW + 2], fixed[Given.HIGH : Given.HIGH + 2] = returns.box
        often = limits.STIFF_STEPS if shot.rtol >= limits.ROUGH else limits.STIFF_STEPS_FINE
        self.often = np.inf if leaper.implicit else often
        fixed[Given.SLOW] = self.often
        fixed[Given.TRAPS] = len(traps)
        given = np.array(traps, dtype=float).reshape(len(traps) * TRAP)
        self.setup = np.concatenate([fixed, values, given])
        self.taken: list[tuple[Ints, Array, Array, Array, Array]] = []

    def run(self) -> None:
        """Follow the lanes until they have ended or turned out to be stiff."""
        lanes, out = self.shot.lanes, self.shot.out
        pauses = list(PAUSES)
        pause = pauses.pop(0)
        while True:
            some = np.flatnonzero(lanes.stiff == self.implicit)
            if not some.size:
                break
            self.shot.returns.tick()
            traced = 0 if self.shot.path is None else TRACED
            limit = np.minimum(lanes.limit[some], pause)
            if traced:
                limit = np.minimum(limit, lanes.tries[some] + traced)
            before = self._pack(some, limit)
            after, steps = self.leaper.run(before, self.setup, traced)
            self._unpack(some, after)
            doubtful = self._doubtful(some, after)
            if traced:
                self._note(lanes.lane[some], np.where(doubtful, 0.0, steps))
            if doubtful.any():
                self._restore(some[doubtful], before[:, doubtful])
            self._decide(some, after)
            self.shot.hurry()
            if not self.implicit:
                self._hand_over()
            self.shot.stop_late()
            lanes.keep(out.fate[lanes.lane] == Fate.RUNNING)
            if (lanes.tries[lanes.stiff == self.implicit] >= pause).all():
                pause = pauses.pop(0) if pauses else pause + PAUSES[-1]
        if self.taken and self.shot.path is not None:
            self.shot.path += self._steps()

    def _pack(self, some: Ints, limit: Ints) -> Array:
        lanes = self.shot.lanes
        record = np.zeros((Row.COUNT, some.size))
        record[Row.TIME], record[Row.STEP] = lanes.t[some], lanes.h[some]
        record[Row.SIGN], record[Row.FAILED] = lanes.sign[some], lanes.failed[some]
        record[Row.RISING], record[Row.NOISE] = lanes.rising[some], lanes.noise[some]
        record[Row.TRIES], record[Row.PAUSE] = lanes.tries[some], limit
        record[Row.SLOW], record[Row.UNIT] = lanes.slow[some], lanes.unit[some]
        record[Row.FLOOR : Row.FLOOR + 2] = lanes.floor[:, some]
        record[Row.Y : Row.Y + 3], record[Row.F : Row.F + 3] = lanes.y[:, some], lanes.f[:, some]
        record[Row.START : Row.START + 2] = lanes.start[:, some]
        return record

    def _unpack(self, some: Ints, after: Array) -> None:
        """Take over where lanes have got to."""
        lanes = self.shot.lanes
        lanes.t[some], lanes.h[some] = after[Row.TIME], after[Row.STEP]
        lanes.failed[some], lanes.rising[some] = after[Row.FAILED], after[Row.RISING]
        lanes.noise[some], lanes.tries[some] = after[Row.NOISE], after[Row.TRIES]
        lanes.slow[some], lanes.unit[some] = after[Row.SLOW], after[Row.UNIT]
        lanes.floor[:, some] = after[Row.FLOOR : Row.FLOOR + 2]
        lanes.y[:, some], lanes.f[:, some] = after[Row.Y : Row.Y + 3], after[Row.F : Row.F + 3]

    def _doubtful(self, some: Ints, after: Array) -> Bools:
        """Tell which lanes turned after many slow steps, stiff: the turn may be an oscillation."""
        lanes, shot = self.shot.lanes, self.shot
        found = (after[Row.STATE] == State.TURNED) & (after[Row.SLOW] >= limits.STIFF_EVERY)
        sure = self.implicit or not self.doubt or shot.rtol < limits.ROUGH
        if sure or not found.any():
            return np.zeros(some.size, dtype=bool)
        stiff = shot.stepping.stiff(lanes.sign[some], lanes.y[:, some], lanes.h[some])
        return np.asarray(found & stiff)

    def _restore(self, some: Ints, before: Array) -> None:
        """Go back to where lanes were, to follow them by the implicit method."""
        lanes = self.shot.lanes
        self._unpack(some, before)
        lanes.slow[some], lanes.stiff[some] = 0, True

    def _decide(self, some: Ints, after: Array) -> None:
        """Decide about lanes that have stopped."""
        lanes, shot = self.shot.lanes, self.shot
        state = np.where(lanes.stiff[some] == self.implicit, after[Row.STATE], State.PAUSED)
        for reason, fate in {**FATES, State.STUCK: shot.stuck}.items():
            shot.out.fate[lanes.lane[some[state == reason]]] = fate
        turned = np.flatnonzero(state == State.TURNED)
        if turned.size:
            turn = after[Row.TURN :, turned]
            back = shot.cross(some[turned], turn[1:])
            i = some[turned[back]]
            if i.size:
                turn, lane = turn[:, back], lanes.lane[i]
                shot.out.noise[lane] = lanes.noise[i]
                shot.arrive(lane, lanes.arc[i], turn[0], turn[1:4], turn[4:], lanes.unit[i])

    def _hand_over(self) -> None:
        """Find stiff lanes among those that have gone slowly for long, or for all their steps."""
        lanes, shot = self.shot.lanes, self.shot
        running = (shot.out.fate[lanes.lane] == Fate.RUNNING) & ~lanes.stiff
        late = running & (lanes.slow > 0) & (lanes.tries >= lanes.limit)
        slow = np.flatnonzero(late | running & (lanes.slow >= self.often))
        if slow.size:
            lanes.slow[slow] = 0
            parts = lanes.sign[slow], lanes.y[:, slow], lanes.h[slow]
            lanes.stiff[slow] = shot.stepping.stiff(*parts)
            stiff = slow[lanes.stiff[slow]]
            hurried = lanes.limit[stiff] < limits.LEAPS * shot.most_steps
            more = np.where(hurried, limits.STIFF_EXTRA, shot.most_steps)
            lanes.limit[stiff] = lanes.tries[stiff] + more

    def _note(self, lane: Ints, steps: Array) -> None:
        """Note the steps that were taken, in order of time for each lane."""
        when, which = np.nonzero(steps[:, Trace.TAKEN])
        rows = steps[when, :, which].T
        parts = rows[Trace.TIME], rows[Trace.STEP], rows[Trace.Y : Trace.F], rows[Trace.F :]
        self.taken.append((lane[which], *parts))

    def _steps(self) -> list[Steps]:
        """Give the steps that were taken, with interpolants: each is taken once more."""
        lane, t, h, y, f = (
            np.concatenate([part[k] for part in self.taken], axis=-1) for k in range(5)
        )
        field = self.shot.stepping.directed(self.shot.sign[lane])
        one = np.ones((len(y), 1))
        trial = dop853.take_step(field, t, y, f, h, lambda magnitude: one)
        terms = dop853.dense_terms(field, t, h, y, f, trial.state, trial.slope, trial.memory)
        return [Steps(lane, t, h, y[:2], terms[:, :2])]
