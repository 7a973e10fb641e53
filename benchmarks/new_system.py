"""New equations to 40 end states in a process that has integrated others before, at equal error.

``python benchmarks/new_system.py``. The constants of a rational and of a transcendental system
are drawn anew each time, so that nothing that was compiled for one serves again; heyoka's cache on
disk is turned off. What an engine has compiled for all systems does serve: the loops of numbalsoda
and of CyRK, and the machine code's loop over steps, sine and exponential. What is timed begins with
the equations, as text or as Python functions, and ends with the states at t = 20. Each engine has
the tolerance at which its error on such a system is that of scipy's DOP853 at 1e-8.

Each takes several new systems in a row, of which the first is not counted: it finds the caches full
of what another engine did. What lies in memory for one engine is kept from the garbage collections
that another one sets off. The clock's time counts here, since waiting is what is felt. The first
picture is 40 curves of 200 points, computed by numpy where machine code is not soon there. At last
the first system of a process is timed, without and with a folder that holds what systems share.
"""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from tempfile import TemporaryDirectory

import numpy as np
from contenders import CONTENDERS, Contender, Solver, new_machine_code
from measuring import Array, Report, Time, error_of, fit_tolerance, median, present
from reference import last_states
from systems import Case, damped_pendulum, van_der_pol_with

from eqpp_dash.engine.machine import Integrator

COUNT = 40
ROUNDS = 2
REPEATS = 3
OURS = "machine code"
AT_ONCE = "machine code, not waited for"
SCIPY = "scipy DOP853, one by one"
COMPILED = {"numba, specialised DOP853": 25.0, "diffrax Dopri8, vmap": 12.0}
BOUNDS = dict.fromkeys(("rational", "transcendental"), COMPILED | {SCIPY: 6.0})
FAMILIES: dict[str, Callable[[float], Case]] = {
    "rational": van_der_pol_with,
    "transcendental": damped_pendulum,
}


def at_once(case: Case) -> Solver:
    """Take this integrator with numpy to answer where the code is not soon there."""
    integrator = Integrator.of(case.system, wait=False)

    def solve(starts: Array, tolerance: float) -> Array:
        return integrator.propagate(starts, case.span, rtol=tolerance, atol=tolerance).states

    return solve


CHOSEN = {
    name: contender
    for name, contender in CONTENDERS.items()
    if name not in ("scipy DOP853, stacked", "numpy tier", "heyoka, batch of 16, fast math", OURS)
} | {AT_ONCE: Contender("numpy", at_once), OURS: Contender("llvmlite", new_machine_code)}


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


FIRST = """
import sys, time
from pathlib import Path
from eqpp_dash.engine.machine import Integrator
from eqpp_dash.engine.system import parse_system
begun = time.perf_counter()
folder = Path(sys.argv[2]) if len(sys.argv) > 2 else None
integrator = Integrator.of(parse_system(sys.argv[1]), folder=folder)
integrator.propagate([[0.1] * 40, [0.2] * 40], 20.0, threads=1)
print(time.perf_counter() - begun)
"""


def first_of_process(report: Report, kind: str, family: Callable[[float], Case]) -> None:
    """Time the first system of a process; Python's imports are not counted, LLVM's are."""
    draw = np.random.default_rng()

    def spent(*folder: str) -> float:
        text = family(float(draw.uniform(0.5, 1.5))).text
        command = [sys.executable, "-c", FIRST, text, *folder]
        return float(subprocess.run(command, check=True, capture_output=True).stdout)

    with TemporaryDirectory() as folder:
        spent(folder)
        times = [(spent(), spent(folder)) for _ in range(REPEATS + 2)]
    empty, kept = (1e3 * statistics.median(column) for column in zip(*times, strict=True))
    report.say(
        f"{kind}, the first of a process: {empty:.0f} ms, {kept:.0f} ms with what systems share "
        "on disk"
    )


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
        first_of_process(report, kind, family)
    raise SystemExit(report.finish())
