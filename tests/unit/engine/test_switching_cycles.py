"""Limit cycles across and along surfaces, against closed forms and other integrators."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from eqpp_dash import PortraitSpec, compute_portrait, portrait_figure
from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.filippov.cycles import find_switching_cycles, jumping_surfaces
from eqpp_dash.engine.filippov.cycles.bands import center_bands
from eqpp_dash.engine.filippov.cycles.sides import sides_of
from eqpp_dash.engine.filippov.pieces import filippov_field
from eqpp_dash.engine.system import parse_system
from eqpp_dash.store.codec import decode_portrait, encode_portrait

SQUARE = {"x": (-4, 4), "y": (-4, 4)}
STRIBECK = "x' = y; y' = -x - 0.6*sign(y - 1)/(1 + abs(y - 1))"


def search(equations, window=SQUARE):
    field = parse_system(equations).compile()
    known = find_equilibria(field, window).equilibria
    surfaces = jumping_surfaces(field, window)
    assert surfaces
    return find_switching_cycles(field, window, surfaces, known)


def half_turn(matrix, constant, at, y, side):
    """Give where and when an affine flow from (at, y) comes back to x = at: closed form."""
    whole = np.zeros((3, 3))
    whole[:2, :2], whole[:2, 2] = matrix, constant
    rates, modes = np.linalg.eig(whole)
    shares = np.linalg.solve(modes, np.array([at, y, 1.0]))

    def state(time):
        return (modes @ (np.exp(rates * time) * shares)).real

    late = 0.05
    while side * (state(late)[0] - at) > 0:
        late += 0.05
        assert late < 50.0
    time = brentq(lambda time: state(time)[0] - at, late - 0.05, late, xtol=1e-15, rtol=1e-14)
    return state(time)[1], time


def closed_form(left, right, at, bracket):
    """Give the crossing, period and log multiplier of a piecewise affine cycle."""

    def turn(y):
        low, first = half_turn(*right, at, y, 1.0)
        back, second = half_turn(*left, at, low, -1.0)
        return back, first + second

    y = brentq(lambda y: turn(y)[0] - y, *bracket, xtol=1e-14)
    slope = (turn(y + 1e-5)[0] - turn(y - 1e-5)[0]) / 2e-5
    return y, turn(y)[1], np.log(slope)


def crossing(cycle, at):
    """Give the y at which a drawn cycle crosses x = at to the right."""
    x, y = cycle.points.T
    k = np.flatnonzero((x[:-1] <= at) & (x[1:] > at))[0]
    return y[k] + (at - x[k]) / (x[k + 1] - x[k]) * (y[k + 1] - y[k])


def test_a_crossing_cycle_has_the_period_of_its_closed_form():
    (cycle,) = search("x' = -y + 0.5*sign(x) - 0.5*x; y' = x").cycles
    matrix = np.array([[-0.5, -1.0], [1.0, 0.0]])
    left, right = (matrix, [-0.5, 0.0]), (matrix, [0.5, 0.0])
    y, period, log = closed_form(left, right, 0.0, (-1.5, -1.0))
    assert cycle.period == pytest.approx(period, rel=1e-12)
    assert cycle.log_multiplier == pytest.approx(log, rel=1e-7)
    assert cycle.bounds[1] == pytest.approx([y, -y], rel=1e-9)
    assert (cycle.stability, cycle.evidence) == ("stable", "verified")
    # the rightmost point: x' = 0 on the right side
    assert cycle.point[1] == pytest.approx(0.5 - 0.5 * cycle.point[0], abs=1e-8)


def test_three_crossing_cycles_of_huan_and_yang():
    """S.-M. Huan, X.-S. Yang, Discrete Contin. Dyn. Syst. 32 (2012) 2147: focus and focus."""
    left, right = ([[1.0, -5.0], [0.377, -1.3]], [0, 0]), ([[0.38, -1.0], [1.0, 0.38]], [0, 0])
    found = search(
        "x' = heaviside(1 - x)*(x - 5*y) + heaviside(x - 1)*(0.38*x - y);"
        "y' = heaviside(1 - x)*(0.377*x - 1.3*y) + heaviside(x - 1)*(x + 0.38*y)"
    )
    assert [item.stability for item in found.cycles] == ["unstable", "stable", "unstable"]
    assert [item.cycles for item in found.cycles] == [(), (0,), (0, 1)]
    brackets = ((0.1, 0.17), (-0.2, 0.0), (-0.6, -0.4))
    for cycle, bracket in zip(found.cycles, brackets, strict=True):
        y, period, log = closed_form(left, right, 1.0, bracket)
        assert crossing(cycle, 1.0) == pytest.approx(y, abs=1e-4)
        assert cycle.period == pytest.approx(period, rel=1e-11)
        assert cycle.log_multiplier == pytest.approx(log, abs=1e-6)
        assert cycle.evidence == "verified"
    assert found.completeness.blind == ()


def stick_slip_period():
    """Follow the stick-slip orbit from the end of the sliding segment with scipy's events."""

    def field(side):
        return lambda t, z: [z[1], -z[0] - 0.6 * side / (1.0 + side * (z[1] - 1.0))]

    def belt(t, z):
        return z[1] - 1.0

    def rises(t, z):
        return z[1] - 1.0

    belt.terminal = rises.terminal = True
    belt.direction, rises.direction = -1.0, 1.0
    options = {"method": "DOP853", "rtol": 1e-13, "atol": 1e-14}
    slow = solve_ivp(field(-1.0), [0, 9], [0.6, 1.0 - 1e-14], events=rises, **options)
    fast = solve_ivp(field(1.0), [0, 9], slow.y_events[0][0], events=belt, **options)
    landed = fast.y_events[0][0][0]
    assert -0.6 < landed < 0.6
    return slow.t_events[0][0] + fast.t_events[0][0] + (0.6 - landed)


