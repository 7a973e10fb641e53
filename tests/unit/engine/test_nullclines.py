from __future__ import annotations

import itertools
import time

import numpy as np
import pytest
from numpy.testing import assert_allclose

from eqpp_dash.engine.curves import trace_zero_set
from eqpp_dash.engine.nullclines import trace_nullclines
from eqpp_dash.engine.polylines import clip_line, covered_pieces, thin
from eqpp_dash.engine.system import parse_system

SQUARE = {"x": (-5.0, 5.0), "y": (-5.0, 5.0)}


def trace(text, window=None, **parameters):
    field = parse_system(text).compile(parameters)
    window = window or SQUARE
    return field, trace_nullclines(field, window)


def branches(text, window=None, variable="x"):
    return [b for n in trace(text, window)[1] if n.variable == variable for b in n.branches]


def farthest_gap(branch):
    return np.hypot(*np.diff(branch, axis=0).T).max()


SYSTEMS = [
    "x' = y; y' = (1 - x^2)*y - x",
    "x' = y; y' = -sin(x)",
    "x' = x*(3 - x - 2*y); y' = y*(2 - x - y)",
    "x' = x - x^3/3 - y + 1/2; y' = (x + 0.7 - 0.8*y)/12.5",
    "x' = x^2 - y^2; y' = x^3 - 3*x*y^2 + 1",
    "x' = y^2 - x^3; y' = x*y - 1",
    "x' = sin(x*y); y' = cos(x + y)",
    "x' = 10 - x - 4*x*y/(1 + x^2); y' = 2*x*(1 - y/(1 + x^2))",
    "x' = tanh(20*x) - y; y' = exp(-x^2) - y",
    "x' = y - tan(x); y' = 1/x - y",
    "x' = sqrt(x) - y; y' = log(y) - x",
]


@pytest.mark.parametrize("text", SYSTEMS)
def test_points_lie_on_the_curve(text):
    """A second method: the distance to the curve is estimated from value and gradient."""
    field, nullclines = trace(text)
    assert {n.variable for n in nullclines} == {"x", "y"}
    factors = {f.text: f for fs in field.factors for f in fs}
    for nullcline in nullclines:
        factor = factors[nullcline.factor]
        points = np.concatenate(nullcline.branches).T
        value, slope = factor(0.0, points), factor.gradient(0.0, points)
        steep = np.hypot(*slope)
        smooth = steep > 1e-3
        assert (np.abs(points) <= 5).all()
        assert (np.abs(value[smooth] / steep[smooth]) <= 1e-8 * 10).all()
        assert (np.abs(value[~smooth]) <= 1e-6).all()


@pytest.mark.parametrize("text", SYSTEMS)
def test_no_change_of_sign_is_missed(text):
    """A second method: along random chords every change of sign is beside a branch."""
    field, nullclines = trace(text)
    rng = np.random.default_rng(3)
    for variable, factors in zip(field.variables, field.factors, strict=True):
        lines = [b for n in nullclines if n.variable == variable for b in n.branches]
        for factor in factors:
            ends = rng.uniform(-5, 5, (2, 2, 60))
            s = np.linspace(0, 1, 400)[:, None]
            chord = ends[0][:, None] * (1 - s) + ends[1][:, None] * s
            value = factor(0.0, chord)
            jump = np.abs(np.diff(value, axis=0))
            crosses = (value[:-1] * value[1:] < 0) & (jump < 0.5)
            crosses &= (np.abs(value[:-1]) < 0.25) & (np.abs(value[1:]) < 0.25)
            for i, k in zip(*np.nonzero(crosses), strict=True):
                assert min(distance(b, chord[:, i, k]) for b in lines) < 0.06


def distance(branch, point):
    if len(branch) < 2:
        return np.hypot(*(branch - point).T).min()
    a, d = branch[:-1], np.diff(branch, axis=0)
    along = np.clip(((point - a) * d).sum(axis=1) / (d * d).sum(axis=1), 0, 1)
    return np.hypot(*(a + d * along[:, None] - point).T).min()


