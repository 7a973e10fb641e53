"""Choose what to draw: separatrices first, then given orbits, then evenly spaced ones.

Candidates stand on a hexagonal lattice and are integrated all at once. Then the one that
stands farthest from every curve so far is taken, again and again, while its distance is at
least 4 % of the window's diagonal: the farthest-point form of the evenly spaced streamlines
of Jobard and Lefer (*Visualization in Scientific Computing '97*, 43-55), with whole orbits
in place of pieces cut to length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from eqpp_dash.engine.characteristic import characteristic_branches
from eqpp_dash.engine.dop853 import Array
from eqpp_dash.engine.images import Images, mirror_bands
from eqpp_dash.engine.manifolds import Branch, local_manifolds
from eqpp_dash.engine.orbits import Problem
from eqpp_dash.engine.sampling import sample_curves
from eqpp_dash.engine.structure.facts import Structure
from eqpp_dash.engine.trajectories import Orbits, Traced
from eqpp_dash.engine.walking import largest, unit_parts, walk_along
from eqpp_dash.model.cycles import Annulus, LimitCycle
from eqpp_dash.model.portrait import Equilibrium, Trajectory

SEPARATION = 0.04
"""Distance of curves, in diagonals of the window."""

MOST_CURVES = 40
FEWEST_SEEDED = 12
MOST_SADDLES = 64
MOST_POINTS = 16
"""Of other points with hyperbolic sectors."""
BESIDE = 0.2
"""How far beside a limit cycle an orbit starts, in the cycle's width, if there is room."""
CLOSED_ORBITS = 6
"""Most closed orbits that are drawn in an annulus before all others."""
NESTED = 0.02
"""The least distance between them, in diagonals of the window."""
OUTERMOST = 0.92
"""So far out, for the outermost ones would hide what the annulus ends at."""
_FINE = 600

COLUMNS, ROWS = 11, 10
SEED_RTOL = 3e-7
"""Evenly spaced orbits are drawn for the eye: at most this accurate."""

ON = 0.2
"""A start this near to a curve, in separations, is on it."""

FRESH = 4
"""A curve is worth drawing if it passes so many cells, as wide as the separation, first."""


_DIAGONAL = np.sqrt(2.0)
_BLOCK = 1024
"""Points in one product: so many stay in the processor's cache."""


def saddles_in_window(equilibria: Sequence[Equilibrium]) -> list[int]:
    """Give the indices of the hyperbolic saddles that are not outside the window."""
    return [
        k
        for k, item in enumerate(equilibria)
        if item.hyperbolic
        and item.location != "outside"
        and item.eigenvalues.real.min() < 0 < item.eigenvalues.real.max()
    ]


def separatrix_orbits(problem: Problem, branches: Sequence[Branch], steps: int) -> Orbits:
    """Give the separatrices as orbits that start where their local parametrisations end.

    Parameters
    ----------
    problem : Problem
        The system on its window.
    branches : sequence of Branch
        What is known of the separatrices near their equilibria.
    steps : int
        Most steps of each branch.

    Returns
    -------
    Orbits
        One a branch, with the direction of time that leads away from its equilibrium.
    """
    count = len(branches)
    return Orbits(
        np.array([branch.start for branch in branches]).reshape(count, problem.width.size),
        ("separatrix",) * count,
        np.array([branch.equilibrium for branch in branches], dtype=np.intp),
        np.array([1.0 if branch.rate > 0 else -1.0 for branch in branches]),
        np.full(count, steps, dtype=np.intp),
    )


def with_hyperbolic_sectors(equilibria: Sequence[Equilibrium]) -> list[int]:
    """Give the indices of points in the window with hyperbolic sectors that are no saddles."""
    return [
        k
        for k, item in enumerate(equilibria)
        if not item.hyperbolic
        and item.location != "outside"
        and item.sectors is not None
        and item.sectors["hyperbolic"] > 0
    ]


def separatrix_branches(problem: Problem, equilibria: Sequence[Equilibrium]) -> list[Branch]:
    """Give the branches of the manifolds of the hyperbolic saddles in the window.

    After them come the orbits that bound hyperbolic sectors of other equilibria.

    Parameters
    ----------
    problem : Problem
        The system on its window.
    equilibria : sequence of Equilibrium
        All equilibria known.
    """
    field, width = problem.field, problem.width
    which = saddles_in_window(equilibria)[:MOST_SADDLES]
    others = with_hyperbolic_sectors(equilibria)[:MOST_POINTS]
    return [
        *local_manifolds(field, equilibria, which, width),
        *characteristic_branches(field, equilibria, others, width),
    ]


def with_lead(curve: Trajectory, branch: Branch) -> Trajectory:
    """Put the part of a separatrix near its equilibrium before what was integrated.

    Parameters
    ----------
    curve : Trajectory
        The separatrix from its start on.
    branch : Branch
        The branch.
    """
    times, points = branch.lead()
    if branch.rate > 0:
        times = np.concatenate([-times[::-1], curve.times])
        points = np.concatenate([points[::-1], curve.points])
    else:
        times = np.concatenate([curve.times, times])
        points = np.concatenate([curve.points, points])
    return replace(curve, times=times, points=points)


