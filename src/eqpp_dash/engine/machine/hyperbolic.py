"""Hyperbolic functions of vectors and their inverses.

With e = exp(|x|) as a sum of two doubles, 2*sinh and 2*cosh are e -+ 1/e, and small sines a
polynomial; the inverses are logarithms of sums of two doubles (Dekker 1971).
"""

from __future__ import annotations

import math

from eqpp_dash.engine.machine import coefficients as table
from eqpp_dash.engine.machine.exponential import (
    add_exponent,
    atanh_series,
    clamp,
    exponential_pair,
    logarithm_of_one_plus,
    scale,
    split,
)
from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.machine.routines import Pair, call_routine, quotient, sqrt_pair

#: Below, sinh is a polynomial.
SMALL = 0.5
#: Beyond, sqrt(x**2 +- 1) is x.
LARGE = 2.0**30
#: Below, asinh(x) is x.
TINY = 2.0**-500
#: Below, the series of 2*atanh is summed directly, and log(1 + f) needs no power of two.
SERIES_LIMIT, PLAIN_LIMIT = 0.17, 0.41


def hyperbolic_sine(lanes: Lanes, x: str) -> str:
    """Emit sinh(x), within 1 ulp for every double."""
    return call_routine(lanes, "sinh", _sinh, x)


def hyperbolic_cosine(lanes: Lanes, x: str) -> str:
    """Emit cosh(x), within 1 ulp for every double."""
    return call_routine(lanes, "cosh", _cosh, x)


def hyperbolic_tangent(lanes: Lanes, x: str) -> str:
    """Emit tanh(x), within 1 ulp for every double."""
    return call_routine(lanes, "tanh", _tanh, x)


def inverse_sine(lanes: Lanes, x: str) -> str:
    """Emit asinh(x), within 1 ulp for every double."""
    return call_routine(lanes, "asinh", _asinh, x)


def inverse_cosine(lanes: Lanes, x: str) -> str:
    """Emit acosh(x), within 1 ulp; NaN below 1."""
    return call_routine(lanes, "acosh", _acosh, x)


def inverse_tangent(lanes: Lanes, x: str) -> str:
    """Emit atanh(x), within 1 ulp; infinite at -1 and 1, NaN beyond."""
    return call_routine(lanes, "atanh", _atanh, x)


def _both(lanes: Lanes, size: str) -> tuple[Pair, Pair, str]:
    """Give (s, c, k) with sinh = s * 2**k and cosh = c * 2**k, for size >= 0."""
    e, turns = exponential_pair(lanes, clamp(lanes, size))
    one, zero = lanes.constant(1.0), lanes.constant(0.0)
    twice, most = lanes.add(turns, turns), lanes.constant(1000.0)
    twice = lanes.select(lanes.compare("ogt", twice, most), most, twice)
    shrink = lanes.power_of_two(lanes.nearest(lanes.negate(twice))[1])
    inverse = [lanes.multiply(part, shrink) for part in quotient(lanes, (one, zero), e)]
    plus, error = lanes.two_sum(e[0], inverse[0])
    plus_low = lanes.add(error, lanes.add(e[1], inverse[1]))
    minus, error = lanes.two_sum(e[0], lanes.negate(inverse[0]))
    minus_low = lanes.add(error, lanes.subtract(e[1], inverse[1]))
    return (minus, minus_low), (plus, plus_low), lanes.subtract(turns, one)


def _small_sine(lanes: Lanes, size: str) -> str:
    """Give sinh(size) - size for a small size."""
    square = lanes.multiply(size, size)
    series = lanes.polynomial(square, table.HYPERBOLIC_SINE)
    return lanes.multiply(lanes.multiply(size, square), series)


def _sinh(lanes: Lanes, x: str) -> str:
    size = lanes.absolute(x)
    minus, _, exponent = _both(lanes, size)
    value = scale(lanes, lanes.add(*minus), exponent)
    small = lanes.compare("olt", size, lanes.constant(SMALL))
    value = lanes.select(small, lanes.add(size, _small_sine(lanes, size)), value)
    return lanes.copysign(value, x)


def _cosh(lanes: Lanes, x: str) -> str:
    _, plus, exponent = _both(lanes, lanes.absolute(x))
    return scale(lanes, lanes.add(*plus), exponent)


