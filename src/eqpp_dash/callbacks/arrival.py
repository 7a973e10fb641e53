"""What a visit begins with: the link's state, or the first system of the gallery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from dash import Dash, Input, Output
from dash.exceptions import PreventUpdate

from eqpp_dash.callbacks.browser import in_browser
from eqpp_dash.callbacks.failures import noticed
from eqpp_dash.callbacks.form import form_values, understood
from eqpp_dash.components.ids import Editor, JobKey, Key, OptionsPanel, Picture, Shell, WindowPanel
from eqpp_dash.components.parameters import parameter_controls
from eqpp_dash.errors import EqppError, LinkError, NotFoundError
from eqpp_dash.model.spec import PortraitSpec

if TYPE_CHECKING:
    from eqpp_dash.services import Services

LAUNCHER = "serve"
UP_TO_DATE = "This portrait is up to date: the same computation gives the same result."
LONGEST_HASH = 200_000
UNREADABLE = "This link cannot be read. Here is a system to begin with."
STARTER = "x' = y\ny' = -sin(x) - 0.2*y"


@dataclass(frozen=True, slots=True)
class Visit:
    """What an address asks for.

    Attributes
    ----------
    state : str
        The state in the link; empty if there is none.
    row_id : str
        Row of a job; empty if there is none.
    aspect : str
        Aspect of the axes.
    new : bool
        Whether a fresh sheet is wanted.
    notice : str
        What is wrong with the address.
    """

    state: str = ""
    row_id: str = ""
    aspect: str = "auto"
    new: bool = False
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Opening:
    """What the page begins with."""

    spec: PortraitSpec
    row_id: str | None
    notice: str
    aspect: str


def read_hash(text: Any) -> Visit:
    """Read the part of the address after ``#``.

    Examples
    --------
    >>> read_hash("#s=abc&p=r1&a=equal")
    Visit(state='abc', row_id='r1', aspect='equal', new=False, notice='')
    """
    if not isinstance(text, str):
        return Visit()
    if len(text) > LONGEST_HASH:
        return Visit(notice=UNREADABLE)
    text = text.removeprefix("#")
    if text == "new":
        return Visit(new=True)
    try:
        fields = {key: values[0] for key, values in parse_qs(text, max_num_fields=20).items()}
    except ValueError:  # more fields than any link of ours has
        return Visit(notice=UNREADABLE)
    aspect = fields.get("a", "auto")
    return Visit(
        fields.get("s", ""), fields.get("p", ""), aspect if aspect in ("equal", "free") else "auto"
    )


def open_visit(services: Services, visit: Visit) -> Opening:
    """Decide what to show: the link's state; without one, the gallery's first system, computed.

    A link that cannot be read is said so, and the default is offered in its place.
    """
    if visit.new:
        return Opening(PortraitSpec(STARTER), None, "", "auto")
    notice, row_id = visit.notice, None
    if visit.row_id:
        try:
            job = services.portraits.job(visit.row_id)
            row_id = job.row_id
            if not visit.state:
                return Opening(job.spec, row_id, "", visit.aspect)
        except NotFoundError:
            notice = "The computation that this link names is no longer in the archive."
    if visit.state:
        try:
            return Opening(services.links.decode(visit.state), row_id, notice, visit.aspect)
        except LinkError as error:
            notice = f"This link cannot be read: {error}. Here is a system to begin with."
    return _first(services, notice)


def _first(services: Services, notice: str) -> Opening:
    spec = services.gallery.entries()[0].spec
    job = services.portraits.submit(spec, launcher=LAUNCHER)
    return Opening(spec, job.row_id, notice, "auto")


def opening_values(services: Services, opening: Opening) -> dict[str, Any]:
    """Give what to put into the page for an opening."""
    state = services.links.encode(opening.spec)
    found = understood(services, opening.spec)
    values = form_values(opening.spec, found, state)
    defaults = found.defaults if found else None
    return values | {
        "parameters": parameter_controls(values["parameters"], defaults),
        "aspect": opening.aspect,
        "job": opening.row_id,
        "watch": row_status(services, opening.row_id),
        "placed": {"state": state, "row": opening.row_id, "fresh": False},
        "notice": opening.notice,
    }


def row_status(services: Services, row_id: str | None) -> dict[str, Any] | None:
    """Give a row's status as it stands, until the first poll tells more."""
    if row_id is None:
        return None
    job = services.portraits.job(row_id)
    return {
        "id": job.row_id,
        "status": job.status,
        "error": job.error,
        "traceback": job.traceback,
        "stopped": job.stopped,
        "stopping": job.stopping,
    }


def register(app: Dash, services: Services) -> None:
    """Register what happens when the workbench opens, also by back and forward."""
    in_browser(
        app, "eqpp.arrive", Output(Key.ARRIVAL, "data"), Input(Picture.FRAME, "id"), at_start=True
    )

    @app.callback(
        output={
            "origin": Output(Key.ORIGIN, "data"),
            "title": Output(Editor.TITLE, "value"),
            "equations": Output(Editor.EQUATIONS, "value"),
            "parameters": Output(Editor.PARAMETERS, "children"),
            "fit": Output(WindowPanel.FIT, "checked"),
            "x_low": Output(WindowPanel.X_LOW, "value"),
            "x_high": Output(WindowPanel.X_HIGH, "value"),
            "y_low": Output(WindowPanel.Y_LOW, "value"),
            "y_high": Output(WindowPanel.Y_HIGH, "value"),
            "method": Output(OptionsPanel.METHOD, "value"),
            "span": Output(OptionsPanel.SPAN, "value"),
            "rtol": Output(OptionsPanel.RTOL, "value"),
            "atol": Output(OptionsPanel.ATOL, "value"),
            "aspect": Output(OptionsPanel.ASPECT, "value"),
            "starts": Output(Picture.STARTS, "value"),
            "basins": Output(OptionsPanel.BASINS, "checked"),
            "job": Output(JobKey.JOB, "data"),
            "watch": Output(JobKey.WATCH, "data"),
            "placed": Output(JobKey.PLACED, "data"),
            "notice": Output(Shell.NOTICE, "children"),
        },
        inputs={"arrival": Input(Key.ARRIVAL, "data")},
        on_error=noticed("restore"),
        prevent_initial_call=True,
    )
    def restore(arrival: Any) -> dict[str, Any]:
        if not isinstance(arrival, dict):
            raise PreventUpdate
        visit = read_hash(arrival.get("hash"))
        try:
            return opening_values(services, open_visit(services, visit))
        except EqppError as error:
            opening = Opening(PortraitSpec(STARTER), None, str(error), "auto")
            return opening_values(services, opening)
