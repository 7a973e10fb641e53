"""Ends of separatrices that a proved shift of a periodic variable carries over.

A shift that keeps the field takes each connection to a connection: the branch that is moved onto
another branch ends where the end of the first one is moved to, in the window or beyond it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eqpp_dash.engine.connections.maps import Involution, lands
from eqpp_dash.engine.dop853 import Array
from eqpp_dash.engine.manifolds import Branch
from eqpp_dash.engine.orbits import Problem
from eqpp_dash.engine.structure.facts import Kind, Structure
from eqpp_dash.model.portrait import Equilibrium

ALIGNED = 1 - 1e-9
"""Least cosine between the directions of a branch and of its image."""


@dataclass(frozen=True, slots=True)
class End:
    """Where a separatrix is known to go.

    Attributes
    ----------
    equilibrium : int
        The equilibrium, by its number.
    status, how : str
        ``proved`` or ``verified``, and by what.
    shift : tuple of float
        Whole periods that move the equilibrium to where it goes; empty if it goes to itself.
    """

    equilibrium: int
    status: str
    how: str
    shift: tuple[float, ...] = ()

    @property
    def is_copy(self) -> bool:
        """Whether it goes to a copy of the equilibrium."""
        return bool(self.shift)


class Copies:
    """The shifts that keep a field, and the equilibria that they exchange.

    Parameters
    ----------
    problem : Problem
        The planar system on its window.
    structure : Structure
        What is proved about the field.
    equilibria : sequence of Equilibrium
        All equilibria known.
    """

    def __init__(
        self, problem: Problem, structure: Structure, equilibria: Sequence[Equilibrium]
    ) -> None:
        self.problem, self.equilibria = problem, equilibria
        self.facts = [fact for fact in structure.of(Kind.PERIODIC) if fact.map is not None]
        self.vectors = [np.array(fact.map[4:]) for fact in self.facts if fact.map is not None]

    def between(self, one: int, other: int) -> Array | None:
        """Give the whole periods by which an equilibrium is proved to be moved onto another."""
        if not self.facts:
            return None
        start, end = self.equilibria[one], self.equilibria[other]
        if not (start.hyperbolic and end.hyperbolic):
            return None
        if not start.evidence == end.evidence == "proved":
            return None
        away = end.point - start.point
        shift = np.zeros(2)
        for vector in self.vectors:
            shift += np.round(away @ vector / (vector @ vector)) * vector
        moved = Involution(self.facts[0], np.eye(2), shift, shifted=True)
        if not shift.any() or not lands(self.problem.field, moved, start, end, self.problem.width):
            return None
        return shift

    def ends(self, branches: Sequence[Branch], known: Mapping[int, End]) -> dict[int, End]:
        """Give the ends of branches that are images of others whose ends are known.

        Parameters
        ----------
        branches : sequence of Branch
            All branches.
        known : mapping of int to End
            What is known, by their numbers.
        """
        found: dict[int, End] = {}
        if not self.facts:
            return found
        for i, branch in enumerate(branches):
            if i in known:
                continue
            for j, end in known.items():
                if branches[j].rate * branch.rate < 0:
                    continue
                if branches[j].direction @ branch.direction < ALIGNED:
                    continue
                shift = self.between(branches[j].equilibrium, branch.equilibrium)
                if shift is not None:
                    found[i] = self._moved(end, shift, branch.equilibrium)
                    break
        return found

    def _moved(self, end: End, shift: Array, own: int) -> End:
        """Name the equilibrium to which an end is moved: one that is known, or a copy of it."""
        target = self.equilibria[end.equilibrium].point + shift
        near = 1e-9 * self.problem.width
        for k, item in enumerate(self.equilibria):
            if (np.abs(item.point - target) < near).all() and self.between(
                end.equilibrium, k
            ) is not None:
                return End(k, end.status, f"{end.how}, moved by {self.words(shift)}")
        best = own if self.between(end.equilibrium, own) is not None else end.equilibrium
        away = target - self.equilibria[best].point
        whole = np.zeros(2)
        for vector in self.vectors:
            whole += np.round(away @ vector / (vector @ vector)) * vector
        how = f"{end.how}, moved by {self.words(shift)}"
        return End(best, end.status, how, (float(whole[0]), float(whole[1])))

    def words(self, shift: Array) -> str:
        """Say in periods of which variables a shift consists."""
        parts = []
        for axis, name in enumerate(self.problem.field.variables):
            for vector in self.vectors:
                if vector[axis] and shift[axis]:
                    times = abs(round(float(shift[axis] / vector[axis])))
                    periods = "a period" if times == 1 else f"{times} periods"
                    parts.append(f"{periods} of {name}")
        return " and ".join(parts)
