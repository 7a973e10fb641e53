"""Dulac functions: B with div(B F) of one sign, so that a region holds no closed orbit.

The divergence of B F, with B = exp(sum c_j phi_j), is B times D = div F + sum c_j X(phi_j),
linear in the c_j. They are chosen so that terms without a sign vanish; the sign of what is left
is then proved by its form (L. Perko, Differential Equations and Dynamical Systems, 3.9).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import combinations, islice
from math import lcm

import numpy as np

from eqpp_dash.engine.algebra.linear import combination
from eqpp_dash.engine.algebra.packed import FactorKey, Quotient, number_of, powers
from eqpp_dash.engine.algebra.roots import sign_of
from eqpp_dash.engine.algebra.univariate import from_polynomial
from eqpp_dash.engine.compiled import Factor
from eqpp_dash.engine.expression.graph import Node
from eqpp_dash.engine.expression.polynomial import Polynomial
from eqpp_dash.engine.expression.text import to_text
from eqpp_dash.engine.structure.darboux import FRACTION_COST, Curve, conic_matrix
from eqpp_dash.engine.structure.domain import has_no_holes, is_continuous
from eqpp_dash.engine.structure.facts import Kind, StructureFact
from eqpp_dash.engine.structure.integrals import exponential, numerators
from eqpp_dash.engine.structure.integration import log_size
from eqpp_dash.engine.structure.plane import Plane
from eqpp_dash.model.portrait import Array

POSITIVE = frozenset({"exp", "cosh"})
BOUNDED = frozenset({"sin", "cos", "sign"})
MAX_FUNCTIONS = 9
MAX_TRIALS = 160
#: Boxes in which the sign of the divergence is looked at, at most, in a window.
MAX_BOXES = 4096
ONE = Fraction(1)


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign that is proved, and where."""

    sign: int
    region: str
    how: str


