"""Emits the functions of one system: its field, the derivatives of it, its sections."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from eqpp_dash.engine.expression.graph import Node, topological
from eqpp_dash.engine.machine.derivatives import derivatives, section_derivatives
from eqpp_dash.engine.machine.fieldcode import emit_nodes
from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.machine.layout import PAUSE, PAUSE_OPERATIONS, Method, Rows, Variant
from eqpp_dash.engine.machine.scheduler import kernel_text

LANE_BY_LANE = frozenset({"erf", "mod"})
"""Functions that may be called for each lane alone."""

SLOW = 10
"""How many other operations such a call costs."""


class Emitter:
    """Writes the functions of a system into the code that integrates it.

    Parameters
    ----------
    components : sequence of Node
        Right-hand sides.
    variables, parameters : sequence of str
        Names, in order.
    sections : sequence of Node
        Sections, if the variant looks for their crossings.
    variant : Variant
        What the code is made for.

    Attributes
    ----------
    rows : Rows
        Layout of the work area.
    """

    def __init__(
        self,
        components: Sequence[Node],
        variables: Sequence[str],
        parameters: Sequence[str],
        sections: Sequence[Node],
        variant: Variant,
    ) -> None:
        self.variant = variant
        self._components = components
        self._variables, self._parameters = variables, parameters
        self._sections = sections if variant.sections else ()
        self.rows = Rows(len(variables), len(parameters), len(self._sections))
        self._steady = all(node.op != "time" for node in topological(components))
        self._slopes: list[Node] = []
        if variant.method == Method.Rodas5P:
            jacobian, drift = derivatives(components, variables)
            self._slopes = [*chain.from_iterable(jacobian), *([] if self._steady else drift)]
        self._parts = section_derivatives(self._sections, variables) if self._sections else []

    def _emit(
        self, lanes: Lanes, nodes: Sequence[Node], time: str, state: list[str], values: list[str]
    ) -> list[str]:
        inputs: dict[object, str] = {"time": time}
        inputs |= {("variable", v): value for v, value in zip(self._variables, state, strict=True)}
        inputs |= {
            ("parameter", p): value for p, value in zip(self._parameters, values, strict=True)
        }
        return emit_nodes(lanes, nodes, inputs)

    def field(self, lanes: Lanes, time: str, state: list[str], values: list[str]) -> list[str]:
        """Emit the field."""
        return self._emit(lanes, self._components, time, state, values)

    def linear(
        self, lanes: Lanes, time: str, state: list[str], values: list[str]
    ) -> tuple[list[list[str]], list[str] | None]:
        """Emit the Jacobian by rows, and the derivatives with respect to time unless none is."""
        n = self.rows.dimension
        found = self._emit(lanes, self._slopes, time, state, values)
        rows = [found[i * n : (i + 1) * n] for i in range(n)]
        return rows, None if self._steady else found[n * n :]

    def crossed(
        self, lanes: Lanes, which: list[int], time: str, state: list[str], values: list[str]
    ) -> list[tuple[str, list[str | None], str | None]]:
        """Emit sections and their derivatives; None where one is zero."""
        wanted = [node for j in which for node in self._parts[j] if node is not None]
        found = iter(self._emit(lanes, wanted, time, state, values))
        result = []
        for j in which:
            row = [None if node is None else next(found) for node in self._parts[j]]
            value = row[0]
            assert value is not None
            result.append((value, row[1:-1], row[-1]))
        return result

    def text(self, width: int, fused: bool) -> str:
        """Give the module with all of it written out in the loop."""
        nodes = topological([*self._components, *self._sections])
        return kernel_text(
            self.field,
            self.rows,
            width,
            fused=fused,
            autonomous=all(node.op != "time" for node in nodes),
            variant=self.variant,
            derivatives=self.linear,
            sections=self.crossed,
            pause=pause_of([*self._components, *self._slopes]),
        )

    @property
    def pause(self) -> int:
        """Steps between two looks at whether to cancel, in a loop that is shared."""
        return shared_pause(self._components)


def shared_pause(nodes: Sequence[Node]) -> int:
    """Give `pause_of` rounded down to one of a few numbers.

    Examples
    --------
    >>> shared_pause([])
    256
    """
    pause = pause_of(nodes)
    return max(number for number in (4, 16, 64, PAUSE) if number <= pause)


def pause_of(nodes: Sequence[Node]) -> int:
    """Give the steps that a vector may take between two looks at whether to cancel.

    The fewer, the longer the field; functions that are called lane by lane weigh most.

    Examples
    --------
    >>> pause_of([])
    256
    """
    weight = sum(SLOW if node.op in LANE_BY_LANE else 1 for node in topological(nodes))
    return max(4, min(PAUSE, PAUSE_OPERATIONS // max(1, weight)))
