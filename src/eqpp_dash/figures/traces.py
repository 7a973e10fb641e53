"""Plotly traces of a portrait's layers, as plain dicts."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.figures.ends import end_words
from eqpp_dash.figures.geometry import (
    CONNECTING,
    Frame,
    Strokes,
    by_role,
    field_arrows,
    join_polylines,
)
from eqpp_dash.figures.labels import format_numbers, plain_name, rich_name, rich_text
from eqpp_dash.figures.symbols import Mark, by_mark, equilibrium_lines
from eqpp_dash.figures.themes import NULLCLINE_DASHES, Theme
from eqpp_dash.model.cycles import LimitCycle
from eqpp_dash.model.portrait import Equilibrium, OrbitEnd, Portrait, Trajectory
from eqpp_dash.model.sets import set_words
from eqpp_dash.model.typeset import plain_text

Trace = dict[str, Any]

ROLE_LABELS = {
    "seeded": "trajectories",
    "given": "trajectories",
    "stable": "stable separatrix",
    "unstable": "unstable separatrix",
    "heteroclinic": "heteroclinic orbit",
    "homoclinic": "homoclinic orbit",
}
ROLE_WIDTHS = {"seeded": 1.5, "given": 2.6, "stable": 2.3, "unstable": 2.3}

GRID_BITS = 14
"""Coordinates are rounded to so many binary digits of the width of the window, or one more."""

BORDER = 1e-9
"""Points this near the border of the window, in its widths, are on it."""

_SHAPES = {"triangle": "triangle-up", "circle-dot": "circle"}
_SIZES = {"diamond": 13, "star": 16, "square": 10, "triangle": 14, "x": 11}


def typed_array(values: NDArray[Any], frame: Frame, *, exact: bool = False) -> dict[str, str]:
    """Encode an array as Plotly reads it: base64, single precision where that is enough.

    With `exact` it is double in any case.

    Examples
    --------
    >>> typed_array(np.array([1.0]), Frame((0, 1), (0, 1), True))
    {'dtype': 'f4', 'bdata': 'AACAPw=='}
    """
    kind = "f8" if exact or _needs_double(frame) else "f4"
    data = np.ascontiguousarray(values, dtype=f"<{kind}")
    return {"dtype": kind, "bdata": base64.b64encode(data.data).decode()}


@lru_cache(maxsize=16)
def _needs_double(frame: Frame) -> bool:
    limits, narrow = max(map(abs, (*frame.x, *frame.y))), float(frame.span.min())
    return limits > 500 * narrow or limits > 1e30 or narrow < 1e-30


def on_grid(values: NDArray[np.float64], span: float) -> NDArray[np.float64]:
    """Round coordinates to a grid finer than any screen, so that they compress well.

    Parameters
    ----------
    values : ndarray
        Coordinates.
    span : float
        Width of the window in this direction.

    Returns
    -------
    ndarray
        Multiples of a power of 2; off by at most 1/32768 of the width.

    Examples
    --------
    >>> on_grid(np.array([0.1]), 1.0).tolist()
    [0.0999755859375]
    """
    step = 2.0 ** (math.frexp(span)[1] - 1 - GRID_BITS)
    rounded = values * (1.0 / step)
    np.rint(rounded, out=rounded)
    rounded *= step
    return rounded


def curve_trace(points: NDArray[np.float64], frame: Frame, /, **entries: Any) -> Trace:
    """Give a trace of points on a fine grid, joined by lines unless `entries` say otherwise."""
    x, y = (on_grid(points[:, i], b - a) for i, (a, b) in enumerate((frame.x, frame.y)))
    trace: Trace = {
        "type": "scatter",
        "mode": "lines",
        "x": typed_array(x, frame),
        "y": typed_array(y, frame),
        "hoverinfo": "skip",
        **entries,
    }
    if "line" in entries:  # Plotly would cut corners that are seen on a projector
        trace["line"] = {**entries["line"], "simplify": False}
    return trace


def field_traces(portrait: Portrait, frame: Frame, theme: Theme, *, phone: bool) -> list[Trace]:
    """Draw the vector field: one trace of arrows."""
    grid = portrait.field
    if grid is None:
        return []
    widest = 16 if phone else 30
    every = max(1, -(-max(grid.u.shape) // widest))
    arrows = field_arrows(grid, frame, every=every)
    return [
        curve_trace(
            arrows,
            frame,
            name="field",
            legendgroup="field",
            line={"color": theme.field, "width": 1},
        )
    ]


def nullcline_traces(portrait: Portrait, frame: Frame, theme: Theme) -> list[Trace]:
    """Draw the nullclines: one trace a state variable."""
    traces = []
    for number, variable in enumerate(portrait.system.variables):
        own = [item for item in portrait.nullclines if item.variable == variable]
        points = join_polylines((branch for item in own for branch in item.branches), frame)
        if not len(points):
            continue
        traces.append(
            curve_trace(
                points,
                frame,
                name=f"{rich_name(variable)}′ = 0",
                legendgroup=f"nullcline-{number}",
                line={
                    "color": theme.nullclines[number % len(theme.nullclines)],
                    "width": 2,
                    "dash": NULLCLINE_DASHES[number % len(NULLCLINE_DASHES)],
                },
            )
        )
    return traces


def role_colour(role: str, theme: Theme) -> str:
    """Give the colour of a trajectory's role."""
    return {
        "seeded": theme.orbit,
        "given": theme.given,
        "stable": theme.stable,
        "unstable": theme.unstable,
        "heteroclinic": theme.unstable,
        "homoclinic": theme.unstable,
    }[role]


