import base64
import json
import math
import time
from dataclasses import replace

import numpy as np
import orjson
import plotly.graph_objects as go
import pytest
from portraits import equilibrium, odd_portrait, pendulum_portrait, trajectory

from eqpp_dash.engine import compute_portrait
from eqpp_dash.errors import EqppError
from eqpp_dash.exports.picture import draw_portrait
from eqpp_dash.figures import (
    FIGURE_CONFIG,
    THEMES,
    portrait_figure,
    portrait_figure_dict,
    trajectory_traces,
)
from eqpp_dash.figures.ends import end_words
from eqpp_dash.figures.symbols import equilibrium_mark
from eqpp_dash.model.ends import END_WORDS
from eqpp_dash.model.portrait import OrbitEnd, SystemFacts
from eqpp_dash.model.spec import PortraitSpec


def numbers(array):
    return np.frombuffer(base64.b64decode(array["bdata"]), "<" + array["dtype"])


def groups(figure):
    return [trace["legendgroup"] for trace in figure["data"] if trace.get("showlegend", True)]


def test_every_layer_is_a_legend_group_of_its_own():
    assert groups(portrait_figure_dict(pendulum_portrait())) == [
        "field",
        "nullcline-0",
        "nullcline-1",
        "trajectories",
        "stable",
        "unstable",
        "equilibria-0",
        "equilibria-1",
    ]
    names = [trace["name"] for trace in portrait_figure_dict(odd_portrait())["data"]]
    assert names[-6:] == [
        "equilibrium set",
        "singularity",
        "undecided equilibrium",
        "center",
        "unstable node",
        "degenerate",
    ]


def test_marks_beyond_the_window_are_in_no_legend_and_need_no_room():
    """In the page they show when the picture is moved; on paper they are left out."""
    bare = pendulum_portrait()
    far = replace(bare.equilibria[0], kind="center", point=np.array([90.0, 0.0]))
    beyond = replace(bare, equilibria=(*bare.equilibria, replace(far, location="outside")))
    figure = portrait_figure_dict(beyond)
    assert groups(figure) == groups(portrait_figure_dict(bare))
    (trace,) = [trace for trace in figure["data"] if trace["name"] == "center"]
    assert numbers(trace["x"]).tolist() == [90.0]
    drawn, plain = draw_portrait(beyond), draw_portrait(bare)
    for printed in (drawn, plain):
        printed.draw_without_rendering()
    assert drawn.axes[0].get_position().bounds == plain.axes[0].get_position().bounds
    words = [text.get_text() for text in drawn.legends[0].get_texts()]
    assert "center" not in words
    assert words == [text.get_text() for text in plain.legends[0].get_texts()]


def test_heads_and_starts_toggle_with_their_curves():
    figure = portrait_figure_dict(pendulum_portrait())
    shown = set(groups(figure))
    assert all(trace["legendgroup"] in shown for trace in figure["data"])


def test_curves_are_single_precision_and_marks_double_in_place():
    figure = portrait_figure_dict(pendulum_portrait())
    saddles = next(trace for trace in figure["data"] if trace["name"] == "saddle")
    assert saddles["x"]["dtype"] == "f8"
    np.testing.assert_allclose(numbers(saddles["x"]), [-math.pi, math.pi], rtol=1e-15)
    assert {t["x"]["dtype"] for t in figure["data"] if t["mode"] == "lines"} == {"f4"}


def test_a_narrow_window_far_from_zero_gets_double_precision():
    window = {"theta": (1000.0, 1000.5), "omega": (0.0, 1.0)}
    figure = portrait_figure_dict(pendulum_portrait(window=window))
    assert {trace["x"]["dtype"] for trace in figure["data"]} == {"f8"}


def test_kinds_differ_without_colour():
    figure = portrait_figure_dict(pendulum_portrait())
    marks = {
        trace["name"]: trace["marker"]
        for trace in figure["data"]
        if trace["legendgroup"].startswith("equilibria-")
    }
    assert marks["saddle"]["symbol"] == "diamond"
    assert marks["saddle"]["color"] == THEMES["light"].plot  # open: unstable
    assert marks["stable focus"]["symbol"] == "square"
    assert marks["stable focus"]["color"] == THEMES["light"].equilibrium  # filled: stable
    dashes = [
        trace["line"]["dash"] for trace in figure["data"] if "nullcline" in trace["legendgroup"]
    ]
    assert len(set(dashes)) == 2


