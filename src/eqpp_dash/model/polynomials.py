"""Polynomials over the rationals: exact arithmetic, and decomposition into one within another.

A polynomial is a mapping of monomials, tuples of exponents without zeros at their end, to
coefficients that are not zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from eqpp_dash.model.formula import Formula

MOST_TERMS = 40
"""A polynomial of more terms stays as it is."""

HIGHEST = 24
"""A polynomial of a higher degree stays as it is."""

Monomial = tuple[int, ...]
Polynomial = Mapping[Monomial, Fraction]


def entry_of(monomial: Monomial, k: int) -> int:
    """Give the exponent of a name in a monomial."""
    return monomial[k] if k < len(monomial) else 0


def read_polynomial(item: Formula, names: list[str]) -> dict[Monomial, Fraction] | None:
    """Multiply a formula out, if it is a polynomial; `names` grows by the names in it."""
    if item.sort == "number":
        value = Fraction(item.text)
        return {(): value} if value else {}
    if item.sort == "name":
        if item.text not in names:
            names.append(item.text)
        place = names.index(item.text)
        return {(0,) * place + (1,): Fraction(1)}
    if item.sort == "power":
        base, raised = item.parts
        power = raised.text if raised.sort == "number" else ""
        inside = read_polynomial(base, names) if power.isdigit() and int(power) <= HIGHEST else None
        return None if inside is None else raised_to(inside, int(power))
    if item.sort not in ("sum", "product"):
        return None
    total: dict[Monomial, Fraction] | None = {} if item.sort == "sum" else {(): Fraction(1)}
    for sign, part in zip(item.signs, item.parts, strict=True):
        inside = read_polynomial(part, names)
        if inside is None or total is None:
            return None
        if sign == "/":
            if set(inside) != {()}:
                return None
            inside = {(): 1 / inside[()]}
        if item.sort == "sum":
            total = added(total, inside, 1 if sign == "+" else -1)
        else:
            total = times(total, inside)
    return total


def trimmed(monomial: list[int]) -> Monomial:
    """Take the zeros from the end of a monomial."""
    while monomial and not monomial[-1]:
        monomial.pop()
    return tuple(monomial)


def multiplied(one: Monomial, other: Monomial, sign: int = 1) -> Monomial:
    """Multiply two monomials; divide, with a sign of -1.

    Examples
    --------
    >>> multiplied((1, 2), (1,)), multiplied((1, 2), (0, 2), -1)
    ((2, 2), (1,))
    """
    wide = range(max(len(one), len(other)))
    return trimmed([entry_of(one, k) + sign * entry_of(other, k) for k in wide])


def added(
    one: Polynomial, other: Polynomial, factor: Fraction | int = 1
) -> dict[Monomial, Fraction]:
    """Add a multiple of a polynomial to another one."""
    total = dict(one)
    for monomial, value in other.items():
        total[monomial] = total.get(monomial, Fraction(0)) + factor * value
    return {monomial: value for monomial, value in total.items() if value}


def times(one: Polynomial, other: Polynomial) -> dict[Monomial, Fraction] | None:
    """Multiply two polynomials; None if that is too much work."""
    if len(one) * len(other) > 40 * MOST_TERMS:
        return None
    total: dict[Monomial, Fraction] = {}
    for a, x in one.items():
        for b, y in other.items():
            monomial = multiplied(a, b)
            total[monomial] = total.get(monomial, Fraction(0)) + x * y
    return {monomial: value for monomial, value in total.items() if value}


def raised_to(one: Polynomial, power: int) -> dict[Monomial, Fraction] | None:
    """Raise a polynomial to a power; None if that is too much work."""
    total: dict[Monomial, Fraction] | None = {(): Fraction(1)}
    for _ in range(power):
        total = None if total is None else times(total, one)
    return total


def rank(monomial: Monomial) -> tuple[int, Monomial]:
    """Order monomials by degree, then by the powers of the first names."""
    return sum(monomial), monomial


def find_decompositions(
    terms: Polynomial,
) -> Iterator[tuple[int, dict[int, Fraction], dict[Monomial, Fraction]]]:
    """Give the powers k, and g and q with P = g(q), where g has degree k and q more than a term."""
    leading = max(terms, key=rank)
    degree, top = sum(leading), terms[leading]
    for power in range(2, degree + 1):
        if all(entry % power == 0 for entry in leading):
            head = tuple(entry // power for entry in leading)
            root = _root(terms, head, top, power)
            outer = None if root is None else _composed(terms, root, power)
            if root is not None and outer is not None and len(root) > 1:
                yield power, outer, root


def _root(
    terms: Polynomial, head: Monomial, top: Fraction, power: int
) -> dict[Monomial, Fraction] | None:
    """Find q, term by term, so that P - top*q^k has nothing left that q could take away."""
    root = {head: Fraction(1)}
    lead = trimmed([entry * (power - 1) for entry in head])
    for _ in range(MOST_TERMS):
        raised = raised_to(root, power)
        if raised is None:
            return None
        rest = added(terms, raised, -top)
        if not rest:
            return root
        leading = max(rest, key=rank)
        step = multiplied(leading, lead, -1) if len(leading) >= len(lead) else ()
        fits = multiplied(step, lead) == leading and all(entry >= 0 for entry in step)
        if not fits or step in root:
            return root
        root[step] = rest[leading] / (top * power)
        if not step:
            return root
    return None


def _composed(terms: Polynomial, root: Polynomial, power: int) -> dict[int, Fraction] | None:
    """Write P in powers of q; None if that leaves a rest."""
    outer: dict[int, Fraction] = {}
    rest: Polynomial = terms
    leading = max(root, key=rank)
    for k in range(power, -1, -1):
        monomial = trimmed([entry * k for entry in leading])
        value = rest.get(monomial)
        raised = raised_to(root, k)
        if raised is None:
            return None
        if value:
            outer[k] = value
            rest = added(rest, raised, -value)
    return None if rest else outer
