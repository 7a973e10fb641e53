"""Curves completed from their highest terms downward, degree by degree.

In degree n + d - 1 - j the condition X(F) = K F is linear in the terms of F of degree n - j and
of K of degree d - 1 - j, with constant coefficients; the known terms stand on the right. What
stays free becomes a parameter, and what is over-determined a condition on the parameters.
"""

from __future__ import annotations

from fractions import Fraction

from eqpp_dash.engine.algebra.roots import rational_roots
from eqpp_dash.engine.algebra.solve import rational_solutions
from eqpp_dash.engine.algebra.univariate import from_polynomial
from eqpp_dash.engine.exact import differentiate
from eqpp_dash.engine.expression.polynomial import (
    Polynomial,
    TooLargeError,
    Work,
    accumulate,
    divide,
    multiply,
)

#: A product of fractions in units of products of integers.
COST = 6
#: Parameters that may be free at a time.
PARAMETERS = 6
ONE = (0,) * PARAMETERS
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
                    self._accumulate(total, place, _times(value, factor, self.work), Fraction(1))
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
        values = _parameters(self.conditions, self.work)
        members = []
        for point in values:
            member = {key: _value(value, point) for key, value in self.curve.items()}
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


def _times(a: Polynomial, b: Polynomial, work: Work) -> Polynomial:
    work.spend(COST * (len(a) * len(b) + 1))
    result = multiply(a, b)
    if result is None:
        raise TooLargeError
    return result


def _value(p: Polynomial, point: dict[int, Fraction]) -> Fraction:
    total = Fraction(0)
    for key, c in p.items():
        for i, k in enumerate(key):
            if k:
                c = c * point.get(i, Fraction(0)) ** k
        total += c
    return total


def _parameters(conditions: list[Polynomial], work: Work) -> list[dict[int, Fraction]]:
    """Find parameters that meet polynomial conditions; those left free are zero."""
    if any(len(c) == 1 and ONE in c for c in conditions):
        return []
    conditions = [c for c in conditions if c]
    linear = next((c for c in conditions if _eliminable(c) is not None), None)
    if linear is not None:
        place = _eliminable(linear)
        assert place is not None
        return _after_substitution(conditions, linear, place, work)
    if not conditions:
        return [{}]
    alone = next((c for c in conditions if len(_used(c)) == 1), None)
    if alone is not None:
        return _by_roots(conditions, alone, work)
    product = next((c for c in conditions if _shared(c) is not None), None)
    if product is not None:
        return _by_factors(conditions, product, work)
    used = sorted(set().union(*map(_used, conditions)))
    if len(used) == 2:
        pair: list[Polynomial] = [
            {(key[used[0]], key[used[1]]): a for key, a in c.items()} for c in conditions
        ]
        points = rational_solutions(pair, work)
        if points is not None:
            return [{used[0]: a, used[1]: b} for a, b in points]
    return _one_at_a_time(conditions, used, work)


def _used(c: Polynomial) -> set[int]:
    return {i for key in c for i, k in enumerate(key) if k}


def _shared(c: Polynomial) -> int | None:
    """Give a parameter that divides a condition."""
    return next((i for i in range(PARAMETERS) if all(key[i] for key in c)), None)


def _by_roots(
    conditions: list[Polynomial], alone: Polynomial, work: Work
) -> list[dict[int, Fraction]]:
    """Put in the roots of a condition on one parameter."""
    (place,) = _used(alone)
    found: list[dict[int, Fraction]] = []
    for root in rational_roots(from_polynomial(alone, place), work):
        value: Polynomial = {ONE: root} if root else {}
        rest = [_substitute(c, place, value, work) for c in conditions if c is not alone]
        found += [{**point, place: root} for point in _parameters(rest, work)]
    return found


def _by_factors(
    conditions: list[Polynomial], product: Polynomial, work: Work
) -> list[dict[int, Fraction]]:
    """Let one factor of a condition vanish, or the other."""
    place = _shared(product)
    assert place is not None
    rest = [_substitute(c, place, {}, work) for c in conditions if c is not product]
    found = [{**point, place: Fraction(0)} for point in _parameters(rest, work)]
    other = {(*key[:place], key[place] - 1, *key[place + 1 :]): a for key, a in product.items()}
    rest = [other, *(c for c in conditions if c is not product)]
    return found + [point for point in _parameters(rest, work) if point not in found]


def _one_at_a_time(
    conditions: list[Polynomial], used: list[int], work: Work
) -> list[dict[int, Fraction]]:
    """Look for solutions in which one parameter at most is not zero."""
    found: list[dict[int, Fraction]] = []
    for i in used:
        rest = [
            {key: a for key, a in c.items() if all(not k or j == i for j, k in enumerate(key))}
            for c in conditions
        ]
        found += [point for point in _parameters(rest, work) if point not in found]
    return found


def _eliminable(c: Polynomial) -> int | None:
    """Give a parameter that occurs once, to the first power, with a constant coefficient."""
    for i in range(PARAMETERS):
        keys = [key for key in c if key[i]]
        if len(keys) == 1 and sum(keys[0]) == 1:
            return i
    return None


def _after_substitution(
    conditions: list[Polynomial], linear: Polynomial, place: int, work: Work
) -> list[dict[int, Fraction]]:
    unit = tuple(int(i == place) for i in range(PARAMETERS))
    scale = -1 / linear[unit]
    value = {key: a * scale for key, a in linear.items() if key != unit}
    rest = []
    for c in conditions:
        if c is not linear:
            rest.append(_substitute(c, place, value, work))
    found = []
    for point in _parameters(rest, work):
        found.append({**point, place: _value(value, point)})
    return found


def _substitute(c: Polynomial, place: int, value: Polynomial, work: Work) -> Polynomial:
    total: Polynomial = {}
    for key, a in c.items():
        part: Polynomial = {(*key[:place], 0, *key[place + 1 :]): a}
        for _ in range(key[place]):
            part = _times(part, value, work)
        accumulate(total, part, Fraction(1))
    return total
