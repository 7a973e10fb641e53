"""What the integrator works on and what it gives: problems, ends, the steps taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.dop853 import Array, interpolate

if TYPE_CHECKING:
    from eqpp_dash.engine.compiled import CompiledField
    from eqpp_dash.engine.machine.stepper import Machine
    from eqpp_dash.model.cycles import Annulus, LimitCycle
    from eqpp_dash.model.portrait import EquilibriumSet

WORK_BOX = 7.0
"""Half width of the work box in half widths of the window: three windows on each side."""

RUNNING = ""
RETRACES = "retraces"
STALLS = "stalls"


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A system on a window, with the options of the numerics.

    Attributes
    ----------
    field : CompiledField
        The vector field.
    center, width : ndarray, shape (n,)
        Middle and width of the window; all distances are measured in widths.
    span : float
        Longest time followed in either direction.
    rtol, atol : float
        Relative tolerance; absolute tolerance as a share of the width.
    method : str
        ``auto``, ``DOP853`` or ``Radau``.
    start : float
        Time of the initial conditions.
    by_eye : bool
        Whether an orbit may end before `span` where it shows nothing new: it retraces
        itself within half a pixel, or creeps.
    crossing : float
        A typical time to cross the window.
    box : float
        Half width of the work box in half widths of the window.
    machine : Machine or None
        Machine code that takes the steps as soon as it is there; else numpy takes them.
    cycles : tuple of LimitCycle
        The limit cycles known, in the order of the portrait: orbits may wind onto them.
    annuli : tuple of Annulus
        The bands of closed orbits known.
    sets : sequence of EquilibriumSet
        Curves of equilibria at which orbits may come to rest.
    closed_orbits : str
        How it is known that the window has no others, and no equilibria but those that are listed:
        see `spirals.how_closed_orbits_are_known`; empty if it is not.
    """

    field: CompiledField
    center: Array
    width: Array
    span: float
    rtol: float = 1e-8
    atol: float = 1e-10
    method: str = "auto"
    start: float = 0.0
    by_eye: bool = False
    crossing: float = 1.0
    box: float = WORK_BOX
    machine: Machine | None = None
    cycles: tuple[LimitCycle, ...] = ()
    annuli: tuple[Annulus, ...] = ()
    sets: Sequence[EquilibriumSet] = ()
    closed_orbits: str = ""

    def scale(self, magnitude: Array) -> Array:
        """Give the error tolerated at states of this magnitude, shape (n, lanes).

        ``atol * width + rtol * size``, where the size is measured from zero, but is at
        most about the width within the window: a window far from the origin is resolved
        too.
        """
        width, center = self.width[:, None], np.abs(self.center)[:, None]
        size = np.minimum(magnitude, width + np.abs(magnitude - center))
        allowed: Array = self.atol * width + self.rtol * size
        return allowed

    def reach(self, y: Array) -> Array:
        """Give how far states lie out, in half widths of the window, shape (lanes,)."""
        out: Array = np.max(np.abs(y - self.center[:, None]) / self.width[:, None], axis=0) * 2.0
        return out


@dataclass(slots=True)
class Ends:
    """How each lane ended; `end` is empty while it runs.

    Attributes
    ----------
    end, reason : list of str
        The end in the words of `OrbitEnd` (or `RETRACES`, `STALLS`), and more about it.
    reached : list of float or None
        Elapsed time at which the end is reached, None if that takes for ever.
    time : ndarray, shape (lanes,)
        Elapsed time of the last state.
    state : ndarray, shape (n, lanes)
        The last state.
    open : ndarray of bool, shape (lanes,)
        Which lanes still run.
    drawn : ndarray, shape (lanes,)
        Elapsed time from which on a curve need not be drawn: it winds too tightly.
    """

    end: list[str]
    reason: list[str]
    reached: list[float | None]
    time: Array
    state: Array
    open: NDArray[np.bool_]
    drawn: Array

    @classmethod
    def of(cls, starts: Array) -> Ends:
        """Make the ends of orbits that are about to run."""
        lanes = starts.shape[1]
        return cls(
            [RUNNING] * lanes,
            [""] * lanes,
            [None] * lanes,
            np.zeros(lanes),
            starts.copy(),
            np.ones(lanes, dtype=bool),
            np.full(lanes, np.inf),
        )

    def close(
        self,
        lane: int,
        end: str,
        time: float,
        state: Array,
        reason: str = "",
        *,
        limit: tuple[float | None] | None = None,
    ) -> None:
        """Set a lane's end, unless it has one; `limit` is the time it tends to, if another."""
        if self.open[lane]:
            self.open[lane] = False
            self.end[lane], self.reason[lane] = end, reason
            self.reached[lane] = float(time) if limit is None else limit[0]
            self.time[lane], self.state[:, lane] = time, state


