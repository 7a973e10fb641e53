"""Compare the integrator in machine code with its peers, side by side in one run.

Run ``python benchmarks/integrator.py``. All integrate the same trajectories to the same time;
their errors are measured against a solution at the least tolerances, on those trajectories that
even the slowest compute. What is compared is the time of the processor that each needs for the
median error that scipy's DOP853 reaches at the tolerance 1e-8: each peer is run at ever smaller
tolerances until its error is no larger. Runs alternate, so that all see the same load; medians
are printed. Peers that cannot be imported are left out and named (``make peers`` makes an
environment with them). Everything runs on one thread.
"""

from __future__ import annotations

import ctypes
import importlib.util
import re
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from eqpp_dash.engine.machine.build import compile_ir, native_target
from eqpp_dash.engine.machine.integrate import End, Integrator
from eqpp_dash.engine.machine.kernel import field_kernel_text, usual_width
from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.machine.routines import module_text
from eqpp_dash.engine.system import System, parse_system

Array = NDArray[np.float64]
Run = Callable[[float], Array]
"""Gives the last states, shape (n, m), for a tolerance."""

TRAJECTORIES = 1000
SHARED_TRAJECTORIES = 20
TOLERANCES = [10.0**-k for k in np.arange(7.0, 13.1, 0.25)]
ROUNDS = 7
PEERS = ("heyoka", "numbalsoda", "CyRK", "diffrax")


@dataclass(frozen=True)
class Case:
    """A system, where its trajectories start and how long they are."""

    name: str
    text: str
    span: float
    low: tuple[float, ...]
    high: tuple[float, ...]

    @property
    def system(self) -> System:
        """The system, read anew."""
        return parse_system(self.text)

    @property
    def starts(self) -> Array:
        """Where the trajectories start, shape (n, m)."""
        random = np.random.default_rng(5)
        return random.uniform(self.low, self.high, (TRAJECTORIES, len(self.low))).T.copy()


CASES = (
    Case("van der Pol", "x' = y; y' = (1 - x^2)*y - x", 20.0, (-3.0, -3.0), (3.0, 3.0)),
    Case(
        "Lorenz",
        "x' = 10*(y - x); y' = x*(28 - z) - y; z' = x*y - 8/3*z",
        10.0,
        (-15.0, -15.0, 10.0),
        (15.0, 15.0, 40.0),
    ),
)

# ---- contenders ----------------------------------------------------------------------------


def rates(name: str, u: list[object]) -> list[object]:
    """Give the right-hand sides of a case for anything that can be added and multiplied."""
    if name == "van der Pol":
        x, y = u
        return [y, (1.0 - x * x) * y - x]
    x, y, z = u
    return [10.0 * (y - x), x * (28.0 - z) - y, x * y - (8.0 / 3.0) * z]


def scipy_loop(case: Case) -> Run:
    starts = case.starts[:, :SHARED_TRAJECTORIES]

    def run(tolerance: float) -> Array:
        return np.stack(
            [
                solve_ivp(
                    lambda t, u: rates(case.name, u),
                    (0.0, case.span),
                    start,
                    method="DOP853",
                    rtol=tolerance,
                    atol=tolerance,
                ).y[:, -1]
                for start in starts.T
            ],
            axis=1,
        )

    return run


def machine_code(case: Case) -> Run:
    integrator, starts = Integrator.of(case.system), case.starts
    assert integrator.tier == "machine"

    def run(tolerance: float) -> Array:
        result = integrator.propagate(starts, case.span, rtol=tolerance, atol=tolerance, threads=1)
        assert (result.ends == End.TIME).all()
        return result.states

    return run


