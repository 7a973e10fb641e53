"""Stick and slip: many trajectories across a jump, and scipy with events, in one run.

A mass on a belt with friction that falls with the speed (Leine, van Campen, de Kraker and van den
Steen, *Nonlinear Dynamics* 16, 1998), t in [0, 30] at tolerances of 1e-8: this integrator in
machine code and in numpy, and a loop over scipy's ``solve_ivp`` with an event for each change,
written out by hand. CPU time, all threads; run it with ``python benchmarks/discontinuities.py``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from eqpp_dash.engine.machine import Integrator
from eqpp_dash.engine.system import parse_system

Array = NDArray[np.float64]

TEXT = "x' = y; y' = -x - F*sign(y - v)/(1 + d*abs(y - v))"
FORCE, DECAY, SPEED = 1.0, 3.0, 0.2
SPAN, TOLERANCE = 30.0, 1e-8
MANY, FEW, SINGLE = 10_000, 1_000, 20


def slip(side: float) -> Callable[[float, Array], Sequence[float]]:
    """Give the field on one side of the belt's speed."""

    def field(t: float, y: Array) -> Sequence[float]:
        return [y[1], -y[0] - FORCE * side / (1.0 + DECAY * side * (y[1] - SPEED))]

    return field


def follow(start: Array, tolerance: float) -> Array:
    """Follow one trajectory by scipy, from event to event."""
    state, t, side = start.copy(), 0.0, float(np.sign(start[1] - SPEED))
    while True:

        def relative(t: float, y: Array) -> float:
            return float(y[1] - SPEED)

        relative.terminal = True  # type: ignore[attr-defined]
        relative.direction = -side  # type: ignore[attr-defined]
        found = solve_ivp(
            slip(side), (t, SPAN), state, method="DOP853", rtol=tolerance, atol=tolerance,
            events=relative,
        )  # fmt: skip
        t, state = float(found.t[-1]), found.y[:, -1]
        if found.status == 0:
            return np.asarray(state)
        state[1] = SPEED
        if abs(state[0]) > FORCE:
            side = -side
            continue
        stuck = (FORCE - state[0]) / SPEED
        if t + stuck > SPAN:
            return np.array([state[0] + SPEED * (SPAN - t), SPEED])
        t, state, side = t + stuck, np.array([FORCE, SPEED]), -1.0


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Give the least CPU time of three runs, and the result."""
    best, result = np.inf, None
    for _ in range(3):
        begin = time.process_time()
        result = work()
        best = min(best, time.process_time() - begin)
    return best, result


def main() -> None:
    """Print trajectories a CPU-second, errors and ratios."""
    starts = np.random.default_rng(0).uniform(-2.0, 2.0, (2, MANY))
    options: Any = {
        "parameters": {"F": FORCE, "d": DECAY, "v": SPEED}, "rtol": TOLERANCE, "atol": TOLERANCE
    }  # fmt: skip
    exact = np.array([follow(start, 1e-13) for start in starts.T[:SINGLE]]).T
    rates = {}
    for name, machine, count in (("machine", True, MANY), ("numpy", False, FEW)):
        with Integrator.of(parse_system(TEXT), machine=machine) as integrator:
            integrator.prepare()
            integrator.propagate(starts[:, :FEW], SPAN, **options)  # compiles what is wanted
            cost, end = timed(
                lambda i=integrator, n=count: i.propagate(starts[:, :n], SPAN, **options)
            )
        error = np.abs(end.states[:, :SINGLE] - exact).max()
        rates[name] = count / cost
        print(
            f"{name:8} {count:6} trajectories: {rates[name]:10.0f} a CPU-second, "
            f"error {error:.1e}, {end.switchings.mean():.1f} switchings each"
        )
    cost, states = timed(lambda: [follow(start, TOLERANCE) for start in starts.T[:SINGLE]])
    rates["scipy"] = SINGLE / cost
    error = np.abs(np.array(states).T - exact).max()
    print(
        f"scipy    {SINGLE:6} trajectories: {rates['scipy']:10.0f} a CPU-second, error {error:.1e}"
    )
    print(f"machine / scipy with events: {rates['machine'] / rates['scipy']:.0f}")
    print(f"machine / numpy:             {rates['machine'] / rates['numpy']:.1f}")


if __name__ == "__main__":
    main()
