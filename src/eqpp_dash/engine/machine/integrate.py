"""Integrate many trajectories of the system just typed, in machine code where that can be made.

Explicit method DOP853 with the step control of `stepcode` and, for stiff systems, Rodas5P; every
trajectory has its own step, parameters and time span, and a bounded number of steps, so nothing
hangs. Without LLVM, or while it still compiles, numpy computes the same within the tolerance, more
slowly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache, partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self, Unpack

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.expression.freeze import freeze, may_switch
from eqpp_dash.engine.expression.graph import Node
from eqpp_dash.engine.machine.batch import Batch, filled, make_batch, row_of
from eqpp_dash.engine.machine.blowup import ends_seen, find_blow_ups
from eqpp_dash.engine.machine.fallback import ArrayField
from eqpp_dash.engine.machine.hybrid.pieces import USUAL_SWITCHINGS, Pieces
from eqpp_dash.engine.machine.hybrid.switched import Switched
from eqpp_dash.engine.machine.kernel import USUAL
from eqpp_dash.engine.machine.layout import End, Method, Variant
from eqpp_dash.engine.machine.options import Options, Value
from eqpp_dash.engine.machine.propagated import Propagated
from eqpp_dash.engine.machine.runner import Runner
from eqpp_dash.engine.machine.sections import (
    Crossings,
    CycleTargets,
    Events,
    SectionEvent,
    Targets,
    make_events,
    read_sections,
)
from eqpp_dash.engine.machine.threads import Watch
from eqpp_dash.engine.system import System
from eqpp_dash.errors import SpecError
from eqpp_dash.model.numbers import read_fraction

__all__ = [
    "Crossings",
    "CycleTargets",
    "End",
    "Integrator",
    "Method",
    "Propagated",
    "SectionEvent",
    "Targets",
]

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

OF_BATCH = frozenset({"rtol", "atol", "box", "max_steps", "start_time"})
"""Options that `make_batch` takes."""

OPTIONS = frozenset(Options.__annotations__)

ON_SECTION = (int(End.SECTION), int(End.CYCLE))
NEAR_POINT = (int(End.TARGET), int(End.CYCLE))


@lru_cache(maxsize=1024)
def _read(text: str, field: str) -> float:
    """Read a number; a call for one trajectory would take longer to read its parameters."""
    return float(read_fraction(text, field))


def _numbers(
    batch: Batch, seen: frozenset[int], ends: Sequence[int], numbers: Integers
) -> Integers:
    """Give what some ends have reached, where one more is noted; -1 for other trajectories."""
    which = seen.intersection(ends)
    if not which:
        return filled(numbers.size, -1, np.int64)
    if len(which) == len(seen):
        return numbers - 1
    return np.where(np.isin(batch.ends, list(which)), numbers - 1, -1)


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
    sections : sequence of Node or str
        Expressions ``g(t, x)`` whose zeros may be looked for; text in the system's names.
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
        sections: Sequence[Node | str] = (),
        folder: Path | None = None,
        wait: bool = True,
        machine: bool = True,
    ) -> None:
        self.variables = tuple(variables)
        self._usual = dict(parameters or {})
        self.parameters = tuple(self._usual)
        self.dimension = len(self.variables)
        self._sections = read_sections(sections, self.variables, self.parameters)

        def make(
            field: Sequence[Node], names: Sequence[str], seen: Sequence[Node], first: Variant
        ) -> Runner:
            return Runner(
                field, self.variables, names, seen, folder=folder, wait=wait, machine=machine,
                first=first,
            )  # fmt: skip

        self._components = list(components)
        frozen = freeze(self._components) if may_switch(self._components) else None
        self._made: Runner | Pieces
        if frozen is not None and frozen.surfaces:
            self._made = Pieces(frozen, self.variables, self.parameters, self._sections, make)
        else:
            self._made = make(self._components, self.parameters, self._sections, USUAL)

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
        return "machine" if self._made.ready else "numpy"

    @property
    def surfaces(self) -> tuple[str, ...]:
        """The surfaces where the field jumps or has a kink, each seen from one of its sides."""
        if isinstance(self._made, Runner):
            return ()
        return tuple(surface.text for surface in self._made.cells.frozen.surfaces)

    @property
    def trouble(self) -> str:
        """Why there is no machine code where some was wanted; empty if there is no reason."""
        return self._made.trouble

    def prepare(self) -> None:
        """Have the code for long work from now on, which else follows when work has become long."""
        self._made.prepare()

    def close(self) -> None:
        """Free the machine code, after the calls that are under way."""
        self._made.close()

    @cached_property
    def _field(self) -> ArrayField:
        return ArrayField(self._components, self.variables, self.parameters)

    # integrating --------------------------------------------------------------------------

    def propagate(
        self,
        starts: Any,
        span: Any,
        *,
        events: Sequence[SectionEvent] = (),
        targets: Targets | None = None,
        cycle_targets: Sequence[CycleTargets] = (),
        beyond: bool = False,
        **options: Unpack[Options],
    ) -> Propagated:
        """Integrate trajectories to their ends.

        Parameters
        ----------
        starts : array_like, shape (n, m)
            Starts.
        span : float or array_like, shape (m,)
            Time to integrate; negative goes backward.
        events : sequence of SectionEvent
            What is wanted of the sections' crossings.
        targets : Targets, optional
            A trajectory ends with its first state near one of these points; looked at at the
            start and after each step. Where a trajectory comes to stay, as at a sink, it is not
            missed; a point that it passes within a step may be, which a section would notice.
        cycle_targets : sequence of CycleTargets
            A trajectory ends where it crosses the section near one of these points. They are
            numbered through.
        beyond : bool
            Whether trajectories that leave the box are followed farther, to tell those that
            grow beyond all bounds in finite time, which end with ``INFINITY``, from the others,
            which end with ``BOX``.
        **options
            See `options.Options`.

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
        make = partial(
            make_events,
            self.dimension,
            sections=len(self._sections),
            events=events,
            targets=targets,
            cycle_targets=cycle_targets,
        )
        batch = self._prepare(starts, span, options, make)
        methods, switched = self._integrate(batch, options)
        start_time = batch.start_time
        quiet = Watch(options.get("cancel"), None)
        follow = partial(self._follow, options, quiet)
        blow_up = find_blow_ups(lambda: self._field, batch, beyond, follow)
        seen = ends_seen(batch)
        return Propagated(
            batch.states,
            start_time + batch.times if start_time else batch.times,
            batch.steps,
            batch.ends.astype(np.int8),
            methods,
            _numbers(batch, seen, ON_SECTION, batch.passed),
            _numbers(batch, seen, NEAR_POINT, batch.reached),
            tuple(batch.events.crossings(event.section, start_time) for event in events),
            start_time + blow_up if start_time else blow_up,
            switched,
        )

    def sample(
        self,
        starts: Any,
        times: Any,
        **options: Unpack[Options],
    ) -> Array:
        """Give the states of trajectories at given times.

        Parameters
        ----------
        starts : array_like, shape (n, m)
            Starts, at `start_time`.
        times : array_like, shape (k,)
            Times, all later or all earlier than the start and ever farther from it.
        **options
            See `options.Options`.

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
        moments = np.asarray(times, dtype=np.float64) - options.get("start_time", 0.0)
        if moments.ndim != 1 or not np.isfinite(moments).all():
            raise ValueError("the times must be a list of finite numbers")
        away = np.abs(moments)
        one_side = bool((moments >= 0).all() or (moments <= 0).all())
        if not one_side or (np.diff(away) <= 0).any():
            raise ValueError("the times must lead away from the start, one after the other")
        span = float(moments[-1]) if moments.size else 0.0
        make = partial(make_events, self.dimension, sections=len(self._sections))
        batch = self._prepare(starts, span, options, make)
        batch.moments = np.append(moments, np.inf)
        batch.firsts[:] = int(moments.size > 0 and moments[0] == 0.0)
        batch.samples = np.full((batch.spans.size, moments.size, self.dimension), np.nan)
        if moments.size and moments[0] == 0.0:
            batch.samples[:, 0] = batch.starts.T
        if batch.samples.size:
            self._integrate(batch, options)
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
                value = _read(value, f"parameters.{name}")
            values[i] = value if isinstance(value, float | int) else row_of(value, count, name)
        return values

    # running ------------------------------------------------------------------------------

    def _prepare(
        self,
        starts: Any,
        span: Any,
        options: Options,
        events: Callable[[int], Events] | None = None,
    ) -> Batch:
        """Make a batch of what the caller gave."""
        if not options.keys() <= OPTIONS:
            raise TypeError(f"there is no option {min(options.keys() - OPTIONS)}")
        numbers: Any = {key: value for key, value in options.items() if key in OF_BATCH}
        values = partial(self._values, options.get("parameters") or {})
        return make_batch(self.dimension, values, starts, span, events=events, **numbers)

    def _integrate(self, batch: Batch, options: Options) -> tuple[NDArray[np.int8], Switched]:
        watch = Watch(options.get("cancel"), options.get("progress"))
        found = self._follow(options, watch, batch)
        watch.report(1.0)
        return found

    def _follow(
        self, options: Options, watch: Watch, batch: Batch
    ) -> tuple[NDArray[np.int8], Switched]:
        method, threads = options.get("method", "DOP853"), options.get("threads")
        if isinstance(self._made, Pieces):
            most = options.get("max_switchings", USUAL_SWITCHINGS)
            if most < 1:
                raise ValueError("max_switchings must be positive")
            found = self._made.follow(method, batch, watch, threads, most)
            return found.methods, found.switched
        methods = self._made.run(method, batch, watch, threads)
        return methods, Switched.none(batch.spans.size)
