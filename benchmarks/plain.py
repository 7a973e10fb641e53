"""What somebody competent writes with scipy in an hour to explore a planar system.

Equilibria by `fsolve` from a grid of starts, their kinds by the eigenvalues of a Jacobian by
differences; limit cycles by long integrations to both sides in time from a grid, with a section
through each equilibrium; connections by following the separatrices of saddles. Nothing here
knows what is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from counting import Cycle, Equilibrium, Findings
from scipy.integrate import solve_ivp
from scipy.optimize import fsolve

Point = np.ndarray
Field = Callable[[float, Point], list[float]]
STARTS, ORBITS, SPAN = 20, 8, 200.0
"""Starts of `fsolve` and of orbits along each axis; time of integration."""
INSET = 0.1
"""How far from the border orbits start; here and below in widths of the window."""
SAME = 1e-7
"""Equilibria that close are one; a real part of an eigenvalue that small decides nothing."""
CLOSED = 1e-6
"""Returns to a section that close are those of a closed orbit."""
MOVED = 1e-3
"""What is further apart is not the same."""
SECTIONS = 8
"""Most sections."""
TOLERANCES = {"method": "DOP853", "rtol": 1e-9, "atol": 1e-12}


def find(field: Field, low: Point, high: Point) -> Findings:
    """Explore a field within a window."""
    wide = high - low
    equilibria = [
        Equilibrium((float(x), float(y)), kind_of(jacobian(field, np.array([x, y]), wide)))
        for x, y in find_equilibria(field, low, high)
    ]
    cycles = find_cycles(field, low, high, [np.array(one.point) for one in equilibria])
    saddles = [np.array(one.point) for one in equilibria if one.kind == "saddle"]
    loops = find_connections(field, low, high, saddles)
    return Findings(tuple(equilibria), 0, tuple(cycles), 0, tuple(loops))


def grid(low: Point, high: Point, number: int, inset: float = 0.0) -> Iterator[Point]:
    """Give points evenly spaced over the window."""
    edges = zip(low + inset * (high - low), high - inset * (high - low), strict=True)
    xs, ys = (np.linspace(a, b, number) for a, b in edges)
    return (np.array([x, y]) for x in xs for y in ys)


def find_equilibria(field: Field, low: Point, high: Point) -> list[Point]:
    """Solve from every start and keep the solutions once."""
    wide, found = high - low, []
    for start in grid(low, high, STARTS):
        point = fsolve(lambda p: field(0.0, p), start, xtol=1e-12, full_output=True)[0]
        solved = np.abs(field(0.0, point)).max() < 1e-10
        if solved and within(point, low, high) and apart_from(point, found, wide) > SAME:
            found.append(point)
    return found


def within(point: Point, low: Point, high: Point) -> bool:
    """Tell whether a point is in the window, its border included."""
    slack = 1e-6 * (high - low)
    return bool((point >= low - slack).all() and (point <= high + slack).all())


def apart(a: Point, b: Point, wide: Point) -> float:
    """Measure a distance in widths of the window."""
    return float(np.abs((a - b) / wide).max())


def apart_from(point: Point, others: list[Point], wide: Point) -> float:
    """Measure the distance to the nearest of others."""
    return min((apart(point, other, wide) for other in others), default=np.inf)


def jacobian(field: Field, point: Point, wide: Point) -> np.ndarray:
    """Differentiate by central differences."""
    columns = []
    for step in np.diag(1e-6 * wide):
        ahead, behind = field(0.0, point + step), field(0.0, point - step)
        columns.append((np.array(ahead) - np.array(behind)) / (2.0 * step.max()))
    return np.array(columns).T


def kind_of(matrix: np.ndarray) -> str | None:
    """Name the kind by eigenvalues; none where a real part is zero, which decides nothing."""
    values = np.linalg.eigvals(matrix)
    if np.abs(values.real).min() <= SAME * max(1.0, np.abs(values).max()):
        return None
    if values.real.min() < 0.0 < values.real.max():
        return "saddle"
    side = "stable" if values.real.max() < 0.0 else "unstable"
    return f"{side} {'focus' if np.abs(values.imag).max() > 1e-6 else 'node'}"


def leaves(low: Point, high: Point) -> Callable[[float, Point], float]:
    """Give the event that ends orbits well beyond the window."""
    middle, half = (low + high) / 2.0, (high - low) / 2.0

    def event(_: float, p: Point) -> float:
        return 3.0 - float(np.abs((p - middle) / half).max())

    event.terminal = True  # type: ignore[attr-defined]
    return event


def find_cycles(field: Field, low: Point, high: Point, centers: list[Point]) -> list[Cycle]:
    """Integrate from a grid to both sides; read returns to sections through equilibria."""
    sections = [lambda _, p, level=level: p[1] - level for level in levels(low, high, centers)]
    for section in sections:
        section.direction = 1.0  # type: ignore[attr-defined]
    events, found = [leaves(low, high), *sections], []
    for start in grid(low, high, ORBITS, INSET):
        for sign, stability in ((1.0, "stable"), (-1.0, "unstable")):
            orbit = solve_ivp(field, (0.0, sign * SPAN), start, events=events, **TOLERANCES)
            for times, points in zip(orbit.t_events[1:], orbit.y_events[1:], strict=True):
                found += read_returns(times, points, stability, low, high, centers)
    return distinct(found, high - low)


def levels(low: Point, high: Point, centers: list[Point]) -> Point:
    """Give sections' levels: through what a cycle may go round, or the middle of the window."""
    found = np.unique(np.round([p[1] for p in centers] or [(low + high)[1] / 2.0], 6))
    return found[:: -(-len(found) // SECTIONS)]


def read_returns(
    times: Point, points: Point, stability: str, low: Point, high: Point, rests: list[Point]
) -> list[Cycle]:
    """Read a limit cycle off returns to a section: they come to rest, having moved before.

    An orbit that closes at once belongs to a band of closed orbits and is no limit cycle; one
    that returns closer and closer to a point of rest is none either, and one beyond the window
    is not asked for.
    """
    wide = high - low
    if len(times) < 4 or apart(points[0], points[-1], wide) < MOVED:
        return []
    if not within(points[-1], low, high) or apart_from(points[-1], rests, wide) < MOVED:
        return []
    period = abs(float(times[-1] - times[-2]))
    lasts = abs(abs(times[-1]) - SPAN) < 2.0 * period
    closes = all(apart(points[-i], points[-i - 1], wide) < CLOSED for i in (1, 2))
    if not (lasts and closes):
        return []
    return [Cycle(period, stability, (float(points[-1][0]), float(points[-1][1])))]


def distinct(cycles: list[Cycle], wide: Point) -> list[Cycle]:
    """Keep each once; one that attracts on one side and repels on the other is semi-stable."""
    found: list[Cycle] = []
    for cycle in cycles:
        for k, old in enumerate(found):
            close = apart(np.array(old.point), np.array(cycle.point), wide) < MOVED
            if close and abs(old.period / cycle.period - 1.0) < MOVED:
                if old.stability != cycle.stability:
                    found[k] = Cycle(old.period, "semi-stable", old.point)
                break
        else:
            found.append(cycle)
    return found


def find_connections(
    field: Field, low: Point, high: Point, saddles: list[Point]
) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Follow unstable separatrices; one that comes close to a saddle is said to end there."""
    wide, found = high - low, []
    for saddle in saddles:
        values, vectors = np.linalg.eig(jacobian(field, saddle, wide))
        away = vectors[:, np.argmax(values.real)].real
        for side in (1.0, -1.0):
            start = saddle + side * 1e-6 * wide.max() * away
            orbit = solve_ivp(
                field, (0.0, SPAN), start, events=leaves(low, high), max_step=0.1, **TOLERANCES
            )
            gone = np.flatnonzero([apart(p, saddle, wide) > 1e-2 for p in orbit.y.T])
            for target in saddles if len(gone) else ():
                if min(apart(p, target, wide) for p in orbit.y.T[gone[0] :]) < MOVED:
                    found.append((tuple(map(float, saddle)), tuple(map(float, target))))
    return found
