"""Which of two wells 512 x 512 starts of Duffing's oscillator end in.

``python benchmarks/basin.py``. The system is x' = y; y' = x - x^3 - 0.15 y on [-2, 2] x [-2, 2]. A
trajectory has ended once it is within 0.3 of (1, 0) or (-1, 0): the energy y²/2 - x²/2 + x⁴/4,
which never rises, is negative there, and would have to rise to zero for it to leave the well.
All integrate at the tolerance 1e-6; machine code then takes the cells that have a neighbour in the
other basin again, at 1e-12, which counts as its time. Every label is compared with a reference at
the tolerance 1e-15, by heyoka where it is installed; where they differ, the reference is asked
about starts 1e-6 away to tell whether the boundary is that near. scipy takes a sample of the cells.

heyoka is used in two ways: with terminal events, its own means for this question, where each event
interrupts the batch and the lane gets the next start; and stopped every 10 time units to look
which lanes have arrived, a schedule written for this comparison, the fastest that was found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
from measuring import Array, Report, alternate, present, time_of
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from eqpp_dash.engine.machine import Integrator, Targets
from eqpp_dash.engine.system import parse_system

Labels = NDArray[np.int64]
Labeller = Callable[[Array, float], Labels]
"""Gives the well, 0 or 1, of starts of shape (2, m) at a tolerance; -1 where none was reached."""

SIDE, SPAN, RADIUS, TOLERANCE, CLOSE, NEAR = 512, 400.0, 0.3, 1e-6, 1e-12, 1e-6
SAMPLE = 200
AXIS = np.linspace(-2.0, 2.0, SIDE)
STARTS = np.stack([each.ravel() for each in np.meshgrid(AXIS, AXIS)])
WELLS = np.array([[1.0, -1.0], [0.0, 0.0]])
OURS = "machine code"
EVENTS = "heyoka, terminal events"
LANES = 8
"""Of heyoka's batch, what it recommends for AVX-512 and the fastest here."""


def ours(machine: bool) -> Labeller:
    system = parse_system("x' = y; y' = x - x^3 - 0.15*y")
    integrator, targets = Integrator.of(system, machine=machine), Targets(WELLS, RADIUS)
    integrator.prepare()

    def label(starts: Array, tolerance: float) -> Labels:
        found = integrator.propagate(
            starts, SPAN, targets=targets, rtol=tolerance, atol=tolerance, threads=1
        )
        return found.target

    return label


def look_twice(label: Labeller) -> Labels:
    """Label all cells, and again, more precisely, those beside the other basin."""
    labels = label(STARTS, TOLERANCE).reshape(SIDE, SIDE)
    beside = np.zeros(labels.shape, dtype=bool)
    for one, other in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        differ = labels[one] != labels[other]
        beside[one] |= differ
        beside[other] |= differ
    close = np.flatnonzero(beside)
    labels = labels.ravel().copy()
    labels[close] = label(STARTS[:, close], CLOSE)
    return labels


def scipy_events(starts: Array, tolerance: float) -> Labels:
    def slope(t: float, u: Any) -> list[float]:
        x, y = u
        return [y, x - x * x * x - 0.15 * y]

    def right(t: float, u: Any) -> float:
        return (u[0] - 1.0) ** 2 + u[1] ** 2 - RADIUS**2

    def left(t: float, u: Any) -> float:
        return (u[0] + 1.0) ** 2 + u[1] ** 2 - RADIUS**2

    right.terminal = left.terminal = True  # type: ignore[attr-defined]
    labels = np.full(starts.shape[1], -1)
    for i, start in enumerate(starts.T):
        options: dict[str, Any] = {"method": "DOP853", "rtol": tolerance, "atol": tolerance}
        last = solve_ivp(slope, (0.0, SPAN), start, events=(right, left), **options).y[:, -1]
        labels[i] = int(last[0] < 0)
    return labels


def heyoka_stopped() -> Labeller:
    """Stop heyoka's batch every 10 time units and put new starts in the lanes that arrived."""
    return partial(_heyoka, heyoka_integrator(()), _arrived, 10.0)


def heyoka_events() -> Labeller:
    """Let terminal events interrupt heyoka's batch; new starts go in the lanes that have one."""
    import heyoka

    x, y = heyoka.make_vars("x", "y")
    falling = heyoka.event_direction.negative
    events = [
        heyoka.t_event_batch((x - px) ** 2 + (y - py) ** 2 - RADIUS**2, direction=falling)
        for px, py in WELLS.T.tolist()
    ]
    return partial(_heyoka, heyoka_integrator(events), _interrupted, SPAN)


def heyoka_integrator(events: Sequence[Any]) -> Callable[[float], Any]:
    """Give a function that makes the integrator for a tolerance, once."""
    import heyoka

    x, y = heyoka.make_vars("x", "y")
    system, blank = [(x, y), (y, x - x * x * x - 0.15 * y)], np.zeros((2, LANES))
    options: dict[str, Any] = {"t_events": list(events)} if events else {}
    return cache(
        lambda tolerance: heyoka.taylor_adaptive_batch(system, blank, tol=tolerance, **options)
    )


