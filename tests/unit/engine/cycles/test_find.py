from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from eqpp_dash.engine.cycles import branches, find_limit_cycles
from eqpp_dash.engine.cycles.arcs import find_arcs
from eqpp_dash.engine.system import parse_system

from .searching import SQUARE, rotating, search


def window(x, y):
    return (("x", x), ("y", y))


def test_van_der_pol_at_large_damping():
    """In Lienard's plane at mu = 100; the period is 162.8370799... (Andersen and Geer, 1982)."""
    found = search("x' = 100*(y - (x^3/3 - x)); y' = -x/100", window((-3.0, 3.0), (-2.0, 2.0)))
    (cycle,) = found.cycles
    assert cycle.period == pytest.approx(162.83707, abs=1e-4)
    assert cycle.stability == "stable"
    assert cycle.log_multiplier < -2e4
    assert cycle.evidence == "verified"


@pytest.mark.parametrize(("split", "count"), [("1e-6", 2), ("-1e-6", 0)])
def test_a_double_cycle_split_into_two_or_none(split, count):
    """r' = r((r^2 - 1)^2 - m): log multipliers are 2π d(r')/dr = ∓8π r^2 √m."""
    found = search(rotating(f"(r2 - 1)^2 - ({split})"))
    assert len(found.cycles) == count
    assert found.undecided == ()
    assert found.bands == ()
    for cycle, sign in zip(found.cycles, (-1, 1), strict=False):
        square = 1 + sign * 1e-3
        assert cycle.point[0] == pytest.approx(math.sqrt(square), abs=1e-8)
        expected = sign * 8 * math.pi * square * 1e-3
        assert cycle.log_multiplier == pytest.approx(expected, abs=1e-7)
        assert cycle.stability == ("stable" if sign < 0 else "unstable")


def test_a_double_cycle_is_not_decided():
    """r' = r(r^2 - 1)^2 has one semi-stable cycle; numbers can not tell it from none or two."""
    found = search(rotating("(r2 - 1)^2"))
    assert found.cycles == ()
    assert found.bands == ()
    (place,) = found.undecided
    assert place.count == "0, 1 double or 2"
    assert place.first[0] <= 1.0 <= place.last[0]
    assert place.last[0] - place.first[0] < 1e-4


def test_periods_of_a_circle_that_turns_unevenly():
    """theta' = 1 + a cos(theta) on the stable circle r = 1: the period is 2π/√(1 - a^2)."""
    found = search("x' = x*(1 - x^2 - y^2) - y*(1 + x/2); y' = y*(1 - x^2 - y^2) + x*(1 + x/2)")
    (cycle,) = found.cycles
    period = 2 * math.pi / math.sqrt(0.75)
    assert cycle.period == pytest.approx(period, abs=1e-9)
    assert cycle.log_multiplier == pytest.approx(-2 * period, abs=1e-8)
    assert cycle.equilibria == (0,)
    assert np.abs(np.hypot(*cycle.points.T) - 1).max() < 1e-8
    turn = np.unwrap(np.arctan2(*cycle.points.T[::-1]))
    assert turn[-1] - turn[0] == pytest.approx(2 * math.pi)  # in the sense of time


def test_a_predator_and_its_prey_that_all_but_dies_out():
    """The prey falls below 1e-8; period by scipy's integrator in logarithms of both."""
    text = "x' = x*(1 - x/20) - x*y/(1 + x); y' = y*(x/(1 + x) - 1/3)"
    found = search(text, window((0.0, 25.0), (0.0, 15.0)))
    (cycle,) = found.cycles

    def rates(t, s):
        x, y = np.exp(s)
        return 1 - x / 20 - y / (1 + x), x / (1 + x) - 1 / 3

    def crossing(t, s):
        return rates(t, s)[0]

    crossing.direction = -1.0
    start = np.log(cycle.point)
    out = solve_ivp(rates, (0, 400), start, "DOP853", events=crossing, rtol=1e-11, atol=1e-11)
    times = out.t_events[0]
    assert times[-1] - times[-2] == pytest.approx(cycle.period, rel=1e-7)
    assert cycle.bounds[0, 0] == pytest.approx(np.exp(out.y[0].min()), rel=0.1)
    assert cycle.bounds[0, 0] < 1e-8
    assert cycle.evidence == "verified"


def test_location_and_nesting():
    found = search(rotating("(1 - r2)*(4 - r2)*(25 - r2)/900"), window((-1.5, 3.0), (-3.0, 3.0)))
    assert [cycle.location for cycle in found.cycles] == ["inside", "crosses", "crosses"]
    assert [cycle.cycles for cycle in found.cycles] == [(), (0,), (0, 1)]
    assert [cycle.stability for cycle in found.cycles] == ["stable", "unstable", "stable"]
    far = search("x' = y; y' = (1 - (x - 8)^2)*y - (x - 8)")
    assert [cycle.location for cycle in far.cycles] == ["outside"]


