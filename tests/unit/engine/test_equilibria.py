from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose

from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.index import winding_number
from eqpp_dash.engine.krawczyk import newton
from eqpp_dash.engine.subdivision import SearchBudget
from eqpp_dash.engine.system import parse_system
from eqpp_dash.errors import SpecError

SQUARE = {"x": (-3.0, 3.0), "y": (-3.0, 3.0)}


def compiled(text, **parameters):
    return parse_system(text).compile(parameters)


def search(text, window=None, **options):
    return find_equilibria(compiled(text), window or SQUARE, **options)


def kinds(result):
    return [(e.kind, e.index) for e in result.equilibria]


def check_sum_of_indices(field, result, window):
    """Winding number of the border = sum of the indices inside (Poincaré)."""
    lo, hi = np.array(list(window.values()), float).T
    border = winding_number(field, lo, hi)
    if border is None:
        return False
    within = [e for e in result.equilibria if ((e.point > lo) & (e.point < hi)).all()]
    if any(e.index is None for e in within):
        return False
    assert border == sum(e.index for e in within) + sum(s.index for s in result.singularities)
    return True


def check_against_newton(field, result, window, rng, starts=300):
    """Newton's method from many random starts finds nothing that the search missed."""
    lo, hi = np.array(list(window.values()), float).T
    ends, last = newton(field, rng.uniform(lo, hi, (starts, 2)).T)
    with np.errstate(invalid="ignore"):
        residual = np.abs(field(0.0, ends)).max(axis=0)
        good = ((lo <= ends.T) & (hi >= ends.T)).all(axis=1)
        good &= (last < 1e-10 * (hi - lo)[:, None]).all(axis=0) & (residual < 1e-8)
    for end in ends[:, good].T:
        gaps = [np.abs(e.point - end).max() for e in result.equilibria]
        assert min(gaps, default=np.inf) < 1e-6, f"missed {end}"
    return int(good.sum())


def random_polynomial(rng):
    terms = [f"x^{i}*y^{j}" for i, j in itertools.product(range(4), repeat=2) if i + j <= 3]
    chosen = [(rng.integers(-9, 10), t) for t in terms if rng.random() < 0.6]
    return " + ".join(f"({c}/3)*{t}" for c, t in chosen) or "x - y"


def test_random_polynomial_systems_are_complete():
    rng = np.random.default_rng(20)
    summed = 0
    for _ in range(50):
        field = compiled(f"x' = {random_polynomial(rng)}; y' = {random_polynomial(rng)}")
        result = find_equilibria(field, SQUARE)
        if result.sets:
            continue
        assert result.completeness.startswith("proved")
        check_against_newton(field, result, SQUARE, rng)
        summed += check_sum_of_indices(field, result, SQUARE)
    assert summed > 35


def test_random_transcendental_systems_are_complete():
    rng = np.random.default_rng(21)
    parts = ["sin(2*x)", "cos(x*y)", "exp(-x^2)", "tanh(3*y)", "x*y", "y", "x^2", "sin(x+y)", "1"]
    parts += ["log(x^2 + 1)", "y/(1 + x^2)", "atan(x - y)", "sqrt(1 + y^2)"]
    summed = 0
    for _ in range(20):
        rows = []
        for _ in range(2):
            chosen = rng.choice(parts, 4, replace=False)
            rows.append(
                " + ".join(
                    f"({c}/2)*{p}" for c, p in zip(rng.integers(1, 7, 4), chosen, strict=True)
                )
            )
        field = compiled(f"x' = {rows[0]} - 2; y' = {rows[1]} - x")
        result = find_equilibria(field, SQUARE)
        assert result.completeness == "proved"
        check_against_newton(field, result, SQUARE, rng)
        summed += check_sum_of_indices(field, result, SQUARE)
    assert summed > 12


