"""Options that commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from eqpp_dash.services import Services
    from eqpp_dash.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])


def data_options(function: F) -> F:
    """Add the options that say where the data are."""
    function = click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        help="TOML file with settings; else the one named by EQPP_CONFIG.",
    )(function)
    return click.option(
        "--data-dir",
        type=click.Path(path_type=Path, file_okay=False),
        help="Folder of the archive; else EQPP_DATA_DIR, else the user's data folder.",
    )(function)


def open_services(settings: Settings) -> Services:
    """Open the data folder; log lines from warnings on go to standard error.

    A test gives the context's object: a function that makes services from settings.
    """
    given = click.get_current_context().obj
    if given is not None:
        services: Services = given(settings)
        return services
    from eqpp_dash.compose import compose, configure_logs

    configure_logs("error" if settings.log_level == "error" else "warning")
    return compose(settings)
