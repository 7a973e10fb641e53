"""Bands of closed orbits of a field whose components share a factor, cut where that vanishes.

Where X = m Y, the closed orbits of X are those of Y that do not meet m = 0. If Y has a first
integral H, a band of them is an interval of values of H, and those that m = 0 takes within the
band are taken out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from eqpp_dash.engine.compiled import CompiledField, Factor
from eqpp_dash.engine.continua import zeros_within
from eqpp_dash.engine.curves import trace_zero_set
from eqpp_dash.engine.cycles.find import find_limit_cycles
from eqpp_dash.engine.cycles.proofs import exclude_cycles
from eqpp_dash.engine.cycles.shape import encloses
from eqpp_dash.engine.cycles.values import Band, CycleSearch
from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.field import window_limits
from eqpp_dash.engine.machine import Integrator
from eqpp_dash.engine.machine.stepper import objects_folder
from eqpp_dash.engine.structure.facts import Kind
from eqpp_dash.engine.structure.find import planar_structure
from eqpp_dash.model.portrait import Array, Equilibrium, EquilibriumSet
from eqpp_dash.model.spec import Range

SAMPLES = 800
"""Points of a polyline over which values of the first integral are taken."""

BESIDE = 0.02
"""Bands end so far from such values, in shares of their own width in values."""

LEAST = 1e-3
"""Widths up to this share of the values from the inner orbit on are no band."""

CLOSER, MOST_BOXES = 6.0, 7
"""Zeros of m are traced again in boxes smaller by this factor, as an oval may be small."""

ONTO = 12
"""Newton's steps onto zeros of m; where m has no change of sign each halves the distance."""

MOST_BANDS = 6
STEPS = 20_000
CLOSED = 1e-6
"""An orbit is closed if it comes back so near to its start, in sizes of the orbit."""


Turn = tuple[Array, float]
"""Points of a closed orbit of Y, the first once more at the end, and its period."""


@dataclass(frozen=True, slots=True, eq=False)
class _Reduced:
    """X = m Y, the factors of m, a first integral H of Y, and what follows orbits of Y."""

    field: CompiledField
    multiplier: tuple[Factor, ...]
    zeros: tuple[Factor, ...]
    integral: Factor
    integrator: Integrator
    window: tuple[Array, Array]

    def speed(self, points: Array) -> Array:
        """Give m at points of shape (k, 2)."""
        total = np.ones(len(points))
        for factor in self.multiplier:
            total = total * factor(0.0, points.T)
        return total

    def level(self, points: Array) -> Array:
        """Give H at points of shape (k, 2)."""
        return np.broadcast_to(self.integral(0.0, points.T), len(points)).astype(float)

    def moves_along(self, curve: Array) -> bool:
        """Tell whether m is a number of one sign along a curve, and none of its factors zero.

        It may change its sign without a zero, where it jumps or has a pole, or be no number.
        """
        factors = (*self.zeros, *self.multiplier)
        values = [np.broadcast_to(f(0.0, curve.T), len(curve)) for f in factors]
        return all(bool(value.min() > 0 or value.max() < 0) for value in values)

    def orbit(self, start: Array, period: float) -> Array | None:
        """Follow an orbit of Y over a time; None if it does not come back by then."""
        times = np.linspace(0.0, period, SAMPLES)
        states = self.integrator.sample(
            start[:, None], times, rtol=1e-11, atol=1e-13, max_steps=STEPS
        )
        points = np.ascontiguousarray(states[:, :, 0].T)
        return points if np.isfinite(points).all() else None


