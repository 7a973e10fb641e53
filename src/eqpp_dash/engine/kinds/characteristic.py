"""Characteristic orbits: those that alone tend to a non-hyperbolic equilibrium in their direction.

Among them are the separatrices, which bound the hyperbolic sectors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.expression.polynomial import TooLargeError, Work
from eqpp_dash.engine.jets import IrrationalError, NotSmoothError
from eqpp_dash.engine.kinds.approach import ORDER, Expansion, invariant_graph
from eqpp_dash.engine.kinds.blowup import blow_up
from eqpp_dash.engine.kinds.germ import Germ, GermOf, Terms, UnclearError, sign, substitute_lines
from eqpp_dash.engine.kinds.places import Places
from eqpp_dash.engine.kinds.sectors import count_sectors, separating
from eqpp_dash.engine.kinds.single import center_flow, eigenvectors
from eqpp_dash.engine.kinds.straight import straight
from eqpp_dash.model.portrait import Array, Equilibrium

WORK = 20_000
"""Budget of the blow-up of one point, in products of coefficients."""
DEGREE = 13
"""Degree to which a field that is no polynomial is expanded."""


@dataclass(frozen=True, slots=True, eq=False)
class CharacteristicOrbit:
    """An orbit that alone tends to an equilibrium in its direction.

    Attributes
    ----------
    away : int
        1 if it leaves the equilibrium, -1 if it tends to it.
    separating : bool
        Whether it bounds a hyperbolic sector.
    expansion : Expansion
        The orbit near the equilibrium, seen from there.
    """

    away: int
    separating: bool
    expansion: Expansion


def characteristic_orbits(
    field: CompiledField, item: Equilibrium, width: Array
) -> tuple[CharacteristicOrbit, ...]:
    """Find the characteristic orbits of an equilibrium that is not hyperbolic.

    Parameters
    ----------
    field : CompiledField
        A planar autonomous field.
    item : Equilibrium
        The equilibrium, with its sectors known.
    width : ndarray, shape (2,)
        Width of the window, as a scale.

    Returns
    -------
    tuple of CharacteristicOrbit
        Counterclockwise, but for points with one eigenvalue zero.

    Raises
    ------
    UnclearError
        If the point is not known exactly, if the blow-up contradicts the sectors or if they
        cannot be had; the message says why.

    Examples
    --------
    >>> from eqpp_dash import parse_system
    >>> from eqpp_dash.engine.equilibria import find_equilibria
    >>> from eqpp_dash.engine.kinds.decide import decide_kinds
    >>> field, width = parse_system("x' = y; y' = x^2").compile(), np.array([2.0, 2.0])
    >>> found = find_equilibria(field, {"x": (-1, 1), "y": (-1, 1)}).equilibria
    >>> (cusp,) = decide_kinds(field, found, lambda: None, width)
    >>> for orbit in characteristic_orbits(field, cusp, width):  # y^2 = 2 x^3/3
    ...     (x,), (y,) = orbit.expansion.at(np.array([0.5]))[0]
    ...     print(orbit.away, orbit.separating, bool(abs(y * y - 2 * x**3 / 3) < 1e-16))
    -1 True True
    1 True True
    """
    reach = item.error + 2 * np.spacing(np.abs(item.point))
    lo, hi = item.point - reach, item.point + reach
    places = Places(field)
    anchor = places.zero_in(lo, hi) or places.algebraic_zero_in(lo, hi)
    if anchor is None:
        raise UnclearError("the point is not known exactly")
    try:
        linear = anchor.germ(1).linear
        if linear[0][0] + linear[1][1]:
            return _semi_hyperbolic(anchor.germ, width)
        germ = anchor.germ(DEGREE)
        if not _is_rational(germ) and any(entry for row in linear for entry in row):
            return straightened_orbits(anchor.germ, item, width)
        return _blown_up(germ, item, width)
    except (IrrationalError, NotSmoothError) as error:
        raise UnclearError(str(error)) from error
    except TooLargeError as error:
        raise UnclearError("the budget of the local analysis is spent") from error
    except OverflowError as error:
        raise UnclearError("the numbers of the local analysis are too large") from error


def _blown_up(germ: Germ, item: Equilibrium, width: Array) -> tuple[CharacteristicOrbit, ...]:
    units = [Fraction(2) ** round(float(np.log2(size))) for size in width]
    zero = Fraction(0)
    scaled = germ.changed(((units[0], zero), (zero, units[1])))
    return _resolved(scaled, item, np.diag([float(unit) for unit in units]), np.zeros(0))


def _is_rational(germ: Germ) -> bool:
    numbers = (c for p in (germ.first, germ.second) for c in p.values())
    return all(isinstance(c, int | Fraction) for c in numbers)


def straightened_orbits(
    germ_of: GermOf, item: Equilibrium, width: Array
) -> tuple[CharacteristicOrbit, ...]:
    """Give the orbits of a nilpotent point whose coefficients are not rational."""
    found = straight(germ_of, DEGREE, width)
    orbits = _resolved(found.germ, item, found.matrix, found.bend)
    return orbits if np.linalg.det(found.matrix) > 0 else orbits[::-1]


def _resolved(
    germ: Germ, item: Equilibrium, matrix: Array, bend: Array
) -> tuple[CharacteristicOrbit, ...]:
    """Blow up a field; `matrix` and `bend` lead back from its coordinates."""
    corners = blow_up(germ, Work(WORK))
    sectors = count_sectors(corners)
    if sectors is None or sectors.to_json() != item.sectors:
        raise UnclearError("the blow-up has other sectors")
    return tuple(
        CharacteristicOrbit(
            corner.orbit.away, bounds, replace(corner.orbit.expanded(matrix), bend=bend)
        )
        for corner, bounds in zip(corners, separating(corners), strict=True)
        if corner.orbit is not None
    )


def _semi_hyperbolic(germ_of: GermOf, width: Array) -> tuple[CharacteristicOrbit, ...]:
    """Give the strong manifold, and the branches of the center manifold that are unique.

    Those are the ones along which orbits move the other way than along the strong manifold.
    """
    rate, flow = center_flow(germ_of)
    germ = germ_of(DEGREE).cut(ORDER)
    linear = germ.linear
    basis = eigenvectors(linear, linear[0][0] + linear[1][1])
    matrix = np.array([[float(entry) for entry in row] for row in basis])
    matrix /= np.max(np.abs(matrix / width[:, None]), axis=0)
    first, second = _transformed(germ, matrix)
    center, strong = (
        invariant_graph(*parts, germ)
        for parts in ((first, second), (_transposed(second), _transposed(first)))
    )
    passing = [
        side for side in (1, -1) if sign(flow.coefficient) * side ** (flow.order + 1) != rate
    ]
    return (
        *(CharacteristicOrbit(-rate, True, Expansion(center, side, matrix)) for side in passing),
        *(
            CharacteristicOrbit(rate, bool(passing), Expansion(strong, side, matrix[:, ::-1]))
            for side in (1, -1)
        ),
    )


def _transformed(germ: Germ, matrix: Array) -> tuple[Terms, Terms]:
    """Give a field in coordinates along its eigenvectors, up to rounding.

    The entries of the linear part that are zero exactly are left out.
    """
    inverse = np.linalg.inv(matrix)
    old = [
        substitute_lines({key: float(c) for key, c in p.items()}, *matrix.tolist())
        for p in (germ.first, germ.second)
    ]
    keys = sorted({*old[0], *old[1]})
    values = inverse @ np.array([[p.get(key, 0.0) for key in keys] for p in old])
    first, second = (dict(zip(keys, row.tolist(), strict=True)) for row in values)
    for key in ((0, 0), (1, 0), (0, 1)):
        first.pop(key, None)
        if key != (0, 1):
            second.pop(key, None)
    return first, second


def _transposed(p: Terms) -> Terms:
    return {(j, i): c for (i, j), c in p.items()}
