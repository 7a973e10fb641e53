"""What a narrative is made of, as frozen values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from eqpp_dash.model.typeset import plain_formula

OPENS, CLOSES = "\ue000", "\ue001"
"""Signs of no alphabet, between which a formula stands in a sentence."""

SHORT = 32
"""Characters up to which a formula is not broken at the end of a line."""

_FIXED = "\u00a0"
_TIGHT = re.compile(r"\([^() ]+, [^() ]+\)|(?:± )?[\d.]+ %")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of plain text and the facts that it tells.

    Attributes
    ----------
    written : str
        Plain text, ended by its full stop; each formula in canonical text between `OPENS` and
        `CLOSES`.
    facts : tuple of str
        Ids of the facts, in the words of `find_fact`; at least one.

    Raises
    ------
    ValueError
        If it names no fact.
    """

    written: str
    facts: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse a sentence without a fact."""
        if not self.facts:
            raise ValueError(f"no fact is named for “{self.text}”")

    @property
    def text(self) -> str:
        """The sentence for reading."""
        return "".join(plain_formula(part) if odd else part for odd, part in self.parts())

    @property
    def unbroken(self) -> str:
        r"""The sentence, with blanks at which no line is broken in points, shares and formulas.

        Examples
        --------
        >>> told = Sentence(f"At (0, 1), ± 2 % of {OPENS}x = 0{CLOSES}.", ("system",))
        >>> told.unbroken.split(" ")
        ['At', '(0,\xa01),', '±\xa02\xa0%', 'of', 'x\xa0=\xa00.']
        """
        told = []
        for odd, part in self.parts():
            shown = plain_formula(part) if odd else part
            if not odd:
                told.append(_TIGHT.sub(lambda match: match[0].replace(" ", _FIXED), shown))
            else:
                told.append(shown.replace(" ", _FIXED) if len(shown) <= SHORT else shown)
        return "".join(told)

    def parts(self) -> Iterator[tuple[bool, str]]:
        """Give its parts: whether it is a formula, in canonical text, and the part.

        Examples
        --------
        >>> told = Sentence(f"It is {OPENS}x^2{CLOSES}.", ("system",))
        >>> list(told.parts()), told.text
        ([(False, 'It is '), (True, 'x^2'), (False, '.')], 'It is x².')
        """
        for part in re.split(f"({OPENS}[^{CLOSES}]*{CLOSES})", self.written):
            if part:
                odd = part[0] == OPENS
                yield odd, part[1:-1] if odd else part


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
