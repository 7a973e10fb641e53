"""Compiled code of the rounds of `rounds`: soon there, or quicker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from eqpp_dash.engine.expression.graph import Node
from eqpp_dash.engine.machine.build import (
    QUICK_LEVEL,
    Code,
    make_object,
    native_target,
    recall,
    remember,
)
from eqpp_dash.engine.machine.emitter import Emitter
from eqpp_dash.engine.machine.kernel import USUAL, system_objects
from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.machine.layout import Rows
from eqpp_dash.engine.machine.rounds import FIXED_SETUP, Layout, Rounds, rounds_text
from eqpp_dash.engine.machine.routines import module_text

FUNCTIONS = ("advance", "terms")


def compile_rounds(
    components: Sequence[Node],
    variables: Sequence[str],
    parameters: Sequence[str],
    *,
    folder: Path | None = None,
    quick: bool = False,
) -> Code:
    """Compile the functions ``advance`` and ``terms`` of a system.

    Parameters
    ----------
    components : sequence of Node
        Right-hand sides.
    variables, parameters : sequence of str
        Names, in order.
    folder : Path, optional
        Where object code is kept between processes.
    quick : bool
        Whether to have code soon: what all systems of a dimension share is compiled once, and calls
        the field. The results are the same, bit by bit.

    Returns
    -------
    Code
        To be closed by the caller.
    """
    target = native_target()
    width, fused = target.width, target.fused
    make = partial(make_object, target, folder=folder)
    if not quick:
        text = rounds_text(components, variables, parameters, width=width, fused=fused)
        return Code(target, make(text, "rounds"), FUNCTIONS)
    emitter = Emitter(components, variables, parameters, (), USUAL)
    name = _shared_name(emitter.rows, folder)
    shared = recall(name)
    if shared is None:
        looped = shared_rounds_text(emitter.rows, width, fused=fused)
        shared = make(looped, "rounds", level=QUICK_LEVEL)
        remember(name, shared)
    return Code(target, [shared, *system_objects(emitter, target, make)], FUNCTIONS)


def at_hand(dimension: int, parameters: int, folder: Path | None = None) -> bool:
    """Tell whether quick code of a new system takes a few milliseconds: what is shared is there.

    Parameters
    ----------
    dimension, parameters : int
        Numbers of state variables and of parameters.
    folder : Path, optional
        As for `compile_rounds`.
    """
    return recall(_shared_name(Rows(dimension, parameters), folder)) is not None


def _shared_name(rows: Rows, folder: Path | None) -> str:
    return f"rounds {rows} {folder}"


def shared_rounds_text(rows: Rows, width: int, *, fused: bool) -> str:
    """Give the module of `rounds_text` for all systems of a dimension: it calls the field.

    Parameters
    ----------
    rows : Rows
        Layout of the work area in which the field is evaluated.
    width : int
        Lanes of a vector.
    fused : bool
        Whether the processor multiplies and adds in one instruction.
    """
    writer = _SharedRounds(rows)
    first, second = Lanes(width, fused=fused), Lanes(width, fused=fused)
    first.declare("declare void @slope(ptr)")
    return module_text([first, second], [writer.advance(first), writer.terms(second)])


class _SharedRounds(Rounds):
    """Writes the functions with calls of the field."""

    def __init__(self, rows: Rows) -> None:
        self.layout = Layout(rows.dimension)
        self.rows = rows

    def _entry(self, lanes: Lanes) -> list[str]:
        return [f"  %work = alloca [{self.rows.count} x {lanes.vector}], align {lanes.alignment}"]

    def _field(self, lanes: Lanes, sign: str) -> Callable[[str, list[str]], list[str]]:
        rows, n = self.rows, self.rows.dimension
        for i in range(rows.parameters):
            value = self._scalar(lanes, FIXED_SETUP + 3 * n + i)
            lanes.store("%work", rows.parameter(i), value)
        start = self._scalar(lanes, 1)

        def slope(t: str, state: list[str]) -> list[str]:
            lanes.store("%work", rows.TRIAL_TIME, lanes.fma(sign, t, start))
            for i, value in enumerate(state):
                lanes.store("%work", rows.trial(i), value)
            lanes.lines.append("  call void @slope(ptr %work)")
            values = [lanes.load("%work", rows.trial_slope(i)) for i in range(n)]
            return [lanes.multiply(sign, value) for value in values]

        return slope
