"""The app as a whole: importing makes nothing, two in one process both work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from dash import Dash
from flask_compress import Compress

from eqpp_dash.app import create_app
from eqpp_dash.errors import ArchiveError
from eqpp_dash.settings import Settings, load_settings

PENDULUM = "x' = y\ny' = -sin(x) - d*y"


def settings(folder: Path, **flags: Any) -> Settings:
    return load_settings(data_dir=folder, executor_idle_s=0.2, **flags)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Dash:
    return create_app(settings(tmp_path_factory.mktemp("data")))


def call(app: Dash, source: str, *values: Any, changed: str = "") -> Any:
    """Call a callback, found by its first input, as the page does when that or another changes."""
    name, known = next(
        (name, known)
        for name, known in app.callback_map.items()
        if known["inputs"]
        and known["inputs"][0]["id"] == source
        and len(known["inputs"]) == len(values)
        and "callback" in known
    )
    listed = known["output"] if isinstance(known["output"], list | tuple) else None
    outputs = [{"id": o.component_id, "property": o.component_property} for o in listed or ()]
    single = known["output"]
    body = {
        "output": name,
        "outputs": outputs
        if listed is not None
        else {"id": single.component_id, "property": single.component_property},
        "inputs": [
            item | {"value": value} for item, value in zip(known["inputs"], values, strict=True)
        ],
        "state": [[] if item["id"].startswith("{") else item for item in known["state"]],
        "changedPropIds": [
            f"{item['id']}.{item['property']}"
            for item in known["inputs"]
            if item["id"] == (changed or source)
        ],
    }
    return app.server.test_client().post("/_dash-update-component", json=body)


def form(**changes: Any) -> dict[str, Any]:
    return {
        "origin": "",
        "title": "",
        "equations": PENDULUM,
        "parameters": {"d": "0.25"},
        "limits": [["-4", "4"], ["-4", "4"]],
        "aspect": "auto",
        "method": "auto",
        "span": "auto",
        "rtol": "",
        "atol": "",
        "starts": [],
    } | changes


def test_importing_makes_nothing(tmp_path: Path) -> None:
    program = (
        "import threading, eqpp_dash.app, dash._callback as c, os, sys\n"
        "assert not c.GLOBAL_CALLBACK_LIST and not c.GLOBAL_INLINE_SCRIPTS\n"
        "assert threading.active_count() == 1\n"
        "assert not hasattr(eqpp_dash.app, 'app')\n"
        "from dash import _get_app; assert _get_app.APP is None\n"
        "print(os.listdir('.'))"
    )
    env = {**os.environ, "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_the_server_is_made_by_importing_its_module(tmp_path: Path) -> None:
    program = "from eqpp_dash.wsgi import server; print(server.test_client().get('/').status_code)"
    env = {**os.environ, "EQPP_DATA_DIR": str(tmp_path / "d"), "EQPP_EXECUTOR_IDLE_S": "0.2"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "200", done.stderr


def test_two_apps_in_one_process_both_work(tmp_path: Path) -> None:
    first, second = (create_app(settings(tmp_path / name)) for name in ("a", "b"))
    assert set(first.callback_map) == set(second.callback_map)
    for app in (first, second):
        assert app.server.test_client().get("/_dash-layout").status_code == 200
        answer = call(app, "visit", {"path": "/gallery", "theme": "light"})
        assert "Van der Pol" in answer.text
    row = call(first, "order", {"n": 1, "form": form()}).json["response"]
    name = row["job-key"]["data"]
    assert first.server.test_client().get(f"/p/{name}").status_code == 200
    assert second.server.test_client().get(f"/p/{name}").status_code == 404


def click(app: Dash, **changes: Any) -> Any:
    data = {"seq": 7, "at": [0.5, 1.0], "window": [["-4", "4"], ["-4", "4"]], "form": form()}
    return app.server.test_client().post("/click", json=data | changes)


def test_a_click_is_answered_by_its_curve_and_what_else_changes(app: Dash) -> None:
    parts = click(app).json
    assert parts["message"] == ""
    assert parts["badge"] == "Edited"
    assert parts["caption"].startswith("Through (0.5, 1): from ")
    assert {"type", "namespace", "props"} <= set(parts["exports"][0])
    assert parts["traced"]["seq"] == 7
    assert parts["traced"]["starts"] == ["0.5, 1"]
    assert parts["traced"]["traces"][0]["x"]["dtype"] == "f4"


def test_a_click_that_cannot_be_followed_says_why_and_changes_nothing(app: Dash) -> None:
    for wrong in ({"form": form(equations="x' = ")}, {"at": "here"}, {"form": 5}):
        parts = click(app, **wrong).json
        assert parts["message"]
        assert parts["traced"] == {"seq": 7, "state": None, "starts": []}
        assert "badge" not in parts


def test_a_click_on_which_our_own_code_fails_says_so(
    app: Dash, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("no")

    monkeypatch.setattr("eqpp_dash.callbacks.click.trace", broken)
    answer = click(app)
    assert answer.status_code == 200
    assert "went wrong on the server (ZeroDivisionError" in answer.json["message"]


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 2000, b"[]", b"5"])
def test_what_is_no_click_answers_400(app: Dash, data: bytes) -> None:
    answer = app.server.test_client().post("/click", data=data, content_type="application/json")
    assert answer.status_code == 400


def test_a_click_from_another_page_is_refused(app: Dash) -> None:
    data = b'{"seq": 1}'  # a form of another page can send text, not JSON
    answer = app.server.test_client().post("/click", data=data, content_type="text/plain")
    assert answer.status_code == 400


def test_a_restart_keeps_the_secret(tmp_path: Path) -> None:
    first, second = (create_app(settings(tmp_path)) for _ in range(2))
    assert first.server.secret_key == second.server.secret_key


def test_the_watch_is_a_background_callback_with_progress_and_cancel(app: Dash) -> None:
    spec = app.callback_map["result.data"]["background"]
    assert len(spec["progress"]) == 3
    assert [item["id"] for item in spec["cancel"]] == ["job-cancel"]  # "keep" is no cancelling
    listed = next(item for item in app._callback_list if item["output"] == "result.data")
    assert listed["running"]["running"] == {
        "job-cancel.disabled": False,
        "job-keep.disabled": False,
    }


def test_a_draft_is_drawn_by_the_engine(app: Dash) -> None:
    answer = call(app, "draft", {"seq": 1, "form": form(), "theme": "light"})
    response = answer.json["response"]
    assert response["picture-badge"]["children"] == "Preview"
    assert response["drawn"]["data"]["seq"] == 1
    assert len(response["picture"]["figure"]["data"]) > 3


def test_an_equation_is_echoed_and_an_error_has_its_caret(app: Dash) -> None:
    good = call(app, "question", {"seq": 1, "text": PENDULUM}).json["response"]
    assert "\\dot" in json.dumps(good["equations-echo"])
    bad = call(app, "question", {"seq": 2, "text": "x' = y\ny' = -sen(x)"})
    assert "^^^" in bad.text
    assert "sin" in bad.text


@pytest.mark.parametrize("bad", [5, [1], {"seq": 1}, {"form": []}, {"form": {"starts": 1}}])
def test_junk_in_a_draft_is_told_on_the_page(app: Dash, bad: Any) -> None:
    answer = call(app, "draft", bad)
    assert answer.status_code in (200, 204)
    if isinstance(bad, dict):
        assert answer.json["response"]["picture-message"]["children"]


def test_a_defect_in_the_engine_keeps_the_picture_and_is_told(
    app: Dash, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr("eqpp_dash.engine.preview_portrait", fail)
    answer = call(app, "draft", {"seq": 9, "form": form(), "theme": "light"})
    response = answer.json["response"]
    assert "ZeroDivisionError: planted" in response["picture-message"]["children"]
    drawn = response["drawn"]["data"]
    assert {drawn[key] for key in ("state", "row", "limits")} == {None}
    assert drawn["seq"] == 9
    assert "ZeroDivisionError: planted" in drawn["said"]
    assert drawn["field"] == "", "no entry of the form is to blame"


@pytest.mark.parametrize(
    ("broken", "source", "values", "place"),
    [
        ("portraits.Portraits.submit", "order", [{"n": 1, "form": form()}], "picture-message"),
        ("previews.Previews.understand", "question", [{"seq": 1, "text": "x"}], "equations-error"),
        ("gallery.Gallery.entries", "arrival", [{"hash": ""}], "notice"),
        ("gallery.Gallery.entries", "visit", [{"path": "/gallery"}], "page"),
        ("archive.ArchiveService.count", "archive-search", ["", "", 1, None, ""], "archive-table"),
    ],
)
def test_a_defect_behind_any_callback_is_told_and_logged(
    app: Dash,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    broken: str,
    source: str,
    values: list[Any],
    place: str,
) -> None:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(f"eqpp_dash.services.{broken}", fail)
    answer = call(app, source, *values)
    assert answer.status_code == 200
    changes = answer.json["response"] | answer.json.get("sideUpdate", {})
    assert "ZeroDivisionError: planted" in json.dumps(changes[place])
    (line,) = [line for line in capsys.readouterr().err.splitlines() if '"FAILED"' in line]
    assert "in fail" in json.loads(line)["traceback"]


def test_an_archive_that_cannot_be_read_is_told(app: Dash, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise ArchiveError("the archive is locked", "Try again")

    monkeypatch.setattr("eqpp_dash.services.archive.ArchiveService.count", fail)
    answer = call(app, "archive-search", "", "", 1, None, "")
    assert "the archive is locked. Try again" in answer.text


@pytest.mark.parametrize(("source", "page"), [("archive-search", 1), ("archive-pages", 3)])
def test_a_new_search_begins_at_its_first_page(
    app: Dash, monkeypatch: pytest.MonkeyPatch, source: str, page: int
) -> None:
    monkeypatch.setattr("eqpp_dash.services.archive.ArchiveService.count", lambda *a, **k: 60)
    answer = call(app, "archive-search", "x", "", 3, None, "", changed=source)
    assert answer.json["response"]["archive-pages"] == {"total": 3, "value": page}


def test_a_notice_stays_behind_with_its_page(app: Dash) -> None:
    answer = call(app, "visit", {"path": "/archive"})
    assert answer.json["response"]["notice"] == {"children": ""}


def test_large_answers_are_compressed(app: Dash) -> None:
    assert Compress is not None
    client = app.server.test_client()
    answer = client.get("/_dash-dependencies", headers={"Accept-Encoding": "br"})
    assert answer.headers["Content-Encoding"] == "br"


def test_every_script_and_style_is_served_from_here(app: Dash) -> None:
    page = app.server.test_client().get("/").text
    head = page.split('<script id="_dash-config"')[0]
    assert "://" not in head
    assert 'src="/assets/scheme.js"' in head
    assert '<script src="http' not in page


def test_no_two_callbacks_are_one_to_the_browser(app: Dash) -> None:
    names = [item["output"] for item in app._callback_list]
    assert [name for name in names if names.count(name) > 1] == []
