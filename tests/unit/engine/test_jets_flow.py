"""Variational equations and the flow's Taylor polynomial: each checks the other."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

from eqpp_dash.engine.expression.variational import VariationalEquations
from eqpp_dash.engine.jets import (
    INTERVALS,
    FieldJets,
    FlowDerivatives,
    MultiPrecision,
    flow_jets,
    taylor_solution,
)
from eqpp_dash.engine.machine import Integrator
from eqpp_dash.engine.system import System, parse_system

VAN_DER_POL = parse_system("x' = y; y' = mu*(1 - x^2)*y - x")
LORENZ = parse_system("x' = s*(y - x); y' = x*(r - z) - y; z' = x*y - b*z; s=10; r=28; b=8/3")
FORCED = parse_system("x' = y; y' = -sin(x) - d*y + g*cos(w*t); d=0.2; g=0.5; w=1.1")
CASES: dict[str, tuple[System, list[float], float, tuple[str, ...]]] = {
    "van der Pol": (VAN_DER_POL, [2.0, 0.3], 5.0, ("mu",)),
    "Lorenz": (LORENZ, [1.0, 1.0, 20.0], 1.0, ("r", "b")),
    "forced": (FORCED, [1.0, 0.5], 4.0, ("g", "w", "d")),
    "backward": (VAN_DER_POL, [0.5, 0.3], -2.0, ("mu",)),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("machine", [True, False], ids=["machine", "numpy"])
def test_derivatives_of_the_flow(name: str, machine: bool) -> None:
    system, start, span, parameters = CASES[name]
    n = system.dimension
    options: Any = {"by_parameters": parameters, "log_determinant": True, "machine": machine}
    with FlowDerivatives(system, **options) as flow:
        found = flow.propagate(np.array(start)[:, None], span, rtol=1e-12)
    assert found.complete.all()
    assert found.flow_derivatives.shape == (n, n, 1)
    matrix, slopes = found.flow_derivatives[:, :, 0], found.sensitivities[:, :, 0]
    # the same by series in the initial condition and the parameters
    values = {p: float(v) for p, v in system.values().items() if p in parameters}
    jets = flow_jets(
        FieldJets.of(system, open_parameters=parameters),
        start,
        span,
        2,
        by=(*system.variables, *parameters),
        parameters=values,
    )
    assert jets.smooth
    size = np.abs(jets.derivatives(1)).max()
    assert np.abs(jets.derivatives(1)[:, :n] - matrix).max() < 1e-9 * size
    assert np.abs(jets.derivatives(1)[:, n:] - slopes).max() < 1e-9 * size
    assert np.abs(jets.derivatives(0) - found.states[:, 0]).max() < 1e-9
    # det Phi = exp(integral of div f), Liouville
    assert found.log_determinants is not None
    assert np.log(np.linalg.det(matrix)) == pytest.approx(found.log_determinants[0], rel=1e-7)
    # finite differences
    h = 1e-6
    with Integrator.of(system, machine=machine) as integrator:
        shifts = h * np.concatenate([np.eye(n), -np.eye(n)], axis=1)
        ends = integrator.propagate(
            np.array(start)[:, None] + shifts, span, rtol=1e-13, atol=1e-13
        ).states
        assert (ends[:, :n] - ends[:, n:]) / (2 * h) == pytest.approx(matrix, abs=1e-6 * size)
        for j, parameter in enumerate(parameters):
            both = values[parameter] + np.array([h, -h])
            ends = integrator.propagate(
                np.array([start, start]).T,
                span,
                parameters={parameter: both},
                rtol=1e-13,
                atol=1e-13,
            ).states
            wanted = (ends[:, 0] - ends[:, 1]) / (2 * h)
            assert wanted == pytest.approx(slopes[:, j], abs=1e-6 * size)


def test_rotation_and_monodromy() -> None:
    with FlowDerivatives(parse_system("x' = w*y; y' = -w*x")) as flow:
        angles = np.linspace(0.1, 6, 12)
        found = flow.propagate(np.ones((2, 12)), 1.0, parameters={"w": angles}, rtol=1e-13)
        wanted = np.array([[np.cos(angles), np.sin(angles)], [-np.sin(angles), np.cos(angles)]])
        assert np.abs(found.flow_derivatives - wanted).max() < 1e-11
        assert np.abs(np.abs(found.multipliers) - 1).max() < 1e-11
        assert found.log_determinants is None
    with FlowDerivatives(VAN_DER_POL, log_determinant=True) as flow:
        period, cycle = 6.663286859323130, [2.008619860874843, 0.0]
        found = flow.propagate(np.array(cycle)[:, None], period, rtol=1e-13)
        multipliers = np.sort(np.abs(found.multipliers[:, 0]))
        assert found.states[:, 0] == pytest.approx(cycle, abs=1e-10)
        # that of the flow's own direction is 1, so the other is the determinant
        assert found.log_determinants is not None
        assert found.log_determinants[0] == pytest.approx(-7.0589, abs=1e-4)
        assert multipliers[1] == pytest.approx(1.0, abs=1e-9)
        assert np.log(multipliers[0]) == pytest.approx(found.log_determinants[0], abs=1e-6)


def test_what_is_cut_short_says_so() -> None:
    with FlowDerivatives(parse_system("x' = x^2")) as flow:
        found = flow.propagate([[1.0, -1.0]], 2.0, box=[[-10, 10]])
        assert found.complete.tolist() == [False, True]
        assert found.flow_derivatives[0, 0, 1] == pytest.approx(1 / 9)
        assert found.times[0] < 1
        with pytest.raises(ValueError, match="starts"):
            flow.propagate([1.0], 1.0)
    with pytest.raises(ValueError, match="not a parameter"):
        FlowDerivatives(VAN_DER_POL, by_parameters=["x"])
    assert not flow_jets(FieldJets.of(parse_system("x' = x^2")), [1.0], 2.0, 1, max_steps=50).smooth


def test_equations_share_what_they_can() -> None:
    equations = VariationalEquations(LORENZ.components, LORENZ.variables)
    assert len(equations.components) == 12
    assert equations.variables[:5] == ("x", "y", "z", "x:x", "x:y")
    only = VariationalEquations(
        FORCED.components, FORCED.variables, by_state=False, by_parameters=["w"]
    )
    assert only.variables == ("x", "y", "x:w", "y:w")
    assert only.columns == 1


def test_higher_derivatives_of_the_flow() -> None:
    """x' = x^2 has the flow x/(1 - t x); a pendulum's third derivatives by differences."""
    jets = flow_jets(FieldJets.of(parse_system("x' = x^2")), [0.5], 1.0, 6)
    wanted = [1.0] + [2.0 ** (k + 1) for k in range(1, 7)]  # 1/(1/x - 1) about x = 1/2
    assert jets.coefficients[0] == pytest.approx(wanted, rel=1e-12)
    field = FieldJets.of(parse_system("x' = y; y' = -sin(x)*exp(y/9) + cos(t)"))
    jets = flow_jets(field, [1.0, 0.2], 3.0, 4, start_time=0.7)
    step = np.array([0.02, -0.01])
    moved = taylor_solution(field, np.array([1.0, 0.2]) + step, [3.7], start_time=0.7).states[:, 0]
    assert jets(step) == pytest.approx(moved, abs=2e-8)
    assert np.abs(jets.coefficients[:, 0] + jets.coefficients[:, 1:3] @ step - moved).max() > 1e-5
    halved = taylor_solution(field, np.array([1.0, 0.2]) + step / 2, [3.7], start_time=0.7)
    ratio = np.abs(jets(step) - moved) / np.abs(jets(step / 2) - halved.states[:, 0])
    assert (np.log2(ratio) > 4.5).all()  # the remainder is of order five


@pytest.mark.parametrize(
    "text",
    [
        "x*log(2 + x^2)", "sin(y)/y", "tanh(y)", "1/(1 + x^2)", "sqrt(y^2 + 1)", "abs(x + 9)",
        "min(x, 7)", "max(x - 1, y)", "atan2(y, 3)", "2^x", "x*floor(x + 5)", "tan(x)", "asin(x/2)",
        "erf(x)", "cbrt(y)", "mod(x, 3)", "x^y", "x^1.3", "(1 + x)^pi", "cosh(y)", "acos(x/2)",
        "y^5", "cos(x)*exp(y)",
    ],
)  # fmt: skip
def test_functions_along_the_flow(text: str) -> None:
    system = parse_system(f"x' = {text}/3 + y; y' = -x + y*({text})/4")
    jets = flow_jets(FieldJets.of(system), [0.3, 0.4], 0.3, 2)
    with FlowDerivatives(system) as flow:
        found = flow.propagate([[0.3, 0.3 + 1e-6], [0.4, 0.4]], 0.3, rtol=1e-13)
    assert jets.coefficients[:, 0] == pytest.approx(found.states[:, 0], rel=1e-11)
    assert jets.derivatives(1) == pytest.approx(
        found.flow_derivatives[..., 0], rel=1e-10, abs=1e-11
    )
    change = (found.flow_derivatives[..., 1] - found.flow_derivatives[..., 0]) / 1e-6
    assert jets.derivatives(2)[:, :, 0] == pytest.approx(change, abs=1e-4)


def test_the_flow_in_many_digits() -> None:
    context = mpmath.MPContext()
    context.dps = 25
    kind = MultiPrecision(context)
    field = FieldJets.of(parse_system("x' = y; y' = -sin(x) + min(x, 7)/9"))
    found = flow_jets(field, [0.3, 0.4], 1.0, 2)
    digits = flow_jets(field, [0.3, 0.4], 1.0, 2, arithmetic=kind)
    assert np.abs(found.coefficients - digits.coefficients).max() < 1e-14
    shift = context.mpf(10) ** -9
    ends = [
        taylor_solution(field, [context.mpf(0.3) + s, 0.4], [1], arithmetic=kind).states[:, 0]
        for s in (0, shift)
    ]
    slope = (ends[1] - ends[0]) / shift - shift * digits.coefficients[:, 3]
    assert np.abs(slope - digits.coefficients[:, 1]).max() < 1e-14


def test_the_flow_does_not_cross_kinks() -> None:
    field = FieldJets.of(parse_system("x' = 1; y' = abs(x)"))
    assert flow_jets(field, [-1.0, 0.0], 0.9, 1).smooth
    assert not flow_jets(field, [-1.0, 0.0], 1.1, 1).smooth


def test_what_the_flow_refuses() -> None:
    field = FieldJets.of(parse_system("x' = a*x"), open_parameters=["a"])
    with pytest.raises(ValueError, match="no solution"):
        flow_jets(field, [0.3], 1.0, 1, parameters={"a": 1}, arithmetic=INTERVALS)
    with pytest.raises(ValueError, match="neither"):
        flow_jets(field, [0.3], 1.0, 1, by=["q"], parameters={"a": 1})
    with pytest.raises(ValueError, match="no value"):
        flow_jets(field, [0.3], 1.0, 1)
    with pytest.raises(ValueError, match="shape"):
        flow_jets(field, [0.3, 1.0], 1.0, 1, parameters={"a": 1})


@pytest.mark.parametrize(
    ("equations", "start", "known"),
    [
        ("x' = if x < 0 then 1 else 2", [-1.0], False),  # the derivative doubles at x = 0
        ("x' = if x < 0 then 1 else 2", [1.0], True),
        ("x' = 1 + abs(x)", [-1.0], True),  # continuous
    ],
)
def test_derivatives_are_unknown_beyond_a_jump(
    equations: str, start: list[float], known: bool
) -> None:
    with FlowDerivatives(parse_system(equations), log_determinant=True) as flow:
        begin, span = np.array(start)[:, None], 2.0
        found = flow.propagate(begin, span)
        width = 1e-5
        ends = flow.propagate(begin + np.array([[-width, width]]), span).states
    assert found.complete.all()
    assert np.isfinite(found.states).all()
    slope = (ends[0, 1] - ends[0, 0]) / (2 * width)
    assert found.log_determinants is not None
    if known:
        assert found.flow_derivatives[0, 0] == pytest.approx(slope, rel=1e-6)
        assert np.exp(found.log_determinants) == pytest.approx(slope, rel=1e-6)
    else:
        assert np.isnan(found.flow_derivatives).all()
        assert np.isnan(found.log_determinants).all()
        assert np.isnan(found.multipliers).all()


def test_the_flow_is_smooth_between_steps_of_several_conditions() -> None:
    # where both conditions of `or` hold, and beside max and mod of steps
    field = FieldJets.of(
        parse_system(
            "x' = if x > 0 or y > 0 then x else y; y' = max(sign(x), sign(y)) + mod(floor(x), 2)"
        )
    )
    jets = flow_jets(field, [1.2, 1.0], 0.3, 2)
    assert jets.smooth
    grown = np.exp(0.3)
    expected = [[1.2 * grown, grown, 0, 0, 0, 0], [1.6, 0, 1, 0, 0, 0]]
    np.testing.assert_allclose(jets.coefficients, expected, rtol=1e-13, atol=1e-14)
