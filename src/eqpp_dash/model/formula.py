"""Formulas of a portrait's facts, read from their canonical text, alone or in sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from eqpp_dash.model.labels import GREEK

LONGEST = 4000
"""Characters of a text that is typeset; a longer one is shown as it is."""

DEEPEST = 40
"""Brackets within brackets, powers of powers and cases of cases that are typeset."""

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)"
    r"|(?P<name>[^\W\d⁰¹²³⁴-⁹₀-₉]\w*)"
    r"|(?P<sign>->|<=|>=|[-+*/^(),:;=<>]))"
)
_LETTERS = {*GREEK, *GREEK.values()}
_RELATIONS = ("=", "<", ">", "<=", ">=", "->")


class FormulaError(ValueError):
    """A text that is no canonical formula."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula as a tree.

    Attributes
    ----------
    sort : str
        ``number``, ``name``, ``call`` (of the function `text`), ``sum``, ``product``,
        ``power``, ``tuple``, ``chain`` (of relations) or ``cases``.
    text : str
        Of a number, a name or a function's name.
    parts : tuple of Formula
        What it is made of; values and conditions of cases in turn, the value that is left last.
    signs : tuple of str
        For a sum ``+`` or ``-`` of each part, for a product ``*`` or ``/``, for a chain the
        relation before each part but the first.
    """

    sort: str
    text: str = ""
    parts: tuple[Formula, ...] = ()
    signs: tuple[str, ...] = ()


def read_formula(text: str) -> Formula:
    """Read a formula from its canonical text.

    Parameters
    ----------
    text : str
        As the facts of a portrait have it: expressions, equations ``H = ...``, maps
        ``(x, y) -> (x, -y)``.

    Returns
    -------
    Formula
        The formula.

    Raises
    ------
    FormulaError
        If it is none, or too long or too deep to be typeset.

    Examples
    --------
    >>> read_formula("2*x/3").signs, read_formula("-x^2").sort
    (('*', '*', '/'), 'sum')
    """
    if len(text) > LONGEST:
        raise FormulaError("too long")
    reader = _Reader(_tokens(text))
    formula = reader.chain()
    if reader.sign() != "":
        raise FormulaError(f"unexpected {reader.sign()}")
    return formula


def prose_pieces(text: str) -> list[str | Formula]:
    """Find the formulas in a sentence that the engine wrote.

    Parameters
    ----------
    text : str
        Words, and formulas in their canonical text, in which binary plus and minus stand between
        blanks and a function stands right before its bracket.

    Returns
    -------
    list of str or Formula
        Words and formulas in turn. A single name or whole number is a word, unless it is a Greek
        letter or has an index.

    Examples
    --------
    >>> [piece if isinstance(piece, str) else piece.sort for piece in prose_pieces(
    ...     "the saddle-node (in the mirror) of (x, y) -> (-x, y): 2*x of 3 - 1, beside x = 0."
    ... )]
    ['the saddle-node (in the mirror) of ', 'chain', ': ', 'product', ' of ', 'sum', ', beside ', \
'chain', '.']
    """
    tokens = list(_spaced(text))
    pieces: list[str | Formula] = []
    place = said = 0
    while place < len(tokens):
        found = _longest(tokens, place)
        if found is None:
            place += 1
            continue
        formula, after = found
        begin, end = tokens[place][2], tokens[after - 1][3]
        if begin > said:
            pieces.append(text[said:begin])
        pieces.append(formula)
        place, said = after, end
    return [*pieces, text[said:]] if said < len(text) else pieces


_Spaced = tuple[str, str, int, int]


def _spaced(text: str) -> Iterator[_Spaced]:
    """Give tokens with where they begin and end; what is part of words is of the sort ``other``."""
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            yield ("other", text[place], place, place + 1)
            place += 1
            continue
        sort, sign = match.lastgroup, match[match.lastgroup]
        begin, end = match.span(sort)
        if sort == "number" and sign.endswith("."):  # the full stop of a sentence
            sign, end = sign[:-1], end - 1
        before, after = text[begin - 1 : begin], text[end : end + 1]
        blank, ahead = before in ("", " "), after in ("", " ")
        if sort == "sign" and sign in ("+", "-"):
            leads = (blank or before in "(,") and not ahead
            if not leads and not (blank and ahead):
                sort = "other"
        elif sort == "sign" and sign in ("*", "/", "^"):
            sort = "other" if blank or ahead else sort
        elif sort == "name" and (before in ("'", "′") or after in ("'", "′")):
            sort = "other"
        yield (sort, sign, begin, end)
        place = end


def _longest(tokens: list[_Spaced], place: int) -> tuple[Formula, int] | None:
    """Read the longest formula that begins at a token, if one does."""
    last = place
    while last < len(tokens) and tokens[last][0] != "other":
        last += 1
    while last > place:
        reader = _Reader([*_window(tokens, place, last), ("end", "")])
        try:
            formula = reader.chain()
        except FormulaError:
            last = place + min(reader.read - 1, last - place - 1)
            continue
        after = place + reader.read
        bracketed = tokens[place][1] == "(" and _closes(tokens, place) == after - 1
        return (formula, after) if _told(formula) and not bracketed else None
    return None


def _window(tokens: list[_Spaced], place: int, last: int) -> list[tuple[str, str]]:
    """Give tokens to read; a bracket or a sign that leads, after a blank, follows a word."""
    found = [token[:2] for token in tokens[place:last]]
    for k in range(place + 1, last):
        sign, begin, end = tokens[k][1:]
        if begin == tokens[k - 1][3] or (tokens[k - 1][0] == "sign" and tokens[k - 1][1] != ")"):
            continue
        leads = sign in ("+", "-") and tokens[k + 1 : k + 2] and tokens[k + 1][2] == end
        if leads or (sign == "(" and tokens[k - 1][0] == "name"):
            found[k - place] = ("other", sign)
    return found


def _closes(tokens: list[_Spaced], place: int) -> int:
    depth = 0
    for k in range(place, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[k][1], 0)
        if depth == 0:
            return k
    return -1


def _told(item: Formula) -> bool:
    """Tell whether something is a formula rather than a word."""
    if item.sort == "name":
        return not item.text.isalpha() or item.text in _LETTERS
    return item.sort != "number" or "e" in item.text


def _tokens(text: str) -> list[tuple[str, str]]:
    found, place, text = [], 0, text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise FormulaError(f"unexpected {text[place]!r}")
        found.append((match.lastgroup, match[match.lastgroup]))
        place = match.end()
    return [*found, ("end", "")]


class _Reader:
    """Reads tokens by recursive descent."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._place = 0
        self._depth = 0

    def sign(self) -> str:
        """Give the sign that comes next; a blank for a number or a name, nothing at the end."""
        sort, text = self._tokens[self._place]
        return text if sort in ("sign", "end") else " "

    @property
    def read(self) -> int:
        """How many tokens were read."""
        return self._place

    def _take(self) -> tuple[str, str]:
        token = self._tokens[self._place]
        self._place += 1
        return token

    def _expect(self, sign: str) -> None:
        if self.sign() != sign:
            raise FormulaError(f"{sign} is missing")
        self._place += 1

    def chain(self) -> Formula:
        """Read sums with relations between them."""
        parts, signs = [self._sum()], []
        while self.sign() in _RELATIONS:
            signs.append(self._take()[1])
            parts.append(self._sum())
        return Formula("chain", parts=tuple(parts), signs=tuple(signs)) if signs else parts[0]

    def _sum(self) -> Formula:
        lead = self._take()[1] if self.sign() in ("-", "+") else "+"
        parts, signs = [self._product()], [lead]
        while self.sign() in ("+", "-"):
            signs.append(self._take()[1])
            parts.append(self._product())
        if signs == ["+"]:
            return parts[0]
        return Formula("sum", parts=tuple(parts), signs=tuple(signs))

    def _product(self) -> Formula:
        parts, signs = [self._power()], ["*"]
        while self.sign() in ("*", "/"):
            signs.append(self._take()[1])
            parts.append(self._power())
        if len(parts) == 1:
            return parts[0]
        return Formula("product", parts=tuple(parts), signs=tuple(signs))

    def _power(self) -> Formula:
        base = self._atom()
        if self.sign() != "^":
            return base
        self._place += 1
        self._deeper()
        exponent = self._power()
        self._depth -= 1
        return Formula("power", parts=(base, exponent))

    def _atom(self) -> Formula:
        sort, text = self._take()
        if sort == "number":
            return Formula("number", text)
        if sort == "name":
            return self._call(text) if self.sign() == "(" else Formula("name", text)
        if text != "(":
            raise FormulaError(f"unexpected {text or 'end'}")
        parts = self._within()
        return parts[0] if len(parts) == 1 else Formula("tuple", parts=parts)

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise FormulaError("too deep")

    def _within(self) -> tuple[Formula, ...]:
        self._deeper()
        parts = [self.chain()]
        while self.sign() == ",":
            self._place += 1
            parts.append(self.chain())
        self._expect(")")
        self._depth -= 1
        return tuple(parts)

    def _call(self, name: str) -> Formula:
        self._place += 1
        if name == "piecewise":
            return self._cases()
        return Formula("call", name, self._within())

    def _cases(self) -> Formula:
        self._deeper()
        parts = []
        while True:
            part = self.chain()
            if self.sign() == ":":
                self._place += 1
                parts += [self.chain(), part]
            else:
                parts.append(part)
            if self.sign() != ";":
                break
            self._place += 1
        self._expect(")")
        self._depth -= 1
        return Formula("cases", parts=tuple(parts))
