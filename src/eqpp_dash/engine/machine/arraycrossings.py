"""Crossings of sections in numpy, found as `crosscode` says and does in lanes."""

from __future__ import annotations

import numpy as np

from eqpp_dash.engine.dop853 import TERMS
from eqpp_dash.engine.machine.arraysections import (
    Array,
    ArraySections,
    Index,
    Mask,
    Slope,
    Step,
    cubic_root,
    near_point,
)
from eqpp_dash.engine.machine.batch import Batch
from eqpp_dash.engine.machine.crossingrows import (
    APART,
    BISECTIONS,
    CLOSE,
    FAR,
    FLAT,
    GUARD,
    HALVINGS,
    LAND,
    NEWTON,
    ON,
    PARTS,
    SECANTS,
    SHRINKS,
    TINY,
    WIDTH,
)
from eqpp_dash.engine.machine.layout import SMALLEST_SHARE, SMALLEST_STEP, End


class SectionWatch:
    """Looks for crossings of the trajectories that advance together in numpy.

    Parameters
    ----------
    sections : ArraySections
        The sections.
    batch : Batch
        What is wanted; what is found is written into it.
    slope : callable
        Gives the field.
    lane : ndarray of int
        The trajectories.
    parameters : ndarray, shape (p, m)
        Their parameters.
    """

    def __init__(
        self, sections: ArraySections, batch: Batch, slope: Slope, lane: Index, parameters: Array
    ) -> None:
        self.sections, self.batch, self.slope = sections, batch, slope
        self.lane, self.parameters = lane, parameters
        shape = (len(sections), lane.size)
        self.value, self.rate = np.zeros(shape), np.zeros(shape)
        self.lands = np.zeros(lane.size, dtype=bool)
        self.aim, self.number = np.zeros((2, lane.size), dtype=np.int64)

    def keep(self, rest: Mask) -> None:
        """Go on with some of the trajectories."""
        self.lane, self.parameters = self.lane[rest], self.parameters[:, rest]
        self.value, self.rate = self.value[:, rest], self.rate[:, rest]
        self.lands, self.aim, self.number = self.lands[rest], self.aim[rest], self.number[rest]

    def _value(
        self, j: int, which: Index, t: Array, y: Array, way: Array, pace: Array | float
    ) -> tuple[Array, Array, Array]:
        time = self.batch.start_time + t
        return self.sections(j, time, y, self.parameters[:, which], way, pace)

    def begin(self, t: Array, y: Array, f: Array, h: Array) -> None:
        """Evaluate the sections at the starts."""
        every = np.arange(t.size)
        for j in range(len(self.sections)):
            value, rate, noise = self._value(j, every, t, y, f, 1.0)
            change = rate * h
            share = ON if j < len(self.sections) - self.batch.events.strict else 0.0
            on = (np.abs(value) <= share * np.abs(change)) | (np.abs(value) <= noise)
            ahead = np.where(np.abs(change) > 0, np.copysign(TINY, change), 0.0)
            side = self.batch.events.sides[j][self.lane]
            old = np.where((side * value > 0) & ~on, value, np.copysign(TINY, side))
            value = np.where(side != 0, old, np.where(on, ahead, value))
            self.value[j], self.rate[j] = value, rate

    def look(self, step: Step) -> None:
        """Look at the steps just accepted; see `Step` for what comes of it."""
        good = np.flatnonzero(step.good)
        values, rates = self.value.copy(), self.rate.copy()
        lands, noises = self.lands[good], np.zeros_like(values)
        suspects = np.zeros((len(values), good.size), dtype=bool)
        for j, (up, down, _, _) in enumerate(self.batch.events.wanted):
            value, rate, noises[j, good] = self._value(
                j, good, step.ahead[good], step.new[:, good], step.slope[:, good], 1.0
            )
            old = self.value[j, good]
            value = np.where(value == 0, np.where(old != 0, np.copysign(TINY, old), old), value)
            if up or down:
                first, last = self.rate[j, good] * step.h[good], rate * step.h[good]
                suspects[j] = lands | _suspicious(old, value, first, last, bool(up), bool(down))
            values[j, good], rates[j, good] = value, rate
        seen = suspects.any(0)
        which = good[seen]
        if which.size:
            _Look(self, step, which, suspects[:, seen], (values, rates, noises)).run()
        self.lands[:] = False
        if which.size:
            self.lands[which] = step.retake[which]
        self.value, self.rate = values, rates

    def record(self, which: Index) -> None:
        """Note on which sides of the sections some of the trajectories are."""
        for sides, value in zip(self.batch.events.sides, self.value, strict=True):
            sides[self.lane[which]] = np.sign(np.nan_to_num(value[which]))


