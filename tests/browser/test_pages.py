"""All pages: policy, hosts, console, archive, gallery, colours, small screens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from driving import wait_until

from eqpp_dash.model.spec import PortraitSpec

pytestmark = pytest.mark.browser
Visit = Callable[..., Any]
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest.fixture(scope="module")
def row(server: Any) -> str:
    spec = PortraitSpec("x' = y\ny' = -x - y/37", title="Weak spiral")
    job = server.services.portraits.submit(spec, launcher="test")
    return str(server.services.portraits.wait(job.row_id, timeout=60).row_id)


def pages(row: str) -> dict[str, str]:
    return {
        "/": "#picture .js-plotly-plot",
        "/gallery": ".card",
        "/archive": ".row",
        f"/p/{row}": ".permanent-grid .js-plotly-plot",
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_breaks_the_policy_asks_another_host_or_writes_to_the_console(
    visit: Visit, row: str, scheme: str
) -> None:
    window = visit(color_scheme=scheme)
    for path, sign in pages(row).items():
        window.go(path)
        window.page.locator(sign).first.wait_for()
        window.page.wait_for_timeout(500)
        policy = window.context.request.get(window.server.url + path).headers
        assert "script-src 'self' 'sha256-" in policy["content-security-policy"]
    assert window.problems == []


@pytest.mark.parametrize("path", ["/nowhere", "/p/nothing"])
def test_an_address_that_leads_nowhere(visit: Visit, path: str) -> None:
    window = visit()
    window.go(path)
    window.page.get_by_role("heading", name="Nothing here").wait_for()
    assert all("404" in problem for problem in window.problems)
    window.problems.clear()
    window.page.get_by_role("link", name="Open the workbench").click()
    window.badge("Finished")


def test_the_gallery_opens_the_workbench(visit: Visit) -> None:
    window = visit()
    window.go("/gallery")
    window.page.locator(".card").first.wait_for()
    assert window.page.locator(".card").count() == 28
    window.page.get_by_role("link", name="Brusselator").click()
    window.page.locator("#picture .js-plotly-plot").wait_for()
    window.settled()
    assert "x^2*y" in window.page.get_by_label("Equations, one a line").input_value()
    assert window.state().title == "Brusselator"


def test_systems_of_the_gallery_preview(server: Any, visit: Visit) -> None:
    """The first and the last of every subject."""
    window = visit()
    entries = server.services.gallery.entries()
    ends = {entry.subject: entry for entry in entries[::-1]}, {e.subject: e for e in entries}
    for entry in (entry for chosen in ends for entry in chosen.values()):
        window.go(server.link(entry.spec))
        wait_until(lambda: window.traces() > 2, entry.slug)
        window.settled()
        assert window.text("picture-message") == "", entry.slug


def test_the_archive_is_searched_opened_and_deleted_from(server: Any, visit: Visit) -> None:
    spec = PortraitSpec("x' = y\ny' = -x - y/41", title="Doomed one")
    job = server.services.portraits.submit(spec, launcher="test")
    server.services.portraits.wait(job.row_id, timeout=60)
    window = visit()
    window.go("/archive")
    window.page.locator(".row").first.wait_for()
    window.page.get_by_label("Search").fill("doomed")
    window.page.locator("#archive-count", has_text="1 portrait").wait_for()
    line = window.page.locator(f'[data-row="{job.row_id}"]')
    assert line.locator("img.thumbnail").evaluate("image => image.naturalWidth") > 0
    line.get_by_role("button", name="Delete").click()
    window.page.get_by_role("dialog").get_by_text("Delete “Doomed one”?").wait_for()
    window.page.get_by_role("button", name="Keep").click()
    window.page.get_by_role("dialog").wait_for(state="hidden")
    assert server.services.portraits.find(job.row_id) is not None
    window.choose("Status", "Finished")
    address = f"{server.url}/archive?q=doomed&status=finished"
    window.page.wait_for_url(address)
    line.get_by_role("link", name="Doomed one").click()
    window.page.locator(".permanent-grid .js-plotly-plot").wait_for()
    assert window.page.title() == "Doomed one · EQPP Dash"
    window.page.go_back()
    line.wait_for()
    assert window.page.url == address
    assert window.page.title() == "Archive · EQPP Dash"
    assert window.page.get_by_label("Search").input_value() == "doomed"
    window.page.go_back()  # before the status was chosen
    wait_until(
        lambda: window.page.locator("#archive-status").input_value() == "Any status", "status"
    )
    assert window.page.url == f"{server.url}/archive?q=doomed"
    window.page.get_by_role("link", name="Archive").click()
    wait_until(lambda: window.page.get_by_label("Search").input_value() == "", "a fresh page")
    window.go("/archive?q=doomed&status=finished")
    line.wait_for()
    assert window.page.locator(".row").count() == 1
    line.get_by_role("button", name="Delete").click()
    window.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    line.wait_for(state="detached")
    assert server.services.portraits.find(job.row_id) is None
    focus = "document.activeElement.id"  # what had it is gone
    wait_until(lambda: window.page.evaluate(focus) == "archive-search", "the focus in the search")


def test_a_row_is_run_again_from_the_archive(visit: Visit, row: str) -> None:
    window = visit()
    window.go("/archive")
    line = window.page.locator(f'[data-row="{row}"]')
    line.get_by_role("button", name="Run").click()
    window.page.get_by_role("status").filter(has_text="up to date").wait_for()
    assert window.page.url.endswith("/archive")


def test_a_permanent_page_opens_in_the_workbench(visit: Visit, row: str) -> None:
    window = visit()
    window.go(f"/p/{row}")
    window.page.get_by_role("link", name="Open in workbench").click()
    window.badge("Finished")
    assert window.page.get_by_label("Title").input_value() == "Weak spiral"


def ink(window: Any) -> str:
    return str(window.page.evaluate("document.querySelector('.js-plotly-plot').layout.font.color"))


@pytest.mark.parametrize("path", ["/", "/p/{row}"])
def test_dark_mode_is_kept_and_the_figure_follows(visit: Visit, row: str, path: str) -> None:
    window = visit()
    window.go(path.format(row=row))
    window.page.locator(".js-plotly-plot .scatterlayer").first.wait_for()
    window.page.wait_for_timeout(500)
    light = ink(window)
    window.page.get_by_label("Light or dark").click()
    wait_until(lambda: ink(window) != light, "the figure follows the colours")
    dark = ink(window)
    window.page.reload(wait_until="commit")
    window.page.wait_for_selector("body", state="attached")
    scheme = "document.documentElement.getAttribute('data-mantine-color-scheme')"
    assert window.page.evaluate(scheme) == "dark"
    window.page.locator(".js-plotly-plot .scatterlayer").first.wait_for()
    wait_until(lambda: ink(window) == dark, "the figure is dark after a reload")


def test_a_phone_shows_the_figure_first_and_scrolls_only_down(visit: Visit, row: str) -> None:
    window = visit(**PHONE)
    for path, sign in pages(row).items():
        window.go(path)
        window.page.locator(sign).first.wait_for()
        window.page.wait_for_timeout(500)
        width = window.page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, path
        cut = "es => es.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.innerText)"
        names = window.page.locator(".row-title, .row-equations")
        assert names.evaluate_all(cut) == []
    legend, panel = (
        window.page.locator(sign).first.bounding_box() for sign in (".legend .bg", ".panel.picture")
    )
    middles = [box["x"] + box["width"] / 2 for box in (legend, panel)]
    assert middles[0] == pytest.approx(middles[1], abs=4)
    window.go("/")
    window.page.locator("#picture .scatterlayer").wait_for()
    top = {
        name: window.page.locator(sign).bounding_box()["y"]
        for name, sign in {
            "figure": "#picture",
            "equations": "#equations",
            "facts": "#facts",
        }.items()
    }
    assert top["figure"] < top["equations"] < top["facts"]
    assert window.page.locator("#compute").is_visible()


def test_the_page_can_be_used_with_the_keyboard(visit: Visit) -> None:
    window = visit()
    window.go("/")
    window.badge("Finished")
    window.page.keyboard.press("Tab")
    assert window.page.evaluate("document.activeElement.textContent") == "Skip to the page"
    names = set()
    for _ in range(40):
        window.page.keyboard.press("Tab")
        names.add(
            window.page.evaluate(
                "(e => e.getAttribute('aria-label') || e.id || e.textContent)"
                "(document.activeElement)"
            )
        )
    wanted = {"Gallery", "Archive", "Copy link", "Equations, one a line", "compute"}
    assert wanted | {"Show field", "Show trajectories"} <= names
    layer = window.page.get_by_role("button", name="Show trajectories")
    for key, shown in (("Enter", "false"), (" ", "true")):
        layer.focus()
        window.page.keyboard.press(key)
        wait_until(lambda shown=shown: layer.get_attribute("aria-pressed") == shown, "the layer")
        hidden = "document.querySelector('.js-plotly-plot')._fullData.some(t => t.visible !== true)"
        assert window.page.evaluate(hidden) is (shown == "false")
