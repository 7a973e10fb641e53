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

from eqpp_dash.engine.dop853 import Array, interpolate
from eqpp_dash.engine.orbits import Flow, Problem

SAGITTA = 2e-4
"""Largest distance between curve and polyline, in widths of the window."""

LONGEST_CHORD = 0.04
MARGIN = 0.05
"""Curves are drawn this far beyond the window, in its widths."""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Half an orbit as points: elapsed times (m,), states (m, n), which are in the window."""

    times: Array
    points: Array


def sample_curves(
    problem: Problem, flow: Flow, lanes: Sequence[int], *, most: int = 600, parts: int = 8
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
    parts : int
        Pieces of a step that are looked at to measure how it bends.

    Returns
    -------
    dict of int to Curve
        A curve for each lane, from its start to where it is last within the window's
        margin (the start alone if it never is).
    """
    steps = flow.steps
    wanted = np.zeros(flow.starts.shape[1], dtype=bool)
    wanted[list(lanes)] = True
    last = np.minimum(flow.ends.time, flow.ends.drawn)
    until = np.clip((last[steps.lane] - steps.t) / steps.h, 0.0, 1.0)
    use = np.flatnonzero(wanted[steps.lane] & (until > 0))
    result = {lane: Curve(np.zeros(1), flow.starts[:, [lane]].T.copy()) for lane in map(int, lanes)}
    if not use.size:
        return result
    lane, y, terms, until = steps.lane[use], steps.y[:, use], steps.terms[:, :, use], until[use]
    measure, visible = _measure(problem, y, terms, until, parts)
    total = np.concatenate([[0.0], np.cumsum(measure)])
    bounds = np.flatnonzero(np.concatenate([[True], lane[1:] != lane[:-1], [True]]))
    where: list[Array] = []
    owners: list[int] = []
    for first, beyond in pairwise(bounds):
        seen = np.flatnonzero(visible[first * parts : beyond * parts])
        if not seen.size:
            continue
        a = first * parts
        b = a + int(seen[-1]) + 1
        count = int(np.clip(np.ceil(total[b] - total[a]), 2, most))
        targets = np.linspace(total[a], total[b], count + 1)
        where.append(np.interp(targets, total[a : b + 1], np.arange(a, b + 1)))
        owners.append(int(lane[first]))
    if not where:
        return result
    piece = np.concatenate(where) / parts
    index = np.minimum(piece.astype(np.intp), lane.size - 1)
    sizes = np.cumsum([0, *(len(part) for part in where)])
    # A lane's last point belongs to its own last step, not to the next lane's first.
    final = sizes[1:] - 1
    index[final] = np.maximum(np.ceil(piece[final]).astype(np.intp) - 1, 0)
    theta = (piece - index) * until[index]
    points = interpolate(y[:, index], terms[:, :, index], theta)
    times = steps.t[use][index] + theta * steps.h[use][index]
    for owner, a, b in zip(owners, sizes[:-1], sizes[1:], strict=True):
        result[owner] = Curve(times[a:b], points[:, a:b].T.copy())
    return result


def _measure(
    problem: Problem, y: Array, terms: Array, until: Array, parts: int
) -> tuple[Array, NDArray[np.bool_]]:
    """Give how many points each piece of each step deserves, and whether it can be seen."""
    n, count = y.shape
    theta = (until[:, None] * np.linspace(0.0, 1.0, parts + 1)).ravel()
    states = interpolate(
        np.repeat(y, parts + 1, axis=1), np.repeat(terms, parts + 1, axis=2), theta
    ).reshape(n, count, parts + 1)
    scaled = (states - problem.center[:, None, None]) / problem.width[:, None, None]
    chords = np.diff(scaled, axis=2)
    length = np.sqrt(np.sum(chords * chords, axis=0))
    unit = chords / np.maximum(length, 1e-300)
    cosine = np.sum(unit[:, :, 1:] * unit[:, :, :-1], axis=0)
    turn = np.arccos(np.clip(cosine, -1.0, 1.0))
    turn = np.maximum(
        np.pad(turn, ((0, 0), (1, 0)), "edge"), np.pad(turn, ((0, 0), (0, 1)), "edge")
    )
    inside = np.all(np.abs(scaled) <= 0.5 + MARGIN, axis=0)
    visible = inside[:, 1:] | inside[:, :-1] | _passes(scaled)
    measure = np.sqrt(turn * length / (8.0 * SAGITTA)) + length / LONGEST_CHORD
    # Out of sight a chord may stray by half its distance from the window, so it stays outside.
    out = np.maximum(np.max(np.abs(scaled), axis=0) - 0.5, MARGIN)
    out = np.minimum(out[:, 1:], out[:, :-1])
    rough = np.sqrt(turn * length / (4.0 * out)) + 0.1 * length / out
    measure = np.where(visible, measure, np.minimum(rough, measure)) + 1e-9
    return measure.ravel(), visible.ravel()


def _passes(scaled: Array) -> NDArray[np.bool_]:
    """Tell whether the box about each piece meets the window: it may pass through it."""
    low = np.minimum(scaled[:, :, 1:], scaled[:, :, :-1])
    high = np.maximum(scaled[:, :, 1:], scaled[:, :, :-1])
    meets: NDArray[np.bool_] = np.all((low <= 0.5) & (high >= -0.5), axis=0)
    return meets
