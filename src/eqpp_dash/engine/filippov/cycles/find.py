"""All limit cycles of a planar field that jumps, by what its sections show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing

import numpy as np

from eqpp_dash.engine.attraction import trapping_ellipse
from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.cycles.displacement import Displacement
from eqpp_dash.engine.cycles.refine import Refined, refine_cycles
from eqpp_dash.engine.cycles.scan import Scan
from eqpp_dash.engine.cycles.sort import Sorted, sort_findings
from eqpp_dash.engine.cycles.values import Completeness, CycleSearch, Undecided
from eqpp_dash.engine.field import window_limits
from eqpp_dash.engine.filippov.cycles.bands import center_bands, crossing_bands
from eqpp_dash.engine.filippov.cycles.confirmed import (
    crossing_orbit,
    nested_cycles,
    sliding_orbit,
)
from eqpp_dash.engine.filippov.cycles.ends import FoldJudge
from eqpp_dash.engine.filippov.cycles.passages import MOST_ROUNDS, Passages
from eqpp_dash.engine.filippov.cycles.returns import SwitchingReturns
from eqpp_dash.engine.filippov.cycles.sections import SwitchingSection, switching_sections
from eqpp_dash.engine.filippov.cycles.sides import MOST_SIDES, cycles_within, sides_of
from eqpp_dash.engine.filippov.cycles.sliding import SAME, SlidingSearch, find_sliding_cycles
from eqpp_dash.engine.filippov.pieces import filippov_field
from eqpp_dash.engine.filippov.segments import (
    CONTINUOUS,
    ESCAPING,
    SLIDING,
    Piece,
    Surface,
    trace_surfaces,
)
from eqpp_dash.engine.orbits import WORK_BOX
from eqpp_dash.engine.timescale import crossing_time
from eqpp_dash.model.portrait import Array, Equilibrium
from eqpp_dash.model.spec import Range

Surfaces = list[tuple[Surface, list[Piece]]]

FAR = 6.0
"""Half width of the box that orbits may not leave, in those of the box in which sections lie."""

LONGEST = 2e3
"""Longest time, in those in which the window is crossed."""

SMOOTH_BUDGET = 2_000
"""Most orbits that are followed in the field of one piece."""

NEAR = 1e-9
"""Coordinates below this share of the window's width are told as zero."""


def jumping_surfaces(field: CompiledField, window: Mapping[str, Range]) -> Surfaces:
    """Trace the surfaces of a planar field around a window; nothing if it jumps at none.

    Parameters
    ----------
    field : CompiledField
        The field; autonomous.
    window : mapping of str to (float, float)
        Limits of each variable.
    """
    if field.dimension != 2 or not field.switching:
        return []
    lo, hi = window_limits(field, window)
    middle, half = 0.5 * (lo + hi), 0.5 * WORK_BOX * (hi - lo)
    found = trace_surfaces(field, filippov_field(field), middle - half, middle + half, hi - lo)
    if all(part.kind == CONTINUOUS for _, parts in found for part in parts):
        return []
    return found


def find_switching_cycles(
    field: CompiledField,
    window: Mapping[str, Range],
    surfaces: Surfaces,
    equilibria: Sequence[Equilibrium] = (),
    *,
    budget: int = 600,
    progress: Callable[[float], object] | None = None,
) -> CycleSearch:
    """Find the limit cycles of a planar field that jumps.

    Parameters
    ----------
    field : CompiledField
        The vector field.
    window : mapping of str to (float, float)
        Limits of each variable. Sections reach three windows beyond it on each side.
    surfaces : list of (Surface, list of Piece)
        What `jumping_surfaces` gives.
    equilibria : sequence of Equilibrium
        Those that are known, those on surfaces among them.
    budget : int
        Most orbits that are followed to a return, forward and backward ones.
    progress : callable, optional
        Told the share that is done; an exception from it is passed on.

    Returns
    -------
    CycleSearch
        Cycles, annuli, what is undecided, and what was covered.

    Notes
    -----
    Every closed orbit stays in a piece, crosses surfaces, or slides; see `sides`, `sections` and
    `sliding` for how each is found.

    Examples
    --------
    >>> from eqpp_dash.engine.system import parse_system
    >>> field = parse_system("x' = -y + sign(x)/2 - x/2; y' = x").compile()
    >>> window = {"x": (-4, 4), "y": (-4, 4)}
    >>> found = find_switching_cycles(field, window, jumping_surfaces(field, window))
    >>> [(round(cycle.period, 6), cycle.stability, cycle.evidence) for cycle in found.cycles]
    [(6.489246, 'stable', 'verified')]
    """
    tell = progress or (lambda share: None)
    lo, hi = window_limits(field, window)
    unit, center = hi - lo, 0.5 * (lo + hi)
    far = 0.5 * FAR * WORK_BOX * unit
    sections = [one for own in surfaces for one in switching_sections(*own)]
    span = LONGEST * crossing_time(field, center, unit)
    with np.errstate(all="ignore"):
        passages = Passages(field, sections, unit, (center - far, center + far))
        with closing(passages):
            slid = find_sliding_cycles(passages, surfaces, span, _rests(surfaces, equilibria, unit))
            tell(0.2)
            returns = SwitchingReturns(
                passages, sections, span, _traps(field, equilibria, unit), lambda: tell(0.2)
            )
            chosen = sorted(_one_sense(sections), key=lambda k: _distance(sections[k], lo, hi))
            ends = FoldJudge(field)
            scan = Scan(
                Displacement(returns), ends, chosen, budget, lambda share: tell(0.2 + 0.4 * share)
            )
            sorted_ = sort_findings(scan, ends, analytic=False)
            passages.rounds = MOST_ROUNDS
            refined = _distinct(refine_cycles(returns, sorted_.brackets))
            across = [crossing_orbit(returns, item) for item in refined]
            tell(0.7)
            bands = list(crossing_bands(returns, sorted_.bands, equilibria))
        along = [sliding_orbit(item, unit) for item in slid.cycles]
        sides = sides_of(field, filippov_field(field), surfaces)
        bands += center_bands(sides, filippov_field(field), surfaces, equilibria, lo, hi)
        smooth, blind, arcs, gaps = [], [*sorted_.blind, *slid.blind], 0, []
        curved = [side for side in sides if not side.affine]
        if len(curved) > MOST_SIDES:
            blind.append(f"cycles that stay in one of {len(curved) - MOST_SIDES} further pieces")
        for n, side in enumerate(curved[:MOST_SIDES]):
            within = cycles_within(
                side, filippov_field(field), surfaces, window, equilibria, SMOOTH_BUDGET
            )
            bands += within.bands
            smooth += list(within.cycles)
            blind += within.completeness.blind
            gaps += list(within.undecided)
            arcs += within.completeness.arcs
            tell(0.7 + 0.3 * (n + 1) / len(curved))
    blind += _junctions(surfaces, unit)
    tell(1.0)
    gaps += _gaps(sections, sorted_, slid)
    cycles = nested_cycles([*across, *along], smooth, equilibria, lo, hi)
    coverage = Completeness(
        "searched", len(chosen) + slid.exits + arcs, tuple(dict.fromkeys(blind))
    )
    return CycleSearch(cycles, tuple(bands), tuple(gaps), coverage)


