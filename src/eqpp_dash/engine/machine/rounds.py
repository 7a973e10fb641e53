"""Rounds of `engine.integrate` as LLVM text: so many tried steps of every lane, all recorded.

The function ``advance`` does for each lane what a round in numpy does: it tries a step, takes it
if it is good, proposes the next. Every round's state is kept, so whoever looks at the record can
go back to the state after any of them. The function ``terms`` gives the interpolants of steps.
What happens in a lane does not depend on the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.integrate._ivp import dop853_coefficients as _tableau

from eqpp_dash.engine.dop853 import STAGES, TERMS
from eqpp_dash.engine.expression.graph import Node, topological
from eqpp_dash.engine.machine.fieldcode import emit_nodes
from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.machine.routines import module_text
from eqpp_dash.engine.machine.stepcode import GROWTH, combine, emit_step, emit_step_factor, lesser

UNDEFINED_FACTOR = 0.25
"""By this a step shrinks if the field is undefined on the way."""

NEARLY_ALL = 1.0 - 1e-12
"""A step this long, as a share of what remains, is the last one."""

_A = np.array(_tableau.A, dtype=float)
_C = np.array(_tableau.C, dtype=float)
_D = np.array(_tableau.D, dtype=float)
_KNOWN = STAGES + 1
_PACK = np.vstack([_D[:, :_KNOWN], _A[_KNOWN:, :_KNOWN]])

FIXED_SETUP = 3
"""Numbers that a call is given before those of each component: span, start time, tolerance."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Rows of the record of one round; each row has a double for every lane.

    Parameters
    ----------
    dimension : int
        Number of state variables.
    """

    dimension: int

    TIME = 0
    STEP = 1
    FAILURES = 2
    SIGN = 3
    TRIED = 4
    GOOD = 5
    LAST = 6
    ERROR = 7
    FIXED = 8

    @property
    def state(self) -> int:
        """First row of the state."""
        return self.FIXED

    @property
    def slope(self) -> int:
        """First row of the field."""
        return self.FIXED + self.dimension

    @property
    def memory(self) -> int:
        """First row of what `terms` needs of the tried step."""
        return self.FIXED + 2 * self.dimension

    @property
    def count(self) -> int:
        """Number of rows."""
        return self.FIXED + (2 + TERMS) * self.dimension

    # The same for the steps whose interpolants are wanted: t, h, sign, then vectors.

    @property
    def terms_given(self) -> int:
        """Rows that ``terms`` reads: t, h, sign, y, f, new, slope, memory."""
        return 3 + (4 + TERMS) * self.dimension


def rounds_text(
    components: Sequence[Node],
    variables: Sequence[str],
    parameters: Sequence[str],
    *,
    width: int,
    fused: bool,
) -> str:
    """Give the module with the functions ``advance`` and ``terms``.

    Parameters
    ----------
    components : sequence of Node
        Right-hand sides.
    variables, parameters : sequence of str
        Names, in order.
    width : int
        Lanes of a vector.
    fused : bool
        Whether the processor multiplies and adds in one instruction.
    """
    writer = Rounds(components, variables, parameters)
    first = Lanes(width, fused=fused, contract=True)
    advance = writer.advance(first)
    second = Lanes(width, fused=fused, contract=True)
    second.definitions, second.declarations = first.definitions, first.declarations
    return module_text([first, second], [advance, writer.terms(second)])


class Rounds:
    """Writes the functions with the field written out at every stage."""

    def __init__(
        self, components: Sequence[Node], variables: Sequence[str], parameters: Sequence[str]
    ) -> None:
        self.components, self.variables = list(components), list(variables)
        self.parameters = list(parameters)
        self.layout = Layout(len(self.variables))
        self.timed = any(node.op == "time" for node in topological(self.components))

    # pieces -------------------------------------------------------------------------------

    def _scalar(self, lanes: Lanes, place: int) -> str:
        """Load a number of the setup into all lanes."""
        at = lanes.emit(f"getelementptr double, ptr %setup, i64 {place}")
        return lanes.splat(lanes.emit(f"load double, ptr {at}, align 8"))

    def _place(self, lanes: Lanes, base: str, row: int) -> str:
        offset = lanes.emit(f"mul i64 %stride, {row}")
        return lanes.emit(f"getelementptr double, ptr {base}, i64 {offset}")

    def _load(self, lanes: Lanes, base: str, row: int) -> str:
        return lanes.emit(f"load {lanes.vector}, ptr {self._place(lanes, base, row)}, align 8")

    def _store(self, lanes: Lanes, base: str, row: int, value: str) -> None:
        place = self._place(lanes, base, row)
        lanes.lines.append(f"  store {lanes.vector} {value}, ptr {place}, align 8")

    def _field(self, lanes: Lanes, sign: str) -> Callable[[str, list[str]], list[str]]:
        """Give the field in elapsed time, reversed where `sign` is -1."""
        n = self.layout.dimension
        shared: dict[object, str] = {}
        for i, name in enumerate(self.parameters):
            shared["parameter", name] = self._scalar(lanes, FIXED_SETUP + 3 * n + i)
        start = self._scalar(lanes, 1)

        def slope(t: str, state: list[str]) -> list[str]:
            inputs = dict(shared)
            if self.timed:
                inputs["time"] = lanes.fma(sign, t, start)
            for name, value in zip(self.variables, state, strict=True):
                inputs["variable", name] = value
            values = emit_nodes(lanes, self.components, inputs)
            return [lanes.multiply(sign, value) for value in values]

        return slope

    # functions ----------------------------------------------------------------------------

    def advance(self, lanes: Lanes) -> str:
        """Give ``advance(record, setup, stride, rounds)``; `stride` lanes, full vectors."""
        layout, n = self.layout, self.layout.dimension
        lanes.label("loop")
        lanes.lines.append("  %round = phi i64 [ 0, %entry ], [ %round.next, %step ]")
        lanes.lines.append("  %lane = phi i64 [ 0, %entry ], [ %lane.next, %step ]")
        lanes.lines.append("  br label %step")
        lanes.label("step")
        rows = lanes.emit(f"mul i64 %stride, {layout.count}")
        above = lanes.emit(f"mul i64 {rows}, %round")
        place = lanes.emit(f"add i64 {above}, %lane")
        here = lanes.emit(f"getelementptr double, ptr %record, i64 {place}")
        there = lanes.emit(f"getelementptr double, ptr {here}, i64 {rows}")
        one, zero = lanes.constant(1.0), lanes.constant(0.0)
        span, relative = self._scalar(lanes, 0), self._scalar(lanes, 2)
        absolute, width, center = (
            [self._scalar(lanes, FIXED_SETUP + k * n + i) for i in range(n)] for k in range(3)
        )
        t, planned = self._load(lanes, here, layout.TIME), self._load(lanes, here, layout.STEP)
        failures = self._load(lanes, here, layout.FAILURES)
        sign = self._load(lanes, here, layout.SIGN)
        y = [self._load(lanes, here, layout.state + i) for i in range(n)]
        f = [self._load(lanes, here, layout.slope + i) for i in range(n)]
        remaining = lanes.subtract(span, t)
        last = lanes.compare("oge", planned, lanes.multiply(remaining, lanes.constant(NEARLY_ALL)))
        h = lanes.select(last, remaining, planned)

        def measure(i: int, size: str) -> str:
            away = lanes.absolute(lanes.subtract(size, center[i]))
            return lesser(lanes, size, lanes.add(width[i], away))

        field = self._field(lanes, sign)
        trial = emit_step(lanes, field, t, h, y, f, [relative] * n, absolute, measure)
        good = lanes.compare("ole", trial.error, one)
        clean = lanes.compare("oeq", failures, zero)
        most = lanes.select(lanes.mask_and(good, clean), lanes.constant(GROWTH), one)
        factor, _ = emit_step_factor(lanes, trial.error, most)
        undefined = lanes.compare("uno", trial.error, trial.error)
        factor = lanes.select(undefined, lanes.constant(UNDEFINED_FACTOR), factor)
        then = lanes.select(last, span, lanes.add(t, h))
        self._store(lanes, there, layout.TIME, lanes.select(good, then, t))
        self._store(lanes, there, layout.STEP, lanes.multiply(h, factor))
        failed = lanes.select(good, zero, lanes.add(failures, one))
        self._store(lanes, there, layout.FAILURES, failed)
        self._store(lanes, there, layout.SIGN, sign)
        self._store(lanes, here, layout.TRIED, h)
        self._store(lanes, here, layout.GOOD, lanes.select(good, one, zero))
        self._store(lanes, here, layout.LAST, lanes.select(last, one, zero))
        self._store(lanes, here, layout.ERROR, trial.error)
        for i in range(n):
            state = lanes.select(good, trial.state[i], y[i])
            self._store(lanes, there, layout.state + i, state)
            slope = lanes.select(good, trial.slope[i], f[i])
            self._store(lanes, there, layout.slope + i, slope)
            stages = [row[i] for row in trial.slopes]
            for k in range(TERMS):
                value = combine(lanes, _PACK[k], stages)
                self._store(lanes, here, layout.memory + k * n + i, value)
        lanes.lines += [
            f"  %lane.more = add i64 %lane, {lanes.width}",
            "  %full = icmp sge i64 %lane.more, %stride",
            "  %lane.next = select i1 %full, i64 0, i64 %lane.more",
            "  %round.more = add i64 %round, 1",
            "  %round.next = select i1 %full, i64 %round.more, i64 %round",
            "  %over = icmp sge i64 %round.next, %rounds",
            "  br i1 %over, label %end, label %loop",
        ]
        lanes.label("end")
        return self._function(lanes, "advance", "ptr %record, ptr %setup, i64 %stride, i64 %rounds")

    def terms(self, lanes: Lanes) -> str:
        """Give ``terms(given, setup, stride, out)``; see `dop853.dense_terms`."""
        n = self.layout.dimension
        lanes.label("loop")
        lanes.lines.append("  %lane = phi i64 [ 0, %entry ], [ %lane.next, %step ]")
        lanes.lines.append("  br label %step")
        lanes.label("step")
        here = lanes.emit("getelementptr double, ptr %given, i64 %lane")
        there = lanes.emit("getelementptr double, ptr %out, i64 %lane")
        t, h, sign = (self._load(lanes, here, row) for row in range(3))
        y, f, new, slope = (
            [self._load(lanes, here, 3 + k * n + i) for i in range(n)] for k in range(4)
        )
        memory = [
            [self._load(lanes, here, 3 + (4 + k) * n + i) for i in range(n)] for k in range(TERMS)
        ]
        field = self._field(lanes, sign)
        extra: list[list[str]] = []
        for e in range(_KNOWN, STAGES + 4):
            state = []
            for i in range(n):
                offset = memory[4 + len(extra)][i]
                for j, known in enumerate(extra):
                    weight = lanes.constant(float(_A[e, _KNOWN + j]))
                    offset = lanes.fma(known[i], weight, offset)
                state.append(lanes.fma(h, offset, y[i]))
            extra.append(field(lanes.fma(h, lanes.constant(_C[e]), t), state))
        zero = lanes.constant(0.0)
        check, higher = zero, []
        for i in range(n):
            own = []
            for k in range(TERMS - 3):
                total = memory[k][i]
                for j in range(3):
                    weight = lanes.constant(float(_D[k, _KNOWN + j]))
                    total = lanes.fma(extra[j][i], weight, total)
                own.append(lanes.multiply(h, total))
                check = lanes.fma(own[-1], zero, check)
            higher.append(own)
        whole = lanes.compare("oeq", check, zero)
        for i in range(n):
            change = lanes.subtract(new[i], y[i])
            first = lanes.fma(h, f[i], lanes.negate(change))
            ends = lanes.add(slope[i], f[i])
            second = lanes.fma(lanes.negate(h), ends, lanes.add(change, change))
            rest = [lanes.select(whole, value, zero) for value in higher[i]]
            for k, value in enumerate([change, first, second, *rest]):
                self._store(lanes, there, k * n + i, value)
        lanes.lines += [
            f"  %lane.next = add i64 %lane, {lanes.width}",
            "  %over = icmp sge i64 %lane.next, %stride",
            "  br i1 %over, label %end, label %loop",
        ]
        lanes.label("end")
        return self._function(lanes, "terms", "ptr %given, ptr %setup, i64 %stride, ptr %out")

    def _function(self, lanes: Lanes, name: str, arguments: str) -> str:
        head = [f"define void @{name}({arguments}) nounwind {{", "entry:", *self._entry(lanes)]
        return "\n".join([*head, "  br label %loop", *lanes.lines, "  ret void", "}"])

    def _entry(self, lanes: Lanes) -> list[str]:
        """Give what stands before the loop."""
        return []
