"""Limit cycles on invariant curves are proved, multiple ones too, and nothing else is."""

from dataclasses import replace

import numpy as np
import pytest

from eqpp_dash.engine.cycles import find_limit_cycles
from eqpp_dash.engine.cycles.algebraic import prove_on_curves
from eqpp_dash.engine.cycles.values import CycleSearch, Undecided
from eqpp_dash.engine.structure.find import planar_structure
from eqpp_dash.engine.system import parse_system

LO, HI = np.full(2, -2.0), np.full(2, 2.0)
WINDOW = {"x": (-2.0, 2.0), "y": (-2.0, 2.0)}


def proved(text, gap=None):
    field = parse_system(text).compile()
    structure = planar_structure(field, WINDOW)
    assert structure.curves
    if gap is None:
        found = find_limit_cycles(field, WINDOW, structure=structure)
    else:
        found = CycleSearch((), (), (gap,))
    return prove_on_curves(field, found, structure, LO, HI)


def circular(power, sign):
    """Give r' = sign r (1 - r^2)^power, theta' = 1."""
    speed = f"{sign}*(1 - x^2 - y^2)^{power}"
    return f"x' = -y + x*({speed}); y' = x + y*({speed})"


@pytest.mark.parametrize(
    ("power", "sign", "stability", "multiplier"),
    [
        (1, 1, "stable", -4 * np.pi),
        (1, -1, "unstable", 4 * np.pi),
        (2, 1, "semi-stable", 0),
        (2, -1, "semi-stable", 0),
        (3, 1, "stable", 0),
        (3, -1, "unstable", 0),
    ],
)
def test_circles(power, sign, stability, multiplier):
    found = proved(circular(power, sign), None if power == 1 else through_the_circle())
    (cycle,) = found.cycles
    assert found.undecided == ()
    assert (cycle.stability, cycle.evidence) == (stability, "proved")
    assert cycle.period == pytest.approx(2 * np.pi, rel=1e-13)
    assert cycle.log_multiplier == pytest.approx(multiplier, rel=1e-10)
    assert np.abs(np.hypot(*cycle.points.T) - 1).max() < 1e-14
    np.testing.assert_allclose(cycle.bounds, [[-1, 1], [-1, 1]], atol=1e-14)
    if power == 2:
        assert f"orbits {'inside' if sign > 0 else 'outside'} wind onto it" in cycle.method


def test_a_cycle_that_was_verified_beside_the_curve_is_kept():
    field = parse_system(circular(1, 1)).compile()
    found = find_limit_cycles(field, WINDOW)
    (cycle,) = found.cycles
    beside = replace(cycle, bounds=1.0004 * cycle.bounds, point=1.0004 * cycle.point)
    structure = planar_structure(field, WINDOW)
    both = prove_on_curves(field, replace(found, cycles=(beside, cycle)), structure, LO, HI)
    assert [item.evidence for item in both.cycles] == ["proved", "verified"]


def test_a_double_cycle_that_is_no_circle():
    """x' = -F_y + x F^2, y' = F_x + y F^2 has X(F) = F^2 (x F_x + y F_y)."""
    f = "(x^2 + 4*y^2 + x*y/2 - 1)"
    found = proved(f"x' = -(8*y + x/2) + x*{f}^2; y' = 2*x + y/2 + y*{f}^2")
    (cycle,) = found.cycles
    assert (cycle.stability, cycle.evidence, found.undecided) == ("semi-stable", "proved", ())
    # on F = 0 the flow is linear: x' = -F_y, y' = F_x with eigenvalues +-i sqrt(16 - 1/4)
    assert cycle.period == pytest.approx(2 * np.pi / np.sqrt(16 - 0.25), rel=1e-12)


def through_the_circle():
    return Undecided(np.array([0.99999, 1e-6]), np.array([1.00001, 1e-6]), "0, 1 double or 2", "")


REFUSED = [
    # the rest L = 2 (x^2 + y^2) (x - 1/2) vanishes on the curve
    "x' = -y + x*(1 - x^2 - y^2)^2*(x - 1/2); y' = x + y*(1 - x^2 - y^2)^2*(x - 1/2)",
    # two equilibria lie on it
    "x' = -y*(y - 1/2) + x*(1 - x^2 - y^2)^2; y' = x*(y - 1/2) + y*(1 - x^2 - y^2)^2",
]


@pytest.mark.parametrize("text", REFUSED)
def test_what_must_be_refused(text):
    found = proved(text, through_the_circle())
    assert found.cycles == ()
    assert len(found.undecided) == 1
