"""Follow many trajectories through the pieces of a field, from surface to surface.

In every round all trajectories of a piece of motion, free or sliding on one surface, run at once
until each of them reaches a surface or its end; then what they do there is decided for all of
them at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.expression.freeze import Frozen
from eqpp_dash.engine.machine.batch import Batch
from eqpp_dash.engine.machine.hybrid.cells import Array, Cells
from eqpp_dash.engine.machine.hybrid.decide import (
    ROUNDING,
    Decision,
    Verdict,
    decide,
    tangent,
)
from eqpp_dash.engine.machine.hybrid.sliding import BACK, BEYOND
from eqpp_dash.engine.machine.hybrid.switched import Switched
from eqpp_dash.engine.machine.hybrid.zeno import RHYTHMS, Accumulation
from eqpp_dash.engine.machine.layout import End, Method
from eqpp_dash.engine.machine.threads import Watch

Index = NDArray[np.intp]
Integers = NDArray[np.int64]

STRETCH = 256
"""Steps of sliding after which the state is put back on the surface."""

STRAYED = 1e3
"""Tolerances by which a state may be beyond a surface that it was not seen to cross."""

NESTED = 4
"""Times that a decision is checked where it moves other surfaces."""

STIFF_METHODS = tuple(method for method in Method if method != Method.DOP853)

_ENDS = {
    Verdict.NOT_UNIQUE: End.NOT_UNIQUE,
    Verdict.INTERSECTION: End.SLIDING_INTERSECTION,
    Verdict.UNDECIDED: End.UNDECIDED,
}


class Motion(Protocol):
    """A way to move, free or sliding: see `pieces.Motion`."""

    @property
    def doubled(self) -> tuple[int, ...]:
        """Choices whose values on the other side are parameters too."""

    @property
    def ends(self) -> tuple[int, ...]:
        """What is reached where it ends."""

    def held(self, batch: Batch) -> NDArray[np.bool_]:
        """Tell which of the caller's sections trajectories slide on, shape (s, m)."""

    def run(
        self,
        method: str,
        batch: Batch,
        watch: Watch,
        threads: int | None,
        held: NDArray[np.bool_],
    ) -> tuple[NDArray[np.int8], Integers]:
        """Integrate a batch; give the methods, and which end each reached, or -1."""


