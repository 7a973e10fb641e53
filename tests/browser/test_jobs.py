"""Jobs as the page shows them: progress, reloads, tabs, cancelling, failing, restarts."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

import pytest
from driving import slow_spec, wait_until

pytestmark = pytest.mark.browser
Visit = Callable[..., Any]
fresh = itertools.count(11)


def begin(window: Any, server: Any, **options: Any) -> str:
    """Order a slow portrait and give its row."""
    window.go(server.link(slow_spec(next(fresh), **options)))
    window.badge("Preview")
    window.settled()
    window.page.click("#compute")
    window.job_says("running")
    return str(window.hash()["p"])


def progress(window: Any) -> float:
    return float(window.page.locator("#job-bar").get_attribute("value") or 0)


def test_progress_moves_and_never_falls(server: Any, visit: Visit) -> None:
    window = visit()
    row = begin(window, server, starts=5)
    seen = [progress(window)]
    while window.text("job-badge").lower() == "running":
        seen.append(progress(window))
        time.sleep(0.1)
    window.badge("Finished")
    moving = [value for value in seen if value > 0]
    assert len(set(moving)) >= 5
    assert moving[:-1] == sorted(moving[:-1])
    assert server.services.portraits.job(row).status == "finished"
    assert window.page.locator("#job-cancel").is_hidden()


def test_a_reload_resumes_the_job(server: Any, visit: Visit) -> None:
    window = visit()
    row = begin(window, server)
    window.page.reload()
    window.job_says("running")
    wait_until(lambda: progress(window) > 0, "progress after the reload")
    job = server.services.portraits.job(row)
    assert (job.status, job.attempts) == ("running", 1)
    window.page.click("#job-cancel")
    window.job_says("cancelled")


def test_two_tabs_see_the_same_and_one_cancels_for_both(server: Any, visit: Visit) -> None:
    one = visit()
    row = begin(one, server)
    two = visit()
    two.go(f"/p/{row}")
    two.job_says("running")
    wait_until(lambda: progress(two) > 0 and abs(progress(one) - progress(two)) < 0.2, "one view")
    started = time.monotonic()
    one.page.click("#job-cancel")
    one.job_says("cancelled")
    assert time.monotonic() - started < 5
    two.job_says("cancelled")
    assert server.services.portraits.job(row).status == "cancelled"


def test_a_job_ordered_elsewhere_is_watched(server: Any, visit: Visit) -> None:
    spec = slow_spec(next(fresh), starts=5)
    job = server.services.portraits.submit(spec, launcher="test")
    window = visit()
    window.go(f"/p/{job.row_id}")
    window.page.locator(".permanent-grid .js-plotly-plot").wait_for()
    assert server.services.portraits.job(job.row_id).status == "finished"
    assert window.traces() > 3


def test_a_cancelled_job_can_be_run_again(server: Any, visit: Visit) -> None:
    window = visit()
    row = begin(window, server)
    window.page.click("#job-cancel")
    window.job_says("cancelled")
    window.page.click("#job-again")
    window.job_says("running")
    again = window.hash()["p"]
    assert again != row
    assert server.services.portraits.job(again).status == "running"
    window.page.click("#job-cancel")
    window.job_says("cancelled")
    assert server.services.portraits.job(row).status == "cancelled"


def test_a_job_past_its_time_keeps_what_it_found_and_says_so(
    own_server: Visit, visit: Visit
) -> None:
    server = own_server(time_limit_s=4)
    window = visit(server)
    begin(window, server)
    window.job_says("partial")
    assert "topped at its time limit of 4 s while" in window.text("job-phase")
    (row,) = [job for job in server.rows() if job.spec.title.startswith("Slow")]
    assert row.status == "finished"
    assert row.stopped.startswith("stopped at its time limit of 4 s while ")
    assert window.page.locator("#job-again").is_visible()


def test_what_was_found_is_kept_for_all_who_watch(server: Any, visit: Visit) -> None:
    one = visit()
    row = begin(one, server)
    two = visit()
    two.go(f"/p/{row}")
    two.job_says("running")
    one.page.locator("#job-phase", has_text="trajectories").wait_for()
    one.page.click("#job-keep")
    words = "topped by a user while trajectories were integrated"
    for window in (one, two):
        window.job_says("partial")
        assert words in window.text("job-phase")
        window.page.locator(".js-plotly-plot").wait_for()
    one.badge("Partial")
    focus = "document.activeElement.id"  # the button that had it is gone
    wait_until(lambda: one.page.evaluate(focus) == "job-phase", "the focus on the job's state")
    job = server.services.portraits.job(row)
    assert (job.status, job.partial) == ("finished", True)
    assert len(server.services.portraits.portrait(row).equilibria) == 1
    one.page.click("#job-again")  # a part is no answer
    one.job_says("running")
    assert one.hash()["p"] != row
    one.page.click("#job-cancel")
    one.job_says("cancelled")


def test_the_queue_is_shown(own_server: Visit, visit: Visit) -> None:
    server = own_server(max_jobs=1)
    first, second = visit(server), visit(server)
    begin(first, server)
    second.go(server.link(slow_spec(next(fresh))))
    second.badge("Preview")
    second.settled()
    second.page.click("#compute")
    second.page.locator("#job-queue", has_text="next in the queue").wait_for()
    first.page.click("#job-cancel")
    second.job_says("running")
    second.page.click("#job-cancel")
    second.job_says("cancelled")


def test_a_restart_of_the_server_resumes_the_view(own_server: Visit, visit: Visit) -> None:
    server = own_server()
    window = visit(server)
    row = begin(window, server, starts=200)
    server.stop()
    time.sleep(1)
    server.start()
    then = progress(window)
    wait_until(lambda: progress(window) > then, "progress after the restart")
    job = server.services.portraits.job(row)
    assert (job.status, job.attempts) == ("running", 1)
    window.page.click("#job-cancel")
    window.job_says("cancelled")
    # The browser complains while there is no server; of that, and nothing else.
    known = ("ERR_CONNECTION", "ERR_EMPTY", "Failed to fetch", "NetworkError", "Callback failed")
    window.problems[:] = [p for p in window.problems if not any(word in p for word in known)]
