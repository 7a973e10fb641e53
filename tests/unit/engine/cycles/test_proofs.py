"""What excludes cycles, and where; and fields that repeat."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from eqpp_dash import PortraitSpec, compute_portrait
from eqpp_dash.engine.cycles import find, find_limit_cycles
from eqpp_dash.engine.cycles.scan import Scan
from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.structure.facts import Kind
from eqpp_dash.engine.structure.find import find_structure
from eqpp_dash.engine.system import parse_system


def proved(text, x=(-3.0, 3.0), y=(-3.0, 3.0), plain=True):
    """Search with all that is proved about a field, and without."""
    field = parse_system(text).compile()
    window = {"x": x, "y": y}
    known = find_equilibria(field, window)
    points = known.equilibria, known.singularities
    structure = find_structure(field, (np.array([x[0], y[0]]), np.array([x[1], y[1]])))
    complete = known.completeness == "proved"
    with_facts = find_limit_cycles(field, window, *points, structure=structure, complete=complete)
    without = find_limit_cycles(field, window, *points) if plain else None
    return with_facts, without, structure


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("x' = x - x^3 - y; y' = y - x - y^3", "none (proved: a gradient field)"),
        ("x' = y; y' = -x - y - x^3", "none (proved: Bendixson)"),
        ("x' = x*(3 - x - 2*y); y' = y*(2 - x - y)", "none (proved: Dulac, by 1/(x*y^2))"),
    ],
)
def test_a_proof_for_the_plane_spares_the_search(text, status):
    found, _, _ = proved(text)
    assert found.completeness.status == status
    assert found.completeness.arcs == 0
    assert found.cycles == found.bands == found.undecided == ()


def test_a_first_integral_leaves_bands_only():
    found, plain, _ = proved("x' = y; y' = x - x^3")
    assert found.completeness.status == "none (proved: a first integral, y^2/2 - x^2/2 + x^4/4)"
    assert found.cycles == found.undecided == ()
    assert sorted(band.equilibria for band in found.bands) == sorted(
        band.equilibria for band in plain.bands
    )
    assert found.completeness.blind == ()


@pytest.mark.parametrize(
    ("text", "reach"), [("x' = y; y' = -sin(x)", 3.0), ("x' = 2*x*(1 - y); y' = -y*(1 - x)", 1.5)]
)
def test_bands_reach_as_far_where_a_proof_spares_their_ends(text, reach, monkeypatch):
    """Pendulum and Lotka-Volterra: the same inner and outer orbits as without the proof."""
    went = Counter()
    to_ends = Scan._go_to_ends

    def counted(scan):
        went["to ends"] += 1
        to_ends(scan)

    monkeypatch.setattr(Scan, "_go_to_ends", counted)
    found, _, _ = proved(text, (0.5, 3.0), (-1.5, 1.5), plain=False)
    assert not went
    monkeypatch.setattr(find, "exclude_cycles", lambda *_: None)
    plain, _, _ = proved(text, (0.5, 3.0), (-1.5, 1.5), plain=False)
    assert went["to ends"] == 1
    assert max(band.outer[0] for band in found.bands) > reach
    for mine, other in zip(found.bands, plain.bands, strict=True):
        np.testing.assert_allclose(mine.inner, other.inner, rtol=0, atol=1e-12)
        np.testing.assert_allclose(mine.outer, other.outer, rtol=0, atol=1e-12)


def test_the_index_excludes_cycles_within_the_window():
    """A saddle alone, then no equilibrium, in fields whose divergence has no sign."""
    found, _, _ = proved(
        "x' = x + y^2*x^2 + y^3; y' = -y + x^3*y^2 + x^2", (-0.4, 0.4), (-0.4, 0.4)
    )
    reason = "index: no equilibrium inside has a positive one"
    assert found.completeness.status == f"none within the window (proved: {reason})"
    found, _, _ = proved("x' = 1 + x^2*y^2 + x*y^2; y' = x - y^3*x^2 + x^3*y")
    assert found.completeness.status == "none within the window (proved: index: no equilibrium)"


def test_where_no_point_moves_nothing_else_is_brought_forward():
    portrait = compute_portrait(PortraitSpec("x' = 0; y' = 0"))
    assert portrait.cycle_coverage.status == "none (proved: no point moves)"


def test_the_index_needs_all_equilibria():
    field = parse_system("x' = 1 + x^2*y^2 + x*y^2; y' = x - y^3*x^2 + x^3*y").compile()
    window = {"x": (-3.0, 3.0), "y": (-3.0, 3.0)}
    assert find_limit_cycles(field, window).completeness.status == "searched"


def test_a_divergence_of_one_sign_on_the_window_is_no_proof_beyond():
    """The van der Pol oscillator, |x| < 1: no cycle within, but one around."""
    found, _, structure = proved("x' = y; y' = (1 - x^2)*y - x", (-0.9, 0.9), (-0.9, 0.9))
    assert [fact.region for fact in structure.of(Kind.DULAC)] == [
        "x from -0.9 to 0.9, y from -0.9 to 0.9"
    ]
    assert found.completeness.status == "none within the window (proved: Bendixson)"
    (cycle,) = found.cycles
    assert cycle.location == "crosses"


def test_where_nothing_is_proved_the_search_says_so():
    found, _, _ = proved("x' = y; y' = (1 - x^2)*y - x")
    assert found.completeness.status == "searched"
    (cycle,) = found.cycles
    assert cycle.stability == "stable"


def test_cycles_are_repeated_with_the_period_of_the_field():
    text = "x' = y; y' = -sin(x) + (3*cos(x) - 2)*y/10"
    found, plain, structure = proved(text, (-7.0, 7.0))
    assert structure.of(Kind.PERIODIC)
    assert 0 < found.completeness.arcs < plain.completeness.arcs
    there = [cycle for cycle in plain.cycles if cycle.location != "outside"]
    assert len(there) == len(found.cycles) == 3
    for cycle in there:
        (same,) = [c for c in found.cycles if abs(c.point[0] - cycle.point[0]) < 0.1]
        assert same.point == pytest.approx(cycle.point, abs=1e-8)
        assert same.period == pytest.approx(cycle.period, abs=1e-8)
        assert same.location == cycle.location
        assert same.equilibria == cycle.equilibria
        assert same.bounds == pytest.approx(cycle.bounds, abs=1e-8)


def test_bands_are_repeated_with_both_periods_of_the_field():
    found = proved("x' = cos(y); y' = sin(x)", (-4.0, 4.0), (-4.0, 4.0), plain=False)[0]
    places = sorted((band.equilibria, band.inner.round(3).tolist()) for band in found.bands)
    assert len({tuple(point) for _, point in places}) == len(places)
    for band in found.bands:
        for k in band.equilibria:
            assert found.completeness.arcs == 2  # of both kinds of centers, one period
            assert np.abs(band.inner - band.outer).max() < 4.0, k


def test_too_many_sections_for_the_budget_are_told():
    field = parse_system("x' = cos(y); y' = sin(x)").compile()
    window = {"x": (-3.0, 3.0), "y": (-3.0, 3.0)}
    told: list[float] = []
    found = find_limit_cycles(field, window, budget=300, progress=told.append)
    assert any("sections were not looked at" in reason for reason in found.completeness.blind)
    assert told == sorted(told)
    assert told[-1] == 1.0
