"""Equilibria in Filippov's sense on surfaces where a field jumps or has a kink.

M. di Bernardo, C. J. Budd, A. R. Champneys, P. Kowalczyk, *Piecewise-smooth Dynamical Systems*
(Springer, 2008), section 5.1: a pseudo-equilibrium is a zero of the sliding field, a boundary
equilibrium a zero of one of the smooth fields on its border.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.compiled import Factor
from eqpp_dash.engine.filippov.conewise import conewise_stability
from eqpp_dash.engine.filippov.folds import fold_stability
from eqpp_dash.engine.filippov.neighbourhood import Region
from eqpp_dash.engine.filippov.pieces import SlidingField, convex_zero
from eqpp_dash.engine.filippov.resting import resting_set
from eqpp_dash.engine.filippov.segments import (
    ASIDE,
    CONTINUOUS,
    ESCAPING,
    OPPOSED,
    SLIDING,
    SPACING,
    Piece,
    Surface,
)
from eqpp_dash.engine.filippov.sides import moves_beside
from eqpp_dash.engine.filippov.turning import common_linear_part, turning_stability
from eqpp_dash.engine.krawczyk import newton, prove_zeros
from eqpp_dash.engine.problem import FactorSystem, ZeroProblem
from eqpp_dash.model.portrait import Equilibrium, EquilibriumSet

Array = NDArray[np.float64]

NOTHING = 1e-9
"""Share of the field's size around below which a field is zero at a point."""

REST = 1e-10
"""Share of the fields of both sides below which the sliding field vanishes."""

SAME_POINT = 1e-8
"""Points nearer than this, in widths of the window, are one."""

ON_SURFACE = 1e-10
"""Distance from a surface, in widths of the window, up to which a point is on it."""


def surface_equilibria(
    region: Region,
    surfaces: Sequence[tuple[Surface, list[Piece]]],
    known: Sequence[Equilibrium],
) -> tuple[list[Equilibrium], list[EquilibriumSet]]:
    """Find the equilibria on surfaces of a planar field.

    Parameters
    ----------
    region : Region
        The field in pieces and the window.
    surfaces : sequence of (Surface, list of Piece)
        The surfaces in the window, cut.
    known : sequence of Equilibrium
        Those of the equations as they are written.

    Returns
    -------
    equilibria : list of Equilibrium
        The known ones, those on surfaces renamed, and further ones. Those in a set are left out.
    sets : list of EquilibriumSet
        Segments along which the sliding field vanishes.
    """
    with np.errstate(all="ignore"):
        found = [_renamed(region, item) for item in known]
        sets: list[EquilibriumSet] = []
        new: list[Equilibrium] = []
        for surface, parts in surfaces:
            for part in parts:
                others = [one for one in parts if one is not part]
                still = [all(region.pieces.side(own).zero) for own in (part.plus, part.minus)]
                if part.kind == OPPOSED or (part.kind == CONTINUOUS and still[0] != still[1]):
                    sets.append(resting_set(part, others, region.pieces.variables, region.width))
                if part.kind in (SLIDING, ESCAPING):
                    resting = _sliding_zeros(region, surface, part, others, new)
                    sets += [resting] if resting else []
                moves = moves_beside(region.field, region.pieces, part, region.width)
                if not any(still) and (part.kind != CONTINUOUS or moves):
                    new += _border_zeros(region, surface, part)
        new += _intersections(region, surfaces)
    kept: list[Equilibrium] = []
    for item in [*new, *found]:
        if not any(_same(region, item.point, other.point) for other in kept):
            kept.append(item)
    isolated = [item for item in kept if not any(_within(region, item, one) for one in sets)]
    outside = {"inside": 0, "border": 0, "outside": 1}
    isolated.sort(key=lambda e: (outside[e.location], *np.round(e.point, 12)))
    return isolated, sets


def _same(region: Region, one: Array, other: Array) -> bool:
    return bool((np.abs(one - other) <= SAME_POINT * region.width).all())


