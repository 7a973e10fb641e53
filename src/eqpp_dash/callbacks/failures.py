"""Where our own code fails: the log has why, and the page says so."""

from __future__ import annotations

from collections.abc import Callable
from traceback import format_exception

import structlog
from dash import set_props

from eqpp_dash.components.ids import Shell

log = structlog.get_logger("eqpp_dash.page")


def failed(callback: str, error: Exception) -> str:
    """Log that a callback failed, with its traceback; give what the page says of it.

    Parameters
    ----------
    callback : str
        Its name, for the log.
    error : Exception
        What it raised.
    """
    trace = "".join(format_exception(error))
    log.error("FAILED", callback=callback, error=str(error), traceback=trace)
    return words_for(error)


def words_for(error: Exception) -> str:
    """Say that our own code failed.

    Examples
    --------
    >>> words_for(ValueError("no"))
    'Something went wrong on the server (ValueError: no)'
    """
    return f"Something went wrong on the server ({type(error).__name__}: {error!s:.200})"


def noticed(callback: str) -> Callable[[Exception], None]:
    """Give what a callback does when it fails: its outputs stay, the notice line says so."""

    def tell(error: Exception) -> None:
        set_props(Shell.NOTICE, {"children": failed(callback, error)})

    return tell
