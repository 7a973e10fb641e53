"""Expansions of fields: products, derivatives, directions, compositions, speed, deep graphs."""

from __future__ import annotations

import math
import time
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

from eqpp_dash.engine.expression.graph import Graph
from eqpp_dash.engine.jets import (
    COMPLEXES,
    DOUBLES,
    INTERVALS,
    RATIONALS,
    FieldJets,
    IntervalArray,
    Monomials,
    MultiPrecision,
    monomials,
    solution_series,
)
from eqpp_dash.engine.system import parse_system
from eqpp_dash.errors import SpecError

VAN_DER_POL = parse_system("x' = y; y' = mu*(1 - x^2)*y - x")
MIXED = parse_system("x' = sin(x*y)*exp(-x); y' = sqrt(x^2 + y^2)/(1 + y^2) + x^y")


@pytest.mark.parametrize(("n", "degree"), [(1, 9), (2, 6), (3, 5), (4, 4)])
def test_products_are_those_of_polynomials(n: int, degree: int) -> None:
    table = monomials(n, degree)
    assert len(table) == math.comb(n + degree, n)
    assert [table.position(e) for e in table.exponents.tolist()] == list(range(len(table)))
    assert (np.diff(table.exponents.sum(axis=1)) >= 0).all()
    rng = np.random.default_rng(n)
    a, b = rng.integers(-9, 9, (2, len(table), 3)).astype(float)
    wanted = np.zeros_like(a)
    for i, left in enumerate(table.exponents.tolist()):
        for j, right in enumerate(table.exponents.tolist()):
            if sum(left) + sum(right) <= degree:
                wanted[table.position(np.add(left, right).tolist())] += a[i] * b[j]
    assert (DOUBLES.product(a, b, table) == wanted).all()
    exact = RATIONALS.product(RATIONALS.convert(a), RATIONALS.convert(b), table)
    assert (exact == wanted).all()
    enclosed = INTERVALS.product(INTERVALS.convert(a), INTERVALS.convert(b), table)
    assert enclosed.contains(wanted).all()
    for k in range(degree + 1):
        part = wanted[table.parts[k]]
        assert (DOUBLES.convolve(a, b, table, k) == part).all()
        assert INTERVALS.convolve(*map(INTERVALS.convert, (a, b)), table, k).contains(part).all()


def test_tables_are_bounded() -> None:
    with pytest.raises(ValueError, match="too large"):
        Monomials(12, 12)
    with pytest.raises(ValueError, match="no such monomial"):
        monomials(2, 3).position((2, 2))
    with pytest.raises(ValueError, match="variable"):
        Monomials(0, 2)


def test_interval_operations_enclose() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 400)) * 10.0 ** rng.integers(-200, 100, (2, 400))
    b[:20], a[10:30] = 0.0, 0.0
    left, right = INTERVALS.convert(a), INTERVALS.convert(b)
    exact_a, exact_b = (np.array([Fraction(v) for v in row]) for row in (a.tolist(), b.tolist()))

    def holds(found: IntervalArray, exact: Any) -> bool:
        lo, hi = (np.array([Fraction(v) for v in row.tolist()]) for row in (found.lo, found.hi))
        return bool(np.all((lo <= exact) & (exact <= hi)))

    assert holds(left + right, exact_a + exact_b)
    assert holds(left - right, exact_a - exact_b)
    assert holds(1 - left, 1 - exact_a)
    assert holds(left * right, exact_a * exact_b)
    assert holds((left / right)[30:], exact_a[30:] / exact_b[30:])
    assert holds(left / 3, exact_a / 3)
    assert holds(left * math.factorial(24), exact_a * math.factorial(24))
    assert not np.isfinite((left / right).hi[:10]).any()
    exact = left + 0 * right
    assert (exact.lo == a).all()
    assert (exact.hi == a).all()


