"""Tell which orbits wind into a focus that attracts too slowly for a neighbourhood to be proved.

An orbit that comes back to a ray from a focus nearer to it than a turn before is caught: with the
piece of the ray between both places the turn bounds a region that it never leaves. If no other
equilibrium and no closed orbit lies in there, the orbit tends to the focus (Poincaré, Bendixson:
L. Perko, *Differential Equations and Dynamical Systems*, 3rd ed., section 3.7; no orbit connects an
attracting focus with itself).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from eqpp_dash.engine.cycles.shape import encloses
from eqpp_dash.engine.dop853 import Array
from eqpp_dash.engine.integrate import integrate_orbits
from eqpp_dash.engine.orbits import RETRACES

if TYPE_CHECKING:
    from eqpp_dash.engine.cycles import CycleSearch
    from eqpp_dash.engine.orbits import Flow, Problem
    from eqpp_dash.engine.searched import EquilibriumSearch
    from eqpp_dash.model.portrait import Equilibrium

MARGIN = 100.0
"""A turn counts as nearer if that is by so many times the relative tolerance, in widths."""

LAST_STEPS = 600
"""Steps of an orbit in which its last turn is looked for."""

MOST_FOLLOWED = 24
FURTHER = 1.5
FURTHER_STEPS = 4000
"""So many orbits are followed further, in elapsed times of the longest one, to make a turn."""

SAME_PLACE = 1e-5
"""Difference of coordinates, relative to one more than their size, up to which a speck is at an
equilibrium: it is told with six digits."""

_SPECKS = "proved, except within specks "
_PLACE = re.compile(r" of the window near \(([^()]*)\)")

_LOOKS = 4
"""Places of a step that are looked at."""

_TURN = np.linspace(0.0, 1.0, 257)
_ACROSS = np.linspace(0.0, 1.0, 17)
_ZOOM = np.linspace(0.0, 1.0, 33)
_OPEN_ENDS = (RETRACES, "time", "budget")


def how_closed_orbits_are_known(search: EquilibriumSearch | None, closed: CycleSearch) -> str:
    """Say how it is known that a window has no closed orbits but those that are listed.

    Parameters
    ----------
    search : EquilibriumSearch or None
        The equilibria.
    closed : CycleSearch
        The closed orbits.

    Returns
    -------
    str
        Such as ``none (proved: Bendixson)`` or ``searched``; empty if that is not known, or if
        the equilibria are not proved to be all.
    """
    if search is None or search.switching or search.sets or search.singularities:
        return ""
    if search.completeness != "proved" and not _proved_but_at_known(search):
        return ""
    covered = closed.completeness
    if covered.status.startswith("none"):
        return covered.status
    whole = covered.status.startswith("searched") and not (
        covered.blind or closed.undecided or closed.stop
    )
    return covered.status if whole else ""


def _proved_but_at_known(search: EquilibriumSearch) -> bool:
    """Tell whether only specks at equilibria that are listed are left out of the proof."""
    if not search.completeness.startswith(_SPECKS) or "surfaces" in search.completeness:
        return False
    known = np.array([item.point for item in search.equilibria])
    places = _PLACE.findall(search.completeness)
    told = np.array([[float(part) for part in place.split(", ")] for place in places])
    if not known.size or len(told) != search.completeness.count(" of the window near "):
        return False
    gaps = np.abs(told[:, None] - known) / (1.0 + np.abs(known))
    return bool((gaps.max(axis=2).min(axis=1) < SAME_PLACE).all())


def settle_in_foci(problem: Problem, flow: Flow, equilibria: Sequence[Equilibrium]) -> None:
    """Name the focus at which lanes end that wind into one.

    Parameters
    ----------
    problem : Problem
        The planar system on its window, with what is known of closed orbits.
    flow : Flow
        Orbits that were integrated; ends of those that retrace themselves, or were followed to the
        end of the time or of their steps, are replaced by ``equilibrium k`` if they wind into it.
    equilibria : sequence of Equilibrium
        All equilibria of the window.
    """
    if not problem.closed_orbits:
        return
    ends = flow.ends
    traps = _Traps(problem, equilibria)
    open_lanes = [
        lane
        for lane, end in enumerate(ends.end)
        if end in _OPEN_ENDS and traps.foci(float(flow.signs[lane]))
    ]
    # What ends far out first: its trap holds the others.
    open_lanes.sort(key=lambda lane: -traps.nearest(flow, lane))
    still = [lane for lane in open_lanes if not _settle(traps, flow, lane, flow, lane)]
    if not (still and problem.by_eye):
        return
    still = sorted(still)[:MOST_FOLLOWED]
    longer = replace(problem, span=FURTHER * float(ends.time[still].max()), by_eye=False)
    steps = np.full(len(still), FURTHER_STEPS, dtype=np.intp)
    more = integrate_orbits(longer, ends.state[:, still], flow.signs[still], steps=steps)
    for place, lane in enumerate(still):
        _settle(traps, flow, lane, more, place)


def _settle(traps: _Traps, flow: Flow, lane: int, path: Flow, place: int) -> bool:
    """Name the focus at which a lane ends, as its own path or the one further on tells."""
    number = traps.focus_of(path, place)
    if number is None:
        return False
    flow.ends.end[lane], flow.ends.reached[lane] = f"equilibrium {number}", None
    flow.ends.reason[lane] = (
        "it winds into the focus: its turns come nearer, and within the last one there is no "
        f"other equilibrium and no closed orbit (limit cycles: {traps.problem.closed_orbits})"
    )
    return True


class _Traps:
    """Regions about foci that orbits never leave, found one after another.

    Parameters
    ----------
    problem : Problem
        The planar system on its window.
    equilibria : sequence of Equilibrium
        All equilibria of the window.
    """

    def __init__(self, problem: Problem, equilibria: Sequence[Equilibrium]) -> None:
        self.problem, self.equilibria = problem, equilibria
        self.known: list[tuple[float, int, Array]] = []

    def foci(self, sign: float) -> list[int]:
        """Give the foci in the window that attract in a direction of time."""
        attracts = "stable" if sign > 0 else "unstable"
        return [
            k
            for k, item in enumerate(self.equilibria)
            if ("focus" in item.kind or item.kind == "boundary equilibrium")
            and item.stability == attracts
            and item.location == "inside"
        ]

    def nearest(self, flow: Flow, lane: int) -> float:
        """Give how far a lane ends from a focus, in widths."""
        end = flow.ends.state[:, lane]
        return min(self._far(end, k) for k in self.foci(float(flow.signs[lane])))

    def _far(self, point: Array, k: int) -> float:
        return float(np.max(np.abs(point - self.equilibria[k].point) / self.problem.width))

    def focus_of(self, flow: Flow, lane: int) -> int | None:
        """Give the focus into which a lane winds; None if that is not sure."""
        end, sign = flow.ends.state[:, lane], float(flow.signs[lane])
        for side, k, rim in self.known:
            if side == sign and encloses(rim, end):
                return k
        times, path = _last_steps(flow, lane)
        for k in sorted(self.foci(sign), key=lambda k: self._far(end, k)):
            since = _turn_since(self.problem, flow, lane, times, path, self.equilibria[k].point)
            if since is None:
                continue
            curve = flow.at(lane, since + _TURN * (float(times[-1]) - since)).T
            if not _is_trap(self.problem, sign, curve, self.equilibria, k):
                return None
            self.known.append((sign, k, np.vstack([curve, curve[:1]])))
            return k
        return None


def _last_steps(flow: Flow, lane: int) -> tuple[Array, Array]:
    """Give times and states, shape (2, m), along the last steps of a lane."""
    part, last = flow.steps.of(lane), float(flow.ends.time[lane])
    starts = flow.steps.t[part][-LAST_STEPS:]
    starts = np.append(starts[starts < last], last)
    places = np.arange(starts.size * _LOOKS - _LOOKS + 1) / _LOOKS
    times = np.interp(places, np.arange(starts.size), starts)
    return times, flow.at(lane, times)


def _turn_since(
    problem: Problem, flow: Flow, lane: int, times: Array, path: Array, focus: Array
) -> float | None:
    """Give the time at which a lane met the ray from a focus to its end one turn before."""
    x, y = (path - focus[:, None]) / problem.width[:, None]
    turned = np.unwrap(np.arctan2(y, x))
    turned -= turned[-1]
    before = np.flatnonzero(np.abs(turned) >= 2.0 * np.pi)
    if not before.size:
        return None
    low, high = float(times[before[-1]]), float(times[before[-1] + 1])
    side = np.array([-y[-1], x[-1]])
    for _ in range(4):
        fine = low + _ZOOM * (high - low)
        off = side @ ((flow.at(lane, fine) - focus[:, None]) / problem.width[:, None])
        change = np.flatnonzero(off[:-1] * off[1:] <= 0)
        if not change.size:
            return None
        low, high = float(fine[change[0]]), float(fine[change[0] + 1])
    return 0.5 * (low + high)


def _is_trap(
    problem: Problem,
    sign: float,
    curve: Array,
    equilibria: Sequence[Equilibrium],
    number: int,
) -> bool:
    """Tell whether a turn goes inward, and nothing but the focus lies within."""
    focus = equilibria[number].point
    unit = (curve - problem.center) / problem.width
    if np.abs(unit).max() > 0.5:
        return False
    first, last = (curve[[0, -1]] - focus) / problem.width
    nearer = float(np.hypot(*first) - np.hypot(*last))
    if not nearer > MARGIN * problem.rtol or first @ last <= 0:
        return False
    ray = focus + (last + _ACROSS[:, None] * (first - last)) * problem.width
    slopes = sign * problem.field(problem.start, ray.T) / problem.width[:, None]
    across = first[0] * slopes[1] - first[1] * slopes[0]
    if not ((across > 0).all() or (across < 0).all()):
        return False
    rim = np.vstack([curve, curve[:1]])
    others = [item.point for k, item in enumerate(equilibria) if k != number]
    others += [cycle.point for cycle in problem.cycles]
    others += [band.inner for band in problem.annuli]
    return encloses(rim, focus) and not any(encloses(rim, point) for point in others)
