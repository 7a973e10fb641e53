"""A step of the Dormand-Prince method of order 8(5,3) as instructions for vectors.

The method is that of `engine.dop853`: Hairer, Norsett and Wanner, *Solving Ordinary
Differential Equations I* (2nd ed., 1993), sections II.4 (first step, step control), II.5, II.6
and II.10 (interpolant of order 7); its coefficients are read from scipy. Time is counted from
the start of a trajectory and is negative where the trajectory runs backward, as steps are.
The step is controlled by the last error and the one before (PI control: Gustafsson, *ACM
Transactions on Mathematical Software* 17, 1991; Hairer and Wanner, *Solving Ordinary Differential
Equations II* (2nd ed., 1996), section IV.2), by factors from 0.2 to 10; it does not grow right
after a step that was rejected.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.integrate._ivp import dop853_coefficients as _tableau

from eqpp_dash.engine.dop853 import LARGEST, STAGES
from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.machine.layout import CREEPING

Array = NDArray[np.float64]
#: Gives the field at a time and a state.
Slope = Callable[[str, list[str]], list[str]]

GROWTH = 10.0
SHRINKAGE = 0.2
SAFETY = 0.9
CAUTION = 0.8
"""The same where the error before counts too. Steps a little shorter than the estimate would allow
are rejected less often, so hardly more are tried, and their errors are smaller."""

MEMORY = 0.25
"""Power of what the last accepted error alone would have the step grow by, by which the next
step is divided: ``err**(-1/8) * before**(1/32)``, with Hairer's beta of 1/32 (at most 0.04)."""

MOST_PRIOR = 1e-4 ** (-1 / 8)
"""From this the last accepted step counts as exact, as in Hairer's code."""

#: A cubic that is within 0.3 percent of ``x**(-MEMORY)`` for x from 0.98 to `MOST_PRIOR`.
_DAMPING = (1.31634404, -0.42656081, 0.12200848, -0.01388414)
#: Subtracted from 17/16 of the bits of 1.0, it balances the error of `inverse_root`.
_BALANCE = 0.051

_A = np.array(_tableau.A, dtype=float)
_B = np.array(_tableau.B, dtype=float)
_C = np.array(_tableau.C, dtype=float)
_D = np.array(_tableau.D, dtype=float)
_FIFTH = np.array(_tableau.E5, dtype=float)
_THIRD = np.array(_tableau.E3, dtype=float)
_KNOWN = STAGES + 1
EXTRA = 3


@dataclass(frozen=True, slots=True)
class StepCode:
    """Values of a tried step.

    Attributes
    ----------
    state, slope : list of str
        The new state and the field there.
    error : str
        Square of the estimated error in units of the tolerance; good up to 1; NaN where the
        field is undefined at a stage or at the new state.
    slopes : list of list of str
        The field at the 13 stages, the last being `slope`.
    before : list of str
        The state at the stage before the last, which is at the same time.
    """

    state: list[str]
    slope: list[str]
    error: str
    slopes: list[list[str]]
    before: list[str]


def lesser(lanes: Lanes, a: str, b: str) -> str:
    """Give the lesser; the second if either is NaN (one instruction)."""
    return lanes.select(lanes.compare("olt", a, b), a, b)


def greater(lanes: Lanes, a: str, b: str) -> str:
    """Give the greater; the second if either is NaN (one instruction)."""
    return lanes.select(lanes.compare("ogt", a, b), a, b)


def combine(lanes: Lanes, coefficients: Array, values: Sequence[str]) -> str:
    """Give a linear combination; terms whose coefficient is zero are left out."""
    total: str | None = None
    for coefficient, value in zip(coefficients, values, strict=True):
        if coefficient == 0.0:
            continue
        factor = lanes.constant(float(coefficient))
        total = lanes.multiply(value, factor) if total is None else lanes.fma(value, factor, total)
    assert total is not None
    return total


def inverse_root(lanes: Lanes, x: str) -> str:
    """Give x**(-1/16) within one percent, for positive normal x.

    The exponent is divided in the bits of the number, then Newton's iteration is done once.
    """
    one = 0x3FF << 52
    magic = one + (one >> 4) - int(_BALANCE * 2**52)
    near = lanes.from_bits(
        lanes.emit(
            f"sub {lanes.integers} splat (i64 {magic}), {lanes.integer('lshr', lanes.bits(x), 4)}"
        )
    )
    power = near
    for _ in range(4):
        power = lanes.multiply(power, power)
    power = lanes.multiply(x, power)
    share = lanes.fma(power, lanes.constant(-1.0 / 16.0), lanes.constant(17.0 / 16.0))
    return lanes.multiply(near, share)


