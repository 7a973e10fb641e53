"""Plotly layout of a portrait, and the settings of its mode bar."""

from __future__ import annotations

import textwrap
from typing import Any

from eqpp_dash.figures.geometry import Frame
from eqpp_dash.figures.labels import printable, rich_name, rich_text
from eqpp_dash.figures.themes import FONT, Theme
from eqpp_dash.model.portrait import Portrait

FIGURE_CONFIG: dict[str, Any] = {
    "responsive": True,
    "displaylogo": False,
    "showSendToCloud": False,
    "scrollZoom": True,
    "doubleClick": "reset",
    "showTips": False,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
    "toImageButtonOptions": {"format": "png", "filename": "phase-portrait", "scale": 3},
}
"""What `dcc.Graph(config=...)` and `Plotly.newPlot` are given: nothing leaves the page."""

PHONE_PLOT = (
    290  # px, width of the plot on a usual phone; what its figure's height is reckoned from
)
TITLE_WIDTHS = {True: 24, False: 80}  # characters a line, on a phone and else


def axis_title(portrait: Portrait, number: int) -> str:
    """Give an axis its variable, Greek as a glyph, and the unit if it has one."""
    variable = portrait.system.variables[number]
    unit = portrait.spec.variables.get(variable, {}).get("unit", "").strip()
    name = rich_name(variable)
    return f"{name} ({rich_text(unit)})" if unit else name


def title_lines(title: str, *, phone: bool) -> list[str]:
    """Break a title into at most two lines that fit, the rest cut off.

    Examples
    --------
    >>> title_lines("A title that is too long for a phone's narrow screen", phone=True)
    ['A title that is too long', "for a phone's narrow …"]
    """
    return textwrap.wrap(printable(title), TITLE_WIDTHS[phone], max_lines=2, placeholder=" …")


def phone_height(frame: Frame, *, entries: int, lines: int) -> int:
    """Give the height in px that suits a phone: plot, title and legend without a gap."""
    plot = PHONE_PLOT / frame.aspect
    return round(min(max(plot, 200), 480)) + 64 + 24 * lines + 19 * -(-entries // 2)


def _axis(title: str, limits: tuple[float, float], theme: Theme, *, phone: bool) -> dict[str, Any]:
    return {
        "title": {"text": title, "standoff": 6, "font": {"size": 15 if phone else 18}},
        "range": list(limits),
        "autorange": False,
        "automargin": True,
        "showgrid": True,
        "gridcolor": theme.grid,
        "gridwidth": 1,
        "zeroline": True,
        "zerolinecolor": theme.axis,
        "zerolinewidth": 1.5,
        "showline": True,
        "mirror": True,
        "linecolor": theme.axis,
        "linewidth": 1,
        "ticks": "outside",
        "ticklen": 4,
        "tickcolor": theme.axis,
        "tickfont": {"size": 11 if phone else 13, "color": theme.muted},
        "nticks": 7 if phone else 10,
        "exponentformat": "power",
        "minexponent": 4,
    }


def portrait_layout(
    portrait: Portrait, frame: Frame, theme: Theme, *, phone: bool, entries: int
) -> dict[str, Any]:
    """Give the layout of a portrait whose legend has so many entries.

    Zoom and legend clicks survive a redraw as long as the window stays the same: it is the
    layout's `uirevision`.
    """
    x_axis = _axis(axis_title(portrait, 0), frame.x, theme, phone=phone)
    y_axis = _axis(axis_title(portrait, 1), frame.y, theme, phone=phone)
    if frame.equal:
        y_axis |= {"scaleanchor": "x", "scaleratio": 1}
        x_axis["constrain"] = y_axis["constrain"] = "domain"
        y_axis["constraintoward"] = "top"
    lines = title_lines(portrait.spec.title, phone=phone)
    window = f"{portrait.system.variables} {frame.x} {frame.y}"
    layout: dict[str, Any] = {
        "font": {"family": FONT, "size": 13, "color": theme.text},
        "paper_bgcolor": theme.paper,
        "plot_bgcolor": theme.plot,
        # Room for usual tick labels: where they made it, plotly could be moved to and fro by them.
        "margin": {"l": 50, "r": 16, "t": 30, "b": 48}
        if phone
        else {"l": 70, "r": 24, "t": 30, "b": 58},
        "xaxis": x_axis,
        "yaxis": y_axis,
        "showlegend": True,
        "legend": {
            "orientation": "h",
            "xref": "container" if phone else "paper",
            "yref": "container",
            "y": 0.004,
            "yanchor": "bottom",
            "x": 0.5,
            "xanchor": "center",
            "groupclick": "togglegroup",
            "itemsizing": "trace",
            "itemwidth": 30,
            "tracegroupgap": 0,
            "bgcolor": "rgba(0,0,0,0)",
            "font": {"size": 11 if phone else 13, "color": theme.text},
        },
        "hovermode": "closest",
        "hoverdistance": 14,
        "hoverlabel": {
            "align": "left",
            "bgcolor": theme.paper,
            "bordercolor": theme.axis,
            "font": {"family": FONT, "size": 13, "color": theme.text},
        },
        "clickmode": "event",
        "dragmode": False if phone else "pan",
        "uirevision": window,
        "modebar": {
            "bgcolor": "rgba(0,0,0,0)",
            "color": theme.muted,
            "activecolor": theme.orbit,
        },
    }
    if lines:
        layout["title"] = {
            "text": "<br>".join(rich_text(line) for line in lines),
            "x": 0.02,
            "xanchor": "left",
            "y": 1,
            "yanchor": "top",
            "yref": "container",
            "font": {"size": 15 if phone else 20, "color": theme.text},
            "automargin": True,
            "pad": {"t": 8, "b": 10},
        }
    if phone:
        layout["height"] = phone_height(frame, entries=entries, lines=len(lines) or 1)
    return layout
