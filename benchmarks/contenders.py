"""Engines that integrate many trajectories of a case to their last states.

Each function makes a solver of one case; it may compile. A solver takes starts, shape (n, m), and
a tolerance, and gives the last states, shape (n, m). All work on one thread, but for XLA's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from systems import Case

from eqpp_dash.engine.machine import Integrator
from eqpp_dash.engine.machine.integrate import End

Array = NDArray[np.float64]
Solver = Callable[[Array, float], Array]


def machine_code(case: Case) -> Solver:
    """Take the integrator in machine code that is compared with the others, for long work."""
    return _integrator(case, machine=True, prepared=True)


def new_machine_code(case: Case) -> Solver:
    """Take it as a caller with a new system has it."""
    return _integrator(case, machine=True)


def numpy_tier(case: Case) -> Solver:
    """Take the same integrator where no machine code can be made."""
    return _integrator(case, machine=False)


def _integrator(case: Case, machine: bool, prepared: bool = False) -> Solver:
    integrator = Integrator.of(case.system, machine=machine)
    if prepared:
        integrator.prepare()
    if machine and integrator.tier != "machine":
        raise SystemExit("there is no machine code to measure: llvmlite is missing")

    def solve(starts: Array, tolerance: float) -> Array:
        result = integrator.propagate(starts, case.span, rtol=tolerance, atol=tolerance, threads=1)
        if not (result.ends == End.TIME).all():
            raise ValueError("a trajectory did not reach its end")
        return result.states

    return solve


def scipy_loop(case: Case) -> Solver:
    """Take scipy's DOP853 with a Python function, one trajectory after the other."""

    def solve(starts: Array, tolerance: float) -> Array:
        options: dict[str, Any] = {"method": "DOP853", "rtol": tolerance, "atol": tolerance}
        ends = [
            solve_ivp(lambda t, u: case.rates(u, math), (0.0, case.span), u, **options).y[:, -1]
            for u in starts.T
        ]
        return np.stack(ends, axis=1)

    return solve


def scipy_stacked(case: Case) -> Solver:
    """Take scipy's DOP853 with all trajectories as one large system, which share their steps."""

    def solve(starts: Array, tolerance: float) -> Array:
        def slope(t: float, u: Array) -> Array:
            return np.concatenate(case.rates(list(u.reshape(starts.shape)), np))

        options: dict[str, Any] = {"method": "DOP853", "rtol": tolerance, "atol": tolerance}
        found = solve_ivp(slope, (0.0, case.span), starts.ravel(), **options)
        return found.y[:, -1].reshape(starts.shape)

    return solve


def numba_specialised(case: Case) -> Solver:
    """Take a DOP853 of one's own that numba compiles together with the right-hand side."""
    from numba_dop853 import specialise

    compiled = specialise(case.fill)
    return lambda starts, tolerance: (
        compiled(np.ascontiguousarray(starts.T), case.span, tolerance).T
    )


def heyoka_batch(case: Case, width: int | None = None, **options: Any) -> Solver:
    """Take heyoka's Taylor method, a batch at a time; for a single trajectory its scalar form."""
    import heyoka

    lanes = width or heyoka.recommended_simd_size()
    symbols = heyoka.make_vars(*"xyz"[: len(case.low)])
    system = list(zip(symbols, case.rates(list(symbols), heyoka), strict=True))
    made: dict[tuple[float, bool], Any] = {}

    def solve(starts: Array, tolerance: float) -> Array:
        count, one = starts.shape[1], starts.shape[1] == 1
        if (tolerance, one) not in made:
            kind = heyoka.taylor_adaptive if one else heyoka.taylor_adaptive_batch
            blank = np.zeros(len(starts) if one else (len(starts), lanes))
            made[tolerance, one] = kind(system, blank, tol=tolerance, **options)
        integrator, ends = made[tolerance, one], np.empty_like(starts)
        if one:
            integrator.time = 0.0
            integrator.state[:] = starts[:, 0]
            integrator.propagate_until(case.span, max_steps=100_000)
            return integrator.state[:, None].copy()
        for begin in range(0, count, lanes):
            some = starts[:, begin : begin + lanes]
            integrator.set_time(0.0)
            integrator.state[:, : some.shape[1]] = some
            integrator.state[:, some.shape[1] :] = some[:, :1]
            integrator.propagate_until(case.span, max_steps=100_000)
            ends[:, begin : begin + lanes] = integrator.state[:, : some.shape[1]]
        return ends

    return solve


