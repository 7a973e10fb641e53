"""Names looked up: what each word means, and where a multiplication is left out.

Turns the tokens of an expression into those of the grammar. It goes from left to right and
stops at the first problem.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from eqpp_dash.engine.expression import names as known
from eqpp_dash.engine.expression.greek import NAMES as GREEK
from eqpp_dash.engine.expression.limits import Limits
from eqpp_dash.engine.expression.source import Source, Token
from eqpp_dash.model.portrait import Notice

_CLOSES = {"(": ")", "[": "]", "{": "}"}
_VALUE_ENDS = frozenset(
    ["NUMBER", "NAME", "DERIVATIVE", "RPAR", "CLOSEBAR", "ENDCASES", "TRUE", "FALSE", "OTHERWISE",
     "RFLOOR"]
)  # fmt: skip
_VALUE_STARTS = frozenset(
    ["NUMBER", "NAME", "DERIVATIVE", "LPAR", "OPENBAR", "FUNCTION", "FRAC", "SQRT", "CASES",
     "IF", "TRUE", "FALSE", "LFLOOR"]
)  # fmt: skip
_BINARY = frozenset(
    ["TIMES", "DIVIDE", "POW", "COMPARE", "AND", "OR", "COMMA", "SEMICOLON", "COLON", "COLUMN",
     "NEWLINE", "THEN", "ELSE"]
)  # fmt: skip
_TERM_ENDS = frozenset(["PLUS", "MINUS", "COMPARE", "AND", "OR", "COMMA", "SEMICOLON", "COLON"])
_WITHIN_TERMS = _VALUE_ENDS | {"TIMES", "DIVIDE", "POW", "IMPLICIT", "FUNCTION", "FRAC", "SQRT"}
_OPERATORS = frozenset(["TIMES", "DIVIDE", "POW", "COMPARE", "PLUS", "MINUS"])
_WORDS = {
    "and": "AND",
    "or": "OR",
    "not": "NOT",
    "then": "THEN",
    "else": "ELSE",
    "otherwise": "OTHERWISE",
    "True": "TRUE",
    "False": "FALSE",
    "true": "TRUE",
    "false": "FALSE",
}


@dataclass(slots=True)
class Names:
    """What names mean in one text.

    Attributes
    ----------
    states, constants, functions : set of str
        State variables, names with a value or a definition, helper functions.
    locals : set of str
        Arguments of the helper function being read.
    parameters : dict of str to Token
        Undeclared names met so far, with the first token of each.
    notes : dict of str to Notice
        What was read in one of several possible ways.
    time_marked : bool
        Whether derivatives were written with ``(t)``, as in ``x'(t)``.
    """

    states: set[str] = field(default_factory=set)
    constants: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    locals: set[str] = field(default_factory=set)
    parameters: dict[str, Token] = field(default_factory=dict)
    notes: dict[str, Notice] = field(default_factory=dict)
    time_marked: bool = False

    def declared(self, name: str) -> bool:
        """Tell whether a name was given a meaning by the text or with the parameters."""
        return name in self.states or name in self.constants or name in self.locals

    def value(self, name: str) -> bool:
        """Tell whether a name is known to have a value."""
        return self.declared(name) or name in known.CONSTANTS or name == "t"

    def note(self, code: str, message: str) -> None:
        """Remember how something was read."""
        self.notes.setdefault(message, Notice(code, message))


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

    def run(self, tokens: list[Token]) -> list[Token]:
        """Give the grammar's tokens."""
        resolved: list[Token] = []
        i = 0
        while i < len(tokens):
            token = tokens[i]
            previous = tokens[i - 1] if i else None
            if token.kind == "BAD":
                self._check_kind(token, previous, [])
            sign = token.kind in ("PLUS", "MINUS")
            if token.kind in _OPERATORS and not sign:
                if previous is None or previous.kind in _OPERATORS:
                    self._misplaced(token, previous)
            if token.kind == "NAME":
                new, i = self._name(tokens, i)
                resolved.extend(new)
            else:
                resolved.append(self._plain(tokens, i))
                i += 1
        return self._connect(self._bracket_arguments(resolved))

    # words --------------------------------------------------------------------------------

    def _plain(self, tokens: list[Token], i: int) -> Token:
        token = tokens[i]
        if token.kind == "ROOT":
            return Token("FUNCTION", "sqrt", token.start, token.end, order=-99)
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
        if name in _WORDS:
            return [token.become(_WORDS[name])], i + 1
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
        return [token], i + 1

    def _conditional(self, tokens: list[Token], i: int) -> list[Token]:
        token = tokens[i]
        rest = tokens[i + 1 :]
        if any(t.kind == "NAME" and t.text == "then" for t in rest):
            return [token.become("IF")]
        if rest and rest[0].kind == "LPAR":
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
            raise self._source.at(token, f"unknown function “{name:.40}”", known.suggest(name))
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
                and beginning + number not in known.FUNCTIONS
                and letters
                and (not number or number.isdigit())
                and all(self._names.value(c) for c in letters)
            ):
                self._names.note("reading", f"{name} is read as {name[:k]}({name[k:]})")
                parts = [self._part(token, 0, k).become("FUNCTION", beginning)]
                if number:
                    parts.append(self._part(token, k, k + len(number)).become("NUMBER"))
                    parts[-1].value = known.Fraction(number)
                first = k + len(number)
                return parts + [self._part(token, j, j + 1) for j in range(first, len(name))]
        return []

    def _part(self, token: Token, start: int, end: int) -> Token:
        width = token.end - token.start == len(token.text)
        first = token.start + start if width else token.start
        last = token.start + end if width else token.end
        return Token("NAME", token.text[start:end], first, last)

    # arguments without brackets ---------------------------------------------------------------

    def _bracket_arguments(self, tokens: list[Token]) -> list[Token]:
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
            end = self._argument(tokens, i, token)
            before = result[-2].kind if len(result) > 1 else ""
            follows = tokens[end].kind if end < len(tokens) else "PLUS"
            crowded = before in _VALUE_ENDS or follows in _VALUE_STARTS or follows == "BAR"
            if crowded or follows in ("DIVIDE", "TIMES") or end > i + 1:
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
            return i, 1 if function.order != -99 else -99
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
            raise self._no_argument(function)
        if tokens[i].kind == "BAR":
            close = next((k for k in range(i + 1, len(tokens)) if tokens[k].kind == "BAR"), None)
            if close is None:
                raise self._unclosed(tokens[i], tokens[-1])
            return close + 1
        if tokens[i].kind == "FUNCTION":
            j, _ = self._exponent(tokens, i + 1, tokens[i])
            if j < len(tokens) and tokens[j].kind == "LPAR":
                return self._matching(tokens, j) + 1
            return self._argument(tokens, j, tokens[i])
        if tokens[i].kind == "MINUS" and function.order != -99:
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
            if function.order == -99:
                break
        if not factors:
            raise self._no_argument(function)
        if i < len(tokens) and tokens[i].kind in ("LPAR", "NUMBER") and function.order != -99:
            raise self._source.error(
                f"where does the argument of {name} end?",
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
        raise self._never_closed(tokens[min(i, len(tokens) - 1)])

    def _no_argument(self, function: Token) -> Exception:
        return self._source.at(
            function, f"{function.text} has no argument", f"Write {function.text}(x)"
        )

    def _never_closed(self, token: Token) -> Exception:
        return self._source.at(
            token, f"“{token.text}” is never closed", f"Add “{_CLOSES.get(token.text, ')')}”"
        )

    def _unclosed(self, bar: Token, last: Token) -> Exception:
        return self._source.error(
            "this bar is never closed", bar.start, last.end, "Write |x| or abs(x)"
        )

    # multiplication, brackets, operators --------------------------------------------------

    def _connect(self, tokens: list[Token]) -> list[Token]:
        """Insert multiplications, tell bars apart, match brackets, find misplaced operators."""
        result: list[Token] = []
        opened: list[tuple[Token, str]] = []  # bracket, what may be in it
        divided: dict[int, int] = {}  # depth -> where a term with a quotient starts
        starts: dict[int, int] = {}  # depth -> where the current term starts
        for i, token in enumerate(tokens):
            kind = token.kind
            previous = result[-1] if result else None
            valued = previous is not None and previous.kind in _VALUE_ENDS
            if kind == "BAR":
                closes = valued and bool(opened) and opened[-1][0].kind == "BAR"
                token = token.become("CLOSEBAR" if closes else "OPENBAR")
                kind = token.kind
                if closes:
                    opened.pop()
                else:
                    opened.append((tokens[i], "bar"))
            self._check_kind(token, previous, opened)
            if kind in _VALUE_STARTS:
                if valued and not self._joins(previous, opened):
                    assert previous is not None
                    self._check_juxtaposed(token, previous)
                    self._note_order(token, previous, divided.get(len(opened)))
                    result.append(Token("IMPLICIT", "", token.start, token.start))
            elif (kind in _BINARY or kind in ("RPAR", "RFLOOR", "ENDCASES")) and not valued:
                self._misplaced(token, previous)
            if kind == "DIVIDE":
                divided.setdefault(len(opened), starts.get(len(opened), token.start))
            elif kind in _TERM_ENDS or previous is None or previous.kind not in _WITHIN_TERMS:
                divided.pop(len(opened), None)
                starts[len(opened)] = token.end if kind in _TERM_ENDS else token.start
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
                raise self._unclosed(token, tokens[-1])
            raise self._never_closed(token)
        last = result[-1]
        if last.kind not in _VALUE_ENDS:
            raise self._source.at(last, f"nothing follows “{last.text}”", "Complete the formula")
        return result

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
        return previous is not None and previous.order == -98

    def _purpose(self, previous: Token | None) -> str:
        if previous is None:
            return "group"
        return {"FUNCTION": "call", "FRAC": "frac", "SQRT": "sqrt"}.get(previous.kind, "group")

    def _close(self, token: Token, opened: list[tuple[Token, str]], tokens: list[Token]) -> None:
        if opened and opened[-1][0].kind == "BAR":
            raise self._unclosed(opened[-1][0], tokens[-1])
        if not opened:
            raise self._source.at(
                token, f"“{token.text}” closes nothing", "Remove it, or open a bracket before"
            )
        opener, purpose = opened.pop()
        pairs = {"CASES": "ENDCASES", "LFLOOR": "RFLOOR", "LPAR": "RPAR"}
        same = pairs[opener.kind] == token.kind
        if not same or (token.kind == "RPAR" and _CLOSES[opener.text] != token.text):
            raise self._source.error(
                f"“{opener.text}” is closed by “{token.text}”", opener.start, token.end
            )
        # the first group of a fraction, and the degree of a root, are followed by another
        if purpose == "frac" or (purpose == "sqrt" and opener.text == "["):
            token.order = -98

    def _check_juxtaposed(self, token: Token, previous: Token) -> None:
        if token.kind == "NUMBER":
            raise self._source.at(
                token,
                f"the number {token.text:.20} directly follows a factor",
                "Write * or ^ before it",
            )

    def _check_kind(
        self, token: Token, previous: Token | None, opened: list[tuple[Token, str]]
    ) -> None:
        kind = token.kind
        if previous is not None and previous.order == -98 and kind != "LPAR":
            self._group_missing(previous, token)
        if kind == "BAD":
            start = token.start
            if token.text.startswith(".") and previous is not None and previous.kind == "NAME":
                start = previous.start
            raise self._source.error(
                f"“{token.text:.40}” is not part of an equation", start, token.end, "Remove it"
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

    def _group_missing(self, previous: Token, token: Token) -> None:
        raise self._source.error(
            "the fraction needs two groups", previous.start, token.end, r"Write \frac{a}{b}"
        )

    def _misplaced(self, token: Token, previous: Token | None) -> None:
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
