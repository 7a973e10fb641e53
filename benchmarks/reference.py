"""Solutions in extended precision by Taylor series, independent of all that is compared.

The coefficients of a solution follow from one another by the rules for sums, products,
exponentials and sines (A. Griewank and A. Walther, *Evaluating Derivatives*, 2nd ed., 13.2).
Order and step are those of À. Jorba and M. Zou (*Experimental Mathematics* 14, 2005): with the
order p = -ln(eps)/2 + 1 a step is the radius of convergence, as told by the last two
coefficients, over e². Numbers are of numpy's ``longdouble``, which has 64 bits on x86.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from systems import Case

Extended = NDArray[np.longdouble]
PRECISION = float(np.finfo(np.longdouble).eps)
ORDER = int(np.ceil(-np.log(PRECISION) / 2.0)) + 1


class Series:
    """A power series whose coefficients are computed when they are first asked for."""

    def __init__(self, rule: Callable[[int], Any]) -> None:
        self._rule = rule
        self._known: list[Any] = []

    def __getitem__(self, k: int) -> Any:
        while len(self._known) <= k:
            self._known.append(self._rule(len(self._known)))
        return self._known[k]

    def __add__(self, other: Any) -> Series:
        if isinstance(other, Series):
            return Series(lambda k: self[k] + other[k])
        return Series(lambda k: self[k] + other if k == 0 else self[k])

    def __mul__(self, other: Any) -> Series:
        if isinstance(other, Series):
            return Series(lambda k: sum(self[j] * other[k - j] for j in range(k + 1)))
        return Series(lambda k: self[k] * other)

    def __neg__(self) -> Series:
        return self * -1.0

    def __sub__(self, other: Any) -> Series:
        return self + (-other)

    def __rsub__(self, other: Any) -> Series:
        return -self + other

    __radd__ = __add__
    __rmul__ = __mul__


def exp(a: Series) -> Series:
    """Give the exponential of a series."""
    result: Series = Series(lambda k: _convolve(a, result, k) if k else np.exp(a[0]))
    return result


def sin(a: Series) -> Series:
    """Give the sine of a series; the cosine is computed along with it."""
    sine: Series = Series(lambda k: _convolve(a, cosine, k) if k else np.sin(a[0]))
    cosine: Series = Series(lambda k: -_convolve(a, sine, k) if k else np.cos(a[0]))
    return sine


def _convolve(a: Series, b: Series, k: int) -> Any:
    """Give the coefficient k of the integral of a' b."""
    return sum(j * a[j] * b[k - j] for j in range(1, k + 1)) / np.longdouble(k)


def expand(case: Case, state: Extended) -> Extended:
    """Give the coefficients of the solution from each state, shape (ORDER + 1, n, m)."""
    rates: list[Any] = []

    def component(i: int) -> Series:
        return Series(lambda k: state[i] if k == 0 else rates[i][k - 1] / np.longdouble(k))

    series = [component(i) for i in range(len(state))]
    rates.extend(case.rates(series, sys.modules[__name__]))
    zero = np.zeros_like(state[0])
    return np.array([[each[k] + zero for each in series] for k in range(ORDER + 1)])


def solve(case: Case, starts: Any, times: Any) -> NDArray[np.float64]:
    """Give the solution at rising times, shape (n, k, m).

    All trajectories take the same steps, the shortest that any of them needs.
    """
    state = np.asarray(starts, dtype=np.longdouble)
    moments = np.asarray(times, dtype=np.longdouble)
    found = np.empty((len(state), len(moments), state.shape[1]), dtype=np.longdouble)
    time, done = np.longdouble(0), 0
    while done < len(moments):
        coefficients = expand(case, state)
        size = np.maximum(1.0, np.abs(state).max(axis=0))
        radii = [
            (size / np.maximum(np.abs(coefficients[k]).max(axis=0), 1e-300)) ** (1.0 / k)
            for k in (ORDER - 1, ORDER)
        ]
        step = np.min(radii) / np.exp(np.longdouble(2))
        while done < len(moments) and moments[done] <= time + step:
            found[:, done] = _sum(coefficients, moments[done] - time)
            done += 1
        state, time = _sum(coefficients, step), time + step
    return found.astype(np.float64)


def last_states(case: Case, starts: Any) -> NDArray[np.float64]:
    """Give the solution at the end of the case's span, shape (n, m)."""
    return solve(case, starts, [case.span])[:, 0]


def _sum(coefficients: Extended, step: np.longdouble) -> Extended:
    total = coefficients[-1]
    for each in coefficients[-2::-1]:
        total = total * step + each
    return total
