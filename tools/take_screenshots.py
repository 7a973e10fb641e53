"""Take the screenshots of the documentation anew, from a server on a data folder of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SHOTS = {
    "workbench": ("Damped pendulum", "light", (1440, 900)),
    "workbench-dark": ("Damped pendulum", "dark", (1440, 900)),
}


def main() -> None:
    """Serve, open each system from the gallery, compute it, write its picture."""
    IMAGES.mkdir(exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as data:
        server = subprocess.Popen(
            [sys.executable, "-P", "-m", "eqpp_dash", "serve", "--port", str(port)],
            env={**os.environ, "EQPP_DATA_DIR": data},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            _wait(url)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path="/usr/bin/chromium",
                    args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
                )
                for name, (system, scheme, (width, height)) in SHOTS.items():
                    context = browser.new_context(
                        viewport={"width": width, "height": height}, color_scheme=scheme
                    )
                    _shoot(context.new_page(), url, system, IMAGES / f"{name}.png")
                browser.close()
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(30)


def _wait(url: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{url}/healthz", timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server never answered")


def _shoot(page: Page, url: str, system: str, target: Path) -> None:
    page.goto(f"{url}/gallery")
    page.get_by_role("heading", name=system).click()
    page.wait_for_selector("#picture .js-plotly-plot .scatterlayer .trace", timeout=60_000)
    page.click("#compute")
    badge = page.locator("#picture-badge")
    for _ in range(600):
        if "finished" in badge.inner_text().lower():
            break
        time.sleep(0.1)
    time.sleep(2)
    page.screenshot(path=target)
    print(target)


if __name__ == "__main__":
    main()
