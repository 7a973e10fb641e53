"""The gallery: a card for every classic system."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dash_mantine_components as dmc
from dash import html

from eqpp_dash.components.attributes import aria


@dataclass(frozen=True, slots=True)
class Card:
    """What a card shows: a system, and the link that opens it."""

    title: str
    equations: str
    note: str
    href: str
    thumbnail: bytes | None


def gallery_page(cards: Sequence[Card]) -> html.Div:
    """Give the page at ``/gallery``."""
    return html.Div(
        [
            html.H1("Gallery"),
            html.P("Classic systems of the plane. Open one, then make it yours.", className="lead"),
            html.Div([_card(card) for card in cards], className="cards"),
        ],
        className="plain-page",
    )


def _card(card: Card) -> dmc.Anchor:
    return dmc.Anchor(
        [
            thumbnail(card.thumbnail, ""),
            html.Div(
                [
                    html.H2(card.title),
                    html.Pre(card.equations, className="card-equations"),
                    html.P(card.note, className="card-note"),
                ],
                className="card-text",
            ),
        ],
        href=card.href,
        underline="never",
        className="card",
    )


def thumbnail(svg: bytes | None, label: str) -> Any:
    """Give a small picture from SVG bytes, or an empty frame without them."""
    if not svg:
        return html.Div(className="thumbnail empty", **aria(hidden="true"))
    data = base64.b64encode(svg).decode()
    return html.Img(src=f"data:image/svg+xml;base64,{data}", alt=label, className="thumbnail")
