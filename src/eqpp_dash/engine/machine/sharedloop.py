"""The loop over steps and trajectories as one module, and what depends on the system as another.

The loop is compiled once for all systems with as many equations, parameters and sections. A system
typed just now costs the compilation of its own functions, which are short; calling them is slower
than having them written into the loop, as `scheduler.kernel_text` does. Neither changes a bit of a
result: the same operations are done on the same numbers.
"""

from __future__ import annotations

from typing import NoReturn

from eqpp_dash.engine.machine.begincode import BeginCode
from eqpp_dash.engine.machine.control import Field
from eqpp_dash.engine.machine.crosscode import Sections
from eqpp_dash.engine.machine.crossloop import gauge
from eqpp_dash.engine.machine.crossscan import OF_LOOP, OF_SYSTEM, cross_functions
from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.machine.layout import Rows, Variant
from eqpp_dash.engine.machine.routines import module_text, separate_text
from eqpp_dash.engine.machine.scheduler import Run, slope_text, trial_values


def loop_text(rows: Rows, width: int, *, fused: bool, variant: Variant, pause: int) -> str:
    """Give the module whose function ``run`` does the same for every system of a dimension.

    What depends on the system are functions of another module, see `system_text`; the explicit
    method only. The arguments are those of `kernel_text`.
    """
    lanes = Lanes(width, fused=fused, contract=True)
    lanes.declare("declare void @slope(ptr)")
    first = Lanes(width, fused=fused, contract=True)
    first.definitions, first.declarations = lanes.definitions, lanes.declarations
    elsewhere = (_elsewhere, rows, False, variant, _elsewhere, _elsewhere)
    emitters = [lanes, first]
    functions = [
        BeginCode(first, *elsewhere, pause).text(),
        _SharedRun(lanes, rows, variant, pause).text(),
    ]
    if variant.sections:
        lanes.declare("declare void @gauge(ptr)")
        lanes.declare("declare void @value(ptr, ptr, i64)")
        shared = (lanes.definitions, lanes.declarations)
        more, crossing = cross_functions(
            width, fused, rows, variant.method, False, _elsewhere, *shared, OF_LOOP
        )
        emitters, functions = [*emitters, *more], [*crossing, *functions]
    return module_text(emitters, functions)


def system_text(
    field: Field, rows: Rows, width: int, *, fused: bool, variant: Variant, sections: Sections
) -> tuple[str, dict[str, str]]:
    """Give the module of the functions that a loop of `loop_text` calls, and their routines.

    Returns
    -------
    text : str
        The module.
    routines : dict of str to str
        Modules of what it calls, by name.
    """
    lanes = Lanes(width, fused=fused, contract=True)
    emitters, functions = [lanes], [slope_text(lanes, rows, field, "")]
    if variant.sections:
        shared = (lanes.definitions, lanes.declarations)
        more, crossing = cross_functions(
            width, fused, rows, variant.method, False, sections, *shared, OF_SYSTEM
        )
        crossing = [text.replace("define internal", "define", 1) for text in crossing]
        meter = Lanes(width, fused=fused, contract=True)
        meter.definitions, meter.declarations = shared
        functions = [*functions, *crossing, _gauge_text(meter, rows, sections)]
        emitters = [*emitters, *more, meter]
    return separate_text(emitters, functions)


def _gauge_text(lanes: Lanes, rows: Rows, sections: Sections) -> str:
    """Give the function that evaluates all sections at the trial state, for the field there."""
    slope = [lanes.load("%work", rows.trial_slope(i)) for i in range(rows.dimension)]
    time, state, values = trial_values(lanes, rows)
    found = gauge(lanes, sections, rows.sections, time, state, slope, values)
    own = rows.crossing
    for j, (value, rate) in enumerate(found):
        lanes.store("%work", own.of(j, own.VALUE), value)
        lanes.store("%work", own.of(j, own.RATE), rate)
    lines = ["define void @gauge(ptr %work) noinline nounwind {", "entry:"]
    return "\n".join([*lines, *lanes.lines, "  ret void", "}"])


def _elsewhere(*args: object) -> NoReturn:
    raise AssertionError("this belongs to the system's module")


class _SharedRun(Run):
    """Writes the function ``run`` with calls of what depends on the system."""

    def __init__(self, lanes: Lanes, rows: Rows, variant: Variant, pause: int) -> None:
        super().__init__(lanes, self._called, rows, False, variant, _elsewhere, _elsewhere, pause)

    def _called(
        self, lanes: Lanes, time: str, state: list[str], parameters: list[str]
    ) -> list[str]:
        self._fill_trial(time, state)
        self._say("call void @slope(ptr %work)")
        return self._states(self.rows.trial_slope)

    def _fill_trial(self, time: str, state: list[str]) -> None:
        self.lanes.store("%work", self.rows.TRIAL_TIME, time)
        for i, value in enumerate(state):
            self.lanes.store("%work", self.rows.trial(i), value)

    def _gauge(
        self, time: str, state: list[str], slope: list[str], parameters: list[str]
    ) -> list[tuple[str, str]]:
        rows, own = self.rows, self.rows.crossing
        self._fill_trial(time, state)
        for i, value in enumerate(slope):
            self.lanes.store("%work", rows.trial_slope(i), value)
        self._say("call void @gauge(ptr %work)")
        return [
            (self._row(own.of(j, own.VALUE)), self._row(own.of(j, own.RATE))) for j in self.watched
        ]
