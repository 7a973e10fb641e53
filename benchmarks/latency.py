"""What a user waits for: claim, portrait, preview and click, measured in one run.

    python benchmarks/latency.py [--repeat 20] [--only claims compute slider click]

Starts a server on a data folder of its own. Times are wall-clock milliseconds: from the row's
commit to its claim (executor warm), from the press of Compute to the picture drawn in Chromium,
from a moved slider to the preview drawn, from a click in the plane to the trajectory drawn.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from eqpp_dash.compose import compose
from eqpp_dash.model.spec import PortraitSpec
from eqpp_dash.settings import load_settings

if TYPE_CHECKING:
    from playwright.sync_api import Page

PARTS = ("claims", "compute", "slider", "click")
PENDULUM = "theta' = omega\nomega' = -g*sin(theta)"
WINDOW = {"theta": [-6.5, 6.5], "omega": [-3.0, 3.0]}


def report(name: str, values: list[float]) -> None:
    """Print the median and the spread of some times."""
    low, high = min(values), max(values)
    print(f"{name:<44} median {statistics.median(values):7.1f} ms   ({low:.1f} to {high:.1f})")


def measure_claims(data: Path, repeat: int) -> None:
    """Submit different questions one after the other; the executor is warm after the first."""
    services = compose(load_settings(data_dir=data))
    claims, engine = [], []
    for k in range(repeat + 1):
        spec = PortraitSpec.from_json(
            {"equations": PENDULUM, "parameters": {"g": 1 + k / 1000}, "window": WINDOW}
        )
        job = services.portraits.submit(spec, launcher="benchmark")
        job = services.portraits.wait(job.row_id)
        assert job.status == "finished", job.error
        facts = services.portraits.facts(job.row_id)
        claims.append(1000 * facts["timing"]["queue_s"])
        engine.append(1000 * facts["timing"]["engine_s"])
    print(f"first claim, executor cold: {claims[0]:.0f} ms")
    report("submit to claim, executor warm", claims[1:])
    report("engine, pendulum", engine[1:])


@contextmanager
def server(data: Path) -> Iterator[str]:
    """Serve the dashboard on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-P", "-m", "eqpp_dash", "serve", "--port", str(port)]
    process = subprocess.Popen(
        command,
        env={**os.environ, "EQPP_DATA_DIR": str(data)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{url}/healthz", timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        yield url
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def measure_page(url: str, repeat: int, parts: Sequence[str]) -> None:
    """Drive Chromium: Compute, a slider, a click."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(url)
        page.wait_for_selector("#picture .js-plotly-plot .scatterlayer .trace", timeout=60_000)
        _until(page, f"{_BADGE}.includes('finished')")
        if "compute" in parts:
            measure_compute(page, repeat)
        page.fill("#equations", PENDULUM)
        page.wait_for_selector("[role=slider]")
        time.sleep(2)
        if "slider" in parts:
            measure_slider(page, repeat)
        if "click" in parts:
            measure_clicks(page, repeat)
        browser.close()


_BADGE = "document.querySelector('#picture-badge').textContent.toLowerCase()"


def _until(page: Page, expression: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < end, expression
        time.sleep(0.02)


def measure_compute(page: Page, repeat: int) -> None:
    """Compute a system that no one has asked for before."""
    drawings, times = _Drawings(page.evaluate), []
    for k in range(repeat):
        drawings.start("preview")
        page.fill("#equations", PENDULUM.replace("g*", f"{1 + (k + 1) / 100}*"))
        drawings.wait(60)
        _until(page, f"{_BADGE}.includes('preview')")
        drawings.start("finished")
        page.click("#compute")
        times.append(drawings.wait(60))
    report("Compute to picture drawn, pendulum", times)


def measure_slider(page: Page, repeat: int) -> None:
    """Move a parameter step by step."""
    drawings, times = _Drawings(page.evaluate), []
    page.locator("[role=slider]").first.focus()
    time.sleep(1)
    for _ in range(repeat):
        drawings.start("preview")
        page.keyboard.press("ArrowRight")
        times.append(drawings.wait(60))
        time.sleep(0.2)
    report("slider to preview drawn", times)


def measure_clicks(page: Page, repeat: int) -> None:
    """Click in the plane, here and there."""
    drawings, clicks, whole = _Drawings(page.evaluate), [], []
    box = page.locator("#picture .nsewdrag").first.bounding_box()
    for k in range(repeat):
        x = box["x"] + box["width"] * (0.2 + 0.6 * k / repeat)
        y = box["y"] + box["height"] * (0.25 + 0.03 * (k % 7))
        page.mouse.move(x - 3, y)
        page.mouse.move(x, y)
        time.sleep(0.3)
        drawings.start("", ".sketch path")
        page.mouse.click(x, y)
        clicks.append(drawings.wait(60))
        whole.append(drawings.wait(60, "figure"))
    report("click to trajectory drawn", clicks)
    report("click to whole figure drawn anew", whole)


class _Drawings:
    """Times from an action to the plotly drawing that follows it, taken inside the page."""

    def __init__(self, evaluate: Callable[..., float]) -> None:
        self._evaluate = evaluate

    def start(self, badge: str, appears: str = "") -> None:
        """Begin to wait for a drawing made while the picture's badge says this.

        With `appears`, a selector, the drawing waited for is the first frame with that in it.
        """
        self._evaluate(
            """([badge, appears]) => {
                const graph = document.querySelector('#picture .js-plotly-plot');
                const said = document.querySelector('#picture-badge');
                window.drawn = window.figure = window.acted = null;
                const note = event => { window.acted ??= performance.now(); };
                for (const kind of ['pointerdown', 'keydown', 'input'])
                    document.addEventListener(kind, note, {capture: true, once: true});
                graph.removeAllListeners('plotly_afterplot');
                graph.on('plotly_afterplot', () => requestAnimationFrame(() => {
                    if (!said.textContent.toLowerCase().includes(badge) || window.acted === null)
                        return;
                    window.figure ??= performance.now();
                    if (!appears) window.drawn ??= performance.now();
                }));
                if (!appears) return;
                const look = new MutationObserver(() => {
                    if (!graph.querySelector(appears)) return;
                    look.disconnect();
                    requestAnimationFrame(() => { window.drawn ??= performance.now(); });
                });
                look.observe(graph, {childList: true, subtree: true});
            }""",
            [badge, appears],
        )

    def wait(self, seconds: float, what: str = "drawn") -> float:
        """Give the milliseconds from the first input event to the drawing."""
        end = time.monotonic() + seconds
        while self._evaluate(f"window.{what} === null"):
            assert time.monotonic() < end, "nothing was drawn"
            time.sleep(0.01)
        return self._evaluate(f"window.{what} - window.acted")


def main() -> None:
    """Measure everything once."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if "claims" in options.only:
            measure_claims(Path(folder), options.repeat)
        if set(options.only) - {"claims"}:
            with server(Path(folder)) as url:
                measure_page(url, options.repeat, options.only)


if __name__ == "__main__":
    main()
