"""New equations to 40 end states in a process that has integrated others before, at equal error.

``python benchmarks/new_system.py``. The constants of a rational and of a transcendental system
are drawn anew each time, so that nothing that was compiled before serves again; heyoka's cache on
disk is turned off. What is timed begins with the equations, as text or as Python functions, and
ends with the states at t = 20. Each engine has the tolerance at which its error on such a system is
that of scipy's DOP853 at 1e-8.

Each takes several new systems in a row, of which the first is not counted: it finds the caches full
of what another engine did. What lies in memory for one engine is kept from the garbage collections
that another one sets off. The clock's time counts here, since waiting is what is felt. The first
picture is 40 curves of 200 points, which numpy computes while the machine code is being made.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np
from contenders import CONTENDERS, Contender, Solver, machine_code
from measuring import Array, Report, Time, error_of, fit_tolerance, median, present
from reference import last_states
from systems import Case, damped_pendulum, van_der_pol_with

from eqpp_dash.engine.machine import Integrator

COUNT = 40
ROUNDS = 2
REPEATS = 3
OURS = "machine code"
AT_ONCE = "numpy, machine code to follow"
SCIPY = "scipy DOP853, one by one"
COMPILED = {"numba, specialised DOP853": 25.0, "diffrax Dopri8, vmap": 12.0}
BOUNDS = {"rational": COMPILED | {SCIPY: 6.0}, "transcendental": COMPILED}
FAMILIES: dict[str, Callable[[float], Case]] = {
    "rational": van_der_pol_with,
    "transcendental": damped_pendulum,
}


def at_once(case: Case) -> Solver:
    """Take this integrator as the page does: numpy answers until the code is there."""
    integrator = Integrator.of(case.system, wait=False)

    def solve(starts: Array, tolerance: float) -> Array:
        return integrator.propagate(starts, case.span, rtol=tolerance, atol=tolerance).states

    return solve


CHOSEN = {
    name: contender
    for name, contender in CONTENDERS.items()
    if name not in ("scipy DOP853, stacked", "numpy tier", "heyoka, batch of 16, fast math", OURS)
} | {AT_ONCE: Contender("numpy", at_once), OURS: Contender("llvmlite", machine_code)}


def once(run: Callable[[], object]) -> Time:
    """Time a single call."""
    cpu, wall = time.process_time(), time.perf_counter()
    run()
    return Time(time.process_time() - cpu, time.perf_counter() - wall)


def begin(make: Callable[[Case], Solver], case: Case, starts: Array, tolerance: float) -> Array:
    """Integrate what was not seen before."""
    return make(case)(starts, tolerance)


def compare(report: Report, kind: str, family: Callable[[float], Case]) -> None:
    first = family(0.7371)
    starts = first.starts(COUNT)
    exact = last_states(first, starts)
    makers = {name: each.make for name, each in CHOSEN.items() if present(each.module)}

    def error(solve: Solver, tolerance: float) -> float:
        return error_of(solve(starts, tolerance), exact)

    wanted = error(makers[SCIPY](first), 1e-8)
    tolerances = {
        name: 1e-8 if name == SCIPY else fit_tolerance(partial(error, make(first)), wanted)[0]
        for name, make in makers.items()
    }
    gc.collect()
    gc.freeze()
    draw = np.random.default_rng()
    taken: dict[str, list[Time]] = {name: [] for name in makers}
    for _ in range(ROUNDS):
        for name, make in makers.items():
            for again in range(REPEATS + 1):
                case = family(float(draw.uniform(0.5, 1.5)))
                spent = once(partial(begin, make, case, starts, tolerances[name]))
                if again:
                    taken[name].append(spent)
    gc.unfreeze()
    report.say(f"\nnew {kind} equations to {COUNT} end states, median error {wanted:.1e}")
    for name, times in taken.items():
        middle = median(times)
        report.say(
            f"{name:31}{middle.wall * 1e3:10.1f} ms, of the processor {middle.cpu * 1e3:10.1f} ms"
        )
    for name, bound in BOUNDS[kind].items():
        if name in makers:
            pairs = zip(taken[name], taken[OURS], strict=True)
            ratio = statistics.median(theirs.wall / own.wall for theirs, own in pairs)
            report.at_least(f"{kind}, {OURS} against {name}", ratio, bound)


def first_picture(report: Report, kind: str, family: Callable[[float], Case]) -> None:
    draw = np.random.default_rng()
    moments, times = np.linspace(0.0, 20.0, 200), []

    def picture(constant: float) -> Integrator:
        case = family(constant)
        integrator = Integrator.of(case.system, wait=False)
        curves = integrator.sample(case.starts(COUNT), moments, rtol=1e-6, atol=1e-6)
        if not np.isfinite(curves).all():
            raise ValueError("a curve is incomplete")
        return integrator

    for _ in range(ROUNDS * REPEATS):
        constant, made = float(draw.uniform(0.5, 1.5)), []
        times.append(once(lambda constant=constant, made=made: made.append(picture(constant))))
        made[0].close()
    report.at_most(f"{kind}, first picture", 1e3 * median(times).wall, 60.0, "ms")


if __name__ == "__main__":
    report = Report(__doc__)
    for name, contender in CHOSEN.items():
        if not present(contender.module):
            report.left_out(name)
    if present("heyoka"):
        import heyoka

        heyoka.llvm_state.set_diskcache_enabled(False)
    for kind, family in FAMILIES.items():
        compare(report, kind, family)
        first_picture(report, kind, family)
    raise SystemExit(report.finish())