def candidate_starts(problem: Problem) -> Array:
    """Give a hexagonal lattice of points in the window, shape (m, 2), where the field is finite.

    Parameters
    ----------
    problem : Problem
        The system on its window.

    Returns
    -------
    ndarray, shape (m, 2)
        Points.
    """
    column, row = np.meshgrid(np.arange(COLUMNS), np.arange(ROWS))
    # Shifted by irrational-looking amounts, so that no point falls on an axis of symmetry.
    x = (column + 0.25 + 0.5 * (row % 2) + 0.0127) / (COLUMNS + 0.05)
    y = (row + 0.5 + 0.0173) / (ROWS + 0.05)
    unit = np.stack([x.ravel(), y.ravel()])
    points = problem.center[:, None] + (unit - 0.5) * problem.width[:, None]
    with np.errstate(all="ignore"):
        slopes = problem.field(problem.start, points)
    usable = np.isfinite(slopes).all(0) & (slopes != 0).any(0)
    return points[:, usable].T.copy()


def choose_seeds(
    traced: Traced,
    drawn: Sequence[Array],
    candidates: Sequence[int] | None = None,
    images: Images | None = None,
) -> list[int]:
    """Choose evenly spaced ones among orbits.

    Parameters
    ----------
    traced : Traced
        The candidates, integrated.
    drawn : sequence of ndarray, shape (m, 2)
        Curves that are drawn in any case.
    candidates : sequence of int, optional
        The orbits to choose from; else all.
    images : Images, optional
        Symmetries: of candidates that they exchange all are chosen, or none.

    Returns
    -------
    list of int
        The chosen orbits, in the order chosen.
    """
    problem = traced.problem
    candidates = range(len(traced.orbits)) if candidates is None else candidates
    if not candidates:
        return []
    starts = _unit(problem, traced.orbits.starts[list(candidates)])
    taken = np.zeros((_CELLS, _CELLS), dtype=bool)
    marks = _fill(drawn, problem)
    taken[_cells(marks)] = True
    known = [_unit(problem, item.point[None]) for item in traced.equilibria]
    distance = _distances(starts, np.concatenate([marks, *known]))
    separation = SEPARATION * _DIAGONAL
    free = [candidates[i] for i in np.flatnonzero(distance >= separation).tolist()]
    curves = sample_curves(problem, traced.flow, traced.lanes(free), most=150, parts=4)
    allowance = max(MOST_CURVES - len(drawn), FEWEST_SEEDED)
    partners = images.partners(traced.orbits.starts[list(candidates)]) if images else []
    chosen: list[int] = []

    def filled(place: int) -> Array:
        halves = traced.lanes([candidates[place]])
        return _fill([curves[lane].points for lane in halves], problem)

    while len(chosen) < allowance:
        best = int(np.argmax(distance))
        if distance[best] < separation:
            break
        points = filled(best)
        group = [best]
        for place in partners[best] if partners else ():
            if distance[place] < separation:
                continue
            away = float(_distances(starts[[place]], points)[0])
            if ON * separation <= away < separation:
                group = []
                break  # the two would stand too close together
            if away >= separation:
                group.append(place)
                points = np.concatenate([points, filled(place)])
        distance[best] = 0.0
        cells = _cells(points)
        fresh = np.count_nonzero(~taken[cells])
        if fresh < FRESH * len(group) or not 0 < len(group) <= allowance - len(chosen):
            continue
        chosen += [candidates[place] for place in group]
        taken[cells] = True
        distance = np.minimum(distance, _distances(starts, points))
    return chosen


def beside_cycles(problem: Problem, equilibria: Sequence[Equilibrium]) -> Array:
    """Give a point on each side of every limit cycle, for an orbit that shows what it does there.

    Parameters
    ----------
    problem : Problem
        The system on its window, with the cycles known.
    equilibria : sequence of Equilibrium
        All equilibria known.

    Returns
    -------
    ndarray, shape (m, 2)
        Points beside the cycles' rightmost ones, in the window, no farther off than half way to
        the next cycle, or to the rightmost of the equilibria enclosed.
    """
    lo, hi = problem.center - 0.5 * problem.width, problem.center + 0.5 * problem.width
    starts: list[Array] = []
    for number, cycle in enumerate(problem.cycles):
        x, y = cycle.point.tolist()
        if any(cycle.winding):
            starts += _above_and_below(cycle, problem)
            continue
        size = float(np.ptp(cycle.bounds[0]))
        inner = [problem.cycles[k].bounds[0, 1] for k in cycle.cycles]
        inner += [equilibria[k].point[0] for k in cycle.equilibria]
        outer = [c.bounds[0, 1] for c in problem.cycles if number in c.cycles]
        within = x - min([BESIDE * size, *(0.5 * (x - at) for at in inner if at < x)])
        beyond = x + min([BESIDE * size, *(0.5 * (at - x) for at in outer if at > x)])
        starts += [np.array([within, y]), np.array([beyond, y])]
    points = np.array(starts).reshape(-1, 2)
    return points[((points >= lo) & (points <= hi)).all(axis=1)]


