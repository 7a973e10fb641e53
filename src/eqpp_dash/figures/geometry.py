"""What a portrait draws, as arrays in the phase plane: shared by screen and print."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.model.portrait import (
    ALONG_MANIFOLD,
    CONNECTED,
    Portrait,
    Trajectory,
    VectorFieldGrid,
)

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

EQUAL_UP_TO = 3.0  # spans within this factor get equal scales
FREE_ASPECT = 1.4  # width by height of a plot whose scales are free
FINEST_STEP = 1 / 1200  # of the window's height: polylines are drawn no finer than this
COARSE = 2.0  # polylines whose steps are so many times as long as that, on average, stay whole
HEADS_APART = 0.06  # window heights between arrowheads, where many curves run together
BEYOND = 2.0  # window widths beyond the window that are kept, for zooming out

CONNECTING = ("heteroclinic", "homoclinic")
ROLES = ("seeded", "stable", "unstable", *CONNECTING, "given")


@dataclass(frozen=True, slots=True)
class Frame:
    """The window as drawn.

    Attributes
    ----------
    x, y : tuple of float
        Limits of the first and second variable.
    equal : bool
        Whether both axes have one scale.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    equal: bool

    @property
    def low(self) -> Array:
        """Lower left corner, shape (2,)."""
        return np.array([self.x[0], self.y[0]])

    @property
    def span(self) -> Array:
        """Width and height, shape (2,)."""
        return np.array([self.x[1] - self.x[0], self.y[1] - self.y[0]])

    @property
    def aspect(self) -> float:
        """Width by height of the plot on the screen."""
        return float(self.span[0] / self.span[1]) if self.equal else FREE_ASPECT

    @property
    def unit(self) -> Array:
        """Data units per window height on the screen, shape (2,)."""
        unit: Array = self.span / np.array([self.aspect, 1.0])
        return unit


def portrait_frame(portrait: Portrait) -> Frame:
    """Give the window of a planar portrait, and whether its scales are equal."""
    first, second = portrait.system.variables[:2]
    return frame_of(portrait.window[first], portrait.window[second])


def frame_of(x: tuple[float, float], y: tuple[float, float]) -> Frame:
    """Give the frame of a window: equal scales if its spans are within a factor 3.

    Examples
    --------
    >>> frame_of((0, 3), (0, 1)).equal, frame_of((0, 4), (0, 1)).equal
    (True, False)
    """
    ratio = (x[1] - x[0]) / (y[1] - y[0])
    return Frame(x, y, 1 / EQUAL_UP_TO <= ratio <= EQUAL_UP_TO)


