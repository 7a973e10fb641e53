"""The scanner: text as people type it, Unicode and LaTeX included, to tokens.

Tokens keep their place in the text as typed. What cannot be read becomes a token of kind
``BAD``, so that the first problem from the left is the one reported.
"""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction

from eqpp_dash.engine.expression import symbols
from eqpp_dash.engine.expression.greek import GLYPHS, NAMES, VARIANTS
from eqpp_dash.engine.expression.limits import Limits
from eqpp_dash.engine.expression.source import Source, Token

_NUMBER = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_MANY_POINTS = re.compile(r"(?:\d*\.){2,}\d*")
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_INDEX = re.compile(r"_(?:\{\s*([A-Za-z0-9]+)\s*\}|([A-Za-z0-9]+))")
#: What may follow an operator, but is hardly a comment.
_OPERAND = re.compile(r"\(.*|[\d.]+\s*\*?\s*\w*|[A-Za-z]\w?(\s*[-+*/^(].*)?")
_COMMAND = re.compile(r"\\([A-Za-z]+\*?|.|$)", re.DOTALL)
_ENVIRONMENT = re.compile(r"\s*\{\s*([A-Za-z]+\*?)\s*\}")
_GROUP = re.compile(r"\s*\{\s*([^{}]*?)\s*\}")


