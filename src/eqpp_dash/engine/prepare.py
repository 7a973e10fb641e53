"""Check a specification against its system, and give every parameter a value."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from eqpp_dash.engine.system import Limits, System, parse_system
from eqpp_dash.errors import SpecError
from eqpp_dash.model.numbers import read_float
from eqpp_dash.model.spec import PortraitSpec

_DEFINED = re.compile(r"(?:^|[;\n])[ \t]*([^\W\d]\w*)[ \t]*=([^;\n]*)")
"""A definition, and of what."""


def prepare_spec(spec: PortraitSpec, limits: Limits | None = None) -> tuple[System, PortraitSpec]:
    """Check everything that can be checked before computing.

    Parameters
    ----------
    spec : PortraitSpec
        The question. A name that it gives a value is a parameter, whatever else the name could
        mean (``e``, ``I``).
    limits : Limits, optional
        Limits of the equations' text.

    Returns
    -------
    system : System
        The system as it was understood.
    spec : PortraitSpec
        The question with a value for every parameter, so that its portrait id is canonical,
        and the window in the order of the variables; a window to be fitted stays None.

    Raises
    ------
    EquationError
        If the equations cannot be read, or are no planar autonomous system.
    SpecError
        If another entry is invalid; its `field` names it.

    Examples
    --------
    >>> system, spec = prepare_spec(PortraitSpec("x' = y; y' = -k*x"))
    >>> dict(spec.parameters)
    {'k': 1.0}
    """
    spec = spec.replace()
    system = parse_system(spec.equations, limits, spec.parameters)
    _check_planar(system, spec.equations)
    _check_parameters(system, spec)
    for name in spec.variables:
        if name not in system.variables:
            raise _unknown(name, system.variables, f"variables.{name:.40}", "a state variable")
    for index, point in enumerate(spec.initial_conditions):
        check_point(system, point, f"initial_conditions.{index}")
    window = None
    if spec.window is not None:
        for name in spec.window:
            if name not in system.variables:
                raise _unknown(name, system.variables, f"window.{name:.40}", "a state variable")
        for name in system.variables:
            if name not in spec.window:
                raise SpecError(
                    f"the window has no limits for {name}",
                    field=f"window.{name}",
                    hint="Give a lower and an upper one, or leave the whole window out",
                )
        window = {name: spec.window[name] for name in system.variables}
    parameters = {**system.defaults, **spec.parameters}
    return system, spec.replace(parameters=parameters, window=window)


def check_point(system: System, point: Sequence[float], field: str) -> tuple[float, ...]:
    """Check a state.

    Parameters
    ----------
    system : System
        The system.
    point : sequence of float
        The state.
    field : str
        What it belongs to, for the error.

    Returns
    -------
    tuple of float
        The state.

    Raises
    ------
    SpecError
        If it has the wrong length or is not finite.
    """
    if len(point) != system.dimension:
        names = ", ".join(system.variables)
        raise SpecError(
            f"the point has {_count(len(point), 'number')}, the system "
            f"{_count(system.dimension, 'variable')}",
            field=field,
            hint=f"Give one number each for {names}",
        )
    return tuple(read_float(number, field) for number in point)


def _check_planar(system: System, text: str) -> None:
    if system.dimension != 2:
        names = ", ".join(system.variables)
        hint = "Give two equations of first order, or one of second order"
        forgotten = _DEFINED.search(text) if system.dimension == 1 else None
        if forgotten and set(re.findall(r"\w+", forgotten[2])) & set(system.variables):
            name, told = forgotten[1], forgotten[2].strip()
            hint = f"“{name} = {told:.40}” defines a quantity; an equation is {name}' = {told:.40}"
        raise system.error(
            f"this system has {_count(system.dimension, 'variable')} ({names}); this release "
            "draws planar systems",
            hint,
            variable=min(system.dimension - 1, 2),
        )
    if not system.autonomous:
        raise system.error(
            "the time t appears on the right, so the system is not autonomous; this release "
            "draws autonomous ones",
            "Take t out of the right-hand sides, or name a parameter otherwise",
        )


def _check_parameters(system: System, spec: PortraitSpec) -> None:
    for name in spec.parameters:
        field = f"parameters.{name:.40}"
        if name in system.variables:
            raise SpecError(
                f"“{name}” is a state variable, not a parameter",
                field=field,
                hint="Give its starting values as initial conditions",
            )
        if name not in system.parameters:
            raise _unknown(name, system.parameters, field, "a parameter of these equations")


def _unknown(name: str, known: Iterable[str], field: str, what: str) -> SpecError:
    known = tuple(known)
    near = difflib.get_close_matches(name, known, 1)
    if near:
        hint = f"Did you mean “{near[0]}”?"
    elif known:
        hint = f"There are: {', '.join(known)}"
    else:
        hint = "There are none"
    return SpecError(f"“{name:.40}” is not {what}", field=field, hint=hint)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
