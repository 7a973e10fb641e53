"""The server as the command starts it: what it says, what it answers, how it ends."""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest

DECOY = "raise SystemExit('a decoy was imported')\n"


@pytest.fixture
def serve(tmp_path):
    """Start servers in a folder of decoys; end them after the test."""
    started = []
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "app.py").write_text(DECOY)
    (folder / "components").mkdir()
    (folder / "components" / "__init__.py").write_text(DECOY)

    def call(*args):
        process = subprocess.Popen(
            [str(Path(sys.executable).parent / "eqpp-dash"), *args],
            cwd=folder,
            env={
                **os.environ,
                "EQPP_DATA_DIR": str(tmp_path / "data"),
                "EQPP_EXECUTOR_IDLE_S": "1",
                "HOME": str(tmp_path / "home"),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    (tmp_path / "home").mkdir()
    call.home, call.data, call.folder = tmp_path / "home", tmp_path / "data", folder
    yield call
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def said_at_start(process, lines=5, patience=60):
    """Read the first lines that a server prints."""
    found = queue.Queue()
    reader = threading.Thread(
        target=lambda: [found.put(process.stdout.readline()) for _ in range(lines)], daemon=True
    )
    reader.start()
    end = time.monotonic() + patience
    text = "".join(found.get(timeout=max(end - time.monotonic(), 0.01)) for _ in range(lines))
    assert "http://" in text
    return text


def test_it_says_where_it_is_answers_there_and_leaves_nothing_elsewhere(serve):
    process = serve("--port", "0", "--workers", "1")
    text = said_at_start(process)
    url = re.search(r"http://127\.0\.0\.1:\d+/", text).group()
    for part in ("eqpp_dash/__init__.py", str(serve.data), "dash 4.4", "eqpp-dash "):
        assert part in text
    with urllib.request.urlopen(url, timeout=30) as answer:
        assert b"EQPP Dash" in answer.read()
    with urllib.request.urlopen(url + "healthz", timeout=30) as answer:
        assert answer.status == 200
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in errors
    assert list(serve.home.iterdir()) == []
    assert sorted(path.name for path in serve.folder.iterdir()) == ["app.py", "components"]


def test_a_second_server_on_the_port_is_refused_in_words(serve):
    port = re.search(r":(\d+)/", said_at_start(serve("--port", "0"))).group(1)
    other = serve("--port", port)
    _, errors = other.communicate(timeout=60)
    assert other.returncode == 2
    assert "cannot listen" in errors
    assert "Traceback" not in errors
