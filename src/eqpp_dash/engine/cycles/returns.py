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
from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

from eqpp_dash.engine import dop853
from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.cycles.arcs import Arc
from eqpp_dash.model.portrait import Array

Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]

STRAY_CROSSINGS = 12
"""Crossings of f = 0 on no section after which an orbit is given up."""

EXTRA_STEPS = 60
"""An orbit is followed for threefold the steps of its rival, and so many more."""

SHARPEST_TURN = -0.3
"""Least cosine of the angle by which a step may turn, so that no crossing is passed over."""


class Fate(IntEnum):
    """What became of an orbit.

    ``LEFT``: it left the box. ``TRAPPED``: it can never come back. ``CAUGHT``: it tends to an
    equilibrium. ``OVERTAKEN``: it was farther right than its start. ``UNDEFINED``: it ends.
    ``GIVEN_UP``: it took too many steps.
    """

    RUNNING = 0
    RETURNED = 1
    LEFT = 2
    TRAPPED = 3
    CAUGHT = 4
    OVERTAKEN = 5
    UNDEFINED = 6
    GIVEN_UP = 7


NEVER = frozenset({Fate.LEFT, Fate.TRAPPED, Fate.CAUGHT, Fate.OVERTAKEN})
"""Fates after which no cycle goes through the start and has its rightmost point there."""


@dataclass(slots=True)
class Returns:
    """What became of orbits, shape (m,) each.

    Attributes
    ----------
    fate : ndarray of int8
        Values of `Fate`; the rest is NaN unless the orbit returned.
    x, y : ndarray
        Where it came back.
    time : ndarray
        How long it took, positive.
    divergence : ndarray
        Integral of the divergence in the direction of integration.
    log_slope : ndarray
        Logarithm of the derivative of the return by x.
    peak : ndarray
        Largest x at which other sections were crossed on the way.
    """

    fate: NDArray[np.int8]
    x: Array
    y: Array
    time: Array
    divergence: Array
    log_slope: Array
    peak: Array

    @classmethod
    def empty(cls, count: int) -> Returns:
        """Make room for so many orbits."""
        values = [np.full(count, np.nan) for _ in range(5)]
        return cls(np.zeros(count, dtype=np.int8), *values, np.full(count, -np.inf))

    def pick(self, which: slice | Ints) -> Returns:
        """Give those of some orbits."""
        return Returns(*(getattr(self, item.name)[which] for item in fields(self)))


@dataclass(frozen=True, slots=True, eq=False)
class Trap:
    """An ellipse ``z'Az < 1`` about a point that orbits of one direction of time never leave."""

    sign: float
    point: Array
    shape: Array


