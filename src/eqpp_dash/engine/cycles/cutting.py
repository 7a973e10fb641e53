"""Bands of closed orbits, cut where something takes orbits of them away.

If a field has a first integral H, a band of its closed orbits is an interval of values of H. Where
curves pass through it that no closed orbit may meet, the values that they take there are taken out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from eqpp_dash.engine.compiled import CompiledField, Factor
from eqpp_dash.engine.cycles.shape import encloses
from eqpp_dash.engine.cycles.values import Band
from eqpp_dash.engine.machine import Integrator
from eqpp_dash.model.portrait import Array

SAMPLES = 800
"""Points of a polyline over which values of the first integral are taken."""

BESIDE = 0.02
"""Bands end so far from such values, in shares of their own width in values."""

LEAST = 1e-3
"""Widths up to this share of the values from the inner orbit on are no band."""

CLOSER, MOST_BOXES = 6.0, 7
"""Curves are traced again in boxes smaller by this factor, as an oval may be small."""

ONTO = 12
"""Newton's steps onto a curve; each halves the distance where its expression keeps its sign."""

STEPS = 20_000
CLOSED = 1e-6
"""An orbit is closed if it comes back so near to its start, in sizes of the orbit."""

Turn = tuple[Array, float]
"""Points of a closed orbit, the first once more at the end, and its period."""

Line = tuple[Factor, Array]
"""A curve on which an expression vanishes: that, and points of shape (k, 2)."""


@dataclass(frozen=True, slots=True, eq=False)
class Cutting:
    """A field with a first integral, and what takes closed orbits of it away.

    Attributes
    ----------
    field : CompiledField
        The field, Y.
    integral : Factor
        Its first integral, H, if one is known.
    integrator : Integrator
        Follows its orbits.
    lines : callable
        Gives the curves that no closed orbit may meet, of the inner and the outer orbit of a band.
    moves : callable
        Tells whether nothing is in the way of a closed orbit, (k, 2).
    speed : callable
        Gives how many times as fast as in Y, or as slow, orbits are at points (k, 2): (k,).
    elsewhere : callable
        Tells whether a closed orbit of Y is known to be none of those that are wanted.
    """

    field: CompiledField
    integral: Factor | None
    integrator: Integrator
    lines: Callable[[Array, Array], Iterable[Line]]
    moves: Callable[[Array], bool]
    speed: Callable[[Array], Array]
    elsewhere: Callable[[Array], bool] = lambda curve: False

    def level(self, points: Array) -> Array:
        """Give H at points of shape (k, 2)."""
        assert self.integral is not None
        return np.broadcast_to(self.integral(0.0, points.T), len(points)).astype(float)

    def orbit(self, start: Array, period: float) -> Array | None:
        """Follow an orbit of Y over a time; None if that is not finite, or it gets lost."""
        if not np.isfinite(period):
            return None
        times = np.linspace(0.0, period, SAMPLES)
        states = self.integrator.sample(
            start[:, None], times, rtol=1e-11, atol=1e-13, max_steps=STEPS
        )
        points = np.ascontiguousarray(states[:, :, 0].T)
        return points if np.isfinite(points).all() else None


