"""Elementary functions in lanes: within their bounds of mpmath, and with numpy's edges."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import mpmath
import numpy as np
import pytest

from eqpp_dash.engine.expression import primitives
from eqpp_dash.engine.expression.errorbound import ULPS
from eqpp_dash.engine.expression.graph import Graph
from eqpp_dash.engine.expression.sources import to_javascript
from eqpp_dash.engine.machine.build import Target, native_target
from eqpp_dash.engine.machine.exponential import odd_root
from eqpp_dash.engine.machine.functions import EMITTERS
from eqpp_dash.engine.machine.lanes import Lanes

from ..expression.test_sources import run_javascript_over
from .running import Array, compute, evaluate, plain_target

COUNT = 500
EDGES = np.array(
    [0.0, 1, np.inf, np.nan, 2, 3, 0.5, 1e300, 5e-324, 2.0**53 + 2, 1.5, 1e-310, 1e-200, 746, 20]
)
EDGES = np.concatenate([EDGES, -EDGES])


def either(sizes: Array, rng: np.random.Generator) -> Array:
    return sizes * rng.choice([-1.0, 1.0], len(sizes))


def samples(rng: np.random.Generator) -> dict[str, Array]:
    """Give arguments for each kind of domain, the hard places among them."""
    wide = either(np.exp(rng.uniform(-744, 709, 2 * COUNT)), rng)
    tiny = either(10.0 ** rng.uniform(-320, 0, COUNT), rng)
    line = rng.uniform(-3, 3, COUNT)
    near_one = 1 - either(10.0 ** rng.uniform(-16, -1, COUNT), rng)
    turns = rng.integers(-(10**6), 10**6, COUNT) * (np.pi / 2)
    return {
        "angle": np.concatenate(
            [rng.uniform(-20, 20, COUNT), rng.uniform(-1.6e6, 1.6e6, COUNT), turns, tiny, wide]
        ),
        "exponent": np.concatenate([rng.uniform(-746, 711, COUNT), line, tiny]),
        "positive": np.concatenate([np.abs(wide), np.abs(line), near_one, np.abs(tiny)]),
        "line": np.concatenate([wide, line, tiny, near_one]),
        "unit": np.concatenate(
            [line / 3, tiny, np.clip(near_one, -1, 1), np.clip(-near_one, -1, 1)]
        ),
        "beyond one": np.concatenate([1 + np.abs(tiny), 1 + np.abs(line), 1 + np.abs(wide)]),
        "slope": np.concatenate([line / 4, tiny * 0.74]),
    }


SAMPLES = samples(np.random.default_rng(3))
SMALL = mpmath.mpf(10) ** -40


def odd(function: Callable[[Any], Any], slope: Callable[[], Any] = lambda: 1) -> Any:
    """Spare mpmath the cancellation of odd functions next to zero."""
    return lambda x: x * slope() if abs(x) < SMALL else function(x)


#: name -> domain, reference, the bound in units in the last place
UNARY: dict[str, tuple[str, Callable[[Any], Any], float]] = {
    "sin": ("angle", mpmath.sin, 1.0),
    "cos": ("angle", mpmath.cos, 1.0),
    "tan": ("angle", odd(mpmath.tan), 1.0),
    "exp": ("exponent", mpmath.exp, 1.0),
    "log": ("positive", mpmath.log, 1.0),
    "log2": ("positive", lambda x: mpmath.log(x) / mpmath.log(2), 1.0),
    "log10": ("positive", lambda x: mpmath.log(x) / mpmath.log(10), 1.0),
    "sinh": ("exponent", odd(mpmath.sinh), 1.0),
    "cosh": ("exponent", mpmath.cosh, 1.0),
    "tanh": ("exponent", odd(mpmath.tanh), 1.0),
    "asinh": ("line", odd(mpmath.asinh), 1.0),
    "acosh": ("beyond one", mpmath.acosh, 1.0),
    "atanh": ("unit", odd(mpmath.atanh), 1.0),
    "asin": ("unit", odd(mpmath.asin), 1.0),
    "acos": ("unit", mpmath.acos, 1.0),
    "atan": ("line", odd(mpmath.atan), 1.0),
    "erf": ("line", odd(mpmath.erf, lambda: 2 / mpmath.sqrt(mpmath.pi)), 2.0),
    "sinc": ("angle", lambda x: mpmath.sin(x) / x if x else mpmath.mpf(1), 2.0),
    "sinc slope": ("slope", lambda x: slope(x), 2.0),
}


def slope(x: Any) -> Any:
    return -x / 3 if abs(x) < SMALL else (mpmath.cos(x) - mpmath.sin(x) / x) / x


def worst(found: Array, exact: list[Any]) -> tuple[float, int]:
    """Give the largest error in units of the last place of the true value, and where it is."""
    errors = []
    for value, truth in zip(found.tolist(), exact, strict=True):
        nearest = float(truth)
        if mpmath.isinf(truth) or not np.isfinite(nearest):
            errors.append(0.0 if value == nearest else np.inf)
        elif not np.isfinite(value):
            largest = abs(nearest) == np.finfo(float).max and not np.isnan(value)
            errors.append(1.0 if largest else np.inf)
        else:
            errors.append(float(abs(mpmath.mpf(value) - truth) / np.spacing(abs(nearest))))
    place = int(np.argmax(errors))
    return errors[place], place


@pytest.fixture(scope="module", params=["native", "plain"])
def target(request: pytest.FixtureRequest) -> Target:
    return native_target() if request.param == "native" else plain_target()


@cache
def exact_values(name: str) -> list[Any]:
    domain, function, _ = UNARY[name]
    with mpmath.workdps({"angle": 400, "slope": 140}.get(domain, 60)):
        exact = [mpmath.re(function(mpmath.mpf(value))) for value in SAMPLES[domain].tolist()]
    with mpmath.workdps(60):
        return [+value for value in exact]


def in_python(name: str, x: Array) -> Array:
    return np.array([primitives.scalar_value(name, value) for value in x.tolist()])


def in_numpy(name: str, x: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.asarray(primitives.FUNCTIONS[name][1](x), dtype=float)


def in_javascript(name: str, x: Array) -> Array:
    graph = Graph()
    source = to_javascript([graph.call(name, graph.symbol("variable", "x"))], ["x"])
    return np.array([row[0] for row in run_javascript_over(source, x[:, None])])


@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_argument_keep_their_bounds(name: str, target: Target) -> None:
    domain, _, bound = UNARY[name]
    x = SAMPLES[domain]
    with mpmath.workdps(60):
        error, place = worst(compute(name, x, target=target), exact_values(name))
    assert error <= bound, f"{name}({x[place]!r}) errs by {error} ulp"


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize(
    ("way", "computed"),
    [("numpy", in_numpy), ("numpy", in_python), ("javascript", in_javascript)],
)
def test_other_ways_keep_the_bounds_that_are_counted_on(
    way: str, computed: Callable[[str, Array], Array], name: str
) -> None:
    x = SAMPLES[UNARY[name][0]]
    bounds = ULPS[way]
    with mpmath.workdps(60):
        error, place = worst(computed(name, x), exact_values(name))
    assert error <= bounds.get(name, bounds[""]), f"{name}({x[place]!r}) errs by {error} ulp"


def test_machine_code_is_counted_on_for_its_own_bounds() -> None:
    bounds = ULPS["machine"]
    assert all(bound <= bounds.get(name, bounds[""]) for name, (_, _, bound) in UNARY.items())


@pytest.mark.parametrize("degree", [3, 5, 7, 31])
def test_odd_roots_by_other_ways_keep_their_bounds(degree: int) -> None:
    graph = Graph()
    node = graph.root(graph.symbol("variable", "x"), degree)
    x = SAMPLES["line"]
    found = {
        "numpy": primitives.odd_root(x, degree),
        "javascript": [
            row[0] for row in run_javascript_over(to_javascript([node], ["x"]), x[:, None])
        ],
    }
    with mpmath.workdps(50):
        exact = [mpmath.sign(v) * mpmath.root(abs(mpmath.mpf(v)), degree) for v in x.tolist()]
        for way, values in found.items():
            error, place = worst(np.array(values), exact)
            assert error <= ULPS[way].get("root", ULPS[way][""]), (way, x[place], error)


def test_powers_by_other_ways_keep_their_bounds() -> None:
    graph = Graph()
    variables = [graph.symbol("variable", name) for name in "xy"]
    source = to_javascript([graph.power(*variables)], ["x", "y"])
    rng = np.random.default_rng(5)
    wide = np.exp(rng.uniform(-740, 709, COUNT))
    x = np.concatenate([rng.uniform(0, 20, COUNT), wide])
    y = np.concatenate(
        [rng.uniform(-100, 100, COUNT), rng.uniform(-744, 709, COUNT) / np.log(wide)]
    )
    found = {
        "numpy": np.power(x, y),
        "javascript": [row[0] for row in run_javascript_over(source, np.stack([x, y], axis=1))],
    }
    with mpmath.workdps(60):
        pairs = zip(x.tolist(), y.tolist(), strict=True)
        exact = [mpmath.power(mpmath.mpf(a), mpmath.mpf(b)) for a, b in pairs]
        for way, values in found.items():
            error, place = worst(np.array(values), exact)
            assert error <= ULPS[way].get("power", ULPS[way][""]), (way, x[place], y[place], error)


def test_powers_keep_their_bound(target: Target) -> None:
    rng = np.random.default_rng(5)
    wide = np.exp(rng.uniform(-740, 709, COUNT))
    x = np.concatenate([rng.uniform(0, 20, COUNT), wide, 1 + 1e-9 * rng.normal(size=COUNT)])
    y = np.concatenate(
        [
            rng.uniform(-100, 100, COUNT),
            rng.uniform(-744, 709, COUNT) / np.log(wide),
            rng.uniform(-1e11, 1e11, COUNT),
        ]
    )
    with mpmath.workdps(60):
        pairs = zip(x.tolist(), y.tolist(), strict=True)
        exact = [mpmath.power(mpmath.mpf(a), mpmath.mpf(b)) for a, b in pairs]
        error, place = worst(compute("power", x, y, target=target), exact)
    assert error <= 1.0, f"{x[place]!r}**{y[place]!r} errs by {error} ulp"


def test_angles_of_points_keep_their_bound(target: Target) -> None:
    rng = np.random.default_rng(6)
    wide = SAMPLES["line"][: 2 * COUNT]
    y = np.concatenate([rng.normal(size=COUNT), wide, wide])
    x = np.concatenate([rng.normal(size=COUNT), wide[::-1], wide * (1 + 1e-9)])
    with mpmath.workdps(50):
        pairs = zip(y.tolist(), x.tolist(), strict=True)
        exact = [mpmath.atan2(mpmath.mpf(a), mpmath.mpf(b)) for a, b in pairs]
        error, place = worst(compute("atan2", y, x, target=target), exact)
    assert error <= 2.0, f"atan2({y[place]!r}, {x[place]!r}) errs by {error} ulp"


@pytest.mark.parametrize("degree", [3, 5, 7, 31])
def test_odd_roots_keep_their_bound(degree: int, target: Target) -> None:
    x = np.concatenate([SAMPLES["line"], EDGES])
    lanes = Lanes(target.width, fused=target.fused)
    found = evaluate(
        lambda lanes, given: [odd_root(lanes, given[0], degree)], [x], 1, lanes, target
    )
    known = np.isfinite(x)
    with mpmath.workdps(50):
        exact = [
            mpmath.sign(value) * mpmath.root(abs(mpmath.mpf(value)), degree)
            for value in x[known].tolist()
        ]
        error, place = worst(found[0][known], exact)
    assert error <= 1.0, f"the root of {x[known][place]!r} errs by {error} ulp"
    assert same(found[0][~known], x[~known]).all()
    assert (np.signbit(found[0]) == np.signbit(x)).all()


def test_the_slope_of_sinc_errs_little_against_its_parts(target: Target) -> None:
    x = np.concatenate([SAMPLES["angle"], np.linspace(4.49, 4.5, 50)])
    x = x[np.abs(x) > 0.75]
    found = compute("sinc slope", x, target=target)
    with mpmath.workdps(400):
        for value, given in zip(found.tolist(), x.tolist(), strict=True):
            a = mpmath.mpf(given)
            parts = (abs(mpmath.cos(a)) + abs(mpmath.sin(a) / a)) / abs(a)
            assert abs(value - slope(a)) <= 2.0**-51 * parts + 5e-324


def same(found: Array, wanted: Array) -> Any:
    """Tell where two arrays agree: alike in NaN, signed zero and infinity, else to rounding."""
    close = np.isclose(found, wanted, rtol=1e-15, atol=0) & (
        np.signbit(found) == np.signbit(wanted)
    )
    return close | (np.isnan(found) & np.isnan(wanted))


@pytest.mark.parametrize("name", sorted(EMITTERS))
def test_edges_are_those_of_the_primitives(name: str, target: Target) -> None:
    count, function, _ = primitives.FUNCTIONS[name]
    grid = np.meshgrid(*[EDGES] * min(count, 2))
    arguments = [values.ravel() for values in grid]
    if count == 3:
        arguments.append(np.arange(len(arguments[0]), dtype=float))
    with np.errstate(all="ignore"):
        wanted = np.asarray(function(*arguments), dtype=float)
    found = compute(name, *arguments, target=target)
    wrong = ~same(found, wanted)
    assert not wrong.any(), [values[wrong][:5] for values in (*arguments, found, wanted)]


def test_every_primitive_is_there() -> None:
    assert set(EMITTERS) == set(primitives.FUNCTIONS) - {"root"}


def test_remainders_are_exact(target: Target) -> None:
    rng = np.random.default_rng(8)
    a = rng.normal(size=4000) * 10.0 ** rng.uniform(-5, 25, 4000)
    b = rng.normal(size=4000) * 10.0 ** rng.uniform(-5, 5, 4000)
    a[:500] = b[:500] * rng.integers(-1000, 1000, 500)
    b[500:600] *= 1e-305
    wanted = [x % y for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    assert compute("mod", a, b, target=target).tolist() == wanted


@pytest.mark.parametrize("width", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("name", ["sin", "tanh", "atan", "erf", "floor"])
def test_the_number_of_lanes_changes_nothing(name: str, width: int) -> None:
    x = np.concatenate([SAMPLES["angle"][::7], EDGES])
    few, many = compute(name, x, width=width), compute(name, x)
    assert few.tobytes() == many.tobytes()
