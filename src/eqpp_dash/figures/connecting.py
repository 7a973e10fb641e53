"""Plotly traces of the homoclinic and heteroclinic orbits of a portrait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from eqpp_dash.figures.ends import end_words
from eqpp_dash.figures.geometry import CONNECTING, Frame, by_role, direction_marks, join_polylines
from eqpp_dash.figures.labels import rich_text
from eqpp_dash.figures.themes import Theme
from eqpp_dash.figures.traces import ROLE_LABELS, Trace, curve_trace, role_colour, typed_array
from eqpp_dash.model.portrait import CONNECTED, OrbitEnd, Portrait, Trajectory

WIDTH, CORE = 5.6, 2.0
"""Widths in px of a connection, and of the light line along its middle: both make it double."""

CORES = {"homoclinic": "solid", "heteroclinic": "9px,5px"}
"""For each sort the dash of the line along the middle, so that no colour is needed."""

UNNUMBERED = -1


def connection_numbers(portrait: Portrait) -> dict[Trajectory, int]:
    """Tell which connection each separatrix is that is drawn.

    Parameters
    ----------
    portrait : Portrait
        A planar portrait.

    Returns
    -------
    dict of Trajectory to int
        The unstable branches of the connections that are proved or verified, by their numbers.
        Others that connect are images of these by a period and have no number.
    """
    drawn = [item for item in portrait.trajectories if item.origin == "separatrix"]
    branches = [k for k, item in enumerate(portrait.separatrices) if item.branch == "unstable"]
    found: dict[Trajectory, int] = {}
    for number, item in enumerate(portrait.connections):
        out = item.separatrices[0]
        place = branches.index(out) if out in branches else len(drawn)
        if item.status == "near" or place >= len(drawn):
            continue
        curve = drawn[place]
        if (curve.backward.end, curve.forward.end) == (
            f"equilibrium {item.source}",
            f"equilibrium {item.target}",
        ):
            found[curve] = number
    return found


def connection_traces(portrait: Portrait, frame: Frame, theme: Theme) -> list[Trace]:
    """Draw the orbits that are known to connect equilibria as double lines.

    A sort has its legend group, ``heteroclinic`` or ``homoclinic``: the curves, the line along
    their middle, arrowheads, and what the legend shows. In `customdata` the curves' points have
    the numbers of their connections.

    Parameters
    ----------
    portrait : Portrait
        A planar portrait.
    frame : Frame
        Its window as drawn.
    theme : Theme
        Colours.
    """
    numbers = connection_numbers(portrait)
    traces: list[Trace] = []
    groups = by_role(portrait.trajectories)
    for role in CONNECTING:
        items = groups[role]
        if items:
            traces += _sort_traces(role, items, numbers, portrait, frame, theme)
    return traces


def _sort_traces(
    role: str,
    items: Sequence[Trajectory],
    numbers: Mapping[Trajectory, int],
    portrait: Portrait,
    frame: Frame,
    theme: Theme,
) -> list[Trace]:
    common: dict[str, Any] = {"legendgroup": role, "name": ROLE_LABELS[role]}
    colour = role_colour(role, theme)
    parts = [join_polylines([item.points], frame) for item in items]
    gap = np.full((1, 2), np.nan)
    points = np.concatenate([row for part in parts for row in (part, gap)])[:-1]
    sizes = [len(part) + 1 for part in parts]
    known = [numbers.get(item, UNNUMBERED) for item in items]
    texts = [
        _hover(role, item, number, portrait, frame)
        for item, number in zip(items, known, strict=True)
    ]
    hidden = {**common, "showlegend": False}
    curve = curve_trace(
        points,
        frame,
        line={"color": colour, "width": WIDTH},
        hovertext=[text for text, size in zip(texts, sizes, strict=True) for _ in range(size)][:-1],
        customdata=typed_array(np.repeat(known, sizes)[:-1], frame),
        **hidden,
    )
    core = curve_trace(
        points, frame, line={"color": theme.plot, "width": CORE, "dash": CORES[role]}, **hidden
    )
    marks = direction_marks([item.points for item in items], frame).reshape(-1, 2)
    heads = curve_trace(
        marks,
        frame,
        marker={
            "symbol": "arrow-wide",
            "angleref": "previous",
            "size": [0, 17] * (len(marks) // 2),
            "color": colour,
            "opacity": 1,
            "line": {"width": 0},
        },
        **hidden,
    )
    drawn = [curve | {"hoverinfo": "text"}, core]
    return [
        *drawn,
        *([heads | {"mode": "markers"}] if len(marks) else []),
        _key(role, frame, theme),
    ]


def _key(role: str, frame: Frame, theme: Theme) -> Trace:
    """Give the entry of the legend: a line with a light bar in it, a short one for a dash."""
    nowhere = np.full((1, 2), np.nan)
    return curve_trace(
        nowhere,
        frame,
        legendgroup=role,
        name=ROLE_LABELS[role],
        line={"color": role_colour(role, theme), "width": WIDTH},
        marker={
            "symbol": "line-ew",
            "size": 16 if role == "homoclinic" else 7,
            "opacity": 1,
            "line": {"color": theme.plot, "width": CORE},
        },
    ) | {"mode": "lines+markers"}


def _hover(role: str, item: Trajectory, number: int, portrait: Portrait, frame: Frame) -> str:
    spans = frame.span.tolist()

    def place(end: OrbitEnd) -> str:
        return rich_text(end_words(end, portrait.equilibria, spans))

    known = next(
        end.reason.removeprefix(CONNECTED)
        for end in (item.forward, item.backward)
        if end.reason.startswith(CONNECTED)
    )
    head = f"<b>{ROLE_LABELS[role].capitalize()}</b>"
    head += "" if number == UNNUMBERED else f" · connection {number}"
    way = f"from {place(item.backward)}<br>to {place(item.forward)}"
    if role == "homoclinic":
        way = f"of {place(item.forward)}"
    return f"{head}<br>{way}<br>{rich_text(known.split(':')[0])}"
