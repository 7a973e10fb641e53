import json
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from portraits import pendulum_portrait

import eqpp_dash
from eqpp_dash.cli import group
from eqpp_dash.cli.checkup import copies_finding, file_system, folder_finding
from eqpp_dash.cli.interrupts import Interrupts
from eqpp_dash.cli.progress import ProgressBar, progress_line
from eqpp_dash.cli.report import describe_error, table
from eqpp_dash.cli.server import banner, server_options
from eqpp_dash.errors import (
    EquationError,
    ForbiddenError,
    JobError,
    NotFoundError,
    SpecError,
)
from eqpp_dash.model.spec import PortraitSpec
from eqpp_dash.services.views import JobView, Owner
from eqpp_dash.settings import Settings


def job_view(spec=None, **changes):
    values = {
        "row_id": "row1",
        "portrait_id": "abcdefgh23456777",
        "task": "eqpp_dash.compose:run_portrait",
        "status": "finished",
        "phase": "done",
        "fraction": 1.0,
        "message": "",
        "queue_place": None,
        "attempts": 1,
        "error": "",
        "traceback": "",
        "owner": Owner("host", 4711, "/code/eqpp_dash/__init__.py", "0.1.0", "serve"),
        "created": 1_700_000_000.0,
        "started": 1_700_000_000.25,
        "ended": 1_700_000_001.0,
        "spec": spec or pendulum_portrait().spec,
        "stopped": "",
    }
    return JobView(**{**values, **changes})


class FakePortraits:
    """Answers as the real service does, without a database."""

    def __init__(self, **end):
        self.end, self.asked, self.cancelled, self.stopped = end, [], [], []
        self.error, self.interrupts = None, 0
        self.foreign = False

    def submit(self, spec, *, launcher):
        if self.error is not None:
            raise self.error
        self.asked.append(spec)
        owner = Owner(None, None, "", "", "serve" if self.foreign else launcher)
        return job_view(spec, status="queued", owner=owner, created=time.time())

    def wait(self, row_id, on_progress=None, timeout=None, heed=None):
        if self.interrupts:
            self.interrupts -= 1
            raise KeyboardInterrupt
        if on_progress is not None:
            on_progress(job_view(status="running", phase="equilibria", fraction=0.5))
        return job_view(**self.end)

    def portrait(self, id):
        if id not in ("row1", "abcdefgh23456777"):
            raise NotFoundError(f"there is no portrait {id}", "Look at `eqpp-dash jobs`")
        return pendulum_portrait()

    def facts(self, id):
        return self.portrait(id).facts(id="abcdefgh23456777")

    def cancel(self, row_id):
        self.cancelled.append(row_id)
        self.end = {"status": "cancelled", "error": "cancelled while it ran"}
        return job_view(**self.end)

    def stop(self, row_id):
        self.stopped.append(row_id)

    def job(self, row_id):
        return job_view(status="running")

    def upkeep(self, *, follow):
        pass

    def jobs(self, limit=100, offset=0, status=None):
        rows = [
            job_view(),
            job_view(
                row_id="row2", status="failed", started=None, ended=None, attempts=3, error="boom"
            ),
        ]
        return [row for row in rows if status in (None, row.status)][:limit]


class FakeArchive:
    def __init__(self):
        self.deleted = []

    def delete(self, row_id):
        self.deleted.append(row_id)


@pytest.fixture
def services():
    health = SimpleNamespace(
        ready=lambda: {
            "ready": True,
            "database": {"ok": True, "error": "", "write_ms": 1.5},
            "executor": {"ok": True, "error": ""},
            "jobs": {"finished": 3, "failed": 0},
        }
    )
    return SimpleNamespace(portraits=FakePortraits(), archive=FakeArchive(), health=health)


