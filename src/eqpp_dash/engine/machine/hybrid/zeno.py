"""Switchings that accumulate: infinitely many in finite time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.intp]

RHYTHMS = (4, 6)
"""Switchings between two looks; these are multiples of 1, 2, 3, 4 and 6 switchings a turn."""

NEAR = 1e-3
"""Share of the time elapsed that may be left until the limit where rounding hides it."""

NEARER = 1e-11
"""Share from which the limit counts as reached."""

KNOWN = 1e-10
"""Error of the limit, as a share of the time elapsed, with which it is known well."""

ROUNDED = 1e-13
"""Error below which changes of it mean nothing."""

WORSE = 30.0
"""The error grows by this factor where rounding has begun to hide the progression."""

SHRINKS = 0.9
"""Ratio from which distances do not shrink clearly."""


@dataclass(slots=True, eq=False)
class Accumulation:
    """Watches for switchings whose distances shrink in geometric progression.

    As ``T - t`` shrinks by a ratio q between two looks, the limit is at ``t + (t - u) q/(1 - q)``
    where u is the time at the look before: Aitken's extrapolation, for the time and for each
    state variable.

    Parameters
    ----------
    times : ndarray, shape (4, m)
        Times of the last looks, the newest first; NaN where there was none.
    states : ndarray, shape (3, n, m)
        States at the last of them.
    rhythm : int
        Switchings between two looks.
    best : ndarray, shape (n + 2, m)
        Error, time and state of the best estimate of the limit.
    """

    times: Array
    states: Array
    rhythm: int
    best: Array

    @classmethod
    def of(cls, dimension: int, count: int, rhythm: int) -> Accumulation:
        """Make it for so many trajectories."""
        times, states = np.full((4, count), np.nan), np.full((3, dimension, count), np.nan)
        return cls(times, states, rhythm, np.full((dimension + 2, count), np.inf))

    def look(self, lanes: Index, t: Array, x: Array) -> NDArray[np.bool_]:
        """Note times and states of trajectories that switch; tell which are at the limit."""
        self.times[1:, lanes] = self.times[:-1, lanes]
        self.times[0, lanes] = t
        self.states[1:, :, lanes] = self.states[:-1, :, lanes]
        self.states[0][:, lanes] = x
        times, states = self.times[:, lanes], self.states[:, :, lanes]
        with np.errstate(all="ignore"):
            last, before, first = np.abs(np.diff(times, axis=0))
            ratio, earlier = last / before, before / first
            left = (times[0] - times[1]) * ratio / (1.0 - ratio)
            share = np.abs(left) / np.abs(t)
            # Several surfaces crossed at once make no progression.
            shrinks = (ratio < SHRINKS) & (earlier < SHRINKS)
            shrinks &= (ratio > 0.5 * earlier) & (ratio < 2.0 * earlier)
            error = share * np.abs(ratio - earlier) / (ratio * (1.0 - ratio))
            move = states[0] - states[1]
            factor = move / (states[1] - states[2])
            ahead = np.where(np.abs(factor) < SHRINKS, move * factor / (1.0 - factor), 0.0)
        better = shrinks & (share <= NEAR) & (error < self.best[0, lanes])
        found = np.stack([error, t + left, *(x + ahead)])
        self.best[:, lanes[better]] = found[:, better]
        hidden = error > np.maximum(WORSE * self.best[0, lanes], ROUNDED)
        known = self.best[0, lanes] <= KNOWN
        reached: NDArray[np.bool_] = (shrinks & (share <= NEARER)) | (known & hidden)
        return reached

    def limit(self, lanes: Index) -> tuple[NDArray[np.bool_], Array, Array]:
        """Tell for which trajectories a limit is known, and time and state there."""
        error, t, *x = self.best[:, lanes]
        return error <= KNOWN, t, np.array(x)
