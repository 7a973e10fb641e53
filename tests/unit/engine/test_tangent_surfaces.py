"""Surfaces to which the fields of both sides, or of one, are tangent all along."""

import math

import numpy as np
import orjson
import pytest
from numpy.testing import assert_allclose

from eqpp_dash.engine import compute_portrait, trace_trajectories
from eqpp_dash.engine.closed import search_cycles
from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.reporting import PhaseReporter
from eqpp_dash.engine.system import parse_system
from eqpp_dash.model.narrative import narrate
from eqpp_dash.model.spec import PortraitSpec
from eqpp_dash.store.codec import encode_portrait

WINDOW = {"x": (-2.0, 2.0), "y": (-2.0, 2.0)}
SQUARE = {"x": (-3.0, 3.0), "y": (-3.0, 3.0)}

CIRCLE = "x^2 + y^2 - 1"
TURNING = f"x' = sign({CIRCLE})*y; y' = -sign({CIRCLE})*x"
# outside it turns by (3y, -3x), inside by (y, -x): no mixture of them is zero
FASTER = f"x' = 2*y + sign({CIRCLE})*y; y' = -2*x - sign({CIRCLE})*x"
# the rates r' = -+r(r^2 - 1) vanish on the circle only
FOCI = f"x' = sign({CIRCLE})*(y - x*({CIRCLE})); y' = sign({CIRCLE})*(-x - y*({CIRCLE}))"
# on x = 0 it is (0, 1) and (0, -1)
LINE = "x' = x*y; y' = sign(x)"
# where y < 0 on x = 0 the fields (0, y + 2) and (0, y) are opposed down to y = -2
PART = "x' = x; y' = y + 1 + sign(x)"
# on x = 0 it is (0, 1) where x > 0, and (1, 1) where x < 0
ONE_SIDE = "x' = x*y + (1 - sign(x))/2; y' = 1"


def search(text, window=WINDOW):
    return find_equilibria(parse_system(text).compile(), window)


def bands(text):
    field, search_ = parse_system(text).compile(), search(text)
    report = PhaseReporter(None)
    report.begin("cycles")
    return search_cycles(field, WINDOW, search_, report).bands


@pytest.mark.parametrize(
    ("text", "kinds", "sets"),
    [
        (TURNING, ["tangent"], [(CIRCLE, "")]),
        (TURNING.replace("x; y", "x + 0*y; y"), ["tangent"], [(CIRCLE, "")]),
        (FASTER, ["tangent"], []),
        (FOCI, ["tangent"], [(CIRCLE, "")]),
        (LINE, ["tangent"], [("x", "-2 <= y <= 2")]),
        (PART, ["tangent", "tangent"], [("x", "-2 <= y <= 0")]),
        (ONE_SIDE, ["sliding"], []),
        (ONE_SIDE.replace("(1", "-(1"), ["escaping"], []),
        # not tangent, however slow: -1e-9 and 1e-9 are the rates
        ("x' = -1e-9*sign(x); y' = 2 + sign(x)", ["sliding"], []),
    ],
)
def test_what_is_tangent_all_along_is_told_as_one_segment(text, kinds, sets):
    found = search(text)
    assert [item.kind for item in found.switching] == kinds
    assert [(item.implicit, item.part) for item in found.sets] == sets
    assert all(item.stability == "undecided" for item in found.sets)
    assert not [item for item in found.equilibria if item.kind == "pseudo-equilibrium"]


def test_closed_orbits_fill_both_sides_of_a_circle_along_which_the_field_turns_back():
    inner, outer = sorted(bands(TURNING), key=lambda band: band.outer[0])
    assert_allclose([inner.outer[0], outer.inner[0]], 1, rtol=1e-9)
    assert inner.inner[0] < 0.01
    assert outer.outer[0] > 5
    assert_allclose([inner.periods, outer.periods], 2 * math.pi, rtol=1e-14)
    inner, outer = sorted(bands(FASTER), key=lambda band: band.outer[0])
    assert inner.equilibria == outer.equilibria == (0,)
    assert_allclose(inner.periods, 2 * math.pi, rtol=1e-14)
    assert_allclose(outer.periods, 2 * math.pi / 3, rtol=1e-14)


def test_the_portrait_and_its_words_tell_a_circle_that_is_tangent_on_both_sides():
    spec = PortraitSpec(TURNING, window=WINDOW)
    portrait = compute_portrait(spec.replace(initial_conditions=((0.5, 0.0), (0.6, 0.8))))
    assert encode_portrait(portrait)
    assert orjson.dumps(portrait.facts())
    told = (line.text for part in narrate(portrait.facts()) for line in part.sentences)
    text = " ".join(told)
    assert "tangent to it on both sides, and move either way or rest on it" in text
    assert sorted(band.within for band in portrait.annuli) == ["equilibrium 0", "undecided"]
    within, on = (item for item in portrait.trajectories if item.origin == "given")
    assert within.forward.end == "closed orbit"
    assert on.forward.end == on.backward.end == "discontinuity"
    assert "more than one way leads on" in on.forward.reason
    seeded = [item for item in portrait.trajectories if item.origin == "seeded"]
    assert len(seeded) > 5
    assert {item.forward.end for item in seeded} == {"closed orbit"}


def test_an_orbit_slides_with_a_field_that_is_tangent_all_along():
    """From (-1, 0.5) on, (x e^(-y^2/2))' = e^(-y^2/2) till x = 0; from there on it is (0, 1)."""
    spec = PortraitSpec.from_json({"equations": ONE_SIDE, "window": SQUARE, "time": {"span": 5}})
    (item,) = trace_trajectories(spec, [(-1.0, -1.0)])
    last = item.points[-1]
    assert item.forward.end == "time"
    assert_allclose(last, (0.0, 4.0), atol=1e-8)
    begun = float(item.points[item.points[:, 0] > -1e-7][0, 1])
    area = math.sqrt(math.pi / 2) * (math.erf(begun / math.sqrt(2)) + math.erf(1 / math.sqrt(2)))
    assert_allclose(area, math.exp(-0.5), atol=1e-2)
    assert np.all(np.abs(item.points[item.points[:, 1] > begun, 0]) < 1e-8)
    (back,) = trace_trajectories(spec, [(0.0, 1.0)])
    assert back.backward.end == "discontinuity"