def _tanh(lanes: Lanes, x: str) -> str:
    size = lanes.absolute(x)
    minus, plus, exponent = _both(lanes, size)
    small = lanes.compare("olt", size, lanes.constant(SMALL))
    back = lanes.select(small, lanes.negate(exponent), lanes.constant(0.0))
    grow = lanes.power_of_two(lanes.nearest(back)[1])
    parts = [lanes.multiply(part, grow) for part in (size, _small_sine(lanes, size))]
    above = [lanes.select(small, a, b) for a, b in zip(parts, minus, strict=True)]
    value = lanes.add(*quotient(lanes, (above[0], above[1]), plus))
    return lanes.copysign(value, x)


def _log_of_one_plus(lanes: Lanes, f: Pair, large: str, size: str) -> Pair:
    """Give log(1 + f) for f >= 0, and log(2*size) where `large` holds."""
    zero, one = lanes.constant(0.0), lanes.constant(1.0)
    whole, low = lanes.two_sum(f[0], one)
    whole = lanes.select(large, size, whole)
    low = lanes.select(large, zero, lanes.add(low, f[1]))
    mantissa, exponent = split(lanes, whole)
    low = lanes.multiply(low, lanes.power_of_two(lanes.nearest(lanes.negate(exponent))[1]))
    reduced = lanes.fast_two_sum(lanes.subtract(mantissa, one), low)
    exponent = lanes.select(large, lanes.add(exponent, one), exponent)
    plain = lanes.compare("olt", f[0], lanes.constant(PLAIN_LIMIT))
    plain = lanes.mask_and(plain, lanes.mask_not(large))
    log = logarithm_of_one_plus(
        lanes, (lanes.select(plain, f[0], reduced[0]), lanes.select(plain, f[1], reduced[1]))
    )
    return add_exponent(lanes, log, lanes.select(plain, zero, exponent))


def _asinh(lanes: Lanes, x: str) -> str:
    size, one = lanes.absolute(x), lanes.constant(1.0)
    large = lanes.compare("ogt", size, lanes.constant(LARGE))
    v = lanes.select(large, one, size)
    square, lost = lanes.two_product(v, v)
    high, error = lanes.two_sum(one, square)
    root = sqrt_pair(lanes, lanes.fast_two_sum(high, lanes.add(error, lost)))
    f, error = lanes.two_sum(v, lanes.subtract(root[0], one))
    log = _log_of_one_plus(lanes, (f, lanes.add(error, root[1])), large, size)
    infinite = lanes.compare("oeq", size, lanes.constant(math.inf))
    itself = lanes.mask_or(infinite, lanes.compare("olt", size, lanes.constant(TINY)))
    return lanes.copysign(lanes.select(itself, size, lanes.add(*log)), x)


def _acosh(lanes: Lanes, x: str) -> str:
    one = lanes.constant(1.0)
    large = lanes.compare("ogt", x, lanes.constant(LARGE))
    v = lanes.select(large, lanes.constant(2.0), x)
    square, lost = lanes.two_product(v, v)
    high, error = lanes.two_sum(square, lanes.constant(-1.0))
    root = sqrt_pair(lanes, lanes.fast_two_sum(high, lanes.add(error, lost)))
    rest, first = lanes.two_sum(v, lanes.constant(-1.0))
    f, error = lanes.two_sum(rest, root[0])
    f_low = lanes.add(lanes.add(first, error), root[1])
    value = lanes.add(*_log_of_one_plus(lanes, (f, f_low), large, x))
    value = lanes.select(lanes.compare("oeq", x, lanes.constant(math.inf)), x, value)
    return lanes.select(lanes.compare("uge", x, one), value, lanes.constant(math.nan))


def _atanh(lanes: Lanes, x: str) -> str:
    size = lanes.absolute(x)
    zero, one, half = (lanes.constant(value) for value in (0.0, 1.0, 0.5))
    small = lanes.compare("olt", size, lanes.constant(SERIES_LIMIT))
    near = lanes.add(*atanh_series(lanes, lanes.select(small, size, zero), zero))
    below = lanes.two_sum(one, lanes.negate(size))
    f = quotient(lanes, (lanes.add(size, size), zero), below)
    far = lanes.add(*_log_of_one_plus(lanes, f, "splat (i1 false)", size))
    value = lanes.multiply(lanes.select(small, near, far), half)
    pole = lanes.compare("oeq", size, one)
    value = lanes.select(pole, lanes.constant(math.inf), value)
    value = lanes.select(lanes.compare("ule", size, one), value, lanes.constant(math.nan))
    return lanes.copysign(value, x)
