"""The figure, what is shown in it, and what is wrong with what is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from eqpp_dash.components.attributes import aria
from eqpp_dash.components.ids import Permanent, Picture

EMPTY_FIGURE: dict[str, Any] = {
    "data": [],
    "layout": {
        "xaxis": {"visible": False},
        "yaxis": {"visible": False},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
    },
}


def picture_panel(config: Any) -> html.Section:
    """Give the panel with the figure.

    Parameters
    ----------
    config : mapping
        Configuration for plotly.js.
    """
    return html.Section(
        [
            html.Div(
                [
                    dmc.Badge("Drawing", id=Picture.BADGE, variant="light", color="gray"),
                    html.Span(
                        "The portrait is on its way", id=Picture.CAPTION, className="caption"
                    ),
                ],
                className="picture-head",
            ),
            html.Div(
                [
                    dcc.Graph(
                        id=Picture.GRAPH,
                        figure=EMPTY_FIGURE,
                        config=config,
                        responsive=True,
                        className="graph",
                    ),
                    html.Div(id=Picture.MESSAGE, role="status", className="picture-message"),
                ],
                id=Picture.FRAME,
                className="picture-frame fresh",
            ),
        ],
        className="panel picture",
        **aria(label="Phase portrait"),
    )


def still_picture(figure: Any, config: Any, style: Mapping[str, str]) -> html.Div:
    """Give a figure to look at, without the means to add to it."""
    graph = dcc.Graph(
        id=Permanent.GRAPH,
        figure=figure,
        config=config,
        responsive=True,
        className="graph",
        style=dict(style),
    )
    return html.Div(graph, className="picture-frame")
