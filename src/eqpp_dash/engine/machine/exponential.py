"""Exponential, logarithms and powers of vectors.

Logarithms that others build on, and exponentials, are kept as sums of two doubles (Dekker
1971) until the last step; exp reduces its argument by multiples of log(2) (Cody & Waite 1980),
log writes its argument as 2**k*m and sums the series of 2*atanh((m-1)/(m+1)).
"""

from __future__ import annotations

import math

from eqpp_dash.engine.machine import coefficients as table
from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.machine.routines import Pair, call_routine, quotient

#: exp is zero below the first and infinite above the second, sinh and cosh as well.
EXPONENT_RANGE = (-746.0, 711.0)
#: Where the mantissas of logarithms begin: the double nearest sqrt(1/2), as bits.
_MIDDLE = 0x3FE6A09E667F3BCD
_ONE = 0x3FF0000000000000
_INTEGERS = 0x4330000000000000  # 2**52: or-ed with a small integer, it is 2**52 + the integer


def exponential(lanes: Lanes, x: str) -> str:
    """Emit exp(x), within 1 ulp for every double."""
    return call_routine(lanes, "exp", _exponential, x)


def logarithm(lanes: Lanes, x: str) -> str:
    """Emit log(x), within 1 ulp for every double."""
    return call_routine(lanes, "log", _logarithm, x)


def logarithm_to_base(lanes: Lanes, x: str, base: int) -> str:
    """Emit the logarithm to base 2 or 10, within 1 ulp for every double."""
    inverse = {2: table.INVERSE_LN2, 10: table.INVERSE_LN10}[base]
    return call_routine(lanes, f"log{base}", lambda inner, a: _scaled_log(inner, a, inverse), x)


def power(lanes: Lanes, x: str, y: str) -> str:
    """Emit x**y, within 1 ulp for every pair of doubles, special values as in C's ``pow``."""
    return call_routine(lanes, "pow", _power, x, y)


def odd_root(lanes: Lanes, x: str, degree: int) -> str:
    """Emit the real root of odd degree, within 1 ulp for every double."""
    return call_routine(lanes, f"root{degree}", lambda inner, a: _odd_root(inner, a, degree), x)


# exponential ------------------------------------------------------------------------------


def exponential_pair(lanes: Lanes, high: str, low: str | None = None) -> tuple[Pair, str]:
    """Give (m, k) with exp(high + low) = m * 2**k.

    `high` must be clamped to `EXPONENT_RANGE`; the pair m is right to about 2**-56.
    """
    turns, _ = lanes.nearest(lanes.multiply(high, lanes.constant(table.INVERSE_LN2[0])))
    rest = lanes.subtract(high, lanes.multiply(turns, lanes.constant(table.LN2[0])))
    small = lanes.multiply(turns, lanes.constant(-table.LN2[1]))
    rest, error = lanes.fast_two_sum(rest, small)
    if low is not None:
        error = lanes.add(error, low)
    square = lanes.multiply(rest, rest)
    bend = lanes.multiply(square, lanes.polynomial(rest, table.EXPONENTIAL))
    first, lost = lanes.fast_two_sum(lanes.constant(1.0), rest)
    bend = lanes.fma(error, lanes.add(first, bend), bend)
    first, error = lanes.fast_two_sum(first, bend)
    return (first, lanes.add(error, lost)), turns


def scale(lanes: Lanes, value: str, exponent: str) -> str:
    """Multiply by 2**exponent in two steps, so that only the last one can round.

    The exponent is an integer from -2044 to 2046, as a double.
    """
    half, bits = lanes.nearest(lanes.multiply(exponent, lanes.constant(0.5)))
    other = lanes.nearest(lanes.subtract(exponent, half))[1]
    value = lanes.multiply(value, lanes.power_of_two(bits))
    return lanes.multiply(value, lanes.power_of_two(other))


def clamp(lanes: Lanes, x: str) -> str:
    """Bring a number into `EXPONENT_RANGE`; NaN stays NaN."""
    least, most = (lanes.constant(bound) for bound in EXPONENT_RANGE)
    x = lanes.select(lanes.compare("olt", x, least), least, x)
    return lanes.select(lanes.compare("ogt", x, most), most, x)


def _exponential(lanes: Lanes, x: str) -> str:
    (high, low), exponent = exponential_pair(lanes, clamp(lanes, x))
    return scale(lanes, lanes.add(high, low), exponent)


