"""The lanes that are being integrated, and the steps they have just taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.dop853 import Array, Trial, interpolate

Lanes = NDArray[np.intp]


@dataclass(slots=True)
class Batch:
    """The lanes that run, compact.

    Attributes
    ----------
    lane : ndarray of int, shape (lanes,)
        Their numbers, rising.
    sign : ndarray, shape (lanes,)
        Direction of time.
    t, h : ndarray, shape (lanes,)
        Elapsed time, and the step to be tried.
    y, f : ndarray, shape (n, lanes)
        States, and the field there in elapsed time.
    failures : ndarray of int, shape (lanes,)
        Tries since the last good step.
    """

    lane: Lanes
    sign: Array
    t: Array
    y: Array
    f: Array
    h: Array
    failures: NDArray[np.intp]

    def keep(self, mask: NDArray[np.bool_] | Lanes) -> Batch:
        """Give some of the lanes, by mask or by place."""
        return Batch(
            self.lane[mask],
            self.sign[mask],
            self.t[mask],
            self.y[:, mask],
            self.f[:, mask],
            self.h[mask],
            self.failures[mask],
        )

    def put(self, places: Lanes, part: Batch) -> None:
        """Put lanes that went on by themselves back in their places."""
        self.t[places], self.h[places] = part.t, part.h
        self.y[:, places], self.f[:, places] = part.y, part.f
        self.failures[places] = part.failures


@dataclass(slots=True)
class Taken:
    """The good steps of one round, lanes last; what a watcher looks at.

    `terms_of` gives the interpolants of some of them; `restep` (None for Radau) takes a
    share of them anew, which is more accurate than the interpolant.
    """

    lane: Lanes
    sign: Array
    t: Array
    h: Array
    y: Array
    f: Array
    new: Array
    slope: Array
    memory: Array
    terms_of: Callable[[NDArray[np.intp]], Array]
    restep: Callable[[NDArray[np.intp], Array], Trial] | None

    def states(self, which: NDArray[np.intp], theta: Array, terms: Array) -> Array:
        """Give states within the steps `which`."""
        return interpolate(self.y[:, which], terms, theta)


def join_batches(parts: Sequence[Batch]) -> Batch:
    """Give the lanes of several batches as one, in the order of their numbers."""
    joined = Batch(
        np.concatenate([part.lane for part in parts]),
        np.concatenate([part.sign for part in parts]),
        np.concatenate([part.t for part in parts]),
        np.concatenate([part.y for part in parts], axis=1),
        np.concatenate([part.f for part in parts], axis=1),
        np.concatenate([part.h for part in parts]),
        np.concatenate([part.failures for part in parts]),
    )
    return joined.keep(np.argsort(joined.lane))
