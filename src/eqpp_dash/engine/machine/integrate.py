"""Integrate many trajectories of the system just typed, in machine code where that can be made.

Explicit method DOP853 with the step control of `stepcode` and, for stiff systems, Rodas5P; every
trajectory has its own step, parameters and time span, and a bounded number of steps, so nothing
hangs. Without LLVM, or while it still compiles, numpy computes the same within the tolerance, more
slowly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.expression.graph import Node
from eqpp_dash.engine.machine.batch import Batch, make_batch, row_of
from eqpp_dash.engine.machine.fallback import ArrayField, integrate_arrays
from eqpp_dash.engine.machine.kernels import Kernels
from eqpp_dash.engine.machine.layout import End, Method, Variant
from eqpp_dash.engine.machine.switching import run_method
from eqpp_dash.engine.machine.threads import Watch, run_kernel
from eqpp_dash.engine.system import System
from eqpp_dash.errors import SpecError
from eqpp_dash.model.numbers import read_fraction

__all__ = ["End", "Integrator", "Method", "Propagated"]

Array = NDArray[np.float64]
Value = float | int | str | Array


@dataclass(frozen=True, slots=True, eq=False)
class Propagated:
    """Where trajectories have got to.

    Attributes
    ----------
    states : ndarray, shape (n, m)
        Last states.
    times : ndarray, shape (m,)
        Times reached.
    steps : ndarray of int, shape (m,)
        Steps tried, rejected ones too.
    ends : ndarray of int8, shape (m,)
        Why each ended: values of `End`.
    methods : ndarray of int8, shape (m,)
        What finished each: values of `Method`.
    """

    states: Array
    times: Array
    steps: NDArray[np.int64]
    ends: NDArray[np.int8]
    methods: NDArray[np.int8]


class Integrator:
    """Integrates trajectories of one system; to be closed, which frees its machine code.

    Parameters
    ----------
    components : sequence of Node
        Right-hand sides; parameters are symbols.
    variables : sequence of str
        State variables, in order.
    parameters : mapping of str to float or str
        Parameters and their usual values.
    folder : Path, optional
        Where object code is kept between processes; None keeps it in memory only.
    wait : bool
        Whether to wait for the machine code. If not, it is compiled in the background, and
        numpy computes until then.
    machine : bool
        Whether to use machine code where it can be made.

    Examples
    --------
    >>> from eqpp_dash.engine.system import parse_system
    >>> with Integrator.of(parse_system("x' = -k*x")) as integrator:
    ...     result = integrator.propagate([[1.0, 2.0]], 1.0, parameters={"k": 3.0})
    >>> result.states.round(6).tolist()
    [[0.049787, 0.099574]]
    """

    def __init__(
        self,
        components: Sequence[Node],
        variables: Sequence[str],
        parameters: Mapping[str, float | int | str] | None = None,
        *,
        folder: Path | None = None,
        wait: bool = True,
        machine: bool = True,
    ) -> None:
        self._components = list(components)
        self.variables = tuple(variables)
        self._usual = dict(parameters or {})
        self.parameters = tuple(self._usual)
        self.dimension = len(self.variables)
        self._field: ArrayField | None = None
        self._kernels = Kernels(
            self._components,
            self.variables,
            self.parameters,
            folder=folder,
            wait=wait,
            machine=machine,
        )

    @classmethod
    def of(cls, system: System, **options: Any) -> Self:
        """Make the integrator of a system; its parameters stay open. Options as above."""
        return cls(system.components, system.variables, system.defaults, **options)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def tier(self) -> str:
        """What computes now: ``machine`` or ``numpy``."""
        return "machine" if self._kernels.ready else "numpy"

    def close(self) -> None:
        """Free the machine code, after the calls that are under way."""
        self._kernels.close()

    # integrating --------------------------------------------------------------------------

    def propagate(
        self,
        starts: Any,
        span: Any,
        *,
        method: str = "DOP853",
        parameters: Mapping[str, Value] | None = None,
        rtol: Any = 1e-8,
        atol: Any = 1e-8,
        box: Any = None,
        max_steps: int = 100_000,
        start_time: float = 0.0,
        cancel: Callable[[], bool] | None = None,
        progress: Callable[[float], object] | None = None,
        threads: int | None = None,
    ) -> Propagated:
        """Integrate trajectories to their ends.

        Parameters
        ----------
        starts : array_like, shape (n, m)
            Starts.
        span : float or array_like, shape (m,)
            Time to integrate; negative goes backward.
        method : str
            ``DOP853``, explicit; ``Rodas5P``, for stiff systems; ``Radau``, for these at
            tolerances below 1e-10; ``auto``, which begins with the first and goes on with one of
            the others where that turns out to be stiff: see `switching.run_method`.
        parameters : mapping of str to float, str or ndarray of shape (m,), optional
            Values; those left out take their usual ones.
        rtol, atol : float or array_like, shape (n,)
            Tolerated error of a step: ``atol + rtol*abs(y)``, for each component.
        box : array_like, shape (n, 2), optional
            Bounds; a trajectory ends with its first state outside. May be infinite.
        max_steps : int
            Most steps tried for each trajectory, by either method.
        start_time : float
            Time of the starts.
        cancel : callable, optional
            Asked about every 20 ms from the calling thread; once it gives True, trajectories
            that have not ended end as cancelled, within 100 ms.
        progress : callable, optional
            Told as often the share of trajectories that have ended. An exception from it
            stops everything and is passed on.
        threads : int, optional
            Threads; one for each core, if left out, but not for small batches.

        Returns
        -------
        Propagated
            Last states, times, steps, ends and methods. Neither the number of threads nor the other
            trajectories of the batch change a bit of them.

        Raises
        ------
        ValueError
            If shapes do not match, or a number that must be finite is not.
        SpecError
            If a parameter is unknown or no number, or there is no such method.
        """
        batch = make_batch(
            self.dimension,
            partial(self._values, parameters or {}),
            starts,
            span,
            rtol,
            atol,
            box,
            max_steps,
            start_time,
        )
        methods = self._integrate(method, batch, Watch(cancel, progress), threads)
        return Propagated(
            batch.states,
            start_time + batch.times,
            batch.steps,
            batch.ends.astype(np.int8),
            methods,
        )

    def sample(
        self,
        starts: Any,
        times: Any,
        *,
        method: str = "DOP853",
        parameters: Mapping[str, Value] | None = None,
        rtol: Any = 1e-8,
        atol: Any = 1e-8,
        box: Any = None,
        max_steps: int = 100_000,
        start_time: float = 0.0,
        cancel: Callable[[], bool] | None = None,
        progress: Callable[[float], object] | None = None,
        threads: int | None = None,
    ) -> Array:
        """Give the states of trajectories at given times.

        Parameters
        ----------
        starts : array_like, shape (n, m)
            Starts, at `start_time`.
        times : array_like, shape (k,)
            Times, all later or all earlier than the start and ever farther from it.
        method, parameters, rtol, atol, box, max_steps, start_time, cancel, progress, threads
            As in `propagate`.

        Returns
        -------
        ndarray, shape (n, k, m)
            States, from the interpolant of order 7, of order 4 by Rodas5P; NaN after the end
            of a trajectory.

        Raises
        ------
        ValueError, SpecError
            As in `propagate`; ValueError also if the times are not in order.
        """
        moments = np.asarray(times, dtype=np.float64) - start_time
        if moments.ndim != 1 or not np.isfinite(moments).all():
            raise ValueError("the times must be a list of finite numbers")
        away = np.abs(moments)
        one_side = bool((moments >= 0).all() or (moments <= 0).all())
        if not one_side or (np.diff(away) <= 0).any():
            raise ValueError("the times must lead away from the start, one after the other")
        span = float(moments[-1]) if moments.size else 0.0
        batch = make_batch(
            self.dimension,
            partial(self._values, parameters or {}),
            starts,
            span,
            rtol,
            atol,
            box,
            max_steps,
            start_time,
        )
        batch.moments = np.append(moments, np.inf)
        batch.first_moment = int(moments.size > 0 and moments[0] == 0.0)
        batch.samples = np.full((batch.spans.size, moments.size, self.dimension), np.nan)
        if batch.first_moment:
            batch.samples[:, 0] = batch.starts.T
        if batch.samples.size:
            self._integrate(method, batch, Watch(cancel, progress), threads)
        return batch.samples.transpose(2, 1, 0)

    def _values(self, given: Mapping[str, Value], count: int) -> Array:
        for name in given:
            if name not in self._usual:
                raise SpecError(
                    f"{name:.40} is not a parameter",
                    field=f"parameters.{name:.40}",
                    hint="Remove it",
                )
        values = np.empty((len(self._usual), count))
        for i, (name, usual) in enumerate(self._usual.items()):
            value = given.get(name, usual)
            if isinstance(value, str):
                value = float(read_fraction(value, f"parameters.{name}"))
            values[i] = row_of(value, count, name)
        return values

    # running ------------------------------------------------------------------------------

    def _integrate(
        self, method: str, batch: Batch, watch: Watch, threads: int | None
    ) -> NDArray[np.int8]:
        run = partial(self._run, threads)
        methods = run_method(method, batch, watch, run, machine=self._kernels.ready)
        watch.report(1.0)
        return methods

    def _run(self, threads: int | None, batch: Batch, variant: Variant, watch: Watch) -> None:
        with self._kernels.use(variant) as kernel:
            if kernel is not None:
                run_kernel(kernel, batch, watch, threads)
            else:
                count = max(1, batch.spans.size)
                integrate_arrays(
                    self._array_field(),
                    batch,
                    variant,
                    stop=watch.cancelled,
                    report=lambda ended: watch.report(ended / count),
                )

    def _array_field(self) -> ArrayField:
        if self._field is None:
            self._field = ArrayField(self._components, self.variables, self.parameters)
        return self._field
