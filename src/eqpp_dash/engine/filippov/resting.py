"""Segments of surfaces on which every point is an equilibrium, as dry friction has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.filippov.segments import ESCAPING, SLIDING, Piece
from eqpp_dash.model.portrait import EquilibriumSet

Array = NDArray[np.float64]

SAMPLES = 65

DIGITS = 6
"""Limits of a part are told to so many digits of the window's width."""

INSIDE = 1e-9
"""Other parts of a surface are outside limits up to this share of the window's width."""


def resting_set(
    part: Piece, others: Sequence[Piece], variables: Sequence[str], width: Array
) -> EquilibriumSet:
    """Give a part of a surface as a set of equilibria.

    Parameters
    ----------
    part : Piece
        The part; the sliding field vanishes along it.
    others : sequence of Piece
        The other parts of the same surface in the window.
    variables : sequence of str
        Names of the two variables.
    width : ndarray, shape (2,)
        Widths of the window.

    Returns
    -------
    EquilibriumSet
        Its `part` tells it apart from the others: by limits of the variable in which it is longer,
        of the other one, of both, or else by its ends.
    """
    places = np.linspace(0, part.points.shape[1] - 1, SAMPLES)
    points = np.stack([np.interp(places, np.arange(part.points.shape[1]), r) for r in part.points])
    stability = {SLIDING: "stable", ESCAPING: "unstable"}.get(part.kind, "undecided")
    return EquilibriumSet(
        part.factor.text, points.T, stability, _limits(part, others, variables, width)
    )


def _limits(part: Piece, others: Sequence[Piece], variables: Sequence[str], width: Array) -> str:
    if part.ends[0] == "closed" and not others:
        return ""
    low, high = part.points.min(axis=1), part.points.max(axis=1)
    long = (high - low) / width
    order = [int(k) for k in np.argsort(-long, kind="stable") if long[k] > INSIDE]
    for axes in ([order[0]], order[1:], sorted(order)):
        if axes and not any(_enters(one.points, low, high, width, axes) for one in others):
            return " and ".join(
                f"{_number(low[k], width[k])} <= {variables[k]} <= {_number(high[k], width[k])}"
                for k in axes
            )
    ends = (part.points[:, k] for k in (0, -1))
    told = [", ".join(_number(v, w) for v, w in zip(end, width, strict=True)) for end in ends]
    return f"between ({told[0]}) and ({told[1]})"


def _enters(points: Array, low: Array, high: Array, width: Array, axes: list[int]) -> bool:
    """Tell whether some point is within limits of some coordinates."""
    edge = INSIDE * width
    within = (points > (low + edge)[:, None]) & (points < (high - edge)[:, None])
    return bool(within[axes].all(axis=0).any())


def _number(value: float, width: float) -> str:
    digits = max(0, DIGITS - int(np.floor(np.log10(width))))
    return f"{round(float(value), digits) + 0.0:.15g}"
