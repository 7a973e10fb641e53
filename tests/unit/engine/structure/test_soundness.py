"""Nothing wrong is claimed of what is zero on open sets, or of what hides where it is defined."""

from __future__ import annotations

from fractions import Fraction

import pytest

from eqpp_dash.engine.expression.graph import Graph
from eqpp_dash.engine.structure.dulac import _where_defined
from eqpp_dash.engine.structure.facts import Kind

from .checking import structure

INTEGRALS = (Kind.HAMILTONIAN, Kind.TIME_CHANGED, Kind.CONSERVED)


@pytest.mark.parametrize(
    "equations",
    [
        "x' = y - max(x - 5, 0); y' = -x",  # a center where x < 5
        "x' = y; y' = -x - y*atan(max(x - 5, 0))^2",
        "x' = y; y' = -x - y*erf(abs(x) - x)^2",
        "x' = y; y' = -x - y*atan(sqrt(x^2) - x)^2",
    ],
)
def test_a_divergence_that_is_zero_on_an_open_set_excludes_no_closed_orbit(equations):
    assert not structure(equations).of(Kind.DULAC)


@pytest.mark.parametrize(
    ("equations", "sign"),
    [
        ("x' = y; y' = -x - y*(2 + sign(x))", None),  # the field jumps
        ("x' = y; y' = -x - y*(1 - sin(x))", -1),
        ("x' = y - 2*x - abs(x); y' = -x", -1),
        ("x' = y; y' = -x - y*atan(x)^2", -1),
        ("x' = y; y' = -x - y*atan(abs(x - 1) + 1)^2", -1),
    ],
)
def test_one_that_is_zero_on_curves_does(equations, sign):
    found = structure(equations).of(Kind.DULAC)
    assert [fact.sign for fact in found] == ([] if sign is None else [sign])


@pytest.mark.parametrize(
    "equations",
    [
        "x' = y; y' = -x*sign(max(x, 0))^2",
        "x' = y; y' = -x*sign(floor(x))^2",
        "x' = y; y' = (if max(x, 0) >= 0 then -x else 0) - (if max(x, 0) > 0 then -x else 0)",
        "x' = y; y' = -x*sign(sqrt(2)*sqrt(3) - sqrt(6))^2",
    ],
)
def test_the_sign_of_what_is_zero_on_an_open_set_is_not_understood(equations):
    found = structure(equations)
    assert not found.of(*INTEGRALS, Kind.SYMMETRY, Kind.REVERSIBLE)
    assert "first integrals" in found.unfinished


@pytest.mark.parametrize(
    "equations",
    [
        "x' = y; y' = if sin(x)^2 + cos(x)^2 >= 1 then -x else x",
        "x' = y; y' = if x + y <= y + x then -x else x",
        "x' = y; y' = if x > x then x else -x",
    ],
)
def test_a_relation_of_equal_sides_is_decided(equations):
    assert structure(equations).integral.expression == "y^2/2 + x^2/2"


@pytest.mark.parametrize(
    "equations",
    [
        "x' = sqrt(2)*sqrt(3) - sqrt(6); y' = 0*x",  # zero, which the form does not show
        "x' = x^0; y' = 0^x",  # log(0) in the integral
    ],
)
def test_a_function_that_is_constant_or_nowhere_defined_is_no_first_integral(equations):
    assert structure(equations).integral is None
    assert not structure(equations).of(Kind.GRADIENT)


def test_of_a_field_that_is_zero_no_multiplier_is_given():
    fact = structure(
        "x' = (sqrt(2)*sqrt(3) - sqrt(6))*y; y' = (sqrt(2)*sqrt(3) - sqrt(6))*x"
    ).integral
    assert (fact.kind, fact.multiplier) == (Kind.CONSERVED, "")


def test_poles_inside_of_functions_are_holes():
    (fact,) = structure("x' = -y*sin(1/(x^2 + y^2)) - x; y' = x*sin(1/(x^2 + y^2)) - y").of(
        Kind.DULAC
    )
    assert not fact.simply_connected


@pytest.mark.parametrize(
    ("equations", "expressions"),
    [
        ("x' = x*x; y' = x*y", ["y", "x - y", "x + y"]),  # x = 0 is at rest
        ("x' = (sin(x) - 2)*y; y' = x", []),  # no real points
        ("x' = (exp(x) + 1)*y; y' = x*sin(x)", []),
        ("x' = x^y; y' = y^x", []),
        ("x' = sin(x)*exp(y); y' = cos(x*y)", ["sin(x)"]),
        ("x' = 1 + y^2; y' = y - sign(x)", []),  # orbits leave y = sign(x) at its jump
    ],
)
def test_invariant_curves_have_real_points_and_move(equations, expressions):
    assert [fact.expression for fact in structure(equations).curves] == expressions


@pytest.mark.parametrize(
    ("equations", "kept"),
    [
        ("x' = (y^1.5)^2; y' = 1", []),
        ("x' = sqrt(x)^2 - x + sin(x); y' = cos(x)*y", ["(x, y) -> (x, -y)"]),
    ],
)
def test_a_symmetry_keeps_the_domain(equations, kept):
    found = structure(equations).facts
    assert [fact.expression for fact in found if fact.map is not None] == kept


def test_a_region_that_names_another_variable_is_no_excuse():
    graph = Graph()
    log = graph.call("log", graph.call("abs", graph.symbol("variable", "x")))
    weights = [Fraction(-1)]
    assert _where_defined([log], weights, "rx > 0") == "rx > 0; off x = 0"
    assert _where_defined([log], weights, "x > 0 and y > 0") == "x > 0 and y > 0"
