"""What breaks around the jobs: the archive, the executor's start, other copies of the code."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from bench import HERE, Bench, integrity

import eqpp_dash
from eqpp_dash.errors import ArchiveError
from eqpp_dash.jobs import starts

PACKAGE = Path(eqpp_dash.__file__).parent


def test_a_locked_archive_delays_jobs_and_loses_none(bench):
    bench.run("quick")
    job = bench.running(bench.submit("seconds"))
    holder = sqlite3.connect(bench.database.path, isolation_level=None, timeout=30)
    holder.execute("BEGIN IMMEDIATE")
    time.sleep(2.5)
    assert bench.queue.get(job.id).status == "running"  # readers are not held up
    holder.execute("ROLLBACK")
    holder.close()
    assert bench.ended(job).status == "finished"


def test_an_executor_survives_an_archive_it_cannot_write_for_long(tmp_path):
    bench = Bench(tmp_path / "data", busy_timeout_s=0.1)
    try:
        bench.run("quick")
        pid = bench.executor()
        job = bench.running(bench.submit("seconds"))
        holder = sqlite3.connect(bench.database.path, isolation_level=None, timeout=30)
        holder.execute("BEGIN IMMEDIATE")
        time.sleep(2.5)  # the job's progress, its end, its loss: nothing could be written
        holder.execute("ROLLBACK")
        holder.close()
        read = bench.ended(job)
        assert read.status == "finished"
        assert "could not be written" in bench.log()
        assert bench.executor() == pid
    finally:
        bench.close()


def test_a_damaged_archive_is_a_clear_error_and_ends_the_executor_or_leaves_it_trying(bench):
    bench.run("quick")
    bench.close()
    bench.database.path.write_bytes(b"scrambled" * 5000)
    for suffix in ("-wal", "-shm"):
        Path(f"{bench.database.path}{suffix}").unlink(missing_ok=True)
    with pytest.raises(ArchiveError, match="not a database") as caught:
        bench.submit("quick")
    assert "backup" in caught.value.hint


@pytest.mark.parametrize(
    ("planted", "words"),
    [
        ("import numpy\nraise ImportError('planted: no machine code here')", "planted"),
        ("import os\nos._exit(9)", "could not be started"),
    ],
)
def test_rows_fail_with_the_reason_if_the_executor_cannot_start(
    tmp_path, monkeypatch, planted, words
):
    monkeypatch.setattr(starts, "BOOT_S", 1.0)
    monkeypatch.setattr(starts, "TRIES_S", 3.0)
    (tmp_path / "plant").mkdir()
    # Python imports a sitecustomize by itself; this one breaks the engine, or the start.
    (tmp_path / "plant" / "contourpy.py").write_text(planted)
    (tmp_path / "plant" / "sitecustomize.py").write_text(
        "import sys\nif 'worker' in sys.argv:\n"
        + ("    import contourpy\n" if "_exit" in planted else "    pass\n")
    )
    bench = Bench(tmp_path / "data")
    bench.launcher.environment["PYTHONPATH"] = f"{tmp_path / 'plant'}{os.pathsep}{HERE}"
    try:
        began = time.monotonic()
        job = bench.submit("quick")
        read = bench.ended(job, upkeep=False)  # nobody looks: whoever asked looks after it
        assert read.status == "failed"
        assert words in read.error
        assert "executor.log" in read.error
        assert time.monotonic() - began < 60
        if "raise" in planted:
            assert "ImportError" in read.traceback
    finally:
        bench.close()


@pytest.fixture
def copy(tmp_path):
    """Make a second copy of the package, as a stray checkout would be."""
    root = tmp_path / "copy"
    shutil.copytree(PACKAGE, root / "eqpp_dash", ignore=shutil.ignore_patterns("__pycache__"))
    return root


SUBMIT = """
import sys
from bench import Bench
bench = Bench(sys.argv[1])
job = bench.run(sys.argv[2])
print(job.status, job.package.file, job.error)
"""


def run_from(root, folder, task="quick"):
    variables = {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{HERE}"}
    command = [sys.executable, "-P", "-c", SUBMIT, str(folder), task]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return done.stdout.split(" ", 2)


def test_a_job_is_run_by_the_copy_of_the_code_that_asked_for_it(bench, copy):
    mine = bench.run("quick")
    assert mine.status == "finished"
    other = Path(copy / "eqpp_dash" / "__init__.py")
    status, file, _ = run_from(copy, bench.folder)  # while the executor of this copy idles
    assert (status, file) == ("finished", str(other))
    assert f'"package": "{other}"' in bench.log()
    again = bench.run("quick")
    assert (again.status, again.package.file) == ("finished", str(PACKAGE / "__init__.py"))
    assert integrity(bench.database) == []


def test_decoys_in_the_working_directory_are_not_imported(bench, tmp_path, monkeypatch):
    decoys = tmp_path / "decoys"
    for name in ("eqpp_dash", "numpy", "jobs"):
        (decoys / name).mkdir(parents=True)
        (decoys / name / "__init__.py").write_text("raise SystemExit('a decoy was imported')")
    (bench.folder / "numpy.py").write_text("raise SystemExit('a decoy was imported')")
    monkeypatch.chdir(decoys)
    assert bench.run("quick").status == "finished"


def test_rows_of_a_copy_that_never_comes_fail_with_the_reason(bench):
    job = bench.submit("quick")
    bench.ended(job)
    with bench.database.write() as connection:
        connection.exec_driver_sql(
            "UPDATE jobs SET status = 'queued', result = NULL, package_file = '/gone/it.py'"
        )
    later = bench.submit("quick")
    read = bench.ended(job)
    assert read.status == "failed"
    assert read.error == f"no executor of /gone/it.py (version {job.package.version}) came for it"
    assert bench.ended(later).status == "finished"


def test_rows_of_a_version_that_was_replaced_on_disk_fail_with_the_reason(bench):
    job = bench.submit("quick")
    bench.ended(job)
    with bench.database.write() as connection:
        connection.exec_driver_sql(
            "UPDATE jobs SET status = 'queued', result = NULL, package_version = '0.0.1'"
        )
    bench.launcher.ensure()
    read = bench.ended(job)
    assert read.status == "failed"
    assert "asked by version 0.0.1" in read.error
    assert "restart the server" in read.error


def test_an_executor_that_finds_the_wrong_copy_fails_the_rows_loudly(bench, copy):
    file = copy / "eqpp_dash" / "__init__.py"
    job, _ = bench.queue.submit(_request("quick"))
    with bench.database.write() as connection:
        connection.exec_driver_sql("UPDATE jobs SET package_file = ?", (str(file),))
    command = [sys.executable, "-P", "-m", "eqpp_dash", "worker", "--data-dir", bench.folder]
    command += ["--package", file, "--package-version", job.package.version]
    done = subprocess.run([str(part) for part in command], capture_output=True, timeout=60)
    assert done.returncode == 78
    read = bench.queue.get(job.id)
    assert read.status == "failed"
    assert str(PACKAGE / "__init__.py") in read.error


def _request(task):
    from eqpp_dash.jobs.records import Request

    return Request(f"key {task}", f"sample_tasks:{task}")


def test_new_code_on_disk_is_taken_up_by_the_running_executor(tmp_path, copy):
    folder = tmp_path / "data"
    bench = Bench(folder)
    try:
        assert run_from(copy, folder)[0] == "finished"
        pid = bench.executor()
        code = copy / "eqpp_dash" / "jobs" / "run.py"
        code.write_text(code.read_text().replace('"START"', '"START ANEW"'))
        assert run_from(copy, folder)[0] == "finished"
        assert "START ANEW" in bench.log()
        assert bench.executor() == pid  # the same process, with the new code
    finally:
        bench.close()


PLANT = """
import sys
if "worker" in sys.argv:
    import eqpp_dash.engine

    def compute_portrait(spec, progress=None, limits=None):
        raise FloatingPointError("planted in the engine")

    eqpp_dash.engine.compute_portrait = compute_portrait
