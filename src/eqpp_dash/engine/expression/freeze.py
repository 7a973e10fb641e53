"""Expressions with jumps and kinks as smooth ones, one for each side of every surface.

A field that jumps, or has a kink, where a switching expression vanishes is smooth between these
surfaces. Each `Choice` is a parameter that says on which side of a surface a state is, or between
which whole numbers an expression lies; with the choices held, the frozen field is smooth, and it
continues smoothly beyond the surfaces: what an integrator needs up to the crossing that it
locates (E. Hairer, S. P. Norsett, G. Wanner, *Solving Ordinary Differential Equations I*, 2nd
ed., 1993, section II.6, "Discontinuous equations").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from eqpp_dash.engine.expression.graph import Graph, Node, assemble, topological
from eqpp_dash.engine.expression.text import to_text

#: Functions that may be undefined; a product is where it divides.
_PARTIAL = frozenset(
    {"undefined", "log", "log2", "log10", "asin", "acos", "acosh", "atanh", "pow", "mod"}
)
_POSITIVE = frozenset({"exp", "cosh", "pi", "e"})


@dataclass(frozen=True, slots=True)
class Choice:
    """What is held while a trajectory runs between surfaces.

    Attributes
    ----------
    name : str
        The parameter's name; it begins with a space, as no name of a user does.
    whole : bool
        Whether its value is the whole number below `driver`; else it is 1 or -1, the driver's
        sign.
    driver : Node
        Expression that decides; may hold earlier choices.
    earlier : frozenset of int
        The choices on which the driver depends, by number.
    text : str
        The driver in the user's terms.
    """

    name: str
    whole: bool
    driver: Node
    earlier: frozenset[int]
    text: str


@dataclass(frozen=True, slots=True)
class Surface:
    """Where a choice changes.

    Attributes
    ----------
    choice : int
        Which.
    step : int
        What is added to a whole number; 0 if the sign changes.
    gap : Node
        Expression that is positive on this side of the surface and vanishes on it.
    mirror : int
        The same surface, seen from the other side.
    text : str
        The surface in the user's terms.
    """

    choice: int
    step: int
    gap: Node
    mirror: int
    text: str


@dataclass(frozen=True, slots=True)
class Frozen:
    """A field in pieces.

    Attributes
    ----------
    graph : Graph
        Holds all nodes.
    components : tuple of Node
        The smooth field for given choices.
    choices : tuple of Choice
        Earlier ones first.
    surfaces : tuple of Surface
        Where choices change; none for a field that is smooth.
    """

    graph: Graph
    components: tuple[Node, ...]
    choices: tuple[Choice, ...]
    surfaces: tuple[Surface, ...]

    def dependent(self, choices: frozenset[int]) -> frozenset[int]:
        """Give these choices and all later ones whose drivers depend on them."""
        found = set(choices)
        for number, choice in enumerate(self.choices):
            if choice.earlier & found:
                found.add(number)
        return frozenset(found)


def freeze(components: Sequence[Node]) -> Frozen:
    """Take a field apart at its jumps and kinks.

    ``sign``, ``abs``, ``heaviside``, ``min``, ``max`` and comparisons become choices of a side;
    ``floor``, ``ceil`` and ``mod`` choices of a whole number; ``atan2`` is continued beyond its
    cut. The sides of a product are those of its factors, and expressions that vanish together
    because one is a multiple of the other share a choice. What depends on neither the state nor
    the time stays as it is.

    Parameters
    ----------
    components : sequence of Node
        Right-hand sides; their graph is left as it is.

    Returns
    -------
    Frozen
        Where no switching expression is zero, and the choices are those of the state, its values
        are those of `components`: bit by bit, but for the rounding of ``mod`` and ``atan2``.

    Examples
    --------
    >>> from eqpp_dash.engine.system import parse_system
    >>> frozen = freeze(parse_system("x' = y; y' = -x - sign(y) + floor(x)").components)
    >>> [(choice.text, choice.whole) for choice in frozen.choices]
    [('y', False), ('x', True)]
    >>> [surface.text for surface in frozen.surfaces]
    ['y = 0', 'x is whole', 'x is whole']
    """
    return _Freezer().run(components)


class _Freezer:
    def __init__(self) -> None:
        self.graph = Graph()
        self.choices: list[Choice] = []
        self.surfaces: list[Surface] = []
        self._held: dict[tuple[bool, Node], Node] = {}
        self._numbers: dict[Node, int] = {}
        self._moving: dict[Node, bool] = {}
        self._partial: dict[Node, bool] = {}
        self._earlier: dict[Node, frozenset[int]] = {}
        self._original: dict[Node, Node] = {}

    def run(self, components: Sequence[Node]) -> Frozen:
        done: dict[Node, Node] = {}
        for node in topological(components):
            args = [done[arg] for arg in node.args]
            rule = RULES.get(node.op)
            if rule is not None and any(self.moves(arg) for arg in args):
                done[node] = rule(self, *args)
                self._remember(done[node], node.op, args)
            else:
                done[node] = assemble(self.graph, node, args)
        return Frozen(
            self.graph,
            tuple(done[node] for node in components),
            tuple(self.choices),
            tuple(self.surfaces),
        )

    # properties of frozen nodes -----------------------------------------------------------

    def moves(self, root: Node) -> bool:
        """Tell whether a node depends on the state or the time."""
        return self._any(self._moving, root, lambda node: node.op in ("variable", "time"))

    def may_be_undefined(self, root: Node) -> bool:
        return self._any(self._partial, root, _is_partial)

    @staticmethod
    def _any(known: dict[Node, bool], root: Node, test: Callable[[Node], bool]) -> bool:
        if root not in known:
            for node in topological([root]):
                if node not in known:
                    known[node] = test(node) or any(known[arg] for arg in node.args)
        return known[root]

    def _choices_in(self, root: Node) -> frozenset[int]:
        for node in topological([root]):
            if node not in self._earlier:
                own = {self._numbers[node]} if node in self._numbers else set()
                self._earlier[node] = frozenset(own.union(*(self._earlier[a] for a in node.args)))
        return self._earlier[root]

    # choices ------------------------------------------------------------------------------

    def side(self, u: Node) -> Node:
        """Give the sign of an expression: a product of choices."""
        core = u
        positive = True
        if u.op == "sum" and len(u.args) == 1:
            positive, core = u.data[0] > 0, u.args[0]
        factors = [(core, 1)]
        if core.op == "product":
            factors = list(zip(core.args, core.data, strict=True))
        sides: list[tuple[Node, int]] = []
        for base, exponent in factors:
            if exponent % 2 == 0 or base.op in _POSITIVE:
                continue
            if base.value is not None or not self.moves(base):
                sides.append((self.graph.call("sign", base), 1))
                continue
            scaled, upright = self._monic(base)
            positive = positive == upright
            sides.append((self._hold(False, scaled), 1))
        product = self.graph.power_product(sides)
        signed = product if positive else self.graph.negate(product)
        return self.guarded(signed, u)

    def _monic(self, node: Node) -> tuple[Node, bool]:
        """Give a multiple that all multiples share, and whether it has the same sign."""
        if node.op != "sum":
            return node, True
        terms = sorted(
            zip(node.args, node.data, strict=True),
            key=lambda term: (term[0] is self.graph.one, term[0].index),
        )
        lead = terms[0][1]
        if lead == 1:
            return node, True
        return self.graph.combine((c / lead, arg) for arg, c in terms), lead > 0

    def whole(self, u: Node) -> tuple[Node, bool]:
        """Give the whole number below `u`, or below its negative, and whether it is `u`'s."""
        upright = self._monic(u)[1]
        below = self._hold(True, u if upright else self.graph.negate(u))
        return self.guarded(below, u), upright

    def _hold(self, whole: bool, driver: Node) -> Node:
        """Give the symbol of a choice, and note its surfaces."""
        held = self._held.get((whole, driver))
        if held is not None:
            return held
        graph, number = self.graph, len(self.choices)
        held = graph.symbol("parameter", f" {number}")
        text = to_text(self._in_users_terms(driver))
        choice = Choice(held.data, whole, driver, self._choices_in(driver), text)
        self._held[whole, driver] = held
        self._numbers[held] = number
        self.choices.append(choice)
        first = len(self.surfaces)
        if whole:
            text = f"{text} is whole"
            self._original[held] = graph.call("floor", self._in_users_terms(driver))
            above = graph.combine(((1, held), (1, graph.one), (-1, driver)))
            self.surfaces += [
                Surface(number, -1, graph.subtract(driver, held), first + 1, text),
                Surface(number, 1, above, first, text),
            ]
        else:
            self._original[held] = graph.call("sign", self._in_users_terms(driver))
            gap = graph.multiply(held, driver)
            self.surfaces.append(Surface(number, 0, gap, first, f"{text} = 0"))
        return held

    def _remember(self, value: Node, op: str, args: Sequence[Node]) -> None:
        """Note what a frozen function was, for texts."""
        if value not in self._original and self._choices_in(value):
            users = [self._in_users_terms(arg) for arg in args]
            self._original[value] = self.graph.call(op, *users)

    def _in_users_terms(self, root: Node) -> Node:
        """Put the functions that were frozen back into an expression."""
        done: dict[Node, Node] = {}
        for node in topological([root]):
            held = self._original.get(node)
            args = [done[arg] for arg in node.args]
            done[node] = held if held is not None else assemble(self.graph, node, args)
        return done[root]

    def guarded(self, value: Node, *parts: Node) -> Node:
        """Make a value undefined where parts are on which it no longer depends."""
        graph = self.graph
        tests = [
            graph.add(graph.call("lt", part, graph.zero), graph.call("ge", part, graph.zero))
            for part in parts
            if self.may_be_undefined(part)
        ]
        for test in tests:  # always 1, if it is defined
            self._moving[test] = False
            self._original[test] = graph.one
        return graph.multiply(value, *tests) if tests else value

    # functions ----------------------------------------------------------------------------

    def positive(self, u: Node) -> Node:
        """Give 1 where `u` is positive, 0 where it is negative."""
        return self.graph.call("max", self.side(u), self.graph.zero)

    def absolute(self, u: Node) -> Node:
        return self.graph.call("select", self.positive(u), u, self.graph.negate(u))

    def less(self, a: Node, b: Node) -> Node:
        return self.positive(self.graph.subtract(b, a))

    def floor(self, u: Node) -> Node:
        below, upright = self.whole(u)
        if upright:
            return below
        # As an argument, so that no sum takes it apart and rounds otherwise.
        return self.graph.call("floor", self.graph.combine(((-1, below), (-1, self.graph.one))))

    def modulo(self, a: Node, b: Node) -> Node:
        turns = self.floor(self.graph.divide(a, b))
        return self.graph.subtract(a, self.graph.multiply(b, turns))

    def angle(self, y: Node, x: Node) -> Node:
        """Continue the angle beyond the cut where x is negative and y is zero."""
        graph = self.graph
        turned = graph.call("atan2", graph.negate(y), graph.negate(x))
        half_turn = graph.multiply(self.side(y), graph.symbol("pi"))
        left, right = graph.add(turned, half_turn), graph.call("atan2", y, x)
        return graph.call("select", self.positive(x), right, left)

    def least(self, a: Node, b: Node) -> Node:
        return self.graph.call("select", self.less(a, b), a, b)

    def greatest(self, a: Node, b: Node) -> Node:
        return self.graph.call("select", self.less(b, a), a, b)


def _is_partial(node: Node) -> bool:
    return node.op in _PARTIAL or (node.op == "product" and min(node.data) < 0)


RULES: dict[str, Callable[..., Node]] = {
    "sign": _Freezer.side,
    "heaviside": _Freezer.positive,
    "abs": _Freezer.absolute,
    "floor": _Freezer.floor,
    "ceil": lambda freezer, u: freezer.graph.negate(freezer.floor(freezer.graph.negate(u))),
    "mod": _Freezer.modulo,
    "min": _Freezer.least,
    "max": _Freezer.greatest,
    "lt": _Freezer.less,
    "le": _Freezer.less,
    "gt": lambda freezer, a, b: freezer.less(b, a),
    "ge": lambda freezer, a, b: freezer.less(b, a),
    "atan2": _Freezer.angle,
}
"""How each function with jumps or kinks is frozen."""


def may_switch(components: Sequence[Node]) -> bool:
    """Tell whether a field has functions with jumps or kinks; they may be of constants only.

    Parameters
    ----------
    components : sequence of Node
        Right-hand sides.
    """
    return any(node.op in RULES for node in topological(components))
