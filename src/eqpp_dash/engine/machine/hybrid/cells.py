"""The pieces of a field with jumps and kinks, evaluated for many states at once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.expression.derivative import differentiate
from eqpp_dash.engine.expression.freeze import Frozen
from eqpp_dash.engine.expression.graph import Graph, Node
from eqpp_dash.engine.machine.fallback import ArrayField

Array = NDArray[np.float64]


def rate_along(
    graph: Graph, roots: Sequence[Node], variables: Sequence[str], field: Sequence[Node]
) -> list[Node]:
    """Differentiate expressions with respect to time along a field: Lie derivatives.

    Parameters
    ----------
    graph : Graph
        Holds all nodes.
    roots : sequence of Node
        Expressions of the state and the time.
    variables : sequence of str
        State variables.
    field : sequence of Node
        Their rates of change.
    """
    columns = [differentiate(graph, roots, graph.symbol("variable", name)) for name in variables]
    drift = differentiate(graph, roots, graph.symbol("time"))
    return [
        graph.add(
            drift[k],
            *(graph.multiply(c[k], f) for c, f in zip(columns, field, strict=True)),
        )
        for k in range(len(roots))
    ]


class Cells:
    """Evaluates a field in pieces.

    A state with its choices is described by the time ``t`` (m,), the state ``x`` (n, m) and the
    values ``p`` (p + c, m): the parameters of the user, then the choices.

    Parameters
    ----------
    frozen : Frozen
        The field.
    variables, parameters : sequence of str
        Names, in order; the parameters are those of the user.
    """

    def __init__(self, frozen: Frozen, variables: Sequence[str], parameters: Sequence[str]) -> None:
        self.frozen, self.variables = frozen, tuple(variables)
        self.own = len(parameters)
        self.names = (*parameters, *(choice.name for choice in frozen.choices))
        self.gap_nodes = [surface.gap for surface in frozen.surfaces]
        self._levels = self._sort_choices()

    def _sort_choices(self) -> list[tuple[list[int], ArrayField]]:
        level: list[int] = []
        for choice in self.frozen.choices:
            level.append(1 + max((level[i] for i in choice.earlier), default=-1))
        found = []
        for wanted in sorted(set(level)):
            which = [i for i, this in enumerate(level) if this == wanted]
            drivers = [self.frozen.choices[i].driver for i in which]
            found.append((which, self._tape(drivers)))
        return found

    def _tape(self, nodes: Sequence[Node]) -> ArrayField:
        return ArrayField(nodes, self.variables, self.names)

    @cached_property
    def field(self) -> ArrayField:
        """The field, (n, m)."""
        return self._tape(self.frozen.components)

    @cached_property
    def gaps(self) -> ArrayField:
        """How far it is to each surface, in its own measure: (k, m)."""
        return self._tape(self.gap_nodes)

    @cached_property
    def _rate_nodes(self) -> list[Node]:
        frozen = self.frozen
        with frozen.graph.lock:
            return rate_along(frozen.graph, self.gap_nodes, self.variables, frozen.components)

    @cached_property
    def rates(self) -> ArrayField:
        """Rates of change of the gaps, (k, m)."""
        return self._tape(self._rate_nodes)

    @cached_property
    def _slopes(self) -> ArrayField:
        return self._slope_tape(self.gap_nodes)

    @cached_property
    def _rate_slopes(self) -> ArrayField:
        return self._slope_tape(self._rate_nodes)

    def _slope_tape(self, nodes: Sequence[Node]) -> ArrayField:
        graph = self.frozen.graph
        symbols = [graph.symbol("variable", name) for name in self.variables]
        symbols.append(graph.symbol("time"))
        with graph.lock:
            return self._tape([node for s in symbols for node in differentiate(graph, nodes, s)])

    def slopes(self, t: Array, x: Array, p: Array) -> Array:
        """Give the derivatives of the gaps by the state, then the time: (n + 1, k, m)."""
        return self._slopes(t, x, p).reshape(len(self.variables) + 1, len(self.gap_nodes), -1)

    def rate_slopes(self, t: Array, x: Array, p: Array) -> Array:
        """Give the derivatives of the rates by the state, then the time: (n + 1, k, m)."""
        return self._rate_slopes(t, x, p).reshape(len(self.variables) + 1, len(self.gap_nodes), -1)

    def settle(self, t: Array, x: Array, p: Array, which: frozenset[int] | None = None) -> Array:
        """Choose anew by the state; on a surface a side is positive.

        Parameters
        ----------
        t, x, p : ndarray
            States; the choices of `p` that are not chosen anew stay as they are.
        which : frozenset of int, optional
            Choices; all, if left out.

        Returns
        -------
        ndarray, shape (p + c, m)
            The values with these choices.
        """
        values = p.copy()
        for numbers, drivers in self._levels:
            wanted = [i for i in numbers if which is None or i in which]
            if not wanted:
                continue
            driven = drivers(t, x, values)
            for i in wanted:
                value = driven[numbers.index(i)]
                if self.frozen.choices[i].whole:
                    value = np.floor(value)
                else:
                    value = np.where(value >= 0, 1.0, np.where(value < 0, -1.0, value))
                values[self.own + i] = value
        return values

    def across(self, t: Array, x: Array, p: Array, surfaces: Sequence[int]) -> Array:
        """Give the values beyond some surfaces; later choices follow from them.

        Parameters
        ----------
        t, x, p : ndarray
            States on these surfaces.
        surfaces : sequence of int
            The surfaces.
        """
        values = p.copy()
        frozen = self.frozen
        changed = frozenset(frozen.surfaces[k].choice for k in surfaces)
        for k in surfaces:
            surface = frozen.surfaces[k]
            place = self.own + surface.choice
            if surface.step:
                values[place] += surface.step
            else:
                values[place] = -values[place]
        later = frozen.dependent(changed) - changed
        return self.settle(t, x, values, later) if later else values
