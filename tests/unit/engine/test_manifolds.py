"""Local manifolds of saddles satisfy the invariance equation, and orbits stay on them."""

import numpy as np
import pytest

from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.jets import FieldJets, taylor_solution
from eqpp_dash.engine.manifolds import (
    LONGEST,
    ORDER,
    RESIDUAL,
    SHORTEST,
    LocalManifold,
    local_manifolds,
)
from eqpp_dash.engine.seeding import saddles_in_window
from eqpp_dash.engine.system import parse_system


def branches(text, window):
    field = parse_system(text).compile()
    found = find_equilibria(field, window).equilibria
    width = np.array([high - low for low, high in window.values()])
    return field, local_manifolds(field, found, saddles_in_window(found), width), width


SMOOTH = [
    ("x' = y; y' = -sin(x) - 0.3*y", {"x": (-4, 4), "y": (-3, 3)}, 8),
    ("x' = x*(3 - x - 2*y); y' = y*(2 - x - y)", {"x": (0.2, 4), "y": (0.2, 4)}, 4),
    ("x' = exp(y) - 1; y' = x/(1 + x^2) + x*y", {"x": (-2, 2), "y": (-2, 2)}, 4),
]


@pytest.mark.parametrize(("text", "window", "count"), SMOOTH)
def test_the_flow_on_a_branch_is_linear_in_its_parameter(text, window, count):
    """phi_t(W(s)) = W(s exp(rate t)), by Taylor integration, away from the saddle and back."""
    field, found, width = branches(text, window)
    assert len(found) == count
    jets = FieldJets.of(field)
    for branch in found:
        assert branch.order == ORDER
        assert branch.residual < 4 * RESIDUAL
        assert branch.radius > 0.01
        time = np.log(4.0) / branch.rate
        start = branch.at(np.array([branch.radius / 4]))[0]
        end = taylor_solution(jets, start, [time]).states[:, 0]
        assert np.abs((end - branch.start) / width).max() < 1e-12


def test_a_lower_order_is_worse_by_its_power():
    """The terms left out are what the residual shows: order 3 errs by about s^4."""
    _, found, _ = branches(*SMOOTH[0][:2])
    branch = found[0]
    rough = LocalManifold(0, branch.rate, branch.side, branch.coefficients[:4], 0.0, 0.0)
    sizes = np.array([0.04, 0.02])
    near, far = np.abs(branch.at(sizes) - rough.at(sizes)).max(axis=1)[::-1]
    assert 14 < far / near < 34


def test_the_lead_takes_the_time_that_the_flow_takes():
    field, found, width = branches(*SMOOTH[0][:2])
    jets = FieldJets.of(field)
    for branch in found[:2]:
        times, points = branch.lead()
        assert (np.diff(times) > 0).all()
        nearest = np.abs((points[-1] - branch.coefficients[0]) / width).max()
        assert nearest == pytest.approx(SHORTEST, rel=1e-4)
        way = -np.sign(branch.rate)
        reached = taylor_solution(jets, branch.start, way * times[:3]).states.T
        assert np.abs(reached - points[:3]).max() < 1e-12


def test_a_branch_ends_before_a_kink():
    kinked = "x' = y; y' = x + 5*abs(x - 0.05) - 0.25 + 5*x"
    _, found, _ = branches(kinked, {"x": (-2, 2), "y": (-2, 2)})
    assert found
    for branch in found:
        side = branch.start[0] - branch.coefficients[0, 0]
        if side > 0:
            assert branch.start[0] < 0.05
        else:
            assert branch.radius == pytest.approx(LONGEST)


def test_where_rounding_spoils_the_series_the_eigenvector_is_left():
    far = "x' = (x - 1000000)*(y - 1); y' = exp(x - 1000000) - 1 - y"
    _, found, _ = branches(far, {"x": (999999, 1000001), "y": (-2, 2)})
    rough = [branch for branch in found if branch.order == 1]
    assert rough
    assert [branch.radius for branch in rough] == pytest.approx([SHORTEST] * len(rough))
    assert all(branch.residual < 1e-9 for branch in rough)
