"""What is asked: the specification of a portrait, frozen, validated and canonical."""

from __future__ import annotations

import difflib
import hashlib
import math
from base64 import b32encode
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any

import orjson

from eqpp_dash.errors import SpecError
from eqpp_dash.model.layout import plain_layout
from eqpp_dash.model.numbers import read_float, read_fraction

SPEC_VERSION = 1
MAX_TITLE_LENGTH = 200
MAX_INITIAL_CONDITIONS = 200
METHODS = ("auto", "DOP853", "Radau")
USUAL_ANALYSES = ("field", "nullclines", "equilibria", "separatrices", "cycles", "trajectories")
"""The parts of a portrait that does not say which are wanted."""

ANALYSES = (*USUAL_ANALYSES, "basins")

Parameter = float | str
Range = tuple[float, float]


def _empty() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """When trajectories start and how long they may run.

    Attributes
    ----------
    start : float
        Time of the initial conditions.
    span : float or None
        Longest time followed in either direction; None lets the engine choose.
    """

    start: float = 0.0
    span: float | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """Options of the numerics.

    Attributes
    ----------
    rtol, atol : float
        Relative and absolute tolerance of the integrator.
    method : str
        One of `METHODS`; ``auto`` takes DOP853 and switches to Radau where it is stiff.
    """

    rtol: float = 1e-8
    atol: float = 1e-10
    method: str = "auto"


@dataclass(frozen=True, slots=True)
class PortraitSpec:
    """One question: which system, which window, which analyses.

    Equal questions have equal `canonical_json` and so the same `portrait_id`.

    Attributes
    ----------
    equations : str
        The system as typed, line ends and outer blanks tidied.
    title : str
        For people only; no part of the identity.
    parameters : mapping of str to float or str
        Values by name; text such as ``"8/3"`` is exact.
    variables : mapping of str to mapping
        Notes on a state variable, such as its ``unit``.
    window : mapping of str to (float, float), or None
        Lower and upper limit of each state variable; None lets the engine fit one.
    initial_conditions : tuple of tuple of float
        Starting points of trajectories, in the order of the variables.
    time : TimeSpan
        Times of the trajectories.
    options : Options
        Options of the numerics.
    analyses : tuple of str
        The parts wanted, from `ANALYSES`, in that order; usually all but the basins.

    Examples
    --------
    >>> spec = PortraitSpec.from_json('{"equations": "dx/dt = y; dy/dt = -x"}')
    >>> spec.window is None
    True
    >>> PortraitSpec.from_json(spec.to_json()) == spec
    True
    """

    equations: str
    title: str = ""
    parameters: Mapping[str, Parameter] = field(default_factory=_empty)
    variables: Mapping[str, Mapping[str, str]] = field(default_factory=_empty)
    window: Mapping[str, Range] | None = None
    initial_conditions: tuple[tuple[float, ...], ...] = ()
    time: TimeSpan = field(default_factory=TimeSpan)
    options: Options = field(default_factory=Options)
    analyses: tuple[str, ...] = USUAL_ANALYSES

    @classmethod
    def from_json(cls, source: str | bytes | Mapping[str, Any]) -> PortraitSpec:
        """Read and validate a specification.

        Parameters
        ----------
        source : str, bytes or mapping
            JSON text, or what it decodes to.

        Returns
        -------
        PortraitSpec
            The validated specification.

        Raises
        ------
        SpecError
            If an entry is unknown, missing or invalid; it names the entry.
        """
        data = _decode(source)
        _check_keys(data, (*(f.name for f in fields(cls)), "version"), "")
        version = data.get("version", SPEC_VERSION)
        if version != SPEC_VERSION or isinstance(version, bool):
            raise SpecError(
                f"version {version!r:.40} of the format is not known here",
                field="version",
                hint=f"This release reads version {SPEC_VERSION}",
            )
        return cls(
            equations=_read_equations(data.get("equations")),
            title=_read_title(data.get("title", "")),
            parameters=_read_parameters(data.get("parameters", {})),
            variables=_read_variables(data.get("variables", {})),
            window=_read_window(data.get("window")),
            initial_conditions=_read_points(data.get("initial_conditions", [])),
            time=_read_time(data.get("time", {})),
            options=_read_options(data.get("options", {})),
            analyses=_read_analyses(data.get("analyses", list(USUAL_ANALYSES))),
        )

    def to_dict(self) -> dict[str, Any]:
        """Give the specification as plain values, ready for JSON."""
        return {
            "version": SPEC_VERSION,
            "title": self.title,
            "equations": self.equations,
            "parameters": dict(self.parameters),
            "variables": {name: dict(notes) for name, notes in self.variables.items()},
            "window": "fit"
            if self.window is None
            else {name: list(limits) for name, limits in self.window.items()},
            "initial_conditions": [list(point) for point in self.initial_conditions],
            "time": {
                "start": self.time.start,
                "span": "auto" if self.time.span is None else self.time.span,
            },
            "options": {
                "rtol": self.options.rtol,
                "atol": self.options.atol,
                "method": self.options.method,
            },
            "analyses": list(self.analyses),
        }

    def to_json(self) -> str:
        """Give the specification as JSON text; `from_json` reads it back equal."""
        return orjson.dumps(self.to_dict()).decode()

    def canonical_json(self) -> bytes:
        """Give the bytes that stand for the question: sorted keys, title left out.

        Of the equations' text their layout is left out; see `plain_layout`.
        """
        data = self.to_dict()
        del data["title"]
        data["equations"] = plain_layout(self.equations)
        return orjson.dumps(data, option=orjson.OPT_SORT_KEYS)

    def replace(self, **changes: Any) -> PortraitSpec:
        """Give a copy with some entries changed, validated anew."""
        return PortraitSpec.from_json(replace(self, **changes).to_dict())


