"""The workbench in a real browser, against the rows of the real archive."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from driving import wait_until

from eqpp_dash.model.spec import PortraitSpec

pytestmark = pytest.mark.browser
Visit = Callable[..., Any]

PENDULUM = "x' = y\ny' = -sin(x) - d*y"


def test_a_first_visit_shows_a_living_portrait_and_computes_it_once(
    own_server: Visit, visit: Visit
) -> None:
    server = own_server()
    first = visit(server)
    first.go("/")
    first.badge("Finished")
    assert first.traces() > 3
    assert "Unstable focus" in first.page.locator("#facts").inner_text()
    assert first.page.get_by_label("Equations, one a line").input_value() != ""
    (row,) = server.rows()
    assert (row.status, row.attempts) == ("finished", 1)
    assert first.hash()["p"] == row.row_id
    second = visit(server)
    second.go("/")
    second.badge("Finished")
    assert len(server.rows()) == 1


def test_typing_previews_and_compute_archives(server: Any, visit: Visit) -> None:
    window = visit()
    window.go("/#new")
    window.badge("Preview")
    window.write("x' = y\ny' = -sin(x) - q*y + 1/19")
    window.page.get_by_label("Value of q").wait_for()
    window.settled()
    assert window.page.get_by_label("Value of q").input_value() == "1"
    assert "Stable focus" in window.text("facts")
    before = len(server.rows())
    window.page.get_by_label("Title").fill("Driven pendulum")
    window.page.get_by_label("Title").blur()
    window.page.click("#compute")
    window.badge("Finished")
    window.job_says("finished")
    rows = server.rows()
    assert len(rows) == before + 1
    assert rows[0].spec.title == "Driven pendulum"
    assert rows[0].status == "finished"
    assert window.hash()["p"] == rows[0].row_id
    assert window.traces() > 3


def test_an_error_stands_under_its_line_and_the_picture_stays(visit: Visit) -> None:
    window = visit()
    window.go("/#new")
    window.badge("Preview")
    window.settled()
    traces = window.traces()
    window.write("x' = y\ny' = -sen(x)")
    window.page.locator("#equations-error .caret").wait_for()
    line, caret = window.page.locator("#equations-error .caret").inner_text().split("\n")
    assert line[caret.index("^") : caret.rindex("^") + 1] == "sen"
    assert "did you mean “sin”" in window.text("equations-error").lower()
    window.page.locator("#picture-frame.stale").wait_for()
    assert window.traces() == traces
    window.write("x' = y\ny' = x + t")
    window.page.locator("#equations-error", has_text="not autonomous").wait_for()
    line, caret = window.page.locator("#equations-error .caret").inner_text().split("\n")
    assert line[caret.index("^") :] == "t"
    window.write("x' = y\ny' = -sin(x)")
    window.page.locator("#picture-frame.fresh").wait_for()
    assert window.text("equations-error") == ""


def test_a_slider_redraws_without_a_job(server: Any, visit: Visit) -> None:
    window = visit()
    window.go(server.link(PortraitSpec(PENDULUM, parameters={"d": 0.5})))
    window.badge("Preview")
    window.settled()
    before, rows = window.text("facts"), len(server.rows())
    slider = window.page.get_by_role("slider")
    slider.focus()
    for _ in range(12):
        window.page.keyboard.press("ArrowRight")
    wait_until(lambda: window.text("facts") != before, "other facts")
    window.settled()
    value = window.page.get_by_label("Value of d").input_value()
    assert float(value) > 0.5
    assert str(window.state().parameters["d"]) == value
    assert len(server.rows()) == rows


def test_a_typed_value_moves_the_slider_and_stays_exact(server: Any, visit: Visit) -> None:
    window = visit()
    window.go(server.link(PortraitSpec(PENDULUM, parameters={"d": 0.5})))
    window.badge("Preview")
    window.page.get_by_label("Value of d").fill("1/3")
    wait_until(lambda: window.state().parameters["d"] == "1/3", "the exact value in the address")
    shown = window.page.get_by_role("slider").get_attribute("aria-valuenow")
    assert float(shown) == pytest.approx(1 / 3, abs=1e-3)


def test_a_value_that_the_text_declares_wins_when_it_changes(visit: Visit) -> None:
    window = visit()
    window.go("/#new")
    window.badge("Preview")
    for line, wanted in (("\nk = 0.3", "0.3"), ("\nk = 0.9", "0.9"), ("", "1")):
        window.write(f"x' = y\ny' = -k*x{line}")
        field = window.page.get_by_label("Value of k")
        wait_until(lambda: field.count() and field.input_value() == wanted, wanted)  # noqa: B023
        wait_until(
            lambda: float(window.state().parameters.get("k", "nan")) == float(wanted),  # noqa: B023
            f"{wanted} in the address",
        )
    field.fill("0.7")
    wait_until(lambda: window.state().parameters["k"] == "0.7", "0.7 in the address")
    window.write("x' = y\ny' = -k*x - y")
    wait_until(lambda: window.state().equations.endswith("- y"), "the new text in the address")
    assert str(window.state().parameters["k"]) == field.input_value() == "0.7"


def test_new_gives_a_fresh_sheet_also_on_the_workbench(server: Any, visit: Visit) -> None:
    window = visit()
    window.go(server.link(PortraitSpec("x' = y\ny' = -7*x", title="Seven")))
    window.badge("Preview")
    window.settled()
    window.page.get_by_role("link", name="New").click()
    field = window.page.get_by_label("Equations, one a line")
    wait_until(lambda: "sin(x)" in field.input_value(), "a fresh sheet")
    window.settled()
    assert window.page.get_by_label("Title").input_value() == ""
    assert "sin(x)" in window.state().equations


def test_another_system_loses_title_and_window_of_the_one_before(server: Any, visit: Visit) -> None:
    spec = PortraitSpec("x' = y\ny' = -7*x", title="Seven", window={"x": (-4, 4), "y": (-4, 4)})
    window = visit()
    window.go(server.link(spec))
    window.badge("Preview")
    window.settled()
    window.write("p' = p*(100 - p) - p*q\nq' = q*(p - 50)")
    window.settled()
    assert (window.state().title, window.state().window) == ("", None)
    window.page.get_by_label("Title").fill("Mine")
    window.write("p' = p*(100 - p) - p*q\nq' = q*(p - 60)")
    window.settled()
    assert window.state().title == "Mine"


def test_a_click_adds_a_trajectory_in_one_round_trip(server: Any, visit: Visit) -> None:
    window = visit()
    window.go(server.link(PortraitSpec(PENDULUM, window={"x": (-4, 4), "y": (-4, 4)})))
    window.badge("Preview")
    window.settled()
    rows, traces, asked = len(server.rows()), window.traces(), []
    window.page.on(
        "request", lambda request: asked.append(request) if request.method == "POST" else None
    )
    box = window.page.locator(".nsewdrag").first.bounding_box()
    window.page.mouse.click(box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"])
    window.badge("Edited")
    window.settled()
    assert window.traces() > traces
    assert len(asked) == 1
    assert len(server.rows()) == rows
    ((x, y),) = window.state().initial_conditions
    assert (x, y) == pytest.approx((-1.6, 1.6), abs=0.05)
    assert f"{x:g}, {y:g}" in window.page.locator(".starts").inner_text()
    assert "Through" in window.text("picture-caption")
    window.page.click("#clear-trajectories")
    window.badge("Preview")
    window.settled()
    assert window.state().initial_conditions == ()


def test_two_clicks_at_once_are_two_trajectories(server: Any, visit: Visit) -> None:
    window = visit()
    window.go(server.link(PortraitSpec(PENDULUM, window={"x": (-4, 4), "y": (-4, 4)})))
    window.badge("Preview")
    window.settled()
    box = window.page.locator(".nsewdrag").first.bounding_box()
    for part in (0.2, 0.75):
        window.page.mouse.click(box["x"] + part * box["width"], box["y"] + 0.2 * box["height"])
    window.page.locator(".starts [data-with-remove]").nth(1).wait_for()
    window.settled()
    places = [x for x, _ in window.state().initial_conditions]
    assert places == pytest.approx([-2.4, 2.0], abs=0.1)


def test_a_limit_typed_while_the_window_is_fitted_stays(server: Any, visit: Visit) -> None:
    window, held = visit(), []
    window.go(server.link(PortraitSpec(PENDULUM, window={"x": (-4, 4), "y": (-4, 4)})))
    window.badge("Preview")
    window.settled()

    def hold(route: Any) -> None:
        asks = route.request.method == "POST" and not held
        if asks and "picture.figure" in str(route.request.post_data):
            held.append(route)
        else:
            route.continue_()

    window.page.route("**/*", hold)
    window.page.locator("#window-fit").press("Space")
    wait_until(lambda: window.page.wait_for_timeout(50) or held, "the question")
    low = window.page.get_by_label("Lower limit of the second variable")
    low.fill("-7.5")
    held[0].continue_()
    high = window.page.get_by_label("Upper limit of the first variable")
    wait_until(lambda: high.input_value() == "6.6", "the fitted limits")
    window.settled()
    assert low.input_value() == "-7.5"
    assert not window.page.get_by_label("Fit").is_checked()
    limits = window.state().window
    assert limits is not None
    assert (limits["x"], limits["y"][0]) == ((-6.6, 6.6), -7.5)


def test_a_finished_portrait_does_not_wait_for_its_preview(server: Any, visit: Visit) -> None:
    window, held = visit(), []

    def hold(route: Any) -> None:
        asks = route.request.method == "POST" and not held
        asked = str(route.request.post_data)
        if asks and "picture.figure" in asked and '"form"' in asked:
            held.append(route)
        else:
            route.continue_()

    window.page.route("**/*", hold)
    # the page never gives the preview up by itself
    window.page.add_init_script(
        "const begin = window.setTimeout;"
        "window.setTimeout = (what, ms, ...rest) => ms === 8000 ? 0 : begin(what, ms, ...rest);"
    )
    window.go(server.link(PortraitSpec("x' = y\ny' = -x - y/43 + 1/43")))
    wait_until(lambda: window.page.wait_for_timeout(50) or held, "the question")
    window.page.click("#compute")
    window.badge("Finished")
    held[0].continue_()
    window.settled()
    window.badge("Finished")
    assert window.page.title() == "x' = y; y' = -x - y/43 + 1/43 · EQPP Dash"


def test_a_point_that_is_none_leaves_the_others_and_the_picture(server: Any, visit: Visit) -> None:
    window = visit()
    window.go(server.link(PortraitSpec(PENDULUM, window={"x": (-4, 4), "y": (-4, 4)})))
    window.badge("Preview")
    window.settled()
    field = window.page.locator("#starts")
    for text in ("1, 0.5", "1,2,3"):
        field.fill(text)
        field.press("Enter")
        window.settled()
    window.page.get_by_text("“1,2,3” is not a point of the plane").wait_for()
    window.badge("Preview")
    assert window.page.locator("#picture-frame").get_attribute("class") == "picture-frame fresh"
    assert window.state().initial_conditions == ((1.0, 0.5),)
    assert window.page.locator(".starts [data-with-remove]").all_inner_texts() == ["1, 0.5"]
    marked = window.page.locator("#starts[aria-invalid=true]")
    assert marked.input_value() == "1,2,3"

    plane = window.page.locator("#picture .nsewdrag").bounding_box()
    window.page.mouse.click(plane["x"] + 0.7 * plane["width"], plane["y"] + 0.3 * plane["height"])
    wait_until(lambda: len(window.state().initial_conditions) == 2, "the clicked trajectory")
    window.page.get_by_label("Value of d").fill("0.5")
    window.settled()
    assert marked.input_value() == "1,2,3"
    rows = len(server.rows())
    window.page.click("#compute")
    window.page.locator("#picture-message", has_text="“1,2,3” is not a point").wait_for()
    assert len(server.rows()) == rows

    window.page.click("#clear-trajectories")
    wait_until(lambda: marked.count() == 0, "the mark gone with the text")
    assert field.input_value() == ""
    wait_until(lambda: window.state().initial_conditions == (), "all points gone")
    field.fill("1,2,3")
    field.press("Enter")
    wait_until(lambda: marked.count() == 1, "the mark again")
    field.fill("1,2; 0.25, sqrt(2)")
    field.press("Enter")
    window.settled()
    assert marked.count() == 0
    assert field.input_value() == ""
    assert window.state().initial_conditions == ((1.0, 2.0), (0.25, 2**0.5))
    assert window.page.locator("#picture-frame").get_attribute("class") == "picture-frame fresh"


def test_a_window_takes_what_people_type_and_fit_lets_go(server: Any, visit: Visit) -> None:
    window = visit()
    window.go(server.link(PortraitSpec(PENDULUM)))
    window.badge("Preview")
    window.settled()
    low = window.page.get_by_label("Lower limit of the first variable")
    assert float(low.input_value()) < 0
    assert window.state().window is None
    low.fill("-2*pi")
    window.settled()
    assert not window.page.get_by_label("Fit").is_checked()
    limits = window.state().window
    assert limits is not None
    assert limits["x"][0] == pytest.approx(-6.283185307179586)
    low.fill("-2*pix")
    window.page.locator("#picture-frame.stale").wait_for()
    assert "lower limit of x" in window.text("picture-message")


def test_an_emptied_limit_is_told_at_its_field_and_nothing_is_lost(
    server: Any, visit: Visit
) -> None:
    window = visit()
    window.go(server.link(PortraitSpec(PENDULUM, window={"x": (-4, 4), "y": (-3, 3)})))
    window.badge("Preview")
    window.settled()
    before, rows = window.state(), len(server.rows())
    high = window.page.get_by_label("Upper limit of the second variable")
    high.fill("")
    window.page.locator("#picture-frame.stale").wait_for()
    said = "Window, upper limit of y: nothing stands there. Type a number, or switch Fit on"
    assert window.text("picture-message") == said
    invalid = window.page.locator(".window [aria-invalid=true]")
    assert [field.get_attribute("id") for field in invalid.all()] == ["window-y-high"]
    assert high.get_attribute("aria-describedby") == "picture-message"
    window.page.click("#compute")
    window.settled()
    assert len(server.rows()) == rows
    assert window.state() == before
    assert window.page.get_by_label("Lower limit of the first variable").input_value() == "-4"
    high.fill("2")
    window.badge("Preview")
    window.settled()
    assert window.state().window == {"x": (-4.0, 4.0), "y": (-3.0, 2.0)}
    assert invalid.count() == 0
    assert high.get_attribute("aria-describedby") is None


def test_a_copied_link_opens_the_same_question(server: Any, visit: Visit) -> None:
    spec = PortraitSpec.from_json(
        {
            "title": "Ψ, “quoted” & more",
            "equations": "u' = v\nv' = mu*(1 - u^2)*v - u  # comment",
            "parameters": {"mu": "7/5"},
            "variables": {"u": {"unit": "V"}},
            "window": {"u": [-3, 3.25], "v": [-5, 5]},
            "initial_conditions": [[0.1, 0.0], [2.5, -1e-3]],
            "time": {"start": 0.5, "span": 33},
            "options": {"rtol": 1e-7, "atol": 1e-9, "method": "DOP853"},
            "analyses": ["field", "equilibria", "trajectories"],
        }
    )
    window = visit()
    window.context.grant_permissions(["clipboard-read", "clipboard-write"])
    window.go(server.link(spec))
    window.badge("Preview")
    window.settled()
    window.page.click("#copy-link")
    window.page.locator("#copy-link-done", has_text="Copied").wait_for()
    copied = window.page.evaluate("navigator.clipboard.readText()")
    other = visit()
    other.go(copied)
    other.badge("Preview")
    other.settled()
    assert other.state() == spec
    assert other.page.get_by_label("Title").input_value() == spec.title
    assert other.page.get_by_label("Value of mu").input_value() == "7/5"


def test_a_state_too_long_for_a_link_gets_a_short_one(server: Any, visit: Visit) -> None:
    lines = "\n".join(f"# {i}: {i * 7919 % 10007} {i * 104729 % 99991}" for i in range(400))
    spec = PortraitSpec(f"x' = y\ny' = -x\n{lines}")
    window = visit()
    window.context.grant_permissions(["clipboard-read", "clipboard-write"])
    window.go(server.link(spec))
    window.badge("Preview")
    window.settled()
    window.page.click("#copy-link")
    window.page.locator("#copy-link-done", has_text="Copied").wait_for()
    copied = window.page.evaluate("navigator.clipboard.readText()")
    assert len(copied) < 200
    other = visit()
    other.go(copied)
    other.badge("Preview")
    other.settled()
    assert other.state() == spec


def test_a_tampered_link_is_told_and_the_default_offered(server: Any, visit: Visit) -> None:
    good = server.services.links.encode(PortraitSpec("x' = y\ny' = -x"))
    for state in (good[:-6], "nonsense", good[:10] + "AAAA" + good[14:]):
        window = visit()
        window.go(f"/#s={state}")
        window.badge("Finished")
        assert "cannot be read" in window.text("notice")


def test_back_leads_from_one_portrait_to_the_one_before(server: Any, visit: Visit) -> None:
    window = visit()
    portraits = ["x' = y\ny' = -x - y/23", "x' = y\ny' = -x - y/29"]
    window.go(server.link(PortraitSpec(portraits[0])))
    window.badge("Preview")
    window.settled()
    window.page.click("#compute")
    window.badge("Finished")
    window.settled()
    first = window.hash()["p"]
    window.write(portraits[1])
    window.badge("Preview")
    window.settled()
    window.page.click("#compute")
    window.badge("Finished")
    window.settled()
    second = window.hash()["p"]
    field = window.page.get_by_label("Equations, one a line")
    for turn, row, text in (
        (window.page.go_back, first, portraits[0]),
        (window.page.go_forward, second, portraits[1]),
    ):
        turn()
        wait_until(lambda text=text: field.input_value() == text, "the question")
        window.badge("Finished")
        window.settled()
        assert window.hash()["p"] == row
        assert window.state().equations == text
        window.job_says("finished")
        assert window.page.locator("#job-open").get_attribute("href") == f"/p/{row}"


def test_a_finished_question_is_shown_finished_wherever_it_is_asked(
    server: Any, visit: Visit
) -> None:
    window = visit()
    window.go(server.link(PortraitSpec("x' = y\ny' = -x - y/31")))
    window.badge("Preview")
    window.page.click("#compute")
    window.badge("Finished")
    rows = len(server.rows())
    other = visit()
    other.go(server.link(PortraitSpec("x' = y\ny' = -x - y/31")))
    other.badge("Finished")
    assert len(server.rows()) == rows


def test_every_format_can_be_exported(server: Any, visit: Visit) -> None:
    window = visit()
    window.go("/")
    window.badge("Finished")
    window.page.click("#export")
    items = window.page.locator("[role=menuitem]")
    items.first.wait_for()
    links = [item.get_attribute("href") for item in items.all()]
    endings = ["json", "csv", "html", "tex", "svg", "png", "pdf", "py"]
    assert [link.rpartition(".")[2] for link in links] == endings
    for link in links:
        answer = window.context.request.get(server.url + link)
        assert answer.status == 200, link
        assert len(answer.body()) > 200


def test_a_preview_draws_each_given_trajectory_once(server: Any, visit: Visit) -> None:
    window = visit()
    window.go(server.link(PortraitSpec(PENDULUM, initial_conditions=((0.5, 0.25), (1.0, 1.0)))))
    window.badge("Preview")
    window.settled()
    starts = window.page.evaluate(
        """() => document.querySelector('#picture .js-plotly-plot')._fullData
            .filter(trace => trace.name === 'start').map(trace => trace.x.length)"""
    )
    assert starts == [2]


def test_a_click_on_an_equilibrium_and_a_double_click_add_no_curves(
    server: Any, visit: Visit
) -> None:
    window = visit()
    window.go(server.link(PortraitSpec(PENDULUM, window={"x": (-4, 4), "y": (-4, 4)})))
    window.badge("Preview")
    window.settled()
    box = window.page.locator(".nsewdrag").first.bounding_box()
    middle = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
    traces = window.traces()
    window.page.mouse.click(middle[0] + 3, middle[1] - 3)
    window.settled()
    assert window.traces() == traces
    assert window.state().initial_conditions == ()
    window.page.mouse.dblclick(middle[0] + 60, middle[1])
    window.badge("Edited")
    window.settled()
    assert len(window.state().initial_conditions) == 1


def test_a_clicked_curve_lies_where_plotly_draws_it(server: Any, visit: Visit) -> None:
    window = visit()
    window.go(
        server.link(PortraitSpec("x' = y\ny' = -sin(x)", window={"x": (-4, 4), "y": (-4, 4)}))
    )
    window.badge("Preview")
    window.settled()
    window.page.evaluate(
        """() => new MutationObserver(() => {
            const path = document.querySelector('#picture .sketch path');
            if (path) window.sketched = path.getAttribute('d');
        }).observe(document.body, {childList: true, subtree: true})"""
    )
    box = window.page.locator(".nsewdrag").first.bounding_box()
    window.page.mouse.click(box["x"] + 0.7 * box["width"], box["y"] + 0.4 * box["height"])
    window.badge("Edited")
    window.settled()
    drawn = window.page.evaluate(
        """() => {
            const graph = document.querySelector('#picture .js-plotly-plot');
            return [...graph.querySelectorAll('.js-line')]
                .filter(line => line.style.strokeWidth === '2.6px')
                .map(line => line.getAttribute('d'));
        }"""
    )
    assert window.page.locator("#picture .sketch").count() == 0
    numbers = [_numbers(way) for way in (window.page.evaluate("window.sketched"), drawn[-1])]
    assert len(numbers[0]) == len(numbers[1]) > 50
    assert numbers[0] == pytest.approx(numbers[1], abs=0.2)


def _numbers(way: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?[0-9.]+", way)]


def test_a_bad_value_of_a_parameter_that_goes_blocks_nothing(server: Any, visit: Visit) -> None:
    window = visit()
    window.go(server.link(PortraitSpec("x' = y\ny' = -x - mu*y")))
    window.badge("Preview")
    window.settled()
    window.page.get_by_label("Value of mu", exact=True).fill("abc")
    window.badge("Not drawn")
    window.settled()
    window.write("x' = y\ny' = -x - y/47")
    window.badge("Preview")
    window.settled()
    assert window.state().equations == "x' = y\ny' = -x - y/47"


def test_leaving_while_a_picture_is_drawn_and_coming_back(server: Any, visit: Visit) -> None:
    window = visit()
    window.go(server.link(PortraitSpec("x' = y\ny' = -x - y/41")))
    window.page.get_by_role("link", name="Gallery").first.click()
    window.page.locator(".cards").first.wait_for()
    window.page.go_back()
    window.badge("Preview")
    window.settled()
    window.page.locator(".echo mjx-container").first.wait_for()
    field = window.page.get_by_label("Equations, one a line")
    assert field.input_value() == "x' = y\ny' = -x - y/41"


def test_skipping_to_the_page_keeps_the_question(server: Any, visit: Visit) -> None:
    window = visit()
    window.go(server.link(PortraitSpec("x' = y\ny' = -x - y/43")))
    window.badge("Preview")
    window.settled()
    state = window.hash()
    window.page.keyboard.press("Tab")
    window.page.keyboard.press("Enter")
    window.page.wait_for_timeout(500)
    assert window.hash() == state
    assert window.page.evaluate("document.activeElement.id") == "page"
    field = window.page.get_by_label("Equations, one a line")
    assert field.input_value() == "x' = y\ny' = -x - y/43"


def test_another_window_is_shown_as_it_is(server: Any, visit: Visit) -> None:
    window = visit()
    window.go(server.link(PortraitSpec(PENDULUM, window={"x": (-4, 4), "y": (-4, 4)})))
    window.badge("Preview")
    window.settled()
    for name, value in (("first", ("-2", "2")), ("second", ("-1", "1"))):
        for end, text in zip(("Lower", "Upper"), value, strict=True):
            field = window.page.get_by_label(f"{end} limit of the {name} variable")
            field.fill(text)
            field.press("Tab")
    wait_until(
        lambda: window.settled() or window.state().window == {"x": (-2, 2), "y": (-1, 1)},
        "the window in the address",
    )
    shown = window.page.evaluate(
        """() => {
            const graph = document.querySelector('#picture .js-plotly-plot');
            return [graph._fullLayout.xaxis.range, graph._fullLayout.yaxis.range];
        }"""
    )
    assert shown == [[-2, 2], [-1, 1]]


def test_a_tap_on_a_phone_adds_a_trajectory(server: Any, visit: Visit) -> None:
    window = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    window.go(server.link(PortraitSpec(PENDULUM, window={"x": (-4, 4), "y": (-4, 4)})))
    window.badge("Preview")
    window.settled()
    box = window.page.locator(".nsewdrag").first.bounding_box()
    window.page.touchscreen.tap(box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"])
    window.badge("Edited")
    window.settled()
    ((x, y),) = window.state().initial_conditions
    assert (x, y) == pytest.approx((-1.6, 1.6), abs=0.1)


def test_the_export_menu_by_keyboard(server: Any, visit: Visit) -> None:
    window = visit()
    window.go()
    window.badge("Finished")
    window.settled()
    window.page.locator("#export").focus()
    window.page.keyboard.press("Enter")
    wait_until(
        lambda: window.page.evaluate("document.activeElement.getAttribute('role')") == "menuitem",
        "the focus on the first entry",
    )
    first = window.page.evaluate("document.activeElement.textContent")
    window.page.keyboard.press("ArrowDown")
    assert window.page.evaluate("document.activeElement.textContent") != first
    window.page.keyboard.press("Escape")
    window.page.locator("[aria-expanded=false] > #export").wait_for()
    assert window.page.evaluate("document.activeElement.id") == "export"
