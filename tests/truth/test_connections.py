"""Homoclinic and heteroclinic orbits of known systems, by their separatrices."""

import json
from pathlib import Path

import numpy as np
import pytest

from eqpp_dash.engine import compute_portrait
from eqpp_dash.model.spec import PortraitSpec

HERE = Path(__file__).parent
SYSTEMS = json.loads((HERE / "systems.json").read_text(encoding="utf-8"))


def facts(kind):
    return [
        pytest.param(system, fact, id=fact["fact_id"])
        for system in SYSTEMS
        for fact in system["facts"]
        if fact["kind"] == kind
    ]


def portrait(system, analyses):
    return compute_portrait(
        PortraitSpec.from_json(
            {
                "equations": "\n".join(system["equations"]),
                "parameters": system["parameters"],
                "window": system["window"],
                "analyses": analyses,
            }
        )
    )


def near(found, point):
    (number,) = [
        k for k, item in enumerate(found.equilibria) if np.allclose(item.point, point, atol=1e-9)
    ]
    return number


def passes(curves, point, tol):
    """Tell how near polylines come to a point; their chords bend away by far more than `tol`."""
    return min(
        np.linalg.norm(np.array(point) - _foot(curve.points, np.array(point)), axis=-1).min()
        for curve in curves
    )


def _foot(points, place):
    first, side = points[:-1], np.diff(points, axis=0)
    length = np.maximum((side**2).sum(axis=1), 1e-300)
    share = np.clip(((place - first) * side).sum(axis=1) / length, 0.0, 1.0)
    return first + share[:, None] * side


@pytest.mark.parametrize(("system", "fact"), facts("homoclinic"))
def test_homoclinic_orbits(system, fact):
    found = portrait(system, ["equilibria", "separatrices"])
    saddle = near(found, fact["saddle"])
    loops = [item for item in found.connections if item.source == item.target == saddle]
    assert len(loops) == len(fact["extreme"])
    assert {item.status for item in loops} == {"proved"}
    curves = [item for item in found.trajectories if item.origin == "separatrix"]
    for point in fact["extreme"] + fact["passes"]:
        assert passes(curves, point, fact["tol"]) < 2e-3


@pytest.mark.parametrize(("system", "fact"), facts("heteroclinic"))
def test_heteroclinic_orbits(system, fact):
    found = portrait(system, ["equilibria", "separatrices"])
    source, target = near(found, fact["from"]), near(found, fact["to"])
    (branch,) = [
        item
        for item in found.separatrices
        if item.equilibrium == source and item.limit == f"equilibrium {target}"
    ]
    assert branch.branch == "unstable"
    curves = [item for item in found.trajectories if item.origin == "separatrix"]
    assert passes(curves, list(fact["crosses"].values()), fact["tol"]) < 1e-3


AUDITED = [
    pytest.param(system, id=system["id"])
    for system in SYSTEMS
    if system["dimension"] == 2
    and not system["forced"]
    and any(fact["kind"] == "equilibria" for fact in system["facts"])
    and system["id"] != "pw-lienard"
]


@pytest.mark.parametrize("system", AUDITED)
def test_indices_add_up(system):
    found = portrait(system, ["equilibria"])
    assert found.audit.consistent is not False, found.audit
