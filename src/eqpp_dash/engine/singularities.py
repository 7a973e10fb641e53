"""Where a field is not defined, jumps or has a kink: singular points, lines and regions."""

from __future__ import annotations

import numpy as np

from eqpp_dash.engine.compiled import CompiledField, Factor
from eqpp_dash.engine.critical import find_critical_boxes
from eqpp_dash.engine.degenerate import cluster_boxes, simple_point
from eqpp_dash.engine.index import winding_number
from eqpp_dash.model.portrait import Array, Notice, Singularity

SAMPLES = 41
MOST_POINTS = 60


def find_singularities(
    field: CompiledField, lo: Array, hi: Array
) -> tuple[tuple[Singularity, ...], tuple[Notice, ...]]:
    """Find isolated singular points of a planar field; tell of lines and regions.

    Parameters
    ----------
    field : CompiledField
        The vector field.
    lo, hi : ndarray, shape (2,)
        Limits of the window.

    Returns
    -------
    singularities : tuple of Singularity
        Isolated points at which the field is not defined, with the index of a small curve
        around each where that is decided.
    notices : tuple of Notice
        Lines on which the field is singular (``poles``), jumps or has a kink (``switching``),
        and regions in which it is not defined (``undefined``).
    """
    mesh = _mesh(lo, hi)
    notices, points = [], []
    for factor in field.poles:
        values = np.broadcast_to(factor(0.0, mesh), mesh.shape[1:])
        if _changes_sign(values) or _vanishes_on_line(factor, lo, hi):
            message = f"The field is singular or stops being defined where {factor.text} = 0"
            notices.append(Notice("poles", message))
        else:
            points += _isolated(field, factor, lo, hi)
    for factor in field.switching:
        values = np.broadcast_to(factor(0.0, mesh), mesh.shape[1:])
        if _changes_sign(values):
            message = f"The field jumps or has a kink where {factor.text} = 0"
            notices.append(Notice("switching", message))
    undefined = ~np.isfinite(field(0.0, mesh)).all(axis=0)
    if undefined.any():
        share = max(1, round(100 * float(undefined.mean())))
        message = f"The field is undefined or overflows in about {share} % of the window"
        notices.append(Notice("undefined", message))
    return tuple(points), tuple(dict.fromkeys(notices))


def _mesh(lo: Array, hi: Array) -> Array:
    s = (np.arange(SAMPLES) + 0.5137) / (SAMPLES + 0.03)
    axes = [a + (b - a) * s for a, b in zip(lo, hi, strict=True)]
    return np.stack(np.meshgrid(*axes)).reshape(len(lo), -1)


def _changes_sign(values: Array) -> bool:
    with np.errstate(invalid="ignore"):
        return bool((values > 0).any() and (values < 0).any())


def _vanishes_on_line(factor: Factor, lo: Array, hi: Array) -> bool:
    """Tell whether the window's border runs along zeros, or a curve of double zeros is inside."""
    rough = find_critical_boxes(factor, lo, hi, depth=1e-3)
    if rough.crowded:
        return True
    sides = _sides(lo, hi)
    with np.errstate(invalid="ignore"):
        return bool((factor(0.0, sides) == 0).mean() > 0.2)


def _sides(lo: Array, hi: Array) -> Array:
    s = np.linspace(0.01, 0.99, 25)
    x, y = (a + (b - a) * s for a, b in zip(lo, hi, strict=True))
    one = np.ones_like(s)
    return np.concatenate(
        [
            np.stack([x, lo[1] * one]),
            np.stack([x, hi[1] * one]),
            np.stack([lo[0] * one, y]),
            np.stack([hi[0] * one, y]),
        ],
        axis=1,
    )


def _isolated(field: CompiledField, factor: Factor, lo: Array, hi: Array) -> list[Singularity]:
    span = hi - lo
    boxes = find_critical_boxes(factor, lo - 1e-3 * span, hi + 1e-3 * span, depth=1e-9)
    if boxes.crowded:
        return []
    found = []
    for cluster in cluster_boxes(boxes.lo, boxes.hi, span)[:MOST_POINTS]:
        margin = 1e-9 * span
        center = 0.5 * (cluster.lo + cluster.hi)
        simple = simple_point(cluster.lo - margin, cluster.hi + margin, 4)
        point = center if simple is None else simple
        scale = float(np.nanmax(np.abs(factor(0.0, _mesh(lo, hi))))) or 1.0
        rest = float(factor(0.0, point[:, None])[0])
        if not abs(rest) <= 1e-12 * scale:
            continue
        if np.isfinite(field(0.0, point[:, None])).all():
            continue
        reason = f"division by zero: the field is not defined where {factor.text} = 0"
        index = None
        for size in (1e-3, 1e-4, 1e-5):
            index = winding_number(field, point - size * span, point + size * span)
            if index is not None:
                break
        found.append(Singularity(point, index, reason))
    return found
