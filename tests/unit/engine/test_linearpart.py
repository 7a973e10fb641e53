"""Linear parts as limits, where the formula of a field has no derivative."""

from __future__ import annotations

import numpy as np
import pytest

from eqpp_dash.engine.linearpart import limiting_jacobian
from eqpp_dash.engine.points import BY_LIMIT
from eqpp_dash.engine.portrait import compute_portrait
from eqpp_dash.engine.system import parse_system
from eqpp_dash.model.spec import PortraitSpec

WIDE = {"x": (-2.0, 2.0), "y": (-2.0, 2.0)}


@pytest.mark.parametrize(
    ("text", "matrix"),
    [
        ("x' = x - y - x*sqrt(x^2 + y^2); y' = x + y - y*sqrt(x^2 + y^2)", [[1, -1], [1, 1]]),
        ("x' = -x + y*(x^2 + y^2)^(1/3); y' = -2*y + x^2", [[-1, 0], [0, -2]]),
        ("x' = sqrt(x^2 + y^2) - y; y' = x", None),
        ("x' = x*y/sqrt(x^2 + y^2) + x; y' = y", None),
        ("x' = (x^2 + y^2)^(1/3)*x/100 + x; y' = y*sin(1/(x^2 + y^2))", None),
    ],
)
def test_a_limit_is_given_where_there_is_one(text, matrix):
    found = limiting_jacobian(parse_system(text).compile(), np.zeros(2), np.full(2, 4.0))
    if matrix is None:
        assert found is None
    else:
        assert found is not None
        assert np.abs(found[0] - matrix).max() <= 1e-4
        assert (np.abs(found[0] - matrix) <= found[1] + 1e-12).all()


def test_the_textbook_cycle_in_polar_form_goes_round_an_unstable_focus():
    """It is r' = r (1 - r), theta' = 1; the multiplier is exp(-2 pi)."""
    text = "x' = -y + x*(1 - sqrt(x^2 + y^2)); y' = x + y*(1 - sqrt(x^2 + y^2))"
    portrait = compute_portrait(PortraitSpec(text, window=WIDE))
    (item,) = portrait.equilibria
    assert (item.kind, item.index, item.reason) == ("unstable focus", 1, BY_LIMIT)
    assert item.evidence == "numerical"
    assert np.abs(item.eigenvalues - [1 - 1j, 1 + 1j]).max() < 1e-6
    (cycle,) = portrait.limit_cycles
    assert cycle.log_multiplier == pytest.approx(-2 * np.pi, abs=1e-6)


def test_orbits_end_at_a_sink_that_no_neighbourhood_is_proved_for():
    text = "x' = -x + y*(x^2 + y^2)^(1/3); y' = -2*y + x^2"
    portrait = compute_portrait(PortraitSpec(text, analyses=("separatrices",)))
    kinds = [item.kind for item in portrait.equilibria]
    ends = [item.forward.end for item in portrait.trajectories]
    assert f"equilibrium {kinds.index('stable node')}" in ends
