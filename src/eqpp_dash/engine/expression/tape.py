"""Evaluation: an instruction tape over the graph, for arrays, single points and boxes.

The tape is a list of instructions, each one ufunc applied to registers. It is data: no source
is generated and nothing is compiled.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.expression import interval, primitives, ranges
from eqpp_dash.engine.expression.graph import Node, topological
from eqpp_dash.engine.expression.interval import Interval
from eqpp_dash.engine.expression.rationals import divides, to_float
from eqpp_dash.engine.pulse import beat

Array = NDArray[np.float64]
Instruction = tuple[Callable[..., Any], int, int, int, int]

_ARITHMETIC: dict[str, tuple[Any, Any, Any]] = {
    "add": (np.add, operator.add, interval.add),
    "subtract": (np.subtract, operator.sub, interval.subtract),
    "multiply": (np.multiply, operator.mul, interval.multiply),
    "divide": (np.divide, operator.truediv, interval.divide),
    "negate": (np.negative, operator.neg, interval.negate),
    "sqrt": (np.sqrt, math.sqrt, ranges.sqrt),
}


class Tape:
    """A program that computes some expressions of the variables and the time.

    Parameters
    ----------
    roots : sequence of Node
        The expressions; parameters must have been replaced by constants.
    variables : sequence of str
        Names of the variables, in the order of the state.
    """

    def __init__(self, roots: Sequence[Node], variables: Sequence[str]) -> None:
        self._place = {name: i for i, name in enumerate(variables)}
        self._inputs = len(variables) + 1
        self._names: dict[Any, int] = {}
        self._constants: dict[int, tuple[float, Interval]] = {}
        self._count = self._inputs
        self._array: list[Instruction] = []
        self._scalar: list[Instruction] = []
        self._ranges: list[Instruction] = []
        register: dict[Node, int] = {}
        for node in topological(roots):
            register[node] = self._emit_node(node, register)
        self._outputs = [register[root] for root in roots]
        self._template: list[Any] = [0.0] * self._count
        self._boxes: list[Any] = [None] * self._count
        for place, (value, enclosure) in self._constants.items():
            self._template[place] = value
            self._boxes[place] = enclosure

    # building -----------------------------------------------------------------------------

    def _emit_node(self, node: Node, register: dict[Node, int]) -> int:
        op = node.op
        if op == "variable":
            return self._place[node.data]
        if op == "time":
            return self._inputs - 1
        if op == "const":
            return self._constant(to_float(node.data), interval.exact(node.data))
        if op in ("pi", "e"):
            value = math.pi if op == "pi" else math.e
            return self._constant(value, interval.around(value))
        if op == "undefined":
            nowhere = np.array([False])
            line = Interval(np.array([-np.inf]), np.array([np.inf]), nowhere, nowhere)
            return self._constant(math.nan, line)
        if op == "parameter":
            raise KeyError(f"parameter {node.data} has no value")
        args = [register[arg] for arg in node.args]
        if op == "sum":
            return self._emit_sum(node, args)
        if op == "product":
            return self._emit_product(node, args)
        if op == "root":
            return self._emit_root(args[0], node.data)
        if op == "pow":
            if node.args[1].op == "const" and node.args[1].data in (0.5, -0.5):
                root = self._emit(("sqrt", args[0]), *_ARITHMETIC["sqrt"], args[0])
                return root if node.args[1].data > 0 else self._binary("divide", self._one(), root)
            op = "power"
        _, array, scalar = primitives.FUNCTIONS[op]
        return self._emit((op, *args), array, scalar, ranges.RANGES[op], *args)

    def _emit_sum(self, node: Node, args: list[int]) -> int:
        total: int | None = None
        for c, arg, child in zip(node.data, args, node.args, strict=True):
            size, positive = abs(c), c > 0
            if child.op == "const":
                term = self._constant(to_float(size), interval.exact(size))
            elif size == 1:
                term = arg
            elif divides(size):
                below = self._constant(to_float(1 / size), interval.exact(1 / size))
                term = self._binary("divide", arg, below)
            else:
                factor = self._constant(to_float(size), interval.exact(size))
                term = self._binary("multiply", factor, arg)
            if total is None:
                total = term if positive else self._negate(term)
            else:
                total = self._binary("add" if positive else "subtract", total, term)
        assert total is not None
        return total

    def _emit_product(self, node: Node, args: list[int]) -> int:
        above: int | None = None
        below: int | None = None
        for k, arg in zip(node.data, args, strict=True):
            factor = self._power(arg, abs(k))
            if k > 0:
                above = factor if above is None else self._binary("multiply", above, factor)
            else:
                below = factor if below is None else self._binary("multiply", below, factor)
        if below is None:
            assert above is not None
            return above
        return self._binary("divide", self._one() if above is None else above, below)

    def _power(self, arg: int, n: int) -> int:
        if n == 1:
            return arg
        return self._emit(
            ("integer power", arg, n),
            lambda x: primitives.integer_power(x, n),
            lambda x: x**n,
            lambda a: interval.integer_power(a, n),
            arg,
        )

    def _emit_root(self, arg: int, degree: int) -> int:
        scalar = primitives.FUNCTIONS["root"][2]
        return self._emit(
            ("root", arg, degree),
            lambda x: primitives.odd_root(x, degree),
            lambda x: scalar(x, degree),
            lambda a: interval.root(a, degree),
            arg,
        )

    def _one(self) -> int:
        return self._constant(1.0, interval.exact(1))

    def _negate(self, arg: int) -> int:
        if arg in self._constants:
            value, enclosure = self._constants[arg]
            return self._constant(-value, interval.negate(enclosure))
        return self._emit(("negate", arg), *_ARITHMETIC["negate"], arg)

    def _binary(self, name: str, a: int, b: int) -> int:
        return self._emit((name, a, b), *_ARITHMETIC[name], a, b)

    def _constant(self, value: float, enclosure: Interval) -> int:
        bounds = (float(enclosure.lo[0]), float(enclosure.hi[0]))
        key = ("constant", value, math.copysign(1.0, value), *bounds)
        place = self._names.get(key)
        if place is None:
            place = self._names[key] = self._count
            self._count += 1
            self._constants[place] = (value, enclosure)
        return place

    def _emit(self, key: Any, array: Any, scalar: Any, box: Any, *args: int) -> int:
        place = self._names.get(key)
        if place is not None:
            return place
        if all(arg in self._constants for arg in args):
            return self._fold(key, array, box, args)
        place = self._names[key] = self._count
        self._count += 1
        a, b, c = (*args, -1, -1)[:3]
        for program, function in (
            (self._array, array),
            (self._scalar, scalar),
            (self._ranges, box),
        ):
            program.append((function, place, a, b, c))
        return place

    def _fold(self, key: Any, array: Any, box: Any, args: tuple[int, ...]) -> int:
        with np.errstate(all="ignore"):
            value = float(array(*(np.float64(self._constants[arg][0]) for arg in args)))
            enclosure = box(*(self._constants[arg][1] for arg in args))
        smooth = True if math.isfinite(value) else np.array([False])  # no jumps in a constant
        place = self._constant(value, enclosure._replace(smooth=smooth))
        self._names[key] = place
        return place

    # running ------------------------------------------------------------------------------

    def evaluate(self, t: Any, x: Any) -> Array:
        """Compute the expressions for arrays of states.

        Parameters
        ----------
        t : float or ndarray, shape (...)
            Time.
        x : ndarray, shape (n, ...)
            States.

        Returns
        -------
        ndarray, shape (roots, ...)
            Values; NaN or infinite where undefined.
        """
        beat()
        x = np.asarray(x, dtype=np.float64)
        shape = x.shape[1:] if np.ndim(t) == 0 else np.broadcast_shapes(x.shape[1:], np.shape(t))
        registers = self._template.copy()
        registers[: self._inputs - 1] = x
        registers[self._inputs - 1] = t
        with np.errstate(all="ignore"):
            _run(self._array, registers)
        result = np.empty((len(self._outputs), *shape))
        for i, place in enumerate(self._outputs):
            result[i] = registers[place]
        return result

    def times(self, factor: Array, t: Any, x: Array) -> Array:
        """Compute the expressions times a factor, in little time for few states.

        Parameters
        ----------
        factor : ndarray, shape (m,)
            The factor at each state.
        t : float or ndarray, shape (m,)
            Time.
        x : ndarray, shape (n, m)
            States.

        Returns
        -------
        ndarray, shape (roots, m)
            Values; where they are undefined numpy warns, unless it is told not to.
        """
        registers = self._template.copy()
        registers[: self._inputs - 1] = x
        registers[self._inputs - 1] = t
        _run(self._array, registers)
        result = np.empty((len(self._outputs), factor.size))
        for row, place in zip(result, self._outputs, strict=True):
            np.multiply(factor, registers[place], out=row)
        return result

    def scalar(self, t: float, x: Sequence[float]) -> list[float]:
        """Compute the expressions at one state, with plain floats.

        Returns
        -------
        list of float
            Values; NaN or infinite where undefined.
        """
        registers = self._template.copy()
        registers[: self._inputs - 1] = [float(value) for value in x]
        registers[self._inputs - 1] = t
        try:
            _run(self._scalar, registers)
        except (ArithmeticError, ValueError):
            values: list[float] = self.evaluate(t, x).tolist()
            return values
        return [registers[place] for place in self._outputs]

    def boxes(self, lo: Array, hi: Array, t: tuple[float, float] = (0.0, 0.0)) -> list[Interval]:
        """Enclose the expressions over boxes.

        Parameters
        ----------
        lo, hi : ndarray, shape (n, m)
            Lower and upper corners.
        t : (float, float)
            Range of the time.

        Returns
        -------
        list of Interval
            One per expression; bounds may have shape (1,) where they are constant.
        """
        beat()
        registers = self._boxes.copy()
        for i in range(self._inputs - 1):
            registers[i] = Interval(lo[i], hi[i])
        registers[self._inputs - 1] = Interval(np.array([t[0]]), np.array([t[1]]))
        with np.errstate(all="ignore"):
            _run(self._ranges, registers)
        return [registers[place] for place in self._outputs]


def _run(program: list[Instruction], registers: list[Any]) -> None:
    for function, place, a, b, c in program:
        if b < 0:
            registers[place] = function(registers[a])
        elif c < 0:
            registers[place] = function(registers[a], registers[b])
        else:
            registers[place] = function(registers[a], registers[b], registers[c])
