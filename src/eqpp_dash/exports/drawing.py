"""A portrait as lines, areas and marks on paper: what TikZ and SVG pictures have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.exports.thinning import bends, clip_polyline
from eqpp_dash.exports.ticks import axis_ticks
from eqpp_dash.figures.basins import TOLD, basin_legend, basin_pieces, tints
from eqpp_dash.figures.cycles import cycle_name
from eqpp_dash.figures.geometry import (
    Frame,
    by_role,
    direction_marks,
    field_arrows,
    join_polylines,
    portrait_frame,
)
from eqpp_dash.figures.labels import plain_name
from eqpp_dash.figures.switching import SEGMENT_LABELS, switching_layers
from eqpp_dash.figures.symbols import by_mark
from eqpp_dash.figures.themes import LIGHT
from eqpp_dash.figures.traces import ROLE_LABELS
from eqpp_dash.model.marks import mark
from eqpp_dash.model.portrait import Portrait

Array = NDArray[np.float64]

WIDTH, TALLEST = 13.0, 15.0
"""Greatest width and height of the plot, in cm."""

ARROWS = 22
"""Most arrows of the field along a side."""

FINE = (0.004, 0.008, 0.016, 0.032)
"""Tolerances of curves in cm: the first with which the drawing is small enough is taken."""

MOST_POINTS = 16_000
HEADS = {"seeded": 0.16, "homoclinic": 0.27, "heteroclinic": 0.27}
"""Lengths of arrowheads in cm, where they aren't 0.2."""

MOST_LABELS = 60
"""More equilibria than that are not numbered in the drawing."""


@dataclass(frozen=True, slots=True)
class Line:
    """Curves of one style: their points in cm from the plot's lower left corner."""

    style: str
    pieces: tuple[Array, ...]


@dataclass(frozen=True, slots=True)
class Area:
    """Filled outlines of one style; ``basin k`` is filled with the pattern `pattern`."""

    style: str
    rings: tuple[Array, ...]
    colour: str = ""
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Sign:
    """A mark at a point.

    Attributes
    ----------
    shape : str
        As in `eqpp_dash.figures.symbols.Mark`; ``dot``, ``start`` or ``singularity``.
    fill : str
        ``full``, ``open`` or ``half``.
    x, y : float
        Its place in cm.
    decided : bool
        Whether what it stands for is decided.
    label, anchor : str
        Text beside it, and the part of the report that it names; may be empty.
    """

    shape: str
    fill: str
    x: float
    y: float
    decided: bool = True
    label: str = ""
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Key:
    """An entry of the legend: a sample and its text."""

    sample: Line | Area | Sign
    text: str


@dataclass(slots=True)
class Drawing:
    """A drawing.

    Attributes
    ----------
    width, height : float
        Size of the plot in cm.
    layers : list of Line, Area or Sign
        What is drawn, from below.
    keys : list of Key
        The legend.
    ticks : tuple
        For each axis the places in cm with their texts, and a power of ten.
    zeros : tuple of float or None
        Where each variable vanishes, in cm; None if that is beyond the plot.
    names : tuple of str
        The variables, with their units.
    omitted : int
        Pieces of curves that were left out for there were too many.
    """

    width: float
    height: float
    layers: list[Line | Area | Sign] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    ticks: tuple[tuple[list[tuple[float, str]], str], ...] = ()
    zeros: tuple[float | None, ...] = ()
    names: tuple[str, ...] = ()
    omitted: int = 0

    @property
    def points(self) -> int:
        """Count the points of its lines."""
        lines = (item for item in self.layers if isinstance(item, Line))
        return sum(len(piece) for line in lines for piece in line.pieces)


def draw_on_paper(portrait: Portrait) -> Drawing:
    """Draw a portrait on paper.

    Parameters
    ----------
    portrait : Portrait
        A planar portrait.

    Returns
    -------
    Drawing
        Curves cut to the window, with no more points than the eye needs.
    """
    drawing = _Pen(portrait, FINE[0]).draw()
    for tolerance in FINE[1:]:
        if drawing.points <= MOST_POINTS:
            return drawing
        drawing = _Pen(portrait, tolerance).draw()
    return _shortened(drawing)


