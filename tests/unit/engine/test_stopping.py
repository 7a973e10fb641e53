"""A computation that is stopped: what is kept, and that no more is claimed than was reached."""

import itertools
from dataclasses import fields

import pytest

from eqpp_dash import PortraitSpec, StopAndKeep, compute_portrait
from eqpp_dash.engine.cycles import scan
from eqpp_dash.engine.pulse import beat, listening
from eqpp_dash.model.cycles import NOT_SEARCHED, NOT_TO_THE_END
from eqpp_dash.model.spec import ANALYSES
from eqpp_dash.store.archive import prepare_computed
from eqpp_dash.store.codec import decode_portrait, encode_portrait

DUFFING = PortraitSpec(
    "x' = y; y' = x - x^3 - 0.2*y",
    analyses=ANALYSES,
    initial_conditions=((0.5, 0.5),),
)
PHASES = [
    "window",
    "field",
    "nullclines",
    "structure",
    "equilibria",
    "cycles",
    "basins",
    "trajectories",
]
DOING = {
    "window": "the window was chosen",
    "field": "the vector field was sampled",
    "nullclines": "nullclines were traced",
    "structure": "first integrals and symmetries were looked for",
    "equilibria": "equilibria were searched",
    "cycles": "limit cycles were searched",
    "basins": "the window was divided into basins",
    "trajectories": "trajectories were integrated",
}
PARTS = {
    "field": ("field",),
    "nullclines": ("nullclines",),
    "equilibria": ("equilibria",),
    "basins": ("basins",),
    "trajectories": ("trajectories", "separatrices"),
}


def stopped(spec, when):
    """Compute, and stop at the first report of which `when` is true."""

    def progress(item):
        if when(item):
            raise StopAndKeep("stopped by a test")

    return compute_portrait(spec, progress=progress)


@pytest.fixture(scope="module")
def whole():
    return compute_portrait(DUFFING)


@pytest.mark.parametrize("phase", PHASES)
def test_former_phases_are_kept_and_later_ones_not_claimed(phase, whole):
    found = stopped(DUFFING, lambda item: item.phase == phase)
    assert found.partial
    assert found.stopped == f"stopped by a test while {DOING[phase]}"
    notice = found.notices[0]
    assert notice.code == "stopped"
    assert notice.message.startswith(f"S{found.stopped[1:]}; missing or incomplete: ")
    for name, parts in PARTS.items():
        for part in parts:
            there = PHASES.index(name) < PHASES.index(phase)
            if there:
                assert repr(getattr(found, part)) == repr(getattr(whole, part)), part
            elif not (phase == "window" and name == "field"):  # which takes no time
                assert not getattr(found, part), part
    for name, label in (("equilibria", "equilibria"), ("cycles", "limit_cycles")):
        if PHASES.index(name) < PHASES.index(phase):
            assert found.completeness[label] == whole.completeness[label]
        else:
            how = NOT_TO_THE_END if phase == name else NOT_SEARCHED
            assert found.completeness[label] == f"{how}: {found.stopped}"
    assert bool(found.system.structure) == (PHASES.index(phase) > PHASES.index("structure"))
    assert (found.audit is not None) == (PHASES.index(phase) > PHASES.index("cycles"))
    facts = found.facts()
    assert facts["partial"] is True
    assert facts["warnings"][0] == {"code": "stopped", "message": notice.message}
    again = decode_portrait(encode_portrait(found))
    assert again.stopped == found.stopped
    assert again.facts() == facts
    kept = prepare_computed(found, facts, None)
    assert kept.partial
    cycles_known = PHASES.index(phase) > PHASES.index("cycles")
    assert (kept.cycles is not None) == cycles_known


def test_before_the_question_is_understood_there_is_nothing_to_keep():
    with pytest.raises(StopAndKeep, match="stopped by a test"):
        stopped(DUFFING, lambda item: True)


