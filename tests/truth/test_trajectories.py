"""Trajectories, periods, blow-up times and conserved quantities of known systems."""

import json
from pathlib import Path

import numpy as np
import pytest

from eqpp_dash.engine import compute_portrait, parse_system, trace_trajectories
from eqpp_dash.engine.orbits import Problem
from eqpp_dash.engine.trajectories import Orbits, integrate_both
from eqpp_dash.model.spec import PortraitSpec

HERE = Path(__file__).parent
SYSTEMS = json.loads((HERE / "systems.json").read_text(encoding="utf-8"))
TIGHT = {"rtol": 1e-12, "atol": 1e-13}


def facts(kind):
    return [
        pytest.param(system, fact, id=fact["fact_id"])
        for system in SYSTEMS
        if system["dimension"] == 2 and not system["forced"]
        for fact in system["facts"]
        if fact["kind"] == kind
    ]


def specification(system, fact, **entries):
    return PortraitSpec.from_json(
        {
            "equations": "\n".join(system["equations"]),
            "parameters": {**system["parameters"], **fact.get("at", {})},
            "window": system["window"],
            "options": TIGHT,
            **entries,
        }
    )


@pytest.mark.parametrize(("system", "fact"), facts("trajectory"))
def test_trajectory(system, fact):
    """The state at the stated time, by the integrator itself: no end is looked for."""
    spec = specification(system, fact)
    field = parse_system(spec.equations).compile(spec.parameters)
    limits = np.array([system["window"][name] for name in field.variables], dtype=float)
    problem = Problem(
        field,
        limits.mean(axis=1),
        np.ptp(limits, axis=1),
        float(fact["t"]),
        box=1e6,
        **TIGHT,
    )
    orbits = Orbits.through(np.array([fact["x0"]], dtype=float), "given", 60_000)
    flow = integrate_both(problem, orbits, (), look_for_closed=False).flow
    assert flow.ends.end[0] == "time"
    state = flow.ends.state[:, 0]
    if "radius" in fact:
        assert np.linalg.norm(state) == pytest.approx(fact["radius"], abs=fact["tol"])
    else:
        tolerance = fact["tol"] * np.maximum(1.0, np.abs(fact["x"]))
        assert (np.abs(state - fact["x"]) <= tolerance).all(), state


@pytest.mark.parametrize(("system", "fact"), facts("period"))
def test_period(system, fact):
    spec = specification(system, fact, options={})
    for start in fact["x0s"]:
        (item,) = trace_trajectories(spec, [start])
        assert item.forward.end == "closed orbit"
        assert item.forward.time == pytest.approx(fact["period"], abs=fact["tol"])


@pytest.mark.parametrize(("system", "fact"), facts("blow_up"))
def test_blow_up(system, fact):
    spec = specification(system, fact, options={})
    (item,) = trace_trajectories(spec, [fact["x0"]])
    assert item.forward.end == "infinity"
    assert item.forward.time == pytest.approx(fact["time"], abs=fact["tol"])


@pytest.mark.parametrize(("system", "fact"), facts("conserved"))
def test_conserved(system, fact):
    """Every drawn orbit of the portrait stays on its level."""
    spec = specification(system, fact, options={})
    portrait = compute_portrait(spec)
    names = list(portrait.window)
    lines = "; ".join(
        f"{name}' = {text}" for name, text in zip(names, fact["expressions"] * 2, strict=False)
    )
    quantity = parse_system(lines).compile()
    checked = 0
    for item in portrait.trajectories:
        if len(item.points) < 5:
            continue
        values = quantity(0.0, item.points.T)[0]
        if not np.isfinite(values).any():  # on and beyond an axis a logarithm has no value
            continue
        if "atan2" in fact["expressions"][0]:
            values = np.unwrap(values)
        size = max(1.0, float(np.abs(values).max()))
        assert np.ptp(values) < 1e-4 * size, (item.start, item.forward, item.backward)
        checked += 1
    assert checked > 3


def test_the_facts_are_there():
    counts = [len(facts(kind)) for kind in ("trajectory", "period", "blow_up", "conserved")]
    assert counts == [5, 3, 1, 7]
