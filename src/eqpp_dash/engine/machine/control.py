"""What the control of the loop is written with: numbers in memory, members of the job, rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.machine.layout import (
    COUNTER_STRIDE,
    JOB_FIELDS,
    PAUSE,
    Counter,
    Rows,
    Variant,
)

#: Emits the field from the time, the state and the parameters.
Field = Callable[[Lanes, str, list[str], list[str]], list[str]]

#: Emits the Jacobian by rows, and the derivatives with respect to time unless there are none.
Derivatives = Callable[[Lanes, str, list[str], list[str]], tuple[list[list[str]], list[str] | None]]

#: In the row of reasons: this lane runs.
RUNNING = -1.0
_KINDS = dict.fromkeys(("count", "limit", "boxed", "moment_count", "first_moment"), "i64")
_KINDS["start_time"] = "double"


class ControlCode:
    """Writes scalar instructions and gives names to what the function ``run`` works on.

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
    """

    def __init__(
        self,
        lanes: Lanes,
        field: Field,
        rows: Rows,
        autonomous: bool,
        variant: Variant,
        derivatives: Derivatives,
    ) -> None:
        self.lanes, self.field, self.rows = lanes, field, rows
        self.autonomous, self.derivatives = autonomous, derivatives
        self.dense, self.watchful = variant.dense, variant.watchful
        self.method = variant.method
        self.bits = f"i{lanes.width}"
        self.members: dict[str, str] = {}
        self.values: dict[str, str] = {}

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
