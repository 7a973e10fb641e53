"""The whole computation: parts, progress, cancelling, facts."""

import math

import numpy as np
import orjson
import pytest

from eqpp_dash.engine import compute_portrait, preview_portrait, trace_trajectories
from eqpp_dash.errors import SpecError
from eqpp_dash.model.spec import ANALYSES, PortraitSpec

PENDULUM = PortraitSpec.from_json(
    {
        "equations": "theta' = omega\nomega' = -sin(theta)",
        "window": {"theta": [-2.1 * math.pi, 2.1 * math.pi], "omega": [-3, 3]},
    }
)
PHASES = [
    "understand",
    "window",
    "field",
    "nullclines",
    "structure",
    "equilibria",
    "cycles",
    "trajectories",
]


def test_the_pendulum_is_complete():
    portrait = compute_portrait(PENDULUM)
    assert [item.kind for item in portrait.equilibria].count("saddle") == 2
    others = [item for item in portrait.equilibria if item.kind != "saddle"]
    assert len(others) == 3
    assert not any(item.hyperbolic for item in others)
    assert portrait.field is not None
    assert {item.variable for item in portrait.nullclines} == {"theta", "omega"}
    closed = [item for item in portrait.trajectories if item.forward.end == "closed orbit"]
    assert len(closed) >= 3
    for item in closed:
        energy = item.points[:, 1] ** 2 / 2 - np.cos(item.points[:, 0])
        assert np.ptp(energy) < 1e-4
    assert not portrait.partial
    assert portrait.completeness["equilibria"] == "proved"
    proof = "none (proved: a first integral, omega^2/2 - cos(theta))"
    assert portrait.completeness["limit_cycles"] == proof
    assert portrait.limit_cycles == ()
    around = {item.equilibria for item in portrait.annuli}
    centers = [k for k, item in enumerate(portrait.equilibria) if item.kind == "center"]
    assert len(centers) == 3
    assert {(k,) for k in centers} <= around


def test_facts_are_json_and_ends_are_of_the_known_kinds():
    portrait = compute_portrait(PENDULUM)
    facts = orjson.loads(orjson.dumps(portrait.facts()))
    assert facts["system"]["variables"] == ["theta", "omega"]
    count = len(portrait.equilibria)
    allowed = {
        "closed orbit",
        "infinity",
        "left work box",
        "time",
        "undefined",
        "discontinuity",
        "sliding",
        "budget",
        "undecided",
        *(f"equilibrium {k}" for k in range(count)),
    }
    for item in facts["trajectories"]:
        for end in (item["forward"], item["backward"]):
            assert end["end"] in allowed
            assert end["time"] is None or end["time"] >= 0
    assert facts["timing"]["engine_s"] > 0


def test_progress_names_the_phases_and_never_falls():
    seen = []
    compute_portrait(PENDULUM, progress=seen.append)
    phases = list(dict.fromkeys(item.phase for item in seen))
    assert phases == PHASES
    fractions = [item.fraction for item in seen]
    assert fractions == sorted(fractions)
    assert fractions[0] >= 0.0
    assert fractions[-1] == 1.0
    assert all(item.message for item in seen)
    inside = [item for item in seen if item.phase == "trajectories"]
    assert len(inside) > 5


@pytest.mark.parametrize("phase", PHASES)
def test_an_exception_from_progress_ends_the_computation(phase):
    class Cancelled(BaseException):
        pass

    def progress(item):
        if item.phase == phase:
            raise Cancelled

    with pytest.raises(Cancelled):
        compute_portrait(PENDULUM, progress=progress)


def test_timing_has_an_entry_for_each_phase():
    timing = compute_portrait(PENDULUM).timing
    assert set(timing) == {"engine_s", *(f"{phase}_s" for phase in PHASES)}
    assert sum(timing.values()) - timing["engine_s"] <= timing["engine_s"] * 1.001


def test_analyses_select_the_parts():
    for wanted in ANALYSES:
        portrait = compute_portrait(PENDULUM.replace(analyses=(wanted,)))
        assert (portrait.field is not None) == (wanted == "field")
        assert bool(portrait.nullclines) == (wanted == "nullclines")
    nothing = compute_portrait(PENDULUM.replace(analyses=("field",)))
    assert nothing.equilibria == ()
    assert nothing.completeness["equilibria"] == "not searched"


def test_a_window_is_fitted_when_none_is_given():
    portrait = compute_portrait(PortraitSpec("x' = y; y' = x - x^3"))
    assert set(portrait.window) == {"x", "y"}
    assert portrait.spec.window is None
    low, high = portrait.window["x"]
    assert low < -1 < 1 < high


def test_the_spec_in_the_answer_has_every_parameter():
    portrait = compute_portrait(PortraitSpec("x' = a*y; y' = -x"))
    assert dict(portrait.spec.parameters) == {"a": 1.0}
    assert dict(portrait.system.parameters) == {"a": 1.0}


def test_given_orbits_that_fail_are_told():
    spec = PortraitSpec.from_json(
        {
            "equations": "x' = x^2; y' = -y",
            "window": {"x": [-2, 2], "y": [-2, 2]},
            "initial_conditions": [[1, 1]],
        }
    )
    notices = [n for n in compute_portrait(spec).notices if n.code == "trajectory-end"]
    assert len(notices) == 1
    assert "infinity in finite time at t = 1" in notices[0].message


