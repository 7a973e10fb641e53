"""The archive: every portrait that was asked for, to search, open, rerun and delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from eqpp_dash.components.attributes import aria, data
from eqpp_dash.components.gallery import thumbnail
from eqpp_dash.components.icons import icon
from eqpp_dash.components.ids import Archive, archive_button
from eqpp_dash.components.parameters import number_text
from eqpp_dash.figures.labels import plain_name
from eqpp_dash.model.layout import one_line

STATUSES = ("queued", "running", "finished", "failed", "cancelled")
STATUS_COLOURS = {
    "queued": "gray",
    "running": "ocean",
    "finished": "teal",
    "failed": "red",
    "cancelled": "orange",
    "partial": "violet",
}
FILTERS = (*STATUSES, "partial")
CYCLES = {"any": "With a limit cycle", "stable": "With a stable cycle"}
PAGE_SIZE = 20
NAME_WIDTH = 40
"""Characters that a button names a system by."""


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for in the archive, as its address says it.

    Attributes
    ----------
    text : str
        Words in titles and equations.
    status, cycles : str
        One of `FILTERS`, one of `CYCLES`; empty for any.
    page : int
        Number of the page, from 1.
    """

    text: str = ""
    status: str = ""
    cycles: str = ""
    page: int = 1


@dataclass(frozen=True, slots=True)
class ArchiveRow:
    """What a row of the table shows."""

    row_id: str
    title: str
    equations: str
    parameters: Mapping[str, float | str]
    status: str
    created: float | None
    summary: str
    thumbnail: bytes | None
    stopped: str = ""


def archive_page(sought: Sought = Sought()) -> html.Div:
    """Give the page at ``/archive``; its table is filled by a callback.

    Parameters
    ----------
    sought : Sought
        What it begins with.
    """
    choices = [{"value": "", "label": "Any status"}]
    choices += [{"value": status, "label": status.capitalize()} for status in FILTERS]
    cycles = [{"value": "", "label": "Any cycles"}]
    cycles += [{"value": value, "label": label} for value, label in CYCLES.items()]
    return html.Div(
        [
            html.Div(
                [html.H1("Archive"), html.Span(id=Archive.COUNT, className="quiet", role="status")],
                className="title-line",
            ),
            html.Div(
                [
                    dmc.TextInput(
                        id=Archive.SEARCH,
                        value=sought.text,
                        placeholder="Search titles and equations",
                        leftSection=icon("search"),
                        debounce=250,
                        className="search",
                        **aria(label="Search"),
                    ),
                    dmc.Select(
                        id=Archive.STATUS,
                        data=choices,
                        value=sought.status,
                        allowDeselect=False,
                        w=150,
                        **aria(label="Status"),
                    ),
                    dmc.Select(
                        id=Archive.CYCLES,
                        data=cycles,
                        value=sought.cycles,
                        allowDeselect=False,
                        w=190,
                        **aria(label="Limit cycles"),
                    ),
                ],
                className="search-line",
            ),
            html.Div(id=Archive.TABLE, className="archive-table"),
            html.Nav(
                dmc.Pagination(
                    id=Archive.PAGES, total=sought.page, value=sought.page, hideWithOnePage=True
                ),
                **aria(label="Pages of the archive"),
            ),
            _confirm(),
            dcc.Store(id=Archive.DOOMED),
            dcc.Store(id=Archive.CHANGED),
            dcc.Store(id=Archive.SOUGHT),
        ],
        className="plain-page",
    )


def _confirm() -> dmc.Modal:
    return dmc.Modal(
        [
            html.P("The portrait and everything computed for it are removed for good."),
            html.Div(
                [
                    dmc.Button("Keep", id=Archive.KEEP, variant="default", **data(autofocus="")),
                    dmc.Button("Delete", id=Archive.DELETE, color="red"),
                ],
                className="modal-buttons",
            ),
        ],
        id=Archive.CONFIRM,
        title="Delete this portrait?",
        centered=True,
        opened=False,
        closeButtonProps=aria(label="Close"),
    )


def archive_rows(rows: Sequence[ArchiveRow], *, can_delete: bool) -> Any:
    """Give the table's rows, or a sentence if there are none."""
    if not rows:
        return html.P("Nothing matches.", className="quiet nothing")
    return html.Ul([_row(row, can_delete) for row in rows], className="rows")


def archive_failure(words: str) -> html.P:
    """Say in the table's place why there is none."""
    return html.P(words, className="quiet nothing", role="alert")


def _row(row: ArchiveRow, can_delete: bool) -> html.Li:
    equations = one_line(row.equations)
    name = row.title or one_line(row.equations, NAME_WIDTH)
    badge = "partial" if row.stopped else row.status
    buttons: list[Any] = [_button("rerun", row.row_id, "again", f"Run {name} again", False)]
    if can_delete:
        buttons.append(_button("delete", row.row_id, "trash", f"Delete {name}", False))
    return html.Li(
        [
            html.A(
                thumbnail(row.thumbnail, ""),
                href=f"/p/{row.row_id}",
                tabIndex="-1",
                **aria(hidden="true"),
            ),
            html.Div(
                [
                    *_named(row, equations),
                    *_values(row.parameters),
                    html.Div(row.summary, className="row-summary"),
                    *_stopped(row.stopped),
                ],
                className="row-text",
            ),
            html.Div(
                [
                    dmc.Badge(badge, color=STATUS_COLOURS.get(badge, "gray"), variant="light"),
                    html.Time(moment(row.created), className="quiet"),
                ],
                className="row-state",
            ),
            html.Div(buttons, className="row-buttons"),
        ],
        className="row",
        **data(row=row.row_id),
    )


def _named(row: ArchiveRow, equations: str) -> list[Any]:
    """Give title and equations; a system without a title is named by its equations."""
    href = f"/p/{row.row_id}"
    if not row.title:
        return [html.A(equations, href=href, className="row-title row-untitled", title=equations)]
    return [
        html.A(row.title, href=href, className="row-title"),
        html.Div(equations, className="row-equations", title=equations),
    ]


def _stopped(why: str) -> list[html.Div]:
    """Say why there is only a part of it."""
    return [html.Div(f"Partial: {why}", className="row-summary")] if why else []


def _values(parameters: Mapping[str, float | str]) -> list[html.Div]:
    """Give the values that were used, which need not be those in the text."""
    if not parameters:
        return []
    pairs = [f"{plain_name(name)} = {number_text(value)}" for name, value in parameters.items()]
    return [html.Div(f"with {', '.join(pairs)}", className="row-summary")]


def _button(action: str, row_id: str, sign: str, label: str, disabled: bool) -> dmc.ActionIcon:
    return dmc.ActionIcon(
        icon(sign),
        id=archive_button(action, row_id),
        variant="subtle",
        color="red" if action == "delete" else "gray",
        size="lg",
        disabled=disabled,
        **aria(label=label),
    )


def moment(seconds: float | None) -> str:
    """Write a time of day, in UTC; the same for every reader.

    Examples
    --------
    >>> moment(0.0), moment(None)
    ('1970-01-01 00:00 UTC', '')
    """
    if seconds is None:
        return ""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
