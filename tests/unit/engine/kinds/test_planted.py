"""Kinds planted in random disguise: they do not depend on coordinates and time."""

from __future__ import annotations

import random

import numpy as np
import pytest

from eqpp_dash.engine.index import winding_number

from .planting import decided, disguised

#: A field, its kind, stability and index at the origin, its sectors (e, h, p).
PLANTED = [
    ("x' = x^2; y' = -y", "saddle-node", "unstable", 0, (0, 2, 1)),
    ("x' = x^4; y' = y", "saddle-node", "unstable", 0, (0, 2, 1)),
    ("x' = x^3; y' = -y", "topological saddle", "unstable", -1, (0, 4, 0)),
    ("x' = -x^3; y' = -y", "stable topological node", "stable", 1, (0, 0, 1)),
    ("x' = x^5; y' = y", "unstable topological node", "unstable", 1, (0, 0, 1)),
    (
        "x' = -y - x*(x^2 + y^2); y' = x - y*(x^2 + y^2)",
        "weak stable focus",
        "stable",
        1,
        None,
    ),
    (
        "x' = -y + x*(x^2 + y^2)^2; y' = x + y*(x^2 + y^2)^2",
        "weak unstable focus",
        "unstable",
        1,
        None,
    ),
    ("x' = y; y' = x^2", "cusp", "unstable", 0, (0, 2, 0)),
    ("x' = y; y' = x^2 + x*y", "cusp", "unstable", 0, (0, 2, 0)),
    ("x' = y; y' = x^4 + x*y", "saddle-node", "unstable", 0, (0, 2, 1)),
    ("x' = y; y' = x^3 - x*y", "topological saddle", "unstable", -1, (0, 4, 0)),
    ("x' = y; y' = -x^3 + 3*x*y", "degenerate", "unstable", 1, (1, 1, 0)),
    ("x' = y; y' = -x^5 - 4*x^2*y", "stable topological node", "stable", 1, (0, 0, 1)),
    ("x' = y; y' = -x^5 + 2*x^2*y", "nilpotent focus", "unstable", 1, None),
    ("x' = y; y' = -x^3 - x^2*y", "nilpotent focus", "stable", 1, None),
    ("x' = y; y' = -x^3 + x^4*y + x^2*y^2", "nilpotent focus", "unstable", 1, None),
    ("x' = y; y' = -x^3 - y^3", "nilpotent focus", "stable", 1, None),
    ("x' = x^2 - y^2; y' = -2*x*y", "degenerate", "unstable", -2, (0, 6, 0)),
    ("x' = x^2 - y^2; y' = 2*x*y", "degenerate", "unstable", 2, (2, 0, 0)),
    ("x' = y^2; y' = x^2", "degenerate", "unstable", 0, (0, 2, 0)),
    ("x' = x^3; y' = -y^3", "degenerate", "unstable", -1, (0, 4, 0)),
    ("x' = -x^3; y' = -y^3", "degenerate", "stable", 1, (0, 0, 1)),
    ("x' = y^2 + x^3; y' = x*y", "degenerate", "unstable", -1, (0, 4, 1)),
    ("x' = -y^3 - x^3; y' = 2*x^3", "degenerate", "stable", 1, None),
    ("x' = y^3 - x^2*y + x^3; y' = -2*x^3", "degenerate", "unstable", 1, None),
    # the leading part is radial: orbits from and to all directions but the tangents
    ("x' = x^2 + y^3; y' = x*y + x^3", "degenerate", "unstable", 1, (1, 1, 0)),
    ("x' = x*(x^2 + 2*y^2); y' = y*(x^2 + 2*y^2) + x^4", "degenerate", "unstable", 1, (0, 0, 1)),
]


@pytest.mark.parametrize("case", PLANTED, ids=lambda case: case[0])
def test_kinds_survive_changes_of_coordinates(case):
    text, kind, stability, index, sectors = case
    source = random.Random(text)
    field = disguised(text, source)
    item = decided(field)
    assert (item.kind, item.stability, item.index) == (kind, stability, index), item.reason
    assert not item.hyperbolic
    assert item.reason
    assert (item.sectors and tuple(item.sectors.values())) == sectors
    if sectors is not None:
        assert item.index == 1 + (sectors[0] - sectors[1]) / 2


@pytest.mark.parametrize(
    "case",
    [c for c in PLANTED if "^5" not in c[0] and "nilpotent" not in c[1]],
    ids=lambda case: case[0],
)
def test_indices_are_winding_numbers(case):
    field = disguised(case[0], random.Random(case[0]))
    counted = [
        winding_number(field, np.full(2, -half), np.full(2, half), depth=14)
        for half in (0.02, 0.005)
    ]
    assert case[3] in counted
    assert set(counted) <= {case[3], None}
