"""Bands of orbits that wind round a cylinder, and bands that are proved to be unbounded."""

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy.special import ellipk

from eqpp_dash.engine import compute_portrait
from eqpp_dash.engine.cycles.unbounded import _Proof, polynomial_growth
from eqpp_dash.engine.structure.find import planar_structure
from eqpp_dash.engine.system import parse_system
from eqpp_dash.model.narrative import narrate
from eqpp_dash.model.spec import PortraitSpec

PENDULUM = "x' = y; y' = -sin(x)"
ONLY = ["equilibria", "separatrices", "cycles"]


def portrait(text, window=None, analyses=ONLY):
    return compute_portrait(PortraitSpec(text, window=window, analyses=analyses))


@pytest.fixture(scope="module")
def pendulum():
    return portrait(PENDULUM)


def rotations(found):
    return [item for item in found.annuli if any(item.winding)]


def test_rotations_of_a_pendulum_fill_bands_from_the_separatrices_to_infinity(pendulum):
    found = pendulum
    lower, upper = rotations(found)
    assert (lower.winding, upper.winding) == ((-1, 0), (1, 0))
    for band in (lower, upper):
        assert (band.equilibria, band.evidence, band.beyond) == ((), "verified", "infinity")
        assert "no equilibrium lies beyond" in band.ground
        for point, period, rel in zip(
            (band.inner, band.outer), band.periods, (1e-6, 1e-12), strict=True
        ):
            square = 2 / (1 + point[1] ** 2 / 2 - math.cos(point[0]))  # k^2, with period 2 k K(k)
            exact = 2 * math.sqrt(square) * ellipk(square)
            assert period == pytest.approx(exact, rel=rel)
        border = found.separatrices[int(band.within.removeprefix("separatrix "))]
        start = found.equilibria[border.equilibrium].point
        end = found.equilibria[int(border.limit.split()[1])].point + (border.shift or 0.0)
        assert (end - start)[0] == pytest.approx(2 * math.pi * band.winding[0])
        assert border.direction[1] * band.winding[0] > 0
    words = " ".join(s.text for part in narrate(found.facts()) for s in part.sentences)
    assert "wind round the cylinder, along x, and close there fill two bands" in words
    assert "is undecided" not in words


def test_rotations_begin_at_a_chain_of_separatrices():
    """Of the two saddles of a turn both are on the same level; between them the window ends."""
    found = portrait("x' = y; y' = -sin(x) - sin(2*x)", {"x": (-6.6, 6.6), "y": (-1.6, 1.6)})
    bands = rotations(found)
    assert len(bands) == 2
    for band in bands:
        border = found.separatrices[int(band.within.removeprefix("separatrix "))]
        assert math.cos(found.equilibria[border.equilibrium].point[0]) == pytest.approx(-0.5)
        x, y = band.outer
        energy = y**2 / 2 - math.cos(x) - math.cos(2 * x) / 2
        turn = 2 * np.pi * (np.arange(400) + 0.5) / 400  # the rule of midpoints is exact here
        speeds = np.sqrt(2 * (energy + np.cos(turn) + np.cos(2 * turn) / 2))
        assert band.periods[1] == pytest.approx(2 * np.pi * np.mean(1 / speeds), rel=1e-11)


def test_librations_end_at_the_separatrices_or_their_copies(pendulum):
    found = pendulum
    shifts = {}
    for band in found.annuli:
        if band.equilibria:
            assert (band.beyond, any(band.winding)) == ("polycycle 0", False)
            center = found.equilibria[band.equilibria[0]].point[0]
            shifts[round(center / math.pi)] = band.shift
            amplitude = band.outer[0] - center
            exact = 4 * ellipk(math.sin(amplitude / 2) ** 2)
            assert band.periods[1] == pytest.approx(exact, rel=1e-5)
    turn = (pytest.approx(2 * math.pi), 0.0)
    assert shifts == {-2: (pytest.approx(-2 * math.pi), 0.0), 0: (), 2: turn}


def test_no_turn_closes_where_it_adds_to_the_hamiltonian():
    assert rotations(portrait("x' = y; y' = 1/2 - sin(x)")) == []


