"""Time contenders side by side, fit their tolerances to one error, and hold ratios to bounds."""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Time:
    """What a call takes, in seconds: of the processor, all threads together, and of the clock."""

    cpu: float
    wall: float


def time_of(run: Callable[[], object], least: float = 0.02) -> Time:
    """Time a call, repeated until the processor has worked for `least` seconds."""
    repeats, cpu, wall = 0, time.process_time(), time.perf_counter()
    while True:
        run()
        repeats += 1
        taken = time.process_time() - cpu
        if taken >= least:
            return Time(taken / repeats, (time.perf_counter() - wall) / repeats)


def median(times: list[Time]) -> Time:
    """Give the medians of times."""
    return Time(
        statistics.median(each.cpu for each in times),
        statistics.median(each.wall for each in times),
    )


class Measured:
    """Times of contenders, measured in turns."""

    def __init__(self, taken: Mapping[str, list[Time]]) -> None:
        self._taken = taken

    def time(self, name: str) -> Time:
        """Give the median of a contender's times."""
        return median(self._taken[name])

    def ratio(self, name: str, ours: str, wall: bool = False) -> float:
        """Give how many times as fast the second one is: the median over the turns of both."""
        pairs = zip(self._taken[name], self._taken[ours], strict=False)
        return statistics.median(
            each.wall / own.wall if wall else each.cpu / own.cpu for each, own in pairs
        )


def alternate(
    runs: Mapping[str, Callable[[], object]],
    rounds: int = 5,
    patience: float = 20.0,
    least: float = 0.05,
) -> Measured:
    """Time contenders in turns, so that all see the same load.

    Those that have taken more than `patience` seconds of the processor leave out further turns.
    """
    taken: dict[str, list[Time]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            if sum(each.cpu for each in taken[name]) < patience:
                taken[name].append(time_of(run, least))
    return Measured(taken)


def error_of(states: Array, exact: Array) -> float:
    """Give the median over trajectories, the last axis, of the largest error, relative beyond 1."""
    apart = np.abs(states - exact) / (1.0 + np.abs(exact))
    return float(np.median(apart.reshape(-1, apart.shape[-1]).max(axis=0)))


def fit_tolerance(
    error: Callable[[float], float],
    wanted: float,
    loosest: float = 1e-2,
    tightest: float = 1e-14,
) -> tuple[float, float]:
    """Find about the largest tolerance whose error is no larger than wanted; give both.

    Tolerances are tightened by half decades until the error is small enough; the last interval
    is then halved four times. If none is small enough, the tightest one is given.
    """
    before, tolerance = loosest, loosest
    reached = error(tolerance)
    while not reached <= wanted and tolerance > tightest:
        before, tolerance = tolerance, tolerance / np.sqrt(10.0)
        reached = error(tolerance)
    best = tolerance, reached
    for _ in range(4 if before > tolerance else 0):
        between = float(np.sqrt(before * best[0]))
        found = error(between)
        if found <= wanted:
            best = between, found
        else:
            before = between
    return best


def present(module: str) -> bool:
    """Whether a module can be imported."""
    return importlib.util.find_spec(module) is not None


class Report:
    """Prints what is measured and remembers which bounds it misses.

    The script ends with exit code 1 if a bound is missed, unless it is called with ``--report``.
    """

    def __init__(self, about: str | None) -> None:
        parser = argparse.ArgumentParser(
            description=about, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        parser.add_argument(
            "--report", action="store_true", help="exit with 0 though a bound is missed"
        )
        self._lenient = parser.parse_args().report
        self._missed = 0

    def say(self, text: str = "") -> None:
        """Print a line."""
        print(text, flush=True)

    def left_out(self, peer: str, reason: str = "not installed, `make peers` installs it") -> None:
        """Say that a peer is not compared with."""
        self.say(f"left out: {peer}: {reason}")

    def at_least(self, what: str, value: float, bound: float, unit: str = "times") -> None:
        """Hold a value to its least."""
        self._hold(what, value, bound, value >= bound, "at least", unit)

    def at_most(self, what: str, value: float, bound: float, unit: str = "") -> None:
        """Hold a value to its most."""
        self._hold(what, value, bound, value <= bound, "at most", unit)

    def _hold(
        self, what: str, value: float, bound: float, kept: bool, side: str, unit: str
    ) -> None:
        self._missed += not kept
        verdict = "kept" if kept else "MISSED"
        self.say(f"  {verdict}: {what}: {value:,.4g} {unit}, {side} {bound:,.4g} wanted")

    def finish(self) -> int:
        """Give the exit code."""
        if self._missed:
            self.say(f"bounds missed: {self._missed}")
        return int(self._missed > 0 and not self._lenient)
