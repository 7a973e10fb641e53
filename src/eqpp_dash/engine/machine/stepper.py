"""Compiled rounds of the integrator of portraits, made in the background and remembered.

A `Stepper` belongs to a system with its parameters open, so that a slider compiles nothing.
Where putting a parameter in changes more than a number (it is an exponent, or something made of
parameters alone vanishes), the stepper belongs to the system with those values.
"""

from __future__ import annotations

import ctypes
import logging
import os
import threading
import weakref
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.dop853 import TERMS
from eqpp_dash.engine.expression.graph import Node, topological
from eqpp_dash.engine.machine import build
from eqpp_dash.engine.machine.fallback import ArrayField
from eqpp_dash.engine.machine.rounds import FIXED_SETUP, Layout
from eqpp_dash.engine.machine.roundscode import compile_rounds
from eqpp_dash.engine.system import System, Value

Array = NDArray[np.float64]

MOST_NODES = 250
"""Systems of more operations are left to numpy: their code would take too long to compile."""

_log = logging.getLogger(__name__)

REMEMBERED = 64
"""Steppers that are kept."""

_pointer, _integer = ctypes.c_void_p, ctypes.c_int64
_advance_type = ctypes.CFUNCTYPE(None, _pointer, _pointer, _integer, _integer)
_terms_type = ctypes.CFUNCTYPE(None, _pointer, _pointer, _integer, _pointer)


