"""Expressions as a list of rules that compute their truncated series, each shared node once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from eqpp_dash.engine.expression.derivative import PARTIALS
from eqpp_dash.engine.expression.graph import Graph, Node, rebuild
from eqpp_dash.engine.expression.rationals import to_float
from eqpp_dash.engine.jets import recurrences, rules
from eqpp_dash.engine.jets.arithmetic import DOUBLES, Arithmetic
from eqpp_dash.engine.jets.monomials import Monomials

#: Functions whose derivative is made of simpler ones.
_BY_DERIVATIVE = frozenset(
    ("asin", "acos", "atan", "asinh", "acosh", "atanh", "log", "log2", "log10", "erf")
)
_STEPS = frozenset(("sign", "floor", "ceil", "heaviside", "lt", "le", "gt", "ge"))
#: Functions with several branches, between which nothing switches while their arguments are held.
_BRANCHED = _STEPS | {"min", "max", "abs", "mod"}


class SeriesProgram:
    """The rules for some expressions; made once, run with any numbers, monomials and points.

    Parameters
    ----------
    roots : sequence of Node
        The expressions.

    Attributes
    ----------
    inputs : dict of (str, str) to int
        Registers of the symbols: kind (``variable``, ``parameter``, ``time``) and name.
    outputs : list of int
        Registers of the expressions.
    """

    def __init__(self, roots: Sequence[Node]) -> None:
        self._graph = Graph()
        own = rebuild(self._graph, roots, lambda node: None)
        self.inputs: dict[tuple[str, str], int] = {}
        self._rules: list[rules.Rule] = []
        self._constant: list[bool] = []
        self._numbers: list[Fraction] = []
        self._places: dict[Fraction, int] = {}
        self._known: dict[Hashable, int] = {}
        self._holding: dict[Node, bool] = {}
        self._lower(own)
        self.outputs = [self._known[root] for root in own]
        self._doubles = [to_float(value) for value in self._numbers]
        self._varying = [rule for rule in self._rules if not self._constant[rule.out]]

    # running ------------------------------------------------------------------------------

    def begin(
        self, arithmetic: Arithmetic, table: Monomials, shape: tuple[int, ...]
    ) -> rules.State:
        """Give series of zeros to fill in: the inputs first, then degree by degree.

        Parameters
        ----------
        arithmetic : Arithmetic
            Kind of the coefficients.
        table : Monomials
            Monomials of the series.
        shape : tuple of int
            Shape of the points.
        """
        if arithmetic is DOUBLES:
            numbers: list[Any] = list(self._doubles)
        else:
            numbers = [arithmetic.number(value) for value in self._numbers]
        full = (len(table), *shape)
        series = [arithmetic.zeros(full) for _ in self._constant]
        return rules.State(arithmetic, table, numbers, series)

    def part(self, state: rules.State, k: int) -> None:
        """Fill in the terms of degree k of everything, from the inputs' up to degree k."""
        for rule in self._varying if k else self._rules:
            rule.part(state, k)

    def whole(self, state: rules.State) -> None:
        """Fill in all terms of everything."""
        for rule in self._rules:
            if self._constant[rule.out]:
                rule.part(state, 0)
            else:
                rule.whole(state)

    def branches(self, state: rules.State) -> list[float | None]:
        """Tell which branch each function that has several is on, from the terms of degree zero.

        Two lists differ, in entries that are both known, if a jump or a kink lies between. The
        points must be one.
        """
        found: list[float | None] = []
        for rule in self._rules:
            if isinstance(rule, rules.Step):
                found.append(_first(state.series[rule.out]))
            elif isinstance(rule, recurrences.Angle):
                y, x = (_first(state.series[arg]) for arg in rule.args[:2])
                found.append(float(y > 0) if x < 0 else None)
        return found

    # lowering -----------------------------------------------------------------------------

    def _lower(self, roots: Sequence[Node]) -> None:
        stack = [(root, False) for root in reversed(roots)]
        while stack:
            node, ready = stack.pop()
            if node in self._known:
                continue
            needs = self._needs(node)
            if ready:
                self._known[node] = self._emit(node, [self._known[need] for need in needs])
            else:
                stack.append((node, True))
                stack.extend((need, False) for need in reversed(needs) if need not in self._known)

    def _needs(self, node: Node) -> list[Node]:
        graph, args = self._graph, list(node.args)
        if node.value is not None:
            return [arg for arg in args if node.op != "sum" or arg is not graph.one]
        if node.op in _BRANCHED and self._held(node):
            return args
        if node.op in _BY_DERIVATIVE:
            return [*args, PARTIALS[node.op](graph, node)[0]]
        if node.op == "atan2":
            squares = (graph.power_product(((arg, 2),)) for arg in args)
            return [*args, graph.add(*squares)]
        if node.op in ("min", "max"):
            return [*args, graph.call("lt" if node.op == "min" else "gt", *args)]
        if node.op == "abs":
            return [*args, graph.call("sign", *args)]
        if node.op == "mod":
            turns = graph.call("floor", graph.divide(*args))
            return [*args, graph.subtract(args[0], graph.multiply(args[1], turns))]
        if node.op == "pow" and node.args[1].value is None:
            return [*args, graph.multiply(node.args[1], graph.call("log", node.args[0]))]
        if node.op == "sum":
            return [arg for arg in args if arg is not graph.one]
        return args

    def _held(self, node: Node) -> bool:
        """Tell whether all that an expression is made of are numbers and steps."""
        known, stack = self._holding, list(node.args)
        while stack:
            inner = stack[-1]
            unknown = [arg for arg in inner.args if arg not in known]
            stack += unknown
            if not unknown:
                known[stack.pop()] = inner.value is not None or (
                    bool(inner.args)
                    and (inner.op in _STEPS or all(known[arg] for arg in inner.args))
                )
        return all(known[arg] for arg in node.args)

    def _register(self, constant: bool) -> int:
        self._constant.append(constant)
        return len(self._constant) - 1

    def _new(self, args: Sequence[int]) -> int:
        return self._register(all(self._constant[arg] for arg in args))

    def _add(self, rule: rules.Rule) -> int:
        self._rules.append(rule)
        return rule.out

    def _shared(self, key: Hashable, make: Callable[[], rules.Rule]) -> int:
        if key not in self._known:
            self._known[key] = self._add(make())
        return self._known[key]

    def _number(self, value: Fraction) -> int:
        if value not in self._places:
            self._places[value] = len(self._numbers)
            self._numbers.append(value)
        return self._places[value]

    def _euler(self, u: int) -> int:
        return self._shared(("euler", u), lambda: rules.Euler(self._new([u]), u))

    def _emit(self, node: Node, args: list[int]) -> int:
        op = node.op
        if op in ("variable", "parameter", "time"):
            place = self.inputs[op, node.data] = self._register(False)
            return place
        if op == "const":
            return self._add(rules.Constant(self._register(True), node.data))
        if op in ("pi", "e", "undefined"):
            return self._add(rules.Constant(self._register(True), op))
        if op == "sum":
            return self._emit_sum(node, args)
        if op == "product":
            return self._emit_product(node, args)
        if node.value is None and op in _BRANCHED and self._held(node):
            return self._add(rules.Held(self._register(True), op, *args))
        if op in _STEPS:
            return self._add(rules.Step(self._register(True), op, *args))
        if op == "select":
            return self._choice(args)
        if op in ("min", "max", "abs", "mod") and node.value is not None:
            return self._add(rules.Constant(self._register(True), op, *args))
        if op in ("min", "max"):
            return self._choice([args[2], args[0], args[1]])
        if op == "abs":
            return self._refined("abs", self._product(args[0], args[1]), args[:1])
        if op == "mod":
            return self._refined("mod", args[2], args[:2])
        return self._emit_function(op, node, args)

    def _choice(self, args: list[int]) -> int:
        return self._add(rules.Choice(self._new(args), *args))

    def _refined(self, name: str, series: int, args: list[int]) -> int:
        return self._add(rules.Refined(self._new([series]), name, series, *args))

    def _emit_sum(self, node: Node, args: list[int]) -> int:
        terms: list[tuple[int | None, int]] = []
        constant: int | None = None
        rest = iter(args)
        for c, arg in zip(node.data, node.args, strict=True):
            if arg is self._graph.one:
                constant = self._number(c)
            else:
                terms.append((None if c == 1 else self._number(c), next(rest)))
        return self._add(rules.LinearCombination(self._new(args), terms, constant))

    def _emit_product(self, node: Node, args: list[int]) -> int:
        above: int | None = None
        below: int | None = None
        for k, arg in zip(node.data, args, strict=True):
            factor = self._integer_power(arg, abs(k))
            if k > 0:
                above = factor if above is None else self._product(above, factor)
            else:
                below = factor if below is None else self._product(below, factor)
        if below is None:
            assert above is not None
            return above
        if above is None:
            one = Fraction(1)
            above = self._shared(("one",), lambda: rules.Constant(self._register(True), one))
        return self._add(rules.Quotient(self._new([above, below]), above, below))

    def _product(self, a: int, b: int) -> int:
        if self._constant[b]:
            a, b = b, a
        key = ("product", min(a, b), max(a, b))
        rule = rules.Scaling if self._constant[a] else rules.Product
        return self._shared(key, lambda: rule(self._new([a, b]), a, b))

    def _integer_power(self, base: int, n: int) -> int:
        """Raise by repeated squaring."""
        if n == 1:
            return base
        a = self._integer_power(base, n // 2) if n % 2 == 0 else self._integer_power(base, n - 1)
        b = a if n % 2 == 0 else base
        return self._shared(
            ("power", base, n), lambda: rules.Product(self._new([base]), a, b, (base, n))
        )

    def _emit_function(self, op: str, node: Node, args: list[int]) -> int:
        u = args[0]
        constant = self._constant[u]
        du = self._euler(u)
        if op in _BY_DERIVATIVE:
            return self._add(recurrences.Primitive(self._new([u]), op, u, du, args[-1]))
        if op == "exp":
            return self._add(recurrences.Exponential(self._new([u]), u, du))
        if op in ("sin", "cos", "sinh", "cosh"):
            return self._waves(op, u, du)
        if op in ("tan", "tanh"):
            out, slope = self._register(constant), self._register(constant)
            return self._add(recurrences.Tangent(out, slope, op == "tanh", u, du))
        if op == "root":
            out, slope = self._register(constant), self._register(constant)
            share = Fraction(1, node.data)
            return self._add(recurrences.Power(out, slope, share, node.data, u, du))
        if op == "pow":
            return self._emit_power(node, args)
        if op == "atan2":
            out, slope = self._new(args), self._new(args)
            dx = self._euler(args[1])
            return self._add(recurrences.Angle(out, slope, u, args[1], du, dx, args[-1]))
        if op in ("sinc", "sinc slope"):
            out, outer, powers = (self._register(constant) for _ in range(3))
            return self._add(recurrences.Composition(out, outer, powers, op == "sinc slope", u))
        raise ValueError(f"{op} has no series")

    def _waves(self, op: str, u: int, du: int) -> int:
        hyperbolic = op.endswith("h")
        key = ("waves", hyperbolic, u)
        sine = self._shared(
            key,
            lambda: recurrences.Waves(self._new([u]), self._new([u]), hyperbolic, u, du),
        )
        return sine if op.startswith("sin") else sine + 1

    def _emit_power(self, node: Node, args: list[int]) -> int:
        base, exponent = args[:2]
        if node.args[1].value is None:
            inside, du = args[2], self._euler(args[2])
            return self._add(recurrences.Exponential(self._new(args), inside, du, base, exponent))
        out, slope = self._new([base]), self._new([base])
        du = self._euler(base)
        if node.args[1].op == "const":
            return self._add(recurrences.Power(out, slope, node.args[1].data, 0, base, du))
        return self._add(recurrences.Power(out, slope, None, 0, base, du, exponent))


def _first(series: Any) -> float:
    return float(np.asarray(series[0]).flat[0])
