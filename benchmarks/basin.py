"""Which of two wells 512 x 512 starts of Duffing's oscillator end in.

``python benchmarks/basin.py``. The system is x' = y; y' = x - x^3 - 0.15 y on [-2, 2] x [-2, 2]. A
trajectory has ended once it is within 0.3 of (1, 0) or (-1, 0): the energy y²/2 - x²/2 + x⁴/4, which
never rises, is negative there, and it would have to rise to zero for a trajectory to leave its well.
All integrate at the tolerance 1e-6; machine code then takes the cells that have a neighbour in the
other basin again, at 1e-12, which counts as its time. Every label is compared with a reference at
the tolerance 1e-15, by heyoka where it is installed; where they differ, the reference is asked about
starts 1e-6 away to tell whether the boundary is that near. scipy takes a sample of the cells.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from measuring import Array, Report, alternate, present, time_of
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from eqpp_dash.engine.machine import Integrator, Targets
from eqpp_dash.engine.machine.integrate import End
from eqpp_dash.engine.system import parse_system

Labels = NDArray[np.int64]
Labeller = Callable[[Array, float], Labels]
"""Gives the well, 0 or 1, of starts of shape (2, m) at a tolerance; -1 where none was reached."""

SIDE, SPAN, RADIUS, TOLERANCE, CLOSE, NEAR = 512, 400.0, 0.3, 1e-6, 1e-12, 1e-6
SAMPLE = 60
AXIS = np.linspace(-2.0, 2.0, SIDE)
STARTS = np.stack([each.ravel() for each in np.meshgrid(AXIS, AXIS)])
WELLS = np.array([[1.0, -1.0], [0.0, 0.0]])
OURS = "machine code"


def ours(machine: bool) -> Labeller:
    system = parse_system("x' = y; y' = x - x^3 - 0.15*y")
    integrator, targets = Integrator.of(system, machine=machine), Targets(WELLS, RADIUS)

    def label(starts: Array, tolerance: float) -> Labels:
        found = integrator.propagate(
            starts, SPAN, targets=targets, rtol=tolerance, atol=tolerance, threads=1
        )
        return np.where(found.ends == End.TARGET, found.target, -1)

    return label


def look_twice(label: Labeller) -> Labels:
    """Label all cells, and again, more precisely, those beside the other basin."""
    labels = label(STARTS, TOLERANCE).reshape(SIDE, SIDE)
    padded = np.pad(labels, 1, mode="edge")
    beside = np.zeros_like(labels, dtype=bool)
    for i in range(3):
        for j in range(3):
            beside |= padded[i : i + SIDE, j : j + SIDE] != labels
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


def heyoka_batch() -> Labeller:
    """Take heyoka's batch, stopped every 5 time units to put new starts in the lanes that ended."""
    import heyoka

    lanes = heyoka.recommended_simd_size()
    x, y = heyoka.make_vars("x", "y")
    system = [(x, y), (y, x - x * x * x - 0.15 * y)]
    made: dict[float, Any] = {}

    def label(starts: Array, tolerance: float) -> Labels:
        if tolerance not in made:
            made[tolerance] = heyoka.taylor_adaptive_batch(
                system, np.zeros((2, lanes)), tol=tolerance
            )
        integrator, count = made[tolerance], starts.shape[1]
        labels, at = np.full(count, -1), np.arange(lanes) % count
        following, state = lanes, integrator.state
        busy = np.arange(lanes) < count
        state[:] = starts[:, at]
        while busy.any():
            integrator.set_time(0.0)
            integrator.propagate_until(5.0, max_steps=100_000)
            for lane, (px, py) in enumerate(state.T.tolist()):
                if busy[lane] and (abs(px) - 1.0) ** 2 + py * py < RADIUS**2:
                    labels[at[lane]] = int(px < 0)
                    if following < count:
                        at[lane] = following
                        state[:, lane] = starts[:, following]
                        following += 1
                    else:
                        busy[lane] = False
        return labels

    return label


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
    peer = heyoka_batch() if present("heyoka") else None
    if peer is not None:
        runs["heyoka, batch"] = partial(peer, STARTS, TOLERANCE)
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
        f"labels that differ from the reference at 1e-15: {differing.size}; without the second look "
        f"{np.count_nonzero(mine(STARTS, TOLERANCE) != exact)}; undecided {np.sum(labels < 0)}"
    )
    report.at_most(
        "wrong labels farther than 1e-6 from the boundary",
        unexplained(differing, labels, reference) if differing.size else 0,
        0,
    )
    report.at_least("basin, machine code against scipy", ahead["scipy DOP853, events"], 4500.0)
    if peer is not None:
        report.at_least("basin, machine code against heyoka", ahead["heyoka, batch"], 12.0)
    raise SystemExit(report.finish())
