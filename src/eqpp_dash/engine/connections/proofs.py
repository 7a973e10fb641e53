"""Prove that a separatrix connects two saddles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eqpp_dash.engine.compiled import Factor
from eqpp_dash.engine.connections.blocks import Block, block_about
from eqpp_dash.engine.connections.candidates import Candidate
from eqpp_dash.engine.connections.gaps import accurate_points
from eqpp_dash.engine.connections.maps import Involution, involutions, same_level
from eqpp_dash.engine.connections.tubes import level_curve_joins
from eqpp_dash.engine.dop853 import Array
from eqpp_dash.engine.expression.graph import Node
from eqpp_dash.engine.manifolds import Branch
from eqpp_dash.engine.orbits import Problem
from eqpp_dash.engine.structure.facts import Kind, Structure, StructureFact
from eqpp_dash.model.portrait import Equilibrium, Trajectory

CROSSED = 1e-3
"""A separatrix has crossed a mirror if it was so far on both sides, in widths of the window."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What carries a connection, and in which class of systems it has which codimension."""

    status: str
    how: str
    codimension: int
    within: str


class Prover:
    """Proves connections of one portrait.

    Parameters
    ----------
    problem, branches, curves, equilibria, structure
        As for `find_connections`.
    """

    def __init__(
        self,
        problem: Problem,
        branches: Sequence[Branch],
        curves: Sequence[Trajectory],
        equilibria: Sequence[Equilibrium],
        structure: Structure,
    ) -> None:
        self.problem, self.field, self.width = problem, problem.field, problem.width
        self.branches, self.curves = branches, curves
        self.equilibria, self.structure = equilibria, structure

    def prove(self, item: Candidate) -> Proof | None:
        """Prove a candidate by a first integral or an invariant curve, else by a reversor.

        Returns
        -------
        Proof or None
            ``proved`` by level curves in interval arithmetic; ``verified`` where a reversor carries
            the separatrix to the stable branch once it crosses the mirror, which it does by far
            more than the error of integration; None if nothing carries it. Between points that
            are not hyperbolic saddles only a reversor is used.
        """
        source, target = self.equilibria[item.source], self.equilibria[item.target]
        if source.evidence != "proved" or target.evidence != "proved":
            return None
        if not (source.hyperbolic and target.hyperbolic):
            return self._by_reversor(
                item, list(involutions(self.structure, self.field, source, target, self.width))
            )
        maps = list(involutions(self.structure, self.field, source, target, self.width))
        return (
            self._by_integral(item, source, target, maps)
            or self._by_curve(item, source, target)
            or self._by_reversor(item, maps)
        )

    def _by_integral(
        self, item: Candidate, source: Equilibrium, target: Equilibrium, maps: list[Involution]
    ) -> Proof | None:
        fact = self.structure.integral
        if fact is None or fact.function is None or fact.node is None or not fact.single_valued:
            return None
        how, codimension = f"both ends lie on one level of {fact.expression}", 0
        within = {
            Kind.HAMILTONIAN: "Hamiltonian systems",
            Kind.TIME_CHANGED: "systems that are Hamiltonian after a change of time",
        }.get(fact.kind, "systems with a first integral")
        level = _level(fact.function, source)
        other = _level(fact.function, target)
        if level is None or other is None or level[0] > other[1] or other[0] > level[1]:
            return None
        if item.source != item.target:
            found = self._equal(fact, source, target, maps)
            if found is None:
                return None
            how = f"{how}: {found}"
            codimension = 1
            if found != EXACT:
                codimension, within = 0, f"{within} with this symmetry"
        if not self._joined(item, fact.function, fact.node, level, critical=True):
            return None
        return Proof("proved", how, codimension, within)

    def _equal(
        self,
        fact: StructureFact,
        source: Equilibrium,
        target: Equilibrium,
        maps: list[Involution],
    ) -> str | None:
        """Tell why both saddles have the same level exactly; None if that is not known.

        A Hamiltonian is unchanged, up to a constant, by reflections that are reversors and by half
        turns that are symmetries; the constant is zero since they have fixed points.
        """
        assert fact.function is not None
        assert fact.node is not None
        if fact.kind is Kind.HAMILTONIAN:
            lo, hi = np.minimum(source.point, target.point), np.maximum(source.point, target.point)
            if fact.function.boxes(lo[:, None], hi[:, None]).continuous[0]:
                for found in maps:
                    if found.reflects == found.reverses:
                        return found.words
        return EXACT if same_level(self.field, fact.node, source, target) else None

    def _by_curve(self, item: Candidate, source: Equilibrium, target: Equilibrium) -> Proof | None:
        for fact in self.structure.curves:
            if fact.function is None or fact.node is None or fact.cofactor_function is None:
                continue
            if not all(_is_on(fact, saddle) for saddle in (source, target)):
                continue
            if self._joined(item, fact.function, fact.node, (0.0, 0.0), critical=False):
                curve = f"{fact.expression} = 0"
                within = "systems that keep the curve invariant"
                return Proof("proved", f"the invariant curve {curve} carries it", 0, within)
        return None

    def _joined(
        self,
        item: Candidate,
        function: Factor,
        node: Node,
        level: tuple[float, float],
        *,
        critical: bool,
    ) -> bool:
        blocks = []
        for saddle, number in ((item.source, item.out), (item.target, item.back)):
            branch = self.branches[number]
            side = _side(self.equilibria[saddle], branch, self.width)
            block = block_about(
                self.field,
                node,
                self.equilibria[saddle],
                self.width,
                rate=branch.rate,
                side=side,
                critical=critical,
            )
            if block is None:
                return False
            blocks.append(block)
        points = _between(self.curves[item.out].points[: item.last + 1], blocks[0], blocks[1])
        if points is None:
            return False
        ends = (blocks[0].in_cone, blocks[1].in_cone)
        return level_curve_joins(self.field, function, level, points, self.width, ends)

    def _by_reversor(self, item: Candidate, maps: list[Involution]) -> Proof | None:
        if not any(found.reverses and found.reflects for found in maps):
            return None
        points = accurate_points(self.problem, self.curves[item.out], item.last)
        for found in maps:
            if not (found.reverses and found.reflects):
                continue
            # The mirror is the set of points that are their own images.
            across = (points @ found.matrix.T + found.offset - points) / self.width
            way = across[np.argmax(np.abs(across).max(axis=1))]
            side = across @ way / np.linalg.norm(way)
            if side.min() < -CROSSED and side.max() > CROSSED:
                how = f"the system is {found.words}, and the separatrix crosses the mirror"
                return Proof("verified", how, 0, "reversible systems")
        return None


