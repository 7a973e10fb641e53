"""How far the interesting part of a phase portrait reaches around an equilibrium."""

from __future__ import annotations

import math

import numpy as np

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.model.portrait import Array, Equilibrium

DIRECTIONS = 48
SCALES = np.geomspace(1e-3, 1e3, 61)
MOST_STEPS = 3_000
Point = tuple[float, float]


def natural_scales(jacobian: Array) -> Array:
    """Give units of the two variables in which the linearisation is balanced.

    Parameters
    ----------
    jacobian : ndarray, shape (2, 2)
        The Jacobian at an equilibrium.

    Returns
    -------
    ndarray, shape (2,)
        (s, 1) with s = sqrt(|J12 / J21|), or (1, 1) if that is within a factor 4 of it.

    Examples
    --------
    >>> import numpy as np
    >>> natural_scales(np.array([[0.0, 100.0], [-0.01, 0.0]])).tolist()
    [100.0, 1.0]
    """
    across, back = abs(float(jacobian[0, 1])), abs(float(jacobian[1, 0]))
    if not (across > 0 and back > 0 and math.isfinite(across / back)):
        return np.ones(2)
    ratio = math.sqrt(across / back)
    return np.array([ratio, 1.0]) if not 0.25 <= ratio <= 4 else np.ones(2)


def nonlinear_radius(field: CompiledField, equilibrium: Equilibrium) -> Array | None:
    """Find the distance at which the field's nonlinear part is as large as its linear one.

    Parameters
    ----------
    field : CompiledField
        A planar field.
    equilibrium : Equilibrium
        Where it is linearised.

    Returns
    -------
    ndarray, shape (2,), or None
        The distance along each axis, in the root mean square over all directions; None if it
        is not met between 1e-3 and 1e3.
    """
    jacobian = equilibrium.jacobian
    if not np.isfinite(jacobian).all():
        return None
    scales = natural_scales(jacobian)
    angle = (np.arange(DIRECTIONS) + 0.5) * 2 * np.pi / DIRECTIONS
    unit = scales[:, None] * np.stack([np.cos(angle), np.sin(angle)])
    offsets = unit[:, None, :] * SCALES[None, :, None]
    linear = np.einsum("ij,jkl->ikl", jacobian, offsets)
    with np.errstate(all="ignore"):
        value = field(0.0, equilibrium.point[:, None, None] + offsets)
        rest = ((value - linear) / scales[:, None, None]) ** 2
        size = (linear / scales[:, None, None]) ** 2
        ratio = np.sqrt(rest.sum(axis=0).mean(axis=1) / size.sum(axis=0).mean(axis=1))
    beyond = np.flatnonzero(~(ratio < 1))
    if not beyond.size or beyond[0] == 0:
        return None
    place = int(beyond[0])
    below, above = float(ratio[place - 1]), float(ratio[place])
    share = 1.0
    if 0 < below < above < math.inf:
        share = -math.log(below) / (math.log(above) - math.log(below))
    radius = SCALES[place - 1] * (SCALES[place] / SCALES[place - 1]) ** share
    return np.asarray(radius * scales)


def unstable_reach(
    field: CompiledField, equilibrium: Equilibrium, radius: Array
) -> tuple[Array, Array] | None:
    """Follow an orbit from beside a repelling equilibrium to where it settles.

    Parameters
    ----------
    field : CompiledField
        A planar field.
    equilibrium : Equilibrium
        An unstable node or focus.
    radius : ndarray, shape (2,)
        Length scales of the two variables.

    Returns
    -------
    lo, hi : ndarray, shape (2,)
        Limits of the orbit's second half, such as those of a limit cycle; None if it runs
        away or does not settle within the budget.
    """
    a, b = radius.tolist()
    x, y = equilibrium.point.tolist()
    speed = float(np.abs(equilibrium.eigenvalues).max())
    rate = float(equilibrium.eigenvalues.real.max())
    if not (speed > 0 and rate > 0):
        return None
    turning = float(np.abs(equilibrium.eigenvalues.imag).max())
    span = 5.0 / rate + max(25.0 / speed, 15.0 / turning if turning > 0.01 * speed else 0.0)
    points = _orbit(field, (x + 0.3 * a, y + 0.2 * b), span, 0.02 / speed, (a, b))
    if points is None:
        return None
    late = np.array(points[len(points) // 2 :])
    limits = late.min(axis=0), late.max(axis=0)
    far = np.maximum(np.abs(limits[0] - (x, y)), np.abs(limits[1] - (x, y)))
    return limits if (far <= 50 * radius).all() and (far > 0.1 * radius).any() else None


def _orbit(
    field: CompiledField, start: Point, span: float, step: float, scale: Point
) -> list[Point] | None:
    """Integrate by the pair of Bogacki and Shampine (1989), to a tolerance fit for the eye."""
    (x, y), t = start, 0.0
    points = [start]
    u, v = field.scalar(0.0, (x, y))
    for _ in range(MOST_STEPS):
        if t >= span:
            return points
        u2, v2 = field.scalar(0.0, (x + step / 2 * u, y + step / 2 * v))
        u3, v3 = field.scalar(0.0, (x + 0.75 * step * u2, y + 0.75 * step * v2))
        nx = x + step * (2 * u + 3 * u2 + 4 * u3) / 9
        ny = y + step * (2 * v + 3 * v2 + 4 * v3) / 9
        u4, v4 = field.scalar(0.0, (nx, ny))
        ex = step * (-5 * u + 6 * u2 + 8 * u3 - 9 * u4) / 72 / scale[0]
        ey = step * (-5 * v + 6 * v2 + 8 * v3 - 9 * v4) / 72 / scale[1]
        error = max(abs(ex), abs(ey)) / 3e-4
        if not math.isfinite(error):
            error = 1e3
        if error <= 1:
            t, x, y, u, v = t + step, nx, ny, u4, v4
            points.append((x, y))
            if not (abs(x) < 1e6 and abs(y) < 1e6):
                return None
        step *= min(4.0, max(0.2, 0.85 * (error + 1e-9) ** (-1 / 3)))
        if step < 1e-9 * span:
            return None
    return points if t > 0.6 * span else None
