"""Proved symmetries that keep a window: what is drawn on one side is drawn on the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eqpp_dash.engine.cycles.mirrors import images_of, involutions
from eqpp_dash.engine.dop853 import Array
from eqpp_dash.engine.structure.facts import Structure
from eqpp_dash.model.cycles import Annulus
from eqpp_dash.model.portrait import Equilibrium

MOST = 8
"""Most maps of a group: those of a square."""

SAME = 1e-9
"""Points nearer than this, in widths of the window, are one."""

Map = tuple[Array, Array]
"""A matrix M and an offset b: x -> M x + b."""


@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """The maps that take orbits to orbits, in either direction of time, and a window to itself.

    Attributes
    ----------
    center, width : ndarray, shape (2,)
        Of the window.
    maps : tuple of (ndarray, ndarray)
        A group of them, without the identity.
    """

    center: Array
    width: Array
    maps: tuple[Map, ...] = ()

    def close(self, points: Array) -> Array:
        """Replace points by those of one part of the window and the images of these.

        Parameters
        ----------
        points : ndarray, shape (m, 2)
            Points in the window.

        Returns
        -------
        ndarray, shape (k, 2)
            Each point that is greater, in lexical order, than its images, and these.
        """
        if not self.maps or not len(points):
            return points
        images = np.stack([points @ matrix.T + offset for matrix, offset in self.maps])
        away = (points - images) / self.width
        first = np.abs(away[..., 0]) > SAME
        ahead = np.where(first, away[..., 0], away[..., 1]) > 0
        kept = ahead.all(axis=0)
        return np.concatenate([points[kept], *images[:, kept]])

    def partners(self, points: Array) -> list[list[int]]:
        """Give the numbers of the images of points that are among them.

        Parameters
        ----------
        points : ndarray, shape (m, 2)
            The points.
        """
        found: list[list[int]] = [[] for _ in points]
        for matrix, offset in self.maps if len(points) else ():
            images = points @ matrix.T + offset
            for k, image in enumerate(images):
                near = (np.abs(points - image) <= SAME * self.width).all(axis=1)
                found[k] += [int(j) for j in np.flatnonzero(near) if j != k]
        return found


def window_images(structure: Structure | None, center: Array, width: Array) -> Images:
    """Give the proved symmetries and reversors that keep a window.

    Parameters
    ----------
    structure : Structure or None
        What is proved about the field.
    center, width : ndarray, shape (2,)
        Of the window.

    Examples
    --------
    >>> from eqpp_dash import parse_system
    >>> from eqpp_dash.engine.structure.find import find_structure
    >>> wells = find_structure(parse_system("x' = y; y' = x - x^3").compile())
    >>> images = window_images(wells, np.zeros(2), np.array([4.0, 3.0]))
    >>> len(images.maps), len(window_images(wells, np.ones(2), np.ones(2)).maps)
    (3, 0)
    >>> images.close(np.array([[0.5, 0.25], [-0.5, 1.0]])).tolist()
    [[0.5, 0.25], [0.5, -0.25], [-0.5, 0.25], [-0.5, -0.25]]
    """
    group: list[Map] = []
    for matrix, offset in involutions(structure):
        reach = np.abs(matrix) @ width
        kept = np.abs(matrix @ center + offset - center) <= SAME * width
        kept &= np.abs(reach - width) <= SAME * width
        if kept.all() and (np.abs(np.abs(matrix).sum(axis=1) - 1.0) <= SAME).all():
            group.append((matrix, offset))
    identity = (np.eye(2), np.zeros(2))
    whole = [identity]
    for item in group:
        whole += [_after(item, other) for other in whole if _new(_after(item, other), whole)]
    if len(whole) > MOST:
        return Images(center, width)
    return Images(center, width, tuple(whole[1:]))


def _after(one: Map, other: Map) -> Map:
    return one[0] @ other[0], one[0] @ other[1] + one[1]


def _new(item: Map, known: Sequence[Map]) -> bool:
    return not any(
        np.allclose(item[0], other[0], atol=SAME) and np.allclose(item[1], other[1], atol=SAME)
        for other in known
    )


def mirror_bands(
    starts: Sequence[Array],
    bands: Sequence[Annulus],
    equilibria: Sequence[Equilibrium],
    structure: Structure | None,
) -> list[Array]:
    """Let bands of closed orbits that are images of each other have images of the same orbits.

    Parameters
    ----------
    starts : sequence of ndarray, shape (m, 2)
        For each band points on orbits that are drawn.
    bands : sequence of Annulus
        The bands.
    equilibria : sequence of Equilibrium
        All known.
    structure : Structure or None
        What is proved about the field.

    Returns
    -------
    list of ndarray, shape (k, 2)
        The same, but those of a band are replaced by the images of those of another if that has
        more of them, and it is told which is the image by what the two go round.
    """
    found = list(starts)
    for matrix, offset in involutions(structure) if len(bands) > 1 else ():
        numbers = images_of(equilibria, matrix, offset)
        for i, band in enumerate(bands):
            wanted = {numbers[k] for k in band.equilibria}
            others = [j for j, other in enumerate(bands) if set(other.equilibria) == wanted]
            alone = sum(other.equilibria == band.equilibria for other in bands) == 1
            if not wanted or len(others) != 1 or not alone or others == [i]:
                continue
            theirs = found[others[0]]
            if len(theirs) > len(found[i]):
                found[i] = theirs @ matrix.T + offset
    return found
