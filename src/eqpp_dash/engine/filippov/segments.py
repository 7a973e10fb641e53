"""Surfaces in the window, cut into segments that are crossed, slide, are fled from, or tangent."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.compiled import CompiledField, Factor
from eqpp_dash.engine.curves import trace_zero_set
from eqpp_dash.engine.filippov.pieces import FilippovField

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Labels = list[tuple[object, ...]]

ASIDE = 1e-7
"""Distance from a surface, in widths of the window, at which its sides are told."""

SPACING = 1 / 256
"""Longest chord of a surface on which its kind is looked at, in widths of the window."""

OFF = 0.382
"""Points are so far along their part of a line: not where something special is to be expected."""

SAME = 1e-9
"""Relative difference of the fields of both sides below which the field is continuous."""

ROUNDED = 1e-12
"""Share of its terms below which a rate is nothing but rounding, if it is at neighbours too."""

ASTRAY = 1e-6
"""How far from a surface points on it may be, in shares of `ASIDE`."""

MOST_SPLITS = 40

CONTINUOUS, CROSSING, SLIDING, ESCAPING = "continuous", "crossing", "sliding", "escaping"
TANGENT = "tangent"
OPPOSED = "tangent and opposed"
"""Where both fields are tangent all along, and one is zero or points against the other."""


@dataclass(slots=True, eq=False)
class Piece:
    """A part of a surface along which the same happens.

    Attributes
    ----------
    factor : Factor
        Its zeros are the surface; positive on one side.
    kind : str
        ``crossing``, ``sliding``, ``escaping``, ``continuous`` where the field has a kink,
        `TANGENT` or `OPPOSED`.
    points : ndarray, shape (2, m)
        Points on it, in order.
    plus, minus : ndarray, shape (c,)
        Choices of the piece where the factor is positive, and of the other.
    ends : tuple of str
        What is at its ends: ``fold`` where a field is tangent, ``border`` of the window,
        ``intersection`` with another surface, ``closed`` where a closed curve begins.
    """

    factor: Factor
    kind: str
    points: Array
    plus: Array
    minus: Array
    ends: tuple[str, str] = field(default=("border", "border"))


class Surface:
    """One switching expression on a window.

    Parameters
    ----------
    pieces : FilippovField
        The field in pieces.
    factor : Factor
        The expression.
    width : ndarray, shape (2,)
        Widths of the window.
    """

    def __init__(self, pieces: FilippovField, factor: Factor, width: Array) -> None:
        self.pieces, self.factor, self.width = pieces, factor, width[:, None]

    def normal(self, x: Array) -> Array:
        """Give unit normals in widths of the window, times these: a way across, (2, m)."""
        slope = self.factor.gradient(0.0, x) * self.width
        return np.asarray(self.width * slope / np.sqrt((slope**2).sum(axis=0)))

    def onto(self, x: Array) -> Array:
        """Move states onto the surface along the normal."""
        for _ in range(6):
            slope = self.factor.gradient(0.0, x) * self.width
            step = self.factor(0.0, x) / (slope**2).sum(axis=0) * slope * self.width
            x = np.where(np.isfinite(step), x - step, x)
        return x

    def sides(self, x: Array) -> tuple[Array, Array]:
        """Give the choices of both sides at states on the surface, the positive one first."""
        across = ASIDE * self.normal(x)
        return self.pieces.choices_at(x + across), self.pieces.choices_at(x - across)

    def flat(self, x: Array) -> Flags:
        """Tell at which states on the surface the fields of both sides are tangent, (2, m)."""
        across, slope = ASIDE * self.normal(x), self.factor.gradient(0.0, x)
        found = []
        for way, choices in zip((1.0, -1.0), self.sides(x), strict=True):
            aside = x + way * across
            terms = slope * self.pieces.field_of(x, choices)
            beside = self.factor.gradient(0.0, aside) * self.pieces.field_of(aside, choices)
            rate = terms.sum(axis=0)
            change = np.abs(beside.sum(axis=0) - rate)
            found.append(np.abs(rate) <= ROUNDED * np.abs(terms).sum(axis=0) + ASTRAY * change)
        return np.array(found)

    def labels(self, x: Array, flat: Flags | None = None) -> Labels:
        """Tell what happens at states on the surface: kind, choices of both sides.

        Where fields are `flat`, shape (2, m), what their rates say is nothing but rounding.
        """
        plus, minus = self.sides(x)
        f, g = self.pieces.field_of(x, plus), self.pieces.field_of(x, minus)
        slope = self.factor.gradient(0.0, x)
        rates = np.stack([(slope * f).sum(axis=0), (slope * g).sum(axis=0)])
        out, into = rates if flat is None else np.where(flat, 0.0, rates)
        size = np.maximum(np.abs(f), np.abs(g)).max(axis=0)
        across = ASIDE * self.normal(x)
        change = np.abs(self.pieces.field_of(x + across, plus) - f).max(axis=0)
        change += np.abs(self.pieces.field_of(x - across, minus) - g).max(axis=0)
        same = np.abs(f - g).max(axis=0) <= SAME * size + ASTRAY * change
        kinds = np.where(out * into > 0, CROSSING, np.where(out < into, SLIDING, ESCAPING))
        tangent = np.where((f * g / self.width**2).sum(axis=0) > 0, TANGENT, OPPOSED)
        kinds = np.where((out == 0) & (into == 0), tangent, kinds)
        kinds = np.where(same, CONTINUOUS, kinds)
        known = np.isfinite(f).all(axis=0) & np.isfinite(g).all(axis=0) & np.isfinite(slope).all(0)
        kinds = np.where(known, kinds, "undefined")
        return [
            (str(kinds[i]), tuple(plus[:, i].tolist()), tuple(minus[:, i].tolist()))
            for i in range(x.shape[1])
        ]


def trace_surfaces(
    field: CompiledField, pieces: FilippovField, lo: Array, hi: Array, width: Array | None = None
) -> list[tuple[Surface, list[Piece]]]:
    """Trace the surfaces of a planar field in a window, cut into segments.

    Parameters
    ----------
    field : CompiledField
        The field.
    pieces : FilippovField
        The same in pieces.
    lo, hi : ndarray, shape (2,)
        Limits of the window.
    width : ndarray, shape (2,), optional
        Widths in which lengths are measured, if not those of the window.

    Returns
    -------
    list of (Surface, list of Piece)
        Parts on which the field is undefined are left out. Two changes between neighbouring
        points, 1/256 of the window apart, are not seen.
    """
    found = []
    with np.errstate(all="ignore"):
        for factor in field.switching:
            surface = Surface(pieces, factor, hi - lo if width is None else width)
            parts: list[Piece] = []
            for branch in trace_zero_set(factor, lo, hi).branches:
                if len(branch) > 1:
                    parts += _cut(surface, branch.T)
            found.append((surface, parts))
    return found


def _cut(surface: Surface, line: Array) -> list[Piece]:
    line = surface.onto(_dense(line, surface.width))
    middle = surface.onto(line[:, :-1] + OFF * np.diff(line, axis=1))
    flat = _lasting(surface.flat(middle))
    labels = surface.labels(middle, flat)
    at = [i for i, (one, other) in enumerate(pairwise(labels)) if one != other][:MOST_SPLITS]
    splits = _changes(surface, middle, labels, flat, at) if at else []
    marks = [(-1, line[:, :1], "border"), *splits, (len(labels) - 1, line[:, -1:], "border")]
    parts = []
    for (i, begin, before), (j, end, after) in pairwise(marks):
        kind, plus, minus = labels[j]
        if kind == "undefined":
            continue
        points = np.concatenate([begin, middle[:, i + 1 : j + 1], end], axis=1)
        parts.append(
            Piece(
                surface.factor, str(kind), points, np.array(plus), np.array(minus), (before, after)
            )
        )
    return _closed(parts, line, surface.width)


def _lasting(flat: Flags) -> Flags:
    """Tell where what holds at states along a line holds at a neighbour too, (2, m)."""
    if flat.shape[1] < 2:
        return flat
    beside = np.zeros_like(flat)
    beside[:, 1:] |= flat[:, :-1]
    beside[:, :-1] |= flat[:, 1:]
    return flat & beside


def _closed(parts: list[Piece], line: Array, width: Array) -> list[Piece]:
    """Join the ends of a closed curve, if the same happens there."""
    if (np.abs(line[:, 0] - line[:, -1]) > 1e-9 * width[:, 0]).any() or not parts:
        return parts
    first, last = parts[0], parts[-1]
    if first is last:
        first.ends = ("closed", "closed")
    elif (first.kind, first.plus.tolist(), first.minus.tolist()) == (
        last.kind,
        last.plus.tolist(),
        last.minus.tolist(),
    ):
        last.points = np.concatenate([last.points, first.points[:, 1:]], axis=1)
        last.ends = (last.ends[0], first.ends[1])
        return parts[1:]
    return parts


def _dense(line: Array, width: Array) -> Array:
    chords = np.sqrt((np.diff(line / width, axis=1) ** 2).sum(axis=0))
    counts = np.maximum(np.ceil(chords / SPACING).astype(int), 1)
    places = np.concatenate(
        [i + np.arange(count) / count for i, count in enumerate(counts)] + [[len(counts)]]
    )
    known = np.arange(line.shape[1])
    return np.stack([np.interp(places, known, row) for row in line])


def _changes(
    surface: Surface, middle: Array, labels: Labels, flat: Flags, at: list[int]
) -> list[tuple[int, Array, str]]:
    """Find where what happens changes between neighbouring states: bisection, of all at once.

    Parameters
    ----------
    surface : Surface
        The surface.
    middle : ndarray, shape (2, m)
        States on it, in order.
    labels : list of tuple
        What happens at these.
    flat : ndarray of bool, shape (2, m)
        On which sides fields are tangent there.
    at : list of int
        The changes are between these and the next ones.

    Returns
    -------
    list of (int, ndarray of shape (2, 1), str)
        The place in `at`, where it changes, and by what.
    """
    here = np.array(at)
    a, b = middle[:, here], middle[:, here + 1]
    held = flat[:, here] | flat[:, here + 1]
    low, high = np.zeros(len(at)), np.ones(len(at))
    for _ in range(40):
        share = 0.5 * (low + high)
        x = surface.onto(a + share * (b - a))
        tangent = surface.flat(x) & held if held.any() else held
        found = surface.labels(x, tangent)
        same = np.array([one == labels[i] for one, i in zip(found, at, strict=True)])
        low, high = np.where(same, share, low), np.where(same, high, share)
    x = surface.onto(a + 0.5 * (low + high) * (b - a))
    kinds = ["fold" if labels[i][1:] == labels[i + 1][1:] else "intersection" for i in at]
    return [(i, x[:, [k]], kind) for k, (i, kind) in enumerate(zip(at, kinds, strict=True))]
