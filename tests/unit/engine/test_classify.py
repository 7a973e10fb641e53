from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose

from eqpp_dash.engine.classify import classify_equilibrium, undecided_linearization

PLANAR = [
    ([[-1, 0], [0, -2]], "stable node", "stable", 1),
    ([[1, 0], [0, 2]], "unstable node", "unstable", 1),
    ([[-1, 0], [0, -1]], "stable star", "stable", 1),
    ([[2, 0], [0, 2]], "unstable star", "unstable", 1),
    ([[-1, 1], [0, -1]], "stable degenerate node", "stable", 1),
    ([[0, 1], [-1, -2]], "stable degenerate node", "stable", 1),
    ([[3, -4], [1, -1]], "unstable degenerate node", "unstable", 1),
    ([[2, 1], [2, -1]], "saddle", "unstable", -1),
    ([[0, 1], [-1, 1]], "unstable focus", "unstable", 1),
    ([[0, 1], [-1, -1]], "stable focus", "stable", 1),
]


@pytest.mark.parametrize(("matrix", "kind", "stability", "index"), PLANAR)
def test_planar_kinds(matrix, kind, stability, index):
    found = classify_equilibrium(np.array(matrix, float))
    assert (found.kind, found.stability, found.index) == (kind, stability, index)
    assert found.hyperbolic
    assert found.reason == ""


@pytest.mark.parametrize(("matrix", "kind", "stability", "index"), PLANAR)
def test_eigenpairs_solve_the_eigenvalue_equation(matrix, kind, stability, index):
    jacobian = np.array(matrix, float)
    found = classify_equilibrium(jacobian)
    assert_allclose(jacobian @ found.eigenvectors, found.eigenvectors * found.eigenvalues,
                    atol=1e-14)  # fmt: skip
    assert_allclose(np.linalg.norm(found.eigenvectors, axis=0), 1)
    assert_allclose(found.eigenvalues.sum(), np.trace(jacobian), atol=1e-14)


def test_random_matrices_agree_with_numpy():
    rng = np.random.default_rng(5)
    for _ in range(200):
        jacobian = rng.normal(size=(2, 2)) * 10.0 ** rng.integers(-6, 6)
        found = classify_equilibrium(jacobian)
        values = np.linalg.eigvals(jacobian)
        values = values[np.lexsort((values.imag, values.real))]
        assert_allclose(found.eigenvalues, values, rtol=1e-10)
        if values.real.prod() < 0 and not values.imag.any():
            assert found.kind == "saddle"
        else:
            assert found.stability == ("stable" if values.real.max() < 0 else "unstable")
            assert found.kind.endswith("focus" if values.imag.any() else "node")


def test_small_eigenvalue_does_not_suffer_from_cancellation():
    found = classify_equilibrium(np.array([[-1e8, 1.0], [0.0, -1e-8]]))
    assert_allclose(found.eigenvalues, [-1e8, -1e-8], rtol=1e-15)


@pytest.mark.parametrize("matrix", [[[0, 1], [-1, 0]], [[-1, -1], [4, 1]], [[1, -2], [1, -1]]])
def test_imaginary_pair_is_undecided_unless_linear(matrix):
    jacobian = np.array(matrix, float)
    found = classify_equilibrium(jacobian)
    assert (found.kind, found.stability, found.hyperbolic) == ("undecided", "undecided", False)
    assert found.index == 1
    assert "i are purely imaginary" in found.reason
    assert "weak focus" in found.reason
    linear = classify_equilibrium(jacobian, linear=True)
    assert (linear.kind, linear.stability, linear.hyperbolic) == ("center", "neutral", False)
    assert (linear.eigenvalues.real == 0).all()


