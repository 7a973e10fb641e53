"""Values and slopes of random expressions keep the running error bound, however computed.

``--hypothesis-profile=thorough`` runs 10,000 expressions.
"""

from __future__ import annotations

import ctypes
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from numpy.typing import NDArray

from eqpp_dash.engine.expression.derivative import differentiate
from eqpp_dash.engine.expression.errorbound import WAYS, error_bounds
from eqpp_dash.engine.expression.graph import Graph, Node, topological
from eqpp_dash.engine.expression.propagation import RULES
from eqpp_dash.engine.expression.sources import to_javascript
from eqpp_dash.engine.expression.tape import Tape
from eqpp_dash.engine.expression.text import to_text
from eqpp_dash.engine.machine.build import Code, compile_object, native_target
from eqpp_dash.engine.machine.fieldcode import emit_nodes
from eqpp_dash.engine.machine.lanes import Lanes
from eqpp_dash.engine.machine.routines import module_text
from eqpp_dash.engine.system import parse_system

from ..machine.running import aligned
from .random_graphs import UNARY, VARIABLES, Case, batches, exact
from .test_sources import run_javascript

Array = NDArray[np.float64]
THOROUGH = settings.get_current_profile_name() == "thorough"
LARGEST_BATCH = 60
WANTED = 10_000 if THOROUGH else 2_000


def jacobian(case: Case) -> list[Node]:
    """Give the expression and its slopes in x and y."""
    slopes = [
        differentiate(case.graph, [case.node], case.graph.symbol("variable", name))[0]
        for name in VARIABLES[:2]
    ]
    return [case.node, *slopes]


def in_numpy(cases: Sequence[Case], nodes: Sequence[list[Node]]) -> list[list[float]]:
    found = []
    for case, parts in zip(cases, nodes, strict=True):
        *x, t = case.point
        found.append(Tape(parts, VARIABLES).evaluate(t, np.array(x)[:, None])[:, 0].tolist())
    return found


def in_python(cases: Sequence[Case], nodes: Sequence[list[Node]]) -> list[list[float]]:
    return [
        Tape(parts, VARIABLES).scalar(case.point[3], case.point[:3])
        for case, parts in zip(cases, nodes, strict=True)
    ]


def in_javascript(cases: Sequence[Case], nodes: Sequence[list[Node]]) -> list[list[float]]:
    return run_javascript(
        [
            (to_javascript(parts, VARIABLES), case.point[3], list(case.point[:3]), [])
            for case, parts in zip(cases, nodes, strict=True)
        ]
    )


def in_machine_code(cases: Sequence[Case], nodes: Sequence[list[Node]]) -> list[list[float]]:
    """Compute all in one module, with products and sums fused as in the integrator."""
    target = native_target()
    emitters, functions = [], []
    for i, parts in enumerate(nodes):
        lanes = Lanes(target.width, fused=target.fused, contract=True)
        rows = [lanes.load("%in", row) for row in range(4)]
        inputs: dict[Any, str] = {
            ("variable", n): v for n, v in zip(VARIABLES, rows[:3], strict=True)
        }
        inputs["time"] = rows[3]
        for row, value in enumerate(emit_nodes(lanes, parts, inputs)):
            lanes.store("%out", row, value)
        body = "\n".join(lanes.lines)
        functions.append(
            f"define void @run{i}(ptr %in, ptr %out) {{\nentry:\n{body}\n  ret void\n}}"
        )
        emitters.append(lanes)
    content = compile_object(target, module_text(emitters, functions))
    given, out = aligned((4, target.width)), aligned((3, target.width))
    found = []
    names = [f"run{i}" for i in range(len(cases))]
    with Code(target, content, names) as code:
        for name, case in zip(names, cases, strict=True):
            given[:] = np.array(case.point)[:, None]
            call = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(code.address(name))
            call(given.ctypes.data, out.ctypes.data)
            assert all(row.tobytes() == np.full_like(row, row[0]).tobytes() for row in out)
            found.append(out[:, 0].tolist())
    return found


COMPUTED: dict[str, tuple[str, Callable[..., list[list[float]]]]] = {
    "numpy": ("numpy", in_numpy),
    "Python": ("numpy", in_python),
    "machine code": ("machine", in_machine_code),
    "JavaScript": ("javascript", in_javascript),
}
EXACT = {"abs", "sign", "heaviside", "floor", "ceil"}


@dataclass
class Tally:
    """How many expressions, finite bounds, and among these bounds of at most 1e-12 of the value."""

    cases: int = 0
    values: int = 0
    slopes: int = 0
    sharp: int = 0
    operations: Counter[str] = field(default_factory=Counter)


