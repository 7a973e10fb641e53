"""The primitive functions: how each is computed for arrays and for single numbers.

Everything a user may type is reduced to these; see `names` for the reduction, `derivative`
for the derivatives and `interval` for their ranges over boxes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.expression.sinc import (
    sinc,
    sinc_scalar,
    sinc_slope,
    sinc_slope_scalar,
)

Array = NDArray[np.float64]


def _erf(x: Any) -> Any:
    from scipy.special import erf

    return erf(x)


def integer_power(x: Any, n: int) -> Any:
    """Raise an array to a positive integer power by repeated squaring."""
    if n == 2:
        return x * x
    if n > 64:
        return np.power(x, float(n))
    result = None
    while True:
        if n & 1:
            result = x if result is None else result * x
        n >>= 1
        if not n:
            return result
        x = x * x


def share_of_root(degree: int) -> tuple[float, float]:
    """Give 1/degree as a double and what is missing."""
    share = 1.0 / degree
    return share, float(Fraction(1, degree) - Fraction(share))


def odd_root(x: Any, degree: int) -> Any:
    """Give the real root of odd degree of an array: a power, mended for the rounded exponent."""
    if degree == 3:
        return np.cbrt(x)
    size = np.abs(x)
    share, missing = share_of_root(degree)
    root = np.power(size, share)
    usual = (size > 0) & (size < np.inf)
    mend = np.where(usual, root, 0.0) * (missing * np.log(np.where(usual, size, 1.0)))
    return np.copysign(root + mend, x)


def _scalar_root(x: float, degree: float) -> float:
    return float(odd_root(np.float64(x), int(degree)))


def _select(condition: Any, yes: Any, no: Any) -> Any:
    result = np.where(condition != 0, yes, no)
    unknown = np.isnan(condition)
    return np.where(unknown, np.nan, result) if unknown.any() else result


def _compare(relation: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def compare(a: Any, b: Any) -> Any:
        unknown = np.isnan(a) | np.isnan(b)
        return np.where(unknown, np.nan, np.where(relation(a, b), 1.0, 0.0))

    return compare


def _scalar_sign(x: float) -> float:
    return x if math.isnan(x) else float((x > 0) - (x < 0))


def _scalar_compare(relation: str) -> Callable[[float, float], float]:
    table: dict[str, Callable[[float, float], bool]] = {
        "lt": lambda a, b: a < b,
        "le": lambda a, b: a <= b,
        "gt": lambda a, b: a > b,
        "ge": lambda a, b: a >= b,
    }
    holds = table[relation]

    def compare(a: float, b: float) -> float:
        return math.nan if math.isnan(a) or math.isnan(b) else float(holds(a, b))

    return compare


def _scalar_select(condition: float, yes: float, no: float) -> float:
    return math.nan if math.isnan(condition) else (yes if condition else no)


def _nan_aware(choose: Callable[[float, float], float]) -> Callable[[float, float], float]:
    return lambda a, b: math.nan if math.isnan(a) or math.isnan(b) else choose(a, b)


def _scalar_mod(a: float, b: float) -> float:
    return a - b * float(math.floor(a / b)) if math.isinf(b) else a % b


#: name -> (arguments, array function, scalar function; the latter may raise)
FUNCTIONS: dict[str, tuple[int, Callable[..., Any], Callable[..., float]]] = {
    "sin": (1, np.sin, math.sin),
    "cos": (1, np.cos, math.cos),
    "tan": (1, np.tan, math.tan),
    "asin": (1, np.arcsin, math.asin),
    "acos": (1, np.arccos, math.acos),
    "atan": (1, np.arctan, math.atan),
    "sinh": (1, np.sinh, math.sinh),
    "cosh": (1, np.cosh, math.cosh),
    "tanh": (1, np.tanh, math.tanh),
    "asinh": (1, np.arcsinh, math.asinh),
    "acosh": (1, np.arccosh, math.acosh),
    "atanh": (1, np.arctanh, math.atanh),
    "exp": (1, np.exp, math.exp),
    "log": (1, np.log, math.log),
    "log2": (1, np.log2, math.log2),
    "log10": (1, np.log10, math.log10),
    "erf": (1, _erf, math.erf),
    "sinc": (1, sinc, sinc_scalar),
    "sinc slope": (1, sinc_slope, sinc_slope_scalar),
    "abs": (1, np.abs, abs),
    "sign": (1, np.sign, _scalar_sign),
    "floor": (1, np.floor, lambda x: float(math.floor(x))),
    "ceil": (1, np.ceil, lambda x: float(math.ceil(x))),
    "heaviside": (
        1,
        lambda x: np.heaviside(x, 0.5),
        lambda x: 0.5 * (1.0 + _scalar_sign(x)),
    ),
    "atan2": (2, np.arctan2, math.atan2),
    "mod": (2, np.mod, _scalar_mod),
    "min": (2, np.minimum, _nan_aware(min)),
    "max": (2, np.maximum, _nan_aware(max)),
    "lt": (2, _compare(np.less), _scalar_compare("lt")),
    "le": (2, _compare(np.less_equal), _scalar_compare("le")),
    "gt": (2, _compare(np.greater), _scalar_compare("gt")),
    "ge": (2, _compare(np.greater_equal), _scalar_compare("ge")),
    "select": (3, _select, _scalar_select),
    "power": (2, np.power, math.pow),
    "root": (2, odd_root, _scalar_root),
}


def scalar_value(name: str, *args: float) -> float:
    """Compute a primitive at one point; NaN or infinite where it is undefined.

    Examples
    --------
    >>> scalar_value("log", 0.0)
    -inf
    """
    _, array, scalar = FUNCTIONS[name]
    try:
        return float(scalar(*args))
    except (ArithmeticError, ValueError):
        with np.errstate(all="ignore"):
            return float(array(*(np.float64(arg) for arg in args)))


def exact_value(name: str, args: tuple[Fraction, ...]) -> Fraction | None:
    """Compute a primitive of rational numbers exactly, where the result is rational.

    Returns
    -------
    Fraction or None
        None where the value is irrational, undefined or simply not known here.

    Examples
    --------
    >>> exact_value("abs", (Fraction(-1, 2),))
    Fraction(1, 2)
    """
    a = args[0]
    if name in _AT_ZERO and a == 0:
        return Fraction(_AT_ZERO[name])
    if name in ("log", "log2", "log10") and a == 1:
        return Fraction(0)
    rule = _EXACT.get(name)
    if rule is None or (name == "mod" and args[1] == 0):
        return None
    return Fraction(rule(*args))


_AT_ZERO = {
    **dict.fromkeys(
        ("sin", "tan", "asin", "atan", "sinh", "tanh", "asinh", "atanh", "erf", "sinc slope"), 0
    ),
    **dict.fromkeys(("cos", "cosh", "exp"), 1),
}
_EXACT: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "sign": lambda x: (x > 0) - (x < 0),
    "floor": math.floor,
    "ceil": math.ceil,
    "heaviside": lambda x: Fraction(1 + (x > 0) - (x < 0), 2),
    "mod": lambda a, b: a - b * math.floor(a / b),
    "min": min,
    "max": max,
    "lt": lambda a, b: int(a < b),
    "le": lambda a, b: int(a <= b),
    "gt": lambda a, b: int(a > b),
    "ge": lambda a, b: int(a >= b),
}
