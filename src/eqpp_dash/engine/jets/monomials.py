"""Monomials of bounded degree in graded order, and which pairs of them multiply to which.

A truncated polynomial is the array of its coefficients in this order. All pairs whose product
is kept are listed once, sorted by their product, so that a product of polynomials is one
gather, one multiplication and one sum by segments; since the order is graded, the pairs of each
total degree are one slice of the list. (A. Haro et al., The Parameterization Method for Invariant
Manifolds, Springer 2016, chapter 2.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.intp]

MOST_PAIRS = 20_000_000
"""Pairs of monomials that a table may list."""
MOST_KEPT = 1_000_000
"""Pairs in a table that is kept."""


class Monomials:
    """Monomials of n variables up to a degree; made by `monomials`.

    Attributes
    ----------
    variables, degree : int
        Number of variables, highest total degree.
    exponents : ndarray of int, shape (N, n)
        Exponents, by total degree, within a degree from the highest power of the first variable.
    offsets : tuple of int, length degree + 2
        Where each total degree begins.
    left, right : ndarray of int, shape (P,)
        Pairs whose product is kept, sorted by their product.
    starts : ndarray of int, shape (N,)
        Where the pairs of each product begin.
    pair_offsets : tuple of int, length degree + 2
        Where the pairs with products of each total degree begin.
    """

    def __init__(self, variables: int, degree: int) -> None:
        if variables < 1 or degree < 0:
            raise ValueError("there must be a variable and the degree must not be negative")
        pairs = math.comb(2 * variables + degree, degree)
        if pairs > MOST_PAIRS:
            raise ValueError(f"{variables} variables to degree {degree}: that is too large")
        self.variables, self.degree = variables, degree
        self.offsets = (
            0,
            *(math.comb(k + variables, variables) for k in range(degree + 1)),
        )
        self.exponents = _graded(variables, degree)
        self.degrees = self.exponents.sum(axis=1)
        keys = self._keys(self.exponents)
        order = np.argsort(keys)
        count = len(self.exponents)
        reach = np.array([self.offsets[degree - int(d) + 1] for d in self.degrees])
        left = np.repeat(np.arange(count), reach)
        first = np.concatenate([[0], np.cumsum(reach)])
        right = np.arange(first[-1]) - first[left]
        product = order[np.searchsorted(keys, keys[left] + keys[right], sorter=order)]
        by_product = np.argsort(product, kind="stable")
        self.left: Indices = left[by_product]
        self.right: Indices = right[by_product]
        self.starts: Indices = np.searchsorted(product[by_product], np.arange(count))
        ends = [*self.starts.tolist(), first[-1]]
        self.pair_offsets = tuple(int(ends[at]) for at in self.offsets)
        self.counts = np.diff(ends)
        self.parts = tuple(
            slice(a, b) for a, b in zip(self.offsets, self.offsets[1:], strict=False)
        )
        self._steps = tuple(self._step(k) for k in range(degree + 1))

    def __len__(self) -> int:
        return len(self.exponents)

    def __repr__(self) -> str:
        return f"Monomials(variables={self.variables}, degree={self.degree})"

    def _keys(self, exponents: NDArray[np.int64]) -> NDArray[np.int64]:
        base = self.degree + 1
        if base**self.variables >= 2**62:
            raise ValueError(f"{self.variables} variables to degree {self.degree}: too large")
        keys: NDArray[np.int64] = exponents @ (base ** np.arange(self.variables, dtype=np.int64))
        return keys

    def _step(self, k: int) -> tuple[Indices, Indices, Indices]:
        a, b = self.pair_offsets[k], self.pair_offsets[k + 1]
        return self.left[a:b], self.right[a:b], self.starts[self.parts[k]] - a

    def pairs(self, k: int) -> tuple[Indices, Indices, Indices]:
        """Give the pairs with products of degree k, and where those of each product begin."""
        return self._steps[k]

    def position(self, exponents: Sequence[int]) -> int:
        """Give the place of a monomial.

        Examples
        --------
        >>> monomials(2, 3).position((1, 1))
        4
        """
        wanted = tuple(int(k) for k in exponents)
        if len(wanted) != self.variables or min(wanted) < 0 or sum(wanted) > self.degree:
            raise ValueError(f"no such monomial: {wanted}")
        place, left = self.offsets[sum(wanted)], sum(wanted)
        for i, k in enumerate(wanted[:-1]):
            rest = self.variables - i - 1
            place += math.comb(left - k + rest - 1, rest)
            left -= k
        return place


def _graded(variables: int, degree: int) -> NDArray[np.int64]:
    rows: list[list[tuple[int, ...]]] = [[(k,)] for k in range(degree + 1)]
    for _ in range(variables - 1):
        rows = [
            [(first, *rest) for first in range(k, -1, -1) for rest in rows[k - first]]
            for k in range(degree + 1)
        ]
    return np.array([row for part in rows for row in part], dtype=np.int64)


def monomials(variables: int, degree: int) -> Monomials:
    """Give the monomials of so many variables up to a total degree.

    Parameters
    ----------
    variables, degree : int
        Their number, at least one; the degree, at least zero.

    Returns
    -------
    Monomials
        The monomials with the tables to multiply by; kept for the next call unless large.

    Raises
    ------
    ValueError
        If the tables would be too large.

    Examples
    --------
    >>> monomials(2, 2).exponents.tolist()
    [[0, 0], [1, 0], [0, 1], [2, 0], [1, 1], [0, 2]]
    """
    small = variables > 0 and math.comb(2 * variables + degree, max(degree, 0)) <= MOST_KEPT
    return _kept(variables, degree) if small else Monomials(variables, degree)


@lru_cache(maxsize=64)
def _kept(variables: int, degree: int) -> Monomials:
    return Monomials(variables, degree)
