"""``eqpp-dash jobs``."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from eqpp_dash.cli.options import data_options, open_services

if TYPE_CHECKING:
    from eqpp_dash.services.views import JobView

STATUSES = ("queued", "running", "finished", "partial", "failed", "cancelled")
HEADS = ("row", "portrait", "status", "attempts", "title", "asked", "started", "ended")
TITLE_WIDTH = 40
END_PATIENCE_S = 60.0
"""How long a job may take to end after it was told."""


@click.group(invoke_without_command=True, short_help="List, stop or cancel jobs.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array, a row a line.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True)
@click.option("--status", type=click.Choice(STATUSES), help="Only those; finished: the whole ones.")
@data_options
@click.pass_context
def jobs(
    ctx: click.Context,
    as_json: bool,
    limit: int,
    status: str | None,
    data_dir: Path | None,
    config: Path | None,
) -> None:
    """List the jobs, newest first, a row a line: ids, status, attempts, title, times.

    With a command, stop or cancel one of them.
    """
    if ctx.invoked_subcommand is not None:
        return
    from eqpp_dash.cli.report import table
    from eqpp_dash.settings import load_settings

    services = open_services(load_settings(config, data_dir=data_dir))
    services.portraits.upkeep(follow=False)
    found = services.portraits.jobs(limit=limit, status=status)
    if as_json:
        rows = ",\n".join(orjson.dumps(job_facts(job)).decode() for job in found)
        click.echo(f"[\n{rows}\n]" if rows else "[]")
        return
    for line in table(HEADS, [_cells(job) for job in found]):
        click.echo(line)


@jobs.command(short_help="Stop a job and keep what it has found.")
@click.argument("id", metavar="ID")
@data_options
@click.pass_context
def stop(ctx: click.Context, id: str, data_dir: Path | None, config: Path | None) -> None:
    """Stop the job with this row id, and keep what it has found, marked as partial.

    One that waits has found nothing and is cancelled; one that has ended stays as it is.
    """
    _end(ctx, id, data_dir, config, "stop")


@jobs.command(short_help="Cancel a job; nothing of it is kept.")
@click.argument("id", metavar="ID")
@data_options
@click.pass_context
def cancel(ctx: click.Context, id: str, data_dir: Path | None, config: Path | None) -> None:
    """Cancel the job with this row id; nothing of it is kept."""
    _end(ctx, id, data_dir, config, "cancel")


def _end(ctx: click.Context, id: str, data_dir: Path | None, config: Path | None, how: str) -> None:
    """End a job one way or the other, wait for that, and say how it ended."""
    from eqpp_dash.settings import load_settings

    above = ctx.parent.params if ctx.parent is not None else {}
    folder, file = data_dir or above.get("data_dir"), config or above.get("config")
    portraits = open_services(load_settings(file, data_dir=folder)).portraits
    before = portraits.job(id)
    if not before.is_terminal:
        getattr(portraits, how)(before.row_id)
    job = portraits.wait(before.row_id, timeout=END_PATIENCE_S)
    words = f"{job.status}, partial: {job.stopped}" if job.stopped else job.status
    words += f": {job.error}" if job.error else ""
    click.echo(f"Job {job.row_id}: {'had ended, ' * before.is_terminal}{words}.")


def job_facts(job: JobView) -> dict[str, Any]:
    """Give a job's row as plain values; times in Unix seconds."""
    return {
        "row": job.row_id,
        "portrait": job.portrait_id,
        "status": job.status,
        "attempts": job.attempts,
        "title": job.spec.title,
        "equations": job.spec.equations,
        "phase": job.phase,
        "fraction": job.fraction,
        "message": job.message,
        "queue_place": job.queue_place,
        "created": job.created,
        "started": job.started,
        "ended": job.ended,
        "partial": job.partial,
        "stopped": job.stopped,
        "error": job.error,
        "traceback": job.traceback,
        "owner": asdict(job.owner),
    }


def _cells(job: JobView) -> tuple[str, ...]:
    from eqpp_dash.model.labels import printable
    from eqpp_dash.model.layout import one_line

    title = printable(job.spec.title) or one_line(job.spec.equations)
    if len(title) > TITLE_WIDTH:
        title = title[: TITLE_WIDTH - 1] + "…"
    return (
        job.row_id,
        job.portrait_id,
        f"{job.status}, partial" if job.stopped else job.status,
        str(job.attempts),
        title,
        _time(job.created),
        _time(job.started),
        _time(job.ended),
    )


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return datetime.fromtimestamp(seconds).isoformat(" ", "seconds")
