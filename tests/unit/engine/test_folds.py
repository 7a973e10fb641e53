"""Points at which both fields touch a surface: the second order of a turn around them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from eqpp_dash.engine.portrait import compute_portrait
from eqpp_dash.engine.system import parse_system
from eqpp_dash.model.spec import PortraitSpec

WIDE = {"x": (-2.0, 2.0), "y": (-2.0, 2.0)}
CASES = [
    ("x' = {s} - x; y' = -x", "y"),
    ("x' = {s} + x/2; y' = -x", "y"),
    ("x' = y; y' = -{s} - 0.1*y", "x"),
    ("x' = {s}*(1 + y/5) - x/3 + x*y; y' = -x + x^2/2 - x*y/4", "y"),
    ("x' = {s} + x/4 - y/3; y' = -x - x^2/3", "y - x^2/5 + x^3/7"),
    ("x' = {s}; y' = -x*(1 + x)", "y"),
]


@pytest.mark.parametrize(("text", "surface"), CASES)
def test_the_second_order_agrees_with_turns_that_are_integrated(text, surface):
    """Both half turns are followed in the smooth fields by another integrator."""
    sided = text.format(s=f"sign({surface})")
    portrait = compute_portrait(PortraitSpec(sided, window=WIDE, analyses=("equilibria",)))
    (item,) = [e for e in portrait.equilibria if np.abs(e.point).max() < 1e-9]
    above, below = (parse_system(text.format(s=s)).compile() for s in ("1", "-1"))
    level = parse_system(f"x' = {surface}; y' = 1").compile()

    def height(t, z):
        return level(0.0, z[:, None])[0, 0]

    def half(field, z):
        def slope(t, y):
            return field(0.0, y[:, None])[:, 0]

        start = z + 1e-9 * slope(0.0, z)
        height.terminal = True
        run = solve_ivp(slope, (0, 10), start, events=height, rtol=1e-12, atol=1e-14)
        return run.y_events[0][-1]

    changes = []
    for size in (0.02, 0.01):
        x = size if above(0.0, np.zeros((2, 1)))[0, 0] <= 0 else -size
        if surface == "x":
            start = np.array([0.0, size])
        else:
            start = np.array([x, -height(0.0, np.array([x, 0.0]))])
        end = half(below, half(above, start))
        changes.append((np.hypot(*end) - np.hypot(*start)) / size**2)
    change = 2 * changes[1] - changes[0]  # extrapolated
    expected = "undecided" if abs(change) < 1e-3 else "stable" if change < 0 else "unstable"
    assert (item.kind, item.stability) == ("pseudo-equilibrium", expected)
    assert item.index == 1


def test_the_cases_have_all_answers():
    found = {
        compute_portrait(
            PortraitSpec(text.format(s=f"sign({surface})"), window=WIDE, analyses=("equilibria",))
        )
        .equilibria[0]
        .stability
        for text, surface in (CASES[0], CASES[1], CASES[5])
    }
    assert found == {"stable", "unstable", "undecided"}


def test_fields_that_touch_from_inside_are_left_open():
    text = "x' = sign(y); y' = x"  # orbits come to the origin along both sides and leave it
    portrait = compute_portrait(PortraitSpec(text, window=WIDE, analyses=("equilibria",)))
    (item,) = portrait.equilibria
    assert (item.stability, item.index) == ("undecided", None)
