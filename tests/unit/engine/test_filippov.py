"""Portraits of fields with jumps: sliding, pseudo-equilibria, segments, accumulation."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from eqpp_dash.cli.report import segment_words
from eqpp_dash.engine import compute_portrait, trace_trajectories
from eqpp_dash.engine.dop853 import interpolate
from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.filippov import segments
from eqpp_dash.engine.filippov.patch import shorten_terms
from eqpp_dash.engine.filippov.pieces import filippov_field
from eqpp_dash.engine.machine import Integrator
from eqpp_dash.engine.system import parse_system
from eqpp_dash.exports.page import portrait_page
from eqpp_dash.figures.portrait import portrait_figure_dict
from eqpp_dash.figures.themes import THEMES
from eqpp_dash.model.spec import PortraitSpec
from eqpp_dash.store.codec import decode_portrait, encode_portrait

WINDOW = {"x": (-3.0, 3.0), "y": (-3.0, 3.0)}
# Where y' = 0 the sign is x/2, so x' = x (7/6 - x) along y = 0, |x| < 2.
LOGISTIC = "x' = x*(1 - x) + sign(y)/3; y' = x/2 - sign(y)"
STICK_SLIP = "x' = y; y' = -x + 1.5*sign(1/2 - y)/(1 + abs(1/2 - y))"
TWISTING = "x' = y; y' = -sign(x) - sign(y)/2"


def search(text, window=WINDOW):
    return find_equilibria(parse_system(text).compile(), window)


def trace(text, *starts, span=None):
    spec = PortraitSpec.from_json({"equations": text, "window": WINDOW, "time": {"span": span}})
    return trace_trajectories(spec, starts)


def reverse(text):
    parts = (part.split("=") for part in text.split(";"))
    return "; ".join(f"{left}= -({right})" for left, right in parts)


@pytest.mark.parametrize(
    ("text", "kinds", "stability", "segment"),
    [
        (LOGISTIC, ("a pseudo-saddle", "a stable pseudo-node"), "stable", "sliding"),
        (reverse(LOGISTIC), ("a pseudo-saddle", "an unstable pseudo-node"), "unstable", "escaping"),
    ],
)
def test_pseudo_equilibria_of_a_closed_form(text, kinds, stability, segment):
    found = search(text)
    assert [item.kind for item in found.equilibria] == ["pseudo-equilibrium"] * 2
    saddle, node = found.equilibria
    assert_allclose(saddle.point, (0, 0), atol=1e-14)
    assert_allclose(node.point, (7 / 6, 0), atol=1e-14)
    assert (saddle.stability, node.stability) == ("unstable", stability)
    way = 1 if segment == "sliding" else -1
    assert_allclose(np.trace(saddle.jacobian), way * 7 / 6, rtol=1e-12)
    assert_allclose(np.trace(node.jacobian), -way * 7 / 6, rtol=1e-12)
    for item, words in zip(found.equilibria, kinds, strict=True):
        assert item.reason.startswith(words)
        assert (item.evidence, item.method) == ("proved", "Krawczyk")
    own = [item for item in found.switching if item.kind == segment]
    assert len(own) == 1
    assert own[0].ends == ("fold", "fold")
    assert_allclose(sorted(own[0].points[[0, -1], 0]), (-2, 2), atol=1e-9)
    assert [item.kind for item in found.switching].count("crossing") == 2


def test_sliding_follows_the_closed_form():
    (item,) = trace(LOGISTIC, (0.5, 0.0), span=1.0)
    limit = 7 / 6
    exact = limit / (1 + (limit / 0.5 - 1) * math.exp(-limit))
    assert_allclose(item.points[-1], (exact, 0), atol=1e-8)
    assert (item.forward.end, item.forward.time) == ("time", 1.0)
    assert item.backward.end == "discontinuity"


def test_orbits_end_at_pseudo_equilibria_and_leave_saddles():
    node, left = trace(LOGISTIC, (0.3, 1.0), (-0.1, 0.0))
    assert (node.forward.end, node.forward.time) == ("equilibrium 1", None)
    corner = node.points[np.abs(node.points[:, 1]) < 1e-8]
    assert len(corner) > 1  # the curve has a point where it meets the surface
    assert left.forward.end == "infinity"
    assert left.points[:, 1].max() < 1e-8


def test_friction_brings_to_rest_on_a_segment_of_equilibria():
    text = "x' = y; y' = -x - 0.3*sign(y)"
    found = search(text)
    assert found.equilibria == ()
    (resting,) = found.sets
    assert (resting.implicit, resting.stability) == ("y", "stable")
    assert_allclose(sorted(resting.points[[0, -1], 0]), (-0.3, 0.3), atol=1e-9)
    assert resting.part == "-0.3 <= x <= 0.3"
    (item,) = trace(text, (1.0, 0.0))
    assert item.forward.end == "set 0"
    assert item.forward.time == pytest.approx(2 * math.pi, abs=1e-7)
    assert_allclose(item.points[-1], (-0.2, 0), atol=1e-7)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        # At rest where |x^2 - 1| <= 1/2; 1.224745 and 0.707107 are the roots of 3/2 and 1/2.
        (
            "x' = y; y' = 1 - x^2 - sign(y)/2",
            ["-1.224745 <= x <= -0.707107", "0.707107 <= x <= 1.224745"],
        ),
        ("x' = y; y' = -x/8 - sign(y)", ["-3 <= x <= 3"]),
        ("x' = -y/2 - sign(x); y' = x", ["-2 <= y <= 2"]),
        # On both y = 1 and y = -1, so that x alone does not tell them apart.
        (
            "x' = y^2 - 1; y' = -x - sign(y^2 - 1)/2*sign(y)",
            ["between (-0.5, 1) and (0.5, 1)", "between (0.5, -1) and (-0.5, -1)"],
        ),
    ],
)
def test_segments_of_equilibria_tell_their_limits(text, parts):
    assert sorted(item.part for item in search(text).sets) == parts


def test_stick_slip_comes_to_a_cycle_that_slides():
    (item,) = trace(STICK_SLIP, (0.2, 0.0))
    assert item.forward.end == "sliding cycle"
    period = float(item.forward.reason.rsplit(" ", 1)[1])
    with Integrator.of(parse_system(STICK_SLIP), machine=False) as integrator:
        back = integrator.propagate([[1.5], [0.49]], 2 * period, rtol=1e-10, atol=1e-12)
        later = integrator.propagate([[1.5], [0.49]], 3 * period, rtol=1e-10, atol=1e-12)
    assert_allclose(back.states, later.states, atol=1e-6)


def test_twisting_reaches_the_origin_in_the_time_of_the_closed_form():
    """Distances shrink to a third from one turning point to the next, times by its root."""
    (item,) = trace(TWISTING, (1.0, 0.0))
    assert item.forward.end == "equilibrium 0"
    assert "accumulate" in item.forward.reason
    exact = (2 + 2 / 3) / (1 - 1 / math.sqrt(3))
    assert item.forward.time == pytest.approx(exact, abs=1e-6)
    (centre,) = search(TWISTING).equilibria
    assert (centre.kind, centre.stability) == ("pseudo-equilibrium", "undecided")
    assert "mixture of the 4 fields" in centre.reason


def test_boundary_equilibria_tell_the_eigenvalues_of_their_sides():
    (kink,) = search("x' = y; y' = -x - abs(y)").equilibria
    assert kink.kind == "boundary equilibrium"
    assert "(0.5 ± 0.86603i) and (−0.5 ± 0.86603i)" in kink.reason
    (item,) = search("x' = 1 - x + y + heaviside(-y); y' = heaviside(-y)*3 - y").equilibria
    assert item.kind == "boundary equilibrium"
    assert_allclose(item.point, (1, 0), atol=1e-12)
    assert "the field of one side" in item.reason
    assert_allclose(item.jacobian, [[-1, 1], [0, -1]])


def test_two_surfaces_and_a_closed_one_are_cut_where_they_meet():
    found = search("x' = -sign(x) + 1/5; y' = -sign(y)")
    assert [(s.surface, s.kind, s.ends) for s in found.switching] == [
        ("x = 0", "sliding", ("border", "intersection")),
        ("x = 0", "sliding", ("intersection", "border")),
        ("y = 0", "sliding", ("border", "intersection")),
        ("y = 0", "sliding", ("intersection", "border")),
    ]
    assert [item.kind for item in found.equilibria] == ["pseudo-equilibrium"]
    (item,) = trace("x' = -sign(x) + 1/5; y' = -sign(y)", (1.0, 1.0))
    assert item.forward.end == "equilibrium 0"
    assert item.forward.time == pytest.approx(1.25, abs=1e-7)
    ring = search("x' = -x*(1 + sign(x^2 + y^2 - 1)) + y; y' = -y*sign(x^2 + y^2 - 1) - x")
    assert {s.kind for s in ring.switching} <= {"crossing", "sliding"}
    assert all("border" not in s.ends for s in ring.switching)


def test_sliding_round_a_closed_surface_is_a_cycle():
    """The field on the unit circle is (y, -x) with all sides pointing to it."""
    text = "x' = y - x*sign(x^2 + y^2 - 1); y' = -x - y*sign(x^2 + y^2 - 1)"
    (segment,) = search(text).switching
    assert (segment.kind, segment.ends) == ("sliding", ("closed", "closed"))
    (item,) = trace(text, (2.0, 0.0))
    assert item.forward.end == "sliding cycle"
    assert_allclose(np.hypot(*item.points[item.times > 1].T), 1, atol=1e-3)


def test_steps_are_shortened_exactly():
    random = np.random.default_rng(7)
    y, terms = random.normal(size=(2, 5)), random.normal(size=(7, 2, 5))
    share = np.array([1.0, 0.9, 0.5, 0.1, 1e-3])
    short = shorten_terms(y, terms, share)
    for theta in np.linspace(0, 1, 11):
        there = interpolate(y, terms, theta * share)
        assert_allclose(interpolate(y, short, np.full(5, theta)), there, atol=1e-13)


def test_segments_are_facts_and_drawn():
    spec = PortraitSpec(LOGISTIC, window=WINDOW, analyses=("equilibria",))
    portrait = compute_portrait(spec)
    again = decode_portrait(encode_portrait(portrait))
    assert again.facts()["switching"] == portrait.facts()["switching"]
    sliding = [s for s in portrait.facts()["switching"] if s["kind"] == "sliding"]
    assert [(s["surface"], s["ends"]) for s in sliding] == [("y = 0", ["fold", "fold"])]
    for theme in THEMES:
        named = {t["name"]: t for t in portrait_figure_dict(portrait, theme=theme)["data"]}
        dashes = {named[name]["line"]["dash"] for name in ("sliding segment", "crossing segment")}
        assert len(dashes) == 2
    assert ("y = 0", "sliding", "(2, 0) (fold)", "(−2, 0) (fold)") in segment_words(portrait)
    assert "Surfaces where the field jumps" in portrait_page(portrait, portrait.facts())


@pytest.mark.parametrize(
    ("text", "points", "sets"),
    [
        # beside x = 0 the field is (-+1, y): the mixture that stays on it has y' = y
        ("x' = -sign(x); y' = y*sign(x)^2", [("pseudo-equilibrium", "unstable", 0, 0)], []),
        # radial, towards the circle from both sides: at rest on it, told once
        (
            "x' = -x*sign(x^2+y^2-1); y' = -y*sign(x^2+y^2-1)",
            [("unstable star", "unstable", 0, 0)],
            [("x^2 + y^2 - 1", "stable")],
        ),
        # the same, away from it
        (
            "x' = x*sign(x^2+y^2-1); y' = y*sign(x^2+y^2-1)",
            [("stable star", "stable", 0, 0)],
            [("x^2 + y^2 - 1", "unstable")],
        ),
        # crossed at speed one, but for the equations at x = 0 itself
        ("x' = sign(x)^2; y' = sign(x)*y", [], []),
        ("x' = y*sign(x)^2; y' = -x*sign(x)^2", [("boundary equilibrium", "undecided", 0, 0)], []),
        # a true line of equilibria: both sides vanish
        ("x' = -abs(x); y' = abs(x)*y", [], [("x", "undecided")]),
    ],
)
def test_curves_that_rest_only_as_they_are_written(text, points, sets):
    found = search(text)
    assert [(e.kind, e.stability, *e.point.round(9)) for e in found.equilibria] == points
    assert [(item.implicit, item.stability) for item in found.sets] == sets
    hidden = "sign" in text
    assert ("except on surfaces" in found.completeness) is hidden
    written = sum(notice.code == "equilibrium-curve" for notice in found.notices)
    assert written == (0 if hidden else len(sets))


def test_all_changes_along_a_surface_are_found_at_once(monkeypatch):
    """What happens on y = 0 changes where tan(5 x) is 2 or -2."""
    calls, labels = [], segments.Surface.labels
    monkeypatch.setattr(segments.Surface, "labels", lambda *args: calls.append(1) or labels(*args))
    field = parse_system("x' = 1; y' = sin(5*x) - 2*sign(y)*cos(5*x)").compile()
    lo, hi = np.array([-2.0, -1.0]), np.array([2.0, 1.0])
    ((_, parts),) = segments.trace_surfaces(field, filippov_field(field), lo, hi)
    ends = np.array([part.points[0, -1] for part in parts[:-1]])
    places = [(k * np.pi + side * np.arctan(2)) / 5 for k in range(-4, 5) for side in (-1, 1)]
    expected = sorted(x for x in places if abs(x) < 2)
    np.testing.assert_allclose(np.sort(ends), expected, atol=1e-9)
    assert len(calls) <= 2 * 41