def field_arrows(grid: VectorFieldGrid, frame: Frame, *, every: int = 1) -> Array:
    """Draw the field as arrows of nearly one length, slower ones a little shorter.

    Parameters
    ----------
    grid : VectorFieldGrid
        The sampled field.
    frame : Frame
        The window; it makes heads that are not skewed by unequal scales.
    every : int
        Draw every so many columns and rows.

    Returns
    -------
    ndarray, shape (m, 2)
        Polylines, one an arrow, separated by NaN; each arrow centred on its grid point.
    """
    rows, columns = slice(every // 2, None, every), slice(every // 2, None, every)
    across, up = grid.x[columns], grid.y[rows]
    with np.errstate(all="ignore"):
        u, v = (part[rows, columns].ravel() / unit
                for part, unit in zip((grid.u, grid.v), frame.unit, strict=True))  # fmt: skip
        largest = np.maximum(np.abs(u), np.abs(v))
        u, v = u / largest, v / largest
        length = np.hypot(u, v)
        speed, u, v = largest * length, u / length, v / length
        good = np.isfinite(u + v) & np.isfinite(speed)
    if not good.any():
        return np.empty((0, 2))
    x, y = np.tile(across, up.size), np.repeat(up, across.size)
    if not good.all():
        x, y, u, v, speed = (part[good] for part in (x, y, u, v, speed))
    spacing = min(frame.aspect / max(across.size, 1), 1 / max(up.size, 1))
    median = float(np.median(speed))
    with np.errstate(over="ignore", invalid="ignore"):
        share = np.where(speed > median, 1 - 0.5 * median / speed, 0.5 * speed / (median or 1.0))
    along = np.stack([u, v]) * (spacing * (0.36 + 0.36 * share))
    side = np.stack([-along[1], along[0]])
    tip = 0.5 * along
    left, right = tip - 0.30 * along + 0.15 * side, tip - 0.30 * along - 0.15 * side
    arrows = np.empty((x.size, 6, 2))
    for k, part in enumerate((-tip, tip, left, tip, right)):
        arrows[:, k, 0], arrows[:, k, 1] = x + part[0] * frame.unit[0], y + part[1] * frame.unit[1]
    arrows[:, 5] = np.nan
    return arrows.reshape(-1, 2)


class Strokes:
    """Curves in order, with what drawing and marking them need of each other.

    Parameters
    ----------
    polylines : iterable of ndarray, shape (m, 2)
        Points in order.
    frame : Frame
        The window.
    """

    def __init__(self, polylines: Iterable[Array], frame: Frame) -> None:
        self.frame = frame
        lines = [line for line in polylines if len(line)]
        self.first = np.cumsum([0] + [len(line) for line in lines])
        if not lines:
            return
        joined = np.concatenate([np.asarray(line, dtype=float)[:, :2] for line in lines])
        self.points = np.ascontiguousarray(joined.T)
        with np.errstate(all="ignore"):
            moves = self.points[:, 1:] - self.points[:, :-1]
            moves *= 1.0 / frame.unit[:, None]
            moves *= moves
            moves[0] += moves[1]
            self.step = np.sqrt(moves[0], out=moves[0])
        self.near = self._within(BEYOND)
        """Whether no point is far outside, or undefined."""

    def _within(self, beyond: float) -> bool:
        """Tell whether all points are in the window made wider on each side by this share."""
        low = (self.points.min(axis=1) - self.frame.low) / self.frame.span
        high = (self.points.max(axis=1) - self.frame.low) / self.frame.span
        return bool(((low >= -beyond) & (high <= 1 + beyond)).all())

    def joined(self) -> Array:
        """Give the curves with NaN between, no finer than the eye can see, cut far outside."""
        if self.first.size == 1:
            return np.empty((0, 2))
        if not self.near:
            return self._cut()
        points, sizes = self.points, np.diff(self.first)
        if self.step.sum() < COARSE * FINEST_STEP * points.shape[1]:
            keep = self._seen()
            points = points[:, keep]
            sizes = np.add.reduceat(keep, self.first[:-1], dtype=np.intp)
        place = np.arange(points.shape[1])
        place += np.repeat(np.arange(sizes.size), sizes)
        drawn = np.full((2, points.shape[1] + sizes.size - 1), np.nan)
        drawn[:, place] = points
        joined: Array = drawn.T
        return joined

    def _seen(self) -> Mask:
        """Tell which points the eye can tell from those before, or are the first or last."""
        way = np.zeros(self.points.shape[1])
        np.cumsum(self.step * (1.0 / FINEST_STEP), out=way[1:])
        np.floor(way, out=way)
        keep = np.ones(way.size, dtype=bool)
        np.not_equal(way[1:], way[:-1], out=keep[1:])
        keep[self.first[:-1]] = keep[self.first[1:] - 1] = True
        return keep

    def _cut(self) -> Array:
        """Join curves of which parts lie far outside, or are undefined."""
        count = self.first.size - 1
        place = np.arange(self.points.shape[1])
        place += np.repeat(np.arange(count), np.diff(self.first))
        points = np.full((2, int(place[-1]) + 1), np.nan)
        points[:, place] = self.points
        with np.errstate(all="ignore"):
            x, y = (points - self.frame.low[:, None]) / self.frame.span[:, None]
            near: Mask = (np.abs(x - 0.5) <= 0.5 + BEYOND) & (np.abs(y - 0.5) <= 0.5 + BEYOND)
            step = np.sqrt((np.diff(x) * self.frame.aspect) ** 2 + np.diff(y) ** 2)
        way = np.zeros(len(x))
        np.cumsum(np.fmin(step, 1e6) * (1.0 / FINEST_STEP), out=way[1:])
        way = np.floor(way, out=way)
        moved = np.ones(len(x), dtype=bool)
        np.not_equal(way[1:], way[:-1], out=moved[1:])
        before, after = np.roll(near, 1), np.roll(near, -1)
        keep = near & (moved | ~(before & after))
        keep |= ~near & before
        keep[-1] &= bool(near[-1])
        points[:, np.isfinite(x) & ~near] = np.nan
        joined: Array = points[:, keep].T
        return joined

    def marks(self) -> Array:
        """Place arrowheads, evenly by the curves' length within the window, shape (k, 2, 2)."""
        none = np.empty((0, 2, 2))
        if self.first.size == 1:
            return none
        step = self.step.copy()
        if not self._within(-0.005):
            low, high = (self.frame.low + share * self.frame.span for share in (0.005, 0.995))
            x, y = self.points
            with np.errstate(invalid="ignore"):
                inside: Mask = (x >= low[0]) & (x <= high[0])
                inside &= (y >= low[1]) & (y <= high[1])
            step[~(inside[1:] & inside[:-1])] = 0.0
        step[self.first[1:-1] - 1] = 0.0
        way = np.zeros(step.size + 1)
        np.cumsum(step, out=way[1:])
        begin, end = way[self.first[:-1]], way[self.first[1:] - 1]
        length = end - begin
        count = np.where(length < 0.06, 0, np.clip(np.round(length / 0.9), 1, 3)).astype(int)
        if not count.any():
            return none
        order = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        share = (order + 0.5) / np.repeat(count, count)
        target = np.repeat(begin, count) + share * np.repeat(length, count)
        places = np.stack([target - 0.006, target], axis=-1)
        clean = self.points if self.near else np.where(np.isfinite(self.points), self.points, 0.0)
        marks: Array = np.stack([np.interp(places, way, row) for row in clean], axis=-1)
        return marks[_apart(marks[:, 1] / self.frame.unit, HEADS_APART)]


def join_polylines(polylines: Iterable[Array], frame: Frame) -> Array:
    """Join polylines with NaN between, no finer than the eye can see, cut far outside.

    Parameters
    ----------
    polylines : iterable of ndarray, shape (m, 2)
        Points in order.
    frame : Frame
        The window.

    Returns
    -------
    ndarray, shape (k, 2)
        Empty if there is nothing to draw.
    """
    return Strokes(polylines, frame).joined()


def direction_marks(lines: Sequence[Array], frame: Frame) -> Array:
    """Place arrowheads on curves, evenly by their length within the window.

    Parameters
    ----------
    lines : sequence of ndarray, shape (m, 2)
        Curves in the direction of time.
    frame : Frame
        The window.

    Returns
    -------
    ndarray, shape (k, 2, 2)
        For each arrowhead a point a little before, and its place; none where another is
        very near, as on a cycle that many curves approach.
    """
    return Strokes(lines, frame).marks()


def _apart(places: Array, distance: float) -> list[int]:
    """Choose places, the first first, so that no two are closer than `distance`."""
    x, y = places.T.astype(np.float32)
    away, up = x[:, None] - x, y[:, None] - y
    away *= away
    up *= up
    away += up
    rows = np.packbits(away < distance**2, axis=1, bitorder="little")
    taken, kept = 0, []
    for number, row in enumerate(rows):
        if not taken >> number & 1:
            kept.append(number)
            taken |= int.from_bytes(row.tobytes(), "little")
    return kept


def trajectory_role(trajectory: Trajectory) -> str:
    """Tell how a trajectory is drawn: one of `ROLES`.

    A separatrix that is known to connect equilibria is ``homoclinic`` or ``heteroclinic``; the
    copy of its equilibrium by a period is another one to it. Any other that is followed
    backward from its saddle is a branch of the stable manifold, one followed forward a branch of
    the unstable manifold.
    """
    if trajectory.origin != "separatrix":
        return "given" if trajectory.origin == "given" else "seeded"
    ends = (trajectory.forward, trajectory.backward)
    if any(end.reason.startswith(CONNECTED) for end in ends):
        loop = ends[0].end == ends[1].end and not any(end.shift for end in ends)
        return "homoclinic" if loop else "heteroclinic"
    if trajectory.backward.reason == ALONG_MANIFOLD or not len(trajectory.times):
        return "unstable"
    if trajectory.forward.reason == ALONG_MANIFOLD:
        return "stable"
    return "stable" if -trajectory.times[0] > trajectory.times[-1] else "unstable"


def by_role(trajectories: Iterable[Trajectory]) -> dict[str, list[Trajectory]]:
    """Sort trajectories by their role, every role of `ROLES` present.

    A separatrix of which nothing is drawn, for it coincides with another one, has none.
    """
    groups: dict[str, list[Trajectory]] = {role: [] for role in ROLES}
    for trajectory in trajectories:
        if trajectory.origin != "separatrix" or len(trajectory.points) > 1:
            groups[trajectory_role(trajectory)].append(trajectory)
    return groups
