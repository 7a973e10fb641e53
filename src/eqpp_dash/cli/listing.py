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

STATUSES = ("queued", "running", "finished", "failed", "cancelled")
HEADS = ("row", "portrait", "status", "attempts", "title", "asked", "started", "ended")
TITLE_WIDTH = 40


@click.command(short_help="List the jobs, newest first.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array, a row a line.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True)
@click.option("--status", type=click.Choice(STATUSES), help="Only those.")
@data_options
def jobs(
    as_json: bool, limit: int, status: str | None, data_dir: Path | None, config: Path | None
) -> None:
    """List the jobs, newest first, a row a line: ids, status, attempts, title, times."""
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
        "error": job.error,
        "traceback": job.traceback,
        "owner": asdict(job.owner),
    }


def _cells(job: JobView) -> tuple[str, ...]:
    from eqpp_dash.figures.labels import printable

    title = printable(job.spec.title or job.spec.equations.replace("\n", "; "))
    if len(title) > TITLE_WIDTH:
        title = title[: TITLE_WIDTH - 1] + "…"
    return (
        job.row_id,
        job.portrait_id,
        job.status,
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
