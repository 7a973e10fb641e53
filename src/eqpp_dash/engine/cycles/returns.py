"""First returns to sections, many orbits at once.

Orbits start on sections, forward or backward in time, and are followed until they come back to the
section they started from, or will never: they leave the box, are caught by a node, or cross another
section twice without coming back in between. What such an orbit does after its second crossing is
bounded by the turn it has just made and the piece of that section between its ends, a Jordan curve
on whose other side the first section lies (the argument of Poincaré and Bendixson: Perko, section
3.7). With the orbit the divergence is integrated, which gives the derivative of the return.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.cycles import limits
from eqpp_dash.engine.cycles.arcs import Arc
from eqpp_dash.engine.cycles.focal import linear_turn
from eqpp_dash.engine.cycles.lanes import Bools, FirstReturns, Ints, Lanes, Steps
from eqpp_dash.engine.cycles.leaper import Leaper
from eqpp_dash.engine.cycles.leaps import Leaps
from eqpp_dash.engine.cycles.shot import Shot, Trap
from eqpp_dash.engine.cycles.stepping import Stepping
from eqpp_dash.model.portrait import Array

HIDDEN = 0.3
"""Share of the distance from a node, below whose error an orbit is beside it."""


RESOLVED = 1e-9
"""Share of a section, nearer than which a singular point is not told from its neighbours."""


class ReturnMap:
    """Follows orbits from sections to their first returns.

    Parameters
    ----------
    compiled : CompiledField
        The field.
    arcs : sequence of Arc
        All sections.
    unit : ndarray, shape (2,)
        Width of the window.
    box : tuple of ndarray, shape (2,)
        Corners of the box that orbits may not leave.
    traps : sequence of Trap
        What catches orbits.
    leaper : Leaper, optional
        Machine code that takes the steps; without it numpy does.
    values : ndarray, shape (p,), optional
        Values of the parameters of that code.
    tick : callable, optional
        Called again and again while orbits are followed; an exception from it is passed on.

    Attributes
    ----------
    shots : int
        Orbits followed so far.
    """

    def __init__(
        self,
        compiled: CompiledField,
        arcs: Sequence[Arc],
        unit: Array,
        box: tuple[Array, Array],
        traps: Sequence[Trap] = (),
        leaper: Leaper | None = None,
        values: Array | None = None,
        tick: Callable[[], object] | None = None,
    ) -> None:
        self.tick = tick or (lambda: None)
        self.compiled, self.arcs, self.unit, self.box = compiled, list(arcs), unit, box
        self.traps = list(traps)
        self.leaper, self.values = leaper, np.zeros(0) if values is None else values
        self.stepping = Stepping(compiled)
        self.shots = 0

    def shoot(
        self,
        arc: Ints,
        x: Array,
        sign: Array,
        rtol: float = 1e-9,
        *,
        race: bool = False,
        rightmost: bool = False,
        most_steps: int = 3000,
        longest: Array | None = None,
        path: list[Steps] | None = None,
        doubt: bool = True,
    ) -> FirstReturns:
        """Follow orbits to their returns.

        Parameters
        ----------
        arc : ndarray of int, shape (m,)
            Sections on which they start.
        x : ndarray, shape (m,)
            Their abscissas there.
        sign : ndarray, shape (m,)
            Direction of time, 1 or -1.
        rtol : float
            Tolerated error of a step in terms of the orbit's extent.
        race : bool
            Whether the second half of the orbits are those of the first in the other direction of
            time: when one has ended, the other is not followed for much longer.
        rightmost : bool
            Whether to end orbits that come farther right than their start.
        most_steps : int
            Most steps tried.
        longest : ndarray, shape (m,), optional
            Times after which orbits are given up.
        path : list, optional
            Gets the good steps, round by round.
        doubt : bool
            Whether turns of orbits that seem to be stiff are looked at by an implicit method, lest
            they be oscillations of the steps.

        Returns
        -------
        FirstReturns
            What became of each.
        """
        self.shots += x.size
        with np.errstate(all="ignore"):
            shot = Shot(self, self._start(arc, x, sign), rtol, rightmost, path)
            shot.begin(race, most_steps, longest)
            if self.leaper is not None:
                Leaps(shot, self.leaper, self.values, doubt).run()
                if shot.lanes.stiff.any() and rtol >= limits.ROUGH and path is None:
                    Leaps(shot, self.leaper.stiff, self.values).run()
            return shot.run()

    def _start(self, arc: Ints, x: Array, sign: Array) -> Lanes:
        y, floor = np.empty(x.size), np.empty((2, x.size))
        for k in np.unique(arc):
            one, here = self.arcs[k], arc == k
            y[here] = one.height(x[here])
            floor[:, here] = 0.1 * self._extent(one, x[here])
        return Lanes(arc.copy(), np.stack([x, y, np.zeros(x.size)]), sign.copy(), floor)

    def _extent(self, arc: Arc, x: Array) -> Array:
        """Guess how large orbits through points of a section are: as far as its ends are."""
        near = self.unit[0] * np.ones_like(x)
        for end, at in ((arc.left, arc.x[0]), (arc.right, arc.x[-1])):
            if end.kind in ("equilibrium", "singular"):
                near = np.minimum(near, np.abs(x - at))
        extent: Array = np.stack([near, near / self.unit[0] * self.unit[1]])
        return extent

    def section_of(self, x: Array, y: Array, extent: Array) -> Ints:
        """Tell on which section points of f = 0 lie; -1 if on none."""
        best = np.full(x.size, -1)
        distance = np.full(x.size, np.inf)
        for k, arc in enumerate(self.arcs):
            inside = np.flatnonzero((x > arc.x[0]) & (x < arc.x[-1]))
            if inside.size:
                away = np.abs(arc.guess(x[inside]) - y[inside])
                nearer = inside[away < distance[inside]]
                distance[nearer] = away[away < distance[inside]]
                best[nearer] = k
        for k in np.unique(best[best >= 0]):
            here = np.flatnonzero(best == k)
            away = np.abs(self.arcs[k].height(x[here]) - y[here])
            best[here[~(away <= 1e-3 * extent[here] + 1e-9 * np.abs(y[here]))]] = -1
        return best

    def drawn_in(self, arc: int, x: Array, sign: Array, error: Array) -> tuple[Bools, Bools]:
        """Tell which orbits come back so near a node that it draws them in, or a singular point.

        Parameters
        ----------
        arc : int
            The section.
        x, sign, error : ndarray, shape (m,)
            Where they come back, in which direction of time, and the error of that.
        """
        one = self.arcs[arc]
        drawn, ended = np.zeros(x.size, dtype=bool), np.zeros(x.size, dtype=bool)
        for end, place in ((one.left, one.x[0]), (one.right, one.x[-1])):
            near = HIDDEN * np.abs(x - place) < error
            if end.kind == "equilibrium" and near.any():
                turn = linear_turn(self.compiled, end.point)
                drawn |= near & (turn.kind == "node") & (sign * turn.growth < 0)
            elif end.kind == "singular":
                ended |= near | (np.abs(x - place) < RESOLVED * one.size)
        return drawn, ended