@pytest.fixture
def run(services, tmp_path, monkeypatch):
    monkeypatch.setenv("EQPP_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)

    def call(*args, **options):
        return CliRunner().invoke(group, list(args), obj=lambda settings: services, **options)

    return call


def test_help_is_short_and_hides_the_worker(run):
    result = run("-h")
    assert result.exit_code == 0
    for name in ("serve", "compute", "export", "jobs", "doctor"):
        assert name in result.output
    assert "worker" not in result.output


def test_the_version_is_the_packages(run):
    assert run("--version").output == f"eqpp-dash {eqpp_dash.__version__}\n"


@pytest.mark.parametrize("args", [[], ["--port", "9001"], ["serve", "--port", "9001"]])
def test_without_a_command_it_serves(run, monkeypatch, args):
    served = []
    monkeypatch.setattr("eqpp_dash.cli.server.run_server", served.append)
    monkeypatch.setenv("EQPP_PORT", "0")
    result = run(*args)
    assert result.exit_code == 0, result.output
    assert [settings.port for settings in served] == [9001 if args else 0]


def test_the_command_starts_without_numerics_or_web():
    program = "import sys, eqpp_dash.cli; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True
    )
    heavy = {"numpy", "scipy", "sqlalchemy", "dash", "plotly", "matplotlib", "flask"}
    assert not heavy & set(done.stdout.split())


def test_an_unknown_command_is_named(run):
    result = run("comptue")
    assert result.exit_code == 2
    assert "comptue" in result.stderr


def test_compute_prints_a_readable_table(run, services):
    result = run("compute", "-e", "x' = y; y' = -x")
    assert result.exit_code == 0, result.output
    assert services.portraits.asked == [PortraitSpec("x' = y; y' = -x")]
    assert "Equilibria: 5 (search: proved)" in result.stdout
    assert "saddle" in result.stdout
    assert "(−3.14159, 0)" in result.stdout
    assert "abcdefgh23456777" in result.stdout
    assert result.stderr == ""


def test_compute_tells_the_portrait_in_words(run):
    result = run("compute", "-e", "x' = y; y' = -x", "--words")
    assert "\n\nEquilibria\n  There are five equilibria in the window" in result.stdout
    both = run("compute", "-e", "x' = y; y' = -x", "--words", "--json")
    assert both.exit_code == 2
    assert "give one of the two" in both.stderr


def test_compute_prints_the_facts_alone_as_json(run):
    result = run("compute", "-e", "x' = y; y' = -x", "--json")
    facts = json.loads(result.stdout)
    assert facts["id"] == "abcdefgh23456777"
    assert len(facts["equilibria"]) == 5


def test_options_are_laid_over_a_file(run, services, tmp_path):
    spec = PortraitSpec("x' = y; y' = mu*x", parameters={"mu": 1.0, "nu": 2.0})
    (tmp_path / "spec.json").write_text(spec.to_json())
    options = ["--set", "mu=8/3", "--set", "k=2*pi", "--window", "x=-4:4", "--window", "y=0:2*pi"]
    result = run("compute", "spec.json", *options, "--through", "0.1,0", "--title", "T")
    assert result.exit_code == 0, result.output
    (asked,) = services.portraits.asked
    assert asked.title == "T"
    assert asked.parameters == {"mu": "8/3", "nu": 2.0, "k": pytest.approx(6.283185307179586)}
    assert asked.window["x"] == (-4.0, 4.0)
    assert asked.window["y"] == (0.0, pytest.approx(6.283185307179586))
    assert asked.initial_conditions == ((0.1, 0.0),)


def test_a_specification_is_read_from_standard_input(run, services):
    result = run("compute", "-", input=PortraitSpec("x' = y; y' = x").to_json())
    assert result.exit_code == 0, result.output
    assert services.portraits.asked[0].equations == "x' = y; y' = x"


def test_files_are_written_in_every_format(run, tmp_path):
    endings = ("html", "tex", "svg", "png", "pdf", "json", "csv", "py")
    options = [part for ending in endings for part in ("-o", f"p.{ending}")]
    result = run("compute", "-e", "x' = y; y' = -x", *options)
    assert result.exit_code == 0, result.output
    assert sorted(path.suffix for path in tmp_path.glob("p.*")) == sorted(f".{e}" for e in endings)
    assert min(path.stat().st_size for path in tmp_path.glob("p.*")) > 500
    assert result.stderr.count("Wrote") == 8


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["compute"], "one of them"),
        (["compute", "no.json"], "cannot be read"),
        (["compute", "no.json", "-e", "x' = x"], "one of them"),
        (["compute", "-e", "x' = y", "--set", "mu"], "NAME=VALUE"),
        (["compute", "-e", "x' = y", "--window", "x=4"], "lacks a limit"),
        (["compute", "-e", "x' = y", "--window", "x=4:"], "lacks a limit"),
        (["compute", "-e", "x' = y", "--window", "x= :4"], "leave every --window out to fit"),
        (["compute", "-e", "x' = y", "--window", "x=4:-4"], "Swap them"),
        (["compute", "-e", "x' = y", "-o", "p.gif"], "no known format"),
        (["compute", "-e", "x' = y", "-o", "no/p.svg"], "cannot be written"),
        (["export", "nothing", "-o", "p.svg"], "there is no portrait nothing"),
        (["export", "row1", "-o", "p"], "no known format"),
        (["compute", "-e", "x' = y", "--config", "no.toml"], "does not exist"),
    ],
)
def test_errors_are_sentences_on_stderr_with_status_2(run, args, words):
    result = run(*args)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "Traceback" not in result.output
    assert isinstance(result.exception, SystemExit)


