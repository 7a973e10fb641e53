"""Multiplications without a sign, bars told apart, brackets matched, operators checked."""

from __future__ import annotations

from eqpp_dash.engine.expression import kinds
from eqpp_dash.engine.expression.complaints import Complaints
from eqpp_dash.engine.expression.limits import Limits
from eqpp_dash.engine.expression.meanings import Names
from eqpp_dash.engine.expression.source import Source, Token


class Connector:
    """Connects the tokens of one expression.

    Parameters
    ----------
    source : Source
        The text.
    names : Names
        Where notes on the reading are kept.
    limits : Limits
        Limits.
    """

    def __init__(self, source: Source, names: Names, limits: Limits) -> None:
        self._source = source
        self._names = names
        self._limits = limits
        self._complain = Complaints(source, limits)

    def run(self, tokens: list[Token]) -> list[Token]:
        """Insert multiplications, tell bars apart, match brackets, find misplaced operators."""
        result: list[Token] = []
        opened: list[tuple[Token, str]] = []  # bracket, what may be in it
        divided: dict[int, int] = {}  # depth -> where a term with a quotient starts
        starts: dict[int, int] = {}  # depth -> where the current term starts
        chain = 0  # signs in a row, or powers of powers
        bars = sum(token.kind == "BAR" for token in tokens)
        for i, token in enumerate(tokens):
            kind = token.kind
            previous = result[-1] if result else None
            valued = previous is not None and previous.kind in kinds.VALUE_ENDS
            if kind == "BAR":
                closes = valued and bool(opened) and opened[-1][0].kind == "BAR"
                token = token.become("CLOSEBAR" if closes else "OPENBAR")
                kind = token.kind
                if closes:
                    opened.pop()
                else:
                    opened.append((tokens[i], "bar"))
            self._complain.check_kind(token, previous, opened)
            chain = chain + 1 if self._prolongs(token, result) else 0
            if chain > self._limits.depth:
                raise self._source.at(
                    token, f"“{token.text}” is repeated too often", "Use brackets"
                )
            if kind in kinds.VALUE_STARTS:
                if bars > 2 and previous is not None and previous.kind == "CLOSEBAR":
                    self._note_bars(kind)
                if valued and not self._joins(previous, opened):
                    assert previous is not None
                    self._check_juxtaposed(token, previous)
                    self._note_order(token, previous, divided.get(len(opened)))
                    self._note_exponent(token, result)
                    result.append(Token("IMPLICIT", "", token.start, token.start))
            elif (kind in kinds.BINARY or kind in ("RPAR", "RFLOOR", "ENDCASES")) and not valued:
                self._complain.misplaced(token, previous)
            if kind == "DIVIDE":
                divided.setdefault(len(opened), starts.get(len(opened), token.start))
            elif (
                kind in kinds.TERM_ENDS
                or previous is None
                or previous.kind not in kinds.WITHIN_TERMS
            ):
                divided.pop(len(opened), None)
                starts[len(opened)] = token.end if kind in kinds.TERM_ENDS else token.start
            if kind in ("LPAR", "CASES", "LFLOOR"):
                opened.append((token, self._purpose(previous)))
                if len(opened) > self._limits.depth:
                    raise self._source.at(
                        token, f"brackets are nested deeper than {self._limits.depth} levels"
                    )
            elif kind in ("RPAR", "ENDCASES", "RFLOOR"):
                self._close(token, opened, tokens)
            result.append(token)
        if opened:
            token = opened[0][0]
            if token.kind == "BAR":
                raise self._complain.unclosed_bar(token, tokens[-1])
            raise self._complain.never_closed(token)
        last = result[-1]
        if last.kind not in kinds.VALUE_ENDS:
            raise self._source.at(last, f"nothing follows “{last.text}”", "Complete the formula")
        return result

    def _prolongs(self, token: Token, result: list[Token]) -> bool:
        """Tell whether a sign follows a sign, or a power or its exponent a power."""
        kinds_before = [item.kind for item in result[-2:]]
        if token.kind in ("PLUS", "MINUS"):
            return kinds_before[-1:] in (["PLUS"], ["MINUS"])
        return "POW" in kinds_before and token.kind in ("POW", "NUMBER", "NAME")

    def _note_exponent(self, token: Token, result: list[Token]) -> None:
        """Tell that e^2x is (e^2)*x: a power of a constant may be meant to go further."""
        if len(result) < 3 or result[-2].kind != "POW" or token.kind == "LPAR":
            return
        base, exponent = result[-3], result[-1]
        if base.kind == "NUMBER" or base.text == "e":
            whole = self._source.text[base.start : exponent.end]
            self._names.note(
                "reading",
                f"{whole}{token.text} is read as ({whole})*{token.text}; "
                f"write {base.text}^({exponent.text}*{token.text}) if you mean that",
            )

    def _note_bars(self, kind: str) -> None:
        if kind != "OPENBAR":
            self._names.note(
                "reading", "A bar closes as soon as it can: |x|y|z| is abs(x)*y*abs(z)"
            )

    def _note_order(self, token: Token, previous: Token, quotient: int | None) -> None:
        """Tell how a product without a sign was read where it may mean two things."""
        text = self._source.text
        if quotient is not None:
            before, after = text[quotient : previous.end].strip(), text[token.start : token.end]
            self._names.note(
                "reading",
                f"{before:.60} {after:.20} is read from left to right: ({before:.60})*{after:.20}",
            )
        elif token.text == "e" and previous.kind == "NUMBER" and token.start == previous.end:
            self._names.note(
                "reading", f"{previous.text}e is read as {previous.text}*e, e = 2.718..."
            )

    def _joins(self, previous: Token | None, opened: list[tuple[Token, str]]) -> bool:
        """Tell whether a bracket belongs to what precedes it: the second of a fraction."""
        del opened
        return previous is not None and previous.order == kinds.AWAITS_BRACKET

    def _purpose(self, previous: Token | None) -> str:
        if previous is None:
            return "group"
        return {"FUNCTION": "call", "FRAC": "frac", "SQRT": "sqrt"}.get(previous.kind, "group")

    def _close(self, token: Token, opened: list[tuple[Token, str]], tokens: list[Token]) -> None:
        if opened and opened[-1][0].kind == "BAR":
            raise self._complain.unclosed_bar(opened[-1][0], tokens[-1])
        if not opened:
            raise self._source.at(
                token, f"“{token.text}” closes nothing", "Remove it, or open a bracket before"
            )
        opener, purpose = opened.pop()
        pairs = {"CASES": "ENDCASES", "LFLOOR": "RFLOOR", "LPAR": "RPAR"}
        same = pairs[opener.kind] == token.kind
        if not same or (token.kind == "RPAR" and kinds.CLOSES[opener.text] != token.text):
            raise self._source.error(
                f"“{opener.text}” is closed by “{token.text}”", opener.start, token.end
            )
        # the first group of a fraction, and the degree of a root, are followed by another
        if purpose == "frac" or (purpose == "sqrt" and opener.text == "["):
            token.order = kinds.AWAITS_BRACKET

    def _check_juxtaposed(self, token: Token, previous: Token) -> None:
        if token.kind == "NUMBER":
            raise self._source.at(
                token,
                f"the number {token.text:.20} directly follows a factor",
                "Write * or ^ before it",
            )
