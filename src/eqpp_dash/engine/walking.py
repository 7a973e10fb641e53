"""Points along many polylines at once, evenly spaced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.dop853 import Array

Norm = Callable[[Array], Array]


def euclidean(moves: Array) -> Array:
    """Give the lengths of moves, shape (m, 2), as the crow flies."""
    return np.asarray(np.hypot(moves[:, 0], moves[:, 1]))


def largest(moves: Array) -> Array:
    """Give the larger component of moves, shape (m, 2)."""
    return np.asarray(np.abs(moves).max(axis=1))


def unit_parts(parts: Sequence[Array], center: Array, width: Array) -> list[Array]:
    """Give polylines in units of a window, which is the square from 0 to 1.

    Parameters
    ----------
    parts : sequence of ndarray, shape (m, 2)
        Polylines.
    center, width : ndarray, shape (2,)
        Middle and width of the window.

    Returns
    -------
    list of ndarray, shape (m, 2)
        The same, scaled.

    Examples
    --------
    >>> [part.tolist() for part in unit_parts([np.ones((1, 2))], np.zeros(2), np.full(2, 4.0))]
    [[[0.75, 0.75]]]
    """
    if not parts:
        return []
    joined = (np.concatenate(parts) - center) / width + 0.5
    ends = np.cumsum([0] + [len(part) for part in parts]).tolist()
    return [joined[a:b] for a, b in pairwise(ends)]


def walk_along(
    parts: Sequence[Array], spacing: float, most: int, norm: Norm = euclidean
) -> tuple[Array, Array, NDArray[np.intp]]:
    """Place points along polylines, each from its first point to its last.

    Parameters
    ----------
    parts : sequence of ndarray, shape (m, 2)
        Polylines, of a point at least.
    spacing : float
        Distance of neighbouring points, at most.
    most : int
        Most pieces of a polyline; a longer one has wider spacing.
    norm : callable
        Gives the lengths of moves.

    Returns
    -------
    points : ndarray, shape (k, 2)
        The points, polyline by polyline.
    along : ndarray, shape (k,)
        How far along its polyline each is.
    owner : ndarray of int, shape (k,)
        Its polyline.

    Examples
    --------
    >>> points, along, owner = walk_along([np.array([[0.0, 0.0], [1.0, 0.0]])], 0.3, 100)
    >>> along.tolist(), owner.tolist()
    ([0.0, 0.25, 0.5, 0.75, 1.0], [0, 0, 0, 0, 0])
    """
    if not parts:
        return np.zeros((0, 2)), np.zeros(0), np.zeros(0, dtype=np.intp)
    sizes = np.array([len(part) for part in parts])
    joined = np.concatenate(parts)
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    moves = np.zeros(len(joined))
    moves[1:] = norm(np.diff(joined, axis=0))
    moves[first] = 1.0  # between polylines, so that places along them differ
    way = np.cumsum(moves)
    length = way[first + sizes - 1] - way[first]
    pieces = np.minimum(length / spacing, most).astype(np.intp) + 1
    owner = np.repeat(np.arange(len(parts)), pieces + 1)
    number = np.arange(owner.size) - np.repeat(np.cumsum(pieces + 1) - pieces - 1, pieces + 1)
    along = (length / pieces)[owner] * number
    at = way[first][owner] + along
    points = np.stack([np.interp(at, way, joined[:, k]) for k in range(2)], axis=1)
    return points, along, owner
