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

from eqpp_dash.engine import collocation, dop853
from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.cycles.arcs import Arc
from eqpp_dash.model.portrait import Array

Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]
Pending = tuple[Ints, Array, Array, Array, Array, Array, Array, Bools]

STRAY_CROSSINGS = 12
"""Crossings of f = 0 on no section after which an orbit is given up."""

EXTRA_STEPS = 150
"""An orbit is followed for threefold the steps of its rival, and so many more."""

EARLY, RESTING = 20, 1e-10
"""An orbit that moves by less than this share of its extent in a step, after so many, has come to
an equilibrium."""

STIFF_EVERY, STIFF_PRODUCT, SLOW = 16, 0.25, 0.01
"""Where steps are so short in terms of the extent, yet so long in terms of the fastest decay, they
are short for the explicit method alone: its stages leave the slow motion."""


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
    noise : ndarray
        Error of `x` if a step errs by once the extent of the orbit, at the worst place.
    """

    fate: NDArray[np.int8]
    x: Array
    y: Array
    time: Array
    divergence: Array
    log_slope: Array
    noise: Array

    @classmethod
    def empty(cls, count: int) -> Returns:
        """Make room for so many orbits."""
        return cls(np.zeros(count, dtype=np.int8), *(np.full(count, np.nan) for _ in range(6)))

    def pick(self, which: slice | Ints) -> Returns:
        """Give those of some orbits."""
        return Returns(*(getattr(self, item.name)[which] for item in fields(self)))


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """Good steps of one round.

    Attributes
    ----------
    lane : ndarray of int, shape (m,)
        Whose they are.
    t, h : ndarray, shape (m,)
        Elapsed time at the start, and duration.
    y : ndarray, shape (2, m)
        States at the start.
    terms : ndarray, shape (7, 2, m)
        Interpolants, for `dop853.interpolate`.
    """

    lane: Ints
    t: Array
    h: Array
    y: Array
    terms: Array


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
        self.noise = np.full(count, -np.inf)
        self.stiff = np.zeros(count, dtype=bool)
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
        self.axes = [
            any(factor.text == name for factor in factors)
            for name, factors in zip(compiled.variables, compiled.factors, strict=True)
        ]
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
            Gets the good steps, round by round.

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
        path: list[Steps] | None,
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
        pending: list[Pending] = []
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
        allowed = self._tolerated(lanes, rtol)
        return lambda magnitude: allowed

    def _tolerated(self, lanes: _Lanes, rtol: float) -> Array:
        """Give the tolerated errors: shares of the extents, of x itself if x = 0 is invariant."""
        allowed = np.empty_like(lanes.y)
        least = [0.0 if invariant else 1e-16 for invariant in self.axes]
        allowed[:2] = rtol * self._size(lanes) + 1e-300
        allowed[:2] += np.array(least)[:, None] * np.abs(lanes.y[:2])
        allowed[2] = min(1e-4, 1e2 * rtol) * np.maximum(1.0, np.abs(lanes.y[2]))
        return allowed

    def _size(self, lanes: _Lanes) -> Array:
        """Give the extents of orbits so far; of x itself if x = 0 is invariant."""
        size = np.abs(lanes.y[:2])
        axes = np.array(self.axes)[:, None]
        return np.where(axes, np.minimum(lanes.floor, size), lanes.floor)

    def _round(
        self,
        lanes: _Lanes,
        out: Returns,
        rtol: float,
        crossed: NDArray[np.int8],
        pending: list[Pending],
        path: list[Steps] | None,
        rightmost: bool,
    ) -> None:
        """Try one step of every lane."""
        lanes.tries += 1
        lanes.floor = np.maximum(lanes.floor, np.abs(lanes.y[:2] - lanes.start))
        trial = self._try(lanes, rtol)
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
        size = self._size(lanes)
        flux = (size[::-1] * np.abs(trial.slope[:2])).sum(axis=0)  # errors across the flow
        noise = np.log(flux) - trial.state[2]
        lanes.noise = np.where(good, np.fmax(lanes.noise, noise), lanes.noise)
        passed = np.flatnonzero(good & lanes.rising & (trial.slope[0] <= 0))
        some = np.flatnonzero(good) if path is not None else passed
        if some.size:
            terms = self._terms(lanes, trial, some)
            if path is not None:
                path.append(
                    Steps(
                        lanes.lane[some],
                        lanes.t[some],
                        lanes.h[some],
                        lanes.y[:2, some],
                        terms[:, :2],
                    )
                )
                terms = terms[:, :, np.isin(some, passed)]
            if passed.size:
                self._cross(lanes, passed, terms, out, crossed, pending, rightmost, rtol)
        moved = np.abs(trial.state - lanes.y)[:2]
        resting = (moved < RESTING * size + 1e-14 * np.abs(lanes.y[:2])).all(axis=0)
        if lanes.tries > EARLY:
            still = lanes.lane[resting & good & (trial.error < 1.0)]
            out.fate[still[out.fate[still] == Fate.RUNNING]] = Fate.CAUGHT
        if lanes.tries % STIFF_EVERY == 0:
            self._find_stiff(lanes, moved)
        lanes.failed = np.where(good, 0, lanes.failed + 1)
        lanes.rising = np.where(good, trial.slope[0] > 0, lanes.rising)
        lanes.y, lanes.f = np.where(good, trial.state, lanes.y), np.where(good, trial.slope, lanes.f)
        lanes.t = np.where(good, lanes.t + lanes.h, lanes.t)
        lanes.h = lanes.h * factor
        self._give_up(lanes, out)

    def _field(self, sign: Array) -> dop853.Field:
        return lambda t, y: sign * self.field(0.0, y)

    def _try(self, lanes: _Lanes, rtol: float) -> dop853.Trial:
        """Try a step: by the explicit method, by collocation on stiff lanes."""
        t, y, f, h = lanes.t, lanes.y, lanes.f, lanes.h
        if not lanes.stiff.any():
            return dop853.take_step(
                self._field(lanes.sign), t, y, f, h, self._scale(lanes, rtol)
            )
        n, count = y.shape
        whole = dop853.Trial(
            np.empty((n, count)),
            np.empty((n, count)),
            np.empty(count),
            np.empty((dop853.TERMS, n, count)),
        )
        allowed = self._tolerated(lanes, rtol)
        for some, implicit in ((~lanes.stiff, False), (lanes.stiff, True)):
            if some.any():
                parts = lanes.sign[some], t[some], y[:, some], f[:, some], h[some]
                part = self._part(*parts, allowed[:, some], implicit)
                whole.state[:, some], whole.slope[:, some] = part.state, part.slope
                whole.error[some], whole.memory[:, :, some] = part.error, part.memory
        return whole

    def _part(
        self,
        sign: Array,
        t: Array,
        y: Array,
        f: Array,
        h: Array,
        allowed: Array,
        implicit: bool,
    ) -> dop853.Trial:
        field = self._field(sign)
        if not implicit:
            return dop853.take_step(field, t, y, f, h, lambda magnitude: allowed)
        share = 1e-8
        unit = allowed / share  # so that the method may take one tolerance for all lanes

        def jacobian(t: Array, z: Array) -> Array:
            slopes: Array = sign * self.field.jacobian(0.0, unit * z)
            return slopes * unit[None, :] / unit[:, None]

        trial = collocation.take_step(
            lambda t, z: field(t, unit * z) / unit,
            jacobian,
            t,
            y / unit,
            f / unit,
            h,
            np.zeros(len(y)),
            np.full(len(y), share),
        )
        return dop853.Trial(
            trial.state * unit, trial.slope * unit, trial.error, trial.memory * unit
        )

    def _terms(self, lanes: _Lanes, trial: dop853.Trial, some: Ints) -> Array:
        """Give the interpolants of steps."""
        terms = trial.memory[:, :, some].copy()
        explicit = some[~lanes.stiff[some]]
        if explicit.size:
            terms[:, :, ~lanes.stiff[some]] = dop853.dense_terms(
                self._field(lanes.sign[explicit]),
                lanes.t[explicit],
                lanes.h[explicit],
                lanes.y[:, explicit],
                lanes.f[:, explicit],
                trial.state[:, explicit],
                trial.slope[:, explicit],
                trial.memory[:, :, explicit],
            )
        return terms

    def _find_stiff(self, lanes: _Lanes, moved: Array) -> None:
        """Find lanes whose steps stability limits: they hardly move, and the Jacobian is large."""
        slow = np.flatnonzero((moved < SLOW * lanes.floor).all(axis=0) & ~lanes.stiff)
        if slow.size:
            jacobian = lanes.sign[slow] * self.compiled.jacobian(0.0, lanes.y[:2, slow])
            half = 0.5 * (jacobian[0, 0] + jacobian[1, 1])
            determinant = jacobian[0, 0] * jacobian[1, 1] - jacobian[0, 1] * jacobian[1, 0]
            fastest = np.sqrt(np.maximum(half * half - determinant, 0.0)) - half
            lanes.stiff[slow] = fastest * lanes.h[slow] > STIFF_PRODUCT

    def _cross(
        self,
        lanes: _Lanes,
        passed: Ints,
        terms: Array,
        out: Returns,
        crossed: NDArray[np.int8],
        pending: list[Pending],
        rightmost: bool,
        rtol: float,
    ) -> None:
        """Find out which sections were crossed; end the orbits that are back, or trapped."""
        share = turning_share(terms[:, 0])
        at = dop853.interpolate(lanes.y[:, passed], terms, share)
        which = self._which(at[0], at[1], lanes.floor[1, passed])
        lane = lanes.lane[passed]
        back = which == lanes.arc[passed]
        if back.any():
            i = passed[back]
            out.fate[lane[back]] = Fate.RETURNED
            out.noise[lane[back]] = lanes.noise[i]
            last = (lanes.t[i], lanes.y[:, i], lanes.f[:, i], lanes.h[i], share[back])
            pending.append(
                (lane[back], *last, self._tolerated(lanes, rtol)[:, i], lanes.stiff[i])
            )
        other = ~back & (which >= 0)
        crossed[which[other], lane[other]] += 1
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
        pending: list[Pending],
        out: Returns,
        sign: Array,
        first_slope: Array,
    ) -> None:
        """Let the last step of each returned orbit end on its section: Newton's method."""
        lane = np.concatenate([p[0] for p in pending])
        t, y, f, h, share, allowed, stiff = (
            np.concatenate([p[i] for p in pending], axis=-1) for i in range(1, 8)
        )
        signs = sign[lane]
        state, slope, delay = y.copy(), f.copy(), np.zeros_like(t)
        for some, implicit in ((~stiff, False), (stiff, True)):
            if not some.any():
                continue
            parts = signs[some], t[some], y[:, some], f[:, some]
            for _ in range(3):
                trial = self._part(*parts, (share * h)[some], allowed[:, some], implicit)
                jacobian = self.compiled.jacobian(0.0, trial.state[:2])
                rate = signs[some] * (jacobian[0] * trial.slope[:2]).sum(axis=0)
                late = -trial.slope[0] / rate
                share[some] = np.clip(share[some] + late / h[some], 0.0, 1.2)
            state[:, some], slope[:, some], delay[some] = trial.state, trial.slope, late
        out.x[lane] = state[0] + 0.5 * slope[0] * delay
        out.y[lane] = state[1] + slope[1] * delay
        out.time[lane] = t + share * h
        out.divergence[lane] = integral = state[2] + slope[2] * delay
        out.log_slope[lane] = integral + np.log(first_slope[lane] / np.abs(slope[1]))
        out.noise[lane] = np.exp(out.noise[lane] + integral) / np.abs(slope[1])


def _basis() -> Array:
    """Give the coefficients of the interpolant's basis polynomials, shape (7, 8)."""
    theta, other = Polynomial([0.0, 1.0]), Polynomial([1.0, -1.0])
    rows = np.zeros((dop853.TERMS, dop853.TERMS + 1))
    for i in range(dop853.TERMS):
        product = theta ** ((i + 2) // 2) * other ** ((i + 1) // 2)
        rows[i, : product.coef.size] = product.coef
    return rows


_BASIS = _basis()


def turning_share(terms: Array) -> Array:
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
