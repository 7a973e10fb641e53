"""Bands of closed orbits: what they go round, also beyond the window, and each told once."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ellipk

from eqpp_dash.engine import compute_portrait
from eqpp_dash.engine.cycles import surroundings
from eqpp_dash.engine.subdivision import SearchBudget
from eqpp_dash.errors import StopAndKeep
from eqpp_dash.model.narrative import narrate
from eqpp_dash.model.spec import PortraitSpec

WELLS = "x' = y; y' = x - x^3"
NARROW = {"x": (-0.5, 0.5), "y": (-0.5, 0.5)}
WIDE = {"x": (-2.0, 2.0), "y": (-2.0, 2.0)}


def portrait(text, window, *more):
    return compute_portrait(
        PortraitSpec(text, window=window, analyses=["equilibria", "cycles", *more])
    )


def told(found):
    return " ".join(s.text for part in narrate(found.facts()) for s in part.sentences)


def test_bands_tell_the_equilibria_beyond_the_window_that_they_go_round():
    found = portrait(WELLS, NARROW)
    points = [item.point.round(12).tolist() for item in found.equilibria]
    assert points == [[0.0, 0.0], [-1.0, 0.0], [1.0, 0.0]]
    assert [item.location for item in found.equilibria] == ["inside", "outside", "outside"]
    assert [item.equilibria for item in found.annuli] == [(1,), (2,), (0, 1, 2)]
    assert [sum(found.equilibria[k].index for k in a.equilibria) for a in found.annuli] == [1, 1, 1]
    left, right, outer = found.annuli
    assert left.periods == right.periods
    assert (left.within, right.within) == ("equilibrium 1", "equilibrium 2")
    for point, period in zip((outer.inner, outer.outer), outer.periods, strict=True):
        rate = point[0] ** 2 - 1  # x = A cn(t sqrt(A^2 - 1)), with the parameter A^2/(2 (A^2 - 1))
        exact = 4 * ellipk(point[0] ** 2 / (2 * rate)) / math.sqrt(rate)
        assert period == pytest.approx(exact, rel=1e-8)
    words = told(found)
    assert "two bands, one round each of the two centers at (−1, 0) and (1, 0)" in words
    assert "The only equilibrium in the window is a saddle at (0, 0)" in words


def test_a_limit_cycle_tells_the_equilibrium_beyond_the_window():
    found = portrait("x' = y; y' = (1 - x^2)*y - x", {"x": (1.5, 2.5), "y": (-1, 1)})
    (cycle,) = found.limit_cycles
    assert (cycle.location, cycle.equilibria) == ("crosses", (0,))
    assert found.equilibria[0].location == "outside"
    assert found.completeness["equilibria"] == "proved"
    assert found.audit.sum == 0


def test_a_band_across_a_jump_tells_the_equilibrium_beyond_the_window():
    found = portrait("x' = y; y' = -sign(x)", {"x": (0.2, 2), "y": (-1, 1)})
    (band,) = found.annuli
    assert (band.equilibria, band.within) == ((0,), "equilibrium 0")
    assert found.equilibria[0].point == pytest.approx([0.0, 0.0], abs=1e-12)
    assert found.equilibria[0].location == "outside"
    for point, period in zip((band.inner, band.outer), band.periods, strict=True):
        assert period == pytest.approx(4 * math.sqrt(2 * point[0]), rel=1e-6)  # four falls


def test_closed_orbits_round_what_was_not_found_say_so(monkeypatch):
    assert not any(item.code == "cycle-index" for item in portrait(WELLS, NARROW).notices)
    monkeypatch.setattr(surroundings, "BUDGET", SearchBudget(0, 0, 0, 1e-9))
    found = portrait(WELLS, NARROW)
    notices = [item.message for item in found.notices if item.code == "cycle-index"]
    assert any("add up to -1, not 1" in message for message in notices)
    assert "others within were not found" in told(found)


def test_a_stop_while_it_is_looked_around_is_heard(monkeypatch):
    search, stops = surroundings.find_equilibria, [StopAndKeep("stopped by a test")]

    def stopped(*given, **options):
        found = search(*given, **options)
        return replace(found, stop=stops.pop()) if stops else found

    monkeypatch.setattr(surroundings, "find_equilibria", stopped)
    found = portrait(WELLS, NARROW)
    assert found.stopped == "stopped by a test while limit cycles were searched"
    assert [item.equilibria for item in found.annuli] == [(1,), (2,), (0, 1, 2)]


def test_bands_that_do_not_enter_the_window_are_left_out():
    found = portrait(WELLS, {"x": (0.6, 1.3), "y": (-0.3, 0.3)})
    around = [[found.equilibria[k].point[0] for k in a.equilibria] for a in found.annuli]
    assert [np.round(row, 12).tolist() for row in around] == [[1.0], [1.0, -1.0, 0.0]]


def test_copies_of_bands_are_told_once_each_with_its_center():
    """Bands fill the squares |x - m pi| + |y - n pi| < pi, m + n odd."""
    half = 4.0
    found = portrait("x' = sin(y); y' = sin(x)", {"x": (-half, half), "y": (-half, half)})
    centers = [(m, n) for m in range(-3, 4) for n in range(-3, 4) if (m + n) % 2]
    away = [sum(max(0.0, math.pi * abs(k) - half) for k in pair) for pair in centers]
    expected = {pair for pair, gap in zip(centers, away, strict=True) if gap < 0.999 * math.pi}
    points = [found.equilibria[k].point for (k,) in (a.equilibria for a in found.annuli)]
    got = [tuple(np.rint(point / math.pi).astype(int).tolist()) for point in points]
    assert np.abs(np.array(points) - math.pi * np.array(got)).max() < 1e-12
    assert len(got) == len(set(got))
    assert set(got) == expected
    assert len({a.periods for a in found.annuli}) == 1


def test_a_circle_of_equilibria_parts_the_band_within_from_that_around_it():
    found = portrait(
        "x' = y*(x^2 + y^2 - 1)^2; y' = -x*(x^2 + y^2 - 1)^2", {"x": (-2, 2), "y": (-2, 2)}
    )
    inner, outer = found.annuli
    assert (inner.equilibria, inner.within, inner.beyond) == ((0,), "equilibrium 0", "set 0")
    assert (outer.equilibria, outer.within, outer.beyond) == ((0,), "set 0", "infinity")
    for band in (inner, outer):
        for point, period in zip((band.inner, band.outer), band.periods, strict=True):
            square = float(point @ point)
            assert (square < 1) is (band is inner)
            assert period == pytest.approx(2 * math.pi / (square - 1) ** 2, rel=1e-6)
    words = told(found)
    assert "as far as the curve of equilibria x² + y² − 1 = 0" in words
    assert "beginning at the curve of equilibria x² + y² − 1 = 0" in words
    assert "H = (x² + y² − 1)³/6" in words


def test_bands_between_circles_keep_their_center():
    factor = "(x^2 + y^2 - 1)*(x^2 + y^2 - 2)"
    found = portrait(f"x' = y*{factor}; y' = -x*{factor}", {"x": (-2, 2), "y": (-2, 2)})
    assert [(a.equilibria, a.within, a.beyond) for a in found.annuli] == [
        ((0,), "equilibrium 0", "set 0"),
        ((0,), "set 0", "set 1"),
        ((0,), "set 1", "infinity"),
    ]


def test_a_center_among_many_sections_has_its_band():
    """The window holds 57 sections; the center at (0, 1) is far from its middle."""
    spec = PortraitSpec("x' = cos(x) - y; y' = sin(y)*x", window={"x": (-25, 25), "y": (-2, 37)})
    portrait = compute_portrait(spec.replace(analyses=("equilibria", "cycles")))
    coverage = portrait.cycle_coverage
    (band,) = portrait.annuli
    (center,) = (portrait.equilibria[k] for k in band.equilibria)
    assert center.kind == "center"
    assert np.abs(center.point - [0, 1]).max() < 1e-12
    (left_out,) = (words for words in coverage.blind if "not looked at" in words)
    assert coverage.arcs + int(left_out.split()[0]) == 57


def test_no_band_goes_round_no_equilibrium():
    """In z' = z^5 all orbits but eight rays are loops from the origin to the origin."""
    text = "x' = x^5 - 10*x^3*y^2 + 5*x*y^4; y' = 5*x^4*y - 10*x^2*y^3 + y^5"
    portrait = compute_portrait(PortraitSpec(text, analyses=("equilibria", "cycles")))
    assert portrait.equilibria[0].sectors == {"elliptic": 8, "hyperbolic": 0, "parabolic": 0}
    assert portrait.annuli == ()


