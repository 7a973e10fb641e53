"""All limit cycles of a planar field that its sections show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from eqpp_dash.engine.attraction import trapping_ellipse
from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.cycles.arcs import Arc, find_arcs
from eqpp_dash.engine.cycles.bands import copies, split_bands, trace_ends
from eqpp_dash.engine.cycles.displacement import Displacement
from eqpp_dash.engine.cycles.ends import EndJudge
from eqpp_dash.engine.cycles.leaper import leaper_of
from eqpp_dash.engine.cycles.periods import Periods
from eqpp_dash.engine.cycles.proofs import exclude_cycles
from eqpp_dash.engine.cycles.refine import Refined, refine_cycles
from eqpp_dash.engine.cycles.returns import ReturnMap
from eqpp_dash.engine.cycles.scan import STOPPED, Scan
from eqpp_dash.engine.cycles.shape import encloses, location
from eqpp_dash.engine.cycles.shot import Trap
from eqpp_dash.engine.cycles.sort import Keeping, Sorted, sort_findings
from eqpp_dash.engine.cycles.surroundings import Surroundings, look_around
from eqpp_dash.engine.cycles.values import (
    Band,
    Completeness,
    CycleSearch,
    LimitCycle,
    Undecided,
)
from eqpp_dash.engine.field import window_limits
from eqpp_dash.engine.machine.stepper import Machine
from eqpp_dash.engine.orbits import WORK_BOX
from eqpp_dash.engine.structure.facts import Structure
from eqpp_dash.errors import StopAndKeep
from eqpp_dash.model.portrait import Array, Equilibrium, Singularity
from eqpp_dash.model.spec import Range

BUDGET = 20_000
FAR = 6.0
"""Half width of the box that orbits may not leave, in those of the box in which sections lie."""

ATTACHED = 1e-14
"""A focus catches orbits only this near (square of a share of its neighbourhood): before, they
come back to the sections that end there."""

METHOD = "returns to the sections f = 0, f_y g < 0; Newton's method"
SAME = 1e-6
MOST_NAMED = 8

_Located = tuple[list[Refined], list[Band], Surroundings | None]


def find_limit_cycles(
    field: CompiledField,
    window: Mapping[str, Range],
    equilibria: Sequence[Equilibrium] = (),
    singularities: Sequence[Singularity] = (),
    *,
    budget: int = BUDGET,
    progress: Callable[[float], object] | None = None,
    machine: Machine | None = None,
    structure: Structure | None = None,
    complete: bool = False,
    keeping: Keeping | None = None,
) -> CycleSearch:
    """Find the limit cycles of a planar autonomous field.

    Parameters
    ----------
    field : CompiledField
        The vector field.
    window : mapping of str to (float, float)
        Limits of each variable. Sections reach three windows beyond it on each side.
    equilibria : sequence of Equilibrium
        Those that are known.
    singularities : sequence of Singularity
        Isolated points at which the field is undefined.
    budget : int
        Most orbits that are followed to a return, forward and backward ones.
    progress : callable, optional
        Told the share that is done, again and again; an exception from it is passed on.
    machine : Machine, optional
        Machine code of the system that the field was compiled from, see `prepare_machine`: what
        is compiled for the search is then kept with it, and serves other parameters too.
    structure : Structure, optional
        What is proved about the field: it may exclude cycles, or make them one of a band.
    complete : bool
        Whether the equilibria are proved to be all of those in the window.
    keeping : callable, optional
        Gives the context in which, after a `StopAndKeep` from `progress` or a beat, the cycles
        that are parted by then are located. Without it that is passed on as well.

    Returns
    -------
    CycleSearch
        Cycles, bands of closed orbits, what is undecided, and what was covered; with `stop`, if
        it was stopped, and the sections that were not searched to their ends as `blind`.

    Raises
    ------
    SpecError
        If the window does not name the variables.
    ValueError
        If the field is not planar and autonomous.

    Notes
    -----
    A cycle's rightmost point lies on f = 0, where ``f_y g <= 0``. On each arc of these points the
    displacement of the first return, in logarithms, is sampled until its zeros are separated; see
    the reference of cycles. Nothing is found that meets only sections smaller than what the
    sampling resolves: the record of completeness says what was searched.

    Examples
    --------
    >>> from eqpp_dash.engine.system import parse_system
    >>> field = parse_system("x' = y; y' = (1 - x^2)*y - x").compile()
    >>> found = find_limit_cycles(field, {"x": (-4, 4), "y": (-4, 4)})
    >>> [(round(cycle.period, 6), cycle.stability) for cycle in found.cycles]
    [(6.663287, 'stable')]
    """
    if field.dimension != 2 or not field.autonomous:
        raise ValueError("limit cycles are searched in planar autonomous systems")
    lo, hi = window_limits(field, window)
    unit, center = hi - lo, 0.5 * (lo + hi)
    box = (center - 0.5 * WORK_BOX * unit, center + 0.5 * WORK_BOX * unit)
    tell = _Told(progress or (lambda share: None))
    proof = exclude_cycles(field, structure, equilibria, singularities, complete, lo, hi)
    if proof is not None and proof.everywhere and not proof.bands:
        tell(1.0)
        return CycleSearch((), (), (), Completeness(proof.status, 0))
    points = [item.point for item in equilibria] + [item.point for item in singularities]
    known = np.array(points, dtype=float).reshape(-1, 2)
    with np.errstate(all="ignore"):
        periods = Periods(structure, lo, hi)
        blind: list[str] = []
        bounds = periods.within(*box)
        inner = periods.within(lo, hi)
        arcs = find_arcs(field, *inner, bounds, known, unit, blind, tell.again)
        tell(0.1)
        far = (center - 0.5 * FAR * WORK_BOX * unit, center + 0.5 * FAR * WORK_BOX * unit)
        leaper = leaper_of(field, machine) if arcs else None
        values = None if machine is None else machine.values
        traps = _traps(field, equilibria, unit)
        returns = ReturnMap(field, arcs, unit, far, traps, leaper, values, tell.again)
        ends = EndJudge(field, equilibria)
        chosen = sorted(periods.chosen(arcs), key=lambda k: _rank(arcs[k], equilibria, lo, hi))
        excluded = proof is not None and proof.everywhere
        whole = not (field.common or field.poles or field.switching or singularities)
        joined = excluded and whole
        scan = Scan(
            Displacement(returns),
            ends,
            chosen,
            budget,
            lambda share: tell(0.1 + 0.7 * share),
            only_bands=excluded,
        )
        found = sort_findings(scan, ends, analytic=not field.switching, keeping=keeping)
        if excluded:
            found.keep_bands(scan.unsearched)

        def locate() -> _Located:
            refined = periods.repeat(refine_cycles(returns, found.brackets))
            tell(0.9)
            traced = trace_ends(returns, found.bands)
            curves = [*copies(traced, periods), *(item.points for item in refined)]
            around = look_around(field, curves, lo, hi, lambda: structure)
            every = (*equilibria, *(around.equilibria if around else ()))
            bands = split_bands(
                returns, found.bands, traced, every, periods, field, structure, joined=joined
            )
            return refined, bands, around

        stop, (refined, bands, around) = _located(locate, scan.stop, keeping)
    if stop is None:
        tell(1.0)
    cycles = _cycles(refined, (*equilibria, *(around.equilibria if around else ())), lo, hi)
    return CycleSearch(
        cycles,
        tuple(bands),
        _undecided(arcs, found),
        Completeness(
            "searched" if proof is None else proof.status,
            len({*chosen} - {*scan.unsearched, *scan.left_out}),
            tuple(dict.fromkeys([*blind, *found.blind, *_unsearched(arcs, scan.unsearched)])),
        ),
        stop,
        around,
    )


def _located(
    locate: Callable[[], _Located], stop: StopAndKeep | None, keeping: Keeping | None
) -> tuple[StopAndKeep | None, _Located]:
    """Locate what is parted, again and undisturbed if it is stopped on the way."""
    if stop is None:
        try:
            return None, locate()
        except StopAndKeep as late:
            if keeping is None:
                raise
            stop = late
    assert keeping is not None
    with keeping():
        return stop, locate()


def _unsearched(arcs: Sequence[Arc], numbers: Sequence[int]) -> list[str]:
    """Name the sections that were not searched to their ends; of many only how many they are."""
    told = []
    for k in numbers[:MOST_NAMED]:
        x, y = arcs[k].x, arcs[k].y
        told.append(
            f"the section from ({x[0]:.4g}, {y[0]:.4g}) to ({x[-1]:.4g}, {y[-1]:.4g}): {STOPPED}"
        )
    rest = len(numbers) - len(told)
    if rest:
        told.append(f"{rest} further section{'s' if rest > 1 else ''}: {STOPPED}")
    return told


class _Told:
    """Tells shares that never fall, and the last one again, which lets whoever is told stop us."""

    def __init__(self, progress: Callable[[float], object]) -> None:
        self.progress, self.share = progress, 0.0

    def __call__(self, share: float) -> None:
        self.share = max(self.share, share)
        self.again()

    def again(self) -> None:
        self.progress(self.share)


def _rank(
    arc: Arc, equilibria: Sequence[Equilibrium], lo: Array, hi: Array
) -> tuple[float, bool, bool]:
    """Tell what is searched first, as the budget is spent in turn.

    First what is nearest to the window; of that, what begins at a center, then at a focus.
    """
    ends = [end.point for end in (arc.left, arc.right) if end.kind == "equilibrium"]
    kinds = [
        item.kind
        for item in equilibria
        if any((np.abs(item.point - end) <= SAME * (hi - lo)).all() for end in ends)
    ]
    center = any(kind.endswith("center") for kind in kinds)
    focus = any(kind.endswith("focus") for kind in kinds)
    return _distance(arc, lo, hi), not center, not focus


def _distance(arc: Arc, lo: Array, hi: Array) -> float:
    """Give how far a section is from the window, in widths of that."""
    points = np.stack([arc.x, arc.y])
    beyond = np.maximum(lo[:, None] - points, points - hi[:, None]) / (hi - lo)[:, None]
    return max(0.0, float(beyond.max(axis=0).min()))


def _traps(field: CompiledField, equilibria: Sequence[Equilibrium], unit: Array) -> list[Trap]:
    traps = []
    for item in equilibria:
        real = item.eigenvalues.real
        if item.hyperbolic and ((real < 0).all() or (real > 0).all()):
            sign = 1.0 if real[0] < 0 else -1.0
            shape, level = trapping_ellipse(field, item, sign, unit)
            if level > 0:
                turns = bool((item.eigenvalues.imag != 0).any())
                traps.append(Trap(sign, item.point, shape / level / (ATTACHED if turns else 1.0)))
    return traps


def _cycles(
    refined: Sequence[Refined], equilibria: Sequence[Equilibrium], lo: Array, hi: Array
) -> tuple[LimitCycle, ...]:
    kept: list[Refined] = []
    for item in sorted(refined, key=lambda item: -item.point[0]):
        if not any(_same(item, other) for other in kept):
            kept.append(item)
    kept.sort(key=lambda item: (float(np.prod(np.ptp(item.bounds, axis=1))), item.point[0]))
    cycles = []
    for item in kept:
        inner = tuple(
            k
            for k, other in enumerate(kept)
            if other is not item and encloses(item.points, other.point)
        )
        within = tuple(k for k, e in enumerate(equilibria) if encloses(item.points, e.point))
        cycles.append(
            LimitCycle(
                item.point,
                item.period,
                item.log_multiplier,
                "stable" if item.stable else "unstable",
                item.bounds,
                location(item.bounds, lo, hi),
                item.points,
                within,
                inner,
                "verified" if item.verified else "numerical",
                METHOD,
                item.error,
                item.period_error,
                item.multiplier_error,
            )
        )
    return tuple(cycles)


def _same(a: Refined, b: Refined) -> bool:
    size = np.ptp(b.bounds, axis=1)
    return bool((np.abs(a.bounds - b.bounds) <= SAME * size[:, None]).all())


def _at(arc: Arc, x: float) -> Array:
    abscissa = np.array([x])
    return np.array([x, float(arc.height(abscissa)[0])])


def _undecided(arcs: Sequence[Arc], found: Sorted) -> tuple[Undecided, ...]:
    return tuple(
        Undecided(
            _at(arcs[run.arc], run.first.x), _at(arcs[run.arc], run.last.x), run.count, run.reason
        )
        for run in found.undecided
    )
