"""Exact series: closed forms, and what the expansion of polynomials gives."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.expression.graph import Graph
from eqpp_dash.engine.expression.polynomial import to_node
from eqpp_dash.engine.jets import RATIONALS, FieldJets, solution_series
from eqpp_dash.engine.system import parse_system

ORDER = 16


def bernoulli(n: int) -> Fraction:
    p, q = mpmath.bernfrac(n)
    return Fraction(int(p), int(q))


def binomial(a: Fraction, k: int) -> Fraction:
    return math.prod(((a - j) / (j + 1) for j in range(k)), start=Fraction(1))


def odd(k: int, value: Fraction) -> Fraction:
    return value if k % 2 else Fraction(0)


def tangent(k: int) -> Fraction:
    return odd(k, abs(bernoulli(k + 1)) * 2 ** (k + 1) * (2 ** (k + 1) - 1) / math.factorial(k + 1))


def sign(k: int) -> int:
    return (-1) ** (k // 2)


FACTORIAL = math.factorial
CLOSED: dict[str, Any] = {
    "exp(x)": lambda k: Fraction(1, FACTORIAL(k)),
    "tan(x)": tangent,
    "tanh(x)": lambda k: tangent(k) * sign(k),
    "sin(x)": lambda k: odd(k, Fraction(sign(k), FACTORIAL(k))),
    "cosh(x)": lambda k: Fraction(1 - k % 2, FACTORIAL(k)),
    "log(1+x)": lambda k: Fraction((-1) ** (k + 1), k) if k else Fraction(0),
    "atan(x)": lambda k: odd(k, Fraction(sign(k), max(k, 1))),
    "atanh(x)": lambda k: odd(k, Fraction(1, max(k, 1))),
    "asin(x)": lambda k: odd(k, abs(binomial(Fraction(-1, 2), k // 2)) / max(k, 1)),
    "asinh(x)": lambda k: odd(k, binomial(Fraction(-1, 2), k // 2) / max(k, 1)),
    "sqrt(1+x)": lambda k: binomial(Fraction(1, 2), k),
    "(1+x)^(-7/3)": lambda k: binomial(Fraction(-7, 3), k),
    "cbrt(x-8)": lambda k: -2 * binomial(Fraction(1, 3), k) * Fraction(-1, 8) ** k,
    "sin(x)/x": lambda k: Fraction(sign(k) * (1 - k % 2), FACTORIAL(k + 1)),
    "x/(1-x-x^2)": lambda k: Fraction(FIBONACCI[k]),
    "abs(x-1)": lambda k: Fraction([1, -1][k] if k < 2 else 0),
    "(1+x)^9": lambda k: Fraction(math.comb(9, k)),
}
FIBONACCI = [0, 1]
while len(FIBONACCI) <= ORDER:
    FIBONACCI.append(FIBONACCI[-1] + FIBONACCI[-2])


@pytest.mark.parametrize("text", CLOSED)
def test_closed_series(text: str) -> None:
    field = FieldJets.of(parse_system(f"x' = {text}"))
    found = field.at([0], ORDER, arithmetic=RATIONALS).coefficients[0]
    assert found.tolist() == [CLOSED[text](k) for k in range(ORDER + 1)]


SOLUTIONS: dict[str, tuple[str, list[Any], Any]] = {
    "Lambert's function": (
        "x' = exp(-x)/(1 + x)",
        [0],
        lambda k: Fraction((-k) ** (k - 1), FACTORIAL(k)) if k else Fraction(0),
    ),
    "tangent": ("x' = 1 + x^2", [0], tangent),
    "blow-up": ("x' = x^2", [1], lambda k: Fraction(1)),
    "logistic": (
        "x' = x*(1 - x)",
        ["1/2"],
        lambda k: Fraction(1, 2) if k == 0 else tangent(k) * sign(k) / 2 ** (k + 1),
    ),
    "forced": ("x' = t*x", [1], lambda k: Fraction(1 - k % 2, 2 ** (k // 2) * FACTORIAL(k // 2))),
    "catenary": ("x' = y; y' = sqrt(1 + y^2)", [1, 0], lambda k: Fraction(1 - k % 2, FACTORIAL(k))),
}


@pytest.mark.parametrize("name", SOLUTIONS)
def test_solutions_with_a_closed_series(name: str) -> None:
    text, start, closed = SOLUTIONS[name]
    field = FieldJets.of(parse_system(text))
    found = solution_series(field, start, ORDER, arithmetic=RATIONALS)
    assert found[0].tolist() == [closed(k) for k in range(ORDER + 1)]


def test_several_variables() -> None:
    field = FieldJets.of(parse_system("x' = exp(x + 2*y); y' = 1/(1 - x - y)"))
    jets = field.at([0, 0], 8, arithmetic=RATIONALS)
    for i, j in jets.table.exponents.tolist():
        assert jets.coefficient(0, (i, j)) == Fraction(2**j, FACTORIAL(i) * FACTORIAL(j))
        assert jets.coefficient(1, (i, j)) == math.comb(i + j, i)
        assert jets.derivative(1, (i, j)) == math.factorial(i + j)


def test_parameters_stay_exact() -> None:
    field = FieldJets.of(parse_system("x' = mu*x^2/3"), {"mu": "0.1"})
    assert field.at(["3"], 2, arithmetic=RATIONALS).coefficients[0].tolist() == [
        Fraction(3, 10),
        Fraction(1, 5),
        Fraction(1, 30),
    ]


def shifted(power: int, k: int, point: Fraction) -> Fraction:
    """Give the coefficient of h^k in (point + h)^power."""
    return math.comb(power, k) * point ** (power - k) if power >= k else Fraction(0)


POLYNOMIALS = st.dictionaries(
    st.tuples(*[st.integers(0, 3)] * 3),
    st.fractions(-9, 9, max_denominator=7).filter(bool),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(POLYNOMIALS, st.lists(st.fractions(-3, 3, max_denominator=5), min_size=3, max_size=3))
def test_the_expansion_of_a_polynomial_is_exact(polynomial: Any, point: list[Fraction]) -> None:
    graph = Graph()
    symbols = [graph.symbol("variable", name) for name in "xyz"]
    field = FieldJets.of(CompiledField(graph, [to_node(graph, polynomial, symbols)], "xyz"))  # type: ignore[arg-type]
    jets = field.at(point, 9, arithmetic=RATIONALS)
    for place, exponents in enumerate(jets.table.exponents.tolist()):
        wanted = sum(
            c * math.prod(shifted(*triple) for triple in zip(powers, exponents, point, strict=True))
            for powers, c in polynomial.items()
        )
        assert jets.coefficients[0, place] == wanted
    step = [Fraction(1, 3), Fraction(-2), Fraction(5, 7)]
    value = sum(
        c * math.prod((p + h) ** e for e, p, h in zip(powers, point, step, strict=True))
        for powers, c in polynomial.items()
    )
    assert jets(step)[0] == value
