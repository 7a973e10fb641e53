"""Which page an address shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, no_update
from dash.exceptions import PreventUpdate

from eqpp_dash.callbacks.archive import read_query
from eqpp_dash.callbacks.arrival import row_status
from eqpp_dash.callbacks.browser import in_browser
from eqpp_dash.callbacks.failures import failed, noticed
from eqpp_dash.callbacks.form import understood
from eqpp_dash.callbacks.looks import graph_style, on_page, untitled_figure
from eqpp_dash.components.archive import archive_page
from eqpp_dash.components.gallery import Card, gallery_page
from eqpp_dash.components.header import export_items
from eqpp_dash.components.ids import JobKey, Permanent, Shell
from eqpp_dash.components.message import message_page, not_found_page
from eqpp_dash.components.permanent import (
    Subject,
    permanent_body,
    permanent_page,
    system_name,
)
from eqpp_dash.components.picture import still_picture
from eqpp_dash.components.workbench import workbench
from eqpp_dash.errors import EqppError, NotFoundError
from eqpp_dash.figures import FIGURE_CONFIG

if TYPE_CHECKING:
    from eqpp_dash.services import Services

WORKBENCH_CONFIG = {**FIGURE_CONFIG, "doubleClick": False}


@dataclass(frozen=True, slots=True)
class Page:
    """A page's tree, the row that can be exported of it, and what it is about, for the tab."""

    tree: Any
    export: str | None = None
    about: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """How a page is looked at."""

    theme: str = "light"
    phone: bool = False


def look_of(data: Any) -> Look:
    """Read how the page is looked at."""
    data = data if isinstance(data, dict) else {}
    return Look("dark" if data.get("theme") == "dark" else "light", data.get("phone") is True)


def page_for(services: Services, path: Any, look: Look = Look(), query: Any = "") -> Page:
    """Give the page for a path.

    Parameters
    ----------
    services : Services
        What the page is filled from.
    path : str
        Path of the address.
    look : Look
        How it is looked at.
    query : str
        What follows the path after ``?``; the archive's filter.
    """
    path = path.rstrip("/") if isinstance(path, str) else ""
    try:
        if path == "":
            return Page(workbench(WORKBENCH_CONFIG))
        if path == "/gallery":
            return Page(
                gallery_page([card(services, entry) for entry in services.gallery.entries()]),
                about="Gallery",
            )
        if path == "/archive":
            return Page(archive_page(read_query(query)), about="Archive")
        if path.startswith("/p/"):
            return portrait_page(services, path.removeprefix("/p/"), look)
    except NotFoundError:
        return Page(not_found_page(), about="Not found")
    except EqppError as error:
        return Page(message_page("This did not work", str(error)))
    return Page(not_found_page(), about="Not found")


def broken_page(error: Exception) -> tuple[Any, Any, str, str]:
    """Give a page that says that making one failed in our own code."""
    tree = message_page("This did not work", failed("show_page", error))
    return tree, export_items(None), "", ""


def card(services: Services, entry: Any) -> Card:
    """Give a gallery entry's card."""
    href = f"/#s={services.links.encode(entry.spec)}"
    return Card(
        entry.title,
        entry.subject,
        entry.spec.equations,
        entry.note,
        entry.source,
        href,
        entry.thumbnail,
    )


def subject_of(services: Services, job: Any) -> Subject:
    """Give what the permanent page says of a row."""
    state = services.links.encode(job.spec)
    row = f"&p={job.row_id}" if job.status == "finished" else ""
    return Subject(job.row_id, job.spec.title, job.spec.equations, job.status, f"/#s={state}{row}")


def portrait_page(services: Services, identifier: str, look: Look) -> Page:
    """Give the page of one portrait, of a row's or of the newest row of a portrait's id."""
    job = services.portraits.resolve(identifier)
    subject = subject_of(services, job)
    export = job.row_id if job.status == "finished" else None
    name = system_name(job.spec.title, job.spec.equations)
    status = row_status(services, job.row_id)
    return Page(permanent_page(subject, body_of(services, job, look), status), export, name)


def body_of(services: Services, job: Any, look: Look) -> Any:
    """Give the portrait of a row with its facts, or the equations until there is one."""
    subject = subject_of(services, job)
    found = understood(services, job.spec)
    latex = "" if found is None else found.latex
    if job.status != "finished":
        return permanent_body(subject, None, None, latex)
    portrait = services.portraits.portrait(job.row_id)
    figure = on_page(untitled_figure(portrait, look.theme, phone=look.phone))
    style = graph_style(figure)
    return permanent_body(subject, portrait, still_picture(figure, FIGURE_CONFIG, style), latex)


def register(app: Dash, services: Services) -> None:
    """Register the choice of the page, and the permanent page's arrival of a result."""
    in_browser(app, "eqpp.go", Input(Shell.GO, "data"))
    in_browser(
        app,
        "eqpp.visit",
        Output(Shell.VISIT, "data"),
        Input(Shell.LOCATION, "pathname"),
        at_start=True,
    )

    @app.callback(
        Output(Shell.PAGE, "children"),
        Output(Shell.EXPORT_ITEMS, "children", allow_duplicate=True),
        Output(Shell.NOTICE, "children", allow_duplicate=True),
        Output(Shell.TAB, "data"),
        Input(Shell.VISIT, "data"),
        on_error=broken_page,
        prevent_initial_call=True,
    )
    def show_page(visit: Any) -> tuple[Any, Any, str, str]:
        visit = visit if isinstance(visit, dict) else {}
        page = page_for(services, visit.get("path"), look_of(visit), visit.get("query"))
        # a notice belongs to the page it was on
        return page.tree, export_items(page.export), "", page.about

    in_browser(app, "eqpp.tab", Input(Shell.TAB, "data"))

    in_browser(
        app,
        "eqppJob.begin",
        Output(JobKey.JOB, "data", allow_duplicate=True),
        Input(Permanent.ROW, "data"),
        at_start="duplicate",
    )

    @app.callback(
        Output(Permanent.BODY, "children"),
        Output(Shell.EXPORT_ITEMS, "children", allow_duplicate=True),
        Input(Permanent.LOOK, "data"),
        State(JobKey.JOB, "data"),
        on_error=noticed("show_again"),
        prevent_initial_call=True,
    )
    def show_again(look: Any, row_id: Any) -> tuple[Any, Any]:
        if look is None:
            raise PreventUpdate
        try:
            job = services.portraits.job(str(row_id))
        except NotFoundError:
            return no_update, no_update
        body = body_of(services, job, look_of(look))
        return body, export_items(job.row_id if job.status == "finished" else None)
