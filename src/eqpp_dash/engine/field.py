"""The vector field sampled on a grid, and the window as arrays."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.errors import SpecError
from eqpp_dash.model.portrait import Array, VectorFieldGrid
from eqpp_dash.model.spec import Range


def window_limits(field: CompiledField, window: Mapping[str, Range]) -> tuple[Array, Array]:
    """Give the window's limits in the order of the variables.

    Parameters
    ----------
    field : CompiledField
        The vector field.
    window : mapping of str to (float, float)
        Limits of each variable.

    Returns
    -------
    lo, hi : ndarray, shape (n,)
        Lower and upper limits.

    Raises
    ------
    SpecError
        If a variable has no limits or an unknown one has.
    """
    for name in window:
        if name not in field.variables:
            raise SpecError(
                f"“{name}” is not a state variable",
                field=f"window.{name}",
                hint=f"The state variables are {', '.join(field.variables)}",
            )
    for name in field.variables:
        if name not in window:
            raise SpecError("the limits are missing", field=f"window.{name}", hint="Give both")
    limits = np.array([window[name] for name in field.variables], float)
    return limits[:, 0].copy(), limits[:, 1].copy()


def sample_field(
    field: CompiledField,
    window: Mapping[str, Range],
    shape: tuple[int, int] = (25, 25),
    *,
    time: float = 0.0,
) -> VectorFieldGrid:
    """Sample a planar vector field on a regular grid that fills the window.

    Parameters
    ----------
    field : CompiledField
        The vector field.
    window : mapping of str to (float, float)
        Limits of each variable.
    shape : (int, int)
        Points along the first and along the second variable.
    time : float
        Time at which a field that depends on it is taken.

    Returns
    -------
    VectorFieldGrid
        The points lie in the middles of equal cells, so none on the window's border; NaN
        where the field is undefined or infinite and has no limit either.
    """
    lo, hi = window_limits(field, window)
    x, y = (
        a + (b - a) * (np.arange(count) + 0.5) / count
        for a, b, count in zip(lo, hi, shape, strict=True)
    )
    points = np.stack(np.meshgrid(x, y))
    values = field(time, points)
    holes = ~np.isfinite(values).all(axis=0)
    if holes.any():
        cell = ((hi - lo) / shape)[:, None]
        usual = np.array([[_usual_size(row[~holes])] for row in values])
        values[:, holes] = _limits(field, time, points[:, holes], cell, usual)
    u, v = values
    return VectorFieldGrid(x, y, u, v)


def _usual_size(values: Array) -> float:
    return float(np.median(np.abs(values))) if values.size else 0.0


def _limits(field: CompiledField, time: float, points: Array, cell: Array, usual: Array) -> Array:
    """Give the limits of the field at points where its formula fails; NaN if there are none.

    Values close by on two opposite sides, at two distances, must agree.
    """
    away = cell * np.array([[0.62], [0.78]])
    near = [field(time, points + size * away) for size in (1e-5, -1e-5, 1e-4, -1e-4)]
    with np.errstate(all="ignore"):
        middle = 0.5 * near[0] + 0.5 * near[1]
        spread = np.max([np.abs(value - middle) for value in near], axis=0)
        removable = (spread <= 1e-3 * (np.abs(middle) + usual)).all(axis=0)
    return np.where(removable, middle, np.nan)
