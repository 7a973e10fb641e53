"""The instructions: error-free transformations are exact, choices treat NaN as stated."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from eqpp_dash.engine.machine.build import Target, native_target
from eqpp_dash.engine.machine.lanes import Lanes, double

from .running import Array, Emit, evaluate, plain_target

SETTINGS = settings(max_examples=40, deadline=None, derandomize=True)
MODERATE = arrays(
    np.float64,
    (2, 8),
    elements=st.floats(-(2.0**400), 2.0**400).filter(lambda x: x == 0 or abs(x) > 2.0**-400),
)
ANY = arrays(np.float64, (2, 8), elements=st.floats())


@pytest.fixture(scope="module", params=["native", "plain"])
def target(request: pytest.FixtureRequest) -> Target:
    return native_target() if request.param == "native" else plain_target()


def outputs(emit: Emit, given: Array, count: int, target: Target | None = None) -> Array:
    target = target or native_target()
    lanes = Lanes(target.width, fused=target.fused)
    return evaluate(emit, list(given), count, lanes, target)


@SETTINGS
@given(MODERATE)
def test_sums_lose_nothing(target: Target, values: Array) -> None:
    found = outputs(lambda lanes, v: list(lanes.two_sum(v[0], v[1])), values, 2, target)
    for a, b, high, low in zip(*values.tolist(), *found.tolist(), strict=True):
        assert high == a + b
        assert Fraction(high) + Fraction(low) == Fraction(a) + Fraction(b)


@SETTINGS
@given(MODERATE)
def test_quick_sums_lose_nothing_with_the_larger_first(target: Target, values: Array) -> None:
    values = -np.sort(-np.abs(values), axis=0) * np.sign(values + 0.5)
    found = outputs(lambda lanes, v: list(lanes.fast_two_sum(v[0], v[1])), values, 2, target)
    for a, b, high, low in zip(*values.tolist(), *found.tolist(), strict=True):
        assert Fraction(high) + Fraction(low) == Fraction(a) + Fraction(b)


@SETTINGS
@given(MODERATE)
def test_products_lose_nothing(target: Target, values: Array) -> None:
    found = outputs(lambda lanes, v: list(lanes.two_product(v[0], v[1])), values, 2, target)
    for a, b, high, low in zip(*values.tolist(), *found.tolist(), strict=True):
        assert high == a * b
        assert Fraction(high) + Fraction(low) == Fraction(a) * Fraction(b)


@SETTINGS
@given(ANY)
def test_least_and_greatest_pass_on_nan(values: Array) -> None:
    found = outputs(
        lambda lanes, v: [lanes.minimum(v[0], v[1]), lanes.maximum(v[0], v[1])], values, 2
    )
    with np.errstate(all="ignore"):
        assert np.array_equal(found[0], np.minimum(*values), equal_nan=True)
        assert np.array_equal(found[1], np.maximum(*values), equal_nan=True)


@SETTINGS
@given(arrays(np.float64, (1, 8), elements=st.floats(-1021, 1022)))
def test_integers_and_powers_of_two(values: Array) -> None:
    def emit(lanes: Lanes, v: list[str]) -> list[str]:
        whole, bits = lanes.nearest(v[0])
        return [whole, lanes.power_of_two(bits)]

    whole, power = outputs(emit, values, 2)
    assert whole.tolist() == np.rint(values[0]).tolist()
    assert power.tolist() == [2.0**k for k in whole.tolist()]


def test_masks_reach_all_lanes() -> None:
    values = np.arange(32.0).reshape(2, 16)[:1]

    def emit(lanes: Lanes, v: list[str]) -> list[str]:
        found = lanes.any(lanes.compare("oeq", v[0], lanes.constant(13.0)))
        whole = lanes.emit(f"uitofp i1 {found} to double")
        ends = lanes.mask_not(lanes.compare("ogt", v[0], lanes.constant(2.0)))
        chosen = lanes.select(ends, lanes.constant(1.0), lanes.splat(whole))
        return [chosen, lanes.insert(v[0], lanes.extract(v[0], 1), 0)]

    found, moved = evaluate(emit, list(values), 2, Lanes(4))
    assert found.tolist() == [1, 1, 1, 0, *[0] * 8, *[1] * 4]
    assert moved.tolist() == [float(i + (i % 4 == 0)) for i in range(16)]


@pytest.mark.parametrize("width", [0, -2, 3, 12])
def test_lanes_are_a_power_of_two(width: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        Lanes(width)


@pytest.mark.parametrize("value", [0.0, -0.0, 0.1, math.inf, 5e-324, -1e308])
def test_constants_keep_all_bits(value: float) -> None:
    found = outputs(lambda lanes, v: [lanes.constant(value)], np.ones((1, 8)), 1)
    assert found.tobytes() == np.full(8, value).tobytes()
    assert double(value).startswith("0x")
