"""Statements sorted: differential equations, definitions, parameter lines."""

from __future__ import annotations

from dataclasses import dataclass

from eqpp_dash.engine.expression import names as known
from eqpp_dash.engine.expression.graph import Node
from eqpp_dash.engine.expression.limits import Limits
from eqpp_dash.engine.expression.meanings import Names
from eqpp_dash.engine.expression.source import Source, Token
from eqpp_dash.engine.expression.statements import Statement
from eqpp_dash.engine.expression.syntax import Syntax

_BARE_STATES = ("x", "y", "z")


@dataclass(slots=True)
class Definition:
    """A helper definition or function of the text.

    Attributes
    ----------
    token : Token
        Its name.
    tokens : list of Token
        Its right-hand side.
    arguments : tuple of str
        Arguments of a function.
    tree, node : Syntax, Node or None
        What was made of it so far.
    busy : bool
        Whether it is being read, to notice that it needs itself.
    """

    token: Token
    tokens: list[Token]
    arguments: tuple[str, ...] = ()
    tree: Syntax | None = None
    node: Node | None = None
    busy: bool = False


class Sorter:
    """Sorts the statements of one text.

    Parameters
    ----------
    source : Source
        The text.
    limits : Limits
        Limits.
    names : Names
        Where notes on the reading are kept.

    Attributes
    ----------
    definitions : dict of str to Definition
        Definitions by name.
    orders : dict of str to int
        State variables and the orders of their equations.
    equations : list
        Statements with their left-hand derivative; None where they must be solved for it.
    """

    def __init__(self, source: Source, limits: Limits, names: Names) -> None:
        self._source = source
        self._limits = limits
        self._names = names
        self.definitions: dict[str, Definition] = {}
        self.orders: dict[str, int] = {}
        self.equations: list[tuple[Statement, Token | None]] = []

    def _bare(self, statements: list[Statement]) -> list[Statement]:
        """Read a list of right-hand sides as those of x, y, z."""
        if len(statements) > len(_BARE_STATES):
            return statements
        if any(t.kind == "DERIVATIVE" for s in statements for t in s.tokens):
            return statements
        if "," not in self._source.text:
            return statements
        named = []
        for name, statement in zip(_BARE_STATES, statements, strict=False):
            place = statement.tokens[0].start
            left = Token("DERIVATIVE", name, place, place, order=1)
            equal = Token("EQUAL", "=", place, place)
            named.append(Statement([left, equal, *statement.tokens], 1))
        listed = ", ".join(f"{name}'" for name, _ in zip(_BARE_STATES, statements, strict=False))
        self._names.note("reading", f"The right-hand sides are read as those of {listed}")
        return named

    def run(self, statements: list[Statement]) -> None:
        """Sort statements.

        Raises
        ------
        EquationError
            If one is neither an equation nor a definition.
        """
        if all(s.equal is None for s in statements) and len(statements) > 1:
            statements = self._bare(statements)
        for statement in statements:
            tokens = statement.tokens
            first = tokens[0]
            if (
                first.kind == "NAME"
                and first.text in known.PARAMETER_WORDS
                and len(tokens) > 2
                and tokens[1].kind == "NAME"
                and statement.equal == 2
            ):
                statement = Statement(tokens[1:], 1)
            if statement.equal is None:
                raise self._no_equation(statement, statements)
            left = statement.left
            if not statement.right:
                self._empty(statement)
            if any(token.kind == "DERIVATIVE" for token in tokens):
                self._add_equation(statement)
            elif not left:
                raise self._source.at(
                    tokens[statement.equal], "nothing stands before “=”", "Write x' = ..."
                )
            elif len(left) == 1 and left[0].kind == "NAME":
                self._define(left[0], statement.right, ())
            elif left[0].kind == "NAME" and len(left) > 2 and left[1].kind == "LPAR":
                self._define_function(left, statement.right)
            else:
                self._strange(statement)
        if not self.equations:
            first = statements[0].tokens[0]
            raise self._source.at(
                first, "there is no differential equation", "Write one a line, such as x' = y"
            )

    def _no_equation(self, statement: Statement, statements: list[Statement]) -> Exception:
        tokens = statement.tokens
        for token in (token for item in statements for token in item.tokens):
            if token.start >= tokens[0].start:
                break
            if token.kind == "BAD":
                return self._bad(token)
        for token in tokens:
            if token.kind in ("BAD", "COMPARE") or (token.kind == "PRIME" and token is tokens[0]):
                if token.kind == "COMPARE":
                    return self._source.at(
                        token, "an equation needs “=”", "Write x' = ... for a rate of change"
                    )
                return self._bad(token)
        end = max(token.end for token in tokens)
        return self._source.error(
            "this line is no equation", tokens[0].start, end, "Write one a line, such as x' = y"
        )

    def _bad(self, token: Token) -> Exception:
        return self._source.at(token, f"“{token.text:.40}” does not belong here", "Remove it")

    def _empty(self, statement: Statement) -> None:
        assert statement.equal is not None
        equal = statement.tokens[statement.equal]
        stop = self._source.text.find("\n", equal.end)
        line = self._source.text[equal.start : stop if stop >= 0 else None].rstrip()
        raise self._source.error(
            "nothing follows “=”", equal.start, equal.start + len(line), "Complete the equation"
        )

    def _strange(self, statement: Statement) -> None:
        """Report a left-hand side that is neither a derivative nor a name."""
        for token in statement.left:
            if token.kind in ("BAD", "COMPARE", "PRIME"):
                raise self._bad(token)
        left = statement.left
        raise self._source.error(
            "a left-hand side is a derivative or a name",
            left[0].start,
            left[-1].end,
            "Write x' = ... for a rate of change",
        )

    def _add_equation(self, statement: Statement) -> None:
        left = statement.left
        if len(left) == 1 and left[0].kind == "DERIVATIVE":
            self._add_state(left[0])
            self.equations.append((statement, left[0]))
            return
        if not left:
            assert statement.equal is not None
            raise self._source.at(statement.tokens[statement.equal], "nothing stands before “=”")
        for token in left:
            if token.kind in ("BAD", "PRIME", "COMPARE"):
                raise self._bad(token)
        derivatives = [t for t in statement.tokens if t.kind == "DERIVATIVE"]
        top: Token = max(derivatives, key=lambda t: t.order)
        others = [t for t in derivatives if t.order == top.order and t.text != top.text]
        if others:
            raise self._source.at(
                others[0], "two highest derivatives in one equation", "Solve it for one of them"
            )
        self._add_state(top)
        self.equations.append((statement, None))

    def _add_state(self, token: Token) -> None:
        name = token.text
        if name in self.orders:
            raise self._source.at(
                token, f"a second equation for {name}", "Each variable has one equation"
            )
        if name == "t":
            raise self._source.at(token, "t is the time, not a variable", "Use another name")
        if known.find_function(name, False):
            raise self._source.at(
                token, f"{name} is a function, not a variable", "Use another name"
            )
        if len(name) > self._limits.name_length:
            raise self._source.at(
                token, f"this name is longer than {self._limits.name_length} characters"
            )
        self._names.time_marked = self._names.time_marked or token.braced
        self.orders[name] = token.order
        total = sum(self.orders.values())
        if total > self._limits.equations:
            raise self._source.at(
                token, f"more than {self._limits.equations} equations", "Use a smaller system"
            )

    def _define(self, token: Token, tokens: list[Token], arguments: tuple[str, ...]) -> None:
        name = token.text
        what = "the time" if name == "t" else "a number"
        if name == "t" or name == "pi":
            raise self._source.at(token, f"{name} is {what}", "Use another name")
        if known.find_function(name, bool(arguments)):
            raise self._source.at(token, f"{name} is a function", "Use another name")
        if name in self.definitions:
            raise self._source.at(token, f"a second definition of {name}", "Remove one")
        if len(self.definitions) >= self._limits.definitions:
            raise self._source.at(token, f"more than {self._limits.definitions} definitions")
        self.definitions[name] = Definition(token, tokens, arguments)

    def _define_function(self, left: list[Token], right: list[Token]) -> None:
        inside = left[2:-1]
        names = [t.text for t in inside if t.kind == "NAME"]
        shape = [t.kind for t in inside]
        wanted = ["NAME", "COMMA"] * len(names)
        if left[-1].kind != "RPAR" or shape != wanted[:-1] or len(set(names)) < len(names):
            raise self._source.error(
                "this is neither a derivative nor a helper function such as f(u)",
                left[0].start,
                left[-1].end,
                "Write x' for a rate of change; starting values are given apart",
            )
        self._define(left[0], right, tuple(names))
