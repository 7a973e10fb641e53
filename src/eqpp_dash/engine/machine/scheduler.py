"""The loop over steps and trajectories as LLVM text: lanes are loaded, run, stored, refilled.

The function ``run`` takes a `Job`. Its lanes hold one trajectory each. The block ``hot`` tries a
step of every lane, again and again, until a lane ends or it is time to look around; then the
ended trajectories are stored and the next ones, which threads take from a common counter, are put
in their lanes. What happens in a lane never depends on the others, so neither the number of
lanes nor that of threads changes a result.
"""

from __future__ import annotations

from eqpp_dash.engine.machine import linearcode
from eqpp_dash.engine.machine.control import RUNNING, Derivatives, Field
from eqpp_dash.engine.machine.crosscode import Sections
from eqpp_dash.engine.machine.crossingrows import COUNTS, ON, SETUP, STRICT, TINY, Scratch
from eqpp_dash.engine.machine.crossscan import cross_functions
from eqpp_dash.engine.machine.lanes import Lanes, double
from eqpp_dash.engine.machine.layout import JOB_FIELDS, STIFF, Counter, End, Method, Rows, Variant
from eqpp_dash.engine.machine.routines import module_text
from eqpp_dash.engine.machine.stepcode import GROWTH, emit_first_step
from eqpp_dash.engine.machine.steploop import NEVER, StepLoop


