"""Points at which both fields touch a surface from outside, in opposite directions.

Orbits then turn around the point: through one side, back through the other. In coordinates x along
the surface and y from it, with dy/dx = r(x, y) = r_x x + r_y y + r_xx x^2/2 + ... on one side, an
orbit from (s, 0) comes back at -s + c s^2 + ..., c = 2 r_y/3 - r_xx/(3 r_x). With c1 and c2 of the
two sides a whole turn takes s to s + (c2 - c1) s^2 + ..., so that the sign of c2 - c1 decides
(A. F. Filippov, *Differential Equations with Discontinuous Righthand Sides*, Kluwer 1988,
section 19; B. Coll, A. Gasull, R. Prohens, *Journal of Mathematical Analysis and Applications* 253
(2001), 671-690).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.compiled import CompiledField, Factor
from eqpp_dash.engine.jets import FieldJets, monomials

Array = NDArray[np.float64]

TANGENT = 1e-9
"""Share of a field across the surface below which it touches it."""

CLEAR = 1e-7
"""Differences of c below this, in one over the window's width, decide nothing."""


@dataclass(frozen=True, slots=True)
class Folds:
    """What a turn around such a point does.

    Attributes
    ----------
    stability : str
        ``stable``, ``unstable`` or ``undecided``.
    words : str
        What is known.
    """

    stability: str
    words: str


def fold_stability(
    plus: CompiledField, minus: CompiledField, surface: Factor, point: Array, width: float
) -> Folds | None:
    """Judge a point at which two fields touch a surface.

    Parameters
    ----------
    plus, minus : CompiledField
        The smooth fields where the surface's expression is positive, and where it is negative.
    surface : Factor
        The expression.
    point : ndarray, shape (2,)
        The point, on the surface.
    width : float
        Width of the window.

    Returns
    -------
    Folds or None
        None if orbits do not turn around the point.

    Examples
    --------
    >>> from eqpp_dash import parse_system
    >>> above, below = (parse_system(f"x' = {s}1 - x; y' = -x").compile() for s in ("", "-"))
    >>> surface = parse_system("x' = y; y' = 1").compile().factors[0][0]
    >>> fold_stability(above, below, surface, np.zeros(2), 4.0).stability
    'stable'
    """
    gradient = surface.gradient(0.0, point[:, None])[:, 0]
    size = float(np.hypot(*gradient))
    if not (np.isfinite(size) and size > 0):
        return None
    normal = gradient / size
    axes = np.array([[normal[1], -normal[0]], normal])  # along the surface, and up
    bend = _bend(surface, plus.variables, point, axes)
    sides = [_side(field, point, axes, bend) for field in (plus, minus)]
    if bend is None or any(side is None for side in sides):
        return None
    (speed, curved, c_plus), (back, other, c_minus) = (side for side in sides if side is not None)
    if not (speed * back < 0 and curved < 0 < other):
        return None
    change = (c_minus - c_plus) * -np.sign(speed)  # from where orbits go up
    if abs(change) * width < CLEAR:
        return Folds("undecided", "orbits turn around it; the second order does not decide")
    word = "inward" if change < 0 else "outward"
    words = f"orbits turn around it, {word} by the second order of their returns"
    return Folds("stable" if change < 0 else "unstable", words)


def _series(components: FieldJets, point: Array, axes: Array, degree: int) -> list[Any] | None:
    """Expand expressions in the coordinates along the axes."""
    table = monomials(2, degree)
    shape = (len(table),)
    series = []
    for at, along, up in zip(point, axes[0], axes[1], strict=True):
        values = np.zeros(shape)
        values[0] = at
        values[table.position((1, 0))], values[table.position((0, 1))] = along, up
        series.append(values)
    with np.errstate(all="ignore"):
        found = components.compose(series, table).coefficients
    if not np.isfinite(found).all():
        return None
    return [
        {exponents: float(row[table.position(exponents)]) for exponents in _wanted(degree)}
        for row in found
    ]


def _wanted(degree: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(degree + 1) for j in range(degree + 1 - i)]


def _bend(
    surface: Factor, variables: Sequence[str], point: Array, axes: Array
) -> tuple[float, float] | None:
    """Give k and m of the surface y = k x^2/2 + m x^3/6 + ..."""
    found = _series(FieldJets([surface.node], variables), point, axes, 3)
    if found is None:
        return None
    (h,) = found
    rise = h[0, 1]
    k = -2.0 * h[2, 0] / rise
    return k, -6.0 * (0.5 * h[1, 1] * k + h[3, 0]) / rise


def _side(
    field: CompiledField, point: Array, axes: Array, bend: tuple[float, float] | None
) -> tuple[float, float, float] | None:
    """Give the speed along the surface, r_x and c of one side; None if it does not touch it."""
    found = _series(FieldJets.of(field), point, axes, 2)
    if found is None or bend is None:
        return None
    first, second = found
    f = {key: axes[0, 0] * first[key] + axes[0, 1] * second[key] for key in first}
    g = {key: axes[1, 0] * first[key] + axes[1, 1] * second[key] for key in first}
    if not abs(g[0, 0]) <= TANGENT * abs(f[0, 0]) or f[0, 0] == 0:
        return None
    k, m = bend
    speed = f[0, 0]
    x, y = g[1, 0] / speed, g[0, 1] / speed
    xx = 2.0 * g[2, 0] / speed - 2.0 * g[1, 0] * f[1, 0] / speed**2
    x, xx = x - k, xx + y * k - m
    if x == 0:
        return None
    return speed, x, 2.0 * y / 3.0 - xx / (3.0 * x)
