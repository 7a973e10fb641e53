"""Compiled code that integrates batches of trajectories of one system."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.expression.graph import Node, topological
from eqpp_dash.engine.machine.build import Code, Target, compile_ir, compile_object, native_target
from eqpp_dash.engine.machine.derivatives import derivatives, section_derivatives
from eqpp_dash.engine.machine.fieldcode import emit_nodes
from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.machine.layout import PAUSE, PAUSE_OPERATIONS, Job, Method, Rows, Variant
from eqpp_dash.engine.machine.scheduler import kernel_text

Array = NDArray[np.float64]

VECTORS = 2
"""Vector registers that a row of lanes fills: while one waits, the other is worked on."""

LANE_BY_LANE = frozenset({"erf", "mod"})
"""Functions that may be called for each lane alone."""

SLOW = 10
"""How many other operations such a call costs."""

USUAL = Variant()
"""The explicit method, for end states."""

_run_type = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class Kernel:
    """Machine code of the loop over steps and trajectories; to be closed.

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
    folder : Path, optional
        Where object code is kept between processes.
    target : Target, optional
        Processor that the code is made for, without the caches; this one, if left out.
    """

    def __init__(
        self,
        components: Sequence[Node],
        variables: Sequence[str],
        parameters: Sequence[str],
        *,
        sections: Sequence[Node] = (),
        variant: Variant = USUAL,
        folder: Path | None = None,
        target: Target | None = None,
    ) -> None:
        made_for = target or native_target()
        self.width = usual_width(made_for)
        used = sections if variant.sections else ()
        self.rows = Rows(len(variables), len(parameters), len(used))
        text = field_kernel_text(
            components,
            variables,
            parameters,
            width=self.width,
            fused=made_for.fused,
            sections=used,
            variant=variant,
        )
        if target is None:
            self._code = compile_ir(text, "kernel", ["run"], folder=folder)
        else:
            self._code = Code(target, compile_object(target, text), ["run"])
        self._run = _run_type(self._code.address("run"))

    def run(self, job: Job) -> None:
        """Integrate the trajectories of a job that no other thread takes; releases the GIL."""
        size = self.rows.count * self.width
        store = np.zeros(size + 8)
        start = (-store.ctypes.data % 64) // 8
        own = Job.from_buffer_copy(job)
        own.work = store[start:].ctypes.data
        self._run(ctypes.addressof(own))

    def close(self) -> None:
        """Free the code; nothing may be running in it."""
        self._code.close()


def usual_width(target: Target) -> int:
    """Give the number of lanes that is quickest on a processor."""
    return VECTORS * target.width


def field_kernel_text(
    components: Sequence[Node],
    variables: Sequence[str],
    parameters: Sequence[str],
    *,
    width: int,
    fused: bool = True,
    sections: Sequence[Node] = (),
    variant: Variant = USUAL,
) -> str:
    """Give the text of the module that a `Kernel` compiles."""
    n = len(variables)
    autonomous = all(node.op != "time" for node in topological([*components, *sections]))
    steady = all(node.op != "time" for node in topological(components))
    slopes: list[Node] = []
    if variant.method == Method.Rodas5P:
        jacobian, drift = derivatives(components, variables)
        slopes = [*chain.from_iterable(jacobian), *([] if steady else drift)]

    def emit(
        lanes: Lanes, nodes: Sequence[Node], time: str, state: list[str], values: list[str]
    ) -> list[str]:
        inputs: dict[object, str] = {"time": time}
        inputs |= {("variable", v): value for v, value in zip(variables, state, strict=True)}
        inputs |= {("parameter", p): value for p, value in zip(parameters, values, strict=True)}
        return emit_nodes(lanes, nodes, inputs)

    def field(lanes: Lanes, time: str, state: list[str], values: list[str]) -> list[str]:
        return emit(lanes, components, time, state, values)

    def linear(
        lanes: Lanes, time: str, state: list[str], values: list[str]
    ) -> tuple[list[list[str]], list[str] | None]:
        found = emit(lanes, slopes, time, state, values)
        rows = [found[i * n : (i + 1) * n] for i in range(n)]
        return rows, None if steady else found[n * n :]

    parts = section_derivatives(sections, variables)

    def crossed(
        lanes: Lanes, which: list[int], time: str, state: list[str], values: list[str]
    ) -> list[tuple[str, list[str | None], str | None]]:
        wanted = [node for j in which for node in parts[j] if node is not None]
        found = iter(emit(lanes, wanted, time, state, values))
        result = []
        for j in which:
            row = [None if node is None else next(found) for node in parts[j]]
            value = row[0]
            assert value is not None
            result.append((value, row[1:-1], row[-1]))
        return result

    return kernel_text(
        field,
        Rows(n, len(parameters), len(sections)),
        width,
        fused=fused,
        autonomous=autonomous,
        variant=variant,
        derivatives=linear,
        sections=crossed,
        pause=pause_of([*components, *slopes]),
    )


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
