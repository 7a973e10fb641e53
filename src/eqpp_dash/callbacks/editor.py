"""Equations as they are typed: the echo, the error, a slider for every new parameter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, no_update
from dash.exceptions import PreventUpdate

from eqpp_dash.callbacks.browser import in_browser
from eqpp_dash.callbacks.failures import failed
from eqpp_dash.callbacks.form import current_values
from eqpp_dash.components.editor import echo, equation_error
from eqpp_dash.components.ids import (
    Editor,
    Key,
    OptionsPanel,
    Part,
    Picture,
    WindowPanel,
    every_parameter,
    parameter,
)
from eqpp_dash.components.parameters import number_text, parameter_controls
from eqpp_dash.components.window import variable_name
from eqpp_dash.errors import EqppError, EquationError
from eqpp_dash.model.spec import PortraitSpec

if TYPE_CHECKING:
    from eqpp_dash.services import Services


def reading(
    services: Services, text: Any, shown: Mapping[str, str], known: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Read the equations and say what was understood, or what was not.

    Parameters
    ----------
    services : Services
        What reads them.
    text : str
        The equations as typed.
    shown : mapping of str to str
        Values of the sliders on the page, by name.
    known : mapping of str to str, optional
        The values that the equations gave when the sliders were made.
    """
    text = text if isinstance(text, str) else ""
    try:
        found = services.previews.understand(text, declared=shown)
    except EqppError as error:
        return not_read(error, text)
    known = known or {}
    kept = current_values(shown, known, found.defaults)
    values = {n: kept.get(n) or v for n, v in found.defaults.items()}
    same = list(values) == list(shown) and all(
        known.get(n, number_text(v)) == number_text(v) for n, v in found.defaults.items()
    )
    names = (*found.variables, "", "")
    wrong = not_drawn(services, text, found.parameters)
    return {
        "error": [] if wrong is None else equation_error(wrong, text),
        "wrong": wrong is not None,
        "echo": echo(found.latex, found.notes),
        "parameters": no_update if same else parameter_controls(values, found.defaults),
        "x_name": variable_name(names[0]),
        "y_name": variable_name(names[1]),
        "y_hidden": not names[1],
    }


def not_drawn(services: Services, text: str, parameters: Iterable[str]) -> EquationError | None:
    """Say why equations that can be read have no portrait: their number, the time in them."""
    try:
        services.previews.check(PortraitSpec(text, parameters=dict.fromkeys(parameters, 1.0)))
    except EquationError as error:
        return error
    return None


def not_read(error: EqppError, text: str) -> dict[str, Any]:
    """Keep what was understood last, and say what is wrong."""
    kept = ("echo", "parameters", "x_name", "y_name", "y_hidden")
    said = {"error": equation_error(error, text), "wrong": True}
    return said | dict.fromkeys(kept, no_update)


def broken_reading(error: Exception) -> dict[str, Any]:
    """Say beside the equations that reading them failed in our own code."""
    return not_read(EqppError(failed("understand", error)), "") | {"wrong": no_update}


def register(app: Dash, services: Services) -> None:
    """Register what the form does: reading, gathering, sliders that follow their values."""

    @app.callback(
        output={
            "error": Output(Editor.ERROR, "children"),
            "wrong": Output(Editor.EQUATIONS, "error"),
            "echo": Output(Editor.ECHO, "children"),
            "parameters": Output(Editor.PARAMETERS, "children", allow_duplicate=True),
            "x_name": Output(WindowPanel.X_NAME, "children"),
            "y_name": Output(WindowPanel.Y_NAME, "children"),
            "y_hidden": Output(WindowPanel.Y_ROW, "hidden"),
        },
        inputs={"question": Input(Key.QUESTION, "data")},
        state={
            "ids": State(every_parameter(Part.VALUE), "id"),
            "values": State(every_parameter(Part.VALUE), "value"),
            "known": State(every_parameter(Part.KNOWN), "data"),
        },
        on_error=broken_reading,
        prevent_initial_call=True,
    )
    def understand(
        question: Any, ids: list[Any], values: list[Any], known: list[Any]
    ) -> dict[str, Any]:
        if not isinstance(question, dict):
            raise PreventUpdate
        names = [id["name"] for id in ids]
        shown = {n: "" if v is None else str(v) for n, v in zip(names, values, strict=True)}
        given = {n: str(v) for n, v in zip(names, known, strict=True) if v is not None}
        return reading(services, question.get("text"), shown, given)

    in_browser(
        app,
        "eqpp.gather",
        Input(Key.ORIGIN, "data"),
        Input(Editor.TITLE, "value"),
        Input(Editor.EQUATIONS, "value"),
        Input(WindowPanel.FIT, "checked"),
        Input(WindowPanel.X_LOW, "value"),
        Input(WindowPanel.X_HIGH, "value"),
        Input(WindowPanel.Y_LOW, "value"),
        Input(WindowPanel.Y_HIGH, "value"),
        Input(OptionsPanel.ASPECT, "value"),
        Input(OptionsPanel.METHOD, "value"),
        Input(OptionsPanel.SPAN, "value"),
        Input(OptionsPanel.RTOL, "value"),
        Input(OptionsPanel.ATOL, "value"),
        Input(Picture.STARTS, "value"),
        Input(OptionsPanel.BASINS, "checked"),
        Input(every_parameter(Part.VALUE), "value"),
        State(every_parameter(Part.KNOWN), "data"),
        at_start=True,
    )
    in_browser(
        app,
        "eqpp.parameter",
        Output(parameter(Part.SLIDER), "value"),
        Output(parameter(Part.VALUE), "value"),
        Output(parameter(Part.SLIDER), "min"),
        Output(parameter(Part.SLIDER), "max"),
        Output(parameter(Part.SLIDER), "step"),
        Output(parameter(Part.LOW), "value"),
        Output(parameter(Part.HIGH), "value"),
        Input(parameter(Part.SLIDER), "value"),
        Input(parameter(Part.VALUE), "value"),
        Input(parameter(Part.LOW), "value"),
        Input(parameter(Part.HIGH), "value"),
    )
