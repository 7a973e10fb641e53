"""Driving a real server and a real Chromium, and reading the rows behind them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page

from eqpp_dash.compose import compose
from eqpp_dash.model.spec import PortraitSpec
from eqpp_dash.settings import load_settings

PATIENCE_S = 40.0


def wait_until(true: Callable[[], Any], what: str, patience: float = PATIENCE_S) -> Any:
    """Wait for something, or fail and say what did not come."""
    end = time.monotonic() + patience
    while True:
        found = true()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience:g} s in vain: {what}")
        time.sleep(0.05)


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """The command, serving a data folder of its own."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {f"EQPP_{name.upper()}": str(value) for name, value in settings.items()}
        self.services = compose(load_settings(data_dir=folder / "data"))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-P", "-m", "eqpp_dash", "serve", "--port", str(self.port)]
        command += ["--workers", "2", "--threads", "4", "--data-dir", str(self.folder / "data")]
        self.log = (self.folder / "server.log").open("ab")
        env = {**os.environ, "EQPP_EXECUTOR_IDLE_S": "20", **self.env}
        self.process = subprocess.Popen(
            command, cwd=self.folder, env=env, stdout=self.log, stderr=self.log
        )
        wait_until(self.answers, "the server answers")

    def answers(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            raise AssertionError((self.folder / "server.log").read_text()[-2000:])
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def stop(self, how: int = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
            self.log.close()

    def rows(self) -> list[Any]:
        return list(self.services.portraits.jobs(1000))

    def link(self, spec: PortraitSpec) -> str:
        return f"{self.url}/#s={self.services.links.encode(spec)}"


class Visitor:
    """One browser window; remembers everything that went wrong in it."""

    def __init__(self, context: BrowserContext, server: Server) -> None:
        self.context = context
        self.server = server
        self.problems: list[str] = []
        self.page = self.open()

    def open(self) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(PATIENCE_S * 1000)
        page.on("console", lambda message: self.problems.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.problems.append(f"exception: {error}"))
        page.on("request", lambda request: self._note_host(request.url))
        page.on(
            "response",
            lambda answer: (
                self.problems.append(f"status {answer.status}: {answer.url}")
                if answer.status >= 400
                else None
            ),
        )
        return page

    def _note_host(self, url: str) -> None:
        if not url.startswith((self.server.url, "data:", "blob:", "about:")):
            self.problems.append(f"another host: {url}")

    def go(self, path: str = "/") -> Page:
        url = path if path.startswith("http") else self.server.url + path
        self.page.goto("about:blank")
        self.page.goto(url)
        return self.page

    def text(self, id: str) -> str:
        return self.page.locator(f"#{id}").inner_text()

    def badge(self, wanted: str) -> None:
        self.page.locator("#picture-badge", has_text=wanted).wait_for()

    def job_says(self, wanted: str, patience: float = PATIENCE_S) -> None:
        self.page.locator("#job-badge", has_text=wanted).wait_for(timeout=patience * 1000)

    def traces(self) -> int:
        """Count the traces of the picture, which is drawn a moment after its badge stands."""
        count = "document.querySelector('.js-plotly-plot')?.data?.length ?? 0"
        return int(wait_until(lambda: self.page.evaluate(count), "a picture with traces"))

    def hash(self) -> dict[str, str]:
        text = str(self.page.evaluate("location.hash")).removeprefix("#")
        return dict(part.split("=", 1) for part in text.split("&") if "=" in part)

    def state(self) -> PortraitSpec:
        return self.server.services.links.decode(self.hash()["s"])

    def write(self, equations: str) -> None:
        self.page.get_by_label("Equations, one a line").fill(equations)

    def choose(self, label: str, choice: str) -> None:
        """Choose from a list."""
        self.page.get_by_label(label).first.click()
        self.page.get_by_role("option", name=choice).click()

    def settled(self) -> None:
        """Wait until what is typed is also in the address and no request is under way."""
        self.page.wait_for_timeout(400)
        self.page.locator('#picture-frame[aria-busy="false"]').wait_for()


def slow_spec(number: int, starts: int = 60) -> PortraitSpec:
    """Give a question that takes seconds, and that nobody has asked before."""
    return PortraitSpec.from_json(
        {
            "title": f"Slow {number}",
            "equations": f"x' = y + sin(7*y)/9\ny' = -sin(x) - x^3/{number}",
            "initial_conditions": [[0.01 * i, 0.3] for i in range(starts)],
            "window": {"x": [-3, 3], "y": [-3, 3]},
            "time": {"span": 1e6},
            "options": {"rtol": 1e-13, "atol": 1e-13, "method": "Radau"},
        }
    )
