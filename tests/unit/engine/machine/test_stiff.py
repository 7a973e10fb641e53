"""Stiff systems: published end values, orders, and the change of the method on the way."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from eqpp_dash.engine.machine.integrate import End, Integrator, Method
from eqpp_dash.engine.machine.kernel import Kernel
from eqpp_dash.engine.system import parse_system
from eqpp_dash.errors import SpecError

from .running import plain_target

Array = NDArray[np.float64]
TIERS = pytest.mark.parametrize("machine", [True, False], ids=["machine", "numpy"])

VAN_DER_POL = "x' = y; y' = mu*(1 - x^2)*y - x\nmu = 1000"

# End values: F. Mazzia, C. Magherini, "Test Set for Initial Value Problem Solvers", release 2.4
# (2008); the problems are those of Hairer and Wanner II, section IV.10.
PUBLISHED: dict[str, tuple[str, list[float], float, list[float]]] = {
    "Robertson": (
        "a' = -0.04*a + 1e4*b*c; b' = 0.04*a - 1e4*b*c - 3e7*b^2; c' = 3e7*b^2",
        [1.0, 0.0, 0.0],
        1e11,
        [0.2083340149701255e-07, 0.8333360770334713e-13, 0.9999999791665050],
    ),
    "HIRES": (
        "a' = -1.71*a + 0.43*b + 8.32*c + 0.0007; b' = 1.71*a - 8.75*b;"
        "c' = -10.03*c + 0.43*d + 0.035*f; d' = 8.32*b + 1.71*c - 1.12*d;"
        "f' = -1.745*f + 0.43*g + 0.43*h;"
        "g' = -280*g*k + 0.69*d + 1.71*f - 0.43*g + 0.69*h;"
        "h' = 280*g*k - 1.81*h; k' = -280*g*k + 1.81*h",
        [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0057],
        321.8122,
        [
            0.7371312573325668e-3,
            0.1442485726316185e-3,
            0.5888729740967575e-4,
            0.1175651343283149e-2,
            0.2386356198831331e-2,
            0.6238968252742796e-2,
            0.2849998395185769e-2,
            0.2850001604814231e-2,
        ],
    ),
    "Oregonator": (
        "a' = 77.27*(b + a*(1 - 8.375e-6*a - b)); b' = (c - (1 + a)*b)/77.27; c' = 0.161*(a - c)",
        [1.0, 2.0, 3.0],
        360.0,
        [0.1000814870318523e1, 0.1228178521549917e4, 0.1320554942846706e3],
    ),
    "van der Pol": (
        VAN_DER_POL,
        [2.0, 0.0],
        2000.0,
        [0.1706167732170469e1, -0.8928097010248125e-3],
    ),
}


@pytest.mark.parametrize("method", ["Rodas5P", "auto"])
@pytest.mark.parametrize("name", PUBLISHED)
def test_published_end_values_to_8_digits(name: str, method: str) -> None:
    text, start, span, exact = PUBLISHED[name]
    starts = np.repeat(np.array(start)[:, None], 3, axis=1)
    with Integrator.of(parse_system(text)) as integrator:
        assert integrator.tier == "machine"
        result = integrator.propagate(starts, span, method=method, rtol=1e-11, atol=1e-18)
    assert (result.ends == End.TIME).all()
    assert (result.methods == Method.Rodas5P).all()
    error = np.abs(result.states / np.array(exact)[:, None] - 1.0)
    assert error.max() < 5e-9
    assert (result.states == result.states[:, :1]).all()


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_end_values_to_10_digits_by_radau(name: str) -> None:
    text, start, span, exact = PUBLISHED[name]
    with Integrator.of(parse_system(text), machine=False) as integrator:
        result = integrator.propagate(
            np.array(start)[:, None], span, method="auto", rtol=1e-12, atol=1e-22
        )
    assert (result.ends == End.TIME).all()
    assert (result.methods == Method.Radau).all()
    assert np.abs(result.states[:, 0] / np.array(exact) - 1.0).max() < 5e-11


@TIERS
def test_radau_gives_states_at_moments(machine: bool) -> None:
    """Against DOP853, which can do without it where the system is not stiff."""
    times = np.linspace(0.1, 6.0, 40)
    with Integrator.of(parse_system("x' = y; y' = -sin(x)"), machine=machine) as integrator:
        found = integrator.sample([[2.0], [0.3]], times, method="Radau", rtol=1e-12, atol=1e-12)
        other = integrator.sample([[2.0], [0.3]], times, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(found, other, atol=2e-11)


@TIERS
def test_van_der_pol_agrees_with_radau(machine: bool) -> None:
    starts = np.array([[2.0, -1.5, 0.5], [0.0, 3.0, -2.0]])
    count = 3 if machine else 1
    system = parse_system(VAN_DER_POL)
    field = system.compile()
    with Integrator.of(system, machine=machine) as integrator:
        assert integrator.tier == ("machine" if machine else "numpy")
        result = integrator.propagate(
            starts[:, :count], 900.0, method="Rodas5P", rtol=1e-11, atol=1e-11
        )
    for i in range(count):
        exact = solve_ivp(
            field.scalar,
            (0.0, 900.0),
            starts[:, i],
            method="Radau",
            rtol=1e-12,
            atol=1e-12,
            jac=lambda t, x: field.jacobian(t, x),
        ).y[:, -1]
        np.testing.assert_allclose(result.states[:, i], exact, rtol=0, atol=1e-9)


ORDERS: dict[str, tuple[str, Any]] = {
    "autonomous": ("x' = y; y' = -x", lambda t: [np.cos(t), -np.sin(t)]),
    "non-autonomous": ("x' = y; y' = -sin(t)*y - cos(t)*x + 0*y", None),
    "forced": ("x' = -x + y*cos(t); y' = -2*t*y/(1 + t^2)", None),
}


@pytest.mark.parametrize("name", ORDERS)
def test_global_order_is_five(name: str) -> None:
    text, exact = ORDERS[name]
    start, span = [[1.0], [0.0 if name == "autonomous" else 0.5]], 10.0
    errors, steps = [], []
    with Integrator.of(parse_system(text)) as integrator:
        truth = integrator.propagate(start, span, rtol=1e-14, atol=1e-14).states[:, 0]
        if exact is not None:
            truth = np.array(exact(span))
        for tolerance in 10.0 ** np.arange(-5.0, -11.0, -1.0):
            result = integrator.propagate(start, span, method="Rodas5P", rtol=0.0, atol=tolerance)
            errors.append(np.abs(result.states[:, 0] - truth).max())
            steps.append(result.steps[0])
    slope = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert -6.5 < slope < -4.4


@pytest.fixture(scope="module", params=[True, False], ids=["machine", "numpy"])
def relaxation(request: pytest.FixtureRequest) -> Iterator[Integrator]:
    """A fast decay onto a slow curve, at a rate of each trajectory's own."""
    with Integrator.of(
        parse_system("x' = -k*(x - cos(t)) - sin(t); y' = -y"), machine=request.param
    ) as integrator:
        yield integrator


