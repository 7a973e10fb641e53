"""Complex numbers with rational parts, and planar polynomial fields in z and conj(z)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from eqpp_dash.engine.expression.polynomial import Polynomial


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


def complex_form(f: Polynomial, g: Polynomial, center: tuple[Fraction, Fraction]) -> Complex:
    """Write x' = f, y' = g as z' = sum a_kl z^k conj(z)^l about a center.

    Examples
    --------
    >>> one = Fraction(1)
    >>> complex_form({(0, 1): -one}, {(1, 0): one}, (Fraction(0), Fraction(0)))  # z' = i z
    {(1, 0): Gaussian(real=Fraction(0, 1), imag=Fraction(1, 1))}
    """
    half = Fraction(1, 2)
    one, i = Gaussian(Fraction(1), Fraction(0)), Gaussian(Fraction(0), Fraction(1))
    x: Complex = {(1, 0): one.times(half), (0, 1): one.times(half)}
    y: Complex = {(1, 0): i.times(-half), (0, 1): i.times(half)}
    for part, shift in ((x, center[0]), (y, center[1])):
        if shift:
            part[0, 0] = one.times(shift)
    total: Complex = {}
    powers = {
        0: _powers(x, max((k[0] for p in (f, g) for k in p), default=0)),
        1: _powers(y, max((k[1] for p in (f, g) for k in p), default=0)),
    }
    for component, unit in ((f, one), (g, i)):
        for (m, n), coefficient in component.items():
            scale = unit.times(coefficient)
            for key, value in _product(powers[0][m], powers[1][n]).items():
                _add(total, key, value.multiply(scale))
    return {key: a for key, a in total.items() if a.real or a.imag}


def _powers(base: Complex, most: int) -> list[Complex]:
    result: list[Complex] = [{(0, 0): Gaussian(Fraction(1), Fraction(0))}]
    for _ in range(most):
        result.append(_product(result[-1], base))
    return result


def _product(a: Complex, b: Complex) -> Complex:
    total: Complex = {}
    for (i, j), c in a.items():
        for (k, m), d in b.items():
            _add(total, (i + k, j + m), c.multiply(d))
    return total


def _add(total: Complex, key: tuple[int, int], value: Gaussian) -> None:
    before = total.get(key)
    total[key] = (
        value if before is None else Gaussian(before.real + value.real, before.imag + value.imag)
    )
