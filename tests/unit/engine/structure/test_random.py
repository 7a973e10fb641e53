"""Nothing false about systems that have no structure, followed along their trajectories."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from eqpp_dash.engine.structure.facts import Kind
from eqpp_dash.engine.structure.find import find_structure

from .checking import INTEGRALS, check, check_all, compiled


def random_text(rng, degree, functions=()):
    terms = [
        f"({rng.integers(-9, 10)}/4)*x^{i}*y^{j}"
        for i in range(degree + 1)
        for j in range(degree + 1 - i)
    ]
    terms += [f"({rng.integers(1, 9)}/4)*{f}" for f in functions if rng.random() < 0.6]
    return " + ".join(terms)


def drift(field, function, start, span=2.0):
    """Give how far a function moves along a trajectory, of its size."""
    found = solve_ivp(
        lambda t, x: field(0.0, x[:, None])[:, 0],
        (0.0, span),
        start,
        rtol=1e-11,
        atol=1e-12,
        events=[_far],
    )
    values = function(0.0, found.y)
    return np.ptp(values) / (np.abs(values).max() + 1e-12)


def _far(t, x):
    return np.hypot(*x) - 20.0


_far.terminal = True


@pytest.mark.parametrize("seed", range(12))
def test_random_fields_have_no_integral_and_nothing_false_is_said(seed):
    rng = np.random.default_rng(seed)
    functions = ["sin(x)", "cos(x + y)", "exp(-y)", "tanh(x)", "abs(y)"] if seed % 2 else []
    degree = 2 + seed % 2
    equations = f"x' = {random_text(rng, degree, functions)}; y' = {random_text(rng, 2, functions)}"
    found = check_all(equations)
    assert not found.of(*INTEGRALS, Kind.GRADIENT, Kind.REVERSIBLE, Kind.SYMMETRY)


@pytest.mark.parametrize("seed", range(6))
def test_integrals_are_kept_and_a_small_loss_is_noticed(seed):
    rng = np.random.default_rng(100 + seed)
    a, b, c = rng.integers(1, 6, 3)
    wave = ["sin(x)", "x^3", "x*exp(-x^2)", "tanh(x)", "x/sqrt(1 + x^2)", "sinh(x)"][seed]
    text = f"x' = {a}*y/2 + y^3; y' = -{b}*x - {c}*{wave}"
    field = compiled(text)
    integral = find_structure(field).integral
    assert integral is not None
    check(field, integral)
    start = rng.uniform(0.3, 0.9, 2)
    assert drift(field, integral.function, start) < 1e-8
    lossy = compiled(f"{text} - y/1000")
    assert find_structure(lossy).integral is None
    assert drift(lossy, integral.function, start) > 1e-5
    assert find_structure(lossy).of(Kind.DULAC)


@pytest.mark.parametrize(
    "equations",
    [
        "x' = (x + y + 1)^12; y' = (x - y + 2)^12",
        "x' = sin(6*x + 5*y)^6; y' = cos(5*x - 6*y)^7",
        "x' = sin(sin(sin(x + y)))*exp(cos(x*y)); y' = atan(x/(1 + y^2))^5",
        "x' = x/(1 + x^2 + y^2) + y/(1 + x) + 1/(2 + y^2); y' = x/(3 + x) - y/(1 + x*y)",
        "x' = x^0.3*y^0.7 - x^1.2; y' = x^(1/3) + y^2.5",
        "x' = floor(x) + mod(y, 2); y' = ceil(x*y) - max(x, y, 1)",
        "x' = 1e300*x^3 - 1e-300*y; y' = x + 1e200",
        "x' = x^24*y^24; y' = y^20 - x",
    ],
)
def test_no_system_takes_long(equations):
    field = compiled(equations)
    began = time.process_time()
    found = find_structure(field)
    assert time.process_time() - began < 5.0
    for fact in found.facts:
        assert fact.expression
