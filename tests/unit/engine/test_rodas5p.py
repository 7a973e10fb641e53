"""The coefficients of Rodas5P satisfy every condition of their orders; a step is as they say."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations_with_replacement

import numpy as np
import pytest
from numpy.typing import NDArray

from eqpp_dash.engine import dop853, rodas5p

Array = NDArray[np.float64]
#: A rooted tree: the trees that hang from its root.
Tree = tuple["Tree", ...]

# The form without products by the Jacobian, turned back: Hairer and Wanner II, (IV.7.25).
GAMMAS = np.linalg.inv(np.eye(rodas5p.STAGES) / rodas5p.GAMMA - rodas5p.C)
ALPHAS = rodas5p.A @ GAMMAS
BETAS = ALPHAS + GAMMAS
LAST = rodas5p.A[-1]
WEIGHTS = {"method": (LAST + np.eye(8)[-1], 5), "embedded": (LAST, 4)}


def size(tree: Tree) -> int:
    return 1 + sum(size(branch) for branch in tree)


def trees(order: int) -> list[Tree]:
    """Give every rooted tree with so many vertices."""
    found: list[Tree] = [()] if order == 1 else []
    smaller = [tree for less in range(1, order) for tree in trees(less)]
    for count in range(1, order):
        for branches in combinations_with_replacement(smaller, count):
            if sum(size(branch) for branch in branches) == order - 1:
                found.append(branches)
    return found


def density(tree: Tree) -> int:
    return size(tree) * int(np.prod([density(branch) for branch in tree], dtype=int))


def elementary(tree: Tree) -> Array:
    """Give what each stage makes of a tree: (IV.7.10) to (IV.7.15')."""
    if not tree:
        return np.ones(rodas5p.STAGES)
    if len(tree) == 1:
        return BETAS @ elementary(tree[0])
    return np.prod([ALPHAS @ elementary(branch) for branch in tree], axis=0)


def cases() -> Iterator[tuple[str, Tree]]:
    for name, (_, order) in WEIGHTS.items():
        for vertices in range(1, order + 1):
            yield from ((name, tree) for tree in trees(vertices))


def test_numbers_of_trees() -> None:
    assert [len(trees(order)) for order in range(1, 6)] == [1, 1, 2, 4, 9]


@pytest.mark.parametrize(("name", "tree"), list(cases()))
def test_conditions_of_order(name: str, tree: Tree) -> None:
    weights = WEIGHTS[name][0] @ GAMMAS
    assert weights @ elementary(tree) == pytest.approx(1.0 / density(tree), abs=2e-13)


def test_embedded_method_is_of_no_higher_order() -> None:
    weights = LAST @ GAMMAS
    missed = [weights @ elementary(tree) - 1.0 / density(tree) for tree in trees(5)]
    assert np.abs(missed).max() > 1e-4


def test_times_and_drifts_are_sums_of_rows() -> None:
    np.testing.assert_allclose(ALPHAS.sum(axis=1), rodas5p.TIMES, rtol=0, atol=1e-13)
    np.testing.assert_allclose(GAMMAS.sum(axis=1), rodas5p.DRIFTS, rtol=0, atol=2e-13)


@pytest.mark.parametrize("share", [0.25, 0.6, 1.0])
def test_interpolant_is_of_order_4(share: float) -> None:
    inner = np.array([share, share**2, share**3]) * (1.0 - share) @ rodas5p.INTERPOLANT
    weights = (share * WEIGHTS["method"][0] + inner) @ GAMMAS
    for order in range(1, 5):
        for tree in trees(order):
            exact = share**order / density(tree)
            assert weights @ elementary(tree) == pytest.approx(exact, abs=2e-12)


def step_of(rate: Array, h: Array) -> dop853.Trial:
    """Take a step of y' = rate*y from 1, each lane with its own rate."""
    y = np.ones((1, rate.size))
    return rodas5p.take_step(
        lambda t, y: rate * y,
        lambda t, y: (rate.reshape(1, 1, -1), np.zeros_like(y)),
        np.zeros(rate.size),
        y,
        rate * y,
        h,
        lambda size: 1e-6 + 0.0 * size,
    )


def test_stable_on_the_imaginary_axis_and_damping_far_from_it() -> None:
    rates = -np.logspace(-3, 10, 200)
    found = step_of(rates, np.ones(200)).state[0]
    assert (np.abs(found) < np.minimum(1.0, -20.0 / rates)).all()
    weights = WEIGHTS["method"][0] @ GAMMAS
    for y in np.logspace(-2, 6, 400):
        inside = np.linalg.solve(np.eye(8) - 1j * y * BETAS, np.ones(8))
        assert abs(1.0 + 1j * y * weights @ inside) <= 1.0 + 1e-12


def test_singular_matrix_of_one_lane_leaves_the_others_alone() -> None:
    rate = np.array([-1.0, 1.0 / rodas5p.GAMMA])
    trial = step_of(rate, np.ones(2))
    assert trial.state[0, 0] == pytest.approx(np.exp(-1.0), abs=1e-4)
    assert np.isnan(trial.error[1])
