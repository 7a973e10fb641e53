"""The workbench: what is asked on the left, the portrait, what was found on the right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import dcc, html

from eqpp_dash.components.attributes import aria
from eqpp_dash.components.editor import compute_bar, editor_panel
from eqpp_dash.components.ids import Facts, Key
from eqpp_dash.components.job import job_panel
from eqpp_dash.components.options import options_panel, starts_panel
from eqpp_dash.components.parameters import parameters_panel
from eqpp_dash.components.picture import picture_panel
from eqpp_dash.components.window import window_panel


def workbench(config: Mapping[str, Any]) -> html.Div:
    """Give the page at ``/``.

    Parameters
    ----------
    config : mapping
        Configuration of the figure for plotly.js.
    """
    return html.Div(
        [
            html.H1("Workbench", className="off-screen"),
            *(dcc.Store(id=key) for key in Key),
            html.Div(
                [
                    html.Div(
                        [
                            editor_panel(),
                            parameters_panel(),
                            window_panel(),
                            starts_panel(),
                            options_panel(),
                        ],
                        className="ask-scroll",
                    ),
                    compute_bar(),
                ],
                className="ask",
            ),
            html.Div([picture_panel(config), job_panel()], className="see"),
            html.Aside(
                html.Section(id=Facts.PANEL, className="panel facts", **aria(label="Facts")),
                className="know",
            ),
        ],
        className="workbench",
    )