@pytest.mark.parametrize("text", SYSTEMS)
def test_chords_stay_near_the_curve(text):
    field, nullclines = trace(text)
    factors = {f.text: f for fs in field.factors for f in fs}
    for nullcline in nullclines:
        for branch in nullcline.branches:
            middle = 0.5 * (branch[:-1] + branch[1:]).T
            value = factors[nullcline.factor](0.0, middle)
            steep = np.hypot(*factors[nullcline.factor].gradient(0.0, middle))
            good = steep > 0.1
            assert (np.abs(value[good]) / steep[good] < 0.02).all()


def test_number_of_points_is_modest():
    _, nullclines = trace("x' = y; y' = (1 - x^2)*y - x")
    assert sum(len(b) for n in nullclines for b in n.branches) < 200


def test_lines_are_straight_and_end_on_the_border():
    found = branches("x' = (x - 1)*(y + 2)*(x - y); y' = 1")
    corners = {frozenset(map(tuple, b.tolist())) for b in found}
    assert corners == {
        frozenset({(-5.0, -5.0), (5.0, 5.0)}),
        frozenset({(1.0, -5.0), (1.0, 5.0)}),
        frozenset({(-5.0, -2.0), (5.0, -2.0)}),
    }


def test_powers_are_stripped():
    (line,) = branches("x' = (x - y)^2; y' = 1")
    assert_allclose(line[:, 0], line[:, 1], atol=1e-12)


def test_factors_are_separate_curves():
    _, nullclines = trace("x' = x*(3 - x - 2*y); y' = y*(2 - x - y)", {"x": (0, 4), "y": (0, 4)})
    assert [n.variable for n in nullclines].count("x") == 2
    assert [n.variable for n in nullclines].count("y") == 2


@pytest.mark.parametrize(
    ("text", "node", "arms"),
    [
        ("x' = x^2 - y^2; y' = 1", (0, 0), 4),
        ("x' = y^2 - x^2*(x + 1); y' = 1", (0, 0), 4),
        ("x' = cos(x) - cos(y); y' = 1", (0, 0), 4),
        ("x' = x^3 - 3*x*y^2; y' = 1", (0, 0), 6),
        ("x' = (x - 1/3)^2 - 2*(y - 1/7)^2; y' = 1", (1 / 3, 1 / 7), 4),
        ("x' = y^2 - x^3; y' = 1", (0, 0), 2),
    ],
)
def test_no_gap_at_a_crossing(text, node, arms):
    reached = 0
    for branch in branches(text):
        s = np.linspace(0, 1, 2000)[:-1, None]
        dense = np.concatenate([p + (q - p) * s for p, q in itertools.pairwise(branch)])
        away = np.hypot(*(dense - node).T)
        reached += int((np.diff(np.sign(away - 0.05)) != 0).sum())
        if away.min() < 0.05:
            assert distance(branch, node) < 2e-3
    assert reached == arms


def test_pole_is_no_zero():
    for branch in branches("x' = y - tan(x); y' = 1"):
        assert (np.abs(np.cos(branch[:, 0])) > 0.1).all()
    assert branches("x' = 1/x; y' = 1") == []


def test_curve_reaches_the_edge_of_the_domain():
    (branch,) = branches("x' = sqrt(x) - y; y' = 1")
    assert np.abs(branch).min(axis=0).max() < 0.05
    assert branch[:, 0].max() == pytest.approx(5)


def test_touching_zeros_are_found():
    field = parse_system("x' = 1 + sin(x + y); y' = 1").compile({})
    found = trace_zero_set(field.factors[0][0], np.full(2, -5.0), np.full(2, 5.0))
    assert found.touching
    total = np.concatenate(found.branches).sum(axis=1)
    assert_allclose(np.sin(total), -1, atol=1e-10)
    assert {round((v + np.pi / 2) / (2 * np.pi)) for v in total} == {-1, 0, 1}


