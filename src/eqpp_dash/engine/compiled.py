"""A vector field with its parameters put in: evaluated for arrays, points and boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.expression.derivative import differentiate
from eqpp_dash.engine.expression.factors import (
    common_factors,
    poles,
    quotient,
    switching_parts,
    zero_factors,
)
from eqpp_dash.engine.expression.graph import Graph, Node, topological
from eqpp_dash.engine.expression.interval import Interval
from eqpp_dash.engine.expression.latex import to_latex
from eqpp_dash.engine.expression.polynomial import Polynomial, to_polynomial
from eqpp_dash.engine.expression.reduce import divided
from eqpp_dash.engine.expression.tape import Tape
from eqpp_dash.engine.expression.text import to_text

Array = NDArray[np.float64]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Enclosure:
    """Bounds of expressions over m boxes, rounded outward.

    Attributes
    ----------
    lo, hi : ndarray, shape (..., m)
        Bounds of all values taken on each box; NaN where the expression is proved to be
        undefined on the whole box, so that no comparison with them holds.
    continuous : ndarray of bool, shape (m,)
        Whether everything is proved defined and continuous on the whole box.
    """

    lo: Array
    hi: Array
    continuous: NDArray[np.bool_]


class _graph_property(cached_property[T]):
    """A cached property that adds to the graph, which threads share: one at a time."""

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> T: ...
    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:
        if instance is None:
            return self
        with instance._graph.lock:
            return super().__get__(instance, owner)


def _enclosure(rows: Sequence[Interval], also: Sequence[Interval], count: int) -> Enclosure:
    lo, hi = np.empty((len(rows), count)), np.empty((len(rows), count))
    continuous = np.ones(count, dtype=bool)
    for i, row in enumerate(rows):
        lo[i], hi[i] = row.lo, row.hi
        if row.some is not True:
            nowhere = ~np.broadcast_to(row.some, count)
            lo[i, nowhere] = hi[i, nowhere] = np.nan
    for row in (*rows, *also):
        if row.smooth is not True:
            continuous &= row.smooth
    return Enclosure(lo, hi, continuous)


def _corners(lo: Any, hi: Any) -> tuple[Array, Array]:
    low, high = np.asarray(lo, dtype=np.float64), np.asarray(hi, dtype=np.float64)
    return low.reshape(len(low), -1), high.reshape(len(high), -1)


class Factor:
    """A scalar expression whose zero set matters: a factor, a denominator, a switch.

    Attributes
    ----------
    text, latex : str
        How it is written.
    """

    def __init__(self, graph: Graph, node: Node, variables: Sequence[str]) -> None:
        self._graph = graph
        self._node = node
        self._variables = tuple(variables)
        self.text = to_text(node)

    def __repr__(self) -> str:
        return f"Factor({self.text!r})"

    @property
    def node(self) -> Node:
        """The expression."""
        return self._node

    @cached_property
    def latex(self) -> str:
        """LaTeX of the expression."""
        return to_latex(self._node)

    @_graph_property
    def _value(self) -> Tape:
        return Tape([self._node], self._variables)

    @_graph_property
    def _slopes(self) -> Tape:
        symbols = [self._graph.symbol("variable", name) for name in self._variables]
        return Tape(
            [differentiate(self._graph, [self._node], s)[0] for s in symbols] + [self._node],
            self._variables,
        )

    def __call__(self, t: Any, x: Any) -> Array:
        """Evaluate: x of shape (n, ...) gives values of shape (...)."""
        result: Array = self._value.evaluate(t, x)[0]
        return result

    def gradient(self, t: Any, x: Any) -> Array:
        """Evaluate the derivatives by the state: shape (n, ...)."""
        return self._slopes.evaluate(t, x)[:-1]

    def polynomial(self) -> Polynomial | None:
        """Give it as a polynomial of the state; None where it is none."""
        with self._graph.lock:
            symbols = [self._graph.symbol("variable", name) for name in self._variables]
            return to_polynomial(self._node, symbols)

    def at_point(self, x: Sequence[float]) -> list[float]:
        """Give the derivatives by the state, then the value, at one state with plain floats."""
        return self._slopes.scalar(0.0, x)

    def boxes(self, lo: Any, hi: Any) -> Enclosure:
        """Enclose over boxes, corners of shape (n, m): bounds of shape (m,)."""
        low, high = _corners(lo, hi)
        found = _enclosure(self._value.boxes(low, high), (), low.shape[1])
        return Enclosure(found.lo[0], found.hi[0], found.continuous)

    def gradient_boxes(self, lo: Any, hi: Any) -> Enclosure:
        """Enclose the derivatives over boxes: bounds of shape (n, m)."""
        low, high = _corners(lo, hi)
        *slopes, value = self._slopes.boxes(low, high)
        return _enclosure(slopes, (value,), low.shape[1])


class CompiledField:
    """The vector field of a system for fixed parameters.

    Parameters
    ----------
    graph : Graph
        Holds the expressions; the field owns it from now on.
    components : sequence of Node
        Right-hand sides without parameters.
    variables : sequence of str
        State variables, in order.

    Attributes
    ----------
    dimension : int
        Number of state variables.
    variables : tuple of str
        Their names.
    autonomous : bool
        Whether the time does not appear.
    zero : tuple of bool
        Which components vanish identically.
    """

    def __init__(self, graph: Graph, components: Sequence[Node], variables: Sequence[str]) -> None:
        self._graph = graph
        self._components = list(components)
        self.variables = tuple(variables)
        self.dimension = len(self.variables)
        self.autonomous = all(node.op != "time" for node in topological(self._components))
        self.zero = tuple(node is graph.zero for node in self._components)
        self._value = Tape(self._components, self.variables)
        self.scalar = self._value.scalar
        self.times = self._value.times

    @_graph_property
    def _symbols(self) -> list[Node]:
        return [self._graph.symbol("variable", name) for name in self.variables]

    @_graph_property
    def _slopes(self) -> Tape:
        columns = [differentiate(self._graph, self._components, s) for s in self._symbols]
        entries = [columns[j][i] for i in range(self.dimension) for j in range(self.dimension)]
        return Tape([*entries, *self._components], self.variables)

    def __call__(self, t: Any, x: Any) -> Array:
        """Evaluate the field.

        Parameters
        ----------
        t : float or ndarray, shape (...)
            Time.
        x : ndarray, shape (n, ...)
            States.

        Returns
        -------
        ndarray, shape (n, ...)
            Rates of change; NaN or infinite where the field is undefined.
        """
        return self._value.evaluate(t, x)

    def jacobian(self, t: Any, x: Any) -> Array:
        """Evaluate the exact Jacobian: x of shape (n, ...) gives shape (n, n, ...)."""
        n = self.dimension
        values = self._slopes.evaluate(t, x)
        return values[: n * n].reshape(n, n, *values.shape[1:])

    def jacobian_scalar(self, t: float, x: Sequence[float]) -> list[list[float]]:
        """Evaluate the Jacobian at one state with plain floats, one row per component."""
        n = self.dimension
        values = self._slopes.scalar(t, x)
        return [values[i * n : (i + 1) * n] for i in range(n)]

    def boxes(self, lo: Any, hi: Any) -> Enclosure:
        """Enclose the field over boxes: corners and bounds of shape (n, m)."""
        low, high = _corners(lo, hi)
        return _enclosure(self._value.boxes(low, high), (), low.shape[1])

    def jacobian_boxes(self, lo: Any, hi: Any) -> Enclosure:
        """Enclose the Jacobian over boxes: bounds of shape (n, n, m).

        `continuous` tells whether the field and its derivatives exist on the whole box.
        """
        low, high = _corners(lo, hi)
        n = self.dimension
        rows = self._slopes.boxes(low, high)
        found = _enclosure(rows[: n * n], rows[n * n :], low.shape[1])
        shape = (n, n, low.shape[1])
        return Enclosure(found.lo.reshape(shape), found.hi.reshape(shape), found.continuous)

    @_graph_property
    def _numerators(self) -> list[Node]:
        return [quotient(self._graph, node)[0] for node in self._components]

    @_graph_property
    def _parts(self) -> tuple[tuple[Factor, ...], tuple[tuple[Factor, ...], ...]]:
        graph = self._graph
        shared, rest = common_factors(graph, self._numerators, self._symbols)
        symbols = self._symbols
        common = [f for node in shared for f in zero_factors(graph, node, symbols)]
        made = {node: Factor(graph, node, self.variables) for node in common}
        components = []
        for node in rest:
            own = [] if node is graph.zero else [*common, *zero_factors(graph, node, symbols)]
            for item in own:
                made.setdefault(item, Factor(graph, item, self.variables))
            components.append(tuple(made[item] for item in dict.fromkeys(own)))
        return tuple(made[node] for node in common), tuple(components)

    @_graph_property
    def reduced(self) -> tuple[CompiledField, tuple[Factor, ...]] | None:
        """Give the field divided by what its components share, and that; None if that is nothing.

        Off the zeros of what they share both have the same orbits. No component is 0.
        """
        if any(self.zero):
            return None
        found = divided(self._graph, self._components, self._symbols)
        if found is None:
            return None
        multiplier, rest = found
        return CompiledField(self._graph, rest, self.variables), self._wrap(multiplier)

    @_graph_property
    def _higher(self) -> Tape:
        graph, symbols = self._graph, self._symbols
        nodes = list(self._components)
        entries: list[Node] = []
        for _ in range(3):
            nodes = [differentiate(graph, [node], s)[0] for node in nodes for s in symbols]
            entries += nodes
        return Tape(entries, self.variables)

    def tensors(self, x: Sequence[float] | Array) -> tuple[Array, Array]:
        """Give the second and third derivatives at a state: shapes (n, n, n) and (n, n, n, n)."""
        n = self.dimension
        values = np.array(self._higher.scalar(0.0, [float(v) for v in x]))
        first, second = n * n, n * n + n**3
        return values[first:second].reshape(n, n, n), values[second:].reshape(n, n, n, n)

    def with_divergence(self) -> CompiledField:
        """Give the field with one component more: its divergence, to be integrated along orbits."""
        graph = self._graph
        with graph.lock:
            trace = [
                differentiate(graph, [node], symbol)[0]
                for node, symbol in zip(self._components, self._symbols, strict=True)
            ]
            total = graph.add(*trace)
        return CompiledField(graph, [*self._components, total], (*self.variables, "divergence of"))

    @property
    def components(self) -> tuple[Node, ...]:
        """Right-hand sides as expressions, parameters put in."""
        return tuple(self._components)

    @property
    def factors(self) -> tuple[tuple[Factor, ...], ...]:
        """For each component, the factors whose zero sets make up its nullcline."""
        return self._parts[1]

    @property
    def common(self) -> tuple[Factor, ...]:
        """Factors that all components share: they vanish on sets of equilibria."""
        return self._parts[0]

    @_graph_property
    def switching(self) -> tuple[Factor, ...]:
        """Expressions whose zeros are jumps or kinks of the field."""
        return self._wrap(switching_parts(self._graph, self._components))

    @_graph_property
    def poles(self) -> tuple[Factor, ...]:
        """Expressions at whose zeros the field is singular or stops being defined."""
        return self._wrap(poles(self._graph, self._components, self._symbols))

    def _wrap(self, nodes: Sequence[Node]) -> tuple[Factor, ...]:
        return tuple(Factor(self._graph, node, self.variables) for node in nodes)

    def polynomials(self) -> tuple[Polynomial | None, ...]:
        """Give each component as a polynomial of the state; None where it is none."""
        return tuple(to_polynomial(node, self._symbols) for node in self._components)