EXACT = "their values, computed exactly, are equal"


def _level(function: Factor, item: Equilibrium) -> tuple[float, float] | None:
    """Give bounds of a function's value at an equilibrium."""
    reach = item.error + 2 * np.spacing(np.abs(item.point))
    found = function.boxes((item.point - reach)[:, None], (item.point + reach)[:, None])
    low, high = float(found.lo[0]), float(found.hi[0])
    return (low, high) if np.isfinite([low, high]).all() else None


def _is_on(fact: StructureFact, item: Equilibrium) -> bool:
    """Tell whether an equilibrium is proved to lie on an invariant curve F = 0.

    At an equilibrium 0 = K F, so F = 0 where the cofactor K is not zero.
    """
    assert fact.cofactor_function is not None
    reach = item.error + 2 * np.spacing(np.abs(item.point))
    lo, hi = (item.point - reach)[:, None], (item.point + reach)[:, None]
    rate = fact.cofactor_function.boxes(lo, hi)
    return bool(rate.continuous[0] and (rate.lo[0] > 0 or rate.hi[0] < 0))


def _side(item: Equilibrium, branch: Branch, width: Array) -> float:
    """Give the side of a branch with respect to the equilibrium's own eigenvector."""
    own = int(np.argmin(np.abs(item.eigenvalues.real - branch.rate)))
    vector = item.eigenvectors.real[:, own]
    return float(np.sign((vector / width) @ (branch.direction / width)))


def _between(points: Array, first: Block, last: Block) -> Array | None:
    """Give the part of a curve from deep in one block to deep in the other."""
    starts = first.in_cone(points, 0.6)
    if not starts.any():
        return None
    begin = int(np.argmax(starts))
    while begin + 1 < len(points) and starts[begin + 1]:
        begin += 1
    ends = np.flatnonzero(last.in_cone(points, 0.6))
    ends = ends[ends > begin]
    return points[begin : int(ends[0]) + 1] if ends.size else None
