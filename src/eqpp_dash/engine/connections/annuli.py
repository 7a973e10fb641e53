"""What annuli of closed orbits end at outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from eqpp_dash.engine.connections.find import Net
from eqpp_dash.engine.cycles.shape import encloses
from eqpp_dash.engine.dop853 import Array
from eqpp_dash.engine.structure.facts import Structure
from eqpp_dash.model.cycles import Annulus
from eqpp_dash.model.manifolds import Connection
from eqpp_dash.model.portrait import Equilibrium, Singularity


def end_annuli(
    bands: Sequence[Annulus],
    net: Net,
    equilibria: Sequence[Equilibrium],
    singularities: Sequence[Singularity],
    structure: Structure | None,
    limits: tuple[Array, Array],
) -> tuple[Annulus, ...]:
    """Tell which annuli end at a polycycle outside.

    Parameters
    ----------
    bands : sequence of Annulus
        The annuli.
    net : Net
        Separatrices and polycycles.
    equilibria, singularities : sequence
        All that are known; those within the limits are proved to be all, and no equilibria but
        these lie there.
    structure : Structure or None
        What is proved about the field.
    limits : (ndarray, ndarray), shape (2,) each
        Lower and upper corner of what was searched.

    Returns
    -------
    tuple of Annulus
        The same, `beyond` set to ``polycycle k`` where it can be told.

    Notes
    -----
    Let a polycycle enclose the annulus and no equilibria but those that the annulus goes round. An
    orbit between the two tends, both ways, to closed orbits or to the polycycle (Poincaré and
    Bendixson), or is closed. With a first integral that is constant on no open set it cannot tend
    to one of them, for then the integral would be constant beside it. So all are closed.
    """
    integral = structure.integral if structure else None
    if integral is None or not integral.single_valued:
        return tuple(bands)
    loops = []
    for number, item in enumerate(net.polycycles):
        if item.status in ("proved", "verified"):
            pieces = [_curve(net, net.connections[k], equilibria) for k in item.connections]
            ring = np.concatenate([*pieces, pieces[0][:1]])
            inside = {
                k
                for k, point in enumerate(equilibria)
                if k not in item.equilibria and encloses(ring, point.point)
            }
            known = ((ring >= limits[0]) & (ring <= limits[1])).all()
            if known and not any(encloses(ring, hole.point) for hole in singularities):
                loops.append((number, ring, inside))
    found = []
    for band in bands:
        for number, ring, inside in loops:
            if inside == set(band.equilibria) and encloses(ring, band.inner):
                band = replace(band, beyond=f"polycycle {number}")
                break
        found.append(band)
    return tuple(found)


def _curve(net: Net, item: Connection, equilibria: Sequence[Equilibrium]) -> Array:
    """Give a connection from its source to its target, shape (m, 2)."""
    points = net.trajectories[item.separatrices[0]].points
    away = np.hypot(*(points - equilibria[item.target].point).T)
    first = int(np.argmax(away)) if item.source == item.target else 0
    last = first + int(np.argmin(away[first:]))
    source, target = equilibria[item.source].point, equilibria[item.target].point
    return np.concatenate([source[None], points[: last + 1], target[None]])