def _shortened(drawing: Drawing) -> Drawing:
    """Leave out the shortest pieces of curves until the drawing is small enough."""
    lines = [(n, item) for n, item in enumerate(drawing.layers) if isinstance(item, Line)]
    sizes = sorted(
        ((float(np.ptp(p, axis=0).sum()), n, k) for n, item in lines
         for k, p in enumerate(item.pieces)), reverse=True)  # fmt: skip
    kept: set[tuple[int, int]] = set()
    count = 0
    for _, n, k in sizes:
        line = drawing.layers[n]
        assert isinstance(line, Line)
        count += len(line.pieces[k])
        if count > MOST_POINTS:
            break
        kept.add((n, k))
    for n, line in lines:
        pieces = tuple(p for k, p in enumerate(line.pieces) if (n, k) in kept)
        drawing.layers[n] = Line(line.style, pieces)
    drawing.omitted = len(sizes) - len(kept)
    return drawing


class _Pen:
    """Draws the layers of a portrait, curves with a tolerance."""

    def __init__(self, portrait: Portrait, tolerance: float) -> None:
        self._portrait = portrait
        self._frame: Frame = portrait_frame(portrait)
        self._tolerance = tolerance
        width = min(WIDTH, TALLEST * self._frame.aspect)
        self._size = np.array([width, width / self._frame.aspect])
        self._drawing = Drawing(*self._size.tolist())

    def draw(self) -> Drawing:
        self._basins()
        self._axes()
        self._field()
        self._surfaces()
        self._nullclines()
        self._trajectories()
        self._cycles()
        self._points()
        self._equilibria()
        return self._drawing

    def _place(self, points: Array) -> Array:
        with np.errstate(all="ignore"):
            placed: Array = (points[:, :2] - self._frame.low) / self._frame.span * self._size
        return placed

    def _add(self, item: Line | Area | Sign, text: str = "") -> None:
        self._drawing.layers.append(item)
        if text and text not in {key.text for key in self._drawing.keys}:
            self._drawing.keys.append(Key(item, text))

    def _curves(self, style: str, curves: Iterable[Array], text: str = "") -> None:
        pieces = tuple(self._pieces(join_polylines(curves, self._frame)))
        if pieces:
            self._add(Line(style, pieces), text)

    def _pieces(self, points: Array) -> Iterator[Array]:
        for piece in clip_polyline(self._place(points), self._size):
            yield piece[bends(piece, self._tolerance)]

    def _heads(self, style: str, curves: list[Array], size: float) -> None:
        marks = direction_marks(curves, self._frame)
        rings = []
        for base, tip in zip(self._place(marks[:, 0]), self._place(marks[:, 1]), strict=True):
            length = float(np.hypot(*(tip - base)))
            if 0 < length < np.inf and ((tip >= 0) & (tip <= self._size)).all():
                along = (tip - base) / length * size
                side = np.array([-along[1], along[0]]) * 0.36
                rings.append(
                    np.array([tip + along / 2, tip - along / 2 + side, tip - along / 2 - side])
                )
        if rings:
            self._add(Area(style, tuple(rings)))

    def _basins(self) -> None:
        basins = self._portrait.basins
        if basins is None:
            return
        spans = tuple(self._frame.span.tolist())
        shown = zip(basins.basins, basin_pieces(basins, self._frame), tints(basins, LIGHT),
                    strict=True)  # fmt: skip
        for number, (item, outlines, tint) in enumerate(shown):
            rings = [self._place(ring) for piece in outlines for ring in piece]
            rings = [ring[bends(ring, 2 * self._tolerance)] for ring in rings]
            area = Area(f"basin {number}", tuple(rings), tint.colour, tint.pattern)
            if rings:
                self._add(area, basin_legend(item, spans) if item.fraction >= TOLD else "")

    def _axes(self) -> None:
        ticks, zeros, names = [], [], []
        for axis, limits in enumerate((self._frame.x, self._frame.y)):
            scale = self._size[axis] / (limits[1] - limits[0])
            marks, power = axis_ticks(limits, 9 if self._size[axis] > 8 else 6)
            ticks.append(([(float((v - limits[0]) * scale), text) for v, text in marks], power))
            zeros.append(float(-limits[0] * scale) if limits[0] < 0 < limits[1] else None)
            variable = self._portrait.system.variables[axis]
            unit = self._portrait.spec.variables.get(variable, {}).get("unit", "").strip()
            names.append(f"{plain_name(variable)} ({unit})" if unit else plain_name(variable))
        self._drawing.ticks, self._drawing.zeros = tuple(ticks), tuple(zeros)
        self._drawing.names = tuple(names)

    def _field(self) -> None:
        grid = self._portrait.field
        if grid is None:
            return
        arrows = field_arrows(grid, self._frame, every=max(1, -(-max(grid.u.shape) // ARROWS)))
        pieces = []
        for arrow in self._place(arrows).reshape(-1, 6, 2):
            pieces += [arrow[:2], arrow[2:5]]
        if pieces:
            self._add(Line("field", tuple(pieces)), "vector field")

    def _surfaces(self) -> None:
        for kind, points in switching_layers(self._portrait, self._frame):
            pieces = tuple(self._pieces(points))
            if pieces:
                self._add(Line(kind, pieces), SEGMENT_LABELS[kind])

    def _nullclines(self) -> None:
        for number, variable in enumerate(self._portrait.system.variables):
            own = [item for item in self._portrait.nullclines if item.variable == variable]
            branches = [branch for item in own for branch in item.branches]
            self._curves(f"nullcline {number}", branches, f"{plain_name(variable)}′ = 0")

    def _trajectories(self) -> None:
        for role, items in by_role(self._portrait.trajectories).items():
            curves = [item.points[:, :2] for item in items]
            self._curves(role, curves, ROLE_LABELS[role])
            self._heads(role, curves, HEADS.get(role, 0.2))
            if role == "given" and items:
                starts = np.array([item.start[:2] for item in items])
                self._signs("start", "full", starts, "starting point")

    def _cycles(self) -> None:
        for number, item in enumerate(self._portrait.limit_cycles):
            pieces = tuple(self._pieces(join_polylines([item.points], self._frame)))
            if pieces:
                self._add(Line("ground", pieces))
                self._add(Line(f"{item.stability} cycle", pieces), cycle_name(item))
                self._heads("cycle", [item.points[:, :2]], 0.28)
                (x, y), anchor = self._place(item.point[None, :])[0].tolist(), f"cycle-{number}"
                if 0 <= x <= self._size[0] and 0 <= y <= self._size[1]:
                    self._add(Sign("", "", x, y, label=mark("cycle", number), anchor=anchor))

    def _points(self) -> None:
        for curve in self._portrait.equilibrium_sets:
            self._signs("dot", "full", curve.points[:, :2], "set of equilibria")
        if self._portrait.singularities:
            places = np.array([item.point[:2] for item in self._portrait.singularities])
            self._signs("singularity", "open", places, "singularity")

    def _signs(self, shape: str, fill: str, points: Array, text: str) -> None:
        for x, y in self._near(points).tolist():
            self._add(Sign(shape, fill, x, y), text)

    def _near(self, points: Array) -> Array:
        placed = self._place(points)
        with np.errstate(invalid="ignore"):
            inside = np.abs(placed / self._size - 0.5) <= 0.5 + 1e-9
        near: Array = placed[inside.all(axis=1)]
        return near

    def _equilibria(self) -> None:
        equilibria = self._portrait.equilibria
        labelled = len(equilibria) <= MOST_LABELS
        for symbol, numbers in by_mark(equilibria).items():
            for number in numbers:
                for x, y in self._near(equilibria[number].point[None, :2]).tolist():
                    label = mark("equilibrium", number) if labelled else ""
                    sign = Sign(
                        *(symbol.shape, symbol.fill, x, y, symbol.decided, label),
                        anchor=f"equilibrium-{number}",
                    )
                    self._add(sign, symbol.label)
