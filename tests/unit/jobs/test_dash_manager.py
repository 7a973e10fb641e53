"""The manager over real requests: what a page sends, what it gets, whatever the row does."""

import dataclasses
import json
import os
import re
import stat

import pytest
from dash import Dash, Input, Output, dcc, html, no_update

from eqpp_dash.jobs.dash_manager import RowBackedManager

ROW = "abcdefghijklmnopqrstuvwx"


def body(set_progress, row_id):
    raise AssertionError("the body never runs in the server")


@dataclasses.dataclass(frozen=True)
class Row:
    row_id: str = ROW
    task: str = f"{body.__module__}:{body.__qualname__}"
    status: str = "queued"
    phase: str = "equilibria"
    fraction: float = 0.25
    message: str = "subdividing"
    queue_place: int | None = 3
    attempts: int = 1
    error: str = ""
    traceback: str = ""
    stopped: str = ""
    stopping: bool = False
    result: object = None
    created: float = 1000.0
    ended: float | None = None

    @property
    def is_terminal(self):
        return self.status in ("finished", "failed", "cancelled")


class Jobs:
    def __init__(self):
        self.rows = {ROW: Row()}
        self.cancelled = []
        self.upkeeps = 0

    def find(self, row_id):
        return self.rows.get(row_id)

    def cancel(self, row_id):
        self.cancelled.append(row_id)

    def upkeep(self):
        self.upkeeps += 1

    def set(self, **changes):
        self.rows[ROW] = dataclasses.replace(self.rows[ROW], **changes)


class Page:
    """One page load, speaking as Dash's renderer does."""

    def __init__(self, app):
        self.client = app.server.test_client()
        text = self.client.get("/").get_data(as_text=True)
        config = re.search(r'id="_dash-config"[^>]*>(.*?)</script>', text, re.S)
        self.end_id = json.loads(config[1])["end_id"]

    def post(self, output, prop, source, value, **query):
        answer = self.client.post(
            "/_dash-update-component",
            query_string={"endId": self.end_id, **query},
            json={
                "output": f"{output}.{prop}",
                "outputs": {"id": output, "property": prop},
                "inputs": [{"id": source[0], "property": source[1], "value": value}],
                "changedPropIds": [".".join(source)],
            },
        )
        return answer.status_code, answer.get_json(silent=True)

    def watch(self, row_id=ROW, **query):
        return self.post("result", "data", ("job", "data"), row_id, **query)

    def poll(self, handles, row_id=ROW):
        return self.watch(row_id, cacheKey=handles["cacheKey"], job=handles["job"])

    def cancel(self, handles):
        return self.post("cancel", "id", ("cancel", "n_clicks"), 1, cancelJob=handles["job"])


@pytest.fixture
def jobs():
    return Jobs()


@pytest.fixture
def app(jobs, tmp_path):
    manager = RowBackedManager(jobs, tmp_path / "cache", status="watch.data")
    app = Dash(__name__)
    app.layout = html.Div(
        [
            *(dcc.Store(id=name) for name in ("job", "result", "watch")),
            html.Button(id="cancel"),
            html.Progress(id="bar"),
            html.Div(id="words"),
        ]
    )
    app.callback(
        Output("result", "data"),
        Input("job", "data"),
        background=True,
        manager=manager,
        progress=[Output("bar", "value"), Output("words", "children")],
        progress_default=[0, ""],
        running=[(Output("cancel", "disabled"), False, True)],
        cancel=[Input("cancel", "n_clicks")],
        on_error=lambda error: no_update,
        prevent_initial_call=True,
    )(body)
    app.manager = manager
    return app


@pytest.fixture
def page(app):
    return Page(app)


def state_of(answer):
    return answer["sideUpdate"]["watch"]["data"]


def test_nothing_is_opened_before_the_first_watch(app, tmp_path):
    app.server.secret_key = "secret"
    Page(app)
    assert not (tmp_path / "cache").exists()


def test_a_watched_row_is_shown_through_its_whole_life(page, jobs):
    status, handles = page.watch()
    assert status == 200
    status, answer = page.poll(handles)
    assert status == 200
    assert "progress" not in answer  # it waits
    assert state_of(answer)["queue_place"] == 3
    jobs.set(status="running", queue_place=None)
    status, answer = page.poll(handles)
    assert answer["progress"] == {"bar.value": 25.0, "words.children": "subdividing"}
    assert state_of(answer)["status"] == "running"
    assert "response" not in answer
    jobs.set(status="finished", result={"row": ROW}, ended=1002.5)
    status, answer = page.poll(handles)
    assert status == 200
    assert answer["response"] == {"result": {"data": {"row": ROW}}}
    assert state_of(answer)["elapsed"] == 2.5
    assert jobs.cancelled == []