def test_a_stick_slip_cycle_is_superstable():
    found = search(STRIBECK)
    (cycle,) = found.cycles
    assert cycle.period == pytest.approx(stick_slip_period(), rel=1e-8)
    assert (cycle.log_multiplier, cycle.multiplier) == (-np.inf, 0.0)
    assert (cycle.stability, cycle.evidence, cycle.equilibria) == ("stable", "verified", (0,))
    assert found.completeness.blind == ()


def test_backward_it_is_unstable():
    (cycle,) = search(STRIBECK.replace("= y", "= -y").replace("-x - 0.6", "x + 0.6")).cycles
    assert cycle.period == pytest.approx(stick_slip_period(), rel=1e-8)
    assert (cycle.log_multiplier, cycle.stability) == (np.inf, "unstable")


def test_dry_friction_puts_an_unstable_cycle_inside_a_stable_one():
    inner, outer = search("x' = y; y' = (1 - x^2)*y - x - 0.1*sign(y)").cycles
    assert (inner.stability, outer.stability, outer.cycles) == ("unstable", "stable", (0,))
    for cycle in (inner, outer):
        at, time, log = np.array([cycle.point[0], 0.0]), 0.0, 0.0
        for side in (-1.0, 1.0):

            def field(t, z, side=side):
                divergence = 1.0 - z[0] ** 2
                return [z[1], divergence * z[1] - z[0] - 0.1 * side, divergence]

            def rest(t, z):
                return z[1]

            rest.terminal, rest.direction = True, -side
            begin = [at[0], 1e-15 * side, 0.0]
            half = solve_ivp(
                field, [0, 9], begin, events=rest, method="DOP853", rtol=1e-12, atol=1e-14
            )
            at = half.y_events[0][0]
            time += half.t_events[0][0]
            # the normal speed after the jump over the one before it
            log += at[2] + np.log((-at[0] + 0.1 * side) / (-at[0] - 0.1 * side))
        assert at[0] == pytest.approx(cycle.point[0], rel=1e-8)
        assert time == pytest.approx(cycle.period, rel=1e-8)
        assert log == pytest.approx(cycle.log_multiplier, rel=1e-6)


