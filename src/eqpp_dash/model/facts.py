"""The facts of a portrait as JSON: the one format of command, link, archive and Python."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.model.portrait import Equilibrium, OrbitEnd, Portrait

FACTS_VERSION = 1


def portrait_facts(
    portrait: Portrait,
    *,
    id: str | None = None,
    status: str = "finished",
    queue_s: float | None = None,
) -> dict[str, Any]:
    """Give the facts of a portrait.

    Parameters
    ----------
    portrait : Portrait
        The portrait.
    id : str, optional
        Its portrait id.
    status : str
        Status of its row.
    queue_s : float, optional
        Seconds that its row waited in the queue.

    Returns
    -------
    dict
        Plain values only; numbers that are not finite are null.
    """
    system = portrait.system
    timing = dict(portrait.timing)
    if queue_s is not None:
        timing["queue_s"] = queue_s
    return {
        "version": FACTS_VERSION,
        "id": id,
        "status": status,
        "partial": portrait.partial,
        "engine": portrait.engine,
        "integrator": portrait.integrator,
        "system": {
            "variables": list(system.variables),
            "parameters": dict(system.parameters),
            "autonomous": system.autonomous,
            "equations": list(system.equations),
            "jacobian": [list(row) for row in system.jacobian],
            "periodic": {},
            "structure": [_structure(item) for item in system.structure],
        },
        "window": {name: list(limits) for name, limits in portrait.window.items()},
        "equilibria": [_equilibrium(item) for item in portrait.equilibria],
        "equilibrium_sets": [
            {"implicit": s.implicit, "points": plain(s.points), "stability": s.stability}
            for s in portrait.equilibrium_sets
        ],
        "singularities": [
            {"point": plain(s.point), "index": s.index, "reason": s.reason}
            for s in portrait.singularities
        ],
        "nullclines": [
            {"variable": n.variable, "factor": n.factor, "branches": len(n.branches)}
            for n in portrait.nullclines
        ],
        "switching": [
            {"surface": s.surface, "kind": s.kind, "ends": list(s.ends), "points": plain(s.points)}
            for s in portrait.switching
        ],
        "completeness": dict(portrait.completeness),
        "trajectories": [
            {
                "start": plain(t.start),
                "origin": t.origin,
                "forward": _end(t.forward),
                "backward": _end(t.backward),
            }
            for t in portrait.trajectories
        ],
        "warnings": [{"code": n.code, "message": n.message} for n in portrait.notices],
        "timing": timing,
    }


def plain(values: NDArray[Any]) -> Any:
    """Turn an array into nested lists; complex numbers become pairs, NaN and inf null."""
    if np.iscomplexobj(values):
        return plain(np.stack([values.real, values.imag], axis=-1))
    return _finite(values.tolist())


def _finite(value: Any) -> Any:
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value if math.isfinite(value) else None


def _structure(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: list(v) if isinstance(v, tuple) else v for name, v in item.items()}


def _equilibrium(item: Equilibrium) -> dict[str, Any]:
    return {
        "point": plain(item.point),
        "location": item.location,
        "jacobian": plain(item.jacobian),
        "eigenvalues": plain(item.eigenvalues),
        "eigenvectors": plain(item.eigenvectors.T),
        "dimensions": item.dimensions,
        "kind": item.kind,
        "stability": item.stability,
        "hyperbolic": item.hyperbolic,
        "sectors": None if item.sectors is None else dict(item.sectors),
        "index": item.index,
        "evidence": item.evidence,
        "method": item.method,
        "error": item.error if math.isfinite(item.error) else None,
        "reason": item.reason,
    }


def _end(end: OrbitEnd) -> dict[str, Any]:
    time = end.time if end.time is not None and math.isfinite(end.time) else None
    return {"end": end.end, "time": time, "reason": end.reason}
