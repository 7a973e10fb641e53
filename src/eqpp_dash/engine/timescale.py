"""Typical times of a system on a window: how long orbits are worth following."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from eqpp_dash.engine.dop853 import Array
from eqpp_dash.model.cycles import LimitCycle
from eqpp_dash.model.portrait import Equilibrium

if TYPE_CHECKING:
    from eqpp_dash.engine.compiled import CompiledField

_GRID = 16
_TURNS = 50.0
_FEWEST, _MOST = 20.0, 1000.0
_WITHOUT_EQUILIBRIA = 100.0


def crossing_time(field: CompiledField, center: Array, width: Array) -> float:
    """Give a typical time to cross the window: one over the median speed in widths.

    Parameters
    ----------
    field : CompiledField
        The vector field.
    center, width : ndarray, shape (n,)
        Middle and width of the window.

    Returns
    -------
    float
        The time; 1 if the field vanishes, or is undefined, almost everywhere.
    """
    axis = (np.arange(_GRID) + 0.5) / _GRID - 0.5
    unit = np.stack([part.ravel() for part in np.meshgrid(*[axis] * width.size)])
    with np.errstate(all="ignore"):
        values = field(0.0, center[:, None] + unit * width[:, None])
        speed = np.max(np.abs(values) / width[:, None], axis=0)
    speed = speed[np.isfinite(speed) & (speed > 0)]
    return float(np.clip(1.0 / np.median(speed), 1e-150, 1e150)) if speed.size else 1.0


def time_span(
    equilibria: Sequence[Equilibrium], crossing: float, cycles: Sequence[LimitCycle] = ()
) -> float:
    """Give the longest time that an orbit is followed when the specification leaves it open.

    Fifty times the slowest of the equilibria's time constants ``1/|Re λ|`` and periods
    ``2π/|Im λ|``, and of the periods of limit cycles, but at least 20 and at most 1000
    box-crossing times; 100 of these where there is no equilibrium.

    Parameters
    ----------
    equilibria : sequence of Equilibrium
        The equilibria known.
    crossing : float
        A typical time to cross the window.
    cycles : sequence of LimitCycle
        The limit cycles known.

    Returns
    -------
    float
        The time.
    """
    slowest = max((item.period for item in cycles), default=0.0)
    for item in equilibria:
        for value in item.eigenvalues:
            if item.hyperbolic and value.real != 0:
                slowest = max(slowest, 1.0 / abs(float(value.real)))
            if value.imag != 0:
                slowest = max(slowest, 2.0 * np.pi / abs(float(value.imag)))
    times = _TURNS * slowest / crossing if equilibria else _WITHOUT_EQUILIBRIA
    return float(np.clip(times, _FEWEST, _MOST)) * crossing
