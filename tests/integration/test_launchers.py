"""The promise under every launcher: the built wheel, a foreign folder with decoys, a real browser.

The wheel is installed in a fresh environment from the locked requirements and started in a folder
that holds decoys (`app.py`, `components/`, `backend/`, even `eqpp_dash/`). Whatever serves the
page, a submission made in Chromium shows moving progress, then the portrait, and its row is
finished in the one archive that all the launchers share.
"""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]
DECOY = 'raise SystemExit("a decoy was imported: " + __file__)\n'
GUNICORN = ["gunicorn", "eqpp_dash.wsgi:server", "--no-control-socket", "--bind"]

LAUNCHERS = {
    "console command": lambda bin, port: [bin / "eqpp-dash", "--port", port],
    "python -m": lambda bin, port: [bin / "python", "-m", "eqpp_dash", "serve", "--port", port],
    "gunicorn gthread 2x4": lambda bin, port: [
        *(bin / GUNICORN[0], *GUNICORN[1:], f"127.0.0.1:{port}"),
        *("--worker-class", "gthread", "--workers", "2", "--threads", "4"),
    ],
    "gunicorn sync x4": lambda bin, port: [
        *(bin / GUNICORN[0], *GUNICORN[1:], f"127.0.0.1:{port}"),
        *("--worker-class", "sync", "--workers", "4"),
    ],
    "gunicorn max-requests 5": lambda bin, port: [
        *(bin / GUNICORN[0], *GUNICORN[1:], f"127.0.0.1:{port}"),
        *("--workers", "2", "--threads", "4", "--max-requests", "5"),
    ],
}


@dataclass(frozen=True)
class Installed:
    """The wheel in a fresh environment, a foreign folder, and the one data folder."""

    bin: Path
    folder: Path
    data: Path

    @property
    def package(self) -> str:
        """Where the installed package lies."""
        return str(next((self.bin.parent / "lib").glob("python*")) / "site-packages" / "eqpp_dash")

    def rows(self) -> list[sqlite3.Row]:
        """Read every row of the archive, past the product."""
        with sqlite3.connect(self.data / "archive.db") as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(
                "select jobs.*, title, facts from jobs join portraits on row_id = jobs.id"
            ).fetchall()


def quiet(*command: object, **options: object) -> None:
    """Run a command; its output is shown if it fails."""
    result = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, **options
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    work = tmp_path_factory.mktemp("launchers")
    quiet(sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", work, ROOT)
    quiet(sys.executable, "-m", "venv", work / "env")
    python = work / "env" / "bin" / "python"
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    quiet(*pip, "--no-compile", "--require-hashes", "-r", ROOT / "requirements.txt")
    quiet(*pip, "--no-deps", *work.glob("*.whl"))
    folder = work / "elsewhere"
    for decoy in ("app.py", "components/__init__.py", "backend/__init__.py"):
        (folder / decoy).parent.mkdir(parents=True, exist_ok=True)
        (folder / decoy).write_text(DECOY)
    return Installed(python.parent, folder, work / "data")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    yield context.new_page()
    context.close()


@pytest.fixture(params=LAUNCHERS)
def server(request: pytest.FixtureRequest, installed: Installed) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    log = (installed.data.parent / "server.log").open("ab")
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    process = subprocess.Popen(
        [str(part) for part in LAUNCHERS[request.param](installed.bin, port)],
        cwd=installed.folder,
        env={**kept, "EQPP_DATA_DIR": str(installed.data), "EQPP_EXECUTOR_IDLE_S": "5"},
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for_answer(f"{url}/healthz", process)
        yield url
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)
        log.close()


def wait_for_answer(url: str, process: "subprocess.Popen[bytes]") -> None:
    """Wait until the server answers; fail at once if it ended."""
    for _ in range(300):
        assert process.poll() is None, "the server ended"
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail("the server never answered")


def equations_of(name: str) -> str:
    """A system that no other launcher has asked for, heavy enough to watch its progress."""
    shift = 1 + sum(map(ord, name)) % 1000 / 1e4
    return f"x' = sin(11y) + 0.3cos(10x)sin(y)\ny' = {shift}sin(11x) - 0.2x sin(9y)"


WATCH_BAR = """() => {
    window.seen = [];
    const note = () => {
        const bar = document.querySelector('#job-bar');
        const now = bar && bar.value;
        if (now !== null && window.seen.at(-1) !== now) window.seen.push(now);
    };
    new MutationObserver(note).observe(
        document.body, {subtree: true, childList: true, attributes: true, characterData: true});
}"""


PORTRAIT = "location.hash.split('&p=')[1]"
BADGE = "document.querySelector('#job-badge').textContent.toLowerCase()"


def until(page: Page, expression: str, seconds: float = 120) -> None:
    """Wait for a condition; asked from outside, since the page's policy forbids eval within it."""
    end = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < end, expression
        time.sleep(0.05)


@pytest.mark.launcher
@pytest.mark.browser
def test_a_submission_ends_as_a_finished_row(
    server: str, installed: Installed, page: Page, request: pytest.FixtureRequest
) -> None:
    launcher = request.node.callspec.params["server"]
    before = (
        {row["id"] for row in installed.rows()}
        if (installed.data / "archive.db").exists()
        else set()
    )
    page.goto(server)
    page.wait_for_selector("#picture .js-plotly-plot .scatterlayer", timeout=120_000)
    until(page, f"{PORTRAIT} !== undefined")
    first = page.evaluate(PORTRAIT)
    page.evaluate(WATCH_BAR)
    page.fill("#equations", equations_of(launcher))
    page.fill("#title", launcher)
    page.click("#compute")
    until(page, f"{PORTRAIT} !== undefined && {PORTRAIT} !== {first!r}")
    until(page, f"{BADGE} === 'finished'")
    page.wait_for_selector("#picture .js-plotly-plot .scatterlayer .trace")
    moving = [value for value in page.evaluate("window.seen") if 0 < value < 1]
    few = "max-requests" in launcher  # most polls wait there for a worker that starts anew
    assert len(moving) >= (1 if few else 2), page.evaluate("window.seen")
    rows = [row for row in installed.rows() if row["id"] not in before]
    assert {row["status"] for row in rows} == {"finished"}
    assert launcher in {row["title"] for row in rows}
    assert {Path(row["package_file"]).parent for row in rows} == {Path(installed.package)}
    assert {row["attempts"] for row in rows} == {1}
    assert all(row["facts"] for row in rows)


def test_no_decoy_was_touched(installed: Installed) -> None:
    log = installed.data.parent / "server.log"
    assert "a decoy was imported" not in log.read_text()
    assert sorted(p.name for p in installed.folder.iterdir()) == ["app.py", "backend", "components"]
