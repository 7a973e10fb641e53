"""Symmetries of a planar field, checked at many points: periods, reflections, invariant axes.

The checks are numerical. They choose the window that is drawn and prove nothing.
"""

from __future__ import annotations

import numpy as np

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.model.portrait import Array

PERIODS = (np.pi / 2, 1.0, 2.0, np.pi, 4.0, 2 * np.pi, 4 * np.pi)
"""Periods that are tried, rising."""


def _points(count: int = 48) -> Array:
    """Give points spread evenly over the square +-3, off all round numbers; shape (2, count)."""
    k = np.arange(1, count + 1)
    return 6 * (np.stack([k * 0.7548776662466927, k * 0.5698402909980532]) % 1) - 3.0


def _same(a: Array, b: Array) -> bool:
    """Tell whether two samples of a field agree, where both are defined."""
    with np.errstate(invalid="ignore"):
        defined = np.isfinite(a).all(axis=0) & np.isfinite(b).all(axis=0)
        if defined.sum() < 12 or (np.isfinite(a) != np.isfinite(b)).mean() > 0.2:
            return False
        a, b = a[:, defined], b[:, defined]
    return bool((np.abs(a - b) <= 1e-10 * (1e-3 + np.abs(a) + np.abs(b))).all())


def find_periods(field: CompiledField) -> tuple[float | None, float | None]:
    """Find by which shifts of one variable a field does not change.

    Parameters
    ----------
    field : CompiledField
        A planar field.

    Returns
    -------
    tuple of (float or None), length 2
        The least of `PERIODS` for each variable; None where there is none, or where the
        field does not depend on the variable.
    """
    x = _points()
    value = field(0.0, x)
    periods: list[float | None] = []
    for axis in range(2):
        shift = np.zeros((2, 1))
        shift[axis] = 0.61803398875
        found = None
        if not _same(value, field(0.0, x + shift)):
            for period in PERIODS:
                shift[axis] = period
                if _same(value, field(0.0, x + shift)) and _same(value, field(0.0, x - 3 * shift)):
                    found = float(period)
                    break
        periods.append(found)
    return periods[0], periods[1]


def mirrored_axes(field: CompiledField) -> tuple[bool, bool]:
    """Tell along which axes a phase portrait is its own mirror image.

    Parameters
    ----------
    field : CompiledField
        A planar field.

    Returns
    -------
    (bool, bool)
        For each variable, whether changing its sign, alone or with the other's, maps orbits to
        orbits, in the same or in the opposite direction of time.
    """
    x = _points()
    value = field(0.0, x)
    found = [False, False]
    for signs in ((-1.0, 1.0), (1.0, -1.0), (-1.0, -1.0)):
        s = np.array(signs)[:, None]
        image = s * field(0.0, s * x)
        if _same(value, image) or _same(value, -image):
            found = [f or sign < 0 for f, sign in zip(found, signs, strict=True)]
    return found[0], found[1]


def exchanged_axes(field: CompiledField) -> bool:
    """Tell whether a phase portrait does not change when its axes change places.

    Parameters
    ----------
    field : CompiledField
        A planar field.

    Returns
    -------
    bool
        Whether a quarter turn or the reflection in a diagonal maps orbits to orbits, in the same
        or in the opposite direction of time.
    """
    x = _points()
    value = field(0.0, x)
    for sign in (1.0, -1.0):
        image = field(0.0, np.stack([sign * x[1], x[0]]))
        image = np.stack([image[1], sign * image[0]])  # turned or reflected back
        if _same(value, image) or _same(value, -image):
            return True
    return False


def invariant_axis(field: CompiledField, axis: int) -> bool:
    """Tell whether the line on which a variable is zero is invariant.

    Parameters
    ----------
    field : CompiledField
        A planar field.
    axis : int
        Which variable.

    Returns
    -------
    bool
        Whether the variable's derivative vanishes on the line, where defined, and is defined
        somewhere on it.
    """
    x = _points()
    x[axis] = 0.0
    value = field(0.0, x)[axis]
    defined = np.isfinite(value)
    return bool(defined.any() and (value[defined] == 0).all())
