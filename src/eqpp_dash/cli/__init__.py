"""The command ``eqpp-dash``."""

from __future__ import annotations

import sys
from typing import Any

import click

from eqpp_dash.cli.checkup import doctor
from eqpp_dash.cli.computing import compute, export
from eqpp_dash.cli.executor import worker
from eqpp_dash.cli.listing import jobs
from eqpp_dash.cli.server import serve
from eqpp_dash.errors import EqppError

EXIT_ERROR, EXIT_INTERRUPTED = 2, 130


class Command(click.Group):
    """Serves if no command is named, and turns the package's errors into messages."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put ``serve`` before options that no command claims."""
        own = {name for param in self.get_params(ctx) for name in param.opts}
        if not args or (args[0].startswith("-") and args[0] not in own):
            args = ["serve", *args]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what the package raises on purpose ends with exit status 2."""
        try:
            return super().invoke(ctx)
        except EqppError as error:
            from eqpp_dash.cli.report import describe_error

            click.echo(describe_error(error), err=True)
            ctx.exit(EXIT_ERROR)
        except KeyboardInterrupt:
            click.echo("Interrupted.", err=True)
            ctx.exit(EXIT_INTERRUPTED)


def _print_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from eqpp_dash import __version__

        click.echo(f"eqpp-dash {__version__}")
        ctx.exit()


@click.group(cls=Command, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version and leave.",
)
def group() -> None:
    """Phase portraits of differential equations, in the browser and on the command line.

    Without a command the dashboard is served.
    """


for _command in (serve, compute, export, jobs, doctor, worker):
    group.add_command(_command)


def main(args: list[str] | None = None, prog_name: str = "eqpp-dash") -> None:
    """Run the command line and leave with its exit status.

    Parameters
    ----------
    args : list of str, optional
        Arguments; by default those of the process.
    prog_name : str
        Name shown in messages.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal without Greek shows ?, and no error
            stream.reconfigure(errors="replace")
    group.main(args=args, prog_name=prog_name)
