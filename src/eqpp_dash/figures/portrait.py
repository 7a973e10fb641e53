"""The Plotly figure of a portrait."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from eqpp_dash.errors import EqppError
from eqpp_dash.figures.basins import basin_traces
from eqpp_dash.figures.connecting import connection_traces
from eqpp_dash.figures.cycles import cycle_traces
from eqpp_dash.figures.geometry import Frame, frame_of, portrait_frame
from eqpp_dash.figures.layout import portrait_layout
from eqpp_dash.figures.switching import switching_traces
from eqpp_dash.figures.themes import Theme, theme_named
from eqpp_dash.figures.traces import (
    Trace,
    equilibrium_traces,
    field_traces,
    nullcline_traces,
    set_traces,
    trajectories_traces,
)
from eqpp_dash.model.cycles import LimitCycle
from eqpp_dash.model.portrait import Equilibrium, Portrait, Trajectory

if TYPE_CHECKING:
    import plotly.graph_objects as go


def portrait_figure_dict(
    portrait: Portrait, *, theme: str = "light", phone: bool = False
) -> dict[str, Any]:
    """Draw a portrait as plain values, ready for JSON.

    Parameters
    ----------
    portrait : Portrait
        A planar portrait.
    theme : str
        ``light`` or ``dark``.
    phone : bool
        Whether it is for a narrow screen: fewer arrows, smaller type, no dragging.

    Returns
    -------
    dict
        ``data`` and ``layout``; arrays as base64 in single precision where that suffices.
        Layers are legend groups: ``basin-0``, ``basin-1`` and so on, ``field``,
        ``sliding``, ``escaping``, ``crossing``, ``tangent``,
        ``nullcline-0``, ``nullcline-1``,
        ``trajectories``, ``stable``, ``unstable``, ``heteroclinic``, ``homoclinic``,
        ``cycles-stable``, ``cycles-unstable``,
        ``cycles-semi-stable``, ``equilibrium-sets``, ``singularities`` and, one a kind,
        ``equilibria-0``, ``equilibria-1`` and so on. The traces of a click belong at index
        ``layout.meta.insert_at``, above the curves and below the cycles and points.

    Raises
    ------
    EqppError
        If the portrait is not planar.
    """
    if len(portrait.system.variables) != 2:
        raise EqppError("only planar portraits can be drawn", hint="Give two state variables")
    colours, frame = theme_named(theme), portrait_frame(portrait)
    below: list[Trace] = [
        *basin_traces(portrait, frame, colours),
        *field_traces(portrait, frame, colours, phone=phone),
        *switching_traces(portrait, frame, colours),
        *nullcline_traces(portrait, frame, colours),
        *trajectories_traces(
            portrait.trajectories,
            portrait.system.variables,
            frame,
            colours,
            legend=True,
            equilibria=portrait.equilibria,
            cycles=portrait.limit_cycles,
        ),
        *connection_traces(portrait, frame, colours),
    ]
    data = [
        *below,
        *cycle_traces(portrait, frame, colours),
        *set_traces(portrait, frame, colours),
        *equilibrium_traces(portrait, frame, colours),
    ]
    if phone:
        data = [_shrunk(trace) for trace in data]
    entries = sum(trace.get("showlegend", True) for trace in data)
    layout = portrait_layout(portrait, frame, colours, phone=phone, entries=entries)
    layout["meta"] = {"insert_at": len(below)}
    return {"data": data, "layout": layout}


def _shrunk(trace: Trace, factor: float = 0.75) -> Trace:
    """Draw a trace's marks and lines smaller, for a phone."""
    trace = dict(trace)
    if "marker" in trace:
        size = trace["marker"]["size"]
        small = [factor * s for s in size] if isinstance(size, list) else factor * size
        trace["marker"] = {**trace["marker"], "size": small}
    if "line" in trace and trace["line"]["width"] > 1:
        trace["line"] = {**trace["line"], "width": factor * trace["line"]["width"]}
    return trace


def portrait_figure(portrait: Portrait, *, theme: str = "light") -> go.Figure:
    """Draw a portrait.

    Parameters
    ----------
    portrait : Portrait
        A planar portrait.
    theme : str
        ``light`` or ``dark``.

    Returns
    -------
    plotly.graph_objects.Figure
        The same as `portrait_figure_dict` draws.

    Raises
    ------
    EqppError
        If the portrait is not planar.
    """
    import plotly.graph_objects as go

    drawn = portrait_figure_dict(portrait, theme=theme)
    drawn["layout"]["template"] = "none"
    return go.Figure(drawn)


def trajectory_traces(
    trajectories: Sequence[Trajectory],
    theme: str | Theme = "light",
    *,
    window: Sequence[tuple[float, float]] | None = None,
    variables: Sequence[str] = (),
    equilibria: Sequence[Equilibrium] = (),
    cycles: Sequence[LimitCycle] = (),
) -> list[Trace]:
    """Draw trajectories to add to a figure that is on screen, such as a click's.

    Parameters
    ----------
    trajectories : sequence of Trajectory
        Orbits through points that the user gave.
    theme : str or Theme
        Name of the theme on screen.
    window : sequence of (float, float), optional
        Limits of the two variables; by default the box around the trajectories.
    variables : sequence of str
        Names of the variables, for the hover text.
    equilibria : sequence of Equilibrium
        The equilibria that ends are numbered by, for the hover text.
    cycles : sequence of LimitCycle
        The limit cycles, likewise.

    Returns
    -------
    list of dict
        Traces of the legend group ``trajectories``, without legend entries of their own.
    """
    colours = theme if isinstance(theme, Theme) else theme_named(theme)
    frame = _frame(trajectories, window)
    return trajectories_traces(
        trajectories,
        variables,
        frame,
        colours,
        legend=False,
        equilibria=equilibria,
        cycles=cycles,
    )


def _frame(
    trajectories: Sequence[Trajectory], window: Sequence[tuple[float, float]] | None
) -> Frame:
    if window is None:
        corners = [item.points[:, :2] for item in trajectories if len(item.points)]
        low = [min((float(c[:, i].min()) for c in corners), default=0.0) for i in (0, 1)]
        high = [max((float(c[:, i].max()) for c in corners), default=1.0) for i in (0, 1)]
        window = [(a, b if b > a else a + 1.0) for a, b in zip(low, high, strict=True)]
    (x, y) = window
    return frame_of((x[0], x[1]), (y[0], y[1]))
