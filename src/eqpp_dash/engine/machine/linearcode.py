"""Solving linear equations in lanes: a matrix for each lane, factored once, solved often."""

from __future__ import annotations

from dataclasses import dataclass, field

from eqpp_dash.engine.machine.lanes import Lanes


@dataclass(slots=True)
class Factors:
    """A matrix in factors, as values: ``P*M = L*U``, with rows exchanged lane by lane.

    Attributes
    ----------
    rows : list of list of str
        Below the diagonal L, on and above it U.
    inverse : list of str
        One over the diagonal of U.
    exchanges : list of tuple of int, int, str
        Rows that changed places, in order, and in which lanes.
    """

    rows: list[list[str]]
    inverse: list[str] = field(default_factory=list)
    exchanges: list[tuple[int, int, str]] = field(default_factory=list)


def factor(lanes: Lanes, matrix: list[list[str]]) -> Factors:
    """Emit the elimination with the largest pivot of each column.

    Golub and Van Loan, *Matrix Computations* (4th ed., 2013), section 3.4. The pivot is brought
    up by comparing it with each row below. A singular matrix gives infinite or NaN solutions.
    """
    n = len(matrix)
    factors = Factors([list(row) for row in matrix])
    rows = factors.rows
    for k in range(n):
        for i in range(k + 1, n):
            here, there = lanes.absolute(rows[k][k]), lanes.absolute(rows[i][k])
            mask = lanes.compare("ogt", there, here)
            factors.exchanges.append((k, i, mask))
            for j in range(n):
                upper, lower = rows[k][j], rows[i][j]
                rows[k][j] = lanes.select(mask, lower, upper)
                rows[i][j] = lanes.select(mask, upper, lower)
        inverse = lanes.divide(lanes.constant(1.0), rows[k][k])
        factors.inverse.append(inverse)
        for i in range(k + 1, n):
            share = lanes.multiply(rows[i][k], inverse)
            rows[i][k] = share
            less = lanes.negate(share)
            for j in range(k + 1, n):
                rows[i][j] = lanes.fma(less, rows[k][j], rows[i][j])
    return factors


def solve(lanes: Lanes, factors: Factors, right: list[str]) -> list[str]:
    """Emit the solution for one right-hand side."""
    n, rows = len(right), factors.rows
    x = list(right)
    for k, i, mask in factors.exchanges:
        upper, lower = x[k], x[i]
        x[k], x[i] = lanes.select(mask, lower, upper), lanes.select(mask, upper, lower)
    for i in range(n):
        for j in range(i):
            x[i] = lanes.fma(lanes.negate(rows[i][j]), x[j], x[i])
    for i in reversed(range(n)):
        for j in range(i + 1, n):
            x[i] = lanes.fma(lanes.negate(rows[i][j]), x[j], x[i])
        x[i] = lanes.multiply(x[i], factors.inverse[i])
    return x
