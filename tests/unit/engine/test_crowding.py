"""Pictures stay clean: cycles are drawn once, and curves end where they would only retrace."""

import numpy as np

from eqpp_dash.engine import compute_portrait
from eqpp_dash.engine.crowding import cut_crowded
from eqpp_dash.engine.orbits import Problem
from eqpp_dash.engine.system import parse_system
from eqpp_dash.model.portrait import OrbitEnd, Trajectory
from eqpp_dash.model.spec import PortraitSpec

CYCLE = PortraitSpec(
    "r2 = x^2 + y^2; x' = 0.1*x*(1 - r2) - y; y' = 0.1*y*(1 - r2) + x",
    window={"x": (-2.0, 2.0), "y": (-2.0, 2.0)},
)
PROBLEM = Problem(parse_system("x' = 1; y' = 0").compile({}), np.zeros(2), np.full(2, 2.0), 10.0)


def line(height, origin="seeded", *, bend=None):
    x = np.linspace(-0.9, 0.9, 181)
    y = np.full(181, height) if bend is None else np.where(x < 0, height, height + bend * x)
    end = OrbitEnd("time", 1.0)
    return Trajectory(np.array([x[0], y[0]]), x + 0.9, np.stack([x, y], axis=1), end, end, origin)


def test_a_cycle_that_was_not_searched_is_drawn_as_one_turn() -> None:
    portrait = compute_portrait(CYCLE.replace(analyses=("equilibria", "trajectories")))
    first = next(item for item in portrait.trajectories if item.origin == "seeded")
    assert np.abs(np.hypot(*first.points.T) - 1.0).max() < 2e-3
    assert abs(first.times[-1] - first.times[0] - 2 * np.pi) < 1e-2


def test_spirals_onto_a_cycle_draw_no_band() -> None:
    portrait = compute_portrait(CYCLE)
    points = np.concatenate(
        [
            np.stack([np.interp(s, np.arange(len(t.points)), t.points[:, k]) for k in range(2)], 1)
            for t in portrait.trajectories
            for s in [np.linspace(0, len(t.points) - 1, 20 * len(t.points))]
        ]
    )
    turned = np.arctan2(points[:, 1], points[:, 0])
    near = np.hypot(*points.T)[(np.abs(turned) < 0.002)]
    crossings = np.unique(np.round(near[(near > 0.9) & (near < 1.1)] / 2e-3))
    assert 1 <= crossings.size < 25


def test_a_curve_beside_another_is_left_out() -> None:
    kept = cut_crowded(PROBLEM, [line(0.0), line(0.005), line(0.1)])
    assert [item.start[1] for item in kept] == [0.0, 0.1]


def test_only_the_last_part_is_cut() -> None:
    away, back = line(0.004, bend=0.5), line(0.0)
    joining = Trajectory(
        away.points[-1],
        away.times - away.times[-1],
        away.points,
        away.forward,
        away.backward,
        "separatrix",
    )
    _, whole = cut_crowded(PROBLEM, [back, away])
    assert len(whole.points) == len(away.points)
    _, cut = cut_crowded(PROBLEM, [back, joining])
    assert len(cut.points) < 110
    assert (cut.points[-1] == away.points[-1]).all()


def test_given_curves_stay_whole() -> None:
    kept = cut_crowded(PROBLEM, [line(0.0), line(0.005, "given")])
    assert [len(item.points) for item in kept] == [181, 181]


def test_a_separatrix_that_leaves_the_window_is_drawn_up_to_its_border() -> None:
    leaving, *drawn = line(0.004, "separatrix"), line(0.0), line(0.0, "separatrix")
    for item in (leaving, *drawn):
        item.points[:, 0] += 0.2  # they end at 1.1
    for skeleton in drawn:
        assert len(cut_crowded(PROBLEM, [skeleton, leaving])[1].points) == 181
        assert len(cut_crowded(PROBLEM, [skeleton, leaving], to_border=False)[1].points) < 10
    staying = line(0.004, "separatrix")
    assert len(cut_crowded(PROBLEM, [line(0.0), staying])[1].points) < 10
