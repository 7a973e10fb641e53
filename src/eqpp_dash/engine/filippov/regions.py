"""Regions of the plane in which a field that jumps or has kinks is zero: whole pieces at rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import prod
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.compiled import CompiledField, Factor
from eqpp_dash.engine.expression.text import to_text
from eqpp_dash.engine.filippov.pieces import FilippovField, filippov_field, known_choices
from eqpp_dash.engine.orbits import STALLS
from eqpp_dash.model.portrait import EquilibriumSet

if TYPE_CHECKING:
    from eqpp_dash.engine.orbits import Flow, Problem

Array = NDArray[np.float64]

DOTS = 24
"""Points along each side of the window by which a region is shown."""

GRID = 96
"""Points along each side of the window at which it is looked which pieces there are."""

MOST_PIECES = 256
"""Of more pieces none is looked at."""

Choices = tuple[tuple[int, float], ...]
"""Numbers of choices, and their values."""


class Resting:
    """The regions of a window in which a planar field vanishes identically.

    Parameters
    ----------
    field : CompiledField
        The field.
    lo, hi : ndarray, shape (2,)
        Corners of the window.

    Attributes
    ----------
    sets : tuple of EquilibriumSet
        The regions.
    """

    def __init__(self, field: CompiledField, lo: Array, hi: Array) -> None:
        self.field, self.regions = field, resting_regions(field, lo, hi)
        self.sets = tuple(region_sets(field, lo, hi)) if self.regions else ()

    def holds(self, choices: Array) -> bool:
        """Tell whether the piece with these choices, (c, 1), is one of a region."""
        return any(bool(region.holds(choices)[0]) for region in self.regions)

    def at(self, point: Array) -> bool:
        """Tell whether a state (2,) is at rest with all around it."""
        return bool(self.regions) and bool(at_rest(self.field, point[:, None])[0])

    def covers(self, factor: Factor) -> bool:
        """Tell whether a factor vanishes in one of the regions."""
        return any(not np.any(factor(0.0, item.points.T)) for item in self.sets)


@dataclass(frozen=True, slots=True)
class RestingRegion:
    """Pieces of a field in which it vanishes identically.

    Attributes
    ----------
    choices : tuple of (int, float)
        The choices that tell them; the others do not matter.
    words : str
        The same as inequalities.
    """

    choices: Choices
    words: str

    def holds(self, choices: Array) -> NDArray[np.bool_]:
        """Tell which columns of choices, (c, m), are of this region."""
        found = np.ones(choices.shape[1], dtype=bool)
        for number, value in self.choices:
            found &= choices[number] == value
        return found


@lru_cache(maxsize=64)
def _regions(field: CompiledField, limits: tuple[float, ...]) -> tuple[RestingRegion, ...]:
    pieces = filippov_field(field)
    lo, hi = np.array(limits).reshape(2, -1)
    seen = np.unique(pieces.choices_at(_lattice(lo, hi, GRID)), axis=1)
    if not len(seen) or seen.shape[1] > MOST_PIECES:
        return ()
    zero = [column for column in seen.T if all(pieces.side(column).zero)]
    kept = sorted(tuple(enumerate(column.tolist())) for column in zero)
    values = [
        sorted(set(row)) if choice.whole else [-1.0, 1.0]
        for choice, row in zip(pieces.cells.frozen.choices, seen.tolist(), strict=True)
    ]
    wider = dict.fromkeys(_widened(pieces, choices, values) for choices in kept)
    regions = [RestingRegion(choices, _words(pieces, choices)) for choices in wider]
    return tuple(region for region in regions if region.words)


def resting_regions(field: CompiledField, lo: Array, hi: Array) -> tuple[RestingRegion, ...]:
    """Find the regions in a window in which a planar field vanishes identically.

    Parameters
    ----------
    field : CompiledField
        The field; autonomous.
    lo, hi : ndarray, shape (2,)
        Corners of the window.

    Returns
    -------
    tuple of RestingRegion
        Those on a grid of `GRID` points a side; smaller ones are not seen. They vanish
        symbolically. None where there are more than `MOST_PIECES` pieces.

    Examples
    --------
    >>> from eqpp_dash.engine.system import parse_system
    >>> field = parse_system("x' = max(x, 0)*y; y' = max(x, 0)*sign(y)").compile()
    >>> [region.words for region in resting_regions(field, np.full(2, -2.0), np.full(2, 2.0))]
    ['x < 0']
    """
    if field.dimension != 2 or not field.autonomous or not field.switching or all(field.zero):
        return ()
    with np.errstate(all="ignore"):
        return _regions(field, (*lo.tolist(), *hi.tolist()))


def at_rest(field: CompiledField, x: Array) -> NDArray[np.bool_]:
    """Tell which states, (2, m), lie in pieces in which a field vanishes identically."""
    found = np.zeros(x.shape[1], dtype=bool)
    if not field.switching or not field.autonomous:
        return found
    pieces = filippov_field(field)
    columns, place = np.unique(pieces.choices_at(x), axis=1, return_inverse=True)
    if columns.shape[1] <= MOST_PIECES:
        zero = np.array([all(pieces.side(column).zero) for column in columns.T], dtype=bool)
        found = zero[place.reshape(-1)]
    return found


def region_sets(field: CompiledField, lo: Array, hi: Array) -> Iterator[EquilibriumSet]:
    """Give the regions at rest as sets of equilibria, each with dots all over it.

    Every point of one rests, and so do all near it: each is stable, and attracts nothing.
    """
    dots = _lattice(lo, hi, DOTS)
    pieces = filippov_field(field)
    for region in resting_regions(field, lo, hi):
        within = dots[:, region.holds(pieces.choices_at(dots))]
        if not within.shape[1]:
            grid = _lattice(lo, hi, GRID)
            within = grid[:, region.holds(pieces.choices_at(grid))]
        yield EquilibriumSet("0", within.T, "neutral", region.words)


def rest_in_regions(problem: Problem, flow: Flow) -> None:
    """End the orbits that are in such a region: at their start at once, else as time goes on.

    Parameters
    ----------
    problem : Problem
        The system on its window, with its sets of equilibria.
    flow : Flow
        What was integrated; ends are changed in it.
    """
    numbers = {item.part: k for k, item in enumerate(problem.sets) if item.implicit == "0"}
    if not numbers:
        return
    field, ends = problem.field, flow.ends
    lo, hi = (problem.center + way * 0.5 * problem.width for way in (-1.0, 1.0))
    regions, pieces = resting_regions(field, lo, hi), filippov_field(field)
    begun = at_rest(field, flow.starts)
    for lane in np.flatnonzero(at_rest(field, ends.state)):
        choices = pieces.choices_at(ends.state[:, [lane]])
        words = next((region.words for region in regions if region.holds(choices)[0]), "")
        if words in numbers and ends.end[lane] in ("time", STALLS):
            ends.end[lane] = f"set {numbers[words]}"
            ends.reason[lane] = "the start is at rest" if begun[lane] else "it comes to rest"
            ends.reached[lane] = 0.0 if begun[lane] else None


def _lattice(lo: Array, hi: Array, count: int) -> Array:
    """Give the middles of cells of a window, (2, m)."""
    share = (np.arange(count) + 0.5) / count
    x, y = np.meshgrid(*(low + share * (high - low) for low, high in zip(lo, hi, strict=True)))
    return np.stack([x.ravel(), y.ravel()])


def _widened(pieces: FilippovField, choices: Choices, values: Sequence[Sequence[float]]) -> Choices:
    """Leave out choices that do not matter: the field vanishes whatever their values are."""
    kept, known = dict(choices), pieces.cells.frozen.choices
    for number, _ in reversed(choices):
        if any(number in known[k].earlier for k in kept):
            continue
        rows = [[kept[k]] if k in kept and k != number else row for k, row in enumerate(values)]
        if prod(map(len, rows)) > MOST_PIECES:
            continue
        if all(all(pieces.side(np.array(column)).zero) for column in product(*rows)):
            del kept[number]
    return tuple(kept.items())


def _words(pieces: FilippovField, choices: Choices) -> str:
    """Write choices as inequalities; empty if what decides one depends on others left out."""
    frozen, told = pieces.cells.frozen, dict(choices)
    words = []
    for number, value in choices:
        choice = frozen.choices[number]
        if not choice.earlier <= told.keys():
            return ""
        known = {frozen.choices[k].name: told[k] for k in choice.earlier}
        text = to_text(known_choices(choice.driver, known))
        if choice.whole:
            words.append(f"{value:g} < {text} < {value + 1:g}")
        else:
            words.append(f"{text} {'>' if value > 0 else '<'} 0")
    return " and ".join(words)
