"""Fields that repeat: one period is searched, and what is found in it is repeated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from eqpp_dash.engine.cycles.arcs import Arc
from eqpp_dash.engine.cycles.refine import Refined
from eqpp_dash.engine.structure.facts import Kind, Structure
from eqpp_dash.model.portrait import Array

REACH = 1.5
"""Sections are followed so many periods to either side of the window's middle."""

MOST_COPIES = 200
"""Of what is found in a period; those nearest to the window's middle come first."""


class Periods:
    """The shifts that keep a field.

    Parameters
    ----------
    structure : Structure or None
        What is proved about the field.
    lo, hi : ndarray, shape (2,)
        Corners of the window.

    Attributes
    ----------
    lengths : ndarray, shape (2,)
        Period of each variable; infinite without one.
    """

    def __init__(self, structure: Structure | None, lo: Array, hi: Array) -> None:
        self.lo, self.hi, self.center = lo, hi, 0.5 * (lo + hi)
        self.lengths = np.full(2, np.inf)
        for fact in () if structure is None else structure.of(Kind.PERIODIC):
            if fact.map is not None:
                shift = np.abs(np.array(fact.map[-2:]))
                self.lengths = np.where(shift > 0, np.minimum(self.lengths, shift), self.lengths)

    @property
    def any(self) -> bool:
        """Whether there is one."""
        return bool(np.isfinite(self.lengths).any())

    def within(self, lo: Array, hi: Array) -> tuple[Array, Array]:
        """Cut a box down to few periods."""
        reach = REACH * self.lengths
        return np.maximum(lo, self.center - reach), np.minimum(hi, self.center + reach)

    def chosen(self, arcs: Sequence[Arc]) -> list[int]:
        """Give the numbers of sections of which every other one is a copy: middles in a period."""
        found = []
        for k, arc in enumerate(arcs):
            x = np.array([0.5 * (arc.x[0] + arc.x[-1])])
            middle = np.array([x[0], arc.guess(x)[0]])
            away = (middle - self.center) / self.lengths
            if ((away >= -0.5) & (away < 0.5)).all():
                found.append(k)
        return found

    def shifts(self, bounds: Array) -> list[Array]:
        """Give the shifts that bring a curve, by its bounds, into the window; else none at all.

        Parameters
        ----------
        bounds : ndarray, shape (2, 2)
            Least and greatest value of each variable.
        """
        ranges = []
        for axis, length in enumerate(self.lengths):
            if not np.isfinite(length):
                ranges.append([0])
                continue
            first = int(np.ceil((self.lo[axis] - bounds[axis, 1]) / length))
            last = int(np.floor((self.hi[axis] - bounds[axis, 0]) / length))
            ranges.append(sorted(range(first, last + 1), key=abs)[:MOST_COPIES])
        sized = np.where(np.isfinite(self.lengths), self.lengths, 0.0)
        every = sorted(product(*ranges), key=lambda pair: sum(map(abs, pair)))[:MOST_COPIES]
        return [np.array(pair) * sized for pair in every] or [np.zeros(2)]

    def repeat(self, found: Sequence[Refined]) -> list[Refined]:
        """Repeat cycles in the window."""
        return [
            replace(
                one,
                point=one.point + shift,
                points=one.points + shift,
                bounds=one.bounds + shift[:, None],
            )
            for one in found
            for shift in self.shifts(one.bounds)
        ]
