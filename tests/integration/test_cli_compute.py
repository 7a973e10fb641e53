"""The command as a process: a real archive, a real executor, real files."""

import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from eqpp_dash.jobs.lock import ExecutorLock

PENDULUM = "theta' = omega; omega' = -sin(theta) - omega/4"
WINDOW = ["--window", "theta=-7:7", "--window", "omega=-4:4"]
DECOY = "raise SystemExit('a decoy was imported')\n"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data folder for this module, whose executor leaves soon."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    """Run the command in a folder full of decoys."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "app.py").write_text(DECOY)
    for name in ("components", "backend", "click"):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(DECOY)

    def call(*args, check=True):
        done = subprocess.run(
            command(*args), cwd=folder, env=environment(data), capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip
        if check:
            assert done.returncode == 0, done.stderr
        return done

    call.folder = folder
    return call


def command(*args):
    return [str(Path(sys.executable).parent / "eqpp-dash"), *map(str, args)]


def environment(data):
    return {**os.environ, "EQPP_DATA_DIR": str(data), "EQPP_EXECUTOR_IDLE_S": "20"}


def test_the_facts_of_the_pendulum(run):
    done = run("compute", "-e", PENDULUM, *WINDOW, "--json")
    facts = json.loads(done.stdout)
    shown = [item for item in facts["equilibria"] if item["location"] == "inside"]
    kinds = [item["kind"] for item in shown]
    assert sorted(kinds) == ["saddle", "saddle", *["stable focus"] * 3]
    assert facts["status"] == "finished"
    assert facts["system"]["variables"] == ["theta", "omega"]
    assert done.stderr == ""


def test_the_table_of_the_pendulum_comes_from_the_archive(run, files):
    first = json.loads(files["json"])
    table = run("compute", "-e", PENDULUM, *WINDOW).stdout
    assert "Equilibria: 5" in table
    assert f"Portrait {first['id']}" in table
    rows = json.loads(run("jobs", "--json").stdout)
    assert [row["portrait"] for row in rows].count(first["id"]) == 1


@pytest.fixture(scope="module")
def files(run):
    """The pendulum in every format, in the folder of the decoys."""
    names = ["p.html", "p.tex", "p.svg", "p.png", "p.pdf", "p.json", "p.csv", "p.py"]
    run("compute", "-e", PENDULUM, *WINDOW, *[part for name in names for part in ("-o", name)])
    return {name.removeprefix("p."): (run.folder / name).read_bytes() for name in names}


def test_the_pictures_are_real(files):
    assert files["png"].startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">I", files["png"][16:20]) == (1600,)
    assert len(files["png"]) > 50_000
    assert files["pdf"].startswith(b"%PDF-")
    assert ET.fromstring(files["svg"]).tag.endswith("svg")


def test_the_page_loads_nothing(files):
    text = files["html"].decode()
    for tag in re.findall(
        r"<(?:script|link|img|iframe|source|video|audio|use)\b[^>]*>", text[:4000]
    ):
        assert "http" not in tag
    shell = re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
    assert "http:" not in shell
    assert "https:" not in shell
    assert not re.search(r"<script[^>]*\bsrc=", text.split("plotly.js v")[0])
    assert "default-src 'none'" in shell


def test_the_data_agree(files):
    facts = json.loads(files["json"])
    lines = files["csv"].decode().splitlines()
    assert lines[0] == "curve,origin,t,theta,omega"
    points = [line.split(",") for line in lines if line.startswith("equilibrium ")]
    assert [[float(x), float(y)] for *_, x, y in points] == [
        item["point"] for item in facts["equilibria"]
    ]


def test_the_script_recomputes_the_same(run, files):
    source = files["py"].decode().replace("portrait_figure(portrait).show()", "")
    done = subprocess.run(
        [sys.executable, "-P", "-c", source], cwd=run.folder, capture_output=True, text=True,
        timeout=120, check=True,
    )  # fmt: skip
    kinds = [item["kind"] for item in json.loads(files["json"])["equilibria"]]
    assert done.stdout.count("stable focus") == kinds.count("stable focus") >= 3
    assert done.stdout.count("saddle") == 2


