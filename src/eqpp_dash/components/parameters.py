"""A slider for every parameter, with an exact value and a range to edit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from eqpp_dash.components.attributes import aria
from eqpp_dash.components.ids import Editor, Part, parameter
from eqpp_dash.errors import SpecError
from eqpp_dash.figures.labels import plain_name
from eqpp_dash.model.numbers import read_float

STEPS = 200


def parameters_panel() -> html.Section:
    """Give the panel that holds the sliders."""
    return html.Section(
        [
            html.H2("Parameters", className="panel-title"),
            html.Div(id=Editor.PARAMETERS, className="parameter-list"),
        ],
        className="panel parameters",
        **aria(label="Parameters"),
    )


def number_text(value: float | str) -> str:
    """Write a parameter's value so that reading it gives the same number.

    Examples
    --------
    >>> number_text(1.0), number_text(0.1), number_text("8/3"), number_text(1e-9)
    ('1', '0.1', '8/3', '1e-9')
    """
    if isinstance(value, str):
        return value
    text = repr(float(value)).removesuffix(".0")
    return text.replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")


def slider_range(value: float) -> tuple[float, float]:
    """Choose limits for a slider round a value, on numbers that read well.

    Examples
    --------
    >>> slider_range(1.0)
    (0.0, 3.0)
    >>> slider_range(0.0)
    (-2.0, 2.0)
    >>> slider_range(-0.3)
    (-0.8, 0.3)
    """
    size = abs(value)
    if size == 0 or not math.isfinite(size):
        return -2.0, 2.0
    near, far = _round_up(size), _round_up(2.5 * size)
    return (0.0, far) if value > 0 else (-far, near)


def _round_up(size: float) -> float:
    power = 10.0 ** math.floor(math.log10(size))
    for mantissa in (1, 1.5, 2, 3, 4, 5, 6, 8, 10):
        if size <= mantissa * power * (1 + 1e-12):
            return float(f"{mantissa * power:.3g}")
    return 10 * power


def parameter_controls(
    values: Mapping[str, float | str], defaults: Mapping[str, float | str] | None = None
) -> list[Any]:
    """Give one control a parameter, or a line that says there are none.

    Parameters
    ----------
    values : mapping of str to float or str
        Values by name; exact text such as ``"8/3"`` is kept.
    defaults : mapping of str to float or str, optional
        Values by name that the equations give, declared or not: when they give another one,
        that one is taken.
    """
    defaults = values if defaults is None else defaults
    if not values:
        return [html.P("The system has none. Any new name becomes one.", className="quiet")]
    return [_control(name, value, defaults.get(name, value)) for name, value in values.items()]


def _control(name: str, value: float | str, default: float | str) -> html.Div:
    try:
        number = read_float(value)
    except SpecError:
        number = 1.0
    low, high = slider_range(number)
    return html.Div(
        [
            dcc.Store(id=parameter(Part.KNOWN, name), data=number_text(default)),
            html.Div(
                [
                    html.Span(plain_name(name), className="parameter-name"),
                    dmc.TextInput(
                        id=parameter(Part.VALUE, name),
                        value=number_text(value),
                        size="xs",
                        className="parameter-value",
                        inputProps={"inputMode": "text", "maxLength": 60},
                        **aria(label=f"Value of {name}"),
                    ),
                ],
                className="parameter-head",
            ),
            dmc.Slider(
                id=parameter(Part.SLIDER, name),
                value=number,
                min=low,
                max=high,
                step=(high - low) / STEPS,
                precision=12,
                updatemode="drag",
                label=None,
                size=4,
                thumbSize=16,
                thumbLabel=f"{name}",
            ),
            html.Div(
                [_limit(Part.LOW, name, low, "least"), _limit(Part.HIGH, name, high, "most")],
                className="parameter-range",
            ),
        ],
        className="parameter",
    )


def _limit(part: Part, name: str, value: float, word: str) -> dmc.TextInput:
    return dmc.TextInput(
        id=parameter(part, name),
        value=number_text(value),
        variant="unstyled",
        size="xs",
        className=f"parameter-{word}",
        debounce=True,
        inputProps={"maxLength": 24},
        **aria(label=f"Slider for {name}: {word}"),
    )
