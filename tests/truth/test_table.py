"""The table of `make truth` tells planted faults from right portraits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import table
import verdicts
from verdicts import Case, planar_cases

from eqpp_dash.model.portrait import Portrait

CASES = {case.name: case for case in planar_cases()}
Change = Callable[[Portrait], Portrait]


@pytest.fixture(scope="module")
def portraits() -> dict[str, Portrait]:
    names = {name for name, *_ in FAULTS}
    return {name: table.judge(CASES[name])[0] for name in names}


def verdict(case: Case, portrait: Portrait) -> str:
    found = [check(case, portrait).verdict for check in verdicts.CHECKS.values()]
    return verdicts.WORDS[max(found)]


def first_equilibrium(**change: object) -> Change:
    return lambda p: replace(p, equilibria=(replace(p.equilibria[0], **change), *p.equilibria[1:]))


def first_cycle(**change: object) -> Change:
    return lambda p: replace(
        p, limit_cycles=(replace(p.limit_cycles[0], **change), *p.limit_cycles[1:])
    )


def scaled_cycle(name: str, factor: float) -> Change:
    return lambda p: first_cycle(**{name: factor * getattr(p.limit_cycles[0], name)})(p)


FAULTS: list[tuple[str, Change, str]] = [
    ("c-lienard-two", lambda p: p, "ok"),
    ("c-lienard-two", scaled_cycle("period", 1 + 2e-8), "wrong"),
    ("c-lienard-two", scaled_cycle("period", 1 + 5e-9), "ok"),
    ("c-lienard-two", scaled_cycle("log_multiplier", 1 + 2e-6), "wrong"),
    ("c-lienard-two", scaled_cycle("period", float("nan")), "wrong"),
    ("c-lienard-two", first_cycle(stability="semi-stable"), "wrong"),
    ("c-lienard-two", first_cycle(location="outside"), "missing"),
    ("c-lienard-two", first_cycle(evidence="numerical"), "undecided"),
    ("c-lienard-two", lambda p: replace(p, limit_cycles=p.limit_cycles[:1]), "missing"),
    ("c-lienard-two", lambda p: replace(p, limit_cycles=p.limit_cycles * 2), "wrong"),
    ("h-fisher", lambda p: p, "ok"),
    ("h-fisher", lambda p: replace(p, equilibria=p.equilibria[:1]), "missing"),
    ("h-fisher", lambda p: replace(p, equilibria=p.equilibria * 2), "wrong"),
    ("h-fisher", first_equilibrium(kind="stable node"), "wrong"),
    ("h-fisher", first_equilibrium(kind="undecided"), "wrong"),
    ("h-fisher", first_equilibrium(index=-1), "wrong"),
    ("h-fisher", first_equilibrium(index=None), "wrong"),
    ("h-fisher", first_equilibrium(evidence="numerical"), "undecided"),
    ("h-fisher", lambda p: replace(p, completeness={"equilibria": "searched"}), "undecided"),
    ("h-fisher", lambda p: replace(p, trajectories=()), "missing"),
    ("p-monkey", lambda p: p, "ok"),
    ("p-monkey", first_equilibrium(kind="undecided", index=None), "undecided"),
    ("p-monkey", first_equilibrium(kind="saddle"), "wrong"),
    ("p-monkey", lambda p: replace(p, separatrices=p.separatrices[1:]), "missing"),
    ("p-monkey", lambda p: replace(p, separatrices=p.separatrices * 2), "wrong"),
    ("p-line-of-equilibria", lambda p: p, "ok"),
    ("p-line-of-equilibria", lambda p: replace(p, equilibrium_sets=()), "missing"),
    (
        "p-line-of-equilibria",
        lambda p: replace(p, system=replace(p.system, structure=())),
        "missing",
    ),
    (
        "p-line-of-equilibria",
        lambda p: replace(
            p,
            system=replace(p.system, structure=({"type": "conserved", "expression": "x + y"},)),
        ),
        "wrong",
    ),
    ("h-duffing-conservative", lambda p: p, "ok"),
    ("h-duffing-conservative", lambda p: replace(p, connections=p.connections[:1]), "missing"),
    ("h-duffing-conservative", lambda p: replace(p, connections=p.connections * 2), "wrong"),
    (
        "h-duffing-conservative",
        lambda p: replace(p, audit=replace(p.audit, consistent=False, notes=("one is missing",))),
        "wrong",
    ),
    ("p-source-uniform", lambda p: p, "ok"),
    ("p-source-uniform", lambda p: replace(p, singularities=()), "missing"),
]


@pytest.mark.parametrize(("name", "change", "expected"), FAULTS)
def test_what_is_planted_is_seen(
    portraits: dict[str, Portrait], name: str, change: Change, expected: str
) -> None:
    assert verdict(CASES[name], change(portraits[name])) == expected


def test_every_planar_autonomous_system_is_there() -> None:
    assert len({case.system["id"] for case in CASES.values()}) == 50
    assert len(CASES) == 51
    assert sum(bool(case.of("limit_cycles")) for case in CASES.values()) == 51
    assert sum(bool(case.of("equilibria")) for case in CASES.values()) == 49


def test_the_table_ends_with_its_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    assert table.main(["p-monkey"]) == 0
    assert "1 portraits, 1 equilibria, 0 limit cycles: 1 ok" in capsys.readouterr().out
