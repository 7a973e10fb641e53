"""Closed forms of equilibria: the numbers they stand for, and what is not claimed."""

from __future__ import annotations

import numpy as np
import pytest

from eqpp_dash.engine.closedforms import with_closed_forms
from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.system import parse_system

WINDOW = {"x": (-7.0, 7.0), "y": (-7.0, 7.0)}


def forms(text):
    field = parse_system(text).compile()
    return with_closed_forms(field, find_equilibria(field, WINDOW).equilibria)


def value(text):
    return float(parse_system(f"x' = {text}").compile()(0.0, np.zeros((1, 1)))[0, 0])


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("x' = x^2 - 3/4; y' = y - x^3", ("sqrt(3)/2", "3*sqrt(3)/8")),
        ("x' = x^2 - x - 1; y' = y - x", ("(1 + sqrt(5))/2", "(1 + sqrt(5))/2")),
        ("x' = exp(x) - 2; y' = y - x", ("ln(2)", "ln(2)")),
        ("x' = x*y - 1; y' = ln(y) - 1", ("exp(-1)", "exp(1)")),
        ("x' = sin(x) - 1/2; y' = y - cos(x)", ("5*pi/6", "-sqrt(3)/2")),
        ("x' = y; y' = 0.7 - sin(x) - 0.3*y", ("pi - asin(7/10)", "0")),
        ("x' = y; y' = 0.7 + sin(x) - 0.3*y", ("-pi + asin(7/10)", "0")),
        ("x' = x*(1 - x/5) - x*y/(1 + x); y' = -0.3*y + 0.7*x*y/(1 + x)", ("3/4", "119/80")),
    ],
)
def test_forms_are_found_and_have_the_value_of_the_point(text, exact):
    found = forms(text)
    assert exact in [item.exact for item in found]
    for item in found:
        assert len(item.exact) == 2
        assert np.abs(item.point - [value(part) for part in item.exact]).max() < 1e-12


def test_what_has_no_short_form_gets_none():
    assert [item.exact for item in forms("x' = x^3 - x - 1; y' = y")] == [()]


def test_a_number_that_only_looks_short_is_not_claimed():
    """3 and 1/3 are 4e-15 off the zeros, less than what the eye sees of their digits."""
    assert [item.exact for item in forms("x' = x - 3 - 4e-15; y' = 3*y - 1")] == [()]


def test_only_what_is_proved_to_exist_gets_a_form():
    field = parse_system("x' = x^2; y' = y - 1/3").compile()
    found = find_equilibria(field, WINDOW).equilibria
    assert [bool(item.exact) for item in with_closed_forms(field, found)] == [
        item.evidence == "proved" for item in found
    ]
