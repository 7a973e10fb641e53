"""The audit of indices agrees where all is found, and tells what is missing where not."""

import os
from dataclasses import replace

import numpy as np
import pytest

from eqpp_dash.engine import compute_portrait
from eqpp_dash.engine.audit import audit_indices, audit_notices, border_direction
from eqpp_dash.engine.cycles import find_limit_cycles
from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.kinds.decide import with_kinds
from eqpp_dash.engine.structure.find import planar_structure
from eqpp_dash.engine.system import parse_system
from eqpp_dash.model.spec import PortraitSpec

SYSTEMS = int(os.environ.get("AUDIT_SYSTEMS", "80"))
"""Random polynomial fields that are audited; `make thorough` takes 2,000."""

WINDOW = {"x": (-3.0, 3.0), "y": (-3.0, 3.0)}


def searched(text, window=WINDOW):
    field = parse_system(text).compile()
    found = find_equilibria(field, window)
    return field, with_kinds(found, field, window, lambda: planar_structure(field, window))


def audit(text, window=WINDOW):
    field, found = searched(text, window)
    return audit_indices(field, window, found, structure=planar_structure(field, window))


@pytest.mark.parametrize(
    ("text", "turns"),
    [
        ("x' = y; y' = (1 - x^2)*y - x", 1),
        ("x' = y; y' = x - x^3", 1),
        ("x' = x*(3 - x - 2*y); y' = y*(2 - x - y)", 2),
        ("x' = x^2 - y^2; y' = -2*x*y", -2),
        ("x' = x^2 - y^2; y' = 2*x*y", 2),
        ("x' = 1; y' = x", 0),
        ("x' = x/(x^2 + y^2); y' = y/(x^2 + y^2)", 1),
        ("x' = abs(x) - 1; y' = y", 0),
    ],
)
def test_the_sum_is_the_number_of_turns(text, turns):
    found = audit(text)
    assert (found.boundary, found.sum, found.consistent) == (turns, turns, True)


def test_a_missing_equilibrium_is_told():
    field, found = searched("x' = y; y' = x - x^3")
    for k, item in enumerate(found.equilibria):
        rest = tuple(e for i, e in enumerate(found.equilibria) if i != k)
        missed = audit_indices(field, WINDOW, replace(found, equilibria=rest))
        assert missed.consistent is False
        (notice,) = audit_notices(missed)
        assert f"add up to {item.index} are missing" in notice.message
    assert audit_notices(audit_indices(field, WINDOW, found)) == []


def test_a_cycle_encloses_indices_that_add_up_to_1():
    field, found = searched("x' = y; y' = (1 - x^2)*y - x")
    cycles = find_limit_cycles(field, WINDOW, found.equilibria).cycles
    assert audit_indices(field, WINDOW, found, cycles).consistent is True
    wrong = tuple(replace(item, equilibria=()) for item in cycles)
    missed = audit_indices(field, WINDOW, found, wrong)
    assert missed.consistent is False
    assert "within cycle 0 add up to 0, not 1" in missed.notes[0]


def test_an_equilibrium_on_the_border_moves_the_curve():
    found = audit("x' = y; y' = -sin(x)", {"x": (-np.pi, np.pi), "y": (-3.0, 3.0)})
    assert found.consistent is True
    assert "moved" in found.notes[0]
    assert found.boundary == -1
    assert found.curve[0, 0] < -np.pi


def test_what_is_not_known_is_undecided():
    line = audit("x' = y*(1 + x); y' = y*(1 - x)")
    assert (line.consistent, line.sum) == (None, None)
    assert any("the set y = 0" in note for note in line.notes)
    jump = audit("x' = sign(x - 1/10); y' = y")
    assert jump.consistent is None
    assert not audit_notices(jump)


def test_over_a_whole_period_the_ends_differ_by_the_sum():
    found = audit("x' = y; y' = -sin(x)", {"x": (-7.0, 7.0), "y": (-3.0, 3.0)})
    assert found.consistent is True
    assert any("over one period of x: 0 turns" in note for note in found.notes)


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("x' = -x; y' = -y", "enters"),
        ("x' = x + y/9; y' = y", "leaves"),
        ("x' = y; y' = (1 - x^2)*y - x", ""),
        ("x' = x; y' = -y", ""),
    ],
)
def test_the_border_traps_only_if_all_of_it_does(text, way):
    field = parse_system(text).compile()
    assert border_direction(field, np.full(2, -3.0), np.full(2, 3.0)) == way


def test_a_portrait_is_audited():
    found = compute_portrait(PortraitSpec("x' = y; y' = (1 - x^2)*y - x", window=WINDOW))
    facts = found.facts()["audit"]
    assert (facts["boundary"], facts["sum"], facts["consistent"]) == (1, 1, True)


def test_forced_fields_and_those_not_searched_are_not_audited():
    field, found = searched("x' = y; y' = -x")
    assert audit_indices(field, WINDOW, None) is None
    forced = parse_system("x' = y; y' = -x + cos(t)").compile()
    assert audit_indices(forced, WINDOW, found) is None


def random_field(generator):
    degree = generator.integers(1, 5)

    def component():
        terms = [
            f"{generator.integers(-9, 10)}/{generator.integers(1, 5)}*x^{i}*y^{j}"
            for i in range(degree + 1)
            for j in range(degree + 1 - i)
            if generator.random() < 0.6
        ]
        return " + ".join(f"({term})" for term in terms) or "0"

    return f"x' = {component()}; y' = {component()}"


def test_random_polynomial_fields_are_never_inconsistent():
    generator = np.random.default_rng(SYSTEMS)
    outcomes = []
    for _ in range(SYSTEMS):
        text = random_field(generator)
        field = parse_system(text).compile()
        found = find_equilibria(field, WINDOW)
        found = with_kinds(found, field, WINDOW, lambda: None)
        result = audit_indices(field, WINDOW, found)
        assert result.consistent is not False, (text, result)
        if result.consistent is None:
            assert result.notes, text
        outcomes.append(result.consistent)
    assert outcomes.count(True) > 0.9 * SYSTEMS
