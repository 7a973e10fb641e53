"""Integration by Taylor series: an independent check of other methods, to any number of digits.

Order and step are those of À. Jorba and M. Zou, Experimental Mathematics 14, 2005, 99-117,
section 3: order -ln(tolerance)/2 + 1, the step a fraction exp(-2) of the radius of convergence.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from eqpp_dash.engine.jets.arithmetic import DOUBLES, Arithmetic
from eqpp_dash.engine.jets.complexes import Complexes
from eqpp_dash.engine.jets.enclosures import Intervals
from eqpp_dash.engine.jets.exact import Rationals
from eqpp_dash.engine.jets.field import TIME, Composition, FieldJets
from eqpp_dash.engine.jets.monomials import monomials
from eqpp_dash.engine.jets.solution import expand_solution, put_parameters

MOST_ORDER = 400


@dataclass(frozen=True, slots=True, eq=False)
class TaylorSolution:
    """A solution at given times.

    Attributes
    ----------
    states : numbers, shape (n, k)
        States; NaN after the end.
    time : number
        The time reached.
    steps, order : int
        Steps taken, order of the series.
    end : str
        ``time``; ``undefined`` where the series is not finite; ``not smooth`` where the next step
        leads across a kink or a jump of the field; ``budget`` of steps.
    """

    states: Any
    time: Any
    steps: int
    order: int
    end: str


def order_for(accuracy: float) -> int:
    """Give the best order for a tolerance, given by its logarithm.

    Examples
    --------
    >>> order_for(math.log(1e-16))
    20
    """
    return max(4, min(MOST_ORDER, math.ceil(1 - accuracy / 2)))


def radius_of_convergence(sizes: Sequence[float], scale: float) -> float:
    """Estimate the radius from the sizes of the coefficients, as logarithms, 0 to the order.

    The upper half is used, so that coefficients which vanish by symmetry mislead nobody.
    """
    order = len(sizes) - 1
    found = [
        (scale - sizes[j]) / j for j in range(order // 2 + 1, order + 1) if sizes[j] > -math.inf
    ]
    return math.exp(min(min(found, default=math.inf), 300.0))


def log_size(size: Any) -> float:
    """Give the logarithm of a finite number that is not negative."""
    if not size:
        return -math.inf
    near = float(size)
    if 0 < near < math.inf:
        return math.log(near)
    mantissa, exponent = size.man_exp  # of mpmath, beyond the range of doubles
    return math.log(mantissa) + int(exponent) * math.log(2)


class Stepper:
    """Steps along a solution by its series.

    Parameters
    ----------
    run : Composition
        The field composed with series in the time.
    variables : sequence of str
        State variables.
    start : numbers, shape (n, ...)
        State.
    t : number
        Its time.
    arithmetic : Arithmetic
        Kind of the numbers.
    accuracy : float
        Logarithm of the tolerated error of a step, for which the order is best, or too low.
    rows : sequence of slice
        Parts of a state's number whose errors are measured apart.
    """

    def __init__(
        self,
        run: Composition,
        variables: Sequence[str],
        start: Any,
        t: Any,
        arithmetic: Arithmetic,
        accuracy: float,
        rows: Sequence[slice] = (slice(None),),
    ) -> None:
        self._run, self._variables, self._arithmetic = run, variables, arithmetic
        self.state, self.time = start, t
        self._lost, self._late = start * 0, t * 0
        self._rows = rows
        self._series: list[Any] = []
        self._branches: list[float | None] = []
        self.order = run.table.degree
        self._shorten = max(2 + 0.7 / (self.order - 1), -accuracy / (self.order - 1))

    def expand(self) -> float:
        """Compute the series here; give the step, NaN if a coefficient is not finite."""
        expand_solution(self._run, self._variables, self.state, self.time, self._arithmetic)
        self._series = [self._run.inputs[name].copy() for name in self._variables]
        self._branches = self._run.branches()
        shape = (self.order + 1, -1)
        stacked = np.abs(np.stack([values.reshape(shape) for values in self._series], axis=1))
        if not self._arithmetic.finite(stacked).all():
            return math.nan
        radius = math.inf
        for row in self._rows:
            sizes = [log_size(size) for size in stacked[:, :, row].max(axis=(1, 2)).tolist()]
            radius = min(radius, radius_of_convergence(sizes, max(0.0, sizes[0])))
        return radius * math.exp(-self._shorten)

    def increment(self, step: Any) -> Any:
        """Give the change of the state over a time."""
        result = self.state * 0
        for i, values in enumerate(self._series):
            total = values[self.order] * step
            for j in range(self.order - 1, 0, -1):
                total = (total + values[j]) * step
            result[i] = total
        return result

    def crosses(self, step: Any) -> bool:
        """Tell whether a kink or a jump of the field lies between the two ends of a step.

        A branch that is left and entered again within the step goes unnoticed.
        """
        if not self._branches:
            return False
        inputs, end = self._run.inputs, self.state + self.increment(step)
        zero = self._arithmetic.zeros(inputs[TIME][0].shape)
        inputs[TIME][0] = self._arithmetic.shift(zero, self.time + step)
        for name, value in zip(self._variables, end, strict=True):
            inputs[name][0] = value
        self._run.part(0)
        before, after = self._branches, self._run.branches()
        pairs = zip(before, after, strict=True)
        return any(a != b for a, b in pairs if a is not None and b is not None)

    def advance(self, step: Any) -> None:
        """Take a step, by compensated summation."""
        change = self.increment(step) + self._lost
        state = self.state + change
        self._lost = (self.state - state) + change
        self.state = state
        delay = step + self._late
        time = self.time + delay
        self._late = (self.time - time) + delay
        self.time = time

    def follow(self, moments: Sequence[Any], most: int) -> tuple[list[Any], int, str]:
        """Step through some times; give the states there, the steps and why it ended."""
        states: list[Any] = []
        for steps in range(most + 1):
            while len(states) < len(moments) and moments[len(states)] == self.time:
                states.append(self.state)
            if len(states) == len(moments):
                return states, steps, "time"
            if steps == most:
                break
            size = self.expand()
            if not np.all(self._run.smooth):
                return states, steps, "not smooth"
            if not size > 0:
                return states, steps, "undefined"
            last = moments[-1] - self.time
            while len(states) < len(moments) and abs(moments[len(states)] - self.time) <= size:
                ahead = moments[len(states)] - self.time
                if self.crosses(ahead):
                    return states, steps, "not smooth"
                states.append(self.state + self.increment(ahead))
            if len(states) == len(moments):
                self.advance(last)
                return states, steps + 1, "time"
            step = size if last > 0 else -size
            if self.crosses(step):
                return states, steps, "not smooth"
            self.advance(step)
        return states, most, "budget"


def taylor_solution(
    field: FieldJets,
    start: Any,
    times: Any,
    *,
    start_time: Any = 0,
    tolerance: float | None = None,
    parameters: Mapping[str, Any] | None = None,
    arithmetic: Arithmetic = DOUBLES,
    max_steps: int = 20_000,
) -> TaylorSolution:
    """Integrate a smooth field by Taylor series: an independent check of other methods.

    Parameters
    ----------
    field : FieldJets
        The field; at a jump or a kink the solution ends.
    start : numbers, shape (n,)
        State at `start_time`.
    times : numbers, shape (k,)
        Times, each farther from the start than the one before, all later or all earlier.
    start_time : number
        Time of the start.
    tolerance : float, optional
        Tolerated error of a step, relative to the state or, if that is smaller, to 1; a little
        below the precision of the numbers if left out.
    parameters : mapping of str to number, optional
        Values of the open parameters.
    arithmetic : Arithmetic
        `DOUBLES` or a `MultiPrecision`: 30 digits and more, for reference values.
    max_steps : int
        Most steps.

    Returns
    -------
    TaylorSolution
        States and why it ended. The error of a step is estimated, not bounded.

    Raises
    ------
    ValueError
        If shapes do not match, or for intervals and rational numbers: neither is a series
        with a bound of its remainder, nor would rational numbers stay short.

    Examples
    --------
    >>> from eqpp_dash.engine.system import parse_system
    >>> field = FieldJets.of(parse_system("x' = y; y' = -x"))
    >>> found = taylor_solution(field, [1.0, 0.0], [2*np.pi])
    >>> bool(np.abs(found.states[:, 0] - [1, 0]).max() < 1e-14), found.end
    (True, 'time')
    """
    state = arithmetic.convert(start)
    if state.shape != (field.dimension,):
        raise ValueError(f"the start must have shape ({field.dimension},), not {state.shape}")
    accuracy = log_tolerance(tolerance, arithmetic)
    order = order_for(accuracy)
    single = arithmetic is DOUBLES
    run = field.begin(monomials(1, order), () if single else (1,), arithmetic)
    put_parameters(run, field, parameters or {}, arithmetic)
    begin = arithmetic.convert([start_time])[0]
    moments = [arithmetic.convert([value])[0] for value in np.ravel(times).tolist()]
    away = [abs(moment - begin) for moment in moments]
    if any(b < a for a, b in pairwise(away)) or any(
        (moment - begin) * (moments[-1] - begin) < 0 for moment in moments
    ):
        raise ValueError("the times must lead away from the start, one after the other")
    point = state if single else state[:, None]
    stepper = Stepper(run, field.variables, point, begin, arithmetic, accuracy)
    reached, steps, end = stepper.follow(moments, max_steps)
    states = arithmetic.convert(np.full((field.dimension, len(moments)), math.nan))
    for i, values in enumerate(reached):
        states[:, i] = values.reshape(-1)
    return TaylorSolution(states, stepper.time, steps, order, end)


def log_tolerance(tolerance: Any, arithmetic: Arithmetic) -> float:
    """Give the logarithm of a tolerance; if None a little below the precision of the numbers.

    Raises
    ------
    ValueError
        If it is not positive, or for other numbers than doubles and those of many digits.
    """
    if isinstance(arithmetic, Intervals | Rationals | Complexes):
        raise ValueError(
            f"{arithmetic.name} give no solution: it would be neither exact nor bounded"
        )
    if tolerance is None:
        return -(arithmetic.digits + 1) * math.log(10)
    if not tolerance > 0:
        raise ValueError("the tolerance must be positive")
    return log_size(tolerance)
