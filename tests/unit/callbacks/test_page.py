"""What the page does, with services in memory."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from dash import Patch, no_update
from fakes import PENDULUM, fake_services
from portraits import pendulum_portrait
from trees import parts, text

from eqpp_dash.callbacks.answers import Answer, answer, quick_spec
from eqpp_dash.callbacks.archive import listing, read_query, remove
from eqpp_dash.callbacks.arrival import (
    STARTER,
    Visit,
    open_visit,
    opening_values,
    read_hash,
    row_status,
)
from eqpp_dash.callbacks.click import add_trace, fate, trace
from eqpp_dash.callbacks.editor import reading
from eqpp_dash.callbacks.form import read_draft
from eqpp_dash.callbacks.job import another_try, cancelled, order, progress_values, stopped
from eqpp_dash.callbacks.looks import on_page
from eqpp_dash.callbacks.pages import Look, page_for
from eqpp_dash.callbacks.picture import STALE, badge, caption, draw_answer, keep_picture
from eqpp_dash.components.archive import Sought
from eqpp_dash.components.editor import equation_error
from eqpp_dash.components.facts import facts_panel
from eqpp_dash.errors import EquationError, SpecError
from eqpp_dash.model.portrait import Notice
from eqpp_dash.model.spec import Options, TimeSpan


@pytest.fixture
def services() -> Any:
    return fake_services()


def form(services: Any, **changes: Any) -> dict[str, Any]:
    return {
        "origin": services.links.encode(PENDULUM),
        "title": PENDULUM.title,
        "equations": PENDULUM.equations,
        "parameters": {"d": "0.25"},
        "limits": None,
        "aspect": "auto",
        "method": "auto",
        "span": "auto",
        "rtol": "1e-8",
        "atol": "1e-10",
        "starts": [],
    } | changes


def draft(services: Any, **changes: Any) -> Any:
    return read_draft({"seq": 7, "form": form(services, **changes), "theme": "light"})


def test_a_first_visit_submits_the_first_system_of_the_gallery(services: Any) -> None:
    opening = open_visit(services, read_hash(""))
    assert opening.spec == PENDULUM
    assert services.portraits.submitted == [(PENDULUM, "serve")]
    assert opening.row_id in services.portraits.rows


def test_a_second_visit_finds_what_the_first_computed(services: Any) -> None:
    services.portraits.add()
    assert open_visit(services, Visit()).row_id == "row0"
    assert len(services.portraits.rows) == 1


def test_a_link_opens_its_state_and_submits_nothing(services: Any) -> None:
    spec = PENDULUM.replace(title="Mine", parameters={"d": "1/7"})
    opening = open_visit(services, read_hash(f"#s={services.links.encode(spec)}&a=equal"))
    assert opening.spec == spec
    assert opening.aspect == "equal"
    assert services.portraits.submitted == []


def test_a_link_with_a_row_watches_it(services: Any) -> None:
    job = services.portraits.add(status="running")
    state = services.links.encode(PENDULUM)
    assert open_visit(services, Visit(state=state, row_id=job.row_id)).row_id == job.row_id


@pytest.mark.parametrize("state", ["tampered", "%00", "x" * 5000, "eyJ9"])
def test_a_tampered_link_is_said_and_the_default_offered(services: Any, state: str) -> None:
    opening = open_visit(services, Visit(state=state))
    assert "cannot be read" in opening.notice
    assert opening.spec == PENDULUM


def test_a_row_that_is_gone_is_said(services: Any) -> None:
    state = services.links.encode(PENDULUM)
    opening = open_visit(services, Visit(state=state, row_id="gone"))
    assert "no longer" in opening.notice
    assert opening.row_id is None


@pytest.mark.parametrize("value", [None, 5, "", "#", "#s", "#s=&p=", "#" + "x" * 300_000, "#a=b&a"])
def test_any_hash_is_read(value: Any) -> None:
    assert isinstance(read_hash(value), Visit)


@pytest.mark.parametrize("text", ["#" + 40 * "a=1&", "#" + "x" * 300_000])
def test_a_hash_that_is_no_link_is_said(services: Any, text: str) -> None:
    assert "cannot be read" in open_visit(services, read_hash(text)).notice


def test_a_new_sheet_is_not_empty_and_submits_nothing(services: Any) -> None:
    opening = open_visit(services, read_hash("#new"))
    assert opening.spec.equations == STARTER
    assert services.portraits.submitted == []


def test_an_opening_fills_the_whole_form(services: Any) -> None:
    values = opening_values(services, open_visit(services, Visit()))
    assert values["title"] == "Pendulum"
    assert values["fit"] is True
    assert values["placed"]["row"] == values["job"]
    assert values["watch"]["id"] == values["job"]
    assert values["watch"]["status"] == "queued"


def test_reading_tells_what_was_understood(services: Any) -> None:
    found = reading(services, PENDULUM.equations, {})
    assert found["wrong"] is False
    assert found["error"] == []
    assert text([found["x_name"], found["y_name"]]).split() == ["θ", "ω"]
    assert found["y_hidden"] is False
    assert found["parameters"] is not no_update


def test_sliders_that_still_fit_are_left_alone(services: Any) -> None:
    assert reading(services, PENDULUM.equations, {"d": "3"})["parameters"] is no_update


def test_a_slider_takes_the_value_that_the_text_now_gives(services: Any) -> None:
    controls = reading(services, PENDULUM.equations, {"d": "0.3"}, {"d": "0.3"})["parameters"]
    fields = {
        item.id["type"]: item
        for item in parts(controls)
        if isinstance(getattr(item, "id", None), dict)
    }
    assert fields["parameter-value"].value == "1"
    assert fields["parameter-known"].data == "1"
    kept = reading(services, PENDULUM.equations, {"d": "0.3"}, {"d": "1"})
    assert kept["parameters"] is no_update


def test_reading_an_error_keeps_echo_and_sliders(services: Any) -> None:
    found = reading(services, "x' = sen(x)", {"d": "1"})
    assert found["wrong"] is True
    assert found["echo"] is no_update
    assert found["parameters"] is no_update
    assert "sen" in text(found["error"])


def test_a_draft_is_answered_by_a_preview(services: Any) -> None:
    parts = draw_answer(answer(services, draft(services)), draft(services))
    assert parts["badge"] == "Preview"
    assert parts["figure"]["data"]
    assert parts["drawn"]["seq"] == 7
    assert services.links.decode(parts["drawn"]["state"]) == PENDULUM
    assert parts["drawn"]["limits"] == [["-8", "8"], ["-3.5", "3.5"]]


def test_a_draft_is_answered_by_the_archive_where_it_can(services: Any) -> None:
    job = services.portraits.add()
    parts = draw_answer(answer(services, draft(services)), draft(services))
    assert parts["badge"] == "Finished"
    assert parts["drawn"]["row"] == job.row_id
    assert f"/p/{job.row_id}" in text(parts["facts"]) or parts["facts"]


def test_a_preview_asks_for_no_more_than_a_screen_shows(services: Any) -> None:
    spec = PENDULUM.replace(
        options=Options(1e-12, 1e-3, "Radau"),
        time=TimeSpan(2.0, 1e6),
        initial_conditions=[[0.0, 0.01 * i] for i in range(90)],
    )
    quick = quick_spec(spec)
    assert quick.options == Options(1e-6, 1e-3, "Radau")
    assert quick.time == TimeSpan(2.0, 1e6)
    assert quick.initial_conditions == spec.initial_conditions[-40:]
    starts = [f"0, {0.01 * i}" for i in range(90)]
    found = answer(services, draft(services, starts=starts))
    assert len(services.links.decode(found.state).initial_conditions) == 90
    assert caption(found).startswith("The latest 40 of 90 trajectories;")
    assert "latest" not in caption(answer(services, draft(services, starts=starts[:40])))


def test_a_remark_on_the_reading_stands_beside_the_equations_alone(services: Any) -> None:
    note = services.previews.understand(PENDULUM.equations).notes[0]
    other = Notice("window", "the window was fitted")
    portrait = pendulum_portrait(notices=(note, other))
    services.previews.preview = lambda spec: portrait
    facts = text(draw_answer(answer(services, draft(services)), draft(services))["facts"])
    assert other.message in facts
    assert note.message not in facts
    assert note.message in text(reading(services, PENDULUM.equations, {})["echo"])
    assert note.message in text(facts_panel(portrait, finished=True))


def test_another_value_is_another_question(services: Any) -> None:
    services.portraits.add()
    assert answer(services, draft(services, parameters={"d": "0.3"})).row_id is None


def test_an_error_keeps_the_picture_and_says_why() -> None:
    parts = keep_picture(SpecError("too wide", field="window.x"), {"seq": 4, "theme": "dark"})
    assert parts["frame"] == STALE
    assert parts["message"] == "Window, limits of x: too wide"
    assert isinstance(parts["figure"], Patch)
    assert parts["facts"] is no_update
    assert parts["drawn"] == {
        "seq": 4,
        "state": None,
        "row": None,
        "limits": None,
        "field": "window.x",
        "said": "Window, limits of x: too wide",
    }
    assert parts["badge"] == "Not drawn"


def test_an_equation_error_is_told_beside_the_equations() -> None:
    parts = keep_picture(EquationError("unknown function", line=2, column=6), {"seq": 4})
    assert parts["message"].endswith(
        "told beside them; this is the last portrait that could be drawn"
    )
    empty = keep_picture(EquationError("no", line=2, column=6), {"seq": 4, "empty": True})
    assert empty["message"].endswith("told beside them")


def test_a_name_at_the_beginning_of_an_error_keeps_its_case(services: Any) -> None:
    error = EquationError("x' stands on the right", token="x'", line=2, column=6)
    assert text(equation_error(error, "x' = y\ny' = x'")).endswith("x' stands on the right.")
    whole = EquationError("k is defined by itself", token="k")
    assert keep_picture(whole, {"seq": 4})["message"] == "k is defined by itself"


def test_equations_that_have_no_portrait_are_told_beside_the_text(services: Any) -> None:
    found = reading(services, "theta' = omega\nomega' = d*theta + t", {})
    assert found["wrong"] is True
    words = text(found["error"])
    assert "2 │ omega' = d*theta + t" in words
    assert "The time t appears" in words
    assert found["echo"]


def test_an_error_of_the_whole_system_is_told_without_a_place() -> None:
    error = EquationError("this system has 1 variable (x)", token="x", hint="Give two equations")
    said = keep_picture(error, {"seq": 4})["message"]
    assert said == "This system has 1 variable (x). Give two equations"


def test_a_click_adds_its_trajectory_to_picture_and_state(services: Any) -> None:
    data = {"at": [0.5, -1.25], "window": [["-8", "8"], ["-3.5", "3.5"]]}
    asked = draft(services, starts=["2*pi, 2"])
    parts = add_trace(services, trace(services, asked, data), asked)
    assert [trace["mode"] for trace in parts["traced"]["traces"]] == ["lines", "markers", "markers"]
    assert parts["traced"]["starts"] == ["2*pi, 2", "0.5, -1.25"]
    state = services.links.decode(parts["traced"]["state"])
    assert state.initial_conditions == ((6.283185307179586, 2.0), (0.5, -1.25))
    assert parts["caption"] == (
        "Through (0.5, −1.25): from a place far outside the window to the stable focus at (0, 0)"
    )


def test_a_click_on_a_closed_orbit_tells_its_period(services: Any) -> None:
    services.previews.ends = ("closed orbit", "closed orbit")
    data = {"at": [0.5, -1.25], "window": [["-8", "8"], ["-3.5", "3.5"]]}
    said = fate(trace(services, draft(services), data))
    assert said == "Through (0.5, −1.25): a closed orbit of period 25"


def test_a_click_names_the_cycle_of_the_portrait_on_the_screen(services: Any) -> None:
    row = services.portraits.add()
    services.previews.ends = ("equilibrium 2", "cycle 0")
    data = {"at": [0.5, -1.25], "window": [["-8", "8"], ["-3.5", "3.5"]]}
    asked = draft(services)
    found = trace(services, asked, data | {"row": row.row_id})
    words = "the stable limit cycle of period 6.6633"
    assert fate(found).endswith(f"from the stable focus at (0, 0) to {words}")
    assert words in add_trace(services, found, asked)["traced"]["traces"][-1]["hovertext"][0]
    assert fate(trace(services, asked, data)).endswith("to a limit cycle")
    assert (
        draw_answer(answer(services, asked), asked)["figure"]["layout"]["meta"]["row"] == row.row_id
    )


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"at": [1, 2]},
        {"at": [1], "window": [["-8", "8"], ["-3", "3"]]},
        {"at": ["a", 2], "window": [["-8", "8"], ["-3", "3"]]},
        {"at": [1, 2], "window": [["8", "-8"], ["-3", "3"]]},
        {"at": [1, 2], "window": [["-8", "8"]]},
        {"at": [1, 2], "window": []},
        {"at": [1, 2], "window": [3, 4]},
        {"at": [[1], 2], "window": [["-8", "8"], ["-3", "3"]]},
    ],
)
def test_a_click_that_is_none_is_refused(services: Any, data: dict[str, Any]) -> None:
    with pytest.raises(SpecError):
        trace(services, draft(services), data)


def test_the_page_shows_the_title_elsewhere(services: Any) -> None:
    parts = draw_answer(answer(services, draft(services)), draft(services))
    assert "title" not in parts["figure"]["layout"]


def test_equal_axes_leave_the_figure_that_was_given_whole() -> None:
    figure = {"data": [], "layout": {"xaxis": {}, "yaxis": {}}}
    assert on_page(figure, "equal")["layout"]["yaxis"]["scaleanchor"] == "x"
    assert figure == {"data": [], "layout": {"xaxis": {}, "yaxis": {}}}


def test_a_finished_portrait_that_is_up_to_date_is_said(services: Any) -> None:
    job = services.portraits.add()
    services.portraits.rerun = lambda row_id, launcher: job
    assert "up to date" in another_try(services, job.row_id)["notice"]


def test_compute_commits_a_row_and_names_it_in_the_address(services: Any) -> None:
    parts = order(services, {"n": 1, "form": form(services)})
    assert services.portraits.rows[parts["job"]].spec == PENDULUM
    assert parts["placed"]["row"] == parts["job"]
    assert services.links.decode(parts["placed"]["state"]) == PENDULUM


def test_compute_with_an_error_submits_nothing(services: Any) -> None:
    parts = order(services, {"n": 1, "form": form(services, equations="x' = sen(x)")})
    assert parts["job"] is no_update
    assert "sen" in parts["message"]
    assert services.portraits.submitted == []


def test_another_try_is_a_row_of_its_own(services: Any) -> None:
    job = services.portraits.add(status="failed")
    assert another_try(services, job.row_id)["job"] == "row1"
    assert "no such row" in another_try(services, "gone")["notice"]


def test_cancelling_ends_the_row_and_a_row_that_is_gone_is_said(services: Any) -> None:
    job = services.portraits.add(status="running")
    assert cancelled(services, job.row_id) == ""
    assert job.status == "cancelled"
    assert "no such row" in cancelled(services, "gone")


def test_a_row_is_stopped_and_shown_as_partial(services: Any) -> None:
    job = services.portraits.add(status="running")
    assert stopped(services, job.row_id) == ""
    assert (job.status, job.stopped[:17]) == ("finished", "stopped by a user")
    assert "no such row" in stopped(services, "gone")
    part = replace(pendulum_portrait(), partial=True, stopped=job.stopped)
    found = Answer(part, job.row_id, "", 0, ())
    assert badge(found) == ("Partial", "violet")
    assert caption(found).startswith("Stopped by a user while limit cycles were searched; ")
    preview = replace(found, portrait=replace(part, stopped=""), row_id=None)
    assert badge(preview) == ("Preview", "gray")
    assert "topped" not in caption(preview)
    assert row_status(services, job.row_id)["stopped"] == job.stopped
    shown = str(listing(services, "", "", 1)["table"])
    assert f"Partial: {job.stopped}" in shown


def test_a_part_without_equilibria_gives_way_to_a_preview_that_has_them(
    services: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = services.portraits.add(status="finished")
    why = "stopped by a user while the field was sampled"
    whole = pendulum_portrait(completeness={"equilibria": "proved"})
    part = replace(
        whole, stopped=why, equilibria=(), completeness={"equilibria": "not searched: " + why}
    )
    monkeypatch.setattr(services.portraits, "finished", lambda spec: row)
    monkeypatch.setattr(services.portraits, "portrait", lambda id: part)
    monkeypatch.setattr(services.previews, "preview", lambda spec: whole)
    found = answer(services, draft(services))
    assert (found.portrait, found.row_id) == (whole, None)
    assert why in caption(found)
    monkeypatch.setattr(services.previews, "preview", lambda spec: part)
    assert answer(services, draft(services)).row_id == row.row_id
    later = replace(part, completeness={"equilibria": "proved"})
    monkeypatch.setattr(services.portraits, "portrait", lambda id: later)
    assert badge(answer(services, draft(services))) == ("Partial", "violet")


def test_progress_has_a_value_for_every_output() -> None:
    values = {"phase": "field", "fraction": 0.5, "message": "Mm", "attempts": 2, "stopping": False}
    row = SimpleNamespace(**values)
    assert progress_values(row) == ["Mm", "0.500", "50 %, attempt 2"]
    row.stopping = True
    assert progress_values(row)[0] == "Stopping; mm"


def test_the_archive_is_searched_on_the_server(services: Any) -> None:
    services.portraits.add()
    services.portraits.add(PENDULUM.replace(title="Other"), "failed")
    assert listing(services, "", "", 1)["count"] == "2 portraits"
    assert listing(services, "other", "", 1)["count"] == "1 portrait"
    assert listing(services, "", "failed", 1)["count"] == "1 portrait"
    assert listing(services, "nothing", None, 9)["pages"] == 1
    assert "Other" in text(listing(services, None, None, None)["table"])
    services.portraits.add(PENDULUM.replace(title="a stable one"))
    assert listing(services, "", "", 1, "stable")["count"] == "1 portrait"
    assert listing(services, "", "", 1, "nonsense")["count"] == "3 portraits"


def test_the_last_page_is_given_past_the_end(services: Any) -> None:
    for index in range(45):
        services.portraits.add(PENDULUM.replace(title=f"number {index}"))
    found = listing(services, "", "", 99)
    assert (found["pages"], found["page"]) == (3, 3)
    assert "number 44" in text(found["table"])
    assert "number 1 " not in text(found["table"])


def test_deleting_is_refused_where_it_is_forbidden() -> None:
    services = fake_services(can_delete=False)
    job = services.portraits.add()
    assert "switched off" in remove(services, job.row_id)
    assert job.row_id in services.portraits.rows


def test_deleting_removes_the_row(services: Any) -> None:
    job = services.portraits.add()
    assert remove(services, job.row_id) == ""
    assert services.portraits.rows == {}


@pytest.mark.parametrize("path", ["/nowhere", "/p/gone", "/p/", "/archive/x", 5])
def test_an_address_that_leads_nowhere_says_so(services: Any, path: Any) -> None:
    tree = page_for(services, path).tree
    assert ("Nothing here" in text(tree)) is (path != 5)


def test_a_permanent_page_shows_the_portrait(services: Any) -> None:
    job = services.portraits.add()
    page = page_for(services, f"/p/{job.row_id}", Look("dark", False))
    assert page.export == job.row_id
    assert page.about == "Pendulum"
    (watch,) = [item for item in parts(page.tree) if getattr(item, "id", None) == "watch"]
    assert (watch.data["id"], watch.data["status"]) == (job.row_id, "finished")
    assert "Stable focus".lower() in text(page.tree).lower()


def test_the_tab_names_a_system_without_a_title_by_its_equations(services: Any) -> None:
    job = services.portraits.add(PENDULUM.replace(title=""))
    assert page_for(services, f"/p/{job.row_id}").about == (
        "theta' = omega; omega' = -sin(theta) - d*omega"
    )
    found = answer(services, draft(services, title=" "))
    name = draw_answer(found, draft(services, title=" "))["drawn"]["name"]
    assert name.startswith("theta' = omega; ")
    assert draw_answer(found, draft(services, title="Mine"))["drawn"]["name"] == "Mine"
    abouts = [page_for(services, path).about for path in ("/", "/gallery", "/archive", "/no")]
    assert abouts == ["", "Gallery", "Archive", "Not found"]


@pytest.mark.parametrize(
    "query", [None, 7, "?", "?q", "?page=", "?page=x&status=7", "?" + "q=1&" * 30]
)
def test_an_archives_address_without_sense_looks_for_everything(query: Any) -> None:
    assert read_query(query) == Sought()


def test_an_archives_address_fills_its_filters(services: Any) -> None:
    query = "?q=x%27+%3D+y&status=partial&cycles=stable&page=3"
    sought = read_query(query)
    assert sought == Sought("x' = y", "partial", "stable", 3)
    fields = {
        item.id: item.value
        for item in parts(page_for(services, "/archive", query=query).tree)
        if hasattr(item, "value") and str(getattr(item, "id", "")).startswith("archive-")
    }
    assert list(fields.values()) == ["x' = y", "partial", "stable", 3]
    found = listing(services, sought.text, sought.status, sought.page, sought.cycles)["sought"]
    assert found == {"q": "x' = y", "status": "partial", "cycles": "stable", "page": 1}


def test_a_permanent_page_of_a_running_job_has_nothing_to_export(services: Any) -> None:
    job = services.portraits.add(status="running")
    assert page_for(services, f"/p/{job.row_id}").export is None


def test_a_permanent_page_lists_values_and_window_and_no_link_to_itself(services: Any) -> None:
    job = services.portraits.add()
    tree = page_for(services, f"/p/{job.row_id}").tree
    assert "0.25" in text(tree)
    assert "Parameters and window" in text(tree)
    assert [i for i in parts(tree) if getattr(i, "className", None) == "own-page"] == []
