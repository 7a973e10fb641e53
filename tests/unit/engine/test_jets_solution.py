"""Solutions by Taylor series: against other methods, exact solutions and themselves."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np
import pytest

from eqpp_dash.engine.jets import (
    COMPLEXES,
    INTERVALS,
    RATIONALS,
    FieldJets,
    MultiPrecision,
    NotSmoothError,
    solution_series,
    taylor_solution,
)
from eqpp_dash.engine.machine import Integrator
from eqpp_dash.engine.system import parse_system

SYSTEMS: dict[str, tuple[str, list[float], float]] = {
    "van der Pol": ("x' = y; y' = (1 - x^2)*y - x", [2.0, 0.0], 20.0),
    "Lorenz": ("x' = 10*(y - x); y' = x*(28 - z) - y; z' = x*y - 8/3*z", [1.0, 1.0, 1.0], 10.0),
    "pendulum": ("x' = y; y' = -sin(x) - y/5", [2.0, 1.0], 20.0),
    "forced": ("x' = y; y' = x - x^3 - 0.3*y + 0.4*cos(1.2*t)", [1.0, 0.0], 20.0),
    "mixed": ("x' = exp(-x^2)*cos(t) + atan(y); y' = -tanh(x)*sqrt(1+y^2)", [0.3, 1.0], 9.0),
}  # fmt: skip


def digits(count: int) -> MultiPrecision:
    context = mpmath.MPContext()
    context.dps = count
    return MultiPrecision(context)


@pytest.mark.parametrize("name", SYSTEMS)
def test_machine_code_agrees(name: str) -> None:
    text, start, span = SYSTEMS[name]
    system = parse_system(text)
    times = np.linspace(0, span, 5)
    found = taylor_solution(FieldJets.of(system), start, times, start_time=0)
    assert (found.end, found.time) == ("time", span)
    assert found.states[:, 0].tolist() == start
    growth = 1e6 if name == "Lorenz" else 100.0  # of an error, over the span
    with Integrator.of(system) as integrator:
        options: Any = {"rtol": 1e-13, "atol": 1e-13}
        for at, t in list(enumerate(times))[1:]:
            end = integrator.propagate(np.array(start)[:, None], t, **options)
            assert np.abs(end.states[:, 0] - found.states[:, at]).max() < 1e-13 * growth
        stiff = integrator.propagate(
            np.array(start)[:, None], span, method="Rodas5P", rtol=1e-9, atol=1e-9
        )
        assert np.abs(stiff.states[:, 0] - found.states[:, -1]).max() < 1e-8 * growth


@pytest.mark.parametrize("name", SYSTEMS)
def test_doubles_agree_with_thirty_digits(name: str) -> None:
    text, start, span = SYSTEMS[name]
    field = FieldJets.of(parse_system(text))
    span = min(span, 3.0)
    found = taylor_solution(field, start, [span])
    exact = taylor_solution(field, start, [span], arithmetic=digits(32))
    finer = taylor_solution(field, start, [span], arithmetic=digits(40))
    error = 1e3 if name == "Lorenz" else 20.0
    assert np.abs(found.states - finer.states).max() < 1e-15 * error
    assert np.abs(exact.states - finer.states).max() < 1e-30 * error * 10


def test_exact_solutions() -> None:
    field = FieldJets.of(parse_system("x' = y; y' = -x; z' = z"))
    times = [-1.0, -2.5, -10.0]
    found = taylor_solution(field, [1, 0, 1], times)
    wanted = np.array([np.cos(times), -np.sin(times), np.exp(times)])
    assert np.abs(found.states - wanted).max() < 1e-14
    forced = FieldJets.of(parse_system("x' = 2*t*x + t^7"))
    kind = digits(50)
    exact = taylor_solution(forced, [0], [2], arithmetic=kind)
    with mpmath.workdps(50):
        # the solution from 0: 3 e^s - s^3/2 - 3 s^2/2 - 3 s - 3 with s = t^2
        s = mpmath.mpf(4)
        wanted_there = 3 * mpmath.exp(s) - s**3 / 2 - 3 * s**2 / 2 - 3 * s - 3
        assert abs(mpmath.mpf(str(exact.states[0, 0])) - wanted_there) < mpmath.mpf(10) ** -46


def test_conserved_quantities_and_order() -> None:
    field = FieldJets.of(parse_system("x' = y; y' = -sin(x)"))
    found = taylor_solution(field, [2.5, 0.0], np.linspace(1, 200, 50))
    energy = found.states[1] ** 2 / 2 - np.cos(found.states[0])
    assert np.abs(energy + math.cos(2.5)).max() < 3e-15
    # the remainder of a series of order p is of order h^(p + 1)
    errors = []
    for h in (0.2, 0.1):
        series = solution_series(field, [2.5, 0.3], 8)
        exact = taylor_solution(field, [2.5, 0.3], [h]).states[:, 0]
        value = series @ h ** np.arange(9)
        errors.append(np.abs(value - exact).max())
    assert 7.5 < math.log2(errors[0] / errors[1]) < 10.5


def test_how_it_ends() -> None:
    blow_up = FieldJets.of(parse_system("x' = x^2"))
    found = taylor_solution(blow_up, [1.0], [0.5, 2.0], max_steps=300)
    assert found.end in ("budget", "undefined")
    assert found.states[0, 0] == pytest.approx(2.0, rel=1e-14)
    assert np.isnan(found.states[0, 1])
    assert found.time == pytest.approx(1.0, abs=1e-9)
    edge = FieldJets.of(parse_system("x' = sqrt(x)"))
    assert taylor_solution(edge, [-1.0], [1.0]).end == "not smooth"
    huge = FieldJets.of(parse_system("x' = exp(exp(x))"))
    assert taylor_solution(huge, [9.0], [1.0]).end == "undefined"
    assert taylor_solution(edge, [1.0], [0.0]).steps == 0
    rest = taylor_solution(blow_up, [0.0], [1e6])
    assert (rest.end, rest.states[0, 0]) == ("time", 0.0)
    for kind in (INTERVALS, RATIONALS, COMPLEXES):
        with pytest.raises(ValueError, match="no solution"):
            taylor_solution(blow_up, [1], [0.5], arithmetic=kind)
    with pytest.raises(ValueError, match="lead away"):
        taylor_solution(blow_up, [1.0], [0.5, 0.2])
    with pytest.raises(ValueError, match="lead away"):
        taylor_solution(blow_up, [1.0], [0.1, -0.2])
    with pytest.raises(ValueError, match="shape"):
        taylor_solution(blow_up, [1.0, 2.0], [0.5])
    open_field = FieldJets.of(parse_system("x' = a*x"), open_parameters=["a"])
    with pytest.raises(ValueError, match="no value"):
        taylor_solution(open_field, [1.0], [0.5])


@pytest.mark.parametrize(
    ("text", "start", "crossing"),
    [
        ("x' = 1; y' = abs(x)", [-1.0, 0.0], 1.0),
        ("x' = 1; y' = max(x, t/2)", [-1.0, 0.0], 2.0),
        ("x' = 1; y' = floor(x + 0.25)", [0.0, 0.0], 0.75),
        ("x' = 0; y' = heaviside(t - 1.5)", [0.0, 0.0], 1.5),
        ("x' = cos(t); y' = atan2(sin(t), cos(t))", [0.0, 0.0], math.pi),
    ],
)
@pytest.mark.parametrize("count", [1, 40])
def test_kinks_and_jumps_are_not_crossed(
    text: str, start: list[float], crossing: float, count: int
) -> None:
    times = np.linspace(0, 4, count + 1)[1:]
    field = FieldJets.of(parse_system(text))
    found = taylor_solution(field, start, times, start_time=0)
    assert found.end == "not smooth"
    assert found.time <= crossing
    reached = np.isfinite(found.states[0])
    assert (times[reached] <= crossing).all()
    assert count == 1 or times[reached][-1] > crossing - 0.2
    begun = taylor_solution(field, start, [0.9 * crossing])
    assert begun.end == "time"


def test_series_of_many_states_and_of_boxes() -> None:
    field = FieldJets.of(parse_system("x' = y; y' = mu*(1 - x^2)*y - x"), open_parameters=["mu"])
    states = np.random.default_rng(0).normal(size=(2, 100))
    mu = np.linspace(0.5, 2, 100)
    found = solution_series(field, states, 12, parameters={"mu": mu})
    assert found.shape == (2, 13, 100)
    for i in (0, 37, 99):
        alone = solution_series(field, states[:, i], 12, parameters={"mu": mu[i]})
        assert alone == pytest.approx(found[:, :, i], rel=1e-13)
    kind = digits(40)
    exact = solution_series(field, states, 12, parameters={"mu": mu}, arithmetic=kind)
    enclosed = solution_series(field, states, 12, parameters={"mu": mu}, arithmetic=INTERVALS)
    assert enclosed.contains(exact).all()
    box = INTERVALS.convert(states - 0.01)
    box.hi[:] = states + 0.01
    wide = solution_series(field, box, 5, parameters={"mu": mu}, arithmetic=INTERVALS)
    for shift in (-0.009, 0.0, 0.01):
        moved = solution_series(
            field, states + shift * 0.999, 5, parameters={"mu": mu}, arithmetic=kind
        )
        assert wide.contains(moved).all()


def test_no_series_where_the_field_is_not_smooth() -> None:
    field = FieldJets.of(parse_system("x' = 1 + abs(y); y' = 1"))
    states = np.array([[0.0, 0.0], [0.0, 0.5]])
    found = solution_series(field, states, 4)
    assert found[0, :2, 0].tolist() == [0.0, 1.0]
    assert np.isnan(found[:, 2:, 0]).all()
    assert found[0, :, 1].tolist() == [0.0, 1.5, 0.5, 0.0, 0.0]
    enclosed = solution_series(field, states, 4, arithmetic=INTERVALS)
    assert np.isinf(enclosed.lo[:, 2:, 0]).all()
    assert np.isfinite(enclosed.lo[:, :, 1]).all()
    assert np.isnan(solution_series(field, [0.0, 0.0], 3)[:, 2:]).all()
    assert taylor_solution(field, [0.0, 0.0], [1.0]).end == "not smooth"
    with pytest.raises(NotSmoothError):
        solution_series(field, [0, 0], 3, arithmetic=RATIONALS)


def test_more_digits_than_a_double_has_exponents() -> None:
    context = mpmath.MPContext()
    for context.dps in (330, 1000):  # the second beyond the highest order
        found = taylor_solution(
            FieldJets.of(parse_system("x' = x")), [1], [3], arithmetic=MultiPrecision(context)
        )
        assert found.end == "time"
        gap = abs(found.states[0, 0] / context.exp(3) - 1)
        assert gap < context.mpf(10) ** (2 - context.dps)


@pytest.mark.parametrize("tolerance", [0, -1e-9, float("nan")])
def test_a_tolerance_is_positive(tolerance: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        taylor_solution(FieldJets.of(parse_system("x' = x")), [1.0], [1.0], tolerance=tolerance)
