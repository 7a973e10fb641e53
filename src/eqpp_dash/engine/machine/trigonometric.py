"""Sine, cosine and tangent of vectors.

The argument is reduced by multiples of pi/2 in three parts (Cody & Waite 1980) to a sum of two
doubles, exact enough that even next to a zero nothing is lost; beyond `LARGEST` the lane is
left to the C library.
"""

from __future__ import annotations

import math

from eqpp_dash.engine.machine import coefficients as table
from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.machine.routines import (
    Pair,
    call_routine,
    call_twin_routine,
    mend_lanes,
    quotient,
)

#: Up to here the first product of the reduction is exact: 2**20 quadrants.
LARGEST = 1.6e6
#: The derivative of sin(x)/x as a series in x**2, times x; used up to `SLOPE_LIMIT`.
SLOPE_SERIES = tuple((-1) ** n * 2 * n / math.factorial(2 * n + 1) for n in range(1, 10))
SLOPE_LIMIT = 0.75


def sine(lanes: Lanes, x: str) -> str:
    """Emit sin(x), within 1 ulp; beyond `LARGEST` as the C library gives it."""
    return call_routine(lanes, "sin", lambda inner, a: _circular(inner, a, "sin"), x)


def cosine(lanes: Lanes, x: str) -> str:
    """Emit cos(x), within 1 ulp; beyond `LARGEST` as the C library gives it."""
    return call_routine(lanes, "cos", lambda inner, a: _circular(inner, a, "cos"), x)


def sine_and_cosine(lanes: Lanes, x: str) -> Pair:
    """Emit sin(x) and cos(x), the same values as from `sine` and `cosine`, at once."""
    return call_twin_routine(lanes, "sincos", _both, x)


def tangent(lanes: Lanes, x: str) -> str:
    """Emit tan(x), within 1 ulp; beyond `LARGEST` as the C library gives it."""
    return call_routine(lanes, "tan", _tangent, x)


def sinc(lanes: Lanes, x: str) -> str:
    """Emit sin(x)/x, 1 at zero, within 2 ulp."""
    return call_routine(lanes, "sinc", _sinc, x)


def sinc_slope(lanes: Lanes, x: str) -> str:
    """Emit the derivative of sin(x)/x.

    Within 2 ulp where |x| < 3/4; elsewhere the error is at most 2**-51 times
    (|cos(x)| + |sin(x)/x|)/|x|, which is more than 2 ulp next to the zeros.
    """
    return call_routine(lanes, "sinc_slope", _sinc_slope, x)


def _reduce(lanes: Lanes, x: str) -> tuple[str, Pair]:
    """Give the number of the quadrant, as bits, and the distance from its axis."""
    turns, quadrant = lanes.nearest(lanes.multiply(x, lanes.constant(2.0 / math.pi)))
    first, second, third = (lanes.constant(part) for part in table.HALF_PI_PARTS)
    rest = lanes.fma(lanes.negate(turns), first, x)  # exact
    product, lost = lanes.two_product(turns, second)
    high, low = lanes.two_sum(rest, lanes.negate(product))
    low = lanes.fma(lanes.negate(turns), third, lanes.subtract(low, lost))
    return quadrant, (high, low)


def _near_zero(lanes: Lanes, angle: Pair) -> tuple[Pair, Pair]:
    """Give sine and cosine of a reduced angle as sums of two doubles."""
    r, low = angle
    square = lanes.multiply(r, r)
    half = lanes.multiply(square, lanes.constant(0.5))
    bend = lanes.multiply(lanes.multiply(r, square), lanes.polynomial(square, table.SINE))
    bend = lanes.add(bend, lanes.fma(lanes.negate(half), low, low))
    sine = lanes.fast_two_sum(r, bend)
    flat, lost = lanes.fast_two_sum(lanes.constant(1.0), lanes.negate(half))
    bend = lanes.multiply(lanes.multiply(square, square), lanes.polynomial(square, table.COSINE))
    bend = lanes.fma(lanes.negate(r), low, bend)
    cosine = lanes.fast_two_sum(flat, lanes.add(lost, bend))
    return sine, cosine


def _turned(lanes: Lanes, quadrant: str, parts: tuple[str, str], cosine: bool) -> str:
    """Give sine or cosine in their quadrant from those of the reduced angle."""
    if cosine:
        quadrant = lanes.integer("add", quadrant, 1)
    odd = lanes.integer_compare("ne", lanes.integer("and", quadrant, 1), 0)
    sign = lanes.integer("shl", lanes.integer("and", quadrant, 2), 62)
    value = lanes.bits(lanes.select(odd, parts[1], parts[0]))
    return lanes.from_bits(lanes.integer("xor", value, sign))


def _mended(lanes: Lanes, x: str, value: str, name: str) -> str:
    """Give zero its sign, and huge arguments to the C library."""
    if name == "sin":
        value = lanes.select(lanes.compare("oeq", x, lanes.constant(0.0)), x, value)
    return mend_lanes(lanes, _huge(lanes, x), value, name, x)


def _circular(lanes: Lanes, x: str, name: str) -> str:
    quadrant, angle = _reduce(lanes, x)
    (sine, _), (cosine, _) = _near_zero(lanes, angle)
    return _mended(lanes, x, _turned(lanes, quadrant, (sine, cosine), name == "cos"), name)


def _both(lanes: Lanes, x: str) -> Pair:
    quadrant, angle = _reduce(lanes, x)
    (sine, _), (cosine, _) = _near_zero(lanes, angle)
    first = _turned(lanes, quadrant, (sine, cosine), False)
    second = _turned(lanes, quadrant, (sine, cosine), True)
    return _mended(lanes, x, first, "sin"), _mended(lanes, x, second, "cos")


def _tangent(lanes: Lanes, x: str) -> str:
    quadrant, angle = _reduce(lanes, x)
    sine, cosine = _near_zero(lanes, angle)
    odd = lanes.integer_compare("ne", lanes.integer("and", quadrant, 1), 0)
    minus = (lanes.negate(cosine[0]), lanes.negate(cosine[1]))
    above = tuple(lanes.select(odd, m, s) for m, s in zip(minus, sine, strict=True))
    below = tuple(lanes.select(odd, s, c) for s, c in zip(sine, cosine, strict=True))
    high, low = quotient(lanes, (above[0], above[1]), (below[0], below[1]))
    value = lanes.add(high, low)
    value = lanes.select(lanes.compare("oeq", x, lanes.constant(0.0)), x, value)
    return mend_lanes(lanes, _huge(lanes, x), value, "tan", x)


def _huge(lanes: Lanes, x: str) -> str:
    size = lanes.absolute(x)
    beyond = lanes.compare("ogt", size, lanes.constant(LARGEST))
    return lanes.mask_and(beyond, lanes.compare("olt", size, lanes.constant(math.inf)))


def _sinc(lanes: Lanes, x: str) -> str:
    zero, one = lanes.constant(0.0), lanes.constant(1.0)
    value = lanes.divide(sine(lanes, x), x)
    return lanes.select(lanes.compare("oeq", x, zero), one, value)


def _sinc_slope(lanes: Lanes, x: str) -> str:
    square = lanes.multiply(x, x)
    rest = lanes.polynomial(square, SLOPE_SERIES[1:])
    series = lanes.multiply(lanes.fma(rest, square, lanes.constant(SLOPE_SERIES[0])), x)
    apart = lanes.subtract(cosine(lanes, x), lanes.divide(sine(lanes, x), x))
    near = lanes.compare("olt", lanes.absolute(x), lanes.constant(SLOPE_LIMIT))
    return lanes.select(near, series, lanes.divide(apart, x))
