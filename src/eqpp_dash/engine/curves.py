"""Zero sets of plane functions as polylines: contours, polished; crossings without gaps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import contourpy
import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.critical import find_critical_boxes
from eqpp_dash.engine.degenerate import cluster_boxes, simple_point
from eqpp_dash.engine.polylines import UnitFunction, clip_line, covered_pieces, polish, refine, thin
from eqpp_dash.engine.problem import ScalarFunction
from eqpp_dash.model.portrait import Array

GRID = 45
"""Cells a side of the contour grid, threefold where the function often changes its sign; its
nodes are a little off the round numbers."""
DETAIL = 9
"""How often the grid is halved towards a place where the curve is not smooth."""
MOST_LINES = 260
MOST_PROLONGED = 200
"""Polylines that end within the window; if there are more, none is prolonged to where the function
ends. They are shorter than a cell of the grid there, and each takes up to a tenth of a second."""


@dataclass(frozen=True, slots=True, eq=False)
class ZeroSet:
    """The zero set of a function within a window.

    Attributes
    ----------
    branches : tuple of ndarray, shape (m, 2)
        Polylines; a single point is an isolated zero.
    touching : bool
        Whether the function is zero on curves without changing its sign.
    """

    branches: tuple[Array, ...]
    touching: bool = False


def trace_zero_set(
    function: ScalarFunction, lo: Array, hi: Array, tick: Callable[[], object] | None = None
) -> ZeroSet:
    """Trace the zero set of a function of two variables.

    Parameters
    ----------
    function : ScalarFunction
        The function.
    lo, hi : ndarray, shape (2,)
        Limits of the window.
    tick : callable, optional
        Called again and again on the way; an exception from it is passed on.

    Returns
    -------
    ZeroSet
        Polylines whose points lie on the curve within 1e-9 of the window's size.

    Notes
    -----
    Marching squares on a grid that is refined geometrically wherever interval bounds leave
    room for a crossing, an isolated point or a small oval; Newton's method along the gradient
    then moves every point onto the curve. A change of sign at a pole is no zero: there the
    iteration does not arrive.
    """
    tick = tick or (lambda: None)
    g = UnitFunction(function, lo[:, None], (hi - lo)[:, None], GRID)
    straight = _straight_line(g, lo, hi)
    if straight is not None:
        return ZeroSet(tuple(_to_plane(g, line) for line in straight))
    rough = find_critical_boxes(function, lo, hi, depth=1 / 400)
    tick()
    nodes, spots = np.empty((2, 0)), np.empty((2, 0))
    if rough.lo.shape[1] and not rough.crowded:
        spots = _centers(g, rough.lo, rough.hi)
        fine = find_critical_boxes(function, lo, hi, depth=1e-8)
        if not fine.crowded:
            nodes = _nodes(g, fine.lo, fine.hi)
            spots = np.concatenate([nodes, spots], axis=1)
    x, y, values = _sample(g, spots)
    if _changes_of_sign(values) > 7 * g.cells:
        g = replace(g, cells=3 * GRID)
        x, y, values = _sample(g, spots)
    lines = _contours(g, x, y, values, nodes, tick)
    lines, isolated = _attach(g, lines, nodes)
    tick()
    touching = False
    if rough.crowded:
        valleys = _valleys(g, x, y, lines)
        touching = bool(valleys)
        lines += valleys
    return ZeroSet(tuple(_to_plane(g, line) for line in [*lines, *isolated]), touching)


def _sample(g: UnitFunction, spots: Array) -> tuple[Array, Array, Array]:
    """Evaluate on the grid, refined at spots; gives its columns, rows and the values."""
    x, y = (_grid_lines(g.cells, spots[axis]) for axis in range(2))
    values = g.value(np.stack(np.meshgrid(x, y)).reshape(2, -1)).reshape(y.size, x.size)
    return x, y, values


def _changes_of_sign(values: Array) -> int:
    with np.errstate(invalid="ignore"):
        rows, columns = values[:, 1:] * values[:, :-1] < 0, values[1:] * values[:-1] < 0
    return int(rows.sum() + columns.sum())


def _to_plane(g: UnitFunction, line: Array) -> Array:
    return np.ascontiguousarray((g.lo + g.span * line).T)


def _straight_line(g: UnitFunction, lo: Array, hi: Array) -> list[Array] | None:
    """Give the zero set if the function is linear on the window; None if it is not."""
    slope = g.function.gradient_boxes(lo[:, None], hi[:, None])
    size = np.abs(slope.hi * g.span).max()
    if not (slope.continuous[0] and np.isfinite(size) and size > 0):
        return None
    if float(((slope.hi - slope.lo) * g.span).max()) > 1e-13 * size:
        return None
    middle = np.full((2, 1), 0.5)
    direction = g.gradient(middle)[:, 0]
    line = clip_line(float(g.value(middle)[0]), direction, middle[:, 0])
    return [] if line is None else [line]


def _centers(g: UnitFunction, lo: Array, hi: Array) -> Array:
    clusters = cluster_boxes((lo - g.lo) / g.span, (hi - g.lo) / g.span, np.ones(2))
    return np.stack([0.5 * (c.lo + c.hi) for c in clusters], axis=1)


def _nodes(g: UnitFunction, lo: Array, hi: Array) -> Array:
    """Locate singular points of the curve from the last critical boxes."""
    points = []
    for cluster in cluster_boxes(lo, hi, g.span[:, 0]):
        margin = 1e-8 * g.span[:, 0]
        point = simple_point(cluster.lo - margin, cluster.hi + margin, 4)
        point = 0.5 * (cluster.lo + cluster.hi) if point is None else point
        points.append((point - g.lo[:, 0]) / g.span[:, 0])
    return np.stack(points, axis=1) if points else np.empty((2, 0))


def _grid_lines(cells: int, spots: Array) -> Array:
    step = 1.0 / cells
    inner = (np.arange(1, cells) + 0.137) * step
    lines = [np.array([0.0, 1.0]), inner]
    if spots.size:
        spots = np.unique(np.round(spots, 9))
        depth = max(2, min(DETAIL, (MOST_LINES - cells) // (2 * spots.size)))
        offsets = step * 0.5 ** np.arange(depth)
        around = np.concatenate([-offsets, offsets]) * 1.07
        lines.append((spots[:, None] + around).ravel())
    result = np.unique(np.concatenate(lines))
    result = result[(result >= 0) & (result <= 1)]
    far = np.concatenate([[True], np.diff(result) > 1e-7])
    far[-1] = True
    return np.asarray(result[far])


def _contours(
    g: UnitFunction,
    x: Array,
    y: Array,
    values: Array,
    nodes: Array,
    tick: Callable[[], object],
) -> list[Array]:
    raw = _zero_contours(x, y, values)
    if not raw:
        return []
    points = np.concatenate(raw, axis=1)
    near = _near(points, nodes, 1.6 / g.cells * 0.5 ** (DETAIL - 1))
    moved, arrived = polish(g, points, 1.5 / g.cells)
    arrived &= _is_crossing(g, x, y, points)
    snapped = np.where(near >= 0, nodes[:, near] if nodes.size else moved, moved)
    lines = _split_lines(raw, snapped, arrived | (near >= 0))
    lines = [line for line in lines if ((line >= 0) & (line <= 1)).all(axis=0).sum() > 1]
    few = sum(not _is_whole(line) for line in lines) <= MOST_PROLONGED
    for k, line in enumerate(lines):
        cut = _cut_off(g, line)
        lines[k] = _cut_off(g, _extend(g, cut)) if few else cut
        tick()
    lines = refine(lines, lambda u: polish(g, u, 0.5 / g.cells))
    tick()
    return [thin(line) for line in lines]


def _is_crossing(g: UnitFunction, x: Array, y: Array, points: Array) -> NDArray[np.bool_]:
    """Tell zeros from poles: halving the grid's edge lowers the values at a zero, not at a pole.

    `points` lie on edges of the grid, between vertices of opposite signs.
    """
    column = np.clip(np.searchsorted(x, points[0], side="right") - 1, 0, x.size - 2)
    row = np.clip(np.searchsorted(y, points[1], side="right") - 1, 0, y.size - 2)
    on_x = np.minimum(np.abs(points[0] - x[column]), np.abs(points[0] - x[column + 1])) < 1e-13
    on_y = np.minimum(np.abs(points[1] - y[row]), np.abs(points[1] - y[row + 1])) < 1e-13
    vertical = on_x & ~on_y
    known = on_x ^ on_y
    a = np.where(vertical, [points[0], y[row]], [x[column], points[1]])
    b = np.where(vertical, [points[0], y[row + 1]], [x[column + 1], points[1]])
    with np.errstate(invalid="ignore"):
        at_a, at_b = g.value(a), g.value(b)
        before = np.maximum(np.abs(at_a), np.abs(at_b))
        for _ in range(7):
            middle = 0.5 * (a + b)
            value = g.value(middle)
            left = (value < 0) == (at_a < 0)
            a, at_a = np.where(left, middle, a), np.where(left, value, at_a)
            b, at_b = np.where(left, b, middle), np.where(left, at_b, value)
        after = np.maximum(np.abs(at_a), np.abs(at_b))
        return np.asarray(~known | (after <= 0.5 * before))


def _zero_contours(x: Array, y: Array, values: Array) -> list[Array]:
    masked = np.ma.masked_invalid(values)
    generator = contourpy.contour_generator(x, y, masked, name="serial", corner_mask=True)
    lines = (np.asarray(line, dtype=np.float64) for line in generator.lines(0.0))
    return [line.T for line in lines if len(line) > 1]


def _near(points: Array, nodes: Array, reach: float) -> NDArray[np.intp]:
    """Give the node within reach of each point, -1 if there is none."""
    if not nodes.size:
        return np.full(points.shape[1], -1)
    away = np.abs(points[:, :, None] - nodes[:, None, :]).max(axis=0)
    nearest = away.argmin(axis=1)
    return np.where(away.min(axis=1) <= reach, nearest, -1)


def _split_lines(raw: list[Array], points: Array, good: NDArray[np.bool_]) -> list[Array]:
    """Cut the polylines where points are not on the curve."""
    lines, first = [], 0
    for line in raw:
        part = slice(first, first + line.shape[1])
        first += line.shape[1]
        moved, kept = points[:, part], good[part]
        runs = np.split(np.arange(kept.size), np.flatnonzero(np.diff(kept.astype(np.int8))) + 1)
        for run in runs:
            if run.size > 1 and kept[run[0]]:
                piece = moved[:, run]
                new = np.concatenate([[True], np.abs(np.diff(piece, axis=1)).max(axis=0) > 1e-12])
                if new.sum() > 1:
                    lines.append(piece[:, new])
    return lines


def _cut_off(g: UnitFunction, line: Array) -> Array:
    """Let a polyline whose ends were moved out of the window end on its border."""
    for _ in range(2):
        line = line[:, ::-1]
        out = ((line < 0) | (line > 1)).any(axis=0)
        first = int(np.argmin(out))
        if first == 0:
            continue
        end = _border_point(g, line[:, first], line[:, first - 1])
        line = line[:, first:]
        if end is not None:
            line = np.concatenate([end[:, None], line], axis=1)
    return line


def _border_point(g: UnitFunction, inside: Array, outside: Array) -> Array | None:
    """Give the point at which the curve crosses the border between two points near it.

    None if Newton's method along the border does not arrive nearby.
    """
    with np.errstate(all="ignore"):
        shares = np.where(outside < 0, inside, 1 - inside) / np.abs(outside - inside)
    axis = int(np.argmin(np.where((outside < 0) | (outside > 1), shares, np.inf)))
    u = (inside + (outside - inside) * shares[axis])[:, None]
    u[axis] = round(float(u[axis, 0]))
    for _ in range(8):
        with np.errstate(all="ignore"):
            step = float(g.value(u)[0]) / float(g.gradient(u)[1 - axis, 0])
        if not abs(step) < 0.2 / g.cells:
            return None
        u[1 - axis] -= step
        if abs(step) < 1e-13:
            return u[:, 0] if 0 <= u[1 - axis, 0] <= 1 else None
    return None


def _is_closed(line: Array) -> bool:
    return bool(np.abs(line[:, 0] - line[:, -1]).max() < 1e-9)


def _is_whole(line: Array) -> bool:
    """Tell whether a polyline is closed or has both ends on the window's border or beyond."""
    ends = line[:, [0, -1]]
    return _is_closed(line) or bool(((ends <= 1e-9) | (ends >= 1 - 1e-9)).any(axis=0).all())