def emit_step(
    lanes: Lanes,
    slope: Slope,
    t: str,
    h: str,
    y: list[str],
    f: list[str],
    relative: list[str],
    absolute: list[str],
    measure: Callable[[int, str], str] = lambda component, size: size,
) -> StepCode:
    """Emit a tried step.

    Parameters
    ----------
    lanes : Lanes
        Where the instructions go.
    slope : callable
        Emits the field.
    t, h : str
        Time and step.
    y, f : list of str
        State and the field there.
    relative, absolute : list of str
        Tolerances of each component.
    measure : callable
        Gives what `relative` is a share of, from a component's number and its magnitude.
    """
    components = range(len(y))
    slopes = [f]
    for stage in range(1, STAGES):
        state = _advance(lanes, _A[stage, :stage], slopes, h, y)
        slopes.append(slope(lanes.fma(h, lanes.constant(_C[stage]), t), state))
    new = _advance(lanes, _B, slopes, h, y)
    end = slope(lanes.add(t, h), new)
    zero = lanes.constant(0.0)
    five = lanes.multiply(new[0], zero)  # stays zero as long as everything is finite
    for value in (*new[1:], *end):
        five = lanes.fma(value, zero, five)
    three: str | None = None
    for i in components:
        stages = [row[i] for row in slopes]
        size = greater(lanes, lanes.absolute(y[i]), lanes.absolute(new[i]))
        scale = lanes.fma(measure(i, size), relative[i], absolute[i])
        inverse = lanes.divide(lanes.constant(1.0), scale)
        fifth = lanes.multiply(combine(lanes, _FIFTH[:STAGES], stages), inverse)
        third = lanes.multiply(combine(lanes, _THIRD[:STAGES], stages), inverse)
        five = lanes.fma(fifth, fifth, five)
        three = lanes.multiply(third, third) if three is None else lanes.fma(third, third, three)
    assert three is not None
    count = float(len(y))
    # Where these overflow the step is too long by far; NaN stays.
    five, three = (lesser(lanes, lanes.constant(LARGEST), value) for value in (five, three))
    below = lanes.fma(three, lanes.constant(0.01 * count), lanes.constant(1e-300))
    below = lanes.fma(five, lanes.constant(count), below)
    above = lanes.multiply(h, five)
    error = lanes.divide(lanes.multiply(above, above), below)
    return StepCode(new, end, error, [*slopes, end], state)


def emit_step_factor(
    lanes: Lanes, error: str, most: str, prior: str | None = None
) -> tuple[str, str]:
    """Emit how the step changes, and what the next change is to know of this step.

    The step changes by ``0.8 * err**(-1/8) * before**(1/32)`` after a step that was good and by
    ``0.8 * err**(-1/8)`` after one that was not, where the error before is known; else by
    ``0.9 * err**(-1/8)``.

    Parameters
    ----------
    lanes : Lanes
        Where the instructions go.
    error : str
        Square of the error.
    most : str
        Greatest change.
    prior : str, optional
        What the last accepted step left, 1 at the start; without it the last error alone counts.
    """
    error = greater(lanes, lanes.constant(1e-40), error)  # NaN stays
    root = inverse_root(lanes, error)
    factor = lanes.multiply(root, lanes.constant(SAFETY if prior is None else CAUTION))
    following = lesser(lanes, root, lanes.constant(MOST_PRIOR))
    if prior is not None:
        good = lanes.compare("ole", error, lanes.constant(1.0))
        damping = lanes.constant(_DAMPING[-1])
        for coefficient in _DAMPING[-2::-1]:
            damping = lanes.fma(damping, prior, lanes.constant(coefficient))
        factor = lanes.select(good, lanes.multiply(factor, damping), factor)
        following = lanes.select(good, following, prior)
    # An error that is NaN or has overflown leaves a factor that is no positive number.
    factor = greater(lanes, factor, lanes.constant(SHRINKAGE))
    return lesser(lanes, factor, most), following


def emit_creeping(lanes: Lanes, h: str, step: StepCode) -> str:
    """Tell where the step is kept short by the stability of the method.

    The spectral radius of the Jacobian is estimated by what the field changes between the last
    two stages, which are at the same time: Hairer and Wanner, *Solving Ordinary Differential
    Equations II* (2nd ed., 1996), section IV.2, (2.26).
    """
    above = below = lanes.constant(0.0)
    for i, state in enumerate(step.state):
        change = lanes.subtract(step.slope[i], step.slopes[-2][i])
        above = lanes.fma(change, change, above)
        apart = lanes.subtract(state, step.before[i])
        below = lanes.fma(apart, apart, below)
    above = lanes.multiply(above, lanes.multiply(h, h))
    return lanes.compare("ogt", above, lanes.multiply(below, lanes.constant(CREEPING**2)))


