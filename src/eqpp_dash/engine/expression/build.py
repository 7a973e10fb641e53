"""From a text to a system: statements read, names sorted out, derivatives solved for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from eqpp_dash.engine.expression import names as known
from eqpp_dash.engine.expression.derivative import differentiate
from eqpp_dash.engine.expression.grammar import parse
from eqpp_dash.engine.expression.graph import Graph, Node, rebuild, topological
from eqpp_dash.engine.expression.limits import Limits
from eqpp_dash.engine.expression.lower import Lowering
from eqpp_dash.engine.expression.resolve import Names, Resolver
from eqpp_dash.engine.expression.scan import Scanner
from eqpp_dash.engine.expression.source import Source, Token
from eqpp_dash.engine.expression.statements import (
    Statement,
    mark_word_dots,
    split_statements,
)
from eqpp_dash.engine.expression.syntax import Syntax
from eqpp_dash.engine.expression.text import number_text, to_text
from eqpp_dash.model.portrait import Notice

_COMPANIONS = ("y", "v", "w", "z", "u", "p", "q")
_BARE_STATES = ("x", "y", "z")


@dataclass(slots=True)
class Draft:
    """What `SystemReader` makes of a text.

    Attributes
    ----------
    graph : Graph
        Holds the right-hand sides.
    variables, components : list
        State variables and their rates of change.
    parameters : list of str
        Parameters in order of first appearance.
    declared : dict of str to str
        Values given in the text.
    notes : list of Notice
        How ambiguous text was read.
    """

    graph: Graph
    variables: list[str] = field(default_factory=list)
    components: list[Node] = field(default_factory=list)
    parameters: list[str] = field(default_factory=list)
    declared: dict[str, str] = field(default_factory=dict)
    notes: list[Notice] = field(default_factory=list)


@dataclass(slots=True)
class _Definition:
    token: Token
    tokens: list[Token]
    arguments: tuple[str, ...] = ()
    tree: Syntax | None = None
    node: Node | None = None
    busy: bool = False


class SystemReader:
    """Reads one text.

    Parameters
    ----------
    text : str
        The text as typed.
    limits : Limits
        Limits.
    declared : iterable of str
        Names that have a value given elsewhere, so that they are parameters.
    """

    def __init__(self, text: str, limits: Limits, declared: Iterable[str] = ()) -> None:
        self._source = Source(text)
        self._limits = limits
        self._names = Names()
        self._given = set(declared)
        self._graph = Graph()
        self._definitions: dict[str, _Definition] = {}
        self._orders: dict[str, int] = {}  # state variable -> order of its equation
        self._equations: list[tuple[Statement, Token | None]] = []
        self._chains: dict[tuple[str, int], str] = {}
        self._values: dict[str, str] = {}
        self._parameter_places: dict[str, int] = {}
        self._arguments: list[dict[str, Node]] = []

    def run(self) -> Draft:
        """Read the text.

        Raises
        ------
        EquationError
            At the first problem.
        """
        self._check_length()
        tokens = Scanner(self._source, self._limits).run()
        statements = split_statements(self._source, tokens)
        if not statements:
            raise self._source.error(
                "there are no equations", 0, 0, "Write one equation a line, such as x' = y"
            )
        if all(s.equal is None for s in statements) and len(statements) > 1:
            statements = self._bare(statements)
        self._sort(statements)
        self._name_states()
        return self._assemble()

    def _check_length(self) -> None:
        length, most = len(self._source.text), self._limits.text_length
        if length > most:
            raise self._source.error(
                f"the text has {length} characters, more than {most}", 0, 40, "Shorten it"
            )

    # sorting statements -------------------------------------------------------------------

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

    def _sort(self, statements: list[Statement]) -> None:
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
        if not self._equations:
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
            self._equations.append((statement, left[0]))
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
        self._equations.append((statement, None))

    def _add_state(self, token: Token) -> None:
        name = token.text
        if name in self._orders:
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
        self._orders[name] = token.order
        total = sum(self._orders.values())
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
        if name in self._definitions:
            raise self._source.at(token, f"a second definition of {name}", "Remove one")
        if len(self._definitions) >= self._limits.definitions:
            raise self._source.at(token, f"more than {self._limits.definitions} definitions")
        self._definitions[name] = _Definition(token, tokens, arguments)

    def _define_function(self, left: list[Token], right: list[Token]) -> None:
        inside = left[2:-1]
        names = [t.text for t in inside if t.kind == "NAME"]
        shape = [t.kind for t in inside]
        wanted = ["NAME", "COMMA"] * len(names)
        if left[-1].kind != "RPAR" or shape != wanted[:-1] or len(set(names)) < len(names):
            raise self._source.error(
                "a helper function is written f(u) = ...",
                left[0].start,
                left[-1].end,
                "Starting values are given apart from the equations",
            )
        self._define(left[0], right, tuple(names))

    # names --------------------------------------------------------------------------------

    def _name_states(self) -> None:
        names = self._names
        names.states = set(self._orders)
        for name, item in self._definitions.items():
            if name in names.states:
                raise self._source.at(
                    item.token, f"{name} is a state variable", "Use another name for this"
                )
            (names.functions if item.arguments else names.constants).add(name)
        names.constants |= self._given - names.states
        used = {t for t in re.findall(r"[A-Za-z]\w*", self._source.text)}
        for name, order in self._orders.items():
            for level in range(1, order):
                free = [c for c in self._companions(name, level) if self._is_free(c, used)]
                self._chains[(name, level)] = free[0]
                names.states.add(free[0])
                self._names.note(
                    "order", f"{free[0]} stands for {name}{chr(39) * level}, a variable of its own"
                )

    def _companions(self, name: str, level: int) -> list[str]:
        special = {"theta": ["omega"], "phi": ["omega"]}.get(name, [])
        own = [f"{name}_{level}", f"{name}_d{level}", *(f"{name}_e{k}" for k in range(20))]
        if name == "x" and level == 1:
            return [*_COMPANIONS, *own]
        return [*special, *_COMPANIONS[1:], *own]

    def _is_free(self, name: str, used: set[str]) -> bool:
        return name not in used and name not in self._names.states and name not in self._given

    # expressions --------------------------------------------------------------------------

    def _parse(self, tokens: list[Token]) -> Syntax:
        marked = mark_word_dots(tokens, set(self._orders))
        resolved = Resolver(self._source, self._names, self._limits).run(marked)
        return parse(self._source, resolved)

    def _lower(self, tree: Syntax) -> Node:
        lowering = Lowering(self._source, self._graph, self._limits, self._lookup, self._helper)
        return lowering.run(tree)

    def _lookup(self, token: Token) -> Node:
        name = token.text
        if token.kind == "DERIVATIVE":
            return self._derivative(token)
        for frame in reversed(self._arguments[-1:]):
            if name in frame:
                return frame[name]
        if name in self._names.states:
            return self._graph.symbol("variable", name)
        item = self._definitions.get(name)
        if item is not None and name not in self._values:
            return self._definition(item)
        if name in known.CONSTANTS and not self._names.declared(name):
            return self._graph.symbol(name)
        if name == "t" and not self._names.declared(name):
            return self._graph.symbol("time")
        self._parameter_places.setdefault(name, token.start)
        return self._graph.symbol("parameter", name)

    def _derivative(self, token: Token) -> Node:
        name, order = token.text, token.order
        chain = self._chains.get((name, order))
        if chain is not None:
            return self._graph.symbol("variable", chain)
        raise self._source.at(
            token,
            f"{name}{chr(39) * order} stands on the right of an equation",
            "Write its own right-hand side instead",
        )

    def _definition(self, item: _Definition) -> Node:
        if item.node is None:
            if item.busy:
                raise self._source.at(item.token, f"{item.token.text} is defined by itself")
            item.busy = True
            if item.tree is None:
                item.tree = self._parse(item.tokens)
            frames, self._arguments = self._arguments, []
            item.node = self._lower(item.tree)
            self._arguments = frames
            item.busy = False
        return item.node

    def _helper(self, tree: Syntax, args: list[Node]) -> Node:
        assert tree.token is not None
        item = self._definitions[tree.token.text]
        if len(args) != len(item.arguments):
            raise self._source.error(
                f"{item.token.text} takes {len(item.arguments)} arguments, not {len(args)}",
                tree.start,
                tree.end,
            )
        if item.busy:
            raise self._source.at(item.token, f"{item.token.text} is defined by itself")
        item.busy = True
        if item.tree is None:
            outer, self._names.locals = self._names.locals, set(item.arguments)
            item.tree = self._parse(item.tokens)
            self._names.locals = outer
        self._arguments.append(dict(zip(item.arguments, args, strict=True)))
        node = self._lower(item.tree)
        self._arguments.pop()
        item.busy = False
        return node

    # putting it together ------------------------------------------------------------------

    def _assemble(self) -> Draft:
        draft = Draft(self._graph)
        self._find_values()
        rates: dict[str, Node] = {}
        order: list[str] = []
        parsed = []
        for statement, left in self._equations:
            if left is not None:
                parsed.append((left, self._parse(statement.right), None))
            else:
                parsed.append((None, self._parse(statement.left), self._parse(statement.right)))
        for left, first, second in parsed:
            if left is not None:
                name, node = left.text, self._lower(first)
            else:
                assert second is not None
                name, node = self._solve(first, second)
            rates[name] = node
            order.append(name)
        for name in order:
            draft.variables.append(name)
            for level in range(1, self._orders[name]):
                chain = self._chains[(name, level)]
                draft.components.append(self._graph.symbol("variable", chain))
                draft.variables.append(chain)
            draft.components.append(rates[name])
        self._check_size(draft)
        self._unused_definitions()
        self._finish_parameters(draft)
        return draft

    def _check_size(self, draft: Draft) -> None:
        if sum(node.size for node in draft.components) > self._limits.nodes:
            raise self._source.error(
                f"the system is larger than {self._limits.nodes} operations", 0, 0, "Shorten it"
            )

    def _find_values(self) -> None:
        """Find the definitions that are plain numbers: they become parameters."""
        for name, item in self._definitions.items():
            if item.arguments:
                continue
            item.tree = self._parse(item.tokens)
            if any(True for _ in _names_in(item.tree)):
                continue
            node = self._definition(item)
            text = to_text(node) if node.op == "const" else repr(node.value)
            typed = self._source.text[item.tokens[0].start : item.tokens[-1].end].strip()
            plain = re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", typed)
            self._values[name] = typed if plain else text

    def _unused_definitions(self) -> None:
        for name, item in self._definitions.items():
            if name not in self._values and item.tree is None:
                if item.arguments:
                    self._names.locals = set(item.arguments)
                item.tree = self._parse(item.tokens)
                self._names.locals = set()
            if name not in self._values and item.node is None and not item.arguments:
                self._definition(item)

    def _solve(self, left: Syntax, right: Syntax) -> tuple[str, Node]:
        """Solve an equation that is linear in its highest derivative."""
        derivatives = [t for tree in (left, right) for t in _derivatives_in(tree)]
        top = max(derivatives, key=lambda t: t.order)
        symbol = self._graph.symbol("variable", f"{top.text}{chr(39) * top.order}")
        self._chains[(top.text, top.order)] = symbol.data
        whole = self._graph.subtract(self._lower(left), self._lower(right))
        del self._chains[(top.text, top.order)]
        (slope,) = differentiate(self._graph, [whole], symbol)
        if slope is self._graph.zero or symbol in topological([slope]):
            raise self._source.error(
                f"this is not linear in {symbol.data}", left.start, right.end, "Solve it for that"
            )
        zero = self._graph.zero
        (rest,) = rebuild(self._graph, [whole], lambda node: zero if node is symbol else None)
        return top.text, self._graph.negate(self._graph.divide(rest, slope))

    def _finish_parameters(self, draft: Draft) -> None:
        places = dict(self._parameter_places)
        for name in self._values:
            places.setdefault(name, self._definitions[name].token.start)
        draft.parameters = sorted(places, key=lambda name: places[name])
        draft.declared = {n: self._values[n] for n in draft.parameters if n in self._values}
        notes = list(self._names.notes.values())
        free = [n for n in draft.parameters if n not in self._values and n not in self._given]
        for base in self._graph.cancelled:
            notes.append(
                Notice("cancelled", f"{to_text(base)} was cancelled from a quotient; the value "
                       "where it is zero is that of the simplified formula")
            )  # fmt: skip
        long = [n for n in free if re.fullmatch(r"[a-z]{2,4}", n) and n not in known.NOT_NUMBERS]
        notes.extend(
            Notice("name", f"{n} is read as one parameter, not as a product")
            for n in long
            if any(c in self._names.states for c in n)
        )
        draft.notes = notes


def _names_in(tree: Syntax) -> Iterable[Token]:
    stack = [tree]
    while stack:
        item = stack.pop()
        stack.extend(item.parts)
        constant = item.token is not None and item.token.text in known.CONSTANTS
        if item.kind in ("name", "derivative") and item.token is not None and not constant:
            yield item.token
        elif item.kind == "call" and item.token is not None:
            if item.token.text not in known.FUNCTIONS and item.token.text not in known.CHOICES:
                yield item.token


def _derivatives_in(tree: Syntax) -> Iterable[Token]:
    return [token for token in _names_in(tree) if token.kind == "DERIVATIVE"]


def exact_text(node: Node) -> str:
    """Write a rational constant so that `eqpp_dash.model.numbers` reads it exactly."""
    return ("-" if node.data < 0 else "") + number_text(abs(node.data))[0]