def _extend(g: UnitFunction, line: Array) -> Array:
    """Prolong a polyline that ends within the window, up to where the function ends."""
    if _is_closed(line):
        return line
    front, back = _continuation(g, line[:, ::-1]), _continuation(g, line)
    return np.concatenate([front[:, ::-1], line, back], axis=1)


def _continuation(g: UnitFunction, line: Array) -> Array:
    points: list[Array] = []
    before, end = line[:, -2:-1], line[:, -1:]
    step = 0.5 / g.cells
    while step > 2e-6 and len(points) < 40 and (end > 1e-9).all() and (end < 1 - 1e-9).all():
        direction = end - before
        length = float(np.hypot(direction[0, 0], direction[1, 0]))
        if length == 0:
            break
        ahead = end + direction * (step / length)
        if ((ahead < 0) | (ahead > 1)).any():
            border = _border_point(g, end[:, 0], ahead[:, 0])
            if border is not None:
                points.append(border[:, None])
                break
        ahead = np.clip(ahead, 0.0, 1.0)
        moved, arrived = polish(g, ahead, 0.5 * step)
        if arrived[0] and float(np.abs(moved - end).max()) > 0.1 * step:
            before, end = end, moved
            points.append(moved)
        else:
            step *= 0.5
    return np.concatenate(points, axis=1) if points else np.empty((2, 0))


