"""Connections of saddles: proved where something carries them, measured where nothing does."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from eqpp_dash.engine import compute_portrait
from eqpp_dash.model.portrait import ALONG_MANIFOLD
from eqpp_dash.model.spec import PortraitSpec

BARE = ["equilibria", "separatrices"]
WIDE = {"x": [-2, 2], "y": [-2, 2]}


def portrait(text, window, **entries):
    given = {"equations": text, "window": window, "analyses": BARE, **entries}
    return compute_portrait(PortraitSpec.from_json(given))


def ends(found, status=None):
    points = [tuple(np.round(item.point, 6).tolist()) for item in found.equilibria]
    return sorted(
        (points[item.source], points[item.target])
        for item in found.connections
        if status in (None, item.status)
    )


def test_the_pendulum_over_two_periods():
    window = {"x": [-2.05 * math.pi - math.pi, 2.05 * math.pi - math.pi], "y": [-3, 3]}
    found = portrait("x' = y; y' = -sin(x)", window)
    places = [round(math.pi * k, 6) for k in (-3, -1, 1)]
    pairs = list(pairwise(places))
    chain = sorted(((a, 0.0), (b, 0.0)) for one, two in pairs for a, b in ((one, two), (two, one)))
    assert ends(found, "proved") == chain
    assert ends(found) == chain
    assert {item.type for item in found.connections} == {"heteroclinic"}
    assert [len(item.equilibria) for item in found.polycycles] == [2, 2]
    assert {item.status for item in found.polycycles} == {"proved"}
    for item in found.connections:
        out, back = (found.separatrices[k] for k in item.separatrices)
        assert (out.equilibrium, out.branch) == (item.source, "unstable")
        assert (back.equilibrium, back.branch) == (item.target, "stable")
        assert out.limit == f"equilibrium {item.target}"
        assert back.limit == f"equilibrium {item.source}"
        # In the upper half plane to the right, in the lower one to the left.
        assert np.sign(out.direction[1]) == np.sign(item.target - item.source)


def test_the_figure_eight_of_the_double_well():
    found = portrait("x' = y; y' = x - x^3", WIDE)
    assert ends(found, "proved") == [((0.0, 0.0), (0.0, 0.0))] * 2
    assert {item.separatrices for item in found.connections} == {(2, 0), (3, 1)}
    for item in found.connections:
        out, back = (found.separatrices[k] for k in item.separatrices)
        assert out.direction[0] * back.direction[0] > 0  # each loop lies on one side
        assert (item.codimension, item.within) == (0, "Hamiltonian systems")
    assert [item.equilibria for item in found.polycycles] == [(1,), (1,)]


@pytest.mark.parametrize(
    ("text", "window", "count", "within"),
    [
        # Invariant lines of a system without a first integral that is known.
        ("x' = x*(1 - x - y/3); y' = y*(x - 1/2)", {"x": [-0.5, 1.5], "y": [-1, 2]}, 1, "curve"),
        ("x' = y*(1 - x^2); y' = -x*(1 - y^2)", WIDE, 4, "Hamiltonian systems with this symmetry"),
        # Equal levels at saddles that no symmetry exchanges: known by exact arithmetic.
        ("x' = sin(y); y' = sin(x)", {"x": [-4, 4], "y": [-4, 4]}, 4, "Hamiltonian systems"),
        ("x' = y*(2 + x); y' = x - x^3", {"x": [-1.5, 2], "y": [-2, 2]}, 2, "change of time"),
    ],
)
def test_what_carries_connections(text, window, count, within):
    found = portrait(text, window)
    proved = [item for item in found.connections if item.status == "proved"]
    assert len(proved) == count
    assert all(within in item.within for item in proved)


def test_predator_and_prey_have_no_connection():
    found = portrait("x' = x*(1 - y); y' = y*(x - 1)", {"x": [-0.5, 4], "y": [-0.5, 4]})
    assert found.connections == ()
    assert {item.limit for item in found.separatrices} == {"infinity"}


def test_an_annulus_begins_at_the_figure_eight():
    given = {"equations": "x' = y; y' = x - x^3", "window": WIDE}
    found = compute_portrait(PortraitSpec.from_json(given))
    (outer,) = [item for item in found.annuli if len(item.equilibria) == 3]
    eight = found.polycycles[int(outer.within.split()[1])]
    assert (eight.equilibria, sorted(eight.connections)) == ((1, 1), [0, 1])
    assert (eight.status, outer.beyond) == ("proved", "infinity")
    # What the loops enclose is searched beyond the window too.
    part = {"equations": "x' = y; y' = x - x^3", "window": {"x": [-1.2, 1.8], "y": [-0.6, 0.6]}}
    cut = compute_portrait(PortraitSpec.from_json(part))
    (outer,) = [item for item in cut.annuli if len(item.equilibria) == 3]
    assert cut.polycycles[int(outer.within.split()[1])].equilibria == (1, 1)


def test_all_saddles_of_a_cellular_flow_have_their_separatrices():
    """H = sin(x) sin(y) is 0 on the lines through the saddles, which border 16 cells."""
    window = {"x": [-6.6, 6.6], "y": [-6.6, 6.6]}
    found = portrait("x' = sin(x)*cos(y); y' = -cos(x)*sin(y)", window)
    assert sum(item.kind == "saddle" for item in found.equilibria) == 25
    assert len(found.separatrices) == 100
    assert {item.evidence for item in found.separatrices} == {"proved"}
    assert len(found.connections) == 40  # the sides of the cells
    assert [len(item.equilibria) for item in found.polycycles[:16]] == [4] * 16
    for item in found.separatrices:
        start = found.equilibria[item.equilibrium].point
        end = found.equilibria[int(item.limit.split()[1])].point + np.array(item.shift or (0, 0))
        assert np.hypot(*(end - start)) == pytest.approx(math.pi, abs=1e-9)


def test_different_levels_are_no_connection():
    """V' = x (x - 1)(x + 2)(x - 3) has two saddles of different energy: one loop at most each."""
    found = portrait("x' = y; y' = x*(x - 1)*(x + 2)*(x - 3)", {"x": [-3, 4], "y": [-6, 6]})
    assert sum(item.kind == "saddle" for item in found.equilibria) == 2
    assert all(item.source == item.target for item in found.connections)
    assert {item.status for item in found.connections} == {"proved"}