def heyoka_batch(case: Case) -> Run:
    import heyoka

    width, starts = heyoka.recommended_simd_size(), case.starts
    symbols = heyoka.make_vars(*"xyz"[: len(starts)])
    system = list(zip(symbols, rates(case.name, list(symbols)), strict=True))
    made: dict[float, object] = {}

    def run(tolerance: float) -> Array:
        if tolerance not in made:
            first = np.ascontiguousarray(starts[:, :width])
            made[tolerance] = heyoka.taylor_adaptive_batch(system, first, tol=tolerance)
        integrator = made[tolerance]
        ends = np.empty_like(starts)
        for begin in range(0, TRAJECTORIES, width):
            integrator.set_time(0.0)
            integrator.state[:] = starts[:, begin : begin + width]
            integrator.propagate_until(case.span, max_steps=100_000)
            ends[:, begin : begin + width] = integrator.state
        return ends

    return run


def numbalsoda_loop(case: Case) -> Run:
    from numba import cfunc, njit
    from numbalsoda import dop853, lsoda_sig

    if case.name == "van der Pol":

        @cfunc(lsoda_sig)
        def slope(t, u, du, p):
            du[0] = u[1]
            du[1] = (1.0 - u[0] * u[0]) * u[1] - u[0]
    else:

        @cfunc(lsoda_sig)
        def slope(t, u, du, p):
            du[0] = 10.0 * (u[1] - u[0])
            du[1] = u[0] * (28.0 - u[2]) - u[1]
            du[2] = u[0] * u[1] - (8.0 / 3.0) * u[2]

    address, times = slope.address, np.array([0.0, case.span])
    starts = np.ascontiguousarray(case.starts.T)

    @njit
    def loop(tolerance):
        ends = np.empty_like(starts)
        for i in range(len(starts)):
            found, _ = dop853(
                address, starts[i], times, np.zeros(1), rtol=tolerance, atol=tolerance
            )
            ends[i] = found[-1]
        return ends

    return lambda tolerance: loop(tolerance).T


def cyrk_loop(case: Case) -> Run:
    from CyRK import pysolve_ivp

    starts = case.starts[:, :SHARED_TRAJECTORIES]

    def slope(du: Array, t: float, u: Array) -> None:
        du[:] = rates(case.name, list(u))

    def run(tolerance: float) -> Array:
        return np.stack(
            [
                pysolve_ivp(
                    slope,
                    (0.0, case.span),
                    np.ascontiguousarray(start),
                    method="DOP853",
                    rtol=tolerance,
                    atol=tolerance,
                    pass_dy_as_arg=True,
                ).y[:, -1]
                for start in starts.T
            ],
            axis=1,
        )

    return run


def diffrax_map(case: Case) -> Run:
    import diffrax
    import jax

    jax.config.update("jax_enable_x64", True)
    term = diffrax.ODETerm(lambda t, u, args: jax.numpy.stack(rates(case.name, list(u))))

    @jax.jit
    def all_of(starts, tolerance):
        def one(start):
            return diffrax.diffeqsolve(
                term,
                diffrax.Dopri8(),
                0.0,
                case.span,
                None,
                start,
                stepsize_controller=diffrax.PIDController(rtol=tolerance, atol=tolerance),
                max_steps=100_000,
                adjoint=diffrax.ForwardMode(),
            ).ys[-1]

        return jax.vmap(one)(starts)

    starts = jax.numpy.asarray(case.starts.T)
    return lambda tolerance: np.asarray(all_of(starts, tolerance)).T


CONTENDERS: dict[str, tuple[str, Callable[[Case], Run]]] = {
    "scipy DOP853, one by one": ("scipy", scipy_loop),
    "machine code": ("llvmlite", machine_code),
    "heyoka, batch": ("heyoka", heyoka_batch),
    "numbalsoda DOP853": ("numbalsoda", numbalsoda_loop),
    "CyRK DOP853, Python field": ("CyRK", cyrk_loop),
    "diffrax Dopri8, vmap": ("diffrax", diffrax_map),
}

# ---- measuring -----------------------------------------------------------------------------


