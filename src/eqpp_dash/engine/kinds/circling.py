"""Growth over a turn about an equilibrium whose leading part leaves no direction fixed."""

from __future__ import annotations

from typing import Any

import numpy as np

from eqpp_dash.engine.jets import INTERVALS, IntervalArray
from eqpp_dash.engine.kinds.germ import Germ

PIECES = (256, 4096)
"""Into how many pieces a quarter of the circle is cut, one after the other."""

SLACK = 1e-12
"""Bound of the rounding of sums of so many terms, in sizes of the sum of their absolute values."""


def growth_of_a_turn(germ: Germ) -> int:
    """Tell whether orbits wind outward or inward, by the part of lowest degree.

    Parameters
    ----------
    germ : Germ
        The field about an equilibrium around which orbits turn.

    Returns
    -------
    int
        1 outward, -1 inward, 0 if that is not decided.

    Notes
    -----
    With P, Q the part of lowest degree and y = u x, d(log x)/du = P(1, u)/(Q - u P)(1, u); over the
    quarters -1 <= u <= 1 about the half axes this gives the logarithm of the radius over a turn,
    enclosed by interval sums. If it is not zero it decides (Dumortier, Llibre, Artés, chapter 3).

    Examples
    --------
    >>> from fractions import Fraction
    >>> one = Fraction(1)
    >>> growth_of_a_turn(Germ({(0, 3): -one, (3, 0): -one}, {(3, 0): one}))
    -1
    """
    degree = germ.order
    germ.require(degree)
    quarters = [_quarter(germ.turned(k), degree) for k in (0, 1)]
    for pieces in PIECES:
        low = high = size = 0.0
        way = 0
        for growth, turn in quarters:
            found = _integral(growth, turn, pieces)
            if found is None:
                break
            low, high, size = low + found[0], high + found[1], size + found[2]
            way = found[3]
        else:
            slack = SLACK * size
            if low > slack or high < -slack:
                return way if low > 0 else -way
    return 0


def _quarter(germ: Germ, degree: int) -> tuple[list[Any], list[Any]]:
    growth, turn = [0] * (degree + 2), [0] * (degree + 2)
    for (i, j), c in germ.first.items():
        if i + j == degree:
            growth[j] += c
            turn[j + 1] -= c
    for (i, j), c in germ.second.items():
        if i + j == degree:
            turn[j] += c
    return growth, turn


def _integral(
    growth: list[Any], turn: list[Any], pieces: int
) -> tuple[float, float, float, int] | None:
    """Enclose the integral of growth/turn from -1 to 1; None if the turn may vanish.

    Gives the bounds but for rounding of sums, a bound of the integral of the absolute value, and
    the sign of the turn.
    """
    ends = np.linspace(-1.0, 1.0, pieces + 1)
    u = IntervalArray(ends[:-1], ends[1:])
    above, below = _polynomial(growth, u), _polynomial(turn, u)
    if (below.lo > 0).all():
        way = 1
    elif (below.hi < 0).all():
        way = -1
    else:
        return None
    quotient = above / below
    width = ends[1:] - ends[:-1]
    low, high = float((quotient.lo * width).sum()), float((quotient.hi * width).sum())
    size = float((np.maximum(np.abs(quotient.lo), np.abs(quotient.hi)) * width).sum())
    return low, high, size, way


def _polynomial(coefficients: list[Any], u: IntervalArray) -> IntervalArray:
    numbers = INTERVALS.convert(np.array(coefficients, dtype=object))
    total = IntervalArray(np.zeros(u.shape), np.zeros(u.shape))
    for k in range(len(coefficients) - 1, -1, -1):
        total = total * u + numbers[k : k + 1]
    return total
