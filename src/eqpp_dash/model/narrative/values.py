"""What a narrative is made of, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of plain text and the facts that it tells.

    Attributes
    ----------
    text : str
        Plain text, ended by its full stop.
    facts : tuple of str
        Ids of the facts, in the words of `find_fact`; at least one.

    Raises
    ------
    ValueError
        If it names no fact.
    """

    text: str
    facts: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse a sentence without a fact."""
        if not self.facts:
            raise ValueError(f"no fact is named for “{self.text}”")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Sentences about one matter.

    Attributes
    ----------
    heading : str
        What they are about, such as ``Equilibria``.
    sentences : tuple of Sentence
        At least one.
    """

    heading: str
    sentences: tuple[Sentence, ...]