def cpu_time(run: Callable[[], object]) -> float:
    """Give the processor time of a call, at least of 20 ms of calls."""
    repeats, began = 0, time.process_time()
    while True:
        run()
        repeats += 1
        taken = time.process_time() - began
        if taken > 0.02:
            return taken / repeats


def error_of(states: Array, exact: Array) -> float:
    """Give the median of the largest errors, relative beyond 1, of the trajectories all have."""
    states, reference = states[:, :SHARED_TRAJECTORIES], exact[:, :SHARED_TRAJECTORIES]
    return float(np.median(np.max(np.abs(states - reference) / (1 + np.abs(reference)), axis=0)))


def fitting_tolerance(run: Run, exact: Array, wanted: float) -> tuple[float, float]:
    """Give the largest tolerance at which the error is no larger than wanted, and the error."""
    for tolerance in TOLERANCES:
        error = error_of(run(tolerance), exact)
        if error <= wanted:
            return tolerance, error
    return tolerance, error


def peak() -> float:
    """Measure the most multiply-adds a core does, in operations a second."""
    lanes = Lanes(native_target().width)
    names = [f"%a{i}" for i in range(12)]
    nexts = [lanes.fma(name, "%x", "%x") for name in names]
    total = names[0]
    phis = [
        f"  {name} = phi {lanes.vector} [ %x, %entry ], [ {after}, %loop ]"
        for name, after in zip(names, nexts, strict=True)
    ]
    body, lanes.lines = lanes.lines, []
    for name in names[1:]:
        total = lanes.add(total, name)
    text = [
        "define void @run(ptr %place, i64 %rounds) {",
        "entry:",
        f"  %x = load {lanes.vector}, ptr %place, align 8",
        "  br label %loop",
        "loop:",
        *phis,
        "  %i = phi i64 [ 0, %entry ], [ %j, %loop ]",
        *body,
        "  %j = add i64 %i, 1",
        "  %end = icmp eq i64 %j, %rounds",
        "  br i1 %end, label %done, label %loop",
        "done:",
        *lanes.lines,
        f"  store {lanes.vector} {total}, ptr %place, align 8",
        "  ret void",
        "}",
    ]
    rounds, place = 2_000_000, np.full(lanes.width, 0.5)
    with compile_ir(module_text([lanes], ["\n".join(text)]), "peak", ["run"]) as code:
        run = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(code.address("run"))
        least = min(cpu_time(lambda: run(place.ctypes.data, rounds)) for _ in range(5))
    return 2.0 * lanes.width * len(names) * rounds / least


def operations(system: System) -> int:
    """Count the additions and multiplications of a step of a rational system, for each lane."""
    width = usual_width(native_target())
    text = field_kernel_text(system.components, system.variables, system.parameters, width=width)
    hot = text[text.index("\nhot:") : text.index("\nlook:")]
    simple = re.findall(r"= f(?:add|sub|mul|div) ", hot)
    fused = re.findall(r"@llvm\.fma\.", hot)
    return len(simple) + 2 * len(fused)


