"""Equilibria beyond the window that closed orbits go round."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from eqpp_dash.engine.closedforms import with_closed_forms
from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.cycles.shape import encloses
from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.equilibriumsets import MARGIN
from eqpp_dash.engine.kinds.decide import with_kinds
from eqpp_dash.engine.structure.facts import Structure
from eqpp_dash.engine.subdivision import SearchBudget
from eqpp_dash.model.portrait import Array, Equilibrium, EquilibriumSet, Singularity

BUDGET = SearchBudget(boxes=12_000, crowd=1_000, zeros=250, depth=1e-9)

SAME = 1e-6
"""Equilibria nearer than this, in widths of the window, are one."""


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """What is at rest in a box about the window that holds closed orbits.

    Attributes
    ----------
    lo, hi : ndarray, shape (2,)
        Corners of the box.
    equilibria : tuple of Equilibrium
        Those beyond the window that a closed orbit goes round; their location is ``outside``.
    others : ndarray, shape (m, 2)
        All other equilibria beyond the window.
    sets, singularities : tuple
        Curves of equilibria and points at which the field is undefined, in the whole box.
    complete : bool
        Whether it is proved that there are no other equilibria in the box.
    """

    lo: Array
    hi: Array
    equilibria: tuple[Equilibrium, ...] = ()
    others: Array = field(default_factory=lambda: np.empty((0, 2)))
    sets: tuple[EquilibriumSet, ...] = ()
    singularities: tuple[Singularity, ...] = ()
    complete: bool = False


def look_around(
    field: CompiledField,
    curves: Sequence[Array],
    lo: Array,
    hi: Array,
    structure: Callable[[], Structure | None],
    winding: Sequence[Array] = (),
) -> Surroundings | None:
    """Find the equilibria beyond the window that closed orbits go round.

    Parameters
    ----------
    field : CompiledField
        The vector field, planar and autonomous.
    curves : sequence of ndarray, shape (m, 2)
        Closed orbits as polylines.
    lo, hi : ndarray, shape (2,)
        Corners of the window. The equilibria in it, and as far beyond it as their search looks,
        are known.
    structure : callable
        Gives what is proved about the field, which decides kinds; called only if it is needed.
    winding : sequence of ndarray, shape (m, 2)
        Orbits that wind round a cylinder, for which the box has to have room too.

    Returns
    -------
    Surroundings or None
        What is in the smallest box about the window and the orbits; None if these do not leave
        the part of the plane in which the equilibria are known.

    Raises
    ------
    StopAndKeep
        If the one who is told at beats wishes so.

    Examples
    --------
    >>> from eqpp_dash import parse_system
    >>> field = parse_system("x' = y; y' = x - x^3").compile()
    >>> turn = np.linspace(0.0, 2.0 * np.pi, 100)
    >>> circle = np.stack([2.0 * np.cos(turn), 2.0 * np.sin(turn)], axis=1)
    >>> found = look_around(field, [circle], np.full(2, -0.5), np.full(2, 0.5), lambda: None)
    >>> [item.point.tolist() for item in found.equilibria], found.complete
    ([[-1.0, 0.0], [1.0, 0.0]], True)
    """
    margin = MARGIN * (hi - lo)
    known = lo - margin, hi + margin
    beyond = [c for c in curves if ((c < known[0]) | (c > known[1])).any()]
    far = [*beyond, *winding]
    if not far:
        return None
    low = np.min([lo, *(curve.min(axis=0) for curve in far)], axis=0)
    high = np.max([hi, *(curve.max(axis=0) for curve in far)], axis=0)
    box = {
        name: (float(a), float(b)) for name, a, b in zip(field.variables, low, high, strict=True)
    }
    found = find_equilibria(field, box, budget=BUDGET)
    if found.stop is not None:
        raise found.stop
    slack = SAME * (hi - lo)
    inside = [
        ((item.point >= known[0] - slack) & (item.point <= known[1] + slack)).all()
        for item in found.equilibria
    ]
    rest = [item for item, near in zip(found.equilibria, inside, strict=True) if not near]
    round_ = [any(encloses(curve, item.point) for curve in beyond) for item in rest]
    own = [item for item, within in zip(rest, round_, strict=True) if within]
    decided = with_kinds(replace(found, equilibria=tuple(own)), field, box, structure)
    if decided.stop is not None:
        raise decided.stop
    others = [item.point for item, within in zip(rest, round_, strict=True) if not within]
    return Surroundings(
        low,
        high,
        tuple(
            replace(item, location="outside")
            for item in with_closed_forms(field, decided.equilibria)
        ),
        np.array(others).reshape(-1, 2),
        found.sets,
        found.singularities,
        found.completeness == "proved",
    )
