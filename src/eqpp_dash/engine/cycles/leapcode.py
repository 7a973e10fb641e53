"""Turns of orbits as LLVM text: steps of every lane until x turns from rising to falling.

The function ``leap`` does what a round of `returns` does in numpy, over and over, for each lane
until something has happened that is to be looked at. The step in which x turns is then taken anew,
with ever better lengths, up to the turn. What happens in a lane does not depend on the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eqpp_dash.engine.cycles import limits
from eqpp_dash.engine.cycles.leapends import Ends
from eqpp_dash.engine.cycles.leaprows import SIZE, Given, Row, Trace
from eqpp_dash.engine.cycles.leapturn import LOCAL, TURN, emit_turn
from eqpp_dash.engine.expression.graph import Node
from eqpp_dash.engine.machine.derivatives import derivatives
from eqpp_dash.engine.machine.exponential import logarithm
from eqpp_dash.engine.machine.fieldcode import emit_nodes
from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.machine.routines import module_text
from eqpp_dash.engine.machine.stepcode import (
    StepCode,
    emit_step,
    emit_step_factor,
    greater,
    lesser,
)
from eqpp_dash.engine.machine.stiffcode import emit_stiff_step, emit_stiff_step_factor


def leap_text(
    components: Sequence[Node],
    variables: Sequence[str],
    parameters: Sequence[str],
    *,
    width: int,
    fused: bool,
    implicit: bool = False,
) -> str:
    """Give the module with the function ``leap(record, setup, stride, trace, capacity)``.

    Parameters
    ----------
    components : sequence of Node
        Right-hand sides and their divergence.
    variables, parameters : sequence of str
        Names, in order; two variables.
    width : int
        Lanes of a vector.
    fused : bool
        Whether the processor multiplies and adds in one instruction.
    implicit : bool
        Whether to take steps of Rodas5P, for stiff orbits, instead of DOP853.
    """
    lanes = Lanes(width, fused=fused, contract=True)
    return module_text([lanes], [_Leap(lanes, components, variables, parameters, implicit).text()])


@dataclass(slots=True)
class _Tried:
    """What a step that was tried has come to, if it is no trial of a turn."""

    factor: str
    good: str
    turns: str
    values: dict[str, str]


_LOOPED = {
    "t": Row.TIME, "h": Row.STEP, "failed": Row.FAILED, "rising": Row.RISING, "noise": Row.NOISE,
    "tries": Row.TRIES, "slow": Row.SLOW, "unit": Row.UNIT, "state": Row.STATE, "floor0": Row.FLOOR,
    "floor1": Row.FLOOR + 1, "y0": Row.Y, "y1": Row.Y + 1, "y2": Row.Y + 2, "f0": Row.F,
    "f1": Row.F + 1, "f2": Row.F + 2,
}  # fmt: skip
"""What changes from step to step and is kept."""


class _Leap(Ends):
    def __init__(
        self,
        lanes: Lanes,
        components: Sequence[Node],
        variables: Sequence[str],
        parameters: Sequence[str],
        implicit: bool,
    ) -> None:
        self.lanes, self.components, self.implicit = lanes, list(components), implicit
        self.variables = [*variables, "divergence of"]
        self.parameters = list(parameters)

    def text(self) -> str:
        lanes = self.lanes
        lanes.label("loop")
        lanes.lines.append("  %lane = phi i64 [ 0, %entry ], [ %lane.next, %stored ]")
        self.given = {item: self._number(item) for item in Given}
        axis, low, high = (Given.AXES + 1, Given.LOW + 1, Given.HIGH + 1)
        self.axes = [self._number(k) for k in (Given.AXES, axis)]
        self.low = [self._number(k) for k in (Given.LOW, low)]
        self.high = [self._number(k) for k in (Given.HIGH, high)]
        shared: dict[object, str] = {
            ("parameter", name): self._number(Given.COUNT + i)
            for i, name in enumerate(self.parameters)
        }
        self.slow = self.given[Given.SLOW]
        self.sign, self.pause = self._load(Row.SIGN), self._load(Row.PAUSE)
        self.start = [self._load(Row.START + i) for i in range(2)]
        loaded = {name: self._load(row) for name, row in _LOOPED.items()}

        def emit(nodes: Sequence[Node], state: list[str]) -> list[str]:
            inputs = dict(shared)
            for name, value in zip(self.variables, state, strict=True):
                inputs["variable", name] = value
            values = emit_nodes(lanes, nodes, inputs)
            return [lanes.multiply(self.sign, value) for value in values]

        self.emit = emit

        zero = lanes.constant(0.0)
        names = [*_LOOPED, *LOCAL, *TURN]
        entering = {**dict.fromkeys(names, zero), **loaded}
        lanes.lines.append("  %group = mul i64 %lane, %capacity")
        lanes.lines.append(f"  %group.rows = mul i64 %group, {Trace.COUNT}")
        lanes.lines.append("  %traced = getelementptr double, ptr %trace, i64 %group.rows")
        lanes.lines.append("  br label %step")
        lanes.label("step")
        head = len(lanes.lines)
        now = {name: f"%{name}" for name in names}
        news, latch = self._step(now)
        lanes.lines[head:head] = [
            f"  %{name} = phi {lanes.vector} [ {entering[name]}, %loop ], "
            f"[ {news[name]}, %{latch} ]"
            for name in names
        ] + [f"  %tried = phi i64 [ 0, %loop ], [ %tried.next, %{latch} ]"]
        lanes.lines.append("  %tried.next = add i64 %tried, 1")
        running = lanes.compare("oeq", news["state"], zero)
        lanes.lines.append(f"  br i1 {lanes.any(running)}, label %step, label %stored")
        lanes.label("stored")
        for name, row in _LOOPED.items():
            self._store(row, news[name])
        for i, name in enumerate(TURN):
            self._store(Row.TURN + i, news[name])
        lanes.lines += [
            f"  %lane.next = add i64 %lane, {lanes.width}",
            "  %over = icmp sge i64 %lane.next, %stride",
            "  br i1 %over, label %end, label %loop",
        ]
        lanes.label("end")
        head_text = (
            "define void @leap(ptr %record, ptr %setup, i64 %stride, ptr %trace, i64 %capacity) "
            "nounwind {"
        )
        return "\n".join([head_text, "entry:", "  br label %loop", *lanes.lines, "  ret void", "}"])

    # memory -------------------------------------------------------------------------------

    def _number(self, place: int) -> str:
        lanes = self.lanes
        at = lanes.emit(f"getelementptr double, ptr %setup, i64 {int(place)}")
        return lanes.splat(lanes.emit(f"load double, ptr {at}, align 8"))

    def _place(self, row: int) -> str:
        lanes = self.lanes
        offset = lanes.emit(f"mul i64 %stride, {int(row)}")
        at = lanes.emit(f"add i64 {offset}, %lane")
        return lanes.emit(f"getelementptr double, ptr %record, i64 {at}")

    def _load(self, row: int) -> str:
        lanes = self.lanes
        return lanes.emit(f"load {lanes.vector}, ptr {self._place(row)}, align 8")

    def _store(self, row: int, value: str) -> None:
        place = self._place(row)
        self.lanes.lines.append(f"  store {self.lanes.vector} {value}, ptr {place}, align 8")

    # a step -------------------------------------------------------------------------------

    def _try(self, now: dict[str, str], h: str, absolute: list[str]) -> StepCode:
        lanes = self.lanes
        relative = [lanes.constant(0.0)] * SIZE
        y, f = ([now[f"{part}{i}"] for i in range(SIZE)] for part in "yf")

        def slope(t: str, state: list[str]) -> list[str]:
            return self.emit(self.components, state)

        if not self.implicit:
            return emit_step(lanes, slope, now["t"], h, y, f, relative, absolute)

        def linear(t: str, state: list[str]) -> tuple[list[list[str]], None]:
            rows, _ = derivatives(self.components, self.variables)
            found = self.emit([node for row in rows for node in row], state)
            return [found[i * SIZE : (i + 1) * SIZE] for i in range(SIZE)], None

        return emit_stiff_step(lanes, slope, linear, now["t"], h, y, f, relative, absolute)

    def _step(self, now: dict[str, str]) -> tuple[dict[str, str], str]:
        """Try a step of every lane; give the new values, and the block that they are in."""
        lanes = self.lanes
        zero, one = lanes.constant(0.0), lanes.constant(1.0)
        running = lanes.compare("oeq", now["state"], zero)
        locating = lanes.mask_and(running, lanes.compare("ogt", now["trial"], zero))
        usual = lanes.mask_and(running, lanes.mask_not(locating))
        y = [now[f"y{i}"] for i in range(SIZE)]
        floor = [
            greater(lanes, now[f"floor{i}"], lanes.absolute(lanes.subtract(y[i], self.start[i])))
            for i in range(2)
        ]
        size, absolute = self._measures(floor, y)
        h = lanes.select(locating, now["length"], now["h"])
        step = self._try(now, h, absolute)
        tried = self._judge(step, now, h, floor, size, usual)
        news = dict(now)
        news.update(tried.values)
        for i in range(2):
            news[f"floor{i}"] = lanes.select(usual, floor[i], now[f"floor{i}"])
        self._trace(now, h, lanes.mask_and(usual, tried.good))
        begun = lanes.mask_and(usual, tried.turns)
        emit_turn(lanes, step, now, news, tried.factor, h, locating, begun)
        plain = lanes.mask_and(usual, lanes.mask_not(tried.turns))
        accepted = lanes.mask_and(plain, tried.good)
        following = lanes.multiply(h, tried.factor)
        news["h"] = lanes.select(plain, following, news["h"])
        news["t"] = lanes.select(accepted, lanes.add(now["t"], h), news["t"])
        for i in range(SIZE):
            news[f"y{i}"] = lanes.select(accepted, step.state[i], news[f"y{i}"])
            news[f"f{i}"] = lanes.select(accepted, step.slope[i], news[f"f{i}"])
        one_more = lanes.add(now["tries"], one)
        news["tries"] = lanes.select(usual, one_more, now["tries"])
        return news, self._ends(step, news, now, size, plain, accepted)

    def _unit(self, step: StepCode, now: dict[str, str], h: str, size: list[str]) -> list[str]:
        """Give the errors of a step in terms of the tolerance: no more than what moved in it."""
        lanes = self.lanes
        inverse = lanes.divide(lanes.constant(1.0), self.given[Given.RELATIVE])
        found = []
        for i in range(2):
            y, f = now[f"y{i}"], now[f"f{i}"]
            rate = greater(lanes, lanes.absolute(f), lanes.absolute(step.slope[i]))
            moved = lanes.absolute(lanes.subtract(step.state[i], y))
            moved = lanes.fma(lanes.absolute(h), rate, moved)
            rounding = lanes.constant(limits.ROUNDING)
            moved = lanes.fma(rounding, lanes.absolute(y), moved)
            found.append(lesser(lanes, size[i], lanes.multiply(moved, inverse)))
        return found

    def _trace(self, now: dict[str, str], h: str, taken: str) -> None:
        """Note a step that was taken, if steps are wanted."""
        lanes = self.lanes
        lanes.lines.append("  %wanted = icmp sgt i64 %capacity, 0")
        lanes.lines.append("  br i1 %wanted, label %note, label %noted")
        lanes.label("note")
        flag = lanes.select(taken, lanes.constant(1.0), lanes.constant(0.0))
        parts = [now[f"{part}{i}"] for part in "yf" for i in range(SIZE)]
        for row, value in enumerate([flag, now["t"], h, *parts]):
            place = lanes.emit(f"mul i64 %tried, {Trace.COUNT}")
            place = lanes.emit(f"add i64 {place}, {row}")
            place = lanes.emit(f"mul i64 {place}, {lanes.width}")
            place = lanes.emit(f"getelementptr double, ptr %traced, i64 {place}")
            lanes.lines.append(f"  store {lanes.vector} {value}, ptr {place}, align 8")
        lanes.lines.append("  br label %noted")
        lanes.label("noted")

    def _measures(self, floor: list[str], y: list[str]) -> tuple[list[str], list[str]]:
        """Give the extents that errors are measured by, and the tolerated errors."""
        lanes = self.lanes
        zero = lanes.constant(0.0)
        size, absolute = [], []
        for i in range(2):
            away = lanes.absolute(y[i])
            axis = lanes.compare("ogt", self.axes[i], zero)
            size.append(lanes.select(axis, lesser(lanes, floor[i], away), floor[i]))
            least = lanes.select(axis, zero, lanes.constant(1e-16))
            own = lanes.fma(size[i], self.given[Given.RELATIVE], lanes.constant(1e-300))
            absolute.append(lanes.fma(least, away, own))
        most = greater(lanes, lanes.absolute(y[2]), lanes.constant(1.0))
        return size, [*absolute, lanes.multiply(most, self.given[Given.INTEGRAL])]

    def _judge(
        self,
        step: StepCode,
        now: dict[str, str],
        h: str,
        floor: list[str],
        size: list[str],
        usual: str,
    ) -> _Tried:
        """Tell whether a step is good, how long the next one is, and whether x turns in it."""
        lanes = self.lanes
        zero, one = lanes.constant(0.0), lanes.constant(1.0)
        good = lanes.compare("ole", step.error, one)
        dot = before = after = zero
        for i in range(2):
            inverse = lanes.divide(one, floor[i])
            a, b = lanes.multiply(now[f"f{i}"], inverse), lanes.multiply(step.slope[i], inverse)
            dot, before, after = (
                lanes.fma(a, b, dot),
                lanes.fma(a, a, before),
                lanes.fma(b, b, after),
            )
        bound = lanes.multiply(
            lanes.constant(limits.SHARPEST_TURN**2), lanes.multiply(before, after)
        )
        sharp = lanes.compare("ogt", lanes.multiply(dot, dot), bound)
        sharp = lanes.mask_and(sharp, lanes.compare("olt", dot, zero))
        sharp = lanes.mask_and(sharp, good)
        good = lanes.mask_and(good, lanes.mask_not(sharp))
        clean = lanes.mask_and(good, lanes.compare("oeq", now["failed"], zero))
        most = lanes.select(clean, lanes.constant(limits.GROWTH), one)
        if self.implicit:
            factor = emit_stiff_step_factor(lanes, step.error, most)
        else:
            factor, _ = emit_step_factor(lanes, step.error, most)
        undefined = lanes.compare("uno", step.error, step.error)
        factor = lanes.select(undefined, lanes.constant(limits.UNDEFINED_FACTOR), factor)
        factor = lanes.select(sharp, lanes.constant(0.5), factor)
        turns = lanes.mask_and(good, lanes.compare("ogt", now["rising"], zero))
        turns = lanes.mask_and(turns, lanes.compare("ole", step.slope[0], zero))
        unit = self._unit(step, now, h, size)
        flux = lanes.multiply(unit[1], lanes.absolute(step.slope[0]))
        flux = lanes.fma(unit[0], lanes.absolute(step.slope[1]), flux)
        noise = lanes.subtract(logarithm(lanes, flux), step.state[2])
        taken = lanes.mask_and(usual, good)
        rises = lanes.select(lanes.compare("ogt", step.slope[0], zero), one, zero)
        more = lanes.select(good, zero, lanes.add(now["failed"], one))
        values = {
            "noise": lanes.select(taken, greater(lanes, noise, now["noise"]), now["noise"]),
            "rising": lanes.select(taken, rises, now["rising"]),
            "failed": lanes.select(usual, more, now["failed"]),
            "unit": lanes.select(taken, unit[0], now["unit"]),
        }
        return _Tried(factor, good, turns, values)
