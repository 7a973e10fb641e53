"""Orbits end at limit cycles, and only where they wind onto them."""

import math

import numpy as np
import pytest

from eqpp_dash.engine import compute_portrait
from eqpp_dash.engine.closed import covers
from eqpp_dash.engine.cycles import find_limit_cycles
from eqpp_dash.engine.placing import outside_notices, place_cycles
from eqpp_dash.engine.system import parse_system
from eqpp_dash.engine.window import refit_window
from eqpp_dash.model.spec import PortraitSpec

TWO = "r2 = x^2 + y^2; x' = x*(r2 - 1)*(4 - r2)/4 - y; y' = y*(r2 - 1)*(4 - r2)/4 + x"
"""A stable circle of radius 2 around an unstable one of radius 1, with period 2 pi."""

SQUARE = {"x": (-3.0, 3.0), "y": (-3.0, 3.0)}
GIVEN = ((0.5, 0.0), (1.3, 0.0), (2.7, 0.0), (2.0, 0.0))


@pytest.fixture(scope="module")
def two():
    return compute_portrait(PortraitSpec(TWO, window=SQUARE, initial_conditions=GIVEN))


def test_the_cycles_are_those_of_the_closed_form(two):
    inner, outer = two.limit_cycles
    for cycle, radius, rate in ((inner, 1.0, 3 / 2), (outer, 2.0, -6.0)):
        assert cycle.period == pytest.approx(2 * math.pi, abs=1e-8)
        assert cycle.log_multiplier == pytest.approx(2 * math.pi * rate, abs=1e-7)
        assert np.abs(np.hypot(*cycle.points.T) - radius).max() < 1e-7
        assert cycle.location == "inside"
        assert cycle.equilibria == (0,)
    assert (inner.stability, outer.stability) == ("unstable", "stable")
    assert (inner.cycles, outer.cycles) == ((), (0,))
    assert two.completeness["limit_cycles"].startswith("searched; no others (proved: every rot")


def test_orbits_end_at_the_cycle_that_takes_them(two):
    given = [item for item in two.trajectories if item.origin == "given"]
    ends = [(item.backward.end, item.forward.end) for item in given]
    assert ends[:2] == [("cycle 0", "equilibrium 0"), ("cycle 0", "cycle 1")]
    assert ends[2][1] == "cycle 1"
    assert ends[3] == ("cycle 1", "cycle 1")  # it starts on the cycle
    assert given[0].backward.time is None
    assert given[3].forward.time == 0.0
    assert not any(end == "closed orbit" for pair in ends for end in pair)


def test_an_orbit_is_drawn_on_each_side_of_every_cycle(two):
    seeded = [item for item in two.trajectories if item.origin == "seeded"]
    reached = {(item.backward.end, item.forward.end) for item in seeded}
    assert ("cycle 0", "equilibrium 0") in reached
    assert ("cycle 0", "cycle 1") in reached
    assert any(forward == "cycle 1" and start != "cycle 0" for start, forward in reached)


def test_orbits_end_at_a_cycle_that_attracts_them_within_a_part_of_a_turn():
    text = "r2 = x^2 + y^2; s = 40*(1 - r2)*(4 - r2); x' = x*s - y; y' = y*s + x"
    spec = PortraitSpec(
        text, window=SQUARE, initial_conditions=((0.5, 0.0), (1.8, 0.0), (2.2, 0.0))
    )
    portrait = compute_portrait(spec.replace(analyses=("equilibria", "cycles")))
    ends = [(item.backward.end, item.forward.end) for item in portrait.trajectories]
    assert ends[:2] == [("equilibrium 0", "cycle 0"), ("cycle 1", "cycle 0")]
    assert ends[2][0] == "cycle 1"


def test_closed_orbits_of_a_center_end_at_no_cycle():
    spec = PortraitSpec("x' = y; y' = -x", window=SQUARE, initial_conditions=((1.0, 0.0),))
    portrait = compute_portrait(spec)
    assert portrait.limit_cycles == ()
    assert portrait.trajectories[0].forward.end == "closed orbit"
    (band,) = portrait.annuli
    assert (band.equilibria, band.within) == ((0,), "equilibrium 0")


