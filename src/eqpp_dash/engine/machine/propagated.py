"""Where trajectories have got to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.machine.hybrid.switched import Switched
from eqpp_dash.engine.machine.sections import Crossings

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Propagated:
    """Where trajectories have got to.

    Attributes
    ----------
    states : ndarray, shape (n, m)
        Last states.
    times : ndarray, shape (m,)
        Times reached.
    steps : ndarray of int, shape (m,)
        Steps tried, rejected ones too.
    ends : ndarray of int8, shape (m,)
        Why each ended: values of `End`.
    methods : ndarray of int8, shape (m,)
        What finished each: values of `Method`.
    section : ndarray of int, shape (m,)
        The section that each ended on; -1 if on none.
    target : ndarray of int, shape (m,)
        The point that each ended near, of those or of the cycles', as `ends` says; -1 if none.
    crossings : tuple of Crossings
        The crossings of each section asked about, in the order of the events.
    blow_up : ndarray, shape (m,)
        When those that end with ``INFINITY`` are infinite, estimated; NaN for the others.
    switched : Switched
        What happened at jumps and kinks of the field.
    """

    states: Array
    times: Array
    steps: NDArray[np.int64]
    ends: NDArray[np.int8]
    methods: NDArray[np.int8]
    section: Integers
    target: Integers
    crossings: tuple[Crossings, ...]
    blow_up: Array
    switched: Switched

    @property
    def switchings(self) -> Integers:
        """How many surfaces, where the field jumps or has a kink, each reached: shape (m,)."""
        return self.switched.count

    @property
    def sliding(self) -> NDArray[np.bool_]:
        """Whether each slides along such a surface at its end: shape (m,)."""
        return self.switched.sliding

    def reason(self, trajectory: int) -> str:
        """Say in words why a trajectory ended, if a surface is the reason; else nothing."""
        return self.switched.reason(trajectory, int(self.ends[trajectory]))
