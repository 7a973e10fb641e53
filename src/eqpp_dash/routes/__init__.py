"""Plain HTTP: files of portraits, short links, health, headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import Dash

from eqpp_dash.routes import health, links, pages, portraits, security

if TYPE_CHECKING:
    from eqpp_dash.services import Services


def register(app: Dash, services: Services) -> None:
    """Register all routes; call it after the callbacks, whose scripts the policy names."""
    portraits.register(app.server, services)
    links.register(app.server, services)
    health.register(app.server, services)
    pages.register(app.server, services)
    security.register(app, services)