def portrait_id(spec: PortraitSpec, results_version: int) -> str:
    """Name a question: a hash of the canonical spec and the engine's results version.

    Parameters
    ----------
    spec : PortraitSpec
        The question, with every parameter given a value.
    results_version : int
        Raised by the engine when its results change.

    Returns
    -------
    str
        16 characters of ``a-z2-7``.

    Examples
    --------
    >>> len(portrait_id(PortraitSpec("x' = -x; y' = -y"), 1))
    16
    """
    digest = hashlib.blake2b(spec.canonical_json(), digest_size=10)
    digest.update(b"results %d" % results_version)
    return b32encode(digest.digest()).decode().lower()


def _decode(source: str | bytes | Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(source, (str, bytes)):
        try:
            source = orjson.loads(source)
        except orjson.JSONDecodeError as error:
            raise SpecError(f"this is not JSON: {error}") from error
    if not isinstance(source, Mapping):
        raise SpecError("a specification is a JSON object", hint='Start from {"equations": "..."}')
    return source


def _check_keys(data: Mapping[str, Any], known: tuple[str, ...], path: str) -> None:
    for key in data:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, 1)
            hint = f"Did you mean “{near[0]}”?" if near else f"Known entries: {', '.join(known)}"
            raise SpecError(f"unknown entry “{key!s:.40}”", field=path, hint=hint)


