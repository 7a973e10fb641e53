"""Basins of attraction: their outlines, how they are tinted, and what they are called."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from contourpy import FillType, contour_generator
from numpy.typing import NDArray

from eqpp_dash.figures.labels import format_number, format_point, printable, rich_text
from eqpp_dash.figures.themes import Theme
from eqpp_dash.model.basins import UNDECIDED, Basin, BasinMap
from eqpp_dash.model.portrait import Portrait

if TYPE_CHECKING:
    from eqpp_dash.figures.geometry import Frame
    from eqpp_dash.figures.traces import Trace

Array = NDArray[np.float64]

_FATES = {
    "infinity": "orbits that go to infinity",
    "left work box": "orbits that go far out of the window",
    "undefined": "orbits that end where the field is undefined",
    UNDECIDED: "undecided",
}
_BRIEF = {
    "infinity": "to infinity",
    "left work box": "far out of the window",
    "undefined": "to where the field is undefined",
    UNDECIDED: "undecided basin",
}
PATTERNS = ("", "/", ".", "\\", "x", "-", "|", "+")
"""Patterns that tell basins apart without colour, in the order of the tints."""

TOLD = 1e-3
"""Basins of a smaller share of the window are drawn, but have no entry in the legend."""

SMALLEST = 2e-5
"""Pieces of a smaller share of the window are not drawn: a few cells on a border."""


@dataclass(frozen=True, slots=True)
class Tint:
    """How a basin is filled.

    Attributes
    ----------
    colour : str
        ``#rrggbb``, to be laid on thinly.
    pattern : str
        Of `PATTERNS`.
    """

    colour: str
    pattern: str


def basin_words(item: Basin, spans: tuple[float, ...] = ()) -> str:
    """Name what a basin belongs to.

    Examples
    --------
    >>> at = np.array([1.0, 0.0])
    >>> basin_words(Basin("equilibrium 2", 0.5, 8.0, 0.01, "verified", at, "stable focus"))
    'stable focus (1, 0)'
    """
    if item.of in _FATES:
        return _FATES[item.of]
    kind = f"{item.kind} limit cycle through" if item.of.startswith("cycle") else item.kind
    beyond = " beyond the window" if item.of == "beyond" else ""
    return printable(f"{kind} {format_point(item.point, spans, 4)}{beyond}")


def basin_legend(item: Basin, spans: tuple[float, ...] = ()) -> str:
    """Name a basin briefly, with its share of the window.

    Examples
    --------
    >>> at = np.array([1.0, 0.0])
    >>> basin_legend(Basin("equilibrium 2", 0.5, 8.0, 0.01, "verified", at, "stable focus"))
    'basin of (1, 0): 50.0 %'
    """
    name = _BRIEF.get(item.of, "")
    if not name:
        through = "the cycle through " if item.of.startswith("cycle") else ""
        name = f"basin of {through}{format_point(item.point, spans, 4)}"
    return printable(f"{name}: {basin_share(item)}")


def basin_share(item: Basin) -> str:
    """Write the share of the window, with a decimal less where a cell of the grid is more.

    Examples
    --------
    >>> basin_share(Basin("infinity", 0.33398, 8.0, 0.001, "numerical", np.zeros(2)))
    '33.4 %'
    >>> basin_share(Basin("infinity", 0.0001, 8.0, 0.001, "numerical", np.zeros(2)))
    '0.01 %'
    """
    percent = 100.0 * item.fraction
    if 0 < percent < 0.1:
        return f"{format_number(percent, 2)} %"
    return "100 %" if item.fraction == 1 else f"{min(percent, 99.9):.1f} %"


def tints(basins: BasinMap, theme: Theme) -> list[Tint]:
    """Give the tint of every basin: grey where no attractor is known."""
    found, used = [], 0
    for item in basins.basins:
        if item.of in _FATES:
            grey = {"infinity": "", UNDECIDED: "x"}.get(item.of, "/")
            found.append(Tint(theme.nowhere, grey))
        else:
            colour = theme.basins[used % len(theme.basins)]
            found.append(Tint(colour, PATTERNS[used // len(theme.basins) % len(PATTERNS)]))
            used += 1
    return found


def basin_pieces(basins: BasinMap, frame: Frame) -> list[list[list[Array]]]:
    """Give the outlines of every basin.

    Parameters
    ----------
    basins : BasinMap
        The cells.
    frame : Frame
        The window.

    Returns
    -------
    list of list of list of ndarray, shape (m, 2)
        For each basin its pieces, for each piece its outline and those of its holes, which run
        the other way round. Steps of cells are rounded off; the smallest pieces are left out.
    """
    side = basins.side
    middle = (np.arange(side) + 0.5) / side
    ticks = np.concatenate([[0.0], middle, [1.0]])
    found = []
    for number in range(len(basins.basins)):
        inside = np.pad((basins.labels == number).astype(float), 1, mode="edge")
        smooth = _blurred(inside)
        generator = contour_generator(ticks, ticks, smooth, fill_type=FillType.OuterOffset)
        pieces = []
        points, offsets = cast("tuple[list[Array], list[Any]]", generator.filled(0.5, 2.0))
        for outline, offset in zip(points, offsets, strict=True):
            rings = [outline[a:b] for a, b in pairwise(offset)]
            kept = [frame.low + _thinned(r) * frame.span for r in rings if _size(r) > SMALLEST]
            if kept and _size(rings[0]) > SMALLEST:
                pieces.append(kept)
        found.append(pieces)
    return found


def _blurred(values: Array) -> Array:
    """Round off corners of cells: weights 1, 2, 1 along each axis."""
    wide = np.pad(values, 1, mode="edge")
    rows = 0.25 * (wide[:-2] + 2.0 * wide[1:-1] + wide[2:])
    result: Array = 0.25 * (rows[:, :-2] + 2.0 * rows[:, 1:-1] + rows[:, 2:])
    return result


def _size(ring: Array) -> float:
    """Give the area that a closed outline surrounds."""
    x, y = (ring - ring[0]).T
    return 0.5 * abs(float(x[:-1] @ y[1:] - x[1:] @ y[:-1]))


def _thinned(ring: Array) -> Array:
    """Leave out the points of a closed outline that lie on a line with their neighbours."""
    ahead, behind = ring[2:] - ring[1:-1], ring[1:-1] - ring[:-2]
    bend = np.abs(ahead[:, 0] * behind[:, 1] - ahead[:, 1] * behind[:, 0])
    keep = np.ones(len(ring), dtype=bool)
    keep[1:-1] = bend > 1e-12
    return ring[keep]


def basin_traces(portrait: Portrait, frame: Frame, theme: Theme) -> list[Trace]:
    """Draw the basins: one filled trace each, with its name and share in the legend."""
    from eqpp_dash.figures.traces import curve_trace

    if portrait.basins is None:
        return []
    traces = []
    pieces, spans = basin_pieces(portrait.basins, frame), tuple(frame.span.tolist())
    shown = zip(portrait.basins.basins, pieces, tints(portrait.basins, theme), strict=True)
    gap = np.full((1, 2), np.nan)
    for number, (item, outlines, tint) in enumerate(shown):
        rings = [part for piece in outlines for ring in piece for part in (ring, gap)]
        if not rings:
            continue
        trace = curve_trace(
            np.concatenate(rings[:-1]),
            frame,
            name=rich_text(basin_legend(item, spans)),
            legendgroup=f"basin-{number}",
            showlegend=item.fraction >= TOLD,
            legendrank=2000,
            line={"color": tint.colour, "width": 0},
            fill="toself",
            fillcolor=_thin(tint.colour, theme.tinting),
        )
        if tint.pattern:
            trace["fillpattern"] = {
                "shape": tint.pattern,
                "fgcolor": _thin(tint.colour, min(1.0, 2.2 * theme.tinting)),
                "bgcolor": _thin(tint.colour, theme.tinting),
                "fillmode": "replace",
                "size": 9,
                "solidity": 0.12,
            }
        traces.append(trace)
    return traces


def _thin(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"
