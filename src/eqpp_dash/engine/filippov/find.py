"""Surfaces of a planar field in a window: their segments, and the equilibria on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.filippov.neighbourhood import Region
from eqpp_dash.engine.filippov.pieces import filippov_field
from eqpp_dash.engine.filippov.points import surface_equilibria
from eqpp_dash.engine.filippov.segments import CONTINUOUS, OPPOSED, TANGENT, trace_surfaces
from eqpp_dash.engine.polylines import thin
from eqpp_dash.model.portrait import Equilibrium, EquilibriumSet, SwitchingSegment

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SurfaceSearch:
    """What was found on surfaces.

    Attributes
    ----------
    equilibria : tuple of Equilibrium
        All isolated ones, those off the surfaces too.
    sets : tuple of EquilibriumSet
        Segments of equilibria.
    switching : tuple of SwitchingSegment
        The surfaces at which the field jumps.
    """

    equilibria: tuple[Equilibrium, ...]
    sets: tuple[EquilibriumSet, ...]
    switching: tuple[SwitchingSegment, ...]


def search_surfaces(
    field: CompiledField, lo: Array, hi: Array, known: tuple[Equilibrium, ...]
) -> SurfaceSearch:
    """Cut the surfaces of a planar field into segments, and find the equilibria on them.

    Parameters
    ----------
    field : CompiledField
        The field; autonomous.
    lo, hi : ndarray, shape (2,)
        Limits of the window.
    known : tuple of Equilibrium
        The zeros of the field as it is written.

    Examples
    --------
    >>> from eqpp_dash.engine.system import parse_system
    >>> field = parse_system("x' = -x; y' = -sign(y)").compile()
    >>> found = search_surfaces(field, np.array([-1.0, -1.0]), np.array([1.0, 1.0]), ())
    >>> [(item.kind, item.stability) for item in found.equilibria]
    [('pseudo-equilibrium', 'stable')]
    >>> [(item.surface, item.kind) for item in found.switching]
    [('y = 0', 'sliding')]
    """
    if field.dimension != 2 or not field.autonomous or not field.switching:
        return SurfaceSearch(known, (), ())
    pieces = filippov_field(field)
    surfaces = trace_surfaces(field, pieces, lo, hi)
    equilibria, sets = surface_equilibria(Region(field, pieces, lo, hi), surfaces, known)
    segments = []
    for surface, parts in surfaces:
        for part in parts:
            if part.kind != CONTINUOUS:
                unit = (part.points - lo[:, None]) / surface.width
                points = (lo[:, None] + thin(unit) * surface.width).T
                text = f"{surface.factor.text} = 0"
                kind = TANGENT if part.kind == OPPOSED else part.kind
                segments.append(SwitchingSegment(text, kind, points + 0.0, part.ends))
    return SurfaceSearch(tuple(equilibria), tuple(sets), tuple(segments))
