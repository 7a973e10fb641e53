"""A quick proof that two polynomials have no common factor."""

from __future__ import annotations

from eqpp_dash.engine.expression.polynomial import Polynomial, integral

PRIME = 2**31 - 1
#: Values put in for the other variable.
VALUES = (3, 1009, -77)


def proved_coprime(f: Polynomial, g: Polynomial) -> bool:
    """Tell whether two polynomials in two variables are proved to have no common factor.

    A common factor that depends on x remains one, of the same degree, when a number is put in
    for y at which the leading coefficient by x does not vanish, modulo a prime as well.

    Parameters
    ----------
    f, g : Polynomial
        Not zero.

    Returns
    -------
    bool
        False does not mean that there is one.

    Examples
    --------
    >>> from fractions import Fraction
    >>> one = Fraction(1)
    >>> proved_coprime({(2, 0): one, (0, 2): -one}, {(1, 0): one, (0, 0): one})
    True
    """
    a, b = integral(f), integral(g)
    return all(_no_factor_in(a, b, place) for place in (0, 1))


def _no_factor_in(f: Polynomial, g: Polynomial, place: int) -> bool:
    top = max(key[place] for key in f)
    if not top or not max(key[place] for key in g):
        return True
    for value in VALUES:
        a, b = (_at(p, place, value) for p in (f, g))
        if len(a) == top + 1 and _common_degree(a, b) == 0:
            return True
    return False


def _at(p: Polynomial, place: int, value: int) -> list[int]:
    """Put a number in for the other variable: coefficients modulo the prime."""
    result = [0] * (1 + max(key[place] for key in p))
    for key, c in p.items():
        term = int(c) % PRIME * pow(value, key[1 - place], PRIME)
        result[key[place]] = (result[key[place]] + term) % PRIME
    return _trim(result)


def _trim(p: list[int]) -> list[int]:
    while p and not p[-1]:
        p.pop()
    return p


def _common_degree(a: list[int], b: list[int]) -> int:
    """Give the degree of the greatest common divisor modulo the prime."""
    while b:
        inverse = pow(b[-1], -1, PRIME)
        while len(a) >= len(b):
            factor, shift = a[-1] * inverse % PRIME, len(a) - len(b)
            for i, c in enumerate(b):
                a[shift + i] = (a[shift + i] - factor * c) % PRIME
            _trim(a)
        a, b = b, a
    return len(a) - 1