def test_hover_tells_kind_point_eigenvalues_stability_and_evidence():
    figure = portrait_figure_dict(pendulum_portrait())
    text = next(t for t in figure["data"] if t["name"] == "saddle")["hovertext"][1]
    assert text.split("<br>") == [
        "<b>E3: saddle</b>",
        "(θ, ω) = (3.1416, 0)",
        "eigenvalues 0.8828, −1.133",
        "unstable · index −1",
        "proved (Krawczyk)",
    ]


def test_hover_on_an_undecided_point_tells_the_reason():
    figure = portrait_figure_dict(odd_portrait())
    trace = next(t for t in figure["data"] if t["name"] == "undecided equilibrium")
    assert "the linearisation is degenerate" in trace["hovertext"][0]
    assert trace["marker"]["symbol"] == "circle-x"


def test_kinds_that_are_not_hyperbolic_have_marks_and_sectors():
    marks = {
        kind: equilibrium_mark(equilibrium(0.0, kind=kind, stability=stability))
        for kind, stability in (
            *((f"{word} {kind}", word) for word in ("stable", "unstable") for kind in _SHARED),
            ("weak stable focus", "stable"),
            ("weak unstable focus", "unstable"),
            ("saddle-node", "unstable"),
            ("topological saddle", "unstable"),
            ("saddle", "unstable"),
            ("cusp", "unstable"),
            ("degenerate", "unstable"),
            ("center", "neutral"),
            ("undecided", "undecided"),
        )
    }
    looks = [(mark.shape, mark.fill) for mark in marks.values()]
    assert len(set(looks)) == len(looks)
    nilpotent = equilibrium_mark(equilibrium(0.0, kind="nilpotent focus", stability="stable"))
    assert nilpotent.shape == marks["weak stable focus"].shape
    figure = portrait_figure_dict(odd_portrait())
    trace = next(t for t in figure["data"] if t["name"] == "degenerate")
    assert "sectors: 6 hyperbolic" in trace["hovertext"][0]
    assert trace["marker"]["symbol"] == "cross"


_SHARED = ("node", "star", "degenerate node", "topological node", "focus")


def test_axes_carry_glyphs_and_units_and_equal_scales():
    layout = portrait_figure_dict(pendulum_portrait())["layout"]
    assert layout["xaxis"]["title"]["text"] == "<i>θ</i> (rad)"
    assert layout["yaxis"]["scaleanchor"] == "x"
    wide = pendulum_portrait(window={"theta": (-7.0, 7.0), "omega": (-1.0, 1.0)})
    assert "scaleanchor" not in portrait_figure_dict(wide)["layout"]["yaxis"]


def test_zoom_survives_a_redraw_of_the_same_window_only():
    one = portrait_figure_dict(pendulum_portrait())["layout"]["uirevision"]
    dark = portrait_figure_dict(pendulum_portrait(), theme="dark")["layout"]["uirevision"]
    other = pendulum_portrait(window={"theta": (-7.0, 7.0), "omega": (-3.0, 4.0)})
    assert one == dark
    assert one != portrait_figure_dict(other)["layout"]["uirevision"]


def test_nothing_is_shared():
    assert FIGURE_CONFIG["showSendToCloud"] is False


def test_a_users_text_is_neither_markup_nor_a_formula():
    spec = pendulum_portrait().spec.replace(
        title="<img src=x> $\\href{a}{b}$", variables={"theta": {"unit": "<b>$m$"}}
    )
    layout = portrait_figure_dict(pendulum_portrait(spec=spec))["layout"]
    for text in (layout["title"]["text"], layout["xaxis"]["title"]["text"]):
        assert "$" not in text
        assert "<img" not in text
        assert "<b>" not in text


def test_a_long_title_fits_a_phone():
    spec = pendulum_portrait().spec.replace(title="a rather long title " * 8)
    layout = portrait_figure_dict(pendulum_portrait(spec=spec), phone=True)["layout"]
    lines = layout["title"]["text"].split("<br>")
    assert len(lines) == 2
    assert max(map(len, lines)) <= 24


