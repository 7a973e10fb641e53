"""Curves on which a field is zero as it is written: whether it vanishes beside them too."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.compiled import CompiledField, Factor
from eqpp_dash.engine.filippov.pieces import FilippovField, filippov_field
from eqpp_dash.engine.filippov.segments import Piece, Surface

Array = NDArray[np.float64]

NOTHING = 1e-9
"""Share of the size of a side's field off a curve below which that field is zero on it."""

OFF = 1e-2
"""How far off a curve that size is taken, in widths of the window."""


def rests_beside(
    field: CompiledField, factor: Factor, points: Array, width: Array
) -> NDArray[np.bool_]:
    """Tell where on a curve a field rests that is zero there as it is written.

    Where ``sign(0) = 0`` alone makes it zero, the smooth fields of the two sides are not, and
    what happens is said by Filippov's convention: A. F. Filippov, *Differential Equations with
    Discontinuous Righthand Sides* (Kluwer, 1988), section 4.

    Parameters
    ----------
    field : CompiledField
        A planar field.
    factor : Factor
        It vanishes on the curve.
    points : ndarray, shape (m, 2)
        Points of the curve, in order.
    width : ndarray, shape (2,)
        Widths of the window.

    Returns
    -------
    ndarray of bool, shape (m,)
        Whether the smooth fields of both sides vanish, there and at a neighbouring point; at
        ends and crossings of curves, where sides are not told, the same as at the others.

    Examples
    --------
    >>> from eqpp_dash.engine.system import parse_system
    >>> field = parse_system("x' = -sign(x); y' = sign(x)*y").compile()
    >>> line = np.stack([np.zeros(5), np.linspace(-1, 1, 5)], axis=1)
    >>> rests_beside(field, field.common[0], line, np.full(2, 2.0)).any()
    np.False_
    >>> field = parse_system("x' = -abs(x); y' = abs(x)*y").compile()
    >>> rests_beside(field, field.common[0], line, np.full(2, 2.0)).all()
    np.True_
    """
    pieces = filippov_field(field)
    surface = Surface(pieces, factor, width)
    x = points.T
    with np.errstate(all="ignore"):
        across = surface.normal(x)
        told = np.isfinite(across).all(axis=0)
        still = np.ones(len(points), dtype=bool)
        for way, choices in zip((1.0, -1.0), surface.sides(x), strict=True):
            here = np.abs(pieces.field_of(x, choices)).max(axis=0)
            away = np.abs(pieces.field_of(x + way * OFF * across, choices)).max(axis=0)
            still &= ~(here > NOTHING * np.maximum(here, away))
    known = still[told]
    if len(known) > 1:
        beside = np.zeros(len(known), dtype=bool)
        beside[1:] |= known[:-1]
        beside[:-1] |= known[1:]
        still[told] = known & beside
    still[~told] = bool(known.all())
    return still


def moves_beside(field: CompiledField, pieces: FilippovField, part: Piece, width: Array) -> bool:
    """Tell whether a field is zero along a part as it is written only: ``sign(x)^2`` on x = 0.

    Parameters
    ----------
    field : CompiledField
        The field as it is written.
    pieces : FilippovField
        The same in pieces.
    part : Piece
        A part of a surface.
    width : ndarray, shape (2,)
        Widths of the window.
    """
    held = np.repeat(part.plus[:, None], part.points.shape[1], axis=1)
    aside = part.points + OFF * Surface(pieces, part.factor, width).normal(part.points)
    beside = np.abs(pieces.field_of(part.points, held)).max(axis=0)
    away = np.abs(pieces.field_of(aside, held)).max(axis=0)
    written = np.abs(field(0.0, part.points)).max(axis=0)
    only = (written < NOTHING * beside) & ~(beside < NOTHING * away)
    return bool(only.mean() > 0.5)
