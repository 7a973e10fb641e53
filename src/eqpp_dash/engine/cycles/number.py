"""How many limit cycles a polynomial field has, where a theorem tells.

* Zhang Zhifen: x' = y - F(x), y' = -g(x) with x g(x) > 0 for x other than 0 and f/g, f = F',
  rising on both sides of 0 has at most one limit cycle. L. Perko, *Differential Equations and
  Dynamical Systems*, 3rd ed., section 3.8, theorem 2.
* Liénard: if F and g are odd besides, F'(0) < 0, and F has one positive zero a and rises from a on
  to infinity, it has exactly one. The same, theorem 1.
* A field z' = z (A + i B), A and B polynomials of |z|^2: every rotation keeps it, so a closed orbit
  that is no circle would have all its images for neighbours, which cross it. The limit cycles are
  the circles on which A vanishes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from eqpp_dash.engine.algebra.roots import RealRoot, real_roots
from eqpp_dash.engine.algebra.univariate import (
    Dense,
    add,
    derivative,
    from_fractions,
    greatest_common_divisor,
    multiply,
)
from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.cycles.values import CycleSearch
from eqpp_dash.engine.expression.polynomial import Polynomial, TooLargeError, Work
from eqpp_dash.engine.structure.gaussian import complex_form
from eqpp_dash.engine.structure.symmetries import centers

WORK = 200_000
"""Budget, in products of coefficients."""

_HALVINGS = 200
Univariate = list[Fraction]


@dataclass(frozen=True, slots=True)
class Known:
    """What a theorem says of the number of limit cycles in the whole plane.

    Attributes
    ----------
    least, most : int
        Bounds of the number.
    reason : str
        The theorem.
    """

    least: int
    most: int
    reason: str


def known_number(field: CompiledField) -> Known | None:
    """Tell how many limit cycles a field has.

    Parameters
    ----------
    field : CompiledField
        A planar autonomous field.

    Returns
    -------
    Known or None
        None where none of the theorems applies.

    Examples
    --------
    >>> from eqpp_dash import parse_system
    >>> known_number(parse_system("x' = y; y' = (1 - x^2)*y - x").compile())
    Known(least=1, most=1, reason="Liénard's theorem")
    >>> known_number(parse_system("x' = y; y' = (1 - x - x^2)*y - x").compile())
    Known(least=0, most=1, reason="Zhang's theorem")
    """
    polynomials = [dict(p) for p in field.polynomials() if p is not None]
    if len(polynomials) != 2 or field.switching:
        return None
    f, g = polynomials
    work = Work(WORK)
    try:
        return (
            _of_circles((f, g), work)
            or _of_lienard(f, g, work)
            or _of_lienard(_swapped(g), _swapped(f), work)
        )
    except TooLargeError:
        return None


def with_known_number(field: CompiledField, found: CycleSearch) -> CycleSearch:
    """Say of a search that it has found all limit cycles, where a theorem tells their number.

    Parameters
    ----------
    field : CompiledField
        A planar autonomous field.
    found : CycleSearch
        What was found in the plane.

    Returns
    -------
    CycleSearch
        The same. Where all were found, nothing is undecided or blind any more; where more exist,
        it says so.
    """
    coverage = found.completeness
    if found.stop is not None or not coverage.status.startswith("searched"):
        return found
    known = known_number(field)
    if known is None:
        return found
    number = len(found.cycles)
    if number == known.most:
        status = f"searched; no others (proved: {known.reason})"
        return replace(found, undecided=(), completeness=replace(coverage, status=status, blind=()))
    if number < known.least:
        more = known.least - number
        noun = "limit cycle exists" if more == 1 else "limit cycles exist"
        text = f"{more} more {noun} in the plane (proved: {known.reason})"
        return replace(found, completeness=replace(coverage, blind=(*coverage.blind, text)))
    return found


# ---- circles -------------------------------------------------------------------------------------


def _of_circles(field: tuple[Polynomial, Polynomial], work: Work) -> Known | None:
    for center in centers(field):
        terms = complex_form(*field, center, work)
        if not terms or not all(k == m + 1 for k, m in terms):
            continue
        size = 1 + max(m for _, m in terms)
        radial, angular = [Fraction(0)] * size, [Fraction(0)] * size
        for (_, m), value in terms.items():
            radial[m], angular[m] = value.real, value.imag
        if not any(radial) or not any(angular):
            return None
        a, b = (from_fractions(part)[0] for part in (radial, angular))
        if len(greatest_common_divisor(a, b, work)) > 1:
            return None  # circles of equilibria
        number = sum(_is_positive(root) for root in real_roots(a, work))
        return Known(number, number, "every rotation keeps the field, so they are circles")
    return None


def _is_positive(root: RealRoot) -> bool:
    for _ in range(_HALVINGS):
        if root.lo >= 0 or root.hi <= 0:
            break
        root.halve()
    return root.hi > 0


# ---- Liénard systems -----------------------------------------------------------------------------


def _swapped(p: Polynomial) -> Polynomial:
    return {(j, i): c for (i, j), c in p.items()}


def _of_lienard(first: Polynomial, second: Polynomial, work: Work) -> Known | None:
    """Judge x' = c y - P(x), y' = -q(x) - r(x) y: with Y = x' it is x'' + f(x) x' + g(x) = 0."""
    if any(j > 1 or (j == 1 and i) for i, j in first) or any(j > 1 for _, j in second):
        return None
    c = first.get((0, 1), Fraction(0))
    if not c:
        return None
    p = _row(first, 0, -1)
    q, r = _row(second, 0, -1), _row(second, 1, -1)
    # Y = c y - P, Y' = -(c q + r P) - (r + P') Y
    g = _sum([c * value for value in q], _times(r, p))
    f = _sum(r, [k * value for k, value in enumerate(p)][1:])
    if not any(f) or not any(g):
        return None
    f_dense, g_dense = from_fractions(f)[0], from_fractions(g)[0]
    roots = real_roots(g_dense, work)
    if len(roots) != 1 or g_dense[-1] < 0 or len(g_dense) % 2:
        return None  # x g > 0 about the only equilibrium, and its integral grows without bound
    known = _lienard(f_dense, g_dense, work)
    if known is not None:
        return known
    rising = add(
        multiply(derivative(f_dense), g_dense, work),
        multiply(f_dense, derivative(g_dense), work),
        -1,
    )
    if rising and _one_sign(rising, work):
        return Known(0, 1, "Zhang's theorem")
    return None


def _lienard(f: Dense, g: Dense, work: Work) -> Known | None:
    """Apply the theorem of Liénard: exactly one."""
    if any(g[::2]) or any(f[1::2]):
        return None
    if f[0] == 0 or f[0] * f[-1] > 0:
        return None
    # F up to a factor: the integral of f, cleared of denominators
    integral, _ = from_fractions(
        [Fraction(0), *(Fraction(value, k + 1) for k, value in enumerate(f))]
    )
    positive = [root for root in real_roots(integral, work) if root.lo > 0 or _is_positive(root)]
    if len(positive) != 1 or positive[0].multiplicity % 2 == 0:
        return None
    (zero,) = positive
    for turn in real_roots(f, work):
        for _ in range(_HALVINGS):
            if turn.hi < zero.lo:
                break
            if turn.lo > zero.hi:
                return None
            turn.halve()
            zero.halve()
        else:
            return None
    return Known(1, 1, "Liénard's theorem")


def _row(p: Polynomial, power: int, sign: int) -> Univariate:
    """Give the coefficient of a power of y as a polynomial in x, times a sign."""
    degree = max((i for i, j in p if j == power), default=-1)
    return [sign * p.get((i, power), Fraction(0)) for i in range(degree + 1)]


def _sum(a: Univariate, b: Univariate) -> Univariate:
    size = max(len(a), len(b))
    padded = [[*part, *[Fraction(0)] * (size - len(part))] for part in (a, b)]
    return [x + y for x, y in zip(*padded, strict=True)]


def _times(a: Univariate, b: Univariate) -> Univariate:
    if not a or not b:
        return []
    total = [Fraction(0)] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            total[i + j] += x * y
    return total


def _one_sign(p: Dense, work: Work) -> bool:
    """Tell whether a polynomial does not change its sign."""
    return all(root.multiplicity % 2 == 0 for root in real_roots(p, work))