def _one_sense(sections: Sequence[SwitchingSection]) -> list[int]:
    """Choose for every surface the sense in which it has fewer sections."""
    chosen = []
    for surface in dict.fromkeys(id(one.surface) for one in sections):
        mine = [k for k, one in enumerate(sections) if id(one.surface) == surface]
        both = [[k for k in mine if sections[k].sense == sense] for sense in (1, -1)]
        if all(both):
            chosen += both[0] if len(both[0]) <= len(both[1]) else both[1]
    return chosen


def _distance(section: SwitchingSection, lo: Array, hi: Array) -> float:
    """Give how far a section is from the window's middle, in its widths: where to look first."""
    away = np.abs(section.points - 0.5 * (lo + hi)[:, None]) / (hi - lo)[:, None]
    return float(away.max(axis=0).min())


def _rests(surfaces: Surfaces, equilibria: Sequence[Equilibrium], unit: Array) -> Array:
    """Give the equilibria that lie on surfaces, (2, k)."""
    points = []
    for item in equilibria:
        x = item.point[:, None]
        for surface, _ in surfaces:
            slope = float(np.abs(surface.factor.gradient(0.0, x)[:, 0] * unit).sum())
            value = np.broadcast_to(surface.factor(0.0, x), (1,))
            if abs(float(value[0])) <= SAME * slope:
                points.append(item.point)
                break
    return np.array(points, dtype=float).reshape(-1, 2).T


def _traps(
    field: CompiledField, equilibria: Sequence[Equilibrium], unit: Array
) -> list[tuple[float, Array, Array]]:
    """Give balls in which orbits stay that have come in."""
    traps = []
    for item in equilibria:
        real = item.eigenvalues.real
        if item.hyperbolic and ((real < 0).all() or (real > 0).all()):
            sign = 1.0 if real[0] < 0 else -1.0
            shape, level = trapping_ellipse(field, item, sign, unit)
            if not level > 0:
                continue
            scaled = shape / level * unit[:, None] * unit[None, :]
            radius = 1.0 / np.sqrt(float(np.linalg.eigvalsh(scaled).max()))
            traps.append((sign, item.point, radius * unit))
    return traps


def _distinct(refined: Sequence[Refined]) -> list[Refined]:
    """Drop cycles that were found on several sections."""
    kept: list[Refined] = []
    for item in refined:
        size = np.ptp(item.bounds, axis=1)[:, None]
        if not any((np.abs(item.bounds - other.bounds) <= SAME * size).all() for other in kept):
            kept.append(item)
    return kept


def _gaps(
    sections: Sequence[SwitchingSection], found: Sorted, slid: SlidingSearch
) -> list[Undecided]:
    gaps = []
    for run in found.undecided:
        ends = sections[run.arc].place(np.array([run.first.x, run.last.x])).T
        gaps.append(Undecided(ends[0], ends[1], run.count, run.reason))
    reason = "a closed orbit touches the end of a sliding segment"
    gaps += [Undecided(at, at, "0 or 1", reason) for at in slid.touching]
    return gaps


def _junctions(surfaces: Surfaces, unit: Array) -> list[str]:
    """Tell where segments that slide and segments that are fled from meet: orbits may go on."""
    ends: dict[str, list[Array]] = {SLIDING: [], ESCAPING: []}
    for _, parts in surfaces:
        for part in parts:
            if part.kind in ends:
                ends[part.kind] += [part.points[:, 0], part.points[:, -1]]
    found = []
    for one in ends[SLIDING]:
        if any((np.abs(one - other) <= SAME * unit).all() for other in ends[ESCAPING]):
            told = np.where(np.abs(one) < NEAR * unit, 0.0, one)
            place = ", ".join(f"{value:.6g}" for value in told)
            found.append(
                f"closed orbits through ({place}), where sliding goes over into a segment that "
                "orbits leave anywhere"
            )
    return found
