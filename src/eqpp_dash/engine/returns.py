"""Find orbits that close, and those that show nothing new any more.

An orbit is watched on a section: the line (plane) through a point of it, across the flow
there. For closed orbits that point is the start. For the eye it moves on with every turn,
so that each turn is compared with the one before; and, in case there are no turns, whenever
the number of steps has grown by half (after the cycle search of Brent, *BIT* 20, 1980,
176-184). So an orbit that winds towards a cycle is stopped, wherever the cycle is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.dop853 import Array, interpolate
from eqpp_dash.engine.orbits import RETRACES, STALLS

if TYPE_CHECKING:
    from eqpp_dash.engine.batch import Taken
    from eqpp_dash.engine.orbits import Ends, Problem
    from eqpp_dash.engine.record import Bools, Record

CLOSED = "closed orbit"
SAME_ON_SCREEN = 5e-4
"""Turns that differ by less, in widths of the window, look the same."""

TWO_PIXELS = 2.5e-3
WORTH_REFINING = 1e-4
NEAR = 0.03
CREEPS = 1e-3
FIRST_CHECKPOINT = 32
STUCK = 1e-5
MANY_STEPS = 200
"""An orbit that moved by less than `STUCK` widths in the last third of so many steps, in next to
no time, will not get on."""


class _Sections:
    """One section a lane, and on which side of it the lane was."""

    def __init__(self, points: Array, slopes: Array, width: Array) -> None:
        self.width = width[:, None]
        self.point = points.copy()
        self.normal = np.zeros_like(points)
        self.side = np.zeros(points.shape[1])
        self.extent = np.zeros(points.shape[1])
        self.seen = np.zeros((0, 0)), np.zeros((0, 0))
        self.place(np.arange(points.shape[1]), points, slopes)

    def place(self, lanes: NDArray[np.intp], points: Array, slopes: Array) -> None:
        scaled = slopes / self.width
        length = np.linalg.norm(scaled, axis=0)
        self.point[:, lanes] = points
        self.normal[:, lanes] = scaled / np.where(length > 0, length, 1.0)
        self.side[lanes] = 0.0
        self.extent[lanes] = 0.0

    def move(self, lanes: NDArray[np.intp], points: Array, slopes: Array) -> None:
        """Set sections anew, but go on measuring how far the lanes have come."""
        extent = self.extent[lanes]
        self.place(lanes, points, slopes)
        self.extent[lanes] = extent

    def scan(self, record: Record) -> Bools:
        """Tell which steps of a record pass a section the right way, shape (rounds, lanes)."""
        lanes = record.lane
        apart = (record.y[1:] - self.point[:, lanes]) / self.width
        side = np.einsum("kil,il->kl", apart, self.normal[:, lanes])
        np.abs(apart, out=apart)
        self.seen = side, apart.max(axis=1)
        before = np.empty_like(side)
        before[0], before[1:] = self.side[lanes], side[:-1]
        passed: Bools = record.good & (before < 0) & (side >= 0)
        return passed

    def keep_near(self, record: Record, passed: Bools) -> Bools:
        """Of steps that pass sections keep those that may do so near the sections' points."""
        k, i = np.nonzero(passed)
        if not k.size:
            return passed
        side = self.seen[0]
        before = np.where(k > 0, side[k - 1, i], self.side[record.lane[i]])
        begin = (record.y[k, :, i].T, record.f[k, :, i].T)
        end = (record.y[k + 1, :, i].T, record.f[k + 1, :, i].T)
        near = self._near(record.lane[i], record.tried[k, i], begin, end, (before, side[k, i]))
        passed[k[~near], i[~near]] = False
        return passed

    def skip(self, record: Record, quiet: Bools) -> None:
        """Note where the lanes are after steps that passed no section."""
        some = np.flatnonzero(quiet.any(axis=0))
        final = len(quiet) - 1 - quiet[::-1, some].argmax(axis=0)
        lanes, (side, distance) = record.lane[some], self.seen
        self.side[lanes] = side[final, some]
        farthest = np.where(quiet, distance, 0.0).max(axis=0)
        self.extent[lanes] = np.maximum(self.extent[lanes], farthest[some])

    def returns(self, taken: Taken, follow: bool = False) -> tuple[NDArray[np.intp], Array, Array]:
        """Give steps that pass a section the right way, near its point: which, where, how near.

        With `follow`, the section then moves on to where the orbit has come, so that every
        turn is compared with the one before it; where and how near is then as exact as the
        eye asks for.
        """
        lanes = taken.lane
        point, normal = self.point[:, lanes], self.normal[:, lanes]
        apart = (taken.new - point) / self.width
        side = np.sum(apart * normal, axis=0)
        distance = np.max(np.abs(apart), axis=0)
        before = self.side[lanes]
        passed = np.flatnonzero((before < 0) & (side >= 0))
        self.side[lanes] = side
        self.extent[lanes] = np.maximum(self.extent[lanes], distance)
        turned = passed
        if passed.size:
            passed = passed[self._passes_near(taken, passed, before[passed], side[passed])]
        if not passed.size:
            if follow:
                self.move(lanes[turned], taken.new[:, turned], taken.slope[:, turned])
            return passed, np.zeros(0), np.zeros(0)
        terms = taken.terms_of(passed)
        exact = 1e-6 if follow else 1e-13
        share = self._root(taken, passed, terms, before[passed], side[passed], exact)
        state = taken.states(passed, share, terms)
        gap = np.max(np.abs(state - point[:, passed]) / self.width, axis=0)
        if follow:
            self.move(lanes[turned], taken.new[:, turned], taken.slope[:, turned])
        return passed, share, gap

    def _passes_near(
        self, taken: Taken, passed: NDArray[np.intp], low: Array, high: Array
    ) -> NDArray[np.bool_]:
        begin = (taken.y[:, passed], taken.f[:, passed])
        end = (taken.new[:, passed], taken.slope[:, passed])
        return self._near(taken.lane[passed], taken.h[passed], begin, end, (low, high))

    def _near(
        self,
        lanes: NDArray[np.intp],
        h: Array,
        begin: tuple[Array, Array],
        end: tuple[Array, Array],
        sides: tuple[Array, Array],
    ) -> NDArray[np.bool_]:
        """Tell which steps meet the section near its point, by cubics through their ends.

        `begin` and `end` are states and slopes, `sides` how far off the section they are.
        """
        (y, f), (new, slope), (low, high) = begin, end, sides
        s = -low / (high - low)
        change = new - y
        first, last = h * f - change, change - h * slope
        state = y + s * (change + (1.0 - s) * ((1.0 - s) * first + s * last))
        apart = (state - self.point[:, lanes]) / self.width
        normal = self.normal[:, lanes]
        apart -= normal * np.sum(apart * normal, axis=0)
        near: NDArray[np.bool_] = np.max(np.abs(apart), axis=0) < NEAR
        return near

    def _root(
        self,
        taken: Taken,
        passed: NDArray[np.intp],
        terms: Array,
        low: Array,
        high: Array,
        exact: float,
    ) -> Array:
        """Find where the interpolant meets the section: the Illinois variant of regula falsi."""
        lanes = taken.lane[passed]
        normal = self.normal[:, lanes] / self.width
        y = np.sum((taken.y[:, passed] - self.point[:, lanes]) * normal, axis=0)
        along = np.einsum("knl,nl->kl", terms, normal)
        a, b = np.zeros(passed.size), np.ones(passed.size)
        low, high = low.copy(), high.copy()
        share = b
        for _ in range(12):
            share = np.where(high > low, (a * high - b * low) / (high - low), b)
            value = interpolate(y, along, share)
            up = value >= 0
            low, high = (
                np.where(up, 0.5 * low, value),
                np.where(up, value, 0.5 * high),
            )
            a, b = np.where(up, a, share), np.where(up, share, b)
            if np.max(np.abs(value)) < exact:
                break
        return share

    def refine(self, taken: Taken, passed: NDArray[np.intp], share: Array) -> tuple[Array, Array]:
        """Find the return by true steps that end on the section: Newton's iteration."""
        lanes = taken.lane[passed]
        point, normal = self.point[:, lanes], self.normal[:, lanes]
        state = taken.states(passed, share, taken.terms_of(passed))
        for _ in range(3 if taken.restep is not None else 0):
            trial = taken.restep(passed, share)  # type: ignore[misc]
            state = trial.state
            value = np.sum((state - point) / self.width * normal, axis=0)
            rate = np.sum(trial.slope / self.width * normal, axis=0) * taken.h[passed]
            share = np.clip(share - value / rate, 0.0, 1.0)
            if np.max(np.abs(value)) < 1e-13:
                break
        return share, np.max(np.abs(state - point) / self.width, axis=0)


