"""Expressions in machine code against the tape, mpmath and the bound of rounding."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from eqpp_dash.engine.expression.derivative import differentiate
from eqpp_dash.engine.expression.graph import Graph, Node
from eqpp_dash.engine.expression.tape import Tape
from eqpp_dash.engine.machine.build import native_target
from eqpp_dash.engine.machine.fieldcode import emit_nodes
from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.system import parse_system

from ..expression.test_random_expressions import (
    ANY,
    COORDINATE,
    SETTINGS,
    SMOOTH,
    Recipe,
    UndefinedError,
    build,
    recipes,
    reference,
)
from .running import compute_nodes

PLANE = st.lists(st.tuples(COORDINATE, COORDINATE), min_size=4, max_size=4)


@SETTINGS
@given(ANY, PLANE, st.booleans())
def test_values_keep_within_the_bound_of_rounding(
    recipe: Recipe, points: list[tuple[float, float]], contract: bool
) -> None:
    """A point's box, widened at every operation, holds what any order of rounding may give."""
    _, node = build(recipe)
    x = np.array(points).T
    (found,) = compute_nodes([node], {"x": x[0], "y": x[1]}, contract=contract)
    tape = Tape([node], ["x", "y"])
    (box,) = tape.boxes(x, x)
    shape = (len(points),)
    lo, hi = np.broadcast_to(box.lo, shape), np.broadcast_to(box.hi, shape)
    smooth = np.broadcast_to(box.smooth, shape)
    usual = tape.evaluate(0.0, x)[0]
    for i, value in enumerate(found.tolist()):
        if not np.isfinite(value):
            assert not (smooth[i] and np.isfinite(hi[i] - lo[i]))
            continue
        if not smooth[i]:  # on a jump a signed zero may decide
            assert lo[i] <= value <= hi[i] or value == pytest.approx(usual[i], rel=1e-9)
            continue
        assert lo[i] <= value <= hi[i]
        with mpmath.workdps(60):
            try:
                exact = reference(node, *(mpmath.mpf(float(v)) for v in x[:, i]))
            except UndefinedError:
                continue
            assert (
                abs(value - exact) <= mpmath.mpf(float(hi[i])) - mpmath.mpf(float(lo[i])) + 1e-300
            )


@SETTINGS
@given(recipes(["abs", "sign", "floor", "ceil", "heaviside"], ["min", "max", "mod"]), PLANE)
def test_rounded_operations_are_the_tape_s_bit_by_bit(
    recipe: Recipe, points: list[tuple[float, float]]
) -> None:
    _, node = build(recipe)
    assume(all(child.op not in ("pow", "root") for child in below(node)))
    x = np.array(points).T
    (found,) = compute_nodes([node], {"x": x[0], "y": x[1]})
    assert np.array_equal(found, Tape([node], ["x", "y"]).evaluate(0.0, x)[0], equal_nan=True)


def below(node: Node) -> list[Node]:
    seen = [node]
    for item in seen:
        seen.extend(item.args)
    return seen


def test_a_shared_part_is_emitted_once() -> None:
    system = parse_system("x' = sin(x*y) + exp(y)\ny' = sin(x*y) - exp(y) + (x*y)^2")
    lanes = Lanes(8)
    inputs = {("variable", "x"): "%x", ("variable", "y"): "%y"}
    emit_nodes(lanes, system._components, inputs)
    text = "\n".join(lanes.lines)
    assert text.count("@lanes8.sin(") == text.count("@lanes8.exp(") == 1


def test_sine_and_cosine_of_one_argument_are_computed_together() -> None:
    graph = Graph()
    x = graph.symbol("variable", "x")
    nodes = [graph.call("cos", x), graph.call("sin", x)]
    lanes = Lanes(8)
    emit_nodes(lanes, nodes, {("variable", "x"): "%x"})
    assert list(lanes.definitions) == ["lanes8.sincos"]
    points = np.concatenate([np.linspace(-30, 30, 301), [0.0, -0.0, 1e7, -1e300, np.inf, np.nan]])
    both = compute_nodes(nodes, {"x": points})
    for node, found in zip(nodes, both, strict=True):
        assert compute_nodes([node], {"x": points}).tobytes() == found.tobytes()


