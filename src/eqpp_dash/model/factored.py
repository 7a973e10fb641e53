"""Polynomials within formulas written shorter: common factors, and powers of a polynomial.

A polynomial P is written in powers of a polynomial q where that takes fewer signs, as
((x^2 + y^2 - 1)^3 + 1)/6 for what fills a line when it is multiplied out. The inner polynomial of a
decomposition P = g(q) is found term by term from the leading ones, as the k-th root of a power
series is [1]_; the rest must then be a polynomial in q, or there is none. Arithmetic is exact.

References
----------
.. [1] D. Kozen, S. Landau, "Polynomial decomposition algorithms", J. Symbolic Computation 7 (1989).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import lru_cache
from math import gcd, lcm

from eqpp_dash.model.formula import Formula, FormulaError, read_formula
from eqpp_dash.model.polynomials import (
    HIGHEST,
    MOST_TERMS,
    Monomial,
    Polynomial,
    entry_of,
    find_decompositions,
    multiplied,
    rank,
    read_polynomial,
    trimmed,
)


@lru_cache(maxsize=512)
def factored(text: str) -> str:
    """Write the polynomials in a formula in the shortest form that is found.

    Parameters
    ----------
    text : str
        A canonical text.

    Returns
    -------
    str
        Canonical text of the same function; `text` itself where nothing shorter is found, or where
        it is no formula.

    Examples
    --------
    >>> factored("y^2/2 + x^2/2"), factored("y^2/2 - x^2/2 + x^4/4")
    ('(x^2 + y^2)/2', 'y^2/2 - x^2/2 + x^4/4')
    >>> factored("x^2*y^2/2 + y^4/4 - y^2/2 + x^4/4 - x^2/2")
    '((x^2 + y^2 - 1)^2 - 1)/4'
    >>> factored("x*y - x^2*y - x*y^2"), factored("x^4 - 2*x^2 + sin(x^3*y + x^2*y^2) + 1")
    ('x*y*(1 - x - y)', 'x^4 - 2*x^2 + sin(x^2*y*(x + y)) + 1')
    """
    try:
        return canonical(_shorter(read_formula(text)))
    except FormulaError:
        return text


# ---- formulas --------------------------------------------------------------------------------


def canonical(item: Formula) -> str:
    """Write a formula as canonical text, which `read_formula` reads back."""
    if item.sort in ("number", "name"):
        return item.text
    parts = [canonical(part) for part in item.parts]
    if item.sort == "sum":
        text = ""
        for sign, part, inside in zip(item.signs, item.parts, parts, strict=True):
            told = f"({inside})" if part.sort in ("sum", "chain") else inside
            text += f" {sign} {told}" if text else told if sign == "+" else f"-{told}"
        return text
    if item.sort == "product":
        product = ""
        for sign, part, inside in zip(item.signs, item.parts, parts, strict=True):
            loose = part.sort in ("sum", "chain", "product")
            product += (sign if product else "") + (f"({inside})" if loose else inside)
        return product
    if item.sort == "power":
        base, raised = (
            inside if part.sort in ("name", "number", "call", "tuple") else f"({inside})"
            for part, inside in zip(item.parts, parts, strict=True)
        )
        return f"{base}^{raised}"
    if item.sort == "chain":
        rest = zip(item.signs, parts[1:], strict=True)
        return parts[0] + "".join(f" {sign} {inside}" for sign, inside in rest)
    if item.sort == "cases":
        odd = len(parts) % 2
        pairs = zip(parts[1::2], parts[: len(parts) - odd : 2], strict=True)
        cases = [f"{condition}: {value}" for condition, value in pairs]
        return f"piecewise({'; '.join(cases + parts[len(parts) - odd :])})"
    return f"{item.text}({', '.join(parts)})"


def _shorter(item: Formula) -> Formula:
    """Rewrite the widest polynomials in a formula."""
    if item.sort == "sum" and len(item.parts) > 1:
        names: list[str] = []
        found = read_polynomial(item, names)
        if found is not None:
            return _best(item, found, names)
    return Formula(item.sort, item.text, tuple(map(_shorter, item.parts)), item.signs)


def _best(item: Formula, found: Polynomial, names: list[str]) -> Formula:
    """Choose the form of a polynomial with the fewest signs; the one that is there at a tie."""
    order = sorted(range(len(names)), key=lambda k: names[k])
    names = [names[k] for k in order]
    terms = {trimmed([entry_of(m, k) for k in order]): c for m, c in found.items()}
    own = canonical(item)
    best, cost = item, _cost(own)
    for text in _forms(terms, names, own):
        read = read_formula(text)
        if _cost(text) < cost and read_polynomial(read, list(names)) == terms:
            best, cost = read, _cost(text)
    return best


def _cost(text: str) -> float:
    """Count the signs of a formula; a quotient is as tall as two."""
    light = {"*": 0.0, ")": 0.0, "^": 0.0, ".": 0.0, "/": 1.5}
    return sum(light.get(sign, 1.0) for sign in text.replace(" ", ""))


# ---- forms -----------------------------------------------------------------------------------


def _forms(terms: Polynomial, names: list[str], own: str) -> Iterator[str]:
    """Give texts of a polynomial: multiplied out, with a common factor, in powers of another."""
    if not 1 < len(terms) <= MOST_TERMS or max(map(sum, terms)) > HIGHEST:
        return
    decimal, wide = "." in own, max(map(len, terms))
    common = trimmed([min(entry_of(m, k) for m in terms) for k in range(wide)])
    inner = {multiplied(m, common, -1): value for m, value in terms.items()}
    scale = Fraction(
        gcd(*(value.numerator for value in inner.values())),
        lcm(*(value.denominator for value in inner.values())),
    )
    factor = _monomial(common, names)
    content = scale if max(inner.values()) > 0 else -scale
    plain = {monomial: value / content for monomial, value in inner.items()}
    if factor or all(abs(value) == 1 for value in plain.values()):
        yield _scaled(f"({_written(plain, names, decimal)})", content, factor, decimal)
    if len(terms) <= 3 and "(" not in own:
        yield _written(terms, names, decimal)
    for power, outer, root in find_decompositions(inner):
        if not all(
            value.denominator == 1 or (decimal and _decimal(value)) for value in root.values()
        ):
            continue
        base = _written(root, names, decimal)
        part = lcm(*(value.denominator for value in outer.values()))
        for content in (Fraction(1), Fraction(1, part), outer[power]):
            rest = {k: value / content for k, value in outer.items()}
            told = _outer(rest, f"({base})", decimal)
            single = len(rest) == 1 and rest[power] == 1
            yield _scaled(told if single else f"({told})", content, factor, decimal)


def _scaled(inside: str, content: Fraction, factor: str, decimal: bool) -> str:
    """Write a product of a number, a monomial and what is in brackets."""
    head = _number(abs(content.numerator), decimal) if abs(content.numerator) != 1 else ""
    parts = [part for part in (head, factor, inside) if part]
    text = "*".join(parts) + (f"/{content.denominator}" if content.denominator != 1 else "")
    if text == inside and inside.startswith("(") and content > 0:
        text = inside[1:-1] if _whole(inside) else inside
    return f"-{text}" if content < 0 else text


def _whole(text: str) -> bool:
    """Tell whether a bracket that opens a text closes at its end."""
    depth = 0
    for k, sign in enumerate(text):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if depth == 0:
            return k == len(text) - 1
    return False


def _outer(outer: Mapping[int, Fraction], base: str, decimal: bool) -> str:
    """Write a polynomial in one thing."""
    text = ""
    for power in sorted(outer, reverse=True):
        raised = "" if power == 0 else base if power == 1 else f"{base}^{power}"
        text = _joined(text, outer[power], raised, decimal)
    return text


def _written(terms: Polynomial, names: list[str], decimal: bool) -> str:
    """Write a polynomial multiplied out, the highest terms first unless they begin with a minus."""
    order = sorted(terms, key=rank, reverse=True)
    if terms[order[0]] < 0 < terms.get((), Fraction(0)):
        order.sort(key=lambda monomial: (sum(monomial), [-power for power in monomial]))
    elif terms[order[0]] < 0:
        first = next((monomial for monomial in order if terms[monomial] > 0), order[0])
        order.sort(key=lambda monomial: monomial != first)
    text = ""
    for monomial in order:
        text = _joined(text, terms[monomial], _monomial(monomial, names), decimal)
    return text


def _joined(text: str, value: Fraction, what: str, decimal: bool) -> str:
    size = abs(value)
    if not what:
        told = _number(size, decimal)
    elif decimal and _decimal(size):
        told = what if size == 1 else f"{_number(size, decimal)}*{what}"
    else:
        told = what if size.numerator == 1 else f"{size.numerator}*{what}"
        told += f"/{size.denominator}" if size.denominator != 1 else ""
    if text:
        return f"{text} {'-' if value < 0 else '+'} {told}"
    return f"-{told}" if value < 0 else told


def _monomial(monomial: Monomial, names: list[str]) -> str:
    pairs = zip(names, monomial, strict=False)
    return "*".join(name if k == 1 else f"{name}^{k}" for name, k in pairs if k)


def _decimal(value: Fraction) -> bool:
    """Tell whether a number has a short decimal form."""
    return (10**6 * value).denominator == 1


def _number(value: Fraction | int, decimal: bool) -> str:
    value = Fraction(value)
    if value.denominator != 1 and decimal and _decimal(value):
        return f"{float(value):.12g}"
    return str(value)
