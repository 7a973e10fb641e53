"""The gallery: a card for every classic system, by subject."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import dash_mantine_components as dmc
from dash import html

from eqpp_dash.components.attributes import aria


@dataclass(frozen=True, slots=True)
class Card:
    """What a card shows: a system, and the link that opens it."""

    title: str
    subject: str
    equations: str
    note: str
    source: str
    href: str
    thumbnail: bytes | None


def gallery_page(cards: Sequence[Card]) -> html.Div:
    """Give the page at ``/gallery``: a section for each run of cards of one subject."""
    subjects = [(name, list(some)) for name, some in groupby(cards, lambda card: card.subject)]
    lead = f"{len(cards)} classic systems of the plane. Open one, then make it yours."
    return html.Div(
        [
            html.H1("Gallery"),
            html.P(lead, className="lead"),
            html.Nav(
                [html.A(name, href=f"#{_anchor(name)}") for name, _ in subjects],
                className="subjects",
                **aria(label="Subjects"),
            ),
            *(_section(name, some) for name, some in subjects),
        ],
        className="plain-page gallery",
    )


def _anchor(subject: str) -> str:
    """Give the id of a subject's section.

    Examples
    --------
    >>> _anchor("Nerve cells")
    'nerve-cells'
    """
    return subject.lower().replace(" ", "-")


def _section(subject: str, cards: Sequence[Card]) -> html.Section:
    heading = f"{_anchor(subject)}-heading"
    return html.Section(
        [
            html.H2(subject, id=heading, className="subject"),
            html.Div([_card(card) for card in cards], className="cards"),
        ],
        id=_anchor(subject),
        **aria(labelledby=heading),
    )


def _card(card: Card) -> dmc.Anchor:
    return dmc.Anchor(
        [
            thumbnail(card.thumbnail, ""),
            html.Div(
                [
                    html.H3(card.title),
                    html.Pre(card.equations, className="card-equations"),
                    html.P(card.note, className="card-note"),
                    html.P(card.source, className="card-source"),
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