def test_a_phone_gets_fewer_arrows_and_a_height():
    wide, phone = (portrait_figure_dict(pendulum_portrait(), phone=p) for p in (False, True))
    assert len(numbers(phone["data"][0]["x"])) < len(numbers(wide["data"][0]["x"])) / 2
    assert 300 < phone["layout"]["height"] < 700
    assert "height" not in wide["layout"]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("make", [pendulum_portrait, odd_portrait])
def test_plotly_accepts_every_attribute(make, theme):
    drawn = portrait_figure_dict(make(), theme=theme)
    figure = portrait_figure(make(), theme=theme)
    assert isinstance(figure, go.Figure)
    assert len(figure.data) == len(drawn["data"])
    assert figure.layout.paper_bgcolor == THEMES[theme].paper
    assert json.loads(figure.to_json())["layout"]["xaxis"]["range"] == [-7, 7]


def test_an_empty_portrait_has_axes_and_a_trajectory_layer():
    bare = pendulum_portrait(field=None, nullclines=(), equilibria=(), trajectories=())
    assert groups(portrait_figure_dict(bare)) == ["trajectories"]


def test_the_dict_is_plain_and_quick():
    portrait = pendulum_portrait()
    orjson.dumps(portrait_figure_dict(portrait))
    best = min(_seconds(portrait) for _ in range(5))
    assert best < 0.1  # 5 ms on a quiet machine


def _seconds(portrait):
    begin = time.perf_counter()
    portrait_figure_dict(portrait)
    return time.perf_counter() - begin


def test_a_click_adds_curves_of_the_trajectory_layer_without_legend():
    clicked = trajectory((1.0, 1.0), origin="given", ends=("left work box", "equilibrium 1"))
    traces = trajectory_traces(
        [clicked], "dark", window=[(-7, 7), (-4, 4)], variables=("theta", "omega")
    )
    assert {trace["legendgroup"] for trace in traces} == {"trajectories"}
    assert not any(trace["showlegend"] for trace in traces)
    assert [trace["mode"] for trace in traces] == ["lines", "markers", "markers"]
    assert traces[0]["line"]["color"] == THEMES["dark"].given
    text = traces[-1]["hovertext"][0]
    assert "(θ, ω) = (1, 1)" in text
    assert "goes to an equilibrium" in text
    assert "comes from a place far outside the window" in text
    go.Figure({"data": traces})


def test_a_start_names_the_equilibrium_by_kind_and_place():
    portrait = pendulum_portrait()
    traces = portrait_figure_dict(portrait)["data"]
    (start,) = [trace for trace in traces if trace.get("name") == "start"]
    assert "goes to the saddle at (−3.142, 0)" in start["hovertext"][0]
    assert "equilibrium 1" not in start["hovertext"][0]


def test_every_end_has_words():
    ends = [*END_WORDS, "equilibrium 0", "equilibrium 2"]
    said = [end_words(OrbitEnd(end, 1.0), odd_portrait().equilibria) for end in ends]
    assert len(set(said)) == len(ends)
    assert said[-2:] == ["the undecided equilibrium at (0, 0)", "the unstable node at (−3, 0)"]


def test_a_clicks_place_in_the_drawing_order_is_below_the_points():
    figure = portrait_figure_dict(odd_portrait())
    place = figure["layout"]["meta"]["insert_at"]
    assert figure["data"][place]["legendgroup"] == "equilibrium-sets"
    assert figure["data"][place - 1]["legendgroup"] == "trajectories"


def test_only_planar_portraits_are_drawn():
    portrait = pendulum_portrait()
    line = SystemFacts(("x",), {}, True, ("x",), ("x",), (("1",),))
    with pytest.raises(EqppError, match="planar"):
        portrait_figure_dict(replace(portrait, system=line))


def test_a_mark_on_the_border_is_not_lost_by_rounding():
    spec = PortraitSpec(
        "x' = y; y' = -sin(x) - y/4",
        window={"x": (-2 * np.pi, 2 * np.pi), "y": (-3.0, 3.0)},
    )
    portrait = compute_portrait(spec)
    x_low, x_high = portrait_figure_dict(portrait)["layout"]["xaxis"]["range"]
    marks = [
        value
        for trace in portrait_figure_dict(portrait)["data"]
        if "equilibria" in trace.get("meta", {})
        for value in numbers(trace["x"])
    ]
    within = [value for value in marks if abs(value) < 2 * np.pi + 0.1]
    assert len(within) == 5
    assert all(x_low <= value <= x_high for value in within)
