"""Which separatrices pass near saddles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.dop853 import Array
from eqpp_dash.engine.manifolds import Branch
from eqpp_dash.engine.orbits import Problem
from eqpp_dash.model.portrait import Equilibrium, Trajectory

NEAR = 0.1
"""Distance, in widths of the window, at which a separatrix passes near a saddle."""

SLOW = 3e-4
"""Share of its greatest speed to which a curve slows down beside an equilibrium."""

SLOW_FROM = 0.03
"""Distance from the target, in widths of the window, from which on that is looked for."""

ALIGNED = 0.8
"""Least cosine between the way to a point and the separatrix in whose direction it lies."""

RETURN = 0.4
"""It comes back if it comes so much nearer to its saddle than it has been."""

Walk = tuple[Array, Array]
"""Times of the steps of an integration, shape (m,), and the states there, shape (2, m)."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A separatrix that passes near a saddle.

    Attributes
    ----------
    out, back : int
        The unstable branch, and the stable branch beside which it arrives, by their numbers.
    source, target : int
        The saddles, by their numbers.
    last : int
        The point of the curve nearest to the target.
    distance : float
        Its distance from there, in widths of the window.
    clear : bool
        Whether the curve passes no place on the way where the field nearly vanishes: beside an
        equilibrium that is not known errors of integration grow without bound.
    """

    out: int
    back: int
    source: int
    target: int
    last: int
    distance: float
    clear: bool

    @property
    def type(self) -> str:
        """Whether the saddles are one."""
        return "homoclinic" if self.source == self.target else "heteroclinic"


def candidates(
    problem: Problem,
    branches: Sequence[Branch],
    curves: Sequence[Trajectory],
    equilibria: Sequence[Equilibrium],
    steps: Sequence[Walk],
) -> list[Candidate]:
    """Find the unstable branches that pass near saddles, the nearest passes first.

    Parameters
    ----------
    problem, branches, curves, equilibria, steps
        As for `find_connections`.
    """
    width = problem.width
    found = []
    saddles = list(dict.fromkeys(branch.equilibrium for branch in branches))
    for i, (branch, curve) in enumerate(zip(branches, curves, strict=True)):
        if branch.rate < 0:
            continue
        for k in saddles:
            away = np.max(np.abs(curve.points - equilibria[k].point) / width, axis=1)
            if k == branch.equilibrium:
                away = np.where(returned(away), away, np.inf)
            last = int(np.argmin(away))
            if not away[last] < NEAR:
                continue
            back = _beside(branches, equilibria[k], k, curve.points[last], width)
            if back is None:
                continue
            clear = is_clear(problem, steps[i], float(curve.times[last]), equilibria[k].point)
            found.append(Candidate(i, back, branch.equilibrium, k, last, float(away[last]), clear))
    return sorted(found, key=lambda item: item.distance)


def returned(away: Array) -> NDArray[np.bool_]:
    """Tell at which points a curve has come back to where it begins.

    Parameters
    ----------
    away : ndarray, shape (m,)
        Distances of the points, in order.

    Examples
    --------
    >>> returned(np.array([0.0, 0.5, 1.0, 0.5, 0.1])).tolist()
    [False, False, False, False, True]
    """
    return np.asarray(away < RETURN * np.maximum.accumulate(away))


def is_clear(problem: Problem, steps: Walk, time: float, target: Array) -> bool:
    """Tell whether steps pass no slow place until a time, before the target.

    Parameters
    ----------
    problem : Problem
        The system on its window.
    steps : (ndarray, ndarray)
        Times and states of the steps.
    time : float
        The time.
    target : ndarray, shape (2,)
        The point near which they may be slow.
    """
    times, states = steps
    away = np.max(np.abs((states - target[:, None]) / problem.width[:, None]), axis=0)
    on_way = (times < time) & (away > SLOW_FROM)
    if not on_way.any():
        return True
    slopes = problem.field(problem.start, states[:, on_way])
    speed = np.max(np.abs(slopes / problem.width[:, None]), axis=0)
    return bool(speed.min() > SLOW * speed.max())


def _beside(
    branches: Sequence[Branch], item: Equilibrium, number: int, place: Array, width: Array
) -> int | None:
    """Give the stable branch of an equilibrium on whose side a point is, if one may go there.

    Of a saddle it is one of both; of another point the one in whose direction the place is.
    """
    mine = [i for i, branch in enumerate(branches) if branch.equilibrium == number]
    stable = [i for i in mine if branches[i].rate < 0]
    if item.hyperbolic:
        unstable = next(i for i in mine if branches[i].rate > 0)
        vectors = [branches[stable[0]].direction, branches[unstable].direction]
        along = np.linalg.solve(np.stack(vectors, axis=1), place - item.point)[0]
        return stable[0] if along > 0 else stable[1]
    if not stable:
        return None
    units = np.array([branches[i].direction for i in stable]) / width
    units /= np.linalg.norm(units, axis=1)[:, None]
    away = (place - item.point) / width
    along = units @ away
    best = int(np.argmax(along))
    return stable[best] if along[best] > ALIGNED * np.linalg.norm(away) else None