def test_isolated_zero_is_a_point():
    (point,) = branches("x' = x^2 + y^2; y' = 1")
    assert_allclose(point, [[0, 0]], atol=1e-9)


def test_small_oval_is_found():
    found = branches("x' = (x - 0.123)^2 + (y - 0.456)^2 - 1e-4; y' = 1")
    assert found
    for branch in found:
        assert_allclose(np.hypot(*(branch - (0.123, 0.456)).T), 0.01, rtol=1e-6)
    length = sum(np.hypot(*np.diff(b, axis=0).T).sum() for b in found)
    assert length == pytest.approx(2 * np.pi * 0.01, rel=0.05)


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1e5])
def test_any_scale(scale):
    window = {"x": (-2 * scale, 2 * scale), "y": (-2 * scale, 2 * scale)}
    found = branches(f"x' = x^2 + y^2 - {scale**2:.20g}; y' = 1", window)
    points = np.concatenate(found)
    assert_allclose(np.hypot(*points.T), scale, rtol=1e-8)
    assert farthest_gap(points) < 0.5 * scale


def test_vanishing_component_has_no_nullcline():
    _, nullclines = trace("x' = x - x; y' = y")
    assert [n.variable for n in nullclines] == ["y"]


def test_clip_line_misses_the_square():
    assert clip_line(5.0, np.array([1.0, 1.0]), np.array([0.5, 0.5])) is None


def test_thin_keeps_ends_and_shape():
    s = np.linspace(0, 1, 301)
    line = thin(np.stack([s, 0.3 + 0.2 * s]))
    assert line.shape[1] < 12
    assert_allclose(line[:, [0, -1]], [[0, 1], [0.3, 0.5]])
    arc = thin(np.stack([np.cos(s), np.sin(s)]))
    assert 8 < arc.shape[1] < 150
    middle = 0.5 * (arc[:, 1:] + arc[:, :-1])
    assert (1 - np.hypot(*middle) < 3e-4).all()


class StopError(Exception):
    """What whoever is told raises to stop a computation."""


def test_a_field_of_thousands_of_branches_is_soon_traced_and_can_be_stopped():
    """Before, comparing all pieces of its curves took minutes, in which nobody was asked."""
    field = parse_system("x' = sin(20*x*y) + cos(30*y); y' = cos(x)").compile()
    calls = []
    began = time.process_time()
    found = trace_nullclines(field, SQUARE, lambda: calls.append(time.process_time()))
    assert time.process_time() - began < 10
    assert sum(len(one.branches) for one in found) > 500
    assert len(calls) > 500

    def stop():
        raise StopError

    with pytest.raises(StopError):
        trace_nullclines(field, SQUARE, stop)


def test_what_runs_along_other_lines_is_found_as_by_comparing_all():
    rng = np.random.default_rng(5)
    lines = [
        rng.random((2, 1)) + 0.1 * rng.normal(size=(2, int(m))) for m in rng.integers(1, 9, 60)
    ]
    pieces = [rng.random((2, 1)) + 0.01 * rng.normal(size=(2, 4)) for _ in range(150)]

    def near(piece):
        p = 0.5 * (piece[:, 2] + piece[:, 1])
        for line in lines:
            a, b = (line, line) if line.shape[1] == 1 else (line[:, :-1], line[:, 1:])
            shares = np.linspace(0.0, 1.0, 401)
            on = a[:, :, None] + (b - a)[:, :, None] * shares
            if np.hypot(*(on - p[:, None, None])).min() < 0.01:
                return True
        return False

    expected = [near(piece) for piece in pieces]
    assert 10 < sum(expected) < 130
    assert covered_pieces(lines, pieces, 0.01).tolist() == expected
    assert covered_pieces([], pieces, 0.01).tolist() == [False] * 150
