"""What a search for equilibria gives, also one that was stopped on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from eqpp_dash.engine.points import PointExaminer
from eqpp_dash.engine.zeros import KnownZeros
from eqpp_dash.errors import StopAndKeep
from eqpp_dash.model.cycles import NOT_TO_THE_END
from eqpp_dash.model.portrait import (
    Array,
    Equilibrium,
    EquilibriumSet,
    Notice,
    Singularity,
    SwitchingSegment,
)

MOST_KEPT = 50
"""Most equilibria of a search that was stopped which are yet to be examined: a millisecond each."""
SAME = 1e-9
"""Points closer than this, in widths of the window, are one."""


@dataclass(frozen=True, slots=True, eq=False)
class EquilibriumSearch:
    """What the search for equilibria found.

    Attributes
    ----------
    equilibria : tuple of Equilibrium
        Isolated ones, those in the window first, by coordinates.
    sets : tuple of EquilibriumSet
        Curves and regions of equilibria.
    singularities : tuple of Singularity
        Isolated points at which the field is not defined.
    completeness : str
        ``proved`` if every other point of the window is excluded, but for specks of 1e-9 of its
        width around points at which the field is singular or jumps; ``proved, except within
        specks`` around multiple zeros that exact algebra does not reach; ``searched``, with what
        is left open; or ``not searched to the end``, and why.
    notices : tuple of Notice
        Warnings.
    known : KnownZeros or None
        What spares a search within this one's box; None if something was left undecided.
    switching : tuple of SwitchingSegment
        Segments of the surfaces at which the field jumps.
    stop : StopAndKeep or None
        What stopped the search; then the equilibria are those that were proved by then.
    """

    equilibria: tuple[Equilibrium, ...]
    sets: tuple[EquilibriumSet, ...]
    singularities: tuple[Singularity, ...]
    completeness: str
    notices: tuple[Notice, ...]
    known: KnownZeros | None = None
    switching: tuple[SwitchingSegment, ...] = ()
    stop: StopAndKeep | None = None


def in_order(found: Sequence[Equilibrium]) -> list[Equilibrium]:
    """Sort equilibria: those in the window first, then by coordinates."""
    outside = {"inside": 0, "border": 0, "outside": 1}
    return sorted(found, key=lambda e: (outside[e.location], *np.round(e.point, 12)))


def proved_by_then(
    examiner: PointExaminer, examined: Sequence[Equilibrium], zeros: Sequence[tuple[Array, Array]]
) -> tuple[Equilibrium, ...]:
    """Give what is proved in the middle of a search.

    Parameters
    ----------
    examiner : PointExaminer
        Examines the zeros that were not yet, as far as they are few.
    examined : sequence of Equilibrium
        What was examined.
    zeros : sequence of (ndarray, ndarray)
        Zeros that are proved, and bounds of their errors.

    Returns
    -------
    tuple of Equilibrium
        Those proved, in order. An index that was counted along a curve is left out: zeros that
        were not found yet may lie within.
    """
    found = list(examined)
    known = np.array([item.point for item in found]).reshape(-1, examiner.span.size)
    none = known[:0]
    for point, error in zeros:
        if (np.abs(known - point) <= error + SAME * examiner.span).all(axis=1).any():
            continue
        if len(found) - len(known) == MOST_KEPT:
            break
        item = examiner.examine(point, error, "Krawczyk", none)
        found += [item] if item is not None else []
    return tuple(
        item if item.hyperbolic else replace(item, index=None)
        for item in in_order(found)
        if item.evidence == "proved"
    )


def stopped_search(
    stop: StopAndKeep, found: tuple[Equilibrium, ...], sets: tuple[EquilibriumSet, ...]
) -> EquilibriumSearch:
    """Give the result of a search that was stopped; it never counts as complete."""
    sure = f"{NOT_TO_THE_END}: {stop.reason} while equilibria were searched"
    return EquilibriumSearch(found, sets, (), sure, (), stop=stop)