def test_a_stop_after_the_last_phase_changes_nothing(whole):
    found = stopped(DUFFING, lambda item: item.message == "Done")
    assert not found.partial
    assert not found.stopped
    assert [item.code for item in found.notices] == [item.code for item in whole.notices]


GRID = PortraitSpec(
    "x' = sin(3*x)*cos(2*y); y' = sin(2*x - y)*cos(3*y)",
    window={"x": (-2, 2), "y": (-2, 2)},
    analyses=("equilibria",),
)


def test_equilibria_that_are_proved_by_then_are_listed_as_incomplete():
    """Each is one of those that the whole search finds, and nothing says that these are all."""

    def late(item):
        count, _, rest = item.message.partition(" ")
        return rest == "equilibria so far" and int(count) >= 9

    found = stopped(GRID, late)
    assert 9 <= len(found.equilibria) <= 60
    complete = compute_portrait(GRID)
    assert len(found.equilibria) < len(complete.equilibria)
    for item in found.equilibria:
        near = [e for e in complete.equilibria if abs(e.point - item.point).max() < 1e-9]
        assert len(near) == 1
        assert item.evidence == "proved"
        assert item.hyperbolic == near[0].hyperbolic
        if item.hyperbolic:
            assert (item.kind, item.index) == (near[0].kind, near[0].index)
        else:
            assert item.index is None
    words = "stopped by a test while equilibria were searched"
    assert found.completeness["equilibria"] == f"not searched to the end: {words}"
    assert found.audit is None


def test_kinds_that_were_not_decided_say_so():
    spec = PortraitSpec("x' = y; y' = -sin(x)", window={"x": (-7, 7), "y": (-3, 3)})
    found = stopped(spec, lambda item: item.message.startswith("The kinds of 2 "))
    assert found.stopped == "stopped by a test while the kinds of equilibria were decided"
    assert found.completeness["equilibria"] == "proved"
    kinds = [item.kind for item in found.equilibria]
    assert kinds.count("undecided") == 2
    for item in found.equilibria:
        if item.kind == "undecided":
            assert item.reason.endswith("it was stopped before the local analysis")
    assert "equilibria" in found.notices[0].message.partition("incomplete: ")[2]


def test_a_window_that_was_not_fitted_to_the_cycles_keeps_what_is_in_it(monkeypatch):
    wider = {"x": (-9.0, 9.0), "y": (-9.0, 9.0)}
    monkeypatch.setattr("eqpp_dash.engine.findings.refit_window", lambda *parts: wider)
    spec = PortraitSpec("x' = y; y' = (1 - x^2)*y - x")
    found = stopped(spec, lambda item: item.phase == "cycles" and "examined" in item.message)
    assert found.window != wider
    assert found.stopped == "stopped by a test while the window was fitted to the limit cycles"
    assert len(found.limit_cycles) == 1
    assert found.cycle_coverage.status.startswith("searched")
    assert found.nullclines
    assert not found.trajectories


TWIN = PortraitSpec(
    "x' = y; y' = x - x^3 - y*(y^2/2 - x^2/2 + x^4/4 + 0.1)",
    window={"x": (-2, 2), "y": (-2, 2)},
    analyses=("equilibria", "cycles"),
)
"""Its limit cycles are the two ovals H = -0.1, each round a focus and on a section of its own."""