@pytest.mark.parametrize("target", ["p.gif", "no folder/p.svg"])
def test_nothing_is_computed_for_a_file_that_cannot_be_written(run, services, target):
    run("compute", "-e", "x' = y", "-o", target)
    assert services.portraits.asked == []


def test_a_folder_that_is_none_comes_with_its_mend(run):
    result = run("compute", "-e", "x' = y", "-o", "no folder/p.svg")
    assert "there is no folder no folder" in result.stderr
    assert "mkdir -p 'no folder'" in result.stderr


def test_an_equation_error_points_at_its_token(run, services):
    text = "x' = y\ny' = 2*sen(x)"
    services.portraits.error = EquationError(
        "unknown function “sen”", token="sen", line=2, column=8, hint="Did you mean “sin”?"
    )
    result = run("compute", "-e", text)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "Error: unknown function “sen”",
        "  line 2, column 8:",
        "    y' = 2*sen(x)",
        "           ^^^",
        "  Did you mean “sin”?",
    ]


@pytest.mark.parametrize(
    ("source", "token", "column", "expected"),
    [
        ("a" * 200 + "@" + "b" * 200, "@", 201, "@"),
        ("漢字 = @", "@", 6, "@"),
        ("x' = (", "", 7, " "),
        ("\tx' = @", "@", 7, "@"),
    ],
)
def test_the_caret_is_under_the_token(source, token, column, expected):
    error = EquationError("wrong", token=token, line=1, column=column)
    _, _, line, caret = describe_error(error, source).splitlines()
    assert len(line) < 100
    wide = sum(character in "漢字" for character in line)
    place = caret.index("^") - wide
    assert (line + " ")[place] == expected


def test_a_terminals_control_codes_are_not_passed_on():
    error = SpecError("wrong \x1b[2J title", field="title")
    assert "\x1b" not in describe_error(error)


def test_a_failed_job_is_an_error(run, services):
    services.portraits.end = {"status": "failed", "error": "worker 4711 was killed"}
    result = run("compute", "-e", "x' = y; y' = x")
    assert result.exit_code == 2
    assert "worker 4711 was killed" in result.stderr


def test_a_cancelled_job_is_an_error(run, services):
    services.portraits.end = {"status": "cancelled"}
    result = run("compute", "-e", "x' = y; y' = x")
    assert result.exit_code == 2
    assert "was cancelled" in result.stderr


@pytest.mark.parametrize("foreign", [False, True])
def test_an_interrupt_cancels_only_what_this_command_asked_for(run, services, foreign):
    services.portraits.interrupts = 2
    services.portraits.foreign = foreign
    result = run("compute", "-e", "x' = y; y' = x")
    assert result.exit_code == 130
    assert services.portraits.stopped == services.portraits.cancelled
    assert services.portraits.cancelled == ([] if foreign else ["row1"])
    assert ("goes on" if foreign else "Cancelled job row1") in result.stderr


STOPPED = "stopped by a user while limit cycles were searched"


@pytest.mark.parametrize(("interrupts", "status"), [(1, 130), (0, 3)])
def test_what_was_found_until_a_stop_is_printed_and_the_exit_status_says_so(
    run, services, interrupts, status
):
    services.portraits.interrupts = interrupts
    services.portraits.end = {"stopped": STOPPED}
    result = run("compute", "-e", "x' = y; y' = x", "--json")
    assert result.exit_code == status
    assert services.portraits.stopped == ["row1"] * interrupts
    assert not services.portraits.cancelled
    assert json.loads(result.stdout)["equilibria"]
    assert f"Partial: {STOPPED}." in result.stderr


