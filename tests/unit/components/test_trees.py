"""The page's trees: what they hold, that their ids are unique, that controls have names."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dash import html
from portraits import equilibrium, odd_portrait, pendulum_portrait
from trees import parts, plain, text

import eqpp_dash
from eqpp_dash.components.archive import ArchiveRow, archive_page, archive_rows
from eqpp_dash.components.editor import caret_lines, echo, equation_error
from eqpp_dash.components.facts import facts_panel
from eqpp_dash.components.gallery import Card, gallery_page
from eqpp_dash.components.header import FORMATS, export_items
from eqpp_dash.components.ids import Editor, JobPanel, Part, parameter
from eqpp_dash.components.job import job_panel
from eqpp_dash.components.parameters import number_text, parameter_controls, slider_range
from eqpp_dash.components.permanent import Subject, permanent_body, permanent_page
from eqpp_dash.components.shell import shell
from eqpp_dash.components.theme import NIGHT, OCEAN
from eqpp_dash.components.workbench import workbench
from eqpp_dash.errors import EquationError, SpecError
from eqpp_dash.figures.labels import format_eigenvalues
from eqpp_dash.figures.symbols import SHAPES
from eqpp_dash.model.numbers import read_float
from eqpp_dash.model.portrait import EquilibriumSet, Notice

ASSETS = Path(eqpp_dash.__file__).parent / "assets"
SUBJECT = Subject("r1", "Pendulum", "x' = y\ny' = -x", "finished", "/#s=abc")
NAMED = ("TextInput", "Textarea", "ActionIcon", "TagsInput", "Select", "SegmentedControl")


PAGES = {
    "workbench": lambda: html.Div([shell(), workbench({})]),
    "archive": lambda: html.Div([shell(), archive_page()]),
    "permanent": lambda: html.Div(
        [shell(), permanent_page(SUBJECT, permanent_body(SUBJECT, pendulum_portrait(), None, ""))]
    ),
}


@pytest.mark.parametrize("page", PAGES)
def test_ids_are_unique_on_a_page(page: str) -> None:
    ids = [str(item.id) for item in parts(PAGES[page]()) if getattr(item, "id", None)]
    assert [name for name, count in Counter(ids).items() if count > 1] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_control_has_a_name(page: str) -> None:
    for item in parts(PAGES[page]()):
        props = item.to_plotly_json()["props"]
        if item._type in NAMED:
            assert props.get("aria-label") or props.get("label"), props


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_one_main_heading_and_no_link_in_a_button(page: str) -> None:
    tree = PAGES[page]()
    assert sum(item._type == "H1" for item in parts(tree)) == 1
    buttons = [item for item in parts(tree) if item._type == "Button"]
    assert not [a for button in buttons for a in parts(button.children) if a._type == "A"]


@pytest.mark.parametrize("page", PAGES)
def test_a_label_names_an_element(page: str) -> None:
    tree = html.Div([PAGES[page](), *parameter_controls({"mu": 1.0})])
    ids = [getattr(item, "id", None) for item in parts(tree)]
    assert [i.htmlFor for i in parts(tree) if i._type == "Label" and i.htmlFor not in ids] == []


def test_only_the_phase_of_a_job_is_announced() -> None:
    spoken = [item for item in parts(job_panel()) if getattr(item, "role", None) == "status"]
    assert [item.id for item in spoken] == [JobPanel.PHASE]


def test_a_store_holds_nothing_at_first() -> None:
    stores = [item for item in parts(PAGES["workbench"]()) if item._type == "Store"]
    assert len(stores) > 10
    assert all(getattr(store, "data", None) is None for store in stores)


def test_the_caret_stands_under_the_token() -> None:
    source = "x' = y\ny' = -sen(x)"
    error = EquationError("unknown function", token="sen", line=2, column=7)
    first, second = caret_lines(error, source).split("\n")
    assert first[second.index("^") : second.rindex("^") + 1] == "sen"


@pytest.mark.parametrize("column", [1, 30, 80, 120])
def test_the_caret_of_a_long_line_stays_under_its_token(column: int) -> None:
    line = "x' = " + "a+" * 60
    line = line[: column - 1] + "Q" + line[column:]
    error = EquationError("bad", token="Q", line=1, column=column)
    first, second = caret_lines(error, line).split("\n")
    assert first[second.index("^")] == "Q"
    assert len(first) < 60


def test_a_place_past_the_end_is_shown_at_the_end() -> None:
    error = EquationError("something is missing", line=9, column=99)
    first, second = caret_lines(error, "x' = y\ny' =").split("\n")
    assert first.startswith("9 │ y' =")
    assert second.count("^") == 1


def test_an_error_says_what_and_how_to_mend_it() -> None:
    error = EquationError("unknown function “sen”", token="sen", hint="did you mean “sin”?")
    said = text(equation_error(error, "x' = sen(x)"))
    assert "Unknown function “sen”." in said
    assert "Did you mean “sin”?" in said


def test_an_error_without_a_place_has_no_caret() -> None:
    assert "│" not in text(equation_error(SpecError("too much"), "x' = 1"))


def test_the_echo_shows_latex_and_remarks() -> None:
    said = text(echo(r"\dot x = y", [Notice("default", "mu has no value: 1 is used")]))
    assert r"\dot x = y" in said
    assert "mu has no value: 1 is used" in said


@pytest.mark.parametrize("value", [1.0, -0.3, 1e-12, 2.5e8, 1 / 3, 0.1, 0.0, 123456.789])
def test_the_text_of_a_number_reads_back_equal(value: float) -> None:
    assert read_float(number_text(value)) == value


@pytest.mark.parametrize("value", [1.0, -0.3, 1e-12, 2.5e8, 1 / 3, 0.1, 0.0, -7.0, 99.0])
def test_a_slider_holds_its_value_and_zero(value: float) -> None:
    low, high = slider_range(value)
    assert low <= value <= high
    assert low <= 0 < high
    assert value <= 0 or (low == 0 and 2 * value <= high <= 4 * value)


def test_each_parameter_has_a_slider_and_exact_text() -> None:
    controls = parameter_controls({"beta": "8/3", "rho": 28.0})
    by_id = {json.dumps(item.id): item for item in parts(controls) if hasattr(item, "id")}
    value = by_id[json.dumps(parameter(Part.VALUE, "beta"))]
    slider = by_id[json.dumps(parameter(Part.SLIDER, "beta"))]
    assert value.value == "8/3"
    assert slider.value == pytest.approx(8 / 3)
    assert json.dumps(parameter(Part.SLIDER, "rho")) in by_id


def test_a_system_without_parameters_says_so() -> None:
    assert "none" in text(parameter_controls({}))


def test_facts_list_every_equilibrium_with_its_eigenvalues() -> None:
    portrait = pendulum_portrait()
    said = text(facts_panel(portrait, row_id="r1"))
    for item in portrait.equilibria:
        assert item.kind in said
        assert format_eigenvalues(item.eigenvalues.tolist()) in said
    assert "proved complete" in said
    assert "Permanent page" in said


def test_facts_of_a_preview_offer_no_permanent_page() -> None:
    said = text(facts_panel(pendulum_portrait()))
    assert "Preview" in said
    assert "Permanent page" not in said


def test_facts_tell_undecided_points_sets_and_singularities() -> None:
    said = text(facts_panel(odd_portrait()))
    assert "the linearisation is degenerate" in said
    assert "θ² + ω² − 1 = 0" in said
    assert "division by zero" in said
    assert "6 hyperbolic" in said


def test_facts_tell_the_structure_that_is_proved() -> None:
    said = text(facts_panel(odd_portrait()))
    assert "H = ω²/2 − cos(θ)" in said
    assert "(θ, ω) ↦ (θ, −ω)" in said
    assert "Invariant curve" in said
    assert "ω = 0" in said
    assert "cofactor 2θ" in said
    assert "Structure" not in text(facts_panel(pendulum_portrait()))


def test_no_equilibria_is_said() -> None:
    assert "None found" in text(facts_panel(pendulum_portrait(equilibria=())))


def test_no_isolated_equilibria_are_said_where_curves_of_them_are() -> None:
    everywhere = EquilibriumSet("0", np.zeros((0, 2)), "neutral")
    portrait = pendulum_portrait(equilibria=(), equilibrium_sets=(everywhere,))
    said = text(facts_panel(portrait))
    assert "None isolated in the window" in said
    assert "All points are equilibria: neutral" in " ".join(said.split())
    assert "0 = 0" not in said


@pytest.mark.parametrize(
    ("kind", "stability", "mark"),
    [
        ("saddle", "unstable", "mark mark-diamond mark-open"),
        ("stable focus", "stable", "mark mark-square mark-full"),
        ("center", "neutral", "mark mark-circle-dot mark-half"),
        ("undecided", "undecided", "mark mark-circle-x mark-half"),
    ],
)
def test_the_list_marks_equilibria_as_the_figure_does(kind, stability, mark) -> None:
    item = replace(equilibrium(0.0), kind=kind, stability=stability)
    listed = parts(facts_panel(pendulum_portrait(equilibria=(item,))))
    assert mark in [getattr(part, "className", None) for part in listed]


def test_every_mark_of_the_figure_has_an_outline_for_lists() -> None:
    styles = (ASSETS / "marks.css").read_text()
    assert [shape for _, shape in SHAPES if f".mark-{shape} {{" not in styles] == []


def test_facts_show_neither_rounding_nor_a_factor_of_one() -> None:
    item = equilibrium(0.0, eigenvalues=np.array([1.2e-17 + 1j, 1.2e-17 - 1j]))
    item = replace(item, point=np.array([1.2e-17, -3e-18]))
    said = text(facts_panel(pendulum_portrait(equilibria=(item,))))
    assert "±i" in said
    assert "(0, 0)" in said


def test_a_finished_portrait_is_exported_in_every_format() -> None:
    links = [item.href for item in export_items("r1") if hasattr(item, "href")]
    assert links == [f"/p/r1.{ending}" for ending, _, _ in FORMATS]


def test_a_preview_has_nothing_to_export() -> None:
    assert [item for item in export_items(None) if hasattr(item, "href")] == []


def test_deleting_is_offered_only_where_it_is_allowed() -> None:
    row = ArchiveRow(
        "r1", "", "x' = y\ny' = -k*x", {"k": 2.0}, "finished", 0.0, "1 equilibrium", None
    )
    allowed = json.dumps(plain(archive_rows([row], can_delete=True)))
    refused = json.dumps(plain(archive_rows([row], can_delete=False)))
    assert "archive-delete" in allowed
    assert "archive-delete" not in refused
    assert "x' = y; y' = -k*x" in text(archive_rows([row], can_delete=False))
    assert "with k = 2" in refused


def test_an_empty_archive_says_so() -> None:
    assert "Nothing matches" in text(archive_rows([], can_delete=True))


def test_a_gallery_card_opens_the_workbench() -> None:
    page = gallery_page(
        [Card("Pendulum", "Mechanics", "x' = y", "It swings.", "Galilei", "/#s=abc", b"<svg/>")]
    )
    anchors = [item for item in parts(page) if getattr(item, "href", None)]
    assert [item.href for item in anchors] == ["#mechanics", "/#s=abc"]
    assert "It swings." in text(page)
    assert "Galilei" in text(page)


def test_the_gallery_has_a_section_a_subject_and_a_link_to_each() -> None:
    names = ("Nerve cells", "Nerve cells", "Bifurcations")
    page = gallery_page(
        [Card(f"{n}", s, "", "", "", f"/#s={n}", None) for n, s in enumerate(names)]
    )
    sections = [item for item in parts(page) if type(item).__name__ == "Section"]
    links = [item.href for item in parts(page) if type(item).__name__ == "A"]
    assert links == [f"#{section.id}" for section in sections] == ["#nerve-cells", "#bifurcations"]
    assert [len(section.children[1].children) for section in sections] == [2, 1]


def test_palettes_have_the_ten_shades_that_mantine_asks_for() -> None:
    assert len(OCEAN) == len(NIGHT) == 10


def test_the_error_is_announced_beside_its_field() -> None:
    field = next(i for i in parts(workbench({})) if getattr(i, "id", None) == Editor.EQUATIONS)
    assert field.inputProps["aria-describedby"] == Editor.ERROR
