"""``eqpp-dash compute`` and ``eqpp-dash export``."""

from __future__ import annotations

import os
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from eqpp_dash.cli.interrupts import Interrupts
from eqpp_dash.cli.options import data_options, open_services
from eqpp_dash.cli.progress import ProgressBar
from eqpp_dash.cli.specs import read_spec
from eqpp_dash.errors import EqppError, EquationError, JobError

if TYPE_CHECKING:
    from eqpp_dash.model.spec import PortraitSpec
    from eqpp_dash.services import Services
    from eqpp_dash.services.views import JobView

EXIT_PARTIAL, EXIT_INTERRUPTED = 3, 130


@click.command(short_help="Compute a portrait.")
@click.argument("source", metavar="[SPEC.json]", required=False)
@click.option("-e", "--equations", help="The equations, such as \"x' = y; y' = -sin(x)\".")
@click.option("--title", help="Its title.")
@click.option("--set", "values", metavar="NAME=VALUE", multiple=True, help="A parameter's value.")
@click.option(
    "--window", "limits", metavar="NAME=LOW:HIGH", multiple=True, help="A variable's limits."
)
@click.option(
    "--through", "points", metavar="X,Y", multiple=True, help="Follow a trajectory through a point."
)
@click.option("--basins", is_flag=True, help="Find the basins of attraction too.")
@click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON.")
@click.option("--words", is_flag=True, help="Tell the portrait in words instead of tables.")
@click.option(
    "-o",
    "--output",
    "targets",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write to a file: .html .tex .svg .png .pdf .json .csv .py; may be repeated.",
)
@data_options
@click.pass_context
def compute(
    ctx: click.Context,
    source: str | None,
    equations: str | None,
    title: str | None,
    values: tuple[str, ...],
    limits: tuple[str, ...],
    points: tuple[str, ...],
    basins: bool,
    as_json: bool,
    words: bool,
    targets: tuple[Path, ...],
    data_dir: Path | None,
    config: Path | None,
) -> None:
    """Compute the portrait of SPEC.json (- for standard input) or of equations.

    It is asked for, kept in the archive and computed once, just as on the page. On a
    terminal a bar shows the progress. If this command started the job, Ctrl-C stops it and
    keeps what it has found, and Ctrl-C again cancels it. Exit status 3 says that what is printed
    is partial: the job was stopped, by its time limit or by somebody.
    """
    from eqpp_dash.cli.report import narrative_report, portrait_report
    from eqpp_dash.settings import load_settings

    if as_json and words:
        raise click.UsageError("--json has the words too, as “narrative”: give one of the two")

    for target in targets:
        check_target(target)
    spec = read_spec(
        source, equations, title=title, values=values, limits=limits, points=points, basins=basins
    )
    services = open_services(load_settings(config, data_dir=data_dir))
    job, interrupted = _submit_and_wait(ctx, services, spec)
    portrait = services.portraits.portrait(job.row_id)
    facts = services.portraits.facts(job.row_id)
    for target in targets:
        _write(services, job.row_id, target)
    if as_json:
        click.echo(orjson.dumps(facts, option=orjson.OPT_INDENT_2).decode())
    elif words:
        click.echo(narrative_report(facts, portrait.spec.title))
    else:
        click.echo(portrait_report(portrait, job))
    if job.stopped:
        click.echo(f"Partial: {job.stopped}.", err=True)
    if interrupted or job.stopped:
        ctx.exit(EXIT_INTERRUPTED if interrupted else EXIT_PARTIAL)


@click.command(short_help="Write a computed portrait to a file.")
@click.argument("id", metavar="ID")
@click.option(
    "-o",
    "--output",
    "targets",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file: .html .tex .svg .png .pdf .json .csv .py; may be repeated.",
)
@data_options
def export(id: str, targets: tuple[Path, ...], data_dir: Path | None, config: Path | None) -> None:
    """Write the portrait with this portrait or row id to a file."""
    from eqpp_dash.settings import load_settings

    for target in targets:
        check_target(target)
    services = open_services(load_settings(config, data_dir=data_dir))
    for target in targets:
        _write(services, id, target)


