"""Zeros at which a field is continuously differentiable, and its second derivative jumps."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from eqpp_dash.engine.filippov.turning import turning_stability
from eqpp_dash.engine.portrait import compute_portrait
from eqpp_dash.engine.system import parse_system
from eqpp_dash.model.spec import PortraitSpec


@pytest.mark.parametrize(
    ("term", "normal"),
    [("y^2 - 2*x*y", (0.3, 1.0)), ("x^2 - 2*y^2", (1.0, -0.7)), ("x*y", (1.0, 0.2))],
)
def test_the_sign_is_that_of_a_turn_that_is_integrated(term, normal):
    """The linear part is a sheared center, and the border is oblique to it."""
    fields = [parse_system(f"x' = x + 2*y; y' = -x - y {s} ({term})").compile() for s in "+-"]
    width, start = 2.0, 1e-3
    found = turning_stability(*fields, np.array(normal), np.zeros(2), width)
    upper, lower = (field.scalar for field in fields)

    def rhs(t, state):
        side = upper if np.dot(normal, state) > 0 else lower
        return side(t, list(state))

    back = lambda t, state: state[1]  # noqa: E731
    back.direction = -1.0
    rules = {"rtol": 1e-11, "atol": 1e-14, "max_step": 0.01, "events": back}
    orbit = solve_ivp(rhs, (0.0, 7.5), [start, 0.0], **rules)
    (again,) = [
        state for t, state in zip(orbit.t_events[0], orbit.y_events[0], strict=True) if t > 3
    ]
    assert abs(again[0] - start) > 1e-7
    assert found.stability == ("stable" if again[0] < start else "unstable")


def test_smooth_terms_and_other_linear_parts_are_left_to_others():
    smooth = parse_system("x' = y; y' = -x - y^2").compile()
    focus = parse_system("x' = y; y' = -x - y/9 + y^2").compile()
    for other in (smooth, focus):
        assert turning_stability(smooth, other, np.array([0, 1.0]), np.zeros(2), 1.0) is None


def test_a_pendulum_with_quadratic_drag_has_saddles():
    analyses = ("equilibria", "separatrices")
    found = compute_portrait(PortraitSpec("x' = y; y' = -sin(x) - y*abs(y)/5", analyses=analyses))
    kinds = {round(item.point[0] / math.pi): item for item in found.equilibria}
    assert [kinds[k].kind for k in (-1, 1)] == ["saddle", "saddle"]
    assert [kinds[k].stability for k in (-2, 0, 2)] == ["stable"] * 3
    assert len(found.separatrices) == 8


def test_quadratic_drag_leaves_no_closed_orbits():
    """The energy falls wherever y is not zero, at the rate |y|^3/5."""
    analyses = ("equilibria", "cycles")
    window = {"x": (-2.0, 2.0), "y": (-2.0, 2.0)}
    spec = PortraitSpec("x' = y; y' = -x - y*abs(y)/5", window=window, analyses=analyses)
    found = compute_portrait(spec)
    assert not found.annuli
    assert not found.limit_cycles


def test_separatrices_end_where_quadratic_drag_takes_them():
    """They come nearer like one over the time."""
    analyses = ("equilibria", "cycles", "separatrices")
    found = compute_portrait(
        PortraitSpec("x' = y; y' = x - x^3 - 3*y*abs(y)/10", analyses=analyses)
    )
    kinds = [item.kind for item in found.equilibria]
    assert kinds == ["boundary equilibrium", "saddle", "boundary equilibrium"]
    ends = {item.limit for item in found.separatrices if item.branch.startswith("unstable")}
    assert ends == {"equilibrium 0", "equilibrium 2"}
