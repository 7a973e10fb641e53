"""Where closed orbits lie in a window, what they go round, and remarks on those that leave it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.cycles import Band, CycleSearch
from eqpp_dash.engine.cycles.shape import encloses, location, passes
from eqpp_dash.engine.cycles.surroundings import look_around
from eqpp_dash.engine.equilibriumsets import shared_factors
from eqpp_dash.engine.field import window_limits
from eqpp_dash.engine.structure.facts import Structure
from eqpp_dash.model.cycles import LimitCycle
from eqpp_dash.model.portrait import Array, Equilibrium, Notice
from eqpp_dash.model.spec import Range

SMALL = 0.05
"""An innermost orbit of an annulus, in sizes of the outermost, that ends at its equilibrium."""

PAD = 0.01
"""How much farther than to the inner ends of bands that wind is looked, in distances of these."""

THIN = 1e-3
"""Difference of the sizes of two closed orbits, as a share, that makes no band by itself."""

SAME = 1e-6
"""Equilibria nearer than this, in widths of the window, are one."""


def name_enclosed(
    field: CompiledField,
    found: CycleSearch,
    equilibria: Sequence[Equilibrium],
    window: Mapping[str, Range],
    structure: Structure | None,
) -> CycleSearch:
    """Name the equilibria that cycles and bands go round, beyond the window too.

    Parameters
    ----------
    field : CompiledField
        The vector field.
    found : CycleSearch
        Cycles and bands, not yet so named; a band without its curves is left as it is.
    equilibria : sequence of Equilibrium
        Those in the window.
    window : mapping of str to (float, float)
        The window.
    structure : Structure or None
        What is proved about the field.

    Returns
    -------
    CycleSearch
        The same, with what is at rest `around` the window.
    """
    lo, hi = window_limits(field, window)
    curves = [item.points for item in found.cycles if not any(item.winding)]
    curves += [item.curves[1] for item in found.bands if item.curves is not None]
    around = look_around(field, curves, lo, hi, lambda: structure)
    every = (*equilibria, *(around.equilibria if around else ()))
    bands = [
        item if item.curves is None else replace(item, equilibria=_around(item.curves[1], every))
        for item in found.bands
    ]
    cycles = [replace(item, equilibria=_encloses(item, every)) for item in found.cycles]
    return replace(found, cycles=tuple(cycles), bands=tuple(bands), around=around)


def without_empty(
    field: CompiledField, found: CycleSearch, window: Mapping[str, Range]
) -> CycleSearch:
    """Leave out bands of closed orbits in the window that go round no equilibrium.

    There are none, as the index of a closed orbit is 1. Where orbits pass very near a point that
    is not hyperbolic, those that are followed may step over it and seem to close.

    Parameters
    ----------
    field : CompiledField
        The vector field.
    found : CycleSearch
        What was found, with the equilibria that bands go round named; all isolated ones of those in
        the window are known.
    window : mapping of str to (float, float)
        The window.

    Returns
    -------
    CycleSearch
        The same without those bands; they are ``blind``. One within which the field may have a
        pole, a jump or a curve of equilibria stays.
    """
    lo, hi = window_limits(field, window)
    empty = [
        band
        for band in found.bands
        if band.curves is not None
        and not (band.equilibria or any(band.winding))
        and ((band.curves[1] >= lo) & (band.curves[1] <= hi)).all()
        and _is_smooth(field, band.curves[1])
    ]
    if not empty:
        return found
    words = "orbits that seem to close round no equilibrium, as none can: they pass too near one"
    return _without(found, empty, [words])


def _without(found: CycleSearch, bands: Sequence[Band], blind: Sequence[str]) -> CycleSearch:
    """Leave out some bands, and say where it is blind instead."""
    kept = tuple(band for band in found.bands if all(band is not other for other in bands))
    coverage = found.completeness
    coverage = replace(coverage, blind=tuple(dict.fromkeys([*coverage.blind, *blind])))
    return replace(found, bands=kept, completeness=coverage)


def _is_smooth(field: CompiledField, curve: Array) -> bool:
    """Tell whether no pole, jump or shared factor's zero lies in the box about a curve."""
    lo, hi = curve.min(axis=0)[:, None], curve.max(axis=0)[:, None]
    for factor in (*field.poles, *field.switching, *shared_factors(field)):
        bounds = factor.boxes(lo, hi)
        if not (bounds.lo[0] > 0 or bounds.hi[0] < 0):
            return False
    return True


