"""A sample of `narratives.py`, which `make thorough` runs on 100 portraits, and faults planted."""

from __future__ import annotations

import pytest
from narratives import faults, judge, specs

from eqpp_dash import PortraitSpec, compute_portrait

WELLS = PortraitSpec(
    "x' = y; y' = x - x^3 - 0.3*y",
    window={"x": (-2, 2), "y": (-1, 1)},
    initial_conditions=((0.5, 0.5),),
    analyses=("equilibria", "separatrices", "cycles", "basins", "trajectories"),
)


@pytest.fixture(scope="module")
def wells():
    return compute_portrait(WELLS).facts()


def test_sentences_about_two_wells_are_borne_out(wells) -> None:
    count, wrong = judge(wells)
    assert wrong == []
    assert count >= 7


@pytest.mark.parametrize("name", ["lotka-volterra.json", "van-der-pol.json"])
def test_sentences_about_the_gallery_are_borne_out(name: str) -> None:
    spec = next(spec for entry, spec in specs(1) if entry == name)
    count, wrong = judge(compute_portrait(spec).facts())
    assert wrong == []
    assert count >= 5


@pytest.mark.parametrize(
    ("text", "ids", "wrong"),
    [
        ("A saddle at (0, 0).", (), "no fact"),
        ("A saddle at (0, 0).", ("equilibrium 7",), "there is no"),
        ("A saddle at (0, 0.1).", ("equilibrium 1",), "0.1 is in no fact"),
        ("Something at (1, −1).", ("equilibrium 0", "equilibrium 2"), "is no point"),
        ("A stable focus at (0, 0).", ("equilibrium 0", "equilibrium 1"), "no stable focus"),
        ("Three stable foci.", ("equilibrium 0", "equilibrium 2"), "Three of what?"),
        ("A cycle is verified.", ("equilibrium 1",), "verified is in no fact"),
        ("Proved by Dulac's criterion with B = 1 + x²): so.", ("structure 1",), "is no expression"),
        ("An eigenvalue is 1.162.", ("equilibrium 1",), "1.162 is in no fact"),
        ("An eigenvalue is 1.161.", ("equilibrium 1",), "1.161 is in no fact"),
    ],
)
def test_faults_are_found(wells, text: str, ids: tuple[str, ...], wrong: str) -> None:
    assert any(wrong in fault for fault in faults(wells, text, ids))


def test_what_is_right_has_no_fault(wells) -> None:
    text = "Two stable foci at (−1, 0) and (1, 0); the saddle at (0, 0) has eigenvalue −1.161."
    assert list(faults(wells, text, ("equilibrium 0", "equilibrium 1", "equilibrium 2"))) == []