@dataclass(slots=True)
class Steps:
    """Steps that were taken, as interpolants; sorted by lane, then time.

    Attributes
    ----------
    lane : ndarray of int, shape (steps,)
        Whose step it is.
    t, h : ndarray, shape (steps,)
        Elapsed time at its start, and its length.
    y : ndarray, shape (n, steps)
        State at its start.
    terms_of : callable
        Gives terms for `dop853.interpolate`, shape (7, n, m), of m steps by their numbers.
    """

    lane: NDArray[np.intp]
    t: Array
    h: Array
    y: Array
    terms_of: Callable[[NDArray[np.intp]], Array]

    def of(self, lane: int) -> slice:
        """Give the range of a lane's steps."""
        first, last = np.searchsorted(self.lane, [lane, lane + 1])
        return slice(int(first), int(last))


def terms_among(terms: Array) -> Callable[[NDArray[np.intp]], Array]:
    """Give what finds the terms of some steps among those of all."""
    return lambda which: terms.take(which, axis=2)


def join_steps(one: Steps, other: Steps) -> Steps:
    """Give the steps of both, sorted by lane, then time."""
    lane, t = np.concatenate([one.lane, other.lane]), np.concatenate([one.t, other.t])
    order = np.lexsort((t, lane))
    terms = [part.terms_of(np.arange(part.t.size)) for part in (one, other)]
    return Steps(
        lane[order],
        t[order],
        np.concatenate([one.h, other.h])[order],
        np.concatenate([one.y, other.y], axis=1)[:, order],
        terms_among(np.concatenate(terms, axis=2).take(order, axis=2)),
    )


@dataclass(slots=True)
class Flow:
    """Orbits that were integrated, one a lane.

    Attributes
    ----------
    starts : ndarray, shape (n, lanes)
        Where each starts.
    signs : ndarray, shape (lanes,)
        Direction of time, 1 or -1.
    ends : Ends
        How each ended.
    steps : Steps
        All steps.
    counts : ndarray of int, shape (lanes,)
        Steps tried by each lane.
    stiff : ndarray of bool, shape (lanes,)
        Whether a lane was finished by Radau.
    """

    starts: Array
    signs: Array
    ends: Ends
    steps: Steps
    counts: NDArray[np.intp]
    stiff: NDArray[np.bool_]

    def at(self, lane: int, times: Array) -> Array:
        """Give a lane's states at elapsed times.

        Parameters
        ----------
        lane : int
            The lane.
        times : ndarray, shape (m,)
            Elapsed times, 0 to the lane's last.

        Returns
        -------
        ndarray, shape (n, m)
            States.
        """
        part = self.steps.of(lane)
        starts = self.steps.t[part]
        if not starts.size:
            return np.repeat(self.starts[:, [lane]], len(times), axis=1)
        index = np.clip(np.searchsorted(starts, times, side="right") - 1, 0, starts.size - 1)
        theta = np.clip((times - starts[index]) / self.steps.h[part][index], 0.0, 1.0)
        used, place = np.unique(index, return_inverse=True)
        terms = self.steps.terms_of(used + part.start)[:, :, place]
        return interpolate(self.steps.y[:, part][:, index], terms, theta)

    def joined(self, other: Flow) -> Flow:
        """Give both flows as one: the other's lanes follow this one's."""
        shift = self.starts.shape[1]
        mine, its, one, two = self.ends, other.ends, self.steps, other.steps
        ends = Ends(
            mine.end + its.end,
            mine.reason + its.reason,
            mine.reached + its.reached,
            np.concatenate([mine.time, its.time]),
            np.concatenate([mine.state, its.state], axis=1),
            np.concatenate([mine.open, its.open]),
            np.concatenate([mine.drawn, its.drawn]),
        )
        two = replace(two, lane=two.lane + shift)
        steps = join_steps(one, two)
        return Flow(
            np.concatenate([self.starts, other.starts], axis=1),
            np.concatenate([self.signs, other.signs]),
            ends,
            steps,
            np.concatenate([self.counts, other.counts]),
            np.concatenate([self.stiff, other.stiff]),
        )