def test_a_section_too_steep_for_a_double_is_left_out():
    text = (
        "x' = -0.7*tanh(x + y) - 0.1*sin(2*x)*x + 0.7*cos(x)*x + 1.4; "
        "y' = 1.5*sin(x) + 2.5*tanh(y^2 - 0.5) - 0.1*exp(-x^2/2) - 1.8*y"
    )
    window = {"x": (-3.0, 3.0), "y": (-2.5, 3.5)}
    spec = PortraitSpec(text, window=window, analyses=("equilibria", "cycles"))
    blind = compute_portrait(spec).cycle_coverage.blind
    assert "the section at x = -7.53548: it is too steep" in blind


def test_where_no_closed_orbit_is_isolated_bands_round_the_same_equilibria_are_one():
    """Returns beside the loops have errors too large to tell whether some orbits close."""
    window = {"x": (-7.0, 7.0), "y": (-2.0, 2.0)}
    found = portrait("x' = tanh(y); y' = -sin(x)", window)
    around = [item.equilibria for item in found.annuli if not any(item.winding)]
    assert len(around) == len(set(around)) == 3
    apart = portrait("x' = y/(x^2 + y^2 - 1); y' = -x/(x^2 + y^2 - 1)", NARROW)
    assert [item.equilibria for item in apart.annuli] == [(0,), (0,)]  # a pole lies between


