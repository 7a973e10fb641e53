"""How far orbits come back from where they started, in logarithms, with its error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eqpp_dash.engine.cycles.lanes import Fate, FirstReturns, Ints
from eqpp_dash.engine.cycles.returns import ReturnMap
from eqpp_dash.model.portrait import Array

COARSE, FINE = 1e-7, 1e-12
"""Tolerated errors of steps: of the first try, and where the displacement is small."""

ERROR = 3.0
"""Error of a return in terms of the tolerated error of a step, grown as errors grow on the way."""

SMALL = 12.0
"""So many errors the displacement must exceed, or it is computed once more, more finely."""

LEAST, DOUBT = 2e-13, 1e-3
"""Error of the fine computation by rounding, and as a share of how it differs from the coarse."""
LATE = 2.0
"""The fine computation goes on for so many times the time that the coarse one took."""

CLEAR = 10.0
"""A displacement counts if it exceeds its error so many times."""

BOTH = (0, 1)
"""Directions of time: forward, backward."""


@dataclass(slots=True, eq=False)
class Sample:
    """The displacement at one place of a section, by the forward and by the backward return.

    The backward one has its sign turned: both have the same sign and the same zeros.

    Attributes
    ----------
    position, x : float
        Where it is on its section.
    fate : tuple of Fate
        What became of the orbit in both directions of time.
    value, slope, error : list of float
        Displacement, its derivative by the position and its error; NaN without a return.
    time : float
        Time of return.
    whole : bool
        Whether orbits were followed even if they came farther right.
    """

    position: float
    x: float
    fate: tuple[Fate, Fate]
    value: list[float]
    slope: list[float]
    error: list[float]
    time: float
    whole: bool = False

    @property
    def returned(self) -> tuple[int, ...]:
        """Directions in which the orbit came back."""
        return tuple(k for k in BOTH if self.fate[k] == Fate.RETURNED)

    def best(self) -> int:
        """Give the direction in which orbits approach each other; it must have returned."""
        return min(self.returned, key=lambda k: self.stretch(k))

    def stretch(self, k: int) -> float:
        """Give the derivative of the return of direction k by the position."""
        return 1.0 + (self.slope[k] if k == 0 else -self.slope[k])

    def sign(self, k: int) -> int:
        """Give the sign of the displacement; 0 if it does not exceed its error clearly."""
        if abs(self.value[k]) <= CLEAR * self.error[k]:
            return 0
        return 1 if self.value[k] > 0 else -1

    def clear_sign(self) -> int:
        """Give the sign of the displacement in the direction that shows it; 0 if none does."""
        return next((sign for k in self.returned if (sign := self.sign(k))), 0)

    def image(self, k: int) -> float:
        """Give where the orbit comes back in direction k."""
        return self.position + (self.value[k] if k == 0 else -self.value[k])


class Displacement:
    """Samples the displacement on all sections.

    Parameters
    ----------
    returns : ReturnMap
        The first returns.
    """

    def __init__(self, returns: ReturnMap) -> None:
        self.returns = returns

    def sample(self, wanted: Sequence[tuple[int, float]], whole: bool = False) -> list[Sample]:
        """Sample places, given as section and position: all orbits at once."""
        if not wanted:
            return []
        arc = np.array([k for k, _ in wanted], dtype=np.intp)
        position = np.array([p for _, p in wanted])
        x = self._abscissa(arc, position)
        count = len(wanted)
        signs = np.repeat([1.0, -1.0], count)
        twice, both = np.tile(arc, 2), np.tile(x, 2)
        found = self.returns.shoot(twice, both, signs, COARSE, race=True, rightmost=not whole)
        value, slope, rounding, growth = self._measure(twice, both, signs, found)
        error = ERROR * COARSE * growth + rounding
        stretch = 1.0 + signs * slope
        small = np.abs(value) < SMALL * error
        other = np.roll(stretch, count)
        better = np.flatnonzero(small & ~(2.0 * other < stretch))
        if better.size:
            fine = self.returns.shoot(
                twice[better], both[better], signs[better], FINE, longest=LATE * found.time[better]
            )
            again, steeper, rounding, growth = self._measure(
                twice[better], both[better], signs[better], fine
            )
            change = np.abs(again - value[better])
            exact = (ERROR * FINE + LEAST) * growth + rounding + DOUBT * change
            kept = np.isfinite(again)
            at = better[kept]
            value[at], slope[at], error[at] = again[kept], steeper[kept], exact[kept]
            gone = ~kept & ~(fine.fate != Fate.RETURNED)
            if self.returns.compiled.switching:
                gone[:] = False  # jumps are in the way of fine steps
            lost = better[gone]  # what seemed to be returns were none
            found.fate[lost] = fine.fate[gone]
            found.time[lost] = value[lost] = slope[lost] = error[lost] = np.nan
        samples = []
        for i in range(count):
            two = [i, i + count]
            fates = (Fate(int(found.fate[i])), Fate(int(found.fate[i + count])))
            times = found.time[two]
            samples.append(
                Sample(
                    float(position[i]),
                    float(x[i]),
                    fates,
                    value[two].tolist(),
                    slope[two].tolist(),
                    error[two].tolist(),
                    float(np.nanmin(times)) if np.isfinite(times).any() else np.nan,
                    whole,
                )
            )
        return samples

    def _abscissa(self, arc: Ints, position: Array) -> Array:
        x = np.empty(len(position))
        for k in np.unique(arc):
            x[arc == k] = self.returns.arcs[int(k)].abscissa(position[arc == k])
        return x

    def _measure(
        self, arc: Ints, x: Array, signs: Array, found: FirstReturns
    ) -> tuple[Array, Array, Array, Array]:
        """Give displacement, derivative, the error by rounding, and that by a unit step error."""
        value, slope, rounding, growth = (np.full(x.size, np.nan) for _ in range(4))
        for k in np.unique(arc):
            one = self.returns.arcs[int(k)]
            here = np.flatnonzero((arc == k) & (found.fate == Fate.RETURNED))
            start, end = x[here], found.x[here]
            with np.errstate(all="ignore"):
                value[here] = signs[here] * (one.position(end) - one.position(start))
                stretch = np.exp(found.log_slope[here]) * one.stretch(end) / one.stretch(start)
                slope[here] = signs[here] * (stretch - 1.0)
                rounding[here] = one.rounding(start) * (1.0 + stretch) + one.rounding(end)
                growth[here] = found.noise[here] * one.stretch(end)
        return value, slope, rounding, np.fmax(growth, 1.0)
