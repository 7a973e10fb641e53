"""The primitive functions of expressions, emitted for vectors.

Each agrees with `primitives.FUNCTIONS` in what it gives for infinities, zeros and NaN; how near
the value is to the true one is stated where it is emitted.
"""

from __future__ import annotations

from collections.abc import Callable

from eqpp_dash.engine.machine import arctangent, choices, exponential, hyperbolic, trigonometric
from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.machine.routines import call_routine, mend_lanes


def apply(lanes: Lanes, name: str, *args: str) -> str:
    """Emit a primitive function of vectors.

    Raises
    ------
    KeyError
        If there is no such function.
    """
    return EMITTERS[name](lanes, *args)


def integer_power(lanes: Lanes, x: str, n: int) -> str:
    """Emit x**n for a positive integer, by repeated squaring up to n = 64."""
    if n > 64:
        return exponential.power(lanes, x, lanes.constant(float(n)))
    result: str | None = None
    while True:
        if n & 1:
            result = x if result is None else lanes.multiply(result, x)
        n >>= 1
        if not n:
            assert result is not None
            return result
        x = lanes.multiply(x, x)


def error_function(lanes: Lanes, x: str) -> str:
    """Emit erf(x), lane by lane from the C library (glibc: within 1 ulp)."""
    return call_routine(
        lanes, "erf", lambda inner, a: mend_lanes(inner, "splat (i1 true)", a, "erf", a), x
    )


EMITTERS: dict[str, Callable[..., str]] = {
    "sin": trigonometric.sine,
    "cos": trigonometric.cosine,
    "tan": trigonometric.tangent,
    "asin": arctangent.arcsine,
    "acos": arctangent.arccosine,
    "atan": arctangent.arctangent,
    "sinh": hyperbolic.hyperbolic_sine,
    "cosh": hyperbolic.hyperbolic_cosine,
    "tanh": hyperbolic.hyperbolic_tangent,
    "asinh": hyperbolic.inverse_sine,
    "acosh": hyperbolic.inverse_cosine,
    "atanh": hyperbolic.inverse_tangent,
    "exp": exponential.exponential,
    "log": exponential.logarithm,
    "log2": lambda lanes, x: exponential.logarithm_to_base(lanes, x, 2),
    "log10": lambda lanes, x: exponential.logarithm_to_base(lanes, x, 10),
    "erf": error_function,
    "sinc": trigonometric.sinc,
    "sinc slope": trigonometric.sinc_slope,
    "abs": Lanes.absolute,
    "sign": choices.sign,
    "floor": Lanes.floor,
    "ceil": Lanes.ceil,
    "heaviside": choices.heaviside,
    "atan2": arctangent.arctangent2,
    "mod": choices.modulo,
    "min": Lanes.minimum,
    "max": Lanes.maximum,
    "lt": choices.relation("olt"),
    "le": choices.relation("ole"),
    "gt": choices.relation("ogt"),
    "ge": choices.relation("oge"),
    "select": choices.choose,
    "power": exponential.power,
}
