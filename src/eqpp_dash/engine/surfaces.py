"""Carry orbits across surfaces where the field jumps, has a kink or a pole.

A step never straddles such a surface: it is shortened until the orbit stands within 1e-9
of the window's width before it, and a step of that length along the field leads across,
where integration starts anew (the location of events in Hairer, Norsett and Wanner I,
section II.6; sliding in the sense of Filippov, *Differential Equations with Discontinuous
Righthand Sides*, 1988, section 4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.dop853 import Array, Trial
from eqpp_dash.engine.leaving import barely_moves, fades, jumps
from eqpp_dash.engine.steproots import dips, first_root

if TYPE_CHECKING:
    from eqpp_dash.engine.batch import Batch
    from eqpp_dash.engine.compiled import Factor
    from eqpp_dash.engine.orbits import Ends, Problem
    from eqpp_dash.engine.record import Record

HOP = 1e-9
"""Length of the step across, in widths of the window."""

MAX_CROSSINGS = 400
THICK = 1e-3
MAX_THICK = 40
"""So many crossings, each within `THICK` widths of the last, end an orbit."""

TOO_THICK = "surfaces where the field is not smooth come too thick here"
"""The reason of such an end."""

SOON = 1e-5
"""Way, in widths of the window, after which a field that is tangent to a surface is looked at."""

TANGENT = 1e-9
"""Share of the speed below which a field is tangent to a surface."""

FAILURES = 2
"""After so many failures in a row a surface may be in the way of a lane that machine code takes."""

Index = NDArray[np.intp]


@dataclass(slots=True)
class Crossing:
    """Lanes that stand just before a surface.

    Attributes
    ----------
    at : ndarray of int, shape (m,)
        Their places in the batch.
    surface : ndarray of int, shape (m,)
        Which surface.
    wait : ndarray, shape (m,)
        Time to reach it.
    """

    at: Index
    surface: Index
    wait: Array


class Surfaces:
    """The surfaces of a problem, and on which side of each the lanes are.

    Parameters
    ----------
    problem : Problem
        The system on its window.
    lanes : int
        Number of lanes.
    """

    def __init__(self, problem: Problem, lanes: int) -> None:
        self.problem = problem
        self.factors: tuple[Factor, ...] = (*problem.field.switching, *problem.field.poles)
        self.poles_from = len(problem.field.switching)
        self.active = bool(self.factors)
        self.planar = problem.width.size == 2 and problem.field.autonomous
        self.value = np.zeros((len(self.factors), lanes))
        self.side = np.zeros((len(self.factors), lanes))
        self.seen = np.zeros((len(self.factors), 0, lanes))
        self.tries = np.zeros(lanes, dtype=np.intp)
        self.crossings = np.zeros(lanes, dtype=np.intp)
        self.thick = np.zeros(lanes, dtype=np.intp)
        self.crossed_at = np.full(lanes, -np.inf)
        self.crossed_in = np.full((problem.width.size, lanes), np.inf)

    def _values(self, t: Array, y: Array) -> Array:
        return np.stack([np.broadcast_to(f(t, y), t.shape) for f in self.factors])

    def _times(self, batch: Batch) -> Array:
        times: Array = self.problem.start + batch.sign * batch.t
        return times

    def _gradient(self, surface: Index, t: Array, y: Array) -> Array:
        gradient = np.zeros_like(y)
        for k in np.unique(surface):
            which = surface == k
            gradient[:, which] = self.factors[k].gradient(t[which], y[:, which])
        return gradient

    def begin(self, y: Array, signs: Array, ends: Ends) -> Array:
        """Settle orbits that start on a surface; give the starts, moved to their side of it.

        Parameters
        ----------
        y : ndarray, shape (n, lanes)
            Starts.
        signs : ndarray, shape (lanes,)
            Directions of time.
        ends : Ends
            Closed here for lanes that slide or whose orbit is not unique.

        Returns
        -------
        ndarray, shape (n, lanes)
            Starts.
        """
        if not self.active:
            return y
        t = np.full(y.shape[1], self.problem.start)
        value = self._values(t, y)
        width = self.problem.width
        for k in range(self.poles_from):
            gradient = self._gradient(np.full(t.shape, k), t, y)
            reach = np.sum(np.abs(gradient) * width[:, None], axis=0)
            for lane in np.flatnonzero((np.abs(value[k]) <= 1e-13 * reach) & (reach > 0)):
                if ends.open[lane]:
                    self._settle(int(lane), y, signs[lane], gradient[:, lane], k, ends)
        self.value = self._values(t, y)
        self.side = np.sign(np.nan_to_num(self.value))
        return y

    def _settle(
        self, lane: int, y: Array, sign: float, gradient: Array, k: int, ends: Ends
    ) -> None:
        problem = self.problem
        normal = problem.width**2 * gradient / np.linalg.norm(problem.width * gradient)
        here = y[:, lane].copy()
        sides = np.stack([here + HOP * normal, here - HOP * normal], axis=1)
        plus, minus = (sign * problem.field(problem.start, sides)).T
        out, into = (self._leads(k, sign, sides[:, i], f) for i, f in enumerate((plus, minus)))
        if not jumps(plus[:, None], minus[:, None])[0]:
            return
        held = np.repeat(gradient[:, None], 2, axis=1)
        fields = np.stack([plus, minus], axis=1)
        moves = np.array([plus.any(), minus.any()])
        bend = problem.field.jacobian(np.full(2, problem.start), sides)
        if not moves.all() and not (self.planar and moves.any()):
            return  # it is at rest on one side
        if fades(fields, bend, problem.width, HOP)[moves].any():
            return  # and vanishes on the surface, from the other one too
        if self.planar and barely_moves(held, fields, problem.width).any():
            ends.close(lane, "sliding", 0.0, here, "the field is tangent to this surface")
        elif out > 0 >= into or out >= 0 > into:
            reason = "the field jumps here and points away on both sides: the orbit is not unique"
            ends.close(lane, "discontinuity", 0.0, here, reason)
        elif out < 0 <= into or out <= 0 < into:
            ends.close(lane, "sliding", 0.0, here, "the field points to this surface on both sides")
        elif out > 0:
            y[:, lane] = sides[:, 0]
        elif out < 0:
            y[:, lane] = sides[:, 1]

    def _leads(self, k: int, sign: float, y: Array, f: Array) -> float:
        """Give the rate of a surface's value along a field; if it is tangent, that soon after."""
        problem = self.problem
        speed = float(np.max(np.abs(f) / problem.width))
        for wait in (0.0, SOON / speed if speed else 0.0):
            there = (y + wait * f)[:, None]
            t = np.full(1, problem.start + sign * wait)
            gradient = self._gradient(np.full(1, k), t, there)[:, 0]
            slope = sign * problem.field(t, there)[:, 0]
            rate, terms = float(gradient @ slope), float(np.abs(gradient) @ np.abs(slope))
            if abs(rate) > TANGENT * float(np.abs(gradient) @ problem.width) * speed:
                return rate
        return rate if abs(rate) > 1e-12 * terms else 0.0

    def scan(self, record: Record) -> NDArray[np.bool_]:
        """Tell which rounds of a record must be taken anew by `look`: (rounds, lanes).

        Those whose step crosses a surface, and those after failures: a surface may be the cause.
        """
        states = record.y[1:]
        t = self.problem.start + record.sign * record.t[1:]
        values = [np.broadcast_to(f(t, np.moveaxis(states, 1, 0)), t.shape) for f in self.factors]
        self.seen = np.stack(values)
        crossed = self.side[:, None, record.lane] * np.sign(np.nan_to_num(self.seen)) < 0
        barred: NDArray[np.bool_] = crossed.any(axis=0) & record.good
        barred |= record.failures[:-1] >= FAILURES
        return barred

    def skip(self, record: Record, final: Index) -> None:
        """Note where lanes are after the round `final` of the record just scanned, if any."""
        each = np.flatnonzero(final >= 0)
        lanes, value = record.lane[each], self.seen[:, final[each], each]
        sign = np.sign(np.nan_to_num(value))
        self.value[:, lanes] = value
        self.side[:, lanes] = np.where(sign != 0, sign, self.side[:, lanes])

    def look(
        self, batch: Batch, trial: Trial, h: Array, good: NDArray[np.bool_], proposed: Array
    ) -> Crossing | None:
        """Shorten steps that would cross a surface; find the lanes that stand before one.

        Parameters
        ----------
        batch : Batch
            The lanes.
        trial : Trial
            Their tried steps.
        h : ndarray, shape (lanes,)
            Length of the steps.
        good, proposed : ndarray, shape (lanes,)
            Which steps are good, and the next steps' lengths; changed here, also for steps
            whose error was too large: a surface may well be the cause.

        Returns
        -------
        Crossing or None
            The lanes to be led across; None if there are none.
        """
        problem = self.problem
        t = problem.start + batch.sign * (batch.t + h)
        after = self._values(t, trial.state)
        sign = np.sign(np.nan_to_num(after))
        changed = self.side[:, batch.lane] * sign < 0
        changed |= self._hidden(batch, trial, h, t, after, good)
        at = np.flatnonzero(changed.any(0))
        crossing = None
        if at.size:
            crossing = self._shorten(batch, h, after, changed, at, good, proposed)
        lanes = batch.lane[good]
        self.value[:, lanes] = after[:, good]
        self.side[:, lanes] = np.where(sign[:, good] != 0, sign[:, good], self.side[:, lanes])
        return crossing

    def _hidden(
        self,
        batch: Batch,
        trial: Trial,
        h: Array,
        t: Array,
        after: Array,
        good: NDArray[np.bool_],
    ) -> NDArray[np.bool_]:
        """Find surfaces that are crossed though both ends are on the same side: (surfaces, lanes).

        Either twice, as the cubic through the ends of a good step tells; or where a step failed
        that would lead across along the field, for it may have come back: the other side's field
        points to the surface too.
        """
        found = np.zeros(after.shape, dtype=bool)
        start, value = self._times(batch), self.value[:, batch.lane]
        for k in range(self.poles_from):
            side = self.side[k, batch.lane]
            slope = self.factors[k].gradient(start, batch.y)
            first = side * np.sum(slope * batch.f, axis=0) * h
            old, new = side * value[k], side * after[k]
            ahead = ~good & (first < 0) & (old + first < 0)
            bends = good & (first < 0) & (old >= 0) & (new > 0) & (old + first < 0)
            which = np.flatnonzero(bends)
            if which.size:
                slope = self.factors[k].gradient(t[which], trial.state[:, which])
                last = side[which] * np.sum(slope * trial.slope[:, which], axis=0) * h[which]
                bends[which] = dips(old[which], new[which], first[which], last)
            found[k] = (ahead | bends) & (new >= 0)
        return found

    def _shorten(
        self,
        batch: Batch,
        h: Array,
        after: Array,
        changed: NDArray[np.bool_],
        at: Index,
        good: NDArray[np.bool_],
        proposed: Array,
    ) -> Crossing | None:
        lanes, step = batch.lane[at], h[at]
        share = np.full(at.shape, 2.0)
        surface = np.zeros(at.shape, dtype=np.intp)
        t = self._times(batch)[at]
        for k in np.flatnonzero(changed[:, at].any(1)):
            gradient = self.factors[k].gradient(t, batch.y[:, at])
            rate = np.sum(gradient * batch.f[:, at], axis=0) * step
            root = first_root(self.value[k, lanes], rate, after[k, at])
            # Close by, the slope alone tells better than a try that went astray beyond.
            ahead = -self.value[k, lanes] / rate
            root = np.where((ahead >= 0) & (ahead < 0.5), ahead, root)
            root = np.where(changed[k, at], root, 2.0)
            surface = np.where(root < share, k, surface)
            share = np.minimum(root, share)
        self.tries[lanes] += 1
        share = np.where(self.tries[lanes] % 12 == 0, np.minimum(share, 0.5), share)
        wait = share * step
        speed = np.max(np.abs(batch.f[:, at]) / self.problem.width[:, None], axis=0)
        near = (wait * speed < HOP) | (wait < 1e-15 * batch.t[at])
        good[at] = False
        # Stop short of it, by less and less: the estimate's error falls with the distance.
        proposed[at] = wait * (1.0 - np.clip(wait * speed, 1e-6, 1e-2))
        return Crossing(at[near], surface[near], wait[near]) if near.any() else None

    def cross(self, batch: Batch, crossing: Crossing, ends: Ends) -> None:
        """Lead lanes across a surface, or end them there.

        Parameters
        ----------
        batch : Batch
            The lanes; changed here.
        crossing : Crossing
            Which of them stand before which surface.
        ends : Ends
            Closed here for lanes that end at the surface.
        """
        at, problem = crossing.at, self.problem
        lanes, sign, surface = batch.lane[at], batch.sign[at], crossing.surface
        before, f = batch.y[:, at], batch.f[:, at]
        width = problem.width[:, None]
        speed = np.maximum(np.max(np.abs(f) / width, axis=0), 1e-300)
        beyond = 1e-13 / speed
        for _ in range(24):
            wait = crossing.wait + beyond
            y = before + wait * f
            t = problem.start + sign * (batch.t[at] + wait)
            values = self._values(t, y)
            mine = values[surface, np.arange(at.size)]
            crossed = np.sign(mine) == -self.side[surface, lanes]
            if crossed.all():
                break
            beyond = np.where(crossed, beyond, 2.0 * beyond)
        slope = sign * problem.field(t, y)
        gradient = self._gradient(surface, t, y)
        normal_before = np.sum(gradient * f, axis=0)
        normal_after = np.sum(gradient * slope, axis=0)
        jump = jumps(f, slope)
        finite = np.isfinite(slope).all(0)
        bend = problem.field.jacobian(t - sign * wait, before)
        tangent = self.planar & barely_moves(gradient, slope, problem.width)
        tangent &= ~fades(f, bend, problem.width, HOP)
        bend = np.max(np.abs(bend) * width[None] / width[:, None], axis=(0, 1)) * wait
        pole = surface >= self.poles_from
        self.crossings[lanes] += 1
        self.tries[lanes] = 0
        apart = np.max(np.abs(y - self.crossed_in[:, lanes]) / width, axis=0)
        self.thick[lanes] += apart < THICK
        self.crossed_in[:, lanes] = y
        verdicts = (
            (~finite | (pole & jump), "undefined", "it reaches a singularity of the field"),
            (
                jump & ((normal_before * normal_after < 0) | tangent),
                "sliding",
                "the field points to this surface on both sides",
            ),
            (
                ~jump & ~(bend < 0.01),
                "undecided",
                "it reaches a point where the field has no bounded derivative: beyond, the orbit "
                "need not be unique",
            ),
            (
                self.thick[lanes] >= MAX_THICK,
                "discontinuity",
                TOO_THICK,
            ),
            (
                self.crossings[lanes] > MAX_CROSSINGS,
                "discontinuity",
                f"it has crossed {MAX_CROSSINGS} surfaces where the field is not smooth",
            ),
        )
        for mask, end, reason in verdicts:
            for i in np.flatnonzero(mask):
                time = float(batch.t[at[i]] + wait[i])
                ends.close(int(lanes[i]), end, time, before[:, i], reason)
        batch.y[:, at], batch.f[:, at] = y, slope
        batch.t[at] += wait
        pace = np.maximum(np.max(np.abs(slope) / width, axis=0), 1e-300)
        # Surfaces that come thick and fast: be ready for the next one.
        step = np.minimum(1e-3 / pace, 0.5 * (batch.t[at] - self.crossed_at[lanes]))
        batch.h[at] = np.clip(step, 1e-300, np.maximum(problem.span - batch.t[at], 1e-300))
        self.crossed_at[lanes] = batch.t[at]
        batch.failures[at] = 0
        self.value[:, lanes] = values
        signs = np.sign(np.nan_to_num(values))
        self.side[:, lanes] = np.where(signs != 0, signs, self.side[:, lanes])
