"""Every case of hostile.json about text, parameters and window limits: as stated."""

from __future__ import annotations

import ast
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eqpp_dash.engine.system import System, parse_system
from eqpp_dash.errors import EqppError, EquationError, SpecError
from eqpp_dash.model.spec import PortraitSpec

CASES: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("hostile.json").read_text(encoding="utf-8")
)
TEXT = [case for case in CASES if "window" not in case or "error_must_name" in case]
TEXT = [case for case in TEXT if "action" not in case and "parameters" not in case]
VALUES = [case for case in CASES if "parameters" in case or case["category"] == "window"]
VALUES += [case for case in CASES if "window" in case and case["id"] == "hos-050"]


def attempt(work: Callable[[], System]) -> System | EqppError:
    """Do it; give the error if it is refused."""
    try:
        return work()
    except EqppError as error:
        return error


def generated(case: dict[str, Any]) -> str:
    """Give the input; the big ones are made from a Python expression of the test data."""
    if "input" in case:
        text: str = case["input"]
        return text
    node = ast.parse(case["input_generator_python"], mode="eval")
    made: str = eval(compile(node, "hostile.json", "eval"), {"range": range})  # noqa: S307
    return made


@pytest.mark.parametrize("case", TEXT, ids=[case["id"] for case in TEXT])
def test_text(case: dict[str, Any]) -> None:
    text = generated(case)
    start = time.perf_counter()
    system = attempt(lambda: parse_system(text))
    elapsed = time.perf_counter() - start
    assert elapsed < case["time_limit_s"]
    if isinstance(system, EquationError):
        error = system
        assert error.message
        assert len(error.token) <= 40
        assert len(str(error)) < 400
        assert text.startswith(error.token.rstrip("…"), error.offset)
        assert error.line == text.count("\n", 0, error.offset) + 1
        if case["expect"].startswith("accept") and case["expect"] != "accept_or_clear_error":
            raise error
        wanted = case.get("error_must_name")
        if wanted:
            assert error.offset < wanted["offset"] + len(wanted["token"])
            assert error.offset + max(1, len(error.token)) > wanted["offset"]
            if wanted["offset"] == error.offset:
                assert (error.line, error.column) == (wanted["line"], wanted["column"])
    else:
        assert isinstance(system, System)
        assert case["expect"] != "clear_error"
        system.compile()


@pytest.mark.parametrize("case", VALUES, ids=[case["id"] for case in VALUES])
def test_parameters_and_windows(case: dict[str, Any]) -> None:
    data = {"equations": case["input"]}
    data |= {key: case[key] for key in ("parameters", "window") if key in case}

    def prepare() -> System:
        spec = PortraitSpec.from_json(data)
        system = parse_system(spec.equations, declared=spec.parameters)
        system.compile(spec.parameters)
        system.check_window(spec.window or {})
        return system

    found = attempt(prepare)
    if isinstance(found, System):
        assert case["expect"] != "clear_error"
    else:
        assert isinstance(found, SpecError)
        assert found.field
        assert "clear_error" in case["expect"]


DOMAIN = [case for case in CASES if case["category"] == "domain" and "accept" in case["expect"]]


@pytest.mark.parametrize("case", DOMAIN, ids=[case["id"] for case in DOMAIN])
def test_domains(case: dict[str, Any]) -> None:
    """Such a field compiles, never gives complex numbers and warns of nothing at run time."""
    field = parse_system(case["input"]).compile()
    values = [-1.0, -0.5, 0.0, 0.5, 1.0]
    for x in values:
        for y in values:
            exact = field.scalar(0.0, (x, y))
            assert all(isinstance(value, float) for value in exact)
            assert field(0.0, [x, y]).tolist() == pytest.approx(exact, nan_ok=True)


@pytest.mark.parametrize(
    "text",
    ["x' = 9^9^9^9; y' = -y", "x' = " + "(" * 50_000 + "x" + ")" * 50_000, "x' = x" + " " * 10**6],
    ids=["tower", "parentheses", "megabyte"],
)
def test_refused_at_once(text: str) -> None:
    parse_system("x' = x")  # the grammar is built once
    elapsed = []
    for _ in range(5):  # the best of five: other work on the machine does not count
        start = time.perf_counter()
        with pytest.raises(EquationError):
            parse_system(text)
        elapsed.append(time.perf_counter() - start)
    assert min(elapsed) < 0.1
