"""Fields about equilibria that are known exactly."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.degenerate import simplest_fraction
from eqpp_dash.engine.exact import MOST_DIGITS
from eqpp_dash.engine.exactzeros import ExactZeros
from eqpp_dash.engine.expression.graph import ConstantError, SizeError
from eqpp_dash.engine.expression.polynomial import TooLargeError, Work
from eqpp_dash.engine.jets import RATIONALS, FieldJets, IrrationalError, NotSmoothError
from eqpp_dash.engine.kinds.algebraic import Extension
from eqpp_dash.engine.kinds.germ import Germ, GermOf, Terms, shifted
from eqpp_dash.engine.structure.plane import Plane
from eqpp_dash.model.portrait import Array

DEGREES = (3, 7, 13)
"""Degrees to which the Taylor series of fields that are no polynomials are computed."""
ALGEBRAIC_WORK = 40_000
"""Budget of the arithmetic at one irrational point, in products of rational numbers."""
MOVING_WORK = 20_000
"""Budget of moving a field by multiples of pi, in products of coefficients."""
MOST_PARTS = 12
"""Largest denominator of a multiple of pi."""
Point = tuple[Any, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Anchor:
    """A zero of a field that is known exactly.

    Attributes
    ----------
    places : Places
        The field, in coordinates that may be moved by multiples of pi.
    point : tuple of Fraction or Algebraic
        The zero in these coordinates.
    near : ndarray, shape (n,)
        The zero in the field's own coordinates, to some units in the last place.
    rational : bool
        Whether its own coordinates are rational.
    """

    places: Places
    point: Point
    near: Array
    rational: bool

    @property
    def germ(self) -> GermOf:
        """The planar field about the zero."""
        return self.places.germ(self.point)


class Places:
    """Gives a field about its equilibria with exact coefficients.

    Parameters
    ----------
    field : CompiledField
        An autonomous field.
    """

    def __init__(self, field: CompiledField) -> None:
        self.field = field
        self._moved: dict[tuple[Fraction, ...], Places | None] = {}

    @cached_property
    def polynomials(self) -> list[Terms] | None:
        """The components as polynomials; None if one is none."""
        found = [dict(p) for p in self.field.polynomials() if p is not None]
        return found if len(found) == self.field.dimension else None  # type: ignore[return-value]

    @cached_property
    def _jets(self) -> FieldJets:
        return FieldJets.of(self.field)

    def zero_in(self, lo: Array, hi: Array) -> Anchor | None:
        """Find the simplest exact zero in a box: with rational coordinates, or multiples of pi.

        Parameters
        ----------
        lo, hi : ndarray, shape (n,)
            The box.

        Returns
        -------
        Anchor or None
            None if the simplest points are no zeros, or are not simple.
        """
        choices = [_candidates(*ends) for ends in zip(lo.tolist(), hi.tolist(), strict=True)]
        for pairs in itertools.product(*choices):
            rest, turns = zip(*pairs, strict=True)
            places = self._shifted(turns) if any(turns) else self
            if places is not None and places._is_zero(rest):
                near = [float(c) + float(turn) * math.pi for c, turn in pairs]
                return Anchor(places, rest, np.array(near), not any(turns))
        return None

    def _is_zero(self, point: Point) -> bool:
        try:
            values = self._jets.at(point, 0, arithmetic=RATIONALS).coefficients[:, 0]
        except (IrrationalError, NotSmoothError):
            return False
        return not any(values)

    def _shifted(self, turns: tuple[Fraction, ...]) -> Places | None:
        """Give the field in coordinates moved by multiples of pi, by the addition theorems."""
        if self.field.dimension != 2:
            return None
        if turns not in self._moved:
            self._moved[turns] = self._move(turns)
        return self._moved[turns]

    def _move(self, turns: tuple[Fraction, ...]) -> Places | None:
        try:
            plane = Plane(self.field, MOVING_WORK)
            plane.renew()
            pi = plane.graph.symbol("pi")
            moved = {
                variable: plane.graph.add(variable, plane.graph.scale(turn, pi))
                for variable, turn in zip(plane.variables, turns, strict=True)
                if turn
            }
            components = [
                plane.kernels.write(plane.read(plane.replace(component, moved)))
                for component in plane.components
            ]
        except (TooLargeError, SizeError, ConstantError):
            return None
        return Places(CompiledField(plane.graph, components, self.field.variables))

    def algebraic_zero_in(self, lo: Array, hi: Array) -> Anchor | None:
        """Give the only zero of a polynomial field in a box as algebraic numbers.

        Parameters
        ----------
        lo, hi : ndarray, shape (2,)
            The box.

        Returns
        -------
        Anchor or None
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
        return Anchor(self, (field.generator - shear * y, y), np.array(solution.point), False)

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
            degree = next((d for d in DEGREES if d >= degree), DEGREES[-1])
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


def _candidates(low: float, high: float) -> list[tuple[Fraction, Fraction]]:
    """Give the simplest rational number in an interval, and the simplest multiple of pi.

    Each as a rational part and a factor of pi; those that are not simple are left out.
    """
    found = []
    number = simplest_fraction(low, high)
    if number.denominator <= 10**MOST_DIGITS:
        found.append((number, Fraction(0)))
    slack = 4 * math.ulp(max(abs(low), abs(high))) / math.pi
    factor = simplest_fraction(low / math.pi - slack, high / math.pi + slack)
    if factor and factor.denominator <= MOST_PARTS:
        found.append((Fraction(0), factor))
    return found
