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


@pytest.mark.parametrize(("limits", "end"), [([None, 1], "lower"), ([-1, " "], "upper")])
def test_a_window_that_lacks_a_limit_is_not_fitted(limits, end):
    with pytest.raises(SpecError, match=f"the {end} limit is missing.*to have it fitted") as caught:
        spec(window={"x": [-1, 1], "y": limits})
    assert caught.value.field == "window.y"


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


@pytest.mark.parametrize(
    ("text", "token", "line", "column"),
    [
        ("x' = y\ny' = x - y^2 - 3 + t", "t", 2, 20),
        ("a = t^2 # drive\nx' = y\ny' = -x + 2*a", "t", 1, 5),
        ("x' = x*(1 - x)", "x'", 1, 1),
        ("x' = y; y' = z; z' = -x", "z'", 1, 17),
        ("dx/dt = y\ndy/dt = z\ndz/dt = w\ndw/dt = 1", "dz/dt", 3, 1),
        ("x' = y\ny'' = -x", "y''", 2, 1),
    ],
)
def test_an_error_points_at_the_time_and_at_what_makes_it_no_plane(text, token, line, column):
    with pytest.raises(EquationError) as caught:
        prepare_spec(spec(text))
    error = caught.value
    assert (error.token, error.line, error.column) == (token, line, column)


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


@pytest.mark.parametrize(
    "text",
    [
        "x'=-x+sin(y);y'=-y",
        "x' = -x+sin(y)  # a sink; all fall in\n\n  y' = -y\n",
        "# a sink\nx' = -x+sin(y) ; y'= -y;",
    ],
)
def test_the_layout_of_equations_is_no_other_question(text):
    usual = spec("x' = -x+sin(y)\ny' = -y")
    assert prepare_spec(spec(text))[0].equations == prepare_spec(usual)[0].equations
    assert portrait_id(spec(text), 1) == portrait_id(usual, 1)
    assert spec(text).equations.strip() == text.strip()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x' = y; y' = -1e-3*x", "x' = y; y' = -1e -3*x"),
        ("x' = a b*y; y' = x", "x' = ab*y; y' = x"),
        ("k = 1; x' = y; y' = -k*x", "k = 2; x' = y; y' = -k*x"),
        ("x' = y; y' = -x # 2", "x' = y; y' = -x * 2"),
        ("x' = mod(x; 2); y' = x", "x' = mod(x, 2); y' = x"),
    ],
)
def test_another_text_is_another_question(one, other):
    assert portrait_id(spec(one), 1) != portrait_id(spec(other), 1)


@pytest.mark.parametrize("text", ["x = y\ny' = -x", "y' = -x; x = y"])
def test_a_forgotten_prime_is_named(text):
    with pytest.raises(EquationError) as caught:
        prepare_spec(PortraitSpec(text))
    assert caught.value.hint == "“x = y” defines a quantity; an equation is x' = y"


def test_a_definition_without_variables_is_no_forgotten_equation():
    with pytest.raises(EquationError) as caught:
        prepare_spec(PortraitSpec("a = 2; x' = a"))
    assert "Give two equations" in caught.value.hint
