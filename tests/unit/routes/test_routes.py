"""Plain HTTP, with services in memory."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dash import Dash, Input, Output, html
from fakes import PENDULUM, fake_services

from eqpp_dash import routes
from eqpp_dash.routes.security import callback_body_fits, content_policy


@pytest.fixture
def services() -> Any:
    return fake_services()


@pytest.fixture
def client(services: Any) -> Any:
    app = Dash("eqpp_dash", use_async=False)
    app.layout = html.Div([html.Div(id="a"), html.Div(id="b")])

    @app.callback(Output("b", "children"), Input("a", "children"))
    def copy(value: Any) -> Any:
        return value

    routes.register(app, services)
    return app.server.test_client()


@pytest.mark.parametrize("ending", ["json", "csv", "html", "tex", "svg", "py"])
def test_a_finished_portrait_is_given_in_every_format(
    client: Any, services: Any, ending: str
) -> None:
    job = services.portraits.add()
    answer = client.get(f"/p/{job.row_id}.{ending}")
    assert answer.status_code == 200
    assert len(answer.data) > 100
    again = client.get(
        f"/p/{job.row_id}.{ending}", headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert (again.status_code, again.data) == (304, b"")
    assert answer.headers["Content-Type"].count("charset") <= 1


def test_another_version_writes_another_file(
    client: Any, services: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/p/{services.portraits.add().row_id}.svg"
    tag = client.get(path).headers["ETag"]
    monkeypatch.setattr("eqpp_dash.routes.portraits.__version__", "0.1.1")
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_the_offline_page_is_an_attachment(client: Any, services: Any) -> None:
    job = services.portraits.add()
    answer = client.get(f"/p/{job.row_id}.html")
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_the_facts_are_json(client: Any, services: Any) -> None:
    job = services.portraits.add()
    facts = json.loads(client.get(f"/p/{job.row_id}.json").data)
    assert facts["version"] == 1
    assert len(facts["equilibria"]) == 5


@pytest.mark.parametrize(
    ("path", "status"),
    [("/p/gone.json", 404), ("/p/gone.svg", 404), ("/p/row0.exe", 404), ("/p/row1.svg", 409)],
)
def test_what_is_not_there_is_said(client: Any, services: Any, path: str, status: int) -> None:
    services.portraits.add()
    services.portraits.add(status="running")
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.mimetype == "text/plain"
    assert len(answer.data) > 20


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/gallery", 200),
        ("/archive", 200),
        ("/archive/", 200),
        ("/p/row0", 200),
        ("/p/gone", 404),
        ("/nowhere", 404),
        ("/p/a/b", 404),
    ],
)
def test_pages_have_the_status_that_they_deserve(
    client: Any, services: Any, path: str, status: int
) -> None:
    services.portraits.add()
    answer = client.get(path)
    assert answer.status_code == status
    assert b"react-entry-point" in answer.data


def test_health_and_readiness(client: Any, services: Any) -> None:
    assert client.get("/healthz").json == {"alive": True}
    assert client.get("/readyz").status_code == 200
    services.health.ready = lambda: {"ready": False}
    assert client.get("/readyz").status_code == 503


def test_a_short_link_leads_to_its_state(client: Any, services: Any) -> None:
    state = services.links.encode(PENDULUM)
    path = client.post("/s", json={"state": state}).json["path"]
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/#s={state}"
    assert client.get(f"{path}?a=equal").headers["Location"] == f"/#s={state}&a=equal"
    assert client.get(f"{path}?a=x%0Ay").headers["Location"] == f"/#s={state}"


@pytest.mark.parametrize("body", [None, 5, [], {}, {"state": 5}, {"state": "tampered"}])
def test_only_a_state_is_shortened(client: Any, services: Any, body: Any) -> None:
    assert client.post("/s", json=body).status_code == 400
    assert services.links.short == {}


def test_an_unknown_short_link_is_said(client: Any) -> None:
    assert client.get("/s/zzz").status_code == 404


@pytest.mark.parametrize("path", ["/", "/healthz", "/p/gone.json", "/nowhere"])
def test_every_answer_has_the_headers(client: Any, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "script-src 'self' 'sha256-" in policy
    assert "unsafe-eval" not in policy
    assert "unsafe-inline" not in policy.split("style-src")[0]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_the_policy_allows_no_other_host() -> None:
    assert "http" not in content_policy(["'sha256-abc'"])


GOOD = {
    "output": "b.children",
    "outputs": {"id": "b", "property": "children"},
    "inputs": [{"id": "a", "property": "children", "value": 1}],
    "changedPropIds": ["a.children"],
}


def test_a_callback_is_answered(client: Any) -> None:
    answer = client.post("/_dash-update-component", json=GOOD)
    assert answer.json["response"] == {"b": {"children": 1}}


@pytest.mark.parametrize(
    "body",
    [
        None,
        5,
        "text",
        [],
        {},
        {"output": 5},
        {"output": "nothing.children"},
        GOOD | {"inputs": None},
        GOOD | {"inputs": []},
        GOOD | {"inputs": [5]},
        GOOD | {"inputs": [{"id": "a"}]},
        GOOD | {"inputs": [{"id": 5, "property": "children"}]},
        GOOD | {"inputs": [{"id": "a", "property": "style"}]},
        GOOD | {"inputs": GOOD["inputs"] * 2},
        GOOD | {"state": [{"id": "a", "property": "children"}]},
        GOOD | {"outputs": None},
        GOOD | {"outputs": [1, 2]},
        GOOD | {"changedPropIds": "a.children"},
        GOOD | {"changedPropIds": [5]},
        GOOD | {"changedPropIds": ["a"]},
    ],
)
def test_a_body_that_is_no_callback_answers_400(client: Any, body: Any) -> None:
    assert client.post("/_dash-update-component", json=body).status_code == 400


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\x00", b"[" * 2000])
def test_a_body_that_is_no_json_answers_400(client: Any, data: bytes) -> None:
    answer = client.post("/_dash-update-component", data=data, content_type="application/json")
    assert answer.status_code == 400


def test_a_huge_body_is_refused(client: Any) -> None:
    body = GOOD | {"inputs": [{"id": "a", "property": "children", "value": "x" * 1_100_000}]}
    assert client.post("/_dash-update-component", json=body).status_code in (400, 413)


def test_a_wildcard_output_without_matches_fits() -> None:
    known = {"x": {"inputs": [{"id": "{}", "property": "value"}], "state": [], "output": []}}
    assert callback_body_fits({"output": "x", "outputs": [], "inputs": [[]]}, known)