def test_proved_errors_are_true_bounds():
    result = search("x' = x^2 - 2; y' = y^2 - 3*x")
    assert len(result.equilibria) == 2
    for equilibrium in result.equilibria:
        x, y = np.sqrt(2), np.sqrt(3 * np.sqrt(2)) * np.sign(equilibrium.point[1])
        assert abs(equilibrium.point - (x, y)).max() <= equilibrium.error + 4e-16
        assert equilibrium.error < 1e-14
        assert (equilibrium.evidence, equilibrium.method) == ("proved", "Krawczyk")


def test_jacobian_and_eigenvectors():
    (equilibrium,) = search("x' = 2*x + y; y' = 2*x - y").equilibria
    assert_allclose(equilibrium.jacobian, [[2, 1], [2, -1]])
    assert_allclose(
        equilibrium.jacobian @ equilibrium.eigenvectors,
        equilibrium.eigenvectors * equilibrium.eigenvalues,
        atol=1e-14,
    )
    assert equilibrium.dimensions == {"stable": 1, "center": 0, "unstable": 1}


def test_location():
    found = search("x' = x*(x - 1)*(x - 1.02)*(x - 3); y' = -y", {"x": (0, 1), "y": (-1, 1)})
    assert [(e.point[0], e.location) for e in found.equilibria] == [
        (0.0, "border"),
        (1.0, "border"),
        (pytest.approx(1.02), "outside"),
    ]


@pytest.mark.parametrize(
    ("text", "kind", "index", "evidence"),
    [
        ("x' = x^2; y' = -y", "undecided", 0, "proved"),
        ("x' = x^2 - y^2; y' = -2*x*y", "undecided", -2, "proved"),
        ("x' = y; y' = x^3", "undecided", -1, "proved"),
        ("x' = y - x^2; y' = y + x^2", "undecided", 0, "proved"),
        ("x' = x^2 - y^2; y' = 2*x*y", "undecided", 2, "proved"),
        ("x' = 1 + sin(x); y' = -y", "undecided", 0, "numerical"),
        ("x' = (x - 1/3)^2 + (y - 1/7)^2; y' = x - 1/3", "undecided", 0, "proved"),
        ("x' = abs(x) - y; y' = -y", "boundary equilibrium", 0, "numerical"),
        ("x' = y; y' = -x + x*y^2", "undecided", 1, "proved"),
    ],
)
def test_degenerate_equilibria_are_undecided_with_reason_and_index(text, kind, index, evidence):
    (equilibrium,) = (e for e in search(text).equilibria if e.location == "inside")
    assert (equilibrium.kind, equilibrium.index) == (kind, index)
    assert equilibrium.evidence == evidence
    assert not equilibrium.hyperbolic
    assert len(equilibrium.reason) > 20


def test_specks_are_told():
    assert search("x' = x^2; y' = -y").completeness == "proved"
    found = search("x' = y - x^2; y' = y + x*sin(x)")
    assert found.completeness.startswith("proved, except within specks")
    assert "near (0, 0)" in found.completeness
    assert found.notices == ()


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("x' = y - x^2; y' = y + x^2", [(0, 0)]),
        ("x' = x^2 + y^2 - 2; y' = x + y - 2", [(1, 1)]),
        ("x' = x^2 + y^2 - 4; y' = x*y - 2", [(-(2**0.5), -(2**0.5)), (2**0.5, 2**0.5)]),
        ("x' = x^2 + y^2 - 2; y' = x + y - 2.000001", []),
    ],
)
def test_exact_algebra_leaves_no_specks(text, points):
    found = search(text)
    assert found.completeness == "proved"
    assert len(found.equilibria) == len(points)
    for equilibrium, point in zip(found.equilibria, points, strict=True):
        assert_allclose(equilibrium.point, point, atol=1e-14)
        assert (equilibrium.evidence, equilibrium.method) == ("proved", "exact algebra")
        assert np.abs(equilibrium.point - point).max() <= equilibrium.error


def test_nearly_double_equilibria():
    found = search("x' = (x - 0.5)^2 - 1e-12; y' = -y")
    assert_allclose([e.point[0] for e in found.equilibria], [0.499999, 0.500001], atol=1e-12)
    assert kinds(found) == [("stable node", 1), ("saddle", -1)]
    assert found.completeness == "proved"


