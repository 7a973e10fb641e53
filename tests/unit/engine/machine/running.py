"""Runs emitted code over arrays, for the tests."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.expression.graph import Node
from eqpp_dash.engine.machine.build import Code, Target, compile_object, native_target
from eqpp_dash.engine.machine.fieldcode import emit_nodes
from eqpp_dash.engine.machine.functions import apply
from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.machine.routines import module_text

Array = NDArray[np.float64]
Emit = Callable[[Lanes, list[str]], list[str]]


def loop_text(lanes: Lanes, emit: Emit, inputs: int) -> str:
    """Give a module whose function ``run`` applies `emit` to every block of rows."""
    head = len(lanes.lines)
    values = [lanes.load("%in", lanes.emit(f"add i64 %first, {i}")) for i in range(inputs)]
    for i, value in enumerate(emit(lanes, values)):
        lanes.store("%out", lanes.emit(f"add i64 %place, {i}"), value)
        outputs = i + 1
    body = lanes.lines[head:]
    text = "\n".join(
        [
            "define void @run(ptr %in, ptr %out, i64 %blocks) {",
            "entry:",
            "  br label %loop",
            "loop:",
            "  %block = phi i64 [ 0, %entry ], [ %after, %loop ]",
            f"  %first = mul i64 %block, {inputs}",
            f"  %place = mul i64 %block, {outputs}",
            *body,
            "  %after = add i64 %block, 1",
            "  %end = icmp eq i64 %after, %blocks",
            "  br i1 %end, label %done, label %loop",
            "done:",
            "  ret void",
            "}",
        ]
    )
    return module_text([lanes], [text])


def aligned(shape: tuple[int, ...]) -> Array:
    """Give an array that begins at a multiple of 64 bytes."""
    size = int(np.prod(shape))
    store = np.empty(size + 8)
    start = (-store.ctypes.data % 64) // 8
    return store[start : start + size].reshape(shape)


def run(code: Code, arrays: Sequence[Array], outputs: int, width: int) -> Array:
    """Apply the function ``run`` to arrays of one length."""
    count = len(arrays[0])
    blocks = -(-count // width)
    given = aligned((blocks, len(arrays), width))
    given[:] = 1.0
    for i, array in enumerate(arrays):
        padded = np.ones(blocks * width)
        padded[:count] = array
        given[:, i] = padded.reshape(blocks, width)
    found = aligned((blocks, outputs, width))
    kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
    kind(code.address("run"))(given.ctypes.data, found.ctypes.data, blocks)
    return np.array([found[:, i].ravel()[:count] for i in range(outputs)])


def plain_target() -> Target:
    """Give the least processor of this kind, on x86 one without fused multiply and add."""
    target = Target(native_target().llvm)
    target.cpu, target.features = "generic", ""
    target.fused, target.width = False, 2
    return target


def evaluate(
    emit: Emit, arrays: Sequence[Array], outputs: int, lanes: Lanes, target: Target | None = None
) -> Array:
    """Compile what `emit` writes and apply it to arrays."""
    target = target or native_target()
    text = loop_text(lanes, emit, len(arrays))
    with Code(target, compile_object(target, text), ["run"]) as code:
        return run(code, arrays, outputs, lanes.width)


def compute(
    name: str, *arrays: Array, width: int | None = None, target: Target | None = None
) -> Array:
    """Apply a primitive function in machine code."""
    target = target or native_target()
    lanes = Lanes(width or target.width, fused=target.fused)
    return evaluate(lambda lanes, given: [apply(lanes, name, *given)], arrays, 1, lanes, target)[0]


def compute_nodes(
    nodes: Sequence[Node], values: dict[str, Array], *, contract: bool = False
) -> Array:
    """Evaluate expressions of variables in machine code."""
    target = native_target()
    names = list(values)

    def emit(lanes: Lanes, given: list[str]) -> list[str]:
        inputs = {("variable", name): value for name, value in zip(names, given, strict=True)}
        return emit_nodes(lanes, nodes, inputs)

    lanes = Lanes(target.width, fused=target.fused, contract=contract)
    return evaluate(emit, list(values.values()), len(nodes), lanes)
