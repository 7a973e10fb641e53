"""From settings to services, without Dash: what app, command and executor share."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from eqpp_dash.database import Database
from eqpp_dash.errors import SpecError
from eqpp_dash.jobs.launch import PIPE_NAME, Launcher
from eqpp_dash.jobs.queue import Queue
from eqpp_dash.jobs.records import Outcome
from eqpp_dash.settings import Settings, load_settings
from eqpp_dash.store.archive import Archive

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from eqpp_dash.engine.system import Limits
    from eqpp_dash.jobs.lock import ExecutorLock
    from eqpp_dash.model.portrait import Portrait, Progress
    from eqpp_dash.services import Services

TASK = "eqpp_dash.compose:run_portrait"
_PRELOAD = ("eqpp_dash.engine", "eqpp_dash.exports.thumbnail")
_WARM_UP = "x' = y; y' = -sin(x)"
"""Read and compiled before any job is forked, so that none builds the grammar or loads LLVM."""
COMPILED_FOLDER = "compiled"
"""Folder in the data folder where machine code is kept; it may be deleted at any time."""
EXIT_WRONG_PACKAGE, EXIT_RESTART = 78, 75

log = structlog.get_logger("eqpp_dash.jobs")


def compose(settings: Settings) -> Services:
    """Make the services of a data folder; makes the folder and the archive if need be.

    Parameters
    ----------
    settings : Settings
        The settings.

    Returns
    -------
    Services
        The services. Nothing is started: call ``portraits.start()`` to be ready early.

    Raises
    ------
    ArchiveError
        If the data folder or the archive cannot be used.
    """
    from eqpp_dash import engine
    from eqpp_dash.model.spec import PortraitSpec
    from eqpp_dash.services import Services
    from eqpp_dash.services.archive import ArchiveService
    from eqpp_dash.services.gallery import Gallery
    from eqpp_dash.services.health import Health
    from eqpp_dash.services.links import Links
    from eqpp_dash.services.portraits import JobPolicy, Portraits
    from eqpp_dash.services.previews import Previews

    if not structlog.is_configured():
        configure_logs(settings.log_level)
    _keep_machine_code(settings)
    database = open_database(settings)
    queue, archive = Queue(database), Archive(database)
    launcher = Launcher(
        queue, settings.data_dir, settings.environment(), stale_after_s=settings.stale_after_s
    )
    limits = text_limits(settings)

    def check(spec: PortraitSpec) -> PortraitSpec:
        full = engine.prepare_spec(spec, limits)[1]
        try:
            full.to_json()
        except TypeError as error:  # half of a surrogate pair, or bytes that were no text
            raise SpecError(
                "the title, the equations or a unit hold what is no character",
                hint="Type it anew",
            ) from error
        return full

    policy = JobPolicy(TASK, settings.attempts, settings.time_limit_s)
    portraits = Portraits(queue, archive, launcher, policy, check)
    return Services(
        portraits=portraits,
        archive=ArchiveService(queue, archive, portraits.upkeep, can_delete=settings.can_delete),
        previews=Previews(limits, check),
        links=Links(archive),
        gallery=Gallery(),
        health=Health(queue, launcher),
        can_delete=settings.can_delete,
        poll_interval_ms=settings.poll_interval_ms,
        max_request_bytes=settings.max_request_bytes,
    )


def _keep_machine_code(settings: Settings) -> None:
    """Let the engine keep what it compiles in the data folder."""
    from eqpp_dash.engine.machine.stepper import keep_objects_in

    keep_objects_in(settings.data_dir / COMPILED_FOLDER)


def text_limits(settings: Settings) -> Limits:
    """Give what a system's text may cost."""
    from eqpp_dash.engine.system import Limits

    return Limits(**{f.name: getattr(settings, f"max_{f.name}") for f in fields(Limits)})


def open_database(settings: Settings) -> Database:
    """Open the archive of a data folder; makes both if need be."""
    database = Database(settings.database_path, settings.busy_timeout_s)
    database.prepare()
    return database


def configure_logs(level: str = "info") -> None:
    """Write log lines to standard error, one JSON object a line."""
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _add_process,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(LogStream()),  # type: ignore[arg-type]
        cache_logger_on_first_use=False,
    )


class LogStream:
    """Standard error, as it is at the time; a full disk or a closed pipe harms nobody else."""

    def write(self, text: str) -> None:
        """Write, if it can be written."""
        with contextlib.suppress(OSError, ValueError):  # there is nowhere left to tell it
            sys.stderr.write(text)

    def flush(self) -> None:
        """Flush, if it can be."""
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()


