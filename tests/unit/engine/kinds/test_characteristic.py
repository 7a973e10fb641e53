"""Characteristic orbits: closed forms, and the field itself along their expansions."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest

from eqpp_dash.engine import compute_portrait
from eqpp_dash.engine.expression.polynomial import Work
from eqpp_dash.engine.kinds.blowup import blow_up
from eqpp_dash.engine.kinds.germ import Germ
from eqpp_dash.engine.kinds.sectors import count_sectors, separating
from eqpp_dash.model.spec import PortraitSpec

S3, G = np.sqrt(3) / 2, 1 / np.sqrt(2)
KNOWN = [
    # Hamiltonian with the level x^2 y - y^3/3 = 0: three lines
    (
        "x' = x^2 - y^2; y' = -2*x*y",
        lambda x, y: x**2 * y - y**3 / 3,
        {("unstable", 1, 0), ("stable", 0.5, S3), ("unstable", -0.5, S3)}
        | {("stable", -1, 0), ("unstable", -0.5, -S3), ("stable", 0.5, -S3)},
    ),
    # orbits are circles through the point: elliptic sectors alone
    ("x' = x^2 - y^2; y' = 2*x*y", lambda x, y: 0 * x, set()),
    # cusp, on both branches of the semicubical parabola
    (
        "x' = y; y' = x^2",
        lambda x, y: y**2 / 2 - x**3 / 3,
        {("unstable", 1, 0), ("stable", 1, 0)},
    ),
    # nilpotent topological saddle
    (
        "x' = y; y' = x^3",
        lambda x, y: y**2 / 2 - x**4 / 4,
        {(name, side, 0) for name in ("stable", "unstable") for side in (1, -1)},
    ),
    # saddle-node: the strong manifold, and the center manifold on the saddle's side, y = 0
    (
        "x' = x^2; y' = -y",
        lambda x, y: x * y,
        {("unstable", 1, 0), ("stable", 0, 1), ("stable", 0, -1)},
    ),
    # the same at an irrational point, with the center manifold y = x
    (
        "x' = (x^2 - 2)^2; y' = (x^2 - 2)^2 - y + x",
        None,
        {("unstable", G, G), ("stable", 0, 1), ("stable", 0, -1)},
    ),
    # semi-hyperbolic topological saddle
    (
        "x' = x^3; y' = -y",
        lambda x, y: x * y,
        {("unstable", 1, 0), ("unstable", -1, 0), ("stable", 0, 1), ("stable", 0, -1)},
    ),
    # one elliptic and one hyperbolic sector, on parabolas y = c x^2 with 2 c^2 - 4 c + 1 = 0
    (
        "x' = y; y' = 4*x*y - x^3",
        lambda x, y: y - (1 + G) * x**2,
        {("unstable", 1, 0), ("stable", -1, 0)},
    ),
    # after a blow-up the circle is crossed, and touched by y = u x, x = -u^2/2
    (
        "x' = x*y; y' = y^2 - x^3",
        lambda x, y: y**2 + 2 * x**3,
        {("unstable", -1, 0), ("stable", -1, 0)},
    ),
]


@pytest.mark.parametrize(("text", "level", "expected"), KNOWN, ids=[item[0] for item in KNOWN])
def test_closed_forms(text, level, expected):
    spec = PortraitSpec(
        text, window={"x": (-2, 2), "y": (-2, 2)}, analyses=("equilibria", "separatrices")
    )
    found = compute_portrait(spec)
    points = {item.equilibrium for item in found.separatrices}
    got = [
        (k, item.branch, *np.round(item.direction + 0.0, 9))
        for k in sorted(points)
        for item in found.separatrices
        if item.equilibrium == k
    ]
    count = 2 if level is None else int(bool(expected))
    assert sorted(got) == [
        (k, name, *np.round([x, y], 9)) for k in range(count) for name, x, y in sorted(expected)
    ]
    curves = [item for item in found.trajectories if item.origin == "separatrix"]
    assert len(curves) == len(got)
    for curve in curves:
        x, y = curve.points.T
        near = np.maximum(np.abs(x), np.abs(y)) < 3
        if level is not None:
            assert np.abs(level(x, y))[near].max() < 2e-6
        elif np.ptp(x) > 1e-9:
            assert np.abs(x - y)[near].max() < 2e-6


def test_the_words_count_more_than_two_separatrices():
    """A monkey saddle has three of each sort; the narrative once knew of two."""
    spec = PortraitSpec(
        KNOWN[0][0], window={"x": (-2, 2), "y": (-2, 2)}, analyses=("equilibria", "separatrices")
    )
    said = str(compute_portrait(spec).facts())
    assert "all three unstable separatrices run to infinity" in said


def random_germ(source: random.Random) -> Germ:
    """Give a nilpotent or a degenerate field."""
    if source.random() < 0.5:
        keys = ((2, 0), (1, 1), (0, 2), (3, 0))
        first = {(0, 1): 1} | {key: source.randint(-2, 2) for key in keys}
        second = {(source.choice((2, 3, 4, 5)), 0): source.choice((-3, -1, 1, 2))}
        second |= {(power, 1): source.randint(-4, 4) for power in (1, 2)}
    else:
        low = source.choice((2, 3))
        keys = [(i, n - i) for n in (low, low + 1) for i in range(n + 1)]
        first, second = ({key: source.randint(-2, 2) for key in keys} for _ in range(2))
    return Germ(*({key: Fraction(c) for key, c in p.items() if c} for p in (first, second)))


def test_the_field_follows_the_expansions():
    """The angle between curve and field falls like a high power; the sense is the one told."""
    source, seen, deep = random.Random(3), 0, 0
    sizes = np.geomspace(1e-3, 0.3, 40)
    for _ in range(30):
        germ = random_germ(source)
        corners = blow_up(germ, Work())
        if not corners:
            continue
        bounds = separating(corners)
        sectors = count_sectors(corners)
        assert sectors.hyperbolic <= sum(bounds) <= 2 * sectors.hyperbolic
        for corner in corners:
            if corner.orbit is None:
                continue
            orbit = corner.orbit.expanded(np.eye(2))
            (x, y), along = orbit.at(sizes)
            flow = np.array(
                [
                    sum(float(c) * x**i * y**j for (i, j), c in p.items())
                    for p in (germ.first, germ.second)
                ]
            )
            cross = flow[0] * along[1] - flow[1] * along[0]
            size = np.hypot(*flow) * np.hypot(*along)
            first = int(np.argmax(np.hypot(x, y) > 1e-5))
            assert np.abs(cross / size)[first] < 1e-7, germ
            assert corner.orbit.away * (flow * along).sum(axis=0)[first] > 0, germ
            away = np.array([x[first], y[first]])
            assert away @ orbit.direction > 0.9 * np.linalg.norm(away), germ
            seen += 1
            deep += len(corner.orbit.way) > 1
    assert seen > 50
    assert deep > 15


def test_a_point_not_known_exactly_has_none_and_says_so():
    """Cusps at irrational points are not blown up."""
    spec = PortraitSpec(
        "x' = y; y' = (x^2 - 2)^2",
        window={"x": (0, 2), "y": (-1, 1)},
        analyses=("equilibria", "separatrices"),
    )
    found = compute_portrait(spec)
    assert [item.kind for item in found.equilibria] == ["cusp"]
    assert not found.separatrices
    assert "separatrices-left-out" in {item.code for item in found.notices}


def test_the_loop_of_a_cusp_is_found():
    """x' = y, y' = x^2 - x^3 keeps y^2/2 - x^3/3 + x^4/4, zero on a loop that ends at x = 4/3."""
    spec = PortraitSpec(
        "x' = y; y' = x^2 - x^3",
        window={"x": (-1, 2), "y": (-1, 1)},
        analyses=("equilibria", "separatrices"),
    )
    found = compute_portrait(spec)
    (loop,) = found.connections
    assert (loop.type, loop.source, loop.target, loop.status) == ("homoclinic", 0, 0, "verified")
    assert [item.status for item in found.polycycles] == ["verified"]
    assert {item.limit for item in found.separatrices} == {"equilibrium 0"}
    assert all(0 <= item.level_error < 1e-3 for item in found.separatrices)
    assert [item["level_error"] for item in found.facts()["separatrices"]] == [
        item.level_error for item in found.separatrices
    ]
    curves = [item.points for item in found.trajectories]
    assert np.concatenate(curves)[:, 0].max() == pytest.approx(4 / 3, abs=1e-3)
