"""Trace trajectories: integrate both halves, decide their ends, sample them for the eye."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.attraction import Attraction, NearMiss
from eqpp_dash.engine.dop853 import Array
from eqpp_dash.engine.escape import Escape
from eqpp_dash.engine.filippov.follow import follow_surfaces
from eqpp_dash.engine.integrate import integrate_orbits
from eqpp_dash.engine.orbits import RETRACES, STALLS, Flow, Problem
from eqpp_dash.engine.returns import CLOSED, Repetition, Returns
from eqpp_dash.engine.sampling import Curve, sample_curves
from eqpp_dash.engine.spirals import settle_in_foci
from eqpp_dash.engine.watcher import Watcher
from eqpp_dash.engine.winding import (
    cycle_through,
    settle_on_cycles,
    settle_round_cylinders,
)
from eqpp_dash.model.portrait import ALONG_MANIFOLD, Equilibrium, OrbitEnd, Trajectory

VERIFY_RTOL = 1e-12
MUCH_LONGER = 1e8
"""How much longer separatrices are followed that the time has ended."""

SAME_POINT = 1e-9
"""Points closer than this, in widths of the window, are one."""

Progress = Callable[[float], object]


@dataclass(frozen=True, slots=True, eq=False)
class Orbits:
    """Orbits to be traced.

    Attributes
    ----------
    starts : ndarray, shape (m, n)
        Points they go through.
    origins : tuple of str
        As in `Trajectory`.
    saddles : ndarray of int, shape (m,)
        For a separatrix the index of its equilibrium; else -1.
    signs : ndarray, shape (m,)
        For a separatrix the direction of time that leads away from that; else 0.
    steps : ndarray of int, shape (m,)
        Most steps of each half.
    """

    starts: Array
    origins: tuple[str, ...]
    saddles: NDArray[np.intp]
    signs: Array
    steps: NDArray[np.intp]

    @classmethod
    def through(cls, starts: Array, origin: str, steps: int) -> Orbits:
        """Make orbits through points, followed both ways."""
        count = len(starts)
        return cls(
            starts,
            (origin,) * count,
            np.full(count, -1, dtype=np.intp),
            np.zeros(count),
            np.full(count, steps, dtype=np.intp),
        )

    def __add__(self, other: Orbits) -> Orbits:
        return Orbits(
            np.concatenate([self.starts, other.starts]),
            self.origins + other.origins,
            np.concatenate([self.saddles, other.saddles]),
            np.concatenate([self.signs, other.signs]),
            np.concatenate([self.steps, other.steps]),
        )

    def __len__(self) -> int:
        return len(self.origins)


@dataclass(slots=True)
class Traced:
    """Orbits that were integrated: two lanes each (a separatrix has one, the other is -1).

    `closed` names, for each orbit proved to be closed, the lane that goes round.
    """

    problem: Problem
    orbits: Orbits
    equilibria: Sequence[Equilibrium]
    flow: Flow
    forward: NDArray[np.intp]
    backward: NDArray[np.intp]
    closed: dict[int, int] = field(default_factory=dict)

    def lanes(self, which: Sequence[int]) -> list[int]:
        """Give the lanes of some orbits."""
        both = [*self.forward[list(which)], *self.backward[list(which)]]
        return [int(lane) for lane in both if lane >= 0]

    def drawn_lanes(self, i: int) -> list[int]:
        """Give the lanes of an orbit that are drawn: of a closed one, once round."""
        return [self.closed[i]] if i in self.closed else self.lanes([i])


def integrate_both(
    problem: Problem,
    orbits: Orbits,
    equilibria: Sequence[Equilibrium],
    *,
    look_for_closed: bool = True,
    look_for_repeats: bool = True,
    progress: Progress | None = None,
) -> Traced:
    """Integrate orbits forward and backward in one batch.

    Parameters
    ----------
    problem : Problem
        The system on its window.
    orbits : Orbits
        The orbits.
    equilibria : sequence of Equilibrium
        All equilibria known, in the order of the portrait.
    look_for_closed : bool
        Whether orbits that come back to their start end there.
    look_for_repeats : bool
        Whether orbits that are drawn for the eye end where they show nothing new.
    progress : callable, optional
        Called every few milliseconds with the share done, 0 to 1, in each stage; an exception
        from it is passed on.

    Returns
    -------
    Traced
        What was integrated.
    """
    forward = np.flatnonzero(orbits.signs >= 0)
    backward = np.flatnonzero(orbits.signs <= 0)
    owner = np.concatenate([forward, backward])
    signs = np.concatenate([np.ones(forward.size), -np.ones(backward.size)])
    starts = orbits.starts[owner].T.copy()
    lanes = owner.size
    with np.errstate(all="ignore"):
        slopes = signs * problem.field(problem.start, starts)
    attraction = Attraction(problem, equilibria, lanes)
    separatrix = orbits.saddles[owner] >= 0
    escape = Escape(problem, lanes)
    watchers: list[Watcher] = [attraction, escape]
    if look_for_closed and not separatrix.all():
        watchers.append(Returns(problem, starts, slopes, separatrix))
    if separatrix.any():
        watchers.append(NearMiss(problem, equilibria, orbits.saddles[owner]))
    if problem.by_eye and look_for_repeats:
        watchers.append(Repetition(problem, starts, slopes))
    flow = integrate_orbits(
        problem, starts, signs, steps=orbits.steps[owner], watchers=watchers, progress=progress
    )
    attraction.settle(flow.ends)
    attraction.settle_slow(flow.ends, starts, signs)
    escape.settle(flow.ends)
    flow = follow_surfaces(problem, flow, equilibria, orbits.steps[owner], progress)
    settle_on_cycles(problem, flow)
    settle_round_cylinders(problem, flow)
    settle_in_foci(problem, flow, equilibria)
    first, second = (np.full(len(orbits), -1, dtype=np.intp) for _ in range(2))
    first[forward] = np.arange(forward.size)
    second[backward] = forward.size + np.arange(backward.size)
    return Traced(problem, orbits, equilibria, flow, first, second)


def verify_closed(traced: Traced, which: Sequence[int], progress: Progress | None = None) -> None:
    """Check closed orbits at a far smaller tolerance; integrate the others on.

    An orbit counts as closed if, integrated at a relative tolerance of 1e-12, it comes
    back to its start within 1e-9 of the window and 1e-3 of its own size; its period is
    taken from there.

    Parameters
    ----------
    traced : Traced
        The orbits; ends that do not stand the test are replaced.
    which : sequence of int
        The orbits to check.
    progress : callable, optional
        Called every few milliseconds.
    """
    flow = traced.flow
    claims, lanes = [], []
    for i in which:
        halves = [int(lane) for lane in (traced.forward[i], traced.backward[i]) if lane >= 0]
        found = [lane for lane in halves if flow.ends.end[lane] == CLOSED]
        if found and i not in traced.closed:
            claims.append(i)
            lanes.append(found[0])
    if not claims:
        return
    loose = traced.problem
    tight = replace(
        loose,
        rtol=min(loose.rtol, VERIFY_RTOL),
        atol=min(loose.atol, 1e-2 * VERIFY_RTOL),
        span=min(loose.span, 1.02 * float(flow.ends.time[lanes].max()) + 1e-300),
        by_eye=False,
    )
    starts, signs = flow.starts[:, lanes], flow.signs[lanes]
    with np.errstate(all="ignore"):
        slopes = signs * tight.field(tight.start, starts)
    watcher = Returns(tight, starts, slopes, np.zeros(len(lanes), dtype=bool))
    escape = Escape(tight, len(lanes))
    again = integrate_orbits(
        tight,
        starts,
        signs,
        steps=np.full(len(lanes), 200 + 12 * int(flow.counts[lanes].max()), dtype=np.intp),
        watchers=[watcher, escape],
        progress=progress,
    )
    escape.settle(again.ends)
    failed = []
    for k, (i, lane) in enumerate(zip(claims, lanes, strict=True)):
        period = float(again.ends.time[k])
        if again.ends.end[k] != CLOSED or abs(period - flow.ends.time[lane]) > 1e-3 * period:
            failed.append(i)
            continue
        traced.closed[i] = lane
        flow.ends.time[lane] = period
        for half in (traced.forward[i], traced.backward[i]):
            flow.ends.end[half], flow.ends.reached[half] = CLOSED, period
            flow.ends.reason[half] = again.ends.reason[k]
    if failed:
        _continue_open(traced, failed, progress)


def follow_longer(traced: Traced, progress: Progress | None = None) -> None:
    """Follow separatrices on that only the time has ended.

    Those of points that are not hyperbolic leave them like a power of the time, which says
    nothing about how far they go; the number of their steps bounds the work.

    Parameters
    ----------
    traced : Traced
        The orbits; halves that the time has ended are replaced.
    progress : callable, optional
        Called every few milliseconds.
    """
    ends = traced.flow.ends
    slow = [
        i
        for i in np.flatnonzero(traced.orbits.saddles >= 0).tolist()
        if all(ends.end[lane] == "time" and not ends.reason[lane] for lane in traced.lanes([i]))
    ]
    if slow:
        longer = replace(traced.problem, span=MUCH_LONGER * traced.problem.span)
        _continue_open(traced, slow, progress, longer)


def _continue_open(
    traced: Traced, failed: list[int], progress: Progress | None, problem: Problem | None = None
) -> None:
    """Integrate orbits anew, to their true ends."""
    orbits = traced.orbits
    again = integrate_both(
        problem or traced.problem,
        Orbits(
            orbits.starts[failed],
            tuple(orbits.origins[i] for i in failed),
            orbits.saddles[failed],
            orbits.signs[failed],
            orbits.steps[failed],
        ),
        traced.equilibria,
        look_for_closed=False,
        progress=progress,
    )
    traced.flow, shift = traced.flow.joined(again.flow), traced.flow.starts.shape[1]
    traced.forward[failed] = np.where(again.forward < 0, -1, again.forward + shift)
    traced.backward[failed] = np.where(again.backward < 0, -1, again.backward + shift)


def assemble(
    traced: Traced, which: Sequence[int], progress: Progress | None = None
) -> tuple[Trajectory, ...]:
    """Make trajectories of orbits that were integrated.

    Parameters
    ----------
    traced : Traced
        The orbits.
    which : sequence of int
        Those wanted, in this order; the closed ones among them are verified.
    progress : callable, optional
        Called every few milliseconds.

    Returns
    -------
    tuple of Trajectory
        The trajectories, points set for the eye.
    """
    verify_closed(traced, which, progress)
    lanes = [lane for i in which for lane in traced.drawn_lanes(i)]
    curves = sample_curves(traced.problem, traced.flow, lanes)
    rests = _equilibria_at(traced, traced.orbits.starts[list(which)])
    return tuple(
        _trajectory(traced, i, rest, curves) for i, rest in zip(which, rests.tolist(), strict=True)
    )


def _trajectory(traced: Traced, i: int, rest: int, curves: dict[int, Curve]) -> Trajectory:
    orbits, flow = traced.orbits, traced.flow
    start = orbits.starts[i].copy()
    if rest >= 0 and orbits.saddles[i] < 0:
        end = OrbitEnd(f"equilibrium {rest}", 0.0, "the start is an equilibrium")
        return Trajectory(start, np.zeros(1), start[None], end, end, orbits.origins[i])
    ends, halves = [], []
    on = cycle_through(traced.problem, start) if i in traced.closed else None
    for lane in (int(traced.forward[i]), int(traced.backward[i])):
        if lane < 0:
            ends.append(OrbitEnd(f"equilibrium {orbits.saddles[i]}", None, ALONG_MANIFOLD))
        elif on is not None:
            ends.append(OrbitEnd(f"cycle {on}", 0.0, "the start is on the cycle"))
        else:
            ends.append(_end(flow, lane))
        known = lane >= 0 and lane == traced.closed.get(i, lane)
        halves.append(curves[lane] if known else Curve(np.zeros(1), start[None]))
    ahead, behind = halves
    times = np.concatenate([-behind.times[:0:-1], ahead.times])
    points = np.concatenate([behind.points[:0:-1], ahead.points])
    return Trajectory(start, times, points, ends[0], ends[1], orbits.origins[i])


def _end(flow: Flow, lane: int) -> OrbitEnd:
    end, time = flow.ends.end[lane], flow.ends.reached[lane]
    words = {RETRACES: "time", STALLS: "undecided"}
    return OrbitEnd(words.get(end, end), time, flow.ends.reason[lane])


def _equilibria_at(traced: Traced, points: Array) -> NDArray[np.intp]:
    """Give the equilibria at which points, shape (m, n), are; -1 where there is none."""
    found = np.full(len(points), -1, dtype=np.intp)
    for k in reversed(range(len(traced.equilibria))):
        away = np.abs(traced.equilibria[k].point - points) / traced.problem.width
        found[away.max(axis=1) < SAME_POINT] = k
    return found