def bands_without_factor(
    field: CompiledField,
    window: Mapping[str, Range],
    equilibria: Sequence[Equilibrium],
    progress: Callable[[float], object],
    budget: int,
    sets: Sequence[EquilibriumSet] = (),
) -> CycleSearch | None:
    """Find bands of closed orbits of a field by those of the field without its common factor.

    Parameters
    ----------
    field : CompiledField
        A planar autonomous field, X.
    window : mapping of str to (float, float)
        Limits of each variable.
    equilibria : sequence of Equilibrium
        Its isolated equilibria.
    progress : callable
        Told how far this is, 0 to 1.
    budget : int
        Most orbits that are followed to a return.
    sets : sequence of EquilibriumSet
        Its curves of equilibria, at which bands end.

    Returns
    -------
    CycleSearch or None
        What the bands go round is not told by the numbers of X's equilibria: see `name_enclosed`.
        None if the components share no factor, or it is not proved that the field without it
        has no limit cycle.
    """
    found = field.reduced
    if found is None or not field.common or found[0].common or found[0].switching:
        return None
    reduced, multiplier = found
    structure = planar_structure(reduced, window)
    integral = None if structure is None else structure.integral
    lo, hi = window_limits(field, window)
    proof = exclude_cycles(reduced, structure, (), (), False, lo, hi)
    if proof is None or not proof.everywhere:
        return None
    divisor = " and ".join(factor.text for factor in multiplier)
    status = f"{proof.status[:-1]}, of the field without the factor {divisor})"
    if not proof.bands:
        return CycleSearch(completeness=replace(CycleSearch().completeness, status=status))
    if integral is None or integral.function is None or integral.kind == Kind.CONSERVED:
        return None
    rest = find_equilibria(reduced, window)
    searched = find_limit_cycles(
        reduced,
        window,
        rest.equilibria,
        rest.singularities,
        budget=budget,
        progress=progress,
        structure=structure,
    )
    bands: list[Band] = []
    blind = list(searched.completeness.blind)
    folder = objects_folder()
    with (
        Integrator(reduced.components, reduced.variables, {}, folder=folder) as integrator,
        np.errstate(all="ignore"),
    ):
        parts = _Reduced(reduced, multiplier, field.common, integral.function, integrator, (lo, hi))
        for band in searched.bands[:MOST_BANDS]:
            kept = _cut(parts, band, [item.implicit for item in sets])
            if kept is None:
                at = ", ".join(f"{v:.6g}" for v in band.outer)
                blind.append(f"closed orbits within the one through ({at}), near {divisor} = 0")
                continue
            bands += kept
    if len(searched.bands) > MOST_BANDS:
        blind.append(f"bands of closed orbits beyond the first {MOST_BANDS}")
    coverage = replace(searched.completeness, status=status, blind=tuple(blind))
    return CycleSearch((), tuple(bands), searched.undecided, coverage)


def _cut(parts: _Reduced, band: Band, sets: Sequence[str]) -> list[Band] | None:
    """Cut a band of closed orbits of Y where m vanishes; None if that cannot be told."""
    orbits = [
        parts.orbit(point, period)
        for point, period in zip((band.inner, band.outer), band.periods, strict=True)
    ]
    if orbits[0] is None or orbits[1] is None:
        return None
    inner, outer = (_ring(curve) for curve in (orbits[0], orbits[1]))
    turns = ((inner, band.periods[0]), (outer, band.periods[1]))
    levels = parts.level(np.stack([band.inner, band.outer]))
    span = levels[1] - levels[0]
    if not np.isfinite(span) or span == 0:
        return None
    taken = sorted(
        (*sorted(((low - levels[0]) / span, (high - levels[0]) / span)), text)
        for low, high, text in _levels(parts, inner, outer)
    )
    if not taken:
        whole = _timed(parts, band, *turns)
        return None if whole is None else [whole]
    made = []
    below, within = 0.0, band.within
    for low, high, text in [*taken, (1.0, 1.0, "")]:
        margin = BESIDE * (low - below)  # and no more than its share of what is within
        ends = (below + min(margin, BESIDE * below), low - margin * (low < 1))
        border = f"set {sets.index(text)}" if text in sets else "undecided"
        if low - below > LEAST * low:
            one = _between(parts, band, turns, ends, levels[0], span)
            if one is None:
                return None
            beyond = border if low < 1 else band.beyond
            made.append(replace(one, within=within, beyond=beyond))
        if high > below:
            below, within = high, border
    return made


def _levels(parts: _Reduced, inner: Array, outer: Array) -> list[tuple[float, float, str]]:
    """Give the intervals of values of H on m = 0 between two closed orbits, with the factor."""
    found = []
    boxes = list(_boxes(inner, outer))
    small = [(factor, zeros_within(factor, *box)) for factor in parts.zeros for box in boxes[:1]]
    small += [(factor, zeros_within(factor, *parts.window)) for factor in parts.zeros]
    wanted = [*product(parts.zeros, [parts.window, *boxes]), *small]
    for factor, box in wanted:
        if box is None:
            continue
        margin = 0.05 * (box[1] - box[0])
        low, high = box[0] - margin, box[1] + margin
        for branch in trace_zero_set(factor, low, high).branches:
            dense = _onto(factor, _dense(np.asarray(branch, dtype=float)))
            there = np.array(
                [encloses(outer, point) and not encloses(inner, point) for point in dense]
            )
            starts = np.flatnonzero(np.diff(np.concatenate([[0], there.view(np.int8), [0]])))
            for a, b in starts.reshape(-1, 2):
                values = parts.level(dense[max(a - 1, 0) : b + 1])
                found.append((float(values.min()), float(values.max()), factor.text))
    return found


def _boxes(inner: Array, outer: Array) -> Iterator[tuple[Array, Array]]:
    """Give boxes about the outer orbit, and ever smaller ones down to the inner one."""
    low, high = outer.min(axis=0), outer.max(axis=0)
    center, size = inner.mean(axis=0), np.ptp(inner, axis=0)
    for _ in range(MOST_BOXES):
        yield low, high
        low, high = center + (low - center) / CLOSER, center + (high - center) / CLOSER
        if (high - low < size).any():
            break


