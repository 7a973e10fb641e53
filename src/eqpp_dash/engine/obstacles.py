"""Why an orbit cannot be continued: what its step has shrunk to nothing before."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from eqpp_dash.engine.batch import Batch
from eqpp_dash.engine.dop853 import Array, Field
from eqpp_dash.engine.orbits import Problem

FAST = 1e4
"""A speed of so many windows in the time of crossing one is taken for a growth beyond bounds."""

FieldOf = Callable[[Array], Field]
"""Gives the field in elapsed time for lanes of such directions of time, shape (lanes,)."""


def name_obstacle(
    problem: Problem, field: FieldOf, batch: Batch, i: int, undefined: bool, jumps: bool
) -> tuple[str, str]:
    """Say what an orbit has run into when its step has shrunk to nothing.

    Parameters
    ----------
    problem : Problem
        The system and the options.
    field : callable
        Gives the field in elapsed time for directions of time, shape (lanes,).
    batch : Batch
        The lanes that run.
    i : int
        Which of them has run into something.
    undefined : bool
        Whether its last try met a place where the field is undefined.
    jumps : bool
        Whether the field has surfaces where it jumps.

    Returns
    -------
    tuple of (str, str)
        The kind of its end and the reason in words.
    """
    out = float(problem.reach(batch.y[:, [i]])[0])
    speed = float(np.max(np.abs(batch.f[:, i]) / problem.width))
    if out > 1e3 * problem.box:
        return "infinity", "it grows beyond all bounds"
    fast = speed * problem.crossing > FAST
    if fast and not undefined and not jumps and _speeds_up(problem, field, batch, i):
        return "infinity", "it leaves all bounds in finite time"
    if undefined:
        return "undefined", "the field is undefined just beyond"
    if fast and jumps:
        return "undefined", "the field grows beyond all bounds here"
    return "undecided", "the step size has shrunk to nothing here"


def _speeds_up(problem: Problem, field: FieldOf, batch: Batch, i: int) -> bool:
    """Tell whether the speed does not fall along the tangent, far out, while it is finite."""
    width = problem.width[:, None]
    f = batch.f[:, [i]]
    away = f / np.max(np.abs(f) / width) * np.geomspace(1e-3, 3.0 * problem.box, 24)
    sign = np.full(away.shape[1], batch.sign[i])
    ahead = field(sign)(np.full(away.shape[1], batch.t[i]), batch.y[:, [i]] + away)
    speed = np.max(np.abs(ahead) / width, axis=0)
    known = np.isfinite(speed)
    return bool(known[0] and (speed[known] >= 0.99 * np.max(np.abs(f) / width)).all())
