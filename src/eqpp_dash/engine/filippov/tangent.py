"""What orbits do on a surface to which a field is tangent all along, where no derivative tells."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.filippov.pieces import BACK, BEYOND, SlidingField, filippov_field
from eqpp_dash.engine.filippov.segments import ESCAPING, OPPOSED, SLIDING, TANGENT, Surface

Array = NDArray[np.float64]

ALONG = np.array([-1e-3, 0.0, 1e-3])
"""Where along the surface is looked at both fields, in widths of the window."""

NOT_UNIQUE = "more than one way leads on"


def slide_along(
    field: CompiledField, x: Array, width: Array, sign: float
) -> SlidingField | str | None:
    """Tell what an orbit does on a surface that is invariant under the field of one side or both.

    If the other field points to it, its orbits slide, by A. F. Filippov, *Differential Equations
    with Discontinuous Righthand Sides* (Kluwer, 1988), section 4, along the tangent field: nothing
    that is on the surface enters the side on which that field is smooth, as its orbits are unique.
    If the other field points away, they may leave at any time; if both are tangent, they may move
    with either, or any mixture.

    Parameters
    ----------
    field : CompiledField
        A planar field.
    x : ndarray, shape (2,)
        A state on one of its surfaces.
    width : ndarray, shape (2,)
        Widths of the window.
    sign : float
        1 if time goes forward, -1 if it goes backward.

    Returns
    -------
    SlidingField, str or None
        The sliding field, which the tangent one does not end; `NOT_UNIQUE`; None if no field is
        tangent all along, or several surfaces are near.

    Examples
    --------
    >>> from eqpp_dash.engine.system import parse_system
    >>> field = parse_system("x' = x*y + (1 - sign(x))/2; y' = 3").compile()
    >>> found = slide_along(field, np.array([0.0, 1.0]), np.ones(2), 1.0)
    >>> found.field(0.0, np.array([[0.0], [1.0]])).ravel().tolist()
    [0.0, 3.0]
    >>> slide_along(field, np.array([0.0, 1.0]), np.ones(2), -1.0)
    'more than one way leads on'
    """
    pieces = filippov_field(field)
    near = []
    for factor in field.switching:
        slope = factor.gradient(0.0, x[:, None])[:, 0] * width
        value = float(np.broadcast_to(factor(0.0, x[:, None]), (1,))[0])
        if abs(value) <= 2.0 * float(np.abs(ALONG).max()) * float(np.abs(slope).sum()):
            near.append((factor, slope))
    if len(near) != 1:
        return None
    factor, slope = near[0]
    surface = Surface(pieces, factor, width)
    way = np.array([-slope[1], slope[0]]) / np.linalg.norm(slope) * width
    points = surface.onto(x[:, None] + way[:, None] * ALONG)
    flat = np.asarray(surface.flat(points).all(axis=1))
    labels = surface.labels(points, np.repeat(flat[:, None], points.shape[1], axis=1))
    if not flat.any() or any(label != labels[1] for label in labels):
        return None
    kind, plus, minus = labels[1]
    if kind == (SLIDING if sign > 0 else ESCAPING):
        made = pieces.sliding_at(x, np.array(plus), np.array(minus), width)
        left_out = BACK if flat[0] else BEYOND
        return replace(made, ends=tuple(end for end in made.ends if end[0] != left_out))
    return NOT_UNIQUE if kind in (SLIDING, ESCAPING, TANGENT, OPPOSED) else None