def check(
    cases: list[Case], computed: dict[str, tuple[str, Callable[..., Any]]], tally: Tally
) -> None:
    """Compare all with mpmath; where the bound is finite, the value must be defined and near."""
    nodes = [jacobian(case) for case in cases]
    results = {name: (WAYS.index(way), run(cases, nodes)) for name, (way, run) in computed.items()}
    for i, (case, parts) in enumerate(zip(cases, nodes, strict=True)):
        *x, t = case.point
        values, errors = error_bounds(parts, VARIABLES, np.array(x)[:, None], t)
        tally.cases += 1
        with mpmath.workdps(80):
            dual = exact(case.node, case.point)
            for j, truth in enumerate((dual.value, *dual.slopes)):
                if not np.isfinite(errors[:, j]).any():
                    continue
                if truth is None and j:  # parts that cancel in the derivative
                    truth = exact(parts[j], case.point).value
                assert truth is not None, (to_text(case.node), j, case.point, errors[:, j])
                tally.values += not j
                tally.slopes += bool(j)
                tally.sharp += bool((errors[:, j] <= 1e-12 * abs(values[j])).all())
                tally.operations.update({node.op for node in topological([parts[j]])})
                for name, (way, found) in results.items():
                    bound = errors[way, j, 0]
                    if math.isfinite(bound):
                        gap = abs(found[i][j] - truth)  # NaN compares as false
                        assert gap <= bound, (
                            f"{name}: {to_text(case.node)} [{j}] at {case.point}: {found[i][j]!r} "
                            f"for {mpmath.nstr(truth, 20)}, off by {mpmath.nstr(gap, 5)} > {bound}"
                        )


PROPERTY = settings(
    max_examples=WANTED // 20,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.timeout(900)
def test_random_expressions_keep_the_running_error_bound() -> None:
    tally = Tally()

    @PROPERTY
    @given(batches(LARGEST_BATCH))
    def run(cases: list[Case]) -> None:
        check(cases, COMPUTED, tally)

    run()
    assert tally.cases >= WANTED
    assert tally.values > 0.7 * tally.cases
    assert tally.slopes > 1.2 * tally.cases
    assert tally.sharp > 0.85 * (tally.values + tally.slopes)
    rare = {name: tally.operations[name] for name in RULES if tally.operations[name] < 10}
    assert set(rare) <= {"sqrt", "power"}  # these are "pow" in the graph


@pytest.mark.parametrize("name", sorted(set(UNARY) - EXACT))
def test_a_little_more_than_rounding_is_noticed(name: str) -> None:
    graph = Graph()
    x = graph.symbol("variable", "x")
    point = 1.3 if name == "acosh" else 0.3
    case = Case(graph, graph.call(name, x), (point, 0.0, 0.0, 0.0))
    check([case], COMPUTED, Tally())

    def spoil(cases: Sequence[Case], nodes: Sequence[list[Node]]) -> list[list[float]]:
        return [[value * (1.0 + 2.0**-49) for value in row] for row in in_numpy(cases, nodes)]

    with pytest.raises(AssertionError, match="spoiled"):
        check([case], {"spoiled": ("machine", spoil)}, Tally())


def bounds_of(text: str, *point: float, **given: Any) -> tuple[float, float]:
    system = parse_system(f"x' = {text}; y' = x + y")
    x = np.array(point)[:, None]
    value, error = error_bounds(system._components[:1], system.variables, x, **given)
    return float(value[0, 0]), float(error[0, 0, 0])


def test_parameters_and_time_are_taken_as_exact() -> None:
    value, error = bounds_of("a*x + t", 0.5, 0.0, t=0.25, parameters={"a": 3.0})
    assert value == 1.75
    assert 0 < error < 1e-15
    with pytest.raises(KeyError):
        bounds_of("a*x", 0.5, 0.0)


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("floor(sqrt(x^2 + y))", (3.0, 0.0)),
        ("floor(min(x, 3 - 1/10^30))", (5.0, 0.0)),
        ("1/(x/3 - y/3 - (x - y)/3)", (0.7, 0.2)),
        ("log(x)", (-1.0, 0.0)),
        ("sqrt(sin(x) - sin(x + y))", (1.0, 1e-18)),
        ("exp(exp(x))", (7.0, 0.0)),
        ("atan2(y, x)", (-1.0, 0.0)),
        ("mod(exp(x), exp(y))", (0.0, 0.0)),
        ("tan(1e20*x)", (1.1, 0.0)),
        ("acosh(cosh(x))", (1e-9, 0.0)),
        ("sin(floor(sqrt(x^2 + y)))", (3.0, 0.0)),
        ("piecewise(1/y > 1/y: 1; 2)", (0.5, 0.0)),
        ("piecewise(exp(x) > exp(y): 1; 2)", (0.5, 0.5)),
    ],
)
def test_nothing_is_claimed_where_rounding_decides(text: str, point: tuple[float, float]) -> None:
    assert bounds_of(text, *point)[1] == np.inf


def test_cancellation_is_seen() -> None:
    value, error = bounds_of("exp(x) - exp(y)", 20.0, 20.0 + 1e-8)
    with mpmath.workdps(40):
        truth = mpmath.exp(20) - mpmath.exp(mpmath.mpf(20.0 + 1e-8))
        assert abs(value - truth) <= error
    assert 1e-10 < error / abs(value) < 1e-6


def test_coefficients_whose_inverse_is_no_double() -> None:
    graph = Graph()
    x = graph.symbol("variable", "x")
    cases = [
        Case(graph, graph.scale(Fraction(1, 10**power), x), (1e10, 0.0, 0.0, 0.0))
        for power in (300, 308, 309, 320)
    ]
    check(cases, COMPUTED, tally := Tally())
    assert tally.values == len(cases)


@pytest.mark.parametrize("below", ["a", "t", "sqrt(a)"])
def test_a_division_by_a_number_that_is_zero_has_no_bound(below: str) -> None:
    nodes = parse_system(f"x' = x + 1/{below}")._components
    _, error = error_bounds(nodes, ["x"], [[2.0]], t=0.0, parameters={"a": 0.0})
    assert np.isinf(error).all()
