"""Machine code that follows orbits from turn to turn, made once for each system."""

from __future__ import annotations

import ctypes
import logging
import os
import threading
import weakref
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

import numpy as np

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.cycles.leapcode import leap_text
from eqpp_dash.engine.cycles.leaprows import SLACK, Row, State, Trace
from eqpp_dash.engine.expression.derivative import differentiate
from eqpp_dash.engine.expression.graph import Graph, Node, rebuild, topological
from eqpp_dash.engine.machine import build
from eqpp_dash.engine.machine.stepper import Machine, Making, objects_folder
from eqpp_dash.model.portrait import Array

MOST_NODES = 500
"""Systems of more operations, with their divergence, are left to numpy."""

_log = logging.getLogger(__name__)
_pointer, _integer = ctypes.c_void_p, ctypes.c_int64
_leap_type = ctypes.CFUNCTYPE(None, _pointer, _pointer, _integer, _pointer, _integer)


class Leaper:
    """Machine code of `leapcode`; freed when nobody holds it.

    Parameters
    ----------
    components : sequence of Node
        Right-hand sides and their divergence.
    variables, parameters : sequence of str
        Names, in order.
    folder : Path, optional
        Where object code is kept between processes.
    implicit : bool
        Whether to take steps of Rodas5P, for stiff orbits, instead of DOP853.
    """

    def __init__(
        self,
        components: Sequence[Node],
        variables: Sequence[str],
        parameters: Sequence[str],
        folder: Path | None = None,
        implicit: bool = False,
    ) -> None:
        target = build.native_target()
        self.width, self.implicit = target.width, implicit
        self._parts = components, variables, parameters, folder
        self._stiff: Leaper | None = None
        self._lock = threading.Lock()
        text = leap_text(
            components,
            variables,
            parameters,
            width=target.width,
            fused=target.fused,
            implicit=implicit,
        )
        code = build.compile_ir(text, "leap", ["leap"], folder=folder)
        weakref.finalize(self, code.close)
        self._leap = _leap_type(code.address("leap"))

    def renew(self) -> None:
        """Forget the lock of the process that this one was forked from."""
        self._lock = threading.Lock()

    @property
    def stiff(self) -> Leaper:
        """The same for stiff orbits, made when it is first asked for."""
        with self._lock:
            if self._stiff is None:
                self._stiff = Leaper(*self._parts, implicit=True)
            return self._stiff

    def run(self, record: Array, setup: Array, traced: int = 0) -> tuple[Array, Array]:
        """Follow lanes whose state is `State.RUNNING` until each has stopped.

        Parameters
        ----------
        record : ndarray, shape (Row.COUNT, m)
            The lanes.
        setup : ndarray
            What all are given.
        traced : int
            Most steps that a lane tries, if they are wanted; else 0.

        Returns
        -------
        record : ndarray, shape (Row.COUNT, m)
            The lanes afterwards.
        trace : ndarray, shape (steps, Trace.COUNT, m)
            The steps tried.
        """
        count = record.shape[1]
        padded = np.zeros((Row.COUNT, -(-count // self.width) * self.width))
        padded[:, :count] = record
        padded[Row.STATE, count:] = State.PAUSED
        capacity = traced + SLACK if traced else 0
        trace = np.zeros((padded.shape[1] // self.width, capacity, Trace.COUNT, self.width))
        if count:
            self._leap(
                padded.ctypes.data,
                setup.ctypes.data,
                padded.shape[1],
                trace.ctypes.data,
                capacity,
            )
        steps = trace.transpose(1, 2, 0, 3).reshape(capacity, Trace.COUNT, padded.shape[1])
        return padded[:, :count], steps[:, :, :count]


_made: weakref.WeakKeyDictionary[Making | CompiledField, Future[Leaper | None]] = (
    weakref.WeakKeyDictionary()
)
_lock = threading.Lock()


def _renew() -> None:
    """Forget, in a process that was forked, what another thread was making."""
    global _lock
    _lock = threading.Lock()
    for owner, future in list(_made.items()):
        leaper = future.result() if future.done() else None
        if leaper is not None:
            leaper.renew()
        elif not future.done():
            del _made[owner]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)


def prepare_search(machine: Machine | None) -> None:
    """Begin to make the machine code for a search in the background, unless it is there.

    Parameters
    ----------
    machine : Machine or None
        Machine code of the system, as the search will be given; nothing is done without.
    """
    if machine is None or len(machine.making.variables) != 2:
        return
    making = machine.making
    future, is_new = _future(making)
    if is_new:
        job = future, making.components, making.variables, making.parameters
        threading.Thread(target=_make, args=job, name="cycles").start()


def leaper_of(field: CompiledField, machine: Machine | None) -> Leaper | None:
    """Give the machine code of a field: made now, or in the background before.

    Parameters
    ----------
    field : CompiledField
        A planar autonomous field.
    machine : Machine, optional
        Machine code of its system, with the parameters open: then so are they here.

    Returns
    -------
    Leaper or None
        None where none can be made: numpy is to do the same.
    """
    future, is_new = _future(field if machine is None else machine.making)
    if is_new and machine is None:
        _make(future, field.components, field.variables, ())
    elif is_new and machine is not None:
        making = machine.making
        _make(future, making.components, making.variables, making.parameters)
    return future.result()


def _future(owner: Making | CompiledField) -> tuple[Future[Leaper | None], bool]:
    with _lock:
        future = _made.get(owner)
        is_new = future is None
        if future is None:
            future = _made[owner] = Future()
        return future, is_new


def _make(
    future: Future[Leaper | None],
    components: Sequence[Node],
    variables: Sequence[str],
    parameters: Sequence[str],
) -> None:
    leaper = None
    try:
        whole = _with_divergence(components, variables)
        if build.available() and len(topological(whole)) <= MOST_NODES:
            leaper = Leaper(whole, variables, parameters, objects_folder())
    except Exception:  # numpy does the same, more slowly
        _log.exception("no machine code to search for cycles of %s", ", ".join(variables))
    finally:
        future.set_result(leaper)


def _with_divergence(components: Sequence[Node], variables: Sequence[str]) -> list[Node]:
    graph = Graph()
    own = rebuild(graph, components, lambda node: None)
    trace = [
        differentiate(graph, [node], graph.symbol("variable", name))[0]
        for node, name in zip(own, variables, strict=True)
    ]
    return [*own, graph.add(*trace)]