class Returns:
    """Ends orbits that come back to their start: ``closed orbit``, to be verified.

    Parameters
    ----------
    problem : Problem
        The system on its window.
    starts, slopes : ndarray, shape (n, lanes)
        Where the lanes start, and the field there in elapsed time.
    skip : ndarray of bool, shape (lanes,)
        Lanes whose closing is not looked for.
    """

    def __init__(
        self, problem: Problem, starts: Array, slopes: Array, skip: NDArray[np.bool_]
    ) -> None:
        self.problem, self.skipped = problem, skip
        self.sections = _Sections(starts, slopes, problem.width)
        self.tolerance = float(np.clip(1e3 * problem.rtol, 1e-9, 2e-5))

    def scan(self, record: Record) -> Bools:
        """Tell which steps may close an orbit."""
        passed = self.sections.scan(record) & ~self.skipped[record.lane]
        return self.sections.keep_near(record, passed)

    def skip(self, record: Record, quiet: Bools) -> None:
        """Pass over steps that close none."""
        self.sections.skip(record, quiet)

    def look(self, taken: Taken, ends: Ends) -> None:
        """End the lanes that are back at their start within the error."""
        passed, share, gap = self.sections.returns(taken)
        lanes = taken.lane[passed]
        limit = np.minimum(self.tolerance, 1e-3 * self.sections.extent[lanes])
        near = np.flatnonzero((gap <= WORTH_REFINING) & ~self.skipped[lanes])
        if near.size:
            share[near], gap[near] = self.sections.refine(taken, passed[near], share[near])
        for i in np.flatnonzero((gap <= limit) & ~self.skipped[lanes]):
            lane, step = int(lanes[i]), passed[i]
            time = float(taken.t[step] + share[i] * taken.h[step])
            reason = f"back at its start within {gap[i]:.0e} of the window"
            ends.close(lane, CLOSED, time, self.sections.point[:, lane], reason)