def _above_and_below(cycle: LimitCycle, problem: Problem) -> list[Array]:
    """Give a point on each side of a cycle that winds round a periodic variable."""
    across = 1 - int(np.argmax(np.abs(cycle.winding)))
    away = np.zeros(2)
    away[across] = BESIDE * problem.width[across]
    return [cycle.point - away, cycle.point + away]


def within_annuli(
    problem: Problem, equilibria: Sequence[Equilibrium], structure: Structure | None = None
) -> Array:
    """Give points of up to six closed orbits in every annulus, evenly from inside to outside.

    Parameters
    ----------
    problem : Problem
        The system on its window, with the annuli known.
    equilibria : sequence of Equilibrium
        All equilibria known, by which the annuli say what they end at.
    structure : Structure, optional
        What is proved about the field: annuli that are images of each other get as many orbits.

    Returns
    -------
    ndarray, shape (m, 2)
        Points on the chords from the inner ends of the annuli to near the outermost orbits that
        were followed, as far as these or the opposite sides of the annuli are in the window.
    """
    shares = (np.arange(_FINE) + 0.5)[:, None] / _FINE
    starts = [_along_chord(problem, band, equilibria, shares) for band in problem.annuli]
    starts = mirror_bands(starts, problem.annuli, equilibria, structure)
    return np.concatenate([np.empty((0, 2)), *starts])


def _along_chord(
    problem: Problem, band: Annulus, equilibria: Sequence[Equilibrium], shares: Array
) -> Array:
    ends = [item.point for k, item in enumerate(equilibria) if band.within == f"equilibrium {k}"]
    inner = ends[0] if ends else band.inner
    chord = inner + OUTERMOST * shares * (band.outer - inner)
    unit, opposite = _unit(problem, chord), _unit(problem, 2.0 * inner - chord)
    sides = [((part >= 0) & (part <= 1)).all(axis=1) for part in (unit, opposite)]
    inside = np.flatnonzero(sides[0] | sides[1] if ends else sides[0])
    if not inside.size:
        return np.empty((0, 2))
    first, last = inside[0], inside[-1]
    length = float(np.hypot(*(unit[last] - unit[first])))
    count = min(CLOSED_ORBITS, int(length / (NESTED * _DIAGONAL)))
    places = (np.arange(count) + 0.5)[:, None] / max(count, 1)
    return np.asarray(chord[first] + places * (chord[last] - chord[first]))


def free_starts(problem: Problem, starts: Array, given: Sequence[Array]) -> Array:
    """Leave out the points of a lattice that stand beside curves, so that none is chosen there.

    Parameters
    ----------
    problem : Problem
        The system on its window.
    starts : ndarray, shape (m, 2)
        The points.
    given : sequence of ndarray, shape (k, 2)
        Curves that are drawn in any case.

    Returns
    -------
    ndarray, shape (l, 2)
        Those no nearer to a curve than evenly spaced ones are to each other.
    """
    unit, points = _unit(problem, starts), _fill(given, problem)
    free = np.arange(len(starts))
    for i in range(0, len(points), _BLOCK):
        away = _distances(unit[free], points[i : i + _BLOCK])
        free = free[away >= SEPARATION * _DIAGONAL]
    return np.asarray(starts[free])


_CELLS = int(1.0 / (SEPARATION * _DIAGONAL))


def _unit(problem: Problem, points: Array) -> Array:
    unit: Array = (points - problem.center) / problem.width + 0.5
    return unit


def _fill(parts: Sequence[Array], problem: Problem) -> Array:
    """Give points of the curves in the unit square, no farther apart than half a separation."""
    unit = unit_parts(parts, problem.center, problem.width)
    points = walk_along(unit, 0.5 * SEPARATION, 400, largest)[0]
    return points[((points >= -0.02) & (points <= 1.02)).all(axis=1)]


def _distances(starts: Array, points: Array) -> Array:
    """Give the distance of each start from the nearest of the points."""
    if not points.size:
        return np.full(len(starts), np.inf)
    # |s - p|^2 - |s|^2, as one product of matrices
    rows = np.column_stack([starts, np.ones(len(starts))])
    columns = np.stack([-2.0 * points[:, 0], -2.0 * points[:, 1], (points**2).sum(axis=1)])
    nearest = np.full(len(starts), np.inf)
    for i in range(0, len(points), _BLOCK):
        np.minimum(nearest, (rows @ columns[:, i : i + _BLOCK]).min(axis=1), out=nearest)
    square = nearest + (starts**2).sum(axis=1)
    return np.asarray(np.sqrt(np.maximum(square, 0.0)))


def _cells(points: Array) -> tuple[Array, Array]:
    index = np.clip((points * _CELLS).astype(np.intp), 0, _CELLS - 1)
    code = np.unique(index[:, 1] * _CELLS + index[:, 0])
    return code // _CELLS, code % _CELLS
