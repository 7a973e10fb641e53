"""The window: its limits, or that it is to be fitted."""

from __future__ import annotations

import dash_mantine_components as dmc
from dash import html

from eqpp_dash.components.attributes import aria, data
from eqpp_dash.components.ids import OptionsPanel, WindowPanel
from eqpp_dash.figures.labels import plain_name


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
            html.Div(
                _row(WindowPanel.Y_NAME, "y", WindowPanel.Y_LOW, WindowPanel.Y_HIGH, "second"),
                id=WindowPanel.Y_ROW,
            ),
            dmc.Switch(
                id=OptionsPanel.BASINS,
                label="Basins of attraction, when computed",
                checked=False,
                size="xs",
                className="basins-switch",
            ),
        ],
        className="panel window",
        **aria(label="Window"),
    )


def variable_name(name: str) -> html.Span:
    """Give a variable's name, Greek as a glyph, with the identifier for scripts."""
    return html.Span(plain_name(name), **data(name=name))


def _row(
    name_id: WindowPanel, name: str, low: WindowPanel, high: WindowPanel, which: str
) -> html.Div:
    return html.Div(
        [
            _limit(low, f"Lower limit of the {which} variable"),
            html.Span(
                ["≤ ", html.Span(variable_name(name), id=name_id, className="variable"), " ≤"]
            ),
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