def test_six_closed_orbits_are_drawn_in_an_annulus():
    portrait = compute_portrait(PortraitSpec("x' = y; y' = -x", window=SQUARE))
    closed = [item for item in portrait.trajectories if item.forward.end == "closed orbit"]
    assert len(closed) == len(portrait.trajectories)
    radii = sorted(float(np.hypot(*item.start)) for item in closed)
    expected = 3.0 * (np.arange(6) + 0.5) / 6
    assert [min(abs(r - e) for r in radii) < 0.02 for e in expected] == [True] * 6
    assert len(closed) <= 12


def test_without_the_analysis_nothing_is_searched():
    spec = PortraitSpec(TWO, window=SQUARE, analyses=("equilibria",))
    portrait = compute_portrait(spec)
    assert portrait.limit_cycles == ()
    assert portrait.completeness["limit_cycles"] == "not searched"


def test_a_fitted_window_shows_a_cycle_round_a_stable_focus():
    # within the cycle of radius 6 all orbits go to the origin: nothing else tells how far it is
    text = "r2 = x^2 + y^2; x' = -x*(1 - r2/36)/100 - y; y' = -y*(1 - r2/36)/100 + x"
    portrait = compute_portrait(PortraitSpec(text, analyses=("equilibria", "cycles")))
    (cycle,) = portrait.limit_cycles
    assert cycle.location == "inside"
    for low, high in portrait.window.values():
        assert (low, high) == (-high, high)
        assert 6 * 1.2 <= high <= 12


def test_a_cycle_beyond_the_window_is_told_with_the_mend():
    small = {"x": (-1.2, 1.2), "y": (-1.2, 1.2)}
    portrait = compute_portrait(PortraitSpec(TWO, window=small, analyses=("equilibria", "cycles")))
    assert [item.location for item in portrait.limit_cycles] == ["inside", "outside"]
    told = [item.message for item in portrait.notices if item.code == "cycle-outside"]
    assert told == ["1 cycle is outside the window (from -2 to 2): fit the window to show all"]


def test_widening_leaves_far_cycles_out():
    field = parse_system(TWO).compile()
    found = find_limit_cycles(field, SQUARE)
    assert refit_window(field, SQUARE, (), found.cycles) == SQUARE
    tiny = {"x": (-0.06, 0.06), "y": (-0.06, 0.06)}
    assert refit_window(field, tiny, (), found.cycles) == {"x": (-1.4, 1.4), "y": (-1.4, 1.4)}
    placed = place_cycles(field, found, tiny, ())
    assert [item.location for item in placed.cycles] == ["outside", "outside"]
    (notice,) = outside_notices(placed, fitted=True)
    assert "too far off" in notice.message
    assert not covers(tiny, SQUARE)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_cycle_on_which_newtons_method_ends_exactly_has_its_period_once(sign):
    field = parse_system("x' = s*(x - x*(x^2 + y^2)) - y; y' = s*(y - y*(x^2 + y^2)) + x")
    found = find_limit_cycles(field.compile({"s": sign}), {"x": (-2, 2), "y": (-2, 2)})
    (cycle,) = found.cycles
    assert cycle.period == pytest.approx(2 * math.pi, abs=1e-9)
    assert cycle.log_multiplier == pytest.approx(-4 * math.pi * sign, abs=1e-8)


def test_a_field_with_too_many_nullclines_is_not_searched_and_says_so():
    spec = PortraitSpec(
        "x' = sin(9*x*y); y' = cos(7*x + y^2)",
        window={"x": (-3, 3), "y": (-3, 3)},
        analyses=("equilibria", "cycles"),
    )
    portrait = compute_portrait(spec)
    assert portrait.completeness["limit_cycles"].startswith("not searched: the curves")
    assert portrait.limit_cycles == ()


@pytest.mark.parametrize(
    ("text", "count"),
    [("x' = -y + sign(x)/2 - x/2; y' = x", 1), ("x' = y; y' = -sign(x) - y/5", 0)],
)
def test_orbits_wind_onto_a_cycle_across_a_jump(text, count):
    # The first has a cycle of amplitude 1.299 across x = 0, about the second orbits wind inward.
    portrait = compute_portrait(PortraitSpec(text, window={"x": (-3, 3), "y": (-3, 3)}))
    assert not portrait.annuli
    assert portrait.cycle_coverage.blind == ()
    assert len(portrait.limit_cycles) == count
    ends = {item.forward.end for item in portrait.trajectories}
    assert ("cycle 0" in ends) == bool(count)
