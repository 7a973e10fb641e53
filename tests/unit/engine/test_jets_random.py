"""Random expressions: series agree with the graph's own derivatives, in every kind of number."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import mpmath
import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from eqpp_dash.engine.expression.derivative import differentiate
from eqpp_dash.engine.expression.graph import ConstantError, Graph, Node, SizeError
from eqpp_dash.engine.jets import DOUBLES, INTERVALS, FieldJets, MultiPrecision, solution_series

from .expression.test_random_expressions import (
    BINARY,
    COORDINATE,
    UNARY,
    Recipe,
    UndefinedError,
    build,
    recipes,
    reference,
)

ANY = recipes(UNARY, BINARY)
SETTINGS = settings(
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
ORDER = 4
LARGEST = 4000
"""Nodes of a derivative's tree beyond which it is not compared."""


def partial_derivatives(graph: Graph, node: Node) -> dict[tuple[int, int], Node]:
    """Differentiate again and again, up to the order."""
    x, y = graph.symbol("variable", "x"), graph.symbol("variable", "y")
    found = {(0, 0): node}
    for i, j in product(range(ORDER + 1), repeat=2):
        if 0 < i + j <= ORDER:
            below, symbol = (found[i, j - 1], y) if j else (found[i - 1, j], x)
            (found[i, j],) = differentiate(graph, [below], symbol)
    return found


@settings(SETTINGS, max_examples=1000)
@given(ANY, COORDINATE, COORDINATE)
def test_derivatives_to_order_four(recipe: Recipe, x: float, y: float) -> None:
    graph, node = build(recipe)
    field = FieldJets([node], ["x", "y"])
    with mpmath.workdps(60):
        point = [mpmath.mpf(x), mpmath.mpf(y)]
        jets = field.at(point, ORDER, arithmetic=MultiPrecision(mpmath.mp))
        assume(bool(jets.smooth))
        largest = max(abs(c) for c in jets.coefficients[0])
        assume(largest < 1e15)
        try:
            derivatives = partial_derivatives(graph, node)
        except (ConstantError, SizeError):
            assume(False)
            return
        for exponents, derivative in derivatives.items():
            if derivative.size > LARGEST:
                continue
            try:
                wanted = reference(derivative, *point)
            except UndefinedError:
                continue  # such as 0/0 where the closed form is singular but the function is not
            found = jets.derivative(0, exponents)
            assert abs(found - wanted) <= 1e-20 * (1 + largest)
        check_other_numbers(field, point, jets.coefficients)


def check_other_numbers(field: FieldJets, point: list[Any], exact: Any) -> None:
    """Intervals hold the exact coefficients, and those in doubles."""
    start = [float(value) for value in point]
    enclosed = field.at(start, ORDER, arithmetic=INTERVALS).coefficients
    assert enclosed.contains(exact).all()
    doubles = field.at(start, ORDER, arithmetic=DOUBLES).coefficients
    known = np.isfinite(enclosed.hi - enclosed.lo)
    assert enclosed.contains(doubles)[known].all()


@settings(SETTINGS, max_examples=150)
@given(ANY, COORDINATE, COORDINATE, st.floats(0, 0.3), st.floats(0, 0.3))
def test_boxes_enclose_the_series_of_their_points(
    recipe: Recipe, x: float, y: float, width: float, height: float
) -> None:
    _, node = build(recipe)
    field = FieldJets([node], ["x", "y"])
    lo = np.array([[x], [y]])
    hi = lo + np.array([[width], [height]])
    box = INTERVALS.zeros((2, 1))
    box.lo[:], box.hi[:] = lo, hi
    jets = field.at(box, 3, arithmetic=INTERVALS)
    with mpmath.workdps(40):
        kind = MultiPrecision(mpmath.mp)
        shares = [mpmath.mpf(s) for s in (0, 0.13, 0.5, 0.83, 1)]
        for i, j in product(shares, repeat=2):
            inside = [
                mpmath.mpf(a) + (mpmath.mpf(b) - mpmath.mpf(a)) * s
                for a, b, s in zip(lo[:, 0], hi[:, 0], (i, j), strict=True)
            ]
            found = field.at(inside, 3, arithmetic=kind)
            if found.smooth:
                assert jets.coefficients[:, :, 0].contains(found.coefficients).all()
            else:
                assert not jets.smooth[0]


@settings(SETTINGS, max_examples=150)
@given(recipes(UNARY, BINARY), recipes(UNARY, BINARY), COORDINATE, COORDINATE)
def test_solutions_satisfy_their_equation(
    first: Recipe, second: Recipe, x: float, y: float
) -> None:
    graph = Graph()
    try:
        nodes = [first(graph), second(graph)]
    except ConstantError:
        assume(False)
        return
    field = FieldJets(nodes, ["x", "y"])
    order = 8
    with mpmath.workdps(50):
        kind = MultiPrecision(mpmath.mp)
        series = solution_series(field, [mpmath.mpf(x), mpmath.mpf(y)], order, arithmetic=kind)
        assume(bool(kind.finite(series).all()))
        assume(all(abs(c) < 1e15 for c in series.ravel()))
        along = field.compose(list(series), table_of(order), arithmetic=kind).coefficients
        for k in range(order):
            for i in range(2):
                assert abs(series[i, k + 1] * (k + 1) - along[i, k]) < 1e-25 * (
                    1 + abs(along[i, k])
                )
    enclosed = solution_series(field, [x, y], order, arithmetic=INTERVALS)
    assert enclosed.contains(series).all()


def table_of(order: int) -> Any:
    from eqpp_dash.engine.jets import monomials

    return monomials(1, order)


def test_random_expressions_are_mostly_compared() -> None:
    counts = {"compared": 0, "all": 0}

    @settings(SETTINGS, max_examples=200, database=None)
    @given(ANY, COORDINATE, COORDINATE)
    def count(recipe: Recipe, x: float, y: float) -> None:
        _, node = build(recipe)
        jets = FieldJets([node], ["x", "y"]).at([x, y], ORDER)
        counts["all"] += 1
        counts["compared"] += bool(jets.smooth) and math.isfinite(float(np.max(jets.coefficients)))

    count()
    assert counts["compared"] > counts["all"] / 2
