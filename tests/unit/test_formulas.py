"""Formulas for reading: what is written is the same function as what the engine wrote."""

from __future__ import annotations

import numpy as np
import pytest

from eqpp_dash import parse_system
from eqpp_dash.model.factored import canonical, factored
from eqpp_dash.model.formula import read_formula
from eqpp_dash.model.labels import format_number
from eqpp_dash.model.polynomials import read_polynomial
from eqpp_dash.model.typeset import GAP, plain_formula, plain_text

STATES = np.random.default_rng(7).uniform(0.2, 1.7, size=(5, 2))
TEXTS = (
    "mu*(1 - x^2)*y - x/2",
    "-2*x*(y - x)/(3*x*y)",
    "(x/2)*y - x/(y/2)",
    "2*3^x - x^(-2) + x^(1/3)",
    "sin(x)^2*cos(2*y) - abs(x - y)^3",
    "log(abs(y))^2 + sqrt(x) + sqrt(x + 1)^3 + exp(-x*y)",
    "cbrt(x)^2*floor(3*y) + abs(abs(x) - 2*y)^3 - ceil(x)/abs(x)",
    "asin(x/2)*sign(y - x) + 1.5e-3*x*2*y",
    "x - (y - 1 - x)^2*(x + y)*(x - y)",
)


def values(text: str) -> list[float]:
    system = parse_system(f"x' = {text}; y' = 0")
    given = dict.fromkeys(system.parameters, 1.3)
    states = ({"x": x, "y": y} for x, y in STATES)
    return [system.derivative(state, parameters=given)["x"] for state in states]


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_written_for_reading_is_read_back_as_the_same_function(text: str) -> None:
    shown = plain_formula(text)
    assert not set(shown) & set("*^") or "^(" in shown or "^x" in shown
    assert values(shown) == pytest.approx(values(text), rel=1e-12)


@pytest.mark.parametrize("text", [*TEXTS, "piecewise(x > 1: y; x < 0.5: 2; -x)"])
def test_canonical_text_is_written_back(text: str) -> None:
    read = read_formula(text)
    assert read_formula(canonical(read)) == read


@pytest.mark.parametrize("seed", range(6))
def test_a_polynomial_of_a_polynomial_is_found_and_is_the_same(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b, c, d = rng.integers(1, 5, size=4).tolist()
    power = int(rng.integers(2, 4))
    inner = f"(x^2 + {a}*y^2 - {b}*x*y + {c}*x)"
    terms = read_formula(f"{inner}^{power}/{d} + {a}")
    names = ["x", "y"]
    found = read_polynomial(terms, names) or {}
    multiplied_out = " + ".join(
        f"({value})*" + "*".join(f"{name}^{k}" for name, k in zip(names, [*m, 0, 0], strict=False))
        for m, value in found.items()
    )
    text = factored(multiplied_out.replace("+ (-", "- ("))
    assert len(text) < len(multiplied_out)
    assert f")^{power}" in text
    assert values(text) == pytest.approx(values(f"{inner}^{power}/{d} + {a}"), rel=1e-9)


@pytest.mark.parametrize(
    ("text", "shorter"),
    [
        ("y^2/2 + x^2/2", "(x^2 + y^2)/2"),
        ("y^2/2 - cos(x)", "y^2/2 - cos(x)"),
        ("x^3*y - x^2*y^2", "x^2*y*(x - y)"),
        ("-y^6/6 + 1.25*y^4 - 2*y^2 - x", "-y^6/6 + 1.25*y^4 - 2*y^2 - x"),
        ("x^4*y^2/2 + x^2*y^4/2 - x^2*y^2 + y^6/6 - y^4/2 + y^2/2 + x^6/6 - x^4/2 + x^2/2",
         "((x^2 + y^2 - 1)^3 + 1)/6"),
        ("reflection in the line at 30 degrees", "reflection in the line at 30 degrees"),
        ("x^99 + x^98", "x^99 + x^98"),
        ("(x, y) -> (y - 1 + 2, -x)", "(x, y) -> (y + 1, -x)"),
    ],
)  # fmt: skip
def test_what_is_factored(text: str, shorter: str) -> None:
    assert factored(text) == shorter


def test_sentences_keep_their_words() -> None:
    words = "the saddle-node at (1, 0), and/or a pseudo-saddle (near a line): 22.5 degrees."
    assert plain_text(words) == words
    said = "eigenvalue -1 along it, within 1e-9 of z^k conj(z)^l at (-2, 0); omega > 2."
    shown = plain_text(said).replace(GAP, " ")
    assert shown == (
        f"eigenvalue −1 along it, within {format_number(1e-9)} of z^k conj(z)^l at (−2, 0); ω > 2."
    )
