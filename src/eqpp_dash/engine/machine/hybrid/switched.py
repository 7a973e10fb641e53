"""What happened to trajectories where the field jumps or has a kink."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.machine.layout import End


@dataclass(frozen=True, slots=True, eq=False)
class Switched:
    """What happened to m trajectories at surfaces.

    Attributes
    ----------
    count : ndarray of int, shape (m,)
        How many each reached.
    sliding : ndarray of bool, shape (m,)
        Whether each slides at its end.
    met : ndarray of int, shape (m, 2)
        Surfaces that are a reason to end: places in `surfaces`; -1 for none. In a smooth field
        the shape is (m, 0).
    spent : ndarray of bool, shape (m,)
        Whether each ended because it reached as many as were allowed.
    surfaces : tuple of str
        The surfaces, each seen from one of its sides.
    """

    count: NDArray[np.int64]
    sliding: NDArray[np.bool_]
    met: NDArray[np.int64]
    spent: NDArray[np.bool_]
    surfaces: tuple[str, ...]

    @classmethod
    def none(cls, count: int) -> Self:
        """Give what happens in a smooth field."""
        never, met = np.zeros(count, dtype=bool), np.empty((count, 0), dtype=np.int64)
        return cls(np.zeros(count, dtype=np.int64), never, met, never, ())

    def reason(self, trajectory: int, end: int) -> str:
        """Say in words why a trajectory ended, if a surface is the reason; else nothing.

        Parameters
        ----------
        trajectory : int
            Which.
        end : int
            Its `End`.
        """
        names = [self.surfaces[k] for k in self.met[trajectory] if k >= 0]
        where = " and ".join(names)
        switchings = int(self.count[trajectory])
        if end == End.NOT_UNIQUE:
            if len(names) > 1:
                return f"more than one way leads on from the intersection of {where}"
            return f"the fields point away from {where} on both sides"
        if end == End.SLIDING_INTERSECTION:
            return f"the fields point to the intersection of {where}"
        if end == End.UNDECIDED:
            return f"a tangent field, or rounding, hides what happens at {where}"
        if end == End.ZENO:
            return f"switchings accumulate: {switchings} were followed up to the limit"
        if end == End.BUDGET and self.spent[trajectory]:
            return f"it has switched {switchings} times, which is the most allowed"
        return ""
