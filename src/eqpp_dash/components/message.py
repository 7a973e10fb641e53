"""A page that only says something."""

from __future__ import annotations

import re
from typing import Any

import dash_mantine_components as dmc
from dash import html

from eqpp_dash.errors import EqppError


def message_page(title: str, text: str, *extra: Any) -> html.Div:
    """Give a page with a sentence and the way back.

    Parameters
    ----------
    title, text : str
        What happened, and what to do.
    *extra : component
        Further ways out.
    """
    return html.Div(
        [
            html.H1(title),
            html.P(text),
            html.Div(
                [dmc.Anchor("Open the workbench", href="/"), *extra], className="message-links"
            ),
        ],
        className="message-page",
    )


def sentence_start(error: EqppError) -> str:
    """Begin an error's message with a capital, but a name that was typed as it was typed.

    Parameters
    ----------
    error : EqppError
        The error; an `EquationError` has the token.

    Examples
    --------
    >>> from eqpp_dash.errors import EquationError
    >>> sentence_start(EquationError("unknown function", token="sen"))
    'Unknown function'
    >>> sentence_start(EquationError("x' stands on the right", token="dx/dt"))
    "x' stands on the right"
    >>> sentence_start(EquationError("sin has no argument", token="sin("))
    'sin has no argument'
    """
    message = error.message
    word = message.partition(" ")[0]
    typed = re.findall(r"\w+", getattr(error, "token", ""))
    if word in typed or not word.isalpha():
        return message
    return message[:1].upper() + message[1:]


def not_found_page() -> html.Div:
    """Give the page for an address that leads nowhere."""
    return message_page(
        "Nothing here",
        "This address belongs to no page and no portrait. It may be cut off, or the portrait "
        "was deleted.",
        dmc.Anchor("Gallery", href="/gallery"),
        dmc.Anchor("Archive", href="/archive"),
    )
