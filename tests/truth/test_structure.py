"""What is proved about the structure of every planar system of systems.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.structure.facts import Kind, Structure
from eqpp_dash.engine.structure.find import find_structure
from eqpp_dash.engine.system import parse_system

SYSTEMS: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("systems.json").read_text(encoding="utf-8")
)
PLANAR = [s for s in SYSTEMS if s["dimension"] == 2 and not s.get("forced")]
CONSERVED = [
    pytest.param(system, fact, id=fact["fact_id"])
    for system in PLANAR
    for fact in system["facts"]
    if fact["kind"] == "conserved"
]
INTEGRALS = (Kind.HAMILTONIAN, Kind.TIME_CHANGED, Kind.CONSERVED)
WITH_CYCLES = [
    pytest.param(system, id=system["id"])
    for system in PLANAR
    if any(fact["kind"] == "limit_cycles" and fact.get("count") for fact in system["facts"])
]


def found(system: dict[str, Any]) -> tuple[CompiledField, Structure]:
    # as text, so that 0.1 is a tenth
    parameters = {name: str(value) for name, value in system["parameters"].items()}
    read = parse_system("\n".join(system["equations"]), declared=parameters)
    field = read.compile(parameters)
    return field, find_structure(field)


def points(system: dict[str, Any], count: int = 50) -> np.ndarray:
    lo, hi = np.array(list(system["window"].values()), float).T[:, :, None]
    return lo + (hi - lo) * np.random.default_rng(7).random((2, count))


def test_there_are_enough_facts() -> None:
    assert len(CONSERVED) == 7
    assert len(WITH_CYCLES) >= 12


@pytest.mark.parametrize(("system", "fact"), CONSERVED)
def test_what_is_conserved_is_found(system: dict[str, Any], fact: dict[str, Any]) -> None:
    """Its level sets are those of the fact: the gradients are parallel."""
    _, structure = found(system)
    integral = structure.integral
    assert integral is not None
    assert integral.function is not None
    variables = list(system["window"])
    wanted = parse_system(
        f"{variables[0]}' = {fact['expressions'][0]}\n{variables[1]}' = {variables[0]}"
    ).compile()
    x = points(system)
    with np.errstate(all="ignore"):
        a, b = wanted.jacobian(0.0, x)[0], integral.function.gradient(0.0, x)
        cross = a[0] * b[1] - a[1] * b[0]
        size = np.hypot(*a) * np.hypot(*b)
    good = np.isfinite(cross) & (size > 0)
    assert good.sum() >= 10
    assert (np.abs(cross[good]) <= 1e-10 * size[good]).all()


@pytest.mark.parametrize("system", [pytest.param(s, id=s["id"]) for s in PLANAR])
def test_every_integral_is_one(system: dict[str, Any]) -> None:
    field, structure = found(system)
    x = points(system)
    with np.errstate(all="ignore"):
        value = field(0.0, x)
        for fact in structure.of(*INTEGRALS):
            assert fact.function is not None
            terms = fact.function.gradient(0.0, x) * value
            rate, size = terms.sum(axis=0), np.abs(terms).sum(axis=0)
            good = np.isfinite(rate)
            assert (np.abs(rate[good]) <= 1e-9 * (size[good] + 1e-9)).all()


@pytest.mark.parametrize("system", [pytest.param(s, id=s["id"]) for s in PLANAR])
def test_every_curve_is_invariant(system: dict[str, Any]) -> None:
    field, structure = found(system)
    x = points(system)
    with np.errstate(all="ignore"):
        value = field(0.0, x)
        for fact in structure.curves:
            assert fact.function is not None
            assert fact.cofactor_function is not None
            terms = fact.function.gradient(0.0, x) * value
            image = fact.function(0.0, x) * fact.cofactor_function(0.0, x)
            size = np.abs(terms).sum(axis=0) + np.abs(image) + 1e-9
            good = np.isfinite(size)
            assert good.sum() >= 10
            assert (np.abs(terms.sum(axis=0) - image)[good] <= 1e-9 * size[good]).all()


@pytest.mark.parametrize("system", WITH_CYCLES)
def test_nothing_forbids_a_cycle_that_is_there(system: dict[str, Any]) -> None:
    _, structure = found(system)
    assert not structure.of(Kind.GRADIENT, Kind.HAMILTONIAN)
    for fact in structure.of(Kind.DULAC):
        assert fact.region or not fact.simply_connected


def test_the_systems_made_to_show_it() -> None:
    by_id = {system["id"]: system for system in PLANAR}
    for name in ("p-himmelblau", "p-six-hump-camel"):
        assert found(by_id[name])[1].of(Kind.GRADIENT)
    (fact,) = found(by_id["p-dulac"])[1].of(Kind.DULAC)
    assert (fact.region, fact.simply_connected) == ("", True)
    circles = {fact.expression for fact in found(by_id["c-three-circles"])[1].curves}
    assert circles == {f"x^2 + y^2 - {k}" for k in (1, 4, 9)}
    (line,) = found(by_id["p-toggle"])[1].curves
    assert line.expression == "x - y"
