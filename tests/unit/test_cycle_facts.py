"""Limit cycles of a portrait in every place that tells of them."""

import csv
import io
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import orjson
import pytest
from portraits import cycle_portrait, limit_cycle, pendulum_portrait
from trees import text

from eqpp_dash.cli.report import portrait_report
from eqpp_dash.components.facts import facts_panel
from eqpp_dash.exports import export_portrait
from eqpp_dash.figures import THEMES, portrait_figure_dict
from eqpp_dash.figures.cycles import cycle_multiplier, search_words
from eqpp_dash.figures.ends import end_words
from eqpp_dash.model.cycles import CycleCoverage
from eqpp_dash.model.portrait import OrbitEnd
from eqpp_dash.store.archive import summarize
from eqpp_dash.store.codec import decode_portrait, encode_portrait

OLD = Path(__file__).parents[1] / "fixtures" / "portrait-v1.bin"


def test_facts_of_cycles_follow_the_documented_form():
    facts = orjson.loads(orjson.dumps(cycle_portrait().facts()))
    first, second, third, last = facts["limit_cycles"]
    assert first["multipliers"] == [[1.0, 0.0], [pytest.approx(math.exp(-7.0589328)), 0.0]]
    assert first["log_multiplier"] == -7.0589328
    assert first["bounds"] == {"theta": [-2.0, 2.0], "omega": [-2.0, 2.0]}
    assert first["encloses"] == {"equilibria": [2], "cycles": []}
    assert (first["winding"], first["location"], first["evidence"]) == (
        [0, 0],
        "inside",
        "verified",
    )
    assert second["multipliers"][1][0] == pytest.approx(math.exp(75.4))
    assert third["stability"] == "semi-stable"
    assert last["multipliers"] == [[1.0, 0.0], [0.0, 0.0]]  # e^-4524: the logarithm tells it
    assert last["log_multiplier"] == -4524.0
    (annulus,) = facts["annuli"]
    assert (annulus["around"], annulus["inner"], annulus["outer"]) == (
        [2],
        "equilibrium 2",
        "undecided",
    )
    told = facts["completeness"]["limit_cycles"]
    assert (told["status"], told["arcs"], len(told["blind"])) == ("searched", 4, 1)
    assert told["undecided"][0]["count"] == "0 or 1"


def test_a_reason_on_the_page_keeps_the_capitals_of_variables():
    told = CycleCoverage("none (proved: a first integral, I - log(abs(I)))")
    assert "None (proved: a first integral, I − ln|I|)." in text(
        facts_panel(pendulum_portrait(cycle_coverage=told))
    )


def test_a_multiplier_beyond_doubles_is_null_in_facts_and_a_power_in_words():
    item = limit_cycle(log_multiplier=4524.0)
    facts = pendulum_portrait(limit_cycles=(item,)).facts()
    assert facts["limit_cycles"][0]["multipliers"][1] == [None, 0.0]
    assert cycle_multiplier(item) == "e^(4524)"
    assert cycle_multiplier(limit_cycle()) == "0.0008597 (log −7.059)"


def test_without_a_search_nothing_is_claimed():
    portrait = pendulum_portrait()
    assert portrait.facts()["completeness"]["limit_cycles"]["status"] == "not searched"
    assert search_words(portrait) == "not searched"
    assert "Not searched." in text(facts_panel(portrait))


@pytest.mark.parametrize(
    ("coverage", "words"),
    [
        (CycleCoverage("searched", 4), "1 found; searched 4 sections; blind: none"),
        (
            CycleCoverage("searched; no others (proved: a theorem)", 4),
            "1 found; no others (proved: a theorem)",
        ),
        (CycleCoverage("searched", 1), "1 found; searched 1 section; blind: none"),
        (
            CycleCoverage("searched", 9, tuple("abcde")),
            "1 found; searched 9 sections; blind: a | b | c | and 2 more places",
        ),
    ],
)
def test_the_sentence_says_what_was_searched(coverage, words):
    portrait = pendulum_portrait(limit_cycles=(limit_cycle(),), cycle_coverage=coverage)
    assert search_words(portrait) == words


def test_a_proof_is_told_as_it_is():
    portrait = pendulum_portrait(cycle_coverage=CycleCoverage("none (proved: Dulac)"))
    assert search_words(portrait) == "none (proved: Dulac)"


def test_an_undecided_place_is_told():
    assert search_words(cycle_portrait()).endswith(
        "undecided: 0 or 1 cycles between x = 3.5 and 3.6 (a saddle)"
    )


def test_cycles_are_stored_to_the_last_bit():
    portrait = cycle_portrait()
    read = decode_portrait(encode_portrait(portrait))
    for item, other in zip(read.limit_cycles, portrait.limit_cycles, strict=True):
        assert item.points.tobytes() == other.points.tobytes()
        assert item.bounds.tobytes() == other.bounds.tobytes()
        assert (item.period, item.equilibria, item.cycles) == (
            other.period,
            other.equilibria,
            other.cycles,
        )
    assert read.cycle_coverage == portrait.cycle_coverage
    assert read.facts() == portrait.facts()


