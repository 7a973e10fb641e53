from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose

from eqpp_dash.engine.critical import find_critical_boxes
from eqpp_dash.engine.degenerate import cluster_boxes, descend, simple_point, simplest_fraction
from eqpp_dash.engine.exact import ExactField
from eqpp_dash.engine.problem import FactorSystem
from eqpp_dash.engine.system import parse_system

from .polynomials import Polynomial


def test_simplest_fraction_agrees_with_trying_all_denominators():
    rng = np.random.default_rng(1)
    for _ in range(300):
        low, width = rng.uniform(-3, 3), 10 ** rng.uniform(-4, 0)
        found = simplest_fraction(low, low + width)
        assert low <= found <= low + width
        for q in range(1, found.denominator):
            assert np.floor((low + width) * q) < np.ceil(low * q)


@pytest.mark.parametrize("value", [0.0, 1.0, -7.0, 0.375])
def test_simplest_fraction_of_a_point(value):
    assert simplest_fraction(value, value) == Fraction(value)


def test_simple_point_refuses_large_denominators():
    lo = np.array([np.pi - 1e-13, 0.0])
    assert simple_point(lo, lo + 2e-13) is None
    assert simple_point(
        np.array([1 / 3 - 1e-12, -1e-9]), np.array([1 / 3 + 1e-12, 1e-9])
    ).tolist() == [
        1 / 3,
        0.0,
    ]


def test_clusters_join_what_touches():
    lo = np.array([[0.0, 1.0, 5.0, 5.0], [0.0, 0.0, 0.0, 1.0]])
    clusters = cluster_boxes(lo, lo + 1.0, np.full(2, 100.0))
    assert [c.centers.shape[1] for c in clusters] == [2, 2]
    assert clusters[0].lo.tolist() == [0, 0]
    assert clusters[1].hi.tolist() == [6, 2]
    assert cluster_boxes(lo[:, :0], lo[:, :0], np.ones(2)) == []


def test_descend_reaches_a_double_zero_and_a_curve_of_zeros():
    square, line = Polynomial({(2, 0): 1}), Polynomial({(0, 1): 1})
    ends = descend(FactorSystem((square, line)), np.array([[0.3], [0.2]]))
    assert_allclose(ends, 0, atol=1e-6)
    circle = Polynomial({(2, 0): 1, (0, 2): 1, (0, 0): -1})
    ends = descend(FactorSystem((circle, circle)), np.array([[0.3, -2.0], [0.2, 1.0]]))
    assert_allclose(np.hypot(*ends), 1, atol=1e-12)


def test_critical_boxes_hold_the_crossing_and_nothing_else():
    cross = Polynomial({(2, 0): 1, (0, 2): -1})
    found = find_critical_boxes(cross, np.full(2, -3.0), np.full(2, 4.0), depth=1e-7)
    assert not found.crowded
    assert ((found.lo <= 0) & (found.hi >= 0)).all(axis=0).any()
    assert max(np.abs(found.lo).max(), np.abs(found.hi).max()) < 1e-5
    smooth = Polynomial({(1, 0): 1, (0, 2): -1})
    assert find_critical_boxes(smooth, np.full(2, -3.0), np.full(2, 4.0), depth=1e-7).lo.size == 0
    double = Polynomial({(2, 0): 1})
    assert find_critical_boxes(double, np.full(2, -3.0), np.full(2, 4.0), depth=1e-7).crowded


def test_exact_field():
    field = ExactField.of(parse_system("x' = x^2 - y/3; y' = (x - 1/3)*y").compile({}))
    assert field is not None
    third = np.array([1 / 3, 1 / 3])
    zero = field.zero_in(third - 1e-9, third + 1e-9)
    assert zero == (Fraction(1, 3), Fraction(1, 3))
    assert field.jacobian(zero) == (
        (Fraction(2, 3), Fraction(-1, 3)),
        (Fraction(1, 3), Fraction(0)),
    )
    assert field.zero_in(third + 1e-3, third + 2e-3) is None
    assert not field.linear
    assert ExactField.of(parse_system("x' = sin(x); y' = y").compile({})) is None
