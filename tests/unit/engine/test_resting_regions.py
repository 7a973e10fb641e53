"""Regions of the plane in which a field that jumps, or has a kink, is zero."""

import numpy as np
import pytest

from eqpp_dash.engine import compute_portrait, trace_trajectories
from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.system import parse_system
from eqpp_dash.exports.page import portrait_page
from eqpp_dash.model.narrative import narrate
from eqpp_dash.model.spec import PortraitSpec

WINDOW = {"x": (-3.0, 3.0), "y": (-3.0, 3.0)}
HALF = "x' = heaviside(x)*y; y' = heaviside(x)*(1 - x)"


@pytest.mark.parametrize(
    ("text", "parts", "points"),
    [
        (HALF, ["x < 0", "-3 <= y <= 0", "0 <= y <= 3"], [(1, 0)]),
        # the point (1, 0) is in the region at rest
        (HALF.replace("(x)", "(-x)"), ["x > 0", "-3 <= y <= 0", "0 <= y <= 3"], []),
        # a kink: the line x = 0 rests too
        (HALF.replace("heaviside(x)", "max(x, 0)"), ["x < 0", "-3 <= y <= 3"], [(1, 0)]),
        (HALF.replace("heaviside(x)", "(1 + sign(x))"), None, [(1, 0)]),
        ("x' = max(x, 0); y' = max(y, 0)", ["x < 0 and y < 0", "-3 <= y <= 0", "-3 <= x <= 0"], []),
        # 0 < x < 1 is at rest, with both of its borders
        ("x' = floor(x)*y; y' = -floor(x)*x", None, []),
        ("x' = heaviside(x^2 + y^2 - 1)*y; y' = -heaviside(x^2 + y^2 - 1)*x", None, []),
        # no region: one component alone is zero where x < 0
        ("x' = heaviside(x)*y; y' = 2 + y^2", [], []),
        ("x' = abs(x) + 1; y' = sign(x)", [], []),
    ],
)
def test_a_piece_in_which_the_field_is_zero_is_told_as_a_region(text, parts, points):
    field = parse_system(text).compile()
    found = find_equilibria(field, WINDOW)
    regions = [item for item in found.sets if item.implicit == "0"]
    rest = np.concatenate([np.empty((0, 2)), *(item.points for item in regions)])
    axis = (np.arange(24) + 0.5) / 4 - 3
    dots = np.stack(np.meshgrid(axis, axis)).reshape(2, -1)
    still = dots[:, ~np.abs(field(0.0, dots)).any(axis=0)]
    assert {tuple(p) for p in rest.round(9)} == {tuple(p) for p in still.T.round(9)}
    assert all(item.stability == "neutral" for item in regions)
    if parts is not None:
        assert [item.part for item in found.sets] == parts
    assert [tuple(item.point) for item in found.equilibria] == points
    assert (found.completeness == "proved") is not bool(regions)


def test_words_tables_and_ends_of_orbits_name_the_region():
    spec = PortraitSpec(HALF, window=WINDOW, initial_conditions=((-1.0, 1.0), (2.5, 0.0)))
    portrait = compute_portrait(spec)
    rest, meets = (item for item in portrait.trajectories if item.origin == "given")
    assert (rest.forward.end, rest.forward.time, rest.backward.end) == ("set 0", 0.0, "set 0")
    # x = 0 is reached at y = -sqrt(1.5^2 - 1), after the angle pi - atan(sqrt(1.25))
    assert meets.forward.end == "set 1"
    assert meets.forward.time == pytest.approx(np.pi - np.arctan(np.sqrt(1.25)), abs=1e-7)
    told = [line for part in narrate(portrait.facts()) for line in part.sentences]
    (line,) = (line for line in told if "the field is zero there" in line.text)
    assert line.text.startswith("All points with x < 0 are equilibria")
    assert line.facts == ("set 0",)
    assert not any("(proved)" in line.text for line in told if "equilibrium" in line.text)
    assert "all points with" in portrait_page(portrait, portrait.facts())


def test_an_orbit_that_a_kink_lets_come_to_rest_never_arrives():
    spec = PortraitSpec.from_json({"equations": "x' = -max(x, 0); y' = -max(y, 0)"})
    (item,) = trace_trajectories(spec.replace(window=WINDOW), [(1.0, 2.0)])
    assert item.forward.end.startswith("set")
    assert item.forward.time is None
