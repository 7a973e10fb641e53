"""Hostile integrations, each as stated: nothing hangs, nothing is silently wrong."""

import json
import re
import time
from pathlib import Path

import numpy as np
import pytest

from eqpp_dash.engine import compute_portrait, trace_trajectories
from eqpp_dash.errors import EqppError, EquationError, SpecError
from eqpp_dash.model.spec import PortraitSpec

HERE = Path(__file__).parent
CASES = [
    case
    for case in json.loads((HERE / "hostile.json").read_text(encoding="utf-8"))
    if case["category"] == "integration"
]
WINDOW = {"x": [-2, 2], "y": [-2, 2]}

# What each accepted case must say, forward and backward. None: any of the honest ends.
STATED = {
    "hos-169": ({"infinity"}, None),
    "hos-170": ({"infinity"}, {"infinity"}),
    "hos-172": ({"undecided", "discontinuity"}, None),
    "hos-173": ({"discontinuity"}, {"time"}),
    "hos-175": ({"time", "equilibrium 0"}, None),
    "hos-176": ({"infinity"}, None),
    "hos-178": ({"discontinuity", "left work box", "infinity", "budget"}, None),
    "hos-182": ({"time"}, {"time"}),
    "hos-184": ({"time", "undecided"}, None),
    "hos-188": ({"closed orbit"}, {"closed orbit"}),
}
TIMES = {"hos-169": 1.0, "hos-170": np.pi / 2, "hos-172": 2.0}


def specification(case, span=10.0):
    start = [float(number) for number in case["state"]]
    return {
        "equations": case["input"],
        "window": case.get("window", WINDOW),
        "initial_conditions": [start],
        "time": {"span": span},
    }


def by_expectation(*wanted):
    return [pytest.param(case, id=case["id"]) for case in CASES if case["expect"] in wanted]


def forced(case):
    return re.search(r"\bt\b", case["input"]) is not None


@pytest.mark.parametrize("case", by_expectation("accept", "accept_with_warning"))
def test_accepted_cases(case):
    spec = PortraitSpec.from_json(specification(case))
    began = time.process_time()
    if forced(case):
        # This release draws autonomous systems: a clear error, at once.
        with pytest.raises(EquationError, match="autonomous"):
            compute_portrait(spec)
        assert time.process_time() - began < case["time_limit_s"]
        return
    portrait = compute_portrait(spec)
    assert time.process_time() - began < case["time_limit_s"]
    (given,) = (item for item in portrait.trajectories if item.origin == "given")
    for end, allowed in zip((given.forward, given.backward), STATED[case["id"]], strict=True):
        assert allowed is None or end.end in allowed, end
    if case["id"] in TIMES:
        # Where the derivative is unbounded the time is told to five digits, else to six.
        tolerance = 1e-5 if given.forward.end == "undecided" else 1e-6
        assert given.forward.time == pytest.approx(TIMES[case["id"]], abs=tolerance)
    if case["expect"] == "accept_with_warning":
        reasons = [given.forward.reason, given.backward.reason]
        assert any(reasons) or portrait.notices or portrait.equilibrium_sets


def test_the_whole_plane_of_equilibria_is_told_not_listed():
    (case,) = (case for case in CASES if case["id"] == "hos-182")
    portrait = compute_portrait(PortraitSpec.from_json(specification(case)))
    assert len(portrait.equilibria) == 0
    assert portrait.equilibrium_sets or portrait.notices


def test_the_stiff_case_is_accurate():
    (case,) = (case for case in CASES if case["id"] == "hos-175")
    (item,) = trace_trajectories(PortraitSpec.from_json(specification(case)), [case["state"]])
    index = np.searchsorted(item.times, 1.0)
    assert item.points[index, 1] == pytest.approx(np.exp(-item.times[index]), abs=1e-6)
    assert item.points[index, 0] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("case", by_expectation("clear_error"))
def test_cases_that_are_refused(case):
    began = time.process_time()
    if "step size" in case["action"]:
        variants = [{"rtol": value} for value in (-1, 0, "nan")]
        variants += [{"atol": value} for value in (-1, 0, "nan")]
        for options in variants:
            with pytest.raises(SpecError) as caught:
                PortraitSpec.from_json({**specification(case), "options": options})
            assert caught.value.field == f"options.{next(iter(options))}"
        for span in (-1, 0, "nan"):
            with pytest.raises(SpecError) as caught:
                PortraitSpec.from_json(specification(case, span))
            assert caught.value.field == "time.span"
    else:
        data = specification(case)
        with pytest.raises(SpecError) as caught:
            PortraitSpec.from_json(data)
        assert caught.value.field.startswith("initial_conditions")
        spec = PortraitSpec.from_json({**data, "initial_conditions": []})
        with pytest.raises(SpecError):
            trace_trajectories(spec, [[float(number) for number in case["state"]]])
    assert time.process_time() - began < case["time_limit_s"]


@pytest.mark.parametrize("case", by_expectation("clear_error_or_accept_fast"))
def test_an_endless_span_is_refused_and_a_long_one_is_fast(case):
    began = time.process_time()
    with pytest.raises(EqppError):
        PortraitSpec.from_json(specification(case, 1e12))
    spec = PortraitSpec.from_json(specification(case, 1e9))
    (item,) = trace_trajectories(spec, [case["state"]])
    assert item.forward.end in STATED[case["id"]][0]
    assert time.process_time() - began < case["time_limit_s"]


def test_every_case_is_looked_at():
    known = {"accept", "accept_with_warning", "clear_error", "clear_error_or_accept_fast"}
    assert {case["expect"] for case in CASES} <= known
    accepted = {
        case["id"] for case in CASES if case["expect"] != "clear_error" and not forced(case)
    }
    assert accepted == set(STATED)
