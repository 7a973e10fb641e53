"""Orbits that connect saddles have layers of their own, which need no colour."""

import base64
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from eqpp_dash.engine import compute_portrait
from eqpp_dash.exports.drawing import Line, draw_on_paper
from eqpp_dash.exports.picture import portrait_picture
from eqpp_dash.exports.thumbnail import thumbnail_svg
from eqpp_dash.exports.tikz import tikz_legend, tikz_picture
from eqpp_dash.figures import portrait_figure_dict
from eqpp_dash.figures.connecting import connection_numbers
from eqpp_dash.figures.themes import THEMES
from eqpp_dash.model.spec import PortraitSpec

SORTS = ("homoclinic", "heteroclinic")


@cache
def portrait(text, *window):
    low, high, bottom, top = window
    limits = {"x": [low, high], "y": [bottom, top]}
    analyses = ["equilibria", "separatrices", "trajectories"]
    given = {"equations": text, "window": limits, "analyses": analyses}
    return compute_portrait(PortraitSpec.from_json(given))


def well():
    return portrait("x' = y; y' = x - x^3", -2, 2, -2, 2)


def pendulum():
    return portrait("x' = y; y' = -sin(x)", -6.6, 6.6, -5, 5)


def values(array):
    return np.frombuffer(base64.b64decode(array["bdata"]), "<" + array["dtype"])


def layer(figure, sort):
    return [trace for trace in figure["data"] if trace["legendgroup"] == sort]


def test_a_connection_is_drawn_as_a_layer_and_as_no_separatrix():
    figure = portrait_figure_dict(well())
    curve, core, heads, key = layer(figure, "homoclinic")
    assert [item.get("showlegend", True) for item in (curve, core, heads, key)] == [
        *[False] * 3,
        True,
    ]
    assert key["name"] == "homoclinic orbit"
    assert heads["mode"] == "markers"
    groups = {trace["legendgroup"] for trace in figure["data"]}
    assert not groups & {"stable", "unstable", "heteroclinic"}  # all four branches are loops
    assert figure["data"].index(key) < figure["layout"]["meta"]["insert_at"]


def test_points_tell_which_connection_they_belong_to():
    """The loops are y^2 = x^2 - x^4/2, one on each side."""
    found = well()
    (curve, *_) = layer(portrait_figure_dict(found), "homoclinic")
    x, y, number = values(curve["x"]), values(curve["y"]), values(curve["customdata"])
    assert len(curve["hovertext"]) == len(x) == len(number)
    assert set(number) == {0.0, 1.0}
    np.testing.assert_allclose(np.nan_to_num(y**2 - x**2 + x**4 / 2), 0.0, atol=2e-3)
    for k, item in enumerate(found.connections):
        side = np.sign(found.separatrices[item.separatrices[0]].direction[0])
        assert (np.nan_to_num(x[number == k]) * side >= 0).all()


def test_hover_names_the_saddle_and_how_sure_it_is():
    (curve, *_) = layer(portrait_figure_dict(well()), "homoclinic")
    lines = curve["hovertext"][0].split("<br>")
    assert lines[0] == "<b>Homoclinic orbit</b> · connection 0"
    assert lines[1:] == ["of the saddle at (0, 0)", "proved"]
    (curve, *_) = layer(portrait_figure_dict(pendulum()), "heteroclinic")
    assert any(
        "from the saddle at (3.142, 0)<br>to the saddle at (9.425, 0), a copy by the period" in text
        for text in curve["hovertext"]
    )


def test_images_by_a_period_have_no_number():
    found = pendulum()
    assert sorted(connection_numbers(found).values()) == [0, 1]
    (curve, *_) = layer(portrait_figure_dict(found), "heteroclinic")
    number = values(curve["customdata"])
    assert set(number) == {-1.0, 0.0, 1.0}
    x = values(curve["x"])
    assert np.nanmax(np.abs(x[number >= 0])) <= np.pi + 0.01
    assert np.nanmax(np.abs(x[number < 0])) > 6.6


def test_a_near_connection_is_none():
    found = portrait("x' = y; y' = x - x^2 + (x - 1/2)*y/1000", -1, 2, -1, 1)
    assert [item.status for item in found.connections] == ["near"]
    assert not connection_numbers(found)
    groups = {trace["legendgroup"] for trace in portrait_figure_dict(found)["data"]}
    assert groups >= {"stable", "unstable"}
    assert not groups & set(SORTS)


@pytest.mark.parametrize("theme", THEMES)
def test_they_differ_without_colour(theme):
    """From separatrices by the light line along the middle; from each other by its dash."""
    traces = {
        sort: layer(portrait_figure_dict(found, theme=theme), sort)
        for sort, found in (("homoclinic", well()), ("heteroclinic", pendulum()))
    }
    cores = {sort: items[1]["line"] for sort, items in traces.items()}
    for sort, (curve, *_, key) in traces.items():
        assert cores[sort]["color"] == THEMES[theme].plot
        assert curve["line"]["width"] > 2 * cores[sort]["width"]
        assert key["marker"]["line"]["color"] == THEMES[theme].plot
    assert cores["homoclinic"]["dash"] != cores["heteroclinic"]["dash"]
    keys = [items[-1]["marker"]["size"] for items in traces.values()]
    assert keys[0] != keys[1]


@pytest.mark.parametrize(("found", "sort"), [(well, "homoclinic"), (pendulum, "heteroclinic")])
def test_exports_draw_them_alike(found, sort):
    drawing = draw_on_paper(found())
    (line,) = [
        item for item in drawing.layers if isinstance(item, Line) and item.style.endswith("clinic")
    ]
    assert line.style == sort
    assert f"{sort} orbit" in [key.text for key in drawing.keys]
    assert rf"\path[pic{sort}]" in tikz_picture(drawing)
    assert rf"\path[pic{sort}]" in tikz_legend(drawing)
    with_them = portrait_picture(found(), "svg")
    bare = replace(
        found(), trajectories=tuple(t for t in found().trajectories if t.origin != "separatrix")
    )
    assert len(with_them) > len(portrait_picture(bare, "svg")) + 1000
    assert b"#e0691f" in thumbnail_svg(found())
    assert b"#e0691f" not in thumbnail_svg(bare)