class _Lanes:
    """The orbits that are still followed."""

    def __init__(self, arc: Ints, state: Array, sign: Array, floor: Array) -> None:
        count = arc.size
        self.lane = np.arange(count)
        self.arc, self.sign, self.y, self.start = arc, sign, state, state[:2].copy()
        self.floor = floor
        self.t, self.tries = np.zeros(count), 0
        self.f = np.zeros_like(state)
        self.h = np.zeros(count)
        self.rising = np.zeros(count, dtype=bool)
        self.failed = np.zeros(count, dtype=np.intp)
        self.limit = np.full(count, np.iinfo(np.intp).max)
        self.strays = np.zeros(count, dtype=np.intp)

    def keep(self, which: Bools) -> None:
        for name, value in vars(self).items():
            if isinstance(value, np.ndarray):
                setattr(self, name, value[..., which])


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
        self.field = compiled.with_divergence()
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
        path: list[tuple[Array, Array, Array]] | None = None,
    ) -> Returns:
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
            Gets of each step the lanes, the states at its start and the interpolants.

        Returns
        -------
        Returns
            What became of each.
        """
        with np.errstate(all="ignore"):
            out = Returns.empty(x.size)
            self._shoot(arc, x, sign, rtol, out, race, rightmost, most_steps, path)
            return out

    def _shoot(
        self,
        arc: Ints,
        x: Array,
        sign: Array,
        rtol: float,
        out: Returns,
        race: bool,
        rightmost: bool,
        most_steps: int,
        path: list[tuple[Array, Array, Array]] | None,
    ) -> None:
        count = x.size
        self.shots += count
        y, floor = np.empty(count), np.empty((2, count))
        for k in np.unique(arc):
            one, here = self.arcs[k], arc == k
            y[here] = one.height(x[here])
            floor[:, here] = 0.1 * self._extent(one, x[here])
        lanes = _Lanes(arc.copy(), np.stack([x, y, np.zeros(count)]), sign.copy(), floor)
        lanes.f = sign * self.field(0.0, lanes.y)
        first_slope = np.abs(lanes.f[1]).copy()
        scale = self._scale(lanes, rtol)(np.abs(lanes.y))
        lanes.h = dop853.first_step(
            lambda t, s: lanes.sign * self.field(0.0, s),
            lanes.t,
            lanes.y,
            lanes.f,
            scale,
            np.full(count, np.inf),
        )
        crossed = np.zeros((len(self.arcs), count), dtype=np.int8)
        pending: list[tuple[Ints, Array, Array, Array, Array, Array]] = []
        bad = ~(np.isfinite(lanes.f).all(axis=0) & np.isfinite(lanes.h) & (lanes.h > 0))
        out.fate[lanes.lane[bad]] = Fate.UNDEFINED
        lanes.keep(~bad)
        lanes.limit[:] = most_steps
        while lanes.lane.size:
            self._round(lanes, out, rtol, crossed, pending, path, rightmost)
            running = out.fate[lanes.lane] == Fate.RUNNING
            if race and not running.all():
                rivals = (lanes.lane[~running] + count // 2) % count
                hurried = np.isin(lanes.lane, rivals)
                limit = EXTRA_STEPS + 3 * lanes.tries
                lanes.limit[hurried] = np.minimum(lanes.limit[hurried], limit)
            out.fate[lanes.lane[running & (lanes.tries >= lanes.limit)]] = Fate.GIVEN_UP
            lanes.keep(out.fate[lanes.lane] == Fate.RUNNING)
        if pending:
            self._finish(pending, out, sign, first_slope)

    def _extent(self, arc: Arc, x: Array) -> Array:
        """Guess how large orbits through points of a section are: as far as its ends are."""
        near = self.unit[0] * np.ones_like(x)
        for end, at in ((arc.left, arc.x[0]), (arc.right, arc.x[-1])):
            if end.kind in ("equilibrium", "singular"):
                near = np.minimum(near, np.abs(x - at))
        extent: Array = np.stack([near, near / self.unit[0] * self.unit[1]])
        return extent

    def _scale(self, lanes: _Lanes, rtol: float) -> dop853.Callable[[Array], Array]:
        def scale(magnitude: Array) -> Array:
            allowed = np.empty_like(lanes.y)
            allowed[:2] = rtol * lanes.floor + 1e-16 * magnitude[:2]
            allowed[2] = min(1e-4, 1e2 * rtol) * np.maximum(1.0, magnitude[2])
            return allowed

        return scale

    def _round(
        self,
        lanes: _Lanes,
        out: Returns,
        rtol: float,
        crossed: NDArray[np.int8],
        pending: list[tuple[Ints, Array, Array, Array, Array, Array]],
        path: list[tuple[Array, Array, Array]] | None,
        rightmost: bool,
    ) -> None:
        """Try one step of every lane."""
        lanes.tries += 1
        lanes.floor = np.maximum(lanes.floor, np.abs(lanes.y[:2] - lanes.start))
        field = self._field(lanes.sign)
        trial = dop853.take_step(
            field, lanes.t, lanes.y, lanes.f, lanes.h, self._scale(lanes, rtol)
        )
        good = trial.error <= 1.0
        factor = np.clip(0.9 * np.maximum(trial.error, 1e-16) ** -0.125, 0.2, 6.0)
        factor = np.where(np.isnan(trial.error), 0.25, factor)
        before, after = lanes.f[:2] / lanes.floor, trial.slope[:2] / lanes.floor
        turn = (before * after).sum(axis=0) / np.sqrt(
            (before * before).sum(axis=0) * (after * after).sum(axis=0)
        )
        sharp = good & (turn < SHARPEST_TURN)
        good &= ~sharp
        factor = np.where(sharp, 0.5, factor)
        factor = np.where(good & (lanes.failed == 0), factor, np.minimum(factor, 1.0))
        passed = np.flatnonzero(good & lanes.rising & (trial.slope[0] <= 0))
        some = np.flatnonzero(good) if path is not None else passed
        if some.size:
            terms = dop853.dense_terms(
                self._field(lanes.sign[some]),
                lanes.t[some],
                lanes.h[some],
                lanes.y[:, some],
                lanes.f[:, some],
                trial.state[:, some],
                trial.slope[:, some],
                trial.memory[:, :, some],
            )
            if path is not None:
                path.append((lanes.lane[some], lanes.y[:2, some], terms[:, :2]))
                terms = terms[:, :, np.isin(some, passed)]
            if passed.size:
                self._cross(lanes, passed, terms, out, crossed, pending, rightmost)
        lanes.failed = np.where(good, 0, lanes.failed + 1)
        lanes.rising = np.where(good, trial.slope[0] > 0, lanes.rising)
        lanes.y, lanes.f = np.where(good, trial.state, lanes.y), np.where(good, trial.slope, lanes.f)
        lanes.t = np.where(good, lanes.t + lanes.h, lanes.t)
        lanes.h = lanes.h * factor
        self._give_up(lanes, out)

    def _field(self, sign: Array) -> dop853.Field:
        return lambda t, y: sign * self.field(0.0, y)

    def _cross(
        self,
        lanes: _Lanes,
        passed: Ints,
        terms: Array,
        out: Returns,
        crossed: NDArray[np.int8],
        pending: list[tuple[Ints, Array, Array, Array, Array, Array]],
        rightmost: bool,
    ) -> None:
        """Find out which sections were crossed; end the orbits that are back, or trapped."""
        share = _turning_share(terms[:, 0])
        at = dop853.interpolate(lanes.y[:, passed], terms, share)
        which = self._which(at[0], at[1], lanes.floor[1, passed])
        lane = lanes.lane[passed]
        back = which == lanes.arc[passed]
        if back.any():
            i = passed[back]
            out.fate[lane[back]] = Fate.RETURNED
            pending.append(
                (lane[back], lanes.t[i], lanes.y[:, i], lanes.f[:, i], lanes.h[i], share[back])
            )
        other = ~back & (which >= 0)
        crossed[which[other], lane[other]] += 1
        out.peak[lane[other]] = np.maximum(out.peak[lane[other]], at[0, other])
        twice = lane[other][crossed[which[other], lane[other]] >= 2]
        out.fate[twice] = Fate.TRAPPED
        if rightmost:
            beyond = at[0] > lanes.start[0, passed] + 1e-6 * lanes.floor[0, passed]
            out.fate[lane[beyond & ~back]] = Fate.OVERTAKEN
        lanes.strays[passed[which < 0]] += 1
        lost = lanes.lane[lanes.strays >= STRAY_CROSSINGS]
        out.fate[lost[out.fate[lost] == Fate.RUNNING]] = Fate.GIVEN_UP

    def _which(self, x: Array, y: Array, extent: Array) -> Ints:
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

    def _give_up(self, lanes: _Lanes, out: Returns) -> None:
        running = out.fate[lanes.lane] == Fate.RUNNING
        position = lanes.y[:2]
        outside = (position < self.box[0][:, None]) | (position > self.box[1][:, None])
        out.fate[lanes.lane[running & outside.any(axis=0)]] = Fate.LEFT
        speed = np.abs(lanes.f[:2] / lanes.floor).max(axis=0)
        stuck = (lanes.failed > 25) | (lanes.h * speed < 1e-13) & (lanes.failed > 3)
        out.fate[lanes.lane[running & stuck]] = Fate.UNDEFINED
        for trap in self.traps:
            apart = position - trap.point[:, None]
            level = np.einsum("im,ij,jm->m", apart, trap.shape, apart)
            caught = running & (lanes.sign == trap.sign) & (level < 1.0)
            out.fate[lanes.lane[caught]] = Fate.CAUGHT

    def _finish(
        self,
        pending: list[tuple[Ints, Array, Array, Array, Array, Array]],
        out: Returns,
        sign: Array,
        first_slope: Array,
    ) -> None:
        """Let the last step of each returned orbit end on its section: Newton's method."""
        lane = np.concatenate([p[0] for p in pending])
        t, y, f, h, share = (
            np.concatenate([p[i] for p in pending], axis=-1) for i in (1, 2, 3, 4, 5)
        )
        signs = sign[lane]
        field = self._field(signs)
        scale = np.ones_like(y)
        for _ in range(3):
            trial = dop853.take_step(field, t, y, f, share * h, lambda magnitude: scale)
            jacobian = self.compiled.jacobian(0.0, trial.state[:2])
            rate = signs * (jacobian[0] * trial.slope[:2]).sum(axis=0)
            delay = -trial.slope[0] / rate
            share = np.clip(share + delay / h, 0.0, 1.2)
        out.x[lane] = trial.state[0] + 0.5 * trial.slope[0] * delay
        out.y[lane] = trial.state[1] + trial.slope[1] * delay
        out.time[lane] = t + share * h
        out.divergence[lane] = trial.state[2] + trial.slope[2] * delay
        out.log_slope[lane] = out.divergence[lane] + np.log(
            first_slope[lane] / np.abs(trial.slope[1])
        )


def _basis() -> Array:
    """Give the coefficients of the interpolant's basis polynomials, shape (7, 8)."""
    theta, other = Polynomial([0.0, 1.0]), Polynomial([1.0, -1.0])
    rows = np.zeros((dop853.TERMS, dop853.TERMS + 1))
    for i in range(dop853.TERMS):
        product = theta ** ((i + 2) // 2) * other ** ((i + 1) // 2)
        rows[i, : product.coef.size] = product.coef
    return rows


_BASIS = _basis()


def _turning_share(terms: Array) -> Array:
    """Give the share of steps at which the interpolant of x turns from rising to falling."""
    rates = (_BASIS.T @ terms)[1:] * np.arange(1.0, dop853.TERMS + 1)[:, None]
    low, high = np.zeros(terms.shape[1]), np.ones(terms.shape[1])
    share = 0.5 * (low + high)
    for _ in range(12):
        value, slope = np.zeros_like(share), np.zeros_like(share)
        for row in rates[::-1]:
            slope = slope * share + value
            value = value * share + row
        low, high = np.where(value > 0, share, low), np.where(value > 0, high, share)
        ahead = share - value / slope
        share = np.where((ahead >= low) & (ahead <= high), ahead, 0.5 * (low + high))
    return share