@pytest.mark.parametrize(
    ("matrix", "reason"),
    [
        ([[0, 0], [0, 0]], "vanishes"),
        ([[0, 1], [0, 0]], "nilpotent"),
        ([[2, -4], [1, -2]], "nilpotent"),
        ([[0, 0], [0, -1]], "eigenvalue zero; the other is -1"),
        ([[1, 2], [2, 4]], "eigenvalue zero; the other is 5"),
    ],
)
def test_zero_eigenvalue_is_undecided_with_the_reason(matrix, reason):
    found = classify_equilibrium(np.array(matrix, float))
    assert (found.kind, found.stability, found.index) == ("undecided", "undecided", None)
    assert not found.hyperbolic
    assert reason in found.reason


def test_bounds_that_hold_zero_decide_nothing():
    jacobian = np.array([[1e-9, 0.0], [0.0, -1.0]])
    wide = classify_equilibrium(jacobian, jacobian - 1e-8, jacobian + 1e-8)
    assert wide.kind == "undecided"
    assert wide.index is None
    assert "within its error" in wide.reason
    assert classify_equilibrium(jacobian, jacobian - 1e-12, jacobian + 1e-12).kind == "saddle"


def test_wide_discriminant_leaves_node_or_focus_open_but_not_the_stability():
    jacobian = np.array([[-1.0, 1.0], [0.0, -1.0]])
    found = classify_equilibrium(jacobian, jacobian - 1e-3, jacobian + 1e-3)
    assert (found.kind, found.stability, found.index) == ("undecided", "stable", 1)
    assert "node and focus" in found.reason


def test_narrow_discriminant_counts_as_zero_and_says_so():
    jacobian = np.array([[-1.0, 1.0], [0.0, -1.0]])
    found = classify_equilibrium(jacobian, jacobian - 1e-14, jacobian + 1e-14)
    assert found.kind == "stable degenerate node"
    assert "not proved" in found.reason
    assert found.eigenvalues[0] == found.eigenvalues[1] == -1


def test_exact_entries_decide_what_doubles_cannot():
    third = Fraction(1, 3)
    jacobian = np.array([[1 / 3, 1.0], [0.0, 1 / 3]])
    exact = [[third, Fraction(1)], [Fraction(0), third]]
    found = classify_equilibrium(jacobian, jacobian - 1e-15, jacobian + 1e-15, exact=exact)
    assert (found.kind, found.reason) == ("unstable degenerate node", "")
    exact[0][0] += Fraction(1, 10**40)
    found = classify_equilibrium(jacobian, jacobian - 1e-15, jacobian + 1e-15, exact=exact)
    assert found.kind == "unstable node"


def test_star_needs_a_multiple_of_the_identity():
    jacobian = np.array([[-1.0, 1e-3], [0.0, -1.0]])
    assert classify_equilibrium(jacobian).kind == "stable degenerate node"


def test_line():
    assert classify_equilibrium(np.array([[-2.0]])).kind == "stable"
    assert classify_equilibrium(np.array([[2.0]])).index == 1
    found = classify_equilibrium(np.array([[0.0]]))
    assert (found.kind, found.reason) == ("undecided", "the derivative is zero")


@pytest.mark.parametrize(
    ("matrix", "kind", "index"),
    [
        (np.diag([-1.0, -2, -3]), "sink", -1),
        (np.diag([1.0, 2, 3]), "source", 1),
        (np.diag([1.0, -2, -3]), "saddle", 1),
        (np.array([[0.1, 1, 0], [-1, 0.1, 0], [0, 0, -1.0]]), "saddle-focus", -1),
        (np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, -1.0]]), "undecided", None),
    ],
)
def test_three_dimensions(matrix, kind, index):
    found = classify_equilibrium(matrix)
    assert (found.kind, found.index) == (kind, index)
    assert found.reason.startswith("real part zero") == (kind == "undecided")


def test_unbounded_derivatives():
    jacobian = np.array([[np.inf, 0.0], [0.0, -1.0]])
    found = classify_equilibrium(jacobian)
    assert found.kind == "undecided"
    assert "not bounded" in found.reason
    assert np.isnan(undecided_linearization(jacobian, "why").eigenvalues).all()
