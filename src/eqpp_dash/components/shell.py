"""What surrounds every page: provider, header, the place of the page, the stores."""

from __future__ import annotations

import dash_mantine_components as dmc
from dash import dcc, html

from eqpp_dash.components.header import header
from eqpp_dash.components.ids import Key, Shell
from eqpp_dash.components.theme import mantine_theme

TICK_MS = 3000


def shell() -> dmc.MantineProvider:
    """Give the whole document's tree, with no page in it yet."""
    return dmc.MantineProvider(
        [
            dcc.Location(id=Shell.LOCATION, refresh=False),
            dcc.Interval(id=Shell.TICK, interval=TICK_MS),
            *(dcc.Store(id=key) for key in Key),
            dcc.Store(id=Shell.LINK),
            html.A("Skip to the page", href="#page", className="skip"),
            header(),
            html.Div(id=Shell.NOTICE, role="status", className="notice-line"),
            html.Main(id=Shell.PAGE, className="page", tabIndex="-1"),
        ],
        theme=mantine_theme(),
        defaultColorScheme="auto",
    )
