"""Follow the orbits of a portrait along surfaces of discontinuity, and on from there.

An orbit that reaches a surface to which the fields of both sides point slides along it, by the
field of A. F. Filippov, *Differential Equations with Discontinuous Righthand Sides* (Kluwer, 1988),
section 4; it leaves where one of the fields turns away.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.attraction import Attraction
from eqpp_dash.engine.dop853 import TERMS
from eqpp_dash.engine.escape import Escape
from eqpp_dash.engine.filippov.patch import part_of, put_together
from eqpp_dash.engine.filippov.pieces import BACK, BEYOND, SlidingField, filippov_field
from eqpp_dash.engine.filippov.regions import rest_in_regions
from eqpp_dash.engine.filippov.tangent import NOT_UNIQUE, slide_along
from eqpp_dash.engine.filippov.watch import EXIT, Deadline, Sliding
from eqpp_dash.engine.integrate import integrate_orbits
from eqpp_dash.engine.machine.hybrid.decide import Decision, Verdict, decide
from eqpp_dash.engine.machine.integrate import End, Integrator
from eqpp_dash.engine.orbits import RETRACES, Flow, Problem, Steps, terms_among
from eqpp_dash.engine.returns import Repetition
from eqpp_dash.engine.surfaces import HOP, TOO_THICK
from eqpp_dash.engine.watcher import Watcher
from eqpp_dash.engine.winding import cycle_through
from eqpp_dash.model.portrait import Equilibrium

Array = NDArray[np.float64]
Index = NDArray[np.intp]

NEAR = 5.0
"""An orbit is on a surface if it is so many `HOP` from it."""

MOST_ROUNDS = 120
"""Most times that an orbit leaves surfaces and comes back to them."""

SAME_POINT = 1e-6
"""Distance, in widths of the window, up to which an orbit reached a known point."""

REST = 1e-10
"""Share of the fields of both sides below which the sliding field vanishes."""

STUCK = "stuck"
"""End of a lane that nothing leads on, until all are followed: it is then ``sliding``."""

MOST_SWITCHINGS = 200

PATIENT = 900
"""Orbits of fewer steps are for the eye: no limit of switchings is sought for them."""

CLOSE = 0.02
"""Distance, in widths of the window, from where surfaces meet, within which switchings may well
accumulate."""


def follow_surfaces(
    problem: Problem,
    flow: Flow,
    equilibria: Sequence[Equilibrium],
    limits: NDArray[np.intp],
    progress: Callable[[float], object] | None = None,
) -> Flow:
    """Follow on the orbits that ended on a surface.

    Parameters
    ----------
    problem : Problem
        The system on its window.
    flow : Flow
        What was integrated.
    equilibria : sequence of Equilibrium
        All that are known, in the order of the portrait.
    limits : ndarray of int, shape (lanes,)
        Most steps of each lane.
    progress : callable, optional
        Called now and then; an exception from it is passed on.

    Returns
    -------
    Flow
        The same orbits; those that slide with their further steps and their true ends.
    """
    field = problem.field
    if not field.switching or field.dimension != 2 or not field.autonomous:
        return flow
    with np.errstate(all="ignore"):
        found = _Follower(replace(problem, machine=None), flow, equilibria, limits).run(progress)
        rest_in_regions(problem, found)
        return found


class _Follower:
    def __init__(
        self,
        problem: Problem,
        flow: Flow,
        equilibria: Sequence[Equilibrium],
        limits: NDArray[np.intp],
    ) -> None:
        self.problem, self.flow, self.equilibria, self.limits = problem, flow, equilibria, limits
        self.ends, self.signs = flow.ends, flow.signs
        self.pieces = filippov_field(problem.field)
        self.parts: list[Steps] = []
        self.left: dict[int, list[tuple[Array, float]]] = {}

    def run(self, progress: Callable[[float], object] | None) -> Flow:
        everyone = np.arange(self.signs.size)
        for _ in range(MOST_ROUNDS):
            at = self._ended_with("sliding", everyone)
            if not at.size:
                break
            if progress is not None:
                progress(1.0 - at.size / self.signs.size)
            free = self._at_surface(at)
            if free.size:
                self._go_on(free)
        for lane in self._ended_with("sliding", everyone):
            self.ends.reason[lane] = f"it has come to surfaces {MOST_ROUNDS} times"
        patient = np.flatnonzero(self.limits >= PATIENT)
        spent = [k for k in self._ended_with("budget", patient) if self._at_mixture(int(k))]
        thick = self._ended_with("discontinuity", patient)
        self._accumulate(np.concatenate([thick, np.array(spent, dtype=np.intp)]))
        for lane in self._ended_with(STUCK, everyone):
            self.ends.end[lane] = "sliding"
        if not self.parts:
            return self.flow
        first = part_of(self.flow, everyone, np.zeros(everyone.size))
        return replace(self.flow, steps=put_together([first, *self.parts]))

    def _ended_with(self, end: str, lanes: Index) -> Index:
        found = [k for k in lanes.tolist() if self.ends.end[k] == end]
        if end == "discontinuity":
            found = [k for k in found if self.ends.reason[k] == TOO_THICK]
        return np.array(found, dtype=np.intp)

    # integrating ------------------------------------------------------------------------------

    def _integrate(
        self, problem: Problem, lanes: Index, starts: Array, watchers: Sequence[Watcher]
    ) -> Flow:
        """Integrate lanes from where they are; put the steps and the ends down."""
        signs, begun = self.signs[lanes], self.ends.time[lanes].copy()
        left = np.maximum(self.problem.span - begun, 0.0)
        problem = replace(problem, span=max(float(left.max()), 1e-300))
        slopes = signs * problem.field(problem.start, starts)
        attraction = Attraction(problem, [], lanes.size)
        if not any(isinstance(watcher, Sliding) for watcher in watchers):
            attraction = Attraction(problem, self.equilibria, lanes.size)
        escape = Escape(problem, lanes.size)
        further: list[Watcher] = [*watchers, attraction, escape]
        if problem.by_eye:
            further.append(Repetition(problem, starts, slopes))
        steps = np.maximum(self.limits[lanes] - self.flow.counts[lanes], 1)
        flow = integrate_orbits(
            problem, starts, signs, steps=steps, watchers=[*further, Deadline(left)]
        )
        attraction.settle(flow.ends)
        escape.settle(flow.ends)
        self.parts.append(part_of(flow, lanes, begun))
        self.flow.counts[lanes] += flow.counts
        self.flow.stiff[lanes] |= flow.stiff
        for i, lane in enumerate(lanes.tolist()):
            reached = flow.ends.reached[i]
            self._end(lane, flow.ends.end[i], flow.ends.reason[i])
            self.ends.reached[lane] = None if reached is None else float(begun[i]) + reached
        self.ends.time[lanes] = begun + flow.ends.time
        self.ends.state[:, lanes] = flow.ends.state
        self.ends.drawn[lanes] = begun + flow.ends.drawn
        return flow

    def _end(self, lane: int, end: str, reason: str) -> None:
        self.ends.end[lane], self.ends.reason[lane] = end, reason
        self.ends.reached[lane] = float(self.ends.time[lane])

    def _go_on(self, lanes: Index) -> None:
        self._integrate(self.problem, lanes, self.ends.state[:, lanes].copy(), [])

    # at surfaces ------------------------------------------------------------------------------

    def _at_surface(self, lanes: Index) -> Index:
        """Decide what lanes on surfaces do; let them slide; give those that leave."""
        x = self.ends.state[:, lanes]
        x, values, near = self._located(x)
        made = self._decided(lanes, x, values, near)
        free: list[int] = []
        groups: dict[int, tuple[SlidingField, list[int]]] = {}
        for i, lane in enumerate(lanes.tolist()):
            verdict = Verdict(int(made.verdict[i]))
            if verdict == Verdict.SLIDE:
                key = made.surfaces[int(made.slide[i])]
                sliding = self.pieces.sliding(key, made.values[:, i], made.beyond[:, i])
                groups.setdefault(id(sliding), (sliding, []))[1].append(i)
            elif verdict == Verdict.GO and not self._may_stay(lane, x[:, i]):
                self.ends.state[:, lane] = self._into(x[:, i], made.values[:, i], near[:, i], lane)
                free.append(lane)
            else:
                free += self._tangent(lane, verdict, x[:, i], made.met[i])
        for sliding, members in groups.values():
            free += self._slide(sliding, lanes[members], x[:, members])
        return np.array(sorted(free), dtype=np.intp)

    def _located(self, x: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Move states onto the surfaces they are at; give these, the choices, which surfaces."""
        cells, width = self.pieces.cells, self.problem.width[:, None]
        t = np.zeros(x.shape[1])
        values = self.pieces.choices_at(x)
        each = np.arange(x.shape[1])
        for _ in range(3):
            slopes = cells.slopes(t, x, values)[:-1] * width[:, None]
            size = np.sqrt((slopes**2).sum(axis=0))
            away = cells.gaps(t, x, values) / size
            nearest = np.nanargmin(np.abs(away), axis=0)
            step = away[nearest, each] * slopes[:, nearest, each] / size[nearest, each]
            x = np.where(np.isfinite(step), x - step * width, x)
        away = np.abs(cells.gaps(t, x, values)) / size
        return x, values, away <= NEAR * HOP

    def _decided(self, lanes: Index, x: Array, values: Array, near: NDArray[np.bool_]) -> Decision:
        cells, t = self.pieces.cells, np.zeros(lanes.size)
        gaps = np.abs(cells.gaps(t, x, values))
        reach = np.where(near, 2.0 * gaps + 1e-300, -1.0)
        size = np.maximum(np.abs(x), 1e-3 * self.problem.width[:, None])
        way = np.stack([*size, t])
        never = np.zeros(lanes.size, dtype=bool)
        return decide(cells, t, x, values, reach, self.signs[lanes], never, way)

    def _into(self, x: Array, choices: Array, near: NDArray[np.bool_], lane: int) -> Array:
        """Give a state just beside surfaces, in the piece into which a lane goes on."""
        cells, width = self.pieces.cells, self.problem.width
        slopes = cells.slopes(np.zeros(1), x[:, None], choices[:, None])[:-1, :, 0]
        found = x.copy()
        for k in np.flatnonzero(near):
            scaled = slopes[:, k] * width
            found += HOP * width * scaled / np.linalg.norm(scaled)
        return found

    def _stop(self, lane: int, verdict: Verdict, x: Array, met: NDArray[np.int64]) -> None:
        names = [self.pieces.texts[k] for k in met.tolist() if k >= 0]
        where = " and ".join(dict.fromkeys(names))
        number = self._equilibrium_at(x)
        if verdict == Verdict.NOT_UNIQUE:
            self._end(lane, "discontinuity", f"{NOT_UNIQUE} from {where}")
        elif number is not None:
            self._end(lane, f"equilibrium {number}", "it reaches it in finite time")
        elif verdict == Verdict.INTERSECTION:
            reason = f"the fields point to the intersection of {where}, and define no motion there"
            self._end(lane, STUCK, reason)
        else:
            self._end(lane, "undecided", f"a tangent field hides what happens at {where}")

    def _may_stay(self, lane: int, x: Array) -> bool:
        """Tell whether a lane that starts on a surface and leaves it need not do so."""
        if self.ends.time[lane] > 0:
            return False
        sign = float(self.signs[lane])
        return slide_along(self.problem.field, x, self.problem.width, sign) == NOT_UNIQUE

    def _tangent(self, lane: int, verdict: Verdict, x: Array, met: NDArray[np.int64]) -> list[int]:
        """Let a lane slide where a field is tangent all along, or end it; give it if it leaves."""
        found: SlidingField | str | None = NOT_UNIQUE if verdict == Verdict.GO else None
        if verdict == Verdict.UNDECIDED and self._equilibrium_at(x) is None:
            found = slide_along(self.problem.field, x, self.problem.width, float(self.signs[lane]))
        if isinstance(found, SlidingField):
            return self._slide(found, np.array([lane], dtype=np.intp), x[:, None])
        self._stop(lane, verdict if found is None else Verdict.NOT_UNIQUE, x, met)
        return []

    def _equilibrium_at(self, x: Array) -> int | None:
        for number, item in enumerate(self.equilibria):
            if (np.abs(item.point - x) <= SAME_POINT * self.problem.width).all():
                return number
        return None

    # sliding ----------------------------------------------------------------------------------

    def _slide(self, sliding: SlidingField, lanes: Index, x: Array) -> list[int]:
        """Let lanes slide along a surface; give those that leave it."""
        sides = [np.abs(side(0.0, x)).max(axis=0) for side in sliding.sides]
        speed = np.abs(sliding.field(0.0, x)).max(axis=0)
        rests = speed <= REST * np.maximum(*sides)
        for i in np.flatnonzero(rests):
            self.ends.state[:, lanes[i]] = x[:, i]
            self._rest(int(lanes[i]), x[:, i])
        rests |= self._on_cycles(lanes, x)
        lanes, x = lanes[~rests], x[:, ~rests]
        if not lanes.size:
            return []
        left = np.maximum(self.problem.span - self.ends.time[lanes], 0.0)
        watch = Sliding(self.problem, sliding, self.signs[lanes], self.equilibria, left)
        flow = self._integrate(replace(self.problem, field=sliding.field), lanes, x, [watch])
        for i in np.flatnonzero(np.array(flow.ends.end) == RETRACES):
            self.ends.end[lanes[i]] = "sliding cycle"
            self.ends.reason[lanes[i]] = "it goes round along the surface for ever"
        free = []
        for i in np.flatnonzero(np.array(flow.ends.end) == EXIT):
            lane, reached = int(lanes[i]), int(watch.reached[i])
            if reached not in (BACK, BEYOND):
                self._end(lane, "sliding", "")
            elif not self._repeats(lane):
                side = 1.0 if reached == BACK else -1.0
                state = self.ends.state[:, [lane]]
                slope = sliding.gap.gradient(0.0, state)[:, 0] * self.problem.width
                hop = side * HOP * self.problem.width * slope / np.linalg.norm(slope)
                self.ends.state[:, lane] = state[:, 0] + hop
                free.append(lane)
        return free

    def _on_cycles(self, lanes: Index, x: Array) -> NDArray[np.bool_]:
        """End lanes that slide along a known cycle: what slides there never leaves it."""
        found = np.zeros(lanes.size, dtype=bool)
        for i, lane in enumerate(lanes.tolist() if self.problem.cycles else ()):
            number = cycle_through(self.problem, x[:, i])
            if number is None:
                continue
            if self.problem.cycles[number].log_multiplier * self.signs[lane] == -np.inf:
                found[i] = True
                self.ends.state[:, lane] = x[:, i]
                self._end(lane, f"cycle {number}", "it slides along the cycle from here on")
        return found

    def _rest(self, lane: int, x: Array) -> None:
        number = self._equilibrium_at(x)
        if number is not None:
            self._end(lane, f"equilibrium {number}", "it reaches it in finite time")
            return
        for k, item in enumerate(self.problem.sets):
            if len(item.points) > 1 and item.implicit != "0":
                step = np.abs(np.diff(item.points, axis=0)).max(axis=0) + HOP * self.problem.width
                if (np.abs(item.points - x) <= step).all(axis=1).any():
                    self._end(lane, f"set {k}", "it comes to rest in finite time")
                    return
        self._end(lane, "time", "it comes to rest: the sliding field is zero here")

    def _repeats(self, lane: int) -> bool:
        """End a lane that leaves a surface where it left it before: it is periodic from there."""
        here, now = self.ends.state[:, lane].copy(), float(self.ends.time[lane])
        for point, time in self.left.setdefault(lane, []):
            if (np.abs(point - here) <= SAME_POINT * self.problem.width).all():
                reason = f"it repeats itself from here on, with the period {now - time:.9g}"
                self._end(lane, "sliding cycle", reason)
                return True
        self.left[lane].append((here, now))
        return False

    def _at_mixture(self, lane: int) -> bool:
        """Tell whether a lane ended near a point at which surfaces meet and orbits may come in."""
        near = CLOSE * self.problem.width
        return any(
            item.kind == "pseudo-equilibrium"
            and not np.isfinite(item.jacobian).all()
            and bool((np.abs(item.point - self.ends.state[:, lane]) <= near).all())
            for item in self.equilibria
        )

    # accumulation -----------------------------------------------------------------------------

    def _accumulate(self, lanes: Index) -> None:
        """Find the limit where switchings come ever faster."""
        if not lanes.size:
            return
        problem, signs = self.problem, self.signs[lanes]
        begun, starts = self.ends.time[lanes].copy(), self.ends.state[:, lanes].copy()
        spans = signs * np.maximum(problem.span - begun, 1e-300)
        with Integrator(problem.field.components, problem.field.variables, machine=False) as made:
            found = made.propagate(
                starts,
                spans,
                rtol=1e-9,
                atol=1e-13 * problem.width,
                max_switchings=MOST_SWITCHINGS,
            )
        zeno = np.flatnonzero(found.ends == End.ZENO)
        if not zeno.size:
            return
        waits = np.maximum(np.abs(found.times[zeno]), 1e-300)
        terms = np.zeros((TERMS, 2, zeno.size))
        terms[0] = found.states[:, zeno] - starts[:, zeno]
        last = Steps(lanes[zeno], begun[zeno], waits, starts[:, zeno], terms_among(terms))
        self.parts.append(last)
        for wait, i in zip(waits.tolist(), zeno.tolist(), strict=True):
            lane = int(lanes[i])
            self.ends.time[lane] = begun[i] + wait
            self.ends.state[:, lane] = found.states[:, i]
            number = self._equilibrium_at(found.states[:, i])
            reason = "it reaches it in finite time: switchings accumulate there"
            if number is None:
                reason = "switchings accumulate here: infinitely many in finite time"
            self._end(lane, "discontinuity" if number is None else f"equilibrium {number}", reason)
