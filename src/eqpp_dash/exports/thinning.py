"""Polylines cut to a rectangle, and with no more points than the eye needs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def clip_polyline(points: Array, corner: Array) -> list[Array]:
    """Cut a polyline to the rectangle from the origin to a corner.

    Parameters
    ----------
    points : ndarray, shape (m, 2)
        Points in order; rows that are not finite part it.
    corner : ndarray, shape (2,)
        Width and height.

    Returns
    -------
    list of ndarray, shape (k, 2)
        Its pieces within, ending on the border where it leaves (Liang and Barsky, 1984).

    Examples
    --------
    >>> [piece.tolist() for piece in clip_polyline(np.array([[-1.0, 1.0], [3.0, 1.0]]), np.ones(2))]
    [[[0.0, 1.0], [1.0, 1.0]]]
    """
    if len(points) < 2:
        return []
    with np.errstate(all="ignore"):
        start, move = points[:-1], np.diff(points, axis=0)
        first, last = np.zeros(len(start)), np.ones(len(start))
        good = np.isfinite(start).all(axis=1) & np.isfinite(move).all(axis=1)
        for way, room in ((-move, start), (move, corner - start)):
            share = np.where(way != 0, room / np.where(way != 0, way, 1.0), 0.0)
            first = np.maximum(first, np.where(way < 0, share, 0.0).max(axis=1))
            last = np.minimum(last, np.where(way > 0, share, 1.0).min(axis=1))
            good &= ~((way == 0) & (room < 0)).any(axis=1)
        good &= first <= last
        begins, ends = start + first[:, None] * move, start + last[:, None] * move
    pieces: list[Array] = []
    piece: list[Array] = []
    for k in np.flatnonzero(good).tolist():
        if not piece or first[k] > 0 or not good[k - 1]:
            piece = _closed(piece, pieces)
            piece = [begins[k]]
        piece.append(ends[k])
        if last[k] < 1:
            piece = _closed(piece, pieces)
    _closed(piece, pieces)
    return pieces


def _closed(piece: list[Array], pieces: list[Array]) -> list[Array]:
    if len(piece) > 1:
        pieces.append(np.array(piece))
    return []


def bends(piece: NDArray[np.float64], tolerance: float) -> list[int]:
    """Give the points of a polyline that Douglas and Peucker's algorithm (1973) keeps.

    Parameters
    ----------
    piece : ndarray, shape (m, 2)
        Finite points.
    tolerance : float
        Largest distance of what is left out from what is drawn.

    Returns
    -------
    list of int
        Their numbers, in order.

    Examples
    --------
    >>> bends(np.array([[0.0, 0.0], [1.0, 0.01], [2.0, 0.0], [2.0, 1.0]]), 0.1)
    [0, 2, 3]
    """
    keep = {0, len(piece) - 1}
    open_spans = [(0, len(piece) - 1)]
    while open_spans:
        first, last = open_spans.pop()
        if last - first < 2:
            continue
        chord, way = piece[last] - piece[first], piece[first + 1 : last] - piece[first]
        length = float(np.hypot(*chord))
        if length > 1e-9:
            away = np.abs(way[:, 0] * chord[1] - way[:, 1] * chord[0]) / length
            along = way @ chord / length
            away = np.maximum(away, np.maximum(-along, along - length))
        else:
            away = np.hypot(way[:, 0], way[:, 1])
        worst = int(np.argmax(away))
        if away[worst] > tolerance:
            middle = first + 1 + worst
            keep.add(middle)
            open_spans += [(first, middle), (middle, last)]
    return sorted(keep)
