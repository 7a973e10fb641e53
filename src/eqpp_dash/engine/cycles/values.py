"""What the search for limit cycles finds: values of the model, and all of them together."""

from __future__ import annotations

from dataclasses import dataclass, field

from eqpp_dash.errors import StopAndKeep
from eqpp_dash.model.cycles import Annulus, CycleCoverage, CycleGap, LimitCycle

__all__ = ["Band", "Completeness", "CycleSearch", "LimitCycle", "Undecided"]

Band = Annulus
Undecided = CycleGap
Completeness = CycleCoverage


@dataclass(frozen=True, slots=True, eq=False)
class CycleSearch:
    """What the search for limit cycles found.

    Attributes
    ----------
    cycles : tuple of LimitCycle
        From inside to outside where they are nested, else by their rightmost points.
    bands : tuple of Annulus
        Annuli of closed orbits.
    undecided : tuple of CycleGap
        Where the number of cycles is not known.
    completeness : CycleCoverage
        What was covered.
    stop : StopAndKeep or None
        What stopped the search, if it was stopped on the way.
    """

    cycles: tuple[LimitCycle, ...] = ()
    bands: tuple[Annulus, ...] = ()
    undecided: tuple[CycleGap, ...] = ()
    completeness: CycleCoverage = field(default_factory=CycleCoverage)
    stop: StopAndKeep | None = None