class Scanner:
    """Cuts one text into tokens.

    Parameters
    ----------
    source : Source
        The text.
    limits : Limits
        Limits on digits and names.
    """

    def __init__(self, source: Source, limits: Limits) -> None:
        self._source = source
        self._limits = limits
        self._text = source.text.translate(symbols.TRANSLATE)
        self.tokens: list[Token] = []
        self._line = (0, 0, 0, 0)  # start and end of a line, and of what `$` may enclose

    def run(self) -> list[Token]:
        """Give the tokens; names with braced indices are unified with plain ones."""
        position, text = 0, self._text
        while position < len(text):
            position = self._step(position)
        plain = {token.text for token in self.tokens if token.kind == "NAME" and not token.braced}
        for token in self.tokens:
            if token.braced and token.text not in plain:
                token.text = token.text.replace("_", "")
        return self.tokens

    def _push(self, kind: str, text: str, start: int, end: int) -> Token:
        token = Token(kind, text, start, end)
        self.tokens.append(token)
        return token

    def _step(self, at: int) -> int:
        text = self._text
        char = text[at]
        if char in " \t\x0b\x0c\xa0~" or (char != "\n" and char.isspace()):
            return at + 1
        if char in '"″‴':
            for _ in range(3 if char == "‴" else 2):
                self._push("PRIME", "'", at, at + 1)
            return at + 1
        if char in "#%" or text.startswith("//", at):
            return self._comment(at)
        if (char.isdigit() and char.isascii()) or (
            char == "." and text[at + 1 : at + 2].isdecimal()
        ):
            return self._number(at)
        if char == "\\":
            return self._command(at)
        if char == "$":
            return self._dollar(at)
        if char.isascii() and char.isalpha():
            match = _LATIN.match(text, at)
            assert match is not None
            return self._name(match[0], at, match.end())
        for operator, kind in symbols.OPERATORS:
            if text.startswith(operator, at):
                self._push(kind, symbols.SAME.get(operator, operator), at, at + len(operator))
                return at + len(operator)
        return self._glyph(at)

    def _comment(self, at: int) -> int:
        end = self._text.find("\n", at)
        end = len(self._text) if end < 0 else end
        operator = "//" if self._text[at] == "/" else self._text[at]
        body = self._text[at + len(operator) : end].split(";")[0].strip()
        after_value = bool(self.tokens) and self.tokens[-1].kind in ("NUMBER", "NAME", "RPAR")
        percent = operator == "%" and not body and self.tokens and self.tokens[-1].kind == "NUMBER"
        if operator != "#" and after_value and (_OPERAND.fullmatch(body) or percent):
            self._push("REMAINDER", self._text[at : at + len(operator)], at, at + len(operator))
            return at + len(operator)
        quotes = re.compile(r"(?<![\w'])'''|\"\"\"").search(self._text, at, end)
        if quotes:
            self._push("BAD", quotes[0], quotes.start(), quotes.end())
        return end

    def _number(self, at: int) -> int:
        many = _MANY_POINTS.match(self._text, at)
        if many:
            self._push("BAD", many[0], at, many.end())
            return many.end()
        match = _NUMBER.match(self._text, at)
        assert match is not None
        text, end = match[0], match.end()
        token = self._push("NUMBER", text, at, end)
        if sum(c.isdigit() for c in text) > self._limits.digits:
            token.kind = "LONG"
            return end
        exponent = re.search(r"[eE]([+-]?\d+)$", text)
        if exponent and abs(int(exponent[1])) > 400:
            token.kind = "HUGE"
            return end
        token.value = Fraction(text)
        try:
            size = float(token.value)
        except OverflowError:
            token.kind = "HUGE"
        else:
            if (size == 0) != (token.value == 0):
                token.kind = "HUGE"
        return end

    def _name(self, stem: str, start: int, end: int) -> int:
        """Push a name, with the index that follows it."""
        name, braced = stem, False
        while True:
            match = _INDEX.match(self._text, end)
            if match:
                name += "_" + (match[1] or match[2])
                braced = braced or match[1] is not None
                end = match.end()
            elif self._text[end : end + 1] in symbols.SUBSCRIPTS and end < len(self._text):
                digits = ""
                while end < len(self._text) and self._text[end] in symbols.SUBSCRIPTS:
                    digits += symbols.SUBSCRIPTS[self._text[end]]
                    end += 1
                name, braced = f"{name}_{digits}", True
            else:
                break
        self._push("NAME", name, start, end).braced = braced
        return self._dots(end)

    def _dots(self, end: int) -> int:
        """Read combining dots over the last letter as derivatives."""
        while end < len(self._text) and self._text[end] in "\u0307\u0308\u20db":
            count = {"\u0307": 1, "\u0308": 2, "\u20db": 3}[self._text[end]]
            for _ in range(count):
                self._push("PRIME", "'", end, end + 1)
            end += 1
        return end

    def _glyph(self, at: int) -> int:
        char = self._text[at]
        if char in GLYPHS:
            match = re.compile(r"\d*").match(self._text, at + 1)
            digits = match[0] if match else ""
            return self._name(GLYPHS[char] + digits, at, at + 1 + len(digits))
        if char in symbols.SUPERSCRIPTS:
            return self._superscript(at)
        parts = unicodedata.normalize("NFD", char)
        if len(parts) > 1 and parts[0].isalpha() and set(parts[1:]) <= {"\u0307", "\u0308"}:
            stem = GLYPHS.get(parts[0], parts[0])
            self._push("NAME", stem, at, at + 1)
            for mark in parts[1:]:
                for _ in range(1 if mark == "\u0307" else 2):
                    self._push("PRIME", "'", at, at + 1)
            return at + 1
        fraction = unicodedata.normalize("NFKC", char).split("\u2044")
        if len(fraction) == 2 and all(part.isdecimal() for part in fraction):
            token = self._push("NUMBER", "/".join(fraction), at, at + 1)
            token.value = Fraction(int(fraction[0]), int(fraction[1]))
            return at + 1
        end = at + 1
        if char in ".@!?_":  # show the word with it
            word = re.compile(r"[\w.]*").match(self._text, end)
            end = word.end() if word and char in "._" else end
        self._push("BAD", self._text[at:end], at, end)
        return end

    def _superscript(self, at: int) -> int:
        end, digits = at, ""
        while end < len(self._text) and self._text[end] in symbols.SUPERSCRIPTS:
            digits += symbols.SUPERSCRIPTS[self._text[end]]
            end += 1
        if not re.fullmatch(r"[+-]?\d+", digits):
            self._push("BAD", self._text[at:end], at, end)
            return end
        self._push("POW", "^", at, at)
        self._push("LPAR", "(", at, at)
        if digits[0] in "+-":
            self._push("MINUS" if digits[0] == "-" else "PLUS", digits[0], at, at + 1)
        digits = digits.lstrip("+-")
        token = self._push("NUMBER", digits, at, end)
        if len(digits) > self._limits.digits:
            token.kind = "LONG"
        else:
            token.value = Fraction(digits)
        self._push("RPAR", ")", end, end)
        return end

    def _dollar(self, at: int) -> int:
        """Read `$` around a line as LaTeX's; anywhere else it means nothing."""
        if not self._line[0] <= at < self._line[1]:
            start, stop = self._text.rfind("\n", 0, at) + 1, self._text.find("\n", at)
            stop = len(self._text) if stop < 0 else stop
            line = self._text[start:stop]
            first = stop - len(line.lstrip(" $"))
            self._line = (start, stop, first, start + len(line.rstrip(" $;,.")))
        if self._line[2] < at < self._line[3]:
            self._push("BAD", "$", at, at + 1)
        return at + 1

    def _command(self, at: int) -> int:
        match = _COMMAND.match(self._text, at)
        assert match is not None
        name, end = match[1], match.end()
        if name in symbols.IGNORED or (name in "[]()" and name):
            if name in ("left", "right") and self._text[end : end + 1] == ".":
                end += 1
            return end
        if name in ("begin", "end"):
            environment = _ENVIRONMENT.match(self._text, end)
            end = environment.end() if environment else end
            kind = "BEGIN" if name == "begin" else "END"
            self._push(kind, environment[1] if environment else "", at, end)
            if environment and environment[1] == "array":
                columns = _GROUP.match(self._text, end)
                end = columns.end() if columns else end
            return end
        if name in symbols.WORDS:
            group = _GROUP.match(self._text, end)
            if group and re.fullmatch(r"[A-Za-z ]*", group[1]):
                for word in re.finditer(r"[A-Za-z]+", group[0]):
                    start = group.start() + word.start()
                    self._push("NAME", word[0], start, start + len(word[0]))
                return group.end()
        letter = VARIANTS.get(name, name)
        if letter in NAMES:
            return self._name(letter, at, end)
        if name in symbols.COMMANDS:
            kind, text = symbols.COMMANDS[name]
            self._push(kind, text, at, end)
        elif name in symbols.LATEX_FUNCTIONS:
            base = re.compile(r"_\s*(?:\{\s*(2|10)\s*\}|(2))(?!\d)").match(self._text, end)
            if name == "log" and base:
                name, end = name + (base[1] or base[2]), base.end()
            self._push("NAME", name, at, end)
        else:
            self._push("BAD", match[0], at, end)
        return end
