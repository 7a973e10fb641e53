"""The batch integrator against exact solutions, scipy, and its own promises."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from eqpp_dash.engine import dop853, radau
from eqpp_dash.engine.integrate import integrate_orbits
from eqpp_dash.engine.orbits import Problem

from .plane import PENDULUM, ROTATION, HandField, problem, steps, van_der_pol

STARTS = np.array([[2.0, -1.0, 0.1, 3.0], [0.0, 1.5, 0.0, -2.0]])


def scipy_states(field, start, times, sign=1.0, method="DOP853"):
    solution = solve_ivp(
        lambda t, y: sign * field(t, y),
        (0.0, times[-1]),
        start,
        method=method,
        rtol=1e-12,
        atol=1e-13,
        dense_output=True,
    )
    assert solution.success
    return solution.sol(times)


@pytest.mark.parametrize("field", [PENDULUM, van_der_pol(1.0)])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_batch_agrees_with_scipy_at_the_end_and_in_between(field, sign):
    span = 2.0 if sign < 0 else 15.0
    times = np.linspace(0.0, span, 57)
    starts = STARTS if sign > 0 else 0.3 * STARTS
    flow = integrate_orbits(
        problem(field, span, rtol=1e-10, atol=1e-12), starts, np.full(4, sign), steps=steps(900, 4)
    )
    for lane in range(4):
        expected = scipy_states(field, starts[:, lane], times, sign)
        assert flow.at(lane, times) == pytest.approx(expected, abs=2e-7)
        assert flow.ends.state[:, lane] == pytest.approx(expected[:, -1], abs=2e-8)
        assert (flow.ends.end[lane], flow.ends.reached[lane]) == ("time", span)


def test_both_directions_in_one_batch_undo_each_other():
    there = integrate_orbits(
        problem(PENDULUM, 10.0), STARTS, np.ones(4), steps=steps(500, 4)
    ).ends.state
    back = integrate_orbits(
        problem(PENDULUM, 10.0), there, -np.ones(4), steps=steps(500, 4)
    ).ends.state
    assert back == pytest.approx(STARTS, abs=1e-5)


def test_a_lane_does_not_depend_on_its_neighbours():
    whole = integrate_orbits(problem(PENDULUM, 9.0), STARTS, np.ones(4), steps=steps(500, 4))
    alone = integrate_orbits(
        problem(PENDULUM, 9.0), STARTS[:, [2]], np.ones(1), steps=steps(500, 1)
    )
    assert alone.counts[0] == whole.counts[2]
    assert alone.ends.state[:, 0] == pytest.approx(whole.ends.state[:, 2], abs=1e-14)


@pytest.mark.parametrize("rtol", [1e-5, 1e-7, 1e-9, 1e-11])
def test_error_follows_the_tolerance(rtol):
    flow = integrate_orbits(
        problem(ROTATION, 20.0, rtol=rtol, atol=0.1 * rtol),
        np.array([[1.0], [0.0]]),
        np.ones(1),
        steps=steps(2000, 1),
    )
    exact = np.array([np.cos(20.0), -np.sin(20.0)])
    error = np.abs(flow.ends.state[:, 0] - exact).max()
    assert error < 100 * rtol


def _error_of_steps(take, exact_end, count):
    y, t = np.array([[1.0], [0.5]]), np.zeros(1)
    h = np.full(1, 2.0 / count)
    for _ in range(count):
        y = take(t, y, h).state
        t = t + h
    return np.abs(y - exact_end).max()


FORCED = HandField(
    lambda t, x, y: (y, -np.sin(x) + 0.3 * np.cos(2 * t)),
    lambda t, x, y: ((0, 1), (-np.cos(x), 0)),
)


def _scale(magnitude):
    return np.full_like(magnitude, 1e-12)


@pytest.mark.parametrize(
    ("name", "order", "counts"), [("dop853", 8, (4, 8)), ("radau", 5, (16, 32))]
)
def test_order_of_convergence(name, order, counts):
    def take(t, y, h):
        if name == "dop853":
            return dop853.take_step(FORCED, t, y, FORCED(t, y), h, _scale)
        return radau.take_step(FORCED, FORCED.jacobian, t, y, FORCED(t, y), h, _scale, 1e-3)

    exact = scipy_states(FORCED, [1.0, 0.5], np.array([0.0, 2.0]))[:, [-1]]
    coarse, fine = (_error_of_steps(take, exact, count) for count in counts)
    assert fine < 1e-7
    assert np.log2(coarse / fine) == pytest.approx(order, abs=0.8)


@pytest.mark.parametrize(("name", "order"), [("dop853", 8), ("radau", 4)])
def test_order_of_the_interpolant(name, order):
    """One step: the interpolant's error in the middle falls with a power of the step."""
    y = np.array([[1.0], [0.5]])
    errors = []
    for h in (0.5, 0.25):
        t, step = np.zeros(1), np.full(1, h)
        f = FORCED(t, y)
        if name == "dop853":
            trial = dop853.take_step(FORCED, t, y, f, step, _scale)
            terms = dop853.dense_terms(
                FORCED, t, step, y, f, trial.state, trial.slope, trial.memory
            )
        else:
            trial = radau.take_step(FORCED, FORCED.jacobian, t, y, f, step, _scale, 1e-3)
            terms = trial.memory
        middle = dop853.interpolate(y, terms, np.array([0.4]))
        exact = scipy_states(FORCED, [1.0, 0.5], np.array([0.0, 0.4 * h]))[:, [-1]]
        errors.append(np.abs(middle - exact).max())
        ends = dop853.interpolate(y, terms, np.array([1.0]))
        assert ends == pytest.approx(trial.state, abs=1e-14)
    assert np.log2(errors[0] / errors[1]) > order - 1.2


