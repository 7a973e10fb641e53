"""Statements: the text's tokens cut into equations and definitions, derivatives recognised."""

from __future__ import annotations

import re
from dataclasses import dataclass

from eqpp_dash.engine.expression.source import Source, Token

#: Environments that may hold a whole system.
_WRAPPERS = frozenset(
    ["cases", "dcases", "aligned", "align", "align*", "array", "gathered", "gather", "gather*",
     "equation", "equation*", "split", "eqnarray", "eqnarray*"]
)  # fmt: skip
_ORDER = r"(?:\^ (?:[({{] )?(?P<{0}>\d)(?: [)}}])? ?|(?P<{0}b>\d))?"
_NAMED = r"[A-Za-z]\w*"
_OF_TIME = r"(?: [(\[] t [)\]])?"
_RATIO = re.compile(
    rf"d ?{_ORDER.format('m')}(?P<name>{_NAMED}){_OF_TIME} / d ?t ?{_ORDER.format('n')}(?= |$)"
)
_OPERATOR = re.compile(
    rf"d ?{_ORDER.format('m')} ?/ d ?t ?{_ORDER.format('n')} ?"
    rf"(?:(?P<name>{_NAMED})|[(\[{{] (?P<other>{_NAMED}) [)\]}}]){_OF_TIME}(?= |$)"
)
_FRACTION = re.compile(
    rf"frac \{{ d ?{_ORDER.format('m')}(?P<name>{_NAMED})?{_OF_TIME} ?\}} "
    rf"\{{ d ?t ?{_ORDER.format('n')} ?\}}"
    rf"(?: (?P<after>{_NAMED})| [({{] (?P<other>{_NAMED}) [)}}])?{_OF_TIME}(?= |$)"
)
_DOTTED = re.compile(rf"dot(?P<m>\d) (?:\{{ )?(?P<name>{_NAMED})(?: \}})?{_OF_TIME}(?= |$)")
_PRIMED = re.compile(rf"(?P<name>{_NAMED})(?P<primes>(?: ')+){_OF_TIME}(?= |$)")
_WORD_DOT = re.compile(r"(?P<name>\w+?)_?(?P<d>d{1,3})ot")
_WINDOW = 18  # tokens that the longest of these patterns spans


@dataclass(slots=True)
class Statement:
    """One line: an equation, a definition or a bare right-hand side.

    Attributes
    ----------
    tokens : list of Token
        Its tokens, derivatives as single ones.
    equal : int or None
        Place of the first equals sign.
    """

    tokens: list[Token]
    equal: int | None

    @property
    def left(self) -> list[Token]:
        """Tokens before the equals sign."""
        return self.tokens[: self.equal] if self.equal is not None else []

    @property
    def right(self) -> list[Token]:
        """Tokens after the equals sign; all of them where there is none."""
        return self.tokens if self.equal is None else self.tokens[self.equal + 1 :]


def split_statements(source: Source, tokens: list[Token]) -> list[Statement]:
    """Cut a text's tokens into statements."""
    pieces = _pieces(source, tokens)
    statements = []
    for piece in pieces:
        marked = mark_derivatives(piece)
        depth, equal = 0, None
        for i, token in enumerate(marked):
            depth += (token.kind in ("LPAR", "CASES")) - (token.kind in ("RPAR", "ENDCASES"))
            if token.kind == "EQUAL" and depth == 0:
                equal = i
                break
        if equal == 1 and marked[0].kind == "NAME":
            marked[0] = _word_dot(marked[0]) or marked[0]
        statements.append(Statement(marked, equal))
    return statements


def _pieces(source: Source, tokens: list[Token]) -> list[list[Token]]:
    pieces: list[list[Token]] = [[]]
    depth, inner = 0, 0  # open brackets, and open cases among them
    wrapped: list[str] = []
    whole = any(token.kind == "EQUAL" for token in tokens)
    for i, token in enumerate(tokens):
        kind = token.kind
        if kind == "BEGIN":
            if not _has_end(tokens, i):
                raise source.at(
                    token, f"“\\begin{{{token.text}}}” is never closed", "Add its \\end"
                )
            if token.text in _WRAPPERS and all(t.kind == "LPAR" for t in pieces[-1]):
                depth -= len(pieces[-1])
                pieces[-1] = []
                wrapped.append(token.text)
                continue
            if token.text == "array" and pieces[-1] and pieces[-1][-1].text == "{":
                pieces[-1].pop()
                depth -= 1
                token = token.become("CASES")
            token = token.become(
                "CASES" if token.kind == "CASES" or token.text in ("cases", "dcases") else "BAD"
            )
            depth, inner = depth + 1, inner + 1
        elif kind == "END":
            if wrapped and inner == 0:
                wrapped.pop()
                continue
            token = token.become("ENDCASES")
            depth, inner = depth - 1, inner - 1
        elif kind == "COLUMN" and wrapped and inner == 0:
            continue
        elif kind == "LPAR":
            depth += 1
        elif kind == "RPAR":
            depth -= 1
        if kind == "NEWLINE" and inner and token.text != "row":
            continue
        if kind == "NEWLINE" and depth > 0 and not inner and not _line_has_equal(tokens, i):
            continue
        ends = (kind == "NEWLINE" and not inner) or (kind == "SEMICOLON" and depth <= 0)
        if ends or (kind == "COMMA" and depth <= 0 and (_starts(tokens, i) or not whole)):
            pieces.append([])
            depth = 0
        else:
            pieces[-1].append(token)
    for piece in pieces:
        if len(piece) > 1 and (piece[-1].kind == "COMMA" or piece[-1].text == "."):
            piece.pop()  # punctuation of a displayed formula
    return [piece for piece in pieces if piece]