@pytest.mark.parametrize(
    ("sign", "stability"), [(-1, "stable"), (1, "unstable")], ids=["to it", "from it"]
)
def test_a_closed_surface_that_is_slid_along_is_a_cycle(sign, stability):
    text = f"{sign}*sign(x^2 + y^2 - 1)"
    (cycle,) = search(f"x' = y + x*{text}; y' = -x + y*{text}").cycles
    assert cycle.period == pytest.approx(2 * np.pi, rel=1e-13)
    assert cycle.stability == stability
    assert np.hypot(*cycle.points.T) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(
    "equations",
    [
        "x' = y; y' = -x - 0.3*sign(y)",
        "x' = y; y' = -0.2*y - x - sign(x)",
        "x' = -sign(x) - y; y' = x - sign(y)",
    ],
    ids=["Coulomb friction", "damped relay", "two relays"],
)
def test_what_comes_to_rest_has_no_cycle(equations):
    found = search(equations)
    assert (found.cycles, found.bands, found.undecided) == ((), (), ())
    assert found.completeness.blind == ()


def test_a_band_across_two_surfaces_is_told_once():
    """The orbit through (r, 0) is the square |x| + |y| = r, of period 4 r."""
    found = search("x' = sign(y); y' = -sign(x)")
    (band,) = found.bands
    assert band.equilibria == (0,)
    for point, period in zip((band.inner, band.outer), band.periods, strict=True):
        assert period == pytest.approx(4 * point[0], rel=1e-6)


def test_closed_orbits_that_fill_a_band_are_none():
    found = search("x' = y; y' = -sign(x)")
    assert found.cycles == ()
    (band,) = found.bands
    # from (0, v) half a turn takes 2 v, and x is at most v^2/2
    for point, period in ((band.inner, band.periods[0]), (band.outer, band.periods[1])):
        assert period == pytest.approx(4.0 * np.sqrt(2.0 * point[0]), rel=1e-6)


def test_whether_an_affine_piece_has_a_center_is_decided_exactly():
    """0.1 + 0.2 - 0.3 is zero, though not in doubles; 1e-20 beside 1 is not."""
    lo, hi = np.full(2, -4.0), np.full(2, 4.0)
    for rate, count in (("0.3", 1), ("(0.3 + 1e-20)", 0)):
        text = f"x' = 0.1*x + 0.2*x - y + heaviside(x - 9); y' = x - {rate}*y"
        field = parse_system(text).compile()
        pieces = filippov_field(field)
        surfaces = jumping_surfaces(field, SQUARE)
        sides = sides_of(field, pieces, surfaces)
        assert len(center_bands(sides, pieces, surfaces, (), lo, hi)) == count


def test_orbits_that_touch_a_segment_are_no_limit_cycle():
    """The center of a side: circles up to the one that touches the belt, which is not isolated."""
    found = search("x' = y; y' = -x - 0.6*sign(y - 1)")
    assert found.cycles == ()
    (band,) = found.bands
    assert band.outer == pytest.approx([1.6, 0.0], abs=1e-4)
    (gap,) = found.undecided
    assert gap.first == pytest.approx([0.6, 1.0], abs=1e-9)


def test_a_portrait_tells_of_a_cycle_that_slides():
    circle = "x' = y - x*sign(x^2 + y^2 - 1); y' = -x - y*sign(x^2 + y^2 - 1)"
    few = PortraitSpec(
        circle,
        window=SQUARE,
        initial_conditions=((2.0, 0.0), (0.5, 0.0)),
        analyses=("equilibria", "cycles"),
    )
    portrait = compute_portrait(few)
    facts = portrait.facts()
    (cycle,) = facts["limit_cycles"]
    assert cycle["log_multiplier"] is None
    assert cycle["multipliers"] == [[1.0, 0.0], [0.0, 0.0]]
    assert facts["completeness"]["limit_cycles"]["blind"] == []
    assert {item["forward"]["end"] for item in facts["trajectories"]} == {"cycle 0"}
    assert decode_portrait(encode_portrait(portrait)).limit_cycles[0].log_multiplier == -np.inf
    names = [trace.name for trace in portrait_figure(portrait).data]
    assert "stable limit cycle" in names