def _arrived(integrator: Any) -> list[int]:
    """Give the well of each lane, -1 if it is in none yet."""
    return [
        int(x < 0) if (abs(x) - 1.0) ** 2 + y * y < RADIUS**2 else -1
        for x, y in integrator.state.T.tolist()
    ]


def _interrupted(integrator: Any) -> list[int]:
    """Give the well of each lane that an event has stopped, -1 for the others."""
    outcomes = [int(each[0]) for each in integrator.propagate_res]
    return [-1 - outcome if outcome in (-1, -2) else -1 for outcome in outcomes]


def _heyoka(
    make: Callable[[float], Any],
    wells: Callable[[Any], list[int]],
    span: float,
    starts: Array,
    tolerance: float,
) -> Labels:
    integrator = make(tolerance)
    inside = (np.abs(starts[0]) - 1.0) ** 2 + starts[1] ** 2 < RADIUS**2
    labels = np.where(inside, (starts[0] < 0).astype(int), -1)
    todo = iter(np.flatnonzero(~inside).tolist())
    at = [next(todo, -1) for _ in range(LANES)]
    state, events = integrator.state, integrator.with_events
    state[:] = starts[:, at]
    if events:
        integrator.reset_cooldowns()
    while max(at) >= 0:
        integrator.set_time(0.0)
        integrator.propagate_until(span, max_steps=100_000)
        for lane, well in enumerate(wells(integrator)):
            if well >= 0 and at[lane] >= 0:
                labels[at[lane]] = well
                at[lane] = next(todo, -1)
                state[:, lane] = starts[:, at[lane]]
                if events:
                    integrator.reset_cooldowns(lane)
    return labels


def unexplained(differing: Labels, labels: Labels, reference: Labeller) -> int:
    """Count cells whose label no start within NEAR of theirs has: not close to the boundary."""
    kept = np.ones(differing.size, dtype=bool)
    for angle in np.arange(8) * np.pi / 4:
        moved = STARTS[:, differing] + NEAR * np.array([[np.cos(angle)], [np.sin(angle)]])
        kept &= reference(moved, 1e-15) != labels[differing]
    return int(kept.sum())


if __name__ == "__main__":
    report = Report(__doc__)
    mine = ours(True)
    runs: dict[str, Callable[[], Labels]] = {OURS: partial(look_twice, mine)}
    peer = heyoka_stopped() if present("heyoka") else None
    if peer is not None:
        runs[EVENTS] = partial(heyoka_events(), STARTS, TOLERANCE)
        runs["heyoka, stopped by hand"] = partial(peer, STARTS, TOLERANCE)
    else:
        report.left_out("heyoka, batch")
    random = np.random.default_rng(3)
    sample = random.choice(SIDE * SIDE, SAMPLE, replace=False)
    scipy = partial(scipy_events, STARTS[:, sample], TOLERANCE)
    few = random.choice(SIDE * SIDE, 4096, replace=False)
    runs["scipy DOP853, events"] = scipy
    runs["numpy tier"] = partial(ours(False), STARTS[:, few], TOLERANCE)
    scale = {"scipy DOP853, events": SIDE * SIDE / SAMPLE, "numpy tier": SIDE * SIDE / few.size}
    mine(STARTS[:, :100], TOLERANCE)
    taken = alternate(runs, rounds=3)
    report.say(f"{SIDE} x {SIDE} starts, scipy and numpy from a sample of {SAMPLE} and {few.size}")
    ahead = {name: taken.ratio(name, OURS) * scale.get(name, 1.0) for name in runs}
    for name in runs:
        seconds = taken.time(name).cpu * scale.get(name, 1.0)
        report.say(f"{name:24}{seconds:12.3f} s of the processor{ahead[name]:12,.1f} times")
    once = time_of(partial(mine, STARTS, TOLERANCE))
    report.say(f"machine code without the second look: {once.cpu:.3f} s of the processor")
    reference = mine if peer is None else peer
    exact, labels = reference(STARTS, 1e-15), look_twice(mine)
    differing = np.flatnonzero(labels != exact)
    report.say(
        f"labels that differ from the reference at 1e-15: {differing.size}; without the second "
        "look "
        f"{np.count_nonzero(mine(STARTS, TOLERANCE) != exact)}; undecided {np.sum(labels < 0)}"
    )
    report.at_most(
        "wrong labels farther than 1e-6 from the boundary",
        unexplained(differing, labels, reference) if differing.size else 0,
        0,
    )
    report.at_least("basin, machine code against scipy", ahead["scipy DOP853, events"], 4500.0)
    if peer is not None:
        report.at_least("basin, machine code against heyoka with events", ahead[EVENTS], 12.0)
    raise SystemExit(report.finish())
