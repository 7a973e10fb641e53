"""Icons, drawn by the style sheet, so that nothing is fetched."""

from __future__ import annotations

from dash import html

from eqpp_dash.components.attributes import aria


def icon(name: str) -> html.Span:
    """Give an icon for eyes only: what it means is said by the control's label.

    Parameters
    ----------
    name : str
        One of the ``icon-…`` classes of the style sheet.
    """
    return html.Span(className=f"icon icon-{name}", **aria(hidden="true"))