@settings(SETTINGS, max_examples=150)
@given(recipes(SMOOTH, []), PLANE)
def test_slopes_keep_within_the_bound_of_rounding(
    recipe: Recipe, points: list[tuple[float, float]]
) -> None:
    graph, node = build(recipe)
    symbols = [graph.symbol("variable", name) for name in "xy"]
    slopes = [differentiate(graph, [node], symbol)[0] for symbol in symbols]
    x = np.array(points).T
    found = compute_nodes(slopes, {"x": x[0], "y": x[1]}, contract=True)
    for box, values in zip(Tape(slopes, ["x", "y"]).boxes(x, x), found, strict=True):
        inside = (box.lo <= values) & (values <= box.hi)
        known = np.broadcast_to(box.smooth, values.shape) & np.isfinite(box.hi - box.lo)
        assert (inside | ~(known | np.isfinite(values))).all()


@pytest.mark.parametrize(
    ("text", "once"),
    [
        ("x*x - y", 1), ("y - x*x", 1), ("3*x + y", 1), ("x/4 - y", 1), ("x/3 - y", 0),
        ("x^3*y + x*y^2", 1), ("x*y/2 + y", 1), ("x/y - y", 0), ("x - y", 0), ("x*y", 0),
        ("sin(x*y) + x*y", 0), ("x*y - 3*x + 2", 1), ("x^7 - y", 1),
    ],
)  # fmt: skip
def test_products_that_only_a_sum_needs_are_rounded_with_it(text: str, once: int) -> None:
    system = parse_system(f"x' = {text}\ny' = x")
    inputs = {("variable", "x"): "%x", ("variable", "y"): "%y"}
    lines = {}
    for contract in (False, True):
        lanes = Lanes(8, contract=contract)
        emit_nodes(lanes, system.components, inputs)
        lines[contract] = "\n".join(lanes.lines)
    assert "llvm.fma" not in lines[False]
    assert lines[True].count("llvm.fma") == once
    x = np.random.default_rng(2).uniform(0.5, 3.0, (2, 64))
    apart, joined = (
        compute_nodes(system.components, {"x": x[0], "y": x[1]}, contract=contract)[0]
        for contract in (False, True)
    )
    np.testing.assert_allclose(joined, apart, rtol=0, atol=1e-11)


def test_a_contracted_product_is_rounded_once() -> None:
    system = parse_system("x' = x*x - y\ny' = x")
    x = np.full(8, 1 + 2.0**-30)
    for contract, rest in ((False, 0.0), (True, 2.0**-60 if native_target().fused else 0.0)):
        found = compute_nodes(system.components, {"x": x, "y": x * x}, contract=contract)
        assert found[0].tolist() == [rest] * 8


def test_parameters_and_time_are_inputs() -> None:
    system = parse_system("x' = a*x + t/2\ny' = x - 3*y")
    lanes = Lanes(4)
    inputs = {
        ("variable", "x"): "%x", ("variable", "y"): "%y", ("parameter", "a"): "%a", "time": "%t"
    }  # fmt: skip
    emit_nodes(lanes, system._components, inputs)
    text = "\n".join(lanes.lines)
    assert all(f"%{name}" in text for name in "xyat")
    with pytest.raises(KeyError):
        emit_nodes(Lanes(4), system._components, {("variable", "x"): "%x"})


def test_atoms_have_their_values() -> None:
    graph = Graph()
    nodes = [graph.symbol("pi"), graph.symbol("e"), graph.symbol("undefined"), graph.constant(3)]
    found = compute_nodes(nodes, {"x": np.zeros(1)})
    assert np.array_equal(found[:, 0], [np.pi, np.e, np.nan, 3.0], equal_nan=True)