def test_every_page_gets_the_result_and_may_ask_again(app, jobs):
    pages = [Page(app) for _ in range(5)]
    handles = [page.watch()[1] for page in pages]
    assert len({h["job"] for h in handles}) == 5
    jobs.set(status="finished", result={"row": ROW})
    for _ in range(2):
        for page, handle in zip(pages, handles, strict=True):
            assert page.poll(handle)[1]["response"] == {"result": {"data": {"row": ROW}}}


def test_two_watches_by_one_page_have_handles_of_their_own(page):
    assert page.watch()[1]["job"] != page.watch()[1]["job"]


def test_a_row_that_ends_between_two_reads_does_not_lose_its_result(page, jobs, monkeypatch):
    handles = page.watch()[1]
    jobs.set(status="running")
    reads = [Row(status="running")] * 2 + [Row(status="finished", result={"row": ROW})] * 9
    monkeypatch.setattr(jobs, "find", lambda row_id: reads.pop(0))
    status, _ = page.poll(handles)
    assert status == 200  # a 204 here would end the polling
    monkeypatch.undo()
    jobs.set(status="finished", result={"row": ROW})
    assert page.poll(handles)[1]["response"] == {"result": {"data": {"row": ROW}}}


def test_a_failure_reaches_the_page_with_its_reason_and_traceback(page, jobs):
    handles = page.watch()[1]
    jobs.set(status="failed", error="worker 4711 was killed", traceback="Traceback ...")
    status, answer = page.poll(handles)
    assert status == 200
    assert state_of(answer)["error"] == "worker 4711 was killed"
    assert state_of(answer)["traceback"] == "Traceback ..."
    assert "result" not in answer.get("response", {})


def test_a_cancelled_row_ends_the_watch_and_leaves_the_result_alone(page, jobs):
    handles = page.watch()[1]
    jobs.set(status="cancelled", error="cancelled while it ran")
    status, answer = page.poll(handles)
    assert status == 200
    assert state_of(answer)["status"] == "cancelled"
    assert "result" not in answer.get("response", {})


def test_only_the_cancel_button_cancels(page, jobs):
    handles = page.watch()[1]
    page.watch(oldJob=handles["job"])  # the same callback again: Dash would kill the old job
    jobs.set(status="finished", result=1)
    page.poll(handles)  # a result read: Dash would kill the job
    assert jobs.cancelled == []
    page.cancel(handles)
    assert jobs.cancelled == [ROW]


def test_another_pages_handle_cancels_nothing(app, jobs):
    handles = Page(app).watch()[1]
    Page(app).cancel(handles)
    Page(app).cancel({"job": f"{ROW}.00"})
    assert jobs.cancelled == []


def test_a_forged_handle_reads_nothing(page):
    status, answer = page.poll({"cacheKey": "x", "job": f"{ROW}.00"})
    assert status == 204
    assert answer is None


@pytest.mark.parametrize("row_id", [None, "", 7, ["a"], "none", "x" * 10_000, {"a": 1}])
def test_what_is_no_row_is_not_watched(page, row_id):
    assert page.watch(row_id) == (204, None)


def test_a_row_of_another_task_is_not_watched(page, jobs):
    jobs.set(task="os:system")
    assert page.watch() == (204, None)


def test_a_deleted_row_ends_the_watch(page, jobs):
    handles = page.watch()[1]
    jobs.rows.clear()
    assert page.poll(handles)[0] == 204


def test_polls_look_after_the_executor_while_the_row_lives(page, jobs):
    handles = page.watch()[1]
    page.poll(handles)
    assert jobs.upkeeps == 1
    jobs.set(status="finished", result=1)
    page.poll(handles)
    assert jobs.upkeeps == 1


def test_the_cache_is_private_and_holds_row_ids_without_pickle(app, tmp_path):
    app.server.secret_key = "secret"
    Page(app).watch()
    assert stat.S_IMODE(os.stat(tmp_path / "cache").st_mode) == 0o700
    cache = app.manager.handle
    assert [cache[key] for key in cache] == [ROW]
    assert cache.disk.__class__.__name__ == "JSONDisk"


def test_workers_without_a_configured_key_share_one_secret(jobs, tmp_path):
    first = RowBackedManager(jobs, tmp_path / "cache")
    second = RowBackedManager(jobs, tmp_path / "cache")
    assert first.get_or_create_signing_secret(lambda: b"one") == b"one"
    assert second.get_or_create_signing_secret(lambda: b"two") == b"one"


def test_a_wiped_cache_ends_a_watch_but_not_a_result(app, jobs):
    page = Page(app)
    handles = page.watch()[1]
    app.manager.handle.clear()
    app.server.secret_key = None
    jobs.set(status="finished", result={"row": ROW})
    status, answer = page.poll(handles)
    assert status == 200
    assert answer["response"] == {"result": {"data": {"row": ROW}}}
