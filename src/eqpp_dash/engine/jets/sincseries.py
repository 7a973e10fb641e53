"""Taylor coefficients of sin(u)/u at any point, zero included."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from eqpp_dash.engine.jets.arithmetic import Arithmetic


def sinc_series(kind: Arithmetic, point: Any, count: int) -> list[Any]:
    """Give the Taylor coefficients of sin(u)/u.

    With those of the sine, s_k, the coefficients obey ``u a_k + a_(k-1) = s_k``. Forward that is
    stable as long as k < |u|, backward for larger k, beginning where a_k is negligible: its size
    is at most 1/((k + 1) k!), since sin(u)/u is the mean of cos(t u) over 0 < t < 1. (W. Gautschi,
    SIAM Review 9, 1967, 24-82, on the direction of such recurrences.)

    Parameters
    ----------
    kind : Arithmetic
        Kind of the numbers.
    point : numbers, shape (...)
        The points u.
    count : int
        How many coefficients.

    Returns
    -------
    list of numbers, length count
        Coefficients at each point.
    """
    last = kind.sinc_remainder(count)
    waves = _sine_series(kind, point, last + 1)
    value = kind.uncertain(point.shape, _bound(last))
    backward = [value] * count
    for k in range(last, 0, -1):
        value = kind.limit(waves[k] - kind.multiply(value, point), _bound(k - 1))
        if k <= count:
            backward[k - 1] = value
    forward, _ = kind.function("sinc", point)
    found = [forward]
    for k in range(1, count):
        near = kind.less(point, k)
        if near is not True and not _all(near):
            safe = kind.where(near, kind.shift(kind.zeros(point.shape), 1), point)
            forward = kind.limit(kind.divide(waves[k] - forward, safe), _bound(k))
            found.append(kind.where(near, backward[k], forward))
        else:
            found.append(backward[k])
    return found


def _bound(k: int) -> Fraction:
    return Fraction(1, (k + 1) * math.factorial(k))


def _all(flag: Any) -> bool:
    return bool(flag.all()) if hasattr(flag, "all") else bool(flag)


def _sine_series(kind: Arithmetic, point: Any, count: int) -> list[Any]:
    sine, cosine = kind.function("sin", point)[0], kind.function("cos", point)[0]
    terms = (sine, cosine, -sine, -cosine)
    found, factorial = [], Fraction(1)
    for k in range(count):
        factorial *= max(k, 1)
        found.append(terms[k % 4] * kind.number(1 / factorial))
    return found
