"""Basins outside of the engine: facts, archive, figures, exports, panel, report, form, command."""

from __future__ import annotations

import base64
import csv
import io
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from portraits import pendulum_portrait
from trees import text as text_of

from eqpp_dash.cli.report import portrait_report
from eqpp_dash.cli.specs import read_spec
from eqpp_dash.components.facts import facts_panel
from eqpp_dash.exports import FORMATS, export_portrait
from eqpp_dash.figures.basins import basin_pieces, tints
from eqpp_dash.figures.geometry import portrait_frame
from eqpp_dash.figures.portrait import portrait_figure, portrait_figure_dict
from eqpp_dash.figures.themes import THEMES
from eqpp_dash.model.basins import NO_PLACE, Basin, BasinMap
from eqpp_dash.model.spec import ANALYSES, USUAL_ANALYSES, PortraitSpec
from eqpp_dash.store.codec import decode_portrait, encode_portrait

SIDE = 64


@cache
def portrait():
    """Give the pendulum with a disc for one basin, a ring with a hole around it, and a rest."""
    y, x = (np.indices((SIDE, SIDE)) + 0.5) / SIDE - 0.5
    labels = np.where(np.hypot(x, y) < 0.2, 0, np.where(np.hypot(x, y) < 0.4, 1, 2)).astype(np.int8)
    labels[0, 0] = 3
    counts = [float((labels == k).mean()) for k in range(4)]
    zero = np.zeros(2)
    kinds = (
        ("equilibrium 2", "verified", zero, "stable focus"),
        ("beyond", "verified", np.array([12.5, 0.0]), "stable node"),
        ("infinity", "numerical", np.array(NO_PLACE), ""),
        ("undecided", "undecided", np.array(NO_PLACE), ""),
    )
    basins = tuple(
        Basin(of, share, 112 * share, 1e-4, evidence, point, kind)
        for share, (of, evidence, point, kind) in zip(counts, kinds, strict=True)
    )
    return pendulum_portrait(basins=BasinMap(labels, basins, 5000, 32))


def test_facts_give_shares_areas_and_what_is_undecided():
    facts = portrait().facts()
    first, second, third, last = facts["basins"]
    assert first["of"] == "equilibrium 2"
    assert first["point"] == [0.0, 0.0]
    assert second["point"] == [12.5, 0.0]
    assert third["point"] is None
    assert third["kind"] is None
    assert last["evidence"] == "undecided"
    assert sum(item["fraction"] for item in facts["basins"]) == pytest.approx(1)
    assert facts["completeness"]["basins"] == {"cells": [64, 64], "undecided": 1, "orbits": 5000}


def test_the_archive_keeps_them_and_reads_rows_without():
    back = decode_portrait(encode_portrait(portrait()))
    assert back.basins.labels.dtype == np.int8
    assert (back.basins.labels == portrait().basins.labels).all()
    assert back.facts() == portrait().facts()
    assert decode_portrait(encode_portrait(pendulum_portrait())).basins is None
    more = len(encode_portrait(portrait())) - len(encode_portrait(pendulum_portrait()))
    assert more < SIDE * SIDE / 2


def area(rings):
    """Give the signed area of outlines, each closed."""
    return sum(
        0.5 * float(r[:-1, 0] @ r[1:, 1] - r[1:, 0] @ r[:-1, 1]) for piece in rings for r in piece
    )


def test_outlines_surround_what_the_cells_do():
    drawn, found = portrait(), basin_pieces(portrait().basins, portrait_frame(portrait()))
    for item, rings in zip(drawn.basins.basins[:3], found[:3], strict=True):
        assert area(rings) == pytest.approx(item.area, rel=0.01)
    assert [len(piece) for piece in found[1]] == [2]
    corners = np.concatenate([ring for piece in found[2] for ring in piece])
    assert corners.min(axis=0).tolist() == [-7, -4]
    assert corners.max(axis=0).tolist() == [7, 4]