def emit_first_step(
    lanes: Lanes,
    slope: Slope,
    span: str,
    y: list[str],
    f: list[str],
    relative: list[str],
    absolute: list[str],
) -> str:
    """Emit the guess of the first step; see `dop853.first_step`. It has the sign of `span`."""
    scales = [
        lanes.divide(lanes.constant(1.0), lanes.fma(lanes.absolute(y[i]), relative[i], absolute[i]))
        for i in range(len(y))
    ]

    def mean_square(values: list[str]) -> str:
        total = lanes.constant(0.0)
        for value, scale in zip(values, scales, strict=True):
            scaled = lanes.multiply(value, scale)
            total = lanes.fma(scaled, scaled, total)
        return lanes.multiply(total, lanes.constant(1.0 / len(values)))

    longest = lanes.absolute(span)
    size, speed = mean_square(y), mean_square(f)
    quiet = lanes.mask_or(
        lanes.compare("olt", size, lanes.constant(1e-10)),
        lanes.compare("olt", speed, lanes.constant(1e-10)),
    )
    guess = lanes.multiply(lanes.sqrt(lanes.divide(size, speed)), lanes.constant(0.01))
    guess = lesser(lanes, lanes.select(quiet, lanes.constant(1e-6), guess), longest)
    step = lanes.copysign(guess, span)
    there = slope(step, [lanes.fma(step, f[i], y[i]) for i in range(len(y))])
    change = [lanes.subtract(there[i], f[i]) for i in range(len(y))]
    bend = lanes.divide(mean_square(change), lanes.multiply(guess, guess))
    worst = greater(lanes, bend, speed)
    scaled = greater(lanes, lanes.multiply(worst, lanes.constant(1e4)), lanes.constant(1e-30))
    second = lesser(lanes, inverse_root(lanes, scaled), lanes.constant(1e300))
    second = greater(lanes, second, lanes.multiply(guess, lanes.constant(1e-3)))
    hundred = lanes.multiply(guess, lanes.constant(100.0))
    step = lesser(lanes, lesser(lanes, second, hundred), longest)
    usable = lanes.compare("ogt", step, lanes.constant(0.0))
    least = lanes.multiply(longest, lanes.constant(1e-6))
    return lanes.copysign(lanes.select(usable, step, least), span)


def emit_dense_terms(
    lanes: Lanes, slope: Slope, t: str, h: str, y: list[str], step: StepCode
) -> list[list[str]]:
    """Emit the seven terms of the interpolant of each component; see `dop853.dense_terms`."""
    slopes = list(step.slopes)
    for extra in range(_KNOWN, _KNOWN + EXTRA):
        state = _advance(lanes, _A[extra, :extra], slopes, h, y)
        slopes.append(slope(lanes.fma(h, lanes.constant(_C[extra]), t), state))
    zero = lanes.constant(0.0)
    terms: list[list[str]] = []
    check = zero
    for i in range(len(y)):
        stages = [row[i] for row in slopes]
        change = lanes.subtract(step.state[i], y[i])
        own = [change, lanes.fma(h, stages[0], lanes.negate(change))]
        ends = lanes.add(step.slope[i], stages[0])
        own.append(lanes.fma(lanes.negate(h), ends, lanes.add(change, change)))
        for row in _D:
            own.append(lanes.multiply(h, combine(lanes, row, stages)))
            check = lanes.fma(own[-1], zero, check)
        terms.append(own)
    # Beyond a jump or a pole just past the step the cubic through the ends is the best there is.
    whole = lanes.compare("oeq", check, zero)
    return [[*own[:3], *(lanes.select(whole, term, zero) for term in own[3:])] for own in terms]


def emit_interpolation(lanes: Lanes, y: str, terms: Sequence[str], share: str) -> str:
    """Emit the value of an interpolant at a share of the step; see `dop853.interpolate`."""
    other = lanes.subtract(lanes.constant(1.0), share)
    value = terms[-1]
    for i in range(len(terms) - 1, -1, -1):
        value = lanes.fma(value, other if i % 2 else share, terms[i - 1] if i else y)
    return value


def _advance(
    lanes: Lanes, weights: Array, slopes: list[list[str]], h: str, y: list[str]
) -> list[str]:
    return [
        lanes.fma(combine(lanes, weights, [row[i] for row in slopes]), h, y[i])
        for i in range(len(y))
    ]
