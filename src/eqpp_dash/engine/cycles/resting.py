"""Bands of closed orbits that curves of equilibria do not cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.cycles.shape import encloses
from eqpp_dash.engine.cycles.values import Band, CycleSearch
from eqpp_dash.engine.machine import Integrator
from eqpp_dash.engine.machine.stepper import objects_folder
from eqpp_dash.model.portrait import Array, EquilibriumSet

POINTS = 200
CLOSED = 1e-3
"""An orbit is closed if it comes back so near to its start, in sizes of the orbit."""

MOST_BANDS = 12
STEPS = 5_000


def clear_of_sets(
    field: CompiledField, found: CycleSearch, sets: Sequence[EquilibriumSet]
) -> CycleSearch:
    """Leave out the bands through which a curve of equilibria passes, and say so.

    No orbit crosses such a curve, but one that is followed numerically may step over it.

    Parameters
    ----------
    field : CompiledField
        A planar autonomous field.
    found : CycleSearch
        What was found.
    sets : sequence of EquilibriumSet
        The curves of equilibria.

    Returns
    -------
    CycleSearch
        The same but for the bands of whose first and last orbit one does not close or crosses such
        a curve, or between which points of one lie; these are ``blind``.
    """
    if not found.bands or not (sets or field.common):
        return found
    curve = np.concatenate([np.empty((0, 2)), *(item.points for item in sets)])
    with Integrator(field.components, field.variables, {}, folder=objects_folder()) as integrator:
        kept = [
            band
            for k, band in enumerate(found.bands)
            if k < MOST_BANDS and _is_clear(field, integrator, band, curve)
        ]
    left = len(found.bands) - len(kept)
    if not left:
        return found
    words = "closed orbits near curves of equilibria, which orbits that are followed may step over"
    coverage = found.completeness
    return replace(
        found,
        bands=tuple(kept),
        completeness=replace(coverage, blind=(*coverage.blind, words)),
    )


def _is_clear(field: CompiledField, integrator: Integrator, band: Band, curve: Array) -> bool:
    orbits = [
        _orbit(integrator, point, period)
        for point, period in zip((band.inner, band.outer), band.periods, strict=True)
    ]
    if any(orbit is None or _crosses(field, orbit) for orbit in orbits):
        return False
    inner, outer = (orbit for orbit in orbits if orbit is not None)
    low, high = outer.min(axis=0), outer.max(axis=0)
    near = curve[((curve >= low) & (curve <= high)).all(axis=1)]
    return not any(encloses(outer, point) and not encloses(inner, point) for point in near)


def _crosses(field: CompiledField, orbit: Array) -> bool:
    """Tell whether a factor that the components share changes its sign along an orbit."""
    values = [np.broadcast_to(factor(0.0, orbit.T), len(orbit)) for factor in field.common]
    return any(bool(value.min() <= 0.0 <= value.max()) for value in values)


def _orbit(integrator: Integrator, start: Array, period: float) -> Array | None:
    """Follow an orbit for a period; None if that is not known, or it does not close."""
    if not np.isfinite(period):
        return None
    times = np.linspace(0.0, period, POINTS)
    states = integrator.sample(start[:, None], times, rtol=1e-10, atol=1e-12, max_steps=STEPS)
    points = np.ascontiguousarray(states[:, :, 0].T)
    if not np.isfinite(points).all():
        return None
    size = np.ptp(points, axis=0).max()
    return points if np.abs(points[-1] - points[0]).max() <= CLOSED * size else None
