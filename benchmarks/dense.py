"""Eighty trajectories with 500 points each, at equal error between the steps.

``python benchmarks/dense.py``. Van der Pol's oscillator to t = 20; the error is the largest at any
of the points, which must be 1e-7 or less for every engine at the tolerance chosen for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from measuring import Array, Report, alternate, fit_tolerance, present
from reference import solve
from scipy.integrate import solve_ivp
from systems import van_der_pol

from eqpp_dash.engine.machine import Integrator

Sampler = Callable[[float], Array]

COUNT, POINTS, WANTED = 80, 500, 1e-7
CASE = van_der_pol()
STARTS = CASE.starts(COUNT)
MOMENTS = np.linspace(0.0, CASE.span, POINTS)
OURS = "machine code"


def ours(machine: bool) -> Sampler:
    integrator = Integrator.of(CASE.system, machine=machine)
    integrator.prepare()
    return lambda tolerance: integrator.sample(
        STARTS, MOMENTS, rtol=tolerance, atol=tolerance, threads=1
    )


def scipy_loop() -> Sampler:
    def run(tolerance: float) -> Array:
        options: dict[str, Any] = {"method": "DOP853", "rtol": tolerance, "atol": tolerance}
        curves = [
            solve_ivp(
                lambda t, u: CASE.rates(u, math), (0.0, CASE.span), u, t_eval=MOMENTS, **options
            ).y
            for u in STARTS.T
        ]
        return np.stack(curves, axis=2)

    return run


def heyoka_batch(width: int | None = None, **options: Any) -> Sampler:
    import heyoka

    lanes = width or heyoka.recommended_simd_size()
    symbols = heyoka.make_vars("x", "y")
    system = list(zip(symbols, CASE.rates(list(symbols), heyoka), strict=True))
    made: dict[float, Any] = {}
    grid = np.ascontiguousarray(np.repeat(MOMENTS[:, None], lanes, axis=1))

    def run(tolerance: float) -> Array:
        if tolerance not in made:
            made[tolerance] = heyoka.taylor_adaptive_batch(
                system, np.zeros((2, lanes)), tol=tolerance, **options
            )
        integrator, found = made[tolerance], np.empty((2, POINTS, COUNT))
        for begin in range(0, COUNT, lanes):
            integrator.set_time(0.0)
            integrator.state[:] = STARTS[:, begin : begin + lanes]
            _, states = integrator.propagate_grid(grid, max_steps=100_000)
            found[:, :, begin : begin + lanes] = states.transpose(1, 0, 2)
        return found

    return run


SAMPLERS: dict[str, tuple[str, Callable[[], Sampler], float | None]] = {
    "scipy DOP853, t_eval": ("scipy", scipy_loop, 150.0),
    "numpy tier": ("numpy", partial(ours, False), None),
    "heyoka, batch": ("heyoka", heyoka_batch, 1.0),
    "heyoka, batch of 16, fast math": ("heyoka", partial(heyoka_batch, 16, fast_math=True), None),
    OURS: ("llvmlite", partial(ours, True), None),
}
"""Module needed, maker, and how many times as fast machine code is to be."""


if __name__ == "__main__":
    report = Report(__doc__)
    exact = solve(CASE, STARTS, MOMENTS)
    samplers, chosen = {}, {}
    for name, (module, make, _) in SAMPLERS.items():
        if not present(module):
            report.left_out(name)
            continue
        sampler = samplers[name] = make()
        chosen[name] = fit_tolerance(
            lambda tolerance, sampler=sampler: float(np.abs(sampler(tolerance) - exact).max()),
            WANTED,
            loosest=1e-6,
        )
    runs = {name: partial(sampler, chosen[name][0]) for name, sampler in samplers.items()}
    taken = alternate(runs, patience=4.0)
    report.say(f"{COUNT} trajectories, {POINTS} points each, no error above {WANTED:g}")
    for name in runs:
        report.say(
            f"{name:31}{taken.time(name).cpu * 1e3:10.2f} ms of the processor   tolerance "
            f"{chosen[name][0]:.1e}, error {chosen[name][1]:.1e}"
            f"{taken.ratio(name, OURS):10,.1f} times"
        )
    for name, (_, _, bound) in SAMPLERS.items():
        if name in runs and bound:
            report.at_least(
                f"points along curves, {OURS} against {name}", taken.ratio(name, OURS), bound
            )
    raise SystemExit(report.finish())
