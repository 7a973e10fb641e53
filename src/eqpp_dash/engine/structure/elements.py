"""Functions whose derivative along a polynomial field is a polynomial.

With X(F_i) = K_i F_i these are log|F_i|, of derivative K_i; monomials; 1/F^k where F divides its
cofactor; and the angle of a pair of conjugate lines. A combination of derivative zero is a first
integral; one whose derivative is the divergence gives a multiplier (Darboux; see F. Dumortier,
J. Llibre, J. C. Artes, Qualitative Theory of Planar Differential Systems, theorem 8.7).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, isqrt, lcm

from eqpp_dash.engine.exact import differentiate
from eqpp_dash.engine.expression.graph import Node
from eqpp_dash.engine.expression.polynomial import (
    Polynomial,
    TooLargeError,
    accumulate,
    divide,
    multiply,
)
from eqpp_dash.engine.structure.darboux import FRACTION_COST, Curve, flow
from eqpp_dash.engine.structure.integration import log_size
from eqpp_dash.engine.structure.plane import Plane

#: Most total degree of a monomial, and most degree of a power of one variable.
MAX_DEGREE = 4
MAX_INVERSE_POWER = 3


@dataclass(frozen=True, slots=True, eq=False)
class Element:
    """A function with its derivative along (P, Q)."""

    node: Node
    image: Polynomial


def elements(plane: Plane, curves: Sequence[Curve]) -> list[Element]:
    """List the functions: logarithms, angles, inverses and monomials, in this order."""
    field = plane.polynomials
    if field is None:
        return []
    found = [
        Element(log_size(plane, plane.node_of(curve.polynomial)), curve.cofactor)
        for curve in curves
    ]
    for curve in curves:
        found += _angle(plane, field, curve.polynomial)
    for curve in curves:
        found += _inverses(plane, curve)
    x, y = plane.variables
    for degree in range(1, MAX_DEGREE + 1):
        for i in range(degree, -1, -1):
            monomial: Polynomial = {(i, degree - i): Fraction(1)}
            node = plane.graph.power_product([(x, i), (y, degree - i)])
            found.append(Element(node, flow(field, monomial, plane.work)))
    return found


def divergence(field: tuple[Polynomial, Polynomial]) -> Polynomial:
    """Give the divergence of a polynomial field."""
    total = dict(differentiate(field[0], 0))
    accumulate(total, differentiate(field[1], 1), Fraction(1))
    return total


def _inverses(plane: Plane, curve: Curve) -> list[Element]:
    """Give F^-k, of derivative -k K F^-k, as far as that is a polynomial."""
    found = []
    image = curve.cofactor
    base = plane.node_of(curve.polynomial)
    for k in range(1, MAX_INVERSE_POWER + 1):
        plane.work.spend(FRACTION_COST * (len(image) + 1) * len(curve.polynomial))
        quotient = divide(image, curve.polynomial)
        if not quotient:
            break
        image = quotient
        node = plane.graph.power_product([(base, -k)])
        found.append(Element(node, {key: -k * c for key, c in image.items()}))
    return found


def _angle(plane: Plane, field: tuple[Polynomial, Polynomial], p: Polynomial) -> list[Element]:
    """Give the angle, or its hyperbolic kind, of a conic that is a pair of lines.

    A multiple of the conic is A^2 - D B^2 with linear A and B; its lines are conjugate: complex
    ones where D < 0, real with irrational coefficients where D > 0.
    """
    if max(map(sum, p)) != 2:
        return []
    split = _conjugate_lines(p)
    if split is None:
        return []
    a, b, d = split
    image = _times(a, flow(field, b))
    accumulate(image, _times(b, flow(field, a)), Fraction(-1))
    norm = _times(a, a)
    accumulate(norm, _times(b, b), -d)
    slope = divide(image, norm)
    if slope is None:
        return []
    graph = plane.graph
    above, below = plane.node_of(a), plane.node_of(b)
    root = graph.power(graph.constant(abs(d)), graph.constant(Fraction(1, 2)))
    if d < 0:
        angle = graph.call("atan2", graph.multiply(root, below), above)
        return [Element(graph.divide(angle, root), slope)]
    shifted = graph.multiply(root, below)
    ratio = graph.divide(graph.add(above, shifted), graph.subtract(above, shifted))
    node = graph.divide(log_size(plane, ratio), root)
    return [Element(node, {key: 2 * c for key, c in slope.items()})]


def _times(a: Polynomial, b: Polynomial) -> Polynomial:
    result = multiply(a, b)
    if result is None:
        raise TooLargeError
    return dict(result)


def _conjugate_lines(p: Polynomial) -> tuple[Polynomial, Polynomial, Fraction] | None:
    """Write a multiple of p as A^2 - D B^2 with linear A, B; None where p is no such pair."""
    swap = (2, 0) not in p
    if swap:
        p = {(j, i): c for (i, j), c in p.items()}
    a = p.get((2, 0), Fraction(0))
    if not a:
        return None
    b, c = p.get((1, 1), Fraction(0)), p.get((0, 2), Fraction(0))
    d, e, f = (p.get(key, Fraction(0)) for key in ((1, 0), (0, 1), (0, 0)))
    # 4 a p = A^2 - (alpha y^2 + beta y + gamma)
    first: Polynomial = {(1, 0): 2 * a, (0, 1): b, (0, 0): d}
    alpha, beta, gamma = b * b - 4 * a * c, 2 * b * d - 4 * a * e, d * d - 4 * a * f
    if beta * beta != 4 * alpha * gamma:
        return None
    second: Polynomial
    if alpha:
        discriminant = alpha
        second = {(0, 1): Fraction(1), (0, 0): beta / (2 * alpha)}
    elif gamma:
        discriminant = gamma
        second = {(0, 0): Fraction(1)}
    else:
        return None
    root = _square_part(discriminant)
    discriminant /= root * root
    second = {key: value * root for key, value in second.items()}
    scale = _common_number([*first.values(), *second.values()])
    pair = [{k: value / scale for k, value in q.items() if value} for q in (first, second)]
    if swap:
        pair = [{(j, i): value for (i, j), value in q.items()} for q in pair]
    return pair[0], pair[1], discriminant


def _common_number(values: Sequence[Fraction]) -> Fraction:
    """Give the positive number by which a vector is to be divided to make it coprime."""
    alive = [abs(c) for c in values if c]
    return Fraction(gcd(*(c.numerator for c in alive)), lcm(*(c.denominator for c in alive)))


def _square_part(value: Fraction) -> Fraction:
    """Give a rational number whose square divides the value, so that little is left."""
    whole = abs(value.numerator * value.denominator)
    for k in range(min(isqrt(whole), 100), 1, -1):
        if whole % (k * k) == 0:
            return Fraction(k, value.denominator)
    return Fraction(1, value.denominator)
