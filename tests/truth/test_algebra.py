"""The equilibria of the polynomial planar systems of systems.json, by exact algebra alone."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eqpp_dash.engine.algebra.solve import CommonFactorError, solve_pair
from eqpp_dash.engine.expression.polynomial import Work
from eqpp_dash.engine.system import parse_system

SYSTEMS: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("systems.json").read_text(encoding="utf-8")
)


def polynomials(system: dict[str, Any], fact: dict[str, Any]) -> list[Any]:
    parameters = {k: str(v) for k, v in {**system["parameters"], **fact.get("at", {})}.items()}
    read = parse_system("\n".join(system["equations"]), declared=parameters)
    return list(read.compile(parameters).polynomials())


CASES = [
    pytest.param(system, fact, id=fact["fact_id"])
    for system in SYSTEMS
    if system["dimension"] == 2 and not system.get("forced")
    for fact in system["facts"]
    if fact["kind"] == "equilibria"
    and fact["complete"]
    and all(p is not None for p in polynomials(system, fact))
]


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 25


@pytest.mark.parametrize(("system", "fact"), CASES)
def test_all_equilibria_and_no_others(system: dict[str, Any], fact: dict[str, Any]) -> None:
    f, g = polynomials(system, fact)
    try:
        found = solve_pair(f, g, Work(10**6))
    except CommonFactorError:
        pytest.fail("a system with isolated equilibria has no common factor")
    limits = np.array(list(system["window"].values()), float)
    inside = [
        point.point
        for point in found.points
        if ((limits[:, 0] <= point.point) & (point.point <= limits[:, 1])).all()
    ]
    expected = sorted(tuple(point["x"]) for point in fact["points"])
    assert len(inside) == len(expected)
    inside.sort(key=lambda point: tuple(round(c, 9) + 0.0 for c in point))
    np.testing.assert_allclose(inside, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("system", "fact"), CASES)
def test_simple_where_the_determinant_is_not_zero(
    system: dict[str, Any], fact: dict[str, Any]
) -> None:
    f, g = polynomials(system, fact)
    for point in solve_pair(f, g, Work(10**6)).points:
        (a, b), (c, d) = point.box(Fraction(1, 10**20))
        assert a <= b
        assert c <= d
        near = [
            known
            for known in fact["points"]
            if np.allclose(known["x"], point.point, rtol=1e-9, atol=1e-9)
        ]
        for known in near:
            values = [complex(*pair) for pair in known["eigenvalues"]]
            regular = abs(np.prod(values)) > 1e-6
            assert (point.multiplicity == 1) == regular
