"""Basins of attraction in pictures for print."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path

from eqpp_dash.exports.glyphs import drawable
from eqpp_dash.figures.basins import TOLD, basin_legend, basin_pieces, tints
from eqpp_dash.figures.geometry import Frame
from eqpp_dash.figures.themes import Theme
from eqpp_dash.model.portrait import Portrait

_HATCHES = {"": "", "/": "//", ".": "..", "\\": "\\\\", "x": "xx", "-": "--", "|": "||", "+": "++"}


def draw_basins(axes: Axes, portrait: Portrait, frame: Frame, theme: Theme) -> list[Patch]:
    """Tint the basins beneath everything else, and give an entry of the legend each."""
    if portrait.basins is None:
        return []
    entries = []
    pieces, spans = basin_pieces(portrait.basins, frame), tuple(frame.span.tolist())
    shown = zip(portrait.basins.basins, pieces, tints(portrait.basins, theme), strict=True)
    for item, outlines, tint in shown:
        style: dict[str, Any] = {
            "facecolor": to_rgba(tint.colour, theme.tinting),
            "edgecolor": to_rgba(tint.colour, min(1.0, 2 * theme.tinting)),
            "hatch": _HATCHES[tint.pattern],
            "linewidth": 0.0,
        }
        rings = [Path(ring, closed=True) for piece in outlines for ring in piece]
        if not rings:
            continue
        axes.add_patch(PathPatch(Path.make_compound_path(*rings), zorder=0.2, **style))
        if item.fraction >= TOLD:
            entries.append(Patch(label=drawable(basin_legend(item, spans)), **style))
    return entries
