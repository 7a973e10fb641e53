"""Weak foci and centers: focal values against known conditions and against integration."""

from __future__ import annotations

import random

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.kinds.decide import decide_kinds
from eqpp_dash.engine.kinds.germ import Germ
from eqpp_dash.engine.kinds.turning import first_focal_value
from eqpp_dash.engine.system import parse_system

from .planting import decided, disguised, terms


def bautin(l2: int, l3: int, l4: int, l5: int, l6: int) -> str:
    return (
        f"x' = -y - ({l3})*x^2 + ({2 * l2 + l5})*x*y + ({l6})*y^2;"
        f"y' = x + ({l2})*x^2 + ({2 * l3 + l4})*x*y - ({l2})*y^2"
    )


def focal_order(text: str) -> int | None:
    germ = Germ(*terms(text))
    found = first_focal_value(lambda degree: germ)
    return found and found.order


@pytest.mark.parametrize(
    ("values", "order"),
    [
        # Bautin 1952: L1 = l5 (l3 - l6), L2 = l2 l4 (l3 - l6) (l4 + 5 l3 - 5 l6),
        # L3 = l2 l4 (l3 - l6)^2 (l3 l6 - 2 l6^2 - l2^2), up to factors
        ((1, 1, 0, 1, 0), 1),
        ((2, 3, 1, -2, 1), 1),
        ((1, 1, 1, 0, 0), 2),
        ((1, 2, 3, 0, 1), 2),
        ((1, 1, -5, 0, 0), 3),
        ((2, 3, -10, 0, 1), 3),
        ((1, 2, 0, 0, 1), None),  # Hamiltonian
        ((0, 2, 3, 0, 1), None),  # reversible
        ((1, 2, 3, 4, 2), None),  # three invariant lines
        ((1, 3, -10, 0, 1), None),  # l4 = -5 (l3 - l6), l2^2 = l3 l6 - 2 l6^2
    ],
)
def test_the_order_of_weak_foci_of_quadratic_fields(values, order):
    assert focal_order(bautin(*values)) == order


@pytest.mark.parametrize(
    "text",
    [
        bautin(1, 2, 0, 0, 1),
        bautin(0, 2, 3, 0, 1),
        bautin(1, 2, 3, 4, 2),
        "x' = y; y' = -sin(x)",
        "x' = y; y' = -x - x^3*y^2",
        "x' = x*y + y; y' = -x",
    ],
)
def test_centers_are_proved(text):
    item = decided(parse_system(text).compile({}))
    assert (item.kind, item.stability, item.index) == ("center", "neutral", 1)
    assert any(word in item.reason for word in ("first integral", "reversor", "Bautin"))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("x' = y; y' = -x^3", "nilpotent center"),
        ("x' = y; y' = -x^3 + x*y*0.5", "nilpotent center"),
        ("x' = -y^3; y' = x^3", "center"),
    ],
)
def test_degenerate_centers_are_proved(text, kind):
    item = decided(parse_system(text).compile({}))
    assert (item.kind, item.stability, item.index) == (kind, "neutral", 1)


def test_what_is_not_proved_stays_undecided():
    # a disguised Hamiltonian field: a center, but no integral of this form is searched
    item = decided(disguised("x' = -y + 3*y^2; y' = x + x^3", random.Random(3)))
    assert item.kind == "undecided"
    assert "focal values vanish to order 4" in item.reason
    assert (item.stability, item.index) == ("undecided", 1)


def displacement(text: str, radius: float) -> float:
    """Give by how much one turn about the origin moves a point of the positive x-axis."""
    field = parse_system(text).compile({})

    def on_axis(t, x):
        return x[1]

    on_axis.direction = np.sign(field(0.0, np.array([radius, 0.0]))[1])
    start = np.array([radius, 0.0])
    solution = solve_ivp(
        field.scalar, (0, 8), start, method="DOP853", rtol=1e-12, atol=1e-15, events=on_axis
    )
    crossings = [p[0] for p in solution.y_events[0] if p[0] > 0 and p[0] != radius]
    return crossings[0] - radius


def test_signs_agree_with_integration():
    source = random.Random(5)
    kinds = set()
    for _ in range(8):
        c = [source.randint(-3, 3) for _ in range(8)]
        text = (
            f"x' = -2*y + ({c[0]})*x^2 + ({c[1]})*x*y + ({c[2]})*x^3 + ({c[3]})*y^3;"
            f"y' = x + ({c[4]})*x^2 + ({c[5]})*y^2 + ({c[6]})*x^2*y + ({c[7]})*y^3"
        )
        item = decided(parse_system(text).compile({}))
        kinds.add(item.kind)
        moved = displacement(text, 0.01)
        if item.kind == "weak stable focus":
            assert moved < 0
        elif item.kind == "weak unstable focus":
            assert moved > 0
        else:
            assert item.kind == "center"
            assert abs(moved) < 1e-12
    assert {"weak stable focus", "weak unstable focus"} <= kinds


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("x' = y; y' = -x - 0.6*sign(y - 1)", "center"),
        ("x' = y; y' = -x - y^3 - 0.6*sign(y - 1)", "weak stable focus"),
        ("x' = x^2; y' = -y + heaviside(x - 3)", "saddle-node"),
    ],
)
def test_where_a_field_jumps_its_piece_about_the_point_decides(text, kind):
    field = parse_system(text).compile()
    found = find_equilibria(field, {"x": (-2, 2), "y": (-2, 2)}).equilibria
    (item,) = decide_kinds(field, found, lambda: None, np.array([4.0, 4.0]))
    assert item.kind == kind