def test_a_portrait_stored_before_cycles_were_searched_is_read():
    portrait = decode_portrait(OLD.read_bytes())
    assert [item.kind for item in portrait.equilibria] == ["unstable focus"]
    assert (portrait.limit_cycles, portrait.annuli, portrait.cycle_gaps) == ((), (), ())
    assert portrait.cycle_coverage == CycleCoverage("not searched")
    assert portrait_figure_dict(portrait)["data"]
    assert portrait.facts()["completeness"]["limit_cycles"]["status"] == "not searched"
    assert decode_portrait(encode_portrait(portrait)).facts() == portrait.facts()


@pytest.mark.parametrize("theme", THEMES)
def test_cycles_are_heavy_and_told_apart_by_their_dashes(theme):
    figure = portrait_figure_dict(cycle_portrait(), theme=theme)
    curves = [t for t in figure["data"] if "cycle" in t.get("meta", {})]
    dashes = {t["name"]: t["line"]["dash"] for t in curves}
    assert dashes["stable limit cycle"] == "solid"
    assert len(set(dashes.values())) == 3
    others = [t["line"]["width"] for t in figure["data"] if t["legendgroup"] == "trajectories"
              and "line" in t]  # fmt: skip
    assert min(t["line"]["width"] for t in curves) > 1.5 * max(others)
    entries = [t["name"] for t in curves if t["showlegend"]]
    assert sorted(entries) == sorted(set(entries))
    assert all(t["legendgroup"].startswith("cycles-") for t in curves)
    first = next(t for t in curves if t["meta"]["cycle"] == 0)
    assert first["hovertext"].splitlines() == [
        "<b>C0: stable limit cycle</b><br>period 6.6633<br>"
        "multiplier 0.0008597 (log −7.059)<br>verified"
    ]
    at = figure["layout"]["meta"]["insert_at"]
    assert all(figure["data"].index(t) >= at for t in curves)


def test_an_arrowhead_shows_the_direction_of_a_cycle():
    figure = portrait_figure_dict(pendulum_portrait(limit_cycles=(limit_cycle(),)))
    (heads,) = [
        t
        for t in figure["data"]
        if t["legendgroup"] == "cycles-stable" and "markers" in t.get("mode", "")
    ]
    assert heads["marker"]["angleref"] == "previous"


def test_the_panel_has_a_row_a_cycle():
    said = text(facts_panel(cycle_portrait(), row_id="r1"))
    assert "stable limit cycle" in said
    assert "Period 6.6633" in said
    assert "0.0008597 (log −7.059)" in said
    assert "θ −2 to 2 ω −2 to 2" in said
    assert "around the stable focus at (0, 0), periods 6.28 to 7.5" in said
    assert "4 found; searched 4 sections" in said
    assert "Place outside" in said


def test_the_report_and_the_page_tell_of_cycles():
    portrait = cycle_portrait()
    job = SimpleNamespace(portrait_id="abc", queue_s=None)
    said = portrait_report(portrait, job)
    assert "Limit cycles: 4 found; searched 4 sections" in said
    assert "stable       6.6632869  0.0008597 (log −7.059)" in said
    assert "goes to the stable limit cycle of period 6.6633" in said
    page = export_portrait(portrait, portrait.facts(), "html").bytes.decode()
    assert "<h2>Limit cycles</h2>" in page
    assert "6.6632868593 ± 2×10⁻¹⁰" in page


def test_the_table_holds_the_curves():
    portrait = cycle_portrait()
    lines = export_portrait(portrait, portrait.facts(), "csv").bytes.decode()
    rows = [row for row in csv.reader(io.StringIO(lines)) if row[0] == "cycle 1"]
    assert {row[1] for row in rows} == {"limit cycle"}
    points = np.array([row[3:] for row in rows], dtype=float)
    assert np.array_equal(points, portrait.limit_cycles[1].points)


def test_pictures_and_thumbnails_show_cycles():
    with_cycle = pendulum_portrait(limit_cycles=(limit_cycle(),))
    drawn = export_portrait(with_cycle, with_cycle.facts(), "svg").bytes
    plain = export_portrait(pendulum_portrait(), pendulum_portrait().facts(), "svg").bytes
    assert len(drawn) > len(plain) + 500
    from eqpp_dash.exports.thumbnail import thumbnail_svg

    small = thumbnail_svg(cycle_portrait())
    assert b'stroke-width="3.8"' in small
    assert b"stroke-dasharray" in small
    assert len(small) < 8000


def test_the_archive_says_how_many_cycles_there_are():
    assert summarize(pendulum_portrait(equilibria=(), limit_cycles=(limit_cycle(),))) == (
        "no equilibria, 1 stable cycle"
    )
    assert summarize(cycle_portrait()).endswith(
        "2 stable cycles, 1 unstable cycle, 1 semi-stable cycle"
    )


def test_an_end_names_its_cycle():
    end = OrbitEnd("cycle 0", None)
    assert end_words(end) == "a limit cycle"
    words = "the stable limit cycle of period 6.6633"
    assert end_words(end, cycles=(limit_cycle(),)) == words