def test_stiff_trajectories_change_the_method_and_say_so(relaxation: Integrator) -> None:
    rates = np.tile([1.0, 1e5, 2.0, 1e6, 3.0], 20)
    starts = np.array([np.full(100, 2.0), np.ones(100)])
    options: Any = {"parameters": {"k": rates}, "rtol": 1e-8, "atol": 1e-8, "start_time": 0.5}
    shares: list[float] = []
    result = relaxation.propagate(starts, 5.0, method="auto", progress=shares.append, **options)
    assert result.methods.tolist() == np.where(rates > 10, Method.Rodas5P, Method.DOP853).tolist()
    assert (result.ends == End.TIME).all()
    assert (result.times == 5.5).all()
    exact = np.cos(5.5) + (2.0 - np.cos(0.5)) * np.exp(-rates * 5.0)
    np.testing.assert_allclose(result.states[0], exact, rtol=0, atol=1e-6)
    np.testing.assert_allclose(result.states[1], np.exp(-5.0), rtol=0, atol=1e-6)
    assert result.steps.max() < 5000
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    explicit = relaxation.propagate(starts, 5.0, **options, max_steps=5000)
    assert (explicit.methods == Method.DOP853).all()
    np.testing.assert_array_equal(explicit.ends, np.where(rates > 10, End.BUDGET, End.TIME))
    gentle = rates < 10
    np.testing.assert_array_equal(explicit.states[:, gentle], result.states[:, gentle])


