"""Subresultants of two polynomials in y whose coefficients are polynomials in x."""

from __future__ import annotations

from eqpp_dash.engine.algebra.univariate import (
    Dense,
    add,
    divide_exactly,
    multiply,
    power,
    trim,
)
from eqpp_dash.engine.expression.polynomial import Polynomial, TooLargeError, Work, integral

#: Coefficients by powers of y, the constant term first, each a polynomial in x.
Nested = list[Dense]
MAX_COEFFICIENT_BITS = 20_000


def nested(p: Polynomial) -> Nested:
    """Arrange a polynomial in (x, y) by powers of y, scaled to coprime integers.

    Examples
    --------
    >>> from fractions import Fraction
    >>> nested({(1, 0): Fraction(1, 2), (0, 2): Fraction(1)})
    [[0, 1], [], [2]]
    """
    rows: Nested = [[] for _ in range(1 + max((key[1] for key in p), default=-1))]
    for (i, j), c in integral(p).items():
        row = rows[j]
        row.extend([0] * (i + 1 - len(row)))
        row[i] = int(c)
    return rows


def subresultants(p: Nested, q: Nested, work: Work) -> dict[int, Nested]:
    """Compute the subresultant sequence by powers of y.

    Parameters
    ----------
    p, q : list of list of int
        Polynomials, the degree of the first in y greater than that of the second.
    work : Work
        Budget.

    Returns
    -------
    dict of int to list of list of int
        For each k below the degree of the first where the k-th subresultant is not zero and
        regular (of degree k), that subresultant; signs are those of S. Basu, R. Pollack and
        M.-F. Roy, Algorithms in Real Algebraic Geometry, algorithm 8.76. Where the 0-th is
        missing, p and q have a common factor.
    """
    if len(p) <= len(q):
        raise ValueError("the first polynomial needs the higher degree")
    top = len(p) - 1
    found: dict[int, Nested] = {}
    t: dict[int, Dense] = {top: [1], top - 1: q[-1]}
    s: dict[int, Dense] = {top: [1]}
    before, last = p, q  # S_(i-1), S_(j-1)
    i, j = top + 1, top
    while last:
        k = len(last) - 1
        lead = t[j - 1] = last[-1]
        if k == j - 1:
            s[k] = lead
            regular = last
        else:
            for delta in range(1, j - k):
                value = multiply(lead, t[j - delta], work)
                if delta % 2:
                    value = [-c for c in value]
                t[j - delta - 1] = divide_exactly(value, s[j], work)
            s[k] = t[k]
            scaled = [multiply(s[k], c, work) for c in last]
            regular = [divide_exactly(c, lead, work) for c in scaled]
        found[k] = regular
        if k == 0:
            break
        # Rem(t s_k before, last), by way of the pseudo-remainder
        rest = _pseudo_remainder(before, last, work)
        exponent = len(before) - len(last)
        divisor = multiply(multiply(power(lead, exponent, work), s[j], work), _lead(t, i), work)
        rest = [
            [-c for c in divide_exactly(multiply(row, s[k], work), divisor, work)] for row in rest
        ]
        _check_size(rest)
        before, last = last, rest
        if last:
            t[k - 1] = last[-1]
        i, j = j, k
    return found


def _lead(t: dict[int, Dense], i: int) -> Dense:
    return t[i - 1]


def _pseudo_remainder(a: Nested, b: Nested, work: Work) -> Nested:
    """Give lc(b)^(deg a - deg b + 1) a mod b."""
    a = list(a)
    lead = b[-1]
    for _ in range(len(a) - len(b) + 1):
        if len(a) >= len(b):
            top, shift = a[-1], len(a) - len(b)
        else:
            top, shift = [], 0
        a = [multiply(c, lead, work) for c in a]
        if top:
            for i, c in enumerate(b):
                a[shift + i] = add(a[shift + i], multiply(c, top, work), -1)
        while a and not a[-1]:
            a.pop()
    return a


def _check_size(rows: Nested) -> None:
    for row in rows:
        trim(row)
        if row and max(abs(row[0]), abs(row[-1])).bit_length() > MAX_COEFFICIENT_BITS:
            raise TooLargeError


def resultant(p: Polynomial, q: Polynomial, work: Work) -> Dense:
    """Give the resultant by y of polynomials in (x, y), up to a constant factor.

    Parameters
    ----------
    p, q : Polynomial
        Not zero.
    work : Work
        Budget.

    Returns
    -------
    list of int
        Its coefficients in x; empty where p and q have a common factor that depends on y.

    Examples
    --------
    >>> from fractions import Fraction
    >>> one = Fraction(1)
    >>> resultant({(2, 0): one, (0, 2): one, (0, 0): -one}, {(1, 0): one, (0, 1): -one}, Work())
    [1, 0, -2]
    """
    a, b = nested(p), nested(q)
    if len(a) < len(b):
        a, b = b, a
    if len(b) == 1:
        return power(b[0], len(a) - 1, work)
    if len(a) == len(b):
        return _equal_degrees(a, b, work)
    return _constant(subresultants(a, b, work))


def _constant(found: dict[int, Nested]) -> Dense:
    return found[0][0] if 0 in found else []


def _equal_degrees(a: Nested, b: Nested, work: Work) -> Dense:
    """Use Res(a, lc(a) b - lc(b) a) = +- lc(a)^(drop + deg a - 1) Res(a, b) .

    The drop is how far the degree falls below that of b.
    """
    lead = a[-1]
    rest = [
        add(multiply(lead, y, work), multiply(b[-1], x, work), -1)
        for x, y in zip(a, b, strict=True)
    ]
    while rest and not rest[-1]:
        rest.pop()
    if not rest:
        return []
    n = len(a) - 1
    drop = len(b) - len(rest)
    raw = power(rest[0], n, work) if len(rest) == 1 else _constant(subresultants(a, rest, work))
    # Res(a, lc(a)*b) = lc(a)^n Res(a, b), and a fall of the degree divides by lc(a) each
    return divide_exactly(raw, power(lead, n - drop, work), work)
