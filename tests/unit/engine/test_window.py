from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp

from eqpp_dash.engine import equilibria
from eqpp_dash.engine.classify import classify_equilibrium
from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.extent import natural_scales, nonlinear_radius, unstable_reach
from eqpp_dash.engine.symmetry import (
    exchanged_axes,
    find_periods,
    invariant_axis,
    mirrored_axes,
)
from eqpp_dash.engine.system import parse_system
from eqpp_dash.engine.window import _fill_out, _round_out, fit_window, fit_with_search

PENDULUM = "x' = y; y' = -sin(x)"
VAN_DER_POL = "x' = y; y' = mu*(1 - x^2)*y - x"
PREY = "x' = x*(1.5 - y); y' = y*(x - 3)"


def fit(text, **parameters):
    system = parse_system(text)
    return fit_window(system.compile(parameters), system)


def compiled(text, **parameters):
    return parse_system(text).compile(parameters)


@pytest.mark.parametrize("mu", [0.1, 1, 3])
def test_van_der_pol_shows_its_whole_cycle(mu):
    window, notices = fit(VAN_DER_POL, mu=mu)
    field = compiled(VAN_DER_POL, mu=mu)
    orbit = solve_ivp(field.scalar, (0, 120), [2.0, 0.0], rtol=1e-8).y[:, 200:]
    for limits, values in zip(window.values(), orbit, strict=True):
        assert limits[0] == -limits[1]
        assert np.abs(values).max() < limits[1] < 3.5 * np.abs(values).max()
    assert notices == ()


def test_van_der_pol_window_is_about_four():
    window, _ = fit(VAN_DER_POL, mu=1)
    assert 2.5 <= window["x"][1] <= 5
    assert 3 <= window["y"][1] <= 5


def test_pendulum_shows_a_little_more_than_a_period_either_way():
    window, _ = fit(PENDULUM)
    assert window["x"] == (-6.6, 6.6)  # 1.05 periods, rounded outward
    assert 2.5 <= window["y"][1] == -window["y"][0] <= 5


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("x' = x - y - x*(x^2 + y^2); y' = x + y - y*(x^2 + y^2)", True),  # a quarter turn
        ("x' = x*(3 - x - 2*y); y' = y*(3 - y - 2*x)", True),  # the diagonal
        ("x' = y; y' = x", True),
        (VAN_DER_POL, False),
    ],
)
def test_a_portrait_whose_axes_can_change_places_gets_a_square(text, same):
    assert exchanged_axes(compiled(text)) is same
    limits = list(fit(text)[0].values())
    assert not same or limits[0] == limits[1]


def test_quadrant():
    window, _ = fit(PREY)
    for limits, inside in zip(window.values(), (3.0, 1.5), strict=True):
        assert limits[0] == pytest.approx(-0.05 * limits[1])
        assert 1.4 * inside < limits[1] <= 4 * inside


@pytest.mark.parametrize(
    "text", ["x' = y; y' = -x", "x' = 2*x + y; y' = x - 7*y", "x' = 1; y' = x^2 + 1"]
)
def test_linear_or_without_equilibria(text):
    assert fit(text)[0] == {"x": (-5.0, 5.0), "y": (-5.0, 5.0)}


def test_affine_window_holds_its_equilibrium():
    window, _ = fit("x' = x - 100; y' = -y + 40")
    assert window["x"][0] < 97 < 103 < window["x"][1]
    assert window["y"][0] < 37 < 43 < window["y"][1]


def test_outliers_are_told_but_not_fitted():
    window, notices = fit("x' = x*(x - 1)*(x + 1)*(x - 500)/500; y' = -y")
    assert max(map(abs, window["x"])) < 10
    (notice,) = notices
    assert notice.code == "outside-window"
    assert "(500, 0)" in notice.message