GENTLE = {
    "van der Pol": "x' = y; y' = (1 - x^2)*y - x",
    "Lorenz": "x' = 10*(y - x); y' = x*(28 - z) - y; z' = x*y - 8/3*z",
    "oscillator": "x' = y; y' = -x",
    "forced": "x' = y; y' = x - x^3 - 0.3*y + 0.4*cos(1.2*t)",
    "predator and prey": "x' = x*(1 - y); y' = y*(x - 1)",
}


@pytest.mark.parametrize("name", GENTLE)
def test_systems_that_are_not_stiff_keep_the_explicit_method(name: str) -> None:
    system = parse_system(GENTLE[name])
    starts = np.random.default_rng(6).uniform(0.5, 2.0, (system.dimension, 40))
    with Integrator.of(system) as integrator:
        for tolerance in (1e-3, 1e-6, 1e-9, 1e-12):
            options: Any = {"rtol": tolerance, "atol": tolerance}
            result = integrator.propagate(starts, 500.0, method="auto", **options)
            assert (result.methods == Method.DOP853).all()
            usual = integrator.propagate(starts, 500.0, **options)
            assert result.states.tobytes() == usual.states.tobytes()


@pytest.mark.parametrize("method", ["Rodas5P", "auto"])
def test_states_at_times(relaxation: Integrator, method: str) -> None:
    times = 0.5 + np.linspace(0.0, 5.0, 101)
    rates = np.array([1.0, 1e5])
    found = relaxation.sample(
        np.array([[2.0, 2.0], [1.0, 1.0]]),
        times,
        method=method,
        parameters={"k": rates},
        rtol=1e-9,
        atol=1e-9,
        start_time=0.5,
    )
    exact = np.cos(times) + (2.0 - np.cos(0.5)) * np.exp(-np.outer(rates, times - 0.5))
    np.testing.assert_allclose(found[0], exact.T, rtol=0, atol=2e-6)
    np.testing.assert_allclose(found[1, :, 0], np.exp(0.5 - times), rtol=0, atol=2e-6)


def test_neither_threads_nor_neighbours_change_a_bit() -> None:
    starts = np.random.default_rng(3).uniform(-2, 2, (2, 200))
    mu = np.linspace(1.0, 2000.0, 200)
    options: Any = {"method": "auto", "rtol": 1e-6, "atol": 1e-6}
    with Integrator.of(parse_system(VAN_DER_POL)) as integrator:
        one = integrator.propagate(starts, 50.0, parameters={"mu": mu}, threads=1, **options)
        two = integrator.propagate(starts, 50.0, parameters={"mu": mu}, threads=2, **options)
        some = integrator.propagate(
            starts[:, ::7].copy(), 50.0, parameters={"mu": mu[::7].copy()}, **options
        )
    assert one.states.tobytes() == two.states.tobytes()
    assert one.steps.tolist() == two.steps.tolist()
    assert one.states[:, ::7].tobytes() == some.states.tobytes()
    assert set(one.methods) == {Method.DOP853, Method.Rodas5P}


@pytest.mark.parametrize("name", ["van der Pol", "HIRES"])
def test_least_processor_gives_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, start, span, exact = PUBLISHED[name]
    monkeypatch.setattr(
        "eqpp_dash.engine.machine.kernels.Kernel", partial(Kernel, target=plain_target())
    )
    starts = np.repeat(np.array(start)[:, None], 5, axis=1)
    with Integrator.of(parse_system(text)) as plain:
        result = plain.propagate(starts, span, method="auto", rtol=1e-9, atol=1e-13)
    assert (result.methods == Method.Rodas5P).all()
    error = np.abs(result.states / np.array(exact)[:, None] - 1.0)
    assert error.max() < 1e-6