def _attach(g: UnitFunction, lines: list[Array], nodes: Array) -> tuple[list[Array], list[Array]]:
    """Lead polylines that end or turn just short of a singular point, as at a cusp, into it.

    Returns the polylines and the singular points that lie on none.
    """
    lines, isolated = list(lines), []
    for node in nodes.T:
        away = [float(np.abs(line - node[:, None]).max(axis=0).min()) for line in lines]
        k = int(np.argmin(away)) if away else -1
        if k >= 0 and away[k] < 4 * 0.5**DETAIL / g.cells:
            continue
        if k >= 0 and away[k] < 2.5 / g.cells:
            line = lines[k]
            closest = int(np.abs(line - node[:, None]).max(axis=0).argmin())
            middle = 0.5 * (line[:, closest] + node)[:, None]
            if polish(g, middle, 0.2 * away[k])[1][0]:
                place = _insertion(line, node, closest)
                joined = np.insert(line, [place], node[:, None], axis=1)
                lines[k] = thin(refine([joined], lambda u: polish(g, u, 0.5 / g.cells))[0])
                continue
        isolated.append(node[:, None])
    return lines, isolated


def _insertion(line: Array, node: Array, closest: int) -> int:
    """Give the place in a polyline at which a point lengthens it least."""
    last = line.shape[1] - 1
    if closest == 0 or closest == last:
        return 0 if closest == 0 else last + 1
    before, after = (float(np.hypot(*(line[:, closest + s] - node))) for s in (-1, 1))
    return closest if before < after else closest + 1