def test_a_return_past_an_unknown_saddle_is_none():
    """Rounding turns orbits round near saddles outside the window: they seem to come back."""
    # V has the same value at its maxima, +-1 and +-3: the integral over u = x^2 is odd about 5.
    found = portrait("x' = y; y' = x*(x^2 - 1)*(x^2 - 5)*(x^2 - 9)", {"x": [-2, 2], "y": [-9, 9]})
    assert {item.type for item in found.connections} == {"heteroclinic"}
    assert sum(item.limit == "undecided" for item in found.separatrices) == 4


def test_separatrices_end_at_copies_beyond_the_window():
    """The separatrices of the pendulum are y = +-2 cos(x/2), from each saddle to the next."""
    found = portrait("x' = y; y' = -sin(x)", {"x": [-4, 4], "y": [-3, 3]})
    copies = [item for item in found.separatrices if item.shift]
    assert len(copies) == 4
    for item in found.separatrices:
        assert item.evidence == "proved"
        # Up and unstable, or down and stable: to the right of its saddle, else to the left.
        way = 2 * math.pi * np.sign(item.direction[0])
        start = found.equilibria[item.equilibrium].point
        shift = np.array(item.shift or (0.0, 0.0))
        limit = found.equilibria[int(item.limit.split()[1])].point + shift
        assert limit == pytest.approx(start + np.array([way, 0.0]), abs=1e-12)
    drawn = [item for item in found.trajectories if item.origin == "separatrix"]
    assert len(drawn) == 8
    for item in drawn:
        x, y = item.points.T
        assert np.abs(np.abs(y) - 2 * np.abs(np.cos(x / 2))).max() < 1e-6
        assert np.ptp(x) < 2 * math.pi + 1e-6


