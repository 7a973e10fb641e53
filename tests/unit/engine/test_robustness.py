"""The entry points whatever is asked: no warnings, no raw errors, limits kept, threads served."""

import json
import threading
import warnings

import numpy as np
import pytest

from eqpp_dash.engine import compute_portrait, parse_system, preview_portrait
from eqpp_dash.engine.portrait import trace_trajectories
from eqpp_dash.engine.system import Limits
from eqpp_dash.errors import EquationError, SpecError
from eqpp_dash.model.spec import PortraitSpec

HARSH = (
    ("x' = acos(x) - 1; y' = -y", 2.0),
    ("x' = exp(x^2) - y; y' = x", 40.0),
    ("x' = ln(x); y' = 1/y", 2.0),
    ("x' = 1e200*y; y' = -1e200*x", 1.0),
    ("x' = 1e-200*y; y' = -1e-200*x", 1.0),
    ("x' = y^3; y' = -x^3", 1e120),
)


def square(half):
    return {"x": (-half, half), "y": (-half, half)}


@pytest.mark.parametrize(("equations", "half"), HARSH)
def test_no_warning_leaks_and_facts_are_json(equations: str, half: float) -> None:
    spec = PortraitSpec(equations, window=square(half), initial_conditions=((0.0, 0.0),))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        portrait = compute_portrait(spec)
        preview_portrait(spec, starts=[(0.5 * half, 0.1 * half)])
    json.dumps(portrait.facts(), allow_nan=False)


def test_eigenvalues_of_huge_coefficients() -> None:
    (found,) = compute_portrait(
        PortraitSpec("x' = 1e200*y; y' = -4e200*x", window=square(1.0))
    ).equilibria
    assert found.kind == "center"
    np.testing.assert_allclose(found.eigenvalues, [-2e200j, 2e200j])
    assert np.allclose(np.linalg.norm(found.eigenvectors, axis=0), 1.0)


def test_a_value_that_a_double_cannot_hold_is_refused() -> None:
    with pytest.raises(SpecError, match=r"parameters\.k"):
        PortraitSpec.from_json({"equations": "x' = k*x; y' = -y", "parameters": {"k": "1e-400"}})


def test_a_start_that_is_no_number_is_refused() -> None:
    with pytest.raises(SpecError, match=r"starts\.0"):
        trace_trajectories(PortraitSpec("x' = y; y' = -x"), [("a", 0.0)])  # type: ignore[list-item]


@pytest.mark.parametrize("ask", [compute_portrait, preview_portrait])
def test_limits_of_the_text_are_those_given(ask) -> None:
    spec = PortraitSpec("x' = y; y' = -x", analyses=("equilibria",))
    with pytest.raises(EquationError):
        ask(spec, limits=Limits(text_length=10))
    long = PortraitSpec(spec.equations + " " * 10 + "# " + "a" * 30_000, analyses=spec.analyses)
    with pytest.raises(EquationError):
        ask(long)
    assert ask(long, limits=Limits(text_length=50_000)).equilibria
    limits = Limits(text_length=50_000)
    assert trace_trajectories(long, [(1.0, 0.0)], square(2.0), limits=limits)


def test_a_blow_up_faster_than_the_clock_is_one() -> None:
    portrait = compute_portrait(
        PortraitSpec("x' = -x; y' = y^19", window=square(2.0), initial_conditions=((0.0, 1.0),))
    )
    (given,) = (item for item in portrait.trajectories if item.origin == "given")
    assert given.forward.end == "infinity"
    assert given.forward.time == pytest.approx(1 / 18, rel=1e-6)


def test_an_orbit_that_gets_nowhere_is_given_up() -> None:
    portrait = compute_portrait(PortraitSpec("x' = acos(x) - 1; y' = -y", window=square(2.0)))
    ends = {end.end for item in portrait.trajectories for end in (item.forward, item.backward)}
    assert "budget" not in ends


def test_curves_outside_the_window_cut_no_corner_through_it() -> None:
    """Beyond the window points are few, but no chord may pass through it."""
    spec = PortraitSpec("x' = y; y' = 0.05*y*(1 - x^2) - x", window=square(1.75))
    for item in compute_portrait(spec).trajectories:
        a, b = item.points[:-1], item.points[1:]
        chord = np.max(np.abs(b - a), axis=1)
        middle = np.max(np.abs(0.5 * (a + b)), axis=1)
        assert (chord[middle < 1.75] < 0.5).all()


def test_threads_share_a_compiled_field() -> None:
    text = "x' = sin(x*y)*exp(-x)/(1 + y^2) + abs(x); y' = cos(x)^3*tanh(y) - x*y/(2 + x^2)"
    x = np.random.default_rng(3).uniform(-1, 1, (2, 50))
    alone = parse_system(text).compile({})
    want = (alone.jacobian(0.0, x), [f.text for row in alone.factors for f in row])
    for _ in range(5):
        shared, got, gate = parse_system(text).compile({}), [], threading.Barrier(8)

        def work(shared=shared, got=got, gate=gate) -> None:
            gate.wait()
            names = [f.text for row in shared.factors for f in row]
            slopes = [f.gradient(0.0, x) for row in shared.factors for f in row]
            got.append((shared.jacobian(0.0, x), names, len(slopes), len(shared.poles)))

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(got) == 8
        for jacobian, names, _, _ in got:
            np.testing.assert_array_equal(jacobian, want[0])
            assert names == want[1]
