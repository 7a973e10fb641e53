"""Theorems on the number of limit cycles, and what a portrait says of them."""

from __future__ import annotations

import pytest

from eqpp_dash.engine.cycles.number import known_number, with_known_number
from eqpp_dash.engine.cycles.values import CycleSearch
from eqpp_dash.engine.portrait import compute_portrait
from eqpp_dash.engine.system import parse_system
from eqpp_dash.model.cycles import CycleCoverage
from eqpp_dash.model.narrative import narrate
from eqpp_dash.model.spec import PortraitSpec

LIENARD, ZHANG = "Liénard's theorem", "Zhang's theorem"
ROUND = "every rotation keeps the field, so they are circles"


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("x' = y; y' = 3*(1 - x^2)*y - x", (1, 1, LIENARD)),
        ("x' = y - x^3 + x; y' = -x", (1, 1, LIENARD)),
        ("y' = x - y^3 + y; x' = -y", (1, 1, LIENARD)),
        ("x' = y; y' = -x^3 - (x^4 - 1)*y", (1, 1, LIENARD)),
        ("x' = y; y' = (x^2 - 1)*y - x", (1, 1, LIENARD)),  # backward in time
        ("x' = y; y' = (1 - x - x^2)*y - x", (0, 1, ZHANG)),
        ("x' = y - x^5 + 5*x^3 - 4*x; y' = -x", None),  # two cycles: Rychkov's system
        ("x' = y; y' = (1 - x^2)*y + x", None),  # a saddle at the origin
        ("x' = y; y' = (1 - x^2)*y^3 - x", None),
        ("x' = y - x*(x^2 + y^2 - 1)*(x^2 + y^2 - 4); y' = -x - y*(x^2 + y^2 - 1)*(x^2 + y^2 - 4)",
         (2, 2, ROUND)),
        ("x' = x*(1 - x^2 - y^2)^2 - y; y' = y*(1 - x^2 - y^2)^2 + x", (1, 1, ROUND)),
        ("x' = x*(2 - x^2 - y^2) - y*(2 - x^2 - y^2); y' = y*(2 - x^2 - y^2) + x*(2 - x^2 - y^2)",
         None),  # a circle of equilibria
        ("x' = x - y + 0*x*y; y' = x + y", (0, 0, ROUND)),
    ],
)  # fmt: skip
def test_theorems_apply_where_their_conditions_hold(text, known):
    found = known_number(parse_system(text).compile())
    assert (found and (found.least, found.most, found.reason)) == known


def told(text, window):
    portrait = compute_portrait(
        PortraitSpec(text, window=window, analyses=("equilibria", "cycles"))
    )
    paragraphs = narrate(portrait.facts())
    words = " ".join(sentence.text for part in paragraphs for sentence in part.sentences)
    return portrait, words


def test_a_portrait_with_all_cycles_says_so():
    limits = {"x": (-3.0, 3.0), "y": (-3.0, 3.0)}
    portrait, words = told("x' = y; y' = (1 - x^2)*y - x", limits)
    assert len(portrait.limit_cycles) == 1
    assert portrait.cycle_coverage.status == f"searched; no others (proved: {LIENARD})"
    assert portrait.cycle_coverage.blind == ()
    assert "There is no other limit cycle in the plane (proved: Liénard" in words


def test_a_cycle_that_was_not_found_is_known_to_exist():
    field = parse_system("x' = y; y' = (1 - x^2)*y - x").compile()
    nothing = CycleSearch(completeness=CycleCoverage("searched", 2, ("somewhere",)))
    found = with_known_number(field, nothing).completeness
    assert found.status == "searched"
    assert found.blind == (
        "somewhere",
        "1 more limit cycle exists in the plane (proved: Liénard's theorem)",
    )
