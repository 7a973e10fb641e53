import dataclasses
import json
import os

import pytest
import structlog

from eqpp_dash import compose as compose_module
from eqpp_dash import engine
from eqpp_dash.compose import compose, configure_logs, open_database, run_portrait
from eqpp_dash.engine.system import Limits
from eqpp_dash.errors import ArchiveError, EquationError
from eqpp_dash.exports import thumbnail as thumbnail_module
from eqpp_dash.jobs.launch import Launcher
from eqpp_dash.jobs.queue import Queue
from eqpp_dash.jobs.run import run_next
from eqpp_dash.model.spec import PortraitSpec
from eqpp_dash.settings import Settings

SPEC = PortraitSpec("x' = y\ny' = -k*x - y/2", title="Spiral")


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("EQPP_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(Launcher, "_spawn", lambda self: None)
    monkeypatch.setattr(Launcher, "_follow", lambda self: None)
    compose_module._worker_tools.cache_clear()
    structlog.reset_defaults()
    yield Settings(data_dir=tmp_path / "data")
    compose_module._worker_tools.cache_clear()
    structlog.reset_defaults()


@pytest.fixture
def services(settings):
    return compose(settings)


def work(settings, monkeypatch):
    """Be the worker of one job, in this process."""
    from eqpp_dash.jobs import run

    monkeypatch.setattr(run, "limit_processor_time", lambda seconds: None)
    assert run_next(Queue(open_database(settings)), 1) == 0


def test_the_body_of_the_callback_computes_and_everything_is_kept_at_once(
    settings, services, monkeypatch
):
    job = services.portraits.submit(SPEC, launcher="test")
    work(settings, monkeypatch)
    done = services.portraits.job(job.row_id)
    assert (done.status, done.error) == ("finished", "")
    assert done.result == {"row": job.row_id, "portrait": job.portrait_id, "partial": False}
    portrait = services.portraits.portrait(job.row_id)
    fresh = engine.compute_portrait(job.spec)
    assert portrait.spec == fresh.spec
    assert [e.point.tolist() for e in portrait.equilibria] == [
        e.point.tolist() for e in fresh.equilibria
    ]
    facts = services.portraits.facts(job.portrait_id)
    assert (facts["id"], facts["status"]) == (job.portrait_id, "finished")
    assert facts["timing"]["queue_s"] >= 0
    assert facts["equilibria"][0]["kind"] == "stable focus"
    (entry,) = services.archive.search("spiral focus")
    assert entry.thumbnail.startswith(b"<svg")


def test_progress_of_the_engine_reaches_the_row():
    seen = []

    class Stop(Exception):
        pass

    def set_progress(value):
        seen.append(value)
        if len(seen) == 3:
            raise Stop

    portrait = SPEC.replace(parameters={"k": 1})
    with pytest.raises(Stop):
        engine.compute_portrait(
            portrait, progress=lambda p: set_progress((p.phase, p.fraction, p.message))
        )
    assert all(isinstance(phase, str) and 0 <= share <= 1 for phase, share, _ in seen)


def test_an_exception_of_the_engine_is_the_rows_error_with_its_traceback(
    settings, services, monkeypatch, capsys
):
    def broken(spec, progress=None, limits=None):
        raise FloatingPointError("planted in the engine")

    monkeypatch.setattr(engine, "compute_portrait", broken)
    configure_logs("info")
    job = services.portraits.submit(SPEC, launcher="test")
    work(settings, monkeypatch)
    failed = services.portraits.job(job.row_id)
    assert (failed.status, failed.error) == ("failed", "FloatingPointError: planted in the engine")
    assert "in broken" in failed.traceback
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    (line,) = [line for line in lines if line["event"] == "FAILED"]
    assert line["job"] == job.row_id
    assert line["pid"] == os.getpid()
    assert line["package"].endswith("eqpp_dash/__init__.py")
    assert "in broken" in line["traceback"]


def test_a_portrait_without_a_thumbnail_is_still_a_portrait_and_says_so(
    settings, services, monkeypatch
):
    def broken(portrait):
        raise ZeroDivisionError("no width")

    monkeypatch.setattr(thumbnail_module, "thumbnail_svg", broken)
    job = services.portraits.submit(SPEC, launcher="test")
    work(settings, monkeypatch)
    assert services.portraits.job(job.row_id).status == "finished"
    notices = services.portraits.portrait(job.row_id).notices
    assert any(n.code == "thumbnail" and "no width" in n.message for n in notices)


def test_the_body_is_named_by_what_the_executor_imports():
    assert f"{run_portrait.__module__}:{run_portrait.__qualname__}" == compose_module.TASK


def test_the_limits_of_the_text_are_settings_of_the_same_names_and_defaults(settings):
    for field in dataclasses.fields(Limits):
        assert getattr(settings, f"max_{field.name}") == field.default, field.name


def test_a_limit_that_is_set_is_heeded(tmp_path, settings):
    small = compose(Settings(data_dir=tmp_path / "small", max_text_length=10))
    with pytest.raises(EquationError):
        small.portraits.submit(SPEC, launcher="test")
    with pytest.raises(EquationError):
        small.previews.understand(SPEC.equations)


def test_nothing_is_started_by_composing(settings, monkeypatch):
    def refuse(self):
        raise AssertionError("an executor was started")

    monkeypatch.setattr(Launcher, "_spawn", refuse)
    services = compose(settings)
    assert services.can_delete
    assert services.poll_interval_ms == settings.poll_interval_ms


def test_a_data_folder_that_cannot_be_used_is_a_clear_error(tmp_path):
    (tmp_path / "data").write_text("a file")
    with pytest.raises(ArchiveError, match="cannot be opened"):
        compose(Settings(data_dir=tmp_path / "data"))


def test_two_folders_in_one_process_do_not_meet(tmp_path, settings):
    one, two = (compose(Settings(data_dir=tmp_path / name)) for name in ("one", "two"))
    one.portraits.submit(SPEC, launcher="test")
    assert (one.archive.count(), two.archive.count()) == (1, 0)


def test_a_log_that_cannot_be_written_stops_nobody(monkeypatch):
    class Full:
        def write(self, text):
            raise OSError(28, "No space left on device")

        def flush(self):
            raise BrokenPipeError

    structlog.reset_defaults()
    configure_logs("info")
    monkeypatch.setattr("sys.stderr", Full())
    structlog.get_logger("eqpp_dash.jobs").info("START", job="x")
    structlog.reset_defaults()