def kernel_text(
    field: Field,
    rows: Rows,
    width: int,
    *,
    fused: bool,
    autonomous: bool,
    variant: Variant,
    derivatives: Derivatives,
    sections: Sections,
    pause: int,
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
    variant : Variant
        What the code is made for.
    derivatives : callable
        Emits the derivatives of the field, for a stiff method.
    sections : callable
        Emits the sections.
    pause : int
        Steps between two looks at whether to cancel.
    """
    cold = Lanes(width, fused=fused, contract=True)
    slope = slope_text(cold, rows, field, "internal ")
    lanes = Lanes(width, fused=fused, contract=True)
    lanes.definitions = cold.definitions
    lanes.declarations = cold.declarations
    body = Run(lanes, field, rows, autonomous, variant, derivatives, sections, pause).text()
    emitters, functions = [cold, lanes], [slope, body]
    if variant.method == Method.Rodas5P and rows.wide:
        more, solving = linearcode.routines(width, fused, rows)
        emitters, functions = [*emitters, *more], [*solving, *functions]
    if variant.sections:
        shared = (cold.definitions, cold.declarations)
        more, crossing = cross_functions(
            width, fused, rows, variant.method, autonomous, sections, *shared
        )
        emitters, functions = [*emitters, *more], [*crossing, *functions]
    return module_text(emitters, functions)


def slope_text(lanes: Lanes, rows: Rows, field: Field, linkage: str) -> str:
    """Give the function that evaluates the field at the trial state."""
    time, state, values = trial_values(lanes, rows)
    for i, value in enumerate(field(lanes, time, state, values)):
        lanes.store("%work", rows.trial_slope(i), value)
    lines = [f"define {linkage}void @slope(ptr %work) noinline nounwind {{", "entry:"]
    return "\n".join([*lines, *lanes.lines, "  ret void", "}"])


def trial_values(lanes: Lanes, rows: Rows) -> tuple[str, list[str], list[str]]:
    """Read time, state and parameters at which something is wanted."""
    time = lanes.load("%work", rows.TRIAL_TIME)
    state = [lanes.load("%work", rows.trial(i)) for i in range(rows.dimension)]
    return time, state, [lanes.load("%work", rows.parameter(i)) for i in range(rows.parameters)]


class Run(StepLoop):
    """Writes the function ``run``."""

    def text(self) -> str:
        """Give the function."""
        lanes = self.lanes
        self._entry()
        self._harvest()
        self._begin()
        self._hot()
        self._leave()
        lanes.label("finished")
        self._put("i64", "%now", self._place("%job", JOB_FIELDS.index("patience")))
        head = ["define void @run(ptr %job) nounwind {", "entry:"]
        return "\n".join([*head, *lanes.lines, "  ret void", "}"])

    def _harvest(self) -> None:
        """Store the trajectories that have ended and put new ones in their lanes."""
        lanes, rows, bits, members = self.lanes, self.rows, self.bits, self.members
        lanes.label("harvest")
        self._say(
            f"%ended = phi {bits} [ %idle, %entry ], [ %failed, %begun ], [ %over, %left ], "
            "[ %expired, %paused ]"
        )
        self._say(
            "%now = phi i64 [ 0, %entry ], [ %now, %begun ], [ %after, %left ], [ %after, %paused ]"
        )
        self._say(
            "%stop = phi i64 [ %stretch.first, %entry ], [ %stop, %begun ], [ %stop, %left ], "
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
        for row, member in ((rows.SECTION, "passed"), (rows.NUMBER, "reached")):
            value = self._get("double", self._cell(row, "%lane"))
            value = lanes.emit(f"fptosi double {value} to i64")
            self._put("i64", value, self._place(members[member], index))
        for j in self.watched:
            row = rows.crossing.of(j, rows.crossing.CROSSED)
            self._copy("i64", self._cell(row, "%lane"), self._place(self._counts(j), index))
        done = lanes.emit(f"icmp ne i64 {code}, {STIFF}")
        done = lanes.emit(f"zext i1 {done} to i64")
        lanes.emit(f"atomicrmw add ptr {self._counter(Counter.FINISHED)}, i64 {done} monotonic")
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
        time = self._get("double", self._place(members["times"], fresh))
        self._fill_lane(time, "1.0", fresh, "%now")
        for j in self.watched:
            row = rows.crossing.of(j, rows.crossing.CROSSED)
            self._copy("i64", self._place(self._counts(j), fresh), self._cell(row, "%lane"))
        if self.dense:
            first = self._get("i64", self._place(members["firsts"], fresh))
            self._put("i64", first, self._cell(rows.SAMPLE, "%lane"))
            source = self._place(members["moments"], first)
            self._copy("double", source, self._cell(rows.MOMENT, "%lane"))
        self._say("br label %visit")
        lanes.label("retire")
        for i in range(rows.dimension):
            self._put("double", "0.0", self._cell(rows.state(i), "%lane"))
        self._fill_lane("0.0", "0.0", "-1", str(NEVER))
        self._put("double", double(float("inf")), self._cell(rows.MOMENT, "%lane"))
        self._put("double", "0.0", self._cell(rows.STEP, "%lane"))
        self._say("br label %visit")

    def _counts(self, section: int) -> str:
        place = self._place(self.members["section_setup"], SETUP * section + COUNTS)
        return self._get("ptr", place)

    def _fill_lane(self, time: str, active: str, index: str, born: str) -> None:
        rows = self.rows
        self._put("double", time, self._cell(rows.TIME, "%lane"))
        self._put("double", double(GROWTH), self._cell(rows.MOST, "%lane"))
        self._put("double", "1.0", self._cell(rows.PRIOR, "%lane"))
        self._put("double", double(RUNNING), self._cell(rows.REASON, "%lane"))
        self._put("double", "0.0", self._cell(rows.CREEP, "%lane"))
        self._put("double", "0.0", self._cell(rows.SECTION, "%lane"))
        self._put("double", "0.0", self._cell(rows.NUMBER, "%lane"))
        if self.watched:
            own = rows.crossing
            self._put("double", "0.0", self._cell(own.scratch(own.LANDS), "%lane"))
        self._put("double", active, self._cell(rows.ACTIVE, "%lane"))
        self._put("double", active, self._cell(rows.FRESH, "%lane"))
        self._put("i64", index, self._cell(rows.INDEX, "%lane"))
        self._put("i64", born, self._cell(rows.BORN, "%lane"))

    def _first_values(self, time: str, y: list[str], f: list[str], step: str) -> None:
        """Evaluate the sections at the starts; a start on a section is where it is led to."""
        lanes, rows, own = self.lanes, self.rows, self.rows.crossing
        zero = lanes.constant(0.0)
        lanes.store("%work", rows.TRIAL_TIME, self._time(time))
        lanes.store("%work", own.scratch(Scratch.PACE), lanes.constant(1.0))
        for i, value in enumerate(y):
            lanes.store("%work", rows.trial(i), value)
            lanes.store("%work", own.direction(i), f[i])
        fresh = lanes.compare("ogt", self._row(rows.FRESH), zero)
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
            value = lanes.select(on, ahead, value)
            for kind, new in ((own.VALUE, value), (own.RATE, rate)):
                row = own.of(j, kind)
                lanes.store("%work", row, lanes.select(fresh, new, self._row(row)))

    def _begin(self) -> None:
        """Evaluate the field at the new starts and guess their first steps."""
        lanes, rows = self.lanes, self.rows
        zero = lanes.constant(0.0)
        lanes.label("begin")
        fresh = lanes.compare("ogt", self._row(rows.FRESH), zero)
        self._say(f"br i1 {lanes.any(fresh)}, label %start, label %begun")
        lanes.label("start")
        y, span, time = self._states(rows.state), self._row(rows.SPAN), self._row(rows.TIME)
        f = self._cold_slope(time, y)
        rest = lanes.subtract(span, time)

        def later(elapsed: str, state: list[str]) -> list[str]:
            return self._cold_slope(lanes.add(time, elapsed), state)

        step = emit_first_step(lanes, later, rest, y, f, self.relative, self.absolute)
        fresh = lanes.compare("ogt", self._row(rows.FRESH), zero)
        lanes.store("%work", rows.STEP, lanes.select(fresh, step, self._row(rows.STEP)))
        for i, old in enumerate(self._states(rows.slope)):
            lanes.store("%work", rows.slope(i), lanes.select(fresh, f[i], old))
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
            number = lanes.select(fresh, found, self._row(rows.NUMBER))
            lanes.store("%work", rows.NUMBER, number)
            near = lanes.compare("ogt", found, zero)
            reason = lanes.select(near, lanes.constant(End.TARGET), reason)
        reason = lanes.select(self._outside(y), lanes.constant(End.BOX), reason)
        undefined = lanes.compare("uno", check, check)
        reason = lanes.select(undefined, lanes.constant(End.UNDEFINED), reason)
        reason = lanes.select(fresh, reason, lanes.constant(RUNNING))
        lanes.store("%work", rows.REASON, reason)
        lanes.store("%work", rows.FRESH, zero)
        self._say(
            f"%stillborn = bitcast {lanes.mask} {lanes.compare('oge', reason, zero)} to {self.bits}"
        )
        started = lanes.block
        self._say("br label %begun")
        lanes.label("begun")
        self._say(f"%failed = phi {self.bits} [ 0, %begin ], [ %stillborn, %{started} ]")
        some = lanes.emit(f"icmp ne {self.bits} %failed, 0")
        self._say(f"br i1 {some}, label %harvest, label %check")
        lanes.label("check")
        active = lanes.any(lanes.compare("ogt", self._row(rows.ACTIVE), zero))
        self._say(f"br i1 {active}, label %going, label %finished")
        lanes.label("going")
        tired = lanes.emit(f"icmp sge i64 %now, {self.members['patience']}")
        self._say(f"br i1 {tired}, label %tired, label %enter")
        lanes.label("tired")
        now = self._spread_scalar("i64", "%now")
        born = lanes.integer("sub", self._integers(rows.BORN), now)
        lanes.store("%work", rows.BORN, lanes.from_bits(born))
        self._say("br label %finished")
