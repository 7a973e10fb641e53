from __future__ import annotations

from fractions import Fraction
from math import isclose

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from eqpp_dash.engine.algebra.linear import combination, relations
from eqpp_dash.engine.algebra.solve import (
    CommonFactorError,
    rational_solutions,
    sheared,
    solve_pair,
)
from eqpp_dash.engine.algebra.subresultants import nested, resultant
from eqpp_dash.engine.expression.polynomial import TooLargeError, Work, multiply

ONE = Fraction(1)


def poly(text_terms):
    return {key: Fraction(c) for key, c in text_terms.items() if c}


def random_polynomials(degree):
    keys = [(i, j) for i in range(degree + 1) for j in range(degree + 1 - i)]
    values = st.lists(st.integers(-4, 4), min_size=len(keys), max_size=len(keys))
    return values.map(lambda cs: poly(dict(zip(keys, cs, strict=True))))


def value(p, x, y):
    return sum(float(c) * x**i * y**j for (i, j), c in p.items())


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3).flatmap(random_polynomials), st.integers(1, 3).flatmap(random_polynomials))
def test_the_resultant_is_the_determinant_of_sylvester(f, g):
    assume(any(j for _, j in f) and any(j for _, j in g))
    found = resultant(f, g, Work(10**7))
    for at in (2, -3):
        a, b = ([sum(c * at**i for i, c in enumerate(row)) for row in nested(p)] for p in (f, g))
        m, n = len(a) - 1, len(b) - 1
        matrix = np.zeros((m + n, m + n))
        for i in range(n):
            matrix[i, i : i + m + 1] = a[::-1]
        for i in range(m):
            matrix[n + i, i : i + n + 1] = b[::-1]
        expected = abs(round(np.linalg.det(matrix)))
        assert isclose(abs(sum(c * at**i for i, c in enumerate(found))), expected, rel_tol=1e-6)


@settings(max_examples=40, deadline=None)
@given(random_polynomials(3), random_polynomials(2))
def test_solutions_are_solutions_and_bezout_holds(f, g):
    try:
        found = solve_pair(f, g, Work(10**7))
    except CommonFactorError:
        return
    degree = max(map(sum, f)) * max(map(sum, g))
    assert sum(p.multiplicity for p in found.points) <= found.total <= degree
    for point in found.points:
        x, y = point.point
        size = 1 + max(abs(x), abs(y)) ** 3
        assert abs(value(f, x, y)) < 1e-7 * size * 20
        assert abs(value(g, x, y)) < 1e-7 * size * 20
        (a, b), (c, _) = point.box(Fraction(1, 10**9))
        assert b - a <= Fraction(1, 10**9) * max(1, abs(a), abs(c))
        assert a - Fraction(1, 10**6) <= Fraction(x) <= b + Fraction(1, 10**6)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(*[st.integers(-3, 3)] * 2), min_size=1, max_size=3, unique=True),
    st.lists(st.tuples(*[st.integers(-3, 3)] * 2), min_size=1, max_size=2, unique=True),
)
def test_all_crossings_of_two_sets_of_lines(first, second):
    # y = a x + b: the crossings are known
    assume(not set(first) & set(second))

    def lines(pairs):
        whole = {(0, 0): ONE}
        for a, b in pairs:
            whole = multiply(whole, poly({(0, 1): 1, (1, 0): -a, (0, 0): -b}))
        return whole

    expected: dict[tuple[Fraction, Fraction], int] = {}
    for a, b in first:
        for c, d in second:
            if a != c:
                x = Fraction(d - b, a - c)
                point = (x, a * x + b)
                expected[point] = expected.get(point, 0) + 1
    found = solve_pair(lines(first), lines(second), Work(10**7))
    assert {p.rational: p.multiplicity for p in found.points} == expected


@pytest.mark.parametrize(
    ("f", "g", "multiplicity"),
    [
        ({(2, 0): 1, (0, 1): -1}, {(0, 1): 1}, 2),
        ({(3, 0): 1, (0, 2): -1}, {(0, 1): 1}, 3),
        ({(2, 0): 1, (0, 2): -1}, {(1, 1): 2}, 4),
        ({(3, 0): 1, (0, 2): -1}, {(2, 0): 1, (0, 3): 1}, 4),
        ({(0, 1): 1, (2, 0): -1}, {(0, 1): 1, (2, 0): -1, (5, 0): -1}, 5),
    ],
)
def test_intersection_multiplicities(f, g, multiplicity):
    found = solve_pair(poly(f), poly(g), Work())
    at_origin = [p for p in found.points if p.rational == (0, 0)]
    assert [p.multiplicity for p in at_origin] == [multiplicity]


def test_irrational_points_and_points_above_each_other():
    circle, hyperbola = poly({(2, 0): 1, (0, 2): 1, (0, 0): -4}), poly({(1, 1): 1, (0, 0): -1})
    found = solve_pair(circle, hyperbola, Work())
    expected = sorted(
        (s * np.sqrt(2 + t * np.sqrt(3)), s / np.sqrt(2 + t * np.sqrt(3)))
        for s in (1, -1)
        for t in (1, -1)
    )
    np.testing.assert_allclose(sorted(p.point for p in found.points), expected, rtol=1e-14)
    assert all(p.rational is None for p in found.points)


def test_common_factors_are_refused():
    line = poly({(1, 0): 1, (0, 1): 1})
    f, g = multiply(line, poly({(1, 0): 1})), multiply(line, poly({(0, 1): 2, (0, 0): 1}))
    with pytest.raises(CommonFactorError):
        solve_pair(f, g, Work())
    with pytest.raises(CommonFactorError):
        solve_pair({}, g, Work())


def test_the_budget_is_kept():
    f = {(i, j): Fraction(i * 7 + j * 3 + 1) for i in range(7) for j in range(7 - i)}
    g = {(i, j): Fraction(i * 5 - j * 11 + 2) for i in range(7) for j in range(7 - i)}
    with pytest.raises(TooLargeError):
        solve_pair(f, g, Work(3000))


def test_rational_solutions_of_many_equations():
    equations = [
        poly({(2, 0): 1, (0, 2): 1, (0, 0): -25}),
        poly({(1, 1): 1, (0, 0): -12}),
        poly({(1, 0): 1, (0, 1): 2, (0, 0): -11}),
    ]
    assert rational_solutions(equations, Work()) == [(3, 4)]
    assert rational_solutions(equations[:2], Work()) == [(-4, -3), (-3, -4), (3, 4), (4, 3)]
    assert rational_solutions(equations[:1], Work()) is None


def test_a_shear_moves_points_along():
    p = poly({(2, 0): 1, (1, 1): 3, (0, 0): -2})
    moved = sheared(p, 2)
    assert value(moved, 5 + 2 * 7, 7) == value(p, 5, 7)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(-3, 3), min_size=4, max_size=4), min_size=1, max_size=6))
def test_relations_span_the_null_space(rows):
    vectors = [dict(enumerate(row)) for row in rows]
    found = relations(vectors, Work())
    assert len(found) == len(rows) - np.linalg.matrix_rank(np.array(rows, float))
    for c in found:
        total = np.array(c, dtype=object) @ np.array(rows, dtype=object)
        assert not any(total)


def test_combinations():
    vectors = [{"a": 1, "b": 2}, {"b": 1}]
    assert combination({"a": 3, "b": 1}, vectors, Work()) == [3, -5]
    assert combination({"c": 1}, vectors, Work()) is None
