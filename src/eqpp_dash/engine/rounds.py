"""Rounds of lanes in numpy, several in a row, recorded as machine code records them.

What a round computes is what `integrate` computes in a single one. Taken in a row they spare the
looks at the lanes in between, and most of what it costs to begin each operation on few lanes.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from eqpp_dash.engine import dop853
from eqpp_dash.engine.dop853 import TERMS, Array, Field
from eqpp_dash.engine.machine.rounds import NEARLY_ALL, UNDEFINED_FACTOR, Layout
from eqpp_dash.engine.machine.stepcode import GROWTH, SAFETY, SHRINKAGE

if TYPE_CHECKING:
    from eqpp_dash.engine.orbits import Problem


class ArrayStepper:
    """Takes recorded steps of many lanes in numpy; stands in for `machine.stepper.Stepper`.

    Parameters
    ----------
    problem : Problem
        The system and the options; the numbers that calls are given are not looked at.

    Attributes
    ----------
    layout : Layout
        Rows of a record.
    width : int
        Lanes are padded to a multiple of this.
    most : int
        Most rounds of a record.
    """

    width = 1
    most = 16

    def __init__(self, problem: Problem) -> None:
        self.layout = Layout(problem.width.size)
        self.problem = problem

    def padded(self, lanes: int) -> int:
        """Give the number of lanes filled up to full vectors."""
        return lanes

    def advance(self, record: Array, setup: Array) -> None:
        """Fill a record, shape (rounds + 1, rows, lanes), from its first state."""
        with np.errstate(all="ignore"):
            for here, there in pairwise(record):
                self._round(here, there)

    def _round(self, here: Array, there: Array) -> None:
        layout, problem = self.layout, self.problem
        t, sign, failures = here[layout.TIME], here[layout.SIGN], here[layout.FAILURES]
        y, f = here[layout.state : layout.slope], here[layout.slope : layout.memory]
        remaining = problem.span - t
        last = here[layout.STEP] >= remaining * NEARLY_ALL
        h = np.where(last, remaining, here[layout.STEP])
        trial = dop853.take_step(self._field(sign), t, y, f, h, problem.scale)
        good = trial.error <= 1.0
        factor = SAFETY * np.maximum(trial.error, 1e-16) ** (-1.0 / dop853.ORDER)
        most = np.where(good & (failures == 0.0), GROWTH, 1.0)
        factor = np.minimum(np.maximum(factor, SHRINKAGE), most)
        factor[np.isnan(trial.error)] = UNDEFINED_FACTOR
        there[layout.TIME] = np.where(good, np.where(last, problem.span, t + h), t)
        there[layout.STEP] = h * factor
        there[layout.FAILURES] = np.where(good, 0.0, failures + 1.0)
        there[layout.SIGN] = sign
        there[layout.state : layout.slope] = np.where(good, trial.state, y)
        there[layout.slope : layout.memory] = np.where(good, trial.slope, f)
        here[layout.TRIED], here[layout.GOOD], here[layout.LAST] = h, good, last
        here[layout.ERROR] = trial.error * trial.error
        here[layout.memory :] = trial.memory.reshape(-1, t.size)

    def _field(self, sign: Array) -> Field:
        """Give the field in elapsed time: reversed where `sign` is -1."""
        field, start = self.problem.field, self.problem.start

        def slope(t: Array, y: Array) -> Array:
            return field.times(sign, start if field.autonomous else start + sign * t, y)

        return slope

    def terms(self, given: Array, setup: Array) -> Array:
        """Give interpolants, shape (7, n, steps), of steps; see `Layout.terms_given`."""
        n = self.layout.dimension
        t, h, sign = given[:3]
        y, f, new, slope = given[3 : 3 + 4 * n].reshape(4, n, -1)
        memory = given[3 + 4 * n :].reshape(TERMS, n, -1)
        with np.errstate(all="ignore"):
            return dop853.dense_terms(self._field(sign), t, h, y, f, new, slope, memory)
