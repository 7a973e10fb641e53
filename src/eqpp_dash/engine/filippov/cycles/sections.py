"""Segments of switching surfaces as Poincare sections.

A closed orbit of a piecewise smooth planar field lies in one piece, where it is a cycle of a smooth
field; or it slides along a surface for a while; or it crosses surfaces at single points. In the
last case it crosses each surface, the zero set of one function, as often from the negative side to
the positive one as back. So it meets a crossing segment of either sense, and the flow crosses
such a segment in that sense only: the segments of one sense are sections as good as the arcs of
f = 0 in a smooth field. A cycle meets each of them once at most: two consecutive points and the
orbit between them bound a region that orbits enter and never leave (Perko, *Differential Equations
and Dynamical Systems*, 3rd ed., section 3.7, lemma 2; orbits through crossing points are unique in
both directions of time: Filippov 1988, section 10). In particular a cycle whose rightmost point
lies on a surface, where f changes its sign by the jump and vanishes on neither side, is met here,
while the arcs of f = 0 do not know it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.cycles.arcs import Arc, ArcEnd
from eqpp_dash.engine.filippov.segments import CROSSING, Piece, Surface

Array = NDArray[np.float64]

NEAREST = 1e-3
"""Share of a section's length from an end at which it is first looked at."""

AT_BORDER = 1e-9
ON = 1e-6
"""Distance from a surface, in widths of the window, of a point that lies on it."""

CLOSE = 1e-3
"""Distance from a polyline, in widths of the window, of a point that lies on the curve."""


@dataclass(frozen=True, slots=True, eq=False)
class SwitchingSection(Arc):
    """A crossing segment of a surface; abscissas are lengths along it, in widths of the window.

    Between two vertices the length grows with that coordinate which changes more there, so it is
    exact for every point of the surface, not for those of the polyline only.

    Attributes
    ----------
    surface : Surface
        The surface.
    points : ndarray, shape (2, m)
        Its vertices.
    sense : int
        1 if the flow leads to where the surface's expression is positive.
    closed : bool
        Whether it is a closed curve, cut open.
    axis, turn : ndarray of int, shape (m - 1,)
        Coordinate that measures each chord, and the sign of its change.
    """

    surface: Surface
    points: Array
    sense: int
    closed: bool = False
    axis: NDArray[np.intp] = field(init=False)
    turn: Array = field(init=False)

    def __post_init__(self) -> None:
        # Arc has slots: a bare super() would look in the class that the decorator replaced.
        Arc.__post_init__(self)
        change = np.diff(self.points, axis=1) / self.surface.width
        axis = np.argmax(np.abs(change), axis=0)
        object.__setattr__(self, "axis", axis)
        each = np.arange(axis.size)
        object.__setattr__(self, "turn", np.sign(change[axis, each]))

    def place(self, u: Array) -> Array:
        """Give the points of the surface at lengths u, (2, m): Newton's method."""
        chord = np.clip(np.searchsorted(self.x, u, side="right") - 1, 0, self.axis.size - 1)
        axis, each = self.axis[chord], np.arange(u.size)
        width = self.surface.width[:, 0]
        share = (u - self.x[chord]) / (self.x[chord + 1] - self.x[chord])
        begin, end = self.points[:, chord], self.points[:, chord + 1]
        found = begin + share * (end - begin)
        found[axis, each] = begin[axis, each] + self.turn[chord] * (u - self.x[chord]) * width[axis]
        other = 1 - axis
        for _ in range(6):
            value = self.surface.factor(0.0, found)
            slope = self.surface.factor.gradient(0.0, found)[other, each]
            step = value / slope
            step = np.where(np.abs(step) < width[other], step, 0.0)
            found[other, each] -= step
            if not (np.abs(step) > 1e-16 * width[other]).any():
                break
        return found

    def tangent(self, u: Array, at: Array) -> Array:
        """Give the derivative of the point by its length, at points (2, m) of lengths u."""
        chord = np.clip(np.searchsorted(self.x, u, side="right") - 1, 0, self.axis.size - 1)
        axis, each = self.axis[chord], np.arange(u.size)
        slope = self.surface.factor.gradient(0.0, at)
        found = np.empty_like(at)
        found[axis, each] = self.turn[chord] * self.surface.width[axis, 0]
        other = 1 - axis
        found[other, each] = -slope[axis, each] / slope[other, each] * found[axis, each]
        return found

    def lengths(self, at: Array) -> Array:
        """Give the lengths of points (2, m) of the surface; NaN for those beside this segment."""
        found = np.full(at.shape[1], np.nan)
        width = self.surface.width
        value = np.abs(self.surface.factor(0.0, at))
        slope = np.abs(self.surface.factor.gradient(0.0, at) * width).sum(axis=0)
        on = np.flatnonzero(value <= ON * slope)
        if not on.size:
            return found
        z, vertices = at[:, on] / width, self.points / width
        begin, side = vertices[:, :-1], np.diff(vertices, axis=1)
        square = np.maximum((side * side).sum(axis=0), 1e-300)
        away = z[:, :, None] - begin[:, None, :]
        share = np.clip(np.einsum("imk,ik->mk", away, side) / square, 0.0, 1.0)
        away = away - share[None] * side[:, None, :]
        distance = np.hypot(*away)
        chord = np.argmin(distance, axis=1)
        axis, each = self.axis[chord], np.arange(on.size)
        u = self.x[chord] + self.turn[chord] * (z[axis, each] - begin[axis, chord])
        near = distance[each, chord] <= CLOSE
        near &= (u >= self.x[0] - 1e-12) & (u <= self.x[-1] + 1e-12)
        found[on[near]] = np.clip(u[near], self.x[0], self.x[-1])
        return found

    def height(self, x: Array) -> Array:
        """Give the second coordinates of the points at lengths x."""
        return np.asarray(self.place(x)[1])


