"""Random expressions: arrays, points, boxes, derivatives and text agree with mpmath."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from eqpp_dash.engine.expression.derivative import differentiate
from eqpp_dash.engine.expression.graph import ConstantError, Graph, Node, topological
from eqpp_dash.engine.expression.tape import Tape
from eqpp_dash.engine.expression.text import to_text
from eqpp_dash.engine.system import parse_system

UNARY = [
    "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh",
    "atanh", "sinc", "exp", "log", "log2", "log10", "erf", "abs", "sign", "floor",
    "ceil", "heaviside",
]  # fmt: skip
SMOOTH = [name for name in UNARY if name not in ("abs", "sign", "floor", "ceil", "heaviside")]
BINARY = ["atan2", "mod", "min", "max"]

Recipe = Callable[[Graph], Node]


def leaves() -> st.SearchStrategy[Recipe]:
    numbers = st.fractions(-4, 4, max_denominator=12)
    return st.one_of(
        st.sampled_from(["x", "y"]).map(lambda name: lambda g: g.symbol("variable", name)),
        numbers.map(lambda value: lambda g: g.constant(value)),
        st.just(lambda g: g.symbol("pi")),
    )


def _apply(name: str, *args: Recipe) -> Recipe:
    return lambda g: g.call(name, *(arg(g) for arg in args))


def _choice(left: Recipe, right: Recipe, yes: Recipe, no: Recipe) -> Recipe:
    return lambda g: g.call("select", g.call("lt", left(g), right(g)), yes(g), no(g))


def recipes(functions: list[str], binary: list[str]) -> st.SearchStrategy[Recipe]:
    """Give a strategy of functions that make a node in a graph."""

    def extend(inner: st.SearchStrategy[Recipe]) -> st.SearchStrategy[Recipe]:
        pairs = st.tuples(inner, inner)
        grown = [
            pairs.map(lambda p: lambda g: g.add(p[0](g), p[1](g))),
            pairs.map(lambda p: lambda g: g.subtract(p[0](g), p[1](g))),
            pairs.map(lambda p: lambda g: g.multiply(p[0](g), p[1](g))),
            pairs.map(lambda p: lambda g: g.divide(p[0](g), p[1](g))),
            st.tuples(inner, st.integers(-3, 5)).map(
                lambda p: lambda g: g.power(p[0](g), g.constant(p[1]))
            ),
            st.tuples(inner, st.fractions(-2, 3, max_denominator=5)).map(
                lambda p: lambda g: g.power(p[0](g), g.constant(p[1]))
            ),
            st.tuples(inner, st.sampled_from([3, 5])).map(
                lambda p: lambda g: g.root(p[0](g), p[1])
            ),
            pairs.map(lambda p: lambda g: g.power(p[0](g), p[1](g))),
            st.tuples(st.sampled_from(functions), inner).map(lambda p: _apply(*p)),
        ]
        if binary:
            grown.append(st.tuples(st.sampled_from(binary), inner, inner).map(lambda p: _apply(*p)))
            grown.append(st.tuples(inner, inner, inner, inner).map(lambda p: _choice(*p)))
        return st.one_of(grown)

    return st.recursive(leaves(), extend, max_leaves=8)


class UndefinedError(Exception):
    """The formula has no finite real value here."""


def reference(root: Node, x: Any, y: Any) -> Any:
    """Evaluate a node by mpmath at its current precision."""
    done: dict[Node, Any] = {}
    for node in topological([root]):
        args = [done[arg] for arg in node.args]
        try:
            value = _reference(node, args, {"x": x, "y": y})
        except (ZeroDivisionError, ValueError, OverflowError):
            value = None
        if value is not None and (isinstance(value, mpmath.mpc) or not mpmath.isfinite(value)):
            value = None
        done[node] = value
    if done[root] is None:
        raise UndefinedError
    return done[root]


def _number(value: Fraction) -> Any:
    return mpmath.mpf(value.numerator) / value.denominator


def _reference(node: Node, args: list[Any], point: dict[str, Any]) -> Any:
    op = node.op
    if op == "const":
        return _number(node.data)
    if op == "variable":
        return point[node.data]
    if op == "pi":
        return +mpmath.pi
    if op == "select":
        if args[0] is None:
            return None
        return args[1] if args[0] else args[2]
    if any(arg is None for arg in args):
        return None
    if op == "sum":
        return mpmath.fsum(_number(c) * a for c, a in zip(node.data, args, strict=True))
    if op == "product":
        return mpmath.fprod(a**k for a, k in zip(args, node.data, strict=True))
    if op == "root":
        return mpmath.sign(args[0]) * mpmath.root(abs(args[0]), node.data)
    if op == "pow":
        if args[0] == 0 and args[1] == 0:
            return mpmath.mpf(1)
        return args[0] ** args[1]
    return MPMATH[op](*args)


MPMATH: dict[str, Callable[..., Any]] = {
    **{name: getattr(mpmath, name) for name in SMOOTH if name not in ("log2", "sinc")},
    "sinc": lambda a: mpmath.sin(a) / a if a else mpmath.mpf(1),
    "sinc slope": lambda a: (a * mpmath.cos(a) - mpmath.sin(a)) / a**2 if a else mpmath.mpf(0),
    "log2": lambda a: mpmath.log(a, 2),
    "abs": abs,
    "sign": mpmath.sign,
    "floor": mpmath.floor,
    "ceil": mpmath.ceil,
    "heaviside": lambda a: (1 + mpmath.sign(a)) / 2,
    "atan2": lambda a, b: mpmath.atan2(a, b) if (a or b) else mpmath.mpf(0),
    "mod": lambda a, b: a - b * mpmath.floor(a / b),
    "min": min,
    "max": max,
    "lt": lambda a, b: mpmath.mpf(a < b),
    "le": lambda a, b: mpmath.mpf(a <= b),
    "gt": lambda a, b: mpmath.mpf(a > b),
    "ge": lambda a, b: mpmath.mpf(a >= b),
}


COORDINATE = st.floats(-3, 3, allow_nan=False).map(lambda value: round(value, 3))
ANY = recipes(UNARY, BINARY)
SETTINGS = settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)


def build(recipe: Recipe) -> tuple[Graph, Node]:
    graph = Graph()
    try:
        return graph, recipe(graph)
    except ConstantError:
        assume(False)
        raise


@SETTINGS
@given(ANY, COORDINATE, COORDINATE)
def test_arrays_points_and_boxes_agree(recipe: Recipe, x: float, y: float) -> None:
    _, node = build(recipe)
    tape = Tape([node], ["x", "y"])
    single = tape.scalar(0.0, (x, y))[0]
    array = tape.evaluate(0.0, np.array([[x, x], [y, y]]))[0]
    assert array[0] == pytest.approx(single, rel=1e-9, abs=1e-12, nan_ok=True) or not near(
        node, x, y
    )
    with mpmath.workdps(60):
        try:
            exact = reference(node, mpmath.mpf(x), mpmath.mpf(y))
        except UndefinedError:
            return
        (box,) = tape.boxes(np.array([[x], [y]]), np.array([[x], [y]]))
        assert box.lo[0] <= exact <= box.hi[0]
        width = float(box.hi[0]) - float(box.lo[0])
        if math.isfinite(width):  # the point's box bounds what rounding may do
            assert abs(single - float(exact)) <= width + 1e-300


def near(node: Node, x: float, y: float) -> bool:
    """Tell whether the value hardly changes with rounding."""
    (box,) = Tape([node], ["x", "y"]).boxes(np.array([[x], [y]]), np.array([[x], [y]]))
    return bool(np.all(box.hi - box.lo < 1e-9 * (1 + np.abs(box.lo))))


@SETTINGS
@given(ANY, COORDINATE, COORDINATE, st.floats(0, 1), st.floats(0, 1))
def test_boxes_hold_every_value(
    recipe: Recipe, x: float, y: float, width: float, height: float
) -> None:
    _, node = build(recipe)
    lo, hi = np.array([[x], [y]]), np.array([[x + width], [y + height]])
    (box,) = Tape([node], ["x", "y"]).boxes(lo, hi)
    smooth = True if box.smooth is True else bool(np.all(box.smooth))
    some = True if box.some is True else bool(np.all(box.some))
    with mpmath.workdps(40):
        for i in (0.0, 0.13, 0.5, 0.71, 1.0):
            for j in (0.0, 0.29, 0.5, 0.83, 1.0):
                a = min(float(x + i * width), float(hi[0, 0]))
                b = min(float(y + j * height), float(hi[1, 0]))
                try:
                    exact = reference(node, mpmath.mpf(a), mpmath.mpf(b))
                except UndefinedError:
                    assert not smooth or overflows(node, a, b)
                    continue
                assert some
                assert box.lo[0] <= exact <= box.hi[0]


def overflows(node: Node, x: float, y: float) -> bool:
    (box,) = Tape([node], ["x", "y"]).boxes(np.array([[x], [y]]), np.array([[x], [y]]))
    return not bool(np.isfinite(box.hi - box.lo).all())


@SETTINGS
@given(recipes(SMOOTH, []), COORDINATE, COORDINATE)
def test_derivatives(recipe: Recipe, x: float, y: float) -> None:
    graph, node = build(recipe)
    symbol = graph.symbol("variable", "x")
    (slope,) = differentiate(graph, [node], symbol)
    (box,) = Tape([slope], ["x", "y"]).boxes(np.array([[x], [y]]), np.array([[x], [y]]))
    assume(box.smooth is True or bool(np.all(box.smooth)))
    with mpmath.workdps(80):
        h = mpmath.mpf(10) ** -25
        try:
            exact = reference(slope, mpmath.mpf(x), mpmath.mpf(y))
            after = reference(node, mpmath.mpf(x) + h, mpmath.mpf(y))
            before = reference(node, mpmath.mpf(x) - h, mpmath.mpf(y))
        except UndefinedError:
            assume(False)
            return
        assume(abs(exact) < 1e12 and abs(after) < 1e12)
        assert abs((after - before) / (2 * h) - exact) <= 1e-10 * (1 + abs(exact))


@SETTINGS
@given(ANY, COORDINATE, COORDINATE)
def test_text_is_read_back(recipe: Recipe, x: float, y: float) -> None:
    _, node = build(recipe)
    values = [n.value for n in topological([node]) if n.value is not None]
    assume(all(math.isfinite(value) for value in values))
    again = parse_system(f"x' = {to_text(node)}\ny' = 0")._components[0]
    assert to_text(parse_system(f"x' = {to_text(again)}\ny' = 0")._components[0]) == to_text(again)
    if near(node, x, y):
        found = Tape([again], ["x", "y"]).scalar(0.0, (x, y))
        wanted = Tape([node], ["x", "y"]).scalar(0.0, (x, y))
        assert found == pytest.approx(wanted, rel=1e-9, abs=1e-12, nan_ok=True)
