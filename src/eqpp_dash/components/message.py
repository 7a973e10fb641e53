"""A page that only says something."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import html


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


def not_found_page() -> html.Div:
    """Give the page for an address that leads nowhere."""
    return message_page(
        "Nothing here",
        "This address belongs to no page and no portrait. It may be cut off, or the portrait "
        "was deleted.",
        dmc.Anchor("Gallery", href="/gallery"),
        dmc.Anchor("Archive", href="/archive"),
    )
