"""Orbits that are followed to their returns: lanes, their steps and their fates."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.model.portrait import Array

Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]


class Fate(IntEnum):
    """What became of an orbit.

    ``LEFT``: it left the box. ``TRAPPED``: it can never come back. ``CAUGHT``: it tends to an
    equilibrium. ``OVERTAKEN``: it was farther right than its start. ``ENDED``: it runs into a place
    where a field without jumps is not defined. ``UNDEFINED``: so does one of a field with jumps, or
    its start is not defined. ``GIVEN_UP``: it took too many steps.
    """

    RUNNING = 0
    RETURNED = 1
    LEFT = 2
    TRAPPED = 3
    CAUGHT = 4
    OVERTAKEN = 5
    UNDEFINED = 6
    GIVEN_UP = 7
    ENDED = 8


NEVER = frozenset({Fate.LEFT, Fate.TRAPPED, Fate.CAUGHT, Fate.OVERTAKEN, Fate.ENDED})
"""Fates after which no cycle goes through the start and has its rightmost point there."""


@dataclass(slots=True)
class FirstReturns:
    """What became of orbits, shape (m,) each.

    Attributes
    ----------
    fate : ndarray of int8
        Values of `Fate`; the rest is NaN unless the orbit returned.
    x, y : ndarray
        Where it came back.
    time : ndarray
        How long it took, positive.
    divergence : ndarray
        Integral of the divergence in the direction of integration.
    log_slope : ndarray
        Logarithm of the derivative of the return by x.
    noise : ndarray
        Error of `x` if a step errs by once the extent of the orbit, at the worst place.
    """

    fate: NDArray[np.int8]
    x: Array
    y: Array
    time: Array
    divergence: Array
    log_slope: Array
    noise: Array

    @classmethod
    def empty(cls, count: int) -> FirstReturns:
        """Make room for so many orbits."""
        return cls(np.zeros(count, dtype=np.int8), *(np.full(count, np.nan) for _ in range(6)))

    def pick(self, which: slice | Ints) -> FirstReturns:
        """Give those of some orbits."""
        return FirstReturns(*(getattr(self, item.name)[which] for item in fields(self)))


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """Good steps of one round.

    Attributes
    ----------
    lane : ndarray of int, shape (m,)
        Whose they are.
    t, h : ndarray, shape (m,)
        Elapsed time at the start, and duration.
    y : ndarray, shape (2, m)
        States at the start.
    terms : ndarray, shape (7, 2, m)
        Interpolants, for `dop853.interpolate`.
    """

    lane: Ints
    t: Array
    h: Array
    y: Array
    terms: Array


class Lanes:
    """The orbits that are still followed; every array has one entry a lane, its last axis.

    Attributes
    ----------
    lane, arc : ndarray of int
        Their numbers, and the sections they started from.
    sign : ndarray
        Direction of time.
    y, f : ndarray, shape (3, lanes)
        States, with the integral of the divergence, and rates in the direction of time.
    start, floor : ndarray, shape (2, lanes)
        Where they started; how far they have got from there, or were taken to get.
    unit : ndarray
        Error of x in the last step, if each errs by once the tolerance.
    noise : ndarray
        Logarithm of the greatest error across the flow, as `FirstReturns.noise` needs it.
    """

    def __init__(self, arc: Ints, state: Array, sign: Array, floor: Array) -> None:
        count = arc.size
        self.lane = np.arange(count)
        self.arc, self.sign, self.y, self.start = arc, sign, state, state[:2].copy()
        self.floor = floor
        self.noise = np.full(count, -np.inf)
        self.unit = np.zeros(count)
        self.stiff = np.zeros(count, dtype=bool)
        self.t, self.tries = np.zeros(count), np.zeros(count, dtype=np.intp)
        self.f = np.zeros_like(state)
        self.h = np.zeros(count)
        self.rising = np.zeros(count, dtype=bool)
        self.failed = np.zeros(count, dtype=np.intp)
        self.limit = np.full(count, np.iinfo(np.intp).max)
        self.longest = np.full(count, np.inf)
        self.strays = np.zeros(count, dtype=np.intp)
        self.slow = np.zeros(count, dtype=np.intp)

    def keep(self, which: Bools) -> None:
        """Drop the other lanes."""
        for name, value in vars(self).items():
            if isinstance(value, np.ndarray):
                setattr(self, name, value[..., which])
