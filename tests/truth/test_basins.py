"""Basins of attraction against starts integrated one and all by the classical Runge-Kutta method.

Three systems in a usual run; ``--hypothesis-profile=thorough`` takes all of them, with more starts.
The starts are one at random in each cell of a grid, so the error of a share is that of the cells on
borders alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import settings
from numpy.typing import NDArray

from eqpp_dash.engine.portrait import compute_portrait
from eqpp_dash.model.portrait import Portrait
from eqpp_dash.model.spec import PortraitSpec

Array = NDArray[np.float64]

THOROUGH = settings.get_current_profile_name() == "thorough"
SIDE = 256 if THOROUGH else 128
WITHIN = 0.002
ESCAPED = 1e3


@dataclass(frozen=True)
class Case:
    """A system twice: as text, and as a function with a rule that reads the last states.

    The rule gives for each name of the portrait's facts (``(x, y)`` for an equilibrium, rounded,
    ``cycle r`` for a cycle with its rightmost x, rounded, or ``infinity``) which starts are its.
    """

    text: str
    window: tuple[tuple[float, float], tuple[float, float]]
    field: Callable[[Array, Array], tuple[Array, Array]]
    time: float
    step: float
    rule: Callable[[Array, Array], dict[str, NDArray[np.bool_]]]


def _near(x: Array, y: Array, *points: tuple[float, float]) -> dict[str, NDArray[np.bool_]]:
    return {
        f"({px:.1f}, {py:.1f})": (np.abs(x - px) < 0.3) & (np.abs(y - py) < 0.3)
        for px, py in points
    }


def _circles(x: Array, y: Array) -> tuple[Array, Array]:
    r = x * x + y * y
    g = (1 - r) * (2 - r) * (3 - r)
    return -y + x * g, x + y * g


PI2 = 2 * math.pi
CASES = {
    "wells": Case(
        "x' = y; y' = x - x^3 - 0.3*y", ((-2, 2), (-2, 2)),
        lambda x, y: (y, x - x * x * x - 0.3 * y), 60, 0.1,
        lambda x, y: _near(x, y, (-1, 0), (1, 0)),
    ),
    "circles": Case(
        "x' = -y + x*(1 - x^2 - y^2)*(2 - x^2 - y^2)*(3 - x^2 - y^2)\n"
        "y' = x + y*(1 - x^2 - y^2)*(2 - x^2 - y^2)*(3 - x^2 - y^2)",
        ((-1.8, 1.8), (-1.8, 1.8)), _circles, 4, 0.003,
        lambda x, y: {"cycle 1.0": x * x + y * y < 2, "cycle 1.7": x * x + y * y >= 2},
    ),
    "blow-up": Case(
        "x' = x^2 - 1; y' = -y", ((-3, 3), (-2, 2)),
        lambda x, y: (x * x - 1, -y), 12, 0.01,
        lambda x, y: {"(-1.0, 0.0)": np.abs(x + 1) < 0.3, "infinity": ~(np.abs(x) < ESCAPED)},
    ),
    "pendulum": Case(
        "x' = y; y' = -sin(x) - 0.5*y", ((-PI2 - 0.5, PI2 + 0.5), (-4, 4)),
        lambda x, y: (y, -np.sin(x) - 0.5 * y), 60, 0.1,
        lambda x, y: _near(x, y, *((PI2 * k, 0) for k in range(-4, 5))),
    ),
    "van der Pol backward": Case(
        "x' = -y; y' = x - (1 - x^2)*y", ((-4, 4), (-4, 4)),
        lambda x, y: (-y, x - (1 - x * x) * y), 30, 0.005,
        lambda x, y: _near(x, y, (0, 0)) | {"infinity": ~(np.hypot(x, y) < 3)},
    ),
    "toggle switch": Case(
        "x' = 4/(1 + y^3) - x; y' = 4/(1 + x^3) - y", ((0, 4), (0, 4)),
        lambda x, y: (4 / (1 + y * y * y) - x, 4 / (1 + x * x * x) - y), 40, 0.05,
        lambda x, y: _near(x, y, (0.06, 4.0), (4.0, 0.06)),
    ),
    "competing species": Case(
        "x' = x*(3 - x - 2*y); y' = y*(2 - x - y)", ((0, 4), (0, 3)),
        lambda x, y: (x * (3 - x - 2 * y), y * (2 - x - y)), 60, 0.02,
        lambda x, y: _near(x, y, (0, 2), (3, 0)),
    ),
    "FitzHugh and Nagumo": Case(
        "x' = x - x^3/3 - y + 0.2; y' = 0.08*(x + 0.7 - 0.8*y)", ((-2.5, 2.5), (-1.5, 2)),
        lambda x, y: (x - x * x * x / 3 - y + 0.2, 0.08 * (x + 0.7 - 0.8 * y)), 300, 0.2,
        lambda x, y: _near(x, y, (-1.07, -0.46)),
    ),
    "two stable states": Case(
        "x' = -x^3 + x + 0.2 + 0.1*y; y' = -y + 0.1*x", ((-2, 2), (-2, 2)),
        lambda x, y: (-x * x * x + x + 0.2 + 0.1 * y, -y + 0.1 * x), 40, 0.05,
        lambda x, y: _near(x, y, (-0.89, -0.09), (1.09, 0.11)),
    ),
    "prey with an Allee threshold": Case(
        "x' = x*(x - 0.2)*(1 - x) - 0.7*x*y; y' = y*(x - 0.58)", ((0, 1.2), (0, 0.6)),
        lambda x, y: (x * (x - 0.2) * (1 - x) - 0.7 * x * y, y * (x - 0.58)), 600, 0.1,
        lambda x, y: {"(0.0, 0.0)": x < 0.02, "cycle": x > 0.15},
    ),
}  # fmt: skip
USUAL = ("wells", "circles", "blow-up")


def brute_force(case: Case) -> dict[str, float]:
    """Give the share of the window of each attractor."""
    random = np.random.default_rng(11)
    cells = np.indices((SIDE, SIDE)).reshape(2, -1) + random.random((2, SIDE * SIDE))
    state = np.stack([a + (b - a) * c / SIDE for (a, b), c in zip(case.window, cells, strict=True)])
    last, live, h = state.copy(), np.arange(SIDE * SIDE), case.step
    with np.errstate(all="ignore"):
        for _ in range(round(case.time / h)):
            k1 = np.stack(case.field(*state))
            k2 = np.stack(case.field(*(state + h / 2 * k1)))
            k3 = np.stack(case.field(*(state + h / 2 * k2)))
            k4 = np.stack(case.field(*(state + h * k3)))
            state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
            gone = ~(np.abs(state) < ESCAPED).all(axis=0)
            if gone.any():
                last[:, live[gone]] = np.inf
                state, live = state[:, ~gone], live[~gone]
    last[:, live] = state
    with np.errstate(invalid="ignore"):
        shares = {name: float(mine.mean()) for name, mine in case.rule(*last).items()}
    assert sum(shares.values()) == pytest.approx(1, abs=1e-4)
    return {name: share for name, share in shares.items() if share}


def portrait_of(case: Case) -> Portrait:
    """Compute the basins and what they rest on."""
    window = dict(zip(("x", "y"), case.window, strict=True))
    return compute_portrait(PortraitSpec(case.text, window=window, analyses=("basins",)))


def shares_of(portrait: Portrait) -> dict[str, float]:
    """Give the shares in the names of the rules."""
    found = {}
    assert portrait.basins is not None
    for item in portrait.basins.basins:
        name = item.of
        if name.startswith("cycle"):
            name = f"cycle {item.point[0]:.1f}"
        elif np.isfinite(item.point).all():
            x, y = np.round(item.point, 1) + 0.0
            name = f"({x:.1f}, {y:.1f})"
        found[name] = item.fraction
    return found


@pytest.mark.parametrize("name", CASES if THOROUGH else USUAL)
def test_shares_are_those_of_brute_force(name):
    expected, found = brute_force(CASES[name]), shares_of(portrait_of(CASES[name]))
    if "cycle" in expected:
        (cycle,) = [known for known in found if known.startswith("cycle")]
        expected[cycle] = expected.pop("cycle")
    for of in expected.keys() | found.keys():
        assert found.get(of, 0.0) == pytest.approx(expected.get(of, 0.0), abs=WITHIN), of


def test_shares_known_exactly():
    circles = shares_of(portrait_of(CASES["circles"]))
    assert circles["cycle 1.0"] == pytest.approx(2 * math.pi / 3.6**2, abs=2e-4)
    assert shares_of(portrait_of(CASES["blow-up"]))["infinity"] == pytest.approx(1 / 3, abs=2e-4)
    toggle = portrait_of(CASES["toggle switch"])
    assert toggle.basins is not None
    for item in toggle.basins.basins:
        assert abs(item.fraction - 0.5) <= 2 * item.error < 2e-4
