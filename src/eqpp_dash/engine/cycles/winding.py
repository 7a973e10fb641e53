"""Limit cycles that wind round a cylinder: orbits that come back moved by a period."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.cycles.periods import Periods
from eqpp_dash.engine.cycles.shape import location
from eqpp_dash.engine.cycles.turns import Turns, turns_of
from eqpp_dash.engine.structure.facts import Kind, Structure
from eqpp_dash.model.cycles import LimitCycle
from eqpp_dash.model.portrait import Array, Equilibrium

Bools = NDArray[np.bool_]

STARTS = 129
"""Orbits that are followed, at first, in each direction of time."""

PARTS = 12
"""Into how many parts a gap is cut where more happens than its ends show."""

EDGES = 4
"""How often a gap between an orbit that comes back and one that does not is cut."""

MOST_GAPS = 40
ROUNDS = 12
COARSE, FINE, FINEST = 1e-8, 1e-11, 1e-13
"""Tolerated errors of steps: to look, to locate, and for the last turn."""

ROUNDING = 4e-16
"""Least relative error of a height."""

SAME = 1e-6
ALIKE = 0.03
"""Distance of a point from the polyline of a curve, in sizes of it, at which it is on it."""

TORUS = "cycles that wind round the torus"
JUMPS = "cycles that wind round {name}, as the field jumps"
MARGIN = 5.0
POINTS = 241
METHOD = "displacement over one period of {name}; Newton's method"


@dataclass(frozen=True, slots=True, eq=False)
class WindingSearch:
    """What the search for cycles that wind has found.

    Attributes
    ----------
    cycles : tuple of LimitCycle
        From the lowest to the highest.
    proof : str
        Why there can be none; empty without a proof.
    most : str
        Why there can be at most one; empty without a proof.
    blind : tuple of str
        Where it could not look.
    searched : bool
        Whether it looked at all.
    """

    cycles: tuple[LimitCycle, ...] = ()
    proof: str = ""
    most: str = ""
    blind: tuple[str, ...] = ()
    searched: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class _Bracket:
    """Two heights between which the displacement changes its sign once."""

    low: float
    high: float
    rising: float
    winding: int
    sign: float


def find_winding_cycles(
    field: CompiledField,
    structure: Structure | None,
    equilibria: Sequence[Equilibrium],
    lo: Array,
    hi: Array,
    box: tuple[Array, Array],
    tell: Callable[[], object],
    *,
    jumps: bool = False,
) -> WindingSearch | None:
    """Find the limit cycles of a planar field that wind round a periodic variable.

    Parameters
    ----------
    field : CompiledField
        A planar autonomous field.
    structure : Structure or None
        What is proved about it, its periods among it.
    equilibria : sequence of Equilibrium
        Those that are known.
    lo, hi : ndarray, shape (2,)
        Corners of the window.
    box : (ndarray, ndarray)
        Corners of the box in which orbits are started.
    tell : callable
        Called again and again; an exception from it is passed on.
    jumps : bool
        Whether the field jumps within the box; then nothing is searched.

    Returns
    -------
    WindingSearch or None
        None where no variable is proved to be periodic, or the field is Hamiltonian: then a turn
        adds a constant to the Hamiltonian, whose slopes have the period, and with one orbit that
        closes all its neighbours do.

    Notes
    -----
    A closed curve on a cylinder that winds round it crosses every line x = c upward, and if it
    does so more than once, the first crossing of x = c + P after one of these is the same one,
    moved by the period P. So each such cycle is a fixed point of the map from x = c to the first
    crossing of x = c + P (or c - P, if it winds backward): A. A. Andronov, A. A. Vitt, S. E.
    Khaikin, *Theory of Oscillators*, chapter VII, "limit cycles of the second kind". The
    displacement of this map is sampled forward and backward in time.

    Examples
    --------
    >>> from eqpp_dash import PortraitSpec, compute_portrait
    >>> portrait = compute_portrait(PortraitSpec("x' = y; y' = 1.2 - sin(x) - 0.5*y"))
    >>> [(cycle.stability, cycle.winding) for cycle in portrait.limit_cycles]
    [('stable', (1, 0))]
    """
    periods = Periods(structure, lo, hi)
    axes = np.flatnonzero(np.isfinite(periods.lengths))
    if structure is None or not axes.size or structure.of(Kind.HAMILTONIAN):
        return None
    if axes.size == 2:
        return WindingSearch(blind=(TORUS,), searched=False)
    axis = int(axes[0])
    if jumps:
        blind = (JUMPS.format(name=field.variables[axis]),)
        return WindingSearch(blind=blind, searched=False)
    proof = _excluded(structure, axis)
    if proof:
        return WindingSearch(proof=proof)
    length, name = float(periods.lengths[axis]), field.variables[axis]
    base = base_line(equilibria, axis, length, periods.center)
    heights = np.linspace(box[0][1 - axis], box[1][1 - axis], STARTS)
    with turns_of(field, axis, length, base, float(np.abs(heights).max())) as turns:
        brackets: list[_Bracket] = []
        bands = False
        for winding in (1, -1):
            for sign in (1.0, -1.0):
                tell()
                found, band = _scan(turns, heights, winding, sign)
                brackets += found
                bands = bands or band
        cycles = _refine(turns, brackets, lo, hi, tell)
    cycles.sort(key=lambda cycle: cycle.point[1 - axis])
    blind = (
        f"orbits that wind round {name} and close within the error: a cycle may be among them",
    )
    most = "at most one by Bendixson" if _shrinks(structure) else ""
    return WindingSearch(tuple(cycles), most=most, blind=blind if bands and not cycles else ())


def _shrinks(structure: Structure) -> bool:
    """Tell whether the divergence has one sign: two cycles that wind would bound an annulus."""
    return any(
        fact.expression == "1" and not fact.region and fact.single_valued
        for fact in structure.of(Kind.DULAC)
    )


def _excluded(structure: Structure, axis: int) -> str:
    """Give the reason why no cycle that winds can be isolated."""
    for fact in structure.of(Kind.SYMMETRY) if _shrinks(structure) else ():
        if fact.map is not None and fact.map[3 * axis] == -1.0 and fact.map[1 + axis] == 0.0:
            return f"at most one by Bendixson, and {fact.expression} would give another"
    return ""


def base_line(equilibria: Sequence[Equilibrium], axis: int, length: float, center: Array) -> float:
    """Choose the line on which orbits start: as far from the equilibria as can be."""
    first = float(center[axis]) - 0.5 * length
    places = np.sort([(item.point[axis] - first) % length for item in equilibria])
    if not places.size:
        return first
    gaps = np.diff([*places, places[0] + length])
    widest = int(np.argmax(gaps))
    return first + float((places[widest] + 0.5 * gaps[widest]) % length)


def _scan(turns: Turns, heights: Array, winding: int, sign: float) -> tuple[list[_Bracket], bool]:
    """Sample the displacement until its sign changes are parted; also whether it vanishes."""
    at = heights
    value, error = turns.displacement(at, winding, sign, COARSE)
    for round_ in range(EDGES):
        cut = _edges(value) | (_dips(value, error) if round_ == 0 else False)
        gaps = np.flatnonzero(cut)[:MOST_GAPS]
        if not gaps.size:
            break
        shares = np.arange(1, PARTS) / PARTS
        more = (at[gaps, None] + np.diff(at)[gaps, None] * shares).ravel()
        further, wrong = turns.displacement(more, winding, sign, FINE)
        at, value, error = (
            np.concatenate(pair) for pair in ((at, more), (value, further), (error, wrong))
        )
        order = np.argsort(at, kind="stable")
        at, value, error = at[order], value[order], error[order]
    sure = np.abs(value) > error
    back = np.isfinite(value)
    band = bool((back[1:-1] & ~sure[1:-1] & back[2:] & ~sure[2:] & back[:-2] & ~sure[:-2]).any())
    kept = np.flatnonzero(back & sure)
    found = []
    for i, j in zip(kept[:-1].tolist(), kept[1:].tolist(), strict=True):
        if value[i] * value[j] < 0 and back[i : j + 1].all() and j - i <= 2:
            found.append(
                _Bracket(float(at[i]), float(at[j]), float(np.sign(value[j])), winding, sign)
            )
    return found, band


def _edges(value: Array) -> Bools:
    """Mark the gaps at one end of which orbits come back, and at the other do not."""
    back = np.isfinite(value)
    return np.asarray(back[1:] != back[:-1])


def _dips(value: Array, error: Array) -> Bools:
    """Mark the gaps beside a least displacement, between which two zeros may hide."""
    size = np.abs(value)
    with np.errstate(invalid="ignore"):
        dip = (size[1:-1] < size[:-2]) & (size[1:-1] < size[2:]) & (size[1:-1] > error[1:-1])
    marked = np.zeros(value.size - 1, dtype=bool)
    marked[:-1] |= dip
    marked[1:] |= dip
    return marked


def _refine(
    turns: Turns,
    brackets: Sequence[_Bracket],
    lo: Array,
    hi: Array,
    tell: Callable[[], object],
) -> list[LimitCycle]:
    """Locate cycles; of those found twice, the one whose orbits were drawn in is kept."""
    found: list[tuple[tuple[bool, float], _Bracket, LimitCycle]] = []
    for bracket in brackets:
        tell()
        low, high = bracket.low, bracket.high
        place = 0.5 * (low + high)
        slope = np.nan
        for round_ in range(ROUNDS):
            turn = turns.turn(np.array([place]), bracket.winding, bracket.sign, FINE)
            value, slope, error = float(turn.value[0]), float(turn.slope[0]), float(turn.error[0])
            if not np.isfinite(value):
                break
            if value * bracket.rising > 0:
                high = place
            else:
                low = place
            ahead = place - value / slope if slope else np.nan
            step = (ahead if low <= ahead <= high else 0.5 * (low + high)) - place
            place += step
            if round_ and abs(step) <= error / max(abs(slope), 1e-300):
                break
        cycle = _cycle(turns, bracket, place, lo, hi)
        if cycle is not None:
            found.append(((cycle.evidence != "verified", abs(slope + 1.0)), bracket, cycle))
    found.sort(key=lambda item: item[0])
    kept: list[LimitCycle] = []
    ways: list[float] = []
    other = 1 - turns.axis
    near = SAME * float(hi[other] - lo[other])
    for _, bracket, cycle in found:
        own = [one for one in kept if one.winding == cycle.winding]
        back = [one for one, way in zip(kept, ways, strict=True) if way != bracket.sign]
        if any(_alike(one, cycle, turns.length, turns.axis) for one in back):
            continue
        unsure = cycle.evidence != "verified"
        low = bracket.low if unsure else cycle.point[other] - cycle.error
        high = bracket.high if unsure else cycle.point[other] + cycle.error
        if all(not low - near < one.point[other] < high + near for one in own):
            kept.append(cycle)
            ways.append(bracket.sign)
    return kept


def _alike(one: LimitCycle, cycle: LimitCycle, length: float, axis: int) -> bool:
    """Tell whether a cycle found forward and one found backward in time are the same.

    Where it crosses the line more than once, forward orbits come to its copy at the first of these
    points, backward ones at the last.
    """
    ours, theirs = (np.array([item.period, item.log_multiplier]) for item in (one, cycle))
    if one.winding != cycle.winding or not np.allclose(ours, theirs, rtol=SAME):
        return False
    size = np.where(np.arange(2) == axis, length, np.ptp(one.bounds, axis=1) + length * SAME)
    away = (one.points - cycle.point)[: POINTS - 1] / size
    side = np.diff(one.points[:POINTS], axis=0) / size
    away[:, axis] -= np.rint(away[:, axis])
    square = np.maximum((side * side).sum(axis=1), 1e-300)
    share = np.clip(-(away * side).sum(axis=1) / square, 0.0, 1.0)
    return bool(np.hypot(*(away + share[:, None] * side).T).min() < ALIKE)


def _cycle(
    turns: Turns,
    bracket: _Bracket,
    place: float,
    lo: Array,
    hi: Array,
) -> LimitCycle | None:
    """Measure a cycle by a last turn, and look whether orbits beside it move as they must."""
    winding, sign = bracket.winding, bracket.sign
    for _ in range(2):
        last = turns.turn(np.array([place]), winding, sign, FINEST)
        if not np.isfinite(last.value[0]) or not last.slope[0]:
            return None
        step = float(last.value[0] / last.slope[0])
        if abs(last.value[0]) <= last.error[0] or not bracket.low < place - step < bracket.high:
            break
        place -= step
    rough = float(last.error[0]) + ROUNDING * abs(place * float(last.slope[0]))
    if not abs(last.value[0]) <= MARGIN * rough:
        return None  # the displacement jumps there, from one sign to the other
    away = MARGIN * float(last.error[0] / abs(last.slope[0]))
    beside = turns.turn(place + away * np.array([0.0, -1.0, 1.0]), winding, sign, FINEST)
    with np.errstate(invalid="ignore"):
        moves = np.where(np.abs(beside.value) > beside.error, beside.value, 0.0) * bracket.rising
    period, integral = float(last.time[0]), float(last.integral[0]) * sign
    points = turns.curve(place, winding, sign, period, POINTS)
    axis, other = turns.axis, 1 - turns.axis
    bounds = np.stack([points.min(axis=0), points.max(axis=0)], axis=1)
    bounds[axis] = turns.base, turns.base + turns.length  # all round
    inside = np.array(bounds)
    inside[axis] = lo[axis], hi[axis]
    spread = np.ptp(beside.time) + abs(float(beside.time[0]) - period)
    bend = np.ptp(beside.integral) + abs(abs(float(beside.integral[0])) - abs(integral))
    point = np.empty(2)
    point[axis], point[other] = turns.base, place
    round_ = [0, 0]
    round_[axis] = winding
    return LimitCycle(
        point,
        period,
        integral,
        "stable" if integral < 0 else "unstable",
        bounds,
        location(inside, lo, hi),
        over_window(points, axis, turns.length * winding, lo[axis], hi[axis]),
        (),
        (),
        "verified" if moves[1] < 0 < moves[2] else "numerical",
        METHOD.format(name=turns.name),
        away,
        float(spread),
        float(bend),
        tuple(round_),
    )


def over_window(points: Array, axis: int, shift: float, low: float, high: float) -> Array:
    """Repeat one turn of a curve, in the sense of time, until it spans the window."""
    length = abs(shift)
    first = int(np.floor((low - points[:, axis].max()) / length))
    last = int(np.ceil((high - points[:, axis].min()) / length))
    turns = range(first, last + 1) if shift > 0 else range(last, first - 1, -1)
    moved = []
    for k in turns:
        copy = points[:-1].copy()
        copy[:, axis] += k * length
        moved.append(copy)
    end = points[-1:].copy()
    end[:, axis] += turns[-1] * length
    return np.concatenate([*moved, end])
