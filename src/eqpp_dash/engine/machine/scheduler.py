"""The loop over steps and trajectories as LLVM text: lanes are loaded, run, stored, refilled.

The function ``run`` takes a `Job`. Its lanes hold one trajectory each. The block ``hot`` tries a
step of every lane, again and again, until a lane ends or it is time to look around; then the
ended trajectories are stored and the next ones, which threads take from a common counter, are put
in their lanes; `begincode` makes these ready. What happens in a lane never depends on the others,
so neither the number of lanes nor that of threads changes a result.
"""

from __future__ import annotations

from eqpp_dash.engine.machine import linearcode
from eqpp_dash.engine.machine.begincode import BeginCode
from eqpp_dash.engine.machine.control import RUNNING, Derivatives, Field
from eqpp_dash.engine.machine.crosscode import Sections
from eqpp_dash.engine.machine.crossingrows import COUNTS
from eqpp_dash.engine.machine.crossscan import cross_functions
from eqpp_dash.engine.machine.lanes import Lanes, double
from eqpp_dash.engine.machine.layout import JOB_FIELDS, STIFF, Counter, Method, Rows, Variant
from eqpp_dash.engine.machine.routines import module_text
from eqpp_dash.engine.machine.stepcode import GROWTH
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
    first = Lanes(width, fused=fused, contract=True)
    first.definitions, first.declarations = cold.definitions, cold.declarations
    begin = BeginCode(first, field, rows, autonomous, variant, derivatives, sections, pause).text()
    emitters, functions = [cold, first, lanes], [slope, begin, body]
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
        self._check()
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
        self._say(f"%ended = phi {bits} [ %idle, %entry ], [ %over, %left ], [ %expired, %paused ]")
        self._say("%now = phi i64 [ 0, %entry ], [ %after, %left ], [ %after, %paused ]")
        self._say(
            "%stop = phi i64 [ %stretch.first, %entry ], [ %stop, %left ], [ %later, %paused ]"
        )
        self._say("br label %visit")
        lanes.label("visit")
        self._say(f"%todo = phi {bits} [ %ended, %harvest ], [ %rest, %load ], [ %rest, %retire ]")
        none = lanes.emit(f"icmp eq {bits} %todo, 0")
        self._say(f"br i1 {none}, label %check, label %take")
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
            self._copy("i64", self._cell(row, "%lane"), self._place(self._found(j, COUNTS), index))
            self._put_side(j, "%lane", index)
        done = lanes.emit(f"icmp ne i64 {code}, {STIFF}")
        done = lanes.emit(f"zext i1 {done} to i64")
        lanes.emit(f"atomicrmw add ptr {self._counter(Counter.FINISHED)}, i64 {done} monotonic")
        self._say("br label %refill")
        lanes.label("refill")
        area, ready = self._place("%work", rows.ready * lanes.width), self._cell(rows.prepared, "0")
        waiting = lanes.emit(f"icmp ne i64 {self._get('i64', ready)}, 0")
        self._say(f"br i1 {waiting}, label %load, label %prepare")
        lanes.label("prepare")
        lanes.declare(f"declare {bits} @llvm.ctpop.{bits}({bits})")
        wanted = lanes.emit(f"call {bits} @llvm.ctpop.{bits}({bits} %todo)")
        wanted = lanes.emit(f"zext {bits} {wanted} to i64")
        self._say(f"call void @begin(ptr {area}, ptr %job, ptr {ready}, i64 {wanted})")
        exists = lanes.emit(f"icmp ne i64 {self._get('i64', ready)}, 0")
        self._say(f"br i1 {exists}, label %load, label %retire")
        lanes.label("load")
        left = self._get("i64", ready)
        lanes.declare("declare i64 @llvm.cttz.i64(i64, i1)")
        slot = lanes.emit(f"call i64 @llvm.cttz.i64(i64 {left}, i1 true)")
        less = lanes.emit(f"add i64 {left}, -1")
        self._put("i64", lanes.emit(f"and i64 {left}, {less}"), ready)
        for row in self._made_ready():
            self._copy("i64", self._cell(rows.ready + row, slot), self._cell(row, "%lane"))
        fresh = self._get("i64", self._cell(rows.INDEX, "%lane"))
        self._fill_lane("1.0", "%now")
        if self.dense:
            first = self._get("i64", self._place(members["firsts"], fresh))
            self._put("i64", first, self._cell(rows.SAMPLE, "%lane"))
            source = self._place(members["moments"], first)
            self._copy("double", source, self._cell(rows.MOMENT, "%lane"))
        self._say("br label %visit")
        lanes.label("retire")
        for i in range(rows.dimension):
            self._put("double", "0.0", self._cell(rows.state(i), "%lane"))
        self._put("double", "0.0", self._cell(rows.TIME, "%lane"))
        self._put("i64", "-1", self._cell(rows.INDEX, "%lane"))
        self._fill_lane("0.0", str(NEVER))
        self._put("double", double(float("inf")), self._cell(rows.MOMENT, "%lane"))
        self._put("double", "0.0", self._cell(rows.STEP, "%lane"))
        self._say("br label %visit")

    def _made_ready(self) -> list[int]:
        """Give the rows of a trajectory that has been made ready."""
        rows, own, dimension = self.rows, self.rows.crossing, range(self.rows.dimension)
        kinds = (own.VALUE, own.RATE, own.CROSSED)
        return [
            *(rows.INDEX, rows.TIME, rows.STEP, rows.SPAN),
            *(row(i) for i in dimension for row in (rows.state, rows.slope)),
            *(rows.parameter(i) for i in range(rows.parameters)),
            *(own.of(j, kind) for j in self.watched for kind in kinds),
        ]

    def _fill_lane(self, active: str, born: str) -> None:
        rows = self.rows
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
        self._put("i64", born, self._cell(rows.BORN, "%lane"))

    def _check(self) -> None:
        """Go on as long as any lane has a trajectory."""
        lanes, rows = self.lanes, self.rows
        lanes.label("check")
        active = lanes.any(lanes.compare("ogt", self._row(rows.ACTIVE), lanes.constant(0.0)))
        self._say(f"br i1 {active}, label %going, label %finished")
        lanes.label("going")
        tired = lanes.emit(f"icmp sge i64 %now, {self.members['patience']}")
        self._say(f"br i1 {tired}, label %tired, label %enter")
        lanes.label("tired")
        now = self._spread_scalar("i64", "%now")
        born = lanes.integer("sub", self._integers(rows.BORN), now)
        lanes.store("%work", rows.BORN, lanes.from_bits(born))
        self._say("br label %finished")
