"""What the search for limit cycles finds: values of the model, and all of them together."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from eqpp_dash.engine.cycles.surroundings import Surroundings
from eqpp_dash.errors import StopAndKeep
from eqpp_dash.model.cycles import Annulus, CycleCoverage, CycleGap, LimitCycle
from eqpp_dash.model.portrait import Array, Equilibrium

__all__ = ["Band", "Completeness", "CycleSearch", "LimitCycle", "Undecided"]

Undecided = CycleGap
Completeness = CycleCoverage


@dataclass(frozen=True, slots=True, eq=False)
class Band(Annulus):
    """An annulus of closed orbits with what is known of it while a portrait is made.

    Attributes
    ----------
    curves : (ndarray, ndarray) or None
        Its innermost and its outermost orbit as polylines.
    """

    curves: tuple[Array, Array] | None = None

    def told(self) -> Annulus:
        """Give it as a portrait has it."""
        return Annulus(**{item.name: getattr(self, item.name) for item in fields(Annulus)})


@dataclass(frozen=True, slots=True, eq=False)
class CycleSearch:
    """What the search for limit cycles found.

    Attributes
    ----------
    cycles : tuple of LimitCycle
        From inside to outside where they are nested, else by their rightmost points.
    bands : tuple of Band
        Annuli of closed orbits.
    undecided : tuple of CycleGap
        Where the number of cycles is not known.
    completeness : CycleCoverage
        What was covered.
    stop : StopAndKeep or None
        What stopped the search, if it was stopped on the way.
    around : Surroundings or None
        What is at rest beyond the window, where closed orbits go.
    """

    cycles: tuple[LimitCycle, ...] = ()
    bands: tuple[Band, ...] = ()
    undecided: tuple[CycleGap, ...] = ()
    completeness: CycleCoverage = field(default_factory=CycleCoverage)
    stop: StopAndKeep | None = None
    around: Surroundings | None = None

    @property
    def beyond(self) -> tuple[Equilibrium, ...]:
        """Equilibria beyond the window; their numbers follow those of the known ones."""
        return () if self.around is None else self.around.equilibria
