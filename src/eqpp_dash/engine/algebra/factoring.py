"""Factors over the rationals of polynomials in one variable, as far as that is cheap."""

from __future__ import annotations

from fractions import Fraction

from eqpp_dash.engine.algebra.roots import rational_roots
from eqpp_dash.engine.algebra.univariate import (
    Dense,
    divide_exactly,
    from_fractions,
    primitive,
    squarefree,
)
from eqpp_dash.engine.expression.polynomial import Work
from eqpp_dash.engine.expression.rationals import exact_root


def rational_factors(p: Dense, work: Work) -> list[tuple[Dense, int]]:
    """Split a polynomial into factors over the rationals.

    Parameters
    ----------
    p : list of int
        Coefficients, the constant term first.
    work : Work
        Budget.

    Returns
    -------
    list of (list of int, int)
        Factors without repeated roots with their multiplicities. Those of degree one to four
        are irreducible; one of higher degree has no rational root.

    Examples
    --------
    >>> rational_factors([2, 0, 3, 0, 1], Work())  # x^4 + 3 x^2 + 2
    [([1, 0, 1], 1), ([2, 0, 1], 1)]
    """
    found: list[tuple[Dense, int]] = []
    for factor, k in squarefree(p, work):
        rest = factor
        for root in rational_roots(factor, work):
            linear = [-root.numerator, root.denominator]
            rest = divide_exactly(rest, linear, work)
            found.append((linear, k))
        if len(rest) == 5:
            found += [(part, k) for part in _quadratics(rest, work)]
        elif len(rest) > 1:
            found.append((primitive(rest), k))
    return found


def _quadratics(p: Dense, work: Work) -> list[Dense]:
    """Split a quartic without rational roots into two quadratics where these are rational.

    With t = x + a_3/(4 a_4) it is t^4 + a t^2 + b t + c = (t^2 + u t + v)(t^2 - u t + w), and
    u^2 is a root of z^3 + 2 a z^2 + (a^2 - 4 c) z - b^2 (Descartes).
    """
    e, d, c, b, _ = (Fraction(k, p[4]) for k in p)
    shift = b / 4
    quadratic = c - 6 * shift**2
    linear = d - 2 * c * shift + 8 * shift**3
    constant = e - d * shift + c * shift**2 - 3 * shift**4
    for u, v, w in _splits(quadratic, linear, constant, work):
        parts = []
        for slope, height in ((u, v), (-u, w)):
            # in x = t - shift
            values = [height + slope * shift + shift**2, slope + 2 * shift, Fraction(1)]
            parts.append(primitive(from_fractions(values)[0]))
        return sorted(parts)
    return [primitive(p)]


def _splits(
    a: Fraction, b: Fraction, c: Fraction, work: Work
) -> list[tuple[Fraction, Fraction, Fraction]]:
    resolvent, _ = from_fractions([-b * b, a * a - 4 * c, 2 * a, Fraction(1)])
    found = []
    for z in rational_roots(resolvent, work):
        u = _root(z)
        if u is None:
            continue
        if u:
            total, difference = a + z, b / u
            found.append((u, (total - difference) / 2, (total + difference) / 2))
        else:
            root = _root(a * a - 4 * c)
            if root is not None and not b:
                found.append((u, (a - root) / 2, (a + root) / 2))
    return found


def _root(value: Fraction) -> Fraction | None:
    return exact_root(value, 2) if value >= 0 else None
