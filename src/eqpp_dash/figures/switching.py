"""Surfaces at which a field jumps, as a layer of a figure: line styles tell the kinds apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from eqpp_dash.figures.geometry import Frame, join_polylines
from eqpp_dash.figures.labels import format_point, printable
from eqpp_dash.figures.themes import Theme
from eqpp_dash.figures.traces import Trace, curve_trace
from eqpp_dash.model.portrait import Portrait
from eqpp_dash.model.sets import rests

SEGMENT_LABELS = {
    "sliding": "sliding segment",
    "escaping": "escaping segment",
    "crossing": "crossing segment",
    "tangent": "tangent segment",
}
"""Names in the legend, in the order in which they are drawn."""

RESTING = {
    "sliding": " (orbits come to rest on it)",
    "escaping": " (all of it is at rest)",
    "tangent": " (every point of it can be at rest)",
}
"""What is said of a segment on which all points are equilibria."""

SEGMENT_WIDTHS = {"sliding": 6.0, "escaping": 4.0, "crossing": 2.0, "tangent": 3.0}

SEGMENT_DASHES = {
    "sliding": "solid",
    "escaping": "10px,6px",
    "crossing": "2px,5px",
    "tangent": "12px,4px,2px,4px",
}


def switching_layers(portrait: Portrait, frame: Frame) -> Iterator[tuple[str, NDArray[Any]]]:
    """Give the kinds of segments that there are, each with all of its polylines as one.

    Parameters
    ----------
    portrait : Portrait
        A planar portrait.
    frame : Frame
        Its window.
    """
    for kind in SEGMENT_LABELS:
        lines = [item.points for item in portrait.switching if item.kind == kind]
        points = join_polylines(lines, frame)
        if len(points):
            yield kind, points


def switching_traces(portrait: Portrait, frame: Frame, theme: Theme) -> list[Trace]:
    """Draw the surfaces at which the field jumps: one trace a kind of segment."""
    return [
        curve_trace(
            points,
            frame,
            name=SEGMENT_LABELS[kind],
            legendgroup=kind,
            line={
                "color": theme.switching,
                "width": SEGMENT_WIDTHS[kind],
                "dash": SEGMENT_DASHES[kind],
            },
        )
        for kind, points in switching_layers(portrait, frame)
    ]


def segment_words(portrait: Portrait) -> list[tuple[str, ...]]:
    """Tell of each segment the surface, the kind, and the points between which it is.

    Points are told to six digits, in no order of time.
    """
    sets = [(item.implicit, item.points) for item in portrait.equilibrium_sets]
    spans = [high - low for low, high in portrait.window.values()]
    rows = []
    for item in portrait.switching:
        ends = [
            f"{format_point(point.tolist(), spans, 6)} ({end})"
            for point, end in zip((item.points[0], item.points[-1]), item.ends, strict=True)
        ]
        still = rests(item.surface, item.points, sets)
        kind = item.kind + (RESTING.get(item.kind, "") if still else "")
        rows.append((printable(item.surface), kind, *ends))
    return rows