def test_derivatives_are_those_of_the_field() -> None:
    field = VAN_DER_POL.compile({"mu": 2})
    jets = FieldJets.of(VAN_DER_POL, {"mu": 2})
    points = np.random.default_rng(0).normal(size=(2, 5))
    found = jets.at(points, 3)
    assert found.derivatives(0) == pytest.approx(field(0.0, points))
    assert found.derivatives(1) == pytest.approx(field.jacobian(0.0, points))
    x, y = points
    assert found.derivatives(2)[1, 0, 0] == pytest.approx(-4 * y)
    assert found.derivatives(2)[1, 0, 1] == pytest.approx(-4 * x)
    assert found.derivatives(3)[1, 0, 1, 0] == pytest.approx(np.full(5, -4.0))
    assert found.derivatives(3).shape == (2, 2, 2, 2, 5)
    enclosed = jets.at(points, 3, arithmetic=INTERVALS)
    assert enclosed.derivatives(2).contains(found.derivatives(2)).all()
    step = np.array([0.3, -0.2])
    value = jets.at([0.5, 0.7], 3)(step)
    assert value == pytest.approx(field(0.0, np.array([0.8, 0.5])))


def test_lyapunov_coefficient_from_multilinear_forms() -> None:
    """Kuznetsov's formula for a Hopf point is twice that of Guckenheimer and Holmes, (3.4.11)."""
    system = parse_system("x' = -y + sin(x)*y + x^2 - x*y^2; y' = x + 2*x*y + y^2 - x^2 + y^3/3")
    jets = FieldJets.of(system).at([0, 0], 3)
    a, b, c = (jets.derivatives(order) for order in (1, 2, 3))
    q = np.array([1, -1j]) / np.sqrt(2)
    qb = q.conj()

    def second(u: Any, v: Any) -> Any:
        return np.einsum("ijk,j,k->i", b, u, v)

    terms = (
        np.einsum("ijkl,j,k,l->i", c, q, q, qb)
        - 2 * second(q, np.linalg.solve(a, second(q, qb)))
        + second(qb, np.linalg.solve(2j * np.eye(2) - a, second(q, q)))
    )
    found = (qb @ terms).real / 2
    (f, g), (third_f, third_g) = b, c
    classical = (
        third_f[0, 0, 0] + third_f[0, 1, 1] + third_g[0, 0, 1] + third_g[1, 1, 1]
        + f[0, 1] * (f[0, 0] + f[1, 1]) - g[0, 1] * (g[0, 0] + g[1, 1])
        - f[0, 0] * g[0, 0] + f[1, 1] * g[1, 1]
    ) / 16  # fmt: skip
    assert abs(classical) > 0.1
    assert found == pytest.approx(2 * classical)


def test_directions_and_parameters_and_time() -> None:
    system = parse_system("x' = y + cos(w*t); y' = exp(k*x)*y")
    jets = FieldJets.of(system, {"w": 2}, open_parameters=["k"])
    found = jets.at([0.5, 0.3], 4, by=["x", "k", "t"], t=0.2, parameters={"k": 1.5})
    with mpmath.workdps(30):
        for i, j, k in ((0, 0, 0), (1, 2, 0), (3, 1, 0), (2, 2, 0), (0, 0, 3), (1, 0, 1)):
            for row, function in (
                (0, lambda x, p, t: mpmath.mpf(0.3) + mpmath.cos(2 * t)),
                (1, lambda x, p, t: mpmath.exp(p * x) * mpmath.mpf(0.3)),
            ):
                wanted = mpmath.diff(function, (0.5, 1.5, 0.2), (i, j, k))
                assert float(found.derivative(row, (i, j, k))) == pytest.approx(
                    float(wanted), rel=1e-11, abs=1e-12
                )
    whole = jets.at([0.5, 0.3], 5, parameters={"k": 1.5})
    direction = [0.6, -0.8]
    along = jets.along([0.5, 0.3], direction, 5, parameters={"k": 1.5})
    for k in range(6):
        part = whole.table.parts[k]
        powers = np.prod(np.power(direction, whole.table.exponents[part]), axis=1)
        assert along.coefficients[:, k] == pytest.approx(whole.coefficients[:, part] @ powers)
    two = jets.along([0.5, 0.3], np.array([[1, 1], [1, -1]]), 2, parameters={"k": 1.5})
    assert two.table.variables == 2
    assert two.coefficient(1, (1, 0)) == pytest.approx(whole.coefficients[1, 1:3].sum())
    with pytest.raises(ValueError, match="no value"):
        jets.at([0.5, 0.3], 2)
    with pytest.raises(ValueError, match="neither"):
        jets.at([0.5, 0.3], 2, by=["z"], parameters={"k": 1})
    with pytest.raises(ValueError, match="shape"):
        jets.at([0.5, 0.3, 1], 2, parameters={"k": 1})
    with pytest.raises(SpecError):
        FieldJets.of(system, {"nothing": 1})
    with pytest.raises(KeyError):
        FieldJets(system.components, system.variables)


