"""The Taylor polynomial of a planar field about an equilibrium, with exact coefficients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb
from typing import Any

Terms = dict[tuple[int, int], Any]
"""Exponents of both coordinates to coefficient; no coefficient is zero."""
Series = list[Any]
"""Coefficients of a power series in one variable, from the constant one up."""
Matrix = tuple[tuple[Any, Any], tuple[Any, Any]]


class UnclearError(Exception):
    """What is known of a field does not decide; the message says why."""


def sign(value: Any) -> int:
    """Give the sign of an exact number."""
    return int(value > 0) - int(value < 0)


@dataclass(frozen=True, slots=True, eq=False)
class Germ:
    """A planar field about a zero at the origin.

    Attributes
    ----------
    first, second : Terms
        The two components.
    known : int or None
        Total degree up to which all terms are known; None if all of them are.
    """

    first: Terms
    second: Terms
    known: int | None = None

    @property
    def linear(self) -> Matrix:
        """The linear part."""
        zero = Fraction(0)
        a, b = ((p.get((1, 0), zero), p.get((0, 1), zero)) for p in (self.first, self.second))
        return a, b

    @property
    def order(self) -> int:
        """Least total degree of a term.

        Raises
        ------
        UnclearError
            If all known terms vanish.
        """
        degrees = [i + j for p in (self.first, self.second) for i, j in p]
        if not degrees:
            raise UnclearError("all known derivatives vanish")
        return min(degrees)

    def require(self, degree: int) -> None:
        """Raise `UnclearError` unless all terms of a total degree are known."""
        if self.known is not None and degree > self.known:
            raise UnclearError(f"derivatives of order {degree} would be needed")

    def cut(self, degree: int) -> Germ:
        """Drop the terms above a total degree."""
        first, second = (
            {key: c for key, c in p.items() if sum(key) <= degree}
            for p in (self.first, self.second)
        )
        whole = self.known is None and len(first) + len(second) == len(self.first) + len(
            self.second
        )
        known = degree if self.known is None else min(degree, self.known)
        return Germ(first, second, None if whole else known)

    def changed(self, columns: Matrix) -> Germ:
        """Give the field in coordinates (u, v), where the old ones are a u + b v, c u + d v.

        Parameters
        ----------
        columns : matrix ((a, b), (c, d))
            The change; regular.
        """
        (a, b), (c, d) = columns
        determinant = a * d - b * c
        first = substitute_lines(self.first, (a, b), (c, d))
        second = substitute_lines(self.second, (a, b), (c, d))
        return Germ(
            combine((first, d / determinant), (second, -b / determinant)),
            combine((first, -c / determinant), (second, a / determinant)),
            self.known,
        )

    def turned(self, quarters: int) -> Germ:
        """Give the field in axes turned counterclockwise by quarters of a turn."""
        first, second = self.first, self.second
        for _ in range(quarters % 4):
            # x = -Y, y = X, so X' = y' and Y' = -x'
            first, second = (
                {(j, i): c if i % 2 == 0 else -c for (i, j), c in second.items()},
                {(j, i): -c if i % 2 == 0 else c for (i, j), c in first.items()},
            )
        return Germ(first, second, self.known)


def combine(*parts: tuple[Terms, Any]) -> Terms:
    """Add multiples of polynomials."""
    total: Terms = {}
    for terms, factor in parts:
        if not factor:
            continue
        for key, c in terms.items():
            value = total[key] + factor * c if key in total else factor * c
            total[key] = value
    return {key: c for key, c in total.items() if c}


def times(a: Terms, b: Terms, degree: int | None = None) -> Terms:
    """Multiply polynomials, up to a total degree."""
    total: Terms = {}
    for (i, j), c in a.items():
        for (k, m), d in b.items():
            if degree is not None and i + j + k + m > degree:
                continue
            key = (i + k, j + m)
            total[key] = total[key] + c * d if key in total else c * d
    return {key: c for key, c in total.items() if c}


def substitute_lines(p: Terms, first: Sequence[Any], second: Sequence[Any]) -> Terms:
    """Put linear forms a u + b v into a polynomial."""
    highest = max((max(key) for key in p), default=0)
    powers: list[list[Terms]] = []
    for a, b in (first, second):
        line = {key: c for key, c in (((1, 0), a), ((0, 1), b)) if c}
        table: list[Terms] = [{(0, 0): Fraction(1)}]
        for _ in range(highest):
            table.append(times(table[-1], line))
        powers.append(table)
    parts = [(times(powers[0][i], powers[1][j]), c) for (i, j), c in p.items()]
    return combine(*parts)


def shifted(p: Terms, axis: int, step: Any) -> Terms:
    """Put u + step in the place of one coordinate u."""
    if not step:
        return dict(p)
    total: Terms = {}
    for key, c in p.items():
        n = key[axis]
        for k in range(n + 1):
            place = (k, key[1]) if axis == 0 else (key[0], k)
            value = c * comb(n, k) * step ** (n - k)
            total[place] = total[place] + value if place in total else value
    return {key: c for key, c in total.items() if c}


def derivative(p: Terms, axis: int) -> Terms:
    """Differentiate a polynomial by one coordinate."""
    step = (1, 0) if axis == 0 else (0, 1)
    return {
        (key[0] - step[0], key[1] - step[1]): c * key[axis] for key, c in p.items() if key[axis]
    }


def multiply_series(a: Series, b: Series, order: int) -> Series:
    """Multiply power series up to an order."""
    result: Series = [Fraction(0)] * (order + 1)
    for i, c in enumerate(a[: order + 1]):
        if c:
            for j, d in enumerate(b[: order + 1 - i]):
                if d:
                    result[i + j] = result[i + j] + c * d
    return result


def along(p: Terms, h: Series, order: int) -> Series:
    """Give p(x, h(x)) as a power series up to an order; h vanishes at 0."""
    rows: dict[int, Series] = {}
    for (i, j), c in p.items():
        if i <= order:
            row = rows.setdefault(j, [Fraction(0)] * (order + 1))
            row[i] = row[i] + c
    total: Series = [Fraction(0)] * (order + 1)
    for j in range(max(rows, default=0), -1, -1):
        total = multiply_series(total, h, order)
        for i, c in enumerate(rows.get(j, [])):
            total[i] = total[i] + c
    return total


def implicit(p: Terms, order: int) -> Series:
    """Solve p(x, h(x)) = 0 for h with h(0) = 0 by Newton's iteration, up to an order.

    Parameters
    ----------
    p : Terms
        A polynomial without constant term whose derivative by y does not vanish at the origin.
    order : int
        Order of the series.
    """
    slope = derivative(p, 1)
    h: Series = [Fraction(0)]
    reached = 0
    while reached < order:
        reached = min(order, 2 * reached + 1)
        h = [*h, *[Fraction(0)] * (reached + 1 - len(h))]
        value = along(p, h, reached)
        quotient = divide_series(value, along(slope, h, reached), reached)
        h = [a - b for a, b in zip(h, quotient, strict=True)]
    return h


def divide_series(a: Series, b: Series, order: int) -> Series:
    """Divide power series up to an order; b does not vanish at 0."""
    result: Series = []
    for k in range(order + 1):
        value = a[k]
        for j in range(1, k + 1):
            if b[j] and result[k - j]:
                value = value - b[j] * result[k - j]
        result.append(value / b[0] if value else value)
    return result


def leading(series: Series) -> tuple[int, Any] | None:
    """Give order and coefficient of the first term of a series; None if all vanish."""
    return next(((k, c) for k, c in enumerate(series) if c), None)


GermOf = Callable[[int], Germ]
"""Gives the field about a point with all terms up to a total degree at least."""
