"""Stiff systems: van der Pol's oscillator with mu = 1000 against peers, three problems to 8 digits.

``python benchmarks/stiff.py``. The error wanted is the median that scipy's LSODA reaches at the
tolerance 1e-6; each engine gets the largest tolerance at which its own is no larger. The reference
is scipy's Radau at 1e-12. The three problems are those of E. Hairer and G. Wanner, *Solving
Ordinary Differential Equations II*, 2nd ed., section IV.10; their end values are the published ones
of the test set, and scipy's Radau at 1e-13 checks these here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from contenders import cyrk
from measuring import Array, Report, alternate, error_of, fit_tolerance, present
from scipy.integrate import solve_ivp
from systems import van_der_pol_with

from eqpp_dash.engine.machine import Integrator
from eqpp_dash.engine.system import parse_system

Run = Callable[[float], Array]

CASE = van_der_pol_with(1000.0, span=2000.0)
COUNT, FEW = 256, 8
STARTS = np.stack([np.linspace(1.6, 2.4, COUNT), np.zeros(COUNT)])
SHARED = np.linspace(0, COUNT - 1, FEW, dtype=int)
OURS = "machine code, Rodas5P"
SCIPY = "scipy LSODA"


def slope(t: float, u: Any) -> list[Any]:
    """Give the right-hand sides for scipy."""
    return CASE.rates(u, math)


def jacobian(t: float, u: Any) -> list[list[float]]:
    """Give the Jacobian for scipy's Radau."""
    x, y = u
    return [[0.0, 1.0], [-2000.0 * x * y - 1.0, 1000.0 * (1.0 - x * x)]]


def scipy_loop(method: str, tolerance: float, **options: Any) -> Array:
    ends = [
        solve_ivp(
            slope, (0.0, CASE.span), u, method=method, rtol=tolerance, atol=tolerance, **options
        ).y[:, -1]
        for u in STARTS[:, SHARED].T
    ]
    return np.stack(ends, axis=1)


def ours(method: str) -> Run:
    integrator = Integrator.of(CASE.system)
    integrator.prepare()
    return lambda tolerance: (
        integrator.propagate(
            STARTS, CASE.span, rtol=tolerance, atol=tolerance, method=method, threads=1
        ).states
    )


def cyrk_with(method: str) -> Run:
    return partial(cyrk(CASE, method), STARTS)


def numbalsoda_lsoda() -> Run:
    from numba import cfunc, njit
    from numbalsoda import lsoda, lsoda_sig

    address, times = cfunc(lsoda_sig)(CASE.fill).address, np.array([0.0, CASE.span])
    starts = np.ascontiguousarray(STARTS.T)

    @njit
    def loop(tolerance):  # type: ignore[no-untyped-def]
        ends, nothing = np.empty_like(starts), np.zeros(1)
        for i in range(len(starts)):
            found, _ = lsoda(
                address, starts[i], times, nothing, rtol=tolerance, atol=tolerance, mxstep=100_000
            )
            ends[i] = found[-1]
        return ends

    return lambda tolerance: loop(tolerance).T


ENGINES: dict[str, tuple[str, Callable[[], Run], float | None]] = {
    SCIPY: ("scipy", lambda: partial(scipy_loop, "LSODA"), 20.0),
    "scipy Radau, exact Jacobian": (
        "scipy",
        lambda: partial(scipy_loop, "Radau", jac=jacobian),
        None,
    ),
    "CyRK Radau": ("CyRK", partial(cyrk_with, "RADAU"), 1.0),
    "CyRK LSODA": ("CyRK", partial(cyrk_with, "LSODA"), None),
    "numbalsoda LSODA": ("numbalsoda", numbalsoda_lsoda, None),
    "machine code, auto": ("llvmlite", partial(ours, "auto"), None),
    OURS: ("llvmlite", partial(ours, "Rodas5P"), None),
}
"""Module needed, maker, and how many times as fast machine code is to be."""

