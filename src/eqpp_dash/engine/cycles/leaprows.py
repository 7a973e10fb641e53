"""What machine code that follows orbits is given and gives back, row by row."""

from __future__ import annotations

from enum import IntEnum

SIZE = 3
"""Variables: x, y and the integral of the divergence."""


class State(IntEnum):
    """Why a lane has stopped."""

    RUNNING = 0
    TURNED = 1
    LEFT = 2
    CAUGHT = 3
    STUCK = 4
    SLOW = 5
    PAUSED = 6


class Row(IntEnum):
    """Rows of a record, a double for every lane; those of vectors are the first of several.

    ``TURN`` and what follows is the turn: its time, the state there, the rates there.
    """

    TIME = 0
    STEP = 1
    SIGN = 2
    FAILED = 3
    RISING = 4
    NOISE = 5
    TRIES = 6
    SLOW = 7
    STATE = 8
    FLOOR = 9
    Y = 11
    F = 14
    START = 17
    PAUSE = 19
    UNIT = 20
    TURN = 21
    TURN_Y = 22
    TURN_F = 25
    COUNT = 28


class Given(IntEnum):
    """Numbers that all lanes are given, those of the system's parameters and traps after them.

    ``AXES`` is 1 where errors are measured by x (y) itself, else 0; ``SLOW`` the number of slow
    steps in a row at which lanes stop.
    """

    RELATIVE = 0
    INTEGRAL = 1
    AXES = 2
    LOW = 4
    HIGH = 6
    SLOW = 8
    TRAPS = 9
    COUNT = 10


class Trace(IntEnum):
    """Rows of a step that was tried: whether it was taken, and where it began."""

    TAKEN = 0
    TIME = 1
    STEP = 2
    Y = 3
    F = 6
    COUNT = 9


SLACK = 10
"""So many more steps than the number of tries are traced, while a turn is located."""

TRAP = 6
"""Numbers of a trap: direction of time, point, the three of its form."""
