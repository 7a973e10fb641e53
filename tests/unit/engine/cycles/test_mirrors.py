"""Bands that are mirror images of each other are told alike."""

import numpy as np
import pytest
from scipy.special import ellipk

from eqpp_dash.engine import compute_portrait
from eqpp_dash.model.spec import PortraitSpec

WINDOW = {"x": (-2, 2), "y": (-1.6, 1.6)}


def bands(text):
    asked = PortraitSpec(text, window=WINDOW, analyses=["equilibria", "cycles"])
    return compute_portrait(asked).annuli


def test_the_wells_of_a_double_well_have_the_same_orbits():
    """Between a < x < b, a^2 + b^2 = 2, x'^2 = (x^2 - a^2)(b^2 - x^2)/2: an elliptic integral."""
    left, right = (item for item in bands("x' = y; y' = x - x^3") if len(item.equilibria) == 1)
    assert left.periods == right.periods
    assert left.error == right.error
    for mine, other, period in (
        (left.inner, right.inner, left.periods[0]),
        (left.outer, right.outer, left.periods[1]),
    ):
        a, b = -mine[0], other[0]
        assert [mine[1], other[1]] == pytest.approx([0.0, 0.0], abs=1e-9)
        assert a**2 + b**2 == pytest.approx(2.0, abs=1e-7)
        low, high = min(a, b), max(a, b)
        exact = 2 * np.sqrt(2) / high * ellipk(1 - (low / high) ** 2)
        assert period == pytest.approx(exact, rel=1e-6)


def test_wells_that_are_no_images_keep_their_own():
    left, right = (
        item for item in bands("x' = y; y' = (x + 1/10)*(1 - x^2)") if len(item.equilibria) == 1
    )
    assert left.periods[0] != pytest.approx(right.periods[0], rel=1e-2)
