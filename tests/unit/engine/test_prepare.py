"""What a specification is checked for, and what it is filled with."""

import pytest

from eqpp_dash.engine import RESULTS_VERSION, prepare_spec
from eqpp_dash.engine.system import Limits
from eqpp_dash.errors import EquationError, SpecError
from eqpp_dash.model.spec import PortraitSpec, portrait_id

VDP = "x' = y; y' = mu*(1 - x^2)*y - x"


def spec(equations=VDP, **entries):
    return PortraitSpec.from_json({"equations": equations, **entries})


def test_every_parameter_gets_a_value():
    _, ready = prepare_spec(spec("x' = a*y + eps; y' = -b*x", parameters={"b": "8/3"}))
    assert dict(ready.parameters) == {"a": 1.0, "b": "8/3", "eps": 0.1}
    assert ready.window is None


def test_the_same_question_has_the_same_id():
    said = prepare_spec(spec(parameters={"mu": 1.0}))[1]
    unsaid = prepare_spec(spec())[1]
    assert portrait_id(said, RESULTS_VERSION) == portrait_id(unsaid, RESULTS_VERSION)
    other = prepare_spec(spec(parameters={"mu": 2.0}))[1]
    assert portrait_id(said, RESULTS_VERSION) != portrait_id(other, RESULTS_VERSION)


def test_a_value_in_the_text_is_overridden_by_the_specification():
    text = "mu = 3\n" + VDP.replace("; ", "\n")
    assert float(prepare_spec(spec(text))[1].parameters["mu"]) == 3.0
    assert prepare_spec(spec(text, parameters={"mu": 4.0}))[1].parameters["mu"] == 4.0


def test_preparing_twice_changes_nothing():
    once = prepare_spec(spec(window={"y": [-4, 4], "x": [-3, 3]}))[1]
    assert prepare_spec(once)[1] == once
    assert list(once.window) == ["x", "y"]


@pytest.mark.parametrize(
    ("entries", "field", "word"),
    [
        ({"parameters": {"nu": 1.0}}, "parameters.nu", "mu"),
        ({"parameters": {"x": 1.0}}, "parameters.x", "initial condition"),
        ({"window": {"x": [-1, 1]}}, "window.y", "limit"),
        ({"window": {"x": [-1, 1], "y": [-1, 1], "z": [0, 1]}}, "window.z", "x, y"),
        ({"initial_conditions": [[1.0, 2.0], [1.0]]}, "initial_conditions.1", "x, y"),
        ({"initial_conditions": [[1.0, 2.0, 3.0]]}, "initial_conditions.0", "3 numbers"),
        ({"variables": {"xx": {"unit": "m"}}}, "variables.xx", "x"),
    ],
)
def test_invalid_entries_are_named_with_a_hint(entries, field, word):
    with pytest.raises(SpecError) as caught:
        prepare_spec(spec(**entries))
    assert caught.value.field == field
    assert caught.value.hint
    assert word in str(caught.value)


def test_no_parameters_at_all():
    with pytest.raises(SpecError) as caught:
        prepare_spec(spec("x' = y; y' = -x", parameters={"k": 1.0}))
    assert "none" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("x' = x*(1 - x)", "1 variable (x)"),
        ("x' = y; y' = z; z' = -x", "3 variables (x, y, z)"),
        ("x' = y; y' = -x + cos(t)", "autonomous"),
    ],
)
def test_other_systems_get_a_clear_error(text, word):
    with pytest.raises(EquationError) as caught:
        prepare_spec(spec(text))
    assert word in caught.value.message
    assert caught.value.hint


def test_names_of_given_parameters_mean_parameters():
    system, ready = prepare_spec(spec("v' = I - v*w; w' = v - w", parameters={"I": 0.5}))
    assert system.parameters == ("I",)
    assert dict(ready.parameters) == {"I": 0.5}


def test_equations_that_cannot_be_read():
    with pytest.raises(EquationError):
        prepare_spec(spec("x' = sen(x)(; y' = 1"))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_set_past_the_reader_are_checked(value):
    rogue = PortraitSpec("x' = y; y' = -x", initial_conditions=((value, 0.0),))
    with pytest.raises(SpecError):
        prepare_spec(rogue)


def test_a_name_with_a_value_is_a_parameter_whatever_else_it_could_mean():
    system, ready = prepare_spec(
        spec("x' = e*x + I; y' = -y", parameters={"e": 0.5, "I": 2.0}),
    )
    assert system.parameters == ("e", "I")
    assert dict(ready.parameters) == {"e": 0.5, "I": 2.0}


def test_limits_of_the_text_are_kept():
    with pytest.raises(EquationError):
        prepare_spec(spec("x' = y; y' = -x"), Limits(text_length=5))
