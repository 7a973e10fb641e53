"""Ends of trajectories, closed orbits, curves for the eye."""

import math

import numpy as np
import pytest
from scipy.special import ellipk

from eqpp_dash.engine import trace_trajectories
from eqpp_dash.engine.attraction import trapping_ellipse
from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.orbits import Problem
from eqpp_dash.engine.system import parse_system
from eqpp_dash.engine.timescale import crossing_time, time_span
from eqpp_dash.engine.trajectories import Orbits, integrate_both
from eqpp_dash.model.spec import PortraitSpec

SQUARE = (-2.0, 2.0)


def trace(text, *starts, window=(SQUARE, SQUARE), span=None, **options):
    system = parse_system(text)
    spec = PortraitSpec.from_json(
        {
            "equations": text,
            "window": dict(zip(system.variables, window, strict=True)),
            "time": {"span": span},
            "options": options,
        }
    )
    return trace_trajectories(spec, starts)


def ends(trajectory):
    return trajectory.forward.end, trajectory.backward.end


@pytest.mark.parametrize(
    ("text", "start", "forward", "time"),
    [
        ("x' = x^2; y' = -y", (1, 1), "infinity", 1.0),
        ("x' = 1 + x^2; y' = 0", (0, 0), "infinity", math.pi / 2),
        ("x' = exp(x); y' = -y", (0, 1), "infinity", 1.0),
        ("x' = x^3; y' = -y", (1, 1), "infinity", 0.5),
        ("x' = x^1.5; y' = 0", (1, 1), "infinity", 2.0),
        ("x' = x; y' = -2*y", (1, 1), "infinity", None),
        ("x' = x*ln(x^2 + 2); y' = -y", (1, 1), "infinity", None),
        ("x' = -1/x; y' = 1", (1, 0), "undefined", 0.5),
        ("x' = y/x; y' = -1", (1, 1), "undefined", 1 + math.sqrt(2)),
        # It slides to the edge of the work box at y = 14.
        ("x' = -sign(x); y' = 1", (0.5, -1), "left work box", 15.0),
        # Steeper from below: steps that lead across come back.
        (
            "x' = 1; y' = x*heaviside(y) + heaviside(-y)",
            (-1, 0.49),
            "left work box",
            1 + math.sqrt(28),
        ),
        ("x' = y; y' = -x - 0.3*sign(y)", (1, 0), "set 0", 2 * math.pi),
        # Tangent from above: it bends back to the surface.
        ("x' = 1; y' = heaviside(-y) - x*heaviside(y)", (0, 0), "left work box", 14.0),
        ("x' = -sqrt(abs(x)); y' = -y", (1, 1), "undecided", 2.0),
    ],
)
def test_ends_forward_and_reversed(text, start, forward, time):
    """The reversed system ends backward where the system ends forward."""
    there = trace(text, start)[0].forward
    reverse = "; ".join(
        f"{part.split('=')[0]}= -({part.split('=')[1]})" for part in text.split(";")
    )
    back = trace(reverse, start)[0].backward
    for end in (there, back):
        assert end.end == forward
        tolerance = 1e-5 if forward == "undecided" else 1e-6
        assert end.time == (None if time is None else pytest.approx(time, abs=tolerance))


def test_slow_escape_leaves_the_work_box():
    (item,) = trace("x' = 1; y' = 0", (0, 0))
    assert ends(item) == ("left work box", "left work box")
    assert item.forward.time == pytest.approx(14.0, abs=1e-6)


def test_an_orbit_that_comes_back_is_followed():
    """The circle through (0.5, 0.1) under z' = z^2 leaves the window and returns."""
    (item,) = trace("x' = x^2 - y^2; y' = 2*x*y", (0.5, 0.1), span=50.0)
    assert item.forward.end == "time"
    z = complex(0.5, 0.1) / (1 - complex(0.5, 0.1) * 50.0)
    assert item.points[-1] == pytest.approx([z.real, z.imag], abs=1e-6)


