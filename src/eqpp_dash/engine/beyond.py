"""Sinks outside the window, so that orbits that tend to them end there by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.attraction import trapping_ellipse
from eqpp_dash.engine.dop853 import Array
from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.equilibriumsets import MARGIN
from eqpp_dash.engine.orbits import RETRACES, STALLS, Problem
from eqpp_dash.engine.trajectories import Traced
from eqpp_dash.model.portrait import Equilibrium

MOST_SINKS = 8
"""Most sinks that are sought outside the window."""

OPEN = ("time", "budget", RETRACES, STALLS)
"""Ends that say nothing about where an orbit tends to."""

_NEWTON = 12
_NEAR = 0.25
"""How far Newton's method may lead from where an orbit was left, in widths of the window."""

_CELL = 0.05
_REACH = 1e-3


def settle_beyond(
    traced: Traced, equilibria: tuple[Equilibrium, ...], known: int
) -> tuple[Equilibrium, ...]:
    """End orbits at hyperbolic sinks (in their direction of time) outside the window.

    An orbit that was left outside what was searched is followed by Newton's method to a zero of
    the field. If that is proved to be one, is hyperbolic and attracting, and the orbit is within
    an ellipse proved to be attracted (`attraction`), it ends there.

    Parameters
    ----------
    traced : Traced
        Planar orbits; their ends are replaced.
    equilibria : tuple of Equilibrium
        All equilibria known.
    known : int
        How many of them were found by the search of the window.

    Returns
    -------
    tuple of Equilibrium
        With the sinks that were found put last, their location ``outside``: the search of the
        window, and what it claims about completeness, are not concerned.
    """
    problem, flow = traced.problem, traced.flow
    field = problem.field
    if field.dimension != 2 or not field.autonomous:
        return equilibria
    open_ends = [k for k, end in enumerate(flow.ends.end) if end in OPEN]
    lanes = np.array(open_ends, dtype=np.intp)
    lanes = lanes[_is_beyond(problem, flow.ends.state[:, lanes])]
    if not lanes.size:
        return equilibria
    for sign in np.unique(flow.signs[lanes]):
        mine = lanes[flow.signs[lanes] == sign]
        states = flow.ends.state[:, mine]
        for point in _zeros_near(problem, states):
            if len(equilibria) - known < MOST_SINKS:
                equilibria = _with_sink(problem, equilibria, point, float(sign))
        for number in range(known, len(equilibria)):
            item = equilibria[number]
            if not _attracts(item, float(sign)):
                continue
            shape, level = trapping_ellipse(field, item, float(sign), problem.width)
            away = states - item.point[:, None]
            caught = np.einsum("il,ij,jl->l", away, shape, away) < level
            for lane in mine[caught].tolist():
                flow.ends.end[lane] = f"equilibrium {number}"
                flow.ends.reason[lane] = "caught in a neighbourhood proved to be attracted"
                flow.ends.reached[lane] = None
    traced.equilibria = equilibria
    return equilibria


def _is_beyond(problem: Problem, states: Array) -> NDArray[np.bool_]:
    """Tell which states lie outside what was searched, and in the work box."""
    reach = problem.reach(states)
    return np.asarray((reach > 1 + 2 * MARGIN) & (reach < problem.box))


def _attracts(item: Equilibrium, sign: float) -> bool:
    return item.hyperbolic and bool((sign * item.eigenvalues.real < 0).all())


def _zeros_near(problem: Problem, states: Array) -> list[Array]:
    """Follow states by Newton's method to zeros outside the window, each told once."""
    field, width = problem.field, problem.width[:, None]
    cells = np.unique(np.rint(states / (_CELL * width)), axis=1, return_index=True)[1]
    points = states[:, cells]
    origins = points.copy()
    step = np.full(points.shape, np.inf)
    for _ in range(_NEWTON):
        jacobian = np.moveaxis(field.jacobian(0.0, points), -1, 0)
        values = field(0.0, points).T[:, :, None]
        both = np.concatenate([jacobian, values], axis=2)
        usable: NDArray[np.bool_] = np.asarray(np.isfinite(both).all(axis=(1, 2)))
        usable &= np.abs(np.linalg.det(np.where(usable[:, None, None], jacobian, 0.0))) > 0
        points, origins, step = points[:, usable], origins[:, usable], step[:, usable]
        if not points.size:
            return []
        step = np.linalg.solve(jacobian[usable], values[usable])[:, :, 0].T
        points = points - step
    settled = np.max(np.abs(step) / width, axis=0) < 1e-9
    settled &= np.max(np.abs(points - origins) / width, axis=0) < _NEAR
    settled &= _is_beyond(problem, points)
    found: list[Array] = []
    for point in points[:, settled].T:
        if all((np.abs(point - other) > 1e-6 * problem.width).any() for other in found):
            found.append(point)
    return found


def _with_sink(
    problem: Problem, equilibria: Sequence[Equilibrium], point: Array, sign: float
) -> tuple[Equilibrium, ...]:
    """Examine a zero as the search does, and keep it if it is new and attracts."""
    width = problem.width
    if any((np.abs(item.point - point) < 1e-6 * width).all() for item in equilibria):
        return tuple(equilibria)
    around = {
        name: (float(at - reach), float(at + reach))
        for name, at, reach in zip(problem.field.variables, point, _REACH * width, strict=True)
    }
    found = [
        replace(item, location="outside")
        for item in find_equilibria(problem.field, around).equilibria
        if item.evidence == "proved"
        and _attracts(item, sign)
        and (np.abs(item.point - point) < 1e-6 * width).all()
    ]
    return (*equilibria, *found[:1])
