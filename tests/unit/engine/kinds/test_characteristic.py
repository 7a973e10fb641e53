"""Characteristic orbits: closed forms, and the field itself along their expansions."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest

from eqpp_dash import parse_system
from eqpp_dash.engine import compute_portrait
from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.expression.polynomial import Work
from eqpp_dash.engine.kinds.blowup import blow_up
from eqpp_dash.engine.kinds.characteristic import characteristic_orbits, straightened_orbits
from eqpp_dash.engine.kinds.decide import decide_kinds
from eqpp_dash.engine.kinds.germ import Germ
from eqpp_dash.engine.kinds.places import Places
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
    assert "All three unstable separatrices of the degenerate equilibrium at (0, 0) run to" in said


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


R2 = np.sqrt(2)


@pytest.mark.parametrize(
    ("power", "at", "kind", "expected"),
    [
        (2, R2, "cusp", {("unstable", 1), ("stable", 1)}),
        (2, -R2, "cusp", {("unstable", 1), ("stable", 1)}),
        (3, R2, "topological saddle", {(n, s) for n in ("stable", "unstable") for s in (1, -1)}),
    ],
)
def test_nilpotent_points_that_are_irrational(power, at, kind, expected):
    """y^2/2 is the integral of (x^2 - 2)^power from the point on: on that level they lie."""
    spec = PortraitSpec(
        f"x' = y; y' = (x^2 - 2)^{power}",
        window={"x": (at - 1, at + 1), "y": (-1, 1)},
        analyses=("equilibria", "separatrices"),
    )
    found = compute_portrait(spec)
    assert [item.kind for item in found.equilibria] == [kind]
    assert {(item.branch, item.direction[0]) for item in found.separatrices} == expected
    assert not any(item.direction[1] for item in found.separatrices)
    assert "separatrices-left-out" not in {item.code for item in found.notices}
    primitive = np.polynomial.Polynomial([-2, 0, 1]) ** power
    integral = primitive.integ()
    for curve in found.trajectories:
        x, y = curve.points.T
        near = (np.abs(x - at) < 0.5) & (np.abs(y) < 1)
        off = y**2 / 2 - (integral(x) - integral(at))
        assert np.abs(off[near]).max() < 1e-6
        assert np.abs(curve.points - [at, 0]).max(axis=1).min() < 0.01


STRAIGHT = [
    "x' = y; y' = (x^2 - 1)^2",
    "x' = y; y' = x^2 - x^3 + x*y - 2*y^2",
    "x' = y + x^2 - 3*x*y; y' = x^3 - 2*x*y + x*y^2",
    "x' = y - x^2; y' = 2*x*y - 2*x^3 + 3*x^4",
    "x' = 2*x + 4*y + x^2; y' = -x - 2*y + y^2 - x*y",
    "x' = y; y' = x^4 + x*y",
    "x' = y; y' = -x^5 + x*y",
    "x' = x*y; y' = x + y^3",
]


@pytest.mark.parametrize("text", STRAIGHT)
def test_both_ways_to_blow_up_agree_at_rational_points(text):
    """The exact blow-up of the field itself, and that of the straightened and scaled one."""
    field, width = parse_system(text).compile(), np.array([4.0, 4.0])
    window = {"x": (-2, 2), "y": (-2, 2)}
    found = decide_kinds(field, find_equilibria(field, window).equilibria, lambda: None, width)
    compared = 0
    for item in found:
        if item.sectors is None or np.trace(item.jacobian) or not item.jacobian.any():
            continue
        anchor = Places(field).zero_in(item.point - 1e-9, item.point + 1e-9)
        exact = characteristic_orbits(field, item, width)
        other = straightened_orbits(anchor.germ, item, width)
        assert len(exact) == len(other) > 0
        for one in exact:
            same = [
                gap(one.expansion, item.expansion)
                for item in other
                if (item.away, item.separating) == (one.away, one.separating)
                and item.expansion.direction @ one.expansion.direction > 1 - 1e-9
            ]
            assert min(same) < 1e-7
            compared += 1
    assert compared


def gap(one, other):
    """Give how far apart two curves out of the origin are, in shares of the way, near it."""
    along = other.direction
    axes = np.stack([along, [-along[1], along[0]]])
    places, curve = (axes @ item.at(np.geomspace(1e-6, 0.5, 40_000))[0] for item in (one, other))
    rising, known = (
        np.logical_and.accumulate(np.diff(item[0], prepend=0.0) > 0) for item in (curve, places)
    )
    near = known & (places[0] > 1e-4) & (places[0] < 2e-3)
    assert near.sum() > 20
    assert curve[0][rising][-1] > 2e-3
    off = np.interp(places[0], curve[0][rising], curve[1][rising]) - places[1]
    return float((np.abs(off) / places[0])[near].max())


def test_a_point_whose_leading_terms_have_an_irrational_ratio_says_so():
    """With y' = a x^3 + b x y neither scaling changes b^2/a: here 81 (2 sqrt(2))^2/(16 sqrt(2))."""
    spec = PortraitSpec(
        "x' = y; y' = 9*(x^2 - 2)*y - (x^2 - 2)^3",
        window={"x": (-2, 0), "y": (-1, 1)},
        analyses=("equilibria", "separatrices"),
    )
    found = compute_portrait(spec)
    assert [item.kind for item in found.equilibria] == ["topological saddle"]
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