def test_equilibria_just_missed_are_not_invented():
    found = search("x' = (x - 0.5)^2 + 1e-12; y' = -y")
    assert found.equilibria == ()
    assert found.completeness == "proved"


def test_exact_kinds_need_exact_arithmetic():
    assert kinds(search("x' = -x + y; y' = -y")) == [("stable degenerate node", 1)]
    assert kinds(search("x' = -x; y' = -y")) == [("stable star", 1)]
    (e,) = search("x' = x/3 + y - 1/3; y' = y/3").equilibria
    assert (e.kind, e.reason) == ("unstable degenerate node", "")
    (e,) = search("x' = x/3 + y; y' = (1/3 + 1e-30)*y").equilibria
    assert e.kind == "unstable node"


def test_linear_center_is_proved_and_nonlinear_is_not():
    (linear,) = search("x' = y; y' = -x").equilibria
    assert (linear.kind, linear.stability) == ("center", "neutral")
    (weak,) = search("x' = y; y' = -x - x^3").equilibria
    assert weak.kind == "undecided"
    assert "weak focus" in weak.reason
    (slow,) = search("x' = y + 1e-20*x; y' = -x").equilibria
    assert slow.kind == "unstable focus"


def test_linear_with_irrational_coefficients():
    (e,) = search("x' = sqrt(2)*y; y' = -pi*x").equilibria
    assert (e.kind, e.reason) == ("center", "the field is linear up to rounding")
    (e,) = search("x' = sqrt(2)*y + exp(y) - exp(y)*cos(x); y' = -pi*x").equilibria
    assert e.kind == "undecided"


def test_curve_of_equilibria_and_the_isolated_one():
    found = search("x' = y*(x^2 + y^2 - 1); y' = -x*(x^2 + y^2 - 1)")
    (circle,) = found.sets
    assert circle.implicit == "x^2 + y^2 - 1"
    assert len(circle.points) > 30
    assert_allclose(np.hypot(*circle.points.T), 1, atol=1e-9)
    (center,) = found.equilibria
    assert_allclose(center.point, 0, atol=1e-15)
    assert "equilibrium-curve" in {n.code for n in found.notices}


@pytest.mark.parametrize(
    ("text", "implicit", "stability"),
    [
        ("x' = -x; y' = -4*x", "x", "stable"),
        ("x' = 2*(x - y); y' = x^2 - y^2", "x - y", "changes at (1, 1)"),
        ("x' = x*(y^2 - 1); y' = x*y", "x", "changes at (0, -1), (0, 1)"),
        ("x' = x*y; y' = -x", "x", "changes at (0, 0)"),
        ("x' = x/x - 1; y' = -y", "y", "stable"),
        ("x' = 0; y' = y - x^2", "x^2 - y", "unstable"),
        ("x' = y^(1/3); y' = -y", "y", "undecided"),
    ],
)
def test_sets(text, implicit, stability):
    found = search(text)
    (only,) = found.sets
    assert only.implicit in (implicit, "y - x^2")
    assert only.stability == stability
    assert len(only.points) >= 2
    assert found.equilibria == ()


def test_hidden_curve_is_recognised():
    found = search("x' = sin(x)^2 + cos(x)^2 - 1; y' = -y")
    assert [s.implicit for s in found.sets] == ["y"]
    assert found.completeness.startswith("searched")


def test_whole_plane():
    found = search("x' = x - x; y' = 0")
    assert [s.implicit for s in found.sets] == ["0"]
    assert found.equilibria == ()
    assert "every point" in found.notices[0].message


@pytest.mark.parametrize(
    "text", ["x' = 1/x; y' = -y", "x' = 1/x; y' = 1/x - 2*y", "x' = 1/(x - y); y' = 1/(x - y)"]
)
def test_poles_are_no_equilibria(text):
    found = search(text)
    assert found.equilibria == ()
    assert found.completeness == "proved"
    assert "poles" in {n.code for n in found.notices}


