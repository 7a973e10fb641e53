"""The polynomials and constants are those their comments promise."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import pytest

from eqpp_dash.engine.machine import coefficients as table

#: name -> function, ends of its range, what an error is multiplied with in the end
FITS: dict[str, tuple[Callable[[Any], Any], float, float, Callable[[Any], Any]]] = {
    "SINE": (lambda z: (mpmath.sin(root(z)) / root(z) - 1) / z, 0, 0.63, lambda z: z),
    "COSINE": (lambda z: (mpmath.cos(root(z)) - 1 + z / 2) / z**2, 0, 0.63, lambda z: z**2),
    "EXPONENTIAL": (lambda r: (mpmath.exp(r) - 1 - r) / r**2, -0.35, 0.35, lambda r: r**2),
    "LOGARITHM": (lambda z: (half_log(z) - 2) / z, 0, 0.02948, lambda z: z / 2),
    "LOGARITHM_TAIL": (
        lambda z: (half_log(z) - 2 - 2 * z / 3) / z**2, 0, 0.02948, lambda z: z**2 / 2
    ),
    "HYPERBOLIC_SINE": (lambda z: (mpmath.sinh(root(z)) / root(z) - 1) / z, 0, 0.25, lambda z: z),
    "ARCTANGENT": (lambda z: (mpmath.atan(root(z)) / root(z) - 1) / z, 0, 0.1717, lambda z: z),
}  # fmt: skip


def root(z: Any) -> Any:
    return mpmath.sqrt(z)


def half_log(z: Any) -> Any:
    return 2 * mpmath.atanh(root(z)) / root(z)


@pytest.mark.parametrize("name", FITS)
def test_polynomials_err_less_than_a_quarter_ulp(name: str) -> None:
    function, low, high, weight = FITS[name]
    polynomial = [mpmath.mpf(value) for value in getattr(table, name)]
    with mpmath.workdps(60):
        for i in range(400):
            x = low + (high - low) * (mpmath.mpf(i) + mpmath.mpf("0.37")) / 400
            error = (
                mpmath.fsum(c * x**k for k, c in enumerate(polynomial)) - function(x)
            ) * weight(x)
            assert abs(error) < mpmath.mpf(2) ** (-65 if name == "LOGARITHM_TAIL" else -55)


def bits(value: float) -> int:
    numerator = abs(Fraction(value).numerator)
    return (numerator // (numerator & -numerator)).bit_length()


def test_constants_are_their_parts_together() -> None:
    with mpmath.workdps(60):
        wanted = {
            "HALF_PI_PARTS": mpmath.pi / 2,
            "HALF_PI": mpmath.pi / 2,
            "QUARTER_PI": mpmath.pi / 4,
            "LN2": mpmath.log(2),
            "INVERSE_LN2": 1 / mpmath.log(2),
            "INVERSE_LN10": 1 / mpmath.log(10),
            "TWO_THIRDS": mpmath.mpf(2) / 3,
        }
        for name, value in wanted.items():
            parts = getattr(table, name)
            total = mpmath.fsum(mpmath.mpf(part) for part in parts)
            room = abs(parts[-1]) * 2.0**-52
            assert abs(total - value) <= room, name


def test_leading_parts_leave_room_for_the_integers_they_meet() -> None:
    assert bits(table.HALF_PI_PARTS[0]) <= 33
    assert bits(table.LN2[0]) <= 42
