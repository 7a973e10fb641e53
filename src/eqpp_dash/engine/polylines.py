"""Polylines on a plane curve g = 0: polished onto it, refined where it bends, thinned elsewhere.

All points are in scaled coordinates: the window is the unit square.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.problem import ScalarFunction
from eqpp_dash.model.portrait import Array

ON_CURVE = 1e-9
"""Largest distance from the curve of a polished point, as a share of the window."""
BEND = 0.12
"""Largest turn in radians between neighbouring pieces of a polyline, if they are not tiny."""
FLAT = 1.5e-4
"""How far, as a share of the window, a point may be from the chord that replaces it."""

STRIPS = 64
"""Strips of the window in which what lies near one another is looked for."""


@dataclass(frozen=True, slots=True, eq=False)
class UnitFunction:
    """A function on the unit square that stands for a window.

    Attributes
    ----------
    function : ScalarFunction
        The function on the plane.
    lo, span : ndarray, shape (2, 1)
        Lower limits and widths of the window.
    cells : int
        Cells a side of the grid on which it is sampled.
    """

    function: ScalarFunction
    lo: Array
    span: Array
    cells: int

    def value(self, u: Array) -> Array:
        """Evaluate at points, shape (2, m)."""
        return np.broadcast_to(self.function(0.0, self.lo + self.span * u), u.shape[1:])

    def gradient(self, u: Array) -> Array:
        """Evaluate the gradient with respect to the scaled coordinates, shape (2, m)."""
        return self.function.gradient(0.0, self.lo + self.span * u) * self.span

    def distance(self, u: Array) -> Array:
        """Give Newton's step to the curve along the gradient, shape (2, m)."""
        with np.errstate(all="ignore"):
            slope = self.gradient(u)
            scale = np.abs(slope).max(axis=0)
            unit = slope / scale
            return np.asarray(self.value(u) / scale / (unit * unit).sum(axis=0) * unit)


def polish(
    g: UnitFunction, u: Array, reach: float, steps: int = 12
) -> tuple[Array, NDArray[np.bool_]]:
    """Move points onto the curve.

    Parameters
    ----------
    g : UnitFunction
        The function whose zero set is the curve.
    u : ndarray, shape (2, m)
        Points near it.
    reach : float
        How far a point may move.
    steps : int
        Most iterations of Newton's method.

    Returns
    -------
    u : ndarray, shape (2, m)
        The points moved; those that did not arrive are left where they were.
    arrived : ndarray of bool, shape (m,)
        Whether the point lies on the curve within `ON_CURVE`.
    """
    start, u = u, u.copy()
    arrived = np.zeros(u.shape[1], bool)
    active = np.arange(u.shape[1])
    with np.errstate(invalid="ignore"):
        for _ in range(steps):
            step = g.distance(u[:, active])
            u[:, active] -= step
            size = np.abs(step).max(axis=0)
            far = ~(np.abs(u[:, active] - start[:, active]).max(axis=0) <= reach)
            there = (size <= 1e-3 * ON_CURVE) & ~far
            arrived[active[there]] = True
            active = active[~there & ~far]
            if not active.size:
                break
        else:
            size = np.abs(g.distance(u[:, active])).max(axis=0)
            arrived[active] = size <= ON_CURVE
    return np.where(arrived, u, start), arrived


def refine(
    lines: list[Array], project: Callable[[Array], tuple[Array, NDArray[np.bool_]]]
) -> list[Array]:
    """Insert points where polylines bend too much.

    Parameters
    ----------
    lines : list of ndarray, shape (2, m)
        The polylines.
    project : callable
        Moves points onto the curve and tells which arrived.

    Returns
    -------
    list of ndarray, shape (2, m)
        The finer polylines.
    """
    for _ in range(5):
        places = [_bent(line) for line in lines]
        middles = [
            0.5 * (line[:, k] + line[:, k + 1]) for line, k in zip(lines, places, strict=True)
        ]
        if not sum(m.shape[1] for m in middles):
            break
        points, arrived = project(np.concatenate(middles, axis=1))
        finer, first = [], 0
        for line, k in zip(lines, places, strict=True):
            part = slice(first, first + k.size)
            first += k.size
            good = arrived[part]
            finer.append(np.insert(line, k[good] + 1, points[:, part][:, good], axis=1))
        lines = finer
    return lines


def _bent(line: Array) -> NDArray[np.intp]:
    """Give the pieces, by their first points, that end in too sharp a bend."""
    if line.shape[1] < 3:
        return np.empty(0, np.intp)
    d = np.diff(line, axis=1)
    length = np.hypot(d[0], d[1])
    cross = d[0, :-1] * d[1, 1:] - d[1, :-1] * d[0, 1:]
    turn = np.abs(np.arctan2(cross, (d[:, :-1] * d[:, 1:]).sum(axis=0)))
    height = turn * np.minimum(length[:-1], length[1:])
    sharp = np.concatenate([[False], (turn > BEND) & (height > FLAT), [False]])
    return np.flatnonzero((sharp[:-1] | sharp[1:]) & (length > 4 * FLAT))


