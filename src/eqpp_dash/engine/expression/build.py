"""From a text to a system: statements read, names sorted out, derivatives solved for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from eqpp_dash.engine.expression import names as known
from eqpp_dash.engine.expression.derivative import differentiate
from eqpp_dash.engine.expression.graph import Graph, Node, rebuild, topological
from eqpp_dash.engine.expression.limits import Limits
from eqpp_dash.engine.expression.lower import Lowering
from eqpp_dash.engine.expression.meanings import Names
from eqpp_dash.engine.expression.resolve import Resolver
from eqpp_dash.engine.expression.scan import Scanner
from eqpp_dash.engine.expression.sort import Definition, Sorter
from eqpp_dash.engine.expression.source import Source, Token
from eqpp_dash.engine.expression.statements import (
    Statement,
    mark_word_dots,
    split_statements,
)
from eqpp_dash.engine.expression.syntax import Syntax
from eqpp_dash.engine.expression.text import to_text
from eqpp_dash.model.portrait import Notice

_COMPANIONS = ("y", "v", "w", "z", "u", "p", "q")


@dataclass(slots=True)
class Draft:
    """What `SystemReader` makes of a text.

    Attributes
    ----------
    graph : Graph
        Holds the right-hand sides.
    source : Source
        The text as typed.
    variables, components : list
        State variables and their rates of change.
    parameters : list of str
        Parameters in order of first appearance.
    declared : dict of str to str
        Values given in the text.
    notes : list of Notice
        How ambiguous text was read.
    places : list of (int, int)
        For every state variable the span of the left-hand side that brought it.
    time_place : (int, int) or None
        The span where the time is first asked for.
    """

    graph: Graph
    source: Source
    variables: list[str] = field(default_factory=list)
    components: list[Node] = field(default_factory=list)
    parameters: list[str] = field(default_factory=list)
    declared: dict[str, str] = field(default_factory=dict)
    notes: list[Notice] = field(default_factory=list)
    places: list[tuple[int, int]] = field(default_factory=list)
    time_place: tuple[int, int] | None = None


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
        self._given = {name for name in declared if not known.find_function(name, False)}
        self._graph = Graph()
        self._sorted = Sorter(self._source, limits, self._names)
        self._definitions = self._sorted.definitions
        self._orders = self._sorted.orders  # state variable -> order of its equation
        self._chains: dict[tuple[str, int], str] = {}
        self._values: dict[str, str] = {}
        self._parameter_places: dict[str, int] = {}
        self._arguments: list[dict[str, Node]] = []
        self._time_place: tuple[int, int] | None = None

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
        self._sorted.run(statements)
        self._name_states()
        return self._assemble()

    def _check_length(self) -> None:
        length, most = len(self._source.text), self._limits.text_length
        if length > most:
            raise self._source.error(
                f"the text has {length} characters, more than {most}", 0, 40, "Shorten it"
            )

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
        used = set(re.findall(r"[A-Za-z]\w*", self._source.text))
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
        from eqpp_dash.engine.expression.grammar import parse  # lark loads when it is needed

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
            self._time_place = self._time_place or (token.start, token.end)
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

    def _definition(self, item: Definition) -> Node:
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
        draft = Draft(self._graph, self._source)
        self._find_values()
        rates: dict[str, Node] = {}
        order: dict[str, tuple[int, int]] = {}
        parsed: list[tuple[Token | None, Syntax, Syntax | None]] = []
        for statement, left in self._sorted.equations:
            if left is not None:
                parsed.append((left, self._parse(statement.right), None))
            else:
                parsed.append((None, self._parse(statement.left), self._parse(statement.right)))
        spans = [_span(statement) for statement, _ in self._sorted.equations]
        for (left, first, second), span in zip(parsed, spans, strict=True):
            if left is not None:
                name, node = left.text, self._lower(first)
            else:
                assert second is not None
                name, node = self._solve(first, second)
            rates[name] = node
            order[name] = span
        for name, span in order.items():
            draft.places += [span] * self._orders[name]
            draft.variables.append(name)
            for level in range(1, self._orders[name]):
                chain = self._chains[(name, level)]
                draft.components.append(self._graph.symbol("variable", chain))
                draft.variables.append(chain)
            draft.components.append(rates[name])
        self._check_size(draft)
        self._unused_definitions()
        self._finish_parameters(draft)
        draft.time_place = self._time_place
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
            if next(iter(_names_in(item.tree)), None) is not None:
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
        if re.search(r"(\^|\*\*)\s*[({]\s*-?\d+\s*/", self._source.text) and any(
            node.op == "root" for node in topological(draft.components)
        ):
            notes.append(
                Notice("root", "A power whose exponent is a quotient with an odd denominator, "
                       "such as 1/3, is a real root, of negative numbers too")
            )  # fmt: skip
        for base in self._graph.continued:
            notes.append(Notice("continued", f"{to_text(base)} is 1 where its divisor is zero"))
        long = [n for n in free if re.fullmatch(r"[a-z]{2,4}", n) and n not in known.NOT_NUMBERS]
        notes.extend(
            Notice("name", f"{n} is read as one parameter, not as a product")
            for n in long
            if any(c in self._names.states for c in n)
        )
        draft.notes = notes


def _names_in(tree: Syntax) -> Iterable[Token]:
    """Find the names, derivatives and helper functions of a syntax tree."""
    stack = [tree]
    while stack:
        item = stack.pop()
        stack.extend(item.parts)
        token = item.token
        if token is None:
            continue
        named = item.kind == "name" and token.text not in known.CONSTANTS
        called = item.kind == "call" and not _built_in(token.text)
        if named or called or item.kind == "derivative":
            yield token


def _span(statement: Statement) -> tuple[int, int]:
    """Give the place of a left-hand side; that of the whole where there is none."""
    tokens = statement.left or statement.tokens
    return tokens[0].start, tokens[-1].end


def _built_in(name: str) -> bool:
    return name in known.FUNCTIONS or name in known.CHOICES


def _derivatives_in(tree: Syntax) -> Iterable[Token]:
    return [token for token in _names_in(tree) if token.kind == "DERIVATIVE"]
