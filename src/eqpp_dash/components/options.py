"""Options of the numerics and of the view, folded away."""

from __future__ import annotations

import dash_mantine_components as dmc
from dash import html

from eqpp_dash.components.attributes import aria
from eqpp_dash.components.ids import OptionsPanel, Picture
from eqpp_dash.model.spec import METHODS, Options

METHOD_NAMES = {"auto": "Automatic", "DOP853": "DOP853", "Radau": "Radau (stiff)"}
ASPECTS = (("auto", "Auto"), ("equal", "Equal"), ("free", "Free"))


def starts_panel() -> html.Section:
    """Give the panel with the points that trajectories go through."""
    return html.Section(
        [
            html.Div(
                [
                    html.H2("Trajectories", className="panel-title"),
                    dmc.Button(
                        "Clear",
                        id=Picture.CLEAR,
                        variant="subtle",
                        size="compact-xs",
                        **aria(label="Clear trajectories"),
                    ),
                ],
                className="panel-head",
            ),
            dmc.TagsInput(
                id=Picture.STARTS,
                value=[],
                placeholder="Click in the plane, or type a point: 0.5, 0",
                size="xs",
                splitChars=[";"],
                acceptValueOnBlur=True,
                **aria(label="Points that trajectories go through"),
            ),
        ],
        className="panel starts",
        **aria(label="Trajectories"),
    )


def options_panel() -> html.Details:
    """Give the folded panel of options."""
    default = Options()
    return html.Details(
        [
            html.Summary("Options", className="panel-title"),
            html.Div(
                [
                    dmc.Select(
                        id=OptionsPanel.METHOD,
                        label="Method",
                        data=[{"value": m, "label": METHOD_NAMES[m]} for m in METHODS],
                        value=default.method,
                        allowDeselect=False,
                        size="xs",
                    ),
                    _number(OptionsPanel.SPAN, "Longest time", "auto"),
                    _number(OptionsPanel.RTOL, "Relative tolerance", f"{default.rtol:g}"),
                    _number(OptionsPanel.ATOL, "Absolute tolerance", f"{default.atol:g}"),
                ],
                className="option-grid",
            ),
            html.Div(
                [
                    html.Span("Aspect", className="option-label"),
                    dmc.SegmentedControl(
                        id=OptionsPanel.ASPECT,
                        data=[{"value": value, "label": name} for value, name in ASPECTS],
                        value="auto",
                        size="xs",
                        **aria(label="Aspect of the axes"),
                    ),
                ],
                className="aspect-row",
            ),
        ],
        className="panel options",
    )


def _number(id: OptionsPanel, label: str, value: str) -> dmc.TextInput:
    return dmc.TextInput(id=id, label=label, value=value, size="xs", inputProps={"maxLength": 40})