def test_compositions() -> None:
    table = monomials(1, 8)
    jets = FieldJets.of(MIXED)
    curve = np.zeros((2, len(table), 2))
    curve[0, :3] = [[0.5, 1.0], [1.0, 0.3], [0.2, 0.1]]
    curve[1, :2] = [[0.7, 0.4], [-0.5, 0.25]]
    found = jets.compose(list(curve), table).coefficients
    with mpmath.workdps(40):
        for m in range(2):
            polynomials = [curve[i, :, m].tolist() for i in range(2)]

            def values(s: Any, polynomials: Any = polynomials) -> tuple[Any, Any]:
                x, y = (mpmath.fsum(c * s**k for k, c in enumerate(p)) for p in polynomials)
                first = mpmath.sin(x * y) * mpmath.exp(-x)
                return first, mpmath.sqrt(x * x + y * y) / (1 + y * y) + x**y

            for i in range(2):
                wanted = mpmath.taylor(lambda s, i=i: values(s)[i], 0, 8)  # type: ignore[misc]
                assert found[i, :, m] == pytest.approx(np.array(wanted, dtype=float), rel=1e-9)


def test_complex_directions() -> None:
    jets = FieldJets.of(
        parse_system("x' = sin(x*y)*exp(-x)/y + cbrt(x); y' = x^1.7 + tan(y)*abs(x) + floor(y)")
    )
    directions = np.array([[0.5, 0.5], [-0.5j, 0.5j]])
    found = jets.along([0.6, 0.8], directions, 5, arithmetic=COMPLEXES)
    assert found.smooth
    step = np.array([0.3 + 0.2j, -0.1 + 0.4j])
    real = jets.at([0.6, 0.8], 5)
    assert found(step) == pytest.approx(real(directions @ step), rel=1e-12)
    conjugate = found(np.array([0.3 + 0.2j, 0.3 - 0.2j]))  # a real displacement
    assert np.abs(conjugate.imag).max() < 1e-15
    run = jets.begin(monomials(1, 2), (), COMPLEXES)
    run.inputs["x"][0] = 1j
    with pytest.raises(ValueError, match="real"):
        run.part(0)


@pytest.mark.parametrize("variables", [1, 2])
def test_degree_by_degree_is_the_same_as_at_once(variables: int) -> None:
    """Also where a degree is computed twice, with wrong terms at first."""
    table = monomials(variables, 6)
    jets = FieldJets.of(
        parse_system(
            "x' = sin(x*y)*exp(-x) + atan2(x, 1+y) + tan(x)*asin(y/3) + sin(y)/y;"
            "y' = sqrt(x^2 + y^2)/(1 + y^2) + x^y + cbrt(y) + erf(x) + tanh(x) + x^1.7"
        )
    )
    rng = np.random.default_rng(3)
    series = rng.normal(size=(2, len(table))) / 4
    series[:, 0] = [0.6, 0.8]
    wanted = jets.compose(list(series), table).coefficients
    run = jets.begin(table)
    for k, part in enumerate(table.parts):
        for row, name in zip(series, jets.variables, strict=True):
            run.inputs[name][part] = row[part] + (7.0 if k else 0.0)
        run.part(k)
        for row, name in zip(series, jets.variables, strict=True):
            run.inputs[name][part] = row[part]
        for i, values in enumerate(run.part(k)):
            assert values == pytest.approx(wanted[i, part], rel=1e-12, abs=1e-12)
    assert np.all(run.smooth)


