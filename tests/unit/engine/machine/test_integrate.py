"""Batches of trajectories: values against scipy, each way to end, threads, cancel, tiers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from eqpp_dash.engine.machine.integrate import End, Integrator
from eqpp_dash.engine.system import System, parse_system
from eqpp_dash.errors import SpecError

Array = NDArray[np.float64]

SYSTEMS = {
    "van der Pol": ("x' = y; y' = mu*(1 - x^2)*y - x", {"mu": 1.0}, 10.0),
    "Lorenz": (
        "x' = s*(y - x); y' = x*(r - z) - y; z' = x*y - b*z",
        {"s": 10.0, "r": 28.0, "b": 8 / 3},
        2.0,
    ),
    "pendulum": ("x' = y; y' = -sin(x) - d*y", {"d": 0.2}, 10.0),
    "forced": ("x' = y; y' = x - x^3 - d*y + g*cos(w*t)", {"d": 0.3, "g": 0.4, "w": 1.2}, 10.0),
}
TIERS = [True, False]


def starts_of(n: int, m: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).uniform(-2, 2, (n, m))


def reference(
    system: System, parameters: Any, start: Array, times: Array, start_time: float = 0.0
) -> Array:
    field = system.compile(parameters)
    solution = solve_ivp(
        field.scalar,
        (start_time, float(times[-1])),
        start,
        method="DOP853",
        rtol=1e-12,
        atol=1e-12,
        t_eval=times,
    )
    return np.asarray(solution.y)


@pytest.fixture(scope="module")
def oscillator() -> Iterator[Integrator]:
    with Integrator.of(parse_system("x' = y; y' = -w^2*x")) as integrator:
        yield integrator


@pytest.fixture(scope="module", params=TIERS, ids=["machine", "numpy"])
def growth(request: pytest.FixtureRequest) -> Iterator[Integrator]:
    with Integrator.of(parse_system("x' = x^2"), machine=request.param) as integrator:
        yield integrator


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("machine", TIERS, ids=["machine", "numpy"])
def test_agrees_with_scipy(name: str, machine: bool) -> None:
    text, parameters, span = SYSTEMS[name]
    system = parse_system(text)
    starts = starts_of(system.dimension, 21)
    times = 0.5 + np.linspace(0.0, span, 33)
    options: Any = {"parameters": parameters, "rtol": 1e-12, "atol": 1e-12, "start_time": 0.5}
    with Integrator.of(system, machine=machine) as integrator:
        assert integrator.tier == ("machine" if machine else "numpy")
        result = integrator.propagate(starts, span, **options)
        sampled = integrator.sample(starts, times, **options)
        back = integrator.propagate(result.states, -span, **options | {"start_time": 0.5 + span})
    assert (result.ends == End.TIME).all()
    assert (result.times == 0.5 + span).all()
    np.testing.assert_allclose(sampled[:, -1], result.states, rtol=0, atol=1e-13)
    for i in range(0, 21, 5):
        expected = reference(system, parameters, starts[:, i], times, 0.5)
        np.testing.assert_allclose(result.states[:, i], expected[:, -1], rtol=1e-8, atol=1e-8)
        np.testing.assert_allclose(sampled[:, :, i], expected, rtol=1e-8, atol=1e-8)
    if name == "pendulum":  # the others forget their starts, or shrink volumes too much
        np.testing.assert_allclose(back.states, starts, rtol=0, atol=1e-8)


@pytest.mark.parametrize("machine", TIERS, ids=["machine", "numpy"])
def test_what_a_caller_gives_in_any_form_is_taken_and_left_as_it_was(machine: bool) -> None:
    given = starts_of(3, 6)
    frozen = given.copy()
    frozen.flags.writeable = False
    wide = np.zeros((6, 6))
    wide[::2] = given
    text, parameters, _ = SYSTEMS["Lorenz"]
    one = np.full(6, 1.0)
    with Integrator.of(parse_system(text + "\ns = 10"), machine=machine) as integrator:
        plain: Any = {"parameters": parameters, "rtol": 1e-9, "atol": 1e-9}
        expected = integrator.propagate(given, 1.0, **plain)
        others: list[tuple[Any, Any, dict[str, Any]]] = [
            (frozen, 1.0, {}),
            (wide[::2], 1, {"parameters": {"r": "28", "b": "8/3"}}),
            (np.asfortranarray(given), one, {"rtol": [1e-9] * 3, "atol": np.full(3, 1e-9)}),
            (given.tolist(), one.tolist(), {"parameters": {"r": 28, "b": 8 * one / 3}}),
            (given, np.float64(1.0), {"box": [[-np.inf, np.inf]] * 3, "threads": 2}),
        ]
        for starts, span, options in others:
            found = integrator.propagate(starts, span, **plain | options)
            np.testing.assert_array_equal(found.states, expected.states)
            np.testing.assert_array_equal(found.steps, expected.steps)
        for i in range(6):
            alone = integrator.propagate(given[:, i : i + 1], 1.0, **plain)
            if machine:
                np.testing.assert_array_equal(alone.states[:, 0], expected.states[:, i])
            else:
                np.testing.assert_allclose(alone.states[:, 0], expected.states[:, i], rtol=1e-12)
    np.testing.assert_array_equal(frozen, starts_of(3, 6))


def test_global_order_is_eight(oscillator: Integrator) -> None:
    starts = np.array([[1.0], [0.0]])
    errors, steps = [], []
    for tolerance in 10.0 ** np.arange(-4.0, -11.0, -1.0):
        result = oscillator.propagate(starts, 40.0, rtol=0.0, atol=tolerance)
        errors.append(np.abs(result.states[:, 0] - [np.cos(40.0), -np.sin(40.0)]).max())
        steps.append(result.steps[0])
    slope = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert -10.0 < slope < -7.0


def test_interpolant_is_as_good_as_the_steps(oscillator: Integrator) -> None:
    times = np.linspace(0.0, 20.0, 2000)
    found = oscillator.sample([[1.0], [0.0]], times, rtol=1e-9, atol=1e-9)
    assert np.abs(found[0, :, 0] - np.cos(times)).max() < 2e-7
    backward = oscillator.sample([[1.0], [0.0]], -times, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(backward[0], found[0], rtol=0, atol=1e-9)


def test_every_trajectory_has_its_own_parameter_and_span(oscillator: Integrator) -> None:
    rates = np.linspace(0.5, 3.0, 50)
    spans = np.linspace(-4.0, 5.0, 50)
    spans[7] = 0.0
    starts = np.array([np.ones(50), np.zeros(50)])
    result = oscillator.propagate(starts, spans, parameters={"w": rates}, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(result.states[0], np.cos(rates * spans), rtol=0, atol=1e-8)
    assert (result.times == spans).all()
    assert result.steps[7] == 0


def test_tolerance_of_each_component(oscillator: Integrator) -> None:
    starts = starts_of(2, 5)
    loose = oscillator.propagate(starts, 9.0, atol=[1e-4, 1e-4], rtol=0.0)
    mixed = oscillator.propagate(starts, 9.0, atol=[1e-4, 1e-12], rtol=0.0)
    assert (mixed.steps > 2 * loose.steps).all()


def test_values_are_those_given_in_the_text_unless_others_are() -> None:
    with Integrator.of(parse_system("x' = -k*x\nk = 3/2")) as integrator:
        usual = integrator.propagate([[1.0]], 1.0).states[0, 0]
        other = integrator.propagate([[1.0]], 1.0, parameters={"k": "1/3"}).states[0, 0]
    assert usual == pytest.approx(np.exp(-1.5), abs=1e-7)
    assert other == pytest.approx(np.exp(-1 / 3), abs=1e-7)


# ends ---------------------------------------------------------------------------------------


def test_step_collapses_at_a_blow_up_in_finite_time(growth: Integrator) -> None:
    result = growth.propagate([[1.0, 2.0, -1.0]], 5.0)
    assert result.ends.tolist() == [End.INFINITY, End.INFINITY, End.TIME]
    np.testing.assert_allclose(result.times, [1.0, 0.5, 5.0], rtol=1e-6)
    assert (result.states[0, :2] > 1e12).all()


def test_box_ends_at_the_first_state_outside(growth: Integrator) -> None:
    result = growth.propagate([[1.0, 20.0, -1.0]], 5.0, box=[[-np.inf, 10.0]])
    assert result.ends.tolist() == [End.BOX, End.BOX, End.TIME]
    assert 10.0 < result.states[0, 0] < 12.0
    assert result.states[0, 1] == 20.0
    assert result.steps[1] == 0


def test_budget(growth: Integrator) -> None:
    result = growth.propagate([[1.0, 2.0, 0.5]], 50.0, max_steps=5)
    assert (result.ends == End.BUDGET).all()
    assert (result.steps == 5).all()
    assert (result.times > 0).all()


@pytest.mark.parametrize("limit", [1, 255, 256, 257, 1000])
def test_budget_is_exact_whatever_its_size(oscillator: Integrator, limit: int) -> None:
    starts = starts_of(2, 70)
    result = oscillator.propagate(starts, 1e6, max_steps=limit, threads=1)
    assert (result.ends == End.BUDGET).all()
    assert (result.steps == limit).all()


def test_starts_that_are_not_finite_end_at_once(growth: Integrator) -> None:
    starts = [[np.nan, np.inf, -np.inf, 0.0]]
    result = growth.propagate(starts, 1.0)
    assert result.ends.tolist() == [End.UNDEFINED] * 3 + [End.TIME]
    assert result.times.tolist() == [0.0, 0.0, 0.0, 1.0]


@pytest.mark.parametrize("machine", TIERS, ids=["machine", "numpy"])
def test_edge_of_the_domain_ends_as_undefined(machine: bool) -> None:
    with Integrator.of(parse_system("x' = -sqrt(x) - 1"), machine=machine) as integrator:
        result = integrator.propagate([[1.0, -1.0]], 5.0)
    assert result.ends.tolist() == [End.UNDEFINED, End.UNDEFINED]
    assert result.times[0] == pytest.approx(2 * (1 - np.log(2)), abs=1e-6)
    assert result.times[1] == 0.0


def test_jump_of_the_field_ends_as_collapse_or_goes_on() -> None:
    with Integrator.of(parse_system("x' = 1 - 2*heaviside(x)")) as integrator:
        result = integrator.propagate([[-1.0, 1.0]], 10.0, max_steps=2000)
    assert set(result.ends.tolist()) <= {End.COLLAPSE, End.BUDGET, End.TIME}
    assert np.abs(result.states).max() < 1e-6


def test_samples_are_missing_after_the_end(growth: Integrator) -> None:
    times = np.linspace(0.0, 2.0, 41)
    found = growth.sample([[1.0, np.nan, 0.25]], times)
    assert np.isfinite(found[0, times < 1.0, 0]).all()
    assert np.isnan(found[0, times > 1.0, 0]).all()
    assert np.isnan(found[0, :, 1]).all()
    np.testing.assert_allclose(found[0, :, 2], 1 / (4 - times), rtol=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=20),
    st.floats(-1e6, 1e6),
    st.floats(allow_nan=True, allow_infinity=True),
)
def test_every_input_has_an_end(growth: Integrator, x: list[float], span: float, k: float) -> None:
    result = growth.propagate([x], span, max_steps=300)
    assert (result.steps <= 300).all()
    assert set(result.ends.tolist()) <= {0, 1, 2, 3, 4, End.INFINITY}
    with np.errstate(invalid="ignore"):
        rest = np.abs(result.times) <= abs(span)
    assert rest.all()


# threads, cancel, progress ------------------------------------------------------------------


def test_threads_and_neighbours_change_no_bit() -> None:
    system = parse_system(SYSTEMS["forced"][0])
    starts = starts_of(2, 301)
    times = np.linspace(0.1, 5.0, 9)
    with Integrator.of(system) as integrator:
        one = integrator.propagate(starts, 5.0, threads=1)
        many = integrator.propagate(starts, 5.0, threads=3)
        some = integrator.propagate(starts[:, 100:105], 5.0)
        sampled = integrator.sample(starts, times, threads=1)
        again = integrator.sample(starts, times, threads=2)
    assert one.states.tobytes() == many.states.tobytes()
    assert (one.steps == many.steps).all()
    assert one.states[:, 100:105].tobytes() == some.states.tobytes()
    assert sampled.tobytes() == again.tobytes()


def test_cancel_stops_a_batch_of_minutes(oscillator: Integrator) -> None:
    asked = threading.Event()
    timer = threading.Timer(0.15, asked.set)
    moment = []

    def cancel() -> bool:
        if asked.is_set() and not moment:
            moment.append(time.perf_counter())
        return asked.is_set()

    timer.start()
    result = oscillator.propagate(starts_of(2, 500), 1e9, max_steps=10**9, cancel=cancel)
    waited = time.perf_counter() - moment[0]
    assert (result.ends == End.CANCELLED).all()
    assert (result.times[:8] > 0).all()
    assert (result.times[-8:] == 0).all()
    assert waited < 1.0  # a tenth of that on an idle machine


def test_a_slow_field_is_cancelled_as_soon() -> None:
    """The C library computes erf lane by lane: 400 of them take a millisecond a step."""
    parts = "; ".join(
        f"{v}' = " + " + ".join(f"erf({v}*{k}.5 + {w})" for k in range(1, 26) for w in "abcd")
        for v in "abcd"
    )
    began = []

    def cancel() -> bool:
        began.append(time.perf_counter())
        return len(began) > 3

    with Integrator.of(parse_system(parts)) as integrator:
        assert integrator.tier == "machine"
        starts = np.random.default_rng(0).uniform(-1.0, 1.0, (4, 1000))
        result = integrator.propagate(starts, 1e9, max_steps=10**9, cancel=cancel)
        waited = time.perf_counter() - began[3]
    assert (result.ends == End.CANCELLED).any()
    assert waited < 1.0  # without shorter stretches several seconds


def test_exception_from_progress_stops_and_is_passed_on(oscillator: Integrator) -> None:
    def progress(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        oscillator.propagate(starts_of(2, 40), 1e9, max_steps=10**9, progress=progress)


@pytest.mark.parametrize("machine", TIERS, ids=["machine", "numpy"])
def test_progress_rises_to_one(machine: bool) -> None:
    shares: list[float] = []
    with Integrator.of(parse_system("x' = y; y' = -sin(x)"), machine=machine) as integrator:
        integrator.propagate(starts_of(2, 3000), 5.0, rtol=1e-6, progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_numpy_tier_is_cancelled_too() -> None:
    with Integrator.of(parse_system("x' = 1"), machine=False) as integrator:
        result = integrator.propagate([[0.0, 1.0]], 1.0, cancel=lambda: True)
    assert (result.ends == End.CANCELLED).all()


# life ---------------------------------------------------------------------------------------


def test_numpy_computes_while_machine_code_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    from eqpp_dash.engine.machine import build, kernels

    may_compile = threading.Event()
    real = kernels.Kernel

    def slow(*args: Any, **options: Any) -> Any:
        may_compile.wait(30)
        return real(*args, **options)

    monkeypatch.setattr(kernels, "Kernel", slow)
    build.forget()  # of what systems share, too
    with Integrator.of(parse_system("x' = -x"), wait=False) as integrator:
        assert integrator.tier == "numpy"
        first = integrator.propagate([[1.0]], 1.0).states
        may_compile.set()
        for _ in range(1000):
            if integrator.tier == "machine":
                break
            time.sleep(0.02)
        assert integrator.tier == "machine"
        second = integrator.propagate([[1.0]], 1.0).states
    np.testing.assert_allclose(first, second, rtol=0, atol=1e-7)
    np.testing.assert_allclose(second, np.exp(-1.0), rtol=0, atol=1e-7)


def test_object_code_is_kept_in_the_folder(tmp_path: Path) -> None:
    system = parse_system("x' = -3*x + 1")
    with Integrator.of(system, folder=tmp_path) as integrator:
        first = integrator.propagate([[1.0]], 1.0).states
        assert len(list(tmp_path.iterdir())) == 1  # what systems share
        integrator.prepare()
    assert len(list(tmp_path.iterdir())) == 2
    with Integrator.of(system, folder=tmp_path) as integrator:
        assert integrator.propagate([[1.0]], 1.0).states.tobytes() == first.tobytes()
    assert len(list(tmp_path.iterdir())) == 2


def test_thousand_systems_leave_nothing_behind() -> None:
    """Ten systems a hundred times; each compiled anew by ``--hypothesis-profile=thorough``."""
    different = 1000 if settings.get_current_profile_name() == "thorough" else 10

    def memory() -> float:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * 4096 / 2**20

    systems = [parse_system(f"x' = y; y' = -{i + 1}*x") for i in range(different)]
    before = 0.0
    for i in range(1000):
        with Integrator.of(systems[i % different]) as integrator:
            integrator.propagate([[1.0], [0.0]], 0.1)
        if i == 99:
            before = memory()
    assert memory() - before < 30.0  # 0.9 MB each, were they not closed


def test_closed_integrator_says_so() -> None:
    integrator = Integrator.of(parse_system("x' = 1"))
    integrator.close()
    integrator.close()
    with pytest.raises(ValueError, match="closed"):
        integrator.propagate([[0.0]], 1.0)


def test_close_waits_for_what_is_running() -> None:
    integrator = Integrator.of(parse_system("x' = y; y' = -x"))
    begun, stop = threading.Event(), threading.Event()
    results = []

    def work() -> None:
        def cancel() -> bool:
            begun.set()
            return stop.is_set()

        results.append(integrator.propagate([[1.0], [0.0]], 1e9, max_steps=10**9, cancel=cancel))

    worker = threading.Thread(target=work)
    worker.start()
    assert begun.wait(30)
    closer = threading.Thread(target=integrator.close)
    closer.start()
    closer.join(0.1)
    assert closer.is_alive()
    stop.set()
    closer.join(30)
    worker.join(30)
    assert results[0].ends.tolist() == [End.CANCELLED]


def test_twelve_dimensions_and_no_trajectories() -> None:
    lines = [f"x{i}' = -k*x{i} + x{(i + 1) % 12}/9" for i in range(12)]
    with Integrator.of(parse_system("\n".join(lines))) as integrator:
        starts = starts_of(12, 40)
        result = integrator.propagate(starts, 2.0, rtol=1e-11, atol=1e-11)
        assert integrator.propagate(np.empty((12, 0)), 2.0).states.shape == (12, 0)
        assert integrator.sample(starts, []).shape == (12, 0, 40)
    matrix = -np.eye(12) + np.roll(np.eye(12), 1, axis=1) / 9
    values, vectors = np.linalg.eig(matrix)
    exact = (vectors @ np.diag(np.exp(2 * values)) @ np.linalg.inv(vectors)).real @ starts
    np.testing.assert_allclose(result.states, exact, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"span": np.nan}, "finite"),
        ({"span": [1.0, 2.0]}, "span must"),
        ({"starts": [1.0, 2.0]}, "starts must"),
        ({"rtol": -1.0}, "negative"),
        ({"rtol": np.inf}, "infinite"),
        ({"box": [[0.0, 1.0]]}, "box must"),
        ({"max_steps": 0}, "positive"),
    ],
)
def test_wrong_input_is_named(
    oscillator: Integrator, options: dict[str, Any], message: str
) -> None:
    given: dict[str, Any] = {"starts": [[1.0] * 3, [0.0] * 3], "span": 1.0} | options
    with pytest.raises(ValueError, match=message):
        oscillator.propagate(**given)


@pytest.mark.parametrize("times", [[1.0, 1.0], [-1.0, 1.0], [2.0, 1.0], [np.inf]])
def test_times_must_lead_away_from_the_start(oscillator: Integrator, times: list[float]) -> None:
    with pytest.raises(ValueError, match="times must"):
        oscillator.sample([[1.0], [0.0]], times)


def test_unknown_parameter_is_named(oscillator: Integrator) -> None:
    with pytest.raises(SpecError, match="omega"):
        oscillator.propagate([[1.0], [0.0]], 1.0, parameters={"omega": 1.0})


def test_cancel_does_not_wait_for_the_threads_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    busy = threading.Event()
    with ThreadPoolExecutor(1) as pool, Integrator.of(parse_system("x' = -x")) as integrator:
        pool.submit(busy.wait)
        monkeypatch.setattr("eqpp_dash.engine.machine.threads._pool", lambda: pool)
        try:
            result = integrator.propagate(np.ones((1, 200)), 1.0, cancel=lambda: True, threads=2)
        finally:
            busy.set()
    assert (result.ends == End.CANCELLED).all()
    assert (result.states == 1.0).all()
