"""The section in words: the narrative, each sentence with links to what it tells."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import groupby
from typing import Any

from eqpp_dash.exports.report.blocks import Cell, Math, Ref, Section, Sentence, Telling, ref
from eqpp_dash.model.marks import LETTERS
from eqpp_dash.model.narrative import Sentence as Told
from eqpp_dash.model.narrative import narrate

MOST = 4
"""Links to facts of one sort in a row after a sentence; of more the first and the last stand."""


def telling_section(facts: Mapping[str, Any], anchors: Collection[str]) -> Section:
    """Give the narrative of a portrait as a section.

    Parameters
    ----------
    facts : mapping
        Its facts.
    anchors : collection of str
        The parts of the report that links may lead to.
    """
    blocks = tuple(
        Telling(
            paragraph.heading,
            tuple(
                Sentence(_parts(item), tuple(_links(item.facts, anchors)))
                for item in paragraph.sentences
            ),
        )
        for paragraph in narrate(facts)
    )
    return Section("In words", "words", blocks)


def _parts(item: Told) -> Cell:
    return tuple(Math(part) if formula else part for formula, part in item.parts())


def _links(ids: tuple[str, ...], anchors: Collection[str]) -> Iterator[Ref]:
    found = [link for link in map(_link, ids) if link.anchor in anchors]
    for _, group in groupby(found, key=lambda link: link.label[0]):
        links = list(group)
        if len(links) > MOST:
            yield links[0]
            yield Ref(links[-1].anchor, f"… {links[-1].label}")
        else:
            yield from links


def _link(id: str) -> Ref:
    """Give the link to a fact by its id, such as ``equilibrium 0``."""
    sort, _, number = id.partition(" ")
    return ref(sort, int(number)) if sort in LETTERS and number.isdigit() else Ref(id, id)
