"""The part of the hot block that notices where a section may have been crossed."""

from __future__ import annotations

from eqpp_dash.engine.machine.control import ControlCode
from eqpp_dash.engine.machine.crosscode import Sections
from eqpp_dash.engine.machine.crossingrows import FAR, GUARD, TINY, Scratch
from eqpp_dash.engine.machine.crossqueue import TAKEN
from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.machine.stepcode import StepCode, lesser


def gauge(
    lanes: Lanes,
    sections: Sections,
    count: int,
    time: str,
    state: list[str],
    slope: list[str],
    parameters: list[str],
) -> list[tuple[str, str]]:
    """Emit the values of sections and their rates along a field."""
    found = []
    for value, slopes, drift in sections(lanes, list(range(count)), time, state, parameters):
        rate = drift or lanes.constant(0.0)
        for part, way in zip(slopes, slope, strict=True):
            if part is not None:
                rate = lanes.fma(part, way, rate)
        found.append((value, rate))
    return found


class CrossLoop(ControlCode):
    """Writes what is done about sections in the hot block."""

    def _section_rows(self) -> tuple[list[int], list[str]]:
        """Give the rows that stay in registers, and the names of their values."""
        own, rows, names = self.rows.crossing, [], []
        for j in self.watched:
            rows += [own.of(j, own.VALUE), own.of(j, own.RATE)]
            names += [f"%value{j}", f"%rate{j}"]
        if rows:
            rows.append(own.scratch(own.LANDS))
            names.append("%lands")
        return rows, names

    def _section_news(
        self, ahead: str, step: StepCode, good: str, parameters: list[str]
    ) -> list[str]:
        """Evaluate sections and their rates at the new state."""
        lanes = self.lanes
        if not self.watched:
            return []
        time, nothing = self._time(ahead), lanes.constant(0.0)
        news = []
        for j, (value, rate) in enumerate(self._gauge(time, step.state, step.slope, parameters)):
            # A zero has the sign of what was before; where that is not known it stays zero.
            zero, old = lanes.compare("oeq", value, nothing), f"%value{j}"
            tiny = lanes.copysign(lanes.constant(TINY), old)
            tiny = lanes.select(lanes.compare("one", old, nothing), tiny, old)
            signed = lanes.select(zero, tiny, value)
            news.append(lanes.select(good, signed, f"%value{j}"))
            news.append(lanes.select(good, rate, f"%rate{j}"))
        return [*news, lanes.constant(0.0)]

    def _gauge(
        self, time: str, state: list[str], slope: list[str], parameters: list[str]
    ) -> list[tuple[str, str]]:
        """Evaluate all sections and their rates."""
        return gauge(self.lanes, self.sections, len(self.watched), time, state, slope, parameters)

    def _within_reach(self, h: str, news: list[str], usable: str) -> str:
        """Tell, cheaply, where any section may have been crossed."""
        lanes = self.lanes
        reach = lanes.multiply(lanes.absolute(h), lanes.constant(FAR))
        near = lanes.compare("ogt", "%lands", lanes.constant(0.0))
        for j in self.watched:
            value, rate = news[2 * j], news[2 * j + 1]
            rates = lanes.add(lanes.absolute(f"%rate{j}"), lanes.absolute(rate))
            start, end = lanes.absolute(f"%value{j}"), lanes.absolute(value)
            reached = lanes.compare("olt", lesser(lanes, start, end), lanes.multiply(rates, reach))
            found = lanes.mask_and(lanes.mask_or(self._flips(j, value), reached), self.wishes[j][2])
            near = lanes.mask_or(near, found)
        return lanes.mask_and(near, usable)

    def _flips(self, section: int, value: str) -> str:
        lanes = self.lanes
        bits = lanes.integer("xor", lanes.bits(f"%value{section}"), lanes.bits(value))
        return lanes.integer_compare("slt", bits, 0)

    def _suspicious(self, h: str, news: list[str], usable: str) -> list[str]:
        """Tell where each section may have been crossed in a wanted direction."""
        lanes = self.lanes
        zero, third = lanes.constant(0.0), lanes.constant(1.0 / 3.0)
        lands, suspects = lanes.compare("ogt", "%lands", zero), []
        for j in self.watched:
            up, down, wanted = self.wishes[j]
            value, rate = news[2 * j], news[2 * j + 1]
            first, last = lanes.multiply(f"%rate{j}", h), lanes.multiply(rate, h)
            start, end = lanes.absolute(f"%value{j}"), lanes.absolute(value)
            changes = lanes.add(lanes.absolute(first), lanes.absolute(last))
            first, last = self._turned(first, f"%value{j}"), self._turned(last, value)
            flips = self._flips(j, value)
            sinks, rises = lanes.compare("olt", first, zero), lanes.compare("ogt", last, zero)
            bends = lanes.mask_and(sinks, rises)
            least = lanes.multiply(changes, lanes.constant(GUARD))
            near = lanes.compare("olt", lanes.fma(first, third, start), least)
            before_end = lanes.subtract(end, lanes.multiply(last, third))
            near = lanes.mask_or(near, lanes.compare("olt", before_end, least))
            reach = lanes.multiply(changes, lanes.constant(FAR))
            reached = lanes.compare("olt", lesser(lanes, start, end), reach)
            near = lanes.mask_or(near, lanes.mask_and(bends, reached))
            rising = lanes.compare("ogt", value, zero)
            right = lanes.emit(
                f"select {lanes.mask} {rising}, {lanes.mask} {up}, {lanes.mask} {down}"
            )
            twice = lanes.mask_or(right, lanes.mask_not(bends))
            found = lanes.emit(
                f"select {lanes.mask} {flips}, {lanes.mask} {twice}, {lanes.mask} {near}"
            )
            found = lanes.mask_and(lanes.mask_or(found, lands), wanted)
            suspects.append(lanes.mask_and(found, usable))
        return suspects

    def _turned(self, rate: str, value: str) -> str:
        """Give a rate of the magnitude of a value."""
        lanes = self.lanes
        sign = lanes.integer("and", lanes.bits(value), -(1 << 63))
        return lanes.from_bits(lanes.emit(f"xor {lanes.integers} {lanes.bits(rate)}, {sign}"))

    def _crossings(
        self,
        step: StepCode,
        h: str,
        y: list[str],
        f: list[str],
        kept: list[int],
        news: list[str],
        merged: list[str],
        usable: str,
    ) -> None:
        """Look at the steps of the suspicious lanes; `merged` names what is in the rows then."""
        lanes, own, vector = self.lanes, self.rows.crossing, self.lanes.vector
        first = news[-1 - 2 * len(self.watched) : -1]
        some = lanes.any(self._within_reach(h, first, usable))
        self._say(f"br i1 {some}, label %suspect, label %next")
        looked = lanes.block
        lanes.label("suspect")
        suspects = self._suspicious(h, first, usable)
        some = suspects[0]
        for suspect in suspects[1:]:
            some = lanes.mask_or(some, suspect)
        self._say(f"br i1 {lanes.any(some)}, label %cross, label %next")
        before = lanes.block
        lanes.label("cross")
        for row, value in zip(kept, news, strict=True):
            lanes.store("%work", row, value)
        for j in self.watched:
            lanes.store("%work", own.of(j, own.OLD_VALUE), f"%value{j}")
            lanes.store("%work", own.of(j, own.OLD_RATE), f"%rate{j}")
        for i in range(self.rows.dimension):
            lanes.store("%work", own.old_state(i), y[i])
            lanes.store("%work", own.old_slope(i), f[i])
            for number, stage in enumerate(step.slopes):
                lanes.store("%work", own.stage(number, i), stage[i])
        one, zero = lanes.constant(1.0), lanes.constant(0.0)
        for j, suspect in zip(self.watched, suspects, strict=True):
            lanes.store("%work", own.of(j, own.SUSPECT), lanes.select(suspect, one, zero))
        lanes.store("%work", own.scratch(Scratch.LANDING), "%lands")
        lanes.store("%work", own.scratch(Scratch.TRIED), h)
        lanes.store("%work", own.scratch(Scratch.OLD_TIME), "%time")
        self._say("br i1 %patient, label %put.by, label %at.once")
        lanes.label("put.by")
        self._say("call void @defer(ptr %work, ptr %job, i64 0)")
        taken = self._get("i64", self._cell(self.rows.queue, str(TAKEN)))
        taken = lanes.emit(f"icmp ne i64 {taken}, 0")
        self._say(f"br i1 {taken}, label %next, label %at.once")
        lanes.label("at.once")
        self._say("call void @cross(ptr %work, ptr %job, i64 0)")
        loaded = [self._row(row) for row in kept]
        finish = self._row(own.scratch(Scratch.FINISH))
        taken = lanes.compare("ogt", self._row(own.scratch(Scratch.TAKEN)), lanes.constant(0.0))
        self._say("br label %next")
        lanes.label("next")
        usual = [looked, before, "put.by"]
        for name, new, old in zip(merged, news, loaded, strict=True):
            self._say(f"{name} = {self._merge(vector, usual, new, old)}")
        finish = self._merge(vector, usual, "zeroinitializer", finish)
        taken = self._merge(lanes.mask, usual, "splat (i1 true)", taken)
        self.values |= {"finish": lanes.emit(finish), "taken": lanes.emit(taken)}

    @staticmethod
    def _merge(kind: str, usual: list[str], new: str, old: str) -> str:
        ways = [f"[ {new}, %{block} ]" for block in usual]
        return f"phi {kind} {', '.join(ways)}, [ {old}, %at.once ]"
