"""Connections of saddles and the audit of indices, in the panel of facts."""

from __future__ import annotations

from typing import Any

from dash import html

from eqpp_dash.components.attributes import data
from eqpp_dash.figures.connections import (
    audit_notes,
    audit_words,
    codimension_words,
    connection_ends,
    connection_status,
    polycycle_words,
)
from eqpp_dash.model.marks import mark
from eqpp_dash.model.portrait import Portrait
from eqpp_dash.model.typeset import plain_text


def connections_section(portrait: Portrait) -> list[Any]:
    """List the connections of saddles and the polycycles; nothing if there are none.

    Parameters
    ----------
    portrait : Portrait
        A preview or a finished portrait.
    """
    if not portrait.connections:
        return []
    rows = [
        html.Tr(
            [
                html.Td(mark("connection", number)),
                html.Td([f"{item.type.capitalize()} {connection_ends(item, portrait)}"]),
                html.Td(
                    [
                        html.Span(
                            connection_status(item),
                            className=f"evidence evidence-{item.status}",
                            title=plain_text(item.how),
                        ),
                        html.Span(f" codimension {codimension_words(item)}", className="quiet"),
                    ]
                ),
            ],
            **data(connection=str(number)),
        )
        for number, item in enumerate(portrait.connections)
    ]
    head = html.Thead(html.Tr([html.Th(""), html.Th("Connection"), html.Th("Evidence")]))
    title = html.Div(
        [
            html.H2("Connections", className="panel-title"),
            html.Span(str(len(rows)), className="count"),
        ],
        className="facts-head",
    )
    chains = [
        html.Li(f"Polycycle {mark('polycycle', k)} {polycycle_words(item)}")
        for k, item in enumerate(portrait.polycycles)
    ]
    listed = [html.Ul(chains, className="polycycles")] if chains else []
    table = html.Table([head, html.Tbody(rows)], className="connections")
    return [html.Div([title, table, *listed])]


def audit_section(portrait: Portrait) -> list[Any]:
    """Tell the outcome of the audit in a line, with its notes; nothing without an audit.

    Parameters
    ----------
    portrait : Portrait
        A preview or a finished portrait.
    """
    audit = portrait.audit
    if audit is None:
        return []
    sure = {True: "proved", False: "failed", None: "undecided"}[audit.consistent]
    words = audit_words(audit)
    title = html.Div(html.H2("Audit", className="panel-title"), className="facts-head")
    line = html.P(
        html.Span(f"{words[:1].upper()}{words[1:]}", className=f"evidence-{sure}"),
        className="reason search",
        title="Turns of the field along the window's border, and the sum of the indices within",
    )
    notes = [
        html.Ul([html.Li(plain_text(note)) for note in audit_notes(audit)], className="remarks")
    ]
    return [html.Div([title, line, *(notes if audit.notes else [])])]
