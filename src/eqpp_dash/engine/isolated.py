"""Where a factor of a planar field vanishes at isolated points only, not on a curve."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np

from eqpp_dash.engine.algebra.roots import real_roots
from eqpp_dash.engine.algebra.solve import CommonFactorError, Solution, solve_pair
from eqpp_dash.engine.algebra.subresultants import nested, subresultants
from eqpp_dash.engine.algebra.univariate import evaluate, from_fractions
from eqpp_dash.engine.compiled import Factor
from eqpp_dash.engine.curves import trace_zero_set
from eqpp_dash.engine.exact import differentiate
from eqpp_dash.engine.exactzeros import enclosed
from eqpp_dash.engine.expression.polynomial import Polynomial, TooLargeError, Work
from eqpp_dash.model.portrait import Array

WORK = 60_000
"""Budget, in products of coefficients."""
ONE_POINT = 1e-6
"""Extent of a traced branch, as a share of the window, up to which it is one point."""

TRACED = 1e-9
"""Error of a traced point, as a share of the window, see `trace_zero_set`."""


def isolated_zeros(polynomial: Polynomial, work: Work) -> tuple[Solution, ...] | None:
    """Find all real zeros of a polynomial in (x, y) if it is proved that they are isolated.

    Between two neighbouring real roots of the resultant R(x) of h and h_y, the number of real
    zeros of h(x, .) does not change: cylindrical algebraic decomposition, S. Basu, R. Pollack
    and M.-F. Roy, *Algorithms in Real Algebraic Geometry*, section 5.1. If there are none at
    one x of each such interval, all zeros lie above finitely many x, and on no vertical line.

    Parameters
    ----------
    polynomial : Polynomial
        h, in two variables.
    work : Work
        Budget.

    Returns
    -------
    tuple of Solution, or None
        All real zeros; None if h vanishes on a curve or that is not decided.

    Examples
    --------
    >>> h = {(2, 0): Fraction(1), (0, 2): Fraction(2)}
    >>> [zero.point for zero in isolated_zeros(h, Work())]
    [(0.0, 0.0)]
    >>> isolated_zeros(h | {(0, 0): Fraction(-1)}, Work()) is None
    True
    """
    slope = differentiate(polynomial, 1)
    rows = nested(polynomial)
    if len(rows) < 3 or len(rows) % 2 == 0:  # of odd degree in y: zeros above almost every x
        return None
    try:
        chain = subresultants(rows, nested(slope), work)
        if 0 not in chain:
            return None
        bounds = [(root.lo, root.hi) for root in real_roots(chain[0][0], work)]
        for x in _between(bounds):
            fibre = from_fractions([evaluate(row, x) for row in rows])[0]
            if real_roots(fibre, work):
                return None
        return solve_pair(polynomial, slope, work).points
    except (CommonFactorError, TooLargeError):
        return None


def _between(bounds: list[tuple[Fraction, Fraction]]) -> list[Fraction]:
    """Give a number below, above and between intervals that rise."""
    if not bounds:
        return [Fraction(0)]
    inner = [(a[1] + b[0]) / 2 for a, b in pairwise(bounds)]
    return [bounds[0][0] - 1, *inner, bounds[-1][1] + 1]


class IsolatedZeros:
    """The zeros of those factors that vanish at points, not on curves.

    Parameters
    ----------
    lo, hi : ndarray, shape (2,)
        Corners of the box in which factors that are no polynomials are looked at.

    Attributes
    ----------
    proved : list of (point, error), both ndarray of shape (2,)
        Zeros found by exact algebra, each with a bound of its error.
    traced : list of (point, error), both ndarray of shape (2,)
        Zeros that were found by following curves and are isolated as far as that shows.
    undecided : list of str
        What is not proved.
    """

    def __init__(self, lo: Array, hi: Array) -> None:
        self._lo, self._hi = lo, hi
        self._texts: dict[str, bool] = {}
        self.proved: list[tuple[Array, Array]] = []
        self.traced: list[tuple[Array, Array]] = []
        self.undecided: list[str] = []

    def holds(self, factor: Factor) -> bool:
        """Tell whether a factor is one of them; its zeros are then kept here."""
        if factor.text not in self._texts:
            self._texts[factor.text] = self._take(factor)
        return self._texts[factor.text]

    def _take(self, factor: Factor) -> bool:
        polynomial = factor.polynomial()
        proved = isolated_zeros(polynomial, Work(WORK)) if polynomial else None
        if proved is not None:
            self.proved += [enclosed(solution) for solution in proved]
            return True
        branches = trace_zero_set(factor, self._lo, self._hi).branches
        most = ONE_POINT * (self._hi - self._lo)
        if not branches or any((np.ptp(line, axis=0) > most).any() for line in branches):
            return False
        error = TRACED * (self._hi - self._lo)
        self.traced += [(np.asarray(line[0], dtype=float), error) for line in branches]
        self.undecided.append(f"whether {factor.text} vanishes only at isolated points")
        return True
