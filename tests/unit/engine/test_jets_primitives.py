"""Series of each primitive function: against mpmath, in doubles and in intervals."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

from eqpp_dash.engine.expression.graph import Graph, Node
from eqpp_dash.engine.jets import (
    DOUBLES,
    INTERVALS,
    RATIONALS,
    Arithmetic,
    FieldJets,
    IrrationalError,
    MultiPrecision,
    NotSmoothError,
)

Make = Callable[[Graph, Node], Node]


def call(name: str) -> Make:
    return lambda graph, x: graph.call(name, x)


def power(exponent: Fraction | int) -> Make:
    return lambda graph, x: graph.power(x, graph.constant(exponent))


def sinc(x: Any) -> Any:
    return mpmath.sin(x) / x if x else mpmath.mpf(1)


def cube_root(x: Any) -> Any:
    return mpmath.sign(x) * mpmath.cbrt(abs(x))


CASES: dict[str, tuple[Make, Callable[[Any], Any], list[float]]] = {
    "sin": (call("sin"), mpmath.sin, [0.3, -4.0, 100.0]),
    "cos": (call("cos"), mpmath.cos, [0.3, -4.0]),
    "tan": (call("tan"), mpmath.tan, [0.3, -4.0]),
    "asin": (call("asin"), mpmath.asin, [0.3, -0.7]),
    "acos": (call("acos"), mpmath.acos, [0.3, -0.7]),
    "atan": (call("atan"), mpmath.atan, [0.0, 0.3, -4.0]),
    "sinh": (call("sinh"), mpmath.sinh, [0.3, -4.0]),
    "cosh": (call("cosh"), mpmath.cosh, [0.3, -4.0]),
    "tanh": (call("tanh"), mpmath.tanh, [0.3, -2.0]),
    "asinh": (call("asinh"), mpmath.asinh, [0.3, -4.0]),
    "acosh": (call("acosh"), mpmath.acosh, [1.5, 4.0]),
    "atanh": (call("atanh"), mpmath.atanh, [0.3, -0.7]),
    "exp": (call("exp"), mpmath.exp, [0.3, -4.0]),
    "log": (call("log"), mpmath.log, [0.3, 4.0]),
    "log2": (call("log2"), lambda x: mpmath.log(x, 2), [0.3, 4.0]),
    "log10": (call("log10"), mpmath.log10, [0.3, 4.0]),
    "erf": (call("erf"), mpmath.erf, [0.0, 0.3, -1.4]),
    "abs": (call("abs"), abs, [0.3, -4.0]),
    "square root": (power(Fraction(1, 2)), mpmath.sqrt, [0.3, 4.0]),
    "power -5/3": (power(Fraction(-5, 3)), lambda x: x ** -(mpmath.mpf(5) / 3), [0.3, 4.0]),
    "fifth power": (power(5), lambda x: x**5, [0.0, 0.3, -2.0]),
    "inverse square": (power(-2), lambda x: x**-2, [0.3, -2.0]),
    "cube root": (lambda g, x: g.root(x, 3), cube_root, [0.3, -2.0]),
    "power pi": (lambda g, x: g.power(x, g.symbol("pi")), lambda x: x**mpmath.pi, [0.3, 4.0]),
    "power of 2": (lambda g, x: g.power(g.constant(2), x), lambda x: 2**x, [0.3, -4.0]),
    "x to the x": (lambda g, x: g.power(x, x), lambda x: x**x, [0.3, 2.0]),
    "atan2": (
        lambda g, x: g.call("atan2", g.add(x, g.one), g.call("sin", x)),
        lambda x: mpmath.atan2(x + 1, mpmath.sin(x)),
        [0.3, -0.4],
    ),
    "mod": (
        lambda g, x: g.call("mod", g.power(x, g.constant(2)), g.constant(3)),
        lambda x: x**2 - 3 * mpmath.floor(x**2 / 3),
        [0.3, 3.2],
    ),
    "floor": (
        lambda g, x: g.multiply(x, g.call("floor", x)),
        lambda x: x * mpmath.floor(x),
        [0.3, -4.1],
    ),
    "max": (
        lambda g, x: g.call("max", g.call("exp", x), g.call("cos", x)),
        lambda x: max(mpmath.exp(x), mpmath.cos(x)),
        [0.3, -0.4],
    ),
    "piecewise": (
        lambda g, x: g.call("select", g.call("lt", x, g.one), g.call("sin", x), g.call("log", x)),
        lambda x: mpmath.sin(x) if x < 1 else mpmath.log(x),
        [0.3, -1.0, 1.2],
    ),
}  # fmt: skip
ALL = [(name, point) for name, (_, _, points) in CASES.items() for point in points]
DEGREE = 14


def series(make: Make, point: Any, kind: Arithmetic = DOUBLES, degree: int = DEGREE) -> Any:
    graph = Graph()
    field = FieldJets([make(graph, graph.symbol("variable", "x"))], ["x"])
    jets = field.at([point], degree, arithmetic=kind)
    assert jets.smooth
    return jets.coefficients[0]


@pytest.mark.parametrize(("name", "point"), ALL)
def test_coefficients_are_those_of_mpmath(name: str, point: float) -> None:
    make, function, _ = CASES[name]
    with mpmath.workdps(60):
        wanted = np.array(mpmath.taylor(function, mpmath.mpf(point), DEGREE))
        digits = series(make, mpmath.mpf(point), MultiPrecision(mpmath.mp))
        sizes = np.abs(wanted) + mpmath.mpf(10) ** -30
        assert np.max(np.abs(digits - wanted) / sizes) < 1e-30
        assert np.max(np.abs(series(make, point) - wanted) / (1e-15 + np.abs(wanted))) < 2e-11
        enclosed = series(make, point, INTERVALS)
        assert enclosed.contains(digits).all()
        assert np.max((enclosed.hi - enclosed.lo) / (1e-3 + np.abs(enclosed.hi))) < 1e-4


@pytest.mark.parametrize(("name", "point"), ALL)
def test_boxes_enclose_the_series_of_every_point(name: str, point: float) -> None:
    make = CASES[name][0]
    lo, hi = point - 0.02, point + 0.03
    graph = Graph()
    field = FieldJets([make(graph, graph.symbol("variable", "x"))], ["x"])
    box = INTERVALS.zeros((1, 1))
    box.lo[:], box.hi[:] = lo, hi
    enclosed = field.at(box, 6, arithmetic=INTERVALS)
    assert enclosed.smooth.all()
    with mpmath.workdps(50):
        for share in (0, 0.2, 0.5, 0.9, 1):
            inside = mpmath.mpf(lo) + (mpmath.mpf(hi) - mpmath.mpf(lo)) * mpmath.mpf(share)
            found = field.at([inside], 6, arithmetic=MultiPrecision(mpmath.mp))
            assert enclosed.coefficients[0, :, 0].contains(found.coefficients[0]).all()


@pytest.mark.parametrize("point", [0.0, 1e-9, 0.3, -1.0, 2.5, 7.0, -12.0, 40.0])
@pytest.mark.parametrize("name", ["sinc", "sinc slope"])
def test_the_quotient_of_sine_and_argument(name: str, point: float) -> None:
    with mpmath.workdps(80):
        wanted = mpmath.taylor(sinc, mpmath.mpf(point), DEGREE + 1) if point else [
            mpmath.mpf(0) if k % 2 else (-1) ** (k // 2) / mpmath.factorial(k + 1)
            for k in range(DEGREE + 2)
        ]  # fmt: skip
        if name == "sinc slope":
            wanted = [(k + 1) * c for k, c in enumerate(wanted[1:])]
        exact = np.array(wanted[: DEGREE + 1])
        scale = np.array([1 / mpmath.factorial(k) for k in range(DEGREE + 1)])
        digits = series(call(name), mpmath.mpf(point), MultiPrecision(mpmath.mp))
        assert np.max(np.abs(digits - exact) / scale) < 1e-40
        assert np.max(np.abs(series(call(name), point) - exact) / scale) < 2e-13
        assert series(call(name), point, INTERVALS).contains(exact).all()


def test_the_quotient_of_sine_and_argument_over_boxes() -> None:
    graph = Graph()
    x = graph.symbol("variable", "x")
    field = FieldJets([graph.call("sinc", x), graph.call("sinc slope", x)], ["x"])
    lo, hi = np.array([[-0.1, 0.2, 2.0, 9.0]]), np.array([[0.1, 0.9, 2.1, 9.05]])
    box = INTERVALS.zeros((1, 4))
    box.lo[:], box.hi[:] = lo, hi
    enclosed = field.at(box, 5, arithmetic=INTERVALS)
    with mpmath.workdps(50):
        for share in (0, 0.3, 0.5, 1):
            points = [
                [
                    mpmath.mpf(a) + (mpmath.mpf(b) - a) * share
                    for a, b in zip(lo[0], hi[0], strict=True)
                ]
            ]
            found = field.at(points, 5, arithmetic=MultiPrecision(mpmath.mp))
            assert enclosed.coefficients.contains(found.coefficients).all()
    assert (enclosed.coefficients.hi[0, 1, :2] - enclosed.coefficients.lo[0, 1, :2] < 0.6).all()


KINKS: dict[str, tuple[Make, float]] = {
    "abs": (call("abs"), 0.0),
    "sign": (call("sign"), 0.0),
    "heaviside": (call("heaviside"), 0.0),
    "floor": (call("floor"), 2.0),
    "ceil": (call("ceil"), -1.0),
    "mod": (lambda g, x: g.call("mod", x, g.constant(2)), 4.0),
    "min": (lambda g, x: g.call("min", x, g.power(x, g.constant(2))), 1.0),
    "piecewise": (lambda g, x: g.call("select", g.call("le", x, g.one), x, g.one), 1.0),
    "square root": (power(Fraction(1, 2)), 0.0),
    "cube root": (lambda g, x: g.root(x, 3), 0.0),
    "pole": (power(-1), 0.0),
    "logarithm": (call("log"), 0.0),
    "angle": (lambda g, x: g.call("atan2", g.zero, x), -1.0),
}


@pytest.mark.parametrize("name", KINKS)
def test_what_is_not_smooth_says_so(name: str) -> None:
    make, point = KINKS[name]
    graph = Graph()
    field = FieldJets([make(graph, graph.symbol("variable", "x"))], ["x"])
    points = np.array([[point, point + 0.25]])
    if name == "angle":
        points[0, 1] = 0.5
    assert field.at(points, 3).smooth.tolist() == [False, True]
    assert field.at(points, 3, arithmetic=INTERVALS).smooth.tolist() == [False, True]
    with pytest.raises(NotSmoothError):
        field.at([Fraction(point)], 3, arithmetic=RATIONALS)
    with mpmath.workdps(30):
        assert not field.at([point], 3, arithmetic=MultiPrecision(mpmath.mp)).smooth
    box = INTERVALS.convert(points - [[0.01], [0.01]][0])
    box.hi[:] = points + 0.01
    assert field.at(box, 2, arithmetic=INTERVALS).smooth.tolist() == [False, True]


def test_the_branch_that_is_not_taken_does_not_matter() -> None:
    graph = Graph()
    x = graph.symbol("variable", "x")
    root = graph.power(graph.subtract(x, graph.one), graph.constant(Fraction(1, 2)))
    field = FieldJets([graph.call("select", graph.call("lt", x, graph.one), x, root)], ["x"])
    found = field.at(np.array([[0.0, 2.0]]), 2)
    assert found.smooth.all()
    assert found.coefficients[0].T.tolist() == [[0, 1, 0], [1, 0.5, -0.125]]
    kink = graph.call("select", graph.call("lt", x, graph.one), x, graph.call("abs", x))
    assert FieldJets([kink], ["x"]).at([0.0], 2).smooth


def test_a_box_across_a_kink_encloses_both_sides() -> None:
    graph = Graph()
    field = FieldJets([graph.call("abs", graph.symbol("variable", "x"))], ["x"])
    box = INTERVALS.zeros((1, 1))
    box.lo[:], box.hi[:] = -1.0, 2.0
    found = field.at(box, 1, arithmetic=INTERVALS)
    assert not found.smooth.any()
    assert found.coefficients.contains(np.array([[[0.0], [-1.0]]])).all()
    assert found.coefficients.contains(np.array([[[2.0], [1.0]]])).all()


def test_irrational_values_are_refused() -> None:
    graph = Graph()
    x = graph.symbol("variable", "x")
    for node in (graph.call("exp", x), graph.multiply(x, graph.symbol("pi")), graph.call("erf", x)):
        with pytest.raises(IrrationalError):
            FieldJets([node], ["x"]).at([1], 2, arithmetic=RATIONALS)


def test_what_is_undefined_is_not_smooth() -> None:
    graph = Graph()
    x = graph.symbol("variable", "x")
    nowhere = graph.call("asin", graph.constant(2))
    choice = graph.call("select", graph.call("lt", graph.zero, nowhere), x, x)
    condition = graph.call("lt", graph.zero, nowhere)
    for node in (
        graph.multiply(x, nowhere),
        graph.add(x, graph.symbol("undefined")),
        graph.call("select", condition, x, graph.one),
        graph.call("max", x, nowhere),
    ):
        field = FieldJets([node], ["x"])
        for kind in (DOUBLES, INTERVALS, MultiPrecision(mpmath.mp)):
            assert not field.at([1.0], 2, arithmetic=kind).smooth
    assert choice is x
