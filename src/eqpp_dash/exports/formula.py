"""Formulas of a portrait's facts, read from their canonical text to be typeset."""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST = 4000
"""Characters of a text that is typeset; a longer one is shown as it is."""

DEEPEST = 40
"""Brackets within brackets, powers of powers and cases of cases that are typeset."""

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)"
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<sign>->|<=|>=|[-+*/^(),:;=<>]))"
)
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
