"""From the command line to a portrait's specification."""

from __future__ import annotations

import sys
from pathlib import Path

from eqpp_dash.errors import SpecError
from eqpp_dash.model.numbers import read_fraction
from eqpp_dash.model.spec import PortraitSpec

MAX_SPEC_BYTES = 1_000_000


def read_spec(
    source: str | None,
    equations: str | None,
    *,
    title: str | None = None,
    values: tuple[str, ...] = (),
    limits: tuple[str, ...] = (),
    points: tuple[str, ...] = (),
    basins: bool = False,
) -> PortraitSpec:
    """Make the specification that a command line asks for.

    Parameters
    ----------
    source : str or None
        File with a specification, ``-`` for standard input.
    equations : str or None
        The equations themselves; exactly one of both is given.
    title : str, optional
        Its title.
    values : tuple of str
        ``NAME=VALUE``, a parameter each.
    limits : tuple of str
        ``NAME=LOW:HIGH``, a variable's limits each.
    points : tuple of str
        ``X,Y``, a point to follow a trajectory through each.
    basins : bool
        Whether the basins of attraction are wanted too.

    Returns
    -------
    PortraitSpec
        The specification, options laid over the file's entries.

    Raises
    ------
    SpecError
        If the file cannot be read or an option has no sense.
    """
    if (source is None) == (equations is None):
        raise SpecError(
            "give a specification or equations, one of them",
            hint="""Such as: eqpp-dash compute -e "x' = y; y' = -sin(x)\"""",
        )
    spec = (
        PortraitSpec.from_json({"equations": equations})
        if source is None
        else PortraitSpec.from_json(_read_file(source))
    )
    data = spec.to_dict()
    if title is not None:
        data["title"] = title
    for item in values:
        name, value = _split(item, "--set", "mu=2")
        data["parameters"][name] = _value(value, "--set")
    if limits:
        window = {} if spec.window is None else dict(data["window"])
        for item in limits:
            name, value = _split(item, "--window", "x=-4:4")
            low, colon, high = value.partition(":")
            if not colon or not low.strip() or not high.strip():
                raise SpecError(
                    f"“{item:.40}” lacks a limit",
                    field="--window",
                    hint=f"Give both, such as {name:.40}=-4:4, or leave every --window out to fit",
                )
            window[name] = [_value(low, "--window"), _value(high, "--window")]
        data["window"] = window
    for item in points:
        data["initial_conditions"].append([_value(part, "--through") for part in item.split(",")])
    if basins:
        data["analyses"].append("basins")
    return PortraitSpec.from_json(data)


def _split(item: str, option: str, example: str) -> tuple[str, str]:
    name, sign, value = item.partition("=")
    if not sign or not name.strip() or not value.strip():
        raise SpecError(
            f"“{item:.40}” is not NAME=VALUE", field=option, hint=f"Such as {option} {example}"
        )
    return name.strip(), value.strip()


def _value(text: str, option: str) -> float | str:
    """Keep a plain number as text, which is read exactly; work out such as 2*pi."""
    try:
        read_fraction(text, option)
    except SpecError:
        from eqpp_dash.engine.system import parse_constant

        return float(parse_constant(text.strip(), option))
    return text


def _read_file(source: str) -> bytes:
    try:
        data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise SpecError(
            f"{source} cannot be read: {error.strerror}", hint="Name a file with a specification"
        ) from error
    if len(data) > MAX_SPEC_BYTES:
        raise SpecError(f"{source} is too large for a specification", hint="Up to one megabyte")
    return data
