"""Trajectories across jumps and kinks, along surfaces, and to where they cannot go on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from eqpp_dash.engine.machine.integrate import (
    CycleTargets,
    End,
    Integrator,
    Method,
    Propagated,
    SectionEvent,
)
from eqpp_dash.engine.system import parse_system

from .closed_forms import DampedRelay, StickSlip, chua, sawtooth, twisting_time

Array = NDArray[np.float64]

TIERS = pytest.mark.parametrize("machine", [True, False], ids=["machine", "numpy"])
TIGHT: dict[str, Any] = {"rtol": 1e-12, "atol": 1e-13}
FRICTION = "x' = y; y' = -x - F*sign(y - v)/(1 + d*abs(y - v))"
STICK_SLIP = {"F": 1.0, "d": 3.0, "v": 0.2}
CHUA = "x' = a*(y - x - m1*x - (m0 - m1)/2*(abs(x + 1) - abs(x - 1))); y' = x - y + z; z' = -b*y"
CHUA_VALUES = {"a": 9.0, "b": 100 / 7, "m0": -8 / 7, "m1": -5 / 7}


def propagate(
    text: str, starts: Any, span: Any, machine: bool = True, **options: Any
) -> Propagated:
    with Integrator.of(parse_system(text), machine=machine) as integrator:
        return integrator.propagate(starts, span, **{**TIGHT, **options})


def sample(text: str, starts: Any, times: Any, machine: bool = True, **options: Any) -> Array:
    with Integrator.of(parse_system(text), machine=machine) as integrator:
        return integrator.sample(starts, times, **{**TIGHT, **options})


# crossing and sliding -----------------------------------------------------------------------


@TIERS
def test_a_relay_is_reached_and_held(machine: bool) -> None:
    starts = np.array([[2.0, -3.0, 0.0, 1.5, 7.0]])
    end = propagate("x' = -sign(x)", starts, 5.0, machine)
    assert np.abs(end.states - [[0.0, 0.0, 0.0, 0.0, 2.0]]).max() < 1e-12
    assert end.switchings.tolist() == [1, 1, 0, 1, 0]
    assert end.sliding.tolist() == [True, True, True, True, False]
    assert (end.ends == End.TIME).all()
    times = np.linspace(0.25, 5.0, 20)
    found = sample("x' = -sign(x)", starts, times, machine)
    expected = np.sign(starts[0]) * np.maximum(np.abs(starts[0]) - times[:, None], 0.0)
    assert np.abs(found[0] - expected).max() < 1e-12


@TIERS
def test_backward_in_time_what_repels_attracts(machine: bool) -> None:
    end = propagate("x' = sign(x)", [[1.0, -0.5]], -3.0, machine)
    assert np.abs(end.states).max() < 1e-12
    assert end.sliding.all()
    assert (end.times == -3.0).all()


@TIERS
def test_the_period_of_a_double_integrator_with_a_relay(machine: bool) -> None:
    starts = np.array([[0.5, 1.0, 3.0], [0.0, 0.0, 0.0]])
    period = 4.0 * np.sqrt(2.0 * starts[0])
    end = propagate("x' = y; y' = -sign(x)", starts, 5.0 * period, machine)
    np.testing.assert_allclose(end.states, starts, rtol=0, atol=1e-11)
    assert end.switchings.tolist() == [10, 10, 10]
    assert not end.sliding.any()


@TIERS
def test_a_damped_relay_agrees_with_its_closed_form(machine: bool) -> None:
    starts = np.array([[1.0, -2.0, 0.3], [0.0, 1.0, -2.0]])
    end = propagate("x' = y; y' = -sign(x) - c*y", starts, 9.0, machine, parameters={"c": 0.3})
    for i, (x, y) in enumerate(starts.T):
        *state, count = DampedRelay(0.3).state(x, y, 9.0)
        np.testing.assert_allclose(end.states[:, i], state, rtol=0, atol=1e-10)
        assert end.switchings[i] == count


@TIERS
def test_sliding_ends_where_the_other_field_turns(machine: bool) -> None:
    """Filippov's convex choice ends where y' = x/2 - 1 above vanishes, at x = 2."""
    text = "x' = 1; y' = -sign(y) + x/2"
    times = np.array([1.0, 1.5, 2.0, 3.0, 4.0, 5.0])
    found = sample(text, [[0.0], [0.3]], times, machine)[:, :, 0]
    np.testing.assert_allclose(found[0], times, rtol=0, atol=1e-12)
    beyond = np.maximum(times - 2.0, 0.0) ** 2 / 4.0
    np.testing.assert_allclose(found[1], beyond, rtol=0, atol=1e-11)
    end = propagate(text, [[0.0], [0.3]], 5.0, machine)
    assert (end.switchings[0], bool(end.sliding[0])) == (2, False)
    assert propagate(text, [[0.0], [0.3]], 1.9, machine).sliding[0]


@TIERS
def test_sliding_ends_back_on_the_side_it_came_from(machine: bool) -> None:
    """From above, y' = -1 + x/2 keeps it down until x = 2; from below, y' = 1 + x/2 pushes up."""
    found = sample("x' = 1; y' = x/2 - sign(y)", [[0.0], [0.25]], [1.0, 3.0], machine)
    np.testing.assert_allclose(found[1, :, 0], [0.0, 0.25], rtol=0, atol=1e-11)
    found = sample("x' = 1; y' = -x/2 - sign(y)", [[0.0], [0.25]], [1.0, 3.0], machine)
    np.testing.assert_allclose(found[1, :, 0], [0.0, -0.25], rtol=0, atol=1e-11)


@TIERS
def test_stick_slip_agrees_with_scipy_and_events(machine: bool) -> None:
    model = StickSlip()
    starts = np.array([[0.0, 1.5, -0.4], [0.0, 0.5, 1.0]])
    end = propagate(FRICTION, starts, 30.0, machine, parameters=STICK_SLIP)
    for i, (x, y) in enumerate(starts.T):
        state, turns = model.follow(x, y, 30.0)
        np.testing.assert_allclose(end.states[:, i], state, rtol=0, atol=1e-9)
        assert end.switchings[i] == len(turns)
    period = model.period()
    lasting = propagate(FRICTION, [[1.0], [0.2]], 3.0 * period, machine, parameters=STICK_SLIP)
    np.testing.assert_allclose(lasting.states[:, 0], [1.0, 0.2], rtol=0, atol=1e-9)


@TIERS
def test_sawtooth_forcing_agrees_with_its_closed_form(machine: bool) -> None:
    times = np.array([0.5, 1.0, 1.25, 2.0, 3.5, 4.0, 5.5, 7.0])
    found = sample("x' = -x + mod(t, 1)", [[1.0, -2.0]], times, machine)
    for i, x in enumerate([1.0, -2.0]):
        expected = [sawtooth(x, t) for t in times]
        np.testing.assert_allclose(found[0, :, i], expected, rtol=0, atol=1e-11)
    backward = propagate("x' = -x + mod(t, 1)", [[found[0, -1, 0]]], -7.0, machine, start_time=7.0)
    np.testing.assert_allclose(backward.states, [[1.0]], rtol=0, atol=1e-8)
    assert 6 <= backward.switchings[0] <= 7


@TIERS
def test_a_piecewise_linear_circuit_agrees_with_scipy_and_events(machine: bool) -> None:
    starts = np.array([[0.1, 1.5, -2.0], [0.2, 0.1, 0.3], [-0.1, -1.0, 1.5]])
    end = propagate(CHUA, starts, 6.0, machine, parameters=CHUA_VALUES)
    for i in range(3):
        state, count = chua(starts[:, i], 6.0, 9.0, 100 / 7, -8 / 7, -5 / 7)
        np.testing.assert_allclose(end.states[:, i], state, rtol=0, atol=1e-9)
        assert end.switchings[i] == count
    assert end.switchings.tolist() == [1, 3, 3]


@TIERS
def test_a_kink_is_crossed(machine: bool) -> None:
    end = propagate("x' = y; y' = -abs(x)", [[1.0], [0.0]], np.pi / 2 + 2.0, machine)
    np.testing.assert_allclose(end.states[:, 0], [-np.sinh(2.0), -np.cosh(2.0)], rtol=1e-11, atol=0)
    assert end.switchings[0] == 1


@TIERS
def test_rest_on_a_kink_is_rest(machine: bool) -> None:
    end = propagate("x' = y; y' = -abs(x)", [[0.0], [0.0]], 5.0, machine)
    assert (end.states == 0).all()
    assert end.ends[0] == End.TIME
    along = propagate("x' = x*abs(y) + abs(x); y' = 1", [[0.0], [-1.0]], 3.0, machine)
    np.testing.assert_allclose(along.states[:, 0], [0.0, 2.0], rtol=0, atol=1e-12)


@TIERS
@pytest.mark.parametrize("depth", [0.0, 1e-10, 1e-4, -1e-4])
def test_a_surface_is_touched_or_crossed_twice(machine: bool, depth: float) -> None:
    end = propagate("x' = 2*(t - 1); z' = sign(x)", [[1.0 - depth], [0.0]], 2.0, machine)
    inside = 2.0 * np.sqrt(max(depth, 0.0))
    np.testing.assert_allclose(end.states[1, 0], 2.0 - 2.0 * inside, rtol=0, atol=1e-7)


@TIERS
def test_a_surface_that_moves_with_another_choice(machine: bool) -> None:
    """The sign of x - floor(t) changes both where x passes floor(t) and where that jumps."""
    found = sample("x' = sign(x - floor(t)) + 2", [[-0.5]], [0.25, 0.9, 1.1, 2.0, 3.0], machine)
    # x' = 1 up to x = 0 at t = 1/2, then 3: x stays above floor(t).
    np.testing.assert_allclose(found[0, :, 0], [-0.25, 1.2, 1.8, 4.5, 7.5], rtol=0, atol=1e-11)
    found = sample("x' = sign(x - floor(t)); y' = 1", [[0.5], [0.0]], [0.75, 1.5, 2.5], machine)
    np.testing.assert_allclose(found[0, :, 0], [1.25, 2.0, 3.0], rtol=0, atol=1e-11)
    end = propagate("x' = sign(x - floor(t)) - 1/2", [[0.5]], 2.5, machine)
    # It grows by 1/2, stands at 1 when floor(t) becomes 1, and falls by 3/2 or grows from there.
    assert end.ends[0] in (End.NOT_UNIQUE, End.TIME)
    end = propagate("x' = 1/2; z' = sign(x - floor(t))", [[0.2], [0.0]], 2.0, machine)
    # x - floor(t) is positive up to t = 1 and, as x = 0.7 + (t - 1)/2, after t = 1.6 again.
    np.testing.assert_allclose(end.states[:, 0], [1.2, 1.0 - 0.6 + 0.4], rtol=0, atol=1e-11)


@TIERS
def test_sliding_ends_where_its_surface_moves_away(machine: bool) -> None:
    """It holds x = floor(t)/2 up to t = 1, goes up to 1/2 at a rate of 2 and holds that."""
    times = [0.3, 0.9, 1.1, 1.2, 1.4, 1.9]
    found = sample("x' = -2*sign(x - floor(t)/2)", [[0.4]], times, machine)
    expected = [0.0, 0.0, 0.2, 0.4, 0.5, 0.5]
    np.testing.assert_allclose(found[0, :, 0], expected, rtol=0, atol=1e-11)


@TIERS
def test_sliding_crosses_another_surface(machine: bool) -> None:
    text = "x' = -2*sign(x) + sign(y); y' = 1; z' = sign(y)*(1 + x)"
    end = propagate(text, [[1.0], [-2.0], [0.0]], 4.0, machine)
    # x falls at a rate of 3 to 0 at t = 1/3 and stays there; z falls till y = 0 at t = 2.
    before = -(1.0 / 3.0 + (1.0 - 0.5) / 3.0) - (2.0 - 1.0 / 3.0)
    np.testing.assert_allclose(end.states[:, 0], [0.0, 2.0, before + 2.0], rtol=0, atol=1e-11)
    assert (end.switchings[0], bool(end.sliding[0])) == (2, True)


@TIERS
def test_surfaces_that_coincide_are_one(machine: bool) -> None:
    end = propagate("x' = -sign(x) - floor(x)/2 - 1/4", [[0.8, -0.8]], 4.0, machine)
    assert np.abs(end.states).max() < 1e-12
    assert end.sliding.all()


@TIERS
def test_a_curved_surface_is_kept(machine: bool) -> None:
    """Sliding on the unit circle, turning at the rate 1 + x/2, for many turns."""
    text = (
        "r2 = x^2 + y^2; x' = -y*(1 + x/2) - 2*x*sign(r2 - 1); y' = x*(1 + x/2) - 2*y*sign(r2 - 1)"
    )
    end = propagate(text, [[1.5], [0.0]], 100.0, machine, rtol=1e-8, atol=1e-8)
    assert abs(np.hypot(*end.states[:, 0]) - 1.0) < 1e-14
    assert end.sliding[0]

    def turn(t: float, angle: Array) -> Array:
        return 1.0 + np.cos(angle) / 2.0

    fine = propagate(text, [[1.0], [0.0]], 20.0, machine)
    angle = solve_ivp(turn, (0.0, 20.0), [0.0], method="DOP853", rtol=1e-12, atol=1e-12).y[0, -1]
    expected = [np.cos(angle), np.sin(angle)]
    np.testing.assert_allclose(fine.states[:, 0], expected, rtol=0, atol=1e-10)


# ends ---------------------------------------------------------------------------------------


@TIERS
def test_a_sliding_intersection_is_named(machine: bool) -> None:
    end = propagate("x' = -sign(x); y' = -sign(y)/2; z' = 1", [[1.0], [1.0], [0.0]], 9.0, machine)
    assert end.ends[0] == End.SLIDING_INTERSECTION
    np.testing.assert_allclose(end.times, [2.0], rtol=1e-12)
    np.testing.assert_allclose(end.states[:, 0], [0.0, 0.0, 2.0], rtol=0, atol=1e-12)
    assert end.reason(0) == "the fields point to the intersection of x = 0 and y = 0"


@TIERS
def test_where_the_fields_point_away_it_is_not_unique(machine: bool) -> None:
    end = propagate("x' = sign(x)", [[0.0, 1.0]], 3.0, machine)
    assert end.ends.tolist() == [End.NOT_UNIQUE, End.TIME]
    assert end.times[0] == 0.0
    assert end.reason(0) == "the fields point away from x = 0 on both sides"
    assert end.reason(1) == ""


@TIERS
@pytest.mark.parametrize("shift", [0.0, 3.0])
def test_switchings_that_accumulate(machine: bool, shift: float) -> None:
    a, b = np.array([2.0, 3.0, 1.5]), np.array([1.0, 1.0, 0.2])
    places = np.array([1.0, 0.2, 1.7])
    end = propagate(
        "x' = y; y' = -a*sign(x - c) - b*sign(y)", [places + shift, np.zeros(3)], 200.0, machine,
        parameters={"a": a, "b": b, "c": shift},
    )  # fmt: skip
    assert (end.ends == End.ZENO).all()
    expected = [twisting_time(*case) for case in zip(places, a, b, strict=True)]
    np.testing.assert_allclose(end.times, expected, rtol=1e-9)
    np.testing.assert_allclose(end.states, [[shift] * 3, [0.0] * 3], rtol=0, atol=1e-9)
    assert (end.switchings < 1000).all()
    assert "accumulate" in end.reason(0)


@TIERS
def test_switchings_are_bounded(machine: bool) -> None:
    end = propagate("x' = y; y' = -sign(x)", [[1.0], [0.0]], 1e6, machine, max_switchings=100)
    assert end.ends[0] == End.BUDGET
    assert end.switchings[0] == 100
    assert "100" in end.reason(0)
    with pytest.raises(ValueError, match="max_switchings"):
        propagate("x' = sign(x)", [[1.0]], 1.0, machine, max_switchings=0)
    thick = propagate("x' = 1 + sign(sin(1e6*t))/2", [[0.0]], 10.0, machine, max_switchings=50)
    assert thick.ends[0] == End.BUDGET
    few = propagate(FRICTION, [[1.0], [0.0]], 1e6, machine, parameters=STICK_SLIP, max_steps=500)
    assert few.ends[0] == End.BUDGET
    assert 500 <= few.steps[0] <= 1000


@TIERS
def test_other_ends_stay(machine: bool) -> None:
    box = [[-5.0, 2.0]]
    end = propagate("x' = 1 + sign(x)/2", [[-1.0, 3.0, np.nan]], 10.0, machine, box=box)
    assert end.ends.tolist() == [End.BOX, End.BOX, End.UNDEFINED]
    assert end.states[0, 0] > 2.0
    gone = propagate("x' = sign(x)*x^2", [[1.0]], 3.0, machine)
    assert gone.ends[0] == End.INFINITY
    np.testing.assert_allclose(gone.blow_up, [1.0], rtol=1e-9)
    asked = iter([False, True] + [True] * 100)
    stopped = propagate(
        "x' = y; y' = -sign(x)", [[1.0], [0.0]], 1e6, machine, cancel=lambda: next(asked)
    )
    assert stopped.ends[0] == End.CANCELLED


@TIERS
def test_samples_end_with_the_trajectory(machine: bool) -> None:
    found = sample(
        "x' = -sign(x); y' = -sign(y)/2", [[1.0, 4.0], [1.0, 4.0]], [0.0, 1.5, 2.5], machine
    )
    assert np.isnan(found[:, 2, 0]).all()
    np.testing.assert_allclose(found[:, 1, 0], [0.0, 0.25], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found[:, 2, 1], [1.5, 2.75], rtol=0, atol=1e-12)


# accuracy -----------------------------------------------------------------------------------


def test_errors_fall_with_the_tolerance_as_if_it_were_smooth() -> None:
    exact, _ = StickSlip().follow(0.0, 1.0, 20.0)
    tolerances = 10.0 ** np.arange(-4.0, -12.0, -1.0)
    errors = []
    with Integrator.of(parse_system(FRICTION)) as integrator:
        for tolerance in tolerances:
            end = integrator.propagate(
                [[0.0], [1.0]], 20.0, parameters=STICK_SLIP, rtol=tolerance, atol=tolerance
            )
            errors.append(np.abs(end.states[:, 0] - exact).max())
    assert (np.array(errors) < 100.0 * tolerances).all()
    assert errors[-1] < 1e-4 * errors[0]


def test_steps_across_a_jump_are_no_match() -> None:
    """An integrator that does not know of the jumps takes more steps to a larger error."""
    system = parse_system("x' = y; y' = -sign(x) - c*y")
    field = system.compile({"c": 0.3})
    exact = DampedRelay(0.3).state(1.0, 0.0, 9.0)[:2]
    with Integrator.of(system) as integrator:
        for tolerance in (1e-4, 1e-6, 1e-8):
            end = integrator.propagate(
                [[1.0], [0.0]], 9.0, parameters={"c": 0.3}, rtol=tolerance, atol=tolerance
            )
            smeared = solve_ivp(
                field.scalar, (0.0, 9.0), [1.0, 0.0], method="DOP853", rtol=tolerance,
                atol=tolerance,
            )  # fmt: skip
            error = np.abs(end.states[:, 0] - exact).max()
            assert 1000.0 * error < np.abs(smeared.y[:, -1] - exact).max()
            assert 3 * 12 * end.steps[0] < smeared.nfev


def test_every_piece_converges() -> None:
    """The time and the place of each switching, one after the other."""
    _, turns = StickSlip().follow(0.0, 1.0, 25.0)
    system = parse_system(FRICTION)
    errors = np.empty((3, len(turns)))
    tolerances = np.array([1e-5, 1e-8, 1e-11])
    with Integrator.of(system) as integrator:
        for i, tolerance in enumerate(tolerances):
            for k, turn in enumerate(turns):
                end = integrator.propagate(
                    [[0.0], [1.0]], 25.0, parameters=STICK_SLIP, rtol=tolerance, atol=tolerance,
                    max_switchings=k + 1,
                )  # fmt: skip
                errors[i, k] = abs(end.times[0] - turn)
    assert len(turns) >= 4
    assert (errors <= 1e3 * tolerances[:, None]).all()
    assert (errors[2] <= 1e-3 * errors[0] + 1e-12).all()


def test_a_result_depends_on_nothing_else() -> None:
    starts = np.random.default_rng(3).uniform(-2.0, 2.0, (2, 300))
    times = np.linspace(0.5, 15.0, 12)
    with Integrator.of(parse_system(FRICTION)) as integrator:
        options: Any = {"parameters": STICK_SLIP}
        one, four, few = (
            integrator.propagate(starts[:, :count], 15.0, threads=threads, **options)
            for count, threads in ((300, 1), (300, 4), (57, 2))
        )
        rows = integrator.sample(starts, times, threads=3, **options)
        again = integrator.sample(starts[:, :57], times, threads=1, **options)
    for name in ("states", "times", "steps", "ends", "switchings", "sliding"):
        whole = getattr(one, name)
        assert whole.tobytes() == getattr(four, name).tobytes()
        assert whole[..., :57].tobytes() == getattr(few, name).tobytes()
    assert rows[:, :, :57].tobytes() == again.tobytes()
    np.testing.assert_allclose(rows[:, -1], one.states, rtol=0, atol=1e-6)


def test_the_tiers_agree() -> None:
    starts = np.random.default_rng(4).uniform(-2.0, 2.0, (2, 60))
    found = [
        propagate(FRICTION, starts, 15.0, machine, parameters=STICK_SLIP)
        for machine in (True, False)
    ]
    np.testing.assert_allclose(found[0].states, found[1].states, rtol=0, atol=1e-9)
    assert (found[0].switchings == found[1].switchings).all()
    assert (found[0].ends == found[1].ends).all()


@pytest.mark.parametrize("method", ["Rodas5P", "auto"])
def test_stiff_pieces(method: str) -> None:
    """x follows the sign of an oscillation within 1/1000, and drives it."""
    text = "x' = -k*(x - sign(y)); y' = z; z' = -y - x/10"
    options: Any = {"parameters": {"k": 1000.0}, "rtol": 1e-9, "atol": 1e-10}
    starts = [[0.0, 0.3], [1.0, -0.5], [0.2, 2.0]]
    times = np.array([1.5, 4.0, 8.0])
    with Integrator.of(parse_system(text)) as integrator:
        found = integrator.propagate(starts, 8.0, method=method, **options)
        rows = integrator.sample(starts, times, method=method, **options)
        tight = integrator.sample(starts, times, **{**options, **TIGHT})
    assert (found.methods == Method.Rodas5P).any()
    assert found.switchings.tolist() == [3, 3]
    np.testing.assert_allclose(rows[:, -1], found.states, rtol=0, atol=1e-10)
    np.testing.assert_allclose(rows, tight, rtol=0, atol=1e-6)


@TIERS
def test_sections_of_the_caller_are_found_in_all_pieces(machine: bool) -> None:
    """x'' = -sign(x) from (1, 0): of x = 1/2 all crossings, of x = -1/2 up to the second fall."""
    wanted = [SectionEvent(0, record=6), SectionEvent(1, direction=-1, end_after=2)]
    system = parse_system("x' = y; y' = -sign(x)")
    with Integrator.of(system, sections=["x - 1/2", "x + 1/2"], machine=machine) as integrator:
        end = integrator.propagate([[1.0], [0.0]], 40.0, events=wanted, **TIGHT)
    # A quarter of a period takes sqrt(2), from 1 to 1/2 takes 1.
    period = 4.0 * np.sqrt(2.0)
    assert (end.ends[0], end.section[0]) == (End.SECTION, 1)
    expected = [1.0, period - 1.0, period + 1.0]
    np.testing.assert_allclose(end.crossings[0].times[0, :3], expected, rtol=0, atol=1e-10)
    assert end.crossings[0].counts.tolist() == [3]
    fall = np.sqrt(2.0) + (np.sqrt(2.0) - 1.0)
    np.testing.assert_allclose(end.times, [period + fall], rtol=0, atol=1e-10)


# folds, and several things at once ----------------------------------------------------------


@TIERS
@pytest.mark.parametrize("way", [1.0, -1.0], ids=["forward", "backward"])
def test_sliding_ends_where_both_fields_turn_away(machine: bool, way: float) -> None:
    """Below and above y = 0 the field turns at x = 1: beyond, what attracted repels."""
    above, below = ("(x - 1)", "2*sin(1 - x)") if way > 0 else ("(1 - x)", "2*sin(x - 1)")
    text = f"x' = {way}; y' = ({above} + y^2/1000)*heaviside(y) + {below}*heaviside(-y)"
    end = propagate(text, [[-0.123], [0.0]], 3.0 * way, machine)
    assert end.ends.tolist() == [End.NOT_UNIQUE]
    assert end.times == pytest.approx(1.123 * way, abs=1e-10)
    assert "y = 0" in end.reason(0)


@TIERS
def test_where_nothing_is_singled_out_it_is_undecided(machine: bool) -> None:
    """Both accelerations point to x = 0, but velocities do not differ: nothing slides."""
    for text in ("x' = y; y' = -sign(x)", "x' = y; y' = -floor(x) - 1/2"):
        end = propagate(text, [[0.0], [0.0]], 5.0, machine)
        assert end.ends.tolist() == [End.UNDECIDED]
    # Here they do differ beside the start, where the field along the surface is 0/0.
    text = "x' = 1 + heaviside(y); y' = -x*heaviside(y) + 2*x*heaviside(-y)"
    end = propagate(text, [[0.0, 0.1], [0.0, 0.0]], 1.0, machine)
    assert end.ends.tolist() == [End.UNDECIDED, End.TIME]
    assert end.states[:, 1] == pytest.approx([0.1 + 5 / 3, 0.0], abs=1e-10)


@TIERS
def test_sliding_ends_on_another_surface(machine: bool) -> None:
    """On x = 0 down to y = 0, where the left field turns away and |y| has its kink."""
    text = "x' = y*heaviside(-x) - heaviside(x); y' = abs(y)/2 - 1"
    end = propagate(text, [[0.0], [1.0]], 3.0, machine)
    rest = 3.0 - 2.0 * np.log(2.0)
    left = 4.0 * -np.expm1(-rest / 2.0) - 2.0 * rest
    assert end.ends.tolist() == [End.TIME]
    assert end.states[:, 0] == pytest.approx([left, 2.0 * np.expm1(-rest / 2.0)], abs=1e-10)


@TIERS
@pytest.mark.parametrize("size", [1e-100, 1e100])
def test_no_absolute_tolerance_is_needed(machine: bool, size: float) -> None:
    """On a surface a variable is next to zero, and so is what is tolerated there."""
    text = "x' = y; y' = -a*sign(x)"
    options: dict[str, Any] = {"rtol": 1e-10, "atol": 0.0, "parameters": {"a": size}}
    end = propagate(text, [[size], [0.0]], 5.5 * np.sqrt(2.0), machine, **options)
    phase = np.sqrt(2.0) / 2.0
    expected = size * np.array([phase**2 / 2.0 - 1.0, -phase])
    assert end.ends.tolist() == [End.TIME]
    np.testing.assert_allclose(end.states[:, 0], expected, rtol=1e-7)


# sections where surfaces are ----------------------------------------------------------------


@TIERS
@pytest.mark.parametrize("section", ["-3*y", "y*(x^2 + 1)"])
def test_a_section_on_a_surface_is_crossed_where_the_surface_is(
    machine: bool, section: str
) -> None:
    """With friction there are six turning points, and a seventh at which it sticks."""
    turns = np.arange(1, 7) * np.pi
    system = parse_system("x' = y; y' = -x - sign(y)/5")
    rising = -1 if section.startswith("-") else 1
    with Integrator.of(system, sections=[section], machine=machine) as integrator:
        for direction, expected in ((0, turns), (rising, turns[::2]), (-rising, turns[1::2])):
            events = [SectionEvent(0, direction, record=9)]
            end = integrator.propagate([[3.0], [0.0]], 30.0, events=events, **TIGHT)
            assert end.sliding.all()
            assert end.crossings[0].counts.tolist() == [len(expected)]
            found = end.crossings[0].times[0, : len(expected)]
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)
            events = [SectionEvent(0, direction, end_after=2)]
            end = integrator.propagate([[3.0], [0.0]], 30.0, events=events, **TIGHT)
            assert (end.ends[0], end.section[0]) == (End.SECTION, 0)
            assert end.times == pytest.approx(expected[1], abs=1e-10)


@TIERS
@pytest.mark.parametrize(
    ("field", "count", "time"),
    [
        ("x*heaviside(y) + heaviside(-y)", 0, None),  # back to where it came from
        ("-x*heaviside(-y) - heaviside(y)", 1, 1.0),  # through, once it has slid to x = 0
        ("-x*heaviside(y) - heaviside(y) + (x - 5)*heaviside(-y)", 1, None),  # at once
    ],
)
def test_sliding_on_a_section_crosses_it_at_its_end_or_not(
    machine: bool, field: str, count: int, time: float | None
) -> None:
    system = parse_system(f"x' = 1; y' = {field}")
    with Integrator.of(system, sections=["2*y"], machine=machine) as integrator:
        event = SectionEvent(0, record=2)
        end = integrator.propagate([[-1.0], [0.49]], 2.0, events=[event], **TIGHT)
        event = SectionEvent(0, end_after=1)
        ended = integrator.propagate([[-1.0], [0.49]], 2.0, events=[event], **TIGHT)
    assert end.crossings[0].counts.tolist() == [count]
    assert ended.ends.tolist() == [End.SECTION if count else End.TIME]
    if time is not None:
        assert end.crossings[0].times[0, 0] == pytest.approx(time, abs=1e-10)
        assert ended.times == pytest.approx(time, abs=1e-10)


@TIERS
def test_a_curved_surface_is_a_section_that_is_not_crossed_by_drift(machine: bool) -> None:
    """It slides along the circle; another section is crossed meanwhile."""
    text = "x' = y - x*sign(x^2 + y^2 - 1); y' = -x - y*sign(x^2 + y^2 - 1)"
    system = parse_system(text)
    sections = ["3 - 3*x^2 - 3*y^2", "x"]
    with Integrator.of(system, sections=sections, machine=machine) as integrator:
        events = [SectionEvent(0), SectionEvent(1)]
        end = integrator.propagate([[2.0], [0.0]], 60.0, events=events, rtol=1e-6, atol=1e-6)
    assert end.sliding.all()
    assert [found.counts.tolist() for found in end.crossings] == [[0], [19]]


@TIERS
def test_a_cycle_is_met_on_a_surface(machine: bool) -> None:
    """Of the turning points at -2.6 and 2.2 the second is asked for."""
    system = parse_system("x' = y; y' = -x - sign(y)/5")
    target = CycleTargets([[2.2], [0.0]], 0.1)
    with Integrator.of(system, sections=["y"], machine=machine) as integrator:
        end = integrator.propagate(
            [[3.0], [0.0]], 30.0, events=[SectionEvent(0)], cycle_targets=[target], **TIGHT
        )
    assert (end.ends[0], end.target[0]) == (End.CYCLE, 0)
    assert end.times == pytest.approx(2.0 * np.pi, abs=1e-10)
    assert end.states[:, 0] == pytest.approx([2.2, 0.0], abs=1e-10)
