"""Fields about equilibria that are known exactly."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cached_property
from typing import Any

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.degenerate import simplest_fraction
from eqpp_dash.engine.exact import MOST_DIGITS
from eqpp_dash.engine.exactzeros import ExactZeros
from eqpp_dash.engine.expression.polynomial import TooLargeError, Work
from eqpp_dash.engine.jets import RATIONALS, FieldJets, IrrationalError, NotSmoothError
from eqpp_dash.engine.kinds.algebraic import Extension
from eqpp_dash.engine.kinds.germ import Germ, GermOf, Terms, shifted
from eqpp_dash.model.portrait import Array

DEGREES = (3, 7, 12, 24)
"""Degrees to which the Taylor series of fields that are no polynomials are computed."""
ALGEBRAIC_WORK = 40_000
"""Budget of the arithmetic at one irrational point, in products of rational numbers."""
Point = tuple[Any, ...]


class Places:
    """Gives a field about its equilibria with exact coefficients.

    Parameters
    ----------
    field : CompiledField
        An autonomous field.
    """

    def __init__(self, field: CompiledField) -> None:
        self.field = field

    @cached_property
    def polynomials(self) -> list[Terms] | None:
        """The components as polynomials; None if one is none."""
        found = [dict(p) for p in self.field.polynomials() if p is not None]
        return found if len(found) == self.field.dimension else None  # type: ignore[return-value]

    @cached_property
    def _jets(self) -> FieldJets:
        return FieldJets.of(self.field)

    def zero_in(self, lo: Array, hi: Array) -> Point | None:
        """Give the simplest rational point of a box if the field vanishes there exactly.

        Parameters
        ----------
        lo, hi : ndarray, shape (n,)
            The box.
        """
        for point in _simple_points(lo, hi):
            try:
                values = self._jets.at(point, 0, arithmetic=RATIONALS).coefficients[:, 0]
            except (IrrationalError, NotSmoothError):
                continue
            if not any(values):
                return point
        return None

    def algebraic_zero_in(self, lo: Array, hi: Array) -> Point | None:
        """Give the only zero of a polynomial field in a box as algebraic numbers.

        Parameters
        ----------
        lo, hi : ndarray, shape (2,)
            The box.

        Returns
        -------
        tuple of Algebraic, or None
            None if the field is not polynomial, if there are none or several, or if the budget does
            not suffice.
        """
        if self.polynomials is None:
            return None
        found = self._zeros.meeting(lo, hi)
        if found is None or len(found) != 1:
            return None
        (solution,) = found
        field = Extension(solution.root, Work(ALGEBRAIC_WORK))
        shear, above, below = solution.parametrization
        try:
            y = field.number([Fraction(c) for c in above]) / field.number(
                [Fraction(c) for c in below]
            )
        except TooLargeError:
            return None
        return field.generator - shear * y, y

    @cached_property
    def _zeros(self) -> ExactZeros:
        return ExactZeros(self.field)

    def germ(self, point: Point) -> GermOf:
        """Give the planar field about an exact zero, rational or algebraic."""
        if self.polynomials is not None:
            first, second = (
                shifted(shifted(p, 0, point[0]), 1, point[1]) for p in self.polynomials
            )
            whole = Germ(first, second)
            return lambda degree: whole
        known: dict[int, Germ] = {}

        def germ_of(degree: int) -> Germ:
            degree = next((d for d in DEGREES if d >= degree), degree)
            if degree not in known:
                known[degree] = self._expanded(point, degree)
            return known[degree]

        return germ_of

    def series(self, point: Point, degree: int) -> list[list[Fraction]]:
        """Give the Taylor coefficients of each component along the only variable.

        Raises
        ------
        IrrationalError, NotSmoothError
            If they are not rational, or do not exist.
        """
        jets = self._jets.at(point, degree, arithmetic=RATIONALS)
        return [list(row) for row in jets.coefficients]

    def _expanded(self, point: Point, degree: int) -> Germ:
        jets = self._jets.at(point, degree, arithmetic=RATIONALS)
        keys = [(int(i), int(j)) for i, j in jets.table.exponents]
        first, second = (
            {key: c for key, c in zip(keys, row, strict=True) if c} for row in jets.coefficients
        )
        return Germ(first, second, degree)


def _simple_points(lo: Array, hi: Array) -> Iterator[Point]:
    point = tuple(simplest_fraction(float(a), float(b)) for a, b in zip(lo, hi, strict=True))
    if all(c.denominator <= 10**MOST_DIGITS for c in point):
        yield point
