from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from eqpp_dash.engine.structure.facts import Kind

from .checking import check_all, kinds

small = st.integers(-3, 3)


def of(equations, kind, parameters=None):
    return [fact.expression for fact in check_all(equations, parameters).of(kind)]


@pytest.mark.parametrize(
    ("equations", "expected"),
    [
        ("x' = y; y' = -sin(x)", ["(x, y) -> (x, -y)", "(x, y) -> (-x, y)"]),
        ("x' = y; y' = -sign(x)", ["(x, y) -> (x, -y)", "(x, y) -> (-x, y)"]),
        ("x' = y; y' = -x + x^2", ["(x, y) -> (x, -y)"]),
        ("x' = y; y' = -x^2 + 2*x", ["(x, y) -> (x, -y)"]),
        ("x' = y*(x - 2)^2; y' = (x - 2)*(1 + y)", ["(x, y) -> (-x + 4, y)"]),
        ("x' = -y + x*y; y' = x - x^2 + x*y*0", ["(x, y) -> (x, -y)"]),
        ("x' = x + y^3; y' = -y - x^3", ["(x, y) -> (y, x)", "(x, y) -> (-y, -x)"]),
    ],
)
def test_reversors(equations, expected):
    assert sorted(of(equations, Kind.REVERSIBLE)) == sorted(expected)


@pytest.mark.parametrize(
    ("equations", "expected"),
    [
        ("x' = y; y' = (1 - x^2)*y - x", ["(x, y) -> (-x, -y)"]),
        ("x' = -x + 3/(1 + y^2); y' = -y + 3/(1 + x^2)", ["(x, y) -> (y, x)"]),
        ("x' = y - x^3 + 3*x; y' = x - y^3 + 3*y", 3),
        ("x' = x^2 - y^2; y' = -2*x*y", 4),
        ("x' = -y + x*(x^2 + y^2); y' = x + y*(x^2 + y^2)", ["every rotation"]),
        ("x' = y; y' = -(x - 1) - (x - 1)^3 - y", ["(x, y) -> (-x + 2, -y)"]),
        ("x' = y - cosh(x)*x; y' = -x", ["(x, y) -> (-x, -y)"]),
        ("x' = y - x^2*abs(x)*0 - abs(x)*x; y' = -x", ["(x, y) -> (-x, -y)"]),
        ("x' = y + x^2; y' = -x + y^3", []),
    ],
)
def test_symmetries(equations, expected):
    found = of(equations, Kind.SYMMETRY)
    assert len(found) == expected if isinstance(expected, int) else found == expected


@pytest.mark.parametrize(
    ("equations", "shift"),
    [
        ("x' = y; y' = -sin(x)", "2*pi"),
        ("x' = y; y' = -sin(x)*cos(x)", "pi"),
        ("x' = y; y' = -sin(3*x) - cos(2*x)", "2*pi"),
        ("x' = y; y' = -sin(x/2)", "4*pi"),
        ("x' = y; y' = -cos(2*pi*x)", "1"),
        ("x' = y; y' = -tan(x)", "pi"),
    ],
)
def test_periods(equations, shift):
    assert of(equations, Kind.PERIODIC) == [f"(x, y) -> (x + {shift}, y)"]


@pytest.mark.parametrize(
    "equations",
    ["x' = y; y' = -sin(x) - x", "x' = y; y' = sin(x) + sin(sqrt(2)*x)", "x' = y; y' = x"],
)
def test_no_period(equations):
    assert not of(equations, Kind.PERIODIC)


def test_a_torus_has_two_periods():
    assert len(of("x' = 1 + sin(y); y' = cos(x) + 2", Kind.PERIODIC)) == 2


angles = st.sampled_from([(1, 0, 1), (3, 4, 5), (5, 12, 13), (-4, 3, 5), (0, 1, 1)])


@settings(max_examples=30, deadline=None)
@given(st.lists(small, min_size=8, max_size=8), angles, st.tuples(small, small), st.booleans())
def test_turned_and_shifted_reversors_are_found(values, angle, center, turned):
    # reversible by (u, v) -> (u, -v): u' odd in v, v' even in v; then rotated and moved
    p = [(0, 1), (1, 1), (2, 1), (0, 3)]
    q = [(1, 0), (0, 2), (2, 0), (1, 2)]
    a, b, c = angle
    u = f"(({a})*x + ({b})*y)/{c}"
    v = f"(({-b})*x + ({a})*y)/{c}"
    if not turned:
        u, v = "x", "y"
        a, b, c = 1, 0, 1
    else:
        center = (0, 0)
    first = " + ".join(f"({k})*({u})^{i}*({v})^{j}" for k, (i, j) in zip(values, p, strict=False))
    second = " + ".join(
        f"({k})*({u})^{i}*({v})^{j}" for k, (i, j) in zip(values[4:], q, strict=True)
    )
    text = [f"({a}*({first}) - {b}*({second}))/{c}", f"({b}*({first}) + {a}*({second}))/{c}"]
    moved = [t.replace("x", "X").replace("y", f"(y - ({center[1]}))") for t in text]
    moved = [t.replace("X", f"(x - ({center[0]}))") for t in moved]
    assume(any(values[:4]) and any(values[4:]))
    # the coefficients single out the middle only if the highest powers are there
    assume(center == (0, 0) or (center[0] == 0 and (values[0] or values[1] or values[2])))
    found = check_all(f"x' = {moved[0]}; y' = {moved[1]}").reversors
    mirror = np.array([-b / c, a / c])
    hit = [
        fact
        for fact in found
        if fact.every_angle or (abs(abs(mirror @ np.array(fact.axis[:2])) - 1) < 1e-9)
    ]
    assert hit


def test_random_fields_have_no_symmetry():
    rng = np.random.default_rng(4)
    for _ in range(10):
        terms = [
            " + ".join(
                f"({rng.integers(1, 9)})*x^{i}*y^{j}" for i in range(3) for j in range(3 - i)
            )
            for _ in range(2)
        ]
        found = kinds(f"x' = {terms[0]}; y' = {terms[1]}")
        assert not {"symmetry", "reversible", "periodic"} & found
