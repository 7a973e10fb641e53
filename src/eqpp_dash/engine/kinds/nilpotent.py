"""Focal values of nilpotent equilibria around which orbits turn."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from eqpp_dash.engine.kinds.germ import (
    Germ,
    GermOf,
    Series,
    Terms,
    UnclearError,
    combine,
    derivative,
    implicit,
    times,
)
from eqpp_dash.engine.kinds.single import jordan

MOST_STEPS = 10
"""How many weighted degrees beyond the leading part are examined."""


@dataclass(frozen=True, slots=True)
class NilpotentFocus:
    """The first obstruction to a Lyapunov function that is constant along orbits.

    Attributes
    ----------
    power : int
        V' = value u^power + ...; the power is even.
    value : exact number
        Its sign is that of the growth of V.
    """

    power: int
    value: Any


def nilpotent_focus(germ_of: GermOf, force: int) -> NilpotentFocus | None:
    """Find what makes orbits wind inward or outward about a nilpotent equilibrium.

    Parameters
    ----------
    germ_of : callable
        The field about the equilibrium, with F = a u^m + ..., m odd, a < 0, and 2 n + 1 > m in
        Andreev's notation.
    force : int
        The order m.

    Returns
    -------
    NilpotentFocus or None
        None if nothing is found in the degrees that are examined.

    Raises
    ------
    UnclearError
        If an obstruction with an odd power comes first, which decides nothing and hides the next.

    Notes
    -----
    With weights 1 of x and (m + 1)/2 of y the leading part is x' = y, y' = a x^m, which keeps
    H = y^2/2 - a x^(m+1)/(m+1). V = H + ... is made degree by degree; modulo the derivatives along
    the leading part each term is a multiple of a power of x, since x^p y^q is equivalent to
    -a (q - 1)/(p + 1) x^(m+p+1) y^(q-2), and x^m y^q to zero. Over a turn the first power that is
    left changes V by its integral along the ovals of H, which is positive for even powers. (M. J.
    Álvarez, A. Gasull, Monodromy and stability for nilpotent critical points, *Int. J. Bifurcation
    and Chaos* 15, 2005.)

    Examples
    --------
    >>> one = Fraction(1)
    >>> second = {(3, 0): -one, (4, 1): -one}
    >>> nilpotent_focus(lambda degree: Germ({(0, 1): one}, second), 3).power
    8
    """
    weight = (force + 1) // 2
    degree = force + MOST_STEPS
    local, _ = straightened(jordan(germ_of(degree)), degree)
    first, second = (_by_weight(p, weight) for p in (local.first, local.second))
    slope = local.second[force, 0]
    rise = -slope / (force + 1)
    energy: Terms = {(0, 2): Fraction(1, 2), (force + 1, 0): rise}
    parts = {2 * weight: energy}
    for step in range(1, MOST_STEPS + 1):
        rest: Terms = {}
        for level, part in parts.items():
            ahead = 2 * weight + step - level
            if ahead > 0:
                rest = combine(
                    (rest, Fraction(1)),
                    (times(derivative(part, 0), first.get(weight + ahead, {})), Fraction(1)),
                    (times(derivative(part, 1), second.get(force + ahead, {})), Fraction(1)),
                )
        part, power, value = _integrated(rest, force, slope)
        times_y, odd = divmod(2 * weight + step, weight)
        if value and not odd and times_y % 2:
            # the derivative of y^k is equivalent to the same power of x
            other = {(force, times_y - 1): times_y * slope}
            more, _, unit = _integrated(other, force, slope)
            more[0, times_y] = Fraction(1)
            part = combine((part, Fraction(1)), (more, -value / unit))
            value = Fraction(0)
        if value:
            if power % 2:
                raise UnclearError("center or focus: an odd power hides the focal value")
            return NilpotentFocus(power, value)
        parts[2 * weight + step] = part
    return None


def straightened(germ: Germ, degree: int) -> tuple[Germ, Series]:
    """Give a field with x' = y + ... in coordinates in which x' vanishes on y = 0.

    Parameters
    ----------
    germ : Germ
        The field.
    degree : int
        Total degree up to which it is known, and wanted.

    Returns
    -------
    germ : Germ
        The field where y + f(x) is in the place of y.
    f : Series
        That function.
    """
    germ = germ.cut(degree)
    f = implicit(germ.first, degree)
    shift = {(k, 0): c for k, c in enumerate(f) if c}
    first, second = (_moved(p, shift, degree) for p in (germ.first, germ.second))
    slope = {(k - 1, 0): k * c for k, c in enumerate(f) if c}
    second = combine((second, Fraction(1)), (times(slope, first, degree), Fraction(-1)))
    return Germ(first, second, degree), f


def _moved(p: Terms, shift: Terms, degree: int) -> Terms:
    """Put y + shift in the place of y, up to a total degree."""
    line = combine(({(0, 1): Fraction(1)}, Fraction(1)), (shift, Fraction(1)))
    rows: dict[int, Terms] = {}
    for (i, j), c in p.items():
        rows.setdefault(j, {})[i, 0] = c
    total: Terms = {}
    for j in range(max(rows, default=0), -1, -1):
        total = combine((times(total, line, degree), Fraction(1)), (rows.get(j, {}), Fraction(1)))
    return total


def _by_weight(p: Terms, weight: int) -> dict[int, Terms]:
    parts: dict[int, Terms] = {}
    for (i, j), c in p.items():
        parts.setdefault(i + weight * j, {})[i, j] = c
    return parts


def _integrated(rest: Terms, force: int, slope: Any) -> tuple[Terms, int, Any]:
    """Find a part of V whose derivative cancels all but a power of x."""
    part: Terms = {}
    left = dict(rest)
    for q in range(max((j for _, j in rest), default=0), 0, -1):
        for p, j in [key for key in left if key[1] == q]:
            value = -left.pop((p, j)) / (p + 1)
            if not value:
                continue
            part[p + 1, q - 1] = value
            if q > 1:
                key = (force + p + 1, q - 2)
                added = value * (q - 1) * slope
                left[key] = left[key] + added if key in left else added
    left = {key: c for key, c in left.items() if c}
    if not left:
        return part, 0, Fraction(0)
    ((power, _), value) = next(iter(left.items()))
    return part, power, value
