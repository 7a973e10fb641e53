"""Rows of the work area for what looks for crossings of sections."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Scratch(IntEnum):
    """Rows for passing use where a section may have been crossed; see `crosscode`.

    A share is a share of the step. Masks are numbers, above zero where they hold.
    """

    SEEN = 0
    TRIED = 1
    OLD_TIME = 2
    TAKEN = 3
    FINISH = 4
    LANDING = 5
    LANDED = 6
    HIT = 7
    WHICH = 8
    NUMBER = 9
    SHARE = 10
    VALUE = 11
    RATE = 12
    NOISE = 13
    PACE = 14
    SIDE = 15
    PLAIN = 16
    CHOSEN = 17
    LEFT = 18
    LEFT_VALUE = 19
    LEFT_RATE = 20
    RIGHT = 21
    RIGHT_VALUE = 22
    RIGHT_RATE = 23
    RIGHT_SIGN = 24
    FLIPS = 25
    LOW = 26
    HIGH = 27
    LOW_RATE = 28
    HIGH_RATE = 29
    SIGN = 30
    BUSY = 31
    FOUND = 32
    MIDDLE = 33
    ROOT = 34
    MOMENT = 35


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
    EACH = 6
    LANDS = len(Scratch)
    SCRATCH = len(Scratch) + 1

    # Of each section: value and rate in time, both before the step too; crossings, likewise.
    VALUE, RATE, OLD_VALUE, OLD_RATE, CROSSED, CROSSED_BEFORE = range(EACH)

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
