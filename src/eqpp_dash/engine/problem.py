"""What the searches work on: functions and maps with guaranteed bounds on boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.model.portrait import Array

Mask = NDArray[np.bool_]


class Bounds(Protocol):
    """Guaranteed bounds of a function on boxes."""

    @property
    def lo(self) -> Array:
        """Lower bounds."""

    @property
    def hi(self) -> Array:
        """Upper bounds."""

    @property
    def continuous(self) -> Mask:
        """Whether the function is defined and continuous on all of the box."""


class ZeroProblem(Protocol):
    """A map of n variables to n values with derivatives and bounds on boxes."""

    @property
    def dimension(self) -> int:
        """Number of variables and of values."""

    def __call__(self, t: float, x: Array, /) -> Array:
        """Evaluate at points, shape (n, m)."""

    def jacobian(self, t: float, x: Array, /) -> Array:
        """Evaluate the derivatives at points, shape (n, n, m)."""

    def boxes(self, lo: Array, hi: Array, /) -> Bounds:
        """Bound the values on boxes, shape (n, m)."""

    def jacobian_boxes(self, lo: Array, hi: Array, /) -> Bounds:
        """Bound the derivatives on boxes, shape (n, n, m)."""


class ScalarFunction(Protocol):
    """A function of n variables with gradient and bounds: a factor of a component."""

    @property
    def text(self) -> str:
        """Canonical text."""

    def __call__(self, t: float, x: Array, /) -> Array:
        """Evaluate at points, shape (m,)."""

    def gradient(self, t: float, x: Array, /) -> Array:
        """Evaluate the gradient at points, shape (n, m)."""

    def boxes(self, lo: Array, hi: Array, /) -> Bounds:
        """Bound the values on boxes, shape (m,)."""

    def gradient_boxes(self, lo: Array, hi: Array, /) -> Bounds:
        """Bound the gradient on boxes, shape (n, m)."""


@dataclass(frozen=True, slots=True, eq=False)
class StackedBounds:
    """Bounds of several functions, stacked; see `Bounds`."""

    lo: Array
    hi: Array
    continuous: Mask


@dataclass(frozen=True, slots=True)
class FactorSystem:
    """The zero problem of one factor out of each component.

    Zeros of the field are the zeros of such systems, one for every choice of factors. They
    are simpler than the field: a double zero of a power or a product is often a simple zero
    of its factors.
    """

    factors: Sequence[ScalarFunction]

    @property
    def dimension(self) -> int:
        """Number of factors, which is that of the variables."""
        return len(self.factors)

    def __call__(self, t: float, x: Array, /) -> Array:
        """Evaluate at points, shape (n, m)."""
        return np.stack([np.broadcast_to(f(t, x), x.shape[1:]) for f in self.factors])

    def jacobian(self, t: float, x: Array, /) -> Array:
        """Evaluate the derivatives at points, shape (n, n, m)."""
        return np.stack([f.gradient(t, x) for f in self.factors])

    def boxes(self, lo: Array, hi: Array, /) -> StackedBounds:
        """Bound the values on boxes, shape (n, m)."""
        return _stack([f.boxes(lo, hi) for f in self.factors])

    def jacobian_boxes(self, lo: Array, hi: Array, /) -> StackedBounds:
        """Bound the derivatives on boxes, shape (n, n, m)."""
        return _stack([f.gradient_boxes(lo, hi) for f in self.factors])


def _stack(parts: Sequence[Bounds]) -> StackedBounds:
    continuous = np.logical_and.reduce([p.continuous for p in parts])
    return StackedBounds(
        np.stack([p.lo for p in parts]), np.stack([p.hi for p in parts]), continuous
    )


def excludes_zero(bounds: Bounds) -> Mask:
    """Tell on which boxes some component cannot vanish or is nowhere defined, shape (m,)."""
    return np.asarray(((bounds.lo > 0) | (bounds.hi < 0) | np.isnan(bounds.lo)).any(axis=0))