def test_preview_is_the_portrait_in_a_sketch():
    whole = compute_portrait(PENDULUM)
    preview = preview_portrait(PENDULUM, starts=[(1.0, 0.0)])
    assert preview.partial
    assert [e.kind for e in preview.equilibria] == [e.kind for e in whole.equilibria]
    assert len(preview.nullclines) == len(whole.nullclines)
    (given,) = [item for item in preview.trajectories if item.origin == "given"]
    assert given.forward.end == "closed orbit"
    origins = [item.origin for item in preview.trajectories]
    assert origins.count("separatrix") == 4 * [e.kind for e in whole.equilibria].count("saddle")
    assert origins.count("seeded") >= 5


def test_a_sketched_orbit_lies_on_the_true_one():
    spec = PortraitSpec("x' = y; y' = -sin(x)", window={"x": (-7.0, 7.0), "y": (-3.0, 3.0)})
    for item in preview_portrait(spec).trajectories:
        energy = item.points[:, 1] ** 2 / 2 - np.cos(item.points[:, 0])
        assert np.ptp(energy) < 5e-3  # under a pixel


def test_preview_sketches_only_what_is_asked_for():
    spec = PENDULUM.replace(analyses=("field", "equilibria"))
    assert preview_portrait(spec).trajectories == ()
    spec = PENDULUM.replace(analyses=("separatrices",))
    assert {item.origin for item in preview_portrait(spec).trajectories} == {"separatrix"}


def test_preview_follows_the_parameters():
    spec = PortraitSpec("x' = y; y' = mu*x - x^3", window={"x": (-3.0, 3.0), "y": (-3.0, 3.0)})
    one = preview_portrait(spec.replace(parameters={"mu": 1.0}))
    other = preview_portrait(spec.replace(parameters={"mu": -1.0}))
    assert (len(one.equilibria), len(other.equilibria)) == (3, 1)


def test_a_click_draws_what_the_portrait_draws():
    (clicked,) = trace_trajectories(PENDULUM, [(1.0, 0.0)])
    given = compute_portrait(PENDULUM.replace(initial_conditions=((1.0, 0.0),)))
    (drawn,) = (item for item in given.trajectories if item.origin == "given")
    assert clicked.points == pytest.approx(drawn.points, abs=1e-10)
    assert clicked.forward.end == drawn.forward.end == "closed orbit"


def test_a_click_in_another_window_counts_equilibria_there():
    (near,) = trace_trajectories(
        PENDULUM, [(0.5, 0.0)], {"theta": (-1.0, 1.0), "omega": (-1.0, 1.0)}
    )
    assert near.forward.end == "closed orbit"
    assert trace_trajectories(PENDULUM, []) == ()


@pytest.mark.parametrize("start", [(1.0,), (1.0, 2.0, 3.0), (math.nan, 0.0), (0.0, math.inf)])
def test_clicks_are_checked(start):
    with pytest.raises(SpecError) as caught:
        trace_trajectories(PENDULUM, [(0.0, 1.0), start])
    assert caught.value.field == "starts.1"
    with pytest.raises(SpecError):
        preview_portrait(PENDULUM, starts=[start])


def test_curves_of_equilibria_are_no_problem():
    portrait = compute_portrait(
        PortraitSpec("x' = -x; y' = -4*x", window={"x": (-3.0, 3.0), "y": (-3.0, 3.0)})
    )
    assert portrait.equilibrium_sets
    assert {item.forward.end for item in portrait.trajectories} <= {"undecided", "time"}


def test_a_field_that_vanishes_everywhere():
    portrait = compute_portrait(
        PortraitSpec(
            "x' = 0; y' = 0",
            window={"x": (-2.0, 2.0), "y": (-2.0, 2.0)},
            initial_conditions=((0.3, 0.4),),
        )
    )
    assert len(portrait.trajectories) == 1


def test_separatrices_left_out_are_told():
    wide = {"x": (-19.0, 19.0), "y": (-19.0, 19.0)}
    portrait = compute_portrait(
        PortraitSpec("x' = sin(y); y' = sin(x)", window=wide, analyses=("separatrices",))
    )
    assert [e.kind for e in portrait.equilibria].count("saddle") == 85
    assert "separatrices-left-out" in {notice.code for notice in portrait.notices}
    assert len(portrait.trajectories) == 4 * 64


@pytest.mark.parametrize(
    ("text", "kinds", "sorts"),
    [
        (
            "x' = x*(3 - y); y' = y*(x - 2)",
            ["saddle", "center"],
            {"hamiltonian after a change of time"},
        ),
        ("x' = x^2; y' = -y", ["saddle-node"], {"invariant curve"}),
        ("x' = -y + x^2*y; y' = x - x*y^2*0.5", ["center"], {"reversible"}),
    ],
)
def test_previews_and_portraits_agree_on_kinds_and_portraits_tell_the_structure(text, kinds, sorts):
    spec = PortraitSpec(text, window={"x": (-1.2, 4), "y": (-1.2, 4)}, analyses=("equilibria",))
    portrait, preview = compute_portrait(spec), preview_portrait(spec)
    inside = [item for item in portrait.equilibria if np.abs(item.point).max() <= 3]
    found = [item.kind for item in inside if item.kind in kinds]
    assert sorted(set(found)) == sorted(set(kinds))
    assert [item.kind for item in preview.equilibria] == [e.kind for e in portrait.equilibria]
    facts = portrait.facts()
    assert sorts <= {entry["type"] for entry in facts["system"]["structure"]}
    assert all(entry["expression"] and entry["how"] for entry in facts["system"]["structure"])
    assert orjson.loads(orjson.dumps(facts)) == facts
    for item, entry in zip(portrait.equilibria, facts["equilibria"], strict=True):
        assert entry["sectors"] == item.sectors