# logarithms -------------------------------------------------------------------------------


def split(lanes: Lanes, x: str) -> tuple[str, str]:
    """Write a positive number as m * 2**k: give m, from sqrt(1/2) to sqrt(2), and k."""
    tiny = lanes.compare("olt", x, lanes.constant(2.0**-1022))
    x = lanes.select(tiny, lanes.multiply(x, lanes.constant(2.0**54)), x)
    offset = 2.0**52 + 1023.0
    shift = lanes.select(tiny, lanes.constant(offset + 54.0), lanes.constant(offset))
    bits = lanes.bits(x)
    exponent = lanes.integer("lshr", lanes.integer("add", bits, _ONE - _MIDDLE), 52)
    whole = lanes.from_bits(lanes.integer("or", exponent, _INTEGERS))
    back = lanes.integer("shl", lanes.integer("sub", exponent, 1023), 52)
    return lanes.from_bits(lanes.integer("sub", bits, back)), lanes.subtract(whole, shift)


def _logarithm(lanes: Lanes, x: str) -> str:
    mantissa, exponent = split(lanes, x)
    f = lanes.subtract(mantissa, lanes.constant(1.0))
    s = lanes.divide(f, lanes.add(f, lanes.constant(2.0)))
    square = lanes.multiply(s, s)
    series = lanes.multiply(square, lanes.polynomial(square, table.LOGARITHM))
    half = lanes.multiply(lanes.multiply(f, f), lanes.constant(0.5))
    small = lanes.fma(
        exponent, lanes.constant(table.LN2[1]), lanes.multiply(s, lanes.add(half, series))
    )
    rest = lanes.subtract(lanes.subtract(half, small), f)
    whole = lanes.multiply(exponent, lanes.constant(table.LN2[0]))
    return logarithm_edges(lanes, x, lanes.subtract(whole, rest))


def logarithm_edges(lanes: Lanes, x: str, value: str) -> str:
    """Put in what a logarithm is at zero, at infinity and below zero."""
    zero = lanes.constant(0.0)
    pole = lanes.compare("oeq", x, zero)
    edge = lanes.select(pole, lanes.constant(-math.inf), lanes.constant(math.nan))
    value = lanes.select(lanes.compare("ogt", x, zero), value, edge)
    return lanes.select(lanes.compare("oeq", x, lanes.constant(math.inf)), x, value)


def logarithm_of_one_plus(lanes: Lanes, f: Pair) -> Pair:
    """Give log(1 + f), -0.3 < f < 0.42, as a sum of two doubles right to about 2**-65."""
    below, error = lanes.fast_two_sum(lanes.constant(2.0), f[0])
    s, s_low = quotient(lanes, f, (below, lanes.add(error, f[1])))
    return atanh_series(lanes, s, s_low)


def atanh_series(lanes: Lanes, s: str, s_low: str) -> Pair:
    """Give 2*atanh(s), |s| < 0.1717, as a sum of two doubles right to about 2**-65."""
    square, square_low = lanes.two_product(s, s)
    square_low = lanes.fma(lanes.add(s, s), s_low, square_low)
    cube, cube_low = lanes.two_product(square, s)
    cube_low = lanes.fma(square, s_low, lanes.fma(square_low, s, cube_low))
    third, third_low = lanes.two_product(cube, lanes.constant(table.TWO_THIRDS[0]))
    third_low = lanes.fma(cube, lanes.constant(table.TWO_THIRDS[1]), third_low)
    third_low = lanes.fma(cube_low, lanes.constant(table.TWO_THIRDS[0]), third_low)
    tail = lanes.multiply(
        lanes.multiply(cube, square), lanes.polynomial(square, table.LOGARITHM_TAIL)
    )
    first, error = lanes.fast_two_sum(lanes.add(s, s), third)
    low = lanes.add(lanes.add(s_low, s_low), third_low)
    low = lanes.add(lanes.add(error, tail), low)
    return lanes.fast_two_sum(first, low)


def logarithm_pair(lanes: Lanes, x: str) -> tuple[Pair, str]:
    """Give (l, k) with log(x) = l + k*log(2), l a sum of two doubles, for positive x."""
    mantissa, exponent = split(lanes, x)
    f = lanes.subtract(mantissa, lanes.constant(1.0))
    return logarithm_of_one_plus(lanes, (f, lanes.constant(0.0))), exponent


