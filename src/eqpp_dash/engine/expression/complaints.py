"""What is wrong with a token, said so that a user can mend it."""

from __future__ import annotations

from eqpp_dash.engine.expression import kinds
from eqpp_dash.engine.expression.limits import Limits
from eqpp_dash.engine.expression.source import Source, Token


class Complaints:
    """Makes and raises the errors of the passes over an expression's tokens.

    Parameters
    ----------
    source : Source
        The text.
    limits : Limits
        Limits.
    """

    def __init__(self, source: Source, limits: Limits) -> None:
        self._source = source
        self._limits = limits

    def never_closed(self, token: Token) -> Exception:
        """Make the error for a bracket without its partner."""
        return self._source.at(
            token, f"“{token.text}” is never closed", f"Add “{kinds.CLOSES.get(token.text, ')')}”"
        )

    def unclosed_bar(self, bar: Token, last: Token) -> Exception:
        """Make the error for a bar without its partner."""
        return self._source.error(
            "this bar is never closed", bar.start, last.end, "Write |x| or abs(x)"
        )

    def no_argument(self, function: Token) -> Exception:
        """Make the error for a function without an argument."""
        return self._source.at(
            function, f"{function.text} has no argument", f"Write {function.text}(x)"
        )

    def check_kind(
        self, token: Token, previous: Token | None, opened: list[tuple[Token, str]]
    ) -> None:
        """Raise if a token of this kind never belongs here."""
        kind = token.kind
        if previous is not None and previous.order == kinds.AWAITS_BRACKET and kind != "LPAR":
            self.group_missing(previous, token)
        if kind == "BAD":
            start = token.start
            if token.text.startswith(".") and previous is not None and previous.kind == "NAME":
                start = previous.start
            raise self._source.error(
                f"“{token.text:.40}” is not part of an equation", start, token.end, "Remove it"
            )
        if kind == "REMAINDER":
            raise self._source.at(
                token,
                f"“{token.text}” starts a comment, it is no operator here",
                "Write mod(a, b), floor(a/b) or a/100; or start the comment with #",
            )
        if kind in ("LONG", "HUGE"):
            why = (
                f"this number has more than {self._limits.digits} digits"
                if kind == "LONG"
                else "this number is too large or too small for a double (1e-308 to 1.8e308)"
            )
            raise self._source.at(token, why, "Give fewer digits, or rescale")
        if kind == "EQUAL":
            hint = "Write one equation a line" if not opened else "Write == outside brackets only"
            raise self._source.at(token, f"a second “{token.text}” in one equation", hint)
        if kind == "PRIME":
            start = previous.start if previous is not None else token.start
            raise self._source.error(
                "a prime marks the derivative of a state variable", start, token.end
            )
        if kind == "COMMA" and not opened:
            raise self._source.at(
                token, "a comma does not belong here", "Write decimals with a point: 1.5"
            )
        if kind == "COLON" and (not opened or opened[-1][1] != "call"):
            start = previous.start if previous is not None else token.start
            raise self._source.error("a colon does not belong here", start, token.end)
        if kind == "DOT" or kind == "END" or kind == "BEGIN":
            raise self._source.at(token, f"“{token.text}” does not fit here")

    def group_missing(self, previous: Token, token: Token) -> None:
        """Raise for a fraction or root that lacks its second group."""
        raise self._source.error(
            "the fraction needs two groups", previous.start, token.end, r"Write \frac{a}{b}"
        )

    def misplaced(self, token: Token, previous: Token | None) -> None:
        """Raise for an operator or bracket that lacks what comes before it."""
        if token.kind == "RPAR" and previous is not None and previous.kind == "LPAR":
            raise self._source.error(
                "these brackets are empty", previous.start, token.end, "Put something in them"
            )
        if token.kind == "NEWLINE":
            return
        closing = token.kind in ("RPAR", "ENDCASES", "RFLOOR")
        if closing and previous is not None and previous.kind not in ("NEWLINE",):
            raise self._source.at(previous, f"nothing follows “{previous.text}”")
        if closing:
            return
        text = token.text if token.text.strip() else "the end of the line"
        raise self._source.at(token, f"something is missing before “{text}”")
