"""Where a value crosses zero within a step, by what it and its rates are at the ends."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.dop853 import Array


def dips(start: Array, end: Array, first: Array, last: Array) -> NDArray[np.bool_]:
    """Tell where the cubic with these ends and rates, first falling, then rising, is negative."""
    change = end - start
    square, cube = 3.0 * change - 2.0 * first - last, first + last - 2.0 * change
    with np.errstate(all="ignore"):
        least = -first / (square + np.sqrt(np.maximum(square**2 - 3.0 * first * cube, 0.0)))
        value = start + least * (first + least * (square + least * cube))
    low: NDArray[np.bool_] = (last > 0) & (value < 1e-13 * (first - start))
    return low


def first_root(start: Array, rate: Array, end: Array) -> Array:
    """Give the first zero in [0, 1] of the parabola with these ends and first slope."""
    square = end - start - rate
    root = np.sqrt(np.maximum(rate * rate - 4.0 * square * start, 0.0))
    pivot = -0.5 * (rate + np.copysign(root, rate))
    one, other = pivot / square, start / pivot
    one = np.where((one >= 0) & (one <= 1), one, np.inf)
    other = np.where((other >= 0) & (other <= 1), other, np.inf)
    first = np.minimum(one, other)
    secant: Array = np.clip(start / (start - end), 0.0, 1.0)
    chosen: Array = np.where(np.isfinite(first), first, np.nan_to_num(secant, nan=0.5))
    return chosen
