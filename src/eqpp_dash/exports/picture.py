"""A portrait as a picture for print, drawn by matplotlib."""

from __future__ import annotations

import io
import math
import threading
from collections.abc import Iterable
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, ScalarFormatter
from numpy.typing import NDArray

from eqpp_dash.exports.glyphs import FONT, drawable
from eqpp_dash.exports.ticks import angle_step, angle_text
from eqpp_dash.exports.tinting import draw_basins
from eqpp_dash.figures.cycles import cycle_name
from eqpp_dash.figures.geometry import (
    CONNECTING,
    Frame,
    by_role,
    direction_marks,
    field_arrows,
    join_polylines,
    portrait_frame,
)
from eqpp_dash.figures.labels import plain_name, printable
from eqpp_dash.figures.layout import title_lines
from eqpp_dash.figures.switching import SEGMENT_LABELS, SEGMENT_WIDTHS, switching_layers
from eqpp_dash.figures.symbols import Mark, by_mark
from eqpp_dash.figures.themes import LIGHT, Theme
from eqpp_dash.figures.traces import ROLE_LABELS, role_colour
from eqpp_dash.model.portrait import Portrait

WIDTH = 8.0  # inches
DPI = 200

_RC: Any = {
    "font.family": FONT,
    "font.size": 10.0,
    "axes.unicode_minus": True,
    "svg.fonttype": "path",
    "svg.hashsalt": "eqpp-dash",
    "pdf.fonttype": 42,
    "path.simplify": True,
    "text.usetex": False,
}
_NO_DATES: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": "EQPP Dash"},
    "pdf": {"CreationDate": None, "Creator": "EQPP Dash", "Producer": "EQPP Dash"},
    "png": {"Software": "EQPP Dash"},
}
_MARKERS = {
    "diamond": ("D", 7.0),
    "diamond-tall": ("d", 9.0),
    "square": ("s", 6.5),
    "octagon": ("8", 8.0),
    "cross": ("P", 8.5),
    "star": ("*", 11.0),
    "pentagon": ("p", 8.5),
    "hexagon": ("h", 8.5),
    "triangle": ("^", 8.0),
    "triangle-left": ("<", 8.0),
    "x": ("X", 8.0),
}
_DASHES: tuple[Any, ...] = ((0, (6, 3)), (0, (1, 1.8)))
_SEGMENTS: dict[str, Any] = {
    "sliding": "solid",
    "escaping": (0, (2.5, 1.5)),
    "crossing": (0, (1, 2.5)),
    "tangent": (0, (6, 2, 1, 2)),
}
_CYCLE_DASHES: dict[str, Any] = {
    "stable": "solid",
    "unstable": (0, (3.5, 2)),
    "semi-stable": (0, (5, 1.6, 1, 1.6)),
}
_HEADS = {"seeded": 6.0, "homoclinic": 10.0, "heteroclinic": 10.0}
_CORES: dict[str, Any] = {"homoclinic": "solid", "heteroclinic": (0, (3.5, 2.2))}
_LOCK = threading.Lock()  # matplotlib's settings and its text cache are the process's


def portrait_picture(portrait: Portrait, kind: str) -> bytes:
    """Draw a portrait for print: the layers, palette and marks of the screen's light theme.

    Parameters
    ----------
    portrait : Portrait
        A planar portrait.
    kind : str
        ``svg``, ``png`` (200 dots an inch) or ``pdf``.

    Returns
    -------
    bytes
        The file; equal portraits give equal bytes.
    """
    target = io.BytesIO()
    with _LOCK, mpl.rc_context(_RC):
        figure = draw_portrait(portrait)
        title = printable(portrait.spec.title)
        metadata = {**_NO_DATES[kind], "Title": title} if title else _NO_DATES[kind]
        figure.savefig(target, format=kind, dpi=DPI, metadata=metadata)
    return target.getvalue()


def draw_portrait(portrait: Portrait, theme: Theme = LIGHT) -> Figure:
    """Draw a portrait as a matplotlib figure of its own, known to no global state."""
    frame = portrait_frame(portrait)
    height = min(max((WIDTH - 1.0) / frame.aspect, 3.0), 8.5) + 1.5
    engine = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12)
    figure = Figure(figsize=(WIDTH, height), facecolor=theme.paper, layout=engine)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot(facecolor=theme.plot)
    entries: list[Artist | tuple[Line2D, Line2D]] = [
        *_draw_field(axes, portrait, frame, theme),
        *_draw_switching(axes, portrait, frame, theme),
        *_draw_nullclines(axes, portrait, frame, theme),
        *_draw_trajectories(axes, portrait, frame, theme),
        *_draw_cycles(axes, portrait, frame, theme),
        *_draw_sets(axes, portrait, theme),
        *_draw_equilibria(axes, portrait, theme),
        *draw_basins(axes, portrait, frame, theme),
    ]
    _finish_axes(axes, portrait, frame, theme)
    if entries:
        legend = figure.legend(
            handles=entries,
            labels=[str(_main(entry).get_label()) for entry in entries],
            handler_map={tuple: HandlerTuple(ndivide=1)},
            loc="outside lower center",
            ncols=min(len(entries), 4 if portrait.basins is None else 3),
            frameon=False,
            fontsize=9,
            labelcolor=theme.text,
        )
        _plain_text(legend.get_texts())
    return figure


