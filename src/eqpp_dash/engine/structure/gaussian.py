"""Complex numbers with rational parts, and planar polynomial fields in z and conj(z)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import comb

from eqpp_dash.engine.expression.polynomial import Polynomial, Work

#: A product of fractions in units of products of integers.
FRACTION_COST = 6


@dataclass(frozen=True, slots=True)
class Gaussian:
    """A complex number with rational parts."""

    real: Fraction
    imag: Fraction

    def multiply(self, other: Gaussian) -> Gaussian:
        """Give a product."""
        return Gaussian(
            self.real * other.real - self.imag * other.imag,
            self.real * other.imag + self.imag * other.real,
        )

    def times(self, scale: Fraction | int) -> Gaussian:
        """Give a rational multiple."""
        return Gaussian(self.real * scale, self.imag * scale)

    def conjugate(self) -> Gaussian:
        """Give the complex conjugate."""
        return Gaussian(self.real, -self.imag)

    def unit_square(self) -> Gaussian:
        """Give a/conj(a)."""
        return self.multiply(self).times(1 / (self.real**2 + self.imag**2))

    def power(self, n: int) -> Gaussian:
        """Give an integer power; of a number of size 1 also a negative one."""
        base = self if n >= 0 else self.conjugate()
        result = Gaussian(Fraction(1), Fraction(0))
        for _ in range(abs(n)):
            result = result.multiply(base)
        return result


Complex = dict[tuple[int, int], Gaussian]


def complex_form(
    f: Polynomial, g: Polynomial, center: tuple[Fraction, Fraction], work: Work
) -> Complex:
    """Write x' = f, y' = g as z' = sum a_kl z^k conj(z)^l about a center.

    With w = conj(z), x^m y^n = (z + w)^m (z - w)^n / (2^(m + n) i^n).

    Examples
    --------
    >>> one, zero = Fraction(1), Fraction(0)
    >>> complex_form({(0, 1): -one}, {(1, 0): one}, (zero, zero), Work())  # z' = i z
    {(1, 0): Gaussian(real=Fraction(0, 1), imag=Fraction(1, 1))}
    """
    totals: dict[tuple[int, int], list[Fraction]] = {}
    for part, component in enumerate((f, g)):
        for (m, n), c in moved(component, center, work).items():
            degree = m + n
            scale = c / 2**degree
            # a real part turned by i^(part - n)
            turn = (part - n) % 4
            if turn in (2, 3):
                scale = -scale
            for k, value in enumerate(_binomials(m, n)):
                if value:
                    work.spend(FRACTION_COST)
                    row = totals.setdefault((k, degree - k), [Fraction(0), Fraction(0)])
                    row[turn % 2] += scale * value
    return {key: Gaussian(*row) for key, row in totals.items() if row[0] or row[1]}


def moved(p: Polynomial, center: tuple[Fraction, Fraction], work: Work) -> Polynomial:
    """Give p(x + a, y + b)."""
    for axis, shift in enumerate(center):
        if not shift:
            continue
        total: Polynomial = {}
        for key, c in p.items():
            for k in range(key[axis] + 1):
                work.spend(FRACTION_COST)
                place = (*key[:axis], k, *key[axis + 1 :])
                value = c * comb(key[axis], k) * shift ** (key[axis] - k)
                total[place] = total.get(place, Fraction(0)) + value
        p = {key: c for key, c in total.items() if c}
    return p


@lru_cache(maxsize=512)
def _binomials(m: int, n: int) -> tuple[int, ...]:
    """Give the coefficients of (z + w)^m (z - w)^n by powers of z."""
    result = [0] * (m + n + 1)
    for i in range(m + 1):
        for j in range(n + 1):
            result[i + j] += comb(m, i) * comb(n, j) * (-1) ** (n - j)
    return tuple(result)