@pytest.mark.parametrize("theme", THEMES)
def test_basins_lie_below_everything_else(theme):
    drawn = portrait_figure_dict(portrait(), theme=theme)
    bare = portrait_figure_dict(pendulum_portrait(), theme=theme)
    groups = [trace["legendgroup"] for trace in drawn["data"]]
    mine = [group for group in groups if group.startswith("basin-")]
    assert groups[: len(mine)] == mine == [f"basin-{k}" for k in range(4)]
    assert drawn["data"][len(mine) :] == bare["data"]
    names = [trace["name"] for trace in drawn["data"][:3]]
    assert names[0].startswith("basin of (0, 0): 12.")
    assert names[2].startswith("to infinity: ")
    assert drawn["layout"]["meta"]["insert_at"] == bare["layout"]["meta"]["insert_at"] + 4
    portrait_figure(portrait(), theme=theme)


def test_basins_differ_without_colour():
    labels = np.arange(16, dtype=np.int8).reshape(4, 4)
    many = [Basin(f"equilibrium {k}", 1 / 16, 1.0, 0.0, "verified", np.zeros(2)) for k in range(16)]
    found = tints(BasinMap(labels, tuple(many), 16, 4), THEMES["light"])
    assert len({(tint.colour, tint.pattern) for tint in found}) == 16


def test_phones_get_them_too():
    drawn = portrait_figure_dict(portrait(), phone=True)
    assert drawn["data"][0]["fill"] == "toself"


@pytest.mark.parametrize("format", FORMATS)
def test_every_export_has_them(format):
    bare = export_portrait(pendulum_portrait(), pendulum_portrait().facts(), format).bytes
    whole = export_portrait(portrait(), portrait().facts(), format).bytes
    assert (whole == bare) == (format == "py")


def test_the_script_asks_for_them():
    asked = replace(portrait(), spec=portrait().spec.replace(analyses=ANALYSES))
    assert b"basins" in export_portrait(asked, asked.facts(), "py").bytes


def test_the_table_has_a_row_a_cell():
    text = export_portrait(portrait(), portrait().facts(), "csv").bytes.decode()
    rows = [row for row in csv.reader(io.StringIO(text)) if row[1].startswith("basin ")]
    assert len(rows) == SIDE * SIDE
    assert rows[0] == ["undecided", "basin 3", "", "-6.890625", "-3.9375"]
    middle = rows[SIDE * SIDE // 2 + SIDE // 2]
    assert middle[:2] == ["equilibrium 2", "basin 0"]


def test_the_panel_and_the_report_name_them():
    told = text_of(facts_panel(portrait()))
    for words in ("Basins of attraction", "stable focus (0, 0)", "orbits that go to infinity"):
        assert words in told
    assert "stable node (12.5, 0) beyond the window" in told
    assert "Basins" not in text_of(facts_panel(pendulum_portrait()))


def test_the_command_asks_for_them():
    spec = read_spec(None, "x' = y; y' = -x", basins=True)
    assert spec.analyses == ANALYSES
    assert read_spec(None, "x' = y; y' = -x").analyses == USUAL_ANALYSES
    assert PortraitSpec("x' = y; y' = -x").analyses == USUAL_ANALYSES


def test_arrays_of_outlines_are_finite_where_drawn():
    trace = portrait_figure_dict(portrait())["data"][1]
    x = np.frombuffer(base64.b64decode(trace["x"]["bdata"]), f"<{trace['x']['dtype']}")
    assert np.isnan(x).sum() == 1
    assert np.nanmax(np.abs(x)) <= 7


def test_the_report_lists_them():
    from types import SimpleNamespace

    job = SimpleNamespace(portrait_id="abc", queue_s=None)
    lines = portrait_report(portrait(), job).splitlines()
    assert "Basins of attraction: 4 (64 x 64 cells, 1 undecided)" in lines
    assert any("stable focus (0, 0)" in line and "12." in line for line in lines)
