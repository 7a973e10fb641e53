"""What compiled code and its caller hand each other: the job, the counters, the rows of work."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from enum import IntEnum, unique
from typing import Any

from numpy.typing import NDArray

from eqpp_dash.engine.machine.crossingrows import CrossingRows

JOB_FIELDS = (
    "counters",
    "starts",
    "states",
    "times",
    "steps",
    "ends",
    "parameters",
    "spans",
    "relative",
    "absolute",
    "low",
    "high",
    "work",
    "moments",
    "samples",
    "count",
    "limit",
    "boxed",
    "moment_count",
    "firsts",
    "passed",
    "reached",
    "section_setup",
    "points",
    "point_count",
    "cycle_points",
    "cycle_sections",
    "cycle_count",
    "patience",
    "idle",
    "start_time",
)
"""Members of a job, eight bytes each: pointers, then integers, then the time of the starts.

After `patience` steps of the vector the code gives back what it works on, and says in the place how
many there were. Lanes whose bit in `idle` is set have no trajectory yet; the others go on with what
is in the work area."""


class Job(ctypes.Structure):
    """One call of compiled code: where its data are."""

    _fields_ = [
        (name, ctypes.c_double if name == "start_time" else ctypes.c_int64) for name in JOB_FIELDS
    ]


def address_of(array: NDArray[Any]) -> int:
    """Give the address of the numbers of an array, which must be in order; zero for none.

    For an array that may be written it takes a quarter of the time that ``array.ctypes`` takes.

    Examples
    --------
    >>> import numpy as np
    >>> numbers = np.zeros(3)
    >>> address_of(numbers) == numbers.ctypes.data
    True
    """
    if not array.size:
        return 0
    if array.flags.writeable:
        buffer: Any = array
        return ctypes.addressof(ctypes.c_char.from_buffer(buffer))
    return array.ctypes.data


class Counter(IntEnum):
    """Places of the integers that all threads of a batch and their caller share."""

    NEXT = 0
    CANCEL = 1
    FINISHED = 2


COUNTERS = 24
"""Integers in the array of counters; each one used lies on a cache line of its own."""

COUNTER_STRIDE = 8


@unique
class End(IntEnum):
    """Why a trajectory ended.

    ``TIME``: the end of the time span. ``BOX``: it left the box. ``UNDEFINED``: the field is
    undefined at the start or just beyond the end. ``COLLAPSE``: the step shrank to nothing, as
    it does where the field jumps.
    ``BUDGET``: the steps are used up. ``CANCELLED``: it was cancelled. ``SECTION``: it crossed a
    section as often as was asked for. ``TARGET``: it came near a point. ``CYCLE``: it crossed a
    section near a point of a cycle. ``INFINITY``: it grows beyond all bounds in finite time.

    Where the field jumps: ``NOT_UNIQUE``: it points away from a surface on both sides.
    ``SLIDING_INTERSECTION``: it slides into the intersection of surfaces. ``ZENO``: it switches
    infinitely often before the time given, the limit. ``UNDECIDED``: the second derivative does
    not tell what it does at a surface.

    Of several that come at once the first of these holds: SECTION or CYCLE, which lie before
    the end of a step; UNDEFINED, at a start; BOX; TARGET; TIME; COLLAPSE, UNDEFINED or
    INFINITY; BUDGET; CANCELLED. At a crossing CYCLE goes before SECTION.
    """

    TIME = 0
    BOX = 1
    UNDEFINED = 2
    COLLAPSE = 3
    BUDGET = 4
    CANCELLED = 5
    SECTION = 6
    TARGET = 7
    CYCLE = 8
    INFINITY = 9
    NOT_UNIQUE = 10
    SLIDING_INTERSECTION = 11
    ZENO = 12
    UNDECIDED = 13


class Method(IntEnum):
    """How a trajectory is integrated.

    ``DOP853``: the explicit method of order 8. ``Rodas5P``: the Rosenbrock method of order 5,
    for stiff systems. ``Radau``: the collocation method of order 13, for stiff systems at tight
    tolerances, by numpy only.
    """

    DOP853 = 0
    Rodas5P = 1
    Radau = 2


@dataclass(frozen=True, slots=True)
class Variant:
    """What compiled code is made for.

    Parameters
    ----------
    method : Method
        How it integrates.
    dense : bool
        Whether it gives the states at moments between the steps.
    watchful : bool
        Whether the explicit method stops, with `STIFF`, where the system turns out to be stiff.
    sections : bool
        Whether it looks for crossings of sections.
    targets : bool
        Whether it looks for points that are near.
    """

    method: Method = Method.DOP853
    dense: bool = False
    watchful: bool = False
    sections: bool = False
    targets: bool = False


STIFF = 64
"""In the place of an end: the trajectory is not at its end, but the system is stiff there."""

CREEPING = 4.0
"""Spectral radius times step from which a step of the explicit method counts as kept short by
its stability, which ends at 6.1. Tight tolerances keep a step at a stiff system below 5; without
stiffness, accuracy keeps nine steps of ten below 3, even for tolerances of 1e-3."""

STIFF_STEPS = 15
"""Accepted steps beyond that at which a system counts as stiff."""

RELIEF = 2.5
"""Steps beyond it that an accepted step below it makes good."""

WORTH = 100.0
"""As many steps must be left for a change of the method to be worth its while."""

PAUSE = 256
"""Most steps of a vector between two looks at whether to cancel."""

PAUSE_OPERATIONS = 100 * PAUSE
"""Operations of the field, times steps, between two such looks: below 100 ms."""

SMALLEST_STEP = 4e-16
"""Share of the time elapsed below which a step is nothing."""

SMALLEST_SHARE = 1e-30
"""Share of the time span below which a step is nothing."""

SMALLEST_FIRST = 1000.0
"""Times that the first step of a trajectory that goes on is longer than nothing."""

WRITTEN_OUT = 3
"""Dimension up to which the linear equations of a stiff step are written out at every stage."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of the work area, each a vector.

    Parameters
    ----------
    dimension, parameters, sections : int
        Numbers of state variables, of parameters and of sections.
    """

    dimension: int
    parameters: int
    sections: int = 0

    TIME = 0
    STEP = 1
    MOST = 2
    SPAN = 3
    REASON = 4
    ACTIVE = 5
    BORN = 6
    INDEX = 7
    SAMPLE = 8
    MOMENT = 9
    TRIAL_TIME = 10
    CREEP = 11
    PRIOR = 12
    SECTION = 13
    NUMBER = 14
    FIXED = 15

    def state(self, i: int) -> int:
        """Give the row of a state variable."""
        return self.FIXED + i

    def slope(self, i: int) -> int:
        """Give the row of a rate of change."""
        return self.FIXED + self.dimension + i

    def trial(self, i: int) -> int:
        """Give the row of a state variable at which the field is wanted."""
        return self.FIXED + 2 * self.dimension + i

    def trial_slope(self, i: int) -> int:
        """Give the row of the field that was wanted."""
        return self.FIXED + 3 * self.dimension + i

    def parameter(self, i: int) -> int:
        """Give the row of a parameter."""
        return self.FIXED + 4 * self.dimension + i

    @property
    def matrix(self) -> int:
        """First row of a matrix, of one over its pivots, and of the exchanges of its rows."""
        return self.FIXED + 4 * self.dimension + self.parameters

    @property
    def wide(self) -> bool:
        """Whether a stiff step calls routines for what would be too long written out."""
        return self.dimension > WRITTEN_OUT

    @property
    def after_matrix(self) -> int:
        """First row after those of the matrix."""
        n = self.dimension
        return self.matrix + (n * n + n + n * (n - 1) // 2 if self.wide else 0)

    @property
    def crossing(self) -> CrossingRows:
        """Rows of what looks for crossings of sections."""
        return CrossingRows(self.after_matrix, self.dimension, self.sections)

    @property
    def count(self) -> int:
        """Number of rows."""
        return self.queue + 1

    @property
    def ready(self) -> int:
        """First row of the second work area, where trajectories are made ready."""
        return self.crossing.end if self.sections else self.after_matrix

    @property
    def second(self) -> int:
        """First row of the third work area, where steps that may have crossed a section wait."""
        return 2 * self.ready

    @property
    def prepared(self) -> int:
        """Row of the integer whose bits say which trajectories are ready."""
        return (3 if self.sections else 2) * self.ready

    @property
    def queue(self) -> int:
        """Row of the integers that say how many steps wait."""
        return self.prepared + 1
