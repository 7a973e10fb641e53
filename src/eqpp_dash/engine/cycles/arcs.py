"""Sections that every cycle of a planar field must cross: arcs on which x has a maximum.

A cycle's rightmost point lies on f = 0, and there x'' = f_y g <= 0. So the sections are the arcs of
f = 0 with f_y g < 0. On such an arc f_y is not zero: it is the graph of a function of x, and the
flow crosses it in one direction, so a cycle meets it at most once (Perko, *Differential Equations
and Dynamical Systems*, 3rd ed., section 3.7, lemma 2).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.compiled import CompiledField, Factor
from eqpp_dash.engine.cycles.branches import Branch, BranchTracer
from eqpp_dash.model.portrait import Array

OPEN_END = 1e-3
"""Share of an arc's length before an end that is not an equilibrium, within which is not looked."""


SMALLEST = 1e-12
"""Width of a section, in those of the window, below which it is no graph over x."""

LONGEST_NAME = 60
"""Characters of a nullcline's formula by which it is named; a longer one is not cut off."""


@dataclass(frozen=True, slots=True, eq=False)
class ArcEnd:
    """An end of a section.

    Attributes
    ----------
    kind : str
        ``equilibrium``, ``fold`` (the nullcline is vertical), ``box`` or ``singular``.
    point : ndarray, shape (2,)
        Where it is.
    nearest : float
        Distance in x from the end at which the section begins to be searched.
    """

    kind: str
    point: Array
    nearest: float


@dataclass(frozen=True, slots=True, eq=False)
class Arc:
    """A section: a graph over x.

    Positions on it are given by ``ln((x - a) / (b - x))``, where a and b are the x of its ends:
    the logarithmic distance from either end, but for a constant. Where it ends at the border of
    the box, nothing happens that a logarithm would resolve: there a or b is one length beyond.

    Attributes
    ----------
    factor : Factor
        What vanishes on it.
    x, y : ndarray, shape (m,)
        Its vertices, x rising.
    left, right : ArcEnd
        Its ends.
    """

    factor: Factor
    x: Array
    y: Array
    left: ArcEnd
    right: ArcEnd
    size: float = field(init=False)
    first: float = field(init=False)
    last: float = field(init=False)
    low: float = field(init=False)
    high: float = field(init=False)

    def __post_init__(self) -> None:
        first, last = float(self.x[0]), float(self.x[-1])
        size = last - first
        object.__setattr__(self, "first", first)
        object.__setattr__(self, "last", last)
        object.__setattr__(self, "size", size)
        object.__setattr__(self, "low", first - size if self.left.kind == "box" else first)
        object.__setattr__(self, "high", last + size if self.right.kind == "box" else last)

    def position(self, x: Array) -> Array:
        """Give the logarithmic position of abscissas."""
        found: Array = np.log((x - self.low) / (self.high - x))
        return found

    def abscissa(self, position: Array) -> Array:
        """Give the abscissas of positions; the inverse of `position`."""
        far = np.exp(-np.abs(position))
        share = far / (1.0 + far) * (self.high - self.low)
        found: Array = np.where(position < 0, self.low + share, self.high - share)
        return found

    def stretch(self, x: Array) -> Array:
        """Give the derivative of the position by x."""
        found: Array = (self.high - self.low) / ((x - self.low) * (self.high - x))
        return found

    def rounding(self, x: Array) -> Array:
        """Give the error of positions that rounding of x causes."""
        scale = max(abs(float(self.x[0])), abs(float(self.x[-1])))
        found: Array = 4e-16 * np.minimum(scale, np.abs(x)) * self.stretch(x) + 2e-16
        return found

    def guess(self, x: Array) -> Array:
        """Give ordinates from the vertices: between them by lines, by parabolas next to folds."""
        y: Array = np.interp(x, self.x, self.y)
        for end, first, next_ in ((self.left, 0, 1), (self.right, -1, -2)):
            if end.kind == "fold":
                share = (x - self.x[first]) / (self.x[next_] - self.x[first])
                bent = self.y[first] + (self.y[next_] - self.y[first]) * np.sqrt(np.abs(share))
                y = np.where(share < 1.0, bent, y)
        return y

    def height(self, x: Array) -> Array:
        """Give the ordinates at abscissas between the ends: Newton's method; NaN if it fails."""
        y = self.guess(x)
        bound = 0.5 * float(np.ptp(self.y)) + 1e-300
        for _ in range(8):
            value = self.factor(0.0, np.stack([x, y]))
            slope = self.factor.gradient(0.0, np.stack([x, y]))[1]
            step = np.clip(value / slope, -bound, bound)
            y = y - step
            if not (np.abs(step) > 1e-15 * np.abs(y)).any():
                break
        return np.where(np.abs(step) <= 1e-7 * (np.abs(y) + bound), y, np.nan)

    def limits(self) -> tuple[float, float]:
        """Give the first and the last position at which the section is searched."""
        ends = np.array([self.x[0] + self.left.nearest, self.x[-1] - self.right.nearest])
        first, last = self.position(ends)
        return float(first), float(last)


