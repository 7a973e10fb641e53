"""Points known exactly: rational, algebraic, multiples of pi; and the line."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose

from eqpp_dash.engine.algebra.roots import real_roots
from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.expression.polynomial import TooLargeError, Work
from eqpp_dash.engine.kinds.algebraic import Extension
from eqpp_dash.engine.kinds.decide import with_kinds
from eqpp_dash.engine.structure.find import planar_structure
from eqpp_dash.engine.system import parse_system

ROOT = 2**0.5


def found(text, half=3.0, parameters=None):
    parameters = parameters or {}
    field = parse_system(text, declared=list(parameters)).compile(parameters)
    window = dict.fromkeys(field.variables, (-half, half))
    search = find_equilibria(field, window)
    return with_kinds(search, field, window, lambda: planar_structure(field, window)).equilibria


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "x' = x^2 + y^2 - 4; y' = x*y - 2",
            [(-ROOT, -ROOT, "saddle-node"), (ROOT, ROOT, "saddle-node")],
        ),
        (
            "x' = (x^2 - 2)^3; y' = -y",
            [(-ROOT, 0, "stable topological node"), (ROOT, 0, "topological saddle")],
        ),
        ("x' = y; y' = (x^2 - 2)^2", [(-ROOT, 0, "cusp"), (ROOT, 0, "cusp")]),
        (
            "x' = y; y' = -(x^3 - x - 1) + y*(x^3 - x - 1)^2",
            [(1.324717957244746, 0, "weak unstable focus")],
        ),
        (
            "x' = y; y' = 2*x - x^3",
            [(-ROOT, 0, "center"), (0, 0, "saddle"), (ROOT, 0, "center")],
        ),
        ("x' = y; y' = cos(x) - 1", [(0, 0, "cusp")]),
        ("x' = y; y' = 1 + cos(x)", [(math.pi * k, 0, "cusp") for k in (-1, 1)]),
        (
            "x' = 1 - sin(x) + y^2; y' = y",
            [(-1.5 * math.pi, 0, "saddle-node"), (0.5 * math.pi, 0, "saddle-node")],
        ),
        (
            "x' = y; y' = -sin(x) - y^3",
            [(-math.pi, 0, "saddle"), (0, 0, "weak stable focus"), (math.pi, 0, "saddle")],
        ),
        (
            "x' = y; y' = sin(x) - y^3",
            [
                (-math.pi, 0, "weak stable focus"),
                (0, 0, "saddle"),
                (math.pi, 0, "weak stable focus"),
            ],
        ),
        ("x' = x - sin(x); y' = -y", [(0, 0, "topological saddle")]),
        ("x' = y - sin(x); y' = y - x", [(0, 0, "nilpotent focus")]),
        ("x' = y; y' = exp(x) - 1 - x", [(0, 0, "cusp")]),
    ],
)
def test_kinds_at_exact_points(text, expected):
    items = found(text, 5.0)
    assert len(items) == len(expected)
    for item in items:
        (match,) = [e for e in expected if math.dist(e[:2], item.point) < 1e-9]
        assert item.kind == match[2], item.reason
        assert item.evidence == "proved"
        assert math.dist(match[:2], item.point) <= item.error + 2e-15


def test_the_linear_part_is_that_of_the_exact_point():
    (item,) = found("x' = y; y' = exp(x) - 1 - x")
    assert item.jacobian.tolist() == [[0, 1], [0, 0]]
    assert item.eigenvalues.tolist() == [0, 0]
    left, right = found("x' = x^2 + y^2 - 4; y' = x*y - 2")
    assert_allclose(right.eigenvalues, [0, 3 * ROOT], rtol=1e-15)
    assert_allclose(left.eigenvalues, [-3 * ROOT, 0], rtol=1e-15)
    for item in (left, right):
        residual = item.jacobian @ item.eigenvectors - item.eigenvectors * item.eigenvalues
        assert np.abs(residual).max() < 1e-14


@pytest.mark.parametrize(
    ("text", "kind", "index"),
    [
        ("x' = x^2", "semi-stable", 0),
        ("x' = -x^3", "stable", -1),
        ("x' = x - sin(x)", "unstable", 1),
        ("x' = 1 - cos(x)", "semi-stable", 0),
        ("x' = x^4*exp(x)", "semi-stable", 0),
    ],
)
def test_the_line(text, kind, index):
    (item,) = found(text)
    assert (item.kind, item.stability, item.index) == (kind, kind, index)
    assert "the first derivative that does not vanish" in item.reason


def test_what_has_no_derivatives_is_left_alone():
    (item,) = found("x' = abs(x)*x; y' = -y + abs(x)")
    assert (item.kind, item.stability) == ("boundary equilibrium", "undecided")


def test_flat_fields_stay_undecided():
    (item,) = found("x' = x^30; y' = -y - x*y^2", 1.0)
    assert item.kind == "undecided"
    assert "vanishes to order 13" in item.reason


def test_algebraic_numbers():
    # (u^2 - 2)(u^2 - 3): the factor with the root shows when a number vanishes
    roots = real_roots([6, 0, -5, 0, 1], Work())
    field = Extension(roots[2], Work())
    r = field.generator
    assert r * r - 2 == 0
    assert len(field.modulus) == 3
    assert (r > Fraction(7, 5), r < Fraction(3, 2), r >= r, r <= 1) == (True, True, True, False)
    assert (1 - r) / (1 + r) == 2 * r - 3
    assert 2 / r == r
    assert r**3 == 2 * r
    assert float(r) == pytest.approx(ROOT, abs=1e-16)
    other = Extension(roots[3], Work())
    assert bool(other.generator**2 - 2)
    assert other.generator**2 == 3
    with pytest.raises(ZeroDivisionError):
        1 / (r * r - 2)
    with pytest.raises(TooLargeError):
        Extension(roots[0], Work(20)).generator ** 20
