"""Scalar instructions, numbers and rows in memory, loops and branches, as LLVM text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.machine.layout import JOB_FIELDS, Rows


class RowCode:
    """Writes instructions on the rows of the work area ``%work``.

    Parameters
    ----------
    lanes : Lanes
        Where the instructions go.
    rows : Rows
        Layout of the work area.
    """

    def __init__(self, lanes: Lanes, rows: Rows) -> None:
        self.lanes, self.rows = lanes, rows
        self.bits = f"i{lanes.width}"

    def _say(self, line: str) -> None:
        self.lanes.lines.append(f"  {line}")

    def _place(self, base: str, *indices: str | int) -> str:
        """Give the address of a number, 8 bytes each."""
        place = base
        for index in indices:
            place = self.lanes.emit(f"getelementptr i64, ptr {place}, i64 {index}")
        return place

    def _cell(self, row: int | str, lane: str) -> str:
        width = self.lanes.width
        first = row * width if isinstance(row, int) else self.lanes.emit(f"mul i64 {row}, {width}")
        return self._place("%work", first, lane)

    def _get(self, kind: str, place: str) -> str:
        return self.lanes.emit(f"load {kind}, ptr {place}")

    def _put(self, kind: str, value: str, place: str) -> None:
        self._say(f"store {kind} {value}, ptr {place}")

    def _copy(self, kind: str, source: str, target: str) -> None:
        self._put(kind, self._get(kind, source), target)

    def _row(self, row: int | str) -> str:
        return self.lanes.load("%work", row)

    def _integers(self, row: int) -> str:
        return self.lanes.bits(self._row(row))

    def _states(self, rows: Callable[[int], int]) -> list[str]:
        return [self._row(rows(i)) for i in range(self.rows.dimension)]

    def _spread_scalar(self, kind: str, value: str) -> str:
        """Spread an integer over all lanes."""
        vector = f"<{self.lanes.width} x {kind}>"
        first = self.lanes.emit(f"insertelement {vector} poison, {kind} {value}, i64 0")
        zeros = f"<{self.lanes.width} x i32> zeroinitializer"
        return self.lanes.emit(f"shufflevector {vector} {first}, {vector} poison, {zeros}")

    def _near(self, points: str, number: str, state: list[str]) -> str:
        """Tell where a state lies within the ellipsoid around a point of a list."""
        lanes, n = self.lanes, len(state)
        first = lanes.emit(f"mul i64 {number}, {2 * n}")
        total = lanes.constant(0.0)
        for i, value in enumerate(state):
            center, inverse = (
                lanes.splat(self._get("double", self._place(points, first, k * n + i)))
                for k in range(2)
            )
            away = lanes.multiply(lanes.subtract(value, center), inverse)
            total = lanes.fma(away, away, total)
        return lanes.compare("olt", total, lanes.constant(1.0))


class ColdCode(RowCode):
    """Writes a function that is called rarely; what it works on stays in rows and slots.

    The function has the arguments ``%work``, ``%job`` and ``%section``, a number.
    """

    def __init__(self, lanes: Lanes, rows: Rows) -> None:
        super().__init__(lanes, rows)
        self._slots = 0
        self._labels = 0

    def text(self, name: str, body: Callable[[], None]) -> str:
        """Give the function with what `body` emits."""
        body()
        slots = [f"  %slot{i} = alloca i64" for i in range(self._slots)]
        head = (
            f"define internal void @{name}(ptr %work, ptr %job, i64 %section) noinline nounwind {{"
        )
        return "\n".join([head, "entry:", *slots, *self.lanes.lines, "  ret void", "}"])

    def _call(self, function: str, section: str = "0") -> None:
        self._say(f"call void @{function}(ptr %work, ptr %job, i64 {section})")

    def _member(self, kind: str, name: str) -> str:
        return self._get(kind, self._place("%job", JOB_FIELDS.index(name)))

    def _fill(self, row: int | str, value: str) -> None:
        self.lanes.store("%work", row, value)

    def _mask(self, row: int | str) -> str:
        """Read a mask that `_fill_mask` wrote."""
        return self.lanes.compare("ogt", self._row(row), self.lanes.constant(0.0))

    def _fill_mask(self, row: int | str, mask: str) -> None:
        lanes = self.lanes
        self._fill(row, lanes.select(mask, lanes.constant(1.0), lanes.constant(0.0)))

    def _change(self, row: int | str, mask: str, value: str) -> None:
        """Write some lanes of a row."""
        self._fill(row, self.lanes.select(mask, value, self._row(row)))

    def _slot(self, value: int | str) -> str:
        """Give the address of an integer of this function."""
        self._slots += 1
        place = f"%slot{self._slots - 1}"
        self._put("i64", str(value), place)
        return place

    def _new_labels(self, *stems: str) -> list[str]:
        self._labels += 1
        return [f"{stem}.{self._labels}" for stem in stems]

    @contextmanager
    def _when(self, condition: str) -> Iterator[None]:
        """Emit what happens if a condition, one ``i1``, holds."""
        then, on = self._new_labels("then", "on")
        self._say(f"br i1 {condition}, label %{then}, label %{on}")
        self.lanes.label(then)
        yield
        self._say(f"br label %{on}")
        self.lanes.label(on)

    @contextmanager
    def _repeat(self, count: int | str, busy: int | None = None) -> Iterator[str]:
        """Emit what happens again and again, while a row of masks holds in any lane, if given."""
        look, body, on = self._new_labels("look", "body", "on")
        place = self._slot(0)
        self._say(f"br label %{look}")
        self.lanes.label(look)
        number = self._get("i64", place)
        more = self.lanes.emit(f"icmp slt i64 {number}, {count}")
        if busy is not None:
            more = self.lanes.emit(f"and i1 {more}, {self.lanes.any(self._mask(busy))}")
        self._say(f"br i1 {more}, label %{body}, label %{on}")
        self.lanes.label(body)
        yield number
        self._put("i64", self.lanes.emit(f"add i64 {number}, 1"), place)
        self._say(f"br label %{look}")
        self.lanes.label(on)

    @contextmanager
    def _each(self, mask: str) -> Iterator[str]:
        """Emit what happens for every lane in which a mask holds."""
        lanes, bits = self.lanes, self.bits
        look, body, on = self._new_labels("look", "body", "on")
        whole = lanes.emit(f"bitcast {lanes.mask} {mask} to {bits}")
        place = self._slot(lanes.emit(f"zext {bits} {whole} to i64") if lanes.width < 64 else whole)
        self._say(f"br label %{look}")
        lanes.label(look)
        todo = self._get("i64", place)
        self._say(f"br i1 {lanes.emit(f'icmp ne i64 {todo}, 0')}, label %{body}, label %{on}")
        lanes.label(body)
        lanes.declare("declare i64 @llvm.cttz.i64(i64, i1)")
        yield lanes.emit(f"call i64 @llvm.cttz.i64(i64 {todo}, i1 true)")
        less = lanes.emit(f"add i64 {todo}, -1")
        self._put("i64", lanes.emit(f"and i64 {todo}, {less}"), place)
        self._say(f"br label %{look}")
        lanes.label(on)
