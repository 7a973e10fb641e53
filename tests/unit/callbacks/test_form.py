"""The form and the specification: nothing is lost or changed on the way there and back."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from fakes import FakePreviews
from hypothesis import given
from hypothesis import strategies as st

from eqpp_dash.callbacks.form import form_spec, form_values, read_draft, read_form
from eqpp_dash.callbacks.words import error_words
from eqpp_dash.components.parameters import number_text
from eqpp_dash.engine.system import parse_constant
from eqpp_dash.errors import SpecError
from eqpp_dash.model.spec import PortraitSpec

CONSTANT = FakePreviews().constant
SYSTEM = SimpleNamespace(
    variables=("x", "y"), parameters=("mu", "nu"), defaults={"mu": 1.0, "nu": 0.1}
)


def browser_form(spec: PortraitSpec, **changes: Any) -> dict[str, Any]:
    """Give the form as the browser sends it after it was filled with `spec`."""
    values = form_values(spec, SYSTEM, "state")
    limits = [[values["x_low"], values["x_high"]], [values["y_low"], values["y_high"]]]
    return {
        "origin": "",
        "title": values["title"],
        "equations": values["equations"],
        "parameters": {name: number_text(v) for name, v in values["parameters"].items()},
        "limits": None if values["fit"] else limits,
        "aspect": "auto",
        "method": values["method"],
        "span": values["span"],
        "rtol": values["rtol"],
        "atol": values["atol"],
        "starts": values["starts"],
        "basins": values["basins"],
    } | changes


def through(spec: PortraitSpec, **changes: Any) -> PortraitSpec:
    return form_spec(read_form(browser_form(spec, **changes)), spec, SYSTEM, CONSTANT)


number = st.floats(-1e6, 1e6).filter(lambda v: v == 0 or abs(v) > 1e-9)
positive = st.floats(1e-12, 0.09)
spec_values = st.fixed_dictionaries(
    {
        "equations": st.just("x' = mu*y\ny' = -nu*x"),
        "title": st.text(max_size=30),
        "parameters": st.fixed_dictionaries(
            {"mu": st.one_of(number, st.sampled_from(["8/3", "0.1", "1.0", "-2.50e-3"]))},
            optional={"nu": number},
        ),
        "window": st.one_of(
            st.just("fit"),
            st.tuples(number, st.floats(0.5, 1e6)).map(
                lambda p: {"x": [p[0], p[0] + p[1]], "y": [-p[1], p[1]]}
            ),
        ),
        "variables": st.sampled_from([{}, {"x": {"unit": "m"}}]),
        "initial_conditions": st.lists(st.tuples(number, number).map(list), max_size=4),
        "time": st.fixed_dictionaries(
            {"start": number, "span": st.one_of(st.just("auto"), st.floats(0.1, 1e6))}
        ),
        "options": st.fixed_dictionaries(
            {"rtol": positive, "atol": positive, "method": st.sampled_from(["auto", "Radau"])}
        ),
        "analyses": st.sampled_from(
            [["field"], ["field", "equilibria", "trajectories"], ["equilibria", "basins"]]
        ),
    }
)


def test_the_switch_adds_and_removes_the_basins() -> None:
    spec = PortraitSpec("x' = mu*y; y' = -nu*x")
    asked = through(spec, basins=True)
    assert asked.analyses == (*spec.analyses, "basins")
    assert through(asked).analyses == asked.analyses
    assert through(asked, basins=False).analyses == spec.analyses


@given(spec_values)
def test_a_form_that_nobody_touched_asks_the_same_question(data: dict[str, Any]) -> None:
    spec = PortraitSpec.from_json(data)
    back = through(spec)
    filled = {"mu": 1.0, "nu": 0.1} | dict(spec.parameters)
    assert back == spec.replace(parameters=filled)
    assert [type(v) for v in back.parameters.values()] == [
        type(filled[name]) for name in back.parameters
    ]


def test_exact_text_stays_exact() -> None:
    spec = PortraitSpec("x' = mu*y\ny' = -x")
    assert through(spec, parameters={"mu": "8/3"}).parameters["mu"] == "8/3"


def test_a_constant_is_read_where_no_exact_number_stands() -> None:
    spec = PortraitSpec("x' = mu*y\ny' = -x")
    assert through(spec, parameters={"mu": "2*pi"}).parameters["mu"] == pytest.approx(6.2831853)


def test_parameters_that_the_equations_lost_are_dropped() -> None:
    spec = PortraitSpec("x' = mu*y\ny' = -x")
    assert set(through(spec, parameters={"old": "3"}).parameters) == set()


def test_the_window_follows_the_order_of_the_variables() -> None:
    spec = PortraitSpec("x' = y\ny' = -x")
    window = through(spec, limits=[["-1", "2*pi"], ["0", "1/2"]]).window
    assert window is not None
    assert dict(window) == {"x": (-1.0, pytest.approx(6.2831853)), "y": (0.0, 0.5)}


@pytest.mark.parametrize(
    ("limits", "field", "words"),
    [
        ([["-1", ""], ["0", "1"]], "window.x.high", "Window, upper limit of x"),
        ([["-1", "1"], [" ", "1"]], "window.y.low", "Window, lower limit of y"),
        ([["", ""], ["", ""]], "window.x.low", "Window, lower limit of x"),
    ],
)
def test_an_empty_limit_is_an_error_at_its_field(limits: Any, field: str, words: str) -> None:
    with pytest.raises(SpecError) as caught:
        through(PortraitSpec("x' = y\ny' = -x"), limits=limits)
    assert caught.value.field == field
    said = f"{words}: nothing stands there. Type a number, or switch Fit on"
    assert error_words(caught.value) == said


def test_limits_that_a_link_leaves_out_stay_empty_in_their_own_fields() -> None:
    spec = PortraitSpec.from_json({"equations": "x' = y; y' = -x", "window": {"y": [-2, 3]}})
    values = form_values(spec, SYSTEM, "state")
    assert values["fit"] is False
    assert [values[key] for key in ("x_low", "x_high", "y_low", "y_high")] == ["", "", "-2", "3"]
    with pytest.raises(SpecError) as caught:
        through(spec)
    assert caught.value.field == "window.x.low"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"limits": [["a", "1"], ["0", "1"]]}, "window.x.low"),
        ({"limits": [["3", "1"], ["0", "1"]]}, "window.x"),
        ({"starts": ["0.5"]}, "initial_conditions"),
        ({"starts": ["0.5, q"]}, "initial_conditions"),
        ({"span": "-3"}, "time.span"),
        ({"rtol": "0"}, "options.rtol"),
        ({"method": "Euler"}, "options.method"),
        ({"parameters": {"mu": "one"}}, "parameters.mu"),
    ],
)
def test_a_bad_entry_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(SpecError) as caught:
        through(PortraitSpec("x' = y\ny' = -x"), **changes)
    assert caught.value.field.startswith(field.split(".")[0])
    assert caught.value.field in (field, f"{field}.0")


@pytest.mark.parametrize(
    "junk",
    [
        None,
        5,
        [],
        {},
        {"form": 3},
        {"form": {"parameters": [], "starts": []}},
        {"form": {"parameters": {}, "starts": {}}},
        {"form": {"parameters": {}, "starts": [], "equations": 7}},
        {"form": {"parameters": {"a": ["x"]}, "starts": []}},
        {"form": {"parameters": {}, "starts": [[1, 2]]}},
        {"form": {"parameters": {}, "starts": [], "limits": [[1], [2]]}},
        {"form": {"parameters": {}, "starts": [], "limits": "fit"}},
        {"form": {"parameters": {}, "starts": ["1, 1"] * 500}},
        {"form": {"parameters": {}, "starts": [], "equations": "x" * 3_000_000}},
    ],
)
def test_junk_is_refused_with_a_sentence(junk: Any) -> None:
    with pytest.raises(SpecError) as caught:
        read_draft(junk)
    assert caught.value.message


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@given(st.fixed_dictionaries({"form": json_values}, optional={"seq": json_values}))
def test_any_json_is_read_or_refused(data: Any) -> None:
    try:
        draft = read_draft(data)
    except SpecError:
        return
    assert isinstance(draft.seq, int)
    assert draft.theme in ("light", "dark")


def test_a_value_of_the_text_is_taken_when_it_changes_and_only_then() -> None:
    spec = PortraitSpec("x' = mu*y\ny' = -x")
    own = {"parameters": {"mu": "0.3"}, "known": {"mu": "0.5"}}
    assert through(spec, **own).parameters["mu"] == 1.0
    assert through(spec, **(own | {"known": {"mu": "1"}})).parameters["mu"] == "0.3"


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("0, sqrt(2)", (0.0, 2**0.5)),
        ("(0, sqrt(2))", (0.0, 2**0.5)),
        ("(1), (2)", (1.0, 2.0)),
        ("atan2(0, 1), 3", (0.0, 3.0)),
        ("(1 + 2)*2, -(1)", (6.0, -1.0)),
    ],
)
def test_a_point_may_hold_expressions(text: str, point: tuple[float, float]) -> None:
    spec = PortraitSpec("x' = y\ny' = -x")
    form = read_form(browser_form(spec, starts=[text]))
    assert form_spec(form, spec, SYSTEM, parse_constant).initial_conditions == (point,)


@pytest.mark.parametrize(
    "text", ["", "()", "((1, 2)", "1, 2)", "(1, 2), 3", "1; 2", ")(", "sqrt(2)"]
)
def test_what_is_no_point_is_refused(text: str) -> None:
    spec = PortraitSpec("x' = y\ny' = -x")
    form = read_form(browser_form(spec, starts=[text]))
    with pytest.raises(SpecError):
        form_spec(form, spec, SYSTEM, parse_constant)


def test_points_of_the_plane_do_not_hide_that_a_system_is_none() -> None:
    line = SimpleNamespace(variables=("x",), parameters=(), defaults={})
    form = read_form(browser_form(PortraitSpec("x' = -x"), starts=["1, 2"]))
    assert form_spec(form, PortraitSpec("x' = -x"), line, CONSTANT).initial_conditions == ()