def test_separatrices_are_drawn_up_to_the_border_beside_closed_orbits():
    """Closed orbits in annuli come as near to them as they are drawn apart."""
    window = {"x": [-6.6, 6.6], "y": [-5, 5]}
    drawn = portrait("x' = y; y' = -sin(x)", window, analyses=[*BARE, "cycles", "trajectories"])
    assert drawn.annuli
    away = 0
    for item in drawn.trajectories:
        if item.origin != "separatrix":
            continue
        leads_away = item.backward.reason == ALONG_MANIFOLD
        end, last = (item.forward, -1) if leads_away else (item.backward, 0)
        target = drawn.equilibria[int(end.end.split()[1])].point + np.array(end.shift or (0, 0))
        limits = np.array([window["x"], window["y"]])
        if not ((target >= limits[:, 0]) & (target <= limits[:, 1])).all():
            away += 1
            reached = item.points[last]
            assert not ((reached > limits[:, 0]) & (reached < limits[:, 1])).all()
    assert away == 4


def test_a_connection_ends_where_it_is_nearest_to_its_end():
    """By rough integration orbits run on past the saddles at which they end, at (+-1, 0)."""
    options = {"rtol": 1e-3, "atol": 1e-5}
    found = portrait("x' = 1 - x^2 - y^2; y' = 2*x*y", WIDE, options=options)
    saddles = [k for k, item in enumerate(found.equilibria) if item.kind == "saddle"]
    joined = {f"equilibrium {k}" for k in saddles}
    curves = [
        item for item in found.trajectories if {item.forward.end, item.backward.end} == joined
    ]
    assert len(curves) == 6  # two branches for each half of x^2 + y^2/3 = 1 and the line between
    for item in curves:
        x, y = item.points.T
        assert x[0] * x[-1] == pytest.approx(-1.0, abs=0.02)
        assert (np.abs(np.diff(x)).sum() - np.abs(x[-1] - x[0])) < 0.01  # not back again
        assert np.abs(y[[0, -1]]).max() < 0.02


def test_no_connection_is_verified_by_rough_integration():
    """Followed roughly, the separatrices of y^2 = (1 - x^2)^2/2 turn round and come back."""
    found = portrait("x' = y; y' = x^3 - x", WIDE, options={"rtol": 1e-3, "atol": 1e-5})
    assert (
        ends(found)
        == ends(found, "proved")
        == [((-1.0, 0.0), (1.0, 0.0)), ((1.0, 0.0), (-1.0, 0.0))]
    )


def test_copies_need_a_connection():
    """With damping no saddle is connected, and none of its copies."""
    found = portrait("x' = y; y' = -sin(x) - y/5", {"x": [-4, 4], "y": [-3, 3]})
    assert not any(item.shift for item in found.separatrices)


SHEAR = "x' = y; y' = x - x^2 + e*(x - 1/2)*y"


@pytest.mark.parametrize("e", [1e-3, -1e-5])
def test_a_gap_is_that_of_melnikov(e):
    """H changes by e times the integral of (x - 1/2) y^2 along x = 1.5/cosh(t/2)^2: 3e/7."""
    found = portrait(SHEAR, {"x": [-1, 2], "y": [-1, 1]}, parameters={"e": e})
    (item,) = found.connections
    assert (item.type, item.status, item.codimension, item.within) == ("homoclinic", "near", 1, "")
    (x, y), direction = item.section
    length = item.gap / np.linalg.norm(direction / [3.0, 2.0])
    change = abs(direction @ [x**2 - x, y]) * length
    assert change == pytest.approx(abs(e) * 3 / 7, rel=3 * abs(e) + 1e-6)
    assert [item.status for item in found.polycycles] == ["near"]


def test_a_gap_is_that_of_another_integrator():
    e = 0.02

    def field(_, state):
        x, y = state
        return [y, x - x**2 + e * (x - 0.5) * y]

    found = portrait(SHEAR, {"x": [-1, 2], "y": [-1, 1]}, parameters={"e": e})
    (item,) = found.connections
    point, direction = item.section
    normal = np.array([-direction[1], direction[0]])
    crossings = []
    for branch, way in ((1, 1), (-1, -1)):
        slope = -e / 4 + branch * math.sqrt(e**2 / 16 + 1)
        start = 1e-7 * np.array([1.0, slope])

        def section(_, state):
            return normal @ (state - point)

        run = solve_ivp(
            field, (0, 19.0 * way), start, "DOP853", events=section, rtol=1e-13, atol=1e-15
        )
        near = run.y_events[0][np.argmin(np.linalg.norm(run.y_events[0] - point, axis=1))]
        crossings.append(near)
    away = (crossings[0] - crossings[1]) / [3.0, 2.0]
    assert np.linalg.norm(crossings[0] - point) < 1e-9
    assert np.linalg.norm(away) == pytest.approx(item.gap, rel=1e-6)


