"""Neighbourhoods of sinks that no orbit leaves, proved by interval bounds.

About a hyperbolic sink with Jacobian A, the solution P of ``A'P + PA = -I`` makes
``V(z) = z'Pz`` a Lyapunov function (Khalil, *Nonlinear Systems*, 3rd ed., theorem 4.6).
Where ``J(x)'P + PJ(x)`` is negative definite on a whole box about it, V falls along every
orbit in that box, since ``f(e + z)`` is the mean of J on the segment times z: an ellipse
of V within the box is never left, and what enters it tends to the equilibrium. The bounds
of J over the box come from interval arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_continuous_lyapunov

from eqpp_dash.engine.dop853 import Array
from eqpp_dash.engine.wedges import attracting_wedges, has_center_direction
from eqpp_dash.model.portrait import Equilibrium

if TYPE_CHECKING:
    from eqpp_dash.engine.batch import Taken
    from eqpp_dash.engine.compiled import CompiledField
    from eqpp_dash.engine.orbits import Ends, Problem
    from eqpp_dash.engine.record import Bools, Record

Lanes = NDArray[np.intp]

ARRIVED = 1.5e-3
"""Distance, in widths of the window, within which a curve need not be drawn on."""

NEAR = 1e-3
"""Distance, in widths, that counts as the arrival at a point that is known to attract."""

CAME = 0.5
"""An orbit has come to a point if it ends so many times as far from it as it began, or nearer."""

EXTRA_STEPS = 250
NEAR_SADDLE = 2e-3
CONNECTED = 1e-6

_RADII = 3.2 * 0.5 ** np.arange(28)


class Attraction:
    """Ends orbits at the sinks (in their direction of time) that they have been caught by.

    Parameters
    ----------
    problem : Problem
        The system on its window.
    equilibria : sequence of Equilibrium
        All equilibria known; hyperbolic sinks and sources are used, and of points with one
        eigenvalue zero the wedges of `attracting_wedges`.
    lanes : int
        Number of lanes.
    """

    def __init__(self, problem: Problem, equilibria: Sequence[Equilibrium], lanes: int) -> None:
        self.width = problem.width
        found, tips = [], []
        for k, item in enumerate(equilibria):
            real = item.eigenvalues.real
            if item.hyperbolic and (np.all(real < 0) or np.all(real > 0)):
                sign = -1.0 if real[0] > 0 else 1.0
                shape, level = trapping_ellipse(problem.field, item, sign, problem.width)
                if level > 0:
                    found.append((k, sign, item.point, shape / level))
            elif has_center_direction(item):
                sign = -np.sign(np.trace(item.jacobian))
                wedges = attracting_wedges(problem.field, item, sign, problem.width)
                tips += [(k, sign, wedge) for wedge in wedges]
        self.ellipses = len(found)
        self.wedges = [wedge for *_, wedge in tips]
        self.index = np.array([k for k, *_ in [*found, *tips]], dtype=np.intp)
        self.sign = np.array([sign for _, sign, *_ in [*found, *tips]])
        self.point = np.array(
            [*(point for _, _, point, _ in found), *(w.point for w in self.wedges)]
        )
        self.shape = np.array([shape for *_, shape in found]).reshape(-1, *2 * self.width.shape)
        # Upper roots R of the shapes: z'Pz is the square of the length of Rz.
        self.root = np.array([np.linalg.cholesky(shape).T for shape in self.shape])
        self.slow = [
            (k, item.point, _drawing_sign(item))
            for k, item in enumerate(equilibria)
            if _drawing_sign(item) and k not in {number for number, *_ in found}
        ]
        self.caught = np.full(lanes, -1, dtype=np.intp)
        self.left = np.full(lanes, EXTRA_STEPS, dtype=np.intp)

    def scan(self, record: Record) -> Bools:
        """Tell which steps of a record enter an ellipse, or arrive."""
        wanted = np.zeros(record.good.shape, dtype=bool)
        if not self.index.size:
            return wanted
        lanes, states = record.lane, record.y[1:]
        caught = self.caught[lanes]
        for sign in np.unique(self.sign):
            free = np.flatnonzero((record.sign == sign) & (caught < 0))
            if free.size:
                seen = np.moveaxis(states[:, :, free], 1, 0).reshape(self.width.size, -1)
                wanted[:, free] = self._entered(sign, seen).reshape(len(states), free.size)
        inside = np.flatnonzero(caught >= 0)
        if inside.size:
            away = states[:, :, inside] - self.point[caught[inside]].T
            distance = np.max(np.abs(away) / self.width[:, None], axis=1)
            spent = np.cumsum(record.good[:, inside], axis=0) >= self.left[lanes[inside]]
            wanted[:, inside] |= (distance < ARRIVED) | spent
        wanted &= record.good
        return wanted

    def _entered(self, sign: float, states: Array) -> Bools:
        """Tell which states, shape (n, m), lie where orbits of a direction of time are caught."""
        mine = np.flatnonzero(self.sign[: self.ellipses] == sign)
        entered = np.zeros(states.shape[1], dtype=bool)
        if mine.size:
            roots = self.root[mine]
            away = (roots @ states).reshape(-1, states.shape[1])
            away -= np.einsum("kij,kj->ki", roots, self.point[mine]).reshape(-1, 1)
            level = np.square(away, out=away).reshape(len(roots), -1, states.shape[1]).sum(axis=1)
            entered = level.min(axis=0) < 1.0
        for wedge, way in zip(self.wedges, self.sign[self.ellipses :], strict=True):
            if way == sign:
                entered |= wedge.holds(states)
        return entered

    def skip(self, record: Record, quiet: Bools) -> None:
        """Pass over steps that do neither."""
        lanes = record.lane
        self.left[lanes] -= np.where(self.caught[lanes] >= 0, np.count_nonzero(quiet, axis=0), 0)

    def look(self, taken: Taken, ends: Ends) -> None:
        """Catch the lanes that have entered an ellipse; end those that have arrived."""
        if not self.index.size:
            return
        away = taken.new.T[None] - self.point[:, None]
        round_ones = away[: self.ellipses]
        level = np.einsum("kli,kij,klj->kl", round_ones, self.shape, round_ones)
        inside = np.array([*(level < 1.0), *(wedge.holds(taken.new) for wedge in self.wedges)])
        inside &= self.sign[:, None] == taken.sign
        lanes = taken.lane
        if inside.any():
            free = inside.any(0) & (self.caught[lanes] < 0)
            self.caught[lanes[free]] = inside[:, free].argmax(0)
        caught = np.flatnonzero(self.caught[lanes] >= 0)
        if not caught.size:
            return
        which = self.caught[lanes[caught]]
        self.left[lanes[caught]] -= 1
        distance = np.max(np.abs(away[which, caught]) / self.width, axis=1)
        over = (distance < ARRIVED) | (self.left[lanes[caught]] <= 0)
        for i, k in zip(caught[over], which[over], strict=True):
            self.close(int(lanes[i]), int(k), float(taken.t[i] + taken.h[i]), taken.new[:, i], ends)

    def close(self, lane: int, trap: int, time: float, state: Array, ends: Ends) -> None:
        """End a lane at the equilibrium of a trap."""
        reason = "caught in a neighbourhood proved to be attracted"
        ends.close(lane, f"equilibrium {self.index[trap]}", time, state, reason, limit=(None,))

    def settle(self, ends: Ends) -> None:
        """Give lanes that were caught, and then stopped by their budget, their true end."""
        for lane in np.flatnonzero(self.caught >= 0):
            if ends.end[lane] in ("time", "budget", "retraces", "stalls"):
                ends.end[lane] = f"equilibrium {self.index[self.caught[lane]]}"
                ends.reason[lane] = "caught in a neighbourhood proved to be attracted"
                ends.reached[lane] = None

    def settle_slow(self, ends: Ends, starts: Array, signs: Array) -> None:
        """Name the end of lanes that came very near to a point that attracts all orbits there.

        No neighbourhood is proved to be attracted, but it is known that there is one: the point is
        not hyperbolic, or too near to a place where the field is not smooth. How far it reaches is
        not known, so a lane that began as near as it ended, or nearly, is left as it is.

        Parameters
        ----------
        ends : Ends
            Where lanes ended; changed.
        starts : ndarray, shape (n, lanes)
            Where they began.
        signs : ndarray, shape (lanes,)
            Their directions of time.
        """
        for lane, end in enumerate(ends.end if self.slow else ()):
            if end not in ("time", "budget", "stalls", "undecided"):
                continue
            for k, point, sign in self.slow:
                both = np.stack([ends.state[:, lane], starts[:, lane]])
                away, before = np.max(np.abs(both - point) / self.width, axis=1)
                if sign == signs[lane] and away < NEAR and away < CAME * before:
                    ends.end[lane], ends.reached[lane] = f"equilibrium {k}", None
                    ends.reason[lane] = (
                        "it came within 1/1000 of the window to a point that attracts all orbits "
                        "near it"
                    )


def _drawing_sign(item: Equilibrium) -> float:
    """Give the direction of time in which a point is known to draw in all orbits near it, or 0."""
    if item.stability == "stable":
        return 1.0
    if item.hyperbolic:
        return -1.0 if bool((item.eigenvalues.real > 0).all()) else 0.0
    parabolic = item.sectors is not None and not (
        item.sectors["elliptic"] or item.sectors["hyperbolic"]
    )
    return -1.0 if item.stability == "unstable" and item.index == 1 and parabolic else 0.0


def trapping_ellipse(
    field: CompiledField, equilibrium: Equilibrium, sign: float, width: Array
) -> tuple[Array, float]:
    """Find an ellipse about a sink that no orbit leaves.

    Parameters
    ----------
    field : CompiledField
        The field.
    equilibrium : Equilibrium
        A hyperbolic sink of ``sign * field``.
    sign : float
        Direction of time, 1 or -1.
    width : ndarray, shape (n,)
        Width of the window.

    Returns
    -------
    shape : ndarray, shape (n, n)
        The matrix P.
    level : float
        Every orbit that enters ``z'Pz < level`` tends to the equilibrium; 0 if no
        neighbourhood could be proved.
    """
    matrix = sign * equilibrium.jacobian
    solution = solve_continuous_lyapunov(matrix.T, -np.diag(width**-2.0))
    shape: Array = np.asarray(0.5 * (solution + solution.T), dtype=float)
    radii = width[:, None] * _RADII
    point = equilibrium.point[:, None]
    bounds = field.jacobian_boxes(point - radii, point + radii)
    with np.errstate(invalid="ignore"):  # unbounded enclosures are dropped below
        middle = sign * 0.5 * (bounds.lo + bounds.hi)
        spread = 0.5 * (bounds.hi - bounds.lo)
    # P J + J' P in units of the widths: its middle, and a bound of the rest entry by entry.
    product = np.einsum("ij,jkm->ikm", shape, middle)
    rest = np.einsum("ij,jkm->ikm", np.abs(shape), spread)
    both = (product + product.transpose(1, 0, 2)) * width[:, None, None] * width[None, :, None]
    rest = (rest + rest.transpose(1, 0, 2)) * width[:, None, None] * width[None, :, None]
    known = np.asarray(bounds.continuous) & np.isfinite(both + rest).all(axis=(0, 1))
    both, rest = np.where(known, both, 0.0), np.where(known, rest, 1.0)
    largest = np.linalg.eigvalsh(np.moveaxis(both, -1, 0))[:, -1]
    largest = largest + np.linalg.norm(rest, axis=(0, 1)) + 1e-12 * np.abs(both).max(axis=(0, 1))
    proved = np.flatnonzero(known & (largest < 0))
    if not proved.size:
        return shape, 0.0
    radius = radii[:, proved[0]]
    return shape, float(np.min(radius**2 / np.diag(np.linalg.inv(shape))))


class NearMiss:
    """Ends separatrices that come to another saddle within the error of integration.

    Whether they connect the two saddles is not decided by numbers: their end is
    ``undecided``. The gap is that of the linear saddle: orbits follow ``u^λs s^λu = const``.

    Parameters
    ----------
    problem : Problem
        The system on its window.
    equilibria : sequence of Equilibrium
        All equilibria known; only hyperbolic saddles of planar systems are used.
    own : ndarray of int, shape (lanes,)
        The saddle a lane starts from; -1 for lanes that are not watched.
    """

    def __init__(self, problem: Problem, equilibria: Sequence[Equilibrium], own: Array) -> None:
        self.width, self.own = problem.width, own
        self.saddles = [
            (k, item)
            for k, item in enumerate(equilibria)
            if item.hyperbolic and item.eigenvalues.real.min() < 0 < item.eigenvalues.real.max()
        ]
        self.numbers = np.array([k for k, _ in self.saddles], dtype=int)
        self.points = np.array([item.point for _, item in self.saddles]).reshape(-1, 2).T
        self.away = np.zeros(own.shape, dtype=bool)
        # What `scan` saw: where watched lanes were far from their own saddle.
        self.gone = np.zeros((0, 0, 0), dtype=bool)

    def _distances(self, record: Record, some: Lanes) -> tuple[Array, Bools]:
        """Give distances from the saddles, (saddles, rounds, lanes), and whose own is which."""
        apart = record.y[1:, :, None, some] - self.points[:, :, None]
        distance = np.max(np.abs(apart) / self.width[:, None, None], axis=1)
        return np.moveaxis(distance, 0, 1), self.own[record.lane[some]] == self.numbers[:, None]

    def scan(self, record: Record) -> Bools:
        """Tell which steps of a record come close to a saddle."""
        wanted = np.zeros(record.good.shape, dtype=bool)
        some = np.flatnonzero(self.own[record.lane] >= 0)
        if not some.size or not self.saddles:
            return wanted
        distance, mine = self._distances(record, some)
        self.gone = mine[:, None] & (distance > 10 * NEAR_SADDLE)
        gone = (self.gone & record.good[:, some]).any(axis=0)
        away = np.logical_or.accumulate(gone, axis=0) | self.away[record.lane[some]]
        close = (distance < NEAR_SADDLE) & (~mine[:, None] | away)
        wanted[:, some] = close.any(axis=0) & record.good[:, some]
        return wanted

    def skip(self, record: Record, quiet: Bools) -> None:
        """Note which lanes have left their saddle."""
        some = np.flatnonzero(self.own[record.lane] >= 0)
        if some.size and self.saddles:
            gone = (self.gone & quiet[:, some]).any(axis=(0, 1))
            self.away[record.lane[some[gone]]] = True

    def look(self, taken: Taken, ends: Ends) -> None:
        """End the watched lanes that are close to a saddle's stable direction, and close."""
        watched = self.own[taken.lane] >= 0
        if not watched.any() or not self.saddles:
            return
        apart = (taken.new[:, None, :] - self.points[:, :, None]) / self.width[:, None, None]
        distance = np.max(np.abs(apart), axis=0)
        mine = self.own[taken.lane] == self.numbers[:, None]
        self.away[taken.lane[np.any(mine & (distance > 10 * NEAR_SADDLE), axis=0)]] = True
        close = watched & (distance < NEAR_SADDLE) & (~mine | self.away[taken.lane])
        for saddle, i in np.argwhere(close).tolist():
            _, item = self.saddles[saddle]
            gap = self._gap(item, taken.sign[i], apart[:, saddle, i])
            if gap < CONNECTED:
                near = f"{max(gap, 1e-16):.0e} of the window"
                point = np.round(item.point / self.width, 12) * self.width + 0.0
                place = ", ".join(f"{value:.4g}" for value in point)
                reason = (
                    f"it passes the saddle at ({place}) within about {near}: "
                    "a connection, or a near miss"
                )
                lane, time = int(taken.lane[i]), float(taken.t[i] + taken.h[i])
                ends.close(lane, "undecided", time, taken.new[:, i], reason)

    def _gap(self, item: Equilibrium, sign: float, apart: Array) -> float:
        rates = sign * item.eigenvalues.real
        basis = item.eigenvectors.real / self.width[:, None]
        basis = basis / np.linalg.norm(basis, axis=0)
        parts = np.abs(np.linalg.solve(basis, apart))
        leaving, coming = int(np.argmax(rates)), int(np.argmin(rates))
        if parts[leaving] > parts[coming]:
            return np.inf  # it leaves the saddle: it may never have come to it
        return float(parts[leaving] * parts[coming] ** (rates[leaving] / -rates[coming]))