def switching_sections(surface: Surface, parts: Sequence[Piece]) -> list[SwitchingSection]:
    """Make the sections of a surface.

    Parameters
    ----------
    surface : Surface
        The surface.
    parts : sequence of Piece
        Its segments; only those that are crossed are used, cut where the sense changes.
    """
    found = []
    for part in parts:
        if part.kind != CROSSING:
            continue
        for points, ends, sense in _one_sense(surface, part):
            change = np.abs(np.diff(points, axis=1) / surface.width).max(axis=0)
            kept = np.concatenate([[True], change > 1e-12])
            points = points[:, kept]
            if points.shape[1] < 2:
                continue
            u = np.concatenate([[0.0], np.cumsum(change[kept[1:]])])
            left, right = (
                ArcEnd(
                    "box" if kind in ("border", "closed") else kind,
                    points[:, k],
                    (AT_BORDER if kind in ("border", "closed") else NEAREST) * u[-1],
                )
                for kind, k in zip(ends, (0, -1), strict=True)
            )
            closed = ends == ("closed", "closed")
            found.append(
                SwitchingSection(
                    surface.factor, u, np.zeros_like(u), left, right, surface, points, sense, closed
                )
            )
    return found


def _one_sense(surface: Surface, part: Piece) -> list[tuple[Array, tuple[str, str], int]]:
    """Cut a crossing segment where the flow begins to cross it the other way."""
    middle = surface.onto(0.5 * (part.points[:, :-1] + part.points[:, 1:]))
    sense = np.sign(_rate(surface, part, middle))
    cuts = [int(k) for k in np.flatnonzero(sense[1:] != sense[:-1])]
    marks = [(part.points[:, :1], part.ends[0], 0)]
    for k in cuts:
        low, high = middle[:, k : k + 1], middle[:, k + 1 : k + 2]
        for _ in range(50):
            here = surface.onto(0.5 * (low + high))
            if np.sign(_rate(surface, part, here))[0] == sense[k]:
                low = here
            else:
                high = here
        marks.append((surface.onto(0.5 * (low + high)), "fold", k + 1))
    marks.append((part.points[:, -1:], part.ends[1], part.points.shape[1] - 1))
    found = []
    for (begin, before, i), (end, after, j) in pairwise(marks):
        points = np.concatenate([begin, part.points[:, i + 1 : j], end], axis=1)
        way = int(sense[min(i, sense.size - 1)])
        if points.shape[1] >= 2 and way:
            found.append((points, (before, after), way))
    return found


def _rate(surface: Surface, part: Piece, x: Array) -> Array:
    """Give the rate of the surface's expression under the field of its positive side."""
    field_ = surface.pieces.field_of(x, np.repeat(part.plus[:, None], x.shape[1], axis=1))
    return np.asarray((surface.factor.gradient(0.0, x) * field_).sum(axis=0))
