"""What bands of closed orbits end at: polycycles, separatrices round a cylinder, their copies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from eqpp_dash.engine.connections.annuli import end_annuli, surroundings
from eqpp_dash.engine.connections.find import Net
from eqpp_dash.engine.cycles.rotations import POINTS, below
from eqpp_dash.engine.cycles.surroundings import Surroundings
from eqpp_dash.engine.cycles.values import Band, CycleSearch
from eqpp_dash.engine.dop853 import Array
from eqpp_dash.engine.searched import EquilibriumSearch
from eqpp_dash.engine.structure.facts import Kind, Structure
from eqpp_dash.model.portrait import Equilibrium

SAME = 1e-6
"""Bands that a shift carries to each other agree so well, in sizes of them."""

MOST_SADDLES = 4
MOST_CHAINS = 64
"""Saddles of one turn that are passed on separatrices, and chains that are looked at."""


def end_bands(
    closed: CycleSearch,
    net: Net,
    search: EquilibriumSearch | None,
    structure: Structure | None,
    window: tuple[Array, Array],
) -> tuple[CycleSearch, Net]:
    """Tell what bands of closed orbits end at, when the separatrices are known.

    Parameters
    ----------
    closed : CycleSearch
        The bands, and what is at rest beyond the window where they go.
    net : Net
        Separatrices and polycycles.
    search : EquilibriumSearch or None
        The equilibria in the window.
    structure : Structure or None
        What is proved about the field.
    window : (ndarray, ndarray), shape (2,) each
        Its lower and upper corner.

    Returns
    -------
    closed : CycleSearch
        With `within` and `beyond` of the bands set where it can be told.
    net : Net
        With the polycycles at which bands begin that pass a saddle more than once.
    """
    bands: Sequence[Band] = closed.bands
    around = surroundings(search, closed, *window)
    if around is not None:
        equilibria = (*(search.equilibria if search else ()), *closed.beyond)
        bands, net = end_annuli(bands, net, equilibria, around, structure)
        shifts = _shifts(structure)
        bands = [end_rotation(band, net, equilibria, around, shifts) for band in bands]
    return replace(closed, bands=end_copies(bands, structure)), net


def end_copies(bands: Sequence[Band], structure: Structure | None) -> tuple[Band, ...]:
    """Let bands that a proved period carries to others end at the copies of what those end at.

    Parameters
    ----------
    bands : sequence of Band
        The bands.
    structure : Structure or None
        What is proved about the field.

    Returns
    -------
    tuple of Band
        The same; where a polycycle is moved, `shift` says how far.
    """
    shifts = _shifts(structure)
    found = []
    for band in bands:
        ends = (band.within, band.beyond)
        originals = [] if "undecided" not in ends or any(band.winding) else bands
        for other in originals:
            if not any(end.startswith("polycycle") for end in (other.within, other.beyond)):
                continue
            shift = _carries(other, band, shifts)
            if shift is not None and not other.shift:
                both = [
                    theirs if theirs.startswith("polycycle") else own
                    for own, theirs in zip(ends, (other.within, other.beyond), strict=True)
                ]
                moved = (float(shift[0]), float(shift[1]))
                band = replace(band, within=both[0], beyond=both[1], shift=moved)
                break
        found.append(band)
    return tuple(found)


def _shifts(structure: Structure | None) -> list[Array]:
    facts = structure.of(Kind.PERIODIC) if structure else ()
    return [np.array(fact.map[4:]) for fact in facts if fact.map is not None]


def _carries(one: Band, other: Band, shifts: Sequence[Array]) -> Array | None:
    """Give the whole periods that carry a band to another."""
    away = np.stack([other.inner - one.inner, other.outer - one.outer])
    size = float(np.abs(one.outer - one.inner).max())
    whole = np.zeros(2)
    for shift in shifts:
        whole += np.round(away[1] @ shift / (shift @ shift)) * shift
    near = np.abs(away - whole).max() <= SAME * size
    return whole if whole.any() and near else None


def end_rotation(
    band: Band,
    net: Net,
    equilibria: Sequence[Equilibrium],
    around: Surroundings,
    shifts: Sequence[Array],
) -> Band:
    """Let a band of orbits that wind end at a separatrix that runs from a saddle to its copy.

    Parameters
    ----------
    band : Band
        The band; one whose orbits do not wind is given back.
    net : Net
        The separatrices.
    equilibria : sequence of Equilibrium
        Those of the portrait.
    around : Surroundings
        The box in which these and its others are proved to be all.
    shifts : sequence of ndarray, shape (2,)
        The periods of the field.

    Returns
    -------
    Band
        With ``separatrix k`` as `within` or `beyond` where no equilibrium lies between: then all
        orbits between close, by the reason that `find_rotations` gives.
    """
    if not any(band.winding) or band.curves is None:
        return band
    axis = int(np.flatnonzero(band.winding)[0])
    length = min((float(abs(shift[axis])) for shift in shifts if shift[axis]), default=np.inf)
    if not around.hi[axis] - around.lo[axis] >= length:
        return band
    rest = np.concatenate([np.array([e.point for e in equilibria]).reshape(-1, 2), around.others])
    for k, border, saddles in _loops(net, equilibria, axis, length * band.winding[axis]):
        away = (rest[:, None] - saddles) / length
        away[:, :, axis] -= np.rint(away[:, :, axis])
        others = rest[np.abs(away).max(axis=2).min(axis=1) > SAME]
        reaches = [_borders(border, curve, axis, length, others, around) for curve in band.curves]
        if reaches[0] and band.within == "undecided":
            band = replace(band, within=f"separatrix {k}")
        elif reaches[1] and band.beyond == "undecided":
            band = replace(band, beyond=f"separatrix {k}")
    return band


def _borders(
    border: Array, curve: Array, axis: int, length: float, others: Array, around: Surroundings
) -> bool:
    """Tell whether no equilibrium lies between a separatrix and an orbit, both of which wind."""
    heights = np.concatenate([curve, border])[:, 1 - axis]
    if heights.min() < around.lo[1 - axis] or heights.max() > around.hi[1 - axis]:
        return False
    sides = [below(one, axis, length, others) for one in (border, curve[:POINTS])]
    return bool((sides[0] == sides[1]).all())


def _loops(
    net: Net, equilibria: Sequence[Equilibrium], axis: int, turn: float
) -> Iterator[tuple[int, Array, Array]]:
    """Give chains of separatrices from saddles to their next copies: the first, curve, saddles."""
    edges = [
        edge
        for k in range(len(net.separatrices))
        if (edge := _edge(net, k, equilibria)) is not None
    ]
    goal = turn * np.eye(2)[axis]
    chains = [[edge] for edge in edges]
    for _ in range(MOST_SADDLES):
        longer = []
        for chain in chains:
            pieces, at = [chain[0].curve], chain[0].curve[-1]
            for edge in chain[1:]:
                pieces.append(edge.curve + (at - edge.curve[0]))
                at = pieces[-1][-1]
            away = at - chain[0].curve[0]
            if np.abs(away - goal).max() <= SAME * abs(turn):
                saddles = np.array([piece[0] for piece in pieces])
                yield chain[0].number, np.concatenate(pieces), saddles
            elif 0 < away[axis] * np.sign(turn) < abs(turn):
                longer += [[*chain, edge] for edge in edges if edge.source == chain[-1].target]
        chains = longer[:MOST_CHAINS]


@dataclass(frozen=True, slots=True, eq=False)
class _Edge:
    """An unstable separatrix that runs to a saddle or to a copy of one, and its whole curve."""

    number: int
    source: int
    target: int
    curve: Array


def _edge(net: Net, k: int, equilibria: Sequence[Equilibrium]) -> _Edge | None:
    item = net.separatrices[k]
    if item.branch != "unstable" or item.evidence not in ("proved", "verified"):
        return None
    if not item.limit.startswith("equilibrium "):
        return None
    number = int(item.limit.split()[1])
    start = equilibria[item.equilibrium].point
    target = equilibria[number].point + np.array(item.shift or (0.0, 0.0))
    points = net.trajectories[k].points
    last = int(np.argmin(np.hypot(*(points - target).T)))
    curve = np.concatenate([start[None], points[: last + 1], target[None]])
    return _Edge(k, item.equilibrium, number, curve)
