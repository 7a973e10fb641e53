"""The primitive functions of expressions, emitted for vectors.

Each agrees with `primitives.FUNCTIONS` in what it gives for infinities, zeros and NaN; how near
the value is to the true one is stated where it is emitted.
"""

from __future__ import annotations

from collections.abc import Callable

from eqpp_dash.engine.machine import exponential, trigonometric
from eqpp_dash.engine.machine.lanes import Lanes


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


EMITTERS: dict[str, Callable[..., str]] = {
    "sin": trigonometric.sine,
    "cos": trigonometric.cosine,
    "tan": trigonometric.tangent,
    "exp": exponential.exponential,
    "log": exponential.logarithm,
    "log2": lambda lanes, x: exponential.logarithm_to_base(lanes, x, 2),
    "log10": lambda lanes, x: exponential.logarithm_to_base(lanes, x, 10),
    "power": exponential.power,
}