def _add_process(_: Any, __: str, line: Any) -> Any:
    line["pid"] = os.getpid()
    line["package"] = str(Path(__file__).parent / "__init__.py")
    return line


# ---- the body of the background callback -----------------------------------------------------


def run_portrait(set_progress: Callable[[Any], None], job_id: str) -> Outcome:
    """Compute the portrait of a row: the body of the page's background callback.

    The executor calls it, with what Dash would pass. Its value tells the page which row to
    read; portrait, facts and thumbnail are written in the transaction that finishes the row.

    Parameters
    ----------
    set_progress : callable
        Takes ``(phase, fraction, message)``.
    job_id : str
        The row.

    Returns
    -------
    Outcome
        Value ``{"row": ..., "portrait": ..., "partial": ...}``.
    """
    from eqpp_dash import engine
    from eqpp_dash.model.spec import PortraitSpec
    from eqpp_dash.store.archive import prepare_computed

    queue, archive, limits = _worker_tools()
    job = queue.get(job_id)
    spec = PortraitSpec.from_json(job.params["spec"])

    def report(progress: Progress) -> None:
        set_progress((progress.phase, progress.fraction, progress.message))

    portrait = engine.compute_portrait(spec, progress=report, limits=limits)
    portrait, thumbnail = _draw_thumbnail(portrait)
    queue_s = None if job.started is None else round(max(0.0, job.started - job.created), 4)
    facts = portrait.facts(id=job.key, queue_s=queue_s, narrative=False)
    computed = prepare_computed(portrait, facts, thumbnail)
    value = {"row": job_id, "portrait": job.key, "partial": portrait.partial}

    def write(connection: Connection, row_id: str) -> None:
        archive.fill(connection, row_id, computed)

    return Outcome(value, write, portrait.stopped)


def _draw_thumbnail(portrait: Portrait) -> tuple[Portrait, bytes | None]:
    from eqpp_dash.exports.thumbnail import thumbnail_svg
    from eqpp_dash.model.portrait import Notice

    try:
        return portrait, thumbnail_svg(portrait)
    except Exception as error:  # the portrait is worth more than its thumbnail
        log.error("no thumbnail", error=str(error), traceback=traceback.format_exc())
        words = f"its thumbnail could not be drawn ({type(error).__name__}: {error})"
        notices = (*portrait.notices, Notice("thumbnail", words))
        return replace(portrait, notices=notices), None


@cache
def _worker_tools() -> tuple[Queue, Archive, Limits]:
    settings = load_settings()
    _keep_machine_code(settings)
    database = open_database(settings)
    return Queue(database), Archive(database), text_limits(settings)


# ---- the executor ----------------------------------------------------------------------------


def warm_up() -> None:
    """Do what every job would do anew: build the grammar, load LLVM; starts no thread."""
    from eqpp_dash.engine import parse_system
    from eqpp_dash.engine.machine.stepper import load_compiler

    load_compiler(parse_system(_WARM_UP))


def run_worker(lock: ExecutorLock, folder: Path, wanted_package: str, wanted_version: str) -> int:
    """Be the executor of a data folder; the lock is taken already.

    Parameters
    ----------
    lock : ExecutorLock
        The lock of the folder.
    folder : Path
        The data folder.
    wanted_package, wanted_version : str
        The copy of the package that the launcher runs, and that this must be.

    Returns
    -------
    int
        Exit status; `EXIT_RESTART` asks to be started anew.
    """
    from eqpp_dash.jobs.executor import Executor, Limits
    from eqpp_dash.jobs.processes import Package, this_package
    from eqpp_dash.jobs.wake import Alarm

    os.environ["EQPP_DATA_DIR"] = str(folder)
    settings = load_settings()
    configure_logs(settings.log_level)
    queue, _, _ = _worker_tools()
    found = this_package()
    if wanted_package and os.path.realpath(wanted_package) != found.file:
        reason = (
            f"the executor found another copy of the package: {found.file}, not {wanted_package}"
        )
        count = queue.fail_queued(Package(wanted_package, wanted_version), reason)
        log.error("FAILED", error=reason, rows=count)
        return EXIT_WRONG_PACKAGE
    limits = Limits(
        max_jobs=settings.max_jobs,
        idle_s=settings.executor_idle_s,
        cancel_grace_s=settings.cancel_grace_s,
        stop_grace_s=settings.stop_grace_s,
        stale_after_s=settings.stale_after_s,
    )
    executor = Executor(queue, lock, Alarm(folder / PIPE_NAME), limits)
    for name in _PRELOAD:  # after it noted which code is on the disk
        importlib.import_module(name)
    warm_up()
    why = executor.run()
    log.info("executor leaves", why=why)
    return EXIT_RESTART if why == "code changed" else 0
