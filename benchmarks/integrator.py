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
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from eqpp_dash.engine.machine import kernels
from eqpp_dash.engine.machine.build import Code, Target, compile_object, native_target
from eqpp_dash.engine.machine.integrate import End, Integrator
from eqpp_dash.engine.machine.kernel import field_kernel_text, usual_width
from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.machine.routines import module_text
from eqpp_dash.engine.system import System, parse_system

Array = NDArray[np.float64]
Run = Callable[[float], Array]
"""Gives the last states, shape (n, m), for a tolerance."""

TRAJECTORIES = 1000
STIFF_TRAJECTORIES = 256
SHARED_TRAJECTORIES = 20
TOLERANCES = [10.0**-k for k in np.arange(4.0, 13.1, 0.25)]
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
    from CyRK import nb_diffeq_addr, nbsolve2_ivp

    if case.name == "van der Pol":

        def slope(du, t, u, args):
            du[0] = u[1]
            du[1] = (1.0 - u[0] * u[0]) * u[1] - u[0]
    else:

        def slope(du, t, u, args):
            du[0] = 10.0 * (u[1] - u[0])
            du[1] = u[0] * (28.0 - u[2]) - u[1]
            du[2] = u[0] * u[1] - (8.0 / 3.0) * u[2]

    address, starts = nb_diffeq_addr(slope), np.ascontiguousarray(case.starts.T)

    def run(tolerance: float) -> Array:
        options = {"method": "DOP853", "rtol": tolerance, "atol": tolerance}
        ends = [nbsolve2_ivp(address, (0.0, case.span), u, **options).y[:, -1] for u in starts]
        return np.stack(ends, axis=1)

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
    "CyRK DOP853, compiled field": ("CyRK", cyrk_loop),
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


def older_target() -> Target | None:
    """Give a processor with AVX2 and nothing newer, if this one can do as it does."""
    target = Target(native_target().llvm)
    if target.width < 4:
        return None
    target.cpu, target.features, target.width = "x86-64-v3", "", 4
    return target


def peak(target: Target) -> float:
    """Measure the most multiply-adds a core does, in operations a second."""
    lanes = Lanes(target.width)
    names = [f"%a{i}" for i in range(12)]
    nexts = [lanes.fma(name, "%x", "%x") for name in names]
    total = nexts[0]
    phis = [
        f"  {name} = phi {lanes.vector} [ %x, %entry ], [ {after}, %loop ]"
        for name, after in zip(names, nexts, strict=True)
    ]
    body, lanes.lines = lanes.lines, []
    for name in nexts[1:]:
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
    module = module_text([lanes], ["\n".join(text)])
    with Code(target, compile_object(target, module), ["run"]) as code:
        run = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(code.address("run"))
        least = min(cpu_time(lambda: run(place.ctypes.data, rounds)) for _ in range(3))
    return 2.0 * lanes.width * len(names) * rounds / least


def operations(system: System) -> int:
    """Count the additions and multiplications of a step of a rational system, for each lane."""
    width = usual_width(native_target())
    text = field_kernel_text(system.components, system.variables, system.parameters, width=width)
    hot = text[text.index("\nhot:") : text.index("\nlook:")]
    simple = re.findall(r"= f(?:add|sub|mul|div) ", hot)
    fused = re.findall(r"@llvm\.fma\.", hot)
    return len(simple) + 2 * len(fused)


def compare(case: Case) -> None:
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
            f"  {name:28s} {value:12,.0f} trajectories per CPU-second; "
            f"machine code is {ours / value:8,.1f} times as fast"
            f"  (tolerance {tolerance:.1e}, error {error:.1e}, {counts[name]} trajectories)"
        )
    for kind, target in {"this processor": native_target(), "AVX2": older_target()}.items():
        if target is not None:
            print(f"  for {kind}: {share_of_peak(case, target, chosen['machine code'][0])}")


def share_of_peak(case: Case, target: Target, tolerance: float) -> str:
    """Say how much of the arithmetic that a core can do is done."""
    made, system, starts = kernels.Kernel, case.system, case.starts
    kernels.Kernel = partial(made, target=target)
    try:
        integrator = Integrator.of(system)
    finally:
        kernels.Kernel = made
    run = partial(
        integrator.propagate, starts, case.span, rtol=tolerance, atol=tolerance, threads=1
    )
    steps = int(run().steps.sum())
    shares, most, each = [], 0.0, operations(system)
    for _ in range(ROUNDS):
        most = peak(target)
        shares.append(steps * each / cpu_time(run) / most)
    integrator.close()
    return (
        f"{each} operations a step and lane, {statistics.median(shares):.0%} of the "
        f"{most / 1e9:.1f} GFLOP/s of a core"
    )


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


def stiffness() -> None:
    """Time the stiff van der Pol oscillator, mu = 1000, against scipy's LSODA."""
    system = parse_system("x' = y; y' = mu*(1 - x^2)*y - x\nmu = 1000")
    starts = np.stack([np.linspace(1.6, 2.4, STIFF_TRAJECTORIES), np.zeros(STIFF_TRAJECTORIES)])
    few = np.linspace(0, STIFF_TRAJECTORIES - 1, 5, dtype=int)

    def slope(t: float, u: Array) -> list[float]:
        x, y = u
        return [y, 1000.0 * (1.0 - x * x) * y - x]

    def theirs(tolerance: float) -> Array:
        options = {"method": "LSODA", "rtol": tolerance, "atol": tolerance}
        ends = [solve_ivp(slope, (0.0, 2000.0), starts[:, i], **options).y[:, -1] for i in few]
        return np.stack(ends, axis=1)

    with Integrator.of(system) as integrator:

        def ours(tolerance: float, method: str) -> Array:
            options = {"rtol": tolerance, "atol": tolerance, "method": method, "threads": 1}
            return integrator.propagate(starts, 2000.0, **options).states

        exact = ours(1e-13, "Rodas5P")[:, few]
        error = error_of(theirs(1e-6), exact)
        peer = statistics.median(cpu_time(lambda: theirs(1e-6)) for _ in range(ROUNDS)) / few.size
        print(f"van der Pol, mu = 1000, to t = 2000: scipy LSODA {peer * 1e3:.1f} ms each", end="")
        print(f" (tolerance 1e-06, median error {error:.1e})")
        for method in ("Rodas5P", "auto"):
            tolerance, reached = 1e-4, np.inf
            while reached > error:
                tolerance /= 2
                reached = error_of(ours(tolerance, method)[:, few], exact)
            taken = statistics.median(
                cpu_time(lambda method=method, tolerance=tolerance: ours(tolerance, method))
                for _ in range(ROUNDS)
            )
            each = taken / STIFF_TRAJECTORIES
            print(
                f"  machine code, {method:8s} {each * 1e3:.4f} ms each: {peer / each:,.0f} times "
                f"as fast (tolerance {tolerance:.1e}, median error {reached:.1e})"
            )


if __name__ == "__main__":
    missing = [name for name in PEERS if importlib.util.find_spec(name) is None]
    if missing:
        print(f"not compared with, because not installed: {', '.join(missing)}")
    print(f"processor {native_target().cpu}, {usual_width(native_target())} lanes")
    for each in CASES:
        compare(each)
    sampling()
    stiffness()
    latency()