def heyoka_fastest(case: Case) -> Solver:
    """Take the same with what was found to be fastest: 16 lanes, and rounding not kept to."""
    return heyoka_batch(case, width=16, fast_math=True)


def numbalsoda_dop853(case: Case) -> Solver:
    """Take numbalsoda's DOP853 of Fortran origin with a compiled function, in a compiled loop."""
    from numba import cfunc
    from numbalsoda import lsoda_sig

    address, loop = cfunc(lsoda_sig)(case.fill).address, _numbalsoda_loop()
    times = np.array([0.0, case.span])
    return lambda starts, tolerance: (
        loop(address, np.ascontiguousarray(starts.T), times, tolerance).T
    )


_LOOPS: dict[str, Any] = {}


def _numbalsoda_loop() -> Any:
    """Compile the loop once: the address of the function is an argument of it."""
    from numba import njit
    from numbalsoda import dop853

    if "numbalsoda" not in _LOOPS:

        @njit
        def loop(address, starts, times, tolerance):  # type: ignore[no-untyped-def]
            ends, nothing = np.empty_like(starts), np.zeros(1)
            for i in range(len(starts)):
                found, _ = dop853(
                    address, starts[i], times, nothing, rtol=tolerance, atol=tolerance
                )
                ends[i] = found[-1]
            return ends

        _LOOPS["numbalsoda"] = loop
    return _LOOPS["numbalsoda"]


def cyrk_dop853(case: Case) -> Solver:
    """Take CyRK's DOP853 with a compiled function, in a compiled loop."""
    return cyrk(case, "DOP853")


def cyrk(case: Case, method: str) -> Solver:
    """Take CyRK with a compiled function, in a compiled loop."""
    from CyRK import nb_diffeq_addr
    from numba import njit

    fill, nothing = njit(case.fill), np.zeros(1)

    def slope(du, t, u, args):  # type: ignore[no-untyped-def]
        fill(t, u, du, nothing)

    address, loop = nb_diffeq_addr(slope), _cyrk_loop(method)
    return lambda starts, tolerance: (
        loop(address, np.ascontiguousarray(starts.T), case.span, tolerance).T
    )


def _cyrk_loop(method: str) -> Any:
    """Compile the loop once."""
    from CyRK import nbsolve2_ivp
    from numba import njit

    if method not in _LOOPS:

        @njit
        def loop(address, starts, span, tolerance):  # type: ignore[no-untyped-def]
            ends = np.empty_like(starts)
            for i in range(len(starts)):
                found = nbsolve2_ivp(
                    address, (0.0, span), starts[i], method=method, rtol=tolerance, atol=tolerance
                )
                ends[i] = found.y[:, -1]
                found.free()
            return ends

        _LOOPS[method] = loop
    return _LOOPS[method]


def diffrax_vmap(case: Case) -> Solver:
    """Take diffrax's Dopri8 under ``jax.vmap`` and ``jax.jit``."""
    import diffrax
    import jax

    jax.config.update("jax_enable_x64", True)
    term = diffrax.ODETerm(
        lambda t, u, args: jax.numpy.stack(
            case.rates([u[i] for i in range(len(case.low))], jax.numpy)
        )
    )

    @jax.jit
    def all_of(starts: Any, tolerance: Any) -> Any:
        def one(start: Any) -> Any:
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

    return lambda starts, tolerance: np.asarray(all_of(jax.numpy.asarray(starts.T), tolerance)).T


@dataclass(frozen=True)
class Contender:
    """An engine, the module that it needs, and how it counts.

    Attributes
    ----------
    module : str
        Module without which it is left out.
    make : callable
        Makes a solver of a case.
    loop : bool
        Whether it takes one trajectory after the other, so that their number does not matter.
    """

    module: str
    make: Callable[[Case], Solver]
    loop: bool = False


CONTENDERS = {
    "scipy DOP853, one by one": Contender("scipy", scipy_loop, loop=True),
    "scipy DOP853, stacked": Contender("scipy", scipy_stacked),
    "numpy tier": Contender("numpy", numpy_tier),
    "numba, specialised DOP853": Contender("numba", numba_specialised, loop=True),
    "numbalsoda DOP853": Contender("numbalsoda", numbalsoda_dop853, loop=True),
    "CyRK DOP853": Contender("CyRK", cyrk_dop853, loop=True),
    "diffrax Dopri8, vmap": Contender("diffrax", diffrax_vmap),
    "heyoka, batch": Contender("heyoka", heyoka_batch),
    "heyoka, batch of 16, fast math": Contender("heyoka", heyoka_fastest),
    "machine code": Contender("llvmlite", machine_code),
}
"""In the order in which they are printed."""
