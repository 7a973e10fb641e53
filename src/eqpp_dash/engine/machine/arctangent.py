"""Inverse tangent, sine and cosine of vectors, all from the angle of a point.

The angle of (x, y) in the first octant is atan(q) with q = y/x, or beyond pi/8 the angle
pi/4 + atan(q) with q = (y - x)/(y + x); quotients, roots and angles are sums of two doubles
(Dekker 1971) until the last step.
"""

from __future__ import annotations

import math

from eqpp_dash.engine.machine import coefficients as table
from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.machine.routines import Pair, call_routine, quotient, sqrt_pair

#: The slope where the second form takes over, tan(pi/8).
MIDDLE_SLOPE = math.sqrt(2.0) - 1.0


def arctangent(lanes: Lanes, x: str) -> str:
    """Emit atan(x), within 1 ulp for every double."""
    return call_routine(lanes, "atan", _arctangent, x)


def arctangent2(lanes: Lanes, y: str, x: str) -> str:
    """Emit the angle of (x, y), within 2 ulp for every pair of doubles, signed zeros as in C."""
    return call_routine(lanes, "atan2", _arctangent2, y, x)


def arcsine(lanes: Lanes, x: str) -> str:
    """Emit asin(x), within 1 ulp; NaN outside of [-1, 1]."""
    return call_routine(lanes, "asin", _arcsine, x)


def arccosine(lanes: Lanes, x: str) -> str:
    """Emit acos(x), within 1 ulp; NaN outside of [-1, 1]."""
    return call_routine(lanes, "acos", _arccosine, x)


def _choose(lanes: Lanes, mask: str, yes: Pair, no: Pair) -> Pair:
    return lanes.select(mask, yes[0], no[0]), lanes.select(mask, yes[1], no[1])


def _less(lanes: Lanes, whole: tuple[float, float], part: Pair) -> Pair:
    """Give a constant minus a pair."""
    high, error = lanes.two_sum(lanes.constant(whole[0]), lanes.negate(part[0]))
    low = lanes.subtract(lanes.constant(whole[1]), part[1])
    return high, lanes.add(error, low)


def _angle(lanes: Lanes, y: Pair, x: Pair) -> Pair:
    """Give the angle of a point of the first quadrant, neither coordinate negative."""
    steep = lanes.compare("ogt", y[0], x[0])
    near, far = _choose(lanes, steep, x, y), _choose(lanes, steep, y, x)
    limit = lanes.multiply(far[0], lanes.constant(MIDDLE_SLOPE))
    diagonal = lanes.compare("ogt", near[0], limit)
    total, error = lanes.two_sum(near[0], far[0])
    total_low = lanes.add(error, lanes.add(near[1], far[1]))
    gap, error = lanes.two_sum(near[0], lanes.negate(far[0]))
    gap_low = lanes.add(error, lanes.subtract(near[1], far[1]))
    above = _choose(lanes, diagonal, (gap, gap_low), near)
    below = _choose(lanes, diagonal, (total, total_low), far)
    zero = lanes.constant(0.0)
    empty = lanes.compare("oeq", below[0], zero)
    q, q_low = quotient(
        lanes, above, (lanes.select(empty, lanes.constant(1.0), below[0]), below[1])
    )
    lost = lanes.compare("olt", near[0], lanes.constant(2.0**-900))  # the remainder underflowed
    q_low = lanes.select(lost, zero, q_low)
    square = lanes.multiply(q, q)
    bend = lanes.multiply(lanes.multiply(q, square), lanes.polynomial(square, table.ARCTANGENT))
    bend = lanes.add(bend, lanes.fma(lanes.negate(square), q_low, q_low))
    quarter = (lanes.constant(table.QUARTER_PI[0]), lanes.constant(table.QUARTER_PI[1]))
    base = _choose(lanes, diagonal, quarter, (zero, zero))
    high, error = lanes.two_sum(base[0], q)
    angle = lanes.fast_two_sum(high, lanes.add(error, lanes.add(base[1], bend)))
    return _choose(lanes, steep, _less(lanes, table.HALF_PI, angle), angle)


def _turn(lanes: Lanes, angle: Pair, x: str) -> str:
    """Give the angle, or pi minus it where `x` has the minus sign, as one double."""
    left = lanes.integer_compare("slt", lanes.bits(x), 0)
    pi = (2.0 * table.HALF_PI[0], 2.0 * table.HALF_PI[1])
    return lanes.add(*_choose(lanes, left, _less(lanes, pi, angle), angle))


def _arctangent(lanes: Lanes, x: str) -> str:
    size, most = lanes.absolute(x), lanes.constant(2.0**900)
    size = lanes.select(lanes.compare("ogt", size, most), most, size)
    zero, one = lanes.constant(0.0), lanes.constant(1.0)
    return lanes.copysign(lanes.add(*_angle(lanes, (size, zero), (one, zero))), x)


def _arctangent2(lanes: Lanes, y: str, x: str) -> str:
    zero, one, infinite = (lanes.constant(value) for value in (0.0, 1.0, math.inf))
    sizes = [lanes.absolute(y), lanes.absolute(x)]
    endless = [lanes.compare("oeq", size, infinite) for size in sizes]
    either = lanes.mask_or(*endless)
    ordered = lanes.mask_and(either, lanes.compare("ord", x, y))
    sizes = [
        lanes.select(ordered, lanes.select(mask, one, zero), size)
        for mask, size in zip(endless, sizes, strict=True)
    ]
    most = lanes.maximum(*sizes)
    large = lanes.compare("ogt", most, lanes.constant(2.0**900))
    small = lanes.compare("olt", most, lanes.constant(2.0**-800))
    factor = lanes.select(large, lanes.constant(2.0**-200), one)
    factor = lanes.select(small, lanes.constant(2.0**300), factor)
    above, beside = ((lanes.multiply(size, factor), zero) for size in sizes)
    return lanes.copysign(_turn(lanes, _angle(lanes, above, beside), x), y)


def _other_side(lanes: Lanes, size: str) -> Pair:
    """Give sqrt(1 - size**2)."""
    square, lost = lanes.two_product(size, size)
    high, error = lanes.two_sum(lanes.constant(1.0), lanes.negate(square))
    return sqrt_pair(lanes, lanes.fast_two_sum(high, lanes.subtract(error, lost)))


def _arcsine(lanes: Lanes, x: str) -> str:
    size = lanes.absolute(x)
    angle = _angle(lanes, (size, lanes.constant(0.0)), _other_side(lanes, size))
    return lanes.copysign(lanes.add(*angle), x)


def _arccosine(lanes: Lanes, x: str) -> str:
    size = lanes.absolute(x)
    angle = _angle(lanes, _other_side(lanes, size), (size, lanes.constant(0.0)))
    return _turn(lanes, angle, x)
