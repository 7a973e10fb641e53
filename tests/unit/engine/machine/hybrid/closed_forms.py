"""Second implementations for the tests of discontinuities: closed forms, and scipy with events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

Array = NDArray[np.float64]

TIGHT: dict[str, Any] = {"method": "DOP853", "rtol": 1e-13, "atol": 1e-14}


def run_between(
    field: Callable[[float, Array], Sequence[float]],
    start: Array,
    begin: float,
    end: float,
    event: Callable[[float, Array], float],
    direction: float = 0.0,
) -> tuple[float, Array, bool]:
    """Integrate by scipy up to an event; tell time, state and whether it was reached."""

    def watched(t: float, y: Array) -> float:
        return event(t, y)

    watched.terminal = True  # type: ignore[attr-defined]
    watched.direction = direction  # type: ignore[attr-defined]
    found = solve_ivp(field, (begin, end), start, events=watched, **TIGHT)
    return float(found.t[-1]), found.y[:, -1], found.status == 1


class DampedRelay:
    """x'' = -sign(x) - c x', from closed forms of its pieces."""

    def __init__(self, c: float) -> None:
        self.c = c

    def piece(self, s: float, x: float, y: float, t: float) -> tuple[float, float]:
        c = self.c
        rest = y + s / c
        return x + rest * (1 - np.exp(-c * t)) / c - s * t / c, rest * np.exp(-c * t) - s / c

    def state(self, x: float, y: float, t: float) -> tuple[float, float, int]:
        """Give the state after t, and the number of switchings."""
        count, s = 0, float(np.sign(x if x else y))
        while True:
            times = np.linspace(0.0, t, 4001)[1:]
            away = s * self.piece(s, x, y, times)[0]  # type: ignore[arg-type]
            beyond = np.flatnonzero(away < 0)
            if not beyond.size:
                return *self.piece(s, x, y, t), count
            earlier = times[beyond[0] - 1] if beyond[0] else 1e-9
            here = (s, x, y)
            turn = brentq(
                lambda v, here=here: self.piece(*here, v)[0], earlier, times[beyond[0]], xtol=1e-15
            )
            x, y = 0.0, self.piece(s, x, y, turn)[1]
            t, s, count = t - turn, -s, count + 1


def sawtooth(x: float, t: float) -> float:
    """Give the state of x' = -x + mod(t, 1) at time t, from x at time 0."""
    for _ in range(int(t)):
        x = (x + 1.0) * np.exp(-1.0)
    rest = t - int(t)
    return float((x + 1.0) * np.exp(-rest) + rest - 1.0)


class StickSlip:
    """A mass on a belt: x'' + x = -F sign(x' - v)/(1 + d |x' - v|), by scipy with events.

    The friction law and the values of the parameters are those of R. I. Leine, D. H. van Campen,
    A. de Kraker, L. van den Steen, *Nonlinear Dynamics* 16, 1998, 41-54.
    """

    force, decay, speed = 1.0, 3.0, 0.2

    def slip(self, s: float) -> Callable[[float, Array], Sequence[float]]:
        def field(t: float, y: Array) -> Sequence[float]:
            below = 1.0 + self.decay * s * (y[1] - self.speed)
            return [y[1], -y[0] - self.force * s / below]

        return field

    def follow(self, x: float, y: float, end: float) -> tuple[Array, list[float]]:
        """Give the state at `end` and the times at which it begins or ends to stick."""
        state, t = np.array([x, y]), 0.0
        turns: list[float] = []
        side = np.sign(y - self.speed)
        while True:
            t, state, reached = run_between(
                self.slip(side), state, t, end, lambda t, y: y[1] - self.speed, -side
            )
            if not reached:
                return state, turns
            turns.append(t)
            state[1] = self.speed
            if abs(state[0]) > self.force:
                side = -side
                continue
            stuck = (self.force - state[0]) / self.speed
            if t + stuck > end:
                return np.array([state[0] + self.speed * (end - t), self.speed]), turns
            t, state, side = t + stuck, np.array([self.force, self.speed]), -1.0
            turns.append(t)

    def period(self) -> float:
        """Give the period of the limit cycle: from leaving the belt to leaving it again."""
        start = np.array([self.force, self.speed])
        t, state, _ = run_between(
            self.slip(-1.0), start, 0.0, 100.0, lambda t, y: y[1] - self.speed, 1.0
        )
        return float(t + (self.force - state[0]) / self.speed)


def chua(
    start: Array, end: float, alpha: float, beta: float, inner: float, outer: float
) -> tuple[Array, int]:
    """Follow Chua's circuit from piece to piece; give the last state and the switchings."""

    def field(part: int) -> Callable[[float, Array], Sequence[float]]:
        def inside(t: float, y: Array) -> Sequence[float]:
            h = inner * y[0] if part == 0 else outer * y[0] + part * (inner - outer)
            return [alpha * (y[1] - y[0] - h), y[0] - y[1] + y[2], -beta * y[1]]

        return inside

    state, t, count = start.copy(), 0.0, 0
    part = int(np.clip(np.trunc(state[0]), -1, 1))
    while True:
        if part == 0:
            t, state, reached = run_between(
                field(0), state, t, end, lambda t, y: 1.0 - abs(y[0]), -1.0
            )
            following = int(np.sign(state[0]))
        else:
            t, state, reached = run_between(
                field(part), state, t, end, lambda t, y, part=part: part * y[0] - 1.0, -1.0
            )
            following = 0
        if not reached:
            return state, count
        count, part = count + 1, following


def twisting_time(x: float, a: float, b: float) -> float:
    """Give the time in which x'' = -a sign(x) - b sign(x') comes to rest, from (x, 0).

    From a turning point at x > 0 it takes sqrt(2 x/(a - b)) to x = 0, where the speed is
    sqrt(2 x (a - b)), and that speed over a + b to the next turning point, which is at
    -x (a - b)/(a + b). So distances shrink by q = (a - b)/(a + b) and times by sqrt(q): see
    A. Levant, *International Journal of Control* 58, 1993, 1247-1263 (the twisting algorithm).
    """
    turn = np.sqrt(2 * x / (a - b)) + np.sqrt(2 * x * (a - b)) / (a + b)
    return float(turn / (1 - np.sqrt((a - b) / (a + b))))
