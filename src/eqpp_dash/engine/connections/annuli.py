"""What annuli of closed orbits end at: polycycles, outside or inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from eqpp_dash.engine.connections.chains import circuit
from eqpp_dash.engine.connections.find import Net
from eqpp_dash.engine.cycles.shape import encloses
from eqpp_dash.engine.cycles.surroundings import Surroundings
from eqpp_dash.engine.cycles.values import Band, CycleSearch
from eqpp_dash.engine.dop853 import Array
from eqpp_dash.engine.searched import EquilibriumSearch
from eqpp_dash.engine.structure.facts import Structure
from eqpp_dash.model.manifolds import Connection, Polycycle
from eqpp_dash.model.portrait import Equilibrium


@dataclass(frozen=True, slots=True, eq=False)
class _Loop:
    """A polycycle that is sure: its number, its curve, and the equilibria within it."""

    number: int
    polycycle: Polycycle
    ring: Array
    inside: frozenset[int]

    @property
    def saddles(self) -> frozenset[int]:
        return frozenset(self.polycycle.equilibria)


def surroundings(
    search: EquilibriumSearch | None, closed: CycleSearch, lo: Array, hi: Array
) -> Surroundings | None:
    """Give the box about the window in which all equilibria are known, and isolated.

    Parameters
    ----------
    search : EquilibriumSearch or None
        The equilibria in the window.
    closed : CycleSearch
        Closed orbits, and what is known of the places that they go to.
    lo, hi : ndarray, shape (2,)
        Corners of the window.

    Returns
    -------
    Surroundings or None
        The greater box, else the window; None if that is not proved of either.
    """
    wide = closed.around
    if wide is not None and wide.complete and not wide.sets:
        return wide
    if search is None or search.completeness != "proved" or search.sets:
        return None
    return Surroundings(lo, hi, singularities=search.singularities, complete=True)


def end_annuli(
    bands: Sequence[Band],
    net: Net,
    equilibria: Sequence[Equilibrium],
    around: Surroundings,
    structure: Structure | None,
) -> tuple[tuple[Band, ...], Net]:
    """Tell which annuli end at a polycycle, outside or inside.

    Parameters
    ----------
    bands : sequence of Band
        The annuli.
    net : Net
        Separatrices and polycycles.
    equilibria : sequence of Equilibrium
        Those of the portrait.
    around : Surroundings
        The box in which these and its others are proved to be all.
    structure : Structure or None
        What is proved about the field.

    Returns
    -------
    bands : tuple of Band
        The same, `within` and `beyond` set to ``polycycle k`` where it can be told.
    net : Net
        With the polycycles that pass a saddle more than once, such as a figure eight, at which
        annuli begin.

    Notes
    -----
    Let a polycycle enclose the annulus and no equilibria but those that the annulus goes round. An
    orbit between the two tends, both ways, to closed orbits or to the polycycle (Poincaré and
    Bendixson), or is closed. With a first integral that is constant on no open set it cannot tend
    to one of them, for then the integral would be constant beside it. So all are closed.

    Let an annulus go round loops that hang together at saddles, and round no equilibria but those
    within the loops and on them: the same holds of the orbits between the loops and the annulus.
    """
    integral = structure.integral if structure else None
    if integral is None or not integral.single_valued:
        return tuple(bands), net
    loops = _loops(net, equilibria, around)
    found, chains = [], list(net.polycycles)
    for band in bands:
        mine = frozenset(band.equilibria)
        if band.beyond == "undecided":
            for loop in loops:
                if loop.inside == mine and encloses(loop.ring, band.inner):
                    band = replace(band, beyond=f"polycycle {loop.number}")
                    break
        if band.within == "undecided":
            inner = _eight(loops, mine, net.connections)
            if inner is not None:
                numbers = [k for k, item in enumerate(chains) if _same(item, inner)]
                if not numbers:
                    chains.append(inner)
                number = numbers[0] if numbers else len(chains) - 1
                band = replace(band, within=f"polycycle {number}")
        found.append(band)
    return tuple(found), replace(net, polycycles=tuple(chains))


def _loops(net: Net, equilibria: Sequence[Equilibrium], around: Surroundings) -> list[_Loop]:
    """Give the polycycles that are sure, and within which all is known."""
    loops = []
    for number, item in enumerate(net.polycycles):
        if item.status not in ("proved", "verified"):
            continue
        pieces = [_curve(net, net.connections[k], equilibria) for k in item.connections]
        ring = np.concatenate([*pieces, pieces[0][:1]])
        if not ((ring >= around.lo) & (ring <= around.hi)).all():
            continue
        holes = (*(hole.point for hole in around.singularities), *around.others)
        if any(encloses(ring, point) for point in holes):
            continue
        inside = frozenset(
            k
            for k, point in enumerate(equilibria)
            if k not in item.equilibria and encloses(ring, point.point)
        )
        loops.append(_Loop(number, item, ring, inside))
    return loops


def _eight(
    loops: Sequence[_Loop], around: frozenset[int], connections: Sequence[Connection]
) -> Polycycle | None:
    """Join the outermost loops within an annulus that hang together and leave nothing out.

    A single loop is one too: it is passed on its outer side.
    """
    own = [loop for loop in loops if loop.inside | loop.saddles <= around]
    outer = [
        loop
        for loop in own
        if not any(loop.inside | loop.saddles < more.inside | more.saddles for more in own)
    ]
    if not outer:
        return None
    joined, saddles = [outer[0]], set(outer[0].saddles)
    left = outer[1:]
    while more := [loop for loop in left if loop.saddles & saddles]:
        joined += more
        saddles |= set().union(*(loop.saddles for loop in more))
        left = [loop for loop in left if loop not in more]
    if left or saddles.union(*(loop.inside for loop in joined)) != around:
        return None
    numbers = [k for loop in joined for k in loop.polycycle.connections]
    if len(set(numbers)) < len(numbers):
        return None  # two loops lie on both sides of a connection
    proved = all(loop.polycycle.status == "proved" for loop in joined)
    return circuit(numbers, connections, "proved" if proved else "verified")


def _same(one: Polycycle, other: Polycycle) -> bool:
    return set(one.connections) == set(other.connections)


def _curve(net: Net, item: Connection, equilibria: Sequence[Equilibrium]) -> Array:
    """Give a connection from its source to its target, shape (m, 2)."""
    points = net.trajectories[item.separatrices[0]].points
    away = np.hypot(*(points - equilibria[item.target].point).T)
    first = int(np.argmax(away)) if item.source == item.target else 0
    last = first + int(np.argmin(away[first:]))
    source, target = equilibria[item.source].point, equilibria[item.target].point
    return np.concatenate([source[None], points[: last + 1], target[None]])
