from __future__ import annotations

import json

import numpy as np

from eqpp_dash.engine.expression.text import to_text
from eqpp_dash.engine.structure.facts import Kind, Structure, StructureFact

from .checking import compiled, structure


def test_facts_are_json_and_leave_out_what_does_not_apply():
    found = structure("x' = x*(2 - y); y' = y*(x - 3)")
    facts = json.loads(json.dumps(found.to_json()))
    assert [fact["type"] for fact in facts] == [
        "hamiltonian after a change of time",
        "invariant curve",
        "invariant curve",
    ]
    assert set(facts[0]) == {"type", "expression", "how", "multiplier"}
    assert facts[1] == {
        "type": "invariant curve",
        "expression": "x",
        "how": "its derivative along the field is itself times the cofactor",
        "cofactor": "2 - y",
    }


def test_warnings_are_in_the_json():
    (ring,) = structure("x' = x*(1 - x^2 - y^2) - y; y' = y*(1 - x^2 - y^2) + x").of(Kind.DULAC)
    assert ring.to_json()["simply_connected"] is False
    focus = structure("x' = x + 2*y; y' = -2*x + y").integral
    assert focus.to_json()["single_valued"] is False
    (mirror, _) = structure("x' = y; y' = -sin(x)").reversors
    assert mirror.to_json()["axis"] == [0.0, 1.0, 0.0]
    (every,) = structure("x' = -y; y' = x").of(Kind.REVERSIBLE)
    assert every.to_json()["every_angle"] is True


def test_the_expressions_read_back_are_the_functions():
    x = np.random.default_rng(0).uniform(0.1, 2, (2, 20))
    for equations in (
        "x' = y; y' = -sin(x) - y^2/10",
        "x' = x*(2 - y); y' = y*(x - 3)",
        "x' = y; y' = -x - y + x^2 + y^2",
        "x' = -y*(0.5*x + 0.3*y + 1) - (x^2 + y^2 - 1); y' = x*(0.5*x + 0.3*y + 1)",
    ):
        for fact in structure(equations).facts:
            assert (fact.node is None) == (fact.function is None)
            if fact.function is not None:
                assert to_text(fact.node) == fact.expression
                again = compiled(f"x' = {fact.expression}; y' = x")(0.0, x)[0]
                np.testing.assert_allclose(fact.function(0.0, x), again, rtol=1e-12)
            if fact.cofactor_function is not None:
                again = compiled(f"x' = {fact.cofactor}; y' = x")(0.0, x)[0]
                np.testing.assert_allclose(fact.cofactor_function(0.0, x), again, atol=1e-12)


def test_an_empty_structure():
    empty = Structure()
    assert empty.integral is None
    assert empty.curves == empty.reversors == ()
    assert empty.to_json() == []
    assert StructureFact(Kind.CURVE, "x", "so").region == ""
