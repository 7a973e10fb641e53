"""The integration of `integrate` in numpy: what a machine without LLVM computes with.

It follows the compiled code step by step (same methods, same control of the step, same ends), so
the results agree within the tolerance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine import collocation, dop853, rodas5p
from eqpp_dash.engine.expression.graph import Graph, Node, rebuild
from eqpp_dash.engine.expression.tape import Tape
from eqpp_dash.engine.machine.arraycrossings import SectionWatch
from eqpp_dash.engine.machine.arraysections import ArraySections, Step, near_point
from eqpp_dash.engine.machine.batch import Batch
from eqpp_dash.engine.machine.derivatives import derivatives
from eqpp_dash.engine.machine.layout import (
    CREEPING,
    RELIEF,
    SMALLEST_FIRST,
    SMALLEST_SHARE,
    SMALLEST_STEP,
    STIFF,
    STIFF_STEPS,
    WORTH,
    End,
    Method,
    Variant,
)
from eqpp_dash.engine.machine.stepcode import (
    CAUTION,
    GROWTH,
    MEMORY,
    MOST_PRIOR,
    SAFETY,
    SHRINKAGE,
)

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

_ORDERS = {
    Method.DOP853: dop853.ORDER,
    Method.Rodas5P: rodas5p.EMBEDDED_ORDER + 1,
    Method.Radau: collocation.ESTIMATE_ORDER,
}

BLOCK = 4096
"""Trajectories that are integrated at once, which bounds the memory."""


class ArrayField:
    """A field with parameters, evaluated by numpy.

    Parameters
    ----------
    components : sequence of Node
        Right-hand sides.
    variables, parameters : sequence of str
        Names, in order.
    sections : sequence of Node
        Sections.
    """

    def __init__(
        self,
        components: Sequence[Node],
        variables: Sequence[str],
        parameters: Sequence[str],
        sections: Sequence[Node] = (),
    ) -> None:
        graph = Graph()
        # A tape knows variables only; no variable's name begins with a space.
        names: Mapping[str, str] = {name: f" {name}" for name in parameters}
        count = len(components)

        def replace(node: Node) -> Node | None:
            return graph.symbol("variable", names[node.data]) if node.op == "parameter" else None

        self._variables = variables
        self._names = [*variables, *names.values()]
        nodes = rebuild(graph, [*components, *sections], replace)
        self._nodes, self._section_nodes = nodes[:count], nodes[count:]
        self._tape = Tape(self._nodes, self._names)

    def __call__(self, t: Array, y: Array, parameters: Array) -> Array:
        """Evaluate at times (m,), states (n, m), parameters (p, m)."""
        return self._tape.evaluate(t, np.concatenate([y, parameters]))

    @cached_property
    def sections(self) -> ArraySections:
        """The sections."""
        return ArraySections(self._section_nodes, self._variables, self._names)

    @cached_property
    def _slopes(self) -> Tape:
        rows, drift = derivatives(self._nodes, self._variables)
        return Tape([*chain.from_iterable(rows), *drift], self._names)

    def linear(self, t: Array, y: Array, parameters: Array) -> tuple[Array, Array]:
        """Evaluate the Jacobian (n, n, m) and the derivative with respect to time (n, m)."""
        n = len(y)
        found = self._slopes.evaluate(t, np.concatenate([y, parameters]))
        return found[: n * n].reshape(n, n, -1), found[n * n :]


def integrate_arrays(
    values: ArrayField,
    batch: Batch,
    variant: Variant,
    *,
    stop: Callable[[], bool] = lambda: False,
    report: Callable[[int], object] = lambda finished: None,
) -> None:
    """Integrate the trajectories of a batch.

    Parameters
    ----------
    values : ArrayField
        The field.
    batch : Batch
        Trajectories; the results are written into it.
    variant : Variant
        How to integrate them.
    stop : callable
        Whether to stop; asked before every step.
    report : callable
        Told how many trajectories have ended, after each step.
    """
    count = batch.starts.shape[1]
    for first in range(0, count, BLOCK):
        lanes = np.arange(first, min(first + BLOCK, count))
        with np.errstate(all="ignore"):
            _Block(values, batch, lanes, variant).run(stop, report)
        if stop():
            return


class _Block:
    """Trajectories that advance together, each with its own step."""

    def __init__(
        self, values: ArrayField, batch: Batch, lanes: NDArray[np.intp], variant: Variant
    ) -> None:
        self.values, self.batch, self.lane = values, batch, lanes
        self.watchful, self.method = variant.watchful, variant.method
        self.order = _ORDERS[variant.method]
        self.creep = np.zeros(lanes.size)
        self.before = int(lanes[-1]) + 1 if lanes.size else 0
        self.y = batch.starts[:, lanes]
        self.parameters = batch.parameters[:, lanes]
        self.span = batch.spans[lanes]
        self.t = batch.times[lanes]
        self.most = np.full(lanes.size, GROWTH)
        self.prior = np.ones(lanes.size)
        self.tried = 0
        self.moment = batch.firsts[lanes]
        self.f = self.field(self.t, self.y)
        self.h = self._first_step()
        self.watch: SectionWatch | None = None
        if variant.sections:
            self.watch = SectionWatch(values.sections, batch, self._slope, lanes, self.parameters)
            self.watch.begin(self.t, self.y, self.f, self.h)

    def field(self, t: Array, y: Array) -> Array:
        return self.values(self.batch.start_time + t, y, self.parameters)

    def _slope(self, which: NDArray[np.intp], t: Array, y: Array) -> Array:
        return self.values(self.batch.start_time + t, y, self.parameters[:, which])

    def scale(self, size: Array) -> Array:
        scale: Array = self.batch.absolute[:, None] + self.batch.relative[:, None] * size
        return scale

    def _first_step(self) -> Array:
        sign, longest = np.sign(self.span), np.abs(self.span - self.t)
        step = dop853.first_step(
            lambda t, y: sign * self.field(self.t + sign * t, y),
            np.zeros(self.t.size),
            self.y,
            sign * self.f,
            self.scale(np.abs(self.y)),
            longest,
        )
        usable = np.isfinite(step) & (step > 0)
        step = np.where(usable, step, 1e-6 * longest)
        least = SMALLEST_FIRST * SMALLEST_STEP * np.abs(self.t)
        signed: Array = sign * np.fmax(step, np.fmin(least, longest))
        return signed

    def run(self, stop: Callable[[], bool], report: Callable[[int], object]) -> None:
        undefined = ~(np.isfinite(self.y).all(0) & np.isfinite(self.f).all(0))
        reason = np.full(self.lane.size, -1)
        reason[self.span == 0] = End.TIME
        self._aim(reason, np.ones(self.lane.size, dtype=bool))
        reason[self._outside(self.y)] = End.BOX
        reason[undefined] = End.UNDEFINED
        self._close(reason)
        while self.lane.size and not stop():
            self._close(self._round())
            report(self.before - self.lane.size - self._stiff_before())
        self._record(np.arange(self.lane.size))

    def _outside(self, y: Array) -> NDArray[np.bool_]:
        low, high = self.batch.low[:, None], self.batch.high[:, None]
        return np.asarray(((y < low) | (y > high)).any(0))

    def _round(self) -> Integers:
        remaining = self.span - self.t
        last = np.abs(self.h) >= np.abs(remaining) * (1 - 1e-12)
        h = np.where(last, remaining, self.h)
        trial = self._trial(h)
        good = trial.error <= 1.0
        root = np.maximum(trial.error, 1e-20) ** (-1 / self.order)
        factor = (CAUTION if self.method == Method.DOP853 else SAFETY) * root
        if self.method == Method.DOP853:
            factor = np.where(good, factor * self.prior**-MEMORY, factor)
            self.prior = np.where(good, np.minimum(root, MOST_PRIOR), self.prior)
        factor = np.fmin(np.fmax(factor, SHRINKAGE), self.most)
        factor = np.where(np.isnan(trial.error), SHRINKAGE, factor)
        ahead = np.where(last, self.span, self.t + h)
        self.tried += 1
        new, taken, again = trial.state, good, h * factor
        finish = np.zeros(h.size, dtype=np.int64)
        if self.watch is not None:
            step = Step(
                *(self.t, h, ahead, self.y, new, trial.slope, good, self.span),
                terms=lambda which: self._terms(which, h, trial),
            )
            self.watch.look(step)
            new, ahead, finish = step.new, step.ahead, step.finish
            taken, again = good & ~step.retake, np.where(step.retake, step.h, again)
        if self.batch.samples.size:
            self._sample(np.flatnonzero(taken), h, ahead, trial)
        self.t = np.where(taken, ahead, self.t)
        self.y = np.where(taken, new, self.y)
        self.f = np.where(taken, trial.slope, self.f)
        self.h = again
        self.most = np.where(good, GROWTH, 1.0)
        least = SMALLEST_STEP * np.abs(self.t) + SMALLEST_SHARE * np.abs(self.span)
        reason = np.full(self.lane.size, -1)
        if self.watchful:
            self._watch(good, h, trial)
            often = self.creep >= STIFF_STEPS
            reason[often & (np.abs(self.span - self.t) > WORTH * np.abs(self.h))] = STIFF
        if self.tried >= self.batch.limit:
            reason[:] = End.BUDGET
        small = np.abs(self.h) < least
        reason[small] = np.where(np.isnan(trial.error[small]), End.UNDEFINED, End.COLLAPSE)
        reason[taken & last] = End.TIME
        self._aim(reason, taken)
        reason[taken & self._outside(trial.state)] = End.BOX
        return np.where(finish > 0, finish, reason)

    def _aim(self, reason: Integers, taken: NDArray[np.bool_]) -> None:
        """End the trajectories whose new states are near a target."""
        for k in range(len(self.batch.events.points) - 1, -1, -1):
            near = taken & near_point(self.batch.events.points[k], self.y)
            reason[near] = End.TARGET
            self.batch.reached[self.lane[near]] = k + 1

    def _trial(self, h: Array) -> dop853.Trial:
        if self.method == Method.DOP853:
            return dop853.take_step(self.field, self.t, self.y, self.f, h, self.scale)

        def linear(t: Array, y: Array) -> tuple[Array, Array]:
            return self.values.linear(self.batch.start_time + t, y, self.parameters)

        if self.method == Method.Rodas5P:
            return rodas5p.take_step(self.field, linear, self.t, self.y, self.f, h, self.scale)
        tolerances = self.batch.relative, self.batch.absolute
        return collocation.take_step(
            self.field, lambda t, y: linear(t, y)[0], self.t, self.y, self.f, h, *tolerances
        )

    def _watch(self, good: NDArray[np.bool_], h: Array, trial: dop853.Trial) -> None:
        """Count accepted steps at the limit of stability; see `stepcode.emit_creeping`."""
        assert trial.before is not None
        state, slope = trial.before
        above = h * h * ((trial.slope - slope) ** 2).sum(0)
        below = ((trial.state - state) ** 2).sum(0)
        beyond = above > CREEPING**2 * below
        counted = np.where(beyond, self.creep + 1.0, np.maximum(self.creep - RELIEF, 0.0))
        self.creep = np.where(good, counted, self.creep)

    def _stiff_before(self) -> int:
        """Count the trajectories so far that another method will have to finish."""
        return int((self.batch.ends[: self.before] == STIFF).sum()) if self.watchful else 0

    def _terms(self, which: NDArray[np.intp], h: Array, trial: dop853.Trial) -> Array:
        """Give the terms of the interpolants of some lanes."""
        if self.method != Method.DOP853:
            return trial.memory[:, :, which]
        parameters = self.parameters
        return dop853.dense_terms(
            lambda t, y: self.values(self.batch.start_time + t, y, parameters[:, which]),
            self.t[which],
            h[which],
            self.y[:, which],
            self.f[:, which],
            trial.state[:, which],
            trial.slope[:, which],
            trial.memory[:, :, which],
        )

    def _sample(self, good: NDArray[np.intp], h: Array, ahead: Array, trial: dop853.Trial) -> None:
        moments = self.batch.moments
        passed = np.abs(moments[self.moment[good]]) <= np.abs(ahead[good])
        which = good[passed]
        if not which.size:
            return
        terms = self._terms(which, h, trial)
        until = np.searchsorted(np.abs(moments), np.abs(ahead[which]), side="right")
        counts = until - self.moment[which]
        step = np.repeat(np.arange(which.size), counts)
        number = np.arange(step.size) - np.repeat(np.cumsum(counts) - counts, counts)
        number += self.moment[which][step]
        lane = which[step]
        share = (moments[number] - self.t[lane]) / h[lane]
        states = dop853.interpolate(self.y[:, lane], terms[:, :, step], share)
        self.batch.samples[self.lane[lane], number] = states.T
        self.moment[which] = until

    def _close(self, reason: Integers) -> None:
        """Record the lanes that have a reason to end and go on with the others."""
        ended = reason >= 0
        if not ended.any():
            return
        self.batch.ends[self.lane[ended]] = reason[ended]
        self._record(np.flatnonzero(ended))
        rest = ~ended
        self.lane, self.t, self.h = self.lane[rest], self.t[rest], self.h[rest]
        self.y, self.f = self.y[:, rest], self.f[:, rest]
        self.span, self.most, self.creep = self.span[rest], self.most[rest], self.creep[rest]
        self.prior = self.prior[rest]
        if self.watch is not None:
            self.watch.keep(rest)
        self.moment, self.parameters = self.moment[rest], self.parameters[:, rest]

    def _record(self, which: NDArray[np.intp]) -> None:
        lanes = self.lane[which]
        self.batch.states[:, lanes] = self.y[:, which]
        self.batch.times[lanes] = self.t[which]
        self.batch.steps[lanes] = self.tried
        if self.watch is not None:
            self.watch.record(which)
            self.batch.passed[lanes] = self.watch.aim[which]
            cycle = self.batch.ends[lanes] == End.CYCLE
            self.batch.reached[lanes[cycle]] = self.watch.number[which[cycle]]
