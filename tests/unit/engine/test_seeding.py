"""Separatrices start on their manifolds; evenly spaced orbits are just that."""

import numpy as np
import pytest

from eqpp_dash.engine import compute_portrait
from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.manifolds import SHORTEST
from eqpp_dash.engine.orbits import Problem
from eqpp_dash.engine.seeding import (
    MOST_CURVES,
    SEPARATION,
    candidate_starts,
    separatrix_branches,
    separatrix_orbits,
)
from eqpp_dash.engine.system import parse_system
from eqpp_dash.model.spec import PortraitSpec


def portrait(text, window, **entries):
    return compute_portrait(
        PortraitSpec.from_json({"equations": text, "window": window, **entries})
    )


def unit(item, window):
    lo = np.array([limits[0] for limits in window.values()])
    hi = np.array([limits[1] for limits in window.values()])
    return (item.points - lo) / (hi - lo)


def dense(points):
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    at = np.linspace(0.0, length[-1], 2 + int(length[-1] / 0.005))
    return np.stack([np.interp(at, length, points[:, k]) for k in range(2)], axis=1)


WINDOWS = {
    "x' = y; y' = -sin(x)": {"x": [-6.6, 6.6], "y": [-3, 3]},
    "x' = y; y' = (1 - x^2)*y - x": {"x": [-4, 4], "y": [-4, 4]},
    "x' = x + y; y' = 4*x - 2*y": {"x": [-5, 5], "y": [-5, 5]},
    "x' = 1; y' = 0": {"x": [0, 1], "y": [0, 1000]},
    "x' = x*(1.5 - y); y' = y*(x - 3)": {"x": [0, 8], "y": [0, 6]},
}


@pytest.mark.parametrize("text", list(WINDOWS))
def test_seeds_keep_their_distance_and_leave_no_large_gap(text):
    window = WINDOWS[text]  # closed orbits of known annuli are nested more closely
    found = portrait(text, window, analyses=["equilibria", "separatrices", "trajectories"])
    curves = [dense(unit(item, window)) for item in found.trajectories]
    seeded = [i for i, item in enumerate(found.trajectories) if item.origin == "seeded"]
    assert 3 <= len(seeded) <= MOST_CURVES
    for i in seeded:
        start = unit(found.trajectories[i], window)[found.trajectories[i].times == 0.0][0]
        earlier = [curve for curve in curves[:i] if len(curve)]
        if earlier:
            gap = min(np.linalg.norm(curve - start, axis=1).min() for curve in earlier)
            assert gap > 0.9 * SEPARATION * np.sqrt(2.0)
    grid = np.stack(np.meshgrid(*[np.linspace(0.05, 0.95, 15)] * 2), axis=-1).reshape(-1, 2)
    cloud = np.concatenate(curves)
    nearest = np.sqrt(((grid[:, None] - cloud[None]) ** 2).sum(-1)).min(axis=1)
    assert np.median(nearest) < 0.06
    assert nearest.max() < 0.25


def test_seeding_is_deterministic():
    text = "x' = y; y' = -sin(x)"
    first, second = (portrait(text, WINDOWS[text]) for _ in range(2))
    assert len(first.trajectories) == len(second.trajectories)
    for one, other in zip(first.trajectories, second.trajectories, strict=True):
        assert np.array_equal(one.points, other.points)
        assert (one.forward, one.backward) == (other.forward, other.backward)


def test_order_is_separatrices_then_given_then_seeded():
    text = "x' = y; y' = -sin(x)"
    found = portrait(text, WINDOWS[text], initial_conditions=[[0.5, 0.0], [1.0, 0.0]])
    origins = [item.origin for item in found.trajectories]
    assert origins == sorted(origins, key=["separatrix", "given", "seeded"].index)
    assert origins.count("given") == 2
    assert origins.count("separatrix") == 8


def test_separatrices_lie_on_the_invariant_manifolds():
    """For the pendulum they are the level set of the energy through the saddles."""
    text = "x' = y; y' = -sin(x)"
    found = portrait(text, WINDOWS[text])
    branches = [item for item in found.trajectories if item.origin == "separatrix"]
    for item in branches:
        x, y = item.points.T
        assert y**2 / 2 - np.cos(x) == pytest.approx(1.0, abs=1e-7)
        known = [end for end in (item.forward, item.backward) if end.reason.startswith("along")]
        assert len(known) == 1
        assert known[0].time is None


