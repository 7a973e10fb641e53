"""Chains of boxes prove what is joined, and nothing else."""

import numpy as np
import pytest

from eqpp_dash.engine.connections.blocks import block_about
from eqpp_dash.engine.connections.tubes import level_curve_joins
from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.structure.find import find_structure
from eqpp_dash.engine.system import parse_system

WIDTH = np.array([4.0, 3.0])


def double_well(count=40):
    """Give the double well, its energy, and points on the right loop of the level zero."""
    field = parse_system("x' = y; y' = x - x^3").compile()
    fact = find_structure(field).integral
    t = np.linspace(-3.0, 3.0, count)
    loop = np.stack([np.sqrt(2) / np.cosh(t), -np.sqrt(2) * np.tanh(t) / np.cosh(t)], axis=1)
    return field, fact, loop


def within(limit):
    return lambda points: np.abs(points[:, 0]) < limit


EVERYWHERE = (within(9.0), within(9.0))


@pytest.mark.parametrize("count", [8, 40, 200])
def test_a_loop_is_followed(count):
    field, fact, loop = double_well(count)
    ends = (within(0.4), within(0.4))
    assert level_curve_joins(field, fact.function, (0.0, 0.0), loop, WIDTH, ends)
    level = (-1e-12, 1e-12)
    assert level_curve_joins(field, fact.function, level, loop, WIDTH, ends)


def test_the_ends_must_be_where_the_curve_is_known():
    field, fact, loop = double_well()
    ends = (within(0.4), within(1e-3))
    assert not level_curve_joins(field, fact.function, (0.0, 0.0), loop, WIDTH, ends)


def test_two_loops_are_not_joined_across_the_saddle():
    field, fact, loop = double_well()
    across = np.concatenate([loop[-8:], -loop[:8]])
    assert not level_curve_joins(field, fact.function, (0.0, 0.0), across, WIDTH, EVERYWHERE)


def test_a_curve_of_equilibria_or_through_one_is_no_orbit():
    """y = 0 is invariant, but there are equilibria on it."""
    field = parse_system("x' = x^2 - 1/9; y' = -y").compile()
    (fact,) = [item for item in find_structure(field).curves if item.expression == "y"]
    line = np.stack([np.linspace(-1.0, 1.0, 30), np.zeros(30)], axis=1)
    assert not level_curve_joins(field, fact.function, (0.0, 0.0), line, WIDTH, EVERYWHERE)
    between = line[(np.abs(line[:, 0]) < 0.3)]
    assert level_curve_joins(field, fact.function, (0.0, 0.0), between, WIDTH, EVERYWHERE)


def test_a_level_known_too_roughly_proves_nothing():
    field, fact, loop = double_well()
    assert not level_curve_joins(field, fact.function, (-0.3, 0.3), loop, WIDTH, EVERYWHERE)


@pytest.mark.parametrize(("rate", "side"), [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)])
def test_the_cone_of_a_block_holds_the_branch_alone(rate, side):
    """Of the level zero, y^2 = x^2 - x^4/2, every point in a cone is on the branch."""
    field, fact, _ = double_well()
    found = find_equilibria(field, {"x": (-2, 2), "y": (-1.5, 1.5)}).equilibria
    saddle = next(item for item in found if item.kind == "saddle")
    block = block_about(field, fact.node, saddle, WIDTH, rate=rate, side=side, critical=True)
    assert block is not None
    x = np.linspace(-1.4, 1.4, 4001)
    y = np.sqrt(x**2 - x**4 / 2)
    curve = np.concatenate([np.stack([x, y], 1), np.stack([x, -y], 1)])
    inside = curve[block.in_cone(curve)]
    assert len(inside) > 20
    on_branch = (np.sign(inside[:, 0] * inside[:, 1]) == rate) & (
        np.sign(inside[:, 0]) == np.sign(block.basis[0, 0])
    )
    assert on_branch.all()


def test_no_block_for_a_function_without_a_saddle_there():
    """Where the Hessian is definite no branch leaves along the level."""
    field, _, _ = double_well()
    found = find_equilibria(field, {"x": (-2, 2), "y": (-1.5, 1.5)}).equilibria
    saddle = next(item for item in found if item.kind == "saddle")
    round_ = find_structure(parse_system("x' = y; y' = -x").compile()).integral
    for rate in (1.0, -1.0):
        block = block_about(field, round_.node, saddle, WIDTH, rate=rate, side=1.0, critical=True)
        assert block is None
