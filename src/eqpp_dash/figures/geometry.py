"""What a portrait draws, as arrays in the phase plane: shared by screen and print."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.model.portrait import Portrait, Trajectory, VectorFieldGrid

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

EQUAL_UP_TO = 3.0  # spans within this factor get equal scales
FREE_ASPECT = 1.4  # width by height of a plot whose scales are free
FINEST_STEP = 1 / 1200  # of the window's height: polylines are drawn no finer than this
HEADS_APART = 0.06  # window heights between arrowheads, where many curves run together
BEYOND = 2.0  # window widths beyond the window that are kept, for zooming out

ROLES = ("seeded", "stable", "unstable", "given")


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
    x, y = np.meshgrid(grid.x[columns], grid.y[rows])
    base = np.stack([x.ravel(), y.ravel()], axis=-1)
    velocity = np.stack([grid.u[rows, columns].ravel(), grid.v[rows, columns].ravel()], axis=-1)
    with np.errstate(all="ignore"):
        velocity = velocity / frame.unit
        velocity = velocity / np.abs(velocity).max(axis=-1, keepdims=True)
        direction = velocity / np.hypot(velocity[:, 0], velocity[:, 1])[:, None]
        speed = np.hypot(*(np.stack([grid.u[rows, columns], grid.v[rows, columns]])
                           / frame.unit[:, None, None])).ravel()  # fmt: skip
    good = np.isfinite(direction).all(axis=-1) & np.isfinite(speed)
    if not good.any():
        return np.empty((0, 2))
    base, direction, speed = base[good], direction[good], speed[good]
    spacing = min(frame.aspect / max(x.shape[1], 1), 1 / max(x.shape[0], 1))
    median = float(np.median(speed))
    with np.errstate(over="ignore", invalid="ignore"):
        share = np.where(speed > median, 1 - 0.5 * median / speed, 0.5 * speed / (median or 1.0))
    length = spacing * (0.36 + 0.36 * share)[:, None]
    along = direction * length
    across = np.stack([-direction[:, 1], direction[:, 0]], axis=-1)
    head, flare = 0.30 * length * direction, 0.15 * length * across
    tip = 0.5 * along
    gap = np.full_like(tip, np.nan)
    parts = np.stack([-tip, tip, tip - head + flare, tip, tip - head - flare, gap], axis=1)
    drawn: Array = (base[:, None, :] + parts * frame.unit).reshape(-1, 2)
    return drawn


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
    lines = [np.asarray(line, dtype=float)[:, :2] for line in polylines if len(line)]
    if not lines:
        return np.empty((0, 2))
    place = np.arange(sum(map(len, lines)))
    place += np.repeat(np.arange(len(lines)), [len(line) for line in lines])
    points = np.full((2, int(place[-1]) + 1), np.nan)
    points[:, place] = np.concatenate(lines).T
    with np.errstate(all="ignore"):
        x, y = (points - frame.low[:, None]) / frame.span[:, None]
        near: Mask = (np.abs(x - 0.5) <= 0.5 + BEYOND) & (np.abs(y - 0.5) <= 0.5 + BEYOND)
        step = np.sqrt((np.diff(x) * frame.aspect) ** 2 + np.diff(y) ** 2)
    way = np.zeros(len(x))
    np.cumsum(np.fmin(step, 1e6) * (1.0 / FINEST_STEP), out=way[1:])
    way = np.floor(way, out=way)
    moved = np.ones(len(x), dtype=bool)
    np.not_equal(way[1:], way[:-1], out=moved[1:])
    before, after = np.roll(near, 1), np.roll(near, -1)
    keep = near & (moved | ~(before & after))
    keep |= ~near & before
    keep[-1] &= bool(near[-1])
    far = np.isfinite(x) & ~near
    if far.any():
        points[:, far] = np.nan
    joined: Array = points[:, keep].T
    return joined


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
    lines = [np.asarray(line, dtype=float)[:, :2] for line in lines if len(line) > 1]
    if not lines:
        return np.empty((0, 2, 2))
    points = np.concatenate(lines).T.copy()
    with np.errstate(all="ignore"):
        x, y = (points - frame.low[:, None]) / frame.span[:, None]
        inside: Mask = (np.abs(x - 0.5) <= 0.495) & (np.abs(y - 0.5) <= 0.495)
        step = np.sqrt((np.diff(x) * frame.aspect) ** 2 + np.diff(y) ** 2)
    first = np.cumsum([0] + [len(line) for line in lines])
    step = np.where(inside[1:] & inside[:-1] & np.isfinite(step), step, 0.0)
    step[first[1:-1] - 1] = 0.0
    way = np.concatenate([[0.0], np.cumsum(step)])
    begin, end = way[first[:-1]], way[first[1:] - 1]
    length = end - begin
    count = np.where(length < 0.06, 0, np.clip(np.round(length / 0.9), 1, 3)).astype(int)
    if not count.any():
        return np.empty((0, 2, 2))
    order = np.concatenate([np.arange(n) for n in count])
    share = (order + 0.5) / np.repeat(count, count)
    target = np.repeat(begin, count) + share * np.repeat(length, count)
    places = np.stack([target - 0.006, target], axis=-1)
    finite = np.isfinite(points)
    clean = points if finite.all() else np.where(finite, points, 0.0)
    marks: Array = np.stack([np.interp(places, way, row) for row in clean], axis=-1)
    return marks[_apart(marks[:, 1] / frame.unit, HEADS_APART)]


def _apart(places: Array, distance: float) -> list[int]:
    """Choose places, the first first, so that no two are closer than `distance`."""
    x, y = places.T.astype(np.float32)
    close = (x[:, None] - x) ** 2 + (y[:, None] - y) ** 2 < distance**2
    free, kept = np.ones(len(places), dtype=bool), []
    for number in range(len(places)):
        if free[number]:
            kept.append(number)
            free &= ~close[number]
    return kept


def trajectory_role(trajectory: Trajectory) -> str:
    """Tell how a trajectory is drawn: ``seeded``, ``given``, ``stable`` or ``unstable``.

    A separatrix followed backward from its saddle is a branch of the stable manifold, one
    followed forward a branch of the unstable manifold.
    """
    if trajectory.origin != "separatrix":
        return "given" if trajectory.origin == "given" else "seeded"
    if not len(trajectory.times):
        return "unstable"
    return "stable" if -trajectory.times[0] > trajectory.times[-1] else "unstable"


def by_role(trajectories: Iterable[Trajectory]) -> dict[str, list[Trajectory]]:
    """Sort trajectories by their role, every role of `ROLES` present."""
    groups: dict[str, list[Trajectory]] = {role: [] for role in ROLES}
    for trajectory in trajectories:
        groups[trajectory_role(trajectory)].append(trajectory)
    return groups
