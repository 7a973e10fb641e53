"""Straight-line programs: the graph as a list of instructions, for writers of other languages.

The instructions are those of the tape, in the same order of operations, except that parameters
stay arguments. Names typed by users never get into a program: symbols are numbered.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eqpp_dash.engine.expression import primitives
from eqpp_dash.engine.expression.graph import Node, topological
from eqpp_dash.engine.expression.rationals import divides, to_float

#: Integer powers up to this exponent are multiplied out, as `primitives.integer_power` does.
LARGEST_MULTIPLIED = 64
ARITHMETIC: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "neg": np.negative,
    "sqrt": np.sqrt,
}
#: Every operation that an instruction may have, with the number of its operands.
OPERATIONS: dict[str, int] = {
    **{name: function.nin for name, function in ARITHMETIC.items()},  # type: ignore[attr-defined]
    **{name: count for name, (count, _, _) in primitives.FUNCTIONS.items() if name != "root"},
    "root": 1,
}
INPUTS = frozenset({"const", "x", "p", "t"})


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction; its place in the list is the register that it writes.

    Attributes
    ----------
    name : str
        ``const``, ``x``, ``p``, ``t`` or a name in `OPERATIONS`.
    args : tuple of int
        Registers of the operands, all earlier ones.
    data : float or int or None
        Value of a constant, number of a variable or parameter, degree of a root.
    """

    name: str
    args: tuple[int, ...] = ()
    data: float | int | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """Instructions that compute some expressions.

    Attributes
    ----------
    steps : tuple of Step
        Each writes the register with its own number.
    outputs : tuple of int
        Registers of the expressions.
    dimension, parameters : int
        How many variables and parameters it takes.
    """

    steps: tuple[Step, ...]
    outputs: tuple[int, ...]
    dimension: int
    parameters: int


def write_program(
    nodes: Sequence[Node], variables: Sequence[str], parameters: Sequence[str] = ()
) -> Program:
    """Put expressions of one graph into instructions, common subexpressions once.

    Parameters
    ----------
    nodes : sequence of Node
        The expressions.
    variables, parameters : sequence of str
        Names of the symbols, in the order in which their values are given at run time.

    Returns
    -------
    Program
        Symbols appear by number alone.

    Raises
    ------
    KeyError
        For a symbol that is in neither list.
    """
    writer = _Writer(variables, parameters)
    register: dict[Node, int] = {}
    for node in topological(nodes):
        register[node] = writer.node(node, [register[arg] for arg in node.args])
    outputs = [register[node] for node in nodes]
    return _without_unused(writer.steps, outputs, len(variables), len(parameters))


def to_program(
    nodes: Sequence[Node], variables: Sequence[str], parameters: Sequence[str] = ()
) -> list[list[Any]]:
    """Give expressions as plain data, for an interpreter that must not evaluate source.

    Each row is one instruction ``[name, ...]`` and writes the register with the row's number:
    ``["const", value]`` with a number or one of the texts ``"NaN"``, ``"Infinity"`` and
    ``"-Infinity"``; ``["x", i]``, ``["p", i]`` and ``["t"]`` for the inputs; ``["root", a, n]``
    for the real root of odd degree n; any other name in `OPERATIONS` followed by the registers
    of its operands. The last row is ``["return", a, b, ...]``. An interpreter has to give the
    functions the meaning that they have in `primitives.FUNCTIONS`.

    Parameters
    ----------
    nodes, variables, parameters
        As for `write_program`.

    Returns
    -------
    list of list
        Valid strict JSON.

    Examples
    --------
    >>> from eqpp_dash.engine.expression.graph import Graph
    >>> graph = Graph()
    >>> x, a = graph.symbol("variable", "x"), graph.symbol("parameter", "a")
    >>> to_program([graph.multiply(a, x)], ["x"], ["a"])
    [['x', 0], ['p', 0], ['mul', 1, 0], ['return', 2]]
    """
    program = write_program(nodes, variables, parameters)
    rows: list[list[Any]] = []
    for step in program.steps:
        data = step.data
        if step.name == "const" and data is not None and not math.isfinite(data):
            rows.append(["const", special_number(data)])
        else:
            rows.append([step.name, *step.args, *([] if data is None else [data])])
    return [*rows, ["return", *program.outputs]]


