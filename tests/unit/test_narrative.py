"""The narrative of a portrait: a branch each, from facts made by hand."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from functools import cache
from typing import Any

import portraits
import pytest
from trees import parts

from eqpp_dash.cli.report import narrative_report
from eqpp_dash.components.facts import facts_panel
from eqpp_dash.components.narrative import narrative_section, sentence_marks
from eqpp_dash.model.narrative import Paragraph, Sentence, find_fact, narrate, with_narrative
from eqpp_dash.model.portrait import Portrait


@cache
def portrait(name: str) -> Portrait:
    """Give one of the portraits made by hand, made once."""
    made: Portrait = getattr(portraits, f"{name}_portrait")()
    return made


def bare(name: str, **changes: Any) -> dict[str, Any]:
    """Give its facts without the narrative, with some of its parts replaced."""
    return replace(portrait(name), **changes).facts(narrative=False)


def facts(**changes: Any) -> dict[str, Any]:
    """Give the facts of a damped pendulum, with some entries replaced."""
    return {**bare("pendulum"), **changes}


def told(facts: dict[str, Any], heading: str = "") -> str:
    """Give a paragraph, or all of them."""
    found = [item for item in narrate(facts) if heading in ("", item.heading)]
    return " ".join(sentence.text for item in found for sentence in item.sentences)


def about(facts: dict[str, Any], words: str) -> tuple[str, ...]:
    """Give the facts of the one sentence with these words."""
    (found,) = [s.facts for item in narrate(facts) for s in item.sentences if words in s.text]
    return found


def separatrix(of: int, branch: str, limit: str, evidence: str = "numerical", **more: Any) -> Any:
    return {
        "of": f"equilibrium {of}",
        "branch": branch,
        "limit": limit,
        "time": None,
        "evidence": evidence,
        "reason": "",
        **more,
    }


@pytest.mark.parametrize("name", ["pendulum", "odd", "cycle", "connected"])
def test_every_sentence_names_facts_that_exist(name):
    found = portrait(name).facts()
    assert found["narrative"]
    for paragraph in found["narrative"]:
        assert paragraph["sentences"]
        for sentence in paragraph["sentences"]:
            assert sentence["facts"]
            assert sentence["text"][0].isupper()
            assert sentence["text"].endswith(".")
            for id in sentence["facts"]:
                find_fact(found, id)


def test_a_sentence_without_a_fact_is_refused():
    with pytest.raises(ValueError, match="no fact is named"):
        Sentence("So it is.", ())


@pytest.mark.parametrize(
    "id", ["equilibrium 5", "equilibrium 01", "equilibrium", "nonsense 0", "audit", "cycle -1", ""]
)
def test_an_id_that_names_nothing_is_an_error(id):
    with pytest.raises(KeyError):
        find_fact(facts(), id)


def test_facts_are_found_by_their_ids():
    found = portrait("odd").facts()
    assert find_fact(found, "equilibrium 1")["kind"] == "center"
    assert find_fact(found, "structure 0")["type"] == "hamiltonian"
    assert find_fact(found, "set 0")["implicit"] == "theta^2 + omega^2 - 1"
    assert find_fact(found, "partial") is True


def test_the_narrative_follows_the_facts_alone_and_is_made_anew():
    first = facts()
    assert "narrative" not in first
    again = with_narrative(json.loads(json.dumps(first)))
    assert again["narrative"] == portrait("pendulum").facts()["narrative"]
    changed = copy.deepcopy(again)
    changed["equilibria"][0]["kind"] = "stable node"
    assert "a stable node at (−6.283, 0)" in str(with_narrative(changed)["narrative"])


def test_facts_of_older_versions_are_told_too():
    old = facts()
    for name in ("switching", "annuli", "connections", "polycycles", "audit", "basins", "partial"):
        old.pop(name, None)
    old["completeness"] = {"equilibria": "proved"}
    del old["system"]["equations"]
    words = told(old)
    assert words.startswith("The system in θ and ω")
    assert "Limit cycles were not searched for." in words


def test_a_partial_portrait_says_so_first():
    first = narrate(portrait("odd").facts())[0]
    assert first.heading == "System"
    assert first.sentences[0].text.startswith("This portrait is partial")
    assert first.sentences[0].facts == ("partial",)
    why = "stopped by a user while nullclines were traced"
    stopped = facts(
        completeness={
            "equilibria": f"not searched: {why}",
            "limit_cycles": {"status": f"not searched: {why}"},
        },
        warnings=[{"code": "stopped", "message": f"S{why[1:]}; missing or incomplete: equilibria"}],
        equilibria=[],
        equilibrium_sets=[],
    )
    words = told(stopped)
    assert words.startswith(f"This portrait is partial: {why}; missing or incomplete: equilibria.")
    assert f"Equilibria were not searched for: {why}." in words
    assert f"Limit cycles were not searched for: {why}." in words
    assert "there is no" not in words
    why = "stopped by a user while limit cycles were searched"
    status = {"equilibria": "proved", "limit_cycles": {"status": f"not searched to the end: {why}"}}
    words = told(facts(completeness=status))
    assert f"The search for limit cycles did not come to its end: {why}." in words
    search = {"equilibria": "proved", "limit_cycles": {"status": "not searched in a preview"}}
    preview = facts(completeness=search)
    assert told(preview).startswith("This is a preview")
    assert "not searched" not in told(preview, "Closed orbits")


def test_equilibria_are_grouped_by_kind():
    words = told(facts(), "Equilibria")
    assert words == (
        "There are five equilibria in the window: three stable foci at (−6.283, 0), (0, 0) and "
        "(6.283, 0), and two saddles at (−3.142, 0) and (3.142, 0) (proved: these, and no others)."
    )
    assert about(facts(), "three stable foci")[-1] == "completeness"


@pytest.mark.parametrize(
    ("search", "words"),
    [
        ("proved", "There is no equilibrium in the window (proved)."),
        ("searched; not decided: near 0", "No equilibrium was found in the window."),
        ("not searched", "Equilibria were not searched for."),
    ],
)
def test_none_is_told_as_sure_as_it_is(search, words):
    found = facts(equilibria=[], completeness={"equilibria": search})
    assert told(found, "Equilibria") == words


def test_places_have_no_more_digits_than_their_errors_allow():
    near = [portraits.equilibrium(1.23456789, error=2e-3, evidence="numerical")]
    found = bare("pendulum", equilibria=tuple(near))
    words = told(found, "Equilibria")
    assert "(1.23, 0)" in words
    assert (
        "The evidence that the equilibrium at (1.23, 0) exists is numerical, not a proof." in words
    )


def test_close_equilibria_are_told_apart():
    pair = (portraits.equilibrium(0.4999999), portraits.equilibrium(0.5000001))
    words = told(bare("pendulum", equilibria=pair), "Equilibria")
    assert "(0.4999999, 0) and (0.5000001, 0)" in words


def test_kinds_that_the_linearisation_leaves_open():
    found = bare("odd")
    words = told(found, "Equilibria")
    assert "one of undecided kind at (0, 0)" in words
    assert "The degenerate equilibrium at (1.5, 0) has six hyperbolic sectors and index −2" in words
    assert "All points with θ² + ω² − 1 = 0 are equilibria; their stability is undecided." in words
    assert "The field has a singularity at (5, 1) (division by zero)." in words
    undecided = told(found, "Undecided")
    assert "The kind of the equilibrium at (0, 0) is undecided" in undecided
    assert "both eigenvalues are 0" in undecided


def test_structure_is_told_with_its_formulas():
    words = told(bare("odd"), "System")
    assert "It is Hamiltonian: H = ω²/2 − cos(θ) is constant along every orbit (proved)." in words
    assert "It is reversible under (θ, ω) ↦ (θ, −ω) (proved)." in words
    assert "The curve ω = 0 is invariant" in words


def test_long_formulas_are_left_to_the_list():
    found = facts()
    long = " + ".join(f"{k}*theta^{k}" for k in range(1, 40))
    found["system"]["structure"] = [{"type": "gradient", "expression": long}]
    assert "V, which the list of structure gives, falls along every orbit" in told(found, "System")


def test_separatrices_and_what_they_part():
    found = facts(
        separatrices=[
            separatrix(1, "unstable", "equilibrium 0"),
            separatrix(1, "unstable", "equilibrium 2"),
            separatrix(1, "stable", "infinity", time=2.0),
            separatrix(1, "stable", "undecided", "undecided", reason="it is slow"),
        ]
    )
    words = told(found, "Separatrices")
    assert words.startswith(
        "The unstable separatrices of the saddle at (−3.142, 0) run to the stable foci at "
        "(−6.283, 0) and (0, 0) (numerical); one stable separatrix comes from infinity in finite "
        "time (numerical)"
    )
    assert "the other has an undecided origin" in words
    assert (
        "part the orbits near it: on one side they tend to (−6.283, 0), on the other to (0, 0)"
        in words
    )
    origin = "Where a stable separatrix of the saddle at (−3.142, 0) comes from is undecided"
    assert origin in told(found, "Undecided")
    assert "separatrix 3" in about(found, "it is slow")
    same = facts(separatrices=[separatrix(1, "unstable", "equilibrium 0") for _ in range(2)])
    assert (
        "Both unstable separatrices of the saddle at (−3.142, 0) run to the stable focus"
        in told(same)
    )
    assert "part the orbits" not in told(same)


def test_nothing_is_parted_by_ends_that_do_not_attract():
    found = facts(
        separatrices=[
            separatrix(1, "unstable", "equilibrium 3"),
            separatrix(1, "unstable", "equilibrium 2"),
            separatrix(1, "stable", "left work box"),
            separatrix(1, "stable", "left work box"),
        ]
    )
    assert "part the orbits" not in told(found)


def test_separatrices_of_many_saddles_are_counted():
    saddles = tuple(portraits.equilibrium(3.0 + k / 9, location="inside") for k in range(6))
    found = bare("pendulum", equilibria=saddles)
    found["separatrices"] = [
        separatrix(k, "unstable", "infinity" if k else "equilibrium 1") for k in range(6)
    ]
    assert told(found, "Separatrices") == (
        "Of the six unstable separatrices of six saddles, five run to infinity and one runs to a "
        "saddle (numerical)."
    )


def test_connections_have_status_codimension_and_gap():
    words = told(bare("connected"), "Connections")
    assert "leads from the saddle at (−3.142, 0) to the saddle at (3.142, 0)" in words
    assert "(proved: one level of H < 2)" in words
    assert "its codimension is 0 within Hamiltonian systems" in words
    assert "pass each other within 0.00025 of the window's width" in words
    assert "a homoclinic connection, is undecided" in words


def test_polycycles_are_told():
    found = bare("connected")
    found["polycycles"] = [{"equilibria": [1, 3], "connections": [0, 1], "status": "verified"}]
    words = told(found, "Connections")
    assert "Connections of the saddles at (−3.142, 0) and (3.142, 0) form a polycycle" in words
    found["polycycles"][0]["status"] = "near"
    assert "If there is no gap between them" in told(found, "Connections")


def test_cycles_are_told_with_what_they_enclose():
    found = bare("cycle")
    words = told(found, "Closed orbits")
    assert "A stable limit cycle of period 6.6633 goes round the stable focus at (0, 0)" in words
    assert "its multiplier is 0.00086 (verified)" in words
    assert "and the limit cycle within, with θ from −2.6 to 2.6" in words
    assert "its multiplier is e to the power −4524" in words
    assert ", outside the window, with" in words
    assert "No other limit cycle was found on the four sections searched" in words
    assert "Closed orbits fill a band round the stable focus at (0, 0); their period is" in words
    assert "what bounds the band outward is undecided" in words
    assert about(found, "goes round the stable focus at (0, 0), with") == (
        "cycle 0",
        "equilibrium 2",
    )
    undecided = told(found, "Undecided")
    assert "between θ = 3.5 and θ = 3.6 is undecided: 0 or 1 (a saddle)" in undecided
    assert "not covered: x from 5 to 6: the budget is used up" in undecided


GRADIENT = {"type": "gradient", "expression": "theta^2"}
DULAC = {"type": "Dulac function", "expression": "1/theta", "cofactor": "-3", "sign": -1}
BENDIXSON = {**DULAC, "expression": "1"}
INTEGRAL = {"type": "conserved", "expression": "theta"}


@pytest.mark.parametrize(
    ("status", "structure", "words", "ids"),
    [
        ("none (proved: a gradient field)", GRADIENT, "along it V would fall", ("structure 0",)),
        ("none (proved: Bendixson)", BENDIXSON, "divergence, −3, is nowhere pos", ("structure 0",)),
        ("none (proved: Dulac, by 1/theta)", DULAC, "with B = 1/θ)", ("structure 0",)),
        ("none (proved: a first integral, theta)", INTEGRAL, "is isolated", ("structure 0",)),
        ("none within the window (proved: index: no equilibrium)", DULAC, "there is none", ()),
        (
            "none within the window (proved: index: no equilibrium inside has a positive one)",
            DULAC,
            "round an equilibrium of positive index",
            (),
        ),
        (
            "none (proved: a first integral, theta^2/2, of the field without the factor omega)",
            DULAC,
            "without the factor ω, the field has the first integral θ²/2, so no closed orbit is",
            (),
        ),
        (
            "none (proved: a gradient field, of the field without the factor omega)",
            DULAC,
            "without the factor ω, the field is a gradient, and no orbit of one closes.",
            (),
        ),
        (
            "none (proved: Dulac, by 1/theta, of the field without the factor omega)",
            DULAC,
            "without the factor ω, Dulac's criterion holds with B = 1/θ.",
            (),
        ),
        ("none (proved: something new)", DULAC, "(proved: something new)", ()),
        ("not searched: time appears", DULAC, "not searched for: time appears", ()),
    ],
)
def test_why_there_is_no_limit_cycle(status, structure, words, ids):
    found = facts(completeness={"equilibria": "proved", "limit_cycles": {"status": status}})
    found["system"]["structure"] = [structure]
    assert words in told(found, "Closed orbits")
    assert about(found, words) == ("completeness", *ids)
    assert ("within the window" in told(found, "Closed orbits")) == ("within the window" in status)


def test_winding_cycles_that_were_not_searched_are_told_so():
    status = "none that closes in the plane (proved: Bendixson); those that wind were not searched"
    found = facts(completeness={"equilibria": "proved", "limit_cycles": {"status": status}})
    words = told(found, "Closed orbits")
    assert "Closed orbits that wind round the cylinder were not searched for." in words
    assert "was found" not in words


@pytest.mark.parametrize(
    ("cycles", "words"),
    [
        (
            0,
            "but there is at most one by Bendixson's criterion (proved).",
        ),
        (
            1,
            "There is no other limit cycle that winds round the cylinder (proved: there is at most",
        ),
    ],
)
def test_two_cycles_that_wind_would_bound_an_annulus(cycles, words):
    status = "none that closes in the plane (proved: Bendixson); those that wind were searched"
    known = bare("cycle")
    known["limit_cycles"] = [{**known["limit_cycles"][0], "winding": [1, 0]}][:cycles]
    search = {"status": f"{status} (at most one by Bendixson)"}
    known["completeness"] = {"equilibria": "proved", "limit_cycles": search}
    assert words in told(known, "Closed orbits")


def test_a_cycle_that_winds_round_a_cylinder():
    found = bare("cycle")
    item = {
        **found["limit_cycles"][0],
        "winding": [2, 0],
        "encloses": {"equilibria": [], "cycles": []},
    }
    found["limit_cycles"] = [item]
    assert "winds twice round the cylinder, along θ" in told(found, "Closed orbits")


def test_basins_have_shares_and_the_undecided_rest():
    def basin(of: str, fraction: float, evidence: str = "verified", **more: Any) -> Any:
        return {"of": of, "fraction": fraction, "error": 1e-4, "evidence": evidence, **more}

    found = facts(
        basins=[
            basin("infinity", 0.25, "numerical"),
            basin("equilibrium 2", 0.5),
            basin("beyond", 0.2, point=[12.5, 0.0], kind="stable node"),
            basin("undecided", 0.05, "undecided"),
        ]
    )
    words = told(found, "Basins of attraction")
    assert words.startswith(
        "Of the window, 50.0 % belongs to the basin of the stable focus at (0, 0)"
    )
    assert "25.0 % to orbits that go to infinity (numerical, ± 0.01 %)" in words
    assert "20.0 % to the basin of the stable node at (12.5, 0) beyond the window" in words
    assert "5.0 % of the window" in told(found, "Undecided")
    found = facts(basins=[basin("equilibrium 2", 1.0)])
    words = (
        "All of the window belongs to the basin of the stable focus at (0, 0) (verified, ± 0.01 %)."
    )
    assert told(found, "Basins of attraction") == words


def test_jumps_and_sliding():
    points = [[-0.6, 1.0], [0.6, 1.0]]
    found = facts(
        switching=[
            {"surface": "omega - 1 = 0", "kind": kind, "ends": ["fold", "fold"], "points": points}
            for kind in ("sliding", "crossing")
        ]
    )
    assert told(found, "Jumps of the field") == (
        "The field jumps where ω − 1 = 0; orbits slide along it between (−0.6, 1) and (0.6, 1), "
        "and elsewhere they cross it."
    )


def test_segments_at_rest_and_round_closed_surfaces():
    """Points of a segment are in no order of time: the set may have them the other way round."""
    points = [[-0.6, 1.0], [0.6, 1.0]]
    sliding = {"surface": "omega - 1 = 0", "kind": "sliding", "ends": ["fold"] * 2}
    closed = {
        **sliding,
        "surface": "theta^2 + omega^2 - 1 = 0",
        "points": [[1, 0], [-1, 0], [1, 0]],
    }
    limited = {"implicit": "omega - 1", "part": "-0.6 <= theta <= 0.6", "stability": "stable"}
    found = facts(
        switching=[{**sliding, "points": points}, closed],
        equilibrium_sets=[{**limited, "points": points[::-1]}, {"implicit": "0", "points": []}],
    )
    jumps, rest = told(found, "Jumps of the field"), told(found, "Equilibria")
    assert "orbits come to rest on it between (−0.6, 1) and (0.6, 1)." in jumps
    assert about(found, "come to rest on it") == ("switching 0", "set 0")
    assert "orbits slide along it on the whole closed curve through (1, 0)." in jumps
    assert "All points with ω − 1 = 0 and −0.6 ≤ θ ≤ 0.6 are equilibria; they are stable." in rest
    assert "All points are equilibria; their stability is undecided." in rest
    shorter = facts(
        switching=[{**sliding, "points": points}],
        equilibrium_sets=[{**limited, "points": [[-0.5, 1.0], [0.6, 1.0]]}],
    )
    assert "slide along it between" in told(shorter, "Jumps of the field")


def test_trajectories_that_were_asked_for():
    found = bare("cycle")
    words = told(found, "Trajectories")
    assert "(−2, 1.5) goes to the saddle at" in words
    assert "The trajectory through (−0.5, 0.5)" in words
    assert "goes to the stable limit cycle through (2, 0) (numerical)" in words


@pytest.mark.parametrize(
    ("audit", "heading", "words"),
    [
        ((1, 1, True, ""), "Check by the index", "Along the window's border the field turns once"),
        ((-2, -2, True, ""), "Check by the index", "turns backward twice"),
        ((0, 0, True, "enters"), "Check by the index", "so no orbit leaves the window"),
        ((1, 0, False, ""), "Check by the index", "do not add up"),
        ((None, 1, None, ""), "Undecided", "Whether the indices add up"),
    ],
)
def test_the_audit(audit, heading, words):
    names = ("boundary", "sum", "consistent", "border")
    curve = [[-7.0, -4.0], [7.0, 4.0]]
    item = {**dict(zip(names, audit, strict=True)), "curve": curve, "notes": []}
    assert words in told(facts(audit=item), heading)
    moved = {**item, "curve": [[-8.0, -4.0], [7.0, 4.0]]}
    assert ("moved a little" in told(facts(audit=moved))) == (audit[2] is True)


@pytest.mark.parametrize(
    ("notes", "words"),
    [
        (
            "equilibrium 1, equilibrium 2",
            "the saddle at (−3.142, 0) and the stable focus at (0, 0)",
        ),
        ("the set all points with theta < 0", "the equilibria with θ < 0"),
        (
            "equilibrium 1, the set theta = 0",
            "the saddle at (−3.142, 0) and the equilibria with θ = 0",
        ),
    ],
)
def test_whose_index_is_not_known(notes, words):
    audit = {"boundary": None, "sum": None, "consistent": None, "border": "", "curve": None}
    found = facts(audit={**audit, "notes": [f"no index is known of {notes}"]})
    assert f"is undecided: no index is known of {words}" in told(found, "Undecided")
    found = facts(audit={**audit, "notes": ["no index is known of the set all points"]})
    assert "is undecided: every point is an equilibrium." in told(found, "Undecided")


def test_remarks_on_what_is_not_shown():
    warnings = [
        {"code": "assumed", "message": "mu was taken as 1"},
        {"code": "cycle-outside", "message": "1 cycle is outside the window"},
    ]
    assert told(facts(warnings=warnings), "Remarks") == "1 cycle is outside the window."
    far = "2 equilibria are outside the fitted window: (x, y) = (30, -4.5); (1e+03, 0)"
    known = facts(warnings=[{"code": "outside-window", "message": far}])
    words = "Two equilibria lie outside the fitted window, at (30, −4.5) and (1×10³, 0)."
    assert told(known, "Remarks") == words
    assert sentence_marks(known, ("warning 0",)) == [["point", 30.0, -4.5], ["point", 1000.0, 0.0]]
    message = "1 cycle is outside the window (from 5 to 9): too far off for the fitted window"
    beyond = {
        **portrait("cycle").facts(),
        "warnings": [{"code": "cycle-outside", "message": message}],
    }
    beyond["limit_cycles"] = [{**item, "location": "inside"} for item in beyond["limit_cycles"]]
    assert "1 cycle is outside the window (from 5 to 9)" in told(beyond, "Remarks")
    beyond["limit_cycles"][1]["location"] = "outside"
    words = "One limit cycle lies outside the window: it is too far off to be fitted."
    assert told(beyond, "Remarks") == words
    assert about(beyond, words) == ("warning 0", "cycle 1")


def test_loops_and_what_decides_a_center():
    loop = [separatrix(1, way, "equilibrium 1", "proved") for way in ("unstable", "stable") * 2]
    assert told(facts(separatrices=loop), "Separatrices") == (
        "Both unstable separatrices of the saddle at (−3.142, 0) return to the saddle itself; both "
        "stable ones come from the saddle itself (all proved)."
    )
    found = facts()
    found["equilibria"] = [
        {**item, "kind": "center", "hyperbolic": False, "stability": "neutral", "reason": reason}
        for item, reason in zip(
            found["equilibria"][:3],
            (
                "a first integral (hamiltonian) is smooth here and not constant",
                "a first integral (hamiltonian) is smooth here and not constant",
                "the reversor (x, y) -> (x, -y) maps the point to itself",
            ),
            strict=True,
        )
    ]
    words = told(found, "Equilibria")
    assert (
        "That the two equilibria at (−6.283, 0) and (−3.142, 0) are centers is not decided by the "
        "linearisation but by a first integral, smooth there and not constant." in words
    )
    assert "but by the reversor (x, y) ↦ (x, −y), which maps the point to itself." in words


def test_the_page_links_sentences_to_the_figure():
    found = portrait("connected").facts()
    shows = [p for p in parts(narrative_section(found)) if getattr(p, "role", "") == "button"]
    assert shows
    for part in shows:
        assert part.tabIndex == 0
        assert json.loads(getattr(part, "data-marks"))
    told_on_page = [
        p for p in parts(facts_panel(portrait("connected"))) if hasattr(p, "data-facts")
    ]
    sentences = [s for item in found["narrative"] for s in item["sentences"]]
    assert len(told_on_page) == len(sentences)


def test_marks_of_every_sort():
    found = {
        **portrait("cycle").facts(),
        **{name: portrait("connected").facts()[name] for name in ("separatrices", "connections")},
    }
    assert sentence_marks(found, ("equilibrium 2", "equilibrium 2")) == [["point", 0.0, 0.0]]
    assert sentence_marks(found, ("cycle 1",)) == [["cycle", 1]]
    assert sentence_marks(found, ("separatrix 1",))[0][:2] == ["branch", "stable"]
    assert sentence_marks(found, ("connection 0",))[0][:2] == ["link", 0]
    assert sentence_marks(found, ("window", "completeness", "system")) == [["window"]]


def test_the_command_tells_it_in_lines():
    lines = narrative_report(facts(), "Damped pendulum").split("\n")
    assert lines[0] == "Damped pendulum"
    assert "System" in lines
    assert max(map(len, lines)) <= 76
    assert not [line for line in lines if line.endswith(("≤", "=", "↦")) or (line.endswith(",")
                and line.rsplit(" ", 1)[-1].startswith("("))]  # fmt: skip


def test_paragraphs_are_plain_values():
    first = narrate(facts())[0]
    assert first == Paragraph("System", first.sentences)


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ("proved, except on surfaces where the field jumps", "is proved, except on surfaces"),
        (
            "proved, except within specks of 2e-11 of the window near (1, 0), "
            "except on surfaces where the field jumps",
            "near (1, 0), and except on surfaces",
        ),
    ],
)
def test_what_the_search_leaves_open_is_a_sentence(search: str, said: str) -> None:
    known = facts()
    assert said in told({**known, "completeness": {**known["completeness"], "equilibria": search}})


def test_copies_by_a_period_beyond_the_window_are_not_listed_again():
    known = portrait("pendulum").facts()
    known["system"]["structure"] = []
    before = len(known["equilibria"])
    period = 6.283185307179586
    inside = next(item for item in known["equilibria"] if item["location"] == "inside")
    known["equilibria"].append(
        {**inside, "location": "outside", "point": [inside["point"][0] + 2 * period, 0.0]}
    )
    assert "utside the window" in told(known, "Equilibria")
    shift = {"type": "periodic", "expression": "(x, y) -> (x + 2*pi, y)", "shift": [period, 0.0]}
    known["system"]["structure"] = [{**shift, "how": ""}]
    assert "utside the window" not in told(known, "Equilibria")
    known["equilibria"][before]["point"][0] += 0.1
    assert "utside the window" in told(known, "Equilibria")


def test_a_gap_of_one_place_is_no_interval():
    gap = {"from": [0.6, 0.0], "to": [0.6, 0.0], "count": "0 or 1", "reason": "it touches"}
    search = {"status": "searched", "undecided": [gap]}
    known = facts(completeness={"equilibria": "proved", "limit_cycles": search})
    assert "cross a section near θ = 0.6 is undecided: 0 or 1" in told(known, "Undecided")
