"""Orbits that wind into weak foci end there, if nothing else can hold them."""

from dataclasses import replace

import numpy as np
import pytest

from eqpp_dash.engine import compute_portrait
from eqpp_dash.engine.closed import WITHOUT
from eqpp_dash.engine.searched import EquilibriumSearch
from eqpp_dash.engine.spirals import how_closed_orbits_are_known
from eqpp_dash.model.cycles import CycleCoverage, CycleGap
from eqpp_dash.model.spec import PortraitSpec

LOOPS = ["equilibria", "cycles", "separatrices"]


def portrait(text, window, **entries):
    given = {"equations": text, "window": {"x": window, "y": window}, **entries}
    return compute_portrait(PortraitSpec.from_json(given))


@pytest.mark.parametrize("damping", ["y^3", "x^2*y", "y^3/1000"])
def test_a_separatrix_winds_into_a_weak_focus(damping):
    """The energy y^2/2 + x^2/2 - x^3/3 falls along the branch that goes in from the saddle."""
    found = portrait(f"x' = y; y' = -x + x^2 - {damping}", [-1.6, 1.6], analyses=LOOPS)
    (focus,) = [k for k, item in enumerate(found.equilibria) if item.kind == "weak stable focus"]
    (inward,) = [
        item for item in found.separatrices if item.branch == "unstable" and item.direction[0] < 0
    ]
    assert (inward.limit, inward.time) == (f"equilibrium {focus}", None)
    assert inward.evidence == "numerical"
    assert "limit cycles: none (proved: Bendixson)" in inward.reason


def test_backward_it_is_a_weak_unstable_focus():
    found = portrait("x' = -y; y' = x - x^2 + y^3", [-1.6, 1.6], analyses=LOOPS)
    ends = {(item.branch, item.limit) for item in found.separatrices}
    assert ("stable", "equilibrium 0") in ends
    assert ("unstable", "equilibrium 0") not in ends


def test_cycles_hold_orbits_back():
    """r' = -r^3 (r^2 - 1)(r^2 - 4): only what starts within the circle of radius 1 winds in."""
    factor = "(x^2 + y^2)*(x^2 + y^2 - 1)*(x^2 + y^2 - 4)/4"
    starts = [[0.5, 0.1], [0.97, 0.0], [1.02, 0.1], [1.9, 0.0]]
    found = portrait(
        f"x' = -y - x*{factor}; y' = x - y*{factor}",
        [-2.5, 2.5],
        analyses=["equilibria", "cycles", "trajectories"],
        initial_conditions=starts,
    )
    assert len(found.limit_cycles) == 2
    assert found.completeness["limit_cycles"].startswith("searched")
    seen = set()
    for item in found.trajectories:
        within = np.hypot(*item.start) < 1.0
        assert (item.forward.end == "equilibrium 0") == within
        assert item.backward.end != "equilibrium 0"
        seen.add(within)
    assert seen == {True, False}


def test_a_center_catches_nothing():
    found = portrait("x' = y; y' = -x + x^2", [-1.6, 1.6], analyses=[*LOOPS, "trajectories"])
    ends = {end.end for item in found.trajectories for end in (item.forward, item.backward)}
    center = next(k for k, item in enumerate(found.equilibria) if item.kind == "center")
    assert f"equilibrium {center}" not in ends


def test_without_a_search_for_cycles_it_stays_open():
    found = portrait("x' = y; y' = -x + x^2 - y^3", [-1.6, 1.6], analyses=["separatrices"])
    assert "time" in {item.limit for item in found.separatrices}


def test_what_must_be_known_of_a_window():
    whole = EquilibriumSearch((), (), (), "proved", ())
    searched = replace(WITHOUT, completeness=CycleCoverage("searched", 3))
    assert how_closed_orbits_are_known(whole, searched) == "searched"
    none = replace(WITHOUT, completeness=CycleCoverage("none within the window (proved: Dulac)"))
    assert how_closed_orbits_are_known(whole, none) == none.completeness.status
    gap = CycleGap(np.zeros(2), np.ones(2), "0 or 2", "they are too near")
    for doubtful in (
        replace(searched, undecided=(gap,)),
        replace(searched, completeness=CycleCoverage("searched", 3, ("a place",))),
        replace(WITHOUT, completeness=CycleCoverage("not searched: time appears")),
    ):
        assert how_closed_orbits_are_known(whole, doubtful) == ""
    assert how_closed_orbits_are_known(None, searched) == ""
    assert how_closed_orbits_are_known(replace(whole, completeness="searched"), searched) == ""
