"""Measure what looking for events costs in the integrator in machine code.

Run ``python benchmarks/events.py``. Times are those of the processor, of one thread, medians of
runs that alternate: trajectories without events, with a section that is never crossed, with three
points that are never near, with both; one call for one trajectory; the basins of the two wells of
a damped Duffing oscillator; the maxima of Rössler's system for many values of a parameter.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from eqpp_dash.engine.machine.integrate import Integrator, Propagated, SectionEvent, Targets
from eqpp_dash.engine.system import parse_system

ROUNDS = 11
SIDE = 512
VALUES = 1000
CALLS = 1000


def measure(runs: dict[str, Callable[[], Propagated]], rounds: int = ROUNDS) -> dict[str, float]:
    """Give the median of the processor time of each, in seconds."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.process_time()
            run()
            times[name].append(time.process_time() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def watching() -> None:
    """Print what it costs to look for what never happens."""
    systems = {
        "van der Pol": "x' = y; y' = (1 - x^2)*y - x",
        "Rössler": "x' = -y - z; y' = x + y/5; z' = 1/5 + z*(x - 4)",
    }
    for name, text in systems.items():
        system = parse_system(text)
        n = system.dimension
        starts = np.random.default_rng(0).uniform(-2, 2, (n, 4000))
        points = Targets(np.full((n, 3), 90.0), 0.1)
        event = [SectionEvent(0)]
        with Integrator.of(system, sections=["x - 100"]) as integrator:
            integrator.prepare()
            run = partial(integrator.propagate, starts, 20.0, threads=1)
            runs: dict[str, Callable[[], Propagated]] = {
                "nothing": run,
                "a section": partial(run, events=event),
                "three points": partial(run, targets=points),
                "both": partial(run, events=event, targets=points),
            }
            times = measure(runs)
        ratios = (f"{what} {value / times['nothing']:.2f}" for what, value in times.items())
        print(f"{name}, looking for: {', '.join(ratios)}")


def calls() -> None:
    """Print what a call for one trajectory takes that is over after a step or two."""
    start = [[2.0], [0.0]]
    with Integrator.of(parse_system("x' = y; y' = (1 - x^2)*y - x"), sections=["y"]) as integrator:
        run = partial(integrator.propagate, start, 0.01)
        runs: dict[str, Callable[[], Propagated]] = {
            "nothing": run,
            "a section": partial(run, events=[SectionEvent(0, end_after=1)]),
            "a point": partial(run, targets=Targets([[9.0], [9.0]], 0.1)),
        }
        times = measure({what: partial(again, each) for what, each in runs.items()})
    found = (f"{what} {value / CALLS * 1e6:.0f}" for what, value in times.items())
    print(f"microseconds of a call for one trajectory, looking for: {', '.join(found)}")


def again(run: Callable[[], Propagated]) -> Propagated:
    """Call many times; give what came of the last."""
    for _ in range(CALLS - 1):
        run()
    return run()


def basins() -> None:
    """Print the time of the basins, and how many labels differ from those at 1e-13."""
    side = np.linspace(-2, 2, SIDE)
    starts = np.array(np.meshgrid(side, side)).reshape(2, -1)
    wells = Targets([[1.0, -1.0], [0.0, 0.0]], 0.3)
    with Integrator.of(parse_system("x' = y; y' = x - x^3 - y/4")) as integrator:
        integrator.prepare()

        def label(tolerance: float) -> Propagated:
            return integrator.propagate(
                starts, 300.0, rtol=tolerance, atol=tolerance, targets=wells, threads=1
            )

        times = measure({"basins": partial(label, 1e-6)}, 5)
        others = int((label(1e-6).target != label(1e-13).target).sum())
    print(f"{SIDE}x{SIDE} Duffing basins at 1e-6: {times['basins']:.3f} s, {others} labels differ")


def maxima() -> None:
    """Print the time of the maxima, and their error where the motion is periodic."""
    system = parse_system("x' = -y - z; y' = x + y/5; z' = 1/5 + z*(x - c)")
    values = np.linspace(2, 6, VALUES)
    starts = np.tile([[1.0], [1.0], [0.0]], (1, VALUES))
    event = SectionEvent(0, direction=-1, record=200)
    with Integrator.of(system, sections=["-y - z"]) as integrator:
        integrator.prepare()

        def run(tolerance: float, count: int) -> Propagated:
            return integrator.propagate(
                starts[:, :count],
                1000.0,
                parameters={"c": values[:count]},
                rtol=tolerance,
                atol=tolerance,
                events=[event],
                threads=1,
            )

        exact = run(1e-12, VALUES // 10).crossings[0]
        for tolerance in (1e-4, 1e-5, 1e-6):
            times = measure({"maxima": partial(run, tolerance, VALUES)}, 5)
            found = run(tolerance, VALUES // 10).crossings[0]
            common = np.minimum(found.counts, exact.counts).min()
            last = slice(common - 30, common)
            error = np.abs(found.states[0, :, last] - exact.states[0, :, last]).max()
            print(
                f"Rössler maxima, {VALUES} values, 1000 time units, at {tolerance:.0e}: "
                f"{times['maxima']:.3f} s, error {error:.1e}"
            )


if __name__ == "__main__":
    watching()
    calls()
    basins()
    maxima()