def test_sinks_and_sources_end_orbits_for_ever():
    (item,) = trace("x' = -x + y^2; y' = -2*y", (1.0, 1.0))
    assert ends(item)[0] == "equilibrium 0"
    assert item.forward.time is None
    assert np.abs(item.points[-1]).max() < 0.01
    (item,) = trace("x' = x - y^2; y' = 2*y", (1.0, 1.0))
    assert ends(item)[1] == "equilibrium 0"


def test_slow_spiral_is_still_caught():
    (item,) = trace("x' = y - 0.001*x; y' = -x - 0.001*y", (0.2, 0.0))
    assert item.forward.end == "equilibrium 0"


def test_a_sink_with_one_eigenvalue_zero_catches_orbits():
    (item,) = trace("x' = -x^3; y' = -y", (1.0, 1.0))
    assert item.forward.end == "equilibrium 0"
    assert item.forward.time is None


def test_a_sink_without_linear_part_is_not_claimed():
    (item,) = trace("x' = -x^3; y' = -y^3", (1.0, 1.0))
    assert item.forward.end in ("time", "undecided")
    assert item.forward.reason or item.forward.end == "time"


def test_passing_near_a_saddle_is_no_end():
    (item,) = trace("x' = x; y' = -y", (1e-9, 1.0))
    assert item.forward.end == "infinity"


def test_start_at_an_equilibrium():
    (item,) = trace("x' = y; y' = x - x^3", (1.0, 0.0))
    assert len(item.times) == 1
    assert item.forward == item.backward
    assert item.forward.time == 0.0
    assert item.forward.end.startswith("equilibrium ")


def test_rest_on_a_set_of_equilibria():
    (item,) = trace("x' = 0; y' = 0", (0.3, 0.4), span=10.0)
    assert item.forward.end == "time"
    assert "rest" in item.forward.reason
    assert item.points.tolist() == [[0.3, 0.4]]


@pytest.mark.parametrize("angle", [0.3, 1.0, 2.0, 3.0, 3.1])
def test_periods_of_the_pendulum(angle):
    (item,) = trace("x' = y; y' = -sin(x)", (angle, 0.0), window=((-7, 7), (-3, 3)))
    assert ends(item) == ("closed orbit", "closed orbit")
    period = 4 * ellipk(math.sin(angle / 2) ** 2)
    assert item.forward.time == pytest.approx(period, rel=1e-9)
    assert item.backward.time == item.forward.time
    assert item.times[0] == 0.0
    assert item.times[-1] == pytest.approx(period, rel=1e-9)
    assert item.points[-1] == pytest.approx(item.points[0], abs=1e-6)


def test_a_spiral_that_all_but_closes_is_not_closed():
    for damping in (1e-5, 1e-7):
        (item,) = trace(f"x' = y; y' = -x - {damping}*y^3", (1.0, 0.0))
        assert "closed orbit" not in ends(item)


def test_orbits_winding_to_a_cycle_are_not_closed_and_stop_early():
    (item,) = trace("x' = y; y' = (1 - x^2)*y - x", (0.5, 0.0), window=((-4, 4), (-4, 4)))
    assert ends(item) == ("time", "equilibrium 0")
    assert item.forward.time < 80.0
    assert "pixel" in item.forward.reason


def test_a_given_span_is_followed_to_its_end():
    (item,) = trace(
        "x' = y; y' = (1 - x^2)*y - x", (0.5, 0.0), window=((-4, 4), (-4, 4)), span=200.0
    )
    assert item.forward.end == "time"
    assert item.forward.time == 200.0
    assert item.times[-1] == pytest.approx(200.0)


def test_the_start_lies_on_the_curve_and_times_increase():
    for item in trace("x' = y; y' = -x - 0.3*y", (1.0, 0.5), (0.0, -1.9), (3.0, 0.0)):
        assert (np.diff(item.times) > 0).all()
        zero = np.flatnonzero(item.times == 0.0)
        assert zero.size == 1
        assert item.points[zero[0]] == pytest.approx(item.start, abs=1e-14)