def test_rotations_on_both_sides_of_small_islands_are_two_bands():
    """H = y^3/3 + y cos(x)/100 has its equilibria in |y| <= 1/10; all orbits far off wind on."""
    found = portrait("x' = y^2 + cos(x)/100; y' = y*sin(x)/100", {"x": (-4, 4), "y": (-3, 3)})
    bands = rotations(found)
    assert [(item.winding, item.beyond) for item in bands] == [((1, 0), "infinity")] * 2
    assert [math.copysign(1, item.inner[1]) for item in bands] == [-1, 1]
    assert all(abs(item.inner[1]) < 0.7 < 20 < abs(item.outer[1]) for item in bands)


@pytest.mark.parametrize(
    ("text", "unbounded"),
    [
        ("x' = y; y' = x - x^3", True),
        ("x' = y; y' = -x - x^2", False),
        ("x' = y*(x^2 + 4*y^2 - 1); y' = -x*(x^2 + 4*y^2 - 1)", True),
        ("x' = x*(1 - y)/(1 + x^2); y' = y*(x - 1)", False),
    ],
)
def test_a_band_is_unbounded_only_with_a_proof(text, unbounded):
    found = portrait(text, analyses=["equilibria", "cycles"])
    outer = max(found.annuli, key=lambda item: item.outer[0])
    assert (outer.beyond == "infinity") is unbounded
    assert bool(outer.ground) is unbounded


def test_the_image_of_a_band_that_fills_a_quadrant_is_unbounded_too():
    found = portrait("x' = x*(1 - y); y' = y*(x - 1)*(x + 1)", analyses=["equilibria", "cycles"])
    left, right = found.annuli
    assert (left.beyond, right.beyond) == ("infinity", "infinity")
    assert "image under (x, y) -> (-x, y)" in left.ground
    assert "fills that quadrant" in right.ground


def test_the_growth_of_polynomials_holds_at_random_points():
    rng = np.random.default_rng(3)
    told = 0
    for _ in range(60):
        powers = 2 * rng.integers(1, 4, size=2)
        terms = {(int(powers[0]), 0): Fraction(1), (0, int(powers[1])): Fraction(2)}
        for _ in range(6):
            place = tuple(int(k) for k in rng.integers(0, 5, size=2))
            if place[0] / powers[0] + place[1] / powers[1] <= 1 and place not in terms:
                terms[place] = Fraction(int(rng.integers(-9, 10)), 5)
        growth = polynomial_growth({e: c for e, c in terms.items() if c})
        if growth is None:
            continue
        told += 1
        turn = rng.uniform(0, 2 * np.pi, 400)
        size = growth.level * 10 ** rng.uniform(0, 4, 400)
        x = np.sign(np.cos(turn)) * (size * np.cos(turn) ** 2) ** (1 / powers[0])
        y = np.sign(np.sin(turn)) * (size * np.sin(turn) ** 2) ** (1 / powers[1])
        along = sum(
            float(c) * (i / powers[0] + j / powers[1]) * x**i * y**j for (i, j), c in terms.items()
        )
        assert along.min() > 0
    assert told > 30


def test_beside_a_line_of_equilibria_rotations_are_one_band_on_each_side():
    found = portrait(
        "x' = 2*y*cos(x) + 3*y^2; y' = y^2*sin(x)", {"x": (-4.0, 4.0), "y": (-2.0, 2.0)}
    )
    lower, upper = rotations(found)
    assert lower.inner[1] < 0 < upper.inner[1]
    assert lower.evidence == upper.evidence == "numerical"


def test_a_long_period_is_bounded_as_a_short_one_is():
    """H_y = y^2 - (1 - cos(x/9000))/2 has its last zero at 1, far from where x is 0."""
    system = parse_system("x' = y^2 - (1 - cos(x/9000))/2; y' = y*sin(x/9000)/18000")
    field = system.compile()
    window = {"x": (-2e4, 2e4), "y": (-2.0, 2.0)}
    integral = planar_structure(field, window).integral
    proof = _Proof(field, integral.function, integral.node)
    assert 1.0 <= proof._height(0) < 1.5