def _role_traces(
    role: str, items: Sequence[Trajectory], frame: Frame, theme: Theme, *, legend: bool
) -> list[Trace]:
    group = role if role in ("stable", "unstable") else "trajectories"
    colour = role_colour(role, theme)
    common = {"legendgroup": group, "name": ROLE_LABELS[role]}
    strokes = Strokes((item.points for item in items), frame)
    curve = curve_trace(
        strokes.joined(),
        frame,
        showlegend=legend,
        line={"color": colour, "width": ROLE_WIDTHS[role]},
        **common,
    )
    marks = strokes.marks().reshape(-1, 2)
    if not len(marks):
        return [curve]
    size = 11 if role == "seeded" else 14
    heads = curve_trace(
        marks,
        frame,
        showlegend=False,
        marker={
            "symbol": "arrow-wide",
            "angleref": "previous",  # so that heads follow the curve at any zoom and aspect
            "size": [0, size] * (len(marks) // 2),
            "color": colour,
            "opacity": 1,
            "line": {"width": 0},
        },
        **common,
    )
    heads["mode"] = "markers"
    return [curve, heads]


def _start_trace(
    items: Sequence[Trajectory], texts: Sequence[str], frame: Frame, theme: Theme
) -> Trace:
    starts = np.array([item.start[:2] for item in items], dtype=float).reshape(-1, 2)
    trace = curve_trace(
        starts,
        frame,
        name="start",
        legendgroup="trajectories",
        showlegend=False,
        hovertext=list(texts),
        marker={
            "symbol": "circle",
            "size": 7,
            "color": theme.given,
            "line": {"color": theme.plot, "width": 1.5},
        },
    )
    return trace | {"mode": "markers", "hoverinfo": "text"}


def _start_texts(
    items: Sequence[Trajectory],
    variables: Sequence[str],
    frame: Frame,
    equilibria: Sequence[Equilibrium],
    cycles: Sequence[LimitCycle],
) -> list[str]:
    """Say of each trajectory through which point it goes, where it comes from and goes to."""
    names = ", ".join(rich_text(plain_name(name)) for name in variables)
    head = "<b>Trajectory</b> through " + (f"({names}) = " if names else "")
    spans = frame.span.tolist()

    @cache
    def place(end: str) -> str:
        return rich_text(end_words(OrbitEnd(end, None), equilibria, spans, cycles))

    starts = np.array([item.start[:2] for item in items], dtype=float)
    x, y = (format_numbers(starts[:, i], 5, span) for i, span in enumerate(spans))
    goes, comes = (
        _halves([getattr(item, half) for item in items], sign, place)
        for half, sign in (("forward", 1), ("backward", -1))
    )
    return [
        f"{head}({a}, {b})<br>goes to {ahead}<br>comes from {behind}"
        for a, b, ahead, behind in zip(x, y, goes, comes, strict=True)
    ]


def _halves(ends: Sequence[OrbitEnd], sign: int, place: Callable[[str], str]) -> list[str]:
    """Say of halves of trajectories where they end, and when."""
    known = [0.0 if end.time is None else sign * end.time for end in ends]
    times = format_numbers(np.array(known, dtype=float))
    return [
        place(end.end) + ("" if end.time is None else f", t = {time}")
        for end, time in zip(ends, times, strict=True)
    ]


def trajectories_traces(
    trajectories: Iterable[Trajectory],
    variables: Sequence[str],
    frame: Frame,
    theme: Theme,
    *,
    legend: bool,
    equilibria: Sequence[Equilibrium] = (),
    cycles: Sequence[LimitCycle] = (),
) -> list[Trace]:
    """Draw trajectories: per role one trace of curves, one of arrowheads, and the starts.

    With `legend` the seeded ones' trace comes even if it is empty, so that the legend has
    an entry for the layer that a click adds to. The `equilibria` and `cycles` name where
    they end. Separatrices that connect have layers of their own: see `connection_traces`.
    """
    traces: list[Trace] = []
    groups = by_role(trajectories)
    for role, items in groups.items():
        if role in CONNECTING:
            continue
        if items or (legend and role == "seeded"):
            shown = legend and role != "given"
            traces += _role_traces(role, items, frame, theme, legend=shown)
    given = groups["given"]
    if given:
        texts = _start_texts(given, variables, frame, equilibria, cycles)
        traces.append(_start_trace(given, texts, frame, theme))
    return traces


def set_traces(portrait: Portrait, frame: Frame, theme: Theme) -> list[Trace]:
    """Draw the curves of equilibria, and the singularities."""
    traces = []
    if portrait.equilibrium_sets:
        points = [np.asarray(item.points, dtype=float) for item in portrait.equilibrium_sets]
        told = [
            rich_text(plain_text(f"{set_words(item.implicit, item.part)} · {item.stability}"))
            for item in portrait.equilibrium_sets
        ]
        trace = curve_trace(
            np.concatenate([part[:, :2] for part in points]),
            frame,
            name="equilibrium set",
            legendgroup="equilibrium-sets",
            hovertext=[
                f"equilibria: {text}" for text, part in zip(told, points, strict=True) for _ in part
            ],
            marker={"symbol": "circle", "size": 5, "color": theme.equilibrium},
        )
        traces.append(trace | {"mode": "markers", "hoverinfo": "text"})
    if portrait.singularities:
        trace = curve_trace(
            np.array([item.point[:2] for item in portrait.singularities], dtype=float),
            frame,
            name="singularity",
            legendgroup="singularities",
            hovertext=[
                "<b>Singularity</b><br>" + rich_text(plain_text(item.reason))
                for item in portrait.singularities
            ],
            marker={
                "symbol": "x-thin",
                "size": 11,
                "line": {"color": theme.unstable, "width": 2.5},
            },
        )
        traces.append(trace | {"mode": "markers", "hoverinfo": "text"})
    return traces


def on_border(points: NDArray[np.float64], frame: Frame) -> NDArray[np.float64]:
    """Put points that are off the window by rounding alone onto its border.

    Plotly hides a mark that is outside, however little.

    Examples
    --------
    >>> on_border(np.array([[1 + 1e-15, 0.5]]), Frame((0, 1), (0, 1), True)).tolist()
    [[1.0, 0.5]]
    """
    limits = np.array([frame.x, frame.y])
    inside = np.clip(points, limits[:, 0], limits[:, 1])
    near = np.abs(points - inside) <= BORDER * frame.span
    return np.where(near, inside, points)


def _is_seen(points: NDArray[np.float64], frame: Frame) -> NDArray[np.bool_]:
    """Tell which points are in the window: those beyond it show when it is moved."""
    limits = np.array([frame.x, frame.y])
    return np.asarray(((points >= limits[:, 0]) & (points <= limits[:, 1])).all(axis=1))


def equilibrium_traces(portrait: Portrait, frame: Frame, theme: Theme) -> list[Trace]:
    """Draw the equilibria: one trace a mark, hover text with what is known of each."""
    traces: list[Trace] = []
    for mark, numbers in by_mark(portrait.equilibria).items():
        points = np.array([portrait.equilibria[number].point[:2] for number in numbers])
        shown = on_border(points, frame)
        trace = curve_trace(
            shown,
            frame,
            name=rich_text(mark.label),
            legendgroup=f"equilibria-{len(traces)}",
            showlegend=bool(_is_seen(shown, frame).any()),
            hovertext=[_equilibrium_text(portrait, number, frame) for number in numbers],
            marker=_marker(mark, theme),
            cliponaxis=False,
            meta={"equilibria": numbers},
        )
        for axis, values in zip("xy", shown.T, strict=True):
            trace[axis] = typed_array(values, frame, exact=True)
        traces.append(trace | {"mode": "markers", "hoverinfo": "text"})
    return traces


def _equilibrium_text(portrait: Portrait, number: int, frame: Frame) -> str:
    head, *rest = (rich_text(line) for line in equilibrium_lines(portrait, number, frame))
    return "<br>".join([f"<b>{head}</b>", *rest])


def _marker(mark: Mark, theme: Theme) -> dict[str, Any]:
    symbol = _SHAPES.get(mark.shape, mark.shape)
    if mark.shape == "circle-dot" or (mark.fill == "half" and symbol != "circle-x"):
        symbol += "-dot"
    outline = theme.equilibrium if mark.decided else theme.undecided
    return {
        "symbol": symbol,
        "size": _SIZES.get(mark.shape, 12),
        "color": outline if mark.fill == "full" else theme.plot,
        "opacity": 1,
        "line": {"color": outline, "width": 2.2},
    }
