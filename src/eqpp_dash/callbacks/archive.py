"""The archive page: search, run again, delete."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from dash import Dash, Input, Output, State, ctx, no_update

from eqpp_dash.callbacks.arrival import LAUNCHER, UP_TO_DATE
from eqpp_dash.callbacks.browser import in_browser
from eqpp_dash.callbacks.failures import failed, noticed
from eqpp_dash.components.archive import (
    CYCLES,
    FILTERS,
    NAME_WIDTH,
    PAGE_SIZE,
    ArchiveRow,
    Sought,
    archive_failure,
    archive_rows,
)
from eqpp_dash.components.ids import Archive, Shell, archive_button
from eqpp_dash.errors import EqppError
from eqpp_dash.model.layout import one_line

if TYPE_CHECKING:
    from eqpp_dash.services import Services

LONGEST_SEARCH = 200
LONGEST_QUERY, MOST_PAGES = 4000, 10**6


def read_query(text: Any) -> Sought:
    """Read what the archive's address looks for; what has no sense there is left out.

    Examples
    --------
    >>> read_query("?q=van+der+Pol&status=finished&page=2")
    Sought(text='van der Pol', status='finished', cycles='', page=2)
    >>> read_query("?status=lost&page=-3")
    Sought(text='', status='', cycles='', page=1)
    """
    if not isinstance(text, str) or len(text) > LONGEST_QUERY:
        return Sought()
    try:
        found = parse_qs(text.removeprefix("?"), max_num_fields=20)
    except ValueError:  # more fields than any address of ours has
        return Sought()
    fields = {key: values[0] for key, values in found.items()}
    status, cycles, page = (fields.get(key, "") for key in ("status", "cycles", "page"))
    return Sought(
        fields.get("q", "")[:LONGEST_SEARCH],
        status if status in FILTERS else "",
        cycles if cycles in CYCLES else "",
        int(page) if page.isdecimal() and 1 <= int(page[:9]) <= MOST_PAGES else 1,
    )


def listing(
    services: Services, text: Any, status: Any, page: Any, cycles: Any = ""
) -> dict[str, Any]:
    """Give one page of the archive.

    Parameters
    ----------
    services : Services
        What searches it.
    text : str
        Words to look for in titles and equations.
    status : str
        One of the statuses, ``partial``, or empty for any.
    page : int
        Number of the page, from 1; past the end, the last.
    cycles : str
        ``any`` or ``stable`` for portraits with such a limit cycle, or empty for all.
    """
    text = text[:LONGEST_SEARCH] if isinstance(text, str) else ""
    wanted = status if status in FILTERS else None
    having = cycles if cycles in CYCLES else None
    count = services.archive.count(text=text, status=wanted, cycles=having)
    pages = max(1, math.ceil(count / PAGE_SIZE))
    page = min(max(page, 1), pages) if isinstance(page, int) else 1
    found = services.archive.search(
        text=text,
        status=wanted,
        limit=PAGE_SIZE,
        offset=(page - 1) * PAGE_SIZE,
        cycles=having,
    )
    return {
        "table": archive_rows(
            [archive_row(item) for item in found], can_delete=services.can_delete
        ),
        "pages": pages,
        "page": page,
        "count": "1 portrait" if count == 1 else f"{count} portraits",
        "sought": {"q": text, "status": wanted or "", "cycles": having or "", "page": page},
    }


def no_listing(words: str) -> dict[str, Any]:
    """Say in the table's place why there is none."""
    kept = dict.fromkeys(("pages", "page", "sought"), no_update)
    return {"table": archive_failure(words), "count": "", **kept}


def broken_listing(error: Exception) -> dict[str, Any]:
    """Say that searching failed in our own code."""
    return no_listing(failed("search", error))


def archive_row(entry: Any) -> ArchiveRow:
    """Give what the table shows of an archive's entry."""
    return ArchiveRow(
        entry.row_id,
        entry.title,
        entry.equations,
        entry.parameters,
        entry.status,
        entry.created,
        entry.summary or "",
        entry.thumbnail,
        entry.stopped,
    )


