"""Cycles that wind round a cylinder, against scipy's integrator and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from eqpp_dash import PortraitSpec, compute_portrait
from eqpp_dash.engine.closed import search_cycles
from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.reporting import PhaseReporter
from eqpp_dash.engine.structure.find import planar_structure
from eqpp_dash.engine.system import parse_system


def search(text, x=(-6.6, 6.6), y=(-5.0, 5.0)):
    field = parse_system(text).compile()
    window = dict(zip(field.variables, (x, y), strict=True))
    structure = planar_structure(field, window)
    report = PhaseReporter(None)
    report.begin("cycles")
    return search_cycles(field, window, find_equilibria(field, window), report, None, structure)


def test_a_driven_pendulum_against_scipy():
    found = search("x' = y; y' = 0.7 - sin(x) - 0.3*y")
    (cycle,) = found.cycles
    assert (cycle.stability, cycle.winding, cycle.evidence) == ("stable", (1, 0), "verified")
    start = cycle.point[0]

    def across(t, s):
        return s[0] - start - 2 * np.pi

    across.terminal = True

    def turn(height):
        def rhs(t, s):
            return [s[1], 0.7 - np.sin(s[0]) - 0.3 * s[1]]

        run = solve_ivp(
            rhs, (0, 50), [start, height], "DOP853", rtol=1e-12, atol=1e-13, events=across
        )
        return run.y[1, -1] - height, run.t[-1]

    height = brentq(lambda h: turn(h)[0], 2.0, 3.0, xtol=1e-13)
    assert abs(cycle.point[1] - height) < 1e-9
    assert abs(cycle.period - turn(height)[1]) < 1e-9
    assert abs(cycle.log_multiplier + 0.3 * cycle.period) < 1e-9  # the divergence is constant
    assert found.completeness.status == (
        "none that closes in the plane (proved: Bendixson); those that wind were searched "
        "(at most one by Bendixson)"
    )


@pytest.mark.parametrize(("rate", "stability"), [(-1, "stable"), (1, "unstable")])
def test_a_linear_equation_with_a_periodic_drive(rate, stability):
    """y' = k y + cos(x) along x = t: y = (sin(x) - k cos(x))/(1 + k^2), multiplier exp(2 pi k)."""
    (cycle,) = search(f"x' = 1; y' = {rate}*y + cos(x)").cycles
    assert cycle.stability == stability
    assert abs(cycle.period - 2 * np.pi) < 1e-10
    assert abs(cycle.log_multiplier - 2 * np.pi * rate) < 1e-9
    x, y = cycle.points.T
    assert np.abs(y - (np.sin(x) - rate * np.cos(x)) / 2).max() < 1e-8
    assert x.min() < -6.6 < 6.6 < x.max()
    assert np.ptp(cycle.bounds[0]) == pytest.approx(2 * np.pi)


def test_four_cycles_of_alternating_stability_that_wind_backward():
    found = search("x' = -1; y' = y*(1 - y)*(y - 3)*(y + 2) + 0.1*cos(x)", y=(-4.0, 4.0))
    assert [cycle.stability for cycle in found.cycles] == [
        "unstable",
        "stable",
        "unstable",
        "stable",
    ]
    assert {cycle.winding for cycle in found.cycles} == {(-1, 0)}
    assert {cycle.evidence for cycle in found.cycles} == {"verified"}
    for cycle in found.cycles:
        assert cycle.points[0, 0] > cycle.points[-1, 0]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("x' = y; y' = -sin(x) - 0.3*y", "none winds: at most one by Bendixson, and (x, y)"),
        ("x' = y; y' = 0.1 - sin(x)", "none (proved: a first integral"),
        ("x' = y; y' = 0.3 - sin(x) - 0.3*y", "those that wind were searched"),
    ],
)
def test_where_none_winds(text, status):
    found = search(text)
    assert found.cycles == ()
    assert status in found.completeness.status


def test_cycles_that_wind_about_a_torus_are_not_searched():
    found = search("x' = 1 + sin(y)*cos(x)/2; y' = 0.5 + sin(x - 2*y)/3", y=(-6.6, 6.6))
    assert "cycles that wind round the torus" in found.completeness.blind


def test_a_pendulum_with_quadratic_drag():
    """With E = y^2: E' = 2.4 - 2 sin(x) - E, so E = 2.4 + cos(x) - sin(x); multiplier e^(-2 pi)."""
    found = search("x' = y; y' = 1.2 - sin(x) - y*abs(y)/2")
    (cycle,) = found.cycles
    x = cycle.point[0]
    assert abs(cycle.point[1] - np.sqrt(2.4 + np.cos(x) - np.sin(x))) < 1e-10
    assert abs(cycle.log_multiplier + 2 * np.pi) < 1e-9
    assert cycle.evidence == "verified"


def test_where_the_field_jumps_winding_cycles_are_not_searched():
    found = search("x' = y; y' = 1.5 - sin(x) - y/2 - 0.3*sign(y)")
    assert "cycles that wind round x, as the field jumps" in found.completeness.blind


def test_a_jump_of_the_displacement_is_no_cycle():
    """Orbits pass above and below a saddle with a source behind it, on the orbit y = 0."""
    hump = "exp(3*(cos(x) - 1))"
    found = search(f"x' = 1 - 2*{hump}*exp(-y^2); y' = y*(3*{hump} - 0.3 - y^2/10)", y=(-4.0, 5.1))
    assert [cycle.evidence for cycle in found.cycles] == ["verified", "verified"]
    assert found.cycles[0].point[1] < -1 < 1 < found.cycles[1].point[1]


def test_a_cycle_that_goes_back_for_a_while_is_found_once():
    """With s = x - 3y/2: s' = 1 + 3kr/2, r' = -kr (1 + 3/2 cos(s)) for r = y - sin(s), k = 3/10."""
    phase = "(x - 3*y/2)"
    spec = PortraitSpec(
        f"x' = 1 + 3/2*cos{phase}; y' = cos{phase} - 3/10*(y - sin{phase})",
        window={"x": (-4.0, 4.0), "y": (-3.0, 3.0)},
        initial_conditions=((0.0, 0.5),),
        analyses=("equilibria", "cycles"),
    )
    portrait = compute_portrait(spec)
    (cycle,) = portrait.limit_cycles
    assert abs(cycle.period - 2 * np.pi) < 1e-9
    assert abs(cycle.log_multiplier + 0.6 * np.pi) < 1e-9
    np.testing.assert_allclose(cycle.points[:, 1], np.sin(cycle.points @ [1, -1.5]), atol=1e-8)
    assert np.diff(cycle.points[:, 0]).min() < 0
    assert np.ptp(cycle.bounds[0]) == pytest.approx(2 * np.pi, rel=1e-15)
    assert portrait.trajectories[0].forward.end == "cycle 0"


def test_orbits_end_at_a_cycle_that_winds():
    spec = PortraitSpec(
        "theta' = omega; omega' = 1.2 - sin(theta) - omega/2",
        initial_conditions=((0.0, 0.0), (0.0, -3.0)),
    )
    portrait = compute_portrait(spec)
    given = [item for item in portrait.trajectories if item.origin == "given"]
    assert [item.forward.end for item in given] == ["cycle 0", "cycle 0"]
    facts = portrait.facts()
    assert facts["system"]["periodic"] == {"theta": pytest.approx(2 * np.pi)}
    assert facts["limit_cycles"][0]["winding"] == [1, 0]
    assert facts["limit_cycles"][0]["location"] == "inside"
    assert facts["limit_cycles"][0]["encloses"] == {"equilibria": [], "cycles": []}
