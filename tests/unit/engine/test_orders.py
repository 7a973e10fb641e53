"""Each method converges with its order on systems with known solutions, by steps of one length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
import pytest
from numpy.typing import NDArray

from eqpp_dash.engine import collocation, dop853, radau, rodas5p
from eqpp_dash.engine.expression.graph import Node
from eqpp_dash.engine.machine.build import Code, compile_object, native_target
from eqpp_dash.engine.machine.derivatives import derivatives
from eqpp_dash.engine.machine.fallback import ArrayField
from eqpp_dash.engine.machine.fieldcode import emit_nodes
from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.machine.stepcode import (
    emit_dense_terms,
    emit_interpolation,
    emit_step,
)
from eqpp_dash.engine.machine.stiffcode import emit_stiff_dense_terms, emit_stiff_step
from eqpp_dash.engine.system import System, parse_system

from .closed_solutions import CLOSED, STIFF, Closed
from .machine.running import loop_text, run

Array = NDArray[np.float64]
SHARES = (0.2, 0.5, 0.8)
#: Below this, relative to the solution, rounding hides the order.
ROUNDING = 4e-13


class Step(Protocol):
    """Gives the new states, and the interpolant at `SHARES`, of steps from states."""

    def __call__(self, t: Array, y: Array, h: Array) -> tuple[Array, list[Array]]: ...


def _unit(size: Array) -> Array:
    return 1e-10 + 1e-10 * size


def _numpy_step(method: str, system: System, t: Array, y: Array, h: Array) -> Any:
    values, none = ArrayField(system.components, system.variables, ()), np.zeros((0, t.size))

    def field(t: Array, y: Array) -> Array:
        return values(t, y, none)

    f = field(t, y)
    if method == "DOP853":
        trial = dop853.take_step(field, t, y, f, h, _unit)
        terms = dop853.dense_terms(field, t, h, y, f, trial.state, trial.slope, trial.memory)
    elif method == "Rodas5P":
        trial = rodas5p.take_step(field, lambda t, y: values.linear(t, y, none), t, y, f, h, _unit)
        terms = trial.memory
    elif method == "Radau of 13":
        share = np.full(len(y), 1e-14)
        trial = collocation.take_step(
            field, lambda t, y: values.linear(t, y, none)[0], t, y, f, h, share, share
        )
        terms = trial.memory
    else:
        trial = radau.take_step(
            field, lambda t, y: values.linear(t, y, none)[0], t, y, f, h, _unit, 1e-5
        )
        terms = trial.memory
    inside = [dop853.interpolate(y, terms, np.full(t.size, share)) for share in SHARES]
    return trial.state, inside


def _emit(
    method: str, system: System, slopes: Sequence[Node], lanes: Lanes, given: list[str]
) -> list[str]:
    t, h, *y = given
    n = len(y)

    def values(nodes: Sequence[Node], time: str, state: list[str]) -> list[str]:
        inputs: dict[object, str] = {"time": time}
        inputs |= {("variable", v): s for v, s in zip(system.variables, state, strict=True)}
        return emit_nodes(lanes, nodes, inputs)

    def linear(time: str, state: list[str]) -> tuple[list[list[str]], list[str]]:
        found = values(slopes, time, state)
        return [found[i * n : (i + 1) * n] for i in range(n)], found[n * n :]

    slope = partial(values, system.components)
    wanted = [lanes.constant(1e-10)] * n
    if method == "DOP853":
        step = emit_step(lanes, slope, t, h, y, slope(t, y), wanted, wanted)
        terms = emit_dense_terms(lanes, slope, t, h, y, step)
    else:
        step = emit_stiff_step(lanes, slope, linear, t, h, y, slope(t, y), wanted, wanted)
        terms = emit_stiff_dense_terms(lanes, y, step)
    inside = [
        emit_interpolation(lanes, y[i], terms[i], lanes.constant(share))
        for share in SHARES
        for i in range(n)
    ]
    return [*step.state, *inside]


@contextmanager
def stepping(where: str, method: str, system: System) -> Iterator[Step]:
    if where == "numpy":
        yield partial(_numpy_step, method, system)
        return
    target, n = native_target(), system.dimension
    rows, drift = derivatives(system.components, system.variables)
    slopes = [value for row in (*rows, drift) for value in row]
    lanes = Lanes(target.width, fused=target.fused, contract=True)
    text = loop_text(lanes, partial(_emit, method, system, slopes), 2 + n)
    with Code(target, compile_object(target, text), ["run"]) as code:

        def step(t: Array, y: Array, h: Array) -> tuple[Array, list[Array]]:
            found = run(code, [t, h, *y], n * (1 + len(SHARES)), target.width)
            return found[:n], [found[n * k : n * (k + 1)] for k in range(1, 1 + len(SHARES))]

        yield step


@cache
def system_of(name: str) -> System:
    return parse_system(CLOSED[name].text)


def global_error(step: Step, closed: Closed, count: int) -> float:
    """Give the error at the end after so many steps of one length."""
    times = np.linspace(closed.start, closed.end, count + 1)
    y = closed.at(closed.start)
    for t, after in pairwise(times.tolist()):
        y = step(np.array([t]), y, np.array([after - t]))[0]
    exact = closed.at(closed.end)
    return float(np.abs(y - exact).max() / np.abs(exact).max())


def local_errors(step: Step, closed: Closed, count: int) -> float:
    """Give the largest error of the interpolant of one step, from many states of the solution."""
    h = (closed.end - closed.start) / count
    t = np.linspace(closed.start, closed.end - h, 48)
    inside = step(t, closed.at(t), np.full(48, h))[1]
    gaps = [
        np.abs(found - closed.at(t + share * h)).max()
        for share, found in zip(SHARES, inside, strict=True)
    ]
    return float(max(gaps) / np.abs(closed.at(t)).max())


def order(errors: dict[int, float]) -> float:
    """Give the slope over the last three errors that rounding does not reach."""
    known = [(n, e) for n, e in errors.items() if e > ROUNDING][-3:]
    assert len(known) >= 2, errors
    n, e = np.log2(np.array(known)).T
    return float(-np.polyfit(n, e, 1)[0])


#: order of the method, order of its interpolant, steps to try
METHODS: dict[str, tuple[int, int, Sequence[int]]] = {
    "DOP853": (8, 7, (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)),
    "Rodas5P": (5, 4, (8, 16, 32, 64, 128)),
    "Radau": (5, 3, (8, 16, 32, 64)),
}
#: So high an order shows between few steps and rounding only: by all systems together.
HIGHEST, HIGH_COUNTS = "Radau of 13", (1, 2, 3, 4, 5, 6, 8, 12, 16)
PLACES = [("numpy", method) for method in METHODS]
PLACES += [("machine", method) for method in ("DOP853", "Rodas5P")]


@pytest.mark.parametrize(("where", "method"), PLACES)
@pytest.mark.parametrize("name", CLOSED)
def test_orders(name: str, where: str, method: str) -> None:
    usual, inner, counts = METHODS[method]
    closed = CLOSED[name]
    with stepping(where, method, system_of(name)) as step, np.errstate(all="ignore"):
        ends = order({count: global_error(step, closed, count) for count in counts})
        inside = order({count: local_errors(step, closed, count) for count in counts})
    assert usual - 0.5 < ends < usual + 1.3
    assert inner + 1 - 0.5 < inside < inner + 1 + 1.3


def test_order_of_the_highest_method() -> None:
    ends, inside = [], []
    for name, closed in CLOSED.items():
        with stepping("numpy", HIGHEST, system_of(name)) as step, np.errstate(all="ignore"):
            ends.append(order({n: global_error(step, closed, n) for n in HIGH_COUNTS}))
            inside.append(order({n: local_errors(step, closed, n) for n in HIGH_COUNTS}))
    assert 12.0 < np.median(ends) < 14.5
    assert 7.5 < np.median(inside) < 8.5
    assert min(ends) > 8.5


@pytest.mark.parametrize(("where", "method"), [p for p in PLACES if p[1] != "DOP853"])
def test_orders_where_the_system_is_very_stiff(where: str, method: str) -> None:
    """The order falls to 3, and the error is the smaller the stiffer: about h**3/k."""
    with stepping(where, method, parse_system(STIFF.text)) as step, np.errstate(all="ignore"):
        errors = {n: global_error(step, STIFF, n) for n in METHODS[method][2]}
    assert 2.9 < order(errors) < 3.2
    assert errors[8] < 4e-3 / 1e6
