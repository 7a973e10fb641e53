"""``eqpp-dash serve``: the dashboard under gunicorn."""

from __future__ import annotations

import platform
import socket
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eqpp_dash.cli.options import data_options
from eqpp_dash.errors import EqppError

if TYPE_CHECKING:
    from eqpp_dash.settings import Settings

LONGEST_REQUEST_LINE = 8190  # the most that gunicorn allows
GRACE_S = 10


@click.command(short_help="Serve the dashboard (the default).")
@click.option("--host", help="Address to listen on  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port, 0 for any  [default: 8050]")
@click.option("--workers", type=click.IntRange(1, 64), help="Processes  [default: 2]")
@click.option("--threads", type=click.IntRange(1, 256), help="Threads a process  [default: 4]")
@click.option(
    "--allow-delete/--no-allow-delete",
    default=None,
    help="Whether portraits may be deleted  [default: if only this machine is served]",
)
@data_options
def serve(
    host: str | None,
    port: int | None,
    workers: int | None,
    threads: int | None,
    allow_delete: bool | None,
    data_dir: Path | None,
    config: Path | None,
) -> None:
    """Serve the dashboard until Ctrl-C.

    What no option gives is read from EQPP_HOST, EQPP_PORT and so on, then from the settings
    file.
    """
    from eqpp_dash.settings import load_settings

    settings = load_settings(
        config,
        host=host,
        port=port,
        workers=workers,
        threads=threads,
        allow_delete=allow_delete,
        data_dir=data_dir,
    )
    _check_address(settings)
    run_server(settings)


def run_server(settings: Settings) -> None:
    """Serve the dashboard with gunicorn, which is given the app itself, by no name.

    Parameters
    ----------
    settings : Settings
        Address, workers, data folder.
    """
    from gunicorn.app.base import BaseApplication

    from eqpp_dash.app import create_app
    from eqpp_dash.compose import configure_logs

    configure_logs(settings.log_level)
    app = create_app(settings)

    class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
        def load_config(self) -> None:
            for name, value in server_options(settings).items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            return app.server

    Server().run()


def server_options(settings: Settings) -> dict[str, Any]:
    """Give gunicorn's settings: no control socket, no file of its own anywhere."""
    return {
        "bind": _address(settings.host, settings.port),
        "workers": settings.workers,
        "threads": settings.threads,
        "worker_class": "gthread",
        "control_socket_disable": True,
        "limit_request_line": LONGEST_REQUEST_LINE,
        "graceful_timeout": GRACE_S,
        "proc_name": "eqpp-dash",
        "loglevel": "warning" if settings.log_level == "info" else settings.log_level,
        "when_ready": lambda arbiter: click.echo(
            banner(settings, [listener.sock.getsockname()[1] for listener in arbiter.LISTENERS])
        ),
    }


def banner(settings: Settings, ports: list[int]) -> str:
    """Say where the dashboard is, where its data are, and which code it is.

    Parameters
    ----------
    settings : Settings
        The settings it runs with.
    ports : list of int
        Ports that are listened on; the first is shown.

    Returns
    -------
    str
        A line each for URL, data folder, versions and package file.
    """
    import eqpp_dash

    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    port = ports[0] if ports else settings.port
    versions = ", ".join(f"{name} {version(name)}" for name in ("dash", "plotly", "gunicorn"))
    return "\n".join(
        (
            f"EQPP Dash is at     http://{host}:{port}/",
            f"Data folder         {settings.data_dir}",
            f"Versions            eqpp-dash {eqpp_dash.__version__}, {versions}, "
            f"Python {platform.python_version()}",
            f"Package file        {eqpp_dash.__file__}",
            f"Processes, threads  {settings.workers}, {settings.threads} each; Ctrl-C ends it",
        )
    )


def _address(host: str, port: int) -> str:
    bare = host.strip("[]")
    return f"[{bare}]:{port}" if ":" in bare else f"{bare}:{port}"


def _check_address(settings: Settings) -> None:
    """Tell at once, and in plain words, that the address cannot be had."""
    host = settings.host.strip("[]")
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind) as probe:
            if sys.platform != "win32":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise EqppError(
            f"cannot listen on {_address(host, settings.port)}: {error.strerror}",
            hint="Choose another with --port (0 takes any free one) or --host",
        ) from error