def without_thin(found: CycleSearch) -> CycleSearch:
    """Leave out bands whose first and last orbit are all but the same, where nothing proves them.

    Without a first integral, that orbits come back within the error is all that tells of a band;
    where they do so in a thin ring only, it may as well be one slow spiral, or a limit cycle.

    Parameters
    ----------
    found : CycleSearch
        What was found.

    Returns
    -------
    CycleSearch
        The same without those bands; they are ``blind``.
    """
    if not found.completeness.status.startswith("searched"):
        return found
    thin = [band for band in found.bands if band.curves is not None and _is_thin(*band.curves)]
    if not thin:
        return found
    places = [
        "the errors of returns are too large to tell whether orbits close near "
        f"({', '.join(f'{value:.6g}' for value in band.outer)})"
        for band in thin
    ]
    return _without(found, thin, places)


def _is_thin(inner: Array, outer: Array) -> bool:
    sizes = [np.ptp(curve, axis=0) for curve in (inner, outer)]
    return bool((np.abs(sizes[1] - sizes[0]) <= THIN * sizes[1]).all())


def widened(
    field: CompiledField,
    found: CycleSearch,
    window: Mapping[str, Range],
    structure: Structure | None,
) -> CycleSearch:
    """Look about the inner ends of bands that wind as well, to tell where they begin.

    Parameters
    ----------
    field : CompiledField
        The vector field.
    found : CycleSearch
        Cycles and bands that are named.
    window : mapping of str to (float, float)
        The window.
    structure : Structure or None
        What is proved about the field.

    Returns
    -------
    CycleSearch
        The same with a box `around` the window that holds those orbits too.
    """
    lo, hi = window_limits(field, window)
    winding = []
    for band in found.bands:
        if any(band.winding) and band.curves is not None:
            across = np.array(band.winding) == 0
            curve = np.where(across, band.curves[0], 0.5 * (lo + hi))
            winding.append(curve + PAD * (curve - 0.5 * (lo + hi)))
    old = found.around
    box = (lo, hi) if old is None else (old.lo, old.hi)
    if all(((curve >= box[0]) & (curve <= box[1])).all() for curve in winding):
        return found
    curves = [item.points for item in found.cycles if not any(item.winding)]
    curves += [b.curves[1] for b in found.bands if b.curves is not None and not any(b.winding)]
    around = look_around(field, curves, lo, hi, lambda: structure, winding)
    same = around is not None and len(around.equilibria) == len(found.beyond)
    return replace(found, around=around) if same else found


def place_cycles(
    field: CompiledField,
    found: CycleSearch,
    window: Mapping[str, Range],
    equilibria: Sequence[Equilibrium],
    before: Sequence[Equilibrium] | None = None,
) -> CycleSearch:
    """Tell anew where cycles lie, and what they enclose, in another window.

    Parameters
    ----------
    field : CompiledField
        The vector field.
    found : CycleSearch
        What was found.
    window : mapping of str to (float, float)
        The window.
    equilibria : sequence of Equilibrium
        The equilibria of the portrait, in its order.
    before : sequence of Equilibrium, optional
        Those that the search knew, if they are others.

    Returns
    -------
    CycleSearch
        The same cycles, and the bands but for those that neither enter the window nor go round an
        equilibrium in it; what they go round beyond the window is kept, all else forgotten.
    """
    lo, hi = window_limits(field, window)
    known = (*(equilibria if before is None else before), *found.beyond)
    extra = [item for item in known if item.location == "outside" or before is not None]
    slack = SAME * (hi - lo)
    extra = [
        item
        for item in extra
        if not any((np.abs(item.point - other.point) <= slack).all() for other in equilibria)
    ]
    every = (*equilibria, *(replace(item, location="outside") for item in extra))
    numbers = _numbers(known, every, slack)
    bands = [
        replace(band, equilibria=tuple(sorted(numbers[k] for k in band.equilibria)))
        for band in found.bands
    ]
    bands = [band for band in bands if _shows(band, equilibria, lo, hi)]
    held = {k for band in bands for k in band.equilibria}
    held |= {k for cycle in found.cycles for k in _encloses(cycle, every)}
    kept = (*equilibria, *(every[k] for k in range(len(equilibria), len(every)) if k in held))
    numbers = _numbers(every, kept, slack)
    bands = [replace(band, equilibria=tuple(numbers[k] for k in band.equilibria)) for band in bands]
    bands.sort(key=lambda band: (any(band.winding), len(band.equilibria), band.equilibria))
    cycles = tuple(
        replace(cycle, location=_location(cycle, lo, hi), equilibria=_encloses(cycle, kept))
        for cycle in found.cycles
    )
    around = found.around
    if around is not None:
        around = replace(around, equilibria=kept[len(equilibria) :])
    return replace(
        found,
        cycles=cycles,
        bands=tuple(_limited(band, kept, bands) for band in bands),
        around=around,
    )


