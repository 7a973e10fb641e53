"""Boxes in which a function and its gradient may both vanish.

They hold the places where the zero set of the function is not a smooth curve: crossings,
isolated points, cusps, curves on which it touches zero without changing sign; and, as long
as the boxes are large, small ovals.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eqpp_dash.engine.krawczyk import SLACK
from eqpp_dash.engine.problem import ScalarFunction
from eqpp_dash.model.portrait import Array


@dataclass(frozen=True, slots=True, eq=False)
class CriticalBoxes:
    """Boxes, shape (n, m), outside which the zero set is smooth.

    `crowded` says that there were too many, so that they were left large.
    """

    lo: Array
    hi: Array
    crowded: bool


def find_critical_boxes(
    function: ScalarFunction, lo: Array, hi: Array, *, depth: float, crowd: int = 600
) -> CriticalBoxes:
    """Find where a function may vanish together with its gradient.

    Parameters
    ----------
    function : ScalarFunction
        The function, with bounds on boxes.
    lo, hi : ndarray, shape (n,)
        Limits of the region searched.
    depth : float
        Width of the final boxes, as a share of the region's.
    crowd : int
        How many boxes may be open at once.

    Returns
    -------
    CriticalBoxes
        No such place is outside of them.
    """
    span = (hi - lo)[:, None]
    lo, hi = lo[:, None].astype(float), hi[:, None].astype(float)
    while lo.shape[1] and lo.shape[1] <= crowd:
        lo, hi = _undecided(function, lo, hi)
        if not lo.shape[1] or float(((hi - lo) / span).max()) <= depth:
            return CriticalBoxes(lo, hi, False)
        for axis in range(len(lo)):
            cut = lo[axis] + 0.4871 * (hi[axis] - lo[axis])
            left, right = hi.copy(), lo.copy()
            left[axis], right[axis] = cut, cut
            lo, hi = np.concatenate([lo, right], axis=1), np.concatenate([left, hi], axis=1)
    return CriticalBoxes(lo, hi, lo.shape[1] > crowd)


def _undecided(function: ScalarFunction, lo: Array, hi: Array) -> tuple[Array, Array]:
    c = 0.5 * (lo + hi)
    m = lo.shape[1]
    both = function.boxes(np.concatenate([lo, c], axis=1), np.concatenate([hi, c], axis=1))
    slope = function.gradient_boxes(lo, hi)
    with np.errstate(all="ignore"):
        steep = ((slope.lo > 0) | (slope.hi < 0)).any(axis=0) & slope.continuous
        apart = (both.lo[:m] > 0) | (both.hi[:m] < 0)
        steepest = np.maximum(np.abs(slope.lo), np.abs(slope.hi))
        reach = (steepest * np.maximum(hi - c, c - lo)).sum(axis=0) * (1 + SLACK)
        far = (both.lo[m:] > reach) | (both.hi[m:] < -reach)
        apart |= far & slope.continuous
    keep = ~(steep | apart)
    return lo[:, keep], hi[:, keep]
