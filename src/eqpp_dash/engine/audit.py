"""Check that the indices found add up to the turns of the field along a closed curve.

The winding number of the field along a curve on which it does not vanish is the sum of the
indices of the zeros and isolated singularities within; along a closed orbit it is 1 (Perko,
*Differential Equations and Dynamical Systems*, 3.12). A sum that differs tells that something
was missed or misjudged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.cycles.shape import encloses
from eqpp_dash.engine.dop853 import Array
from eqpp_dash.engine.field import window_limits
from eqpp_dash.engine.index import winding_number
from eqpp_dash.engine.searched import EquilibriumSearch
from eqpp_dash.engine.structure.facts import Kind, Structure
from eqpp_dash.model.cycles import LimitCycle
from eqpp_dash.model.manifolds import Audit
from eqpp_dash.model.portrait import EquilibriumSet, Notice
from eqpp_dash.model.sets import set_words
from eqpp_dash.model.spec import Range

SHIFTS = (0.0, 0.011, -0.013, 0.021, -0.037, -0.083)
"""How far the border may be moved outward, in widths of the window, if the field vanishes on it."""

BESIDE = 1e-9
"""So near to the curve, in widths of the window, it is not known what lies within."""

PIECES = 64
DEPTH = 6
CELLS = 24


def audit_indices(
    field: CompiledField,
    window: Mapping[str, Range],
    search: EquilibriumSearch | None,
    cycles: Sequence[LimitCycle] = (),
    structure: Structure | None = None,
) -> Audit | None:
    """Audit the equilibria, singularities and limit cycles of a planar field on a window.

    Parameters
    ----------
    field : CompiledField
        The field.
    window : mapping of str to (float, float)
        Limits of each variable.
    search : EquilibriumSearch or None
        What was found.
    cycles : sequence of LimitCycle
        Limit cycles, with what they enclose by the numbers of the equilibria.
    structure : Structure, optional
        Tells which variables are periodic.

    Returns
    -------
    Audit or None
        None if the field is not planar and autonomous, or was not searched.

    Examples
    --------
    >>> from eqpp_dash import parse_system
    >>> from eqpp_dash.engine.equilibria import find_equilibria
    >>> field = parse_system("x' = y; y' = (1 - x^2)*y - x").compile()
    >>> window = {"x": (-4, 4), "y": (-4, 4)}
    >>> audit = audit_indices(field, window, find_equilibria(field, window))
    >>> audit.boundary, audit.sum, audit.consistent
    (1, 1, True)
    """
    if field.dimension != 2 or not field.autonomous or search is None:
        return None
    return _Auditor(field, window, search).run(cycles, structure)


def audit_notices(audit: Audit | None) -> list[Notice]:
    """Tell of an audit that failed."""
    if audit is None or audit.consistent is not False:
        return []
    return [Notice("audit", "The indices do not add up: " + "; ".join(audit.notes))]


class _Auditor:
    def __init__(
        self, field: CompiledField, window: Mapping[str, Range], search: EquilibriumSearch
    ) -> None:
        self.field, self.search = field, search
        self.lo, self.hi = window_limits(field, window)
        self.notes: list[str] = []
        self.verdicts: list[bool | None] = []

    def run(self, cycles: Sequence[LimitCycle], structure: Structure | None) -> Audit:
        turns, lo, hi = self._border()
        total = self._sum(lo, hi)
        if turns is None:
            self.notes.append(
                "the field may vanish or jump on the window's border, and on those tried near it"
            )
        self._compare(turns, total, lo, hi, "along the border")
        for number, cycle in enumerate(cycles):
            self._cycle(number, cycle)
        if structure is not None:
            self._cylinders(structure)
        border = border_direction(self.field, self.lo, self.hi)
        if border:
            words = {"enters": "inward: it traps them", "leaves": "outward"}[border]
            self.notes.append(f"all orbits cross the window's border {words}")
        consistent: bool | None = all(self.verdicts)
        if False not in self.verdicts and None in self.verdicts:
            consistent = None
        elif False in self.verdicts:
            consistent = False
        return Audit(turns, total, consistent, tuple(self.notes), np.stack([lo, hi]), border)

    def _border(self) -> tuple[int | None, Array, Array]:
        for shift in SHIFTS:
            away = shift * (self.hi - self.lo)
            lo, hi = self.lo - away, self.hi + away
            turns = self._turns(lo, hi)
            if turns is not None:
                if shift:
                    way = "outward" if shift > 0 else "inward"
                    self.notes.append(
                        f"the field may vanish or jump on the window's border: moved {way} "
                        f"by {abs(shift):.1%} of its width"
                    )
                return turns, lo, hi
        return None, self.lo, self.hi

    def _turns(self, lo: Array, hi: Array) -> int | None:
        """Give the winding number along a rectangle; None if it may meet what was found."""
        near = BESIDE * (self.hi - self.lo)
        points = [item.point for item in self.search.equilibria]
        points += [item.point for item in self.search.singularities]
        for point in points:
            if point.size != 2 or (point < lo - near).any() or (point > hi + near).any():
                continue
            if (np.minimum(np.abs(point - lo), np.abs(point - hi)) < near).any():
                return None
        return winding_number(self.field, lo, hi)

    def _compare(
        self, turns: int | None, total: int | None, lo: Array, hi: Array, where: str
    ) -> None:
        if turns is None or total is None:
            self.verdicts.append(None)
        elif turns == total:
            self.verdicts.append(True)
        elif not self._continuous(lo, hi):
            self.verdicts.append(None)
            self.notes.append(
                f"{turns} turns {where} against a sum of {total}: the field jumps or is "
                "undefined within, and no index counts that"
            )
        else:
            self.verdicts.append(False)
            sure = self.search.completeness
            self.notes.append(
                f"{turns} turns {where} against a sum of {total}: equilibria whose indices add up "
                f"to {turns - total} are missing, or an index is wrong (the search for "
                f"equilibria: {sure})"
            )

    def _sum(self, lo: Array, hi: Array) -> int | None:
        """Add up what lies in a rectangle; None, with a note, where that is not known."""
        inside: list[tuple[str, int | None]] = []
        for k, item in enumerate(self.search.equilibria):
            if ((item.point > lo) & (item.point < hi)).all():
                inside.append((f"equilibrium {k}", item.index))
        for k, spot in enumerate(self.search.singularities):
            if spot.point.size == 2 and ((spot.point > lo) & (spot.point < hi)).all():
                inside.append((f"singularity {k}", spot.index))
        return self._total(inside, self._sets_in(lo, hi))

    def _sets_in(self, lo: Array, hi: Array) -> list[EquilibriumSet]:
        return [
            item
            for item in self.search.sets
            if item.points.size == 0 or ((item.points > lo) & (item.points < hi)).all(axis=1).any()
        ]

    def _total(
        self, inside: list[tuple[str, int | None]], sets: Sequence[EquilibriumSet]
    ) -> int | None:
        unknown = [name for name, index in inside if index is None]
        unknown += [f"the set {set_words(item.implicit, item.part)}" for item in sets]
        if unknown:
            self.notes.append(f"no index is known of {', '.join(dict.fromkeys(unknown))}")
            return None
        return sum(index for _, index in inside if index is not None)

    def _cycle(self, number: int, cycle: LimitCycle) -> None:
        """Check that the indices within a closed orbit add up to 1."""
        if any(cycle.winding) or cycle.location != "inside":
            return
        inside = [(f"equilibrium {k}", self.search.equilibria[k].index) for k in cycle.equilibria]
        for k, spot in enumerate(self.search.singularities):
            if spot.point.size == 2 and encloses(cycle.points, spot.point):
                inside.append((f"singularity {k}", spot.index))
        sets = [
            item
            for item in self.search.sets
            if any(encloses(cycle.points, point) for point in item.points[::8])
        ]
        total = self._total(inside, sets)
        lo, hi = cycle.bounds[:, 0], cycle.bounds[:, 1]
        if total is None or total == 1:
            self.verdicts.append(None if total is None else True)
        elif not self._continuous(lo, hi):
            self.verdicts.append(None)
            self.notes.append(
                f"the indices within cycle {number} add up to {total}, not 1: the field jumps or "
                "is undefined within"
            )
        else:
            self.verdicts.append(False)
            self.notes.append(
                f"the indices within cycle {number} add up to {total}, not 1: an equilibrium is "
                "missing, or that is no closed orbit"
            )

    def _cylinders(self, structure: Structure) -> None:
        """Over a whole period the turns are the difference of those at both ends."""
        for fact in structure.of(Kind.PERIODIC):
            if fact.map is None:
                continue
            axis = int(np.argmax(np.abs(fact.map[4:])))
            period, width = abs(fact.map[4 + axis]), self.hi[axis] - self.lo[axis]
            for share in (0.5, 0.381, 0.118):
                lo, hi = self.lo.copy(), self.hi.copy()
                lo[axis] += share * (width - period)
                hi[axis] = lo[axis] + period
                turns = self._turns(lo, hi) if width > period else None
                if turns is None:
                    continue
                total = self._sum(lo, hi)
                name = self.field.variables[axis]
                self._compare(turns, total, lo, hi, f"over one period of {name}")
                if total == turns:
                    self.notes.append(
                        f"over one period of {name}: {turns} turns, the difference of both ends "
                        f"of the cylinder, and a sum of {total}"
                    )
                break

    def _continuous(self, lo: Array, hi: Array) -> bool:
        """Tell whether the field is proved continuous but at the singularities listed."""
        edges = np.linspace(0.0, 1.0, CELLS + 1)
        i, j = (k.ravel() for k in np.meshgrid(np.arange(CELLS), np.arange(CELLS)))
        index = np.stack([i, j])
        span = (hi - lo)[:, None]
        low, high = lo[:, None] + span * edges[index], lo[:, None] + span * edges[index + 1]
        good = self.field.boxes(low, high).continuous.copy()
        pad = 0.5 * span / CELLS
        for spot in self.search.singularities:
            if spot.point.size == 2 and spot.index is not None:
                point = spot.point[:, None]
                good |= ((point >= low - pad) & (point <= high + pad)).all(axis=0)
        return bool(good.all())


def border_direction(field: CompiledField, lo: Array, hi: Array) -> str:
    """Tell whether all orbits cross a rectangle's border the same way.

    Parameters
    ----------
    field : CompiledField
        A planar field.
    lo, hi : ndarray, shape (2,)
        Corners.

    Returns
    -------
    str
        ``enters`` or ``leaves`` if interval arithmetic proves it, else empty.
    """
    sides = [(axis, end) for axis in (0, 1) for end in (lo, hi)]
    ways = set()
    for axis, end in sides:
        out = 1.0 if end is hi else -1.0
        steps = np.linspace(lo[1 - axis], hi[1 - axis], PIECES + 1)
        low, high = np.empty((2, PIECES)), np.empty((2, PIECES))
        low[axis] = high[axis] = end[axis]
        low[1 - axis], high[1 - axis] = steps[:-1], steps[1:]
        ways.add(_sign(field, axis, out, low, high))
        if len(ways) > 1 or 0 in ways:
            return ""
    return "leaves" if ways == {1} else "enters"


def _sign(field: CompiledField, axis: int, out: float, low: Array, high: Array) -> int:
    """Give the sign of a component all along some pieces; 0 if it has none."""
    found: set[int] = set()
    for _ in range(DEPTH):
        bounds = field.boxes(low, high)
        with np.errstate(invalid="ignore"):
            up, down = bounds.lo[axis] > 0, bounds.hi[axis] < 0
        clear = (up | down) & bounds.continuous
        found |= {int(s * out) for s, some in ((1, up & clear), (-1, down & clear)) if some.any()}
        if len(found) > 1:
            return 0
        low, high = low[:, ~clear], high[:, ~clear]
        if not low.shape[1]:
            return found.pop()
        middle = 0.5 * (low[1 - axis] + high[1 - axis])
        first, second = high.copy(), low.copy()
        first[1 - axis], second[1 - axis] = middle, middle
        low, high = np.hstack([low, second]), np.hstack([first, high])
    return 0