PROBLEMS: dict[str, tuple[str, list[float], float, list[float]]] = {
    "Robertson": (
        "a' = -0.04*a + 1e4*b*c; b' = 0.04*a - 1e4*b*c - 3e7*b^2; c' = 3e7*b^2",
        [1.0, 0.0, 0.0],
        1e11,
        [0.2083340149701255e-07, 0.8333360770334713e-13, 0.9999999791665050],
    ),
    "HIRES": (
        "a' = -1.71*a + 0.43*b + 8.32*c + 0.0007; b' = 1.71*a - 8.75*b;"
        "c' = -10.03*c + 0.43*d + 0.035*f; d' = 8.32*b + 1.71*c - 1.12*d;"
        "f' = -1.745*f + 0.43*g + 0.43*h;"
        "g' = -280*g*k + 0.69*d + 1.71*f - 0.43*g + 0.69*h;"
        "h' = 280*g*k - 1.81*h; k' = -280*g*k + 1.81*h",
        [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0057],
        321.8122,
        [
            0.7371312573325668e-3,
            0.1442485726316185e-3,
            0.5888729740967575e-4,
            0.1175651343283149e-2,
            0.2386356198831331e-2,
            0.6238968252742796e-2,
            0.2849998395185769e-2,
            0.2850001604814231e-2,
        ],
    ),
    "Oregonator": (
        "a' = 77.27*(b + a*(1 - 8.375e-6*a - b)); b' = (c - (1 + a)*b)/77.27; c' = 0.161*(a - c)",
        [1.0, 2.0, 3.0],
        360.0,
        [0.1000814870318523e1, 0.1228178521549917e4, 0.1320554942846706e3],
    ),
}
"""Equations, start, time and published end values: F. Mazzia and C. Magherini, *Test Set for
Initial Value Problem Solvers*, release 2.4 (2008)."""


def compare(report: Report) -> None:
    exact = scipy_loop("Radau", 1e-12, jac=jacobian)
    runs, chosen, counts = {}, {}, {}

    def error(run: Run, tolerance: float) -> float:
        states = run(tolerance)
        return error_of(states if states.shape[1] == FEW else states[:, SHARED], exact)

    wanted = error(partial(scipy_loop, "LSODA"), 1e-6)
    for name, (module, make, _) in ENGINES.items():
        if not present(module):
            report.left_out(name)
            continue
        run = make()
        chosen[name] = (
            (1e-6, wanted) if name == SCIPY else fit_tolerance(partial(error, run), wanted)
        )
        counts[name] = FEW if name.startswith("scipy") else COUNT
        runs[name] = partial(run, chosen[name][0])
    taken = alternate(runs, patience=3.0)
    report.say(f"{CASE.name}, to t = {CASE.span:g}, median error at most {wanted:.1e}")
    ahead = {name: taken.ratio(name, OURS) * COUNT / counts[name] for name in runs}
    for name in runs:
        report.say(
            f"{name:31}{taken.time(name).cpu / counts[name] * 1e3:10.4f} ms a trajectory   "
            f"tolerance {chosen[name][0]:.1e}, error {chosen[name][1]:.1e}"
            f"{ahead[name]:10,.1f} times"
        )
    for name, (_, _, bound) in ENGINES.items():
        if name in runs and bound:
            report.at_least(f"stiff, {OURS} against {name}", ahead[name], bound)


def solve_problem(report: Report, name: str) -> None:
    text, start, span, published = PROBLEMS[name]
    system, exact = parse_system(text), np.array(published)
    with Integrator.of(system) as integrator:
        integrator.prepare()
        found = integrator.propagate(
            np.array(start)[:, None], span, method="Rodas5P", rtol=1e-11, atol=1e-18
        ).states[:, 0]
    field = system.compile()
    check = solve_ivp(
        field.scalar, (0.0, span), start, method="Radau", rtol=1e-13, atol=1e-20, jac=field.jacobian
    ).y[:, -1]
    report.at_most(
        f"{name}, relative error against the published values",
        np.abs(found / exact - 1).max(),
        5e-9,
    )
    report.say(
        f"  scipy's Radau at 1e-13 differs from these by {np.abs(check / exact - 1).max():.1e}"
    )


if __name__ == "__main__":
    report = Report(__doc__)
    compare(report)
    for problem in PROBLEMS:
        solve_problem(report, problem)
    raise SystemExit(report.finish())
