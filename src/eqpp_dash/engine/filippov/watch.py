"""What ends the lanes that slide along a surface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.attraction import ARRIVED
from eqpp_dash.engine.dop853 import interpolate
from eqpp_dash.engine.filippov.pieces import BACK, BEYOND, SlidingField
from eqpp_dash.model.portrait import Equilibrium

if TYPE_CHECKING:
    from eqpp_dash.engine.batch import Taken
    from eqpp_dash.engine.orbits import Ends, Problem
    from eqpp_dash.engine.record import Bools, Record

Array = NDArray[np.float64]
Index = NDArray[np.intp]

EXIT = "exit"
"""End of a lane that leaves the surface, or reaches another one."""

LOOKS = np.array([0.25, 0.5, 0.75, 1.0])
"""Where within a step is looked for what ends it."""

ON_SURFACE = 1e-9
STRIDES = 9


class _EveryStep:
    """A watcher that looks at every step."""

    def scan(self, record: Record) -> Bools:
        """Tell that every good step must be looked at."""
        good: Bools = record.good.copy()
        return good

    def skip(self, record: Record, quiet: Bools) -> None:
        """Nothing is passed over."""


class Deadline(_EveryStep):
    """Ends lanes when their own time is up.

    Parameters
    ----------
    left : ndarray, shape (lanes,)
        The time that each has.
    """

    def __init__(self, left: Array) -> None:
        self.left = left

    def look(self, taken: Taken, ends: Ends) -> None:
        """End those whose time is up within the step."""
        over = np.flatnonzero(taken.t + taken.h > self.left[taken.lane])
        if over.size:
            lanes = taken.lane[over]
            share = np.clip((self.left[lanes] - taken.t[over]) / taken.h[over], 0.0, 1.0)
            states = taken.states(over, share, taken.terms_of(over))
            for i, lane in enumerate(lanes.tolist()):
                ends.close(lane, "time", float(self.left[lane]), states[:, i])


class Sliding(_EveryStep):
    """Ends lanes where they stop sliding, or at a pseudo-equilibrium to which they tend.

    Parameters
    ----------
    problem : Problem
        The window.
    sliding : SlidingField
        The field along the surface.
    signs : ndarray, shape (lanes,)
        Directions of time.
    equilibria : sequence of Equilibrium
        All that are known.
    left : ndarray, shape (lanes,)
        The time that each lane has; what happens later is left to `Deadline`.

    Attributes
    ----------
    reached : ndarray of int, shape (lanes,)
        For lanes that end with `EXIT` what they reached: `BACK`, `BEYOND` or a surface.
    """

    def __init__(
        self,
        problem: Problem,
        sliding: SlidingField,
        signs: Array,
        equilibria: Sequence[Equilibrium],
        left: Array,
    ) -> None:
        self.left = left
        self.problem, self.sliding = problem, sliding
        self.reached = np.zeros(signs.size, dtype=np.int64)
        self.targets: list[tuple[int, float, Array]] = []
        for number, item in enumerate(equilibria):
            if item.kind == "pseudo-equilibrium" and np.isfinite(item.jacobian).all():
                pace = float(np.trace(item.jacobian))
                if pace != 0 and self._on_surface(item.point[:, None]):
                    self.targets.append((number, -np.sign(pace), item.point))

    def _on_surface(self, x: Array) -> bool:
        slope = self.sliding.gap.gradient(0.0, x)[:, 0] * self.problem.width
        value = float(np.abs(np.broadcast_to(self.sliding.gap(0.0, x), (1,))[0]))
        a, b = (float(np.broadcast_to(rate(0.0, x), (1,))[0]) for rate in self.sliding.rates)
        return value <= ON_SURFACE * float(np.abs(slope).sum()) and a * b < 0

    def _value(self, place: int, x: Array, sign: Array) -> Array:
        value = np.broadcast_to(self.sliding.ends[place][1](0.0, x), x.shape[1:])
        leaves = self.sliding.ends[place][0] in (BACK, BEYOND)
        return np.asarray(sign * value if leaves else value)

    def look(self, taken: Taken, ends: Ends) -> None:
        """End the lanes that leave, and those that have arrived."""
        terms = taken.terms_of(np.arange(taken.lane.size))
        first = np.full(taken.lane.size, np.inf)
        for place in range(len(self.sliding.ends)):
            share = self._leaves(place, taken, terms)
            sooner = share < first
            first[sooner] = share[sooner]
            self.reached[taken.lane[sooner]] = self.sliding.ends[place][0]
        first[taken.t + first * taken.h > self.left[taken.lane]] = np.inf
        out = np.flatnonzero(np.isfinite(first))
        if out.size:
            states = interpolate(taken.y[:, out], terms[:, :, out], first[out])
            for i, j in enumerate(out.tolist()):
                time = float(taken.t[j] + first[j] * taken.h[j])
                ends.close(int(taken.lane[j]), EXIT, time, states[:, i])
        for number, sign, point in self.targets:
            away = np.abs((taken.new - point[:, None]) / self.problem.width[:, None]).max(axis=0)
            for k in np.flatnonzero((away < ARRIVED) & (taken.sign == sign) & np.isinf(first)):
                if self._tends(taken.new[:, k], point, float(sign)):
                    reason = "it slides towards it, and the sliding field leads there all the way"
                    ends.close(
                        int(taken.lane[k]),
                        f"equilibrium {number}",
                        float(taken.t[k] + taken.h[k]),
                        taken.new[:, k],
                        reason,
                        limit=(None,),
                    )

    def _leaves(self, place: int, taken: Taken, terms: Array) -> Array:
        """Give the share of each step at which an expression is no longer positive, else inf."""
        low, high = np.zeros(taken.lane.size), np.full(taken.lane.size, np.inf)
        for share in LOOKS:
            x = interpolate(taken.y, terms, np.full(taken.lane.size, share))
            gone = np.isinf(high) & ~(self._value(place, x, taken.sign) > 0)
            high[gone] = share
            low[np.isinf(high)] = share
        some = np.flatnonzero(np.isfinite(high))
        if some.size:
            a, b, sign = low[some], high[some], taken.sign[some]
            for _ in range(44):
                middle = 0.5 * (a + b)
                x = interpolate(taken.y[:, some], terms[:, :, some], middle)
                inside = self._value(place, x, sign) > 0
                a, b = np.where(inside, middle, a), np.where(inside, b, middle)
            high[some] = b
        return high

    def _tends(self, state: Array, point: Array, sign: float) -> bool:
        """Tell whether the sliding field leads to a point from a state nearby."""
        share = np.linspace(0.0, 1.0, STRIDES, endpoint=False)
        way = (point - state)[:, None]
        slopes = sign * self.sliding.field(0.0, state[:, None] + share * way)
        return bool((np.sum(slopes * way / self.problem.width[:, None] ** 2, axis=0) > 0).all())
