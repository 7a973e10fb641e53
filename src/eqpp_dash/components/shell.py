"""What surrounds every page: provider, header, the place of the page."""

from __future__ import annotations

import dash_mantine_components as dmc
from dash import dcc, html

from eqpp_dash.components.header import header
from eqpp_dash.components.ids import Shell
from eqpp_dash.components.theme import mantine_theme


def shell() -> dmc.MantineProvider:
    """Give the whole document's tree, with no page in it yet."""
    return dmc.MantineProvider(
        [
            dcc.Location(id=Shell.LOCATION, refresh=False),
            dcc.Store(id=Shell.LINK),
            dcc.Store(id=Shell.VISIT),
            dcc.Store(id=Shell.GO),
            dcc.Store(id=Shell.TAB),
            html.A("Skip to the page", href="#page", className="skip"),
            header(),
            html.Div(id=Shell.NOTICE, role="status", className="notice-line"),
            html.Main(id=Shell.PAGE, className="page", tabIndex="-1"),
        ],
        theme=mantine_theme(),
        defaultColorScheme="auto",
    )