class Stepper:
    """Machine code that takes recorded steps of many lanes; freed when nobody holds it.

    Parameters
    ----------
    components : sequence of Node
        Right-hand sides.
    variables, parameters : sequence of str
        Names, in order.
    folder : Path, optional
        Where object code is kept between processes.

    Attributes
    ----------
    layout : Layout
        Rows of a record.
    width : int
        Lanes are padded to a multiple of this.
    most : int
        Most rounds of a record.
    """

    most = 48

    def __init__(
        self,
        components: Sequence[Node],
        variables: Sequence[str],
        parameters: Sequence[str],
        folder: Path | None = None,
    ) -> None:
        self.width = build.native_target().width
        self.layout = Layout(len(variables))
        code = compile_rounds(components, variables, parameters, folder=folder, quick=True)
        weakref.finalize(self, code.close)
        self._advance = _advance_type(code.address("advance"))
        self._terms = _terms_type(code.address("terms"))

    def padded(self, lanes: int) -> int:
        """Give the number of lanes filled up to full vectors."""
        return -(-lanes // self.width) * self.width

    def advance(self, record: Array, setup: Array) -> None:
        """Fill a record, shape (rounds + 1, rows, padded lanes), from its first state.

        Raises
        ------
        ValueError
            If the shape of the record does not fit, or it is not contiguous.
        """
        lanes = _checked(record, 3).shape[2]
        if lanes % self.width or record.shape[0] < 2 or record.shape[1] != self.layout.count:
            raise ValueError(f"a record cannot have the shape {record.shape}")
        self._advance(record.ctypes.data, setup.ctypes.data, record.shape[2], record.shape[0] - 1)

    def terms(self, given: Array, setup: Array) -> Array:
        """Give interpolants, shape (7, n, padded), of steps; see `Layout.terms_given`.

        Raises
        ------
        ValueError
            If the shape of what is given does not fit, or it is not contiguous.
        """
        lanes = _checked(given, 2).shape[1]
        if lanes % self.width or given.shape[0] != self.layout.terms_given:
            raise ValueError(f"steps cannot have the shape {given.shape}")
        out = np.empty((TERMS, self.layout.dimension, given.shape[1]))
        if given.shape[1]:
            self._terms(given.ctypes.data, setup.ctypes.data, given.shape[1], out.ctypes.data)
        return out


def _checked(array: Array, axes: int) -> Array:
    """Give an array whose address compiled code may be given."""
    if array.ndim != axes or array.dtype != np.float64 or not array.flags.c_contiguous:
        raise ValueError(f"{axes} axes of doubles in order are wanted, not {array.ndim}")
    return array


class Making:
    """A stepper that is being made; `stepper` is None until it is there."""

    def __init__(
        self, components: Sequence[Node], variables: Sequence[str], parameters: Sequence[str]
    ) -> None:
        self.parameters = tuple(parameters)
        self.stepper: Stepper | None = None
        self.trouble = ""
        """Why there will be none; empty if that is not known."""
        self.components, self.variables = tuple(components), tuple(variables)
        self._future: Future[None] | None = None

    def begin(self) -> None:
        """Begin to compile in the background, unless that was begun before."""
        with _shelf.lock:
            if self._future is None:
                self._future = _workshop().submit(self._make, _shelf.folder)

    def _make(self, folder: Path | None) -> None:
        self.trouble = build.why_not()
        if self.trouble:
            return
        try:
            self.stepper = Stepper(self.components, self.variables, self.parameters, folder)
        except Exception as error:  # numpy goes on, and the portrait says why
            self.trouble = f"{type(error).__name__}: {error}"
            _log.exception("no machine code for %s", ", ".join(self.variables))

    def wait(self) -> Stepper | None:
        """Wait until it is made, which begins if it has not; None if it cannot be."""
        self.begin()
        assert self._future is not None
        self._future.result()
        return self.stepper


@dataclass(frozen=True, slots=True, eq=False)
class Machine:
    """A stepper, made, being made or to be made, with the parameters of one question.

    Attributes
    ----------
    making : Making
        The stepper.
    values : ndarray, shape (p,)
        Values of its parameters.
    """

    making: Making
    values: Array

    @property
    def stepper(self) -> Stepper | None:
        """The machine code, as soon as it is there."""
        return self.making.stepper

    def begin(self) -> None:
        """Begin to make the machine code in the background, unless that was begun before."""
        self.making.begin()

    def setup(
        self, span: float, start: float, rtol: float, atol: Array, width: Array, center: Array
    ) -> Array:
        """Give the numbers that every call of the machine code needs."""
        setup = np.concatenate([[span, start, rtol], atol, width, np.abs(center), self.values])
        assert setup.size == FIXED_SETUP + 3 * width.size + self.values.size
        return setup


class _Shelf:
    """Steppers by their systems."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.made: OrderedDict[tuple[object, ...], Making] = OrderedDict()
        self.pool: ThreadPoolExecutor | None = None
        self.folder: Path | None = None

    def renew(self) -> None:
        """Forget locks and threads of the process that this one was forked from."""
        self.lock, self.pool = threading.Lock(), None
        done = [(key, making) for key, making in self.made.items() if making.stepper is not None]
        self.made = OrderedDict(done)


_shelf = _Shelf()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: _shelf.renew())


def _workshop() -> ThreadPoolExecutor:
    if _shelf.pool is None:
        _shelf.pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="compiler")
    return _shelf.pool


def keep_objects_in(folder: Path | None) -> None:
    """Say where object code is kept between processes; None keeps it in memory only."""
    _shelf.folder = folder


def objects_folder() -> Path | None:
    """Give the folder in which object code is kept between processes; None if there is none."""
    return _shelf.folder


def load_compiler(system: System) -> None:
    """Load LLVM and make the machine code of a system here and now, in no other thread.

    A process that forks others does this before, so that they need not.
    """
    if build.available():
        Stepper(system.components, system.variables, system.parameters, _shelf.folder)


def prepare_machine(
    system: System,
    compiled: CompiledField,
    parameters: Mapping[str, Value] | None = None,
    *,
    begin: bool = True,
) -> Machine | None:
    """Begin to make machine code for a system, or find what was made.

    Parameters
    ----------
    system : System
        The system.
    compiled : CompiledField
        The same with its parameters put in.
    parameters : mapping of str to float or str, optional
        Their values, as for `System.compile`.
    begin : bool
        Whether to begin at once. Who answers by numpy first, and had rather not share the
        processor and Python's lock with the compiler, calls `Machine.begin` afterwards.

    Returns
    -------
    Machine or None
        None where machine code is not for this system: it has jumps or kinks, at which steps
        must end, or it is very long. Whether it is ready its `stepper` tells.

    Examples
    --------
    >>> from eqpp_dash.engine.system import parse_system
    >>> system = parse_system("x' = abs(x)")
    >>> prepare_machine(system, system.compile()) is None
    True
    """
    if compiled.switching or len(topological(compiled.components)) > MOST_NODES:
        return None
    values = system.values(parameters)
    names: tuple[str, ...] = tuple(values)
    numbers = np.array([float(value) for value in values.values()])
    components: Sequence[Node] = system.components
    key: tuple[object, ...] = (system.equations, system.variables, names)
    if not _may_stay_open(components, names, numbers):
        key = (*key, tuple(values.values()))
        components, names, numbers = compiled.components, (), np.zeros(0)
    with _shelf.lock:
        making = _shelf.made.get(key)
        if making is None:
            making = _shelf.made[key] = Making(components, system.variables, names)
            while len(_shelf.made) > REMEMBERED:
                _shelf.made.popitem(last=False)
        else:
            _shelf.made.move_to_end(key)
    if begin:
        making.begin()
    return Machine(making, numbers)


def integrator_of(machine: Machine | None) -> str:
    """Say what takes the steps, and if it is numpy, why.

    Examples
    --------
    >>> integrator_of(None)
    'numpy: machine code is not for fields with jumps or kinks, nor for very long ones'
    """
    if machine is None:
        return "numpy: machine code is not for fields with jumps or kinks, nor for very long ones"
    if machine.stepper is not None:
        return "machine code"
    return f"numpy: {machine.making.trouble or 'machine code was not ready yet'}"


def _may_stay_open(components: Sequence[Node], names: Sequence[str], values: Array) -> bool:
    """Tell whether values put in would change nothing but numbers."""
    order = topological(components)
    kinds: dict[Node, tuple[bool, bool]] = {}
    for node in order:
        known = [kinds[arg] for arg in node.args]
        opened = node.op == "parameter" or any(one for one, _ in known)
        varies = node.op in ("variable", "time") or any(two for _, two in known)
        kinds[node] = opened, varies
        if node.op == "pow" and kinds[node.args[1]][0]:
            return False
    fixed = [node for node, (opened, varies) in kinds.items() if opened and not varies]
    if not fixed:
        return True
    field = ArrayField(fixed, (), names)
    with np.errstate(all="ignore"):
        found = field(np.zeros(1), np.zeros((0, 1)), values[:, None])
    return bool((np.isfinite(found) & (found != 0.0)).all())