def _valleys(g: UnitFunction, x: Array, y: Array, lines: list[Array]) -> list[Array]:
    """Trace curves on which the function touches zero without changing its sign."""
    mesh = np.stack(np.meshgrid(x, y)).reshape(2, -1)
    slopes = g.gradient(mesh).reshape(2, y.size, x.size)
    found: list[Array] = []
    for slope in slopes:
        raw = _zero_contours(x, y, slope)
        if not raw:
            continue
        moved, good = _polish_touching(g, np.concatenate(raw, axis=1))
        pieces = [thin(piece) for piece in _split_lines(raw, moved, good)]
        covered = covered_pieces([*lines, *found], pieces, 0.2 / g.cells)
        found += [piece for piece, known in zip(pieces, covered, strict=True) if not known]
    return found


def _polish_touching(g: UnitFunction, u: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Move points to a zero of order one or two, whichever step lowers the value more."""
    start, u = u, u.copy()
    first = np.abs(g.value(u))
    with np.errstate(all="ignore"):
        for _ in range(40):
            step = g.distance(u)
            single, double = u - step, u - 2 * step
            a, b, now = (np.abs(g.value(p)) for p in (single, double, u))
            a, b = np.nan_to_num(a, nan=np.inf), np.nan_to_num(b, nan=np.inf)
            best = np.where(b < a, double, single)
            better = np.minimum(a, b) < now
            u = np.where(better, best, u)
            if not better.any():
                break
        scale = float(np.where(np.isfinite(first), first, 0.0).max())
        rest = np.abs(g.value(u))
        near = np.abs(u - start).max(axis=0) <= 1.5 / g.cells
        inside = ((u >= -1e-9) & (u <= 1 + 1e-9)).all(axis=0)
    return np.clip(u, 0.0, 1.0), near & inside & (rest <= 1e-12 * max(scale, 1e-3))
