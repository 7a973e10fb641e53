"""Where orbits have arrived: neighbourhoods of sinks and of limit cycles that catch them.

At a saddle-node it is a wedge, see `wedges.attracting_wedges`. About a hyperbolic sink it is an
axis-parallel ellipse within one that is proved never to be left, see
`attraction.trapping_ellipse`. A cycle crosses the line y = p at its rightmost point, (r, p),
straight up or down. If the orbit through (r + d, p) crosses that line next between the cycle and
its own start, then the turn, the piece of the line and the cycle bound a band that no orbit
leaves; without equilibria or other cycles in it all orbits in it tend to the cycle (Poincaré and
Bendixson; Perko, *Differential Equations and Dynamical Systems*, 3rd ed., section 3.7). So an
orbit is caught once it crosses the line in the cycle's sense between r and r + d.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.attraction import NEAR, trapping_ellipse
from eqpp_dash.engine.classify import classify_equilibrium
from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.cycles.shape import encloses
from eqpp_dash.engine.machine import CycleTargets, End, SectionEvent, Targets
from eqpp_dash.engine.machine.integrate import Propagated
from eqpp_dash.engine.wedges import Wedge, attracting_wedges, has_center_direction
from eqpp_dash.model.cycles import LimitCycle
from eqpp_dash.model.portrait import Array, Equilibrium

INSIDE = 0.98
"""Share of the largest ellipse that is used: rounding must not decide."""

MOST_BEYOND = 40
"""Sinks beyond the window that get a basin of their own; orbits to others stay undecided."""

ROUNDING = 1e-5
"""Orbits on a cycle may be on either side of it by the error of integration, in sizes of it."""

_HALVINGS = 16
_TURN_POINTS = 200


@dataclass(frozen=True, slots=True, eq=False)
class Attractor:
    """What orbits tend to, and the ellipse in which they are caught.

    Attributes
    ----------
    of, kind, evidence : str
        As of `model.basins.Basin`.
    point : ndarray, shape (2,)
        The equilibrium, or the rightmost point of the cycle.
    center, radii : ndarray, shape (2,)
        The ellipse; for a cycle it counts on its section only.
    label : int
        Number of what attracts; that of a cycle is the same on its two sides.
    section : int
        The section of a cycle; -1 for an equilibrium.
    """

    of: str
    kind: str
    evidence: str
    point: Array
    center: Array
    radii: Array
    label: int
    section: int = -1


@dataclass(slots=True)
class Attractors:
    """All attractors known, in the shape that `Integrator.propagate` takes them."""

    cycles: Sequence[LimitCycle]
    sections: dict[str, float]
    directions: list[int]
    resting: list[Attractor] = field(default_factory=list)
    turning: list[Attractor] = field(default_factory=list)
    tips: list[tuple[Attractor, Wedge]] = field(default_factory=list)

    @property
    def next_label(self) -> int:
        """The number of the equilibrium that is found next."""
        tips = {item.label for item, _ in self.tips}
        return len(self.resting) + len(tips) + (len(self.cycles) if self.turning else 0)

    def wanted(self) -> dict[str, Any]:
        """Give the arguments of `Integrator.propagate` that make orbits end where caught."""
        given: dict[str, Any] = {}
        if self.resting:
            given["targets"] = Targets(
                np.transpose([item.center for item in self.resting]),
                np.transpose([item.radii for item in self.resting]),
            )
        if self.turning:
            own = sorted({item.section for item in self.turning})
            given["events"] = [SectionEvent(k, direction=self.directions[k]) for k in own]
            given["cycle_targets"] = [
                CycleTargets(
                    np.transpose([i.center for i in self.turning if i.section == k]),
                    np.transpose([i.radii for i in self.turning if i.section == k]),
                    section=k,
                )
                for k in own
            ]
        return given

    def labels(self) -> dict[int, Attractor]:
        """Give what each label stands for."""
        tips = (item for item, _ in self.tips)
        return {item.label: item for item in (*self.resting, *tips, *self.turning)}

    def caught(self, found: Propagated) -> NDArray[np.int8]:
        """Give the label of the attractor that caught each orbit; -1 where none did."""
        labels = np.full(found.ends.size, -1, dtype=np.int8)
        for end, items in ((End.TARGET, self.resting), (End.CYCLE, self.turning)):
            mine = found.ends == end
            numbers = np.array([item.label for item in items], dtype=np.int8)
            labels[mine] = numbers[found.target[mine]]
        for item, wedge in self.tips:
            late = (found.ends == End.TIME) | (found.ends == End.BUDGET)
            labels[late & wedge.holds(found.states)] = item.label
        return labels


def section_names(taken: Sequence[str], cycles: Sequence[LimitCycle]) -> dict[str, float]:
    """Name a parameter for the height of each cycle's section; give the heights.

    Examples
    --------
    >>> section_names(("x", "y"), ())
    {}
    """
    names: dict[str, float] = {}
    for number, cycle in enumerate(cycles):
        name = f"height_{number}"
        while name in taken:
            name = f"{name}_0"
        names[name] = float(cycle.point[1])
    return names


def resting_attractor(
    compiled: CompiledField, item: Equilibrium, of: str, label: int, width: Array
) -> Attractor | None:
    """Give the ellipse that catches the orbits to an equilibrium; None if it attracts none.

    Parameters
    ----------
    compiled : CompiledField
        The field.
    item : Equilibrium
        The equilibrium.
    of : str
        What it is called.
    label : int
        Its number.
    width : ndarray, shape (2,)
        Width of the window.
    """
    if item.stability != "stable":
        return None
    radii, evidence = NEAR * width, "numerical"
    if item.hyperbolic:
        shape, level = trapping_ellipse(compiled, item, 1.0, width)
        if level > 0:
            largest = float(np.linalg.eigvalsh(width[:, None] * shape * width)[-1])
            radii, evidence = INSIDE * np.sqrt(level / largest) * width, "verified"
    return Attractor(of, item.kind, evidence, item.point, item.point, radii, label)


def saddle_nodes(
    compiled: CompiledField, item: Equilibrium, of: str, label: int, width: Array
) -> list[tuple[Attractor, Wedge]]:
    """Give the wedges in which orbits tend to a saddle-node; see `resting_attractor`.

    A wedge catches the orbits that are in it when they are left: they come to its tip like a
    power of the time.
    """
    if item.kind != "saddle-node" or not has_center_direction(item):
        return []
    wedges = attracting_wedges(compiled, item, 1.0, width)
    there = Attractor(
        of, item.kind, "verified", item.point, item.point, np.zeros_like(item.point), label
    )
    return [(there, wedge) for wedge in wedges]


def turning_attractors(
    known: Attractors,
    equilibria: Sequence[Equilibrium],
    turns: Callable[..., Propagated],
    first: int,
    width: Array,
) -> list[Attractor]:
    """Find on each side of every cycle the band that catches the orbits to it.

    Parameters
    ----------
    known : Attractors
        The cycles with their sections.
    equilibria : sequence of Equilibrium
        All equilibria known.
    turns : callable
        `Integrator.propagate`, with a section for each cycle, with the usual options.
    first : int
        Label of the first cycle.
    width : ndarray, shape (2,)
        Width of the window.

    Returns
    -------
    list of Attractor
        None for a side on which the cycle repels, or no band could be verified.
    """
    found = []
    for number, cycle in enumerate(known.cycles):
        for side in (1.0, -1.0):
            reach = _band(known, number, side, equilibria, turns)
            if reach is None:
                continue
            slack = ROUNDING * float(np.ptp(cycle.bounds[0]))
            center = cycle.point + np.array([0.5 * side * (reach - slack), 0.0])
            radii = np.array([0.5 * (reach + slack), float(width[1])])
            found.append(
                Attractor(
                    f"cycle {number}", cycle.stability, "verified",
                    cycle.point, center, radii, first + number, number,
                )
            )  # fmt: skip
    return found


def _band(
    known: Attractors,
    number: int,
    side: float,
    equilibria: Sequence[Equilibrium],
    turns: Callable[..., Propagated],
) -> float | None:
    """Give how far from a cycle, on its section, orbits are sure to come nearer; None if not."""
    cycle = known.cycles[number]
    place, height = cycle.point
    limit = 0.25 * float(np.ptp(cycle.bounds[0]))
    for other in known.cycles:
        across = _crossings(other.points, float(height))
        away = side * (across - place)
        beyond = away[away > 1e-6 * limit]
        limit = min(limit, 0.45 * float(beyond.min())) if beyond.size else limit
    reach = limit * 0.5 ** np.arange(_HALVINGS)
    starts = np.stack([place + side * reach, np.full(_HALVINGS, height)])
    span = 3.0 * cycle.period
    events = [SectionEvent(number, direction=known.directions[number], record=8)]
    crossings = turns(starts, span, events=events).crossings[0]
    away = side * (crossings.states[0] - place)
    with np.errstate(invalid="ignore"):
        ours = np.abs(away) <= reach[:, None]
    first = ours.argmax(axis=1)
    each = np.arange(_HALVINGS)
    back, times = away[each, first], crossings.times[each, first]
    slack = 1e-7 * limit + 4.0 * cycle.error
    good = ours.any(axis=1) & (back < reach - slack) & (back > -slack)
    for k in np.flatnonzero(good).tolist():
        shares = np.linspace(0.0, float(times[k]), _TURN_POINTS)[1:]
        turn = turns(np.repeat(starts[:, k : k + 1], shares.size, axis=1), shares).states
        curve = np.concatenate([starts[:, k : k + 1], turn, starts[:, k : k + 1]], axis=1).T
        if all(
            encloses(curve, item.point) == encloses(cycle.points, item.point) for item in equilibria
        ):
            return float(reach[k])
    return None


def _crossings(curve: Array, height: float) -> Array:
    """Give the first coordinates at which a closed polyline crosses a height."""
    (x0, y0), (x1, y1) = curve[:-1].T, curve[1:].T
    some = (y0 > height) != (y1 > height)
    share = (height - y0[some]) / (y1[some] - y0[some])
    return np.asarray(x0[some] + share * (x1[some] - x0[some]))


def sinks_near(
    compiled: CompiledField,
    states: NDArray[np.float64],
    known: Sequence[Array],
    width: Array,
) -> list[Equilibrium]:
    """Find hyperbolic sinks, not yet known, at which orbits were left.

    Parameters
    ----------
    compiled : CompiledField
        The field.
    states : ndarray, shape (2, m)
        Last states of orbits.
    known : sequence of ndarray
        Equilibria known.
    width : ndarray, shape (2,)
        Width of the window.

    Returns
    -------
    list of Equilibrium
        Sinks by Newton's method, at most `MOST_BEYOND`.
    """
    cells = np.unique(np.rint(states / (0.02 * width[:, None])), axis=1) * 0.02 * width[:, None]
    points = cells[:, :: max(1, cells.shape[1] // 400)]
    last = np.full(points.shape, np.inf)
    with np.errstate(all="ignore"):
        for _ in range(30):
            jacobian = np.moveaxis(compiled.jacobian(0.0, points), -1, 0)
            values = compiled(0.0, points).T[:, :, None]
            both = np.concatenate([jacobian, values], axis=2)
            good: NDArray[np.bool_] = np.asarray(np.isfinite(both).all(axis=(1, 2)))
            det = np.linalg.det(np.where(good[:, None, None], jacobian, 1.0))
            good &= np.asarray(det != 0)
            points, last = points[:, good], last[:, good]
            if not points.size:
                return []
            last = np.linalg.solve(jacobian[good], values[good])[:, :, 0].T
            points = points - last
    settled = np.flatnonzero(np.max(np.abs(last) / width[:, None], axis=0) < 1e-9)
    found: list[Equilibrium] = []
    for point in points[:, settled].T:
        others = [*known, *(item.point for item in found)]
        if any((np.abs(point - other) < 1e-6 * width).all() for other in others):
            continue
        jacobian = compiled.jacobian(0.0, point[:, None])[:, :, 0]
        kind = classify_equilibrium(jacobian)
        if kind.stability != "stable" or len(found) == MOST_BEYOND:
            continue
        found.append(
            Equilibrium(
                point, "outside", jacobian, kind.eigenvalues, kind.eigenvectors, kind.kind,
                kind.stability, kind.hyperbolic, kind.index, "numerical", "Newton", 0.0,
            )
        )  # fmt: skip
    return found
