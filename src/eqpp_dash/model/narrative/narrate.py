"""The narrative of a portrait, from its facts alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eqpp_dash.model.narrative.values import Paragraph, Sentence


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
    names = " and ".join(facts["system"]["variables"])
    return (Paragraph("System", (Sentence(f"The state variables are {names}.", ("system",)),)),)


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