def cut_band(parts: Cutting, band: Band, sets: Sequence[str] = ()) -> list[Band] | None:
    """Cut a band of closed orbits of Y where curves pass through it.

    Parameters
    ----------
    parts : Cutting
        What cuts it.
    band : Band
        The band.
    sets : sequence of str
        The expressions of curves of equilibria: those by which a part is said to end.

    Returns
    -------
    list of Band, or None
        The parts; None if they cannot be told.
    """
    orbits = [
        parts.orbit(point, period)
        for point, period in zip((band.inner, band.outer), band.periods, strict=True)
    ]
    if orbits[0] is None or orbits[1] is None:
        return None
    inner, outer = (_ring(curve) for curve in (orbits[0], orbits[1]))
    turns = ((inner, band.periods[0]), (outer, band.periods[1]))
    if parts.integral is None:
        return _uncut(parts, band, turns)
    levels = parts.level(np.stack([band.inner, band.outer]))
    span = levels[1] - levels[0]
    if not np.isfinite(span) or span == 0:
        return None
    taken = sorted(
        (*sorted(((low - levels[0]) / span, (high - levels[0]) / span)), text)
        for low, high, text in _levels(parts, inner, outer)
    )
    if not taken:
        if all(parts.elsewhere(curve) for curve, _ in turns):
            return []
        whole = _timed(parts, band, *turns)
        return None if whole is None else [whole]
    made: list[Band] = []
    below, within = 0.0, band.within
    for low, high, text in [*taken, (1.0, 1.0, "")]:
        margin = BESIDE * (low - below)  # and no more than its share of what is within
        ends = (below + min(margin, BESIDE * below), low - margin * (low < 1))
        border = f"set {sets.index(text)}" if text in sets else "undecided"
        if low - below > LEAST * low:
            some = _between(parts, band, turns, ends, levels[0], span)
            if some is None:
                return None
            beyond = border if low < 1 else band.beyond
            made += [replace(one, within=within, beyond=beyond) for one in some]
        if high > below:
            below, within = high, border
    return made


def _uncut(parts: Cutting, band: Band, turns: tuple[Turn, Turn]) -> list[Band] | None:
    """Give a band through which no curve passes, or nothing if it is elsewhere."""
    (inner, _), (outer, _) = turns
    for _, points in parts.lines(inner, outer):
        if any(encloses(outer, point) and not encloses(inner, point) for point in points):
            return None
    if parts.elsewhere(inner) and parts.elsewhere(outer):
        return []
    whole = _timed(parts, band, *turns)
    return None if whole is None else [whole]


def _levels(parts: Cutting, inner: Array, outer: Array) -> list[tuple[float, float, str]]:
    """Give the intervals of values of H on the curves between two closed orbits, with these."""
    found = []
    for factor, branch in parts.lines(inner, outer):
        dense = _onto(factor, _dense(np.asarray(branch, dtype=float)))
        there = np.array([encloses(outer, point) and not encloses(inner, point) for point in dense])
        starts = np.flatnonzero(np.diff(np.concatenate([[0], there.view(np.int8), [0]])))
        for a, b in starts.reshape(-1, 2):
            values = parts.level(dense[max(a - 1, 0) : b + 1])
            found.append((float(values.min()), float(values.max()), factor.text))
    return found


def boxes_between(inner: Array, outer: Array) -> Iterator[tuple[Array, Array]]:
    """Give boxes about an outer orbit, and ever smaller ones down to an inner one."""
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
    parts: Cutting,
    band: Band,
    orbits: tuple[Turn, Turn],
    ends: tuple[float, float],
    first: float,
    span: float,
) -> list[Band] | None:
    """Give the part of a band between two values of H, as shares; None if it is not seen."""
    turns: list[Turn] = []
    for share in (0.5 * (ends[0] + ends[1]), *ends):
        known = {0.0: orbits[0], 1.0: orbits[1]}.get(share)
        turn = known or _at_level(parts, band, (orbits[0][0], orbits[1][0]), first + share * span)
        if turn is None:
            return None
        turns.append(turn)
        if len(turns) == 1 and parts.elsewhere(turn[0]):
            return []
    whole = _timed(parts, band, turns[1], turns[2]) if parts.moves(turns[0][0]) else None
    return None if whole is None else [whole]


def _at_level(parts: Cutting, band: Band, orbits: tuple[Array, Array], level: float) -> Turn | None:
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


def _timed(parts: Cutting, band: Band, inner: Turn, outer: Turn) -> Band | None:
    """Give a band between two closed orbits of Y, with the periods that the speed along them makes.

    Along a closed orbit of Y, dt = ds/|m|, and the points are evenly spaced in s: the rule of
    rectangles is spectrally accurate. None if something is in the way of one of them.
    """
    periods = []
    for curve, period in (inner, outer):
        if not parts.moves(curve):
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