def _dense(line: Array) -> Array:
    if len(line) < 2:
        return line
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    if length[-1] == 0:
        return line[:1]
    places = np.linspace(0.0, length[-1], SAMPLES)
    return np.stack([np.interp(places, length, line[:, k]) for k in range(2)], axis=1)


def _onto(factor: Factor, points: Array) -> Array:
    """Move points near a curve onto it along the normal, where it has one."""
    for _ in range(ONTO):
        slope = np.atleast_2d(factor.gradient(0.0, points.T))
        step = (factor(0.0, points.T) / np.sum(slope**2, axis=0) * slope).T
        points = np.where(np.isfinite(step), points - step, points)
    return points


def _between(
    parts: _Reduced,
    band: Band,
    orbits: tuple[Turn, Turn],
    ends: tuple[float, float],
    first: float,
    span: float,
) -> Band | None:
    """Give the part of a band between two values of H, as shares; None if it is not seen."""
    turns = []
    for share in (*ends, 0.5 * (ends[0] + ends[1])):
        known = {0.0: orbits[0], 1.0: orbits[1]}.get(share)
        turn = known or _at_level(parts, band, (orbits[0][0], orbits[1][0]), first + share * span)
        if turn is None:
            return None
        turns.append(turn)
    return _timed(parts, band, turns[0], turns[1]) if parts.moves_along(turns[2][0]) else None


def _at_level(
    parts: _Reduced, band: Band, orbits: tuple[Array, Array], level: float
) -> Turn | None:
    """Follow the closed orbit of Y on a level of H between two others for one turn.

    It is met on the way between the rightmost points, where H rises or falls from one to the
    other.
    """
    shares = np.linspace(0.0, 1.0, SAMPLES)[:, None]
    points = band.inner + shares * (band.outer - band.inner)
    values = parts.level(points) - level
    changes = np.flatnonzero(values[:-1] * values[1:] <= 0)
    if not len(changes):
        return None
    a, b = points[changes[0]], points[changes[0] + 1]
    for _ in range(60):
        half = 0.5 * (a + b)
        same = (parts.level(half[None])[0] - level) * (parts.level(a[None])[0] - level) > 0
        a, b = (half, b) if same else (a, half)
    center = orbits[0].mean(axis=0)
    if not encloses(orbits[0], center):
        return None
    longest = 1.5 * max(band.periods)
    for _ in range(4):  # longer than those at the ends, beside a loop
        trail = parts.orbit(a, longest)
        if trail is None:
            return None
        angles = np.unwrap(np.arctan2(*(trail - center).T[::-1]))
        turned = np.abs(angles - angles[0])
        if turned[-1] > 2 * np.pi:
            break
        longest *= 3.0
    else:
        return None
    k = int(np.argmax(turned > 2 * np.pi))
    share = (2 * np.pi - turned[k - 1]) / (turned[k] - turned[k - 1])
    period = longest * (k - 1 + share) / (SAMPLES - 1)
    f = parts.field(0.0, a[:, None])[:, 0]
    for _ in range(6):  # Newton's iteration for the time of return
        short = parts.orbit(a, period)
        if short is None:
            return None
        period -= float((short[-1] - a) @ f / (f @ f))
    closed = parts.orbit(a, period)
    if closed is None:
        return None
    size = np.ptp(closed, axis=0).max()
    between = encloses(orbits[1], a) and not encloses(orbits[0], a)
    returns = bool(np.abs(closed[-1] - closed[0]).max() <= CLOSED * size)
    return (closed, period) if between and returns else None


def _timed(parts: _Reduced, band: Band, inner: Turn, outer: Turn) -> Band | None:
    """Give a band of X between two closed orbits of Y, with the periods that X has there.

    Along a closed orbit of Y, dt = ds/|m|, and the points are evenly spaced in s: the rule of
    rectangles is spectrally accurate. None if m vanishes on one of them.
    """
    periods = []
    for curve, period in (inner, outer):
        if not parts.moves_along(curve):
            return None
        periods.append(float(period * np.mean(1.0 / np.abs(parts.speed(curve[:-1])))))
    rightmost = [curve[np.argmax(curve[:, 0])] for curve, _ in (inner, outer)]
    return replace(
        band,
        inner=rightmost[0],
        outer=rightmost[1],
        periods=(periods[0], periods[1]),
        curves=(_ring(inner[0]), _ring(outer[0])),
    )


def _ring(curve: Array) -> Array:
    """Close the polyline of a closed orbit, whose last point is its first but for an error."""
    return np.concatenate([curve[:-1], curve[:1]])
