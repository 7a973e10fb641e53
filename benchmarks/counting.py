"""Count what was found of a phase portrait's parts, against what is there.

A tool's findings are counted, not judged by eye: an equilibrium is found if one is claimed near
it, and its kind is right, wrong or left undecided; a limit cycle is found if one of its period
and stability is claimed. What is claimed and is not there is a wrong claim, and so is a wrong
kind, or one equilibrium claimed twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linear_sum_assignment

NEAR = 1e-3
"""How far a claim may be from what is there, in widths of the window; see `reach`."""
PERIOD = 1e-3
"""How large the relative error of a period may be."""
FAR = 1e9


@dataclass(frozen=True)
class Equilibrium:
    """An equilibrium at a point; no kind if that is left undecided."""

    point: tuple[float, float]
    kind: str | None = None


@dataclass(frozen=True)
class Cycle:
    """A limit cycle."""

    period: float
    stability: str
    point: tuple[float, float] | None = None


@dataclass(frozen=True)
class Findings:
    """What a tool claims of a system.

    Connections are pairs of points, from and to; `complete` if it proves that there are no other
    equilibria.
    """

    equilibria: tuple[Equilibrium, ...] = ()
    curves: int = 0
    cycles: tuple[Cycle, ...] = ()
    undecided_cycles: int = 0
    connections: tuple[tuple[tuple[float, float], tuple[float, float]], ...] = ()
    complete: bool = False


@dataclass(frozen=True)
class Known:
    """A system, and what is known of it in its window, completely.

    `curve` tells how far a point is from a curve of equilibria, about.
    """

    name: str
    title: str
    equations: tuple[str, ...]
    parameters: dict[str, float]
    window: dict[str, tuple[float, float]]
    equilibria: tuple[Equilibrium, ...]
    cycles: tuple[Cycle, ...] = ()
    connections: tuple[tuple[int, int], ...] = ()
    curve: Callable[[float, float], float] | None = None
    source: str = ""

    @property
    def widths(self) -> np.ndarray:
        """Widths of the window; shape (2,)."""
        return np.ptp(np.array(list(self.window.values()), float), axis=1)


@dataclass
class Count:
    """Numbers of what is there, found, undecided and wrong; those of systems can be added."""

    equilibria: int = 0
    right: int = 0
    wrong_kinds: int = 0
    undecided: int = 0
    curves: int = 0
    curves_found: int = 0
    points_of_curves: int = 0
    cycles: int = 0
    cycles_found: int = 0
    cycles_undecided: int = 0
    connections: int = 0
    connections_found: int = 0
    complete: int = 0
    wrong: list[str] = field(default_factory=list)
    period_errors: list[float] = field(default_factory=list)

    @property
    def found(self) -> int:
        """How many equilibria are found, whatever is said of their kinds."""
        return self.right + self.wrong_kinds + self.undecided

    def __add__(self, other: Count) -> Count:
        """Add all."""
        return Count(*(getattr(self, name) + getattr(other, name) for name in vars(self)))


def distances(known: Known, claimed: Sequence[tuple[float, float]]) -> np.ndarray:
    """Give those from known equilibria to claims, in widths; shape (n known, n claimed)."""
    there = np.array([one.point for one in known.equilibria], float).reshape(-1, 1, 2)
    points = np.array(claimed, float).reshape(1, -1, 2)
    return np.abs((there - points) / known.widths).max(axis=2)


def reach(known: Known) -> np.ndarray:
    """Tell how near a claim has to be: `NEAR`, and closer than to other equilibria; shape (n,)."""
    apart = distances(known, [one.point for one in known.equilibria])
    np.fill_diagonal(apart, np.inf)
    return np.minimum(NEAR, apart.min(axis=1, initial=np.inf) / 2.01)


def count(known: Known, findings: Findings) -> Count:
    """Hold findings against what is known."""
    made = Count(
        equilibria=len(known.equilibria),
        curves=int(known.curve is not None),
        cycles=len(known.cycles),
        connections=len(known.connections),
        complete=int(findings.complete),
    )
    _count_equilibria(made, known, findings)
    _count_cycles(made, known, findings)
    _count_connections(made, known, findings)
    return made


def _count_equilibria(made: Count, known: Known, findings: Findings) -> None:
    claims = list(findings.equilibria)
    apart = distances(known, [claim.point for claim in claims])
    apart[apart > reach(known)[:, None]] = FAR
    matched = set()
    for row, column in zip(*linear_sum_assignment(apart), strict=True):
        if apart[row, column] >= FAR:
            continue
        matched.add(column)
        there, kind = known.equilibria[row], claims[column].kind
        made.undecided += kind is None
        made.right += kind == there.kind
        if kind not in (None, there.kind):
            made.wrong_kinds += 1
            made.wrong.append(f"{kind} instead of {there.kind} at {there.point}")
    for column, claim in enumerate(claims):
        x, y = claim.point
        if column in matched:
            continue
        if known.curve is not None and known.curve(x, y) < NEAR:
            made.points_of_curves += 1
            if claim.kind is not None:
                made.wrong.append(f"{claim.kind} on a curve of equilibria at ({x:.6g}, {y:.6g})")
        else:
            twice = bool((apart[:, column] < FAR).any())
            word = "found twice" if twice else "does not exist"
            made.wrong.append(f"equilibrium {word}: ({x:.9g}, {y:.9g})")
    made.curves_found = min(made.curves, findings.curves)
    if findings.curves > made.curves:
        made.wrong.append(f"{findings.curves - made.curves} curves of equilibria")


def _count_cycles(made: Count, known: Known, findings: Findings) -> None:
    left = list(known.cycles)
    for claim in findings.cycles:
        errors = [abs(claim.period / there.period - 1.0) for there in left]
        fitting = [
            (error, there)
            for error, there in zip(errors, left, strict=True)
            if error <= PERIOD and there.stability == claim.stability
        ]
        if fitting:
            error, there = min(fitting, key=lambda pair: pair[0])
            made.period_errors.append(error)
            left.remove(there)
        else:
            made.wrong.append(f"{claim.stability} cycle of period {claim.period:.6g}")
    made.cycles_found = made.cycles - len(left)
    made.cycles_undecided = min(findings.undecided_cycles, len(left))


def _count_connections(made: Count, known: Known, findings: Findings) -> None:
    left = list(known.connections)
    limits = reach(known)
    for claim in findings.connections:
        near = distances(known, claim) <= limits[:, None]
        ends = [np.flatnonzero(column) for column in near.T]
        pair = (int(ends[0][0]), int(ends[1][0])) if all(len(end) for end in ends) else None
        if pair in left:
            left.remove(pair)
        else:
            made.wrong.append(f"a connection from {claim[0]} to {claim[1]}")
    made.connections_found = made.connections - len(left)