def test_heteroclinic_connections_are_not_guessed():
    """What stays in the window is proved; what leaves it goes to copies, by the period."""
    text = "x' = y; y' = -sin(x)"
    ends, copies = [], 0
    for item in portrait(text, WINDOWS[text]).trajectories:
        if item.origin == "separatrix":
            other = item.forward if item.backward.reason.startswith("along") else item.backward
            ends.append(other.end)
            assert "a connection, proved" in other.reason
            copies += bool(other.shift)
    assert sorted(set(ends)) == ["equilibrium 1", "equilibrium 3"]
    assert copies == 4


def test_separatrices_of_a_nonlinear_saddle():
    """x' = x, y' = -y + x^2: the unstable manifold is y = x^2/3, the stable one x = 0."""
    found = portrait("x' = x; y' = -y + x^2", {"x": [-2, 2], "y": [-2, 2]})
    branches = [item for item in found.trajectories if item.origin == "separatrix"]
    assert len(branches) == 4
    for item in branches:
        x, y = item.points.T
        on = np.abs(y - x**2 / 3) if item.backward.end == "equilibrium 0" else np.abs(x)
        assert on.max() < 1e-7


def test_starts_of_separatrices_are_measured_in_the_window():
    system = parse_system("x' = 1000*y; y' = x/1000")
    field = system.compile()
    window = {"x": (-2000.0, 2000.0), "y": (-2.0, 2.0)}
    items = find_equilibria(field, window).equilibria
    problem = Problem(field, np.zeros(2), np.array([4000.0, 4.0]), 10.0)
    branches = separatrix_branches(problem, items)
    orbits = separatrix_orbits(problem, branches, 100)
    assert len(orbits) == 4
    offset = np.abs(orbits.starts / problem.width).max(axis=1)
    assert offset == pytest.approx([item.radius for item in branches], rel=1e-9)
    nearest = np.array([item.lead()[1][-1] for item in branches]) / problem.width
    assert np.abs(nearest).max(axis=1) == pytest.approx(SHORTEST, rel=1e-9)
    assert sorted(orbits.signs) == [-1.0, -1.0, 1.0, 1.0]


def test_candidates_avoid_what_is_undefined_or_at_rest():
    field = parse_system("x' = sqrt(x); y' = 1").compile()
    problem = Problem(field, np.zeros(2), np.array([4.0, 4.0]), 10.0)
    starts = candidate_starts(problem)
    assert (starts[:, 0] >= 0).all()
    assert 30 < len(starts) < 80
    nowhere = Problem(parse_system("x' = 0; y' = 0").compile(), np.zeros(2), np.ones(2), 1.0)
    assert candidate_starts(nowhere).shape == (0, 2)


def test_analyses_select_the_trajectories():
    text = "x' = x; y' = -y"
    window = {"x": [-2, 2], "y": [-2, 2]}

    def origins(*analyses, given=()):
        found = portrait(text, window, analyses=list(analyses), initial_conditions=list(given))
        return {item.origin for item in found.trajectories}

    assert origins("field") == set()
    assert origins("separatrices") == {"separatrix"}
    assert origins("trajectories") == {"seeded"}
    assert origins("field", given=[[1.0, 1.0]]) == {"given"}


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("x' = y; y' = x - x^3", {"x": [-2, 2], "y": [-1.6, 1.6]}),
        ("x' = x - x^3; y' = -y", {"x": [-1.4, 1.4], "y": [-1.2, 1.2]}),
    ],
)
def test_a_portrait_is_drawn_as_symmetric_as_it_is(text, window):
    """Both are their own images in either axis: where an orbit starts, the images pass too."""
    found = portrait(text, window)
    curves = [dense(unit(item, window)) for item in found.trajectories]
    cloud = np.concatenate([curve for curve in curves if len(curve)])
    starts = [
        unit(item, window)[item.times == 0.0][0]
        for item in found.trajectories
        if item.origin == "seeded"
    ]
    assert len(starts) > 10
    for signs in ((1, -1), (-1, 1), (-1, -1)):
        for start in starts:
            image = 0.5 + (start - 0.5) * signs
            assert np.linalg.norm(cloud - image, axis=1).min() < 4e-3
    sides = [np.sign(item.points[:, 0] @ np.ones(len(item.points))) for item in found.trajectories]
    whole = [np.ptp(np.sign(item.points[:, 0])) == 0 for item in found.trajectories]
    own = [side for side, alone in zip(sides, whole, strict=True) if alone]
    assert own.count(1.0) == own.count(-1.0) > 3