def test_a_reversor_carries_a_connection_without_a_first_integral():
    """x' = y + y^3/9 ... reversible under (x, y, t) -> (x, -y, -t), with no integral found."""
    text = "x' = y*(1 + x^2) + y^3*exp(x); y' = x - x^3 + y^2*sin(x + 2)"
    found = portrait(text, WIDE)
    carried = [item for item in found.connections if item.status == "verified"]
    assert carried
    assert {item.within for item in carried} == {"reversible systems"}
    assert all("mirror" in item.how for item in carried)
    assert all(found.equilibria[item.source].kind == "saddle" for item in carried)


def test_a_homoclinic_bifurcation_lies_where_the_gap_closes():
    """Strogatz, section 8.4: x'' = mu x' + x - x^2 + x x' has a homoclinic orbit at -0.8645."""
    text = "x' = y; y' = mu*y + x - x^2 + x*y"
    gaps = []
    for mu in (-0.87, -0.8645, -0.86):
        found = portrait(text, {"x": [-1, 2], "y": [-1.5, 1.5]}, parameters={"mu": mu})
        (item,) = found.connections
        assert (item.type, item.status) == ("homoclinic", "near")
        gaps.append(item.gap)
    assert gaps[1] < 1e-4
    # The gap changes its sign between both: the straight line through them meets zero there.
    zero = -0.87 + 0.01 * gaps[0] / (gaps[0] + gaps[2])
    assert zero == pytest.approx(-0.8645, abs=1e-4)


def test_a_dulac_function_tells_that_a_near_loop_is_none():
    damped = portrait("x' = y; y' = x - x^3 - e*y", WIDE, parameters={"e": 1e-3})
    assert len(damped.connections) == 2
    for item in damped.connections:
        assert item.status == "near"
        assert "a Dulac function excludes" in item.how
    sheared = portrait(SHEAR, {"x": [-1, 2], "y": [-1, 1]}, parameters={"e": 1e-3})
    assert "Dulac" not in sheared.connections[0].how


ANNULI = [
    ("x' = y; y' = -sin(x)", {"x": (-4, 4), "y": (-3, 3)}, {(1,): "polycycle"}),
    # two loops at one saddle; the annulus around both has no polycycle outside, but one inside
    (
        "x' = y; y' = x - x^3",
        {"x": (-2, 2), "y": (-2, 2)},
        {(0,): "polycycle", (2,): "polycycle", (0, 1, 2): "infinity"},
    ),
    # the loop leaves the window; what is at rest there is known too
    ("x' = y; y' = x - x^3", {"x": (-1.2, 1.8), "y": (-0.6, 0.6)}, {(2,): "polycycle"}),
    # a circle of equilibria lies between the center and the loop
    (
        "x' = y*((x - 1)^2 + y^2 - 1/25); y' = (x - x^3)*((x - 1)^2 + y^2 - 1/25)",
        {"x": (-2, 2), "y": (-2, 2)},
        {(2,): "undecided"},
    ),
]


@pytest.mark.parametrize(("text", "window", "expected"), ANNULI)
def test_annuli_end_at_polycycles(text, window, expected):
    found = compute_portrait(
        PortraitSpec(text, window=window, analyses=["equilibria", "separatrices", "cycles"])
    )
    got = {item.equilibria: item.beyond for item in found.annuli}
    for around, word in expected.items():
        assert got[around].startswith(word)
        if word == "polycycle":
            saddles = found.polycycles[int(got[around].split()[1])].equilibria
            assert all(found.equilibria[k].kind == "saddle" for k in saddles)
