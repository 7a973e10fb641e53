"""One function for every format."""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from eqpp_dash.errors import EqppError
from eqpp_dash.exports.latex import portrait_latex
from eqpp_dash.exports.page import portrait_page
from eqpp_dash.exports.script import portrait_script
from eqpp_dash.exports.table import portrait_table
from eqpp_dash.model.portrait import Portrait

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Export:
    """A portrait as a file.

    Attributes
    ----------
    bytes : bytes
        The file's content.
    media_type : str
        For the HTTP header.
    file_name : str
        A name for it, of plain letters, digits, ``-`` and ``.``; it says of what was stopped
        early that it is partial.
    """

    bytes: builtins.bytes
    media_type: str
    file_name: str


def _json(portrait: Portrait, facts: Facts) -> bytes:
    return orjson.dumps(facts, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _picture(kind: str) -> Callable[[Portrait, Facts], bytes]:
    def draw(portrait: Portrait, facts: Facts) -> bytes:
        from eqpp_dash.exports.picture import portrait_picture  # matplotlib takes half a second

        return portrait_picture(portrait, kind)

    return draw


_WRITERS: dict[str, tuple[Callable[[Portrait, Facts], bytes], str]] = {
    "json": (_json, "application/json"),
    "csv": (lambda portrait, facts: portrait_table(portrait).encode(), "text/csv; charset=utf-8"),
    "html": (
        lambda portrait, facts: portrait_page(portrait, facts).encode(),
        "text/html; charset=utf-8",
    ),
    "tex": (
        lambda portrait, facts: portrait_latex(portrait, facts).encode("ascii"),
        "application/x-tex; charset=us-ascii",
    ),
    "svg": (_picture("svg"), "image/svg+xml"),
    "png": (_picture("png"), "image/png"),
    "pdf": (_picture("pdf"), "application/pdf"),
    "py": (
        lambda portrait, facts: portrait_script(portrait).encode(),
        "text/x-python; charset=utf-8",
    ),
}

FORMATS = tuple(_WRITERS)


def export_portrait(portrait: Portrait, facts: Facts, format: str) -> Export:
    """Write a portrait as a file.

    Parameters
    ----------
    portrait : Portrait
        A planar portrait.
    facts : mapping
        Its facts, as `Portrait.facts` gives them.
    format : str
        One of `FORMATS`: ``json`` (the facts), ``csv`` (equilibria, limit cycles and
        trajectories),
        ``html`` (the report with the interactive figure; works offline), ``tex`` (the report in
        LaTeX), ``svg``, ``png``, ``pdf`` (pictures), ``py`` (a script that computes it anew).

    Returns
    -------
    Export
        Equal portraits give equal bytes.

    Raises
    ------
    EqppError
        If the format is unknown.
    """
    if format not in _WRITERS:
        raise EqppError(
            f"unknown format “{format:.20}”", hint=f"Choose one of {', '.join(FORMATS)}"
        )
    write, media_type = _WRITERS[format]
    return Export(write(portrait, facts), media_type, f"{_stem(portrait)}.{format}")


def _stem(portrait: Portrait) -> str:
    words = re.findall(r"[a-z0-9]+", portrait.spec.title.lower())
    name = "-".join(words)[:60].strip("-") or "phase-portrait"
    return f"{name}-partial" if portrait.stopped else name
