"""A caller's sections where they meet surfaces of the field: nothing is left to rounding.

A trajectory has crossed a section once it has come from one side and gone to the other. Where a
section vanishes at the very place where a surface is reached, that is not known before it is
decided how the trajectory goes on. So it keeps the side from which it came, nothing is counted,
and if it goes on to the other side, it crosses the section there. As long as it slides on the
section it stays on the side from which it came.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.machine.arraysections import ArraySections
from eqpp_dash.engine.machine.batch import Batch
from eqpp_dash.engine.machine.fallback import ArrayField
from eqpp_dash.engine.machine.layout import End

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Index = NDArray[np.intp]

TIED = 1e-9
"""Share of the time gone since the last surface within which two crossings are one."""

PARALLEL = 1e-9
"""Difference of two unit normals below which a section and a surface coincide."""


def coincide(
    sections: ArraySections, wanted: Flags, batch: Batch, slopes: Array
) -> NDArray[np.bool_]:
    """Tell which sections coincide with the surface on which trajectories start to slide.

    Parameters
    ----------
    sections : ArraySections
        Sections; those of the caller come first.
    wanted : ndarray of bool, shape (s,)
        Which of the caller's are looked for.
    batch : Batch
        Trajectories that slide.
    slopes : ndarray, shape (n + 1, m)
        Derivatives of the gap of the surface, by the state, then the time.

    Returns
    -------
    ndarray of bool, shape (s, m)
        Sections that the trajectories do not leave, within the tolerance, while they slide.
    """
    t, y = batch.start_time + batch.begun, batch.starts
    result = np.zeros((wanted.size, t.size), dtype=bool)
    with np.errstate(all="ignore"):
        tolerance = batch.absolute[:, None] + batch.relative[:, None] * np.abs(y)
        normal = slopes / np.sqrt((slopes**2).sum(0))
        for j in np.flatnonzero(wanted):
            own = np.empty_like(slopes)
            for i in range(len(slopes)):
                way = np.zeros_like(y)
                way[i : i + 1] = 1.0
                pace = float(i == len(y))
                value, own[i], _ = sections(int(j), t, y, batch.parameters, way, pace)
            near = np.abs(value) <= (np.abs(own[:-1]) * tolerance).sum(0)
            own = own / np.sqrt((own**2).sum(0))
            apart = np.minimum(np.abs(own - normal).max(0), np.abs(own + normal).max(0))
            result[j] = near & (apart <= PARALLEL)
    return result


def untie(field: ArrayField, batch: Batch, sections: int, ends: tuple[int, ...]) -> None:
    """Take back crossings of the caller's sections that are at a surface.

    Parameters
    ----------
    field : ArrayField
        The field along which trajectories came, with the sections of the caller, then the
        expressions at whose zeros its motion ends.
    batch : Batch
        Trajectories that have ended; changed here. Those that ended on a section of the caller
        where they reach a surface too have reached that surface.
    sections : int
        Number of the caller's sections.
    ends : tuple of int
        What is reached at the other expressions; surfaces are those from 0 on.
    """
    events = batch.events
    wanted = events.wanted[:sections]
    looked = np.flatnonzero(wanted[:, :2].any(1))
    which = np.flatnonzero((batch.ends == End.SECTION) | (batch.ends == End.CYCLE))
    if not (looked.size and which.size):
        return
    t, y, p = batch.times[which], batch.states[:, which], batch.parameters[:, which]
    way = np.sign(batch.spans[which])
    with np.errstate(all="ignore"):
        slope = field(batch.start_time + t, y, p)
        gone = TIED * np.abs(t - batch.begun[which])

        def tied(number: int) -> tuple[Flags, Array]:
            now = batch.start_time + t
            value, rate, noise = field.sections(number, now, y, p, slope, 1.0)
            moving = np.sign(way * rate)
            near = (np.abs(value) <= gone * np.abs(rate)) | (np.abs(value) <= noise)
            return near & (moving != 0), moving

        passed = batch.passed[which] - 1
        mine = passed < sections
        at = ~mine & np.isin(passed - sections, [i for i, end in enumerate(ends) if end >= 0])
        for i in reversed(range(len(ends)) if mine.any() else ()):
            if ends[i] >= 0:
                near, moving = tied(sections + i)
                near &= mine & (moving < 0)
                batch.passed[which[near]] = sections + i + 1
                at |= near
        converted = which[at & mine]
        batch.ends[converted], batch.reached[converted] = End.SECTION, 0
        for j in looked:
            near, moving = tied(int(j))
            near &= at
            sides, counts = events.sides[j], events.counts[j]
            flipped = near & (sides[which] == moving)
            up, down = wanted[j, :2] > 0
            counted = flipped & np.where(moving > 0, up, down)
            counted |= near & (passed == j)
            counts[which[counted]] -= 1
            sides[which[near]] = -moving[near]
