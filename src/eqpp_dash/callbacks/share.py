"""Copying the link of what is on the page."""

from __future__ import annotations

from dash import Dash, Input, Output

from eqpp_dash.callbacks.browser import in_browser
from eqpp_dash.components.ids import Shell


def register(app: Dash) -> None:
    """Register the copy button; a state too long for a link is shortened by the server."""
    in_browser(
        app,
        "eqpp.copyLink",
        Output(Shell.COPIED, "children"),
        Output(Shell.LINK, "data"),
        Input(Shell.COPY, "n_clicks"),
    )
