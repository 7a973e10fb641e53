"""Systems: what is read, what is said about it, and how errors point at the text."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import time

import numpy as np
import pytest

from eqpp_dash.engine.system import Limits, parse_constant, parse_system
from eqpp_dash.errors import EquationError, SpecError

VDP = "x' = y\ny' = mu*(1 - x^2)*y - x"


def notes(text: str) -> str:
    return " | ".join(note.message for note in parse_system(text).notes)


def error(text: str, limits: Limits | None = None) -> EquationError:
    with pytest.raises(EquationError) as caught:
        parse_system(text, limits or Limits())
    found = caught.value
    assert text.startswith(found.token.rstrip("…"), found.offset)
    return found


def test_van_der_pol() -> None:
    system = parse_system(VDP)
    assert system.variables == ("x", "y")
    assert system.parameters == ("mu",)
    assert system.defaults == {"mu": 1.0}
    assert system.autonomous
    assert system.equations == ("y", "mu*(1 - x^2)*y - x")
    assert system.jacobian_text == (("0", "1"), ("-2*mu*x*y - 1", "mu*(1 - x^2)"))
    state = {"x": 0.7, "y": -1.3}
    assert system.derivative(state, parameters={"mu": 2}) == {
        "x": -1.3,
        "y": pytest.approx(2 * 0.51 * -1.3 - 0.7),
    }
    expected = [[0.0, 1.0], [4 * 0.7 * 1.3 - 1, 2 * 0.51]]
    assert system.jacobian(state, parameters={"mu": "2"}) == pytest.approx(np.array(expected))


def test_parameters_keep_their_order_and_values() -> None:
    system = parse_system("x' = c*x + a*y + eps\ny' = b*x\na = 8/3\nparam q = -.25, c = 1e2")
    assert system.parameters == ("c", "a", "eps", "b", "q")
    assert system.declared == {"a": "8/3", "q": "-.25", "c": "1e2"}
    assert system.defaults == {"a": "8/3", "q": "-.25", "c": "1e2", "eps": 0.1, "b": 1.0}


def test_constants_that_are_given_a_value_are_parameters() -> None:
    assert parse_system("x' = e*x").parameters == ()
    assert parse_system("x' = e*x", declared=["e"]).parameters == ("e",)
    assert parse_system("x' = e*x; e = 0.2").defaults == {"e": "0.2"}
    assert parse_system("x' = I*x", declared=["I"]).parameters == ("I",)


def test_runs_of_letters_are_split_only_where_all_are_known() -> None:
    assert parse_system("x' = ax - bxy; y' = -y", declared="ab").equations[0] == "a*x - b*x*y"
    assert parse_system("x' = ax; y' = -y").parameters == ("ax",)
    assert "one parameter" in notes("x' = ax; y' = -y")


@pytest.mark.parametrize(
    ("text", "equations", "variables"),
    [
        ("x'' + d*x' + x = 0", ("y", "-d*y - x"), ("x", "y")),
        ("x'' = -k*x; y' = x'", ("v", "-k*x", "v"), ("x", "v", "y")),
        ("theta'' = -sin(theta)", ("omega", "-sin(theta)"), ("theta", "omega")),
        ("x'' = -x + y''/2; y'' = 1", None, None),
        ("x'' = -k*x; y'' = -y + x'", ("v", "-k*x", "w", "-y + v"), ("x", "v", "y", "w")),
        ("2*x' + y = 4; y' = x", ("-y/2 + 2", "x"), ("x", "y")),
    ],
)
def test_orders(
    text: str, equations: tuple[str, ...] | None, variables: tuple[str, ...] | None
) -> None:
    if equations is None:
        assert "right of an equation" in error(text).message
        return
    system = parse_system(text)
    assert system.variables == variables
    values = dict.fromkeys(system.variables, 0.3)
    again = parse_system(
        "\n".join(f"{v}' = {e}" for v, e in zip(variables, equations, strict=True))
    )
    assert again.derivative(values) == pytest.approx(system.derivative(values))
    if "''" in text:
        assert "stands for" in notes(text)


def test_definitions_may_come_in_any_order() -> None:
    system = parse_system("x' = f(x, r) + s\nf(u, v) = u*v - q\nr = s^2\ns = x + 1")
    assert system.parameters == ("q",)
    assert system.derivative({"x": 2.0}, parameters={"q": 5.0}) == {"x": 2 * 9 - 5 + 3}


@pytest.mark.parametrize(
    ("text", "token", "message"),
    [
        ("x' = sen(x)", "sen", "Did you mean “sin”?"),
        ("x' = y(t); y' = 1", "y(t)", "time"),
        ("a = b; b = a; x' = a", "a", "by itself"),
        ("f(u) = f(u); x' = f(x)", "f", "by itself"),
        ("x' = y; y' = -x; x = 2", "x", "state variable"),
        ("x' = sin x(1 - x)", "sin x(", "ends"),
        ("x' = 2 x 3", "3", "directly follows"),
        ("x' = (x + [y)]", "[y)", "closed by"),
        ("x' = x % 2", "%", "comment"),
        ("x' = x//2", "//", "comment"),
        ("x' = log(x, 2)", "log(x, 2)", "takes 1 argument"),
        ("x' = exp^-1(x)", "exp^-1", "inverse"),
        ("x' = x and y", "x", "condition"),
        ("x' = x(t - 1)", "x(t -", "delay"),
        ("x' = SIN x", "SIN", "Write sin"),
        ("x' = rx(1 - x)", "rx", "r*x*("),
        ("x'^2 = x", "x'^2 = x", "not linear"),
        ("x' = 1e200*1e200*x", "1e200*1e200*x", "too large"),
        ("x' = x\n\n  y' = 1/(2 - 2)", "1/(2 - 2)", "zero"),
        ("x' = sqrt(-2)", "sqrt(-2)", "negative"),
        ("x' = ((x^900)^900)*y", "((x^900)^900)", "exponent"),
    ],
)
def test_errors_point_at_the_token(text: str, token: str, message: str) -> None:
    found = error(text)
    assert message in str(found)
    assert found.token.startswith(token) or token.startswith(found.token)
    assert found.line == text.count("\n", 0, found.offset) + 1
    assert found.column == found.offset - text.rfind("\n", 0, found.offset)


LONG = {
    "text_length": "x' = x" + " " * 100,
    "depth": "x' = " + "(" * 30 + "x" + ")" * 30,
    "nodes": "a = x*(x + 1)*(x + 2)\nb = (a + 1)*(a + 2)*(a + 3)\nx' = (b + 1)*(b + 2)",
    "degree": "x' = x^60",
    "digits": "x' = 1234567890123*x",
    "name_length": "x' = abcdefghijklmnop",
    "equations": "\n".join(f"x{i}' = 1" for i in range(8)),
    "definitions": "x' = 1\n" + "\n".join(f"a{i} = {i}" for i in range(8)),
}
SMALL = Limits(100, 20, 50, 50, 12, 15, 5, 5)


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Limits)])
def test_each_limit_is_a_setting(name: str) -> None:
    text = LONG[name]
    assert parse_system(text)
    strict = dataclasses.replace(Limits(), **{name: getattr(SMALL, name)})
    assert len(error(text, strict).token) <= 40


@pytest.mark.parametrize(
    "text",
    [
        "x' = " + "sin(" * 3000 + "x" + ")" * 3000,
        "x' = " + "sin " * 4500 + "x",
        "x' = " + "-" * 19000 + "x",
        "x' = " + "x^" * 9000 + "x",
        "x' = " + "\\frac{1}{1+" * 1500 + "x" + "}" * 1500,
        "x' = " + "|" * 9000 + "x" + "|" * 9000,
        "x' = " + "if " * 5000 + "then x else y",
        "x' = " + "+".join(["(x+1)"] * 3000),
        "x' = " + "*".join(f"(x+{i})" for i in range(1800)),
        "x' = " + "$" * 19000,
        "x' = " + "x," * 9000,
        "\n".join(f"a{i} = a{i + 1}*a{i + 1} + 1" for i in range(49)) + "\na49 = x\nx' = a0",
        "a0 = 3/7\n"
        + "\n".join(f"a{i} = a{i - 1}*a{i - 1}" for i in range(1, 49))
        + "\nx' = a48*x",
        "x' = 2^(2^(2^(2^(2^2))))*x",
        "x' = (1/3)^9999*x",
    ],
    ids=range(15),
)
def test_hostile_sizes_end_soon_without_recursion_errors(text: str) -> None:
    parse_system("x' = x")
    start = time.perf_counter()
    with contextlib.suppress(EquationError):
        parse_system(text).compile().jacobian(0.0, [0.5])
    assert time.perf_counter() - start < 20.0


def test_typesetting_holds_nothing_but_our_own_commands() -> None:
    system = parse_system(
        "x_1' = tau_D*abs(theta)/sqrt(x_1) + piecewise(x_1 < 0: 1; 2)\n"
        "theta' = mod(theta, 2) + kay^x_1"
    )
    assert system.latex_variables == ("x_{1}", r"\theta")
    assert system.echo_latex.startswith(r"\begin{aligned} \dot{x_{1}} &= ")
    commands = set(re.findall(r"\\[A-Za-z]+", system.echo_latex))
    assert not commands & {r"\href", r"\url", r"\style", r"\class", r"\def", r"\unicode", r"\html"}
    assert r"\tau_{D}" in system.echo_latex
    assert "<" not in parse_system("x' = y; y' = x").echo_latex


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x' = e^2x", "(e^2)*x"),
        ("x' = log(x)", "natural"),
        ("x' = x^(1/3)", "real root"),
        ("x' = 1/2x", "left to right"),
        ("x' = sin x cos x", "sin x is read as sin(x)"),
        ("x' = |x|x|x|", "closes as soon as it can"),
        ("x' = H(x)", "unit step"),
        ("x' = E x", "Euler"),
        ("x' = sin(x)/x", "is 1 where"),
        ("x' = sin2x", "sin(2x)"),
    ],
)
def test_what_can_be_read_two_ways_is_said(text: str, said: str) -> None:
    assert said in notes(text)


def test_cancelled_factors_are_told() -> None:
    system = parse_system("x' = x^2/x\ny' = y")
    assert system.equations[0] == "x"
    assert [note.code for note in system.notes] == ["cancelled"]


def test_values_are_checked() -> None:
    system = parse_system(VDP)
    for wrong in ({"x": 1}, {"nu": 1}, {"mu": "abc"}, {"mu": float("nan")}):
        with pytest.raises(SpecError) as caught:
            system.compile(wrong)  # type: ignore[arg-type]
        assert caught.value.field.startswith("parameters.")
    with pytest.raises(SpecError, match="division by zero"):
        parse_system("x' = 1/(a - 1)").compile()
    with pytest.raises(SpecError, match="y has no value"):
        system.derivative({"x": 1.0})
    with pytest.raises(SpecError, match="not a state variable"):
        system.check_window({"z": (0, 1)})


@pytest.mark.parametrize(
    ("text", "value"),
    [("2*pi", 2 * np.pi), ("8/3", 8 / 3), ("-1e-3", -1e-3), ("sqrt(2)", 2**0.5), ("2π", 2 * np.pi)],
)
def test_constants(text: str, value: float) -> None:
    assert parse_constant(text) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    "text", ["", "x", "1/0", "inf", "nan", "1 2", "2;3", "9^9^9^9", "f(1)", "(" * 150]
)
def test_no_constants(text: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_constant(text, "window.x")
    assert caught.value.field == "window.x"
