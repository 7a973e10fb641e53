"""All zeros of a rational field by exact algebra, where interval arithmetic cannot decide."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property

import numpy as np

from eqpp_dash.engine.algebra.solve import CommonFactorError, Solution, solve_pair
from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.degenerate import Cluster
from eqpp_dash.engine.expression.graph import ConstantError, SizeError
from eqpp_dash.engine.expression.polynomial import Polynomial, TooLargeError, Work
from eqpp_dash.engine.structure.plane import Plane
from eqpp_dash.model.portrait import Array

WORK = 60_000
"""Budget, in products of coefficients."""
WIDTH = Fraction(1, 10**14)
"""Width to which a zero is enclosed, relative to max(1, its size)."""


class ExactZeros:
    """The common zeros of the components of a field that is rational in its variables.

    Parameters
    ----------
    field : CompiledField
        Any field; there are no such zeros to give if it is not planar and rational.
    """

    def __init__(self, field: CompiledField) -> None:
        self.field = field

    @cached_property
    def _polynomials(self) -> tuple[Polynomial, Polynomial] | None:
        """The numerators without common factors, if they have none."""
        if self.field.dimension != 2 or not self.field.autonomous:
            return None
        try:
            plane = Plane(self.field, WORK)
        except (TooLargeError, SizeError, ConstantError):
            return None
        return None if plane.common is not None else plane.polynomials

    @cached_property
    def solutions(self) -> tuple[Solution, ...] | None:
        """All real common zeros of the numerators; None if they were not found.

        That is so if the field is not rational, its components share a factor, or the budget
        does not suffice.
        """
        if self._polynomials is None:
            return None
        try:
            return solve_pair(*self._polynomials, Work(WORK)).points
        except (CommonFactorError, TooLargeError):
            return None

    def within(self, cluster: Cluster) -> list[tuple[Array, Array]] | None:
        """Give the zeros in the hull of some boxes.

        Parameters
        ----------
        cluster : Cluster
            The boxes.

        Returns
        -------
        list of (point, error), both ndarray of shape (2,), or None
            All of them, each with a bound of its error; None if that cannot be told.

        Examples
        --------
        >>> from eqpp_dash import parse_system
        >>> zeros = ExactZeros(parse_system("x' = y - x^2; y' = y").compile())
        >>> box = np.array([-1e-9, -1e-9])
        >>> [point.tolist() for point, _ in zeros.within(Cluster(box, -box, np.zeros((2, 1))))]
        [[0.0, 0.0]]
        """
        solutions = self.meeting(cluster.lo, cluster.hi)
        if solutions is None:
            return None
        return [enclosed(solution) for solution in solutions]

    def meeting(self, lo: Array, hi: Array) -> list[Solution] | None:
        """Give the zeros that a box may hold; None if that cannot be told."""
        if self.solutions is None:
            return None
        found = []
        for solution in self.solutions:
            low, high = _bounds(solution)
            if ((high >= lo) & (low <= hi)).all():
                found.append(solution)
        return found


def enclosed(solution: Solution) -> tuple[Array, Array]:
    """Give the nearest doubles to a solution, and a bound of their error."""
    low, high = _bounds(solution)
    point = np.array(solution.point)
    return point, np.maximum(high - point, point - low)


def _bounds(solution: Solution) -> tuple[Array, Array]:
    """Enclose a solution by doubles."""
    box = solution.box(WIDTH)
    low = np.array([float(a) for a, _ in box])
    high = np.array([float(b) for _, b in box])
    exact = solution.rational is not None and all(Fraction(float(a)) == a for a, _ in box)
    if exact:
        return low, high
    return np.nextafter(low, -np.inf), np.nextafter(high, np.inf)