def _has_end(tokens: list[Token], at: int) -> bool:
    return any(t.kind == "END" and t.text == tokens[at].text for t in tokens[at + 1 :])


def _line_has_equal(tokens: list[Token], at: int) -> bool:
    for token in tokens[at + 1 :]:
        if token.kind == "NEWLINE":
            return False
        if token.kind == "EQUAL":
            return True
    return False


def _starts(tokens: list[Token], at: int) -> bool:
    """Tell whether an equation or definition follows a comma."""
    depth = 0
    for token in tokens[at + 1 :]:
        depth += (token.kind == "LPAR") - (token.kind == "RPAR")
        if depth == 0 and token.kind in ("COMMA", "SEMICOLON", "NEWLINE"):
            return False
        if depth == 0 and token.kind == "EQUAL":
            return True
    return False


def mark_derivatives(tokens: list[Token]) -> list[Token]:
    """Replace every way to write a derivative by one token of kind ``DERIVATIVE``."""
    result: list[Token] = []
    i = 0
    while i < len(tokens):
        found = _derivative(tokens, i)
        if found is None:
            result.append(tokens[i])
            i += 1
        else:
            token, count = found
            result.append(token)
            i += count
    return result


def _derivative(tokens: list[Token], at: int) -> tuple[Token, int] | None:
    token = tokens[at]
    if token.kind == "NAME":
        follows = tokens[at + 1].kind if at + 1 < len(tokens) else ""
        if follows == "PRIME":
            patterns = [_PRIMED]
        elif token.text[0] == "d":
            patterns = [_RATIO, _OPERATOR]
        else:
            return None
    elif token.kind == "FRAC":
        patterns = [_FRACTION]
    elif token.kind == "DOT":
        patterns = [_DOTTED]
    else:
        return None
    words = [t.text for t in tokens[at : at + _WINDOW]]
    for pattern in patterns:
        match = pattern.match(" ".join(words))
        if match:
            return _marked(tokens, at, match)
    return None


def _marked(tokens: list[Token], at: int, match: re.Match[str]) -> tuple[Token, int] | None:
    groups = match.groupdict()
    name = groups["name"] or groups.get("after") or groups.get("other")
    if name is None or (groups["name"] and (groups.get("after") or groups.get("other"))):
        if name is None:
            return None
        # the fraction holds the name already: what follows is not part of it
        return _marked_fraction(tokens, at, groups)
    if groups.get("primes"):
        order = groups["primes"].count("'")
    else:
        order = int(groups["m"] or groups.get("mb") or 1)
        if "n" in groups and order != int(groups["n"] or groups.get("nb") or 1):
            return None
    count = len(match[0].split(" "))
    used = tokens[at : at + count]
    token = Token("DERIVATIVE", name, used[0].start, max(t.end for t in used), order=order)
    token.braced = match[0].endswith((") ", "t )", "t ]"))
    return token, count


def _marked_fraction(
    tokens: list[Token], at: int, groups: dict[str, str | None]
) -> tuple[Token, int] | None:
    closed = [i for i, t in enumerate(tokens[at : at + _WINDOW]) if t.text == "}"]
    order = int(groups["m"] or groups.get("mb") or 1)
    depth, count = 0, 0
    for count, token in enumerate(tokens[at : at + _WINDOW]):
        depth += (token.kind == "LPAR") - (token.kind == "RPAR")
        if depth == 0 and count > 1 and count != closed[0]:
            break
    name = groups["name"]
    assert name is not None
    span = Token("DERIVATIVE", name, tokens[at].start, tokens[at + count].end, order=order)
    return span, count + 1


def _word_dot(token: Token) -> Token | None:
    match = _WORD_DOT.fullmatch(token.text)
    if match is None:
        return None
    return Token("DERIVATIVE", match["name"], token.start, token.end, order=len(match["d"]))


def mark_word_dots(tokens: list[Token], states: set[str]) -> list[Token]:
    """Read names such as ``xdot`` as derivatives where ``x`` is a state variable."""
    result = []
    for token in tokens:
        dotted = _word_dot(token) if token.kind == "NAME" and token.text not in states else None
        result.append(dotted if dotted is not None and dotted.text in states else token)
    return result
