"""Title and equations, the error under them, and what was understood."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from eqpp_dash.components.attributes import aria
from eqpp_dash.components.icons import icon
from eqpp_dash.components.ids import Editor
from eqpp_dash.components.message import sentence_start
from eqpp_dash.errors import EqppError, EquationError
from eqpp_dash.model.portrait import Notice


def editor_panel() -> html.Section:
    """Give the panel where the system is typed."""
    return html.Section(
        [
            dmc.TextInput(
                id=Editor.TITLE,
                placeholder="Untitled system",
                variant="unstyled",
                className="title-input",
                inputProps={"maxLength": 200},
                **aria(label="Title"),
            ),
            dmc.Textarea(
                id=Editor.EQUATIONS,
                autosize=True,
                minRows=2,
                maxRows=12,
                spellCheck=False,
                className="equations-input",
                placeholder="x' = y\ny' = -sin(x)",
                inputProps={
                    "aria-describedby": Editor.ERROR,
                    "autoCapitalize": "off",
                    "autoCorrect": "off",
                },
                **aria(label="Equations, one a line"),
            ),
            html.Div(id=Editor.ERROR, role="alert", className="equations-error"),
            html.Div(id=Editor.ECHO, className="echo", role="group", **aria(label="As understood")),
        ],
        className="panel editor",
        **aria(label="System"),
    )


def compute_bar() -> html.Div:
    """Give the bar with the button that computes."""
    return html.Div(
        dmc.Button(
            "Compute portrait",
            id=Editor.COMPUTE,
            leftSection=icon("play"),
            fullWidth=True,
            size="md",
        ),
        className="compute-bar",
    )


def equation_error(error: EqppError, text: str) -> list[Any]:
    """Show an error: the line it is on, a caret under the place, and how to mend it.

    Parameters
    ----------
    error : EqppError
        What is wrong; an `EquationError` has a place.
    text : str
        The equations as typed.
    """
    parts: list[Any] = []
    if isinstance(error, EquationError):
        parts.append(html.Pre(caret_lines(error, text), className="caret"))
    parts.append(html.Div(_sentence(sentence_start(error)), className="error-message"))
    if error.hint:
        parts.append(
            html.Div(_sentence(error.hint[:1].upper() + error.hint[1:]), className="error-hint")
        )
    return parts


def caret_lines(error: EquationError, text: str, width: int = 44) -> str:
    r"""Give the offending line with a caret below the offending token.

    Parameters
    ----------
    error : EquationError
        Its one-based line and column say where.
    text : str
        The equations as typed.
    width : int
        Longest part of the line to show; a longer line is cut round the place.

    Examples
    --------
    >>> error = EquationError("unknown function", token="sen", line=2, column=6)
    >>> print(caret_lines(error, "x' = y\ny' = sen(x)"))
    2 │ y' = sen(x)
      │      ^^^
    """
    lines = text.splitlines() or [""]
    line = lines[min(max(error.line, 1), len(lines)) - 1]
    column = min(max(error.column, 1), len(line) + 1) - 1
    start = max(0, column - width // 2) if len(line) > width else 0
    shown = line[start : start + width].replace("\t", " ")
    marks = max(1, min(len(error.token), len(shown) - (column - start)))
    number = str(error.line)
    return f"{number} │ {shown}\n{' ' * len(number)} │ {' ' * (column - start)}{'^' * marks}"


def echo(latex: str, notes: Sequence[Notice]) -> list[Any]:
    """Show, typeset, how the equations were understood, and what was assumed.

    Parameters
    ----------
    latex : str
        LaTeX that the engine made; never text that a user typed.
    notes : sequence of Notice
        How something ambiguous was read.
    """
    typeset = dcc.Markdown(f"$$\n{latex}\n$$", mathjax=True, className="typeset")
    remarks = [html.Li(note.message) for note in notes]
    return [typeset, html.Ul(remarks, className="remarks")] if remarks else [typeset]


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!", "…")) else f"{text}."
