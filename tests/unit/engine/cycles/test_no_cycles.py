"""Systems known to have no cycle: none may be claimed."""

from __future__ import annotations

import os

import numpy as np
import pytest

from .searching import search

COUNT = int(os.environ.get("CYCLE_SYSTEMS", "12"))
"""How many systems; 200 for the whole."""


def powers(rng):
    """Give a random polynomial of degree 4 as coefficients of x^a y^b."""
    return {(a, b): rng.integers(-8, 9) / 4 for a in range(5) for b in range(5 - a)}


def text(terms):
    return " + ".join(f"({c})*x^{a}*y^{b}" for c, a, b in terms) or "0"


def slope(polynomial, axis, factor=1.0):
    terms = []
    for (a, b), c in polynomial.items():
        n = (a, b)[axis]
        if n and c:
            terms.append((factor * c * n, a - (axis == 0), b - (axis == 1)))
    return text(terms)


def gradient(rng):
    potential = powers(rng)
    return f"x' = {slope(potential, 0, -1)}; y' = {slope(potential, 1, -1)}"


def damped(rng):
    """A Hamiltonian field with damping: the divergence has one sign (Bendixson)."""
    energy, sign = powers(rng), rng.choice([-1, 1])
    linear, cubic = rng.integers(1, 5) / 10, rng.integers(1, 9) / 10
    return (
        f"x' = {slope(energy, 1)} + ({sign * linear})*x; "
        f"y' = {slope(energy, 0, -1)} + ({sign * cubic})*y^3"
    )


def competition(rng):
    """Lotka-Volterra with self-limitation: Dulac's function is 1/(x y)."""
    a, b, c, d, e, f = rng.integers(1, 9, 6) / 4
    return f"x' = x*({a} - {b}*x - {c}*y); y' = y*({d} + {e}*x - {f}*y)"


@pytest.mark.parametrize("number", range(COUNT))
def test_no_cycle_is_claimed(number):
    rng = np.random.default_rng(number)
    make = (gradient, damped, competition)[number % 3]
    found = search(make(rng))
    assert found.cycles == ()
    assert found.bands == ()


def test_orbits_that_hardly_move_are_not_followed_for_ever():
    """A line of slow motion through an equilibrium of eigenvalue zero."""
    found = search("x' = x - x^3 - y; y' = y - x - y^3")
    assert found.cycles == found.bands == found.undecided == ()
    assert found.completeness.blind == ()
