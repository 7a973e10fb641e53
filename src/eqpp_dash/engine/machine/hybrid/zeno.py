"""Switchings that accumulate: infinitely many in finite time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.intp]

RHYTHMS = (4, 6)
"""Switchings between two looks; these are multiples of 1, 2, 3, 4 and 6 switchings a turn."""

NEAR = 1e-6
"""Share of the time elapsed that may be left until the limit, where it is known well."""

NEARER = 1e-11
"""The same, where it is not."""

KNOWN = 1e-10
"""Error of the limit, as a share of the time elapsed, with which it is known well."""

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
    """

    times: Array
    states: Array
    rhythm: int

    @classmethod
    def of(cls, dimension: int, count: int, rhythm: int) -> Accumulation:
        """Make it for so many trajectories."""
        times, states = np.full((4, count), np.nan), np.full((3, dimension, count), np.nan)
        return cls(times, states, rhythm)

    def look(self, lanes: Index, t: Array, x: Array) -> None:
        """Note times and states of trajectories that switch."""
        self.times[1:, lanes] = self.times[:-1, lanes]
        self.times[0, lanes] = t
        self.states[1:, :, lanes] = self.states[:-1, :, lanes]
        self.states[0][:, lanes] = x

    def limit(self, lanes: Index, stuck: bool = False) -> tuple[NDArray[np.bool_], Array, Array]:
        """Tell which trajectories have all but reached a limit, and time and state there.

        Parameters
        ----------
        lanes : ndarray of int
            The trajectories.
        stuck : bool
            Whether they cannot be followed any further, so that an estimate is enough.
        """
        t = self.times[:, lanes]
        with np.errstate(all="ignore"):
            last, before, first = np.abs(t[0] - t[1]), np.abs(t[1] - t[2]), np.abs(t[2] - t[3])
            ratio, earlier = last / before, before / first
            left = (t[0] - t[1]) * ratio / (1.0 - ratio)
            share = np.abs(left) / np.abs(t[0])
            shrinks = (ratio < SHRINKS) & (earlier < SHRINKS)
            # Several surfaces crossed at once make no progression.
            shrinks &= (ratio > 0.5 * earlier) & (ratio < 2.0 * earlier)
            error = share * np.abs(ratio - earlier) / (ratio * (1.0 - ratio))
            known = (error <= KNOWN) | stuck
            found = shrinks & ((known & (share <= NEAR)) | (share <= NEARER))
            x = self.states[:, :, lanes]
            last_move, move = x[0] - x[1], x[1] - x[2]
            factor = last_move / move
            ahead = last_move * factor / (1.0 - factor)
            ahead = np.where(np.abs(factor) < SHRINKS, ahead, 0.0)
        return found, t[0] + left, x[0] + ahead
