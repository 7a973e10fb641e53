"""Equilibria with one eigenvalue zero, and with two in one Jordan block."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from eqpp_dash.engine.kinds.germ import (
    Germ,
    GermOf,
    Matrix,
    Series,
    UnclearError,
    along,
    combine,
    derivative,
    implicit,
    leading,
    sign,
)

ORDERS = (3, 6, 12, 24)
"""Orders to which the reduced equations are computed, one after the other."""


@dataclass(frozen=True, slots=True)
class Reduced:
    """The first term a x^m of an equation reduced to one variable."""

    order: int
    coefficient: Any


@dataclass(frozen=True, slots=True, eq=False)
class CenterReduction:
    """A field with eigenvalues 0 and T reduced to the direction of the eigenvalue 0.

    Attributes
    ----------
    rate : number
        The other eigenvalue T.
    flow : Reduced
        First term of the flow on the center manifold, u' = a u^m + ...
    basis : matrix
        As columns the eigenvectors of 0 and of T: the axes of u and v.
    curve : Series
        The curve v = h(u) on which v' = 0, from the constant term up to that of u^m.
    """

    rate: Any
    flow: Reduced
    basis: Matrix
    curve: Series


def reduce_to_center(germ_of: GermOf) -> CenterReduction:
    """Reduce a field with eigenvalues 0 and T to the direction of the eigenvalue 0.

    Parameters
    ----------
    germ_of : callable
        The field about the equilibrium.

    Raises
    ------
    UnclearError
        If no term is found up to the last of `ORDERS`.

    Notes
    -----
    With x' = A(x, y), y' = T y + B(x, y) and y = h(x) the solution of T y + B = 0 the first term
    of A(x, h(x)) decides: Dumortier, Llibre, Artés, theorem 2.19.

    Examples
    --------
    Here y = x^2 + ...; the second axis points down.

    >>> one = Fraction(1)
    >>> found = reduce_to_center(lambda degree: Germ({(1, 1): one}, {(0, 1): -one, (2, 0): one}))
    >>> found.flow, [str(c) for c in found.curve]
    (Reduced(order=3, coefficient=Fraction(1, 1)), ['0', '0', '-1', '0'])
    """
    reached = 0
    for order in ORDERS:
        germ = germ_of(order).cut(order)
        order = order if germ.known is None else min(order, germ.known)
        if order <= reached:
            break
        reached = order
        matrix = germ.linear
        rate = matrix[0][0] + matrix[1][1]
        basis = eigenvectors(matrix, rate)
        local = germ.changed(basis)
        h = implicit(_low(local.second, order), order)
        found = leading(along(_low(local.first, order), h, order))
        if found is not None:
            return CenterReduction(rate, Reduced(*found), basis, h[: found[0] + 1])
    raise UnclearError(f"the flow on the center manifold vanishes to order {reached}")


def center_flow(germ_of: GermOf) -> tuple[int, Reduced]:
    """Give the sign of T and the first term of the flow; see `reduce_to_center`.

    The first term is that of x' = a x^m + ...; x grows with the first coordinate, or with the
    second if the first does not change.

    Examples
    --------
    >>> one = Fraction(1)
    >>> center_flow(lambda degree: Germ({(1, 1): one}, {(0, 1): -one, (2, 0): one}))
    (-1, Reduced(order=3, coefficient=Fraction(1, 1)))
    """
    found = reduce_to_center(germ_of)
    return sign(found.rate), found.flow


def _low(terms: dict[tuple[int, int], Any], order: int) -> dict[tuple[int, int], Any]:
    return {key: c for key, c in terms.items() if sum(key) <= order}


def eigenvectors(matrix: Matrix, rate: Any) -> Matrix:
    """Give as columns an eigenvector of 0, with positive first entry, and one of the rate."""
    (a, b), (c, d) = matrix
    zero = (-b, a) if a or b else (-d, c)
    lead = zero[0] if zero[0] else zero[1]
    zero = (zero[0] / lead, zero[1] / lead)
    other = (b, rate - a) if b or rate - a else (rate - d, c)
    return (zero[0], other[0]), (zero[1], other[1])


@dataclass(frozen=True, slots=True)
class Andreev:
    """First terms of the functions F and G of a nilpotent equilibrium.

    Attributes
    ----------
    force : Reduced
        F = a x^m + ...
    damping : Reduced or None
        G = b x^n + ...; None if 2 n + 1 > m for all that is known to vanish, which is all that
        matters.
    """

    force: Reduced
    damping: Reduced | None


def andreev_functions(germ_of: GermOf) -> Andreev:
    """Compute first terms of Andreev's functions of a nilpotent equilibrium.

    Parameters
    ----------
    germ_of : callable
        The field about the equilibrium; its linear part is nilpotent and not zero.

    Raises
    ------
    UnclearError
        If F vanishes up to the last of `ORDERS`.

    Notes
    -----
    In coordinates with x' = y + A, y' = B and y = f(x) the solution of y + A = 0:
    F = B(x, f(x)), G = (A_x + B_y)(x, f(x)). Dumortier, Llibre, Artés, theorem 3.5; A. F. Andreev,
    Investigation of the behaviour of the integral curves of a system of two differential
    equations in the neighbourhood of a singular point, Transl. AMS 8 (1958).

    Examples
    --------
    >>> one = Fraction(1)
    >>> andreev_functions(lambda degree: Germ({(0, 1): one}, {(2, 0): one})).force
    Reduced(order=2, coefficient=Fraction(1, 1))
    """
    reached = 0
    for order in ORDERS:
        germ = germ_of(order).cut(order)
        order = order if germ.known is None else min(order, germ.known)
        if order <= reached:
            break
        reached = order
        local = jordan(germ)
        first, second = _low(local.first, order), _low(local.second, order)
        f = implicit(first, order)
        force = leading(along(second, f, order))
        if force is None:
            continue
        trace = combine((derivative(first, 0), Fraction(1)), (derivative(second, 1), Fraction(1)))
        damping = leading(along(trace, f, (force[0] - 1) // 2))
        return Andreev(Reduced(*force), Reduced(*damping) if damping else None)
    raise UnclearError(f"Andreev's function F vanishes to order {reached}")


def jordan(germ: Germ) -> Germ:
    """Give a field with nilpotent linear part in coordinates with x' = y + ..., y' = ..."""
    return germ.changed(jordan_columns(germ.linear))


def jordan_columns(linear: Matrix) -> Matrix:
    """Give as columns the basis of those coordinates."""
    (a, b), (c, d) = linear
    one, zero = Fraction(1), Fraction(0)
    return ((b, zero), (d, one)) if b or d else ((a, one), (c, zero))