SYSTEMS = [
    "x' = x - x^3/3 - y + 1/2; y' = (x + 0.7 - 0.8*y)/12.5",
    "x' = 1 - 4*x + x^2*y; y' = 3*x - x^2*y",
    "x' = -x + 3/(1 + y^2); y' = -y + 3/(1 + x^2)",
    "x' = y; y' = x - x^3",
    "x' = x*(3 - x - 2*y); y' = y*(2 - x - y)",
    "x' = y; y' = -y/5 - sin(x)",
    "x' = 1/10 - x - y/7; y' = x^3 - y",
    "x' = sqrt(x) - y; y' = x - 2*y",
    "x' = x^2 - y^2; y' = -2*x*y",
    "x' = log(x); y' = x - y",
]


@pytest.mark.parametrize("text", SYSTEMS)
def test_no_edge_passes_through_an_equilibrium_and_all_are_inside(text):
    window, _ = fit(text)
    found = find_equilibria(compiled(text), {"x": (-50, 50), "y": (-50, 50)})
    period = find_periods(compiled(text))[0]
    assert found.equilibria
    for equilibrium in found.equilibria:
        for axis, (low, high) in enumerate(window.values()):
            c = equilibrium.point[axis]
            if axis == 0 and period and abs(c) > 1.05 * period:
                continue
            assert low + 0.01 * (high - low) < c < high - 0.01 * (high - low)


@pytest.mark.parametrize("text", [*SYSTEMS, PENDULUM, VAN_DER_POL, PREY])
def test_limits_are_reproducible_and_short(text):
    first, second = fit(text), fit(text)
    assert first == second
    for axis, limits in enumerate(first[0].values()):
        if find_periods(compiled(text))[axis] is None:
            assert all(len(f"{v:.12g}".strip("-0.")) <= 5 for v in limits)


def test_scales_far_apart():
    window, _ = fit("x' = 1000*y; y' = -x/1000 - y + x^2*y/4e6")
    assert window["x"][1] > 100 * window["y"][1]


@pytest.mark.parametrize(
    ("text", "periods"),
    [
        (PENDULUM, (2 * np.pi, None)),
        ("x' = sin(2*x) + cos(y); y' = cos(x)^2*sin(y)", (np.pi, 2 * np.pi)),
        ("x' = cos(pi*y); y' = x", (None, 2.0)),
        ("x' = y; y' = -x", (None, None)),
        ("x' = 1; y' = 2", (None, None)),
        ("x' = sin(x) + 1e-6*x; y' = y", (None, None)),
    ],
)
def test_periods(text, periods):
    assert find_periods(compiled(text)) == tuple(p and pytest.approx(p) for p in periods)


@pytest.mark.parametrize(
    ("text", "mirrored"),
    [
        (VAN_DER_POL, (True, True)),
        ("x' = y; y' = x - x^2", (False, True)),
        ("x' = x*y; y' = 1 - x^2", (True, True)),
        ("x' = y + x^2; y' = -x + y^3 + 1", (False, False)),
    ],
)
def test_mirrored_axes(text, mirrored):
    assert mirrored_axes(compiled(text)) == mirrored


def test_invariant_axis():
    field = compiled("x' = x*(1 - y); y' = y*x + 1")
    assert invariant_axis(field, 0)
    assert not invariant_axis(field, 1)


def test_nonlinear_radius_of_a_known_case():
    (equilibrium,) = find_equilibria(
        compiled("x' = y; y' = -x - x^3"), {"x": (-1, 1), "y": (-1, 1)}
    ).equilibria
    radius = nonlinear_radius(compiled("x' = y; y' = -x - x^3"), equilibrium)
    # mean square of r^3 cos^3 is 5/16 r^6, of the linear part r^2
    assert_allclose(radius, (16 / 5) ** 0.25, rtol=0.01)


def test_linear_system_has_no_nonlinear_radius():
    field = compiled("x' = y; y' = -x")
    (equilibrium,) = find_equilibria(field, {"x": (-1, 1), "y": (-1, 1)}).equilibria
    assert nonlinear_radius(field, equilibrium) is None


