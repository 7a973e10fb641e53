"""Tell orbits that go to infinity, in finite time or not, from those that only go far.

Beyond the work box the growth of the distance r is watched: where its speed goes like r^p
with p > 1, the orbit blows up after a further time ``r / ((p - 1) r')`` (Goriely and Hyde,
*J. Differential Equations* 161, 2000, 422-448, on finite-time blow-up along the leading
order of a field); it is followed until that estimate is sure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.dop853 import TERMS, Array, interpolate

if TYPE_CHECKING:
    from eqpp_dash.engine.batch import Taken
    from eqpp_dash.engine.orbits import Ends, Problem
    from eqpp_dash.engine.record import Bools, Record

LEFT = "left work box"
AWAY = "it leaves the surroundings of the window"
INFINITY = "infinity"
Lanes = NDArray[np.intp]
FAR = 1e9
PATIENCE = 150
"""Steps in all that an orbit may spend beyond the work box without its growth being clear."""

EXCURSIONS = 3
"""Times that an orbit may leave the work box; the last one ends it."""

SURE = 1e-8
"""The time of a blow-up is known when it is so near, as a share of the time elapsed."""

FINITE_POWER = 1.1
SLOW_POWER = 0.5


class Escape:
    """Ends orbits beyond the work box: ``infinity`` or ``left work box``.

    Parameters
    ----------
    problem : Problem
        The system on its window.
    lanes : int
        Number of lanes.
    """

    def __init__(self, problem: Problem, lanes: int) -> None:
        self.problem = problem
        self.near = 0.25 * problem.box
        self.outside = np.zeros(lanes, dtype=bool)
        self.spent = np.zeros(lanes, dtype=np.intp)
        self.excursions = np.zeros(lanes, dtype=np.intp)
        # The step on which each lane left the box last; when it did is found in `settle`.
        n = problem.width.size
        self.exit_from = np.zeros((2, lanes))
        self.exit_state = np.zeros((n, lanes))
        self.exit_terms = np.zeros((TERMS, n, lanes))
        # The last milestone: distance, time and speed there; mean speed up to it, and where.
        self.distance = np.full(lanes, np.nan)
        self.time = np.zeros(lanes)
        self.speed = np.ones(lanes)
        self.mean = np.full(lanes, np.nan)
        self.middle = np.ones(lanes)
        # Exponents p of speed ~ distance^p: from speeds at milestones, from mean speeds.
        self.power = np.full(lanes, np.nan)
        self.trend = np.full(lanes, np.nan)
        # What `scan` saw: which states were far out, and which beyond the box.
        self.apart = self.beyond = np.zeros((0, lanes), dtype=bool)

    def scan(self, record: Record) -> Bools:
        """Tell which steps of a record leave the box, or are to be measured or decided on."""
        problem, lanes = self.problem, record.lane
        away = np.abs(record.y[1:] - problem.center[:, None])
        away *= 2.0 / problem.width[:, None]
        reach = away.max(axis=1)
        self.apart, self.beyond = reach > self.near, reach > problem.box
        if not self.apart.any():
            return self.apart
        good, distance = record.good, self.distance[lanes]
        lost = np.isnan(distance) | np.logical_or.accumulate(good & ~self.apart, axis=0)
        ratio = np.where(distance < problem.box, 2.0, 10.0)
        tell = lost | (reach >= ratio * distance)
        if self.beyond.any():
            back = np.logical_or.accumulate(good & ~self.beyond, axis=0)
            spent = self.spent[lanes] + np.cumsum(good & self.beyond, axis=0)
            decided = ~self.outside[lanes] | back | self._sure(record, reach)
            decided |= (reach > FAR * problem.box) | (spent > PATIENCE)
            tell |= self.beyond & decided
        wanted: Bools = good & self.apart & tell
        return wanted

    def _sure(self, record: Record, reach: Array) -> Bools:
        """Tell where it is sure that a lane blows up, by the exponent of its last milestone."""
        sure = np.zeros(reach.shape, dtype=bool)
        power = self.power[record.lane]
        some = np.flatnonzero(power > FINITE_POWER)
        if some.size:
            problem, center = self.problem, self.problem.center[:, None]
            away = (record.y[1:, :, some] - center) / problem.width[:, None]
            rates = record.f[1:, :, some] / problem.width[:, None] * np.sign(away)
            axis = np.abs(away).argmax(axis=1)[:, None]
            speed = 2.0 * np.take_along_axis(rates, axis, axis=1)[:, 0]
            more = reach[:, some] / ((power[some] - 1.0) * speed)
            sure[:, some] = (more < SURE * record.t[1:, some]) & (
                reach[:, some] > 100 * problem.box
            )
        return sure

    def skip(self, record: Record, quiet: Bools) -> None:
        """Pass over steps on which there is nothing to measure or to decide."""
        lanes = record.lane
        self.distance[lanes[(quiet & ~self.apart).any(axis=0)]] = np.nan
        self.outside[lanes[(quiet & ~self.beyond).any(axis=0)]] = False
        if self.beyond.any():
            self.spent[lanes] += np.count_nonzero(quiet & self.beyond, axis=0)

    def look(self, taken: Taken, ends: Ends) -> None:
        """End the lanes whose growth is clear, or whose patience is at its end."""
        problem, lanes = self.problem, taken.lane
        reach = problem.reach(taken.new)
        away = reach > self.near
        if not away.any():
            self.distance[lanes] = np.nan
            self.outside[lanes] = False
            return
        speed, now = self._speed(taken), taken.t + taken.h
        out = reach > problem.box
        first = out & ~self.outside[lanes]
        self.outside[lanes] = out
        self.spent[lanes] += out
        self.excursions[lanes] += first
        if first.any():
            self._note_exit(taken, np.flatnonzero(first))
        self.distance[lanes[~away]] = np.nan
        entered = away & np.isnan(self.distance[lanes])
        if entered.any():
            fresh = lanes[entered]
            self.mean[fresh] = self.power[fresh] = self.trend[fresh] = np.nan
            self._milestone(fresh, reach[entered], now[entered], speed[entered])
        ratio = np.where(self.distance[lanes] < problem.box, 2.0, 10.0)
        grown = away & (reach >= ratio * self.distance[lanes])
        if grown.any():
            self._measure(lanes[grown], reach[grown], now[grown], speed[grown])
        if out.any():
            self._decide(taken, ends, np.flatnonzero(out), reach, speed, now)

    def settle(self, ends: Ends) -> None:
        """Find when lanes left the box; say so of those whose time was up there, if it is ours."""
        left = np.array([end == LEFT for end in ends.end], dtype=bool)
        if self.problem.by_eye:
            for lane in np.flatnonzero(self.outside & ~left):
                if ends.end[lane] in ("time", "budget"):
                    ends.end[lane], ends.reason[lane] = LEFT, AWAY
                    left[lane] = True
        lanes = np.flatnonzero(left)
        if not lanes.size:
            return
        share, state = self._exits(lanes)
        begun, length = self.exit_from[:, lanes]
        ends.time[lanes] = begun + share * length
        ends.state[:, lanes] = state
        for left_lane in lanes.tolist():
            ends.reached[left_lane] = float(ends.time[left_lane])

    def _note_exit(self, taken: Taken, which: Lanes) -> None:
        """Remember the last steps of lanes, on which they left the work box."""
        lanes = taken.lane[which]
        self.exit_from[:, lanes] = taken.t[which], taken.h[which]
        self.exit_state[:, lanes] = taken.y[:, which]
        self.exit_terms[:, :, lanes] = taken.terms_of(which)

    def _exits(self, lanes: Lanes) -> tuple[Array, Array]:
        """Find where on their step lanes left the work box, and the states there: bisection."""
        terms, y = self.exit_terms[:, :, lanes], self.exit_state[:, lanes]
        inside, outside = np.zeros(lanes.size), np.ones(lanes.size)
        for _ in range(30):
            middle = 0.5 * (inside + outside)
            out = self.problem.reach(interpolate(y, terms, middle)) > self.problem.box
            inside, outside = np.where(out, inside, middle), np.where(out, middle, outside)
        return outside, interpolate(y, terms, outside)

    def _speed(self, taken: Taken) -> Array:
        """Give the rate at which the distance grows, in the units of `Problem.reach`."""
        away = (taken.new - self.problem.center[:, None]) / self.problem.width[:, None]
        axis = np.argmax(np.abs(away), axis=0)
        each = np.arange(axis.size)
        rate = taken.slope[axis, each] / self.problem.width[axis] * np.sign(away[axis, each])
        speed: Array = 2.0 * rate
        return speed

    def _measure(self, lanes: Lanes, reach: Array, now: Array, speed: Array) -> None:
        """Measure the growth between the last milestone and a new one."""
        mean = (reach - self.distance[lanes]) / (now - self.time[lanes])
        middle = np.sqrt(reach * self.distance[lanes])
        self.trend[lanes] = np.log(mean / self.mean[lanes]) / np.log(middle / self.middle[lanes])
        rise = np.maximum(speed, 0.0) / self.speed[lanes]
        self.power[lanes] = np.log(rise) / np.log(reach / self.distance[lanes])
        self.mean[lanes], self.middle[lanes] = mean, middle
        self._milestone(lanes, reach, now, speed)

    def _milestone(self, lanes: Lanes, reach: Array, now: Array, speed: Array) -> None:
        self.distance[lanes] = reach
        self.time[lanes] = now
        self.speed[lanes] = np.maximum(speed, 1e-300)

    def _decide(
        self, taken: Taken, ends: Ends, out: Lanes, reach: Array, speed: Array, now: Array
    ) -> None:
        lanes = taken.lane[out]
        power = self.power[lanes]
        more = reach[out] / ((power - 1.0) * speed[out])
        finite = power > FINITE_POWER
        sure = finite & (more < SURE * now[out]) & (reach[out] > 100 * self.problem.box)
        far = reach[out] > FAR * self.problem.box
        slow = (
            (self.trend[lanes] < SLOW_POWER)
            | (self.spent[lanes] > PATIENCE)
            | (self.excursions[lanes] >= EXCURSIONS)
        )
        for i in np.flatnonzero(sure | far | slow):
            lane, step = int(lanes[i]), out[i]
            time, state = float(now[step]), taken.new[:, step]
            if sure[i] or (far[i] and finite[i]):
                reason = f"it blows up at a finite time, like a power {power[i]:.3g} of its size"
                ends.close(lane, INFINITY, time, state, reason, limit=(time + float(more[i]),))
            elif far[i]:
                reason = "it grows without bound"
                ends.close(lane, INFINITY, time, state, reason, limit=(None,))
            else:
                ends.close(lane, LEFT, time, state, AWAY)  # the time is set by `settle`
