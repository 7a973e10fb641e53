"""Figures as the page shows them: on its paper, in its colours, titled elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dash import Patch

from eqpp_dash.figures import portrait_figure_dict, theme_named
from eqpp_dash.model.portrait import Portrait


def untitled_figure(portrait: Portrait, theme: str, *, phone: bool) -> dict[str, Any]:
    """Draw a portrait for the page, which has the title elsewhere."""
    untitled = replace(portrait, spec=portrait.spec.replace(title=""))
    return portrait_figure_dict(untitled, theme=theme, phone=phone)


def on_page(figure: dict[str, Any], aspect: str = "auto") -> dict[str, Any]:
    """Give the figure for the page: on its panel's paper, with the axes wanted.

    Parameters
    ----------
    figure : dict
        ``data`` and ``layout``.
    aspect : str
        ``equal`` or ``free``; ``auto`` leaves the axes as they are.

    Examples
    --------
    >>> on_page({"data": [], "layout": {"yaxis": {"scaleanchor": "x"}}}, "free")
    {'data': [], 'layout': {'yaxis': {}, 'paper_bgcolor': 'rgba(0,0,0,0)'}}
    """
    layout = figure["layout"] | {"paper_bgcolor": "rgba(0,0,0,0)"}
    if "constraintoward" in layout.get("yaxis", {}) and "height" not in layout:
        layout["yaxis"] = layout["yaxis"] | {"constraintoward": "middle"}
    if aspect == "auto":
        return {**figure, "layout": layout}
    axis = {
        key: value
        for key, value in layout.get("yaxis", {}).items()
        if key not in ("scaleanchor", "scaleratio")
    }
    if aspect == "equal":
        axis |= {"scaleanchor": "x", "scaleratio": 1, "constrain": "domain"}
        layout["xaxis"] = layout.get("xaxis", {}) | {"constrain": "domain"}
    layout["yaxis"] = axis
    return {**figure, "layout": layout}


def graph_style(figure: dict[str, Any]) -> dict[str, str]:
    """Give the graph the height that its layout asks for, if it asks.

    Examples
    --------
    >>> graph_style({"layout": {"height": 400}}), graph_style({"layout": {}})
    ({'height': '400px'}, {})
    """
    height = figure["layout"].get("height")
    return {} if height is None else {"height": f"{height}px"}


def recoloured(theme: str) -> Patch:
    """Give the change of a figure's paper, axes and letters to a colour scheme."""
    colours, change = theme_named(theme), Patch()
    change["layout"]["plot_bgcolor"] = colours.plot
    change["layout"]["font"]["color"] = colours.text
    for axis in ("xaxis", "yaxis"):
        change["layout"][axis]["gridcolor"] = colours.grid
        change["layout"][axis]["tickfont"]["color"] = colours.muted
        for line in ("zerolinecolor", "linecolor", "tickcolor"):
            change["layout"][axis][line] = colours.axis
    return change