class Following:
    """Trajectories on their way; its arrays have the results.

    Parameters
    ----------
    cells : Cells
        The field in pieces.
    motion : callable
        Gives the motion on a surface; the free one for no surface.
    batch : Batch
        The trajectories; results are written into it.
    most : int
        Most switchings of each.
    watch : Watch
        Whom to ask and tell.
    threads : int, optional
        Threads.

    Attributes
    ----------
    methods : ndarray of int8, shape (m,)
        The `Method` that was used last.
    """

    def __init__(
        self,
        cells: Cells,
        motion: Callable[[tuple[int, ...]], Motion],
        batch: Batch,
        most: int,
        watch: Watch,
        threads: int | None = None,
    ) -> None:
        self.threads = threads
        self.cells, self.motion, self.batch = cells, motion, batch
        self.frozen: Frozen = cells.frozen
        self.most, self.watch = most, watch
        count = batch.spans.size
        self.count = count
        self.sign = np.where(batch.spans < 0, -1.0, 1.0)
        self.switchings = np.zeros(count, dtype=np.int64)
        self.met = np.full((count, 2), -1)
        self.methods = np.full(count, Method.DOP853, dtype=np.int8)
        choices = np.zeros((len(self.frozen.choices), count))
        self.values = np.concatenate([batch.parameters, choices])
        self.beyond = self.values.copy()
        self.motions: list[tuple[int, ...]] = [()]
        self.mode = np.zeros(count, dtype=np.int64)
        self.going = np.ones(count, dtype=bool)
        self.came_from = batch.states.copy()
        self.spent = np.zeros(count, dtype=bool)
        self.looks = [Accumulation.of(len(batch.starts), count, rhythm) for rhythm in RHYTHMS]

    @property
    def switched(self) -> Switched:
        """What happened at surfaces."""
        texts = tuple(surface.text for surface in self.frozen.surfaces)
        return Switched(self.switchings, self.mode > 0, self.met, self.spent, texts)

    def run(self, method: str) -> None:
        """Follow all trajectories to their ends."""
        everyone = np.arange(self.count)
        t = self._now(everyone)
        self.values = self.cells.settle(t, self.batch.states, self.values)
        self._decide(everyone, self._reach(everyone), np.zeros(self.count, dtype=bool))
        while self.going.any() and not self.watch.cancelled():
            for mode in np.unique(self.mode[self.going]):
                lanes = np.flatnonzero(self.going & (self.mode == mode))
                for stiff in STIFF_METHODS if method == "auto" else ():
                    # What was found to be stiff stays so.
                    which = self.methods[lanes] == stiff
                    if which.any():
                        self._advance(stiff.name, int(mode), lanes[which])
                        lanes = lanes[~which]
                if lanes.size:
                    self._advance(method, int(mode), lanes)
        self.batch.ends[self.going] = End.CANCELLED

    # one round ----------------------------------------------------------------------------

    def _now(self, lanes: Index) -> Array:
        now: Array = self.batch.start_time + self.batch.times[lanes]
        return now

    def _leg(self, mode: int, lanes: Index) -> Batch:
        """Give what is before trajectories that move in the same way."""
        batch, motion = self.batch, self.motion(self.motions[mode])
        extra = [self.cells.own + i for i in motion.doubled]
        values = self.values[:, lanes]
        if mode:
            values = np.concatenate([values, self.beyond[extra][:, lanes], self.sign[None, lanes]])
        limit = batch.limit - int(batch.steps[lanes].min())
        leg = replace(
            batch,
            starts=np.ascontiguousarray(batch.states[:, lanes]),
            parameters=np.ascontiguousarray(values),
            spans=batch.spans[lanes],
            limit=max(1, min(limit, STRETCH) if mode else limit),
            events=batch.events.part(lanes),
        )
        leg.times, leg.begun = batch.times[lanes], batch.times[lanes]
        if batch.samples.size:
            passed = np.searchsorted(np.abs(batch.moments), np.abs(leg.times), side="right")
            leg.firsts = np.ascontiguousarray(passed, dtype=np.int64)
            leg.samples = batch.samples[lanes]
        return leg

    def _advance(self, method: str, mode: int, lanes: Index) -> None:
        events = self.batch.events
        if not (mode and events.crossing):
            self._go(method, mode, lanes, np.zeros(len(events.wanted), dtype=bool))
            return
        held = self.motion(self.motions[mode]).held(self._leg(mode, lanes))
        kinds, place = np.unique(held, axis=1, return_inverse=True)
        for number, sections in enumerate(kinds.T):
            self._go(method, mode, lanes[place.ravel() == number], sections)

    def _go(self, method: str, mode: int, lanes: Index, held: NDArray[np.bool_]) -> None:
        batch, motion = self.batch, self.motion(self.motions[mode])
        leg = self._leg(mode, lanes)
        ended = self.count - int(self.going.sum())
        self.watch.report(ended / self.count)
        watch = Watch(self.watch.cancel, None)
        methods, reached = motion.run(method, leg, watch, self.threads, held)
        self.methods[lanes] = methods
        self.came_from[:, lanes] = leg.starts
        batch.take(lanes, leg)
        at = (leg.ends == End.SECTION) & (reached >= 0)
        self._finish(lanes, leg.ends, at, mode)
        if at.any():
            numbers = np.asarray(motion.ends)[reached[at]]
            self._reach_surface(lanes[at], numbers, mode)

    def _finish(self, lanes: Index, ends: Integers, at: NDArray[np.bool_], mode: int) -> None:
        """Let trajectories end that have reached no surface."""
        batch = self.batch
        over = batch.steps[lanes] >= batch.limit
        stops = ~at
        if mode:
            self._put_back(lanes, self.motions[mode][0])
            stops &= (ends != End.BUDGET) | over
            self._excuse(lanes[ends == End.UNDEFINED], self.motions[mode][0])
        else:
            self._check(lanes[stops])
        late = at & (np.abs(batch.times[lanes]) >= np.abs(batch.spans[lanes]))
        batch.ends[lanes[at & over]] = End.BUDGET
        batch.ends[lanes[late]] = End.TIME
        self.going[lanes[stops | late | (at & over)]] = False
        shrunk = lanes[stops & (ends == End.COLLAPSE)]
        for look in self.looks if shrunk.size else ():
            self._accumulated(look, shrunk)

    def _excuse(self, lanes: Index, surface: int) -> None:
        """End as undecided what cannot slide, though the fields of both sides are defined."""
        t, x = self._now(lanes), self.batch.states[:, lanes]
        sides = [self.cells.field(t, x, p[:, lanes]) for p in (self.values, self.beyond)]
        undecided = lanes[np.isfinite(sides).all((0, 1))]
        self.batch.ends[undecided] = End.UNDECIDED
        self.met[undecided, 0] = surface

    def _put_back(self, lanes: Index, surface: int) -> None:
        """Move states onto a surface, by Newton's iteration along its normal."""
        batch = self.batch
        t, p = self._now(lanes), self.values[:, lanes]
        x = batch.states[:, lanes]
        weight = (batch.absolute[:, None] + batch.relative[:, None] * np.abs(x)) ** 2
        with np.errstate(all="ignore"):
            for _ in range(3):
                gap = self.cells.gaps(t, x, p)[surface]
                normal = self.cells.slopes(t, x, p)[:-1, surface]
                move = weight * normal * (gap / (weight * normal**2).sum(0))
                x = np.where(np.isfinite(move), x - move, x)
        batch.states[:, lanes] = x

    def _check(self, lanes: Index) -> None:
        """End as undecided what is beyond a surface that it was not seen to cross."""
        batch = self.batch
        t, x, p = self._now(lanes), batch.states[:, lanes], self.values[:, lanes]
        with np.errstate(all="ignore"):
            tolerance = batch.absolute[:, None] + batch.relative[:, None] * np.abs(x)
            slopes = np.abs(self.cells.slopes(t, x, p))
            allowed = STRAYED * np.einsum("ikm,im->km", slopes[:-1], tolerance)
            allowed = allowed + self._rounding(slopes, t, x)
            strayed = self.cells.gaps(t, x, p) < -allowed
        for i in np.flatnonzero(strayed.any(0)):
            batch.ends[lanes[i]] = End.UNDECIDED
            self.met[lanes[i], 0] = np.flatnonzero(strayed[:, i])[0]

    @staticmethod
    def _rounding(slopes: Array, t: Array, x: Array) -> Array:
        terms = np.einsum("ikm,im->km", slopes[:-1], np.abs(x)) + slopes[-1] * np.abs(t)
        return np.asarray(ROUNDING * terms)

    def _reach(self, lanes: Index) -> Array:
        """Give the size up to which each gap is nothing but rounding on the way here."""
        t, x, p = self._now(lanes), self.batch.states[:, lanes], self.values[:, lanes]
        with np.errstate(all="ignore"):
            slopes = np.abs(self.cells.slopes(t, x, p))
            way = self._way(lanes)
            return np.nan_to_num(self._rounding(slopes, way[-1], way[:-1]))

    def _way(self, lanes: Index) -> Array:
        """Give the sizes of the variables and of the time on the way here."""
        x, late = self.batch.states[:, lanes], np.abs(self._now(lanes))
        size = np.maximum(np.abs(x), np.abs(self.came_from[:, lanes]))
        return np.stack([*size, np.maximum(late, abs(self.batch.start_time))])

    # at a surface -------------------------------------------------------------------------

    def _reach_surface(self, lanes: Index, numbers: Integers, mode: int) -> None:
        going = self.going[lanes]
        lanes, numbers = lanes[going], numbers[going]
        self.switchings[lanes] += 1
        self._watch_accumulation(lanes)
        spent = self.going[lanes] & (self.switchings[lanes] >= self.most)
        self.spent[lanes[spent]] = True
        self.batch.ends[lanes[spent]] = End.BUDGET
        self.going[lanes[spent]] = False
        rest = self.going[lanes]
        lanes, numbers = lanes[rest], numbers[rest]
        over = (numbers == BACK) | (numbers == BEYOND)
        if over.any():
            # Where the other field turns away too, there are two ways to leave.
            more = over & (self._fold(lanes, mode) | self._others(lanes, mode))
            numbers = np.where(more, self.motions[mode][0], numbers)
            over &= ~more
        beyond = lanes[over & (numbers == BEYOND)]
        self.values[:, beyond] = self.beyond[:, beyond]
        self.mode[lanes[over]] = 0
        if not over.all():
            self._meet(lanes[~over], numbers[~over], mode)

    def _fold(self, lanes: Index, mode: int) -> NDArray[np.bool_]:
        """Tell where the fields of both sides are tangent to the surface that lanes slide on."""
        surface = self.motions[mode][0]
        t, x, way = self._now(lanes), self.batch.states[:, lanes], self._way(lanes)
        result = np.ones(lanes.size, dtype=bool)
        with np.errstate(all="ignore"):
            for p in (self.values[:, lanes], self.beyond[:, lanes]):
                result &= tangent(self.cells, t, x, p, [surface], way)[1][0]
        return result

    def _others(self, lanes: Index, mode: int) -> NDArray[np.bool_]:
        """Tell which lanes stand on other surfaces too than those on which they slide."""
        t, x, p = self._now(lanes), self.batch.states[:, lanes], self.values[:, lanes]
        with np.errstate(all="ignore"):
            near = np.abs(self.cells.gaps(t, x, p)) <= self._reach(lanes)
        surfaces = self.frozen.surfaces
        for slid in self.motions[mode]:
            near[[slid, surfaces[slid].mirror]] = False
        return np.asarray(near.any(0))

    def _meet(self, lanes: Index, numbers: Integers, mode: int) -> None:
        reach = self._reach(lanes)
        t, x, p = self._now(lanes), self.batch.states[:, lanes], self.values[:, lanes]
        gaps = 2.0 * np.abs(self.cells.gaps(t, x, p))
        each = np.arange(lanes.size)
        reach[numbers, each] = np.maximum(reach[numbers, each], gaps[numbers, each])
        for slid in self.motions[mode]:
            reach[slid] = np.maximum(reach[slid], gaps[slid])
        for number, surface in enumerate(self.frozen.surfaces):
            reach[number] = np.maximum(reach[number], reach[surface.mirror])
        self._decide(lanes, reach, np.full(lanes.size, mode == 0))

    def _decide(self, lanes: Index, reach: Array, arrived: NDArray[np.bool_]) -> None:
        for _ in range(NESTED):
            before = self.values[:, lanes]
            made = decide(
                self.cells, self._now(lanes), self.batch.states[:, lanes], before, reach,
                self.sign[lanes], arrived, self._way(lanes),
            )  # fmt: skip
            self._obey(lanes, made)
            moved = (made.values != before).any(0) & (made.verdict == Verdict.GO)
            if not moved.any() or not any(choice.earlier for choice in self.frozen.choices):
                return
            # Surfaces that moved with a choice may now be here.
            lanes, reach = lanes[moved], np.maximum(reach[:, moved], self._reach(lanes[moved]))
            arrived = np.zeros(lanes.size, dtype=bool)

    def _obey(self, lanes: Index, made: Decision) -> None:
        self.values[:, lanes], self.beyond[:, lanes] = made.values, made.beyond
        for place, surfaces in enumerate(made.surfaces):
            if surfaces not in self.motions:
                self.motions.append(surfaces)
            self.mode[lanes[made.slide == place]] = self.motions.index(surfaces)
        self.mode[lanes[made.slide < 0]] = 0
        for verdict, end in _ENDS.items():
            which = made.verdict == verdict
            if which.any():
                ended = lanes[which]
                self.batch.ends[ended] = end
                self.met[ended] = made.met[which]
                self.going[ended] = False
                if verdict != Verdict.NOT_UNIQUE:
                    for look in self.looks:
                        self._accumulated(look, ended)

    # accumulation -------------------------------------------------------------------------

    def _watch_accumulation(self, lanes: Index) -> None:
        for look in self.looks:
            due = lanes[self.switchings[lanes] % look.rhythm == 0]
            if due.size:
                reached = look.look(due, self.batch.times[due], self.batch.states[:, due])
                self._accumulated(look, due[reached])

    def _accumulated(self, look: Accumulation, lanes: Index) -> None:
        """End trajectories whose switchings accumulate before their time."""
        found, t, x = look.limit(lanes)
        found &= np.abs(t) <= np.abs(self.batch.spans[lanes])
        ended = lanes[found]
        self.batch.ends[ended], self.batch.times[ended] = End.ZENO, t[found]
        self.batch.states[:, ended] = x[:, found]
        self.going[ended] = False
