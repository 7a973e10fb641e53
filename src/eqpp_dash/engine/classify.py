"""Kinds of equilibria, from the linearisation and a bound of its error.

A sign is used only where the bound decides it. Everything the linearisation cannot decide
is ``undecided``, with the reason.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from eqpp_dash.model.portrait import Array, ComplexArray

EXACT_ENOUGH = 1e-9
"""Relative width below which a discriminant that may be zero counts as zero."""

Interval = tuple[Fraction, Fraction]


@dataclass(frozen=True, slots=True, eq=False)
class Classification:
    """What the linearisation at an equilibrium tells.

    Attributes
    ----------
    eigenvalues : ndarray of complex, shape (n,)
        By rising real part, then imaginary part.
    eigenvectors : ndarray of complex, shape (n, n)
        Unit eigenvectors, one a column.
    kind, stability : str
        In the terms of the documentation's table of kinds.
    hyperbolic : bool
        Whether every real part is proved not to be zero.
    index : int or None
        Sign of the Jacobian's determinant; None where it may vanish.
    reason : str
        Why something is undecided, or on what tolerance a degenerate kind rests.
    """

    eigenvalues: ComplexArray
    eigenvectors: ComplexArray
    kind: str
    stability: str
    hyperbolic: bool
    index: int | None
    reason: str = ""


def classify_equilibrium(
    jacobian: Array,
    lower: Array | None = None,
    upper: Array | None = None,
    *,
    exact: Sequence[Sequence[Fraction]] | None = None,
    linear: bool = False,
) -> Classification:
    """Classify an equilibrium by its linearisation.

    Parameters
    ----------
    jacobian : ndarray, shape (n, n)
        The Jacobian at the computed point.
    lower, upper : ndarray, shape (n, n), optional
        Entrywise bounds of the Jacobian at the true point; without them `jacobian` is
        taken to be exact.
    exact : matrix of fractions.Fraction, optional
        The Jacobian without any error, where it is known so.
    linear : bool
        Whether the field is linear (or affine), so that the linearisation decides all.

    Returns
    -------
    Classification
        Kind, stability, index and the reason for what is undecided.

    Notes
    -----
    In the plane with trace T, determinant D and discriminant (a - d)^2 + 4bc: Perko,
    *Differential Equations and Dynamical Systems*, 3rd ed., 1.5 and 2.10; Strogatz,
    *Nonlinear Dynamics and Chaos*, 5.2. Their intervals are computed in rational
    arithmetic, hence without rounding. In other dimensions the eigenvalues' errors are
    bounded by the theorem of Bauer and Fike (Golub and Van Loan, *Matrix Computations*,
    4th ed., 7.2.2).

    Examples
    --------
    >>> import numpy as np
    >>> classify_equilibrium(np.array([[0.0, 1.0], [-1.0, -0.5]])).kind
    'stable focus'
    >>> classify_equilibrium(np.array([[0.0, 1.0], [-1.0, 0.0]])).kind
    'undecided'
    >>> classify_equilibrium(np.array([[0.0, 1.0], [-1.0, 0.0]]), linear=True).kind
    'center'
    """
    lower = jacobian if lower is None else np.minimum(lower, jacobian)
    upper = jacobian if upper is None else np.maximum(upper, jacobian)
    n = len(jacobian)
    if not (np.isfinite(lower).all() and np.isfinite(upper).all()):
        return undecided_linearization(jacobian, "the derivatives are not bounded here")
    if n == 2:
        return _classify_planar(jacobian, lower, upper, exact, linear)
    if n == 1:
        return _classify_line(jacobian, lower, upper)
    return _classify_general(jacobian, lower, upper)


def undecided_linearization(jacobian: Array, reason: str) -> Classification:
    """Give the classification of a point at which the linearisation is not to be trusted.

    Parameters
    ----------
    jacobian : ndarray, shape (n, n)
        Whatever derivatives there are; may hold NaN.
    reason : str
        Why it is undecided.

    Returns
    -------
    Classification
        All undecided, with eigenvalues where the Jacobian is finite.
    """
    n = len(jacobian)
    values = np.full(n, complex(math.nan))
    vectors = np.full((n, n), complex(math.nan))
    if np.isfinite(jacobian).all():
        values, vectors = _eigenpairs(jacobian)
    return Classification(values, vectors, "undecided", "undecided", False, None, reason)


def _classify_planar(
    jacobian: Array,
    lower: Array,
    upper: Array,
    exact: Sequence[Sequence[Fraction]] | None,
    linear: bool,
) -> Classification:
    if exact is None:
        (a, b), (c, d) = (
            [(Fraction(float(lower[i, j])), Fraction(float(upper[i, j]))) for j in range(2)]
            for i in range(2)
        )
    else:
        (a, b), (c, d) = ([(entry, entry) for entry in row] for row in exact)
    trace = (a[0] + d[0], a[1] + d[1])
    bc = _product(b, c)
    ad = _product(a, d)
    determinant = (ad[0] - bc[1], ad[1] - bc[0])
    square = _square((a[0] - d[1], a[1] - d[0]))
    discriminant = (square[0] + 4 * bc[0], square[1] + 4 * bc[1])
    t, det, disc = _sign(trace), _sign(determinant), _sign(discriminant)
    note = ""
    size = Fraction(float(np.abs(jacobian).max()))
    scale = size**2
    if disc is None and discriminant[1] - discriminant[0] <= scale * Fraction(EXACT_ENOUGH):
        disc = 0
        width = math.sqrt((discriminant[1] - discriminant[0]) / scale) * float(size) / 2
        note = f"the eigenvalues are equal within {width:.1g}; that they are equal is not proved"
    star = disc == 0 and _is_multiple_of_identity(b, c, a, d, size)
    values, vectors = planar_eigenpairs(jacobian, disc == 0, star, t == 0)
    index = det if det in (-1, 1) else None

    def answer(kind: str, stability: str, hyperbolic: bool, reason: str = "") -> Classification:
        return Classification(values, vectors, kind, stability, hyperbolic, index, reason)

    if det == -1:
        return answer("saddle", "unstable", True)
    if det != 1:
        return answer("undecided", "undecided", False, _zero_reason(values, jacobian, det, t))
    if t in (-1, 1):
        stability = "stable" if t == -1 else "unstable"
        if disc is None:
            reason = "the error of the derivatives does not decide between node and focus"
            return answer("undecided", stability, True, reason)
        shape = {1: "node", -1: "focus", 0: "star" if star else "degenerate node"}[disc]
        return answer(f"{stability} {shape}", stability, True, note)
    pair = f"±{abs(values[1].imag):.6g}i"
    if linear and (t == 0 or trace[1] - trace[0] <= Fraction(EXACT_ENOUGH) * size):
        proof = "" if t == 0 else f"the trace is zero within {float(trace[1] - trace[0]):.1g}"
        return answer("center", "neutral", False, proof)
    how = "are purely imaginary" if t == 0 else "have a real part that is zero within its error"
    reason = (
        f"the eigenvalues {pair} {how}: the linearisation cannot tell a center from a weak focus"
    )
    return answer("undecided", "undecided", False, reason)


def _zero_reason(values: ComplexArray, jacobian: Array, det: int | None, t: int | None) -> str:
    if not jacobian.any():
        return "the linearisation vanishes: both eigenvalues are zero"
    if det == 0 and t == 0:
        return "both eigenvalues of the linearisation are zero (nilpotent)"
    small, other = sorted(values, key=abs)
    rest = f"the other is {_number(other)}"
    if det == 0:
        return f"the linearisation has an eigenvalue zero; {rest}"
    return f"the linearisation has an eigenvalue zero within its error ({abs(small):.1g}); {rest}"


def _number(value: complex) -> str:
    return f"{value.real:.6g}" if abs(value.imag) == 0 else f"{value:.6g}"


def _classify_line(jacobian: Array, lower: Array, upper: Array) -> Classification:
    values, vectors = jacobian[:, 0].astype(complex), np.ones((1, 1), complex)
    sign = _sign((Fraction(float(lower[0, 0])), Fraction(float(upper[0, 0]))))
    if sign in (-1, 1):
        word = "stable" if sign == -1 else "unstable"
        return Classification(values, vectors, word, word, True, sign)
    reason = "the derivative is zero" + ("" if sign == 0 else " within its error")
    return Classification(values, vectors, "undecided", "undecided", False, None, reason)


def _classify_general(jacobian: Array, lower: Array, upper: Array) -> Classification:
    values, vectors = _eigenpairs(jacobian)
    spread = np.maximum(upper - jacobian, jacobian - lower)
    perturbation = np.linalg.norm(spread) + 1e-14 * np.linalg.norm(jacobian)
    bound = perturbation * np.linalg.cond(vectors)
    if not (np.abs(values.real) > bound).all():
        doubtful = ", ".join(_number(v) for v in values[np.abs(values.real) <= bound])
        reason = f"real part zero within its error ({bound:.1g}): {doubtful}"
        return Classification(values, vectors, "undecided", "undecided", False, None, reason)
    unstable = int((values.real > 0).sum())
    stability = "stable" if unstable == 0 else "unstable"
    index = -1 if (len(values) - unstable) % 2 == 1 else 1
    if unstable == 0:
        kind = "sink"
    elif unstable == len(values):
        kind = "source"
    else:
        kind = "saddle-focus" if (np.abs(values.imag) > bound).any() else "saddle"
    return Classification(values, vectors, kind, stability, True, index)


def _eigenpairs(jacobian: Array) -> tuple[ComplexArray, ComplexArray]:
    values, vectors = np.linalg.eig(jacobian)
    order = np.lexsort((values.imag, values.real))
    return values[order].astype(complex), vectors[:, order].astype(complex)


def planar_eigenpairs(
    jacobian: Array, double: bool, star: bool, traceless: bool
) -> tuple[ComplexArray, ComplexArray]:
    """Solve the characteristic equation in the plane, keeping a double eigenvalue double.

    Parameters
    ----------
    jacobian : ndarray, shape (2, 2)
        The matrix; not zero.
    double, star, traceless : bool
        Whether the eigenvalues are equal, the matrix is a multiple of the identity, the trace is
        zero.

    Returns
    -------
    values : ndarray of complex, shape (2,)
        By rising real part, then imaginary part.
    vectors : ndarray of complex, shape (2, 2)
        Unit eigenvectors, one a column.
    """
    # In units of a power of two, so that squares of the entries do not overflow.
    unit = math.ldexp(1.0, math.frexp(float(np.abs(jacobian).max()))[1] - 1)
    (a, b), (c, d) = (jacobian / unit).tolist()
    mean = 0.0 if traceless else (a + d) / 2
    if star:
        return np.array([mean * unit, mean * unit], complex), np.eye(2, dtype=complex)
    root = 0j if double else complex((a - d) ** 2 / 4 + b * c) ** 0.5
    values = np.array([mean - root, mean + root])
    if root.imag == 0 and root.real > 0 and mean != 0:
        large = mean + math.copysign(root.real, mean)  # the other from the product: no cancellation
        values = np.array(sorted((large, (a * d - b * c) / large)), complex)
    elif root.imag != 0:
        values = np.array([complex(mean, -abs(root.imag)), complex(mean, abs(root.imag))])
    vectors = np.empty((2, 2), complex)
    for k, value in enumerate(values):
        first, second = np.array([b, value - a], complex), np.array([value - d, c], complex)
        longest = max(first, second, key=lambda v: float(np.linalg.norm(v)))
        norm = np.linalg.norm(longest)
        vectors[:, k] = longest / norm if norm > 0 else np.eye(2)[k]
    return np.asarray(values * unit, complex), vectors


def _is_multiple_of_identity(
    b: Interval, c: Interval, a: Interval, d: Interval, size: Fraction
) -> bool:
    limit = Fraction(EXACT_ENOUGH) * size
    entries = (*b, *c, a[0] - d[1], a[1] - d[0])
    return all(abs(entry) <= limit for entry in entries)


def _product(a: Interval, b: Interval) -> Interval:
    ends = [x * y for x in a for y in b]
    return min(ends), max(ends)


def _square(a: Interval) -> Interval:
    low, high = sorted((abs(a[0]), abs(a[1])))
    return (Fraction(0) if a[0] <= 0 <= a[1] else low * low), high * high


def _sign(a: Interval) -> int | None:
    """Give the sign of an interval's numbers; None if it is not one and the same."""
    if a[0] > 0:
        return 1
    if a[1] < 0:
        return -1
    return 0 if a[0] == a[1] == 0 else None
