"""One step of the Radau IIA method of order 13, for many trajectories at once.

For stiff systems at tolerances that methods of order 5 reach by very short steps only. Seven
stages at the zeros of Radau's polynomial, collocation of degree 7, L-stable: Hairer and Wanner,
*Solving Ordinary Differential Equations II* (2nd ed., 1996), sections IV.5 (the methods) and IV.8
(transformed simplified Newton iteration, error estimate); for more than three stages, Hairer and
Wanner, "Stiff differential equations solved by Radau methods", *J. Comput. Appl. Math.* 111 (1999)
93-111. Coefficients are computed from these definitions. The Jacobian is exact and evaluated anew
at every step. Lanes are the last axis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial import Polynomial, legendre
from numpy.typing import NDArray

from eqpp_dash.engine.dop853 import TERMS, Array, Field, Trial, root_mean_square
from eqpp_dash.engine.radau import (
    Jacobian,
    apply_inverse,
    finite_jacobian,
    judge_round,
    shifted_inverse,
)

STAGES = 7
ORDER = 2 * STAGES - 1
ESTIMATE_ORDER = STAGES + 1
"""The step is proportional to this root of the tolerance: the estimate is that of a method of
order `STAGES`, and so is the interpolant."""

NEWTON_ROUNDS = 12
NEWTON_TOLERANCE = 0.01
"""Where the Newton iteration may stop, in units of the tolerated error."""

LEAST = 8.0 * float(np.finfo(float).eps)
"""Share of the state below which no tolerance is believed: evaluating the field loses more."""


@dataclass(frozen=True, slots=True, eq=False)
class Coefficients:
    """The method's constants; s is the number of stages.

    Attributes
    ----------
    nodes : ndarray, shape (s,)
        Where the stages are, as shares of the step; the last is 1.
    inverse : ndarray, shape (s, s)
        Inverse of the matrix of Runge and Kutta.
    turn, back : ndarray of complex, shape (s, s)
        Its eigenvectors' inverse, and its eigenvectors.
    poles : ndarray of complex, shape ((s + 1) / 2,)
        Its eigenvalues, without those conjugate to one of them; the first is real.
    estimate : ndarray, shape (s,)
        Weights of the stages in the estimate of the error.
    terms : ndarray, shape (7, s)
        What makes the terms of `dop853.interpolate` of the stages.
    """

    nodes: Array
    inverse: Array
    turn: NDArray[np.complex128]
    back: NDArray[np.complex128]
    poles: NDArray[np.complex128]
    estimate: Array
    terms: Array


def radau_nodes(stages: int) -> Array:
    """Give the zeros of Radau's polynomial of the right end, on the interval from 0 to 1.

    Examples
    --------
    >>> radau_nodes(2).round(12).tolist()
    [0.333333333333, 1.0]
    """
    ends = np.zeros(stages + 1)
    ends[stages], ends[stages - 1] = 1.0, -1.0  # P_s - P_(s-1), which is zero at 1
    x = np.sort(legendre.legroots(ends).real)
    slope = legendre.legder(ends)
    for _ in range(3):
        x = x - legendre.legval(x, ends) / legendre.legval(x, slope)
    x[-1] = 1.0
    nodes: Array = (x + 1.0) / 2.0
    return nodes


def collocation_matrix(nodes: Array) -> Array:
    """Give the matrix of Runge and Kutta of the collocation method with these nodes."""
    points, weights = legendre.leggauss(len(nodes))
    matrix = np.empty((len(nodes), len(nodes)))
    for i, end in enumerate(nodes):
        at = end * (points + 1.0) / 2.0
        for j, node in enumerate(nodes):
            others = np.delete(nodes, j)
            lagrange = np.prod((at[:, None] - others) / (node - others), axis=1)
            matrix[i, j] = end / 2.0 * (weights @ lagrange)
    return matrix


def radau_coefficients() -> Coefficients:
    """Compute the constants of the method of seven stages."""
    nodes = radau_nodes(STAGES)
    matrix = collocation_matrix(nodes)
    inverse: Array = np.linalg.inv(matrix).astype(float)
    poles, back = np.linalg.eig(inverse)
    real = int(np.argmin(np.abs(poles.imag)))
    upper = [i for i in range(STAGES) if poles[i].imag > 1e-8]
    order = [real, *upper, *(int(np.argmin(np.abs(poles - poles[i].conj()))) for i in upper)]
    poles, back = poles[order], back[:, order]
    # Embedded: the field at the start gets the weight 1/pole, the nodes what order s needs.
    first = 1.0 / poles[0].real
    powers = nodes ** np.arange(STAGES)[:, None]
    moments = 1.0 / np.arange(1.0, STAGES + 1)
    moments[0] -= first
    embedded = np.linalg.solve(powers, moments)
    estimate = (embedded - matrix[-1]) @ inverse
    values = np.array([basis(nodes) for basis in _alternating(TERMS)]).T
    terms: Array = np.linalg.inv(values * nodes[:, None]).astype(float)
    return Coefficients(nodes, inverse, np.linalg.inv(back), back, poles[:4], estimate, terms)


def _alternating(count: int) -> list[Polynomial]:
    """Give 1, (1-x), (1-x)x, (1-x)x(1-x) and so on."""
    found = [Polynomial([1.0])]
    for i in range(1, count):
        found.append(found[-1] * (Polynomial([1.0, -1.0]) if i % 2 else Polynomial([0.0, 1.0])))
    return found


_METHOD = radau_coefficients()
_PAIRS = (STAGES - 1) // 2


def take_step(
    field: Field,
    jacobian: Jacobian,
    t: Array,
    y: Array,
    f: Array,
    h: Array,
    relative: Array,
    absolute: Array,
) -> Trial:
    """Try one step of every lane.

    Parameters
    ----------
    field, jacobian : callable
        The field and its exact derivatives, shapes ``(n, lanes)`` and ``(n, n, lanes)``.
    t : ndarray, shape (lanes,)
        Times.
    y, f : ndarray, shape (n, lanes)
        States and the field at them.
    h : ndarray, shape (lanes,)
        Steps.
    relative, absolute : ndarray, shape (n,)
        Tolerated error as a share of the state, and besides.

    Returns
    -------
    Trial
        The tried step; its error is NaN where the Newton iteration failed. Its memory
        holds the terms of the collocation polynomial for `dop853.interpolate`.
    """
    size, relative = np.abs(y), np.maximum(relative, LEAST)
    allowed = absolute[:, None] + relative[:, None] * size
    derivative = finite_jacobian(jacobian, t, y)
    inverses = [shifted_inverse(_METHOD.poles[0].real / h, derivative)]
    inverses += [shifted_inverse(pole / h, derivative) for pole in _METHOD.poles[1:]]
    stages, converged = _collocate(field, t, y, h, inverses, allowed)
    new = y + stages[-1]
    slope = field(t + h, new)
    defect = np.tensordot(_METHOD.estimate, stages, axes=1)
    shift = _METHOD.poles[0].real / h
    first = h / _METHOD.poles[0].real

    def estimated(start: Array) -> tuple[Array, Array]:
        found = apply_inverse(inverses[0], (first * start + defect) * shift)
        largest = np.maximum(size, np.abs(new))
        tolerated = absolute[:, None] + relative[:, None] * largest
        return found / tolerated, found

    scaled, plain = estimated(f)
    error = root_mean_square(scaled)
    # A second pass through the field filters what is stiff out of a too large estimate (IV.8.20).
    again = root_mean_square(estimated(field(t, y + plain))[0])
    error = np.where(error > 1.0, np.fmin(error, again), error)
    good = converged & np.isfinite(new).all(0) & np.isfinite(slope).all(0)
    memory = np.tensordot(_METHOD.terms, stages, axes=1)
    return Trial(new, slope, np.where(good, error, np.nan), memory)


def _collocate(
    field: Field, t: Array, y: Array, h: Array, inverses: list[NDArray[np.generic]], allowed: Array
) -> tuple[Array, NDArray[np.bool_]]:
    """Solve for the stages by simplified Newton iteration in the eigenvectors' coordinates."""
    stages = np.zeros((STAGES, *y.shape))
    slopes = np.empty_like(stages)
    converged = np.zeros(h.shape, dtype=bool)
    before = np.full(h.shape, np.nan)
    for _ in range(NEWTON_ROUNDS):
        for i in range(STAGES):
            slopes[i] = field(t + _METHOD.nodes[i] * h, y + stages[i])
        residual = slopes - np.tensordot(_METHOD.inverse, stages, axes=1) / h
        turned = np.tensordot(_METHOD.turn[: 1 + _PAIRS], residual, axes=1)
        solved = [apply_inverse(inverses[0], turned[0].real)]
        solved += [apply_inverse(inverses[1 + k], turned[1 + k]) for k in range(_PAIRS)]
        change = np.multiply.outer(_METHOD.back[:, 0].real, solved[0].real)
        for k in range(_PAIRS):
            change += 2.0 * np.multiply.outer(_METHOD.back[:, 1 + k], solved[1 + k]).real
        change = np.where(converged, 0.0, change)
        size = np.sqrt(np.mean((change / allowed) ** 2, axis=(0, 1)))
        stages += change
        settled, hopeless = judge_round(size, before, NEWTON_TOLERANCE)
        converged |= settled
        before = size
        if (converged | hopeless).all():
            break
    return stages, converged
