"""Compute: a row is committed, then the page watches it; cancel, and another try."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, no_update
from dash.exceptions import PreventUpdate

from eqpp_dash.callbacks.answers import asked
from eqpp_dash.callbacks.arrival import LAUNCHER, UP_TO_DATE
from eqpp_dash.callbacks.browser import in_browser
from eqpp_dash.callbacks.failures import failed, noticed
from eqpp_dash.callbacks.form import read_draft
from eqpp_dash.callbacks.picture import STALE
from eqpp_dash.callbacks.words import error_words
from eqpp_dash.components.ids import Editor, JobKey, JobPanel, Key, Picture, Shell
from eqpp_dash.errors import EqppError

if TYPE_CHECKING:
    from eqpp_dash.services import Services


def order(services: Services, data: Any) -> dict[str, Any]:
    """Submit what the form asks for; the row is committed when this returns.

    Parameters
    ----------
    services : Services
        What submits it.
    data : object
        The form, from the page.

    Returns
    -------
    dict
        ``job``, the key of the row to watch, ``placed``, the address, and what is wrong.
    """
    try:
        spec = asked(services, read_draft(data))
        job = services.portraits.submit(spec, launcher=LAUNCHER)
    except EqppError as error:
        return no_order(error_words(error, placed=True))
    placed = {"state": services.links.encode(spec), "row": job.row_id, "fresh": True}
    return {"job": job.row_id, "placed": placed, "message": "", "frame": no_update}


def no_order(words: str) -> dict[str, Any]:
    """Leave the job as it is, and say why there is no new one."""
    return {"job": no_update, "placed": no_update, "message": words, "frame": STALE}


def broken_order(error: Exception) -> dict[str, Any]:
    """Say that submitting failed in our own code."""
    return no_order(failed("submit", error))


def another_try(services: Services, row_id: Any) -> dict[str, Any]:
    """Submit the question of a row again, as a row of its own if that one has ended."""
    try:
        job = services.portraits.rerun(str(row_id), launcher=LAUNCHER)
    except EqppError as error:
        return {"job": no_update, "placed": no_update, "notice": str(error)}
    if job.row_id == row_id and job.status == "finished":  # and it is whole
        return {"job": no_update, "placed": no_update, "notice": UP_TO_DATE}
    state = services.links.encode(job.spec)
    placed = {"state": state, "row": job.row_id, "fresh": False}
    return {"job": job.row_id, "placed": placed, "notice": ""}


def cancelled(services: Services, row_id: Any) -> str:
    """Cancel a row; gives what to tell if that cannot be done, else an empty text.

    Dash cancels what the page polls; this also ends a job whose polling broke off.
    """
    try:
        services.portraits.cancel(str(row_id))
    except EqppError as error:
        return str(error)
    return ""


def stopped(services: Services, row_id: Any) -> str:
    """Stop a row and keep what it has found; gives what to tell if that cannot be done."""
    try:
        services.portraits.stop(str(row_id))
    except EqppError as error:
        return str(error)
    return ""


def progress_values(row: Any) -> list[Any]:
    """Give the values of the progress outputs for a running row: doing what, share, percent.

    Parameters
    ----------
    row : JobView
        The row.
    """
    again = f", attempt {row.attempts}" if row.attempts > 1 else ""
    doing = row.message or row.phase or "starting"
    if row.stopping:
        doing = f"Stopping; {doing[0].lower()}{doing[1:]}"
    return [doing, f"{row.fraction:.3f}", f"{100 * row.fraction:.0f} %{again}"]


def register(app: Dash, services: Services, manager: Any, body: Callable[..., Any]) -> None:
    """Register ordering, watching and trying again.

    Parameters
    ----------
    app : Dash
        The app.
    services : Services
        What the callbacks ask.
    manager : RowBackedManager
        The manager of background callbacks, which starts no process.
    body : callable
        What the executor runs for a job: ``body(set_progress, row_id)``.
    """
    app.callback(
        Output(JobKey.RESULT, "data"),
        Input(JobKey.JOB, "data"),
        background=True,
        manager=manager,
        interval=services.poll_interval_ms,
        progress=[
            Output(JobPanel.PHASE, "children"),
            Output(JobPanel.BAR, "value"),
            Output(JobPanel.MESSAGE, "children"),
        ],
        progress_default=["", "0", ""],
        running=[
            (Output(JobPanel.CANCEL, "disabled"), False, True),
            (Output(JobPanel.KEEP, "disabled"), False, True),
        ],
        cancel=[Input(JobPanel.CANCEL, "n_clicks")],
        on_error=_told_by_status,
        prevent_initial_call=True,
    )(body)

    @app.callback(
        output={
            "job": Output(JobKey.JOB, "data", allow_duplicate=True),
            "placed": Output(JobKey.PLACED, "data", allow_duplicate=True),
            "message": Output(Picture.MESSAGE, "children", allow_duplicate=True),
            "frame": Output(Picture.FRAME, "className", allow_duplicate=True),
        },
        inputs={"data": Input(Key.ORDER, "data")},
        on_error=broken_order,
        prevent_initial_call=True,
    )
    def submit(data: Any) -> dict[str, Any]:
        if data is None:
            raise PreventUpdate
        return order(services, data)

    @app.callback(
        output={
            "job": Output(JobKey.JOB, "data", allow_duplicate=True),
            "placed": Output(JobKey.PLACED, "data", allow_duplicate=True),
            "notice": Output(Shell.NOTICE, "children", allow_duplicate=True),
        },
        inputs={"clicks": Input(JobPanel.AGAIN, "n_clicks")},
        state={"row_id": State(JobKey.JOB, "data")},
        on_error=noticed("try_again"),
        prevent_initial_call=True,
    )
    def try_again(clicks: int | None, row_id: Any) -> dict[str, Any]:
        if not clicks or not row_id:
            return {"job": no_update, "placed": no_update, "notice": no_update}
        return another_try(services, row_id)

    @app.callback(
        Output(Shell.NOTICE, "children", allow_duplicate=True),
        Input(JobPanel.CANCEL, "n_clicks"),
        State(JobKey.JOB, "data"),
        on_error=noticed("cancel"),
        prevent_initial_call=True,
    )
    def cancel(clicks: int | None, row_id: Any) -> Any:
        return cancelled(services, row_id) if clicks and row_id else no_update

    @app.callback(
        Output(Shell.NOTICE, "children", allow_duplicate=True),
        Input(JobPanel.KEEP, "n_clicks"),
        State(JobKey.JOB, "data"),
        on_error=noticed("stop"),
        prevent_initial_call=True,
    )
    def stop(clicks: int | None, row_id: Any) -> Any:
        return stopped(services, row_id) if clicks and row_id else no_update

    _register_browser(app)


def _told_by_status(error: Exception) -> Any:
    """Leave the result as it is: the reason travels in the status store, from the row."""
    return no_update


def _register_browser(app: Dash) -> None:
    in_browser(
        app,
        "eqpp.compute",
        Output(Key.ORDER, "data"),
        Input(Editor.COMPUTE, "n_clicks"),
    )
    in_browser(
        app,
        "eqpp.place",
        Input(JobKey.PLACED, "data"),
    )
    in_browser(
        app,
        "eqppJob.tell",
        Output(JobPanel.PANEL, "className"),
        Output(JobPanel.BADGE, "children"),
        Output(JobPanel.BADGE, "color"),
        Output(JobPanel.BAR, "value"),
        Output(JobPanel.PHASE, "children"),
        Output(JobPanel.MESSAGE, "children"),
        Output(JobPanel.QUEUE, "children"),
        Output(JobPanel.ELAPSED, "children"),
        Output(JobPanel.ERROR, "children"),
        Output(JobPanel.TRACEBACK, "children"),
        Output(JobPanel.DETAILS, "className"),
        Output(JobPanel.OPEN, "href"),
        Input(JobKey.WATCH, "data"),
        Input(JobKey.JOB, "data"),
        at_start=True,
    )
    in_browser(
        app,
        "eqppJob.arm",
        Output(JobKey.JOB, "data", allow_duplicate=True),
        Input(JobPanel.TICK, "n_intervals"),
        State(JobKey.JOB, "data"),
        State(JobKey.WATCH, "data"),
    )
