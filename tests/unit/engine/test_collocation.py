"""The Radau method of order 13: its coefficients, its orders, stiff systems to many digits."""

from __future__ import annotations

import mpmath
import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.collocation import (
    ORDER,
    STAGES,
    collocation_matrix,
    radau_coefficients,
    radau_nodes,
    take_step,
)
from eqpp_dash.engine.dop853 import interpolate

Array = NDArray[np.float64]


def test_three_stages_are_the_method_of_order_five() -> None:
    """Hairer and Wanner II, table IV.5.6."""
    root = np.sqrt(6.0)
    nodes = np.array([(4 - root) / 10, (4 + root) / 10, 1.0])
    np.testing.assert_allclose(radau_nodes(3), nodes, atol=1e-15)
    matrix = [
        [(88 - 7 * root) / 360, (296 - 169 * root) / 1800, (-2 + 3 * root) / 225],
        [(296 + 169 * root) / 1800, (88 + 7 * root) / 360, (-2 - 3 * root) / 225],
        [(16 - root) / 36, (16 + root) / 36, 1 / 9],
    ]
    np.testing.assert_allclose(collocation_matrix(nodes), matrix, atol=1e-15)


def test_quadrature_is_of_the_order_of_the_method() -> None:
    nodes = radau_nodes(STAGES)
    weights = collocation_matrix(nodes)[-1]
    for k in range(1, ORDER + 1):
        assert abs(weights @ nodes ** (k - 1) - 1.0 / k) < 1e-15
    assert abs(weights @ nodes**ORDER - 1.0 / (ORDER + 1)) > 1e-10


def test_eigenvectors_turn_the_inverse_into_its_poles() -> None:
    method = radau_coefficients()
    poles = np.concatenate([method.poles, method.poles[1:].conj()])
    np.testing.assert_allclose(
        method.back @ np.diag(poles) @ method.turn, method.inverse, atol=1e-11
    )


def advance(value: Array, steps: int, span: float) -> tuple[Array, Array]:
    """Follow the pendulum by equal steps; give also the middle of the first one."""
    tight = np.full(2, 1e-15)
    h = np.full(1, span / steps)
    t = np.zeros(1)
    middle = value
    for k in range(steps):
        trial = take_step(
            pendulum, pendulum_jacobian, t, value, pendulum(t, value), h, tight, tight
        )
        if k == 0:
            middle = interpolate(value, trial.memory, np.full(1, 0.4))
        value, t = trial.state, t + h
    return value, middle


def pendulum(t: Array, y: Array) -> Array:
    return np.array([y[1], -np.sin(y[0])])


def pendulum_jacobian(t: Array, y: Array) -> Array:
    zero = np.zeros_like(y[0])
    return np.array([[zero, zero + 1.0], [-np.cos(y[0]), zero]])


def exact_pendulum(angle: float, t: float) -> tuple[float, float]:
    """Give the motion from rest, by Jacobi's elliptic functions."""
    k = mpmath.sin(mpmath.mpf(angle) / 2)
    phase = mpmath.ellipk(k**2) - mpmath.mpf(t)
    sn = mpmath.ellipfun("sn", phase, m=k**2)
    cn, dn = mpmath.ellipfun("cn", phase, m=k**2), mpmath.ellipfun("dn", phase, m=k**2)
    return float(2 * mpmath.asin(k * sn)), float(-2 * k * cn * dn / mpmath.sqrt(1 - (k * sn) ** 2))


def test_orders_of_the_step_and_of_its_interpolant() -> None:
    start = np.array([[2.5], [0.0]])
    errors, between = [], []
    counts = (8, 10, 12, 14, 16, 20)
    for steps in counts:
        end, middle = advance(start, steps, 8.0)
        errors.append(np.abs(end[:, 0] - exact_pendulum(2.5, 8.0)).max())
        exact = exact_pendulum(2.5, 0.4 * 8.0 / steps)
        between.append(np.abs(middle[:, 0] - exact).max())
    order = -np.polyfit(np.log(counts), np.log(errors), 1)[0]
    assert 12.0 < order < 14.5
    local = -np.polyfit(np.log(counts), np.log(between), 1)[0]
    assert 7.5 < local < 9.5
