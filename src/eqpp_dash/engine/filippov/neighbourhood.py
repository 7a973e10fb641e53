"""What lies around points of a window: the pieces of the field that meet there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.compiled import CompiledField, Factor
from eqpp_dash.engine.filippov.pieces import FilippovField
from eqpp_dash.engine.filippov.segments import ASIDE

Array = NDArray[np.float64]

BORDER = 1e-9
"""Distance from the window's edge, as a share of its width, that counts as on it."""

ON = 1e-6
"""Distance from a surface, as a share of `ASIDE` widths, that counts as on it."""


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """The window, and the field in it: as it is written, and in pieces."""

    field: CompiledField
    pieces: FilippovField
    lo: Array
    hi: Array

    @property
    def width(self) -> Array:
        """Widths of the window, shape (2,)."""
        return self.hi - self.lo

    def location(self, point: Array) -> str:
        """Tell where a point is: inside the window, on its border, or outside."""
        edge = BORDER * self.width
        if ((point < self.lo - edge) | (point > self.hi + edge)).any():
            return "outside"
        near = (np.abs(point - self.lo) <= edge) | (np.abs(point - self.hi) <= edge)
        return "border" if near.any() else "inside"

    def around(self, point: Array) -> tuple[Array, Array]:
        """Give the choices of the pieces that meet at a point, (c, k), and their fields (2, k)."""
        angles = 2 * np.pi * (np.arange(96) + 0.37) / 96
        ring = ASIDE * self.width[:, None] * np.stack([np.cos(angles), np.sin(angles)])
        choices = np.unique(self.pieces.choices_at(point[:, None] + ring), axis=1)
        here = np.repeat(point[:, None], choices.shape[1], axis=1)
        return choices, self.pieces.field_of(here, choices)

    def size_around(self, point: Array, choices: Array) -> Array:
        """Give the sizes of pieces' fields a hundredth of the window away from a point: (k,)."""
        angles = 2 * np.pi * (np.arange(12) + 0.37) / 12
        ring = 1e-2 * self.width[:, None] * np.stack([np.cos(angles), np.sin(angles)])
        sizes = []
        for piece in choices.T:
            held = np.repeat(piece[:, None], ring.shape[1], axis=1)
            values = np.abs(self.pieces.field_of(point[:, None] + ring, held))
            sizes.append(np.where(np.isfinite(values), values, 0.0).max())
        return np.array(sizes)

    def parted(self, point: Array, choices: Array) -> tuple[Factor, Array, Array] | None:
        """Give the one surface on which a point lies, and the choices above and below it.

        Parameters
        ----------
        point : ndarray, shape (2,)
            The point.
        choices : ndarray, shape (c, 2)
            Those of the two pieces that meet there.

        Returns
        -------
        tuple of (Factor, ndarray, ndarray), or None
            The expression, the choices where it is positive, and where it is negative; None if
            there is not one such surface.
        """
        near = ASIDE * self.width
        found: list[tuple[Factor, Array]] = []
        for factor in self.field.switching:
            gradient = factor.gradient(0.0, point[:, None])[:, 0]
            size = float(np.abs(gradient * near).max())
            value = abs(float(factor(0.0, point[:, None])[0]))
            if np.isfinite(size) and size > 0 and value <= ON * size:
                found.append((factor, gradient))
        if len(found) != 1:
            return None
        ((factor, normal),) = found
        step = 0.5 * near.min() * normal / np.hypot(*normal)
        there = self.pieces.choices_at((point + step)[:, None])[:, 0]
        above = [k for k in (0, 1) if (choices[:, k] == there).all()]
        if len(above) != 1:
            return None
        return factor, choices[:, above[0]], choices[:, 1 - above[0]]