FADES = "the displacement falls below its error as if it went on like a power"


@pytest.mark.parametrize(("power", "hidden"), [("y", []), ("abs(y)^2*y", [FADES])])
def test_the_damping_of_an_oscillator_with_a_kink_makes_no_band(power, hidden):
    """Each turn takes energy, though near the point no more than the errors are.

    By terms of second order the sign of that is known.
    """
    found = portrait(f"x' = y; y' = -x - 0.1*abs(y)*{power}", WIDE)
    assert not found.annuli
    told = found.facts()["completeness"]["limit_cycles"]["undecided"]
    assert [item["reason"] for item in told] == hidden


@pytest.mark.parametrize(("sign", "inner"), [(1, "equilibrium 0"), (-1, "undecided")])
def test_a_band_ends_at_a_center_but_not_at_a_focus(sign, inner):
    """All circles within the unit circle are orbits, or all those without; the others are not."""
    found = portrait(f"x' = y; y' = -x - y*max({sign}*(x^2 + y^2 - 1), 0)", WIDE)
    (band,) = found.annuli
    assert band.within == inner
    edge = band.outer if sign > 0 else band.inner
    assert np.hypot(*edge) == pytest.approx(1.0, abs=1e-3)


def test_bands_that_are_told_together_say_round_how_many_points_each_goes():
    text, window = "x' = y; y' = sin(x)*(cos(x) - 0.5)", {"x": (-6.6, 6.6), "y": (-2.0, 2.0)}
    found = portrait(text, window)
    words = " ".join(item.text for part in narrate(found.facts()) for item in part.sentences)
    assert "Closed orbits fill three bands, each round three equilibria; " in words


def test_thin_rings_of_returns_within_the_error_are_no_bands():
    """Nothing is proved of this field, and orbits pass a pole and lines of equilibria."""
    text = "x' = -cos(x)*y^3; y' = -cos(x)*(-x/(x^2 + y^2 - 1) + cos(x)/3)"
    found = portrait(text, {"x": (-12.0, 12.0), "y": (-0.5, 0.5)})
    assert all(band.equilibria for band in found.annuli)
    widths = [float(np.abs(band.outer - band.inner).max()) for band in found.annuli]
    assert min(widths, default=1.0) > 1e-5
    assert any("whether orbits close near" in words for words in found.cycle_coverage.blind)