@pytest.mark.parametrize("which", ["row", "portrait"])
def test_export_writes_what_is_in_the_archive(run, files, which):
    rows = json.loads(run("jobs", "--json", "--status", "finished").stdout)
    portrait = json.loads(files["json"])["id"]
    (id,) = [row[which] for row in rows if row["portrait"] == portrait]
    done = run("export", id, "-o", "again.csv")
    assert "Wrote" in done.stderr
    assert (run.folder / "again.csv").read_bytes() == files["csv"]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["compute", "nothing.json"], "cannot be read"),
        (["export", "nothing", "-o", "p.svg"], "no portrait"),
        (["jobs", "--limit", "none"], "limit"),
    ],
)
def test_what_is_wrong_is_said_without_a_traceback(run, args, words):
    done = run(*args, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert words in done.stderr.lower()
    assert "Traceback" not in done.stderr


def test_an_unknown_function_is_pointed_at(run):
    done = run("compute", "-e", "x' = y; y' = -sen(x)", check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "did you mean" in done.stderr.lower()
    assert "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    caret = next(number for number, line in enumerate(lines) if line.strip() == "^^^")
    assert lines[caret].index("^") == lines[caret - 1].index("sen")


def test_the_doctor_is_content(run):
    done = run("doctor")
    assert "WRONG" not in done.stdout
    assert "submitted and finished" in done.stdout
    assert not [r for r in json.loads(run("jobs", "--json").stdout) if r["title"] == "doctor"]


def test_the_doctor_names_a_second_copy(run):
    (run.folder / "eqpp_dash").mkdir()
    try:
        done = run("doctor", check=False)
    finally:
        (run.folder / "eqpp_dash").rmdir()
    assert done.returncode == 1
    assert "another copy could be imported" in done.stdout


def test_python_minus_m_is_the_same_command(run, data):
    done = subprocess.run(
        [sys.executable, "-P", "-m", "eqpp_dash", "--version"],
        cwd=run.folder, env=environment(data), capture_output=True, text=True, check=True,
        timeout=60,
    )  # fmt: skip
    assert done.stdout == run("--version").stdout


@pytest.fixture
def idle_data(tmp_path):
    """A data folder whose executor's lock is held, so that its rows wait."""
    folder = tmp_path / "data"
    folder.mkdir()
    lock = ExecutorLock(folder / "executor.lock")
    assert lock.take()
    yield folder
    lock.release()


def test_an_interrupt_cancels_the_job_that_the_command_asked_for(run, idle_data):
    asking, other = Terminal(run, idle_data), None
    try:
        asking.wait_for("queued, next")
        (row,) = [item["row"] for item in rows(run, idle_data)]
        other = Terminal(run, idle_data)
        other.wait_for("queued, next")
        assert other.interrupt() == 130
        assert f"Job {row} goes on: it was asked for elsewhere." in other.text
        assert rows(run, idle_data)[0]["status"] == "queued"
        assert asking.interrupt() == 130
        assert f"Cancelled job {row}: stopped by a user while it waited" in asking.text
        assert [item["status"] for item in rows(run, idle_data)] == ["cancelled"]
    finally:
        for terminal in filter(None, (asking, other)):
            terminal.close()


def test_a_second_worker_leaves_at_once(run, idle_data):
    done = run("worker", "--data-dir", idle_data)
    assert done.stdout == done.stderr == ""


class Terminal:
    """The command with a terminal for its standard error, where it shows its progress."""

    def __init__(self, run, data):
        self._read, write = pty.openpty()
        self.process = subprocess.Popen(
            command("compute", "-e", PENDULUM),
            cwd=run.folder,
            env={**environment(data), "COLUMNS": "100"},
            stdout=subprocess.DEVNULL,
            stderr=write,
            start_new_session=True,
        )
        os.close(write)
        self.text = ""

    def read(self, patience):
        ready, _, _ = select.select([self._read], [], [], patience)
        try:
            piece = os.read(self._read, 4096) if ready else b""
        except OSError:  # a terminal that nobody holds any more
            piece = b""
        self.text += piece.decode(errors="replace")
        return piece

    def wait_for(self, words, patience=60):
        end = time.monotonic() + patience
        while words not in self.text:
            self.read(1)
            assert time.monotonic() < end, self.text

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(60)
        while self.read(0.2):
            pass
        return status

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(60)
        os.close(self._read)


def rows(run, data):
    return json.loads(run("jobs", "--json", "--data-dir", data).stdout)
