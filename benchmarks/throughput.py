"""Trajectories that engines integrate in a second of the processor, at equal error.

``python benchmarks/throughput.py``. The error wanted is the median that scipy's DOP853 reaches at
the tolerance 1e-8; each engine gets the largest tolerance at which its own is no larger, against
a solution in extended precision, on the same 40 trajectories. Compiling is not counted.
"""

from __future__ import annotations

from functools import partial

from contenders import CONTENDERS, Solver
from measuring import Report, alternate, error_of, fit_tolerance, present
from reference import PRECISION, last_states
from systems import Case, lorenz, van_der_pol

SHARED = 40
COUNTS = (1, 40, 1000, 100_000)
PATIENCE = 3.0
OURS = "machine code"
SCIPY = "scipy DOP853, one by one"
STACKED = "scipy DOP853, stacked"
NUMBALSODA = "numbalsoda DOP853"
HEYOKA = "heyoka, batch"


def compare(report: Report, case: Case, bounds: dict[str, float]) -> None:
    exact = last_states(case, case.starts(SHARED))
    solvers = {
        name: contender.make(case)
        for name, contender in CONTENDERS.items()
        if present(contender.module)
    }

    def shared_error(solve: Solver, count: int, tolerance: float) -> float:
        return error_of(solve(case.starts(count), tolerance)[:, :SHARED], exact)

    wanted = shared_error(solvers[SCIPY], SHARED, 1e-8)
    chosen: dict[str, tuple[float, float]] = {SCIPY: (1e-8, wanted)}
    for name, solve in solvers.items():
        if name != SCIPY:
            count = 1000 if name == STACKED else SHARED
            chosen[name] = fit_tolerance(partial(shared_error, solve, count), wanted)
    table: dict[int, dict[str, float]] = {}
    for count in COUNTS:
        table[count], ratios = paces(case, count, solvers, chosen, table.get(1000))
        if count == 1000:
            ahead = ratios
    report.say(f"\n{case.name} to t = {case.span:g}, median error at most {wanted:.1e}")
    heads = "".join(f"{'n = ' + format(count, ','):>13}" for count in COUNTS)
    report.say(f"{'trajectories per CPU-second':31}{heads}   tolerance     error  ours at 1,000")
    for name in solvers:
        cells = "".join(
            f"{table[count][name]:13,.0f}" if name in table[count] else f"{'-':>13}"
            for count in COUNTS
        )
        tolerance, error = chosen[name]
        report.say(f"{name:31}{cells}{tolerance:12.1e}{error:10.1e}{ahead[name]:10,.1f} times")
    for name, bound in bounds.items():
        if name in solvers:
            report.at_least(f"{case.name}, n = 1,000, ours against {name}", ahead[name], bound)


def paces(
    case: Case,
    count: int,
    solvers: dict[str, Solver],
    chosen: dict[str, tuple[float, float]],
    before: dict[str, float] | None,
) -> tuple[dict[str, float], dict[str, float]]:
    """Give trajectories per CPU-second, and how many times as fast machine code is.

    scipy's loop takes the shared trajectories as a sample. Many trajectories are left to those
    that are not loops and will not take long, as told by the pace before.
    """
    runs, counts = {}, {}
    for name, solve in solvers.items():
        if before and (CONTENDERS[name].loop or count / before[name] > PATIENCE):
            continue
        counts[name] = min(count, SHARED) if name == SCIPY else count
        starts = case.starts(counts[name])
        solve(starts, chosen[name][0])
        runs[name] = partial(solve, starts, chosen[name][0])
    taken = alternate(runs, rounds=5 if count == 1000 else 2, patience=PATIENCE)
    pace = {name: counts[name] / taken.time(name).cpu for name in runs}
    scale = {name: counts[OURS] / counts[name] for name in runs}
    return pace, {name: taken.ratio(name, OURS) * scale[name] for name in runs}


if __name__ == "__main__":
    report = Report(__doc__)
    for name, contender in CONTENDERS.items():
        if not present(contender.module):
            report.left_out(name)
    report.say(
        f"error against Taylor series with a rounding error of {PRECISION:.1e}; loops over single "
        "trajectories\n"
        "are as fast for any number; scipy's is sampled on 40"
    )
    compare(report, van_der_pol(), {SCIPY: 3000, NUMBALSODA: 12, HEYOKA: 2.5})
    compare(report, lorenz(), {SCIPY: 2500, HEYOKA: 2.0})
    raise SystemExit(report.finish())
