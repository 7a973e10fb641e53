"""Texts changed at random: read or refused, never a crash, and read back alike."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from eqpp_dash.engine.system import parse_system
from eqpp_dash.errors import EquationError, SpecError

TRUTH = Path(__file__).parents[3] / "truth"
TEXTS: list[str] = [
    case["input"]
    for name in ("syntax", "hostile")
    for case in json.loads((TRUTH / f"{name}.json").read_text(encoding="utf-8"))
    if "input" in case
]
PIECES = [
    "'", "(", ")", "|", "^", "\\frac", "{", "}", "\\sqrt", "[", "]", "sin", "x", "y", "t", "2",
    "1.5", "e", "&", "\\\\", "\\begin{cases}", "\\end{cases}", "=", "\n", ";", ",", "dx/dt", "d",
    "/", "*", "-", "if", "then", "else", "piecewise", "<", ">", ":", "²", "½", "ẋ", "√", "$", "%",
    "#", "\\dot", "_", "{1}", "\\left", "\\{", "and", "not", "\u0307", "'''", '"', "\\text{if }",
    "H", "mod", "max", "f(u)", "param", "I", "\x00", "𝔁", "\ud800",
]  # fmt: skip


def mutated(source: random.Random) -> str:
    text = source.choice(TEXTS)
    for _ in range(source.randint(1, 4)):
        place, way = source.randint(0, len(text)), source.random()
        if way < 0.5:
            text = text[:place] + source.choice(PIECES) + text[place:]
        elif way < 0.8:
            text = text[:place] + text[place + source.randint(1, 3) :]
        else:
            other = source.choice(TEXTS)
            text = text[:place] + other[source.randint(0, len(other)) :]
    return text


def check(text: str) -> str:
    try:
        system = parse_system(text)
        field = system.compile()
    except EquationError as error:
        return "" if text.startswith(error.token.rstrip("…"), error.offset) else "wrong span"
    except SpecError:
        return ""
    state = dict.fromkeys(system.variables, 0.37)
    ones = dict.fromkeys(system.parameters, 1.0)
    assert system.echo_latex
    assert len(field.factors) == system.dimension
    assert field.jacobian(0.0, list(state.values())).shape == (system.dimension,) * 2
    again = parse_system(
        "\n".join(f"{v}' = {e}" for v, e in zip(system.variables, system.equations, strict=True)),
        declared=system.parameters,
    )
    found = again.derivative(state, 0.2, dict.fromkeys(again.parameters, 1.0))
    wanted = system.derivative(state, 0.2, ones)
    return "" if found == pytest.approx(wanted, rel=1e-9, abs=1e-12, nan_ok=True) else "differs"


@pytest.mark.parametrize("seed", range(8))
def test_mutated_texts(seed: int) -> None:
    source = random.Random(seed)
    for _ in range(250):
        text = mutated(source)
        assert check(text) == "", text
