"""Bands of closed orbits beside curves of equilibria."""

from __future__ import annotations

import pytest

from eqpp_dash import PortraitSpec, compute_portrait

ASKED = ("equilibria", "cycles")


@pytest.mark.parametrize(
    "text",
    [
        "x' = -y + x*y^2; y' = x - y*x^2",  # circles that meet x*y = 1, where all rests
        "x' = y*(x^2 + y^2 - 1)^2; y' = -x*(x^2 + y^2 - 1)^2",  # the circle r = 1 rests
    ],
)
def test_no_band_is_claimed_through_a_curve_of_equilibria(text):
    portrait = compute_portrait(PortraitSpec(text, analyses=ASKED))
    assert portrait.annuli == ()
    assert portrait.limit_cycles == ()
    (words,) = (w for w in portrait.cycle_coverage.blind if "curves of equilibria" in w)
    assert words.startswith("closed orbits near")


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
