"""Bands of closed orbits beside curves of equilibria."""

from __future__ import annotations

import math

import numpy as np
import pytest

from eqpp_dash import PortraitSpec, compute_portrait

ASKED = ("equilibria", "cycles")


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        # circles; x*y = 1, where all rests, comes as near as sqrt 2
        ("x' = -y + x*y^2; y' = x - y*x^2", [(0.0, math.sqrt(2))]),
        # the circle r = 1 rests
        ("x' = y*(x^2 + y^2 - 1)^2; y' = -x*(x^2 + y^2 - 1)^2", [(0.0, 1.0), (1.0, math.inf)]),
        # nothing moves within the circle
        ("x' = y*max(0, x^2 + y^2 - 1); y' = -x*max(0, x^2 + y^2 - 1)", [(1.0, math.inf)]),
        # half circles that end at x = 0
        ("x' = y*abs(x); y' = -x*abs(x)", []),
    ],
)
def test_bands_end_where_curves_of_equilibria_are_met(text, limits):
    portrait = compute_portrait(PortraitSpec(text, analyses=ASKED))
    assert portrait.limit_cycles == ()
    assert portrait.cycle_coverage.status.startswith("none (proved")
    assert portrait.cycle_coverage.blind == ()
    assert len(portrait.annuli) == len(limits)
    for band, (low, high) in zip(portrait.annuli, limits, strict=True):
        inner, outer = np.hypot(*band.inner), np.hypot(*band.outer)
        assert low <= inner < outer < high
        assert outer > 0.97 * high or high == math.inf
        if ")^2" in text:  # r is constant: the period is known
            exact = [2 * math.pi / (r * r - 1) ** 2 for r in (inner, outer)]
            np.testing.assert_allclose(band.periods, exact, rtol=1e-6)


def test_a_curve_of_equilibria_beyond_the_window_counts_too():
    """Circles about (0, 0), of which those with r > 3 meet x = 3, where all rests."""
    text = "x' = -y*(x - 3); y' = x*(x - 3)"
    window = {"x": (-2.0, 2.0), "y": (-2.0, 2.0)}
    portrait = compute_portrait(PortraitSpec(text, window=window, analyses=ASKED))
    assert all(abs(band.outer[0]) < 3.0 for band in portrait.annuli)
    told = any("curves of equilibria" in words for words in portrait.cycle_coverage.blind)
    assert told or portrait.annuli


def test_a_band_that_no_curve_of_equilibria_cuts_stays():
    """The common factor vanishes at (0, 0) alone."""
    text = "x' = -y*(x^2 + y^2); y' = x*(x^2 + y^2)"
    (band,) = compute_portrait(PortraitSpec(text, analyses=ASKED)).annuli
    assert band.equilibria == (0,)


def test_bands_begin_and_end_at_small_curves_of_equilibria():
    """Between those whose sizes differ by a factor of 200 none is passed over."""
    text = "x' = y*(x^2 + y^2 - 1/100); y' = -x*(x^2 + y^2 - 1/100)"
    window = {"x": (-3.0, 3.0), "y": (-3.0, 3.0)}
    first, second = compute_portrait(PortraitSpec(text, window=window, analyses=ASKED)).annuli
    assert 0.097 < first.outer[0] < 0.1 < second.inner[0] < 0.103


def test_bands_end_at_a_small_curve_of_equilibria_beside_what_they_go_round():
    factor = "((x - 11/10)^2 + 3*y^2 - 1/20000)"
    window = {"x": (-3.0, 3.0), "y": (-3.0, 3.0)}
    spec = PortraitSpec(f"x' = {factor}*y; y' = -{factor}*x", window=window, analyses=ASKED)
    portrait = compute_portrait(spec)
    assert len(portrait.equilibrium_sets) == 1
    first, second = portrait.annuli
    assert 1.07 < first.outer[0] < 1.093 < 1.107 < second.inner[0] < 1.14


