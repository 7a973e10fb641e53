"""The quotient sin(u)/u, continued by 1 at u = 0, and its derivative.

It is the one removable singularity that people type often; as a function of its own it has no
hole in the portrait and tight ranges over boxes around zero.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from eqpp_dash.engine.expression.interval import Interval, divide, integer_power, subtract, widen

#: First positive minimum of sin(u)/u, where tan u = u, and first extremum of its derivative,
#: each rounded toward zero; and bounds of both functions, rounded outward.
FIRST_MINIMUM, LEAST = 4.4934, -0.21723363
FIRST_TURN, STEEPEST = 2.0815, 0.43618232
_TERMS = tuple((-1) ** n * 2 * n / math.factorial(2 * n + 1) for n in range(1, 10))


def sinc(x: Any) -> Any:
    """Give sin(x)/x of an array, 1 at zero.

    Examples
    --------
    >>> float(sinc(np.float64(0.0)))
    1.0
    """
    safe = np.where(x == 0, 1.0, x)
    return np.where(x == 0, 1.0, np.sin(safe) / safe)


def sinc_scalar(x: float) -> float:
    """Give sin(x)/x of a number, 1 at zero."""
    return math.sin(x) / x if x else 1.0


def sinc_slope(x: Any) -> Any:
    """Give the derivative of sin(x)/x of an array: a series where the closed form cancels."""
    square = np.where(np.abs(x) < 0.75, x * x, 0.0)
    series = 0.0
    for term in reversed(_TERMS):
        series = series * square + term
    safe = np.where(np.abs(x) < 0.75, 1.0, x)
    closed = (np.cos(safe) - np.sin(safe) / safe) / safe
    return np.where(np.abs(x) < 0.75, series * x, closed)


def sinc_slope_scalar(x: float) -> float:
    """Give the derivative of sin(x)/x of a number."""
    return float(sinc_slope(np.float64(x)))


def sinc_range(a: Interval) -> Interval:
    """Enclose sin(u)/u over boxes."""
    from eqpp_dash.engine.expression.ranges import RANGES

    near, far = _distances(a)
    falling = far < FIRST_MINIMUM
    wide = widen(sinc(far), sinc(near), 8, a)
    apart = divide(RANGES["sin"](a), a)
    return wide._replace(
        lo=np.maximum(np.where(falling, wide.lo, apart.lo), LEAST),
        hi=np.minimum(np.where(falling, wide.hi, apart.hi), 1.0),
    )


def sinc_slope_range(a: Interval) -> Interval:
    """Enclose the derivative of sin(u)/u over boxes."""
    from eqpp_dash.engine.expression.ranges import RANGES

    _, far = _distances(a)
    falling = far < FIRST_TURN
    wide = widen(sinc_slope(a.hi), sinc_slope(a.lo), 32, a)
    apart = subtract(divide(RANGES["cos"](a), a), divide(RANGES["sin"](a), integer_power(a, 2)))
    return wide._replace(
        lo=np.maximum(np.where(falling, wide.lo, apart.lo), -STEEPEST),
        hi=np.minimum(np.where(falling, wide.hi, apart.hi), STEEPEST),
    )


def _distances(a: Interval) -> tuple[Any, Any]:
    holds_zero = (a.lo <= 0) & (a.hi >= 0)
    left, right = np.abs(a.lo), np.abs(a.hi)
    return np.where(holds_zero, 0.0, np.minimum(left, right)), np.maximum(left, right)