def special_number(value: float) -> str:
    """Name a number that is not finite, as JavaScript does."""
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _without_unused(
    steps: list[Step], outputs: list[int], dimension: int, parameters: int
) -> Program:
    used = set(outputs)
    for place in reversed(range(len(steps))):
        if place in used:
            used.update(steps[place].args)
    new = {old: place for place, old in enumerate(sorted(used))}
    return Program(
        tuple(
            Step(steps[old].name, tuple(new[arg] for arg in steps[old].args), steps[old].data)
            for old in new
        ),
        tuple(new[place] for place in outputs),
        dimension,
        parameters,
    )


class _Writer:
    """Collects steps, each distinct one once."""

    def __init__(self, variables: Sequence[str], parameters: Sequence[str]) -> None:
        self.steps: list[Step] = []
        self._variables = {name: i for i, name in enumerate(variables)}
        self._parameters = {name: i for i, name in enumerate(parameters)}
        self._places: dict[Any, int] = {}

    def node(self, node: Node, args: list[int]) -> int:
        op = node.op
        if node.value is not None:
            return self._constant(node.value)
        if op == "variable":
            return self._step("x", data=self._variables[node.data])
        if op == "parameter":
            return self._step("p", data=self._parameters[node.data])
        if op == "time":
            return self._step("t")
        if op == "undefined":
            return self._constant(math.nan)
        if op == "sum":
            return self._sum(node, args)
        if op == "product":
            return self._product(node, args)
        if op == "root":
            return self._step("root", args[0], data=int(node.data))
        if op == "pow":
            return self._power(node, args)
        return self._step(op, *args)

    def _power(self, node: Node, args: list[int]) -> int:
        exponent = node.args[1]
        if exponent.op == "const" and exponent.data in (0.5, -0.5):
            root = self._step("sqrt", args[0])
            return root if exponent.data > 0 else self._step("div", self._constant(1.0), root)
        return self._step("power", *args)

    def _sum(self, node: Node, args: list[int]) -> int:
        total: int | None = None
        for c, arg, child in zip(node.data, args, node.args, strict=True):
            size, positive = abs(c), c > 0
            if child.op == "const":
                term = self._constant(to_float(size * child.data))
            elif size == 1:
                term = arg
            elif divides(size):
                term = self._step("div", arg, self._constant(to_float(1 / size)))
            else:
                term = self._step("mul", self._constant(to_float(size)), arg)
            if total is None:
                total = term if positive else self._step("neg", term)
            else:
                total = self._step("add" if positive else "sub", total, term)
        assert total is not None
        return total

    def _product(self, node: Node, args: list[int]) -> int:
        above: int | None = None
        below: int | None = None
        for k, arg in zip(node.data, args, strict=True):
            factor = self._integer_power(arg, abs(k))
            if k > 0:
                above = factor if above is None else self._step("mul", above, factor)
            else:
                below = factor if below is None else self._step("mul", below, factor)
        if above is None:
            above = self._constant(1.0)
        return above if below is None else self._step("div", above, below)

    def _integer_power(self, arg: int, n: int) -> int:
        if n > LARGEST_MULTIPLIED:
            return self._step("power", arg, self._constant(float(n)))
        result: int | None = None
        while True:
            if n & 1:
                result = arg if result is None else self._step("mul", result, arg)
            n >>= 1
            if not n:
                assert result is not None
                return result
            arg = self._step("mul", arg, arg)

    def _constant(self, value: float) -> int:
        return self._step("const", data=float(value))

    def _step(self, name: str, *args: int, data: float | int | None = None) -> int:
        operands = [self.steps[arg] for arg in args]
        if name in ARITHMETIC and all(step.name == "const" for step in operands):
            with np.errstate(all="ignore"):
                values = [np.float64(step.data) for step in operands if step.data is not None]
                return self._constant(ARITHMETIC[name](*values))
        key = (name, args, data if name != "const" else repr(data))
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = len(self.steps)
            self.steps.append(Step(name, args, data))
        return place
