"""Zeros that a search has found, each once."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from eqpp_dash.model.portrait import Array


@dataclass(frozen=True, slots=True, eq=False)
class KnownZeros:
    """Zeros in a box that was searched to the end: there are no others in it.

    Attributes
    ----------
    lo, hi : ndarray, shape (n,)
        Corners of the box.
    points, errors : ndarray, shape (n, k)
        The zeros of all combinations of factors, and bounds of their errors.
    """

    lo: Array
    hi: Array
    points: Array
    errors: Array

    def covers(self, lo: Array, hi: Array) -> bool:
        """Tell whether a box lies in the one that was searched."""
        return bool((lo >= self.lo).all() and (hi <= self.hi).all())


@dataclass
class Zeros:
    """Zeros of all systems of factors, each once."""

    dimension: int
    points: list[Array] = field(default_factory=list)
    errors: list[Array] = field(default_factory=list)
    reserved: list[tuple[Array, Array]] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many were added."""
        return len(self.points)

    def add(self, points: Array, errors: Array) -> None:
        """Add zeros, columns of shape (n, m); of one that is known the smaller error is kept."""
        for point, error in zip(points.T, errors.T, strict=True):
            ulps = 4 * np.spacing(np.abs(point))
            place = self._find(point, error + ulps)
            if place is None:
                self.points.append(point)
                self.errors.append(error)
            elif error.max() < self.errors[place].max():
                self.points[place], self.errors[place] = point, error

    def pairs(self) -> list[tuple[Array, Array]]:
        """Give each zero with its error."""
        return list(zip(self.points, self.errors, strict=True))

    def reserve(self, point: Array, error: Array) -> None:
        """Note that a point is taken care of elsewhere."""
        self.reserved.append((point, error))

    def holds(self, point: Array, error: Array) -> bool:
        """Tell whether a point is known or taken care of."""
        taken = any((np.abs(p - point) <= e + error).all() for p, e in self.reserved)
        return taken or self._find(point, error) is not None

    def _find(self, point: Array, error: Array) -> int | None:
        for k, (known, bound) in enumerate(zip(self.points, self.errors, strict=True)):
            if (np.abs(known - point) <= bound + error).all():
                return k
        return None
