"""Frozen fields have the values of the original, in numpy and in machine code."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from eqpp_dash.engine.expression.freeze import Frozen, freeze
from eqpp_dash.engine.expression.graph import Node, topological
from eqpp_dash.engine.expression.tape import Tape
from eqpp_dash.engine.expression.text import to_text
from eqpp_dash.engine.machine.fallback import ArrayField
from eqpp_dash.engine.machine.hybrid.cells import Cells
from eqpp_dash.engine.system import System, parse_system

from ..machine.running import compute_nodes
from .test_random_expressions import COORDINATE, SETTINGS, Recipe, build, recipes

Array = NDArray[np.float64]

PLANE = st.lists(st.tuples(COORDINATE, COORDINATE), min_size=6, max_size=6)
EXACT = recipes(["abs", "sign", "floor", "ceil", "heaviside", "sin"], ["min", "max"])
ROUNDED = recipes(["abs", "sign", "floor", "ceil", "heaviside", "atan"], ["mod", "atan2", "max"])
CLEAR = 1e-6


def settled(frozen: Frozen, x: Array) -> tuple[Cells, Array, NDArray[np.bool_]]:
    """Give the cells, the choices of states, and which of these are clear of all surfaces."""
    cells = Cells(frozen, ["x", "y"][: len(x)], [])
    t = np.zeros(x.shape[1])
    with np.errstate(all="ignore"):
        p = cells.settle(t, x, np.zeros((len(frozen.choices), t.size)))
        gaps = cells.gaps(t, x, p) if frozen.surfaces else np.ones((0, t.size))
        clear = ~(np.abs(gaps) < CLEAR).any(0)
    return cells, p, clear


def off_jumps(node: Node, x: Array) -> NDArray[np.bool_]:
    """Tell which states are not where a step has its value for one state alone: sign(x^2) at 0."""
    steps = [n.args[0] for n in topological([node]) if n.op in ("sign", "heaviside")]
    levels = [n.args[0] for n in topological([node]) if n.op in ("floor", "ceil")]
    if not steps and not levels:
        return np.ones(x.shape[1], dtype=bool)
    with np.errstate(all="ignore"):
        values = np.array(Tape([*steps, *levels], ["x", "y"]).evaluate(0.0, x))
    with np.errstate(invalid="ignore"):
        values[len(steps) :] -= np.rint(values[len(steps) :])
    return np.asarray((values != 0).all(axis=0))


@settings(SETTINGS, max_examples=400)
@given(EXACT, PLANE)
def test_values_are_those_of_the_field_bit_by_bit(
    recipe: Recipe, points: list[tuple[float, float]]
) -> None:
    _, node = build(recipe)
    x = np.array(points).T
    frozen = freeze([node])
    cells, p, clear = settled(frozen, x)
    clear &= off_jumps(node, x)
    expected = Tape([node], ["x", "y"]).evaluate(0.0, x)[0]
    found = cells.field(np.zeros(len(points)), x, p)[0]
    assert np.array_equal(found[clear], expected[clear], equal_nan=True)


@settings(SETTINGS, max_examples=150)
@given(EXACT, PLANE)
def test_machine_code_of_a_frozen_field_agrees(
    recipe: Recipe, points: list[tuple[float, float]]
) -> None:
    _, node = build(recipe)
    x = np.array(points).T
    frozen = freeze([node])
    cells, p, clear = settled(frozen, x)
    clear &= off_jumps(node, x)
    (original,) = compute_nodes([node], {"x": x[0], "y": x[1]})
    field = cells.field
    rows = dict(zip(field._names, [*x, *p], strict=True))
    (found,) = compute_nodes(field._nodes, rows)
    assert np.array_equal(found[clear], original[clear], equal_nan=True)


@settings(SETTINGS, max_examples=150)
@given(ROUNDED, PLANE)
def test_remainders_and_angles_agree_but_for_rounding(
    recipe: Recipe, points: list[tuple[float, float]]
) -> None:
    _, node = build(recipe)
    x = np.array(points).T
    cells, p, clear = settled(freeze([node]), x)
    tape = Tape([node], ["x", "y"])
    (box,) = tape.boxes(x, x)
    with np.errstate(all="ignore"):
        expected = tape.evaluate(0.0, x)[0]
        spread = np.broadcast_to(box.hi - box.lo, expected.shape)
        found = cells.field(np.zeros(len(points)), x, p)[0]
        clear &= np.broadcast_to(box.smooth, expected.shape) & (spread < 1e-9)
        apart = np.abs(found - expected) <= 8.0 * spread + 1e-12 * np.abs(expected)
    assert (apart | (found == expected) | (np.isnan(found) & np.isnan(expected)))[clear].all()


@settings(SETTINGS, max_examples=150)
@given(EXACT, PLANE)
def test_gaps_are_positive_in_a_piece_and_negative_across(
    recipe: Recipe, points: list[tuple[float, float]]
) -> None:
    _, node = build(recipe)
    x = np.array(points).T
    frozen = freeze([node])
    cells, p, clear = settled(frozen, x)
    t = np.zeros(len(points))
    for number, surface in enumerate(frozen.surfaces):
        with np.errstate(all="ignore"):
            gaps = cells.gaps(t, x, p)
            there = cells.across(t, x, p, [number])
            back = cells.across(t, x, there, [surface.mirror])
            turned = cells.gaps(t, x, there)[surface.mirror]
        known = clear & np.isfinite(gaps).all(0)
        assert (gaps[:, known] > 0).all()
        assert np.array_equal(back[:, known], p[:, known])
        wanted = -gaps[number, known]
        np.testing.assert_allclose(turned[known], wanted, rtol=1e-12, atol=1e-12)


def frozen_of(text: str) -> tuple[System, Frozen]:
    system = parse_system(text)
    return system, freeze(system.components)


@pytest.mark.parametrize(
    ("text", "surfaces"),
    [
        ("x' = -x", []),
        ("x' = sign(x)*abs(2*x) + (x > 0) - heaviside(-3*x)", ["x = 0"]),
        ("x' = sign(1 - 2*x) + abs(x - 1/2)", ["x - 0.5 = 0"]),
        ("x' = abs(x*(x - 1))", ["x = 0", "x - 1 = 0"]),
        ("x' = sign(x^2*exp(x))", []),
        ("x' = sign(a)*x + floor(a)", []),
        ("x' = floor(x) + ceil(x) + floor(-x) + mod(x, 1)", ["x is whole"] * 2),
        ("x' = mod(t, 2)", ["t/2 is whole"] * 2),
        ("x' = max(x, 1 - x)", ["x - 0.5 = 0"]),
        ("x' = piecewise(x < 0 or x > 1: 1; not (x > 2): 2)", ["x = 0", "x - 1 = 0", "x - 2 = 0"]),
        ("x' = abs(x - floor(y)); y' = 1", ["y is whole"] * 2 + ["x - floor(y) = 0"]),
        ("x' = sign(x - max(y, 0)); y' = 1", ["y = 0", "x - max(y, 0) = 0"]),
        ("x' = floor(floor(x)/2) + sign(sign(x))", ["x is whole"] * 2 + ["x = 0"]),
    ],
)
def test_every_surface_is_one(text: str, surfaces: list[str]) -> None:
    assert [surface.text for surface in frozen_of(text)[1].surfaces] == surfaces


def test_no_name_of_a_user_is_a_choice() -> None:
    _, frozen = frozen_of("x' = sign(x) + floor(y); y' = b + b0 + s")
    assert all(choice.name.startswith(" ") for choice in frozen.choices)


def test_a_field_is_continued_smoothly_beyond_its_surfaces() -> None:
    system, frozen = frozen_of("x' = abs(x) + mod(y, 2) + atan2(y, x); y' = sign(y) - min(x, y)")
    assert not any(
        node.op in ("abs", "sign", "mod", "ceil", "lt", "min") for node in below(frozen.components)
    )
    cells = Cells(frozen, system.variables, [])
    t, near = np.zeros(1), np.array([[-1.0], [1e-9]])
    p = cells.settle(t, near, np.zeros((len(frozen.choices), 1)))
    beyond = cells.field(t, np.array([[-1.0], [-1e-9]]), p)
    np.testing.assert_allclose(beyond, cells.field(t, near, p), rtol=0, atol=1e-8)
    jumped = ArrayField(system.components, system.variables, [])(
        t, np.array([[-1.0], [-1e-9]]), np.zeros((0, 1))
    )
    assert np.abs(jumped - beyond).min() > 1.0


def test_what_was_undefined_stays_undefined() -> None:
    system, frozen = frozen_of("x' = sign(sqrt(x)) + 1; y' = min(log(y), 3) + floor(1/x)")
    cells = Cells(frozen, system.variables, [])
    x = np.array([[-1.0, 2.3, 2.3], [2.0, -1.0, 1e9]])
    t = np.zeros(3)
    with np.errstate(all="ignore"):
        p = cells.settle(t, x, np.zeros((len(frozen.choices), 3)))
        found = cells.field(t, x, p)
    expected = ArrayField(system.components, system.variables, [])(t, x, np.zeros((0, 3)))
    assert np.array_equal(found, expected, equal_nan=True)
    assert np.isnan(found).any(0).tolist() == [True, True, False]


def test_drivers_come_before_what_depends_on_them() -> None:
    _, frozen = frozen_of("x' = sign(x - floor(y + abs(x))); y' = 1")
    for number, choice in enumerate(frozen.choices):
        assert all(earlier < number for earlier in choice.earlier)
        assert " 0" not in choice.text
    assert frozen.dependent(frozenset({0})) == frozenset({0, 1, 2})
    assert to_text(frozen.choices[0].driver) == "x"


def below(roots: tuple[Node, ...]) -> list[Node]:
    seen = list(roots)
    for item in seen:
        seen.extend(item.args)
    return seen
