"""Every planar autonomous system of systems.json: its equilibria, all and no others."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.index import winding_number
from eqpp_dash.engine.kinds.decide import with_kinds
from eqpp_dash.engine.nullclines import trace_nullclines
from eqpp_dash.engine.searched import EquilibriumSearch
from eqpp_dash.engine.structure.find import planar_structure
from eqpp_dash.engine.system import parse_system

SYSTEMS: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("systems.json").read_text(encoding="utf-8")
)
PLANAR = [s for s in SYSTEMS if s["dimension"] == 2 and not s.get("forced")]
HYPERBOLIC = re.compile(r"(un)?stable (node|star|degenerate node|focus)|saddle")


def facts(*kinds: str) -> list[Any]:
    return [
        pytest.param(system, fact, id=fact["fact_id"])
        for system in PLANAR
        for fact in system["facts"]
        if fact["kind"] in kinds
    ]


def search(system: dict[str, Any], fact: dict[str, Any]) -> tuple[CompiledField, EquilibriumSearch]:
    parameters = {**system["parameters"], **fact.get("at", {})}
    read = parse_system("\n".join(system["equations"]), declared=parameters)
    field = read.compile(parameters)
    window = {k: tuple(v) for k, v in system["window"].items()}
    found = find_equilibria(field, window)
    return field, with_kinds(found, field, window, lambda: planar_structure(field, window))


def test_there_are_enough_facts() -> None:
    assert len(facts("equilibria")) == 49
    assert len(facts("equilibria_continuum")) == 2
    assert len(facts("not_equilibria")) >= 1


@pytest.mark.parametrize(("system", "fact"), facts("equilibria"))
def test_all_equilibria_and_no_others(system: dict[str, Any], fact: dict[str, Any]) -> None:
    _, found = search(system, fact)
    listed = [e for e in found.equilibria if e.location != "outside"]
    for point in fact["points"]:
        x = np.array(point["x"], float)
        tolerance = fact["tol"] * np.maximum(1, np.abs(x))
        matches = [e for e in listed if (np.abs(e.point - x) <= tolerance).all()]
        assert len(matches) == 1, point
        (equilibrium,) = matches
        listed.remove(equilibrium)
        assert equilibrium.evidence == "proved"
        assert equilibrium.index == point.get("index", equilibrium.index)
        kind = point["design_kind"]
        assert equilibrium.kind == kind
        assert equilibrium.hyperbolic == (HYPERBOLIC.fullmatch(kind) is not None)
        check_eigenvalues(equilibrium.eigenvalues, point["eigenvalues"])
    if fact["complete"]:
        assert listed == []
        assert found.completeness.startswith("proved")


def check_eigenvalues(found: np.ndarray, expected: list[list[float]]) -> None:
    wanted = [complex(*value) for value in expected]
    size = max(1.0, *(abs(value) for value in wanted))
    for value in found:
        closest = min(wanted, key=lambda w: abs(w - value))
        assert abs(closest - value) <= 2e-8 * size
        wanted.remove(closest)


@pytest.mark.parametrize(("system", "fact"), facts("equilibria"))
def test_indices_sum_to_the_winding_number_of_the_border(
    system: dict[str, Any], fact: dict[str, Any]
) -> None:
    field, found = search(system, fact)
    if found.sets or field.switching:
        assert fact["fact_id"].split("#")[0] in ("p-circle-of-equilibria", "pw-lienard")
        return
    lo, hi = np.array(list(system["window"].values()), float).T
    margin = 0.017 * (hi - lo)
    lo, hi = lo - margin, hi + margin
    inside = [e for e in found.equilibria if ((e.point > lo) & (e.point < hi)).all()]
    indices = [e.index for e in inside] + [s.index for s in found.singularities]
    assert None not in indices
    assert winding_number(field, lo, hi) == sum(indices)


@pytest.mark.parametrize(("system", "fact"), facts("equilibria_continuum"))
def test_sets_of_equilibria(system: dict[str, Any], fact: dict[str, Any]) -> None:
    field, found = search(system, fact)
    (only,) = found.sets
    left, right = fact["implicit"].replace(" ", "").split("=")
    assert only.implicit.replace(" ", "") == (left if right == "0" else f"{left}-{right}")
    assert len(only.points) >= 20
    assert np.abs(field(0.0, only.points.T)).max() <= fact["tol"]
    if fact.get("class", "").startswith("attracting"):
        assert only.stability == "stable"
    for equilibrium in found.equilibria:
        gap = np.hypot(*(only.points - equilibrium.point).T).min()
        assert gap > 0.5


@pytest.mark.parametrize(("system", "fact"), facts("not_equilibria"))
def test_poles_are_never_listed(system: dict[str, Any], fact: dict[str, Any]) -> None:
    _, found = search(system, fact)
    for point in fact["points"]:
        assert all(np.abs(e.point - point).max() > 0.1 for e in found.equilibria)
        assert any(np.abs(s.point - point).max() < 1e-9 for s in found.singularities)


@pytest.mark.parametrize(("system", "fact"), facts("nullclines"))
def test_nullclines_are_the_stated_lines(system: dict[str, Any], fact: dict[str, Any]) -> None:
    read = parse_system("\n".join(system["equations"]), declared=system["parameters"])
    window = {k: tuple(v) for k, v in system["window"].items()}
    traced = trace_nullclines(read.compile(system["parameters"]), window)
    for variable in read.variables:
        found = [n for n in traced if n.variable == variable]
        assert len(found) == len(fact[variable])
        for equation in fact[variable]:
            line = parse_system(f"x' = {equation.split('=')[0]}; y' = 0").compile({})
            values = [np.abs(line(0.0, np.concatenate(n.branches).T)[0]).max() for n in found]
            assert sum(value <= 1e-9 for value in values) == 1
