"""Bands of closed orbits that a symmetry or a reversor of the field exchanges.

Each section samples orbits where it happens to lie; of two bands that are images of each other,
each gets the innermost and the outermost orbit that was followed in either of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.structure.facts import Kind, Structure
from eqpp_dash.model.portrait import Array, Equilibrium

NEAR = 1e-9
"""Distance of an image from an equilibrium, in sizes of all of them."""

PARTS = 8
ROUNDS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Orbit:
    """A closed orbit: what it goes round, the curve from its rightmost point on, its period."""

    inside: tuple[int, ...]
    curve: Array
    period: float

    @property
    def size(self) -> float:
        """Width and height together."""
        return float(np.ptp(self.curve, axis=0).sum())


@dataclass(frozen=True, slots=True, eq=False)
class Ends:
    """The innermost and the outermost orbit of a band, and the error of its displacement."""

    inner: Orbit
    outer: Orbit
    error: float


def mirrored(
    field: CompiledField,
    bands: Sequence[Ends],
    equilibria: Sequence[Equilibrium],
    structure: Structure | None,
) -> list[Ends]:
    """Give bands the images of orbits that were followed farther in their images.

    Parameters
    ----------
    field : CompiledField
        The field.
    bands : sequence of Ends
        The bands.
    equilibria : sequence of Equilibrium
        Those that are known.
    structure : Structure or None
        What is proved about the field.

    Returns
    -------
    list of Ends
        One a band.
    """
    found = list(bands)
    for matrix, offset in involutions(structure) if len(found) > 1 else ():
        images = images_of(equilibria, matrix, offset)
        for i, band in enumerate(found):
            own = set(band.inner.inside)
            wanted = {images[k] for k in own}
            if None in wanted or not wanted or wanted == own:
                continue
            others = [other for other in found if set(other.inner.inside) == wanted]
            beside = [other for other in found if set(other.inner.inside) == own]
            if len(others) != 1 or len(beside) != 1:
                continue  # which of several is the image is not told by what they go round
            (other,) = others
            inner, outer = band.inner, band.outer
            if other.inner.size < inner.size * (1 - NEAR):
                inner = _image(field, other.inner, matrix, offset, band.inner.inside)
            if other.outer.size > outer.size * (1 + NEAR):
                outer = _image(field, other.outer, matrix, offset, band.outer.inside)
            found[i] = replace(band, inner=inner, outer=outer, error=max(band.error, other.error))
    return found


def involutions(structure: Structure | None) -> Iterator[tuple[Array, Array]]:
    """Give the symmetries and reversors that are their own inverses, as x -> M x + b."""
    for _, matrix, offset in named_involutions(structure):
        yield matrix, offset


def named_involutions(structure: Structure | None) -> Iterator[tuple[str, Array, Array]]:
    """Give them with their texts, such as ``(x, y) -> (-x, y)``."""
    facts = structure.of(Kind.REVERSIBLE, Kind.SYMMETRY) if structure else ()
    for fact in facts:
        if fact.map is not None:
            matrix = np.array(fact.map[:4]).reshape(2, 2)
            if np.allclose(matrix @ matrix, np.eye(2), atol=1e-12):
                yield fact.expression, matrix, np.array(fact.map[4:])


def images_of(
    equilibria: Sequence[Equilibrium], matrix: Array, offset: Array
) -> dict[int, int | None]:
    """Give the numbers of the images of equilibria; None for one that is not known."""
    points = np.array([item.point for item in equilibria]).reshape(-1, 2)
    near = NEAR * (1.0 + np.abs(points).max(initial=0.0))
    found: dict[int, int | None] = {}
    for k, image in enumerate(points @ matrix.T + offset):
        same = np.flatnonzero((np.abs(points - image) <= near).all(axis=1))
        found[k] = int(same[0]) if same.size == 1 else None
    return found


def _image(
    field: CompiledField, orbit: Orbit, matrix: Array, offset: Array, inside: tuple[int, ...]
) -> Orbit:
    curve = orbit.curve @ matrix.T + offset
    first = int(np.argmax(curve[:, 0]))
    curve = np.roll(curve, -first, axis=0)
    curve[0] = _rightmost(field, curve[0])
    return Orbit(inside, curve, orbit.period)


def _rightmost(field: CompiledField, point: Array) -> Array:
    """Follow the orbit from a point near its rightmost one to where x no longer grows."""
    at = point
    for _ in range(ROUNDS):
        speed = field(0.0, at[:, None])[:, 0]
        slopes = field.jacobian(0.0, at[:, None])[:, :, 0]
        bend = float(slopes[0] @ speed)
        if not bend < 0:
            return at
        time = -float(speed[0]) / bend
        for _ in range(PARTS):
            at = _step(field, at, time / PARTS)
    return at


def _step(field: CompiledField, at: Array, time: float) -> Array:
    """Take a step of the classical method of order four."""

    def slope(place: Array) -> Array:
        return np.asarray(field(0.0, place[:, None])[:, 0])

    one = slope(at)
    two = slope(at + 0.5 * time * one)
    three = slope(at + 0.5 * time * two)
    four = slope(at + time * three)
    return np.asarray(at + time / 6.0 * (one + 2.0 * two + 2.0 * three + four))
