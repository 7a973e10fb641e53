"""Complex coefficients about real points: for normal forms and manifolds of complex eigenvalues."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from eqpp_dash.engine.jets.arithmetic import Doubles, Flag


class Complexes(Doubles):
    """Doubles, complex above degree zero; the points of expansion themselves must be real."""

    name = "complex doubles"

    def zeros(self, shape: tuple[int, ...]) -> Any:
        """Give an array of zeros."""
        return np.zeros(shape, dtype=np.complex128)

    def convert(self, values: Any) -> Any:
        """Give numbers as an array of complex doubles."""
        return np.array(values, dtype=np.complex128)

    def function(self, name: str, *args: Any) -> tuple[Any, Flag]:
        """Compute a primitive function of real numbers.

        Raises
        ------
        ValueError
            If the numbers are not real.
        """
        return super().function(name, *(_real(arg) for arg in args))

    def locally_constant(self, name: str, *args: Any) -> Flag:
        """Tell where a step function does not change around its arguments."""
        return super().locally_constant(name, *(_real(arg) for arg in args))

    def power(self, base: Any, exponent: Fraction) -> tuple[Any, Flag]:
        """Raise a real number to a rational power that is no integer."""
        return super().power(_real(base), exponent)

    def root(self, base: Any, degree: int) -> Any:
        """Give the real root of odd degree of a real number."""
        return super().root(_real(base), degree)

    def positive(self, point: Any) -> Flag:
        """Tell where a number is positive."""
        return super().positive(_real(point))


def _real(values: Any) -> Any:
    if np.any(np.imag(values) != 0):
        raise ValueError("the point of expansion must be real")
    return np.real(values)


COMPLEXES = Complexes()
