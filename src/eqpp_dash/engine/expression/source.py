"""The text as typed, its tokens, and errors that point into it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from eqpp_dash.errors import EquationError


@dataclass(slots=True)
class Token:
    """A piece of the text.

    Attributes
    ----------
    kind : str
        A terminal of the grammar, or a kind that a later pass resolves.
    text : str
        Its normalised text.
    start, end : int
        Its place in the text as typed, half open.
    value : Fraction or None
        Value of a number.
    order : int
        Order of a derivative; exponent of a function as in sin^2.
    braced : bool
        Whether a name's index was written in braces.
    """

    kind: str
    text: str
    start: int
    end: int
    value: Fraction | None = None
    order: int = 0
    braced: bool = False

    def become(self, kind: str, text: str | None = None) -> Token:
        """Give a copy of another kind."""
        new = self.text if text is None else text
        return Token(kind, new, self.start, self.end, self.value, self.order, self.braced)


@dataclass(frozen=True, slots=True)
class Source:
    """The text as typed."""

    text: str

    def error(self, message: str, start: int, end: int, hint: str = "") -> EquationError:
        """Make an error that points at a span of the text.

        Parameters
        ----------
        message : str
            What is wrong.
        start, end : int
            The span, half open.
        hint : str
            How to mend it.
        """
        start = max(0, min(start, len(self.text)))
        line = self.text.count("\n", 0, start) + 1
        column = start - self.text.rfind("\n", 0, start)
        token = self.text[start : max(end, start + 1)]
        return EquationError(
            message, token=token, offset=start, line=line, column=column, hint=hint
        )

    def at(self, token: Token, message: str, hint: str = "") -> EquationError:
        """Make an error that points at a token."""
        return self.error(message, token.start, token.end, hint)