def add_exponent(lanes: Lanes, log: Pair, exponent: str) -> Pair:
    """Give log + exponent*log(2)."""
    whole = lanes.multiply(exponent, lanes.constant(table.LN2[0]))
    high, error = lanes.two_sum(whole, log[0])
    low = lanes.fma(exponent, lanes.constant(table.LN2[1]), log[1])
    return lanes.fast_two_sum(high, lanes.add(error, low))


def times(lanes: Lanes, a: Pair, b: Pair) -> Pair:
    """Multiply sums of two doubles."""
    high, low = lanes.two_product(a[0], b[0])
    low = lanes.fma(a[0], b[1], lanes.fma(a[1], b[0], low))
    return lanes.fast_two_sum(high, low)


def _constant_pair(lanes: Lanes, value: Pair | tuple[float, float]) -> Pair:
    return lanes.constant(float(value[0])), lanes.constant(float(value[1]))


def _scaled_log(lanes: Lanes, x: str, inverse: tuple[float, float]) -> str:
    log, exponent = logarithm_pair(lanes, x)
    if inverse is table.INVERSE_LN2:
        high, low = times(lanes, log, _constant_pair(lanes, inverse))
        high, error = lanes.two_sum(exponent, high)
        value = lanes.add(high, lanes.add(error, low))
    else:
        log = add_exponent(lanes, log, exponent)
        value = lanes.add(*times(lanes, log, _constant_pair(lanes, inverse)))
    return logarithm_edges(lanes, x, value)


# powers -----------------------------------------------------------------------------------


def _power_of_size(lanes: Lanes, size: str, exponent: Pair) -> str:
    """Give size**exponent for size >= 0, 0 and infinity included, size**0 not."""
    log = add_exponent(lanes, *logarithm_pair(lanes, size))
    zero, infinite = lanes.constant(0.0), lanes.constant(math.inf)
    edge = lanes.compare("oeq", size, zero)
    whole = lanes.select(edge, lanes.constant(-math.inf), log[0])
    whole = lanes.select(lanes.compare("oeq", size, infinite), infinite, whole)
    high, low = lanes.two_product(whole, exponent[0])
    low = lanes.fma(log[1], exponent[0], low)
    low = lanes.fma(log[0], exponent[1], low)
    least, most = EXPONENT_RANGE
    inside = lanes.compare("olt", lanes.absolute(high), lanes.constant(max(-least, most)))
    low = lanes.select(inside, low, zero)
    (first, rest), turns = exponential_pair(lanes, clamp(lanes, high), low)
    return scale(lanes, lanes.add(first, rest), turns)


def _power(lanes: Lanes, x: str, y: str) -> str:
    zero, one, nan = (lanes.constant(value) for value in (0.0, 1.0, math.nan))
    infinite = lanes.constant(math.inf)
    size = lanes.absolute(x)
    value = _power_of_size(lanes, size, (y, zero))
    half = lanes.multiply(y, lanes.constant(0.5))
    whole = lanes.compare("oeq", lanes.floor(y), y)
    odd = lanes.mask_and(whole, lanes.compare("one", lanes.floor(half), half))
    value = lanes.select(odd, lanes.copysign(value, x), value)
    below = lanes.mask_and(lanes.compare("olt", x, zero), lanes.compare("olt", size, infinite))
    undefined = lanes.mask_and(below, lanes.compare("une", lanes.floor(y), y))
    undefined = lanes.mask_or(undefined, lanes.compare("uno", x, y))
    value = lanes.select(undefined, nan, value)
    unit = lanes.mask_and(
        lanes.compare("oeq", size, one), lanes.compare("oeq", lanes.absolute(y), infinite)
    )
    unit = lanes.mask_or(unit, lanes.compare("oeq", x, one))
    unit = lanes.mask_or(unit, lanes.compare("oeq", y, zero))
    return lanes.select(unit, one, value)


def _odd_root(lanes: Lanes, x: str, degree: int) -> str:
    share = 1.0 / degree
    numerator, denominator = share.as_integer_ratio()
    rest = (denominator - numerator * degree) / denominator / degree
    exponent = (lanes.constant(share), lanes.constant(rest))
    value = lanes.copysign(_power_of_size(lanes, lanes.absolute(x), exponent), x)
    return lanes.select(lanes.compare("uno", x, x), x, value)
