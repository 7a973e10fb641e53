"""Linear algebra over the rationals, fraction-free, for sparse systems."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from fractions import Fraction
from math import gcd, lcm
from typing import Any

from eqpp_dash.engine.expression.polynomial import Work

Row = dict[int, int]
Vector = Mapping[Any, Fraction] | Mapping[Any, int]


class Elimination:
    """Rows reduced one after the other; what they leave free is the null space.

    Parameters
    ----------
    columns : int
        Number of unknowns.
    work : Work
        Budget.
    """

    def __init__(self, columns: int, work: Work) -> None:
        self._columns = columns
        self._work = work
        self._pivots: dict[int, Row] = {}

    @property
    def rank(self) -> int:
        """Number of independent rows so far."""
        return len(self._pivots)

    def add(self, row: Mapping[int, Fraction | int]) -> None:
        """Take in the equation sum of row[j]*c_j = 0."""
        below = lcm(*(Fraction(c).denominator for c in row.values())) if row else 1
        rest = {j: int(c * below) for j, c in row.items() if c}
        while rest:
            lead = max(rest)
            pivot = self._pivots.get(lead)
            if pivot is None:
                divisor = gcd(*rest.values())
                self._pivots[lead] = {j: c // divisor for j, c in rest.items()}
                return
            self._work.spend(len(pivot) + len(rest))
            rest = _cancel(rest, pivot, lead)

    def null_space(self) -> list[list[Fraction]]:
        """Give a basis of the solutions, one vector for each free unknown, simplest first."""
        vectors = []
        order = sorted(self._pivots)
        for free in range(self._columns):
            if free in self._pivots:
                continue
            vector = [Fraction(0)] * self._columns
            vector[free] = Fraction(1)
            for lead in order:  # a pivot's other entries lie at lower places
                if lead > free:
                    row = self._pivots[lead]
                    self._work.spend(len(row))
                    total = sum((c * vector[j] for j, c in row.items() if j != lead), Fraction(0))
                    vector[lead] = -total / row[lead]
            vectors.append(vector)
        vectors.sort(key=lambda v: sum(c != 0 for c in v))
        return vectors


def _cancel(row: Row, pivot: Row, lead: int) -> Row:
    divisor = gcd(row[lead], pivot[lead])
    up, down = pivot[lead] // divisor, row[lead] // divisor
    result = {j: c * up for j, c in row.items()}
    for j, c in pivot.items():
        value = result.get(j, 0) - c * down
        if value:
            result[j] = value
        else:
            result.pop(j, None)
    if result:
        shared = gcd(*result.values())
        if shared > 1:
            result = {j: c // shared for j, c in result.items()}
    return result


def relations(vectors: Sequence[Vector], work: Work) -> list[list[Fraction]]:
    """Find all linear relations between sparse vectors.

    Parameters
    ----------
    vectors : sequence of mapping
        Component to value; what is left out is zero.
    work : Work
        Budget.

    Returns
    -------
    list of list of Fraction
        A basis of the c with sum of c[j]*vectors[j] = 0.

    Examples
    --------
    >>> relations([{"a": 1, "b": 1}, {"a": 2, "b": 2}, {"b": 1}], Work())
    [[Fraction(1, 1), Fraction(-1, 2), Fraction(0, 1)]]
    """
    rows: dict[Hashable, dict[int, Fraction | int]] = {}
    for j, vector in enumerate(vectors):
        for key, c in vector.items():
            rows.setdefault(key, {})[j] = c
    elimination = Elimination(len(vectors), work)
    for row in rows.values():
        elimination.add(row)
        if elimination.rank == len(vectors):
            return []
    return elimination.null_space()


def combination(
    target: Vector,
    vectors: Sequence[Vector],
    work: Work,
) -> list[Fraction] | None:
    """Write a vector as a combination of others.

    Returns
    -------
    list of Fraction or None
        c with target = sum of c[j]*vectors[j], as many zeros in it as the elimination gives;
        None where there is none.
    """
    # the target comes last, so that it is a free unknown exactly where it is dependent on
    # none, and a relation with it is one that the elimination gives by itself
    found = relations([*vectors, target], work)
    for vector in found:
        if vector[-1]:
            return [-c / vector[-1] for c in vector[:-1]]
    return None


def clear(values: Iterable[Fraction]) -> list[Fraction]:
    """Scale a vector to coprime whole numbers, the first that is not zero positive."""
    numbers = list(values)
    alive = [c for c in numbers if c]
    if not alive:
        return numbers
    scale = Fraction(lcm(*(c.denominator for c in alive)), gcd(*(c.numerator for c in alive)))
    if alive[0] < 0:
        scale = -scale
    return [c * scale for c in numbers]
