"""Compiled code that integrates batches of trajectories of one system."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.expression.graph import Node
from eqpp_dash.engine.machine.build import (
    QUICK_LEVEL,
    USUAL_LEVEL,
    Code,
    Target,
    compile_object,
    find_object,
    make_object,
    native_target,
    recall,
    remember,
)
from eqpp_dash.engine.machine.emitter import Emitter
from eqpp_dash.engine.machine.layout import Job, Method, Rows, Variant, address_of
from eqpp_dash.engine.machine.sharedloop import loop_text, system_text
from eqpp_dash.engine.machine.steploop import NEVER

Array = NDArray[np.float64]
#: Gives the object code of a module with a key.
Make = Callable[..., bytes]
#: Gives the object code of the loop that systems share.
Loop = Callable[[Rows, Variant, int], bytes]

VECTORS = 2
"""Vector registers that a row of lanes fills: while one waits, the other is worked on."""

USUAL = Variant()
"""The explicit method, for end states."""

KEY = "kernel"
"""What objects of whole kernels are searched by, beside their text."""

_run_type = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


@dataclass(frozen=True, slots=True)
class Pause:
    """Where a kernel has stopped.

    Attributes
    ----------
    steps : int
        Steps of its vector.
    rows : ndarray, shape (rows, lanes), or None
        What it was working on, if there was anything left.
    """

    steps: int
    rows: Array | None


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
    quick : bool
        Whether to have code soon, instead of code that is quicker, unless that was compiled before
        and lies in the folder. The results are the same, bit by bit.
    target : Target, optional
        Processor that the code is made for, without the caches; this one, if left out.

    Attributes
    ----------
    rows : Rows
        Layout of the work area.
    width : int
        Lanes.
    quick : bool
        Whether it is the code that is there soon.
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
        quick: bool = False,
        target: Target | None = None,
    ) -> None:
        made_for = target or native_target()
        emitter = Emitter(components, variables, parameters, sections, variant)
        self.rows = emitter.rows
        self.width, self.quick = usual_width(made_for), False
        make: Make = partial(make_object, made_for, folder=folder)
        loop: Loop = partial(_remembered_loop, made_for, make, folder)
        if target is not None:
            make = partial(_make_anew, made_for)
            loop = partial(loop_object, made_for, make)
        contents: list[bytes] = []
        if not quick or (folder is not None and target is None):
            text = emitter.text(self.width, made_for.fused)
            known = find_object(made_for, text, KEY, folder=folder) if quick else make(text, KEY)
            contents = [] if known is None else [known]
        if not contents:
            self.width, self.quick = made_for.width, True
            contents = quick_objects(emitter, made_for, make, loop)
        self._code = Code(made_for, contents, ["run"])
        self._run = _run_type(self._code.address("run"))

    def run(self, job: Job, *, patience: int = NEVER, begun: Array | None = None) -> Pause:
        """Integrate the trajectories of a job that no other thread takes; releases the GIL.

        Parameters
        ----------
        job : Job
            The job.
        patience : int
            Steps of the vector after which to stop, within a few hundred.
        begun : ndarray, shape (rows, lanes), optional
            What another kernel was working on when it stopped; not more lanes than this one has.
        """
        size = self.rows.count * self.width
        store = np.zeros(size + 8)
        first = address_of(store)
        start = (-first % 64) // 8
        rows = store[start : start + size].reshape(self.rows.count, self.width)
        numbers = rows[Rows.INDEX].view(np.int64)
        numbers.fill(-1)
        own = Job.from_buffer_copy(job)
        own.work, own.patience, own.idle = first + 8 * start, patience, -1
        if begun is not None:
            rows[:, : begun.shape[1]] = begun
            own.idle = sum(1 << i for i, number in enumerate(numbers.tolist()) if number < 0)
        self._run(ctypes.addressof(own))
        return Pause(own.patience, rows if max(numbers.tolist()) >= 0 else None)

    def close(self) -> None:
        """Free the code; nothing may be running in it."""
        self._code.close()


def _make_anew(target: Target, text: str, key: str, *, level: int = USUAL_LEVEL) -> bytes:
    return compile_object(target, text, level)


def _remembered_loop(
    target: Target, make: Make, folder: Path | None, rows: Rows, variant: Variant, pause: int
) -> bytes:
    name = loop_name(folder, rows, variant, pause)
    content = recall(name)
    if content is None:
        content = loop_object(target, make, rows, variant, pause)
        remember(name, content)
    return content


def loop_object(target: Target, make: Make, rows: Rows, variant: Variant, pause: int) -> bytes:
    """Compile the loop that systems share."""
    text = loop_text(rows, target.width, fused=target.fused, variant=variant, pause=pause)
    return make(text, "loop", level=QUICK_LEVEL)


def loop_name(folder: Path | None, rows: Rows, variant: Variant, pause: int) -> str:
    """Give the name under which the memory holds such a loop for this processor."""
    return f"loop {rows} {variant} {pause} {folder}"


def quick_objects(emitter: Emitter, target: Target, make: Make, loop: Loop) -> list[bytes]:
    """Compile what is soonest there: the functions of the system, if the loop can be shared."""
    variant = emitter.variant
    if variant.method != Method.DOP853:
        return [compile_object(target, emitter.text(target.width, target.fused), QUICK_LEVEL)]
    shared = loop(emitter.rows, variant, emitter.pause)
    return [shared, *system_objects(emitter, target, make)]


def system_objects(emitter: Emitter, target: Target, make: Make) -> list[bytes]:
    """Compile the functions of a system, and what they call."""
    own, routines = system_text(
        emitter.field,
        emitter.rows,
        target.width,
        fused=target.fused,
        variant=emitter.variant,
        sections=emitter.crossed,
    )
    called = [make(text, "routine", level=QUICK_LEVEL) for text in routines.values()]
    return [compile_object(target, own, QUICK_LEVEL), *called]


def usual_width(target: Target) -> int:
    """Give the number of lanes that is quickest on a processor."""
    return VECTORS * target.width
