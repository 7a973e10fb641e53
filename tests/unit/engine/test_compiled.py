"""Compiled fields: values, enclosures, factors, poles and switches."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from eqpp_dash.engine.compiled import CompiledField
from eqpp_dash.engine.system import parse_system


def field(text: str, **parameters: float | str) -> CompiledField:
    return parse_system(text, declared=parameters).compile(parameters)


def texts(factors: tuple[object, ...]) -> list[str]:
    return sorted(factor.text for factor in factors)  # type: ignore[attr-defined]


def test_shapes() -> None:
    vdp = field("x' = y; y' = mu*(1 - x^2)*y - x", mu=2)
    assert (vdp.dimension, vdp.variables, vdp.autonomous) == (2, ("x", "y"), True)
    for shape in ((), (3,), (4, 5), (0,)):
        x = np.full((2, *shape), 0.5)
        assert vdp(0.0, x).shape == (2, *shape)
        assert vdp.jacobian(0.0, x).shape == (2, 2, *shape)
        assert vdp.factors[1][0](0.0, x).shape == shape
        assert vdp.factors[1][0].gradient(0.0, x).shape == (2, *shape)
    assert vdp.scalar(0.0, (0.7, -1.3)) == pytest.approx(list(vdp(0.0, [0.7, -1.3])), rel=1e-15)
    assert vdp.jacobian_scalar(0.0, (0.7, -1.3)) == pytest.approx(vdp.jacobian(0.0, [0.7, -1.3]))


def test_time_may_vary_over_the_points() -> None:
    forced = field("x' = cos(t) - x")
    assert not forced.autonomous
    t = np.linspace(0, 1, 4)
    assert forced(t, np.zeros((1, 4)))[0] == pytest.approx(np.cos(t))
    assert forced.scalar(0.5, [0.0]) == [math.cos(0.5)]


def test_parameters_are_put_in_exactly() -> None:
    exact = field("x' = a*x - b*x; y' = (a - 1/10)*y", a="0.1", b="1/10")
    assert exact.zero == (True, True)
    assert exact.factors == ((), ())
    rounded = field("x' = a*x - x/10; y' = y", a=0.1)
    assert rounded.zero == (False, False)


def test_undefined_places_give_nan_and_no_warning() -> None:
    odd = field("x' = log(x) + sqrt(y); y' = 1/x + asin(y)")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = odd(0.0, np.array([[-1.0, 0.0, 1.0], [-1.0, 1.0, 2.0]]))
    assert np.isnan(values[0]).tolist() == [True, False, False]
    assert values[0, 1] == -np.inf
    assert values[1, 1] == np.inf
    assert math.isnan(values[1, 2])
    assert odd.scalar(0.0, [0.0, 1.0]) == pytest.approx([-np.inf, np.inf])


@pytest.mark.parametrize(
    ("text", "factors", "common"),
    [
        ("x' = y*(x^2+y^2-1); y' = -x*(x^2+y^2-1)", [["x^2 + y^2 - 1", "y"],
         ["x", "x^2 + y^2 - 1"]], ["x^2 + y^2 - 1"]),
        ("x' = -x; y' = -4x", [["x"], ["x"]], ["x"]),
        ("x' = x^2 - x*y; y' = 3", [["x", "x - y"], []], []),
        ("x' = x^2 - y^2; y' = x^3 + y^3", [["x + y", "x - y"], ["x + y", "x^2 - x*y + y^2"]],
         ["x + y"]),
        ("x' = x/(x^2 + y^2); y' = exp(x)*y^3", [["x"], ["y"]], []),
        ("x' = 1 - y/(1 + x); y' = sqrt(x)*abs(y)", [["1 + x - y"], ["x", "y"]], []),
        ("x' = x^3 - 6x^2 + 11x - 6; y' = (x - y)^2", [["x - 1", "x - 2", "x - 3"], ["x - y"]], []),
        ("x' = x^2 - 2x*y + y^2; y' = sin(x)*cosh(y)", [["x - y"], ["sin(x)"]], []),
    ],
)  # fmt: skip
def test_factors(text: str, factors: list[list[str]], common: list[str]) -> None:
    found = field(text)
    assert [texts(part) for part in found.factors] == factors
    assert texts(found.common) == common


def test_poles_and_switches() -> None:
    odd = field("x' = tan(x)/(y^2 - 1) + log(y); y' = abs(x) + max(x, y) + floor(y)")
    assert texts(odd.poles) == ["cos(x)", "y", "y + 1", "y - 1"]
    assert texts(odd.switching) == ["sin(pi*y)", "x", "x - y"]
    assert field("x' = y; y' = -x").poles == ()


def test_nullcline_of_a_quotient_has_no_branch_at_its_pole() -> None:
    rosenzweig = field("x' = r*x*(1 - x/K) - a*x*y/(1 + a*h*x); y' = y", r=1, K=3, a=2, h=0.5)
    assert texts(rosenzweig.factors[0]) == ["(1 - x/3)*(1 + x) - 2*y", "x"]
    other = next(f for f in rosenzweig.factors[0] if f.text != "x")
    assert other(0.0, [-1.0, 0.7]) == pytest.approx(-2 * 0.7)  # finite and not zero at the pole


def test_enclosures() -> None:
    f = field("x' = x^2 - y; y' = sin(x)/x + sqrt(y)")
    lo, hi = np.array([[-1.0, 1.0, 1.0], [0.0, 0.5, -2.0]]), np.array([[2.0, 2.0, 2.0], [1, 1, -1]])
    found = f.boxes(lo, hi)
    assert found.lo[0] == pytest.approx([-1, 0, 2])
    assert found.hi[0] == pytest.approx([4, 3.5, 6])
    assert found.continuous.tolist()[1:] == [True, False]
    assert np.isnan(found.lo[1, 2])  # sqrt of negative numbers only: nothing there
    slopes = f.jacobian_boxes(lo, hi)
    assert slopes.lo.shape == (2, 2, 3)
    assert slopes.lo[0, 0] == pytest.approx([-2, 2, 2])
    assert slopes.hi[0, 1] == pytest.approx([-1, -1, -1])


@pytest.mark.parametrize(
    ("right", "lo", "hi", "continuous", "differentiable"),
    [
        ("abs(x)", -1, 1, True, False),
        ("abs(x)", 1, 2, True, True),
        ("sign(x)", -1, 1, False, False),
        ("floor(x)", 0.5, 0.75, True, True),
        ("floor(x)", 0.5, 1.5, False, False),
        ("1/x", -1, 1, False, False),
        ("1/x", 1, 2, True, True),
        ("tan(x)", 1, 2, False, False),
        ("cbrt(x)", -1, 1, True, False),
        ("piecewise(x > 0: sqrt(x); 0)", -2, -1, True, True),
        ("max(x, 0)", -1, 1, True, False),
        ("log(x)", -2, -1, False, False),
    ],
)
def test_continuity(
    right: str, lo: float, hi: float, continuous: bool, differentiable: bool
) -> None:
    f = field(f"x' = {right}")
    assert f.boxes([[lo]], [[hi]]).continuous.tolist() == [continuous]
    assert f.jacobian_boxes([[lo]], [[hi]]).continuous.tolist() == [differentiable]


def test_factor_enclosures() -> None:
    f = field("x' = x^2 + y^2 - 1; y' = x")
    circle = f.factors[0][0]
    box = circle.boxes([[0.0], [0.0]], [[0.5], [0.5]])
    assert (box.lo.shape, box.continuous.tolist()) == ((1,), [True])
    assert box.lo[0] <= -1 <= -0.5 <= box.hi[0] < -0.499
    slopes = circle.gradient_boxes([[0.0], [0.0]], [[0.5], [0.5]])
    assert slopes.lo.shape == (2, 1)
    assert slopes.hi[:, 0] == pytest.approx([1, 1])
    assert circle.latex == "{x}^{2} + {y}^{2} - 1"


def test_polynomial_view() -> None:
    first, second = field("x' = (x + y)^2/2; y' = sin(x)").polynomials()
    assert first == {(2, 0): 0.5, (1, 1): 1, (0, 2): 0.5}
    assert second is None
