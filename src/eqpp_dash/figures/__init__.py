"""Plotly figures from model values: pure, and without importing Plotly but for a Figure."""

from eqpp_dash.figures.layout import FIGURE_CONFIG
from eqpp_dash.figures.portrait import portrait_figure, portrait_figure_dict, trajectory_traces
from eqpp_dash.figures.themes import THEMES, Theme, theme_named

__all__ = [
    "FIGURE_CONFIG",
    "THEMES",
    "Theme",
    "portrait_figure",
    "portrait_figure_dict",
    "theme_named",
    "trajectory_traces",
]
