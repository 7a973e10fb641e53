"""What the theorems of local analysis say about an equilibrium."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from eqpp_dash.engine.kinds.germ import GermOf, Matrix, sign
from eqpp_dash.engine.kinds.sectors import Sectors
from eqpp_dash.engine.kinds.single import Andreev, center_flow

_SADDLE, _SADDLE_NODE = Sectors(0, 4, 0), Sectors(0, 2, 1)
_CUSP, _NODE, _ELLIPTIC = Sectors(0, 2, 0), Sectors(0, 0, 1), Sectors(1, 1, 0)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is decided about an equilibrium.

    Attributes
    ----------
    kind, stability : str
        In the terms of the table of kinds.
    index : int or None
        Poincaré index.
    reason : str
        What decided, or why it is undecided.
    sectors : Sectors or None
        Sectors, where orbits do not turn around the point.
    hyperbolic : bool
        Whether the exact linear part decides after all.
    """

    kind: str
    stability: str
    index: int | None
    reason: str
    sectors: Sectors | None = None
    hyperbolic: bool = False


def hyperbolic(matrix: Matrix) -> Verdict:
    """Classify by a linear part that is exact, where its bounds did not decide."""
    (a, b), (c, d) = matrix
    if a * d - b * c < 0:
        return Verdict("saddle", "unstable", -1, "", hyperbolic=True)
    discriminant = (a - d) * (a - d) + 4 * b * c
    shape = {1: "node", 0: "degenerate node" if b or c else "star", -1: "focus"}[sign(discriminant)]
    word = "stable" if a + d < 0 else "unstable"
    return Verdict(f"{word} {shape}", word, 1, "", hyperbolic=True)


def semi_hyperbolic(germ_of: GermOf) -> Verdict:
    """Judge a point with one eigenvalue zero by the flow on its center manifold."""
    rate, flow = center_flow(germ_of)
    leading = term(flow.coefficient, flow.order)
    why = f"the flow on the center manifold is u' = {leading} + ..."
    if flow.order % 2 == 0:
        return Verdict("saddle-node", "unstable", 0, why, _SADDLE_NODE)
    if sign(flow.coefficient) != rate:
        return Verdict("topological saddle", "unstable", -1, why, _SADDLE)
    word = "stable" if rate < 0 else "unstable"
    return Verdict(f"{word} topological node", word, 1, why, _NODE)


_COORDINATES = "in coordinates with u' = v + ..."
"""Those of F and G: `Andreev.force` is v' along u' = 0, `Andreev.damping` the divergence there."""


def apply_andreev(functions: Andreev) -> Verdict | None:
    """Apply Andreev's theorem to a nilpotent point; None for center or focus."""
    m, a = functions.force.order, functions.force.coefficient
    n, b = (
        (functions.damping.order, functions.damping.coefficient)
        if functions.damping is not None
        else (m, Fraction(0))
    )
    why = f"both eigenvalues are zero; {_COORDINATES}, v' = {term(a, m)} + ..."
    if b:
        why += f" and the divergence is {term(b, n)} + ..."
    why += " where u' = 0"
    if m % 2 == 0:
        if m < 2 * n + 1:
            return Verdict("cusp", "unstable", 0, why, _CUSP)
        return Verdict("saddle-node", "unstable", 0, why, _SADDLE_NODE)
    if a > 0:
        return Verdict("topological saddle", "unstable", -1, why, _SADDLE)
    if m < 2 * n + 1 or (m == 2 * n + 1 and b * b + 4 * a * (n + 1) < 0):
        return None
    if n % 2:
        return Verdict("degenerate", "unstable", 1, why, _ELLIPTIC)
    word = "stable" if b < 0 else "unstable"
    return Verdict(f"{word} topological node", word, 1, why, _NODE)


def damped_focus(functions: Andreev) -> Verdict | None:
    """Recognise a focus among the points around which orbits turn; None if that is open."""
    m, damping = functions.force.order, functions.damping
    if damping is None or m != 2 * damping.order + 1 or damping.order % 2:
        return None
    word = "stable" if damping.coefficient < 0 else "unstable"
    divergence = f"the divergence is {term(damping.coefficient, damping.order)} + ..."
    why = f"both eigenvalues are zero; {_COORDINATES}, {divergence} where u' = 0"
    return Verdict("nilpotent focus", word, 1, f"{why}, and v' is of order {m} there")


def term(coefficient: Any, power: int) -> str:
    """Write a term in u.

    Examples
    --------
    >>> term(Fraction(-1), 3), term(Fraction(1, 2), 2), term(1, 1)
    ('-u^3', '1/2 u^2', 'u')
    """
    size = {"1": "", "-1": "-"}.get(amount(coefficient), f"{amount(coefficient)} ")
    return f"{size}u" if power == 1 else f"{size}u^{power}"


def amount(value: Any) -> str:
    """Write an exact number briefly."""
    number = float(value)
    exact = Fraction(value) if isinstance(value, int | Fraction) else None
    if exact is not None and len(str(exact)) <= 8:
        return str(exact)
    return f"{number:.6g}"
