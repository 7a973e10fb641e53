"""The loop over steps and trajectories as LLVM text: lanes are loaded, run, stored, refilled.

The function ``run`` takes a `Job`. Its lanes hold one trajectory each. The block ``hot`` tries a
step of every lane, again and again, until a lane ends or it is time to look around; then the
ended trajectories are stored and the next ones, which threads take from a common counter, are put
in their lanes. What happens in a lane never depends on the others, so neither the number of
lanes nor that of threads changes a result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from eqpp_dash.engine.machine.lanes import Lanes, double
from eqpp_dash.engine.machine.layout import (
    COUNTER_STRIDE,
    JOB_FIELDS,
    PAUSE,
    SMALLEST_SHARE,
    SMALLEST_STEP,
    Counter,
    End,
    Rows,
)
from eqpp_dash.engine.machine.routines import module_text
from eqpp_dash.engine.machine.stepcode import (
    GROWTH,
    StepCode,
    emit_dense_terms,
    emit_first_step,
    emit_interpolation,
    emit_step,
    emit_step_factor,
)

#: Emits the field from the time, the state and the parameters.
Field = Callable[[Lanes, str, list[str], list[str]], list[str]]

_NEVER = 1 << 60
_RUNNING = -1.0
_KINDS = dict.fromkeys(("count", "limit", "boxed", "moment_count", "first_moment"), "i64")
_KINDS["start_time"] = "double"


def kernel_text(
    field: Field, rows: Rows, width: int, *, fused: bool, autonomous: bool, dense: bool
) -> str:
    """Give the module whose function ``run`` integrates a batch of trajectories.

    Parameters
    ----------
    field : callable
        Emits the field.
    rows : Rows
        Layout of the work area.
    width : int
        Lanes.
    fused : bool
        Whether the processor multiplies and adds in one instruction.
    autonomous : bool
        Whether the field does not depend on the time.
    dense : bool
        Whether to give the states at moments between the steps.
    """
    cold = Lanes(width, fused=fused, contract=True)
    time = cold.load("%work", rows.TRIAL_TIME)
    state = [cold.load("%work", rows.trial(i)) for i in range(rows.dimension)]
    values = [cold.load("%work", rows.parameter(i)) for i in range(rows.parameters)]
    for i, value in enumerate(field(cold, time, state, values)):
        cold.store("%work", rows.trial_slope(i), value)
    lines = ["define internal void @slope(ptr %work) noinline nounwind {", "entry:"]
    slope = "\n".join([*lines, *cold.lines, "  ret void", "}"])
    lanes = Lanes(width, fused=fused, contract=True)
    lanes.definitions = cold.definitions
    lanes.declarations = cold.declarations
    body = _Run(lanes, field, rows, autonomous, dense).text()
    return module_text([cold, lanes], [slope, body])


class _Run:
    """Writes the function ``run``."""

    def __init__(
        self, lanes: Lanes, field: Field, rows: Rows, autonomous: bool, dense: bool
    ) -> None:
        self.lanes, self.field, self.rows = lanes, field, rows
        self.autonomous, self.dense = autonomous, dense
        self.bits = f"i{lanes.width}"
        self.members: dict[str, str] = {}

    def text(self) -> str:
        lanes = self.lanes
        self._entry()
        self._harvest()
        self._begin()
        self._hot()
        self._leave()
        lanes.label("finished")
        head = ["define void @run(ptr %job) nounwind {", "entry:"]
        return "\n".join([*head, *lanes.lines, "  ret void", "}"])

    # scalars ------------------------------------------------------------------------------

    def _say(self, line: str) -> None:
        self.lanes.lines.append(f"  {line}")

    def _place(self, base: str, *indices: str | int) -> str:
        """Give the address of a number, 8 bytes each."""
        place = base
        for index in indices:
            place = self.lanes.emit(f"getelementptr i64, ptr {place}, i64 {index}")
        return place

    def _cell(self, row: int, lane: str) -> str:
        return self._place("%work", row * self.lanes.width, lane)

    def _get(self, kind: str, place: str) -> str:
        return self.lanes.emit(f"load {kind}, ptr {place}")

    def _put(self, kind: str, value: str, place: str) -> None:
        self._say(f"store {kind} {value}, ptr {place}")

    def _counter(self, counter: Counter) -> str:
        return self._place(self.members["counters"], counter * COUNTER_STRIDE)

    def _copy(self, kind: str, source: str, target: str) -> None:
        self._put(kind, self._get(kind, source), target)

    def _row(self, row: int) -> str:
        return self.lanes.load("%work", row)

    def _integers(self, row: int) -> str:
        return self.lanes.bits(self._row(row))

    def _states(self, rows: Callable[[int], int]) -> list[str]:
        return [self._row(rows(i)) for i in range(self.rows.dimension)]

    def _spread(self, member: str) -> list[str]:
        """Give numbers that all trajectories share, one for each state variable, as vectors."""
        places = [self._place(self.members[member], i) for i in range(self.rows.dimension)]
        return [self.lanes.splat(self._get("double", place)) for place in places]

    def _spread_scalar(self, kind: str, value: str) -> str:
        """Spread an integer over all lanes."""
        vector = f"<{self.lanes.width} x {kind}>"
        first = self.lanes.emit(f"insertelement {vector} poison, {kind} {value}, i64 0")
        zeros = f"<{self.lanes.width} x i32> zeroinitializer"
        return self.lanes.emit(f"shufflevector {vector} {first}, {vector} poison, {zeros}")

    def _time(self, elapsed: str) -> str:
        if self.autonomous:
            return elapsed
        return self.lanes.add(elapsed, self.start_time)

    # blocks -------------------------------------------------------------------------------

    def _entry(self) -> None:
        lanes = self.lanes
        for i, name in enumerate(JOB_FIELDS):
            self.members[name] = self._get(_KINDS.get(name, "ptr"), self._place("%job", i))
        self._say(f"%work = getelementptr i8, ptr {self.members['work']}, i64 0")
        self.start_time = lanes.splat(self.members["start_time"])
        self._say(f"%boxed = icmp ne i64 {self.members['boxed']}, 0")
        limit = self.members["limit"]
        short = lanes.emit(f"icmp slt i64 {limit}, {PAUSE}")
        self._say(f"%stretch = select i1 {short}, i64 {limit}, i64 {PAUSE}")
        self.relative, self.absolute = self._spread("relative"), self._spread("absolute")
        self.low, self.high = self._spread("low"), self._spread("high")
        place = self._place("%work", self.rows.INDEX * lanes.width)
        self._put(lanes.integers, "splat (i64 -1)", place)
        self._say("br label %harvest")

    def _harvest(self) -> None:
        """Store the trajectories that have ended and put new ones in their lanes."""
        lanes, rows, bits, members = self.lanes, self.rows, self.bits, self.members
        lanes.label("harvest")
        self._say(
            f"%ended = phi {bits} [ -1, %entry ], [ %failed, %begun ], [ %over, %left ], "
            "[ %expired, %paused ]"
        )
        self._say(
            "%now = phi i64 [ 0, %entry ], [ %now, %begun ], [ %after, %left ], [ %after, %paused ]"
        )
        self._say(
            "%stop = phi i64 [ %stretch, %entry ], [ %stop, %begun ], [ %stop, %left ], "
            "[ %later, %paused ]"
        )
        self._say("br label %visit")
        lanes.label("visit")
        self._say(f"%todo = phi {bits} [ %ended, %harvest ], [ %rest, %load ], [ %rest, %retire ]")
        none = lanes.emit(f"icmp eq {bits} %todo, 0")
        self._say(f"br i1 {none}, label %begin, label %take")
        lanes.label("take")
        lanes.declare(f"declare {bits} @llvm.cttz.{bits}({bits}, i1)")
        first = lanes.emit(f"call {bits} @llvm.cttz.{bits}({bits} %todo, i1 true)")
        self._say(f"%lane = zext {bits} {first} to i64")
        less = lanes.emit(f"add {bits} %todo, -1")
        self._say(f"%rest = and {bits} %todo, {less}")
        index = self._get("i64", self._cell(rows.INDEX, "%lane"))
        empty = lanes.emit(f"icmp slt i64 {index}, 0")
        self._say(f"br i1 {empty}, label %refill, label %record")
        lanes.label("record")
        count = members["count"]
        for i in range(rows.dimension):
            offset = lanes.emit(f"mul i64 {count}, {i}")
            target = self._place(members["states"], offset, index)
            self._copy("double", self._cell(rows.state(i), "%lane"), target)
        target = self._place(members["times"], index)
        self._copy("double", self._cell(rows.TIME, "%lane"), target)
        born = self._get("i64", self._cell(rows.BORN, "%lane"))
        spent = lanes.emit(f"sub i64 %now, {born}")
        self._put("i64", spent, self._place(members["steps"], index))
        reason = self._get("double", self._cell(rows.REASON, "%lane"))
        code = lanes.emit(f"fptosi double {reason} to i64")
        self._put("i64", code, self._place(members["ends"], index))
        lanes.emit(f"atomicrmw add ptr {self._counter(Counter.FINISHED)}, i64 1 monotonic")
        self._say("br label %refill")
        lanes.label("refill")
        fresh = lanes.emit(f"atomicrmw add ptr {self._counter(Counter.NEXT)}, i64 1 monotonic")
        exists = lanes.emit(f"icmp slt i64 {fresh}, {count}")
        self._say(f"br i1 {exists}, label %load, label %retire")
        lanes.label("load")
        for i in range(rows.dimension):
            offset = lanes.emit(f"mul i64 {count}, {i}")
            source = self._place(members["starts"], offset, fresh)
            self._copy("double", source, self._cell(rows.state(i), "%lane"))
        for i in range(rows.parameters):
            offset = lanes.emit(f"mul i64 {count}, {i}")
            source = self._place(members["parameters"], offset, fresh)
            self._copy("double", source, self._cell(rows.parameter(i), "%lane"))
        source = self._place(members["spans"], fresh)
        self._copy("double", source, self._cell(rows.SPAN, "%lane"))
        self._fill_lane("0.0", "1.0", fresh, "%now")
        if self.dense:
            self._put("i64", members["first_moment"], self._cell(rows.SAMPLE, "%lane"))
            source = self._place(members["moments"], members["first_moment"])
            self._copy("double", source, self._cell(rows.MOMENT, "%lane"))
        self._say("br label %visit")
        lanes.label("retire")
        for i in range(rows.dimension):
            self._put("double", "0.0", self._cell(rows.state(i), "%lane"))
        self._fill_lane("0.0", "0.0", "-1", str(_NEVER))
        self._put("double", double(float("inf")), self._cell(rows.MOMENT, "%lane"))
        self._put("double", "0.0", self._cell(rows.STEP, "%lane"))
        self._say("br label %visit")

    def _fill_lane(self, time: str, active: str, index: str, born: str) -> None:
        rows = self.rows
        self._put("double", time, self._cell(rows.TIME, "%lane"))
        self._put("double", double(GROWTH), self._cell(rows.MOST, "%lane"))
        self._put("double", double(_RUNNING), self._cell(rows.REASON, "%lane"))
        self._put("double", active, self._cell(rows.ACTIVE, "%lane"))
        self._put("double", active, self._cell(rows.FRESH, "%lane"))
        self._put("i64", index, self._cell(rows.INDEX, "%lane"))
        self._put("i64", born, self._cell(rows.BORN, "%lane"))

    def _cold_slope(self, elapsed: str, state: Sequence[str]) -> list[str]:
        """Evaluate the field where that is rare: by a call."""
        lanes, rows = self.lanes, self.rows
        lanes.store("%work", rows.TRIAL_TIME, self._time(elapsed))
        for i, value in enumerate(state):
            lanes.store("%work", rows.trial(i), value)
        self._say("call void @slope(ptr %work)")
        return self._states(rows.trial_slope)

    def _begin(self) -> None:
        """Evaluate the field at the new starts and guess their first steps."""
        lanes, rows = self.lanes, self.rows
        zero = lanes.constant(0.0)
        lanes.label("begin")
        fresh = lanes.compare("ogt", self._row(rows.FRESH), zero)
        self._say(f"br i1 {lanes.any(fresh)}, label %start, label %begun")
        lanes.label("start")
        y, span = self._states(rows.state), self._row(rows.SPAN)
        f = self._cold_slope(zero, y)
        step = emit_first_step(lanes, self._cold_slope, span, y, f, self.relative, self.absolute)
        fresh = lanes.compare("ogt", self._row(rows.FRESH), zero)
        lanes.store("%work", rows.STEP, lanes.select(fresh, step, self._row(rows.STEP)))
        for i, old in enumerate(self._states(rows.slope)):
            lanes.store("%work", rows.slope(i), lanes.select(fresh, f[i], old))
        check = zero
        for value in (*y, *f):
            check = lanes.fma(value, zero, check)
        reason = lanes.constant(_RUNNING)
        empty = lanes.compare("oeq", span, zero)
        reason = lanes.select(empty, lanes.constant(End.TIME), reason)
        reason = lanes.select(self._outside(y), lanes.constant(End.BOX), reason)
        undefined = lanes.compare("uno", check, check)
        reason = lanes.select(undefined, lanes.constant(End.UNDEFINED), reason)
        reason = lanes.select(fresh, reason, lanes.constant(_RUNNING))
        lanes.store("%work", rows.REASON, reason)
        lanes.store("%work", rows.FRESH, zero)
        self._say(
            f"%stillborn = bitcast {lanes.mask} {lanes.compare('oge', reason, zero)} to {self.bits}"
        )
        self._say("br label %begun")
        lanes.label("begun")
        self._say(f"%failed = phi {self.bits} [ 0, %begin ], [ %stillborn, %start ]")
        some = lanes.emit(f"icmp ne {self.bits} %failed, 0")
        self._say(f"br i1 {some}, label %harvest, label %check")
        lanes.label("check")
        active = lanes.any(lanes.compare("ogt", self._row(rows.ACTIVE), zero))
        self._say(f"br i1 {active}, label %enter, label %finished")

    def _outside(self, y: list[str]) -> str:
        lanes = self.lanes
        outside = "zeroinitializer"
        for value, low, high in zip(y, self.low, self.high, strict=True):
            below, above = lanes.compare("olt", value, low), lanes.compare("ogt", value, high)
            outside = lanes.mask_or(outside, lanes.mask_or(below, above))
        return outside

    def _hot(self) -> None:
        """Try a step of every lane, over and over."""
        lanes, rows = self.lanes, self.rows
        n, vector = rows.dimension, lanes.vector
        zero = lanes.constant(0.0)
        lanes.label("enter")
        span = self._row(rows.SPAN)
        active = lanes.compare("ogt", self._row(rows.ACTIVE), zero)
        parameters = [self._row(rows.parameter(i)) for i in range(rows.parameters)]
        floor = lanes.multiply(lanes.absolute(span), lanes.constant(SMALLEST_SHARE))
        kept = [rows.TIME, rows.STEP, rows.MOST]
        kept += [rows.state(i) for i in range(n)] + [rows.slope(i) for i in range(n)]
        names = ["%time", "%step", "%most"]
        names += [f"%y{i}" for i in range(n)] + [f"%f{i}" for i in range(n)]
        loaded = [self._row(row) for row in kept]
        if self.dense:
            moment = self._row(rows.MOMENT)
        self._say("br label %hot")
        lanes.label("hot")
        head = len(lanes.lines)
        self._say("%count = phi i64 [ %now, %enter ], [ %after, %next ]")
        if self.dense:
            self._say(f"%moment = phi {vector} [ {moment}, %enter ], [ %moment.new, %next ]")

        def slope(elapsed: str, state: list[str]) -> list[str]:
            return self.field(lanes, self._time(elapsed), state, parameters)

        t, y, f = "%time", names[3 : 3 + n], names[3 + n :]
        remaining = lanes.subtract(span, t)
        nearly = lanes.absolute(lanes.multiply(remaining, lanes.constant(1.0 - 1e-12)))
        last = lanes.compare("oge", lanes.absolute("%step"), nearly)
        h = lanes.select(last, remaining, "%step")
        step = emit_step(lanes, slope, t, h, y, f, self.relative, self.absolute)
        good = lanes.compare("ole", step.error, lanes.constant(1.0))
        ahead = lanes.select(last, span, lanes.add(t, h))
        factor = emit_step_factor(lanes, step.error, "%most")
        news = [
            lanes.select(good, ahead, t),
            lanes.multiply(h, factor),
            lanes.select(good, lanes.constant(GROWTH), lanes.constant(1.0)),
            *(lanes.select(good, a, b) for a, b in zip(step.state, y, strict=True)),
            *(lanes.select(good, a, b) for a, b in zip(step.slope, f, strict=True)),
        ]
        lanes.lines[head:head] = [
            f"  {name} = phi {vector} [ {value}, %enter ], [ {new}, %next ]"
            for name, value, new in zip(names, loaded, news, strict=True)
        ]
        least = lanes.fma(lanes.absolute(news[0]), lanes.constant(SMALLEST_STEP), floor)
        collapsed = lanes.compare("olt", lanes.absolute(news[1]), least)
        reached = lanes.mask_and(good, last)
        self._say("%after = add i64 %count, 1")
        self._say("br i1 %boxed, label %look, label %looked")
        lanes.label("look")
        outside = lanes.mask_and(good, self._outside(step.state))
        self._say("br label %looked")
        lanes.label("looked")
        self._say(f"%outside = phi {lanes.mask} [ zeroinitializer, %hot ], [ {outside}, %look ]")
        if self.dense:
            self._samples(step, y, h, good, news[0])
        else:
            self._say("br label %next")
        lanes.label("next")
        if self.dense:
            self._say(f"%moment.new = phi {vector} [ %moment, %looked ], [ %moment.now, %stored ]")
        ended = lanes.mask_or(lanes.mask_or(reached, collapsed), "%outside")
        ended = lanes.mask_and(ended, active)
        due = lanes.emit("icmp sge i64 %after, %stop")
        leave = lanes.emit(f"or i1 {due}, {lanes.any(ended)}")
        self._say(f"br i1 {leave}, label %leave, label %hot")
        self.values = {"ended": ended, "reached": reached, "collapsed": collapsed}
        self.values |= {"error": step.error, "due": due}
        self.kept = dict(zip(kept, news, strict=True))

    def _samples(self, step: StepCode, y: list[str], h: str, good: str, ahead: str) -> None:
        """Store the states at the moments that the step has passed."""
        lanes, rows, members = self.lanes, self.rows, self.members
        n = rows.dimension

        def wanted(moment: str) -> str:
            passed = lanes.compare("ole", lanes.absolute(moment), lanes.absolute(ahead))
            return lanes.mask_and(good, passed)

        some = lanes.any(wanted("%moment"))
        self._say(f"br i1 {some}, label %dense, label %next")
        lanes.label("dense")
        lanes.store("%work", rows.MOMENT, "%moment")
        terms = emit_dense_terms(lanes, self._cold_slope, "%time", h, y, step)
        self._say("br label %round")
        lanes.label("round")
        moment = self._row(rows.MOMENT)
        self._say(f"%wanted = bitcast {lanes.mask} {wanted(moment)} to {self.bits}")
        share = lanes.divide(lanes.subtract(moment, "%time"), h)
        for i in range(n):
            lanes.store("%work", rows.trial(i), emit_interpolation(lanes, y[i], terms[i], share))
        left = lanes.emit(f"icmp ne {self.bits} %wanted, 0")
        self._say(f"br i1 {left}, label %pick, label %stored")
        lanes.label("pick")
        self._say(f"%picked = phi {self.bits} [ %wanted, %round ], [ %others, %put ]")
        first = lanes.emit(f"call {self.bits} @llvm.cttz.{self.bits}({self.bits} %picked, i1 true)")
        lane = lanes.emit(f"zext {self.bits} {first} to i64")
        less = lanes.emit(f"add {self.bits} %picked, -1")
        self._say(f"%others = and {self.bits} %picked, {less}")
        index = self._get("i64", self._cell(rows.INDEX, lane))
        number = self._get("i64", self._cell(rows.SAMPLE, lane))
        start = lanes.emit(f"mul i64 {index}, {members['moment_count']}")
        target = lanes.emit(f"mul i64 {lanes.emit(f'add i64 {start}, {number}')}, {n}")
        for i in range(n):
            place = self._place(members["samples"], target, i)
            self._copy("double", self._cell(rows.trial(i), lane), place)
        following = lanes.emit(f"add i64 {number}, 1")
        self._put("i64", following, self._cell(rows.SAMPLE, lane))
        # Beyond the last moment stands an infinite one, which no step passes.
        source = self._place(members["moments"], following)
        self._copy("double", source, self._cell(rows.MOMENT, lane))
        self._say("br label %put")
        lanes.label("put")
        more = lanes.emit(f"icmp ne {self.bits} %others, 0")
        self._say(f"br i1 {more}, label %pick, label %round")
        lanes.label("stored")
        place = self._place("%work", rows.MOMENT * lanes.width)
        self._say(f"%moment.now = load {lanes.vector}, ptr {place}, align {lanes.alignment}")
        self._say("br label %next")

    def _leave(self) -> None:
        """Put the lanes back in their rows and find out which have ended, and why."""
        lanes, rows, values = self.lanes, self.rows, self.values
        zero = lanes.constant(0.0)
        lanes.label("leave")
        for row, value in self.kept.items():
            lanes.store("%work", row, value)
        if self.dense:
            lanes.store("%work", rows.MOMENT, "%moment.new")
        undefined = lanes.compare("uno", values["error"], values["error"])
        reason = lanes.select(
            undefined, lanes.constant(End.UNDEFINED), lanes.constant(End.COLLAPSE)
        )
        reason = lanes.select(values["reached"], lanes.constant(End.TIME), reason)
        reason = lanes.select("%outside", lanes.constant(End.BOX), reason)
        reason = lanes.select(values["ended"], reason, lanes.constant(_RUNNING))
        lanes.store("%work", rows.REASON, reason)
        self._say(f"%over = bitcast {lanes.mask} {values['ended']} to {self.bits}")
        self._say(f"br i1 {values['due']}, label %pause, label %left")
        lanes.label("left")
        self._say("br label %harvest")
        lanes.label("pause")
        limit = self.members["limit"]
        now, most = self._spread_scalar("i64", "%after"), self._spread_scalar("i64", limit)
        spent = lanes.integer("sub", now, self._integers(rows.BORN))
        rest = lanes.integer("sub", most, spent)
        exhausted = lanes.integer_compare("sle", rest, 0)
        running = lanes.compare("olt", reason, zero)
        spent_all = lanes.mask_and(exhausted, running)
        place = self._counter(Counter.CANCEL)
        flag = lanes.emit(f"load atomic i64, ptr {place} monotonic, align 8")
        cancelled = lanes.emit(f"icmp ne i64 {flag}, 0")
        active = lanes.compare("ogt", self._row(rows.ACTIVE), zero)
        reason = lanes.select(spent_all, lanes.constant(End.BUDGET), reason)
        stopped = lanes.mask_and(active, lanes.compare("olt", reason, zero))
        stopped = lanes.mask_and(stopped, self._spread_scalar("i1", cancelled))
        reason = lanes.select(stopped, lanes.constant(End.CANCELLED), reason)
        lanes.store("%work", rows.REASON, reason)
        self._say(
            f"%expired = bitcast {lanes.mask} {lanes.compare('oge', reason, zero)} to {self.bits}"
        )
        whole = self._spread_scalar("i64", "%stretch")
        shorter = lanes.emit(f"icmp slt {lanes.integers} {rest}, {whole}")
        shorter = lanes.mask_and(shorter, lanes.mask_not(exhausted))
        short = f"{lanes.integers} {rest}, {lanes.integers} {whole}"
        until = lanes.emit(f"select {lanes.mask} {shorter}, {short}")
        reduce = f"llvm.vector.reduce.smin.v{lanes.width}i64"
        lanes.declare(f"declare i64 @{reduce}({lanes.integers})")
        nearest = lanes.emit(f"call i64 @{reduce}({lanes.integers} {until})")
        self._say(f"%later = add i64 %after, {nearest}")
        self._say(f"br i1 {cancelled}, label %cancel, label %paused")
        lanes.label("cancel")
        # Nothing is left to begin, for any thread.
        self._say(
            f"store atomic i64 {_NEVER}, ptr {self._counter(Counter.NEXT)} monotonic, align 8"
        )
        self._say("br label %paused")
        lanes.label("paused")
        self._say("br label %harvest")
