"""Polynomial fields whose kind at the origin is known, disguised by changes of coordinates."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.kinds.decide import decide_kinds
from eqpp_dash.engine.points import PointExaminer
from eqpp_dash.engine.structure.find import find_structure
from eqpp_dash.engine.system import parse_system
from eqpp_dash.model.portrait import Equilibrium

Terms = dict[tuple[int, int], Fraction]


def terms(text: str) -> tuple[Terms, Terms]:
    first, second = parse_system(text).compile({}).polynomials()
    return dict(first), dict(second)


def total(*parts: tuple[Terms, Fraction | int]) -> Terms:
    result: Terms = {}
    for p, factor in parts:
        for key, c in p.items():
            result[key] = result.get(key, Fraction(0)) + factor * c
    return {key: c for key, c in result.items() if c}


def product(a: Terms, b: Terms) -> Terms:
    result: Terms = {}
    for (i, j), c in a.items():
        for (k, m), d in b.items():
            result[i + k, j + m] = result.get((i + k, j + m), Fraction(0)) + c * d
    return result


def composed(p: Terms, u: Terms, v: Terms) -> Terms:
    parts = []
    for (i, j), c in p.items():
        term: Terms = {(0, 0): Fraction(1)}
        for factor in [u] * i + [v] * j:
            term = product(term, factor)
        parts.append((term, c))
    return total(*parts)


def slope(p: Terms, axis: int) -> Terms:
    return {
        (i - (axis == 0), j - (axis == 1)): c * (i, j)[axis]
        for (i, j), c in p.items()
        if (i, j)[axis]
    }


def disguised(text: str, source: random.Random) -> CompiledField:
    """Pull a field back by a random map u(x, y), v(x, y) of degree 2, and change its time.

    With (u, v)' = X the field is (x, y)' = (D(u, v))^-1 X; times the determinant, and times a
    random factor that is positive at the origin, it is polynomial.
    """
    first, second = terms(text)
    a = b = c = d = 0
    while a * d == b * c:
        a, b, c, d = (source.randint(-3, 3) for _ in range(4))
    u, v = (
        {(1, 0): p, (0, 1): q} | {key: source.randint(-2, 2) for key in ((2, 0), (1, 1), (0, 2))}
        for p, q in ((a, b), (c, d))
    )
    u, v = ({key: Fraction(n) for key, n in p.items() if n} for p in (u, v))
    factor = {
        (0, 0): Fraction(1 if a * d > b * c else -1),
        (1, 0): Fraction(source.randint(-2, 2)),
        (0, 1): Fraction(source.randint(-2, 2)),
    }
    p, q = composed(first, u, v), composed(second, u, v)
    x = total((product(slope(v, 1), p), 1), (product(slope(u, 1), q), -1))
    y = total((product(slope(u, 0), q), 1), (product(slope(v, 0), p), -1))
    return polynomial_field(product(factor, x), product(factor, y))


def polynomial_field(x: Terms, y: Terms) -> CompiledField:
    rows = [" + ".join(f"({c})*x^{i}*y^{j}" for (i, j), c in p.items() if c) or "0" for p in (x, y)]
    return parse_system(f"x' = {rows[0]}; y' = {rows[1]}").compile({})


def decided(field: CompiledField, at: tuple[float, float] = (0.0, 0.0)) -> Equilibrium:
    """Decide the kind of one equilibrium that is known."""
    examiner = PointExaminer(field, np.full(2, -1.0), np.full(2, 1.0))
    item = examiner.examine(np.array(at), np.full(2, 1e-12), "subdivision", np.empty((0, 2)))
    assert item is not None
    (found,) = decide_kinds(field, [item], lambda: find_structure(field), np.full(2, 2.0))
    return found
