"""Exact rational arithmetic at simple points of polynomial fields."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.degenerate import simplest_fraction
from eqpp_dash.model.portrait import Array

MOST_DIGITS = 6
Polynomial = dict[tuple[int, ...], Fraction]
Matrix = tuple[tuple[Fraction, ...], ...]


class ExactField:
    """A field whose components are polynomials with rational coefficients.

    Parameters
    ----------
    polynomials : sequence of dict
        Exponents of the variables to coefficient, one dict a component.
    """

    def __init__(self, polynomials: Sequence[Polynomial]) -> None:
        self._polynomials = list(polynomials)

    @classmethod
    def of(cls, field: CompiledField) -> ExactField | None:
        """Give the exact view of a field; None if some component is no polynomial."""
        polynomials = [p for p in field.polynomials() if p is not None]
        return cls(polynomials) if len(polynomials) == field.dimension else None

    def zero_in(self, lo: Array, hi: Array) -> tuple[Fraction, ...] | None:
        """Give the simplest rational point of a box if the field vanishes there exactly.

        Parameters
        ----------
        lo, hi : ndarray, shape (n,)
            The box.

        Returns
        -------
        tuple of Fraction, or None
            The zero; None if the simplest point is none, or is not simple.
        """
        point = tuple(simplest_fraction(float(a), float(b)) for a, b in zip(lo, hi, strict=True))
        if any(f.denominator > 10**MOST_DIGITS for f in point):
            return None
        return point if all(evaluate(p, point) == 0 for p in self._polynomials) else None

    def jacobian(self, point: Sequence[Fraction]) -> Matrix:
        """Evaluate the Jacobian exactly."""
        return tuple(
            tuple(evaluate(differentiate(p, axis), point) for axis in range(len(point)))
            for p in self._polynomials
        )

    @property
    def linear(self) -> bool:
        """Whether no component has a term of degree two or more."""
        return all(sum(powers) <= 1 for p in self._polynomials for powers in p)


def evaluate(polynomial: Polynomial, point: Sequence[Fraction]) -> Fraction:
    """Evaluate a polynomial exactly.

    Examples
    --------
    >>> evaluate({(2, 0): Fraction(1), (0, 1): Fraction(-1)}, (Fraction(1, 2), Fraction(1, 4)))
    Fraction(0, 1)
    """
    total = Fraction(0)
    for powers, coefficient in polynomial.items():
        term = coefficient
        for base, power in zip(point, powers, strict=True):
            term *= base**power
        total += term
    return total


def differentiate(polynomial: Polynomial, axis: int) -> Polynomial:
    """Differentiate a polynomial by one of its variables."""
    result: Polynomial = {}
    for powers, coefficient in polynomial.items():
        if powers[axis]:
            lower = (*powers[:axis], powers[axis] - 1, *powers[axis + 1 :])
            result[lower] = coefficient * powers[axis]
    return result
