"""Arguments without brackets: ``sin 2x``, ``ln|x|``, ``sin^2 x``, ``√x``."""

from __future__ import annotations

from eqpp_dash.engine.expression import kinds
from eqpp_dash.engine.expression import names as known
from eqpp_dash.engine.expression.complaints import Complaints
from eqpp_dash.engine.expression.limits import Limits
from eqpp_dash.engine.expression.meanings import Names
from eqpp_dash.engine.expression.source import Source, Token


class Arguments:
    """Puts brackets around arguments written without.

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
        """Put brackets around arguments written without: ``sin 2x``, ``ln|x|``, ``sin^2 x``."""
        result: list[Token] = []
        closing: list[int] = []
        i = 0
        while i < len(tokens):
            while closing and closing[-1] == i:
                closing.pop()
                result.append(self._synthetic(tokens[i - 1], "RPAR", ")"))
            token = tokens[i]
            result.append(token)
            i += 1
            if token.kind == "SQRT":
                i = self._sqrt(tokens, i, result, closing)
            if token.kind != "FUNCTION":
                continue
            i, token.order = self._exponent(tokens, i, token)
            if i < len(tokens) and tokens[i].kind == "LPAR":
                continue
            if len(closing) > self._limits.depth:
                raise self._source.at(token, "functions are nested too deeply", "Use brackets")
            end = self._argument(tokens, i, token)
            before = result[-2].kind if len(result) > 1 else ""
            follows = tokens[end].kind if end < len(tokens) else "PLUS"
            crowded = (
                before in kinds.VALUE_ENDS or follows in kinds.VALUE_STARTS or follows == "BAR"
            )
            long = end > i + 1 and tokens[i].kind != "BAR"
            if crowded or follows in ("DIVIDE", "TIMES") or long:
                text = self._source.text[tokens[i].start : tokens[end - 1].end]
                name = self._source.text[token.start : token.end]
                self._names.note("reading", f"{name} {text} is read as {name}({text})")
            result.append(self._synthetic(tokens[i], "LPAR", "("))
            closing.append(end)
        for _ in closing:
            result.append(self._synthetic(tokens[-1], "RPAR", ")"))
        return result

    def _synthetic(self, near: Token, kind: str, text: str) -> Token:
        place = near.start if kind == "LPAR" else near.end
        return Token(kind, text, place, place)

    def _sqrt(self, tokens: list[Token], i: int, result: list[Token], closing: list[int]) -> int:
        if i < len(tokens) and tokens[i].kind == "LPAR":
            return i
        if i < len(tokens) and tokens[i].kind in ("NUMBER", "NAME"):
            result.append(self._synthetic(tokens[i], "LPAR", "("))
            closing.append(i + 1)
            return i
        raise self._source.at(tokens[i - 1], "the root has no argument", r"Write \sqrt{x}")

    def _exponent(self, tokens: list[Token], i: int, function: Token) -> tuple[int, int]:
        """Read the exponent of a function, as in sin^2 x and sin^{-1}(x)."""
        if i >= len(tokens) or tokens[i].kind != "POW":
            return i, 1 if function.order != kinds.ONE_FACTOR else kinds.ONE_FACTOR
        shape = [t.kind for t in tokens[i + 1 : i + 6]]
        j = i + 1
        bracketed = shape[:1] == ["LPAR"]
        j += bracketed
        negative = j < len(tokens) and tokens[j].kind == "MINUS"
        j += negative
        number = tokens[j] if j < len(tokens) else None
        after = tokens[j + 1] if j + 1 < len(tokens) else None
        whole = number is not None and number.value is not None and number.value.denominator == 1
        closed = not bracketed or (after is not None and after.kind == "RPAR")
        if number is None or number.kind != "NUMBER" or not whole or not closed:
            raise self._source.at(
                tokens[i],
                f"the exponent of {function.text} must be a whole number",
                f"Write ({function.text}(x))^n",
            )
        assert number.value is not None
        value = -int(number.value) if negative else int(number.value)
        if value == -1 and function.text not in known.INVERSES:
            raise self._source.error(
                f"{function.text}^-1 can mean an inverse function or a reciprocal",
                function.start,
                number.end,
                f"Write 1/{function.text}(x)",
            )
        if value < -1 or value == 0 or abs(value) > self._limits.degree:
            raise self._source.error(
                f"{function.text}^{value} is not clear",
                function.start,
                number.end,
                f"Write ({function.text}(x))^({value})",
            )
        return j + 1 + bracketed, value

    def _argument(self, tokens: list[Token], i: int, function: Token) -> int:
        """Find where an argument without brackets ends."""
        name = function.text
        if i >= len(tokens):
            raise self._complain.no_argument(function)
        if tokens[i].kind == "BAR":
            close = next((k for k in range(i + 1, len(tokens)) if tokens[k].kind == "BAR"), None)
            if close is None:
                raise self._complain.unclosed_bar(tokens[i], tokens[-1])
            return close + 1
        while i < len(tokens) and tokens[i].kind == "FUNCTION":
            function = tokens[i]
            i, _ = self._exponent(tokens, i + 1, function)
            if i < len(tokens) and tokens[i].kind == "LPAR":
                return self._matching(tokens, i) + 1
        if i >= len(tokens):
            raise self._complain.no_argument(function)
        if tokens[i].kind == "MINUS" and function.order != kinds.ONE_FACTOR:
            i += 1
        start, factors = i, 0
        while i < len(tokens):
            kind = tokens[i].kind
            if kind in ("NAME", "DERIVATIVE") or (kind == "NUMBER" and i == start):
                i += 1
            elif kind == "FRAC" and i == start:
                i = self._matching(tokens, self._matching(tokens, i + 1) + 1) + 1
            elif kind == "SQRT" and i == start and i + 1 < len(tokens):
                i = self._matching(tokens, i + 1) + 1
            else:
                break
            factors += 1
            if i < len(tokens) and tokens[i].kind == "POW":
                i = self._after_power(tokens, i)
            if function.order == kinds.ONE_FACTOR:
                break
        if not factors:
            raise self._complain.no_argument(function)
        if (
            i < len(tokens)
            and tokens[i].kind in ("LPAR", "NUMBER")
            and function.order != kinds.ONE_FACTOR
        ):
            raise self._source.error(
                f"it is not clear where the argument of {name} ends",
                function.start,
                tokens[i].end,
                f"Put it in brackets: {name}( ... )",
            )
        return i

    def _after_power(self, tokens: list[Token], i: int) -> int:
        i += 1
        if i < len(tokens) and tokens[i].kind in ("MINUS", "PLUS"):
            i += 1
        if i < len(tokens) and tokens[i].kind == "LPAR":
            return self._matching(tokens, i) + 1
        return min(i + 1, len(tokens))

    def _matching(self, tokens: list[Token], i: int) -> int:
        depth = 0
        for k in range(i, len(tokens)):
            depth += (tokens[k].kind == "LPAR") - (tokens[k].kind == "RPAR")
            if depth <= 0:
                return k
        raise self._complain.never_closed(tokens[min(i, len(tokens) - 1)])