def _object(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise SpecError(f"{value!r:.60} is not an object", field=path)
    return value


def _read_equations(value: Any) -> str:
    if not isinstance(value, str):
        raise SpecError("the equations are missing", field="equations", hint="Give them as text")
    lines = value.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def _read_title(value: Any) -> str:
    if not isinstance(value, str) or len(value) > MAX_TITLE_LENGTH:
        raise SpecError(f"the title is text of up to {MAX_TITLE_LENGTH} characters", field="title")
    return " ".join(value.split())


def _read_parameters(value: Any) -> Mapping[str, Parameter]:
    result: dict[str, Parameter] = {}
    for name, number in _object(value, "parameters").items():
        path = f"parameters.{name!s:.40}"
        read_fraction(number, path)
        result[name] = number.strip() if isinstance(number, str) else _plain(float(number))
    return MappingProxyType(dict(sorted(result.items())))


def _read_variables(value: Any) -> Mapping[str, Mapping[str, str]]:
    result = {}
    for name, notes in _object(value, "variables").items():
        path = f"variables.{name!s:.40}"
        _check_keys(_object(notes, path), ("unit",), path)
        if not all(isinstance(text, str) and len(text) <= 40 for text in notes.values()):
            raise SpecError("a unit is text of up to 40 characters", field=path)
        result[name] = MappingProxyType(dict(notes))
    return MappingProxyType(result)


def _read_window(value: Any) -> Mapping[str, Range] | None:
    if value is None or value == "fit":
        return None
    result = {
        name: _read_range(limits, f"window.{name!s:.40}")
        for name, limits in _object(value, "window").items()
    }
    if not result:
        raise SpecError("the window has no limits", field="window", hint='Give them or "fit"')
    return MappingProxyType(result)


def _read_range(limits: Any, path: str) -> Range:
    if not isinstance(limits, (list, tuple)) or len(limits) != 2:
        raise SpecError("limits are two numbers, lower and upper", field=path)
    for limit, end in zip(limits, ("lower", "upper"), strict=True):
        if limit is None or (isinstance(limit, str) and not limit.strip()):
            raise SpecError(
                f"the {end} limit is missing",
                field=path,
                hint="Give a number, or leave the whole window out to have it fitted",
            )
    low, high = (_plain(read_float(limit, path)) for limit in limits)
    if low == high:
        raise SpecError("the window has no width", field=path, hint="Move one of the limits")
    if low > high:
        raise SpecError("the lower limit is above the upper", field=path, hint="Swap them")
    width, size = high - low, max(abs(low), abs(high))
    if not math.isfinite(width) or size > 1e150:
        raise SpecError("the window is too wide to compute in", field=path, hint="Stay below 1e150")
    if width < 1e-150 or width < 1e-12 * size:
        raise SpecError("the window is too narrow to compute in", field=path, hint="Widen it")
    return low, high


def _read_points(value: Any) -> tuple[tuple[float, ...], ...]:
    if not isinstance(value, (list, tuple)) or len(value) > MAX_INITIAL_CONDITIONS:
        raise SpecError(
            f"initial conditions are a list of up to {MAX_INITIAL_CONDITIONS} points",
            field="initial_conditions",
        )
    points = []
    for index, point in enumerate(value):
        path = f"initial_conditions.{index}"
        if not isinstance(point, (list, tuple)) or not 1 <= len(point) <= 12:
            raise SpecError("a point is a list of numbers, one per variable", field=path)
        points.append(tuple(_plain(read_float(number, path)) for number in point))
    return tuple(points)


def _read_time(value: Any) -> TimeSpan:
    _check_keys(_object(value, "time"), ("start", "span"), "time")
    start = _plain(read_float(value.get("start", 0.0), "time.start"))
    span = value.get("span", "auto")
    if span is None or span == "auto":
        return TimeSpan(start, None)
    return TimeSpan(start, _positive(span, "time.span", 1e9))


def _read_options(value: Any) -> Options:
    _check_keys(_object(value, "options"), ("rtol", "atol", "method"), "options")
    default = Options()
    method = value.get("method", default.method)
    if method not in METHODS:
        raise SpecError(
            f"unknown method {method!r:.40}",
            field="options.method",
            hint=f"Choose one of {', '.join(METHODS)}",
        )
    rtol = _positive(value.get("rtol", default.rtol), "options.rtol", 0.1)
    if rtol < 1e-13:
        raise SpecError("a relative tolerance below 1e-13 is beyond doubles", field="options.rtol")
    return Options(rtol, _positive(value.get("atol", default.atol), "options.atol", 1e3), method)


def _read_analyses(value: Any) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)):
        raise SpecError("analyses are a list of names", field="analyses")
    for name in value:
        if name not in ANALYSES:
            raise SpecError(
                f"unknown analysis {name!r:.40}",
                field="analyses",
                hint=f"Choose from {', '.join(ANALYSES)}",
            )
    return tuple(name for name in ANALYSES if name in value)


def _positive(value: Any, path: str, largest: float) -> float:
    number = read_float(value, path)
    if not 0 < number <= largest:
        raise SpecError(
            f"{number:g} is out of range", field=path, hint=f"Give more than 0, at most {largest:g}"
        )
    return number


def _plain(number: float) -> float:
    return number + 0.0  # -0.0 and 0.0 are one question
