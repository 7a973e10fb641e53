"""The job that the page watches: how far it is, what went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from eqpp_dash.components.attributes import aria
from eqpp_dash.components.icons import icon
from eqpp_dash.components.ids import JobKey, JobPanel

TICK_MS = 3000
KEEP_LABEL = "Stop and keep what was found so far"


def job_panel(status: Mapping[str, Any] | None = None) -> html.Section:
    """Give the panel of the job; it is hidden until there is one.

    Parameters
    ----------
    status : mapping, optional
        How the job stands, if that is known; until it is watched it is told as that.
    """
    known = {JobKey.WATCH: None if status is None else dict(status)}
    return html.Section(
        [
            *(dcc.Store(id=key, data=known.get(key)) for key in JobKey),
            dcc.Interval(id=JobPanel.TICK, interval=TICK_MS),
            html.Div(
                [
                    dmc.Badge("Queued", id=JobPanel.BADGE, variant="light", color="gray"),
                    html.Span(
                        [
                            html.Span(
                                id=JobPanel.PHASE,
                                role="status",
                                className="job-phase",
                                tabIndex="-1",
                            ),
                            html.Span(id=JobPanel.MESSAGE, className="job-message"),
                        ]
                    ),
                    html.Span(id=JobPanel.QUEUE, className="job-queue"),
                    html.Span(id=JobPanel.ELAPSED, className="job-elapsed"),
                    dmc.Button(
                        "Stop and keep",
                        id=JobPanel.KEEP,
                        size="compact-xs",
                        variant="default",
                        disabled=True,
                        className="job-keep",
                        **aria(label=KEEP_LABEL),
                    ),
                    dmc.Button(
                        "Cancel",
                        id=JobPanel.CANCEL,
                        size="compact-xs",
                        variant="default",
                        disabled=True,
                        className="job-cancel",
                    ),
                    dmc.Button(
                        "Run again",
                        id=JobPanel.AGAIN,
                        size="compact-xs",
                        variant="default",
                        leftSection=icon("again"),
                        className="job-again",
                    ),
                    dmc.Anchor(
                        "Permanent page",
                        id=JobPanel.OPEN,
                        href="/",
                        size="xs",
                        className="job-open",
                    ),
                ],
                className="job-line",
            ),
            html.Progress(
                id=JobPanel.BAR,
                value="0",
                max="1",
                className="job-bar",
                **aria(label="Progress of the computation"),
            ),
            html.Div(id=JobPanel.ERROR, role="alert", className="job-error"),
            html.Details(
                [
                    html.Summary("Technical details"),
                    html.Pre(id=JobPanel.TRACEBACK, className="traceback", tabIndex="0"),
                ],
                id=JobPanel.DETAILS,
                className="job-details hidden",
            ),
        ],
        id=JobPanel.PANEL,
        className="panel job hidden",
        **aria(label="Computation"),
    )
