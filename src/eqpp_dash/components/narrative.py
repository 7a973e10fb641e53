"""The portrait in words: each sentence shows in the figure what it is about."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dash import html

from eqpp_dash.components.attributes import aria, data
from eqpp_dash.model.narrative import Paragraph, Sentence, find_fact, narrate

Mark = list[Any]


_PLACED = ("outside-window", "separatrices-left-out")
"""Codes of remarks that name places."""
_PLACE = re.compile(r"\((-?[\d.]+(?:e[-+]?\d+)?), (-?[\d.]+(?:e[-+]?\d+)?)\)")


def narrative_section(facts: Mapping[str, Any]) -> html.Details:
    """Give the narrative of a portrait.

    Parameters
    ----------
    facts : mapping
        Its facts JSON.

    Returns
    -------
    dash.html.Details
        Sentences with something to show have ``data-marks``: hovered, focused or pressed, they
        show it in the figure (``assets/narrative.js``).
    """
    return html.Details(
        [
            html.Summary("In words", className="panel-title"),
            *(_paragraph(facts, item) for item in narrate(facts)),
        ],
        className="narrative",
        open=True,
    )


def _paragraph(facts: Mapping[str, Any], item: Paragraph) -> html.P:
    told: list[Any] = [html.Span(f"{item.heading}.", className="narrative-head")]
    for sentence in item.sentences:
        told += [" ", _sentence(facts, sentence)]
    return html.P(told)


def _sentence(facts: Mapping[str, Any], sentence: Sentence) -> html.Span:
    marks = sentence_marks(facts, sentence.facts)
    about = data(facts=", ".join(sentence.facts))
    if not marks:
        return html.Span(sentence.unbroken, **about)
    return html.Span(
        sentence.unbroken,
        role="button",
        tabIndex=0,
        className="shows",
        title="Show it in the figure",
        **about,
        **data(marks=json.dumps(marks, separators=(",", ":"))),
        **aria(pressed="false"),
    )


def sentence_marks(facts: Mapping[str, Any], ids: Iterable[str]) -> list[Mark]:
    """Give what a figure can show of the facts of a sentence.

    Parameters
    ----------
    facts : mapping
        The facts JSON.
    ids : iterable of str
        Ids of facts.

    Returns
    -------
    list of list
        ``["point", x, y]``; ``["cycle", k]``; ``["branch", "stable", x, y]``, the separatrices of
        a sort at a saddle; ``["link", k, x, y, x, y]``, connection k and the two saddles;
        ``["group", name]``, a layer of the figure by its legend group; ``["window"]``.

    Examples
    --------
    >>> facts = {"equilibria": [{"point": [1.0, 0.0]}], "completeness": {}}
    >>> sentence_marks(facts, ("equilibrium 0", "completeness"))
    [['point', 1.0, 0.0]]
    """
    marks: list[Mark] = []
    for id in ids:
        marks += [mark for mark in _marks(facts, id) if mark not in marks]
    return marks


def _marks(facts: Mapping[str, Any], id: str) -> Iterator[Mark]:
    sort, _, number = id.partition(" ")
    fact = find_fact(facts, id)
    if sort in ("equilibrium", "singularity") and len(fact["point"]) == 2:
        yield ["point", *fact["point"]]
    elif sort == "trajectory" and len(fact["start"]) == 2:
        yield ["point", *fact["start"]]
    elif sort == "cycle":
        yield ["cycle", int(number)]
    elif sort == "separatrix":
        yield ["branch", fact["branch"], *find_fact(facts, fact["of"])["point"]]
    elif sort == "connection":
        ends = (find_fact(facts, f"equilibrium {fact[end]}")["point"] for end in ("from", "to"))
        yield ["link", int(number), *(value for end in ends for value in end)]
    elif sort == "set":
        yield ["group", "equilibrium-sets"]
    elif sort == "switching":
        yield ["group", fact["kind"]]
    elif sort == "basin":
        yield ["group", id.replace(" ", "-")]
    elif sort == "warning" and fact["code"] in _PLACED:
        yield from (["point", *map(float, place)] for place in _PLACE.findall(fact["message"]))
    elif sort in ("window", "audit"):
        yield ["window"]
