from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from eqpp_dash.engine.cycles.arcs import find_arcs
from eqpp_dash.engine.cycles.branches import BranchTracer
from eqpp_dash.engine.cycles.focal import linear_turn, lyapunov_sign
from eqpp_dash.engine.cycles.lanes import Fate
from eqpp_dash.engine.cycles.returns import ReturnMap
from eqpp_dash.engine.cycles.stepping import turning_share
from eqpp_dash.engine.system import parse_system

LO, HI = np.array([-3.0, -3.0]), np.array([3.0, 3.0])
BOX = (7 * LO, 7 * HI)
ORIGIN = np.zeros((1, 2))


def arcs_of(text, known=ORIGIN):
    field = parse_system(text).compile()
    return field, find_arcs(field, LO, HI, BOX, known)


def test_a_branch_is_followed_through_all_scales():
    """y = x^2/(1 - x) from the origin, 1e-7 of the window, to the border."""
    (factor,) = parse_system("x' = y - x*y - x^2; y' = x").compile().factors[0]
    tracer = BranchTracer(factor, HI - LO, *BOX, ORIGIN)
    lines = tracer.branches([(LO, HI), BOX])
    assert len(lines) == 3  # both ways from the origin, and beyond the pole at x = 1
    for branch in lines:
        x, y = branch.points[:-1].T
        assert y * (1 - x) == pytest.approx(x**2, abs=1e-7)
    assert min(np.abs(b.points[1]).max() for b in lines) < 1e-5


def test_sections_are_where_x_has_a_maximum():
    field, arcs = arcs_of("x' = y - (x^3/3 - x); y' = -x")
    assert arcs
    for arc in arcs:
        x = arc.abscissa(np.linspace(*arc.limits(), 30))
        y = arc.height(x)
        rates, slopes = field(0.0, np.stack([x, y])), field.jacobian(0.0, np.stack([x, y]))
        assert np.abs(rates[0]).max() < 1e-8
        assert (slopes[0, 1] * rates[1] < 0).all()


def test_positions_and_abscissas_are_inverse():
    _, (arc,) = arcs_of("x' = y; y' = -x")
    place = np.linspace(*arc.limits(), 50)
    assert arc.position(arc.abscissa(place)) == pytest.approx(place, abs=1e-9)


def test_returns_against_scipy():
    """Return, time, divergence and slope of a van der Pol orbit, and of two beside it."""
    field, arcs = arcs_of("x' = y; y' = (1 - x^2)*y - x")
    returns = ReturnMap(field, arcs, HI - LO, (40 * LO, 40 * HI))
    x = np.array([1.2, 1.2 + 1e-6, 1.2 - 1e-6])
    out = returns.shoot(np.zeros(3, dtype=np.intp), x, np.ones(3), 1e-12)
    assert (out.fate == Fate.RETURNED).all()

    def rates(t, s):
        return s[1], (1 - s[0] ** 2) * s[1] - s[0], 1 - s[0] ** 2

    def back(t, s):
        return s[1] if t > 1 else -1.0

    back.direction, back.terminal = -1.0, True
    ref = solve_ivp(rates, (0, 20), [1.2, 0, 0], "DOP853", events=back, rtol=1e-12, atol=1e-13)
    assert out.x[0] == pytest.approx(ref.y_events[0][0, 0], abs=1e-10)
    assert out.time[0] == pytest.approx(ref.t_events[0][0], abs=1e-9)
    assert out.divergence[0] == pytest.approx(ref.y_events[0][0, 2], abs=1e-8)
    measured = (out.x[1] - out.x[2]) / 2e-6
    assert np.exp(out.log_slope[0]) == pytest.approx(measured, rel=1e-5)


def test_the_backward_return_undoes_the_forward_one():
    field, arcs = arcs_of("x' = y; y' = (1 - x^2)*y/10 - x")
    returns = ReturnMap(field, arcs, HI - LO, (40 * LO, 40 * HI))
    arc, x = np.zeros(4, dtype=np.intp), np.array([0.1, 0.8, 2.0, 3.5])
    there = returns.shoot(arc, x, np.ones(4), 1e-12)
    back = returns.shoot(arc, there.x, -np.ones(4), 1e-12)
    assert back.x == pytest.approx(x, abs=1e-9)
    assert back.log_slope == pytest.approx(-there.log_slope, abs=1e-8)


def test_orbits_that_never_return():
    """An orbit that winds into a cycle without crossing its first section again is told at once."""
    field, arcs = arcs_of("x' = x*(1 - x^2 - y^2) - 3*y; y' = y*(1 - x^2 - y^2) + 3*x")
    returns = ReturnMap(field, arcs, HI - LO, (40 * LO, 40 * HI))
    arc = int(np.argmax([a.x[-1] for a in arcs if a.x[0] >= -1e-9]))
    out = returns.shoot(np.full(2, arc), np.array([0.2, 0.9]), np.array([1.0, -1.0]))
    assert set(out.fate.tolist()) <= {Fate.RETURNED, Fate.TRAPPED, Fate.LEFT, Fate.CAUGHT}
    outward = returns.shoot(np.full(1, arc), np.array([0.95 * arcs[arc].x[-1]]), -np.ones(1))
    assert outward.fate[0] != Fate.GIVEN_UP


def test_the_turning_share_is_the_zero_of_the_rate():
    """x = θ(1 - θ) has its maximum at one half; as interpolant its second term is 1."""
    terms = np.zeros((7, 1))
    terms[1] = 1.0
    assert turning_share(terms) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("text", "kind", "sign"),
    [
        ("x' = -y - x*(x^2 + y^2); y' = x - y*(x^2 + y^2)", "weak", -1),
        ("x' = -2*y + x*(x^2 + y^2); y' = x/2 + y*(x^2 + y^2)", "weak", 1),
        ("x' = y; y' = -x + x^2 + 3/10*x*y + y^2/5", "weak", 1),  # b(a + c) > 0
        ("x' = y; y' = -x + x^2 - 3/10*x*y + y^2/5", "weak", -1),
        ("x' = y; y' = -x", "weak", 0),
        ("x' = y; y' = -sin(x)", "weak", 0),
        ("x' = y; y' = -x - y", "focus", None),
        ("x' = y; y' = x", "saddle", None),
        ("x' = -x; y' = -2*y", "node", None),
    ],
)
def test_turns_about_equilibria(text, kind, sign):
    field = parse_system(text).compile()
    turn = linear_turn(field, np.zeros(2))
    assert turn.kind == kind
    if sign is not None:
        assert lyapunov_sign(field, np.zeros(2)) == sign
    if kind == "focus":
        assert turn.growth == pytest.approx(-2 * np.pi / np.sqrt(3))
