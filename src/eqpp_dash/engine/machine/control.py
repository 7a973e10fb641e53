"""What the control of the loop is written with: members of the job, times, bounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from eqpp_dash.engine.machine.crosscode import Sections
from eqpp_dash.engine.machine.crossingrows import DOWN, SETUP, SIDES, STOP, UP
from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.machine.layout import (
    COUNTER_STRIDE,
    JOB_FIELDS,
    Counter,
    Rows,
    Variant,
)
from eqpp_dash.engine.machine.rowcode import RowCode

#: Emits the field from the time, the state and the parameters.
Field = Callable[[Lanes, str, list[str], list[str]], list[str]]

#: Emits the Jacobian by rows, and the derivatives with respect to time unless there are none.
Derivatives = Callable[[Lanes, str, list[str], list[str]], tuple[list[list[str]], list[str] | None]]

#: In the row of reasons: this lane runs.
RUNNING = -1.0
_INTEGERS = (
    "count",
    "limit",
    "boxed",
    "moment_count",
    "point_count",
    "cycle_count",
    "patience",
    "idle",
)
_KINDS = dict.fromkeys(_INTEGERS, "i64")
_KINDS["start_time"] = "double"


class ControlCode(RowCode):
    """Gives names to what the function ``run`` works on.

    Parameters
    ----------
    lanes : Lanes
        Where the instructions go.
    field : callable
        Emits the field.
    rows : Rows
        Layout of the work area.
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

    def __init__(
        self,
        lanes: Lanes,
        field: Field,
        rows: Rows,
        autonomous: bool,
        variant: Variant,
        derivatives: Derivatives,
        sections: Sections,
        pause: int,
    ) -> None:
        super().__init__(lanes, rows)
        self.field = field
        self.autonomous, self.derivatives, self.sections = autonomous, derivatives, sections
        self.pause = pause
        self.dense, self.watchful = variant.dense, variant.watchful
        self.method = variant.method
        self.watched = range(rows.sections if variant.sections else 0)
        self.targets = variant.targets
        self.members: dict[str, str] = {}
        self.values: dict[str, str] = {}

    def _read_job(self) -> None:
        """Read what stays the same for all trajectories."""
        lanes = self.lanes
        for i, name in enumerate(JOB_FIELDS):
            self.members[name] = self._get(_KINDS.get(name, "ptr"), self._place("%job", i))
        self.start_time = lanes.splat(self.members["start_time"])
        self.relative, self.absolute = self._spread("relative"), self._spread("absolute")
        self.low, self.high = self._spread("low"), self._spread("high")

    def _entry(self) -> None:
        lanes = self.lanes
        self._read_job()
        self._say(f"%work = getelementptr i8, ptr {self.members['work']}, i64 0")
        if self.watched:
            self._wishes()
        self._say(f"%boxed = icmp ne i64 {self.members['boxed']}, 0")
        limit = self.members["limit"]
        short = lanes.emit(f"icmp slt i64 {limit}, {self.pause}")
        self._say(f"%stretch = select i1 {short}, i64 {limit}, i64 {self.pause}")
        # Trajectories that were begun elsewhere may have few steps left: that is looked at soon.
        begun = lanes.emit(f"icmp ne i64 {self.members['idle']}, -1")
        self._say(f"%stretch.first = select i1 {begun}, i64 1, i64 %stretch")
        self._say(f"%idle = trunc i64 {self.members['idle']} to {self.bits}")
        self._say("br label %harvest")

    def _wishes(self) -> None:
        """Read, for each section, which crossings are wanted: upward, downward, any."""
        lanes = self.lanes
        self.wishes: list[tuple[str, str, str]] = []
        for j in self.watched:
            both = []
            for kind in (UP, DOWN):
                place = self._place(self.members["section_setup"], SETUP * j + kind)
                wanted = lanes.emit(f"icmp ne i64 {self._get('i64', place)}, 0")
                both.append(self._spread_scalar("i1", wanted))
            self.wishes.append((both[0], both[1], lanes.mask_or(*both)))
        ends = self.members["cycle_count"]
        for j in self.watched:
            place = self._place(self.members["section_setup"], SETUP * j + STOP)
            ends = lanes.emit(f"or i64 {ends}, {self._get('i64', place)}")
        self._say(f"%patient = icmp eq i64 {ends}, 0")

    def _found(self, section: int, kind: int) -> str:
        """Give the array that a section's caller has for counts or for sides."""
        place = self._place(self.members["section_setup"], SETUP * section + kind)
        return self._get("ptr", place)

    def _put_side(self, section: int, lane: str, index: str) -> None:
        """Store on which side of a section a lane is: 1, -1, or 0 if that is not known."""
        own, lanes = self.rows.crossing, self.lanes
        value = self._get("double", self._cell(own.of(section, own.VALUE), lane))
        side = "0.0"
        for order, sign in (("olt", "-1.0"), ("ogt", "1.0")):
            beyond = lanes.emit(f"fcmp {order} double {value}, 0.0")
            side = lanes.emit(f"select i1 {beyond}, double {sign}, double {side}")
        self._put("double", side, self._place(self._found(section, SIDES), index))

    def _counter(self, counter: Counter) -> str:
        return self._place(self.members["counters"], counter * COUNTER_STRIDE)

    def _spread(self, member: str) -> list[str]:
        """Give numbers that all trajectories share, one for each state variable, as vectors."""
        places = [self._place(self.members[member], i) for i in range(self.rows.dimension)]
        return [self.lanes.splat(self._get("double", place)) for place in places]

    def _time(self, elapsed: str) -> str:
        if self.autonomous:
            return elapsed
        return self.lanes.add(elapsed, self.start_time)

    def _cold_slope(self, elapsed: str, state: Sequence[str]) -> list[str]:
        """Evaluate the field where that is rare: by a call."""
        lanes, rows = self.lanes, self.rows
        lanes.store("%work", rows.TRIAL_TIME, self._time(elapsed))
        for i, value in enumerate(state):
            lanes.store("%work", rows.trial(i), value)
        self._say("call void @slope(ptr %work)")
        return self._states(rows.trial_slope)

    def _outside(self, y: list[str]) -> str:
        lanes = self.lanes
        outside = "zeroinitializer"
        for value, low, high in zip(y, self.low, self.high, strict=True):
            below, above = lanes.compare("olt", value, low), lanes.compare("ogt", value, high)
            outside = lanes.mask_or(outside, lanes.mask_or(below, above))
        return outside

    def _near_any(self, stem: str, state: list[str]) -> str:
        """Tell whether any target is near a state; the block after is `stem` with ``.done``."""
        lanes, before = self.lanes, self.lanes.block
        body, done = f"{stem}.body", f"{stem}.done"
        self._say(f"br label %{body}")
        lanes.label(body)
        self._say(f"%{stem}.k = phi i64 [ 0, %{before} ], [ %{stem}.more, %{body} ]")
        old, new = f"%{stem}.old", f"%{stem}.new"
        self._say(f"{old} = phi {lanes.mask} [ zeroinitializer, %{before} ], [ {new}, %{body} ]")
        near = self._near(self.members["points"], f"%{stem}.k", state)
        self._say(f"{new} = or {lanes.mask} {near}, {old}")
        self._say(f"%{stem}.more = add i64 %{stem}.k, 1")
        over = lanes.emit(f"icmp sge i64 %{stem}.more, {self.members['point_count']}")
        self._say(f"br i1 {over}, label %{done}, label %{body}")
        lanes.label(done)
        return new

    def _nearest(self, stem: str, state: list[str]) -> str:
        """Give one more than the number of the first target near a state, zero for none.

        There must be one target at least. The block after is `stem` with ``.done``.
        """
        lanes, vector, before = self.lanes, self.lanes.vector, self.lanes.block
        body, done = f"{stem}.body", f"{stem}.done"
        self._say(f"br label %{body}")
        lanes.label(body)
        self._say(f"%{stem}.k = phi i64 [ 0, %{before} ], [ %{stem}.more, %{body} ]")
        old, new = f"%{stem}.old", f"%{stem}.new"
        self._say(f"{old} = phi {vector} [ zeroinitializer, %{before} ], [ {new}, %{body} ]")
        near = self._near(self.members["points"], f"%{stem}.k", state)
        near = lanes.mask_and(near, lanes.compare("oeq", old, lanes.constant(0.0)))
        self._say(f"%{stem}.more = add i64 %{stem}.k, 1")
        number = lanes.splat(lanes.emit(f"sitofp i64 %{stem}.more to double"))
        self._say(f"{new} = select {lanes.mask} {near}, {vector} {number}, {vector} {old}")
        count = self.members["point_count"]
        over = lanes.emit(f"icmp sge i64 %{stem}.more, {count}")
        self._say(f"br i1 {over}, label %{done}, label %{body}")
        lanes.label(done)
        return new
