"""Turn integrated steps into curves for the eye: points where a curve bends, few elsewhere.

A chord of length d over which a curve turns by an angle a strays from it by about d a / 8;
points are set so that this is a fraction of a pixel. A turn of a spiral that is itself
under a pixel takes hardly a point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.dop853 import TERMS, Array, interpolate
from eqpp_dash.engine.orbits import Flow, Problem

Index = NDArray[np.intp]

SAGITTA = 2.15e-4
"""Distance between an arc and its chord, as a share of the longest side of the picture, which has
one scale for both axes where the window's widths are within a factor 3. Where the curvature changes
along a chord it is exceeded, but stays below 1/3000."""

LONGEST_CHORD = 0.08
FAR_OUT = 1.0
"""Steps that begin so far from the window, in its widths, and move by less than half of that, do
not come near it."""

CORNER = 0.995
"""Cosine of the angle between two steps below which a point is set between them."""

BLOCK = 4096
"""Steps that are looked at in one go: so many stay in the processor's cache."""

MARGIN = 0.05
"""Curves are drawn this far beyond the window, in its widths."""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Half an orbit as points: elapsed times (m,), states (m, n), which are in the window."""

    times: Array
    points: Array


def sample_curves(
    problem: Problem, flow: Flow, lanes: Sequence[int], *, most: int = 600, parts: int | None = None
) -> dict[int, Curve]:
    """Sample some lanes for the eye.

    Parameters
    ----------
    problem : Problem
        The system on its window.
    flow : Flow
        What was integrated.
    lanes : sequence of int
        The lanes wanted.
    most : int
        Most points of a lane.
    parts : int, optional
        Pieces of a step that are looked at to measure how it bends; more for the long steps of
        a large tolerance, if left out.

    Returns
    -------
    dict of int to Curve
        A curve for each lane, from its start to where it is last within the window's
        margin (the start alone if it never is).
    """
    steps = flow.steps
    parts = parts or (4 if problem.rtol <= 1e-6 else 8)
    wanted = np.zeros(flow.starts.shape[1], dtype=bool)
    wanted[list(lanes)] = True
    last = np.minimum(flow.ends.time, flow.ends.drawn)
    until = np.clip((last[steps.lane] - steps.t) / steps.h, 0.0, 1.0)
    use = np.flatnonzero(wanted[steps.lane] & (until > 0))
    result = {}
    if use.size:
        use = _up_to_the_last_seen(problem, flow, use)
        lane, until = steps.lane[use], until[use]
        y, starts = steps.y.take(use, axis=1), range(0, use.size, BLOCK)
        blocks = [slice(i, i + BLOCK) for i in starts]
        terms = [steps.terms_of(use[block]) for block in blocks]
        measured = [
            _measure(problem, y[:, block], own, until[block], parts)
            for block, own in zip(blocks, terms, strict=True)
        ]
        measure = np.concatenate([found[0] for found in measured])
        visible = np.concatenate([found[1] for found in measured])
        corners = np.empty(0, dtype=np.intp)
        if problem.field.switching:
            corners = _corners(problem, lane, terms)
        owner, piece, final = _places(lane, measure, visible, most, corners)
        index = piece.astype(np.intp)
        # A lane's last point belongs to its own last step, not to the next lane's first.
        index[final] = np.ceil(piece[final]).astype(np.intp) - 1
        theta = (piece - index) * until[index]
        rows = np.empty((index.size, len(y)))
        cuts = np.append(np.searchsorted(index, starts), index.size)
        for block, own, (a, b) in zip(blocks, terms, pairwise(cuts.tolist()), strict=True):
            here = index[a:b] - block.start
            base = y[:, block].take(here, axis=1)
            rows[a:b] = interpolate(base, own.take(here, axis=2), theta[a:b]).T
        times = steps.t[use][index] + theta * steps.h[use][index]
        bounds = [0, *(final + 1).tolist()]
        for k, (a, b) in zip(owner.tolist(), pairwise(bounds), strict=True):
            result[k] = Curve(times[a:b], rows[a:b])
    for k in map(int, lanes):
        if k not in result:
            result[k] = Curve(np.zeros(1), flow.starts[:, [k]].T.copy())
    return result


def _up_to_the_last_seen(problem: Problem, flow: Flow, use: Index) -> Index:
    """Leave out the last steps of each lane that are far from the window and short for that."""
    steps, last = flow.steps, flow.steps.lane.size - 1
    lane, y, ahead = steps.lane[use], steps.y.take(use, axis=1), np.minimum(use + 1, last)
    goes_on = (steps.lane[ahead] == lane) & (use < last)
    end = np.where(goes_on, steps.y.take(ahead, axis=1), flow.ends.state.take(lane, axis=1))
    center, width = problem.center[:, None], problem.width[:, None]
    away, moved = np.abs((y - center) / width), np.abs((end - y) / width)
    clear = away.max(axis=0) - 0.5
    clear = np.where(clear > FAR_OUT, clear, 0.0)
    near = ~(moved.max(axis=0) < 0.5 * clear)
    first = np.flatnonzero(np.append(True, lane[1:] != lane[:-1]))
    final = np.maximum.reduceat(np.where(near, np.arange(use.size), -1), first)
    final = np.maximum(final, first)  # of a lane that is never near its first step
    return use[np.arange(use.size) <= np.repeat(final, np.diff(np.append(first, use.size)))]


def _shares(width: Array) -> Array:
    """Give what share of the longest side of the picture each width of the window is, or all 1.

    Where one scale holds for both axes an error along the shorter side is so much smaller.
    """
    longest = float(width.max())
    return width / longest if width.size == 2 and 3.0 * width.min() >= longest else width / width


def _corners(problem: Problem, lane: Index, terms: Sequence[Array]) -> Index:
    """Give the steps that begin in another direction than the ones before them ended."""
    with np.errstate(all="ignore"):
        begin = np.concatenate([own[0] + own[1] for own in terms], axis=1)[:, 1:]
        end = np.concatenate([own[0] - own[1] - own[2] for own in terms], axis=1)[:, :-1]
        begin, end = begin / problem.width[:, None], end / problem.width[:, None]
        size = np.sqrt((begin**2).sum(axis=0) * (end**2).sum(axis=0))
        straight = (begin * end).sum(axis=0) >= CORNER * size
    return 1 + np.flatnonzero((lane[1:] == lane[:-1]) & ~straight)


def _places(
    lane: Index, measure: Array, visible: NDArray[np.bool_], most: int, corners: Index
) -> tuple[Index, Array, Index]:
    """Spread points evenly by the measure, over each lane up to its last visible piece.

    A point more is set where each of the steps `corners` begins.

    Gives the lanes that are seen, where their points are, counted in steps, and the last of each.
    """
    parts = measure.shape[1]
    bounds = np.flatnonzero(np.concatenate([[True], lane[1:] != lane[:-1]]))
    seen = np.where(visible.ravel(), np.arange(visible.size), -1)
    end = np.maximum.reduceat(seen, bounds * parts) + 1
    some = end > 0
    bounds, end = bounds[some], end[some]
    # Where the interpolant overflows, a piece deserves as many points as there may be.
    bounded = np.clip(np.nan_to_num(measure, nan=most), 0.0, most)
    total = np.concatenate([[0.0], np.cumsum(bounded)])
    low, high = total[bounds * parts], total[end]
    count = np.clip(np.ceil(high - low), 2, most).astype(np.intp)
    final = np.cumsum(count + 1) - 1
    own = np.repeat(np.arange(count.size), count + 1)
    share = (np.arange(own.size) - (final - count)[own]) / count[own]
    targets = low[own] + share * (high - low)[own]
    piece = np.interp(targets, total, np.arange(total.size))
    piece[final - count], piece[final] = bounds * parts, end
    if corners.size:
        group = np.searchsorted(bounds, corners, side="right") - 1
        inside = (group >= 0) & (corners * parts < end[np.maximum(group, 0)])
        inside &= lane[corners] == lane[bounds][np.maximum(group, 0)]
        own = np.concatenate([own, group[inside]])
        piece = np.concatenate([piece, parts * corners[inside]])
        order = np.lexsort((piece, own))
        own, piece = own[order], piece[order]
        final = np.flatnonzero(np.append(own[1:] != own[:-1], True))
    return lane[bounds], piece / parts, final


def _measure(
    problem: Problem, y: Array, terms: Array, until: Array, parts: int
) -> tuple[Array, NDArray[np.bool_]]:
    """Give how many points each piece of each step deserves, and whether it can be seen.

    Both have the shape (steps, parts).
    """
    n, count = y.shape
    theta = np.linspace(0.0, 1.0, parts + 1)
    factors = np.where(np.arange(TERMS) % 2 == 0, theta[:, None], 1.0 - theta[:, None])
    weights = np.cumprod(factors, axis=1)
    scaled = (weights @ terms.reshape(TERMS, n * count)).reshape(parts + 1, n, count)
    part = np.flatnonzero(until < 1.0)
    for k, share in enumerate(theta[1:], 1):
        own = interpolate(np.zeros((n, part.size)), terms[:, :, part], share * until[part])
        scaled[k, :, part] = own.T
    scaled += (y - problem.center[:, None])[None]
    scaled /= problem.width[:, None]
    chords = scaled[1:] - scaled[:-1]
    chords *= _shares(problem.width)[:, None]
    length = np.sqrt(np.einsum("kil,kil->kl", chords, chords))
    cosine = np.einsum("kil,kil->kl", chords[1:], chords[:-1])
    cosine /= np.maximum(length[1:] * length[:-1], 1e-300)
    bend = np.arccos(np.clip(cosine, -1.0, 1.0, out=cosine))
    turn = np.concatenate([bend[:1], np.maximum(bend[1:], bend[:-1]), bend[-1:]])
    away = np.abs(scaled).max(axis=1)
    inside = away <= 0.5 + MARGIN
    visible = inside[1:] | inside[:-1]
    visible |= _passes(scaled)
    turn *= length
    measure = np.sqrt(turn / (8.0 * SAGITTA))
    measure = np.hypot(measure, length / LONGEST_CHORD)
    if not visible.all():
        # Out of sight a chord may stray by half its distance from the window, so it stays outside.
        out = np.maximum(away - 0.5, MARGIN)
        out = np.minimum(out[1:], out[:-1])
        rough = np.sqrt(turn / (4.0 * out)) + 0.1 * length / out
        measure = np.where(visible, measure, np.minimum(rough, measure))
    measure += 1e-9
    return measure.T, visible.T


def _passes(scaled: Array) -> NDArray[np.bool_]:
    """Tell whether the box about each piece meets the window: it may pass through it."""
    meets = np.minimum(scaled[1:], scaled[:-1]) <= 0.5
    meets &= np.maximum(scaled[1:], scaled[:-1]) >= -0.5
    return np.asarray(meets.all(axis=1))
