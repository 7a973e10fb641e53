"""A step in lanes is the step of `dop853`, and its orders are those of the method."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from eqpp_dash.engine import dop853
from eqpp_dash.engine.machine.build import native_target
from eqpp_dash.engine.machine.integrate import Integrator
from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.machine.stepcode import (
    MOST_PRIOR,
    emit_dense_terms,
    emit_first_step,
    emit_interpolation,
    emit_step,
    emit_step_factor,
    inverse_root,
)
from eqpp_dash.engine.system import parse_system

from .running import Emit, evaluate

Array = NDArray[np.float64]
COUNT = 48


def compute(emit: Emit, arrays: list[Array], outputs: int) -> Array:
    target = native_target()
    lanes = Lanes(target.width, fused=target.fused, contract=True)
    return evaluate(emit, arrays, outputs, lanes)


def slope_in_lanes(lanes: Lanes, t: str, y: list[str]) -> list[str]:
    """x' = y; y' = -x + x*y + t, as instructions."""
    bent = lanes.fma(y[0], y[1], lanes.subtract(t, y[0]))
    return [y[1], bent]


def slope_in_numpy(t: Array, y: Array) -> Array:
    return np.stack([y[1], t - y[0] + y[0] * y[1]])


def step_of(t: Array, h: Array, y: Array, tolerance: float) -> Array:
    """Rows: new state, new slope, squared error, state of the interpolant at 0.3 of the step."""

    def emit(lanes: Lanes, given: list[str]) -> list[str]:
        t, h, *y = given

        def slope(time: str, state: list[str]) -> list[str]:
            return slope_in_lanes(lanes, time, state)

        wanted = [lanes.constant(tolerance)] * 2
        step = emit_step(lanes, slope, t, h, y, slope(t, y), wanted, wanted)
        terms = emit_dense_terms(lanes, slope, t, h, y, step)
        share = lanes.constant(0.3)
        inside = [emit_interpolation(lanes, y[i], terms[i], share) for i in range(2)]
        return [*step.state, *step.slope, step.error, *inside]

    return compute(emit, [t, h, *y], 7)


@pytest.fixture
def places() -> tuple[Array, Array]:
    random = np.random.default_rng(8)
    return random.uniform(-1, 1, COUNT), random.uniform(-1, 1, (2, COUNT))


def test_step_is_that_of_numpy(places: tuple[Array, Array]) -> None:
    t, y = places
    h = np.random.default_rng(9).uniform(-1.0, 1.0, COUNT)
    found = step_of(t, h, y, 1e-9)
    f = slope_in_numpy(t, y)
    trial = dop853.take_step(slope_in_numpy, t, y, f, h, lambda size: 1e-9 + 1e-9 * size)
    np.testing.assert_allclose(found[:2], trial.state, rtol=0, atol=4e-15)
    np.testing.assert_allclose(found[2:4], trial.slope, rtol=0, atol=2e-14)
    np.testing.assert_allclose(np.sqrt(found[4]), trial.error, rtol=1e-3, atol=1e-5)
    terms = dop853.dense_terms(slope_in_numpy, t, h, y, f, trial.state, trial.slope, trial.memory)
    inside = dop853.interpolate(y, terms, np.full(COUNT, 0.3))
    np.testing.assert_allclose(found[5:], inside, rtol=0, atol=4e-15)


def test_orders_of_the_step_and_of_its_interpolant(places: tuple[Array, Array]) -> None:
    t, y = places
    errors = []
    for h in (0.6, 0.3):
        whole = step_of(t, np.full(COUNT, h), y, 1e-9)
        exact = {}
        for share in (0.3, 1.0):
            state, time, part = y, t, np.full(COUNT, share * h / 16)
            for _ in range(16):
                state = step_of(time, part, state, 1e-9)[:2]
                time = time + part
            exact[share] = state
        errors.append((np.abs(whole[:2] - exact[1.0]).max(), np.abs(whole[5:] - exact[0.3]).max()))
    ends, inside = np.log2(np.array(errors[0]) / np.array(errors[1]))
    assert 8.3 < ends < 10.0  # order 8: the error of one step falls like h**9
    assert 7.3 < inside < 9.0  # order 7


def test_error_is_not_a_number_where_the_field_is_undefined() -> None:
    def emit(lanes: Lanes, given: list[str]) -> list[str]:
        h, y = given

        def slope(time: str, state: list[str]) -> list[str]:
            return [lanes.negate(lanes.sqrt(state[0]))]

        wanted = [lanes.constant(1.0)]
        step = emit_step(lanes, slope, lanes.constant(0.0), h, [y], slope("", [y]), wanted, wanted)
        return [step.error, emit_step_factor(lanes, step.error, lanes.constant(10.0))[0]]

    error, factor = compute(emit, [np.array([0.1, 9.0]), np.array([1.0, 1.0])], 2)
    assert error[0] < 1.0
    assert factor[0] == 10.0
    assert np.isnan(error[1])
    assert factor[1] == pytest.approx(0.2)


def test_first_step_is_about_that_of_numpy(places: tuple[Array, Array]) -> None:
    _, y = places
    span = np.where(y[0] > 0, 20.0, -20.0)

    def emit(lanes: Lanes, given: list[str]) -> list[str]:
        span, *y = given

        def slope(time: str, state: list[str]) -> list[str]:
            return slope_in_lanes(lanes, time, state)

        wanted = [lanes.constant(1e-8)] * 2
        f = slope(lanes.constant(0.0), y)
        return [emit_first_step(lanes, slope, span, y, f, wanted, wanted)]

    found = compute(emit, [span, *y], 1)[0]
    sign, start = np.sign(span), np.zeros(COUNT)
    expected = dop853.first_step(
        lambda t, y: sign * slope_in_numpy(sign * t, y),
        start,
        y,
        sign * slope_in_numpy(start, y),
        1e-8 + 1e-8 * np.abs(y),
        np.abs(span),
    )
    assert (np.sign(found) == sign).all()
    np.testing.assert_allclose(np.abs(found), expected, rtol=0.02)


def test_inverse_root_is_within_one_percent() -> None:
    x = np.exp(np.random.default_rng(1).uniform(-90, 90, 4000))
    found = compute(lambda lanes, given: [inverse_root(lanes, given[0])], [x], 1)[0]
    assert np.abs(found * x ** (1 / 16) - 1).max() < 0.01


@pytest.mark.parametrize(
    ("error", "before", "factor"),
    [
        (0.0, 1.0, 10.0),
        (1e-2, 1.0, 0.8 * 1e-2 ** (-1 / 8)),
        (1e-2, 0.1, 0.8 * 1e-2 ** (-1 / 8) * 0.1 ** (1 / 32)),
        (1.0, 1e-4, 0.8 * 1e-4 ** (1 / 32)),
        (2.0, 1e-4, 0.8 * 2.0 ** (-1 / 8)),
        (1e200, 1.0, 0.2),
        (float("nan"), 1.0, 0.2),
    ],
)
def test_step_factor(error: float, before: float, factor: float) -> None:
    def emit(lanes: Lanes, given: list[str]) -> list[str]:
        ten = lanes.constant(10.0)
        _, prior = emit_step_factor(lanes, given[1], ten, lanes.constant(1.0))
        found, following = emit_step_factor(lanes, given[0], ten, prior)
        alone, _ = emit_step_factor(lanes, given[0], ten)
        return [found, prior, following, alone]

    square = error**2 if not error > 1e150 else np.inf
    given = [np.full(8, square), np.full(8, before**2)]
    found, prior, following, alone = compute(emit, given, 4)
    usual = 0.9 * max(error, 1e-20) ** (-1 / 8) if error < 1e150 else 0.2
    np.testing.assert_allclose(alone, min(usual, 10.0), rtol=0.015)
    np.testing.assert_allclose(found, factor, rtol=0.015)
    np.testing.assert_allclose(prior, before ** (-1 / 8), rtol=0.01)
    left = min(max(error, 1e-4) ** (-1 / 8), MOST_PRIOR) if error <= 1 else before ** (-1 / 8)
    np.testing.assert_allclose(following, left, rtol=0.01)


def test_control_of_the_step_takes_no_more_steps_than_that_by_the_last_error() -> None:
    """Hairer and Wanner II, section IV.2: fewer rejections make up for the slower growth."""
    system = parse_system("x' = y; y' = (1 - x^2)*y - x")
    starts = np.random.default_rng(5).uniform(-3.0, 3.0, (2, 200))
    with Integrator.of(system) as compiled, Integrator.of(system, machine=False) as plain:
        quick = compiled.propagate(starts, 20.0)
        slow = plain.propagate(starts, 20.0)
        exact = compiled.propagate(starts, 20.0, rtol=1e-13, atol=1e-13)
    # By the last error alone and a safety factor of 0.9 these take 148.2 steps on average. At 0.9
    # the control as it is would leave an error of 4.3e-9.
    assert quick.steps.mean() < 147.0
    assert np.median(np.abs(quick.states - exact.states).max(0)) < 3e-9
    np.testing.assert_allclose(slow.steps.mean(), quick.steps.mean(), rtol=0.01)