def _within(region: Region, item: Equilibrium, resting: EquilibriumSet) -> bool:
    gaps = np.abs(resting.points - item.point) / region.width
    step = np.abs(np.diff(resting.points, axis=0) / region.width).max(axis=0) + 1e-9
    return bool((gaps <= step).all(axis=1).any())


# the equations' own zeros on surfaces ---------------------------------------------------------


def _renamed(region: Region, item: Equilibrium) -> Equilibrium:
    """Name an equilibrium that lies on surfaces by what the fields around it are there."""
    if item.kind != "undecided":
        return item
    choices, fields = region.around(item.point)
    if choices.shape[1] < 2 or not np.isfinite(fields).all():
        return item
    zero = _vanishes(region, item.point)
    if zero.all():
        matrices = [region.pieces.jacobian_of(item.point, piece) for piece in choices.T]
        smooth = common_linear_part(np.array(matrices), NOTHING)
        if smooth is not None:
            return replace(item, **smooth)
    if zero.any():
        known = _border(region, item.point, choices[:, zero], zero.size)
        known["index"] = item.index if known["index"] is None else known["index"]
        return replace(item, **known)
    if not convex_zero(list(fields.T)):
        return item
    pseudo = replace(item, kind="pseudo-equilibrium", index=None, reason=_mixture(zero.size))
    parted = region.parted(item.point, choices) if choices.shape[1] == 2 else None
    if parted is None:
        return pseudo
    surface, *sides = parted
    plus, minus = (region.pieces.side(side) for side in sides)
    folds = fold_stability(plus, minus, surface, item.point, float(region.width.max()))
    if folds is None:
        return pseudo
    return replace(pseudo, stability=folds.stability, index=1, reason=folds.words)


def _vanishes(region: Region, point: Array) -> NDArray[np.bool_]:
    """Tell which of the fields that meet at a point are zero there."""
    choices, fields = region.around(point)
    size = NOTHING * region.size_around(point, choices)
    return np.asarray(np.abs(fields).max(axis=0) <= size)


def _mixture(count: int) -> str:
    return f"zero is a mixture of the {count} fields that meet here; whether it attracts is open"


def _border(region: Region, point: Array, choices: Array, meeting: int) -> dict[str, Any]:
    """Give what is known of a zero of some pieces on their border."""
    words, matrices = [], []
    for piece in choices.T:
        matrix = region.pieces.jacobian_of(point, piece)
        matrices.append(matrix)
        if np.isfinite(matrix).all():
            own = sorted(np.linalg.eigvals(matrix), key=lambda v: (v.real, v.imag))
            words.append(_numbers(own))
    count = len(matrices)
    reason = f"{count} of the {meeting} fields that meet here vanish"
    reason = "the fields of all sides vanish here" if count == meeting else reason
    reason = "the field of one side vanishes here" if count == 1 else reason
    if words:
        reason += f": eigenvalues {' and '.join(f'({w})' for w in words)}"
    if len(words) < count:
        reason += "; another has no derivative here" if words else ", without a derivative"
    values, vectors = np.linalg.eig(np.nan_to_num(matrices[0]))
    order = np.lexsort((values.imag, values.real))
    judged = None
    parted = region.parted(point, choices) if count == meeting == 2 else None
    if parted is not None:
        surface, *sides = parted
        plus, minus = (region.pieces.jacobian_of(point, side) for side in sides)
        normal = surface.gradient(0.0, point[:, None])[:, 0]
        judged = conewise_stability(plus, minus, normal)
        if judged is None:
            above, below = (region.pieces.side(side) for side in sides)
            width = float(region.width.max())
            judged = turning_stability(above, below, normal, point, width)
            reason = judged.words if judged else reason
        elif judged:
            reason = f"{reason}; {judged.words}"
    return {
        "kind": "boundary equilibrium",
        "stability": judged.stability if judged else "undecided",
        "index": judged.index if judged else None,
        "jacobian": matrices[0] + 0.0,
        "eigenvalues": values[order].astype(complex),
        "eigenvectors": vectors[:, order].astype(complex),
        "reason": reason,
    }