@TIERS
def test_ends_by_the_stiff_method(machine: bool) -> None:
    with Integrator.of(parse_system("x' = x^2"), machine=machine) as growth:
        result = growth.propagate([[1.0, 2.0, -1.0, np.nan]], 5.0, method="Rodas5P")
        assert result.ends.tolist() == [End.INFINITY, End.INFINITY, End.TIME, End.UNDEFINED]
        np.testing.assert_allclose(result.times[:2], [1.0, 0.5], rtol=1e-6)
        boxed = growth.propagate([[1.0]], 5.0, method="Rodas5P", box=[[-9.0, 9.0]])
        assert boxed.ends[0] == End.BOX
        spent = growth.propagate([[1.0]], 5.0, method="Rodas5P", max_steps=7)
        assert (spent.ends[0], spent.steps[0]) == (End.BUDGET, 7)
        back = growth.propagate([[1.0]], -3.0, method="Rodas5P", rtol=1e-10, atol=1e-10)
        assert back.states[0, 0] == pytest.approx(0.25, abs=1e-8)


@TIERS
def test_derivatives_that_are_infinite_do_no_harm(machine: bool) -> None:
    with Integrator.of(parse_system("x' = -x + sqrt(y); y' = 0*x"), machine=machine) as roots:
        result = roots.propagate([[1.0], [0.0]], 2.0, method="Rodas5P", rtol=1e-8, atol=1e-8)
    assert result.ends[0] == End.TIME
    assert result.states[0, 0] == pytest.approx(np.exp(-2.0), abs=1e-6)


def test_cancel_acts_in_either_phase(relaxation: Integrator) -> None:
    result = relaxation.propagate(
        np.ones((2, 4)), 5.0, parameters={"k": 1e6}, method="auto", cancel=lambda: True
    )
    assert set(result.ends) <= {End.CANCELLED, End.TIME}


def test_twelve_equations() -> None:
    names = [f"u{i}" for i in range(12)]
    rows = [
        f"{name}' = 1e4*({names[i - 1] if i else '0'} - 2*{name} + {names[i + 1] if i < 11 else 0})"
        for i, name in enumerate(names)
    ]
    starts = np.random.default_rng(2).uniform(-1, 1, (12, 9))
    with Integrator.of(parse_system("; ".join(rows))) as heat:
        result = heat.propagate(starts, 1e-2, method="auto", rtol=1e-10, atol=1e-12)
    matrix = 1e4 * (np.eye(12, k=1) - 2 * np.eye(12) + np.eye(12, k=-1))
    values, vectors = np.linalg.eigh(matrix)
    exact = vectors @ (np.exp(1e-2 * values)[:, None] * (vectors.T @ starts))
    np.testing.assert_allclose(result.states, exact, rtol=0, atol=1e-9)


def test_unknown_method_is_refused(relaxation: Integrator) -> None:
    with pytest.raises(SpecError, match="no method"):
        relaxation.propagate([[1.0], [1.0]], 1.0, method="Euler")


def test_linear_equations_solved_by_calls_are_those_written_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    matrix = np.fliplr(np.diag([900.0, -30.0, 2.0, 40.0, -800.0])) - 0.5 * np.eye(5)
    names = "abcde"
    rows = [
        f"{name}' = " + " + ".join(f"({float(c)!r})*{v}" for c, v in zip(row, names, strict=True))
        for name, row in zip(names, matrix, strict=True)
    ]
    starts = np.random.default_rng(5).uniform(-1, 1, (5, 30))
    results = []
    for most in (3, 12):
        monkeypatch.setattr("eqpp_dash.engine.machine.layout.WRITTEN_OUT", most)
        with Integrator.of(parse_system("; ".join(rows))) as integrator:
            results.append(
                integrator.propagate(starts, 0.1, method="Rodas5P", rtol=1e-9, atol=1e-9)
            )
    values, vectors = np.linalg.eig(matrix)
    flow = (vectors * np.exp(0.1 * values)) @ np.linalg.inv(vectors)
    for result in results:
        np.testing.assert_allclose(result.states, flow.real @ starts, rtol=0, atol=1e-5)
    np.testing.assert_allclose(results[0].states, results[1].states, rtol=0, atol=1e-10)
