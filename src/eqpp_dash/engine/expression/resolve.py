"""Names looked up: what each word means.

Turns the tokens of an expression into those of the grammar. It goes from left to right and
stops at the first problem.
"""

from __future__ import annotations

from fractions import Fraction

from eqpp_dash.engine.expression import kinds
from eqpp_dash.engine.expression import names as known
from eqpp_dash.engine.expression.arguments import Arguments
from eqpp_dash.engine.expression.complaints import Complaints
from eqpp_dash.engine.expression.connect import Connector
from eqpp_dash.engine.expression.greek import NAMES as GREEK
from eqpp_dash.engine.expression.limits import Limits
from eqpp_dash.engine.expression.meanings import Names
from eqpp_dash.engine.expression.source import Source, Token


class Resolver:
    """Resolves the tokens of one expression.

    Parameters
    ----------
    source : Source
        The text.
    names : Names
        Meanings; undeclared names are added as parameters.
    limits : Limits
        Limits.
    """

    def __init__(self, source: Source, names: Names, limits: Limits) -> None:
        self._source = source
        self._names = names
        self._limits = limits
        self._complain = Complaints(source, limits)
        self._last_then = -1

    def run(self, tokens: list[Token]) -> list[Token]:
        """Give the grammar's tokens."""
        resolved: list[Token] = []
        thens = [k for k, t in enumerate(tokens) if t.kind == "NAME" and t.text == "then"]
        self._last_then = thens[-1] if thens else -1
        i = 0
        while i < len(tokens):
            token = tokens[i]
            previous = tokens[i - 1] if i else None
            if token.kind in ("BAD", "REMAINDER"):
                self._complain.check_kind(token, previous, [])
            leads = previous is None or previous.kind in kinds.OPERATORS
            if leads and token.kind in kinds.OPERATORS and token.kind not in ("PLUS", "MINUS"):
                self._complain.misplaced(token, previous)
            if token.kind == "NAME":
                new, i = self._name(tokens, i)
                resolved.extend(new)
            else:
                resolved.append(self._plain(tokens, i))
                i += 1
        arguments = Arguments(self._source, self._names, self._limits).run(resolved)
        return Connector(self._source, self._names, self._limits).run(arguments)

    # words --------------------------------------------------------------------------------

    def _plain(self, tokens: list[Token], i: int) -> Token:
        token = tokens[i]
        if token.kind == "ROOT":
            return Token("FUNCTION", "sqrt", token.start, token.end, order=kinds.ONE_FACTOR)
        return token

    def _name(self, tokens: list[Token], i: int) -> tuple[list[Token], int]:
        token, name, names = tokens[i], tokens[i].text, self._names
        after = tokens[i + 1] if i + 1 < len(tokens) else None
        touching = after is not None and after.kind == "LPAR" and after.start == token.end
        if names.declared(name):
            return self._declared(tokens, i)
        if name in names.functions:
            return [token.become("FUNCTION", name)], i + 1
        if name == "t" or name in known.CONSTANTS:
            return [token], i + 1
        if name in kinds.WORDS:
            return [token.become(kinds.WORDS[name])], i + 1
        if name == "if":
            return self._conditional(tokens, i), i + 1
        if name == "for" and after is not None and after.kind == "NAME" and tokens[:i]:
            raise self._program_word(token)
        if name.lower() in known.NOT_NUMBERS and not touching:
            raise self._source.at(
                token,
                f"“{name}” is not a number to compute with",
                f"To use it as a parameter, give it a value: {name} = 1",
            )
        if name in known.WORDS_OF_PROGRAMS:
            raise self._program_word(token)
        function = known.find_function(name, after is not None and after.kind == "LPAR")
        if function is not None:
            if function == "log" and name.lower() == "log":
                names.note("reading", "log is the natural logarithm")
            if name == "H":
                names.note("reading", "H( ) is read as the unit step (heaviside)")
            return [token.become("FUNCTION", function)], i + 1
        return self._unknown(token, touching, after), i + 1

    def _program_word(self, token: Token) -> Exception:
        return self._source.at(
            token,
            f"“{token.text}” is a word of programming languages, not of equations",
            "Write one equation a line, such as x' = y",
        )

    def _declared(self, tokens: list[Token], i: int) -> tuple[list[Token], int]:
        """Read a known name; ``y[t]`` and, where it was marked so, ``y(t)`` is ``y``."""
        token, names = tokens[i], self._names
        following = [t.text for t in tokens[i + 1 : i + 4]]
        if token.text in names.states and "t" not in names.states and following:
            if following == ["[", "t", "]"]:
                return [token], i + 4
            if following == ["(", "t", ")"]:
                if names.time_marked:
                    return [token], i + 4
                raise self._source.error(
                    f"“{token.text}(t)” can mean {token.text} at time t or {token.text} times t",
                    token.start,
                    tokens[i + 3].end,
                    f"Write {token.text}, or {token.text}*t",
                )
            delayed = following[0] == "(" and following[1:] in (["t", "-"], ["t", "+"])
            if delayed and tokens[i + 1].start == token.end:
                raise self._source.error(
                    f"“{token.text}(t - ...)” looks like a delay, which is not supported",
                    token.start,
                    tokens[i + 3].end,
                    f"To multiply, write {token.text}*(t - ...)",
                )
        return [token], i + 1

    def _conditional(self, tokens: list[Token], i: int) -> list[Token]:
        token = tokens[i]
        if i < self._last_then:
            return [token.become("IF")]
        if i + 1 < len(tokens) and tokens[i + 1].kind == "LPAR":
            return [token.become("FUNCTION", "if")]
        if i > 0 and tokens[i - 1].kind == "COLUMN":
            return []  # "x & if y < 0" in cases
        raise self._source.at(token, "“if” needs a condition", "Write if(x > 0, x, -x)")

    def _unknown(self, token: Token, touching: bool, after: Token | None) -> list[Token]:
        name, names = token.text, self._names
        if len(name) > self._limits.name_length:
            raise self._source.at(
                token,
                f"this name is longer than {self._limits.name_length} characters",
                "Shorten it",
            )
        if name == "I":
            raise self._source.at(
                token,
                "“I” has no value here; it is never the imaginary unit",
                "To use it as a parameter, add a line of its own: I = 1",
            )
        split = self._split(token, after)
        if split:
            return split
        if touching and len(name) > 1 and name not in GREEK:
            hint = known.suggest(name)
            if (
                "Did you" not in hint
                and name.isalpha()
                and any(self._names.value(letter) for letter in name)
            ):
                hint = f"To multiply, write {'*'.join(name)}*( ... )"
            raise self._source.at(token, f"unknown function “{name:.40}”", hint)
        if len(name) > 2 and name not in GREEK and known.find_function(name.lower(), False):
            lower = name.lower()
            raise self._source.at(
                token, f"“{name}” is not a name here", f"Write {lower}(...), or give {name} a value"
            )
        if name in known.CHOICES:
            raise self._source.at(token, f"“{name}” needs brackets", f"Write {name}( ... )")
        if name == "E":
            names.note("reading", "E is read as a parameter; Euler's number is e")
        names.parameters.setdefault(name, token)
        return [token]

    def _split(self, token: Token, after: Token | None) -> list[Token]:
        """Take a run of letters apart where every part is known."""
        name = token.text
        if len(name) < 2 or name in GREEK or name in self._names.parameters:
            return []
        if all(self._names.value(letter) for letter in name):
            self._names.note("reading", f"{name} is read as {'*'.join(name)}")
            return [self._part(token, k, k + 1) for k in range(len(name))]
        for k in range(len(name) - 2, 0, -1):  # xsin(y), xsin
            ending = known.find_function(name[k:], False)
            if ending and all(self._names.value(c) for c in name[:k]):
                if after is None or after.kind not in ("LPAR", "NAME", "NUMBER", "POW", "BAR"):
                    raise self._source.at(
                        token,
                        f"“{name}” ends with the function {name[k:]} without an argument",
                        f"Write {'*'.join(name[:k])}*{name[k:]}(...), or give {name} a value",
                    )
                self._names.note("reading", f"{name} is read as {'*'.join(name[:k])}*{name[k:]}")
                parts = [self._part(token, j, j + 1) for j in range(k)]
                last = self._part(token, k, len(name))
                return [*parts, last.become("FUNCTION", ending)]
        for k in range(len(name) - 1, 1, -1):  # sinx, cos2x
            beginning = known.find_function(name[:k], False)
            number = name[k:].rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
            letters = name[k + len(number) :]
            if (
                beginning
                and not (number and beginning + number in known.FUNCTIONS)
                and letters
                and (not number or number.isdigit())
                and all(self._names.value(c) for c in letters)
            ):
                self._names.note("reading", f"{name} is read as {name[:k]}({name[k:]})")
                parts = [self._part(token, 0, k).become("FUNCTION", beginning)]
                if number:
                    parts.append(self._part(token, k, k + len(number)).become("NUMBER"))
                    parts[-1].value = Fraction(number)
                first = k + len(number)
                return parts + [self._part(token, j, j + 1) for j in range(first, len(name))]
        return []

    def _part(self, token: Token, start: int, end: int) -> Token:
        width = token.end - token.start == len(token.text)
        first = token.start + start if width else token.start
        last = token.start + end if width else token.end
        return Token("NAME", token.text[start:end], first, last)
