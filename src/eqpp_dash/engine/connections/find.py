"""Name the separatrices, and find those that connect saddles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.connections.candidates import Candidate, Walk, candidates, is_clear, returned
from eqpp_dash.engine.connections.chains import polycycles
from eqpp_dash.engine.connections.copies import Copies, End
from eqpp_dash.engine.connections.gaps import measure_gap
from eqpp_dash.engine.connections.levels import level_error
from eqpp_dash.engine.connections.proofs import Proof, Prover
from eqpp_dash.engine.dop853 import Array
from eqpp_dash.engine.manifolds import Branch
from eqpp_dash.engine.orbits import Problem
from eqpp_dash.engine.structure.facts import Kind, Structure
from eqpp_dash.model.manifolds import Connection, Polycycle, Separatrix
from eqpp_dash.model.portrait import ALONG_MANIFOLD, CONNECTED, Equilibrium, OrbitEnd, Trajectory

NEAR = 5e-3
"""Branches that pass this near to each other on a section, in widths, nearly connect."""

ARRIVED = 1e-3
"""A curve that comes so near to its end, in widths of the window, has arrived."""

MOST_MEASURED = 6
DOUBTFUL = "it slows down on the way, as beside an equilibrium outside the window"


@dataclass(slots=True)
class Net:
    """Separatrices with their connections.

    Attributes
    ----------
    trajectories : tuple of Trajectory
        The separatrices as curves; those that connect saddles end at them.
    separatrices, connections, polycycles : tuple
        As in `Portrait`.
    """

    trajectories: tuple[Trajectory, ...] = ()
    separatrices: tuple[Separatrix, ...] = ()
    connections: tuple[Connection, ...] = ()
    polycycles: tuple[Polycycle, ...] = field(default=())


def find_connections(
    problem: Problem,
    branches: Sequence[Branch],
    curves: Sequence[Trajectory],
    equilibria: Sequence[Equilibrium],
    structure: Structure | None,
    steps: Sequence[Walk],
) -> Net:
    """Name where separatrices go, and find, prove or measure connections of saddles.

    Parameters
    ----------
    problem : Problem
        The planar system on its window.
    branches : sequence of Branch
        Branches of the manifolds.
    curves : sequence of Trajectory
        The same, followed; one each.
    equilibria : sequence of Equilibrium
        All equilibria known, in the order of the portrait.
    structure : Structure or None
        What is proved about the field.
    steps : sequence of (ndarray, ndarray)
        For each curve the elapsed times of the steps by which it was followed, shape (m,), and
        the states there, shape (2, m).

    Returns
    -------
    Net
        What was found.
    """
    prover = Prover(problem, branches, curves, equilibria, structure or Structure())
    connections: list[Connection] = []
    ends: dict[int, End] = {}
    measured = 0
    for item in candidates(problem, branches, curves, equilibria, steps):
        if item.out in ends or item.back in ends or not item.clear:
            continue
        proof = prover.prove(item)
        if proof is None and measured < MOST_MEASURED:
            measured += 1
            near = _near(problem, curves, item, loops=not _without_loops(structure))
            if near is not None:
                connections.append(near)
        if proof is None:
            continue
        connections.append(_proved(branches, item, proof))
        for mine, other in ((item.out, item.target), (item.back, item.source)):
            ends[mine] = End(other, proof.status, proof.how)
    copies = Copies(problem, structure or Structure(), equilibria)
    ends |= copies.ends(branches, ends)
    named = [
        _ended(curve, branches[i].equilibrium, ends.get(i), problem, equilibria)
        for i, curve in enumerate(curves)
    ]
    for i, walk in enumerate(steps):
        if i not in ends:
            named[i] = _doubted(problem, named[i], walk)
    integral = structure.integral if structure else None
    separatrices = [
        replace(
            _separatrix(branch, curve, ends.get(i)),
            level_error=level_error(problem, integral, equilibria[branch.equilibrium], steps[i][1]),
        )
        for i, (branch, curve) in enumerate(zip(branches, named, strict=True))
    ]
    chains = polycycles(connections)
    return Net(tuple(named), tuple(separatrices), tuple(connections), chains)


def _near(
    problem: Problem, curves: Sequence[Trajectory], item: Candidate, *, loops: bool
) -> Connection | None:
    gap = measure_gap(problem, curves[item.out], curves[item.back], item.last, problem.width)
    if gap is None or not gap.distance <= NEAR:
        return None
    how = f"the branches pass each other at {gap.distance:.2g} of the window"
    if gap.distance < 1e-9:
        how = "the branches cannot be told apart: below 1e-9 of the window on the section"
    if item.type == "homoclinic" and not loops:
        how += "; they are not one: a Dulac function excludes closed curves of orbits"
    return Connection(
        item.type,
        item.source,
        item.target,
        (item.out, item.back),
        "near",
        1,
        "",
        how,
        gap.distance,
        gap.section,
    )


def _without_loops(structure: Structure | None) -> bool:
    """Tell whether a Dulac function excludes closed curves of orbits everywhere, loops too."""
    facts = structure.of(Kind.DULAC) if structure else ()
    return any(fact.simply_connected and not fact.region for fact in facts)


def _proved(branches: Sequence[Branch], item: Candidate, proof: Proof) -> Connection:
    return Connection(
        item.type,
        item.source,
        item.target,
        (item.out, item.back),
        proof.status,
        proof.codimension,
        proof.within,
        proof.how,
    )


def _ended(
    curve: Trajectory,
    own: int,
    end: End | None,
    problem: Problem,
    equilibria: Sequence[Equilibrium],
) -> Trajectory:
    """Let a curve of equilibrium `own` end at the one that it is known to go to, or at its copy."""
    if end is None:
        return curve
    name = f"equilibrium {end.equilibrium}"
    there = OrbitEnd(name, None, f"{CONNECTED}{end.status}: {end.how}", end.shift)
    target = equilibria[end.equilibrium].point.copy()
    if end.is_copy:
        target += np.array(end.shift)
    curve = _cut(curve, target, problem, loop=end.equilibrium == own and not end.is_copy)
    if _leads_away(curve):
        return replace(curve, forward=there)
    return replace(curve, backward=there)


def _leads_away(curve: Trajectory) -> bool:
    """Tell whether a separatrix comes from its equilibrium, in the sense of time."""
    return curve.backward.reason == ALONG_MANIFOLD


def _cut(curve: Trajectory, target: Array, problem: Problem, *, loop: bool) -> Trajectory:
    """Cut off what was followed beyond the point of a curve that is nearest to its end.

    A loop, which ends where it comes from, has first to come back.
    """
    away = np.max(np.abs((curve.points - target) / problem.width), axis=1)
    away = away if _leads_away(curve) else away[::-1]
    if loop:
        away = np.where(returned(away), away, np.inf)
    if not np.isfinite(away).any():
        return curve
    near = np.flatnonzero(away <= max(2 * away.min(), ARRIVED))
    count = int(near[0] + np.argmin(away[near[0] : near[0] + _run(near)])) + 1
    part = slice(count) if _leads_away(curve) else slice(len(away) - count, None)
    return replace(curve, times=curve.times[part], points=curve.points[part])


def _run(numbers: NDArray[np.intp]) -> int:
    """Give how many numbers follow one another from the first on."""
    gaps = np.flatnonzero(np.diff(numbers) > 1)
    return int(gaps[0]) + 1 if gaps.size else numbers.size


def _doubted(problem: Problem, curve: Trajectory, walk: Walk) -> Trajectory:
    """Say of an undecided end that it is worth nothing after a slow place."""
    out = _leads_away(curve)
    end = curve.forward if out else curve.backward
    if end.end != "undecided" or not walk[0].size:
        return curve
    if is_clear(problem, walk, np.inf, walk[1][:, -1]):
        return curve
    end = replace(end, reason=DOUBTFUL)
    return replace(curve, forward=end) if out else replace(curve, backward=end)


def _separatrix(branch: Branch, curve: Trajectory, end: End | None) -> Separatrix:
    away = curve.forward if branch.rate > 0 else curve.backward
    evidence = "undecided" if away.end == "undecided" else "numerical"
    return Separatrix(
        branch.equilibrium,
        "unstable" if branch.rate > 0 else "stable",
        np.asarray(branch.direction),
        away.end,
        away.time,
        evidence if end is None else end.status,
        away.reason,
        branch.order,
        branch.radius,
        branch.residual,
        shift=() if end is None else end.shift,
    )
