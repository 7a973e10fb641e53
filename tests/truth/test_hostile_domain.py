"""Cases of hostile.json about domains and windows, through the engine: no crash, no lie."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eqpp_dash.engine.equilibria import find_equilibria
from eqpp_dash.engine.field import sample_field, window_limits
from eqpp_dash.engine.nullclines import trace_nullclines
from eqpp_dash.engine.searched import EquilibriumSearch
from eqpp_dash.engine.system import parse_system
from eqpp_dash.engine.window import fit_window
from eqpp_dash.errors import SpecError
from eqpp_dash.model.portrait import Nullcline, VectorFieldGrid
from eqpp_dash.model.spec import PortraitSpec

ALL: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("hostile.json").read_text(encoding="utf-8")
)
CASES = {
    case["id"]: case
    for case in ALL
    if case["category"] in ("domain", "window") and case["expect"].startswith("accept")
}
REFUSED = [
    case
    for case in ALL
    if case["category"] == "window" and case["expect"].startswith("clear_error")
]
PI = np.pi


def run(name: str) -> tuple[VectorFieldGrid, tuple[Nullcline, ...], EquilibriumSearch]:
    """Compute field, nullclines and equilibria within the case's time limit."""
    case = CASES[name]
    window = {k: (float(v[0]), float(v[1])) for k, v in case["window"].items()}
    start = time.process_time()
    field = parse_system(case["input"]).compile({})
    result = (
        sample_field(field, window),
        trace_nullclines(field, window),
        find_equilibria(field, window),
    )
    assert time.process_time() - start < case["time_limit_s"]
    return result


def points(found: EquilibriumSearch) -> list[list[float]]:
    return [np.round(e.point, 9).tolist() for e in found.equilibria if e.location != "outside"]


EXPECTED: dict[str, list[list[float]]] = {
    "hos-140": [[0, 0]],
    "hos-142": [],
    "hos-146": [[0, 0]],
    "hos-148": [[1, 0]],
    "hos-151": [[0, 0]],
    "hos-152": [],
    "hos-154": [[0, 0]],
    "hos-155": [[-PI, 0], [0, 0], [PI, 0]],
    "hos-157": [],
    "hos-160": [],
    "hos-161": [[k * PI, 0] for k in (-3, -2, -1, 1, 2, 3)],
    "hos-163": [],
}


def test_every_domain_case_is_covered() -> None:
    domain = {name for name, case in CASES.items() if case["category"] == "domain"}
    assert domain <= {*EXPECTED, "hos-158"}


@pytest.mark.parametrize("name", EXPECTED)
def test_equilibria_are_those_and_no_poles(name: str) -> None:
    _, _, found = run(name)
    assert points(found) == np.round(EXPECTED[name], 9).tolist()


@pytest.mark.parametrize("name", sorted(CASES))
def test_what_is_undefined_is_told(name: str) -> None:
    if CASES[name]["expect"] != "accept_with_warning":
        return
    grid, _, found = run(name)
    system = parse_system(CASES[name]["input"])
    codes = {n.code for n in (*found.notices, *system.notes)}
    assert codes, "a warning is due"
    if not np.isfinite(grid.u).all():
        assert codes & {"undefined", "poles"}


@pytest.mark.parametrize("name", sorted(CASES))
def test_nullclines_are_finite_and_inside(name: str) -> None:
    _, nullclines, _ = run(name)
    for nullcline in nullclines:
        for branch in nullcline.branches:
            assert np.isfinite(branch).all()


def test_pole_is_on_no_nullcline() -> None:
    for name in ("hos-142", "hos-155", "hos-160", "hos-161"):
        _, nullclines, _ = run(name)
        poles = [0.0] if name != "hos-155" else [-1.5 * PI, -0.5 * PI, 0.5 * PI, 1.5 * PI]
        for nullcline in nullclines:
            if nullcline.variable == "x":
                x = np.concatenate(nullcline.branches)[:, 0]
                away = np.abs(x[:, None] - poles).min()
                assert away > 0.5 or (name == "hos-161" and away == 0)


def test_undefined_region_is_not_a_number() -> None:
    grid, _, _ = run("hos-146")
    assert (np.isnan(grid.u) == (grid.x < 0)).all()


def test_removable_singularity_leaves_no_hole() -> None:
    grid, _, _ = run("hos-161")
    assert 0.0 in grid.x
    assert np.abs(grid.u - np.sinc(grid.x / PI)).max() < 1e-9


def test_infinitely_many_equilibria_do_not_hang() -> None:
    _, _, found = run("hos-158")
    codes = {n.code for n in found.notices}
    assert {"equilibria-many", "poles"} <= codes
    assert found.completeness.startswith("searched")
    for equilibrium in found.equilibria:
        turns = 1 / (PI * equilibrium.point[0])
        assert abs(turns - round(turns)) < 1e-6 * abs(turns)


def test_whole_line_of_equilibria() -> None:
    _, _, found = run("hos-163")
    assert [s.implicit for s in found.sets] == ["y"]


@pytest.mark.parametrize("case", REFUSED, ids=[case["id"] for case in REFUSED])
def test_windows_that_make_no_sense_are_refused(case: dict[str, Any]) -> None:
    def limits() -> object:
        spec = PortraitSpec.from_json({"equations": case["input"], "window": case["window"]})
        return window_limits(parse_system(spec.equations).compile({}), spec.window or {})

    with pytest.raises(SpecError, match=r"window\.[xyz]"):
        limits()


def test_limit_for_an_unknown_variable_is_refused() -> None:
    field = parse_system("x' = y; y' = -x").compile({})
    with pytest.raises(SpecError, match="z"):
        window_limits(field, {"x": (-1, 1), "y": (-1, 1), "z": (0, 1)})


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_window_can_be_fitted(name: str) -> None:
    system = parse_system(CASES[name]["input"])
    start = time.process_time()
    window, _ = fit_window(system.compile({}), system)
    assert time.process_time() - start < CASES[name]["time_limit_s"]
    for low, high in window.values():
        assert np.isfinite([low, high]).all()
        assert low < high
