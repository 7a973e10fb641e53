"""Where trajectories cross sections: what happens, as LLVM text, where one may have been crossed.

The function ``cross`` looks at the interpolant of a step that was accepted: at once where a value
of a section changes its sign in the plainest way, else at eight parts of the step. A part whose
ends have different signs holds a crossing; one that the value approaches zero in and recedes from
it holds an extremum, and two crossings if the value there has the other sign. If a crossing ends
the trajectory, the step is taken anew up to there, and what is left is made good along the flow.
What happens in a lane depends on no other.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from eqpp_dash.engine.machine.crossingrows import CrossingRows, Scratch
from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.machine.layout import SMALLEST_SHARE, SMALLEST_STEP, End, Method, Rows
from eqpp_dash.engine.machine.rowcode import ColdCode, RowCode
from eqpp_dash.engine.machine.stepcode import StepCode, emit_dense_terms, greater, lesser
from eqpp_dash.engine.machine.stiffcode import emit_stiff_dense_terms

#: Emits value, derivatives with respect to the state and to time of some sections; None is zero.
Sections = Callable[
    [Lanes, list[int], str, list[str], list[str]],
    list[tuple[str, list[str | None], str | None]],
]

PARTS = 8
"""Parts of a step that are looked at."""

NOISE = 16 * 2.0**-52
"""Share of the terms of a section's linear part below which its value has no sign."""

CLOSE = 4e-16
"""Share of a step to which a crossing is located."""

FLAT = 1e-9
"""Share of a step to which an extremum is located."""

NEWTON = 20
BISECTIONS = 54
SECANTS = 12
HALVINGS = 30

LAND = 1e-3
"""Share of a step from which a trajectory is led to a section along the flow."""

APART = 1.0 - 1e-9
"""In a step that ends on a section, another one beyond this share is crossed at the same time."""

GUARD = 1 / 8
"""How near to zero, as a share of the rates of change, the cubic through the ends of a step may
come before the step is looked at."""

FAR = 2.0
"""An extremum within a step is of no interest if both ends are farther from zero than this times
what the value would change by at the rates of both ends."""

ON = 1e-10
"""A start is on a section if the rate there would lead to it within this share of a first step."""

TINY = 1e-300
"""Value of a section, but for the sign, where it is zero."""

#: Members of what each section's caller wants: eight integers.
UP, DOWN, STOP, KEPT, TIMES, STATES, COUNTS = range(7)
SETUP = 8


