"""Follow the zero set of a factor from its known points, through all scales."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from eqpp_dash.engine.compiled import Factor
from eqpp_dash.engine.curves import trace_zero_set
from eqpp_dash.model.portrait import Array

FIRST_STEP = 1e-7
LONGEST_STEP = 0.03
SHORTEST_STEP = 1e-11
"""Steps in units of the window; they grow by half from the first one."""

MOST_STEPS = 3000
MOST_POINTS = 6000
"""Points of branches after which no others are begun."""

MOST_SEEDS = 12_000
"""Points of drawn curves after which no others are tried: those of 500 curves."""

WIDEST_TURN = 0.2
"""Most a step may turn, in radians."""

ON_CURVE = 1e-7
SEEDS = tuple((np.arange(1, 24) / 24.0 + 0.003).tolist())
"""Where drawn curves are tried, as shares of their lengths."""
Pair = tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """A piece of a zero set.

    Attributes
    ----------
    factor : Factor
        What vanishes on it.
    points : ndarray, shape (m, 2)
        Its vertices.
    """

    factor: Factor
    points: Array


class BranchTracer:
    """Traces the zero set of one factor by prediction and correction.

    Parameters
    ----------
    factor : Factor
        A function of two variables.
    unit : ndarray, shape (2,)
        Lengths in which steps are measured: the width of the window.
    lo, hi : ndarray, shape (2,)
        Corners of the box in which the curve is followed.
    known : ndarray, shape (k, 2)
        Points at which branches end and others begin: equilibria.
    tick : callable, optional
        Called again and again; an exception from it is passed on.

    Attributes
    ----------
    followed : int
        Points found so far.
    looked : int
        Points of drawn curves that were tried so far.

    Notes
    -----
    Euler predictor along the tangent, Newton's method along the gradient as corrector, steps
    controlled by the turn of the tangent: Allgower and Georg, *Introduction to Numerical
    Continuation Methods* (1990), chapters 2 and 6.
    """

    def __init__(
        self,
        factor: Factor,
        unit: Array,
        lo: Array,
        hi: Array,
        known: Array,
        tick: Callable[[], object] | None = None,
    ) -> None:
        self.factor, self.followed, self.looked = factor, 0, 0
        self.tick = tick or (lambda: None)
        self.unit: Pair = (float(unit[0]), float(unit[1]))
        self.lo, self.hi = lo / unit, hi / unit
        self.known = [(float(x), float(y)) for x, y in known / unit if self._holds((x, y))]

    def branches(self, windows: Sequence[tuple[Array, Array]]) -> list[Branch]:
        """Give all branches: those from known points, then those that windows show beside them."""
        lines: list[list[Pair]] = []
        for start in self.known:
            for tangent in self._directions(start):
                if not self.cut_short and not self._is_known(lines, start, tangent):
                    lines.append(self._follow(start, tangent))
        passed = _Segments(lines)
        for lo, hi in windows:
            if self.cut_short:
                break
            for line in trace_zero_set(self.factor, lo, hi, self.tick).branches:
                if len(line) > 1 and not self.cut_short:
                    lines += self._beside(passed, line / self.unit)
        unit = np.array(self.unit)
        return [Branch(self.factor, np.array(line) * unit) for line in lines if len(line) > 2]

    @property
    def cut_short(self) -> bool:
        """Whether no further branches are followed, because there are too many."""
        return self.followed > MOST_POINTS or self.looked > MOST_SEEDS

    def correct(self, q: Pair, reach: float) -> Pair | None:
        """Move a point onto the curve along the gradient; None if that leads too far."""
        x, y = q
        for _ in range(12):
            value, a, b = self._value((x, y))
            square = a * a + b * b
            if not (square > 0.0 and math.isfinite(value) and math.isfinite(square)):
                return None
            share = value / square
            x, y = x - share * a, y - share * b
            moved = abs(share) * math.sqrt(square)
            if math.hypot(x - q[0], y - q[1]) > reach:
                return None
            if moved <= 1e-15 * (abs(x) + abs(y)) + 1e-9 * min(reach, 1e-6):
                return (x, y)
        return None

    def _value(self, q: Pair) -> tuple[float, float, float]:
        a, b, value = self.factor.at_point((q[0] * self.unit[0], q[1] * self.unit[1]))
        return value, a * self.unit[0], b * self.unit[1]

    def _holds(self, q: Pair) -> bool:
        value, a, b = self._value(q)
        if value == 0.0:
            return True
        size = math.hypot(a, b)
        if math.isfinite(size) and abs(value) <= ON_CURVE * size:
            return True
        near = [self._value((q[0] + ON_CURVE * c, q[1] + ON_CURVE * s))[0] for c, s in _CIRCLE]
        near = [v for v in near if math.isfinite(v)]
        return bool(near) and min(near) < 0.0 < max(near)

    def _directions(self, q: Pair) -> list[Pair]:
        """Give the unit vectors in which the curve leaves a point, from signs on a small circle."""
        radius = FIRST_STEP
        values = [self._value((q[0] + radius * c, q[1] + radius * s))[0] for c, s in _CIRCLE]
        found: list[Pair] = []
        for i, (c, s) in enumerate(_CIRCLE):
            before = values[i - 1]
            if math.isfinite(before) and math.isfinite(values[i]) and before < 0.0 <= values[i]:
                found.append(self._zero_direction(q, radius, _CIRCLE[i - 1], (c, s)))
            elif math.isfinite(before) and math.isfinite(values[i]) and values[i] < 0.0 <= before:
                found.append(self._zero_direction(q, radius, (c, s), _CIRCLE[i - 1]))
        return found

    def _zero_direction(self, q: Pair, radius: float, low: Pair, high: Pair) -> Pair:
        for _ in range(40):
            c, s = 0.5 * (low[0] + high[0]), 0.5 * (low[1] + high[1])
            size = math.hypot(c, s)
            middle = (c / size, s / size)
            value = self._value((q[0] + radius * middle[0], q[1] + radius * middle[1]))[0]
            if value < 0.0:
                low = middle
            else:
                high = middle
        return high

    def _follow(self, start: Pair, tangent: Pair, step: float = FIRST_STEP) -> list[Pair]:
        """Follow the curve until it leaves the box, meets a known point, closes or ends."""
        line, here, run = [start], start, 0.0
        step = 1.5 * step
        while len(line) < MOST_STEPS and step > SHORTEST_STEP:
            ahead = (here[0] + step * tangent[0], here[1] + step * tangent[1])
            point = self.correct(ahead, 0.3 * step)
            turned = None if point is None else self._tangent(point, tangent)
            self.tick()
            if point is None or turned is None or _angle(tangent, turned) > WIDEST_TURN:
                step *= 0.4
                continue
            end = self._meets(here, point, step, start, run)
            if end is not None:
                return [*line, end]
            line.append(point)
            self.followed += 1
            run += step
            if not all(self.lo[i] <= point[i] <= self.hi[i] for i in range(2)):
                return line
            if run > 10 * step and math.hypot(point[0] - start[0], point[1] - start[1]) < step:
                return [*line, start]
            grow = 1.5 if _angle(tangent, turned) < 0.4 * WIDEST_TURN else 1.0
            here, tangent, step = point, turned, min(LONGEST_STEP, grow * step)
        return line

    def _tangent(self, q: Pair, before: Pair) -> Pair | None:
        _, a, b = self._value(q)
        size = math.hypot(a, b)
        if not (size > 0.0 and math.isfinite(size)):
            return None
        c, s = b / size, -a / size
        return (c, s) if c * before[0] + s * before[1] > 0 else (-c, -s)

    def _meets(self, a: Pair, b: Pair, step: float, start: Pair, run: float) -> Pair | None:
        """Give the known point through which the curve goes between two of its points."""
        dx, dy = b[0] - a[0], b[1] - a[1]
        for point in self.known:
            if point == start and run < 3.0 * step:
                continue
            share = ((point[0] - a[0]) * dx + (point[1] - a[1]) * dy) / (dx * dx + dy * dy)
            if not -0.02 <= share <= 1.02:
                continue
            foot = (a[0] + share * dx, a[1] + share * dy)
            if math.hypot(point[0] - foot[0], point[1] - foot[1]) > 0.2 * step:
                continue
            on = self.correct(foot, 0.3 * step)
            away = math.inf if on is None else math.hypot(point[0] - on[0], point[1] - on[1])
            if away < 0.02 * step or on is None:
                return point
        return None

    def _is_known(self, lines: list[list[Pair]], start: Pair, tangent: Pair) -> bool:
        """Tell whether a branch from another known point has arrived along this direction."""
        for line in lines:
            if line[-1] == start and line[0] != line[-1]:
                dx, dy = line[-2][0] - start[0], line[-2][1] - start[1]
                if (dx * tangent[0] + dy * tangent[1]) > 0.9 * math.hypot(dx, dy):
                    return True
        return False

    def _beside(self, passed: _Segments, drawn: Array) -> list[list[Pair]]:
        """Follow a drawn curve both ways from points of it that no line passes."""
        found: list[list[Pair]] = []
        length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(drawn, axis=0).T))])
        for share in SEEDS:
            if self.cut_short:
                break
            self.tick()
            self.looked += 1
            x, y = (np.interp(share * length[-1], length, drawn[:, i]) for i in range(2))
            seed = self.correct((float(x), float(y)), 1e-3)
            if seed is None or passed.near(seed):
                continue
            _, a, b = self._value(seed)
            size = math.hypot(a, b)
            if size > 0.0:
                one = self._follow(seed, (b / size, -a / size), 1e-3)
                if one[-1] != one[0]:
                    two = self._follow(seed, (-b / size, a / size), 1e-3)
                    one = [*two[:0:-1], *one]
                found.append(one)
                passed.add(one)
        return found


_CIRCLE = [
    (math.cos(0.1 + 2 * math.pi * k / 48), math.sin(0.1 + 2 * math.pi * k / 48)) for k in range(48)
]


def _angle(a: Pair, b: Pair) -> float:
    return abs(math.atan2(a[0] * b[1] - a[1] * b[0], a[0] * b[0] + a[1] * b[1]))


class _Segments:
    """The pieces of polylines, to ask which points they pass."""

    def __init__(self, lines: Sequence[list[Pair]]) -> None:
        self._starts, self._ways = np.empty((0, 2)), np.empty((0, 2))
        for line in lines:
            self.add(line)

    def add(self, line: list[Pair]) -> None:
        """Add a polyline."""
        points = np.array(line)
        self._starts = np.concatenate([self._starts, points[:-1]])
        self._ways = np.concatenate([self._ways, np.diff(points, axis=0)])
        self._squares = np.maximum((self._ways * self._ways).sum(axis=1), 1e-300)

    def near(self, q: Pair) -> bool:
        """Tell whether a line passes a point nearer than its own corners bulge."""
        if not len(self._starts):
            return False
        apart = np.array(q) - self._starts
        share = np.clip((apart * self._ways).sum(axis=1) / self._squares, 0.0, 1.0)
        away = np.hypot(*(self._ways * share[:, None] - apart).T)
        return bool((away <= 0.1 * np.sqrt(self._squares) + 1e-9).any())