def thin(line: Array) -> Array:
    """Drop points that the polyline does not need.

    Parameters
    ----------
    line : ndarray, shape (2, m)
        A polyline.

    Returns
    -------
    ndarray, shape (2, k)
        The thinner polyline; the ends stay.
    """
    for _ in range(12):
        m = line.shape[1]
        if m < 3:
            break
        keep = np.ones(m, bool)
        middle = np.arange(1, m - 1, 2)
        a, p, b = line[:, middle - 1], line[:, middle], line[:, middle + 1]
        chord = b - a
        length = np.hypot(chord[0], chord[1])
        with np.errstate(invalid="ignore", divide="ignore"):
            off = np.abs(chord[0] * (p - a)[1] - chord[1] * (p - a)[0]) / length
            along = ((p - a) * chord).sum(axis=0) / length
        droppable = (off < FLAT / 3) & (along >= 0) & (along <= length) & (length < 0.25)
        straight = (off < 1e-3 * FLAT) & (along >= 0) & (along <= length)
        keep[middle[droppable | straight]] = False
        if keep.all():
            if m % 2 == 0 or m < 4:
                break
            line = np.concatenate([line[:, :1], _thin_once(line[:, 1:])], axis=1)
            if line.shape[1] == m:
                break
            continue
        line = line[:, keep]
    return line


def _thin_once(line: Array) -> Array:
    m = line.shape[1]
    middle = np.arange(1, m - 1, 2)
    a, p, b = line[:, middle - 1], line[:, middle], line[:, middle + 1]
    chord = b - a
    length = np.hypot(chord[0], chord[1])
    with np.errstate(invalid="ignore", divide="ignore"):
        off = np.abs(chord[0] * (p - a)[1] - chord[1] * (p - a)[0]) / length
    keep = np.ones(m, bool)
    keep[middle[(off < FLAT / 3) & (length < 0.25)]] = False
    return line[:, keep]


def covered_pieces(
    lines: Sequence[Array], pieces: Sequence[Array], reach: float
) -> NDArray[np.bool_]:
    """Tell which polylines run along others.

    Parameters
    ----------
    lines, pieces : sequence of ndarray, shape (2, m)
        The polylines; pieces have two points at least.
    reach : float
        How near to a line the middle of a piece must be.

    Returns
    -------
    ndarray of bool
        One for each piece.

    Notes
    -----
    The square is cut into strips; in each only the segments that come there are looked at.
    """
    covered = np.zeros(len(pieces), dtype=bool)
    if not lines or not pieces:
        return covered
    halves = [piece.shape[1] // 2 for piece in pieces]
    middles = np.stack(
        [0.5 * (p[:, k] + p[:, k - 1]) for p, k in zip(pieces, halves, strict=True)], axis=1
    )
    starts = np.concatenate([line[:, : max(1, line.shape[1] - 1)] for line in lines], axis=1)
    ends = np.concatenate([line[:, -max(1, line.shape[1] - 1) :] for line in lines], axis=1)
    left = np.minimum(starts[0], ends[0]) - reach
    right = np.maximum(starts[0], ends[0]) + reach
    strip = np.floor(middles[0] * STRIPS)
    for number in np.unique(strip):
        own = np.flatnonzero(strip == number)
        low, high = middles[0, own].min(), middles[0, own].max()
        near = (left <= high) & (right >= low)
        a, d = starts[:, near], ends[:, near] - starts[:, near]
        square = np.maximum((d * d).sum(axis=0), 1e-300)
        for k in own:
            apart = middles[:, k : k + 1] - a
            along = np.clip((apart * d).sum(axis=0) / square, 0.0, 1.0)
            covered[k] = (np.hypot(*(d * along - apart)) < reach).any()
    return covered


def clip_line(value: float, slope: Array, point: Array) -> Array | None:
    """Clip the straight line value + slope . (u - point) = 0 to the unit square.

    Parameters
    ----------
    value : float
        Value at `point`.
    slope : ndarray, shape (2,)
        Gradient, not zero.
    point : ndarray, shape (2,)
        A point of the square.

    Returns
    -------
    ndarray, shape (2, 2), or None
        The two ends, one a column; None if the line does not meet the square.

    Examples
    --------
    >>> import numpy as np
    >>> clip_line(0.0, np.array([1.0, 0.0]), np.array([0.5, 0.5])).tolist()
    [[0.5, 0.5], [0.0, 1.0]]
    """
    foot = point - value * slope / (slope @ slope)
    direction = np.array([-slope[1], slope[0]]) / np.hypot(*slope)
    low, high = -np.inf, np.inf
    for axis in range(2):
        if direction[axis] == 0:
            if not -1e-12 <= foot[axis] <= 1 + 1e-12:
                return None
            continue
        ends = sorted((-foot[axis] / direction[axis], (1 - foot[axis]) / direction[axis]))
        low, high = max(low, ends[0]), min(high, ends[1])
    if not low < high:
        return None
    ends_at = foot[:, None] + direction[:, None] * np.array([low, high])
    return np.asarray(np.clip(ends_at, 0.0, 1.0))