def test_tangent_vanishes_only_at_multiples_of_pi():
    found = search("x' = tan(x); y' = -y", {"x": (-5, 5), "y": (-1, 1)})
    assert_allclose([e.point[0] for e in found.equilibria], [-np.pi, 0, np.pi], atol=1e-14)
    found = search("x' = y - tan(x); y' = y", {"x": (-5, 5), "y": (-1, 1)})
    assert_allclose([e.point[0] for e in found.equilibria], [-np.pi, 0, np.pi], atol=1e-14)
    assert found.completeness == "proved"


def test_isolated_singularity_with_its_index():
    found = search("x' = x/(x^2 + y^2) - 1; y' = y/(x^2 + y^2)")
    (pole,) = found.singularities
    assert_allclose(pole.point, 0, atol=1e-12)
    assert pole.index == 1
    assert "division by zero" in pole.reason
    assert [(e.kind, *e.point) for e in found.equilibria] == [("saddle", 1.0, 0.0)]


def test_removable_singularity_is_no_equilibrium():
    found = search("x' = sin(x)/x; y' = -y", {"x": (-10, 10), "y": (-1, 1)})
    k = np.array([-3, -2, -1, 1, 2, 3])
    assert_allclose([e.point[0] for e in found.equilibria], k * np.pi, rtol=1e-14)


def test_jump_is_no_equilibrium_unless_the_field_vanishes_there():
    assert search("x' = sign(x) + 1.5; y' = -y").equilibria == ()
    (e,) = search("x' = y; y' = -sign(x)").equilibria
    assert e.kind == "pseudo-equilibrium"
    assert (e.stability, e.index) == ("undecided", 1)
    assert e.reason == "orbits turn around it; the second order does not decide"


def test_infinitely_many_are_capped():
    found = search("x' = sin(1/x); y' = -y", {"x": (-1, 1), "y": (-1, 1)})
    assert 50 < len(found.equilibria) < 400
    assert "equilibria-many" in {n.code for n in found.notices}
    assert found.completeness.startswith("searched")


def test_huge_and_tiny_windows():
    found = search("x' = y; y' = -x", {"x": (-1e-12, 1e-12), "y": (-1e-12, 1e-12)})
    assert kinds(found) == [("center", 1)]
    found = search(
        "x' = y + x^2 + x*y; y' = -10*x^2 + 2.2*x*y + 0.7*y^2 - 72.7778*x + 0.0015*y",
        {"x": (-6000, 1000), "y": (-10000, 15000)},
    )
    assert kinds(found) == [("stable focus", 1), ("unstable focus", 1)]
    assert found.completeness == "proved"


def test_progress_rises_to_one():
    told = []
    search("x' = sin(3*x) - y; y' = cos(2*y) - x", progress=told.append)
    fractions = [p.fraction for p in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1)
    assert {p.phase for p in told} == {"equilibria"}


def test_too_many_are_listed_in_part_and_told_once():
    found = search("x' = sin(30*x)*y; y' = cos(30*y)")
    assert len(found.equilibria) == 250
    for equilibrium in found.equilibria:
        k, m = 30 * equilibrium.point / np.pi
        assert abs(k - round(k)) < 1e-9
        assert abs(m % 1 - 0.5) < 1e-9
        assert equilibrium.evidence == "proved"
    assert [n.code for n in found.notices] == ["equilibria-many", "equilibria-undecided"]


def test_budget_is_kept_and_told():
    found = search("x' = sin(9*x*y); y' = cos(7*x + y^2)", budget=SearchBudget(boxes=300))
    assert found.completeness.startswith("searched")
    assert "equilibria-undecided" in {n.code for n in found.notices}


def test_results_are_reproducible():
    first, second = (search("x' = sin(x*y); y' = cos(x + y)") for _ in range(2))
    for a, b in zip(first.equilibria, second.equilibria, strict=True):
        assert (a.point == b.point).all()
        assert a.error == b.error


def test_window_must_name_the_variables():
    with pytest.raises(SpecError):
        search("x' = y; y' = -x", {"x": (-1, 1)})


