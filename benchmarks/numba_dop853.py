"""DOP853 in Python that numba compiles for one right-hand side: what one writes without a library.

Steps are controlled as in scipy's DOP853 (Hairer, Nørsett and Wanner, *Solving Ordinary
Differential Equations I*, II.5 and II.10).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.integrate._ivp import dop853_coefficients as coefficients

STAGES = coefficients.N_STAGES
A = np.ascontiguousarray(coefficients.A[:STAGES, :STAGES])
B = coefficients.B.copy()
C = coefficients.C[:STAGES].copy()
E3 = coefficients.E3[: STAGES + 1].copy()
E5 = coefficients.E5[: STAGES + 1].copy()


def specialise(fill: Callable[..., None]) -> Callable[[NDArray[np.float64], float, float], Any]:
    """Give a function of starts (m, n), span and tolerance that gives the last states (m, n)."""
    slope = njit(fill)

    @njit
    def solve(starts, span, tolerance):  # type: ignore[no-untyped-def]
        count, n = starts.shape
        ends = np.empty_like(starts)
        k = np.empty((STAGES + 1, n))
        trial, nothing = np.empty(n), np.zeros(1)
        for member in range(count):
            y, time = starts[member].copy(), 0.0
            slope(time, y, k[0], nothing)
            d0 = d1 = d2 = 0.0
            for i in range(n):
                scale = tolerance + tolerance * abs(y[i])
                d0 += (y[i] / scale) ** 2
                d1 += (k[0, i] / scale) ** 2
            d0, d1 = np.sqrt(d0 / n), np.sqrt(d1 / n)
            first = 1e-6 if d0 < 1e-5 or d1 < 1e-5 else 0.01 * d0 / d1
            for i in range(n):
                trial[i] = y[i] + first * k[0, i]
            slope(first, trial, k[1], nothing)
            for i in range(n):
                d2 += ((k[1, i] - k[0, i]) / (tolerance + tolerance * abs(y[i]))) ** 2
            d2 = np.sqrt(d2 / n) / first
            largest = max(d1, d2)
            guess = max(1e-6, first * 1e-3) if largest <= 1e-15 else (0.01 / largest) ** 0.125
            step, rejected = min(100.0 * first, guess), False
            while time < span:
                step = min(step, span - time)
                for stage in range(1, STAGES):
                    for i in range(n):
                        total = 0.0
                        for j in range(stage):
                            total += A[stage, j] * k[j, i]
                        trial[i] = y[i] + step * total
                    slope(time + C[stage] * step, trial, k[stage], nothing)
                for i in range(n):
                    total = 0.0
                    for j in range(STAGES):
                        total += B[j] * k[j, i]
                    trial[i] = y[i] + step * total
                slope(time + step, trial, k[STAGES], nothing)
                square5 = square3 = 0.0
                for i in range(n):
                    scale = tolerance + tolerance * max(abs(y[i]), abs(trial[i]))
                    error5 = error3 = 0.0
                    for j in range(STAGES + 1):
                        error5 += E5[j] * k[j, i]
                        error3 += E3[j] * k[j, i]
                    square5 += (error5 / scale) ** 2
                    square3 += (error3 / scale) ** 2
                error = 0.0
                if square5 > 0.0 or square3 > 0.0:
                    error = step * square5 / np.sqrt((square5 + 0.01 * square3) * n)
                if error < 1.0:
                    time += step
                    y[:] = trial
                    k[0] = k[STAGES]
                    factor = 10.0 if error == 0.0 else min(10.0, 0.9 * error**-0.125)
                    step *= min(1.0, factor) if rejected else factor
                    rejected = False
                else:
                    step *= max(0.2, 0.9 * error**-0.125)
                    rejected = True
            ends[member] = y
        return ends

    return solve
