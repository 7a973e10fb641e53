"""Steps that may have crossed a section, put by until there are enough of them, as LLVM text.

A crossing that only is to be recorded changes nothing of its trajectory, so it need not be found
at once. What is known of the step is copied into a lane of a second work area, behind the first;
once its lanes are full they are looked at together, in the time that one of them alone would take.
A trajectory has one lane there at most, so its crossings are recorded in their order. Where
rounding hides the sign of a section at the end of a step, that is looked at there and then.
"""

from __future__ import annotations

from eqpp_dash.engine.machine.crosscode import CrossCode
from eqpp_dash.engine.machine.crossingrows import Scratch
from eqpp_dash.engine.machine.layout import Method

#: Integers in the row of the queue: lanes in use, bits of the lanes that they come from, and
#: whether the last step that was given was taken.
USED, WAITING, TAKEN = range(3)


class CrossQueue(CrossCode):
    """Writes the functions that put steps by, and that look at them."""

    def defer(self) -> None:
        """Put the steps of the suspect lanes by, if the signs at their ends are beyond doubt."""
        lanes, rows, own, width = self.lanes, self.rows, self.own, self.lanes.width
        for i in range(rows.dimension):
            self._fill(rows.trial(i), self._row(rows.state(i)))
            self._fill(own.direction(i), self._row(rows.slope(i)))
        time = self._row(rows.TIME)
        self._fill(rows.TRIAL_TIME, time if self.autonomous else self._later(time))
        self._keep(Scratch.PACE, lanes.constant(1.0))
        self._mark(Scratch.CHOSEN, "zeroinitializer")
        self._mark(Scratch.BUSY, "zeroinitializer")
        with self._repeat(own.sections) as section:
            self._call("value", section)
            suspect = self._mask(self._of(own.SUSPECT, section))
            value = lanes.absolute(self._see(Scratch.VALUE))
            loud = lanes.compare("ogt", value, self._see(Scratch.NOISE))
            hidden = lanes.mask_and(suspect, lanes.mask_not(loud))
            self._mark(Scratch.CHOSEN, lanes.mask_or(self._holds(Scratch.CHOSEN), suspect))
            self._mark(Scratch.BUSY, lanes.mask_or(self._holds(Scratch.BUSY), hidden))
        used, waiting, taken = (self._cell(rows.queue, str(i)) for i in (USED, WAITING, TAKEN))
        clear = lanes.emit(f"xor i1 {lanes.any(self._holds(Scratch.BUSY))}, true")
        self._put("i64", lanes.emit(f"zext i1 {clear} to i64"), taken)
        bits = lanes.emit(f"bitcast {lanes.mask} {self._holds(Scratch.CHOSEN)} to {self.bits}")
        whole = lanes.emit(f"zext {self.bits} {bits} to i64") if width < 64 else bits
        lanes.declare("declare i64 @llvm.ctpop.i64(i64)")
        more = lanes.emit(f"call i64 @llvm.ctpop.i64(i64 {whole})")
        filled = lanes.emit(f"add i64 {self._get('i64', used)}, {more}")
        full = lanes.emit(f"icmp sgt i64 {filled}, {width}")
        both = lanes.emit(f"and i64 {self._get('i64', waiting)}, {whole}")
        again = lanes.emit(f"icmp ne i64 {both}, 0")
        must = lanes.emit(f"or i1 {full}, {again}")
        hidden = lanes.emit(f"xor i1 {clear}, true")
        with self._when(lanes.emit(f"or i1 {must}, {hidden}")):
            self._call("drain")
        with self._when(clear):
            with self._each(self._holds(Scratch.CHOSEN)) as lane:
                place = self._get("i64", used)
                for row in self._copied():
                    self._copy("i64", self._cell(row, lane), self._cell(rows.second + row, place))
                self._put("i64", lane, self._cell(rows.second + rows.BORN, place))
                self._put("i64", lanes.emit(f"add i64 {place}, 1"), used)
            seen = lanes.emit(f"or i64 {self._get('i64', waiting)}, {whole}")
            self._put("i64", seen, waiting)

    def drain(self) -> None:
        """Look at the steps that were put by, and count what was found for the lanes."""
        lanes, rows, own = self.lanes, self.rows, self.own
        used, waiting = (self._cell(rows.queue, str(i)) for i in (USED, WAITING))
        count = self._get("i64", used)
        with self._when(lanes.emit(f"icmp ne i64 {count}, 0")):
            second = self._place("%work", rows.second * lanes.width)
            self._say(f"call void @cross(ptr {second}, ptr %job, i64 0)")
            with self._repeat(count) as place:
                lane = self._get("i64", self._cell(rows.second + rows.BORN, place))
                for j in range(own.sections):
                    row = own.of(j, own.CROSSED)
                    found = self._cell(rows.second + row, place)
                    self._copy("i64", found, self._cell(row, lane))
            for j in range(own.sections):
                self._fill(rows.second + own.of(j, own.SUSPECT), lanes.constant(0.0))
            self._put("i64", "0", used)
            self._put("i64", "0", waiting)

    def _later(self, elapsed: str) -> str:
        return self.lanes.add(elapsed, self._start_time())

    def _copied(self) -> list[int]:
        """Give the rows that `cross` reads where no crossing ends a trajectory."""
        rows, own = self.rows, self.own
        kinds = (own.VALUE, own.RATE, own.OLD_VALUE, own.OLD_RATE, own.CROSSED, own.SUSPECT)
        stages = own.STAGES if self.method == Method.DOP853 else 8
        dimension = range(rows.dimension)
        return [
            rows.INDEX,
            rows.SPAN,
            own.scratch(Scratch.TRIED),
            own.scratch(Scratch.OLD_TIME),
            *(rows.parameter(i) for i in range(rows.parameters)),
            *(own.of(j, kind) for j in range(own.sections) for kind in kinds),
            *(place(i) for i in dimension for place in (rows.state, rows.slope, own.old_state)),
            *(own.stage(number, i) for number in range(stages) for i in dimension),
        ]
