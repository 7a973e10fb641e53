"""The window: its limits, or that it is to be fitted."""

from __future__ import annotations

import dash_mantine_components as dmc
from dash import html

from eqpp_dash.components.attributes import aria
from eqpp_dash.components.ids import WindowPanel


def window_panel() -> html.Section:
    """Give the panel with the window's limits."""
    return html.Section(
        [
            html.Div(
                [
                    html.H2("Window", className="panel-title"),
                    dmc.Switch(
                        id=WindowPanel.FIT,
                        label="Fit",
                        checked=True,
                        size="xs",
                        labelPosition="left",
                    ),
                ],
                className="panel-head",
            ),
            _row(WindowPanel.X_NAME, "x", WindowPanel.X_LOW, WindowPanel.X_HIGH, "first"),
            _row(WindowPanel.Y_NAME, "y", WindowPanel.Y_LOW, WindowPanel.Y_HIGH, "second"),
        ],
        className="panel window",
        **aria(label="Window"),
    )


def _row(
    name_id: WindowPanel, name: str, low: WindowPanel, high: WindowPanel, which: str
) -> html.Div:
    return html.Div(
        [
            _limit(low, f"Lower limit of the {which} variable"),
            html.Span(["≤ ", html.Span(name, id=name_id, className="variable"), " ≤"]),
            _limit(high, f"Upper limit of the {which} variable"),
        ],
        className="window-row",
    )


def _limit(id: WindowPanel, label: str) -> dmc.TextInput:
    return dmc.TextInput(
        id=id,
        value="",
        size="xs",
        className="limit",
        inputProps={"maxLength": 60},
        **aria(label=label),
    )