def dulac(
    plane: Plane,
    curves: Sequence[Curve],
    window: tuple[Array, Array] | None = None,
    simple: bool = False,
) -> StructureFact | None:
    """Find a Dulac function.

    Parameters
    ----------
    plane : Plane
        The plane.
    curves : sequence of Curve
        Invariant curves; powers of them may be factors.
    window : (ndarray, ndarray), optional
        Lower and upper limits of a window; the sign is proved there by interval arithmetic if
        no sign holds further.
    simple : bool
        Whether only B = 1 is tried, on the whole plane.

    Returns
    -------
    StructureFact or None
        The function with the sign of the divergence; a simple one first.
    """
    divergence = plane.read(plane.divergence())
    if divergence.is_zero or not is_continuous(plane):
        return None
    functions = [] if simple else _functions(plane, curves)
    parts = [plane.read(plane.flow(phi)) for phi in functions]
    if not _positive_denominator(plane, [divergence, *parts]):
        functions, parts = [], []
    if _positive_denominator(plane, [divergence, *parts]):
        vectors = numerators(plane, [*parts, divergence])
        target = vectors.pop()
        cost = FRACTION_COST * (sum(map(len, vectors)) + len(target))
        trials = list(islice(_trials(plane, target, vectors), 1 + plane.budget // cost))
        walls = [] if simple else _invariant_axes(curves)
        for prove in (prove_sign, partial(prove_sign_beside, axes=walls)):
            for weights in trials:
                sign = prove(plane, _sum(target, vectors, weights))
                if sign is not None:
                    return _fact(plane, functions, weights, sign)
    return None if window is None or plane.switching else _in_window(plane, window)


def _invariant_axes(curves: Sequence[Curve]) -> list[int]:
    """Give the axes among the curves: 0 for x = 0, 1 for y = 0."""
    lines = [curve.polynomial for curve in curves]
    return [axis for axis, key in ((0, (1, 0)), (1, (0, 1))) if {key: ONE} in lines]


def _functions(plane: Plane, curves: Sequence[Curve]) -> list[Node]:
    x, y = plane.variables
    logs = [
        log_size(plane, plane.node_of(curve.polynomial))
        for curve in curves
        if max(map(sum, curve.polynomial)) <= 2
    ]
    power = plane.graph.power_product
    products = [power([(x, 2)]), power([(x, 1), (y, 1)]), power([(y, 2)])]
    return [*logs[: MAX_FUNCTIONS - 5], x, y, *products]


def _positive_denominator(plane: Plane, parts: Sequence[Quotient]) -> bool:
    """Tell whether the common denominator is positive wherever it is not zero."""
    shared: dict[FactorKey, int] = {}
    for part in parts:
        for key, k in part.below.items():
            shared[key] = max(shared.get(key, 0), k)
    for key, k in shared.items():
        if number_of(key) is not None:
            continue
        if k % 2 and _by_form(plane, {m: Fraction(c) for m, c in key}) != 1:
            return False
    return True


def _sum(
    target: dict[int, Fraction], vectors: Sequence[dict[int, Fraction]], weights: Sequence[Fraction]
) -> dict[int, Fraction]:
    total = dict(target)
    for c, vector in zip(weights, vectors, strict=True):
        if c:
            for m, value in vector.items():
                total[m] = total.get(m, Fraction(0)) + c * value
    return {m: c for m, c in total.items() if c}


def _trials(
    plane: Plane, target: dict[int, Fraction], vectors: Sequence[dict[int, Fraction]]
) -> Iterator[list[Fraction]]:
    """Give weights to try: none, those that cancel terms, then pairs of them."""
    count = len(vectors)
    none = [Fraction(0)] * count
    yield none
    tried = {tuple(none)}
    trials = 0
    for weights in _weights(plane, target, vectors):
        if tuple(weights) not in tried:
            tried.add(tuple(weights))
            trials += 1
            if trials > MAX_TRIALS:
                return
            yield weights


def _weights(
    plane: Plane, target: dict[int, Fraction], vectors: Sequence[dict[int, Fraction]]
) -> Iterator[list[Fraction]]:
    count = len(vectors)
    for j, vector in enumerate(vectors):
        values = {-target[m] / c for m, c in vector.items() if m in target}
        for value in sorted(values, key=lambda c: (c.denominator, abs(c)))[:4]:
            yield [value if i == j else Fraction(0) for i in range(count)]
    for keep in (_even, lambda plane, m: m == 0):
        cut = [{m: c for m, c in v.items() if not keep(plane, m)} for v in vectors]
        aim = {m: -c for m, c in target.items() if not keep(plane, m)}
        if aim:
            found = combination(aim, cut, plane.work)
            if found is not None:
                yield found
    logs = range(min(4, count))
    for i, j in combinations(logs, 2):
        for a, b in ((-1, -1), (-1, 0), (0, -1), (-2, -1), (-1, -2), (-2, -2)):
            weights = [Fraction(0)] * count
            weights[i], weights[j] = Fraction(a), Fraction(b)
            yield weights
    for i, j in combinations(range(count), 2):
        yield from _cancelling_pair(target, vectors, i, j)


def _cancelling_pair(
    target: dict[int, Fraction], vectors: Sequence[dict[int, Fraction]], i: int, j: int
) -> Iterator[list[Fraction]]:
    """Give weights of two functions that cancel two terms."""
    terms = [m for m in target if m in vectors[i] or m in vectors[j]][:6]
    for m, n in combinations(terms, 2):
        a, b = vectors[i].get(m, Fraction(0)), vectors[j].get(m, Fraction(0))
        c, d = vectors[i].get(n, Fraction(0)), vectors[j].get(n, Fraction(0))
        determinant = a * d - b * c
        if determinant:
            weights = [Fraction(0)] * len(vectors)
            weights[i] = (-target[m] * d + target[n] * b) / determinant
            weights[j] = (-target[n] * a + target[m] * c) / determinant
            yield weights


def _even(plane: Plane, monomial: int) -> bool:
    """Tell whether a product of powers is never negative."""
    return all(
        k % 2 == 0 or plane.kernels.nodes[place].op in POSITIVE for place, k in powers(monomial)
    )


def prove_sign(plane: Plane, whole: dict[int, Fraction]) -> Sign | None:
    """Prove the sign of a polynomial in kernels on the whole plane."""
    if not whole:
        return None
    form = _by_form(plane, whole)
    if form and (_is_strict(plane, whole) or _nowhere_flat(plane, whole)):
        return Sign(form, "", "every term is a square times a number of that sign")
    p = plane.polynomial(dict.fromkeys(whole, 1))
    if p is None:
        return _by_bounds(plane, whole)
    p = {key: whole[m] for key, m in zip(p, whole, strict=True)}
    for axis in (0, 1):
        if all(key[1 - axis] == 0 for key in p):
            lead = 1 if p[max(p)] > 0 else -1
            sign = sign_of(from_polynomial(p, axis), plane.work)
            if sign:
                return Sign(sign * lead, "", "it depends on one variable and has no odd root")
    sign = _quadratic_sign(p)
    if sign:
        return Sign(sign, "", "it is a semi-definite quadratic polynomial")
    return None


def prove_sign_beside(plane: Plane, whole: dict[int, Fraction], axes: Sequence[int]) -> Sign | None:
    """Prove the sign where the variables are positive, beside invariant axes."""
    if not axes or not whole:
        return None
    p = plane.polynomial(dict.fromkeys(whole, 1))
    if p is None:
        return None
    odd = [axis for axis in (0, 1) if any(key[axis] % 2 for key in p)]
    signs = {c > 0 for c in whole.values()}
    if len(signs) != 1 or any(axis not in axes for axis in odd):
        return None
    region = " and ".join(f"{plane.names[axis]} > 0" for axis in odd)
    return Sign(1 if signs.pop() else -1, region, "every term has that sign there")


def _nowhere_flat(plane: Plane, whole: dict[int, Fraction]) -> bool:
    """Tell whether it is proved to be zero on no open set, which closed orbits may fill."""
    below = lcm(*(c.denominator for c in whole.values()))
    return plane.kernels.nowhere_flat(Quotient({m: int(c * below) for m, c in whole.items()}, {}))


def _is_strict(plane: Plane, whole: dict[int, Fraction]) -> bool:
    """Tell whether a sum of terms of one sign has one that is never zero."""
    return any(
        all(plane.kernels.nodes[place].op in POSITIVE for place, _ in powers(m)) for m in whole
    )


def _by_form(plane: Plane, whole: dict[int, Fraction]) -> int:
    if not all(_even(plane, m) for m in whole):
        return 0
    if all(c > 0 for c in whole.values()):
        return 1
    return -1 if all(c < 0 for c in whole.values()) else 0


def _by_bounds(plane: Plane, whole: dict[int, Fraction]) -> Sign | None:
    """Compare a constant with the sum of terms that are bounded by their coefficients."""
    constant = whole.get(0, Fraction(0))
    rest = Fraction(0)
    for m, c in whole.items():
        if m:
            bounded = all(plane.kernels.nodes[place].op in BOUNDED for place, _ in powers(m))
            if not bounded:
                if c * constant > 0 and _even(plane, m):
                    continue
                return None
            rest += abs(c)
    equal = rest == abs(constant)
    if not constant or rest > abs(constant) or (equal and not _nowhere_flat(plane, whole)):
        return None
    return Sign(1 if constant > 0 else -1, "", "a constant outweighs the bounded terms")


def _quadratic_sign(p: Polynomial) -> int:
    """Give the sign of a semi-definite polynomial of degree two."""
    if max(map(sum, p)) != 2:
        return 0
    m = conic_matrix(p)
    for sign in (1, -1):
        diagonal = all(sign * m[i][i] >= 0 for i in range(3))
        minors = all(m[i][i] * m[j][j] >= m[i][j] * m[j][i] for i, j in ((0, 1), (0, 2), (1, 2)))
        whole = (
            m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
            - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
            + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
        )
        if diagonal and minors and sign * whole >= 0:
            return sign
    return 0


def _fact(
    plane: Plane, functions: Sequence[Node], weights: Sequence[Fraction], sign: Sign
) -> StructureFact:
    graph = plane.graph
    b = exponential(plane, functions, weights) if any(weights) else graph.one
    quotient = graph.add(
        plane.divergence(),
        *(graph.scale(c, plane.flow(phi)) for c, phi in zip(weights, functions, strict=True) if c),
    )
    rest = plane.tidy(quotient)
    region = _where_defined(functions, weights, sign.region)
    symbol = "never negative" if sign.sign > 0 else "never positive"
    removed = [
        phi.args[0] for c, phi in zip(weights, functions, strict=True) if c and phi.op == "log"
    ]
    return StructureFact(
        Kind.DULAC,
        to_text(b),
        f"div(B F)/B is {symbol}: {sign.how}",
        region=region,
        cofactor=to_text(rest),
        sign=sign.sign,
        simply_connected=has_no_holes(plane, removed),
        function=plane.factor(b),
        node=b,
        cofactor_function=plane.factor(rest),
    )


def _where_defined(functions: Sequence[Node], weights: Sequence[Fraction], region: str) -> str:
    """Add that no factor of B may vanish."""
    kept = [region] if region else []
    for c, phi in zip(weights, functions, strict=True):
        if c and phi.op == "log" and phi.args[0].op == "abs":
            inside = to_text(phi.args[0].args[0])
            if f"{inside} > 0" not in region.split(" and "):
                kept.append(f"off {inside} = 0")
        elif c and phi.op == "log":
            kept.append(f"off {to_text(phi.args[0])} = 0")
    return "; ".join(kept)


def _in_window(plane: Plane, window: tuple[Array, Array]) -> StructureFact | None:
    """Prove the sign of the divergence in a window by bisection."""
    rest = plane.tidy(plane.divergence())
    factor = plane.factor(rest)
    sign = _window_sign(factor, *window)
    if not sign:
        return None
    limits = ", ".join(
        f"{name} from {lo:.15g} to {hi:.15g}"
        for name, lo, hi in zip(plane.names, *window, strict=True)
    )
    symbol = "positive" if sign > 0 else "negative"
    return StructureFact(
        Kind.DULAC,
        "1",
        f"the divergence is {symbol}: interval arithmetic on a subdivision",
        region=limits,
        cofactor=to_text(rest),
        sign=sign,
        simply_connected=True,  # the field was proved to be defined on all of the window
        function=plane.factor(plane.graph.one),
        node=plane.graph.one,
        cofactor_function=factor,
    )


def _window_sign(factor: Factor, lo: Array, hi: Array) -> int:
    corner = np.asarray(factor(0.0, 0.5 * (lo + hi)[:, None]))
    if not np.isfinite(corner).all() or not corner.any():
        return 0
    sign = 1 if corner[0] > 0 else -1
    low, high = lo[:, None].astype(float), hi[:, None].astype(float)
    seen = 1
    while low.shape[1]:
        found = factor.boxes(low, high)
        if not np.isfinite(found.lo).all() and low.shape[1] > 256:
            return 0
        good = found.continuous & ((found.lo > 0) if sign > 0 else (found.hi < 0))
        bad = (found.hi <= 0) if sign > 0 else (found.lo >= 0)
        if bad.any():
            return 0
        low, high = low[:, ~good], high[:, ~good]
        seen += 4 * low.shape[1]
        if seen > MAX_BOXES:
            return 0
        middle = 0.5 * (low + high)
        quarters = []
        for right in (False, True):
            for up in (False, True):
                a, b = low.copy(), high.copy()
                (a if right else b)[0] = middle[0]
                (a if up else b)[1] = middle[1]
                quarters.append((a, b))
        low = np.concatenate([a for a, _ in quarters], axis=1)
        high = np.concatenate([b for _, b in quarters], axis=1)
    return sign
