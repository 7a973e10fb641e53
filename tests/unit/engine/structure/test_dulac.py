from __future__ import annotations

import numpy as np
import pytest

from eqpp_dash.engine.structure.facts import Kind
from eqpp_dash.engine.structure.find import find_structure

from .checking import check_all, compiled, structure


def dulac(equations, parameters=None, window=None):
    limits = None if window is None else tuple(np.array(edge, float) for edge in window)
    found = check_all(equations, parameters, window=limits).of(Kind.DULAC)
    return found[0] if found else None


@pytest.mark.parametrize(
    ("equations", "expression", "sign"),
    [
        ("x' = y; y' = -sin(x) - y/5", "1", -1),
        ("x' = y; y' = x - x^3 - 0.15*y", "1", -1),
        ("x' = -x + 3/(1 + y^2); y' = -y + 3/(1 + x^2)", "1", -1),
        ("x' = y; y' = -x - y + x^2 + y^2", "exp(-2*x)", -1),
        ("x' = y; y' = -x - y^3", "1", -1),
        ("x' = y; y' = x - y*(2 + sin(x))", "1", -1),
        ("x' = x + x^3 - 4*y; y' = y + 2*x^2*y", "1", 1),
        ("x' = y; y' = -x - y*(x^2 - 2*x*y + 3*y^2)", "1", -1),
    ],
)
def test_on_the_whole_plane(equations, expression, sign):
    fact = dulac(equations)
    assert (fact.expression, fact.sign, fact.region) == (expression, sign, "")
    assert fact.simply_connected


def test_competing_species():
    fact = dulac("x' = x*(3 - x - 2*y); y' = y*(2 - x - y)")
    assert fact.sign == -1
    assert fact.simply_connected


def test_a_quadrant_beside_invariant_axes():
    fact = dulac("x' = x*(3 - x^3 - 2*y); y' = y*(2 - x - y^3)")
    assert (fact.region, fact.expression) == ("x > 0 and y > 0", "1/(x*y)")
    assert fact.simply_connected


@pytest.mark.parametrize(
    "equations",
    [
        "x' = y; y' = (1 - x^2)*y - x",
        "x' = 1 - 4*x + x^2*y; y' = 3*x - x^2*y",
        "x' = y; y' = -0.92*y + x - x^2 + x*y",
        "x' = x*(1 - x/3) - 2*x*y/(1 + x); y' = y*(6*x/(5*(1 + x)) - 1/2)",
        "x' = y - (0.8*x - 4/3*x^3 + 0.32*x^5); y' = -x",
    ],
)
def test_nothing_where_there_is_a_cycle(equations):
    fact = dulac(equations)
    assert fact is None or not fact.simply_connected


def test_a_ring_is_not_called_simply_connected():
    # one cycle: the unit circle
    fact = dulac("x' = x*(1 - x^2 - y^2) - y; y' = y*(1 - x^2 - y^2) + x")
    assert fact is not None
    assert not fact.simply_connected


def test_a_pole_makes_a_hole():
    # closed orbits round the pole at the origin are possible
    fact = dulac("x' = -x - y/(x^2 + y^2); y' = -y + x/(x^2 + y^2)")
    assert fact is not None
    assert fact.sign == -1
    assert not fact.simply_connected


def test_a_jump_is_not_passed_over():
    # the divergence is -1/10 on both sides, and yet there is a cycle: energy comes in at the jump
    equations = "x' = y - x/10 + 2*sign(x); y' = -x"
    assert dulac(equations) is None
    assert dulac("x' = y - x/10 + abs(x)/20; y' = -x") is not None


def test_in_a_window_only():
    equations = "x' = y; y' = -x - y*cos(x)"
    assert dulac(equations) is None
    fact = dulac(equations, window=([-1.5, -2], [1.5, 2]))
    assert fact.sign == -1
    assert "x from -1.5 to 1.5" in fact.region
    assert dulac(equations, window=([-2, -2], [2, 2])) is None


def test_a_time_limit_is_told():
    field = compiled(
        "x' = " + " + ".join(f"x^{i}*y^{9 - i}*{i + 1}" for i in range(10)) + "; y' = x"
    )
    found = find_structure(field, work=300)
    assert found.unfinished
    assert structure("x' = y; y' = -x").unfinished == ()


def test_fields_that_are_not_planar_are_refused():
    with pytest.raises(ValueError, match="planar"):
        find_structure(compiled("x' = y; y' = z; z' = x"))
    with pytest.raises(ValueError, match="autonomous"):
        find_structure(compiled("x' = y; y' = t"))