def test_an_interrupt_while_the_stop_is_written_cancels(run, services, monkeypatch):
    def interrupted(row_id):
        raise KeyboardInterrupt

    services.portraits.interrupts = 1
    monkeypatch.setattr(services.portraits, "stop", interrupted)
    result = run("compute", "-e", "x' = y; y' = x")
    assert result.exit_code == 130
    assert services.portraits.cancelled == ["row1"]
    assert "Cancelled job row1" in result.stderr


def test_an_interrupt_before_anything_is_found_cancels(run, services):
    services.portraits.interrupts = 1
    services.portraits.end = {"status": "cancelled", "error": "stopped while it waited"}
    result = run("compute", "-e", "x' = y; y' = x")
    assert result.exit_code == 130
    assert "Cancelled job row1: stopped while it waited." in result.stderr


@pytest.mark.parametrize(
    ("how", "end", "words"),
    [
        ("stop", {"stopped": STOPPED}, f"finished, partial: {STOPPED}"),
        ("cancel", {}, "cancelled: cancelled while it ran"),
    ],
)
def test_a_job_is_ended_by_its_row(run, services, how, end, words):
    services.portraits.end = end
    result = run("jobs", how, "row1")
    assert result.exit_code == 0
    assert result.stdout == f"Job row1: {words}.\n"
    assert getattr(services.portraits, {"stop": "stopped", "cancel": "cancelled"}[how]) == ["row1"]


def test_export_takes_a_row_or_a_portrait(run, tmp_path):
    for id in ("row1", "abcdefgh23456777"):
        assert run("export", id, "-o", f"{id}.csv").exit_code == 0
    assert (tmp_path / "row1.csv").read_bytes().startswith(b"curve,origin,t,theta,omega")


def test_jobs_are_a_row_a_line(run):
    lines = run("jobs").stdout.splitlines()
    assert lines[0].split() == [
        *("row", "portrait", "status", "attempts", "title", "asked", "started", "ended"),
    ]
    assert lines[1].startswith("row1  abcdefgh23456777  finished  1")
    assert lines[2].split()[-1] == "-"
    assert len(lines) == 3


def test_jobs_as_json_are_an_array_with_a_row_a_line(run):
    text = run("jobs", "--json").stdout
    rows = json.loads(text)
    assert [row["row"] for row in rows] == ["row1", "row2"]
    assert rows[0]["owner"]["package_file"] == "/code/eqpp_dash/__init__.py"
    assert rows[1]["error"] == "boom"
    assert len(text.splitlines()) == 4
    assert json.loads(run("jobs", "--json", "--status", "running").stdout) == []
    assert json.loads(run("jobs", "--json", "--status", "partial").stdout) == []


def test_the_doctor_finds_all_well(run, services, monkeypatch):
    services.portraits.portrait = lambda id: SimpleNamespace(
        equilibria=[SimpleNamespace(kind="stable node")]
    )
    result = run("doctor")
    assert result.exit_code == 0, result.output
    assert "WRONG" not in result.output
    assert eqpp_dash.__file__ in result.output
    assert "submitted and finished" in result.output
    assert services.archive.deleted == ["row1"]


def test_the_doctor_names_a_job_that_fails(run, services):
    services.portraits.end = {"status": "failed", "error": "no room"}
    result = run("doctor")
    assert result.exit_code == 1
    assert "WRONG job: job row1 failed: no room" in result.stdout


def test_the_doctor_names_a_database_and_an_executor_that_fail(run, services):
    services.health.ready = lambda: {
        "database": {"ok": False, "error": "disk is full"},
        "executor": {"ok": False, "error": "ImportError"},
    }
    services.portraits.error = JobError("disk is full")
    result = run("doctor")
    assert result.exit_code == 1
    assert result.stdout.count("WRONG") == 3
    assert "4 to mend" not in result.stdout
    assert "disk is full" in result.stdout


def test_the_doctors_job_may_have_to_stay(run, services):
    def refuse(row_id):
        raise ForbiddenError("not allowed")

    services.archive.delete = refuse
    services.portraits.portrait = lambda id: SimpleNamespace(
        equilibria=[SimpleNamespace(kind="stable node")]
    )
    result = run("doctor")
    assert result.exit_code == 0
    assert "it stays in the archive as row1" in result.stdout


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("x")
    finding = folder_finding(Settings(data_dir=tmp_path / "file" / "data"))
    assert not finding.is_well
    assert "--data-dir" in finding.mend


