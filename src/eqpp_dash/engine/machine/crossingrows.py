"""What looks for crossings of sections: its constants, and its rows of the work area."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

PARTS = 8
"""Parts of a step that are looked at."""

NOISE = 16 * 2.0**-52
"""Share of the terms of a section's linear part below which its value has no sign."""

CLOSE = 1e-7
"""Share of the bracket at first below which Newton's correction is the last: what it leaves is
about its square."""

SHRINKS = 0.1
"""Share of the correction before below which Newton's iteration converges as it should. At a
multiple root, or where the slope is infinite, it does not."""

WIDTH = 4e-16
"""Share of a step to which a bracket is halved."""

FLAT = 1e-9
"""Share of a step to which an extremum is located."""

NEWTON = 20
BISECTIONS = 54
SECANTS = 12
HALVINGS = 30

LAND = 1e-3
"""Share of a step from which a trajectory is led to a section along the flow."""

APART = 1.0 - 1e-9
"""In a step that ends on a section, another one beyond this share is crossed at the same time."""

GUARD = 1 / 8
"""How near to zero, as a share of the rates of change, the cubic through the ends of a step may
come before the step is looked at."""

FAR = 2.0
"""An extremum within a step is of no interest if both ends are farther from zero than this times
what the value would change by at the rates of both ends."""

ON = 1e-10
"""A start is on a section if the rate there would lead to it within this share of a first step."""

TINY = 1e-300
"""Value of a section, but for the sign, where it is zero."""

#: Members of what each section's caller wants: nine integers.
UP, DOWN, STOP, KEPT, TIMES, STATES, COUNTS, SIDES, STRICT = range(9)
SETUP = 9


class Scratch(IntEnum):
    """Rows for passing use where a section may have been crossed; see `crosscode`.

    A share is a share of the step. Masks are numbers, above zero where they hold.
    """

    TRIED = 0
    OLD_TIME = 1
    TAKEN = 2
    FINISH = 3
    LANDING = 4
    LANDED = 5
    HIT = 6
    WHICH = 7
    NUMBER = 8
    SHARE = 9
    VALUE = 10
    RATE = 11
    NOISE = 12
    PACE = 13
    SIDE = 14
    CHOSEN = 15
    LEFT = 16
    LEFT_VALUE = 17
    LEFT_RATE = 18
    RIGHT = 19
    RIGHT_VALUE = 20
    RIGHT_RATE = 21
    RIGHT_SIGN = 22
    FLIPS = 23
    LOW = 24
    HIGH = 25
    LOW_RATE = 26
    HIGH_RATE = 27
    SIGN = 28
    BUSY = 29
    FOUND = 30
    MIDDLE = 31
    ROOT = 32
    MOMENT = 33
    EXTENT = 34
    CHANGE = 35


@dataclass(frozen=True, slots=True)
class CrossingRows:
    """Rows of what looks for crossings of sections; see `crosscode`.

    Parameters
    ----------
    first : int
        The first of them.
    dimension, sections : int
        Numbers of state variables and of sections.
    """

    first: int
    dimension: int
    sections: int

    STAGES = 13
    TERMS = 7
    EACH = 7
    LANDS = len(Scratch)
    SCRATCH = len(Scratch) + 1

    # Of each section: value and rate in time, both before the step too; crossings, likewise;
    # whether it may have been crossed in the step.
    VALUE, RATE, OLD_VALUE, OLD_RATE, CROSSED, CROSSED_BEFORE, SUSPECT = range(EACH)

    def of(self, section: int, kind: int) -> int:
        """Give a row of a section."""
        return self.first + self.EACH * section + kind

    def scratch(self, number: int) -> int:
        """Give a row of those for passing use."""
        return self.first + self.EACH * self.sections + number

    @property
    def _vectors(self) -> int:
        return self.scratch(self.SCRATCH)

    def old_state(self, i: int) -> int:
        """Give the row of a state variable before the step."""
        return self._vectors + i

    def old_slope(self, i: int) -> int:
        """Give the row of a rate of change before the step."""
        return self._vectors + self.dimension + i

    def direction(self, i: int) -> int:
        """Give the row of the direction in which a section's rate is wanted."""
        return self._vectors + 2 * self.dimension + i

    def stage(self, number: int, i: int) -> int:
        """Give the row of a rate of change at a stage."""
        return self._vectors + (3 + number) * self.dimension + i

    def term(self, number: int, i: int) -> int:
        """Give the row of a term of the interpolant."""
        return self._vectors + (3 + self.STAGES + number) * self.dimension + i

    @property
    def end(self) -> int:
        """One more than the last row."""
        return self._vectors + (3 + self.STAGES + self.TERMS) * self.dimension
