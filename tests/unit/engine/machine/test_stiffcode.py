"""A stiff step in lanes is the step of `rodas5p`, of order 5; linear equations are solved well."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from eqpp_dash.engine import dop853, rodas5p
from eqpp_dash.engine.machine import linearcode
from eqpp_dash.engine.machine.build import native_target
from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.machine.stepcode import emit_interpolation
from eqpp_dash.engine.machine.stiffcode import (
    emit_stiff_dense_terms,
    emit_stiff_step,
    emit_stiff_step_factor,
    tenth_root,
)

from .running import Emit, evaluate

Array = NDArray[np.float64]
COUNT = 48


def compute(emit: Emit, arrays: list[Array], outputs: int) -> Array:
    target = native_target()
    return evaluate(
        emit, arrays, outputs, Lanes(target.width, fused=target.fused, contract=True), target
    )


def field(t: Array, y: Array) -> Array:
    """x' = y; y' = -x + x*y + t**2."""
    return np.stack([y[1], t * t - y[0] + y[0] * y[1]])


def linear(t: Array, y: Array) -> tuple[Array, Array]:
    zero, one = np.zeros_like(t), np.ones_like(t)
    return np.array([[zero, one], [y[1] - 1.0, y[0]]]), np.stack([zero, 2.0 * t])


def step_of(t: Array, h: Array, y: Array, tolerance: float) -> Array:
    """Rows: new state, new slope, squared error, state of the interpolant at 0.3 of the step."""

    def emit(lanes: Lanes, given: list[str]) -> list[str]:
        t, h, *y = given
        zero, one = lanes.constant(0.0), lanes.constant(1.0)

        def slope(time: str, state: list[str]) -> list[str]:
            bent = lanes.fma(state[0], state[1], lanes.subtract(zero, state[0]))
            return [state[1], lanes.fma(time, time, bent)]

        def slopes(time: str, state: list[str]) -> tuple[list[list[str]], list[str]]:
            rows = [[zero, one], [lanes.subtract(state[1], one), state[0]]]
            return rows, [zero, lanes.add(time, time)]

        wanted = [lanes.constant(tolerance)] * 2
        step = emit_stiff_step(lanes, slope, slopes, t, h, y, slope(t, y), wanted, wanted)
        terms = emit_stiff_dense_terms(lanes, y, step)
        inside = [emit_interpolation(lanes, y[i], terms[i], lanes.constant(0.3)) for i in range(2)]
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
    trial = rodas5p.take_step(field, linear, t, y, field(t, y), h, lambda size: 1e-9 + 1e-9 * size)
    np.testing.assert_allclose(found[:2], trial.state, rtol=0, atol=1e-13)
    np.testing.assert_allclose(found[2:4], trial.slope, rtol=0, atol=2e-13)
    np.testing.assert_allclose(np.sqrt(found[4]), trial.error, rtol=1e-3, atol=1e-3)
    inside = dop853.interpolate(y, trial.memory, np.full(COUNT, 0.3))
    np.testing.assert_allclose(found[5:], inside, rtol=0, atol=1e-13)


def test_orders_of_the_step_and_of_its_interpolant(places: tuple[Array, Array]) -> None:
    t, y = places
    errors = []
    for h in (0.16, 0.08):
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
    assert 5.5 < ends < 7.0  # order 5: the error of one step falls like h**6
    assert 4.5 < inside < 6.0  # order 4


def test_tenth_root_is_within_three_percent() -> None:
    x = np.exp(np.random.default_rng(1).uniform(-90, 90, 4000))
    found = compute(lambda lanes, given: [tenth_root(lanes, given[0])], [x], 1)[0]
    assert np.abs(found * x**0.1 - 1).max() < 0.03


def test_step_shrinks_where_the_error_is_none() -> None:
    error = np.array([np.nan, np.inf, 0.0, 1.0])

    def emit(lanes: Lanes, given: list[str]) -> list[str]:
        return [emit_stiff_step_factor(lanes, given[0], lanes.constant(10.0))]

    found = compute(emit, [error], 1)[0]
    np.testing.assert_allclose(found, [0.2, 0.2, 10.0, 0.9], rtol=0.03)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 12])
def test_linear_equations_are_solved_with_the_largest_pivots(n: int) -> None:
    random = np.random.default_rng(n)
    matrices = random.normal(size=(COUNT, n, n))
    if n > 1:  # the first pivot cannot be the one that stands there
        matrices[:16, 0, 0] = 0.0
        matrices[16:32, 0, 0] = 1e-14
    right = random.normal(size=(COUNT, n))

    def emit(lanes: Lanes, given: list[str]) -> list[str]:
        rows = [given[i * n : (i + 1) * n] for i in range(n)]
        return linearcode.solve(lanes, linearcode.factor(lanes, rows), given[n * n :])

    given = [*matrices.reshape(COUNT, -1).T, *right.T]
    found = compute(emit, [np.ascontiguousarray(row) for row in given], n).T
    residual = np.abs(np.einsum("kij,kj->ki", matrices, found) - right).max(axis=1)
    largest = np.abs(matrices).sum(axis=2).max(axis=1) * np.abs(found).max(axis=1)
    assert (residual < 1e-14 * n * (largest + np.abs(right).max(axis=1))).all()
