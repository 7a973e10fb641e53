"""Invariant curves of the field itself, as facts."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from eqpp_dash.engine.algebra.factoring import rational_factors
from eqpp_dash.engine.algebra.nonzero import takes_both_signs
from eqpp_dash.engine.algebra.packed import Quotient, number_of
from eqpp_dash.engine.algebra.roots import RealRoot, real_roots
from eqpp_dash.engine.algebra.solve import product
from eqpp_dash.engine.algebra.univariate import Dense, from_fractions
from eqpp_dash.engine.expression.factors import zero_factors
from eqpp_dash.engine.expression.graph import ConstantError, Node
from eqpp_dash.engine.expression.polynomial import (
    Polynomial,
    TooLargeError,
    Work,
    accumulate,
    divide,
    integral,
)
from eqpp_dash.engine.expression.text import to_text
from eqpp_dash.engine.structure.darboux import Curve, cofactor, has_real_points, invariant_curves
from eqpp_dash.engine.structure.domain import continuous
from eqpp_dash.engine.structure.facts import Kind, StructureFact
from eqpp_dash.engine.structure.gaussian import complex_form
from eqpp_dash.engine.structure.plane import Plane
from eqpp_dash.engine.structure.symmetries import centers

#: Whole coefficients beyond this are divided by the leading one.
MAX_WHOLE = 10_000


def curves_of(plane: Plane) -> list[Curve]:
    """Find the invariant algebraic curves; none where the field is not algebraic."""
    if plane.polynomials is None:
        return []
    round_ = _circles(plane.polynomials, plane.work)
    return round_ if round_ is not None else invariant_curves(plane.polynomials, plane.work)


def _circles(field: tuple[Polynomial, Polynomial], work: Work) -> list[Curve] | None:
    """Find the invariant curves of a field that every rotation about a center keeps.

    Such a field is z' = z (A + i B) with polynomials A, B of u = |z|^2, and u' = 2 u A: the
    factors of u A give the invariant circles. None where the field is not of this form, or
    where A or B vanishes.
    """
    for center in centers(field):
        terms = complex_form(*field, center, work)
        if not all(k == m + 1 for k, m in terms):
            continue
        radial = [Fraction(0)] * (1 + max(m for _, m in terms))
        for (_, m), a in terms.items():
            radial[m] = a.real
        if not any(radial) or not any(a.imag for a in terms.values()):
            return None
        dense, _ = from_fractions(radial)
        factors = [[0, 1], *(p for p, _ in rational_factors(dense, work) if p != [0, 1])]
        curves = []
        for factor in factors:
            p = _in_square(factor, center, work)
            quotient = cofactor(field, p, work)
            if quotient is not None:
                real = any(map(_is_positive, real_roots(factor, work)))
                curves.append(Curve(p, quotient, real))
        return curves
    return None


def _is_positive(root: RealRoot) -> bool:
    while root.lo < 0 < root.hi:
        root.halve()
    return root.hi > 0


def _in_square(factor: Dense, center: tuple[Fraction, Fraction], work: Work) -> Polynomial:
    """Put |z - center|^2 into a polynomial in one variable."""
    a, b = center
    square: Polynomial = {(2, 0): Fraction(1), (0, 2): Fraction(1)}
    accumulate(square, {(1, 0): -2 * a, (0, 1): -2 * b, (0, 0): a * a + b * b}, Fraction(1))
    total: Polynomial = {}
    power: Polynomial = {(0, 0): Fraction(1)}
    for c in factor:
        accumulate(total, power, Fraction(c))
        power = product(power, square, work)
    return integral(total)


def curve_facts(plane: Plane, curves: Sequence[Curve]) -> list[StructureFact]:
    """State the invariant curves with real points.

    A curve on which the field is not defined, and the level set of a polynomial first integral,
    are left out. Of fields that are not algebraic, the factors of the components are tried.
    """
    if plane.polynomials is None:
        nodes = [node for node in _factors(plane) if _has_real_points(plane, node)]
    else:
        still = plane.common or {}  # curves of equilibria
        nodes = [
            plane.node_of(_short(curve.polynomial))
            for curve in curves
            if curve.real and curve.cofactor and divide(still, curve.polynomial) in ({}, None)
        ]
    found = []
    for node in nodes:
        cofactor = _cofactor(plane, node)
        if cofactor is not None:
            found.append(
                StructureFact(
                    Kind.CURVE,
                    to_text(node),
                    "its derivative along the field is itself times the cofactor",
                    cofactor=to_text(cofactor),
                    function=plane.factor(node),
                    node=node,
                    cofactor_function=plane.factor(cofactor),
                )
            )
    return found


def _has_real_points(plane: Plane, node: Node) -> bool:
    """Tell whether an expression without jumps is proved to vanish on a curve: by both signs."""
    if plane.switching and not continuous(plane, node):
        return False
    own = plane.read(node)
    p = plane.polynomial(own.above)
    if p is not None and max(map(sum, p)) < 3:
        return has_real_points(p)
    return takes_both_signs(node)


def _short(p: Polynomial) -> Polynomial:
    """Divide by the leading coefficient where the coefficients are long."""
    if all(abs(c) <= MAX_WHOLE for c in p.values()):
        return p
    lead = p[max(p, key=lambda key: (sum(key), key))]
    return {key: c / lead for key, c in p.items()}


def _cofactor(plane: Plane, node: Node) -> Node | None:
    """Give X(F)/F where it and the field are proved to have no pole on F = 0 by their form."""
    image = plane.read(plane.flow(node))
    own = plane.read(node)
    if image.is_zero or own.is_zero or _is_pole(plane, own):
        return None
    inverse = plane.kernels.inverse(own)
    quotient = plane.kernels.multiply(image, inverse)
    for key in quotient.below:
        if key in inverse.below and number_of(key) is None:
            return None
    cofactor = plane.kernels.write(quotient)
    difference = plane.graph.subtract(plane.flow(node), plane.graph.multiply(cofactor, node))
    return cofactor if plane.is_zero(difference) else None


def _is_pole(plane: Plane, own: Quotient) -> bool:
    """Tell whether a curve is part of the zero set of a denominator of the field."""
    curve = plane.polynomial(own.above)
    for part in map(plane.read, plane.components):
        for key in part.below:
            if number_of(key) is not None:
                continue
            p = plane.polynomial(dict(key))
            if own.above == dict(key):
                return True
            if p is not None and curve is not None and divide(p, curve) is not None:
                return True
    return False


def _factors(plane: Plane) -> list[Node]:
    """List the factors of the components whose zero sets may be invariant."""
    found: dict[Node, None] = dict.fromkeys(plane.variables)
    for component in plane.components:
        try:
            quotient = plane.read(component)
            if not quotient.is_zero:
                above = plane.kernels.write_packed(quotient.above)
                found.update(dict.fromkeys(zero_factors(plane.graph, above, plane.variables)))
        except (TooLargeError, ConstantError):
            continue
    return list(found)
