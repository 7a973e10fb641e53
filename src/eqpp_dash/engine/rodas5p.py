"""One step of the Rosenbrock method Rodas5P of order 5, for many trajectories at once.

For stiff systems: eight stages, one matrix, no iteration; stiffly accurate and L-stable, with an
embedded method of order 4 and an interpolant of order 4. G. Steinebach, "Construction of
Rosenbrock-Wanner method Rodas5P and numerical benchmarks within the Julia Differential Equations
package", *BIT Numerical Mathematics* 63, 27 (2023); the coefficients are those of its
implementation in OrdinaryDiffEq.jl, for the form of the method without products by the Jacobian:
Hairer and Wanner, *Solving Ordinary Differential Equations II* (2nd ed., 1996), (IV.7.25). The
Jacobian and the derivative with respect to time are exact. Lanes are the last axis.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from eqpp_dash.engine.dop853 import TERMS, Array, Field, Trial, root_mean_square

STAGES = 8
EMBEDDED_ORDER = 4

GAMMA = 0.21193756319429014
"""On the diagonal of every stage: the matrix is ``I / (h*GAMMA) - J``."""

_LAST = (
    -7.502846399306121,
    2.561846144803919,
    -11.627539656261098,
    -0.18268767659942256,
    0.030198172008377946,
)


def _lower(rows: list[tuple[float, ...]]) -> Array:
    table = np.zeros((STAGES, STAGES))
    for i, row in enumerate(rows):
        table[i, : len(row)] = row
    table.setflags(write=False)
    return table


A = _lower(
    [
        (),
        (3.0,),
        (2.849394379747939, 0.45842242204463923),
        (-6.954028509809101, 2.489845061869568, -10.358996098473584),
        (2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641),
        _LAST,
        (*_LAST, 1.0),
        (*_LAST, 1.0, 1.0),
    ]
)
"""Where the stages are evaluated. The new state is that of the last stage plus the last stage,
which alone is the estimate of the error."""

C = _lower(
    [
        (),
        (-14.155112264123755,),
        (-17.97296035885952, -2.859693295451294),
        (147.12150275711716, -1.41221402718213, 71.68940251302358),
        (165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306),
        (
            24.854864614690072,
            -3.0009227002832186,
            47.4931110020768,
            5.5814197821558125,
            -0.6610691825249471,
        ),
        (
            30.91273214028599,
            -3.1208243349937974,
            77.79954646070892,
            34.28646028294783,
            -19.097331116725623,
            -28.087943162872662,
        ),
        (
            37.80277123390563,
            -3.2571969029072276,
            112.26918849496327,
            66.9347231244047,
            -40.06618937091002,
            -54.66780262877968,
            -9.48861652309627,
        ),
    ]
)
"""Shares, over the step, of the earlier stages in the right-hand sides."""

TIMES = (
    0.0,
    0.6358126895828704,
    0.4095798393397535,
    0.9769306725060716,
    0.4288403609558664,
    1.0,
    1.0,
    1.0,
)
"""When the stages are evaluated, as shares of the step."""

DRIFTS = (
    GAMMA,
    -0.42387512638858027,
    -0.3384627126235924,
    1.8046452872882734,
    2.325825639765069,
    0.0,
    0.0,
    0.0,
)
"""Shares of the derivative with respect to time, times the step, in the right-hand sides."""

INTERPOLANT = np.array(
    [
        (
            25.948786856663858,
            -2.5579724845846235,
            10.433815404888879,
            -2.3679251022684204,
            0.524948541321073,
            1.1241088310450404,
            0.4272876194431874,
            -0.17202221070155493,
        ),
        (
            -9.91568850695171,
            -0.9689944594115154,
            3.0438037242978453,
            -24.495224566215796,
            20.176138334709044,
            15.98066361424651,
            -6.789040303419874,
            -6.710236069923372,
        ),
        (
            11.419903575922262,
            2.8879645146136994,
            72.92137995996029,
            80.12511834622643,
            -52.072871366152654,
            -59.78993625266729,
            -0.15582684282751913,
            4.883087185713722,
        ),
    ]
)
"""The interpolant at a share s is ``y + s*(new - y) + s*(1 - s)*(p + s*(q + s*r))``: p, q, r."""

TERM_WEIGHTS = np.array([INTERPOLANT[0], INTERPOLANT[1] + INTERPOLANT[2], -INTERPOLANT[2]])
"""The second to the fourth term of `dop853.interpolate`, as combinations of the stages."""

Linear = Callable[[Array, Array], tuple[Array, Array]]


def take_step(
    field: Field,
    linear: Linear,
    t: Array,
    y: Array,
    f: Array,
    h: Array,
    scale: Callable[[Array], Array],
) -> Trial:
    """Try one step of every lane.

    Parameters
    ----------
    field, linear : callable
        The field; its Jacobian, shape ``(n, n, lanes)``, and its derivative with respect to
        time, shape ``(n, lanes)``. Where those are not finite they count as zero: the estimate
        of the error then keeps the step short.
    t : ndarray, shape (lanes,)
        Times.
    y, f : ndarray, shape (n, lanes)
        States and the field at them.
    h : ndarray, shape (lanes,)
        Steps.
    scale : callable
        Tolerated error as a function of the magnitude of the states.

    Returns
    -------
    Trial
        The tried step; its error is NaN where the field is undefined at a stage or the matrix
        is singular. Its memory holds the terms of `dop853.interpolate`.
    """
    jacobian, drift = (np.where(np.isfinite(part), part, 0.0) for part in linear(t, y))
    inverse = _inverse(jacobian, h)
    stages = np.zeros((STAGES, *y.shape))
    state = y
    for i in range(STAGES):
        if i:
            state = y + np.tensordot(A[i, :i], stages[:i], axes=1)
        slope = f if i == 0 else field(t + TIMES[i] * h, state)
        right = slope + np.tensordot(C[i, :i], stages[:i], axes=1) / h + DRIFTS[i] * h * drift
        stages[i] = np.einsum("ijk,jk->ik", inverse, right)
    new = state + stages[-1]
    end = field(t + h, new)
    tolerated = scale(np.maximum(np.abs(y), np.abs(new)))
    error = root_mean_square(stages[-1] / tolerated)
    good = np.isfinite(new).all(0) & np.isfinite(end).all(0)
    terms = np.zeros((TERMS, *y.shape))
    terms[0] = new - y
    terms[1:4] = np.tensordot(TERM_WEIGHTS, stages, axes=1)
    return Trial(new, end, np.where(good, error, np.nan), terms)


def _inverse(jacobian: Array, h: Array) -> Array:
    """Invert the matrices of all lanes; NaN where one is singular."""
    n = len(jacobian)
    matrices = np.moveaxis(-jacobian, -1, 0).copy()
    matrices[:, np.arange(n), np.arange(n)] += (1.0 / (GAMMA * h))[:, None]
    try:
        inverse = np.asarray(np.linalg.inv(matrices), dtype=np.float64)
    except np.linalg.LinAlgError:  # one lane or more: the others do not suffer for it
        inverse = np.full_like(matrices, np.nan)
        for lane, matrix in enumerate(matrices):
            if np.linalg.matrix_rank(matrix) == n:
                inverse[lane] = np.linalg.inv(matrix)
    return np.moveaxis(inverse, 0, -1)
