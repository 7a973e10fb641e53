"""The bar on top of every page."""

from __future__ import annotations

import dash_mantine_components as dmc
from dash import html

from eqpp_dash.components.attributes import aria
from eqpp_dash.components.icons import icon
from eqpp_dash.components.ids import Shell

FORMATS = (
    ("json", "Facts", "JSON"),
    ("csv", "Equilibria, cycles, trajectories", "CSV"),
    ("html", "Report with the interactive figure", "HTML"),
    ("tex", "Report for LaTeX", "LaTeX"),
    ("svg", "Vector drawing", "SVG"),
    ("png", "Picture", "PNG"),
    ("pdf", "Print", "PDF"),
    ("py", "Script", "Python"),
)


def header() -> html.Header:
    """Give the bar: name, pages, sharing, colour scheme."""
    return html.Header(
        [
            dmc.Anchor(
                [html.Span(className="brand-mark", **aria(hidden="true")), "EQPP", _dash()],
                href="/",
                underline="never",
                className="brand",
                **aria(label="EQPP Dash: workbench"),
            ),
            html.Nav(
                [
                    _page("New", "/#new", "plus"),
                    _page("Gallery", "/gallery", "grid"),
                    _page("Archive", "/archive", "stack"),
                ],
                className="pages",
                **aria(label="Pages"),
            ),
            html.Div([_copy(), _export(), _scheme()], className="tools"),
        ],
        className="topbar",
    )


def _dash() -> html.Span:
    return html.Span("Dash", className="brand-light")


def _page(name: str, href: str, sign: str) -> dmc.Anchor:
    return dmc.Anchor(
        [icon(sign), html.Span(name, className="label")],
        href=href,
        underline="never",
        className="page-link",
        **aria(label=name),
    )


def _copy() -> html.Div:
    return html.Div(
        [
            dmc.Button(
                [icon("link"), html.Span("Copy link", className="label")],
                id=Shell.COPY,
                variant="subtle",
                size="compact-sm",
                **aria(label="Copy link"),
            ),
            html.Span(id=Shell.COPIED, className="copied", role="status"),
        ],
        className="copy",
    )


def _export() -> dmc.Menu:
    return dmc.Menu(
        [
            dmc.MenuTarget(
                dmc.Button(
                    [icon("download"), html.Span("Export", className="label")],
                    id=Shell.EXPORT,
                    variant="subtle",
                    size="compact-sm",
                    **aria(label="Export"),
                )
            ),
            dmc.MenuDropdown(export_items(None), id=Shell.EXPORT_ITEMS),
        ],
        position="bottom-end",
        shadow="md",
        width=250,
        keepMounted=True,
    )


def export_items(row_id: str | None) -> list[dmc.MenuLabel | dmc.MenuItem]:
    """Give the entries of the export menu.

    Parameters
    ----------
    row_id : str or None
        Row or portrait to export; None if what is shown is no finished portrait.
    """
    if row_id is None:
        return [dmc.MenuLabel("Compute the portrait to export it")]
    label = dmc.MenuLabel("Export this portrait")
    return [label, *(_format(row_id, *entry) for entry in FORMATS)]


def _format(row_id: str, ending: str, what: str, name: str) -> dmc.MenuItem:
    return dmc.MenuItem(
        what,
        rightSection=dmc.Text(name, size="xs", c="dimmed"),
        href=f"/p/{row_id}.{ending}",
        target="_blank",
    )


def _scheme() -> dmc.ColorSchemeToggle:
    return dmc.ColorSchemeToggle(
        id=Shell.SCHEME,
        lightIcon=icon("sun"),
        darkIcon=icon("moon"),
        variant="subtle",
        size="md",
        **aria(label="Light or dark"),
    )