def test_stiff_lanes_are_finished_by_radau_and_agree_with_scipy():
    field = van_der_pol(1000.0)
    starts = np.array([[2.0, 1.7], [0.0, -1.0]])
    flow = integrate_orbits(
        problem(field, 100.0, width=(6.0, 6.0)), starts, np.ones(2), steps=steps(2500, 2)
    )
    assert flow.stiff.all()
    for lane in range(2):
        expected = solve_ivp(
            field,
            (0.0, 100.0),
            starts[:, lane],
            method="Radau",
            rtol=1e-10,
            atol=1e-12,
            jac=lambda t, y: field.jacobian(t, y[:, None])[:, :, 0],
        ).y[:, -1]
        assert flow.ends.state[:, lane] == pytest.approx(expected, abs=1e-6)


def test_mild_problems_stay_with_dop853():
    flow = integrate_orbits(
        problem(van_der_pol(5.0), 40.0), STARTS, np.ones(4), steps=steps(3000, 4)
    )
    assert not flow.stiff.any()
    assert set(flow.ends.end) == {"time"}


@pytest.mark.parametrize("method", ["DOP853", "Radau"])
def test_method_can_be_chosen(method):
    flow = integrate_orbits(
        problem(PENDULUM, 3.0, method=method), STARTS, np.ones(4), steps=steps(2000, 4)
    )
    assert flow.stiff.all() == (method == "Radau")
    expected = scipy_states(PENDULUM, STARTS[:, 1], np.array([0.0, 3.0]))[:, -1]
    assert flow.ends.state[:, 1] == pytest.approx(expected, abs=1e-7)


def test_extremely_stiff_is_fast():
    field = HandField(lambda t, x, y: (-1e9 * x, -y), lambda t, x, y: ((-1e9, 0), (0, -1)))
    flow = integrate_orbits(
        problem(field, 10.0, width=(4.0, 4.0)),
        np.array([[1.0], [1.0]]),
        np.ones(1),
        steps=steps(1000, 1),
    )
    assert flow.ends.end == ["time"]
    assert flow.ends.state[:, 0] == pytest.approx([0.0, np.exp(-10.0)], abs=1e-8)
    assert flow.counts[0] < 500


def test_budget_ends_a_lane():
    flow = integrate_orbits(problem(ROTATION, 1e9), STARTS, np.ones(4), steps=steps(50, 4))
    assert set(flow.ends.end) == {"budget"}
    assert flow.counts.tolist() == [50] * 4


