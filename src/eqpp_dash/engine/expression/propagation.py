"""How errors of arguments pass through the primitive functions.

Every rule bounds |f(a') - f(a)| where the exact argument a and the computed one a' lie within
`reach` of the value at hand and within `e` of each other: by the mean value theorem, the
largest slope within reach times the error. Next to a jump, a pole or the end of a domain there
is no bound: infinity is given.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from eqpp_dash.engine.expression.sinc import STEEPEST, sinc_slope

#: (value, error, reach) of each argument, in turn -> bound
Rule = Callable[..., Any]


def _distances(x: Any, reach: Any) -> tuple[Any, Any]:
    size = np.abs(x)
    near, far = np.nextafter(size - reach, -np.inf), np.nextafter(size + reach, np.inf)
    return np.maximum(near, 0.0), far


def times(e: Any, slope: Any) -> Any:
    """Multiply an error by a slope; no error stays none at an infinite slope."""
    return np.where(e == 0, 0.0, e * slope)


def _unless(doubt: Any, bound: Any) -> Any:
    return np.where(doubt, np.inf, bound)


def _by(slope: Callable[[Any, Any], Any]) -> Rule:
    """Make a rule of the largest slope between two distances from zero."""
    return lambda x, e, reach: times(e, slope(*_distances(x, reach)))


def _wave(other: Callable[[Any], Any]) -> Rule:
    def rule(x: Any, e: Any, reach: Any) -> Any:
        spread = e * np.minimum(np.abs(other(x)) + reach + 2.0**-52, 1.0)
        return np.where(np.isinf(e), np.inf, np.minimum(spread, 2.0))

    return rule


def _tangent(x: Any, e: Any, reach: Any) -> Any:
    size, turn = np.abs(np.tan(x)), np.tan(np.minimum(reach, 0.5))
    far = (size + turn) / (1.0 - np.minimum(size * turn, 0.5))
    return _unless((e > 0) & ((reach > 0.5) | (size * turn > 0.5)), times(e, 1.0 + far * far))


def _above(slope: Callable[[Any], Any], end: float) -> Rule:
    """Make a rule of a slope that falls from the lower end of the domain."""

    def rule(x: Any, e: Any, reach: Any) -> Any:
        low = np.nextafter(x - reach, -np.inf)
        return _unless((e > 0) & (low <= end), times(e, slope(np.maximum(low, end))))

    return rule


def _second_slope(near: Any, far: Any) -> Any:
    return np.minimum(1.0 / 3.0, (1.0 + 2.0 / near + 2.0 / (near * near)) / near)


def _sinc(x: Any, e: Any, reach: Any) -> Any:
    return times(e, np.minimum(STEEPEST, np.abs(sinc_slope(x)) + reach / 3.0 + 2.0**-50))


def _jump(step: Callable[[Any], Any]) -> Rule:
    """Make a rule of a function that is constant between its jumps."""

    def rule(x: Any, e: Any, reach: Any) -> Any:
        low, high = np.nextafter(x - reach, -np.inf), np.nextafter(x + reach, np.inf)
        return _unless((e > 0) & (step(low) != step(high)), 0.0)

    return rule


def _at_zero(x: Any, e: Any, reach: Any) -> Any:
    return _unless((e > 0) & (np.abs(x) <= reach), 0.0)


def _extreme(a: Any, ea: Any, ra: Any, b: Any, eb: Any, rb: Any) -> Any:
    return np.maximum(ea, eb)


def _compare(a: Any, ea: Any, ra: Any, b: Any, eb: Any, rb: Any) -> Any:
    apart = np.abs(a - b) > (ra + rb) * (1.0 + 2.0**-50)
    return _unless((ea + eb > 0) & ~apart, 0.0)


def _angle(y: Any, ey: Any, ry: Any, x: Any, ex: Any, rx: Any) -> Any:
    near = np.hypot(_distances(y, ry)[0], _distances(x, rx)[0])
    cut = (np.abs(y) <= ry) & (x <= rx)  # the sign of a zero decides there
    return _unless(cut, times(np.hypot(ey, ex), 1.0 / near))


def _modulo(a: Any, ea: Any, ra: Any, b: Any, eb: Any, rb: Any) -> Any:
    turns = np.floor(a / b)
    low, high = np.full(np.shape(ra), np.inf), np.full(np.shape(ra), -np.inf)
    for above in (a - ra, a + ra):
        for below in (b - rb, b + rb):
            low, high = np.minimum(low, above / below), np.maximum(high, above / below)
    slack = 2.0**-50 * np.abs(a / b)
    doubt = (np.floor(low - slack) != np.floor(high + slack)) | (np.abs(b) <= rb)
    return _unless(doubt & (ea + eb > 0), ea + times(eb, np.abs(turns)))


def _choice(c: Any, ec: Any, rc: Any, a: Any, ea: Any, ra: Any, b: Any, eb: Any, rb: Any) -> Any:
    return _unless((ec > 0) & (np.abs(c) <= rc), np.where(c != 0, ea, eb))


def _power(a: Any, ea: Any, ra: Any, b: Any, eb: Any, rb: Any) -> Any:
    near, far = _distances(a, ra)
    most = np.abs(b) + rb
    corners = [np.power(x, y) for x in (near, far) for y in (b - rb, b + rb)]
    largest = np.maximum(np.maximum(*corners[:2]), np.maximum(*corners[2:]))
    logarithm = np.maximum(np.abs(np.log(near)), np.abs(np.log(far)))
    bound = times(ea, largest / near * most) + times(eb, largest * logarithm)
    whole = (eb == 0) & (np.floor(b) == b)
    lower = np.maximum(np.power(near, b - 1.0), np.power(far, b - 1.0))
    bound = np.where(whole, times(ea, np.abs(b) * lower), bound)
    return _unless((ea + eb > 0) & ~whole & (a <= ra), bound)


def integer_power_rule(x: Any, e: Any, reach: Any, n: int) -> Any:
    """Pass an error through x**n, n > 0."""
    return times(e, n * np.power(_distances(x, reach)[1], n - 1.0))


def root_rule(x: Any, e: Any, reach: Any, degree: int) -> Any:
    """Pass an error through the real root of odd degree."""
    share = 1.0 / degree
    steep = times(e, share * np.power(_distances(x, reach)[0], share - 1.0))
    return np.minimum(steep, 2.0 * np.power(e, share))


RULES: dict[str, Rule] = {
    "sin": _wave(np.cos),
    "cos": _wave(np.sin),
    "tan": _tangent,
    "asin": _by(lambda near, far: 1.0 / np.sqrt((1.0 - far) * (1.0 + far))),
    "acos": _by(lambda near, far: 1.0 / np.sqrt((1.0 - far) * (1.0 + far))),
    "atan": _by(lambda near, far: 1.0 / (1.0 + near * near)),
    "sinh": _by(lambda near, far: np.cosh(far)),
    "cosh": _by(lambda near, far: np.sinh(far)),
    "tanh": _by(lambda near, far: np.cosh(near) ** -2.0),
    "asinh": _by(lambda near, far: 1.0 / np.hypot(1.0, near)),
    "acosh": _above(lambda low: 1.0 / np.sqrt((low - 1.0) * (low + 1.0)), 1.0),
    "atanh": _by(lambda near, far: np.where(far < 1.0, 1.0 / ((1.0 - far) * (1.0 + far)), np.inf)),
    "exp": lambda x, e, reach: times(e, np.exp(x + reach)),
    "log": _above(lambda low: 1.0 / low, 0.0),
    "log2": _above(lambda low: 1.0 / math.log(2.0) / low, 0.0),
    "log10": _above(lambda low: 1.0 / math.log(10.0) / low, 0.0),
    "sqrt": _above(lambda low: 0.5 / np.sqrt(low), 0.0),
    "erf": _by(lambda near, far: 2.0 / math.sqrt(math.pi) * np.exp(-near * near)),
    "sinc": _sinc,
    "sinc slope": _by(_second_slope),
    "abs": lambda x, e, reach: e,
    "sign": _at_zero,
    "heaviside": _at_zero,
    "floor": _jump(np.floor),
    "ceil": _jump(np.ceil),
    "atan2": _angle,
    "mod": _modulo,
    **dict.fromkeys(("min", "max"), _extreme),
    **dict.fromkeys(("lt", "le", "gt", "ge"), _compare),
    "select": _choice,
    "power": _power,
}
