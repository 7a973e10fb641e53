"""Truncated Taylor polynomials as results: coefficients, derivatives, values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.jets.monomials import Monomials


@dataclass(frozen=True, slots=True, eq=False)
class Jets:
    """Truncated Taylor polynomials of some expressions at some points.

    Attributes
    ----------
    table : Monomials
        Monomials, in the order of the coefficients.
    variables : tuple of str
        What the polynomials depend on.
    coefficients : numbers, shape (expressions, N, ...)
        Coefficients, derivatives divided by factorials: an ndarray of float64 or of objects, or an
        `IntervalArray`.
    smooth : ndarray of bool, shape (...)
        Where the expressions have all these derivatives; where not, at a kink, a pole or beyond the
        domain, the coefficients above degree zero mean nothing. With intervals: where that is
        proved for the whole box.
    """

    table: Monomials
    variables: tuple[str, ...]
    coefficients: Any
    smooth: NDArray[np.bool_]

    def coefficient(self, expression: int, exponents: Sequence[int]) -> Any:
        """Give the coefficient of a monomial, shape (...)."""
        return self.coefficients[expression, self.table.position(exponents)]

    def derivative(self, expression: int, exponents: Sequence[int]) -> Any:
        """Give a partial derivative: the coefficient times factorials."""
        factor = math.prod(math.factorial(k) for k in exponents)
        return self.coefficient(expression, exponents) * factor

    def derivatives(self, order: int) -> Any:
        """Give all partial derivatives of an order as a symmetric tensor.

        Parameters
        ----------
        order : int
            0 gives the values, 1 the Jacobian, 2 the second derivatives, ...

        Returns
        -------
        numbers, shape (expressions, n, ..., n, ...)
            As many axes of length n as the order: the multilinear forms of Y. A. Kuznetsov,
            Elements of Applied Bifurcation Theory, 3rd ed., Springer 2004, section 5.4.
        """
        n = self.table.variables
        places, factors = [], []
        for axes in product(range(n), repeat=order):
            exponents = [axes.count(i) for i in range(n)]
            places.append(self.table.position(exponents))
            factors.append(math.prod(math.factorial(k) for k in exponents))
        shape = self.coefficients.shape
        kept = self.coefficients[:, places]
        weights = np.array(factors).reshape(-1, *(1,) * (len(shape) - 2))
        return _reshape(kept * weights, (shape[0], *(n,) * order, *shape[2:]))

    def __call__(self, displacement: Any) -> Any:
        """Evaluate the polynomials at a displacement from the point.

        Parameters
        ----------
        displacement : numbers, shape (n, ...)
            Steps in each variable.

        Returns
        -------
        numbers, shape (expressions, ...)
            Values.
        """
        powers: list[Any] = []
        for i, exponents in enumerate(self.table.exponents.tolist()):
            if i == 0:
                continue
            first = next(j for j, k in enumerate(exponents) if k)
            exponents[first] -= 1
            below = self.table.position(exponents)
            step = displacement[first]
            powers.append(step if below == 0 else powers[below - 1] * step)
        total = self.coefficients[:, 0]
        for i, power in enumerate(powers):
            total = total + self.coefficients[:, i + 1] * power
        return total


def _reshape(values: Any, shape: tuple[int, ...]) -> Any:
    if isinstance(values, np.ndarray):
        return values.reshape(shape)
    return type(values)(values.lo.reshape(shape), values.hi.reshape(shape))
