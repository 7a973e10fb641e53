"""The step that may have crossed a section, looked at, and taken anew if it did, as LLVM text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from eqpp_dash.engine.machine.crosscode import Sections
from eqpp_dash.engine.machine.crossingrows import APART, LAND, PARTS, STOP, TINY, Scratch
from eqpp_dash.engine.machine.crossqueue import CrossQueue
from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.machine.layout import SMALLEST_SHARE, SMALLEST_STEP, End, Method, Rows
from eqpp_dash.engine.machine.stepcode import StepCode, emit_dense_terms, greater, lesser
from eqpp_dash.engine.machine.stiffcode import emit_stiff_dense_terms

OF_SYSTEM = ("value",)
OF_LOOP = ("look", "refine", "dip", "note", "judge", "scan", "cross", "defer", "drain")
FUNCTIONS = OF_SYSTEM + OF_LOOP
"""All functions; the first one alone depends on the sections."""


class CrossScan(CrossQueue):
    """Writes the functions that find crossings and act on them."""

    def scan(self) -> None:
        """Find all crossings of a section, first in the plain lanes, then in the others."""
        lanes, own = self.lanes, self.own
        old, first = self._row(self._of(own.OLD_VALUE)), self._row(self._of(own.OLD_RATE))
        first = lanes.multiply(first, self._see(Scratch.TRIED))
        unknown = lanes.compare("oeq", old, lanes.constant(0.0))
        side = self._sign(lanes.select(unknown, first, old))
        self._keep(Scratch.SIDE, side)
        seen = self._mask(self._of(own.SUSPECT))
        plain = lanes.mask_and(self._plain(side, first), seen)
        others = lanes.mask_and(seen, lanes.mask_not(plain))
        self._mark(Scratch.CHOSEN, others)
        with self._when(lanes.any(plain)):
            self._cross_once(plain, side, old, first)
        others = self._holds(Scratch.CHOSEN)
        with self._when(lanes.any(others)):
            self._keep(Scratch.LEFT, lanes.constant(0.0))
            self._keep(Scratch.LEFT_VALUE, old)
            self._keep(Scratch.LEFT_RATE, first)
            with self._repeat(PARTS) as part:
                self._part(part)
        value = self._row(self._of(own.VALUE))
        size = greater(lanes, lanes.absolute(value), lanes.constant(TINY))
        value = lanes.multiply(self._see(Scratch.SIDE), size)
        self._change(self._of(own.VALUE), self._mask(self._of(own.SUSPECT)), value)

    def _plain(self, side: str, first: str) -> str:
        """Tell where the cubic through the ends of the step crosses once and is monotone."""
        lanes, own = self.lanes, self.own
        value = self._row(self._of(own.VALUE))
        last = lanes.multiply(self._row(self._of(own.RATE)), self._see(Scratch.TRIED))
        change = lanes.subtract(value, self._row(self._of(own.OLD_VALUE)))
        most = lanes.multiply(lanes.absolute(change), lanes.constant(3.0))
        plain = self._negative(side, value)
        for rate in (first, last):
            plain = lanes.mask_and(plain, self._negative(side, rate))
            plain = lanes.mask_and(plain, lanes.compare("olt", lanes.absolute(rate), most))
        return lanes.mask_and(plain, lanes.mask_not(self._landed_here()))

    def _cross_once(self, plain: str, side: str, old: str, first: str) -> None:
        """Find the one crossing of the plain lanes, from the root of the cubic on."""
        lanes, rows, own = self.lanes, self.rows, self.own
        zero, one = lanes.constant(0.0), lanes.constant(1.0)
        for i, (value, way) in enumerate(
            zip(self._states(rows.state), self._states(rows.slope), strict=True)
        ):
            self._fill(rows.trial(i), value)
            self._fill(own.direction(i), way)
        h = self._see(Scratch.TRIED)
        time = lanes.add(self._see(Scratch.OLD_TIME), h)
        if not self.autonomous:
            time = lanes.add(time, self._start_time())
        self._fill(rows.TRIAL_TIME, time)
        self._keep(Scratch.PACE, one)
        self._call("value", "%section")
        value = self._see(Scratch.VALUE)
        last = lanes.multiply(self._see(Scratch.RATE), h)
        loud = lanes.compare("ogt", lanes.absolute(value), self._see(Scratch.NOISE))
        plain = lanes.mask_and(plain, lanes.mask_and(loud, self._negative(side, value)))
        self._alter(Scratch.SIDE, plain, lanes.negate(side))
        change = lanes.subtract(value, old)
        second = lanes.subtract(first, change)
        third = lanes.subtract(lanes.subtract(lanes.add(change, change), first), last)
        guess = lanes.negate(lanes.divide(old, change))
        for _ in range(2):
            other = lanes.subtract(one, guess)
            bend = lanes.fma(guess, third, second)
            around = lanes.multiply(guess, other)
            height = lanes.fma(around, bend, lanes.fma(guess, change, old))
            tilt = lanes.fma(lanes.subtract(other, guess), bend, change)
            tilt = lanes.fma(around, third, tilt)
            guess = lanes.subtract(guess, lanes.divide(height, tilt))
            guess = lesser(lanes, greater(lanes, guess, zero), one)
        self._root(plain, zero, one, side, guess)

    def _landed_here(self) -> str:
        return self.lanes.mask_and(self._aimed("%section"), self._holds(Scratch.LANDED))

    def _part(self, part: str) -> None:
        """Look at a part of the step in the chosen lanes."""
        lanes = self.lanes
        zero = lanes.constant(0.0)
        following = lanes.emit(f"add i64 {part}, 1")
        above = lanes.splat(lanes.emit(f"sitofp i64 {following} to double"))
        share = lanes.multiply(above, lanes.constant(1.0 / PARTS))
        self._keep(Scratch.RIGHT, share)
        self._keep(Scratch.SHARE, share)
        self._call("look", "%section")
        value, rate = self._see(Scratch.VALUE), self._see(Scratch.RATE)
        self._keep(Scratch.RIGHT_VALUE, value)
        self._keep(Scratch.RIGHT_RATE, rate)
        loud = lanes.compare("ogt", lanes.absolute(value), self._see(Scratch.NOISE))
        last = self._spread_scalar("i1", lanes.emit(f"icmp eq i64 {following}, {PARTS}"))
        at_end = lanes.mask_and(last, self._landed_here())
        loud = lanes.mask_and(loud, lanes.mask_not(at_end))
        sign = lanes.select(loud, self._sign(value), zero)
        self._keep(Scratch.RIGHT_SIGN, sign)
        side, chosen = self._see(Scratch.SIDE), self._holds(Scratch.CHOSEN)
        flips = lanes.mask_and(chosen, self._negative(side, sign))
        left_rate = self._see(Scratch.LEFT_RATE)
        dips = lanes.mask_and(self._negative(side, left_rate), self._same(side, rate))
        dips = lanes.mask_and(dips, lanes.mask_and(chosen, self._same(side, sign)))
        self._mark(Scratch.FLIPS, flips)
        self._mark(Scratch.FOUND, "zeroinitializer")
        with self._when(lanes.any(dips)):
            self._keep(Scratch.LOW, self._see(Scratch.LEFT))
            self._keep(Scratch.HIGH, share)
            self._keep(Scratch.LOW_RATE, left_rate)
            self._keep(Scratch.HIGH_RATE, rate)
            self._keep(Scratch.SIGN, side)
            self._mark(Scratch.BUSY, dips)
            self._call("dip", "%section")
        left, right = self._see(Scratch.LEFT), self._see(Scratch.RIGHT)
        middle, found = self._see(Scratch.MIDDLE), self._holds(Scratch.FOUND)
        flips, side = self._holds(Scratch.FLIPS), self._see(Scratch.SIDE)
        first, second = self._see(Scratch.LEFT_VALUE), self._see(Scratch.RIGHT_VALUE)
        guess = lanes.divide(first, lanes.subtract(first, second))
        guess = lanes.fma(guess, lanes.subtract(right, left), left)
        # From a section and back to it: the zero of the value over the share.
        left_rate = self._see(Scratch.LEFT_RATE)
        there = lanes.multiply(right, left_rate)
        back = lanes.multiply(right, lanes.divide(there, lanes.subtract(there, second)))
        leaves = lanes.compare("ole", lanes.absolute(first), lanes.constant(TINY))
        leaves = lanes.mask_and(leaves, self._same(side, left_rate))
        guess = lanes.select(leaves, back, guess)
        guess = lesser(lanes, greater(lanes, guess, left), right)
        high = lanes.select(flips, right, middle)
        between = lanes.multiply(lanes.add(left, middle), lanes.constant(0.5))
        guess = lanes.select(flips, guess, between)
        self._root(lanes.mask_or(flips, found), left, high, side, guess)
        found, middle = self._holds(Scratch.FOUND), self._see(Scratch.MIDDLE)
        right, side = self._see(Scratch.RIGHT), self._see(Scratch.SIDE)
        between = lanes.multiply(lanes.add(middle, right), lanes.constant(0.5))
        self._root(found, middle, right, lanes.negate(side), between)
        self._keep(Scratch.LEFT, self._see(Scratch.RIGHT))
        self._keep(Scratch.LEFT_VALUE, self._see(Scratch.RIGHT_VALUE))
        self._keep(Scratch.LEFT_RATE, self._see(Scratch.RIGHT_RATE))
        sign = self._see(Scratch.RIGHT_SIGN)
        known = lanes.compare("one", sign, zero)
        self._alter(Scratch.SIDE, lanes.mask_and(known, self._holds(Scratch.CHOSEN)), sign)

    def _root(self, mask: str, low: str, high: str, sign: str, guess: str) -> None:
        """Find the wanted ones of some crossings, and record them."""
        lanes = self.lanes
        mask = lanes.mask_and(mask, self._wanted(lanes.negate(sign), "%section"))
        with self._when(lanes.any(mask)):
            self._keep(Scratch.LOW, low)
            self._keep(Scratch.HIGH, high)
            self._keep(Scratch.SIGN, sign)
            self._keep(Scratch.ROOT, guess)
            self._mark(Scratch.BUSY, mask)
            self._call("refine", "%section")
            share, h = self._see(Scratch.ROOT), self._see(Scratch.TRIED)
            moment = lanes.fma(share, h, self._see(Scratch.OLD_TIME))
            self._keep(Scratch.MOMENT, moment)
            self._mark(Scratch.BUSY, mask)
            self._call("note", "%section")
            ends = lanes.emit(f"or i64 {self._wish(STOP)}, {self._member('i64', 'cycle_count')}")
            with self._when(lanes.emit(f"icmp ne i64 {ends}, 0")):
                self._call("judge", "%section")

    def cross(self) -> None:
        """Look at the step that was accepted in the lanes that are to be seen."""
        lanes, rows, own = self.lanes, self.rows, self.own
        zero = lanes.constant(0.0)
        h, time = self._see(Scratch.TRIED), self._see(Scratch.OLD_TIME)
        before = self._states(own.old_state)
        count = own.STAGES if self.method == Method.DOP853 else 8
        stages = [self._states(partial(own.stage, number)) for number in range(count)]
        step = StepCode(self._states(rows.state), self._states(rows.slope), "", stages, [])
        if self.method == Method.DOP853:
            terms = emit_dense_terms(lanes, self._slope, time, h, before, step)
        else:
            terms = emit_stiff_dense_terms(lanes, before, step)
        for i, own_terms in enumerate(terms):
            for number, term in enumerate(own_terms):
                self._fill(own.term(number, i), term)
        for place in (Scratch.WHICH, Scratch.NUMBER, Scratch.FINISH, Scratch.LANDED):
            self._keep(place, zero)
        self._fill(own.scratch(own.LANDS), zero)
        self._keep(Scratch.TAKEN, lanes.constant(1.0))
        with self._repeat(own.sections) as section:
            crossed = self._row(self._of(own.CROSSED, section))
            self._fill(self._of(own.CROSSED_BEFORE, section), crossed)
        with (
            self._when(lanes.any(self._holds(Scratch.LANDING))),
            self._repeat(own.sections) as section,
        ):
            value, rate = (self._row(self._of(kind, section)) for kind in (own.VALUE, own.RATE))
            away = lanes.absolute(lanes.divide(value, rate))
            most = lanes.multiply(lanes.absolute(self._see(Scratch.TRIED)), lanes.constant(LAND))
            close = lanes.mask_and(lanes.compare("ole", away, most), self._aimed(section))
            close = lanes.mask_and(close, self._holds(Scratch.LANDING))
            self._mark(Scratch.LANDED, lanes.mask_or(self._holds(Scratch.LANDED), close))
        landed = self._holds(Scratch.LANDED)
        self._keep(Scratch.HIT, lanes.select(landed, lanes.constant(APART), lanes.constant(2.0)))
        with self._repeat(own.sections) as section:
            suspect = lanes.any(self._mask(self._of(own.SUSPECT, section)))
            with self._when(suspect):
                self._call("scan", section)
        with self._when(lanes.any(self._holds(Scratch.WHICH))):
            self._go_back()
        with (
            self._when(lanes.any(self._holds(Scratch.LANDED))),
            self._repeat(own.sections) as section,
        ):
            here = lanes.mask_and(self._holds(Scratch.LANDED), self._aimed(section))
            self._mark(Scratch.CHOSEN, here)
            with self._when(lanes.any(here)):
                self._land(section)

    def _aimed(self, section: str) -> str:
        """Tell where the trajectory is led to a section."""
        lanes = self.lanes
        number = lanes.emit(f"add i64 {section}, 1")
        which = lanes.splat(lanes.emit(f"sitofp i64 {number} to double"))
        return lanes.compare("oeq", self._row(self.rows.SECTION), which)

    def _least(self) -> str:
        lanes = self.lanes
        floor = lanes.multiply(
            lanes.absolute(self._row(self.rows.SPAN)), lanes.constant(SMALLEST_SHARE)
        )
        time = lanes.absolute(self._see(Scratch.OLD_TIME))
        return lanes.fma(time, lanes.constant(SMALLEST_STEP), floor)

    def _go_back(self) -> None:
        """Put back the lanes in which a crossing ends the trajectory, to take the step anew."""
        lanes, rows, own = self.lanes, self.rows, self.own
        hit = self._holds(Scratch.WHICH)
        step = lanes.multiply(self._see(Scratch.HIT), self._see(Scratch.TRIED))
        short = lanes.mask_and(hit, lanes.compare("olt", lanes.absolute(step), self._least()))
        again = lanes.mask_and(hit, lanes.mask_not(short))
        self._change(rows.TIME, hit, self._see(Scratch.OLD_TIME))
        for i in range(rows.dimension):
            self._change(rows.state(i), hit, self._row(own.old_state(i)))
            self._change(rows.slope(i), hit, self._row(own.old_slope(i)))
        self._change(rows.STEP, again, step)
        self._change(rows.SECTION, hit, self._see(Scratch.WHICH))
        self._change(rows.NUMBER, hit, self._see(Scratch.NUMBER))
        landed = lanes.mask_and(self._holds(Scratch.LANDED), lanes.mask_not(hit))
        self._mark(Scratch.LANDED, lanes.mask_or(landed, short))
        self._fill_mask(own.scratch(own.LANDS), again)
        self._mark(Scratch.TAKEN, lanes.mask_not(hit))
        with self._repeat(own.sections) as section:
            for new, old in (
                (own.VALUE, own.OLD_VALUE),
                (own.RATE, own.OLD_RATE),
                (own.CROSSED, own.CROSSED_BEFORE),
            ):
                hit = lanes.mask_not(self._holds(Scratch.TAKEN))
                self._change(self._of(new, section), hit, self._row(self._of(old, section)))

    def _land(self, section: str) -> None:
        """Lead the chosen lanes to a section along the flow and end their trajectories there."""
        lanes, rows, own = self.lanes, self.rows, self.own
        one = lanes.constant(1.0)
        with self._repeat(3):
            time, y = self._row(rows.TIME), self._states(rows.state)
            f = self._slope(time, y)
            for i, value in enumerate(f):
                self._fill(own.direction(i), value)
            self._keep(Scratch.PACE, one)
            self._call("value", section)
            away = lanes.divide(self._see(Scratch.VALUE), self._see(Scratch.RATE))
            most = lanes.multiply(lanes.absolute(self._see(Scratch.TRIED)), lanes.constant(LAND))
            close = lanes.compare("ole", lanes.absolute(away), lanes.add(most, self._least()))
            close = lanes.mask_and(close, self._holds(Scratch.CHOSEN))
            away = lanes.negate(away)
            for i, value in enumerate(f):
                self._change(rows.state(i), close, lanes.fma(away, value, y[i]))
            self._change(rows.TIME, close, lanes.add(time, away))
        chosen = self._holds(Scratch.CHOSEN)
        span = self._row(rows.SPAN)
        time = lesser(lanes, lanes.absolute(self._row(rows.TIME)), lanes.absolute(span))
        self._change(rows.TIME, chosen, lanes.copysign(time, span))
        for i, value in enumerate(self._states(rows.state)):
            self._fill(rows.trial(i), value)
        self._keep(Scratch.MOMENT, self._row(rows.TIME))
        self._mark(Scratch.BUSY, chosen)
        self._call("note", section)
        numbered = self._mask(rows.NUMBER)
        reason = lanes.select(numbered, lanes.constant(End.CYCLE), lanes.constant(End.SECTION))
        self._alter(Scratch.FINISH, chosen, reason)


def cross_functions(
    width: int,
    fused: bool,
    rows: Rows,
    method: Method,
    autonomous: bool,
    sections: Sections,
    definitions: dict[str, str],
    declarations: set[str],
    names: Sequence[str] = FUNCTIONS,
) -> tuple[list[Lanes], list[str]]:
    """Give what emitted the functions, and the functions."""
    emitters, texts = [], []
    for name in names:
        lanes = Lanes(width, fused=fused, contract=True)
        lanes.definitions, lanes.declarations = definitions, declarations
        code = CrossScan(lanes, rows, method, autonomous, sections)
        emitters.append(lanes)
        texts.append(code.text(name, getattr(code, name)))
    return emitters, texts
