"""First integrals and potentials: known ones, and that nothing else is claimed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from eqpp_dash.engine.structure.facts import Kind

from .checking import INTEGRALS, check_all, compiled, kinds, structure

coefficient = st.integers(-3, 3)


def integral(equations, parameters=None):
    found = check_all(equations, parameters)
    assert found.integral is not None, found.facts
    return found.integral


@pytest.mark.parametrize(
    ("equations", "expression"),
    [
        ("x' = y; y' = -sin(x)", "y^2/2 - cos(x)"),
        ("x' = y; y' = x - x^3", "y^2/2 - x^2/2 + x^4/4"),
        ("x' = y; y' = -sign(x)", "y^2/2 + abs(x)"),
        ("x' = y; y' = -x*exp(-x^2)", "y^2/2 - exp(-x^2)/2"),
        ("x' = y; y' = -tanh(2*x)", "y^2/2 + log(cosh(2*x))/2"),
        ("x' = y; y' = 1/(1 + x^2)", "y^2/2 - atan(x)"),
        ("x' = y; y' = -x/sqrt(1 + x^2)", "y^2/2 + sqrt(1 + x^2)"),
        ("x' = cos(y); y' = exp(2*x)*cos(x)", "sin(y) - exp(2*x)*(2*cos(x) + sin(x))/5"),
    ],
)
def test_hamiltonians(equations, expression):
    fact = integral(equations)
    assert fact.kind is Kind.HAMILTONIAN
    if "sign" in equations or "sin(x)" in equations or "x^3" in equations:
        assert fact.expression == expression
    wanted = compiled(f"x' = {expression}; y' = x")
    x = np.random.default_rng(5).uniform(-2, 2, (2, 30))
    difference = fact.function(0.0, x) - wanted(0.0, x)[0]
    np.testing.assert_allclose(difference, difference[0], atol=1e-9)


@pytest.mark.parametrize(
    "equations",
    [
        "x' = y; y' = -x + x^2*sin(x)",
        "x' = y; y' = -x^2*exp(x) + cos(x)^3",
        "x' = y; y' = x*log(x^2 + 1)",
        "x' = y; y' = -abs(x - 1)*x",
        "x' = y; y' = -max(x, 0) + 1",
        "x' = y; y' = -piecewise(x < 1: x; 2 - x)",
        "x' = y; y' = -cosh(x)^2*sinh(x)",
        "x' = y; y' = 1/(x^2 - 2) + x/(x^2 + 1)^2",
        "x' = y; y' = -cbrt(x)",
        "x' = y; y' = -tanh(x)^2",
        "x' = y; y' = -sin(x)*exp(-2*x)",
        "x' = y; y' = x^2*exp(-x) - tan(x)",
        "x' = x*cos(y); y' = -sin(y)",
    ],
)
def test_integrands_of_many_kinds(equations):
    assert integral(equations).kind is Kind.HAMILTONIAN


@pytest.mark.parametrize(
    ("equations", "single"),
    [
        ("x' = x*(2 - y); y' = y*(x - 3)", True),  # Lotka-Volterra
        ("x' = x*(x - 2*y); y' = y*(y - 2*x)", True),
        ("x' = x^2; y' = -y", True),
        ("x' = y; y' = -sin(x) - y^2/10", True),
        ("x' = y; y' = -x - x*y", True),
        ("x' = y*(x^2 + y^2 - 1); y' = -x*(x^2 + y^2 - 1)", True),
        ("x' = exp(x)*y; y' = sin(x)*(1 + y^2)", True),
        ("x' = 2*x + y; y' = 2*x - y", True),
        ("x' = -x + y; y' = -y", True),
        ("x' = x^2 - y^2; y' = 2*x*y", True),
        ("x' = x/(x^2 + y^2) - 1; y' = y/(x^2 + y^2)", False),
        ("x' = x + 2*y; y' = -2*x + y", False),
        ("x' = x*(1 - x^2 - y^2) - y; y' = y*(1 - x^2 - y^2) + x", False),
    ],
)
def test_other_first_integrals(equations, single):
    assert integral(equations).single_valued is single


def test_the_multiplier_makes_the_field_hamiltonian():
    fact = integral("x' = x*(2 - y); y' = y*(x - 3)")
    assert fact.kind is Kind.TIME_CHANGED
    x = np.random.default_rng(1).uniform(0.1, 3, (2, 20))
    field = compiled("x' = x*(2 - y); y' = y*(x - 3)")(0.0, x)
    m = compiled(f"x' = {fact.multiplier}; y' = x")(0.0, x)[0]
    slope = fact.function.gradient(0.0, x)
    np.testing.assert_allclose(m * field, [slope[1], -slope[0]], rtol=1e-12)


def test_exact_parameters_decide():
    text = "x' = a*x - x*y; y' = x*y - (b - a)*y + (a + a + a - b)*x^2"
    assert Kind.TIME_CHANGED in kinds(text, {"a": "0.1", "b": "0.3"})
    assert not {"hamiltonian", "conserved", str(Kind.TIME_CHANGED)} & kinds(
        text, {"a": "0.1", "b": "0.31"}
    )


@pytest.mark.parametrize(
    "equations",
    [
        "x' = y; y' = (1 - x^2)*y - x",
        "x' = y; y' = -sin(x) - y/5",
        "x' = 1 - 4*x + x^2*y; y' = 3*x - x^2*y",
        "x' = y + x^2 + x*y; y' = -10*x^2 + 2*x*y + y^2 - 72*x",
        "x' = -x + 3/(1 + y^2); y' = -y + 3/(1 + x^2)",
        "x' = y + 1e-9*x^3; y' = -x",
        "x' = y; y' = -sin(x) + 1e-12*y",
    ],
)
def test_no_integral_where_there_is_none(equations):
    found = check_all(equations)
    assert found.integral is None
    assert not found.of(Kind.GRADIENT)


@settings(max_examples=25, deadline=None)
@given(st.lists(coefficient, min_size=12, max_size=12), st.sampled_from([0, 1, 2, 3]))
def test_random_hamiltonian_systems_are_recognised(values, extra):
    keys = [(i, j) for i in range(5) for j in range(5) if 1 < i + j <= 4]
    terms = [(c, i, j) for c, (i, j) in zip(values, keys, strict=True) if c]
    h = " + ".join(f"({c})*x^{i}*y^{j}" for c, i, j in terms) or "x*y"
    f = " + ".join(f"({c * j})*x^{i}*y^{j - 1}" for c, i, j in terms if j) or "0"
    g = " + ".join(f"({-c * i})*x^{i - 1}*y^{j}" for c, i, j in terms if i) or "0"
    more = [("", ""), ("+ cos(y)", ""), ("- 2*sin(2*y)", "- exp(x)"), ("", "+ x*cos(x)")][extra]
    assume(terms and (f, g) != ("0", "0"))
    found = check_all(f"x' = {f} {more[0]}; y' = {g} {more[1]}")
    assert found.integral is not None, h
    assert found.integral.kind is Kind.HAMILTONIAN
    assert not found.of(Kind.DULAC)


@settings(max_examples=25, deadline=None)
@given(st.lists(coefficient, min_size=9, max_size=9), st.booleans())
def test_random_gradient_systems_are_recognised(values, wave):
    keys = [(i, j) for i in range(4) for j in range(4) if 0 < i + j <= 3]
    terms = [(c, i, j) for c, (i, j) in zip(values, keys, strict=True) if c]
    assume(terms)
    f = " + ".join(f"({c * i})*x^{i - 1}*y^{j}" for c, i, j in terms if i) or "0"
    g = " + ".join(f"({c * j})*x^{i}*y^{j - 1}" for c, i, j in terms if j) or "0"
    if wave:
        f, g = f"{f} + y*cos(x*y)", f"{g} + x*cos(x*y)"
    found = check_all(f"x' = {f}; y' = {g}")
    assert len(found.of(Kind.GRADIENT)) == 1


def test_no_integral_is_constant():
    for equations in ("x' = 0; y' = x", "x' = 1; y' = 0", "x' = -x; y' = -4*x", "x' = 0; y' = y"):
        fact = integral(equations)
        assert fact.kind in INTEGRALS
    assert structure("x' = 0; y' = 0").integral is None


@pytest.mark.parametrize(
    "equations",
    [
        "x' = y; y' = -x + sign(y)/10",  # energy comes in at the jump
        "x' = y; y' = -x - sign(y)",  # dry friction
        "x' = floor(x); y' = 0",
        "x' = sign(x)*y; y' = -1",
        "x' = y; y' = -x + atan(sign(y))",
    ],
)
def test_a_function_that_jumps_is_no_integral(equations):
    found = structure(equations)
    assert found.integral is None
    assert not found.of(Kind.GRADIENT)


def test_a_jump_that_orbits_cross_does_no_harm():
    for equations in ("x' = y; y' = -sign(x)", "x' = sign(y); y' = -sign(x)"):
        assert integral(equations).kind is Kind.HAMILTONIAN
    assert integral("x' = y*sqrt(abs(x)); y' = -x").kind is Kind.TIME_CHANGED


def test_a_tilted_pendulum_has_no_integral_on_the_cylinder():
    assert "not on the cylinder" in integral("x' = y; y' = 1/2 - sin(x)").region
    assert integral("x' = y; y' = -sin(x)").region == ""
    (rotor,) = check_all("x' = 1/2 - sin(x); y' = -y").of(Kind.GRADIENT)
    assert "not on the cylinder" in rotor.region
