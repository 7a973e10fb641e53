from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqpp_dash.engine.algebra.factoring import rational_factors
from eqpp_dash.engine.algebra.roots import rational_roots, real_roots, sign_of
from eqpp_dash.engine.algebra.univariate import (
    add,
    divide_exactly,
    evaluate,
    greatest_common_divisor,
    multiply,
    primitive,
    squarefree,
)
from eqpp_dash.engine.expression.polynomial import TooLargeError, Work

small = st.integers(-6, 6)
fractions = st.builds(Fraction, st.integers(-12, 12), st.integers(1, 9))


def product(factors, work=None):
    result = [1]
    for factor in factors:
        result = multiply(result, factor, work or Work())
    return result


def linear(root):
    return [-root.numerator, root.denominator]


@settings(max_examples=60, deadline=None)
@given(st.lists(fractions, min_size=1, max_size=6), st.integers(0, 2))
def test_rational_roots_come_with_their_multiplicities(roots, extra):
    p = product([linear(root) for root in roots] + [[1, 0, 1]] * extra)
    found = {root.rational: root.multiplicity for root in real_roots(p, Work())}
    assert found == {root: roots.count(root) for root in roots}
    assert rational_roots(p, Work()) == sorted(set(roots))


@settings(max_examples=60, deadline=None)
@given(st.lists(small, min_size=2, max_size=9).filter(lambda p: p[-1]))
def test_real_roots_agree_with_eigenvalues_of_the_companion_matrix(p):
    parts = squarefree(p, Work(10**7))
    whole = product([factor for factor, _ in parts])
    expected = np.roots(whole[::-1])
    real = real_roots(p, Work(10**7))
    clear = np.abs(expected.imag) > 1e-5
    assert len(real) <= (~clear).sum()
    near = np.abs(expected.imag) < 1e-9
    assert len(real) >= near.sum()
    for root in real:
        value = float(root)
        assert np.abs(expected - value).min() < 1e-5 * (1 + abs(value))
        assert root.lo <= Fraction(value) + Fraction(1, 2**40) * (1 + abs(Fraction(value)))


def test_close_roots_are_told_apart():
    # Mignotte: x^7 - 2 (100 x - 1)^2 has two roots within 1e-8 of 1/100
    p = add([0] * 7 + [1], multiply([-1, 100], [-1, 100], Work()), -2)
    near = [root for root in real_roots(p, Work()) if root.hi < 1]
    assert len(near) == 2
    assert near[0].hi < Fraction(1, 100) < near[1].lo
    for root in near:
        root.refine(Fraction(1, 10**15))
        assert root.hi - root.lo <= Fraction(1, 10**15)
        assert evaluate(p, root.lo) * evaluate(p, root.hi) < 0


def test_a_root_at_an_end_of_an_interval_is_not_lost():
    # bisection meets 1/2, and 1 and 2 are ends
    p = product([[-1, 2], [-1, 1], [-2, 1], [-3, 0, 1]])
    assert [round(float(r), 6) for r in real_roots(p, Work())] == [-1.732051, 0.5, 1, 1.732051, 2]


def test_large_coefficients_do_not_hide_rational_roots():
    root = Fraction(123456789123, 987654321)
    p = product([linear(root), [7, 0, 0, 5], [10**20, 1]])
    assert rational_roots(p, Work()) == [Fraction(-(10**20)), root]


@settings(max_examples=40, deadline=None)
@given(st.lists(small, min_size=1, max_size=5), st.lists(small, min_size=1, max_size=5))
def test_common_divisors(a, b):
    a, b = primitive(a), primitive(b)
    if not a or not b:
        return
    shared = [3, -1, 2]
    p, q = multiply(a, shared, Work()), multiply(b, shared, Work())
    found = greatest_common_divisor(p, q, Work())
    assert len(found) >= 3
    divide_exactly(p, found, Work())
    divide_exactly(q, found, Work())
    divide_exactly(found, primitive(shared), Work())


def test_division_with_a_remainder_is_refused():
    with pytest.raises(ArithmeticError):
        divide_exactly([1, 0, 1], [1, 1], Work())


@pytest.mark.parametrize(
    ("p", "sign"),
    [([1, 0, 1], 1), ([-1, 0, 0, 0, -2], -1), ([4, -4, 1], 1), ([0, 0, 0, 1], None), ([], 0)],
)
def test_signs_on_the_whole_line(p, sign):
    assert sign_of(p, Work()) == sign


@settings(max_examples=40, deadline=None)
@given(*[st.integers(-5, 5)] * 4, st.integers(1, 4), st.integers(1, 4))
def test_quartics_split_into_quadratics(b, c, e, f, a, d):
    p, q = [c, b, a], [f, e, d]
    found = rational_factors(multiply(p, q, Work()), Work())
    assert sum((len(factor) - 1) * k for factor, k in found) == 4
    assert all(len(factor) <= 3 for factor, _ in found)
    whole = product([factor for factor, k in found for _ in range(k)])
    assert primitive(multiply(p, q, Work())) == primitive(whole)


def test_an_irreducible_quartic_stays_whole():
    assert rational_factors([1, 0, 0, 0, 1], Work()) == [([1, 0, 0, 0, 1], 1)]
    assert len(rational_factors([4, 0, 0, 0, 1], Work())) == 2  # Sophie Germain


def test_the_budget_is_kept():
    with pytest.raises(TooLargeError):
        real_roots([(-1) ** k * (k + 1) ** 9 for k in range(60)], Work(2000))
