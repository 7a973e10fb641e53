"""Sections in numpy, and a step of many trajectories that is looked at for crossings."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.expression.graph import Node
from eqpp_dash.engine.expression.tape import Tape
from eqpp_dash.engine.machine.crossingrows import NOISE
from eqpp_dash.engine.machine.derivatives import section_derivatives

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
Index = NDArray[np.intp]
Mask = NDArray[np.bool_]
#: Gives the field at elapsed times and states of some lanes.
Slope = Callable[[Index, Array, Array], Array]


class ArraySections:
    """Sections with their derivatives, evaluated by numpy.

    Parameters
    ----------
    sections : sequence of Node
        The sections; parameters are variables of the tape.
    variables, names : sequence of str
        State variables; all names of the tape, these first.
    """

    def __init__(
        self, sections: Sequence[Node], variables: Sequence[str], names: Sequence[str]
    ) -> None:
        self.dimension = len(variables)
        self._tapes: list[tuple[Tape, list[int]]] = []
        for row in section_derivatives(sections, variables):
            known = [i for i, node in enumerate(row) if node is not None]
            self._tapes.append((Tape([node for node in row if node is not None], names), known))

    def __len__(self) -> int:
        return len(self._tapes)

    def __call__(
        self, section: int, t: Array, y: Array, parameters: Array, way: Array, pace: Array | float
    ) -> tuple[Array, Array, Array]:
        """Give value, rate in a direction, and the size below which the value has no sign."""
        tape, known = self._tapes[section]
        found = tape.evaluate(t, np.concatenate([y, parameters]))
        rows = np.zeros((self.dimension + 2, t.size))
        rows[known] = found
        rate = (rows[1:-1] * way).sum(0) + rows[-1] * pace
        noise = np.abs(rows[1:-1] * y).sum(0) + np.abs(rows[-1] * t)
        return rows[0], rate, NOISE * noise


class Step:
    """A step of all lanes, tried, and what the sections make of it.

    Parameters
    ----------
    t, h, ahead : ndarray, shape (m,)
        Times before, steps, times after.
    y, new, slope : ndarray, shape (n, m)
        States before and after, the field after.
    good : ndarray of bool
        Which were accepted.
    span : ndarray, shape (m,)
        Times to go.
    terms : callable
        Gives the terms of the interpolants of some lanes.

    Attributes
    ----------
    retake : ndarray of bool
        Lanes whose step is to be taken anew, with the length now in `h`.
    finish : ndarray of int
        `End` of those that end on a section, at `ahead` and `new`; 0 for none.
    """

    def __init__(
        self,
        t: Array,
        h: Array,
        ahead: Array,
        y: Array,
        new: Array,
        slope: Array,
        good: Mask,
        span: Array,
        terms: Callable[[Index], Array],
    ) -> None:
        self.t, self.h, self.ahead, self.y = t, h.copy(), ahead.copy(), y
        self.new, self.slope, self.good, self.span = new.copy(), slope, good, span
        self.terms = terms
        self.retake = np.zeros(t.size, dtype=bool)
        self.finish = np.zeros(t.size, dtype=np.int64)


def near_point(point: Array, states: Array) -> Mask:
    """Tell which states lie within the ellipsoid of a point, shape (2, n)."""
    near: Mask = (((states - point[0][:, None]) * point[1][:, None]) ** 2).sum(0) < 1.0
    return near


def cubic_root(old: Array, value: Array, first: Array, last: Array) -> Array:
    """Give about where the cubic with given values and rates at 0 and 1 is zero."""
    change = value - old
    second, third = first - change, 2.0 * change - first - last
    guess = -old / change
    for _ in range(2):
        bend, around = second + guess * third, guess * (1.0 - guess)
        height = old + guess * change + around * bend
        guess = guess - height / (change + (1.0 - 2.0 * guess) * bend + around * third)
        guess = np.fmin(np.fmax(guess, 0.0), 1.0)
    return guess
