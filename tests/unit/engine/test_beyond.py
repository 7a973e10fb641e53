"""Orbits that tend to sinks outside the window end there by name."""

import numpy as np
import pytest

from eqpp_dash.engine import compute_portrait
from eqpp_dash.model.spec import PortraitSpec

CASES = [
    # competing species about their saddle: both axes have a sink, the origin is a source
    (
        "x' = x*(3 - x - 2*y); y' = y*(2 - x - y)",
        {"x": (0.5, 1.6), "y": (0.5, 1.6)},
        {("unstable", (0, 2)), ("unstable", (3, 0)), ("stable", (0, 0))},
    ),
    # Duffing's oscillator between its wells
    (
        "x' = y; y' = x - x^3 - 0.2*y",
        {"x": (-0.5, 0.5), "y": (-0.5, 0.5)},
        {("unstable", (1, 0)), ("unstable", (-1, 0))},
    ),
    # a saddle-node beyond is no hyperbolic sink: nothing is claimed
    ("x' = (x + 1)*(x - 3)^2; y' = -y", {"x": (-1.5, 0), "y": (-1, 1)}, set()),
]


@pytest.mark.parametrize(("text", "window", "expected"), CASES)
def test_separatrices_end_at_sinks_beyond(text, window, expected):
    found = compute_portrait(PortraitSpec(text, window=window))
    inside = [item for item in found.equilibria if item.location != "outside"]
    assert found.equilibria[: len(inside)] == tuple(inside)
    assert len(inside) == 1
    assert found.completeness["equilibria"] == "proved"
    got = set()
    for item in found.separatrices:
        if item.limit.startswith("equilibrium"):
            sink = found.equilibria[int(item.limit.split()[1])]
            assert (sink.location, sink.evidence, sink.hyperbolic) == ("outside", "proved", True)
            got.add((item.branch, tuple(np.round(sink.point, 9).tolist())))
    assert got == expected
    named = {end.end for t in found.trajectories for end in (t.forward, t.backward)}
    numbers = {int(end.split()[1]) for end in named if end.startswith("equilibrium")}
    assert numbers <= set(range(len(found.equilibria)))
