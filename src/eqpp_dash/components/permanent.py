"""The permanent page of one portrait: to look at, to export, to take to the workbench."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dash import dcc, html

from eqpp_dash.components.editor import echo
from eqpp_dash.components.facts import facts_panel
from eqpp_dash.components.icons import icon
from eqpp_dash.components.ids import Permanent
from eqpp_dash.components.job import job_panel
from eqpp_dash.components.parameters import number_text
from eqpp_dash.figures.labels import plain_name
from eqpp_dash.model.layout import one_line
from eqpp_dash.model.portrait import Portrait

NAME_WIDTH = 60
"""Characters of the equations that stand for a missing title."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The row that the page is about."""

    row_id: str
    title: str
    equations: str
    status: str
    workbench: str


def system_name(title: str, equations: str) -> str:
    """Name a system: by its title, else by its equations in one line."""
    return title or one_line(equations, NAME_WIDTH)


def permanent_page(
    subject: Subject, body: Any, status: Mapping[str, Any] | None = None
) -> html.Div:
    """Give the page at ``/p/<id>``.

    Parameters
    ----------
    subject : Subject
        The row.
    body : component
        From `permanent_body`; replaced when the job has finished.
    status : mapping, optional
        How the job stands.
    """
    return html.Div(
        [
            html.Div(
                [
                    html.H1(system_name(subject.title, subject.equations)),
                    html.A(
                        [icon("edit"), "Open in workbench"],
                        href=subject.workbench,
                        className="open-workbench",
                    ),
                ],
                className="title-line",
            ),
            dcc.Store(id=Permanent.ROW, data=subject.row_id),
            dcc.Store(id=Permanent.LOOK),
            job_panel(status),
            html.Div(body, id=Permanent.BODY),
        ],
        className="permanent",
    )


def permanent_body(
    subject: Subject, portrait: Portrait | None, picture: Any, latex: str
) -> html.Div:
    """Give the portrait with its facts; without one, only the equations."""
    system = html.Section(
        echo(latex, ()) if latex else html.Pre(subject.equations), className="panel echo"
    )
    if portrait is None:
        return html.Div(system, className="permanent-wait")
    return html.Div(
        [
            html.Section(picture, className="panel picture"),
            html.Aside(
                [
                    system,
                    asked_panel(portrait),
                    html.Section(facts_panel(portrait, finished=True), className="panel facts"),
                ]
            ),
        ],
        className="permanent-grid",
    )


def asked_panel(portrait: Portrait) -> html.Section:
    """Give the values of the parameters, and the window."""
    values = portrait.spec.parameters.items()
    entries = [(plain_name(n), number_text(v).replace("-", "−")) for n, v in values]
    entries += [
        (plain_name(n), f"{number_text(low)} … {number_text(high)}".replace("-", "−"))
        for n, (low, high) in portrait.window.items()
    ]
    pairs = [html.Div([html.Dt(name), html.Dd(value)]) for name, value in entries]
    return html.Section(
        [
            html.H2("Parameters and window", className="panel-title"),
            html.Dl(pairs, className="pairs wide"),
        ],
        className="panel facts",
    )
