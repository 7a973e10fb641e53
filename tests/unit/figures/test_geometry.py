import math
from dataclasses import replace

import numpy as np
import pytest
from portraits import pendulum_portrait, trajectory

from eqpp_dash.figures.geometry import (
    by_role,
    direction_marks,
    field_arrows,
    frame_of,
    join_polylines,
    portrait_frame,
    trajectory_role,
)
from eqpp_dash.model.portrait import ALONG_MANIFOLD, CONNECTED, OrbitEnd, VectorFieldGrid

SQUARE = frame_of((0.0, 1.0), (0.0, 1.0))


@pytest.mark.parametrize(
    ("x", "y", "equal"),
    [((0, 3), (0, 1), True), ((0, 1), (0, 3), True), ((0, 3.1), (0, 1), False)],
)
def test_scales_are_equal_up_to_a_factor_three(x, y, equal):
    assert frame_of(x, y).equal is equal


def test_an_arrow_is_centred_and_points_along_the_field():
    grid = VectorFieldGrid(
        np.array([0.25, 0.75]), np.array([0.5]), np.array([[1.0, 0.0]]), np.array([[0.0, -2.0]])
    )
    arrows = field_arrows(grid, SQUARE).reshape(2, 6, 2)
    tail, tip = arrows[:, 0], arrows[:, 1]
    np.testing.assert_allclose((tail + tip) / 2, [[0.25, 0.5], [0.75, 0.5]])
    assert (tip - tail)[0, 0] > 0
    assert (tip - tail)[0, 1] == pytest.approx(0)
    assert (tip - tail)[1, 1] < 0
    assert np.isnan(arrows[:, -1]).all()


def test_arrows_hold_out_where_the_field_is_undefined_zero_or_huge():
    nan, huge = math.nan, 1e300
    grid = VectorFieldGrid(
        np.linspace(0, 1, 4),
        np.array([0.5]),
        np.array([[nan, 0.0, huge, 1e-300]]),
        np.array([[0.0, 0.0, huge, 1e-300]]),
    )
    arrows = field_arrows(grid, SQUARE).reshape(-1, 6, 2)
    assert len(arrows) == 2  # neither the undefined point nor the equilibrium
    assert np.isfinite(arrows[:, :5]).all()
    assert np.abs(arrows[:, :5] - [[[2 / 3, 0.5]], [[1.0, 0.5]]]).max() < 0.3


def test_arrows_do_not_overlap_their_neighbours():
    portrait = pendulum_portrait()
    frame = portrait_frame(portrait)
    arrows = field_arrows(portrait.field, frame).reshape(-1, 6, 2)
    lengths = np.hypot(*((arrows[:, 1] - arrows[:, 0]) / frame.unit).T)
    assert lengths.max() <= frame.aspect / 29
    assert lengths.max() < 2.1 * lengths.min()


def test_joined_polylines_are_separated_by_one_gap_and_keep_their_ends():
    lines = [
        np.array([[0.0, 0.0], [1.0, 1.0]]),
        np.empty((0, 2)),
        np.array([[0.0, 1.0], [1.0, 0.0]]),
    ]
    joined = join_polylines(lines, SQUARE)
    expected = [[0, 0], [1, 1], [math.nan, math.nan], [0, 1], [1, 0]]
    np.testing.assert_array_equal(joined, expected)


def test_joining_thins_what_the_eye_cannot_see_and_cuts_far_outside():
    dense = np.stack([np.linspace(0, 1, 100_000), np.zeros(100_000)], axis=-1)
    assert 500 < len(join_polylines([dense], SQUARE)) < 2000
    away = np.array([[0.5, 0.5], [1.5, 0.5], [1e6, 0.5], [1.5, 0.6], [0.5, 0.6]])
    joined = join_polylines([away], SQUARE)
    assert np.nanmax(joined) == 1.5
    assert np.isnan(joined[2]).all()
    assert len(joined) == 5


def test_joining_keeps_a_corner_of_small_steps():
    corner = np.array([[0.0, 0.0], [0.5, 0.0], [0.5, 0.5]])
    np.testing.assert_array_equal(join_polylines([corner], SQUARE), corner)


def test_nothing_to_draw_is_an_empty_array():
    assert join_polylines([], SQUARE).shape == (0, 2)
    assert direction_marks([], SQUARE).shape == (0, 2, 2)


def test_heads_lie_on_their_curve_and_point_in_the_direction_of_time():
    line = np.stack([np.linspace(0.9, 0.1, 400), np.full(400, 0.5)], axis=-1)
    ((base, tip),) = direction_marks([line], SQUARE)
    np.testing.assert_allclose(tip, [0.5, 0.5], atol=1e-9)
    assert base[0] > tip[0]
    assert base[1] == tip[1]


def test_heads_count_only_the_way_within_the_window():
    line = np.stack([np.linspace(-9, 0.5, 400), np.full(400, 0.5)], axis=-1)
    marks = direction_marks([line, line + np.array([0.0, 5.0])], SQUARE)
    assert len(marks) == 1
    assert 0 < marks[0, 1, 0] < 0.5


def test_heads_are_thinned_where_curves_run_together():
    x = np.linspace(0.1, 0.9, 400)
    lines = [np.stack([x, np.full(400, 0.5 + 0.001 * k)], axis=-1) for k in range(10)]
    assert len(direction_marks(lines, SQUARE)) == 1
    spread = [line + np.array([0.0, 0.08 * k]) for k, line in enumerate(lines[:4])]
    assert len(direction_marks(spread, SQUARE)) == 4


def test_a_branch_followed_backward_is_stable():
    out = trajectory((1.0, 0.0), backward=0, forward=3, origin="separatrix")
    back = trajectory((1.0, 0.0), backward=3, forward=0, origin="separatrix")
    assert trajectory_role(out) == "unstable"
    assert trajectory_role(back) == "stable"
    # Where both ends are saddles the times say little: the own one is named.
    own, other = OrbitEnd("equilibrium 0", None, ALONG_MANIFOLD), OrbitEnd("equilibrium 1", None)
    assert trajectory_role(replace(back, forward=other, backward=own)) == "unstable"
    assert trajectory_role(replace(out, forward=own, backward=other)) == "stable"
    sure = OrbitEnd("equilibrium 1", None, f"{CONNECTED}proved: a level")
    loop = OrbitEnd("equilibrium 0", None, f"{CONNECTED}verified: a reversor")
    copy = replace(loop, shift=(1.0, 0.0))
    roles = [trajectory_role(replace(out, forward=end, backward=own)) for end in (sure, loop, copy)]
    assert roles == ["heteroclinic", "homoclinic", "heteroclinic"]
    hidden = replace(out, times=out.times[:1], points=out.points[:1])
    assert sum(map(len, by_role([out, hidden]).values())) == 1


def test_every_trajectory_has_a_role():
    portrait = pendulum_portrait()
    none = {"heteroclinic": 0, "homoclinic": 0}
    counts = {role: len(items) for role, items in by_role(portrait.trajectories).items()}
    assert counts == {"seeded": 6, "stable": 4, "unstable": 4, "given": 1} | none
