"""First returns to segments of switching surfaces, with what the jumps do to their derivatives.

The derivative of a return in the plane is that of the areas that the flow carries along: the
integral of the divergence, and at every surface the determinant of the saltation matrix, the ratio
of the speeds at which an orbit leaves and comes (R. I. Leine, H. Nijmeijer, *Dynamics and
Bifurcations of Non-Smooth Mechanical Systems*, Springer 2004, section 7.2; M. di Bernardo et al.,
*Piecewise-smooth Dynamical Systems*, Springer 2008, section 2.5).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from eqpp_dash.engine.cycles.lanes import Fate, FirstReturns, Ints, Steps
from eqpp_dash.engine.cycles.returns import ReturnMap
from eqpp_dash.engine.dop853 import TERMS
from eqpp_dash.engine.filippov.cycles.passages import (
    PARTS,
    Event,
    Index,
    Passage,
    Passages,
    Winding,
)
from eqpp_dash.engine.filippov.cycles.sections import SwitchingSection
from eqpp_dash.engine.machine.layout import End
from eqpp_dash.engine.machine.sections import Targets
from eqpp_dash.model.portrait import Array

SAFE = 1e-2
"""Steps are held to this share of the tolerance that the search speaks of."""

FINEST = 2e-14

NODES = 0.5 - 0.5 * np.cos(np.pi * np.arange(1, TERMS + 1) / TERMS)
"""Where polynomials agree with the orbit, besides their starts: shares of their steps."""

_FATES = {
    End.BOX: Fate.LEFT,
    End.INFINITY: Fate.LEFT,
    End.TARGET: Fate.CAUGHT,
    End.ZENO: Fate.ENDED,
    End.NOT_UNIQUE: Fate.ENDED,
    End.SLIDING_INTERSECTION: Fate.ENDED,
    End.UNDEFINED: Fate.UNDEFINED,
}
"""What the ends of orbits mean to the search; the others say that it was given up."""


class SwitchingReturns(ReturnMap):
    """Follows orbits from crossing segments to their first returns.

    Orbits that slide are ``ENDED``: none of them is a cycle that only crosses. Orbits that cross
    another section twice are ``TRAPPED``, by the argument of Poincare and Bendixson.

    Parameters
    ----------
    passages : Passages
        Follows orbits.
    sections : sequence of SwitchingSection
        The sections.
    span : float
        Longest time.
    traps : sequence of (float, ndarray, ndarray)
        Direction of time, centre and semi-axes of what catches orbits.
    tick : callable
        Called now and then; an exception from it is passed on.
    """

    def __init__(
        self,
        passages: Passages,
        sections: Sequence[SwitchingSection],
        span: float,
        traps: Sequence[tuple[float, Array, Array]],
        tick: Callable[[], object],
    ) -> None:
        super().__init__(passages.field, sections, passages.unit, passages.box, tick=tick)
        self.passages, self.sections, self.span = passages, list(sections), span
        self.targets = {sign: _targets(traps, sign) for sign in (1.0, -1.0)}

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
        longest: Array | None = None,
        path: list[Steps] | None = None,
        doubt: bool = True,
    ) -> FirstReturns:
        """Follow orbits to their returns; parameters as of `ReturnMap.shoot`.

        The options that spare the smooth search work are not used here: `race`, `rightmost`,
        `most_steps`, `longest` and `doubt`.
        """
        self.shots += x.size
        self.tick()
        found = FirstReturns.empty(x.size)
        for way in (1.0, -1.0):
            lanes = np.flatnonzero(sign == way)
            if lanes.size:
                self._one_way(lanes, arc, x, way, rtol, found, path)
        return found

    def _one_way(
        self,
        lanes: Ints,
        arc: Ints,
        x: Array,
        way: float,
        rtol: float,
        found: FirstReturns,
        path: list[Steps] | None,
    ) -> None:
        at = np.empty((2, lanes.size))
        for k in np.unique(arc[lanes]):
            here = np.flatnonzero(arc[lanes] == k)
            at[:, here] = self.sections[k].place(x[lanes[here]])
        rule = _FirstReturn(arc[lanes], Winding(self.passages, lanes.size))
        exact = max(SAFE * rtol, FINEST)
        passage = self.passages.follow(
            at, np.full(lanes.size, way), exact, rule, self.span, self.targets[way]
        )
        for i, lane in enumerate(lanes.tolist()):
            fate = rule.fate[i]
            if fate == Fate.RUNNING:
                fate = _FATES.get(End(int(passage.batch.ends[i])), Fate.GIVEN_UP)
            found.fate[lane] = fate
        back = np.flatnonzero(found.fate[lanes] == Fate.RETURNED)
        if back.size:
            self._measure(back, lanes, arc, x, at, passage, found)
        if path is not None:
            path += [
                steps
                for i in back
                for steps in [
                    curve_steps(self.passages, passage, int(i), int(lanes[i]), way, exact)
                ]
            ]

    def _measure(
        self,
        back: Ints,
        lanes: Ints,
        arc: Ints,
        x: Array,
        at: Array,
        passage: Passage,
        found: FirstReturns,
    ) -> None:
        """Write down where orbits came back, and the derivatives of their returns."""
        place = {int(i): k for k, i in enumerate(back)}
        jumps, before_last = np.zeros(back.size), np.zeros(back.size)
        worst = np.full(back.size, -np.inf)
        end, size = np.full((3, back.size), np.nan), np.abs(at[:, back]).max(axis=0)
        last = np.zeros((passage.values.shape[0], back.size))
        for event in passage.events:
            here = np.array([place.get(int(i), -1) for i in event.lane])
            some = np.flatnonzero(here >= 0)
            k = here[some]
            before_last[k] = jumps[k]
            # An error made before this point grows by what follows on its divergence so far.
            worst[k] = np.maximum(worst[k], -(event.state[2, some] + jumps[k]))
            jumps[k] += event.jump[some]
            end[:, k] = event.state[:, some]
            last[:, k] = event.before[:, some]
            size[k] = np.maximum(size[k], np.abs(event.state[:2, some]).max(axis=0))
            lane = lanes[back[k]]
            found.x[lane], found.time[lane] = event.length[some], np.abs(event.time[some])
        mine = lanes[back]
        found.y[mine] = end[1]
        found.divergence[mine] = end[2] + jumps
        begin = passage.begin[:, back]
        for k in np.unique(arc[mine]):
            one, here = self.sections[k], np.flatnonzero(arc[mine] == k)
            flux = [
                _flux(
                    self.passages.velocity(p[:, here], values[:, here]),
                    one.tangent(u[here], p[:, here]),
                )
                for p, values, u in ((at[:, back], begin, x[mine]), (end[:2], last, found.x[mine]))
            ]
            with np.errstate(all="ignore"):
                turn = np.log(flux[0] / flux[1])
                found.log_slope[mine[here]] = end[2, here] + before_last[here] + turn
                growth = np.exp(np.fmax(worst[here], 0.0) + end[2, here] + before_last[here])
                found.noise[mine[here]] = np.maximum(growth, 1.0) * (
                    size[here] / float(self.unit.min()) + 1.0
                )


class _FirstReturn:
    """Ends orbits that come back, cross another section twice, or slide."""

    def __init__(self, arc: Ints, winding: Winding) -> None:
        self.arc, self.winding = arc, winding
        self.fate = np.full(arc.size, Fate.RUNNING, dtype=np.int8)

    def __call__(self, event: Event) -> Index:
        lane = event.lane
        slides = (event.slides >= 0) | (event.slid >= 0)
        known = np.flatnonzero(event.section >= 0)
        back = known[event.section[known] == self.arc[lane[known]]]
        self.fate[lane[self.winding.twice(event)]] = Fate.TRAPPED
        self.fate[lane[back]] = Fate.RETURNED
        self.fate[lane[slides]] = Fate.ENDED
        return np.asarray(lane[self.fate[lane] != Fate.RUNNING])


def _flux(velocity: Array, tangent: Array) -> Array:
    flux: Array = np.abs(velocity[0] * tangent[1] - velocity[1] * tangent[0])
    return flux


def _targets(traps: Sequence[tuple[float, Array, Array]], sign: float) -> Targets | None:
    mine = [(point, radii) for way, point, radii in traps if way == sign]
    if not mine:
        return None
    points, radii = (np.stack(rows, axis=1) for rows in zip(*mine, strict=True))
    more = np.ones((1, len(mine)))
    # The third coordinate, the integral of the divergence, is not looked at.
    return Targets(np.concatenate([points, 0.0 * more]), np.concatenate([radii, 1e300 * more]))


def curve_steps(
    passages: Passages, passage: Passage, i: int, lane: int, way: float, rtol: float
) -> Steps:
    """Give an orbit as polynomials of degree seven, none across a surface.

    Parameters
    ----------
    passages : Passages
        What followed it.
    passage : Passage
        What it did.
    i, lane : int
        Its number there, and the one to give it.
    way : float
        Direction of time.
    rtol : float
        Tolerated error of the steps.

    Returns
    -------
    Steps
        From its start to its last event.
    """
    mine = [(e, int(np.flatnonzero(e.lane == i)[0])) for e in passage.events if i in e.lane]
    start = passage.batch.starts[:2, i]
    marks = np.array([0.0, *(abs(float(e.time[k])) for e, k in mine)])
    ends = np.stack([start, *(e.state[:2, k] for e, k in mine)], axis=1)
    some = np.flatnonzero(np.diff(marks) > 0)
    begin = np.concatenate([np.linspace(marks[k], marks[k + 1], PARTS + 1)[:-1] for k in some])
    h = np.repeat((marks[some + 1] - marks[some]) / PARTS, PARTS)
    every = begin[:, None] + h[:, None] * NODES
    every[PARTS - 1 :: PARTS, -1] = np.nan  # the ends of legs are known
    inner = np.isfinite(every)
    values = np.empty((2, *every.shape))
    values[:, inner] = passages.sample(start, way * every[inner], rtol)
    values[:, PARTS - 1 :: PARTS, -1] = ends[:, some + 1]
    y = np.concatenate([ends[:, :1], values[:, :-1, -1]], axis=1)
    y[:, ::PARTS] = ends[:, some]
    return Steps(np.full(h.size, lane), begin, h, y, fitted(y, values))


def fitted(y: Array, values: Array) -> Array:
    """Give the interpolants of steps from their values at `NODES`.

    Parameters
    ----------
    y : ndarray, shape (2, m)
        States at the starts.
    values : ndarray, shape (2, m, 7)
        States at the nodes.

    Returns
    -------
    ndarray, shape (7, 2, m)
        For `dop853.interpolate`.
    """
    factors = np.where(np.arange(TERMS) % 2 == 0, NODES[:, None], 1.0 - NODES[:, None])
    change = (values - y[:, :, None]).transpose(2, 0, 1)
    terms = np.linalg.solve(np.cumprod(factors, axis=1), change.reshape(TERMS, -1))
    return np.asarray(terms.reshape(change.shape))
