"""Integrate many trajectories at once, each with its own step, error and end.

All lanes advance together in numpy, forward and backward ones in one batch; a lane that
has ended is taken out. DOP853 goes first; lanes on which it creeps because the system is
stiff are finished by Radau. Every lane has a bounded number of steps, so nothing hangs.
Step control: Hairer, Norsett and Wanner I, section II.4.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine import dop853, radau
from eqpp_dash.engine.batch import Batch, Taken, join_batches
from eqpp_dash.engine.dop853 import Array, Trial
from eqpp_dash.engine.obstacles import name_obstacle
from eqpp_dash.engine.orbits import Ends, Flow, Problem, Steps, join_steps, terms_among
from eqpp_dash.engine.record import ROUNDS
from eqpp_dash.engine.recorded import Recorded
from eqpp_dash.engine.surfaces import Surfaces
from eqpp_dash.engine.watcher import Watcher

REJECTIONS = 40
"""So many tries in a row without success mean that the orbit cannot be continued."""

REPORT_EVERY = 16
STIFF_EVERY = 32
STIFF_PRODUCT = 2.5
STIFF_PACE = 5e-4

Bools = NDArray[np.bool_]
Lanes = NDArray[np.intp]


def integrate_orbits(
    problem: Problem,
    starts: Array,
    signs: Array,
    *,
    steps: NDArray[np.intp],
    watchers: Sequence[Watcher] = (),
    progress: Callable[[float], object] | None = None,
) -> Flow:
    """Integrate orbits until each has come to an end.

    Parameters
    ----------
    problem : Problem
        The system and the options.
    starts : ndarray, shape (n, lanes)
        Where each orbit starts.
    signs : ndarray, shape (lanes,)
        Direction of time of each: 1 or -1.
    steps : ndarray of int, shape (lanes,)
        Most steps tried for each lane; then it ends with ``budget``.
    watchers : sequence of Watcher
        What may end a lane besides the time span, the budget, and places where the field
        is undefined or discontinuous.
    progress : callable, optional
        Called about every 16 rounds with the share of lanes that do not run any more; an
        exception from it is passed on.

    Returns
    -------
    Flow
        The orbits.

    Notes
    -----
    Where the field is undefined at the start a lane ends there at once, as one that starts
    at rest does.
    """
    run = _Run(problem, starts, signs, steps, watchers, progress or (lambda done: None))
    with np.errstate(all="ignore"):
        return run.run()


def in_a_row(problem: Problem) -> bool:
    """Tell whether numpy takes several rounds in a row: not where most steps meet a surface."""
    return not problem.field.switching


class _Run:
    """One call of `integrate_orbits`."""

    def __init__(
        self,
        problem: Problem,
        starts: Array,
        signs: Array,
        steps: NDArray[np.intp],
        watchers: Sequence[Watcher],
        progress: Callable[[float], object],
    ) -> None:
        self.problem, self.starts, self.signs = problem, starts, signs
        self.limit, self.watchers, self.progress = steps, watchers, progress
        self.least = int(steps.min()) if steps.size else 0
        self.ends = Ends.of(starts)
        self.counts = np.zeros(starts.shape[1], dtype=np.intp)
        self.stiff = np.zeros(starts.shape[1], dtype=bool)
        self.chunks: list[tuple[NDArray[Any], ...]] = []
        self.surfaces = Surfaces(problem, starts.shape[1])
        self.rounds = 0
        self.recorded: Recorded | None = None

    def run(self) -> Flow:
        batch = self._begin()
        if self.problem.method == "Radau":
            self.stiff[:] = True
            later = batch
        else:
            later = self._advance(batch, implicit=False)
        if later.lane.size:
            self.stiff[later.lane] = True
            self._advance(later, implicit=True)
        return Flow(self.starts, self.signs, self.ends, self._steps(), self.counts, self.stiff)

    def field(self, sign: Array) -> dop853.Field:
        """Give the field in elapsed time: reversed for lanes that run backward."""
        field, start = self.problem.field, self.problem.start
        if field.autonomous:
            return lambda t, y: sign * field(start, y)
        return lambda t, y: sign * field(start + sign * t, y)

    def _begin(self) -> Batch:
        lanes = self.starts.shape[1]
        times, y = np.zeros(lanes), self.starts.copy()
        y = self.surfaces.begin(y, self.signs, self.ends)
        field = self.field(self.signs)
        f = field(times, y)
        finite, moving = np.isfinite(f).all(0), (f != 0.0).any(0)
        for lane in np.flatnonzero(~finite):
            self.ends.close(int(lane), "undefined", 0.0, y[:, lane], "the field is undefined here")
        for lane in np.flatnonzero(finite & ~moving):
            self.ends.close(
                int(lane), "time", self.problem.span, y[:, lane], "at rest: the field is zero here"
            )
        scale = self.problem.scale(np.abs(y))
        longest = np.full(lanes, self.problem.span)
        h = dop853.first_step(field, times, y, f, scale, longest)
        h = np.where(np.isfinite(h) & (h > 0), h, 1e-6 * self.problem.span)
        ids = np.arange(lanes)
        batch = Batch(ids, self.signs.copy(), times, y, f, h, np.zeros(lanes, dtype=np.intp))
        return batch.keep(self.ends.open[ids])

    def _advance(self, batch: Batch, implicit: bool) -> Batch:
        """Run the lanes to their ends; give back those that turned out to be stiff."""
        set_aside: list[Batch] = []
        mark = (self.counts.copy(), np.zeros(self.signs.size), self.starts.copy())
        mark[1][batch.lane], mark[2][:, batch.lane] = batch.t, batch.y
        watch_stiffness = not implicit and self.problem.method == "auto"
        while batch.lane.size:
            several = None if implicit else self._several()
            before = self.rounds // REPORT_EVERY
            self.rounds += 1 if several is None else ROUNDS
            if self.rounds // REPORT_EVERY > before:
                self.progress(1.0 - batch.lane.size / self.signs.size)
            if several is None:
                running = self._round(batch, implicit)
            else:
                running = self._recorded_rounds(several, batch)
            if watch_stiffness:
                due = self.counts[batch.lane] - mark[0][batch.lane] >= STIFF_EVERY
                if due.any():
                    stiff = self._stiff(batch, mark, np.flatnonzero(due)) & running
                    if stiff.any():
                        set_aside.append(batch.keep(stiff))
                        running &= ~stiff
            if not running.all():
                batch = batch.keep(running)
        return join_batches(set_aside) if set_aside else batch

    def _several(self) -> Recorded | None:
        """Give what takes several rounds at a time; machine code may be there at any time."""
        if self.recorded is None and in_a_row(self.problem):
            self.recorded = self._make_recorded()
        machine = self.problem.machine
        if machine is not None and machine.stepper is not None:
            if self.recorded is None:
                self.recorded = self._make_recorded()
            self.recorded.use(machine, machine.stepper)
        return self.recorded

    def _make_recorded(self) -> Recorded:
        lanes = self.signs.size
        return Recorded(self.problem, self.watchers, self.surfaces, lanes, self.field)

    def _recorded_rounds(self, recorded: Recorded, batch: Batch) -> Bools:
        """Take some rounds; tell which lanes still run."""
        error, blocked = recorded.advance(batch, self.ends, self.counts, self.limit)
        self._give_up(batch, error)
        blocked = blocked[self.ends.open[batch.lane[blocked]]]
        if blocked.size:
            some = batch.keep(blocked)
            self._round(some, implicit=False)
            batch.put(blocked, some)
        return self.ends.open[batch.lane]

    def _round(self, batch: Batch, implicit: bool) -> Bools:
        """Try one step of every lane; tell which still run."""
        problem, field = self.problem, self.field(batch.sign)
        remaining = problem.span - batch.t
        last = batch.h >= remaining * (1 - 1e-12)
        h = np.where(last, remaining, batch.h)
        if implicit:
            trial, order = self._implicit_trial(batch, field, h), radau.ORDER - 1
        else:
            trial = dop853.take_step(field, batch.t, batch.y, batch.f, h, problem.scale)
            order = dop853.ORDER
        good = trial.error <= 1.0
        factor = np.clip(0.9 * np.maximum(trial.error, 1e-16) ** (-1 / order), 0.2, 10.0)
        factor = np.where(np.isnan(trial.error), 0.25, factor)
        factor = np.where(good & (batch.failures == 0), factor, np.minimum(factor, 1.0))
        proposed = h * factor
        self.counts[batch.lane] += 1
        crossing = None
        if self.surfaces.active:
            crossing = self.surfaces.look(batch, trial, h, good, proposed)
        took = np.flatnonzero(good)
        if took.size:
            taken = self._record(batch, trial, h, took, field, implicit)
            for watcher in self.watchers:
                watcher.look(taken, self.ends)
        batch.y = np.where(good, trial.state, batch.y)
        batch.f = np.where(good, trial.slope, batch.f)
        batch.t = np.where(good, np.where(last, problem.span, batch.t + h), batch.t)
        batch.h = proposed
        batch.failures = np.where(good, 0, batch.failures + 1)
        for i in np.flatnonzero(good & last):
            self.ends.close(int(batch.lane[i]), "time", problem.span, batch.y[:, i])
        if crossing is not None:
            self.surfaces.cross(batch, crossing, self.ends)
        self._give_up(batch, trial.error)
        return self.ends.open[batch.lane]

    def _implicit_trial(self, batch: Batch, field: dop853.Field, h: Array) -> Trial:
        problem, sign = self.problem, batch.sign
        return radau.take_step(
            field,
            lambda t, y: sign * problem.field.jacobian(problem.start + sign * t, y),
            batch.t,
            batch.y,
            batch.f,
            h,
            problem.scale,
            max(2e-15 / problem.rtol, min(0.03, problem.rtol**0.5)),
        )

    def _record(
        self,
        batch: Batch,
        trial: Trial,
        h: Array,
        took: Lanes,
        field: dop853.Field,
        implicit: bool,
    ) -> Taken:
        pick = slice(None) if took.size == batch.lane.size else took
        sign, t, step = batch.sign[pick], batch.t[pick], h[pick]
        y, f, new = batch.y[:, pick], batch.f[:, pick], trial.state[:, pick]
        slope, memory = trial.slope[:, pick], trial.memory[:, :, pick]

        def terms_of(which: NDArray[np.intp]) -> Array:
            if implicit:
                return memory[:, :, which]
            return dop853.dense_terms(
                self.field(sign[which]),
                t[which],
                step[which],
                y[:, which],
                f[:, which],
                new[:, which],
                slope[:, which],
                memory[:, :, which],
            )

        def restep(which: NDArray[np.intp], share: Array) -> Trial:
            return dop853.take_step(
                self.field(sign[which]),
                t[which],
                y[:, which],
                f[:, which],
                share * step[which],
                self.problem.scale,
            )

        taken = Taken(
            batch.lane[pick],
            sign,
            t,
            step,
            y,
            f,
            new,
            slope,
            memory,
            terms_of,
            None if implicit else restep,
        )
        kind = np.full(taken.lane.shape, 1.0 if implicit else 0.0)
        self.chunks.append((taken.lane, kind, sign, t, step, y, f, new, slope, memory))
        return taken

    def _give_up(self, batch: Batch, error: Array) -> None:
        """End lanes that cannot be continued, or have used up their steps."""
        short = batch.h <= 4e-16 * batch.t
        failing = batch.failures > 3
        if short.any() or failing.any():
            speed = np.max(np.abs(batch.f) / self.problem.width[:, None], axis=0)
            close = failing & np.isnan(error) & (batch.h * speed < 1e-10)
            stuck = short | close | (batch.failures >= REJECTIONS)
            for i in np.flatnonzero(stuck):
                undefined = bool(np.isnan(error[i]))
                end, reason = name_obstacle(
                    self.problem, self.field, batch, int(i), undefined, self.surfaces.active
                )
                self.ends.close(int(batch.lane[i]), end, float(batch.t[i]), batch.y[:, i], reason)
        if self.recorded is None and self.rounds < self.least:
            return
        for i in np.flatnonzero(self.counts[batch.lane] >= self.limit[batch.lane]):
            reason = f"the budget of {self.limit[batch.lane[i]]} steps is used up"
            self.ends.close(int(batch.lane[i]), "budget", float(batch.t[i]), batch.y[:, i], reason)

    def _stiff(self, batch: Batch, mark: tuple[Lanes, Array, Array], due: Lanes) -> Bools:
        """Find lanes whose steps stability limits, not accuracy, and that hardly move."""
        lanes, (counts, times, states) = batch.lane[due], mark
        t, y, sign = batch.t[due], batch.y[:, due], batch.sign[due]
        tries = self.counts[lanes] - counts[lanes]
        step = (t - times[lanes]) / tries
        moved = np.max(np.abs(y - states[:, lanes]) / self.problem.width[:, None], axis=0)
        counts[lanes], times[lanes], states[:, lanes] = self.counts[lanes], t, y
        found = np.zeros(batch.lane.size, dtype=bool)
        slow = np.flatnonzero(moved < STIFF_PACE * tries)
        if slow.size:
            time = self.problem.start + sign[slow] * t[slow]
            jacobian = self.problem.field.jacobian(time, y[:, slow]) * sign[slow]
            matrices = np.moveaxis(np.nan_to_num(jacobian, posinf=0.0, neginf=0.0), -1, 0)
            if matrices.shape[1] == 2:
                half = 0.5 * np.trace(matrices, axis1=1, axis2=2)
                apart = half**2 - np.linalg.det(matrices)
                fastest = np.sqrt(np.maximum(apart, 0.0)) - half
            else:
                fastest = -np.linalg.eigvals(matrices).real.min(axis=1)
            found[due[slow]] = fastest * step[slow] > STIFF_PRODUCT
        return found

    def _steps(self) -> Steps:
        n = self.starts.shape[0]
        parts = []
        if self.chunks:
            parts.append(self._steps_of_numpy())
        if self.recorded is not None and self.recorded.log.count:
            parts.append(self.recorded.steps())
        if len(parts) == 1:
            return parts[0]
        if not parts:
            none = np.zeros(0)
            terms_of = terms_among(np.zeros((dop853.TERMS, n, 0)))
            return Steps(none.astype(np.intp), none, none, np.zeros((n, 0)), terms_of)
        return join_steps(*parts)

    def _steps_of_numpy(self) -> Steps:
        lane, kind, sign, t, h, y, f, new, slope, memory = (
            np.concatenate([chunk[i] for chunk in self.chunks], axis=-1) for i in range(10)
        )
        order = np.lexsort((t, lane))
        lane, kind, sign, t, h = (part[order] for part in (lane, kind, sign, t, h))
        y, f, new, slope = (part[:, order] for part in (y, f, new, slope))
        terms = memory.take(order, axis=2)  # contiguous: else every later take copies all
        explicit = np.flatnonzero(kind == 0.0)
        if explicit.size:
            field, memory = self.field(sign[explicit]), terms[:, :, explicit]
            vectors = (y[:, explicit], f[:, explicit], new[:, explicit], slope[:, explicit])
            found = dop853.dense_terms(field, t[explicit], h[explicit], *vectors, memory)
            terms[:, :, explicit] = found
        return Steps(lane.astype(np.intp), t, h, y, terms_among(terms))