def remove(services: Services, row_id: Any) -> str:
    """Delete a row; gives what to tell if that cannot be done, else an empty text."""
    try:
        services.archive.delete(str(row_id))
    except EqppError as error:
        return str(error)
    return ""


def question(services: Services, row_id: str) -> str:
    """Ask whether to delete a row, by its title, else by its equations."""
    job = services.portraits.find(row_id)
    if job is None:
        return "Delete this portrait?"
    return f"Delete “{job.spec.title or one_line(job.spec.equations, NAME_WIDTH)}”?"


def register(app: Dash, services: Services) -> None:
    """Register the archive page's callbacks."""

    @app.callback(
        output={
            "table": Output(Archive.TABLE, "children"),
            "pages": Output(Archive.PAGES, "total"),
            "page": Output(Archive.PAGES, "value"),
            "count": Output(Archive.COUNT, "children"),
            "sought": Output(Archive.SOUGHT, "data"),
        },
        inputs={
            "text": Input(Archive.SEARCH, "value"),
            "status": Input(Archive.STATUS, "value"),
            "page": Input(Archive.PAGES, "value"),
            "cycles": Input(Archive.CYCLES, "value"),
            "changed": Input(Archive.CHANGED, "data"),
        },
        on_error=broken_listing,
    )
    def search(text: Any, status: Any, page: Any, changed: Any, cycles: Any) -> dict[str, Any]:
        filters = (Archive.SEARCH, Archive.STATUS, Archive.CYCLES)
        page = 1 if ctx.triggered_id in filters else page
        try:
            found = listing(services, text, status, page, cycles)
            found["sought"]["first"] = ctx.triggered_id is None
            return found
        except EqppError as error:
            return no_listing(str(error))

    in_browser(app, "eqppArchive.address", Input(Archive.SOUGHT, "data"))

    @app.callback(
        Output(Archive.CONFIRM, "opened"),
        Output(Archive.DOOMED, "data"),
        Output(Archive.CONFIRM, "title"),
        Input(archive_button("delete"), "n_clicks"),
        Input(Archive.KEEP, "n_clicks"),
        on_error=noticed("ask"),
        prevent_initial_call=True,
    )
    def ask(clicks: list[int | None], keep: int | None) -> tuple[Any, Any, Any]:
        if ctx.triggered_id == Archive.KEEP:
            return False, None, no_update
        if not any(clicks):
            return no_update, no_update, no_update
        row_id = ctx.triggered_id["row"]
        return True, row_id, question(services, row_id)

    @app.callback(
        Output(Archive.CONFIRM, "opened", allow_duplicate=True),
        Output(Archive.CHANGED, "data"),
        Output(Shell.NOTICE, "children", allow_duplicate=True),
        Input(Archive.DELETE, "n_clicks"),
        State(Archive.DOOMED, "data"),
        on_error=noticed("delete"),
        prevent_initial_call=True,
    )
    def delete(clicks: int | None, row_id: Any) -> tuple[Any, Any, Any]:
        if not clicks or not row_id:
            return no_update, no_update, no_update
        return False, clicks, remove(services, row_id)

    @app.callback(
        Output(Shell.GO, "data"),
        Output(Shell.NOTICE, "children", allow_duplicate=True),
        Input(archive_button("rerun"), "n_clicks"),
        on_error=noticed("run_again"),
        prevent_initial_call=True,
    )
    def run_again(clicks: list[int | None]) -> tuple[Any, Any]:
        if not any(clicks):
            return no_update, no_update
        try:
            job = services.portraits.rerun(ctx.triggered_id["row"], launcher=LAUNCHER)
        except EqppError as error:
            return no_update, str(error)
        if job.row_id == ctx.triggered_id["row"] and job.status == "finished":
            return no_update, UP_TO_DATE
        return f"/p/{job.row_id}", ""
