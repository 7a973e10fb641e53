"""Zeros of both fields on a surface: stability from the linear parts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from eqpp_dash.engine.filippov.conewise import conewise_stability
from eqpp_dash.engine.portrait import compute_portrait
from eqpp_dash.engine.system import parse_system
from eqpp_dash.model.spec import PortraitSpec

WIDE = {"x": (-2.0, 2.0), "y": (-2.0, 2.0)}


def only(text):
    found = compute_portrait(PortraitSpec(text, window=WIDE, analyses=("equilibria",)))
    (item,) = found.equilibria
    assert item.kind == "boundary equilibrium"
    return item


def test_a_turn_around_two_foci_multiplies_distances_as_the_matrix_exponentials_say():
    """Half a turn of a focus with eigenvalues a ± bi multiplies them by exp(pi a/b)."""
    left, right = np.array([[0.0, -1.0], [1.0, -0.2]]), np.array([[1.0, -1.0], [1.0, -0.2]])
    growth = 0.0
    for matrix in (left, right):
        value = np.linalg.eigvals(matrix)[0]
        growth += math.pi * value.real / abs(value.imag)
    found = conewise_stability(right, left, np.array([1.0, 0.0]))
    assert found is not None
    assert (found.stability, found.index) == ("unstable", 1)
    assert found.words == f"a turn around it multiplies distances by {math.exp(growth):.3g}"
    item = only("x' = max(x, 0) - y; y' = x - 0.2*y")
    assert (item.stability, item.index) == ("unstable", 1)
    assert item.reason.endswith(found.words)


@pytest.mark.parametrize("normal", [(1.0, 0.0), (0.0, 1.0), (1.0, 1.0)])
def test_a_turn_multiplies_distances_alike_though_one_side_is_stiff(normal):
    """The eigenvalues are 2.5 ± 316.2i and -0.015 ± 0.9999i."""
    stiff, slow = np.array([[0.0, 1.0], [-1e5, 5.0]]), np.array([[0.0, 1.0], [-1.0, -0.03]])
    found = conewise_stability(stiff, slow, np.array(normal))
    assert found is not None
    assert found.stability == "stable"
    assert found.words == "a turn around it multiplies distances by 0.978"


@pytest.mark.parametrize(
    ("text", "stability", "index"),
    [
        ("x' = -x + abs(y); y' = -2*y + x", "stable", 1),
        ("x' = abs(x) - y; y' = x - 2*y", "unstable", 0),
        ("x' = y; y' = -x - 0.5*max(y, 0)", "stable", 1),
        ("x' = y + x^2; y' = -x - 0.5*max(y - x^2, 0) + 0.2*x*y", "stable", 1),
    ],
)
def test_stability_agrees_with_orbits_from_a_small_circle(text, stability, index):
    item = only(text)
    assert (item.stability, item.index) == (stability, index)
    field = parse_system(text).compile()
    sizes = []
    for angle in np.linspace(0.1, 2 * np.pi, 12, endpoint=False):
        start = 1e-4 * np.array([np.cos(angle), np.sin(angle)])
        run = solve_ivp(
            lambda t, y: field(0.0, y[:, None])[:, 0], (0, 8), start, rtol=1e-8, atol=1e-12
        )
        sizes.append(float(np.hypot(*run.y[:, -1])))
    assert (max(sizes) < 1e-4) == (stability == "stable")


def test_where_a_turn_changes_nothing_it_is_undecided():
    item = only("x' = -y + abs(x)/2; y' = x")
    assert item.stability == "undecided"


def test_fields_without_a_derivative_have_no_eigenvalues():
    item = only("x' = y + max(x, 0); y' = sqrt(x^2 + y^2)/10 - x + abs(x)*y")
    assert item.reason == "the fields of all sides vanish here, without a derivative"
    assert item.stability == "undecided"
