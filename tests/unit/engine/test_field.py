from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from eqpp_dash.engine.field import sample_field, window_limits
from eqpp_dash.engine.system import parse_system
from eqpp_dash.errors import SpecError


def compiled(text, **parameters):
    return parse_system(text).compile(parameters)


def test_grid_fills_the_window_row_by_row():
    field = compiled("x' = x + 10*y; y' = x*y")
    grid = sample_field(field, {"x": (0, 4), "y": (-1, 1)}, (4, 2))
    assert_allclose(grid.x, [0.5, 1.5, 2.5, 3.5])
    assert_allclose(grid.y, [-0.5, 0.5])
    assert grid.u.shape == grid.v.shape == (2, 4)
    assert_allclose(grid.u[1], grid.x + 5)
    assert_allclose(grid.v[0], -0.5 * grid.x)


def test_undefined_is_nan_in_both_components():
    grid = sample_field(compiled("x' = sqrt(x); y' = -y"), {"x": (-1, 1), "y": (-1, 1)})
    assert grid.u.shape == (25, 25)
    assert (np.isnan(grid.u) == np.isnan(grid.v)).all()
    assert (np.isnan(grid.u[0]) == (grid.x < 0)).all()


def test_infinite_counts_as_undefined():
    grid = sample_field(compiled("x' = exp(1000*x); y' = -y"), {"x": (-1, 1), "y": (-1, 1)})
    assert np.isnan(grid.u[0, -1])
    assert np.isfinite(grid.u[0, 0])


def test_constant_component_has_the_full_shape():
    grid = sample_field(compiled("x' = 1; y' = 0*x"), {"x": (-1, 1), "y": (-1, 1)}, (3, 5))
    assert (grid.u == 1).all()
    assert grid.v.shape == (5, 3)


def test_order_is_that_of_the_variables():
    field = compiled("u' = v; v' = -u")
    lo, hi = window_limits(field, {"v": (0, 1), "u": (-2, 3)})
    assert lo.tolist() == [-2, 0]
    assert hi.tolist() == [3, 1]


@pytest.mark.parametrize("window", [{"x": (0, 1)}, {"x": (0, 1), "y": (0, 1), "z": (0, 1)}])
def test_window_must_fit_the_variables(window):
    with pytest.raises(SpecError, match=r"window\.[yz]"):
        window_limits(compiled("x' = y; y' = -x"), window)
