"""A sample of `random_systems.py`, which `make thorough` runs as a whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import random_systems
from random_systems import FAMILIES, RIGHT, compare_equilibria, newton, numpy_field

SEED = 20


@pytest.mark.parametrize(
    ("family", "count"), [("polynomial", 10), ("transcendental", 3), ("without-cycles", 5)]
)
def test_a_sample_of_random_systems(family: str, count: int) -> None:
    answers = list(FAMILIES[family](np.random.default_rng(SEED), count))
    assert len(answers) == count
    assert [(text, answer) for text, answer in answers if answer not in RIGHT] == []
    assert sum(answer == "undecided" for _, answer in answers) <= count // 4


FIVE = "x' = x^3 - x - y; y' = 0.5*x - y^3 + 0.25*y"


def test_the_other_way_finds_all_zeros() -> None:
    zeros = random_systems.distinct(newton(numpy_field("x' = x^3 - x; y' = y^2 - 4"), grid()))
    found = sorted(np.round(zeros, 9).tolist())
    assert found == [[x, y] for x in (-1.0, 0.0, 1.0) for y in (-2.0, 2.0)]


def test_the_pencil_finds_common_zeros() -> None:
    """x^2 + y^2 = 5 and x y = 2: (1, 2), (2, 1) and their opposites."""
    points = random_systems.eliminate(
        {(2, 0): 1.0, (0, 2): 1.0, (0, 0): -5.0}, {(1, 1): 1.0, (0, 0): -2.0}
    )
    for zero in ((1, 2), (2, 1), (-1, -2), (-2, -1)):
        assert np.abs(points.T - zero).max(axis=1).min() <= 1e-6


def grid() -> np.ndarray:
    return random_systems.grid(30)


@pytest.mark.parametrize(("change", "expected"), [("less", "not found"), ("more", "found by us")])
def test_a_planted_fault_is_seen(
    monkeypatch: pytest.MonkeyPatch, change: str, expected: str
) -> None:
    honest = random_systems.find_equilibria
    assert compare_equilibria(FIVE, np.empty((2, 0)), 30) == "equal"

    def faulty(*given: object) -> object:
        found = honest(*given)
        first, *others = found.equilibria
        extra = [replace(first, point=first.point + 0.01), first] if change == "more" else []
        return replace(found, equilibria=(*extra, *others))

    monkeypatch.setattr(random_systems, "find_equilibria", faulty)
    assert compare_equilibria(FIVE, np.empty((2, 0)), 30).startswith(expected)


def test_a_claimed_cycle_is_seen() -> None:
    van_der_pol = "x' = y; y' = (1 - x^2)*y - x"
    assert random_systems.claim_of_cycles(van_der_pol) == "the portrait has a cycle"
