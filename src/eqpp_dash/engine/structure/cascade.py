"""Curves completed from their highest terms downward, degree by degree.

In degree n + d - 1 - j the condition X(F) = K F is linear in the terms of F of degree n - j and
of K of degree d - 1 - j, with constant coefficients; the known terms stand on the right. What
stays free becomes a parameter, and what is over-determined a condition on the parameters.
"""

from __future__ import annotations

from fractions import Fraction

from eqpp_dash.engine.exact import differentiate
from eqpp_dash.engine.expression.polynomial import (
    Polynomial,
    TooLargeError,
    Work,
    accumulate,
    divide,
    multiply,
)
from eqpp_dash.engine.structure.parameters import (
    COST,
    ONE,
    PARAMETERS,
    solve_parameters,
    times,
    value_at,
)

#: Exponents of (x, y) -> coefficient, a polynomial in the parameters.
Family = dict[tuple[int, ...], Polynomial]


def complete_curve(
    field: tuple[Polynomial, Polynomial], top: Polynomial, work: Work
) -> list[Polynomial]:
    """Find invariant curves with given highest terms.

    Parameters
    ----------
    field : (Polynomial, Polynomial)
        The field.
    top : Polynomial
        A form: the highest terms of the curve.
    work : Work
        Budget.

    Returns
    -------
    list of Polynomial
        Curves with rational coefficients; of a family, the member with all parameters zero.

    Examples
    --------
    >>> one = Fraction(1)
    >>> p = {(0, 1): -one, (1, 0): one, (3, 0): -one, (1, 2): -one}
    >>> q = {(1, 0): one, (0, 1): one, (2, 1): -one, (0, 3): -one}
    >>> complete_curve((p, q), {(2, 0): one, (0, 2): one}, Work())[0]
    {(2, 0): Fraction(1, 1), (0, 2): Fraction(1, 1), (0, 0): Fraction(-1, 1)}
    """
    return _Cascade(field, top, work).run()