def test_cycles_that_are_found_by_then_are_kept_with_the_sections_searched(monkeypatch):
    monkeypatch.setattr(scan, "AT_ONCE", 1)
    complete = compute_portrait(TWIN)
    assert len(complete.limit_cycles) == 2
    assert complete.cycle_coverage.arcs == 2

    def halfway(item):
        return item.phase == "cycles" and item.fraction > 0.34 + 0.32 * (0.1 + 0.7 * 0.52)

    found = stopped(TWIN, halfway)
    (cycle,) = found.limit_cycles
    twin = min(complete.limit_cycles, key=lambda one: abs(one.point - cycle.point).max())
    x, y = cycle.point
    assert y**2 / 2 - x**2 / 2 + x**4 / 4 == pytest.approx(-0.1, abs=1e-9)
    assert cycle.period == pytest.approx(twin.period, rel=1e-9)
    assert cycle.evidence == "verified"
    status = found.completeness["limit_cycles"]
    assert status == f"{NOT_TO_THE_END}: {found.stopped}; 1 section searched"
    (blind,) = found.cycle_coverage.blind
    assert blind.startswith("the section from (")
    assert blind.endswith("): the search was stopped")
    assert "limit cycles" in found.notices[0].message.partition("incomplete: ")[2]
    assert found.audit is None
    again = decode_portrait(encode_portrait(found))
    assert again.facts() == found.facts()


def test_whenever_a_search_for_cycles_is_stopped_no_false_cycle_is_kept():
    """At whatever report it is stopped, each cycle kept is one of the whole search."""
    complete = compute_portrait(TWIN)
    counts = set()
    for after in (0, 40, 200, 10_000):
        count = itertools.count()
        found = stopped(
            TWIN, lambda item, count=count, n=after: item.phase == "cycles" and next(count) >= n
        )
        counts.add(len(found.limit_cycles))
        for cycle in found.limit_cycles:
            gaps = [abs(one.point - cycle.point).max() for one in complete.limit_cycles]
            assert min(gaps) < 1e-8
    assert {0, 2} <= counts


def test_what_is_kept_after_a_stop_is_bounded_in_time(monkeypatch):
    """Where locating the cycles takes too long as well, nothing is kept, and that is said."""
    monkeypatch.setattr("eqpp_dash.engine.reporting.KEEP_S", -1.0)
    found = stopped(TWIN, lambda item: item.phase == "cycles" and item.fraction > 0.5)
    assert not found.limit_cycles
    assert found.completeness["limit_cycles"] == f"{NOT_TO_THE_END}: {found.stopped}"


def test_given_trajectories_are_kept_while_others_are_looked_for(whole):
    given = [item for item in whole.trajectories if item.origin != "seeded"]
    found = stopped(
        DUFFING, lambda item: item.phase == "trajectories" and 0.9 < item.fraction < 1.0
    )
    assert [item.origin for item in found.trajectories] == [item.origin for item in given]
    assert found.separatrices
    assert [item.forward.end for item in found.trajectories] == [i.forward.end for i in given]


def test_every_field_of_a_stopped_portrait_is_decided_here():
    """A new part of a portrait must say what a stop makes of it."""
    found = stopped(DUFFING, lambda item: item.phase == "equilibria")
    names = {item.name for item in fields(found)}
    empty = {name for name in names if not getattr(found, name)}
    assert empty == {
        *("equilibria", "equilibrium_sets", "singularities", "trajectories", "switching"),
        *("limit_cycles", "annuli", "cycle_gaps", "separatrices", "connections", "polycycles"),
        *("audit", "basins"),
    }


def test_a_beat_deep_within_stops_a_phase_that_says_nothing(monkeypatch):
    """Where a phase is silent, the evaluation of expressions lets it be stopped."""
    from eqpp_dash.engine import reporting

    monkeypatch.setattr(reporting, "BEAT_EVERY_S", -1.0)
    count = itertools.count()
    phases = []
    compute_portrait(GRID, progress=lambda item: phases.append(item.phase))
    assert phases.count("structure") > 3
    assert phases.count("equilibria") > 30
    found = stopped(GRID, lambda item: item.phase == "structure" and next(count) == 1)
    assert found.stopped.endswith("first integrals and symmetries were looked for")


def test_the_pulse_is_heard_by_the_innermost_listener_only():
    heard = []
    with listening(lambda: heard.append("outer")):
        beat()
        with listening(lambda: heard.append("inner")):
            beat()
        beat()
    beat()
    assert heard == ["outer", "inner", "outer"]
