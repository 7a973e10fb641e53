"""Annuli of closed orbits: across surfaces, and around the centers of affine pieces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import groupby

import numpy as np

from eqpp_dash.engine.cycles.displacement import COARSE
from eqpp_dash.engine.cycles.lanes import Fate, Steps
from eqpp_dash.engine.cycles.shape import encloses, rough_curves
from eqpp_dash.engine.cycles.sort import Run
from eqpp_dash.engine.cycles.values import Band
from eqpp_dash.engine.filippov.cycles.returns import SwitchingReturns
from eqpp_dash.engine.filippov.cycles.sides import Side
from eqpp_dash.engine.filippov.pieces import FilippovField
from eqpp_dash.engine.filippov.segments import CONTINUOUS, Piece, Surface
from eqpp_dash.engine.orbits import WORK_BOX
from eqpp_dash.model.portrait import Array, Equilibrium

MOST_ORBITS = 12
"""Orbits of a band that are followed once more, to tell what they go round."""

INNERMOST = 1e-3
"""Size of the innermost orbit around a center, in that of the outermost."""

LEAST = 1e-6
"""Narrower intervals of sizes, in shares of the larger one, are not looked at."""

SHARES = (0.5, 0.1, 0.9, 1e-3, 1e-6)
"""Where in an interval between surfaces is looked for an ellipse that stays in a piece."""

TURN = np.linspace(0.0, 2.0 * np.pi, 361)


def crossing_bands(
    returns: SwitchingReturns, runs: Sequence[Run], equilibria: Sequence[Equilibrium]
) -> list[Band]:
    """Describe bands of closed orbits that cross surfaces, one for each set that they enclose.

    Parameters
    ----------
    returns : SwitchingReturns
        The first returns.
    runs : sequence of Run
        Where all orbits of a section close.
    equilibria : sequence of Equilibrium
        Those that are known.
    """
    bands: list[tuple[Band, tuple[float, float]]] = []
    for run in runs:
        places = np.array(run.positions)
        some = np.unique(np.linspace(0, places.size - 1, MOST_ORBITS).astype(int))
        x = returns.arcs[run.arc].abscissa(places[some])
        path: list[Steps] = []
        lanes = np.full(x.size, run.arc, dtype=np.intp)
        out = returns.shoot(lanes, x, np.ones(x.size), COARSE, path=path)
        back = np.flatnonzero(out.fate == Fate.RETURNED)
        orbits = []
        for k, curve in zip(back, rough_curves(path, back, out.time[back]), strict=True):
            orbits.append((_inside(curve, equilibria), curve, float(out.time[k])))
        for inside, group in groupby(orbits, key=lambda orbit: orbit[0]):
            members = list(group)
            first, last = members[0], members[-1]
            sizes = _area(first[1]), _area(last[1])
            if sizes[1] < sizes[0]:
                first, last, sizes = last, first, sizes[::-1]
            ends = (_rightmost(first[1]), _rightmost(last[1]))
            band = Band(
                *ends,
                (first[2], last[2]),
                inside,
                "numerical",
                run.error,
                curves=(first[1], last[1]),
            )
            bands = _merged(bands, band, sizes)
    return [band for band, _ in bands]


def _merged(
    bands: Sequence[tuple[Band, tuple[float, float]]], band: Band, sizes: tuple[float, float]
) -> list[tuple[Band, tuple[float, float]]]:
    """Put a band to the others; where orbits cross several surfaces it is found on each of them.

    Closed orbits round the same equilibria are nested, so bands whose areas overlap are one.
    """
    kept = []
    for other, own in bands:
        alike = band.equilibria and band.equilibria == other.equilibria
        if not alike or own[1] < sizes[0] or sizes[1] < own[0]:
            kept.append((other, own))
            continue
        inner, outer = (
            (other if own[0] < sizes[0] else band),
            (other if own[1] > sizes[1] else band),
        )
        sizes = min(own[0], sizes[0]), max(own[1], sizes[1])
        periods = inner.periods[0], outer.periods[1]
        error = max(band.error, other.error)
        curves = None
        if inner.curves is not None and outer.curves is not None:
            curves = inner.curves[0], outer.curves[1]
        band = replace(
            band,
            inner=inner.inner,
            outer=outer.outer,
            periods=periods,
            error=error,
            curves=curves,
        )
    return [*kept, (band, sizes)]


def _area(curve: Array) -> float:
    """Give the area within a closed polyline."""
    x, y = (curve - curve[0]).T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


def center_bands(
    sides: Sequence[Side],
    pieces: FilippovField,
    surfaces: Sequence[tuple[Surface, list[Piece]]],
    equilibria: Sequence[Equilibrium],
    lo: Array,
    hi: Array,
) -> list[Band]:
    """Give the ellipses around the centers of affine pieces, as far as they stay in them.

    Parameters
    ----------
    sides : sequence of Side
        The pieces.
    pieces : FilippovField
        The field.
    surfaces : sequence of (Surface, list of Piece)
        The surfaces, cut.
    equilibria : sequence of Equilibrium
        Those that are known.
    lo, hi : ndarray, shape (2,)
        Corners of the window.
    """
    bands = []
    jumps = [part.points for _, own in surfaces for part in own if part.kind != CONTINUOUS]
    for side in sides:
        if not side.affine:
            continue
        origin = np.zeros(2)
        matrix = side.field.jacobian(0.0, origin[:, None])[:, :, 0]
        determinant = float(np.linalg.det(matrix))
        if _trace(side) != 0 or not determinant > 0.0:
            continue
        constant = np.array([float(np.ravel(row)[0]) for row in side.field(0.0, origin[:, None])])
        center = np.linalg.solve(matrix, -constant)
        rate = float(np.sqrt(determinant))
        first = np.array([1.0, 0.0])
        other = matrix @ first / rate
        turn = first[:, None] * np.cos(TURN) + other[:, None] * np.sin(TURN)
        turn[:, -1] = turn[:, 0]
        shape = np.linalg.inv(np.stack([first, other], axis=1))
        met = [np.hypot(*(shape @ (points - center[:, None]))) for points in jumps]
        most = float((hi - lo).max()) * WORK_BOX
        for sizes in _rings(side, pieces, center, turn, met, most):
            curves = [(center[:, None] + size * turn).T for size in sizes]
            inside = _inside(curves[1], equilibria)
            period = 2.0 * np.pi / rate
            ends = [_rightmost(curve) for curve in curves]
            bands.append(
                Band(
                    ends[0],
                    ends[1],
                    (period, period),
                    inside,
                    "verified",
                    0.0,
                    curves=(curves[0], curves[1]),
                )
            )
    return bands


def _trace(side: Side) -> Fraction:
    """Give the divergence of an affine piece, exactly."""
    first, second = side.field.polynomials()
    assert first is not None
    assert second is not None
    return Fraction(first.get((1, 0), 0)) + Fraction(second.get((0, 1), 0))


def _rings(
    side: Side,
    pieces: FilippovField,
    center: Array,
    turn: Array,
    met: Sequence[Array],
    most: float,
) -> list[tuple[float, float]]:
    """Give the intervals of multiples of a curve around a center that stay in a piece.

    Parameters
    ----------
    side : Side
        The piece.
    pieces : FilippovField
        The field.
    center : ndarray, shape (2,)
        The center.
    turn : ndarray, shape (2, m)
        The curve.
    met : sequence of ndarray
        Multiples on which points of each part of a surface lie.
    most : float
        The largest one that is looked at.
    """

    def stays(size: float) -> bool:
        return side.holds(pieces, (center[:, None] + size * turn).T)

    def edge(inside: float, beyond: float) -> float:
        if stays(beyond):
            return beyond
        for _ in range(40):
            middle = 0.5 * (inside + beyond)
            inside, beyond = (middle, beyond) if stays(middle) else (inside, middle)
        return inside

    found, below = [], 0.0
    taken = sorted((float(sizes.min()), float(sizes.max())) for sizes in met)
    for low, high in [*taken, (most, most)]:
        low = min(low, most)
        if low - below > LEAST * low:
            within = (below + share * (low - below) for share in SHARES)
            seen = next((size for size in within if stays(size)), None)
            if seen is not None:
                least = edge(seen, below) if below > 0.0 else 0.0
                greatest = edge(seen, low)
                found.append((least or INNERMOST * greatest, greatest))
        below = max(below, high)
    return found


def _inside(curve: Array, equilibria: Sequence[Equilibrium]) -> tuple[int, ...]:
    return tuple(k for k, item in enumerate(equilibria) if encloses(curve, item.point))


def _rightmost(curve: Array) -> Array:
    return np.asarray(curve[int(np.argmax(curve[:, 0]))].copy())
