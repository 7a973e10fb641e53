"""Ranges of the primitive functions over boxes, rounded outward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.expression.interval import (
    EPSILON,
    Array,
    Flag,
    Interval,
    both,
    divide,
    flags,
    multiply,
    power,
    subtract,
    widen,
)
from eqpp_dash.engine.expression.sinc import sinc_range, sinc_slope_range

INF = np.inf
TWO_PI = 2 * np.pi


def _increasing(
    function: Callable[[Any], Any], low: float = -INF, high: float = INF, ulps: int = 8
) -> Callable[[Interval], Interval]:
    """Make the range of an increasing function defined between `low` and `high`."""

    def ranges(a: Interval) -> Interval:
        if low == -INF and high == INF:
            return widen(function(a.lo), function(a.hi), ulps, a)
        inside = (a.lo >= low) & (a.hi <= high)
        touches = (a.hi >= low) & (a.lo <= high)
        left, right = np.clip(a.lo, low, high), np.clip(a.hi, low, high)
        result = widen(function(left), function(right), ulps, a)
        return result._replace(smooth=both(a.smooth, inside), some=both(a.some, touches))

    return ranges


def _bounded(
    ranges: Callable[[Interval], Interval], low: float, high: float
) -> Callable[[Interval], Interval]:
    def clipped(a: Interval) -> Interval:
        result = ranges(a)
        return result._replace(lo=np.maximum(result.lo, low), hi=np.minimum(result.hi, high))

    return clipped


def _open_log(function: Callable[[Any], Any]) -> Callable[[Interval], Interval]:
    ranges = _increasing(function, 0.0)

    def logarithm(a: Interval) -> Interval:
        result = ranges(a)
        return result._replace(
            smooth=both(result.smooth, a.lo > 0), some=both(result.some, a.hi > 0)
        )

    return logarithm


def _atanh(a: Interval) -> Interval:
    result = _increasing(np.arctanh, -1.0, 1.0)(a)
    return result._replace(
        smooth=both(result.smooth, (a.lo > -1) & (a.hi < 1)),
        some=both(result.some, (a.hi > -1) & (a.lo < 1)),
    )


def _acos(a: Interval) -> Interval:
    opposite = _increasing(np.arcsin, -1.0, 1.0)(a)
    left = np.arccos(np.clip(a.hi, -1.0, 1.0))
    right = np.arccos(np.clip(a.lo, -1.0, 1.0))
    wide = widen(left, right, 8, opposite)
    return wide._replace(lo=np.maximum(wide.lo, 0.0))


def _passes(a: Interval, phase: float, period: float) -> NDArray[np.bool_]:
    """Tell whether phase + k*period may lie in the box for an integer k."""
    first = np.ceil((a.lo - phase) / period - _phase_slack(a.lo, period))
    last = np.floor((a.hi - phase) / period + _phase_slack(a.hi, period))
    result: NDArray[np.bool_] = ~(first > last)
    return result


def _phase_slack(x: Array, period: float) -> Array:
    result: Array = 8 * EPSILON * (1 + np.abs(x) / period)
    return result


def _wave(function: Callable[[Any], Any], peak: float) -> Callable[[Interval], Interval]:
    def ranges(a: Interval) -> Interval:
        left, right = function(a.lo), function(a.hi)
        wide = widen(np.minimum(left, right), np.maximum(left, right), 8, a)
        lo = np.where(_passes(a, peak + np.pi, TWO_PI), -1.0, np.maximum(wide.lo, -1.0))
        hi = np.where(_passes(a, peak, TWO_PI), 1.0, np.minimum(wide.hi, 1.0))
        return wide._replace(lo=lo, hi=hi)

    return ranges


def _tan(a: Interval) -> Interval:
    pole = _passes(a, np.pi / 2, np.pi)
    wide = widen(np.tan(a.lo), np.tan(a.hi), 8, a)
    return wide._replace(
        lo=np.where(pole, -INF, wide.lo),
        hi=np.where(pole, INF, wide.hi),
        smooth=both(a.smooth, ~pole),
    )


def _cosh(a: Interval) -> Interval:
    left, right = np.cosh(a.lo), np.cosh(a.hi)
    holds_zero = (a.lo <= 0) & (a.hi >= 0)
    lo = np.where(holds_zero, 1.0, np.minimum(left, right))
    wide = widen(lo, np.maximum(left, right), 8, a)
    return wide._replace(lo=np.maximum(wide.lo, 1.0))


def _abs(a: Interval) -> Interval:
    holds_zero = (a.lo <= 0) & (a.hi >= 0)
    left, right = np.abs(a.lo), np.abs(a.hi)
    lo = np.where(holds_zero, 0.0, np.minimum(left, right))
    return Interval(lo, np.maximum(left, right), a.smooth, a.some)


def _steps(function: Callable[[Any], Any]) -> Callable[[Interval], Interval]:
    def ranges(a: Interval) -> Interval:
        lo, hi = function(a.lo), function(a.hi)
        return Interval(lo, hi, both(a.smooth, lo == hi), a.some)

    return ranges


def _jump(at_zero: Callable[[Any], Any]) -> Callable[[Interval], Interval]:
    def ranges(a: Interval) -> Interval:
        clear = (a.lo > 0) | (a.hi < 0)
        return Interval(at_zero(a.lo), at_zero(a.hi), both(a.smooth, clear), a.some)

    return ranges


def _mod(a: Interval, b: Interval) -> Interval:
    turns = _steps(np.floor)(divide(a, b))
    result = subtract(a, multiply(b, turns))
    lo = np.maximum(result.lo, np.minimum(b.lo, 0.0))
    hi = np.minimum(result.hi, np.maximum(b.hi, 0.0))
    return result._replace(lo=lo, hi=hi)


def _choose(function: Callable[[Any, Any], Any]) -> Callable[[Interval, Interval], Interval]:
    def ranges(a: Interval, b: Interval) -> Interval:
        return Interval(function(a.lo, b.lo), function(a.hi, b.hi), *flags(a, b))

    return ranges


def _relation(strict: bool, swap: bool) -> Callable[[Interval, Interval], Interval]:
    def ranges(a: Interval, b: Interval) -> Interval:
        if swap:
            a, b = b, a
        always = a.hi < b.lo if strict else a.hi <= b.lo
        never = a.lo >= b.hi if strict else a.lo > b.hi
        smooth, some = flags(a, b)
        return Interval(
            np.where(always, 1.0, 0.0),
            np.where(never, 0.0, 1.0),
            both(smooth, always | never),
            some,
        )

    return ranges


def _select(condition: Interval, yes: Interval, no: Interval) -> Interval:
    always, never = condition.lo > 0, condition.hi <= 0

    def pick(first: Flag, second: Flag, mixed: Flag) -> Flag:
        return np.where(always, first, np.where(never, second, mixed))

    smooth = pick(yes.smooth, no.smooth, False)
    some = pick(yes.some, no.some, np.asarray(yes.some) | np.asarray(no.some))
    # a branch that is undefined on the whole box adds nothing
    yes_lo = np.where(yes.some, yes.lo, INF)
    yes_hi = np.where(yes.some, yes.hi, -INF)
    no_lo, no_hi = np.where(no.some, no.lo, INF), np.where(no.some, no.hi, -INF)
    lo = pick(yes.lo, no.lo, np.minimum(yes_lo, no_lo))
    hi = pick(yes.hi, no.hi, np.maximum(yes_hi, no_hi))
    return Interval(
        np.where(some, lo, -INF),
        np.where(some, hi, INF),
        both(condition.smooth, smooth),
        both(condition.some, some),
    )


def _atan2(y: Interval, x: Interval) -> Interval:
    cut = (x.lo <= 0) & (y.lo <= 0) & (y.hi >= 0)
    corners = [np.arctan2(b, a) for a in (x.lo, x.hi) for b in (y.lo, y.hi)]
    lo, hi = np.minimum.reduce(corners), np.maximum.reduce(corners)
    wide = widen(lo, hi, 8, y, x)
    return wide._replace(
        lo=np.where(cut, -3.1415926535897936, wide.lo),
        hi=np.where(cut, 3.1415926535897936, wide.hi),
        smooth=both(wide.smooth, ~cut),
    )


_sqrt = _bounded(_increasing(np.sqrt, 0.0), 0.0, INF)


def sqrt(a: Interval) -> Interval:
    """Square root."""
    return _sqrt(a)


def _erf(x: Any) -> Any:
    from scipy.special import erf

    return erf(x)


RANGES: dict[str, Callable[..., Interval]] = {
    "sin": _wave(np.sin, np.pi / 2),
    "cos": _wave(np.cos, 0.0),
    "tan": _tan,
    "asin": _increasing(np.arcsin, -1.0, 1.0),
    "acos": _acos,
    "atan": _increasing(np.arctan),
    "sinh": _increasing(np.sinh),
    "cosh": _cosh,
    "tanh": _bounded(_increasing(np.tanh), -1.0, 1.0),
    "asinh": _increasing(np.arcsinh),
    "acosh": _bounded(_increasing(np.arccosh, 1.0), 0.0, INF),
    "atanh": _atanh,
    "exp": _bounded(_increasing(np.exp), 0.0, INF),
    "log": _open_log(np.log),
    "log2": _open_log(np.log2),
    "log10": _open_log(np.log10),
    "erf": _bounded(_increasing(_erf), -1.0, 1.0),
    "sinc": sinc_range,
    "sinc slope": sinc_slope_range,
    "abs": _abs,
    "sign": _jump(np.sign),
    "floor": _steps(np.floor),
    "ceil": _steps(np.ceil),
    "heaviside": _jump(lambda x: np.heaviside(x, 0.5)),
    "atan2": _atan2,
    "mod": _mod,
    "min": _choose(np.minimum),
    "max": _choose(np.maximum),
    "lt": _relation(strict=True, swap=False),
    "le": _relation(strict=False, swap=False),
    "gt": _relation(strict=True, swap=True),
    "ge": _relation(strict=False, swap=True),
    "select": _select,
    "power": power,
}