def test_points_lie_on_the_exact_orbit_and_are_set_for_the_eye():
    (item,) = trace("x' = y; y' = -x", (1.5, 0.0))
    radius = np.linalg.norm(item.points, axis=1)
    assert radius == pytest.approx(1.5, abs=1e-6)
    chord = np.linalg.norm(np.diff(item.points, axis=0), axis=1)
    assert 30 <= len(item.points) <= 300
    assert (chord**2 / (8 * 1.5)).max() < 4 * 5e-4
    exact = 1.5 * np.stack([np.cos(item.times), -np.sin(item.times)], axis=1)
    assert item.points == pytest.approx(exact, abs=1e-6)


def test_long_spirals_stay_thin():
    """Turns closer than two pixels are not drawn; the end is known all the same."""
    (slow,) = trace("x' = y - 0.0005*x; y' = -x - 0.0005*y", (1.9, 0.0))
    (fast,) = trace("x' = y - 0.1*x; y' = -x - 0.1*y", (1.9, 0.0))
    for item in (slow, fast):
        assert len(item.points) <= 700
        assert item.forward.end == "equilibrium 0"
    assert np.linalg.norm(slow.points[-1]) > 0.5
    assert np.linalg.norm(fast.points[-1]) < 0.02


def test_nothing_is_drawn_far_beyond_the_window():
    (item,) = trace("x' = x; y' = -y", (0.1, 0.1))
    assert np.abs(item.points).max() < 2.6


@pytest.mark.parametrize("method", ["auto", "DOP853", "Radau"])
def test_methods_agree(method):
    (item,) = trace("x' = y; y' = -x - y", (1.0, 0.0), span=3.0, method=method)
    w = math.sqrt(3) / 2
    exact = math.exp(-1.5) * (math.cos(3 * w) + math.sin(3 * w) / (2 * w))
    assert item.points[-1][0] == pytest.approx(exact, abs=1e-6)


@pytest.mark.parametrize("depth", [1e-3, 1e-7])
def test_a_surface_that_a_step_would_dip_below(depth):
    """The parabola y = x^2/2 - depth goes below y = 0, where the field leads down."""
    text = "x' = 1; y' = x - 3*heaviside(-y)"
    (item,) = trace(text, (-1.0, 0.5 - depth), span=2.0)
    expected = 0.5 - depth - 3.0 * (1.0 + math.sqrt(2.0 * depth))
    assert item.points[-1] == pytest.approx((1.0, expected), abs=1e-6)


def test_a_start_where_the_field_is_tangent_to_a_surface():
    (item,) = trace("x' = 1; y' = x*heaviside(y) + heaviside(-y)", (0.0, 0.0), span=1.0)
    assert (item.forward.end, item.backward.end) == ("time", "discontinuity")
    assert item.points[-1] == pytest.approx((1.0, 0.5), abs=1e-6)
    (item,) = trace("x' = 1; y' = heaviside(-y) - x*heaviside(y)", (0.0, 0.0), span=1.0)
    assert item.backward.end == "time"
    assert item.points[0] == pytest.approx((-1.0, -1.0), abs=1e-6)


def test_crossing_many_surfaces_ends():
    (item,) = trace("x' = floor(x*1e6); y' = -y", (0.5, 1.0), span=10.0)
    assert item.forward.end in ("discontinuity", "left work box", "budget")


@pytest.mark.parametrize(
    ("start", "forward", "backward"),
    [((0.5, 1.0), "discontinuity", "infinity"), ((0.0, 1.0), "left work box", "infinity")],
)
def test_starts_at_and_beside_a_repelling_line(start, forward, backward):
    (item,) = trace("x' = sign(x - 0.5); y' = -y", start)
    assert (item.forward.end, item.backward.end) == (forward, backward)