def test_a_stable_manifold_by_parametrisation() -> None:
    """x' = x + y^2, y' = -y: the stable manifold x = -y^2/3, exactly, degree by degree."""
    jets = FieldJets.of(parse_system("x' = x + y^2; y' = -y"))
    table = monomials(1, 6)
    run = jets.begin(table, (1,), RATIONALS)
    run.part(0)
    run.inputs["y"][1] = Fraction(1)
    jacobian, rate = np.array([[1, 0], [0, -1]]), -1
    run.part(1)
    for k in range(2, 7):
        known = [values[0, 0] for values in run.part(k)]
        for i, name in enumerate(jets.variables):  # (k rate - J) p_k = [f(P)]_k
            run.inputs[name][k] = known[i] / Fraction(k * rate - int(jacobian[i, i]))
        run.part(k)
    assert run.inputs["x"][:, 0].tolist() == [0, 0, Fraction(-1, 3), 0, 0, 0, 0]
    assert run.inputs["y"][:, 0].tolist() == [0, 1, 0, 0, 0, 0, 0]


def test_deep_and_shared_graphs() -> None:
    graph = Graph()
    x = graph.symbol("variable", "x")
    node = x
    for _ in range(5000):  # far deeper than Python's recursion limit
        node = graph.call("sin", graph.add(node, graph.one))
    assert FieldJets([node], ["x"]).at([0.3], 1).smooth
    node = x
    for _ in range(200):  # 2^200 nodes, if they were not shared
        node = graph.subtract(graph.multiply(node, node), graph.constant(Fraction(1, 2)))
    jets = FieldJets([node, node], ["x"]).at([0.3], 3)
    assert (jets.coefficients[0] == jets.coefficients[1]).all()
    assert len(FieldJets([node], ["x"])._program._rules) < 1000


def test_high_derivatives_are_enclosed() -> None:
    jets = FieldJets.of(parse_system("x' = exp(x); y' = 1/(1 - y) + (x + 2)^(7/3)"))
    enclosed = jets.at([0.5, 0.25], 24, arithmetic=INTERVALS)
    exact = Fraction(math.factorial(24)) / Fraction(3, 4) ** 25
    found = enclosed.derivative(1, (0, 24))
    assert Fraction(float(found.lo)) <= exact <= Fraction(float(found.hi))
    with mpmath.workdps(40):
        found = enclosed.derivative(1, (20, 0))
        power = math.prod(Fraction(7, 3) - k for k in range(20)) * mpmath.mpf(1)
        assert found.lo <= power * mpmath.mpf("2.5") ** (mpmath.mpf(7) / 3 - 20) <= found.hi


def test_many_points_are_as_each_alone() -> None:
    jets = FieldJets.of(MIXED)
    points = np.random.default_rng(5).uniform(0.2, 2, (2, 3, 4))
    found = jets.at(points, 5)
    assert found.coefficients.shape == (2, 21, 3, 4)
    assert found.smooth.shape == (3, 4)
    enclosed = jets.at(points, 5, arithmetic=INTERVALS)
    with mpmath.workdps(40):
        exact = jets.at(points, 5, arithmetic=MultiPrecision(mpmath.mp))
        assert enclosed.coefficients.contains(exact.coefficients).all()
    for i, j in np.ndindex(3, 4):
        alone = jets.at(points[:, i, j], 5)
        assert alone.coefficients == pytest.approx(found.coefficients[..., i, j], rel=1e-13)


def test_it_is_fast() -> None:
    """Generous bounds: the aims are 1 ms for a point, and vectors for many."""
    jets = FieldJets.of(VAN_DER_POL)
    points = np.random.default_rng(0).normal(size=(2, 1000))
    seconds = {"one": math.inf, "many": math.inf}
    for _ in range(20):
        began = time.thread_time()
        jets.at([0.3, 0.4], 10)
        middle = time.thread_time()
        jets.at(points, 6)
        seconds["one"] = min(seconds["one"], middle - began)
        seconds["many"] = min(seconds["many"], time.thread_time() - middle)
    assert seconds["one"] < 2e-3
    assert seconds["many"] < 1000 * seconds["one"]
    assert seconds["many"] < 0.1


def test_intervals_know_nothing_of_nan_and_refuse_bounds_the_wrong_way_round() -> None:
    field = FieldJets.of(parse_system("x' = x^2"))
    jets = field.at(np.array([np.nan]), 1, arithmetic=INTERVALS)
    assert not jets.smooth
    assert np.isinf(jets.coefficients.lo[0, 1])
    assert np.isinf(jets.coefficients.hi[0, 1])
    with pytest.raises(ValueError, match="above"):
        field.at(IntervalArray(np.ones(1), np.zeros(1)), 1, arithmetic=INTERVALS)


