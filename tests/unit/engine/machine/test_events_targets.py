"""Trajectories end near points."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from eqpp_dash.engine.machine import kernels
from eqpp_dash.engine.machine.integrate import End, Integrator, SectionEvent, Targets
from eqpp_dash.engine.system import parse_system

Array = NDArray[np.float64]
WELLS = "x' = y; y' = x - x^3 - y/4"


@pytest.fixture(scope="module", params=[True, False], ids=["machine", "numpy"])
def wells(request: pytest.FixtureRequest) -> Iterator[Integrator]:
    system = parse_system(WELLS)
    with Integrator.of(system, sections=["x"], machine=request.param) as integrator:
        yield integrator


def grid(count: int) -> Array:
    side = np.linspace(-2, 2, count)
    return np.array(np.meshgrid(side, side)).reshape(2, -1)


def test_basins_of_two_wells(wells: Integrator) -> None:
    starts = grid(24)
    targets = Targets([[1.0, -1.0], [0.0, 0.0]], 0.3)
    result = wells.propagate(starts, 300.0, targets=targets, rtol=1e-7, atol=1e-7)
    assert (result.ends == End.TARGET).all()
    assert (result.section == -1).all()
    exact = wells.propagate(starts, 150.0, rtol=1e-11, atol=1e-11)
    assert (np.sign(exact.states[0]) == np.where(result.target == 0, 1.0, -1.0)).all()
    # Less energy than the saddle has holds it in its well.
    x, y = result.states
    assert (y**2 / 2 - x**2 / 2 + x**4 / 4).max() < 0
    centers = np.where(result.target == 0, 1.0, -1.0)
    assert (np.hypot(x - centers, y) < 0.3).all()


def test_axes_of_each_point(wells: Integrator) -> None:
    starts = np.array([[0.9, 0.9, -0.9, 2.0], [0.05, 0.15, 0.0, 0.0]])
    points = [[0.9, -0.9], [0.0, 0.0]]
    both = wells.propagate(starts, 1e-3, targets=Targets(points, [0.2, 0.1]))
    assert both.target.tolist() == [0, -1, 1, -1]
    assert both.ends.tolist() == [End.TARGET, End.TIME, End.TARGET, End.TIME]
    assert both.times[0] == 0.0
    assert both.steps[0] == 0
    each = wells.propagate(starts, 1e-3, targets=Targets(points, [[0.2, 0.1], [0.2, 0.1]]))
    assert each.target.tolist() == [0, 0, 1, -1]


def test_first_of_several_points_counts(wells: Integrator) -> None:
    points = [[5.0, 0.5, 0.6], [0.0, 0.0, 0.0]]
    result = wells.propagate([[0.55], [0.0]], 1.0, targets=Targets(points, 0.1))
    assert result.target.tolist() == [1]


def test_box_goes_before_a_target_and_a_target_before_the_time(wells: Integrator) -> None:
    start, box = [[0.5], [0.0]], [[-0.4, 0.4], [-1.0, 1.0]]
    near = Targets([[0.5], [0.0]], 0.1)
    assert wells.propagate(start, 1.0, targets=near, box=box).ends.tolist() == [End.BOX]
    assert wells.propagate(start, 0.0, targets=near).ends.tolist() == [End.TARGET]
    broken = wells.propagate([[np.nan], [0.0]], 1.0, targets=near)
    assert broken.ends.tolist() == [End.UNDEFINED]


def test_no_points_are_no_targets(wells: Integrator) -> None:
    starts = grid(5)
    none = wells.propagate(starts, 9.0, targets=Targets(np.empty((2, 0)), 0.1))
    usual = wells.propagate(starts, 9.0)
    assert none.states.tobytes() == usual.states.tobytes()
    assert (none.target == -1).all()


def test_sections_and_targets_together(wells: Integrator) -> None:
    starts = grid(12)
    events = [SectionEvent(0, record=8)]
    targets = Targets([[1.0, -1.0], [0.0, 0.0]], 0.3)
    options: dict[str, Any] = {"rtol": 1e-9, "atol": 1e-9}
    result = wells.propagate(starts, 300.0, targets=targets, events=events, **options)
    assert (result.ends == End.TARGET).all()
    # An even number of passes over the ridge leads back to the side one came from.
    side = np.where(starts[0] > 0, 0, 1)
    changed = result.crossings[0].counts % 2 == 1
    assert ((result.target != side) == changed).all()


def test_other_points_compile_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    real = kernels.Kernel

    def counting(*args: Any, **options: Any) -> Any:
        made.append(1)
        return real(*args, **options)

    monkeypatch.setattr(kernels, "Kernel", counting)
    with Integrator.of(parse_system(WELLS)) as integrator:
        for k in (1, 2, 5):
            points = np.array([np.linspace(-1, 1, k), np.zeros(k)])
            integrator.propagate([[0.1], [0.2]], 1.0, targets=Targets(points, 0.01 * k))
    assert len(made) == 2


@pytest.mark.parametrize(
    ("points", "radii"),
    [
        ([[1.0]], 0.1),
        ([1.0, 2.0], 0.1),
        ([[1.0], [np.nan]], 0.1),
        ([[1.0], [0.0]], 0.0),
        ([[1.0], [0.0]], [0.1, -0.1]),
        ([[1.0], [0.0]], [0.1, 0.1, 0.1]),
    ],
)
def test_points_that_make_no_sense(wells: Integrator, points: Any, radii: Any) -> None:
    with pytest.raises(ValueError, match=r"points|radii"):
        wells.propagate([[1.0], [0.0]], 1.0, targets=Targets(points, radii))
