"""Nilpotent equilibria whose coordinates are not rational, made ready to be blown up.

In coordinates with x' = y (1 + ...), y' = a x^m + ... + b x^n y + ... the leading terms alone
decide which sectors there are: the others lie above the Newton polygon. Multiples of x, y and t by
real numbers make the leading ones 1 or -1, so that these are exact whatever a and b are; the others
need be known to rounding only, to expand the orbits. (A. D. Bruno, *Local Methods in Nonlinear
Differential Equations*, Springer 1989, on the polygon; Dumortier, Llibre, Artés, theorem 3.5.)
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from eqpp_dash.engine.kinds.germ import Germ, GermOf, Terms, UnclearError, sign
from eqpp_dash.engine.kinds.inexact import Inexact
from eqpp_dash.engine.kinds.nilpotent import straightened
from eqpp_dash.engine.kinds.single import Andreev, andreev_functions, jordan_columns
from eqpp_dash.model.portrait import Array


@dataclass(frozen=True, slots=True, eq=False)
class Straight:
    """A nilpotent field in coordinates in which its leading terms are exact.

    Attributes
    ----------
    germ : Germ
        x' = y + ..., y' = +-x^m + ..., and +-x^n y where that leads too; all other coefficients
        are `Inexact`.
    bend : ndarray, shape (k,)
        Coefficients of f: the point (x, y) here is (x, y + f(x)) before `matrix`.
    matrix : ndarray, shape (2, 2)
        From there to the field's own coordinates.
    """

    germ: Germ
    bend: Array
    matrix: Array


def straight(germ_of: GermOf, degree: int, width: Array) -> Straight:
    """Straighten a nilpotent field and scale its leading terms.

    Parameters
    ----------
    germ_of : callable
        The field about the equilibrium; its linear part is nilpotent and not zero.
    degree : int
        Degree to which it is expanded.
    width : ndarray, shape (2,)
        Width of the window, as a scale.

    Raises
    ------
    UnclearError
        If the leading terms are not known, or are three: then a ratio of them is a number that no
        scaling changes.

    Examples
    --------
    >>> one = Fraction(1)
    >>> found = straight(lambda degree: Germ({(0, 1): one}, {(2, 0): 8 * one}), 5, np.ones(2))
    >>> found.germ.first, found.germ.second
    ({(0, 1): Fraction(1, 1)}, {(2, 0): Fraction(1, 1)})
    """
    leading = andreev_functions(germ_of)
    exact = germ_of(degree)
    columns = np.array([[float(c) for c in row] for row in jordan_columns(exact.linear)])
    plain = Germ(_rounded(exact.first), _rounded(exact.second))
    local = plain.cut(degree).changed((tuple(columns[0].tolist()), tuple(columns[1].tolist())))
    first = {key: c for key, c in local.first.items() if key != (1, 0)} | {(0, 1): 1.0}
    second = {key: c for key, c in local.second.items() if sum(key) > 1}
    known = degree if exact.known is None else min(degree, exact.known)
    bent, f = straightened(Germ(first, second, known), known)
    across, up = _scales(leading, float(1.0 / np.max(np.abs(columns[:, 0]) / width)))
    germ = _scaled(bent, leading, across, up)
    bend = np.array([float(c) * across**k / up for k, c in enumerate(f)])
    return Straight(germ, bend, columns * np.array([across, up]))


def _scales(leading: Andreev, size: float) -> tuple[float, float]:
    """Give multiples of x and y that make the leading terms 1 or -1, with time scaled too."""
    m, a = leading.force.order, abs(float(leading.force.coefficient))
    if leading.damping is None:
        return size, float(np.sqrt(a * size ** (m + 1)))
    n, b = leading.damping.order, abs(float(leading.damping.coefficient))
    if m == 2 * n + 1:
        raise UnclearError("a ratio of three leading terms is not rational")
    across = float((b * b / a) ** (1.0 / (m - 2 * n - 1)))
    return across, b * across ** (n + 1)


def _scaled(germ: Germ, leading: Andreev, across: float, up: float) -> Germ:
    rate = up / across
    first, second = (
        {(i, j): Inexact(c * across**i * up**j / (unit * rate)) for (i, j), c in terms.items()}
        for terms, unit in ((germ.first, across), (germ.second, up))
    )
    exact: Terms = {(leading.force.order, 0): _unit(leading.force.coefficient)}
    most = (leading.force.order - 1) // 2
    if leading.damping is not None:
        most = leading.damping.order
        exact[most, 1] = _unit(leading.damping.coefficient)
    vanishing = {(k, 0) for k in range(leading.force.order)} | {(k, 1) for k in range(most + 1)}
    return Germ(
        {key: c for key, c in first.items() if key[1]} | {(0, 1): Fraction(1)},
        {key: c for key, c in second.items() if key not in vanishing} | exact,
        germ.known,
    )


def _rounded(p: Terms) -> Terms:
    return {key: float(c) for key, c in p.items()}


def _unit(value: Any) -> Fraction:
    return Fraction(sign(value))