def find_arcs(
    compiled: CompiledField,
    lo: Array,
    hi: Array,
    box: tuple[Array, Array],
    known: Array,
    unit: Array | None = None,
    blind: list[str] | None = None,
    tick: Callable[[], object] | None = None,
) -> list[Arc]:
    """Find the sections of a planar field.

    Parameters
    ----------
    compiled : CompiledField
        The field (f, g).
    lo, hi : ndarray, shape (2,)
        Corners of the window.
    box : tuple of ndarray, shape (2,)
        Corners of the box in which the nullcline is followed.
    known : ndarray, shape (k, 2)
        Known equilibria and singular points.
    unit : ndarray, shape (2,), optional
        Lengths in which steps are measured; the width of the window.
    blind : list of str, optional
        Gets what could not be followed.
    tick : callable, optional
        Called again and again on the way; an exception from it is passed on.

    Returns
    -------
    list of Arc
        The sections, from all branches of f = 0.
    """
    arcs: list[Arc] = []
    unit = hi - lo if unit is None else unit
    for factor in compiled.factors[0]:
        tracer = BranchTracer(factor, unit, *box, known, tick)
        for branch in tracer.branches([(lo, hi), box]):
            for arc in _sections(compiled, tracer, branch, unit, box, known):
                if not any(_same(arc, other) for other in arcs):
                    arcs.append(arc)
        if tracer.cut_short and blind is not None:
            curve = f"{factor.text} = 0" if len(factor.text) <= LONGEST_NAME else "a nullcline"
            blind.append(f"{curve} has too many branches to follow all of them")
    return arcs


def _same(a: Arc, b: Arc) -> bool:
    tolerance = 1e-6 * max(a.size, b.size)
    if abs(a.first - b.first) > tolerance or abs(a.last - b.last) > tolerance:
        return False
    middle = np.array([0.5 * (a.x[0] + a.x[-1])])
    height = float(np.ptp(a.y)) + float(np.ptp(b.y)) + abs(float(a.y[0] - b.y[0]))
    return bool(abs(a.guess(middle) - b.guess(middle))[0] <= 0.02 * height)


def _sections(
    compiled: CompiledField,
    tracer: BranchTracer,
    branch: Branch,
    unit: Array,
    box: tuple[Array, Array],
    known: Array,
) -> list[Arc]:
    """Cut a branch where x'' changes its sign, and keep the pieces on which x has a maximum."""
    points = branch.points
    if np.ptp(points[:, 0]) <= SMALLEST * unit[0]:
        return []  # a vertical line, but for rounding
    signs = _signs(compiled, branch.factor, points.T)
    inner = np.arange(1, len(points) - 1)
    changes = [int(i) for i in inner[:-1] if (signs[:, i] != signs[:, i + 1]).any()]
    cuts = [_cut(compiled, tracer, branch.factor, points, signs, i, unit) for i in changes]
    arcs: list[Arc] = []
    first, start = 0, _end_of(points[0], signs[:, 1], box, known, unit)
    for place, (point, kind) in zip([*changes, len(points) - 2], [*cuts, (None, "")], strict=True):
        if point is None:
            line = points[first:]
            end = _end_of(points[-1], signs[:, -2], box, known, unit)
        else:
            line = np.vstack([points[first : place + 1], point])
            end = (point, kind)
        middle = signs[:, min(first + 1, place)] if len(line) > 2 else signs[:, place]
        if middle[1] * middle[2] < 0:
            arc = _make(branch.factor, line, start, end, unit)
            if arc is not None:
                arcs.append(arc)
        if point is not None:
            first, start = place, (point, kind)
            points = points.copy()
            points[place] = point
    return arcs


def _signs(compiled: CompiledField, factor: Factor, points: Array) -> NDArray[np.float64]:
    """Give the signs of the factor's y-derivative, of f_y and of g: shape (3, m).

    Where f_y vanishes on all of the curve, as at an odd power, f's change of sign across it
    stands for it.
    """
    slope = factor.gradient(0.0, points)[1]
    across = compiled.jacobian(0.0, points)[0, 1]
    rates = compiled(0.0, points)
    if np.count_nonzero(across[1:-1]) < 0.5 * (across.size - 2):
        size = np.hypot(*np.gradient(points, axis=1)) * 1e-3
        offset = np.stack([np.zeros_like(size), size])
        above, below = compiled(0.0, points + offset)[0], compiled(0.0, points - offset)[0]
        across = np.where(np.sign(above) * np.sign(below) < 0, above - below, 0.0)
    signs: Array = np.sign(np.nan_to_num(np.stack([slope, across, rates[1]])))
    return signs


