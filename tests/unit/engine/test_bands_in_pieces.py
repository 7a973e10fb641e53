"""Bands of closed orbits that stay in one piece of a field that jumps."""

import math

import numpy as np
import pytest

from eqpp_dash import PortraitSpec, compute_portrait

ASKED = ("equilibria", "cycles")
WINDOW = {"x": (-1.5, 7.0), "y": (-3.0, 3.0)}
PENDULUM = "x' = y*({0}); y' = -sin(x)*({0})"


def portrait_of(text, window=WINDOW):
    return compute_portrait(PortraitSpec(text, window=window, analyses=ASKED))


def bands_of(portrait):
    """Give the bands by what they go round, in multiples of pi."""
    points = [round(item.point[0] / math.pi) for item in portrait.equilibria]
    return {tuple(points[k] for k in band.equilibria): band for band in portrait.annuli}


def swing(top):
    """Give the period of a pendulum that swings up to an angle: Gauss's mean."""
    a, b = 1.0, math.cos(top / 2)
    for _ in range(8):
        a, b = (a + b) / 2, math.sqrt(a * b)
    return 2 * math.pi / a


@pytest.mark.parametrize(
    ("factor", "right"),
    [
        ("sign(x - 1)", 1.0),  # orbits turn back at x = 1: those round 0 stay within
        ("heaviside(x + 1)", 1.0),  # nothing moves where x < -1
    ],
)
def test_bands_end_at_the_surface_that_cuts_them(factor, right):
    found = portrait_of(PENDULUM.format(factor))
    bands = bands_of(found)
    assert found.limit_cycles == ()
    assert {(0,), (2,)} <= set(bands)
    assert 0.97 * right < bands[(0,)].outer[0] < right
    assert bands[(2,)].outer[0] > 3 * math.pi - 0.01
    for band in (bands[(0,)], bands[(2,)]):
        for point, period in zip((band.inner, band.outer), band.periods, strict=True):
            top = abs(point[0] - 2 * math.pi * round(point[0] / 2 / math.pi))
            if top < 1.5:
                np.testing.assert_allclose(period, swing(top), rtol=1e-6)


def test_a_band_that_crosses_a_jump_and_those_beside_it_are_all_told():
    """The field is three times as fast where x > 0, and its orbits the same."""
    bands = bands_of(portrait_of(PENDULUM.format("2 + sign(x)")))
    fast = bands[(2,)]
    np.testing.assert_allclose(fast.periods[0], 2 * math.pi / 3, rtol=1e-6)
    inner = bands[(0,)]
    exact = [swing(point[0]) * (1 / 2 + 1 / 6) for point in (inner.inner, inner.outer)]
    np.testing.assert_allclose(inner.periods, exact, rtol=1e-5)


def test_a_jump_that_is_tangent_parts_two_bands():
    """Circles, at the speed 3 + x, one way outside of r = 1, the other way inside, up to r = 3."""
    text = "x' = {0}*y; y' = -{0}*x".format("sign(x^2 + y^2 - 1)*(3 + x)")
    inner, outer = portrait_of(text, {"x": (-2.0, 2.0), "y": (-2.0, 2.0)}).annuli
    radii = [np.hypot(*point) for band in (inner, outer) for point in (band.inner, band.outer)]
    assert 0 < radii[0] < 0.97 < radii[1] < 1 < radii[2] < 1.03
    assert 2.9 < radii[3] < 3
    # the mean of 1/(3 + r cos s) is 1/sqrt(9 - r^2)
    exact = [2 * math.pi / math.sqrt(9 - r * r) for r in radii]
    np.testing.assert_allclose([*inner.periods, *outer.periods], exact, rtol=1e-6)


def test_a_piece_without_a_known_integral_keeps_its_band_only_where_no_jump_passes():
    """Reversible under y -> -y: a center, though no first integral is found."""
    smooth = "x' = y; y' = -x - x^3 + x*y^2/5 - x^2*y^4/9"
    window = {"x": (-2.0, 2.0), "y": (-2.0, 2.0)}
    for place, kept in ((50, True), (0.5, False)):
        found = portrait_of(f"{smooth} + heaviside(x - {place})", window)
        near = [band for band in found.annuli if np.hypot(*band.inner) < 0.2]
        told = any("where the field jumps" in words for words in found.cycle_coverage.blind)
        assert (len(near) == 1, told) == (kept, not kept)
