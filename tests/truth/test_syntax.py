"""Every checked input of syntax.json: read with the stated value, or refused with a clear error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from eqpp_dash.engine.system import System, parse_system
from eqpp_dash.errors import EquationError

CASES: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("syntax.json").read_text(encoding="utf-8")
)


def attempt(case: dict[str, Any]) -> System | EquationError:
    """Read the input; give the error if it is refused."""
    try:
        return parse_system(case["input"], declared=case["parameters"])
    except EquationError as error:
        return error


def evaluate(
    system: System, case: dict[str, Any], parameters: Mapping[str, float | str]
) -> dict[str, float]:
    """Evaluate at the case's point; a first derivative's name stands for the second variable."""
    point = dict(case["point"])
    t = point.pop("t", 0.0)
    if any(name.endswith("'") for name in case["expected"]):
        point[system.variables[1]] = point["y"]
    found = system.derivative(point, t, parameters)
    return {
        name: found[system.variables[1] if name.endswith("'") else name]
        for name in case["expected"]
    }


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_input_has_the_stated_value_or_a_clear_error(case: dict[str, Any]) -> None:
    system = attempt(case)
    if isinstance(system, EquationError):
        assert case["must"] != "accept", system
        assert system.message
        assert system.token
        assert case["input"][system.offset :].startswith(system.token.rstrip("…"))
        return
    assert case["must"] != "clear_error"
    assert set(case["parameters"]) <= set(system.parameters)
    found = evaluate(system, case, case["parameters"])
    for name, value in case["expected"].items():
        assert found[name] == pytest.approx(value, rel=case["tol"], abs=case["tol"]), name
    if case.get("ambiguous"):
        assert system.notes, "an ambiguous input must say how it was read"
    again = parse_system(
        "\n".join(f"{v}' = {e}" for v, e in zip(system.variables, system.equations, strict=True)),
        declared=system.parameters,
    )
    assert again.equations == system.equations
    assert evaluate(again, case, {**system.defaults, **case["parameters"]}) == pytest.approx(
        found, rel=1e-12, nan_ok=True
    )


def test_nearly_all_is_read() -> None:
    optional = [case for case in CASES if case["must"] == "accept_or_clear_error"]
    refused = [case["id"] for case in optional if isinstance(attempt(case), EquationError)]
    assert refused == []
