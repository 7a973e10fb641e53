"""The narrative of a portrait, from its facts alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from eqpp_dash.model.narrative.branches import branch_sentences
from eqpp_dash.model.narrative.closed import closed_sentences
from eqpp_dash.model.narrative.doubts import audit_sentences, doubt_sentences
from eqpp_dash.model.narrative.links import connection_sentences
from eqpp_dash.model.narrative.regions import (
    basin_sentences,
    jump_sentences,
    trajectory_sentences,
)
from eqpp_dash.model.narrative.remarks import remark_sentences
from eqpp_dash.model.narrative.rests import rest_sentences
from eqpp_dash.model.narrative.source import Source
from eqpp_dash.model.narrative.systems import system_sentences
from eqpp_dash.model.narrative.values import Paragraph, Sentence

_PARAGRAPHS: tuple[tuple[str, Callable[[Source], Iterator[Sentence]]], ...] = (
    ("System", system_sentences),
    ("Equilibria", rest_sentences),
    ("Jumps of the field", jump_sentences),
    ("Separatrices", branch_sentences),
    ("Connections", connection_sentences),
    ("Closed orbits", closed_sentences),
    ("Basins of attraction", basin_sentences),
    ("Trajectories", trajectory_sentences),
    ("Check by the index", audit_sentences),
    ("Undecided", doubt_sentences),
    ("Remarks", remark_sentences),
)


def narrate(facts: Mapping[str, Any]) -> tuple[Paragraph, ...]:
    """Tell a portrait in words.

    Parameters
    ----------
    facts : mapping
        The facts JSON of a portrait; nothing else is looked at.

    Returns
    -------
    tuple of Paragraph
        Each sentence names the facts that it tells; see `find_fact`.
    """
    source = Source(facts)
    told = ((heading, tuple(tell(source))) for heading, tell in _PARAGRAPHS)
    return tuple(Paragraph(heading, sentences) for heading, sentences in told if sentences)


def with_narrative(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Give facts with their narrative as the entry ``narrative``.

    Parameters
    ----------
    facts : mapping
        The facts JSON of a portrait; a narrative in it is replaced.
    """
    told = [
        {
            "heading": paragraph.heading,
            "sentences": [
                {"text": sentence.text, "facts": list(sentence.facts)}
                for sentence in paragraph.sentences
            ],
        }
        for paragraph in narrate(facts)
    ]
    return {**facts, "narrative": told}