class CrossCode(ColdCode):
    """Writes the functions that look at crossings.

    Parameters
    ----------
    lanes : Lanes
        Where the instructions go.
    rows : Rows
        Layout of the work area.
    method : Method
        Whose interpolant it is.
    autonomous : bool
        Whether neither the field nor a section depends on the time.
    sections : callable
        Emits the sections.
    """

    def __init__(
        self, lanes: Lanes, rows: Rows, method: Method, autonomous: bool, sections: Sections
    ) -> None:
        super().__init__(lanes, rows)
        self.method, self.autonomous, self.sections = method, autonomous, sections
        self.own: CrossingRows = rows.crossing
        self.terms = self.own.TERMS if method == Method.DOP853 else 4

    # pieces -------------------------------------------------------------------------------

    def _see(self, place: Scratch) -> str:
        return self._row(self.own.scratch(place))

    def _keep(self, place: Scratch, value: str) -> None:
        self._fill(self.own.scratch(place), value)

    def _alter(self, place: Scratch, mask: str, value: str) -> None:
        self._change(self.own.scratch(place), mask, value)

    def _holds(self, place: Scratch) -> str:
        return self._mask(self.own.scratch(place))

    def _mark(self, place: Scratch, mask: str) -> None:
        self._fill_mask(self.own.scratch(place), mask)

    def _of(self, kind: int, section: str = "%section") -> str:
        """Give the number of a row of a section."""
        offset = self.lanes.emit(f"mul i64 {section}, {self.own.EACH}")
        return self.lanes.emit(f"add i64 {offset}, {self.own.of(0, kind)}")

    def _wish(self, kind: int, section: str = "%section") -> str:
        """Read what the caller wants of a section."""
        offset = self.lanes.emit(f"mul i64 {section}, {SETUP}")
        place = self._place(self._member("ptr", "section_setup"), offset, kind)
        return self._get("ptr" if kind >= TIMES else "i64", place)

    def _negative(self, a: str, b: str) -> str:
        """Tell where one is above zero and the other below."""
        return self.lanes.compare("olt", self.lanes.multiply(a, b), self.lanes.constant(0.0))

    def _sign(self, value: str) -> str:
        lanes = self.lanes
        zero, one = lanes.constant(0.0), lanes.constant(1.0)
        below = lanes.select(lanes.compare("olt", value, zero), lanes.constant(-1.0), zero)
        return lanes.select(lanes.compare("ogt", value, zero), one, below)

    def _start_time(self) -> str:
        return self.lanes.splat(self._member("double", "start_time"))

    def _slope(self, elapsed: str, state: list[str]) -> list[str]:
        """Evaluate the field by a call."""
        lanes, rows = self.lanes, self.rows
        time = elapsed if self.autonomous else lanes.add(elapsed, self._start_time())
        self._fill(rows.TRIAL_TIME, time)
        for i, value in enumerate(state):
            self._fill(rows.trial(i), value)
        self._say("call void @slope(ptr %work)")
        return self._states(rows.trial_slope)

    def _wanted(self, sign: str, section: str) -> str:
        """Tell where a crossing towards this sign is wanted."""
        lanes = self.lanes
        both = [
            self._spread_scalar("i1", lanes.emit(f"icmp ne i64 {self._wish(kind, section)}, 0"))
            for kind in (UP, DOWN)
        ]
        rising = lanes.compare("ogt", sign, lanes.constant(0.0))
        up = lanes.mask_and(rising, both[0])
        return lanes.mask_or(up, lanes.mask_and(lanes.mask_not(rising), both[1]))

    # functions ----------------------------------------------------------------------------

    def value(self) -> None:
        """Evaluate a section and its rate at the trial state, in the direction there."""
        lanes, rows = self.lanes, self.rows
        n, count = rows.dimension, self.own.sections
        time, state = self._row(rows.TRIAL_TIME), self._states(rows.trial)
        values = [self._row(rows.parameter(i)) for i in range(rows.parameters)]
        pace, ways = self._see(Scratch.PACE), self._states(self.own.direction)
        cases = " ".join(f"i64 {j}, label %section{j}" for j in range(1, count))
        self._say(f"switch i64 %section, label %section0 [ {cases} ]")
        for j in range(count):
            lanes.label(f"section{j}")
            value, slopes, drift = self.sections(lanes, [j], time, state, values)[0]
            rate = noise = lanes.constant(0.0)
            parts = [(slopes[i], ways[i], state[i]) for i in range(n)] + [(drift, pace, time)]
            for slope, way, place in parts:
                if slope is not None:
                    rate = lanes.fma(slope, way, rate)
                    noise = lanes.add(noise, lanes.absolute(lanes.multiply(slope, place)))
            self._keep(Scratch.VALUE, value)
            self._keep(Scratch.RATE, rate)
            self._keep(Scratch.NOISE, lanes.multiply(noise, lanes.constant(NOISE)))
            self._say("br label %valued")
        lanes.label("valued")

    def look(self) -> None:
        """Evaluate a section on the interpolant, and its rate by the share of the step."""
        lanes, rows = self.lanes, self.rows
        share = self._see(Scratch.SHARE)
        other = lanes.subtract(lanes.constant(1.0), share)
        for i in range(rows.dimension):
            value = rate = lanes.constant(0.0)
            for number in range(self.terms - 1, -1, -1):
                value = lanes.add(value, self._row(self.own.term(number, i)))
                even = number % 2 == 0
                grown = lanes.multiply(rate, share if even else other)
                rate = lanes.add(grown, value) if even else lanes.subtract(grown, value)
                value = lanes.multiply(value, share if even else other)
            self._fill(rows.trial(i), lanes.add(value, self._row(self.own.old_state(i))))
            self._fill(self.own.direction(i), rate)
        h = self._see(Scratch.TRIED)
        time = lanes.fma(share, h, self._see(Scratch.OLD_TIME))
        if not self.autonomous:
            time = lanes.add(time, self._start_time())
        self._fill(rows.TRIAL_TIME, time)
        self._keep(Scratch.PACE, h)
        self._call("value", "%section")

    def refine(self) -> None:
        """Find the root between LOW, where the sign is SIGN, and HIGH, from ROOT on."""
        lanes = self.lanes
        near, half = lanes.constant(CLOSE), lanes.constant(0.5)
        busy_row = self.own.scratch(Scratch.BUSY)
        with self._repeat(NEWTON + BISECTIONS, busy_row) as number:
            share = self._see(Scratch.ROOT)
            self._keep(Scratch.SHARE, share)
            self._call("look", "%section")
            busy, value = self._holds(Scratch.BUSY), self._see(Scratch.VALUE)
            before = self._same(self._see(Scratch.SIGN), value)
            self._alter(Scratch.LOW, lanes.mask_and(busy, before), share)
            self._alter(Scratch.HIGH, lanes.mask_and(busy, lanes.mask_not(before)), share)
            low, high = self._see(Scratch.LOW), self._see(Scratch.HIGH)
            newton = lanes.subtract(share, lanes.divide(value, self._see(Scratch.RATE)))
            done = lanes.compare("oeq", value, lanes.constant(0.0))
            for gap in (lanes.subtract(newton, share), lanes.subtract(high, low)):
                close = lanes.compare("ole", lanes.absolute(gap), near)
                done = lanes.mask_or(done, close)
            inside = lanes.mask_and(
                lanes.compare("oge", newton, low), lanes.compare("ole", newton, high)
            )
            early = lanes.emit(f"icmp slt i64 {number}, {NEWTON}")
            inside = lanes.mask_and(inside, self._spread_scalar("i1", early))
            middle = lanes.multiply(lanes.add(low, high), half)
            following = lanes.select(inside, newton, middle)
            self._alter(Scratch.ROOT, busy, lanes.select(done, share, following))
            self._mark(Scratch.BUSY, lanes.mask_and(busy, lanes.mask_not(done)))

    def _same(self, sign: str, value: str) -> str:
        lanes = self.lanes
        return lanes.compare("ogt", lanes.multiply(sign, value), lanes.constant(0.0))

    def dip(self) -> None:
        """Find a place between LOW and HIGH where the sign is not SIGN any more, if there is one.

        The rate leads to zero at LOW and away from it at HIGH.
        """
        lanes = self.lanes
        zero, half = lanes.constant(0.0), lanes.constant(0.5)
        self._mark(Scratch.FOUND, "zeroinitializer")
        busy_row = self.own.scratch(Scratch.BUSY)
        with self._repeat(SECANTS + HALVINGS, busy_row) as number:
            low, high = self._see(Scratch.LOW), self._see(Scratch.HIGH)
            first, second = self._see(Scratch.LOW_RATE), self._see(Scratch.HIGH_RATE)
            width = lanes.subtract(high, low)
            part = lanes.divide(first, lanes.subtract(first, second))
            least = lanes.constant(0.02)
            part = lesser(lanes, greater(lanes, part, least), lanes.constant(0.98))
            early = lanes.emit(f"icmp slt i64 {number}, {SECANTS}")
            part = lanes.select(self._spread_scalar("i1", early), part, half)
            share = lanes.fma(part, width, low)
            self._keep(Scratch.SHARE, share)
            self._call("look", "%section")
            busy, sign = self._holds(Scratch.BUSY), self._see(Scratch.SIGN)
            value, rate = self._see(Scratch.VALUE), self._see(Scratch.RATE)
            loud = lanes.compare("ogt", lanes.absolute(value), self._see(Scratch.NOISE))
            beyond = lanes.mask_and(loud, self._negative(sign, value))
            beyond = lanes.mask_and(beyond, busy)
            self._alter(Scratch.MIDDLE, beyond, share)
            self._mark(Scratch.FOUND, lanes.mask_or(self._holds(Scratch.FOUND), beyond))
            falling = self._negative(sign, rate)
            left = lanes.mask_and(busy, falling)
            right = lanes.mask_and(busy, lanes.mask_not(falling))
            self._alter(Scratch.LOW, left, share)
            self._alter(Scratch.HIGH, right, share)
            self._fill(
                self.own.scratch(Scratch.LOW_RATE),
                lanes.select(left, rate, lanes.multiply(first, half)),
            )
            self._fill(
                self.own.scratch(Scratch.HIGH_RATE),
                lanes.select(right, rate, lanes.multiply(second, half)),
            )
            width = lanes.subtract(self._see(Scratch.HIGH), self._see(Scratch.LOW))
            small = lanes.compare("olt", width, lanes.constant(FLAT))
            # If it is convex, it cannot sink farther than this.
            deepest = lanes.multiply(lanes.absolute(rate), width)
            high_up = lanes.compare("ogt", lanes.multiply(sign, value), deepest)
            over = lanes.mask_or(lanes.mask_or(beyond, small), high_up)
            over = lanes.mask_or(over, lanes.compare("uno", lanes.multiply(value, rate), zero))
            self._mark(Scratch.BUSY, lanes.mask_and(busy, lanes.mask_not(over)))

    def note(self) -> None:
        """Count a crossing at the trial state in the busy lanes and record it."""
        lanes, rows, own = self.lanes, self.rows, self.own
        crossed, kept = self._of(own.CROSSED), self._wish(KEPT)
        times, states = self._wish(TIMES), self._wish(STATES)
        with self._each(self._holds(Scratch.BUSY)) as lane:
            number = self._get("i64", self._cell(crossed, lane))
            with self._when(lanes.emit(f"icmp slt i64 {number}, {kept}")):
                index = self._get("i64", self._cell(rows.INDEX, lane))
                first = lanes.emit(f"mul i64 {index}, {kept}")
                place = lanes.emit(f"add i64 {first}, {number}")
                moment = self._cell(own.scratch(Scratch.MOMENT), lane)
                self._copy("double", moment, self._place(times, place))
                target = lanes.emit(f"mul i64 {place}, {rows.dimension}")
                for i in range(rows.dimension):
                    source = self._cell(rows.trial(i), lane)
                    self._copy("double", source, self._place(states, target, i))
            following = lanes.emit(f"add i64 {number}, 1")
            self._put("i64", following, self._cell(crossed, lane))

    def judge(self) -> None:
        """Find the busy lanes whose trajectories are to end at the crossing at SHARE."""
        lanes, own = self.lanes, self.own
        stop, crossed = self._wish(STOP), self._of(own.CROSSED)
        number = lanes.emit("add i64 %section, 1")
        which = lanes.splat(lanes.emit(f"sitofp i64 {number} to double"))
        busy, share = self._holds(Scratch.BUSY), self._see(Scratch.SHARE)
        earlier = lanes.compare("olt", share, self._see(Scratch.HIT))
        busy = lanes.mask_and(busy, earlier)
        some = self._spread_scalar("i1", lanes.emit(f"icmp sgt i64 {stop}, 0"))
        limit = self._spread_scalar("i64", stop)
        count = lanes.bits(self._row(crossed))
        enough = lanes.emit(f"icmp sge {lanes.integers} {count}, {limit}")
        enough = lanes.mask_and(lanes.mask_and(some, enough), busy)
        self._alter(Scratch.HIT, enough, share)
        self._alter(Scratch.WHICH, enough, which)
        self._alter(Scratch.NUMBER, enough, lanes.constant(0.0))
        points, belong = self._member("ptr", "cycle_points"), self._member("ptr", "cycle_sections")
        with self._repeat(self._member("i64", "cycle_count")) as k:
            own_section = self._get("i64", self._place(belong, k))
            here = lanes.emit(f"icmp eq i64 {own_section}, %section")
            near = emit_near(self, points, k, self._states(self.rows.trial))
            near = lanes.mask_and(near, self._spread_scalar("i1", here))
            hit, taken = self._see(Scratch.HIT), self._holds(Scratch.NUMBER)
            same = lanes.mask_and(lanes.compare("oeq", share, hit), lanes.mask_not(taken))
            free = lanes.mask_or(lanes.compare("olt", share, hit), same)
            near = lanes.mask_and(lanes.mask_and(near, busy), free)
            place = lanes.emit(f"add i64 {k}, 1")
            self._alter(Scratch.HIT, near, share)
            self._alter(Scratch.WHICH, near, which)
            self._alter(
                Scratch.NUMBER, near, lanes.splat(lanes.emit(f"sitofp i64 {place} to double"))
            )

    def scan(self) -> None:
        """Find all crossings of a section, first in the plain lanes, then in the others."""
        lanes, own = self.lanes, self.own
        h, side = self._see(Scratch.TRIED), self._row(self._of(own.OLD_VALUE))
        first = lanes.multiply(self._row(self._of(own.OLD_RATE)), h)
        unknown = lanes.compare("oeq", side, lanes.constant(0.0))
        side = self._sign(lanes.select(unknown, first, side))
        self._keep(Scratch.SIDE, side)
        self._mark(Scratch.PLAIN, self._plain(side, first))
        with self._repeat(2) as number:
            plain = lanes.emit(f"icmp eq i64 {number}, 0")
            parts = lanes.emit(f"select i1 {plain}, i64 1, i64 {PARTS}")
            spread = self._spread_scalar("i1", plain)
            wrong = lanes.emit(f"xor {lanes.mask} {self._holds(Scratch.PLAIN)}, {spread}")
            chosen = lanes.mask_and(self._holds(Scratch.SEEN), lanes.mask_not(wrong))
            self._mark(Scratch.CHOSEN, chosen)
            with self._when(lanes.any(chosen)):
                self._keep(Scratch.LEFT, lanes.constant(0.0))
                self._keep(Scratch.LEFT_VALUE, self._row(self._of(own.OLD_VALUE)))
                first = lanes.multiply(self._row(self._of(own.OLD_RATE)), h)
                self._keep(Scratch.LEFT_RATE, first)
                with self._repeat(parts) as part:
                    self._part(part, parts)
        value = self._row(self._of(own.VALUE))
        side = self._see(Scratch.SIDE)
        size = greater(lanes, lanes.absolute(value), lanes.constant(TINY))
        value = lanes.multiply(side, size)
        self._change(self._of(own.VALUE), self._holds(Scratch.SEEN), value)

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

    def _landed_here(self) -> str:
        return self.lanes.mask_and(self._aimed("%section"), self._holds(Scratch.LANDED))

    def _part(self, part: str, parts: str) -> None:
        """Look at a part of the step in the chosen lanes."""
        lanes = self.lanes
        zero = lanes.constant(0.0)
        following = lanes.emit(f"add i64 {part}, 1")
        above, below = (lanes.emit(f"sitofp i64 {v} to double") for v in (following, parts))
        share = lanes.splat(lanes.emit(f"fdiv double {above}, {below}"))
        self._keep(Scratch.RIGHT, share)
        self._keep(Scratch.SHARE, share)
        self._call("look", "%section")
        value, rate = self._see(Scratch.VALUE), self._see(Scratch.RATE)
        self._keep(Scratch.RIGHT_VALUE, value)
        self._keep(Scratch.RIGHT_RATE, rate)
        loud = lanes.compare("ogt", lanes.absolute(value), self._see(Scratch.NOISE))
        last = self._spread_scalar("i1", lanes.emit(f"icmp eq i64 {following}, {parts}"))
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
            share = self._see(Scratch.ROOT)
            self._keep(Scratch.SHARE, share)
            self._call("look", "%section")
            moment = lanes.fma(share, self._see(Scratch.TRIED), self._see(Scratch.OLD_TIME))
            self._keep(Scratch.MOMENT, moment)
            self._mark(Scratch.BUSY, mask)
            self._call("note", "%section")
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
        for place in (Scratch.WHICH, Scratch.NUMBER, Scratch.FINISH):
            self._keep(place, zero)
        self._mark(Scratch.LANDED, "zeroinitializer")
        with self._repeat(own.sections) as section:
            self._fill(
                self._of(own.CROSSED_BEFORE, section), self._row(self._of(own.CROSSED, section))
            )
            value, rate = (self._row(self._of(kind, section)) for kind in (own.VALUE, own.RATE))
            away = lanes.absolute(lanes.divide(value, rate))
            most = lanes.multiply(lanes.absolute(self._see(Scratch.TRIED)), lanes.constant(LAND))
            close = lanes.mask_and(lanes.compare("ole", away, most), self._aimed(section))
            close = lanes.mask_and(close, self._holds(Scratch.LANDING))
            self._mark(Scratch.LANDED, lanes.mask_or(self._holds(Scratch.LANDED), close))
        landed = self._holds(Scratch.LANDED)
        self._keep(Scratch.HIT, lanes.select(landed, lanes.constant(APART), lanes.constant(2.0)))
        with self._repeat(own.sections) as section:
            self._call("scan", section)
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
        hit = lanes.mask_and(self._holds(Scratch.WHICH), self._holds(Scratch.SEEN))
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


