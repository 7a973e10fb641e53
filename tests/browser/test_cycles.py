"""Limit cycles in a real browser: typed, computed, listed, drawn, found in the archive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.browser
Visit = Callable[..., Any]


def test_van_der_pols_cycle_is_listed_and_drawn(server: Any, visit: Visit) -> None:
    window = visit()
    window.go("/#new")
    window.badge("Preview")
    window.write("# van der Pol, for its cycle\nx' = y\ny' = (1 - x^2)*y - x")
    window.settled()
    window.page.get_by_label("Title").fill("Cycle seen")
    window.page.get_by_label("Title").blur()
    window.page.click("#compute")
    window.badge("Finished")
    row = window.page.locator("#facts [data-cycle='0']")
    row.wait_for()
    said = " ".join(row.inner_text().split())
    assert "Period 6.6633" in said
    assert "stable limit cycle" in said.lower()
    assert "verified" in said
    assert "1 found; no others (proved: Liénard's theorem)" in window.text("facts")
    window.page.locator(".narrative .shows", has_text="stable limit cycle of period").first.hover()
    window.page.locator("#picture .marks .mark-curve").wait_for(state="attached")
    legend = window.page.locator("#picture .legendtext").all_text_contents()
    assert "stable limit cycle" in legend
    window.page.locator("#picture .nsewdrag").click(position={"x": 90, "y": 60})
    caption = window.page.locator("#picture-caption", has_text="Through")
    caption.wait_for()
    assert caption.inner_text().endswith("to the stable limit cycle of period 6.6633")
    (kept,) = server.services.archive.search("cycle seen", cycles="stable")
    assert kept.summary == "unstable focus, 1 stable cycle"
    (found,) = server.services.portraits.facts(kept.row_id)["limit_cycles"]
    assert abs(found["period"] - 6.66328685932) < 1e-9

    page = window.go("/archive")
    page.get_by_role("textbox", name="Limit cycles").click()
    page.get_by_role("option", name="With a stable cycle").click()
    page.locator(f"[data-row='{kept.row_id}']").wait_for()
    assert "1 stable cycle" in page.locator(f"[data-row='{kept.row_id}']").inner_text()
