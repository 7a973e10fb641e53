"""Bands of orbits that wind round a cylinder and close there: rotations of a pendulum."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.cycles.displacement import FINE
from eqpp_dash.engine.cycles.lanes import Bools
from eqpp_dash.engine.cycles.periods import Periods
from eqpp_dash.engine.cycles.shape import passes
from eqpp_dash.engine.cycles.surroundings import BUDGET
from eqpp_dash.engine.cycles.turns import Turn, Turns, turns_of
from eqpp_dash.engine.cycles.values import Band
from eqpp_dash.engine.cycles.winding import FINEST, base_line, over_window
from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.searched import EquilibriumSearch
from eqpp_dash.engine.structure.facts import Kind, Structure
from eqpp_dash.model.portrait import Array, Equilibrium

STARTS = 65
"""Orbits that are followed, at first, either way round."""

CUTS, PARTS = 6, 8
"""How often, and into how many parts, the gap beside the last orbit that comes back is cut."""

POINTS = 241
ON_CURVES = 40
"""About so many points of a curve of equilibria tell on which side of an orbit it lies."""

KEPT = 1e-9
"""Change of a first integral by a shift, in sizes of its values, that is none."""


TORUS = "closed orbits that wind round the torus"
SLOW = "closed orbits that wind round {name}, between {low:.4g} and {high:.4g}: they are too slow"


def find_rotations(
    field: CompiledField,
    structure: Structure | None,
    equilibria: Sequence[Equilibrium],
    lo: Array,
    hi: Array,
    box: tuple[Array, Array],
    tell: Callable[[], object],
) -> tuple[list[Band], tuple[str, ...]]:
    """Find the bands of orbits of a Hamiltonian field that wind round its one periodic variable.

    Parameters
    ----------
    field : CompiledField
        A planar autonomous field.
    structure : Structure or None
        What is proved about it.
    equilibria : sequence of Equilibrium
        Those that are known.
    lo, hi : ndarray, shape (2,)
        Corners of the window.
    box : (ndarray, ndarray)
        Corners of the box in which orbits are started.
    tell : callable
        Called again and again; an exception from it is passed on.

    Returns
    -------
    bands : list of Band
        Those that enter the window, from the lowest to the highest. They are ``verified``, by the
        Hamiltonian, which has the same period, and as both ends were followed, if it is proved
        which equilibria lie between these.
    blind : tuple of str
        Where it could not look.

    Notes
    -----
    Let H have the period P of the variable x. An orbit that comes from (c, y) to (c + P, z) without
    a zero of H_y = +-x' between y and z on that line has y = z, for H is monotone there: moved by
    the period, it is the same orbit. Between two such orbits that wind alike and hold no
    equilibrium between them every orbit closes: it cannot end at a closed orbit, beside which H
    would be constant, and none within is contractible, for it would go round an equilibrium.

    Examples
    --------
    >>> from eqpp_dash import PortraitSpec, compute_portrait
    >>> portrait = compute_portrait(PortraitSpec("x' = y; y' = -sin(x)"))
    >>> [item.winding for item in portrait.annuli if any(item.winding)]
    [(-1, 0), (1, 0)]
    """
    periods = Periods(structure, lo, hi)
    axes = np.flatnonzero(np.isfinite(periods.lengths))
    integral = None if structure is None else structure.integral
    if not axes.size or integral is None or integral.function is None:
        return [], ()
    if integral.kind != Kind.HAMILTONIAN or not integral.single_valued or field.switching:
        return [], ()
    if axes.size == 2:
        return [], (TORUS,)
    axis = int(axes[0])
    other, length = 1 - axis, float(periods.lengths[axis])
    rest = _at_rest(field, axis, length, periods.center, box)
    known = (*equilibria, *rest.equilibria)
    at_rest = [item.point for item in known] + [item.point for item in rest.singularities]
    rest_points = np.concatenate(
        [np.array(at_rest).reshape(-1, 2), *(_some(item.points) for item in rest.sets)]
    )
    sure = rest.completeness == "proved" and not rest.sets and not rest.singularities
    base = base_line(known, axis, length, periods.center)
    heights = np.linspace(box[0][other], box[1][other], STARTS)
    line = np.stack([np.full(STARTS, base), heights])[[axis, other]]
    moved = line + np.eye(2)[axis][:, None] * length
    with np.errstate(all="ignore"):
        values, shifted = (
            np.broadcast_to(integral.function(0.0, at), STARTS) for at in (line, moved)
        )
    if not np.abs(shifted - values).max() <= KEPT * np.abs(values).max():
        return [], ()  # a turn adds to it: no orbit that winds closes
    found, blind = [], []
    with turns_of(field, axis, length, base, float(np.abs(heights).max())) as turns:
        for winding in (1, -1):
            tell()
            for ends in _spans(turns, heights, winding, rest_points):
                band = _band(turns, ends, winding, known, lo, hi)
                if band is None:
                    blind.append(SLOW.format(name=turns.name, low=ends[0], high=ends[1]))
                else:
                    found.append(band if sure else replace(band, evidence="numerical"))
    shown = [item for item in found if _enters(item, axis, lo, hi)]
    shown.sort(key=lambda item: min(item.inner[other], item.outer[other]))
    return shown, tuple(blind)


def _some(points: Array) -> Array:
    """Give some points of a curve, from one end to the other."""
    return points[:: max(1, len(points) // ON_CURVES)]


def _spans(
    turns: Turns, heights: Array, winding: int, equilibria: Array
) -> list[tuple[float, float]]:
    """Give the intervals of the line on which orbits close, without equilibria between them."""
    at = heights
    turn = turns.turn(at, winding, 1.0, FINE)
    for _ in range(CUTS):
        back = _closes(turn)
        gaps = np.flatnonzero(back[1:] != back[:-1])
        if not gaps.size:
            break
        shares = np.arange(1, PARTS) / PARTS
        more = (at[gaps, None] + np.diff(at)[gaps, None] * shares).ravel()
        further = turns.turn(more, winding, 1.0, FINE)
        order = np.argsort(np.concatenate([at, more]), kind="stable")
        at = np.concatenate([at, more])[order]
        turn = Turn(
            *(
                np.concatenate([getattr(one, name) for one in (turn, further)])[order]
                for name in ("value", "error", "slope", "time", "integral")
            )
        )
    back = _closes(turn)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], back.view(np.int8), [0]])))
    spans: list[tuple[float, float]] = []
    last: tuple[bool, ...] | None = None
    for a, b in edges.reshape(-1, 2).tolist():
        places = at[a:b]
        sides = {0: _below(turns, places[0], winding, turn.time[a], equilibria)}
        sides[b - a - 1] = _below(turns, places[-1], winding, turn.time[b - 1], equilibria)
        if sides[0] != sides[b - a - 1]:
            for k in range(1, b - a - 1):
                sides[k] = _below(turns, places[k], winding, turn.time[a + k], equilibria)
        parts = sorted(sides)
        cuts = [0, *(j for i, j in pairwise(parts) if sides[i] != sides[j]), b - a]
        for i, j in pairwise(cuts):
            if j - i > 1:
                first, end = float(places[i]), float(places[j - 1])
                if sides[i] == last:
                    first = spans.pop()[0]  # what did not seem to close between them was not seen
                spans.append((first, end))
                last = sides[j - 1]
    return spans


def _closes(turn: Turn) -> Bools:
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(turn.value) <= turn.error)


def _below(
    turns: Turns, height: float, winding: int, period: float, points: Array
) -> tuple[bool, ...]:
    """Tell which points lie below an orbit that winds."""
    curve = turns.curve(height, winding, 1.0, period, POINTS)
    return tuple(below(curve, turns.axis, turns.length, points).tolist())


def below(curve: Array, axis: int, length: float, points: Array) -> Bools:
    """Tell which points of a cylinder lie below a curve that winds round it.

    Parameters
    ----------
    curve : ndarray, shape (m, 2)
        One turn.
    axis : int
        The variable that repeats.
    length : float
        Its period.
    points : ndarray, shape (k, 2)
        The points, in any period.

    Returns
    -------
    ndarray of bool, shape (k,)
        Whether the curve and its copies cross the line upward of each an odd number of times.

    Examples
    --------
    >>> wave = np.array([[0.0, 1.0], [0.5, 2.0], [1.0, 1.0]])
    >>> below(wave, 0, 1.0, np.array([[7.5, 1.9], [-3.0, 1.1]])).tolist()
    [True, False]
    """
    start, end = curve[:-1], curve[1:]
    low, high = curve[:, axis].min(), curve[:, axis].max()
    found = np.zeros(len(points), dtype=bool)
    for k, point in enumerate(points):
        first = int(np.ceil((low - point[axis]) / length))
        copies = np.arange(first, first + round((high - low) / length) + 1)
        for at in point[axis] + length * copies:
            spans = (start[:, axis] > at) != (end[:, axis] > at)
            share = (at - start[spans, axis]) / (end - start)[spans, axis]
            met = start[spans, 1 - axis] + share * (end - start)[spans, 1 - axis]
            found[k] ^= bool(np.count_nonzero(met > point[1 - axis]) % 2)
    return found


def _band(
    turns: Turns,
    ends: tuple[float, float],
    winding: int,
    equilibria: Sequence[Equilibrium],
    lo: Array,
    hi: Array,
) -> Band | None:
    """Measure a band by turns at its ends; None if they could not be followed as well as that."""
    axis, other = turns.axis, 1 - turns.axis
    middle = float(np.mean([item.point[other] for item in equilibria])) if equilibria else 0.0
    heights = sorted(ends, key=lambda height: abs(height - middle))
    points, curves, times, errors = [], [], [], []
    for height in heights:
        turn = turns.turn(np.array([height]), winding, 1.0, FINEST)
        if not np.isfinite(turn.time[0]):
            return None
        times.append(float(turn.time[0]))
        errors.append(float(turn.error[0]))
        point = np.empty(2)
        point[axis], point[other] = turns.base, height
        points.append(point)
        curve = turns.curve(height, winding, 1.0, times[-1], POINTS)
        curves.append(over_window(curve, axis, turns.length * winding, lo[axis], hi[axis]))
    round_ = [0, 0]
    round_[axis] = winding
    return Band(
        points[0],
        points[1],
        (times[0], times[1]),
        (),
        "verified",
        max(errors) / max(map(abs, heights)),
        winding=(round_[0], round_[1]),
        curves=(curves[0], curves[1]),
    )


def _enters(band: Band, axis: int, lo: Array, hi: Array) -> bool:
    """Tell whether a band shows in the window: an end passes it, or it lies between them."""
    assert band.curves is not None
    if any(passes(curve, lo, hi) for curve in band.curves):
        return True
    sides = {bool(curve[:, 1 - axis].mean() > hi[1 - axis]) for curve in _over(band, axis, lo, hi)}
    return len(sides) == 2


def _over(band: Band, axis: int, lo: Array, hi: Array) -> list[Array]:
    """Give the parts of the ends of a band above or below the window."""
    assert band.curves is not None
    return [c[(c[:, axis] >= lo[axis]) & (c[:, axis] <= hi[axis])] for c in band.curves]


def _at_rest(
    field: CompiledField, axis: int, length: float, center: Array, box: tuple[Array, Array]
) -> EquilibriumSearch:
    """Find the equilibria in one period, as far as orbits are started."""
    limits = np.stack(box, axis=1)
    limits[axis] = center[axis] + np.array([-0.5, 0.5]) * length
    names = zip(field.variables, limits.tolist(), strict=True)
    found = find_equilibria(field, {name: (a, b) for name, (a, b) in names}, budget=BUDGET)
    if found.stop is not None:
        raise found.stop
    return found
