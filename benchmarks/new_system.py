"""New equations to 40 end states in a process that has integrated others before, at equal error.

``python benchmarks/new_system.py``. The constants of a rational and of a transcendental system
are drawn anew each time, so that nothing that was compiled before serves again; what is timed
begins with the equations as text or as Python functions and ends with the states at t = 20. Each
engine has the tolerance at which its error on such a system is the one of scipy's DOP853 at 1e-8.
The clock's time counts here, since waiting is what is felt.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from contenders import (
    CONTENDERS,
    Array,
    Solver,
    cyrk_dop853,
    diffrax_vmap,
    heyoka_batch,
    machine_code,
    numba_specialised,
    numbalsoda_dop853,
    numpy_tier,
    scipy_loop,
)
from eqpp_dash.engine.machine import Integrator
from measuring import Report, error_of, fit_tolerance, present
from systems import Case, damped_pendulum, van_der_pol_with

COUNT = 40
OURS = "machine code"
AT_ONCE = "numpy, machine code to follow"


def at_once(case: Case) -> Solver:
    """Take this integrator as the page does: numpy answers until the code is there."""
    integrator = Integrator.of(case.system, wait=False)

    def solve(starts: Array, tolerance: float) -> Array:
        return integrator.propagate(starts, case.span, rtol=tolerance, atol=tolerance).states

    return solve
