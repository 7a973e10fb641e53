"""The facts of a portrait as JSON: the one format of command, link, archive and Python."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.model.basins import Basin
from eqpp_dash.model.cycles import Annulus, LimitCycle
from eqpp_dash.model.manifolds import Audit, Connection, Separatrix
from eqpp_dash.model.narrative import with_narrative
from eqpp_dash.model.portrait import Equilibrium, OrbitEnd, Portrait, SystemFacts

FACTS_VERSION = 1


def portrait_facts(
    portrait: Portrait,
    *,
    id: str | None = None,
    status: str = "finished",
    queue_s: float | None = None,
    narrative: bool = True,
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
    narrative : bool
        Whether to tell them in words too; the archive, for one, keeps the bare facts.

    Returns
    -------
    dict
        Plain values only; numbers that are not finite are null. The ``narrative`` is made of
        the other entries.
    """
    system = portrait.system
    timing = dict(portrait.timing)
    if queue_s is not None:
        timing["queue_s"] = queue_s
    facts = {
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
            "periodic": _periods(system),
            "structure": [_structure(item) for item in system.structure],
        },
        "window": {name: list(limits) for name, limits in portrait.window.items()},
        "equilibria": [_equilibrium(item) for item in portrait.equilibria],
        "equilibrium_sets": [
            {
                "implicit": s.implicit,
                "part": s.part or None,
                "points": plain(s.points),
                "stability": s.stability,
            }
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
        "limit_cycles": [_cycle(item, system.variables) for item in portrait.limit_cycles],
        "annuli": [_annulus(item) for item in portrait.annuli],
        "separatrices": [_separatrix(item) for item in portrait.separatrices],
        "connections": [_connection(item) for item in portrait.connections],
        "polycycles": [
            {
                "equilibria": list(item.equilibria),
                "connections": list(item.connections),
                "status": item.status,
            }
            for item in portrait.polycycles
        ],
        "audit": None if portrait.audit is None else _audit(portrait.audit),
        "basins": [_basin(item) for item in portrait.basins.basins] if portrait.basins else [],
        "completeness": _completeness(portrait),
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
    return with_narrative(facts) if narrative else facts


def plain(values: NDArray[Any]) -> Any:
    """Turn an array into nested lists; complex numbers become pairs, NaN and inf null."""
    if np.iscomplexobj(values):
        return plain(np.stack([values.real, values.imag], axis=-1))
    return _finite(values.tolist())


def _finite(value: Any) -> Any:
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value if math.isfinite(value) else None


def _periods(system: SystemFacts) -> dict[str, float]:
    """Give the period of each variable in which the field is proved to be periodic."""
    shifts = [item["shift"] for item in system.structure if "shift" in item]
    return {
        name: abs(float(shift[axis]))
        for axis, name in enumerate(system.variables)
        for shift in shifts
        if shift[axis]
    }


def _structure(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: list(v) if isinstance(v, tuple) else v for name, v in item.items()}


def _equilibrium(item: Equilibrium) -> dict[str, Any]:
    return {
        "point": plain(item.point),
        "exact": list(item.exact) or None,
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


def _cycle(item: LimitCycle, variables: Sequence[str]) -> dict[str, Any]:
    return {
        "point": plain(item.point),
        "period": _finite(item.period),
        "stability": item.stability,
        "multipliers": [[1.0, 0.0], [_finite(item.multiplier), 0.0]],
        "log_multiplier": _finite(item.log_multiplier),
        "bounds": dict(zip(variables, plain(item.bounds), strict=True)),
        "location": item.location,
        "encloses": {"equilibria": list(item.equilibria), "cycles": list(item.cycles)},
        "winding": list(item.winding),
        "evidence": item.evidence,
        "method": item.method,
        "error": _finite(item.error),
        "period_error": _finite(item.period_error),
        "log_multiplier_error": _finite(item.multiplier_error),
    }


def _annulus(item: Annulus) -> dict[str, Any]:
    return {
        "around": list(item.equilibria),
        "inner": item.within,
        "outer": item.beyond,
        **({"shift": list(item.shift)} if item.shift else {}),
        **({"ground": item.ground} if item.ground else {}),
        "winding": list(item.winding),
        "innermost": {"point": plain(item.inner), "period": _finite(item.periods[0])},
        "outermost": {"point": plain(item.outer), "period": _finite(item.periods[1])},
        "evidence": item.evidence,
        "error": _finite(item.error),
    }


def _separatrix(item: Separatrix) -> dict[str, Any]:
    return {
        "of": f"equilibrium {item.equilibrium}",
        "branch": item.branch,
        "direction": plain(item.direction),
        "limit": item.limit,
        **({"shift": list(item.shift)} if item.shift else {}),
        "time": item.time if item.time is not None and math.isfinite(item.time) else None,
        "evidence": item.evidence,
        "reason": item.reason,
        "start": {
            "order": item.order,
            "radius": _finite(item.radius),
            "residual": _finite(item.residual),
        },
        "level_error": None if item.level_error is None else _finite(item.level_error),
    }


def _connection(item: Connection) -> dict[str, Any]:
    section = None if item.section is None else plain(item.section)
    return {
        "type": item.type,
        "from": item.source,
        "to": item.target,
        "separatrices": list(item.separatrices),
        "codimension": item.codimension,
        "within": item.within,
        "status": item.status,
        "how": item.how,
        "gap": None if item.gap is None else _finite(item.gap),
        "section": None if section is None else {"point": section[0], "direction": section[1]},
    }


def _audit(item: Audit) -> dict[str, Any]:
    return {
        "boundary": item.boundary,
        "sum": item.sum,
        "consistent": item.consistent,
        "border": item.border,
        "curve": None if item.curve is None else plain(item.curve),
        "notes": list(item.notes),
    }


def _basin(item: Basin) -> dict[str, Any]:
    return {
        "of": item.of,
        "point": plain(item.point) if np.isfinite(item.point).all() else None,
        "kind": item.kind or None,
        "fraction": item.fraction,
        "area": item.area,
        "error": item.error,
        "evidence": item.evidence,
    }


def _completeness(portrait: Portrait) -> dict[str, Any]:
    found: dict[str, Any] = {**portrait.completeness, "limit_cycles": _coverage(portrait)}
    if portrait.basins is not None:
        grid = portrait.basins
        found["basins"] = {
            "cells": [grid.side, grid.side],
            "undecided": grid.undecided,
            "orbits": grid.orbits,
        }
    return found


def _coverage(portrait: Portrait) -> dict[str, Any]:
    coverage = portrait.cycle_coverage
    return {
        "status": coverage.status,
        "arcs": coverage.arcs,
        "blind": list(coverage.blind),
        "undecided": [
            {
                "from": plain(item.first),
                "to": plain(item.last),
                "count": item.count,
                "reason": item.reason,
            }
            for item in portrait.cycle_gaps
        ],
    }


def _end(end: OrbitEnd) -> dict[str, Any]:
    time = end.time if end.time is not None and math.isfinite(end.time) else None
    shift = {"shift": list(end.shift)} if end.shift else {}
    return {"end": end.end, **shift, "time": time, "reason": end.reason}