def _suspicious(old: Array, value: Array, first: Array, last: Array, up: bool, down: bool) -> Mask:
    start, end = np.abs(old), np.abs(value)
    changes = np.abs(first) + np.abs(last)
    flips = np.signbit(old) != np.signbit(value)
    first = np.where(np.signbit(old), -first, first)
    last = np.where(np.signbit(value), -last, last)
    bends = (first < 0) & (last > 0)
    near = (start + first / 3 < GUARD * changes) | (end - last / 3 < GUARD * changes)
    near |= bends & (np.fmin(start, end) < FAR * changes)
    right = np.where(value > 0, up, down)
    found: Mask = np.where(flips, right | ~bends, near)
    return found


class _Look:
    """Finds the crossings in one step of some lanes; arrays run over these."""

    def __init__(
        self,
        watch: SectionWatch,
        step: Step,
        which: Index,
        suspects: Mask,
        ends: tuple[Array, Array, Array],
    ) -> None:
        self.watch, self.step, self.which, self.suspects = watch, step, which, suspects
        self.values, self.rates, self.noises = ends
        self.events = watch.batch.events
        self.t, self.h, self.y = step.t[which], step.h[which], step.y[:, which]
        self.terms = step.terms(which)
        self.lane = watch.lane[which]
        self.aim, self.number = np.zeros((2, which.size), dtype=np.int64)

    def run(self) -> None:
        which, watch = self.which, self.watch
        before = [counts[self.lane] for counts in self.events.counts]
        aim = np.where(watch.lands[which], watch.aim[which], 0)
        self.landed = np.zeros(which.size, dtype=bool)
        for j in range(len(self.values)):
            away = np.abs(self.values[j, which] / self.rates[j, which])
            self.landed |= (aim == j + 1) & (away <= LAND * np.abs(self.h))
        self.landed_on = np.where(self.landed, aim, 0)
        self.hit = np.where(self.landed, APART, 2.0)
        for j in range(len(self.values)):
            if self.suspects[j].any():
                self._scan(j)
        hit = self.aim > 0
        for new, kept in ((self.values, watch.value), (self.rates, watch.rate)):
            new[:, which[hit]] = kept[:, which[hit]]
        for counts, old in zip(self.events.counts, before, strict=True):
            counts[self.lane[hit]] = old[hit]
        least = SMALLEST_STEP * np.abs(self.t) + SMALLEST_SHARE * np.abs(self.step.span[which])
        short = hit & (np.abs(self.hit * self.h) < least)
        again = hit & ~short
        self.step.retake[which[again]] = True
        self.step.h[which[again]] = (self.hit * self.h)[again]
        watch.aim[which[hit]], watch.number[which[hit]] = self.aim[hit], self.number[hit]
        self.step.new[:, which[short]] = self.y[:, short]
        self.step.ahead[which[short]] = self.t[short]
        ends = (self.landed & ~hit) | short
        for j in range(len(self.values)):
            here = ends & (watch.aim[which] == j + 1)
            if here.any():
                self._land(j, here, least)

    def _at(self, j: int, of: Index, share: Array) -> tuple[Array, Array, Array, Array, Array]:
        """Give value, rate by the share of the step, noise, state and its rate."""
        terms, other = self.terms[:, :, of], 1.0 - share
        state, way = np.zeros((2, len(self.y), of.size))
        for i in range(TERMS - 1, -1, -1):
            state = state + terms[i]
            way = way * share + state if i % 2 == 0 else way * other - state
            state = state * (share if i % 2 == 0 else other)
        state, h = state + self.y[:, of], self.h[of]
        time = self.t[of] + share * h
        return *self.watch._value(j, self.which[of], time, state, way, h), state, way

    def _scan(self, j: int) -> None:
        h, which, seen = self.h, self.which, self.suspects[j]
        old, first = self.watch.value[j, which], self.watch.rate[j, which] * h
        value, last = self.values[j, which], self.rates[j, which] * h
        side = np.sign(np.where(old == 0, first, old))
        change = value - old
        plain = seen & (side * value < 0) & (self.landed_on != j + 1)
        for rate in (first, last):
            plain &= (side * rate < 0) & (np.abs(rate) < 3 * np.abs(change))
        others = np.flatnonzero(seen & ~plain)
        plain &= np.abs(value) > self.noises[j, which]
        of = np.flatnonzero(plain)
        if of.size:
            guess = cubic_root(old[of], value[of], first[of], last[of])
            zero, one = np.zeros(of.size), np.ones(of.size)
            self._root(j, of, one.astype(bool), zero, one, side[of], guess)
            side[of] = -side[of]
        if others.size:
            self._walk(j, others, side, old[others], first[others])
        size = np.where(np.abs(value) > TINY, np.abs(value), TINY)
        self.values[j, which[seen]] = (side * size)[seen]

    def _walk(self, j: int, of: Index, sides: Array, value: Array, rate: Array) -> None:
        """Go along the step by parts; `sides` is changed."""
        left, side = 0.0, sides[of]
        for part in range(1, PARTS + 1):
            right = part / PARTS
            following, rate_there, noise, _, _ = self._at(j, of, np.full(of.size, right))
            loud = np.abs(following) > noise
            if part == PARTS:
                loud &= self.landed_on[of] != j + 1
            sign = np.where(loud, np.sign(following), 0.0)
            flips = side * sign < 0
            dips = (side * rate < 0) & (side * rate_there > 0) & (side * sign > 0)
            middle, found = self._dip(j, of, dips, left, right, rate, rate_there, side)
            guess = left + (right - left) * value / (value - following)
            # From a section and back to it: the zero of the value over the share.
            leaves = (np.abs(value) <= TINY) & (side * rate > 0)
            guess = np.where(leaves, right * right * rate / (right * rate - following), guess)
            guess = np.fmin(np.fmax(guess, left), right)
            high = np.where(flips, right, middle)
            guess = np.where(flips, guess, 0.5 * (left + middle))
            self._root(j, of, flips | found, np.full(of.size, left), high, side, guess)
            ends = np.full(of.size, right)
            self._root(j, of, found, middle, ends, -side, 0.5 * (middle + right))
            left, value, rate = right, following, rate_there
            side = np.where(sign != 0, sign, side)
        sides[of] = side

    def _dip(
        self,
        j: int,
        of: Index,
        dips: Mask,
        left: float,
        right: float,
        rate: Array,
        rate_there: Array,
        side: Array,
    ) -> tuple[Array, Mask]:
        """Find where the sign is another between places that have the same."""
        middle, found = np.full(of.size, right), np.zeros(of.size, dtype=bool)
        busy = np.flatnonzero(dips)
        low, high = np.full(busy.size, left), np.full(busy.size, right)
        first, second = rate[busy], rate_there[busy]
        for number in range(SECANTS + HALVINGS):
            if not busy.size:
                break
            part = np.fmin(np.fmax(first / (first - second), 0.02), 0.98)
            share = low + (part if number < SECANTS else 0.5) * (high - low)
            value, slope, noise, _, _ = self._at(j, of[busy], share)
            sign = side[busy]
            beyond = (np.abs(value) > noise) & (sign * value < 0)
            middle[busy[beyond]] = share[beyond]
            found[busy[beyond]] = True
            falling = sign * slope < 0
            low, high = np.where(falling, share, low), np.where(falling, high, share)
            first = np.where(falling, slope, 0.5 * first)
            second = np.where(falling, 0.5 * second, slope)
            over = beyond | (high - low < FLAT) | (sign * value > np.abs(slope) * (high - low))
            rest = ~(over | np.isnan(value * slope))
            busy, low, high = busy[rest], low[rest], high[rest]
            first, second = first[rest], second[rest]
        return middle, found

    def _root(
        self, j: int, of: Index, mask: Mask, low: Array, high: Array, side: Array, guess: Array
    ) -> None:
        """Find the wanted ones of some crossings, count and record them, and judge them."""
        up, down = self.events.wanted[j, :2]
        picked = np.flatnonzero(mask & np.where(side < 0, up, down).astype(bool))
        if not picked.size:
            return
        low, high, side, root = low[picked], high[picked], side[picked], guess[picked]
        of, extent = of[picked], CLOSE * (high - low)
        busy, states = np.arange(picked.size), np.empty((len(self.y), picked.size))
        change = np.full(picked.size, np.inf)
        for number in range(NEWTON + BISECTIONS):
            if not busy.size:
                break
            share = root[busy]
            value, rate, noise, state, way = self._at(j, of[busy], share)
            before = side[busy] * value > 0
            low[busy] = np.where(before, share, low[busy])
            high[busy] = np.where(before, high[busy], share)
            newton = share - value / rate
            inside = (newton >= low[busy]) & (newton <= high[busy])
            correction = np.abs(newton - share)
            close = (correction <= extent[busy]) & (correction <= SHRINKS * change[busy])
            close = inside & (close | (np.abs(value) <= noise))
            still = (value == 0) | (high[busy] - low[busy] <= WIDTH)
            middle = 0.5 * (low[busy] + high[busy])
            usable = inside & (number < NEWTON)
            following = np.where(close | usable, newton, middle)
            change[busy] = np.where(usable, correction, 0.0)
            root[busy] = np.where(still, share, following)
            states[:, busy] = state + (root[busy] - share) * way
            busy = busy[~(close | still)]
        self._note(j, of, self.t[of] + root * self.h[of], states)
        self._judge(j, of, root, states)

    def _note(self, j: int, of: Index, times: Array, states: Array) -> None:
        events, lane = self.events, self.lane[of]
        number = events.counts[j][lane]
        room = number < events.wanted[j, 3]
        events.times[j][lane[room], number[room]] = times[room]
        events.states[j][lane[room], number[room]] = states[:, room].T
        events.counts[j][lane] += 1

    def _judge(self, j: int, of: Index, share: Array, states: Array) -> None:
        events, stop = self.events, self.events.wanted[j, 2]
        earlier = share < self.hit[of]
        enough = earlier & (stop > 0) & (events.counts[j][self.lane[of]] >= stop)
        number = np.zeros(of.size, dtype=np.int64)
        for k in np.flatnonzero(events.cycle_sections == j)[::-1]:
            number[near_point(events.cycle_points[k], states)] = k + 1
        ends = enough | (earlier & (number > 0))
        self.hit[of[ends]], self.aim[of[ends]] = share[ends], j + 1
        self.number[of[ends]] = number[ends]

    def _land(self, j: int, here: Mask, least: Array) -> None:
        """Lead lanes to a section along the flow and end their trajectories there."""
        which, watch, step = self.which[here], self.watch, self.step
        t, y = step.ahead[which], step.new[:, which]
        most = LAND * np.abs(self.h[here]) + least[here]
        for _ in range(3):
            f = watch.slope(which, t, y)
            value, rate, _ = watch._value(j, which, t, y, f, 1.0)
            away = -value / rate
            away = np.where(np.abs(away) <= most, away, 0.0)
            y, t = np.where(away != 0, y + away * f, y), t + away
        t = np.copysign(np.fmin(np.abs(t), np.abs(step.span[which])), step.span[which])
        step.ahead[which], step.new[:, which] = t, y
        self._note(j, np.flatnonzero(here), t, y)
        cycle = watch.number[which] > 0
        step.finish[which] = np.where(cycle, End.CYCLE, End.SECTION)