def test_natural_scales():
    assert natural_scales(np.array([[1.0, 2.0], [-1.0, 0.0]])).tolist() == [1, 1]
    assert natural_scales(np.array([[1.0, 0.0], [-1.0, 0.0]])).tolist() == [1, 1]
    assert natural_scales(np.array([[0.0, 1e-4], [1.0, 0.0]])).tolist() == [0.01, 1]


def test_unstable_reach_is_the_limit_cycle():
    field = compiled("x' = x*(4 - x^2 - y^2) - y; y' = y*(4 - x^2 - y^2) + x")
    (equilibrium,) = find_equilibria(field, {"x": (-1, 1), "y": (-1, 1)}).equilibria
    assert equilibrium.kind == classify_equilibrium(equilibrium.jacobian).kind == "unstable focus"
    lo, hi = unstable_reach(field, equilibrium, np.ones(2))
    assert_allclose([lo, hi], [[-2, -2], [2, 2]], atol=0.05)


def test_orbit_that_runs_away_has_no_reach():
    field = compiled("x' = x + x^3; y' = y")
    (equilibrium,) = find_equilibria(field, {"x": (-1, 1), "y": (-1, 1)}).equilibria
    assert unstable_reach(field, equilibrium, np.ones(2)) is None


@pytest.mark.parametrize(
    ("low", "high", "points", "expected"),
    [
        (-2.31, 2.31, [], (-2.5, 2.5)),
        (-0.7, 13.2, [0.0], (-1.0, 14.0)),
        (0.0, 9.9, [10.0], (0.0, 11.0)),
        (-3.3e-7, 4.1e-7, [], (-3.5e-7, 4.5e-7)),
    ],
)
def test_rounding_outward(low, high, points, expected):
    assert_allclose(_round_out(low, high, np.array(points)), expected)


SHARED = {
    PENDULUM: 5,
    PREY: 2,
    "x' = y; y' = x - x^3 - 0.3*y": 3,
    "x' = x*(3 - x - 2*y); y' = y*(2 - x - y)": 4,
    "x' = (x^2 - 1/9)*(y - 1); y' = (y^2 - 2)*(x - 500)": 4,
}


@pytest.mark.parametrize("text", SHARED)
def test_what_the_fit_found_spares_the_search_in_the_window(text, monkeypatch):
    system = parse_system(text)
    field = system.compile()
    shared = fit_with_search(field, system)
    expected = find_equilibria(field, shared.window)
    assert len(expected.equilibria) == SHARED[text]
    calls = []
    monkeypatch.setattr(equilibria, "find_zeros", lambda *args: calls.append(args))
    found = find_equilibria(field, shared.window, known=shared.known)
    assert not calls
    assert found.completeness == expected.completeness == "proved"
    assert found.notices == expected.notices
    for one, other in zip(found.equilibria, expected.equilibria, strict=True):
        assert (one.kind, one.location, one.evidence) == (
            other.kind,
            other.location,
            other.evidence,
        )
        assert (np.abs(one.point - other.point) <= one.error + other.error).all()


@pytest.mark.parametrize(
    ("text", "window"),
    [
        (PENDULUM, {"x": (-30.0, 30.0), "y": (-3.0, 3.0)}),  # beyond what the fit searched
        ("x' = y; y' = (1 - cos(x))*(x^2 - 2)", None),  # with specks that the fit left undecided
    ],
)
def test_what_the_fit_did_not_decide_is_searched_again(text, window):
    system = parse_system(text)
    field = system.compile()
    shared = fit_with_search(field, system)
    window = window or shared.window
    expected, found = (
        find_equilibria(field, window, known=known) for known in (None, shared.known)
    )
    assert found.completeness == expected.completeness
    assert len(found.equilibria) == len(expected.equilibria) > 0
    for one, other in zip(found.equilibria, expected.equilibria, strict=True):
        assert (one.kind, *one.point) == (other.kind, *other.point)


def test_a_strip_that_is_lengthened_loses_nothing_below():
    low, high = _fill_out(np.array([-2.0, -0.24]), np.array([2.0, 2.7]), (None, None))
    assert low[1] <= -0.24
    assert high[1] >= 2.7