"""


def test_an_exception_planted_in_the_engine_is_on_the_row_and_in_the_log(tmp_path, monkeypatch):
    from eqpp_dash.compose import compose
    from eqpp_dash.model.spec import PortraitSpec
    from eqpp_dash.settings import Settings

    (tmp_path / "sitecustomize.py").write_text(PLANT)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    bench = Bench(tmp_path / "data")
    try:
        services = compose(Settings(data_dir=bench.folder, executor_idle_s=20))
        job = services.portraits.submit(PortraitSpec("x' = y; y' = -x"), launcher="test")
        failed = services.portraits.wait(job.row_id, timeout=60)
        assert failed.status == "failed"
        assert failed.error == "FloatingPointError: planted in the engine"
        assert "in compute_portrait" in failed.traceback
        (line,) = [text for text in bench.log().splitlines() if '"event": "FAILED"' in text]
        assert job.row_id in line
        assert "in compute_portrait" in line
        assert str(PACKAGE / "__init__.py") in line
    finally:
        bench.close()


def test_an_executor_that_hangs_is_replaced(bench, monkeypatch):
    from eqpp_dash.jobs import launch

    bench.run("quick")
    pid = bench.executor()
    os.kill(pid, signal.SIGSTOP)
    monkeypatch.setattr(launch, "STUCK_S", 8.0)
    read = bench.run("quick")
    assert read.status == "finished"
    assert bench.executor() != pid


def test_the_executors_log_does_not_grow_for_ever(bench, monkeypatch):
    from eqpp_dash.jobs import launch

    bench.run("quick")
    monkeypatch.setattr(launch, "MAX_LOG_BYTES", 100)
    bench.kill_executor()
    bench.run("quick")
    assert bench.launcher.log_path.with_suffix(".log.1").exists()
