"""Sets of equilibria in words, and segments of surfaces on which all points are at rest."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np

NEAR = 1e-9
"""Ends are the same up to this share of the extent of what they end."""

_MINUS = re.compile(r"(?<![\w.)])-")


def set_words(implicit: str, part: str | None = "") -> str:
    """Tell which points a set of equilibria has.

    Parameters
    ----------
    implicit : str
        Its implicit equation is this expression = 0; "0" for all points, or those of a region.
    part : str, optional
        The part of that curve, or of the plane, that it is, such as ``-0.5 <= x <= 0.5``; all of it
        if empty.

    Examples
    --------
    >>> set_words("y", "-0.5 <= x <= 0.5"), set_words("x^2 - y"), set_words("0")
    ('y = 0 and −0.5 ≤ x ≤ 0.5', 'x^2 - y = 0', 'all points')
    >>> set_words("0", "x - 3 < 0")
    'all points with x − 3 < 0'
    """
    if implicit == "0":
        return f"all points{part_words(part, 'with')}"
    return f"{implicit} = 0{part_words(part)}"


def part_words(part: str | None, join: str = "and") -> str:
    """Tell the part of a curve, to follow its equation; limits by a word that joins them to it.

    Examples
    --------
    >>> part_words("-0.5 <= x <= 0.5"), part_words("between (-1, 0) and (0, 1)"), part_words("")
    (' and −0.5 ≤ x ≤ 0.5', ' between (−1, 0) and (0, 1)', '')
    """
    if not part:
        return ""
    told = _MINUS.sub("−", part.replace("<=", "≤"))
    return f" {told}" if part.startswith("between") else f" {join} {told}"


def rests(surface: str, points: Any, sets: Iterable[tuple[str, Any]]) -> bool:
    """Tell whether all points of a segment of a surface are equilibria.

    Parameters
    ----------
    surface : str
        The surface's equation, such as ``y = 0``.
    points : array_like, shape (m, 2)
        The segment.
    sets : iterable of (str, array_like of shape (k, 2))
        The implicit expressions of the sets of equilibria, and points in order on them.

    Examples
    --------
    >>> rests("y = 0", [[-1, 0], [1, 0]], [("y", [[1, 0], [0, 0], [-1, 0]])])
    True
    >>> rests("y = 0", [[-1, 0], [2, 0]], [("y", [[1, 0], [0, 0], [-1, 0]])])
    False
    """
    line = np.asarray(points, dtype=float)
    if not len(line):
        return False
    near = NEAR * float(np.ptp(line, axis=0).max())
    own = [np.asarray(at, dtype=float) for text, at in sets if surface == f"{text} = 0"]
    return any(
        bool((np.abs(ends - at[[0, -1]]) <= near).all())
        for at in own
        if len(at)
        for ends in (line[[0, -1]], line[[-1, 0]])
    )