def test_budgets_are_per_lane():
    flow = integrate_orbits(
        problem(ROTATION, 10.0),
        STARTS,
        np.ones(4),
        steps=np.array([5, 400, 400, 7], dtype=np.intp),
    )
    assert flow.ends.end == ["budget", "time", "time", "budget"]


def test_undefined_start_and_rest():
    field = HandField(lambda t, x, y: (np.sqrt(x), np.sqrt(x) * y))
    starts = np.array([[-1.0, 0.0, 1.0], [0.0, 2.0, 0.0]])
    flow = integrate_orbits(problem(field, 1.0), starts, np.ones(3), steps=steps(200, 3))
    assert flow.ends.end == ["undefined", "time", "time"]
    assert flow.ends.reached[0] == 0.0
    assert "rest" in flow.ends.reason[1]


def test_border_of_the_domain_is_found():
    """The field x' = -1, defined for x > 0 only, leads to the border at t = 1."""
    field = HandField(
        lambda t, x, y: (-1.0 + 0.0 * np.log(x), 0.0 * y), lambda t, x, y: ((0, 0), (0, 0))
    )
    flow = integrate_orbits(
        problem(field, 5.0), np.array([[1.0], [0.0]]), np.ones(1), steps=steps(900, 1)
    )
    assert flow.ends.end == ["undefined"]
    assert flow.ends.reached[0] == pytest.approx(1.0, abs=1e-6)


def test_tolerance_resolves_a_window_far_from_the_origin():
    shift = 1e7
    field = HandField(lambda t, x, y: (y, -(x - shift)))
    far = problem(field, 6.0, width=(2.0, 2.0))
    far = far.__class__(field, np.array([shift, 0.0]), np.array([2.0, 2.0]), 6.0)
    flow = integrate_orbits(far, np.array([[shift + 0.5], [0.0]]), np.ones(1), steps=steps(500, 1))
    expected = [shift + 0.5 * np.cos(6.0), -0.5 * np.sin(6.0)]
    assert flow.ends.state[:, 0] == pytest.approx(expected, abs=1e-6, rel=0)


def test_progress_is_called_and_its_exception_passes():
    class Stop(BaseException):
        pass

    seen = []

    def progress(share):
        seen.append(share)
        if len(seen) == 3:
            raise Stop

    with pytest.raises(Stop):
        integrate_orbits(
            problem(ROTATION, 1e6), STARTS, np.ones(4), steps=steps(5000, 4), progress=progress
        )
    assert all(0.0 <= share <= 1.0 for share in seen)


def test_no_orbits_is_fine():
    flow = integrate_orbits(
        problem(ROTATION, 1.0), np.zeros((2, 0)), np.zeros(0), steps=steps(5, 0)
    )
    assert flow.ends.end == []


def test_radau_in_three_dimensions():
    """Robertson's kinetics: the sum of the concentrations is conserved."""
    field = HandField(
        lambda t, a, b, c: (
            -0.04 * a + 1e4 * b * c,
            0.04 * a - 1e4 * b * c - 3e7 * b * b,
            3e7 * b * b,
        ),
        lambda t, a, b, c: (
            (-0.04, 1e4 * c, 1e4 * b),
            (0.04, -1e4 * c - 6e7 * b, -1e4 * b),
            (0.0, 6e7 * b, 0.0),
        ),
    )
    kinetics = Problem(
        field, np.full(3, 0.5), np.ones(3), 40.0, rtol=1e-9, atol=1e-13, method="Radau"
    )
    flow = integrate_orbits(
        kinetics, np.array([[1.0], [0.0], [0.0]]), np.ones(1), steps=steps(2000, 1)
    )
    # Hairer and Wanner II, IV.10; values of the Bari test set at t = 40.
    expected = [0.7158270688, 9.185534765e-6, 0.2841637457]
    assert flow.ends.state[:, 0] == pytest.approx(expected, rel=1e-6)
    assert flow.ends.state.sum() == pytest.approx(1.0, abs=1e-12)


def test_singular_matrices_make_radau_fail_not_crash():
    for n in (2, 3):
        with np.errstate(all="ignore"):
            found = radau.shifted_inverse(np.ones(1), np.eye(n)[:, :, None])
        assert not np.isfinite(found).all()