def _numbers(values: Sequence[complex]) -> str:
    """Write the two eigenvalues of a matrix."""
    if values[0].imag == 0:
        return ", ".join(f"{value.real + 0.0:.5g}".replace("-", "−") for value in values)
    real, imaginary = f"{values[0].real + 0.0:.5g}", f"{abs(values[0].imag):.5g}"
    imaginary = "" if imaginary == "1" else imaginary
    return f"±{imaginary}i" if real == "0" else f"{real} ± {imaginary}i".replace("-", "−")


# zeros of the sliding field -------------------------------------------------------------------


def _sliding_zeros(
    region: Region,
    surface: Surface,
    part: Piece,
    others: list[Piece],
    found: list[Equilibrium],
) -> EquilibriumSet | None:
    """Find the zeros of the sliding field along a part; give the part if it is zero all along."""
    middle = part.points[:, part.points.shape[1] // 2]
    sliding = region.pieces.sliding_at(middle, part.plus, part.minus, region.width)
    points = part.points[:, 1:-1]
    if not points.shape[1]:
        return None
    values = sliding.field(0.0, points)
    sides = [np.abs(side(0.0, points)).max(axis=0) for side in sliding.sides]
    if (np.abs(values).max(axis=0) <= REST * np.maximum(*sides)).all():
        return resting_set(part, others, region.pieces.variables, region.width)
    det = np.broadcast_to(sliding.parallel(0.0, points), points.shape[1:])
    system = FactorSystem((sliding.gap, sliding.parallel))
    for i in np.flatnonzero(det[:-1] * det[1:] <= 0):
        share = det[i] / (det[i] - det[i + 1]) if det[i] != det[i + 1] else 0.0
        start = surface.onto((points[:, i] + share * (points[:, i + 1] - points[:, i]))[:, None])
        x, last = newton(system, start)
        close = np.abs(x - start) <= SPACING * region.width[:, None]
        if not close.all():
            continue
        made = _pseudo(region, surface, part.kind, sliding, system, x, last)
        if made is not None and not any(_same(region, made.point, o.point) for o in found):
            found.append(made)
    return None


def _pseudo(
    region: Region,
    surface: Surface,
    kind: str,
    sliding: SlidingField,
    system: FactorSystem,
    x: Array,
    last: Array,
) -> Equilibrium | None:
    if surface.labels(x)[0][0] != kind or _vanishes(region, x[:, 0]).any():
        return None
    proved, error = prove_zeros(system, x, 4 * last + 4 * np.spacing(np.abs(x)))
    x = np.where(np.abs(x) <= error, 0.0, x) if proved[0] else x
    matrix = sliding.field.jacobian(0.0, x)[:, :, 0]
    rate = float(np.trace(matrix))
    size = float(np.abs(matrix).max())
    attracting, along = kind == SLIDING, 0 if abs(rate) <= 1e-9 * size else (1 if rate > 0 else -1)
    name, stability = {
        (True, -1): ("a stable pseudo-node", "stable"),
        (False, 1): ("an unstable pseudo-node", "unstable"),
        (True, 1): ("a pseudo-saddle", "unstable"),
        (False, -1): ("a pseudo-saddle", "unstable"),
    }.get((attracting, along), ("degenerate", "undecided" if attracting else "unstable"))
    words = f"{name} on the {kind} segment of {surface.factor.text} = 0"
    words += f": eigenvalue {rate + 0.0:.6g} along it"
    sure = bool(proved[0]) and _signs(sliding, x, error)
    values, vectors = np.linalg.eig(matrix)
    order = np.lexsort((values.imag, values.real))
    return Equilibrium(
        point=x[:, 0] + 0.0,
        location=region.location(x[:, 0]),
        jacobian=matrix + 0.0,
        eigenvalues=values[order].astype(complex),
        eigenvectors=vectors[:, order].astype(complex),
        kind="pseudo-equilibrium",
        stability=stability,
        hyperbolic=False,
        index=None,
        evidence="proved" if sure else "numerical",
        method="Krawczyk" if sure else "bisection",
        error=float(error.max()) if proved[0] else float(np.max(4 * last)),
        reason=words,
    )


def _signs(sliding: SlidingField, x: Array, error: Array) -> bool:
    """Tell whether interval bounds of both rates prove that there is sliding, one way or other."""
    a, b = (rate.boxes(x - error, x + error) for rate in sliding.rates)
    pulls = bool(a.hi[0] < 0 < b.lo[0]) or bool(b.hi[0] < 0 < a.lo[0])
    return pulls and bool(a.continuous[0] and b.continuous[0])


# zeros of one side, and where surfaces meet ---------------------------------------------------


def _border_zeros(region: Region, surface: Surface, part: Piece) -> list[Equilibrium]:
    """Find zeros of the fields of both sides that lie on a part of a surface."""
    found = []
    for choices in (part.plus, part.minus):
        held = np.repeat(choices[:, None], part.points.shape[1], axis=1)
        size = np.hypot(*(region.pieces.field_of(part.points, held) / region.width[:, None]))
        low = np.append(np.inf, size[:-1]) >= size
        low &= size <= np.append(size[1:], np.inf)
        side = region.pieces.side(choices)
        for i in np.flatnonzero(low & (size <= 0.05 * np.nanmax(size))):
            start = part.points[:, i : i + 1]
            x, last = newton(side, start)
            if not (np.abs(x - start) <= 2 * SPACING * region.width[:, None]).all():
                continue
            away = surface.onto(x) - x
            if not (np.abs(away) <= ON_SURFACE * region.width[:, None]).all():
                continue
            found += _boundary(region, side, x, last)
    return found


def _boundary(region: Region, side: ZeroProblem, x: Array, last: Array) -> list[Equilibrium]:
    point = x[:, 0]
    choices, _ = region.around(point)
    zero = _vanishes(region, point)
    if choices.shape[1] < 2 or not zero.any():
        return []
    proved, error = prove_zeros(side, x, 4 * last + 4 * np.spacing(np.abs(x)))
    known = _border(region, point, choices[:, zero], zero.size)
    return [
        Equilibrium(
            point=point + 0.0,
            location=region.location(point),
            hyperbolic=False,
            evidence="numerical",
            method="Newton",
            error=float(error.max()) if proved[0] else float(np.max(4 * last)),
            **known,
        )
    ]


def _intersections(
    region: Region, surfaces: Sequence[tuple[Surface, list[Piece]]]
) -> list[Equilibrium]:
    """Find where surfaces meet and zero is a mixture of the fields around."""
    found: list[Equilibrium] = []
    factors = [surface.factor for surface, _ in surfaces]
    for surface, parts in surfaces:
        for part in parts:
            for end, column in zip(part.ends, (0, -1), strict=True):
                if end == "intersection":
                    made = _meeting(region, surface.factor, factors, part.points[:, column])
                    if made and not any(_same(region, made.point, o.point) for o in found):
                        found.append(made)
    return found


def _meeting(
    region: Region, own: Factor, factors: Sequence[Factor], near: Array
) -> Equilibrium | None:
    start = near[:, None]
    for other in factors:
        if other is own:
            continue
        x, last = newton(FactorSystem((own, other)), start)
        if (np.abs(x - start) <= 10 * ASIDE * region.width[:, None]).all():
            break
    else:
        return None
    x = np.where(np.abs(x) <= 4 * last + 1e-15 * region.width[:, None], 0.0, x)
    choices, fields = region.around(x[:, 0])
    if choices.shape[1] < 3 or _vanishes(region, x[:, 0]).any() or not convex_zero(list(fields.T)):
        return None
    matrix, nothing = np.full((2, 2), np.nan), np.full(2, complex(np.nan, 0.0))
    return Equilibrium(
        point=x[:, 0] + 0.0,
        location=region.location(x[:, 0]),
        jacobian=matrix,
        eigenvalues=nothing,
        eigenvectors=np.full((2, 2), complex(np.nan, 0.0)),
        kind="pseudo-equilibrium",
        stability="undecided",
        hyperbolic=False,
        index=None,
        evidence="numerical",
        method="Newton",
        error=float(np.max(4 * last)),
        reason=_mixture(choices.shape[1]),
    )
