"""What benchmarks/beside.py counts: no tool gains or loses by how it is counted."""

import importlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from eqpp_dash import parse_system

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
MODULES = ("counting", "known", "plain", "finders")


@pytest.fixture(scope="module")
def bench() -> Iterator[SimpleNamespace]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        before = set(sys.modules)
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in MODULES})
        for name in set(sys.modules) - before:
            if str(BENCHMARKS) in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]


@pytest.fixture
def systems(bench: SimpleNamespace) -> dict:
    return {one.name: one for one in bench.known.known_systems()}


def perfect(bench, known):
    """Claim just what is there."""
    points = [one.point for one in known.equilibria]
    return bench.counting.Findings(
        known.equilibria,
        int(known.curve is not None),
        known.cycles,
        0,
        tuple((points[a], points[b]) for a, b in known.connections),
    )


def test_ten_systems_each_with_what_is_there(bench, systems) -> None:
    assert len(systems) == 10
    total = sum(
        (bench.counting.count(one, perfect(bench, one)) for one in systems.values()),
        bench.counting.Count(),
    )
    assert (total.right, total.equilibria, total.undecided, total.wrong_kinds) == (20, 20, 0, 0)
    assert (total.curves_found, total.cycles_found, total.connections_found) == (1, 4, 2)
    assert (total.cycles, total.connections, total.wrong) == (4, 2, [])
    assert total.period_errors == [0.0] * 4


def test_nothing_found_is_nothing_wrong(bench, systems) -> None:
    for known in systems.values():
        made = bench.counting.count(known, bench.counting.Findings())
        assert (made.found, made.cycles_found, made.connections_found, made.wrong) == (0, 0, 0, [])


def test_kinds_are_right_wrong_or_undecided(bench, systems) -> None:
    known = systems["p-rabbits-sheep"]
    claims = [replace(one, kind=None) for one in known.equilibria]
    claims[0] = replace(claims[0], kind="saddle")
    claims[1] = known.equilibria[1]
    made = bench.counting.count(known, bench.counting.Findings(tuple(reversed(claims))))
    assert (made.right, made.wrong_kinds, made.undecided, made.found) == (1, 1, 2, 4)
    assert made.wrong == ["saddle instead of unstable node at (0.0, 0.0)"]


def test_claims_of_what_is_not_there(bench, systems) -> None:
    point = bench.counting.Equilibrium
    made = bench.counting.count(
        systems["c-vdp-1"],
        bench.counting.Findings(
            (point((0.0, 0.0)), point((1e-4, 0.0)), point((1.0, 0.0))),
            1,
            (bench.counting.Cycle(6.6633, "unstable"), bench.counting.Cycle(7.0, "stable")),
            1,
            (((0.0, 0.0), (0.0, 0.0)),),
        ),
    )
    assert made.found == 1
    assert [text.split(":")[0] for text in made.wrong[:2]] == [
        "equilibrium found twice",
        "equilibrium does not exist",
    ]
    assert len(made.wrong) == 6
    assert (made.cycles_found, made.cycles_undecided) == (0, 1)


def test_equilibria_close_together_are_not_taken_for_each_other(bench, systems) -> None:
    saddle = bench.counting.Equilibrium((0.500001, 0.0), "saddle")
    made = bench.counting.count(systems["p-near-double"], bench.counting.Findings((saddle,)))
    assert (made.right, made.found, made.wrong) == (1, 1, [])
    middle = replace(saddle, point=(0.5, 0.0))
    made = bench.counting.count(systems["p-near-double"], bench.counting.Findings((middle,)))
    assert (made.found, len(made.wrong)) == (0, 1)


def test_points_of_a_curve_of_equilibria_are_wrong_only_with_a_kind(bench, systems) -> None:
    claim = bench.counting.Equilibrium((0.6, 0.8))
    findings = bench.counting.Findings((claim, replace(claim, point=(-0.6, 0.8), kind="center")))
    made = bench.counting.count(systems["p-circle-of-equilibria"], findings)
    assert (made.points_of_curves, made.curves_found, made.found) == (2, 0, 0)
    assert made.wrong == ["center on a curve of equilibria at (-0.6, 0.8)"]


def test_equal_periods_are_told_apart_by_stability(bench, systems) -> None:
    known = systems["c-subcritical-hopf"]
    stable = bench.counting.Cycle(2.0 * np.pi * (1 + 1e-6), "stable")
    made = bench.counting.count(known, bench.counting.Findings((), 0, (stable, stable), 2))
    assert (made.cycles_found, made.cycles_undecided) == (1, 1)
    assert made.wrong == ["stable cycle of period 6.28319"]
    assert made.period_errors == [pytest.approx(1e-6)]


def test_peers_get_the_same_fields(bench, systems) -> None:
    for known in systems.values():
        field = bench.finders.python_field(known)
        system = parse_system("\n".join(known.equations), declared=known.parameters)
        at = dict(zip(known.window, (0.37, -0.61), strict=True))
        value = system.derivative(at, parameters=known.parameters)
        assert field(*at.values()) == pytest.approx(tuple(value.values()), rel=1e-12)


def test_the_plain_script_reads_returns(bench) -> None:
    low, high = np.array([-2.0, -2.0]), np.array([2.0, 2.0])
    times = np.arange(1.0, 201.0, 2.0)

    def read(radii, rests=()):
        points = np.array([radii, np.zeros(100)]).T
        return bench.plain.read_returns(times, points, "stable", low, high, list(rests))

    settling = 1.0 + 0.5 * 0.5 ** np.arange(100)
    assert [(one.period, one.stability) for one in read(settling)] == [(2.0, "stable")]
    assert read(np.ones(100)) == [], "a closed orbit of a band"
    assert read(settling - 1.0, [np.zeros(2)]) == [], "a focus"
    assert read(1.0 + 1.0 / np.arange(1.0, 101.0)) == [], "still moving"
    assert read(settling + 2.0) == [], "beyond the window"


def test_the_plain_script_is_at_its_best(bench, systems, monkeypatch) -> None:
    def number(name):
        field = bench.finders.python_field(systems[name])
        low, high = np.array(list(systems[name].window.values())).T
        found = bench.plain.find_equilibria(lambda _, p: list(field(*p)), low, high)
        return len(found)

    monkeypatch.setattr(bench.plain, "STARTS", 6)
    assert (number("p-near-double"), number("p-saddle-node")) == (2, 1)
    monkeypatch.setattr(bench.plain, "SAME", 1e-6)
    assert number("p-near-double") == 1