@pytest.mark.parametrize(("power", "index"), [("x^2 - y^2; y' = 2*x*y", 2), ("x; y' = -y", -1)])
def test_winding_number(power, index):
    field = compiled(f"x' = {power}")
    lo, hi = np.array([-0.5, -0.7]), np.array([0.6, 0.4])
    assert winding_number(field, lo, hi) == index
    assert winding_number(field, lo + 2, hi + 2) == 0
    assert winding_number(field, np.zeros(2), hi) is None


def test_other_dimensions():
    found = find_equilibria(compiled("x' = x - x^3"), {"x": (-2, 2)})
    assert [(e.point[0], e.kind, e.index) for e in found.equilibria] == [
        (-1.0, "stable", -1),
        (0.0, "unstable", 1),
        (1.0, "stable", -1),
    ]
    lorenz = compiled("x' = 10*(y - x); y' = x*(28 - z) - y; z' = x*y - 8/3*z")
    window = {"x": (-30, 30), "y": (-30, 30), "z": (-5, 50)}
    found = find_equilibria(lorenz, window)
    assert found.completeness == "proved"
    assert [e.kind for e in found.equilibria] == ["saddle-focus", "saddle", "saddle-focus"]


@pytest.mark.parametrize(
    ("factor", "points"),
    [
        ("x^2 + y^2", []),
        ("x^4 + 2*y^4", []),
        ("(x - 1)^2 + y^2", [(1, 0)]),
        ("(x - 1)^2 + (y^2 - 1)^2", [(1, -1), (1, 1)]),
    ],
)
def test_common_factor_that_vanishes_at_points_gives_isolated_equilibria(factor, points):
    field = compiled(f"x' = -y*({factor}); y' = x*({factor})")
    found = find_equilibria(field, SQUARE)
    assert found.completeness == "proved"
    assert not found.sets
    assert not found.notices
    assert_allclose([e.point for e in found.equilibria], sorted([(0, 0), *points]), atol=1e-12)
    assert all(e.evidence == "proved" for e in found.equilibria)
    for e in found.equilibria:
        assert e.index == winding_number(field, e.point - 0.01, e.point + 0.01)
    assert check_sum_of_indices(field, found, SQUARE)


def test_common_factor_whose_zeros_seem_isolated_is_not_proved_complete():
    found = search("x' = -y*((x - 1)^2 + sin(y)^2); y' = x*((x - 1)^2 + sin(y)^2)")
    assert not found.sets
    assert_allclose([e.point for e in found.equilibria], [(0, 0), (1, 0)], atol=1e-8)
    assert "(x - 1)^2 + sin(y)^2 vanishes only at isolated points" in found.completeness


@pytest.mark.parametrize("factor", ["x^2 + y^2 - 1", "x^3 - y^2 - x^2", "x*y - 1", "x^2 + y^2*x^2"])
def test_common_factor_that_vanishes_on_a_curve_is_a_set(factor):
    found = search(f"x' = -y*({factor}); y' = x*({factor})")
    assert len(found.sets) == 1


def test_a_curve_of_equilibria_too_small_for_a_grid_is_found():
    factor = "((x - 11/10)^2 + 3*y^2 - 3/1000)"
    field = parse_system(f"x' = {factor}*y; y' = -{factor}*x").compile()
    found = find_equilibria(field, {"x": (-3.0, 3.0), "y": (-3.0, 3.0)})
    assert len(found.sets) == 1
    assert found.completeness == "proved"


def test_a_factor_that_may_vanish_without_being_seen_to_leaves_it_open():
    """exp(u) - u - 1 has a zero at u = 0 and no change of sign."""
    factor = "(exp(x - 317/10000) - x - 9683/10000)"
    field = parse_system(f"x' = {factor}*y; y' = -{factor}*x").compile()
    found = find_equilibria(field, {"x": (-3.0, 3.0), "y": (-3.0, 3.0)})
    assert found.sets or found.completeness.startswith("searched")
