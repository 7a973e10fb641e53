"""Search for all zeros of a map in a box: subdivide, exclude, contract, prove.

Nothing depends on starting points or luck: a part of the box is given up only if interval
bounds exclude a zero there, or if the only zero it can hold is already proved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from eqpp_dash.engine.krawczyk import Contraction, at_most_one, contract, newton, prove_zeros
from eqpp_dash.engine.problem import Mask, StackedBounds, ZeroProblem, excludes_zero
from eqpp_dash.errors import StopAndKeep
from eqpp_dash.model.portrait import Array

SPLIT = 0.4871
"""Where a box is cut: off the middle, so that symmetric zeros do not fall on the cuts."""


@dataclass(frozen=True, slots=True)
class SearchBudget:
    """What a search may spend; counts, not seconds, so that results are reproducible.

    Attributes
    ----------
    boxes : int
        Boxes tested in all.
    crowd : int
        Boxes open at once; more means that zeros are not isolated, or too many.
    zeros : int
        Zeros listed.
    depth : float
        Width, as a share of the whole box, below which a box is not cut any more.
    """

    boxes: int = 60_000
    crowd: int = 4_000
    zeros: int = 250
    depth: float = 2e-11


@dataclass(frozen=True, slots=True, eq=False)
class ZeroSearch:
    """What a search found.

    Attributes
    ----------
    points, error : ndarray, shape (n, k)
        Proved zeros and bounds of their errors.
    lo, hi : ndarray, shape (n, m)
        Boxes in which nothing could be decided.
    exhausted : str
        Why the search was cut short: ``""`` (it was not), ``crowd``, ``boxes``, ``zeros``,
        ``stop``.
    boxes : int
        Boxes tested.
    stop : StopAndKeep or None
        What stopped it; the boxes are not given then.
    """

    points: Array
    error: Array
    lo: Array
    hi: Array
    exhausted: str
    boxes: int
    stop: StopAndKeep | None = None


def find_zeros(
    problem: ZeroProblem,
    lo: Array,
    hi: Array,
    budget: SearchBudget,
    progress: Callable[[float], object] | None = None,
) -> ZeroSearch:
    """Find all zeros of a map in a box.

    Parameters
    ----------
    problem : ZeroProblem
        The map.
    lo, hi : ndarray, shape (n,)
        Limits of the box.
    budget : SearchBudget
        What may be spent.
    progress : callable, optional
        Called with the share of the box's volume that is settled, after each round. If it
        raises `StopAndKeep` the zeros proved so far are given.

    Returns
    -------
    ZeroSearch
        Every zero in the box is one of the proved ones or lies in an undecided box.

    Notes
    -----
    Breadth-first branch and prune; Neumaier, *Interval Methods for Systems of Equations*,
    ch. 5; Kearfott, *Rigorous Global Search: Continuous Problems*, ch. 4.
    """
    found = _Found((hi - lo).astype(float)[:, None])
    try:
        return _subdivide(problem, lo[:, None], hi[:, None], budget, progress, found)
    except StopAndKeep as stop:
        none = np.empty((len(lo), 0))
        return ZeroSearch(found.points, found.error, none, none, "stop", 0, stop)


def _subdivide(
    problem: ZeroProblem,
    lo: Array,
    hi: Array,
    budget: SearchBudget,
    progress: Callable[[float], object] | None,
    found: _Found,
) -> ZeroSearch:
    lo, hi = lo.astype(float), hi.astype(float)
    span = hi - lo
    floor = 1e-14 * span
    smallest = budget.depth * span
    stuck_lo, stuck_hi = [], []
    used, exhausted = 0, ""
    whole = float((span / span.max()).prod())
    while lo.shape[1]:
        exhausted = _exhausted(budget, used, lo.shape[1], found.count)
        if exhausted:
            break
        used += lo.shape[1]
        open_ = _prune(problem, lo, hi, floor)
        left = ~open_.empty
        one = left & open_.unique
        if one.any():
            left[one] = ~found.settle(problem, open_.center[:, one], open_.reach[:, one])
        lo, hi, smear = open_.lo[:, left], open_.hi[:, left], open_.smear[:, left]
        limit = np.maximum(smallest, 8 * np.spacing(np.maximum(np.abs(lo), np.abs(hi))))
        done = (open_.reach[:, left] <= limit).all(axis=0)  # too small to be cut, and tested
        stuck_lo.append(lo[:, done])
        stuck_hi.append(hi[:, done])
        lo, hi = _split(lo[:, ~done], hi[:, ~done], smear[:, ~done], span, limit[:, ~done])
        if progress is not None:
            size = float(((hi - lo) / span.max()).prod(axis=0).sum())
            progress(max(0.0, 1.0 - size / whole))
    rest_lo = np.concatenate([*stuck_lo, lo], axis=1)
    rest_hi = np.concatenate([*stuck_hi, hi], axis=1)
    rest = ~found.explains(problem, rest_lo, rest_hi)
    return ZeroSearch(
        found.points, found.error, rest_lo[:, rest], rest_hi[:, rest], exhausted, used
    )


def _exhausted(budget: SearchBudget, used: int, crowd: int, zeros: int) -> str:
    if zeros > budget.zeros:
        return "zeros"
    if crowd > budget.crowd:
        return "crowd"
    return "boxes" if used > budget.boxes else ""


def _prune(problem: ZeroProblem, lo: Array, hi: Array, floor: Array) -> Contraction:
    """Drop the boxes whose values exclude a zero and contract the others."""
    c = 0.5 * (lo + hi)
    m = lo.shape[1]
    both = problem.boxes(np.concatenate([lo, c], axis=1), np.concatenate([hi, c], axis=1))
    keep = ~excludes_zero(both)[:m]
    center = StackedBounds(
        both.lo[:, m:][:, keep], both.hi[:, m:][:, keep], both.continuous[m:][keep]
    )
    return contract(problem, lo[:, keep], hi[:, keep], center, floor)


def _split(lo: Array, hi: Array, smear: Array, span: Array, limit: Array) -> tuple[Array, Array]:
    """Cut every box in two along the variable that matters most, a small batch twice."""
    for _ in range(min(2, len(lo)) if lo.shape[1] < 200 else 1):
        width = (hi - lo) / span
        weight = np.where(hi - lo <= limit, -1.0, smear * np.sqrt(width) + 1e-3 * width)
        weight = np.where(width >= 30 * width.min(axis=0), weight + width * 1e3, weight)
        axis = weight.argmax(axis=0)
        column = np.arange(lo.shape[1])
        cuttable = weight[axis, column] > 0
        cut = lo[axis, column] + SPLIT * (hi[axis, column] - lo[axis, column])
        left_hi, right_lo = hi.copy(), lo.copy()
        left_hi[axis, column] = cut
        right_lo[axis, column] = cut
        smear = np.concatenate([smear, smear[:, cuttable]], axis=1)
        limit = np.concatenate([limit, limit[:, cuttable]], axis=1)
        lo = np.concatenate([lo, right_lo[:, cuttable]], axis=1)
        hi = np.concatenate([np.where(cuttable, left_hi, hi), hi[:, cuttable]], axis=1)
        smear = smear.copy()
        smear[axis, column] *= 0.5
        extra = np.flatnonzero(cuttable)
        smear[axis[extra], len(column) + np.arange(extra.size)] *= 0.5
    return lo, hi


class _Found:
    """Proved zeros, each once."""

    def __init__(self, span: Array) -> None:
        self.points = np.empty((len(span), 0))
        self.error = np.empty((len(span), 0))
        self._span = span

    @property
    def count(self) -> int:
        return self.points.shape[1]

    def settle(self, problem: ZeroProblem, c: Array, reach: Array) -> Mask:
        """Settle boxes that hold one zero at most: prove it, or leave the box open."""
        done = self._holds_known(c, reach)
        points, last = newton(problem, np.where(done, np.nan, c), 25)
        with np.errstate(invalid="ignore"):
            near = (np.abs(points - c) <= reach).all(axis=0)
        places = np.flatnonzero(near)
        if not places.size:
            return done
        points, last = points[:, places], last[:, places]
        radius = 4 * last + 4 * np.spacing(np.abs(points)) + 1e-18 * self._span
        proved, error = prove_zeros(problem, points, radius)
        with np.errstate(invalid="ignore"):
            held = (np.abs(points - c[:, places]) + error <= reach[:, places]).all(axis=0)
            held &= proved
        done[places[held]] = True
        for k in np.flatnonzero(held):
            self._add(points[:, k : k + 1], error[:, k : k + 1])
        return done

    def explains(self, problem: ZeroProblem, lo: Array, hi: Array) -> Mask:
        """Tell which undecided boxes hold no zero but the proved one beside them."""
        if not self.count or not lo.shape[1]:
            return np.zeros(lo.shape[1], bool)
        c = 0.5 * (lo + hi)
        away = np.abs(self.points[:, :, None] - c[:, None, :]) / self._span[:, :, None]
        points = self.points[:, away.max(axis=0).argmin(axis=0)]
        reach = np.maximum(np.abs(lo - points), np.abs(hi - points))
        widest = (reach / self._span).max(axis=0) * self._span
        return at_most_one(problem, points, 2 * widest)

    def _holds_known(self, c: Array, reach: Array) -> Mask:
        if not self.count:
            return np.zeros(c.shape[1], bool)
        away = np.abs(self.points[:, :, None] - c[:, None, :]) + self.error[:, :, None]
        return np.asarray((away <= reach[:, None, :]).all(axis=0).any(axis=0))

    def _add(self, point: Array, error: Array) -> None:
        same = (np.abs(self.points - point) <= self.error + error).all(axis=0)
        if not same.any():
            self.points = np.concatenate([self.points, point], axis=1)
            self.error = np.concatenate([self.error, error], axis=1)
