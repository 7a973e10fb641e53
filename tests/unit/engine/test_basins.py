"""Basins of attraction: what catches orbits, what is undecided, progress and cancelling."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest

from eqpp_dash.engine.basins import FINE_NUMPY, beside_others, find_basins
from eqpp_dash.engine.orbits import Problem
from eqpp_dash.engine.portrait import compute_portrait
from eqpp_dash.engine.reporting import PhaseReporter
from eqpp_dash.engine.system import parse_system
from eqpp_dash.model.spec import ANALYSES, PortraitSpec

SQUARE = {"x": (-2.0, 2.0), "y": (-2.0, 2.0)}
WELLS = PortraitSpec("x' = y; y' = x - x^3 - 0.5*y", window=SQUARE, analyses=("basins",))


class Enough(Exception):
    """Ends a computation."""


def basins(text, window=SQUARE):
    found = compute_portrait(PortraitSpec(text, window=window, analyses=("basins",))).basins
    assert found is not None
    return found


def shares(found):
    return {item.of: item.fraction for item in found.basins}


def test_basins_are_found_only_when_asked_for():
    portrait = compute_portrait(PortraitSpec(WELLS.equations, window=SQUARE))
    assert portrait.basins is None
    assert "basins_s" not in portrait.timing
    assert portrait.facts()["basins"] == []
    assert "basins" not in portrait.facts()["completeness"]
    assert "basins" in compute_portrait(WELLS).facts()["completeness"]


def test_every_cell_is_in_one_basin_and_areas_fit():
    found = compute_portrait(WELLS).basins
    assert found is not None
    assert found.labels.shape == (512, 512)
    assert set(np.unique(found.labels)) == set(range(len(found.basins)))
    assert sum(item.fraction for item in found.basins) == pytest.approx(1, abs=1e-12)
    for number, item in enumerate(found.basins):
        assert item.area == pytest.approx(16 * item.fraction)
        assert item.evidence == "verified"
        assert (found.labels == number).mean() == pytest.approx(item.fraction, abs=2e-3)


def test_cells_lie_where_their_basins_are():
    """Rows go up, columns to the right: the half plane x > 1 is another basin."""
    found = basins("x' = (x - 1)*(x + 1)*(3 - x); y' = -y", {"x": (-3.0, 5.0), "y": (-2.0, 1.0)})
    assert found.labels[5, 300] == found.labels[500, 300]
    assert found.basins[found.labels[5, 300]].point[0] == pytest.approx(3)
    assert found.basins[found.labels[5, 200]].point[0] == pytest.approx(-1)


def test_orbits_are_told_that_blow_up_that_grow_and_that_only_leave():
    assert shares(basins("x' = x^2 + 1; y' = y")) == {"infinity": 1.0}
    assert shares(basins("x' = x; y' = y/2")) == {"infinity": 1.0}
    assert shares(basins("x' = 1; y' = 0")) == {"left work box": 1.0}


def test_orbits_that_come_back_from_far_are_followed():
    """They go out to y = 60 and more, beyond the work box, and then in."""
    found = shares(basins("x' = -x; y' = -y + 400*x^2*y/(1 + y^2/1e4)", SQUARE))
    assert found["equilibrium 0"] == pytest.approx(1, abs=1e-6)


def test_sinks_beyond_the_window_are_named():
    found = basins("x' = y; y' = -sin(x) - 0.3*y", {"x": (-3.0, 3.0), "y": (-4.0, 4.0)})
    beyond = [item for item in found.basins if item.of == "beyond"]
    assert sorted(item.point[0] / (2 * math.pi) for item in beyond)[0] <= -1
    assert all(item.kind == "stable focus" and item.fraction > 0 for item in beyond)
    assert found.undecided == 0


def test_a_center_attracts_nothing_and_a_remark_says_so():
    portrait = compute_portrait(
        PortraitSpec("x' = y; y' = -x", window=SQUARE, analyses=("basins",))
    )
    (item,) = portrait.basins.basins
    assert (item.of, item.fraction, item.evidence) == ("undecided", 1.0, "undecided")
    assert portrait.basins.undecided == 512 * 512
    assert any(notice.code == "basins-undecided" for notice in portrait.notices)


def test_an_equilibrium_that_attracts_slowly_has_a_basin():
    """x' = -x^3: orbits come near like 1/sqrt(t)."""
    (item,) = basins("x' = -x^3; y' = -y^3").basins
    assert (item.of, item.fraction, item.evidence) == ("equilibrium 0", 1.0, "numerical")