def _cut(
    compiled: CompiledField,
    tracer: BranchTracer,
    factor: Factor,
    points: Array,
    signs: Array,
    i: int,
    unit: Array,
) -> tuple[Array, str]:
    """Locate a change of sign between two vertices along the curve."""
    tracer.tick()
    a, b = points[i], points[i + 1]
    length = float(np.hypot(*((b - a) / unit)))

    def at(share: float) -> Array:
        rough = (a + share * (b - a)) / unit
        on = tracer.correct((float(rough[0]), float(rough[1])), length)
        return rough * unit if on is None else np.array(on) * unit

    which = np.flatnonzero(signs[:, i] != signs[:, i + 1])
    j = int(which[0])
    alone = which.size == 1 or which.tolist() == [0, 1]  # f_y vanishes with its factor's
    ends = [float(_point_values(compiled, factor, at(share))[j]) for share in (0.0, 1.0)]
    if alone and ends[0] * ends[1] < 0.0:
        share = _root(lambda s: float(_point_values(compiled, factor, at(s))[j]), *ends)
        point, last = at(share), signs[:, i + 1]
    else:
        point, last = _bisected(compiled, factor, at, signs[:, i : i + 2])
    changed = last != signs[:, i]
    kind = "equilibrium" if changed[2] else "fold" if changed[0] else "singular"
    if kind == "equilibrium":
        rates = np.abs(compiled(0.0, point[:, None])[:, 0])
        nearby = np.abs(compiled(0.0, np.stack([a, b], axis=1))).max()
        kind = kind if rates.max() <= 1e-6 * nearby else "singular"
    return point, kind


def _root(function: Callable[[float], float], first: float, last: float) -> float:
    """Find a change of sign between 0 and 1: the Illinois method, Dahlquist and Björck (1974)."""
    low, high, share, side = 0.0, 1.0, 0.0, 0
    for _ in range(60):
        if high - low <= 1e-14:
            break
        share = high - last * (high - low) / (last - first)
        if not low < share < high:
            share = 0.5 * (low + high)
        value = function(share)
        if value == 0.0:
            break
        if value * last > 0.0:
            high, last, first = share, value, 0.5 * first if side > 0 else first
            side = 1
        else:
            low, first, last = share, value, 0.5 * last if side < 0 else last
            side = -1
        if abs(value) <= 1e-15 * max(abs(first), abs(last)):
            break
    return share


def _bisected(
    compiled: CompiledField, factor: Factor, at: Callable[[float], Array], signs: Array
) -> tuple[Array, Array]:
    """Bisect until the signs change, whichever; give the place and the signs beyond."""
    low, high = 0.0, 1.0
    point, last = at(0.0), signs[:, 1]
    for _ in range(46):
        share = 0.5 * (low + high)
        point = at(share)
        here = np.sign(_point_values(compiled, factor, point))
        if (here != signs[:, 0]).any():
            high, last = share, here
        else:
            low = share
    return point, last


def _point_values(compiled: CompiledField, factor: Factor, point: Array) -> Array:
    """Give the factor's y-derivative, f_y and g."""
    slope = factor.at_point(point.tolist())[1]
    jacobian = compiled.jacobian_scalar(0.0, point.tolist())
    return np.array([slope, jacobian[0][1], compiled.scalar(0.0, point.tolist())[1]])


def _end_of(
    point: Array, signs: Array, box: tuple[Array, Array], known: Array, unit: Array
) -> tuple[Array, str]:
    if (point <= box[0]).any() or (point >= box[1]).any():
        return point, "box"
    near = known.size and (np.abs((known - point) / unit).max(axis=1) < 1e-9).any()
    return point, "equilibrium" if near else "singular"


def _make(
    factor: Factor,
    line: Array,
    start: tuple[Array, str],
    end: tuple[Array, str],
    unit: Array,
) -> Arc | None:
    if line[0, 0] > line[-1, 0]:
        line, start, end = line[::-1], end, start
    kept = np.concatenate([[True], np.diff(np.maximum.accumulate(line[:, 0])) > 0])
    line = line[kept]
    if len(line) < 2 or line[-1, 0] - line[0, 0] <= SMALLEST * unit[0]:
        return None
    lengths = np.concatenate([[0.0], np.cumsum(np.hypot(*(np.diff(line, axis=0) / unit).T))])
    ends = []
    for (point, kind), order in ((start, 1), (end, -1)):
        away = np.abs(line[:, 0] - point[0])[::order]
        along = np.abs(lengths - lengths[0 if order > 0 else -1])[::order]
        if kind in ("equilibrium", "singular"):
            nearest = 1e-5 * float(away[-1])
        elif kind == "box":
            nearest = 0.0
        else:  # x is quadratic in the length at a fold
            share = OPEN_END * lengths[-1]
            k = int(np.searchsorted(along, share))
            nearest = float(away[k]) * (share / float(along[k])) ** (2 if kind == "fold" else 1)
        ends.append(ArcEnd(kind, point, max(nearest, 5e-10 * float(away[-1]))))
    return Arc(factor, line[:, 0].copy(), line[:, 1].copy(), ends[0], ends[1])


def merge_points(parts: Sequence[Array]) -> Array:
    """Put points together in one array of shape (k, 2)."""
    found = [np.asarray(part, dtype=float).reshape(-1, 2) for part in parts]
    return np.concatenate(found) if found else np.empty((0, 2))
