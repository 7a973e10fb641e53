"""Functions of vectors that choose, compare and round to integers; all are exact."""

from __future__ import annotations

import math
from collections.abc import Callable

from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.machine.routines import call_routine, mend_lanes, remainder


def sign(lanes: Lanes, x: str) -> str:
    """Emit -1, 0 or 1; NaN for NaN."""
    return _by_sign(lanes, x, -1.0, 0.0, 1.0)


def heaviside(lanes: Lanes, x: str) -> str:
    """Emit 0, 1/2 or 1; NaN for NaN."""
    return _by_sign(lanes, x, 0.0, 0.5, 1.0)


def _by_sign(lanes: Lanes, x: str, below: float, at: float, above: float) -> str:
    zero = lanes.constant(0.0)
    least, middle, most = (lanes.constant(value) for value in (below, at, above))
    value = lanes.select(lanes.compare("oeq", x, zero), middle, x)
    value = lanes.select(lanes.compare("olt", x, zero), least, value)
    return lanes.select(lanes.compare("ogt", x, zero), most, value)


def relation(predicate: str) -> Callable[[Lanes, str, str], str]:
    """Give what emits 1 where a relation holds, 0 where not, NaN where one side is NaN."""

    def emit(lanes: Lanes, a: str, b: str) -> str:
        holds = lanes.compare(predicate, a, b)
        value = lanes.select(holds, lanes.constant(1.0), lanes.constant(0.0))
        return lanes.select(lanes.compare("uno", a, b), lanes.constant(math.nan), value)

    return emit


def choose(lanes: Lanes, condition: str, yes: str, no: str) -> str:
    """Emit `yes` where the condition is not zero, else `no`; NaN where it is NaN."""
    value = lanes.select(lanes.compare("une", condition, lanes.constant(0.0)), yes, no)
    unknown = lanes.compare("uno", condition, condition)
    return lanes.select(unknown, lanes.constant(math.nan), value)


def modulo(lanes: Lanes, a: str, b: str) -> str:
    """Emit a - b*floor(a/b) with the sign of `b`, rounded once; as Python's ``%``.

    Quotients beyond 2**52 and extreme sizes are left to the C library's ``fmod``.
    """
    return call_routine(lanes, "mod", _modulo, a, b)


def _modulo(lanes: Lanes, a: str, b: str) -> str:
    zero, infinite = lanes.constant(0.0), lanes.constant(math.inf)
    turns = lanes.floor(lanes.divide(a, b))
    rest = remainder(lanes, a, turns, b)
    size, step = lanes.absolute(a), lanes.absolute(b)
    hard = lanes.compare("oge", lanes.absolute(turns), lanes.constant(2.0**52))
    hard = lanes.mask_or(hard, lanes.compare("ogt", size, lanes.constant(2.0**990)))
    hard = lanes.mask_or(hard, lanes.compare("olt", step, lanes.constant(2.0**-900)))
    hard = lanes.mask_or(hard, lanes.compare("ogt", step, lanes.constant(2.0**990)))
    hard = lanes.mask_and(hard, lanes.compare("olt", size, infinite))
    hard = lanes.mask_and(hard, lanes.compare("ogt", step, zero))
    rest = mend_lanes(lanes, hard, rest, "fmod", a, b)
    wrong = lanes.mask_or(
        lanes.mask_and(lanes.compare("olt", rest, zero), lanes.compare("ogt", b, zero)),
        lanes.mask_and(lanes.compare("ogt", rest, zero), lanes.compare("olt", b, zero)),
    )
    rest = lanes.select(wrong, lanes.add(rest, b), rest)
    return lanes.select(lanes.compare("oeq", rest, zero), lanes.copysign(zero, b), rest)
