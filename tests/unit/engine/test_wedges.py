"""Wedges at equilibria with one eigenvalue zero: what is in them tends to their tip."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.portrait import compute_portrait
from eqpp_dash.engine.system import parse_system
from eqpp_dash.engine.wedges import attracting_wedges
from eqpp_dash.model.spec import ANALYSES, PortraitSpec

WIDTH = np.array([4.0, 4.0])
ROOT = 2.0**0.5

CASES = [
    ("x' = x^2; y' = -y", (0, 0), 1.0, [-1]),
    ("x' = -x^2 + y^2; y' = -y + x*y", (0, 0), 1.0, [1]),
    ("x' = y; y' = -x^3 - y", (0, 0), 1.0, [1, -1]),
    ("x' = x^3; y' = y - x^2", (0, 0), -1.0, [1, -1]),
    ("x' = (x^2 - 2)^2*(1 + y); y' = -y + x^2 - 2", (ROOT, 0), 1.0, [-1]),
    ("x' = 1 - cos(x) + y*sin(x); y' = -y + x^2", (0, 0), 1.0, [-1]),
    ("x' = -x^5 + y^2; y' = -2*y + x^3", (0, 0), 1.0, [1, -1]),
]
"""Equations, an equilibrium, the direction of time, and on which sides of it orbits tend to it."""


def wedges(text, point, way):
    field = parse_system(text).compile()
    found = find_equilibria(field, {"x": (-2.0, 2.0), "y": (-2.0, 2.0)}).equilibria
    item = min(found, key=lambda item: float(np.abs(item.point - point).max()))
    assert np.abs(item.point - point).max() < 1e-12
    return field, attracting_wedges(field, item, way, WIDTH)


@pytest.mark.parametrize(("text", "point", "way", "sides"), CASES)
def test_orbits_stay_in_a_wedge_and_come_nearer(text, point, way, sides):
    """Starts on the edges of the wedge are followed by another integrator."""
    field, found = wedges(text, point, way)
    assert [wedge.side for wedge in found] == sides
    for wedge in found:
        order = wedge.curve.size - 1
        columns = np.linalg.inv(wedge.inverse)
        u = wedge.side * wedge.length * np.array([0.999, 0.999, 0.5, 0.5])
        off = 0.999 * wedge.share * np.abs(u) ** order * np.array([1, -1, 1, -1])
        starts = (
            columns @ np.array([u, np.polyval(wedge.curve[::-1], u) + off]) + wedge.point[:, None]
        )
        assert wedge.holds(starts).all()
        for start in starts.T:
            run = solve_ivp(
                lambda t, y: way * field(0.0, y[:, None])[:, 0],
                (0.0, 30.0),
                start,
                method="Radau",
                rtol=1e-9,
                atol=1e-12,
            )
            assert wedge.holds(run.y).all()
            nearness = np.abs(wedge.inverse[0] @ (run.y - wedge.point[:, None]))
            assert (np.diff(nearness) < 0).all()


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("x' = x^2; y' = y", 1.0),  # orbits leave along the other eigenvector
        ("x' = x^3; y' = -y", 1.0),  # a saddle: they leave along the center manifold
        ("x' = -x; y' = -2*y", 1.0),  # no eigenvalue is zero
        ("x' = x^2; y' = -y^3", 1.0),  # both are
    ],
)
def test_no_wedge_where_none_is(text, way):
    assert not wedges(text, (0, 0), way)[1]


def test_separatrices_and_half_planes_that_tend_to_a_saddle_node():
    """In x' = x^2 - x^4 all orbits between -1 and 0 tend to the saddle-node at 0."""
    limits = {"x": (-2.0, 2.0), "y": (-1.0, 1.0)}
    spec = PortraitSpec("x' = x^2 - x^4; y' = -y", window=limits, analyses=ANALYSES)
    portrait = compute_portrait(spec)
    left = [
        item.forward
        for item in portrait.trajectories
        if item.origin == "separatrix" and item.backward.end == "equilibrium 0"
    ]
    assert sorted(end.end for end in left) == ["equilibrium 1", "infinity"]
    assert portrait.basins is not None
    shares = {item.of: item for item in portrait.basins.basins}
    for of, share in {"equilibrium 1": 0.25, "equilibrium 2": 0.5, "infinity": 0.25}.items():
        assert shares[of].fraction == pytest.approx(share, abs=2e-3)
    assert shares["equilibrium 1"].evidence == "verified"