def test_a_remainder_by_zero_is_nowhere_smooth() -> None:
    field = FieldJets.of(parse_system("x' = mod(x, x)"))
    box = IntervalArray(np.array([[-0.5, 1.0]]), np.array([[0.5, 1.5]]))
    assert not field.at(box, 1, arithmetic=INTERVALS).smooth[0]


@pytest.mark.parametrize(
    "kind", [DOUBLES, INTERVALS, MultiPrecision(mpmath.mp)], ids=["doubles", "intervals", "digits"]
)
@pytest.mark.parametrize(
    "text",
    [
        "if x > 0 or y > 0 then x^2 else y",
        "if x > 0 and y > 0 then x^2 else y",
        "max(sign(x), sign(y))*x",
        "abs(heaviside(x))*x",
        "mod(floor(x), 2)*x",
    ],
)
def test_functions_of_steps_are_smooth_between_the_steps(text: str, kind: Any) -> None:
    field = FieldJets.of(parse_system(f"x' = {text}; y' = 0*x"))
    points = np.array([[1.5, 1.5, -1.5, -1.5], [1.5, -1.5, 1.5, -1.5]])
    if kind is INTERVALS and "mod" in text:
        points = points[:, :2]  # the remainder of -2 by 2 is at a jump: nothing is proved
    assert field.at(points, 2, arithmetic=kind).smooth.all()
    steps = np.array([[0.0], [0.0]])
    assert not field.at(steps, 2, arithmetic=kind).smooth.any()


def test_functions_of_steps_are_rational() -> None:
    field = FieldJets.of(parse_system("x' = if x > 0 or y > 0 then x^2 else y; y' = 0*x"))
    assert field.at([3, 4], 1, arithmetic=RATIONALS).derivatives(1)[0].tolist() == [6, 0]


def test_names_that_are_given_twice_or_unknown_are_refused() -> None:
    field = FieldJets.of(VAN_DER_POL, open_parameters=["mu"])
    with pytest.raises(ValueError, match="twice"):
        field.at([1.0, 2.0], 1, by=["x", "x"], parameters={"mu": 1.0})
    with pytest.raises(ValueError, match="nu is no open parameter"):
        field.at([1.0, 2.0], 1, parameters={"mu": 1.0, "nu": 1.0})
    with pytest.raises(ValueError, match="mu has no value"):
        field.compose([[1.0, 1.0], [0.0, 1.0]], monomials(1, 1))


def test_large_tables_are_not_kept() -> None:
    assert monomials(2, 5) is monomials(2, 5)
    assert monomials(1, 1500) is not monomials(1, 1500)


@pytest.mark.parametrize(
    ("text", "low", "high", "bounded"),
    [
        ("sqrt(x)", -2.0, -1.0, False),
        ("sqrt(x)", -1.0, 1.0, False),
        ("sqrt(x)", 0.0, 1.0, True),
        ("sin(log(x))", -2.0, -1.0, False),
        ("exp(-1/x^2)", -1.0, 1.0, False),
        ("asin(x)", 0.5, 1.0, True),
        ("asin(x)", 0.5, 1.5, False),
        ("abs(x)", -1.0, 1.0, True),
        ("if x > 2 then sqrt(-x) else x", 0.5, 1.0, True),
        ("if x > 0 then sqrt(x) else 1", -2.0, 1.0, False),
        ("x^1.5 + 7", -1.0, 0.5, False),
        ("x^(2/5) + 7", -1.0, 0.5, True),  # an odd root
        ("tanh(tan(x))", 1.5, 1.6, False),
    ],
)
def test_intervals_are_bounded_where_all_is_defined(
    text: str, low: float, high: float, bounded: bool
) -> None:
    field = FieldJets.of(parse_system(f"x' = {text}"))
    box = IntervalArray(np.array([low]), np.array([high]))
    jets = field.at(box, 0, arithmetic=INTERVALS)
    series = solution_series(field, box, 2, arithmetic=INTERVALS)
    for found in (jets.coefficients[0, 0], series[0, 1]):
        assert (np.isfinite(found.lo), np.isfinite(found.hi)) == (bounded, bounded)
