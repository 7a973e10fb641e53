"""An error nobody foresaw, in the engine: it is on the page, on the row and in the log."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from driving import Server, Visitor

PLANT = """
import sys
if "worker" in sys.orig_argv:
    from eqpp_dash.engine import findings
    def trace_nullclines(*_, **__):
        raise ZeroDivisionError("planted in the nullclines")
    findings.trace_nullclines = trace_nullclines
"""


def test_a_planted_exception_shows_on_page_row_and_log(
    own_server: Callable[..., Server],
    visit: Callable[..., Visitor],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "plant").mkdir()
    (tmp_path / "plant" / "sitecustomize.py").write_text(PLANT)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "plant"))
    server = own_server()
    window = visit(server)
    window.go()
    window.job_says("failed")

    reason = "ZeroDivisionError: planted in the nullclines"
    assert reason in window.text("job-error")
    window.page.locator("#job-details summary").click()
    on_page = window.text("job-traceback")
    assert "Traceback (most recent call last)" in on_page
    assert "in trace_nullclines" in on_page

    (row,) = server.rows()
    assert row.status == "failed"
    assert row.error == reason
    assert row.traceback.strip() == on_page.strip()

    log = (server.folder / "data" / "logs" / "executor.log").read_text()
    (line,) = [line for line in map(json.loads, log.splitlines()) if line["event"] == "FAILED"]
    assert line["job"] == row.row_id
    assert line["error"] == reason
    assert "in trace_nullclines" in line["traceback"]
    assert line["package"].endswith("eqpp_dash/__init__.py")
