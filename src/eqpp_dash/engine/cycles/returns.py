"""First returns to sections, many orbits at once.

Orbits start on sections, forward or backward in time, and are followed until they come back to the
section they started from, or will never: they leave the box, are caught by a node, or cross another
section twice without coming back in between. What such an orbit does after its second crossing is
bounded by the turn it has just made and the piece of that section between its ends, a Jordan curve
on whose other side the first section lies (the argument of Poincaré and Bendixson: Perko, section
3.7). With the orbit the divergence is integrated, which gives the derivative of the return.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eqpp_dash.engine import dop853
from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.cycles.arcs import Arc
from eqpp_dash.engine.cycles.lanes import Bools, Fate, FirstReturns, Ints, Lanes, Steps
from eqpp_dash.engine.cycles.stepping import Stepping, turning_share
from eqpp_dash.model.portrait import Array

STRAY_CROSSINGS = 12
"""Crossings of f = 0 on no section after which an orbit is given up."""

EXTRA_STEPS = 150
"""An orbit is followed for threefold the steps of its rival, and so many more."""

EARLY, RESTING = 20, 1e-10
"""An orbit that moves by less than this share of its extent in a step, after so many, has come to
an equilibrium."""

STIFF_EVERY = 16
SHARPEST_TURN = -0.3
"""Least cosine of the angle by which a step may turn, so that no crossing is passed over."""


@dataclass(frozen=True, slots=True, eq=False)
class Trap:
    """An ellipse ``z'Az < 1`` about a point that orbits of one direction of time never leave."""

    sign: float
    point: Array
    shape: Array


class ReturnMap:
    """Follows orbits from sections to their first returns.

    Parameters
    ----------
    compiled : CompiledField
        The field.
    arcs : sequence of Arc
        All sections.
    unit : ndarray, shape (2,)
        Width of the window.
    box : tuple of ndarray, shape (2,)
        Corners of the box that orbits may not leave.
    traps : sequence of Trap
        What catches orbits.

    Attributes
    ----------
    shots : int
        Orbits followed so far.
    """

    def __init__(
        self,
        compiled: CompiledField,
        arcs: Sequence[Arc],
        unit: Array,
        box: tuple[Array, Array],
        traps: Sequence[Trap] = (),
    ) -> None:
        self.compiled, self.arcs, self.unit, self.box = compiled, list(arcs), unit, box
        self.traps = list(traps)
        self.stepping = Stepping(compiled)
        self.shots = 0

    def shoot(
        self,
        arc: Ints,
        x: Array,
        sign: Array,
        rtol: float = 1e-9,
        *,
        race: bool = False,
        rightmost: bool = False,
        most_steps: int = 3000,
        path: list[Steps] | None = None,
    ) -> FirstReturns:
        """Follow orbits to their returns.

        Parameters
        ----------
        arc : ndarray of int, shape (m,)
            Sections on which they start.
        x : ndarray, shape (m,)
            Their abscissas there.
        sign : ndarray, shape (m,)
            Direction of time, 1 or -1.
        rtol : float
            Tolerated error of a step in terms of the orbit's extent.
        race : bool
            Whether the second half of the orbits are those of the first in the other direction of
            time: when one has ended, the other is not followed for much longer.
        rightmost : bool
            Whether to end orbits that come farther right than their start.
        most_steps : int
            Most steps tried.
        path : list, optional
            Gets the good steps, round by round.

        Returns
        -------
        FirstReturns
            What became of each.
        """
        self.shots += x.size
        with np.errstate(all="ignore"):
            shot = _Shot(self, self._start(arc, x, sign), rtol, rightmost, path)
            return shot.run(race, most_steps)

    def _start(self, arc: Ints, x: Array, sign: Array) -> Lanes:
        y, floor = np.empty(x.size), np.empty((2, x.size))
        for k in np.unique(arc):
            one, here = self.arcs[k], arc == k
            y[here] = one.height(x[here])
            floor[:, here] = 0.1 * self._extent(one, x[here])
        return Lanes(arc.copy(), np.stack([x, y, np.zeros(x.size)]), sign.copy(), floor)

    def _extent(self, arc: Arc, x: Array) -> Array:
        """Guess how large orbits through points of a section are: as far as its ends are."""
        near = self.unit[0] * np.ones_like(x)
        for end, at in ((arc.left, arc.x[0]), (arc.right, arc.x[-1])):
            if end.kind in ("equilibrium", "singular"):
                near = np.minimum(near, np.abs(x - at))
        extent: Array = np.stack([near, near / self.unit[0] * self.unit[1]])
        return extent

    def section_of(self, x: Array, y: Array, extent: Array) -> Ints:
        """Tell on which section points of f = 0 lie; -1 if on none."""
        best = np.full(x.size, -1)
        distance = np.full(x.size, np.inf)
        for k, arc in enumerate(self.arcs):
            inside = np.flatnonzero((x > arc.x[0]) & (x < arc.x[-1]))
            if inside.size:
                away = np.abs(arc.guess(x[inside]) - y[inside])
                nearer = inside[away < distance[inside]]
                distance[nearer] = away[away < distance[inside]]
                best[nearer] = k
        for k in np.unique(best[best >= 0]):
            here = np.flatnonzero(best == k)
            away = np.abs(self.arcs[k].height(x[here]) - y[here])
            best[here[~(away <= 1e-3 * extent[here] + 1e-9 * np.abs(y[here]))]] = -1
        return best