def test_bands_of_a_center_and_of_a_double_well():
    (band,) = search("x' = y; y' = -4*x").bands
    assert band.periods == pytest.approx((math.pi, math.pi), abs=1e-6)
    assert band.equilibria == (0,)
    assert band.inner[0] < 1e-3
    assert band.outer[0] > 3.0
    wells = search("x' = y; y' = x - x^3").bands
    assert sorted(len(band.equilibria) for band in wells) == [1, 1, 3]


def test_a_weak_focus_is_no_band():
    """Of order one its sign comes from the Lyapunov coefficient; of order two it is left open."""
    found = search(rotating("-r2"))
    assert found.cycles == ()
    assert found.bands == ()
    assert found.undecided == ()
    found = search(rotating("-r2^2"))
    assert found.cycles == ()
    assert found.bands == ()
    (place,) = found.undecided
    assert place.count == "any number"
    assert place.last[0] < 0.02


def test_cycles_of_a_piecewise_linear_system():
    """Strogatz, exercise 7.5.4; its period is that of matrix exponentials."""
    found = search("x' = y - (x - 2*max(-1, min(1, x))); y' = -x", window((-4.0, 4.0), (-4.0, 4.0)))
    (cycle,) = found.cycles
    assert cycle.period == pytest.approx(6.565817607830106, abs=1e-7)
    assert cycle.log_multiplier == pytest.approx(-3.195323162254849, abs=1e-6)


def test_a_cycle_near_a_homoclinic_loop():
    found = search("x' = y; y' = -0.8646*y + x - x^2 + x*y", window((-1.0, 2.0), (-1.5, 1.5)))
    (cycle,) = found.cycles
    field = parse_system("x' = y; y' = -0.8646*y + x - x^2 + x*y").compile()
    out = solve_ivp(
        lambda t, s: field(0.0, s), (0, cycle.period), cycle.point, "DOP853", rtol=1e-12, atol=1e-14
    )
    assert out.y[:, -1] == pytest.approx(cycle.point, abs=1e-8)
    assert cycle.period > 15


def test_what_has_no_section_has_no_cycle():
    """x' depends on x alone."""
    found = search("x' = x - x^3; y' = -y + x")
    assert found.cycles == ()
    assert found.completeness.arcs == 0


def test_progress_never_falls_and_the_budget_is_kept():
    field = parse_system("x' = y; y' = (1 - x^2)*y - x").compile()
    told: list[float] = []
    limits = dict(SQUARE)
    found = find_limit_cycles(field, limits, progress=told.append)
    assert len(found.cycles) == 1
    assert told
    assert all(0 <= share <= 1 for share in told)
    assert told[-1] == 1.0
    short = find_limit_cycles(field, limits, budget=10)
    assert any("budget" in reason for reason in short.completeness.blind)


def test_other_dimensions_are_refused():
    field = parse_system("x' = y; y' = -x; z' = -z").compile()
    with pytest.raises(ValueError, match="planar"):
        find_limit_cycles(field, dict.fromkeys("xyz", (-1.0, 1.0)))


def test_a_pole_beside_the_window_takes_no_time_and_is_not_undecided():
    """Orbits left of x = 0 run into the pole at x = -1/1.203, or to where it meets y = 0."""
    text = "x' = x*(1 - x/7.971) - x*y/(1 + 1.203*x); y' = y*(0.832*x/(1 + x) - 0.408)"
    found = search(text, window((0.0, 12.0), (0.0, 8.0)))
    (cycle,) = found.cycles
    assert cycle.evidence == "verified"
    assert found.undecided == ()
    assert found.completeness.blind == ()


def test_a_cycle_too_close_to_a_saddle_is_told_as_not_seen():
    """The predators all but die out: the cycle passes the saddle (23.706, 0) within 1e-9 of it."""
    text = "x' = x*(1 - x/23.706) - x*y/(1 + 1.56*x); y' = y*(0.858*x/(1 + x) - 0.244)"
    found = search(text, window((0.0, 12.0), (0.0, 8.0)))
    assert found.cycles == found.bands == ()
    assert any("(23.706, " in reason for reason in found.completeness.blind)


@pytest.mark.parametrize("least", [0.0, 0.1, 0.4, 0.9])
def test_whoever_is_told_can_stop_the_search_in_each_of_its_parts(least):
    field = parse_system("x' = y; y' = (1 - x^2)*y - x").compile()

    def stop(share):
        assert 0.0 <= share <= 1.0
        if share >= least:
            raise KeyError(share)

    with pytest.raises(KeyError):
        find_limit_cycles(field, dict(window((-4, 4), (-4, 4))), progress=stop)


def test_sections_of_an_intricate_field_are_bounded_and_what_is_left_out_is_said(monkeypatch):
    monkeypatch.setattr(branches, "MOST_POINTS", 600)
    field = parse_system("x' = sin(5*x*y) + cos(7*y); y' = cos(7*x + y)").compile()
    blind, calls = [], []
    lo, hi = np.full(2, -2.0), np.full(2, 2.0)
    with np.errstate(all="ignore"):
        arcs = find_arcs(
            *(field, lo, hi, (lo, hi), np.empty((0, 2))), blind=blind, tick=lambda: calls.append(1)
        )
    assert arcs
    assert "has too many branches to follow all of them" in blind[0]
    assert len(calls) > 600
