"""From what stands in the form to a specification, and back, exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

from eqpp_dash.components.parameters import number_text
from eqpp_dash.errors import EquationError, SpecError
from eqpp_dash.model.numbers import read_fraction
from eqpp_dash.model.spec import MAX_INITIAL_CONDITIONS, Parameter, PortraitSpec

if TYPE_CHECKING:
    from eqpp_dash.services import Services

Constant = Callable[[str, str], float]
Limits = tuple[tuple[str, str], ...]
ASPECTS = ("auto", "equal", "free")
MAX_FIELD = 100


@dataclass(frozen=True, slots=True)
class Form:
    """What stands in the form, as text.

    Attributes
    ----------
    origin : str
        State of the link that the form was filled from.
    title, equations : str
        As typed.
    parameters : mapping of str to str
        Values by name; names that the equations no longer have are ignored.
    known : mapping of str to str
        The value of each parameter that the equations gave when its control was filled.
    limits : tuple of (str, str), or None
        Lower and upper limit of each variable; None to fit the window.
    aspect, method, span, rtol, atol : str
        Options.
    starts : tuple of str
        Points such as ``"0.5, 0"``.
    basins : bool
        Whether the basins of attraction are wanted.
    """

    origin: str
    title: str
    equations: str
    parameters: Mapping[str, str]
    known: Mapping[str, str]
    limits: Limits | None
    aspect: str
    method: str
    span: str
    rtol: str
    atol: str
    starts: tuple[str, ...]
    basins: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """A numbered form, with how it is looked at."""

    seq: int
    form: Form
    theme: str
    phone: bool


def read_draft(data: Any) -> Draft:
    """Read what the browser sent.

    Parameters
    ----------
    data : object
        Decoded JSON from the page.

    Returns
    -------
    Draft
        Checked for types and lengths, not yet for sense.

    Raises
    ------
    SpecError
        If it is no form.
    """
    if not isinstance(data, Mapping):
        raise SpecError("this is no form", hint="Reload the page")
    seq = data.get("seq", 0)
    return Draft(
        seq if isinstance(seq, int) else 0,
        read_form(data.get("form")),
        "dark" if data.get("theme") == "dark" else "light",
        data.get("phone") is True,
    )


def read_form(data: Any) -> Form:
    """Read the form itself; see `read_draft`."""
    if not isinstance(data, Mapping):
        raise SpecError("this is no form", hint="Reload the page")
    parameters = data.get("parameters")
    known = data.get("known", {})
    starts = data.get("starts")
    if (
        not isinstance(known, Mapping)
        or not isinstance(parameters, Mapping)
        or not isinstance(starts, list)
    ):
        raise SpecError("this is no form", hint="Reload the page")
    if len(starts) > MAX_INITIAL_CONDITIONS or len(parameters) > 1000 or len(known) > 1000:
        raise SpecError(
            f"there are more than {MAX_INITIAL_CONDITIONS} trajectories",
            field="initial_conditions",
            hint="Clear some",
        )
    aspect = data.get("aspect")
    return Form(
        origin=_text(data, "origin", 200_000),
        title=_text(data, "title", 1000),
        equations=_text(data, "equations", 2_000_000),
        parameters={
            str(name): _short(value, f"parameters.{name}") for name, value in parameters.items()
        },
        known={str(name): _short(value, f"parameters.{name}") for name, value in known.items()},
        limits=_limits(data.get("limits")),
        aspect=aspect if isinstance(aspect, str) and aspect in ASPECTS else "auto",
        method=_text(data, "method", MAX_FIELD),
        span=_text(data, "span", MAX_FIELD),
        rtol=_text(data, "rtol", MAX_FIELD),
        atol=_text(data, "atol", MAX_FIELD),
        starts=tuple(_short(item, "initial_conditions") for item in starts),
        basins=data.get("basins") is True,
    )


def _text(data: Mapping[str, Any], key: str, longest: int) -> str:
    value = data.get(key)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > longest:
        raise SpecError("this is too long or no text", field=key)
    return value


def _short(value: Any, field: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, (str, int, float)) or len(str(value)) > MAX_FIELD:
        raise SpecError("this is too long or no text", field=field)
    return str(value)


def _limits(value: Any) -> Limits | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(p, list) and len(p) == 2 for p in value):
        raise SpecError("limits are two numbers, lower and upper", field="window")
    return tuple((_short(low, "window"), _short(high, "window")) for low, high in value)


def form_spec(
    form: Form, base: PortraitSpec, understanding: Any, constant: Constant
) -> PortraitSpec:
    """Make the specification that a form asks for.

    Parameters
    ----------
    form : Form
        What stands in the form.
    base : PortraitSpec
        The specification that the form was filled from: what the form has no place for is
        taken from it, and so is any number whose text is unchanged.
    understanding : Understanding
        The equations as understood: its variables, its parameters and their defaults.
    constant : callable
        Reads text such as ``2*pi``; its second argument names the entry.

    Returns
    -------
    PortraitSpec
        Validated but for what only the engine can tell.

    Raises
    ------
    SpecError
        If an entry cannot be read; it names the entry.
    """
    known: Mapping[str, Parameter] = {**understanding.defaults, **base.parameters}
    values = current_values(form.parameters, form.known, understanding.defaults)
    parameters = {
        name: _parameter(name, values[name], known.get(name), constant)
        for name in understanding.parameters
        if values.get(name, "").strip()
    }
    variables = tuple(understanding.variables)
    starts = form.starts if len(variables) == 2 else ()  # else the system is what is wrong
    data = base.to_dict() | {
        "title": form.title[:200],
        "equations": form.equations,
        "parameters": parameters,
        "variables": {n: dict(u) for n, u in base.variables.items() if n in variables},
        "window": _window(form.limits, variables, constant),
        "initial_conditions": [_point(text, variables, constant) for text in starts],
        "options": {
            "rtol": _number(form.rtol, base.options.rtol, "options.rtol", constant),
            "atol": _number(form.atol, base.options.atol, "options.atol", constant),
            "method": form.method or "auto",
        },
    }
    rest = [name for name in base.analyses if name != "basins"]
    data["analyses"] = [*rest, "basins"] if form.basins else rest
    data["time"] = {"start": base.time.start, "span": _span(form.span, constant)}
    return PortraitSpec.from_json(data)


def current_values(
    shown: Mapping[str, str], known: Mapping[str, str], defaults: Mapping[str, Parameter]
) -> dict[str, str]:
    """Give the values in the controls, but the equations' own where those have changed.

    Parameters
    ----------
    shown, known : mapping of str to str
        Value in each control, and the one that the equations gave when it was filled.
    defaults : mapping of str to float or str
        The values that the equations give now.

    Examples
    --------
    >>> current_values({"k": "0.3", "m": "7"}, {"k": "0.3", "m": "1"}, {"k": "0.9", "m": 1.0})
    {'k': '0.9', 'm': '7'}
    """
    given = {name: number_text(value) for name, value in defaults.items()}
    return {
        name: given[name] if known.get(name, given.get(name)) != given.get(name) else text
        for name, text in shown.items()
        if name in given
    }


def _parameter(name: str, text: str, known: Parameter | None, constant: Constant) -> Parameter:
    text = text.strip()
    if known is not None and text == number_text(known):
        return known
    try:
        read_fraction(text)
    except SpecError:
        return constant(text, f"parameters.{name}")
    return text


def _number(text: str, known: float, field: str, constant: Constant) -> float:
    return known if text.strip() in ("", number_text(known)) else constant(text, field)


def _span(text: str, constant: Constant) -> float | str:
    text = text.strip()
    return "auto" if text.lower() in ("", "auto") else constant(text, "time.span")


def _window(limits: Limits | None, variables: tuple[str, ...], constant: Constant) -> Any:
    if limits is None:
        return "fit"
    return {
        name: [
            _limit(low, f"window.{name}.low", constant),
            _limit(high, f"window.{name}.high", constant),
        ]
        for name, (low, high) in zip(variables, limits, strict=False)
    }


def _limit(text: str, field: str, constant: Constant) -> float:
    if not text.strip():
        raise SpecError("nothing stands there", field=field, hint="Type a number, or switch Fit on")
    return constant(text, field)


def _point(text: str, variables: tuple[str, ...], constant: Constant) -> list[float]:
    parts = point_parts(text)
    if len(parts) != len(variables):
        raise SpecError(
            f"“{text.strip():.40}” is not a point of the plane",
            field="initial_conditions",
            hint=f"Give {len(variables)} numbers, such as 0.5, 0",
        )
    return [constant(part, "initial_conditions") for part in parts]


def point_parts(text: str) -> list[str]:
    """Split a point's text at its commas, but not at those within brackets.

    Examples
    --------
    >>> point_parts("(0, sqrt(2))"), point_parts("atan2(1,2), 0"), point_parts("(1), (2)")
    (['0', 'sqrt(2)'], ['atan2(1,2)', '0'], ['(1)', '(2)'])
    """
    text = text.strip()
    if text[:1] == "(" and text[-1:] == ")" and min(_depths(text)[:-1]) > 0:  # one pair round all
        text = text[1:-1]
    cuts = [-1, *(i for i, d in enumerate(_depths(text)) if d == 0 and text[i] == ","), len(text)]
    found = (text[before + 1 : after].strip() for before, after in pairwise(cuts))
    return [part for part in found if part]


def _depths(text: str) -> list[int]:
    """Count the brackets that are open after each letter."""
    return list(accumulate((c in "([") - (c in ")]") for c in text))


def point_entry(point: tuple[float, ...] | list[float]) -> str:
    """Write a point so that reading it gives the same numbers.

    Examples
    --------
    >>> point_entry((0.5, 0.0))
    '0.5, 0'
    """
    return ", ".join(number_text(value) for value in point)


def limit_entries(spec: PortraitSpec, variables: tuple[str, ...]) -> Limits:
    """Write the window's limits, empty where there are none."""
    given = spec.window or {}
    pairs = [given.get(name, ("", "")) for name in variables]
    entries = [(_limit_text(low), _limit_text(high)) for low, high in pairs]
    return tuple((*entries, ("", ""), ("", ""))[:2])


