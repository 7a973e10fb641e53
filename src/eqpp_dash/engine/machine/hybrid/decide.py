"""What trajectories do where they stand on surfaces: go on in a piece, slide, or end.

A. F. Filippov, *Differential Equations with Discontinuous Righthand Sides* (Kluwer, 1988),
section 4: where the fields of both sides point through a surface, it is crossed; where both point
at it, the trajectory slides along it; where both point away, it is not unique. Here every piece
that meets at the state is asked whether its field leads into it, and every pair of pieces that
differ by one surface whether both fields lead to that surface. Where a field is tangent to a
surface, the second derivative of the gap decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.machine.hybrid.cells import Array, Cells

Flags = NDArray[np.bool_]

MOST_SURFACES = 6
"""Surfaces that may meet at a state, for what happens there to be decided."""

TANGENT = 1e-10
"""Share of the terms of a rate below which it counts as zero."""

SLANTED = 1e-8
"""Share of what a rate could be, given the speed, below which it may be nothing but rounding."""

ROUNDING = 64 * np.finfo(float).eps
"""Relative size of a gap, or of a rate, that is nothing but rounding."""

SAME = 1e-12
"""Relative difference of two fields below which they are the same."""

PARALLEL = 1e-9
"""Difference of two unit normals below which surfaces coincide."""


class Verdict(IntEnum):
    """What a trajectory does: go on in a piece, slide on a surface, or none of them."""

    GO = 0
    SLIDE = 1
    NOT_UNIQUE = 2
    INTERSECTION = 3
    UNDECIDED = 4


@dataclass(slots=True)
class Decision:
    """What m trajectories do.

    Attributes
    ----------
    verdict : ndarray of int, shape (m,)
        Values of `Verdict`.
    values : ndarray, shape (p + c, m)
        Parameters and choices of the piece where it goes on, or of this side of the surface.
    beyond : ndarray, shape (p + c, m)
        Those of the other side of the surface on which it slides.
    slide : ndarray of int, shape (m,)
        On what it slides: a place in `surfaces`; -1 if it does not.
    surfaces : list of tuple of int
        Surfaces, several where they coincide; the first one's gap is used.
    met : ndarray of int, shape (m, 2)
        Up to two of the surfaces on which it stands; -1 for none.
    """

    verdict: NDArray[np.int64]
    values: Array
    beyond: Array
    slide: NDArray[np.int64]
    surfaces: list[tuple[int, ...]]
    met: NDArray[np.int64]


def decide(
    cells: Cells,
    t: Array,
    x: Array,
    p: Array,
    reach: Array,
    sign: Array,
    arrived: Flags,
    way: Array,
) -> Decision:
    """Tell what trajectories do that stand on surfaces.

    Parameters
    ----------
    cells : Cells
        The field.
    t, x, p : ndarray, shapes (m,), (n, m), (p + c, m)
        Times, states, and values with the choices of one of the pieces that meet there.
    reach : ndarray, shape (k, m)
        Sizes of a gap up to which a state is on that surface.
    sign : ndarray, shape (m,)
        1 where time goes forward, -1 where it goes backward.
    arrived : ndarray of bool, shape (m,)
        Whether the trajectory came through the piece of `p`; it stays there where it can.
    way : ndarray, shape (n + 1, m)
        Sizes of the variables, then of the time, on the way here.
    """
    count = t.size
    made = Decision(
        np.full(count, Verdict.GO),
        p.copy(),
        p.copy(),
        np.full(count, -1),
        [],
        np.full((count, 2), -1),
    )
    with np.errstate(all="ignore"):
        near = np.abs(cells.gaps(t, x, p)) <= reach
        meeting = _numbered(near)
        for number in np.unique(meeting):
            which = np.flatnonzero(meeting == number)
            surfaces = np.flatnonzero(near[:, which[0]]).tolist()
            for place, surface in enumerate(surfaces[:2]):
                made.met[which, place] = surface
            if len(surfaces) > MOST_SURFACES:
                made.verdict[which] = Verdict.UNDECIDED
            elif surfaces:
                here = _Meeting(
                    cells, t[which], x[:, which], p[:, which], reach[:, which], sign[which],
                    surfaces, way[:, which],
                )  # fmt: skip
                here.settle(made, which, arrived[which])
    return made


def tangent(
    cells: Cells, t: Array, x: Array, p: Array, surfaces: Sequence[int], way: Array
) -> tuple[Array, Flags]:
    """Give the rates of gaps, and where they are nothing but rounding.

    Parameters
    ----------
    cells : Cells
        The field.
    t, x, p : ndarray, shapes (m,), (n, m), (p + c, m)
        States and values.
    surfaces : sequence of int
        The surfaces.
    way : ndarray, shape (n + 1, m)
        Sizes of the variables, then of the time, on the way here, which tell what is rounding.

    Returns
    -------
    ndarray, shape (k, m)
        Rates of change, as time goes forward.
    ndarray of bool, shape (k, m)
        Where the field is tangent to a surface.
    """
    rates = cells.rates(t, x, p)[surfaces]
    slopes = np.abs(cells.slopes(t, x, p)[:, surfaces])
    field = np.abs(cells.field(t, x, p))
    size = np.einsum("ikm,im->km", slopes[:-1], field) + slopes[-1]
    flat = ~(np.abs(rates) > TANGENT * size)
    most = slopes.sum(0) * np.fmax(field.max(0), 1.0 * (slopes[-1] > 0))
    if ((np.abs(rates) <= SLANTED * most) & ~flat).any():
        bends = np.abs(cells.rate_slopes(t, x, p)[:, surfaces])
        flat |= np.abs(rates) <= ROUNDING * np.einsum("ikm,im->km", bends, way)
    return rates, flat


def _numbered(near: Flags) -> NDArray[np.int64]:
    """Give states that are on the same surfaces the same number."""
    numbers = np.zeros(near.shape[1], dtype=np.int64)
    for row, flags in enumerate(near):
        if row % 32 == 31:
            numbers = np.unique(numbers, return_inverse=True)[1]
        numbers = 2 * numbers + flags
    return numbers


def _subsets(items: Sequence[int]) -> Iterator[frozenset[int]]:
    for size in range(len(items) + 1):
        yield from map(frozenset, combinations(items, size))


@dataclass(slots=True)
class _Piece:
    """One of the pieces that meet: its values and what its field does at each surface."""

    values: Array
    field: Array
    exists: Flags
    near: Flags
    rates: Array
    tangent: Flags
    signs: Array


class _Meeting:
    """Trajectories that all stand on the same surfaces."""

    def __init__(
        self,
        cells: Cells,
        t: Array,
        x: Array,
        p: Array,
        reach: Array,
        sign: Array,
        surfaces: list[int],
        way: Array,
    ) -> None:
        self.cells, self.t, self.x, self.p = cells, t, x, p
        self.reach, self.sign, self.surfaces, self.way = reach, sign, surfaces, way
        self.places = range(len(surfaces))
        self.pieces = {chosen: self._piece(chosen) for chosen in _subsets(self.places)}
        for chosen in self.pieces:
            self._settle_tangents(chosen)

    def _piece(self, chosen: frozenset[int]) -> _Piece:
        cells, t, x = self.cells, self.t, self.x
        here = [self.surfaces[j] for j in chosen]
        values = cells.across(t, x, self.p, here) if here else self.p
        mirrors = self._seen_from(chosen)
        gaps = cells.gaps(t, x, values)[mirrors]
        reach = self.reach[self.surfaces]
        field = cells.field(t, x, values)
        rates, flat = tangent(cells, t, x, values, mirrors, self.way)
        rates = self.sign * rates
        signs = np.where(flat, 0.0, np.sign(rates))
        near = np.abs(gaps) <= reach
        exists = (near | (gaps > 0)).all(0) & np.isfinite(field).all(0)
        # A surface that moved away with a choice has one side here: the piece without it.
        exists &= near[sorted(chosen)].all(0)
        if ((signs == 0) & near).any():
            bends = cells.rate_slopes(t, x, values)[:, mirrors]
            second = np.einsum("ikm,im->km", bends[:-1], field) + bends[-1]
            bends = np.abs(bends)
            size = np.einsum("ikm,im->km", bends[:-1], np.abs(field)) + bends[-1]
            curved = np.where(np.abs(second) > TANGENT * size, np.sign(second), 0.0)
            signs = np.where(signs == 0, curved, signs)
        return _Piece(values, field, np.asarray(exists), near, rates, flat, signs)

    def _seen_from(self, chosen: frozenset[int]) -> list[int]:
        known = self.cells.frozen.surfaces
        return [known[k].mirror if j in chosen else k for j, k in enumerate(self.surfaces)]

    def _settle_tangents(self, chosen: frozenset[int]) -> None:
        """Stay in the given piece where the field is the same on both sides and tangent."""
        piece = self.pieces[chosen]
        for j in self.places:
            if j not in chosen and (piece.signs[j] == 0).any():
                other = self.pieces[chosen | {j}].field
                change = np.abs(piece.field - other).max(0)
                size = np.maximum(np.abs(piece.field), np.abs(other)).max(0)
                same = (piece.signs[j] == 0) & (change <= SAME * size)
                piece.signs[j] = np.where(same, 1.0, piece.signs[j])
                self.pieces[chosen | {j}].signs[j][same] = -1.0

    def settle(self, made: Decision, which: NDArray[np.intp], arrived: Flags) -> None:
        """Write down what the trajectories do; `which` are their places in the decision."""
        found = np.zeros(which.size, dtype=np.int64)
        open_question = np.zeros(which.size, dtype=bool)
        stays = np.zeros(which.size, dtype=bool)
        for chosen, piece in self.pieces.items():
            leads = piece.exists & ((piece.signs > 0) | ~piece.near).all(0)
            open_question |= piece.exists & ((piece.signs == 0) & piece.near).any(0)
            if not chosen:
                stays = leads & arrived
            new = leads & ~stays
            found += new
            made.values[:, which[new]] = piece.values[:, new]
            made.verdict[which[new]] = Verdict.GO
        for together in _subsets(self.places):
            if together:
                found += self._slide(together, made, which, stays)
        made.verdict[which[found > 1]] = Verdict.NOT_UNIQUE
        stuck = Verdict.INTERSECTION if len(self.surfaces) > 1 else Verdict.UNDECIDED
        none = (found == 0) & ~stays
        made.verdict[which[none]] = np.where(open_question[none], Verdict.UNDECIDED, stuck)
        made.values[:, which[stays]] = self.p[:, stays]
        made.verdict[which[stays]] = Verdict.GO
        ended = made.verdict[which] != Verdict.SLIDE
        made.slide[which[ended]] = -1

    def _slide(
        self, together: frozenset[int], made: Decision, which: NDArray[np.intp], stays: Flags
    ) -> NDArray[np.int64]:
        """Note who slides on these surfaces, which coincide."""
        found = np.zeros(which.size, dtype=np.int64)
        one = self._coincide(together) & ~stays
        if not one.any():
            return found
        first = min(together)
        rest = [j for j in self.places if j not in together]
        for chosen in _subsets(rest):
            here, there = self.pieces[chosen], self.pieces[chosen | together]
            slides = one & here.exists & there.exists
            for j in together:
                slides = slides & (here.signs[j] < 0) & (there.signs[j] < 0)
            slides = slides & ~self._alike(first, here, there)
            share = here.rates[first] / (here.rates[first] + there.rates[first])
            for j in rest:
                rate = (1.0 - share) * here.rates[j] + share * there.rates[j]
                slides = slides & ((rate > 0) | ~here.near[j])
            if not slides.any():
                continue
            key = tuple(self._seen_from(chosen)[j] for j in sorted(together))
            if key not in made.surfaces:
                made.surfaces.append(key)
            lanes = which[slides]
            made.slide[lanes] = made.surfaces.index(key)
            made.values[:, lanes] = here.values[:, slides]
            made.beyond[:, lanes] = there.values[:, slides]
            made.verdict[lanes] = Verdict.SLIDE
            found += slides
        return found

    def _alike(self, surface: int, here: _Piece, there: _Piece) -> Flags:
        """Tell where both fields are tangent to a surface because they have the same rate.

        Then no mixture of them is singled out, and nothing is said about how it goes on.
        """
        both: Flags = here.tangent[surface] & there.tangent[surface]
        if both.any():
            number = self.surfaces[surface]
            mirror = self.cells.frozen.surfaces[number].mirror
            one = self.cells.rate_slopes(self.t, self.x, here.values)[:, number]
            other = self.cells.rate_slopes(self.t, self.x, there.values)[:, mirror]
            change = np.abs(one + other).max(0)  # the mirrored rate has the other sign
            alike: Flags = change <= SAME * np.maximum(np.abs(one), np.abs(other)).max(0)
            return both & alike
        return both

    def _coincide(self, together: frozenset[int]) -> Flags:
        """Tell where these surfaces are one."""
        result = np.ones(self.t.size, dtype=bool)
        if len(together) > 1:
            slopes = self.cells.slopes(self.t, self.x, self.p)
            normals = slopes / np.sqrt((slopes**2).sum(0))
            first, *others = (normals[:, self.surfaces[j]] for j in sorted(together))
            for other in others:
                apart = np.minimum(np.abs(first - other).max(0), np.abs(first + other).max(0))
                result &= apart <= PARALLEL
        return result
