"""Sine, cosine and tangent of vectors.

The argument is reduced by multiples of pi/2 in four parts (Cody & Waite 1980) to a sum of two
doubles, exact enough that even next to a zero nothing is lost; beyond `LARGEST` the lane is
left to the C library.
"""

from __future__ import annotations

import math

from eqpp_dash.engine.machine import coefficients as table
from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.machine.routines import Pair, call_routine, mend_lanes, quotient

#: Up to here the products of the reduction are exact: 2**20 quadrants.
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
    parts = [lanes.multiply(turns, lanes.constant(part)) for part in table.HALF_PI_PARTS]
    rest = lanes.subtract(x, parts[0])
    high, low = lanes.two_sum(rest, lanes.negate(parts[1]))
    high, error = lanes.two_sum(high, lanes.negate(parts[2]))
    low = lanes.subtract(lanes.add(low, error), parts[3])
    return quadrant, lanes.fast_two_sum(high, low)


def _near_zero(lanes: Lanes, angle: Pair) -> tuple[Pair, Pair]:
    """Give sine and cosine of a reduced angle as sums of two doubles."""
    r, low = angle
    square = lanes.multiply(r, r)
    half = lanes.multiply(square, lanes.constant(0.5))
    one = lanes.constant(1.0)
    bend = lanes.multiply(lanes.multiply(r, square), lanes.polynomial(square, table.SINE))
    bend = lanes.add(bend, lanes.fma(lanes.negate(half), low, low))
    sine = lanes.fast_two_sum(r, bend)
    flat, lost = lanes.fast_two_sum(one, lanes.negate(half))
    bend = lanes.multiply(lanes.multiply(square, square), lanes.polynomial(square, table.COSINE))
    bend = lanes.fma(lanes.negate(r), low, bend)
    error = lanes.two_product(r, r)[1]
    bend = lanes.fma(error, lanes.constant(-0.5), bend)
    cosine = lanes.fast_two_sum(flat, lanes.add(lost, bend))
    return sine, cosine


def _circular(lanes: Lanes, x: str, name: str) -> str:
    quadrant, angle = _reduce(lanes, x)
    (sine, _), (cosine, _) = _near_zero(lanes, angle)
    if name == "cos":
        quadrant = lanes.integer("add", quadrant, 1)
    odd = lanes.integer_compare("ne", lanes.integer("and", quadrant, 1), 0)
    sign = lanes.integer("shl", lanes.integer("and", quadrant, 2), 62)
    value = lanes.bits(lanes.select(odd, cosine, sine))
    value = lanes.from_bits(lanes.integer("xor", value, sign))
    if name == "sin":  # a zero keeps its sign
        value = lanes.select(lanes.compare("oeq", x, lanes.constant(0.0)), x, value)
    return mend_lanes(lanes, _huge(lanes, x), value, name, x)


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
    series = lanes.multiply(lanes.polynomial(square, SLOPE_SERIES), x)
    apart = lanes.subtract(cosine(lanes, x), lanes.divide(sine(lanes, x), x))
    near = lanes.compare("olt", lanes.absolute(x), lanes.constant(SLOPE_LIMIT))
    return lanes.select(near, series, lanes.divide(apart, x))
