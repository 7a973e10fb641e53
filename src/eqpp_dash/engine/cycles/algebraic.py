"""Limit cycles on invariant curves of polynomial fields, with proof.

On F = 0 with X(F) = F^(m + 1) L, m as great as can be, a closed piece of the curve on which neither
the field nor L vanishes is a limit cycle: beside it F rises or falls along every orbit, by the sign
of F^(m + 1) L. It is hyperbolic for m = 0 (H. Giacomini, M. Grau, On the stability of limit cycles
for planar differential systems, *J. Differential Equations* 213, 2005: its log multiplier is the
integral of the cofactor), semi-stable for odd m, and else stable or unstable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.compiled import CompiledField, Factor
from eqpp_dash.engine.connections.tubes import level_curve_joins
from eqpp_dash.engine.cycles.shape import encloses, location
from eqpp_dash.engine.cycles.values import CycleSearch, LimitCycle, Undecided
from eqpp_dash.engine.expression.graph import Graph, Node, topological
from eqpp_dash.engine.expression.polynomial import (
    Polynomial,
    TooLargeError,
    Work,
    divide,
    to_node,
    to_polynomial,
)
from eqpp_dash.engine.orbits import WORK_BOX
from eqpp_dash.engine.structure.darboux import cofactor
from eqpp_dash.engine.structure.facts import Structure, StructureFact
from eqpp_dash.model.portrait import Array

WORK = 100_000
"""Budget of a cofactor, in products of coefficients."""

NEAR = 1e-3
"""A cycle or a gap this near to a curve, in widths of the window, may be on it."""

SAME = 1e-6
"""Difference of the bounds, in sizes of the cycle, of a verified one that is the same."""

STEP, MOST_STEPS = 0.01, 3000
"""Steps along a curve, in widths of the window."""

_TURN, _CATCH, _SLACK = 0.15, 1e-3, 1e-9
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(6)


@dataclass(frozen=True, slots=True, eq=False)
class _Curve:
    """An invariant curve F = 0 with X(F) = F^(power + 1) L."""

    fact: StructureFact
    function: Factor
    rest: Factor
    power: int


def prove_on_curves(
    field: CompiledField, found: CycleSearch, structure: Structure | None, lo: Array, hi: Array
) -> CycleSearch:
    """Prove limit cycles that lie on invariant curves, and find multiple ones among them.

    Parameters
    ----------
    field : CompiledField
        A planar autonomous field.
    found : CycleSearch
        What the search found: cycles, and places where it could not tell their number.
    structure : Structure or None
        What is proved about the field.
    lo, hi : ndarray, shape (2,)
        Limits of the window.

    Returns
    -------
    CycleSearch
        Cycles on invariant curves are ``proved``, and may be ``semi-stable``; places that such a
        multiple cycle explains are left out.

    Examples
    --------
    >>> from eqpp_dash import parse_system
    >>> from eqpp_dash.engine.cycles import find_limit_cycles
    >>> from eqpp_dash.engine.structure.find import planar_structure
    >>> u, window = "(1 - x^2 - y^2)^2", {"x": (-2.0, 2.0), "y": (-2.0, 2.0)}
    >>> field = parse_system(f"x' = x*{u} - y; y' = y*{u} + x").compile()
    >>> search = find_limit_cycles(field, window)
    >>> len(search.cycles), search.undecided[0].count
    (0, '0, 1 double or 2')
    >>> structure, lo = planar_structure(field, window), np.full(2, -2.0)
    >>> (cycle,) = prove_on_curves(field, search, structure, lo, -lo).cycles
    >>> cycle.stability, cycle.evidence, round(cycle.period / np.pi, 12)
    ('semi-stable', 'proved', 2.0)
    """
    polynomials, some = field.polynomials(), found.cycles or found.undecided
    if structure is None or not some or not structure.curves or None in polynomials:
        return found
    components = [dict(p) for p in polynomials if p is not None]
    cycles, gaps = list(found.cycles), list(found.undecided)
    for fact in structure.curves:
        curve = _curve(field, fact, components)
        if curve is None:
            continue
        tried: set[bytes] = set()
        while (place := _place(curve, cycles, gaps, hi - lo, tried)) is not None:
            tried.add(place.tobytes())
            cycle = _prove(field, curve, place, lo, hi)
            if cycle is not None:
                cycles, gaps = _merged(curve, cycle, cycles, gaps, hi - lo)
    if len(cycles) == len(found.cycles) and not any(c.evidence == "proved" for c in cycles):
        return found
    return replace(found, cycles=_nested(cycles), undecided=tuple(gaps))


def _curve(
    field: CompiledField, fact: StructureFact, components: Sequence[Polynomial]
) -> _Curve | None:
    if fact.node is None or fact.function is None:
        return None
    known = {node.data: node for node in topological([fact.node]) if node.op == "variable"}
    if len(known) < 2:
        return None
    p = to_polynomial(fact.node, [known[name] for name in field.variables])
    if p is None:
        return None
    try:
        rest = cofactor((components[0], components[1]), p, Work(WORK))
    except TooLargeError:
        return None
    power = 0
    while rest and (quotient := divide(rest, p)) is not None:
        rest, power = quotient, power + 1
    if not rest:
        return None
    graph = Graph()
    symbols: list[Node] = [graph.symbol("variable", name) for name in field.variables]
    factor = Factor(graph, to_node(graph, rest, symbols), field.variables)
    return _Curve(fact, fact.function, factor, power)


def _distance(curve: _Curve, point: Array, width: Array) -> float:
    """Give the distance of a point from the curve, in widths, to first order."""
    value = float(curve.function(0.0, point[:, None])[0])
    slope = curve.function.gradient(0.0, point[:, None])[:, 0] * width
    size = float(np.hypot(*slope))
    return abs(value) / size if size else np.inf


def _place(
    curve: _Curve,
    cycles: Sequence[LimitCycle],
    gaps: Sequence[Undecided],
    width: Array,
    tried: set[bytes],
) -> Array | None:
    """Give a place near the curve, not tried yet, at which there may be a cycle to prove."""
    some = [c.point for c in cycles if c.evidence != "proved"]
    places = [point for point in some if _distance(curve, point, width) < NEAR]
    if curve.power:
        places += [0.5 * (gap.first + gap.last) for gap in gaps if _holds(curve, gap, width)]
    return next((place for place in places if place.tobytes() not in tried), None)


def _holds(curve: _Curve, gap: Undecided, width: Array) -> bool:
    """Tell whether the curve passes through a narrow gap."""
    ends = np.stack([gap.first, gap.last], axis=1)
    values = curve.function(0.0, ends)
    narrow = np.max(np.abs(gap.last - gap.first) / width) < NEAR
    return bool(narrow and values[0] * values[1] <= 0)


def _prove(
    field: CompiledField, curve: _Curve, place: Array, lo: Array, hi: Array
) -> LimitCycle | None:
    width = hi - lo
    points = _trace(field, curve.function, place, width)
    if points is None:
        return None
    slope = np.abs(curve.function.gradient(0.0, points.T) * width[:, None])
    best = int(np.argmax(np.max(slope, axis=0) / np.hypot(*slope)))
    axis = int(np.argmax(slope[:, best]))
    points = np.concatenate([points[best:-1], points[: best + 1]])
    catch = _catch(field, curve.function, points[0], axis, width)
    if catch is None:
        return None

    def inside(ends: Array) -> NDArray[np.bool_]:
        return np.asarray((np.abs(ends - points[0]) <= catch).all(axis=1))

    if not level_curve_joins(
        field, curve.function, (0.0, 0.0), points, width, (inside, inside), curve.rest
    ):
        return None
    return _cycle(field, curve, points, lo, hi)


def _trace(field: CompiledField, function: Factor, place: Array, width: Array) -> Array | None:
    """Follow a curve in the sense of the flow until it closes; shape (m, 2), closed."""

    def tangent(point: Array) -> Array:
        x, y = function.gradient(0.0, point[:, None])[:, 0] * width
        along = np.array([-y, x]) / np.hypot(x, y)
        flow = field(0.0, point[:, None])[:, 0] / width
        return np.asarray(along if along @ flow > 0 else -along)

    first = _onto(function, place[:, None], width)[:, 0]
    points, step = [first], STEP
    way = tangent(first)
    reach = 0.5 * WORK_BOX * width
    while len(points) < MOST_STEPS and np.isfinite(way).all():
        here = points[-1]
        gone = (here - first) / width
        if len(points) > 8 and np.hypot(*gone) < 1.5 * step and gone @ way < 0:
            return np.array([*points, first])
        after = _onto(function, (here + step * way * width)[:, None], width)[:, 0]
        new = tangent(after)
        if new @ way < np.cos(_TURN) and step > 1e-5:
            step *= 0.5
            continue
        points.append(after)
        step = min(STEP, 1.3 * step)
        way = new
        if (np.abs(after - place) > reach).any():
            return None
    return None


def _onto(function: Factor, points: Array, width: Array) -> Array:
    """Move points, shape (2, m), along the gradient onto a curve."""
    for _ in range(4):
        slope = function.gradient(0.0, points) * width[:, None]
        step = function(0.0, points) * slope / (slope**2).sum(axis=0) * width[:, None]
        points = points - np.where(np.isfinite(step), step, 0.0)
    return points


def _catch(
    field: CompiledField, function: Factor, point: Array, axis: int, width: Array
) -> Array | None:
    """Give half widths of a box that the curve crosses once, along its short side.

    Both ends of the chain lie in it, so they are on one piece of the curve. The field does not
    vanish in it.
    """
    half = _SLACK * width
    half[axis] = _CATCH * width[axis]
    for _ in range(8):
        lo, hi = (point - half)[:, None], (point + half)[:, None]
        slopes, rates = function.gradient_boxes(lo, hi), field.boxes(lo, hi)
        below, above = hi.copy(), lo.copy()
        below[axis], above[axis] = lo[axis], hi[axis]
        low, high = function.boxes(lo, below), function.boxes(above, hi)
        steep = slopes.lo[axis, 0] > 0 or slopes.hi[axis, 0] < 0
        moves = ((rates.lo[:, 0] > 0) | (rates.hi[:, 0] < 0)).any()
        up = low.hi[0] < 0 < high.lo[0]
        down = high.hi[0] < 0 < low.lo[0]
        if steep and moves and (up or down):
            return half
        half[axis] *= 0.5
    return None


def _cycle(
    field: CompiledField, curve: _Curve, points: Array, lo: Array, hi: Array
) -> LimitCycle | None:
    """Measure a closed curve that is proved to be a limit cycle."""
    width, nodes = hi - lo, points[:-1]
    extremes = [
        _extreme(field, curve.function, nodes[place], axis)
        for axis in (0, 1)
        for place in (np.argmin(nodes[:, axis]), np.argmax(nodes[:, axis]))
    ]
    bounds = np.array([[extremes[0][0], extremes[1][0]], [extremes[2][1], extremes[3][1]]])
    times, rates = _passage(field, curve, points, width)
    period, rough = times[-1], times[0]
    if not np.isfinite([*bounds.ravel(), period]).all():
        return None
    sign = float(np.sign(curve.rest(0.0, points[:1].T)[0]))
    start = int(np.argmax(nodes[:, 0]))
    ring = np.concatenate([nodes[start:], nodes[: start + 1]])
    outside = float(np.sign(curve.function.gradient(0.0, extremes[1][:, None])[0, 0]))
    if curve.power % 2 == 0:
        stability = "stable" if sign < 0 else "unstable"
        side = ""
    else:
        stability = "semi-stable"
        inward = "outside" if outside * sign < 0 else "inside"
        side = f"; orbits {inward} wind onto it, those on the other side away from it"
    multiplier, error = (rates[-1], abs(rates[-1] - rates[0])) if not curve.power else (0.0, 0.0)
    times_ = f"F^{curve.power + 1} L" if curve.power else "F L"
    method = f"F = {curve.fact.expression} = 0 is closed, and X(F) = {times_} with L not zero on it"
    return LimitCycle(
        extremes[1],
        float(period),
        float(multiplier),
        stability,
        bounds,
        location(bounds, lo, hi),
        ring,
        (),
        (),
        "proved",
        method + side,
        float(4 * np.spacing(np.abs(bounds)).max()),
        float(abs(period - rough)),
        float(error),
    )


def _extreme(field: CompiledField, function: Factor, point: Array, axis: int) -> Array:
    """Give the point of the curve near another at which the flow has no part along an axis."""
    for _ in range(6):
        value = np.array([function(0.0, point[:, None])[0], field(0.0, point[:, None])[axis, 0]])
        slope = np.stack(
            [
                function.gradient(0.0, point[:, None])[:, 0],
                field.jacobian(0.0, point[:, None])[axis, :, 0],
            ]
        )
        if not np.linalg.det(slope):
            break
        point = point - np.linalg.solve(slope, value)
    return point


def _passage(
    field: CompiledField, curve: _Curve, points: Array, width: Array
) -> tuple[Array, Array]:
    """Integrate time, and L over time, along a closed curve: on every other node, and on all."""
    times, sums = [], []
    for stride in (2, 1):
        nodes = points[:-1:stride]
        first, last = nodes, np.concatenate([nodes[1:], nodes[:1]])
        rise = (last - first) / width
        axis = np.argmax(np.abs(rise), axis=1)
        rows = np.arange(len(nodes))
        total = area = 0.0
        for node, weight in zip(_NODES, _WEIGHTS, strict=True):
            at = first + 0.5 * (1 + node) * (last - first)
            for _ in range(6):  # move along the other axis only
                slope = curve.function.gradient(0.0, at.T).T
                step = curve.function(0.0, at.T) / slope[rows, 1 - axis]
                at[rows, 1 - axis] -= step
            speed = field(0.0, at.T).T[rows, axis]
            parts = 0.5 * weight * (last - first)[rows, axis] / speed
            total += parts.sum()
            area += (parts * curve.rest(0.0, at.T)).sum()
        times.append(total)
        sums.append(area)
    return np.array(times), np.array(sums)


def _merged(
    curve: _Curve,
    cycle: LimitCycle,
    cycles: Sequence[LimitCycle],
    gaps: Sequence[Undecided],
    width: Array,
) -> tuple[list[LimitCycle], list[Undecided]]:
    """Put a cycle in the place of the one found there; one verified elsewhere is another."""
    size = np.ptp(cycle.bounds, axis=1)

    def apart(other: LimitCycle) -> float:
        sure = other.evidence in ("verified", "proved")
        near = SAME + 10 * other.error / float(size.min()) if sure else NEAR
        return float((np.abs(other.bounds - cycle.bounds) / size[:, None]).max()) / near

    same = min((other for other in cycles if apart(other) < 1.0), key=apart, default=None)
    if same is not None and same.evidence == "proved":
        return list(cycles), list(gaps)
    kept = [other for other in cycles if other is not same]
    left = [gap for gap in gaps if not (curve.power and _on(cycle, curve, gap, width))]
    return [*kept, cycle], left


def _on(cycle: LimitCycle, curve: _Curve, gap: Undecided, width: Array) -> bool:
    """Tell whether a gap is one that a cycle passes through."""
    middle = 0.5 * (gap.first + gap.last)
    away = np.max(np.abs(cycle.points - middle) / width, axis=1).min()
    return _holds(curve, gap, width) and bool(away < 2 * STEP)


def _nested(cycles: Sequence[LimitCycle]) -> tuple[LimitCycle, ...]:
    """Sort cycles by size, and tell which enclose which."""
    order = sorted(cycles, key=lambda c: (float(np.prod(np.ptp(c.bounds, axis=1))), c.point[0]))
    return tuple(
        replace(
            item,
            cycles=tuple(
                k
                for k, other in enumerate(order)
                if other is not item and encloses(item.points, other.point)
            ),
        )
        for item in order
    )