@dataclass(slots=True)
class _Arrival:
    """Last steps of orbits that are back: where they begin, and the share to their section."""

    lane: Ints
    t: Array
    y: Array
    f: Array
    h: Array
    share: Array
    allowed: Array
    stiff: Bools


class _Shot:
    """One call of `ReturnMap.shoot`."""

    def __init__(
        self,
        returns: ReturnMap,
        lanes: Lanes,
        rtol: float,
        rightmost: bool,
        path: list[Steps] | None,
    ) -> None:
        self.returns, self.stepping, self.lanes = returns, returns.stepping, lanes
        self.rtol, self.rightmost, self.path = rtol, rightmost, path
        count = lanes.lane.size
        self.out = FirstReturns.empty(count)
        self.crossed = np.zeros((len(returns.arcs), count), dtype=np.int8)
        self.arrivals: list[_Arrival] = []
        self.sign = lanes.sign.copy()
        field = self.stepping.directed(lanes.sign)
        lanes.f = field(lanes.t, lanes.y)
        self.first_slope = np.abs(lanes.f[1]).copy()
        scale, longest = self.stepping.tolerated(lanes, rtol), np.full(count, np.inf)
        lanes.h = dop853.first_step(field, lanes.t, lanes.y, lanes.f, scale, longest)

    def run(self, race: bool, most_steps: int) -> FirstReturns:
        lanes, out = self.lanes, self.out
        bad = ~(np.isfinite(lanes.f).all(axis=0) & np.isfinite(lanes.h) & (lanes.h > 0))
        out.fate[lanes.lane[bad]] = Fate.UNDEFINED
        lanes.keep(~bad)
        lanes.limit[:] = most_steps
        half, count = out.fate.size // 2, out.fate.size
        while lanes.lane.size:
            self._round()
            running = out.fate[lanes.lane] == Fate.RUNNING
            if race and not running.all():
                hurried = np.isin(lanes.lane, (lanes.lane[~running] + half) % count)
                limit = EXTRA_STEPS + 3 * lanes.tries
                lanes.limit[hurried] = np.minimum(lanes.limit[hurried], limit)
            out.fate[lanes.lane[running & (lanes.tries >= lanes.limit)]] = Fate.GIVEN_UP
            lanes.keep(out.fate[lanes.lane] == Fate.RUNNING)
        if self.arrivals:
            self._finish()
        return out

    def _round(self) -> None:
        """Try one step of every lane."""
        lanes = self.lanes
        lanes.tries += 1
        lanes.floor = np.maximum(lanes.floor, np.abs(lanes.y[:2] - lanes.start))
        trial = self.stepping.attempt(lanes, self.rtol)
        good = trial.error <= 1.0
        factor = np.clip(0.9 * np.maximum(trial.error, 1e-16) ** -0.125, 0.2, 6.0)
        factor = np.where(np.isnan(trial.error), 0.25, factor)
        before, after = lanes.f[:2] / lanes.floor, trial.slope[:2] / lanes.floor
        lengths = (before * before).sum(axis=0) * (after * after).sum(axis=0)
        sharp = good & ((before * after).sum(axis=0) / np.sqrt(lengths) < SHARPEST_TURN)
        good &= ~sharp
        factor = np.where(sharp, 0.5, factor)
        factor = np.where(good & (lanes.failed == 0), factor, np.minimum(factor, 1.0))
        size = self.stepping.size(lanes)
        flux = (size[::-1] * np.abs(trial.slope[:2])).sum(axis=0)  # of errors across the flow
        self._look(trial, good)
        noise = np.fmax(lanes.noise, np.log(flux) - trial.state[2])
        lanes.noise = np.where(good, noise, lanes.noise)
        moved = np.abs(trial.state - lanes.y)[:2]
        resting = (moved < RESTING * size + 1e-14 * np.abs(lanes.y[:2])).all(axis=0)
        if lanes.tries > EARLY:
            self._end(resting & good & (trial.error < 1.0), Fate.CAUGHT)
        if lanes.tries % STIFF_EVERY == 0:
            self.stepping.find_stiff(lanes, moved)
        lanes.failed = np.where(good, 0, lanes.failed + 1)
        lanes.rising = np.where(good, trial.slope[0] > 0, lanes.rising)
        lanes.y = np.where(good, trial.state, lanes.y)
        lanes.f = np.where(good, trial.slope, lanes.f)
        lanes.t = np.where(good, lanes.t + lanes.h, lanes.t)
        lanes.h = lanes.h * factor
        self._give_up()

    def _end(self, which: Bools, fate: Fate) -> None:
        lane = self.lanes.lane[which]
        self.out.fate[lane[self.out.fate[lane] == Fate.RUNNING]] = fate

    def _look(self, trial: dop853.Trial, good: Bools) -> None:
        """Note good steps, and look at those in which x turns from rising to falling."""
        lanes = self.lanes
        passes = good & lanes.rising & (trial.slope[0] <= 0)
        some = np.flatnonzero(good if self.path is not None else passes)
        if not some.size:
            return
        terms = self.stepping.terms(lanes, trial, some)
        if self.path is not None:
            y = lanes.y[:2, some]
            self.path.append(Steps(lanes.lane[some], lanes.t[some], lanes.h[some], y, terms[:, :2]))
            terms = terms[:, :, passes[some]]
        passed = np.flatnonzero(passes)
        if passed.size:
            self._cross(passed, terms)

    def _cross(self, passed: Ints, terms: Array) -> None:
        """Find out which sections were crossed; end the orbits that are back, or trapped."""
        lanes, out = self.lanes, self.out
        share = turning_share(terms[:, 0])
        at = dop853.interpolate(lanes.y[:, passed], terms, share)
        which = self.returns.section_of(at[0], at[1], lanes.floor[1, passed])
        lane = lanes.lane[passed]
        back = which == lanes.arc[passed]
        if back.any():
            i = passed[back]
            out.fate[lane[back]] = Fate.RETURNED
            out.noise[lane[back]] = lanes.noise[i]
            allowed = self.stepping.tolerated(lanes, self.rtol)[:, i]
            ends = lanes.t[i], lanes.y[:, i], lanes.f[:, i], lanes.h[i], share[back]
            self.arrivals.append(_Arrival(lane[back], *ends, allowed, lanes.stiff[i]))
        other = ~back & (which >= 0)
        self.crossed[which[other], lane[other]] += 1
        twice = self.crossed[which[other], lane[other]] >= 2
        out.fate[lane[other][twice]] = Fate.TRAPPED
        if self.rightmost:
            beyond = at[0] > lanes.start[0, passed] + 1e-6 * lanes.floor[0, passed]
            out.fate[lane[beyond & ~back]] = Fate.OVERTAKEN
        lanes.strays[passed[which < 0]] += 1
        self._end(lanes.strays >= STRAY_CROSSINGS, Fate.GIVEN_UP)

    def _give_up(self) -> None:
        lanes, (lo, hi) = self.lanes, self.returns.box
        position = lanes.y[:2]
        beyond = np.maximum(lo[:, None] - position, position - hi[:, None]).max(axis=0)
        self._end(np.greater(beyond, 0.0), Fate.LEFT)
        speed = np.abs(lanes.f[:2] / lanes.floor).max(axis=0)
        stuck = (lanes.failed > 25) | (lanes.h * speed < 1e-13) & (lanes.failed > 3)
        self._end(stuck, Fate.UNDEFINED)
        for trap in self.returns.traps:
            apart = position - trap.point[:, None]
            level: Array = np.einsum("im,ij,jm->m", apart, trap.shape, apart)
            inward: Bools = np.equal(lanes.sign, trap.sign)
            self._end(inward & (level < 1.0), Fate.CAUGHT)

    def _finish(self) -> None:
        """Let the last step of each returned orbit end on its section: Newton's method."""
        lane, t, y, f, h, share, allowed, stiff = (
            np.concatenate([getattr(one, name) for one in self.arrivals], axis=-1)
            for name in ("lane", "t", "y", "f", "h", "share", "allowed", "stiff")
        )
        signs, out = self.sign[lane], self.out
        state, slope, delay = y.copy(), f.copy(), np.zeros_like(t)
        for some, implicit in ((~stiff, False), (stiff, True)):
            if not some.any():
                continue
            parts = signs[some], t[some], y[:, some], f[:, some]
            for _ in range(3):
                trial = self.stepping.part(*parts, (share * h)[some], allowed[:, some], implicit)
                jacobian = self.returns.compiled.jacobian(0.0, trial.state[:2])
                rate = signs[some] * (jacobian[0] * trial.slope[:2]).sum(axis=0)
                late = -trial.slope[0] / rate
                share[some] = np.clip(share[some] + late / h[some], 0.0, 1.2)
            state[:, some], slope[:, some], delay[some] = trial.state, trial.slope, late
        out.x[lane] = state[0] + 0.5 * slope[0] * delay
        out.y[lane] = state[1] + slope[1] * delay
        out.time[lane] = t + share * h
        integral = state[2] + slope[2] * delay
        out.divergence[lane] = integral
        out.log_slope[lane] = integral + np.log(self.first_slope[lane] / np.abs(slope[1]))
        grown = np.exp(out.noise[lane] + integral) / np.abs(slope[1])
        out.noise[lane] = np.fmax(grown, allowed[0] / self.rtol)
