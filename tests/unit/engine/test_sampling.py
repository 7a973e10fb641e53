"""Points for the eye: how far polylines stray from curves, and how few they take."""

import base64
import gzip

import numpy as np
import orjson
import pytest
from scipy.integrate import solve_ivp

from eqpp_dash.engine import compute_portrait, parse_system
from eqpp_dash.engine.orbits import Problem
from eqpp_dash.engine.sampling import _shares
from eqpp_dash.engine.seeding import SEPARATION, free_starts
from eqpp_dash.figures import portrait_figure_dict
from eqpp_dash.figures.geometry import frame_of
from eqpp_dash.model.spec import Options, PortraitSpec

PENDULUM = "x' = y; y' = -sin(x)"
DAMPED = "x' = y; y' = -sin(x) - 0.2*y"
VAN_DER_POL = "x' = y; y' = 3*(1 - x^2)*y - x"
WINDOW = {"x": (-6.5, 6.5), "y": (-3.0, 3.0)}
STRAYS = 1 / 3000
PIXELS = 1000
"""Width of a picture; a curve as it is sent is off by less than 0.4 of one."""


def reference(trajectory, text):
    """Give a far more exact curve, 12 points a chord, and the places of the chords' ends."""
    field = parse_system(text).compile()
    for sign in (1.0, -1.0):
        half = trajectory.times * sign >= 0
        times = np.abs(trajectory.times[half])[:: int(sign)]
        points = trajectory.points[half][:: int(sign)]
        if len(times) < 3:
            continue
        fine = np.unique(np.linspace(times[:-1], times[1:], 13))
        solution = solve_ivp(
            lambda t, y, sign=sign: sign * np.array(field.scalar(0.0, y)),
            (0.0, times[-1]),
            points[0],
            "DOP853",
            rtol=1e-12,
            atol=1e-13,
            t_eval=fine,
        )
        yield times, points, solution.t, solution.y.T


def distances(points, first, second):
    """Give the distances of points from the chords between others."""
    chord = second - first
    share = ((points - first) * chord).sum(-1) / np.maximum((chord**2).sum(-1), 1e-300)
    return np.linalg.norm(points - first - np.clip(share, 0, 1)[..., None] * chord, axis=-1)


@pytest.mark.parametrize(("rtol", "half"), [(1e-8, 6.5), (3e-6, 6.5), (1e-8, 3.0)])
@pytest.mark.parametrize("text", [PENDULUM, DAMPED, VAN_DER_POL])
def test_chords_stray_from_the_curve_by_less_than_the_bound(text, rtol, half):
    starts = np.random.default_rng(4).uniform([-4, -2.5], [4, 2.5], (6, 2)).tolist()
    window = {"x": (-6.5, 6.5), "y": (-half, half)}
    options = Options(rtol, 1e-10, "auto")
    spec = PortraitSpec(
        text, window=window, initial_conditions=starts, analyses=("equilibria",), options=options
    )
    width, low = np.array([13.0, 13.0]), np.array([-6.5, -half])  # one scale for both axes
    compared, worst = 0, 0.0
    for trajectory in compute_portrait(spec).trajectories:
        for times, points, moments, exact in reference(trajectory, text):
            chord = np.clip(np.searchsorted(times, moments, "right") - 1, 0, len(times) - 2)
            unit, ends = (exact - low) / width, (points - low) / width
            seen = ((unit >= 0) & (unit <= (1, half / 6.5))).all(axis=1)
            away = distances(unit, ends[chord], ends[chord + 1])[seen]
            compared, worst = compared + away.size, max(worst, away.max(initial=0.0))
    assert compared > 1500
    assert STRAYS / 20 < worst < STRAYS


def test_scales_are_equal_where_the_figure_says_so():
    for height in (1.0, 2.5, 2.99, 3.01, 9.0):
        frame = frame_of((0.0, 1.0), (0.0, height))
        for width in ((1.0, height), (height, 1.0)):
            assert (_shares(np.array(width)) == 1.0).all() == (not frame.equal or height == 1.0)


def test_a_curve_as_it_is_sent_is_right_to_a_fraction_of_a_pixel():
    spec = PortraitSpec(
        DAMPED, window=WINDOW, initial_conditions=[(-5.0, 2.0)], analyses=("equilibria",)
    )
    portrait = compute_portrait(spec)
    traces = portrait_figure_dict(portrait)["data"]
    (curve,) = (t for t in traces if t["mode"] == "lines" and t["line"]["width"] == 2.6)
    sent = np.stack(
        [np.frombuffer(base64.b64decode(curve[axis]["bdata"]), "<f4") for axis in "xy"], axis=1
    ).astype(float)
    scale, low = PIXELS / 13.0, np.array([-6.5, -3.0])
    lines = (sent - low) * scale
    for _, _, _, exact in reference(portrait.trajectories[0], DAMPED):
        seen = (np.abs(exact[:, 0]) <= 6.5) & (np.abs(exact[:, 1]) <= 3.0)
        pixels = (exact[seen] - low) * scale
        nearest = distances(pixels[:, None], lines[:-1], lines[1:]).min(axis=1)
        assert nearest.max() < 0.4


@pytest.mark.parametrize("text", [PENDULUM, DAMPED, VAN_DER_POL])
def test_two_hundred_trajectories_cost_less_than_300_kB(text):
    starts = np.random.default_rng(0).uniform([-6.5, -3], [6.5, 3], (200, 2)).tolist()
    spec = PortraitSpec(text, window=WINDOW, initial_conditions=starts)
    portrait = compute_portrait(spec)
    assert len(portrait.trajectories) >= 200
    body = orjson.dumps(portrait_figure_dict(portrait))
    assert 20_000 < len(gzip.compress(body, 5)) < 300_000


def test_an_orbit_that_leaves_does_so_when_scipy_says():
    spec = PortraitSpec(
        PENDULUM, window=WINDOW, initial_conditions=[(0.0, 2.5)], analyses=("equilibria",)
    )
    end = compute_portrait(spec).trajectories[0].forward
    assert end.end == "left work box"

    def out(t, y):
        return y[0] - 7.0 * 6.5

    out.terminal = True
    right = solve_ivp(
        lambda t, y: [y[1], -np.sin(y[0])], (0, 100), [0.0, 2.5], "DOP853",
        rtol=1e-12, atol=1e-12, events=out,
    )  # fmt: skip
    assert end.time == pytest.approx(right.t_events[0][0], rel=1e-7)


def test_no_lattice_point_beside_a_given_curve_is_followed():
    problem = Problem(parse_system(PENDULUM).compile(), np.zeros(2), np.array([13.0, 6.0]), 1.0)
    curve = np.array([[-6.5, 0.0], [6.5, 0.0]])
    starts = np.array([[0.1, 0.1], [3.0, -0.3], [0.0, 0.5], [2.0, -2.0]])
    left = free_starts(problem, starts, [curve])
    assert left.tolist() == [[0.0, 0.5], [2.0, -2.0]]
    assert 0.3 / 6.0 < SEPARATION * np.sqrt(2) < 0.5 / 6.0