def _numbers(
    old: Sequence[Equilibrium], new: Sequence[Equilibrium], slack: Array
) -> dict[int, int]:
    """Give the new numbers of equilibria."""
    return {
        k: j
        for k, item in enumerate(old)
        for j, other in enumerate(new)
        if item is other or (np.abs(item.point - other.point) <= slack).all()
    }


def _shows(band: Band, equilibria: Sequence[Equilibrium], lo: Array, hi: Array) -> bool:
    """Tell whether a band goes round an equilibrium in the window or enters it."""
    own = [equilibria[k] for k in band.equilibria if k < len(equilibria)]
    if any(band.winding) or any(item.location != "outside" for item in own) or band.curves is None:
        return True
    inner, outer = band.curves
    return any(passes(c, lo, hi) for c in (inner, outer)) or (
        encloses(outer, lo) and not encloses(inner, lo)
    )


def _location(cycle: LimitCycle, lo: Array, hi: Array) -> str:
    winds = np.array(cycle.winding, dtype=bool)
    bounds = np.where(winds[:, None], np.stack([lo, hi], axis=1), cycle.bounds)
    found = location(bounds, lo, hi)
    passes = ((cycle.points >= lo) & (cycle.points <= hi)).all(axis=1).any()
    return "outside" if found == "crosses" and not passes else found


def _encloses(cycle: LimitCycle, equilibria: Sequence[Equilibrium]) -> tuple[int, ...]:
    return () if any(cycle.winding) else _around(cycle.points, equilibria)


def _around(curve: Array, equilibria: Sequence[Equilibrium]) -> tuple[int, ...]:
    return tuple(k for k, item in enumerate(equilibria) if encloses(curve, item.point))


def _limited(band: Band, equilibria: Sequence[Equilibrium], every: Sequence[Band]) -> Band:
    """Say that an annulus ends at the one equilibrium that its innermost orbit goes close round.

    Of several round the same one that is the first. But not at one that attracts or repels: orbits
    near it do not close.
    """
    if len(band.equilibria) != 1 or band.within.startswith("set "):
        return band
    number = band.equilibria[0]
    if equilibria[number].stability in ("stable", "unstable"):
        return band
    point = equilibria[number].point
    inner, outer = (float(np.linalg.norm(p - point)) for p in (band.inner, band.outer))
    nested = (one for one in every if one.equilibria == band.equilibria)
    first = inner <= min(float(np.linalg.norm(one.inner - point)) for one in nested)
    at = first and inner < SMALL * outer
    return replace(band, within=f"equilibrium {number}") if at else band


def index_notices(
    found: CycleSearch, equilibria: Sequence[Equilibrium], *, isolated: bool
) -> list[Notice]:
    """Tell of closed orbits whose equilibria within are not all known: their indices are not 1.

    Parameters
    ----------
    found : CycleSearch
        Cycles and bands, placed.
    equilibria : sequence of Equilibrium
        The equilibria of the portrait.
    isolated : bool
        Whether nothing else has an index: no curve of equilibria, singularity or jump.
    """
    orbits = [(item.point, item.equilibria) for item in found.cycles if not any(item.winding)]
    orbits += [(item.outer, item.equilibria) for item in found.bands if not any(item.winding)]
    notices = []
    for point, inside in orbits if isolated else ():
        indices = [equilibria[k].index for k in inside]
        total = sum(index for index in indices if index is not None)
        if None not in indices and total != 1:
            at = ", ".join(f"{value:.4g}" for value in point)
            where = f"within the closed orbit through ({at})"
            message = f"No equilibrium is known {where}: those there were not found"
            if inside:
                message = (
                    f"The indices of the equilibria known {where} add up to {total}, not 1: "
                    "others within were not found"
                )
            notices.append(Notice("cycle-index", message))
    return notices


def outside_notices(found: CycleSearch, *, fitted: bool) -> list[Notice]:
    """Tell of cycles that are not in the window.

    Parameters
    ----------
    found : CycleSearch
        Cycles, placed.
    fitted : bool
        Whether the window was fitted already.
    """
    advice = "too far off for the fitted window" if fitted else "fit the window to show all"
    notices = []
    for place, words in (("outside", "outside the window"), ("crosses", "partly in the window")):
        items = [cycle for cycle in found.cycles if cycle.location == place]
        if items:
            count = "1 cycle is" if len(items) == 1 else f"{len(items)} cycles are"
            told = [f"{a:.4g} to {b:.4g}" for a, b in (cycle.bounds[0] for cycle in items)]
            spans = "; ".join(list(dict.fromkeys(told))[:5])
            message = f"{count} {words} (from {spans}): {advice}"
            notices.append(Notice("cycle-outside", message))
    return notices
