"""Poincaré index of a closed curve: the winding number of the field along a rectangle."""

from __future__ import annotations

import numpy as np

from eqpp_dash.engine.problem import ZeroProblem
from eqpp_dash.model.portrait import Array


def winding_number(field: ZeroProblem, lo: Array, hi: Array, depth: int = 9) -> int | None:
    """Count the turns of a planar field along the border of a rectangle.

    Parameters
    ----------
    field : ZeroProblem
        The vector field.
    lo, hi : ndarray, shape (2,)
        Corners of the rectangle.
    depth : int
        How often a piece of the border may be halved, from 32 pieces a side.

    Returns
    -------
    int or None
        Turns counterclockwise; None if the field may vanish or is not continuous on the border.

    Notes
    -----
    On each piece interval bounds show that one component keeps its sign, so the field turns
    by less than half a turn there and the sum of the turns is exact. Perko, *Differential
    Equations and Dynamical Systems*, 3.12.
    """
    corners = np.array(
        [[lo[0], lo[1]], [hi[0], lo[1]], [hi[0], hi[1]], [lo[0], hi[1]], [lo[0], lo[1]]]
    )
    s = np.linspace(0.0, 1.0, 33)[None, :, None]
    sides = corners[:-1, None] * (1 - s) + corners[1:, None] * s
    start, end = sides[:, :-1].reshape(-1, 2).T, sides[:, 1:].reshape(-1, 2).T
    turns = 0.0
    for _ in range(depth + 1):
        bounds = field.boxes(np.minimum(start, end), np.maximum(start, end))
        with np.errstate(invalid="ignore"):
            clear = ((bounds.lo > 0) | (bounds.hi < 0)).any(axis=0) & bounds.continuous
        a, b = start[:, clear], end[:, clear]
        u, v = field(0.0, a), field(0.0, b)
        with np.errstate(all="ignore"):
            u, v = u / np.abs(u).max(axis=0), v / np.abs(v).max(axis=0)
        angle = np.arctan2(u[0] * v[1] - u[1] * v[0], (u * v).sum(axis=0))
        turns += float(angle.sum())
        start, end = start[:, ~clear], end[:, ~clear]
        if not start.shape[1]:
            count = turns / (2 * np.pi)
            return round(count) if np.isfinite(count) and abs(count - round(count)) < 0.01 else None
        if start.shape[1] > 256:
            return None
        middle = 0.5 * (start + end)
        start, end = (
            np.concatenate([start, middle], axis=1),
            np.concatenate([middle, end], axis=1),
        )
    return None
