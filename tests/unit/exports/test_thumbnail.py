import math
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
from portraits import odd_portrait, pendulum_portrait, trajectory

from eqpp_dash.exports import thumbnail_svg

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("make", [pendulum_portrait, odd_portrait])
def test_a_thumbnail_is_small_inert_and_shows_the_layers(make):
    data = thumbnail_svg(make())
    assert len(data) < 8000
    root = ET.fromstring(data)
    assert (root.get("width"), root.get("height")) == ("160", "120")
    assert {node.tag for node in root} == {SVG + "rect", SVG + "path", SVG + "circle"}
    assert len({node.get("stroke") for node in root.iter(SVG + "path")}) == 5
    assert len(list(root.iter(SVG + "circle"))) == len(make().equilibria)


def test_an_equilibrium_is_where_it_should_be():
    circles = list(ET.fromstring(thumbnail_svg(pendulum_portrait())).iter(SVG + "circle"))
    x = [float(circle.get("cx")) for circle in circles]
    y = {float(circle.get("cy")) for circle in circles}
    assert y == {60.0}
    np.testing.assert_allclose(x, 80 + 160 / 14 * math.pi * np.arange(-2, 3), atol=0.51)


@pytest.mark.parametrize("across", [7, 16, 60])
def test_many_equilibria_are_shown_on_all_sides(across):
    places = [(x, y) for x in np.linspace(-6, 6, across) for y in np.linspace(-3, 3, 12)]
    sort = pendulum_portrait().equilibria
    points = tuple(
        replace(sort[number % len(sort)], point=np.array(place))
        for number, place in enumerate(places)
    )
    data = thumbnail_svg(pendulum_portrait(equilibria=points))
    assert len(data) < 8000
    dots = [path for path in ET.fromstring(data) if path.get("stroke-linecap") == "round"]
    assert len(dots) == 4  # filled and open ones, each with its rim
    drawn = {
        tuple(map(int, at)) for path in dots for at in re.findall(r"M(\d+),(\d+)", path.get("d"))
    }
    corners = [(x, y) for x in (11, 149) for y in (26, 94)]
    assert all(min(math.dist(corner, dot) for dot in drawn) < 8 for corner in corners)
    halves = [sum(x < 80 for x, _ in drawn), sum(x > 80 for x, _ in drawn)]
    assert min(halves) > 0.8 * max(halves) > 20


def test_a_crowded_portrait_stays_small():
    rng = np.random.default_rng(1)
    curves = []
    for _ in range(60):
        curve = trajectory((1.0, 1.0))
        object.__setattr__(curve, "points", rng.uniform([-7, -4], [7, 4], (len(curve.times), 2)))
        curves.append(curve)
    assert len(thumbnail_svg(pendulum_portrait(trajectories=tuple(curves)))) < 8000


def test_points_that_are_not_finite_are_left_out():
    curve = trajectory((1.0, 1.0))
    points = curve.points.copy()
    points[10] = np.nan
    points[20:] = np.inf
    object.__setattr__(curve, "points", points)
    text = thumbnail_svg(pendulum_portrait(trajectories=(curve,))).decode()
    assert "nan" not in text
    assert "inf" not in text


def test_curves_are_followed_within_half_a_pixel():
    circle = np.linspace(0, 2 * math.pi, 2000)
    curve = trajectory((1.0, 0.0))
    object.__setattr__(curve, "points", np.stack([3 * np.cos(circle), 3 * np.sin(circle)], -1))
    portrait = pendulum_portrait(trajectories=(curve,), nullclines=())
    (path,) = ET.fromstring(thumbnail_svg(portrait)).iter(SVG + "path")
    numbers = [[float(v) for v in pair.split(",")] for pair in
               path.get("d")[1:].replace("l", " ").split()]  # fmt: skip
    corners = np.cumsum(numbers, axis=0)
    radii = np.hypot(corners[:, 0] - 80, corners[:, 1] - 60)
    np.testing.assert_allclose(radii, 3 * 160 / 14, atol=0.75)
    assert len(corners) > 16
