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

    Two rows of the matrix at a time are worked on, by functions of their own, because the time
    to compile grows faster than the length of a function.

    Returns
    -------
    emitters : list of Lanes
        What they were written with.
    functions : list of str
        Their definitions.
    """
    emitters: list[Lanes] = []
    functions: list[str] = []

    def begin() -> Lanes:
        emitters.append(Lanes(width, fused=fused, contract=True))
        return emitters[-1]

    def define(name: str, arguments: str, lanes: Lanes) -> None:
        head = f"define internal void @{name}({arguments}) noinline nounwind {{"
        functions.append("\n".join([head, "entry:", *lanes.lines, "  ret void", "}"]))

    define("exchange", "ptr %upper, ptr %lower, ptr %mask, i64 %k", _exchange(begin(), rows))
    for k in range(rows.dimension - 1):
        arguments = "ptr %upper, ptr %lower, ptr %inverse"
        define(f"eliminate{k}", arguments, _eliminate(begin(), rows, k))
    define("factor", "ptr %work", _factor_by_rows(begin(), rows))
    define("solve", "ptr %work", _solve_in_rows(begin(), rows))
    return emitters, functions


def _exchange(lanes: Lanes, rows: Rows) -> Lanes:
    """Exchange two rows in the lanes where the lower has the larger pivot; note where."""
    here, there = (lanes.absolute(lanes.load(row, "%k")) for row in ("%upper", "%lower"))
    mask = lanes.compare("ogt", there, here)
    lanes.store("%mask", 0, lanes.select(mask, lanes.constant(1.0), lanes.constant(0.0)))
    for j in range(rows.dimension):
        upper, lower = lanes.load("%upper", j), lanes.load("%lower", j)
        lanes.store("%upper", j, lanes.select(mask, lower, upper))
        lanes.store("%lower", j, lanes.select(mask, upper, lower))
    return lanes


def _eliminate(lanes: Lanes, rows: Rows, k: int) -> Lanes:
    """Subtract from the lower row what makes it zero in a column; keep the share there."""
    share = lanes.multiply(lanes.load("%lower", k), lanes.load("%inverse", 0))
    lanes.store("%lower", k, share)
    less = lanes.negate(share)
    for j in range(k + 1, rows.dimension):
        lanes.store("%lower", j, lanes.fma(less, lanes.load("%upper", j), lanes.load("%lower", j)))
    return lanes


def _factor_by_rows(lanes: Lanes, rows: Rows) -> Lanes:
    n = rows.dimension
    pivots, mask = rows.matrix + n * n, rows.matrix + n * n + n

    def place(row: int) -> str:
        return lanes.emit(f"getelementptr {lanes.vector}, ptr %work, i64 {row}")

    lines = [place(rows.matrix + i * n) for i in range(n)]
    for k in range(n):
        for i in range(k + 1, n):
            given = f"ptr {lines[k]}, ptr {lines[i]}, ptr {place(mask)}, i64 {k}"
            lanes.lines.append(f"  call void @exchange({given})")
            mask += 1
        pivot = lanes.load("%work", rows.matrix + k * n + k)
        lanes.store("%work", pivots + k, lanes.divide(lanes.constant(1.0), pivot))
        inverse = place(pivots + k)
        for i in range(k + 1, n):
            given = f"ptr {lines[k]}, ptr {lines[i]}, ptr {inverse}"
            lanes.lines.append(f"  call void @eliminate{k}({given})")
    return lanes


def _solve_in_rows(lanes: Lanes, rows: Rows) -> Lanes:
    n = rows.dimension
    pivots, mask = rows.matrix + n * n, rows.matrix + n * n + n
    pairs = [(k, i) for k in range(n) for i in range(k + 1, n)]
    zero = lanes.constant(0.0)
    known = Factors(
        [[lanes.load("%work", rows.matrix + i * n + j) for j in range(n)] for i in range(n)],
        [lanes.load("%work", pivots + i) for i in range(n)],
        [
            (k, i, lanes.compare("ogt", lanes.load("%work", mask + place), zero))
            for place, (k, i) in enumerate(pairs)
        ],
    )
    right = [lanes.load("%work", rows.trial(i)) for i in range(n)]
    for i, value in enumerate(solve(lanes, known, right)):
        lanes.store("%work", rows.trial(i), value)
    return lanes
