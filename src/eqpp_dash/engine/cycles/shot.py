"""Orbits on their way to their first returns: steps in numpy, and what becomes of each orbit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eqpp_dash.engine import dop853
from eqpp_dash.engine.cycles import limits
from eqpp_dash.engine.cycles.lanes import Bools, Fate, FirstReturns, Ints, Lanes, Steps
from eqpp_dash.engine.cycles.stepping import turning_share
from eqpp_dash.model.portrait import Array

if TYPE_CHECKING:
    from eqpp_dash.engine.cycles.returns import ReturnMap

STRAY_CROSSINGS = 12
"""Crossings of f = 0 on no section after which an orbit is given up."""


@dataclass(frozen=True, slots=True, eq=False)
class Trap:
    """An ellipse ``z'Az < 1`` about a point that orbits of one direction of time never leave."""

    sign: float
    point: Array
    shape: Array


@dataclass(slots=True)
class _Arrival:
    """Last steps of orbits that are back: where they begin, and the share to their section."""

    lane: Ints
    arc: Ints
    t: Array
    y: Array
    f: Array
    h: Array
    share: Array
    allowed: Array
    stiff: Bools


class Shot:
    """One call of `ReturnMap.shoot`."""

    def __init__(
        self,
        returns: ReturnMap,
        lanes: Lanes,
        rtol: float,
        rightmost: bool,
        path: list[Steps] | None,
    ) -> None:
        self.returns, self.stepping, self.lanes = returns, returns.stepping, lanes
        self.rtol, self.rightmost, self.path = rtol, rightmost, path
        self.race, self.extra, self.most_steps = False, limits.EXTRA_STEPS, 0
        self.stuck = Fate.UNDEFINED if returns.compiled.switching else Fate.ENDED
        count = lanes.lane.size
        self.out = FirstReturns.empty(count)
        self.crossed = np.zeros((len(returns.arcs), count), dtype=np.int8)
        self.arrivals: list[_Arrival] = []
        self.least = np.zeros(count)
        self.sign = lanes.sign.copy()
        field = self.stepping.directed(lanes.sign)
        lanes.f = field(lanes.t, lanes.y)
        self.first_slope = np.abs(lanes.f[1]).copy()
        scale, longest = self.stepping.tolerated(lanes, rtol), np.full(count, np.inf)
        lanes.h = dop853.first_step(field, lanes.t, lanes.y, lanes.f, scale, longest)

    def begin(self, race: bool, most_steps: int, longest: Array | None) -> None:
        """Say how far to go, and end the orbits that cannot begin."""
        lanes, out = self.lanes, self.out
        if longest is not None:
            lanes.longest = longest.copy()
        self.race, self.most_steps = race, most_steps
        bad = ~(np.isfinite(lanes.f).all(axis=0) & np.isfinite(lanes.h) & (lanes.h > 0))
        out.fate[lanes.lane[bad]] = Fate.UNDEFINED
        lanes.keep(~bad)
        lanes.limit[:] = most_steps

    def run(self) -> FirstReturns:
        """Take steps of all orbits that still run until each has ended."""
        lanes, out = self.lanes, self.out
        while lanes.lane.size:
            self.returns.tick()
            self._round()
            self.hurry()
            self.stop_late()
            lanes.keep(out.fate[lanes.lane] == Fate.RUNNING)
        self._finish()
        return out

    def hurry(self) -> None:
        """Let rivals of orbits that have ended be followed for not much longer."""
        lanes, out = self.lanes, self.out
        running = out.fate[lanes.lane] == Fate.RUNNING
        if self.race and not running.all():
            half, count = out.fate.size // 2, out.fate.size
            rivals = np.full(count, -1)
            rivals[(lanes.lane[~running] + half) % count] = lanes.tries[~running]
            hurried = rivals[lanes.lane] >= 0
            limit = self.extra + 3 * rivals[lanes.lane[hurried]]
            lanes.limit[hurried] = np.minimum(lanes.limit[hurried], limit)

    def stop_late(self) -> None:
        """Give up orbits that have used their steps or their time up."""
        lanes, out = self.lanes, self.out
        running = out.fate[lanes.lane] == Fate.RUNNING
        late = (lanes.tries >= lanes.limit) | (lanes.t > lanes.longest)
        out.fate[lanes.lane[running & late]] = Fate.GIVEN_UP

    def _round(self) -> None:
        """Try one step of every lane."""
        lanes = self.lanes
        lanes.tries += 1
        lanes.floor = np.maximum(lanes.floor, np.abs(lanes.y[:2] - lanes.start))
        trial = self.stepping.attempt(lanes, self.rtol)
        good = trial.error <= 1.0
        factor = np.clip(0.9 * np.maximum(trial.error, 1e-16) ** -0.125, 0.2, limits.GROWTH)
        factor = np.where(np.isnan(trial.error), limits.UNDEFINED_FACTOR, factor)
        before, after = lanes.f[:2] / lanes.floor, trial.slope[:2] / lanes.floor
        lengths = (before * before).sum(axis=0) * (after * after).sum(axis=0)
        sharp = good & ((before * after).sum(axis=0) / np.sqrt(lengths) < limits.SHARPEST_TURN)
        good &= ~sharp
        factor = np.where(sharp, 0.5, factor)
        factor = np.where(good & (lanes.failed == 0), factor, np.minimum(factor, 1.0))
        size = self.stepping.size(lanes)
        unit = self._unit(trial, size)
        flux = (unit[::-1] * np.abs(trial.slope[:2])).sum(axis=0)  # of errors across the flow
        lanes.unit = np.where(good, unit[0], lanes.unit)
        self._look(trial, good)
        noise = np.fmax(lanes.noise, np.log(flux) - trial.state[2])
        lanes.noise = np.where(good, noise, lanes.noise)
        moved = np.abs(trial.state - lanes.y)[:2]
        resting = (moved < limits.RESTING * size + 1e-14 * np.abs(lanes.y[:2])).all(axis=0)
        resting &= good & (trial.error < 1.0) & (lanes.tries > limits.EARLY)
        self._end(resting, Fate.CAUGHT)
        self.stepping.find_stiff(lanes, moved)
        lanes.failed = np.where(good, 0, lanes.failed + 1)
        lanes.rising = np.where(good, trial.slope[0] > 0, lanes.rising)
        lanes.y = np.where(good, trial.state, lanes.y)
        lanes.f = np.where(good, trial.slope, lanes.f)
        lanes.t = np.where(good, lanes.t + lanes.h, lanes.t)
        lanes.h = lanes.h * factor
        self._give_up()

    def _unit(self, trial: dop853.Trial, size: Array) -> Array:
        """Give the errors of steps in terms of the tolerance: no more than what moved in them."""
        lanes = self.lanes
        rates = np.maximum(np.abs(lanes.f[:2]), np.abs(trial.slope[:2]))
        moved = np.abs(trial.state - lanes.y)[:2] + np.abs(lanes.h) * rates
        moved += limits.ROUNDING * np.abs(lanes.y[:2])
        unit: Array = np.minimum(size, moved / self.rtol)
        return unit

    def _end(self, which: Bools, fate: Fate) -> None:
        lane = self.lanes.lane[which]
        self.out.fate[lane[self.out.fate[lane] == Fate.RUNNING]] = fate

    def _look(self, trial: dop853.Trial, good: Bools) -> None:
        """Note good steps, and look at those in which x turns from rising to falling."""
        lanes = self.lanes
        passes = good & lanes.rising & (trial.slope[0] <= 0)
        some = np.flatnonzero(good if self.path is not None else passes)
        if not some.size:
            return
        terms = self.stepping.terms(lanes, trial, some)
        if self.path is not None:
            y = lanes.y[:2, some]
            self.path.append(Steps(lanes.lane[some], lanes.t[some], lanes.h[some], y, terms[:, :2]))
            terms = terms[:, :, passes[some]]
        passed = np.flatnonzero(passes)
        if passed.size:
            self._cross(passed, terms)

    def _cross(self, passed: Ints, terms: Array) -> None:
        """Find out which sections were crossed; note the steps of the orbits that are back."""
        lanes = self.lanes
        share = turning_share(terms[:, 0])
        at = dop853.interpolate(lanes.y[:, passed], terms, share)
        back = self.cross(passed, at)
        if back.any():
            i = passed[back]
            self.out.noise[lanes.lane[i]] = lanes.noise[i]
            allowed = self.stepping.tolerated(lanes, self.rtol)[:, i]
            self.least[lanes.lane[i]] = lanes.unit[i]
            ends = lanes.t[i], lanes.y[:, i], lanes.f[:, i], lanes.h[i], share[back]
            arrival = _Arrival(lanes.lane[i], lanes.arc[i], *ends, allowed, lanes.stiff[i])
            self.arrivals.append(arrival)

    def cross(self, passed: Ints, at: Array) -> Bools:
        """Tell which orbits are back, and end those and the ones that will never be.

        Parameters
        ----------
        passed : ndarray of int, shape (m,)
            Running orbits of which x has turned.
        at : ndarray, shape (2 or 3, m)
            Where.
        """
        lanes, out = self.lanes, self.out
        which = self.returns.section_of(at[0], at[1], lanes.floor[1, passed])
        lane = lanes.lane[passed]
        back: Bools = np.equal(which, lanes.arc[passed])
        out.fate[lane[back]] = Fate.RETURNED
        other = ~back & (which >= 0)
        self.crossed[which[other], lane[other]] += 1
        twice = self.crossed[which[other], lane[other]] >= 2
        out.fate[lane[other][twice]] = Fate.TRAPPED
        if self.rightmost:
            beyond = at[0] > lanes.start[0, passed] + 1e-6 * lanes.floor[0, passed]
            out.fate[lane[beyond & ~back]] = Fate.OVERTAKEN
        lanes.strays[passed[which < 0]] += 1
        self._end(lanes.strays >= STRAY_CROSSINGS, Fate.GIVEN_UP)
        return back

    def _give_up(self) -> None:
        lanes, (lo, hi) = self.lanes, self.returns.box
        position = lanes.y[:2]
        beyond = np.maximum(lo[:, None] - position, position - hi[:, None]).max(axis=0)
        self._end(np.greater(beyond, 0.0), Fate.LEFT)
        speed = np.abs(lanes.f[:2] / lanes.floor).max(axis=0)
        short = (lanes.h * speed < limits.SHORTEST) & (lanes.failed > limits.SOME_FAILURES)
        stuck = (lanes.failed > limits.MOST_FAILURES) | short
        self._end(stuck, self.stuck)
        for trap in self.returns.traps:
            apart = position - trap.point[:, None]
            level: Array = np.einsum("im,ij,jm->m", apart, trap.shape, apart)
            inward: Bools = np.equal(lanes.sign, trap.sign)
            self._end(inward & (level < 1.0), Fate.CAUGHT)

    def _finish(self) -> None:
        """Let the last step of each returned orbit end on its section: Newton's method."""
        if not self.arrivals:
            return
        lane, arc, t, y, f, h, share, allowed, stiff = (
            np.concatenate([getattr(one, name) for one in self.arrivals], axis=-1)
            for name in ("lane", "arc", "t", "y", "f", "h", "share", "allowed", "stiff")
        )
        signs = self.sign[lane]
        state, slope, time = y.copy(), f.copy(), t.copy()
        for some, implicit in ((~stiff, False), (stiff, True)):
            if not some.any():
                continue
            parts = signs[some], t[some], y[:, some], f[:, some]
            for _ in range(3):
                time[some] = t[some] + (share * h)[some]
                trial = self.stepping.part(*parts, (share * h)[some], allowed[:, some], implicit)
                late = self._delay(signs[some], trial.state, trial.slope)
                share[some] = np.clip(share[some] + late / h[some], 0.0, 1.2)
            state[:, some], slope[:, some] = trial.state, trial.slope
        self.arrive(lane, arc, time, state, slope, self.least[lane])

    def _delay(self, sign: Array, state: Array, slope: Array) -> Array:
        """Give the time until x turns, by the rate at which its rate changes."""
        jacobian = self.returns.compiled.jacobian(0.0, state[:2])
        late: Array = -slope[0] / (sign * (jacobian[0] * slope[:2]).sum(axis=0))
        return late

    def arrive(
        self, lane: Ints, arc: Ints, time: Array, state: Array, slope: Array, least: Array
    ) -> None:
        """Note returns: times, states and rates so near the turn that the rest is made good here.

        `least` is the least error that a step of unit error causes; `out.noise` holds the
        logarithm of the greatest across the flow on the way. Where the error hides how near a
        node the orbit has come that draws it in, the orbit is caught; so near a singular point, it
        has run into that.
        """
        out = self.out
        delay = self._delay(self.sign[lane], state, slope)
        out.x[lane] = state[0] + 0.5 * slope[0] * delay
        out.y[lane] = state[1] + slope[1] * delay
        out.time[lane] = time + delay
        integral = state[2] + slope[2] * delay
        out.divergence[lane] = integral
        out.log_slope[lane] = integral + np.log(self.first_slope[lane] / np.abs(slope[1]))
        grown = np.exp(out.noise[lane] + integral) / np.abs(slope[1])
        out.noise[lane] = np.fmax(grown, least)
        for k in np.unique(arc):
            here = lane[arc == k]
            hidden = self.rtol * out.noise[here]
            drawn, ended = self.returns.drawn_in(int(k), out.x[here], self.sign[here], hidden)
            out.fate[here[drawn]] = Fate.CAUGHT
            out.fate[here[ended]] = self.stuck