def file_format(target: Path) -> str:
    """Give the format that a file's name asks for.

    Raises
    ------
    EqppError
        If there is no such format.

    Examples
    --------
    >>> file_format(Path("portrait.SVG"))
    'svg'
    """
    from eqpp_dash.exports import FORMATS

    ending = target.suffix.lower().removeprefix(".")
    if ending not in FORMATS:
        known = ", ".join(f".{name}" for name in FORMATS)
        raise EqppError(f"{target} names no known format", hint=f"End it with one of {known}")
    return ending


def check_target(target: Path) -> None:
    """Check that a file can be written, before anything is computed for it.

    Raises
    ------
    EqppError
        If its name asks for no known format, or its folder is none, or is closed to us.
    """
    file_format(target)
    folder = target.parent
    if not folder.is_dir():
        raise EqppError(
            f"{target} cannot be written: there is no folder {folder}",
            hint=f"Make it first (mkdir -p {shlex.quote(str(folder))}), or name another folder",
        )
    if not os.access(target if target.exists() else folder, os.W_OK):
        raise EqppError(
            f"{target} cannot be written: it is not yours to write",
            hint="Name a file in another folder",
        )


def _submit_and_wait(
    ctx: click.Context, services: Services, spec: PortraitSpec
) -> tuple[JobView, bool]:
    """Wait for the answer; gives it, and whether Ctrl-C stopped it."""
    launcher, asked = f"compute, process {os.getpid()}", time.time()
    try:
        job = services.portraits.submit(spec, launcher=launcher)
    except EquationError as error:
        from eqpp_dash.cli.report import describe_error

        click.echo(describe_error(error, spec.equations), err=True)
        ctx.exit(2)
    interrupted = False
    ours = job.owner.launcher == launcher and job.created >= asked - 1.0
    try:
        with Interrupts() as interrupts, ProgressBar() as bar:
            job = services.portraits.wait(job.row_id, bar, heed=interrupts.heed)
    except KeyboardInterrupt:
        if not ours:
            click.echo(f"Job {job.row_id} goes on: it was asked for elsewhere.", err=True)
            ctx.exit(EXIT_INTERRUPTED)
        interrupted = True
        job = _stop_or_cancel(ctx, services, job.row_id)
    if job.status == "failed":
        raise JobError(f"job {job.row_id} failed: {job.error}", traceback=job.traceback)
    if job.status == "cancelled":
        raise JobError(
            f"job {job.row_id} was cancelled{': ' if job.error else ''}{job.error}",
            hint="Compute it again",
        )
    return job, interrupted


def _stop_or_cancel(ctx: click.Context, services: Services, row_id: str) -> JobView:
    """Stop a job and wait for what it keeps; another Ctrl-C cancels it and leaves."""
    telling = f"Stopping job {row_id} to keep what it has found; Ctrl-C cancels it."
    try:
        with Interrupts() as interrupts:
            services.portraits.stop(row_id)
            click.echo(telling, err=True)
            job = services.portraits.wait(row_id, heed=interrupts.heed)
    except KeyboardInterrupt:
        job = services.portraits.cancel(row_id)
    if job.status not in ("finished", "failed"):
        how = f": {job.error}" if job.error else ""
        click.echo(f"Cancelled job {row_id}{how}.", err=True)
        ctx.exit(EXIT_INTERRUPTED)
    return job


def _write(services: Services, id: str, target: Path) -> None:
    from eqpp_dash.exports import export_portrait

    portrait, facts = services.portraits.portrait(id), services.portraits.facts(id)
    written = export_portrait(portrait, facts, file_format(target))
    try:
        target.write_bytes(written.bytes)
    except OSError as error:
        raise EqppError(
            f"{target} cannot be written: {error.strerror}", hint="Name a file in another folder"
        ) from error
    click.echo(f"Wrote {target} ({len(written.bytes):,} bytes).", err=True)