def test_both_sides_of_a_cycle_are_one_basin():
    found = basins("x' = y; y' = (1 - x^2)*y - x", {"x": (-4.0, 4.0), "y": (-4.0, 4.0)})
    assert shares(found) == {"cycle 0": 1.0}
    assert found.basins[0].evidence == "verified"


def test_a_relaxation_oscillation_catches_what_lands_on_it():
    window = {"x": (-3.0, 3.0), "y": (-80.0, 80.0)}
    assert shares(basins("x' = y; y' = 50*(1 - x^2)*y - x", window)) == {"cycle 0": 1.0}


def test_an_unstable_cycle_bounds_a_basin_and_has_none():
    text = "x' = -y - x*(1 - x^2 - y^2); y' = x - y*(1 - x^2 - y^2)"
    found = shares(basins(text))
    assert found["equilibrium 0"] == pytest.approx(math.pi / 16, abs=2e-4)
    assert found["infinity"] == pytest.approx(1 - math.pi / 16, abs=2e-4)


def test_a_semi_stable_cycle_attracts_from_one_side():
    """r' = -r (1 - r^2)^2: the circle is proved, and orbits outside wind onto it."""
    text = "x' = -y - x*(1 - x^2 - y^2)^2; y' = x - y*(1 - x^2 - y^2)^2"
    found = shares(basins(text))
    assert found["equilibrium 0"] == pytest.approx(math.pi / 16, abs=2e-4)
    assert found["cycle 0"] == pytest.approx(1 - math.pi / 16, abs=2e-4)


def test_progress_is_told_and_never_falls():
    told = []
    compute_portrait(WELLS, progress=told.append)
    assert [item.fraction for item in told] == sorted(item.fraction for item in told)
    assert any(item.phase == "basins" and "basins" in item.message for item in told)


def test_it_can_be_cancelled_at_once():
    asked = []

    def stop(progress):
        if progress.phase == "basins":
            asked.append(time.perf_counter())
            if len(asked) > 2:
                raise Enough

    slow = PortraitSpec("x' = y; y' = -x + 1e-5*sin(y)", window=SQUARE, analyses=("basins",))
    with pytest.raises(Enough):
        compute_portrait(slow, progress=stop)
    assert time.perf_counter() - asked[-1] < 0.1


def test_numpy_takes_a_coarser_grid_and_says_so():
    system = parse_system(WELLS.equations)
    portrait = compute_portrait(WELLS)
    problem = Problem(system.compile({}), np.zeros(2), np.full(2, 4.0), 100.0)
    report = PhaseReporter(None)
    report.begin("basins")
    found = find_basins(system, {}, problem, portrait.equilibria, report, machine=False)
    assert found.side == FINE_NUMPY
    assert "numpy" in found.remark
    exact = shares(portrait.basins)
    for of, share in shares(found).items():
        assert share == pytest.approx(exact[of], abs=3e-3)


def test_numbers_do_not_depend_on_what_else_is_drawn():
    alone, whole = (compute_portrait(WELLS.replace(analyses=a)) for a in (("basins",), ANALYSES))
    assert (alone.basins.labels == whole.basins.labels).all()


def test_neighbours_of_corners_count():
    labels = np.zeros((4, 4), dtype=np.int8)
    labels[0, 0] = 1
    expected = np.zeros((4, 4), dtype=bool)
    expected[:2, :2] = True
    assert (beside_others(labels) == expected).all()
