"""Closed orbits that slide along a surface for a while.

All orbits that slide along a segment leave it at its ends, and what leaves there is one orbit. So
every closed orbit that slides is made of the orbits from one such exit to the next, and there are
as many of these as exits: each is followed once, and the closed orbits are the cycles of the
graph. Orbits beside one come to the segment on which it slides, hence onto it in finite time: its
multiplier is zero. Segments from which both fields lead away are followed backward in time; a
closed orbit along one is unstable, and forward orbits leave it anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from eqpp_dash.engine.cycles.arcs import ArcEnd
from eqpp_dash.engine.cycles.lanes import Steps
from eqpp_dash.engine.filippov.cycles.passages import Event, Index, Passage, Passages, Winding
from eqpp_dash.engine.filippov.cycles.returns import NODES, curve_steps, fitted
from eqpp_dash.engine.filippov.cycles.sections import SwitchingSection
from eqpp_dash.engine.filippov.segments import ESCAPING, SLIDING, Piece, Surface
from eqpp_dash.engine.machine.layout import End
from eqpp_dash.engine.machine.sections import Targets
from eqpp_dash.model.portrait import Array

ROUGH, FINE = 1e-9, 1e-13
"""Tolerances of the two runs that are compared."""

INSIDE = 0.05
"""Share of the last chord of a segment, from its end, at which an orbit is started."""

SAME = 1e-6
"""Distance, in widths of the window, below which two exits are the same."""

GRAZE = 1e-5
"""Length of sliding, in widths of the window, below which it may be a touch."""

SILENT = frozenset({End.BOX, End.INFINITY, End.TARGET, End.ZENO, End.TIME, End.SECTION})
"""Ends after which an orbit is no part of a closed one."""


@dataclass(slots=True, eq=False)
class SlidingCycle:
    """A closed orbit that slides.

    Attributes
    ----------
    steps : list of Steps
        Its curve, lane 0 (round a closed surface each by the length along it, not by the time);
        the times from 0 to the period in the direction in which it was followed.
    period, error, period_error : float
        Its period; how far two runs of different tolerance are apart.
    way : float
        1 if it slides as time goes forward, so that it is stable; -1 backward.
    """

    steps: list[Steps]
    period: float
    error: float
    period_error: float
    way: float


@dataclass(slots=True, eq=False)
class SlidingSearch:
    """What was found.

    Attributes
    ----------
    cycles : list of SlidingCycle
        Closed orbits.
    touching : list of ndarray, shape (2,)
        Where a closed orbit touches a segment without sliding on it.
    blind : list of str
        What could not be followed.
    exits : int
        Exits that were followed.
    """

    cycles: list[SlidingCycle] = field(default_factory=list)
    touching: list[Array] = field(default_factory=list)
    blind: list[str] = field(default_factory=list)
    exits: int = 0


def find_sliding_cycles(
    passages: Passages,
    surfaces: Sequence[tuple[Surface, list[Piece]]],
    span: float,
    rests: Array,
) -> SlidingSearch:
    """Find the closed orbits that slide.

    Parameters
    ----------
    passages : Passages
        Follows orbits.
    surfaces : sequence of (Surface, list of Piece)
        The surfaces in their segments.
    span : float
        Longest time.
    rests : ndarray, shape (2, k)
        Equilibria on surfaces, which sliding orbits may never leave.
    """
    result = SlidingSearch()
    for kind, way in ((SLIDING, 1.0), (ESCAPING, -1.0)):
        exits = []
        for surface, parts in surfaces:
            for part in parts:
                if part.kind == kind:
                    if part.ends == ("closed", "closed"):
                        result.cycles += _whole_curve(surface, part, way)
                    exits += _exits(surface, part, way)
        result.exits += len(exits)
        if exits:
            _follow_exits(result, passages, exits, way, span, rests)
    return result


def slide_velocity(surface: Surface, part: Piece, x: Array) -> Array:
    """Give the velocities (2, m) along a segment: Filippov (1988), section 4, equation (6)."""
    count = x.shape[1]
    f, g = (
        surface.pieces.field_of(x, np.repeat(values[:, None], count, axis=1))
        for values in (part.plus, part.minus)
    )
    normal = surface.factor.gradient(0.0, x)
    a, b = (normal * f).sum(axis=0), (normal * g).sum(axis=0)
    return np.asarray((b * f - a * g) / (b - a))


def _exits(surface: Surface, part: Piece, way: float) -> list[Array]:
    """Give points of a segment, (2,) each, beside the ends to which sliding orbits go."""
    found = []
    for k, kind in ((0, part.ends[0]), (-1, part.ends[1])):
        if kind in ("border", "closed"):
            continue
        end, inner = part.points[:, k], part.points[:, 1 if k == 0 else -2]
        start = surface.onto((end + INSIDE * (inner - end))[:, None])
        out = (end - start[:, 0]) / surface.width[:, 0] ** 2
        if float(way * slide_velocity(surface, part, start)[:, 0] @ out) > 0.0:
            found.append(start[:, 0])
    return found


class _NextExit:
    """Ends orbits when they have left two segments, or wind without sliding."""

    def __init__(self, count: int, winding: Winding) -> None:
        self.winding = winding
        self.left = np.zeros(count, dtype=np.int64)
        self.at = np.full((2, count, 2), np.nan)
        self.time = np.full((2, count), np.nan)
        self.slid = np.zeros(count)
        self.since = np.full((count, 2), np.nan)

    def __call__(self, event: Event) -> Index:
        over = []
        twice = self.winding.twice(event)
        for k, lane in enumerate(event.lane.tolist()):
            state = event.state[:2, k]
            if event.slid[k] >= 0:
                if self.left[lane]:
                    self.slid[lane] += float(np.abs(state - self.since[lane]).max())
                if self.left[lane] < 2:
                    self.at[self.left[lane], lane] = state
                    self.time[self.left[lane], lane] = abs(event.time[k])
                self.left[lane] += 1
                self.winding.forget(lane)
            if event.slides[k] >= 0:
                self.since[lane] = state
            if self.left[lane] > 1 or twice[k]:
                over.append(lane)
        return np.array(over, dtype=np.intp)


def _follow_exits(
    result: SlidingSearch,
    passages: Passages,
    exits: list[Array],
    way: float,
    span: float,
    rests: Array,
) -> None:
    starts, unit = np.stack(exits, axis=1), passages.unit
    count = len(exits)
    runs: list[tuple[_NextExit, Passage]] = []
    targets = None
    if rests.size:
        centres = np.concatenate([rests, np.zeros((1, rests.shape[1]))])
        targets = Targets(centres, np.array([*(1e-7 * unit), 1e300]))
    for rtol in (ROUGH, FINE):
        rule = _NextExit(count, Winding(passages, count))
        sign = np.full(count, way)
        runs.append((rule, passages.follow(starts, sign, rtol, rule, span, targets)))
    (rough, _), (fine, passage) = runs
    after = np.full(count, -1)
    for i in range(count):
        if fine.left[i] < 2:
            end = End(int(passage.batch.ends[i]))
            at = passage.batch.states[:2, i : i + 1]
            rested = (np.abs((rests - at) / unit[:, None]).max(axis=0) < SAME).any()
            if end not in SILENT and not rested:
                place = ", ".join(f"{value:.6g}" for value in exits[i])
                result.blind.append(
                    f"orbits that slide past ({place}): {_REASONS.get(end, 'too long to follow')}"
                )
            continue
        away = np.abs((fine.at[0] - fine.at[1, i]) / unit).max(axis=1)
        if np.isfinite(away).any() and np.nanmin(away) < SAME:
            after[i] = int(np.nanargmin(away))
    for ring in _rings(after):
        change = np.abs((rough.at[1, ring] - fine.at[1, ring]) / unit).max()
        times, other = (run.time[1, ring] - run.time[0, ring] for run in (fine, rough))
        if float((fine.slid[ring] / unit.max()).max()) < GRAZE:
            result.touching.append(fine.at[0, ring[0]])
            continue
        steps = []
        begun = 0.0
        for i, lasts in zip(ring, times.tolist(), strict=True):
            steps.append(_cut(curve_steps(passages, passage, i, 0, way, FINE), fine, i, begun))
            begun += lasts
        error = float(np.nan_to_num(change, nan=np.inf)) * float(unit.max())
        late = float(np.nan_to_num(np.abs(times - other).sum(), nan=np.inf))
        result.cycles.append(SlidingCycle(steps, begun, error, late, way))


_REASONS = {
    End.UNDECIDED: "a tangent field hides what happens at a surface",
    End.NOT_UNIQUE: "more than one way leads on",
    End.SLIDING_INTERSECTION: "the fields define no motion where surfaces meet",
}


def _cut(steps: Steps, run: _NextExit, i: int, begun: float) -> Steps:
    """Give the part of an orbit from one exit to the next, beginning at a time."""
    first, last = run.time[:, i]
    slack = 1e-12 * last
    kept = np.flatnonzero((steps.t >= first - slack) & (steps.t + steps.h <= last + slack))
    return Steps(
        steps.lane[kept],
        steps.t[kept] - first + begun,
        steps.h[kept],
        steps.y[:, kept],
        steps.terms[:, :, kept],
    )


def _rings(after: Index) -> list[list[int]]:
    """Give the cycles of a graph in which one arrow, or none, leaves each node.

    Examples
    --------
    >>> _rings(np.array([1, 2, 1, -1, 4]))
    [[1, 2], [4]]
    """
    found: list[list[int]] = []
    done: set[int] = set()
    for begin in range(after.size):
        way: list[int] = []
        node = begin
        while node >= 0 and node not in done and node not in way:
            way.append(node)
            node = int(after[node])
        if node >= 0 and node in way:
            found.append(way[way.index(node) :])
        done.update(way)
    return found


def _whole_curve(surface: Surface, part: Piece, way: float) -> list[SlidingCycle]:
    """Give the closed orbit that slides round a closed surface for ever, if it rests nowhere."""
    change = np.abs(np.diff(part.points, axis=1) / surface.width).max(axis=0)
    u = np.concatenate([[0.0], np.cumsum(change)])
    end = ArcEnd("box", part.points[:, 0], 0.0)
    line = SwitchingSection(
        surface.factor, u, np.zeros_like(u), end, end, surface, part.points, 1, closed=True
    )
    each = np.arange(line.axis.size)
    waits = []
    for order in (6, 9):
        nodes, weights = np.polynomial.legendre.leggauss(order)
        wait = np.zeros(each.size)
        for node, weight in zip(nodes, weights, strict=True):
            at = line.place(u[:-1] + 0.5 * (node + 1.0) * np.diff(u))
            speed = way * slide_velocity(surface, part, at)[line.axis, each] * line.turn
            wait += 0.5 * weight * np.diff(u) * surface.width[line.axis, 0] / speed
        waits.append(wait)
    wait = waits[1]
    if not (np.isfinite(wait).all() and ((wait > 0).all() or (wait < 0).all())):
        return []
    values = np.stack([line.place(u[:-1] + node * np.diff(u)) for node in NODES], axis=2)
    y = part.points[:, :-1]
    if wait[0] < 0:
        y, values = part.points[:, :0:-1], np.concatenate([values[:, :, -2::-1], y[:, :, None]], 2)
        values, wait = values[:, ::-1], -wait[::-1]
    times = np.concatenate([[0.0], np.cumsum(wait)])
    steps = Steps(np.zeros(wait.size, dtype=np.intp), times[:-1], wait, y, fitted(y, values))
    period = float(times[-1])
    error = abs(period - abs(float(waits[0].sum()))) + 1e-15 * period
    return [SlidingCycle([steps], period, 1e-12 * float(surface.width.max()), error, way)]