def _main(entry: Artist | tuple[Line2D, Line2D]) -> Artist:
    return entry[0] if isinstance(entry, tuple) else entry


def _plain_text(texts: Iterable[Any]) -> None:
    for text in texts:
        text.set_parse_math(False)


def _line(axes: Axes, points: NDArray[np.float64], **style: Any) -> Line2D:
    line = Line2D(points[:, 0], points[:, 1], **style)
    axes.add_line(line)
    return line


def _draw_field(axes: Axes, portrait: Portrait, frame: Frame, theme: Theme) -> list[Line2D]:
    if portrait.field is None:
        return []
    every = max(1, -(-max(portrait.field.u.shape) // 30))
    arrows = field_arrows(portrait.field, frame, every=every)
    return [_line(axes, arrows, color=theme.field, linewidth=0.6, zorder=1, label="field")]


def _draw_switching(axes: Axes, portrait: Portrait, frame: Frame, theme: Theme) -> list[Line2D]:
    return [
        _line(
            axes,
            points,
            color=theme.switching,
            linewidth=0.7 * SEGMENT_WIDTHS[kind],
            linestyle=_SEGMENTS[kind],
            zorder=1.5,
            label=SEGMENT_LABELS[kind],
        )
        for kind, points in switching_layers(portrait, frame)
    ]


def _draw_nullclines(axes: Axes, portrait: Portrait, frame: Frame, theme: Theme) -> list[Line2D]:
    lines = []
    for number, variable in enumerate(portrait.system.variables):
        own = [item for item in portrait.nullclines if item.variable == variable]
        points = join_polylines((branch for item in own for branch in item.branches), frame)
        if len(points):
            lines.append(
                _line(
                    axes,
                    points,
                    color=theme.nullclines[number],
                    linewidth=1.5,
                    linestyle=_DASHES[number],
                    zorder=2,
                    label=drawable(f"{plain_name(variable)}′ = 0"),
                )
            )
    return lines


def _draw_double(
    axes: Axes, points: NDArray[np.float64], role: str, theme: Theme
) -> tuple[Line2D, Line2D]:
    """Draw orbits that connect: a line, and a light one along its middle."""
    style = {"color": role_colour(role, theme), "linewidth": 3.8, "label": ROLE_LABELS[role]}
    core = {"color": theme.plot, "linewidth": 1.4, "linestyle": _CORES[role]}
    return _line(axes, points, zorder=3.1, **style), _line(axes, points, zorder=3.2, **core)


def _draw_trajectories(
    axes: Axes, portrait: Portrait, frame: Frame, theme: Theme
) -> list[Line2D | tuple[Line2D, Line2D]]:
    legend: dict[str, Line2D | tuple[Line2D, Line2D]] = {}
    for role, items in by_role(portrait.trajectories).items():
        if not items:
            continue
        colour, curves = role_colour(role, theme), [item.points for item in items]
        width = {"seeded": 1.0, "given": 1.9}.get(role, 1.6)
        points = join_polylines(curves, frame)
        label = ROLE_LABELS[role]
        if role in CONNECTING:
            legend[label] = _draw_double(axes, points, role, theme)
        else:
            line = _line(axes, points, color=colour, linewidth=width, zorder=3, label=label)
            legend.setdefault(label, line)
        for base, tip in direction_marks(curves, frame):
            _draw_head(axes, base, tip, frame, colour, _HEADS.get(role, 7.5))
        if role == "given":
            starts = np.array([item.start[:2] for item in items])
            style = {"markeredgecolor": theme.plot, "markersize": 5.0, "linestyle": "none"}
            _line(axes, starts, marker="o", color=colour, zorder=4, **style)
    return list(legend.values())


def _draw_cycles(axes: Axes, portrait: Portrait, frame: Frame, theme: Theme) -> list[Line2D]:
    legend: dict[str, Line2D] = {}
    for item in portrait.limit_cycles:
        points = join_polylines([item.points], frame)
        if not len(points):
            continue
        style = {"linestyle": _CYCLE_DASHES[item.stability], "label": cycle_name(item)}
        _line(axes, points, color=theme.plot, linewidth=5.5, zorder=4.2)
        line = _line(axes, points, color=theme.cycle, linewidth=2.8, zorder=4.4, **style)
        legend.setdefault(item.stability, line)
        for base, tip in direction_marks([item.points], frame):
            _draw_head(axes, base, tip, frame, theme.cycle, 10.0, zorder=4.6)
    return list(legend.values())


def _draw_head(
    axes: Axes,
    base: NDArray[np.float64],
    tip: NDArray[np.float64],
    frame: Frame,
    colour: str,
    size: float,
    zorder: float = 3.5,
) -> None:
    way = (tip - base) / frame.unit
    if not way.any():
        return
    angle = math.degrees(math.atan2(way[1], way[0])) - 90
    style = {"markersize": size, "linestyle": "none", "markeredgewidth": 0.0}
    _line(axes, tip[None, :], marker=(3, 0, angle), color=colour, zorder=zorder, **style)


def _draw_sets(axes: Axes, portrait: Portrait, theme: Theme) -> list[Line2D]:
    lines = []
    if portrait.equilibrium_sets:
        points = np.concatenate([item.points[:, :2] for item in portrait.equilibrium_sets])
        style = {"marker": "o", "markersize": 2.5, "linestyle": "none"}
        lines.append(
            _line(axes, points, color=theme.equilibrium, zorder=5, label="equilibrium set", **style)
        )
    if portrait.singularities:
        points = np.array([item.point[:2] for item in portrait.singularities])
        style = {"marker": "x", "markersize": 7, "markeredgewidth": 2, "linestyle": "none"}
        lines.append(
            _line(axes, points, color=theme.unstable, zorder=5, label="singularity", **style)
        )
    return lines


def _draw_equilibria(axes: Axes, portrait: Portrait, theme: Theme) -> list[Line2D]:
    lines = []
    for mark, numbers in by_mark(portrait.equilibria).items():
        points = np.array([portrait.equilibria[number].point[:2] for number in numbers])
        points = _in_window(points, portrait_frame(portrait))
        if not len(points):
            continue  # marks that are not clipped need room, though there be none
        outline = theme.equilibrium if mark.decided else theme.undecided
        shape, size = _MARKERS.get(mark.shape, ("o", 7.5))
        line = _line(
            axes,
            points,
            marker=shape,
            markersize=size,
            markerfacecolor=outline if mark.fill == "full" else theme.plot,
            markeredgecolor=outline,
            markeredgewidth=1.5,
            linestyle="none",
            zorder=7,
            clip_on=False,
            label=mark.label,
        )
        _draw_centre(axes, line.get_xydata(), mark, outline)
        lines.append(line)
    return lines


def _in_window(points: NDArray[np.float64], frame: Frame) -> NDArray[np.float64]:
    """Give those that are not beyond the window: their marks are whole on its border."""
    near = np.all(np.abs((points - frame.low) / frame.span - 0.5) <= 0.5 + 1e-9, axis=-1)
    return np.asarray(points[near])


def _draw_centre(axes: Axes, points: Any, mark: Mark, colour: str) -> None:
    if mark.shape == "circle-x":
        style: dict[str, Any] = {"marker": "x", "markersize": 4.5}
    elif mark.shape == "circle-dot" or mark.fill == "half":
        style = {"marker": ".", "markersize": 4.0}
    else:
        return
    _line(axes, points, color=colour, linestyle="none", zorder=8, clip_on=False, **style)


def _finish_axes(axes: Axes, portrait: Portrait, frame: Frame, theme: Theme) -> None:
    axes.set_xlim(*frame.x)
    axes.set_ylim(*frame.y)
    if frame.equal:
        axes.set_aspect("equal")
    axes.grid(True, color=theme.grid, linewidth=0.7)
    axes.set_axisbelow(True)
    for position, value in (("x", 0.0), ("y", 0.0)):
        draw = axes.axvline if position == "x" else axes.axhline
        draw(value, color=theme.axis, linewidth=0.9, zorder=0.6)
    for spine in axes.spines.values():
        spine.set_color(theme.axis)
    axes.tick_params(colors=theme.muted, labelcolor=theme.text, labelsize=9)
    for axis, limits, variable in zip(
        (axes.xaxis, axes.yaxis), (frame.x, frame.y), portrait.system.variables, strict=True
    ):
        _set_ticks(axis, limits)
        unit = drawable(portrait.spec.variables.get(variable, {}).get("unit", "")).strip()
        name = drawable(plain_name(variable))
        label = axis.set_label_text(f"{name} ({unit})" if unit else name, color=theme.text)
        label.set_fontsize(12)
        _plain_text([label])
    lines = title_lines(portrait.spec.title, phone=False)
    if lines:
        title = axes.set_title(
            "\n".join(map(drawable, lines)), loc="left", color=theme.text, fontsize=13, pad=10
        )
        _plain_text([title])


def _set_ticks(axis: Any, limits: tuple[float, float]) -> None:
    step = angle_step(limits)
    if step is None:
        axis.set_major_locator(MaxNLocator(9, steps=[1, 2, 2.5, 5, 10]))
        formatter = ScalarFormatter(useMathText=True)
        formatter.set_powerlimits((-3, 4))
        axis.set_major_formatter(formatter)
        return
    first, last = math.ceil(limits[0] / step - 1e-9), math.floor(limits[1] / step + 1e-9)
    axis.set_major_locator(FixedLocator([k * step for k in range(first, last + 1)]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: angle_text(value)))
