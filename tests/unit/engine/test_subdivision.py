from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from eqpp_dash.engine.krawczyk import krawczyk_radius, newton, prove_zeros
from eqpp_dash.engine.problem import FactorSystem
from eqpp_dash.engine.subdivision import SearchBudget, find_zeros

from .polynomials import Polynomial

X, Y = Polynomial({(1, 0): 1}), Polynomial({(0, 1): 1})
CIRCLE = Polynomial({(2, 0): 1, (0, 2): 1, (0, 0): -1})
DIAGONAL = Polynomial({(1, 0): 1, (0, 1): -1})


def search(*factors, window=((-3, 3), (-3, 3)), budget=None):
    limits = np.array(window, float)
    return find_zeros(FactorSystem(factors), limits[:, 0], limits[:, 1], budget or SearchBudget())


def sorted_points(result):
    return sorted(result.points.T.tolist())


def test_linear_needs_one_box():
    result = search(X, Polynomial({(1, 0): 2, (0, 1): 3, (0, 0): -1}))
    assert result.boxes == 1
    assert_allclose(sorted_points(result), [[0, 1 / 3]], atol=1e-15)
    assert result.lo.shape[1] == 0


def test_two_crossings_with_error_bounds():
    result = search(CIRCLE, DIAGONAL)
    s = np.sqrt(0.5)
    assert_allclose(sorted_points(result), [[-s, -s], [s, s]], atol=1e-15)
    assert (result.error < 1e-14).all()
    assert (np.abs(np.abs(result.points) - s) <= result.error + 2e-16).all()
    assert result.lo.shape[1] == 0
    assert result.exhausted == ""


def test_no_zero_is_proved():
    result = search(CIRCLE, Polynomial({(1, 0): 1, (0, 1): 1, (0, 0): -1.5}))
    assert result.points.shape[1] == result.lo.shape[1] == 0


def test_nearly_double_zeros_are_told_apart():
    near = Polynomial({(2, 0): 1, (1, 0): -1, (0, 0): 0.25 - 1e-12})
    result = search(near, Y, window=((-1, 2), (-1, 1)))
    assert_allclose(sorted_points(result), [[0.499999, 0], [0.500001, 0]], atol=1e-9)
    assert result.lo.shape[1] == 0


def test_double_zero_stays_undecided_in_a_tiny_box():
    result = search(Polynomial({(2, 0): 1}), Y)
    assert result.points.shape[1] == 0
    assert 1 <= result.lo.shape[1] <= 8
    assert np.abs(result.lo).max() < 1e-9
    assert result.exhausted == ""


def test_tangency_stays_undecided_without_a_crowd():
    parabola = Polynomial({(2, 0): 1, (0, 1): -1})
    result = search(parabola, Polynomial({(0, 1): 1, (2, 0): 1}))
    assert result.points.shape[1] == 0
    assert result.lo.shape[1] > 0
    assert np.abs(result.lo).max() < 1e-6
    assert result.boxes < 20_000


def test_curve_of_zeros_ends_with_a_crowd():
    result = search(CIRCLE, Polynomial({(2, 0): 2, (0, 2): 2, (0, 0): -2}))
    assert result.exhausted == "crowd"
    assert result.boxes < 20_000


@pytest.mark.parametrize("scale", [1e-12, 1e-3, 1e4, 1e10])
def test_window_of_any_size(scale):
    c = scale**2
    circle = Polynomial({(2, 0): 1, (0, 2): 1, (0, 0): -c})
    result = search(circle, DIAGONAL, window=((-3 * scale, 3 * scale), (-2 * scale, 4 * scale)))
    s = np.sqrt(0.5) * scale
    assert_allclose(sorted_points(result), [[-s, -s], [s, s]], rtol=1e-14)
    assert result.lo.shape[1] == 0


def test_zero_on_every_cut_is_found_once():
    grid = Polynomial({(3, 0): 1, (1, 0): -1})
    result = search(grid, Polynomial({(0, 3): 1, (0, 1): -1}), window=((-1, 1), (-1, 1)))
    assert result.points.shape[1] == 9
    assert result.lo.shape[1] == 0


def test_proof_refuses_what_is_no_zero():
    problem = FactorSystem((CIRCLE, DIAGONAL))
    proved, error = prove_zeros(problem, np.array([[0.5], [0.5]]), np.full((2, 1), 1e-10))
    assert not proved.any()
    assert np.isinf(error).all()


def test_krawczyk_image_holds_the_zero():
    problem = FactorSystem((CIRCLE, DIAGONAL))
    for offset in (1e-3, 1e-6, 1e-9):
        point = np.full((2, 1), np.sqrt(0.5) + offset)
        image = krawczyk_radius(problem, point, np.full((2, 1), 4 * offset))
        assert (image >= offset * (1 - 1e-6)).all()
        assert (image < 4 * offset).all()


def test_newton_converges_and_reports_leaving():
    problem = FactorSystem((CIRCLE, DIAGONAL))
    points, last = newton(problem, np.array([[2.0, -0.1], [1.0, -0.2]]))
    assert_allclose(np.abs(points), np.sqrt(0.5), rtol=1e-15)
    assert (last < 1e-15).all()


def test_random_systems_lose_no_zero():
    """A second method: Newton from many random starts finds nothing that was missed."""
    rng = np.random.default_rng(11)
    for _ in range(12):
        terms = [(i, j) for i in range(4) for j in range(4 - i)]
        problem = FactorSystem(
            tuple(Polynomial({p: rng.integers(-5, 6) for p in terms}) for _ in range(2))
        )
        result = search(*problem.factors)
        starts = rng.uniform(-3, 3, (2, 400))
        ends, last = newton(problem, starts)
        good = (np.abs(ends) <= 3).all(axis=0) & (last < 1e-12).all(axis=0)
        for end in ends[:, good].T:
            near = np.abs(result.points.T - end).max(axis=1).min() if result.points.size else 9
            in_box = ((end >= result.lo.T - 1e-6) & (end <= result.hi.T + 1e-6)).all(axis=1).any()
            assert near < 1e-8 or in_box
