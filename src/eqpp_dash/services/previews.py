"""What the page needs at once, without a job: understanding, previews, trajectories."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from eqpp_dash import engine
from eqpp_dash.engine.system import Limits, System
from eqpp_dash.engine.system import parse_constant as engine_constant
from eqpp_dash.model.cycles import LimitCycle
from eqpp_dash.model.portrait import Equilibrium, Notice, Portrait, Trajectory
from eqpp_dash.model.spec import PortraitSpec, Range


@dataclass(frozen=True, slots=True)
class Understanding:
    """A system as it was read.

    Attributes
    ----------
    latex : str
        The whole system, typeset.
    variables : tuple of str
        Its state variables.
    parameters : tuple of str
        Its parameters, in order of appearance.
    defaults : mapping of str to float or str
        The value of each parameter that is not set otherwise.
    notes : tuple of Notice
        How something ambiguous was read, what was assumed.
    """

    latex: str
    variables: tuple[str, ...]
    parameters: tuple[str, ...]
    defaults: Mapping[str, float | str]
    notes: tuple[Notice, ...]


class Previews:
    """The engine, for quick answers.

    Parameters
    ----------
    limits : Limits
        What a system's text may cost.
    check : callable
        Gives the full specification of a question, or raises what is wrong with it.
    """

    def __init__(self, limits: Limits, check: Callable[[PortraitSpec], PortraitSpec]) -> None:
        self._limits = limits
        self._check = check

    def understand(
        self, text: str, limits: Limits | None = None, declared: Iterable[str] = ()
    ) -> Understanding:
        """Read a system's text.

        Parameters
        ----------
        text : str
            The equations as typed.
        limits : Limits, optional
            What they may cost; else as set.
        declared : iterable of str
            Names that have a value elsewhere, and so are parameters.

        Raises
        ------
        EquationError
            If it cannot be read.
        """
        system: System = engine.parse_system(text, limits or self._limits, declared)
        return Understanding(
            latex=system.echo_latex,
            variables=system.variables,
            parameters=system.parameters,
            defaults=system.defaults,
            notes=system.notes,
        )

    def constant(self, text: str, field: str = "") -> float:
        """Read a number as people type it, such as ``2*pi``.

        Raises
        ------
        SpecError
            If it is no finite number; it names `field`.
        """
        return engine_constant(text, field)

    def check(self, spec: PortraitSpec) -> PortraitSpec:
        """Give the full specification, every parameter with a value.

        Raises
        ------
        EquationError, SpecError
            If the question has no sense.
        """
        return self._check(spec)

    def preview(self, spec: PortraitSpec, starts: Sequence[Sequence[float]] = ()) -> Portrait:
        """Compute field, nullclines, equilibria and the orbits through given points, quickly.

        Raises
        ------
        EquationError, SpecError
            If the question has no sense.
        """
        return engine.preview_portrait(self._check(spec), starts=starts, limits=self._limits)

    def trajectories(
        self,
        spec: PortraitSpec,
        starts: Sequence[Sequence[float]],
        window: Mapping[str, Range],
        cycles: tuple[LimitCycle, ...] = (),
    ) -> tuple[tuple[Trajectory, ...], tuple[Equilibrium, ...]]:
        """Trace the orbits through given points, both directions; `cycles` are those known.

        Returns
        -------
        trajectories : tuple of Trajectory
            One a point.
        equilibria : tuple of Equilibrium
            The equilibria that their ends are numbered by.
        """
        spec = self._check(spec)
        return engine.trace_to_equilibria(spec, starts, window, limits=self._limits, cycles=cycles)
