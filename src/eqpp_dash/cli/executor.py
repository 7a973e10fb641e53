"""``eqpp-dash worker``: the executor, started by whoever submits a job."""

from __future__ import annotations

import sys

import click


@click.command(hidden=True, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def worker(arguments: tuple[str, ...]) -> None:
    """Run the jobs of a data folder until there are none."""
    from eqpp_dash.__main__ import main as run

    sys.exit(run(["worker", *arguments]))
