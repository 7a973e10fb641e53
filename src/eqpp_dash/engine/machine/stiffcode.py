"""A step of the Rosenbrock method Rodas5P as instructions for vectors.

The method, its source and its coefficients are those of `engine.rodas5p`. The step is controlled
as in `stepcode`, by the error of the embedded method of order 4.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from eqpp_dash.engine.machine import linearcode
from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.machine.stepcode import (
    SAFETY,
    SHRINKAGE,
    Slope,
    StepCode,
    combine,
    greater,
    lesser,
)
from eqpp_dash.engine.rodas5p import DRIFTS, GAMMA, STAGES, TERM_WEIGHTS, TIMES, A, C

#: Gives the Jacobian by rows, and the derivative with respect to time if there is any.
Linear = Callable[[str, list[str]], tuple[list[list[str]], list[str] | None]]

#: As `stepcode._BALANCE`, for the tenth root.
_BALANCE = 0.053


def emit_stiff_step(
    lanes: Lanes,
    slope: Slope,
    linear: Linear,
    t: str,
    h: str,
    y: list[str],
    f: list[str],
    relative: list[str],
    absolute: list[str],
    solver: Callable[[list[list[str]]], linearcode.Solver] | None = None,
) -> StepCode:
    """Emit a tried step; `slopes` of the result are the stages.

    Parameters
    ----------
    lanes : Lanes
        Where the instructions go.
    slope, linear : callable
        Emit the field and its derivatives.
    t, h : str
        Time and step.
    y, f : list of str
        State and the field there.
    relative, absolute : list of str
        Tolerances of each component.
    solver : callable, optional
        Emits the factors of a matrix and gives what emits solutions.
    """
    n = len(y)
    zero, one = lanes.constant(0.0), lanes.constant(1.0)
    jacobian, drift = linear(t, y)
    inverse = lanes.divide(one, h)
    diagonal = lanes.multiply(inverse, lanes.constant(1.0 / GAMMA))
    matrix = [[lanes.negate(_defined(lanes, value)) for value in row] for row in jacobian]
    for i in range(n):
        matrix[i][i] = lanes.add(diagonal, matrix[i][i])
    solve = solver(matrix) if solver else linearcode.solver(lanes, matrix)
    drifts = None
    if drift is not None:
        drifts = [lanes.multiply(h, _defined(lanes, value)) for value in drift]
    stages: list[list[str]] = []
    state = y
    for stage in range(STAGES):
        right = f
        if stage:
            rows = [[row[i] for row in stages] for i in range(n)]
            state = [lanes.add(y[i], combine(lanes, A[stage, :stage], rows[i])) for i in range(n)]
            right = slope(lanes.fma(h, lanes.constant(TIMES[stage]), t), state)
            right = [
                lanes.fma(combine(lanes, C[stage, :stage], rows[i]), inverse, right[i])
                for i in range(n)
            ]
        if drifts is not None and DRIFTS[stage] != 0.0:
            share = lanes.constant(DRIFTS[stage])
            right = [lanes.fma(drifts[i], share, right[i]) for i in range(n)]
        stages.append(solve(right))
    last = stages[-1]
    new = [lanes.add(state[i], last[i]) for i in range(n)]
    end = slope(lanes.add(t, h), new)
    error = lanes.multiply(new[0], zero)  # stays zero as long as everything is finite
    for value in (*new[1:], *end):
        error = lanes.fma(value, zero, error)
    for i in range(n):
        size = greater(lanes, lanes.absolute(y[i]), lanes.absolute(new[i]))
        scaled = lanes.divide(last[i], lanes.fma(size, relative[i], absolute[i]))
        error = lanes.fma(scaled, scaled, error)
    error = lanes.multiply(error, lanes.constant(1.0 / n))
    return StepCode(new, end, error, stages, state)


def _defined(lanes: Lanes, value: str) -> str:
    """Replace what is not finite by zero."""
    zero = lanes.constant(0.0)
    finite = lanes.compare("oeq", lanes.multiply(value, zero), zero)
    return lanes.select(finite, value, zero)


def tenth_root(lanes: Lanes, x: str) -> str:
    """Give x**(-1/10) within three percent, for positive normal x; see `inverse_root`."""
    one = 0x3FF << 52
    magic = one + one // 10 - int(_BALANCE * 2**52)
    tenth = lanes.integer("mul", lanes.integer("lshr", lanes.bits(x), 32), round(2**32 / 10))
    near = lanes.from_bits(lanes.emit(f"sub {lanes.integers} splat (i64 {magic}), {tenth}"))
    square = lanes.multiply(near, near)
    fourth = lanes.multiply(square, square)
    power = lanes.multiply(lanes.multiply(fourth, fourth), square)
    share = lanes.fma(lanes.multiply(x, power), lanes.constant(-0.1), lanes.constant(1.1))
    return lanes.multiply(near, share)


def emit_stiff_step_factor(lanes: Lanes, error: str, most: str) -> str:
    """Emit how the step changes: ``0.9 * error**(-1/5)``, from the square of the error."""
    error = greater(lanes, lanes.constant(1e-40), error)  # NaN stays
    factor = lanes.multiply(tenth_root(lanes, error), lanes.constant(SAFETY))
    # An error that is NaN or has overflown leaves a factor that is no positive number.
    factor = greater(lanes, factor, lanes.constant(SHRINKAGE))
    return lesser(lanes, factor, most)


def emit_stiff_dense_terms(lanes: Lanes, y: list[str], step: StepCode) -> list[list[str]]:
    """Emit the four terms of the interpolant of order 4 of each component."""
    terms: list[list[str]] = []
    for i in range(len(y)):
        stages: Sequence[str] = [row[i] for row in step.slopes]
        own = [combine(lanes, weights, stages) for weights in TERM_WEIGHTS]
        terms.append([lanes.subtract(step.state[i], y[i]), *own])
    return terms