def test_a_start_on_a_jump_that_is_crossed_goes_through():
    (item,) = trace("x' = 1; y' = sign(x)", (0.0, 0.0), span=1.0)
    assert ends(item) == ("time", "time")
    assert item.points[-1] == pytest.approx([1.0, 1.0], abs=1e-7)
    assert item.points[0] == pytest.approx([-1.0, 1.0], abs=1e-7)


def test_kinks_do_not_spoil_the_accuracy():
    """x' = y, y' = -|x|: for x > 0 a rotation, for x < 0 a saddle."""
    (item,) = trace("x' = y; y' = -abs(x)", (1.0, 0.0), span=math.pi / 2 + 0.5)
    assert item.points[-1] == pytest.approx([-math.sinh(0.5), -math.cosh(0.5)], abs=1e-7)


def test_trapping_ellipse_holds_what_it_catches():
    system = parse_system("x' = -x + y^2; y' = -2*y + x*y")
    field = system.compile()
    window = {"x": SQUARE, "y": SQUARE}
    (sink,) = (e for e in find_equilibria(field, window).equilibria if e.kind == "stable node")
    width = np.array([4.0, 4.0])
    shape, level = trapping_ellipse(field, sink, 1.0, width)
    assert level > 0
    angle = np.linspace(0, 2 * np.pi, 400)
    circle = np.stack([np.cos(angle), np.sin(angle)])
    root = np.linalg.cholesky(np.linalg.inv(shape)) @ circle
    for share in (0.1, 0.5, 1.0):
        z = math.sqrt(share * level) * root
        growth = np.sum(z * (shape @ field(0.0, sink.point[:, None] + z)), axis=0)
        assert (growth < 0).all()


def test_trapping_ellipse_is_not_claimed_where_the_field_is_not_known():
    system = parse_system("x' = -x; y' = -y + 0*floor(x)")
    field = system.compile()
    window = {"x": SQUARE, "y": SQUARE}
    items = find_equilibria(field, window).equilibria
    for item in items:
        shape, level = trapping_ellipse(field, item, 1.0, np.array([4.0, 4.0]))
        assert level >= 0
        assert np.isfinite(shape).all()


def test_time_span_rules():
    field = parse_system("x' = y; y' = -x - 0.02*y").compile()
    crossing = crossing_time(field, np.zeros(2), np.array([4.0, 4.0]))
    assert crossing == pytest.approx(4.0, rel=0.3)
    items = find_equilibria(field, {"x": SQUARE, "y": SQUARE}).equilibria
    assert time_span(items, crossing) == pytest.approx(min(50 * 100.0, 1000 * crossing))
    assert time_span((), 2.0) == 200.0


def test_crossing_time_of_a_field_that_vanishes():
    field = parse_system("x' = 0; y' = 0").compile()
    assert crossing_time(field, np.zeros(2), np.ones(2)) == 1.0


def test_closed_orbits_need_a_second_look():
    """At a coarse tolerance the loop closes; at a fine one it does not: it goes on."""
    field = parse_system("x' = y; y' = -x - 1e-7*y").compile()
    problem = Problem(field, np.zeros(2), np.array([4.0, 4.0]), 40.0, rtol=1e-6)
    traced = integrate_both(problem, Orbits.through(np.array([[1.0, 0.0]]), "given", 500), ())
    assert traced.flow.ends.end[0] == "closed orbit"
    (item,) = trace("x' = y; y' = -x - 1e-7*y", (1.0, 0.0), span=40.0, rtol=1e-6)
    assert item.forward.end != "closed orbit"


def test_progress_reaches_the_integrator():
    field = parse_system("x' = y; y' = -x").compile()
    problem = Problem(field, np.zeros(2), np.array([4.0, 4.0]), 1e5)

    def stop(share):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        integrate_both(
            problem,
            Orbits.through(np.array([[1.0, 0.0]]), "given", 5000),
            (),
            look_for_closed=False,
            progress=stop,
        )
