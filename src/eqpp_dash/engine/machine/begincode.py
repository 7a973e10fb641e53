"""Trajectories made ready to begin, a whole vector of them at once, as LLVM text.

Lanes come free one by one, and a first step and a field for one lane alone would take as long as
for all of them. So the function ``begin`` takes the next trajectories from the common counter, as
many as fill a vector where there are enough left for all threads, and works them out together in a
work area of their own. Those that are over before they begin are recorded there.
"""

from __future__ import annotations

from eqpp_dash.engine.machine.control import RUNNING, ControlCode
from eqpp_dash.engine.machine.crossingrows import COUNTS, ON, SETUP, SIDES, STRICT, TINY, Scratch
from eqpp_dash.engine.machine.lanes import double
from eqpp_dash.engine.machine.layout import SMALLEST_FIRST, SMALLEST_STEP, Counter, End
from eqpp_dash.engine.machine.stepcode import emit_first_step, greater, lesser

SPREAD = 6
"""No more than one of ``2**SPREAD`` trajectories that are left is taken beyond those that lanes
wait for, so that threads come to an end together."""


class BeginCode(ControlCode):
    """Writes the function ``begin``."""

    def text(self) -> str:
        """Give the function; the lanes that wait, a number, are its last argument."""
        lanes = self.lanes
        self._read_job()
        self._say("br label %claim")
        self._claim()
        self._work_out()
        self._bury()
        lanes.label("over")
        head = [
            "define internal void @begin(ptr %work, ptr %job, ptr %ready, i64 %wanted) "
            "noinline nounwind {",
            "entry:",
        ]
        return "\n".join([*head, *lanes.lines, "  ret void", "}"])

    def _claim(self) -> None:
        """Take trajectories and put their starts in the rows."""
        lanes, rows, members = self.lanes, self.rows, self.members
        count, smaller, greater = members["count"], "llvm.smin.i64", "llvm.smax.i64"
        for name in (smaller, greater):
            lanes.declare(f"declare i64 @{name}(i64, i64)")
        lanes.label("claim")
        place = self._counter(Counter.NEXT)
        so_far = lanes.emit(f"load atomic i64, ptr {place} monotonic, align 8")
        share = lanes.emit(f"ashr i64 {lanes.emit(f'sub i64 {count}, {so_far}')}, {SPREAD}")
        some = lanes.emit(f"call i64 @{greater}(i64 {share}, i64 %wanted)")
        some = lanes.emit(f"call i64 @{smaller}(i64 {some}, i64 {lanes.width})")
        first = lanes.emit(f"atomicrmw add ptr {place}, i64 {some} monotonic")
        left = lanes.emit(f"sub i64 {count}, {first}")
        self._say(f"%taken = call i64 @{smaller}(i64 {some}, i64 {left})")
        self._put("i64", "0", "%ready")
        none = lanes.emit("icmp sle i64 %taken, 0")
        self._say(f"br i1 {none}, label %over, label %fill")
        lanes.label("fill")
        self._say("%place = phi i64 [ 0, %claim ], [ %following, %fill ]")
        self._say(f"%number = add i64 {first}, %place")
        columns = [("starts", i, rows.state(i)) for i in range(rows.dimension)]
        columns += [("parameters", i, rows.parameter(i)) for i in range(rows.parameters)]
        columns += [("spans", 0, rows.SPAN), ("times", 0, rows.TIME)]
        for member, i, row in columns:
            offset = lanes.emit(f"mul i64 {count}, {i}")
            source = self._place(members[member], offset, "%number")
            self._copy("double", source, self._cell(row, "%place"))
        for j in self.watched:
            own = rows.crossing
            for kind, row in ((COUNTS, own.CROSSED), (SIDES, own.VALUE)):
                source = self._place(self._found(j, kind), "%number")
                self._copy("i64", source, self._cell(own.of(j, row), "%place"))
        self._put("i64", "%number", self._cell(rows.INDEX, "%place"))
        self._say("%following = add i64 %place, 1")
        full = lanes.emit("icmp sge i64 %following, %taken")
        self._say(f"br i1 {full}, label %work.out, label %fill")

    def _work_out(self) -> None:
        """Evaluate the field at the starts and guess the first steps."""
        lanes, rows = self.lanes, self.rows
        zero = lanes.constant(0.0)
        lanes.label("work.out")
        y, span, time = self._states(rows.state), self._row(rows.SPAN), self._row(rows.TIME)
        f = self._cold_slope(time, y)
        rest = lanes.subtract(span, time)

        def later(elapsed: str, state: list[str]) -> list[str]:
            return self._cold_slope(lanes.add(time, elapsed), state)

        step = emit_first_step(lanes, later, rest, y, f, self.relative, self.absolute)
        least = lanes.constant(SMALLEST_FIRST * SMALLEST_STEP)
        least = lanes.multiply(lanes.absolute(time), least)
        least = lesser(lanes, least, lanes.absolute(rest))
        step = lanes.copysign(greater(lanes, lanes.absolute(step), least), rest)
        lanes.store("%work", rows.STEP, step)
        for i, value in enumerate(f):
            lanes.store("%work", rows.slope(i), value)
        if self.watched:
            self._first_values(time, y, f, step)
        check = zero
        for value in (*y, *f):
            check = lanes.fma(value, zero, check)
        reason = lanes.constant(RUNNING)
        empty = lanes.compare("oeq", span, zero)
        reason = lanes.select(empty, lanes.constant(End.TIME), reason)
        if self.targets:
            found = self._nearest("born", y)
            lanes.store("%work", rows.NUMBER, found)
            near = lanes.compare("ogt", found, zero)
            reason = lanes.select(near, lanes.constant(End.TARGET), reason)
        reason = lanes.select(self._outside(y), lanes.constant(End.BOX), reason)
        undefined = lanes.compare("uno", check, check)
        reason = lanes.select(undefined, lanes.constant(End.UNDEFINED), reason)
        lanes.store("%work", rows.REASON, reason)
        over = lanes.emit(
            f"bitcast {lanes.mask} {lanes.compare('oge', reason, zero)} to {self.bits}"
        )
        gap = lanes.emit(f"sub i64 {lanes.width}, %taken")
        gap = lanes.emit(f"trunc i64 {gap} to {self.bits}") if lanes.width < 64 else gap
        there = lanes.emit(f"lshr {self.bits} -1, {gap}")
        self._say(f"%stillborn = and {self.bits} {over}, {there}")
        self._say(f"%alive = xor {self.bits} %stillborn, {there}")
        self._worked_out = lanes.block
        whole = lanes.emit(f"zext {self.bits} %alive to i64") if lanes.width < 64 else "%alive"
        self._put("i64", whole, "%ready")
        some = lanes.emit(f"icmp ne {self.bits} %stillborn, 0")
        self._say(f"br i1 {some}, label %bury, label %over")

    def _first_values(self, time: str, y: list[str], f: list[str], step: str) -> None:
        """Evaluate the sections at the starts; a start on a section is where it is led to.

        Where a trajectory goes on, and its side is known, that is where it starts.
        """
        lanes, rows, own = self.lanes, self.rows, self.rows.crossing
        zero = lanes.constant(0.0)
        lanes.store("%work", rows.TRIAL_TIME, self._time(time))
        lanes.store("%work", own.scratch(Scratch.PACE), lanes.constant(1.0))
        for i, value in enumerate(y):
            lanes.store("%work", rows.trial(i), value)
            lanes.store("%work", own.direction(i), f[i])
        for j in self.watched:
            self._say(f"call void @value(ptr %work, ptr %job, i64 {j})")
            value, rate, noise = (
                self._row(own.scratch(place))
                for place in (Scratch.VALUE, Scratch.RATE, Scratch.NOISE)
            )
            change = lanes.multiply(rate, step)
            size = lanes.absolute(value)
            strict = self._place(self.members["section_setup"], SETUP * j + STRICT)
            strict = lanes.emit(f"icmp ne i64 {self._get('i64', strict)}, 0")
            share = lanes.emit(f"select i1 {strict}, double 0.0, double {double(ON)}")
            near = lanes.multiply(lanes.absolute(change), lanes.splat(share))
            on = lanes.mask_or(lanes.compare("ole", size, near), lanes.compare("ole", size, noise))
            ahead = lanes.copysign(lanes.constant(TINY), change)
            ahead = lanes.select(lanes.compare("one", change, zero), ahead, zero)
            side = self._row(own.of(j, own.VALUE))
            same = lanes.compare("ogt", lanes.multiply(side, value), zero)
            same = lanes.mask_and(same, lanes.mask_not(on))
            known = lanes.compare("one", side, zero)
            old = lanes.select(same, value, lanes.copysign(lanes.constant(TINY), side))
            value = lanes.select(known, old, lanes.select(on, ahead, value))
            lanes.store("%work", own.of(j, own.VALUE), value)
            lanes.store("%work", own.of(j, own.RATE), rate)

    def _bury(self) -> None:
        """Record the trajectories that are over; begin others if these were all."""
        lanes, rows, members, bits = self.lanes, self.rows, self.members, self.bits
        lanes.label("bury")
        self._say(f"%dead = phi {bits} [ %stillborn, %{self._worked_out} ], [ %fewer, %bury ]")
        lanes.declare(f"declare {bits} @llvm.cttz.{bits}({bits}, i1)")
        lane = lanes.emit(f"call {bits} @llvm.cttz.{bits}({bits} %dead, i1 true)")
        lane = lanes.emit(f"zext {bits} {lane} to i64") if lanes.width < 64 else lane
        less = lanes.emit(f"add {bits} %dead, -1")
        self._say(f"%fewer = and {bits} %dead, {less}")
        index = self._get("i64", self._cell(rows.INDEX, lane))
        wanted = [(rows.REASON, "ends")] + ([(rows.NUMBER, "reached")] if self.targets else [])
        for row, member in wanted:
            value = self._get("double", self._cell(row, lane))
            value = lanes.emit(f"fptosi double {value} to i64")
            self._put("i64", value, self._place(members[member], index))
        for j in self.watched:
            self._put_side(j, lane, index)
        lanes.emit(f"atomicrmw add ptr {self._counter(Counter.FINISHED)}, i64 1 monotonic")
        more = lanes.emit(f"icmp ne {bits} %fewer, 0")
        self._say(f"br i1 {more}, label %bury, label %buried")
        lanes.label("buried")
        none = lanes.emit(f"icmp eq {bits} %alive, 0")
        self._say(f"br i1 {none}, label %claim, label %over")
