"""Turns round a cylinder: from a line to the same line, moved by a period."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.expression.graph import Graph
from eqpp_dash.engine.machine import End, Integrator
from eqpp_dash.engine.machine.sections import SectionEvent
from eqpp_dash.engine.machine.stepper import objects_folder
from eqpp_dash.engine.orbits import WORK_BOX
from eqpp_dash.model.portrait import Array

STEPS = 4_000
REACH = 3.0
"""How many periods an orbit may go back before it is given up."""

LONG = 1e3
"""How long it is followed, in times of crossing a period at the mean speed on the line."""

FAR = 6.0 * WORK_BOX
ERROR = 100.0
ROUNDING = 1e-14


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """Turns of m orbits; NaN where one does not come back.

    Attributes
    ----------
    value, error : ndarray, shape (m,)
        The displacement along the line, and its estimated error.
    slope : ndarray, shape (m,)
        Its derivative.
    time, integral : ndarray, shape (m,)
        How long the turn took, and the integral of the divergence over it, both in the
        direction in which it was taken.
    """

    value: Array
    error: Array
    slope: Array
    time: Array
    integral: Array


class Turns:
    """Follows orbits once round a cylinder.

    Parameters
    ----------
    field : CompiledField
        A planar autonomous field.
    integrator : Integrator
        Of the field with its divergence, with sections one period on and one period back.
    axis : int
        The periodic variable.
    length : float
        Its period.
    base : float
        Its value on the line.
    scale : float
        Size of the values of the other variable.
    """

    def __init__(
        self,
        field: CompiledField,
        integrator: Integrator,
        axis: int,
        length: float,
        base: float,
        scale: float,
    ) -> None:
        self.field, self.axis, self.length, self.base = field, axis, length, base
        self.scale = scale
        self.name = field.variables[axis]
        self._integrator = integrator

    def displacement(
        self, heights: Array, winding: int, sign: float, rtol: float
    ) -> tuple[Array, Array]:
        """Give displacements and errors of orbits; see `turn`."""
        turn = self.turn(heights, winding, sign, rtol)
        return turn.value, turn.error

    def turn(self, heights: Array, winding: int, sign: float, rtol: float) -> Turn:
        """Follow orbits from the line until they cross its copy.

        Parameters
        ----------
        heights : ndarray, shape (m,)
            Where they start on the line: values of the other variable.
        winding : int
            1 for orbits that wind forward, as time goes on, -1 for the others.
        sign : float
            1 to follow them forward in time, -1 backward.
        rtol : float
            Tolerated relative error of a step.
        """
        axis, other = self.axis, 1 - self.axis
        starts = np.zeros((3, heights.size))
        starts[axis], starts[other] = self.base, heights
        speed = self.field(0.0, starts[:2])
        value, time, integral, slope, error = (np.full(heights.size, np.nan) for _ in range(5))
        going = np.flatnonzero(speed[axis] * winding > 0)
        if not going.size:
            return Turn(value, error, slope, time, integral)
        side = 0 if winding * sign > 0 else 1
        mean = float(np.median(np.abs(speed[axis, going])))
        result = self._integrator.propagate(
            starts[:, going],
            sign * LONG * self.length / mean,
            events=[SectionEvent(side, 1 - 2 * side, 1)],
            rtol=rtol,
            atol=[rtol * 1e-2 * (self.scale if k == other else self.length) for k in (0, 1)]
            + [rtol],
            box=self._box(),
            max_steps=STEPS,
        )
        back = (result.ends == End.SECTION) & np.isfinite(result.states).all(axis=0)
        lanes, states = going[back], result.states[:, back]
        arrival = self.field(0.0, states[:2])[axis]
        value[lanes] = states[other] - heights[lanes]
        time[lanes] = np.abs(result.times[back])
        integral[lanes] = states[2]
        with np.errstate(all="ignore"):
            ratio = np.exp(states[2]) * speed[axis, lanes] / arrival
        slope[lanes] = ratio - 1.0
        size = np.abs(heights[lanes]) + np.abs(states[other]) + 1e-3 * self.scale
        error[lanes] = (ERROR * rtol + ROUNDING) * size
        return Turn(value, error, slope, time, integral)

    def _box(self) -> Array:
        box = np.full((3, 2), [-np.inf, np.inf])
        box[self.axis] = self.base + np.array([-REACH, REACH]) * self.length
        box[1 - self.axis] = np.array([-FAR, FAR]) * self.scale
        return box

    def curve(self, height: float, winding: int, sign: float, period: float, count: int) -> Array:
        """Give points of an orbit that closes, shape (count, 2), in the sense of time."""
        axis, other = self.axis, 1 - self.axis
        start = np.zeros((3, 1))
        start[axis], start[other] = self.base, height
        times = sign * np.linspace(0.0, period, count)
        states = self._integrator.sample(start, times, rtol=1e-10, atol=1e-12)
        points = np.ascontiguousarray(states[:2, :, 0].T)
        points[-1, axis], points[-1, other] = self.base + sign * winding * self.length, height
        if sign > 0:
            return points
        points[:, axis] += winding * self.length
        return points[::-1].copy()


@contextmanager
def turns_of(
    field: CompiledField, axis: int, length: float, base: float, scale: float
) -> Iterator[Turns]:
    """Make what follows the orbits of a field round a cylinder; see `Turns`."""
    whole = field.with_divergence()
    graph = Graph()
    variable = graph.symbol("variable", field.variables[axis])
    sections = [
        graph.subtract(variable, graph.constant(Fraction(base + shift)))
        for shift in (length, -length)
    ]
    with Integrator(
        whole.components, whole.variables, {}, sections=sections, folder=objects_folder()
    ) as integrator:
        yield Turns(field, integrator, axis, length, base, scale)
