"""Growth beyond all bounds in finite time, against closed forms, and what is not that."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from eqpp_dash.engine.machine.integrate import End, Integrator
from eqpp_dash.engine.system import parse_system

TIGHT: dict[str, Any] = {"rtol": 1e-12, "atol": 1e-12}
pytestmark = pytest.mark.parametrize("machine", [True, False], ids=["machine", "numpy"])

#: Text, starts, span, times of the blow-ups.
CASES: dict[str, tuple[str, list[list[float]], float, list[float]]] = {
    "square": ("x' = x^2", [[1.0, 2.0, 0.5]], 5.0, [1.0, 0.5, 2.0]),
    "tangent": ("x' = 1 + x^2", [[0.0, 1.0]], 5.0, [np.pi / 2, np.pi / 4]),
    "cube": ("x' = x^3", [[1.0, -1.0, 2.0]], 5.0, [0.5, 0.5, 0.125]),
    "slow": ("x' = x^(11/10)", [[1.0]], 50.0, [10.0]),
    "exponential of x": ("x' = exp(x)", [[0.0, 1.0]], 5.0, [1.0, np.exp(-1.0)]),
    "spiral": (
        "x' = x*(x^2 + y^2) - y; y' = y*(x^2 + y^2) + x",
        [[1.0, 0.0], [0.0, 2.0]],
        5.0,
        [0.5, 0.125],
    ),
    "fast spiral": (
        "x' = (x^2 + y^2)*(x - 5*y); y' = (x^2 + y^2)*(y + 5*x)",
        [[1.0], [0.0]],
        5.0,
        [0.5],
    ),
    "second order": ("x' = y; y' = 6*x^2", [[1.0], [2.0]], 5.0, [1.0]),
    "in time": ("x' = x^2*cos(t)", [[2.0]], 5.0, [np.pi / 6]),
    "backward": ("x' = -x^2", [[1.0, 4.0]], -5.0, [-1.0, -0.25]),
}


@pytest.mark.parametrize("name", CASES)
def test_time_of_blow_up(name: str, machine: bool) -> None:
    text, starts, span, expected = CASES[name]
    with Integrator.of(parse_system(text), machine=machine) as integrator:
        free = integrator.propagate(starts, span, **TIGHT)
        box = [[-30.0, 30.0]] * len(starts)
        followed = integrator.propagate(starts, span, box=box, beyond=True, **TIGHT)
        left = integrator.propagate(starts, span, box=box, **TIGHT)
    for result in (free, followed):
        assert (result.ends == End.INFINITY).all()
        np.testing.assert_allclose(result.blow_up, expected, rtol=2e-10)
        assert (np.abs(result.times) <= np.abs(result.blow_up)).all()
        assert (np.abs(result.blow_up - result.times) <= 1e-8 * np.abs(result.times)).all()
    if name != "exponential of x":  # which is still within when it is infinite within rounding
        assert (left.ends == End.BOX).all()
        assert np.isnan(left.blow_up).all()


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("x' = x", {End.UNDEFINED, End.COLLAPSE}),
        ("x' = x*log(x)", {End.UNDEFINED, End.COLLAPSE}),
        ("x' = 1/(1 - x)", {End.COLLAPSE, End.UNDEFINED}),
        ("x' = -1/x", {End.COLLAPSE, End.UNDEFINED}),
        ("x' = -sqrt(x) - 1", {End.UNDEFINED}),
        ("x' = sqrt(x)", {End.TIME}),
        ("x' = -x^3", {End.TIME}),
    ],
)
def test_what_is_no_blow_up(text: str, end: set[End], machine: bool) -> None:
    start = 2.0 if "log" in text else 0.5
    with Integrator.of(parse_system(text), machine=machine) as integrator:
        result = integrator.propagate([[start]], 5000.0, rtol=1e-9, atol=1e-9)
        boxed = integrator.propagate(
            [[start]], 5000.0, box=[[-9, 9]], beyond=True, rtol=1e-9, atol=1e-9
        )
    assert End(int(result.ends[0])) in end
    assert End(int(boxed.ends[0])) in end | {End.BOX}
    assert np.isnan(result.blow_up).all()
    assert np.isnan(boxed.blow_up).all()


def test_trajectory_that_leaves_the_box_for_good_ends_where_it_left(machine: bool) -> None:
    system = parse_system("x' = x; y' = -y")
    starts = [[0.5, -0.5, 0.0], [1.0, 1.0, 1.0]]
    box = [[-2.0, 2.0], [-2.0, 2.0]]
    with Integrator.of(system, machine=machine) as integrator:
        usual = integrator.propagate(starts, 20.0, box=box)
        followed = integrator.propagate(starts, 20.0, box=box, beyond=True)
    assert usual.ends.tolist() == [End.BOX, End.BOX, End.TIME]
    assert followed.ends.tolist() == usual.ends.tolist()
    assert followed.states.tobytes() == usual.states.tobytes()
    assert followed.times.tobytes() == usual.times.tobytes()
    assert (followed.steps >= usual.steps).all()


def test_time_since_another_moment(machine: bool) -> None:
    system = parse_system("x' = x^2*(1 + 0*t)")
    with Integrator.of(system, machine=machine) as integrator:
        result = integrator.propagate([[1.0]], 5.0, start_time=7.0, **TIGHT)
    np.testing.assert_allclose(result.blow_up, 8.0, rtol=1e-9)


def test_both_kinds_in_one_batch(machine: bool) -> None:
    """On the line y = 0 it blows up, beside it the trajectory comes back (x + iy)' = (x + iy)^2."""
    system = parse_system("x' = x^2 - y^2; y' = 2*x*y")
    starts = np.array([[1.0, 1.0, 1.0, -1.0], [0.0, 0.1, -1e-3, 0.0]])
    box = [[-50.0, 50.0], [-50.0, 50.0]]
    with Integrator.of(system, machine=machine) as integrator:
        result = integrator.propagate(starts, 20.0, box=box, beyond=True, **TIGHT)
    assert result.ends.tolist() == [End.INFINITY, End.TIME, End.BOX, End.TIME]
    assert result.blow_up[0] == pytest.approx(1.0, abs=1e-9)
