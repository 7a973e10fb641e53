"""Which page an address shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dash import Dash, Input, Output, State, no_update

from eqpp_dash.components.archive import archive_page
from eqpp_dash.components.gallery import Card, gallery_page
from eqpp_dash.components.header import export_items
from eqpp_dash.components.ids import JobPanel, Key, Permanent, Shell
from eqpp_dash.components.message import message_page, not_found_page
from eqpp_dash.components.permanent import Subject, permanent_body, permanent_page
from eqpp_dash.components.workbench import workbench
from eqpp_dash.errors import EqppError, NotFoundError
from eqpp_dash.figures import FIGURE_CONFIG, portrait_figure_dict

WORKBENCH_CONFIG = {**FIGURE_CONFIG, "doubleClick": False}


@dataclass(frozen=True, slots=True)
class Page:
    """A page's tree, the row that it watches, and what can be exported of it."""

    tree: Any
    job: str | None = None
    export: str | None = None


def page_for(services: Any, path: Any, theme: str = "light") -> Page:
    """Give the page for a path.

    Parameters
    ----------
    services : Services
        What the page is filled from.
    path : str
        Path of the address.
    theme : str
        ``light`` or ``dark``.
    """
    path = path.rstrip("/") if isinstance(path, str) else ""
    try:
        if path == "":
            return Page(workbench(WORKBENCH_CONFIG))
        if path == "/gallery":
            return Page(
                gallery_page([card(services, entry) for entry in services.gallery.entries()])
            )
        if path == "/archive":
            return Page(archive_page())
        if path.startswith("/p/"):
            return portrait_page(services, path.removeprefix("/p/"), theme)
    except NotFoundError:
        return Page(not_found_page())
    except EqppError as error:
        return Page(message_page("This did not work", str(error)))
    return Page(not_found_page())


def card(services: Any, entry: Any) -> Card:
    """Give a gallery entry's card."""
    href = f"/#s={services.links.encode(entry.spec)}"
    return Card(entry.title, entry.spec.equations, entry.note, href, entry.thumbnail)


def subject_of(services: Any, job: Any) -> Subject:
    """Give what the permanent page says of a row."""
    state = services.links.encode(job.spec)
    row = f"&p={job.row_id}" if job.status == "finished" else ""
    return Subject(job.row_id, job.spec.title, job.spec.equations, job.status, f"/#s={state}{row}")


def portrait_page(services: Any, identifier: str, theme: str) -> Page:
    """Give the page of one portrait, of a row's or of the newest row of a portrait's id."""
    job = services.portraits.resolve(identifier)
    subject = subject_of(services, job)
    export = job.row_id if job.status == "finished" else None
    return Page(permanent_page(subject, body_of(services, job, theme)), job.row_id, export)


def body_of(services: Any, job: Any, theme: str) -> Any:
    """Give the portrait of a row with its facts, or the equations until there is one."""
    subject = subject_of(services, job)
    try:
        latex = services.previews.understand(job.spec.equations).latex
    except EqppError:
        latex = ""
    if job.status != "finished":
        return permanent_body(subject, None, None, latex, FIGURE_CONFIG)
    portrait = services.portraits.portrait(job.row_id)
    figure = portrait_figure_dict(portrait, theme=theme)
    figure["layout"]["clickanywhere"] = False
    return permanent_body(subject, portrait, figure, latex, FIGURE_CONFIG)


def register(app: Dash, services: Any) -> None:
    """Register the choice of the page, and the permanent page's arrival of a result."""

    @app.callback(
        Output(Shell.PAGE, "children"),
        Output(Key.JOB, "data", allow_duplicate=True),
        Output(Shell.EXPORT_ITEMS, "children", allow_duplicate=True),
        Input(Shell.LOCATION, "pathname"),
        State(Shell.SCHEME, "computedColorScheme"),
        prevent_initial_call="initial_duplicate",
    )
    def show_page(path: Any, scheme: Any) -> tuple[Any, Any, Any]:
        page = page_for(services, path, "dark" if scheme == "dark" else "light")
        return page.tree, page.job, export_items(page.export)

    @app.callback(
        Output(Permanent.BODY, "children"),
        Output(Shell.EXPORT_ITEMS, "children", allow_duplicate=True),
        Input(Key.RESULT, "data"),
        Input(Shell.SCHEME, "computedColorScheme"),
        State(Key.JOB, "data"),
        State(JobPanel.PANEL, "id"),
        prevent_initial_call=True,
    )
    def show_result(result: Any, scheme: Any, row_id: Any, panel: Any) -> tuple[Any, Any]:
        try:
            job = services.portraits.job(str(row_id))
        except NotFoundError:
            return no_update, no_update
        body = body_of(services, job, "dark" if scheme == "dark" else "light")
        return body, export_items(job.row_id if job.status == "finished" else None)
