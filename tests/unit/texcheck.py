"""A check of LaTeX without TeX: groups, environments, modes, special characters."""

from __future__ import annotations

import re

ALIGNED = {"longtable", "align*", "pmatrix", "cases"}
MATHEMATICAL = {"align*", "pmatrix", "cases"}
TEXTUAL = {"text", "mbox", "operatorname"}

_TOKEN = re.compile(r"\\([A-Za-z]+\*?|.|\n)|([{}$&#_^~%])|\n", re.DOTALL)


class TexError(AssertionError):
    """What TeX would stumble over."""


def check_tex(source: str) -> None:
    """Check a document.

    Raises
    ------
    TexError
        If a group, an environment or a formula isn't closed, a special character stands where
        it must not, or the document isn't plain ASCII.
    """
    if not source.isascii():
        raise TexError("not ASCII")
    if not source.startswith("%") or source.count(r"\begin{document}") != 1:
        raise TexError("no document")
    source = re.sub(
        r"(\\begin\{lstlisting\}\n).*?(\n\\end\{lstlisting\})", r"\1\2", source, flags=re.DOTALL
    )
    source = re.sub(r"(?<!\\)%[^\n]*", "", source)
    preamble, body = source.split(r"\begin{document}")
    if preamble.count("{") != preamble.count("}"):
        raise TexError("the preamble's groups")
    Checker(body.replace(r"\end{document}", "")).run()


class Checker:
    """Follows groups, environments and modes through a text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.groups: list[tuple[bool, str]] = []  # the mode and command outside
        self.environments: list[tuple[str, bool]] = []
        self.math = False
        self.command = ""

    def run(self) -> None:
        place = 0
        while match := _TOKEN.search(self.text, place):
            between = self.text[place : match.start()]
            if between.strip(" ["):
                self.command = ""
            place = match.end()
            if match[1] is not None:
                place = self.control(match[1], place)
            elif match[2] is not None:
                self.special(match[2], place)
        if self.groups or self.environments or self.math:
            raise TexError(f"open at the end: {self.groups} {self.environments} {self.math}")

    def control(self, name: str, place: int) -> int:
        if name in ("begin", "end"):
            argument = re.match(r"\{([A-Za-z*]+)\}", self.text[place:])
            if argument is None:
                raise TexError("an environment without a name")
            if name == "begin":
                self.environments.append((argument[1], self.math))
                self.math = self.math or argument[1] in MATHEMATICAL
            else:
                if not self.environments or self.environments[-1][0] != argument[1]:
                    raise TexError(f"{argument[1]} ends, {self.environments[-1:]} is open")
                self.math = self.environments.pop()[1]
            return place + argument.end()
        if name in ("[", "]"):
            if self.math != (name == "]"):
                raise TexError("a display within a formula")
            self.math = name == "["
        self.command = name
        return place

    def special(self, sign: str, place: int) -> None:
        where = self.text[max(0, place - 60) : place + 20]
        if sign == "{":
            self.groups.append((self.math, self.command))
            if self.command in TEXTUAL:
                self.math = False
        elif sign == "}":
            if not self.groups:
                raise TexError(f"a group ends that is none: {where!r}")
            outer, command = self.groups.pop()
            if command not in TEXTUAL and self.math != outer:
                raise TexError(f"a formula goes over the end of a group: {where!r}")
            if command in TEXTUAL and self.math:
                raise TexError(f"a formula is open at the end of a text: {where!r}")
            self.math = outer
        elif sign == "$":
            self.math = not self.math
        elif sign in "_^" and not self.math:
            raise TexError(f"{sign} outside of a formula: {where!r}")
        elif sign == "&" and not any(name in ALIGNED for name, _ in self.environments):
            raise TexError(f"& outside of a table: {where!r}")
        elif sign in "#%":
            raise TexError(f"{sign} unescaped: {where!r}")
        self.command = "" if sign != "}" else self.command