class Repetition:
    """Ends orbits that show the eye nothing new: they retrace themselves, or creep.

    Parameters
    ----------
    problem : Problem
        The system on its window.
    starts, slopes : ndarray, shape (n, lanes)
        Where the lanes start, and the field there in elapsed time.
    """

    def __init__(self, problem: Problem, starts: Array, slopes: Array) -> None:
        lanes = starts.shape[1]
        self.problem = problem
        self.sections = _Sections(starts, slopes, problem.width)
        self.steps = np.zeros(lanes, dtype=np.intp)
        self.due = np.full(lanes, FIRST_CHECKPOINT, dtype=np.intp)
        self.since = np.zeros(lanes)

    def scan(self, record: Record) -> Bools:
        """Tell which steps make a turn, or are due for a new checkpoint."""
        passed, lanes = self.sections.scan(record), record.lane
        if (self.steps[lanes] + len(passed) >= self.due[lanes]).any():
            taken = self.steps[lanes] + np.cumsum(record.good, axis=0)
            passed |= record.good & (taken >= self.due[lanes])
        return passed

    def skip(self, record: Record, quiet: Bools) -> None:
        """Pass over steps that do neither."""
        self.sections.skip(record, quiet)
        self.steps[record.lane] += np.count_nonzero(quiet, axis=0)

    def look(self, taken: Taken, ends: Ends) -> None:
        """End lanes that have come back to their checkpoint, or hardly left it."""
        passed, share, gap = self.sections.returns(taken, follow=True)
        now = taken.t + taken.h
        extent = self.sections.extent[taken.lane[passed]]
        tight = passed[gap <= TWO_PIXELS]
        ends.drawn[taken.lane[tight]] = np.minimum(ends.drawn[taken.lane[tight]], now[tight])
        for i in np.flatnonzero((gap <= SAME_ON_SCREEN) & (extent > 10 * SAME_ON_SCREEN)):
            step = passed[i]
            time = float(taken.t[step] + share[i] * taken.h[step])
            reason = "it winds on; its turns differ by less than half a pixel"
            ends.close(int(taken.lane[step]), RETRACES, time, taken.new[:, step], reason)
        lanes = taken.lane
        self.steps[lanes] += 1
        due = np.flatnonzero(self.steps[lanes] >= self.due[lanes])
        if not due.size:
            return
        waited = now[due] - self.since[lanes[due]]
        pace = np.max(np.abs(taken.slope[:, due]) / self.sections.width, axis=0)
        creeps = (
            (self.sections.extent[lanes[due]] < CREEPS)
            & (pace * (self.problem.span - now[due]) < 10.0 * CREEPS)
            & (waited >= 0.3 * now[due])
            & (waited >= 5.0 * self.problem.crossing)
        )
        stuck = (
            (self.sections.extent[lanes[due]] < STUCK)
            & (self.steps[lanes[due]] >= MANY_STEPS)
            & (waited < 1e-2 * self.problem.crossing)
        )
        rests = "it has all but come to rest, and no hyperbolic sink is proved to catch it"
        hangs = "its steps have become minute, so it gets no farther here"
        for mask, reason in ((creeps, rests), (stuck, hangs)):
            for i in due[mask]:
                ends.close(int(lanes[i]), STALLS, float(now[i]), taken.new[:, i], reason)
        self.sections.place(lanes[due], taken.new[:, due], taken.slope[:, due])
        self.since[lanes[due]] = now[due]
        self.due[lanes[due]] += self.due[lanes[due]] // 2
