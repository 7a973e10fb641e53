"""Compare the batch integrator with a loop over scipy's solve_ivp, side by side in one run.

Run ``python benchmarks/trajectories.py``. Both integrate the same 40 orbits of each system
forward at the same tolerances with dense output, and both are compared with a far more
accurate solution; printed are times, their ratio and the largest errors.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from scipy.integrate import solve_ivp

from eqpp_dash.engine import compute_portrait, parse_system, preview_portrait, trace_trajectories
from eqpp_dash.engine.integrate import integrate_orbits
from eqpp_dash.engine.orbits import Problem
from eqpp_dash.model.spec import PortraitSpec

ORBITS = 40
SYSTEMS = {
    "pendulum": ("x' = y; y' = -sin(x)", 20.0, "DOP853"),
    "van der Pol, mu = 1": ("x' = y; y' = (1 - x^2)*y - x", 20.0, "DOP853"),
    "van der Pol, mu = 1000": ("x' = y; y' = 1000*(1 - x^2)*y - x", 100.0, "Radau"),
    "Lotka-Volterra": ("x' = x*(1.5 - y); y' = y*(x - 3)", 20.0, "DOP853"),
    "FitzHugh-Nagumo": (
        "v' = v - v^3/3 - w + 0.5; w' = 0.08*(v + 0.7 - 0.8*w)",
        100.0,
        "DOP853",
    ),
}


def best(run: Callable[[], object], times: int = 3) -> float:
    """Give the least of some run times, in seconds."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        run()
        taken.append(time.perf_counter() - began)
    return min(taken)


def compare(name: str, text: str, span: float, method: str) -> None:
    field = parse_system(text).compile()
    starts = np.random.default_rng(1).uniform(0.2, 2.0, (2, ORBITS))
    problem = Problem(field, np.zeros(2), np.full(2, 4.0), span, rtol=1e-8, atol=1e-10)
    signs, steps = np.ones(ORBITS), np.full(ORBITS, 20_000, dtype=np.intp)

    def ours() -> np.ndarray:
        return integrate_orbits(problem, starts, signs, steps=steps).ends.state

    def jacobian(t: float, x: np.ndarray) -> np.ndarray:
        return np.array(field.jacobian_scalar(t, x))

    def theirs(rtol: float = 1e-8, atol: float = 4e-10) -> np.ndarray:
        options = {"jac": jacobian} if method == "Radau" else {}
        return np.stack(
            [
                solve_ivp(
                    field.scalar,
                    (0.0, span),
                    start,
                    method,
                    rtol=rtol,
                    atol=atol,
                    dense_output=True,
                    **options,
                ).y[:, -1]
                for start in starts.T
            ],
            axis=1,
        )

    exact = theirs(1e-12, 1e-12)
    mine, scipys = best(ours), best(theirs, 1)
    errors = [np.abs(states - exact).max() for states in (ours(), theirs())]
    print(
        f"{name:24s} batch {mine * 1e3:7.1f} ms, scipy {method:6s} {scipys * 1e3:8.1f} ms, "
        f"ratio {scipys / mine:6.1f}; errors {errors[0]:.1e} and {errors[1]:.1e}"
    )


def time_portraits() -> None:
    pi = np.pi
    for name, spec in {
        "pendulum": PortraitSpec(
            "theta' = omega; omega' = -sin(theta)",
            window={"theta": (-2.1 * pi, 2.1 * pi), "omega": (-3.0, 3.0)},
        ),
        "van der Pol": PortraitSpec(
            "x' = y; y' = mu*(1 - x^2)*y - x", window={"x": (-4.0, 4.0), "y": (-4.0, 4.0)}
        ),
    }.items():
        whole = best(lambda spec=spec: compute_portrait(spec))
        preview = best(lambda spec=spec: preview_portrait(spec, starts=[(1.0, 0.5)]))
        click = best(lambda spec=spec: trace_trajectories(spec, [(1.0, 0.7)]))
        print(
            f"{name:24s} portrait {whole * 1e3:.0f} ms, preview {preview * 1e3:.0f} ms, "
            f"click {click * 1e3:.0f} ms"
        )


if __name__ == "__main__":
    for title, (equations, until, peer) in SYSTEMS.items():
        compare(title, equations, until, peer)
    time_portraits()