class _Cascade:
    def __init__(self, field: tuple[Polynomial, Polynomial], top: Polynomial, work: Work) -> None:
        self.work = work
        self.field = field
        self.degree = max(sum(key) for p in field for key in p)
        self.size = sum(next(iter(top)))
        self.curve: Family = {key: {ONE: c} for key, c in top.items()}
        self.cofactor: Family = {}
        self.top = top
        self.free = 0
        self.conditions: list[Polynomial] = []

    def run(self) -> list[Polynomial]:
        lead = self._highest_cofactor()
        if lead is None:
            return []
        self.cofactor = {key: {ONE: c} for key, c in lead.items()}
        self.lead = lead
        for j in range(1, self.size + self.degree):
            if not self._step(j):
                return []
        return self._members()

    def _highest_cofactor(self) -> Polynomial | None:
        parts = [_part(p, self.degree) for p in self.field]
        total: Polynomial = {}
        for axis, part in enumerate(parts):
            self.work.spend(COST * len(self.top) * len(part))
            product = multiply(differentiate(self.top, axis), part)
            if product is None:
                raise TooLargeError
            accumulate(total, product, Fraction(1))
        return divide(total, self.top)

    def _step(self, j: int) -> bool:
        """Find the terms of the curve of degree n - j; False where there are none."""
        n, d = self.size, self.degree
        level = n + d - 1 - j
        right = self._right_side(level)
        low = n - j
        unknown: list[tuple[str, tuple[int, ...], Polynomial]] = []
        if low >= 0:
            for i in range(low + 1):
                key: tuple[int, ...] = (low - i, i)
                unknown.append(("curve", key, self._image(key)))
        if d - 1 - j >= 0:
            for i in range(d - j):
                key = (d - 1 - j - i, i)
                shifted: Polynomial = {
                    (a + key[0], b + key[1]): -c for (a, b), c in self.top.items()
                }
                unknown.append(("cofactor", key, shifted))
        solution = self._solve([u[2] for u in unknown], right, level)
        if solution is None:
            return False
        for (which, key, _), value in zip(unknown, solution, strict=True):
            if value:
                (self.curve if which == "curve" else self.cofactor)[key] = value
        return True

    def _image(self, key: tuple[int, ...]) -> Polynomial:
        """Give X_d(m) - K_(d-1) m of a monomial m."""
        total: Polynomial = {}
        for axis, p in enumerate(self.field):
            if key[axis]:
                for (a, b), c in _part(p, self.degree).items():
                    place = (a + key[0] - (axis == 0), b + key[1] - (axis == 1))
                    total[place] = total.get(place, Fraction(0)) + c * key[axis]
        for (a, b), c in self.lead.items():
            place = (a + key[0], b + key[1])
            total[place] = total.get(place, Fraction(0)) - c
        return {place: c for place, c in total.items() if c}

    def _right_side(self, level: int) -> Family:
        """Give K F - X(F) of what is known, in one degree."""
        total: Family = {}
        for key, value in self.curve.items():
            for other, factor in self.cofactor.items():
                if sum(key) + sum(other) == level:
                    place = (key[0] + other[0], key[1] + other[1])
                    self._accumulate(total, place, times(value, factor, self.work), Fraction(1))
            for axis, p in enumerate(self.field):
                if not key[axis]:
                    continue
                for other, c in p.items():
                    if sum(key) - 1 + sum(other) == level:
                        place = (
                            key[0] + other[0] - (axis == 0),
                            key[1] + other[1] - (axis == 1),
                        )
                        self._accumulate(total, place, value, -c * key[axis])
        return {place: value for place, value in total.items() if value}

    def _accumulate(
        self, total: Family, place: tuple[int, ...], value: Polynomial, scale: Fraction
    ) -> None:
        self.work.spend(COST * (len(value) + 1))
        accumulate(total.setdefault(place, {}), value, scale)

    def _solve(
        self, columns: list[Polynomial], right: Family, level: int
    ) -> list[Polynomial] | None:
        """Eliminate; the right sides are polynomials in the parameters."""
        places = [(level - i, i) for i in range(level + 1)]
        rows = [
            ({k: column[p] for k, column in enumerate(columns) if p in column}, right.get(p, {}))
            for p in places
        ]
        pivots: list[tuple[int, dict[int, Fraction], Polynomial]] = []
        for row, value in rows:
            for k, pivot, known in pivots:
                if k in row:
                    c = row[k]
                    self.work.spend(COST * (len(pivot) + len(known) + 1))
                    row = _less(row, pivot, c)
                    value = dict(value)
                    accumulate(value, known, -c)
            if row:
                k = min(row)
                c = row[k]
                pivot = {i: a / c for i, a in row.items()}
                known = {key: a / c for key, a in value.items()}
                pivots = [
                    (m, _less(r, pivot, r[k]), _minus(v, known, r[k])) if k in r else (m, r, v)
                    for m, r, v in pivots
                ]
                pivots.append((k, pivot, known))
            elif value:
                if ONE in value and len(value) == 1:
                    return None
                self.conditions.append(dict(value))
        solution: list[Polynomial] = [{} for _ in columns]
        led = {k for k, _, _ in pivots}
        for k in range(len(columns)):
            if k not in led:
                if self.free == PARAMETERS:
                    raise TooLargeError
                unit = tuple(int(i == self.free) for i in range(PARAMETERS))
                self.free += 1
                solution[k] = {unit: Fraction(1)}
        for k, pivot, known in pivots:
            value = dict(known)
            for i, a in pivot.items():
                if i != k:
                    accumulate(value, solution[i], -a)
            solution[k] = value
        return solution

    def _members(self) -> list[Polynomial]:
        values = solve_parameters(self.conditions, self.work)
        members = []
        for point in values:
            member = {key: value_at(value, point) for key, value in self.curve.items()}
            members.append({key: c for key, c in member.items() if c})
        return members


def _part(p: Polynomial, degree: int) -> Polynomial:
    return {key: c for key, c in p.items() if sum(key) == degree}


def _less(row: dict[int, Fraction], pivot: dict[int, Fraction], c: Fraction) -> dict[int, Fraction]:
    result = dict(row)
    for i, a in pivot.items():
        value = result.get(i, Fraction(0)) - c * a
        if value:
            result[i] = value
        else:
            result.pop(i, None)
    return result


def _minus(value: Polynomial, known: Polynomial, c: Fraction) -> Polynomial:
    result = dict(value)
    accumulate(result, known, -c)
    return result