def _limit_text(limit: float | str) -> str:
    return limit if isinstance(limit, str) else number_text(limit)


def form_values(spec: PortraitSpec, understanding: Any | None, origin: str) -> dict[str, Any]:
    """Give what to put into the form for a specification.

    Parameters
    ----------
    spec : PortraitSpec
        The specification.
    understanding : Understanding or None
        Its equations as understood; None if they cannot be read.
    origin : str
        The state that the form is filled from.
    """
    variables = tuple(understanding.variables) if understanding else tuple(spec.window or ())
    (x_low, x_high), (y_low, y_high) = limit_entries(spec, variables)
    known = understanding.defaults if understanding else spec.parameters
    return {
        "origin": origin,
        "title": spec.title,
        "equations": spec.equations,
        "parameters": {name: spec.parameters.get(name, value) for name, value in known.items()},
        "fit": spec.window is None,
        "x_low": x_low,
        "x_high": x_high,
        "y_low": y_low,
        "y_high": y_high,
        "method": spec.options.method,
        "span": "auto" if spec.time.span is None else number_text(spec.time.span),
        "rtol": number_text(spec.options.rtol),
        "atol": number_text(spec.options.atol),
        "starts": [point_entry(point) for point in spec.initial_conditions],
        "basins": "basins" in spec.analyses,
    }


def understood(services: Services, spec: PortraitSpec) -> Any | None:
    """Understand a specification's equations, or give None where they cannot be read."""
    try:
        return services.previews.understand(spec.equations, declared=spec.parameters)
    except EquationError:
        return None