def emit_near(code: RowCode, points: str, number: str, state: list[str]) -> str:
    """Tell where a state lies within the ellipsoid around a point."""
    lanes, n = code.lanes, len(state)
    first = lanes.emit(f"mul i64 {number}, {2 * n}")
    total = lanes.constant(0.0)
    for i, value in enumerate(state):
        center, inverse = (
            lanes.splat(code._get("double", code._place(points, first, k * n + i)))
            for k in range(2)
        )
        away = lanes.multiply(lanes.subtract(value, center), inverse)
        total = lanes.fma(away, away, total)
    return lanes.compare("olt", total, lanes.constant(1.0))


def cross_functions(
    width: int,
    fused: bool,
    rows: Rows,
    method: Method,
    autonomous: bool,
    sections: Sections,
    definitions: dict[str, str],
    declarations: set[str],
) -> tuple[list[Lanes], list[str]]:
    """Give what emitted the functions, and the functions."""
    emitters, texts = [], []
    for name in ("value", "look", "refine", "dip", "note", "judge", "scan", "cross"):
        lanes = Lanes(width, fused=fused, contract=True)
        lanes.definitions, lanes.declarations = definitions, declarations
        code = CrossCode(lanes, rows, method, autonomous, sections)
        emitters.append(lanes)
        texts.append(code.text(name, getattr(code, name)))
    return emitters, texts
