"""Orbits that leave equilibria, or come to them, like a power of the time."""

from __future__ import annotations

import numpy as np
import pytest

from eqpp_dash.engine.portrait import compute_portrait
from eqpp_dash.model.spec import PortraitSpec, TimeSpan

PARTS = ("separatrices",)


def separatrices(text, **more):
    portrait = compute_portrait(PortraitSpec(text, analyses=PARTS, **more))
    found = [item for item in portrait.trajectories if item.origin == "separatrix"]
    return portrait, found


@pytest.mark.parametrize(
    "text",
    [
        "x' = x*y; y' = x^2 - y",
        "x' = x^2*y; y' = x^2 - y^2",
        "x' = x^3; y' = -y",
        "x' = x*y^2; y' = -y + x^3",
    ],
)
def test_separatrices_that_start_slowly_are_drawn_across_the_window(text):
    portrait, found = separatrices(text)
    limits = np.array([portrait.window[name] for name in ("x", "y")])
    assert len(found) == 4
    for item in found:
        ends = (item.forward, item.backward)
        assert sum(end.end == "equilibrium 0" for end in ends) == 1
        assert all(end.end != "time" for end in ends)
        tip = item.points[-1 if item.backward.end == "equilibrium 0" else 0]
        out = np.maximum(limits[:, 0] - tip, tip - limits[:, 1])
        assert out.max() > 0


def test_a_time_that_is_given_is_kept():
    _, found = separatrices("x' = x*y; y' = x^2 - y", time=TimeSpan(span=5.0))
    slow = [item.forward for item in found if item.backward.end == "equilibrium 0"]
    assert [(end.end, end.time) for end in slow] == [("time", 5.0)] * 2


def test_a_separatrix_comes_to_a_node_without_linear_part():
    """In x' = x^3 (x - 1) all orbits between 0 and 1 tend to 0, like 1/sqrt(2 t)."""
    portrait, found = separatrices("x' = x^3*(x - 1); y' = -y^3")
    kinds = [item.kind for item in portrait.equilibria]
    node, saddle = kinds.index("degenerate"), kinds.index("topological saddle")
    (item,) = [item for item in found if item.forward.end == f"equilibrium {node}"]
    assert item.backward.end == f"equilibrium {saddle}"
    assert "attracts all orbits near it" in item.forward.reason


def test_what_leaves_a_small_basin_does_not_end_at_its_node():
    """In x' = x^3 (x^2 - 1e-7) the saddles at ±0.000316 bound the basin of 0; x grows beyond."""
    window = {"x": (-1.0, 1.0), "y": (-1.0, 1.0)}
    _, found = separatrices("x' = x^3*(x^2 - 1e-7); y' = -y", window=window)
    saddles = [float(np.sqrt(1e-7)) * side for side in (-1.0, 1.0)]
    outward = [item for item in found if np.abs(item.points[:, 0]).max() > 3.2e-4]
    assert len(outward) == 2
    for item, saddle in zip(sorted(outward, key=lambda i: i.points[0, 0]), saddles, strict=True):
        assert item.points[-1, 0] / saddle > 1.0
        assert item.forward.end in ("infinity", "time")
