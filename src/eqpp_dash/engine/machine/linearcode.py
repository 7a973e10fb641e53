"""Solving linear equations in lanes: a matrix for each lane, factored once, solved often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.machine.layout import Rows

#: Emits the solution for a right-hand side.
Solver = Callable[[list[str]], list[str]]


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


def solver(lanes: Lanes, matrix: list[list[str]]) -> Solver:
    """Emit the factors of a matrix and give what emits solutions, all written out."""
    return partial(solve, lanes, factor(lanes, matrix))


def called_solver(lanes: Lanes, rows: Rows, matrix: list[list[str]]) -> Solver:
    """Do as `solver`, by calls of the `routines`: through the rows of the work area."""
    n = rows.dimension
    for i, row in enumerate(matrix):
        for j, value in enumerate(row):
            lanes.store("%work", rows.matrix + i * n + j, value)
    lanes.lines.append("  call void @factor(ptr %work)")

    def solved(right: list[str]) -> list[str]:
        for i, value in enumerate(right):
            lanes.store("%work", rows.trial(i), value)
        lanes.lines.append("  call void @solve(ptr %work)")
        return [lanes.load("%work", rows.trial(i)) for i in range(n)]

    return solved


def routines(width: int, fused: bool, rows: Rows) -> tuple[list[Lanes], list[str]]:
    """Give the functions ``factor`` and ``solve`` that `called_solver` calls.

    Returns
    -------
    emitters : list of Lanes
        What they were written with.
    functions : list of str
        Their definitions.
    """
    n = rows.dimension
    pivots, exchanges = rows.matrix + n * n, rows.matrix + n * n + n
    pairs = [(k, i) for k in range(n) for i in range(k + 1, n)]

    first = Lanes(width, fused=fused, contract=True)
    matrix = [[first.load("%work", rows.matrix + i * n + j) for j in range(n)] for i in range(n)]
    made = factor(first, matrix)
    zero, one = first.constant(0.0), first.constant(1.0)
    for i in range(n):
        for j in range(n):
            first.store("%work", rows.matrix + i * n + j, made.rows[i][j])
        first.store("%work", pivots + i, made.inverse[i])
    for place, (_, _, mask) in enumerate(made.exchanges):
        first.store("%work", exchanges + place, first.select(mask, one, zero))

    second = Lanes(width, fused=fused, contract=True)
    known = Factors(
        [[second.load("%work", rows.matrix + i * n + j) for j in range(n)] for i in range(n)],
        [second.load("%work", pivots + i) for i in range(n)],
        [
            (k, i, second.compare("ogt", second.load("%work", exchanges + place), zero))
            for place, (k, i) in enumerate(pairs)
        ],
    )
    right = [second.load("%work", rows.trial(i)) for i in range(n)]
    for i, value in enumerate(solve(second, known, right)):
        second.store("%work", rows.trial(i), value)

    functions = []
    for name, lanes in (("factor", first), ("solve", second)):
        head = f"define internal void @{name}(ptr %work) noinline nounwind {{"
        functions.append("\n".join([head, "entry:", *lanes.lines, "  ret void", "}"]))
    return [first, second], functions
