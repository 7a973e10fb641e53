from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqpp_dash.engine.algebra.kernels import Kernels
from eqpp_dash.engine.algebra.packed import BITS, divided
from eqpp_dash.engine.expression.polynomial import TooLargeError, Work
from eqpp_dash.engine.expression.tape import Tape
from eqpp_dash.engine.system import parse_system


def kernels_of(text, work=10**6):
    field = parse_system(f"x' = {text}; y' = x + y").compile()
    graph = field._graph
    return Kernels(graph, Work(work)), field.components[0]


@pytest.mark.parametrize(
    "text",
    [
        "sin(x)^2 + cos(x)^2 - 1",
        "sin(2*x) - 2*sin(x)*cos(x)",
        "cos(3*x) - 4*cos(x)^3 + 3*cos(x)",
        "sin(x + y) - sin(x)*cos(y) - cos(x)*sin(y)",
        "cosh(x - y) - cosh(x)*cosh(y) + sinh(x)*sinh(y)",
        "exp(x - y) - exp(x)/exp(y)",
        "exp(x/2)^2 - exp(x)",
        "sin(x + pi) + sin(x)",
        "cos(x - pi/2) - sin(x)",
        "tan(x)*cos(x) - sin(x)",
        "sqrt(x^2 + y^2)^3 - (x^2 + y^2)*sqrt(x^2 + y^2)",
        "abs(x)*sign(x) - x",
        "abs(-3*x) - 3*abs(x)",
        "max(x, y) + min(x, y) - x - y",
        "piecewise(x < 0: -x; x) - abs(x)",
        "(x^2 - y^2)/(x - y) - x - y",
        "1/x + 1/y - (x + y)/(x*y)",
        "atan(-x) + atan(x)",
        "tanh((x + 1.2)/18) + tanh((-x - 1.2)/18)",
        "sign(x + 1)*sign(x - 1) - 1 - sign(x - 1) + sign(x + 1)",
        "cbrt(x)^3 - x",
    ],
)
def test_identities_are_recognised(text):
    kernels, node = kernels_of(text)
    assert kernels.is_zero(node)


@pytest.mark.parametrize(
    "text",
    [
        "sin(x)^2 + cos(x)^2 - 1.0000000001",
        "sin(2*x) - 2*sin(x)",
        "sqrt(x^2) - x",
        "exp(x*y) - exp(x)*exp(y)",
        "sign(x)*sign(y) - 1",
        "abs(x) - x",
        "sin(x + 3.141592653589793) + sin(x)",
    ],
)
def test_what_is_not_zero_is_not_called_so(text):
    kernels, node = kernels_of(text)
    assert not kernels.is_zero(node)


pieces = st.sampled_from(
    [
        "x",
        "y",
        "sin(x)",
        "cos(x)",
        "sin(2*y)",
        "exp(x)",
        "exp(-y/2)",
        "abs(x - 1)",
        "sign(y)",
        "sqrt(1 + x^2)",
        "tanh(y)",
        "1/(1 + x^2)",
        "1/(2 + sin(x))",
        "0.3",
        "cosh(x)",
        "max(x, y)",
    ]
)
operations = st.sampled_from(["+", "-", "*"])
texts = st.recursive(
    pieces, lambda inner: st.builds(lambda a, o, b: f"({a} {o} {b})", inner, operations, inner)
)


@settings(max_examples=60, deadline=None)
@given(texts)
def test_what_is_written_back_has_the_same_values(text):
    kernels, node = kernels_of(text)
    try:
        written = kernels.write(kernels.read(node))
    except TooLargeError:
        return
    x = np.random.default_rng(3).uniform(-2, 2, (2, 40))
    before = Tape([node], ("x", "y")).evaluate(0.0, x)[0]
    after = Tape([written], ("x", "y")).evaluate(0.0, x)[0]
    size = np.abs(before).max() + 1
    np.testing.assert_allclose(after, before, atol=1e-9 * size**2)
    if kernels.is_zero(node):
        np.testing.assert_allclose(before, 0.0, atol=1e-9)


def test_the_budget_is_kept():
    kernels, node = kernels_of("(1 + x + y + sin(x) + exp(y))^12", work=2000)
    with pytest.raises(TooLargeError):
        kernels.read(node)


def test_powers_do_not_run_into_each_other_when_dividing():
    # x takes the low bits of a monomial, y the next; a carry would make x^4096 into y
    x, y = 1, 1 << BITS
    divisor = ((1000 * x, -1), (y, 1))
    whole = {5 * y + k: 1 for k in range(6)}
    assert divided(whole, divisor, Work()) is None
    assert divided({y + 3: 1, 1003: -1}, divisor, Work()) == {3: 1}
