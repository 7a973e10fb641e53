"""The window that suits a system: around its equilibria, symmetric where the portrait is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.equilibria import (
    find_equilibria,
    survey_equilibria,
)
from eqpp_dash.engine.extent import nonlinear_radius, unstable_reach
from eqpp_dash.engine.points import has_constant_jacobian
from eqpp_dash.engine.searched import EquilibriumSearch
from eqpp_dash.engine.subdivision import SearchBudget
from eqpp_dash.engine.symmetry import (
    exchanged_axes,
    find_periods,
    invariant_axis,
    mirrored_axes,
)
from eqpp_dash.engine.system import System
from eqpp_dash.engine.zeros import KnownZeros
from eqpp_dash.model.cycles import LimitCycle
from eqpp_dash.model.portrait import Array, Equilibrium, Notice
from eqpp_dash.model.spec import Range

DEFAULT = 5.0
"""Half width of the window of a linear system, and of one without equilibria."""
BUDGET = SearchBudget(boxes=2_500, crowd=250, zeros=30, depth=1e-9)
OUTLIER = 20.0
PAD = 0.2
FLAT = 1e-5
"""Points that are so much nearer in one variable than in the other lie on a line: the rest may well
be what they are not known to."""
MARGIN = 0.05
"""A cycle this near to the border, in its own sizes, needs a wider window."""
WIDE = 2.5
"""A window so many times as wide as the cycles round its only equilibrium is too wide."""
ALONE = 1.75
"""Half width of the window of one equilibrium, in units of its nonlinear radius."""
SHOWN_PERIODS = 1.05
"""How much of a periodic variable is shown either way, in periods."""
SHAPE = 4 / 3
"""A fitted window is at most so many times as long as it is high, or the other way round."""
FREE = 3.0
"""Unless its sides differ by more than this factor: then scales are free, and it stays."""
Periods = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True, eq=False)
class WindowFit:
    """The window chosen for a system, and what was learned on the way.

    Attributes
    ----------
    window : mapping of str to (float, float)
        Lower and upper limit of each variable.
    notices : tuple of Notice
        Which equilibria are left outside.
    known : KnownZeros or None
        What spares the search for equilibria in the window.
    """

    window: Mapping[str, Range]
    notices: tuple[Notice, ...]
    known: KnownZeros | None = None


def fit_window(
    field: CompiledField, system: System
) -> tuple[Mapping[str, Range], tuple[Notice, ...]]:
    """Choose the window of a planar system of which none is given; see `fit_with_search`."""
    fit = fit_with_search(field, system)
    return fit.window, fit.notices


def fit_with_search(field: CompiledField, system: System) -> WindowFit:
    """Choose the window of a planar system of which none is given.

    Parameters
    ----------
    field : CompiledField
        The vector field.
    system : System
        The system it belongs to.

    Returns
    -------
    WindowFit
        The window, with the zeros found on the way.

    Notes
    -----
    Equilibria are searched in the largest of the squares of half width 1000, 100, 10 and 1
    that does not hold too many. The window holds those that do not lie far off, the
    neighbourhoods in which centers and foci govern the motion, and the orbits that leave
    repelling equilibria; it is padded, rounded outward and made symmetric where the
    portrait is. A periodic variable is shown for a little more than one period either way.
    Of sides that are within a factor 3, so that their scales are drawn equal, the shorter is
    lengthened to 3/4 of the other: a strip would leave most of a screen empty.
    """
    periods = find_periods(field)
    search = _survey(field, periods)
    near, far = _split_outliers(search)
    lo, hi = _limits(field, near, search)
    lo, hi = _arrange(field, lo, hi, near, periods)
    window = {
        name: (float(a), float(b)) for name, a, b in zip(field.variables, lo, hi, strict=True)
    }
    return WindowFit(window, _outside(system, far), search.known)


def refit_window(
    field: CompiledField,
    window: Mapping[str, Range],
    equilibria: Sequence[Equilibrium],
    cycles: Sequence[LimitCycle],
) -> Mapping[str, Range]:
    """Change a fitted window so that it shows the limit cycles.

    Parameters
    ----------
    field : CompiledField
        The vector field.
    window : mapping of str to (float, float)
        The window that suits the equilibria.
    equilibria : sequence of Equilibrium
        Those found on it.
    cycles : sequence of LimitCycle
        The cycles found on it. Those that reach beyond 20 times its half width are left out, but
        for those within its greater half width.

    Returns
    -------
    mapping of str to (float, float)
        The same window if every cycle lies well within it; else limits that are padded,
        rounded outward and symmetric where the portrait is. Round a single equilibrium the
        cycles alone decide, so that the window may become smaller, too.
    """
    limits = np.array([window[name] for name in field.variables])
    center, half = limits.mean(axis=1), 0.5 * np.ptp(limits, axis=1)
    reach = np.maximum(OUTLIER * half, half.max())  # a sliver is no measure
    shown = [
        cycle.bounds
        for cycle in cycles
        if (np.abs(cycle.bounds - center[:, None]) <= reach[:, None]).all()
    ]
    if not shown:
        return window
    low, high = np.min([b[:, 0] for b in shown], axis=0), np.max([b[:, 1] for b in shown], axis=0)
    size = high - low
    narrow = (low - MARGIN * size < limits[:, 0]) | (high + MARGIN * size > limits[:, 1])
    alone = len(equilibria) == 1 and bool((2.0 * half > WIDE * size).any())
    periods, mirrored = find_periods(field), mirrored_axes(field)
    result = dict(window)
    for axis, name in enumerate(field.variables):
        if not (narrow[axis] or alone) or periods[axis] is not None:
            continue
        a, b = low[axis] - PAD * size[axis], high[axis] + PAD * size[axis]
        points = np.array([item.point[axis] for item in equilibria]) if alone else limits[axis]
        a, b = min(a, *points), max(b, *points)
        if mirrored[axis]:
            a, b = -max(-a, b), max(-a, b)
        if low[axis] >= 0 and invariant_axis(field, axis) and not mirrored[axis]:
            b = _round_out(0.0, b, np.zeros(0))[1]
            result[name] = (_tidy(-0.05 * b), b)
        else:
            result[name] = _round_out(a, b, np.zeros(0))
    limits = np.array([result[name] for name in field.variables])
    lo, hi = _fill_out(limits[:, 0], limits[:, 1], periods)
    return {n: (float(a), float(b)) for n, a, b in zip(field.variables, lo, hi, strict=True)}


def _survey(field: CompiledField, periods: Periods) -> EquilibriumSearch:
    """Find the equilibria in the largest square that the budget allows."""
    for size in (1000.0, 100.0, 10.0, 1.0):
        half = [size if p is None else _few_digits(SHOWN_PERIODS * p) for p in periods]
        limits = [(-most, most) for most in half]
        square = dict(zip(field.variables, limits, strict=True))
        search = survey_equilibria(field, square, BUDGET)
        if search is not None and len(search.equilibria) <= BUDGET.zeros:
            return search
    return find_equilibria(field, square, budget=BUDGET)


def _split_outliers(search: EquilibriumSearch) -> tuple[list[Equilibrium], list[Equilibrium]]:
    """Part the equilibria from those beyond 20 times the median spread."""
    found = list(search.equilibria)
    if len(found) < 3:
        return found, []
    points = np.array([e.point for e in found])
    away = np.abs(points - np.median(points, axis=0)).max(axis=1)
    spread = float(np.median(away[away > 0])) if (away > 0).any() else 0.0
    far = away > OUTLIER * spread
    return [e for e, f in zip(found, far, strict=True) if not f], [
        e for e, f in zip(found, far, strict=True) if f
    ]


def _limits(
    field: CompiledField, near: Sequence[Equilibrium], search: EquilibriumSearch
) -> tuple[Array, Array]:
    """Give the raw limits, before symmetry and rounding."""
    points = [e.point for e in near] + _closed_sets(search)
    if not points:
        return np.full(2, -DEFAULT), np.full(2, DEFAULT)
    lo, hi = np.min(points, axis=0), np.max(points, axis=0)
    radii = [nonlinear_radius(field, e) for e in near]
    unknown = len(near) < 2 and not any(r is not None for r in radii)
    if unknown or has_constant_jacobian(field):
        middle = 0.5 * (lo + hi)
        middle = np.where(np.abs(middle) <= DEFAULT / 2, 0.0, middle)
        half = DEFAULT + PAD * (hi - lo)
        return np.minimum(lo, middle - half), np.maximum(hi, middle + half)
    return _spread_out(field, near, radii, lo, hi)


def _spread_out(
    field: CompiledField,
    near: Sequence[Equilibrium],
    radii: Sequence[Array | None],
    lo: Array,
    hi: Array,
) -> tuple[Array, Array]:
    """Widen the hull of the equilibria by what happens around them."""
    spread = hi - lo
    widest = float(spread.max())
    low, high = lo - PAD * spread, hi + PAD * spread
    known = [(e, r) for e, r in zip(near, radii, strict=True) if r is not None]
    for equilibrium, radius in known:
        reach = radius * ALONE
        if len(near) > 1:
            reach = radius * min(1.0, 1.5 * widest / float(radius.max()))
        turning = equilibrium.index == 1 and not equilibrium.kind.endswith("node")
        orbit = None
        if equilibrium.kind.startswith("unstable"):
            orbit = unstable_reach(field, equilibrium, radius)
        if orbit is not None:
            pad = PAD * (orbit[1] - orbit[0])
            low, high = np.minimum(low, orbit[0] - pad), np.maximum(high, orbit[1] + pad)
        elif len(near) == 1 or turning:
            low = np.minimum(low, equilibrium.point - reach)
            high = np.maximum(high, equilibrium.point + reach)
    flat = high - low <= FLAT * float((high - low).max())
    half = np.max([r for _, r in known], axis=0) if known else np.full(2, DEFAULT)
    if widest > 0:
        half = half * min(1.0, 0.6 * widest / float(half.max()))
    return np.where(flat, low - half, low), np.where(flat, high + half, high)


def _closed_sets(search: EquilibriumSearch) -> list[Array]:
    """Give the points of sets of equilibria that lie well within the square searched."""
    points: list[Array] = []
    for item in search.sets:
        if len(item.points) and float(np.abs(item.points).max()) < 9:
            points += list(item.points)
    return points


def _arrange(
    field: CompiledField, lo: Array, hi: Array, near: Sequence[Equilibrium], periods: Periods
) -> tuple[Array, Array]:
    """Make the limits symmetric, quadrant-wise or periodic, and round."""
    lo, hi = lo.astype(float).copy(), hi.astype(float).copy()
    mirrored = mirrored_axes(field)
    points = np.array([e.point for e in near]).reshape(-1, 2)
    if periods == (None, None) and exchanged_axes(field):
        lo[:], hi[:] = lo.min(), hi.max()
    for axis in range(2):
        period = periods[axis]
        if period is not None:
            hi[axis] = _few_digits(SHOWN_PERIODS * period)
            lo[axis] = -hi[axis]
            continue
        positive = bool((points[:, axis] >= -1e-12).all() and (points[:, axis] > 1e-9).any())
        if positive and not mirrored[axis] and hi[axis] > 0 and invariant_axis(field, axis):
            hi[axis] = _round_out(0.0, hi[axis], points[:, axis])[1]
            lo[axis] = _tidy(-0.05 * hi[axis])
            continue
        if mirrored[axis]:
            most = max(-lo[axis], hi[axis])
            lo[axis], hi[axis] = -most, most
        lo[axis], hi[axis] = _round_out(lo[axis], hi[axis], points[:, axis])
    return _fill_out(lo, hi, periods)


def _fill_out(lo: Array, hi: Array, periods: Periods) -> tuple[Array, Array]:
    """Lengthen the shorter side of a strip, unless its variable is periodic.

    Examples
    --------
    >>> low, high = _fill_out(np.array([-2.0, -1.0]), np.array([2.0, 1.0]), (None, None))
    >>> low.tolist(), high.tolist()
    ([-2.0, -1.6], [2.0, 1.6])
    """
    short = int(np.argmin(hi - lo))
    span, wanted = hi[short] - lo[short], (hi - lo).max() / SHAPE
    if periods[short] is not None or span >= wanted or (hi - lo).max() > FREE * span:
        return lo, hi
    lo, hi = lo.copy(), hi.copy()
    if -0.1 * hi[short] < lo[short] <= 0:  # a quadrant: the axis stays where it is
        hi[short] = _round_out(0.0, wanted / 1.05, np.zeros(0))[1]
        lo[short] = min(lo[short], _tidy(-0.05 * hi[short]))
    else:
        extra = 0.5 * (wanted - span)
        lo[short], hi[short] = _round_out(lo[short] - extra, hi[short] + extra, np.zeros(0))
    return lo, hi


def _round_out(low: float, high: float, points: Array) -> Range:
    """Round limits outward to steps of 1, 2, 2.5 or 5, clear of the given coordinates."""
    width = high - low
    exponent = math.floor(math.log10(width / 10))
    sizes = [m * 10.0**e for e in (exponent, exponent + 1) for m in (1, 2, 2.5, 5)]
    step = min((s for s in sizes if s >= width / 16), default=sizes[-1])
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    gap = 0.02 * width
    while len(points) and float(np.abs(points - first * step).min()) < gap:
        first -= 1
    while len(points) and float(np.abs(points - last * step).min()) < gap:
        last += 1
    return _tidy(first * step), _tidy(last * step)


def _few_digits(limit: float) -> float:
    """Round a positive limit outward to three digits.

    Examples
    --------
    >>> _few_digits(6.597344572538566), _few_digits(2.1)
    (6.6, 2.1)
    """
    digits = 2 - math.floor(math.log10(limit))
    return _tidy(math.ceil(limit * 10.0**digits - 1e-6) / 10.0**digits)


def _tidy(limit: float) -> float:
    return float(f"{limit:.12g}") + 0.0


def _outside(system: System, far: Sequence[Equilibrium]) -> tuple[Notice, ...]:
    if not far:
        return ()
    names = ", ".join(system.variables)
    places = "; ".join("(" + ", ".join(f"{c:.4g}" for c in e.point) + ")" for e in far[:5])
    count = f"{len(far)} equilibrium is" if len(far) == 1 else f"{len(far)} equilibria are"
    more = " and more" if len(far) > 5 else ""
    message = f"{count} outside the fitted window: ({names}) = {places}{more}"
    return (Notice("outside-window", message),)
