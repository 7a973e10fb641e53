"""How a portrait was computed, so that it can be computed anew."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from eqpp_dash.exports.report.blocks import (
    Block,
    Bullets,
    Cell,
    Code,
    Listing,
    Row,
    Section,
    Table,
    Words,
    anchor,
    told,
)
from eqpp_dash.figures.labels import format_number, printable
from eqpp_dash.model.portrait import Portrait
from eqpp_dash.model.spec import ANALYSES

EVIDENCE = (
    ("proved", "by interval arithmetic or exact algebra"),
    ("verified", "by a second method, or a residual below the error"),
    ("numerical", "by one computation in floating point"),
    ("undecided", "not known, and no guess is made"),
)


def remark_sections(portrait: Portrait) -> Iterator[Section]:
    """Give the section on warnings and remarks, if there are any."""
    if portrait.notices:
        items = tuple((anchor("warning", k), told(notice.message))
                      for k, notice in enumerate(portrait.notices))  # fmt: skip
        yield Section("Warnings and remarks", "remarks", (Bullets(items),))


def making_section(portrait: Portrait, facts: Mapping[str, Any]) -> Section:
    """Give the section on how it was computed, with the specification."""
    entries = [f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in portrait.spec.to_dict().items()]
    spec = "\n".join(["{", ",\n".join(entries), "}"])
    meaning = tuple(("", (f"{word}: {words}.",)) for word, words in EVIDENCE)
    blocks: tuple[Block, ...] = (
        Table((("what",), ("value",)), (1, 3), tuple(_entries(portrait, facts)), pairs=True),
        Words(("Evidence means:",)),
        Bullets(meaning),
        Words(
            (
                "To compute it anew, save the following as ",
                Code("spec.json"),
                " and run ",
                Code("eqpp-dash compute spec.json -o portrait.html"),
                ".",
            )
        ),
        Listing(spec),
    )
    return Section("How it was computed", "engine", blocks)


def _entries(portrait: Portrait, facts: Mapping[str, Any]) -> Iterator[Row]:
    spec = portrait.spec

    def entry(name: str, *value: Any, at: str = "") -> Row:
        cell: Cell = tuple(value)
        return Row(((name,), cell), at)

    yield entry("engine", f"EQPP Dash {portrait.engine}")
    if portrait.integrator:
        yield entry("integrated by", portrait.integrator)
    yield entry("method", spec.options.method)
    yield entry("relative tolerance", format_number(spec.options.rtol))
    yield entry("absolute tolerance", format_number(spec.options.atol))
    span = spec.time.span
    yield entry("time span", "chosen by the engine" if span is None else format_number(span, 8))
    yield entry("analyses", ", ".join(spec.analyses))
    missing = [name for name in ANALYSES if name not in spec.analyses]
    if missing:
        yield entry("not asked for", ", ".join(missing))
    for name, state in portrait.completeness.items():
        yield entry(f"completeness of {name.replace('_', ' ')}", str(state))
    why = f"partial: {printable(portrait.stopped)}" if portrait.stopped else "stopped early"
    yield entry("status", why if portrait.partial else "finished", at="status")
    if portrait.timing:
        times = [
            f"{name.removesuffix('_s').replace('_', ' ')} {format_number(value, 3)} s"
            for name, value in portrait.timing.items()
        ]
        yield entry("timing", ", ".join(times), at="timing")
    identity = facts.get("id")
    if identity:
        yield entry("portrait", Code(str(identity)))
        where = " on the server that keeps it"
        yield entry("link", Code(f"/p/{identity}"), where)