@pytest.mark.parametrize(
    ("factor", "limit"),
    [
        ("log(x)", 0.0),  # no number where x < 0
        ("tan(x - 1)", math.pi / 2 - 1),  # another sign beyond its pole at x = 1 - pi/2
        ("(x - 1)*atan(1/(x + 1/2))", 0.5),  # and beyond a jump
    ],
)
def test_no_orbit_is_closed_where_the_common_factor_is_no_number_or_jumps(factor, limit):
    text = f"x' = {factor}*y; y' = -{factor}*x"
    window = {"x": (-3.0, 3.0), "y": (-3.0, 3.0)}
    portrait = compute_portrait(PortraitSpec(text, window=window, analyses=ASKED))
    assert len(portrait.annuli) == (limit > 0)
    for band in portrait.annuli:
        assert np.isfinite(band.periods).all()
        assert 0.97 * limit < np.hypot(*band.outer) < limit


@pytest.mark.parametrize(
    ("factor", "edges", "period"),
    [
        # dt = |x - 3| ds: the mean of |r cos s - 3| is 3 as long as r < 3
        ("1/(x - 3)", [(0.0, 3.0)], lambda r: 6 * math.pi),
        # its pole keeps the sign, and no orbit passes it all the same
        ("1/(x - 3)^2", [(0.0, 3.0)], lambda r: 2 * math.pi * (9 + r * r / 2)),
        # orbits on both sides of a circle of poles: the periods tend to 0 at it
        (
            "1/(x^2 + y^2 - 4)",
            [(0.0, 2.0), (2.0, math.inf)],
            lambda r: 2 * math.pi * abs(r * r - 4),
        ),
        # a line of equilibria before the pole
        ("(x - 1)/(x - 3)", [(0.0, 1.0)], None),
    ],
)
def test_bands_end_at_poles_that_both_components_have(factor, edges, period):
    text = f"x' = {factor}*y; y' = -{factor}*x"
    window = {"x": (-4.0, 4.0), "y": (-4.0, 4.0)}
    portrait = compute_portrait(PortraitSpec(text, window=window, analyses=ASKED))
    assert portrait.limit_cycles == ()
    assert portrait.cycle_coverage.status.startswith("none (proved")
    assert portrait.cycle_coverage.blind == ()
    assert len(portrait.annuli) == len(edges)
    for band, (low, high) in zip(portrait.annuli, edges, strict=True):
        radii = [float(np.hypot(*point)) for point in (band.inner, band.outer)]
        assert low < radii[0] < radii[1] < high
        assert radii[1] > 0.97 * high or high == math.inf
        if period is not None:
            np.testing.assert_allclose(band.periods, list(map(period, radii)), rtol=1e-7)


def test_bands_round_every_center_are_found_on_both_sides_of_a_pole():
    """Of the five centers of the pendulum one has orbits that would pass x = 1."""
    window = {"x": (-14.0, 14.0), "y": (-6.0, 6.0)}
    spec = PortraitSpec("x' = y/(x - 1); y' = -sin(x)/(x - 1)", window=window, analyses=ASKED)
    bands = {round(b.inner[0] / math.pi): b for b in compute_portrait(spec).annuli}
    assert sorted(bands) == [-4, -2, 0, 2, 4]
    assert 0.97 < bands[0].outer[0] < 1
    assert bands[2].outer[0] > 3 * math.pi - 0.1
    # close to a center, m is all but constant: the period is 2 pi |x - 1|
    near = [2 * math.pi * abs(k * math.pi - 1) for k in sorted(bands)]
    found = [bands[k].periods[0] for k in sorted(bands)]
    np.testing.assert_allclose(found, near, rtol=1e-6)


def test_orbits_whose_period_is_not_known_fill_no_band():
    """x does not change its sign where y > 0, and y does not grow: nothing closes."""
    text = "x' = (2*min(y,0)*x) + (1/3*x*y^2); y' = (-0.5*heaviside(x-1)*y)"
    window = {"x": (-2.0, 5.0), "y": (-1.0, 1.0)}
    portrait = compute_portrait(PortraitSpec(text, window=window, analyses=ASKED))
    assert portrait.annuli == ()
