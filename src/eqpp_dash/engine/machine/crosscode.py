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

from eqpp_dash.engine.machine.crossingrows import (
    BISECTIONS,
    CLOSE,
    DOWN,
    FLAT,
    HALVINGS,
    KEPT,
    NEWTON,
    NOISE,
    SECANTS,
    SETUP,
    SHRINKS,
    STATES,
    STOP,
    TIMES,
    UP,
    WIDTH,
    CrossingRows,
    Scratch,
)
from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.machine.layout import Method, Rows
from eqpp_dash.engine.machine.rowcode import ColdCode
from eqpp_dash.engine.machine.stepcode import greater, lesser

#: Emits value, derivatives with respect to the state and to time of some sections; None is zero.
Sections = Callable[
    [Lanes, list[int], str, list[str], list[str]],
    list[tuple[str, list[str | None], str | None]],
]


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

    def _same(self, sign: str, value: str) -> str:
        lanes = self.lanes
        return lanes.compare("ogt", lanes.multiply(sign, value), lanes.constant(0.0))

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
        """Find the root between LOW, where the sign is SIGN, and HIGH, from ROOT on.

        The trial state is then that at the root.
        """
        lanes, rows = self.lanes, self.rows
        half = lanes.constant(0.5)
        busy_row = self.own.scratch(Scratch.BUSY)
        extent = lanes.subtract(self._see(Scratch.HIGH), self._see(Scratch.LOW))
        self._keep(Scratch.EXTENT, lanes.multiply(extent, lanes.constant(CLOSE)))
        self._keep(Scratch.CHANGE, lanes.constant(float("inf")))
        with self._repeat(NEWTON + BISECTIONS, busy_row) as number:
            # A lane that has its root is looked at again where it was looked at last.
            self._alter(Scratch.SHARE, self._holds(Scratch.BUSY), self._see(Scratch.ROOT))
            share = self._see(Scratch.SHARE)
            self._call("look", "%section")
            busy, value = self._holds(Scratch.BUSY), self._see(Scratch.VALUE)
            before = self._same(self._see(Scratch.SIGN), value)
            self._alter(Scratch.LOW, lanes.mask_and(busy, before), share)
            self._alter(Scratch.HIGH, lanes.mask_and(busy, lanes.mask_not(before)), share)
            low, high = self._see(Scratch.LOW), self._see(Scratch.HIGH)
            newton = lanes.subtract(share, lanes.divide(value, self._see(Scratch.RATE)))
            inside = lanes.mask_and(
                lanes.compare("oge", newton, low), lanes.compare("ole", newton, high)
            )
            correction = lanes.absolute(lanes.subtract(newton, share))
            close = lanes.compare("ole", correction, self._see(Scratch.EXTENT))
            before = lanes.multiply(self._see(Scratch.CHANGE), lanes.constant(SHRINKS))
            close = lanes.mask_and(close, lanes.compare("ole", correction, before))
            # Where rounding decides about the value, a correction need not shrink.
            quiet = lanes.compare("ole", lanes.absolute(value), self._see(Scratch.NOISE))
            close = lanes.mask_and(lanes.mask_or(close, quiet), inside)
            early = lanes.emit(f"icmp slt i64 {number}, {NEWTON}")
            usable = lanes.mask_and(inside, self._spread_scalar("i1", early))
            middle = lanes.multiply(lanes.add(low, high), half)
            following = lanes.select(lanes.mask_or(close, usable), newton, middle)
            narrow = lanes.compare("ole", lanes.subtract(high, low), lanes.constant(WIDTH))
            still = lanes.mask_or(lanes.compare("oeq", value, lanes.constant(0.0)), narrow)
            self._alter(Scratch.ROOT, busy, lanes.select(still, share, following))
            # After a bisection there is no correction to compare with.
            change = lanes.select(usable, correction, lanes.constant(0.0))
            self._keep(Scratch.CHANGE, change)
            done = lanes.mask_or(still, close)
            self._mark(Scratch.BUSY, lanes.mask_and(busy, lanes.mask_not(done)))
        rest = lanes.subtract(self._see(Scratch.ROOT), self._see(Scratch.SHARE))
        for i in range(rows.dimension):
            way = self._row(self.own.direction(i))
            self._fill(rows.trial(i), lanes.fma(rest, way, self._row(rows.trial(i))))

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
        """Find the busy lanes whose trajectories are to end at the crossing at ROOT."""
        lanes, own = self.lanes, self.own
        stop, crossed = self._wish(STOP), self._of(own.CROSSED)
        number = lanes.emit("add i64 %section, 1")
        which = lanes.splat(lanes.emit(f"sitofp i64 {number} to double"))
        busy, share = self._holds(Scratch.BUSY), self._see(Scratch.ROOT)
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
            near = self._near(points, k, self._states(self.rows.trial))
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