def test_a_network_folder_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("eqpp_dash.cli.checkup.file_system", lambda folder: "nfs4")
    assert not folder_finding(Settings(data_dir=tmp_path)).is_well


def test_the_type_of_a_file_system_is_that_of_the_nearest_mount(tmp_path):
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nhost:/x {tmp_path}/far nfs4 rw 0 0\n")
    assert file_system(tmp_path / "far" / "data", mounts) == "nfs4"
    assert file_system(tmp_path / "farther", mounts) == "ext4"
    assert file_system(tmp_path, tmp_path / "nothing") == ""


def test_a_second_copy_is_named_wherever_it_is(tmp_path):
    assert copies_finding([], tmp_path).is_well
    for place in ("", "elsewhere"):
        other = tmp_path / place / "eqpp_dash"
        other.mkdir(parents=True)
        finding = copies_finding([str(tmp_path / "elsewhere")], tmp_path)
        assert str(other) in finding.found
        assert not finding.is_well
        other.rmdir()


def test_a_checkout_beside_is_told_but_not_called_wrong(tmp_path):
    (tmp_path / "src" / "eqpp_dash").mkdir(parents=True)
    finding = copies_finding([], tmp_path)
    assert finding.is_well
    assert str(tmp_path / "src" / "eqpp_dash") in finding.found
    assert not copies_finding([str(tmp_path / "src")], tmp_path).is_well


def test_the_copy_that_runs_is_no_second_copy(tmp_path):
    own = str(next(iter(eqpp_dash.__path__)))
    (tmp_path / "link").symlink_to(own.removesuffix("/eqpp_dash"))
    assert copies_finding([str(tmp_path / "link")], tmp_path).is_well


def test_gunicorn_makes_no_control_socket_and_takes_long_links(tmp_path):
    options = server_options(Settings(data_dir=tmp_path, host="::1", port=9000, threads=3))
    assert options["control_socket_disable"] is True
    assert options["bind"] == "[::1]:9000"
    assert options["threads"] == 3
    assert options["limit_request_line"] == 8190


def test_the_banner_tells_url_folder_versions_and_package(tmp_path):
    text = banner(Settings(data_dir=tmp_path, host="0.0.0.0", port=0), [4321])
    assert "http://127.0.0.1:4321/" in text
    assert str(tmp_path) in text
    assert eqpp_dash.__file__ in text
    assert eqpp_dash.__version__ in text


def test_a_port_that_is_taken_is_an_error(run):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = run("serve", "--port", str(taken.getsockname()[1]))
    assert result.exit_code == 2
    assert "--port" in result.stderr
    assert "Traceback" not in result.stderr


def test_progress_tells_place_phase_and_share():
    waiting = job_view(status="queued", queue_place=2)
    running = job_view(status="running", phase="equilibria", fraction=0.5)
    assert progress_line(waiting) == "queued, 2 before it"
    assert progress_line(replace(waiting, queue_place=0)) == "queued, next"
    assert progress_line(running).endswith(" 50 %  equilibria")
    assert progress_line(running).count("█") == 12


class Terminal:
    def __init__(self, is_terminal):
        self.text, self.is_terminal = "", is_terminal

    def isatty(self):
        return self.is_terminal

    def write(self, text):
        self.text += text

    def flush(self):
        pass


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_bar_is_drawn_on_a_terminal_only(is_terminal):
    stream = Terminal(is_terminal)
    with ProgressBar(stream) as bar:
        bar(job_view(status="running", fraction=0.25, message="nullclines"))
    assert ("nullclines" in stream.text) is is_terminal
    assert (stream.text == "") is not is_terminal


def test_columns_are_aligned_for_wide_letters():
    lines = table(("a", "b"), [("漢字", "1"), ("x", "2")])
    assert lines == ["a     b", "漢字  1", "x     2"]


def test_an_interrupt_is_noted_until_it_is_heeded_and_a_second_acts_at_once():
    before = signal.getsignal(signal.SIGINT)
    with Interrupts() as interrupts:
        interrupts.heed()
        signal.raise_signal(signal.SIGINT)  # wherever it comes, nothing is raised there
        with pytest.raises(KeyboardInterrupt):
            interrupts.heed()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