def compare(case: Case, most: float) -> None:
    found = {
        name: make(case)
        for name, (module, make) in CONTENDERS.items()
        if importlib.util.find_spec(module) is not None
    }
    exact = machine_code(case)(1e-15)
    wanted = error_of(found["scipy DOP853, one by one"](1e-8), exact)
    chosen = {name: fitting_tolerance(run, exact, wanted) for name, run in found.items()}
    counts = {name: run(chosen[name][0]).shape[1] for name, run in found.items()}
    taken: dict[str, list[float]] = {name: [] for name in found}
    for _ in range(ROUNDS):
        for name, run in found.items():
            taken[name].append(cpu_time(lambda run=run, name=name: run(chosen[name][0])))
    pace = {name: counts[name] / statistics.median(times) for name, times in taken.items()}
    ours = pace["machine code"]
    print(f"{case.name}, to t = {case.span:g}, median error {wanted:.1e} or less")
    for name, value in pace.items():
        tolerance, error = chosen[name]
        print(
            f"  {name:26s} {value:12,.0f} trajectories per CPU-second; "
            f"machine code is {ours / value:8,.1f} times as fast"
            f"  (tolerance {tolerance:.1e}, error {error:.1e}, {counts[name]} trajectories)"
        )
    integrator, tolerance = Integrator.of(case.system), chosen["machine code"][0]

    def run() -> NDArray[np.int64]:
        return integrator.propagate(
            case.starts, case.span, rtol=tolerance, atol=tolerance, threads=1
        ).steps

    steps, starts = int(run().sum()), case.starts
    least = statistics.median(
        cpu_time(
            lambda: integrator.propagate(
                starts, case.span, rtol=tolerance, atol=tolerance, threads=1
            )
        )
        for _ in range(ROUNDS)
    )
    each = operations(case.system)
    share = steps * each / least / most
    print(f"  {each} operations a step; {share:.0%} of the {most / 1e9:.1f} GFLOP/s of a core")


def latency() -> None:
    """Time new equations until 40 trajectories have been integrated, in a warm process."""
    texts = {
        "rational": "x' = y; y' = {}*(1 - x^2)*y - x",
        "transcendental": "x' = y; y' = -sin(x) - {}*y*exp(-x^2)",
    }
    for kind, text in texts.items():
        for tier in ("machine", "numpy"):
            times = []
            for i in range(ROUNDS):
                starts = np.random.default_rng(i).uniform(-3, 3, (2, 40))
                began = time.perf_counter()
                system = parse_system(text.format(f"{i + 1}/7"))
                with Integrator.of(system, machine=tier == "machine") as integrator:
                    integrator.propagate(starts, 20.0, rtol=1e-8, atol=1e-8)
                times.append(time.perf_counter() - began)
            middle = statistics.median(times) * 1e3
            print(f"new {kind} system to 40 end states, {tier} tier: {middle:.0f} ms")


def sampling() -> None:
    """Time 80 trajectories with 500 points each against scipy's dense output."""
    case = CASES[0]
    starts, times = case.starts[:, :80], np.linspace(0.0, case.span, 500)

    def theirs(tolerance: float = 1e-8) -> Array:
        return np.stack(
            [
                solve_ivp(
                    lambda t, u: rates(case.name, u),
                    (0.0, case.span),
                    start,
                    method="DOP853",
                    t_eval=times,
                    rtol=tolerance,
                    atol=tolerance,
                ).y
                for start in starts.T
            ],
            axis=2,
        )

    with Integrator.of(case.system) as integrator:
        exact = integrator.sample(starts, times, rtol=1e-14, atol=1e-14, threads=1)
        tolerance, error = 1e-7, np.inf
        while error > 1e-7:
            tolerance /= 2
            found = integrator.sample(starts, times, rtol=tolerance, atol=tolerance, threads=1)
            error = float(np.abs(found - exact).max())
        ours = statistics.median(
            cpu_time(
                lambda: integrator.sample(starts, times, rtol=tolerance, atol=tolerance, threads=1)
            )
            for _ in range(ROUNDS)
        )
    peer = cpu_time(theirs)
    worst = float(np.abs(theirs() - exact).max())
    print(
        f"80 trajectories, 500 points each: {ours * 1e3:.2f} ms (error {error:.1e}); scipy "
        f"{peer * 1e3:.0f} ms (error {worst:.1e}): {peer / ours:,.0f} times as fast"
    )


if __name__ == "__main__":
    missing = [name for name in PEERS if importlib.util.find_spec(name) is None]
    if missing:
        print(f"not compared with, because not installed: {', '.join(missing)}")
    print(f"processor {native_target().cpu}, {usual_width(native_target())} lanes")
    measured = peak()
    for each in CASES:
        compare(each, measured)
    sampling()
    latency()
